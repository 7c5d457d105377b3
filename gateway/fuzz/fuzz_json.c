/*
 * gateway/fuzz/fuzz_json.c
 *     Bodies: the parts of what another reader takes for JSON are the same to both, and a command with what its headers say stays JSON.
 */
#include "fuzz.h"

#include "bytes.h"
#include "command_text.h"
#include "json_parts.h"
#include "problem.h"

static void
check_parts(Span json)
{
	char	   *room = malloc(SCAN_ROOM(json.len));
	JsonScan	scan;
	JsonParts	parts;
	ScanValue	value;
	Span		key;
	Span		raw_key;
	Span		raw;
	Text		text = {0};

	MUST(room != NULL);
	scan_begin(&scan, json.data, json.len, room);
	if (parts_begin(&parts, json))
	{
		MUST(scan_open(&scan, '{'));
		while (scan_member(&scan, &key))
		{
			MUST(scan_value(&scan, &value) && parts_next(&parts, &raw_key, &raw));
			text_clear(&text);
			MUST(parts_string((Span) {raw_key.data - 1, raw_key.len + 2}, &text));
			MUST(text.len == key.len && (key.len == 0 || memcmp(text.data, key.data, key.len) == 0));
			if (memchr(text.data, '\0', text.len) == NULL)
				MUST(parts_means(raw_key, text.data));
			MUST(is_json(raw));
			if (value.kind == SCAN_STRING)
			{
				text_clear(&text);
				MUST(parts_string(raw, &text) && text.len == value.text.len && (text.len == 0 || memcmp(text.data, value.text.data, text.len) == 0));
			}
			else if (value.kind == SCAN_NUMBER)
				MUST(raw.len == value.text.len && memcmp(raw.data, value.text.data, raw.len) == 0);
		}
		MUST(!parts_next(&parts, &raw_key, &raw) && parts_end(&parts) && scan_end(&scan));
	}
	text_free(&text);
	free(room);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Span		json = exact_copy(data, size);
	bool		valid = is_json(json);
	Refused		refused = {.status = 0};
	CommandText command;
	char		sqlstate[6];
	Span		id;

	if (valid)
		check_parts(json);
	problem_of_result(json, sqlstate);
	if (command_text(json, (Span) {NULL, 0}, (Span) {"\"7\"", 3}, "made", &command, &refused))
	{
		Span		body = {command.body.data, command.body.len};

		MUST(memchr(command.command_id, '\0', sizeof(command.command_id)) != NULL && memchr(command.command_type, '\0', sizeof(command.command_type)) != NULL);
		MUST(body.len >= json.len && valid == is_json(body));
		if (valid && parts_find(body, "expectedVersion", &id))
			MUST(parts_find(body, "commandId", &id));
	}
	else
		check_refused(&refused);
	command_text_free(&command);
	free((char *) json.data);
	return 0;
}
