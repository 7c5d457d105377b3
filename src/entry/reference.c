/*-------------------------------------------------------------------------
 *
 * reference.c
 *	  The tables of the code as SQL shows them: every machine, every command.
 *
 * Reads nothing but them, takes no lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "core/command.h"
#include "core/kind.h"
#include "core/query/query_target.h"
#include "entry/gate.h"
#include "entry/named_row.h"
#include "store/config_def.h"

PG_FUNCTION_INFO_V1(oms_list_transitions);
PG_FUNCTION_INFO_V1(oms_list_commands);
PG_FUNCTION_INFO_V1(oms_list_fields);
PG_FUNCTION_INFO_V1(oms_list_configuration_tables);
PG_FUNCTION_INFO_V1(oms_fix_code);

static const NamedColumn transition_columns[] = {
	{"object", TEXTOID}, {"transition", INT4OID}, {"trigger", TEXTOID}, {"requires", TEXTARRAYOID}, {"forbids", TEXTARRAYOID},
	{"facts", TEXTARRAYOID}, {"reported", BOOLOID}, {"sets", TEXTARRAYOID}, {"clears", TEXTARRAYOID}, {"raises", TEXTARRAYOID},
	{"event_type", TEXTOID}, {"sentence", TEXTOID},
};

static const NamedColumn command_columns[] = {
	{"command_type", TEXTOID}, {"object", TEXTOID}, {"field", TEXTOID}, {"field_type", TEXTOID}, {"required", BOOLOID},
	{"unless", TEXTOID}, {"role", TEXTOID},
};

static const NamedColumn field_columns[] = {
	{"object", TEXTOID}, {"field", TEXTOID}, {"field_type", TEXTOID}, {"required", BOOLOID}, {"names", TEXTARRAYOID},
};

static const NamedColumn config_columns[] = {
	{"table_name", NAMEOID}, {"aggregate_type", TEXTOID}, {"key", TEXTARRAYOID}, {"columns", TEXTARRAYOID}, {"fields", TEXTARRAYOID},
};

/* The names of these bits; null for none. */
static Datum
reference_names(const OmsName *names, uint32 bits, bool *isnull)
{
	Datum		elements[32];
	int			count = 0;

	for (const OmsName *n = names; n->name != NULL; n++)
		if (bits & n->value)
			elements[count++] = CStringGetTextDatum(n->name);
	*isnull = count == 0;
	return PointerGetDatum(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
reference_put_transition(ReturnSetInfo *rsinfo, const Machine *machine, const Transition *t)
{
	Datum		values[lengthof(transition_columns)];
	bool		nulls[lengthof(transition_columns)] = {0};

	values[0] = CStringGetTextDatum(machine->object);
	values[1] = Int32GetDatum(t->number);
	values[2] = CStringGetTextDatum(machine->triggers[t->trigger].name);
	values[3] = reference_names(machine->conditions, t->requires, &nulls[3]);
	values[4] = reference_names(machine->conditions, t->forbids, &nulls[4]);
	values[5] = reference_names(machine->facts, t->facts, &nulls[5]);
	values[6] = BoolGetDatum(t->reported);
	values[7] = reference_names(machine->conditions, t->sets, &nulls[7]);
	values[8] = reference_names(machine->conditions, t->clears, &nulls[8]);
	values[9] = reference_names(machine->flags, t->raises, &nulls[9]);
	nulls[10] = t->event_type == NULL;
	if (!nulls[10])
		values[10] = CStringGetTextDatum(t->event_type);
	values[11] = CStringGetTextDatum(t->sentence);
	oms_put_named_row(rsinfo, transition_columns, lengthof(transition_columns), values, nulls);
}

Datum
oms_list_transitions(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < oms_kind_count; i++)
	{
		for (int j = 0; j < KIND_MACHINES_MAX && oms_kinds[i].machines[j]; j++)
		{
			const Machine *machine = oms_kinds[i].machines[j];

			for (const Transition *t = machine->rows; t->number != 0; t++)
				reference_put_transition((ReturnSetInfo *) fcinfo->resultinfo, machine, t);
		}
	}
	return (Datum) 0;
}

Datum
oms_list_commands(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < oms_command_count; i++)
	{
		const CommandDef *def = &oms_command_defs[i];

		for (const CommandField *f = def->fields; f->name != NULL; f++)
		{
			Datum		values[lengthof(command_columns)];
			bool		nulls[lengthof(command_columns)] = {0};

			if (f->internal)
				continue;
			values[0] = CStringGetTextDatum(def->name);
			values[1] = CStringGetTextDatum(oms_kinds[def->kind].record->name);
			values[2] = CStringGetTextDatum(f->name);
			values[3] = CStringGetTextDatum(oms_command_field_type_name(f->type));
			values[4] = BoolGetDatum(f->required || f->unless);
			nulls[5] = f->unless == NULL || f->unless[0] == '\0';
			if (!nulls[5])
				values[5] = CStringGetTextDatum(f->unless);
			values[6] = CStringGetTextDatum(oms_gate_role_name(def->role));
			oms_put_named_row(rsinfo, command_columns, lengthof(command_columns), values, nulls);
		}
	}
	return (Datum) 0;
}

/* What a field may be called; null where it may be anything. */
static Datum
reference_field_names(const OmsName *names, bool *isnull)
{
	ArrayBuildState *elements = NULL;

	for (const OmsName *n = names; n && n->name != NULL; n++)
		elements = accumArrayResult(elements, CStringGetTextDatum(n->name), false, TEXTOID, CurrentMemoryContext);
	*isnull = elements == NULL;
	return elements ? makeArrayResult(elements, CurrentMemoryContext) : (Datum) 0;
}

static void
reference_put_fields(ReturnSetInfo *rsinfo, const QueryTarget *target)
{
	QueryField	field;

	for (int i = 0; i < oms_query_column_count(target); i++)
	{
		Datum		values[lengthof(field_columns)];
		bool		nulls[lengthof(field_columns)] = {0};

		if (!oms_query_column(target, i, &field))
			continue;
		values[0] = CStringGetTextDatum(target->name);
		values[1] = CStringGetTextDatum(field.name);
		values[2] = CStringGetTextDatum(oms_query_type_word(field.type));
		values[3] = BoolGetDatum(field.not_null);
		values[4] = reference_field_names(field.names, &nulls[4]);
		oms_put_named_row(rsinfo, field_columns, lengthof(field_columns), values, nulls);
	}
}

/* (asked text), null: of all */
Datum
oms_list_fields(PG_FUNCTION_ARGS)
{
	text	   *asked = PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0);
	Refusal    *refusal = NULL;
	QueryTarget target;

	if (asked)
		refusal = oms_query_target(VARDATA_ANY(asked), VARSIZE_ANY_EXHDR(asked), &target);
	if (refusal)
		oms_raise(refusal);
	InitMaterializedSRF(fcinfo, 0);
	if (asked)
		reference_put_fields((ReturnSetInfo *) fcinfo->resultinfo, &target);
	else
		for (int i = 0; oms_query_target_number(i, &target); i++)
			reference_put_fields((ReturnSetInfo *) fcinfo->resultinfo, &target);
	return (Datum) 0;
}

static Datum
reference_columns(const ConfigDef *def, bool as_fields)
{
	const char *const *lists[] = {def->key, def->columns};
	Datum		elements[CONFIG_KEY_MAX + CONFIG_COLUMNS_MAX];
	int			count = 0;

	for (int i = 0; i < lengthof(lists); i++)
		for (const char *const *column = lists[i]; *column; column++)
			elements[count++] = CStringGetTextDatum(as_fields ? oms_config_field(*column) : *column);
	return PointerGetDatum(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
oms_list_configuration_tables(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	for (const ConfigDef *def = oms_config_defs; def->table; def++)
	{
		NameData	table;
		Datum		key[CONFIG_KEY_MAX];
		int			nkey = 0;
		Datum		values[lengthof(config_columns)];
		bool		nulls[lengthof(config_columns)] = {0};

		namestrcpy(&table, def->table);
		for (; def->key[nkey]; nkey++)
			key[nkey] = CStringGetTextDatum(def->key[nkey]);
		values[0] = NameGetDatum(&table);
		values[1] = CStringGetTextDatum(def->type);
		values[2] = PointerGetDatum(construct_array(key, nkey, TEXTOID, -1, false, TYPALIGN_INT));
		values[3] = reference_columns(def, false);
		values[4] = reference_columns(def, true);
		oms_put_named_row((ReturnSetInfo *) fcinfo->resultinfo, config_columns, lengthof(config_columns), values, nulls);
	}
	return (Datum) 0;
}

/* The code of a name, for whoever makes a message of what we have. */
Datum
oms_fix_code(PG_FUNCTION_ARGS)
{
	static const struct
	{
		int			tag;
		const OmsName *names;
	}			fields[] = {
		{13, oms_comm_type_names},
		{29, oms_last_capacity_names},
		{54, oms_side_names},
		{127, oms_dk_reason_names},
	};
	text	   *given = PG_GETARG_TEXT_PP(1);

	for (int i = 0; i < lengthof(fields); i++)
	{
		const OmsName *name;

		if (fields[i].tag != PG_GETARG_INT32(0))
			continue;
		name = oms_name_find(fields[i].names, VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given));
		if (name == NULL || name->fix == NULL)
			PG_RETURN_TEXT_P(given);
		PG_RETURN_TEXT_P(cstring_to_text(name->fix));
	}
	PG_RETURN_NULL();
}
