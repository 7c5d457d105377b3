/*-------------------------------------------------------------------------
 *
 * command_size.c
 *	  How large a command, and what it leaves behind, may be.
 *
 * Pure.  A command is measured as it leaves the database: the bytes of its text
 * as UTF-8 JSON.  What every event has is one command and one state; both are
 * bounded by one setting, so every event can leave by every way out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "base/decimal.h"
#include "base/guc.h"
#include "core/command.h"
#include "core/command_size.h"
#include "core/kind.h"

#define BRIEF_MEMBERS	32

static Refusal *
command_too_large(const char *what, int64 size, int64 most, const char *detail)
{
	Refusal    *refusal = oms_with_detail(oms_refuse(OMS_MALFORMED, "%s is too large", what), detail, size, most);

	refusal->too_large = true;
	return refusal;
}

char *
oms_text_as_code(const char *text)
{
	return pnstrdup(text, pg_mbcliplen(text, strlen(text), CODE_LENGTH_MAX));
}

static int64
command_size_max(void)
{
	return (int64) oms_guc_command_size_kb * 1024;
}

Refusal *
oms_command_check_size(Jsonb *raw)
{
	int64		size;

	if (oms_json_size_bound(raw) <= command_size_max() || (size = oms_json_size(raw)) <= command_size_max())
		return NULL;
	return command_too_large("the command", size, command_size_max(),
							 "As JSON in UTF-8 it has " INT64_FORMAT " bytes; oms_state.command_size allows " INT64_FORMAT ".");
}

Refusal *
oms_message_check_size(size_t length)
{
	if (length <= command_size_max())
		return NULL;
	return command_too_large("the FIX message", length, command_size_max(),
							 "It has " INT64_FORMAT " bytes; oms_state.command_size allows " INT64_FORMAT ", its fields included.");
}

static bool
command_is_short(const JsonbValue *v)
{
	switch (v->type)
	{
		case jbvNull:
		case jbvBool:
			return true;
		case jbvString:
			return v->val.string.len <= ID_LENGTH_MAX;
		case jbvNumeric:
			return strlen(oms_dec_text(v->val.numeric)) <= ID_LENGTH_MAX;
		default:
			return false;
	}
}

Jsonb *
oms_command_brief(Jsonb *raw)
{
	JsonWriter	w = {0};
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	v;
	JsonbIteratorToken token;
	int			members = 0;

	if (VARSIZE(raw) < COMMAND_BRIEF_FROM && oms_json_size(raw) < COMMAND_BRIEF_FROM)
		return raw;
	oms_json_open_object(&w);
	it = JsonbIteratorInit(&raw->root);
	while (oms_json_is_object(raw) && (token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE && members < BRIEF_MEMBERS)
	{
		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &v, true);
		if (key.val.string.len > ID_LENGTH_MAX || !command_is_short(&v))
			continue;
		oms_json_key_len(&w, key.val.string.val, key.val.string.len);
		oms_json_scalar(&w, NULL, &v);
		members++;
	}
	oms_json_int(&w, "shortenedFrom", oms_json_size(raw));
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

/* ------------------------------------------------------------------------
 * parts
 * ------------------------------------------------------------------------
 */

static const CommandField *
command_find_shares(const CommandDef *def, const JsonbValue *key)
{
	for (const CommandField *f = def->fields; f->name != NULL; f++)
		if (f->type == CMD_SHARES && strlen(f->name) == key->val.string.len &&
			memcmp(f->name, key->val.string.val, key->val.string.len) == 0)
			return f;
	return NULL;
}

/* A message names everybody too. */
static bool
command_is_message(const JsonbValue *key)
{
	static const char *const names[] = {"fixMessage", "fixMessageBase64"};

	for (int i = 0; i < lengthof(names); i++)
		if (strlen(names[i]) == key->val.string.len && memcmp(names[i], key->val.string.val, key->val.string.len) == 0)
			return true;
	return false;
}

static void
command_put_own_shares(JsonWriter *w, const JsonbValue *key, const JsonbValue *shares, const char *order_id)
{
	JsonbIterator *it = JsonbIteratorInit(shares->val.binary.data);
	JsonbValue	v;
	JsonbIteratorToken token;

	oms_json_key_len(w, key->val.string.val, key->val.string.len);
	oms_json_open_array(w);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		JsonbValue	hold;
		JsonbValue *id = token == WJB_ELEM && v.type == jbvBinary && JsonContainerIsObject(v.val.binary.data) ?
			getKeyJsonValueFromContainer(v.val.binary.data, "orderId", strlen("orderId"), &hold) : NULL;

		if (id && id->type == jbvString && id->val.string.len == strlen(order_id) &&
			memcmp(id->val.string.val, order_id, id->val.string.len) == 0)
			oms_json_scalar(w, NULL, &v);
	}
	oms_json_close_array(w);
}

Jsonb *
oms_command_part(const Command *command, const char *order_id)
{
	JsonWriter	w = {0};
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	v;
	JsonbIteratorToken token;
	bool		has_message = false;

	if (command->members.count + command->allocations.count == 0 && command->fix_message == NULL)
		return command->raw;
	oms_json_open_object(&w);
	it = JsonbIteratorInit(&command->raw->root);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &v, true);
		if (v.type == jbvBinary && JsonContainerIsArray(v.val.binary.data) && command_find_shares(command->def, &key))
			command_put_own_shares(&w, &key, &v, order_id);
		else if (command_is_message(&key))
			has_message = true;
		else
		{
			oms_json_key_len(&w, key.val.string.val, key.val.string.len);
			oms_json_scalar(&w, NULL, &v);
		}
	}
	if (has_message)
		oms_json_string(&w, "fixMessageIn", command->command_id);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

/* ------------------------------------------------------------------------
 * states
 * ------------------------------------------------------------------------
 */

int64
oms_state_size_max(void)
{
	return command_size_max() / 6;
}

static int64
command_text_size(const char *text)
{
	int			length = strlen(text);

	return length <= CODE_LENGTH_MAX ? 0 : oms_json_string_size(text, length);
}

int64
oms_state_size(const RecordDef *def, const void *record)
{
	int64		size = 0;

	for (int i = 0; i < def->ncolumns; i++)
	{
		const RecordColumn *c = &def->columns[i];
		void	   *member;

		if (!c->may_be_long)
			continue;
		member = *(void *const *) ((const char *) record + c->offset);
		if (member && c->size)
			size += c->size(member);
		else if (member)
			size += c->type == FIELD_JSON ? oms_json_size(member) : command_text_size(member);
	}
	return size;
}

Refusal *
oms_state_refuse_size(const RecordDef *def, const char *id, int64 size)
{
	return command_too_large(psprintf("what %s \"%s\" would hold", oms_kind_noun(def->kind), id), size,
							 oms_state_size_max(),
							 "Its texts and documents would have " INT64_FORMAT " bytes; " INT64_FORMAT " are possible, a sixth of oms_state.command_size.");
}
