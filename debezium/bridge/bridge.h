/*
 * debezium/bridge/bridge.h
 *     What every part of oms_bridge speaks of: events.
 *
 * The bottom layer: includes nothing of the bridge, and of common/ what all speak of.
 */
#ifndef BRIDGE_H
#define BRIDGE_H

#include "event_tables.h"

#define BRIDGE_VERSION "0.2.0"

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

#endif
