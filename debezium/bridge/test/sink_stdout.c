/*
 * debezium/bridge/test/sink_stdout.c
 *     Events as lines on standard output, into a pipe that is read, held up, or broken.
 *
 * Broken by: a line that is not what the event says; an acknowledgment before the batch is written, or none; a stop that is not
 * seen while the reader of the pipe does not read; a reader that is gone and is not told.
 */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "sink_kit.h"

static int	saved = -1;

/* Standard output becomes the pipe's end, and the TAP waits. */
static void
redirect(int to)
{
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	dup2(to, STDOUT_FILENO);
}

static void
restore(void)
{
	dup2(saved, STDOUT_FILENO);
	close(saved);
}

static void
test_lines(Sink *sink, Kit *kit)
{
	Event	   *events[2] = {kit_event(0, 7, "root \"7\"", "{\"a\": 1}"), kit_event(1, 8, "r", "[]")};
	char		text[1024] = "";
	int			pipes[2];
	Problem		problem = {0};
	bool		published;
	ssize_t		len;

	if (pipe(pipes) != 0)
		return;
	redirect(pipes[1]);
	published = sink->publish(sink, events, 2, NULL, &problem);
	restore();
	len = read(pipes[0], text, sizeof text - 1);
	ok(published && kit->acked == 2 && kit->last_acked == 8 && kit->in_order, "two events are written and acknowledged in order");
	text[len > 0 ? len : 0] = '\0';
	is_str(text,
		   "{\"topic\":\"order-events\",\"key\":\"root \\\"7\\\"\",\"headers\":{\"id\":\"7\",\"eventType\":\"OrderCreated\",\"hash\":\"00ff\"},\"value\":{\"a\": 1}}\n"
		   "{\"topic\":\"execution-events\",\"key\":\"r\",\"headers\":{\"id\":\"8\",\"eventType\":\"OrderCreated\",\"hash\":\"00ff\"},\"value\":[]}\n",
		   "a line is an object with the payload as it is");
	close(pipes[0]);
	close(pipes[1]);
	free(events[0]);
	free(events[1]);
}

static void
test_held_up(Sink *sink, Kit *kit)
{
	size_t		len = 1 << 20;	/* more than a pipe holds */
	char	   *payload = must_alloc(len + 1);
	Event	   *event;
	int			pipes[2];
	Problem		problem = {0};
	bool		published;
	uint64_t	acked = kit->acked;
	int64_t		began_us = ticks_us();

	memset(payload, '1', len);
	payload[len] = '\0';
	event = kit_event(0, 9, "r", payload);
	if (pipe(pipes) != 0)
		return;
	kit->stop_at_us = began_us + 300000;
	redirect(pipes[1]);
	published = sink->publish(sink, &event, 1, NULL, &problem);
	restore();
	ok(!published && problem.remedy == REMEDY_RETRY, "a stop is seen while nobody reads: %s", problem.text);
	ok(ticks_us() - began_us < 2000000, "and soon");
	is_int((long long) kit->acked, (long long) acked, "nothing half written is acknowledged");
	kit->stop_at_us = 0;
	close(pipes[0]);
	close(pipes[1]);
	free(event);
	free(payload);
}

static void
test_broken(Sink *sink, Kit *kit)
{
	Event	   *event = kit_event(0, 10, "r", "{}");
	int			pipes[2];
	Problem		problem = {0};
	bool		published;
	uint64_t	acked = kit->acked;

	if (pipe(pipes) != 0)
		return;
	close(pipes[0]);
	redirect(pipes[1]);
	published = sink->publish(sink, &event, 1, NULL, &problem);
	restore();
	ok(!published && problem.remedy == REMEDY_STOP, "a reader that is gone ends the bridge: %s", problem.text);
	is_int((long long) kit->acked, (long long) acked, "nothing is acknowledged then");
	close(pipes[1]);
	free(event);
}

int
main(void)
{
	Kit			kit;
	SinkContext context;
	Problem		problem = {0};
	Sink	   *sink;
	Position	position = {.place = {.end_lsn = 5}};
	bool		found = true;

	kit_init(&kit);
	signal(SIGPIPE, SIG_IGN);
	context = kit_context(&kit);
	sink = sink_stdout_open(&context, &problem);
	ok(!sink->transactional && !sink->keeps_position && sink->wake_fd == -1, "it promises nothing that it cannot keep");
	ok(sink->position(sink, &position, &found, &problem) && !found, "it knows no position");
	ok(sink->record(sink, &position, &problem) && kit.recorded == 1 && kit.place.end_lsn == 5, "a position is recorded at once");
	test_lines(sink, &kit);
	test_held_up(sink, &kit);
	test_broken(sink, &kit);
	sink->close(sink, 0);
	return done();
}
