/*
 * gateway/live/totals.c
 *     Sums for each currency.
 */
#include "totals.h"

#include <stdlib.h>
#include <string.h>

struct TotalsLine
{
	uint32_t	count;
	Sum			sums[];			/* of each of the fields */
};

void
totals_fields(const Schema *schema, TotalsFields *fields)
{
	*fields = (TotalsFields) {.count = 0};
	if (schema->currency != FIELD_NONE)
		fields->uses = FIELD_BIT(schema->currency);
	for (int i = 0; i < schema->nfields; i++)
	{
		if (!schema->fields[i].total || fields->count == TOTALS_MAX)
			continue;
		fields->fields[fields->count++] = i;
		fields->uses |= FIELD_BIT(i);
	}
}

static TotalsLine *
totals_line(Totals *totals, const TotalsFields *fields, const Store *store, Row row)
{
	Value		currency = {.null = true};
	uint32_t	at;

	if (store->schema->currency != FIELD_NONE)
		store_value(store, row, store->schema->currency, &currency);
	at = currency.null ? 0 : currency.code + 1;
	if (at >= totals->nlines)
	{
		totals->lines = must_realloc(totals->lines, (at + 1) * sizeof(TotalsLine *));
		memset(totals->lines + totals->nlines, 0, (at + 1 - totals->nlines) * sizeof(TotalsLine *));
		totals->nlines = at + 1;
	}
	if (totals->lines[at] == NULL)
	{
		size_t		size = sizeof(TotalsLine) + (size_t) fields->count * sizeof(Sum);

		totals->lines[at] = must_alloc(size);
		memset(totals->lines[at], 0, size);
	}
	return totals->lines[at];
}

void
totals_add(Totals *totals, const TotalsFields *fields, const Store *store, Row row)
{
	TotalsLine *line = totals_line(totals, fields, store, row);

	totals->count++;
	totals->stamp++;
	line->count++;
	for (int i = 0; i < fields->count; i++)
	{
		Value		value;

		store_value(store, row, fields->fields[i], &value);
		if (!value.null)
			sum_add(&line->sums[i], &value.number);
	}
}

void
totals_take(Totals *totals, const TotalsFields *fields, const Store *store, Row row)
{
	TotalsLine *line = totals_line(totals, fields, store, row);

	totals->count--;
	totals->stamp++;
	line->count--;
	for (int i = 0; i < fields->count; i++)
	{
		Value		value;

		store_value(store, row, fields->fields[i], &value);
		if (!value.null)
			sum_take(&line->sums[i], &value.number);
	}
}

static void
totals_write_line(const TotalsLine *line, const TotalsFields *fields, const Store *store, Span currency, Text *out)
{
	if (out->data[out->len - 1] != '[')
		text_puts(out, ",");
	text_puts(out, "{\"currency\":");
	if (currency.data != NULL)
		text_json(out, currency.data, currency.len);
	else
		text_puts(out, "null");
	text_printf(out, ",\"count\":%u", line->count);
	for (int i = 0; i < fields->count; i++)
	{
		size_t		before;

		text_printf(out, ",\"%s\":\"", store->schema->fields[fields->fields[i]].name);
		before = out->len;
		/* What cannot be said exactly is not said. */
		if (sum_write(&line->sums[i], out))
			text_puts(out, "\"");
		else
		{
			out->len = before - 1;
			text_puts(out, "null");
		}
	}
	text_puts(out, "}");
}

void
totals_write(const Totals *totals, const TotalsFields *fields, const Store *store, Text *out)
{
	text_puts(out, "[");
	if (store->schema->currency != FIELD_NONE)
	{
		const Dictionary *currencies = &store->columns[store->schema->currency].dictionary;

		for (uint32_t block = 0; block < currencies->sorted.nblocks; block++)
			for (uint32_t i = 0; i < currencies->sorted.counts[block]; i++)
			{
				uint32_t	code = currencies->sorted.items[block][i];

				if (code + 1 < totals->nlines && totals->lines[code + 1] != NULL && totals->lines[code + 1]->count > 0)
					totals_write_line(totals->lines[code + 1], fields, store, dictionary_text(currencies, code), out);
			}
	}
	if (totals->nlines > 0 && totals->lines[0] != NULL && totals->lines[0]->count > 0)
		totals_write_line(totals->lines[0], fields, store, (Span) {NULL, 0}, out);
	text_puts(out, "]");
}

size_t
totals_bytes(const Totals *totals, const TotalsFields *fields)
{
	size_t		bytes = totals->nlines * sizeof(TotalsLine *);

	for (uint32_t i = 0; i < totals->nlines; i++)
		bytes += totals->lines[i] != NULL ? sizeof(TotalsLine) + (size_t) fields->count * sizeof(Sum) : 0;
	return bytes;
}

void
totals_free(Totals *totals, const TotalsFields *fields)
{
	for (uint32_t i = 0; i < totals->nlines; i++)
	{
		for (int j = 0; totals->lines[i] != NULL && j < fields->count; j++)
			sum_free(&totals->lines[i]->sums[j]);
		free(totals->lines[i]);
	}
	free(totals->lines);
	*totals = (Totals) {0};
}
