/*
 * gateway/live/like.c
 *     SQL's LIKE and ILIKE.
 *
 * Where the characters behind a '%' do not match, only the last '%' is tried again: what the ones before it took cannot matter.
 * ILIKE folds the letters of Latin, Greek and Cyrillic that have one lower case each, as the server does under a locale of UTF-8.
 */
#include "like.h"

typedef struct LikeChar
{
	uint32_t	code;
	size_t		bytes;
} LikeChar;

static LikeChar
like_char(Span text, size_t at)
{
	const unsigned char *c = (const unsigned char *) text.data + at;
	LikeChar	result = {c[0], text_character(c, text.len - at)};

	if (result.bytes <= 1)
		return (LikeChar) {c[0], 1};
	result.code = c[0] & (0x7FU >> result.bytes);
	for (size_t i = 1; i < result.bytes; i++)
		result.code = result.code << 6 | (c[i] & 0x3F);
	return result;
}

static uint32_t
like_fold(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	if (c >= 0xC0 && c <= 0xDE && c != 0xD7)
		return c + 32;
	/* Pairs, the upper one even, but where the lower one is. */
	if ((c >= 0x100 && c <= 0x12F) || (c >= 0x132 && c <= 0x137) || (c >= 0x14A && c <= 0x177) || (c >= 0x460 && c <= 0x481))
		return c | 1;
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
		return c + (c & 1);
	if (c == 0x178)
		return 0xFF;
	if ((c >= 0x391 && c <= 0x3AB && c != 0x3A2) || (c >= 0x410 && c <= 0x42F))
		return c + 32;
	return c >= 0x400 && c <= 0x40F ? c + 80 : c;
}

static bool
like_same(LikeChar a, LikeChar b, bool fold)
{
	return a.code == b.code || (fold && like_fold(a.code) == like_fold(b.code));
}

bool
like_matches(Span text, Span pattern, bool fold)
{
	size_t		t = 0;
	size_t		p = 0;
	size_t		again_text = 0;
	size_t		again_pattern = SIZE_MAX;	/* behind the last '%' */

	for (;;)
	{
		if (p < pattern.len && pattern.data[p] == '%')
		{
			again_pattern = ++p;
			again_text = t;
			continue;
		}
		if (p == pattern.len && t == text.len)
			return true;
		if (p < pattern.len && t < text.len)
		{
			LikeChar	here = like_char(text, t);
			bool		any = pattern.data[p] == '_';
			size_t		escape = pattern.data[p] == '\\' && p + 1 < pattern.len;
			LikeChar	wanted = like_char(pattern, p + escape);

			if (any || like_same(here, wanted, fold))
			{
				t += here.bytes;
				p += escape + wanted.bytes;
				continue;
			}
		}
		if (again_pattern == SIZE_MAX || again_text == text.len)
			return false;
		again_text += like_char(text, again_text).bytes;
		t = again_text;
		p = again_pattern;
	}
}

void
like_escape(Span text, Text *pattern)
{
	for (size_t i = 0; i < text.len; i++)
	{
		if (text.data[i] == '%' || text.data[i] == '_' || text.data[i] == '\\')
			text_puts(pattern, "\\");
		text_add(pattern, text.data + i, 1);
	}
}
