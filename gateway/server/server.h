/*
 * gateway/server/server.h
 *     The server as a whole: what is opened at the start, changed by a reload and closed at the end.
 */
#ifndef SERVER_H
#define SERVER_H

#include "options.h"
#include "pool.h"

/* To write to; NULL where each session has its own. */
extern Pool *server_pool;
/* To read from: of read.dsn where it is set, else the same. */
extern Pool *server_read_pool;
/* query.timeout as statement_timeout has it. */
extern char server_query_timeout[24];

/* The longest that PostgreSQL lets a statement take; 0: no limit. */
extern int64_t server_answer_ms(const Options *options);
/* The longest that a stop takes; then the guard leaves. */
extern int64_t server_stop_ms(const Options *options);

/* The options are kept: a reload changes those that may change while it runs. */
extern bool server_start(Options *options, Problem *problem);
/* Returns once it was stopped and all was answered, or drain.timeout is over. False: the login of its pool may too much. */
extern bool server_run(void);
extern void server_end(void);

#endif
