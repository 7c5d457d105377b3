/*
 * common/replication.h
 *     The replication connection: commands of the walsender, and the stream in both directions.
 *
 * Sources: PostgreSQL manual, "Streaming Replication Protocol"; src/bin/pg_basebackup/pg_recvlogical.c.
 */
#ifndef REPLICATION_H
#define REPLICATION_H

#include "pg.h"
#include "text.h"

typedef struct Replication Replication;

typedef struct ServerIdentity
{
	char		sysid[32];
	char		database[64];
	uint32_t	timeline;
	Lsn			lsn;			/* flushed so far */
} ServerIdentity;

extern bool replication_open(const PgLogin *login, Replication **replication, ServerIdentity *identity, Problem *problem);
extern void replication_close(Replication *replication);
/* A connection on which somebody else has begun the stream; taken over. Its timeouts are his to know. */
extern Replication *replication_of(PGconn *connection);

/* Where timeline `of` ended in the history of timeline `now`; LSN_NONE when it is no part of that history. */
extern bool replication_switch_point(Replication *replication, uint32_t of, uint32_t now, Lsn *lsn, Problem *problem);
/* *snapshot shows everything that commits before *consistent; it lives until the next command here. Refused plugin: *refused, and a problem. */
/* temporary: it goes with this connection. control: an ordinary connection, to learn by what it waits for; tell gets it. */
extern bool replication_create_slot(Replication *replication, PGconn *control, PgTell tell, const char *slot, bool temporary, const char *plugin,
									Lsn *consistent, char snapshot[64], bool *refused, Problem *problem);
extern bool replication_drop_slot(Replication *replication, const char *slot, Problem *problem);
/* options as DecoderClass.start_options makes them. */
extern bool replication_start(Replication *replication, const char *slot, Lsn from, const char *options, Problem *problem);

typedef enum ReceivedKind
{
	RECEIVED_NOTHING,			/* wait on the socket */
	RECEIVED_DATA,
	RECEIVED_KEEPALIVE,
	RECEIVED_END,				/* the server ended the stream: it shuts down, or dropped us; problem says */
	RECEIVED_FAILURE
} ReceivedKind;

typedef struct Received
{
	ReceivedKind kind;
	Span		data;			/* until the next call */
	Lsn			wal_end;		/* of a keepalive: everything before has been sent */
	bool		reply;			/* the server wants to hear from us now */
} Received;

/* Never waits. */
extern Received replication_receive(Replication *replication, Problem *problem);
extern int	replication_socket(const Replication *replication);
/* received: everything before has come here; recorded: may be forgotten by the server; ping: it answers with a keepalive. */
extern bool replication_status(Replication *replication, Lsn received, Lsn recorded, bool ping, Problem *problem);
/* How often the server must hear from us, whether or not it can ask: a third of its wal_sender_timeout. */
extern int64_t replication_status_interval_us(const Replication *replication);
/* How long a server that is well says nothing at most, when it is pinged: its wal_sender_timeout, or a minute where it has none. */
extern int64_t replication_silence_us(const Replication *replication);
/* Says goodbye and hangs up, without waiting. Nothing but replication_close() may follow. */
extern void replication_end(Replication *replication);

#endif
