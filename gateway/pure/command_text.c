/*
 * gateway/pure/command_text.c
 *     The body of a command with what the headers say.
 *
 * Nothing of the body is changed but that members are put in front of its first one; what it says twice counts as PostgreSQL's
 * jsonb has it, the last time.
 */
#include "command_text.h"

#include <string.h>

#include "bytes.h"
#include "json_parts.h"

#define VERSION_DIGITS_MAX 18

typedef struct Members
{
	bool		object;
	bool		empty;
	Span		command_id;		/* values as they stand; NULL data: there is none */
	Span		command_type;
	Span		version;
} Members;

static void
command_members(Span body, Members *members)
{
	JsonParts	parts;
	Span		key;
	Span		value;

	*members = (Members) {.empty = true};
	if (!parts_begin(&parts, body))
		return;
	while (parts_next(&parts, &key, &value))
	{
		members->empty = false;
		if (parts_means(key, "commandId"))
			members->command_id = value;
		else if (parts_means(key, "commandType"))
			members->command_type = value;
		else if (parts_means(key, "expectedVersion"))
			members->version = value;
	}
	members->object = parts_end(&parts);
}

/* A key may stand in quotes, as a string of RFC 8941 does. */
static bool
command_read_key(Span *key, Refused *refused)
{
	if (key->len >= 2 && key->data[0] == '"' && key->data[key->len - 1] == '"')
		*key = (Span) {key->data + 1, key->len - 2};
	if (key->len == 0 || key->len >= COMMAND_ID_SIZE)
		return refuse(refused, 400, "Idempotency-Key has 1 to %d bytes", COMMAND_ID_SIZE - 1);
	for (size_t i = 0; i < key->len; i++)
		if (key->data[i] <= 0x20 || key->data[i] >= 0x7F || key->data[i] == '"' || key->data[i] == '\\')
			return refuse(refused, 400, "Idempotency-Key has a byte that is no letter, digit or sign of ASCII");
	return true;
}

/* Digits in quotes, without zeros in front. */
static bool
command_read_version(Span *if_match, Refused *refused)
{
	Span		version = *if_match;

	if (version.len < 3 || version.data[0] != '"' || version.data[version.len - 1] != '"' || version.len > VERSION_DIGITS_MAX + 2)
		return refuse(refused, 400, "If-Match is one version in quotes, as in \"7\"");
	version = (Span) {version.data + 1, version.len - 2};
	for (size_t i = 0; i < version.len; i++)
		if (version.data[i] < '0' || version.data[i] > '9' || version.data[0] == '0')
			return refuse(refused, 400, "If-Match is one version in quotes, as in \"7\"");
	*if_match = version;
	return true;
}

/* Whether a value of the body says this, as a string or a number. */
static bool
command_says(Span value, Span text)
{
	Text		meaning = {0};
	bool		same;

	if (value.len == text.len)
		return memcmp(value.data, text.data, text.len) == 0;
	same = parts_string(value, &meaning) && meaning.len == text.len && memcmp(meaning.data, text.data, text.len) == 0;
	text_free(&meaning);
	return same;
}

/* What a string of the body means, where it has room; else nothing. */
static void
command_keep(Span value, char *room, size_t size)
{
	Text		meaning = {0};

	if (value.data != NULL && parts_string(value, &meaning) && meaning.len < size && memchr(meaning.data, '\0', meaning.len) == NULL)
		memcpy(room, meaning.data, meaning.len + 1);
	text_free(&meaning);
}

static bool
command_add_headers(const Members *members, Span key, Span if_match, const char *made_id, CommandText *command, Text *added, Refused *refused)
{
	if (key.data != NULL && !command_read_key(&key, refused))
		return false;
	if (if_match.data != NULL && !command_read_version(&if_match, refused))
		return false;
	if (key.data == NULL && members->command_id.data == NULL && made_id != NULL)
		key = span_of(made_id);
	if (key.data != NULL && members->command_id.data != NULL && !command_says(members->command_id, key))
		return refuse(refused, 400, "Idempotency-Key and the body's commandId are not the same");
	if (if_match.data != NULL && members->version.data != NULL && !command_says(members->version, if_match))
		return refuse(refused, 400, "If-Match and the body's expectedVersion are not the same");
	if (key.data != NULL && members->command_id.data == NULL)
	{
		text_puts(added, "\"commandId\":");
		text_json(added, key.data, key.len);
		memcpy(command->command_id, key.data, key.len);
		command->command_id[key.len] = '\0';
	}
	if (if_match.data != NULL && members->version.data == NULL)
		text_printf(added, "%s\"expectedVersion\":%.*s", added->len > 0 ? "," : "", (int) if_match.len, if_match.data);
	return true;
}

bool
command_text(Span body, Span key, Span if_match, const char *made_id, CommandText *command, Refused *refused)
{
	Members		members;
	Text		added = {0};
	size_t		open;
	bool		good;

	*command = (CommandText) {.command_id = ""};
	command_members(body, &members);
	if (!members.object)
	{
		text_add(&command->body, body.data, body.len);
		return true;
	}
	command_keep(members.command_id, command->command_id, sizeof(command->command_id));
	command_keep(members.command_type, command->command_type, sizeof(command->command_type));
	good = command_add_headers(&members, key, if_match, made_id, command, &added, refused);
	if (good)
	{
		open = (size_t) ((const char *) memchr(body.data, '{', body.len) - body.data) + 1;
		text_add(&command->body, body.data, open);
		text_add(&command->body, added.data, added.len);
		if (added.len > 0 && !members.empty)
			text_puts(&command->body, ",");
		text_add(&command->body, body.data + open, body.len - open);
	}
	text_free(&added);
	return good;
}

void
command_text_free(CommandText *command)
{
	text_free(&command->body);
}
