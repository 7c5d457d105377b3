/*-------------------------------------------------------------------------
 *
 * command_read.h
 *	  What command_read.c reads the fields of a command with.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_COMMAND_READ_H
#define OMS_COMMAND_READ_H

#include "postgres.h"

#include "core/command.h"

/* command_read_value.c: OM001 of a field, with these facts; or that it is no JSON of its kind. */
extern Refusal *oms_field_bad(const CommandField *f, const char *fmt,...) pg_attribute_printf(2, 3);
extern Refusal *oms_field_wrong_type(const CommandField *f, const JsonbValue *v);

/* A value that is no array, into a member of the type that the field's is read to. */
extern Refusal *oms_field_read_value(const CommandField *f, const JsonbValue *v, void *member);

/* command_read_arrays.c: an array, of which one member after the other is looked at. */
typedef struct FieldArray
{
	int			count;			/* of its members */
	int			number;			/* of the one that is looked at, from 1 on … */
	JsonbValue	member;			/* … and that */
	JsonbIterator *it;
} FieldArray;

/* Is it one, and of so many members?  So much is known before any of it is kept. */
extern Refusal *oms_field_open_array(const CommandField *f, const JsonbValue *v, int fewest, int most, FieldArray *array);
extern bool oms_field_next_member(FieldArray *array);
extern Refusal *oms_field_check_object(const CommandField *f, const FieldArray *array);

extern Refusal *oms_field_read_shares(const CommandField *f, const JsonbValue *v, OrderShares *list);

/* Kept as it is: of identifiers, or of objects. */
extern Refusal *oms_field_read_elements(const CommandField *f, const JsonbValue *v, Jsonb **member);

#endif							/* OMS_COMMAND_READ_H */
