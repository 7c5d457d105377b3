/*
 * debezium/bridge/retention.h
 *     Was an event that Kafka does not hold ever published, and removed by retention since? Pure: what was read back in, an answer out.
 *
 * What is known: retention takes the oldest records of a partition. Its records stand in the order of commits, which is that of sequences but for
 * transactions that ran at the same moment. What an operator has accepted (accept.divergence) is of a history that a failover or a restore has ended:
 * the present one has begun at some number of it, and gives out again what comes behind. Every number of what both have in common is lower than all
 * that were given out again. So where an event is found in Kafka and in the tables, among what was accepted, no number up to its own was.
 *
 * An answer is certain, or it is KEPT_UNKNOWN: an event that was never published is not called removed, and one that was removed is not called missing.
 * But for transactions that ran at the same moment, on both sides of where retention cut a partition: of those, one that was removed may be called
 * missing; and, where no horizon is known, the other way round.
 */
#ifndef RETENTION_H
#define RETENTION_H

#include "position.h"

/* What Kafka holds of this store's, of what was compared. */
typedef struct Kept
{
	Offsets		low;			/* where its partitions begin */
	Offsets		first;			/* the offset of the first record that each holds; KEPT_NOTHING: none */
	Offsets		oldest;			/* and the lowest sequence; KEPT_NOTHING: none */
	int64_t		oldest_of_all;
	int64_t		again;			/* the lowest sequence that may have been given out again; KEPT_NOTHING: none was */
} Kept;

#define KEPT_NOTHING INT64_MAX

typedef enum KeptAnswer
{
	KEPT_MISSING,				/* it was never published */
	KEPT_REMOVED,				/* it was published, and retention has removed it */
	KEPT_UNKNOWN
} KeptAnswer;

/* low is set by whoever reads. */
extern void kept_init(Kept *kept, const int partitions[EVENT_TABLES]);
extern void kept_found(Kept *kept, int topic, int partition, int64_t offset, int64_t sequence);
/* Does Kafka hold anything of what was accepted? If it does, again is one more than the highest sequence of it that the tables have too. */
extern bool kept_accepted(const Kept *kept, const Offsets *accepted);
/*
 * An event of the tables that Kafka does not hold. begin: where the event is above a horizon (its transaction not below xid, its sequence above that
 * of the horizon), the horizon's offsets: had it been published, it would stand behind them. NULL: it is below, or there is none.
 */
extern KeptAnswer kept_answer(const Kept *kept, const Offsets *accepted, const Offsets *begin, int topic, int partition, int64_t sequence);
extern void kept_free(Kept *kept);

#endif
