/*-------------------------------------------------------------------------
 *
 * decision.h
 *	  All that one command changes, in memory only.
 *
 * A command is decided upon by reading objects through an ObjectSource and
 * putting what becomes of them into a Decision.  Whoever applies it numbers the
 * changes, makes their events and writes: nobody else does, and a decision that
 * ends in a refusal is dropped.  So nothing is ever undone.
 *
 * The events of a command come in the order in which the changes were put.  What
 * belongs to an order stands before it, and each order has one:
 *
 * 1. what the command makes or changes that belongs to the order it is about.
 *	  Slices as they are named.  Executions as each is ended, booked or held: first
 *	  what is overtaken or taken back, a bust that waited and corrections in review
 *	  before the fill itself; then the new one; then, link by link, what had waited
 *	  for it.  An execution may have several: it is booked, and then corrected;
 * 2. that order;
 * 3. the orders above it, from its parent to the root, as far as figures change;
 * 4. the members of a block, as it serves them: each is the root of its own tree.
 *
 * A split goes from the deepest orders to the root, those of one depth by their
 * ids; the live fills of each order before it, then those in review, by their
 * ExecIDs.  Where rows lie decides nothing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_DECISION_H
#define OMS_DECISION_H

#include "postgres.h"
#include "nodes/pg_list.h"

#include "core/command.h"
#include "core/command_trees.h"
#include "core/finding.h"
#include "core/kind.h"
#include "core/machine.h"

/* Shown the payload of an event; it goes with the next one. */
typedef void (*EventVisit) (Jsonb *payload, void *arg);

/* Who asks, as far as decisions depend on it. */
typedef struct Asker
{
	const char *actor;
	bool		is_feed;		/* it has a role of oms_state.feed_roles: what it tells, venues have told */
	bool		is_admin;
	bool		is_limited;		/* to accounts: he is not told what has an id that he may not use */
} Asker;

/* By what a calendar is found; each may be NULL. */
typedef struct MarketKey
{
	const char *destination;
	const char *asset_class;
	const char *symbol;
	const char *last_market;	/* where it was dealt */
} MarketKey;

/* Which day of a market is asked for. */
typedef enum MarketDay
{
	DAY_OF_FILL,				/* that what was dealt then belongs to */
	DAY_DONE					/* that is over then: of the session which opened last */
} MarketDay;

/*
 * Where a decision reads: the unit of work in the server, an array in a unit
 * test.  What it hands out is as the commands before left it, and is never
 * changed: it lives as long as the call.
 */
typedef struct ObjectSource ObjectSource;
struct ObjectSource
{
	/* The object, or NULL. */
	const Object *(*get) (ObjectSource *source, ObjectKind kind, const char *id);

	/*
	 * The objects of a kind that one of its keys leads to, for each set of
	 * values in turn; those the current command makes are not among them.
	 */
	List	   *(*find) (ObjectSource *source, ObjectKind kind, int key, const char *const *const *values, int count);

	/* The root of the object's tree, without a lock: is there such an object?  NULL if there is none. */
	const char *(*root_of) (ObjectSource *source, ObjectKind kind, const char *id);

	/* Was the object read or made by this call? */
	bool		(*is_known) (ObjectSource *source, ObjectKind kind, const char *id);

	/* The events of an object, the oldest first. */
	void		(*each_event) (ObjectSource *source, ObjectKind kind, const char *id, EventVisit visit, void *arg);

	/* The id of the object that has this name in a session ("": of SQL callers), or NULL. */
	const char *(*named) (ObjectSource *source, ObjectName which, const char *session, const char *name);

	/* The ids of all objects that have it, where several may: of those that the asker may see. */
	List	   *(*all_named) (ObjectSource *source, ObjectName which, const char *session, const char *name);

	/* Are there others that have it?  NULL: the asker sees all. */
	bool		(*hides_named) (ObjectSource *source, ObjectName which, const char *session, const char *name);

	/* The time of the command's events. */
	TimestampTz (*now) (ObjectSource *source);

	/*
	 * The day of a moment by its calendar, that of the destination before that of
	 * the last market; NO_DATE where there is none, or it does not know.
	 */
	DateADT		(*day) (ObjectSource *source, const MarketKey *key, TimestampTz at, MarketDay which);

	const Asker *(*asker) (ObjectSource *source);

	/* A new id: of a tree that the command begins (root_id NULL), or in a tree. */
	char	   *(*new_id) (ObjectSource *source, const Command *command, const char *root_id);
};

/* One change of one object: one event. */
typedef struct Change
{
	const Object *before;		/* NULL: the command makes it */
	Object	   *after;
	const Transition *rule;
	const Command *cause;		/* what the event carries as its command */
	const List *findings;		/* of Finding, that its event carries */
	bool		is_new;			/* the command makes the object, with this change or an earlier one */
	bool		id_is_given;	/* … and the caller gave its id */
	bool		is_last;		/* of this object, in this decision */
} Change;

/* A name by which an object is known from now on. */
typedef struct NewName
{
	ObjectName	which;
	const char *session;		/* or "" */
	const char *name;
	const char *id;
} NewName;

typedef struct Decision Decision;

/* What a command does at its end, whatever in it was the reason; a refusal is one of the command. */
typedef Refusal *(*DecisionStep) (Decision *d);

struct Decision
{
	ObjectSource *source;
	Command    *command;
	const Command *cause;		/* of the next changes; the command itself, unless it is set */
	const List *findings;		/* of Finding: what the rules say of the command; whoever asked them sets it */
	const struct Halts *halts;	/* halt.h; NULL: there is none; whoever knows them sets it */
	const struct AssetClasses *classes; /* asset_class.h: what attributes are held against; likewise; NULL: none */
	const struct Retention *retention;	/* purge.h: what may be purged; of a command that purges */
	List	   *purged;			/* of PurgedTree: what goes, whole */
	List	   *changes;		/* of Change, in the order of their events */
	struct drafts_hash *drafts; /* the newest of each object, once there are many */
	List	   *names;			/* of NewName */
	TreeNames	unreached;		/* what it needs besides: oms_decision_reaches() */
	List	   *steps;			/* of DecisionStep: how it ends */
	List	   *books;			/* of AllocationBook (allocation_book.h): blocks whose allocations it changes */

	/* what the command was about, for its result */
	ObjectKind	about;
	const char *about_id;
	bool		repeat;			/* the report was known: nothing changed */
};

extern void oms_decision_begin(Decision *d, ObjectSource *source, Command *command);

/* The object as this command has left it so far, or NULL. */
extern const Object *oms_decision_get(const Decision *d, ObjectKind kind, const char *id);

/* Is there such an object, as far as this call knows? */
extern bool oms_decision_knows(const Decision *d, ObjectKind kind, const char *id);

/* Objects as this command has left them so far; of Object. */
extern List *oms_decision_find(const Decision *d, ObjectKind kind, int key, const char *const *const *values,
							   int count);

/* Of a tree that the command begins (root_id NULL), or in a tree. */
static inline char *
oms_decision_new_id(const Decision *d, const char *root_id)
{
	return d->source->new_id(d->source, d->command, root_id);
}

/* The time of the command's events. */
static inline TimestampTz
oms_decision_now(const Decision *d)
{
	return d->source->now(d->source);
}

/* Who asks. */
static inline const Asker *
oms_decision_asker(const Decision *d)
{
	return d->source->asker(d->source);
}

/*
 * May the object be read, though the command did not name its tree?  False: its
 * tree is to be locked first.  Whoever decides then returns oms_unreached(), and is
 * asked again; so this is for what is rare, and everything else is named before
 * (command_trees.h).
 */
extern bool oms_decision_reaches(Decision *d, ObjectKind kind, const char *id);
extern Refusal *oms_unreached(void);

/* What becomes of an object that was read, or of a new one; it is copied. */
extern void oms_decision_put(Decision *d, const Object *after, const Transition *rule, bool id_is_given);

/* A name (NULL: none) becomes one of the object's. */
extern void oms_decision_name(Decision *d, ObjectName which, const char *session, const char *name, const char *id);

/*
 * From now on what is put carries the command as its short, where it is long
 * (command_size.h): many objects may have an event of it.
 */
extern void oms_decision_tell_briefly(Decision *d);

/* Whatever it decides besides, it is to end with this step; named twice, it is done once. */
extern void oms_decision_end_with(Decision *d, DecisionStep step);

/* The same before all others. */
extern void oms_decision_end_first_with(Decision *d, DecisionStep step);
extern Refusal *oms_decision_end(Decision *d);

/*
 * The newest change of what the command was about is to carry the findings, and
 * to be flagged; none may have been made.
 */
extern void oms_decision_mark(Decision *d, uint32 flags);

/* What the command was about. */
extern void oms_decision_about(Decision *d, ObjectKind kind, const char *id, bool repeat);

#endif							/* OMS_DECISION_H */
