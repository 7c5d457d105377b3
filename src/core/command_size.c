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

static int64
command_size_max(void)
{
	return (int64) oms_guc_command_size_kb * 1024;
}

Refusal *
oms_command_check_size(Jsonb *raw)
{
	int64		size = oms_json_size(raw);

	if (size <= command_size_max())
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
 * states
 * ------------------------------------------------------------------------
 */

int64
oms_state_size_max(void)
{
	return command_size_max() / 6;
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
			size += c->type == FIELD_JSON ? oms_json_size(member) : oms_json_string_size(member, strlen(member));
	}
	return size;
}

Refusal *
oms_state_refuse_size(const RecordDef *def, const char *id, int64 size)
{
	return command_too_large(psprintf("what %s \"%s\" would hold", def->name, id), size,
							 oms_state_size_max(),
							 "Its texts and documents would have " INT64_FORMAT " bytes; " INT64_FORMAT " are possible, a sixth of oms_state.command_size.");
}
