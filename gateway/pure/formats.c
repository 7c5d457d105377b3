/*
 * gateway/pure/formats.c
 *     In which form an answer goes out.
 */
#include "formats.h"

#include "bytes.h"

/* In the order of preference where a client likes several as much. */
static const struct
{
	unsigned	format;
	const char *type;			/* as an Accept header names it */
	const char *header;
}			formats[] = {
	{FORMAT_JSON, "application/json", "application/json"},
	{FORMAT_NDJSON, "application/x-ndjson", "application/x-ndjson"},
	{FORMAT_CSV, "text/csv", "text/csv; charset=utf-8; header=present"},
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

const char *
format_type(unsigned format)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (formats[i].format == format)
			return formats[i].header;
	return NULL;
}

/* Thousandths; what is no quality is none: 0. */
static int
format_quality(Span parameters)
{
	while (parameters.len > 0)
	{
		Span		parameter = span_trim(span_cut(&parameters, ';'));
		int			quality = 0;
		int			weight = 1000;

		if (parameter.len < 3 || (parameter.data[0] != 'q' && parameter.data[0] != 'Q') || parameter.data[1] != '=')
			continue;
		for (size_t i = 2; i < parameter.len; i++)
		{
			if (i == 3 && parameter.data[i] == '.')
				continue;
			if (parameter.data[i] < '0' || parameter.data[i] > '9' || i == 7)
				return 0;
			quality += (parameter.data[i] - '0') * weight;
			weight /= 10;
		}
		return quality <= 1000 ? quality : 0;
	}
	return 1000;
}

/* How exactly a media range names the type: 0 not at all, 3 the type itself. */
static int
format_named(Span range, const char *type)
{
	const char *slash = strchr(type, '/');

	if (span_is_like(range, type))
		return 3;
	if (range.len == (size_t) (slash - type) + 2 && strncasecmp(range.data, type, range.len - 1) == 0 && range.data[range.len - 1] == '*')
		return 2;
	return span_is(range, "*/*") ? 1 : 0;
}

bool
format_choose(Span accept, unsigned offered, unsigned *format, Refused *refused)
{
	int			best = 0;

	for (size_t i = 0; i < FORMATS; i++)
	{
		Span		rest = accept;
		int			exactness = 0;
		int			quality = accept.len == 0 ? 1000 : 0;

		if ((offered & formats[i].format) == 0)
			continue;
		while (rest.len > 0)
		{
			Span		parameters = span_trim(span_cut(&rest, ','));
			Span		range = span_trim(span_cut(&parameters, ';'));
			int			named = format_named(range, formats[i].type);

			if (named <= exactness)
				continue;
			exactness = named;
			quality = format_quality(parameters);
		}
		if (quality > best)
		{
			best = quality;
			*format = formats[i].format;
		}
	}
	if (best > 0)
		return true;
	return refuse(refused, 406, "none of the types in Accept can be had here: application/json%s%s", offered & FORMAT_NDJSON ? ", application/x-ndjson" : "",
				  offered & FORMAT_CSV ? ", text/csv" : "");
}

bool
format_is(Span content_type, const char *type)
{
	Span		rest = content_type;

	if (!span_is_like(span_trim(span_cut(&rest, ';')), type))
		return false;
	while (rest.len > 0)
	{
		Span		value = span_trim(span_cut(&rest, ';'));
		Span		name = span_cut(&value, '=');

		if (!span_is_like(name, "charset"))
			continue;
		if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
			value = (Span) {value.data + 1, value.len - 2};
		if (!span_is_like(value, "utf-8") && !span_is_like(value, "utf8"))
			return false;
	}
	return true;
}
