/*
 * gateway/pure/bytes.c
 *     What a percent-encoded text means.
 */
#include "bytes.h"

bool
bytes_are_text(Span text, bool lines)
{
	const char *data = text.data;
	size_t		len = text.len;

	while (len > 0)
	{
		unsigned char c = (unsigned char) *data;
		size_t		bytes = c == 0 || (!lines && (c < 0x20 || c == 0x7F)) ? 0 : text_character((const unsigned char *) data, len);

		if (bytes == 0)
			return false;
		data += bytes;
		len -= bytes;
	}
	return true;
}

bool
bytes_decode(Span encoded, bool form, Text *out)
{
	size_t		start = out->len;

	text_add(out, "", 0);
	for (size_t i = 0; i < encoded.len; i++)
	{
		char		c = encoded.data[i];

		if (c == '%')
		{
			int			high = encoded.len - i > 2 ? hex_digit(encoded.data[i + 1]) : -1;
			int			low = encoded.len - i > 2 ? hex_digit(encoded.data[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char) (high * 16 + low);
			i += 2;
		}
		else if (c == '+' && form)
			c = ' ';
		text_add(out, &c, 1);
	}
	return bytes_are_text((Span) {out->data + start, out->len - start}, form);
}
