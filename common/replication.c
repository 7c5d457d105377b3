/*
 * common/replication.c
 *     The replication connection: commands of the walsender, and the stream in both directions.
 *
 * Works without waiting once the stream runs: what libpq has not read from the socket stays with the server, which is how
 * back-pressure reaches the walsender.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication.h"

/* Microseconds from 1970 to 2000, where PostgreSQL's clock begins. */
#define POSTGRES_EPOCH_US INT64_C(946684800000000)

/* It need not hear from us more often than that, nor less. */
#define STATUS_MAX_US INT64_C(10000000)
#define STATUS_MIN_US INT64_C(100000)
#define SILENCE_US INT64_C(60000000)

struct Replication
{
	PGconn	   *connection;
	int64_t		silence_us;
	int64_t		status_interval_us;
	char	   *message;		/* of libpq, until the next call */
};

/* The walsender's own setting says how long it waits; not every server lets us set it. */
static void
learn_timeout(Replication *replication)
{
	PGconn	   *connection = replication->connection;
	PGresult   *result = pg_exec(connection, "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'");
	int64_t		timeout_ms = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
	int64_t		third_us = timeout_ms * 1000 / 3;

	PQclear(result);
	replication->silence_us = timeout_ms > 0 ? timeout_ms * 1000 : SILENCE_US;
	replication->status_interval_us = third_us <= 0 || third_us > STATUS_MAX_US ? STATUS_MAX_US : third_us < STATUS_MIN_US ? STATUS_MIN_US : third_us;
}

bool
replication_open(const PgLogin *login, Replication **replication, ServerIdentity *identity, Problem *problem)
{
	PGconn	   *connection;
	PGresult   *result;
	bool		fine;

	*replication = NULL;
	if (!pg_open(login, "database", &connection, problem))
		return false;
	result = pg_exec(connection, "IDENTIFY_SYSTEM");
	fine = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 && PQnfields(result) >= 3 &&
		lsn_parse(PQgetvalue(result, 0, 2), &identity->lsn);
	if (fine)
	{
		snprintf(identity->sysid, sizeof identity->sysid, "%s", PQgetvalue(result, 0, 0));
		snprintf(identity->database, sizeof identity->database, "%s", PQdb(connection));
		identity->timeline = (uint32_t) strtoul(PQgetvalue(result, 0, 1), NULL, 10);
		*replication = must_alloc(sizeof(Replication));
		**replication = (Replication) {.connection = connection};
		learn_timeout(*replication);
	}
	else
		pg_problem(connection, result, "PostgreSQL did not identify itself", problem);
	PQclear(result);
	if (!fine)
		PQfinish(connection);
	return fine;
}

Replication *
replication_of(PGconn *connection)
{
	Replication *replication = must_alloc(sizeof(Replication));

	*replication = (Replication) {.connection = connection, .silence_us = SILENCE_US, .status_interval_us = STATUS_MAX_US};
	return replication;
}

void
replication_close(Replication *replication)
{
	if (replication == NULL)
		return;
	PQfreemem(replication->message);
	PQfinish(replication->connection);
	free(replication);
}

/* The history file: lines of "timeline<TAB>LSN<TAB>reason". */
static Lsn
find_switch_point(char *history, uint32_t of)
{
	char	   *rest = NULL;

	for (char *line = strtok_r(history, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
	{
		uint32_t	timeline;
		char		text[LSN_TEXT_SIZE];
		Lsn			lsn;

		if (sscanf(line, "%u %17s", &timeline, text) == 2 && timeline == of && lsn_parse(text, &lsn))
			return lsn;
	}
	return LSN_NONE;
}

bool
replication_switch_point(Replication *replication, uint32_t of, uint32_t now, Lsn *lsn, Problem *problem)
{
	char		command[40];
	PGresult   *result;
	char	   *history;

	snprintf(command, sizeof command, "TIMELINE_HISTORY %u", now);
	result = pg_exec(replication->connection, command);
	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1 || PQnfields(result) < 2)
	{
		pg_problem(replication->connection, result, "cannot read the timeline's history", problem);
		PQclear(result);
		return false;
	}
	history = must_strdup(PQgetvalue(result, 0, 1));
	*lsn = find_switch_point(history, of);
	free(history);
	PQclear(result);
	return true;
}

/* A name in double quotes, for the walsender's grammar. Freed by the caller with PQfreemem. */
static char *
quoted(const Replication *replication, const char *name)
{
	char	   *text = PQescapeIdentifier(replication->connection, name, strlen(name));

	return text != NULL ? text : must_strdup("\"\"");
}

bool
replication_create_slot(Replication *replication, PGconn *control, PgTell tell, const char *slot, bool temporary, const char *plugin,
						Lsn *consistent, char snapshot[64], bool *refused, Problem *problem)
{
	char	   *name = quoted(replication, slot);
	char	   *library = quoted(replication, plugin);
	Text		command = {0};
	PGresult   *result;
	bool		fine;

	text_printf(&command, "CREATE_REPLICATION_SLOT %s %sLOGICAL %s (SNAPSHOT 'export')", name, temporary ? "TEMPORARY " : "", library);
	PQfreemem(name);
	PQfreemem(library);
	result = pg_exec_telling(replication->connection, command.data, control, tell);
	text_free(&command);
	fine = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 && PQnfields(result) >= 3 &&
		lsn_parse(PQgetvalue(result, 0, 1), consistent);
	if (fine)
		snprintf(snapshot, 64, "%s", PQgetvalue(result, 0, 2));
	else
	{
		const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
		char		attempt[120];

		/* undefined_file: no such library here; the others: not on the server's list */
		*refused = state != NULL && (strcmp(state, "58P01") == 0 || strcmp(state, "42501") == 0 || strcmp(state, "22023") == 0 ||
									 strcmp(state, "55000") == 0 || strcmp(state, "42809") == 0);
		snprintf(attempt, sizeof attempt, "cannot create replication slot \"%s\" with plugin %s", slot, plugin);
		pg_problem(replication->connection, result, attempt, problem);
		if (state != NULL && strcmp(state, "53400") == 0)
			problem->remedy = REMEDY_STOP;
	}
	PQclear(result);
	return fine;
}

bool
replication_drop_slot(Replication *replication, const char *slot, Problem *problem)
{
	char	   *name = quoted(replication, slot);
	Text		command = {0};
	PGresult   *result;
	bool		fine;

	text_printf(&command, "DROP_REPLICATION_SLOT %s", name);
	PQfreemem(name);
	result = pg_exec(replication->connection, command.data);
	text_free(&command);
	fine = PQresultStatus(result) == PGRES_COMMAND_OK;
	if (!fine)
		pg_problem(replication->connection, result, "cannot drop the old replication slot", problem);
	PQclear(result);
	return fine;
}

bool
replication_start(Replication *replication, const char *slot, Lsn from, const char *options, Problem *problem)
{
	char	   *name = quoted(replication, slot);
	char		lsn[LSN_TEXT_SIZE];
	Text		command = {0};
	PGresult   *result;
	bool		fine;

	text_printf(&command, "START_REPLICATION SLOT %s LOGICAL %s %s", name, lsn_text(from, lsn), options);
	PQfreemem(name);
	result = pg_exec(replication->connection, command.data);
	text_free(&command);
	fine = PQresultStatus(result) == PGRES_COPY_BOTH;
	if (!fine)
		pg_problem(replication->connection, result, "cannot start the stream", problem);
	PQclear(result);
	return fine;
}

static uint64_t
read_u64(const char *data)
{
	uint64_t	value;

	memcpy(&value, data, sizeof value);
	return be64toh(value);
}

/* What libpq says when the copy is over. */
static Received
ended(Replication *replication, Problem *problem)
{
	PGresult   *result = PQgetResult(replication->connection);
	ExecStatusType status = PQresultStatus(result);
	Received	received = {.kind = RECEIVED_END};

	if (status == PGRES_FATAL_ERROR || PQstatus(replication->connection) != CONNECTION_OK)
	{
		received.kind = RECEIVED_FAILURE;
		pg_problem(replication->connection, result, "the stream from PostgreSQL broke off", problem);
		/* undefined_object: the slot is older than the publication, and pgoutput will never get past what lies between */
		if (result != NULL && PQresultErrorField(result, PG_DIAG_SQLSTATE) != NULL &&
			strcmp(PQresultErrorField(result, PG_DIAG_SQLSTATE), "42704") == 0)
			problem->remedy = REMEDY_RECONCILE;
	}
	else
		problem_set(problem, REMEDY_RETRY, NULL, "PostgreSQL ended the stream");
	PQclear(result);
	return received;
}

static Received
understand(const char *message, int len, Problem *problem)
{
	Received	received = {.kind = RECEIVED_FAILURE};

	/* 'w' start end time data; 'k' end time reply */
	if (len >= 25 && message[0] == 'w')
	{
		received.kind = RECEIVED_DATA;
		received.data = (Span) {message + 25, (size_t) len - 25};
	}
	else if (len >= 18 && message[0] == 'k')
	{
		received.kind = RECEIVED_KEEPALIVE;
		received.wal_end = read_u64(message + 1);
		received.reply = message[17] != 0;
	}
	else
		problem_set(problem, REMEDY_RETRY, NULL, "PostgreSQL sent a replication message of %d bytes that begins with 0x%02x", len,
					len > 0 ? (unsigned char) message[0] : 0);
	return received;
}

Received
replication_receive(Replication *replication, Problem *problem)
{
	int			len;

	PQfreemem(replication->message);
	replication->message = NULL;
	len = PQgetCopyData(replication->connection, &replication->message, 1);
	/* more than once: TLS and GSS may hold back a part of what they have decrypted, and the socket would not tell */
	for (int tries = PQsslInUse(replication->connection) || PQgssEncInUse(replication->connection) ? 3 : 1; len == 0 && tries > 0; tries--)
	{
		if (!PQconsumeInput(replication->connection))
		{
			pg_problem(replication->connection, NULL, "the stream from PostgreSQL broke off", problem);
			return (Received) {.kind = RECEIVED_FAILURE};
		}
		len = PQgetCopyData(replication->connection, &replication->message, 1);
	}
	if (len == 0)
		return (Received) {.kind = RECEIVED_NOTHING};
	if (len == -1)
		return ended(replication, problem);
	if (len < 0)
	{
		pg_problem(replication->connection, NULL, "cannot read the stream from PostgreSQL", problem);
		return (Received) {.kind = RECEIVED_FAILURE};
	}
	return understand(replication->message, len, problem);
}

int
replication_socket(const Replication *replication)
{
	return PQsocket(replication->connection);
}

bool
replication_status(Replication *replication, Lsn received, Lsn recorded, bool ping, Problem *problem)
{
	char		message[34] = {'r'};
	uint64_t	fields[4] = {htobe64(received), htobe64(recorded), htobe64(recorded), htobe64((uint64_t) (wall_us() - POSTGRES_EPOCH_US))};

	memcpy(message + 1, fields, sizeof fields);
	message[sizeof message - 1] = ping;
	if (PQputCopyData(replication->connection, message, sizeof message) <= 0 || PQflush(replication->connection) < 0)
		return pg_problem(replication->connection, NULL, "cannot answer PostgreSQL", problem);
	return true;
}

int64_t
replication_status_interval_us(const Replication *replication)
{
	return replication->status_interval_us;
}

int64_t
replication_silence_us(const Replication *replication)
{
	return replication->silence_us;
}

/*
 * Hangs up at once: a walsender that is held up because we do not read sees no goodbye, and the server's shutdown waits for it.
 */
void
replication_end(Replication *replication)
{
	if (PQputCopyEnd(replication->connection, NULL) > 0)
		PQflush(replication->connection);
	PQfinish(replication->connection);
	replication->connection = NULL;
}
