/*
 * common/test/monitor.c
 *     The port of whoever watches: what breaks if a page that says no is told as well, a page that is none is answered, an address that says
 *     nothing is taken, or figures are not what Prometheus reads. The bridge's own test has slow and broken clients.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "monitor.h"
#include "prometheus.h"

/* Nobody else's: what other programs on this machine open and close does not disturb. */
#define OWN_ADDRESS "127.77.7.7"

static bool well = true;

static bool
render_well(Text *text)
{
	text_puts(text, well ? "yes\n" : "no\n");
	return well;
}

static bool
render_figures(Text *text)
{
	static const HistogramRow row = {.name = "seconds", .scale = 1000, .help = "A \\ B", .bounds = 2, .bound = {5, 100}};
	static HistogramValues values;
	Text		labels = {0};

	histogram_note(&row, &values, 5);
	histogram_note(&row, &values, 6);
	histogram_note(&row, &values, -1);
	histogram_note(&row, &values, 1000);
	histogram_render(text, "mine_seconds", &row, &values);
	prometheus_label(&labels, "a", "x\"y\\z\n");
	prometheus_label(&labels, "b", "");
	text_printf(text, "mine{%s} ", labels.data);
	prometheus_scaled(text, -1234, 1000);
	text_puts(text, "\n");
	text_free(&labels);
	return true;
}

static const MonitorPage pages[] = {
	{"/metrics", MONITOR_METRICS_TYPE, render_figures},
	{"/well", "text/plain", render_well},
	{"/again", "text/plain", render_well},
	{0}
};
static const Monitor monitor = {.of = "test", .setting = "test.listen", .pages = pages};

/* A port that nobody has, now. */
static unsigned
free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(OWN_ADDRESS)};
	socklen_t	len = sizeof address;
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *) &address, sizeof address) != 0 || getsockname(fd, (struct sockaddr *) &address, &len) != 0)
		exit(1);
	close(fd);
	return ntohs(address.sin_port);
}

/* The whole answer, "" where there is none. */
static const char *
ask(unsigned port, const char *request)
{
	static char answer[10000];
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port), .sin_addr.s_addr = inet_addr(OWN_ADDRESS)};
	int			fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t		len = 0;
	ssize_t		n;

	if (connect(fd, (struct sockaddr *) &address, sizeof address) == 0 && write(fd, request, strlen(request)) == (ssize_t) strlen(request))
		while (len < sizeof answer - 1 && (n = read(fd, answer + len, sizeof answer - 1 - len)) > 0)
			len += (size_t) n;
	answer[len] = '\0';
	close(fd);
	return answer;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void
says(unsigned port, const char *request, const char *status, const char *text)
{
	const char *answer = ask(port, request);

	ok(strncmp(answer, status, strlen(status)) == 0 && strstr(answer, text) != NULL, "%.*s: %s", (int) strcspn(request, "\r"), request, status);
}

static void
refused(const char *address, const char *text)
{
	Problem		problem = {0};

	ok(!monitor_check("test.listen", address, &problem) && strstr(problem.text, text) != NULL && problem.hint[0] != '\0', "\"%s\": %s", address, problem.text);
}

int
main(void)
{
	Problem		problem = {0};
	unsigned	port = free_port();
	char		address[40];

	log_configure(LOG_ERROR_LEVEL, LOG_PLAIN);
	ok(monitor_check("test.listen", "off", &problem) && monitor_check("test.listen", "[::1]:0", &problem) && monitor_check("test.listen", "0.0.0.0:1", &problem),
	   "addresses, and none");
	refused("", "test.listen cannot be");
	refused(":9000", "test.listen \":9000\" does not say on which address");
	refused("127.0.0.1:65536", "cannot be");
	refused("example.org:80", "cannot be");
	ok(monitor_start(&monitor, "off", &problem), "off starts nothing");

	snprintf(address, sizeof address, OWN_ADDRESS ":%u", port);
	if (!ok(monitor_start(&monitor, address, &problem), "it listens: %s", problem.text))
		return done();
	says(port, GET("/well"), "HTTP/1.1 200 ", "\r\n\r\nyes\n");
	well = false;
	says(port, GET("/well"), "HTTP/1.1 503 ", "\r\n\r\nno\n");
	says(port, GET("/nothing"), "HTTP/1.1 404 ", "here are /metrics, /well and /again\n");
	says(port, "DELETE /well HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 405 ", "Allow: GET, HEAD");
	says(port, GET("/metrics"), "HTTP/1.1 200 ",
		 "# HELP mine_seconds A \\\\ B\n# TYPE mine_seconds histogram\nmine_seconds_bucket{le=\"0.005\"} 2\nmine_seconds_bucket{le=\"0.1\"} 3\n"
		 "mine_seconds_bucket{le=\"+Inf\"} 4\nmine_seconds_sum 1.011\nmine_seconds_count 4\nmine{a=\"x\\\"y\\\\z\\n\",b=\"\"} -1.234\n");
	ok(!monitor_start(&monitor, address, &problem) && strstr(problem.hint, "another test") != NULL && strstr(problem.hint, "test.listen") != NULL,
	   "twice: %s (%s)", problem.text, problem.hint);
	monitor_stop();
	is_str(ask(port, GET("/well")), "", "stopped");
	return done();
}
