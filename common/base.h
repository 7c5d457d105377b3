/*
 * common/base.h
 *     What every part of our programs speaks of: log positions, bytes, what went wrong, memory, time.
 *
 * The bottom layer: includes nothing of ours.
 */
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A position in PostgreSQL's log. 0 is no position. */
typedef uint64_t Lsn;

#define LSN_NONE ((Lsn) 0)
#define LSN_TEXT_SIZE 18

/* Writes "16/B374D848" into buffer and returns it. */
extern const char *lsn_text(Lsn lsn, char buffer[LSN_TEXT_SIZE]);
/* False when the text is no log position; the whole text must be one. */
extern bool lsn_parse(const char *text, Lsn *lsn);

/* Bytes of somebody else. */
typedef struct Span
{
	const char *data;
	size_t		len;
} Span;

/* What to do about a failure. */
typedef enum Remedy
{
	REMEDY_NONE,
	REMEDY_RETRY,				/* passes by itself: end this session, come again */
	REMEDY_RECONCILE,			/* the bridge: the slot can no longer say what is missing */
	REMEDY_STOP					/* only an operator can help: exit with EXIT_REFUSED */
} Remedy;

/*
 * One failure: what happened, with the facts, and what to do where the reader can act. Who finds it
 * fills it; who can answer it logs it, once. Functions that can fail return bool and take one.
 */
typedef struct Problem
{
	Remedy		remedy;
	char		text[1024];
	char		hint[1024];
} Problem;

/* Always returns false, so that "return problem_set(...)" reads as what it is. hint may be NULL. */
extern bool problem_set(Problem *problem, Remedy remedy, const char *hint, const char *format,...)
			__attribute__((format(printf, 4, 5)));

/* Exit codes. systemd restarts after the first, not after the others. */
#define EXIT_BROKEN 1			/* something unexpected */
#define EXIT_USAGE 2			/* options or configuration */
#define EXIT_REFUSED 3			/* stopped rather than guess: needs an operator */

/* Memory that is there or the program ends. */
extern void *must_alloc(size_t size);
extern void *must_realloc(void *old, size_t size);
extern char *must_strdup(const char *text);

/* Microseconds: since 1970, and of a clock that never goes back. */
extern int64_t wall_us(void);
extern int64_t ticks_us(void);

#endif
