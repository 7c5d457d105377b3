/*
 * debezium/bridge/retention.c
 *     Was an event that Kafka does not hold ever published, and removed by retention since?
 */
#include "retention.h"

static int64_t
kept_offset(const Offsets *offsets, int topic, int partition)
{
	return partition < offsets->partitions[topic] ? offsets->next[topic][partition] : 0;
}

void
kept_init(Kept *kept, const int partitions[EVENT_TABLES])
{
	*kept = (Kept) {.oldest_of_all = KEPT_NOTHING, .again = KEPT_NOTHING};
	offsets_init(&kept->low, partitions);
	offsets_init(&kept->first, partitions);
	offsets_init(&kept->oldest, partitions);
	for (int t = 0; t < EVENT_TABLES; t++)
		for (int p = 0; p < partitions[t]; p++)
			kept->first.next[t][p] = kept->oldest.next[t][p] = KEPT_NOTHING;
}

void
kept_free(Kept *kept)
{
	offsets_free(&kept->low);
	offsets_free(&kept->first);
	offsets_free(&kept->oldest);
}

static void
kept_lower(int64_t *lowest, int64_t value)
{
	*lowest = value < *lowest ? value : *lowest;
}

void
kept_found(Kept *kept, int topic, int partition, int64_t offset, int64_t sequence)
{
	/* a topic may have got more partitions since it was asked how many it has */
	if (partition >= kept->first.partitions[topic])
		return;
	kept_lower(&kept->first.next[topic][partition], offset);
	kept_lower(&kept->oldest.next[topic][partition], sequence);
	kept_lower(&kept->oldest_of_all, sequence);
}

/* What a partition holds begins with what was accepted: nothing that was published since is removed. */
static bool
kept_begins_accepted(const Kept *kept, const Offsets *accepted, int topic, int partition)
{
	return kept->first.next[topic][partition] < kept_offset(accepted, topic, partition);
}

bool
kept_accepted(const Kept *kept, const Offsets *accepted)
{
	for (int t = 0; t < EVENT_TABLES; t++)
		for (int p = 0; p < kept->first.partitions[t]; p++)
			if (kept_begins_accepted(kept, accepted, t, p))
				return true;
	return false;
}

KeptAnswer
kept_answer(const Kept *kept, const Offsets *accepted, const Offsets *begin, int topic, int partition, int64_t sequence)
{
	int64_t		oldest;
	bool		empty;

	if (partition >= kept->oldest.partitions[topic])
		return KEPT_UNKNOWN;
	oldest = kept->oldest.next[topic][partition];
	empty = oldest == KEPT_NOTHING;
	/* nothing was removed that could be the event */
	if (kept->low.next[topic][partition] <= (begin != NULL ? kept_offset(begin, topic, partition) : 0))
		return KEPT_MISSING;
	/* what is removed is older than what is left */
	if (!empty && sequence >= oldest)
		return KEPT_MISSING;
	/* above a horizon it need not have been published, and one that ran at the same moment as what is left may have a lower number */
	if (begin != NULL || kept->oldest_of_all == KEPT_NOTHING)
		return KEPT_UNKNOWN;
	if (sequence >= kept->again && (empty || kept_begins_accepted(kept, accepted, topic, partition)))
		return KEPT_UNKNOWN;
	return empty && sequence >= kept->oldest_of_all ? KEPT_UNKNOWN : KEPT_REMOVED;
}
