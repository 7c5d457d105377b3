/*
 * debezium/bridge/http.h
 *     GET /metrics and GET /healthz on a local port (libmicrohttpd, one thread of its own).
 */
#ifndef HTTP_H
#define HTTP_H

#include "bridge.h"

/* listen: "127.0.0.1:9464", "[::1]:9464", ":9464" is refused with a hint (all interfaces must be said: 0.0.0.0:9464), "127.0.0.1:0" takes a free port and logs it; "off" starts nothing. */
extern bool http_start(const char *listen, Problem *problem);
/* Whether listen is such an address ("off" is none). Opens nothing. */
extern bool http_check(const char *listen, Problem *problem);
extern void http_stop(void);

#endif
