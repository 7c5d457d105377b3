/*
 * gateway/pure/bytes.h
 *     Small questions about the bytes of HTTP.
 */
#ifndef BYTES_H
#define BYTES_H

#include <string.h>
#include <strings.h>

#include "text.h"

static inline Span
span_of(const char *string)
{
	return (Span) {string, strlen(string)};
}

static inline bool
span_is(Span span, const char *string)
{
	return span.len == strlen(string) && (span.len == 0 || memcmp(span.data, string, span.len) == 0);
}

/* In any case of the letters A to Z. */
static inline bool
span_is_like(Span span, const char *string)
{
	return span.len == strlen(string) && (span.len == 0 || strncasecmp(span.data, string, span.len) == 0);
}

static inline Span
span_trim(Span span)
{
	while (span.len > 0 && (span.data[0] == ' ' || span.data[0] == '\t'))
		span.data++, span.len--;
	while (span.len > 0 && (span.data[span.len - 1] == ' ' || span.data[span.len - 1] == '\t'))
		span.len--;
	return span;
}

/* What stands before the next separator, which is passed over; all of it where there is none. */
static inline Span
span_cut(Span *rest, char separator)
{
	const char *at = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;
	Span		before = {rest->data, at != NULL ? (size_t) (at - rest->data) : rest->len};
	size_t		skip = before.len + (at != NULL);

	*rest = (Span) {rest->data != NULL ? rest->data + skip : NULL, rest->len - skip};
	return before;
}

/* A character of a token (RFC 9110 5.6.2). */
static inline bool
is_token(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static inline int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* UTF-8 without a zero; lines: and it may have control characters. */
extern bool bytes_are_text(Span text, bool lines);
/*
 * Adds what a percent-encoded text means. form: of a query, where '+' is a space and values may have lines.
 * False: a '%' without two digits, no UTF-8, or a control character (of a form: a zero).
 */
extern bool bytes_decode(Span encoded, bool form, Text *out);

#endif
