/*-------------------------------------------------------------------------
 *
 * command_normal.c
 *	  A command as everybody would write it who writes as we do.
 *
 * Pure.  Says nothing that the command does not say, and leaves nothing out but
 * what is null: what could not be read, and is kept, stays as it came.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/json.h"
#include "base/moment.h"
#include "core/command_normal.h"

/* As it was read; false where what was sent says it best, or nothing was read. */
static bool
command_write_read(JsonWriter *w, const CommandField *f, const void *member)
{
	switch (f->type)
	{
		case CMD_QTY:
		case CMD_QTY_OR_ZERO:
		case CMD_PRICE:
		case CMD_FIGURE:
			if (*(const Numeric *) member)
				oms_json_numeric(w, f->name, *(const Numeric *) member);
			return *(const Numeric *) member != NULL;
		case CMD_NAME:
		case CMD_OPEN_NAME:
			if (*(char *const *) member)
				oms_json_string(w, f->name, *(char *const *) member);
			return *(char *const *) member != NULL;
		case CMD_TIME:
			if (*(const TimestampTz *) member != NO_TIME)
				oms_json_time(w, f->name, *(const TimestampTz *) member);
			return *(const TimestampTz *) member != NO_TIME;
		case CMD_DATE:
			if (*(const DateADT *) member != NO_DATE)
				oms_json_date(w, f->name, *(const DateADT *) member);
			return *(const DateADT *) member != NO_DATE;
		default:
			return false;
	}
}

Jsonb *
oms_command_normal(const Command *command)
{
	JsonWriter	w = {0};
	JsonbIterator *it = JsonbIteratorInit(&command->raw->root);
	JsonbValue	key,
				v;
	JsonbIteratorToken token;

	oms_json_open_object(&w);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		const CommandField *f;

		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &v, true);
		if (v.type == jbvNull)
			continue;
		f = oms_command_field(command->def, pnstrdup(key.val.string.val, key.val.string.len));
		if (f && command_write_read(&w, f, (const char *) command + f->offset))
			continue;
		oms_json_key_len(&w, key.val.string.val, key.val.string.len);
		oms_json_scalar(&w, NULL, &v);
	}
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}
