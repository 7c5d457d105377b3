/*
 * debezium/bridge/options.c
 *     Reading the settings: defaults, then the file, then the command line; and again on a reload.
 *
 * Settings are used only when all of them are good: a wrong file changes nothing that runs.
 */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>

#include "kafka_settings.h"
#include "options_file.h"
#include "options_table.h"

#define MASK "********"

/* One "--name value" or "-X name=value". */
typedef struct Assignment
{
	const OptionRow *row;		/* NULL: a property of librdkafka */
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

/* The arguments still to be looked at. */
typedef struct Arguments
{
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
assign(CommandLine *line, const OptionRow *row, const char *property, const char *value)
{
	line->assignments = must_realloc(line->assignments, sizeof(Assignment) * (size_t) (line->count + 1));
	line->assignments[line->count++] = (Assignment) {
		.row = row,
		.property = property != NULL ? must_strdup(property) : NULL,
		.value = must_strdup(value),
	};
}

/* What stands behind "=", else the next argument; NULL with a problem when there is neither. */
static const char *
argument_value(Arguments *arguments, const char *name, const char *attached, Problem *problem)
{
	if (attached != NULL)
		return attached;
	if (arguments->count == 0)
	{
		problem_set(problem, REMEDY_STOP, "oms_bridge --help lists the options", "%s needs a value", name);
		return NULL;
	}
	arguments->count--;
	return *arguments->list++;
}

static bool
refuse_secret(const char *what, Problem *problem)
{
	return problem_set(problem, REMEDY_STOP,
					   "put it into a file that only the bridge's user can read and name that with --config; change the secret if others use this machine",
					   "%s on the command line is a secret that everybody sees in the list of processes", what);
}

/* "NAME=VALUE" behind -X, or --kafka.NAME with its value. */
static bool
parse_property(CommandLine *line, const char *name, const char *value, Problem *problem)
{
	Options		scratch = {0};
	bool		good;

	if (property_secret(name))
		return refuse_secret(name, problem);
	good = property_set(&scratch, name, value, problem);
	options_free(&scratch);
	if (good)
		assign(line, NULL, name, value);
	return good;
}

static bool
parse_x(CommandLine *line, Arguments *arguments, const char *attached, Problem *problem)
{
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
	good = parse_property(line, strncmp(name, "kafka.", 6) == 0 ? name + 6 : name, equals + 1, problem);
	free(name);
	return good;
}

static bool
parse_setting(CommandLine *line, Arguments *arguments, const char *name, const char *attached, Problem *problem)
{
	const OptionRow *row = option_find(name);
	Options		scratch = {0};
	const char *value = attached;
	bool		good;

	if (strncmp(name, "kafka.", 6) == 0)
	{
		value = argument_value(arguments, name, attached, problem);
		return value != NULL && parse_property(line, name + 6, value, problem);
	}
	if (row == NULL)
		return problem_set(problem, REMEDY_STOP, "oms_bridge --help lists the options; a librdkafka property is given by -X NAME=VALUE",
						   "there is no option \"--%.60s\"", name);
	if (row->kind == OPTION_FLAG && value == NULL)
		value = "on";
	if (value == NULL)
		value = argument_value(arguments, name, NULL, problem);
	if (value == NULL)
		return false;
	if (row->offset == offsetof(Options, dsn) && dsn_secret(value))
		return refuse_secret("a password in postgres.dsn", problem);
	good = option_set(&scratch, row, value, problem);
	options_free(&scratch);
	if (good)
		assign(line, row, NULL, value);
	return good;
}

static bool
parse_config(CommandLine *line, Arguments *arguments, const char *attached, Problem *problem)
{
	const char *path = argument_value(arguments, "--config", attached, problem);

	if (path == NULL)
		return false;
	if (line->config != NULL)
		return problem_set(problem, REMEDY_STOP, "one file can include others: include = FILE", "--config is given twice");
	line->config = must_strdup(path);
	return true;
}

/* One argument, with its value. */
static bool
parse_argument(CommandLine *line, Arguments *arguments, Problem *problem)
{
	const char *argument = *arguments->list++;
	const char *equals = strchr(argument, '=');
	const char *attached = equals != NULL ? equals + 1 : NULL;
	char	   *name;
	bool		good;

	arguments->count--;
	if (strncmp(argument, "-X", 2) == 0)
		return parse_x(line, arguments, argument[2] != '\0' ? argument + 2 : NULL, problem);
	if (strcmp(argument, "-c") == 0)
		return parse_config(line, arguments, NULL, problem);
	if (strncmp(argument, "--", 2) != 0 || argument[2] == '\0')
		return problem_set(problem, REMEDY_STOP, "oms_bridge --help lists the options; every value stands behind the name of its option",
						   "an argument is no option");
	name = must_strdup(argument + 2);
	if (equals != NULL)
		name[equals - argument - 2] = '\0';
	if (strcmp(name, "config") == 0)
		good = parse_config(line, arguments, attached, problem);
	else if (strcmp(name, "check") == 0 && attached == NULL)
		good = line->check = true;
	else
		good = parse_setting(line, arguments, name, attached, problem);
	free(name);
	return good;
}

static void
set_defaults(Options *options)
{
	Problem		never;

	*options = (Options) {0};
	for (int i = 0; i < option_row_count; i++)
		option_set(options, &option_rows[i], option_rows[i].value, &never);
}

/* Defaults, file, command line, check. *options is freed when it fails; it does not own the command line. */
static bool
read_settings(const CommandLine *line, Options *options, Text *warnings, Problem *problem)
{
	bool		good = true;

	set_defaults(options);
	if (line->config != NULL)
	{
		options->config_file = must_strdup(line->config);
		good = options_file_read(line->config, options, warnings, problem);
	}
	for (int i = 0; good && i < line->count; i++)
	{
		const Assignment *one = &line->assignments[i];

		good = one->row != NULL ? option_set(options, one->row, one->value, problem)
			: property_set(options, one->property, one->value, problem);
	}
	options->check_only = line->check;
	good = good && options_check(options, problem);
	if (!good)
		options_free(options);
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

/* --help and --version, wherever they stand: they say what was asked for whatever else is wrong. */
static bool
answer_question(int argc, char **argv)
{
	Text		text = {0};
	bool		asked;

	for (int i = 1; i < argc && text.len == 0; i++)
	{
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "-?") == 0)
			options_help(&text);
		else if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0)
			text_printf(&text, "oms_bridge %s (librdkafka %s, libpq %d.%d)\n", BRIDGE_VERSION, rd_kafka_version_str(),
						PQlibVersion() / 10000, PQlibVersion() % 10000);
	}
	asked = text.len > 0;
	if (asked)
		fputs(text.data, stdout);
	fflush(stdout);
	text_free(&text);
	return asked;
}

OptionsResult
options_load(int argc, char **argv, Options *options, Problem *problem)
{
	Arguments	arguments = {argc > 0 ? argc - 1 : 0, argv + 1};
	CommandLine *line;
	Text		warnings = {0};
	bool		good = true;

	*options = (Options) {0};
	if (answer_question(argc, argv))
		return OPTIONS_DONE;
	line = must_alloc(sizeof(CommandLine));
	*line = (CommandLine) {0};
	while (good && arguments.count > 0)
		good = parse_argument(line, &arguments, problem);
	good = good && read_settings(line, options, &warnings, problem);
	if (good)
	{
		log_configure(options->log_level, options->log_format);
		log_warnings(&warnings);
		options->command_line = line;
	}
	else
		command_line_free(line);
	text_free(&warnings);
	if (!good)
		return OPTIONS_WRONG;
	if (options->check_only)
	{
		Text		text = {0};

		options_show(options, &text);
		fputs(text.data, stdout);
		fflush(stdout);
		text_free(&text);
		return OPTIONS_DONE;
	}
	return OPTIONS_RUN;
}

static bool
same_properties(const Options *a, const Options *b)
{
	if (a->kafka_count != b->kafka_count)
		return false;
	for (int i = 0; i < a->kafka_count; i++)
		if (strcmp(a->kafka[i].name, b->kafka[i].name) != 0 || strcmp(a->kafka[i].value, b->kafka[i].value) != 0)
			return false;
	return true;
}

static bool
same_value(const Options *a, const Options *b, const OptionRow *row)
{
	Text		a_value = {0};
	Text		b_value = {0};
	bool		same;

	text_puts(&a_value, "");
	text_puts(&b_value, "");
	option_value(a, row, &a_value);
	option_value(b, row, &b_value);
	same = strcmp(a_value.data, b_value.data) == 0;
	text_free(&a_value);
	text_free(&b_value);
	return same;
}

bool
options_reload(Options *options, Text *later, Problem *problem)
{
	Options		fresh;
	Text		warnings = {0};

	if (!read_settings(options->command_line, &fresh, &warnings, problem))
	{
		text_free(&warnings);
		return false;
	}
	for (int i = 0; i < option_row_count; i++)
	{
		const OptionRow *row = &option_rows[i];

		if (same_value(options, &fresh, row))
			continue;
		if (row->reloadable)
			option_copy(options, &fresh, row);
		else
			text_printf(later, "%s\n", row->name);
	}
	if (!same_properties(options, &fresh))
		text_puts(later, "kafka.*\n");
	log_configure(options->log_level, options->log_format);
	log_warnings(&warnings);
	text_free(&warnings);
	options_free(&fresh);
	return true;
}

void
options_show(const Options *options, Text *text)
{
	if (options->config_file != NULL)
		text_printf(text, "# from %s and the command line\n", options->config_file);
	for (int i = 0; i < option_row_count; i++)
	{
		const OptionRow *row = &option_rows[i];

		text_printf(text, "%s = ", row->name);
		if (row->offset == offsetof(Options, dsn))
			dsn_masked(options->dsn, text);
		else
			option_value(options, row, text);
		text_puts(text, "\n");
	}
	for (int i = 0; i < options->kafka_count; i++)
		text_printf(text, "kafka.%s = %s\n", options->kafka[i].name,
					property_secret(options->kafka[i].name) ? MASK : options->kafka[i].value);
}

void
options_free(Options *options)
{
	for (int i = 0; i < option_row_count; i++)
		if (option_rows[i].kind == OPTION_TEXT)
			free(*(char **) ((char *) options + option_rows[i].offset));
	for (int i = 0; i < options->kafka_count; i++)
	{
		free(options->kafka[i].name);
		free(options->kafka[i].value);
	}
	free(options->kafka);
	free(options->config_file);
	command_line_free(options->command_line);
	*options = (Options) {0};
}
