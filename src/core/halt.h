/*-------------------------------------------------------------------------
 *
 * halt.h
 *	  Trading halts, and what they do to a command.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_HALT_H
#define OMS_HALT_H

#include "postgres.h"

#include "core/decision.h"

typedef struct Halt
{
	const char *name;
	int64		version;
	const char *symbol;			/* this one and the next two: NULL is any */
	const char *account;
	const char *destination;
	TimestampTz since;			/* it is in force from here … */
	TimestampTz until;			/* … to before here; DT_NOEND: nobody knows */
	const char *reason;			/* or NULL */
} Halt;

/*
 * All that there are, by symbol and name; those of any symbol come first.  Of one
 * exchange every symbol may be halted when its session is over.
 */
typedef struct Halts
{
	Halt	   *halts;
	int			count;
	int			of_any_symbol;
} Halts;

/* They are in their order from now on. */
extern void oms_halts_sort(Halts *halts);

/* The first one that is in force then, and of all three; NULL: there is none. */
extern const Halt *oms_halt_find(const Halts *halts, TimestampTz now, const char *symbol, const char *account, const char *destination);

/*
 * What somebody asks for is decided upon: is a halt against it?  A client order
 * that it makes is accepted, and a finding says that it waits on the desk.  OM005
 * where it would place something, accept a quote, or have more than before of an
 * order or of a block.  All else passes: what takes back, reduces or moves a price,
 * and whatever tells a fact.
 *
 * Asked of what the command has made of the objects, and not of its fields, so
 * that whatever makes orders is bound, by their terms as they are then.
 */
extern Refusal *oms_halts_check(Decision *d);

#endif							/* OMS_HALT_H */
