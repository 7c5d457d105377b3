/*
 * common/base.c
 *     What every part of our programs speaks of: log positions, bytes, what went wrong, memory, time.
 *
 * Keeps no state; every function may be called from any thread. Ends the program in one case only: no memory.
 */
#define _GNU_SOURCE

#include "base.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* From any thread, so nothing that the others hold is waited for: no exit handlers. */
static void
out_of_memory(size_t size)
{
	fprintf(stderr, "%s: out of memory: %zu bytes asked for\n", program_invocation_short_name, size);
	_exit(EXIT_BROKEN);
}

void *
must_alloc(size_t size)
{
	void	   *memory = malloc(size > 0 ? size : 1);

	if (memory == NULL)
		out_of_memory(size);
	return memory;
}

void *
must_realloc(void *old, size_t size)
{
	void	   *memory = realloc(old, size > 0 ? size : 1);

	if (memory == NULL)
		out_of_memory(size);
	return memory;
}

char *
must_strdup(const char *text)
{
	size_t		size = strlen(text) + 1;

	return memcpy(must_alloc(size), text, size);
}

const char *
lsn_text(Lsn lsn, char buffer[LSN_TEXT_SIZE])
{
	snprintf(buffer, LSN_TEXT_SIZE, "%X/%X", (unsigned) (lsn >> 32), (unsigned) lsn);
	return buffer;
}

/* One to eight hexadecimal digits; *text moves behind them. */
static bool
hex_half(const char **text, uint32_t *value)
{
	const char *digits = "0123456789abcdefABCDEF";
	size_t		len = strspn(*text, digits);

	if (len < 1 || len > 8)
		return false;
	*value = (uint32_t) strtoul(*text, NULL, 16);
	*text += len;
	return true;
}

bool
lsn_parse(const char *text, Lsn *lsn)
{
	uint32_t	high;
	uint32_t	low;

	if (!hex_half(&text, &high) || *text++ != '/' || !hex_half(&text, &low) || *text != '\0')
		return false;
	*lsn = ((Lsn) high << 32) | low;
	return true;
}

/* What was cut off must not leave half a UTF-8 character behind: logs and health are JSON. */
static void
end_at_character(char *text, size_t size, int wanted)
{
	size_t		len = size - 1;

	if (wanted < 0 || (size_t) wanted < size)
		return;
	for (int i = 0; i < 3 && ((unsigned char) text[len - 1] & 0xC0) == 0x80; i++)
		len--;
	if (((unsigned char) text[len - 1] & 0xC0) == 0xC0)
		len--;
	text[len] = '\0';
}

bool
problem_set(Problem *problem, Remedy remedy, const char *hint, const char *format,...)
{
	/* The arguments may be the problem's own text and hint, told on with more words. */
	Problem		made = {.remedy = remedy};
	va_list		args;

	va_start(args, format);
	end_at_character(made.text, sizeof(made.text), vsnprintf(made.text, sizeof(made.text), format, args));
	va_end(args);
	if (hint != NULL)
		end_at_character(made.hint, sizeof(made.hint), snprintf(made.hint, sizeof(made.hint), "%s", hint));
	*problem = made;
	return false;
}

static int64_t
clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
wall_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

int64_t
ticks_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}
