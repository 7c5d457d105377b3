/*
 * debezium/bridge/test/horizon.c
 *     Horizons: a candidate holds only when the transactions before it have ended and what they wrote is recorded.
 *
 * Broken by: a candidate that holds while an older transaction runs, or before Kafka has what such a one wrote; an lsn of too
 * early a snapshot; a candidate that another one overwrites; offsets that are not those of the offer.
 */
#include "tap.h"

#include <stdlib.h>

#include "dice.h"
#include "horizon.h"

static Offsets
offsets_of(int64_t first)
{
	Offsets		offsets = {0};
	int			partitions[EVENT_TABLES] = {2, 0, 1, 0};

	offsets_init(&offsets, partitions);
	offsets.next[0][0] = first;
	offsets.next[0][1] = first + 1;
	offsets.next[2][0] = first + 2;
	return offsets;
}

static void
offer(HorizonWatch *watch, uint64_t xid, int64_t sequence, int64_t first)
{
	Offsets		offsets = offsets_of(first);

	horizon_offer(watch, xid, sequence, &offsets);
	/* the watch has its own: what becomes of these does not matter */
	offsets.next[0][0] = -1;
	offsets_free(&offsets);
}

static bool
is_horizon(const Horizon *horizon, uint64_t xid, int64_t sequence, Lsn lsn, int64_t first)
{
	return horizon->xid == xid && horizon->sequence == sequence && horizon->lsn == lsn && horizon->offsets.partitions[0] == 2 &&
		horizon->offsets.partitions[1] == 0 && horizon->offsets.next[0][0] == first && horizon->offsets.next[0][1] == first + 1 &&
		horizon->offsets.next[2][0] == first + 2;
}

static void
one_candidate(void)
{
	HorizonWatch watch = {0};
	Horizon		horizon = {0};

	ok(!horizon_recorded(&watch, UINT64_MAX, &horizon), "nothing was offered: nothing holds");
	horizon_ended(&watch, UINT64_MAX, 50);
	ok(!horizon_recorded(&watch, UINT64_MAX, &horizon), "nor after a snapshot");
	offer(&watch, 100, 7, 1000);
	ok(!horizon_recorded(&watch, UINT64_MAX, &horizon), "a candidate does not hold before a snapshot was seen");
	horizon_ended(&watch, 99, 200);
	ok(!horizon_recorded(&watch, UINT64_MAX, &horizon), "nor while transaction 99 runs");
	horizon_ended(&watch, 100, 300);
	ok(!horizon_recorded(&watch, 299, &horizon), "nor before what had been written when it ended is recorded");
	is_int((long long) horizon.xid, 0, "and until then nothing is touched");
	offer(&watch, 500, 70, 2000);
	horizon_ended(&watch, 900, 400);
	ok(horizon_recorded(&watch, 300, &horizon), "then it holds");
	ok(is_horizon(&horizon, 100, 7, 300, 1000), "as it was offered, with the first snapshot that showed it");
	ok(!horizon_recorded(&watch, UINT64_MAX, &horizon), "once");
	offer(&watch, 500, 70, 2000);
	horizon_ended(&watch, 501, 600);
	ok(horizon_recorded(&watch, 700, &horizon) && is_horizon(&horizon, 500, 70, 600, 2000), "the next one takes its place");
	offer(&watch, 900, 90, 3000);
	horizon_watch_free(&watch);
	horizon_ended(&watch, 1000, 800);
	ok(!horizon_recorded(&watch, UINT64_MAX, &horizon), "what was given up does not hold");
	offsets_free(&horizon.offsets);
}

/* --- a server in small: what horizon.h promises, looked up in all that ever happened --- */

typedef struct Transaction
{
	uint64_t	xid;
	int64_t		first;			/* sequence numbers that it drew, in the table at its commit */
	int64_t		last;
	Lsn			ended;			/* 0: it runs */
	bool		published;
} Transaction;

typedef struct World
{
	Transaction transactions[400];
	int			count;
	uint64_t	xid;
	int64_t		sequence;
	Lsn			lsn;
	Lsn			recorded;
} World;

static void
let_something_happen(World *world)
{
	Transaction *some = world->count > 0 ? &world->transactions[dice((uint64_t) world->count)] : NULL;

	switch (dice(4))
	{
		case 0:
			if (world->count < 400)
				world->transactions[world->count++] = (Transaction) {.xid = world->xid++, .first = INT64_MAX};
			break;
		case 1:
			if (some != NULL && some->ended == 0)
			{
				some->last = ++world->sequence;
				some->first = some->first == INT64_MAX ? some->last : some->first;
			}
			break;
		case 2:
			if (some != NULL && some->ended == 0)
				some->ended = world->lsn += 1 + dice(5);
			break;
		default:
			world->recorded += dice(world->lsn - world->recorded + 1);
			for (int i = 0; i < world->count; i++)
				world->transactions[i].published = world->transactions[i].ended != 0 && world->transactions[i].ended <= world->recorded;
			break;
	}
}

/* No row that is not published is outside of what the horizon says. */
static bool
covers(const World *world, const Horizon *horizon)
{
	for (int i = 0; i < world->count; i++)
	{
		const Transaction *one = &world->transactions[i];

		if (!one->published && one->last > 0 && (one->xid < horizon->xid || one->first <= horizon->sequence))
			return false;
	}
	return true;
}

static void
in_a_world(void)
{
	int			holding = 0;
	int			behind = 0;
	int			uncovered = 0;

	for (int round = 0; round < 300; round++)
	{
		World		world = {.xid = 3, .lsn = 1};
		HorizonWatch watch = {0};
		Horizon		horizon = {0};

		for (int step = 0; step < 800; step++)
		{
			let_something_happen(&world);
			if (dice(4) == 0)
			{
				int64_t		sequence = world.sequence;

				/* anything may happen between the questions, in the order that horizon.h asks for */
				let_something_happen(&world);
				offer(&watch, world.xid++, sequence, 0);
			}
			if (dice(3) == 0)
			{
				uint64_t	xmin = world.xid;
				Lsn			lsn;

				for (int i = 0; i < world.count; i++)
					if (world.transactions[i].ended == 0 && world.transactions[i].xid < xmin)
						xmin = world.transactions[i].xid;
				lsn = world.lsn;
				let_something_happen(&world);
				horizon_ended(&watch, xmin, lsn);
			}
			if (dice(3) == 0 && horizon_recorded(&watch, world.recorded, &horizon))
				holding++;
			if (horizon.xid != 0 && !covers(&world, &horizon))
				uncovered++;
			behind += horizon.xid != 0;
		}
		horizon_watch_free(&watch);
		offsets_free(&horizon.offsets);
	}
	is_int(uncovered, 0, "in 300 small worlds no unpublished row is ever outside of the horizon");
	ok(holding > 500 && behind > 50000, "of which %d were found", holding);
}

int
main(void)
{
	dice_start(20261126);
	one_candidate();
	in_a_world();
	return done();
}
