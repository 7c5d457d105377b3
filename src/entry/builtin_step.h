/*-------------------------------------------------------------------------
 *
 * builtin_step.h
 *	  A built-in step of a service is done: what it has, and how it gives commands.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_BUILTIN_STEP_H
#define OMS_BUILTIN_STEP_H

#include "postgres.h"

#include "core/service.h"
#include "entry/run.h"

typedef struct BuiltinStep
{
	UnitOfWork *uow;
	const ServiceBuiltin *def;
	const Command *with;		/* its fields; the trees of its ids are locked, and the clock is read */
	const Command *begin;		/* the command that its service begins with, done; NULL: it begins with none */
	const char *id;				/* its commands have this, ':' and their number; NULL: they have none */
	const char *causation_id;	/* or NULL */
	const char *correlation_id; /* or NULL */
	int			ngiven;
	int			room;			/* so many commands it may give at most */

	/* of the next command */
	List	   *findings;		/* of Finding: what else there is to say of it */
	bool		decided;		/* it follows from what was decided: no rule refuses it */
} BuiltinStep;

/* builtin_order.c: all that there are; the last one has no name. */
extern const ServiceBuiltin oms_builtins[];

/* A command begins, with its ids: its own fields are to follow, and then it is given.  OM001 where it is one too many. */
extern JsonWriter oms_builtin_command(BuiltinStep *step, CommandType type);

/* It goes through the pipeline as the caller's. */
extern Refusal *oms_builtin_give(BuiltinStep *step, JsonWriter *w);

/* What of a repeat was done for something else: OM007. */
extern Refusal *oms_builtin_was_other(const BuiltinStep *step);

#endif							/* OMS_BUILTIN_STEP_H */
