/*
 * gateway/server/rights.h
 *     What a user may see of each kind of object, as a condition of the live engine: what the policies of the tables ask, in its words.
 */
#ifndef RIGHTS_H
#define RIGHTS_H

#include "live.h"
#include "pool.h"

typedef struct Rights
{
	bool		known;			/* the policies are those that this version knows, and can be asked of memory */
	bool		reads;			/* his role may read the tables */
	Text		conditions[LIVE_OBJECTS];	/* of no length: he sees nothing */
} Rights;

/* The row that SQL_LIVE_RIGHTS gives. */
extern void rights_read(Rights *rights, const PGresult *result, int row);
extern bool rights_equal(const Rights *a, const Rights *b);
extern void rights_free(Rights *rights);

#endif
