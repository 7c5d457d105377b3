/*-------------------------------------------------------------------------
 *
 * added_decide.c
 *	  What the commands of kinds that other libraries bring do.
 *
 * Pure.  The machine says whether it may be, the fields of the command fill their
 * columns, and the library's decide function may change more, or refuse.  What
 * it does outside of its decision is its own affair.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/numeric.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/added/added.h"
#include "core/decide.h"

struct OmsDecision
{
	const Decision *d;
	const AddedObject *before;	/* or NULL */
	AddedObject *after;
	Refusal    *refusal;
};

static const RecordDef *
added_record(const OmsDecision *decision)
{
	return oms_kinds[decision->after->kind].record;
}

/* ------------------------------------------------------------------------
 * what a library asks
 * ------------------------------------------------------------------------
 */

pg_noreturn static void
added_no_such(const char *what, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("a decide function asks for %s \"%s\", which there is not", what, name ? name : "")));
}

/* As a column of its type has it; false: it was not given. */
static bool
added_get_field(const CommandField *f, const Command *command, Datum *value)
{
	const AddedValue *given = (const AddedValue *) ((const char *) command + f->offset);

	switch (f->type)
	{
		case CMD_TIME:
			*value = Int64GetDatum(given->time);
			return given->time != NO_TIME;
		case CMD_DATE:
			*value = DateADTGetDatum(given->date);
			return given->date != NO_DATE;
		case CMD_BOOL:
			*value = BoolGetDatum(given->tristate == TRI_TRUE);
			return given->tristate != TRI_UNSET;
		case CMD_VERSION:
			*value = Int64GetDatum(given->count);
			return given->count >= 0;
		case CMD_ID:
		case CMD_TEXT:
		case CMD_NAME:
			if (given->text)
				*value = CStringGetTextDatum(given->text);
			return given->text != NULL;
		default:
			*value = PointerGetDatum(given->json);
			return given->json != NULL;
	}
}

bool
oms_added_get(const OmsDecision *decision, OmsSide side, const char *name, Datum *value)
{
	const Command *command = decision->d->command;
	const RecordColumn *column;

	if (side == OMS_COMMAND)
	{
		const CommandField *f = name ? oms_command_field(command->def, name) : NULL;

		if (f == NULL || f->internal)
			added_no_such("field", name);
		return added_get_field(f, command, value);
	}
	column = name ? oms_record_column(added_record(decision), name) : NULL;
	if (column == NULL)
		added_no_such("column", name);
	if (side == OMS_BEFORE && decision->before == NULL)
		return false;
	return oms_record_value(column, side == OMS_BEFORE ? decision->before : decision->after, value);
}

/* What a field of the type may not be; what is of no type is the record's to say. */
static const char *
added_problem(OmsFieldType type, Datum value)
{
	const text *t;

	switch (type)
	{
		case OMS_ID:
		case OMS_TEXT:
			t = DatumGetTextPP(value);
			if (!pg_verifymbstr(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), true))
				return "is no text in the encoding of the database";
			if (type == OMS_ID)
				return VARSIZE_ANY_EXHDR(t) > 0 && VARSIZE_ANY_EXHDR(t) <= ID_LENGTH_MAX ? NULL : "is no text of 1 to 256 bytes";
			return VARSIZE_ANY_EXHDR(t) <= TEXT_LENGTH_MAX ? NULL : "is longer than 64 kB";
		case OMS_QUANTITY:
		case OMS_QUANTITY_OR_ZERO:
		case OMS_PRICE:
			if (!oms_dec_acceptable(DatumGetNumeric(value)))
				return "has too many digits";
			return type == OMS_PRICE || oms_dec_sign(DatumGetNumeric(value)) >= (type == OMS_QUANTITY ? 1 : 0) ? NULL : "is too small a quantity";
		case OMS_COUNT:
			return DatumGetInt64(value) >= 0 ? NULL : "is negative";
		default:
			return NULL;
	}
}

void
oms_added_set(OmsDecision *decision, const char *name, const Datum *value)
{
	const RecordColumn *column = name ? oms_record_column(added_record(decision), name) : NULL;
	const char *problem = NULL;

	if (column == NULL || column->offset < offsetof(AddedObject, values))
		added_no_such("an own column", name);
	if (value)
		problem = added_problem(decision->d->command->def->added->columns[(column->offset - offsetof(AddedObject, values)) / sizeof(AddedValue)].type, *value);
	if (problem == NULL)
		problem = oms_record_set(column, decision->after, value);
	if (problem)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a decide function sets a column to what it cannot be"),
				 errdetail("Column \"%s\" %s.", name, problem)));
}

void
oms_added_refuse(OmsDecision *decision, const char *rule, const char *message, const char *detail)
{
	const char *const said[] = {rule, message, detail ? detail : ""};

	/* it is kept, and shown */
	for (int i = 0; i < lengthof(said); i++)
		if (said[i] == NULL || !pg_verifymbstr(said[i], strlen(said[i]), true))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a decide function refuses by what is no text in the encoding of the database")));
	if (decision->refusal == NULL)
		decision->refusal = oms_refuse_by_rule(pstrdup(rule), pstrdup(message), "%s", detail ? detail : "it refuses this command.");
}

TimestampTz
oms_added_now(const OmsDecision *decision)
{
	return oms_decision_now(decision->d);
}

const char *
oms_added_actor(const OmsDecision *decision)
{
	return oms_decision_asker(decision->d)->actor;
}

/* ------------------------------------------------------------------------
 * deciding
 * ------------------------------------------------------------------------
 */

/* A column of the type takes what a field has; what was not given leaves it as it is. */
static void
added_fill(const CommandField *f, const RecordColumn *column, const Command *command, AddedObject *object)
{
	const AddedValue *given = (const AddedValue *) ((const char *) command + f->offset);
	AddedValue *member = (AddedValue *) ((char *) object + column->offset);
	Datum		value;

	if (!added_get_field(f, command, &value))
		return;
	if (f->type == CMD_NAME)
		member->name = oms_name_find(column->names, given->text, strlen(given->text))->value;
	else if (f->type == CMD_BOOL)
		member->truth = given->tristate == TRI_TRUE;
	else
		*member = *given;
}

static Refusal *
added_refuse_transition(const Command *command, const AddedObject *before)
{
	const char *noun = oms_kind_noun(command->def->kind);

	if (before == NULL)
		return oms_refuse(OMS_NO_TRANSITION, "%s is not possible for a new %s", command->def->name, noun);
	return oms_refuse(OMS_NO_TRANSITION, "%s is not possible for %s \"%s\" in status %s", command->def->name, noun, before->id,
					  oms_name_of(oms_record_column(oms_kinds[before->kind].record, "status")->names, before->status));
}

/* The object that the command is about, as it is, or as a new one begins. */
static Refusal *
added_find(const Decision *d, const AddedObject **before, AddedObject *after)
{
	const Command *command = d->command;
	ObjectKind	kind = command->def->kind;
	bool		creates = command->def->added->given->creates;

	*before = creates ? NULL : (const AddedObject *) oms_decision_get(d, kind, command->added_id);
	if (*before)
	{
		*after = **before;
		return oms_check_version(command, kind, after->id, after->version);
	}
	if (!creates)
		return oms_no_such(kind, command->added_id);
	if (command->added_id)
	{
		Refusal    *refusal = oms_check_new_id(d, kind, command->added_id, true);

		if (refusal)
			return refusal;
	}
	oms_record_init(oms_kinds[kind].record, after);
	after->id = after->root_id = command->added_id ? command->added_id : oms_decision_new_id(d, NULL);
	return oms_check_version(command, kind, after->id, 0);
}

/* Bits are in order of precedence: the first that holds is the status, and one does (added_check_row()). */
static void
added_evolve(AddedObject *object, const Transition *transition)
{
	object->conditions = oms_transition_apply(transition, object->conditions);
	object->status = pg_rightmost_one_pos32(object->conditions) + 1;
}

static Refusal *
added_check_required(const Command *command, const AddedObject *object)
{
	const RecordDef *def = oms_kinds[object->kind].record;
	Datum		value;

	for (int i = 0; i < def->ncolumns; i++)
		if (def->columns[i].required && def->columns[i].offset >= offsetof(AddedObject, values) &&
			!oms_record_value(&def->columns[i], object, &value))
			return oms_with_detail(oms_refuse(OMS_MALFORMED, "%s leaves \"%s\" of %s without a value", command->def->name,
											  def->columns[i].json, oms_kinds[object->kind].a_name), "It is never null.");
	return NULL;
}

Refusal *
oms_decide_added(Decision *d)
{
	const Command *command = d->command;
	const AddedCommand *added = command->def->added;
	AddedObject after;
	OmsDecision decision = {.d = d, .after = &after};
	const Transition *transition;
	Refusal    *refusal = added_find(d, &decision.before, &after);

	if (refusal)
		return refusal;
	transition = oms_machine_find(oms_kinds[command->def->kind].machines[0], command->def->trigger, after.conditions, 0, false);
	if (transition == NULL)
		return added_refuse_transition(command, decision.before);
	for (int i = 0; added->own[i].offset >= offsetof(Command, added); i++)
		if (added->fills[i])
			added_fill(&added->own[i], added->fills[i], command, &after);
	added_evolve(&after, transition);
	if (added->given->decide)
		added->given->decide(&decision);
	if (decision.refusal)
		return decision.refusal;
	refusal = added_check_required(command, &after);
	if (refusal)
		return refusal;
	oms_decision_put(d, &after.object, transition, decision.before == NULL && command->added_id != NULL);
	oms_decision_about(d, command->def->kind, after.id, false);
	return NULL;
}
