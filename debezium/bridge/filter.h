/*
 * debezium/bridge/filter.h
 *     What the stream sends again and Kafka has already: the first rows of a transaction that was under way, and events
 *     found behind the position when Kafka was read back. Pure.
 */
#ifndef FILTER_H
#define FILTER_H

#include "ring.h"

typedef struct Filter
{
	Place		resume;			/* with part_rows > 0 until that transaction has come */
	int64_t    *ids;			/* found in Kafka, sorted by filter_ready() */
	size_t		count;
	size_t		room;
	Lsn			until;			/* transactions that commit here or behind cannot be among them; stays as it is */
} Filter;

extern void filter_init(Filter *filter, Place resume);
extern void filter_found(Filter *filter, int64_t id);
extern void filter_ready(Filter *filter, Lsn until);
extern void filter_free(Filter *filter);

typedef enum FilterAnswer
{
	FILTER_PASS,
	FILTER_PUBLISHED,			/* part of what the position says */
	FILTER_DUPLICATE,			/* found in Kafka though the position does not say so */
	FILTER_MISMATCH				/* the stream is not the one of the position: problem says why */
} FilterAnswer;

/* row: 1, 2, ... among the events of the transaction that commits at commit_lsn. */
extern FilterAnswer filter_row(Filter *filter, Lsn commit_lsn, uint64_t row, int64_t id, Problem *problem);

#endif
