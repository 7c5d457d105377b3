/*
 * gateway/pure/refused.h
 *     What the gateway refuses by itself, before PostgreSQL is asked.
 */
#ifndef REFUSED_H
#define REFUSED_H

#include "text.h"

/*
 * Who refuses fills it, who answers sends it: the detail as a problem (problem.h), the rest as headers. Functions that can refuse
 * return bool and take one.
 */
typedef struct Refused
{
	int			status;			/* of HTTP */
	char		detail[512];
	char		allow[64];		/* of 405: the methods for the Allow header; else empty */
	bool		close;			/* what follows on this connection cannot be trusted */
} Refused;

/* Returns false, so that "return refuse(...)" reads well. */
extern bool refuse(Refused *refused, int status, const char *format,...) __attribute__((format(printf, 3, 4)));

/* For details: at most so many bytes of what a client sent, quoted, and harmless in a terminal or a log. */
#define SHOWN_SIZE 80
extern const char *shown(Span text, char buffer[SHOWN_SIZE]);

#endif
