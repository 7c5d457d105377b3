/*
 * debezium/bridge/bridge.c
 *     What every part of oms_bridge speaks of: events.
 *
 * Keeps no state; every function may be called from any thread. Ends the program in one case only: no memory.
 */
#include "bridge.h"

#include <string.h>

/* A part that does not fit 32 bits cannot come from PostgreSQL, whose values end at 1 GB. */
static uint32_t
part_len(Span part)
{
	if (part.len > UINT32_MAX)
		must_alloc(SIZE_MAX);	/* never that large: ends the program */
	return (uint32_t) part.len;
}

static char *
part_copy(char *to, Span part)
{
	if (part.len > 0)
		memcpy(to, part.data, part.len);
	return to + part.len;
}

Event *
event_new(int table, int64_t sequence, Span key, Span type, Span hash, Span payload)
{
	Event	   *event = must_alloc(sizeof(Event) + key.len + type.len + hash.len + payload.len);
	char	   *to = event->data;

	*event = (Event) {
		.sequence = sequence,
		.table = table,
		.topic = event_topic(event_tables, table),
		.key_len = part_len(key),
		.type_len = part_len(type),
		.hash_len = part_len(hash),
		.payload_len = part_len(payload),
	};
	to = part_copy(to, key);
	to = part_copy(to, type);
	to = part_copy(to, hash);
	part_copy(to, payload);
	return event;
}

Span
event_key(const Event *event)
{
	return (Span) {event->data, event->key_len};
}

Span
event_type(const Event *event)
{
	return (Span) {event->data + event->key_len, event->type_len};
}

Span
event_hash(const Event *event)
{
	return (Span) {event->data + event->key_len + event->type_len, event->hash_len};
}

Span
event_payload(const Event *event)
{
	return (Span) {event->data + event->key_len + event->type_len + event->hash_len, event->payload_len};
}

size_t
event_size(const Event *event)
{
	return sizeof(Event) + (size_t) event->key_len + event->type_len + event->hash_len + event->payload_len;
}
