/*
 * debezium/bridge/horizon.c
 *     Finding horizons while the stream runs.
 */
#include "horizon.h"

void
horizon_copy(Horizon *to, const Horizon *from)
{
	to->xid = from->xid;
	to->sequence = from->sequence;
	to->lsn = from->lsn;
	offsets_copy(&to->offsets, &from->offsets);
}

void
horizon_offer(HorizonWatch *watch, uint64_t xid, int64_t sequence, const Offsets *offsets)
{
	if (watch->waiting)
		return;
	watch->waiting = true;
	watch->candidate.xid = xid;
	watch->candidate.sequence = sequence;
	watch->candidate.lsn = LSN_NONE;
	offsets_copy(&watch->candidate.offsets, offsets);
}

void
horizon_ended(HorizonWatch *watch, uint64_t xmin, Lsn lsn)
{
	if (watch->waiting && watch->candidate.lsn == LSN_NONE && xmin >= watch->candidate.xid)
		watch->candidate.lsn = lsn;
}

bool
horizon_recorded(HorizonWatch *watch, Lsn recorded, Horizon *horizon)
{
	if (!watch->waiting || watch->candidate.lsn == LSN_NONE || recorded < watch->candidate.lsn)
		return false;
	watch->waiting = false;
	horizon_copy(horizon, &watch->candidate);
	return true;
}

void
horizon_watch_free(HorizonWatch *watch)
{
	offsets_free(&watch->candidate.offsets);
	watch->waiting = false;
}
