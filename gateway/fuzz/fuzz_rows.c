/*
 * gateway/fuzz/fuzz_rows.c
 *     Rows as lines of a CSV: as many fields as columns, whatever stands in them, and none that begins as a formula but numbers.
 */
#include "fuzz.h"

#include "bytes.h"
#include "formats.h"
#include "rows_text.h"

static const char *const columns[] = {"a", "bb", "", "a.b"};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* A reader of RFC 4180: fields of the line that begins here; *at moves behind it. */
static size_t
read_line(const char **at, const char *end)
{
	size_t		fields = 1;

	for (;;)
	{
		MUST(*at < end);
		if (**at == '"')
		{
			for (++*at; *at < end && (**at != '"' || (*at + 1 < end && (*at)[1] == '"')); ++*at)
				*at += **at == '"';
			MUST(*at < end);
			++*at;
		}
		else
		{
			MUST(strchr("=+@\t", **at) == NULL || **at == '\0');
			while (*at < end && **at != ',' && **at != '\r')
			{
				MUST(**at != '"' && **at != '\n');
				++*at;
			}
		}
		MUST(*at < end);
		if (**at == ',')
		{
			++*at;
			fields++;
			continue;
		}
		MUST(**at == '\r' && *at + 1 < end && (*at)[1] == '\n');
		*at += 2;
		return fields;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Span		row = exact_copy(data, size);
	RowsText	rows;
	Text		out = {0};
	const char *at;

	rows_begin(&rows, FORMAT_CSV, columns, COLUMNS, &out);
	rows_add(&rows, row, &out);
	rows_end(&rows, &out);
	rows_free(&rows);
	if (is_json(row))
	{
		at = out.data + 3;
		MUST(read_line(&at, out.data + out.len) == COLUMNS);
		MUST(read_line(&at, out.data + out.len) == COLUMNS);
		MUST(at == out.data + out.len);
	}
	text_free(&out);
	free((char *) row.data);
	return 0;
}
