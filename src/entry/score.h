/*-------------------------------------------------------------------------
 *
 * score.h
 *	  Scoring of events: what one batch has in memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_SCORE_H
#define OMS_SCORE_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "executor/spi.h"
#include "nodes/pg_list.h"

#include "core/fact.h"
#include "core/profile.h"
#include "store/predicate.h"
#include "store/rule_table.h"

/* What is longer is no peer: names of objects are shorter, and nobody fills the store with them. */
#define PEER_LENGTH_MAX		400
#define LEVELS_MAX			6

/* A row of oms.anomaly_features, ready to be asked. */
typedef struct Feature
{
	char	   *name;
	int64		version;
	ObjectKind	kind;
	List	   *event_types;	/* of char *; NIL: all */
	const char *text;			/* its measure … */
	Predicate  *measure;		/* … understood when it is first asked; NULL: not yet */
	bool		broken;			/* it cannot be: what it names is gone */
	MemoryContext memory;
	bool		wants_command;
	bool		wants_root;
	bool		wants_before;
	List	   *levels;			/* of char *: "symbol+account" */
	ProfileSide side;
	bool		is_log;
	double		budget;			/* what people's reviews have left of it */
	double		fade;			/* a day */
	int			peers_max;
	const char *label;
} Feature;

/* One profile, while a batch runs. */
typedef struct KnownProfile
{
	const Feature *feature;
	char	   *peer;
	Profile		profile;
	int64		day;			/* as of which it has faded */
	bool		is_new;			/* no row has it yet */
	bool		changed;
} KnownProfile;

/* score_store.c: a plan of the call's own. */
extern SPIPlanPtr oms_score_prepare(const char *sql, int count, Oid *types);

/* Pairs of doubles as a row has them: at most so many. */
extern int	oms_score_read_pairs(Datum array, int max, double *first, double *second);

/* What is read when it is first asked for, and written at the end of the batch. */
typedef struct ScoreStore ScoreStore;

extern ScoreStore *oms_score_store_begin(void);
extern KnownProfile *oms_score_profile(ScoreStore *store, const Feature *feature, const char *peer, int64 day);

/* The last values of a sort under a name. */
extern Recent *oms_score_recent(ScoreStore *store, const char *what, const char *name);
extern void oms_score_store_write(ScoreStore *store, List *features);

/* All features, or those that are enabled: of Feature. */
extern List *oms_score_features(bool disabled_too);
extern ProfileSide oms_score_side(const char *name);

/* What an event is, for whoever scores it. */
typedef struct ScoredEvent
{
	int64		sequence;
	ObjectKind	kind;
	const char *event_type;
	const char *id;
	const char *root_id;
	const char *account;		/* or NULL */
	TimestampTz occurred_at;
	double		at;				/* the same in seconds */
	int64		day;			/* … and in days */
	int64		version;
	const Object *cur;
	const Object *parent;		/* or NULL */
	const Object *root;			/* … where a feature asks for it */
} ScoredEvent;

/* score_order.c: the executed quantity by an event ($1 and $2: id and version); is there one before this one that has it? */
extern const char oms_score_before_query[];
extern bool oms_score_has_before(const ScoredEvent *event);

/* What is known around it; then, once it is scored, what it tells of the next ones. */
extern void oms_score_facts(ScoreStore *store, const ScoredEvent *event, Numeric executed_before, Facts *facts);
extern void oms_score_remember(ScoreStore *store, const ScoredEvent *event);

/* A text or number column of an object by its name; NULL: it is null, or there is none. */
extern const char *oms_score_text(const Object *object, const char *column);
extern Numeric oms_score_number(const Object *object, const char *column);

/* score_peer.c: the peers of an event at a level, as "account=FUND,symbol=VOD"; NULL: it has none there. */
extern char *oms_score_peer(const ScoredEvent *event, const Facts *facts, const char *level);

/* … and as people read it. */
extern char *oms_score_peer_text(const char *peer);

/* What an unlikely value is called. */
extern char *oms_score_reason(const Feature *feature, double value, double expected, double probability, const char *peer);

#endif							/* OMS_SCORE_H */
