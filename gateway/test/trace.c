/*
 * gateway/test/trace.c
 *     What names a request: what breaks if an id comes through that a log or a header cannot hold, or a trace that is none.
 */
#include "tap.h"

#include "bytes.h"
#include "trace.h"

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

int
main(void)
{
	static const char *const good[] = {"a", "b8e7-1", "00-a_b.c:d", "0123456789012345678901234567890123456789012345678901234567890123"};
	static const char *const bad[] = {"", "a b", "a\"b", "a\nb", "\xc3\xa4", "a/b", "01234567890123456789012345678901234567890123456789012345678901234"};
	static const char *const parents[] = {PARENT, "00-00000000000000000000000000000001-0000000000000001-00", "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"};
	static const char *const none[] = {"", "00", PARENT "0", PARENT "-x", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g"};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		ok(trace_id(span_of(good[i])), "%s is an id", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(!trace_id(span_of(bad[i])), "number %zu is none", i);
	ok(!trace_id((Span) {"a\0b", 3}), "nor is one with a zero");
	for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++)
		ok(trace_parent(span_of(parents[i])), "%s is a parent", parents[i]);
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		ok(!trace_parent(span_of(none[i])), "%s is none", none[i]);
	return done();
}
