/*
 * gateway/fuzz/fuzz_head.c
 *     The head of a request: lines as a server cuts them, through the guard, the routes and the forms. What the guard takes says once
 *     how long it is.
 */
#include "fuzz.h"

#include "bytes.h"
#include "formats.h"
#include "guard.h"
#include "routes.h"

#define HEADERS_MAX 64

static void
check_taken(const GuardRequest *request)
{
	int			lengths = 0;
	int			hosts = 0;

	for (size_t i = 0; i < request->nheaders; i++)
	{
		Span		name = request->headers[i].name;
		Span		value = request->headers[i].value;

		MUST(name.len > 0 && memchr(name.data, ' ', name.len) == NULL && memchr(name.data, ':', name.len) == NULL);
		MUST(value.len == 0 || (memchr(value.data, '\r', value.len) == NULL && memchr(value.data, '\0', value.len) == NULL));
		lengths += span_is_like(name, "content-length") || span_is_like(name, "transfer-encoding");
		hosts += span_is_like(name, "host");
	}
	MUST(lengths <= 1 && hosts == 1);
}

static void
check_route(const char *method, Span target)
{
	Span		path = span_cut(&target, '?');
	RouteMatch	match;
	Refused		refused;

	if (!route_find(method, path, &match, &refused))
	{
		check_refused(&refused);
		MUST((refused.status == 405) == (refused.allow[0] != '\0'));
		return;
	}
	for (int i = 0; i < match.nparameters; i++)
	{
		MUST(match.parameters[i][0] != '\0' && memchr(match.parameters[i], '\0', ROUTE_PARAMETER_SIZE) != NULL);
		for (const char *c = match.parameters[i]; *c != '\0'; c++)
			MUST((unsigned char) *c >= 0x20);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Span		copy = exact_copy(data, size);
	Span		rest = copy;
	Span		line = span_cut(&rest, '\n');
	Span		method_text = span_cut(&line, ' ');
	Span		target = span_cut(&line, ' ');
	char	   *method = strndup(method_text.len > 0 ? method_text.data : "", method_text.len);
	char	   *version = strndup(line.len > 0 ? line.data : "", line.len);
	Header		headers[HEADERS_MAX];
	GuardRequest request = {.method = method, .version = version, .target = target, .headers = headers};
	GuardRules	rules = {.target_max = 1000, .headers_max = 32, .bytes_max = 1000, .body_max = 100000};
	Refused		refused = {.status = 0};
	unsigned	format;
	Span		value;

	while (rest.len > 0 && request.nheaders < HEADERS_MAX)
	{
		Span		text = span_cut(&rest, '\n');
		Span		name = span_cut(&text, ':');

		headers[request.nheaders++] = (Header) {name, text};
	}
	if (guard_check(&request, &rules, &refused))
	{
		check_taken(&request);
		check_route(method, target);
	}
	else
	{
		check_refused(&refused);
		MUST(refused.close);
	}
	check_route(method, target);
	if (guard_header(&request, "Accept", &value, &refused) && format_choose(value, FORMAT_JSON | FORMAT_CSV, &format, &refused))
		MUST(format == FORMAT_JSON || format == FORMAT_CSV);
	if (guard_header(&request, "Content-Type", &value, &refused))
		format_is(value, "application/json");
	free(method);
	free(version);
	free((char *) copy.data);
	return 0;
}
