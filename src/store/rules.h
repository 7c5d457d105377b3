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
#include "executor/tuptable.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"

#include "core/finding.h"
#include "store/predicate.h"
#include "store/work.h"

typedef struct Rule
{
	const char *name;
	int64		version;
	bool		builtin;
	bool		enabled;
	ObjectKind	kind;			/* of what commands are about that it is asked of */
	const CommandDef *def;		/* NULL: of all of them */
	const char *asset_class;	/* NULL: of all */
	const char *predicate;
	const char *message;
	FindingSeverity severity;
	FindingSeverity when_missing;	/* FINDING_REFUSE: null is as false; FINDING_WARN: a warning; 0: it passes */
	ExprState  *compiled;		/* once it was asked */
} Rule;

/* What a predicate said; oms_rule_answer_names has the names. */
typedef enum RuleAnswer
{
	RULE_TRUE = 1,
	RULE_FALSE,
	RULE_NULL,
	RULE_ERROR
} RuleAnswer;

extern const OmsName oms_rule_answer_names[];
extern const OmsName oms_when_missing_names[];

typedef struct RuleVerdict
{
	const Rule *rule;
	const Command *command;		/* that was asked about: of a placement, or of one of its slices */
	RuleAnswer	answer;
	const char *error;			/* of RULE_ERROR */
	const Finding *finding;		/* NULL: it has nothing to say */
} RuleVerdict;

extern void oms_rules_init(void);

/* A row of the table, in the current memory context; OM011 where it is none. */
extern Rule *oms_rule_read(Relation rel, TupleTableSlot *slot);

/* How objects are read: the unit of work's own, or as they stand. */
typedef const Object *(*RuleSource) (UnitOfWork *uow, ObjectKind kind, const char *id);

/*
 * What the enabled rules say of a command, as findings: of what is there before it,
 * once its trees are locked.  The newest rules, whatever the transaction sees.
 */
extern List *oms_rules_ask(UnitOfWork *uow, const Command *command);

/* The verdict of every rule for the command, those that are not enabled too: of RuleVerdict.  Nothing is locked. */
extern List *oms_rules_try(UnitOfWork *uow, const Command *command);

/* One rule of one subject; errors of the predicate are an answer. */
extern RuleVerdict *oms_rule_ask(Rule *rule, PredicateSubject *subject);

#endif							/* OMS_RULES_H */
