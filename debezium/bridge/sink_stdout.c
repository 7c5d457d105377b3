/*
 * debezium/bridge/sink_stdout.c
 *     One JSON line for each event on standard output: for looking, for tests, for a pipe to something else.
 *
 * An event is acknowledged when all of its batch is written. Nothing is remembered: what was written is known to PostgreSQL's slot alone.
 */
#include "sink.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_MS 100

typedef struct StdoutSink
{
	Sink		sink;			/* first */
	char	   *prefix;			/* of topics */
	SinkEvents	events;
	StopCheck	stop;
	void	   *stop_arg;
	size_t		piece;			/* how much may be written at once without being held up */
	Text		lines;
} StdoutSink;

static void
add_line(StdoutSink *sink, const Event *event)
{
	Text	   *line = &sink->lines;
	Span		key = event_key(event);
	Span		type = event_type(event);
	Span		hash = event_hash(event);
	Span		payload = event_payload(event);

	text_printf(line, "{\"topic\":\"%s%s\",\"key\":", sink->prefix, event_tables[event->table].topic);
	text_json(line, key.data, key.len);
	text_printf(line, ",\"headers\":{\"id\":\"%lld\",\"eventType\":", (long long) event->sequence);
	text_json(line, type.data, type.len);
	text_puts(line, ",\"hash\":");
	text_json(line, hash.data, hash.len);
	text_puts(line, "},\"value\":");
	text_add(line, payload.data, payload.len);	/* JSON as it is */
	text_puts(line, "}\n");
}

static bool
write_failed(Problem *problem)
{
	return problem_set(problem, REMEDY_STOP, errno == EPIPE ? "whoever read our standard output is gone" : NULL,
					   "cannot write to standard output: %s", strerror(errno));
}

static bool
write_lines(StdoutSink *sink, Problem *problem)
{
	size_t		written = 0;

	while (written < sink->lines.len)
	{
		struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};
		size_t		left = sink->lines.len - written;
		ssize_t		count;

		if (sink->stop != NULL && sink->stop(sink->stop_arg))
			return problem_set(problem, REMEDY_RETRY, NULL, "gave up writing to standard output: asked to stop");
		if (poll(&ready, 1, WAIT_MS) == 0)
			continue;
		count = write(STDOUT_FILENO, sink->lines.data + written, left < sink->piece ? left : sink->piece);
		if (count < 0 && errno != EINTR && errno != EAGAIN)
			return write_failed(problem);
		written += count > 0 ? (size_t) count : 0;
	}
	return true;
}

static bool
stdout_publish(Sink *base, Event **events, size_t count, const Position *position, Problem *problem)
{
	StdoutSink *sink = (StdoutSink *) base;

	(void) position;
	text_clear(&sink->lines);
	for (size_t i = 0; i < count; i++)
		add_line(sink, events[i]);
	if (!write_lines(sink, problem))
		return false;
	for (size_t i = 0; i < count; i++)
		sink->events.acked(sink->events.arg, events[i]);
	return true;
}

static bool
stdout_record(Sink *base, const Position *position, Problem *problem)
{
	StdoutSink *sink = (StdoutSink *) base;

	(void) problem;
	sink->events.recorded(sink->events.arg, &position->place);
	return true;
}

static bool
stdout_poll(Sink *base, int timeout_ms, Problem *problem)
{
	(void) base;
	(void) problem;
	if (timeout_ms > 0)
		poll(NULL, 0, timeout_ms);
	return true;
}

static void
stdout_offsets(Sink *base, Offsets *copy)
{
	static const int none[EVENT_TABLES];
	Offsets		now;

	(void) base;
	offsets_init(&now, none);
	offsets_copy(copy, &now);
	offsets_free(&now);
}

static bool
stdout_position(Sink *base, Position *position, bool *found, Problem *problem)
{
	(void) base;
	(void) position;
	(void) problem;
	*found = false;
	return true;
}

static void
stdout_partitions(Sink *base, int counts[EVENT_TABLES])
{
	(void) base;
	memset(counts, 0, EVENT_TABLES * sizeof counts[0]);
}

static void
stdout_close(Sink *base, int timeout_ms)
{
	StdoutSink *sink = (StdoutSink *) base;

	(void) timeout_ms;
	text_free(&sink->lines);
	free(sink->prefix);
	free(sink);
}

Sink *
sink_stdout_open(const SinkContext *context, Problem *problem)
{
	StdoutSink *sink = must_alloc(sizeof *sink);
	struct stat status;

	(void) problem;
	memset(sink, 0, sizeof *sink);
	sink->prefix = must_strdup(context->options->topic_prefix);
	sink->events = context->events;
	sink->stop = context->stop;
	sink->stop_arg = context->stop_arg;
	/* A pipe that poll() calls writable takes PIPE_BUF bytes; more would wait for the reader, and no stop would be seen. */
	sink->piece = fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode) ? SSIZE_MAX : PIPE_BUF;
	sink->sink = (Sink) {
		.name = "stdout",
		.transactional = false,
		.keeps_position = false,
		.wake_fd = -1,
		.publish = stdout_publish,
		.record = stdout_record,
		.poll = stdout_poll,
		.offsets = stdout_offsets,
		.position = stdout_position,
		.partitions = stdout_partitions,
		.close = stdout_close
	};
	return &sink->sink;
}
