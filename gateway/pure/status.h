/*
 * gateway/pure/status.h
 *     What a SQLSTATE is in HTTP.
 */
#ifndef STATUS_H
#define STATUS_H

#include <stdbool.h>

/* if_match: the request had an If-Match header. 500 for what no caller can cause. */
extern int	status_of(const char *sqlstate, bool if_match);

/* Serialization failures and deadlocks: nothing happened, the same may be sent again at once. Nothing else ever is. */
extern bool status_retryable(const char *sqlstate);

/* Seconds for the Retry-After header; 0: none. */
extern int	status_retry_after(int status);

/* Whether message, detail and hint are for the caller; else they go to the log alone. */
extern bool status_is_told(const char *sqlstate);

/*
 * The next SQLSTATE in what libpq says of a connection that did not come about (verbose: "FATAL:  28P01: ..."; of several hosts one after the
 * other). Answers where to look for the one behind it; NULL: there is none.
 */
extern const char *status_next(const char *words, char sqlstate[6]);

/* The phrase: "Not Found". */
extern const char *status_title(int status);

#endif
