/*
 * common/event_tables.c
 *     The tables whose rows leave the database, and the topics they go to.
 */
#include "event_tables.h"

#include <string.h>

#define EVENT_TABLE(table, topic) {#table, topic},
const EventTable event_tables[EVENT_TABLES] = {EVENT_TABLE_LIST(EVENT_TABLE)};
#undef EVENT_TABLE

int
event_topic(const EventTable *tables, int table)
{
	int			topic = 0;

	while (strcmp(tables[topic].topic, tables[table].topic) != 0)
		topic++;
	return topic;
}
