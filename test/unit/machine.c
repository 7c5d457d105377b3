/*
 * The engine of every machine: the first row whose conditions and facts hold
 * fires, and each kind of broken table is refused, whoever made it.  What breaks
 * if the index of first rows skips one, if a row may set a condition that has no
 * name, or if two kinds use a number twice.
 */
#include "unit.h"

#include "core/machine.h"

#define OPEN	(1 << 0)
#define SHUT	(1 << 1)
#define SEEN	(1 << 2)		/* derived */

#define FACT	(1 << 0)
#define FLAG	(1 << 0)

enum
{
	PUSH,
	PULL,
	TRIGGER_COUNT
};

static const OmsName conditions[] = {{OPEN, "OPEN"}, {SHUT, "SHUT"}, {SEEN, "SEEN"}, {0}};
static const OmsName facts[] = {{FACT, "FACT"}, {0}};
static const OmsName flags[] = {{FLAG, "FLAG"}, {0}};

/* A door: sound as it stands; each test breaks a copy. */
static const Transition door[] = {
	{1, PUSH, .requires = SHUT, .facts = FACT, .sets = OPEN, .clears = SHUT, .event_type = "e", .sentence = "s"},
	{2, PULL, .requires = OPEN, .forbids = SEEN, .sets = SHUT, .clears = OPEN, .event_type = "e", .sentence = "s"},
	{3, PUSH, .requires = SHUT, .reported = true, .raises = FLAG, .event_type = "e", .sentence = "s"},
	{4, PULL, .reported = true, .event_type = "e", .sentence = "s"},
	{0}
};

typedef struct Door
{
	Transition	rows[lengthof(door)];
	MachineTrigger triggers[TRIGGER_COUNT + 1];
	Machine		machine;
} Door;

static void
build(Door *d)
{
	memset(d, 0, sizeof(*d));
	memcpy(d->rows, door, sizeof(door));
	d->triggers[PUSH].name = "push";
	d->triggers[PULL].name = "pull";
	d->machine = (Machine) {"door", d->rows, d->triggers, TRIGGER_COUNT, conditions, facts, flags, .derived = SEEN};
}

static int
find(const Door *d, int trigger, uint32 holds, uint32 known, bool reported)
{
	const Transition *t = oms_machine_find(&d->machine, trigger, holds, known, reported);

	return t ? t->number : 0;
}

/* The row that ought to fire, found the slow and obvious way. */
static int
expected(int trigger, uint32 holds, uint32 known, bool reported)
{
	if (trigger == PUSH && (holds & SHUT))
		return (known & FACT) ? 1 : reported ? 3 : 0;
	if (trigger == PULL)
		return (holds & OPEN) && !(holds & SEEN) ? 2 : reported ? 4 : 0;
	return 0;
}

static bool
all_found(const Door *d)
{
	for (int trigger = 0; trigger < TRIGGER_COUNT; trigger++)
		for (uint32 holds = 0; holds < 8; holds++)
			for (uint32 known = 0; known < 4; known++)
				for (int reported = 0; reported <= 1; reported++)
					if (find(d, trigger, holds, known, reported) != expected(trigger, holds, known, reported))
						return false;
	return true;
}

static bool
is_refused(const Door *d, const Door *beside, const char *why)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool refused = false;

	PG_TRY();
	{
		oms_machine_check(&d->machine);
		if (beside)
			oms_machine_check_apart(&d->machine, &beside->machine);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		refused = strncmp(error->message, "BUG: ", 5) == 0 && strstr(error->message, why) != NULL;
	}
	PG_END_TRY();
	return refused;
}

#define REFUSED(why, ...) \
	do { \
		build(&d); \
		__VA_ARGS__; \
		ok(is_refused(&d, NULL, why), "refused: a row or trigger that %s", why); \
	} while (0)

UNIT_TEST(machine)
{
	Door		d;
	Door		other;

	build(&d);
	ok(all_found(&d), "before the check each row is found");
	ok(oms_machine_asks(&d.machine, PULL, FACT), "and every fact may be asked for");
	ok(!is_refused(&d, NULL, ""), "a sound table is accepted");
	ok(d.triggers[PUSH].first == 0 && d.triggers[PULL].first == 1, "the check finds the first row of each trigger");
	ok(all_found(&d), "after it each row is found");
	ok(oms_machine_asks(&d.machine, PUSH, FACT) && !oms_machine_asks(&d.machine, PULL, FACT),
	   "and only those facts are asked for that a row of the trigger names");
	ok(oms_transition_apply(&door[0], SHUT | SEEN) == (OPEN | SEEN), "a row clears and sets, and leaves the rest");

	REFUSED("stands behind a higher number", d.rows[1].number = 1);
	REFUSED("stands behind a higher number", d.rows[0].number = -1);
	REFUSED("has no trigger", d.rows[2].trigger = TRIGGER_COUNT);
	REFUSED("has no trigger", d.rows[2].trigger = -1);
	REFUSED("has no event type or no sentence", d.rows[3].event_type = NULL);
	REFUSED("has no event type or no sentence", d.rows[3].sentence = NULL);
	REFUSED("has a bit without a name", d.rows[0].requires |= 8);
	REFUSED("has a bit without a name", d.rows[0].forbids |= 8);
	REFUSED("has a bit without a name", d.rows[0].sets |= 8);
	REFUSED("has a bit without a name", d.rows[0].clears |= 8);
	REFUSED("has a bit without a name", d.rows[0].facts |= 8);
	REFUSED("has a bit without a name", d.rows[0].raises |= 8);
	REFUSED("forbids what it requires", d.rows[1].forbids |= OPEN);
	REFUSED("sets what it clears", d.rows[1].sets |= OPEN);
	REFUSED("sets a condition that follows", d.rows[2].sets |= SEEN);
	REFUSED("can never fire", d.rows[2].facts = FACT);
	REFUSED("has no name or no row", d.triggers[PULL].name = NULL);
	REFUSED("has no name or no row", d.machine.trigger_count++);
	REFUSED("has no name or no row", d.rows[1].trigger = d.rows[3].trigger = PUSH);

	build(&d);
	build(&other);
	for (int i = 0; i < 4; i++)
		other.rows[i].number += 4;
	ok(!is_refused(&d, &other, ""), "two machines with other numbers stand side by side");
	other.rows[0].number = 4;
	ok(is_refused(&d, &other, "has the number of another"), "refused: a number of both");
	ok(is_refused(&other, &d, "has the number of another"), "refused, whichever comes first");
}
