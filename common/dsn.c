/*
 * common/dsn.c
 *     libpq's connection strings as settings.
 */
#include "dsn.h"

#include <string.h>

#include <libpq-fe.h>

/* NULL when it is no connection string. Free with PQconninfoFree(). */
static PQconninfoOption *
dsn_parse(const char *dsn)
{
	char	   *message = NULL;
	PQconninfoOption *parts = PQconninfoParse(dsn, &message);

	PQfreemem(message);
	return parts;
}

/* libpq marks what must not be shown: password, sslpassword. */
static bool
part_secret(const PQconninfoOption *part)
{
	return part->dispchar[0] == '*';
}

bool
dsn_secret(const char *dsn)
{
	PQconninfoOption *parts = dsn_parse(dsn);
	bool		secret = false;

	for (PQconninfoOption *part = parts; part != NULL && part->keyword != NULL; part++)
		if (part->val != NULL && part_secret(part))
			secret = true;
	PQconninfoFree(parts);
	return secret;
}

void
dsn_masked(const char *dsn, Text *text)
{
	PQconninfoOption *parts = dsn_parse(dsn);
	const char *gap = "";

	for (PQconninfoOption *part = parts; part != NULL && part->keyword != NULL; part++)
	{
		if (part->val == NULL)
			continue;
		text_printf(text, "%s%s='", gap, part->keyword);
		for (const char *c = part_secret(part) ? "********" : part->val; *c != '\0'; c++)
			text_printf(text, *c == '\'' || *c == '\\' ? "\\%c" : "%c", *c);
		text_puts(text, "'");
		gap = " ";
	}
	PQconninfoFree(parts);
}

bool
dsn_check(const char *setting, const char *dsn, Problem *problem)
{
	PQconninfoOption *parts = dsn_parse(dsn);

	PQconninfoFree(parts);
	return parts != NULL ||
		problem_set(problem, REMEDY_STOP,
					"write it as \"host=... dbname=... user=...\", with single quotes around a value that has blanks and \\ before ' and \\ in it,"
					" or as a URI with special characters percent-encoded",
					"%s is no connection string that libpq understands", setting);
}

bool
dsn_says(const char *dsn, const char *keyword)
{
	PQconninfoOption *parts = dsn_parse(dsn);
	bool		found = false;

	for (PQconninfoOption *part = parts; part != NULL && part->keyword != NULL; part++)
		if (part->val != NULL && strcmp(part->keyword, keyword) == 0)
			found = true;
	PQconninfoFree(parts);
	return found;
}
