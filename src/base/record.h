/*-------------------------------------------------------------------------
 *
 * record.h
 *	  One description of a kind of object: its struct, its table row and its
 *	  JSON state are three views of the same list of columns.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_RECORD_H
#define OMS_RECORD_H

#include "postgres.h"
#include "executor/tuptable.h"
#include "utils/jsonb.h"

#include "base/json.h"
#include "base/names.h"
#include "base/table_def.h"

typedef enum FieldType
{
	FIELD_TEXT,					/* char *, NULL = null */
	FIELD_NUMERIC,				/* Numeric, NULL = null */
	FIELD_COUNT,				/* int64, never null */
	FIELD_COUNT_OR_NULL,		/* int64, 0 = null */
	FIELD_TIME,					/* TimestampTz, NO_TIME = null */
	FIELD_DATE,					/* DateADT, NO_DATE = null */
	FIELD_JSON,					/* Jsonb *, NULL = null */
	FIELD_HASH,					/* bytea *, NULL = null */
	FIELD_NAME,					/* int, shown by its name in a table; 0 = null */
	FIELD_NAMES,				/* uint32 of bits, a text[] of their names; 0 = null */
	FIELD_BOOL					/* bool, false = null unless it is required */
} FieldType;

/* What a FIELD_JSON is made of. */
typedef enum FieldShape
{
	SHAPE_ANY,
	SHAPE_OBJECT,
	SHAPE_OBJECTS,				/* an array of objects */
	SHAPE_TEXTS					/* an array of texts */
} FieldShape;

typedef struct RecordColumn
{
	const char *json;			/* name in the state; NULL: not part of it */
	const char *column;			/* name in the table */
	FieldType	type;
	size_t		offset;			/* of the member in the struct */
	const OmsName *names;			/* for FIELD_NAME and FIELD_NAMES; of a FIELD_TEXT those that it may be, among others */
	bool		required;		/* never null; the code relies on it, whatever a table allows */
	FieldShape	shape;
	bool		may_be_long;	/* its size counts (command_size.c); FIELD_TEXT or FIELD_JSON */
	int64		(*size) (Jsonb *document);	/* … as this, where that is not the length of its text */

	/* Of a FIELD_BOOL that states of older versions have not: what it is of one, by the columns before it.  Or NULL. */
	bool		(*derive) (const void *record);
} RecordColumn;

/* A column that has the name of its member; what more there is to say follows as designated initializers. */
#define RECORD_COLUMN(record, json_name, member, field_type, ...) \
	{.json = json_name, .column = #member, .type = field_type, .offset = offsetof(record, member), __VA_ARGS__}

#define RECORD_COLUMNS_MAX TABLE_COLUMNS_MAX

/* The columns of a state in the order of their keys; filled when first needed. */
typedef struct RecordOrder
{
	int			count;
	const RecordColumn *columns[RECORD_COLUMNS_MAX];
	TableDef	table;			/* the same columns as their table has them; filled likewise */
	TableColumn	table_columns[RECORD_COLUMNS_MAX];
} RecordOrder;

typedef struct RecordDef
{
	int			kind;			/* which every record begins with, as an int (core/object.h) */
	const char *name;			/* "order" */
	const char *table;			/* in schema oms */
	const RecordColumn *columns;
	int			ncolumns;
	const TableKey *keys;		/* of its table; the first is its id */
	int			nkeys;
	const TableFact *facts;		/* likewise */
	RecordOrder *order;			/* working space of record.c */
	size_t		size;			/* of the struct */
} RecordDef;

/*
 * A copy of all that its row has, in one piece of the current memory context, which
 * pfree() gives back.
 */
extern void *oms_record_copy(const RecordDef *def, const void *record);

/* Set every member to its null, and the record's kind. */
extern void oms_record_init(const RecordDef *def, void *record);

/* The record's columns as those of its table. */
extern const TableDef *oms_record_table(const RecordDef *def);

/*
 * Row to struct; everything is copied into the current memory context.  What is
 * wrong with a column that no command can have written, as "is null"; or NULL.
 */
extern const char *oms_record_read(const RecordDef *def, TupleTableSlot *slot, const AttrNumber *attnums,
								   void *record, const RecordColumn **column);

/* The same of a row of ours: what is wrong with it is damage (XX001). */
extern void oms_record_from_slot(const RecordDef *def, TupleTableSlot *slot, const AttrNumber *attnums,
								 void *record);

/* Struct to row; the arrays have def->ncolumns members. */
extern void oms_record_to_row(const RecordDef *def, const void *record, Datum *values, bool *nulls);

/* Struct to JSON object under `key` (NULL for an array's element); nulls left out. */
extern void oms_record_to_json(const RecordDef *def, const void *record, JsonWriter *w, const char *key);

/* One member, under its name in the state; nothing where it is null. */
extern void oms_record_member_to_json(const RecordColumn *column, const void *record, JsonWriter *w);

/* The type of a column in the table, and its value; false: it is null. */
extern Oid	oms_record_column_type(const RecordColumn *column);
extern bool oms_record_value(const RecordColumn *column, const void *record, Datum *value);

/* A value, or null (NULL), becomes the member: what is wrong with it, or NULL. */
extern const char *oms_record_set(const RecordColumn *column, void *record, const Datum *value);

/* The column of the table's name, or NULL. */
extern const RecordColumn *oms_record_column(const RecordDef *def, const char *name);

/* What an object has of a record's columns, each in its place; the values lie in the object. */
typedef struct RecordFields
{
	bool		found[RECORD_COLUMNS_MAX];
	JsonbValue	values[RECORD_COLUMNS_MAX];
} RecordFields;

/* In one walk: a look-up for each of some sixty columns costs many times as much. */
extern void oms_record_find(const RecordDef *def, Jsonb *state, RecordFields *fields);

/* JSON state, as written by the above, to struct. */
extern void oms_record_from_fields(const RecordDef *def, RecordFields *fields, void *record);
extern void oms_record_from_json(const RecordDef *def, Jsonb *state, void *record);

#endif							/* OMS_RECORD_H */
