/*
 * common/test/decode.c
 *     Both decoders over what a real server sent (fuzz/capture.sh): every event is what its table holds, byte for byte,
 *     and both plugins tell the same transactions.
 *
 * Broken by: a decoder that changes, drops or invents a byte; a partition that is not mapped to its table; LSNs, times
 * or xids that differ between the plugins; reading behind the end of a message that was cut (with SANITIZE=1).
 */
#include <stdlib.h>

#include "decode.h"
#include "tap.h"

#define CORPUS "../fuzz/corpus/"

typedef struct Message
{
	char	   *data;			/* in memory of exactly its size */
	size_t		len;
} Message;

typedef struct Stream
{
	const char *name;
	const DecoderClass *class;
	Message    *messages;
	size_t		count;
} Stream;

/* What a stream says, as lines that can be compared. */
typedef struct Story
{
	Text		events;			/* like the lines of the file "expected", in the order of commit */
	Text		transactions;	/* those with events: begin, sequences, commit */
	size_t		event_count;
	bool		rising;			/* each commit ends behind the one before */
} Story;

static Text
read_file(const char *name)
{
	Text		path = {0};
	Text		content = {0};
	char		buffer[65536];
	size_t		got;
	FILE	   *file;

	text_printf(&path, CORPUS "%s", name);
	file = fopen(path.data, "rb");
	if (file == NULL)
	{
		perror(path.data);
		exit(1);
	}
	while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0)
		text_add(&content, buffer, got);
	fclose(file);
	text_free(&path);
	return content;
}

static void
add_message(Stream *stream, const char *data, size_t len)
{
	stream->messages = must_realloc(stream->messages, (stream->count + 1) * sizeof(Message));
	stream->messages[stream->count].data = len > 0 ? memcpy(must_alloc(len), data, len) : must_alloc(0);
	stream->messages[stream->count++].len = len;
}

static Stream
read_stream(const DecoderClass *class, const char *name)
{
	Stream		stream = {.name = name, .class = class};
	Text		content = read_file(name);
	size_t		at = 0;

	while (at < content.len)
	{
		const unsigned char *head = (const unsigned char *) content.data + at;
		const char *newline = memchr(head, '\n', content.len - at);
		bool		lines = class == &decoder_wal2json;
		size_t		len = lines ? (size_t) (newline - (const char *) head)
			: ((size_t) head[0] << 24 | (size_t) head[1] << 16 | (size_t) head[2] << 8 | head[3]);

		add_message(&stream, (const char *) head + (lines ? 0 : 4), len);
		at += len + (lines ? 1 : 4);
	}
	text_free(&content);
	return stream;
}

static void
free_stream(Stream *stream)
{
	for (size_t i = 0; i < stream->count; i++)
		free(stream->messages[i].data);
	free(stream->messages);
}

static void
add_hex(Text *text, Span span)
{
	text_puts(text, " ");
	for (size_t i = 0; i < span.len; i++)
		text_printf(text, "%02x", (unsigned char) span.data[i]);
}

static void
tell_event(Story *story, const Decoded *decoded)
{
	text_printf(&story->events, "%s %lld", event_tables[decoded->table].table, (long long) decoded->sequence);
	add_hex(&story->events, decoded->key);
	add_hex(&story->events, decoded->type);
	text_printf(&story->events, " %.*s", (int) decoded->hash.len, decoded->hash.data);
	add_hex(&story->events, decoded->payload);
	text_puts(&story->events, "\n");
	story->event_count++;
}

/* All of a stream, which must be decoded without a problem. */
static Story
tell(const Stream *stream)
{
	Story		story = {.rising = true};
	Decoder    *decoder = stream->class->create();
	Text		open = {0};
	size_t		before = 0;
	Lsn			last = LSN_NONE;

	for (size_t i = 0; i < stream->count; i++)
	{
		Decoded		decoded;
		Problem		problem;

		if (!stream->class->decode(decoder, stream->messages[i].data, stream->messages[i].len, &decoded, &problem))
		{
			ok(false, "%s: message %zu: %s", stream->name, i, problem.text);
			continue;
		}
		if (decoded.kind == DECODED_BEGIN)
		{
			before = story.event_count;
			text_clear(&open);
			text_printf(&open, "xid %u at %llx, %lld us:", decoded.xid, (unsigned long long) decoded.commit_lsn, (long long) decoded.commit_time_us);
		}
		else if (decoded.kind == DECODED_EVENT)
		{
			tell_event(&story, &decoded);
			text_printf(&open, " %lld", (long long) decoded.sequence);
		}
		else if (decoded.kind == DECODED_COMMIT)
		{
			text_printf(&open, ", commit at %llx to %llx, %lld us\n", (unsigned long long) decoded.commit_lsn,
						(unsigned long long) decoded.end_lsn, (long long) decoded.commit_time_us);
			story.rising = story.rising && decoded.end_lsn > last && decoded.commit_lsn < decoded.end_lsn;
			last = decoded.end_lsn;
			if (story.event_count > before)
				text_add(&story.transactions, open.data, open.len);
		}
	}
	stream->class->destroy(decoder);
	text_free(&open);
	return story;
}

/* Its lines, sorted. */
static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static Text
sorted(const Text *text)
{
	Text		result = {0};
	Text		copy = {0};
	char	  **lines = NULL;
	size_t		count = 0;

	text_add(&copy, text->data, text->len);
	for (char *line = strtok(copy.data, "\n"); line != NULL; line = strtok(NULL, "\n"))
	{
		lines = must_realloc(lines, (count + 1) * sizeof(char *));
		lines[count++] = line;
	}
	if (count > 0)
		qsort(lines, count, sizeof(char *), compare_lines);
	for (size_t i = 0; i < count; i++)
		text_printf(&result, "%s\n", lines[i]);
	free(lines);
	text_free(&copy);
	return result;
}

static void
same_as_tables(const char *name, const Story *story, const Text *expected)
{
	Text		got = sorted(&story->events);

	is_bytes(got.data, got.len, expected->data, expected->len, "%s: the events are those of the tables, byte for byte", name);
	ok(story->rising, "%s: commits rise", name);
	text_free(&got);
}

/* What is nothing for us need not be read to its end: then its beginning is nothing too. */
static bool
may_be_cut(const Stream *stream, const Message *message, DecodedKind kind)
{
	if (stream->class == &decoder_wal2json)
		return message->len > 12 && memcmp(message->data, "{\"action\":\"M\"", 13) == 0;
	return kind == DECODED_NOTHING && message->data[0] != 'R';
}

static bool
cut_is_right(const Stream *stream, Decoder *decoder, const Message *message, size_t len, DecodedKind kind)
{
	char	   *part = must_alloc(len);
	Decoded		decoded;
	Problem		problem = {.remedy = REMEDY_NONE};
	bool		taken;

	memcpy(part, message->data, len);
	taken = stream->class->decode(decoder, part, len, &decoded, &problem);
	free(part);
	if (taken)
		return may_be_cut(stream, message, kind) && decoded.kind == DECODED_NOTHING;
	return problem.remedy == REMEDY_STOP && problem.text[0] != '\0';
}

/* Every beginning of every message; of long ones not every one in the middle. */
static void
check_cuts(const Stream *stream)
{
	Decoder    *decoder = stream->class->create();
	size_t		cuts = 0;
	size_t		wrong = 0;

	for (size_t i = 0; i < stream->count; i++)
	{
		const Message *message = &stream->messages[i];
		Decoded		decoded;
		Problem		problem;

		stream->class->decode(decoder, message->data, message->len, &decoded, &problem);
		for (size_t len = 0; len < message->len; len += len < 3000 || len + 300 > message->len ? 1 : 97)
		{
			cuts++;
			wrong += !cut_is_right(stream, decoder, message, len, decoded.kind);
		}
		if (!stream->class->decode(decoder, message->data, message->len, &decoded, &problem))
			ok(false, "%s: message %zu after its cuts: %s", stream->name, i, problem.text);
	}
	stream->class->destroy(decoder);
	ok(cuts > 5000, "%s: %zu cut messages", stream->name, cuts);
	is_int((long long) wrong, 0, "%s: none of them is taken for a whole one", stream->name);
}

/* A byte changed: whatever it means then, it is decoded or refused, and what is decoded lies in memory that is there. */
static void
check_damage(const Stream *stream)
{
	static const char bytes[] = {0x00, 0x01, 0x7F, (char) 0x80, (char) 0xFF, '"', '\\', '{', ']', 'u', 't'};
	size_t		refused = 0;
	unsigned	sum = 0;

	for (size_t i = 0; i < stream->count; i++)
	{
		Message    *message = &stream->messages[i];
		size_t		step = message->len > 2000 ? message->len / 500 : 1;

		for (size_t at = 0; at < message->len; at += step)
		{
			Decoder    *decoder = stream->class->create();
			char		was = message->data[at];
			Decoded		decoded;
			Problem		problem;

			/* The message before describes the relation, where there is one. */
			if (i > 0)
				stream->class->decode(decoder, message[-1].data, message[-1].len, &decoded, &problem);
			message->data[at] = bytes[(i + at) % sizeof(bytes)];
			if (!stream->class->decode(decoder, message->data, message->len, &decoded, &problem))
				refused++;
			else if (decoded.kind == DECODED_EVENT)
				for (size_t b = 0; b < decoded.payload.len; b++)
					sum += (unsigned char) decoded.payload.data[b];
			message->data[at] = was;
			stream->class->destroy(decoder);
		}
	}
	ok(refused > 100, "%s: damaged messages are decoded or refused (%zu refused, sum %u)", stream->name, refused, sum);
}

static void
check_streams(void)
{
	Stream		streams[] = {
		read_stream(&decoder_pgoutput, "pgoutput/root.stream"),
		read_stream(&decoder_pgoutput, "pgoutput/leaves.stream"),
		read_stream(&decoder_pgoutput, "pgoutput/everything.stream"),
		read_stream(&decoder_wal2json, "wal2json/events.lines"),
		read_stream(&decoder_wal2json, "wal2json/everything.lines"),
	};
	Story		stories[5];
	Text		file = read_file("expected");
	Text		expected = sorted(&file);

	for (int i = 0; i < 5; i++)
	{
		stories[i] = tell(&streams[i]);
		same_as_tables(streams[i].name, &stories[i], &expected);
		is_str(stories[i].transactions.data, stories[0].transactions.data, "%s: the same transactions", streams[i].name);
		check_cuts(&streams[i]);
		check_damage(&streams[i]);
	}
	ok(stories[0].event_count >= 26, "%zu events", stories[0].event_count);
	for (int i = 0; i < 5; i++)
	{
		text_free(&stories[i].events);
		text_free(&stories[i].transactions);
		free_stream(&streams[i]);
	}
	text_free(&file);
	text_free(&expected);
}

static int
table_of(const char *schema, const char *relation)
{
	return decode_table((Span) {schema, strlen(schema)}, (Span) {relation, strlen(relation)});
}

static void
check_tables(void)
{
	is_int(table_of("oms", "order_events"), 0, "a table");
	is_int(table_of("oms", "execution_events_2026_11"), 1, "its partition of a month");
	is_int(table_of("oms", "quote_request_events_2030_01"), 2, "a table that does not exist yet");
	is_int(table_of("oms", "configuration_events"), 4, "a table without partitions");
	is_int(table_of("oms", "quote_events_0001_12"), 3, "one whose name is like another's");
	is_int(table_of("public", "order_events"), -1, "of another schema");
	is_int(table_of("", ""), -1, "no name");
	is_int(table_of("oms", "order_event"), -1, "shorter");
	is_int(table_of("oms", "order_events_"), -1, "longer");
	is_int(table_of("oms", "order_events_2026_00"), -1, "no month");
	is_int(table_of("oms", "order_events_2026_13"), -1, "no month of ours");
	is_int(table_of("oms", "order_events_2026_1"), -1, "a month of one digit");
	is_int(table_of("oms", "order_events_2026_111"), -1, "a month of three digits");
	is_int(table_of("oms", "order_events_2026-11"), -1, "another separator");
	is_int(table_of("oms", "order_events_20x6_11"), -1, "a year with a letter");
	is_int(table_of("oms", "order_events_2026_11_old"), -1, "a renamed partition");
	is_int(table_of("oms", "ORDER_EVENTS"), -1, "capital letters");
	ok(decoder_class("pgoutput") == &decoder_pgoutput && decoder_class("wal2json") == &decoder_wal2json, "classes by name");
	ok(decoder_class("test_decoding") == NULL && decoder_class("") == NULL, "no class for other plugins");
}

static void
check_options(void)
{
	static const char *const none[] = {NULL};
	static const char *const others[] = {"orders", "odd, name.of *a\\table \"or\" 'two'", NULL};
	Text		text = {0};

	decoder_pgoutput.start_options(&text, "oms_events", others);
	is_str(text.data, "(\"proto_version\" '1', \"publication_names\" '\"oms_events\"')", "pgoutput's options");
	text_clear(&text);
	decoder_pgoutput.start_options(&text, "odd \"one\", it's", none);
	is_str(text.data, "(\"proto_version\" '1', \"publication_names\" '\"odd \"\"one\"\", it''s\"')", "an odd publication's name");
	text_clear(&text);
	decoder_wal2json.start_options(&text, "oms_events", none);
	ok(strstr(text.data, "filter-tables") == NULL && strstr(text.data, "\"add-tables\" 'oms.*')") != NULL, "wal2json's options: %s", text.data);
	text_clear(&text);
	decoder_wal2json.start_options(&text, "oms_events", others);
	ok(strstr(text.data, "\"filter-tables\" 'oms.orders,oms.odd\\,\\ name\\.of\\ \\*a\\\\table\\ \"or\"\\ ''two''')") != NULL,
	   "tables that are left out, with odd names: %s", strstr(text.data, "\"filter"));
	text_free(&text);
}

int
main(void)
{
	check_tables();
	check_options();
	check_streams();
	return done();
}
