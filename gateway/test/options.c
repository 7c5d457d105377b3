/*
 * gateway/test/options.c
 *     The settings of the gateway: what breaks if the man page or the example of a configuration lags behind the table, a metric is not in the
 *     man page, a default is none, or what does not fit together is taken. How settings are read at all is tested in common/.
 */
#include "tap.h"

#include <stdlib.h>

#include "figures.h"
#include "options.h"

static Options options;
static Problem problem;

static SettingsResult
load(const char *first, const char *second)
{
	char	   *argv[] = {"oms_gateway", (char *) first, (char *) second, NULL};

	settings_free(&options_table, &options.settings);
	problem = (Problem) {0};
	return settings_load(&options_table, first == NULL ? 1 : second == NULL ? 2 : 3, argv, &options.settings, &problem);
}

static void
refused(const char *first, const char *second, const char *text)
{
	SettingsResult result = load(first, second);

	ok(result == SETTINGS_WRONG && strstr(problem.text, text) != NULL && problem.hint[0] != '\0', "%s is refused: %s (%s)", first, problem.text, problem.hint);
}

static void
checks(void)
{
	ok(load(NULL, NULL) == SETTINGS_RUN && options.auth == AUTH_PASSWORD && options.body_max == SETTING_MB && options.idle_timeout_ms == 75000 &&
	   strcmp(options.admin_listen, "127.0.0.1:9465") == 0, "defaults");
	ok(load("--auth=proxy", "--listen=127.0.0.1:1,unix:/tmp/x") == SETTINGS_RUN, "a proxy on a Unix socket: %s", problem.text);
	ok(load("--auth=jwt", NULL) == SETTINGS_WRONG && strstr(problem.text, "jwt.audience") != NULL, "tokens want an audience: %s", problem.text);
	refused("--auth=proxy", NULL, "listen names no Unix socket");
	refused("--auth=certificate", NULL, "tls.clients is empty");
	refused("--tls.certificate=c", NULL, "belong together");
	refused("--batch.max=64kB", NULL, "batch.max is less than body.max");
	refused("--bodies.max=1MB", NULL, "bodies.max is less than batch.max");
	refused("--dsn=host=h replication=database", NULL, "dsn says replication");
	refused("--read.dsn=host h", NULL, "read.dsn is no connection string");
	refused("--read.dsn=host=h password=x", NULL, "a password in read.dsn");
	refused("--admin.listen=localhost", NULL, "admin.listen cannot be");
	ok(load("--admin.listen", "off") == SETTINGS_RUN, "no admin address");
}

static void
table(void)
{
	for (int i = 0; i < options_table.count; i++)
	{
		const SettingRow *row = &options_table.rows[i];
		Text		value = {0};

		text_puts(&value, "");
		ok(setting_set(&options.settings, row, row->value, &problem), "%s: its default is legal", row->name);
		setting_value(&options.settings, row, &value);
		is_str(value.data, row->value, "and is read back as it is written");
		text_free(&value);
	}
}

static char *
slurp(const char *path)
{
	static char text[200000];
	FILE	   *file = fopen(path, "r");
	size_t		len = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (file != NULL)
		fclose(file);
	text[len] = '\0';
	return text;
}

/* What the man page says of one setting: from its head to the next. */
static bool
says(const char *page, const SettingRow *row, const char *words)
{
	char		head[100];
	const char *start;
	const char *end;
	const char *found;

	snprintf(head, sizeof head, "\n.BR \\-\\-%s ", row->name);
	start = strstr(page, head);
	if (start == NULL)
		return false;
	end = strstr(start, "\n.TP");
	found = strstr(start, words);
	return found != NULL && (end == NULL || found < end);
}

static void
documented(void)
{
	char	   *page = slurp("../oms_gateway.1");
	Text		names = {0};
	int			described = 0;

	for (const char *at = page; (at = strstr(at, "\n.BR \\-\\-")) != NULL; at++)
		described++;
	is_int(described, options_table.count + 1, "the man page has as many settings as there are, and --check");
	for (int i = 0; i < options_table.count; i++)
	{
		const SettingRow *row = &options_table.rows[i];
		char		value[200];

		snprintf(value, sizeof value, "Default: %s.", row->value[0] != '\0' ? row->value : "empty");
		ok(says(page, row, value), "the man page has %s with its default", row->name);
		is_int(says(page, row, "Reloadable."), row->reloadable, "and whether a reload changes it");
	}
	figures_names(&names);
	for (char *rest = NULL, *name = strtok_r(names.data, "\n", &rest); name != NULL; name = strtok_r(NULL, "\n", &rest))
		ok(strstr(page, name) != NULL, "the man page has %s", name);
	text_free(&names);
	page = slurp("../oms_gateway.conf.example");
	for (int i = 0; i < options_table.count; i++)
	{
		char		line[200];

		snprintf(line, sizeof line, "\n#%s =%s%s\n", options_table.rows[i].name, options_table.rows[i].value[0] != '\0' ? " " : "", options_table.rows[i].value);
		ok(strstr(page, line) != NULL, "the example has %s with its default", options_table.rows[i].name);
	}
}

int
main(void)
{
	checks();
	table();
	documented();
	settings_free(&options_table, &options.settings);
	return done();
}
