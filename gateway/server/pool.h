/*
 * gateway/server/pool.h
 *     Connections to PostgreSQL, and the jobs that run on them.
 *
 * A job is the statements of one request: one pipeline, one transaction, one Sync. It waits in a bounded queue for an idle
 * connection. It is done when PostgreSQL says that it is ready again, which is behind its commit, and not when there is a result.
 *
 *     nothing of it was sent             sent on another connection
 *     40001, 40P01                       sent again, three times in all
 *     the connection was lost            unknown what became of it: sent again if it may be (repeats), for UNKNOWN_MS
 *     a standby, or a server that stops  as lost
 *
 * A connection that anything is in doubt about is closed and never used again.
 */
#ifndef POOL_H
#define POOL_H

#include <libpq-fe.h>

#include "loop.h"
#include "statements.h"

#define JOB_STEPS_MAX 8
#define JOB_VALUES_MAX 4
#define UNKNOWN_MS 5000
#define TRIES_MAX 3

typedef enum JobEnd
{
	JOB_DONE,					/* and committed */
	JOB_RAISED,					/* PostgreSQL refused it: sqlstate and what it said; nothing of it happened */
	JOB_UNKNOWN,				/* sent, and the connection lost: it happened, or not */
	JOB_QUEUE_FULL,
	JOB_WAITED,					/* no connection came in time; nothing was sent */
	JOB_UNAVAILABLE				/* the pool is being closed, or its login is gone */
} JobEnd;

typedef struct JobStep
{
	Statement	statement;
	const char *values[JOB_VALUES_MAX]; /* the job's owner keeps them until it ends */
	int			lengths[JOB_VALUES_MAX];	/* of those in binary */
	int			formats[JOB_VALUES_MAX];
	bool		commits;		/* its transaction ends here and not with the last step */
} JobStep;

typedef struct Job
{
	/* filled in by whoever submits it */
	JobStep		steps[JOB_STEPS_MAX];
	int			nsteps;
	bool		repeats;		/* may be sent again when it is unknown whether it happened */
	bool		streams;		/* rows come one by one, and may be stopped */
	bool		own;			/* the gateway's: takes no place that a request could have */
	bool		told;			/* set by row(): rows of it have gone out, so it is never sent again */
	bool		writes;			/* a server that only reads is not the one to ask */
	/* of an attempt that may fail still */
	void		(*row) (struct Job *job, int step, const PGresult *result, int row);
	void		(*again) (struct Job *job);	/* or NULL: forget the rows, they come again */
	void		(*end) (struct Job *job, JobEnd end);	/* the job is the owner's again, also to free */
	void	   *of;

	/* of JOB_RAISED */
	char		sqlstate[6];
	int			raised_by;		/* the step; -1: the commit */
	char	   *message;
	char	   *detail;
	char	   *hint;

	/* the pool's own */
	struct Pool *pool;
	struct Connection *connection;
	struct Job *next;
	struct Job *previous;
	int			tries;
	bool		queued;
	bool		unknown;		/* an earlier attempt may have happened */
	bool		was_lost;		/* with a connection, once at least: from then on it has UNKNOWN_MS */
	bool		raised;			/* by the present attempt */
	bool		abandoned;		/* nobody waits for its rows any more */
	bool		stopped;		/* its rows are not read for now */
	int64_t		give_up_us;		/* when it leaves the queue */
} Job;

typedef struct PoolRules
{
	const char *dsn;
	const char *user;			/* instead of the connection string's; NULL: as it says */
	const char *password;		/* for user; wiped once it is not needed */
	bool		keep_password;	/* else a login that is lost is lost for good */
	const char *name;			/* of the pool, for the log */
	bool		becomes_others; /* its login takes the roles of who asks: it may not be all of them */
	bool		allow_admin;	/* and oms_admin may be among them */
	int			size;
	int			queue_max;
	int64_t		queue_ms;		/* how long a job waits for a connection */
	int64_t		statement_ms;	/* statement_timeout, where the job says no other */
	int64_t		answer_ms;		/* the longest that a statement may take; 0: as long as it likes */
	int64_t		login_ms;		/* and that the server may take over a password that it has asked for; 0: no more than over anything */
} PoolRules;

typedef struct Pool Pool;

typedef enum PoolFailure
{
	POOL_NOT_THERE,				/* whatever there is between us and a connection */
	POOL_DENIED,				/* the password was asked for, and did not do */
	POOL_SILENT,				/* it was asked for, and nothing was said of it in time */
	POOL_TOO_MUCH				/* the login of a pool may more than is safe */
} PoolFailure;

extern Pool *pool_open(const PoolRules *rules);
/* Called once the first connection is there (problem is NULL), or could not be had. */
extern void pool_on_first(Pool *pool, void (*first) (Pool *pool, void *of, const char *problem, PoolFailure failure), void *of);
/* Its one login was lost, and the password is not known any more. */
extern bool pool_is_dead(const Pool *pool);
/* Takes new rules for connections that are opened from now on; the idle ones are closed. */
extern void pool_renew(Pool *pool, const PoolRules *rules);
/* Jobs that wait end with JOB_UNAVAILABLE, those that run with JOB_UNKNOWN. The pool is freed. */
extern void pool_close(Pool *pool);
/* The same, at once: when the loop is over. */
extern void pool_end(Pool *pool);

extern void pool_submit(Pool *pool, Job *job);
/* Nobody waits any more. What waits is taken back, what streams is cut off; what was sent goes on. end() is called, also at once. */
extern void job_abandon(Job *job);
extern void job_stop_rows(Job *job);
extern void job_go_on(Job *job);
extern void job_clear(Job *job);	/* what PostgreSQL said */

typedef struct PoolFigures
{
	int			size;
	int			ready;			/* connected */
	int			busy;
	int			queued;
	uint64_t	jobs;
	uint64_t	retries;
	uint64_t	unknown;		/* attempts whose outcome was not known */
	uint64_t	connects;
	uint64_t	queue_full;
} PoolFigures;

extern void pool_figures(const Pool *pool, PoolFigures *figures);

#endif
