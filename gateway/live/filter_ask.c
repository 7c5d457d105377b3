/*
 * gateway/live/filter_ask.c
 *     Whether a condition holds of a row.
 *
 * Answers as the SQL does that oms_query() makes of it (src/core/query/specification_match.c says the same of states).
 */
#include "filter_inside.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "json_parts.h"
#include "like.h"

#define ANSWERS_STEP 64

int
filter_cmp_constants(FieldType type, const FilterConstant *a, const FilterConstant *b)
{
	switch (type)
	{
		case FIELD_NUMBER:
			return decimal_cmp(&a->number, &b->number);
		case FIELD_BOOLEAN:
		case FIELD_DATE:
		case FIELD_TIME:
			return (a->whole > b->whole) - (a->whole < b->whole);
		default:
			return span_cmp(a->text, b->text);
	}
}

static Answer
ask_order(FilterOperator operator, int cmp)
{
	switch (operator)
	{
		case FILTER_EQ:
			return cmp == 0;
		case FILTER_NE:
			return cmp != 0;
		case FILTER_LT:
			return cmp < 0;
		case FILTER_LTE:
			return cmp <= 0;
		case FILTER_GT:
			return cmp > 0;
		default:
			return cmp >= 0;
	}
}

static Answer
ask_list(const Filter *node, const FilterConstant *value)
{
	int			low = 0;
	int			high = node->nconstants;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			cmp = filter_cmp_constants(node->type, value, &node->constants[middle]);

		if (cmp == 0)
			return ANSWER_TRUE;
		if (cmp < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return ANSWER_FALSE;
}

/* Is one of the constants among the texts? */
static Answer
ask_texts(const Filter *node, Span texts)
{
	bool		has = false;

	for (const char *at = texts.data; at < texts.data + texts.len && !has; at += strlen(at) + 1)
	{
		FilterConstant text = {.text = span_of(at)};

		if (node->operator == FILTER_IN)
			has = ask_list(node, &text) == ANSWER_TRUE;
		else
			has = span_cmp(text.text, node->constants[0].text) == 0;
	}
	return has == (node->operator != FILTER_NE);
}

/* Of what is not null. */
static Answer
ask_value(const Filter *node, const FilterConstant *value)
{
	if (node->type == FIELD_TEXTS)
		return ask_texts(node, value->text);
	if (node->operator == FILTER_IN)
		return ask_list(node, value);
	if (node->operator == FILTER_LIKE || node->operator == FILTER_ILIKE)
		return like_matches(value->text, node->constants[0].text, node->operator == FILTER_ILIKE);
	return ask_order(node->operator, filter_cmp_constants(node->type, value, &node->constants[0]));
}

/* Of all rows that have this value in the column. */
static Answer
ask_code(Filter *node, const Value *value)
{
	FilterConstant constant = {.text = value->text};

	if (value->code >= node->nanswers)
	{
		uint32_t	count = value->code + ANSWERS_STEP + node->nanswers;

		node->answers = must_realloc(node->answers, count);
		memset(node->answers + node->nanswers, 0, count - node->nanswers);
		node->nanswers = count;
	}
	if (node->answers[value->code] == 0)
		node->answers[value->code] = (uint8_t) (ask_value(node, &constant) + 1);
	return node->answers[value->code] - 1;
}

/* An element by its number, from the end where that is negative. */
static bool
find_element(Span array, const char *part, Span *value)
{
	char	   *end;
	long		number = strtol(part, &end, 10);
	JsonParts	parts;
	long		count = 0;

	if (end == part || *end != '\0' || number > INT32_MAX || number < INT32_MIN)
		return false;
	if (number < 0)
	{
		parts_begin_array(&parts, array);
		while (parts_element(&parts, value))
			count++;
		number += count;
	}
	if (number < 0)
		return false;
	parts_begin_array(&parts, array);
	while (parts_element(&parts, value))
		if (number-- == 0)
			return true;
	return false;
}

/* What the operator #> finds; false where that is null. */
static bool
find_path(const Filter *node, Span document, Span *value)
{
	const char *part = node->path;

	*value = span_trim(document);
	for (int i = 0; i < node->nparts; i++, part += strlen(part) + 1)
	{
		Span		inside = *value;

		if (inside.len == 0 || (inside.data[0] != '{' && inside.data[0] != '['))
			return false;
		if (inside.data[0] == '{' ? !parts_find(inside, part, value) : !find_element(inside, part, value))
			return false;
	}
	return value->len > 0 && !span_is(*value, "null");
}

/* A value in a document as what the comparison takes; it is null as anything else. */
static bool
take_json(Filter *node, Span json, FilterConstant *constant)
{
	bool		string = json.data[0] == '"';
	bool		truth = span_is(json, "true");

	if (node->type == FIELD_NUMBER)
		return decimal_read(json, &constant->number);
	if (node->type == FIELD_BOOLEAN)
	{
		constant->whole = truth;
		return truth || span_is(json, "false");
	}
	constant->text = json;
	if (!string)
		return true;
	text_clear(&node->scratch);
	if (!parts_string(json, &node->scratch))
		return false;
	constant->text = (Span) {node->scratch.data != NULL ? node->scratch.data : "", node->scratch.len};
	return true;
}

static Answer
ask_compare(Filter *node, Row row)
{
	Value		value;
	FilterConstant constant = {.text = {NULL, 0}};

	if (node->operator == FILTER_IN && node->nconstants == 0)
		return ANSWER_FALSE;
	store_value(node->store, row, node->field, &value);
	if (node->path != NULL && !value.null)
	{
		Span		json;

		value.null = !find_path(node, value.text, &json);
		if (!value.null && node->operator != FILTER_IS_NULL && !take_json(node, json, &constant))
			return ANSWER_NULL;
	}
	if (node->operator == FILTER_IS_NULL)
		return value.null == node->is_null;
	if (value.null)
		return ANSWER_NULL;
	if (node->path != NULL)
		return ask_value(node, &constant);
	if (node->store->schema->fields[node->field].few)
		return ask_code(node, &value);
	return ask_value(node, &(FilterConstant) {.text = value.text, .number = value.number, .whole = value.whole});
}

Answer
filter_ask(Filter *filter, Row row)
{
	Answer		decides = filter->kind == FILTER_AND ? ANSWER_FALSE : ANSWER_TRUE;
	Answer		answer = filter->kind == FILTER_AND ? ANSWER_TRUE : ANSWER_FALSE;

	if (filter->kind == FILTER_COMPARE)
		return ask_compare(filter, row);
	if (filter->kind == FILTER_NOT)
	{
		answer = filter_ask(filter->members[0], row);
		return answer == ANSWER_NULL ? ANSWER_NULL : answer == ANSWER_TRUE ? ANSWER_FALSE : ANSWER_TRUE;
	}
	for (int i = 0; i < filter->nmembers; i++)
	{
		Answer		one = filter_ask(filter->members[i], row);

		if (one == decides)
			return decides;
		if (one == ANSWER_NULL)
			answer = ANSWER_NULL;
	}
	return answer;
}

FieldSet
filter_uses(const Filter *filter)
{
	FieldSet	uses = filter->kind == FILTER_COMPARE ? FIELD_BIT(filter->field) : 0;

	for (int i = 0; i < filter->nmembers; i++)
		uses |= filter_uses(filter->members[i]);
	return uses;
}
