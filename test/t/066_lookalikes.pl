# Functions and operators that look like PostgreSQL's own, made in the target schema before CREATE EXTENSION by somebody who may
# create there, are never called: not by a view, not by a function, not by a default, and not while the script runs.
# Broken by: a script without its SET LOCAL search_path; a function in SQL or PL/pgSQL that has neither a search_path of its own nor a
# body that was bound when it was made; an upgrade that keeps a view of before as it was bound then.
#
# What is bound is asked of pg_depend, for all objects of the extension; what is looked up when it runs must have its own search_path.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $node = oms_node('lookalikes', extension => 0);

sub sql { my ($sql) = @_; return $node->safe_psql('here', $sql); }

$node->safe_psql('postgres', 'CREATE ROLE author LOGIN; CREATE DATABASE here TEMPLATE template0');
sql('CREATE SCHEMA target; GRANT ALL ON SCHEMA target TO author; ALTER DATABASE here SET search_path = target, pg_catalog');

# For each function of pg_catalog of one to three arguments, and each operator, one that fits common types better, where it can be had.
# Each leaves a trace in a sequence (which no rollback undoes) and raises.
sql(q(SET ROLE author; SET search_path = pg_catalog;
	CREATE SEQUENCE target.called;
	GRANT ALL ON SEQUENCE target.called TO PUBLIC;
	DO $do$
	DECLARE
		made record;
		common constant text[] := '{text,name,bigint,integer,numeric,jsonb,timestamptz,text[],name[],oid,pg_lsn,"char"}';
		trap constant text := ' LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN PERFORM nextval(''target.called''); RAISE ''a look-alike was called''; END $$';
	BEGIN
		-- functions: the very signature, and for polymorphic and variadic ones those of common types
		FOR made IN SELECT DISTINCT p.proname, pg_get_function_identity_arguments(p.oid) AS arguments FROM pg_proc p
			WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND p.pronargs BETWEEN 1 AND 3 AND p.proname !~ '(_recv|_send|in|out)$'
			UNION SELECT DISTINCT p.proname, a FROM pg_proc p, unnest(common) a WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND p.pronargs = 1 AND p.prorettype <> 'trigger'::regtype AND p.proname !~ '(_recv|_send|in|out)$'
			UNION SELECT n, a || ', ' || b FROM unnest('{format,concat,coalesce,greatest,array_agg,string_agg,array_to_string,num_nulls,num_nonnulls,array_position,array_append,array_cat,jsonb_build_array,jsonb_build_object,concat_ws,round,to_char,obj_description,left,starts_with,date_trunc,nextval,setval}'::text[]) n, unnest(common) a, unnest(common) b
			UNION SELECT 'format', a || ', ' || b || ', ' || c FROM unnest(common[1:4]) a, unnest(common[1:4]) b, unnest(common[1:4]) c
		LOOP
			BEGIN
				EXECUTE format('CREATE FUNCTION target.%I(%s) RETURNS text', made.proname, made.arguments) || trap;
			EXCEPTION WHEN OTHERS THEN NULL;	-- not everything can be imitated
			END;
		END LOOP;
		-- operators between any two common types
		FOR made IN SELECT DISTINCT o.oprname, a, b FROM pg_operator o, unnest(common) a, unnest(common) b
			WHERE o.oprname IN ('=', '<>', '<', '<=', '>', '>=', '||', '&&', '@>', '<@', '->', '->>', '#>', '#>>', '?', '~', '!~', '~~', '!~~', '+', '-', '*', '/', '%')
		LOOP
			EXECUTE format('CREATE OR REPLACE FUNCTION target.operator_of(%s, %s) RETURNS boolean', made.a, made.b) || trap;
			EXECUTE format('CREATE OPERATOR target.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = target.operator_of)', made.oprname, made.a, made.b);
		END LOOP;
	END $do$;
	CREATE FUNCTION target.numbered(text, name) RETURNS text LANGUAGE sql AS 'SELECT $1'));
cmp_ok(sql(q(SELECT count(*) FROM pg_catalog.pg_proc WHERE pronamespace OPERATOR(pg_catalog.=) 'target'::pg_catalog.regnamespace)), '>', 2000, 'functions to fall for');
cmp_ok(sql(q(SELECT count(*) FROM pg_catalog.pg_operator WHERE oprnamespace OPERATOR(pg_catalog.=) 'target'::pg_catalog.regnamespace)), '>', 3000, 'operators to fall for');
my (undef, undef, $trapped) = $node->psql('here', q(SELECT pg_catalog.set_config('search_path', 'target, pg_catalog', false); SELECT 'a'::text || 'b'::name));
like($trapped, qr/a look-alike was called/, 'who is not careful falls for them');
sql(q(SET search_path = pg_catalog; SELECT setval('target.called', 1, false)));

my ($status, undef, $error) = $node->psql('here', 'CREATE EXTENSION oms_state SCHEMA target', on_error_stop => 1);
is("$status $error", '0 ', 'CREATE EXTENSION in their schema');

# ---- bound when it was made -------------------------------------------------------------------------------

my $members = q(members AS (SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid WHERE d.deptype = 'e' AND e.extname = 'oms_state'));
sub careful { my ($sql) = @_; return sql("SET search_path = pg_catalog; $sql"); }

is(careful(q(SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) || ' on ' || pg_describe_object(d.refclassid, d.refobjid, 0)
	FROM pg_depend d
	WHERE (d.refclassid = 'pg_proc'::regclass AND d.refobjid IN (SELECT oid FROM pg_proc WHERE pronamespace = 'target'::regnamespace AND proowner = 'author'::regrole)
		OR d.refclassid = 'pg_operator'::regclass AND d.refobjid IN (SELECT oid FROM pg_operator WHERE oprnamespace = 'target'::regnamespace AND oprcode::oid NOT IN (SELECT oid FROM pg_proc WHERE pronamespace = 'oms'::regnamespace)))
	AND NOT (d.classid IN ('pg_operator'::regclass, 'pg_proc'::regclass) AND d.objid IN (SELECT oid FROM pg_operator WHERE oprnamespace = 'target'::regnamespace)))), '', 'nothing depends on one of them');
cmp_ok(careful("WITH $members SELECT count(*) FROM members WHERE classid = 'pg_proc'::regclass"), '>', 50, 'functions of ours');
# A procedure that commits can have none: 037 calls it with other names in the way.
is(careful("WITH $members SELECT p.oid::regprocedure FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid JOIN pg_language l ON l.oid = p.prolang
	WHERE l.lanname NOT IN ('c', 'internal') AND p.prosqlbody IS NULL AND NOT (p.prokind = 'p' AND p.prosrc ~ 'COMMIT;') AND NOT coalesce(p.proconfig && ARRAY['search_path=pg_catalog, pg_temp'], false)"), '',
	'each of them has its own search_path, is bound, or is C');
is(careful("WITH $members SELECT p.oid::regprocedure FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid WHERE p.prosecdef AND NOT coalesce(p.proconfig && ARRAY['search_path=pg_catalog, pg_temp'], false)"), '',
	'and what runs as the owner has it');

# ---- looked up when it runs -------------------------------------------------------------------------------

my $session = 'SET client_min_messages = error; SET search_path = target, pg_catalog;';
foreach my $command ('{"commandType": "CreateOrderCommand", "orderId": "A", "symbol": "X", "side": "BUY", "orderQty": 10}',
	'{"commandType": "PlaceOrderCommand", "orderId": "A", "children": [{"orderId": "A.1", "orderQty": 5}]}',
	'{"commandType": "ExecuteOrderCommand", "orderId": "A.1", "executionId": "E", "lastQty": 5, "lastPx": 2}',
	'{"commandType": "BustExecutionCommand", "executionId": "E"}')
{
	like(sql("$session SELECT target.oms_command('$command')"), qr/"status": "ACCEPTED"/, (split /"/, $command)[3]);
}
sql("$session SELECT target.oms_try_command('{}'); SELECT oms.ensure_partitions(4)");
my @views = split /\n/, careful("WITH $members SELECT c.oid::regclass FROM members m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND m.objid = c.oid WHERE c.relkind = 'v'");
foreach my $view (@views)
{
	($status, undef, $error) = $node->psql('here', "$session SELECT * FROM $view", on_error_stop => 1);
	is("$status $error", '0 ', "$view is read");
}
# Functions that only read and take nothing, or an id and a time.
foreach my $call (split(/\n/, careful("WITH $members SELECT p.oid::regproc || '()' FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid WHERE p.pronargs = 0 AND p.provolatile <> 'v' AND p.prorettype <> 'trigger'::regtype")),
	"oms.order_as_of('A', '2100-01-01')", "oms.execution_as_of('E', '2100-01-01')", "oms.tree_as_of('A', '2100-01-01')", "oms.partition_at('oms.order_events', '2100-01-01')", 'oms.missing_partitions(7)',
	"oms.rebuild('orders')", "oms.rebuild('executions')", "oms.publication_repairs('none')", "oms.repair_publication('oms_events')")
{
	($status, undef, $error) = $node->psql('here', "$session SELECT * FROM $call", on_error_stop => 1);
	is("$status $error", '0 ', $call);
}
is(careful('SELECT is_called FROM target.called'), 'f', 'no look-alike was called');

$node->stop;
done_testing();
