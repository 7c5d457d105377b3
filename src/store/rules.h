/*-------------------------------------------------------------------------
 *
 * rules.h
 *	  The rules of oms.validation_rules, and what they say of a command.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_RULES_H
#define OMS_RULES_H

#include "postgres.h"
#include "nodes/pg_list.h"

#include "core/finding.h"
#include "store/rule_table.h"
#include "store/work.h"

typedef struct ValidationRule
{
	Rule		rule;			/* first */
	const char *object;			/* as they are written */
	const char *command;		/* … or NULL */
	const char *asset_class;	/* NULL: of all */
	const char *message;
	int			severity;		/* FindingSeverity */
	int			when_missing;	/* … what null is at the most; 0: it passes */
} ValidationRule;

extern RuleTable oms_validation_table;

typedef struct RuleVerdict
{
	const ValidationRule *rule;
	const Command *command;		/* that was asked about: of a placement, or of one of its slices */
	RuleAnswer	answer;
	const Finding *finding;		/* NULL: it has nothing to say */
} RuleVerdict;

/* How objects are read: the unit of work's own, or as they stand. */
typedef const Object *(*RuleSource) (UnitOfWork *uow, ObjectKind kind, const char *id);

/*
 * What the enabled rules say of a command, as findings: of what is there before it,
 * once its trees are locked.  The newest rules, whatever the transaction sees.
 */
extern List *oms_rules_ask(UnitOfWork *uow, const Command *command);

/* What a command is about as the unit of work has it, for a predicate: its trees are locked. */
extern void oms_rules_find_rows(UnitOfWork *uow, const Command *command, PredicateSubject *subject);

/* The verdict of every rule for the command, those that are not enabled too: of RuleVerdict.  Nothing is locked. */
extern List *oms_rules_try(UnitOfWork *uow, const Command *command);

#endif							/* OMS_RULES_H */
