/*
 * debezium/bridge/options_table.h
 *     The table of settings, and what options.c makes with it. For options*.c and their test only.
 *
 * Problems set here say what is wrong with a value; where it stands (file and line, command line) is put in front by options.c.
 */
#ifndef OPTIONS_TABLE_H
#define OPTIONS_TABLE_H

#include "options.h"

typedef enum OptionKind
{
	OPTION_TEXT,				/* char *; max: its greatest length */
	OPTION_NUMBER,				/* int64_t */
	OPTION_BYTES,				/* int64_t; B, kB, MB, GB behind it, in steps of 1024 */
	OPTION_TIME,				/* int64_t, milliseconds; ms, s, min behind it */
	OPTION_FLAG,				/* bool: on or off; on the command line its name alone is on */
	OPTION_EITHER,				/* bool: choices[0] is false, choices[1] true */
	OPTION_CHOICE				/* int (an enum): the place in choices */
} OptionKind;

typedef struct OptionRow
{
	const char *name;
	OptionKind	kind;
	size_t		offset;			/* in Options */
	const char *value;			/* default, as one would write it */
	int64_t		min;
	int64_t		max;
	const char *const *choices; /* NULL-terminated */
	bool		reloadable;
	const char *group;			/* of the first row of a group: its title */
	const char *help;
} OptionRow;

extern const OptionRow option_rows[];
extern const int option_row_count;

/* "-" and "_" are as good as "." in a name. NULL: no such setting. */
extern const OptionRow *option_find(const char *name);
/* What --help says. */
extern void options_help(Text *text);

/* Sets from the text of a value; the old value is freed. */
extern bool option_set(Options *options, const OptionRow *row, const char *value, Problem *problem);
/* Adds the value as option_set() reads it; nothing is masked. */
extern void option_value(const Options *options, const OptionRow *row, Text *text);
/* Takes over one value. */
extern void option_copy(Options *to, const Options *from, const OptionRow *row);

/* Whether the connection string holds a password; false for a string that is none. */
extern bool dsn_secret(const char *dsn);
/* The connection string as it may be shown. */
extern void dsn_masked(const char *dsn, Text *text);

/* Each value for itself is good; are they so together? Fills in the names of topics that are made of others. */
extern bool options_check(Options *options, Problem *problem);

#endif
