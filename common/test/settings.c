/*
 * common/test/settings.c
 *     Settings of any program: what breaks if a secret comes out in a listing or in on the command line, a program without properties
 *     takes -X, the file wins over the command line, or a reload changes what it must not. The bridge's own test has the rest.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dsn.h"
#include "settings.h"

typedef struct Mine
{
	Settings	settings;
	char	   *name;
	char	   *token;
	char	   *dsn;
	int64_t		rows;
	int64_t		bytes;
	bool		loud;
	int			way;
} Mine;

static const char *const ways[] = {"left", "right", NULL};

static const SettingRow rows[] = {
	{.name = "my.name", SETTING_OF_TEXT(Mine, name, 10), .value = "me", .group = "Me", .help = "who"},
	{.name = "my.token", SETTING_OF_SECRET(Mine, token, 40), .value = "", .help = "nobody sees it"},
	{.name = "my.dsn", SETTING_OF_DSN(Mine, dsn), .value = "", .help = "where"},
	{.name = "max.rows", SETTING_OF_NUMBER(Mine, rows, 1, 100), .value = "5", .reloadable = true, .help = "how many"},
	{.name = "max.bytes", SETTING_OF_BYTES(Mine, bytes, 1, SETTING_GB), .value = "4MB", .help = "how large"},
	{.name = "loud", SETTING_OF_FLAG(Mine, loud), .help = "louder"},
	{.name = "way", SETTING_OF_CHOICE(Mine, way, ways), .value = "left", .help = "which"},
	{.name = "log.level", SETTING_OF_CHOICE(Mine, settings.log_level, setting_log_levels), .value = "info", .reloadable = true, .help = "level"},
	{.name = "log.format", SETTING_OF_CHOICE(Mine, settings.log_format, setting_log_formats), .value = "plain", .help = "format"},
};

static void
add_version(Text *text)
{
	text_puts(text, "mine 1\n");
}

static bool
check(Settings *settings, Problem *problem)
{
	const Mine *mine = (const Mine *) settings;

	return mine->rows != 13 || problem_set(problem, REMEDY_STOP, "another number", "max.rows is 13");
}

static const SettingTable table = {
	.program = "mine",
	.help_head = "mine does nothing.\n",
	.help_tail = "\nThat is all.\n",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.size = sizeof(Mine),
	.version = add_version,
	.check = check,
};

static char config[PATH_MAX];
static Mine mine;
static Problem problem;

static void
write_config(const char *text)
{
	FILE	   *file = fopen(config, "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0 || chmod(config, 0600) != 0)
		exit(1);
}

/* With one argument, or two, or none. */
static SettingsResult
load(const char *first, const char *second)
{
	char	   *argv[] = {"mine", (char *) first, (char *) second, NULL};

	settings_free(&table, &mine.settings);
	problem = (Problem) {0};
	return settings_load(&table, first == NULL ? 1 : second == NULL ? 2 : 3, argv, &mine.settings, &problem);
}

static void
refused(const char *argument, const char *text, const char *hint)
{
	SettingsResult result = load(argument, NULL);

	ok(result == SETTINGS_WRONG && strstr(problem.text, text) != NULL && strstr(problem.hint, hint) != NULL, "%s is refused: %s (%s)", argument,
	   problem.text, problem.hint);
	ok(strstr(problem.text, "hunter2") == NULL && strstr(problem.hint, "hunter2") == NULL, "and no secret is quoted");
}

static void
values(void)
{
	Text		text = {0};

	ok(load(NULL, NULL) == SETTINGS_RUN && strcmp(mine.name, "me") == 0 && mine.rows == 5 && mine.bytes == 4 * SETTING_MB && !mine.loud &&
	   mine.way == 0 && mine.settings.log_level == LOG_INFO_LEVEL, "defaults");
	ok(load("--max-rows=7", "--loud") == SETTINGS_RUN && mine.rows == 7 && mine.loud, "a number, a flag");
	refused("--max.rows=0", "max.rows cannot be \"0\"", "from 1 to 100");
	refused("--max.rows=13", "max.rows is 13", "another");
	refused("--my.name=elevenbytes", "longer than 10", "");
	refused("--way=up", "way cannot be", "left or right");
	refused("--name=x", "there is no option \"--name\"", "mine --help lists the options");
	refused("-Xa=b", "an argument is no option", "mine --help");
	refused("--my.token=hunter2", "my.token on the command line is a secret", "only the user of mine");
	refused("--my.dsn=host=h password=hunter2", "a password in my.dsn on the command line", "--config");
	settings_help(&table, &text);
	ok(strncmp(text.data, "mine does", 9) == 0 && strstr(text.data, "\nMe\n  --my.name TEXT\n        who (default me)\n") != NULL &&
	   strstr(text.data, "  --max.rows N *\n") != NULL && strstr(text.data, "  --way left|right\n") != NULL &&
	   strcmp(text.data + text.len - 13, "That is all.\n") == 0, "--help");
	text_free(&text);
}

static void
file(void)
{
	Text		text = {0};
	Text		later = {0};

	write_config("my.token = hunter2\nmy.dsn = host=h password=hunter3\nmax.rows = 9\nway = right\n");
	ok(load("--config", config) == SETTINGS_RUN, "a file: %s", problem.text);
	is_str(mine.token, "hunter2", "with a secret");
	settings_show(&table, &mine.settings, &text);
	ok(strstr(text.data, "hunter") == NULL && strstr(text.data, "my.token = ********\n") != NULL &&
	   strstr(text.data, "password='********'") != NULL && strstr(text.data, "host='h'") != NULL, "that is shown to nobody");
	ok(strstr(text.data, "max.rows = 9\nmax.bytes = 4MB\nloud = off\nway = right\n") != NULL, "all others are");
	write_config("my.token = hunter4\nmax.rows = 10\nlog.level = error\n");
	ok(settings_reload(&table, &mine.settings, &later, &problem), "a reload: %s", problem.text);
	ok(mine.rows == 10 && mine.settings.log_level == LOG_ERROR_LEVEL && mine.way == 1, "changes what it may");
	is_str(later.data, "my.token\nmy.dsn\nway\n", "and names the others, without values");
	write_config("max.rows = 13\n");
	ok(!settings_reload(&table, &mine.settings, &later, &problem) && mine.rows == 10, "a wrong one changes nothing: %s", problem.text);
	write_config("kafka.linger.ms = 1\n");
	ok(load("--config", config) == SETTINGS_WRONG && strstr(problem.text, "line 1: there is no setting \"kafka.linger.ms\"") != NULL &&
	   strcmp(problem.hint, "mine --help lists them") == 0, "no properties here: %s (%s)", problem.text, problem.hint);
	text_free(&text);
	text_free(&later);
}

static void
dsns(void)
{
	ok(dsn_secret("host=h sslpassword=x") && !dsn_secret("host=h user=u") && !dsn_secret("host=h pass word"), "which hold a password");
	ok(dsn_says("postgresql://h/d?replication=database", "replication") && !dsn_says("host=h", "replication"), "which say something");
	ok(dsn_check("a.dsn", "", &problem) && !dsn_check("a.dsn", "host=h password=hun ter2", &problem), "which are none");
	ok(strstr(problem.text, "a.dsn is no connection string") != NULL && strstr(problem.text, "ter2") == NULL, "%s", problem.text);
}

int
main(void)
{
	snprintf(config, sizeof(config), "%s/oms_settings_XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	close(mkstemp(config));
	values();
	file();
	dsns();
	settings_free(&table, &mine.settings);
	unlink(config);
	return done();
}
