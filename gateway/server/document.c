/*
 * gateway/server/document.c
 *     GET /openapi.json: what PostgreSQL tells whoever asks of its commands and fields. Who has not said who he is, and who may not ask,
 *     gets the routes alone.
 */
#include "document.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "openapi.h"
#include "options.h"

static void
document_free(Request *request)
{
	OpenApiCatalog *catalog = request->more;

	openapi_clear(&catalog->commands);
	openapi_clear(&catalog->queries);
	free(catalog);
}

static bool
document_flag(const PGresult *result, int row, int column)
{
	return PQgetvalue(result, row, column)[0] == 't';
}

static void
document_row(Job *job, int step, const PGresult *result, int row)
{
	OpenApiCatalog *catalog = ((Request *) job->of)->more;

	if (job->steps[step].statement == SQL_COMMAND_FIELDS)
		openapi_add(&catalog->commands, PQgetvalue(result, row, 0), PQgetvalue(result, row, 1), PQgetvalue(result, row, 2), PQgetvalue(result, row, 3),
					document_flag(result, row, 4), (Span) {NULL, 0});
	else if (job->steps[step].statement == SQL_QUERY_FIELDS)
		openapi_add(&catalog->queries, PQgetvalue(result, row, 0), NULL, PQgetvalue(result, row, 1), PQgetvalue(result, row, 2), document_flag(result, row, 3),
					(Span) {PQgetvalue(result, row, 4), (size_t) PQgetlength(result, row, 4)});
}

static void
document_again(Job *job)
{
	OpenApiCatalog *catalog = ((Request *) job->of)->more;

	openapi_clear(&catalog->commands);
	openapi_clear(&catalog->queries);
}

static void
document_ended(Request *request, JobEnd end)
{
	OpenApiCatalog *catalog = request->more;
	Text		text = {0};

	if (end == JOB_RAISED && strcmp(request->job.sqlstate, "42501") == 0)
		document_again(&request->job);
	else if (end != JOB_DONE)
	{
		request_job_failed(request, end, NULL);
		return;
	}
	openapi_write(catalog, &text);
	request_answer(request, 200, format_type(FORMAT_JSON), &text);
}

void
document_run(Request *request)
{
	OpenApiCatalog *catalog = must_alloc(sizeof *catalog);
	Pool	   *pool;

	*catalog = (OpenApiCatalog) {.version = GATEWAY_VERSION};
	request->more = catalog;
	request->free_more = document_free;
	request->job.of = request;
	if (request->identity.pool == NULL)
	{
		document_ended(request, JOB_DONE);
		return;
	}
	pool = request_begin_read(request);
	request_add_step(request, SQL_COMMAND_FIELDS);
	request_add_step(request, SQL_QUERY_FIELDS);
	request->job.row = document_row;
	request->job.again = document_again;
	request_run_job(request, pool, document_ended);
}
