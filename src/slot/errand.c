/*-------------------------------------------------------------------------
 *
 * errand.c
 *	  A fixed statement in a transaction of its own, in this database or
 *	  another one of the cluster.
 *
 * pgoutput looks the publication up as the catalog was when a change was made.
 * A slot that is older than the commit of its publication meets changes for
 * which there was none, and fails on them for ever.  So the publication must
 * be committed before the slot is made, and a slot cannot be made by a
 * transaction that has written.  Both in one call of a function take a second
 * transaction: that of a background worker.  And pg_cron is in one database
 * of a cluster alone: what is to be said to it from another one takes a
 * session there.
 *
 * The worker logs in as the session did and acts as the current user, as a
 * parallel worker does, so it may do what the caller may and nothing else.
 * But in another database objects are other people's: a statement for pg_cron
 * is only run where its functions are those of the extension, which takes a
 * superuser to make.  It knows the statements of this file.  Its messages come
 * back through a queue in a shared segment, and the answer after its commit.
 *
 * Locks: those of the statement, in the worker.  The caller waits for the
 * worker in a way that the deadlock detector does not see, so the worker never
 * waits for a lock without end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "executor/spi.h"
#include "libpq/pqformat.h"
#include "libpq/pqmq.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/proc.h"
#include "storage/shm_mq.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "slot/errand.h"

#define QUEUE_SIZE			16384
#define LOCK_TIMEOUT_MS		10000	/* where the caller has set none */
#define ANSWER				'd' /* type of the message with the result */

typedef struct ErrandDef
{
	const char *what;			/* what the worker is for, as in "to ..." */
	const char *otherwise;		/* the user's way without a worker */
	bool		cron;			/* asks pg_cron */
	const char *statement;		/* takes a text, gives one row of one text */
} ErrandDef;

static const ErrandDef errand_defs[ERRAND_COUNT] = {
	[ERRAND_REPAIR_PUBLICATION] = {
		.what = "repair the publication",
		.otherwise = "run oms.repair_publication() in a transaction of its own first",
		.statement = "SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)), '[]')::pg_catalog.text "
		"FROM oms.repair_publication($1::pg_catalog.name) AS r",
	},
	/* the jobs by name, and why the last run of each failed; old runs are not looked for: there is no index on their job */
	[ERRAND_SCHEDULE] = {
		.what = "speak to pg_cron",
		.otherwise = "call pg_cron in its own database",
		.cron = true,
		.statement = "SELECT pg_catalog.jsonb_object_agg(s.name, d.return_message)::text "
		"FROM (SELECT j.name, cron.schedule_in_database(j.name, j.schedule, j.command, j.database) AS id "
		"FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS j (name text, schedule text, command text, database text)) AS s "
		"LEFT JOIN LATERAL (SELECT r.status, r.return_message FROM cron.job_run_details AS r "
		"WHERE r.jobid = s.id AND r.end_time IS NOT NULL AND r.runid > (SELECT max(m.runid) - 10000 FROM cron.job_run_details AS m) "
		"ORDER BY r.runid DESC LIMIT 1) AS d ON d.status = 'failed'",
	},
	/* all whose name is the argument and one more word */
	[ERRAND_UNSCHEDULE] = {
		.what = "speak to pg_cron",
		.otherwise = "call pg_cron in its own database",
		.cron = true,
		.statement = "SELECT coalesce(pg_catalog.jsonb_agg(j.jobname ORDER BY j.jobname) FILTER (WHERE cron.unschedule(j.jobid)), '[]')::text "
		"FROM cron.job AS j WHERE j.username = current_user AND pg_catalog.regexp_replace(j.jobname, ' [^ ]*$', '') = $1",
	},
};

#define CRON_IS_THERE \
	"SELECT FROM pg_catalog.pg_extension AS x JOIN pg_catalog.pg_depend AS d " \
	"ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = x.oid AND d.deptype = 'e' " \
	"JOIN pg_catalog.pg_proc AS p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.objid " \
	"WHERE x.extname = 'pg_cron' AND p.proname = 'schedule_in_database' AND p.pronamespace = " \
	"(SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'cron')"

/* What the worker is told; the queue follows it in the segment. */
typedef struct Errand
{
	ErrandKind	kind;
	Oid			database;
	Oid			login;
	Oid			user;
	int			security_context;
	int			lock_timeout_ms;
	int			encoding;		/* of the argument and of what is answered */
	Size		argument_size;
	char		argument[FLEXIBLE_ARRAY_MEMBER];
} Errand;

static Size
errand_size(Size argument_size)
{
	return MAXALIGN(offsetof(Errand, argument) + argument_size);
}

static shm_mq *
errand_queue_of(Errand *errand)
{
	return (shm_mq *) ((char *) errand + errand_size(errand->argument_size));
}

/* ------------------------------------------------------------------------
 * the statement
 * ------------------------------------------------------------------------
 */

/* In the transaction, as the user, with the search_path that there is; the answer is of the caller's memory. */
static char *
errand_execute(const ErrandDef *def, const char *argument)
{
	MemoryContext caller = CurrentMemoryContext;
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(argument);
	char	   *answer;

	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (def->cron && (SPI_execute(CRON_IS_THERE, true, 1) != SPI_OK_SELECT || SPI_processed != 1))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("pg_cron 1.4 or later is not installed in database \"%s\"", get_database_name(MyDatabaseId)),
				 errhint("CREATE EXTENSION pg_cron there, or ALTER EXTENSION pg_cron UPDATE.")));
	if (SPI_execute_with_args(def->statement, 1, &type, &value, NULL, false, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "BUG: an errand gave no answer");
	answer = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	answer = MemoryContextStrdup(caller, answer == NULL ? "null" : answer);
	PopActiveSnapshot();
	SPI_finish();
	return answer;
}

char *
oms_errand_here(ErrandKind kind, const char *argument)
{
	return errand_execute(&errand_defs[kind], argument);
}

/* ------------------------------------------------------------------------
 * the caller
 * ------------------------------------------------------------------------
 */

static Errand *
errand_write(dsm_segment *segment, ErrandKind kind, Oid database, const char *argument)
{
	Errand	   *errand = dsm_segment_address(segment);

	memset(errand, 0, sizeof(*errand));
	errand->kind = kind;
	errand->database = database;
	errand->login = GetAuthenticatedUserId();
	GetUserIdAndSecContext(&errand->user, &errand->security_context);
	errand->lock_timeout_ms = LockTimeout > 0 ? LockTimeout : LOCK_TIMEOUT_MS;
	errand->encoding = GetDatabaseEncoding();
	errand->argument_size = strlen(argument) + 1;
	memcpy(errand->argument, argument, errand->argument_size);
	shm_mq_set_receiver(shm_mq_create(errand_queue_of(errand), QUEUE_SIZE), MyProc);
	return errand;
}

static BackgroundWorkerHandle *
errand_start_worker(const ErrandDef *def, dsm_segment *segment)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
	worker.bgw_notify_pid = MyProcPid;
	strlcpy(worker.bgw_library_name, "oms_state", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "oms_errand_main", sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_name, "oms_state errand", sizeof(worker.bgw_name));
	strlcpy(worker.bgw_type, "oms_state errand", sizeof(worker.bgw_type));
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("no background worker is free to %s", def->what),
				 errhint("Raise max_worker_processes, or %s.", def->otherwise)));
	return handle;
}

/* Raise what the worker said: its errors here too, its warnings as warnings. */
static void
errand_pass_on(const ErrandDef *def, StringInfo message)
{
	ErrorData	error;

	pq_parse_errornotice(message, &error);
	/* that the worker is dead is no reason for us to die */
	error.elevel = Min(error.elevel, ERROR);
	if (error.sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE && error.hint == NULL)
		error.hint = def->cron ? "Another transaction holds a lock on a table of pg_cron."
			: "Another transaction, or the one of this call, holds a lock on an event table. "
			"Call it in a transaction of its own.";
	ThrowErrorData(&error);
}

/* Listen to the worker until it has answered or is gone (NULL). */
static char *
errand_listen_to(const ErrandDef *def, shm_mq_handle *queue)
{
	for (;;)
	{
		StringInfoData message;
		Size		length;
		void	   *data;
		char		type;

		if (shm_mq_receive(queue, &length, &data, false) != SHM_MQ_SUCCESS)
			return NULL;
		initStringInfo(&message);
		appendBinaryStringInfo(&message, data, length);
		type = pq_getmsgbyte(&message);
		if (type == ANSWER)
			return pstrdup(pq_getmsgrawstring(&message));
		if (type == 'E' || type == 'N')
			errand_pass_on(def, &message);
		pfree(message.data);
	}
}

char *
oms_errand_apart(ErrandKind kind, Oid database, const char *argument)
{
	const ErrandDef *def = &errand_defs[kind];
	dsm_segment *segment;
	BackgroundWorkerHandle *worker;
	shm_mq_handle *queue;
	char	   *answer;

	segment = dsm_create(errand_size(strlen(argument) + 1) + QUEUE_SIZE, 0);
	queue = shm_mq_attach(errand_queue_of(errand_write(segment, kind, database, argument)), segment, NULL);
	worker = errand_start_worker(def, segment);
	shm_mq_set_handle(queue, worker);	/* so that we notice when it never starts */

	/* a cancelled caller must not leave the worker waiting for a lock */
	PG_TRY();
	{
		answer = errand_listen_to(def, queue);
		WaitForBackgroundWorkerShutdown(worker);
	}
	PG_CATCH();
	{
		TerminateBackgroundWorker(worker);
		PG_RE_THROW();
	}
	PG_END_TRY();
	dsm_detach(segment);
	if (answer == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("the background worker that was to %s ended without an answer", def->what),
				 errhint("The server's log says why. Or %s.", def->otherwise)));
	return answer;
}

/* ------------------------------------------------------------------------
 * the worker
 * ------------------------------------------------------------------------
 */

/*
 * Do it and commit; the answer outlives the transaction.  Both databases may
 * have encodings of their own: the caller's is to us what a client's is.
 */
static char *
errand_do(Errand *errand)
{
	const ErrandDef *def = &errand_defs[errand->kind];
	char	   *answer;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	if (PrepareClientEncoding(errand->encoding) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("conversion between %s and %s is not supported", pg_encoding_to_char(errand->encoding), GetDatabaseEncodingName())));
	SetClientEncoding(errand->encoding);
	SetUserIdAndSecContext(errand->user, errand->security_context);
	pgstat_report_activity(STATE_RUNNING, def->statement);
	answer = errand_execute(def, pg_any_to_server(errand->argument, errand->argument_size - 1, errand->encoding));
	answer = MemoryContextStrdup(TopMemoryContext, pg_server_to_client(answer, strlen(answer)));
	CommitTransactionCommand();
	pgstat_report_activity(STATE_IDLE, NULL);
	pgstat_report_stat(true);
	return answer;
}

void
oms_errand_main(Datum main_arg)
{
	dsm_segment *segment;
	Errand	   *errand;
	char		timeout[16];
	char	   *answer;
	StringInfoData message;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();

	CurrentResourceOwner = ResourceOwnerCreate(NULL, "oms_state errand");
	segment = dsm_attach(DatumGetUInt32(main_arg));
	if (segment == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the session that the worker was started for is gone")));
	errand = dsm_segment_address(segment);
	shm_mq_set_sender(errand_queue_of(errand), MyProc);
	pq_redirect_to_shm_mq(segment, shm_mq_attach(errand_queue_of(errand), segment, NULL));

	BackgroundWorkerInitializeConnectionByOid(errand->database, errand->login, 0);
	snprintf(timeout, sizeof(timeout), "%d", errand->lock_timeout_ms);
	SetConfigOption("lock_timeout", timeout, PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION);

	answer = errand_do(errand);
	pq_beginmessage(&message, ANSWER);
	pq_sendbytes(&message, answer, strlen(answer) + 1);
	pq_endmessage(&message);
}
