/*
 * debezium/bridge/reconcile.h
 *     When the slot can no longer say what is missing: compare Kafka with the event tables, and publish the difference.
 *
 * A new slot is made with an exported snapshot: what commits before its consistent point is visible in it, everything else
 * will come from the slot. Missing is what the snapshot shows and Kafka has not (by sequence and hash). It is published in the
 * order of sequence, which in each tree is the order of tree_version. Whoever dies on the way leaves a position that says so,
 * and the next session compares again.
 */
#ifndef RECONCILE_H
#define RECONCILE_H

#include "decode.h"
#include "plan.h"
#include "postgres.h"
#include "replication.h"
#include "sink.h"

typedef struct Reconciliation
{
	const Options *options;
	const StartPlan *plan;
	const SlotFacts *slot;
	const bool *tables;			/* which exist */
	const ServerIdentity *identity;
	Replication *replication;
	PGconn	   *control;		/* holds the lock; asked whether it still does */
	Sink	   *sink;
	/* sink callbacks count here while it goes on */
	size_t		acked;
	size_t		recorded;
	/* the newest position; when it has gone well, the one to stream from */
	Position   *position;
	const DecoderClass *decoder;	/* out: of the new slot */
	Event	  **left;			/* out: events that a failed sink may still look at; free them when it is closed */
	size_t		left_count;
} Reconciliation;

extern bool reconcile(Reconciliation *work, Problem *problem);

#endif
