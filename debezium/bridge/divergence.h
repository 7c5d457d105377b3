/*
 * debezium/bridge/divergence.h
 *     What Kafka has and the event tables have not: events of a history that a failover or a restore has lost.
 */
#ifndef BRIDGE_DIVERGENCE_H
#define BRIDGE_DIVERGENCE_H

#include "reconcile.h"
#include "retention.h"

#define NOWHERE -1				/* in pg_temp.oms_bridge_published the partition of a dead letter */

/*
 * By what was read back into pg_temp.oms_bridge_published. False: there are such events, and no operator accepts them; the problem names them.
 * Where one accepts, now or before, `kept` learns from which number on numbers may have been given out again.
 */
extern bool divergence_check(Reconciliation *given, PGconn *connection, Kept *kept, Problem *problem);

#endif
