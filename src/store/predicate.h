/*-------------------------------------------------------------------------
 *
 * predicate.h
 *	  What is asked of a command, as one SQL expression.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_PREDICATE_H
#define OMS_PREDICATE_H

#include "postgres.h"
#include "nodes/execnodes.h"
#include "parser/parse_node.h"
#include "utils/jsonb.h"

#include "core/command.h"
#include "core/fact.h"
#include "core/kind.h"

/* The longest predicate, in bytes. */
#define PREDICATE_LENGTH_MAX	8192

/* The rows that a predicate may ask. */
typedef enum PredicateRow
{
	ROW_CUR,					/* what the command is about, as it is before it */
	ROW_PARENT,					/* what that belongs to, or will */
	ROW_ROOT,					/* of its tree */
	ROW_COUNT
} PredicateRow;

/* What it is asked of: a command, and what is there before it. */
typedef struct PredicateSubject
{
	const Command *command;
	const Object *rows[ROW_COUNT];	/* or NULL */

	/* Of a measure, which is asked of an event and not of a command: that is NULL then. */
	ObjectKind	kind;			/* of the object that the event is of */
	const Facts *facts;

	/* predicate.c's own */
	MemoryContext memory;
	Jsonb	   *normal;			/* the command, once one asks for it; of a measure from the beginning, or NULL */
	bool		read_command;	/* what the one that was asked last has read: the command, */
	uint64		read[ROW_COUNT][RECORD_COLUMNS_MAX / 64];	/* … and which columns of the rows, a bit for each */
} PredicateSubject;

/* Understood, and ready to be asked. */
typedef struct Predicate
{
	ExprState  *state;
	List	   *fields;			/* of char *: the members of the command that it names */
} Predicate;

/* What the names in one stand for. */
typedef struct PredicateScope
{
	ObjectKind	kind;
	bool		measures;		/* it gives a number, may ask for facts, and looks nothing up */
} PredicateScope;

/* The kind of a row, where commands are about this kind. */
extern ObjectKind oms_predicate_row_kind(ObjectKind kind, PredicateRow row);

/* For commands about `kind`, in `memory`; an error where it is none (predicate_allow.c). */
extern Predicate *oms_predicate_compile(const char *text, ObjectKind kind, MemoryContext memory);

/* The same of an expression that gives a number: of an event of such an object, where `cur` is the object as the event leaves it. */
extern Predicate *oms_measure_compile(const char *text, ObjectKind kind, MemoryContext memory);

/* As it was understood, and not to be asked: for whoever looks at what it says. */
extern Node *oms_predicate_tree(const char *text, ObjectKind kind);

/* The column of a row that a parameter of it stands for, as "cur.order_qty"; NULL: it is the command. */
extern char *oms_predicate_param_name(const Param *param, ObjectKind kind);

/* Ask it; its errors are raised.  False: it is null. */
extern bool oms_predicate_evaluate(Predicate *predicate, PredicateSubject *subject, bool *holds);

/* The number that a measure gives, as a double; false: it is null, or none that is finite.  Its errors are raised. */
extern bool oms_measure_evaluate(Predicate *measure, PredicateSubject *subject, double *value);

/*
 * What the subject was last asked for, by the predicate (NULL: it is none):
 * {"cur.orderQty": 5000, "command.price": null}; or NULL.  Fields of the command that
 * it names, and columns of rows that it has come to, wherever it then stopped.
 */
extern Jsonb *oms_predicate_saw(const Predicate *predicate, const PredicateSubject *subject);

/* predicate_saw.c: the members of the command (this parameter) that an expression names. */
extern List *oms_predicate_fields(Node *expr, int param);

/* The name of a row in predicates. */
extern const char *oms_predicate_row_name(PredicateRow row);

/* What is being asked, while it is; else NULL.  What a predicate calls may ask for more of it than its arguments. */
extern PredicateSubject *oms_predicate_subject(void);

/* Its command, in its normal form. */
extern Jsonb *oms_predicate_command(PredicateSubject *subject);

/* Is this an error of the server or of the session, and not the predicate's? */
extern bool oms_predicate_passes_on(int sqlstate);

/*
 * predicate_allow.c: what may stand in one.  42601, 42P17 and their like.
 *
 * As it was read: before names are resolved, and anything of anybody's is run.
 */
extern void oms_predicate_check_raw(ParseState *pstate, Node *raw);

/* As it was understood: what the names have turned out to be. */
extern void oms_predicate_check(ParseState *pstate, Node *expr);

#endif							/* OMS_PREDICATE_H */
