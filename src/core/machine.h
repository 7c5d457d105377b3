/*-------------------------------------------------------------------------
 *
 * machine.h
 *	  A state machine as a table: one engine for every kind of object.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_MACHINE_H
#define OMS_MACHINE_H

#include "postgres.h"

#include "base/names.h"

/* One row: for a trigger the first row whose conditions and facts hold fires. */
typedef struct Transition
{
	int			number;			/* stands in every event; never reused */
	int			trigger;		/* of the machine */
	uint32		requires;		/* conditions that must all hold */
	uint32		forbids;		/* conditions none of which may hold */
	uint32		facts;			/* what must be true besides, all of it */
	bool		reported;		/* only for what a counterparty reports */
	uint32		sets;
	uint32		clears;
	uint32		raises;			/* flags */
	bool		merges;			/* of an object that has changed in the same command already: no event of its own */
	const char *event_type;		/* of one that merges NULL where it always does */
	const char *sentence;
} Transition;

/*
 * What may happen to an object.  The check fills in what makes a look-up fast;
 * zeros, before it, are right and slow.
 */
typedef struct MachineTrigger
{
	const char *name;
	int			first;			/* index of its first row */
	uint32		idle_facts;		/* those that none of its rows asks for */
} MachineTrigger;

typedef struct Machine
{
	const char *object;			/* the kind: "order"; of another machine of a kind what it is about: "desk" */
	const Transition *rows;		/* ends with a row of number 0 */
	MachineTrigger *triggers;
	int			trigger_count;
	const OmsName *conditions;	/* the names of the bits */
	const OmsName *facts;
	const OmsName *flags;
	uint32		derived;		/* conditions that no row sets: they follow from something else */
} Machine;

/* The row that fires, or NULL: the machine has no such transition. */
extern const Transition *oms_machine_find(const Machine *machine, int trigger, uint32 conditions, uint32 facts,
										  bool reported);

/* Does any row of this trigger ask for one of these facts?  Else nobody needs to find them out. */
static inline bool
oms_machine_asks(const Machine *machine, int trigger, uint32 facts)
{
	return (facts & ~machine->triggers[trigger].idle_facts) != 0;
}

/* The conditions after it. */
static inline uint32
oms_transition_apply(const Transition *transition, uint32 conditions)
{
	return (conditions & ~transition->clears) | transition->sets;
}

/* Is the table sound in itself, and apart from that of another kind?  An error where it is not. */
extern void oms_machine_check(const Machine *machine);
extern void oms_machine_check_apart(const Machine *a, const Machine *b);

#endif							/* OMS_MACHINE_H */
