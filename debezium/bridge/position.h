/*
 * debezium/bridge/position.h
 *     The position record: what the bridge knows about itself, kept in Kafka in the same transaction as the events.
 *     Pure: struct to JSON and back.
 */
#ifndef POSITION_H
#define POSITION_H

#include "ring.h"
#include "text.h"

/* Next offsets of the partitions of each event topic; counts are those of the topics, 0 = topic not used. */
typedef struct Offsets
{
	int			partitions[EVENT_TABLES];
	int64_t    *next[EVENT_TABLES];
} Offsets;

extern void offsets_init(Offsets *offsets, const int partitions[EVENT_TABLES]);	/* all 0 */
extern void offsets_copy(Offsets *to, const Offsets *from);	/* to is initialised or zeroed */
extern void offsets_free(Offsets *offsets);

/*
 * A point that needs no slot to start from: every event of a transaction below xid is published, and every event of the
 * others has a sequence above sequence and stands in Kafka, where it does, at these offsets or behind. 0: from the beginning.
 */
typedef struct Horizon
{
	uint64_t	xid;
	int64_t		sequence;
	Lsn			lsn;			/* all of the transactions below xid have ended before */
	Offsets		offsets;
} Horizon;

/*
 * What a first start left out (start = now): the events up to sequence that the snapshot shows (its text; "": all up to sequence).
 * Nobody may publish them later. The event that has the sequence is in the tables (or was purged), or they are of a history that has parted before:
 * what has the others' numbers now is something else.
 */
typedef struct Floor
{
	int64_t		sequence;		/* 0: nothing was left out */
	char		hash[65];		/* "": not known (before 0.2.0) */
	char		snapshot[1024];
} Floor;

typedef struct Position
{
	char		sysid[32];		/* of IDENTIFY_SYSTEM */
	char		database[64];
	uint32_t	timeline;
	char		store[64];		/* store.name of who wrote it */
	char		slot[64];
	char		plugin[64];
	char		publication[64];	/* fingerprint of what was published while the stream ran; "" when the plugin needs none */
	Place		place;			/* end_lsn LSN_NONE: nothing is streamed yet */
	bool		reconciling;	/* events of the tables are on their way: begin again */
	uint64_t	epoch;			/* of the session that wrote it: 1, 2, ... */
	int64_t		written_us;
	int64_t		last_id;		/* the last event that was given to Kafka: it must be in the tables, or they are of another history; 0: not known */
	char		last_hash[65];
	Floor		floor;
	Offsets		offsets;		/* next offsets known when it was written: a lower bound of what came later */
	Offsets		accepted;		/* what stands before these and is in no table is known to an operator (accept.divergence) */
	Horizon		horizon;
	Horizon		earlier;		/* the last one before a comparison of everything that is under way; xid 0: there was none */
} Position;

extern void position_encode(const Position *position, Text *json);
/* False when it is no position record of a version we know. Frees nothing of *position before. */
extern bool position_decode(const char *json, size_t len, Position *position, Problem *problem);
/* The event is the last one given to Kafka. */
extern void position_last(Position *position, const Event *event);
extern void position_copy(Position *to, const Position *from);	/* to is zeroed or a position */
extern void position_free(Position *position);

#endif
