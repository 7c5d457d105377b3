/*
 * debezium/bridge/test/ring.c
 *     The ring, in the cases that matter most; ring_model.c has all others.
 *
 * Broken by: a place inside of a transaction that is taken for its end; a keepalive that ends one; a part of an earlier session
 * that is forgotten; an event beyond the limits that never goes; a transaction that is cut though it fits.
 */
#include "ring_kit.h"

static uint64_t
add_row(Ring *ring, uint64_t row, int64_t id)
{
	Event	   *event = some_event(id, 10);

	event->txn_row = row;
	event->commit_time_us = 5;
	ring_add(ring, event);
	return event->index;
}

static void
is_place(Place got, Place expected, const char *what)
{
	if (!ok(same_place(got, expected), "%s", what))
	{
		say_place("got", got);
		say_place("expected", expected);
	}
}

static void
a_large_transaction(void)
{
	Ring	   *ring = ring_new(4, 1 << 20, (Place) {.end_lsn = 100});
	Event	   *taken[4];

	ring_begin(ring, 200, 5);
	for (uint64_t row = 1; row <= 4; row++)
		add_row(ring, row, 1000 + (int64_t) row);
	ok(ring_full(ring) && ring_in_transaction(ring), "four of its rows fill the ring");
	is_int((long long) ring_take(ring, 4, 1 << 20, taken), 4, "they can be taken before its end has come");
	is_place(ring_place_taken(ring), (Place) {100, 200, 4, 1004, 5}, "which leads to a place inside it");
	is_place(ring_place_done(ring), (Place) {.end_lsn = 100}, "but nothing of it is done yet");
	ring_done(ring, 1);
	is_place(ring_place_done(ring), (Place) {.end_lsn = 100}, "nor when the second row is and the first is not");
	ring_done(ring, 0);
	is_place(ring_place_done(ring), (Place) {100, 200, 2, 1002, 5}, "with the first, both are");
	ring_done(ring, 3);
	ring_done(ring, 2);
	is_place(ring_place_done(ring), (Place) {100, 200, 4, 1004, 5}, "all rows are done, and its end has not come: not the whole");
	ring_skip_to(ring, 500);
	is_place(ring_place_done(ring), (Place) {100, 200, 4, 1004, 5}, "a keepalive in it moves nothing");
	ring_commit(ring, 220);
	is_place(ring_place_done(ring), (Place) {.end_lsn = 220, .commit_time_us = 5}, "its end makes it whole");
	ring_skip_to(ring, 500);
	is_place(ring_place_done(ring), (Place) {.end_lsn = 500, .commit_time_us = 5}, "now a keepalive counts");
	is_int((long long) ring_bytes(ring), 0, "no bytes are left");
	ring_free(ring);
}

static void
a_part_of_before(void)
{
	Place		part = {100, 200, 3, 1003, 5};
	Ring	   *ring = ring_new(4, 1 << 20, part);

	ring_skip_to(ring, 150);
	is_place(ring_place_done(ring), (Place) {150, 200, 3, 1003, 5}, "what comes before the transaction of the part may be passed");
	ring_skip_to(ring, 201);
	is_place(ring_place_done(ring), (Place) {150, 200, 3, 1003, 5}, "the transaction itself not, before its rest has come");
	ring_skip_to(ring, 200);
	is_place(ring_place_done(ring), (Place) {200, 200, 3, 1003, 5}, "up to where it commits, though");
	ring_begin(ring, 200, 5);
	ring_commit(ring, 220);
	is_place(ring_place_done(ring), (Place) {.end_lsn = 220, .commit_time_us = 5}, "it has no rest: with its end it is whole");
	ring_free(ring);

	ring = ring_new(4, 1 << 20, part);
	ring_begin(ring, 180, 4);
	ring_commit(ring, 190);
	is_place(ring_place_done(ring), (Place) {190, 200, 3, 1003, 5}, "an empty transaction before it does not end the part");
	ring_free(ring);
}

static void
a_large_event(void)
{
	Ring	   *ring = ring_new(10, 100, (Place) {0});
	Event	   *taken[3];

	ring_begin(ring, 200, 5);
	ok(!ring_full(ring), "an empty ring is never full");
	ring_add(ring, some_event(1, 4000));
	ok(ring_full(ring), "an event beyond the limit was taken in, and fills it");
	is_int((long long) ring_take(ring, 3, 10, taken), 1, "and can be taken, though a batch may have 10 bytes");
	ring_done(ring, 0);
	ok(!ring_full(ring) && ring_bytes(ring) == 0, "there is room again");
	ring_free(ring);
}

/* A decoder hands on what the wire says, and that may be anything. */
static void
out_of_place(void)
{
	Ring	   *ring = ring_new(10, 1 << 20, (Place) {.end_lsn = 100});
	Event	   *event = some_event(1, 10);

	ok(!ring_add(ring, event) && !ring_commit(ring, 220), "a row and an end outside of a transaction are none");
	ok(ring_begin(ring, 200, 5) && !ring_begin(ring, 300, 6), "nor is a beginning inside of one");
	ok(ring_add(ring, event) && ring_commit(ring, 220) && ring_events(ring) == 1, "which goes on as it was");
	ring_free(ring);
}

/* Whole transactions go out in one; only what is larger than a batch or the ring is cut. */
static void
batches(void)
{
	Ring	   *ring = ring_new(100, 1 << 20, (Place) {.end_lsn = 100});
	Event	   *taken[100];

	ring_begin(ring, 200, 5);
	add_row(ring, 1, 1);
	add_row(ring, 2, 2);
	ok(!ring_ready(ring, 10, 1 << 20) && ring_take(ring, 10, 1 << 20, taken) == 0, "two rows of a transaction whose end has not come wait for it");
	is_place(ring_place_taken(ring), (Place) {.end_lsn = 100}, "nothing was taken");
	ring_commit(ring, 220);
	ring_begin(ring, 300, 5);
	for (uint64_t row = 1; row <= 9; row++)
		add_row(ring, row, 10 + (int64_t) row);
	ok(ring_ready(ring, 10, 1 << 20), "with it they are ready");
	is_int((long long) ring_take(ring, 10, 1 << 20, taken), 2, "and go alone: the next one is open");
	is_place(ring_place_taken(ring), (Place) {.end_lsn = 220, .commit_time_us = 5}, "to the end of their transaction");
	is_int((long long) ring_take(ring, 10, 1 << 20, taken), 0, "nine rows of it wait too, a batch has ten");
	add_row(ring, 10, 20);
	ok(ring_ready(ring, 10, 1 << 20), "ten do not");
	is_int((long long) ring_take(ring, 10, 1 << 20, taken), 10, "they are a part");
	is_place(ring_place_taken(ring), (Place) {220, 300, 10, 20, 5}, "of the transaction");
	for (uint64_t row = 11; row <= 23; row++)
		add_row(ring, row, 10 + (int64_t) row);
	ring_commit(ring, 320);
	is_int((long long) ring_take(ring, 10, 1 << 20, taken), 10, "ten more");
	is_int((long long) ring_take(ring, 10, 1 << 20, taken), 3, "and the rest");
	is_place(ring_place_taken(ring), (Place) {.end_lsn = 320, .commit_time_us = 5}, "which is its end");
	ring_free(ring);
}

int
main(void)
{
	batches();
	out_of_place();
	a_large_transaction();
	a_part_of_before();
	a_large_event();
	return done();
}
