/*-------------------------------------------------------------------------
 *
 * base64url.c
 *	  Bytes as text that stands in an URL as it is (RFC 4648, section 5),
 *	  without padding.
 *
 * Pure.  Each sequence of bytes has one text: bits that stand for nothing are
 * zero, and a text in which they are not is none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/base64url.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int
oms_base64url_encode(const char *bytes, int length, char *text)
{
	char	   *out = text;
	uint32		bits = 0;
	int			count = 0;

	for (int i = 0; i < length; i++)
	{
		bits = bits << 8 | (unsigned char) bytes[i];
		for (count += 8; count >= 6; count -= 6)
			*out++ = digits[bits >> (count - 6) & 63];
	}
	if (count > 0)
		*out++ = digits[bits << (6 - count) & 63];
	return out - text;
}

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

int
oms_base64url_decode(const char *text, int length, char *bytes)
{
	char	   *out = bytes;
	uint32		bits = 0;
	int			count = 0;

	for (int i = 0; i < length; i++)
	{
		int			digit = base64url_digit(text[i]);

		if (digit < 0)
			return -1;
		bits = bits << 6 | digit;
		count += 6;
		if (count >= 8)
		{
			count -= 8;
			*out++ = bits >> count & 255;
		}
	}
	if (count == 6 || (bits & ((1 << count) - 1)) != 0)
		return -1;
	return out - bytes;
}
