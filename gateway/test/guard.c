/*
 * gateway/test/guard.c
 *     Requests that can be read in two ways, and those that cannot.
 *
 * Broken by: a second length that is taken, a length with a space before its colon, both kinds of length, a coding that is not
 * chunked alone, a host that is none or not ours, control bytes, a limit that is off by one.
 */
#include "guard.h"

#include "bytes.h"
#include "tap.h"

#define HEADERS_MAX 8

static const char *const our_names[] = {"oms.example", "localhost", "[::1]", NULL};
static const GuardRules strict = {.names = our_names, .target_max = 40, .headers_max = 6, .bytes_max = 200, .body_max = 1000};

/* Headers as one text: name, '=', value, '|' between them. A name may end with a space. */
static bool
asked(const char *method, const char *version, const char *target, const char *headers, const GuardRules *rules, Refused *refused)
{
	Header		list[HEADERS_MAX];
	Span		rest = span_of(headers);
	GuardRequest request = {.method = method, .version = version, .target = span_of(target), .headers = list};

	*refused = (Refused) {.status = 0};
	while (rest.len > 0)
	{
		Span		value = span_cut(&rest, '|');
		Span		name = span_cut(&value, '=');

		list[request.nheaders++] = (Header) {name, value};
	}
	return guard_check(&request, rules, refused);
}

static void
check_lengths(void)
{
	static const struct
	{
		const char *headers;
		int			status;		/* 0: taken */
	}			cases[] = {
		{"Host=localhost", 0},
		{"Host=localhost|Content-Length=0", 0},
		{"Host=localhost|Content-Length=1000", 0},
		{"Host=localhost|content-length=7", 0},
		{"Host=localhost|Transfer-Encoding=chunked", 0},
		{"Host=localhost|TRANSFER-ENCODING=Chunked", 0},
		{"Host=localhost|Content-Length=1001", 413},
		{"Host=localhost|Content-Length=999999999999999999", 413},
		{"Host=localhost|Content-Length=9999999999999999999", 400},
		{"Host=localhost|Content-Length=18446744073709551621", 400},
		{"Host=localhost|Content-Length=", 400},
		{"Host=localhost|Content-Length=-1", 400},
		{"Host=localhost|Content-Length=+5", 400},
		{"Host=localhost|Content-Length=0x5", 400},
		{"Host=localhost|Content-Length=5, 5", 400},
		{"Host=localhost|Content-Length=5 5", 400},
		{"Host=localhost|Content-Length=5|Content-Length=5", 400},
		{"Host=localhost|Content-Length=0|content-length=35", 400},
		{"Host=localhost|Content-Length =5", 400},
		{"Host=localhost|Content-Length\t=5", 400},
		{"Host=localhost|Content-Length=5|Transfer-Encoding=chunked", 400},
		{"Host=localhost|Transfer-Encoding=chunked|Content-Length=5", 400},
		{"Host=localhost|Transfer-Encoding=gzip, chunked", 400},
		{"Host=localhost|Transfer-Encoding=chunked, chunked", 400},
		{"Host=localhost|Transfer-Encoding=xchunked", 400},
		{"Host=localhost|Transfer-Encoding=identity", 400},
		{"Host=localhost|Transfer-Encoding=", 400},
		{"Host=localhost|Transfer-Encoding=\vchunked", 400},
		{"Host=localhost|Transfer-Encoding=chunked|Transfer-Encoding=chunked", 400},
		{"Host=localhost|Transfer-Encoding =chunked", 400},
		{"Host=localhost|Expect=100-continue", 0},
		{"Host=localhost|Expect=200-ok", 417},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Refused		refused;
		bool		taken = asked("POST", "HTTP/1.1", "/fix", cases[i].headers, &strict, &refused);

		is_int(taken ? 0 : refused.status, cases[i].status, "%s", cases[i].headers);
		ok(taken != refused.close, "what is refused ends the connection: %s", cases[i].headers);
	}
}

static void
check_hosts(void)
{
	static const char *const taken[] = {"oms.example", "OMS.Example", "oms.example:8443", "localhost:1", "[::1]", "[::1]:8080", "oms.example:"};
	static const char *const wrong[] = {"", ":80", "oms.example:99999999", "oms.example:x", "other.example", "oms.example.evil", "user@oms.example", "oms.example/x",
		"oms.example, other", "[::1", "[::1]x", "[::1]80", "oms example", "[]", "localhost\\"};
	Refused		refused;
	char		headers[100];

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
	{
		snprintf(headers, sizeof(headers), "Host=%s", taken[i]);
		ok(asked("GET", "HTTP/1.1", "/", headers, &strict, &refused), "Host: %s", taken[i]);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		snprintf(headers, sizeof(headers), "Host=%s", wrong[i]);
		ok(!asked("GET", "HTTP/1.1", "/", headers, &strict, &refused) && refused.status == 400, "not Host: %s", wrong[i]);
	}
	ok(!asked("GET", "HTTP/1.1", "/", "Accept=*/*", &strict, &refused) && refused.status == 400, "no Host");
	ok(!asked("GET", "HTTP/1.1", "/", "Host=localhost|Host=localhost", &strict, &refused) && refused.status == 400, "two Hosts");
	{
		GuardRules	open = strict;

		open.names = NULL;
		ok(asked("GET", "HTTP/1.1", "/", "Host=any.example", &open, &refused), "without a list of names any host is ours");
		ok(!asked("GET", "HTTP/1.1", "/", "Host=a/b", &open, &refused), "which it must be");
	}
}

static void
check_head(void)
{
	Refused		refused;

	ok(!asked("GET", "HTTP/1.0", "/", "Host=localhost", &strict, &refused) && refused.status == 505, "HTTP/1.0");
	ok(!asked("GET", "HTTP/1.10", "/", "Host=localhost", &strict, &refused) && refused.status == 505, "HTTP/1.10");
	ok(!asked("GET", "", "/", "Host=localhost", &strict, &refused) && refused.status == 505, "no version");
	ok(!asked("G T", "HTTP/1.1", "/", "Host=localhost", &strict, &refused) && refused.status == 400, "a method with a space");
	ok(!asked("", "HTTP/1.1", "/", "Host=localhost", &strict, &refused) && refused.status == 400, "no method");
	ok(!asked("ABCDEFGHIJKLMNOPQ", "HTTP/1.1", "/", "Host=localhost", &strict, &refused) && refused.status == 400, "a long method");
	ok(asked("GET", "HTTP/1.1", "/234567890123456789012345678901234567890", "Host=localhost", &strict, &refused), "a target of 40 bytes");
	ok(!asked("GET", "HTTP/1.1", "/2345678901234567890123456789012345678901", "Host=localhost", &strict, &refused) && refused.status == 414, "one of 41");
	ok(!asked("GET", "HTTP/1.1", "", "Host=localhost", &strict, &refused) && refused.status == 400, "none");
	ok(!asked("OPTIONS", "HTTP/1.1", "*", "Host=localhost", &strict, &refused) && refused.status == 400, "*");
	ok(!asked("GET", "HTTP/1.1", "http://localhost/", "Host=localhost", &strict, &refused) && refused.status == 400, "one with a scheme");
	ok(!asked("GET", "HTTP/1.1", "/a b", "Host=localhost", &strict, &refused) && refused.status == 400, "one with a space");
	ok(!asked("GET", "HTTP/1.1", "/\xC3\xA4", "Host=localhost", &strict, &refused) && refused.status == 400, "one that is not encoded");
	ok(!asked("GET", "HTTP/1.1", "/#a", "Host=localhost", &strict, &refused) && refused.status == 400, "one with a fragment");
	ok(!asked("GET", "HTTP/1.1", "/", "Host=localhost|=x", &strict, &refused) && refused.status == 400, "a header without a name");
	ok(!asked("GET", "HTTP/1.1", "/", "Host=localhost|X(=x", &strict, &refused) && refused.status == 400, "a name that is no token");
	ok(!asked("GET", "HTTP/1.1", "/", "Host=localhost|X=a\rb", &strict, &refused) && refused.status == 400, "CR in a value");
	ok(!asked("GET", "HTTP/1.1", "/", "Host=localhost|X=a\nb", &strict, &refused) && refused.status == 400, "LF in a value");
	ok(!asked("GET", "HTTP/1.1", "/", "Host=localhost|X=a\x7F", &strict, &refused) && refused.status == 400, "DEL in a value");
	ok(asked("GET", "HTTP/1.1", "/", "Host=localhost|X=a\tb \xC3\xA4", &strict, &refused), "a tab and UTF-8 are none");
	{
		Header		nul[] = {{span_of("Host"), span_of("localhost")}, {span_of("X"), {"a\0b", 3}}};
		GuardRequest request = {.method = "GET", .version = "HTTP/1.1", .target = span_of("/"), .headers = nul, .nheaders = 2};

		ok(!guard_check(&request, &strict, &refused) && refused.status == 400, "a zero in a value");
	}
	ok(asked("GET", "HTTP/1.1", "/", "Host=localhost|A=1|B=1|C=1|D=1|E=1", &strict, &refused), "six headers");
	ok(!asked("GET", "HTTP/1.1", "/", "Host=localhost|A=1|B=1|C=1|D=1|E=1|F=1", &strict, &refused) && refused.status == 431, "seven");
	{
		char		headers[400];
		int			fixed = (int) strlen("Hostlocalhost" "X");

		snprintf(headers, sizeof(headers), "Host=localhost|X=%0*d", 200 - fixed, 0);
		ok(asked("GET", "HTTP/1.1", "/", headers, &strict, &refused), "200 bytes of headers");
		snprintf(headers, sizeof(headers), "Host=localhost|X=%0*d", 201 - fixed, 0);
		ok(!asked("GET", "HTTP/1.1", "/", headers, &strict, &refused) && refused.status == 431, "201");
	}
}

static void
check_headers(void)
{
	Header		list[] = {{span_of("Host"), span_of("x")}, {span_of("if-match"), span_of(" \"7\"\t")}, {span_of("A"), span_of("1")}, {span_of("a"), span_of("1")}, {span_of("E"), {NULL, 0}}};
	GuardRequest request = {.headers = list, .nheaders = 5};
	Refused		refused = {.status = 0};
	Span		value;

	ok(guard_header(&request, "If-Match", &value, &refused), "a header is found");
	is_bytes(value.data, value.len, "\"7\"", 3, "in any case, without the space around it");
	ok(guard_header(&request, "If", &value, &refused) && value.data == NULL, "a part of a name is none");
	ok(guard_header(&request, "E", &value, &refused) && value.data != NULL && value.len == 0, "an empty one is one");
	ok(!guard_header(&request, "A", &value, &refused) && refused.status == 400, "two are refused");
	is_str(refused.detail, "the header A stands there more than once", "by name");
}

static void
check_shown(void)
{
	char		buffer[SHOWN_SIZE];
	char		longer[200];

	memset(longer, 'x', sizeof(longer));
	is_str(shown(span_of("a\"\x1B[2J\xC3"), buffer), "\"a??[2J?\"", "what is shown of a client's bytes cannot hurt");
	ok(strlen(shown((Span) {longer, sizeof(longer)}, buffer)) < SHOWN_SIZE, "and is not long");
	is_str(buffer + strlen(buffer) - 5, "x...\"", "which it says");
}

int
main(void)
{
	check_lengths();
	check_hosts();
	check_head();
	check_headers();
	check_shown();
	return done();
}
