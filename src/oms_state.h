/*-------------------------------------------------------------------------
 *
 * oms_state.h
 *	  Public header: the values that other extensions share with oms_state, and
 *	  predicates of rules that they bring (doc/rules.md, "Predicates in C").
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_STATE_H
#define OMS_STATE_H

#include "postgres.h"
#include "fmgr.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#define OMS_STATE_SCHEMA_VERSION 2	/* of an event's payload; those of version 1 stay readable */

/* OrdStatus (FIX tag 39).  Shown is the one that wins FIX's precedence. */
typedef enum OmsOrderStatus
{
	OMS_ORDER_PENDING_NEW = 1,
	OMS_ORDER_NEW,
	OMS_ORDER_PARTIALLY_FILLED,
	OMS_ORDER_FILLED,
	OMS_ORDER_DONE_FOR_DAY,
	OMS_ORDER_CANCELLED,
	OMS_ORDER_PENDING_CANCEL,
	OMS_ORDER_PENDING_REPLACE,
	OMS_ORDER_STOPPED,
	OMS_ORDER_SUSPENDED,
	OMS_ORDER_REJECTED,
	OMS_ORDER_EXPIRED,
	OMS_ORDER_CALCULATED,
	OMS_ORDER_ACCEPTED_FOR_BIDDING
} OmsOrderStatus;

#define OMS_ORDER_STATUS_COUNT	14

typedef enum OmsExecutionStatus
{
	OMS_EXECUTION_REVIEW = 1,	/* no quantity moved */
	OMS_EXECUTION_VALIDATED,	/* live, not wholly allocated */
	OMS_EXECUTION_ALLOCATED,	/* live, wholly allocated */
	OMS_EXECUTION_CORRECTED,
	OMS_EXECUTION_BUSTED,
	OMS_EXECUTION_REJECTED
} OmsExecutionStatus;

/* ------------------------------------------------------------------------
 * predicates
 * ------------------------------------------------------------------------
 */

typedef enum OmsAnswer
{
	OMS_FALSE,
	OMS_TRUE,
	OMS_NULL					/* what it needs is missing */
} OmsAnswer;

/* What a predicate is asked of; good until it returns. */
typedef struct OmsQuestion
{
	Jsonb	   *command;		/* in its normal form, as other predicates see it */

	/* The state of "cur", "parent" or "root", as events carry it; NULL: there is none.  An error for any other name. */
	Jsonb	   *(*row) (const struct OmsQuestion *question, const char *name);
} OmsQuestion;

/*
 * It may raise errors: they are an answer, as those of any predicate.  It reads and
 * computes, in the current memory context, which goes when it returns, and calls
 * CHECK_FOR_INTERRUPTS() where it takes long.  What writes is an error.
 */
typedef OmsAnswer (*OmsPredicate) (const OmsQuestion *question);

typedef struct OmsRegistered
{
	struct OmsRegistered *next;
	const char *name;
	OmsPredicate predicate;
} OmsRegistered;

/* Another number once what stands above is another: who was compiled with that is not found, then, and not called wrongly. */
#define OMS_PREDICATES	"oms_state predicates 1"

/*
 * From _PG_init(): rules may say oms.registered('name') then, in sessions that have
 * loaded the library, before oms_state or after it.  Of two by one name the one
 * registered last is asked.
 */
static inline void
oms_register_predicate(const char *name, OmsPredicate predicate)
{
	OmsRegistered **all = (OmsRegistered **) find_rendezvous_variable(OMS_PREDICATES);
	OmsRegistered *added;

	if (name == NULL || predicate == NULL)
		elog(ERROR, "cannot register a predicate without a name or a function");
	added = (OmsRegistered *) MemoryContextAlloc(TopMemoryContext, sizeof(OmsRegistered));
	added->next = *all;
	added->name = MemoryContextStrdup(TopMemoryContext, name);
	added->predicate = predicate;
	*all = added;
}

#endif							/* OMS_STATE_H */
