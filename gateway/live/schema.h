/*
 * gateway/live/schema.h
 *     What is kept in memory of each kind of object: fields by the names that queries have for them.
 */
#ifndef LIVE_SCHEMA_H
#define LIVE_SCHEMA_H

#include "base.h"

typedef enum FieldType
{
	FIELD_TEXT,
	FIELD_NAME,					/* one of some, in any of their spellings */
	FIELD_NUMBER,
	FIELD_BOOLEAN,
	FIELD_DATE,
	FIELD_TIME,
	FIELD_TEXTS,				/* several texts: asked is whether one is among them */
	FIELD_DOCUMENT				/* JSON: there or not, and what stands in it */
} FieldType;

typedef struct Field
{
	const char *name;			/* as queries have it; also in states */
	const char *column;			/* of the table */
	FieldType	type;
	bool		few;			/* many rows share its values: a dictionary */
	bool		total;			/* summed, by currency */
	bool		open;			/* a name that may be none of them */
	const char *names;			/* of FIELD_NAME, and of FIELD_TEXTS where they are known: names.h */
} Field;

#define FIELDS_MAX 128
#define FIELD_NONE (-1)

/* Which of a schema's fields. */
typedef unsigned __int128 FieldSet;

#define FIELD_BIT(field) ((FieldSet) 1 << (field))

typedef struct Schema
{
	const char *object;			/* as queries have it: "orders" */
	const Field *fields;
	int			nfields;
	int			id;				/* a text; no two rows have the same */
	int			version;		/* a number; a newer state has a higher one */
	int			root;			/* the root of its tree, or FIELD_NONE: it stands in no trees of its like */
	int			parent;			/* what stands above it, or FIELD_NONE */
	int			currency;		/* of totals, or FIELD_NONE */
	const char *const *elsewhere;	/* fields that only queries know; ended by NULL. Or NULL */
} Schema;

extern const Schema schema_orders;
extern const Schema schema_executions;
extern const Schema schema_quotes;
extern const Schema schema_quote_requests;

/* By its name; "id" is the object's own. FIELD_NONE: none. */
extern int	schema_field(const Schema *schema, Span name);
/* Whether PostgreSQL has it, and we have not. */
extern bool schema_elsewhere(const Schema *schema, Span name);

/*
 * The name that is meant, however it is written: case, blanks, hyphens and underscores do not count, and FIX's codes do.
 * names: "NAME CODE OTHER|NAME ...", a code of "-" is none.
 */
extern bool names_find(const char *names, Span given, Span *name);

#endif
