/*
 * debezium/bridge/questions.c
 *     What the store is asked by interval, each on a connection of its own.
 *
 * The loop that does this also answers the walsender, so nothing is waited for: not for a connection, not for an answer. That there is none is
 * no reason to hold back events: it is said once, and counted. (The events of an anchor come back as any event of a published table.)
 */
#include "questions.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "log.h"
#include "metrics.h"

#define CONNECT_US (INT64_C(10) * 1000000)
#define LATE_US (INT64_C(10) * 1000000)

typedef struct QuestionDef
{
	const char *purpose;		/* of its connection */
	const char *sql;
	const char *failure;		/* what is said where there is no answer */
	Metric		failures;
	void		(*take) (const PGresult *answer);	/* NULL: there is none any more */
} QuestionDef;

static void
take_anchor(const PGresult *answer)
{
	if (answer != NULL)
		metric_add(METRIC_ANCHORS, 1);
}

static void
take_figures(const PGresult *answer)
{
	Figure		figures[FIGURES_MAX];
	int			count = answer == NULL || PQnfields(answer) != 3 ? 0 : PQntuples(answer);

	if (count > FIGURES_MAX)
		count = FIGURES_MAX;
	for (int i = 0; i < count; i++)
		figures[i] = (Figure) {PQgetvalue(answer, i, 0), PQgetvalue(answer, i, 1), strtoll(PQgetvalue(answer, i, 2), NULL, 10)};
	figures_set(figures, count);
}

static const QuestionDef question_defs[QUESTION_COUNT] = {
	{"anchors", PG_SETTINGS "SELECT oms.anchor()", "no anchor was made", METRIC_ANCHOR_FAILURES, take_anchor},
	{"lifecycle", PG_SETTINGS "SELECT figure, label, value FROM oms.lifecycle_figures()", "no figures of the lifecycle", METRIC_LIFECYCLE_FAILURES, take_figures},
};

static void
question_end(Question *question, const QuestionDef *def)
{
	if (question->connection != NULL)
		def->take(NULL);
	PQfinish(question->connection);
	question->connection = NULL;
	question->waiting = question->sent = false;
}

static void
question_failed(Question *question, const QuestionDef *def, const PGresult *result)
{
	Problem		problem = {0};

	metric_add(def->failures, 1);
	pg_problem(question->connection, result, def->failure, &problem);
	problem.remedy = REMEDY_RETRY;
	if (!question->failing)
		log_problem(&problem);
	question->failing = true;
	question_end(question, def);
}

static void
question_send(Question *question, const QuestionDef *def)
{
	question->sent = true;
	if (PQsendQuery(question->connection, def->sql) == 0)
		question_failed(question, def, NULL);
}

/* A step of connecting, if the socket is ready for it. */
static void
question_connect(Question *question, const QuestionDef *def)
{
	struct pollfd fd = {.fd = PQsocket(question->connection), .events = question->wants == PGRES_POLLING_READING ? POLLIN : POLLOUT};

	if (poll(&fd, 1, 0) > 0)
		question->wants = PQconnectPoll(question->connection);
	if (question->wants == PGRES_POLLING_OK)
		question_send(question, def);
	else if (question->wants == PGRES_POLLING_FAILED || ticks_us() - question->asked_us > CONNECT_US)
		question_failed(question, def, NULL);
}

/* Several statements: the last one's rows are the answer. */
static void
question_take(Question *question, const QuestionDef *def)
{
	PGresult   *result = PQgetResult(question->connection);
	ExecStatusType status = PQresultStatus(result);

	if (result == NULL)
		question->waiting = false;
	else if (status == PGRES_TUPLES_OK)
	{
		question->failing = false;
		def->take(result);
	}
	else if (status != PGRES_COMMAND_OK)
		question_failed(question, def, result);
	PQclear(result);
}

static void
question_listen(Question *question, const QuestionDef *def, int64_t interval_us)
{
	Problem		problem = {0};

	if (PQconsumeInput(question->connection) == 0)
		question_failed(question, def, NULL);
	while (question->waiting && !PQisBusy(question->connection))
		question_take(question, def);
	if (!question->waiting || question->late || ticks_us() - question->asked_us < (interval_us > LATE_US ? interval_us : LATE_US))
		return;
	/* behind a lock, mostly: asking once more would only wait there too */
	question->late = true;
	metric_add(def->failures, 1);
	problem_set(&problem, REMEDY_RETRY, "pg_stat_activity shows what it waits for.", "%s: \"%s\" is not answered yet", def->failure, def->purpose);
	log_problem(&problem);
}

static void
question_turn(Question *question, const QuestionDef *def, const Options *options, int64_t interval_us)
{
	PgLogin		login;

	if (question->waiting)
	{
		if (question->sent)
			question_listen(question, def, interval_us);
		else
			question_connect(question, def);
		return;
	}
	if (interval_us == 0)
	{
		question_end(question, def);
		return;
	}
	if (question->asked_us != 0 && ticks_us() - question->asked_us < interval_us)
		return;
	question->asked_us = ticks_us();
	question->waiting = true;
	question->late = false;
	login = postgres_login(options, def->purpose);
	if (question->connection != NULL)
		question_send(question, def);
	else if ((question->connection = pg_begin(&login, NULL)) == NULL || PQstatus(question->connection) == CONNECTION_BAD)
		question_failed(question, def, NULL);
	else
		question->wants = PGRES_POLLING_WRITING;
}

void
questions_turn(Question questions[QUESTION_COUNT], const Options *options)
{
	const int64_t interval_ms[QUESTION_COUNT] = {options->anchor_interval_ms, options->lifecycle_interval_ms};

	for (int i = 0; i < QUESTION_COUNT; i++)
		question_turn(&questions[i], &question_defs[i], options, interval_ms[i] * 1000);
}

/* What is asked is done, or not: nobody is told. */
void
questions_end(Question questions[QUESTION_COUNT])
{
	for (int i = 0; i < QUESTION_COUNT; i++)
		question_end(&questions[i], &question_defs[i]);
}
