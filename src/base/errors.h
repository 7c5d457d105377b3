/*-------------------------------------------------------------------------
 *
 * errors.h
 *	  The SQLSTATEs of oms_state and refusals as values.
 *
 * A command that cannot be carried out is refused.  A refusal is a value that
 * travels up the call chain like any other result, so that a batch can go on
 * after one; only api.c turns it into an error.  Nothing below L5 raises one
 * of the OM codes itself.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ERRORS_H
#define OMS_ERRORS_H

#include "postgres.h"

#include "base/compat.h"

#define OMS_MALFORMED			MAKE_SQLSTATE('O', 'M', '0', '0', '1')
#define OMS_UNKNOWN_COMMAND		MAKE_SQLSTATE('O', 'M', '0', '0', '2')
#define OMS_NO_SUCH_OBJECT		MAKE_SQLSTATE('O', 'M', '0', '0', '3')
#define OMS_NO_TRANSITION		MAKE_SQLSTATE('O', 'M', '0', '0', '4')
#define OMS_RULE				MAKE_SQLSTATE('O', 'M', '0', '0', '5')
#define OMS_VERSION_CONFLICT	MAKE_SQLSTATE('O', 'M', '0', '0', '6')
#define OMS_DUPLICATE			MAKE_SQLSTATE('O', 'M', '0', '0', '7')
#define OMS_NOT_PERMITTED		MAKE_SQLSTATE('O', 'M', '0', '0', '8')
#define OMS_BAD_FIX				MAKE_SQLSTATE('O', 'M', '0', '0', '9')
#define OMS_BAD_QUERY			MAKE_SQLSTATE('O', 'M', '0', '1', '0')
#define OMS_BAD_CONFIGURATION	MAKE_SQLSTATE('O', 'M', '0', '1', '1')
#define OMS_NOT_HERE			MAKE_SQLSTATE('O', 'M', '0', '1', '2')

/* Why a command was refused: the facts, ready to be shown. */
typedef struct Refusal
{
	int			sqlstate;
	const char *message;
	const char *detail;			/* full sentences, or NULL */
	const char *hint;			/* only where the caller can act, or NULL */
	const char *rule;			/* the rule's name for OM005, or NULL */
	bool		too_large;		/* OM001 for its size alone */
	bool		beyond;			/* OM008 for what is of other accounts than the caller's */
} Refusal;

/*
 * A new refusal in the current memory context.  The with_… functions add to it
 * and return it, so that a refusal reads as one expression.
 */
extern Refusal *oms_refuse(int sqlstate, const char *fmt,...) pg_attribute_printf(2, 3);
extern Refusal *oms_with_detail(Refusal *refusal, const char *fmt,...) pg_attribute_printf(2, 3);
extern Refusal *oms_with_hint(Refusal *refusal, const char *hint);

/* OM005: `rule` refused it; its name stands in the detail before the facts. */
extern Refusal *oms_refuse_by_rule(const char *rule, const char *message,
								   const char *fmt,...) pg_attribute_printf(3, 4);

/* With its texts, in the current memory context. */
extern Refusal *oms_refusal_copy(const Refusal *refusal);

/* Raise the refusal as an error.  Only L5 calls this. */
pg_noreturn extern void oms_raise(const Refusal *refusal);

#endif							/* OMS_ERRORS_H */
