/*
 * gateway/server/rights.c
 *     What a user may see of each kind of object.
 */
#include "rights.h"

#include <string.h>

void
rights_read(Rights *rights, const PGresult *result, int row)
{
	rights_free(rights);
	rights->known = PQgetvalue(result, row, 0)[0] == 't';
	rights->reads = PQgetvalue(result, row, 1)[0] == 't';
	for (int object = 0; object < LIVE_OBJECTS; object++)
		if (!PQgetisnull(result, row, 2 + object))
			text_puts(&rights->conditions[object], PQgetvalue(result, row, 2 + object));
}

bool
rights_equal(const Rights *a, const Rights *b)
{
	bool		equal = a->known == b->known && a->reads == b->reads;

	for (int object = 0; object < LIVE_OBJECTS && equal; object++)
		equal = a->conditions[object].len == b->conditions[object].len &&
			(a->conditions[object].len == 0 || memcmp(a->conditions[object].data, b->conditions[object].data, a->conditions[object].len) == 0);
	return equal;
}

void
rights_free(Rights *rights)
{
	for (int object = 0; object < LIVE_OBJECTS; object++)
		text_free(&rights->conditions[object]);
	*rights = (Rights) {0};
}
