/*-------------------------------------------------------------------------
 *
 * events.h
 *	  Events: built with their payload and hash, appended in bulk.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_EVENTS_H
#define OMS_EVENTS_H

#include "postgres.h"

#include "core/decision.h"
#include "store/caller.h"
#include "store/rows.h"
#include "store/table_set.h"

/* What we need of a kind's event table, and of each partition. */
extern const TableDef *oms_event_table(ObjectKind kind);

typedef struct Event
{
	const KindDef *kind;
	int64		sequence;
	const char *id;
	int64		version;
	const char *root_id;
	const char *account;		/* the object's after this event, or NULL */
	int64		tree_version;
	const char *event_type;
	TimestampTz occurred_at;
	const Command *command;
	int			transition;
	Jsonb	   *payload;
	bytea	   *hash;
	int			size;			/* bytes of the payload's text in UTF-8 */
	const struct TreePurge *purge;	/* purge.h: it tells that its tree is gone, and stands in oms.purged_trees; NULL: of an object */
} Event;

/* What the events of one decision have in common. */
typedef struct EventMaker
{
	const Caller *caller;
	TimestampTz occurred_at;
	bool		makes_several;	/* then what follows is used; to begin with, it is zero */
	const Jsonb *command;		/* of the last event: that of the next is mostly the same … */
	char	   *text;			/* … and its text, then, is made */
	int			length;
} EventMaker;

/*
 * Draw a sequence number for the event of the object's change and build its
 * payload and hash; `object` already is as the event leaves it, but for its
 * hash, which is the previous event's.
 */
extern void oms_event_build(EventMaker *maker, const Object *object, const Change *change, int64 tree_version, Event *event);
extern void oms_event_maker_end(EventMaker *maker);

/* The payload, from "aggregateId" on: what it ends with, of whatever it tells. */
extern Jsonb *oms_event_finish_payload(const Event *event, JsonWriter *w);

/* The hash of an event that follows one with `previous` (NULL: the first); `size`: bytes of its payload's text in UTF-8. */
extern bytea *oms_event_chain_hash(const bytea *previous, Jsonb *payload, int *size);

/* Append events to the partitions they belong to, making these where missing. */
extern void oms_events_append(TableSet *tables, const Event *events, int count, const Caller *caller,
							  uint64 xid);

/*
 * The payload of a stored event, or NULL; `xid` is set to its transaction.  55000
 * where the partition is no plain table, or has no index to find it by.
 */
extern Jsonb *oms_event_payload(TableSet *tables, int64 sequence, TimestampTz occurred_at, uint64 *xid);

/*
 * Show the payload of every event of an object to `visit`, the oldest first:
 * those that are stored, then those `unwritten`.  The payload and what the visitor
 * makes of it go with the next one.
 */
extern void oms_events_each(TableSet *tables, const Event *unwritten, int count, ObjectKind kind, const char *id,
							EventVisit visit, void *arg);

/* An event as it is stored; what it points to lives as long as the slot's row, or the memory it was read in. */
typedef struct StoredEvent
{
	Table	   *leaf;
	ItemPointerData tid;
	int64		sequence;
	int64		version;
	uint64		xid;
	TimestampTz occurred_at;
	const text *actor;
	const text *command_id;
	Jsonb	   *payload;
	const char *account;		/* or NULL; this and what follows only where all is asked for */
	const char *application_name;	/* or NULL */
	Datum		client_addr;	/* inet; 0: none */
} StoredEvent;

/* The stored events of an object, the oldest first: for each, the callback finds it in the leaf's slot. */
extern void oms_events_walk(TableSet *tables, const Object *object, OmsRowCallback callback, void *arg);
extern void oms_event_read(Table *leaf, bool all, StoredEvent *event);

/* Find one of them; whose the event in the leaf's slot is, and which. */
extern bool oms_event_find(Table *leaf, const char *id, int64 version);
extern char *oms_event_object_id(Table *leaf);
extern int64 oms_event_version(Table *leaf);

/* The payload of an object's first event, or NULL. */
extern Jsonb *oms_event_first_payload(TableSet *tables, const Object *object);

/*
 * The state that an object had when this trading day began, or NULL: it was not
 * there.  Opens the event tables itself, as predicates have to; a few probes.
 */
extern Jsonb *oms_event_state_before(const Object *object, DateADT day);

#endif							/* OMS_EVENTS_H */
