/*-------------------------------------------------------------------------
 *
 * machine.c
 *	  A state machine as a table: one engine for every kind of object.
 *
 * Pure.  A machine is data: its rows say which trigger is possible under which
 * conditions, and what then holds.  Rows are numbered with gaps and keep their
 * numbers for ever, because events name them.  Omitted members of a row mean
 * "don't care".  oms.state_transitions shows every machine, and doc/states.md
 * makes each change of one a diff.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/machine.h"

const Transition *
oms_machine_find(const Machine *machine, int trigger, uint32 conditions, uint32 facts, bool reported)
{
	for (const Transition *t = machine->rows + machine->triggers[trigger].first; t->number != 0; t++)
	{
		if (t->trigger == trigger &&
			(conditions & t->requires) == t->requires &&
			(conditions & t->forbids) == 0 &&
			(facts & t->facts) == t->facts &&
			(!t->reported || reported))
			return t;
	}
	return NULL;
}

static void
machine_check_row(const Machine *machine, int number, bool holds, const char *what)
{
	if (!holds)
		elog(ERROR, "BUG: row %d of the machine of \"%s\" %s", number, machine->object, what);
}

static uint32
machine_named_bits(const OmsName *names)
{
	uint32		bits = 0;

	for (; names->name != NULL; names++)
		bits |= names->value;
	return bits;
}

/* Does `first` fire wherever `later` would? */
static bool
machine_row_hides(const Transition *first, const Transition *later)
{
	return first->trigger == later->trigger &&
		(first->requires & ~later->requires) == 0 &&
		(first->forbids & ~later->forbids) == 0 &&
		(first->facts & ~later->facts) == 0 &&
		(!first->reported || later->reported);
}

static void
machine_check_rows(const Machine *machine)
{
	uint32		conditions = machine_named_bits(machine->conditions);
	uint32		facts = machine_named_bits(machine->facts);
	uint32		flags = machine_named_bits(machine->flags);
	int			last = 0;

	for (const Transition *t = machine->rows; t->number != 0; t++)
	{
		machine_check_row(machine, t->number, t->number > last, "stands behind a higher number");
		machine_check_row(machine, t->number, t->trigger >= 0 && t->trigger < machine->trigger_count, "has no trigger");
		machine_check_row(machine, t->number, (t->event_type || t->merges) && t->sentence, "has no event type or no sentence");
		machine_check_row(machine, t->number, ((t->requires | t->forbids | t->sets | t->clears) & ~conditions) == 0 &&
						  (t->facts & ~facts) == 0 && (t->raises & ~flags) == 0, "has a bit without a name");
		machine_check_row(machine, t->number, (t->requires & t->forbids) == 0, "forbids what it requires");
		machine_check_row(machine, t->number, (t->sets & t->clears) == 0, "sets what it clears");
		machine_check_row(machine, t->number, (t->sets & machine->derived) == 0, "sets a condition that follows from something else");
		for (const Transition *earlier = machine->rows; earlier < t; earlier++)
			machine_check_row(machine, t->number, !machine_row_hides(earlier, t), "can never fire: an earlier one always does");
		last = t->number;
	}
}

/*
 * When the library is loaded, in every build: a table that a change has broken
 * is an error of whoever loads it, a crash of nobody.
 */
void
oms_machine_check(const Machine *machine)
{
	machine_check_rows(machine);
	for (int i = 0; i < machine->trigger_count; i++)
	{
		MachineTrigger *trigger = &machine->triggers[i];
		const Transition *first = machine->rows;
		uint32		facts = 0;

		while (first->number != 0 && first->trigger != i)
			first++;
		if (trigger->name == NULL || first->number == 0)
			elog(ERROR, "BUG: trigger %d of the machine of \"%s\" has no name or no row", i, machine->object);
		for (const Transition *t = first; t->number != 0; t++)
			if (t->trigger == i)
				facts |= t->facts;
		trigger->first = first - machine->rows;
		trigger->idle_facts = ~facts;
	}
}

/* A number says by itself what happened, whatever it happened to. */
void
oms_machine_check_apart(const Machine *a, const Machine *b)
{
	const Transition *x = a->rows;
	const Transition *y = b->rows;

	while (x->number != 0 && y->number != 0)
	{
		machine_check_row(a, x->number, x->number != y->number, "has the number of another machine's");
		if (x->number < y->number)
			x++;
		else
			y++;
	}
}
