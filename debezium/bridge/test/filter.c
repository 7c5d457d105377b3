/*
 * debezium/bridge/test/filter.c
 *     The filter: what comes again is dropped, everything else passes, and a stream that is not the position's is told from one
 *     that is.
 *
 * Broken by: a row of the part that is published again; one behind it that is dropped; a part whose last row has another id, or
 * whose transaction does not come, that goes unseen; an id found in Kafka that passes before, or one that is dropped behind,
 * where such ids can be.
 */
#include "tap.h"

#include <stdlib.h>

#include "dice.h"
#include "filter.h"

static Filter filter;
static Problem problem;

static FilterAnswer
row(Lsn commit_lsn, uint64_t number, int64_t id)
{
	problem = (Problem) {0};
	return filter_row(&filter, commit_lsn, number, id, &problem);
}

static void
start(Place resume)
{
	filter_free(&filter);
	filter_init(&filter, resume);
}

static void
nothing_to_drop(void)
{
	start((Place) {.end_lsn = 100});
	filter_ready(&filter, 500);
	ok(row(200, 1, 7) == FILTER_PASS && row(200, 2, 8) == FILTER_PASS && row(600, 1, 7) == FILTER_PASS, "with nothing to drop all rows pass");
}

static void
a_part(void)
{
	const Place part = {.end_lsn = 100, .part_commit_lsn = 200, .part_rows = 3, .part_last_id = 1003};

	start(part);
	filter_ready(&filter, 500);
	ok(row(200, 1, 1001) == FILTER_PUBLISHED && row(200, 2, 1002) == FILTER_PUBLISHED && row(200, 3, 1003) == FILTER_PUBLISHED,
	   "the rows of the part are published");
	ok(row(200, 4, 1004) == FILTER_PASS, "the next one of its transaction is not");
	ok(row(300, 1, 1005) == FILTER_PASS && row(300, 3, 1003) == FILTER_PASS, "nor is anything of the transactions behind it");

	start(part);
	row(200, 1, 1001);
	row(200, 2, 1002);
	ok(row(200, 3, 9999) == FILTER_MISMATCH && problem.remedy == REMEDY_RECONCILE, "a last row with another id is another stream: reconcile");
	ok(strstr(problem.text, "9999") != NULL && strstr(problem.text, "1003") != NULL, "which says both ids: %s", problem.text);

	start(part);
	ok(row(300, 1, 1) == FILTER_MISMATCH && problem.remedy == REMEDY_RECONCILE, "a transaction behind it without it: reconcile");
	ok(strstr(problem.text, "0/12C") != NULL && strstr(problem.text, "0/C8") != NULL, "which says both places: %s", problem.text);

	start(part);
	row(200, 1, 1001);
	ok(row(300, 1, 1) == FILTER_MISMATCH, "so is one of which only a beginning came again");

	start(part);
	ok(row(150, 3, 1003) == FILTER_MISMATCH, "and rows of one before it, which were all published");

	start((Place) {.end_lsn = 100, .part_commit_lsn = 200, .part_rows = 1, .part_last_id = 1001});
	ok(row(200, 1, 1001) == FILTER_PUBLISHED && row(200, 2, 1002) == FILTER_PASS, "a part of one row");
}

static void
found_in_kafka(void)
{
	static const int64_t ids[] = {40, INT64_MAX, 10, 30, 10, 1, INT64_C(1) + (INT64_C(1) << 32), 3 + (INT64_C(1) << 33)};

	start((Place) {.end_lsn = 100});
	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
		filter_found(&filter, ids[i]);
	filter_ready(&filter, 500);
	ok(row(200, 1, 10) == FILTER_DUPLICATE && row(200, 2, 20) == FILTER_PASS && row(200, 3, 30) == FILTER_DUPLICATE &&
	   row(200, 4, INT64_MAX) == FILTER_DUPLICATE && row(200, 5, 1) == FILTER_DUPLICATE && row(200, 6, 41) == FILTER_PASS &&
	   row(200, 7, 3) == FILTER_PASS && row(200, 8, 1 + (INT64_C(1) << 33)) == FILTER_PASS && row(200, 9, 3 + (INT64_C(1) << 33)) == FILTER_DUPLICATE,
	   "ids found in Kafka are dropped, others pass");
	ok(row(499, 1, 40) == FILTER_DUPLICATE, "up to where they can be");
	ok(row(500, 1, 40) == FILTER_PASS, "and no further: who reads so far would not have found it");
	is_int((long long) filter.count, 0, "then they are forgotten");
	ok(row(501, 1, 10) == FILTER_PASS, "for good");
}

static void
both(void)
{
	start((Place) {.end_lsn = 100, .part_commit_lsn = 200, .part_rows = 2, .part_last_id = 1002});
	for (int64_t id = 1001; id <= 1003; id++)
		filter_found(&filter, id);
	filter_ready(&filter, 500);
	ok(row(200, 1, 1001) == FILTER_PUBLISHED && row(200, 2, 1002) == FILTER_PUBLISHED, "the part comes first");
	ok(row(200, 3, 1003) == FILTER_DUPLICATE && row(200, 4, 1004) == FILTER_PASS, "then what was found behind it");
}

/* Against the slow way: look through all ids. */
static void
many_ids(void)
{
	int64_t		ids[3000];
	int			wrong = 0;
	int			dropped = 0;

	start((Place) {.end_lsn = 100});
	for (size_t i = 0; i < 3000; i++)
	{
		ids[i] = (int64_t) dice(8000);
		filter_found(&filter, ids[i]);
	}
	filter_ready(&filter, 500);
	for (int64_t id = 0; id < 8000; id++)
	{
		bool		found = false;

		for (size_t i = 0; i < 3000 && !found; i++)
			found = ids[i] == id;
		wrong += (row(200, (uint64_t) id + 1, id) == FILTER_DUPLICATE) != found;
		dropped += found;
	}
	is_int(wrong, 0, "of 8000 rows exactly those are dropped that are among 3000 ids");
	ok(dropped > 1000, "%d of them", dropped);
}

int
main(void)
{
	dice_start(20261125);
	nothing_to_drop();
	a_part();
	found_in_kafka();
	both();
	many_ids();
	filter_free(&filter);
	return done();
}
