/*-------------------------------------------------------------------------
 *
 * rules.c
 *	  The rules of oms.validation_rules, and what they say of a command.
 *
 * Keeps the table (config_table.c), sorted by name; a predicate is compiled when
 * it is first asked, and kept with it.  What a rule's answer does is said in
 * core/finding.c.
 *
 * Predicates are asked in a subtransaction, begun for the first rule that applies
 * and again after one that has failed: they take no transaction id, for they write
 * nothing.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "core/command_route.h"
#include "core/command_trees.h"
#include "store/config_table.h"
#include "store/rules.h"

const OmsName oms_rule_answer_names[] = {
	{RULE_TRUE, "TRUE"},
	{RULE_FALSE, "FALSE"},
	{RULE_NULL, "NULL"},
	{RULE_ERROR, "ERROR"},
	{0}
};

/* What a rule may be; the others are what halts and routing say. */
static const OmsName rule_severity_names[] = {
	{FINDING_WARN, "WARN"},
	{FINDING_REVIEW, "REVIEW"},
	{FINDING_REFUSE, "REFUSE"},
	{0}
};

/* PASS is no severity; it stands for none, which no OmsName can. */
#define WHEN_MISSING_PASS	(FINDING_REFUSE + 1)
/* Of an error's message an event has so much: it may quote a whole text. */
#define ERROR_TOLD_MAX		256

const OmsName oms_when_missing_names[] = {
	{WHEN_MISSING_PASS, "PASS"},
	{FINDING_WARN, "WARN"},
	{FINDING_REFUSE, "REFUSE"},
	{0}
};

static struct
{
	MemoryContext context;		/* of all that is kept */
	Rule	  **rules;			/* by name */
	int			count;
	int			room;
	bool		asked[COMMAND_TYPE_COUNT];	/* has a command of this type an enabled rule? */
}			kept;

/* ------------------------------------------------------------------------
 * the table
 * ------------------------------------------------------------------------
 */

static char *
rule_text(Relation rel, TupleTableSlot *slot, const char *column, bool required)
{
	bool		isnull = false;
	Datum		value = oms_config_column(rel, slot, column, TEXTOID, required ? NULL : &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

static int
rule_name_value(const OmsName *names, const char *column, const char *text)
{
	const OmsName *name = oms_name_find(names, text, strlen(text));

	if (name == NULL)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("\"%s\" is no %s of a rule", text, column),
				 errdetail("It is one of %s.", oms_names_list(names))));
	return name->value;
}

static const CommandDef *
rule_command(const KindDef *kind, const char *name)
{
	const CommandDef *def = oms_command_def(name, strlen(name));

	if (def == NULL || def->kind != kind->kind)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("there is no command \"%s\" about %s", name, kind->a_name),
				 errhint("The view oms.command_reference lists all commands.")));
	return def;
}

Rule *
oms_rule_read(Relation rel, TupleTableSlot *slot)
{
	Rule	   *rule = palloc0(sizeof(Rule));
	char	   *object = rule_text(rel, slot, "object", true);
	char	   *command = rule_text(rel, slot, "command_type", false);
	const KindDef *kind = oms_kind_by_name(object);

	rule->name = rule_text(rel, slot, "name", true);
	if (kind == NULL)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("rule \"%s\" is about no kind of object: \"%s\"", rule->name, object)));
	rule->kind = kind->kind;
	rule->def = command ? rule_command(kind, command) : NULL;
	rule->asset_class = rule_text(rel, slot, "asset_class", false);
	rule->predicate = rule_text(rel, slot, "predicate", true);
	rule->message = rule_text(rel, slot, "message", true);
	rule->severity = rule_name_value(rule_severity_names, "severity", rule_text(rel, slot, "severity", true));
	rule->when_missing = rule_name_value(oms_when_missing_names, "when_missing", rule_text(rel, slot, "when_missing", true));
	if (rule->when_missing == WHEN_MISSING_PASS)
		rule->when_missing = 0;
	rule->enabled = DatumGetBool(oms_config_column(rel, slot, "enabled", BOOLOID, NULL));
	rule->builtin = DatumGetBool(oms_config_column(rel, slot, "builtin", BOOLOID, NULL));
	rule->version = DatumGetInt64(oms_config_column(rel, slot, "version", INT8OID, NULL));
	return rule;
}

static void
rules_begin(void)
{
	memset(kept.asked, 0, sizeof(kept.asked));
	kept.count = kept.room = 0;
	kept.rules = NULL;
	if (kept.context == NULL)
		kept.context = AllocSetContextCreate(CacheMemoryContext, "oms.validation_rules", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(kept.context);
}

static void
rules_take(Relation rel, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(kept.context);

	if (kept.count == kept.room)
	{
		kept.room = kept.room ? 2 * kept.room : 16;
		kept.rules = kept.rules ? repalloc_huge(kept.rules, sizeof(Rule *) * kept.room) : palloc(sizeof(Rule *) * kept.room);
	}
	kept.rules[kept.count++] = oms_rule_read(rel, slot);
	MemoryContextSwitchTo(old);
}

/* A user's before the shipped one of the same name. */
static int
rule_compare(const void *a, const void *b)
{
	const Rule *first = *(Rule *const *) a;
	const Rule *second = *(Rule *const *) b;
	int			order = strcmp(first->name, second->name);

	return order != 0 ? order : (int) first->builtin - (int) second->builtin;
}

static void
rules_end(void)
{
	int			left = 0;

	if (kept.count > 1)
		qsort(kept.rules, kept.count, sizeof(Rule *), rule_compare);
	/* which it hides whole */
	for (int i = 0; i < kept.count; i++)
		if (left == 0 || strcmp(kept.rules[left - 1]->name, kept.rules[i]->name) != 0)
			kept.rules[left++] = kept.rules[i];
	kept.count = left;
	for (int i = 0; i < kept.count; i++)
		for (int type = 0; type < COMMAND_TYPE_COUNT; type++)
			if (kept.rules[i]->enabled && oms_command_defs[type].kind == kept.rules[i]->kind &&
				(kept.rules[i]->def == NULL || kept.rules[i]->def->type == type))
				kept.asked[type] = true;
}

static ConfigTable rules_table = {.which = OMS_VALIDATION_RULES, .begin = rules_begin, .take = rules_take, .end = rules_end};

void
oms_rules_init(void)
{
	oms_config_init(&rules_table);
}

/* ------------------------------------------------------------------------
 * what a command is about
 * ------------------------------------------------------------------------
 */

/* The field that names what the command is about and is there before it, or NULL. */
static const CommandField *
rules_field_of_cur(const Command *command)
{
	const CommandField *f = oms_command_field(command->def, oms_kinds[command->def->kind].id_field);

	return f && f->role != ID_OF_NEW ? f : NULL;
}

static const char *
rules_id_of_parent(const Command *command, const CommandField *cur)
{
	const KindDef *kind = &oms_kinds[command->def->kind];

	for (const CommandField *f = command->def->fields; kind->parent != 0 && f->name != NULL; f++)
		if (f != cur && oms_role_kind(f->role) == kind->parent_kind && *(char *const *) ((const char *) command + f->offset))
			return *(char *const *) ((const char *) command + f->offset);
	return NULL;
}

static const Object *
rules_row(UnitOfWork *uow, RuleSource source, ObjectKind kind, PredicateRow row, const char *id)
{
	return id ? source(uow, oms_predicate_row_kind(kind, row), id) : NULL;
}

static void
rules_find_rows(UnitOfWork *uow, RuleSource source, PredicateSubject *subject)
{
	const Command *command = subject->command;
	ObjectKind	kind = command->def->kind;
	const CommandField *f = rules_field_of_cur(command);
	const Object **rows = subject->rows;
	const char *parent;

	rows[ROW_CUR] = rules_row(uow, source, kind, ROW_CUR, f ? *(char *const *) ((const char *) command + f->offset) : NULL);
	parent = rows[ROW_CUR] ? oms_object_parent_id(rows[ROW_CUR]) : NULL;
	if (parent == NULL)
		parent = rules_id_of_parent(command, f);
	rows[ROW_PARENT] = rules_row(uow, source, kind, ROW_PARENT, parent);
	rows[ROW_ROOT] = rules_row(uow, source, kind, ROW_ROOT, rows[ROW_CUR] ? rows[ROW_CUR]->root_id :
							   rows[ROW_PARENT] ? rows[ROW_PARENT]->root_id : NULL);
}

/* A slice is the command that makes the order; what is placed is above it. */
static void
rules_rows_of_slice(const PredicateSubject *placement, PredicateSubject *slice)
{
	slice->rows[ROW_PARENT] = placement->rows[ROW_CUR];
	slice->rows[ROW_ROOT] = placement->rows[ROW_ROOT];
}

static bool
rules_is_of_class(const Rule *rule, const PredicateSubject *subject)
{
	if (rule->asset_class == NULL)
		return true;
	if (subject->command->asset_class)
		return strcmp(rule->asset_class, subject->command->asset_class) == 0;
	for (int row = 0; row < ROW_COUNT; row++)
	{
		const RecordColumn *column = subject->rows[row] ?
			oms_record_column(oms_kinds[subject->rows[row]->kind].record, "asset_class") : NULL;
		const char *class = column ? *(char *const *) ((const char *) subject->rows[row] + column->offset) : NULL;

		if (class)
			return strcmp(rule->asset_class, class) == 0;
	}
	return false;
}

/* ------------------------------------------------------------------------
 * asking
 * ------------------------------------------------------------------------
 */

static FindingSeverity
rule_gravity(const Rule *rule, RuleAnswer answer)
{
	if (answer == RULE_TRUE)
		return 0;
	/* what is missing is never graver than what is wrong */
	return answer == RULE_NULL ? Min(rule->when_missing, rule->severity) : rule->severity;
}

static RuleVerdict *
rule_verdict(const Rule *rule, const Command *command, RuleAnswer answer, const char *error)
{
	RuleVerdict *verdict = palloc0(sizeof(RuleVerdict));
	FindingSeverity severity = rule_gravity(rule, answer);
	Finding    *finding;

	*verdict = (RuleVerdict) {.rule = rule, .command = command, .answer = answer, .error = error};
	if (severity == 0)
		return verdict;
	finding = palloc(sizeof(Finding));
	/* the rule may be gone before the command is applied: a look-up reads tables */
	*finding = (Finding) {.rule = pstrdup(rule->name), .version = rule->version, .severity = severity, .message = pstrdup(rule->message)};
	finding->why = answer == RULE_NULL ? "is null" : "is false";
	if (answer == RULE_ERROR)
		finding->why = psprintf("fails (%.*s)", pg_mbcliplen(error, strlen(error), ERROR_TOLD_MAX), error);
	verdict->finding = finding;
	return verdict;
}

static RuleAnswer
rule_answer(Rule *rule, PredicateSubject *subject)
{
	bool		holds;

	if (rule->compiled == NULL)
		rule->compiled = oms_predicate_compile(rule->predicate, rule->kind, GetMemoryChunkContext(rule));
	if (!oms_predicate_evaluate(rule->compiled, subject, &holds))
		return RULE_NULL;
	return holds ? RULE_TRUE : RULE_FALSE;
}

/* Predicates under way: one subtransaction, until one of them fails. */
typedef struct RuleRun
{
	MemoryContext memory;
	ResourceOwner owner;
	bool		open;
} RuleRun;

static void
rules_enter(RuleRun *run)
{
	if (run->open)
		return;
	run->memory = CurrentMemoryContext;
	run->owner = CurrentResourceOwner;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(run->memory);
	run->open = true;
}

static void
rules_leave(RuleRun *run, bool failed)
{
	if (!run->open)
		return;
	if (failed)
		RollbackAndReleaseCurrentSubTransaction();
	else
		ReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(run->memory);
	CurrentResourceOwner = run->owner;
	run->open = false;
}

static RuleVerdict *
rules_ask_one(RuleRun *run, Rule *rule, PredicateSubject *subject)
{
	volatile RuleAnswer answer = RULE_ERROR;
	ErrorData  *volatile error = NULL;

	rules_enter(run);
	PG_TRY();
	{
		answer = rule_answer(rule, subject);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(run->memory);
		error = CopyErrorData();
		FlushErrorState();
		rules_leave(run, true);
		if (oms_predicate_passes_on(error->sqlerrcode))
			ReThrowError(error);
	}
	PG_END_TRY();
	return rule_verdict(rule, subject->command, answer, error ? error->message : NULL);
}

static List *
rules_ask_all(RuleRun *run, PredicateSubject *subject, bool disabled_too)
{
	List	   *verdicts = NIL;

	for (int i = 0; i < kept.count; i++)
	{
		Rule	   *rule = kept.rules[i];

		if (rule->kind != subject->command->def->kind || (rule->def && rule->def->type != subject->command->def->type) ||
			!(rule->enabled || disabled_too) || !rules_is_of_class(rule, subject))
			continue;
		CHECK_FOR_INTERRUPTS();
		verdicts = lappend(verdicts, rules_ask_one(run, rule, subject));
	}
	return verdicts;
}

/* Verdicts on the command, and on each slice as the command that it is. */
static List *
rules_judge(UnitOfWork *uow, RuleSource source, const Command *command, bool disabled_too)
{
	PredicateSubject subject = {.command = command};
	RuleRun		run = {0};
	List	   *verdicts;

	rules_find_rows(uow, source, &subject);
	verdicts = rules_ask_all(&run, &subject, disabled_too);
	for (int i = 0; i < command->nchildren; i++)
	{
		PredicateSubject slice = {.command = &command->children[i]};

		rules_rows_of_slice(&subject, &slice);
		verdicts = list_concat(verdicts, rules_ask_all(&run, &slice, disabled_too));
	}
	rules_leave(&run, false);
	return verdicts;
}

List *
oms_rules_ask(UnitOfWork *uow, const Command *command)
{
	List	   *findings = NIL;
	ListCell   *cell;

	oms_config_know(&rules_table);
	if (likely(!kept.asked[command->def->type] && !(command->nchildren > 0 && kept.asked[command->children[0].def->type])))
		return NIL;
	foreach(cell, rules_judge(uow, oms_uow_object, command, false))
	{
		const RuleVerdict *verdict = lfirst(cell);

		if (verdict->finding)
			findings = oms_findings_add(findings, unconstify(Finding *, verdict->finding));
	}
	return findings;
}

List *
oms_rules_try(UnitOfWork *uow, const Command *command)
{
	oms_config_know(&rules_table);
	return rules_judge(uow, oms_uow_peek, command, true);
}

RuleVerdict *
oms_rule_ask(Rule *rule, PredicateSubject *subject)
{
	RuleRun		run = {0};
	RuleVerdict *verdict = rules_ask_one(&run, rule, subject);

	rules_leave(&run, false);
	return verdict;
}
