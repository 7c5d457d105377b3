/*-------------------------------------------------------------------------
 *
 * record_private.h
 *	  What both halves of record.h have: a row (record.c), a state (record_json.c).
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_RECORD_PRIVATE_H
#define OMS_RECORD_PRIVATE_H

#include "base/record.h"

#define MEMBER(record, column, ctype) (*(ctype *) ((char *) (record) + (column)->offset))
#define CONST_MEMBER(record, column, ctype) (*(const ctype *) ((const char *) (record) + (column)->offset))

/* The value of a name that is stored: an error where it is none. */
extern int	oms_record_name_value(const OmsName *names, const char *text, size_t length);

#endif							/* OMS_RECORD_PRIVATE_H */
