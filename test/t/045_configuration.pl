# Configuration and its events leave a database and come into another one: data alone restored into a fresh extension, logical replication, a standby that is
# promoted. And whatever a DBA does to these tables, or finds damaged in them: oms.verify() names it, no backend ends, and the next change goes on.
# Broken by: a row that is counted anew, or an event written twice, where both come from elsewhere; a trigger that trusts a column, a hash or a payload.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my @TABLES = qw(limits restricted_list fix_sessions validation_rules trading_halts routing_rules placement_policies services configuration_events purged_configuration);
my $node = oms_node('configuration', streaming => 'logical', conf => "wal_receiver_status_interval = 1\n");
my $dir = PostgreSQL::Test::Utils::tempdir();
my @connection = ('-h', $node->host, '-p', $node->port);

sub sql { my ($on, $sql, $database) = @_; return $on->safe_psql($database // 'postgres', $sql); }
sub verify { my ($on, $database) = @_; return sql($on, q(SELECT concat_ws(' ', invariant, object, id) FROM oms.verify() ORDER BY 1), $database); }
sub rows { my ($on, $database) = @_; return join "\n", map { "$_ " . sql($on, "SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM oms.$_ AS t", $database) } @TABLES; }
sub head { my ($on, $id, $database) = @_; return sql($on, "SELECT version, change, after FROM oms.configuration_history WHERE table_name || '/' || id = '$id' ORDER BY version DESC LIMIT 1", $database); }

sub change
{
	my ($on, $database) = @_;
	sql($on, q(
		INSERT INTO oms.limits (account, symbol, what, amount) SELECT 'A' || n, 'X/Y', 'ORDER_QUANTITY', n FROM generate_series(1, 20) AS n;
		UPDATE oms.limits SET amount = amount + 1 WHERE account IN ('A1', 'A2');
		DELETE FROM oms.limits WHERE account = 'A2';
		INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('A2', 'X/Y', 'ORDER_QUANTITY', 7), ('big', '', 'w', 'NaN');
		INSERT INTO oms.restricted_list (symbol) VALUES ('GONE');
		INSERT INTO oms.fix_sessions (session, direction) VALUES ('OMS|ALPHA', 'CLIENT');
		INSERT INTO oms.trading_halts (name, symbol, since, until) VALUES ('h', 'X', '2026-01-02 03:04:05.6Z', 'infinity');
		INSERT INTO oms.routing_rules (name, priority, predicate, reason) VALUES ('all', 1, 'cur.order_qty > 10', 'large');
		INSERT INTO oms.placement_policies (name, priority, predicate, destinations, slices, slice_interval)
		VALUES ('two', 1, 'cur.order_qty > 10', '[{"destination": "X"}, {"weight": 2.5}]', 3, '1 day 90 s');
		INSERT INTO oms.services (name, definition) VALUES ('inner', '{"steps": [{"name": "a", "command": "CancelOrderCommand", "with": {"orderId": "A"}}]}');
		INSERT INTO oms.services (name, definition) VALUES ('outer', '{"steps": [{"name": "a", "service": "inner"}]}');
		-- the row of what is called comes behind that of who calls it
		UPDATE oms.services SET definition = definition || '{"description": "changed"}' WHERE name = 'inner';
		INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES ('restricted', 'order', 'CreateOrderCommand', 'NOT oms.restricted(command ->> ''symbol'', command ->> ''account'')', 'no')), $database);
	return;
}

change($node);
is(verify($node), '', 'all invariants hold');
my $rows = rows($node);

# ---- data alone, into a fresh extension; whichever table comes first -----------------------------------------------------
my @data = map { ('-t', "oms.$_") } @TABLES, 'event_sequence';
command_ok([ 'pg_dump', @connection, '-Fc', '--data-only', @data, '-f', "$dir/data", 'postgres' ], 'the data of configuration alone is dumped');
foreach my $way ([ 'all_at_once' ], [ 'parallel', '-j', '2' ], [ 'no_triggers', '--disable-triggers' ], [ 'one_by_one' ])
{
	my ($database, @options) = @$way;

	sql($node, "CREATE DATABASE $database");
	sql($node, 'CREATE EXTENSION oms_state', $database);
	foreach my $part ($database eq 'one_by_one' ? map { [ '-t', $_ ] } 'event_sequence', reverse @TABLES : [])
	{
		command_ok([ 'pg_restore', @connection, '--exit-on-error', @options, @$part, '-d', $database, "$dir/data" ], "$database: it is restored (@$part)");
	}
	is(rows($node, $database), $rows, "$database: the same rows and events, no more");
	is(verify($node, $database), '', "$database: all invariants hold");
	sql($node, q(UPDATE oms.limits SET amount = 8 WHERE account = 'A2'), $database);
	is(head($node, 'limits/A2/X\/Y/ORDER_QUANTITY', $database), '5|Changed|{"amount": 8}', "$database: the history goes on");
	is(verify($node, $database), '', "$database: and all invariants hold");
}
# the sequence is data too
is(sql($node, 'SELECT count(*) - count(DISTINCT sequence) FROM oms.configuration_events', 'one_by_one'), '0', 'no number twice');

# A row that is copied in a live store is a new one, also by its owner, hash and all.
sql($node, q(INSERT INTO oms.limits SELECT 'copy', symbol, what, amount, version, hash FROM oms.limits WHERE account = 'A3'));
is(head($node, 'limits/copy/X\/Y/ORDER_QUANTITY'), '1|Created|{"what": "ORDER_QUANTITY", "amount": 3, "symbol": "X/Y", "account": "copy"}', 'a copied row is one of its own');
is(verify($node), '', 'and all invariants hold');

# One session: the extension goes and comes again.
sql($node, 'CREATE DATABASE again');
is(sql($node, q(CREATE EXTENSION oms_state; INSERT INTO oms.limits (account, what, amount) VALUES ('A', 'w', 1); DROP EXTENSION oms_state; CREATE EXTENSION oms_state;
	INSERT INTO oms.limits (account, what, amount) VALUES ('A', 'w', 2); SELECT version, payload #>> '{state,amount}' FROM oms.configuration_events), 'again'), '1|2', 'CREATE, DROP, CREATE in one session');

# ---- logical replication ----------------------------------------------------------------------------------------------
my $subscriber = oms_node('subscriber', streaming => 'logical');
# what is shipped is there already
sql($node, 'CREATE PUBLICATION configuration FOR TABLE ' . join ', ', map { "oms.$_" . (/_rules|_policies|halts|services/ ? ' WHERE (NOT builtin)' : '') } @TABLES);
my $connstr = $node->connstr('postgres');
sql($subscriber, "CREATE SUBSCRIPTION configuration CONNECTION \$c\$$connstr\$c\$ PUBLICATION configuration");
$subscriber->poll_query_until('postgres', q(SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate <> 'r')) or die 'no sync';
$node->wait_for_catchup('configuration');
is(rows($subscriber), rows($node), 'logical replication: the same rows and events');
sql($node, q(UPDATE oms.limits SET amount = 99 WHERE account = 'A1'; DELETE FROM oms.limits WHERE account = 'A3'; INSERT INTO oms.restricted_list (symbol) VALUES ('REPL');
	UPDATE oms.validation_rules SET message = 'not that' WHERE name = 'restricted' AND NOT builtin; UPDATE oms.trading_halts SET reason = 'news'));
$node->wait_for_catchup('configuration');
is(rows($subscriber), rows($node), 'logical replication: and after changes');
is(verify($subscriber), '', 'logical replication: all invariants hold there');
is(sql($subscriber, q(SELECT r #>> '{error,rule}' FROM oms_try_command('{"commandType": "CreateOrderCommand", "symbol": "REPL", "side": "BUY", "orderQty": 1}') AS r)), 'restricted', 'logical replication: rules act there');
# what is changed on both sides stops the subscription, as with any table; whoever takes over goes on
sql($subscriber, 'ALTER SUBSCRIPTION configuration DISABLE; ALTER SUBSCRIPTION configuration SET (slot_name = NONE); DROP SUBSCRIPTION configuration');
sql($subscriber, q(SELECT setval('oms.event_sequence', (SELECT max(sequence) FROM oms.configuration_events)); UPDATE oms.limits SET amount = 100 WHERE account = 'A1'));
is(head($subscriber, 'limits/A1/X\/Y/ORDER_QUANTITY'), '4|Changed|{"amount": 100}', 'logical replication: who takes over goes on with the history');
is(verify($subscriber), '', 'logical replication: and all invariants hold');
$subscriber->stop;
sql($node, q(SELECT pg_drop_replication_slot('configuration'); DROP PUBLICATION configuration));

# ---- a standby ---------------------------------------------------------------------------------------------------------
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby_of_configuration');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
sql($node, q(UPDATE oms.limits SET amount = 101 WHERE account = 'A1'));
$node->wait_for_catchup($standby);
is(rows($standby), rows($node), 'a standby has them');
is(verify($standby), '', 'a standby: verify() runs there');
is(head($standby, 'limits/A1/X\/Y/ORDER_QUANTITY'), '4|Changed|{"amount": 101}', 'a standby: the history is read there');
psql_fails_with($standby, q(UPDATE oms.limits SET amount = 1), '25006', 'a standby: nothing is changed there');
$standby->promote;
sql($standby, q(DELETE FROM oms.limits WHERE account = 'A1'));
is(head($standby, 'limits/A1/X\/Y/ORDER_QUANTITY'), '5|Deleted|', 'promoted: the history goes on');
is(verify($standby), '', 'promoted: all invariants hold');
$standby->stop;

# ---- what a DBA does ------------------------------------------------------------------------------------------------------
my $started = sql($node, 'SELECT pg_postmaster_start_time()');

# In a transaction that is rolled back: what a statement gives, or how it fails; and what verify() says.
sub after
{
	my ($what, $edit, $statement, $expected, @findings) = @_;
	my ($status, $out, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\nBEGIN; $edit; $statement; COMMIT");

	is($status == 0 ? $out : $error =~ /ERROR:  ([0-9A-Z]{5}): (.*)/ ? "$1 $2" : $error, $expected, $what);
	($status, $out, $error) = $node->psql('postgres', "BEGIN; $edit; SELECT DISTINCT concat_ws(' ', invariant, object, id) FROM oms.verify() ORDER BY 1; SELECT count(*) FROM oms.configuration_history LIMIT 0; ROLLBACK");
	is("$out$error", join("\n", @findings), "$what: what verify() says");
	return;
}

my $update = q(UPDATE oms.limits SET amount = 77 WHERE account = 'A5' RETURNING version);

after('a column of his own', q(ALTER TABLE oms.limits ADD COLUMN desk text NOT NULL DEFAULT 'x', ADD COLUMN o int), "$update; ROLLBACK; BEGIN", '2');
after('a column dropped', 'ALTER TABLE oms.limits DROP COLUMN amount', q(DELETE FROM oms.limits WHERE account = 'A5'), '55000 oms.limits has no column "amount"', map { "row_state limits $_" } sort +(map { "A$_/X\\/Y/ORDER_QUANTITY" } 1, 2, 4 .. 20), 'big//w', 'copy/X\/Y/ORDER_QUANTITY');
after('version dropped', 'ALTER TABLE oms.restricted_list DROP COLUMN version', q(INSERT INTO oms.restricted_list (symbol) VALUES ('x')), '55000 oms.restricted_list has no column "version"', 'row_version restricted_list GONE/', 'row_version restricted_list REPL/');
after('hash dropped', 'ALTER TABLE oms.restricted_list DROP COLUMN hash', q(INSERT INTO oms.restricted_list (symbol) VALUES ('x')), '55000 oms.restricted_list has no column "hash"', 'row_hash restricted_list GONE/', 'row_hash restricted_list REPL/');
after('a column of another type', 'ALTER TABLE oms.restricted_list ALTER COLUMN reason TYPE varchar', q(UPDATE oms.restricted_list SET reason = 'x'), '55000 "reason" of oms.restricted_list is of type character varying');
after('a key of another type', 'DROP POLICY oms_accounts ON oms.restricted_list; ALTER TABLE oms.restricted_list ALTER COLUMN account TYPE varchar', q(DELETE FROM oms.restricted_list), '55000 "account" of oms.restricted_list is of type character varying');
after('a column renamed', 'ALTER TABLE oms.fix_sessions RENAME COLUMN last_look TO look', q(DELETE FROM oms.fix_sessions), '55000 oms.fix_sessions has no column "last_look"', 'row_state fix_sessions ALPHA|OMS');
after('a table renamed', 'ALTER TABLE oms.limits RENAME TO mine', q(DELETE FROM oms.mine), '39P01 oms.configuration_version() was not called by the trigger manager before a row of a table of configuration',
	'append_only table oms.limits', map { "orphan limits $_" } sort +(map { "A$_/X\\/Y/ORDER_QUANTITY" } 1, 2, 4 .. 20), 'big//w', 'copy/X\/Y/ORDER_QUANTITY');
after('no primary key', 'ALTER TABLE oms.restricted_list DROP CONSTRAINT restricted_list_pkey, ALTER COLUMN account DROP NOT NULL; UPDATE oms.restricted_list SET reason = account WHERE false',
	q(INSERT INTO oms.restricted_list VALUES ('N', NULL) RETURNING version; ROLLBACK; BEGIN), '1');
after('no key of versions', 'ALTER TABLE oms.configuration_events DROP CONSTRAINT configuration_events_root_id_version_key', $update,
	'42P10 there is no unique or exclusion constraint matching the ON CONFLICT specification', 'append_only table oms.configuration_events');
after('a trigger dropped', 'DROP TRIGGER version_row ON oms.restricted_list', q(INSERT INTO oms.restricted_list (symbol) VALUES ('x')), '55000 "x/" of oms.restricted_list was changed again after its event was made', 'append_only table oms.restricted_list');
after('no event is written', q(DROP TRIGGER row_changed ON oms.restricted_list; INSERT INTO oms.restricted_list (symbol) VALUES ('x')), 'ROLLBACK; BEGIN', '', 'append_only table oms.restricted_list', 'orphan restricted_list x/');
after('a trigger of the events that drops them', q(CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER swallow BEFORE INSERT ON oms.configuration_events FOR EACH ROW EXECUTE FUNCTION swallow()),
	$update, '40001 configuration "limits/A5/X\/Y/ORDER_QUANTITY" was changed meanwhile');
after('events of nulls', q(ALTER TABLE oms.configuration_events ALTER COLUMN hash DROP NOT NULL, ALTER COLUMN occurred_at DROP NOT NULL, ALTER COLUMN xid DROP NOT NULL, ALTER COLUMN payload DROP NOT NULL;
	SET LOCAL session_replication_role = replica; UPDATE oms.configuration_events SET hash = NULL, occurred_at = NULL, xid = NULL, payload = NULL WHERE aggregate_id LIKE 'A5/%'; SET LOCAL session_replication_role = origin),
	"$update; ROLLBACK; BEGIN", '2', map { "$_ limits A5/X\\/Y/ORDER_QUANTITY" } qw(event_columns hash_chain row_hash row_state));
after('the events with row security, forced', 'ALTER TABLE oms.configuration_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', "$update; ROLLBACK; BEGIN", '2');

# ---- damage --------------------------------------------------------------------------------------------------------------
sub damaged
{
	my ($what, $edit, $expected, @findings) = @_;
	after($what, "SET LOCAL session_replication_role = replica; $edit; SET LOCAL session_replication_role = origin", "$update; ROLLBACK; BEGIN", $expected, @findings);
	return;
}

my $a5 = 'limits A5/X\/Y/ORDER_QUANTITY';
my $events = q(UPDATE oms.configuration_events SET %s WHERE root_id = 'limits/A5/X\/Y/ORDER_QUANTITY');
damaged('a row changed', q(UPDATE oms.limits SET amount = 6 WHERE account = 'A5'), '2', "row_state $a5");
damaged('its version', q(UPDATE oms.limits SET version = 1000 WHERE account = 'A5'), '2', "row_version $a5");
damaged('the largest one', q(UPDATE oms.limits SET version = 9223372036854775807 WHERE account = 'A5'), '2', "row_version $a5");
damaged('a negative one', q(UPDATE oms.limits SET version = -5 WHERE account = 'A5'), '2', "row_version $a5");
damaged('its hash', q(UPDATE oms.limits SET hash = '\x' WHERE account = 'A5'), '2', "row_hash $a5");
damaged('no hash', q(UPDATE oms.limits SET hash = NULL WHERE account = 'A5'), '2', "row_hash $a5");
damaged('a row removed', q(DELETE FROM oms.limits WHERE account = 'A5'), '', "orphan $a5");
damaged('a row put in', q(INSERT INTO oms.limits (account, what, amount) VALUES ('ghost', 'w', 1)), '2', 'orphan limits ghost//w');
damaged('its events removed', q(DELETE FROM oms.configuration_events WHERE root_id = 'limits/A5/X\/Y/ORDER_QUANTITY'), '1', "orphan $a5");
foreach my $payload ('7', 'null', '[]', '{}', '{"state": 7}', '{"state": null}', '{"state": {"version": {}, "amount": []}, "version": [], "occurredAt": {}}')
{
	damaged("payload $payload", sprintf($events, "payload = '$payload'"), '2', "event_columns $a5", "hash_chain $a5", "row_state $a5");
}
damaged('an event by somebody else', sprintf($events, q(actor = 'x')), '2', "event_columns $a5");
damaged('an event of another type', sprintf($events, q(event_type = '')), '2', "event_columns $a5", "transition_unknown $a5");
damaged('an event at another time', sprintf($events, q(occurred_at = 'infinity')), '2', "event_columns $a5");
damaged('an event at a later time', sprintf($events, q(occurred_at = '2100-01-01Z')), '2', "event_columns $a5");
damaged('an event of the last version', sprintf($events, q(version = 9223372036854775807)), '22003 configuration "limits/A5/X\/Y/ORDER_QUANTITY" has no version after 9223372036854775807',
	"event_columns $a5", "row_version $a5", "version_gap $a5");
damaged('a hash of no length', sprintf($events, q(hash = '')), '2', "hash_chain $a5", "row_hash $a5");
damaged('of no transaction', sprintf($events, q(xid = '1')), '2', 'transaction configuration A5/X\/Y/ORDER_QUANTITY');
damaged('a name of nothing', sprintf($events, q(root_id = '')), '1', 'event_columns  A5/X\/Y/ORDER_QUANTITY', 'orphan  A5/X\/Y/ORDER_QUANTITY', "orphan $a5", 'transition_unknown  A5/X\/Y/ORDER_QUANTITY');

# What is damaged in a row is mended by changing it, or by deleting what nobody knows of.
sql($node, q(SET session_replication_role = replica; UPDATE oms.limits SET amount = 1, version = 5, hash = NULL WHERE account = 'A6'; DELETE FROM oms.limits WHERE account = 'A7';
	INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('ghost', '', 'w', 1), ('spectre', '', 'w', 2);
	SET session_replication_role = origin; UPDATE oms.limits SET amount = 66 WHERE account = 'A6'; INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('A7', 'X/Y', 'ORDER_QUANTITY', 7);
	DELETE FROM oms.limits WHERE account = 'ghost'; UPDATE oms.limits SET amount = 3 WHERE account = 'spectre'));
is(verify($node), '', 'mended: all invariants hold');
is(sql($node, q(SELECT string_agg(concat_ws(' ', id, version, change), ', ' ORDER BY id, version) FROM oms.configuration_history WHERE id ~ '^(A6|A7|ghost|spectre)/')),
	'A6/X\/Y/ORDER_QUANTITY 1 Created, A6/X\/Y/ORDER_QUANTITY 2 Changed, A7/X\/Y/ORDER_QUANTITY 1 Created, A7/X\/Y/ORDER_QUANTITY 2 Changed, ghost//w 1 Deleted, spectre//w 1 Created', 'mended: what events say of it');

is(sql($node, 'SELECT pg_postmaster_start_time()'), $started, 'no backend has ended the server');
is(verify($node), '', 'all invariants hold after');
done_testing();
