/*
 * gateway/server/request.c
 *     One request from its head to the end of its answer.
 *
 * Two owners: libmicrohttpd, until the client has its answer or is gone (request_gone), and the pool, while a job runs. The last one
 * that lets go frees it.
 */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bytes.h"
#include "listener.h"
#include "log.h"
#include "problem.h"
#include "server.h"
#include "sessions.h"
#include "status.h"

#define STREAM_HIGH (256 * 1024)	/* rows stop when so much waits for the client */
#define STREAM_LOW (64 * 1024)		/* and go on below */
#define STREAM_BLOCK (32 * 1024)
#define WAIT_LONGEST "1h"			/* for a standby, where queries have no limit */

struct Stream
{
	Text		buffer;
	size_t		at;				/* what is before it was taken */
	bool		ended;
	bool		fine;
};

bool		(*request_identify) (Request *request, Refused *refused);
void		(*request_over) (const Request *request);

/* ---- life ---- */

/* Ours unless the client brought one that can stand in a log. */
static void
request_name(Request *request)
{
	static uint64_t start;
	static uint64_t count;

	while (start == 0)
		if (getrandom(&start, sizeof start, 0) != sizeof start)
			start = (uint64_t) wall_us();
	snprintf(request->id, sizeof request->id, "%016llx-%llx", (unsigned long long) start, (unsigned long long) ++count);
}

void
request_take_names(Request *request)
{
	Span		id = request_header(request, "X-Request-Id");
	Span		trace = request_header(request, "traceparent");

	if (trace_id(id))
		snprintf(request->id, sizeof request->id, "%.*s", (int) id.len, id.data);
	if (trace_parent(trace))
		snprintf(request->trace, sizeof request->trace, "%.*s", TRACE_PARENT_LEN, trace.data);
}

const char *
request_correlation(const Request *request)
{
	return request->trace[0] != '\0' ? request->trace : request->id;
}

/*
 * libmicrohttpd hands out the target before it takes the query apart, a list of values for each of whose members it needs memory of the
 * connection's: of some hundred there would be none for an answer. We read our own copy, so it is given an empty query. The bytes are those of
 * its buffer, which are no constant.
 */
Request *
request_new(struct MHD_Connection *mhd, char *target)
{
	Request    *request = must_alloc(sizeof *request);
	const char *mark;

	memset(request, 0, sizeof *request);
	request->mhd = mhd;
	request->target = must_strdup(target);
	mark = strchr(request->target, '?');
	request->path = (Span) {request->target, mark != NULL ? (size_t) (mark - request->target) : strlen(request->target)};
	if (mark != NULL)
	{
		request->query = (Span) {mark + 1, strlen(mark + 1)};
		target[request->path.len + 1] = '\0';
	}
	request->since_us = ticks_us();
	request_name(request);
	return request;
}

static void
request_free(Request *request)
{
	if (request->free_more != NULL)
		request->free_more(request);
	if (request->stream != NULL)
		text_free(&request->stream->buffer);
	free(request->stream);
	for (int i = 0; i < request->nanswer_headers; i++)
		free(request->answer_headers[i].value);
	text_free(&request->answer);
	text_free(&request->result);
	text_free(&request->body);
	listener_let_go(request->bytes_held);
	job_clear(&request->job);
	if (request->identity.login != NULL)
		sessions_let_go(request->identity.login);
	free(request->target);
	free(request);
}

void
request_gone(Request *request)
{
	if (request_over != NULL)
		request_over(request);
	request->over = true;
	request->mhd = NULL;
	request->peer = NULL;
	request->head.nheaders = 0;
	if (request->job_runs)
		job_abandon(&request->job);
	else
		request_free(request);
}

Span
request_header(const Request *request, const char *name)
{
	Span		value;
	Refused		refused;

	if (!guard_header(&request->head, name, &value, &refused))
		return (Span) {NULL, 0};
	return value;
}

bool
request_if_match(const Request *request)
{
	return request_header(request, "If-Match").data != NULL;
}

bool
request_body_is_json(const Request *request)
{
	return request->match.route->body == BODY_JSON ||
		(request->match.route->body == BODY_FIX && format_is(request_header(request, "Content-Type"), "application/json"));
}

/* ---- answers ---- */

static void
request_resume(Request *request)
{
	if (!request->suspended || request->mhd == NULL)
		return;
	request->suspended = false;
	MHD_resume_connection(request->mhd);
	listener_wake();
}

void
request_add_header(Request *request, const char *name, const char *value)
{
	if (request->nanswer_headers == ANSWER_HEADERS_MAX)
		return;
	request->answer_headers[request->nanswer_headers].name = name;
	request->answer_headers[request->nanswer_headers++].value = must_strdup(value);
}

void
request_answer(Request *request, int status, const char *type, Text *text)
{
	char		seconds[12];

	if (request->answered)
	{
		text_free(text);
		return;
	}
	request->answered = true;
	request->status = status;
	request->type = type;
	request->answer = *text;
	*text = (Text) {0};
	request->bytes_held += request->answer.len;
	listener_hold(request->answer.len);
	if (status_retry_after(status) > 0)
	{
		snprintf(seconds, sizeof seconds, "%d", status_retry_after(status));
		request_add_header(request, "Retry-After", seconds);
	}
	request_resume(request);
}

void
request_refuse(Request *request, const Refused *refused)
{
	Text		text = {0};

	if (refused->allow[0] != '\0')
		request_add_header(request, "Allow", refused->allow);
	if (refused->status == 401)
		request_add_header(request, "WWW-Authenticate", "Bearer");
	if (refused->close)
		request->close = true;
	problem_own(&text, refused->status, refused->detail, request->id);
	request_answer(request, refused->status, PROBLEM_TYPE, &text);
}

void
request_refuse_with(Request *request, int status, const char *detail)
{
	Text		text = {0};

	problem_own(&text, status, detail, request->id);
	request_answer(request, status, PROBLEM_TYPE, &text);
}

/* Whether the statement is what sets the role. */
static bool
says_role(Statement statement)
{
	return statement == SQL_ROLE || statement == SQL_READ || statement == SQL_BE || statement == SQL_WAIT_FOR;
}

/* PostgreSQL has no such user, or the pool's login may not be him. */
static bool
raised_by_role(const Job *job)
{
	return job->raised_by >= 0 && says_role(job->steps[job->raised_by].statement) && job->steps[job->raised_by].statement != SQL_WAIT_FOR &&
		(strncmp(job->sqlstate, "22", 2) == 0 || strcmp(job->sqlstate, "42501") == 0);
}

/* What is of no use to a caller, or says more than he should know, is for the log alone. */
static void
request_raised(Request *request, const char *command_id)
{
	const Job  *job = &request->job;
	int			status = status_of(job->sqlstate, request_if_match(request));
	bool		told = status_is_told(job->sqlstate);
	Raised		raised = {.sqlstate = job->sqlstate, .message = told ? job->message : status_title(status), .detail = told ? job->detail : NULL,
	.hint = told ? job->hint : NULL, .command_id = command_id};
	Text		text = {0};

	if (raised_by_role(job))
	{
		log_warning("request %s: cannot be \"%s\": %s", request->id, request->identity.role, job->message != NULL ? job->message : job->sqlstate);
		request_refuse_with(request, 403, "the gateway may not speak for this user");
		return;
	}
	if (!told)
		log_at(status == 500 ? LOG_ERROR_LEVEL : LOG_WARNING_LEVEL, "request %s: %s %s%s%s", request->id, job->sqlstate,
			   job->message != NULL ? job->message : "", job->detail != NULL ? "; " : "", job->detail != NULL ? job->detail : "");
	problem_raised(&text, &raised);
	request_answer(request, status, PROBLEM_TYPE, &text);
}

void
request_job_failed(Request *request, JobEnd end, const char *command_id)
{
	Text		text = {0};

	switch (end)
	{
		case JOB_DONE:
			break;
		case JOB_RAISED:
			request_raised(request, command_id);
			break;
		case JOB_UNKNOWN:
			problem_unknown(&text, command_id, request->id);
			request_answer(request, 504, PROBLEM_TYPE, &text);
			break;
		case JOB_QUEUE_FULL:
			request_refuse_with(request, 503, "too many requests wait for a connection to PostgreSQL; nothing was done");
			break;
		case JOB_WAITED:
			request_refuse_with(request, 503, "no connection to PostgreSQL came in time; nothing was done");
			break;
		case JOB_UNAVAILABLE:
			request_refuse_with(request, request->identity.login != NULL ? 401 : 503,
								request->identity.login != NULL ? "the session's connection to PostgreSQL is gone; nothing was done: log in again"
								: "PostgreSQL is not available; nothing was done");
			break;
	}
}

/* ---- the job ---- */

JobStep *
request_add_step(Request *request, Statement statement)
{
	Job		   *job = &request->job;
	JobStep    *step;

	if (job->nsteps == 0 && request->identity.role != NULL && !says_role(statement))
		step_value(request_add_step(request, SQL_ROLE), 0, request->identity.role);
	step = &job->steps[job->nsteps++];
	*step = (JobStep) {.statement = statement};
	return step;
}

void
step_value(JobStep *step, int number, const char *value)
{
	step->values[number] = value;
}

void
step_binary(JobStep *step, int number, const char *data, size_t len)
{
	step->values[number] = data != NULL ? data : "";
	step->lengths[number] = (int) len;
	step->formats[number] = 1;
}

static void
request_be(Request *request, const char *role)
{
	JobStep    *step = request_add_step(request, SQL_BE);

	step_value(step, 0, role);
	step->commits = true;
}

/*
 * To wait for a token is a call outside a transaction, and the right to it may be the role's and not the login's: so for that the role is the
 * connection's. It is given back behind everything else, whatever became of it; and every job on such a pool says its role anyway.
 */
static void
request_wait(Request *request, Span token)
{
	JobStep    *step;

	snprintf(request->token, sizeof request->token, "%.*s", (int) (token.len < sizeof request->token ? token.len : sizeof request->token - 1), token.data);
	if (request->identity.role != NULL)
	{
		request_be(request, request->identity.role);
		request->identity.became = true;
	}
	step = request_add_step(request, SQL_WAIT_FOR);
	step_value(step, 0, request->token);
	step_value(step, 1, strcmp(server_query_timeout, "0ms") == 0 ? WAIT_LONGEST : server_query_timeout);
	step->commits = true;
}

Pool *
request_begin_read(Request *request)
{
	Span		token = request_header(request, "Oms-Token");
	bool		elsewhere = request->identity.login == NULL && server_read_pool != server_pool;
	JobStep    *step;

	if (elsewhere && token.data != NULL)
		request_wait(request, token);
	step = request_add_step(request, SQL_READ);
	step_value(step, 0, request->identity.role != NULL ? request->identity.role : "none");
	step_value(step, 1, server_query_timeout);
	request->job.repeats = true;
	return elsewhere ? server_read_pool : request->identity.pool;
}

static void
request_job_ended(Job *job, JobEnd end)
{
	Request    *request = job->of;

	request->job_runs = false;
	if (request->over)
	{
		request_free(request);
		return;
	}
	request->end(request, end);
	if (request->over || request->job_runs)
		return;
	if (request->stream != NULL)
		request_stream_end(request, end == JOB_DONE);
	else if (!request->answered)
		request_refuse_with(request, 500, "no answer");
}

void
request_run_job(Request *request, Pool *pool, void (*end) (Request *request, JobEnd end_of_job))
{
	request->job.of = request;
	request->job.end = request_job_ended;
	request->end = end;
	request->job_runs = true;
	if (request->identity.became)
	{
		request->job.steps[request->job.nsteps - 1].commits = true;
		request_be(request, "none");
	}
	pool_submit(pool, &request->job);
}

void
request_take_result(Job *job, int step, const PGresult *result, int row)
{
	Request    *request = job->of;

	if (step != job->nsteps - 1)
		return;
	text_clear(&request->result);
	text_add(&request->result, PQgetvalue(result, row, 0), (size_t) PQgetlength(result, row, 0));
}

/* ---- streams ---- */

void
request_stream(Request *request, int status, const char *type)
{
	if (request->answered)
		return;
	request->stream = must_alloc(sizeof *request->stream);
	*request->stream = (Stream) {.fine = false};
	request->answered = true;
	request->status = status;
	request->type = type;
	request_resume(request);
}

static size_t
stream_waits(const Stream *stream)
{
	return stream->buffer.len - stream->at;
}

void
request_write(Request *request, const char *data, size_t len)
{
	Stream	   *stream = request->stream;

	if (request->over || len == 0)
		return;
	text_add(&stream->buffer, data, len);
	if (stream_waits(stream) > STREAM_HIGH && request->job_runs && !request->job.stopped)
		job_stop_rows(&request->job);
	request_resume(request);
}

bool
request_has_room(const Request *request)
{
	return stream_waits(request->stream) < STREAM_LOW;
}

bool
request_is_taken(const Request *request)
{
	return !request->over && request->suspended && stream_waits(request->stream) == 0;
}

void
request_stream_end(Request *request, bool fine)
{
	if (request->stream->ended)
		return;
	request->stream->ended = true;
	request->stream->fine = fine;
	request_resume(request);
}

/* libmicrohttpd takes what there is, or is suspended until there is more. */
static ssize_t
stream_read(void *arg, uint64_t position, char *to, size_t room)
{
	Request    *request = arg;
	Stream	   *stream = request->stream;
	size_t		len = stream_waits(stream);

	(void) position;
	if (len > 0)
	{
		if (len > room)
			len = room;
		memcpy(to, stream->buffer.data + stream->at, len);
		stream->at += len;
		request->bytes_sent += len;
		if (stream->at == stream->buffer.len)
		{
			stream->at = 0;
			text_clear(&stream->buffer);
		}
		else if (stream->at > STREAM_HIGH)
		{
			memmove(stream->buffer.data, stream->buffer.data + stream->at, stream->buffer.len - stream->at + 1);
			stream->buffer.len -= stream->at;
			stream->at = 0;
		}
		if (request->job_runs && request->job.stopped && stream_waits(stream) < STREAM_LOW)
			job_go_on(&request->job);
		if (request->drained != NULL && request_has_room(request))
			request->drained(request);
		request->peer->until_us = loop_now_us() + listener_rules()->idle_ms * 1000;
		return (ssize_t) len;
	}
	if (stream->ended)
		return stream->fine ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
	request->peer->until_us = 0;
	request->suspended = true;
	MHD_suspend_connection(request->mhd);
	return 0;
}

/* ---- handing over ---- */

static struct MHD_Response *
make_response(Request *request)
{
	struct MHD_Response *response;

	if (request->stream != NULL)
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, request, NULL);
	request->bytes_sent = request->answer.len;
	response = MHD_create_response_from_buffer(request->answer.len, request->answer.data, MHD_RESPMEM_MUST_FREE);
	if (response != NULL)
		request->answer = (Text) {0};
	return response;
}

enum MHD_Result
request_send(Request *request)
{
	struct MHD_Response *response = make_response(request);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	request->sent = true;
	if (request->type != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, request->type);
	MHD_add_response_header(response, "X-Request-Id", request->id);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, request->cache != NULL ? request->cache : "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	for (int i = 0; i < request->nanswer_headers; i++)
		MHD_add_response_header(response, request->answer_headers[i].name, request->answer_headers[i].value);
	if (request->peer->secure)
		MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
	if (request->close || listener_draining())
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	request->peer->until_us = loop_now_us() + listener_rules()->idle_ms * 1000;
	result = MHD_queue_response(request->mhd, (unsigned) request->status, response);
	MHD_destroy_response(response);
	return result;
}
