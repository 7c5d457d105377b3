/*-------------------------------------------------------------------------
 * test/unit/unit.h
 *	  A unit test is one file test/unit/NAME.c that says UNIT_TEST(NAME) { ... }.
 *
 * Each file becomes a library of its own and is loaded beside oms_state.so, whose functions it
 * calls directly.  It speaks TAP; ok() and is_text() may be called from any function of the file.
 * An error that escapes ends the file and counts as one failure.
 *-------------------------------------------------------------------------
 */
#ifndef OMS_UNIT_H
#define OMS_UNIT_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

PG_MODULE_MAGIC;

static StringInfoData unit_out;
static int	unit_count = 0;

static void pg_attribute_printf(2, 3)
ok(bool passed, const char *fmt, ...)
{
	va_list		args;
	char		name[256];

	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	appendStringInfo(&unit_out, "%sok %d - %s\n", passed ? "" : "not ", ++unit_count, name);
}

static inline void
is_text(const char *got, const char *expected, const char *name)
{
	bool		same = strcmp(got, expected) == 0;

	ok(same, "%s", name);
	if (!same)
		appendStringInfo(&unit_out, "# got '%s', expected '%s'\n", got, expected);
}

#define UNIT_TEST(name) \
	static void unit_body(void); \
	PG_FUNCTION_INFO_V1(unit_##name); \
	Datum unit_##name(PG_FUNCTION_ARGS); \
	Datum unit_##name(PG_FUNCTION_ARGS) \
	{ \
		initStringInfo(&unit_out); \
		unit_body(); \
		appendStringInfo(&unit_out, "1..%d", unit_count); \
		PG_RETURN_TEXT_P(cstring_to_text(unit_out.data)); \
	} \
	static void unit_body(void)

#endif							/* OMS_UNIT_H */
