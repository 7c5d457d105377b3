/*-------------------------------------------------------------------------
 *
 * rules.c
 *	  The rules of oms.validation_rules, and what they say of a command.
 *
 * Says which are asked of which command, and about what.  How they are kept and
 * asked is said in rule_table.c; what a rule's answer does, in core/finding.c.
 * Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/command_route.h"
#include "core/command_trees.h"
#include "store/account_rights.h"
#include "store/rules.h"

#define MESSAGE_LENGTH_MAX	1000

/* What a rule may be; the others are what halts and routing say. */
static const OmsName rule_severity_names[] = {
	{FINDING_WARN, "WARN"},
	{FINDING_REVIEW, "REVIEW"},
	{FINDING_REFUSE, "REFUSE"},
	{0}
};

/* PASS is no severity; it stands for none, which no OmsName can. */
#define WHEN_MISSING_PASS	(FINDING_REFUSE + 1)

static const OmsName rule_when_missing_names[] = {
	{WHEN_MISSING_PASS, "PASS"},
	{FINDING_WARN, "WARN"},
	{FINDING_REFUSE, "REFUSE"},
	{0}
};

/* Has a command of this type an enabled rule? */
static bool rules_asked[COMMAND_TYPES_MAX];

/* ------------------------------------------------------------------------
 * the table
 * ------------------------------------------------------------------------
 */


static void
rule_read(Relation rel, TupleTableSlot *slot, Rule *rule)
{
	ValidationRule *own = (ValidationRule *) rule;
	char	   *object = oms_config_text(rel, slot, "object", false);
	char	   *command = oms_config_text(rel, slot, "command_type", false);
	const KindDef *kind = object ? oms_kind_by_name(object) : NULL;
	char	   *message = oms_config_text(rel, slot, "message", false);

	/* one about what a library has brought that is not loaded here is asked of nothing */
	rule->kind = kind ? kind->kind : KIND_NONE;
	rule->def = command ? oms_command_def(command, strlen(command)) : NULL;
	if (command && kind && (rule->def == NULL || rule->def->kind != kind->kind))
		rule->kind = KIND_NONE;
	own->object = object ? object : "";
	own->command = command;
	own->asset_class = oms_config_text(rel, slot, "asset_class", false);
	own->message = message ? message : "";
}

static void
rule_check_own(const Rule *rule)
{
	const ValidationRule *own = (const ValidationRule *) rule;

	if (oms_kind_by_name(own->object) == NULL)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("rule \"%s\" is about no kind of object: \"%s\"", rule->row.name, own->object)));
	if (rule->kind == KIND_NONE)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("there is no command \"%s\" about %s", own->command, oms_kind_by_name(own->object)->a_name),
				 errhint("The view oms.command_reference lists all commands.")));
	if (strlen(own->message) > MESSAGE_LENGTH_MAX)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("a rule's message has at most %d bytes", MESSAGE_LENGTH_MAX)));
	if (own->severity == FINDING_REVIEW && !oms_kinds[rule->kind].is_fact)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("rule \"%s\" has severity REVIEW, and %s cannot wait in review", rule->row.name, oms_kinds[rule->kind].a_name),
				 errhint("Use REFUSE or WARN.")));
}

static bool
rule_is_for(const Rule *rule, const CommandDef *def)
{
	return rule->kind == def->kind && (rule->def == NULL || rule->def->type == def->type);
}

static void
rules_known(ConfigRows *rows)
{
	memset(rules_asked, 0, sizeof(rules_asked));
	for (int i = 0; i < rows->count; i++)
		for (int type = 0; rows->rows[i]->enabled && type < oms_command_count; type++)
			if (rule_is_for((Rule *) rows->rows[i], &oms_command_defs[type]))
				rules_asked[type] = true;
}

static const RuleWord rule_words[] = {
	{"severity", rule_severity_names, offsetof(ValidationRule, severity), FINDING_REFUSE},
	{"when_missing", rule_when_missing_names, offsetof(ValidationRule, when_missing), FINDING_REFUSE},
	{0}
};

RuleTable	oms_validation_table = {
	RULE_TABLE(OMS_VALIDATION_RULES, ValidationRule, rules_known),
	.noun = "rule", .words = rule_words, .read = rule_read, .check = rule_check_own,
};

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
		if (f != cur && oms_role_kind(command->def, f->role) == kind->parent_kind && *(char *const *) ((const char *) command + f->offset))
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

void
oms_rules_find_rows(UnitOfWork *uow, const Command *command, PredicateSubject *subject)
{
	subject->command = command;
	rules_find_rows(uow, oms_uow_object, subject);
}

/* A slice is the command that makes the order; what is placed is above it. */
static void
rules_rows_of_slice(const PredicateSubject *placement, PredicateSubject *slice)
{
	slice->rows[ROW_PARENT] = placement->rows[ROW_CUR];
	slice->rows[ROW_ROOT] = placement->rows[ROW_ROOT];
}

static bool
rules_is_of_class(const ValidationRule *rule, const PredicateSubject *subject)
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
rule_gravity(const ValidationRule *rule, const Command *command, RuleAnswer answer)
{
	FindingSeverity severity = rule->severity;

	if (answer == RULE_TRUE || (answer == RULE_NULL && rule->when_missing == WHEN_MISSING_PASS))
		return 0;
	/* else what a rule has put in review would wait for ever: whoever ends that has read what it says */
	if (oms_has_trait(command->def, TRAIT_REVIEWS) && rule->rule.def == NULL)
		severity = Min(severity, FINDING_FLAG);
	/* what is missing is never graver than what is wrong */
	return answer == RULE_NULL ? Min(rule->when_missing, severity) : severity;
}

static RuleVerdict *
rule_verdict(RuleRun *run, ValidationRule *rule, PredicateSubject *subject)
{
	RuleVerdict *verdict = palloc0(sizeof(RuleVerdict));
	const char *error;
	RuleAnswer	answer = oms_rule_ask(run, &rule->rule, subject, &error);
	FindingSeverity severity = rule_gravity(rule, subject->command, answer);
	Finding    *finding;

	*verdict = (RuleVerdict) {.rule = rule, .command = subject->command, .answer = answer};
	if (severity == 0)
		return verdict;
	verdict->finding = finding = palloc0(sizeof(Finding));
	/* the rule may be gone before the command is applied: a look-up reads tables */
	*finding = (Finding) {.rule = pstrdup(rule->rule.row.name), .version = rule->rule.row.version, .severity = severity,
	.message = pstrdup(rule->message)};
	finding->why = answer == RULE_ERROR ? psprintf("fails (%s)", error) : answer == RULE_NULL ? "is null" : "is false";
	return verdict;
}

static List *
rules_ask_all(RuleRun *run, PredicateSubject *subject, bool disabled_too)
{
	const ConfigRows *rows = &oms_validation_table.rows;
	List	   *verdicts = NIL;

	for (int i = 0; i < rows->count; i++)
	{
		ValidationRule *rule = (ValidationRule *) rows->rows[i];

		if (rule_is_for(&rule->rule, subject->command->def) && (rule->rule.row.enabled || disabled_too) && rules_is_of_class(rule, subject))
			verdicts = lappend(verdicts, rule_verdict(run, rule, subject));
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
	oms_rules_leave(&run);
	return verdicts;
}

List *
oms_rules_ask(UnitOfWork *uow, const Command *command)
{
	List	   *findings = NIL;
	ListCell   *cell;

	oms_config_rows_know(&oms_validation_table.rows);
	if (likely(!rules_asked[command->def->type] && !(command->nchildren > 0 && rules_asked[command->children[0].def->type])))
		return NIL;
	foreach(cell, rules_judge(uow, oms_uow_object, command, false))
	{
		const RuleVerdict *verdict = lfirst(cell);

		if (verdict->finding)
			findings = oms_findings_add(findings, unconstify(Finding *, verdict->finding));
	}
	return findings;
}

/* An object that the caller does not see is none. */
static const Object *
rules_peek(UnitOfWork *uow, ObjectKind kind, const char *id)
{
	const Object *object = oms_uow_peek(uow, kind, id);

	return object && oms_accounts_are_limited() && !oms_object_is_visible(&oms_kinds[kind], object) ? NULL : object;
}

List *
oms_rules_try(UnitOfWork *uow, const Command *command)
{
	oms_config_rows_know(&oms_validation_table.rows);
	return rules_judge(uow, rules_peek, command, true);
}
