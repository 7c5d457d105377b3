/*
 * common/event_tables.h
 *     The tables whose rows leave the database, and the topics they go to.
 */
#ifndef EVENT_TABLES_H
#define EVENT_TABLES_H

#include "base.h"

/*
 * What leaves, in the order of the contract: the tables of schema oms with the columns of an event (oms.published_tables() in
 * the database), each with its topic, without the prefix. Several may have one topic. A line here is all that the bridge needs;
 * scripts/gen_outbox.sh makes Debezium's configuration of the same lines.
 */
#define EVENT_TABLE_LIST(TABLE) \
	TABLE(order_events, "order-events") \
	TABLE(execution_events, "execution-events") \
	TABLE(quote_request_events, "quote-request-events") \
	TABLE(quote_events, "quote-events") \
	TABLE(configuration_events, "configuration-events") \
	TABLE(anchors, "oms-anchors") \
	TABLE(purged_trees, "order-events") \
	TABLE(purged_configuration, "configuration-events")

typedef struct EventTable
{
	const char *table;
	const char *topic;
} EventTable;

#define EVENT_TABLE_ONE(table, topic) + 1
enum
{
	EVENT_TABLES = EVENT_TABLE_LIST(EVENT_TABLE_ONE)
};
#undef EVENT_TABLE_ONE

/* The index is the table's number everywhere. */
extern const EventTable event_tables[EVENT_TABLES];

/* The number of a topic is that of the first of its tables. */
extern int	event_topic(const EventTable *tables, int table);

#endif
