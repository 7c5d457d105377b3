/*
 * gateway/server/ping.h
 *     Whether PostgreSQL answers, where nobody is logged in who could tell.
 *
 * With auth=password there is no connection but those of sessions. So every few seconds one is begun that goes as far as the server's first
 * answer: what it asks of a login, or why it takes none.
 */
#ifndef PING_H
#define PING_H

typedef enum PingState
{
	PING_NOT_YET,				/* the first one is on its way */
	PING_ANSWERED,				/* or nobody asks */
	PING_SILENT					/* no server, or one that starts, stops or recovers */
} PingState;

extern void ping_start(const char *dsn);
extern void ping_stop(void);
/* Of the last one; from any thread. */
extern PingState ping_state(void);

#endif
