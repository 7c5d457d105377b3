/*-------------------------------------------------------------------------
 *
 * attribute_read.c
 *	  An attribute as a value of SQL: what the typed views of asset classes call.
 *
 * What is not of the type is null, whatever it is: a view never fails for what
 * stands in a row.  Reads nothing, takes no lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "base/json.h"
#include "base/moment.h"
#include "core/attribute_value.h"

PG_FUNCTION_INFO_V1(oms_read_attribute_text);
PG_FUNCTION_INFO_V1(oms_read_attribute_number);
PG_FUNCTION_INFO_V1(oms_read_attribute_boolean);
PG_FUNCTION_INFO_V1(oms_read_attribute_date);
PG_FUNCTION_INFO_V1(oms_read_attribute_time);

/* In the form of that type; false where it is none. */
static bool
attribute_read(FunctionCallInfo fcinfo, AttributeType type, JsonbValue *value)
{
	AttributeDef plain = {.type = type};
	Jsonb	   *attributes = PG_GETARG_JSONB_P(0);
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	JsonbValue	hold;
	JsonbValue *found = oms_json_get(attributes, name, &hold);

	return found && found->type != jbvNull && oms_attribute_take(&plain, found, value) == NULL;
}

Datum
oms_read_attribute_text(PG_FUNCTION_ARGS)
{
	JsonbValue	value;

	if (!attribute_read(fcinfo, ATTRIBUTE_TEXT, &value))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(value.val.string.val, value.val.string.len));
}

Datum
oms_read_attribute_number(PG_FUNCTION_ARGS)
{
	JsonbValue	value;

	if (!attribute_read(fcinfo, ATTRIBUTE_NUMBER, &value))
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(value.val.numeric);
}

Datum
oms_read_attribute_boolean(PG_FUNCTION_ARGS)
{
	JsonbValue	value;

	if (!attribute_read(fcinfo, ATTRIBUTE_BOOLEAN, &value))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(value.val.boolean);
}

Datum
oms_read_attribute_date(PG_FUNCTION_ARGS)
{
	JsonbValue	value;
	DateADT		date;

	if (!attribute_read(fcinfo, ATTRIBUTE_DATE, &value) || !oms_date_parse(value.val.string.val, value.val.string.len, &date))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(date);
}

Datum
oms_read_attribute_time(PG_FUNCTION_ARGS)
{
	JsonbValue	value;
	TimestampTz time;

	if (!attribute_read(fcinfo, ATTRIBUTE_TIME, &value) || !oms_time_parse(value.val.string.val, value.val.string.len, &time))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(time);
}
