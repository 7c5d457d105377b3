/*
 * debezium/bridge/filter.c
 *     What the stream sends again and Kafka has already.
 */
#include <stdlib.h>

#include "filter.h"

void
filter_init(Filter *filter, Place resume)
{
	*filter = (Filter) {.resume = resume};
}

void
filter_found(Filter *filter, int64_t id)
{
	if (filter->count == filter->room)
	{
		filter->room = filter->room == 0 ? 1024 : 2 * filter->room;
		filter->ids = must_realloc(filter->ids, filter->room * sizeof(int64_t));
	}
	filter->ids[filter->count++] = id;
}

static int
compare_ids(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a;
	int64_t		y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

void
filter_ready(Filter *filter, Lsn until)
{
	filter->until = until;
	if (filter->count > 0)
		qsort(filter->ids, filter->count, sizeof(int64_t), compare_ids);
}

void
filter_free(Filter *filter)
{
	free(filter->ids);
	filter->ids = NULL;
	filter->count = filter->room = 0;
}

FilterAnswer
filter_row(Filter *filter, Lsn commit_lsn, uint64_t row, int64_t id, Problem *problem)
{
	Place	   *resume = &filter->resume;
	char		a[LSN_TEXT_SIZE];
	char		b[LSN_TEXT_SIZE];

	if (resume->part_rows > 0 && commit_lsn == resume->part_commit_lsn && row <= resume->part_rows)
	{
		if (row < resume->part_rows)
			return FILTER_PUBLISHED;
		resume->part_rows = 0;
		if (id == resume->part_last_id)
			return FILTER_PUBLISHED;
		problem_set(problem, REMEDY_RECONCILE, NULL, "row %llu of the transaction at %s is event %lld, the position says %lld",
					(unsigned long long) row, lsn_text(commit_lsn, a), (long long) id, (long long) resume->part_last_id);
		return FILTER_MISMATCH;
	}
	if (resume->part_rows > 0)
	{
		problem_set(problem, REMEDY_RECONCILE, NULL, "the stream went on at %s; the transaction at %s, of which %llu rows are published, did not come again",
					lsn_text(commit_lsn, a), lsn_text(resume->part_commit_lsn, b), (unsigned long long) resume->part_rows);
		return FILTER_MISMATCH;
	}
	if (filter->count == 0)
		return FILTER_PASS;
	if (commit_lsn >= filter->until)
	{
		filter_free(filter);
		return FILTER_PASS;
	}
	return bsearch(&id, filter->ids, filter->count, sizeof(int64_t), compare_ids) != NULL ? FILTER_DUPLICATE : FILTER_PASS;
}
