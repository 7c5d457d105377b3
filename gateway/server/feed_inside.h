/*
 * gateway/server/feed_inside.h
 *     The parts of the feed among themselves.
 *
 *     feed.c              when it begins, when it is lost, and what takes too long
 *     feed_connection.c   a connection: what is asked of it, one thing after the other, and what comes
 *     feed_snapshot.c     the slot, and the rows of its snapshot
 *     feed_stream.c       the events from there on
 *     feed_asks.c         objects of which an event is missing
 */
#ifndef FEED_INSIDE_H
#define FEED_INSIDE_H

#include <libpq-fe.h>

#include "cells.h"
#include "feed.h"
#include "loop.h"
#include "purged.h"
#include "replication.h"

#define PUBLICATION "oms_events"

typedef struct FeedQuestion
{
	const char *what;			/* for the log: "cannot ..." */
	int			patience_s;		/* so long it may say nothing; 0: as long as it likes */
	void		(*result) (const PGresult *result);	/* rows of a query; or NULL */
	void		(*row) (Span line);	/* of a COPY, without its end; or NULL */
	void		(*end) (void);	/* all of it has come, or the stream has begun */
} FeedQuestion;

typedef struct FeedConnection
{
	PGconn	   *pg;
	Replication *replication;	/* once it streams: pg is its own then */
	Watch		watch;
	Clock		slice;			/* set: there is more of what has come already, and no more is taken from the socket before */
	bool		up;
	bool		in_rows;
	bool		doubted;		/* it has said nothing for too long, unless it was us who did not listen */
	const FeedQuestion *question;	/* NULL: nothing is asked */
	FeedQuestion set_up;		/* of itself, once it is open */
	void		(*streams) (void);	/* something has come on a stream */
	int64_t		heard_us;
} FeedConnection;

typedef struct Feed
{
	const Options *options;
	Live	   *live;
	FeedState	state;
	FeedConnection stream;		/* of replication: its slot exports a snapshot, and then it streams */
	FeedConnection ask;			/* reads the snapshot, and answers what the stream cannot say */
	bool		streams;
	char		start_at[64];
	Cells		cells;
	Purged	   *purged;
} Feed;

extern Feed feed;

/* feed.c: both connections are closed, and what is in memory is what it was. what: "cannot ..." */
extern void feed_lost(const char *what, const char *why);
/* A row as it stands in the database, a line of COPY; of which object is in feed.cells even where it was left out. */
extern LiveResult feed_put_whole(LiveObject object, Span line);
/* Everything up to that commit is here, but for what is asked; told once nothing is. */
extern void feed_reached(Lsn position);
extern void feed_settled(void);

/* feed_connection.c; replication: the walsender's. opened: it is there, and its settings are made. */
extern void feed_open(FeedConnection *connection, bool replication, void (*opened) (void));
extern void feed_close(FeedConnection *connection);
extern void feed_ask(FeedConnection *connection, const char *sql, const FeedQuestion *question);
/* What is to be sent goes out as the socket takes it. */
extern void feed_flush(FeedConnection *connection);
/* There is more of what has come: in the next turn. */
extern void feed_more(FeedConnection *connection);
extern bool feed_is_silent(const FeedConnection *connection);

/* feed_snapshot.c */
extern void feed_snapshot_begin(void);
extern void feed_snapshot_end(void);	/* whatever became of it */

/* feed_stream.c */
extern void feed_stream_begin(void);
extern void feed_stream_end(void);

/* feed_asks.c: for the object as it stands, of that version at least. */
extern void feed_asks_add(LiveObject object, Span id, int64_t version);
extern bool feed_asks_wait(void);
extern void feed_asks_end(void);

#endif
