/*-------------------------------------------------------------------------
 *
 * query_json.c
 *	  A row of a result as a query shows it: JSON, with its cursor.
 *
 * From the values of the row, and not by way of an object: a query shows a state
 * as record.c writes it (test/sql/queries.sql compares the two), at a part of the
 * cost, and also one that no object could be made of.
 *
 * Reads and writes no table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "base/damage.h"
#include "base/json.h"
#include "base/moment.h"
#include "query/query_json.h"
#include "store/table_layout.h"

#define CURSOR_NAME	"cursor"

void
oms_query_row_copy(QueryRow *to, const QueryRow *from)
{
	*to = *from;
	to->cells = memcpy(palloc(sizeof(QueryCell) * from->ncells), from->cells, sizeof(QueryCell) * from->ncells);
	for (int i = 0; i < to->ncells; i++)
		to->cells[i].name = from->cells[i].name ? pstrdup(from->cells[i].name) : NULL;
	to->keys = memcpy(palloc(sizeof(QueryCell) * from->nkeys), from->keys, sizeof(QueryCell) * from->nkeys);
	for (int i = 0; i < to->nkeys; i++)
		to->keys[i].name = NULL;
}

/* By length and then by bytes, as jsonb keeps its keys. */
static int
query_json_compare(const void *a, const void *b)
{
	const char *first = ((const QueryCell *) a)->name;
	const char *second = ((const QueryCell *) b)->name;

	if (first == NULL || second == NULL)
		return (second == NULL) - (first == NULL);
	if (strlen(first) != strlen(second))
		return strlen(first) < strlen(second) ? -1 : 1;
	return strcmp(first, second);
}

void
oms_query_row_sort(QueryRow *row)
{
	qsort(row->cells, row->ncells, sizeof(QueryCell), query_json_compare);
}

static void
query_json_put_texts(JsonWriter *w, const char *key, Datum value)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	oms_json_key(w, key);
	oms_json_open_array(w);
	for (int i = 0; i < count; i++)
	{
		JsonbValue	null = {.type = jbvNull};

		if (nulls[i])
			oms_json_scalar(w, NULL, &null);
		else
			oms_json_string_len(w, NULL, VARDATA_ANY(elements[i]), VARSIZE_ANY_EXHDR(elements[i]));
	}
	oms_json_close_array(w);
}

/* The members of an object, one by one. */
static void
query_json_spread(JsonWriter *w, Jsonb *document)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key,
				value;

	if (!oms_json_is_object(document))
		return;
	it = JsonbIteratorInit(&document->root);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
		if (token == WJB_KEY)
		{
			JsonbIteratorNext(&it, &value, true);
			oms_json_key_len(w, key.val.string.val, key.val.string.len);
			oms_json_scalar(w, NULL, &value);
		}
}

static void
query_json_put_jsonb(JsonWriter *w, const char *key, Jsonb *document)
{
	if (key == NULL)
		query_json_spread(w, document);
	else
		oms_json_jsonb(w, key, document);
}

static void
query_json_put(JsonWriter *w, const char *key, Oid type, Datum value)
{
	switch (type)
	{
		case TEXTOID:
			{
				text	   *t = DatumGetTextPP(value);

				oms_json_string_len(w, key, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
				return;
			}
		case NUMERICOID:
			{
				Numeric		n = DatumGetNumeric(value);

				if (numeric_is_nan(n) || numeric_is_inf(n))
					oms_damaged("\"%s\" is no finite number", key);
				oms_json_numeric(w, key, n);
				return;
			}
		case TIMESTAMPTZOID:
			if (!oms_time_is_printable(DatumGetTimestampTz(value)))
				oms_damaged("\"%s\" is out of the years 1 to 9999", key);
			oms_json_time(w, key, DatumGetTimestampTz(value));
			return;
		case DATEOID:
			if (!oms_date_is_printable(DatumGetDateADT(value)))
				oms_damaged("\"%s\" is out of the years 1 to 9999", key);
			oms_json_date(w, key, DatumGetDateADT(value));
			return;
		case INT8OID:
			oms_json_int(w, key, DatumGetInt64(value));
			return;
		case INT4OID:
			oms_json_int(w, key, DatumGetInt32(value));
			return;
		case BOOLOID:
			oms_json_bool(w, key, DatumGetBool(value));
			return;
		case TEXTARRAYOID:
			query_json_put_texts(w, key, value);
			return;
		case JSONBOID:
			query_json_put_jsonb(w, key, DatumGetJsonbP(value));
			return;
	}
	elog(ERROR, "BUG: a query has a column of type %u", type);
}

/* The row type is looked at once for each result: a plan of another one would have been made anew. */
static void
query_json_read_whole(QueryReader *reader, TupleTableSlot *slot)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(slot->tts_values[0]);
	HeapTupleData tuple = {0};

	if (reader->whole == NULL)
	{
		TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
		MemoryContext caller = MemoryContextSwitchTo(reader->memory);

		reader->whole = desc;
		oms_layout_columns(desc, oms_record_table(reader->row->whole), reader->attnums);
		reader->values = palloc(sizeof(Datum) * desc->natts);
		reader->nulls = palloc(sizeof(bool) * desc->natts);
		MemoryContextSwitchTo(caller);
	}
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	tuple.t_data = header;
	heap_deform_tuple(&tuple, reader->whole, reader->values, reader->nulls);
}

void
oms_query_reader_end(QueryReader *reader)
{
	if (reader->whole)
		ReleaseTupleDesc(reader->whole);
	reader->whole = NULL;
}

/* False: it is null. */
static inline bool
query_json_value(const QueryReader *reader, TupleTableSlot *slot, const QueryCell *cell, Datum *value)
{
	int			place = cell->of_whole ? reader->attnums[cell->place] - 1 : cell->place;

	*value = cell->of_whole ? reader->values[place] : slot->tts_values[place];
	return !(cell->of_whole ? reader->nulls[place] : slot->tts_isnull[place]);
}

static void
query_json_put_cursor(JsonWriter *w, const QueryReader *reader, TupleTableSlot *slot)
{
	const QueryRow *row = reader->row;
	CursorKey	keys[CURSOR_KEYS_MAX];
	StringInfoData cursor;

	for (int i = 0; i < row->nkeys; i++)
	{
		keys[i].type = row->keys[i].type;
		keys[i].isnull = !query_json_value(reader, slot, &row->keys[i], &keys[i].value);
	}
	initStringInfo(&cursor);
	oms_cursor_encode(row->order, keys, row->nkeys, &cursor);
	oms_json_string_len(w, CURSOR_NAME, cursor.data, cursor.len);
}

Jsonb *
oms_query_row_to_json(QueryReader *reader, TupleTableSlot *slot)
{
	const QueryRow *row = reader->row;
	JsonWriter	w = {0};
	QueryCell	cursor = {.name = CURSOR_NAME};
	bool		has_cursor = false;
	Datum		value;

	slot_getallattrs(slot);
	if (row->whole)
		query_json_read_whole(reader, slot);
	oms_json_open_object(&w);
	for (int i = 0; i < row->ncells; i++)
	{
		const QueryCell *cell = &row->cells[i];

		/* in its place among the others: keys that come sorted cost nothing to sort */
		if (!has_cursor && query_json_compare(cell, &cursor) > 0)
		{
			query_json_put_cursor(&w, reader, slot);
			has_cursor = true;
		}
		if (query_json_value(reader, slot, cell, &value))
			query_json_put(&w, cell->name, cell->type, value);
	}
	if (!has_cursor)
		query_json_put_cursor(&w, reader, slot);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}
