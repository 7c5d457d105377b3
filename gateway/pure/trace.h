/*
 * gateway/pure/trace.h
 *     What names a request: an id, and the parent of a trace (W3C Trace Context).
 */
#ifndef TRACE_H
#define TRACE_H

#include "text.h"

#define TRACE_ID_MAX 64
#define TRACE_PARENT_LEN 55

/* Whether a client's X-Request-Id can stand in a header, a log and an event: letters, digits and . _ : -, 64 at most. */
extern bool trace_id(Span value);
/* Whether a traceparent header is one; its first TRACE_PARENT_LEN bytes say all that this version knows. */
extern bool trace_parent(Span value);

#endif
