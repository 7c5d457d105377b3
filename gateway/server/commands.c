/*
 * gateway/server/commands.c
 *     The routes that write: commands, batches, FIX messages, services.
 *
 * Exactly once: every command leaves with a commandId, its caller's or one that is made here, so it may be sent again when a connection
 * was lost, and PostgreSQL tells the repeat. A FIX message has none: after a lost connection its sender is told that nobody knows, and
 * sends it again with PossDupFlag or PossResend, as FIX has it.
 */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bytes.h"
#include "command_text.h"
#include "json_parts.h"
#include "log.h"
#include "problem.h"
#include "query_text.h"
#include "status.h"

#define MADE_ID_SIZE 37

/* ---- which command is of which object ---- */

typedef struct CommandObject
{
	char		command_type[64];
	char		object[32];		/* as in paths: "quote-requests" */
} CommandObject;

static CommandObject *objects;
static size_t nobjects;
static Job	learn;
static bool learning;

/* "quote_request" is "quote-requests" in a path. */
static void
learn_row(Job *job, int step, const PGresult *result, int row)
{
	CommandObject *one;
	char	   *dash;

	(void) job;
	(void) step;
	objects = must_realloc(objects, (nobjects + 1) * sizeof *objects);
	one = &objects[nobjects++];
	snprintf(one->command_type, sizeof one->command_type, "%s", PQgetvalue(result, row, 0));
	snprintf(one->object, sizeof one->object, "%ss", PQgetvalue(result, row, 1));
	while ((dash = strchr(one->object, '_')) != NULL)
		*dash = '-';
}

static void
learn_again(Job *job)
{
	(void) job;
	nobjects = 0;
}

static void
learn_end(Job *job, JobEnd end)
{
	learning = false;
	if (end == JOB_DONE)
	{
		log_debug("%zu types of commands", nobjects);
		return;
	}
	nobjects = 0;
	if (end == JOB_RAISED)
		log_warning("cannot read which commands there are: %s", job->message != NULL ? job->message : job->sqlstate);
}

void
commands_learn(Pool *pool)
{
	if (learning || nobjects > 0)
		return;
	learning = true;
	job_clear(&learn);
	learn = (Job) {.nsteps = 1, .steps = {{.statement = SQL_COMMAND_OBJECTS}}, .repeats = true, .own = true, .row = learn_row, .again = learn_again, .end = learn_end};
	pool_submit(pool, &learn);
}

void
commands_end(void)
{
	job_clear(&learn);
	free(objects);
	objects = NULL;
	nobjects = 0;
}

/* A type that nobody knows is PostgreSQL's to refuse. */
static bool
check_object(const char *command_type, const char *object, Refused *refused)
{
	for (size_t i = 0; i < nobjects; i++)
		if (strcmp(objects[i].command_type, command_type) == 0 && strcmp(objects[i].object, object) != 0)
			return refuse(refused, 400, "%s goes to /commands/%s and not to /commands/%s", command_type, objects[i].object, object);
	return true;
}

static bool
is_object(const char *object)
{
	bool		found = nobjects == 0;

	for (size_t i = 0; i < nobjects && !found; i++)
		found = strcmp(objects[i].object, object) == 0;
	return found;
}

/* ---- ids ---- */

/* A UUID of version 7: ids that are made one after the other stand side by side in the index. */
static void
make_id(char id[MADE_ID_SIZE])
{
	static unsigned char random[1024];
	static size_t at = sizeof random;
	static const char digits[] = "0123456789abcdef";
	uint64_t	ms = (uint64_t) wall_us() / 1000;
	unsigned char b[16];

	if (at + 10 > sizeof random)
	{
		if (getrandom(random, sizeof random, 0) != sizeof random)
			abort();
		at = 0;
	}
	for (int i = 0; i < 6; i++)
		b[i] = (unsigned char) (ms >> (40 - 8 * i));
	memcpy(b + 6, random + at, 10);
	at += 10;
	b[6] = (unsigned char) (0x70 | (b[6] & 0x0F));
	b[8] = (unsigned char) (0x80 | (b[8] & 0x3F));
	for (int i = 0; i < 16; i++)
	{
		*id++ = digits[b[i] >> 4];
		*id++ = digits[b[i] & 0x0F];
		if (i == 3 || i == 5 || i == 7 || i == 9)
			*id++ = '-';
	}
	*id = '\0';
}

/* Only what can stand in a header. */
static void
tell_id(Request *request, const char *id)
{
	for (const char *at = id; *at != '\0'; at++)
		if (*at <= ' ' || *at >= 0x7F)
			return;
	if (*id != '\0')
		request_add_header(request, "Command-Id", id);
}

/* ---- one result ---- */

static void
answer_result(Request *request)
{
	char		sqlstate[6];
	Span		result = {request->result.data, request->result.len};

	if (problem_of_result(result, sqlstate))
		request_answer(request, status_of(sqlstate, request_if_match(request)), PROBLEM_TYPE, &request->result);
	else
		request_answer(request, 200, format_type(FORMAT_JSON), &request->result);
}

static void
write_job(Request *request, bool repeats)
{
	request->job.writes = true;
	request->job.repeats = repeats;
	request->job.row = request_take_result;
}

static void
free_command(Request *request)
{
	command_text_free(request->more);
	free(request->more);
}

static void
command_ended(Request *request, JobEnd end)
{
	const CommandText *command = request->more;

	if (end == JOB_DONE)
		answer_result(request);
	else
		request_job_failed(request, end, command->command_id);
}

/* The body with what the headers say; false: refused. */
static bool
read_command(Request *request, CommandText **of)
{
	CommandText *command = must_alloc(sizeof *command);
	char		made[MADE_ID_SIZE];
	Span		key;
	Span		if_match;
	Refused		refused = {0};

	*command = (CommandText) {.command_id = ""};
	request->more = *of = command;
	request->free_more = free_command;
	make_id(made);
	if (guard_header(&request->head, "Idempotency-Key", &key, &refused) && guard_header(&request->head, "If-Match", &if_match, &refused) &&
		command_text((Span) {request->body.data, request->body.len}, key, if_match, made, command, &refused))
	{
		tell_id(request, command->command_id);
		return true;
	}
	request_refuse(request, &refused);
	return false;
}

/* The same of one that belongs to the object in the path. */
static bool
read_command_of_object(Request *request, CommandText **command)
{
	const char *object = request->match.parameters[0];
	Refused		refused = {0};

	if (!is_object(object))
	{
		refuse(&refused, 404, "there are no commands of \"%.60s\"", object);
		request_refuse(request, &refused);
		return false;
	}
	if (!read_command(request, command))
		return false;
	if (check_object((*command)->command_type, object, &refused))
		return true;
	request_refuse(request, &refused);
	return false;
}

void
command_run(Request *request)
{
	CommandText *command;
	JobStep    *step;

	if (!read_command_of_object(request, &command))
		return;
	step = request_add_step(request, SQL_COMMAND);
	step_value(step, 0, command->body.data);
	step_value(step, 1, request_correlation(request));
	write_job(request, command->command_id[0] != '\0');
	request_run_job(request, request->identity.pool, command_ended);
}

/* It locks what the command would, so it goes where commands go; and may be asked again, whatever became of it. */
void
preview_run(Request *request)
{
	CommandText *command;

	if (!read_command_of_object(request, &command))
		return;
	step_value(request_add_step(request, SQL_PREVIEW), 0, command->body.data);
	write_job(request, true);
	request_run_job(request, request->identity.pool, command_ended);
}

void
service_run(Request *request)
{
	CommandText *arguments;
	JobStep    *step;

	if (!read_command(request, &arguments))
		return;
	step = request_add_step(request, SQL_SERVICE);
	step_value(step, 0, request->match.parameters[0]);
	step_value(step, 1, arguments->body.data);
	step_value(step, 2, request_correlation(request));
	write_job(request, arguments->command_id[0] != '\0');
	request_run_job(request, request->identity.pool, command_ended);
}

/* ---- FIX ---- */

/* What would guard another route, and here guards nothing. */
static bool
has_no_header(Request *request, const char *name, Refused *refused)
{
	return request_header(request, name).data == NULL || refuse(refused, 400, "%s is of no use here: %s says it for one command", name, "POST /commands/{object}");
}

static void
fix_ended(Request *request, JobEnd end)
{
	if (end == JOB_DONE)
		answer_result(request);
	else if (end == JOB_UNKNOWN)
		request_refuse_with(request, 504, "the connection to PostgreSQL was lost, and nobody knows whether it was taken: send it again with PossDupFlag (43) or PossResend (97)");
	else
		request_job_failed(request, end, NULL);
}

static void
fix_run_one(Request *request)
{
	JobStep    *step = request_add_step(request, SQL_FIX);

	step_binary(step, 0, request->body.data, request->body.len);
	step_value(step, 1, request_correlation(request));
	write_job(request, false);
	request_run_job(request, request->identity.pool, fix_ended);
}

/* ---- batches ---- */

typedef struct Batch
{
	Text		commands;
	char		key[COMMAND_ID_SIZE];
} Batch;

static void
free_batch(Request *request)
{
	Batch	   *batch = request->more;

	text_free(&batch->commands);
	free(batch);
}

/* The results as PostgreSQL wrote them, in an array. */
static void
batch_row(Job *job, int step, const PGresult *result, int row)
{
	Request    *request = job->of;

	if (step != job->nsteps - 1)
		return;
	text_puts(&request->result, request->result.len == 0 ? "[" : ",\n ");
	text_add(&request->result, PQgetvalue(result, row, 0), (size_t) PQgetlength(result, row, 0));
}

static void
batch_again(Job *job)
{
	text_clear(&((Request *) job->of)->result);
}

static void
answer_array(Request *request)
{
	text_puts(&request->result, request->result.len == 0 ? "[]\n" : "]\n");
	request_answer(request, 200, format_type(FORMAT_JSON), &request->result);
}

static void
batch_ended(Request *request, JobEnd end)
{
	Batch	   *batch = request->more;

	if (end != JOB_DONE)
	{
		request_job_failed(request, end, batch->key[0] != '\0' ? batch->key : NULL);
		return;
	}
	answer_array(request);
}

/* Null is no id, and the last one counts: nothing would tell such a command's repeat. */
static bool
check_id(Span one, int place, Refused *refused)
{
	Span		id;

	return !parts_find(one, "commandId", &id) || !span_is(id, "null") ||
		refuse(refused, 400, "the commandId of command %d is null: leave it out, or name it", place);
}

/*
 * Each command without a commandId gets "KEY:1", "KEY:2", ... by its place, so that the whole array may be sent again: by us after a lost
 * connection, by the caller with the same key. What is no array of objects goes to PostgreSQL as it is, which says what is wrong with it.
 */
static bool
name_commands(Span body, const char *key, Text *out, Refused *refused)
{
	JsonParts	parts;
	Span		one;
	Span		id;
	int			place = 0;

	text_puts(out, "[");
	if (parts_begin_array(&parts, body))
	{
		while (parts_element(&parts, &one))
		{
			JsonParts	members;
			Span		name;
			Span		value;

			text_puts(out, place++ == 0 ? "" : ",");
			if (!check_id(one, place, refused))
				return false;
			if (parts_begin(&members, one) && !parts_find(one, "commandId", &id))
			{
				text_printf(out, "{\"commandId\":\"%s:%d\"%s", key, place, parts_next(&members, &name, &value) ? "," : "");
				one.data++;
				one.len--;
			}
			text_add(out, one.data, one.len);
		}
		if (parts_end(&parts))
		{
			text_puts(out, "]");
			return true;
		}
	}
	text_clear(out);
	text_add(out, body.len > 0 ? body.data : "", body.len);
	return true;
}

/* *atomic is what holds where it is not said. */
static bool
read_atomic(const Request *request, bool *atomic, Refused *refused)
{
	QueryRules	rules = {.conditions_max = 1, .values_max = 1};
	Query		query = {0};
	bool		fine = query_read(request->query, request->match.route->asks, &rules, NULL, &query, refused);

	if (query.says_atomic)
		*atomic = query.atomic;
	query_free(&query);
	return fine;
}

static bool
read_batch(Request *request, Batch *batch, bool *atomic, Refused *refused)
{
	Span		key;

	if (!read_atomic(request, atomic, refused) || !guard_header(&request->head, "Idempotency-Key", &key, refused))
		return false;
	if (key.data == NULL)
		make_id(batch->key);
	else if (key.len == 0 || key.len > COMMAND_ID_SIZE - 16)
		return refuse(refused, 400, "the Idempotency-Key of several commands has 1 to %d characters", COMMAND_ID_SIZE - 16);
	else
		snprintf(batch->key, sizeof batch->key, "%.*s", (int) key.len, key.data);
	if (strpbrk(batch->key, "\"\\") != NULL)
		return refuse(refused, 400, "the Idempotency-Key of several commands may hold no quote and no backslash");
	return true;
}

void
commands_run(Request *request)
{
	Batch	   *batch = must_alloc(sizeof *batch);
	Refused		refused = {0};
	JobStep    *step;
	bool		atomic = true;

	*batch = (Batch) {.key = ""};
	request->more = batch;
	request->free_more = free_batch;
	if (!has_no_header(request, "If-Match", &refused) || !read_batch(request, batch, &atomic, &refused) ||
		!name_commands((Span) {request->body.data, request->body.len}, batch->key, &batch->commands, &refused))
	{
		request_refuse(request, &refused);
		return;
	}
	tell_id(request, batch->key);
	step = request_add_step(request, SQL_COMMANDS);
	step_value(step, 0, batch->commands.data);
	step_value(step, 1, atomic ? "true" : "false");
	step_value(step, 2, request_correlation(request));
	write_job(request, true);
	request->job.row = batch_row;
	request->job.again = batch_again;
	request_run_job(request, request->identity.pool, batch_ended);
}

/* ---- FIX messages, one or many ---- */

static void
fix_many_ended(Request *request, JobEnd end)
{
	if (end == JOB_DONE)
		answer_array(request);
	else
		fix_ended(request, end);
}

/* What is no array is PostgreSQL's to refuse. Unless it is said, each message is for itself, as with oms_fix_many(). */
static void
fix_run_many(Request *request, bool atomic)
{
	JobStep    *step = request_add_step(request, SQL_FIX_MANY);

	step_value(step, 0, request->body.data);
	step_value(step, 1, atomic ? "true" : "false");
	step_value(step, 2, request_correlation(request));
	write_job(request, false);
	request->job.row = batch_row;
	request->job.again = batch_again;
	request_run_job(request, request->identity.pool, fix_many_ended);
}

void
fix_run(Request *request)
{
	bool		many = request_body_is_json(request);
	bool		atomic = false;
	Refused		refused = {0};
	bool		fine = has_no_header(request, "Idempotency-Key", &refused) && has_no_header(request, "If-Match", &refused);

	if (fine && request->body.len == 0)
		fine = refuse(&refused, 400, "the body has no message");
	if (fine && request->query.len > 0)
		fine = many ? read_atomic(request, &atomic, &refused) : refuse(&refused, 400, "one message is asked for nothing: ?atomic= is for an array");
	if (!fine)
		request_refuse(request, &refused);
	else if (many)
		fix_run_many(request, atomic);
	else
		fix_run_one(request);
}
