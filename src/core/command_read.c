/*-------------------------------------------------------------------------
 *
 * command_read.c
 *	  Reading a command by the table of its fields.
 *
 * Pure.  What is asked for must be right field by field; of what is reported only
 * what makes the fact (see STATED in command_list.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "base/near.h"
#include "base/uuid.h"
#include "core/added/added.h"
#include "core/command_read.h"
#include "core/kind.h"

static Refusal *command_read_fields(JsonbContainer *object, bool from_fix, Command *command);

/* The slices of a placement are Create orders without the fields that the placement has. */
static Refusal *
command_read_children(const CommandField *f, const JsonbValue *v, Command *command)
{
	FieldArray	array;
	Refusal    *refusal = oms_field_open_array(f, v, 0, CHILDREN_MAX, &array);

	if (refusal)
		return refusal;
	command->children = palloc0(sizeof(Command) * Max(array.count, 1));
	while (oms_field_next_member(&array))
	{
		Command    *child = &command->children[command->nchildren];

		refusal = oms_field_check_object(f, &array);
		if (refusal)
			return refusal;
		child->def = &oms_slice_def;
		child->raw = command->raw;	/* its own is made once all is read */
		refusal = command_read_fields(array.member.val.binary.data, false, child);
		if (refusal)
			return refusal;
		command->nchildren++;
	}
	return NULL;
}

static Refusal *
command_read_field(const CommandField *f, const JsonbValue *v, Command *command)
{
	void	   *member = (char *) command + f->offset;

	switch (f->type)
	{
		case CMD_CHILDREN:
			return command_read_children(f, v, command);
		case CMD_SHARES:
			return oms_field_read_shares(f, v, member);
		case CMD_IDS:
		case CMD_OBJECTS:
			return oms_field_read_elements(f, v, member);
		default:
			return oms_field_read_value(f, v, member);
	}
}

static const CommandField *
command_find_field(const CommandDef *def, const char *name, size_t length, bool from_fix)
{
	for (const CommandField *f = def->fields; f->name != NULL; f++)
		if (f->name[0] == name[0] && strlen(f->name) == length && memcmp(f->name, name, length) == 0 &&
			(!f->internal || from_fix))
			return f;
	return NULL;
}

const CommandField *
oms_command_field(const CommandDef *def, const char *name)
{
	return command_find_field(def, name, strlen(name), true);
}

static Refusal *
command_unknown_field(const CommandDef *def, const char *name, int length)
{
	StringInfoData known;
	List	   *names = NIL;
	const char *near;
	const char *own = def->added ? NULL : "Fields of your own go under \"attributes\".";
	int			shown = pg_mbcliplen(name, length, 128);

	initStringInfo(&known);
	for (const CommandField *f = def->fields; f->name != NULL; f++)
		if (!f->internal)
		{
			appendStringInfo(&known, "%s%s", known.len ? ", " : "", f->name);
			names = lappend(names, unconstify(char *, f->name));
		}
	near = oms_did_you_mean(names, name, length);
	return oms_with_hint(oms_with_detail(oms_refuse(OMS_MALFORMED, "unknown field \"%.*s\" of %s",
													shown, name, def->name),
										 "It knows %s%s.", known.data,
										 def->fix_messages ? ", and the other fields of its FIX message" : ""),
						 near && own ? psprintf("%s %s", near, own) : near ? near : own);
}

static Refusal *
command_unknown_type(const char *name, int length)
{
	List	   *names = NIL;
	const char *near;
	const char *where = "The view oms.command_reference lists all commands; those of another library are known where that is preloaded.";

	for (int i = 0; i < oms_command_count; i++)
		names = lappend(names, unconstify(char *, oms_command_defs[i].name));
	near = oms_did_you_mean(names, name, length);
	return oms_with_hint(oms_refuse(OMS_UNKNOWN_COMMAND, "unknown command type \"%.*s\"", pg_mbcliplen(name, length, 128), name),
						 near ? psprintf("%s %s", near, where) : where);
}

static void
command_init(Command *command)
{
	command->expected_version = -1;
	command->transact_time = command->place_at = command->planned_slice = command->as_of = NO_TIME;
	command->terms.expire_time = NO_TIME;
	command->terms.expire_date = NO_DATE;
	command->trade_date = NO_DATE;
	command->settl_date = NO_DATE;
	command->quote.valid_until_time = NO_TIME;
	if (unlikely(command->def->added))
		oms_added_command_init(command);
}

static Refusal *
command_check_required(const Command *command, uint64 seen, bool from_fix)
{
	int			i = 0;

	for (const CommandField *f = command->def->fields; f->name != NULL; f++, i++)
	{
		bool		needed = f->required || (!from_fix && f->unless && f->unless[0] == '\0');

		if (needed && (seen & (UINT64CONST(1) << i)) == 0)
			return oms_with_detail(oms_refuse(OMS_MALFORMED, "%s needs field \"%s\"", command->def->name, f->name),
								   "It must be a valid %s.", oms_command_field_type_name(f->type));
	}
	return NULL;
}

void
oms_command_begin(const CommandDef *def, Command *command)
{
	JsonWriter	w = {0};

	memset(command, 0, sizeof(*command));
	command->def = def;
	command_init(command);
	oms_json_open_object(&w);
	oms_json_close_object(&w);
	command->raw = oms_json_finish(&w);
}

Refusal *
oms_command_read_field(const CommandField *f, const JsonbValue *v, Command *command)
{
	return v->type == jbvNull ? NULL : command_read_field(f, v, command);
}

/* Does an object whose fields are not read yet tell what a counterparty did? */
static bool
command_is_report(const Command *command, bool from_fix)
{
	static const char *const keys[] = {"execID", "execType", "ordStatus"};
	JsonbValue	hold;

	if (oms_has_trait(command->def, TRAIT_TYPED))
		return false;
	for (int i = 0; i < lengthof(keys); i++)
		if (oms_json_get(command->raw, keys[i], &hold) != NULL)
			return true;
	/* the report that makes an order: a telephoned one */
	return from_fix && (oms_has_trait(command->def, TRAIT_ANSWER_FROM_COUNTERPARTY) || oms_has_trait(command->def, TRAIT_TOLD) ||
						(oms_has_trait(command->def, TRAIT_TELEPHONED) &&
						 oms_json_get(command->raw, "orderID", &hold) != NULL));
}

/* An OrderID that stands for none neither names an order nor finds one. */
static bool
command_is_no_order_id(const CommandField *f, const JsonbValue *v)
{
	return f->offset == offsetof(Command, counterparty_order_id) && v->type == jbvString &&
		oms_order_id_is_none(v->val.string.val, v->val.string.len);
}

/* Keep a value as it came, under `fix`. */
static void
command_keep_value(JsonWriter *fix, const JsonbValue *key, const JsonbValue *v)
{
	if (fix->level == NULL)
		oms_json_open_object(fix);
	oms_json_key_len(fix, key->val.string.val, key->val.string.len);
	oms_json_scalar(fix, NULL, v);
}

static bool
command_is_type(const JsonbValue *key)
{
	return key->val.string.len == 11 && memcmp(key->val.string.val, "commandType", 11) == 0;
}

/* Read all fields of an object whose command type is known. */
static Refusal *
command_read_fields(JsonbContainer *object, bool from_fix, Command *command)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbValue	key,
				v;
	JsonbIteratorToken token;
	JsonWriter	fix = {0};
	uint64		seen = 0;
	Refusal    *refusal;

	command_init(command);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		const CommandField *f;

		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &v, true);
		f = command_find_field(command->def, key.val.string.val, key.val.string.len, from_fix);
		if (f != NULL)
		{
			if (v.type == jbvNull || command_is_no_order_id(f, &v))
				continue;
			refusal = command_read_field(f, &v, command);
			/* a fact is not refused for what it only echoes */
			if (refusal && f->stated && v.type != jbvBinary && command_is_report(command, from_fix))
				command_keep_value(&fix, &key, &v);
			else if (refusal)
				return refusal;
			seen |= UINT64CONST(1) << (f - command->def->fields);
		}
		else if (command->def != &oms_slice_def && command_is_type(&key))
			continue;
		else if (!oms_fix_field_by_name(key.val.string.val, key.val.string.len, command->def->fix_messages))
			return command_unknown_field(command->def, key.val.string.val, key.val.string.len);
		else if (v.type != jbvNull)
			command_keep_value(&fix, &key, &v);
	}
	if (fix.level != NULL)
	{
		oms_json_close_object(&fix);
		command->fix = oms_json_finish(&fix);
	}
	return command_check_required(command, seen, from_fix);
}

/* A slice as the command that its order's event carries: what it has itself, and what the placement has. */
static Jsonb *
command_of_slice(const Command *placement, JsonbContainer *slice)
{
	static const char *const shared[] = {"transactTime", "correlationId", "causationId"};
	JsonWriter	w = {0};
	JsonbIterator *it = JsonbIteratorInit(slice);
	JsonbValue	key,
				v;
	JsonbIteratorToken token;

	oms_json_open_object(&w);
	oms_json_string(&w, "commandType", oms_slice_def.name);
	if (placement->command_id_given)
		oms_json_string(&w, "commandId", placement->command_id);
	oms_json_string(&w, "parentId", placement->order_id);
	for (int i = 0; i < lengthof(shared); i++)
	{
		JsonbValue	hold;
		JsonbValue *given = oms_json_get(placement->raw, shared[i], &hold);

		if (given && given->type != jbvNull)
			oms_json_scalar(&w, shared[i], given);
	}
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &v, true);
		oms_json_key_len(&w, key.val.string.val, key.val.string.len);
		oms_json_scalar(&w, NULL, &v);
	}
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static void
command_make_slices(Command *command)
{
	JsonbValue	hold;
	JsonbValue *children = oms_json_get(command->raw, "children", &hold);
	JsonbIterator *it = JsonbIteratorInit(children->val.binary.data);
	JsonbValue	element;
	JsonbIteratorToken token;
	int			n = 0;

	while ((token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
	{
		Command    *child = &command->children[n];

		if (token != WJB_ELEM)
			continue;
		child->raw = command_of_slice(command, element.val.binary.data);
		child->command_id = command->command_id;
		child->correlation_id = command->correlation_id;
		child->causation_id = command->causation_id;
		child->transact_time = command->transact_time;
		n++;
	}
}

void
oms_command_name(Command *command, char *command_id)
{
	command->command_id = command_id;
	for (int i = 0; i < command->nchildren; i++)
		command->children[i].command_id = command_id;
}

Refusal *
oms_command_parse(Jsonb *raw, bool from_fix, Command *command)
{
	JsonbValue	hold;
	JsonbValue *type;
	Refusal    *refusal;

	memset(command, 0, sizeof(*command));
	command->raw = raw;
	if (!oms_json_is_object(raw))
		return oms_with_hint(oms_refuse(OMS_MALFORMED, "a command must be a JSON object"),
							 oms_json_is_array(raw) ? "oms_commands() takes an array of commands." : NULL);
	type = oms_json_get(raw, "commandType", &hold);
	if (type == NULL || type->type != jbvString)
		return oms_with_detail(oms_refuse(OMS_MALFORMED, "a command needs field \"commandType\""),
							   "It must be a string.");
	command->def = oms_command_def(type->val.string.val, type->val.string.len);
	if (command->def == NULL)
		return command_unknown_type(type->val.string.val, type->val.string.len);
	refusal = command_read_fields(&raw->root, from_fix, command);
	if (refusal)
		return refusal;
	if (oms_has_trait(command->def, TRAIT_FILL) && oms_dec_sign(command->last_qty) == 0 && !from_fix)
		return oms_with_detail(oms_refuse(OMS_MALFORMED, "field \"lastQty\" is not a valid %s",
										  oms_command_field_type_name(CMD_QTY)), "It is 0.");
	/* an answer to a request does not rename the order */
	if (oms_has_trait(command->def, TRAIT_ANSWER_FROM_COUNTERPARTY))
		command->counterparty_order_id = NULL;
	command->command_id_given = command->command_id != NULL;
	if (!command->command_id_given)
		command->command_id = oms_new_id(OMS_ANY_SLOT);
	if (command->nchildren > 0)
		command_make_slices(command);
	return NULL;
}

bool
oms_command_is_resent(const Command *command)
{
	return command->poss_dup == TRI_TRUE || command->poss_resend == TRI_TRUE;
}

bool
oms_command_is_report(const Command *command)
{
	if (oms_has_trait(command->def, TRAIT_TYPED))
		return false;
	return command->exec_id != NULL || command->exec_type != NULL || command->ord_status != NULL ||
		(command->fix_message != NULL && oms_has_trait(command->def, TRAIT_ANSWER_FROM_COUNTERPARTY));
}

bool
oms_command_is_fact(const Command *command)
{
	return oms_has_trait(command->def, TRAIT_FILL | TRAIT_CORRECTION | TRAIT_BUST) || oms_command_is_report(command);
}

bool
oms_command_is_about_facts(const Command *command)
{
	return oms_kinds[command->def->kind].is_fact || oms_command_is_report(command);
}

bool
oms_command_is_fresh_request(const Command *command)
{
	return command->def->opens != REQUEST_NONE && !oms_command_is_report(command);
}
