/*-------------------------------------------------------------------------
 *
 * attribute_value.h
 *	  One attribute of an asset class, and what it may be.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ATTRIBUTE_VALUE_H
#define OMS_ATTRIBUTE_VALUE_H

#include "postgres.h"
#include "utils/jsonb.h"

#include "base/names.h"

typedef enum AttributeType
{
	ATTRIBUTE_TEXT = 1,
	ATTRIBUTE_NUMBER,
	ATTRIBUTE_BOOLEAN,
	ATTRIBUTE_DATE,
	ATTRIBUTE_TIME,
	ATTRIBUTE_ENUMERATION,		/* one of `allowed` */
	ATTRIBUTE_PATTERN			/* a text, all of which a regular expression matches */
} AttributeType;

extern const OmsName oms_attribute_type_names[];

/* FIX's code for a value of an enumeration. */
typedef struct AttributeCode
{
	const char *code;
	const char *value;
} AttributeCode;

/*
 * Values have one form each, which is the form in which they are stored: texts,
 * numbers without trailing zeros, booleans, dates and times as texts that sort as
 * they do.  So two of them are equal, or one is less, as JSON scalars are.
 */
typedef struct AttributeDef
{
	const char *name;
	const char *column;			/* of the typed views */
	AttributeType type;
	bool		required;
	bool		fixed;			/* once it is there it stays as it is */
	int			tag;			/* of the field of FIX that it is a copy of; 0: of none */
	JsonbValue *preset;			/* where nothing is given; NULL: nothing */
	JsonbValue *allowed;
	int			nallowed;		/* 0: any */
	JsonbValue *min;			/* of a number, date or time; of a text how many characters it has; NULL: none */
	JsonbValue *max;
	AttributeCode *codes;
	int			ncodes;
	const char *pattern;		/* whole: with its anchors */
	const char *pattern_given;
	const char *description;
	const char *class_name;		/* whose definition has it */
} AttributeDef;

#define PATTERN_LENGTH_MAX	256
#define PATTERN_COPIES_MAX	1000			/* how often its counted parts are repeated in all */
#define PATTERN_VALUE_MAX	1024			/* bytes of a value that is matched */

/* One value in its form; what is wanted instead, or NULL. */
extern const char *oms_attribute_take(const AttributeDef *def, const JsonbValue *given, JsonbValue *value);

/* Equal, or which is less: of two values of one attribute. */
extern int	oms_attribute_compare(const JsonbValue *a, const JsonbValue *b);

/* For people, not all of a long one. */
extern char *oms_attribute_text(const JsonbValue *value);

/* "A, B, C": of `allowed`, not all of too many; NULL: any value is. */
extern char *oms_attribute_allowed(const AttributeDef *def);

/* Does all of the text match the pattern of this attribute? */
extern bool oms_pattern_matches(const AttributeDef *def, const char *text, int length);

/* Why the text cannot be a pattern; or NULL, and *whole has it with anchors. */
extern const char *oms_pattern_check(const char *pattern, const char **whole);

#endif							/* OMS_ATTRIBUTE_VALUE_H */
