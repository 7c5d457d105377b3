/*
 * gateway/live/export.c
 *     All rows of a view as they were at one moment.
 */
#include "export.h"

#include <stdlib.h>
#include <string.h>

#include "instant.h"
#include "rows_text.h"

/* ---- which ---- */

/* The lines of a tree as they are shown. */
static uint32_t
export_read_lines(Export *export, const Look *look)
{
	Lines		lines;
	Line	   *read;
	uint32_t	count;
	uint32_t	rows = 0;

	lines_begin(&lines, export->view, look->opened);
	read = must_alloc(lines.total * sizeof(Line));
	count = lines_read(&lines, 0, lines.total, read);
	lines_end(&lines);
	export->rows = must_alloc(count * sizeof(Row));
	for (uint32_t i = 0; i < count; i++)
		export->rows[rows++] = read[i].row;
	free(read);
	return rows;
}

Export *
export_make(View *view, const Look *look)
{
	Export	   *export = must_alloc(sizeof(Export));

	*export = (Export) {.view = view, .ncolumns = look->ncolumns, .nawaited = view->store->nrows};
	for (int i = 0; i < look->ncolumns; i++)
		export->columns[i] = look->columns[i];
	for (int i = 0; look->ncolumns == 0 && i < view->store->schema->nfields; i++)
		export->columns[export->ncolumns++] = i;
	if (view->mode == VIEW_TREE)
		export->count = export_read_lines(export, look);
	else
	{
		export->rows = must_alloc(view->rows.total * sizeof(Row));
		export->count = blocks_read(&view->rows, 0, view->rows.total, export->rows);
	}
	export->awaited = must_alloc(export->nawaited / 8 + 1);
	memset(export->awaited, 0, export->nawaited / 8 + 1);
	for (uint32_t i = 0; i < export->count; i++)
		export->awaited[export->rows[i] / 8] |= (uint8_t) (1U << export->rows[i] % 8);
	return export;
}

void
export_free(Export *export)
{
	for (uint32_t i = 0; i < export->room; i++)
		free(export->kept[i].text);
	free(export->kept);
	free(export->awaited);
	free(export->rows);
	free(export);
}

/* ---- lines ---- */

static void
export_cell(const Store *store, Row row, int field, Text *out)
{
	Text		room = {0};
	Value		value;
	bool		text = false;

	store_value(store, row, field, &value);
	if (value.null)
		return;
	switch (store->schema->fields[field].type)
	{
		case FIELD_TEXT:
		case FIELD_NAME:
			text = true;
			text_add(&room, value.text.data, value.text.len);
			break;
		case FIELD_NUMBER:
			decimal_write(&value.number, &room);
			break;
		case FIELD_DATE:
			day_write(value.whole, &room);
			break;
		case FIELD_TIME:
			instant_write(value.whole, &room);
			break;
		case FIELD_BOOLEAN:
		case FIELD_TEXTS:
		case FIELD_DOCUMENT:
			store_cell(store, row, field, &room);
			break;
	}
	csv_field(out, (Span) {room.data != NULL ? room.data : "", room.len}, text);
	text_free(&room);
}

static void
export_line(const Export *export, Row row, Text *out)
{
	for (int i = 0; i < export->ncolumns; i++)
	{
		text_puts(out, i > 0 ? "," : "");
		export_cell(export->view->store, row, export->columns[i], out);
	}
	text_puts(out, "\r\n");
}

void
export_head(const Export *export, Text *out)
{
	text_puts(out, CSV_MARK);
	for (int i = 0; i < export->ncolumns; i++)
		text_printf(out, "%s%s", i > 0 ? "," : "", export->view->store->schema->fields[export->columns[i]].name);
	text_puts(out, "\r\n");
}

/* ---- what is kept ---- */

static ExportLine *
export_place(const Export *export, Row row)
{
	uint32_t	at = row * 2654435761U & (export->room - 1);

	while (export->kept[at].text != NULL && export->kept[at].row != row)
		at = (at + 1) & (export->room - 1);
	return &export->kept[at];
}

static void
export_grow(Export *export)
{
	ExportLine *old = export->kept;
	uint32_t	old_room = export->room;

	if (export->nkept < old_room / 2)
		return;
	export->room = old_room > 0 ? old_room * 2 : 64;
	export->kept = must_alloc(export->room * sizeof(ExportLine));
	memset(export->kept, 0, export->room * sizeof(ExportLine));
	for (uint32_t i = 0; i < old_room; i++)
		if (old[i].text != NULL)
			*export_place(export, old[i].row) = old[i];
	free(old);
}

static bool
export_awaits(const Export *export, Row row)
{
	return row < export->nawaited && (export->awaited[row / 8] >> row % 8 & 1) != 0;
}

static void
export_took(Export *export, Row row)
{
	export->awaited[row / 8] &= (uint8_t) ~(1U << row % 8);
}

void
export_keep(Export *export, Row row)
{
	Text		line = {0};

	if (!export_awaits(export, row))
		return;
	export_took(export, row);
	export_grow(export);
	export_line(export, row, &line);
	*export_place(export, row) = (ExportLine) {.row = row, .text = line.data};
	export->nkept++;
}

bool
export_read(Export *export, uint32_t rows, Text *out)
{
	for (; rows > 0 && export->read < export->count; rows--)
	{
		Row			row = export->rows[export->read++];

		if (export_awaits(export, row))
		{
			export_took(export, row);
			export_line(export, row, out);
		}
		else
			text_puts(out, export_place(export, row)->text);
	}
	return export->read == export->count;
}
