/*
 * gateway/server/statements.c
 *     All SQL that the gateway ever sends.
 *
 * The statements of a request and the Sync behind them are one transaction, so there is no BEGIN and no COMMIT. The role is set by a
 * statement of its own: in one with the command, the right to execute it would be checked before the role is another.
 */
#include "statements.h"

#include <string.h>

const StatementText statements[STATEMENTS] = {
	[SQL_ROLE] = {"oms_role", "SELECT pg_catalog.set_config('role', $1, true)", 1},
	[SQL_COMMAND] = {"oms_command", "SELECT %s.oms_try_command($1::pg_catalog.jsonb)", 1},
	[SQL_COMMANDS] = {"oms_commands", "SELECT r FROM %s.oms_commands($1::pg_catalog.jsonb, $2::pg_catalog.bool) AS r", 2},
	[SQL_FIX] = {"oms_fix", "SELECT %s.oms_try_fix($1::pg_catalog.bytea)", 1},
	[SQL_SERVICE] = {"oms_service", "SELECT %s.oms_service($1::pg_catalog.text, $2::pg_catalog.jsonb)", 2},
	[SQL_READ] = {"oms_read", "SELECT pg_catalog.set_config('transaction_read_only', 'on', true), pg_catalog.set_config('role', $1, true),"
		" pg_catalog.set_config('statement_timeout', $2, true)", 2},
	[SQL_BE] = {"oms_be", "SELECT pg_catalog.set_config('role', $1, false)", 1},
	[SQL_WAIT_FOR] = {"oms_wait_for", "CALL oms.wait_for($1::pg_catalog.text, $2::pg_catalog.interval)", 2},
	[SQL_COMMAND_OBJECTS] = {"oms_command_objects", "SELECT DISTINCT command_type, object FROM oms.command_reference", 0},
	[SQL_WHO] = {"oms_who", "SELECT pg_catalog.jsonb_build_object('user', current_user, 'via', nullif(session_user, current_user),"
		" 'roles', (SELECT coalesce(pg_catalog.jsonb_agg(rolname ORDER BY rolname), '[]') FROM pg_catalog.pg_roles"
		" WHERE rolname LIKE 'oms\\_%%' AND pg_catalog.pg_has_role(current_user, oid, 'USAGE')),"
		" 'accounts', pg_catalog.to_jsonb(oms.visible_accounts()))", 0},
};

void
statement_sql(Statement statement, const char *schema, Text *out)
{
	for (const char *at = statements[statement].sql; *at != '\0'; at++)
	{
		if (*at != '%')
			text_add(out, at, 1);
		else if (*++at == 's')
			text_puts(out, schema);
		else
			text_add(out, at, 1);
	}
}
