/*
 * debezium/bridge/test/ring_kit.h
 *     What both tests of the ring share: events of no meaning, and places.
 */
#ifndef RING_KIT_H
#define RING_KIT_H

#include "tap.h"

#include "dice.h"
#include "ring.h"

static inline bool
same_place(Place a, Place b)
{
	return a.end_lsn == b.end_lsn && a.part_commit_lsn == b.part_commit_lsn && a.part_rows == b.part_rows &&
		a.part_last_id == b.part_last_id && a.commit_time_us == b.commit_time_us;
}

static inline void
say_place(const char *whose, Place place)
{
	char		a[LSN_TEXT_SIZE];
	char		b[LSN_TEXT_SIZE];

	printf("#   %s: end %s, part %s row %llu id %lld, time %lld\n", whose, lsn_text(place.end_lsn, a), lsn_text(place.part_commit_lsn, b),
		   (unsigned long long) place.part_rows, (long long) place.part_last_id, (long long) place.commit_time_us);
}

static inline Event *
some_event(int64_t id, size_t payload_len)
{
	static const char bytes[4096];
	Span		part = {bytes, 3};

	return event_new((int) dice(EVENT_TABLES), id, part, part, part, (Span) {bytes, payload_len});
}

#endif
