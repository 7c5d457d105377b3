/*
 * debezium/bridge/horizon.h
 *     Finding horizons while the stream runs. Pure.
 *
 * A candidate is offered (who offers reads in this order: the sink's offsets, the sequence generator's last value, a new
 * transaction id of its own). It holds once every older transaction has ended and what they wrote is recorded in Kafka:
 * sequence numbers are drawn by transactions that have their id already, so a younger one draws a higher number.
 */
#ifndef HORIZON_H
#define HORIZON_H

#include "position.h"

typedef struct HorizonWatch
{
	bool		waiting;		/* there is a candidate */
	Horizon		candidate;		/* its lsn is LSN_NONE until the older transactions have ended */
} HorizonWatch;

extern void horizon_offer(HorizonWatch *watch, uint64_t xid, int64_t sequence, const Offsets *offsets);
/* What a snapshot shows: no transaction below xmin runs any more, and the log had come to lsn after it was taken. */
extern void horizon_ended(HorizonWatch *watch, uint64_t xmin, Lsn lsn);
/* Everything up to recorded is in Kafka: true when the candidate became *horizon (copied over what was there). */
extern bool horizon_recorded(HorizonWatch *watch, Lsn recorded, Horizon *horizon);
extern void horizon_copy(Horizon *to, const Horizon *from);
extern void horizon_watch_free(HorizonWatch *watch);

#endif
