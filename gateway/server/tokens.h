/*
 * gateway/server/tokens.h
 *     Who asks, by a JSON Web Token that somebody else has signed.
 */
#ifndef TOKENS_H
#define TOKENS_H

#include "options.h"
#include "request.h"

/* Reads the keys; false: they cannot be used. */
extern bool tokens_start(const Options *options, Problem *problem);
/* Reads them again; where they cannot be used, those of before stay. */
extern bool tokens_reload(const Options *options, Problem *problem);
extern void tokens_end(void);

/* Sets the request's role; false: refused. */
extern bool tokens_find(Request *request, Refused *refused);

#endif
