/*
 * gateway/server/identity.h
 *     Who asks: told by a session's cookie, by a proxy in front, or not at all.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "options.h"
#include "request.h"

extern void identity_start(const Options *options);
/* Sets the request's identity; false: refused. */
extern bool identity_find(Request *request, Refused *refused);
/* GET /session: as PostgreSQL has it. */
extern void identity_who(Request *request);

#endif
