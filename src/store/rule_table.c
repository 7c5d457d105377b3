/*-------------------------------------------------------------------------
 *
 * rule_table.c
 *	  Tables whose rows have a predicate: how they are kept and asked.
 *
 * Keeps each (config_rows.c); a predicate is compiled when it is first asked, and
 * kept with its row.
 *
 * Predicates are asked in a subtransaction, begun for the first of a run and again
 * after one that has failed: they take no transaction id, for they write nothing.
 * Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "store/placement.h"
#include "store/routing.h"
#include "store/rules.h"
#include "store/rule_table.h"

/* Of an error's message so much is told: it may quote a whole text. */
#define ERROR_TOLD_MAX	256

static RuleTable *const rule_tables[] = {&oms_validation_table, &oms_routing_table, &oms_placement_table};

const OmsName oms_rule_answer_names[] = {
	{RULE_TRUE, "TRUE"},
	{RULE_FALSE, "FALSE"},
	{RULE_NULL, "NULL"},
	{RULE_ERROR, "ERROR"},
	{0}
};

/* ------------------------------------------------------------------------
 * the tables
 * ------------------------------------------------------------------------
 */

static int
rule_word_value(const RuleTable *table, const RuleWord *word, const char *text)
{
	const OmsName *name = oms_name_find(word->names, text, strlen(text));

	if (name == NULL)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("\"%s\" is no %s of a %s", text, word->column, table->noun),
				 errdetail("It is one of %s.", oms_names_list(word->names))));
	return name->value;
}

void
oms_rule_read(const ConfigRows *rows, Relation rel, TupleTableSlot *slot, ConfigRow *row)
{
	const RuleTable *table = (const RuleTable *) rows;
	Rule	   *rule = (Rule *) row;

	/* what it is asked of comes first: by that a row that is damaged further on still fails where it is asked, and nowhere else */
	rule->kind = oms_command_defs[table->about].kind;
	for (const RuleWord *word = table->words; word && word->column; word++)
		*(int *) ((char *) rule + word->offset) = word->otherwise;
	if (table->read)
		table->read(rel, slot, rule);
	rule->predicate = oms_config_text(rel, slot, "predicate", true);
	if (table->by_priority)
		rule->priority = DatumGetInt32(oms_config_column(rel, slot, "priority", INT4OID, NULL));
	for (const RuleWord *word = table->words; word && word->column; word++)
		*(int *) ((char *) rule + word->offset) = rule_word_value(table, word, oms_config_text(rel, slot, word->column, true));
}

static int
rule_compare_priorities(const ConfigRow *a, const ConfigRow *b)
{
	int			first = ((const Rule *) a)->priority;
	int			second = ((const Rule *) b)->priority;

	return first < second ? -1 : first > second;
}

void
oms_rule_tables_init(void)
{
	for (int i = 0; i < lengthof(rule_tables); i++)
	{
		if (rule_tables[i]->by_priority)
			rule_tables[i]->rows.compare = rule_compare_priorities;
		oms_config_rows_init(&rule_tables[i]->rows);
	}
}

RuleTable *
oms_rule_table_of(Oid relation)
{
	for (int i = 0; i < lengthof(rule_tables); i++)
		if (oms_relation(rule_tables[i]->rows.table.which) == relation)
			return rule_tables[i];
	return NULL;
}

/* ------------------------------------------------------------------------
 * asking
 * ------------------------------------------------------------------------
 */

static void
rules_enter(RuleRun *run)
{
	if (run->open)
		return;
	run->memory = CurrentMemoryContext;
	run->owner = CurrentResourceOwner;
	run->level = GetCurrentTransactionNestLevel();
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(run->memory);
	run->open = true;
}

static void
rules_end_run(RuleRun *run, bool failed)
{
	if (!run->open)
		return;
	if (!failed)
		ReleaseCurrentSubTransaction();
	/* with those that what failed had begun and not ended */
	while (GetCurrentTransactionNestLevel() > run->level)
		RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(run->memory);
	CurrentResourceOwner = run->owner;
	run->open = false;
}

void
oms_rules_leave(RuleRun *run)
{
	rules_end_run(run, false);
}

bool
oms_rules_guard(RuleRun *run, void (*ask) (void *arg), void *arg, const char **error)
{
	ErrorData  *volatile failure = NULL;

	CHECK_FOR_INTERRUPTS();
	rules_enter(run);
	PG_TRY();
	{
		ask(arg);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(run->memory);
		failure = CopyErrorData();
		FlushErrorState();
		rules_end_run(run, true);
		if (oms_predicate_passes_on(failure->sqlerrcode))
			ReThrowError(failure);
	}
	PG_END_TRY();
	*error = failure ? pnstrdup(failure->message, pg_mbcliplen(failure->message, strlen(failure->message), ERROR_TOLD_MAX)) : NULL;
	return failure == NULL;
}

typedef struct RuleQuestion
{
	Rule	   *rule;
	PredicateSubject *subject;
	RuleAnswer	answer;
} RuleQuestion;

static void
rule_answer(void *arg)
{
	RuleQuestion *question = arg;
	Rule	   *rule = question->rule;
	bool		holds;

	if (rule->compiled == NULL)
		rule->compiled = oms_predicate_compile(rule->predicate, rule->kind, GetMemoryChunkContext(rule));
	if (oms_predicate_evaluate(rule->compiled, question->subject, &holds))
		question->answer = holds ? RULE_TRUE : RULE_FALSE;
	else
		question->answer = RULE_NULL;
}

RuleAnswer
oms_rule_ask(RuleRun *run, Rule *rule, PredicateSubject *subject, const char **error)
{
	RuleQuestion question = {.rule = rule, .subject = subject};

	*error = rule->row.fault;
	return *error == NULL && oms_rules_guard(run, rule_answer, &question, error) ? question.answer : RULE_ERROR;
}

List *
oms_rules_first(RuleTable *table, PredicateSubject *subject)
{
	List	   *tried = NIL;
	RuleRun		run = {0};

	oms_config_rows_know(&table->rows);
	for (int i = 0; i < table->rows.count; i++)
	{
		RuleTried  *one;

		if (!table->rows.rows[i]->enabled)
			continue;
		one = palloc0(sizeof(RuleTried));
		one->rule = (Rule *) table->rows.rows[i];
		one->answer = oms_rule_ask(&run, one->rule, subject, &one->error);
		one->saw = oms_predicate_saw(one->rule->compiled, subject);
		tried = lappend(tried, one);
		if (one->answer == RULE_TRUE || one->answer == RULE_ERROR)
			break;
	}
	oms_rules_leave(&run);
	return tried;
}
