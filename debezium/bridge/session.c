/*
 * debezium/bridge/session.c
 *     One session, in an order that matters: the lock, the fence (the sink's open), the position, and only then the slot.
 *
 * Nothing of Kafka is read before older instances are fenced, and nothing is asked of the slot before the position is known.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "log.h"
#include "metrics.h"
#include "reconcile.h"
#include "session.h"
#include "signals.h"
#include "stream.h"
#include "tables.h"

/* How often a standby tries to take over. */
#define STANDBY_POLL_MS 250

typedef struct Session
{
	Options    *options;
	PGconn	   *control;
	Catalog		catalog;
	Replication *replication;
	ServerIdentity identity;
	Sink	   *sink;
	Position	position;
	bool		has_position;
	SlotFacts	slot;
	StartPlan	plan;
	bool		shorter;		/* a topic ends before what the position knows of */
	char		apart[240];		/* how Kafka and the tables are of two histories; "": not seen */
	bool		untouched;
	const DecoderClass *decoder;
	Reconciliation reconciliation;
	Stream		stream;
	bool		streaming;		/* callbacks go to the stream, not to the reconciliation */
} Session;

/* An earlier session of this process found that rows are missing from the stream, and could not write that down. */
static bool reconcile_owed;

static bool
stopped(Problem *problem)
{
	return problem_set(problem, REMEDY_NONE, NULL, "asked to stop");
}

static void
sink_acked(void *arg, Event *event)
{
	Session    *session = arg;

	if (session->streaming)
		publisher_acked(&session->stream, event);
	else
		session->reconciliation.acked++;
}

static void
sink_recorded(void *arg, const Place *place)
{
	Session    *session = arg;

	if (session->streaming)
		publisher_recorded(&session->stream, place);
	else
		session->reconciliation.recorded++;
}

static bool
sink_stop(void *arg)
{
	Session    *session = arg;

	/* whoever asks is alive, though he waits */
	signals_alive();
	return session->streaming ? stream_hopeless(&session->stream) : signals_stop();
}

/* Waits for the lock, as a hot standby. False with REMEDY_NONE: asked to stop. */
static bool
acquire_lock(Session *session, Problem *problem)
{
	bool		got = false;
	bool		said = false;

	while (!signals_stop())
	{
		struct pollfd fd = {.fd = signals_fd(), .events = POLLIN};

		if (!postgres_lock(session->control, session->options, &got, problem))
			return false;
		if (got)
			return true;
		if (!said)
		{
			log_info("another instance is active; waiting as a standby");
			health_set(HEALTH_STANDBY, "another instance is active");
			sd_notify(0, "READY=1\nSTATUS=standby");
		}
		said = true;
		metric_add(METRIC_STANDBY_POLLS, 1);
		signals_alive();
		if (poll(&fd, 1, STANDBY_POLL_MS) > 0)
			signals_drain();
	}
	return stopped(problem);
}

static bool
open_all(Session *session, Problem *problem)
{
	SinkContext context = {
		.options = session->options,
		.sysid = session->identity.sysid,
		.tables = session->catalog.tables,
		.events = {.arg = session, .acked = sink_acked, .recorded = sink_recorded},
		.stop = sink_stop,
		.stop_arg = session,
	};
	PgLogin		lock = postgres_login(session->options, "lock");
	PgLogin		stream = postgres_login(session->options, "stream");

	if (!pg_open(&lock, NULL, &session->control, problem) ||
		!postgres_catalog(session->control, session->options, &session->catalog, problem) || !acquire_lock(session, problem))
		return false;
	/* again: a standby may have waited for weeks */
	catalog_free(&session->catalog);
	if (!postgres_catalog(session->control, session->options, &session->catalog, problem))
		return false;
	if (!replication_open(&stream, &session->replication, &session->identity, problem))
		return false;
	session->sink = session->options->sink == SINK_STDOUT ? sink_stdout_open(&context, problem) : sink_kafka_open(&context, problem);
	return session->sink != NULL;
}

/* For the partitions that there are now; of a new one from its beginning. */
static void
match_partitions(Offsets *offsets, const int partitions[EVENT_TABLES])
{
	Offsets		now;

	offsets_init(&now, partitions);
	for (int t = 0; t < EVENT_TABLES; t++)
		for (int p = 0; p < partitions[t] && p < offsets->partitions[t]; p++)
			now.next[t][p] = offsets->next[t][p];
	offsets_free(offsets);
	*offsets = now;
}

static bool
found_one(void *arg, const Found *found, Problem *problem)
{
	(void) found;
	*(bool *) arg = true;
	return problem_set(problem, REMEDY_NONE, NULL, "one is enough");
}

/*
 * A partition that ends before offsets which were once acknowledged: the topic was made anew, or brokers lost records. Without a position: does
 * any record tell of an earlier one?
 */
static bool
look_at_ends(Session *session, Problem *problem)
{
	const Offsets *known = &session->position.offsets;
	Offsets		low = {0};
	Offsets		high = {0};
	bool		fine = session->sink->ends(session->sink, &low, &high, problem);

	session->untouched = true;
	for (int t = 0; fine && t < EVENT_TABLES; t++)
		for (int p = 0; p < high.partitions[t]; p++)
		{
			session->untouched = session->untouched && high.next[t][p] == 0;
			if (p >= known->partitions[t] || known->next[t][p] <= high.next[t][p])
				continue;
			session->shorter = true;
			session->position.accepted.next[t][p] = 0;
			session->position.horizon.offsets.next[t][p] = 0;
			session->position.earlier.offsets.next[t][p] = 0;
			snprintf(session->apart, sizeof session->apart,
					 "Kafka has lost records: topic %.50s%s [%d] ends at offset %lld, the position knows of %lld", session->options->topic_prefix,
					 event_tables[t].topic, p, (long long) high.next[t][p], (long long) known->next[t][p]);
		}
	if (fine && !session->has_position && !session->untouched && session->options->store[0] != '\0')
	{
		bool		found = false;

		fine = session->sink->scan(session->sink, NULL, false, found_one, &found, &low, problem) || found;
		session->untouched = !found;
	}
	offsets_free(&low);
	offsets_free(&high);
	return fine;
}

static bool
read_position(Session *session, Problem *problem)
{
	Sink	   *sink = session->sink;
	int			partitions[EVENT_TABLES];

	if (sink->keeps_position && !sink->position(sink, &session->position, &session->has_position, problem))
		return false;
	sink->partitions(sink, partitions);
	if (session->has_position && !plan_partitions(session->options, &session->position, partitions, problem))
		return false;
	match_partitions(&session->position.offsets, partitions);
	match_partitions(&session->position.accepted, partitions);
	match_partitions(&session->position.horizon.offsets, partitions);
	match_partitions(&session->position.earlier.offsets, partitions);
	if (sink->keeps_position && !look_at_ends(session, problem))
		return false;
	if (session->has_position)
		return true;
	snprintf(session->position.sysid, sizeof session->position.sysid, "%s", session->identity.sysid);
	snprintf(session->position.database, sizeof session->position.database, "%s", session->identity.database);
	session->position.timeline = session->identity.timeline;
	return true;
}

static bool
decide(Session *session, Problem *problem)
{
	char		publication[64];
	StartFacts	facts = {
		.options = session->options,
		.timeline = session->identity.timeline,
		.plugin = session->options->plugin == PLUGIN_PGOUTPUT ? "pgoutput" : "wal2json",
		.keeps_position = session->sink->keeps_position,
		.position = session->has_position ? &session->position : NULL,
		.untouched = session->untouched,
		.shorter = session->shorter,
		.apart = session->apart[0] != '\0' ? session->apart : NULL,
	};

	memcpy(facts.sysid, session->identity.sysid, sizeof facts.sysid);
	if (!postgres_slot(session->control, session->options->slot, &session->slot, problem))
		return false;
	memcpy(facts.database, session->identity.database, sizeof facts.database);
	facts.slot = session->slot;
	if (session->slot.exists && !session->slot.lost && strcmp(session->slot.plugin, "pgoutput") == 0)
	{
		if (!postgres_publication(session->control, session->options, publication, problem))
			return false;
		facts.publication = publication;
	}
	/* now, and not when we connected: until the fence an older instance has gone on */
	if (!postgres_flushed(session->control, &facts.server_lsn, problem))
		return false;
	if (session->has_position && session->position.timeline < session->identity.timeline &&
		!replication_switch_point(session->replication, session->position.timeline, session->identity.timeline, &facts.switched_at, problem))
		return false;
	if (session->has_position && reconcile_owed)
		session->position.reconciling = true;
	session->plan = start_plan(&facts, problem);
	if (session->plan.step == START_WAIT)
		return problem_set(problem, REMEDY_RETRY, "An instance that was cut off leaves it after wal_sender_timeout; pg_replication_slots.active_pid says who it is.",
						   "replication slot \"%s\" is in use", session->options->slot);
	return session->plan.step != START_REFUSE;
}

static bool
run_reconciliation(Session *session, Problem *problem)
{
	Reconciliation *work = &session->reconciliation;
	bool		fine;

	work->options = session->options;
	work->plan = &session->plan;
	work->slot = &session->slot;
	work->tables = session->catalog.tables;
	work->identity = &session->identity;
	work->replication = session->replication;
	work->control = session->control;
	work->sink = session->sink;
	work->position = &session->position;
	/* comparing takes as long as it takes; every wait in it feeds the watchdog */
	fine = reconcile(work, problem);
	if (!fine)
		return false;
	session->decoder = work->decoder;
	reconcile_owed = false;
	return true;
}

/* What Kafka holds behind the position. */
typedef struct Tail
{
	Filter	   *filter;
	Known		known;
} Tail;

static bool
found_in_tail(void *arg, const Found *found, Problem *problem)
{
	Tail	   *tail = arg;

	(void) problem;
	filter_found(tail->filter, found->sequence);
	known_add(&tail->known, found->sequence, found->hash);
	return true;
}

/*
 * What Kafka holds behind the position: with transactions nothing, unless a broker committed half of one. All of it, and the last event that the position
 * knows of, must be in the tables. If not, they are of another history, whatever the slot and the log say: a failover or a restore that the log has outgrown.
 */
static bool
read_tail(Session *session, Problem *problem)
{
	Tail		tail = {.filter = &session->stream.filter};
	Offsets		low = {0};		/* to age: published long ago */
	Lsn			until;
	bool		fine = true;

	filter_init(tail.filter, session->position.place);
	if (session->has_position)
	{
		if (session->position.last_id > 0)
			known_add(&tail.known, session->position.last_id, (Span) {session->position.last_hash, strlen(session->position.last_hash)});
		fine = session->sink->scan(session->sink, &session->position.offsets, false, found_in_tail, &tail, &low, problem) &&
			known_check(&tail.known, session->control, session->catalog.tables, session->apart, sizeof session->apart, problem);
	}
	known_free(&tail.known);
	offsets_free(&low);
	/* asked after reading: what was found had committed before */
	if (!fine || !postgres_flushed(session->control, &until, problem))
		return false;
	filter_ready(tail.filter, until);
	return true;
}

/*
 * The first position of a session: its epoch. It also warms up the producer. Its offsets are the old ones: what the tail has shown to be in Kafka
 * already must be found again by whoever comes next, until the position is behind it.
 */
static bool
announce(Session *session, Problem *problem)
{
	Sink	   *sink = session->sink;

	session->position.epoch++;
	session->position.written_us = wall_us();
	snprintf(session->position.slot, sizeof session->position.slot, "%s", session->options->slot);
	snprintf(session->position.plugin, sizeof session->position.plugin, "%s", session->decoder->plugin);
	snprintf(session->position.store, sizeof session->position.store, "%s", session->options->store);
	session->position.timeline = session->identity.timeline;
	metric_set(METRIC_EPOCH, (int64_t) session->position.epoch);
	if (!sink->transactional)
		return true;
	return sink->publish(sink, NULL, 0, &session->position, problem);
}

static bool
start_replication(Session *session, Problem *problem)
{
	Text		options = {0};
	char		lsn[LSN_TEXT_SIZE];
	bool		fine;

	session->decoder->start_options(&options, session->options->publication, (const char *const *) session->catalog.other_tables);
	fine = replication_start(session->replication, session->options->slot, session->position.place.end_lsn, options.data, problem);
	text_free(&options);
	if (!fine)
		return false;
	log_info("streaming from slot \"%s\" (%s) at %s to %s, mode %s, epoch %llu", session->options->slot, session->decoder->plugin,
			 lsn_text(session->position.place.end_lsn, lsn), session->sink->name, session->options->mode == MODE_LOW_LATENCY ? "low_latency" : "exactly_once",
			 (unsigned long long) session->position.epoch);
	return true;
}

/* Everything of the stream but its filter, which the tail has filled. */
static void
prepare_stream(Session *session)
{
	Stream	   *stream = &session->stream;

	stream->options = session->options;
	stream->sink = session->sink;
	stream->replication = session->replication;
	stream->decoder = session->decoder;
	stream->control = session->control;
	memcpy(stream->publication, session->position.publication, sizeof stream->publication);
	stream->recorded = session->position.place;
	stream->received = session->position.place.end_lsn;
	position_copy(&stream->position, &session->position);
	horizon_copy(&stream->horizon, &session->position.horizon);
	stream->ring = ring_new(RING_MAX_ROWS, (size_t) session->options->ring_max_bytes, session->position.place);
	pthread_mutex_init(&stream->lock, NULL);
}

static bool
open_wakes(Session *session, Problem *problem)
{
	Stream	   *stream = &session->stream;

	stream->reader_wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	stream->publisher_wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	stream->session_wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return (stream->reader_wake >= 0 && stream->publisher_wake >= 0 && stream->session_wake >= 0) ||
		problem_set(problem, REMEDY_RETRY, NULL, "cannot make eventfds");
}

/* A position written by a sink that is not transactional: one at a time, so the one on its way comes first. */
static bool
record_now(Session *session, const Position *position, Problem *problem)
{
	Sink	   *sink = session->sink;
	Stream	   *stream = &session->stream;
	int64_t		give_up_us = ticks_us() + session->options->shutdown_grace_ms * 1000;

	while (stream->records > stream->records_safe)
		if (ticks_us() > give_up_us || !sink->poll(sink, 100, problem))
			return false;
	if (!sink->record(sink, position, problem))
		return false;
	stream->records++;
	while (stream->records > stream->records_safe)
		if (ticks_us() > give_up_us || !sink->poll(sink, 100, problem))
			return false;
	return true;
}

/* Rows are missing from the stream: says so in the position, for the next session, or remembers it. */
static void
owe_reconciliation(Session *session)
{
	Position   *position = &session->stream.position;
	Sink	   *sink = session->sink;
	Problem		ignored = {0};

	reconcile_owed = true;
	if (!sink->keeps_position)
		return;
	position->place = session->stream.recorded;
	position->reconciling = true;
	/* the stream has failed, but that is no reason to give up writing this */
	session->stream.failed = false;
	reconcile_owed = sink->transactional ? !sink->publish(sink, NULL, 0, position, &ignored) : !record_now(session, position, &ignored);
}

static bool
run_stream(Session *session, bool *streamed, Problem *problem)
{
	bool		fine;

	prepare_stream(session);
	session->streaming = true;
	if (!open_wakes(session, problem))
		return false;
	metrics_identify(session->options->mode == MODE_LOW_LATENCY ? "low_latency" : "exactly_once", session->decoder->plugin,
					 session->options->pipeline, session->options->slot);
	metric_set(METRIC_ACTIVE, 1);
	metric_set(METRIC_RECORDED_LSN, (int64_t) session->position.place.end_lsn);
	health_set(HEALTH_STREAMING, NULL);
	sd_notify(0, "READY=1\nSTATUS=streaming");
	*streamed = true;
	fine = stream_run(&session->stream, session->options, problem);
	metric_set(METRIC_ACTIVE, 0);
	if (!fine && problem->remedy == REMEDY_RECONCILE)
		owe_reconciliation(session);
	return fine;
}

/* What streaming needs; reading the tail may show that it cannot be after all, and the plan is another one. */
static bool
prepare_to_go_on(Session *session, Problem *problem)
{
	session->decoder = decoder_class(session->slot.plugin);
	if (session->decoder == NULL)
		return problem_set(problem, REMEDY_STOP, "SELECT oms.drop_slot(): the bridge then makes it anew and reconciles.",
						   "replication slot \"%s\" uses output plugin %s; the bridge reads wal2json and pgoutput", session->options->slot, session->slot.plugin);
	if (!session->sink->keeps_position)
		session->position.place.end_lsn = session->slot.confirmed;
	return true;
}

static bool
go(Session *session, bool *streamed, Problem *problem)
{
	signals_doing("connecting to PostgreSQL and reading Kafka back", true);
	if (!open_all(session, problem) || !read_position(session, problem) || !read_tail(session, problem) || !decide(session, problem) ||
		(session->plan.step == START_STREAM && !prepare_to_go_on(session, problem)))
		return false;
	signals_doing("streaming", false);
	if (session->plan.step == START_RECONCILE)
	{
		if (!run_reconciliation(session, problem))
			return false;
		filter_free(&session->stream.filter);
		filter_init(&session->stream.filter, session->position.place);
		signals_doing("streaming", false);
	}
	return announce(session, problem) && start_replication(session, problem) && run_stream(session, streamed, problem);
}

static void
close_fd(int fd)
{
	if (fd > 0)
		close(fd);
}

bool
session_run(Options *options, bool *streamed, Problem *problem)
{
	Session    *session = must_alloc(sizeof(Session));
	bool		fine;

	*session = (Session) {.options = options};
	*streamed = false;
	fine = go(session, streamed, problem);
	/* the sink first: it may still look at events */
	signals_doing("ending the Kafka transaction", false);
	if (session->sink != NULL)
		session->sink->close(session->sink, (int) options->shutdown_grace_ms);
	for (size_t i = 0; i < session->reconciliation.left_count; i++)
		free(session->reconciliation.left[i]);
	free(session->reconciliation.left);
	ring_free(session->stream.ring);
	filter_free(&session->stream.filter);
	position_free(&session->stream.position);
	offsets_free(&session->stream.horizon.offsets);
	position_free(&session->position);
	signals_doing("closing the connections to PostgreSQL", true);
	replication_close(session->replication);
	catalog_free(&session->catalog);
	PQfinish(session->control);
	close_fd(session->stream.reader_wake);
	close_fd(session->stream.publisher_wake);
	close_fd(session->stream.session_wake);
	free(session);
	return fine || (problem->remedy == REMEDY_NONE && signals_stop());
}
