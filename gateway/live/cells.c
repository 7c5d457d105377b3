/*
 * gateway/live/cells.c
 *     Cells of a line of COPY, and of a state.
 */
#include "cells.h"

#include <string.h>

#include "bytes.h"
#include "json_parts.h"

void
cells_copy_query(const Schema *schema, Text *sql)
{
	text_puts(sql, "COPY (SELECT ");
	for (int i = 0; i < schema->nfields; i++)
	{
		const Field *field = &schema->fields[i];

		text_puts(sql, i > 0 ? ", " : "");
		if (field->type == FIELD_TIME)
			text_printf(sql, "pg_catalog.to_char(pg_catalog.timezone('UTC', %s), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')", field->column);
		else if (field->type == FIELD_DATE)
			text_printf(sql, "pg_catalog.to_char(%s, 'YYYY-MM-DD')", field->column);
		else if (field->type == FIELD_TEXTS)
			text_printf(sql, "pg_catalog.to_jsonb(%s)", field->column);
		else
			text_puts(sql, field->column);
	}
	text_printf(sql, " FROM oms.%s) TO STDOUT", schema->object);
}

/* The text moves while it grows: what stands in it is pointed to at the end. starts: SIZE_MAX where it stands elsewhere. */
static void
cells_settle(Cells *cells, const size_t *starts, int count)
{
	for (int i = 0; i < count; i++)
		if (starts[i] != SIZE_MAX)
			cells->spans[i].data = (cells->text.data != NULL ? cells->text.data : "") + starts[i];
}

/* What COPY wrote with backslashes. */
static bool
cells_unescape(Span cell, Text *out)
{
	static const char letters[] = "bfnrtv\\";
	static const char meanings[] = "\b\f\n\r\t\v\\";

	for (size_t i = 0; i < cell.len; i++)
	{
		const char *letter;

		if (cell.data[i] != '\\')
		{
			text_add(out, cell.data + i, 1);
			continue;
		}
		if (++i == cell.len)
			return false;
		letter = cell.data[i] != '\0' ? strchr(letters, cell.data[i]) : NULL;
		if (letter == NULL)
			return false;
		text_add(out, meanings + (letter - letters), 1);
	}
	return true;
}

bool
cells_of_copy(const Schema *schema, Span line, Cells *cells, Refused *refused)
{
	size_t		starts[FIELDS_MAX];
	int			count = 0;
	bool		more = true;

	text_clear(&cells->text);
	while (more && count < schema->nfields)
	{
		Span		cell;

		more = line.len > 0 && memchr(line.data, '\t', line.len) != NULL;
		cell = span_cut(&line, '\t');
		starts[count] = SIZE_MAX;
		cells->spans[count] = cell.data != NULL ? cell : (Span) {"", 0};
		if (span_is(cell, "\\N"))
			cells->spans[count] = (Span) {NULL, 0};
		else if (cell.len > 0 && memchr(cell.data, '\\', cell.len) != NULL)
		{
			starts[count] = cells->text.len;
			if (!cells_unescape(cell, &cells->text))
				return refuse(refused, 500, "%s of a line of COPY cannot be read", schema->fields[count].name);
			cells->spans[count].len = cells->text.len - starts[count];
		}
		count++;
	}
	if (more || count < schema->nfields)
		return refuse(refused, 500, "a line of COPY has not the %d columns of %s", schema->nfields, schema->object);
	cells_settle(cells, starts, count);
	return true;
}

/* Whether a value of that type is a string in JSON. */
static bool
cells_is_string(FieldType type)
{
	return type == FIELD_TEXT || type == FIELD_NAME || type == FIELD_DATE || type == FIELD_TIME;
}

bool
cells_of_state(const Schema *schema, Span state, Cells *cells, Refused *refused)
{
	size_t		starts[FIELDS_MAX];
	JsonParts	parts;
	Span		key;
	Span		value;

	text_clear(&cells->text);
	for (int i = 0; i < schema->nfields; i++)
	{
		cells->spans[i] = (Span) {NULL, 0};
		starts[i] = SIZE_MAX;
	}
	if (!parts_begin(&parts, state))
		return refuse(refused, 500, "a state of %s is no object", schema->object);
	while (parts_next(&parts, &key, &value))
	{
		/* Names of ours have no escapes; what we do not keep is passed over, however deep it is. */
		int			field = schema_field(schema, key);

		if (field == FIELD_NONE || span_is(value, "null"))
			continue;
		cells->spans[field] = value;
		if (cells_is_string(schema->fields[field].type) != (value.data[0] == '"'))
			return refuse(refused, 500, "%s of a state of %s is of another type", schema->fields[field].name, schema->object);
		if (value.data[0] != '"')
			continue;
		starts[field] = cells->text.len;
		if (!parts_string(value, &cells->text))
			return refuse(refused, 500, "%s of a state of %s cannot be read", schema->fields[field].name, schema->object);
		cells->spans[field].len = cells->text.len - starts[field];
	}
	if (!parts_end(&parts))
		return refuse(refused, 500, "a state of %s is cut", schema->object);
	cells_settle(cells, starts, schema->nfields);
	return true;
}

void
cells_free(Cells *cells)
{
	text_free(&cells->text);
}
