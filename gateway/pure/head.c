/*
 * gateway/pure/head.c
 *     Whether the head of a request stood in the buffer as HTTP/1.1 has it.
 *
 * Part behind part, with one separator between two of them: a space, a colon and blanks, CR and LF. What is anything else makes a gap of
 * another length.
 */
#include "head.h"

#include <string.h>

#define NO_LINE "a line of the head does not end with CR and LF, goes on in the next one, or has a byte that is 0"

static bool
head_has_line(const GuardRequest *request, const char *target)
{
	return request->method + strlen(request->method) + 1 == target && target + request->target.len + 1 == request->version;
}

/* A colon, and blanks. What was folded stands elsewhere, behind its value. */
static bool
head_has_colon(const Header *header)
{
	const char *at = header->name.data + header->name.len + 1;

	while (at < header->value.data && (*at == ' ' || *at == '\t'))
		at++;
	return at == header->value.data;
}

static bool
head_refuse(Refused *refused, const char *why)
{
	refuse(refused, 400, "%s", why);
	refused->close = true;
	return false;
}

bool
head_check(const GuardRequest *request, const char *target, size_t bytes, Refused *refused)
{
	const char *at = request->version + strlen(request->version);

	if (!head_has_line(request, target))
		return head_refuse(refused, "the first line is not a method, a target and HTTP/1.1 with one space between");
	for (size_t i = 0; i < request->nheaders; i++)
	{
		const Header *header = &request->headers[i];

		if (at + 2 != header->name.data || !head_has_colon(header))
			return head_refuse(refused, NO_LINE);
		at = header->value.data + header->value.len;
	}
	if (at + 4 != request->method + bytes)
		return head_refuse(refused, NO_LINE);
	return true;
}
