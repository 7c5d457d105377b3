/*
 * gateway/live/store.c
 *     The rows of one kind of object.
 *
 * Columns grow by chunks, which never move; a chunk in which nothing stands is not there.
 */
#include "store_inside.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_SIZE_MIN 1024

static int
store_cmp_tree(const void *context, uint32_t a, uint32_t b)
{
	const Store *store = context;
	int			cmp = store_cmp(store, store->schema->root, a, b);

	return cmp != 0 ? cmp : store_cmp(store, store->schema->id, a, b);
}

Store *
store_make(const Schema *schema, const HashKey *key, bool trees)
{
	Store	   *store = must_alloc(sizeof(Store));

	*store = (Store) {.schema = schema, .key = *key, .by_root = trees && schema->root != FIELD_NONE, .table_size = TABLE_SIZE_MIN};
	store->table = must_alloc(store->table_size * sizeof(uint32_t));
	memset(store->table, 0, store->table_size * sizeof(uint32_t));
	for (int i = 0; i < schema->nfields; i++)
		dictionary_begin(&store->columns[i].dictionary, key);
	return store;
}

void
store_free(Store *store)
{
	for (int i = 0; i < store->schema->nfields; i++)
	{
		for (uint32_t chunk = 0; chunk < store->nchunks; chunk++)
			free(store->columns[i].chunks[chunk]);
		free(store->columns[i].chunks);
		dictionary_free(&store->columns[i].dictionary);
	}
	arena_free(&store->texts);
	blocks_free(&store->trees);
	text_free(&store->draft_texts);
	free(store->stamps);
	free(store->free_rows);
	free(store->table);
	free(store);
}

/* ------------------------------------------------------------------------
 * values
 * ------------------------------------------------------------------------
 */

static void
store_text_value(const Store *store, Row row, int field, Value *value)
{
	TextAt		at = store_text_at(store, field, row);

	value->null = at == 0;
	if (at == 0)
		return;
	if (!store->schema->fields[field].few)
		value->text = arena_get(&store->texts, at);
	else
	{
		value->code = at - 1;
		value->text = dictionary_text(&store->columns[field].dictionary, value->code);
	}
}

void
store_value(const Store *store, Row row, int field, Value *value)
{
	void	   *chunk = store_chunk(store, field, row);
	uint32_t	at = row % CHUNK_ROWS;

	*value = (Value) {.null = true};
	if (chunk == NULL)
		return;
	switch (store->schema->fields[field].type)
	{
		case FIELD_NUMBER:
			value->number.mantissa = ((int64_t *) chunk)[at];
			value->number.scale = store_scales(chunk)[at];
			value->null = value->number.scale == NULL_SCALE;
			if (value->number.scale == DECIMAL_LONG)
				value->number.text = arena_get(&store->texts, (TextAt) value->number.mantissa);
			return;
		case FIELD_TIME:
			value->whole = ((int64_t *) chunk)[at];
			value->null = value->whole == NULL_WHOLE;
			return;
		case FIELD_DATE:
			value->whole = ((int32_t *) chunk)[at];
			value->null = value->whole == NULL_DAY;
			return;
		case FIELD_BOOLEAN:
			value->whole = ((int8_t *) chunk)[at];
			value->null = value->whole == NULL_FLAG;
			return;
		case FIELD_TEXT:
		case FIELD_NAME:
		case FIELD_TEXTS:
		case FIELD_DOCUMENT:
			store_text_value(store, row, field, value);
			return;
	}
}

static size_t
store_chunk_size(const Field *field)
{
	switch (field->type)
	{
		case FIELD_NUMBER:
			return CHUNK_ROWS * (sizeof(int64_t) + sizeof(int8_t));
		case FIELD_TIME:
			return CHUNK_ROWS * sizeof(int64_t);
		case FIELD_BOOLEAN:
			return CHUNK_ROWS * sizeof(int8_t);
		default:
			return CHUNK_ROWS * sizeof(uint32_t);
	}
}

/* All null. */
static void *
store_make_chunk(Store *store, const Field *field)
{
	size_t		size = store_chunk_size(field);
	void	   *chunk = must_alloc(size);

	memset(chunk, 0, size);
	for (uint32_t i = 0; i < CHUNK_ROWS; i++)
	{
		if (field->type == FIELD_NUMBER)
			store_scales(chunk)[i] = NULL_SCALE;
		else if (field->type == FIELD_TIME)
			((int64_t *) chunk)[i] = NULL_WHOLE;
		else if (field->type == FIELD_DATE)
			((int32_t *) chunk)[i] = NULL_DAY;
		else if (field->type == FIELD_BOOLEAN)
			((int8_t *) chunk)[i] = NULL_FLAG;
	}
	store->bytes += size;
	return chunk;
}

/* Gives back what a cell has in the arena. */
static void
store_drop(Store *store, Row row, int field)
{
	const Field *def = &store->schema->fields[field];
	void	   *chunk = store_chunk(store, field, row);

	if (chunk == NULL)
		return;
	if (def->type == FIELD_NUMBER && store_scales(chunk)[row % CHUNK_ROWS] == DECIMAL_LONG)
		arena_give_back(&store->texts, (TextAt) ((int64_t *) chunk)[row % CHUNK_ROWS]);
	else if (store_is_text(def) && !def->few && !store_shares_id(store, field, row))
		arena_give_back(&store->texts, ((uint32_t *) chunk)[row % CHUNK_ROWS]);
}

static void
store_put_text(Store *store, Row row, int field, const Value *value, uint32_t *cell)
{
	if (value->null)
		*cell = 0;
	else if (store->schema->fields[field].few)
		*cell = value->code + 1;
	else if (field == store->schema->root && span_cmp(value->text, store_id(store, row)) == 0)
		*cell = store_text_at(store, store->schema->id, row);
	else
		*cell = arena_put(&store->texts, value->text);
}

/* The draft's value; what stood there has been dropped. */
static void
store_put(Store *store, Row row, int field)
{
	const Field *def = &store->schema->fields[field];
	const Value *value = &store->draft[field];
	void	  **chunk = &store->columns[field].chunks[row / CHUNK_ROWS];
	uint32_t	at = row % CHUNK_ROWS;

	if (*chunk == NULL && value->null)
		return;
	if (*chunk == NULL)
		*chunk = store_make_chunk(store, def);
	if (def->type == FIELD_NUMBER)
	{
		store_scales(*chunk)[at] = (int8_t) (value->null ? NULL_SCALE : value->number.scale);
		((int64_t *) *chunk)[at] = value->null ? 0 : value->number.scale == DECIMAL_LONG ? arena_put(&store->texts, value->number.text) : value->number.mantissa;
	}
	else if (def->type == FIELD_TIME)
		((int64_t *) *chunk)[at] = value->null ? NULL_WHOLE : value->whole;
	else if (def->type == FIELD_DATE)
		((int32_t *) *chunk)[at] = value->null ? NULL_DAY : (int32_t) value->whole;
	else if (def->type == FIELD_BOOLEAN)
		((int8_t *) *chunk)[at] = (int8_t) (value->null ? NULL_FLAG : value->whole);
	else
		store_put_text(store, row, field, value, (uint32_t *) *chunk + at);
}

/* ------------------------------------------------------------------------
 * order
 * ------------------------------------------------------------------------
 */

static int
store_cmp_values(const Store *store, int field, const Value *a, const Value *b)
{
	const Field *def = &store->schema->fields[field];

	if (a->null || b->null)
		return (int) a->null - (int) b->null;
	if (def->type == FIELD_NUMBER)
		return decimal_cmp(&a->number, &b->number);
	if (!store_is_text(def))
		return (a->whole > b->whole) - (a->whole < b->whole);
	if (def->few)
	{
		const uint64_t *labels = store->columns[field].dictionary.labels;

		return (labels[a->code] > labels[b->code]) - (labels[a->code] < labels[b->code]);
	}
	return span_cmp(a->text, b->text);
}

int
store_cmp(const Store *store, int field, Row a, Row b)
{
	Value		x;
	Value		y;
	int			cmp;

	store_value(store, a, field, &x);
	store_value(store, b, field, &y);
	cmp = store_cmp_values(store, field, &x, &y);
	return (cmp > 0) - (cmp < 0);
}

uint64_t
store_order(const Store *store, int field, Row row)
{
	const Field *def = &store->schema->fields[field];
	Value		value;
	uint64_t	order = 0;

	store_value(store, row, field, &value);
	if (value.null)
		return UINT64_MAX;
	if (def->type == FIELD_NUMBER)
		return (uint64_t) decimal_order(&value.number) ^ (uint64_t) INT64_MIN;
	if (!store_is_text(def))
		return (uint64_t) value.whole ^ (uint64_t) INT64_MIN;
	if (def->few)
		return store->columns[field].dictionary.labels[value.code];
	for (size_t i = 0; i < sizeof(order); i++)
		order = order << 8 | (i < value.text.len ? (unsigned char) value.text.data[i] : 0);
	return order;
}

/* ------------------------------------------------------------------------
 * rows
 * ------------------------------------------------------------------------
 */

Span
store_id(const Store *store, Row row)
{
	return arena_get(&store->texts, store_text_at(store, store->schema->id, row));
}

bool
store_has(const Store *store, Row row)
{
	return row < store->nrows && store_text_at(store, store->schema->id, row) != 0;
}

int64_t
store_version(const Store *store, Row row)
{
	Value		value;

	store_value(store, row, store->schema->version, &value);
	return value.number.mantissa;
}

static uint32_t
store_slot(const Store *store, Span id)
{
	return (uint32_t) hash_bytes(&store->key, id.data, id.len) & (store->table_size - 1);
}

Row
store_find(const Store *store, Span id)
{
	uint32_t	slot = store_slot(store, id);

	for (; store->table[slot] != 0; slot = (slot + 1) & (store->table_size - 1))
		if (span_cmp(store_id(store, store->table[slot] - 1), id) == 0)
			return store->table[slot] - 1;
	return ROW_NONE;
}

static void
store_enter(Store *store, Row row)
{
	uint32_t	slot = store_slot(store, store_id(store, row));

	while (store->table[slot] != 0)
		slot = (slot + 1) & (store->table_size - 1);
	store->table[slot] = row + 1;
}

static void
store_grow_table(Store *store)
{
	uint32_t	old_size = store->table_size;
	uint32_t   *old = store->table;

	if (store->count < old_size / 2)
		return;
	store->table_size *= 2;
	store->table = must_alloc(store->table_size * sizeof(uint32_t));
	memset(store->table, 0, store->table_size * sizeof(uint32_t));
	for (uint32_t i = 0; i < old_size; i++)
		if (old[i] != 0)
			store_enter(store, old[i] - 1);
	free(old);
}

/* Those that were put behind it because it was there move up. */
static void
store_leave(Store *store, Row row)
{
	uint32_t	mask = store->table_size - 1;
	uint32_t	hole = store_slot(store, store_id(store, row));

	while (store->table[hole] != row + 1)
		hole = (hole + 1) & mask;
	for (uint32_t next = (hole + 1) & mask; store->table[next] != 0; next = (next + 1) & mask)
	{
		uint32_t	home = store_slot(store, store_id(store, store->table[next] - 1));

		if (((next - home) & mask) < ((next - hole) & mask))
			continue;
		store->table[hole] = store->table[next];
		hole = next;
	}
	store->table[hole] = 0;
}

FieldSet
store_changes(const Store *store, Row row)
{
	FieldSet	changed = 0;

	for (int i = 0; i < store->schema->nfields; i++)
	{
		const Value *new = &store->draft[i];
		Value		old;

		store_value(store, row, i, &old);
		if (old.null && new->null)
			continue;
		/* 1.0 and 1 are equal, and yet another text. */
		if (old.null != new->null || store_cmp_values(store, i, &old, new) != 0 || old.number.scale != new->number.scale ||
			(old.number.scale == DECIMAL_LONG && span_cmp(old.number.text, new->number.text) != 0))
			changed |= FIELD_BIT(i);
	}
	return changed;
}

static Row
store_take_row(Store *store)
{
	if (store->nfree > 0)
		return store->free_rows[--store->nfree];
	if (store->nrows == store->room)
	{
		store->room += CHUNK_ROWS;
		store->stamps = must_realloc(store->stamps, store->room * sizeof(uint32_t));
		memset(store->stamps + store->nrows, 0, CHUNK_ROWS * sizeof(uint32_t));
		for (int i = 0; i < store->schema->nfields; i++)
		{
			store->columns[i].chunks = must_realloc(store->columns[i].chunks, (store->nchunks + 1) * sizeof(void *));
			store->columns[i].chunks[store->nchunks] = NULL;
		}
		store->nchunks++;
	}
	return store->nrows++;
}

Row
store_add(Store *store)
{
	Row			row = store_take_row(store);

	store_put(store, row, store->schema->id);
	for (int i = 0; i < store->schema->nfields; i++)
		if (i != store->schema->id)
			store_put(store, row, i);
	store->stamps[row]++;
	store->count++;
	store_grow_table(store);
	store_enter(store, row);
	if (store->by_root)
		blocks_insert(&store->trees, (BlocksOrder) {store_cmp_tree, store}, row);
	return row;
}

void
store_write(Store *store, Row row, FieldSet changed)
{
	bool		moves = store->by_root && (changed & FIELD_BIT(store->schema->root)) != 0;

	if (moves)
		blocks_remove(&store->trees, (BlocksOrder) {store_cmp_tree, store}, row);
	for (int i = 0; i < store->schema->nfields; i++)
	{
		/* The id is what the row was found by. */
		if ((changed & FIELD_BIT(i)) == 0 || i == store->schema->id)
			continue;
		store_drop(store, row, i);
		store_put(store, row, i);
	}
	store->stamps[row]++;
	if (moves)
		blocks_insert(&store->trees, (BlocksOrder) {store_cmp_tree, store}, row);
}

void
store_remove(Store *store, Row row)
{
	if (store->by_root)
		blocks_remove(&store->trees, (BlocksOrder) {store_cmp_tree, store}, row);
	store_leave(store, row);
	for (int i = 0; i < store->schema->nfields; i++)
		if (i != store->schema->id)
			store_drop(store, row, i);
	store_drop(store, row, store->schema->id);
	for (int i = 0; i < store->schema->nfields; i++)
	{
		store->draft[i] = (Value) {.null = true};
		store_put(store, row, i);
	}
	store->stamps[row]++;
	store->count--;
	if (store->nfree == store->free_room)
	{
		store->free_room = store->free_room > 0 ? store->free_room * 2 : 64;
		store->free_rows = must_realloc(store->free_rows, store->free_room * sizeof(Row));
	}
	store->free_rows[store->nfree++] = row;
}

typedef struct TreeEnd
{
	const Store *store;
	Span		root;
	bool		behind;			/* the place behind all of its rows, not the one before */
} TreeEnd;

/* The one that is sought is written as ROW_NONE. */
static int
store_cmp_root(const void *context, uint32_t a, uint32_t b)
{
	const TreeEnd *end = context;
	Row			row = a == ROW_NONE ? b : a;
	Value		value;
	int			cmp;

	store_value(end->store, row, end->store->schema->root, &value);
	cmp = value.null ? 1 : span_cmp(value.text, end->root);
	if (cmp == 0)
		cmp = end->behind ? -1 : 1;
	return a == ROW_NONE ? -cmp : cmp;
}

uint32_t
store_tree(const Store *store, Span root, uint32_t *rank)
{
	TreeEnd		end = {store, root, false};
	BlocksOrder order = {store_cmp_root, &end};

	*rank = blocks_rank(&store->trees, blocks_place(&store->trees, order, ROW_NONE));
	end.behind = true;
	return blocks_rank(&store->trees, blocks_place(&store->trees, order, ROW_NONE)) - *rank;
}

size_t
store_bytes(const Store *store)
{
	size_t		bytes = store->bytes + store->texts.bytes + store->room * sizeof(uint32_t) + store->table_size * sizeof(uint32_t) +
		blocks_bytes(&store->trees) + store->free_room * sizeof(Row);

	for (int i = 0; i < store->schema->nfields; i++)
		bytes += dictionary_bytes(&store->columns[i].dictionary);
	return bytes;
}
