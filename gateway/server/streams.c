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
#include "feed.h"
#include "json_parts.h"
#include "listener.h"
#include "log.h"
#include "request_look.h"
#include "rights.h"
#include "server.h"
#include "sessions.h"

#define STREAM_ID_SIZE 33
#define FLUSH_MS 100
#define BEAT_US INT64_C(5000000)
#define RIGHTS_US INT64_C(10000000)
#define RIGHTS_OLD_US INT64_C(30000000)	/* nobody could be asked for so long: it ends */
#define LEFT_US INT64_C(60000000)	/* a stream that nobody reads is kept for so long */
#define SWEEP_MS 10000
#define NOTSENT_BYTES 16384
#define VIEW_NAME_MAX 32

typedef struct StreamView
{
	char		name[VIEW_NAME_MAX + 1];
	char	   *json;			/* as it was asked */
	LookRequest look;
	View	   *view;			/* NULL: it is to be closed */
	Seen		seen;
	struct StreamView *next;
} StreamView;

typedef struct LiveStream
{
	char		id[STREAM_ID_SIZE];
	char		who[96];		/* whose it is */
	char		role[64];
	bool		has_role;
	Rights		rights;
	int64_t		rights_us;		/* when they were asked; 0: they are to be asked before anything is shown */
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
view_drop(StreamView *view)
{
	if (view->view != NULL)
		live_close(view->view);
	request_look_free(&view->look);
	free(view->json);
	free(view);
}

static void
views_drop(StreamView *views)
{
	while (views != NULL)
	{
		StreamView *next = views->next;

		view_drop(views);
		views = next;
	}
}

static void
stream_free(LiveStream *stream)
{
	rights_free(&stream->rights);
	rights_free(&stream->asked);
	job_clear(&stream->job);
	free(stream);
}

/* Whoever reads it reads its end. */
static void
stream_close(LiveStream *stream)
{
	LiveStream **at = &streams;

	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	count--;
	stream->over = true;
	loop_stop_clock(&stream->clock);
	views_drop(stream->views);
	stream->views = NULL;
	if (stream->request != NULL)
	{
		stream->request->more = NULL;
		request_stream_end(stream->request, true);
		stream->request = NULL;
	}
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

/* ---- views ---- */

static bool
view_name(Span key, char name[VIEW_NAME_MAX + 1], Refused *refused)
{
	bool		good = key.len > 0 && key.len <= VIEW_NAME_MAX;

	for (size_t i = 0; i < key.len && good; i++)
		good = (key.data[i] >= '0' && key.data[i] <= '9') || (key.data[i] >= 'a' && key.data[i] <= 'z') || (key.data[i] >= 'A' && key.data[i] <= 'Z') ||
			key.data[i] == '_' || key.data[i] == '-';
	if (!good)
		return refuse(refused, 400, "a view is named by 1 to %d letters, digits, _ and -", VIEW_NAME_MAX);
	snprintf(name, VIEW_NAME_MAX + 1, "%.*s", (int) key.len, key.data);
	return true;
}

static bool
view_open(StreamView *view, const Rights *rights, Refused *refused)
{
	if (!request_look_read(feed_live(), span_of(view->json), &view->look, refused))
		return false;
	view->look.spec.rights = (Span) {rights->conditions[view->look.object].data, rights->conditions[view->look.object].len};
	view->view = live_open(feed_live(), view->look.object, &view->look.spec, refused);
	return view->view != NULL;
}

/* In front of the list; where it is refused, too. */
static bool
views_read_one(Span key, Span value, const Rights *rights, StreamView **list, Refused *refused)
{
	StreamView *view = must_alloc(sizeof *view);

	memset(view, 0, sizeof *view);
	view->next = *list;
	*list = view;
	if (!view_name(key, view->name, refused))
		return false;
	if (span_is(value, "null"))
		return true;
	view->json = must_alloc(value.len + 1);
	memcpy(view->json, value.data, value.len);
	view->json[value.len] = '\0';
	return view_open(view, rights, refused);
}

static bool
views_read(Span body, const Rights *rights, StreamView **list, Refused *refused)
{
	JsonParts	parts;
	Span		views;
	Span		key;
	Span		value;

	if (!parts_find(body, "views", &views) || !parts_begin(&parts, views))
		return refuse(refused, 400, "views is an object: of each view its name, and what it shows, or null");
	while (parts_next(&parts, &key, &value))
		if (!views_read_one(key, value, rights, list, refused))
			return false;
	return parts_end(&parts) || refuse(refused, 400, "views is an object: of each view its name, and what it shows, or null");
}

static StreamView **
view_place(StreamView **views, const char *name)
{
	while (*views != NULL && strcmp((*views)->name, name) != 0)
		views = &(*views)->next;
	return views;
}

static int
views_after(LiveStream *stream, StreamView *list)
{
	int			views = 0;

	for (const StreamView *view = stream->views; view != NULL; view = view->next)
		views += *view_place(&list, view->name) == NULL;
	for (const StreamView *view = list; view != NULL; view = view->next)
		views += view->view != NULL;
	return views;
}

/* What was seen of it is of use where it shows the same under another gen. */
static void
view_take(LiveStream *stream, StreamView *view)
{
	StreamView **place = view_place(&stream->views, view->name);
	StreamView *old = *place;

	if (old != NULL)
	{
		if (view->view == old->view && view->look.look.gen != old->look.look.gen)
			view->seen = old->seen;
		*place = old->next;
		view_drop(old);
	}
	if (view->view == NULL)
	{
		view_drop(view);
		return;
	}
	view->next = stream->views;
	stream->views = view;
}

/* All or none of it. */
static bool
views_change(LiveStream *stream, Span body, Refused *refused)
{
	StreamView *list = NULL;
	bool		good = views_read(body, &stream->rights, &list, refused);

	if (good && views_after(stream, list) > options->live_stream_views)
		good = refuse(refused, 422, "a stream has at most %lld views", (long long) options->live_stream_views);
	if (!good)
	{
		views_drop(list);
		return false;
	}
	while (list != NULL)
	{
		StreamView *next = list->next;

		view_take(stream, list);
		list = next;
	}
	feed_build();
	return true;
}

/* Under other rights every view is another one. */
static bool
views_again(LiveStream *stream)
{
	Refused		refused = {0};

	for (StreamView *view = stream->views; view != NULL; view = view->next)
	{
		live_close(view->view);
		view->view = NULL;
		request_look_free(&view->look);
		memset(&view->seen, 0, sizeof view->seen);
		if (!view_open(view, &stream->rights, &refused))
			return false;
	}
	feed_build();
	return true;
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
	if (end == JOB_RAISED || (end == JOB_DONE && !rights_check(&stream->asked, &refused)))
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
	rights_free(&stream->rights);
	stream->rights = stream->asked;
	stream->asked = (Rights) {0};
	if (!views_again(stream))
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

static void
stream_tick(Clock *clock)
{
	LiveStream *stream = clock->of;
	struct Login *login = stream->request->identity.login;

	if ((login != NULL && sessions_ended(login)) || (stream->rights_us != 0 && stream->rights_us + RIGHTS_OLD_US <= loop_now_us()))
	{
		stream_close(stream);
		return;
	}
	loop_ring_in(clock, FLUSH_MS);
	if (!stream->job_runs && (stream->rights_us == 0 || stream->rights_us + RIGHTS_US <= loop_now_us()))
		stream_ask_rights(stream);
	else if (stream->rights_us != 0 && request_is_taken(stream->request))
		stream_message(stream, stream->beat_us + BEAT_US <= loop_now_us());
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
	if (!rights_check(rights, &refused))
	{
		request_refuse(request, &refused);
		return;
	}
	stream = stream_new(request);
	stream->rights = *rights;
	*rights = (Rights) {0};
	if (parts_find(body, "views", &views) && !views_change(stream, body, &refused))
	{
		stream_close(stream);
		request_refuse(request, &refused);
		return;
	}
	text_printf(&text, "{\"id\":\"%s\"}\n", stream->id);
	request_answer(request, 201, format_type(FORMAT_JSON), &text);
}

void
streams_open(Request *request)
{
	Pool	   *pool;

	if (!streams_may(request))
		return;
	if (count >= options->live_max_streams)
	{
		request_refuse_with(request, 503, "there are as many live streams as there may be");
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
	{
		stream->request->more = NULL;
		request_stream_end(stream->request, true);
		loop_stop_clock(&stream->clock);
	}
	setsockopt(request->peer->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof lowat);
	stream->request = request;
	stream->rights_us = 0;
	for (StreamView *view = stream->views; view != NULL; view = view->next)
		memset(&view->seen, 0, sizeof view->seen);
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
	if (views_change(stream, (Span) {request->body.data, request->body.len}, &refused))
	{
		text_puts(&text, "{}\n");
		request_answer(request, 200, format_type(FORMAT_JSON), &text);
	}
	else
		request_refuse(request, &refused);
}
