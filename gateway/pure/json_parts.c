/*
 * gateway/pure/json_parts.c
 *     The members of a JSON object, one after the other.
 *
 * Reads each byte once and keeps no stack: of nested values only the brackets are counted, outside strings.
 */
#include "json_parts.h"

#include <string.h>

#include "bytes.h"

static void
parts_blanks(JsonParts *parts)
{
	while (parts->at < parts->end && (*parts->at == ' ' || *parts->at == '\t' || *parts->at == '\n' || *parts->at == '\r'))
		parts->at++;
}

static bool
parts_fail(JsonParts *parts)
{
	parts->bad = true;
	return false;
}

static bool
parts_open(JsonParts *parts, Span json, char bracket)
{
	*parts = (JsonParts) {.first = true};
	if (json.len == 0)
		return parts_fail(parts);
	parts->at = json.data;
	parts->end = json.data + json.len;
	parts_blanks(parts);
	if (parts->at == parts->end || *parts->at != bracket)
		return parts_fail(parts);
	parts->at++;
	return true;
}

bool
parts_begin(JsonParts *parts, Span json)
{
	return parts_open(parts, json, '{');
}

bool
parts_begin_array(JsonParts *parts, Span json)
{
	return parts_open(parts, json, '[');
}

/* Behind the string that begins here. */
static bool
parts_pass_string(JsonParts *parts)
{
	if (parts->at == parts->end || *parts->at != '"')
		return parts_fail(parts);
	for (parts->at++; parts->at < parts->end; parts->at++)
	{
		if (*parts->at == '\\')
		{
			if (++parts->at == parts->end)
				break;
		}
		else if (*parts->at == '"')
		{
			parts->at++;
			return true;
		}
	}
	return parts_fail(parts);
}

static bool
parts_pass_nested(JsonParts *parts)
{
	size_t		depth = 0;

	while (parts->at < parts->end)
	{
		char		c = *parts->at;

		if (c == '"')
		{
			if (!parts_pass_string(parts))
				return false;
			continue;
		}
		parts->at++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return true;
	}
	return parts_fail(parts);
}

static bool
parts_value(JsonParts *parts, Span *value)
{
	parts_blanks(parts);
	value->data = parts->at;
	if (parts->at == parts->end)
		return parts_fail(parts);
	if (*parts->at == '"')
	{
		if (!parts_pass_string(parts))
			return false;
	}
	else if (*parts->at == '{' || *parts->at == '[')
	{
		if (!parts_pass_nested(parts))
			return false;
	}
	else
		while (parts->at < parts->end && strchr(",}] \t\r\n\":{[", *parts->at) == NULL)
			parts->at++;
	value->len = (size_t) (parts->at - value->data);
	return value->len > 0 || parts_fail(parts);
}

/* Whether another part begins here, behind its comma. */
static bool
parts_more(JsonParts *parts, char bracket)
{
	if (parts->bad)
		return false;
	parts_blanks(parts);
	if (parts->at == parts->end)
		return parts_fail(parts);
	if (*parts->at == bracket)
		return false;
	if (!parts->first)
	{
		if (*parts->at != ',')
			return parts_fail(parts);
		parts->at++;
		parts_blanks(parts);
	}
	parts->first = false;
	return true;
}

bool
parts_next(JsonParts *parts, Span *key, Span *value)
{
	if (!parts_more(parts, '}'))
		return false;
	key->data = parts->at + 1;
	if (!parts_pass_string(parts))
		return false;
	key->len = (size_t) (parts->at - 1 - key->data);
	parts_blanks(parts);
	if (parts->at == parts->end || *parts->at != ':')
		return parts_fail(parts);
	parts->at++;
	return parts_value(parts, value);
}

bool
parts_element(JsonParts *parts, Span *value)
{
	return parts_more(parts, ']') && parts_value(parts, value);
}

bool
parts_end(const JsonParts *parts)
{
	JsonParts	rest = *parts;

	if (rest.bad || rest.at == rest.end || (*rest.at != '}' && *rest.at != ']'))
		return false;
	rest.at++;
	parts_blanks(&rest);
	return rest.at == rest.end;
}

static bool
parts_hex(const char *at, const char *end, uint32_t *code)
{
	if (end - at < 4)
		return false;
	*code = 0;
	for (int i = 0; i < 4; i++)
	{
		int			digit = hex_digit(at[i]);

		if (digit < 0)
			return false;
		*code = *code * 16 + (uint32_t) digit;
	}
	return true;
}

static void
parts_add_code(Text *out, uint32_t code)
{
	char		bytes[4];
	size_t		len;

	if (code < 0x80)
	{
		bytes[0] = (char) code;
		len = 1;
	}
	else if (code < 0x800)
	{
		bytes[0] = (char) (0xC0 | code >> 6);
		bytes[1] = (char) (0x80 | (code & 0x3F));
		len = 2;
	}
	else if (code < 0x10000)
	{
		bytes[0] = (char) (0xE0 | code >> 12);
		bytes[1] = (char) (0x80 | (code >> 6 & 0x3F));
		bytes[2] = (char) (0x80 | (code & 0x3F));
		len = 3;
	}
	else
	{
		bytes[0] = (char) (0xF0 | code >> 18);
		bytes[1] = (char) (0x80 | (code >> 12 & 0x3F));
		bytes[2] = (char) (0x80 | (code >> 6 & 0x3F));
		bytes[3] = (char) (0x80 | (code & 0x3F));
		len = 4;
	}
	text_add(out, bytes, len);
}

/* What \uXXXX means, with its second half where there are two. *at stands behind the 'u'. */
static bool
parts_unicode(const char **at, const char *end, Text *out)
{
	uint32_t	code;
	uint32_t	low;

	if (!parts_hex(*at, end, &code) || code == 0 || (code >= 0xDC00 && code < 0xE000))
		return false;
	*at += 4;
	if (code >= 0xD800 && code < 0xDC00)
	{
		if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u' || !parts_hex(*at + 2, end, &low) || low < 0xDC00 || low >= 0xE000)
			return false;
		*at += 6;
		code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
	}
	parts_add_code(out, code);
	return true;
}

/* What stands between the quotes. */
static bool
parts_unescape(Span raw, Text *out)
{
	const char *at = raw.data;
	const char *end = raw.data + raw.len;

	text_add(out, "", 0);
	while (at < end)
	{
		const char *stop = memchr(at, '\\', (size_t) (end - at));
		const char *short_forms = "\"\"\\\\//b\bf\fn\nr\rt\t";
		char		c;

		if (stop == NULL)
			stop = end;
		text_add(out, at, (size_t) (stop - at));
		if (stop == end)
			break;
		at = stop + 2;
		if (at > end)
			return false;
		c = at[-1];
		if (c == 'u')
		{
			if (!parts_unicode(&at, end, out))
				return false;
			continue;
		}
		while (*short_forms != '\0' && *short_forms != c)
			short_forms += 2;
		if (*short_forms == '\0')
			return false;
		text_add(out, short_forms + 1, 1);
	}
	return true;
}

bool
parts_means(Span raw, const char *text)
{
	Text		meaning = {0};
	bool		same;

	if (raw.len == 0 || memchr(raw.data, '\\', raw.len) == NULL)
		return span_is(raw, text);
	same = parts_unescape(raw, &meaning) && meaning.len == strlen(text) && memcmp(meaning.data, text, meaning.len) == 0;
	text_free(&meaning);
	return same;
}

bool
parts_string(Span value, Text *out)
{
	if (value.len < 2 || value.data[0] != '"' || value.data[value.len - 1] != '"')
		return false;
	return parts_unescape((Span) {value.data + 1, value.len - 2}, out);
}

bool
parts_find(Span json, const char *name, Span *value)
{
	JsonParts	parts;
	Span		key;
	Span		one;
	bool		found = false;

	if (!parts_begin(&parts, json))
		return false;
	while (parts_next(&parts, &key, &one))
	{
		if (!parts_means(key, name))
			continue;
		*value = one;
		found = true;
	}
	return found && parts_end(&parts);
}
