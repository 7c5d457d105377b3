/*
 * gateway/pure/guard.c
 *     Whether the head of a request is one that nobody can read in two ways.
 *
 * Each rule is a question of its own; the first that is answered with no decides.
 */
#include "guard.h"

#include "bytes.h"

#define METHOD_MAX 16
/* More digits than these no body has, and no number of 64 bits overflows with them. */
#define LENGTH_DIGITS_MAX 18

static bool
guard_target(const GuardRequest *request, const GuardRules *rules, Refused *refused)
{
	size_t		method = strlen(request->method);

	if (method == 0 || method > METHOD_MAX)
		return refuse(refused, 400, "no method");
	for (size_t i = 0; i < method; i++)
		if (!is_token((unsigned char) request->method[i]))
			return refuse(refused, 400, "the method is no token");
	if (strcmp(request->version, "HTTP/1.1") != 0)
		return refuse(refused, 505, "HTTP/1.1 is spoken here");
	if (request->target.len > rules->target_max)
		return refuse(refused, 414, "the target has %zu bytes, at most %zu are taken", request->target.len, rules->target_max);
	if (request->target.len == 0 || request->target.data[0] != '/')
		return refuse(refused, 400, "the target does not begin with a slash");
	for (size_t i = 0; i < request->target.len; i++)
	{
		unsigned char c = (unsigned char) request->target.data[i];

		if (c <= 0x20 || c >= 0x7F || c == '#')
			return refuse(refused, 400, "the target has a byte 0x%02x, which must be percent-encoded", c);
	}
	return true;
}

static bool
guard_bytes(const GuardRequest *request, const GuardRules *rules, Refused *refused)
{
	size_t		bytes = 0;
	char		buffer[SHOWN_SIZE];

	if (request->nheaders > rules->headers_max)
		return refuse(refused, 431, "%zu headers, at most %zu are taken", request->nheaders, rules->headers_max);
	for (size_t i = 0; i < request->nheaders; i++)
	{
		const Header *header = &request->headers[i];

		bytes += header->name.len + header->value.len;
		if (bytes > rules->bytes_max)
			return refuse(refused, 431, "the headers have more than %zu bytes", rules->bytes_max);
		if (header->name.len == 0)
			return refuse(refused, 400, "a header without a name");
		for (size_t j = 0; j < header->name.len; j++)
			if (!is_token((unsigned char) header->name.data[j]))
				return refuse(refused, 400, "the name of a header is no token: %s", shown(header->name, buffer));
		for (size_t j = 0; j < header->value.len; j++)
		{
			unsigned char c = (unsigned char) header->value.data[j];

			if ((c < 0x20 && c != '\t') || c == 0x7F)
				return refuse(refused, 400, "a control byte in the header %s", shown(header->name, buffer));
		}
	}
	return true;
}

bool
guard_header(const GuardRequest *request, const char *name, Span *value, Refused *refused)
{
	bool		found = false;

	*value = (Span) {NULL, 0};
	for (size_t i = 0; i < request->nheaders; i++)
	{
		if (!span_is_like(request->headers[i].name, name))
			continue;
		if (found)
			return refuse(refused, 400, "the header %s stands there more than once", name);
		found = true;
		*value = span_trim(request->headers[i].value);
		if (value->data == NULL)
			*value = (Span) {"", 0};
	}
	return true;
}

/* libmicrohttpd takes these two as they stand, with what is behind them. */
static bool
guard_ends(const GuardRequest *request, Refused *refused)
{
	for (size_t i = 0; i < request->nheaders; i++)
	{
		Span		name = request->headers[i].name;
		Span		value = request->headers[i].value;

		if (value.len == 0 || (!span_is_like(name, "Content-Length") && !span_is_like(name, "Transfer-Encoding")))
			continue;
		if (value.data[value.len - 1] == ' ' || value.data[value.len - 1] == '\t')
			return refuse(refused, 400, "a blank behind the value of %s", span_is_like(name, "Content-Length") ? "Content-Length" : "Transfer-Encoding");
	}
	return true;
}

/* Where a body ends is said once, in one way. */
static bool
guard_length(const GuardRequest *request, const GuardRules *rules, Refused *refused)
{
	Span		length;
	Span		encoding;
	uint64_t	bytes = 0;

	if (!guard_ends(request, refused) || !guard_header(request, "Content-Length", &length, refused) || !guard_header(request, "Transfer-Encoding", &encoding, refused))
		return false;
	if (length.data != NULL && encoding.data != NULL)
		return refuse(refused, 400, "Content-Length and Transfer-Encoding exclude each other");
	if (encoding.data != NULL && !span_is_like(encoding, "chunked"))
		return refuse(refused, 400, "Transfer-Encoding may be \"chunked\" and nothing else");
	if (length.data == NULL)
		return true;
	if (length.len == 0 || length.len > LENGTH_DIGITS_MAX)
		return refuse(refused, 400, "Content-Length is no number of bytes");
	for (size_t i = 0; i < length.len; i++)
	{
		if (length.data[i] < '0' || length.data[i] > '9')
			return refuse(refused, 400, "Content-Length is no number of bytes");
		bytes = bytes * 10 + (uint64_t) (length.data[i] - '0');
	}
	if (bytes > rules->body_max)
		return refuse(refused, 413, "the body has %llu bytes, at most %llu are taken", (unsigned long long) bytes, (unsigned long long) rules->body_max);
	return true;
}

/* Cuts the port off. False: no host and port. */
static bool
guard_cut_port(Span *host)
{
	const char *colon;
	size_t		len = host->len;

	if (len > 0 && host->data[0] == '[')
	{
		const char *bracket = memchr(host->data, ']', len);

		if (bracket == NULL)
			return false;
		colon = bracket + 1 < host->data + len ? bracket + 1 : NULL;
		if (colon != NULL && *colon != ':')
			return false;
	}
	else
		colon = len > 0 ? memchr(host->data, ':', len) : NULL;
	if (colon != NULL)
	{
		host->len = (size_t) (colon - host->data);
		if (len - host->len > sizeof(":65535") - 1)
			return false;
		for (const char *digit = colon + 1; digit < host->data + len; digit++)
			if (*digit < '0' || *digit > '9')
				return false;
	}
	for (size_t i = 0; i < host->len; i++)
		if (strchr("/?#@\\\" <>^`{|},", host->data[i]) != NULL)
			return false;
	return host->len > 0;
}

static bool
guard_host(const GuardRequest *request, const GuardRules *rules, Refused *refused)
{
	Span		host;
	char		buffer[SHOWN_SIZE];

	if (!guard_header(request, "Host", &host, refused))
		return false;
	if (host.data == NULL)
		return refuse(refused, 400, "no Host header");
	if (!guard_cut_port(&host))
		return refuse(refused, 400, "the Host header names no host");
	if (rules->names == NULL)
		return true;
	for (const char *const *name = rules->names; *name != NULL; name++)
		if (span_is_like(host, *name))
			return true;
	return refuse(refused, 400, "this server is not called %s", shown(host, buffer));
}

static bool
guard_expect(const GuardRequest *request, Refused *refused)
{
	Span		expect;

	if (!guard_header(request, "Expect", &expect, refused))
		return false;
	if (expect.data != NULL && !span_is_like(expect, "100-continue"))
		return refuse(refused, 417, "Expect may be \"100-continue\" and nothing else");
	return true;
}

bool
guard_check(const GuardRequest *request, const GuardRules *rules, Refused *refused)
{
	if (guard_bytes(request, rules, refused) && guard_length(request, rules, refused) && guard_host(request, rules, refused) &&
		guard_target(request, rules, refused) && guard_expect(request, refused))
		return true;
	refused->close = true;
	return false;
}
