/*
 * debezium/bridge/figures.h
 *     Figures of the store's lifecycle, as it last gave them; the functions may be called from any thread.
 */
#ifndef FIGURES_H
#define FIGURES_H

#include "text.h"

#define FIGURES_MAX 64

typedef struct Figure
{
	const char *name;			/* of oms.lifecycle_figures(); an unknown one is left out */
	const char *label;
	int64_t		value;
} Figure;

/* All that there are now: names and labels are copied. */
extern void figures_set(const Figure *figures, int count);
extern void figures_metrics(Text *text);
extern void figures_names(Text *text);

#endif
