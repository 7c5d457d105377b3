/*
 * common/fuzz/fuzz_wal2json.c
 *     One session of wal2json: messages, a line each. Each is also read with jansson, and both must say the same.
 */
#include <jansson.h>

#include "decoding.h"
#include "json_scan.h"

/* jansson counts nesting to 2048, we do not. */
static bool
too_deep(const char *data, size_t len)
{
	bool		in_string = false;
	int			depth = 0;

	for (size_t i = 0; i < len; i++)
	{
		if (in_string && data[i] == '\\')
			i++;
		else if (data[i] == '"')
			in_string = !in_string;
		else if (!in_string && (data[i] == '{' || data[i] == '['))
			depth++;
		else if (!in_string && (data[i] == '}' || data[i] == ']'))
			depth--;
		if (depth > SCAN_DEPTH_MAX)
			return true;
	}
	return false;
}

static bool
same_string(const json_t *object, const char *key, Span span)
{
	const json_t *value = json_object_get(object, key);

	return json_is_string(value) && json_string_length(value) == span.len && memcmp(json_string_value(value), span.data, span.len) == 0;
}

static bool
same_lsn(const json_t *object, const char *key, Lsn lsn)
{
	Lsn			other;

	return json_is_string(json_object_get(object, key)) && lsn_parse(json_string_value(json_object_get(object, key)), &other) && other == lsn;
}

/* The value of a column, NULL when it is not there once. */
static const json_t *
column(const json_t *columns, const char *name)
{
	const json_t *found = NULL;

	for (size_t i = 0; i < json_array_size(columns); i++)
	{
		const json_t *member = json_array_get(columns, i);
		const json_t *its_name = json_object_get(member, "name");

		if (!json_is_string(its_name) || strcmp(json_string_value(its_name), name) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = member;
	}
	return found;
}

static void
check_event(const json_t *object, const Decoded *decoded)
{
	const json_t *columns = json_object_get(object, "columns");
	const json_t *table = json_object_get(object, "table");
	const json_t *schema = json_object_get(object, "schema");
	const json_t *sequence = json_object_get(column(columns, "sequence"), "value");

	MUST(same_string(column(columns, "root_id"), "value", decoded->key));
	MUST(same_string(column(columns, "event_type"), "value", decoded->type));
	MUST(same_string(column(columns, "payload"), "value", decoded->payload));
	MUST(same_string(column(columns, "hash"), "value", decoded->hash));
	MUST(json_is_integer(sequence) && json_integer_value(sequence) == decoded->sequence);
	MUST(json_is_string(schema) && json_is_string(table));
	MUST(decode_table((Span) {json_string_value(schema), json_string_length(schema)},
					  (Span) {json_string_value(table), json_string_length(table)}) == decoded->table);
}

/* What was decoded is what jansson reads. */
static void
check_taken(const json_t *object, const Decoded *decoded)
{
	const char *action = json_string_value(json_object_get(object, "action"));

	MUST(action != NULL);
	if (decoded->kind == DECODED_BEGIN)
	{
		MUST(strcmp(action, "B") == 0 && same_lsn(object, "lsn", decoded->commit_lsn));
		MUST(json_integer_value(json_object_get(object, "xid")) == decoded->xid);
	}
	else if (decoded->kind == DECODED_COMMIT)
		MUST(strcmp(action, "C") == 0 && same_lsn(object, "lsn", decoded->commit_lsn) && same_lsn(object, "nextlsn", decoded->end_lsn));
	else if (decoded->kind == DECODED_EVENT)
	{
		MUST(strcmp(action, "I") == 0);
		check_event(object, decoded);
	}
	else
		MUST(strlen(action) == 1 && strchr("IUDTM", action[0]) != NULL);
}

/* A key that comes twice: the last one counts for jansson, and here; but of columns all are read. */
static bool
keys_repeat(const char *data, size_t len)
{
	json_t	   *object = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);

	json_decref(object);
	return object == NULL;
}

/* Whether the scanner takes it as JSON of any kind. */
static bool
scans(const char *data, size_t len)
{
	char	   *room = malloc(SCAN_ROOM(len));
	JsonScan	scan;
	ScanValue	value;
	bool		result;

	MUST(room != NULL);
	scan_begin(&scan, data, len, room);
	result = scan_value(&scan, &value) && scan_end(&scan);
	MUST(scan.room >= room && scan.room <= room + len);
	free(room);
	return result;
}

static void
one_message(Decoder *decoder, const char *data, size_t len)
{
	static const char emitted[] = "{\"action\":\"M\"";
	json_error_t error;
	json_t	   *object = json_loadb(data, len, JSON_DECODE_ANY, &error);
	bool		scanned = scans(data, len);
	Decoded		decoded;
	bool		taken = decode_checked(&decoder_wal2json, decoder, data, len, &decoded);
	bool		unread = len >= sizeof(emitted) - 1 && memcmp(data, emitted, sizeof(emitted) - 1) == 0;

	/* A zero byte behind the text is an end of it for jansson. */
	if (object != NULL)
		MUST(scanned || too_deep(data, len) || memchr(data, '\0', len) != NULL);
	else if (json_error_code(&error) != json_error_numeric_overflow)
		MUST(!scanned && (!taken || unread));
	if (object != NULL && taken && !unread && !keys_repeat(data, len))
		check_taken(object, &decoded);
	json_decref(object);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Decoder    *decoder = decoder_wal2json.create();

	while (size > 0)
	{
		const uint8_t *newline = memchr(data, '\n', size);
		size_t		len = newline == NULL ? size : (size_t) (newline - data);
		char	   *message = exact_bytes(data, len);

		one_message(decoder, message, len);
		free(message);
		data += len + (newline != NULL);
		size -= len + (newline != NULL);
	}
	decoder_wal2json.destroy(decoder);
	return 0;
}
