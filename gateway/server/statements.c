/*
 * gateway/server/statements.c
 *     All SQL that the gateway ever sends.
 *
 * The statements of a request and the Sync behind them are one transaction, so there is no BEGIN and no COMMIT. The role is set by a
 * statement of its own: in one with the command, the right to execute it would be checked before the role is another.
 */
#include "statements.h"

#include <string.h>

/*
 * A page, and beside its first row the cursor of its last one where it is full: the Link header goes out before the rows do. $3 is the limit
 * that was asked for.
 */
#define PAGE(rows, setting) \
	"SELECT q, CASE WHEN pg_catalog.row_number() OVER () = 1" \
	" AND pg_catalog.count(*) OVER () = coalesce($3::pg_catalog.int4, pg_catalog.current_setting('" setting "', true)::pg_catalog.int4)" \
	" THEN pg_catalog.last_value(q) OVER () OPERATOR(pg_catalog.->>) 'cursor' END FROM " rows " AS q"

/* The root of an order's tree, as far as the caller sees the order. */
#define ROOT_OF_1 \
	"(SELECT r OPERATOR(pg_catalog.->>) 'rootId' FROM %s.oms_query('orders', pg_catalog.jsonb_build_object(" \
	"'where', pg_catalog.jsonb_build_object('id', $1::pg_catalog.text), 'select', pg_catalog.jsonb_build_array('rootId'))) AS r)"

#define AS_OF(kind) "SELECT oms." kind "_state(t) FROM oms." kind "_as_of($1::pg_catalog.text, $2::pg_catalog.timestamptz) AS t WHERE t.id IS NOT NULL"

/*
 * The request's name for the events of what is asked, until the end of the transaction. Not one more statement: the condition of a CASE is
 * there before what depends on it.
 */
#define CORRELATED(value) "pg_catalog.set_config('oms_state.correlation_id', " value ", true) IS NOT NULL"

/*
 * What policies hide, in the words of the live engine. Only the policies that oms.protect() makes are known, and only limits to accounts without
 * asset classes; whatever else there is, nothing is shown. What has no account of its own but belongs to something has that one's: who is
 * limited is not shown it.
 */
#define LIVE_TABLES "('oms.orders'::pg_catalog.regclass), ('oms.executions'), ('oms.quote_requests'), ('oms.quotes')"
#define LIVE_KNOWN \
	"coalesce(y.polroles OPERATOR(pg_catalog.=) '{0}' AND y.polcmd = '*' AND y.polwithcheck IS NULL AND CASE y.polname" \
	" WHEN 'oms_rows' THEN y.polpermissive AND pg_catalog.pg_get_expr(y.polqual, y.polrelid) = 'true'" \
	" WHEN 'oms_accounts' THEN NOT y.polpermissive AND pg_catalog.replace(pg_catalog.pg_get_expr(y.polqual, y.polrelid), 'oms.', '')" \
	" OPERATOR(pg_catalog.~) '^account_is_visible\\(account, (asset_class|NULL::text|''[a-z_]+''::text, [a-z_]+)\\)$' ELSE false END, false)"
/* However many accounts: those with whole names are one condition. */
#define LIVE_SEEN(none) \
	"CASE WHEN v.accounts IS NULL THEN '{}' ELSE (SELECT '{\"or\":' || pg_catalog.jsonb_agg(s.condition)::text || '}' FROM (" \
	"SELECT pg_catalog.jsonb_build_object('account', pg_catalog.jsonb_agg(a ORDER BY a)) AS condition FROM pg_catalog.unnest(v.accounts) AS a" \
	" WHERE pg_catalog.right(a, 1) <> '%%' HAVING pg_catalog.count(*) > 0" \
	" UNION ALL SELECT pg_catalog.jsonb_build_object('account', pg_catalog.jsonb_build_object('like'," \
	" pg_catalog.regexp_replace(pg_catalog.left(a, -1), '([\\\\_%%])', '\\\\\\1', 'g') || '%%')) FROM pg_catalog.unnest(v.accounts) AS a" \
	" WHERE pg_catalog.right(a, 1) = '%%'" \
	" UNION ALL SELECT '" none "'::pg_catalog.jsonb FROM pg_catalog.unnest(v.accounts) AS a WHERE a IS NULL) AS s) END"
#define NO_ACCOUNT "{\"account\":{\"isNull\":true}}"
#define NO_ORDER "{\"account\":{\"isNull\":true},\"orderId\":{\"isNull\":true}}"
#define NO_REQUEST "{\"account\":{\"isNull\":true},\"quoteRequestId\":{\"isNull\":true}}"

/* Few and wanted whole: an array, as one value. */
#define DESK_LIST(rows) "SELECT coalesce(pg_catalog.jsonb_agg(d.q), '[]') FROM (" rows ") AS d"

const StatementText statements[STATEMENTS] = {
	[SQL_ROLE] = {"oms_role", "SELECT pg_catalog.set_config('role', $1, true)", 1},
	[SQL_COMMAND] = {"oms_command", "SELECT CASE WHEN " CORRELATED("$2") " THEN %s.oms_try_command($1::pg_catalog.jsonb) END", 2},
	[SQL_PREVIEW] = {"oms_preview", "SELECT oms.preview_command($1::pg_catalog.jsonb)", 1},
	[SQL_COMMANDS] = {"oms_commands", "SELECT r FROM %s.oms_commands(CASE WHEN " CORRELATED("$3") " THEN $1::pg_catalog.jsonb END, $2::pg_catalog.bool) AS r", 3},
	[SQL_FIX] = {"oms_fix", "SELECT CASE WHEN " CORRELATED("$2") " THEN %s.oms_try_fix($1::pg_catalog.bytea) END", 2},
	[SQL_FIX_MANY] = {"oms_fix_many", "SELECT r FROM %s.oms_fix_many(CASE WHEN " CORRELATED("$3") " THEN ARRAY(SELECT m.message"
		" FROM pg_catalog.jsonb_array_elements_text($1::pg_catalog.jsonb) WITH ORDINALITY AS m(message, place) ORDER BY m.place) END, $2::pg_catalog.bool) AS r", 3},
	[SQL_SERVICE] = {"oms_service", "SELECT CASE WHEN " CORRELATED("$3") " THEN %s.oms_service($1::pg_catalog.text, $2::pg_catalog.jsonb) END", 3},
	[SQL_READ] = {"oms_read", "SELECT pg_catalog.set_config('transaction_read_only', 'on', true), pg_catalog.set_config('role', $1, true),"
		" pg_catalog.set_config('statement_timeout', $2, true)", 2},
	[SQL_BE] = {"oms_be", "SELECT pg_catalog.set_config('role', $1, false)", 1},
	[SQL_WAIT_FOR] = {"oms_wait_for", "CALL oms.wait_for($1::pg_catalog.text, $2::pg_catalog.interval)", 2},
	[SQL_COMMAND_OBJECTS] = {"oms_command_objects", "SELECT DISTINCT command_type, object FROM oms.command_reference", 0},
	[SQL_WHO] = {"oms_who", "SELECT pg_catalog.jsonb_build_object('user', current_user, 'via', nullif(session_user, current_user),"
		" 'roles', (SELECT coalesce(pg_catalog.jsonb_agg(rolname ORDER BY rolname), '[]') FROM pg_catalog.pg_roles"
		" WHERE rolname LIKE 'oms\\_%%' AND pg_catalog.pg_has_role(current_user, oid, 'USAGE')),"
		" 'accounts', pg_catalog.to_jsonb(oms.visible_accounts()))", 0},
	[SQL_COMMAND_FIELDS] = {"oms_command_fields", "SELECT command_type, object, field, field_type, required AND unless IS NULL"
		" FROM oms.command_reference ORDER BY object, command_type", 0},
	[SQL_QUERY_FIELDS] = {"oms_query_fields", "SELECT object, field, field_type, required, pg_catalog.to_jsonb(names) FROM oms.list_fields()", 0},
	/* an event's payload is what its row is */
	[SQL_FIELDS] = {"oms_fields", "SELECT field FROM oms.list_fields($1::pg_catalog.text) WHERE field <> 'payload'", 1},
	[SQL_COUNT] = {"oms_count", "SELECT oms.query_count($1::pg_catalog.text, $2::pg_catalog.jsonb, $3::pg_catalog.bool)", 3},
	[SQL_LIST] = {"oms_list", PAGE("%s.oms_query($1::pg_catalog.text, $2::pg_catalog.jsonb)", "oms_state.query_limit"), 3},
	[SQL_OBJECT] = {"oms_object", "SELECT q FROM %s.oms_query($1::pg_catalog.text, $2::pg_catalog.jsonb) AS q", 2},
	[SQL_TREE] = {"oms_tree", PAGE("%s.oms_query('order_tree', pg_catalog.jsonb_build_object("
		"'limit', pg_catalog.current_setting('oms_state.query_limit_max', true)::pg_catalog.int4) OPERATOR(pg_catalog.||) $2::pg_catalog.jsonb"
		" OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('where', pg_catalog.jsonb_build_object('rootId', " ROOT_OF_1 ")))", "oms_state.query_limit_max"), 3},
	[SQL_TREE_AS_OF] = {"oms_tree_as_of", "SELECT oms.order_state(t) FROM oms.tree_as_of(" ROOT_OF_1 ", $2::pg_catalog.timestamptz) AS t"
		" ORDER BY t.id <> t.root_id, t.created_at, t.id", 2},
	[SQL_ORDER_AS_OF] = {"oms_order_as_of", AS_OF("order"), 2},
	[SQL_EXECUTION_AS_OF] = {"oms_execution_as_of", AS_OF("execution"), 2},
	[SQL_QUOTE_REQUEST_AS_OF] = {"oms_quote_request_as_of", AS_OF("quote_request"), 2},
	[SQL_PLACEMENT] = {"oms_placement", "SELECT coalesce(oms.propose_placement($1::pg_catalog.text)::pg_catalog.text, 'null')", 1},
	[SQL_DESK_QUEUE] = {"oms_desk_queue", DESK_LIST("SELECT pg_catalog.to_jsonb(v) AS q FROM oms.desk_queue AS v LIMIT 500"), 0},
	[SQL_DESK_REVIEW] = {"oms_desk_review", DESK_LIST("SELECT pg_catalog.to_jsonb(v) AS q FROM oms.execution_review AS v LIMIT 500"), 0},
	[SQL_DESK_REJECTED] = {"oms_desk_rejected", DESK_LIST("SELECT pg_catalog.to_jsonb(v) AS q FROM oms.rejected_commands AS v"
		" ORDER BY v.rejected_at DESC LIMIT 500"), 0},
	[SQL_REVIEW] = {"oms_review", "SELECT pg_catalog.to_jsonb(v) FROM oms.execution_review AS v WHERE v.execution_id = $1::pg_catalog.text", 1},
	[SQL_CATALOGUE] = {"oms_catalogue", "SELECT pg_catalog.jsonb_build_object('user', oms.current_actor(), 'accounts', v.accounts,"
		" 'fourEyes', coalesce(pg_catalog.current_setting('oms_state.four_eyes', true), 'off')::pg_catalog.bool,"
		" 'commands', (SELECT pg_catalog.jsonb_object_agg(c.command_type, c.told) FROM (SELECT r.command_type, pg_catalog.jsonb_build_object("
		"'object', r.object, 'role', r.role, 'may', CASE WHEN v.accounts IS NULL THEN pg_catalog.to_jsonb(oms.may(r.command_type, NULL))"
		" ELSE (SELECT coalesce(pg_catalog.jsonb_agg(a), '[]') FROM pg_catalog.unnest(v.accounts) AS a WHERE oms.may(r.command_type, a)) END,"
		" 'fields', pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(r.field, r.field_type, r.required, r.unless))) AS told"
		" FROM oms.command_reference AS r GROUP BY r.command_type, r.object, r.role) AS c),"
		" 'transitions', (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_strip_nulls(pg_catalog.to_jsonb(t)) ORDER BY t.transition) FROM oms.state_transitions AS t),"
		" 'services', (SELECT pg_catalog.jsonb_object_agg(s.name, (s.definition OPERATOR(pg_catalog.-) 'steps') OPERATOR(pg_catalog.||)"
		" pg_catalog.jsonb_build_object('enabled', s.enabled) ORDER BY s.builtin DESC) FROM oms.services AS s),"
		" 'names', (SELECT pg_catalog.jsonb_object_agg(f.object || '.' || f.field, f.names) FROM oms.list_fields() AS f WHERE f.names IS NOT NULL))"
		" FROM (SELECT oms.visible_accounts() AS accounts) AS v", 0},
	[SQL_LIVE_RIGHTS] = {"oms_live_rights", "SELECT (SELECT pg_catalog.count(*) = 8 AND pg_catalog.bool_and(" LIVE_KNOWN ") FROM pg_catalog.pg_policy AS y"
		" JOIN (VALUES " LIVE_TABLES ") AS t (oid) ON t.oid = y.polrelid JOIN pg_catalog.pg_class AS c ON c.oid = t.oid AND c.relrowsecurity)"
		" AND (v.accounts IS NULL OR NOT EXISTS (SELECT FROM oms.account_grants AS g WHERE g.enabled AND g.asset_classes IS NOT NULL)),"
		" (SELECT pg_catalog.bool_and(pg_catalog.has_table_privilege(t.oid, 'SELECT')) FROM (VALUES " LIVE_TABLES ") AS t (oid)),"
		" " LIVE_SEEN(NO_ACCOUNT) ", " LIVE_SEEN(NO_ORDER) ", " LIVE_SEEN(NO_ACCOUNT) ", " LIVE_SEEN(NO_REQUEST)
		" FROM (SELECT oms.visible_accounts() AS accounts) AS v", 0},
	[SQL_QUOTE_AS_OF] = {"oms_quote_as_of", AS_OF("quote"), 2},
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
