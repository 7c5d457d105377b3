/*-------------------------------------------------------------------------
 *
 * query_target.h
 *	  What can be asked for: objects, their events, their trees; and the fields
 *	  of each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_QUERY_TARGET_H
#define OMS_QUERY_TARGET_H

#include "postgres.h"

#include "base/errors.h"
#include "core/asset_class.h"
#include "core/kind.h"

/* What a field is compared as: it says which operators there are, and how a constant is read. */
typedef enum QueryType
{
	QUERY_TEXT,
	QUERY_NAME,					/* one of `names`, written in any of their spellings */
	QUERY_NUMBER,
	QUERY_BOOLEAN,
	QUERY_DATE,
	QUERY_TIME,
	QUERY_TEXTS,				/* several texts: asked is whether one is among them */
	QUERY_EVER,					/* all names that the object ever went by: asked is whether one of these is among them */
	QUERY_DOCUMENT,				/* it is there or not */
	QUERY_ANY					/* in a document: a text, number or boolean, as the constant is */
} QueryType;

#define QUERY_PATH_MAX	16
#define QUERY_NAME_MAX	512

/*
 * A field is a column of the target's relation (npath 1), or stands in a document
 * that is one: there at path[1] .. path[npath - 1], as the operator #> reads them.
 * path[0] is the column's own name in JSON, so that path + 0 leads from a state to
 * the same value.
 *
 * In a document a text, name, date or time is what #>> gives: dates and times of
 * ours stand there as texts that sort as they do (record.c).  A number is null
 * unless it is a JSON number, a boolean unless it is one.  Texts are a JSON array.
 * Whatever the type, a field is null where #>> is.
 */
typedef struct QueryField
{
	const char *name;			/* as a specification has it */
	int			number;			/* of the column, for oms_query_column(); the place in the kind's record, where it is one of its table */
	const char *column;
	Oid			sql_type;		/* of the column */
	QueryType	type;
	const OmsName *names;		/* of QUERY_NAME, and of QUERY_TEXTS where they are known; else NULL */
	bool		open;			/* it may be none of them, and is compared as it is then */
	bool		not_null;
	bool		of_tree;		/* a column of the view oms.order_tree, not of the table */
	const NameDef *ever;		/* of QUERY_EVER: where the names stand; all else is said of the object's id */
	const AttributeDef *attribute;	/* of an asset class, which says the type; good as long as that is.  Or NULL */
	int			npath;
	const char *path[QUERY_PATH_MAX];
} QueryField;

typedef enum QueryRows
{
	QUERY_OBJECTS,				/* rows of the kind's table */
	QUERY_EVENTS,				/* rows of its event table: "state.x" is x of the state, "command.x" of the command */
	QUERY_TREE					/* objects with their place below their root */
} QueryRows;

typedef struct QueryTarget
{
	const char *name;			/* "orders", "order_events", "order_tree" */
	QueryRows	rows;
	const KindDef *kind;
	const char *relation;		/* in schema oms: the table (of a tree too; its view is oms.<name>), or the event table */
	const char *key;			/* the field that no two rows have the same of: "orderId", "sequence" */
} QueryTarget;

/* By its name, in the singular or plural, whatever its case, blanks, underscores and hyphens. */
extern Refusal *oms_query_target(const char *name, int length, QueryTarget *target);

/* All of them by number, from 0 on; false behind the last one. */
extern bool oms_query_target_number(int number, QueryTarget *target);

/* A field by its name; "id" is the object's own.  `at` is where the name stands, for who wrote it: "orderBy[0]". */
extern Refusal *oms_query_field(const QueryTarget *target, const char *name, int length, const char *at, QueryField *field);

/* The same where it is shown, sorted or grouped by: not one that is only asked for. */
extern Refusal *oms_query_value(const QueryTarget *target, const char *name, int length, const char *at, QueryField *field);

/*
 * The fields that are columns, in the order of the table: those from 0 on, up to
 * the count.  False: the column is none (a hash).
 */
extern int	oms_query_column_count(const QueryTarget *target);
extern bool oms_query_column(const QueryTarget *target, int number, QueryField *field);

/* Is it the field that says of which asset class the object is? */
extern bool oms_query_is_class(const QueryTarget *target, const QueryField *field);

/* Where the object is of that class, what it says of the field: type and `attribute`.  No change but of a field in the attributes. */
extern void oms_query_field_of_class(const QueryTarget *target, const AssetClass *class, QueryField *field);

/* "a number": what a constant has to be. "number": the type itself. */
extern const char *oms_query_type_name(QueryType type);
extern const char *oms_query_type_word(QueryType type);

/* A name of the caller's as messages show it, not all of a long one. */
extern char *oms_query_shown(const char *name, int length);

#endif							/* OMS_QUERY_TARGET_H */
