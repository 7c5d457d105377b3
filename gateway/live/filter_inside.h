/*
 * gateway/live/filter_inside.h
 *     What a filter is made of, for the filter_....c.
 */
#ifndef LIVE_FILTER_INSIDE_H
#define LIVE_FILTER_INSIDE_H

#include "filter.h"

#define FILTER_DEPTH_MAX 32
#define FILTER_COMPARISONS_MAX 1000
#define FILTER_LIST_MAX 10000
#define FILTER_CONSTANTS_MAX 100000
#define FILTER_PATTERN_MAX 1000
#define FILTER_NAME_MAX 512
#define FILTER_PATH_MAX 15

typedef enum FilterKind
{
	FILTER_COMPARE,
	FILTER_NOT,					/* of its one member */
	FILTER_AND,					/* without members: true */
	FILTER_OR
} FilterKind;

typedef enum FilterOperator
{
	FILTER_EQ, FILTER_NE, FILTER_LT, FILTER_LTE, FILTER_GT, FILTER_GTE, FILTER_IN, FILTER_LIKE, FILTER_ILIKE, FILTER_IS_NULL,
	FILTER_OPERATORS
} FilterOperator;

extern const char *const filter_operators[FILTER_OPERATORS];

typedef struct FilterConstant
{
	Span		text;			/* the constant's own */
	Decimal		number;
	int64_t		whole;
} FilterConstant;

struct Filter
{
	FilterKind	kind;
	Store	   *store;

	/* NOT, AND, OR */
	Filter	  **members;
	int			nmembers;

	/* COMPARE */
	int			field;
	FieldType	type;			/* the field's; in a document what the constants are */
	FilterOperator operator;
	char	   *name;			/* with its path */
	char	   *path;			/* in the document: parts, each ended by a zero. NULL: the field itself */
	int			nparts;
	FilterConstant *constants;	/* of a list: sorted, each once */
	int			nconstants;
	bool		is_null;		/* what FILTER_IS_NULL wants */
	uint8_t    *answers;		/* by the code of a dictionary: Answer + 1, 0 while nobody asked */
	uint32_t	nanswers;
	Text		scratch;		/* a string of a document, while it is compared */
};

extern int	filter_cmp_constants(FieldType type, const FilterConstant *a, const FilterConstant *b);

/*
 * Gives a comparison its constants, from JSON as it stands: one, or those of an array where the operator is FILTER_IN. at: where
 * they stand, for who wrote them.
 */
extern bool filter_bind(Filter *node, Span json, const char *at, Refused *refused);
/* As JSON that reads back as the same. */
extern void filter_write_constant(const Filter *node, const FilterConstant *constant, Text *out);

#endif
