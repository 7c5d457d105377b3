/*
 * debezium/bridge/stream.c
 *     The steady state: starts the reader and the publisher, and does what needs the ordinary connection meanwhile.
 *
 * The ordinary connection holds the pipeline's lock. PostgreSQL's fast shutdown ends it at once, while a walsender is waited for:
 * that is how we learn of a shutdown even when Kafka is down and the ring is full. We then have shutdown.grace.ms to confirm what
 * we can, and leave, so that the shutdown is not held up.
 */
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "log.h"
#include "metrics.h"
#include "questions.h"
#include "signals.h"
#include "stream.h"

#define SAMPLE_US INT64_C(1000000)
#define LOOK_MS 200
/* A horizon is that much older than the position: a standby that lags less, and takes over, still knows it. */
#define HORIZON_AGE_US INT64_C(10000000)
#define LOCK_TIMEOUT "'1s'"
#define GATE_LOOKS_OFTEN 200	/* a standby that lags is there within that; one that is away is looked for less often */

typedef struct Housekeeping
{
	Stream	   *stream;
	Options    *options;
	HorizonWatch watch;
	Question	questions[QUESTION_COUNT];
	uint64_t	offered_at;		/* events published when the last candidate was offered */
	int64_t		offered_us;		/* ticks: and when that was */
	int64_t		sampled_us;
	Lsn			received;		/* at the sample before */
	int64_t		level_us;		/* when we last had what the server had written a sample before */
	bool		locked_out;		/* said already */
	bool		lost;			/* the lock's connection */
	int			gate_looks;		/* in a row, at standbys that are not yet there */
} Housekeeping;

void
stream_wake(int fd)
{
	uint64_t	one = 1;

	/* fails only when the counter is full: then it is readable already */
	if (write(fd, &one, sizeof one) < 0)
		return;
}

void
stream_wait(int fd, int also, int timeout_ms)
{
	struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = also, .events = POLLIN}};
	uint64_t	count;

	if (poll(fds, 2, timeout_ms) > 0 && (fds[0].revents & POLLIN) != 0 && read(fd, &count, sizeof count) < 0)
		return;
}

void
stream_fail(Stream *stream, const Problem *problem)
{
	pthread_mutex_lock(&stream->lock);
	if (!stream->failed)
	{
		stream->failed = true;
		stream->problem = *problem;
	}
	pthread_mutex_unlock(&stream->lock);
	stream_wake(stream->reader_wake);
	stream_wake(stream->publisher_wake);
	stream_wake(stream->session_wake);
}

bool
stream_hopeless(Stream *stream)
{
	bool		failed;

	pthread_mutex_lock(&stream->lock);
	failed = stream->failed;
	pthread_mutex_unlock(&stream->lock);
	return failed || signals_stop_since(stream->options->shutdown_grace_ms);
}

static void
set_limits(Stream *stream, const Options *options)
{
	pthread_mutex_lock(&stream->lock);
	stream->limits = (Limits) {
		.batch_max_rows = (size_t) options->batch_max_rows,
		.batch_max_bytes = (size_t) options->batch_max_bytes,
		.idle_record_us = options->idle_record_ms * 1000,
		.position_interval_us = options->position_interval_ms * 1000,
	};
	pthread_mutex_unlock(&stream->lock);
}

static void
reload(Housekeeping *keeping)
{
	Text		later = {0};
	Problem		problem = {0};

	sd_notify(0, "RELOADING=1");
	if (!settings_reload(&options_table, &keeping->options->settings, &later, &problem))
		log_problem(&problem);
	else
	{
		set_limits(keeping->stream, keeping->options);
		log_info("configuration read again%s%s", later.len > 0 ? "; these act at the next start: " : "", later.len > 0 ? later.data : "");
	}
	text_free(&later);
	sd_notify(0, "READY=1");
}

/* The next step towards a horizon; see horizon.h for the order of the questions. */
static bool
sample_horizon(Housekeeping *keeping, Problem *problem)
{
	Stream	   *stream = keeping->stream;
	HorizonWatch *watch = &keeping->watch;
	uint64_t	published;

	pthread_mutex_lock(&stream->lock);
	published = stream->published;
	if (ticks_us() - keeping->offered_us >= HORIZON_AGE_US && horizon_recorded(watch, stream->recorded.end_lsn, &stream->horizon))
		stream->horizon_new = true;
	pthread_mutex_unlock(&stream->lock);
	if (!watch->waiting && published > keeping->offered_at)
	{
		Offsets		offsets = {0};
		int64_t		sequence;
		uint64_t	xid;
		bool		fine;

		stream->sink->offsets(stream->sink, &offsets);
		fine = postgres_sample_sequence(stream->control, &sequence, problem) && postgres_sample_xid(stream->control, &xid, problem);
		if (fine)
			horizon_offer(watch, xid, sequence, &offsets);
		offsets_free(&offsets);
		if (!fine)
			return false;
		keeping->offered_at = published;
		keeping->offered_us = ticks_us();
	}
	if (watch->waiting && watch->candidate.lsn == LSN_NONE)
	{
		uint64_t	xmin;
		Lsn			lsn;

		if (!postgres_sample_snapshot(stream->control, &xmin, &lsn, problem))
			return false;
		horizon_ended(watch, xmin, lsn);
	}
	return true;
}

static bool
sample_figures(Housekeeping *keeping, Problem *problem)
{
	Stream	   *stream = keeping->stream;
	SlotFigures figures;
	Lsn			recorded;
	Lsn			received;
	bool		level;
	int64_t		lag_us;
	int64_t		oldest;
	int64_t		now = wall_us();

	if (!postgres_slot_figures(stream->control, stream->options->slot, &figures, problem))
		return false;
	pthread_mutex_lock(&stream->lock);
	recorded = stream->recorded.end_lsn;
	received = stream->received;
	level = received >= stream->server_lsn;
	stream->server_lsn = figures.server_lsn;
	oldest = ring_oldest_us(stream->ring);
	pthread_mutex_unlock(&stream->lock);
	if (level)
		keeping->level_us = ticks_us();
	/* what is not here yet is as old as we have been behind, at least */
	lag_us = ticks_us() - keeping->level_us;
	if (oldest > 0 && now - oldest > lag_us)
		lag_us = now - oldest;
	metric_set(METRIC_LAG_BYTES, figures.server_lsn > recorded ? (int64_t) (figures.server_lsn - recorded) : 0);
	metric_set(METRIC_LAG_SECONDS, lag_us / 1000);
	metric_set(METRIC_SLOT_RETAINED_BYTES, figures.retained_bytes);
	metric_set(METRIC_SLOT_SAFE_BYTES, figures.safe_bytes);
	metric_set(METRIC_SLOT_SPILL_BYTES, figures.spill_bytes);
	metric_set(METRIC_SLOT_WAL_STATUS, figures.wal_status);
	/* an empty ring is well only while the server's log comes in */
	if (oldest == 0 && (level || received > keeping->received))
		health_progress();
	keeping->received = received;
	return true;
}

/* A publication that lost a table drops events in silence: what is missing then comes from the tables. */
static bool
sample_publication(Housekeeping *keeping, Problem *problem)
{
	Stream	   *stream = keeping->stream;
	char		fingerprint[64];

	if (strcmp(stream->decoder->plugin, "pgoutput") != 0)
		return true;
	if (postgres_publication(stream->control, stream->options, fingerprint, problem))
		return !stream->sink->keeps_position || strcmp(fingerprint, stream->publication) == 0 ||
			problem_set(problem, REMEDY_RECONCILE, NULL, "publication \"%s\" was changed: events may have passed that were not in it", stream->options->publication);
	if (problem->remedy == REMEDY_STOP)
		problem->remedy = REMEDY_RECONCILE;
	return false;
}

static void
leave_soon(Housekeeping *keeping)
{
	Stream	   *stream = keeping->stream;

	if (keeping->lost)
		return;
	keeping->lost = true;
	log_warning("lost the connection that holds the pipeline's lock; confirming what Kafka takes within %lld ms",
				(long long) stream->options->shutdown_grace_ms);
	pthread_mutex_lock(&stream->lock);
	stream->leave_by_us = ticks_us() + stream->options->shutdown_grace_ms * 1000;
	pthread_mutex_unlock(&stream->lock);
	stream_wake(stream->reader_wake);
}

/* Nobody else does while the publisher waits for Kafka. */
static void
sample_ring(Stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	metric_set(METRIC_RING_EVENTS, (int64_t) ring_events(stream->ring));
	metric_set(METRIC_RING_BYTES, (int64_t) ring_bytes(stream->ring));
	pthread_mutex_unlock(&stream->lock);
}

static void
sample(Housekeeping *keeping)
{
	Problem		problem = {0};

	signals_alive();
	sample_ring(keeping->stream);
	if (keeping->lost || ticks_us() - keeping->sampled_us < SAMPLE_US)
		return;
	keeping->sampled_us = ticks_us();
	/* the publication first: a horizon is believed only after it was found whole */
	if (sample_publication(keeping, &problem) && sample_figures(keeping, &problem) &&
		(!keeping->stream->sink->keeps_position || sample_horizon(keeping, &problem)))
	{
		keeping->locked_out = false;
		return;
	}
	/* somebody holds a lock on a catalog: what does not need it goes on */
	if (problem.remedy == REMEDY_NONE)
	{
		if (!keeping->locked_out)
			log_warning("%s; looking again every second", problem.text);
		keeping->locked_out = true;
		return;
	}
	if (PQstatus(keeping->stream->control) != CONNECTION_OK)
		leave_soon(keeping);
	else
		stream_fail(keeping->stream, &problem);
}

static void
watch_lock(Housekeeping *keeping)
{
	PGconn	   *control = keeping->stream->control;

	if (!keeping->lost && (!PQconsumeInput(control) || PQstatus(control) != CONNECTION_OK))
		leave_soon(keeping);
}

/* How long to wait until the next look: not at all long while something waits for the standbys. */
static int
watch_gate(Housekeeping *keeping)
{
	Stream	   *stream = keeping->stream;
	Problem		problem = {0};
	Lsn			wanted;
	Lsn			passed;
	Lsn			flushed;

	if (stream->options->gate_standbys[0] == '\0' || keeping->lost)
		return LOOK_MS;
	pthread_mutex_lock(&stream->lock);
	wanted = stream->gate_wanted;
	passed = stream->gate_passed;
	pthread_mutex_unlock(&stream->lock);
	if (passed >= wanted)
	{
		keeping->gate_looks = 0;
		return LOOK_MS;
	}
	if (!postgres_gate(stream->control, stream->options->gate_standbys, &flushed, &problem))
	{
		watch_lock(keeping);
		return LOOK_MS;
	}
	if (flushed > passed)
	{
		pthread_mutex_lock(&stream->lock);
		stream->gate_passed = flushed;
		pthread_mutex_unlock(&stream->lock);
		stream_wake(stream->publisher_wake);
	}
	if (flushed >= wanted)
		return LOOK_MS;
	return ++keeping->gate_looks < GATE_LOOKS_OFTEN ? 2 : 50;
}

static bool
over(Stream *stream)
{
	bool		result;

	pthread_mutex_lock(&stream->lock);
	result = stream->failed || stream->stopping;
	pthread_mutex_unlock(&stream->lock);
	return result;
}

static void
keep_house(Housekeeping *keeping)
{
	Stream	   *stream = keeping->stream;

	while (!over(stream))
	{
		struct pollfd fds[3] = {{.fd = stream->session_wake, .events = POLLIN}, {.fd = signals_fd(), .events = POLLIN},
		{.fd = keeping->lost ? -1 : PQsocket(stream->control), .events = POLLIN}};
		int			wait_ms = watch_gate(keeping);
		uint64_t	count;

		if (poll(fds, 3, wait_ms) > 0)
		{
			if ((fds[0].revents & POLLIN) != 0 && read(stream->session_wake, &count, sizeof count) < 0)
				log_debug("woken for nothing");
			signals_drain();
			if (fds[2].revents != 0)
				watch_lock(keeping);
		}
		if (signals_take_reload())
			reload(keeping);
		if (signals_stop())
		{
			pthread_mutex_lock(&stream->lock);
			stream->stopping = true;
			pthread_mutex_unlock(&stream->lock);
		}
		sample(keeping);
		if (!keeping->lost)
			questions_turn(keeping->questions, keeping->options);
	}
	questions_end(keeping->questions);
}

bool
stream_run(Stream *stream, Options *options, Problem *problem)
{
	Housekeeping keeping = {.stream = stream, .options = options, .level_us = ticks_us()};
	pthread_t	reader;
	pthread_t	publisher;
	bool		failed;

	/* this thread does more than ask */
	PQclear(pg_exec(stream->control, "SET lock_timeout TO " LOCK_TIMEOUT));
	set_limits(stream, options);
	metric_set(METRIC_RING_LIMIT_BYTES, options->ring_max_bytes);
	if (pthread_create(&reader, NULL, stream_reader, stream) != 0)
		return problem_set(problem, REMEDY_RETRY, NULL, "cannot start the reader's thread");
	if (pthread_create(&publisher, NULL, stream_publisher, stream) != 0)
	{
		problem_set(problem, REMEDY_RETRY, NULL, "cannot start the publisher's thread");
		stream_fail(stream, problem);
		pthread_join(reader, NULL);
		return false;
	}
	keep_house(&keeping);
	stream_wake(stream->reader_wake);
	stream_wake(stream->publisher_wake);
	pthread_join(publisher, NULL);
	pthread_join(reader, NULL);
	horizon_watch_free(&keeping.watch);
	failed = stream->failed;
	if (failed)
		*problem = stream->problem;
	return !failed;
}
