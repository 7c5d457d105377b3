/*
 * gateway/pure/base64url.c
 *     RFC 4648 5, without padding: one text for each value, and no other.
 */
#include "base64url.h"

static int
base64url_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool
base64url_decode(Span encoded, Text *out)
{
	size_t		start = out->len;
	unsigned	bits = 0;
	int			count = 0;
	bool		good = encoded.len % 4 != 1;

	text_add(out, "", 0);
	for (size_t i = 0; i < encoded.len && good; i++)
	{
		int			digit = base64url_digit(encoded.data[i]);

		good = digit >= 0;
		bits = (bits << 6 | (unsigned) (digit & 63)) & 0xFFFF;
		count += 6;
		if (count >= 8)
		{
			char		byte = (char) (bits >> (count - 8) & 0xFF);

			count -= 8;
			text_add(out, &byte, 1);
		}
	}
	good = good && (bits & ((1U << count) - 1)) == 0;
	if (!good)
	{
		out->len = start;
		out->data[start] = '\0';
	}
	return good;
}
