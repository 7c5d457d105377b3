/*
 * debezium/bridge/dead_letter.c
 *     The envelope in which an event goes to the dead-letter topic. Pure.
 *
 * It always has what finds the event again in its table; the event's own value is in it as long as the envelope fits.
 */
#include "sink_kafka.h"

#define SCHEMA_VERSION 1
#define RECORD_OVERHEAD 512		/* of a record and the batch around it, more than there is */

static void
add_text(Text *json, const char *name, Span value)
{
	text_printf(json, ",\"%s\":", name);
	text_json(json, value.data, value.len);
}

void
dead_letter(const Event *event, const char *topic, int64_t max_bytes, Text *json)
{
	Span		payload = event_payload(event);

	text_printf(json, "{\"schemaVersion\":%d,\"error\":\"%s\",\"topic\":\"%s\",\"table\":\"%s\",\"id\":%lld", SCHEMA_VERSION,
				event->refused, topic, event_tables[event->table].table, (long long) event->sequence);
	add_text(json, "key", event_key(event));
	add_text(json, "eventType", event_type(event));
	add_text(json, "hash", event_hash(event));
	text_printf(json, ",\"bytes\":%zu", payload.len);
	/* The payload is JSON already; the record has the key once more. */
	if (max_bytes == 0 || (int64_t) (json->len + payload.len + event->key_len + RECORD_OVERHEAD) <= max_bytes)
	{
		text_puts(json, ",\"value\":");
		text_add(json, payload.data, payload.len);
	}
	text_puts(json, "}");
}
