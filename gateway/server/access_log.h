/*
 * gateway/server/access_log.h
 *     A JSON line for each request, into a file or among the lines of the log.
 *
 * No body, no header's value, no query: what a client says of its business, or by mistake of its password, is not repeated there.
 */
#ifndef ACCESS_LOG_H
#define ACCESS_LOG_H

#include "request.h"

/* path: a file, "stderr", or "" for none. Opened again: the file may have been moved away. On failure what was open stays. */
extern bool access_log_open(const char *path, Problem *problem);
extern void access_log_close(void);
/* A request is over. */
extern void access_log_request(const Request *request);

#endif
