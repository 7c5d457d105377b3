/*
 * gateway/live/filter_bind.c
 *     Constants as their field's type reads them, and as JSON again.
 */
#define _GNU_SOURCE

#include "filter_inside.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "instant.h"
#include "json_parts.h"

#define OP(operator) (1U << (operator))
#define EQUAL_OPS (OP(FILTER_EQ) | OP(FILTER_NE) | OP(FILTER_IN) | OP(FILTER_IS_NULL))
#define ORDER_OPS (EQUAL_OPS | OP(FILTER_LT) | OP(FILTER_LTE) | OP(FILTER_GT) | OP(FILTER_GTE))

const char *const filter_operators[FILTER_OPERATORS] = {
	[FILTER_EQ] = "eq", [FILTER_NE] = "ne", [FILTER_LT] = "lt", [FILTER_LTE] = "lte", [FILTER_GT] = "gt", [FILTER_GTE] = "gte",
	[FILTER_IN] = "in", [FILTER_LIKE] = "like", [FILTER_ILIKE] = "ilike", [FILTER_IS_NULL] = "isNull",
};

static const struct
{
	unsigned	operators;
	const char *wanted;
}			bind_types[] = {
	[FIELD_TEXT] = {ORDER_OPS | OP(FILTER_LIKE) | OP(FILTER_ILIKE), "a text"},
	[FIELD_NAME] = {EQUAL_OPS, "one of its names, or FIX's code"},
	[FIELD_NUMBER] = {ORDER_OPS, "a decimal number of at most 38 digits"},
	[FIELD_BOOLEAN] = {EQUAL_OPS, "true or false"},
	[FIELD_DATE] = {ORDER_OPS, "a date as 2026-03-02"},
	[FIELD_TIME] = {ORDER_OPS, "a time with a zone as 2026-03-02T09:30:00Z"},
	[FIELD_TEXTS] = {EQUAL_OPS, "a text, or one of its names"},
	[FIELD_DOCUMENT] = {OP(FILTER_IS_NULL), "nothing: a document is there or not"},
};

/* What stands between quotes, as a text of the constant's own; else what stands there. */
static bool
bind_own(Span json, FilterConstant *constant)
{
	Text		text = {0};

	if (json.data[0] != '"')
		text_add(&text, json.data, json.len);
	else if (!parts_string(json, &text))
	{
		text_free(&text);
		return false;
	}
	text_add(&text, "", 0);
	constant->text = (Span) {text.data, text.len};
	return true;
}

/* As PostgreSQL reads a boolean: any beginning of these words that is of one alone. */
static bool
bind_boolean(Span text, int64_t *whole)
{
	static const struct
	{
		const char *word;
		size_t		least;
		bool		value;
	}			words[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false}, {"on", 2, true}, {"off", 2, false}, {"1", 1, true}, {"0", 1, false}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text.len >= words[i].least && text.len <= strlen(words[i].word) && strncasecmp(words[i].word, text.data, text.len) == 0)
		{
			*whole = words[i].value;
			return true;
		}
	return false;
}

static bool
bind_number(FilterConstant *constant)
{
	char		room[DECIMAL_ROOM];
	Text		text = {0};

	if (!decimal_read_constant(constant->text, room, &constant->number))
		return false;
	decimal_write_trimmed(&constant->number, &text);
	free((char *) constant->text.data);
	constant->text = (Span) {text.data, text.len};
	return decimal_read(constant->text, &constant->number);
}

static bool
bind_name(const Filter *node, FilterConstant *constant)
{
	const Field *field = &node->store->schema->fields[node->field];
	Span		name;
	Text		text = {0};

	if (field->names == NULL || node->path != NULL)
		return true;
	if (!names_find(field->names, constant->text, &name))
		return field->open;
	text_add(&text, name.data, name.len);
	free((char *) constant->text.data);
	constant->text = (Span) {text.data, text.len};
	return true;
}

/* json: a scalar. */
static bool
bind_constant(const Filter *node, Span json, FilterConstant *constant)
{
	bool		string = json.data[0] == '"';
	bool		number = json.data[0] == '-' || (json.data[0] >= '0' && json.data[0] <= '9');

	if (!bind_own(json, constant))
		return false;
	switch (node->type)
	{
		case FIELD_TEXT:
			return string;
		case FIELD_NAME:
		case FIELD_TEXTS:
			if (number && !bind_number(constant))
				return false;
			return (string || number) && bind_name(node, constant);
		case FIELD_NUMBER:
			return (string || number) && bind_number(constant);
		case FIELD_BOOLEAN:
			return !number && bind_boolean(constant->text, &constant->whole);
		case FIELD_DATE:
			return string && day_read(constant->text, &constant->whole);
		case FIELD_TIME:
			return string && instant_read(constant->text, &constant->whole);
		case FIELD_DOCUMENT:
			break;
	}
	return false;
}

/* JSON's numbers begin with no zero and have digits on both sides of a point, which a text need not. */
static bool
bind_is_scalar(Span json)
{
	if (json.len == 0)
		return false;
	return json.data[0] == '"' || json.data[0] == '-' || (json.data[0] >= '0' && json.data[0] <= '9') || span_is(json, "true") || span_is(json, "false");
}

/* In a document nothing but the constant says what is compared. */
static FieldType
bind_type_of(Span json)
{
	return json.data[0] == '"' ? FIELD_TEXT : json.data[0] == 't' || json.data[0] == 'f' ? FIELD_BOOLEAN : FIELD_NUMBER;
}

static bool
bind_one(Filter *node, Span json, const char *at, Refused *refused)
{
	FilterConstant *constant = &node->constants[node->nconstants];
	char		buffer[SHOWN_SIZE];

	if (!bind_is_scalar(json))
		return refuse(refused, 400, "%s must be a text, a number, true or false", at);
	if (node->path != NULL && node->nconstants == 0)
		node->type = bind_type_of(json);
	else if (node->path != NULL && node->type != bind_type_of(json))
		return refuse(refused, 400, "%s: all of a list must be of one type", at);
	*constant = (FilterConstant) {.text = {NULL, 0}};
	node->nconstants++;
	if (node->operator == FILTER_LIKE || node->operator == FILTER_ILIKE)
	{
		size_t		escapes = 0;

		if (json.data[0] != '"' || !bind_own(json, constant) || constant->text.len > FILTER_PATTERN_MAX)
			return refuse(refused, 400, "%s must be a text of at most %d bytes", at, FILTER_PATTERN_MAX);
		while (escapes < constant->text.len && constant->text.data[constant->text.len - 1 - escapes] == '\\')
			escapes++;
		return escapes % 2 == 0 || refuse(refused, 400, "%s must be a pattern that does not end with an escape character", at);
	}
	return bind_constant(node, json, constant) ||
		refuse(refused, 400, "%s: %s is no value of %s, which is %s", at, shown(json, buffer), node->name, bind_types[node->type].wanted);
}

static int
bind_cmp(const void *a, const void *b, void *context)
{
	return filter_cmp_constants(((const Filter *) context)->type, a, b);
}

static bool
bind_list(Filter *node, Span json, const char *at, Refused *refused)
{
	JsonParts	parts;
	Span		element;
	int			n = 0;

	if (!parts_begin_array(&parts, json))
		return refuse(refused, 400, "%s must be an array", at);
	while (parts_element(&parts, &element))
	{
		if (node->nconstants == FILTER_LIST_MAX)
			return refuse(refused, 400, "%s has more than %d values", at, FILTER_LIST_MAX);
		if (node->nconstants % 16 == 0)
			node->constants = must_realloc(node->constants, (size_t) (node->nconstants + 16) * sizeof(FilterConstant));
		if (!bind_one(node, element, at, refused))
			return false;
	}
	if (!parts_end(&parts))
		return refuse(refused, 400, "%s must be an array", at);
	if (node->nconstants == 0)
		return true;
	qsort_r(node->constants, (size_t) node->nconstants, sizeof(FilterConstant), bind_cmp, node);
	for (int i = 0; i < node->nconstants; i++)
	{
		if (n > 0 && filter_cmp_constants(node->type, &node->constants[n - 1], &node->constants[i]) == 0)
			free((char *) node->constants[i].text.data);
		else
			node->constants[n++] = node->constants[i];
	}
	node->nconstants = n;
	if (n == 1)
		node->operator = FILTER_EQ;
	return true;
}

static bool
bind_is_null(Filter *node, Span json, const char *at, Refused *refused)
{
	node->is_null = span_is(json, "true") || span_is(json, "\"true\"");
	return node->is_null || span_is(json, "false") || span_is(json, "\"false\"") || refuse(refused, 400, "%s must be true or false", at);
}

bool
filter_bind(Filter *node, Span json, const char *at, Refused *refused)
{
	if (span_is(json, "null") && (node->operator == FILTER_EQ || node->operator == FILTER_NE))
	{
		node->is_null = node->operator == FILTER_EQ;
		node->operator = FILTER_IS_NULL;
		return true;
	}
	/* What a value in a document is compared as its constants say; none is a text. */
	if (node->path != NULL)
		node->type = FIELD_TEXT;
	if (node->operator == FILTER_IS_NULL)
		return bind_is_null(node, json, at, refused);
	if (node->path == NULL && (bind_types[node->type].operators & OP(node->operator)) == 0)
		return refuse(refused, 400, "%s: operator %s does not apply to %s", at, filter_operators[node->operator], node->name);
	if (node->operator == FILTER_IN)
	{
		if (!bind_list(node, json, at, refused))
			return false;
	}
	else
	{
		node->constants = must_alloc(sizeof(FilterConstant));
		if (!bind_one(node, json, at, refused))
			return false;
	}
	if ((bind_types[node->type].operators & OP(node->operator)) == 0)
		return refuse(refused, 400, "%s: operator %s does not apply to %s", at, filter_operators[node->operator], node->name);
	return true;
}

void
filter_write_constant(const Filter *node, const FilterConstant *constant, Text *out)
{
	if (node->type == FIELD_BOOLEAN)
		text_puts(out, constant->whole != 0 ? "true" : "false");
	else if (node->type == FIELD_NUMBER)
		text_add(out, constant->text.data, constant->text.len);
	else if (node->type == FIELD_DATE || node->type == FIELD_TIME)
	{
		text_puts(out, "\"");
		if (node->type == FIELD_DATE)
			day_write(constant->whole, out);
		else
			instant_write(constant->whole, out);
		text_puts(out, "\"");
	}
	else
		text_json(out, constant->text.data, constant->text.len);
}
