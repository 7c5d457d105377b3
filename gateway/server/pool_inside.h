/*
 * gateway/server/pool_inside.h
 *     What pool.c and connection.c share.
 */
#ifndef POOL_INSIDE_H
#define POOL_INSIDE_H

#include "pool.h"

typedef enum ConnectionState
{
	CONNECTION_CLOSED,
	CONNECTION_CONNECTING,
	CONNECTION_SETUP,			/* connected; its settings are on their way */
	CONNECTION_IDLE,
	CONNECTION_BUSY
} ConnectionState;

/* What was sent, in its order, and is answered in it. */
typedef struct Sent
{
	enum
	{
		SENT_SETUP,
		SENT_PREPARE,
		SENT_STEP,
		SENT_SYNC
	}			what;
	int			number;			/* of the statement or the step */
} Sent;

#define SENT_MAX (3 * JOB_STEPS_MAX)

typedef struct Connection
{
	Pool	   *pool;
	PGconn	   *pg;
	Watch		watch;
	Clock		clock;			/* until when something must have come */
	ConnectionState state;
	Job		   *job;
	Sent		sent[SENT_MAX];
	int			nsent;
	int			answered;
	uint32_t	prepared;		/* a bit for each statement */
	uint32_t	preparing;		/* and of those that the present job has sent */
	bool		asked;			/* for the password, by one of the servers or ways that libpq has tried */
	bool		lost;			/* what is answered now says that this server is not the one to ask */
	bool		doubtful;		/* and it cannot be said whether it happened */
	struct Connection *next;	/* among the idle ones */
} Connection;

_Static_assert(STATEMENTS <= 32, "a bit for each statement");

struct Pool
{
	char	   *name;
	char	   *dsn;
	char	   *user;
	char	   *password;
	bool		keep_password;
	bool		by_password;	/* it is a login's: a server that did not ask for the password is not believed */
	bool		becomes_others;
	bool		allow_admin;
	int			size;
	int			queue_max;
	int64_t		queue_ms;
	int64_t		statement_ms;
	int64_t		answer_ms;
	int64_t		login_ms;

	Connection *connections;	/* size */
	Connection *idle;			/* the one used last is used first */
	Job		   *first;			/* of the queue */
	Job		   *last;
	Clock		clock;			/* to connect again, to give up jobs, to close */
	int64_t		connect_us;		/* not before */
	int64_t		pause_ms;		/* after the next failure */
	int64_t		slow_us;		/* the last name of a host took so long that no other is asked for before this */
	bool		down;			/* said in the log */
	bool		had_one;
	bool		closing;
	void		(*on_first) (Pool *pool, void *of, const char *problem, PoolFailure failure);
	void	   *on_first_of;
	char	   *schema;			/* of the entry points, quoted */
	PoolFigures figures;
};

/* connection.c */
extern void connection_open(Connection *connection);
extern void connection_close(Connection *connection);	/* whatever runs there ends as lost */
extern void connection_run(Connection *connection, Job *job);
extern void connection_stop_rows(Connection *connection);
extern void connection_go_on(Connection *connection);

/* pool.c, told by connection.c */
extern void pool_connected(Pool *pool);
extern void pool_failed(Pool *pool, const char *problem, PoolFailure failure);	/* to connect */
extern void pool_idle(Pool *pool, Connection *connection);
extern void pool_not_idle(Pool *pool, Connection *connection);
/* The attempt is over. lost: by no fault of the job's; doubtful: and it may have happened. */
extern void pool_attempted(Pool *pool, Job *job, bool lost, bool doubtful);

#endif
