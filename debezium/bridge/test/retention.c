/*
 * debezium/bridge/test/retention.c
 *     What retention has removed and what was never published, told apart; each case, and then small worlds in which all of it happens.
 *
 * Broken by: an event that was never published and is called removed (it is lost); one that was and is called missing (it comes twice), other than
 * where retention.h says so; a doubt where nothing was removed.
 */
#include "tap.h"

#include <stdlib.h>

#include "dice.h"
#include "retention.h"

#define PARTITIONS 3

static Offsets
offsets_of(int64_t first, int64_t second, int64_t third)
{
	Offsets		offsets = {0};
	int			partitions[EVENT_TABLES] = {PARTITIONS};

	offsets_init(&offsets, partitions);
	offsets.next[0][0] = first;
	offsets.next[0][1] = second;
	offsets.next[0][2] = third;
	return offsets;
}

/* Partition 0 begins at 20 and holds 115 to 120 from there on; 1 is empty; 2 begins at 7 and holds 90 at 7; and 50 more of its own where common. */
static Kept
kept_of(int64_t again)
{
	Kept		kept;
	int			partitions[EVENT_TABLES] = {PARTITIONS};

	kept_init(&kept, partitions);
	kept.low.next[0][0] = 20;
	kept.low.next[0][1] = 5;
	kept.low.next[0][2] = 7;
	for (int i = 0; i < 6; i++)
		kept_found(&kept, 0, 0, 20 + i, 115 + i);
	kept_found(&kept, 0, 2, 7, 90);
	kept.again = again;
	return kept;
}

static void
each_case(void)
{
	Kept		kept = kept_of(KEPT_NOTHING);
	Offsets		none = offsets_of(0, 0, 0);
	Offsets		accepted = offsets_of(26, 5, 8);
	Offsets		horizon = offsets_of(20, 4, 7);

	is_int(kept_answer(&kept, &none, NULL, 0, 0, 115), KEPT_MISSING, "as old as what its partition holds: it was never published");
	is_int(kept_answer(&kept, &none, NULL, 0, 0, 114), KEPT_REMOVED, "older: it was removed");
	is_int(kept_answer(&kept, &none, NULL, 0, 1, 89), KEPT_REMOVED, "of an empty partition, older than all that Kafka holds: it was removed");
	is_int(kept_answer(&kept, &none, NULL, 0, 1, 90), KEPT_UNKNOWN, "of an empty partition, and not: nobody knows");
	is_int(kept_answer(&kept, &none, &horizon, 0, 0, 3), KEPT_MISSING, "above a horizon, and nothing was removed since: it was never published");
	is_int(kept_answer(&kept, &none, &horizon, 0, 1, 3), KEPT_UNKNOWN, "above a horizon, of a partition that lost records since: nobody knows");
	ok(!kept_accepted(&kept, &none) && kept_accepted(&kept, &accepted), "what was accepted is seen where a partition begins with it");
	kept.again = 91;
	is_int(kept_answer(&kept, &accepted, NULL, 0, 0, 105), KEPT_UNKNOWN, "a number that may have been given out again, though lower than all of a lost history that is left");
	is_int(kept_answer(&kept, &accepted, NULL, 0, 0, 90), KEPT_REMOVED, "one that cannot have been");
	is_int(kept_answer(&kept, &accepted, NULL, 0, 1, 89), KEPT_REMOVED, "nor here");
	is_int(kept_answer(&kept, &none, NULL, 0, 0, 105), KEPT_REMOVED, "nor where all that is left was published since");
	kept.again = 1;
	is_int(kept_answer(&kept, &accepted, NULL, 0, 1, 89), KEPT_UNKNOWN, "nothing that both histories have is left: nobody knows");
	kept.oldest_of_all = KEPT_NOTHING;
	is_int(kept_answer(&kept, &none, NULL, 0, 1, 1), KEPT_UNKNOWN, "Kafka holds nothing at all: nobody knows");
	kept.low.next[0][1] = 0;
	is_int(kept_answer(&kept, &accepted, NULL, 0, 1, 1), KEPT_MISSING, "a partition that never lost a record: it was never published");
	kept_found(&kept, 0, 99, 1, 1);
	is_int(kept_answer(&kept, &none, NULL, 0, 99, 1), KEPT_UNKNOWN, "a partition that came while it was compared: nobody knows");
	kept_free(&kept);
	offsets_free(&none);
	offsets_free(&accepted);
	offsets_free(&horizon);
}

/* --- a store and its Kafka in small: restored, compared, cut by retention, as it comes --- */

#define EVENTS_MAX 600
#define NEVER INT32_MAX

typedef struct Drawn
{
	int64_t		sequence;
	uint64_t	xid;
	uint64_t	hash;			/* of all histories */
	int			partition;
	int			committed;		/* as the so-and-so-manieth transaction; NEVER: it runs */
	int			opened;			/* when its transaction began, in the same measure */
} Drawn;

/* What a snapshot of the disk has. */
typedef struct Store
{
	Drawn		events[EVENTS_MAX];
	int			count;
	int			commits;
	int64_t		sequence;
	uint64_t	xid;
	uint64_t	open[2];		/* transactions that run; 0: none */
	int			opened[2];
	int			moment;
} Store;

typedef struct Stored
{
	int64_t		sequence;
	uint64_t	hash;
} Stored;

typedef struct Partition
{
	Stored		records[EVENTS_MAX * 3];
	int			low;
	int			end;
	int			accepted;
} Partition;

typedef struct SmallHorizon
{
	uint64_t	xid;			/* 0: none */
	int64_t		sequence;
	int			offsets[PARTITIONS];
	int			moment;
	int			commits;		/* to be published first; -1: older transactions run */
} SmallHorizon;

typedef struct World
{
	Store		now;
	Store		saved;
	bool		side_by_side;	/* two transactions at the same moment */
	bool		horizons;
	Partition	kafka[PARTITIONS];
	int			published[EVENTS_MAX * 20];	/* by hash: how often */
	uint64_t	hashes;
	int			sent;			/* commits that the stream has published */
	SmallHorizon candidate;
	SmallHorizon horizon;
	bool		restored;		/* since the last comparison */
	int			restored_to;	/* the earliest moment since the horizon */
	/* what came of it */
	long		lost;
	long		unseen;			/* lost, no horizon was known, and another one ran at the same moment */
	long		twice;
	long		overtaken;		/* twice, and another one ran at the same moment */
	long		unknown;
	long		needless;
	long		certain;
	long		removed;
} World;

static void
publish(World *world, const Drawn *event)
{
	Partition  *partition = &world->kafka[event->partition];

	partition->records[partition->end++] = (Stored) {event->sequence, event->hash};
	world->published[event->hash]++;
}

static void
write_something(World *world)
{
	Store	   *store = &world->now;
	int			which = world->side_by_side ? (int) dice(2) : 0;

	store->moment++;
	if (store->open[which] == 0)
	{
		store->open[which] = ++store->xid;
		store->opened[which] = store->commits;
		return;
	}
	if (dice(5) < 3 && store->count < EVENTS_MAX)
	{
		store->events[store->count++] = (Drawn) {
			.sequence = ++store->sequence, .xid = store->open[which], .hash = ++world->hashes,
			.partition = (int) dice(PARTITIONS), .committed = NEVER, .opened = store->opened[which]
		};
		return;
	}
	for (int i = 0; i < store->count; i++)
		if (store->events[i].committed == NEVER && store->events[i].xid == store->open[which])
			store->events[i].committed = store->commits;
	store->commits++;
	store->open[which] = 0;
}

static void
stream(World *world)
{
	if (world->sent == world->now.commits)
		return;
	for (int i = 0; i < world->now.count; i++)
		if (world->now.events[i].committed == world->sent)
			publish(world, &world->now.events[i]);
	world->sent++;
}

static bool
runs_below(const Store *store, uint64_t xid)
{
	return (store->open[0] != 0 && store->open[0] < xid) || (store->open[1] != 0 && store->open[1] < xid);
}

static uint64_t
oldest_running(const Store *store)
{
	uint64_t	oldest = store->xid + 1;

	for (int i = 0; i < 2; i++)
		if (store->open[i] != 0 && store->open[i] < oldest)
			oldest = store->open[i];
	return oldest;
}

static void
look_for_horizon(World *world)
{
	SmallHorizon *candidate = &world->candidate;

	/* they are looked for while the stream runs, and it does not before all was compared */
	if (!world->horizons || world->restored)
		return;
	if (candidate->xid == 0)
	{
		*candidate = (SmallHorizon) {.sequence = world->now.sequence, .commits = -1};
		for (int p = 0; p < PARTITIONS; p++)
			candidate->offsets[p] = world->kafka[p].end;
		world->now.moment++;
		candidate->xid = ++world->now.xid;
	}
	else if (candidate->commits < 0 && !runs_below(&world->now, candidate->xid))
	{
		candidate->commits = world->now.commits;
		candidate->moment = world->now.moment;
	}
	else if (candidate->commits >= 0 && world->sent >= candidate->commits)
	{
		world->horizon = *candidate;
		candidate->xid = 0;
		world->restored_to = INT32_MAX;
	}
}

static void
retention(World *world)
{
	Partition  *partition = &world->kafka[dice(PARTITIONS)];

	if (partition->end > partition->low)
		partition->low += 1 + (int) dice((uint64_t) (partition->end - partition->low));
}

static void
restore(World *world)
{
	Store	   *store = &world->now;
	int			left = 0;

	*store = world->saved;
	for (int i = 0; i < store->count; i++)
		if (store->events[i].committed != NEVER)
			store->events[left++] = store->events[i];
	store->count = left;
	store->open[0] = store->open[1] = 0;
	store->sequence += (int64_t) dice(3);	/* PostgreSQL leaves out some after a crash */
	world->candidate.xid = 0;
	world->restored = true;
	if (store->moment < world->restored_to)
		world->restored_to = store->moment;
}

static const Drawn *
in_tables(const Store *store, const Stored *record)
{
	for (int i = 0; i < store->count; i++)
		if (store->events[i].hash == record->hash && store->events[i].sequence == record->sequence && store->events[i].committed != NEVER)
			return &store->events[i];
	return NULL;
}

static bool
in_kafka(const Partition *partition, const Drawn *event)
{
	for (int i = partition->low; i < partition->end; i++)
		if (partition->records[i].hash == event->hash)
			return true;
	return false;
}

/* Published, removed, and behind it, in its partition, one of a transaction at the same moment that has a lower number and is left. */
static bool
was_overtaken(const World *world, const Drawn *event)
{
	const Partition *partition = &world->kafka[event->partition];
	int			at = 0;

	while (at < partition->end && partition->records[at].hash != event->hash)
		at++;
	for (int i = partition->low; i < partition->end; i++)
		if (i > at && partition->records[i].sequence < event->sequence)
			return true;
	return false;
}

/* Everything that Kafka holds, and what an operator accepts of it; *accepted: the offsets. */
static Kept
look(World *world, bool full, Offsets *accepted)
{
	int			partitions[EVENT_TABLES] = {PARTITIONS};
	bool		strangers = false;
	Kept		kept;

	kept_init(&kept, partitions);
	for (int p = 0; p < PARTITIONS; p++)
	{
		Partition  *partition = &world->kafka[p];
		int			from = full || world->horizon.offsets[p] < partition->low ? partition->low : world->horizon.offsets[p];

		kept.low.next[0][p] = partition->low;
		for (int i = from; i < partition->end; i++)
		{
			kept_found(&kept, 0, p, i, partition->records[i].sequence);
			strangers = strangers || (i >= partition->accepted && in_tables(&world->now, &partition->records[i]) == NULL);
		}
	}
	for (int p = 0; strangers && p < PARTITIONS; p++)
		world->kafka[p].accepted = world->kafka[p].end;
	*accepted = offsets_of(world->kafka[0].accepted, world->kafka[1].accepted, world->kafka[2].accepted);
	if (!kept_accepted(&kept, accepted))
		return kept;
	kept.again = 1;
	for (int p = 0; p < PARTITIONS; p++)
		for (int i = kept.first.next[0][p] != KEPT_NOTHING ? (int) kept.first.next[0][p] : world->kafka[p].end; i < world->kafka[p].accepted; i++)
			if (world->kafka[p].records[i].sequence >= kept.again && in_tables(&world->now, &world->kafka[p].records[i]) != NULL)
				kept.again = world->kafka[p].records[i].sequence + 1;
	return kept;
}

/* Whoever knows the truth says which it was; the bridge does not. */
static void
count(World *world, const Drawn *event, KeptAnswer answer)
{
	bool		was = world->published[event->hash] > 0;

	world->certain += answer != KEPT_UNKNOWN;
	world->removed += answer == KEPT_REMOVED;
	world->unknown += answer == KEPT_UNKNOWN;
	world->needless += answer == KEPT_UNKNOWN && world->kafka[event->partition].low == 0;
	if (answer == KEPT_REMOVED && !was)
	{
		if (world->side_by_side && world->horizon.xid == 0)
			world->unseen++;
		else
			world->lost++;
		world->published[event->hash]++;	/* said once */
	}
	if (answer == KEPT_MISSING && was)
	{
		if (was_overtaken(world, event))
			world->overtaken++;
		else
			world->twice++;
	}
}

/* One comparison. False: it was refused, and this world ends. */
static bool
compare(World *world)
{
	Store	   *store = &world->now;
	SmallHorizon *horizon = &world->horizon;
	bool		full = horizon->xid == 0 || world->restored_to < horizon->moment || dice(4) == 0;
	Offsets		begin = offsets_of(horizon->offsets[0], horizon->offsets[1], horizon->offsets[2]);
	Offsets		accepted;
	Kept		kept = look(world, full, &accepted);
	Drawn		missing[EVENTS_MAX];
	int			found = 0;
	uint64_t	oldest = oldest_running(store);
	bool		young = false;
	long		unknown = world->unknown;
	bool		dies = dice(8) == 0;

	for (int i = 0; i < store->count; i++)
	{
		const Drawn *event = &store->events[i];
		bool		above = horizon->xid != 0 && event->xid >= horizon->xid && event->sequence > horizon->sequence;
		KeptAnswer	answer;

		if (event->committed == NEVER || (!full && !above) || in_kafka(&world->kafka[event->partition], event))
			continue;
		answer = kept_answer(&kept, &accepted, above ? &begin : NULL, 0, event->partition, event->sequence);
		count(world, event, answer);
		young = young || (answer == KEPT_REMOVED && event->xid >= oldest);
		if (answer == KEPT_MISSING)
			missing[found++] = *event;
	}
	kept_free(&kept);
	offsets_free(&accepted);
	offsets_free(&begin);
	if (world->unknown > unknown)
		return false;
	/* killed half way, it is done again; what was known before is known still */
	for (int i = 0; i < (dies ? found / 2 : found); i++)
		publish(world, &missing[i]);
	if (dies)
		return compare(world);
	world->sent = store->commits;
	world->restored = false;
	world->candidate.xid = 0;
	if (!full || !world->horizons)
		return true;
	/* what was left out does not stand behind where the partitions begin now */
	*horizon = (SmallHorizon) {.xid = young ? 0 : oldest, .moment = store->moment};
	for (int p = 0; p < PARTITIONS; p++)
		horizon->offsets[p] = world->kafka[p].low;
	world->restored_to = INT32_MAX;
	return true;
}

static void
live(World *world, int steps)
{
	world->restored_to = INT32_MAX;
	for (int step = 0; step < steps; step++)
		switch (dice(40))
		{
			case 0:
			case 1:
				retention(world);
				break;
			case 2:
				world->saved = world->now;
				break;
			case 3:
				if (world->saved.moment > 0 && dice(2) == 0)
					restore(world);
				break;
			case 4:
				if (dice(3) == 0 && !compare(world))
					return;
				break;
			case 5:
			case 6:
			case 7:
			case 8:
			case 9:
			case 10:
				look_for_horizon(world);
				break;
			default:
				/* with a history that is another one, nothing is streamed before it was compared */
				if (dice(2) == 0 && !world->restored)
					stream(world);
				else
					write_something(world);
				break;
		}
	compare(world);
}

static void
in_small_worlds(bool side_by_side, bool horizons)
{
	World	   *sum = calloc(1, sizeof *sum);
	World	   *world = malloc(sizeof *world);
	const char *name = side_by_side ? horizons ? "side by side" : "side by side, no horizon" : horizons ? "one after the other" : "one after the other, no horizon";

	for (int round = 0; round < 20000; round++)
	{
		memset(world, 0, sizeof *world);
		world->side_by_side = side_by_side;
		world->horizons = horizons;
		live(world, 30 + (int) dice(250));
		sum->lost += world->lost;
		sum->unseen += world->unseen;
		sum->twice += world->twice;
		sum->overtaken += world->overtaken;
		sum->unknown += world->unknown;
		sum->needless += world->needless;
		sum->certain += world->certain;
		sum->removed += world->removed;
	}
	is_int(sum->lost, 0, "%s: nothing that was never published is called removed", name);
	is_int(sum->twice, 0, "%s: nothing that was published is called missing", name);
	if (!side_by_side)
		is_int(sum->overtaken, 0, "%s: without exception", name);
	is_int(sum->needless, 0, "%s: no doubt where nothing was removed", name);
	ok(sum->certain > 20000 && sum->removed > 5000, "%s: %ld answers are certain, of them %ld removed; %ld events are in doubt; beside another one %ld would be lost, %ld come twice", name, sum->certain, sum->removed,
	   sum->unknown, sum->unseen, sum->overtaken);
	free(world);
	free(sum);
}

int
main(void)
{
	dice_start(20261127);
	each_case();
	in_small_worlds(false, false);
	in_small_worlds(false, true);
	in_small_worlds(true, true);
	in_small_worlds(true, false);
	return done();
}
