/*
 * common/settings.c
 *     Reading the settings: defaults, then the file, then the command line; and again on a reload.
 *
 * Settings are used only when all of them are good: a wrong file changes nothing that runs.
 */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsn.h"
#include "settings_inside.h"

#define MASK "********"

/* One "--name value" or "-X name=value". */
typedef struct Assignment
{
	const SettingRow *row;		/* NULL: a property, or a setting that there was */
	const FormerSetting *former;
	char	   *property;
	char	   *value;
} Assignment;

/* Checked and kept, for it wins over the file again when that is read again. */
typedef struct CommandLine
{
	char	   *config;			/* NULL: none */
	bool		check;
	Assignment *assignments;
	int			count;
} CommandLine;

/* The arguments still to be looked at, and what they mean. */
typedef struct Arguments
{
	const SettingTable *table;
	CommandLine *line;
	int			count;
	char	  **list;
} Arguments;

static void
command_line_free(CommandLine *line)
{
	if (line == NULL)
		return;
	for (int i = 0; i < line->count; i++)
	{
		free(line->assignments[i].property);
		free(line->assignments[i].value);
	}
	free(line->assignments);
	free(line->config);
	free(line);
}

static void
assign(CommandLine *line, const SettingRow *row, const char *property, const char *value)
{
	line->assignments = must_realloc(line->assignments, sizeof(Assignment) * (size_t) (line->count + 1));
	line->assignments[line->count++] = (Assignment) {
		.row = row,
		.property = property != NULL ? must_strdup(property) : NULL,
		.value = must_strdup(value),
	};
}

/* Settings of which nothing is said yet. */
static Settings *
settings_empty(const SettingTable *table)
{
	return memset(must_alloc(table->size), 0, table->size);
}

static bool
refuse_option(const SettingTable *table, const char *more, Problem *problem, const char *before, const char *name, const char *behind)
{
	char		hint[200];

	snprintf(hint, sizeof hint, "%s --help lists the options%s", table->program, more);
	return problem_set(problem, REMEDY_STOP, hint, "%s%.60s%s", before, name, behind);
}

/* What stands behind "=", else the next argument; NULL with a problem when there is neither. */
static const char *
argument_value(Arguments *arguments, const char *name, const char *attached, Problem *problem)
{
	if (attached != NULL)
		return attached;
	if (arguments->count == 0)
	{
		refuse_option(arguments->table, "", problem, "", name, " needs a value");
		return NULL;
	}
	arguments->count--;
	return *arguments->list++;
}

static bool
refuse_secret(const SettingTable *table, const char *what, const char *of, Problem *problem)
{
	char		hint[300];

	snprintf(hint, sizeof hint, "put it into a file that only the user of %s can read and name that with --config; change the secret if others use this machine",
			 table->program);
	return problem_set(problem, REMEDY_STOP, hint, "%s%s on the command line is a secret that everybody sees in the list of processes", what, of);
}

/* "NAME=VALUE" behind -X, or --PREFIX.NAME with its value. */
static bool
parse_property(Arguments *arguments, const char *name, const char *value, Problem *problem)
{
	const PropertyRules *rules = arguments->table->properties;
	Settings   *scratch;
	bool		good;

	if (rules->secret(name))
		return refuse_secret(arguments->table, "", name, problem);
	scratch = settings_empty(arguments->table);
	good = property_set(rules, scratch, name, value, problem);
	settings_free(arguments->table, scratch);
	free(scratch);
	if (good)
		assign(arguments->line, NULL, name, value);
	return good;
}

static bool
parse_x(Arguments *arguments, const char *attached, Problem *problem)
{
	const char *prefix = arguments->table->properties->prefix;
	const char *argument = argument_value(arguments, "-X", attached, problem);
	const char *equals = argument != NULL ? strchr(argument, '=') : NULL;
	char	   *name;
	bool		good;

	if (argument == NULL)
		return false;
	if (equals == NULL)
		return problem_set(problem, REMEDY_STOP, "write -X NAME=VALUE", "there is no \"=\" in what follows -X");
	name = must_strdup(argument);
	name[equals - argument] = '\0';
	good = parse_property(arguments, strncmp(name, prefix, strlen(prefix)) == 0 ? name + strlen(prefix) : name, equals + 1, problem);
	free(name);
	return good;
}

/* No program has both a setting and properties whose names begin alike. */
static bool
parse_setting(Arguments *arguments, const char *name, const char *attached, Problem *problem)
{
	const SettingTable *table = arguments->table;
	const char *prefix = table->properties != NULL ? table->properties->prefix : NULL;
	const SettingRow *row = setting_find(table, name);
	const FormerSetting *former = setting_former(table, name);
	const char *value = attached;
	Settings   *scratch;
	bool		good;

	if (prefix != NULL && strncmp(name, prefix, strlen(prefix)) == 0)
	{
		value = argument_value(arguments, name, attached, problem);
		return value != NULL && parse_property(arguments, name + strlen(prefix), value, problem);
	}
	if (row == NULL && former != NULL)
	{
		assign(arguments->line, NULL, NULL, "");
		arguments->line->assignments[arguments->line->count - 1].former = former;
		return argument_value(arguments, name, attached, problem) != NULL;
	}
	if (row == NULL)
	{
		char		more[100] = "";

		if (prefix != NULL)
			snprintf(more, sizeof more, "; a %s property is given by -X NAME=VALUE", table->properties->library);
		return refuse_option(table, more, problem, "there is no option \"--", name, "\"");
	}
	if (row->kind == SETTING_FLAG && value == NULL)
		value = "on";
	if (value == NULL)
		value = argument_value(arguments, name, NULL, problem);
	if (value == NULL)
		return false;
	if (setting_secret(row, value))
		return refuse_secret(table, row->kind == SETTING_DSN ? "a password in " : "", row->name, problem);
	scratch = settings_empty(table);
	good = setting_set(scratch, row, value, problem);
	settings_free(table, scratch);
	free(scratch);
	if (good)
		assign(arguments->line, row, NULL, value);
	return good;
}

static bool
parse_config(Arguments *arguments, const char *attached, Problem *problem)
{
	const char *path = argument_value(arguments, "--config", attached, problem);

	if (path == NULL)
		return false;
	if (arguments->line->config != NULL)
		return problem_set(problem, REMEDY_STOP, "one file can include others: include = FILE", "--config is given twice");
	arguments->line->config = must_strdup(path);
	return true;
}

/* One argument, with its value. */
static bool
parse_argument(Arguments *arguments, Problem *problem)
{
	const char *argument = *arguments->list++;
	const char *equals = strchr(argument, '=');
	const char *attached = equals != NULL ? equals + 1 : NULL;
	char	   *name;
	bool		good;

	arguments->count--;
	if (arguments->table->properties != NULL && strncmp(argument, "-X", 2) == 0)
		return parse_x(arguments, argument[2] != '\0' ? argument + 2 : NULL, problem);
	if (strcmp(argument, "-c") == 0)
		return parse_config(arguments, NULL, problem);
	if (strncmp(argument, "--", 2) != 0 || argument[2] == '\0')
		return refuse_option(arguments->table, "; every value stands behind the name of its option", problem, "an argument is no option", "", "");
	name = must_strdup(argument + 2);
	if (equals != NULL)
		name[equals - argument - 2] = '\0';
	if (strcmp(name, "config") == 0)
		good = parse_config(arguments, attached, problem);
	else if (strcmp(name, "check") == 0 && attached == NULL)
		good = arguments->line->check = true;
	else
		good = parse_setting(arguments, name, attached, problem);
	free(name);
	return good;
}

/* Defaults, file, command line, check. *settings is freed when it fails; it does not own the command line. */
static bool
read_settings(const SettingTable *table, const CommandLine *line, Settings *settings, Text *warnings, Problem *problem)
{
	bool		good = true;

	memset(settings, 0, table->size);
	for (int i = 0; i < table->count; i++)
		setting_set(settings, &table->rows[i], table->rows[i].value, problem);
	if (line->config != NULL)
	{
		settings->config_file = must_strdup(line->config);
		good = settings_file_read(table, line->config, settings, warnings, problem);
	}
	for (int i = 0; good && i < line->count; i++)
	{
		const Assignment *one = &line->assignments[i];

		if (one->former != NULL)
			text_printf(warnings, "there is no option --%s any more: %s\n", one->former->name, one->former->instead);
		else
			good = one->row != NULL ? setting_set(settings, one->row, one->value, problem)
				: property_set(table->properties, settings, one->property, one->value, problem);
	}
	settings->check_only = line->check;
	good = good && table->check(settings, problem);
	if (!good)
		settings_free(table, settings);
	return good;
}

static void
log_warnings(const Text *warnings)
{
	const char *at = warnings->len > 0 ? warnings->data : "";

	while (*at != '\0')
	{
		int			len = (int) strcspn(at, "\n");

		log_warning("%.*s", len, at);
		at += len + 1;
	}
}

static void
print(Text *text)
{
	if (text->len > 0)
		fputs(text->data, stdout);
	fflush(stdout);
	text_free(text);
}

/* --help and --version, wherever they stand: they say what was asked for whatever else is wrong. */
static bool
answer_question(const SettingTable *table, int argc, char **argv)
{
	Text		text = {0};
	bool		asked;

	for (int i = 1; i < argc && text.len == 0; i++)
	{
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "-?") == 0)
			settings_help(table, &text);
		else if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0)
			table->version(&text);
	}
	asked = text.len > 0;
	print(&text);
	return asked;
}

SettingsResult
settings_load(const SettingTable *table, int argc, char **argv, Settings *settings, Problem *problem)
{
	CommandLine *line;
	Arguments	arguments;
	Text		text = {0};
	bool		good = true;

	memset(settings, 0, table->size);
	if (answer_question(table, argc, argv))
		return SETTINGS_DONE;
	line = must_alloc(sizeof(CommandLine));
	*line = (CommandLine) {0};
	arguments = (Arguments) {.table = table, .line = line, .count = argc > 0 ? argc - 1 : 0, .list = argv + 1};
	while (good && arguments.count > 0)
		good = parse_argument(&arguments, problem);
	good = good && read_settings(table, line, settings, &text, problem);
	if (good)
	{
		log_configure(settings->log_level, settings->log_format);
		log_warnings(&text);
		settings->command_line = line;
	}
	else
		command_line_free(line);
	text_clear(&text);
	if (good && settings->check_only)
		settings_show(table, settings, &text);
	print(&text);
	return !good ? SETTINGS_WRONG : settings->check_only ? SETTINGS_DONE : SETTINGS_RUN;
}

static bool
same_properties(const Settings *a, const Settings *b)
{
	if (a->property_count != b->property_count)
		return false;
	for (int i = 0; i < a->property_count; i++)
		if (strcmp(a->properties[i].name, b->properties[i].name) != 0 || strcmp(a->properties[i].value, b->properties[i].value) != 0)
			return false;
	return true;
}

static bool
same_value(const Settings *a, const Settings *b, const SettingRow *row)
{
	Text		a_value = {0};
	Text		b_value = {0};
	bool		same;

	text_puts(&a_value, "");
	text_puts(&b_value, "");
	setting_value(a, row, &a_value);
	setting_value(b, row, &b_value);
	same = strcmp(a_value.data, b_value.data) == 0;
	text_free(&a_value);
	text_free(&b_value);
	return same;
}

bool
settings_reload(const SettingTable *table, Settings *settings, Text *later, Problem *problem)
{
	Settings   *fresh = settings_empty(table);
	Text		warnings = {0};
	bool		good = read_settings(table, settings->command_line, fresh, &warnings, problem);

	for (int i = 0; good && i < table->count; i++)
	{
		const SettingRow *row = &table->rows[i];

		if (same_value(settings, fresh, row))
			continue;
		if (row->reloadable)
			setting_copy(settings, fresh, row);
		else
			text_printf(later, "%s\n", row->name);
	}
	if (good)
	{
		if (!same_properties(settings, fresh))
			text_printf(later, "%s*\n", table->properties->prefix);
		log_configure(settings->log_level, settings->log_format);
		log_warnings(&warnings);
		settings_free(table, fresh);
	}
	text_free(&warnings);
	free(fresh);
	return good;
}

static void
show_value(const Settings *settings, const SettingRow *row, Text *text)
{
	Text		value = {0};

	text_puts(&value, "");
	setting_value(settings, row, &value);
	if (row->kind == SETTING_DSN)
		dsn_masked(value.data, text);
	else
		text_puts(text, setting_secret(row, value.data) ? MASK : value.data);
	text_free(&value);
}

void
settings_show(const SettingTable *table, const Settings *settings, Text *text)
{
	if (settings->config_file != NULL)
		text_printf(text, "# from %s and the command line\n", settings->config_file);
	for (int i = 0; i < table->count; i++)
	{
		text_printf(text, "%s = ", table->rows[i].name);
		show_value(settings, &table->rows[i], text);
		text_puts(text, "\n");
	}
	for (int i = 0; i < settings->property_count; i++)
		text_printf(text, "%s%s = %s\n", table->properties->prefix, settings->properties[i].name,
					table->properties->secret(settings->properties[i].name) ? MASK : settings->properties[i].value);
}

void
settings_free(const SettingTable *table, Settings *settings)
{
	for (int i = 0; i < table->count; i++)
		if (setting_is_text(&table->rows[i]))
			free(*(char **) ((char *) settings + table->rows[i].offset));
	for (int i = 0; i < settings->property_count; i++)
	{
		free(settings->properties[i].name);
		free(settings->properties[i].value);
	}
	free(settings->properties);
	free(settings->config_file);
	command_line_free(settings->command_line);
	memset(settings, 0, table->size);
}

bool
property_set(const PropertyRules *rules, Settings *settings, const char *name, const char *value, Problem *problem)
{
	Property   *property = settings->properties;
	char		hint[200];

	if (name[0] == '\0' || strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != strlen(name))
	{
		snprintf(hint, sizeof hint, "write %sNAME = VALUE, on the command line -X NAME=VALUE", rules->prefix);
		return problem_set(problem, REMEDY_STOP, hint, "this is no name of a %s property", rules->library);
	}
	if (!rules->good(name, value, problem))
		return false;
	while (property < settings->properties + settings->property_count && strcmp(property->name, name) != 0)
		property++;
	if (property == settings->properties + settings->property_count)
	{
		settings->properties = must_realloc(settings->properties, sizeof(Property) * (size_t) (settings->property_count + 1));
		property = &settings->properties[settings->property_count++];
		*property = (Property) {.name = must_strdup(name)};
	}
	free(property->value);
	property->value = must_strdup(value);
	return true;
}

const char *
property_value(const Settings *settings, const char *name)
{
	for (int i = 0; i < settings->property_count; i++)
		if (strcmp(settings->properties[i].name, name) == 0)
			return settings->properties[i].value;
	return NULL;
}
