/*
 * common/json_scan.c
 *     Reads one JSON text from its beginning to its end, without building anything.
 *
 * Pure; never reads behind the end nor writes more than it has read. fuzz/ compares it with jansson.
 */
#include "json_scan.h"

#include <endian.h>
#include <string.h>

#define EACH(byte) ((byte) * UINT64_C(0x0101010101010101))

void
scan_begin(JsonScan *scan, const char *data, size_t len, char *room)
{
	*scan = (JsonScan) {.at = data, .end = data + len, .room = room};
}

static bool
fail(JsonScan *scan)
{
	scan->bad = true;
	return false;
}

/* The next byte that is no white space, '\0' at the end. */
static inline char
peek(JsonScan *scan)
{
	if (scan->bad)
		return '\0';
	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
		scan->at++;
	return scan->at == scan->end ? '\0' : *scan->at;
}

static inline bool
expect(JsonScan *scan, char c)
{
	if (peek(scan) != c || scan->at == scan->end)
		return fail(scan);
	scan->at++;
	return true;
}

static bool
is_utf8(Span text)
{
	const unsigned char *at = (const unsigned char *) text.data;
	size_t		left = text.len;

	while (left > 0)
	{
		size_t		len = text_character(at, left);

		if (len == 0)
			return false;
		at += len;
		left -= len;
	}
	return true;
}

/* Four hexadecimal digits. */
static bool
hex4(JsonScan *scan, uint32_t *value)
{
	*value = 0;
	if (scan->end - scan->at < 4)
		return fail(scan);
	for (int i = 0; i < 4; i++)
	{
		char		c = *scan->at++;

		*value <<= 4;
		if (c >= '0' && c <= '9')
			*value |= (uint32_t) (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			*value |= (uint32_t) ((c | 0x20) - 'a' + 10);
		else
			return fail(scan);
	}
	return true;
}

static char *
put_utf8(char *to, uint32_t c)
{
	if (c < 0x80)
		*to++ = (char) c;
	else if (c < 0x800)
		*to++ = (char) (0xC0 | c >> 6);
	else if (c < 0x10000)
	{
		*to++ = (char) (0xE0 | c >> 12);
		*to++ = (char) (0x80 | (c >> 6 & 0x3F));
	}
	else
	{
		*to++ = (char) (0xF0 | c >> 18);
		*to++ = (char) (0x80 | (c >> 12 & 0x3F));
		*to++ = (char) (0x80 | (c >> 6 & 0x3F));
	}
	if (c >= 0x80)
		*to++ = (char) (0x80 | (c & 0x3F));
	return to;
}

/* Behind \u. A character beyond 16 bits is two of them. */
static char *
unicode_escape(JsonScan *scan, char *to)
{
	uint32_t	c;
	uint32_t	low;

	if (!hex4(scan, &c) || c == 0 || (c >= 0xDC00 && c <= 0xDFFF))
	{
		fail(scan);
		return to;
	}
	if (c >= 0xD800 && c <= 0xDBFF)
	{
		if (scan->end - scan->at < 6 || scan->at[0] != '\\' || scan->at[1] != 'u')
		{
			fail(scan);
			return to;
		}
		scan->at += 2;
		if (!hex4(scan, &low) || low < 0xDC00 || low > 0xDFFF)
		{
			fail(scan);
			return to;
		}
		c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
	}
	return put_utf8(to, c);
}

/* Behind a backslash, where there is a byte. */
static char *
escape(JsonScan *scan, char *to)
{
	char		c = *scan->at++;

	switch (c)
	{
		case '"':
		case '\\':
		case '/':
			break;
		case 'b':
			c = '\b';
			break;
		case 'f':
			c = '\f';
			break;
		case 'n':
			c = '\n';
			break;
		case 'r':
			c = '\r';
			break;
		case 't':
			c = '\t';
			break;
		case 'u':
			return unicode_escape(scan, to);
		default:
			fail(scan);
	}
	*to++ = c;
	return to;
}

/* The highest bit of each byte of eight that is 0. Bytes behind the first such one may be marked without being 0. */
static uint64_t
zero_bytes(uint64_t eight)
{
	return (eight - EACH(0x01)) & ~eight & EACH(0x80);
}

/* How many of eight bytes, in the order of memory, stand for themselves in a string before the first that does not. */
static inline int
plain_of_eight(uint64_t eight)
{
	uint64_t	special = zero_bytes(eight ^ EACH('"')) | zero_bytes(eight ^ EACH('\\')) |
		((eight - EACH(0x20)) & ~eight & EACH(0x80));

	return special == 0 ? 8 : __builtin_ctzll(special) / 8;
}

static inline uint64_t
load_eight(const char *at)
{
	uint64_t	eight;

	memcpy(&eight, at, 8);
	return le64toh(eight);
}

static bool
is_plain(char c)
{
	return (unsigned char) c >= 0x20 && c != '"' && c != '\\';
}

/* Over the bytes that stand for themselves. *seen gathers bits, to know of bytes beyond ASCII. */
static const char *
skip_plain(const char *at, const char *end, uint64_t *seen)
{
	uint64_t	bits = 0;
	int			len = 8;

	while (end - at >= 8 && len == 8)
	{
		uint64_t	eight = load_eight(at);

		bits |= eight;
		len = plain_of_eight(eight);
		at += len;
	}
	for (; at < end && is_plain(*at); at++)
		bits |= (unsigned char) *at;
	*seen |= bits;
	return at;
}

/* The same, copied; returns where the copy ends. Eight bytes at a time: what is too much is written over later. */
static inline char *
copy_plain(JsonScan *scan, char *to, uint64_t *seen)
{
	const char *at = scan->at;
	uint64_t	bits = 0;
	int			len = 8;

	while (scan->end - at >= 8 && len == 8)
	{
		uint64_t	eight = load_eight(at);

		memcpy(to, at, 8);
		bits |= eight;
		len = plain_of_eight(eight);
		at += len;
		to += len;
	}
	for (; at < scan->end && is_plain(*at); at++)
	{
		bits |= (unsigned char) *at;
		*to++ = *at;
	}
	*seen |= bits;
	scan->at = at;
	return to;
}

/* The rest of a string with escapes, from the first one on. */
static bool
string_with_escapes(JsonScan *scan, const char *start, Span *text, uint64_t *seen)
{
	size_t		before = (size_t) (scan->at - start);
	char	   *to = scan->room + before;

	memcpy(scan->room, start, before);
	while (scan->end - scan->at >= 2 && *scan->at == '\\')
	{
		/* Nearly all of them in a JSON text inside of a string. */
		if (scan->at[1] == '"')
		{
			*to++ = '"';
			scan->at += 2;
		}
		else
		{
			scan->at++;
			to = escape(scan, to);
			if (scan->bad)
				return false;
		}
		to = copy_plain(scan, to, seen);
	}
	*text = (Span) {scan->room, (size_t) (to - scan->room)};
	scan->room = to;
	return true;
}

/*
 * The string that begins here. Without escapes it stays where it is; with some it is written to the room, which cannot
 * run over: what an escape means is shorter than the escape.
 */
static bool
string(JsonScan *scan, Span *text)
{
	const char *start;
	uint64_t	seen = 0;

	if (!expect(scan, '"'))
		return false;
	start = scan->at;
	scan->at = skip_plain(start, scan->end, &seen);
	*text = (Span) {start, (size_t) (scan->at - start)};
	if (scan->at < scan->end && *scan->at == '\\' && !string_with_escapes(scan, start, text, &seen))
		return false;
	if (scan->at == scan->end || *scan->at != '"')
		return fail(scan);
	scan->at++;
	return (seen & EACH(0x80)) == 0 || is_utf8(*text) || fail(scan);
}

static size_t
digits(JsonScan *scan)
{
	const char *start = scan->at;

	while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
		scan->at++;
	return (size_t) (scan->at - start);
}

static bool
skip(JsonScan *scan, char c, char or)
{
	if (scan->at == scan->end || (*scan->at != c && *scan->at != or))
		return false;
	scan->at++;
	return true;
}

static bool
number(JsonScan *scan, Span *text)
{
	const char *start = scan->at;

	skip(scan, '-', '-');
	if (!skip(scan, '0', '0') && digits(scan) == 0)
		return fail(scan);
	if (skip(scan, '.', '.') && digits(scan) == 0)
		return fail(scan);
	if (skip(scan, 'e', 'E'))
	{
		skip(scan, '+', '-');
		if (digits(scan) == 0)
			return fail(scan);
	}
	*text = (Span) {start, (size_t) (scan->at - start)};
	return true;
}

static bool
word(JsonScan *scan, const char *expected)
{
	size_t		len = strlen(expected);

	if ((size_t) (scan->end - scan->at) < len || memcmp(scan->at, expected, len) != 0)
		return fail(scan);
	scan->at += len;
	return true;
}

bool
scan_open(JsonScan *scan, char bracket)
{
	scan->first = expect(scan, bracket);
	return scan->first;
}

/* Before the next member or element; false behind the last one. */
static bool
next(JsonScan *scan, char closing)
{
	bool		first = scan->first;

	scan->first = false;
	if (peek(scan) == closing)
	{
		scan->at++;
		return false;
	}
	return first ? !scan->bad : expect(scan, ',');
}

bool
scan_member(JsonScan *scan, Span *key)
{
	return next(scan, '}') && string(scan, key) && expect(scan, ':');
}

bool
scan_element(JsonScan *scan)
{
	return next(scan, ']');
}

static bool value_at_depth(JsonScan *scan, ScanValue *value, int depth);

/* Over an object or an array. */
static bool
nested(JsonScan *scan, char bracket, int depth)
{
	ScanValue	ignored;
	Span		key;

	if (depth > SCAN_DEPTH_MAX)
		return fail(scan);
	scan_open(scan, bracket);
	while (bracket == '{' ? scan_member(scan, &key) : scan_element(scan))
		value_at_depth(scan, &ignored, depth + 1);
	return !scan->bad;
}

static bool
value_at_depth(JsonScan *scan, ScanValue *value, int depth)
{
	char		c = peek(scan);

	*value = (ScanValue) {.kind = SCAN_NULL};
	if (scan->bad)
		return false;
	switch (c)
	{
		case '"':
			value->kind = SCAN_STRING;
			return string(scan, &value->text);
		case '{':
		case '[':
			value->kind = SCAN_NESTED;
			return nested(scan, c, depth);
		case 'n':
			return word(scan, "null");
		case 't':
			value->kind = SCAN_BOOL;
			return word(scan, "true");
		case 'f':
			value->kind = SCAN_BOOL;
			return word(scan, "false");
		default:
			value->kind = SCAN_NUMBER;
			return number(scan, &value->text);
	}
}

bool
scan_value(JsonScan *scan, ScanValue *value)
{
	return value_at_depth(scan, value, 1);
}

bool
scan_end(JsonScan *scan)
{
	return (peek(scan) == '\0' && scan->at == scan->end && !scan->bad) || fail(scan);
}
