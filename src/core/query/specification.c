/*-------------------------------------------------------------------------
 *
 * specification.c
 *	  A condition on objects: its normal form, and that as JSON.
 *
 * Pure.  Normal form changes no answer, in three values: AND and OR keep theirs
 * when members are sorted, merged or named once, "not false" wins nothing over
 * null, and the opposite of a comparison is null where it is null.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/json.h"
#include "core/query/specification.h"

typedef struct SpecOperatorDef
{
	const char *name;
	int			opposite;		/* what NOT makes of it; -1: it stays NOT */
} SpecOperatorDef;

static const SpecOperatorDef spec_operators[SPEC_OPERATORS] = {
	[SPEC_EQ] = {"eq", SPEC_NE},
	[SPEC_NE] = {"ne", SPEC_EQ},
	[SPEC_LT] = {"lt", SPEC_GTE},
	[SPEC_LTE] = {"lte", SPEC_GT},
	[SPEC_GT] = {"gt", SPEC_LTE},
	[SPEC_GTE] = {"gte", SPEC_LT},
	[SPEC_IN] = {"in", -1},
	[SPEC_LIKE] = {"like", -1},
	[SPEC_ILIKE] = {"ilike", -1},
	[SPEC_IS_NULL] = {"isNull", SPEC_IS_NULL},
};

const char *
oms_spec_operator_name(SpecOperator op)
{
	return spec_operators[op].name;
}

/* ------------------------------------------------------------------------
 * parts, and their order
 * ------------------------------------------------------------------------
 */

SpecNode *
oms_spec_compare(const char *name, SpecOperator op, const SpecConstant *constants, int nconstants)
{
	SpecNode   *node = palloc0(sizeof(SpecNode));

	node->kind = SPEC_COMPARE;
	node->path = node->name = name;
	node->op = op;
	node->nconstants = nconstants;
	node->constants = palloc(sizeof(SpecConstant) * Max(nconstants, 1));
	if (nconstants > 0)
		memcpy(node->constants, constants, sizeof(SpecConstant) * nconstants);
	return node;
}

SpecNode *
oms_spec_combine(SpecKind kind, SpecNode **members, int nmembers)
{
	SpecNode   *node = palloc0(sizeof(SpecNode));

	node->kind = kind;
	node->path = "";
	node->nmembers = nmembers;
	node->members = palloc(sizeof(SpecNode *) * Max(nmembers, 1));
	if (nmembers > 0)
		memcpy(node->members, members, sizeof(SpecNode *) * nmembers);
	return node;
}

int
oms_spec_constant_cmp(const JsonbValue *a, const JsonbValue *b)
{
	int			cmp;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->type == jbvNumeric)
		return oms_dec_cmp(a->val.numeric, b->val.numeric);
	if (a->type != jbvString)
		return (int) a->val.boolean - (int) b->val.boolean;
	/* as the collation "C" does */
	cmp = memcmp(a->val.string.val, b->val.string.val, Min(a->val.string.len, b->val.string.len));
	return cmp != 0 ? cmp : a->val.string.len - b->val.string.len;
}

static int
spec_compare_cmp(const SpecNode *a, const SpecNode *b)
{
	int			cmp = strcmp(a->name, b->name);

	if (cmp == 0)
		cmp = (int) a->op - (int) b->op;
	if (cmp == 0)
		cmp = a->nconstants - b->nconstants;
	for (int i = 0; cmp == 0 && i < a->nconstants; i++)
		cmp = oms_spec_constant_cmp(&a->constants[i].json, &b->constants[i].json);
	return cmp;
}

int
oms_spec_cmp(const SpecNode *a, const SpecNode *b)
{
	int			cmp = (int) a->kind - (int) b->kind;

	if (cmp == 0 && a->kind == SPEC_COMPARE)
		return spec_compare_cmp(a, b);
	if (cmp == 0)
		cmp = a->nmembers - b->nmembers;
	for (int i = 0; cmp == 0 && i < a->nmembers; i++)
		cmp = oms_spec_cmp(a->members[i], b->members[i]);
	return cmp;
}

static int
spec_sort_nodes(const void *a, const void *b)
{
	return oms_spec_cmp(*(SpecNode *const *) a, *(SpecNode *const *) b);
}

static int
spec_sort_constants(const void *a, const void *b)
{
	return oms_spec_constant_cmp(&((const SpecConstant *) a)->json, &((const SpecConstant *) b)->json);
}

/* ------------------------------------------------------------------------
 * normal form
 * ------------------------------------------------------------------------
 */

/* A list is sorted and has nothing twice; a list of one is that one. */
static SpecNode *
spec_normal_compare(SpecNode *node)
{
	int			n = 0;

	if (node->op != SPEC_IN)
		return node;
	qsort(node->constants, node->nconstants, sizeof(SpecConstant), spec_sort_constants);
	for (int i = 0; i < node->nconstants; i++)
		if (n == 0 || spec_sort_constants(&node->constants[n - 1], &node->constants[i]) != 0)
			node->constants[n++] = node->constants[i];
	node->nconstants = n;
	if (n == 1)
		node->op = SPEC_EQ;
	return node;
}

/* NOT of what is in normal form. */
static SpecNode *
spec_normal_not(SpecNode *node)
{
	SpecNode   *member = node->members[0];

	if (member->kind == SPEC_NOT)
		return member->members[0];
	if (member->kind != SPEC_COMPARE && member->nmembers == 0)
	{
		member->kind = member->kind == SPEC_AND ? SPEC_OR : SPEC_AND;
		return member;
	}
	if (member->kind != SPEC_COMPARE || spec_operators[member->op].opposite < 0)
		return node;
	member->op = spec_operators[member->op].opposite;
	if (member->op == SPEC_IS_NULL)
	{
		member->constants[0].json.val.boolean = !member->constants[0].json.val.boolean;
		member->constants[0].value = BoolGetDatum(member->constants[0].json.val.boolean);
	}
	return member;
}

/* Members of a member of the same kind are its own; none of them is what changes nothing, and the other one's none is what decides. */
static SpecNode *
spec_normal_members(SpecNode *node)
{
	SpecNode  **members;
	int			count = 0;
	int			n = 0;

	for (int i = 0; i < node->nmembers; i++)
	{
		SpecNode   *member = node->members[i] = oms_spec_normal(node->members[i]);

		if (member->kind != node->kind && member->kind != SPEC_COMPARE && member->nmembers == 0)
			return member;
		count += member->kind == node->kind ? member->nmembers : 1;
	}
	members = palloc(sizeof(SpecNode *) * Max(count, 1));
	count = 0;
	for (int i = 0; i < node->nmembers; i++)
	{
		SpecNode   *member = node->members[i];

		if (member->kind != node->kind)
			members[count++] = member;
		for (int j = 0; member->kind == node->kind && j < member->nmembers; j++)
			members[count++] = member->members[j];
	}
	qsort(members, count, sizeof(SpecNode *), spec_sort_nodes);
	for (int i = 0; i < count; i++)
		if (n == 0 || oms_spec_cmp(members[n - 1], members[i]) != 0)
			members[n++] = members[i];
	node->members = members;
	node->nmembers = n;
	return n == 1 ? members[0] : node;
}

SpecNode *
oms_spec_normal(SpecNode *spec)
{
	if (spec->kind == SPEC_COMPARE)
		return spec_normal_compare(spec);
	if (spec->kind != SPEC_NOT)
		return spec_normal_members(spec);
	spec->members[0] = oms_spec_normal(spec->members[0]);
	return spec_normal_not(spec);
}

/* ------------------------------------------------------------------------
 * how large it is
 * ------------------------------------------------------------------------
 */

typedef struct SpecSize
{
	int			depth;
	int			comparisons;
	int			constants;
} SpecSize;

static void
spec_measure(const SpecNode *node, int depth, SpecSize *size)
{
	size->depth = Max(size->depth, depth);
	if (node->kind == SPEC_COMPARE)
	{
		size->comparisons++;
		size->constants += node->nconstants;
	}
	for (int i = 0; i < node->nmembers; i++)
		spec_measure(node->members[i], depth + 1, size);
}

Refusal *
oms_spec_check_size(const SpecNode *spec)
{
	SpecSize	size = {0};

	spec_measure(spec, 1, &size);
	if (size.depth <= SPEC_DEPTH_MAX && size.comparisons <= SPEC_COMPARISONS_MAX && size.constants <= SPEC_CONSTANTS_MAX)
		return NULL;
	return oms_with_detail(oms_refuse(OMS_BAD_QUERY, "the specification is too large"),
						   "It is %d deep and has %d comparisons with %d constants; the most are %d, %d and %d.",
						   size.depth, size.comparisons, size.constants, SPEC_DEPTH_MAX, SPEC_COMPARISONS_MAX, SPEC_CONSTANTS_MAX);
}

/* ------------------------------------------------------------------------
 * as JSON
 * ------------------------------------------------------------------------
 */

static void spec_write(const SpecNode *node, JsonWriter *w, const char *key);

static void
spec_write_list(const SpecNode *node, JsonWriter *w)
{
	oms_json_open_array(w);
	for (int i = 0; i < node->nconstants; i++)
		oms_json_scalar(w, NULL, &node->constants[i].json);
	oms_json_close_array(w);
}

/* {"gte": 100} without its braces */
static void
spec_write_operator(const SpecNode *node, JsonWriter *w)
{
	oms_json_key(w, oms_spec_operator_name(node->op));
	if (node->op == SPEC_IN)
		spec_write_list(node, w);
	else
		oms_json_scalar(w, NULL, &node->constants[0].json);
}

/* What is said of one field: no operator twice. */
static void
spec_write_field(SpecNode *const *nodes, int count, JsonWriter *w)
{
	const SpecNode *first = nodes[0];

	oms_json_key(w, first->name);
	if (count == 1 && first->op == SPEC_IS_NULL && first->constants[0].json.val.boolean)
		oms_json_scalar(w, NULL, &(JsonbValue) {.type = jbvNull});
	else if (count == 1 && first->op == SPEC_EQ)
		oms_json_scalar(w, NULL, &first->constants[0].json);
	else if (count == 1 && first->op == SPEC_IN)
		spec_write_list(first, w);
	else
	{
		oms_json_open_object(w);
		for (int i = 0; i < count; i++)
			spec_write_operator(nodes[i], w);
		oms_json_close_object(w);
	}
}

static void
spec_write_array(SpecNode *const *nodes, int count, JsonWriter *w, const char *key)
{
	oms_json_key(w, key);
	oms_json_open_array(w);
	for (int i = 0; i < count; i++)
		spec_write(nodes[i], w, NULL);
	oms_json_close_array(w);
}

/* How many of the nodes, from the first on, are of its kind, or comparisons of its field. */
static int
spec_run(SpecNode *const *nodes, int count)
{
	int			n = 1;

	while (n < count && nodes[n]->kind == nodes[0]->kind &&
		   (nodes[0]->kind != SPEC_COMPARE || strcmp(nodes[n]->name, nodes[0]->name) == 0))
		n++;
	return n;
}

/* Comparisons of one field: those of an operator that came before go to the rest. */
static int
spec_write_comparisons(SpecNode *const *nodes, int count, JsonWriter *w, SpecNode **rest)
{
	SpecNode   *once[SPEC_OPERATORS];
	int			n = 0;
	int			nrest = 0;

	for (int i = 0; i < count; i++)
		if (i == 0 || nodes[i]->op != nodes[i - 1]->op)
			once[n++] = nodes[i];
		else
			rest[nrest++] = nodes[i];
	spec_write_field(once, n, w);
	return nrest;
}

/* AND as the members of one object; "and" has those of which a key would come twice. */
static void
spec_write_and(const SpecNode *node, JsonWriter *w)
{
	SpecNode  **rest = palloc(sizeof(SpecNode *) * Max(node->nmembers, 1));
	int			nrest = 0;
	int			n;

	for (int i = 0; i < node->nmembers; i += n)
	{
		SpecNode  **members = &node->members[i];

		n = spec_run(members, node->nmembers - i);
		if (members[0]->kind == SPEC_COMPARE)
			nrest += spec_write_comparisons(members, n, w, rest + nrest);
		else if (n > 1)
		{
			memcpy(rest + nrest, members, sizeof(SpecNode *) * n);
			nrest += n;
		}
		else if (members[0]->kind == SPEC_NOT)
			spec_write(members[0]->members[0], w, "not");
		else
			spec_write_array(members[0]->members, members[0]->nmembers, w, "or");
	}
	if (nrest > 0)
		spec_write_array(rest, nrest, w, "and");
}

static void
spec_write(const SpecNode *node, JsonWriter *w, const char *key)
{
	if (key)
		oms_json_key(w, key);
	oms_json_open_object(w);
	if (node->kind == SPEC_COMPARE)
		spec_write_field((SpecNode *const *) &node, 1, w);
	else if (node->kind == SPEC_NOT)
		spec_write(node->members[0], w, "not");
	else if (node->kind == SPEC_OR)
		spec_write_array(node->members, node->nmembers, w, "or");
	else
		spec_write_and(node, w);
	oms_json_close_object(w);
}

Jsonb *
oms_spec_to_jsonb(const SpecNode *spec)
{
	JsonWriter	w = {0};

	spec_write(spec, &w, NULL);
	return oms_json_finish(&w);
}
