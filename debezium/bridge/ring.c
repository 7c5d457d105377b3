/*
 * debezium/bridge/ring.c
 *     The events between PostgreSQL and Kafka, and how far everything before has been published.
 *
 * Two queues with counters that never go back: events, and one mark for each transaction that has events here.
 * head <= taken <= tail; events below head are done and freed, and base is the place that stands for them.
 */
#include <assert.h>
#include <stdlib.h>

#include "ring.h"

/* One transaction: it has the events from the mark before up to upto. */
typedef struct Mark
{
	uint64_t	upto;
	Lsn			commit_lsn;
	Lsn			end_lsn;		/* LSN_NONE while its end has not come */
	int64_t		commit_time_us;
} Mark;

typedef struct Slot
{
	Event	   *event;
	size_t		size;			/* of the event, which is cold by the time that it matters */
	bool		done;
} Slot;

struct Ring
{
	size_t		max_events;
	size_t		max_bytes;
	size_t		bytes;
	size_t		mask;			/* rooms - 1, a power of two; marks have as many rooms */
	Slot	   *slots;
	uint64_t	head;
	uint64_t	taken;
	uint64_t	tail;
	Mark	   *marks;
	uint64_t	mark_head;
	uint64_t	mark_tail;
	bool		in_transaction;
	bool		marked;			/* the open transaction has a mark */
	Lsn			open_commit_lsn;
	int64_t		open_commit_time_us;
	Place		base;
};

static Slot *
slot_of(const Ring *ring, uint64_t index)
{
	return &ring->slots[index & ring->mask];
}

static Mark *
mark_of(const Ring *ring, uint64_t number)
{
	return &ring->marks[number & ring->mask];
}

Ring *
ring_new(size_t max_events, size_t max_bytes, Place start)
{
	Ring	   *ring = must_alloc(sizeof(Ring));
	size_t		rooms = 2;

	/* one mark more than events at most: the one of a transaction whose events are all done but whose end is to come */
	while (rooms < max_events + 2)
		rooms *= 2;
	*ring = (Ring) {.max_events = max_events, .max_bytes = max_bytes, .mask = rooms - 1, .base = start};
	ring->slots = must_alloc(rooms * sizeof(Slot));
	ring->marks = must_alloc(rooms * sizeof(Mark));
	return ring;
}

void
ring_free(Ring *ring)
{
	if (ring == NULL)
		return;
	for (uint64_t i = ring->head; i < ring->tail; i++)
		free(slot_of(ring, i)->event);
	free(ring->slots);
	free(ring->marks);
	free(ring);
}

bool
ring_full(const Ring *ring)
{
	return ring->tail - ring->head >= ring->max_events || ring->bytes >= ring->max_bytes;
}

bool
ring_in_transaction(const Ring *ring)
{
	return ring->in_transaction;
}

/* Everything of a closed transaction at the front is done: it is the base now. */
static void
settle(Ring *ring)
{
	while (ring->mark_head < ring->mark_tail)
	{
		Mark	   *mark = mark_of(ring, ring->mark_head);

		if (mark->end_lsn == LSN_NONE || mark->upto > ring->head)
			break;
		ring->base = (Place) {.end_lsn = mark->end_lsn, .commit_time_us = mark->commit_time_us};
		ring->mark_head++;
	}
}

bool
ring_begin(Ring *ring, Lsn commit_lsn, int64_t commit_time_us)
{
	if (ring->in_transaction)
		return false;
	ring->in_transaction = true;
	ring->marked = false;
	ring->open_commit_lsn = commit_lsn;
	ring->open_commit_time_us = commit_time_us;
	return true;
}

bool
ring_add(Ring *ring, Event *event)
{
	size_t		size = event_size(event);

	assert(ring->tail - ring->head <= ring->mask);
	if (!ring->in_transaction)
		return false;
	if (!ring->marked)
	{
		*mark_of(ring, ring->mark_tail++) = (Mark) {.commit_lsn = ring->open_commit_lsn,
			.commit_time_us = ring->open_commit_time_us};
		ring->marked = true;
	}
	event->index = ring->tail++;
	mark_of(ring, ring->mark_tail - 1)->upto = ring->tail;
	*slot_of(ring, event->index) = (Slot) {.event = event, .size = size};
	ring->bytes += size;
	return true;
}

bool
ring_commit(Ring *ring, Lsn end_lsn)
{
	if (!ring->in_transaction)
		return false;
	ring->in_transaction = false;
	if (ring->marked)
	{
		mark_of(ring, ring->mark_tail - 1)->end_lsn = end_lsn;
		settle(ring);
		return true;
	}
	/* nothing of it was left to publish: with it a part of it that an earlier session published is whole */
	if (ring->base.part_rows > 0 && ring->base.part_commit_lsn == ring->open_commit_lsn && ring->mark_head == ring->mark_tail)
	{
		ring->base.part_rows = 0;
		ring->base.part_commit_lsn = LSN_NONE;
		ring->base.part_last_id = 0;
	}
	ring_skip_to(ring, end_lsn);
	return true;
}

void
ring_skip_to(Ring *ring, Lsn lsn)
{
	if (ring->in_transaction)
		return;
	if (ring->mark_head < ring->mark_tail)
	{
		Mark	   *last = mark_of(ring, ring->mark_tail - 1);

		if (lsn > last->end_lsn)
			last->end_lsn = lsn;
	}
	/* never past a transaction of which the rest has yet to come again */
	else if (lsn > ring->base.end_lsn && (ring->base.part_rows == 0 || lsn <= ring->base.part_commit_lsn))
		ring->base.end_lsn = lsn;
}

size_t
ring_untaken(const Ring *ring)
{
	return ring->tail - ring->taken;
}

/* How many of the events up to upto fit into what is left of a batch; one always does where nothing is in it yet. */
static size_t
fitting(const Ring *ring, uint64_t upto, size_t max_events, size_t max_bytes, size_t count, size_t *bytes)
{
	uint64_t	index = ring->taken;

	while (index < upto && count + (index - ring->taken) < max_events)
	{
		size_t		size = slot_of(ring, index)->size;

		if (*bytes + size > max_bytes && count + (index - ring->taken) > 0)
			break;
		*bytes += size;
		index++;
	}
	return index - ring->taken;
}

size_t
ring_take(Ring *ring, size_t max_events, size_t max_bytes, Event **taken)
{
	size_t		count = 0;
	size_t		bytes = 0;

	for (uint64_t number = ring->mark_head; number < ring->mark_tail && count < max_events; number++)
	{
		const Mark *mark = mark_of(ring, number);
		size_t		fit;
		bool		whole;

		if (mark->upto <= ring->taken)
			continue;
		fit = fitting(ring, mark->upto, max_events, max_bytes, count, &bytes);
		whole = mark->end_lsn != LSN_NONE && ring->taken + fit == mark->upto;
		/* a part only of what is larger than a batch, or than the ring */
		if (!whole && (count > 0 || (ring->taken + fit == mark->upto && fit < max_events && !ring_full(ring))))
			break;
		for (size_t i = 0; i < fit; i++)
			taken[count++] = slot_of(ring, ring->taken++)->event;
		if (!whole)
			break;
	}
	return count;
}

bool
ring_ready(const Ring *ring, size_t max_events, size_t max_bytes)
{
	const Mark *last;

	if (ring->taken == ring->tail)
		return false;
	/* of several transactions only the last can be open */
	last = mark_of(ring, ring->mark_tail - 1);
	return last->end_lsn != LSN_NONE || ring->mark_tail - ring->mark_head > 1 || ring_full(ring) ||
		ring_untaken(ring) >= max_events || ring->bytes > max_bytes;
}

Place
ring_place_taken(const Ring *ring)
{
	Place		place = ring->base;
	uint64_t	before = ring->head;

	for (uint64_t number = ring->mark_head; number < ring->mark_tail; number++)
	{
		const Mark *mark = mark_of(ring, number);

		if (mark->end_lsn != LSN_NONE && mark->upto <= ring->taken)
		{
			place = (Place) {.end_lsn = mark->end_lsn, .commit_time_us = mark->commit_time_us};
			before = mark->upto;
			continue;
		}
		if (ring->taken > before)
		{
			const Event *last = slot_of(ring, ring->taken - 1)->event;

			place.part_commit_lsn = mark->commit_lsn;
			place.part_rows = last->txn_row;
			place.part_last_id = last->sequence;
			place.commit_time_us = mark->commit_time_us;
		}
		break;
	}
	return place;
}

void
ring_done(Ring *ring, uint64_t index)
{
	assert(index >= ring->head && index < ring->taken);
	slot_of(ring, index)->done = true;
	while (ring->head < ring->taken && slot_of(ring, ring->head)->done)
	{
		const Slot *slot = slot_of(ring, ring->head);
		Event	   *event = slot->event;
		Mark	   *mark = mark_of(ring, ring->mark_head);

		ring->base.part_commit_lsn = mark->commit_lsn;
		ring->base.part_rows = event->txn_row;
		ring->base.part_last_id = event->sequence;
		ring->base.commit_time_us = mark->commit_time_us;
		ring->bytes -= slot->size;
		free(event);
		ring->head++;
		settle(ring);
	}
}

Place
ring_place_done(const Ring *ring)
{
	return ring->base;
}

uint64_t
ring_done_upto(const Ring *ring)
{
	return ring->head;
}

int64_t
ring_oldest_us(const Ring *ring)
{
	return ring->head < ring->tail ? slot_of(ring, ring->head)->event->commit_time_us : 0;
}

size_t
ring_events(const Ring *ring)
{
	return ring->tail - ring->head;
}

size_t
ring_bytes(const Ring *ring)
{
	return ring->bytes;
}
