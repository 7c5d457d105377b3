/*
 * debezium/bridge/figures.c
 *     Figures of the store's lifecycle, as it last gave them.
 *
 * Ages grow until the next answer, so that a store that gives none does not look well; what nobody knows any more is left out.
 */
#include "figures.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

typedef struct FigureKind
{
	const char *name;
	const char *label;
	bool		age;			/* seconds */
	const char *help;
} FigureKind;

static const FigureKind kinds[] = {
	{"job_age_seconds", "job", true, "Seconds since the job last came to its end without an error, or since it is to run."},
	{"alerts", "alert", false, "Rows of oms.lifecycle_alerts, by what they say."},
};

#define KINDS ((int) (sizeof(kinds) / sizeof(kinds[0])))

typedef struct Row
{
	int			kind;
	char		label[64];
	int64_t		value;
} Row;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Row	rows[FIGURES_MAX];
static int	row_count;
static int64_t given_us;

/* A label goes out as it is, so it has nothing in it that would have to be escaped. */
static bool
row_set(Row *row, const Figure *figure)
{
	for (row->kind = 0; row->kind < KINDS; row->kind++)
		if (strcmp(kinds[row->kind].name, figure->name) == 0)
			break;
	if (row->kind == KINDS || strlen(figure->label) >= sizeof row->label || strpbrk(figure->label, "\"\\\n") != NULL)
		return false;
	strcpy(row->label, figure->label);
	row->value = figure->value;
	return true;
}

void
figures_set(const Figure *figures, int count)
{
	pthread_mutex_lock(&lock);
	row_count = 0;
	for (int i = 0; i < count && row_count < FIGURES_MAX; i++)
		row_count += row_set(&rows[row_count], &figures[i]);
	given_us = ticks_us();
	pthread_mutex_unlock(&lock);
}

void
figures_metrics(Text *text)
{
	pthread_mutex_lock(&lock);
	for (int kind = 0; kind < KINDS; kind++)
	{
		bool		begun = false;

		for (int i = 0; i < row_count; i++)
		{
			if (rows[i].kind != kind)
				continue;
			if (!begun)
				text_printf(text, "# HELP oms_bridge_lifecycle_%s %s\n# TYPE oms_bridge_lifecycle_%s gauge\n", kinds[kind].name, kinds[kind].help, kinds[kind].name);
			begun = true;
			text_printf(text, "oms_bridge_lifecycle_%s{%s=\"%s\"} %" PRId64 "\n", kinds[kind].name, kinds[kind].label, rows[i].label,
						rows[i].value + (kinds[kind].age ? (ticks_us() - given_us) / 1000000 : 0));
		}
	}
	pthread_mutex_unlock(&lock);
}

void
figures_names(Text *text)
{
	for (int kind = 0; kind < KINDS; kind++)
		text_printf(text, "oms_bridge_lifecycle_%s\n", kinds[kind].name);
}
