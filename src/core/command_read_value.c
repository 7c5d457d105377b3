/*-------------------------------------------------------------------------
 *
 * command_read_value.c
 *	  Reading the value of one field of a command, by its type.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "mb/pg_wchar.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "base/near.h"
#include "core/command_read.h"

Refusal *
oms_field_bad(const CommandField *f, const char *fmt,...)
{
	char		facts[512];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(facts, sizeof(facts), fmt, args);
	va_end(args);
	/* cutting at a byte may cut a character */
	facts[pg_mbcliplen(facts, strlen(facts), sizeof(facts) - 1)] = '\0';
	return oms_with_detail(oms_refuse(OMS_MALFORMED, "field \"%s\" is not a valid %s", f->name,
									  oms_command_field_type_name(f->type)), "%s", facts);
}

Refusal *
oms_field_wrong_type(const CommandField *f, const JsonbValue *v)
{
	const char *type = "an object";

	if (v->type == jbvString)
		type = "a string";
	else if (v->type == jbvNumeric)
		type = "a number";
	else if (v->type == jbvBool)
		type = "a boolean";
	else if (v->type == jbvBinary && JsonContainerIsArray(v->val.binary.data))
		type = "an array";
	return oms_field_bad(f, "It is %s.", type);
}

static Refusal *
command_read_text(const CommandField *f, const JsonbValue *v, void *member)
{
	int			longest = f->type == CMD_ID ? ID_LENGTH_MAX : TEXT_LENGTH_MAX;

	/* the raw message of oms_fix() is the one text that may be long */
	if (f->internal && f->type == CMD_TEXT)
		longest = INT_MAX;
	if (v->type != jbvString)
		return oms_field_wrong_type(f, v);
	if (f->type == CMD_ID && v->val.string.len == 0)
		return oms_field_bad(f, "It is empty.");
	if (v->val.string.len > longest)
		return oms_field_bad(f, "It has %d bytes; the most is %d.", v->val.string.len, longest);
	*(char **) member = pnstrdup(v->val.string.val, v->val.string.len);
	return NULL;
}

static Refusal *
command_read_decimal(const CommandField *f, const JsonbValue *v, void *member)
{
	Numeric		value;
	int			sign;

	if (v->type == jbvString)
	{
		if (!oms_dec_parse(v->val.string.val, v->val.string.len, &value))
			return oms_field_bad(f, "It must be a decimal number of at most %d digits, without an exponent.",
									 DECIMAL_DIGITS_MAX);
	}
	else if (v->type != jbvNumeric)
		return oms_field_wrong_type(f, v);
	else if (!oms_dec_acceptable(v->val.numeric))
		return oms_field_bad(f, "It has more than %d digits.", DECIMAL_DIGITS_MAX);
	else
		value = v->val.numeric;

	sign = oms_dec_sign(value);
	if (f->type == CMD_QTY && sign <= 0)
		return oms_field_bad(f, "It is %s.", oms_dec_text(value));
	if (f->type == CMD_QTY_OR_ZERO && sign < 0)
		return oms_field_bad(f, "It is %s.", oms_dec_text(value));
	*(Numeric *) member = f->type == CMD_FIGURE ? DatumGetNumericCopy(NumericGetDatum(value)) : oms_dec_trim(value);
	return NULL;
}

static Refusal *
command_unknown_name(const CommandField *f, const char *given, int length)
{
	List	   *names = NIL;

	for (const OmsName *n = f->names; n->name != NULL; n++)
		if (n == f->names || n->value != n[-1].value)
			names = lappend(names, unconstify(char *, n->name));
	return oms_with_hint(oms_field_bad(f, "It must be one of %s, or FIX's code.", oms_names_list(f->names)), oms_did_you_mean(names, given, length));
}

static Refusal *
command_read_name(const CommandField *f, const JsonbValue *v, void *member)
{
	const OmsName *name;
	JsonbValue	code;

	/* a FIX code may come as a number */
	if (v->type == jbvNumeric)
	{
		code.type = jbvString;
		code.val.string.val = oms_dec_text(oms_dec_trim(v->val.numeric));
		code.val.string.len = strlen(code.val.string.val);
		v = &code;
	}
	if (v->type != jbvString)
		return oms_field_wrong_type(f, v);
	name = oms_name_find(f->names, v->val.string.val, v->val.string.len);
	if (name == NULL && f->type == CMD_OPEN_NAME)
		return command_read_text(f, v, member);
	if (name == NULL)
		return command_unknown_name(f, v->val.string.val, v->val.string.len);
	*(const char **) member = name->name;
	return NULL;
}

static Refusal *
command_read_moment(const CommandField *f, const JsonbValue *v, void *member)
{
	if (v->type != jbvString)
		return oms_field_wrong_type(f, v);
	if (f->type == CMD_DATE)
	{
		if (!oms_date_parse(v->val.string.val, v->val.string.len, (DateADT *) member))
			return oms_field_bad(f, "It must be a date as 2026-03-02.");
	}
	else if (!oms_time_parse(v->val.string.val, v->val.string.len, (TimestampTz *) member))
		return oms_field_bad(f, "It must be a time with a zone as 2026-03-02T09:30:00Z, or FIX's 20260302-09:30:00.");
	return NULL;
}

static Refusal *
command_read_version(const CommandField *f, const JsonbValue *v, void *member)
{
	char	   *text;
	char	   *end;

	if (v->type != jbvNumeric)
		return oms_field_wrong_type(f, v);
	/* 1.0 is an integer */
	text = oms_dec_text(oms_dec_trim(v->val.numeric));
	errno = 0;
	*(int64 *) member = strtoi64(text, &end, 10);
	if (errno != 0 || *end != '\0' || *(int64 *) member < 0)
		return oms_field_bad(f, "It must be an integer, not negative.");
	return NULL;
}

Refusal *
oms_field_read_value(const CommandField *f, const JsonbValue *v, void *member)
{
	switch (f->type)
	{
		case CMD_ID:
		case CMD_TEXT:
			return command_read_text(f, v, member);
		case CMD_QTY:
		case CMD_QTY_OR_ZERO:
		case CMD_PRICE:
		case CMD_FIGURE:
			return command_read_decimal(f, v, member);
		case CMD_NAME:
		case CMD_OPEN_NAME:
			return command_read_name(f, v, member);
		case CMD_TIME:
		case CMD_DATE:
			return command_read_moment(f, v, member);
		case CMD_BOOL:
			if (v->type != jbvBool)
				return oms_field_wrong_type(f, v);
			*(Tristate *) member = v->val.boolean ? TRI_TRUE : TRI_FALSE;
			return NULL;
		case CMD_VERSION:
			return command_read_version(f, v, member);
		case CMD_OBJECT:
			if (v->type != jbvBinary || !JsonContainerIsObject(v->val.binary.data))
				return oms_field_wrong_type(f, v);
			*(Jsonb **) member = JsonbValueToJsonb(unconstify(JsonbValue *, v));
			return NULL;
		case CMD_CHILDREN:
		case CMD_SHARES:
		case CMD_IDS:
		case CMD_OBJECTS:
			break;
	}
	pg_unreachable();
}
