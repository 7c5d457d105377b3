/*
 * gateway/live/sorting.c
 *     The order of a view.
 *
 * The same as that of oms_query(): texts by their bytes, numbers by value, nulls as the largest, and no two rows equal.
 */
#define _GNU_SOURCE

#include "sorting.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "json_parts.h"

static int
sorting_cmp(const void *context, uint32_t a, uint32_t b)
{
	const Sorting *sorting = context;

	if (a == b)
		return 0;
	for (int i = 0; i < sorting->nfields; i++)
	{
		int			cmp = store_cmp(sorting->store, sorting->fields[i], a, b);

		if (cmp != 0)
			return sorting->descends[i] ? -cmp : cmp;
	}
	return 0;
}

BlocksOrder
sorting_order(const Sorting *sorting)
{
	return (BlocksOrder) {sorting_cmp, sorting};
}

static bool
sorting_has(const Sorting *sorting, int field)
{
	for (int i = 0; i < sorting->nfields; i++)
		if (sorting->fields[i] == field)
			return true;
	return false;
}

static bool
sorting_add(Sorting *sorting, Span name, Refused *refused)
{
	const Schema *schema = sorting->store->schema;
	bool		descends = name.len > 0 && name.data[0] == '-';
	char		buffer[SHOWN_SIZE];
	int			field;

	name.data += descends;
	name.len -= descends;
	field = schema_field(schema, name);
	if (field == FIELD_NONE && (schema_elsewhere(schema, name) || memchr(name.data, '.', name.len) != NULL))
		return refuse(refused, 422, "orderBy: %s is not kept in memory; a query can sort by it", shown(name, buffer));
	if (field == FIELD_NONE)
		return refuse(refused, 400, "orderBy: unknown field %s of %s", shown(name, buffer), schema->object);
	if (schema->fields[field].type == FIELD_DOCUMENT)
		return refuse(refused, 422, "orderBy: documents are not sorted in memory; a query can sort by %s", shown(name, buffer));
	if (sorting->nfields == SORTING_MAX - 1)
		return refuse(refused, 400, "orderBy has more than %d fields", SORTING_MAX - 1);
	if (sorting_has(sorting, field))
		return refuse(refused, 400, "orderBy names %s twice", shown(name, buffer));
	sorting->fields[sorting->nfields] = field;
	sorting->descends[sorting->nfields++] = descends;
	return true;
}

static bool
sorting_add_json(Sorting *sorting, Span json, Refused *refused)
{
	Text		name = {0};
	bool		good = parts_string(json, &name);

	if (!good)
		refuse(refused, 400, "orderBy is a field or an array of fields");
	else
		good = sorting_add(sorting, (Span) {name.data != NULL ? name.data : "", name.len}, refused);
	text_free(&name);
	return good;
}

bool
sorting_read(const Store *store, Span json, Sorting *sorting, Refused *refused)
{
	JsonParts	parts;
	Span		element;
	Span		trimmed = span_trim(json);

	*sorting = (Sorting) {.store = store};
	if (trimmed.len > 0 && trimmed.data[0] == '"')
	{
		if (!sorting_add_json(sorting, trimmed, refused))
			return false;
	}
	else if (trimmed.len > 0 && !span_is(trimmed, "null"))
	{
		if (!parts_begin_array(&parts, trimmed))
			return refuse(refused, 400, "orderBy is a field or an array of fields");
		while (parts_element(&parts, &element))
			if (!sorting_add_json(sorting, element, refused))
				return false;
		if (!parts_end(&parts))
			return refuse(refused, 400, "orderBy is a field or an array of fields");
	}
	if (!sorting_has(sorting, store->schema->id))
		sorting->fields[sorting->nfields++] = store->schema->id;
	for (int i = 0; i < sorting->nfields; i++)
		sorting->uses |= FIELD_BIT(sorting->fields[i]);
	return true;
}

void
sorting_write(const Sorting *sorting, Text *out)
{
	text_puts(out, "[");
	for (int i = 0; i < sorting->nfields; i++)
	{
		text_printf(out, "%s\"%s%s\"", i > 0 ? "," : "", sorting->descends[i] ? "-" : "", sorting->store->schema->fields[sorting->fields[i]].name);
		/* Behind the id nothing decides. */
		if (sorting->fields[i] == sorting->store->schema->id)
			break;
	}
	text_puts(out, "]");
}

void
sorting_lead(Sorting *sorting, int field, bool descends)
{
	int			n = 1;
	Sorting		old = *sorting;

	sorting->fields[0] = field;
	sorting->descends[0] = descends;
	for (int i = 0; i < old.nfields; i++)
	{
		if (old.fields[i] == field)
			continue;
		sorting->fields[n] = old.fields[i];
		sorting->descends[n++] = old.descends[i];
	}
	sorting->nfields = n;
	sorting->uses |= FIELD_BIT(field);
}

/* ------------------------------------------------------------------------
 * many rows
 * ------------------------------------------------------------------------
 */

typedef struct SortItem
{
	uint64_t	order;			/* of the first field */
	Row			row;
} SortItem;

static int
sorting_cmp_items(const void *a, const void *b, void *context)
{
	const SortItem *x = a;
	const SortItem *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return sorting_cmp(context, x->row, y->row);
}

/* By two bytes of the order, from `from` to `to`; ones that are alike keep their order. */
static void
sorting_pass(const SortItem *from, SortItem *to, uint32_t count, int shift, uint32_t *starts)
{
	uint32_t	start = 0;

	memset(starts, 0, 65536 * sizeof(uint32_t));
	for (uint32_t i = 0; i < count; i++)
		starts[from[i].order >> shift & 65535]++;
	for (uint32_t i = 0; i < 65536; i++)
	{
		uint32_t	here = starts[i];

		starts[i] = start;
		start += here;
	}
	for (uint32_t i = 0; i < count; i++)
		to[starts[from[i].order >> shift & 65535]++] = from[i];
}

/* In four passes by the order of the first field; those that are equal by comparing them. */
static void
sorting_radix(const Sorting *sorting, SortItem *items, uint32_t count)
{
	SortItem   *other = must_alloc(count * sizeof(SortItem));
	uint32_t   *starts = must_alloc(65536 * sizeof(uint32_t));

	for (int shift = 0; shift < 64; shift += 32)
	{
		sorting_pass(items, other, count, shift, starts);
		sorting_pass(other, items, count, shift + 16, starts);
	}
	free(other);
	free(starts);
	for (uint32_t i = 0; i < count;)
	{
		uint32_t	end = i + 1;

		while (end < count && items[end].order == items[i].order)
			end++;
		if (end - i > 1)
			qsort_r(items + i, end - i, sizeof(SortItem), sorting_cmp_items, (void *) sorting);
		i = end;
	}
}

#define RADIX_MIN 20000

void
sorting_sort(const Sorting *sorting, Row *rows, uint32_t count)
{
	SortItem   *items = must_alloc(count * sizeof(SortItem));

	for (uint32_t i = 0; i < count; i++)
	{
		items[i].row = rows[i];
		items[i].order = store_order(sorting->store, sorting->fields[0], rows[i]);
		if (sorting->descends[0])
			items[i].order = ~items[i].order;
	}
	if (count < RADIX_MIN)
		qsort_r(items, count, sizeof(SortItem), sorting_cmp_items, (void *) sorting);
	else
		sorting_radix(sorting, items, count);
	for (uint32_t i = 0; i < count; i++)
		rows[i] = items[i].row;
	free(items);
}
