/*
 * common/decode_row.h
 *     What all decoders do with a row, once its plugin's wrapping is off. Only the decoders include this.
 */
#ifndef DECODE_ROW_H
#define DECODE_ROW_H

#include <string.h>

#include "decode.h"

/*
 * The columns of an event table that leave; the others are not looked at. Those before EVENT_COLUMNS_NEEDED every event has; the others a column list
 * of the publication may have left out.
 */
typedef enum EventColumn
{
	COLUMN_SEQUENCE,
	COLUMN_ROOT_ID,
	COLUMN_EVENT_TYPE,
	COLUMN_PAYLOAD,
	COLUMN_HASH,
	EVENT_COLUMNS_NEEDED,
	COLUMN_AGGREGATE_ID = EVENT_COLUMNS_NEEDED,
	EVENT_COLUMNS
} EventColumn;

typedef enum ValueKind
{
	VALUE_ABSENT,				/* the column is not there */
	VALUE_NULL,
	VALUE_UNCHANGED,			/* left out because an update did not touch it */
	VALUE_TEXT,
	VALUE_NOT_HEX,				/* text, but not as bytea comes with bytea_output = hex */
	VALUE_OTHER					/* of a form that the column cannot have */
} ValueKind;

typedef struct RowValue
{
	ValueKind	kind;
	Span		text;			/* of TEXT (the hash without the leading \x) and NOT_HEX */
} RowValue;

typedef struct Row
{
	Span		schema;
	Span		relation;
	RowValue	values[EVENT_COLUMNS];
} Row;

/* A name whose length is known. */
#define NAME(text) {text, sizeof(text) - 1}

static inline bool
span_equal(Span a, Span b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* By name, or -1. */
extern int	row_column(Span name);
/* An inserted row: DECODED_EVENT, or DECODED_NOTHING for a table that is none of ours and does not look like it. */
extern bool row_decode(const Row *row, Decoded *decoded, Problem *problem);

/* REMEDY_STOP with the first bytes of the message; returns false. */
extern bool decode_refuse(Problem *problem, const char *data, size_t len, const char *format,...)
			__attribute__((format(printf, 4, 5)));

/* All of text as a number in decimal. */
extern bool decode_int64(Span text, int64_t *value);

#endif
