/*-------------------------------------------------------------------------
 *
 * fact.c
 *	  What is known around an event when it is scored, beside the event itself.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/fact.h"

#define NUMBER_DIGITS_MAX	15

static const char *const fact_names[FACT_COUNT] = {
	[FACT_MIDDLE_PRICE] = "middle_price",
	[FACT_FILL_PRICE] = "fill_price",
	[FACT_DEPTH] = "depth",
	[FACT_SAME_ORDERS] = "same_orders",
	[FACT_RECENT_ORDERS] = "recent_orders",
	[FACT_SECONDS] = "seconds",
	[FACT_EXECUTED_BEFORE] = "executed_before",
	[FACT_EXEC_ID_STEP] = "exec_id_step",
	[FACT_CANCEL_PART] = "cancel_part",
};

int
oms_fact_find(const char *name)
{
	int			fact = 0;

	while (fact < FACT_COUNT && strcmp(fact_names[fact], name) != 0)
		fact++;
	return fact;
}

void
oms_recent_add(Recent *recent, double value, double at)
{
	if (recent->count == RECENT_VALUES)
	{
		recent->count--;
		memmove(recent->value, recent->value + 1, recent->count * sizeof(double));
		memmove(recent->at, recent->at + 1, recent->count * sizeof(double));
	}
	recent->value[recent->count] = value;
	recent->at[recent->count++] = at;
}

double
oms_recent_median(const Recent *recent)
{
	double		sorted[RECENT_VALUES];
	int			count = recent->count;

	for (int i = 0; i < count; i++)
	{
		int			at = i;

		for (; at > 0 && sorted[at - 1] > recent->value[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = recent->value[i];
	}
	return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

int
oms_recent_count(const Recent *recent, double since)
{
	int			found = 0;

	for (int i = 0; i < recent->count; i++)
		found += recent->at[i] >= since;
	return found;
}

int
oms_recent_count_equal(const Recent *recent, double value, double since)
{
	int			found = 0;

	for (int i = 0; i < recent->count; i++)
		found += recent->at[i] >= since && recent->value[i] == value;
	return found;
}

double
oms_recent_mean(const Recent *recent)
{
	double		sum = 0;

	for (int i = 0; i < recent->count; i++)
		sum += recent->value[i];
	return sum / recent->count;
}

bool
oms_id_number(const char *id, double *number, int *prefix)
{
	int			length = strlen(id);
	int			begin = length;

	while (begin > 0 && id[begin - 1] >= '0' && id[begin - 1] <= '9' && length - begin < NUMBER_DIGITS_MAX)
		begin--;
	*number = 0;
	for (int i = begin; i < length; i++)
		*number = *number * 10 + (id[i] - '0');
	*prefix = begin;
	return begin < length;
}
