/*
 * debezium/bridge/test/sink_kit.h
 *     What the tests of sinks share: options, events, and a record of what the sink reported.
 */
#ifndef SINK_KIT_H
#define SINK_KIT_H

#include <stdlib.h>
#include <string.h>

#include "metrics.h"
#include "sink.h"
#include "tap.h"

static const bool kit_tables[EVENT_TABLES] = {true, true, false, false};

typedef struct Kit
{
	Options		options;
	Property	properties[8];
	uint64_t	acked;
	int64_t		last_acked;		/* sequence */
	bool		in_order;
	uint64_t	recorded;
	Place		place;			/* the last recorded */
	int64_t		stop_at_us;		/* 0: never */
} Kit;

static inline void
kit_acked(void *arg, Event *event)
{
	Kit		   *kit = arg;

	if (event->sequence <= kit->last_acked)
		kit->in_order = false;
	kit->last_acked = event->sequence;
	kit->acked++;
}

static inline void
kit_recorded(void *arg, const Place *place)
{
	Kit		   *kit = arg;

	kit->recorded++;
	kit->place = *place;
}

static inline bool
kit_stop(void *arg)
{
	const Kit  *kit = arg;

	return kit->stop_at_us != 0 && ticks_us() >= kit->stop_at_us;
}

static inline void
kit_init(Kit *kit)
{
	memset(kit, 0, sizeof *kit);
	kit->in_order = true;
	kit->options.pipeline = "test";
	kit->options.topic_prefix = "";
	kit->options.store = "";
	kit->options.position_topic = "oms.cdc.position.test";
	kit->options.dlq_topic = "oms.cdc.dead-letters";
	kit->options.batch_max_rows = 5000;
	kit->options.batch_max_bytes = 4 << 20;
	kit->options.ring_max_bytes = 64 << 20;
	kit->options.transaction_timeout_ms = 10000;
	kit->options.scan_timeout_ms = 10000;
	kit->options.settings.properties = kit->properties;
}

static inline void
kit_property(Kit *kit, const char *name, const char *value)
{
	kit->properties[kit->options.settings.property_count++] = (Property) {(char *) (uintptr_t) name, (char *) (uintptr_t) value};
}

static inline SinkContext
kit_context(Kit *kit)
{
	return (SinkContext) {
		.options = &kit->options, .sysid = "7300000000000000001", .tables = kit_tables,
		.events = {kit, kit_acked, kit_recorded}, .stop = kit_stop, .stop_arg = kit
	};
}

static inline Span
kit_span(const char *text)
{
	return (Span) {text, strlen(text)};
}

static inline Event *
kit_event(int table, int64_t sequence, const char *key, const char *payload)
{
	return event_new(table, sequence, kit_span(key), kit_span("OrderCreated"), kit_span("00ff"), kit_span(payload));
}

#endif
