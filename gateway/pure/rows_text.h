/*
 * gateway/pure/rows_text.h
 *     Rows of a query as they go out: a JSON array, lines of JSON, or a CSV; a row at a time.
 *
 * A row is a JSON object as PostgreSQL wrote it. In JSON its bytes are sent as they are. A CSV is RFC 4180 in UTF-8 with a mark at
 * its beginning, so that spreadsheets take it for what it is; numbers are exactly the digits that PostgreSQL wrote. A text that a
 * spreadsheet would take for a formula has an apostrophe in front.
 */
#ifndef ROWS_TEXT_H
#define ROWS_TEXT_H

#include "text.h"

typedef struct RowsText
{
	unsigned	format;			/* FORMAT_... */
	const char **columns;		/* of a CSV, in the order of their bytes */
	size_t	   *places;			/* of each of them, where it stands in a line */
	Span	   *cells;			/* of the row at hand */
	size_t		ncolumns;
	bool		doubles;		/* a column stands there more than once */
	uint64_t	rows;
} RowsText;

/* columns: of a CSV; they live as long as this does. */
extern void rows_begin(RowsText *rows, unsigned format, const char *const *columns, size_t ncolumns, Text *out);
/* What a CSV has no column for is left out. */
extern void rows_add(RowsText *rows, Span row, Text *out);
extern void rows_end(RowsText *rows, Text *out);
extern void rows_free(RowsText *rows);

#define CSV_MARK "\xEF\xBB\xBF"
/* A field of a CSV. text: a text that anybody wrote, and no number, date or document of ours. */
extern void csv_field(Text *out, Span value, bool text);

#endif
