/*
 * debezium/bridge/plan.h
 *     How a session begins: stream, reconcile first, or refuse. Pure: facts in, a decision out.
 */
#ifndef PLAN_H
#define PLAN_H

#include "options.h"
#include "position.h"

typedef struct SlotFacts
{
	bool		exists;
	bool		here;			/* a logical slot of this database */
	bool		active;			/* somebody streams from it */
	bool		lost;			/* wal_status 'lost' */
	char		plugin[64];
	Lsn			confirmed;
} SlotFacts;

typedef struct StartFacts
{
	const Options *options;
	char		sysid[32];
	char		database[64];
	uint32_t	timeline;
	Lsn			server_lsn;		/* the log has come to here */
	Lsn			switched_at;	/* where the timeline of the position ended; LSN_NONE: it is the server's, or unknown to it */
	const char *plugin;			/* the one to use for a new slot */
	SlotFacts	slot;
	bool		keeps_position; /* of the sink */
	bool		untouched;		/* no event topic holds a record of this store, or ever held one of whoever */
	const char *publication;	/* its fingerprint now; NULL: the slot's plugin needs none, or there is no slot */
	bool		shorter;		/* a topic ends before what the position knows of */
	const char *apart;			/* how Kafka and the tables are of two histories, as far as is seen; NULL: not seen */
	const Position *position;	/* NULL: none was found */
} StartFacts;

typedef enum StartStep
{
	START_STREAM,				/* from the position (from the slot's own when there is none) */
	START_RECONCILE,
	START_WAIT,					/* the slot is in use: come again */
	START_REFUSE				/* problem says why */
} StartStep;

typedef struct StartPlan
{
	StartStep	step;
	bool		full;			/* reconcile: compare everything, not only what is behind the horizon */
	bool		first;			/* reconcile: nothing was ever published */
	bool		told;			/* reconcile: start says from which event on what Kafka does not hold is missing, also where retention was */
	char		reason[256];	/* for the log, when it is no plain start */
} StartPlan;

extern StartPlan start_plan(const StartFacts *facts, Problem *problem);
/* Partition counts of the topics against those of the position. */
extern bool plan_partitions(const Options *options, const Position *position, const int now[EVENT_TABLES], Problem *problem);

#endif
