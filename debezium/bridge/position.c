/*
 * debezium/bridge/position.c
 *     The position record: struct to JSON and back.
 *
 * {"v":1, "sysid", "db", "tli", "slot", "plugin", "pub", "end_lsn", "part":null | {"commit_lsn","rows","last_id"}, "reconciling", "epoch",
 *  "written_us", "off":{"order-events":[12, 7, ...], ...}, "horizon":{"xid","sequence","lsn","off"},
 *  and where there is one: "store", "last":{"id","hash"}, "floor":{"sequence","hash","snapshot"}, "accepted" as off, "earlier" as horizon}
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "position.h"

#define POSITION_VERSION 1
#define PARTITIONS_MAX 100000

void
offsets_init(Offsets *offsets, const int partitions[EVENT_TABLES])
{
	for (int t = 0; t < EVENT_TABLES; t++)
	{
		offsets->partitions[t] = partitions[t];
		offsets->next[t] = NULL;
		if (partitions[t] == 0)
			continue;
		offsets->next[t] = must_alloc((size_t) partitions[t] * sizeof(int64_t));
		memset(offsets->next[t], 0, (size_t) partitions[t] * sizeof(int64_t));
	}
}

void
offsets_free(Offsets *offsets)
{
	for (int t = 0; t < EVENT_TABLES; t++)
		free(offsets->next[t]);
	*offsets = (Offsets) {0};
}

void
offsets_copy(Offsets *to, const Offsets *from)
{
	if (to == from)
		return;
	offsets_free(to);
	offsets_init(to, from->partitions);
	for (int t = 0; t < EVENT_TABLES; t++)
		if (from->partitions[t] > 0)
			memcpy(to->next[t], from->next[t], (size_t) from->partitions[t] * sizeof(int64_t));
}

void
position_copy(Position *to, const Position *from)
{
	Offsets		offsets = to->offsets;
	Offsets		accepted = to->accepted;
	Offsets		horizon = to->horizon.offsets;
	Offsets		earlier = to->earlier.offsets;

	if (to == from)
		return;
	*to = *from;
	to->offsets = offsets;
	to->accepted = accepted;
	to->horizon.offsets = horizon;
	to->earlier.offsets = earlier;
	offsets_copy(&to->offsets, &from->offsets);
	offsets_copy(&to->accepted, &from->accepted);
	offsets_copy(&to->horizon.offsets, &from->horizon.offsets);
	offsets_copy(&to->earlier.offsets, &from->earlier.offsets);
}

void
position_last(Position *position, const Event *event)
{
	Span		hash = event_hash(event);

	position->last_id = event->sequence;
	snprintf(position->last_hash, sizeof position->last_hash, "%.*s", hash.len < sizeof position->last_hash ? (int) hash.len : 0, hash.data);
}

void
position_free(Position *position)
{
	offsets_free(&position->offsets);
	offsets_free(&position->accepted);
	offsets_free(&position->horizon.offsets);
	offsets_free(&position->earlier.offsets);
}

static bool
any_offset(const Offsets *offsets)
{
	for (int t = 0; t < EVENT_TABLES; t++)
		for (int p = 0; p < offsets->partitions[t]; p++)
			if (offsets->next[t][p] > 0)
				return true;
	return false;
}

static void
encode_offsets(const Offsets *offsets, Text *json)
{
	const char *between = "{";

	for (int t = 0; t < EVENT_TABLES; t++)
	{
		if (offsets->partitions[t] == 0)
			continue;
		text_printf(json, "%s\"%s\":[", between, event_tables[t].topic);
		for (int p = 0; p < offsets->partitions[t]; p++)
			text_printf(json, "%s%lld", p == 0 ? "" : ",", (long long) offsets->next[t][p]);
		text_puts(json, "]");
		between = ",";
	}
	text_puts(json, between[0] == '{' ? "{}" : "}");
}

static void
encode_horizon(const char *name, const Horizon *horizon, Text *json)
{
	char		lsn[LSN_TEXT_SIZE];

	text_printf(json, ",\"%s\":{\"xid\":%llu,\"sequence\":%lld,\"lsn\":\"%s\",\"off\":", name, (unsigned long long) horizon->xid,
				(long long) horizon->sequence, lsn_text(horizon->lsn, lsn));
	encode_offsets(&horizon->offsets, json);
	text_puts(json, "}");
}

void
position_encode(const Position *position, Text *json)
{
	char		lsn[LSN_TEXT_SIZE];

	text_printf(json, "{\"v\":%d,\"sysid\":", POSITION_VERSION);
	text_json(json, position->sysid, strlen(position->sysid));
	text_puts(json, ",\"db\":");
	text_json(json, position->database, strlen(position->database));
	text_printf(json, ",\"tli\":%u,\"slot\":", position->timeline);
	text_json(json, position->slot, strlen(position->slot));
	text_puts(json, ",\"plugin\":");
	text_json(json, position->plugin, strlen(position->plugin));
	text_puts(json, ",\"pub\":");
	text_json(json, position->publication, strlen(position->publication));
	text_printf(json, ",\"end_lsn\":\"%s\",\"part\":", lsn_text(position->place.end_lsn, lsn));
	if (position->place.part_rows > 0)
		text_printf(json, "{\"commit_lsn\":\"%s\",\"rows\":%llu,\"last_id\":%lld}", lsn_text(position->place.part_commit_lsn, lsn),
					(unsigned long long) position->place.part_rows, (long long) position->place.part_last_id);
	else
		text_puts(json, "null");
	text_printf(json, ",\"reconciling\":%s,\"epoch\":%llu,\"written_us\":%lld,\"off\":", position->reconciling ? "true" : "false",
				(unsigned long long) position->epoch, (long long) position->written_us);
	encode_offsets(&position->offsets, json);
	encode_horizon("horizon", &position->horizon, json);
	if (position->store[0] != '\0')
	{
		text_puts(json, ",\"store\":");
		text_json(json, position->store, strlen(position->store));
	}
	if (position->last_id > 0)
		text_printf(json, ",\"last\":{\"id\":%lld,\"hash\":\"%s\"}", (long long) position->last_id, position->last_hash);
	if (position->floor.sequence > 0)
		text_printf(json, ",\"floor\":{\"sequence\":%lld,\"hash\":\"%s\",\"snapshot\":\"%s\"}", (long long) position->floor.sequence, position->floor.hash, position->floor.snapshot);
	if (any_offset(&position->accepted))
	{
		text_puts(json, ",\"accepted\":");
		encode_offsets(&position->accepted, json);
	}
	if (position->earlier.xid > 0)
		encode_horizon("earlier", &position->earlier, json);
	text_puts(json, "}");
}

static bool
decode_integer(const json_t *object, const char *name, int64_t *value)
{
	const json_t *found = json_object_get(object, name);

	if (!json_is_integer(found) || json_integer_value(found) < 0)
		return false;
	*value = json_integer_value(found);
	return true;
}

static bool
decode_string(const json_t *object, const char *name, char *value, size_t room)
{
	const json_t *found = json_object_get(object, name);

	if (!json_is_string(found) || json_string_length(found) >= room)
		return false;
	memcpy(value, json_string_value(found), json_string_length(found) + 1);
	return true;
}

static bool
decode_hash(const json_t *object, char hash[65])
{
	return decode_string(object, "hash", hash, 65) && strspn(hash, "0123456789abcdef") == strlen(hash);
}

static bool
decode_lsn(const json_t *object, const char *name, Lsn *lsn)
{
	char		text[LSN_TEXT_SIZE];

	return decode_string(object, name, text, sizeof text) && lsn_parse(text, lsn);
}

static bool
decode_offsets(const json_t *object, Offsets *offsets)
{
	int			partitions[EVENT_TABLES];

	if (!json_is_object(object))
		return false;
	for (int t = 0; t < EVENT_TABLES; t++)
	{
		/* the topic of several tables is the first one's */
		const json_t *array = event_topic(event_tables, t) == t ? json_object_get(object, event_tables[t].topic) : NULL;

		partitions[t] = (int) json_array_size(array);
		if (json_array_size(array) > PARTITIONS_MAX || (array != NULL && !json_is_array(array)))
			return false;
	}
	offsets_init(offsets, partitions);
	for (int t = 0; t < EVENT_TABLES; t++)
		for (int p = 0; p < partitions[t]; p++)
		{
			const json_t *next = json_array_get(json_object_get(object, event_tables[t].topic), (size_t) p);

			if (!json_is_integer(next) || json_integer_value(next) < 0)
				return false;
			offsets->next[t][p] = json_integer_value(next);
		}
	return true;
}

static bool
decode_place(const json_t *object, Place *place)
{
	const json_t *part = json_object_get(object, "part");
	int64_t		rows;

	if (!decode_lsn(object, "end_lsn", &place->end_lsn) || part == NULL)
		return false;
	if (json_is_null(part))
		return true;
	if (!decode_lsn(part, "commit_lsn", &place->part_commit_lsn) || !decode_integer(part, "rows", &rows) || rows == 0 ||
		!decode_integer(part, "last_id", &place->part_last_id))
		return false;
	place->part_rows = (uint64_t) rows;
	return true;
}

static bool
decode_horizon(const json_t *object, Horizon *horizon)
{
	int64_t		xid;

	if (!decode_integer(object, "xid", &xid) || !decode_integer(object, "sequence", &horizon->sequence) ||
		!decode_lsn(object, "lsn", &horizon->lsn) || !decode_offsets(json_object_get(object, "off"), &horizon->offsets))
		return false;
	horizon->xid = (uint64_t) xid;
	return true;
}

/* What a position of before 0.2.0 does not have, and one of later need not have. */
static bool
decode_optional(const json_t *object, Position *position)
{
	const json_t *last = json_object_get(object, "last");
	const json_t *floor = json_object_get(object, "floor");
	const json_t *accepted = json_object_get(object, "accepted");
	const json_t *earlier = json_object_get(object, "earlier");

	return (accepted == NULL || decode_offsets(accepted, &position->accepted)) &&
		(earlier == NULL || decode_horizon(earlier, &position->earlier)) &&
		(json_object_get(object, "store") == NULL || decode_string(object, "store", position->store, sizeof position->store)) &&
		(last == NULL || (decode_integer(last, "id", &position->last_id) && decode_hash(last, position->last_hash))) &&
		(floor == NULL || (decode_integer(floor, "sequence", &position->floor.sequence) &&
						   (json_object_get(floor, "hash") == NULL || decode_hash(floor, position->floor.hash)) &&
						   decode_string(floor, "snapshot", position->floor.snapshot, sizeof position->floor.snapshot) &&
						   strspn(position->floor.snapshot, "0123456789:,") == strlen(position->floor.snapshot)));
}

static bool
decode_whole(const json_t *object, Position *position)
{
	int64_t		timeline;
	int64_t		epoch;

	if (!decode_string(object, "sysid", position->sysid, sizeof position->sysid) ||
		!decode_string(object, "db", position->database, sizeof position->database) ||
		!decode_string(object, "pub", position->publication, sizeof position->publication) ||
		!decode_string(object, "slot", position->slot, sizeof position->slot) ||
		!decode_string(object, "plugin", position->plugin, sizeof position->plugin) ||
		!decode_integer(object, "tli", &timeline) || timeline > UINT32_MAX ||
		!decode_integer(object, "epoch", &epoch) || !decode_integer(object, "written_us", &position->written_us) ||
		!json_is_boolean(json_object_get(object, "reconciling")))
		return false;
	position->timeline = (uint32_t) timeline;
	position->epoch = (uint64_t) epoch;
	position->reconciling = json_is_true(json_object_get(object, "reconciling"));
	return decode_optional(object, position) && decode_place(object, &position->place) && decode_offsets(json_object_get(object, "off"), &position->offsets) &&
		decode_horizon(json_object_get(object, "horizon"), &position->horizon);
}

bool
position_decode(const char *json, size_t len, Position *position, Problem *problem)
{
	json_error_t error;
	json_t	   *object = json_loadb(json, len, JSON_REJECT_DUPLICATES, &error);
	int64_t		version = 0;
	bool		sound;

	*position = (Position) {0};
	if (object == NULL || !json_is_object(object) || !decode_integer(object, "v", &version) || version != POSITION_VERSION)
	{
		json_decref(object);
		return problem_set(problem, REMEDY_STOP, version > POSITION_VERSION ? "A newer oms_bridge has written it: run that one." :
						   "Something else writes to this topic. Give the bridge a position topic of its own (position.topic).",
						   "the newest position record is none of version %d: %.*s", POSITION_VERSION, (int) (len < 200 ? len : 200), json);
	}
	sound = decode_whole(object, position);
	json_decref(object);
	if (!sound)
	{
		position_free(position);
		return problem_set(problem, REMEDY_STOP, NULL, "the newest position record is damaged: %.*s",
						   (int) (len < 500 ? len : 500), json);
	}
	return true;
}
