/*-------------------------------------------------------------------------
 *
 * cursor.h
 *	  Where a page of a query ended: the values that its last row is sorted by.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_QUERY_CURSOR_H
#define OMS_QUERY_CURSOR_H

#include "postgres.h"
#include "lib/stringinfo.h"

#define CURSOR_KEYS_MAX 32

/* Of each key of an order: its type and its value. */
typedef struct CursorKey
{
	Oid			type;
	bool		isnull;
	Datum		value;
} CursorKey;

/* `order` is a digest of what is asked and of how it is sorted; `text` is made anew. */
extern void oms_cursor_encode(uint32 order, const CursorKey *keys, int count, StringInfo text);

/* Sets the values of keys whose types are set; what is wrong with the cursor, or NULL. */
extern const char *oms_cursor_decode(const char *text, int length, uint32 order, CursorKey *keys, int count);

#endif							/* OMS_QUERY_CURSOR_H */
