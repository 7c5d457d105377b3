/*-------------------------------------------------------------------------
 *
 * rule_check.c
 *	  A rule is stored: is it one, and does it say what its examples say?
 *
 * The trigger of oms.validation_rules, before each row.  That a shipped one stays
 * as it is, and the version, is config_event.c's.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "store/config_table.h"
#include "store/rules.h"

PG_FUNCTION_INFO_V1(oms_check_validation_rule);

#define EXAMPLES_MAX	100
#define MESSAGE_LENGTH_MAX	1000

/* Whatever is wrong with it is bad configuration, but what is wrong with the server. */
pg_noreturn static void
rule_check_failed(const Rule *rule, const char *what, const ErrorData *error)
{
	if (oms_predicate_passes_on(error->sqlerrcode) && error->sqlerrcode != ERRCODE_INTERNAL_ERROR)
		ReThrowError(unconstify(ErrorData *, error));
	ereport(ERROR,
			(errcode(OMS_BAD_CONFIGURATION),
			 errmsg("%s of rule \"%s\" cannot be used", what, rule->name),
			 error->cursorpos > 0 ? errdetail("At character %d: %s.", error->cursorpos, error->message) :
			 errdetail("%s.", error->message),
			 error->hint ? errhint("%s", error->hint) : 0));
}

static void
rule_check_predicate(Rule *rule)
{
	MemoryContext memory = CurrentMemoryContext;

	PG_TRY();
	{
		/* whatever has sent the row would take the position for one in its own text */
		error_context_stack = NULL;
		rule->compiled = oms_predicate_compile(rule->predicate, rule->kind, memory);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(memory);
		error = CopyErrorData();
		FlushErrorState();
		rule_check_failed(rule, "the predicate", error);
	}
	PG_END_TRY();
}

/* ------------------------------------------------------------------------
 * examples
 * ------------------------------------------------------------------------
 */

pg_noreturn static void
rule_example_is_bad(const Rule *rule, int number, const char *why)
{
	ereport(ERROR,
			(errcode(OMS_BAD_CONFIGURATION),
			 errmsg("example %d of rule \"%s\" cannot be used", number, rule->name),
			 errdetail("%s", why),
			 errhint("An example is {\"command\": {...}, \"outcome\": \"TRUE\", \"FALSE\", \"NULL\" or \"ERROR\"}, and may have the states \"cur\", \"parent\" and \"root\".")));
}

static const Object *
rule_example_row(const Rule *rule, int number, Jsonb *state, PredicateRow row)
{
	const RecordDef *def = oms_kinds[oms_predicate_row_kind(rule->kind, row)].record;
	Object	   *object = palloc(def->size);
	MemoryContext memory = CurrentMemoryContext;

	PG_TRY();
	{
		oms_record_from_json(def, state, object);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(memory);
		error = CopyErrorData();
		FlushErrorState();
		rule_check_failed(rule, psprintf("a state of example %d", number), error);
	}
	PG_END_TRY();
	if (object->id == NULL)
		object->id = "";
	return object;
}

static void
rule_check_example(Rule *rule, int number, Jsonb *example)
{
	static const char *const rows[ROW_COUNT] = {"cur", "parent", "root"};
	Jsonb	   *raw = oms_json_get_container(example, "command");
	char	   *wanted = oms_json_get_string(example, "outcome");
	const OmsName *outcome = wanted ? oms_name_find(oms_rule_answer_names, wanted, strlen(wanted)) : NULL;
	Command		command;
	PredicateSubject subject = {.command = &command};
	Refusal    *refusal;
	RuleVerdict *verdict;

	if (raw == NULL || outcome == NULL)
		rule_example_is_bad(rule, number, "It needs a command, and an outcome.");
	refusal = oms_command_parse(raw, true, &command);
	if (refusal)
		rule_example_is_bad(rule, number, psprintf("Its command is none: %s.", refusal->message));
	if (command.def->kind != rule->kind || (rule->def && rule->def != command.def))
		rule_example_is_bad(rule, number, "The rule is not asked of such a command.");
	for (int row = 0; row < ROW_COUNT; row++)
	{
		Jsonb	   *state = oms_json_get_container(example, rows[row]);

		if (state && oms_json_is_object(state))
			subject.rows[row] = rule_example_row(rule, number, state, row);
	}
	verdict = oms_rule_ask(rule, &subject);
	if (verdict->answer != outcome->value)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("rule \"%s\" does not say what its example %d says", rule->name, number),
				 errdetail("It gives %s%s%s; the example says %s.", oms_name_of(oms_rule_answer_names, verdict->answer),
						   verdict->error ? ": " : "", verdict->error ? verdict->error : "", outcome->name)));
}

static void
rule_check_examples(Rule *rule, Jsonb *examples)
{
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;
	int			number = 0;

	if (!oms_json_is_array(examples) || JB_ROOT_COUNT(examples) > EXAMPLES_MAX)
		rule_example_is_bad(rule, 1, psprintf("Examples are an array of at most %d objects.", EXAMPLES_MAX));
	it = JsonbIteratorInit(&examples->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		CHECK_FOR_INTERRUPTS();
		number++;
		if (v.type != jbvBinary || !JsonContainerIsObject(v.val.binary.data))
			rule_example_is_bad(rule, number, "It is no object.");
		rule_check_example(rule, number, JsonbValueToJsonb(&v));
	}
}

/* ------------------------------------------------------------------------
 * the trigger
 * ------------------------------------------------------------------------
 */

static HeapTuple
rule_new_row(TriggerData *trigger, const Rule *rule)
{
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	HeapTuple	tuple = is_update ? trigger->tg_newtuple : trigger->tg_trigtuple;
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	int			columns[] = {SPI_fnumber(desc, "severity"), SPI_fnumber(desc, "when_missing")};
	Datum		values[] = {CStringGetTextDatum(oms_name_of(oms_severity_names, rule->severity)),
		CStringGetTextDatum(rule->when_missing == 0 ? "PASS" : oms_name_of(oms_when_missing_names, rule->when_missing))};
	bool		nulls[] = {false, false};

	return heap_modify_tuple_by_cols(tuple, desc, lengthof(columns), columns, values, nulls);
}

static void
rule_check_texts(const Rule *rule)
{
	if (rule->name[0] == '\0' || strlen(rule->name) > ID_LENGTH_MAX)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("a rule's name has from 1 to %d bytes", ID_LENGTH_MAX)));
	if (strlen(rule->message) > MESSAGE_LENGTH_MAX)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("a rule's message has at most %d bytes", MESSAGE_LENGTH_MAX)));
	if (rule->severity == FINDING_REVIEW && !oms_kinds[rule->kind].is_fact)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("rule \"%s\" has severity REVIEW, and %s cannot wait in review", rule->name, oms_kinds[rule->kind].a_name),
				 errhint("Use REFUSE or WARN.")));
}

Datum
oms_check_validation_rule(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleTableSlot *slot;
	Rule	   *rule;
	bool		no_examples;
	Datum		examples;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("oms.check_validation_rule() was not called by the trigger manager before a row")));
	slot = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newslot : trigger->tg_trigslot;
	rule = oms_rule_read(trigger->tg_relation, slot);
	rule_check_texts(rule);
	rule_check_predicate(rule);
	examples = oms_config_column(trigger->tg_relation, slot, "examples", JSONBOID, &no_examples);
	if (!no_examples)
		rule_check_examples(rule, DatumGetJsonbP(examples));
	return PointerGetDatum(rule_new_row(trigger, rule));
}
