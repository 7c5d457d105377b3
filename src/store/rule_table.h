/*-------------------------------------------------------------------------
 *
 * rule_table.h
 *	  Tables whose rows have a predicate: how they are kept, checked and asked.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_RULE_TABLE_H
#define OMS_RULE_TABLE_H

#include "postgres.h"
#include "nodes/pg_list.h"
#include "utils/resowner.h"

#include "store/config_rows.h"
#include "store/predicate.h"

/* What a row of each has; the first member of what the table knows besides. */
typedef struct Rule
{
	ConfigRow	row;			/* first */
	ObjectKind	kind;			/* of what the commands are about that it is asked of; KIND_NONE: of nothing here */
	const CommandDef *def;		/* NULL: of all of them */
	int			priority;		/* where the table has one: the smallest is asked first */
	const char *predicate;
	Predicate  *compiled;		/* once it was asked */
} Rule;

#define RULE_WORDS_MAX	4

/* A column that has one of a set of names. */
typedef struct RuleWord
{
	const char *column;
	const OmsName *names;
	size_t		offset;			/* of an int, in the struct */
	int			otherwise;		/* what it is in a row that is damaged */
} RuleWord;

typedef struct RuleTable
{
	ConfigRows	rows;			/* first */
	const char *noun;			/* "rule" */
	CommandType about;			/* its rules are asked of what this command makes, unless `read` says otherwise */
	bool		by_priority;
	const RuleWord *words;		/* ends with one without a column */

	/* What it has besides, in the current memory context; OM011 where it is none.  May be NULL. */
	void		(*read) (Relation rel, TupleTableSlot *slot, Rule *rule);

	/* What else is wrong with a row that is to be stored: OM011.  May be NULL. */
	void		(*check) (const Rule *rule);
} RuleTable;

/* A table of rules of client orders or other commands, for its definition: `name_` in oms, of rows `type_`. */
#define RULE_TABLE(name_, type_, known_) \
	.rows = {.table = {.which = name_}, .size = sizeof(type_), .read = oms_rule_read, .known = known_}

/* For RULE_TABLE. */
extern void oms_rule_read(const ConfigRows *rows, Relation rel, TupleTableSlot *slot, ConfigRow *row);

/* All there are, as they are when the library is loaded. */
extern void oms_rule_tables_init(void);

/* The one of this relation, or NULL. */
extern RuleTable *oms_rule_table_of(Oid relation);

/* rule_check.c: OM011 where the predicate is none; `noun` is what the rule is called. */
extern void oms_rule_check_predicate(const char *noun, Rule *rule);

/* The same of a measure. */
extern void oms_rule_check_measure(const char *noun, Rule *rule);

/* What a predicate said; oms_rule_answer_names has the names. */
typedef enum RuleAnswer
{
	RULE_TRUE = 1,
	RULE_FALSE,
	RULE_NULL,
	RULE_ERROR
} RuleAnswer;

extern const OmsName oms_rule_answer_names[];

/* Predicates under way: one subtransaction, until one of them fails.  Begin with zeros. */
typedef struct RuleRun
{
	MemoryContext memory;
	ResourceOwner owner;
	int			level;			/* of the transaction that it stands in */
	bool		open;
} RuleRun;

/*
 * Ask one; an error of the predicate's is an answer, and `error` says which.  At the
 * end of the run oms_rules_leave().
 */
extern RuleAnswer oms_rule_ask(RuleRun *run, Rule *rule, PredicateSubject *subject, const char **error);
extern void oms_rules_leave(RuleRun *run);

/* The same of whatever is asked: false where it fails, and `error` says by what. */
extern bool oms_rules_guard(RuleRun *run, void (*ask) (void *arg), void *arg, const char **error);

/* What one of several rules said. */
typedef struct RuleTried
{
	Rule	   *rule;
	RuleAnswer	answer;
	const char *error;			/* of RULE_ERROR */
	Jsonb	   *saw;			/* what it read: oms_predicate_saw() */
} RuleTried;

/*
 * The enabled rules in their order, up to the first one that is true or fails: of
 * RuleTried.  The newest rules, whatever the transaction sees; they are there until
 * rules are asked again.
 */
extern List *oms_rules_first(RuleTable *table, PredicateSubject *subject);

#endif							/* OMS_RULE_TABLE_H */
