/*
 * gateway/test/head.c
 *     Where the parts of a head stand: what breaks if a line may end otherwise than with CR and LF, go on in the next one, or have a '\0'.
 *
 * Here is what libmicrohttpd 0.9.75 makes of bytes, without its pools: '\0' where a part ends, a LF alone for an end, what goes on
 * appended to the name, somewhere else.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "head.h"

#define HEADERS 8

typedef struct Read
{
	char		buffer[400];
	char		elsewhere[HEADERS][200];
	Header		headers[HEADERS];
	GuardRequest request;
	const char *target;
	size_t		bytes;
} Read;

/* The line at *at, which moves on; NULL: there is none. */
static char *
next_line(Read *read, size_t *at, size_t len)
{
	char	   *line = read->buffer + *at;

	for (size_t i = *at; i < len; i++)
	{
		if (read->buffer[i] == '\r' && i + 1 < len && read->buffer[i + 1] == '\n')
		{
			read->buffer[i] = read->buffer[i + 1] = '\0';
			*at = i + 2;
			return line;
		}
		if (read->buffer[i] == '\n')
		{
			read->buffer[i] = '\0';
			*at = i + 1;
			return line;
		}
	}
	return NULL;
}

/* As far as it is a head at all: false, where the library would have refused it. */
static bool
read_head(Read *read, const char *bytes, size_t len)
{
	size_t		at = 0;
	char	   *line;
	char	   *space;
	size_t		n = 0;

	memset(read, 0, sizeof *read);
	memcpy(read->buffer, bytes, len);
	line = next_line(read, &at, len);
	if (line == NULL || (space = strchr(line, ' ')) == NULL)
		return false;
	*space++ = '\0';
	while (*space == ' ')
		space++;
	read->request.method = line;
	read->target = space;
	/* from behind, as the line may have more spaces */
	space = read->buffer + at - 1;
	while (*space == '\0')
		space--;
	while (space > read->target && *space != ' ')
		space--;
	*space = '\0';
	read->request.version = space + 1;
	read->request.target = (Span) {read->target, strlen(read->target)};
	while ((line = next_line(read, &at, len)) != NULL && line[0] != '\0')
	{
		if (line[0] == ' ' || line[0] == '\t')
		{
			if (n == 0)
				return false;
			snprintf(read->elsewhere[n - 1], sizeof read->elsewhere[n - 1], "%.*s%s", (int) read->headers[n - 1].name.len, read->headers[n - 1].name.data, line + strspn(line, " \t"));
			read->headers[n - 1].name = (Span) {read->elsewhere[n - 1], strlen(read->elsewhere[n - 1])};
			continue;
		}
		space = strchr(line, ':');
		if (space == NULL || n == HEADERS)
			return false;
		*space++ = '\0';
		space += strspn(space, " \t");
		read->headers[n].name = (Span) {line, strlen(line)};
		read->headers[n++].value = (Span) {space, strlen(space)};
	}
	read->request.headers = read->headers;
	read->request.nheaders = n;
	read->bytes = at;
	return line != NULL;
}

#define BYTES(text) text, sizeof(text) - 1

static const struct
{
	const char *name;
	const char *bytes;
	size_t		len;
	bool		good;
}			cases[] = {
	{"a head", BYTES("GET /x HTTP/1.1\r\nHost: a\r\nX:b\r\nY: \t c\r\nEmpty:\r\nBlank: \r\nEnd: d \r\n\r\n"), true},
	{"one without headers", BYTES("GET /x?y=z&a HTTP/1.1\r\n\r\n"), true},
	{"one header", BYTES("POST /commands/orders HTTP/1.1\r\nHost: localhost\r\n\r\n"), true},
	{"with a body behind it", BYTES("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"), true},
	{"LF alone", BYTES("GET /x HTTP/1.1\nHost: a\n\n"), false},
	{"LF behind the first line", BYTES("GET /x HTTP/1.1\nHost: a\r\n\r\n"), false},
	{"LF in a value", BYTES("GET /x HTTP/1.1\r\nHost: a\r\nX: b\nContent-Length: 5\r\n\r\n"), false},
	{"LF behind the last header", BYTES("GET /x HTTP/1.1\r\nHost: a\n\r\n"), false},
	{"LF for the empty line", BYTES("GET /x HTTP/1.1\r\nHost: a\r\n\n"), false},
	{"LF twice", BYTES("GET /x HTTP/1.1\r\nHost: a\n\n"), false},
	{"LF twice, and a head behind it", BYTES("GET /x HTTP/1.1\r\nHost: a\n\nGET /y HTTP/1.1\r\nHost: b\r\n\r\n"), false},
	{"LF twice without headers", BYTES("GET /x HTTP/1.1\n\n"), false},
	{"a value goes on", BYTES("GET /x HTTP/1.1\r\nContent-Length:\r\n 5\r\nHost: a\r\n\r\n"), false},
	{"the last value goes on", BYTES("GET /x HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n"), false},
	{"a name that is made of two", BYTES("GET /x HTTP/1.1\r\nX-Forwarded: alice\r\n -User\r\nHost: a\r\n\r\n"), false},
	{"with a blank that goes on", BYTES("GET /x HTTP/1.1\r\nHost: a\r\n \r\n\r\n"), false},
	{"a NUL in a value", BYTES("GET /x HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n"), false},
	{"two NULs in a value", BYTES("GET /x HTTP/1.1\r\nX: b\0\0c\r\nHost: a\r\n\r\n"), false},
	{"NULs behind a value", BYTES("GET /x HTTP/1.1\r\nX: b\0\0\r\nHost: a\r\n\r\n"), false},
	{"a NUL behind the last value", BYTES("GET /x HTTP/1.1\r\nHost: a\0\r\n\r\n"), false},
	{"a NUL before a value", BYTES("GET /x HTTP/1.1\r\nHost:\0a\r\n\r\n"), false},
	{"a NUL in the target", BYTES("GET /x\0y HTTP/1.1\r\nHost: a\r\n\r\n"), false},
	{"a NUL behind the target", BYTES("GET /x\0 HTTP/1.1\r\nHost: a\r\n\r\n"), false},
	{"two spaces", BYTES("GET  /x HTTP/1.1\r\nHost: a\r\n\r\n"), false},
};

int
main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		Read	   *read = malloc(sizeof *read);
		Refused		refused = {0};
		bool		taken;

		if (!ok(read_head(read, cases[i].bytes, cases[i].len), "%s is a head to the library", cases[i].name))
			continue;
		taken = head_check(&read->request, read->target, read->bytes, &refused);
		ok(taken == cases[i].good && (taken || (refused.status == 400 && refused.close)) && (!taken || !refused.close), "%s is %s", cases[i].name, cases[i].good ? "taken" : "refused");
		free(read);
	}
	return done();
}
