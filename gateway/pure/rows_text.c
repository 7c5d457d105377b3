/*
 * gateway/pure/rows_text.c
 *     Rows of a query as they go out.
 */
#include "rows_text.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "formats.h"
#include "json_parts.h"

/*
 * What begins so may be a formula, as spreadsheets read it. So is what would be one without the apostrophes before it: who takes one away from
 * what has become of it has what it was.
 */
static bool
rows_is_formula(Span value)
{
	while (value.len > 1 && value.data[0] == '\'')
		value = (Span) {value.data + 1, value.len - 1};
	return value.len > 0 && value.data[0] != '\0' && strchr("=+-@\t\r\n", value.data[0]) != NULL;
}

void
csv_field(Text *out, Span value, bool text)
{
	bool		guarded = text && rows_is_formula(value);
	bool		quoted = guarded;

	for (size_t i = 0; i < value.len && !quoted; i++)
		quoted = value.data[i] == '"' || value.data[i] == ',' || value.data[i] == '\n' || value.data[i] == '\r';
	/* A space at either end is lost by some who read it. */
	quoted = quoted || (value.len > 0 && (value.data[0] == ' ' || value.data[value.len - 1] == ' '));
	if (!quoted)
	{
		text_add(out, value.data, value.len);
		return;
	}
	text_puts(out, guarded ? "\"'" : "\"");
	while (value.len > 0)
	{
		const char *quote = memchr(value.data, '"', value.len);
		size_t		len = quote != NULL ? (size_t) (quote - value.data) + 1 : value.len;

		text_add(out, value.data, len);
		if (quote != NULL)
			text_puts(out, "\"");
		value = (Span) {value.data + len, value.len - len};
	}
	text_puts(out, "\"");
}

/* A value as JSON has it. */
static void
rows_add_cell(Text *out, Span cell, Text *room)
{
	if (cell.data == NULL || span_is(cell, "null"))
		return;
	text_clear(room);
	if (parts_string(cell, room))
		csv_field(out, (Span) {room->data, room->len}, true);
	else
		csv_field(out, cell, false);
}

/* Sorted by insertion: there are a hundred at most, once a query. */
static void
rows_sort_columns(RowsText *rows, const char *const *columns)
{
	for (size_t i = 0; i < rows->ncolumns; i++)
	{
		size_t		at = i;

		for (; at > 0 && strcmp(rows->columns[at - 1], columns[i]) > 0; at--)
		{
			rows->columns[at] = rows->columns[at - 1];
			rows->places[at] = rows->places[at - 1];
		}
		rows->columns[at] = columns[i];
		rows->places[at] = i;
	}
}

void
rows_begin(RowsText *rows, unsigned format, const char *const *columns, size_t ncolumns, Text *out)
{
	*rows = (RowsText) {.format = format};
	if (format == FORMAT_JSON)
		text_puts(out, "[");
	if (format != FORMAT_CSV)
		return;
	rows->ncolumns = ncolumns;
	rows->columns = must_alloc(ncolumns * sizeof(char *));
	rows->places = must_alloc(ncolumns * sizeof(size_t));
	rows->cells = must_alloc(ncolumns * sizeof(Span));
	rows_sort_columns(rows, columns);
	for (size_t i = 1; i < ncolumns; i++)
		rows->doubles = rows->doubles || strcmp(rows->columns[i - 1], rows->columns[i]) == 0;
	text_puts(out, CSV_MARK);
	for (size_t i = 0; i < ncolumns; i++)
	{
		if (i > 0)
			text_puts(out, ",");
		csv_field(out, span_of(columns[i]), true);
	}
	text_puts(out, "\r\n");
}

/* A column that was asked for twice is there twice; a row has it once. */
static void
rows_fill_doubles(RowsText *rows)
{
	for (size_t i = 1; i < rows->ncolumns; i++)
	{
		Span	   *one = &rows->cells[rows->places[i - 1]];
		Span	   *other = &rows->cells[rows->places[i]];

		if (strcmp(rows->columns[i - 1], rows->columns[i]) == 0)
			*other = *one = one->data != NULL ? *one : *other;
	}
	for (size_t i = rows->ncolumns; i-- > 1;)
		if (strcmp(rows->columns[i - 1], rows->columns[i]) == 0)
			rows->cells[rows->places[i - 1]] = rows->cells[rows->places[i]];
}

/* Where the column of this key stands in a line; ncolumns: there is none. */
static size_t
rows_place(const RowsText *rows, Span key)
{
	size_t		low = 0;
	size_t		high = rows->ncolumns;

	while (low < high)
	{
		size_t		middle = (low + high) / 2;
		size_t		len = strlen(rows->columns[middle]);
		int			order = memcmp(key.data, rows->columns[middle], key.len < len ? key.len : len);

		if (order == 0)
			order = key.len < len ? -1 : key.len > len;
		if (order == 0)
			return rows->places[middle];
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return rows->ncolumns;
}

static void
rows_add_line(RowsText *rows, Span row, Text *out)
{
	JsonParts	parts;
	Span		key;
	Span		value;
	Text		room = {0};

	for (size_t i = 0; i < rows->ncolumns; i++)
		rows->cells[i] = (Span) {NULL, 0};
	if (parts_begin(&parts, row))
		while (parts_next(&parts, &key, &value))
		{
			size_t		place;

			text_clear(&room);
			if (memchr(key.data, '\\', key.len) != NULL)
				place = parts_string((Span) {key.data - 1, key.len + 2}, &room) ? rows_place(rows, (Span) {room.data, room.len}) : rows->ncolumns;
			else
				place = rows_place(rows, key);
			if (place < rows->ncolumns)
				rows->cells[place] = value;
		}
	if (rows->doubles)
		rows_fill_doubles(rows);
	for (size_t i = 0; i < rows->ncolumns; i++)
	{
		if (i > 0)
			text_puts(out, ",");
		rows_add_cell(out, rows->cells[i], &room);
	}
	text_puts(out, "\r\n");
	text_free(&room);
}

void
rows_add(RowsText *rows, Span row, Text *out)
{
	if (rows->format == FORMAT_CSV)
		rows_add_line(rows, row, out);
	else
	{
		if (rows->format == FORMAT_JSON && rows->rows > 0)
			text_puts(out, ",\n");
		text_add(out, row.data, row.len);
		if (rows->format == FORMAT_NDJSON)
			text_puts(out, "\n");
	}
	rows->rows++;
}

void
rows_end(RowsText *rows, Text *out)
{
	if (rows->format == FORMAT_JSON)
		text_puts(out, "]\n");
}

void
rows_free(RowsText *rows)
{
	free(rows->columns);
	free(rows->places);
	free(rows->cells);
	*rows = (RowsText) {0};
}
