# A dump (custom format and plain SQL) restores to the same rows and goes on, also with objects of users on our
# tables, by the recipe of doc/operations.md; DROP EXTENSION leaves nothing; CREATE again works, in the same session too.
# Broken by: a table or sequence that pg_dump skips, a foreign key or a trigger in the way of the
# restore, partitions that do not come back, or state kept outside the extension.

use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;
use OmsWork qw(block_commands quote_commands);

my $node = oms_node('dump');
my $dir = PostgreSQL::Test::Utils::tempdir();

sub psql { my ($database, $sql) = @_; return $node->safe_psql($database, $sql); }

# Everything the extension's tables hold, and everything that hangs on them.
sub tables { my ($database) = @_; return split /\n/, psql($database, q(SELECT c.oid::regclass FROM pg_class c WHERE relnamespace = 'oms'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname)); }

sub rows
{
	my ($database) = @_;
	return join "\n", map { "$_ " . psql($database, "SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM $_ t") } tables($database);
}

sub shape
{
	my ($database) = @_;
	return psql($database, q(
		SELECT 'relation', c.oid::regclass::text, relkind::text, coalesce(pg_get_expr(relpartbound, c.oid), ''), relreplident::text,
			coalesce((SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE inhrelid = c.oid), '')
		FROM pg_class c WHERE relnamespace = 'oms'::regnamespace
		UNION ALL SELECT 'index', indexrelid::regclass::text, indrelid::regclass::text, pg_get_indexdef(indexrelid), indisreplident::text, indisvalid::text
		FROM pg_index JOIN pg_class c ON c.oid = indrelid WHERE relnamespace = 'oms'::regnamespace
		UNION ALL SELECT 'trigger', tgname, tgrelid::regclass::text, pg_get_triggerdef(t.oid), tgenabled::text, ''
		FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = 'oms'::regnamespace
		UNION ALL SELECT 'sequence', schemaname, sequencename, coalesce(last_value, 0)::text, '', '' FROM pg_sequences WHERE schemaname = 'oms'
		ORDER BY 1, 2, 3, 4));
}

sub command { my ($database, $json, $want) = @_; return psql($database, "SELECT oms_command('$json')->" . ($want // q('state'->>'status'))); }

sub fill_database
{
	my ($database) = @_;
	command($database, '{"commandType": "CreateOrderCommand", "commandId": "k1", "orderId": "A", "clOrdID": "c1", "symbol": "X", "side": "BUY", "orderQty": 1000, "attributes": {"note": "tab\tand \"quotes\" and \\\\ü"}}');
	command($database, qq({"commandType": "CreateOrderCommand", "orderId": "A.$_", "parentId": "A", "orderQty": 50})) foreach 1 .. 10;
	command($database, qq({"commandType": "ExecuteOrderCommand", "commandId": "k-x$_", "orderId": "A.$_", "executionId": "X$_", "execID": "E$_", "lastQty": 20, "lastPx": 1.0$_})) foreach 1 .. 5;
	command($database, '{"commandType": "ExecuteOrderCommand", "orderId": "A.1", "executionId": "X6", "execID": "E6", "lastQty": 100, "lastPx": 1}');
	command($database, '{"commandType": "CorrectExecutionCommand", "executionId": "X1", "execID": "E7", "lastQty": 10, "lastPx": 1}');
	command($database, '{"commandType": "RequestReplaceOrderCommand", "orderId": "A.2", "clOrdID": "c2", "orderQty": 60}');
	command($database, json()->encode($_)) foreach block_commands('B'), quote_commands('B');
	psql($database, q(SELECT oms_try_command('{"commandType": "CancelOrderCommand", "orderId": "A"}')));
	command($database, '{"commandType": "CreateOrderCommand", "orderId": "D", "symbol": "X", "side": "BUY", "orderQty": 10}');
	command($database, qq({"commandType": "${_}Command", "orderId": "D", "reason": "large"})) foreach qw(SendOrderToDesk ClaimOrder);
	psql($database, q(INSERT INTO oms.fix_sessions VALUES ('OMS|ALPHA', 'CLIENT', 'ACC-1', true), ('OMS|BETA', 'BROKER', NULL, false)));
	psql($database, q(INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES ('restricted', 'order', 'CreateOrderCommand',
		'NOT oms.restricted(command ->> ''symbol'', command ->> ''account'')', 'no'); UPDATE oms.validation_rules SET message = 'not this' WHERE NOT builtin;
		INSERT INTO oms.restricted_list VALUES ('GONE')));
	# classes of ours: one that extends another, which was changed after it and so lies behind it, and one in the place of a shipped one
	psql($database, q(SELECT oms.register_asset_class('base', '{}'), oms.register_asset_class('swap', '{"extends": "base", "attributes": {"leg": {"type": "number", "required": true}}}'),
		oms.register_asset_class('fx', '{"extends": "fx", "attributes": {"desk": {"type": "text"}}}');
		SELECT oms.register_asset_class('base', '{"attributes": {"ours": {"type": "date"}}}');
		CREATE VIEW swaps AS SELECT id, leg, ours FROM oms.swap_orders; GRANT SELECT ON oms.swap_orders TO pg_monitor));
	command($database, '{"commandType": "CreateOrderCommand", "orderId": "W", "symbol": "X", "side": "BUY", "orderQty": 10, "assetClass": "swap", "attributes": {"leg": 2, "ours": "20260302"}}');
}

# The restored database works on: old trees, new ones, repeats, ids, append-only, ids of its own.
sub works_on
{
	my ($database, $how) = @_;
	my $number = psql($database, 'SELECT max(sequence) FROM oms.all_events');

	is(psql($database, 'SELECT count(*) FROM oms.verify()'), '0', "$how: every invariant holds");
	is(command($database, '{"commandType": "ExecuteOrderCommand", "orderId": "A.3", "lastQty": 30, "lastPx": 2}'), 'ALLOCATED', "$how: an old tree goes on");
	is(psql($database, q(SELECT status FROM oms.orders WHERE id = 'A.3')), 'FILLED', "$how: with its quantities");
	is(command($database, '{"commandType": "ReplaceOrderCommand", "orderId": "A.2", "clOrdID": "c2"}', q('state'->>'orderQty')), '60', "$how: open requests can be answered");
	is(command($database, '{"commandType": "ExecuteOrderCommand", "commandId": "k-x2", "orderId": "A.2", "executionId": "X2", "execID": "E2", "lastQty": 20, "lastPx": 1.02}', q('duplicate')),
		'true', "$how: repeats are recognised");
	is(command($database, '{"commandType": "AllocateExecutionCommand", "orderId": "B.block", "method": "PRO_RATA"}', q('status')), '"ACCEPTED"', "$how: what waited in a block is allocated");
	is(psql($database, q(SELECT string_agg(concat_ws(' ', order_id, quantity), ', ' ORDER BY order_id, execution_id) FROM oms.allocated_trades WHERE block_id = 'B.block')), 'B.m1 13, B.m1 20, B.m2 7, B.m2 10', "$how: to its members, as the method has it");
	is(command($database, '{"commandType": "ExecuteOrderCommand", "orderId": "B.deal", "lastQty": 20, "lastPx": 9}'), 'ALLOCATED', "$how: what was dealt on a quote is filled");
	is(psql($database, q(SELECT concat_ws(' ', q.status, q.executed_quantity, r.status, r.executed_quantity) FROM oms.quotes AS q JOIN oms.quote_requests AS r ON r.accepted_quote_id = q.id WHERE q.id = 'B.q3')), 'ACCEPTED 30 ACCEPTED 30', "$how: and quote and request follow");
	is(command($database, '{"commandType": "RejectQuoteCommand", "quoteId": "B.q4"}'), 'REJECTED', "$how: a dealer who has the last look refuses");
	is(command($database, '{"commandType": "AcceptQuoteCommand", "quoteId": "B.q5", "orderQty": 7}'), 'ACCEPTED', "$how: and the next one is dealt");
	is(psql($database, 'SELECT * FROM swaps'), 'W|2|2026-03-02', "$how: views of asset classes, and what is built upon them");
	is(psql($database, q(SELECT has_table_privilege('pg_monitor', 'oms.swap_orders', 'SELECT') AND count(desk) = 0 FROM oms.fx_orders)), 't', "$how: with what was granted, and in the place of a shipped class");
	like(($node->psql($database, q(SELECT oms_command('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 1, "assetClass": "swap"}'))))[2], qr/leg is not given/, "$how: and classes are asked");
	cmp_ok(psql($database, 'SELECT max(sequence) FROM oms.all_events'), '>', $number, "$how: the sequence goes on");
	foreach my $command ('"CreateOrderCommand", "clOrdID": "c1", "symbol": "X", "side": "BUY", "orderQty": 1', '"CreateQuoteRequestCommand", "quoteReqID": "rfq-B", "symbol": "X"')
	{
		my ($status, undef, $error) = $node->psql($database, qq(\\set VERBOSITY sqlstate\nSELECT oms_command('{"commandType": $command}')));
		like($error, qr/OM007/, "$how: what an id names is known: $command");
	}
	foreach my $table (split /\n/, psql($database, q(SELECT c.oid::regclass FROM pg_class c WHERE relnamespace = 'oms'::regnamespace AND relname LIKE '%events%' AND relkind IN ('r', 'p'))))
	{
		foreach my $sql ("TRUNCATE $table", "DELETE FROM $table", "UPDATE $table SET actor = 'x'")
		{
			my ($status, undef, $error) = $node->psql($database, $sql, on_error_stop => 1);
			# an empty partition has no row to refuse
			ok($status != 0 || ($sql !~ /TRUNCATE/ && psql($database, "SELECT count(*) FROM $table") == 0), "$how: append-only: $sql");
		}
	}
	is(psql($database, q(SELECT r #>> '{error,detail}' FROM oms_try_command('{"commandType": "CreateOrderCommand", "symbol": "GONE", "side": "BUY", "orderQty": 1}') AS r)),
		'Rule restricted: version 2 of it is false for this command.', "$how: rules hold, in their version, beside the shipped ones");
	is(psql($database, 'SELECT oms.ensure_partitions(3) > 0'), 't', "$how: partitions can be made");
	is(psql($database, 'SELECT count(*) FROM oms.verify()'), '0', "$how: every invariant still holds");
}

fill_database('postgres');
my ($rows, $shape) = (rows('postgres'), shape('postgres'));
my @connection = ('-h', $node->host, '-p', $node->port);

command_ok([ 'pg_dump', @connection, '-Fc', '-f', "$dir/custom", 'postgres' ], 'pg_dump, custom format');
command_ok([ 'pg_dump', @connection, '-Fp', '-f', "$dir/plain", 'postgres' ], 'pg_dump, plain');

psql('postgres', "CREATE DATABASE $_ TEMPLATE template0") foreach qw(from_custom from_parallel from_plain);
command_ok([ 'pg_restore', @connection, '--exit-on-error', '-d', 'from_custom', "$dir/custom" ], 'pg_restore --exit-on-error');
command_ok([ 'pg_restore', @connection, '--exit-on-error', '-j', '2', '-d', 'from_parallel', "$dir/custom" ], 'pg_restore with two jobs');
command_ok([ 'psql', @connection, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '--single-transaction', '-d', 'from_plain', '-f', "$dir/plain" ], 'psql of the plain dump');
foreach my $database (qw(from_custom from_parallel from_plain))
{
	is(rows($database), $rows, "$database: the same rows");
	is(shape($database), $shape, "$database: the same partitions, indexes, triggers and sequence");
	works_on($database, $database);
}

# A dump of a dump.
my $rows_after = rows('from_custom');
command_ok([ 'pg_dump', @connection, '-Fc', '-f', "$dir/again", 'from_custom' ], 'a restored database is dumped again');
psql('postgres', 'CREATE DATABASE again TEMPLATE template0');
command_ok([ 'pg_restore', @connection, '--exit-on-error', '-d', 'again', "$dir/again" ], 'and restored again');
is(rows('again'), $rows_after, 'again: the same rows');
is(psql('again', 'SELECT count(*) FROM oms.verify()'), '0', 'again: every invariant holds');

# ---- with what users have added -----------------------------------------------------------------------------
# On their own tables, and on partitions, it is dumped as everywhere. On the tables of the extension it is not: what the manual
# says about that is done here, step by step.

psql('postgres', "CREATE DATABASE $_ TEMPLATE template0") foreach qw(own from_own_plain without);
psql('own', 'CREATE EXTENSION oms_state');
fill_database('own');
psql('own', q(
	CREATE TABLE notes (order_id text COLLATE "C" REFERENCES oms.orders, note text);
	INSERT INTO notes VALUES ('A.1', 'call them');
	CREATE VIEW open_orders AS SELECT o.id, n.note FROM oms.orders o LEFT JOIN notes n ON n.order_id = o.id WHERE o.leaves_quantity > 0;
	CREATE TABLE kinds (event_type text COLLATE "C" PRIMARY KEY);
	INSERT INTO kinds SELECT DISTINCT event_type FROM oms.order_events;
	CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
	ALTER TABLE oms.orders ADD COLUMN desk text COLLATE "C" DEFAULT 'none' NOT NULL, ADD COLUMN open boolean GENERATED ALWAYS AS (leaves_quantity > 0) STORED;
	UPDATE oms.orders SET desk = 'uk' WHERE id = 'A.1';
	ALTER TABLE oms.order_events ADD COLUMN seen boolean, ADD CONSTRAINT young CHECK (occurred_at > '2001-01-01');
	ALTER TABLE oms.order_events ADD CONSTRAINT known FOREIGN KEY (event_type) REFERENCES kinds;
	ALTER TABLE oms.executions ADD CONSTRAINT positive CHECK (last_qty >= 0), SET (autovacuum_vacuum_scale_factor = 0.01), ALTER COLUMN symbol SET STATISTICS 500, ALTER COLUMN order_id SET (n_distinct = -0.5);
	CREATE INDEX by_symbol ON oms.orders (symbol) WHERE leaves_quantity > 0;
	CREATE INDEX by_type ON oms.order_events (event_type);
	CREATE UNIQUE INDEX once ON oms.executions (id, exec_id);
	CREATE STATISTICS together ON symbol, side FROM oms.orders;
	CREATE TRIGGER watch AFTER INSERT ON oms.order_events FOR EACH ROW EXECUTE FUNCTION watch();
	CREATE TRIGGER watch BEFORE UPDATE ON oms.orders FOR EACH ROW EXECUTE FUNCTION watch();
	ALTER TABLE oms.orders ENABLE ALWAYS TRIGGER watch;
	ALTER TABLE oms.orders ENABLE ROW LEVEL SECURITY;
	CREATE POLICY everybody ON oms.orders USING (true);
	CREATE ROLE dump_reader;
	GRANT SELECT ON oms.orders, open_orders TO dump_reader;
	COMMENT ON COLUMN oms.orders.desk IS 'whose';
	CREATE TABLE oms.far_away PARTITION OF oms.execution_events FOR VALUES FROM ('2150-01-01') TO ('2151-01-01');
	CREATE UNIQUE INDEX ON oms.far_away (sequence);
	CREATE UNIQUE INDEX ON oms.far_away (aggregate_id, version);
	CREATE TRIGGER no_truncate BEFORE TRUNCATE ON oms.far_away EXECUTE FUNCTION oms.refuse_event_change()));
my $month = psql('own', q(SELECT to_char(now() AT TIME ZONE 'UTC' + interval '2 months', 'YYYY_MM')));
psql('own', "ALTER TABLE oms.order_events DETACH PARTITION oms.order_events_$month; ALTER TABLE oms.order_events_$month RENAME TO kept_$month");

# Names of what ATTACH and CREATE INDEX make on partitions are PostgreSQL's: they may differ after a restore.
sub own_shape { my ($database) = @_; return psql($database, q(
	SELECT a.attrelid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated, a.attstattarget, (SELECT string_agg(o, ' ') FROM unnest(a.attoptions) o WHERE o !~ '^pg_'), pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
		WHERE c.relnamespace = 'oms'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2;
	SELECT i.indrelid::regclass::text, regexp_replace(pg_get_indexdef(i.indexrelid), 'INDEX \S+ ON', 'INDEX ON'), i.indisvalid, i.indisreplident, (SELECT count(*) FROM pg_inherits WHERE inhrelid = i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'oms'::regnamespace ORDER BY 1, 2;
	SELECT k.conrelid::regclass::text, k.contype, CASE WHEN k.conparentid = 0 THEN k.conname END, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE c.relnamespace = 'oms'::regnamespace ORDER BY 1, 2, 4;
	SELECT t.tgrelid::regclass::text, t.tgname, t.tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'oms'::regnamespace AND NOT tgisinternal ORDER BY 1, 2;
	SELECT c.oid::regclass::text, c.relkind, c.relrowsecurity, c.reloptions, c.relacl, pg_get_expr(c.relpartbound, c.oid) FROM pg_class c WHERE c.relnamespace = 'oms'::regnamespace AND relkind IN ('r', 'p', 'v') ORDER BY 1;
	SELECT stxrelid::regclass::text, stxname FROM pg_statistic_ext ORDER BY 1;
	SELECT polrelid::regclass::text, polname FROM pg_policy ORDER BY 1, 2;
	SELECT object, statement FROM oms.local_changes())); }

my ($own_rows, $own_shape) = (rows('own'), own_shape('own'));
command_ok([ 'pg_dump', @connection, '-Fc', '-f', "$dir/own", 'own' ], 'a database with users\' objects is dumped');
command_ok([ 'pg_dump', @connection, '-Fp', '-f', "$dir/own.sql", 'own' ], 'and in plain SQL');
command_fails([ 'pg_restore', @connection, '--exit-on-error', '-d', 'without', "$dir/own" ], 'it does not restore by itself: the columns are not in the dump, as the manual says');

# The recipe of doc/operations.md, as it stands there; and for a plain dump.
my ($recipe) = slurp_file("$FindBin::RealBin/../../doc/operations.md") =~ /```sh\n(.*?pg_restore.*?)```/s;
$recipe =~ s/\boms\.dump\b/$dir\/own.dump/g;
$recipe =~ s/\boms$|(?<=-XAtqd )oms/own/gm;
$recipe =~ s/(?<!\w)(before|after)\.sql/$dir\/$1.sql/g;
$recipe =~ s/ list\b/ $dir\/list/g;
{
	local @ENV{qw(PGHOST PGPORT)} = ($node->host, $node->port);
	command_ok([ 'bash', '-e', '-o', 'pipefail', '-c', $recipe ], 'the recipe of the manual, every step without an error');
}
append_to_file("$dir/filtered.sql", join "\n", grep { !/^ALTER INDEX oms\..* ATTACH PARTITION / } split /\n/, slurp_file("$dir/own.sql"));
command_ok([ 'psql', @connection, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'from_own_plain', '-c', 'CREATE EXTENSION oms_state', map { ('-f', "$dir/$_.sql") } qw(before filtered after) ], 'and with a plain dump');
foreach my $way (qw(new from_own_plain))
{
	is(rows($way), $own_rows, "$way: the same rows, users' columns too");
	is(own_shape($way), $own_shape, "$way: the same columns, indexes, constraints, triggers, settings, policies and privileges");
	is(psql($way, q(SELECT desk, open FROM oms.orders WHERE id = 'A.1'; SELECT note FROM open_orders WHERE id = 'A.1'; SELECT count(*) FROM notes)), "uk|t\ncall them\n1", "$way: users' values");
	is(psql($way, 'SELECT * FROM oms.verify()'), '', "$way: every invariant holds");
	is(psql($way, q(SELECT oms.rebuild('orders'); SELECT desk FROM oms.orders WHERE id = 'A.1'; UPDATE oms.orders SET status = 'NEW', leaves_quantity = 999 WHERE id = 'A.1'; SELECT oms.rebuild('orders'); SELECT desk FROM oms.orders WHERE id = 'A.1')),
		"0\nuk\n1\nuk", "$way: rebuilt rows keep users' values");
}

# DROP leaves nothing: all catalogs as before CREATE; a session that has used it can use the next one.
psql('postgres', 'CREATE DATABASE bare TEMPLATE template0');
sub catalogs { return psql('bare', join ' UNION ALL ', map { "SELECT '$_', count(*)::text FROM $_" } qw(pg_class pg_proc pg_type pg_namespace pg_trigger pg_index pg_constraint pg_inherits pg_depend pg_description pg_init_privs pg_rewrite pg_attrdef pg_publication)); }
my $bare = catalogs();
psql('bare', 'CREATE EXTENSION oms_state');
fill_database('bare');
psql('bare', 'DROP EXTENSION oms_state CASCADE');
is(catalogs(), $bare, 'DROP EXTENSION leaves nothing in the catalogs');
is(psql('bare', q(SELECT to_regnamespace('oms') IS NULL)), 't', 'DROP EXTENSION takes the schema');

my $create = q(SELECT oms_command('{"commandType": "CreateOrderCommand", "commandId": "k1", "orderId": "A", "symbol": "X", "side": "BUY", "orderQty": 7}')->'state'->>'version');
is(psql('bare', "CREATE EXTENSION oms_state; $create; DROP EXTENSION oms_state; CREATE EXTENSION oms_state; $create; SELECT count(*) FROM oms.verify();"),
	"1\n1\n0", 'CREATE, DROP and CREATE in one session');

# Another schema for the entry points; a schema oms that is there already is no place to move in.
is(psql('bare', 'DROP EXTENSION oms_state; CREATE SCHEMA desk; CREATE EXTENSION oms_state SCHEMA desk; ' . ($create =~ s/oms_command/desk.oms_command/r)), '1', 'entry points in another schema');
psql('bare', 'DROP EXTENSION oms_state; CREATE SCHEMA oms');
my ($status, undef, $error) = $node->psql('bare', 'CREATE EXTENSION oms_state', on_error_stop => 1);
like($error, qr/schema "oms" already exists/, 'a schema oms of somebody else is refused');

done_testing();
