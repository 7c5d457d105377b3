/*
 * debezium/bridge/ring.h
 *     The events between PostgreSQL and Kafka, and how far everything before has been published. Pure: no clock, no lock.
 *
 * Events are numbered 0, 1, 2, ... as they come. They are added by the reader, taken (once, in order) by the
 * publisher, and done (in any order) when Kafka holds them. The checkpoint is the longest prefix of done events,
 * as a place in PostgreSQL's log: it never runs ahead of an event that is not done. Rows of a large transaction
 * need not be there all at once: a place may lie inside a transaction.
 */
#ifndef RING_H
#define RING_H

#include "bridge.h"

/* A place in the log up to which everything is published. */
typedef struct Place
{
	Lsn			end_lsn;		/* all transactions that end here or before */
	/* and of the next one, when part_rows > 0: its first rows */
	Lsn			part_commit_lsn;
	uint64_t	part_rows;
	int64_t		part_last_id;
	int64_t		commit_time_us; /* of the last transaction that has an event here; 0 when none */
} Place;

typedef struct Ring Ring;

/* So many events a bridge holds at most, however small they are. */
#define RING_MAX_ROWS 65536

/* An event bigger than max_bytes is still taken in, alone. start: the place the stream begins at. */
extern Ring *ring_new(size_t max_events, size_t max_bytes, Place start);
extern void ring_free(Ring *ring);	/* with the events in it */

/*
 * The reader's side. What comes from a wire may be anything: a beginning inside of a transaction, an event or an end outside of one change
 * nothing and are false.
 */
extern bool ring_full(const Ring *ring);
extern bool ring_in_transaction(const Ring *ring);
extern bool ring_begin(Ring *ring, Lsn commit_lsn, int64_t commit_time_us);
extern bool ring_add(Ring *ring, Event *event); /* owns it when true; sets index; not when full */
extern bool ring_commit(Ring *ring, Lsn end_lsn);
/* Nothing for us up to here: a keepalive between transactions. Ignored when it goes back. */
extern void ring_skip_to(Ring *ring, Lsn lsn);

/* The publisher's side. */
extern size_t ring_untaken(const Ring *ring);
/*
 * Takes at most max_events and max_bytes (but one event at least): whole transactions, or, when the first one is larger than that or than the ring,
 * a part of it. 0 when there is none. What is taken stays in the ring.
 */
extern size_t ring_take(Ring *ring, size_t max_events, size_t max_bytes, Event **taken);
/* Is it worth the while to take? (It may say so too early, never too late.) */
extern bool ring_ready(const Ring *ring, size_t max_events, size_t max_bytes);
/* The place when all events taken so far are done. */
extern Place ring_place_taken(const Ring *ring);
/* The event is published; it is freed when everything before it is too. */
extern void ring_done(Ring *ring, uint64_t index);
extern Place ring_place_done(const Ring *ring);
/* The index of the first event that is not done; of the next one to come when all are. */
extern uint64_t ring_done_upto(const Ring *ring);
/* Commit time of the oldest event that is not done; 0 when all are. */
extern int64_t ring_oldest_us(const Ring *ring);

extern size_t ring_events(const Ring *ring);
extern size_t ring_bytes(const Ring *ring);

#endif
