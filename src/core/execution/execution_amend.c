/*-------------------------------------------------------------------------
 *
 * execution_amend.c
 *	  What the desk changes of an execution that waits in review.
 *
 * Pure: values in, values out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/execution/execution.h"

typedef enum AmendedType
{
	AMENDED_TEXT,
	AMENDED_NUMBER,
	AMENDED_DATE
} AmendedType;

#define AMENDED(type, member) {type, offsetof(Command, member), offsetof(Execution, member)}

static const struct
{
	AmendedType type;
	size_t		given;
	size_t		has;
}			amended_fields[] = {
	AMENDED(AMENDED_NUMBER, last_qty),
	AMENDED(AMENDED_NUMBER, last_px),
	AMENDED(AMENDED_TEXT, last_mkt),
	AMENDED(AMENDED_TEXT, symbol),
	AMENDED(AMENDED_TEXT, side),
	AMENDED(AMENDED_TEXT, currency),
	AMENDED(AMENDED_DATE, trade_date),
	AMENDED(AMENDED_DATE, settl_date),
	AMENDED(AMENDED_NUMBER, commission),
	AMENDED(AMENDED_TEXT, comm_type),
	AMENDED(AMENDED_TEXT, last_capacity),
};

/* True if it was given, and is another. */
static bool
amend_take_field(AmendedType type, const void *given, void *has)
{
	if (type == AMENDED_DATE)
	{
		DateADT		date = *(const DateADT *) given;

		if (date == NO_DATE || date == *(DateADT *) has)
			return false;
		*(DateADT *) has = date;
		return true;
	}
	if (*(void *const *) given == NULL)
		return false;
	if (type == AMENDED_TEXT ? oms_same_text(*(char *const *) given, *(char **) has) :
		oms_dec_same(*(const Numeric *) given, *(Numeric *) has))
		return false;
	*(void **) has = *(void *const *) given;
	return true;
}

/* What the report said stays beside what becomes of it: a repeat is compared with that. */
static void
amend_keep_text(const char *now, char *before, char **reported)
{
	if (*reported == NULL && before && !oms_same_text(now, before))
		*reported = before;
	else if (*reported && oms_same_text(now, *reported))
		*reported = NULL;
}

static void
amend_keep_number(Numeric now, Numeric before, Numeric *reported)
{
	if (*reported == NULL && !oms_dec_same(now, before))
		*reported = before;
	else if (*reported && oms_dec_same(now, *reported))
		*reported = NULL;
}

static void
amend_keep_reported(const Execution *before, Execution *execution)
{
	amend_keep_number(execution->last_qty, before->last_qty, &execution->reported_last_qty);
	amend_keep_number(execution->last_px, before->last_px, &execution->reported_last_px);
	amend_keep_text(execution->symbol, before->symbol, &execution->reported_symbol);
	amend_keep_text(execution->side, before->side, &execution->reported_side);
	if (!oms_dec_same(execution->last_qty, before->last_qty))
		oms_execution_count(execution);
}

bool
oms_execution_amend(const Command *command, Execution *execution)
{
	Execution	before = *execution;
	bool		changes = false;

	for (int i = 0; i < lengthof(amended_fields); i++)
		if (amend_take_field(amended_fields[i].type, (const char *) command + amended_fields[i].given,
							 (char *) execution + amended_fields[i].has))
			changes = true;
	amend_keep_reported(&before, execution);
	return changes;
}
