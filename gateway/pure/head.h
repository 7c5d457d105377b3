/*
 * gateway/pure/head.h
 *     Whether the head of a request stood in the buffer as HTTP/1.1 has it, and as whoever is in front of us has read it.
 *
 * libmicrohttpd leaves the head where it was received, with '\0' where its parts end, and is generous: it takes a line feed alone for the end of a
 * line, stops at a '\0' in a value, and appends what a folded header goes on with to the header's name. So "Content-Length: 5" may
 * be a part of a value for a proxy, and a header of its own here, or the other way round. Nothing is generous about where the parts stand.
 */
#ifndef HEAD_H
#define HEAD_H

#include "guard.h"

/*
 * request: its method, version and headers are those in the buffer, in their order. target: the same there; request->target says its length as it
 * came. bytes: of the whole head, with its empty line.
 */
extern bool head_check(const GuardRequest *request, const char *target, size_t bytes, Refused *refused);

#endif
