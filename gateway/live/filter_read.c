/*
 * gateway/live/filter_read.c
 *     Reading a condition, and writing it in its normal form: JSON in, JSON out.
 *
 * Whatever is wrong is refused with the place where it stands.
 */
#define _GNU_SOURCE

#include "filter_inside.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "json_parts.h"

typedef struct FilterReader
{
	Store	   *store;
	Refused    *refused;
	int			comparisons;
	int			constants;
} FilterReader;

/* Where something stands: the names on the way, from the inside out. */
typedef struct FilterAt
{
	const struct FilterAt *around;
	const char *name;
} FilterAt;

#define AT_SIZE 160

static size_t
at_write(const FilterAt *at, char buffer[AT_SIZE], size_t len)
{
	char		name[SHOWN_SIZE];
	size_t		n;

	if (at->around != NULL)
		len = at_write(at->around, buffer, len);
	shown(span_of(at->name), name);
	/* without its quotes */
	n = strlen(name) - 2;
	if (len + n + 2 > AT_SIZE)
		return len;
	if (len > 0)
		buffer[len++] = '.';
	memcpy(buffer + len, name + 1, n);
	buffer[len + n] = '\0';
	return len + n;
}

static const char *
at_text(const FilterAt *at, char buffer[AT_SIZE])
{
	buffer[0] = '\0';
	at_write(at, buffer, 0);
	return buffer;
}

static Filter *
filter_make(FilterReader *reader, FilterKind kind)
{
	Filter	   *filter = must_alloc(sizeof(Filter));

	*filter = (Filter) {.kind = kind, .store = reader->store, .field = FIELD_NONE};
	return filter;
}

void
filter_free(Filter *filter)
{
	if (filter == NULL)
		return;
	for (int i = 0; i < filter->nmembers; i++)
		filter_free(filter->members[i]);
	for (int i = 0; i < filter->nconstants; i++)
		free((char *) filter->constants[i].text.data);
	free(filter->members);
	free(filter->constants);
	free(filter->answers);
	free(filter->name);
	free(filter->path);
	text_free(&filter->scratch);
	free(filter);
}

static void
filter_add(Filter *filter, Filter *member)
{
	filter->members = must_realloc(filter->members, (size_t) (filter->nmembers + 1) * sizeof(Filter *));
	filter->members[filter->nmembers++] = member;
}

/* ------------------------------------------------------------------------
 * fields
 * ------------------------------------------------------------------------
 */

/* "attributes.deep.0" is a document and the parts of a path. */
static bool
read_path(Filter *node, const char *rest)
{
	size_t		len = strlen(rest);

	node->path = must_strdup(rest);
	node->nparts = 1;
	for (size_t i = 0; i < len; i++)
	{
		if (rest[i] != '.')
			continue;
		node->path[i] = '\0';
		node->nparts++;
		if (i == 0 || i == len - 1 || rest[i + 1] == '.')
			return false;
	}
	return len > 0 && node->nparts <= FILTER_PATH_MAX;
}

static bool
read_field(FilterReader *reader, Filter *node, const char *name, const char *at)
{
	const Schema *schema = reader->store->schema;
	size_t		len = strcspn(name, ".");
	Span		first = {name, len};
	char		buffer[SHOWN_SIZE];

	node->name = must_strdup(name);
	if (schema_elsewhere(schema, first))
		return refuse(reader->refused, 422, "%s: %s is not kept in memory; a query can ask for it", at, shown(first, buffer));
	node->field = schema_field(schema, first);
	if (strlen(name) > FILTER_NAME_MAX || node->field == FIELD_NONE ||
		(name[len] == '.' && (schema->fields[node->field].type != FIELD_DOCUMENT || !read_path(node, name + len + 1))))
		return refuse(reader->refused, 400, "%s: unknown field %s of %s", at, shown(span_of(name), buffer), schema->object);
	node->type = schema->fields[node->field].type;
	if (strcmp(name, "id") == 0)
	{
		free(node->name);
		node->name = must_strdup(schema->fields[node->field].name);
	}
	return true;
}

static bool
read_comparison(FilterReader *reader, Filter *around, const char *name, FilterOperator operator, Span json, const FilterAt *at)
{
	Filter	   *node = filter_make(reader, FILTER_COMPARE);
	char		text[AT_SIZE];

	filter_add(around, node);
	node->operator = operator;
	at_text(at, text);
	if (++reader->comparisons > FILTER_COMPARISONS_MAX)
		return refuse(reader->refused, 400, "more than %d comparisons", FILTER_COMPARISONS_MAX);
	if (!read_field(reader, node, name, text) || !filter_bind(node, json, text, reader->refused))
		return false;
	reader->constants += node->nconstants;
	return reader->constants <= FILTER_CONSTANTS_MAX || refuse(reader->refused, 400, "more than %d values", FILTER_CONSTANTS_MAX);
}

static bool
read_operators(FilterReader *reader, Filter *around, const char *name, Span json, const FilterAt *at)
{
	JsonParts	parts;
	Span		key;
	Span		value;
	unsigned	said = 0;
	char		text[AT_SIZE];
	char		buffer[SHOWN_SIZE];

	parts_begin(&parts, json);
	while (parts_next(&parts, &key, &value))
	{
		int			operator = 0;

		while (operator < FILTER_OPERATORS && !parts_means(key, filter_operators[operator]))
			operator++;
		if (operator == FILTER_OPERATORS)
			return refuse(reader->refused, 400, "%s: unknown operator %s", at_text(at, text), shown(key, buffer));
		if ((said & (1U << operator)) != 0)
			return refuse(reader->refused, 400, "%s: %s stands there twice", at_text(at, text), filter_operators[operator]);
		said |= 1U << operator;
		if (!read_comparison(reader, around, name, (FilterOperator) operator, value, &(FilterAt) {at, filter_operators[operator]}))
			return false;
	}
	return (parts_end(&parts) && said != 0) || refuse(reader->refused, 400, "%s must be a value, an array of values, or an object with operators", at_text(at, text));
}

/* ------------------------------------------------------------------------
 * and, or, not
 * ------------------------------------------------------------------------
 */

static bool read_where(FilterReader *reader, Filter *around, Span json, const FilterAt *at, int depth);

static bool
read_members(FilterReader *reader, Filter *around, FilterKind kind, Span json, const FilterAt *at, int depth)
{
	Filter	   *node = filter_make(reader, kind);
	JsonParts	parts;
	Span		element;
	char		text[AT_SIZE];

	filter_add(around, node);
	if (!parts_begin_array(&parts, json))
		return refuse(reader->refused, 400, "%s must be an array of objects", at_text(at, text));
	while (parts_element(&parts, &element))
		if (!read_where(reader, node, element, at, depth + 1))
			return false;
	return parts_end(&parts) || refuse(reader->refused, 400, "%s must be an array of objects", at_text(at, text));
}

static bool
read_member(FilterReader *reader, Filter *around, const char *name, Span json, const FilterAt *at, int depth)
{
	char		text[AT_SIZE];

	if (strcmp(name, "and") == 0 || strcmp(name, "or") == 0)
		return read_members(reader, around, name[0] == 'a' ? FILTER_AND : FILTER_OR, json, at, depth);
	if (strcmp(name, "not") == 0)
	{
		filter_add(around, filter_make(reader, FILTER_NOT));
		return read_where(reader, around->members[around->nmembers - 1], json, at, depth + 1);
	}
	if (strcmp(name, "where") == 0)
		return refuse(reader->refused, 400, "%s: \"where\" is no field", at_text(at, text));
	if (json.data[0] == '{')
		return read_operators(reader, around, name, json, at);
	return read_comparison(reader, around, name, json.data[0] == '[' ? FILTER_IN : FILTER_EQ, json, at);
}

/* All members of an object hold: they go into an AND of their own. */
static bool
read_where(FilterReader *reader, Filter *around, Span json, const FilterAt *at, int depth)
{
	Filter	   *node = filter_make(reader, FILTER_AND);
	JsonParts	parts;
	Span		key;
	Span		value;
	Text		name = {0};
	bool		good;
	char		text[AT_SIZE];

	filter_add(around, node);
	if (depth > FILTER_DEPTH_MAX)
		return refuse(reader->refused, 400, "the condition is more than %d deep", FILTER_DEPTH_MAX);
	good = parts_begin(&parts, json);
	while (good && parts_next(&parts, &key, &value))
	{
		text_clear(&name);
		/* with its quotes */
		good = parts_string((Span) {key.data - 1, key.len + 2}, &name) && name.len > 0 && strlen(name.data) == name.len && value.len > 0;
		if (good && !read_member(reader, node, name.data, value, &(FilterAt) {at, name.data}, depth))
		{
			text_free(&name);
			return false;
		}
	}
	text_free(&name);
	return (good && parts_end(&parts)) || refuse(reader->refused, 400, "%s must be an object", at_text(at, text));
}

Filter *
filter_read(Store *store, Span json, Refused *refused)
{
	FilterReader reader = {.store = store, .refused = refused};
	Filter	   *filter = filter_make(&reader, FILTER_AND);
	Span		trimmed = span_trim(json);

	if (trimmed.len == 0 || span_is(trimmed, "null"))
		return filter;
	/* what is written of it reads back as itself only so */
	if (!bytes_are_text(trimmed, true))
		refuse(refused, 400, "where is no text of UTF-8");
	else if (read_where(&reader, filter, trimmed, &(FilterAt) {NULL, "where"}, 1))
		return filter;
	filter_free(filter);
	return NULL;
}

/* ------------------------------------------------------------------------
 * normal form
 * ------------------------------------------------------------------------
 */

static void
write_comparison(const Filter *node, Text *out)
{
	text_puts(out, "{");
	text_json(out, node->name, strlen(node->name));
	text_printf(out, ":{\"%s\":", filter_operators[node->operator]);
	if (node->operator == FILTER_IS_NULL)
		text_puts(out, node->is_null ? "true" : "false");
	else if (node->operator == FILTER_IN)
		text_puts(out, "[");
	for (int i = 0; i < node->nconstants; i++)
	{
		if (i > 0)
			text_puts(out, ",");
		filter_write_constant(node, &node->constants[i], out);
	}
	text_puts(out, node->operator == FILTER_IN ? "]}}" : "}}");
}

typedef struct FilterTexts
{
	char	  **texts;
	size_t		count;
} FilterTexts;

/* Members of a member of the same kind are its own. */
static void
write_members(const Filter *node, FilterKind kind, FilterTexts *list)
{
	for (int i = 0; i < node->nmembers; i++)
	{
		const Filter *member = node->members[i];
		Text		text = {0};

		while ((member->kind == FILTER_AND || member->kind == FILTER_OR) && member->nmembers == 1)
			member = member->members[0];
		if (member->kind == kind)
		{
			write_members(member, kind, list);
			continue;
		}
		filter_write(member, &text);
		list->texts = must_realloc(list->texts, (list->count + 1) * sizeof(char *));
		list->texts[list->count++] = text.data;
	}
}

static int
write_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

void
filter_write(const Filter *filter, Text *out)
{
	FilterTexts list = {0};
	size_t		n = 0;

	if (filter->kind == FILTER_COMPARE)
	{
		write_comparison(filter, out);
		return;
	}
	if (filter->kind == FILTER_NOT)
	{
		text_puts(out, "{\"not\":");
		filter_write(filter->members[0], out);
		text_puts(out, "}");
		return;
	}
	write_members(filter, filter->kind, &list);
	if (list.count > 1)
		qsort(list.texts, list.count, sizeof(char *), write_cmp);
	for (size_t i = 0; i < list.count; i++)
	{
		if (n > 0 && strcmp(list.texts[n - 1], list.texts[i]) == 0)
			free(list.texts[i]);
		else
			list.texts[n++] = list.texts[i];
	}
	if (n != 1)
		text_printf(out, "{\"%s\":[", filter->kind == FILTER_AND ? "and" : "or");
	for (size_t i = 0; i < n; i++)
	{
		text_puts(out, i > 0 ? "," : "");
		text_puts(out, list.texts[i]);
		free(list.texts[i]);
	}
	if (n != 1)
		text_puts(out, "]}");
	free(list.texts);
}
