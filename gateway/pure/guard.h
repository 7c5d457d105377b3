/*
 * gateway/pure/guard.h
 *     Whether the head of a request is one that nobody can read in two ways. The first thing asked of each request.
 *
 * libmicrohttpd 0.9.75 takes two Content-Lengths, one with a space before its colon, and both kinds of length at once: behind
 * a proxy that reads them otherwise a second request is smuggled in. What is refused here is answered and the connection closed.
 */
#ifndef GUARD_H
#define GUARD_H

#include "refused.h"

typedef struct Header
{
	Span		name;
	Span		value;
} Header;

typedef struct GuardRequest
{
	const char *method;
	const char *version;		/* "HTTP/1.1" */
	Span		target;			/* as it came, nothing decoded */
	const Header *headers;		/* as they came, in their order */
	size_t		nheaders;
} GuardRequest;

typedef struct GuardRules
{
	const char *const *names;	/* what Host may say besides its port, ended by NULL; NULL: anything that a host may be called */
	size_t		target_max;		/* bytes; 414 */
	size_t		headers_max;	/* how many; 431 */
	size_t		bytes_max;		/* of names and values together; 431 */
	uint64_t	body_max;		/* 413 */
} GuardRules;

/* False where it is refused. */
extern bool guard_check(const GuardRequest *request, const GuardRules *rules, Refused *refused);

/* The only header of this name (in any case), or NULL data when there is none. False when there are several: 400. */
extern bool guard_header(const GuardRequest *request, const char *name, Span *value, Refused *refused);

#endif
