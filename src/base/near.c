/*-------------------------------------------------------------------------
 *
 * near.c
 *	  Names that somebody may have meant who wrote another.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/near.h"
#include "lib/stringinfo.h"
#include "utils/varlena.h"

/* Of fewer letters too many names have a part. */
#define NEAR_PART_MIN	3

char *
oms_squeezed(const char *name, int length)
{
	char	   *squeezed = palloc(length + 1);
	int			n = 0;

	for (int i = 0; i < length; i++)
		if (name[i] != '_' && name[i] != '-' && name[i] != ' ')
			squeezed[n++] = pg_ascii_tolower((unsigned char) name[i]);
	squeezed[n] = '\0';
	return squeezed;
}

/* away < 0: one is a part of the other. */
static bool
near_is(const char *wanted, const char *name, int away)
{
	if (away < 0)
		return strlen(wanted) >= NEAR_PART_MIN && (strstr(name, wanted) != NULL || (strlen(name) >= NEAR_PART_MIN && strstr(wanted, name) != NULL));
	return varstr_levenshtein_less_equal(wanted, strlen(wanted), name, strlen(name), 1, 1, 1, away, true) <= away;
}

const char *
oms_did_you_mean(const List *names, const char *given, int length)
{
	StringInfoData hint;
	char	   *wanted;
	int			most;
	int			found = 0;
	ListCell   *cell;

	if (length == 0 || length > OMS_NEAR_MAX)
		return NULL;
	wanted = oms_squeezed(given, length);
	initStringInfo(&hint);
	/* further and further away, but never so far that more than a third of it is another; parts come last */
	most = Min(3, ((int) strlen(wanted) + 2) / 3);
	for (int away = 0; away <= most + 1 && found == 0; away++)
		foreach(cell, names)
		{
			const char *name = lfirst(cell);

			if (near_is(wanted, oms_squeezed(name, strlen(name)), away > most ? -1 : away) && ++found <= 3)
				appendStringInfo(&hint, "%s\"%s\"", found == 1 ? "Did you mean " : " or ", name);
		}
	appendStringInfoChar(&hint, '?');
	return found > 0 ? hint.data : NULL;
}
