/*
 * gateway/server/desk.c
 *     What a desk's page asks before it shows anything.
 *
 * Each is one statement with one value, which PostgreSQL makes for whoever asks: a list is as long as his eyes are, and a catalogue is his.
 */
#include "desk.h"

#include <string.h>

static void
desk_ended(Request *request, JobEnd end)
{
	if (end == JOB_DONE && request->result.len == 0)
		request_refuse_with(request, 404, "it does not wait in review");
	else if (end == JOB_DONE)
		request_answer(request, 200, format_type(FORMAT_JSON), &request->result);
	else
		request_job_failed(request, end, NULL);
}

/* value: of the statement's one parameter, or NULL where it has none. */
static void
desk_ask(Request *request, Statement statement, const char *value)
{
	Pool	   *pool = request_begin_read(request);
	JobStep    *step = request_add_step(request, statement);

	if (value != NULL)
		step_value(step, 0, value);
	request->job.row = request_take_result;
	request_run_job(request, pool, desk_ended);
}

void
desk_catalogue(Request *request)
{
	desk_ask(request, SQL_CATALOGUE, NULL);
}

void
desk_list(Request *request)
{
	static const struct
	{
		const char *name;
		Statement	statement;
	}			lists[] = {{"queue", SQL_DESK_QUEUE}, {"review", SQL_DESK_REVIEW}, {"rejected", SQL_DESK_REJECTED}};

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		if (strcmp(request->match.parameters[0], lists[i].name) == 0)
		{
			desk_ask(request, lists[i].statement, NULL);
			return;
		}
	request_refuse_with(request, 404, "the desk has the lists queue, review and rejected");
}

void
desk_review(Request *request)
{
	desk_ask(request, SQL_REVIEW, request->match.parameters[0]);
}

void
desk_placement(Request *request)
{
	if (strcmp(request->match.parameters[0], "orders") == 0)
		desk_ask(request, SQL_PLACEMENT, request->match.parameters[1]);
	else
		request_refuse_with(request, 404, "only orders are placed");
}
