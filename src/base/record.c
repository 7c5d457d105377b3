/*-------------------------------------------------------------------------
 *
 * record.c
 *	  One description of a kind of object: its struct, its table row and its
 *	  JSON state are three views of the same list of columns.
 *
 * Pure.  What is common to all objects is here; what an object means is in its
 * own file of the core.  Written once for four directions, so that a column
 * added to a table of columns cannot be forgotten in one of them.  Struct and row
 * are here, struct and state in record_json.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "base/damage.h"
#include "base/moment.h"
#include "base/record_private.h"

void
oms_record_init(const RecordDef *def, void *record)
{
	memset(record, 0, def->size);
	*(int *) record = def->kind;
	for (int i = 0; i < def->ncolumns; i++)
	{
		const RecordColumn *c = &def->columns[i];

		if (c->type == FIELD_TIME)
			MEMBER(record, c, TimestampTz) = NO_TIME;
		else if (c->type == FIELD_DATE)
			MEMBER(record, c, DateADT) = NO_DATE;
	}
}

/* What the member points to, and how many bytes that is; 0: nothing. */
static size_t
record_pointed_at(const RecordColumn *c, const void *record, const void **from)
{
	bool		is_text = c->type == FIELD_TEXT;

	if (!is_text && c->type != FIELD_NUMERIC && c->type != FIELD_JSON && c->type != FIELD_HASH)
		return 0;
	*from = CONST_MEMBER(record, c, void *);
	if (*from == NULL)
		return 0;
	return is_text ? strlen(*from) + 1 : VARSIZE_ANY(*from);
}

void *
oms_record_copy(const RecordDef *def, const void *record)
{
	size_t		size = MAXALIGN(def->size);
	const void *from;
	char	   *copy;
	char	   *place;

	for (int i = 0; i < def->ncolumns; i++)
		size += MAXALIGN(record_pointed_at(&def->columns[i], record, &from));
	copy = memcpy(palloc(size), record, def->size);
	place = copy + MAXALIGN(def->size);
	for (int i = 0; i < def->ncolumns; i++)
	{
		const RecordColumn *c = &def->columns[i];
		size_t		length = record_pointed_at(c, record, &from);

		if (length == 0)
			continue;
		MEMBER(copy, c, void *) = memcpy(place, from, length);
		place += MAXALIGN(length);
	}
	return copy;
}

static const char *
record_names_from_array(const OmsName *names, Datum datum, uint32 *bits)
{
	ArrayType  *array = DatumGetArrayTypeP(datum);
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	*bits = 0;
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		text	   *t = nulls[i] ? NULL : DatumGetTextPP(elements[i]);
		const OmsName *name = t ? oms_name_find(names, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t)) : NULL;

		if (name == NULL)
			return "is no array of known names";
		*bits |= name->value;
	}
	return NULL;
}

static Datum
record_names_to_array(const OmsName *names, uint32 bits)
{
	Datum		elements[32];
	int			count = 0;

	for (const OmsName *n = names; n->name != NULL; n++)
		if (bits & n->value)
			elements[count++] = CStringGetTextDatum(n->name);
	return PointerGetDatum(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}

int
oms_record_name_value(const OmsName *names, const char *text, size_t length)
{
	const OmsName *name = oms_name_find(names, text, length);

	if (name == NULL)
		elog(ERROR, "cannot read name \"%s\"", pnstrdup(text, length));
	return name->value;
}

static bool
record_is_of_texts(Jsonb *json)
{
	JsonbIterator *it = JsonbIteratorInit(&json->root);
	JsonbIteratorToken token;
	JsonbValue	v;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_ELEM && v.type != jbvString)
			return false;
	return true;
}

static bool
record_has_shape(Jsonb *json, FieldShape shape)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	v;

	if (shape == SHAPE_ANY)
		return true;
	if (shape == SHAPE_OBJECT || !oms_json_is_array(json))
		return shape == SHAPE_OBJECT && oms_json_is_object(json);
	if (shape == SHAPE_TEXTS)
		return record_is_of_texts(json);
	it = JsonbIteratorInit(&json->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_ELEM && (v.type != jbvBinary || !JsonContainerIsObject(v.val.binary.data)))
			return false;
	return true;
}

/* What is wrong with the value, or NULL. */
static const char *
record_member_from_datum(const RecordColumn *c, Datum datum, void *record)
{
	switch (c->type)
	{
		case FIELD_TEXT:
			MEMBER(record, c, char *) = TextDatumGetCString(datum);
			return NULL;
		case FIELD_NUMERIC:
			{
				Numeric		n = DatumGetNumericCopy(datum);

				MEMBER(record, c, Numeric) = n;
				return numeric_is_nan(n) || numeric_is_inf(n) ? "is no finite number" : NULL;
			}
		case FIELD_COUNT:
		case FIELD_COUNT_OR_NULL:
			MEMBER(record, c, int64) = DatumGetInt64(datum);
			return NULL;
		case FIELD_TIME:
			MEMBER(record, c, TimestampTz) = DatumGetTimestampTz(datum);
			return oms_time_is_printable(DatumGetTimestampTz(datum)) ? NULL : "is out of the years 1 to 9999";
		case FIELD_DATE:
			MEMBER(record, c, DateADT) = DatumGetDateADT(datum);
			return oms_date_is_printable(DatumGetDateADT(datum)) ? NULL : "is out of the years 1 to 9999";
		case FIELD_JSON:
			MEMBER(record, c, Jsonb *) = DatumGetJsonbPCopy(datum);
			if (record_has_shape(MEMBER(record, c, Jsonb *), c->shape))
				return NULL;
			return c->shape == SHAPE_OBJECT ? "is no object" :
				c->shape == SHAPE_TEXTS ? "is no array of texts" : "is no array of objects";
		case FIELD_HASH:
			MEMBER(record, c, bytea *) = DatumGetByteaPCopy(datum);
			return NULL;
		case FIELD_NAME:
			{
				text	   *t = DatumGetTextPP(datum);
				const OmsName *name = oms_name_find(c->names, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));

				if (name)
					MEMBER(record, c, int) = name->value;
				return name ? NULL : "is none of the known names";
			}
		case FIELD_NAMES:
			return record_names_from_array(c->names, datum, &MEMBER(record, c, uint32));
		case FIELD_BOOL:
			MEMBER(record, c, bool) = DatumGetBool(datum);
			return DatumGetBool(datum) || c->required ? NULL : "is false, and not null";
	}
	pg_unreachable();
}

Oid
oms_record_column_type(const RecordColumn *c)
{
	static const Oid types[] = {
		[FIELD_TEXT] = TEXTOID,
		[FIELD_NUMERIC] = NUMERICOID,
		[FIELD_COUNT] = INT8OID,
		[FIELD_COUNT_OR_NULL] = INT8OID,
		[FIELD_TIME] = TIMESTAMPTZOID,
		[FIELD_DATE] = DATEOID,
		[FIELD_JSON] = JSONBOID,
		[FIELD_HASH] = BYTEAOID,
		[FIELD_NAME] = TEXTOID,
		[FIELD_NAMES] = TEXTARRAYOID,
		[FIELD_BOOL] = BOOLOID,
	};

	return types[c->type];
}

const TableDef *
oms_record_table(const RecordDef *def)
{
	TableDef   *table = &def->order->table;

	if (table->name == NULL)
	{
		for (int i = 0; i < def->ncolumns; i++)
		{
			def->order->table_columns[i].name = def->columns[i].column;
			def->order->table_columns[i].type = oms_record_column_type(&def->columns[i]);
		}
		table->columns = def->order->table_columns;
		table->ncolumns = def->ncolumns;
		table->keys = def->keys;
		table->nkeys = def->nkeys;
		table->facts = def->facts;
		table->name = def->table;
	}
	return table;
}

const char *
oms_record_read(const RecordDef *def, TupleTableSlot *slot, const AttrNumber *attnums, void *record,
				const RecordColumn **column)
{
	oms_record_init(def, record);
	slot_getallattrs(slot);
	for (int i = 0; i < def->ncolumns; i++)
	{
		const RecordColumn *c = &def->columns[i];
		int			place = attnums[i] - 1;
		const char *problem;

		*column = c;
		if (slot->tts_isnull[place])
			problem = c->required ? "is null" : NULL;
		else
			problem = record_member_from_datum(c, slot->tts_values[place], record);
		if (problem == NULL && c->required && c->type == FIELD_NAMES && MEMBER(record, c, uint32) == 0)
			problem = "is empty";
		if (problem)
			return problem;
	}
	return NULL;
}

void
oms_record_from_slot(const RecordDef *def, TupleTableSlot *slot, const AttrNumber *attnums, void *record)
{
	const RecordColumn *column;
	const char *problem = oms_record_read(def, slot, attnums, record, &column);

	if (problem)
		oms_damaged("column \"%s\" of %s \"%s\" %s", column->column, def->name, MEMBER(record, &def->columns[0], char *), problem);
}

/* Is the member null?  If not, its value as a Datum. */
static bool
record_member_to_datum(const RecordColumn *c, const void *record, Datum *datum)
{
	switch (c->type)
	{
		case FIELD_TEXT:
			{
				const char *value = CONST_MEMBER(record, c, char *);

				if (value != NULL)
					*datum = CStringGetTextDatum(value);
				return value == NULL;
			}
		case FIELD_NUMERIC:
		case FIELD_JSON:
		case FIELD_HASH:
			*datum = PointerGetDatum(CONST_MEMBER(record, c, void *));
			return CONST_MEMBER(record, c, void *) == NULL;
		case FIELD_COUNT:
			*datum = Int64GetDatum(CONST_MEMBER(record, c, int64));
			return false;
		case FIELD_COUNT_OR_NULL:
			*datum = Int64GetDatum(CONST_MEMBER(record, c, int64));
			return CONST_MEMBER(record, c, int64) == 0;
		case FIELD_TIME:
			*datum = TimestampTzGetDatum(CONST_MEMBER(record, c, TimestampTz));
			return CONST_MEMBER(record, c, TimestampTz) == NO_TIME;
		case FIELD_DATE:
			*datum = DateADTGetDatum(CONST_MEMBER(record, c, DateADT));
			return CONST_MEMBER(record, c, DateADT) == NO_DATE;
		case FIELD_NAME:
			if (CONST_MEMBER(record, c, int) != 0)
				*datum = CStringGetTextDatum(oms_name_of(c->names, CONST_MEMBER(record, c, int)));
			return CONST_MEMBER(record, c, int) == 0;
		case FIELD_NAMES:
			{
				uint32		bits = CONST_MEMBER(record, c, uint32);

				if (bits != 0)
					*datum = record_names_to_array(c->names, bits);
				return bits == 0;
			}
		case FIELD_BOOL:
			*datum = BoolGetDatum(CONST_MEMBER(record, c, bool));
			return !CONST_MEMBER(record, c, bool) && !c->required;
	}
	pg_unreachable();
}

bool
oms_record_value(const RecordColumn *column, const void *record, Datum *value)
{
	return !record_member_to_datum(column, record, value);
}

const char *
oms_record_set(const RecordColumn *c, void *record, const Datum *value)
{
	if (value && c->type != FIELD_BOOL)
		return record_member_from_datum(c, *value, record);
	switch (c->type)
	{
		case FIELD_COUNT:
		case FIELD_COUNT_OR_NULL:
			MEMBER(record, c, int64) = 0;
			break;
		case FIELD_TIME:
			MEMBER(record, c, TimestampTz) = NO_TIME;
			break;
		case FIELD_DATE:
			MEMBER(record, c, DateADT) = NO_DATE;
			break;
		case FIELD_NAME:
		case FIELD_NAMES:
			MEMBER(record, c, uint32) = 0;
			break;
		case FIELD_BOOL:
			MEMBER(record, c, bool) = value && DatumGetBool(*value);
			break;
		default:
			MEMBER(record, c, void *) = NULL;
	}
	return NULL;
}

const RecordColumn *
oms_record_column(const RecordDef *def, const char *name)
{
	for (int i = 0; i < def->ncolumns; i++)
		if (strcmp(def->columns[i].column, name) == 0)
			return &def->columns[i];
	return NULL;
}

void
oms_record_to_row(const RecordDef *def, const void *record, Datum *values, bool *nulls)
{
	for (int i = 0; i < def->ncolumns; i++)
	{
		values[i] = (Datum) 0;
		nulls[i] = record_member_to_datum(&def->columns[i], record, &values[i]);
	}
}
