/*-------------------------------------------------------------------------
 *
 * specification.h
 *	  A condition on objects: what stands in "where", and in an oms_spec.
 *
 * It is read in two steps.  oms_spec_read() knows no object: what comes out is in
 * normal form, and that is what an oms_spec keeps.  oms_spec_bind() gives it fields
 * and typed constants, and is what SQL is made of, or what is asked of rows and
 * states.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_SPECIFICATION_H
#define OMS_SPECIFICATION_H

#include "postgres.h"
#include "utils/jsonb.h"

#include "core/query/query_target.h"
#include "oms_state.h"

#define SPEC_DEPTH_MAX			32
#define SPEC_COMPARISONS_MAX	1000
#define SPEC_LIST_MAX			10000
#define SPEC_PATTERN_MAX		1000	/* bytes: nobody is heard while the server holds one against a text */
#define SPEC_CONSTANTS_MAX		100000	/* in all lists */

typedef enum SpecKind
{
	SPEC_COMPARE,
	SPEC_NOT,					/* of its one member */
	SPEC_AND,					/* without members: true */
	SPEC_OR						/* without members: false */
} SpecKind;

/* Logic is SQL's, of three values: any comparison of null is null, but isNull and `in` of nothing. */
typedef enum SpecOperator
{
	SPEC_EQ,					/* of QUERY_TEXTS: this is among them */
	SPEC_NE,					/* not eq */
	SPEC_LT,
	SPEC_LTE,
	SPEC_GT,
	SPEC_GTE,
	SPEC_IN,					/* eq one of the constants; false where there is none, of null too */
	SPEC_LIKE,					/* collation "C" */
	SPEC_ILIKE,					/* as LIKE, case folded as the database's default collation does */
	SPEC_IS_NULL,				/* its constant: is it (true), or is it not (false)? */
	SPEC_OPERATORS
} SpecOperator;

typedef struct SpecConstant
{
	JsonbValue	json;			/* a scalar in its one form; dates and times are texts that sort as they do */

	/* once bound: a text, numeric, bool, DateADT or TimestampTz, as the comparison's type says */
	Datum		value;
	bool		is_whole;		/* a number that a bigint can be: */
	int64		whole;
} SpecConstant;

typedef struct SpecNode
{
	SpecKind	kind;
	const char *path;			/* where it stands, for who wrote it: "where.and[1].orderQty.gte" */

	/* NOT, AND, OR */
	int			nmembers;
	struct SpecNode **members;

	/* COMPARE */
	const char *name;			/* of the field */
	SpecOperator op;
	int			nconstants;		/* 1, but of SPEC_IN: sorted and without doubles there */
	SpecConstant *constants;

	/* COMPARE, once bound */
	const QueryField *field;
	QueryType	type;			/* the field's; of QUERY_ANY what the constants are, a text where there are none */
	struct SpecNode *objects;	/* of QUERY_EVER, while rows are asked: "id in (those that went by one of the constants)" */
} SpecNode;

extern const char *oms_spec_operator_name(SpecOperator op);

/*
 * What stands in "where" (NULL or JSON null: all), in normal form: AND and OR flat,
 * sorted, without doubles; NOT neither of NOT nor of what has an opposite; a list of
 * one is that one.  `path` is where it stands: "where".  OM010.
 */
extern Refusal *oms_spec_read(const JsonbValue *where, const char *path, SpecNode **spec);

/*
 * Find the fields of a target and read the constants by their types; `*spec` is
 * changed, and in normal form again, so that status=New and status=NEW are one.
 * `classes` (or NULL: none) type attributes below an AND that fixes assetClass.  OM010.
 */
extern Refusal *oms_spec_bind(const QueryTarget *target, const AssetClasses *classes, SpecNode **spec);

/* Normal form of what was made of parts. */
extern SpecNode *oms_spec_normal(SpecNode *spec);

/* OM010 where it is deeper or longer than what may be read. */
extern Refusal *oms_spec_check_size(const SpecNode *spec);

/* Parts: members are not copied.  The constant is a scalar in its form. */
extern SpecNode *oms_spec_compare(const char *name, SpecOperator op, const SpecConstant *constants, int nconstants);
extern SpecNode *oms_spec_combine(SpecKind kind, SpecNode **members, int nmembers);

/* As JSON that reads back as the same: one document for all that are equal. */
extern Jsonb *oms_spec_to_jsonb(const SpecNode *spec);

/* One order for all, by which normal forms are sorted: 0 of equal ones. */
extern int	oms_spec_cmp(const SpecNode *a, const SpecNode *b);
extern int	oms_spec_constant_cmp(const JsonbValue *a, const JsonbValue *b);

/* ------------------------------------------------------------------------
 * asking rows and states (specification_match.c)
 * ------------------------------------------------------------------------
 */

/* A value of a field: a Datum of the column's type, or what stands in a document. */
typedef struct SpecValue
{
	bool		is_null;
	bool		is_json;
	Datum		datum;
	JsonbValue	json;			/* a scalar, or jbvBinary */
} SpecValue;

typedef void (*SpecFetch) (void *source, const QueryField *field, SpecValue *value);

/* Of a bound specification.  What it allocates in the current memory context is the caller's to reset. */
extern OmsAnswer oms_spec_ask(const SpecNode *spec, SpecFetch fetch, void *source);

/* The same of a state: the specification is bound to objects of its kind. */
extern OmsAnswer oms_spec_ask_state(const SpecNode *spec, Jsonb *state);

/* What stands in a document at a path, as #> finds it. */
extern void oms_spec_value_in(JsonbContainer *document, const char *const *path, int npath, SpecValue *value);

#endif							/* OMS_SPECIFICATION_H */
