/*
 * common/text.c
 *     A growing text.
 *
 * Room doubles, so adding n bytes one at a time costs n; it is given back by text_free() alone.
 */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_ROOM_MIN 64

/* Room for so many bytes more and the terminator. */
static void
text_grow(Text *text, size_t more)
{
	size_t		room = text->room > 0 ? text->room : TEXT_ROOM_MIN;

	if (more >= SIZE_MAX / 4 - text->len)
		must_alloc(SIZE_MAX);	/* never that large: ends the program */
	while (room <= text->len + more)
		room *= 2;
	if (room == text->room)
		return;
	text->data = must_realloc(text->data, room);
	text->room = room;
}

void
text_add(Text *text, const char *data, size_t len)
{
	text_grow(text, len);
	if (len > 0)
		memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void
text_puts(Text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void
text_printf(Text *text, const char *format,...)
{
	va_list		args;
	int			len;

	text_grow(text, TEXT_ROOM_MIN);
	va_start(args, format);
	len = vsnprintf(text->data + text->len, text->room - text->len, format, args);
	va_end(args);
	if (len >= 0 && (size_t) len >= text->room - text->len)
	{
		text_grow(text, (size_t) len);
		va_start(args, format);
		len = vsnprintf(text->data + text->len, text->room - text->len, format, args);
		va_end(args);
	}
	if (len > 0)
		text->len += (size_t) len;
	text->data[text->len] = '\0';
}

size_t
text_character(const unsigned char *at, size_t len)
{
	unsigned char low = 0x80;
	unsigned char high = 0xBF;
	size_t		want;

	if (at[0] < 0x80)
		return 1;
	if (at[0] < 0xC2 || at[0] > 0xF4)
		return 0;
	want = at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
	if (at[0] == 0xE0)
		low = 0xA0;
	else if (at[0] == 0xED)
		high = 0x9F;
	else if (at[0] == 0xF0)
		low = 0x90;
	else if (at[0] == 0xF4)
		high = 0x8F;
	if (len < want || at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < want; i++)
		if ((at[i] & 0xC0) != 0x80)
			return 0;
	return want;
}

static bool
plain_in_json(unsigned char c)
{
	return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* One character that is not plain; returns how many bytes it was. */
static size_t
add_escaped(Text *text, const char *at, size_t len)
{
	static const char *const short_forms[32] = {['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};
	unsigned char c = (unsigned char) *at;
	size_t		bytes;

	if (c == '"')
		text_puts(text, "\\\"");
	else if (c == '\\')
		text_puts(text, "\\\\");
	else if (c < 0x20 && short_forms[c] != NULL)
		text_puts(text, short_forms[c]);
	else if (c < 0x20 || c == 0x7F)
		text_printf(text, "\\u%04x", c);
	else
	{
		bytes = text_character((const unsigned char *) at, len);
		if (bytes > 0)
		{
			text_add(text, at, bytes);
			return bytes;
		}
		/* Not UTF-8 after all (a cut message of somebody else): what we write stays JSON. */
		text_puts(text, "\\ufffd");
	}
	return 1;
}

void
text_json(Text *text, const char *data, size_t len)
{
	size_t		i = 0;

	text_add(text, "\"", 1);
	while (i < len)
	{
		size_t		start = i;

		while (i < len && plain_in_json((unsigned char) data[i]))
			i++;
		text_add(text, data + start, i - start);
		if (i < len)
			i += add_escaped(text, data + i, len - i);
	}
	text_add(text, "\"", 1);
}

void
text_clear(Text *text)
{
	text->len = 0;
	if (text->data != NULL)
		text->data[0] = '\0';
}

void
text_free(Text *text)
{
	free(text->data);
	*text = (Text) {0};
}
