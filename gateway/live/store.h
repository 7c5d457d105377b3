/*
 * gateway/live/store.h
 *     The rows of one kind of object, column by column.
 *
 * A row has a number that stays its own while it is there. What is to be written is read into a draft first, so that who keeps an
 * order of rows can take one out before its values change and put it in afterwards.
 */
#ifndef LIVE_STORE_H
#define LIVE_STORE_H

#include "dictionary.h"
#include "decimal.h"
#include "refused.h"
#include "schema.h"

typedef uint32_t Row;

#define ROW_NONE UINT32_MAX

/* A value of a field. Texts of FIELD_TEXTS are one behind the other, each ended by a zero: they sort as the array does. */
typedef struct Value
{
	bool		null;
	Span		text;			/* of texts, names, documents */
	Decimal		number;
	int64_t		whole;			/* of booleans, dates (days) and times (microseconds) */
	uint32_t	code;			/* where the field has a dictionary */
} Value;

typedef struct Column
{
	void	  **chunks;			/* NULL: all of them are null */
	Dictionary	dictionary;
} Column;

typedef struct Store
{
	const Schema *schema;
	HashKey		key;
	Arena		texts;
	Column		columns[FIELDS_MAX];
	uint32_t	nchunks;
	uint32_t   *stamps;			/* of each row: another one whenever it changes, comes or goes */
	Row			nrows;			/* with those that are free */
	Row			room;
	uint32_t	count;			/* without */
	Row		   *free_rows;
	uint32_t	nfree;
	uint32_t	free_room;
	uint32_t   *table;			/* rows + 1, by the hash of the id */
	uint32_t	table_size;
	bool		by_root;		/* the rows of a tree stand together in: */
	Blocks		trees;			/* by root and id */
	size_t		bytes;			/* of columns */
	Value		draft[FIELDS_MAX];
	Text		draft_texts;
} Store;

/* trees: whether its trees can be asked for (the schema has roots). */
extern Store *store_make(const Schema *schema, const HashKey *key, bool trees);
extern void store_free(Store *store);

/*
 * Reads a row's cells into the draft, in the order of the schema: texts as they are, lists of texts as JSON arrays, documents as
 * JSON; one without data is null. False: one cannot be read, or the id is missing; nothing has changed.
 */
extern bool store_read(Store *store, const Span *cells, Refused *refused);

extern Row	store_find(const Store *store, Span id);
extern bool store_has(const Store *store, Row row);
/* In which fields the draft is another. */
extern FieldSet store_changes(const Store *store, Row row);
/* The draft as a new row. */
extern Row	store_add(Store *store);
extern void store_write(Store *store, Row row, FieldSet changed);
extern void store_remove(Store *store, Row row);

extern void store_value(const Store *store, Row row, int field, Value *value);
/* As JSON: null, true, false, a document as it is, an array of texts, anything else as a string with nothing lost. */
extern void store_cell(const Store *store, Row row, int field, Text *out);
/* -1, 0, 1, as SQL sorts ascending: by bytes, by value, nulls last. */
extern int	store_cmp(const Store *store, int field, Row a, Row b);
/* What sorts likewise, but that different ones may be equal. */
extern uint64_t store_order(const Store *store, int field, Row row);

extern Span store_id(const Store *store, Row row);
extern int64_t store_version(const Store *store, Row row);
/* The rows of a tree: so many from that rank on in `trees`. */
extern uint32_t store_tree(const Store *store, Span root, uint32_t *rank);
extern size_t store_bytes(const Store *store);

#endif
