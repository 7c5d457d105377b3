/*-------------------------------------------------------------------------
 * test/unit/allocation_numbers.h
 *	  Numbers and shares, as the tests of allocations write them.
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ALLOCATION_NUMBERS_H
#define OMS_ALLOCATION_NUMBERS_H

#include "utils/fmgrprotos.h"

#include "base/decimal.h"
#include "core/execution/allocation_share.h"

#define MOST 12					/* members of a block, but for the largest */

static inline Numeric
dec(const char *text)
{
	Numeric		value = NULL;

	if (!oms_dec_parse(text, strlen(text), &value))
		elog(ERROR, "\"%s\" is no decimal", text);
	return value;
}

static inline Numeric
whole(int64 value)
{
	return int64_to_numeric(value);
}

/* "1 2*": what each has; * an odd lot. */
static inline char *
shares(const ShareMember *members, int count)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < count; i++)
		appendStringInfo(&text, "%s%s%s", i == 0 ? "" : " ", oms_dec_text(members[i].quantity), members[i].odd_lot ? "*" : "");
	return text.data;
}

#endif							/* OMS_ALLOCATION_NUMBERS_H */
