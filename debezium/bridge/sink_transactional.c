/*
 * debezium/bridge/sink_transactional.c
 *     Exactly once: events and position in one Kafka transaction.
 *
 * The producer has one transactional id for each pipeline of a cluster: initialising it fences every older instance and ends
 * what that had begun. Answers of the library mean: retriable, the same call again; abortable, abort and do the batch again; all
 * else, the end of this producer. A commit whose answer does not come in time is neither done nor not done: publish() fails, and the
 * next session reads in Kafka which it was.
 *
 * The position goes last. Should the broker ever commit a fragment of a transaction (KAFKA-17754: a commit request of the
 * transaction before, delayed on its way, sent again, and then arriving after all), events without their position are found
 * when Kafka is read back, while a position without its events would be a loss. Partitions are written side by side, so after a commit that may
 * have been sent twice the position waits until all events are delivered.
 */
#include "sink_kafka.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kafka_error.h"
#include "log.h"
#include "metrics.h"

#define TRIES_MAX 5				/* of a batch that is aborted for reasons that pass */
#define RESENT_US 50000			/* the library sends a request again after 100 ms at the earliest */
#define PAUSE_US 20000
/*
 * Between two looks while a commit is under way. librdkafka (2.0.2) forgets which call it serves when one is cut off in its first
 * step, and ends the program when the coordinator's answer comes just then: a starved machine must not cut it off so soon.
 */
#define COMMIT_WAIT_MS 1000
#define BACK_OFF_US 20000		/* the library's, when Kafka is not ready for the next transaction */
#define SETTLE_MAX_US 3000
#define BACK_TO_BACK_US 50000

typedef enum Outcome
{
	OUTCOME_GOOD,
	OUTCOME_ABORT,				/* the transaction must be aborted; why is in sink->transaction */
	OUTCOME_FAILED				/* the producer is of no more use; the problem is set */
} Outcome;

/* One batch. */
typedef struct Batch
{
	KafkaSink  *sink;
	Event	  **events;
	size_t		count;
	Text		position;
	bool	   *alone;			/* events to be sent in requests of their own, to see which of several is refused; NULL: none */
	Problem    *problem;
} Batch;

static int64_t
deadline_us(const KafkaSink *sink, int64_t from_us)
{
	return from_us + sink->options->transaction_timeout_ms * 1000;
}

/* --- what went wrong --- */

void
sink_transactional_delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *client)
{
	KafkaSink  *sink = kafka_client_owner(client);
	Transaction *transaction = &sink->transaction;
	Event	   *event = message->_private;	/* NULL: the position */

	(void) rk;
	if (sink->closing)
		return;
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
	{
		if (transaction->acked_us == 0)
			transaction->acked_us = ticks_us();
		if (event == NULL || sink_delivered(sink, event, message, &transaction->lost))
			return;
	}
	transaction->undelivered++;
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	if (event != NULL && kafka_error(message->err)->blame == BLAME_RECORD)
	{
		if (transaction->refused == transaction->room)
		{
			transaction->room = transaction->room * 2 + 16;
			transaction->refusals = must_realloc(transaction->refusals, transaction->room * sizeof *transaction->refusals);
		}
		transaction->refusals[transaction->refused++] = (Refusal) {event, message->err};
	}
	else if (transaction->failure == RD_KAFKA_RESP_ERR_NO_ERROR &&
			 message->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE && message->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
		transaction->failure = message->err;
}

/* The producer has failed for good. */
static Outcome
fail(KafkaSink *sink, rd_kafka_resp_err_t err, const char *text, const char *doing, Problem *problem)
{
	int64_t		age_us = ticks_us() - sink->transaction.began_us;

	if (kafka_error(err)->blame != BLAME_FENCED)
		kafka_problem(problem, err, text, "%s", doing);
	else if (sink->transaction.open && age_us > sink->options->transaction_timeout_ms * 1000)
		problem_set(problem, REMEDY_RETRY, "raise transaction.timeout.ms if this host or Kafka may stand still for so long",
					"%s: Kafka has ended our transaction, which was open for %lld ms (transaction.timeout.ms = %lld)", doing,
					(long long) (age_us / 1000), (long long) sink->options->transaction_timeout_ms);
	else
	{
		metric_add(METRIC_FENCED, 1);
		problem_set(problem, REMEDY_RETRY, "each bridge of a PostgreSQL cluster needs a pipeline of its own, unless one stands by for the other",
					"%s: another instance took over the transactional id \"%s\" (%s)", doing, sink->transactional_id, rd_kafka_err2name(err));
	}
	return OUTCOME_FAILED;
}

/* What the library answered, which is freed. Retriable answers do not come here. */
static Outcome
judge(KafkaSink *sink, rd_kafka_error_t *error, const char *doing, Problem *problem)
{
	rd_kafka_resp_err_t err = rd_kafka_error_code(error);
	Outcome		outcome = OUTCOME_ABORT;

	if (rd_kafka_error_is_fatal(error) || !rd_kafka_error_txn_requires_abort(error))
	{
		char		text[512];
		rd_kafka_resp_err_t first = rd_kafka_fatal_error(sink->producer.rk, text, sizeof text);

		outcome = first != RD_KAFKA_RESP_ERR_NO_ERROR ? fail(sink, first, text, doing, problem)
			: fail(sink, err, rd_kafka_error_string(error), doing, problem);
	}
	else if (sink->transaction.failure == RD_KAFKA_RESP_ERR_NO_ERROR && err != RD_KAFKA_RESP_ERR__INCONSISTENT)
		sink->transaction.failure = err;	/* __INCONSISTENT: see the delivery reports */
	rd_kafka_error_destroy(error);
	return outcome;
}

/* Has the library given the producer up? */
static Outcome
check_fatal(KafkaSink *sink, const char *doing, Problem *problem)
{
	char		text[512];
	rd_kafka_resp_err_t err = rd_kafka_fatal_error(sink->producer.rk, text, sizeof text);

	return err == RD_KAFKA_RESP_ERR_NO_ERROR ? OUTCOME_GOOD : fail(sink, err, text, doing, problem);
}

/* Longer than a transaction may take. Why, only the library can tell, if anybody. */
static Outcome
too_long(KafkaSink *sink, const char *doing, Problem *problem)
{
	if (sink->producer.errors > 0)
		kafka_unreachable(&sink->producer, sink->options, doing, problem);
	else
		problem_set(problem, REMEDY_RETRY, "Kafka was slow or out of reach, or this process stood still", "%s within transaction.timeout.ms = %lld", doing,
					(long long) sink->options->transaction_timeout_ms);
	return OUTCOME_FAILED;
}

/* Between two looks at something that takes its time. */
static Outcome
keep_waiting(KafkaSink *sink, int64_t give_up_us, const char *doing, Problem *problem)
{
	if (sink_stop(sink))
	{
		kafka_stopped(problem);
		return OUTCOME_FAILED;
	}
	if (ticks_us() > give_up_us)
		return too_long(sink, doing, problem);
	return check_fatal(sink, doing, problem);
}

/* --- one attempt --- */

/*
 * A commit is answered before its markers are in all partitions. Until then Kafka refuses the next transaction, and the library comes
 * back after 20 ms. To wait a little before costs less: as long as it has lately taken, by what the first delivery of a
 * transaction needed. A transaction that comes later anyway waits for nothing.
 */
static void
settle(const Transaction *transaction)
{
	int64_t		left_us = transaction->committed_us + transaction->settle_us - ticks_us();

	if (transaction->committed_us > 0 && left_us > 0)
		usleep((useconds_t) left_us);
}

static void
learn_to_settle(Transaction *transaction, int64_t commit_us)
{
	int64_t		first_us = transaction->acked_us - transaction->began_us;

	if (transaction->began_us - transaction->committed_us > BACK_TO_BACK_US || transaction->acked_us == 0)
		return;
	/* Adding partitions and writing are two round trips; a commit is one, and shows what one costs here and now. */
	if (first_us > BACK_OFF_US + 3 * commit_us)
		transaction->settle_us = transaction->settle_us * 3 / 2 + 500;
	else
		transaction->settle_us -= transaction->settle_us / 32;
	if (transaction->settle_us > SETTLE_MAX_US)
		transaction->settle_us = SETTLE_MAX_US;
}

static Outcome
begin(KafkaSink *sink, Problem *problem)
{
	Transaction *transaction = &sink->transaction;
	rd_kafka_error_t *error;

	transaction->refused = 0;
	transaction->undelivered = 0;
	transaction->failure = RD_KAFKA_RESP_ERR_NO_ERROR;
	transaction->acked_us = 0;
	sink->producer.errors = 0;	/* what was wrong an hour ago explains nothing */
	settle(transaction);
	transaction->began_us = ticks_us();
	if (transaction->begun)
		return OUTCOME_GOOD;
	error = rd_kafka_begin_transaction(sink->producer.rk);
	if (error != NULL)
	{
		/* There is nothing to abort in what was not begun. */
		if (judge(sink, error, "cannot begin a Kafka transaction", problem) == OUTCOME_ABORT)
			kafka_problem(problem, transaction->failure, NULL, "cannot begin a Kafka transaction");
		return OUTCOME_FAILED;
	}
	transaction->begun = true;
	return OUTCOME_GOOD;
}

/* Until everything handed over is delivered, or something has failed. */
static Outcome
deliver(KafkaSink *sink, Problem *problem)
{
	int64_t		give_up_us = deadline_us(sink, sink->transaction.began_us);
	Outcome		outcome = OUTCOME_GOOD;

	while (rd_kafka_outq_len(sink->producer.rk) > 0 && sink->transaction.undelivered == 0 && outcome == OUTCOME_GOOD)
		if (rd_kafka_flush(sink->producer.rk, KAFKA_WAIT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
			outcome = keep_waiting(sink, give_up_us, "cannot deliver records to Kafka", problem);
	return outcome == OUTCOME_GOOD && sink->transaction.undelivered > 0 ? OUTCOME_ABORT : outcome;
}

/* Hands one record over: the event, or the position when event is NULL. */
static Outcome
hand_over(Batch *batch, Event *event)
{
	KafkaSink  *sink = batch->sink;
	rd_kafka_resp_err_t err;

	while ((err = event != NULL ? sink_produce(sink, event) : sink_produce_position(sink, &batch->position, NULL)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
	{
		Outcome		outcome = keep_waiting(sink, deadline_us(sink, sink->transaction.began_us), "cannot deliver records to Kafka", batch->problem);

		if (outcome != OUTCOME_GOOD)
			return outcome;
		rd_kafka_poll(sink->producer.rk, KAFKA_WAIT_MS);
	}
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return OUTCOME_GOOD;
	if (event != NULL && kafka_error(err)->blame == BLAME_RECORD)
	{
		/* The library itself sees that it is too large. It has taken nothing, so the transaction can go on. */
		if (sink->options->on_error == ON_ERROR_DLQ && event->refused == NULL)
		{
			sink_refuse(sink, event, err);
			return hand_over(batch, event);
		}
		sink_refusal(sink, event, err, batch->problem);
		return OUTCOME_FAILED;
	}
	if (check_fatal(sink, "cannot hand records to Kafka", batch->problem) != OUTCOME_GOOD)
		return OUTCOME_FAILED;
	/* __STATE: a record before has failed, and the transaction with it. */
	if (err != RD_KAFKA_RESP_ERR__STATE && sink->transaction.failure == RD_KAFKA_RESP_ERR_NO_ERROR)
		sink->transaction.failure = err;
	return OUTCOME_ABORT;
}

static Outcome
hand_over_all(Batch *batch)
{
	Outcome		outcome = OUTCOME_GOOD;

	for (size_t i = 0; i < batch->count && outcome == OUTCOME_GOOD; i++)
	{
		bool		alone = batch->alone != NULL && batch->alone[i];

		if (alone)
			outcome = deliver(batch->sink, batch->problem);
		if (outcome == OUTCOME_GOOD)
			outcome = hand_over(batch, batch->events[i]);
		if (outcome == OUTCOME_GOOD && alone)
			outcome = deliver(batch->sink, batch->problem);
	}
	if (outcome == OUTCOME_GOOD && batch->sink->transaction.careful)
		outcome = deliver(batch->sink, batch->problem);
	return outcome == OUTCOME_GOOD ? hand_over(batch, NULL) : outcome;
}

static Outcome
commit(KafkaSink *sink, Problem *problem)
{
	Transaction *transaction = &sink->transaction;
	int64_t		began_us = ticks_us();
	int64_t		give_up_us = deadline_us(sink, transaction->began_us);
	int64_t		commit_us;
	bool		resumed = false;
	rd_kafka_error_t *error;

	transaction->committing = true;
	while ((error = rd_kafka_commit_transaction(sink->producer.rk, COMMIT_WAIT_MS)) != NULL)
	{
		Outcome		outcome;

		if (!rd_kafka_error_is_retriable(error))
			return judge(sink, error, "cannot commit a Kafka transaction", problem);
		if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__TIMED_OUT)
			usleep(PAUSE_US);
		rd_kafka_error_destroy(error);
		resumed = true;
		outcome = keep_waiting(sink, give_up_us, "cannot learn whether a Kafka transaction is committed", problem);
		if (outcome != OUTCOME_GOOD)
			return outcome;
	}
	transaction->begun = false;
	transaction->open = false;
	transaction->committing = false;
	commit_us = ticks_us() - began_us;
	learn_to_settle(transaction, commit_us);
	transaction->committed_us = began_us + commit_us;
	transaction->careful = commit_us > RESENT_US;
	if (!resumed)
		return OUTCOME_GOOD;

	/*
	 * A call that was resumed may have taken the answer to an earlier step for the answer to its last. Only a transaction
	 * that is over lets another one begin.
	 */
	error = rd_kafka_begin_transaction(sink->producer.rk);
	if (error == NULL)
	{
		transaction->begun = true;
		return OUTCOME_GOOD;
	}
	if (judge(sink, error, "cannot learn whether a Kafka transaction is committed", problem) == OUTCOME_ABORT)
		kafka_problem(problem, transaction->failure, NULL, "cannot learn whether a Kafka transaction is committed");
	return OUTCOME_FAILED;
}

/*
 * Records failed and their reports may say only that they were given up. The library knows what came first, and says so
 * whenever it is asked for what that state does not allow.
 */
static Outcome
ask_reason(KafkaSink *sink, Problem *problem)
{
	rd_kafka_error_t *error = rd_kafka_begin_transaction(sink->producer.rk);

	if (error != NULL && (rd_kafka_error_is_fatal(error) || rd_kafka_error_txn_requires_abort(error)))
		return judge(sink, error, "a Kafka transaction has failed", problem);
	rd_kafka_error_destroy(error);	/* it is still open: the reports have said what there is */
	return OUTCOME_ABORT;
}

static Outcome
attempt(Batch *batch)
{
	KafkaSink  *sink = batch->sink;
	Outcome		outcome = begin(sink, batch->problem);

	if (outcome != OUTCOME_GOOD)
		return outcome;
	sink->transaction.open = true;
	outcome = hand_over_all(batch);
	if (outcome == OUTCOME_GOOD)
		outcome = deliver(sink, batch->problem);
	if (outcome == OUTCOME_GOOD)
		outcome = commit(sink, batch->problem);
	if (outcome == OUTCOME_ABORT && sink->transaction.refused == 0)
		outcome = ask_reason(sink, batch->problem);
	return outcome;
}

static Outcome
abort_transaction(KafkaSink *sink, Problem *problem)
{
	int64_t		give_up_us = deadline_us(sink, ticks_us());
	rd_kafka_error_t *error;

	while ((error = rd_kafka_abort_transaction(sink->producer.rk, KAFKA_WAIT_MS)) != NULL)
	{
		Outcome		outcome;

		if (!rd_kafka_error_is_retriable(error) && !rd_kafka_error_txn_requires_abort(error))
			return judge(sink, error, "cannot abort a Kafka transaction", problem);
		if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__TIMED_OUT)
			usleep(PAUSE_US);
		rd_kafka_error_destroy(error);
		outcome = keep_waiting(sink, give_up_us, "cannot abort a Kafka transaction", problem);
		if (outcome != OUTCOME_GOOD)
			return outcome;
	}
	sink->transaction.begun = false;
	sink->transaction.open = false;
	sink->transaction.committing = false;
	metric_add(METRIC_KAFKA_ABORTS, 1);
	return OUTCOME_GOOD;
}

/* --- after an abort --- */

/*
 * Some records were refused. The broker refuses requests: of several records in one, it may mean any. What was alone in its
 * request is certain, the rest is sent again one by one. False: the problem names an event.
 */
static bool
settle_refusals(Batch *batch)
{
	KafkaSink  *sink = batch->sink;
	const Transaction *transaction = &sink->transaction;

	if (batch->alone == NULL)
	{
		batch->alone = must_alloc(batch->count * sizeof *batch->alone);
		memset(batch->alone, 0, batch->count * sizeof *batch->alone);
	}
	for (size_t i = 0; i < transaction->refused; i++)
	{
		const Refusal *refusal = &transaction->refusals[i];
		size_t		place = 0;

		while (batch->events[place] != refusal->event)
			place++;			/* it is one of them */
		if (transaction->refused > 1 && !batch->alone[place])
			batch->alone[place] = true;
		else if (sink->options->on_error == ON_ERROR_STOP || refusal->event->refused != NULL)
			return sink_refusal(sink, refusal->event, refusal->err, batch->problem);
		else
			sink_refuse(sink, refusal->event, refusal->err);
	}
	return true;
}

/* True: do the batch again. */
static bool
again(Batch *batch, int *tries)
{
	const Transaction *transaction = &batch->sink->transaction;
	rd_kafka_resp_err_t err = transaction->failure;

	if (transaction->lost.remedy != REMEDY_NONE)
	{
		*batch->problem = transaction->lost;
		return false;
	}
	if (transaction->refused > 0)
	{
		*tries = 0;				/* one record fewer to be refused */
		return settle_refusals(batch);
	}
	if (kafka_error(err)->blame == BLAME_FENCED)
		return fail(batch->sink, err, NULL, "a Kafka transaction was aborted", batch->problem) == OUTCOME_GOOD;
	if (kafka_error(err)->blame != BLAME_PASSING || ++*tries >= TRIES_MAX)
		return kafka_problem(batch->problem, err, NULL, "a Kafka transaction was aborted");
	log_info("a Kafka transaction of %zu events was aborted and is done again: %s (%s)", batch->count, rd_kafka_err2str(err), rd_kafka_err2name(err));
	usleep(PAUSE_US);
	return true;
}

/*
 * The abort has failed as well: Kafka calls it invalid when the transaction could not even be begun there. What an
 * operator has to do is in the first failure.
 */
static void
blame_first(Batch *batch)
{
	const Transaction *transaction = &batch->sink->transaction;
	rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(batch->sink->producer.rk, NULL, 0);

	if (fatal == RD_KAFKA_RESP_ERR_NO_ERROR || kafka_error(fatal)->blame == BLAME_FENCED)
		return;
	if (transaction->refused > 0)
		settle_refusals(batch);
	else if (kafka_error(transaction->failure)->blame == BLAME_SETUP)
		kafka_problem(batch->problem, transaction->failure, NULL, "Kafka refuses a transaction");
}

static void
count_committed(const Batch *batch, int64_t began_us)
{
	metric_add(METRIC_KAFKA_TRANSACTIONS, 1);
	histogram_observe(HISTOGRAM_KAFKA_COMMIT, ticks_us() - began_us);
	if (batch->count > 0)
		histogram_observe(HISTOGRAM_BATCH_ROWS, (int64_t) batch->count);
	for (size_t i = 0; i < batch->count; i++)
		if (batch->events[i]->refused != NULL)
			metric_add_table(METRIC_DEAD_LETTERS, batch->events[i]->table, 1);
}

/* --- struct Sink --- */

static bool
transactional_publish(Sink *base, Event **events, size_t count, const Position *position, Problem *problem)
{
	Batch		batch = {.sink = (KafkaSink *) base, .events = events, .count = count, .problem = problem};
	int64_t		began_us = ticks_us();
	int			tries = 0;
	Outcome		outcome;

	if (batch.sink->transaction.failed)
		return problem_set(problem, REMEDY_RETRY, NULL, "a Kafka transaction has failed before: it takes a new producer");
	sink_reading_over(batch.sink);
	position_encode(position, &batch.position);
	while ((outcome = attempt(&batch)) == OUTCOME_ABORT)
	{
		outcome = abort_transaction(batch.sink, problem);
		if (outcome == OUTCOME_GOOD && again(&batch, &tries))
			continue;
		if (outcome != OUTCOME_GOOD)
			blame_first(&batch);
		outcome = OUTCOME_FAILED;
		break;
	}
	if (outcome == OUTCOME_GOOD)
		count_committed(&batch, began_us);
	batch.sink->transaction.failed = outcome != OUTCOME_GOOD;
	text_free(&batch.position);
	free(batch.alone);
	return outcome == OUTCOME_GOOD;
}

static bool
transactional_record(Sink *base, const Position *position, Problem *problem)
{
	return transactional_publish(base, NULL, 0, position, problem);
}

static bool
transactional_poll(Sink *base, int timeout_ms, Problem *problem)
{
	KafkaSink  *sink = (KafkaSink *) base;

	sink_serve(sink, timeout_ms);
	return check_fatal(sink, "the Kafka producer has failed", problem) == OUTCOME_GOOD;
}

bool
sink_transactional_start(KafkaSink *sink, Problem *problem)
{
	/* As long as a transaction of an older instance may have to be waited for, and a broker to come back. */
	int64_t		give_up_us = ticks_us() + sink->options->transaction_timeout_ms * 1000 + sink->options->scan_timeout_ms * 1000;
	rd_kafka_error_t *error;

	sink->sink.publish = transactional_publish;
	sink->sink.record = transactional_record;
	sink->sink.poll = transactional_poll;
	while ((error = rd_kafka_init_transactions(sink->producer.rk, KAFKA_WAIT_MS)) != NULL)
	{
		if (!rd_kafka_error_is_retriable(error))
		{
			if (judge(sink, error, "cannot initialise Kafka transactions", problem) == OUTCOME_ABORT)
				kafka_problem(problem, sink->transaction.failure, NULL, "cannot initialise Kafka transactions");
			return false;
		}
		if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__TIMED_OUT)
			usleep(PAUSE_US);
		rd_kafka_error_destroy(error);
		rd_kafka_poll(sink->producer.rk, 0);
		if (keep_waiting(sink, give_up_us, "cannot initialise Kafka transactions", problem) != OUTCOME_GOOD)
			return false;
	}
	return true;
}

void
sink_transactional_end(KafkaSink *sink, int timeout_ms)
{
	rd_kafka_error_t *error;

	if (!sink->transaction.open || sink->transaction.committing || timeout_ms <= 0 || rd_kafka_fatal_error(sink->producer.rk, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	/* Not while a commit is under way. Whatever is left, the next instance's initialisation ends. */
	error = rd_kafka_abort_transaction(sink->producer.rk, timeout_ms);
	if (error == NULL)
		metric_add(METRIC_KAFKA_ABORTS, 1);
	rd_kafka_error_destroy(error);
}
