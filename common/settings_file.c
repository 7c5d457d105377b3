/*
 * common/settings_file.c
 *     The configuration file: one "name = value" a line, "#" begins a comment line, "include = FILE" reads another file there.
 *
 * A value is everything behind the "=" but the blanks around it: no quoting, no comment behind it, so that any password
 * can stand there as it is. What does not parse is never quoted in a message: it may be a secret on the wrong line.
 */
#include "settings_inside.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INCLUDE_DEPTH_MAX 4
#define LINE_MAX_LEN 65536
#define LINES_MAX 10000
#define CREDENTIALS "${CREDENTIALS_DIRECTORY}"

typedef struct ConfigFile
{
	const char *path;
	FILE	   *stream;
	int			line;
	int			depth;			/* of includes */
	bool		secret;			/* it holds one */
	const SettingTable *table;
	Settings   *settings;
	Text	   *warnings;
} ConfigFile;

static bool read_file(ConfigFile *file, Problem *problem);

static char *
trim(char *text)
{
	size_t		len;

	while (isspace((unsigned char) *text))
		text++;
	len = strlen(text);
	while (len > 0 && isspace((unsigned char) text[len - 1]))
		text[--len] = '\0';
	return text;
}

/* systemd tells by this variable where it put the credentials of the unit. */
static bool
expand(const char *value, Text *expanded, Problem *problem)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	const char *found;

	text_puts(expanded, "");
	while ((found = strstr(value, CREDENTIALS)) != NULL)
	{
		if (directory == NULL)
			return problem_set(problem, REMEDY_STOP, "systemd sets it for a unit with LoadCredential=; else write the path itself",
							   "CREDENTIALS_DIRECTORY is not set");
		text_add(expanded, value, (size_t) (found - value));
		text_puts(expanded, directory);
		value = found + strlen(CREDENTIALS);
	}
	text_puts(expanded, value);
	return true;
}

/* A path in an include starts where the including file is. */
static bool
include(const ConfigFile *file, const char *target, Problem *problem)
{
	const char *slash = strrchr(file->path, '/');
	Text		path = {0};
	ConfigFile	included;
	bool		good;

	if (target[0] != '/' && slash != NULL)
		text_add(&path, file->path, (size_t) (slash - file->path) + 1);
	text_puts(&path, target);
	included = (ConfigFile) {.path = path.data, .depth = file->depth + 1, .table = file->table, .settings = file->settings, .warnings = file->warnings};
	good = read_file(&included, problem);
	text_free(&path);
	return good;
}

static bool
set(ConfigFile *file, const char *name, const char *value, Problem *problem)
{
	const PropertyRules *properties = file->table->properties;
	size_t		prefix = properties != NULL ? strlen(properties->prefix) : 0;
	const SettingRow *row;
	const FormerSetting *former;
	char		hint[200];

	if (strcmp(name, "include") == 0)
		return include(file, value, problem);
	if (prefix > 0 && strncmp(name, properties->prefix, prefix) == 0)
	{
		file->secret = file->secret || properties->secret(name + prefix);
		return property_set(properties, file->settings, name + prefix, value, problem);
	}
	row = setting_find(file->table, name);
	former = row == NULL ? setting_former(file->table, name) : NULL;
	if (former != NULL)
	{
		text_printf(file->warnings, "%s line %d: there is no setting %s any more: %s\n", file->path, file->line, former->name, former->instead);
		return true;
	}
	if (row == NULL)
	{
		snprintf(hint, sizeof hint, "%s --help lists them", file->table->program);
		if (prefix > 0)
			snprintf(hint, sizeof hint, "%s --help lists them; a %s property is written %sNAME", file->table->program, properties->library, properties->prefix);
		return problem_set(problem, REMEDY_STOP, hint, "there is no setting \"%.60s\"", name);
	}
	file->secret = file->secret || setting_secret(row, value);
	return setting_set(file->settings, row, value, problem);
}

/*
 * The next line, "" at the end of the file. Read byte by byte, so that what is no text is refused before it is held in memory.
 */
static bool
next_line(ConfigFile *file, Text *line, Problem *problem)
{
	int			c;

	text_clear(line);
	text_puts(line, "");
	file->line++;
	while ((c = getc(file->stream)) != EOF)
	{
		char		byte = (char) c;

		if (c == '\0' || line->len == LINE_MAX_LEN || file->line > LINES_MAX)
			return problem_set(problem, REMEDY_STOP, NULL, "this is no configuration file (a zero byte, a line above 64 kB or more than %d lines)", LINES_MAX);
		text_add(line, &byte, 1);
		if (c == '\n')
			break;
	}
	return !ferror(file->stream) || problem_set(problem, REMEDY_STOP, NULL, "cannot read: %s", strerror(errno));
}

/* Changes the line. */
static bool
read_line(ConfigFile *file, char *line, Problem *problem)
{
	char	   *name = trim(line);
	char	   *equals = strchr(name, '=');
	Text		value = {0};
	bool		good;

	if (name[0] == '\0' || name[0] == '#')
		return true;
	if (equals == NULL)
		return problem_set(problem, REMEDY_STOP, "write \"name = value\"; \"#\" begins a comment line", "there is no \"=\" in the line");
	*equals = '\0';
	name = trim(name);
	good = expand(trim(equals + 1), &value, problem) && set(file, name, value.data, problem);
	text_free(&value);
	return good;
}

static bool
read_lines(ConfigFile *file, Problem *problem)
{
	Text		line = {0};
	bool		good;

	while ((good = next_line(file, &line, problem)) && line.len > 0)
	{
		/* some editors begin a file of UTF-8 with its mark */
		size_t		mark = file->line == 1 && strncmp(line.data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

		if (!(good = read_line(file, line.data + mark, problem)))
			break;
	}
	text_free(&line);
	return good;
}

/*
 * Who else can read the secret? The group of a file that belongs to somebody else may be how we can read it ourselves;
 * systemd's credentials carry an access list, which looks like a group's right.
 */
static void
check_rights(const ConfigFile *file, const struct stat *status)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	mode_t		others = status->st_uid == geteuid() ? S_IRWXG | S_IRWXO : S_IRWXO;

	if (!file->secret || !S_ISREG(status->st_mode) || (status->st_mode & others & ~(mode_t) (S_IXGRP | S_IXOTH)) == 0)
		return;
	if (credentials != NULL && strncmp(file->path, credentials, strlen(credentials)) == 0)
		return;
	text_printf(file->warnings, "%s holds a secret and others can read or change it (mode %04o): chmod 600 %s\n", file->path,
				(unsigned) (status->st_mode & 07777), file->path);
}

static bool
read_stream(ConfigFile *file, Problem *problem)
{
	struct stat status;

	if (fstat(fileno(file->stream), &status) != 0)
		return problem_set(problem, REMEDY_STOP, NULL, "cannot read %s: %s", file->path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return problem_set(problem, REMEDY_STOP, "name a file", "cannot read %s: it is a directory", file->path);
	if (!read_lines(file, problem))
	{
		/* An included file has said its own place already. */
		if (strstr(problem->text, "configuration file ") != problem->text)
			problem_set(problem, problem->remedy, problem->hint, "configuration file %s line %d: %s", file->path, file->line, problem->text);
		return false;
	}
	check_rights(file, &status);
	return true;
}

static bool
read_file(ConfigFile *file, Problem *problem)
{
	char		hint[100];
	bool		good;

	if (file->depth > INCLUDE_DEPTH_MAX)
		return problem_set(problem, REMEDY_STOP, "does a file include itself?", "more than %d files include each other", INCLUDE_DEPTH_MAX);
	file->stream = fopen(file->path, "re");
	if (file->stream == NULL)
	{
		snprintf(hint, sizeof hint, "the user that runs %s must be able to read it", file->table->program);
		return problem_set(problem, REMEDY_STOP, errno == EACCES ? hint : NULL, "cannot open %s: %s", file->path, strerror(errno));
	}
	good = read_stream(file, problem);
	fclose(file->stream);
	return good;
}

bool
settings_file_read(const SettingTable *table, const char *path, Settings *settings, Text *warnings, Problem *problem)
{
	ConfigFile	file = {.path = path, .table = table, .settings = settings, .warnings = warnings};

	return read_file(&file, problem);
}
