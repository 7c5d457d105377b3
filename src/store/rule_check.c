/*-------------------------------------------------------------------------
 *
 * rule_check.c
 *	  A rule is stored: is it one, and does it say what its examples say?
 *
 * The trigger of every table of rule_table.c, before each row.  That a shipped one
 * stays as it is, and the version, is config_event.c's.  Writes and locks nothing.
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

#include "store/rule_table.h"

PG_FUNCTION_INFO_V1(oms_check_rule);

#define EXAMPLES_MAX	100

/* A rule that is to be stored, and what its table calls one. */
typedef struct CheckedRule
{
	const RuleTable *table;
	Rule	   *rule;
} CheckedRule;

/* Whatever is wrong with it is bad configuration, but what is wrong with the server. */
pg_noreturn static void
rule_check_failed(const char *noun, const Rule *rule, const char *what, const ErrorData *error)
{
	if (oms_predicate_passes_on(error->sqlerrcode) && error->sqlerrcode != ERRCODE_INTERNAL_ERROR)
		ReThrowError(unconstify(ErrorData *, error));
	ereport(ERROR,
			(errcode(OMS_BAD_CONFIGURATION),
			 errmsg("%s of %s \"%s\" cannot be used", what, noun, rule->row.name),
			 error->cursorpos > 0 ? errdetail("At character %d: %s.", error->cursorpos, error->message) :
			 errdetail("%s.", error->message),
			 error->hint ? errhint("%s", error->hint) : 0));
}

static void
rule_check_expression(const char *noun, Rule *rule, const char *what, Predicate *(*compile) (const char *text, ObjectKind kind, MemoryContext memory))
{
	MemoryContext memory = CurrentMemoryContext;

	PG_TRY();
	{
		/* whatever has sent the row would take the position for one in its own text */
		error_context_stack = NULL;
		rule->compiled = compile(rule->predicate, rule->kind, memory);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(memory);
		error = CopyErrorData();
		FlushErrorState();
		rule_check_failed(noun, rule, what, error);
	}
	PG_END_TRY();
}

void
oms_rule_check_predicate(const char *noun, Rule *rule)
{
	rule_check_expression(noun, rule, "the predicate", oms_predicate_compile);
}

void
oms_rule_check_measure(const char *noun, Rule *rule)
{
	rule_check_expression(noun, rule, "the measure", oms_measure_compile);
}

/* ------------------------------------------------------------------------
 * examples
 * ------------------------------------------------------------------------
 */

pg_noreturn static void
rule_example_is_bad(const CheckedRule *checked, int number, const char *why)
{
	ereport(ERROR,
			(errcode(OMS_BAD_CONFIGURATION),
			 errmsg("example %d of %s \"%s\" cannot be used", number, checked->table->noun, checked->rule->row.name),
			 errdetail("%s", why),
			 errhint("An example is {\"command\": {...}, \"outcome\": \"TRUE\", \"FALSE\", \"NULL\" or \"ERROR\"}, and may have the states \"cur\", \"parent\" and \"root\".")));
}

static const Object *
rule_example_row(const CheckedRule *checked, int number, Jsonb *state, PredicateRow row)
{
	const RecordDef *def = oms_kinds[oms_predicate_row_kind(checked->rule->kind, row)].record;
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
		rule_check_failed(checked->table->noun, checked->rule, psprintf("a state of example %d", number), error);
	}
	PG_END_TRY();
	if (object->id == NULL)
		object->id = "";
	return object;
}

static void
rule_check_example(CheckedRule *checked, int number, Jsonb *example)
{
	const Rule *rule = checked->rule;
	Jsonb	   *raw = oms_json_get_container(example, "command");
	char	   *wanted = oms_json_get_string(example, "outcome");
	const OmsName *outcome = wanted ? oms_name_find(oms_rule_answer_names, wanted, strlen(wanted)) : NULL;
	Command		command;
	PredicateSubject subject = {.command = &command};
	Refusal    *refusal;
	RuleRun		run = {0};
	RuleAnswer	answer;
	const char *error;

	if (raw == NULL || outcome == NULL)
		rule_example_is_bad(checked, number, "It needs a command, and an outcome.");
	refusal = oms_command_parse(raw, true, &command);
	if (refusal)
		rule_example_is_bad(checked, number, psprintf("Its command is none: %s.", refusal->message));
	if (command.def->kind != rule->kind || (rule->def && rule->def != command.def))
		rule_example_is_bad(checked, number, psprintf("The %s is not asked of such a command.", checked->table->noun));
	for (int row = 0; row < ROW_COUNT; row++)
	{
		Jsonb	   *state = oms_json_get_container(example, oms_predicate_row_name(row));

		if (state && oms_json_is_object(state))
			subject.rows[row] = rule_example_row(checked, number, state, row);
	}
	answer = oms_rule_ask(&run, checked->rule, &subject, &error);
	oms_rules_leave(&run);
	if (answer != outcome->value)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("%s \"%s\" does not say what its example %d says", checked->table->noun, rule->row.name, number),
				 errdetail("It gives %s%s%s; the example says %s.", oms_name_of(oms_rule_answer_names, answer),
						   error ? ": " : "", error ? error : "", outcome->name)));
}

static void
rule_check_examples(CheckedRule *checked, Jsonb *examples)
{
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;
	int			number = 0;

	if (!oms_json_is_array(examples) || JB_ROOT_COUNT(examples) > EXAMPLES_MAX)
		rule_example_is_bad(checked, 1, psprintf("Examples are an array of at most %d objects.", EXAMPLES_MAX));
	it = JsonbIteratorInit(&examples->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		CHECK_FOR_INTERRUPTS();
		number++;
		if (v.type != jbvBinary || !JsonContainerIsObject(v.val.binary.data))
			rule_example_is_bad(checked, number, "It is no object.");
		rule_check_example(checked, number, JsonbValueToJsonb(&v));
	}
}

/* ------------------------------------------------------------------------
 * the trigger
 * ------------------------------------------------------------------------
 */

/* With the names of ours, however they were written. */
static HeapTuple
rule_new_row(TriggerData *trigger, const CheckedRule *checked)
{
	HeapTuple	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	int			columns[RULE_WORDS_MAX];
	Datum		values[RULE_WORDS_MAX];
	bool		nulls[RULE_WORDS_MAX] = {0};
	int			count = 0;

	for (const RuleWord *word = checked->table->words; word && word->column; word++, count++)
	{
		columns[count] = SPI_fnumber(desc, word->column);
		values[count] = CStringGetTextDatum(oms_name_of(word->names, *(int *) ((char *) checked->rule + word->offset)));
	}
	return count == 0 ? tuple : heap_modify_tuple_by_cols(tuple, desc, count, columns, values, nulls);
}

static void
rule_check_name(const CheckedRule *checked)
{
	if (checked->rule->row.name[0] == '\0' || strlen(checked->rule->row.name) > ID_LENGTH_MAX)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("a %s's name has from 1 to %d bytes", checked->table->noun, ID_LENGTH_MAX)));
}

Datum
oms_check_rule(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleTableSlot *slot;
	CheckedRule checked;
	bool		no_examples;
	Datum		examples;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("oms.check_rule() was not called by the trigger manager before a row")));
	checked.table = oms_rule_table_of(RelationGetRelid(trigger->tg_relation));
	if (checked.table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" is no table of rules", RelationGetRelationName(trigger->tg_relation))));
	slot = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newslot : trigger->tg_trigslot;
	checked.rule = (Rule *) oms_config_row_read(&checked.table->rows, trigger->tg_relation, slot);
	rule_check_name(&checked);
	if (checked.table->check)
		checked.table->check(checked.rule);
	oms_rule_check_predicate(checked.table->noun, checked.rule);
	examples = oms_config_column(trigger->tg_relation, slot, "examples", JSONBOID, &no_examples);
	if (!no_examples)
		rule_check_examples(&checked, DatumGetJsonbP(examples));
	return PointerGetDatum(rule_new_row(trigger, &checked));
}
