/*-------------------------------------------------------------------------
 *
 * quote_machine.h
 *	  The life of a quote as a table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_QUOTE_MACHINE_H
#define OMS_QUOTE_MACHINE_H

#include "postgres.h"

#include "core/machine.h"
#include "core/quote/quote_record.h"

typedef enum QuoteTrigger
{
	QUOTE_CREATE,
	QUOTE_REPLACE,
	QUOTE_ACCEPT,
	QUOTE_HIT,					/* accepted, and the dealer has the last look */
	QUOTE_CONFIRM,
	QUOTE_REFUSE,				/* … which he uses */
	QUOTE_DECLINE,
	QUOTE_REJECT,
	QUOTE_CANCEL,
	QUOTE_SUPERSEDE,
	QUOTE_EXPIRE,
	QUOTE_FILL,
	QUOTE_TRIGGER_COUNT
} QuoteTrigger;

extern const Machine oms_quote_machine;

/*
 * The row that fires, or NULL.  What a dealer's message says is no error where it
 * comes too late: `reported`.
 */
extern const Transition *oms_quote_transition(const Quote *quote, QuoteTrigger trigger, bool reported);

/* Makes of it what the row says. */
extern void oms_quote_evolve(Quote *quote, const Transition *transition);

#endif							/* OMS_QUOTE_MACHINE_H */
