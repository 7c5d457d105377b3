/*-------------------------------------------------------------------------
 *
 * damage.c
 *	  Stored rows that contradict each other.
 *
 * Writes no table, takes no lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "base/damage.h"

void
oms_damaged(const char *fmt,...)
{
	StringInfoData message;

	initStringInfo(&message);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, fmt);
		needed = appendStringInfoVA(&message, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&message, needed);
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg_internal("%s", message.data),
			 errhint("SELECT * FROM oms.verify() names all that is damaged.")));
	pg_unreachable();
}

void
oms_walk_step(Walk *walk, const char *object, const char *id)
{
	CHECK_FOR_INTERRUPTS();
	if (walk->mark && strcmp(walk->mark, id) == 0)
		oms_damaged("%s \"%s\" comes back to itself by its links", object, id);
	if (walk->steps++ == walk->next_mark)
	{
		walk->mark = id;
		walk->next_mark = walk->next_mark * 2 + 1;
	}
}
