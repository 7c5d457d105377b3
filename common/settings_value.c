/*
 * common/settings_value.c
 *     Values of settings: from text, and to text.
 *
 * Nothing is rounded, cut or guessed: a value is taken as it stands or refused with what would do.
 */
#define _GNU_SOURCE

#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dsn.h"
#include "settings_inside.h"

const char *const setting_flags[] = {"off", "on", NULL};
const char *const setting_log_levels[] = {"debug", "info", "warning", "error", NULL};
const char *const setting_log_formats[] = {"plain", "json", NULL};

typedef struct Unit
{
	const char *name;
	int64_t		factor;
} Unit;

static const Unit byte_units[] = {{"", 1}, {"B", 1}, {"kB", 1024}, {"MB", 1024 * 1024}, {"GB", 1024 * 1024 * 1024}, {NULL, 0}};
static const Unit time_units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"min", 60000}, {NULL, 0}};
static const Unit no_units[] = {{"", 1}, {NULL, 0}};

static const Unit *
units_of(SettingKind kind)
{
	return kind == SETTING_BYTES ? byte_units : kind == SETTING_TIME ? time_units : no_units;
}

static void *
member(const Settings *settings, const SettingRow *row)
{
	return (char *) settings + row->offset;
}

/* Digits, then a unit; blanks may stand between. */
static bool
read_number(const char *value, const Unit *units, int64_t *number)
{
	char	   *end;
	int64_t		digits;

	if (!isdigit((unsigned char) value[0]))
		return false;
	errno = 0;
	digits = strtoll(value, &end, 10);
	if (errno != 0)
		return false;
	while (*end == ' ')
		end++;
	for (; units->name != NULL; units++)
		if (strcasecmp(end, units->name) == 0)
			return !__builtin_mul_overflow(digits, units->factor, number);
	return false;
}

/* The number with the greatest unit that keeps it whole: 4194304 is 4MB. */
static void
add_number(Text *text, int64_t number, const Unit *units)
{
	const Unit *best = units;

	for (; units->name != NULL; units++)
		if (number != 0 && units->factor > 1 && number % units->factor == 0)
			best = units;
	text_printf(text, "%" PRId64 "%s", number / best->factor, best->name);
}

static bool
set_number(Settings *settings, const SettingRow *row, const char *value, Problem *problem)
{
	const Unit *units = units_of(row->kind);
	int64_t		number;
	Text		range = {0};

	if (read_number(value, units, &number) && number >= row->min && number <= row->max)
	{
		/* Other threads read the reloadable ones while a reload writes them. */
		__atomic_store_n((int64_t *) member(settings, row), number, __ATOMIC_RELAXED);
		return true;
	}
	text_puts(&range, "give a whole number from ");
	add_number(&range, row->min, units);
	text_puts(&range, " to ");
	add_number(&range, row->max, units);
	if (row->kind == SETTING_BYTES)
		text_puts(&range, "; kB, MB or GB may stand behind it");
	if (row->kind == SETTING_TIME)
		text_puts(&range, "; ms, s or min may stand behind it");
	problem_set(problem, REMEDY_STOP, range.data, "%s cannot be \"%.100s\"", row->name, value);
	text_free(&range);
	return false;
}

/* The place of the word among the choices, -1: none of them. */
static int
choice(const SettingRow *row, const char *value)
{
	static const char *const other_words[2][4] = {{"false", "no", "0", NULL}, {"true", "yes", "1", NULL}};

	for (int i = 0; row->choices[i] != NULL; i++)
		if (strcasecmp(row->choices[i], value) == 0)
			return i;
	for (int i = 0; row->kind == SETTING_FLAG && i < 2; i++)
		for (int j = 0; other_words[i][j] != NULL; j++)
			if (strcasecmp(other_words[i][j], value) == 0)
				return i;
	return -1;
}

static bool
set_choice(Settings *settings, const SettingRow *row, const char *value, Problem *problem)
{
	int			place = choice(row, value);
	Text		words = {0};

	if (place >= 0 && row->kind == SETTING_CHOICE)
		*(int *) member(settings, row) = place;
	else if (place >= 0)
		*(bool *) member(settings, row) = place == 1;
	if (place >= 0)
		return true;
	text_puts(&words, "give ");
	for (int i = 0; row->choices[i] != NULL; i++)
		text_printf(&words, "%s%s", i == 0 ? "" : row->choices[i + 1] == NULL ? " or " : ", ", row->choices[i]);
	problem_set(problem, REMEDY_STOP, words.data, "%s cannot be \"%.100s\"", row->name, value);
	text_free(&words);
	return false;
}

static bool
set_text(Settings *settings, const SettingRow *row, const char *value, Problem *problem)
{
	char	  **text = member(settings, row);

	if ((int64_t) strlen(value) > row->max)
		return problem_set(problem, REMEDY_STOP, NULL, "the value of %s is longer than %" PRId64 " bytes", row->name, row->max);
	free(*text);
	*text = must_strdup(value);
	return true;
}

bool
setting_set(Settings *settings, const SettingRow *row, const char *value, Problem *problem)
{
	if (setting_is_text(row))
		return set_text(settings, row, value, problem);
	if (row->choices != NULL)
		return set_choice(settings, row, value, problem);
	return set_number(settings, row, value, problem);
}

void
setting_value(const Settings *settings, const SettingRow *row, Text *text)
{
	const void *at = member(settings, row);

	if (setting_is_text(row))
		text_puts(text, *(char *const *) at != NULL ? *(char *const *) at : "");
	else if (row->kind == SETTING_CHOICE)
		text_puts(text, row->choices[*(const int *) at]);
	else if (row->choices != NULL)
		text_puts(text, row->choices[*(const bool *) at]);
	else
		add_number(text, *(const int64_t *) at, units_of(row->kind));
}

void
setting_copy(Settings *to, const Settings *from, const SettingRow *row)
{
	Text		value = {0};
	Problem		never;

	text_puts(&value, "");
	setting_value(from, row, &value);
	setting_set(to, row, value.data, &never);
	text_free(&value);
}

bool
setting_is_text(const SettingRow *row)
{
	return row->kind == SETTING_TEXT || row->kind == SETTING_DSN || row->kind == SETTING_SECRET;
}

bool
setting_secret(const SettingRow *row, const char *value)
{
	return (row->kind == SETTING_SECRET && value[0] != '\0') || (row->kind == SETTING_DSN && dsn_secret(value));
}
