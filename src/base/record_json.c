/*-------------------------------------------------------------------------
 *
 * record_json.c
 *	  An object's struct as the JSON of its state, and back.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "base/moment.h"
#include "base/record_private.h"

/* In line: some sixty of them are asked for each event, and most are null. */
static pg_attribute_always_inline void
record_member_to_json(const RecordColumn *c, const void *record, JsonWriter *w)
{
	switch (c->type)
	{
		case FIELD_TEXT:
			if (CONST_MEMBER(record, c, char *) != NULL)
				oms_json_string(w, c->json, CONST_MEMBER(record, c, char *));
			break;
		case FIELD_NUMERIC:
			if (CONST_MEMBER(record, c, Numeric) != NULL)
				oms_json_numeric(w, c->json, CONST_MEMBER(record, c, Numeric));
			break;
		case FIELD_COUNT:
			oms_json_int(w, c->json, CONST_MEMBER(record, c, int64));
			break;
		case FIELD_COUNT_OR_NULL:
			if (CONST_MEMBER(record, c, int64) != 0)
				oms_json_int(w, c->json, CONST_MEMBER(record, c, int64));
			break;
		case FIELD_TIME:
			if (CONST_MEMBER(record, c, TimestampTz) != NO_TIME)
				oms_json_time(w, c->json, CONST_MEMBER(record, c, TimestampTz));
			break;
		case FIELD_DATE:
			if (CONST_MEMBER(record, c, DateADT) != NO_DATE)
				oms_json_date(w, c->json, CONST_MEMBER(record, c, DateADT));
			break;
		case FIELD_JSON:
			if (CONST_MEMBER(record, c, Jsonb *) != NULL)
				oms_json_jsonb(w, c->json, CONST_MEMBER(record, c, Jsonb *));
			break;
		case FIELD_HASH:
			elog(ERROR, "BUG: a hash is no part of a state");
			break;
		case FIELD_NAME:
			if (CONST_MEMBER(record, c, int) != 0)
				oms_json_string(w, c->json, oms_name_of(c->names, CONST_MEMBER(record, c, int)));
			break;
		case FIELD_BOOL:
			if (CONST_MEMBER(record, c, bool) || c->required)
				oms_json_bool(w, c->json, CONST_MEMBER(record, c, bool));
			break;
		case FIELD_NAMES:
			if (CONST_MEMBER(record, c, uint32) != 0)
			{
				oms_json_key(w, c->json);
				oms_json_open_array(w);
				for (const OmsName *n = c->names; n->name != NULL; n++)
					if (CONST_MEMBER(record, c, uint32) & n->value)
						oms_json_string(w, NULL, n->name);
				oms_json_close_array(w);
			}
			break;
	}
}

/* By length and then by bytes, as jsonb keeps its keys. */
static int
record_compare_key(const char *key, const char *other, int other_length)
{
	int			length = strlen(key);

	return length != other_length ? length - other_length : memcmp(key, other, length);
}

static int
record_compare_columns(const void *a, const void *b)
{
	const char *second = (*(const RecordColumn *const *) b)->json;

	return record_compare_key((*(const RecordColumn *const *) a)->json, second, strlen(second));
}

/* The columns in that order: keys that come sorted cost nothing to sort. */
static const RecordColumn **
record_columns_by_key(const RecordDef *def)
{
	RecordOrder *order = def->order;

	if (order->count == 0)
	{
		for (int i = 0; i < def->ncolumns; i++)
			if (def->columns[i].json != NULL)
				order->columns[order->count++] = &def->columns[i];
		qsort(order->columns, order->count, sizeof(order->columns[0]), record_compare_columns);
	}
	return order->columns;
}

void
oms_record_to_json(const RecordDef *def, const void *record, JsonWriter *w, const char *key)
{
	const RecordColumn **columns = record_columns_by_key(def);

	if (key)
		oms_json_key(w, key);
	oms_json_open_object(w);
	for (int i = 0; i < def->order->count; i++)
		record_member_to_json(columns[i], record, w);
	oms_json_close_object(w);
}

void
oms_record_member_to_json(const RecordColumn *column, const void *record, JsonWriter *w)
{
	record_member_to_json(column, record, w);
}

static uint32
record_names_from_json(const RecordColumn *c, JsonbValue *array)
{
	uint32		bits = 0;
	JsonbIterator *it = JsonbIteratorInit(array->val.binary.data);
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_ELEM && v.type == jbvString)
			bits |= oms_record_name_value(c->names, v.val.string.val, v.val.string.len);
	return bits;
}

/* Text of one of our own states; anything else means that the event was damaged. */
static void
record_member_from_json_text(const RecordColumn *c, const char *text, int length, void *record)
{
	bool		ok = true;

	switch (c->type)
	{
		case FIELD_TEXT:
			MEMBER(record, c, char *) = pnstrdup(text, length);
			break;
		case FIELD_TIME:
			ok = oms_time_parse(text, length, &MEMBER(record, c, TimestampTz));
			break;
		case FIELD_DATE:
			ok = oms_date_parse(text, length, &MEMBER(record, c, DateADT));
			break;
		case FIELD_NAME:
			MEMBER(record, c, int) = oms_record_name_value(c->names, text, length);
			break;
		default:
			ok = false;
	}
	if (!ok)
		elog(ERROR, "cannot read \"%s\" of a stored state", c->json);
}

void
oms_record_find(const RecordDef *def, Jsonb *state, RecordFields *fields)
{
	const RecordColumn **columns = record_columns_by_key(def);
	int			next = 0;
	JsonbIterator *it = JsonbIteratorInit(&state->root);
	JsonbIteratorToken token;
	JsonbValue	key;

	memset(fields->found, false, sizeof(bool) * def->ncolumns);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE && next < def->order->count)
	{
		int			order = 1;
		int			place;

		if (token != WJB_KEY)
			continue;
		/* keys and columns come in the same order */
		while (next < def->order->count &&
			   (order = record_compare_key(columns[next]->json, key.val.string.val, key.val.string.len)) < 0)
			next++;
		if (order != 0)
			continue;
		place = columns[next++] - def->columns;
		(void) JsonbIteratorNext(&it, &fields->values[place], true);
		fields->found[place] = true;
	}
}

void
oms_record_from_fields(const RecordDef *def, RecordFields *fields, void *record)
{
	oms_record_init(def, record);
	for (int i = 0; i < def->ncolumns; i++)
	{
		const RecordColumn *c = &def->columns[i];
		JsonbValue *v = &fields->values[i];

		if (!fields->found[i])
		{
			if (c->derive)
				MEMBER(record, c, bool) = c->derive(record);
			continue;
		}
		if (v->type == jbvString && c->type != FIELD_JSON)
			record_member_from_json_text(c, v->val.string.val, v->val.string.len, record);
		else if (v->type == jbvNumeric && c->type == FIELD_NUMERIC)
			MEMBER(record, c, Numeric) = DatumGetNumericCopy(NumericGetDatum(v->val.numeric));
		else if (v->type == jbvNumeric && (c->type == FIELD_COUNT || c->type == FIELD_COUNT_OR_NULL))
			MEMBER(record, c, int64) = DatumGetInt64(DirectFunctionCall1(numeric_int8,
																		 NumericGetDatum(v->val.numeric)));
		else if (c->type == FIELD_JSON)
			MEMBER(record, c, Jsonb *) = JsonbValueToJsonb(v);
		else if (v->type == jbvBool && c->type == FIELD_BOOL)
			MEMBER(record, c, bool) = v->val.boolean;
		else if (v->type == jbvBinary && c->type == FIELD_NAMES)
			MEMBER(record, c, uint32) = record_names_from_json(c, v);
		else
			elog(ERROR, "cannot read \"%s\" of a stored state", c->json);
	}
}

void
oms_record_from_json(const RecordDef *def, Jsonb *state, void *record)
{
	RecordFields fields;

	oms_record_find(def, state, &fields);
	oms_record_from_fields(def, &fields, record);
}
