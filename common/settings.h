/*
 * common/settings.h
 *     The settings of a program: one table of rows (name, kind, default, help), read from a file of "name = value" lines
 *     and from the command line ("--name value", "--name=value", "-X property=value").
 *
 * The command line wins over the file. Secrets are refused on the command line (ps shows it): a password in a connection string, a
 * setting that is a secret, a property that its library's rules call one.
 *
 * A file may say "include = FILE" (relative to itself); "${CREDENTIALS_DIRECTORY}" in a value is replaced by the
 * environment's. A file that holds a secret and can be read by others is warned about, not refused.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "log.h"
#include "text.h"

/* Of a library of which a program passes properties on. */
typedef struct Property
{
	char	   *name;
	char	   *value;
} Property;

/* What the struct of every program's settings begins with. */
typedef struct Settings
{
	LogLevel	log_level;
	LogFormat	log_format;
	Property   *properties;		/* PREFIX.NAME = value and -X NAME=value, in order */
	int			property_count;
	char	   *config_file;	/* --config */
	bool		check_only;		/* --check: read and check the configuration, then exit */
	struct CommandLine *command_line;	/* kept for settings_reload() */
} Settings;

typedef enum SettingKind
{
	SETTING_TEXT,				/* char *; max: its greatest length */
	SETTING_DSN,				/* the same, a libpq connection string: shown without its passwords */
	SETTING_SECRET,				/* the same, shown to nobody */
	SETTING_NUMBER,				/* int64_t */
	SETTING_BYTES,				/* int64_t; B, kB, MB, GB behind it, in steps of 1024 */
	SETTING_TIME,				/* int64_t, milliseconds; ms, s, min behind it */
	SETTING_FLAG,				/* bool: on or off; on the command line its name alone is on */
	SETTING_EITHER,				/* bool: choices[0] is false, choices[1] true */
	SETTING_CHOICE				/* int (an enum): the place in choices */
} SettingKind;

typedef struct SettingRow
{
	const char *name;
	SettingKind kind;
	size_t		offset;			/* in the program's struct */
	const char *value;			/* default, as one would write it */
	int64_t		min;
	int64_t		max;
	const char *const *choices; /* NULL-terminated */
	bool		reloadable;
	const char *group;			/* of the first row of a group: its title */
	const char *help;
} SettingRow;

/* The kind of a row and where it is kept, in a program's own table. */
#define SETTING_OF_TEXT(type, member, longest) .kind = SETTING_TEXT, .offset = offsetof(type, member), .max = (longest)
#define SETTING_OF_DSN(type, member) .kind = SETTING_DSN, .offset = offsetof(type, member), .max = 4096
#define SETTING_OF_SECRET(type, member, longest) .kind = SETTING_SECRET, .offset = offsetof(type, member), .max = (longest)
#define SETTING_OF_NUMBER(type, member, least, most) .kind = SETTING_NUMBER, .offset = offsetof(type, member), .min = (least), .max = (most)
#define SETTING_OF_BYTES(type, member, least, most) .kind = SETTING_BYTES, .offset = offsetof(type, member), .min = (least), .max = (most)
#define SETTING_OF_TIME(type, member, least, most) .kind = SETTING_TIME, .offset = offsetof(type, member), .min = (least), .max = (most)
#define SETTING_OF_FLAG(type, member) .kind = SETTING_FLAG, .offset = offsetof(type, member), .choices = setting_flags, .value = "off"
#define SETTING_OF_EITHER(type, member, words) .kind = SETTING_EITHER, .offset = offsetof(type, member), .choices = (words)
#define SETTING_OF_CHOICE(type, member, words) .kind = SETTING_CHOICE, .offset = offsetof(type, member), .choices = (words)

extern const char *const setting_flags[];
/* Of log.level and log.format, in the order of the enums. */
extern const char *const setting_log_levels[];
extern const char *const setting_log_formats[];

#define SETTING_KB INT64_C(1024)
#define SETTING_MB (1024 * SETTING_KB)
#define SETTING_GB (1024 * SETTING_MB)
#define SETTING_SECOND INT64_C(1000)
#define SETTING_HOUR (3600 * SETTING_SECOND)

/* What a program says of the properties that it passes on. */
typedef struct PropertyRules
{
	const char *prefix;			/* "kafka." */
	const char *library;		/* "librdkafka" */
	/* Of a property: it is shown to nobody. */
	bool		(*secret) (const char *name);
	/* False for one that is the program's, that the library does not have, or that it has no such value for. */
	bool		(*good) (const char *name, const char *value, Problem *problem);
} PropertyRules;

/* A setting that there was: where it is still said, a warning tells what to do instead. */
typedef struct FormerSetting
{
	const char *name;			/* NULL ends a list */
	const char *instead;
} FormerSetting;

typedef struct SettingTable
{
	const char *program;		/* "oms_bridge" */
	const char *help_head;		/* of --help, before the rows and behind */
	const char *help_tail;
	const SettingRow *rows;
	int			count;
	const FormerSetting *former;	/* NULL: none */
	size_t		size;			/* of the program's struct, which begins with Settings */
	const PropertyRules *properties;	/* NULL: none */
	void		(*version) (Text *text);	/* the line of --version */
	/* Each value for itself is good; are they so together? May fill in what is made of others. */
	bool		(*check) (Settings *settings, Problem *problem);
} SettingTable;

/* What the command line asks before anything else. */
typedef enum SettingsResult
{
	SETTINGS_RUN,
	SETTINGS_DONE,				/* --help, --version, --check: said what was asked, exit 0 */
	SETTINGS_WRONG				/* problem says why, exit EXIT_USAGE */
} SettingsResult;

/* Configures the log on the way, as soon as the settings are known: its warnings are lines like the others. */
extern SettingsResult settings_load(const SettingTable *table, int argc, char **argv, Settings *settings, Problem *problem);
/*
 * Reads the file again. Of what changed, the reloadable settings (marked in the table) act at once; others are named in *later, one a
 * line, and act at the next start.
 */
extern bool settings_reload(const SettingTable *table, Settings *settings, Text *later, Problem *problem);
/* The settings in force, secrets masked, one "name = value" a line. */
extern void settings_show(const SettingTable *table, const Settings *settings, Text *text);
/* What --help says. */
extern void settings_help(const SettingTable *table, Text *text);
extern void settings_free(const SettingTable *table, Settings *settings);

/* "-" and "_" are as good as "." in a name. NULL: no such setting. */
extern const SettingRow *setting_find(const SettingTable *table, const char *name);
/* The same of those that there were. */
extern const FormerSetting *setting_former(const SettingTable *table, const char *name);
/*
 * Sets from the text of a value; the old value is freed. The problem says what is wrong with the value; where it stands (file and line)
 * is put in front by whoever read it.
 */
extern bool setting_set(Settings *settings, const SettingRow *row, const char *value, Problem *problem);
/* Adds the value as setting_set() reads it; nothing is masked. */
extern void setting_value(const Settings *settings, const SettingRow *row, Text *text);
/* Takes over one value. */
extern void setting_copy(Settings *to, const Settings *from, const SettingRow *row);
/* Whether the row has such a value that nobody may see. */
extern bool setting_secret(const SettingRow *row, const char *value);

/* Replaces the value of the same name, or adds. */
extern bool property_set(const PropertyRules *rules, Settings *settings, const char *name, const char *value, Problem *problem);
/* The user's value, or NULL. */
extern const char *property_value(const Settings *settings, const char *name);

#endif
