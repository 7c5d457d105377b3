/*-------------------------------------------------------------------------
 *
 * asset_class.h
 *	  Asset classes: which attributes an order of a class has, and what they may be.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ASSET_CLASS_H
#define OMS_ASSET_CLASS_H

#include "postgres.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

#include "core/attribute_value.h"
#include "core/definition.h"

typedef struct AttributeSet
{
	AttributeDef *members;
	int			count;
} AttributeSet;

/* Whose attributes: the class has a set for each. */
typedef enum AttributeHolder
{
	ATTRIBUTES_OF_ORDER,		/* and of a quote, or a request for quotes */
	ATTRIBUTES_OF_EXECUTION,
	ATTRIBUTE_HOLDERS
} AttributeHolder;

typedef struct AssetClass
{
	const char *name;
	int64		version;
	bool		builtin;
	bool		enabled;
	const char *extends;		/* or NULL */
	const struct AssetClass *parent;	/* that is it; what it has stands in this class too */
	const char *description;
	bool		closed;			/* it has no attributes but these */
	bool		pairs;			/* a symbol that is a currency pair is of it */
	List	   *security_types; /* of char *: SecurityType (167) */
	List	   *products;		/* of int: Product (460) */
	const char *factor_attribute;	/* quantity times price times this is the notional; or NULL */
	struct NumericData *factor; /* … times this number; or NULL */
	AttributeSet sets[ATTRIBUTE_HOLDERS];
	const DefinitionFault *fault;	/* it cannot be used, and why; NULL: it can */
	enum
	{
		CLASS_UNLINKED,
		CLASS_LINKING,
		CLASS_LINKED
	}			link;			/* oms_classes_link() */
} AssetClass;

/* All of them by name, one of each. */
typedef struct AssetClasses
{
	AssetClass **members;
	int			count;
	uint64		edition;		/* another one each time they are read */
} AssetClasses;

#define CLASS_NAME_MAX		48
#define CLASS_DEPTH_MAX		16
#define CLASS_ATTRIBUTES_MAX 200
#define CLASS_ALLOWED_MAX	1000
#define CLASS_SIZE_MAX		(256 * 1024)	/* bytes of a definition */
#define CLASS_TEXT_MAX		1000			/* bytes of a description */

/* A class as its row says; `fault` tells what is wrong.  The memory is the current context's, and the definition's. */
extern AssetClass *oms_class_read(const char *name, Jsonb *definition);

/*
 * Find whom each extends, and give it what that has.  A class of the caller's that
 * extends its own name extends the shipped one, which is among `hidden` then; what
 * cannot be, has a fault.
 */
extern void oms_classes_link(const AssetClasses *classes, const AssetClasses *hidden);

/* By its name, enabled or not; NULL: it is free. */
extern AssetClass *oms_class_find(const AssetClasses *classes, const char *name);

/* Is one the other, or does it extend it? */
extern bool oms_class_is_a(const AssetClass *class, const char *name);

/* The class that says it is for such a SecurityType, Product (text; each may be NULL), or symbol; NULL: none. */
extern const AssetClass *oms_class_of_instrument(const AssetClasses *classes, const char *security_type, const char *product, const char *symbol);

/* What is wrong with one attribute. */
typedef struct AttributeProblem
{
	const char *attribute;
	const char *given;			/* NULL: nothing */
	const char *wanted;			/* "a number" */
	const char *allowed;		/* what is, as a list; or NULL */
} AttributeProblem;

/*
 * What something of the class has as attributes when it is made: what is given, in
 * its form; what is not given is as `from` has it (NULL: nothing), else the default.
 * *problems, of AttributeProblem, tells what is wrong, and stands as it came.
 */
extern Jsonb *oms_class_make(const AssetClass *class, AttributeHolder holder, Jsonb *given, Jsonb *from, List **problems);

/* The same of what is given later, to something that has `before`. */
extern Jsonb *oms_class_change(const AssetClass *class, AttributeHolder holder, Jsonb *given, Jsonb *before, List **problems);

#endif							/* OMS_ASSET_CLASS_H */
