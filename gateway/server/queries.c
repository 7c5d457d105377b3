/*
 * gateway/server/queries.c
 *     The routes that read.
 *
 * Rows go out as they come, one by one, as JSON, lines or a CSV. Until the first one is there nothing is answered, so what PostgreSQL
 * refuses has its status; behind it, what fails can only cut the answer off, and is never sent again.
 */
#include "queries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "json_parts.h"
#include "log.h"
#include "problem.h"
#include "query_text.h"
#include "rows_text.h"
#include "status.h"

#define WRITE_BYTES (16 * 1024)
#define COLUMNS_MAX 512
#define OBJECT_SIZE (ROUTE_PARAMETER_SIZE + 16)

static const QueryRules query_rules = {.conditions_max = 32, .values_max = 1000};

typedef struct Reading
{
	Query		query;
	unsigned	format;
	char		object[OBJECT_SIZE];	/* as oms_query() is asked for it */
	char		limit[24];		/* of the query text; empty: none */
	bool		must_exist;		/* no row: there is no such object */

	/* what comes */
	Text		names;			/* of columns, each ended by '\0' */
	const char *columns[COLUMNS_MAX];
	size_t		ncolumns;
	char		count[24];
	RowsText	rows;
	bool		begun;			/* the head of the answer is on its way */
	Text		buffer;
} Reading;

static void
queries_free(Request *request)
{
	Reading    *reading = request->more;

	query_free(&reading->query);
	rows_free(&reading->rows);
	text_free(&reading->names);
	text_free(&reading->buffer);
	free(reading);
}

/* ---- rows ---- */

static void
queries_split_names(Reading *reading)
{
	const char *at = reading->names.data;

	reading->ncolumns = 0;
	while (at != NULL && at < reading->names.data + reading->names.len && reading->ncolumns < COLUMNS_MAX)
	{
		reading->columns[reading->ncolumns++] = at;
		at += strlen(at) + 1;
	}
}

/* Where the next page is; cursor: of the last row, NULL where this page is not full. */
static void
queries_link(Request *request, const char *cursor)
{
	Text		link = {0};

	if (cursor == NULL || request->match.route->body != BODY_NONE)
		return;
	text_puts(&link, "<");
	text_add(&link, request->path.data, request->path.len);
	text_puts(&link, "?");
	query_next(request->query.data != NULL ? request->query : (Span) {"", 0}, span_of(cursor), &link);
	text_puts(&link, ">; rel=\"next\"");
	request_add_header(request, "Link", link.data);
	text_free(&link);
}

static void
queries_begin(Request *request, const char *cursor)
{
	Reading    *reading = request->more;

	reading->begun = true;
	queries_split_names(reading);
	if (reading->count[0] != '\0')
		request_add_header(request, "Total-Count", reading->count);
	queries_link(request, cursor);
	rows_begin(&reading->rows, reading->format, reading->columns, reading->ncolumns, &reading->buffer);
}

static void
queries_flush(Request *request)
{
	Reading    *reading = request->more;

	if (request->stream == NULL)
	{
		request_stream(request, 200, format_type(reading->format));
		request->job.told = true;
	}
	request_write(request, reading->buffer.data, reading->buffer.len);
	text_clear(&reading->buffer);
}

static Span
queries_value(const PGresult *result, int row, int column)
{
	return (Span) {PQgetvalue(result, row, column), (size_t) PQgetlength(result, row, column)};
}

static void
queries_row(Job *job, int step, const PGresult *result, int row)
{
	Request    *request = job->of;
	Reading    *reading = request->more;
	Span		value = queries_value(result, row, 0);

	switch (job->steps[step].statement)
	{
		case SQL_FIELDS:
			text_add(&reading->names, value.data, value.len + 1);
			break;
		case SQL_COUNT:
			snprintf(reading->count, sizeof reading->count, "%s", value.data);
			break;
		case SQL_LIST:
		case SQL_TREE:
		case SQL_TREE_AS_OF:
			if (!reading->begun)
				queries_begin(request, PQnfields(result) > 1 && !PQgetisnull(result, row, 1) ? PQgetvalue(result, row, 1) : NULL);
			rows_add(&reading->rows, value, &reading->buffer);
			if (reading->buffer.len >= WRITE_BYTES)
				queries_flush(request);
			break;
		default:
			break;
	}
}

/* Nothing has gone out yet: what came is forgotten. */
static void
queries_again(Job *job)
{
	Request    *request = job->of;
	Reading    *reading = request->more;

	if (job->told)
		return;
	rows_free(&reading->rows);
	text_clear(&reading->buffer);
	if (reading->query.select.len == 0)
		text_clear(&reading->names);
	reading->begun = false;
	reading->count[0] = '\0';
	while (request->nanswer_headers > 0)
		free(request->answer_headers[--request->nanswer_headers].value);
}

static void
queries_missing(Request *request)
{
	Text		text = {0};
	char		message[ROUTE_PARAMETER_SIZE + 100];

	snprintf(message, sizeof message, "there is no \"%.100s\" among %.100s", request->match.parameters[1], request->match.parameters[0]);
	problem_raised(&text, &(Raised) {.sqlstate = "OM003", .message = message});
	request_answer(request, status_of("OM003", false), PROBLEM_TYPE, &text);
}

static void
queries_list_ended(Request *request, JobEnd end)
{
	Reading    *reading = request->more;

	if (end != JOB_DONE)
	{
		if (request->stream != NULL)
			log_warning("request %s: its rows stopped: %s", request->id, request->job.message != NULL ? request->job.message : "the connection to PostgreSQL was lost");
		else
			request_job_failed(request, end, NULL);
		return;
	}
	if (!reading->begun && reading->must_exist)
	{
		queries_missing(request);
		return;
	}
	if (!reading->begun)
		queries_begin(request, NULL);
	rows_end(&reading->rows, &reading->buffer);
	if (request->stream != NULL)
		queries_flush(request);
	else
		request_answer(request, 200, format_type(reading->format), &reading->buffer);
}

/* ---- what is asked ---- */

/* False: refused, and answered. fixed: a condition of the route, or NULL. */
static bool
queries_read(Request *request, const QueryFixed *fixed, Reading **of)
{
	Reading    *reading = must_alloc(sizeof *reading);
	const Route *route = request->match.route;
	Refused		refused = {0};
	Span		accept;

	memset(reading, 0, sizeof *reading);
	request->more = *of = reading;
	request->free_more = queries_free;
	snprintf(reading->object, sizeof reading->object, "%s", request->match.parameters[0]);
	if (!guard_header(&request->head, "Accept", &accept, &refused) || !format_choose(accept, route->gives, &reading->format, &refused) ||
		!query_read(request->query, route->asks, &query_rules, fixed, &reading->query, &refused))
	{
		request_refuse(request, &refused);
		return false;
	}
	if (reading->query.limit >= 0)
		snprintf(reading->limit, sizeof reading->limit, "%lld", (long long) reading->query.limit);
	return true;
}

/* The fields of "select" in a specification that came whole. What is wrong with it, PostgreSQL says. */
static void
queries_select_of_body(Reading *reading, Span body)
{
	Span		select;
	Span		one;
	JsonParts	parts;

	if (!parts_find(body, "select", &select))
		return;
	if (parts_begin_array(&parts, select))
		while (parts_element(&parts, &one))
			if (parts_string(one, &reading->query.select))
				text_add(&reading->query.select, "", 1);
}

/* Of a CSV: the fields that are selected, else all that the object has. */
static void
queries_add_columns(Request *request, const char *object)
{
	Reading    *reading = request->more;

	if (reading->format != FORMAT_CSV)
		return;
	if (reading->query.select.len == 0)
		step_value(request_add_step(request, SQL_FIELDS), 0, object);
	else
		text_add(&reading->names, reading->query.select.data, reading->query.select.len);
}

static void
queries_run(Request *request, Pool *pool)
{
	request->job.row = queries_row;
	request->job.again = queries_again;
	request->job.streams = true;
	request_run_job(request, pool, queries_list_ended);
}

static void
queries_run_list(Request *request, const char *spec)
{
	Reading    *reading = request->more;
	Pool	   *pool = request_begin_read(request);
	JobStep    *step;

	queries_add_columns(request, reading->object);
	if (reading->query.count != COUNT_NONE)
	{
		step = request_add_step(request, SQL_COUNT);
		step_value(step, 0, reading->object);
		step_value(step, 1, spec);
		step_value(step, 2, reading->query.count == COUNT_EXACT ? "true" : "false");
	}
	step = request_add_step(request, SQL_LIST);
	step_value(step, 0, reading->object);
	step_value(step, 1, spec);
	step_value(step, 2, reading->limit[0] != '\0' ? reading->limit : NULL);
	queries_run(request, pool);
}

void
queries_list(Request *request)
{
	Reading    *reading;
	bool		whole = request->match.route->action == ROUTE_SEARCH;

	if (!queries_read(request, NULL, &reading))
		return;
	if (whole)
		queries_select_of_body(reading, (Span) {request->body.data, request->body.len});
	queries_run_list(request, !whole ? reading->query.spec.data : request->body.data != NULL ? request->body.data : "");
}

/* "quote-requests" has its events in "quote-request_events". */
void
queries_history(Request *request)
{
	Reading    *reading;
	QueryFixed	fixed = {"aggregateId", request->match.parameters[1]};
	size_t		len;

	if (!queries_read(request, &fixed, &reading))
		return;
	len = strlen(reading->object);
	if (len > 1 && reading->object[len - 1] == 's')
		len--;
	snprintf(reading->object + len, sizeof reading->object - len, "_events");
	reading->must_exist = request->query.len == 0;
	queries_run_list(request, reading->query.spec.data);
}

/* ---- as it was ---- */

static const struct
{
	const char *name;			/* squeezed, in the singular */
	Statement	as_of;
}			kinds[] = {
	{"order", SQL_ORDER_AS_OF},
	{"execution", SQL_EXECUTION_AS_OF},
	{"quoterequest", SQL_QUOTE_REQUEST_AS_OF},
	{"quote", SQL_QUOTE_AS_OF},
};

#define KINDS ((int) (sizeof kinds / sizeof kinds[0]))

/* As oms_query() takes names: in any case, with blanks, hyphens and underscores, singular or plural. KINDS: none of ours. */
static int
queries_kind(const char *name)
{
	char		squeezed[32];
	size_t		len = 0;
	int			kind = 0;

	for (; *name != '\0' && len < sizeof squeezed - 1; name++)
		if (*name != '-' && *name != '_' && *name != ' ')
			squeezed[len++] = (char) (*name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name);
	if (*name != '\0')
		return KINDS;
	if (len > 0 && squeezed[len - 1] == 's')
		len--;
	squeezed[len] = '\0';
	while (kind < KINDS && strcmp(squeezed, kinds[kind].name) != 0)
		kind++;
	return kind;
}

/* Only what cannot be read in two ways: a date and a time with its zone. */
static bool
queries_check_moment(Request *request, const Reading *reading)
{
	const char *at = reading->query.at;
	int			len = 0;
	int			zone = 0;

	sscanf(at, "%*4[0-9]-%*2[0-9]-%*2[0-9]%*1[Tt ]%*2[0-9]:%*2[0-9]:%*2[0-9]%n", &len);
	if (len == 19 && at[len] == '.')
	{
		int			digits = (int) strspn(at + len + 1, "0123456789");

		len += digits > 0 ? 1 + digits : 0;
	}
	if (len >= 19 && (at[len] == 'Z' || at[len] == 'z'))
		zone = 1;
	else if (len >= 19 && (at[len] == '+' || at[len] == '-'))
		sscanf(at + len + 1, "%*2[0-9]:%*2[0-9]%n", &zone);
	if (zone > 0 && at[len + zone + (zone > 1)] == '\0')
		return true;
	request_refuse_with(request, 400, "at is a time with its zone, as 2026-03-02T09:30:00Z (a + in it is written %2B)");
	return false;
}

static void
queries_object_row(Job *job, int step, const PGresult *result, int row)
{
	Request    *request = job->of;
	Reading    *reading = request->more;
	Span		value = queries_value(result, row, 0);

	if (job->steps[step].statement != SQL_OBJECT && job->steps[step].statement < SQL_ORDER_AS_OF)
		return;
	text_clear(&request->result);
	text_add(&request->result, value.data, value.len);
	reading->rows.rows++;
}

static void
queries_object_again(Job *job)
{
	Request    *request = job->of;

	((Reading *) request->more)->rows.rows = 0;
	text_clear(&request->result);
}

/* The version is for an If-Match. */
static void
queries_object_ended(Request *request, JobEnd end)
{
	const Reading *reading = request->more;
	Span		version;
	char		etag[32];

	if (end != JOB_DONE)
		request_job_failed(request, end, NULL);
	else if (reading->rows.rows == 0)
		queries_missing(request);
	else if (reading->rows.rows > 1)
		request_refuse_with(request, 400, "these have no id of their own: ask for a list with a condition");
	else
	{
		if (parts_find((Span) {request->result.data, request->result.len}, "version", &version) && version.len < sizeof etag - 2 &&
			reading->query.at[0] == '\0')
		{
			snprintf(etag, sizeof etag, "\"%.*s\"", (int) version.len, version.data);
			request_add_header(request, "ETag", etag);
		}
		request_answer(request, 200, format_type(FORMAT_JSON), &request->result);
	}
}

void
queries_object(Request *request)
{
	Reading    *reading;
	QueryFixed	fixed = {"id", request->match.parameters[1]};
	int			kind = queries_kind(request->match.parameters[0]);
	Pool	   *pool;
	JobStep    *step;

	if (!queries_read(request, &fixed, &reading))
		return;
	if (reading->query.at[0] != '\0' && (kind == KINDS || reading->query.select.len > 0))
	{
		request_refuse_with(request, 400, kind == KINDS ? "as of a moment there are orders, executions, quote-requests and quotes" : "what was is shown whole: at goes without select");
		return;
	}
	if (reading->query.at[0] != '\0' && !queries_check_moment(request, reading))
		return;
	pool = request_begin_read(request);
	if (reading->query.at[0] != '\0')
	{
		step = request_add_step(request, kinds[kind].as_of);
		step_value(step, 0, request->match.parameters[1]);
		step_value(step, 1, reading->query.at);
	}
	else
	{
		step = request_add_step(request, SQL_OBJECT);
		step_value(step, 0, reading->object);
		step_value(step, 1, reading->query.spec.data);
	}
	request->job.row = queries_object_row;
	request->job.again = queries_object_again;
	request_run_job(request, pool, queries_object_ended);
}

void
queries_tree(Request *request)
{
	Reading    *reading;
	Pool	   *pool;
	JobStep    *step;

	if (!queries_read(request, NULL, &reading))
		return;
	if (queries_kind(request->match.parameters[0]) != 0)
	{
		request_refuse_with(request, 404, "only orders have trees");
		return;
	}
	if (reading->query.at[0] != '\0' && reading->query.spec.len > strlen("{}"))
	{
		request_refuse_with(request, 400, "what was is shown whole: at goes alone");
		return;
	}
	if (reading->query.at[0] != '\0' && !queries_check_moment(request, reading))
		return;
	reading->must_exist = request->query.len == 0 || reading->query.at[0] != '\0';
	pool = request_begin_read(request);
	queries_add_columns(request, reading->query.at[0] != '\0' ? "orders" : "order_tree");
	step = request_add_step(request, reading->query.at[0] != '\0' ? SQL_TREE_AS_OF : SQL_TREE);
	step_value(step, 0, request->match.parameters[1]);
	step_value(step, 1, reading->query.at[0] != '\0' ? reading->query.at : reading->query.spec.data);
	if (reading->query.at[0] == '\0')
		step_value(step, 2, reading->limit[0] != '\0' ? reading->limit : NULL);
	queries_run(request, pool);
}
