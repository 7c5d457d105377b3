/*-------------------------------------------------------------------------
 *
 * jsonb_io.c
 *	  Building jsonb without going through text, and reading it.
 *
 * Pure.  A thin layer over utils/adt/jsonb_util.c, so that the code above it
 * reads as a list of keys and values.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/fmgrprotos.h"

#include "jsonb_io.h"
#include "moment.h"

void
oms_json_open_object(JsonWriter *w)
{
	w->result = pushJsonbValue(&w->state, WJB_BEGIN_OBJECT, NULL);
}

void
oms_json_close_object(JsonWriter *w)
{
	w->result = pushJsonbValue(&w->state, WJB_END_OBJECT, NULL);
}

void
oms_json_open_array(JsonWriter *w)
{
	w->result = pushJsonbValue(&w->state, WJB_BEGIN_ARRAY, NULL);
}

void
oms_json_close_array(JsonWriter *w)
{
	w->result = pushJsonbValue(&w->state, WJB_END_ARRAY, NULL);
}

void
oms_json_key_len(JsonWriter *w, const char *key, int length)
{
	JsonbValue	v;

	v.type = jbvString;
	v.val.string.val = unconstify(char *, key);
	v.val.string.len = length;
	w->result = pushJsonbValue(&w->state, WJB_KEY, &v);
}

void
oms_json_key(JsonWriter *w, const char *key)
{
	oms_json_key_len(w, key, strlen(key));
}

void
oms_json_scalar(JsonWriter *w, const char *key, JsonbValue *value)
{
	if (key)
		oms_json_key(w, key);
	w->result = pushJsonbValue(&w->state, key ? WJB_VALUE : WJB_ELEM, value);
}

void
oms_json_string_len(JsonWriter *w, const char *key, const char *value, int length)
{
	JsonbValue	v;

	v.type = jbvString;
	v.val.string.val = unconstify(char *, value);
	v.val.string.len = length;
	oms_json_scalar(w, key, &v);
}

void
oms_json_string(JsonWriter *w, const char *key, const char *value)
{
	oms_json_string_len(w, key, value, strlen(value));
}

void
oms_json_numeric(JsonWriter *w, const char *key, Numeric value)
{
	JsonbValue	v;

	v.type = jbvNumeric;
	v.val.numeric = value;
	oms_json_scalar(w, key, &v);
}

void
oms_json_int(JsonWriter *w, const char *key, int64 value)
{
	oms_json_numeric(w, key, int64_to_numeric(value));
}

void
oms_json_bool(JsonWriter *w, const char *key, bool value)
{
	JsonbValue	v;

	v.type = jbvBool;
	v.val.boolean = value;
	oms_json_scalar(w, key, &v);
}

void
oms_json_time(JsonWriter *w, const char *key, TimestampTz value)
{
	char	   *buf = palloc(MOMENT_TEXT_SIZE);

	oms_json_string_len(w, key, buf, oms_time_text(value, buf));
}

void
oms_json_date(JsonWriter *w, const char *key, DateADT value)
{
	char	   *buf = palloc(MOMENT_TEXT_SIZE);

	oms_json_string_len(w, key, buf, oms_date_text(value, buf));
}

void
oms_json_jsonb(JsonWriter *w, const char *key, const Jsonb *value)
{
	JsonbValue	v;

	v.type = jbvBinary;
	v.val.binary.data = unconstify(JsonbContainer *, &value->root);
	v.val.binary.len = VARSIZE(value) - VARHDRSZ;
	oms_json_scalar(w, key, &v);
}

Jsonb *
oms_json_finish(JsonWriter *w)
{
	return JsonbValueToJsonb(w->result);
}

JsonbValue *
oms_json_get(Jsonb *object, const char *key, JsonbValue *hold)
{
	if (!JB_ROOT_IS_OBJECT(object))
		return NULL;
	return getKeyJsonValueFromContainer(&object->root, key, strlen(key), hold);
}

char *
oms_json_get_string(Jsonb *object, const char *key)
{
	JsonbValue	hold;
	JsonbValue *v = oms_json_get(object, key, &hold);

	if (v == NULL || v->type != jbvString)
		return NULL;
	return pnstrdup(v->val.string.val, v->val.string.len);
}

bool
oms_json_is_object(Jsonb *value)
{
	return JB_ROOT_IS_OBJECT(value);
}

bool
oms_json_is_array(Jsonb *value)
{
	return JB_ROOT_IS_ARRAY(value) && !JB_ROOT_IS_SCALAR(value);
}

/*
 * Text of a string as escape_json() of utils/adt/json.c writes it, but run by
 * run: nearly no character of ours needs an escape.
 */
static void
put_string(StringInfo buf, const char *text, int length)
{
	int			start = 0;

	appendStringInfoCharMacro(buf, '"');
	for (int i = 0; i < length; i++)
	{
		unsigned char c = text[i];
		const char *escape = NULL;

		if (c >= ' ' && c != '"' && c != '\\')
			continue;
		appendBinaryStringInfo(buf, text + start, i - start);
		start = i + 1;
		if (c == '"' || c == '\\')
			escape = c == '"' ? "\\\"" : "\\\\";
		else if (c == '\b')
			escape = "\\b";
		else if (c == '\f')
			escape = "\\f";
		else if (c == '\n')
			escape = "\\n";
		else if (c == '\r')
			escape = "\\r";
		else if (c == '\t')
			escape = "\\t";
		if (escape)
			appendBinaryStringInfo(buf, escape, 2);
		else
			appendStringInfo(buf, "\\u%04x", (int) c);
	}
	appendBinaryStringInfo(buf, text + start, length - start);
	appendStringInfoCharMacro(buf, '"');
}

static void
put_scalar(StringInfo buf, const JsonbValue *v)
{
	switch (v->type)
	{
		case jbvNull:
			appendBinaryStringInfo(buf, "null", 4);
			break;
		case jbvString:
			put_string(buf, v->val.string.val, v->val.string.len);
			break;
		case jbvNumeric:
			appendStringInfoString(buf, DatumGetCString(DirectFunctionCall1(numeric_out,
																			NumericGetDatum(v->val.numeric))));
			break;
		case jbvBool:
			if (v->val.boolean)
				appendBinaryStringInfo(buf, "true", 4);
			else
				appendBinaryStringInfo(buf, "false", 5);
			break;
		default:
			elog(ERROR, "BUG: unknown jsonb scalar type %d", v->type);
	}
}

/*
 * The text that jsonb_out() gives, in half its time: the hash of every event
 * needs it.  oms.verify() computes the same hashes from PostgreSQL's own text.
 */
char *
oms_json_text(Jsonb *value, int *length)
{
	StringInfoData buf;
	JsonbIterator *it = JsonbIteratorInit(&value->root);
	JsonbValue	v;
	JsonbIteratorToken token;
	bool		first = true;

	if (JB_ROOT_IS_SCALAR(value))
		elog(ERROR, "BUG: the text of a bare scalar is not needed");
	initStringInfo(&buf);
	enlargeStringInfo(&buf, VARSIZE(value) * 2);
	while ((token = JsonbIteratorNext(&it, &v, false)) != WJB_DONE)
	{
		bool		ends = token == WJB_END_OBJECT || token == WJB_END_ARRAY;

		if (!first && !ends && token != WJB_VALUE)
			appendBinaryStringInfo(&buf, ", ", 2);
		first = false;
		if (token == WJB_BEGIN_OBJECT || token == WJB_BEGIN_ARRAY)
		{
			appendStringInfoCharMacro(&buf, token == WJB_BEGIN_OBJECT ? '{' : '[');
			first = true;
		}
		else if (ends)
			appendStringInfoCharMacro(&buf, token == WJB_END_OBJECT ? '}' : ']');
		else
			put_scalar(&buf, &v);
		if (token == WJB_KEY)
		{
			appendBinaryStringInfo(&buf, ": ", 2);
			first = true;
		}
	}
	if (length)
		*length = buf.len;
	return buf.data;
}

bool
oms_json_equal(Jsonb *a, Jsonb *b)
{
	return compareJsonbContainers(&a->root, &b->root) == 0;
}
