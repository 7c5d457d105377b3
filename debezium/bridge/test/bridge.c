/*
 * debezium/bridge/test/bridge.c
 *     The bottom layer of the bridge: events, and the tables that they come from.
 *
 * Broken by: a part of an event that begins or ends elsewhere, a topic numbered by another table than its first.
 */
#include "bridge.h"

#include <stdlib.h>

#include "tap.h"

static Span
span(const char *text)
{
	return (Span) {text, strlen(text)};
}

static void
check_event(void)
{
	Event	   *event = event_new(2, INT64_MAX, span("key"), span(""), span("ab12"), (Span) {"{\0}", 3});
	Span		part;

	part = event_key(event);
	is_bytes(part.data, part.len, "key", 3, "key");
	part = event_type(event);
	is_int((long long) part.len, 0, "an empty part");
	part = event_hash(event);
	is_bytes(part.data, part.len, "ab12", 4, "hash");
	part = event_payload(event);
	is_bytes(part.data, part.len, "{\0}", 3, "payload, with any byte");
	ok(event->sequence == INT64_MAX && event->table == 2 && event->index == 0 && event->txn_row == 0 && event->commit_time_us == 0 &&
	   event->refused == NULL, "the rest");
	is_int((long long) event_size(event), (long long) sizeof(Event) + 10, "its size");
	free(event);
	event = event_new(0, 1, (Span) {NULL, 0}, (Span) {NULL, 0}, (Span) {NULL, 0}, (Span) {NULL, 0});
	is_int((long long) event_size(event), (long long) sizeof(Event), "an event of nothing");
	free(event);
}

static void
check_tables(void)
{
	const EventTable shared[] = {{"order_events", "order-events"}, {"anchors", "oms-anchors"}, {"purged_trees", "order-events"}};

	is_str(event_tables[0].table, "order_events", "the first table");
	for (int t = 0; t < EVENT_TABLES; t++)
		is_int(event_topic(event_tables, t), strcmp(event_tables[t].table, "purged_trees") == 0 ? 0 : strcmp(event_tables[t].table, "purged_configuration") == 0 ? 4 : t,
			   "the topic of %s", event_tables[t].table);
	is_int(event_topic(shared, 2), 0, "two tables of one topic: the number of the first");
	is_int(event_topic(shared, 1), 1, "and the others as they were");
}

int
main(void)
{
	check_event();
	check_tables();
	return done();
}
