/*
 * debezium/bridge/bridge.h
 *     What every part of oms_bridge speaks of: log positions, events, the tables that they come from, and what went wrong.
 *
 * The bottom layer: includes nothing of the bridge.
 */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BRIDGE_VERSION "0.2.0"

/* A position in PostgreSQL's log. 0 is no position. */
typedef uint64_t Lsn;

#define LSN_NONE ((Lsn) 0)
#define LSN_TEXT_SIZE 18

/* Writes "16/B374D848" into buffer and returns it. */
extern const char *lsn_text(Lsn lsn, char buffer[LSN_TEXT_SIZE]);
/* False when the text is no log position; the whole text must be one. */
extern bool lsn_parse(const char *text, Lsn *lsn);

/* Bytes of somebody else. */
typedef struct Span
{
	const char *data;
	size_t		len;
} Span;

/*
 * What leaves, in the order of the contract: the tables of schema oms with the columns of an event (oms.published_tables() in
 * the database), each with its topic, without the prefix. Several may have one topic. A line here is all that the bridge needs;
 * scripts/gen_outbox.sh makes Debezium's configuration of the same lines.
 */
#define EVENT_TABLE_LIST(TABLE) \
	TABLE(order_events, "order-events") \
	TABLE(execution_events, "execution-events") \
	TABLE(quote_request_events, "quote-request-events") \
	TABLE(quote_events, "quote-events") \
	TABLE(configuration_events, "configuration-events") \
	TABLE(anchors, "oms-anchors") \
	TABLE(purged_trees, "order-events")

typedef struct EventTable
{
	const char *table;
	const char *topic;
} EventTable;

#define EVENT_TABLE_ONE(table, topic) + 1
enum
{
	EVENT_TABLES = EVENT_TABLE_LIST(EVENT_TABLE_ONE)
};
#undef EVENT_TABLE_ONE

/* The index is the table's number everywhere. */
extern const EventTable event_tables[EVENT_TABLES];

/* The number of a topic is that of the first of its tables. */
extern int	event_topic(const EventTable *tables, int table);

/*
 * One event on its way: one allocation, owned by the ring from ring_add() to ring_done().
 * The texts are not terminated.
 */
typedef struct Event
{
	uint64_t	index;			/* its place in the ring's count, given by ring_add() */
	int64_t		sequence;		/* the id of the event */
	uint64_t	txn_row;		/* 1, 2, ... among the events of its transaction; 0 in a reconcile */
	int64_t		commit_time_us; /* of its transaction, microseconds since 1970; 0 in a reconcile */
	int			table;
	int			topic;
	uint32_t	key_len;
	uint32_t	type_len;
	uint32_t	hash_len;
	uint32_t	payload_len;
	const char *refused;		/* why Kafka will never take it (static text), or NULL */
	char		data[];			/* key, type, hash, payload */
} Event;

/* Copies the parts. Never NULL: out of memory ends the program. */
extern Event *event_new(int table, int64_t sequence, Span key, Span type, Span hash, Span payload);
extern Span event_key(const Event *event);
extern Span event_type(const Event *event);
extern Span event_hash(const Event *event);
extern Span event_payload(const Event *event);
/* Bytes it costs, with its own struct. */
extern size_t event_size(const Event *event);

/* What to do about a failure. */
typedef enum Remedy
{
	REMEDY_NONE,
	REMEDY_RETRY,				/* passes by itself: end this session, come again */
	REMEDY_RECONCILE,			/* the slot can no longer say what is missing */
	REMEDY_STOP					/* only an operator can help: exit with EXIT_REFUSED */
} Remedy;

/*
 * One failure: what happened, with the facts, and what to do where the reader can act. Who finds it
 * fills it; who can answer it logs it, once. Functions that can fail return bool and take one.
 */
typedef struct Problem
{
	Remedy		remedy;
	char		text[1024];
	char		hint[1024];
} Problem;

/* Always returns false, so that "return problem_set(...)" reads as what it is. hint may be NULL. */
extern bool problem_set(Problem *problem, Remedy remedy, const char *hint, const char *format,...)
			__attribute__((format(printf, 4, 5)));

/* Exit codes. systemd restarts after the first, not after the others. */
#define EXIT_BROKEN 1			/* something unexpected */
#define EXIT_USAGE 2			/* options or configuration */
#define EXIT_REFUSED 3			/* stopped rather than guess: needs an operator */

/* Memory that is there or the program ends. */
extern void *must_alloc(size_t size);
extern void *must_realloc(void *old, size_t size);
extern char *must_strdup(const char *text);

/* Microseconds: since 1970, and of a clock that never goes back. */
extern int64_t wall_us(void);
extern int64_t ticks_us(void);

#endif
