/*
 * gateway/server/identity.h
 *     Who asks: told by a session's cookie, by a token, by a proxy in front, or not at all.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "options.h"
#include "request.h"

extern void identity_start(const Options *options);
extern void identity_end(void);
/* Sets the request's identity; false: refused. */
extern bool identity_find(Request *request, Refused *refused);
/* What a proxy or a token says is a name and nothing else: libmicrohttpd lets a NUL or a folded line through. "none" is what PostgreSQL calls the login itself. */
extern bool identity_is_name(Span value);
/* GET /session: as PostgreSQL has it. */
extern void identity_who(Request *request);

#endif
