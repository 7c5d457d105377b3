/*
 * common/test/tap.h
 *     What the unit tests say: one line a check, in TAP.
 *
 * A test program is main() with checks in it and "return done();" as its end: that prints the plan, so that a program
 * that stopped half way is seen. Names are printf formats. One thread only.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int	tap_count;
static int	tap_failures;

static inline bool
tap_say(bool passed, const char *format, va_list args)
{
	tap_count++;
	if (!passed)
		tap_failures++;
	printf("%sok %d - ", passed ? "" : "not ", tap_count);
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	return passed;
}

/* Each returns whether it passed, for checks that make sense only then. */
__attribute__((format(printf, 2, 3))) static inline bool
ok(bool passed, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	tap_say(passed, format, args);
	va_end(args);
	return passed;
}

__attribute__((format(printf, 3, 4))) static inline bool
is_int(long long got, long long expected, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	tap_say(got == expected, format, args);
	va_end(args);
	if (got != expected)
		printf("#   got %lld\n#   expected %lld\n", got, expected);
	return got == expected;
}

/* NULL is equal to NULL only. */
__attribute__((format(printf, 3, 4))) static inline bool
is_str(const char *got, const char *expected, const char *format,...)
{
	va_list		args;
	bool		same = got == expected || (got != NULL && expected != NULL && strcmp(got, expected) == 0);

	va_start(args, format);
	tap_say(same, format, args);
	va_end(args);
	if (!same)
		printf("#   got %s\n#   expected %s\n", got != NULL ? got : "(null)", expected != NULL ? expected : "(null)");
	return same;
}

/* Bytes that need not end with a zero. */
__attribute__((format(printf, 5, 6))) static inline bool
is_bytes(const char *got, size_t got_len, const char *expected, size_t expected_len, const char *format,...)
{
	va_list		args;
	bool		same = got_len == expected_len && (got_len == 0 || memcmp(got, expected, got_len) == 0);

	va_start(args, format);
	tap_say(same, format, args);
	va_end(args);
	if (!same)
		printf("#   got %zu bytes: %.*s\n#   expected %zu bytes: %.*s\n", got_len, got_len > 300 ? 300 : (int) got_len, got,
			   expected_len, expected_len > 300 ? 300 : (int) expected_len, expected);
	return same;
}

/* The plan; returns main()'s value. */
static inline int
done(void)
{
	printf("1..%d\n", tap_count);
	if (tap_failures > 0)
		printf("# %d of %d failed\n", tap_failures, tap_count);
	return tap_failures > 0 || tap_count == 0;
}

#endif
