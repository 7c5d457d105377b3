/*
 * debezium/bridge/test/metrics.c
 *     Figures: what breaks if the text is not Prometheus' format, a histogram does not add up, a label is not escaped, a gauge
 *     that nobody knows reads 0, health says well while nothing moves, the HTTP port answers what it should not, or the
 *     dashboard and the man page name a series that is not there.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "figures.h"
#include "health.h"
#include "log.h"

static Text text;				/* of rendered() */

static char *
rendered(void)
{
	text_clear(&text);
	metrics_render(&text);
	return text.data;
}

static bool
has_line(const char *line)
{
	const char *at = rendered();
	size_t		len = strlen(line);

	while (at != NULL && *at != '\0')
	{
		if (strncmp(at, line, len) == 0 && at[len] == '\n')
			return true;
		at = strchr(at, '\n');
		at += at != NULL;
	}
	return false;
}

static void
figures(void)
{
	ok(strstr(rendered(), "oms_bridge_lag_bytes") == NULL, "a gauge that was never set is left out");
	ok(has_line("oms_bridge_events_total{table=\"quote_events\"} 0"), "a counter is there from the start");
	metric_add_table(METRIC_EVENTS, 1, 5);
	metric_add_table(METRIC_EVENTS, 1, 2);
	metric_add_table(METRIC_EVENTS, 0, 1);
	ok(has_line("oms_bridge_events_total{table=\"execution_events\"} 7"), "a counter by table");
	is_int(metric_get(METRIC_EVENTS), 8, "its sum");
	metric_add(METRIC_RESTARTS, 3);
	ok(has_line("oms_bridge_restarts_total 3"), "a counter");
	metric_set(METRIC_LAG_SECONDS, 1234);
	ok(has_line("oms_bridge_lag_seconds 1.234"), "milliseconds are shown as seconds");
	metric_set(METRIC_LAG_SECONDS, 7);
	ok(has_line("oms_bridge_lag_seconds 0.007"), "with all their zeros");
	metric_set(METRIC_SLOT_SAFE_BYTES, -1);
	ok(has_line("oms_bridge_slot_safe_bytes -1"), "no limit");
	metric_set(METRIC_RECEIVED_LSN, INT64_C(0x16B374D848));
	ok(has_line("oms_bridge_received_lsn 97500059720"), "a log position");
	metrics_identify("exactly_once", "pgoutput", "a\"b\\c\nd", "oms_cdc");
	ok(strstr(rendered(), "pipeline=\"a\\\"b\\\\c\\nd\",slot=\"oms_cdc\"} 1\n") != NULL, "labels are escaped");
}

static void
lifecycle(void)
{
	const Figure given[] = {{"alerts", "not_expired", 2}, {"job_age_seconds", "expire", 40}, {"job_age_seconds", "purge", 7}, {"alerts", "a\"b", 1}, {"of tomorrow", "x", 1}};
	Figure		many[FIGURES_MAX + 1];

	ok(strstr(rendered(), "oms_bridge_lifecycle_alerts") == NULL, "what the store has not said is left out");
	figures_set(given, 5);
	ok(has_line("oms_bridge_lifecycle_job_age_seconds{job=\"expire\"} 40") && has_line("oms_bridge_lifecycle_job_age_seconds{job=\"purge\"} 7"), "ages by job");
	ok(has_line("oms_bridge_lifecycle_alerts{alert=\"not_expired\"} 2"), "alerts by kind");
	ok(strstr(rendered(), "a\"b") == NULL && strstr(rendered(), "tomorrow") == NULL, "what is none of ours is left out");
	sleep(1);
	ok(!has_line("oms_bridge_lifecycle_job_age_seconds{job=\"expire\"} 40"), "an age grows without an answer");
	ok(has_line("oms_bridge_lifecycle_alerts{alert=\"not_expired\"} 2"), "and a number does not");
	for (int i = 0; i <= FIGURES_MAX; i++)
		many[i] = (Figure) {"alerts", i == FIGURES_MAX ? "last" : "x", i};
	figures_set(many, FIGURES_MAX + 1);
	ok(strstr(rendered(), "last") == NULL, "no more than there is room for");
	figures_set(NULL, 0);
	ok(strstr(rendered(), "oms_bridge_lifecycle_alerts") == NULL, "what nobody knows any more is left out");
	figures_set(given, 3);
}

static void
histogram(void)
{
	histogram_observe(HISTOGRAM_COMMIT_TO_ACK, 500);
	histogram_observe(HISTOGRAM_COMMIT_TO_ACK, 501);
	histogram_observe(HISTOGRAM_COMMIT_TO_ACK, INT64_C(7200000000));
	histogram_observe(HISTOGRAM_COMMIT_TO_ACK, -100);
	ok(has_line("oms_bridge_commit_to_ack_seconds_bucket{le=\"0.0005\"} 2"), "a bound belongs to its bucket, below zero counts as zero");
	ok(has_line("oms_bridge_commit_to_ack_seconds_bucket{le=\"0.001\"} 3"), "buckets add up");
	ok(has_line("oms_bridge_commit_to_ack_seconds_bucket{le=\"1800\"} 3"), "up to the last bound");
	ok(has_line("oms_bridge_commit_to_ack_seconds_bucket{le=\"+Inf\"} 4"), "all");
	ok(has_line("oms_bridge_commit_to_ack_seconds_count 4"), "count");
	ok(has_line("oms_bridge_commit_to_ack_seconds_sum 7200.001001"), "sum in seconds");
	histogram_observe(HISTOGRAM_BATCH_ROWS, 0);
	histogram_observe(HISTOGRAM_BATCH_ROWS, 200);
	ok(has_line("oms_bridge_batch_events_bucket{le=\"0\"} 1") && has_line("oms_bridge_batch_events_sum 200"), "a histogram of counts");
}

/* HELP and TYPE once and before the samples of each name; a sample is name{labels} number. */
static void
format(void)
{
	char	   *copy = strdup(rendered());
	char	   *save = NULL;
	char		current[100] = "";
	int			wrong = 0;
	int			lines = 0;

	for (char *line = strtok_r(copy, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
	{
		char		name[100];
		char		type[20];
		char	   *value = strrchr(line, ' ');
		char	   *end;

		lines++;
		if (sscanf(line, "# HELP %99s", name) == 1)
		{
			wrong += strlen(line) < strlen("# HELP ") + strlen(name) + 5;
			snprintf(current, sizeof(current), "%s", name);
		}
		else if (sscanf(line, "# TYPE %99s %19s", name, type) == 2)
		{
			bool		total = strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0;

			wrong += strcmp(name, current) != 0 || total != (strcmp(type, "counter") == 0);
		}
		else
		{
			wrong += strncmp(line, current, strlen(current)) != 0;
			strtod(value + 1, &end);
			wrong += *end != '\0' || end == value + 1;
		}
	}
	free(copy);
	ok(lines > 100, "%d lines", lines);
	is_int(wrong, 0, "each is in Prometheus' text format");
}

static bool
health(const char *expected)
{
	Text		text = {0};
	bool		well = health_render(&text);
	json_t	   *json = json_loads(text.data, 0, NULL);
	const char *status = json_string_value(json_object_get(json, "status"));

	ok(json != NULL && status != NULL && strcmp(status, expected) == 0 && json_is_true(json_object_get(json, "healthy")) == well &&
	   json_is_string(json_object_get(json, "since")), "%.*s", (int) text.len - 1, text.data);
	json_decref(json);
	text_free(&text);
	return well;
}

static void
healths(void)
{
	ok(health("starting"), "starting is well");
	health_set(HEALTH_WAITING, "Kafka \"b:9092\" is away");
	ok(!health("waiting"), "waiting is not");
	health_set(HEALTH_STANDBY, NULL);
	ok(health("standby"), "standing by is");
	health_set(HEALTH_STREAMING, NULL);
	metric_set(METRIC_LAG_BYTES, 100);
	ok(health("streaming"), "streaming is, right after its start");
	ok(has_line("oms_bridge_healthy 1") && has_line("oms_bridge_status{status=\"streaming\"} 1") && has_line("oms_bridge_status{status=\"standby\"} 0"),
	   "as metrics too");
	health_age(59);
	ok(health("streaming"), "59 s without progress are");
	health_age(2);
	ok(!health("streaming"), "61 s are not");
	health_progress();
	ok(health("streaming"), "progress is");
	metric_set(METRIC_LAG_BYTES, 0);
	health_age(1000);
	ok(health("streaming"), "no lag is, however long");
	health_set(HEALTH_STOPPED, NULL);
	ok(!health("stopped"), "stopped is not");
	health_set(HEALTH_RECONCILING, NULL);
	ok(health("reconciling"), "reconciling is");
}

static int	port;

/* Sends the bytes, closes its half where asked to, returns the answer. */
static const char *
ask(const char *request, size_t len)
{
	static char answer[200000];
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval limit = {.tv_sec = 5};
	int			fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t		got = 0;
	ssize_t		n;

	answer[0] = '\0';
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *) &address, sizeof(address)) != 0)
		return "no connection";
	for (size_t sent = 0; sent < len; sent += (size_t) n)
		if ((n = send(fd, request + sent, len - sent, MSG_NOSIGNAL)) <= 0)
			break;
	shutdown(fd, SHUT_WR);
	while (got < sizeof(answer) - 1 && (n = recv(fd, answer + got, sizeof(answer) - 1 - got, 0)) > 0)
		got += (size_t) n;
	answer[got] = '\0';
	close(fd);
	return answer;
}

static bool
answers(const char *request, const char *expected)
{
	return strstr(ask(request, strlen(request)), expected) != NULL;
}

#define CLOSE " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void
garbage(void)
{
	char		bytes[4096];
	static char large[100000];

	srand(7);
	for (int i = 0; i < 200; i++)
	{
		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] = (char) rand();
		ask(bytes, (size_t) rand() % sizeof(bytes));
	}
	memset(large, 'a', sizeof(large));
	memcpy(large, "GET /", 5);
	ask(large, sizeof(large));
	ask("", 0);
	ask("GET /metr", 9);
	answers("POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx", "");
	ok(answers("GET /metrics" CLOSE, "oms_bridge_events_total{"), "garbage, half and endless requests do no harm");
}

/* Clients that never come to an end, as many as the server takes, and more. */
static void
slow_clients(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t) port)};
	int			fds[40];
	int64_t		began_us = ticks_us();

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
	{
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fds[i], (struct sockaddr *) &address, sizeof(address)) != 0 || send(fds[i], "G", 1, MSG_NOSIGNAL) < 0)
			ok(false, "a slow client connects");
	}
	ok(answers("GET /metrics" CLOSE, "oms_bridge_events_total{"), "among slow clients there is an answer");
	ok(ticks_us() - began_us < 5000000, "and soon");
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
}

/* The port that monitor_start(&metrics_monitor, ) logged. */
static int
start(void)
{
	char		line[500] = "";
	char	   *number;
	FILE	   *file = fdopen(memfd_create("log", MFD_CLOEXEC), "w+");
	int			before = dup(STDERR_FILENO);
	Problem		problem = {0};
	bool		good;

	dup2(fileno(file), STDERR_FILENO);
	good = monitor_start(&metrics_monitor, "127.0.0.1:0", &problem);
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(file);
	number = fgets(line, sizeof(line), file) != NULL ? strstr(line, "on port ") : NULL;
	fclose(file);
	ok(good && number != NULL, "it listens: %s%s", line, problem.text);
	return number != NULL ? atoi(number + 8) : 0;
}

static void
served(void)
{
	char		taken[30];
	Problem		problem = {0};

	port = start();
	ok(answers("GET /metrics" CLOSE, "HTTP/1.1 200 "), "/metrics");
	ok(answers("GET /metrics?x=1" CLOSE, "text/plain; version=0.0.4; charset=utf-8"), "its content type");
	health_set(HEALTH_STANDBY, NULL);
	ok(answers("GET /healthz" CLOSE, "HTTP/1.1 200 "), "/healthz when well");
	health_set(HEALTH_WAITING, NULL);
	ok(answers("GET /healthz" CLOSE, "HTTP/1.1 503 "), "/healthz when not");
	ok(answers("HEAD /metrics" CLOSE, "HTTP/1.1 200 ") && strstr(ask("HEAD /metrics" CLOSE, strlen("HEAD /metrics" CLOSE)), "# HELP") == NULL,
	   "HEAD has no body");
	ok(answers("GET /" CLOSE, "HTTP/1.1 404 "), "another path");
	ok(answers("GET /metrics/../../etc/passwd" CLOSE, "HTTP/1.1 404 "), "a path with dots");
	ok(answers("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", "HTTP/1.1 405 "), "another method");
	ok(answers("DELETE /healthz" CLOSE, "Allow: GET, HEAD"), "and which are allowed");
	garbage();
	slow_clients();
	snprintf(taken, sizeof(taken), "127.0.0.1:%d", port);
	ok(!monitor_check("http.listen", "", &problem) && !monitor_check("http.listen", "9464", &problem), "an address that is none");
	monitor_stop();
	ok(monitor_start(&metrics_monitor, "off", &problem), "off starts nothing, and that is well");
	monitor_stop();
	is_str(ask("GET /metrics" CLOSE, 10), "no connection", "stopped");
}

static void
port_taken(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t	len = sizeof(address);
	int			fd = socket(AF_INET, SOCK_STREAM, 0);
	char		listen_on[30];
	Problem		problem = {0};

	if (bind(fd, (struct sockaddr *) &address, len) != 0 || listen(fd, 1) != 0 || getsockname(fd, (struct sockaddr *) &address, &len) != 0)
		exit(1);
	snprintf(listen_on, sizeof(listen_on), "127.0.0.1:%d", ntohs(address.sin_port));
	ok(!monitor_start(&metrics_monitor, listen_on, &problem) && strstr(problem.hint, "http.listen") != NULL, "a port in use: %s (%s)", problem.text, problem.hint);
	close(fd);
}

#define THREADS 4
#define ROUNDS 100000

static void *
count(void *arg)
{
	(void) arg;
	for (int i = 0; i < ROUNDS; i++)
	{
		metric_add(METRIC_FENCED, 1);
		histogram_observe(HISTOGRAM_KAFKA_COMMIT, 1000);
		if (i % 10000 == 0)
		{
			Text		text = {0};

			metrics_render(&text);
			text_free(&text);
		}
	}
	return NULL;
}

static void
threads(void)
{
	pthread_t	ids[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&ids[i], NULL, count, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	is_int(metric_get(METRIC_FENCED), THREADS * ROUNDS, "no count is lost between threads");
	ok(has_line("oms_bridge_kafka_commit_seconds_sum 400.000000"), "nor in a histogram");
}

/* Every word of the text that looks like a series of ours must be one; returns how many there were. */
static int
check_names(const char *text, const char *prefix, const Text *names, const char *where)
{
	int			found = 0;

	for (const char *at = text; (at = strstr(at, prefix)) != NULL;)
	{
		char		line[120];
		size_t		len = strspn(at, "abcdefghijklmnopqrstuvwxyz_");

		snprintf(line, sizeof(line), "%.*s\n", (int) len, at);
		if (strstr(names->data, line) == NULL)
			ok(false, "%s: there is no %.*s", where, (int) len, at);
		found++;
		at += len;
	}
	return found;
}

/* All strings under the key, anywhere. */
static void
collect(json_t *json, const char *wanted, Text *text)
{
	const char *key;
	json_t	   *value;
	size_t		i;

	json_array_foreach(json, i, value)
		collect(value, wanted, text);
	json_object_foreach(json, key, value)
	{
		if (strcmp(key, wanted) == 0 && json_is_string(value))
			text_printf(text, "%s\n", json_string_value(value));
		collect(value, wanted, text);
	}
}

static void
dashboard(const Text *names)
{
	json_error_t error;
	json_t	   *json = json_load_file("../../grafana-dashboard.json", JSON_REJECT_DUPLICATES, &error);
	Text		expressions = {0};
	int			used;

	if (!ok(json != NULL, "the dashboard is JSON: %s", json == NULL ? error.text : "yes"))
		return;
	collect(json, "expr", &expressions);
	collect(json, "query", &expressions);
	used = check_names(expressions.data, "oms_bridge_", names, "dashboard");
	check_names(expressions.data, "process_", names, "dashboard");
	ok(used >= 25, "the dashboard uses %d series, and each is there", used);
	text_free(&expressions);
	json_decref(json);
}

static void
man_page(const Text *names)
{
	static char page[200000];
	FILE	   *file = fopen("../oms_bridge.1", "r");
	size_t		len = file != NULL ? fread(page, 1, sizeof(page) - 1, file) : 0;
	char	   *copy = strdup(names->data);
	char	   *save = NULL;

	if (file != NULL)
		fclose(file);
	page[len] = '\0';
	check_names(page, "oms_bridge_", names, "man page");
	for (char *name = strtok_r(copy, "\n", &save); name != NULL; name = strtok_r(NULL, "\n", &save))
	{
		if (strstr(name, "_seconds_sum") == NULL && strstr(name, "_seconds_count") == NULL && strstr(name, "_events_sum") == NULL &&
			strstr(name, "_events_count") == NULL)
			ok(strstr(page, name) != NULL, "the man page has %s", name);
	}
	free(copy);
}

int
main(void)
{
	Text		names = {0};

	log_configure(LOG_INFO_LEVEL, LOG_PLAIN);
	metrics_names(&names);
	figures();
	lifecycle();
	histogram();
	healths();
	format();
	threads();
	served();
	port_taken();
	dashboard(&names);
	man_page(&names);
	text_free(&names);
	text_free(&text);
	return done();
}
