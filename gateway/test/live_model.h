/*
 * gateway/test/live_model.h
 *     What the live engine is held against: rows as numbers into pools of values, conditions as trees over them, and everything
 *     else by looking at all rows and sorting them.
 *
 * A pool knows of each value how it is written and where it stands among the others, and nothing else; so the model reads no
 * number, no time and no text.
 */
#ifndef LIVE_MODEL_H
#define LIVE_MODEL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live_schema.h"
#include "text.h"

typedef struct ModelValue
{
	const char *cell;			/* as the store gets it */
	const char *constant;		/* as a condition has it; NULL: never in one */
	int			rank;			/* equal ones have the same */
} ModelValue;

static const ModelValue model_symbols[] = {
	{"", "\"\"", 0}, {"A", "\"A\"", 1}, {"AB", "\"AB\"", 2}, {"B", "\"B\"", 3}, {"a", "\"\\u0061\"", 4}, {"\xC3\xA4", "\"\xC3\xA4\"", 5},
	{"\xE2\x82\xAC", "\"\\u20ac\"", 6},
};
static const ModelValue model_sides[] = {{"1X", "\"1X\"", 0}, {"BUY", "\"buy\"", 1}, {"SELL", "2", 2}, {"SELL_SHORT", "\"sell-short\"", 3}};
static const ModelValue model_notes[] = {
	{"", "\"\"", 0}, {"%", "\"%\"", 1}, {"A", "\"A\"", 2}, {"A line that is longer than what a list of free places has room for, twice over", NULL, 3}, {"b", "\"b\"", 4},
};
static const ModelValue model_numbers[] = {
	{"-12345678901234567890123456789012345678.5", NULL, 0}, {"-1.5", "-1.5", 1}, {"-1.50", "\"-1.500\"", 1}, {"-0.0000001", "-1e-7", 2}, {"0", "0", 3},
	{"0.00", "\"0.0\"", 3}, {"0.000000000000000001", "0.000000000000000001", 4}, {"0.0000000000000000010001", NULL, 5}, {"0.1", "0.1", 6},
	{"0.10000000000000000000000000000", "\"0.1\"", 6}, {"9.99", "\"9.99\"", 7}, {"10", "1e1", 8}, {"10.000", "10.00", 8}, {"100", "\"100\"", 9},
	{"123456789012345678", "123456789012345678", 10}, {"123456789012345678.000000001", "\"123456789012345678.000000001\"", 11},
	{"99999999999999999999999999999999999999", "99999999999999999999999999999999999999", 12},
};
static const ModelValue model_currencies[] = {{"CHF", "\"CHF\"", 0}, {"EUR", "\"EUR\"", 1}, {"USD", "\"USD\"", 2}};
static const ModelValue model_flags[] = {
	{"[]", NULL, 0}, {"[\"A\"]", "\"A\"", 1}, {"[\"A\", \"B\"]", NULL, 2}, {"[\"AB\"]", "\"AB\"", 3}, {"[\"B\"]", "\"B\"", 4},
};
static const ModelValue model_flags_closed[] = {{"false", "false", 0}, {"true", "\"true\"", 1}, {"f", "\"off\"", 0}, {"t", "true", 1}};
static const ModelValue model_days[] = {
	{"0001-01-01", "\"00010101\"", 0}, {"1970-01-01", "\"1970-01-01\"", 1}, {"2024-02-29", "\"20240229\"", 2}, {"9999-12-31", "\"9999-12-31\"", 3},
};
static const ModelValue model_times[] = {
	{"1969-12-31T23:59:59.999999Z", "\"1969-12-31T23:59:59.999999Z\"", 0}, {"2026-03-02T09:30:00Z", "\"2026-03-02T10:30:00+01:00\"", 1},
	{"2026-03-02T09:30:00.000001Z", "\"20260302-09:30:00.000001\"", 2}, {"2026-03-02T09:30:01.000000Z", "\"2026-03-02 04:00:01-0530\"", 3},
};
static const ModelValue model_docs[] = {{"{}", NULL, 0}, {"{\"a\": [1, \"x\"]}", NULL, 0}};

#define POOL(values) {values, sizeof(values) / sizeof(values[0])}

static const struct
{
	const ModelValue *values;
	int			count;
}			model_pools[M_FIELDS] = {
	[M_SYMBOL] = POOL(model_symbols), [M_SIDE] = POOL(model_sides), [M_NOTE] = POOL(model_notes), [M_PRICE] = POOL(model_numbers),
	[M_QTY] = POOL(model_numbers), [M_CURRENCY] = POOL(model_currencies), [M_FLAGS] = POOL(model_flags), [M_TAGS] = POOL(model_flags),
	[M_CLOSED] = POOL(model_flags_closed), [M_DAY] = POOL(model_days), [M_AT] = POOL(model_times), [M_DOC] = POOL(model_docs),
};

typedef struct ModelRow
{
	bool		there;
	int			version;
	char		id[16];
	char		root[16];		/* empty: null */
	char		parent[16];
	int			values[M_FIELDS];	/* into the pools; -1: null */
} ModelRow;

/* ------------------------------------------------------------------------
 * chance: the same from the same seed
 * ------------------------------------------------------------------------
 */

static uint64_t model_state;

static uint32_t
chance(uint32_t below)
{
	model_state += 0x9E3779B97F4A7C15U;
	uint64_t	x = model_state;

	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
	return (uint32_t) (((x ^ (x >> 31)) >> 32) % below);
}

static int
chance_of_pool(int field)
{
	return chance(6) == 0 ? -1 : (int) chance((uint32_t) model_pools[field].count);
}

/* ------------------------------------------------------------------------
 * order
 * ------------------------------------------------------------------------
 */

static int
model_cmp_text(const char *a, const char *b)
{
	int			cmp;

	/* null is the largest */
	if (a[0] == '\0' || b[0] == '\0')
		return (a[0] == '\0') - (b[0] == '\0');
	cmp = strcmp(a, b);
	return (cmp > 0) - (cmp < 0);
}

static int
model_cmp(int field, const ModelRow *a, const ModelRow *b)
{
	int			x = a->values[field];
	int			y = b->values[field];

	if (field == M_ID)
		return model_cmp_text(a->id, b->id);
	if (field == M_ROOT)
		return model_cmp_text(a->root, b->root);
	if (field == M_PARENT)
		return model_cmp_text(a->parent, b->parent);
	if (field == M_VERSION)
		return (a->version > b->version) - (a->version < b->version);
	if (x < 0 || y < 0)
		return (x < 0) - (y < 0);
	x = model_pools[field].values[x].rank;
	y = model_pools[field].values[y].rank;
	return (x > y) - (x < y);
}

typedef struct ModelSorting
{
	int			count;
	int			fields[4];
	bool		descends[4];
} ModelSorting;

static int
model_cmp_rows(const void *a, const void *b, void *context)
{
	const ModelSorting *sorting = context;
	const ModelRow *x = *(const ModelRow *const *) a;
	const ModelRow *y = *(const ModelRow *const *) b;

	for (int i = 0; i < sorting->count; i++)
	{
		int			cmp = model_cmp(sorting->fields[i], x, y);

		if (cmp != 0)
			return sorting->descends[i] ? -cmp : cmp;
	}
	return model_cmp(M_ID, x, y);
}

static void
chance_of_sorting(ModelSorting *sorting, Text *json)
{
	static const int fields[] = {M_SYMBOL, M_SIDE, M_NOTE, M_PRICE, M_QTY, M_CURRENCY, M_FLAGS, M_TAGS, M_CLOSED, M_DAY, M_AT, M_VERSION, M_ROOT, M_ID};
	int			count = (int) chance(4);

	*sorting = (ModelSorting) {.count = 0};
	text_puts(json, "[");
	for (int i = 0; i < count; i++)
	{
		int			field = fields[chance(sizeof(fields) / sizeof(fields[0]))];
		bool		again = false;

		for (int j = 0; j < sorting->count; j++)
			again |= sorting->fields[j] == field;
		if (again)
			continue;
		sorting->fields[sorting->count] = field;
		sorting->descends[sorting->count] = chance(2) == 1;
		text_printf(json, "%s\"%s%s\"", sorting->count > 0 ? "," : "", sorting->descends[sorting->count] ? "-" : "", model_fields[field].name);
		sorting->count++;
	}
	text_puts(json, "]");
}

/* ------------------------------------------------------------------------
 * conditions
 * ------------------------------------------------------------------------
 */

typedef enum ModelOperator
{
	MO_EQ, MO_NE, MO_LT, MO_LTE, MO_GT, MO_GTE, MO_NULL, MO_NOT_NULL, MO_IN, MO_PREFIX,
	MO_AND, MO_OR, MO_NOT
} ModelOperator;

typedef struct ModelNode
{
	ModelOperator op;
	int			field;
	int			constants[3];
	int			nconstants;
	struct ModelNode *members[3];
	int			nmembers;
} ModelNode;

static void
model_free(ModelNode *node)
{
	for (int i = 0; i < node->nmembers; i++)
		model_free(node->members[i]);
	free(node);
}

static int
chance_of_constant(int field)
{
	int			constant;

	do
		constant = (int) chance((uint32_t) model_pools[field].count);
	while (model_pools[field].values[constant].constant == NULL);
	return constant;
}

static ModelNode *
chance_of_comparison(Text *json)
{
	static const int fields[] = {M_SYMBOL, M_SIDE, M_NOTE, M_PRICE, M_QTY, M_CURRENCY, M_FLAGS, M_TAGS, M_CLOSED, M_DAY, M_AT};
	static const char *const names[] = {"eq", "ne", "lt", "lte", "gt", "gte"};
	ModelNode  *node = calloc(1, sizeof(ModelNode));
	FieldType	type;
	bool		ordered;

	node->field = fields[chance(sizeof(fields) / sizeof(fields[0]))];
	type = model_fields[node->field].type;
	ordered = type != FIELD_NAME && type != FIELD_TEXTS && type != FIELD_BOOLEAN;
	do
		node->op = (ModelOperator) chance(MO_AND);
	while ((!ordered && node->op >= MO_LT && node->op <= MO_GTE) || (node->op == MO_PREFIX && type != FIELD_TEXT));
	text_printf(json, "{\"%s\":", model_fields[node->field].name);
	if (node->op == MO_NULL || node->op == MO_NOT_NULL)
		text_puts(json, node->op == MO_NULL ? "null}" : "{\"isNull\":false}}");
	else if (node->op == MO_IN)
	{
		node->nconstants = (int) chance(4);
		text_puts(json, "[");
		for (int i = 0; i < node->nconstants; i++)
		{
			node->constants[i] = chance_of_constant(node->field);
			text_printf(json, "%s%s", i > 0 ? "," : "", model_pools[node->field].values[node->constants[i]].constant);
		}
		text_puts(json, "]}");
	}
	else if (node->op == MO_PREFIX)
		text_puts(json, "{\"like\":\"A%\"}}");
	else
	{
		node->nconstants = 1;
		node->constants[0] = chance_of_constant(node->field);
		text_printf(json, "{\"%s\":%s}}", names[node->op], model_pools[node->field].values[node->constants[0]].constant);
	}
	return node;
}

static ModelNode *
chance_of_condition(int depth, Text *json)
{
	ModelNode  *node;
	uint32_t	kind = depth == 0 ? 0 : chance(6);

	if (kind < 3)
		return chance_of_comparison(json);
	node = calloc(1, sizeof(ModelNode));
	node->op = kind == 3 ? MO_AND : kind == 4 ? MO_OR : MO_NOT;
	if (node->op == MO_NOT)
	{
		text_puts(json, "{\"not\":");
		node->members[node->nmembers++] = chance_of_condition(depth - 1, json);
		text_puts(json, "}");
		return node;
	}
	text_puts(json, node->op == MO_AND ? "{\"and\":[" : "{\"or\":[");
	for (int count = (int) chance(4); count > 0; count--)
	{
		if (node->nmembers > 0)
			text_puts(json, ",");
		node->members[node->nmembers++] = chance_of_condition(depth - 1, json);
	}
	text_puts(json, "]}");
	return node;
}

/* -1: null */
static int
model_has(const ModelRow *row, int field, int constant)
{
	const char *cell = model_pools[field].values[row->values[field]].cell;
	char		wanted[16];

	if (model_fields[field].type != FIELD_TEXTS)
		return model_pools[field].values[row->values[field]].rank == model_pools[field].values[constant].rank;
	/* "A" with its quotes stands in the array as it is written */
	snprintf(wanted, sizeof(wanted), "%s", model_pools[field].values[constant].constant);
	return strstr(cell, wanted) != NULL;
}

static int
model_ask(const ModelNode *node, const ModelRow *row)
{
	int			decides = node->op == MO_AND ? 0 : 1;
	int			answer = node->op == MO_AND ? 1 : 0;
	int			cmp;

	if (node->op == MO_NOT)
	{
		answer = model_ask(node->members[0], row);
		return answer < 0 ? -1 : !answer;
	}
	if (node->op == MO_AND || node->op == MO_OR)
	{
		for (int i = 0; i < node->nmembers; i++)
		{
			int			one = model_ask(node->members[i], row);

			if (one == decides)
				return decides;
			if (one < 0)
				answer = -1;
		}
		return answer;
	}
	if (node->op == MO_IN && node->nconstants == 0)
		return 0;
	if (node->op == MO_NULL || node->op == MO_NOT_NULL)
		return (row->values[node->field] < 0) == (node->op == MO_NULL);
	if (row->values[node->field] < 0)
		return -1;
	if (node->op == MO_PREFIX)
		return model_pools[node->field].values[row->values[node->field]].cell[0] == 'A';
	if (node->op == MO_IN || node->op == MO_EQ || node->op == MO_NE)
	{
		int			has = 0;

		for (int i = 0; i < node->nconstants; i++)
			has |= model_has(row, node->field, node->constants[i]);
		return has == (node->op != MO_NE);
	}
	cmp = model_pools[node->field].values[row->values[node->field]].rank - model_pools[node->field].values[node->constants[0]].rank;
	return node->op == MO_LT ? cmp < 0 : node->op == MO_LTE ? cmp <= 0 : node->op == MO_GT ? cmp > 0 : cmp >= 0;
}

/* ------------------------------------------------------------------------
 * sums
 * ------------------------------------------------------------------------
 */

#define SUM_DIGITS 60

/* Adds up digits in their places, and carries at the end. */
static void
model_sum(const ModelRow *const *rows, int count, int field, int currency, Text *out)
{
	long		places[2 * SUM_DIGITS] = {0};
	bool		negative = false;
	int			first = 0;
	int			last = 2 * SUM_DIGITS - 1;

	for (int i = 0; i < count; i++)
	{
		const char *cell;
		int			sign = 1;
		int			place;

		if (rows[i]->values[M_CURRENCY] != currency || rows[i]->values[field] < 0)
			continue;
		cell = model_pools[field].values[rows[i]->values[field]].cell;
		if (*cell == '-')
			sign = -1, cell++;
		place = SUM_DIGITS - (int) strcspn(cell, ".");
		for (; *cell != '\0'; cell++)
			if (*cell != '.')
				places[place++] += sign * (*cell - '0');
	}
	for (int round = 0; round < 2; round++)
	{
		for (int i = 2 * SUM_DIGITS - 1; i > 0; i--)
		{
			long		carry = places[i] >= 0 ? places[i] / 10 : -((9 - places[i]) / 10);

			places[i] -= carry * 10;
			places[i - 1] += carry;
		}
		if (places[0] >= 0)
			break;
		negative = true;
		for (int i = 0; i < 2 * SUM_DIGITS; i++)
			places[i] = -places[i];
	}
	while (first < SUM_DIGITS - 1 && places[first] == 0)
		first++;
	while (last >= SUM_DIGITS && places[last] == 0)
		last--;
	if (negative)
		text_puts(out, "-");
	for (int i = first; i <= (last < SUM_DIGITS - 1 ? SUM_DIGITS - 1 : last); i++)
		text_printf(out, i == SUM_DIGITS ? ".%ld" : "%ld", places[i]);
}

static void
model_totals(const ModelRow *const *rows, int count, Text *out)
{
	text_puts(out, "[");
	for (int i = 0; i <= model_pools[M_CURRENCY].count; i++)
	{
		int			currency = i < model_pools[M_CURRENCY].count ? i : -1;
		int			here = 0;

		for (int j = 0; j < count; j++)
			here += rows[j]->values[M_CURRENCY] == currency;
		if (here == 0)
			continue;
		if (out->data[out->len - 1] != '[')
			text_puts(out, ",");
		if (currency < 0)
			text_puts(out, "{\"currency\":null");
		else
			text_printf(out, "{\"currency\":\"%s\"", model_pools[M_CURRENCY].values[currency].cell);
		text_printf(out, ",\"count\":%d,\"qty\":\"", here);
		model_sum(rows, count, M_QTY, currency, out);
		text_puts(out, "\"}");
	}
	text_puts(out, "]");
}

#endif
