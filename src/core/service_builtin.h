/*-------------------------------------------------------------------------
 *
 * service_builtin.h
 *	  Built-in steps of services: what no definition can say.
 *
 * A built-in step takes fields as a command does, and gives commands by what it finds:
 * each goes through the pipeline like anybody's.  There is one table of them
 * (entry/builtin_order.c), and no code asks for the name of one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_SERVICE_BUILTIN_H
#define OMS_SERVICE_BUILTIN_H

#include "postgres.h"

#include "core/command.h"

#define BUILTIN_COMMANDS_MAX	6

struct BuiltinStep;

typedef struct ServiceBuiltin
{
	/*
	 * What it takes, as if it were a command: its name, its fields (members of
	 * Command; those that are ids say which trees are locked), the kind of what it is about,
	 * and what its answer has besides (`tells`).
	 */
	CommandDef	takes;
	const char *sentence;		/* what it does, for people */

	/* Its service must begin with this command, which it is about; NULL: it stands anywhere. */
	const CommandDef *behind;

	/*
	 * What it may give.  With a name a command goes by c/name, c being the id of the command
	 * that the service begins with, and is given once at most; without one by c/step:n.
	 */
	struct
	{
		const CommandDef *command;
		const char *name;
	}			gives[BUILTIN_COMMANDS_MAX];	/* ends with NULL */

	/* Do it: what it gives is given, or refused.  entry/builtin_step.h says with what. */
	Refusal    *(*give) (struct BuiltinStep *step);

	/* Of a repeat: was what is recalled done for what is asked now?  NULL: always. */
	Refusal    *(*recalled) (const struct BuiltinStep *step, Jsonb *const *payloads, int count);
} ServiceBuiltin;

#endif							/* OMS_SERVICE_BUILTIN_H */
