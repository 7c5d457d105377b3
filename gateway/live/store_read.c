/*
 * gateway/live/store_read.c
 *     Cells as values, and values as cells.
 */
#include "store_inside.h"

#include <string.h>

#include "instant.h"
#include "json_parts.h"

/* ["A","B"] as "A\0B\0". */
static bool
read_texts(Span cell, Text *out)
{
	JsonParts	parts;
	Span		element;

	if (!parts_begin_array(&parts, cell))
		return false;
	while (parts_element(&parts, &element))
	{
		if (!parts_string(element, out))
			return false;
		text_add(out, "", 1);
	}
	return parts_end(&parts);
}

/* What a draft's text points to moves while the draft grows: until the end it is an offset. */
static bool
read_cell(Store *store, const Field *field, Span cell, Value *value)
{
	Text	   *texts = &store->draft_texts;
	size_t		start = texts->len;

	value->null = false;
	switch (field->type)
	{
		case FIELD_NUMBER:
			return decimal_read(cell, &value->number);
		case FIELD_BOOLEAN:
			value->whole = cell.len > 0 && cell.data[0] == 't';
			return cell.len > 0 && (cell.data[0] == 't' || cell.data[0] == 'f');
		case FIELD_DATE:
			return day_read(cell, &value->whole);
		case FIELD_TIME:
			return instant_read(cell, &value->whole);
		case FIELD_TEXTS:
			if (!read_texts(cell, texts))
				return false;
			break;
		case FIELD_TEXT:
		case FIELD_NAME:
		case FIELD_DOCUMENT:
			text_add(texts, cell.data, cell.len);
			break;
	}
	value->whole = (int64_t) start;
	value->text.len = texts->len - start;
	return true;
}

bool
store_read(Store *store, const Span *cells, Refused *refused)
{
	const Schema *schema = store->schema;

	text_clear(&store->draft_texts);
	for (int i = 0; i < schema->nfields; i++)
	{
		store->draft[i] = (Value) {.null = true};
		if (cells[i].data != NULL && !read_cell(store, &schema->fields[i], cells[i], &store->draft[i]))
			return refuse(refused, 500, "%s of %s cannot be read", schema->fields[i].name, schema->object);
	}
	if (store->draft[schema->id].null || store->draft[schema->version].null)
		return refuse(refused, 500, "a row of %s has no id or no version", schema->object);
	for (int i = 0; i < schema->nfields; i++)
	{
		Value	   *value = &store->draft[i];

		if (value->null || !store_is_text(&schema->fields[i]))
			continue;
		value->text.data = (store->draft_texts.data != NULL ? store->draft_texts.data : "") + value->whole;
		if (schema->fields[i].few)
			value->code = dictionary_put(&store->columns[i].dictionary, value->text);
	}
	return true;
}

static void
write_texts(Span texts, Text *out)
{
	text_puts(out, "[");
	for (const char *at = texts.data; at < texts.data + texts.len; at += strlen(at) + 1)
	{
		if (at > texts.data)
			text_puts(out, ",");
		text_json(out, at, strlen(at));
	}
	text_puts(out, "]");
}

void
store_cell(const Store *store, Row row, int field, Text *out)
{
	Value		value;

	store_value(store, row, field, &value);
	if (value.null)
	{
		text_puts(out, "null");
		return;
	}
	switch (store->schema->fields[field].type)
	{
		case FIELD_TEXT:
		case FIELD_NAME:
			text_json(out, value.text.data, value.text.len);
			return;
		case FIELD_TEXTS:
			write_texts(value.text, out);
			return;
		case FIELD_DOCUMENT:
			text_add(out, value.text.data, value.text.len);
			return;
		case FIELD_BOOLEAN:
			text_puts(out, value.whole != 0 ? "true" : "false");
			return;
		case FIELD_NUMBER:
		case FIELD_DATE:
		case FIELD_TIME:
			break;
	}
	text_puts(out, "\"");
	if (store->schema->fields[field].type == FIELD_NUMBER)
		decimal_write(&value.number, out);
	else if (store->schema->fields[field].type == FIELD_DATE)
		day_write(value.whole, out);
	else
		instant_write(value.whole, out);
	text_puts(out, "\"");
}
