/*-------------------------------------------------------------------------
 *
 * publication_worker.c
 *	  oms.repair_publication() in a transaction of its own.
 *
 * pgoutput looks the publication up as the catalog was when a change was made.
 * A slot that is older than the commit of its publication meets changes for
 * which there was none, and fails on them for ever.  So the publication must
 * be committed before the slot is made, and a slot cannot be made by a
 * transaction that has written.  Both in one call of a function take a second
 * transaction: that of a background worker.
 *
 * The worker logs in as the session did and acts as the current user, as a
 * parallel worker does, so it may do what the caller may and nothing else.  It
 * knows one statement.  Its messages come back through a queue in a shared
 * segment, and the answer after its commit.
 *
 * Locks: those of CREATE and ALTER PUBLICATION, in the worker.  The caller
 * waits for the worker in a way that the deadlock detector does not see, so
 * the worker never waits for a lock without end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
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
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "slot/publication_worker.h"

#define QUEUE_SIZE			16384
#define LOCK_TIMEOUT_MS		10000	/* where the caller has set none */
#define ANSWER				'd' /* type of the message with the result */

#define REPAIR \
	"SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)), '[]')::pg_catalog.text FROM oms.repair_publication($1) AS r"

/* What the worker is told; the queue follows it in the segment. */
typedef struct Errand
{
	Oid			database;
	Oid			login;
	Oid			user;
	int			security_context;
	int			lock_timeout_ms;
	NameData	publication;
} Errand;

static shm_mq *
publication_queue_of(Errand *errand)
{
	return (shm_mq *) ((char *) errand + MAXALIGN(sizeof(Errand)));
}

/* ------------------------------------------------------------------------
 * the caller
 * ------------------------------------------------------------------------
 */

static Errand *
publication_write_errand(dsm_segment *segment, Name publication)
{
	Errand	   *errand = dsm_segment_address(segment);

	memset(errand, 0, sizeof(*errand));
	errand->database = MyDatabaseId;
	errand->login = GetAuthenticatedUserId();
	GetUserIdAndSecContext(&errand->user, &errand->security_context);
	errand->lock_timeout_ms = LockTimeout > 0 ? LockTimeout : LOCK_TIMEOUT_MS;
	errand->publication = *publication;
	shm_mq_set_receiver(shm_mq_create(publication_queue_of(errand), QUEUE_SIZE), MyProc);
	return errand;
}

static BackgroundWorkerHandle *
publication_start_worker(dsm_segment *segment)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
	worker.bgw_notify_pid = MyProcPid;
	strlcpy(worker.bgw_library_name, "oms_state", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "oms_publication_worker_main", sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_name, "oms_state publication", sizeof(worker.bgw_name));
	strlcpy(worker.bgw_type, "oms_state publication", sizeof(worker.bgw_type));
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("no background worker is free to repair the publication"),
				 errhint("Raise max_worker_processes, or run oms.repair_publication() in a transaction of its own first.")));
	return handle;
}

/* Raise what the worker said: its errors here too, its warnings as warnings. */
static void
publication_pass_on(StringInfo message)
{
	ErrorData	error;

	pq_parse_errornotice(message, &error);
	/* that the worker is dead is no reason for us to die */
	error.elevel = Min(error.elevel, ERROR);
	if (error.sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE && error.hint == NULL)
		error.hint = "Another transaction, or the one of this call, holds a lock on an event table. "
			"Call it in a transaction of its own.";
	ThrowErrorData(&error);
}

/* Listen to the worker until it has answered or is gone (NULL). */
static char *
publication_listen_to(shm_mq_handle *queue)
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
			publication_pass_on(&message);
		pfree(message.data);
	}
}

char *
oms_repair_publication_apart(Name publication)
{
	dsm_segment *segment;
	BackgroundWorkerHandle *worker;
	shm_mq_handle *queue;
	char	   *answer;

	segment = dsm_create(MAXALIGN(sizeof(Errand)) + QUEUE_SIZE, 0);
	queue = shm_mq_attach(publication_queue_of(publication_write_errand(segment, publication)), segment, NULL);
	worker = publication_start_worker(segment);
	shm_mq_set_handle(queue, worker);	/* so that we notice when it never starts */

	/* a cancelled caller must not leave the worker waiting for a lock */
	PG_TRY();
	{
		answer = publication_listen_to(queue);
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
				 errmsg("the background worker that repairs the publication ended without an answer"),
				 errhint("The server's log says why. Or run oms.repair_publication() in a transaction of its own.")));
	return answer;
}

/* ------------------------------------------------------------------------
 * the worker
 * ------------------------------------------------------------------------
 */

/* Repair and commit; the answer outlives the transaction. */
static char *
publication_repair(Errand *errand)
{
	Oid			type = NAMEOID;
	Datum		publication = NameGetDatum(&errand->publication);
	char	   *answer;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	SetUserIdAndSecContext(errand->user, errand->security_context);
	pgstat_report_activity(STATE_RUNNING, REPAIR);
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_execute_with_args(REPAIR, 1, &type, &publication, NULL, false, 0) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "BUG: oms.repair_publication() gave no array");
	answer = MemoryContextStrdup(TopMemoryContext,
								 SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	PopActiveSnapshot();
	SPI_finish();
	CommitTransactionCommand();
	pgstat_report_activity(STATE_IDLE, NULL);
	pgstat_report_stat(true);
	return answer;
}

void
oms_publication_worker_main(Datum main_arg)
{
	dsm_segment *segment;
	Errand	   *errand;
	char		timeout[16];
	char	   *answer;
	StringInfoData message;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();

	CurrentResourceOwner = ResourceOwnerCreate(NULL, "oms_state publication worker");
	segment = dsm_attach(DatumGetUInt32(main_arg));
	if (segment == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the session that wanted the publication repaired is gone")));
	errand = dsm_segment_address(segment);
	shm_mq_set_sender(publication_queue_of(errand), MyProc);
	pq_redirect_to_shm_mq(segment, shm_mq_attach(publication_queue_of(errand), segment, NULL));

	BackgroundWorkerInitializeConnectionByOid(errand->database, errand->login, 0);
	SetClientEncoding(GetDatabaseEncoding());	/* of the messages */
	snprintf(timeout, sizeof(timeout), "%d", errand->lock_timeout_ms);
	SetConfigOption("lock_timeout", timeout, PGC_USERSET, PGC_S_SESSION);

	answer = publication_repair(errand);
	pq_beginmessage(&message, ANSWER);
	pq_sendbytes(&message, answer, strlen(answer) + 1);
	pq_endmessage(&message);
}
