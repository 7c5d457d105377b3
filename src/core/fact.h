/*-------------------------------------------------------------------------
 *
 * fact.h
 *	  What is known around an event when it is scored, beside the event itself.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FACT_H
#define OMS_FACT_H

#include "postgres.h"
#include "utils/numeric.h"

typedef enum Fact
{
	FACT_MIDDLE_PRICE,			/* between the usual prices of recent orders of both sides */
	FACT_FILL_PRICE,			/* the usual one of recent fills */
	FACT_DEPTH,					/* how far from the middle its price is, in steps that double */
	FACT_SAME_ORDERS,			/* orders of equal account, symbol, side, quantity and price just before */
	FACT_RECENT_ORDERS,			/* orders of the account and symbol just before */
	FACT_SECONDS,				/* since the object was made */
	FACT_EXECUTED_BEFORE,		/* of an order, by its event before */
	FACT_EXEC_ID_STEP,			/* from the last number of an ExecID of the session to this one's */
	FACT_CANCEL_PART,			/* of the account's recent orders that ended, those that were cancelled */
	FACT_COUNT
} Fact;

/* NULL: not known. */
typedef struct Facts
{
	Numeric		value[FACT_COUNT];
} Facts;

/* FACT_COUNT: there is none of this name. */
extern int	oms_fact_find(const char *name);

/* The last values of something, and when they came. */
#define RECENT_VALUES	50

typedef struct Recent
{
	int			count;			/* the oldest comes first */
	double		value[RECENT_VALUES];
	double		at[RECENT_VALUES];	/* seconds */
} Recent;

extern void oms_recent_add(Recent *recent, double value, double at);

/* The middle one of them, of at least one. */
extern double oms_recent_median(const Recent *recent);

/* How many came since then; of these how many are equal to a value. */
extern int	oms_recent_count(const Recent *recent, double since);
extern int	oms_recent_count_equal(const Recent *recent, double value, double since);

extern double oms_recent_mean(const Recent *recent);

/*
 * The number at the end of an id, as a counter writes it (at most 15 digits), and how
 * long what stands before it is; false: it ends in no digit.
 */
extern bool oms_id_number(const char *id, double *number, int *prefix);

#endif							/* OMS_FACT_H */
