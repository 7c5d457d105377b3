/*
 * gateway/server/pool.c
 *     The queue of jobs before a number of connections, and what becomes of a job when an attempt is over.
 *
 * A job that comes back goes to the head of the queue: it has waited already. Retries have no pause: whoever was in its way has
 * committed by then, or it waits for his locks.
 */
#include "pool_inside.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "status.h"

#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 2000

static void pool_serve(Pool *pool);
static void pool_clock(Clock *clock);

static void
queue_remove(Pool *pool, Job *job)
{
	*(job->previous != NULL ? &job->previous->next : &pool->first) = job->next;
	*(job->next != NULL ? &job->next->previous : &pool->last) = job->previous;
	job->next = job->previous = NULL;
	job->queued = false;
	pool->figures.queued -= !job->own;
}

static void
queue_add(Pool *pool, Job *job, bool first)
{
	job->previous = first ? NULL : pool->last;
	job->next = first ? pool->first : NULL;
	*(job->previous != NULL ? &job->previous->next : &pool->first) = job;
	*(job->next != NULL ? &job->next->previous : &pool->last) = job;
	job->queued = true;
	pool->figures.queued += !job->own;
}

static void
job_end(Job *job, JobEnd end)
{
	job->end(job, end);
}

/* The clock rings for whatever comes first: a job that has waited long enough, or the next attempt to connect. */
static void
pool_set_clock(Pool *pool)
{
	int64_t		at_us = 0;

	for (const Job *job = pool->first; job != NULL; job = job->next)
		if (at_us == 0 || job->give_up_us < at_us)
			at_us = job->give_up_us;
	if (pool->connect_us != 0 && (at_us == 0 || pool->connect_us < at_us))
		at_us = pool->connect_us;
	if (pool->closing)
		at_us = 1;
	if (at_us == 0)
		loop_stop_clock(&pool->clock);
	else if (at_us != pool->clock.at_us)
		loop_ring_at(&pool->clock, at_us);
}

static void
pool_take_rules(Pool *pool, const PoolRules *rules)
{
	free(pool->dsn);
	pool->dsn = must_strdup(rules->dsn);
	pool->queue_max = rules->queue_max;
	pool->queue_ms = rules->queue_ms;
	pool->statement_ms = rules->statement_ms;
	pool->answer_ms = rules->answer_ms;
	pool->login_ms = rules->login_ms;
}

/* Connects what is not connected; after a failure one at a time, so that a server that comes back is not met by all at once. */
static void
pool_connect(Pool *pool)
{
	if (pool->closing || pool->connect_us > loop_now_us())
		return;
	pool->connect_us = 0;
	for (int i = 0; i < pool->size && pool->connect_us == 0; i++)
	{
		Connection *connection = &pool->connections[i];

		if (connection->state != CONNECTION_CLOSED || (pool->by_password && pool->password == NULL))
			continue;
		connection_open(connection);
		if (pool->down)
			break;
		if (pool->slow_us > 0)
			pool->connect_us = ticks_us() + pool->slow_us;
	}
	pool_set_clock(pool);
}

Pool *
pool_open(const PoolRules *rules)
{
	Pool	   *pool = must_alloc(sizeof *pool);

	*pool = (Pool) {.clock = {.ring = pool_clock, .of = pool}, .pause_ms = PAUSE_MIN_MS};
	pool->name = must_strdup(rules->name);
	pool->user = rules->user != NULL ? must_strdup(rules->user) : NULL;
	pool->password = rules->password != NULL ? must_strdup(rules->password) : NULL;
	pool->by_password = rules->password != NULL;
	pool->keep_password = rules->keep_password;
	pool->becomes_others = rules->becomes_others;
	pool->allow_admin = rules->allow_admin;
	pool_take_rules(pool, rules);
	pool->size = rules->size;
	pool->figures.size = rules->size;
	pool->connections = must_alloc(sizeof(Connection) * (size_t) rules->size);
	for (int i = 0; i < rules->size; i++)
		pool->connections[i] = (Connection) {.pool = pool};
	/* in a turn of its own, so that whoever opens it can say first what it wants to hear */
	pool->connect_us = ticks_us();
	pool_set_clock(pool);
	return pool;
}

void
pool_on_first(Pool *pool, void (*first) (Pool *pool, void *of, const char *problem, PoolFailure failure), void *of)
{
	pool->on_first = first;
	pool->on_first_of = of;
}

void
pool_renew(Pool *pool, const PoolRules *rules)
{
	pool_take_rules(pool, rules);
	while (pool->idle != NULL)
		connection_close(pool->idle);
}

static void
wipe(char **secret)
{
	if (*secret != NULL)
	{
		explicit_bzero(*secret, strlen(*secret));
		free(*secret);
		*secret = NULL;
	}
}

static void
pool_first_is_known(Pool *pool, const char *problem, PoolFailure failure)
{
	void		(*first) (Pool *, void *, const char *, PoolFailure) = pool->on_first;

	pool->on_first = NULL;
	if (first != NULL)
		first(pool, pool->on_first_of, problem, failure);
}

void
pool_connected(Pool *pool)
{
	pool->figures.connects++;
	pool->pause_ms = PAUSE_MIN_MS;
	if (pool->down || (!pool->had_one && !pool->by_password))
		log_info("%s: connected to PostgreSQL", pool->name);
	pool->down = false;
	pool->had_one = true;
	if (!pool->keep_password)
		wipe(&pool->password);
	pool_first_is_known(pool, NULL, POOL_NOT_THERE);
	pool_connect(pool);
}

void
pool_failed(Pool *pool, const char *problem, PoolFailure failure)
{
	if (!pool->down)
		log_warning("%s: cannot connect to PostgreSQL: %s", pool->name, problem);
	pool->down = true;
	pool->connect_us = ticks_us() + (pool->slow_us > pool->pause_ms * 1000 ? pool->slow_us : pool->pause_ms * 1000);
	pool->pause_ms = pool->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pool->pause_ms * 2;
	pool_set_clock(pool);
	pool_first_is_known(pool, problem, failure);
}

void
pool_idle(Pool *pool, Connection *connection)
{
	connection->next = pool->idle;
	pool->idle = connection;
	pool_serve(pool);
}

/* Of a connection that was closed. */
static void
pool_replace(Pool *pool)
{
	if (pool->connect_us == 0)
	{
		pool->connect_us = loop_now_us();
		pool_set_clock(pool);
	}
}

/* An idle one was closed. */
void
pool_not_idle(Pool *pool, Connection *connection)
{
	Connection **at = &pool->idle;

	while (*at != NULL && *at != connection)
		at = &(*at)->next;
	if (*at != NULL)
		*at = connection->next;
	pool_replace(pool);
}

/* Jobs from the head of the queue, as long as there is a connection. */
static void
pool_serve(Pool *pool)
{
	while (pool->first != NULL && pool->idle != NULL && !pool->closing)
	{
		Connection *connection = pool->idle;
		Job		   *job = pool->first;

		pool->idle = connection->next;
		queue_remove(pool, job);
		connection_run(connection, job);
	}
}

static void
job_forget_attempt(Job *job)
{
	job_clear(job);
	job->raised = false;
	job->stopped = false;
	if (job->again != NULL)
		job->again(job);
}

static void
pool_again(Pool *pool, Job *job)
{
	pool->figures.retries++;
	job_forget_attempt(job);
	queue_add(pool, job, true);
	pool_serve(pool);
	pool_set_clock(pool);
}

/*
 * The store's own refusal is about the command. Any other error is about this attempt alone: one before, of which nobody knows, may hold
 * the locks that this one waited for, and commit.
 */
static JobEnd
job_raised_end(const Job *job)
{
	return job->unknown && job->writes && strncmp(job->sqlstate, "OM", 2) != 0 ? JOB_UNKNOWN : JOB_RAISED;
}

void
pool_attempted(Pool *pool, Job *job, bool lost, bool doubtful)
{
	if (lost)
		pool_replace(pool);
	if (lost && doubtful)
		pool->figures.unknown++;
	if (job->abandoned || (lost && pool->closing))
		job_end(job, job->abandoned ? JOB_UNAVAILABLE : JOB_UNKNOWN);
	else if (lost)
	{
		bool		late = job->was_lost && loop_now_us() >= job->give_up_us;

		job->unknown |= doubtful;
		if (!job->was_lost)
			job->give_up_us = loop_now_us() + UNKNOWN_MS * 1000;
		job->was_lost = true;
		if (late)
			job_end(job, job->unknown ? JOB_UNKNOWN : JOB_UNAVAILABLE);
		else if ((doubtful && !job->repeats) || job->told || (pool->by_password && !pool->keep_password))
			job_end(job, doubtful || job->told ? JOB_UNKNOWN : JOB_UNAVAILABLE);
		else
			pool_again(pool, job);
	}
	else if (job->raised && !job->told && status_retryable(job->sqlstate) && job->tries < TRIES_MAX - 1)
	{
		job->tries++;
		pool_again(pool, job);
	}
	else
		job_end(job, job->raised ? job_raised_end(job) : JOB_DONE);
}

bool
pool_is_dead(const Pool *pool)
{
	return pool->by_password && pool->password == NULL && pool->figures.ready == 0;
}

void
pool_submit(Pool *pool, Job *job)
{
	job->pool = pool;
	job->tries = 0;
	job->was_lost = job->unknown = job->raised = job->abandoned = job->stopped = false;
	if (pool->closing || pool_is_dead(pool))
		job_end(job, JOB_UNAVAILABLE);
	else if (pool->idle == NULL && pool->figures.queued >= pool->queue_max && !job->own)
	{
		pool->figures.queue_full++;
		job_end(job, JOB_QUEUE_FULL);
	}
	else
	{
		pool->figures.jobs++;
		job->give_up_us = loop_now_us() + pool->queue_ms * 1000;
		queue_add(pool, job, false);
		pool_serve(pool);
		if (job->queued && (pool->clock.at_us == 0 || job->give_up_us < pool->clock.at_us))
			loop_ring_at(&pool->clock, job->give_up_us);
	}
}

void
job_abandon(Job *job)
{
	job->abandoned = true;
	if (job->queued)
	{
		queue_remove(job->pool, job);
		job_end(job, JOB_UNAVAILABLE);
	}
	else if (job->pool->by_password && !job->pool->keep_password)
	{
		/* the only connection of somebody who is still there: what comes is passed over */
		if (job->stopped)
			job_go_on(job);
	}
	else if (job->streams && job->connection != NULL)
		loop_ring_at(&job->connection->clock, loop_now_us());
}

void
job_stop_rows(Job *job)
{
	job->stopped = true;
	if (job->connection != NULL)
		connection_stop_rows(job->connection);
}

void
job_go_on(Job *job)
{
	job->stopped = false;
	if (job->connection != NULL)
		connection_go_on(job->connection);
}

void
job_clear(Job *job)
{
	free(job->message);
	free(job->detail);
	free(job->hint);
	job->message = job->detail = job->hint = NULL;
	job->sqlstate[0] = '\0';
}

static void
pool_give_up(Pool *pool)
{
	Job		   *next;

	for (Job *job = pool->first; job != NULL; job = next)
	{
		next = job->next;
		if (job->give_up_us <= loop_now_us() || pool->closing)
		{
			queue_remove(pool, job);
			job_end(job, job->unknown ? JOB_UNKNOWN : pool->closing ? JOB_UNAVAILABLE : JOB_WAITED);
		}
	}
}

static void
pool_free(Pool *pool)
{
	pool->idle = NULL;
	for (int i = 0; i < pool->size; i++)
		if (pool->connections[i].state != CONNECTION_CLOSED)
			connection_close(&pool->connections[i]);
	loop_stop_clock(&pool->clock);
	wipe(&pool->password);
	free(pool->connections);
	free(pool->schema);
	free(pool->user);
	free(pool->dsn);
	free(pool->name);
	free(pool);
}

static void
pool_clock(Clock *clock)
{
	Pool	   *pool = clock->of;

	pool_give_up(pool);
	if (pool->closing)
	{
		pool_free(pool);
		return;
	}
	pool_connect(pool);
	pool_set_clock(pool);
}

void
pool_close(Pool *pool)
{
	pool->closing = true;
	pool->on_first = NULL;
	loop_ring_at(&pool->clock, loop_now_us());
}

void
pool_end(Pool *pool)
{
	pool->closing = true;
	pool->on_first = NULL;
	pool_give_up(pool);
	pool_free(pool);
}

void
pool_figures(const Pool *pool, PoolFigures *figures)
{
	*figures = pool->figures;
}
