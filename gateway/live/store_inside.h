/*
 * gateway/live/store_inside.h
 *     How columns hold their values, for store.c and store_read.c.
 */
#ifndef LIVE_STORE_INSIDE_H
#define LIVE_STORE_INSIDE_H

#include "store.h"

#define CHUNK_ROWS 4096U

/* What stands for null in a column of its kind. Codes and texts: 0; a code is kept one higher. */
#define NULL_WHOLE INT64_MIN
#define NULL_DAY INT32_MIN
#define NULL_FLAG (-1)
#define NULL_SCALE (-2)

static inline void *
store_chunk(const Store *store, int field, Row row)
{
	return store->columns[field].chunks[row / CHUNK_ROWS];
}

/* Numbers: the mantissas of a chunk, and its scales behind them. */
static inline int8_t *
store_scales(void *chunk)
{
	return (int8_t *) ((int64_t *) chunk + CHUNK_ROWS);
}

static inline bool
store_is_text(const Field *field)
{
	return field->type == FIELD_TEXT || field->type == FIELD_NAME || field->type == FIELD_TEXTS || field->type == FIELD_DOCUMENT;
}

/* Of a text that is no code: where it is, 0 for null. */
static inline TextAt
store_text_at(const Store *store, int field, Row row)
{
	const uint32_t *chunk = store_chunk(store, field, row);

	return chunk != NULL ? chunk[row % CHUNK_ROWS] : 0;
}

/* The root of a tree is its own: its text is kept once. */
static inline bool
store_shares_id(const Store *store, int field, Row row)
{
	return field == store->schema->root && store_text_at(store, field, row) == store_text_at(store, store->schema->id, row);
}

#endif
