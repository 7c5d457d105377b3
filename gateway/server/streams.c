/*
 * gateway/server/streams.c
 *     What users look at, live.
 *
 * A message is made when the one before was taken by the socket, as the difference between what this client has seen and what is there: so
 * whoever reads slowly gets fewer and larger steps, and nothing is kept for him.
 */
#include "streams.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "bytes.h"
#include "exports.h"
#include "feed.h"
#include "json_parts.h"
#include "listener.h"
#include "log.h"
#include "server.h"
#include "sessions.h"
#include "stream_views.h"
#include "web_assets.h"

#define STREAM_ID_SIZE 33
#define FLUSH_MS 100
#define BEAT_US INT64_C(5000000)
#define RIGHTS_US INT64_C(10000000)
#define RIGHTS_OLD_US INT64_C(30000000)	/* nobody could be asked for so long: it ends */
#define LEFT_US INT64_C(60000000)	/* a stream that nobody reads is kept for so long */
#define SWEEP_MS 10000
#define NOTSENT_BYTES 16384
#define ASK_PAUSE_US INT64_C(1000000)	/* after one that failed */

typedef struct LiveStream
{
	char		id[STREAM_ID_SIZE];
	char		who[96];		/* whose it is */
	char		role[64];
	bool		has_role;
	Rights		rights;
	int64_t		rights_us;		/* when they were asked; 0: they are to be asked before anything is shown */
	int64_t		attached_us;	/* since when it is read */
	int64_t		asked_us;		/* when it was last tried to ask for them */
	int64_t		until_s;		/* when the token ends by which it is read; 0: never */
	StreamView *views;
	Request    *request;		/* who reads it, or NULL */
	int64_t		left_us;		/* since when nobody does */
	Clock		clock;
	int64_t		beat_us;
	int64_t		said_stale_us;
	Job			job;			/* asks for the rights */
	Rights		asked;
	bool		job_runs;
	bool		over;			/* it is freed when the job has ended */
	struct LiveStream *next;
} LiveStream;

static const Options *options;
static LiveStream *streams;
static int	count;
static Clock sweep_clock;

static void stream_tick(Clock *clock);

int
streams_count(void)
{
	return count;
}

/* ---- life ---- */

static void
stream_free(LiveStream *stream)
{
	rights_free(&stream->rights);
	rights_free(&stream->asked);
	job_clear(&stream->job);
	free(stream);
}

/* Whoever reads it reads its end, and may come again. */
static void
stream_cut(LiveStream *stream)
{
	loop_stop_clock(&stream->clock);
	stream->request->more = NULL;
	request_stream_end(stream->request, true);
	stream->request = NULL;
	stream->left_us = loop_now_us();
}

static void
stream_close(LiveStream *stream)
{
	LiveStream **at = &streams;

	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	count--;
	stream->over = true;
	exports_cut(stream);
	views_drop(stream->views);
	stream->views = NULL;
	if (stream->request != NULL)
		stream_cut(stream);
	if (!stream->job_runs)
		stream_free(stream);
}

static void
streams_sweep(Clock *clock)
{
	LiveStream *next;

	for (LiveStream *stream = streams; stream != NULL; stream = next)
	{
		next = stream->next;
		if (stream->request == NULL && stream->left_us + LEFT_US <= loop_now_us())
			stream_close(stream);
	}
	if (feed_live() != NULL)
		live_sweep(feed_live());
	loop_ring_in(clock, SWEEP_MS);
}

void
streams_start(const Options *given)
{
	options = given;
	sweep_clock = (Clock) {.ring = streams_sweep};
	loop_ring_in(&sweep_clock, SWEEP_MS);
}

void
streams_drain(void)
{
	while (streams != NULL)
		stream_close(streams);
}

void
streams_ask_again(void)
{
	for (LiveStream *stream = streams; stream != NULL; stream = stream->next)
		if (stream->request != NULL)
			stream_cut(stream);
}

void
streams_end(void)
{
	loop_stop_clock(&sweep_clock);
	streams_drain();
}

/* ---- whose it is ---- */

static void
stream_owner(const Request *request, char who[96])
{
	if (request->identity.login != NULL)
		snprintf(who, 96, "session %llu", (unsigned long long) sessions_number(request->identity.login));
	else if (request->identity.role != NULL)
		snprintf(who, 96, "role %s", request->identity.role);
	else
		snprintf(who, 96, "all");
}

/* NULL: refused, and answered. */
static LiveStream *
stream_find(Request *request)
{
	char		who[96];

	stream_owner(request, who);
	for (LiveStream *stream = streams; stream != NULL; stream = stream->next)
		if (strcmp(stream->id, request->match.parameters[0]) == 0 && strcmp(stream->who, who) == 0)
			return stream;
	request_refuse_with(request, 404, "there is no such stream: POST /live opens one");
	return NULL;
}

/* ---- rights ---- */

static bool
rights_check(const Rights *rights, Refused *refused)
{
	if (!rights->known)
		return refuse(refused, 501, "row-level security hides rows in a way that /live does not know: ask /queries");
	if (!rights->reads)
		return refuse(refused, 403, "this user may not read orders, executions and quotes");
	return true;
}

static void
stream_rights_row(Job *job, int step, const PGresult *result, int row)
{
	LiveStream *stream = job->of;

	if (job->steps[step].statement == SQL_LIVE_RIGHTS)
		rights_read(&stream->asked, result, row);
}

/* He may not read any more, or is not there (22023: of a role that is none). Whatever else PostgreSQL says may pass. */
static bool
stream_is_denied(const char *sqlstate)
{
	return strcmp(sqlstate, "42501") == 0 || strcmp(sqlstate, "22023") == 0 || strncmp(sqlstate, "28", 2) == 0;
}

static void
stream_rights_ended(Job *job, JobEnd end)
{
	LiveStream *stream = job->of;
	Refused		refused = {0};

	stream->job_runs = false;
	if (stream->over)
	{
		stream_free(stream);
		return;
	}
	if ((end == JOB_RAISED && stream_is_denied(job->sqlstate)) || (end == JOB_DONE && !rights_check(&stream->asked, &refused)))
	{
		log_info("a live stream of %s ends: %s", stream->who, end == JOB_DONE ? refused.detail : job->message != NULL ? job->message : job->sqlstate);
		stream_close(stream);
		return;
	}
	if (end != JOB_DONE)
		return;
	stream->rights_us = loop_now_us();
	if (rights_equal(&stream->rights, &stream->asked))
		return;
	exports_cut(stream);
	rights_free(&stream->rights);
	stream->rights = stream->asked;
	stream->asked = (Rights) {0};
	if (!views_again(stream->views, &stream->rights, &refused))
		stream_close(stream);
}

static void
stream_ask_rights(LiveStream *stream)
{
	Job		   *job = &stream->job;

	job_clear(job);
	*job = (Job) {.repeats = true, .own = true, .row = stream_rights_row, .end = stream_rights_ended, .of = stream, .nsteps = 2};
	job->steps[0] = (JobStep) {.statement = SQL_READ};
	job->steps[0].values[0] = stream->has_role ? stream->role : "none";
	job->steps[0].values[1] = server_query_timeout;
	job->steps[1] = (JobStep) {.statement = SQL_LIVE_RIGHTS};
	stream->job_runs = true;
	stream->asked_us = loop_now_us();
	pool_submit(stream->request->identity.pool, job);
}

/* ---- messages ---- */

static void
stream_message(LiveStream *stream, bool beat)
{
	const FeedState *feed = feed_state();
	Text		message = {0};
	size_t		before;
	size_t		first;

	text_printf(&message, "data: {\"t\":%lld,\"pos\":\"%s\",\"lag\":%lld,\"stale\":", (long long) (wall_us() / 1000), feed->position, (long long) feed->lag_ms);
	if (feed->stale_us != 0)
		text_printf(&message, "%lld", (long long) (feed->stale_us / 1000));
	else
		text_puts(&message, "null");
	text_puts(&message, ",\"v\":{");
	first = message.len;
	for (StreamView *view = stream->views; view != NULL; view = view->next)
	{
		if (!view_is_built(view->view))
			continue;
		before = message.len;
		text_printf(&message, "%s\"%s\":", before > first ? "," : "", view->name);
		if (!seen_difference(&view->seen, view->view, &view->look.look, &message))
			message.len = before;
	}
	if (message.len > first || beat || stream->said_stale_us != feed->stale_us)
	{
		text_puts(&message, "}}\n\n");
		request_write(stream->request, message.data, message.len);
		stream->beat_us = loop_now_us();
		stream->said_stale_us = feed->stale_us;
	}
	text_free(&message);
}

/* Whoever reads it may not any more, or nobody can say that he may. */
static bool
stream_is_over(const LiveStream *stream)
{
	struct Login *login = stream->request->identity.login;

	return (login != NULL && sessions_ended(login)) ||
		(stream->rights_us != 0 ? stream->rights_us : stream->attached_us) + RIGHTS_OLD_US <= loop_now_us();
}

static void
stream_tick(Clock *clock)
{
	LiveStream *stream = clock->of;
	int64_t		now = loop_now_us();

	if (stream_is_over(stream))
	{
		stream_close(stream);
		return;
	}
	/* He may come again, by another one. */
	if (stream->until_s != 0 && stream->until_s <= wall_us() / 1000000)
	{
		stream_cut(stream);
		return;
	}
	loop_ring_in(clock, FLUSH_MS);
	if (!stream->job_runs && (stream->rights_us == 0 || stream->rights_us + RIGHTS_US <= now) && stream->asked_us + ASK_PAUSE_US <= now)
		stream_ask_rights(stream);
	else if (stream->rights_us != 0 && request_is_taken(stream->request))
		stream_message(stream, stream->beat_us + BEAT_US <= now);
}

/* ---- requests ---- */

static bool
streams_may(Request *request)
{
	const FeedState *feed = feed_state();

	if (!feed->on)
		request_refuse_with(request, 501, "this gateway has no feed.dsn, and shows nothing live");
	else if (!feed->loaded)
		request_refuse_with(request, 503, "what is live is not in memory yet");
	return feed->on && feed->loaded;
}

static LiveStream *
stream_new(Request *request)
{
	LiveStream *stream = must_alloc(sizeof *stream);
	unsigned char bytes[(STREAM_ID_SIZE - 1) / 2];

	memset(stream, 0, sizeof *stream);
	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		abort();
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(stream->id + 2 * i, 3, "%02x", bytes[i]);
	stream_owner(request, stream->who);
	stream->has_role = request->identity.role != NULL;
	if (stream->has_role)
		snprintf(stream->role, sizeof stream->role, "%s", request->identity.role);
	stream->clock = (Clock) {.ring = stream_tick, .of = stream};
	stream->left_us = loop_now_us();
	stream->next = streams;
	streams = stream;
	count++;
	return stream;
}

/* All may be taken, or all that one user may have; also by those that were asked for beside this one. */
static bool
streams_have_room(const Request *request, Refused *refused)
{
	char		who[96];
	int64_t		his = 0;

	stream_owner(request, who);
	for (const LiveStream *stream = streams; stream != NULL; stream = stream->next)
		his += strcmp(stream->who, who) == 0;
	if (count >= options->live_max_streams)
		return refuse(refused, 503, "there are as many live streams as there may be");
	return his < options->live_user_streams || refuse(refused, 429, "a user has at most %lld live streams: one that nobody reads ends after a minute", (long long) options->live_user_streams);
}

static void
open_free(Request *request)
{
	rights_free(request->more);
	free(request->more);
}

static void
open_row(Job *job, int step, const PGresult *result, int row)
{
	Request    *request = job->of;

	if (job->steps[step].statement == SQL_LIVE_RIGHTS)
		rights_read(request->more, result, row);
}

static void
open_ended(Request *request, JobEnd end)
{
	Rights	   *rights = request->more;
	Span		body = {request->body.data, request->body.len};
	Span		views;
	Refused		refused = {0};
	LiveStream *stream;
	Text		text = {0};

	if (end != JOB_DONE)
	{
		request_job_failed(request, end, NULL);
		return;
	}
	if (!rights_check(rights, &refused) || !streams_have_room(request, &refused))
	{
		request_refuse(request, &refused);
		return;
	}
	stream = stream_new(request);
	stream->rights = *rights;
	*rights = (Rights) {0};
	if (parts_find(body, "views", &views) && !views_change(&stream->views, body, &stream->rights, options->live_stream_views, &refused))
	{
		stream_close(stream);
		request_refuse(request, &refused);
		return;
	}
	text_printf(&text, "{\"id\":\"%s\"}\n", stream->id);
	/* of another build than a page's own: it can offer to be loaded again */
	request_add_header(request, "Oms-Build", web_build);
	request_answer(request, 201, format_type(FORMAT_JSON), &text);
}

void
streams_open(Request *request)
{
	Pool	   *pool;
	Refused		refused = {0};

	if (!streams_may(request))
		return;
	if (!streams_have_room(request, &refused))
	{
		request_refuse(request, &refused);
		return;
	}
	request->more = must_alloc(sizeof(Rights));
	*(Rights *) request->more = (Rights) {0};
	request->free_more = open_free;
	request_begin_read(request);
	pool = request->identity.pool;
	request_add_step(request, SQL_LIVE_RIGHTS);
	request->job.row = open_row;
	request_run_job(request, pool, open_ended);
}

/* The one that reads it is gone. */
static void
attach_free(Request *request)
{
	LiveStream *stream = request->more;

	if (stream == NULL)
		return;
	loop_stop_clock(&stream->clock);
	stream->request = NULL;
	stream->left_us = loop_now_us();
}

/* Nothing that was shown to another connection is known to this one, and rights may have changed meanwhile. */
void
streams_attach(Request *request)
{
	LiveStream *stream = streams_may(request) ? stream_find(request) : NULL;
	int			lowat = NOTSENT_BYTES;

	if (stream == NULL)
		return;
	if (stream->request != NULL)
		stream_cut(stream);
	setsockopt(request->peer->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof lowat);
	stream->request = request;
	stream->rights_us = 0;
	stream->attached_us = loop_now_us();
	stream->until_s = request->identity.until_s;
	views_forget_seen(stream->views);
	stream->said_stale_us = -1;
	request->more = stream;
	request->free_more = attach_free;
	/* its end is the connection's: a stop need not wait for the next request */
	request->close = true;
	request_add_header(request, "X-Accel-Buffering", "no");
	request_stream(request, 200, "text/event-stream");
	request_write(request, "retry: 1000\n\n", strlen("retry: 1000\n\n"));
	loop_ring_in(&stream->clock, 0);
}

void
streams_views(Request *request)
{
	LiveStream *stream = streams_may(request) ? stream_find(request) : NULL;
	Refused		refused = {0};
	Text		text = {0};

	if (stream == NULL)
		return;
	/* a newer token of the same user */
	if (stream->until_s < request->identity.until_s)
		stream->until_s = request->identity.until_s;
	if (views_change(&stream->views, (Span) {request->body.data, request->body.len}, &stream->rights, options->live_stream_views, &refused))
	{
		text_puts(&text, "{}\n");
		request_answer(request, 200, format_type(FORMAT_JSON), &text);
	}
	else
		request_refuse(request, &refused);
}

/* What he may see is known as long as somebody reads the stream. */
void
streams_export(Request *request)
{
	LiveStream *stream = streams_may(request) ? stream_find(request) : NULL;
	StreamView *view = stream != NULL ? views_find(stream->views, request->match.parameters[1]) : NULL;

	if (stream == NULL)
		return;
	if (view == NULL)
		request_refuse_with(request, 404, "the stream has no such view");
	else if (stream->request == NULL || stream->rights_us == 0)
		request_refuse_with(request, 409, "a view is exported while its stream is read: GET /live/{id}");
	else
		exports_begin(request, stream, view->view, &view->look.look, view->name);
}
