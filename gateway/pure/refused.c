/*
 * gateway/pure/refused.c
 *     What the gateway refuses by itself.
 */
#include "refused.h"

#include <stdarg.h>
#include <stdio.h>

bool
refuse(Refused *refused, int status, const char *format,...)
{
	va_list		args;

	*refused = (Refused) {.status = status};
	va_start(args, format);
	vsnprintf(refused->detail, sizeof(refused->detail), format, args);
	va_end(args);
	return false;
}

const char *
shown(Span text, char buffer[SHOWN_SIZE])
{
	size_t		at = 0;
	size_t		i;

	buffer[at++] = '"';
	for (i = 0; i < text.len && at < SHOWN_SIZE - 5; i++)
	{
		unsigned char c = (unsigned char) text.data[i];

		buffer[at++] = c >= 0x20 && c < 0x7F && c != '"' ? (char) c : '?';
	}
	if (i < text.len)
		for (int dots = 0; dots < 3; dots++)
			buffer[at++] = '.';
	buffer[at++] = '"';
	buffer[at] = '\0';
	return buffer;
}
