/*-------------------------------------------------------------------------
 *
 * attribute_value.c
 *	  What one attribute of an asset class may be.
 *
 * Pure.  A pattern is matched by the server's own engine, in the collation C: the
 * same everywhere, and in a time that grows with the text alone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation_d.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "regex/regex.h"
#include "utils/builtins.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/attribute_value.h"
#include "core/command.h"

const OmsName oms_attribute_type_names[] = {
	{ATTRIBUTE_TEXT, "text"},
	{ATTRIBUTE_NUMBER, "number"},
	{ATTRIBUTE_BOOLEAN, "boolean"},
	{ATTRIBUTE_DATE, "date"},
	{ATTRIBUTE_TIME, "time"},
	{ATTRIBUTE_ENUMERATION, "enumeration"},
	{ATTRIBUTE_PATTERN, "pattern"},
	{0}
};

/* ------------------------------------------------------------------------
 * patterns
 * ------------------------------------------------------------------------
 */

/*
 * How often the counted parts of it are repeated in all: one counted part may
 * stand in another, and the server makes as many copies.  At least that: of a "{"
 * that is a character, and of parts beside each other, it counts too much.
 */
static int
attribute_pattern_copies(const char *pattern)
{
	int64		copies = 1;

	for (const char *c = strchr(pattern, '{'); c; c = strchr(c + 1, '{'))
	{
		int			count = 0;
		int			most = 1;

		for (const char *d = c + 1; (*d >= '0' && *d <= '9') || *d == ','; d++)
		{
			count = *d == ',' ? 0 : Min(count * 10 + (*d - '0'), PATTERN_COPIES_MAX + 1);
			most = Max(most, count);
		}
		copies = Min(copies * most, PATTERN_COPIES_MAX + 1);
	}
	return (int) copies;
}

/* Why the server does not take it; or NULL, and what it found in it. */
static const char *
attribute_pattern_compile(const char *pattern, long *info)
{
	int			length = strlen(pattern);
	pg_wchar   *wide = palloc(sizeof(pg_wchar) * (length + 1));
	int			nwide = pg_mb2wchar_with_len(pattern, wide, length);
	regex_t		compiled;
	char		why[200];
	int			result = pg_regcomp(&compiled, wide, nwide, REG_ADVANCED | REG_NOSUB, C_COLLATION_OID);

	pfree(wide);
	if (result == REG_OKAY)
	{
		*info = compiled.re_info;
		pg_regfree(&compiled);
		return NULL;
	}
	pg_regerror(result, &compiled, why, sizeof(why));
	return pstrdup(why);
}

const char *
oms_pattern_check(const char *pattern, const char **whole)
{
	long		info = 0;
	const char *why;

	if (attribute_pattern_copies(pattern) > PATTERN_COPIES_MAX)
		return psprintf("its counted parts would be repeated more than %d times", PATTERN_COPIES_MAX);
	/* by itself first: with the anchors around it, what has one bracket too many would be another pattern */
	why = attribute_pattern_compile(pattern, &info);
	if (why)
		return psprintf("it is no regular expression: %s", why);
	/* both may take as long as they like */
	if (info & (REG_UBACKREF | REG_ULOOKAROUND))
		return "it must not refer back to what it matched, nor look ahead or behind";
	*whole = psprintf("^(?:%s)$", pattern);
	why = attribute_pattern_compile(*whole, &info);
	return why ? psprintf("it cannot be held against all of a text: %s", why) : NULL;
}

bool
oms_pattern_matches(const AttributeDef *def, const char *text, int length)
{
	/* the server keeps what it has compiled */
	return RE_compile_and_execute(cstring_to_text(def->pattern), unconstify(char *, text), length, REG_ADVANCED | REG_NOSUB, C_COLLATION_OID, 0, NULL);
}

/* ------------------------------------------------------------------------
 * one value
 * ------------------------------------------------------------------------
 */

int
oms_attribute_compare(const JsonbValue *a, const JsonbValue *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	switch (a->type)
	{
		case jbvString:
			{
				int			order = memcmp(a->val.string.val, b->val.string.val, Min(a->val.string.len, b->val.string.len));

				return order != 0 ? order : a->val.string.len - b->val.string.len;
			}
		case jbvNumeric:
			return oms_dec_cmp(a->val.numeric, b->val.numeric);
		case jbvBool:
			return (int) a->val.boolean - (int) b->val.boolean;
		default:
			return 0;
	}
}

static void
attribute_set_text(JsonbValue *value, const char *text, int length)
{
	value->type = jbvString;
	value->val.string.val = unconstify(char *, text);
	value->val.string.len = length;
}

static const char *
attribute_take_text(const AttributeDef *def, const JsonbValue *given, JsonbValue *value)
{
	int			most = def->type == ATTRIBUTE_PATTERN ? PATTERN_VALUE_MAX : TEXT_LENGTH_MAX;

	if (given->type != jbvString || given->val.string.len > most)
		return psprintf("a text of at most %d bytes", most);
	*value = *given;
	return NULL;
}

static const char *
attribute_take_number(const AttributeDef *def, const JsonbValue *given, JsonbValue *value)
{
	value->type = jbvNumeric;
	if (given->type == jbvNumeric && oms_dec_acceptable(given->val.numeric))
		value->val.numeric = given->val.numeric;
	else if (given->type != jbvString || !oms_dec_parse(given->val.string.val, given->val.string.len, &value->val.numeric))
		return psprintf("a decimal number of at most %d digits", DECIMAL_DIGITS_MAX);
	value->val.numeric = oms_dec_trim(value->val.numeric);
	return NULL;
}

/* FIX writes Y and N. */
static const char *
attribute_take_boolean(const AttributeDef *def, const JsonbValue *given, JsonbValue *value)
{
	bool		letter = given->type == jbvString && given->val.string.len == 1;

	value->type = jbvBool;
	if (given->type == jbvBool)
		value->val.boolean = given->val.boolean;
	else if (letter && (given->val.string.val[0] == 'Y' || given->val.string.val[0] == 'N'))
		value->val.boolean = given->val.string.val[0] == 'Y';
	else
		return "true or false";
	return NULL;
}

static const char *
attribute_take_date(const AttributeDef *def, const JsonbValue *given, JsonbValue *value)
{
	char	   *text = palloc(MOMENT_TEXT_SIZE);
	DateADT		date;

	if (given->type != jbvString || !oms_date_parse(given->val.string.val, given->val.string.len, &date))
		return "a date as 2026-03-02";
	attribute_set_text(value, text, oms_date_text(date, text));
	return NULL;
}

static const char *
attribute_take_time(const AttributeDef *def, const JsonbValue *given, JsonbValue *value)
{
	char	   *text = palloc(MOMENT_TEXT_SIZE);
	TimestampTz time;

	if (given->type != jbvString || !oms_time_parse(given->val.string.val, given->val.string.len, &time))
		return "a time with a zone as 2026-03-02T09:30:00Z";
	attribute_set_text(value, text, oms_time_text(time, text));
	return NULL;
}

/* A code of FIX may come as a number, and be the value too. */
static const char *
attribute_take_enumeration(const AttributeDef *def, const JsonbValue *given, JsonbValue *value)
{
	*value = *given;
	if (given->type == jbvNumeric)
	{
		char	   *text = oms_dec_text(oms_dec_trim(given->val.numeric));

		attribute_set_text(value, text, strlen(text));
	}
	for (int i = 0; i < def->nallowed; i++)
		if (oms_attribute_compare(&def->allowed[i], value) == 0)
			return NULL;
	for (int i = 0; i < def->ncodes && value->type == jbvString; i++)
		if (strlen(def->codes[i].code) == value->val.string.len &&
			memcmp(def->codes[i].code, value->val.string.val, value->val.string.len) == 0)
		{
			attribute_set_text(value, def->codes[i].value, strlen(def->codes[i].value));
			return NULL;
		}
	return "one of the allowed values";
}

static const char *(*const attribute_takers[]) (const AttributeDef *def, const JsonbValue *given, JsonbValue *value) = {
	[0] = attribute_take_text,	/* of a definition that does not say it */
	[ATTRIBUTE_TEXT] = attribute_take_text,
	[ATTRIBUTE_NUMBER] = attribute_take_number,
	[ATTRIBUTE_BOOLEAN] = attribute_take_boolean,
	[ATTRIBUTE_DATE] = attribute_take_date,
	[ATTRIBUTE_TIME] = attribute_take_time,
	[ATTRIBUTE_ENUMERATION] = attribute_take_enumeration,
	[ATTRIBUTE_PATTERN] = attribute_take_text,
};

char *
oms_attribute_text(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, pg_mbcliplen(value->val.string.val, value->val.string.len, 100));
		case jbvNumeric:
			return oms_dec_text(value->val.numeric);
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		case jbvNull:
			return pstrdup("null");
		default:
			return pstrdup(JsonContainerIsArray(value->val.binary.data) ? "an array" : "an object");
	}
}

/* Is it within the bounds?  Of a text that is how many characters it has. */
static bool
attribute_is_within(const AttributeDef *def, const JsonbValue *value)
{
	JsonbValue	length = {.type = jbvNumeric};

	if (def->min == NULL && def->max == NULL)
		return true;
	if (def->type == ATTRIBUTE_TEXT || def->type == ATTRIBUTE_PATTERN)
	{
		length.val.numeric = int64_to_numeric(pg_mbstrlen_with_len(value->val.string.val, value->val.string.len));
		value = &length;
	}
	return (def->min == NULL || oms_attribute_compare(def->min, value) <= 0) && (def->max == NULL || oms_attribute_compare(value, def->max) <= 0);
}

static const char *
attribute_bounds(const AttributeDef *def)
{
	const char *unit = def->type == ATTRIBUTE_TEXT || def->type == ATTRIBUTE_PATTERN ? " characters" : "";

	if (def->min && def->max)
		return psprintf("from %s to %s%s", oms_attribute_text(def->min), oms_attribute_text(def->max), unit);
	return psprintf("at %s %s%s", def->min ? "least" : "most", oms_attribute_text(def->min ? def->min : def->max), unit);
}

static bool
attribute_is_allowed(const AttributeDef *def, const JsonbValue *value)
{
	for (int i = 0; i < def->nallowed; i++)
		if (oms_attribute_compare(&def->allowed[i], value) == 0)
			return true;
	return def->nallowed == 0;
}

const char *
oms_attribute_take(const AttributeDef *def, const JsonbValue *given, JsonbValue *value)
{
	const char *wanted = attribute_takers[def->type] (def, given, value);

	if (wanted)
		return wanted;
	if (!attribute_is_within(def, value))
		return attribute_bounds(def);
	if (def->pattern && !oms_pattern_matches(def, value->val.string.val, value->val.string.len))
		return psprintf("a text that matches %s", def->pattern_given);
	return attribute_is_allowed(def, value) ? NULL : "one of the allowed values";
}

char *
oms_attribute_allowed(const AttributeDef *def)
{
	StringInfoData out;

	if (def->nallowed == 0)
		return NULL;
	initStringInfo(&out);
	for (int i = 0; i < def->nallowed; i++)
	{
		if (out.len > 500)
		{
			appendStringInfo(&out, " and %d more", def->nallowed - i);
			break;
		}
		appendStringInfo(&out, "%s%s", i > 0 ? ", " : "", oms_attribute_text(&def->allowed[i]));
	}
	return out.data;
}
