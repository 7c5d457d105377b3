/*
 * common/text.h
 *     A growing text.
 */
#ifndef TEXT_H
#define TEXT_H

#include "base.h"

typedef struct Text
{
	char	   *data;			/* always terminated; NULL before the first byte */
	size_t		len;
	size_t		room;
} Text;

extern void text_add(Text *text, const char *data, size_t len);
extern void text_puts(Text *text, const char *string);
extern void text_printf(Text *text, const char *format,...) __attribute__((format(printf, 2, 3)));
/* As a JSON string, with its quotes. The bytes are UTF-8. */
extern void text_json(Text *text, const char *data, size_t len);
/* Bytes of the UTF-8 character here, 0 when there is none (RFC 3629: no overlong forms, no surrogates). */
extern size_t text_character(const unsigned char *at, size_t len);
extern void text_clear(Text *text);	/* keeps the room */
extern void text_free(Text *text);

#endif
