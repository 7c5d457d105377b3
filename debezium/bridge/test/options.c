/*
 * debezium/bridge/test/options.c
 *     Settings: what breaks if a wrong value is taken, a secret comes through on the command line or out in a listing, the
 *     command line loses against the file, a reload changes what it must not, or the man page lags behind the table.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options.h"

static char directory[PATH_MAX];
static char config[sizeof(directory) + 16];
static char extra[sizeof(directory) + 16];
static Options options;
static Problem problem;

#define BROKER "-Xbootstrap.servers=localhost:9092"

static void
write_file(const char *path, mode_t mode, const char *text)
{
	FILE	   *file = fopen(path, "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0 || chmod(path, mode) != 0)
	{
		perror(path);
		exit(1);
	}
}

/* Arguments up to NULL. */
static SettingsResult
load(const char *first,...)
{
	char	   *argv[20] = {"oms_bridge"};
	int			argc = 1;
	va_list		args;

	va_start(args, first);
	for (const char *argument = first; argument != NULL && argc < 19; argument = va_arg(args, const char *))
		argv[argc++] = (char *) argument;
	va_end(args);
	settings_free(&options_table, &options.settings);
	problem = (Problem) {0};
	return settings_load(&options_table, argc, argv, &options.settings, &problem);
}

/* What goes to standard error meanwhile. */
static char *
logged(void (*run) (void))
{
	static char text[4096];
	FILE	   *file = fdopen(memfd_create("log", MFD_CLOEXEC), "w+");
	int			before = dup(STDERR_FILENO);
	size_t		len;

	dup2(fileno(file), STDERR_FILENO);
	run();
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

static bool
shows(const char *needle)
{
	Text		text = {0};
	bool		found;

	settings_show(&options_table, &options.settings, &text);
	found = strstr(text.data, needle) != NULL;
	text_free(&text);
	return found;
}

static void
refused(const char *argument, const char *text, const char *hint)
{
	SettingsResult result = load(BROKER, argument, NULL);

	ok(result == SETTINGS_WRONG && strstr(problem.text, text) != NULL && strstr(problem.hint, hint) != NULL, "%s is refused: %s (%s)", argument,
	   problem.text, problem.hint);
}

static void
defaults(void)
{
	ok(load(BROKER, NULL) == SETTINGS_RUN, "a broker is all that must be said: %s", problem.text);
	is_str(options.slot, "oms_cdc", "slot");
	is_str(options.publication, "oms_events", "publication");
	is_str(options.position_topic, "oms.cdc.position.oms", "the position topic is made of the pipeline");
	is_int(options.mode, MODE_EXACTLY_ONCE, "exactly_once");
	is_int(options.batch_max_rows, 5000, "batch.max.rows");
	is_int(options.batch_max_bytes, 4194304, "batch.max.bytes");
	is_int(options.ring_max_bytes, 67108864, "ring.max.bytes");
	is_int(options.transaction_timeout_ms, 15000, "transaction.timeout.ms");
	is_int(options.scan_timeout_ms, 60000, "scan.timeout.ms");
	ok(options.reconcile && strcmp(options.start, "all") == 0 && !options.bootstrap, "decisions: reconcile, all, no bootstrap");
	ok(load("--topic.prefix", "eu.", "--pipeline=p-1", BROKER, NULL) == SETTINGS_RUN, "a prefix");
	is_str(options.position_topic, "eu.oms.cdc.position.p-1", "prefix and pipeline in the position topic");
	is_str(options.dlq_topic, "eu.oms.cdc.dead-letters", "prefix in the dead-letter topic");
	ok(load("--sink", "stdout", NULL) == SETTINGS_RUN, "standard output needs no broker");
	ok(load(NULL) == SETTINGS_WRONG && strstr(problem.hint, "bootstrap.servers") != NULL, "Kafka needs one");
}

static void
values(void)
{
	load(BROKER, "--batch.max.bytes", "512 kB", "--idle.record.ms=2s", "--scan-timeout-ms", "5min", "--bootstrap", "--accept-divergence=yes",
		 "--start", "now", "--reconcile", "never", "--plugin", "PGOUTPUT", NULL);
	is_int(options.batch_max_bytes, 524288, "512 kB");
	is_int(options.idle_record_ms, 2000, "2s");
	is_int(options.scan_timeout_ms, 300000, "5min, and dashes for dots in the name");
	ok(options.bootstrap && options.accept_divergence, "a flag alone is on, and yes is on");
	ok(options_start(&options) == -1 && !options.reconcile, "start=now, reconcile=never");
	is_int(options.plugin, PLUGIN_PGOUTPUT, "case does not matter");
	load(BROKER, "--bootstrap=off", "--slot", "a", "--slot", "b", NULL);
	ok(!options.bootstrap, "a flag can be off");
	is_str(options.slot, "b", "the last one of the command line counts");

	refused("--batch.max.rows=0", "batch.max.rows cannot be \"0\"", "from 1 to 1000000");
	refused("--batch.max.rows=10k", "cannot be", "whole number");
	refused("--batch.max.rows=-5", "cannot be", "whole number");
	refused("--batch.max.rows=99999999999999999999", "cannot be", "whole number");
	refused("--ring.max.bytes=9999999999GB", "cannot be", "64GB");
	refused("--idle.record.ms=1.5s", "cannot be", "ms, s or min");
	refused("--idle.record.ms=", "cannot be", "ms, s or min");
	refused("--mode=exactly-once", "mode cannot be", "exactly_once or low_latency");
	refused("--bootstrap=maybe", "bootstrap cannot be", "off or on");
}

static void
names(void)
{
	refused("--batch.max.row=1", "no option \"--batch.max.row\"", "--help lists");
		refused("--bootstrap.servers=x", "no option", "-X");
	refused("stray", "an argument is no option", "--help");
	refused("--pipeline=a b", "pipeline cannot be", "letters");
	refused("--pipeline=aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffg", "longer than 60", "");
	refused("--slot=Oms", "slot cannot be", "lower-case");
	refused("--slot=", "slot cannot be", "lower-case");
	refused("--topic.prefix=a/", "topic name", "letters");
	refused("--position.topic=order-events", "is for events", "their own");
	refused("--dlq.topic=oms.cdc.position.oms", "are both", "its own");
	refused("--gate.standbys=a,,b", "empty name", "comma");
	refused("--gate.standbys=a,", "empty name", "comma");
	refused("--http.listen=:9464", "does not say on which address", "0.0.0.0:9464");
	refused("--http.listen=127.0.0.1:70000", "cannot be", "off");
	refused("--http.listen=example.org:80", "cannot be", "off");
	ok(load(BROKER, "--http.listen=[::1]:0", "--gate.standbys", "s1, s2", NULL) == SETTINGS_RUN, "an IPv6 address, two standbys");
	ok(load("--sink=stdout", "--on.error=dlq", NULL) == SETTINGS_WRONG, "no dead letters on standard output");
	ok(load(BROKER, "--slot", NULL) == SETTINGS_WRONG && strstr(problem.text, "slot needs a value") != NULL, "a value is missing");
}

static void
secrets(void)
{
	static const char *const hidden[] = {"sasl.password", "ssl.key.password", "ssl.keystore.password", "sasl.oauthbearer.config",
	"sasl.oauthbearer.client.secret", "ssl.key.pem", "SASL.Password"};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
	{
		char		argument[100];

		snprintf(argument, sizeof(argument), "-X%s=hunter2", hidden[i]);
		ok(load(BROKER, argument, NULL) == SETTINGS_WRONG && strstr(problem.text, "is a secret") != NULL &&
		   strstr(problem.text, "hunter2") == NULL, "-X %s is refused and not quoted", hidden[i]);
		snprintf(argument, sizeof(argument), "--kafka.%s=hunter2", hidden[i]);
		ok(load(BROKER, argument, NULL) == SETTINGS_WRONG && strstr(problem.text, "is a secret") != NULL, "--kafka.%s too", hidden[i]);
	}
	ok(load(BROKER, "-X", "ssl.key.location=/k", "-X", "sasl.username=u", NULL) == SETTINGS_RUN, "a path and a user are no secrets");
	refused("--postgres.dsn=host=h password=hunter2", "is a secret", "file");
	refused("--postgres.dsn=postgresql://u:hunter2@h/d", "is a secret", "file");
	refused("--postgres.dsn=host=h sslpassword=hunter2", "is a secret", "file");
	refused("--postgres.dsn=host=h replication=database", "says replication", "take replication= out");
	load(BROKER, "--postgres.dsn=host=h password=hun ter2", NULL);
	ok(strstr(problem.text, "no connection string") != NULL && strstr(problem.text, "ter2") == NULL, "what libpq cannot read is not quoted");

	write_file(config, 0600, "postgres.dsn = postgresql://u:hunter2@h/d\nkafka.bootstrap.servers=b\nkafka.sasl.password = p=a#s \"s'\n");
	ok(load("--config", config, NULL) == SETTINGS_RUN, "the file may hold them: %s", problem.text);
	is_str(options.settings.properties[1].value, "p=a#s \"s'", "a password is taken as it stands");
	ok(!shows("hunter2") && !shows("p=a#s"), "no secret is shown");
	ok(shows("user='u' password='********'") && shows("kafka.sasl.password = ********") && shows("kafka.bootstrap.servers = b"),
	   "but that there is one");
}

static void
owned(void)
{
	ok(load(BROKER, "-Xacks=1", NULL) == SETTINGS_WRONG && strstr(problem.text, "belongs to the bridge") != NULL, "what belongs to the bridge: %s", problem.hint);
	write_file(config, 0600, "# a comment\n\n  kafka.bootstrap.servers = b\nkafka.acks = 1\n");
	load("--config", config, NULL);
	ok(strstr(problem.text, "bridge.conf line 4: ") != NULL, "in the file too, with its line: %s", problem.text);
	ok(load("-X", "linger.ms=5", "-X", "linger.ms=7", BROKER, "--kafka.client.id", "c", NULL) == SETTINGS_RUN && options.settings.property_count == 3,
	   "a property given twice stands once");
	is_str(options.settings.properties[0].value, "7", "with its last value");
}

static void
bad_file(const char *text, const char *expected)
{
	write_file(config, 0600, text);
	ok(load("--config", config, BROKER, NULL) == SETTINGS_WRONG && strstr(problem.text, expected) != NULL, "%s", problem.text);
}

static void
files(void)
{
	write_file(config, 0600, "slot = of_file\npublication = p\r\ninclude = more.conf\nkafka.linger.ms = 1\nkafka.bootstrap.servers = f\n");
	write_file(extra, 0600, "pipeline = included\nslot=later\n");
	ok(load("--publication", "of_line", "-c", config, "-X", "linger.ms=2", NULL) == SETTINGS_RUN, "a file and what it includes: %s", problem.text);
	is_str(options.publication, "of_line", "the command line wins");
	is_str(options.slot, "later", "the last one of the files counts");
	is_str(options.pipeline, "included", "the included file is read");
	is_str(options.settings.properties[0].value, "2", "the command line wins for properties");

	bad_file("slots = x\n", "line 1: there is no setting \"slots\"");
	bad_file("\nkafka.sasl.password hunter2\n", "line 2: there is no \"=\" in the line");
	/* of a device, and of one long line, no more is read than a line may have; editors of some systems begin a file with a mark */
	bad_file("include = /dev/zero\n", "/dev/zero line 1: this is no configuration file");
	bad_file("include = /dev/urandom\n", "/dev/urandom line ");
	write_file(config, 0600, "\xEF\xBB\xBFslot = marked\nkafka.bootstrap.servers = b\n");
	ok(load("--config", config, NULL) == SETTINGS_RUN, "a byte order mark: %s", problem.text);
	is_str(options.slot, "marked", "and the line behind it");
	bad_file("include = nowhere.conf\n", "nowhere.conf: No such file");
	bad_file("include = bridge.conf\n", "include each other");
	bad_file("kafka.ssl.key.location = ${CREDENTIALS_DIRECTORY}/k\n", "CREDENTIALS_DIRECTORY is not set");
	bad_file("slot\n", "no \"=\"");
	write_file(extra, 0600, "mode = fast\n");
	bad_file("include = more.conf\n", "more.conf line 1: mode cannot be \"fast\"");
	ok(strstr(problem.text, "bridge.conf") == NULL, "the place is the included file's");
	ok(load("--config", "/nonexistent", NULL) == SETTINGS_WRONG, "%s", problem.text);
	ok(load("--config", directory, NULL) == SETTINGS_WRONG && strstr(problem.text, "directory") != NULL, "a directory is no file");
	ok(load("--config", config, "--config", config, NULL) == SETTINGS_WRONG, "one --config");

	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	write_file(config, 0600, "include = ${CREDENTIALS_DIRECTORY}/more.conf\nkafka.bootstrap.servers = b\n");
	write_file(extra, 0644, "kafka.ssl.key.location = ${CREDENTIALS_DIRECTORY}/key\nkafka.ssl.key.password = x\n");
	load("--config", config, NULL);
	ok(options.settings.property_count == 3 && strstr(options.settings.properties[0].value, "/key") != NULL && options.settings.properties[0].value[0] == '/', "credentials of systemd");
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void
load_config(void)
{
	load("--config", config, NULL);
}

static void
rights(void)
{
	write_file(config, 0644, "kafka.bootstrap.servers = b\nkafka.sasl.password = hunter2\n");
	ok(strstr(logged(load_config), "chmod 600") != NULL, "others can read a secret: a warning");
	write_file(config, 0640, "postgres.dsn = password=hunter2\nkafka.bootstrap.servers = b\n");
	ok(strstr(logged(load_config), "mode 0640") != NULL, "the group can: a warning");
	write_file(config, 0600, "kafka.bootstrap.servers = b\nkafka.sasl.password = hunter2\n");
	is_str(logged(load_config), "", "nobody else can: nothing");
	write_file(config, 0644, "kafka.bootstrap.servers = b\n");
	is_str(logged(load_config), "", "no secret: nothing");
}

static void
load_former(void)
{
	load("--config", config, "--txn-min-interval-ms", "5", NULL);
}

/* Who upgrades keeps his file. */
static void
former(void)
{
	const char *said;

	write_file(config, 0600, "kafka.bootstrap.servers = b\nring.max.rows = 10\nbatch.max.rows = 11\n");
	said = logged(load_former);
	ok(strstr(said, "bridge.conf line 2: there is no setting ring.max.rows any more: ring.max.bytes") != NULL, "a setting that there was: %s", said);
	ok(strstr(said, "there is no option --txn.min.interval.ms any more: ") != NULL, "on the command line too");
	is_int(options.batch_max_rows, 11, "what stands beside it counts");
	ok(load("--ring.max.rows", NULL) == SETTINGS_WRONG, "it takes its value with it");
}

static void
reload(void)
{
	Text		later = {0};

	write_file(config, 0600, "kafka.bootstrap.servers = b\nslot = one\nlog.level = error\nbatch.max.rows = 10\n");
	load("--config", config, "--idle.record.ms=5s", NULL);
	write_file(config, 0600, "kafka.bootstrap.servers = b\nslot = two\nlog.level = debug\nbatch.max.rows = 20\nidle.record.ms = 9s\n"
			   "kafka.sasl.password = new\n");
	ok(settings_reload(&options_table, &options.settings, &later, &problem), "a reload: %s", problem.text);
	is_int(options.batch_max_rows, 20, "batch.max.rows acts at once");
	is_int(options.settings.log_level, LOG_DEBUG_LEVEL, "log.level acts at once");
	is_int(options.idle_record_ms, 5000, "the command line still wins");
	is_str(options.slot, "one", "the slot stays");
	is_int(options.settings.property_count, 1, "properties stay");
	is_str(later.data, "slot\nkafka.*\n", "what waits for a start is named, without values");
	write_file(config, 0600, "batch.max.rows = 30\nslot = Wrong\n");
	ok(!settings_reload(&options_table, &options.settings, &later, &problem), "a wrong file: %s", problem.text);
	is_int(options.batch_max_rows, 20, "changes nothing");
	text_free(&later);
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

/* "batch.max.rows" as the man page writes it behind ".B": dashes would be escaped, dots need not be. */
static void
documented(void)
{
	char	   *page = slurp("../oms_bridge.1");
	int			described = 0;

	for (const char *at = page; (at = strstr(at, "\n.BR \\-\\-")) != NULL; at++)
		described++;
	for (int i = 0; i < options_table.count; i++)
	{
		const SettingRow *row = &options_table.rows[i];
		char		head[100];
		char		value[100];
		char	   *start;
		char	   *end;
		char	   *found;

		snprintf(head, sizeof(head), "\n.BR \\-\\-%s ", row->name);
		snprintf(value, sizeof(value), "Default: %s.", row->value);
		start = strstr(page, head);
		if (!ok(start != NULL, "the man page has %s", row->name))
			continue;
		end = strstr(start, "\n.TP");
		found = strstr(start, row->value[0] != '\0' ? value : "Default: empty");
		ok(found != NULL && (end == NULL || found < end), "with its default %s", row->value);
		found = strstr(start, "Reloadable.");
		is_int(found != NULL && (end == NULL || found < end), row->reloadable, "and whether a reload changes it");
	}
	is_int(described, options_table.count + 1, "the man page has no others (but --check)");
	page = slurp("../oms_bridge.conf.example");
	for (int i = 0; i < options_table.count; i++)
	{
		char		line[100];

		snprintf(line, sizeof(line), "\n#%s =%s%s\n", options_table.rows[i].name, options_table.rows[i].value[0] != '\0' ? " " : "", options_table.rows[i].value);
		ok(strstr(page, line) != NULL, "the example has %s with its default", options_table.rows[i].name);
	}
}

/* Every default is one that its own row takes, and comes out as it went in. */
static void
table(void)
{
	Options		scratch = {0};
	Text		help = {0};

	settings_help(&options_table, &help);
	for (int i = 0; i < options_table.count; i++)
	{
		Text		value = {0};

		ok(setting_set(&scratch.settings, &options_table.rows[i], options_table.rows[i].value, &problem), "%s: its default is legal", options_table.rows[i].name);
		text_puts(&value, "");
		setting_value(&scratch.settings, &options_table.rows[i], &value);
		ok(setting_set(&scratch.settings, &options_table.rows[i], value.data, &problem), "and is read back as %s", value.data);
		ok(strstr(help.data, options_table.rows[i].name) != NULL, "--help has it");
		text_free(&value);
	}
	settings_free(&options_table, &scratch.settings);
	text_free(&help);
}

int
main(void)
{
	unsetenv("CREDENTIALS_DIRECTORY");
	snprintf(directory, sizeof(directory), "%s/oms_options_XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(config, sizeof(config), "%s/bridge.conf", directory);
	snprintf(extra, sizeof(extra), "%s/more.conf", directory);
	defaults();
	values();
	names();
	secrets();
	owned();
	files();
	rights();
	former();
	reload();
	table();
	documented();
	settings_free(&options_table, &options.settings);
	unlink(config);
	unlink(extra);
	rmdir(directory);
	return done();
}
