# A dump (custom format and plain SQL) restores to the same rows and goes on; DROP EXTENSION leaves
# nothing; CREATE again works, in the same session too.
# Broken by: a table or sequence that pg_dump skips, a foreign key or a trigger in the way of the
# restore, partitions that do not come back, or state kept outside the extension.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

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
	psql($database, q(SELECT oms_try_command('{"commandType": "CancelOrderCommand", "orderId": "A"}')));
}

# The restored database works on: old trees, new ones, repeats, ids, append-only, ids of its own.
sub goes_on
{
	my ($database, $how) = @_;
	my $number = psql($database, 'SELECT max(sequence) FROM oms.order_events');

	is(psql($database, 'SELECT count(*) FROM oms.verify()'), '0', "$how: every invariant holds");
	is(command($database, '{"commandType": "ExecuteOrderCommand", "orderId": "A.3", "lastQty": 30, "lastPx": 2}'), 'ALLOCATED', "$how: an old tree goes on");
	is(psql($database, q(SELECT status FROM oms.orders WHERE id = 'A.3')), 'FILLED', "$how: with its quantities");
	is(command($database, '{"commandType": "ReplaceOrderCommand", "orderId": "A.2", "clOrdID": "c2"}', q('state'->>'orderQty')), '60', "$how: open requests can be answered");
	is(command($database, '{"commandType": "ExecuteOrderCommand", "commandId": "k-x2", "orderId": "A.2", "executionId": "X2", "execID": "E2", "lastQty": 20, "lastPx": 1.02}', q('duplicate')),
		'true', "$how: repeats are recognised");
	cmp_ok(psql($database, 'SELECT max(sequence) FROM oms.order_events'), '>', $number, "$how: the sequence goes on");
	foreach my $sql (q(SELECT oms_command('{"commandType": "CreateOrderCommand", "clOrdID": "c1", "symbol": "X", "side": "BUY", "orderQty": 1}')))
	{
		my ($status, undef, $error) = $node->psql($database, "\\set VERBOSITY sqlstate\n$sql");
		like($error, qr/OM007/, "$how: ClOrdIDs are known");
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
	goes_on($database, $database);
}

# A dump of a dump.
my $rows_after = rows('from_custom');
command_ok([ 'pg_dump', @connection, '-Fc', '-f', "$dir/again", 'from_custom' ], 'a restored database is dumped again');
psql('postgres', 'CREATE DATABASE again TEMPLATE template0');
command_ok([ 'pg_restore', @connection, '--exit-on-error', '-d', 'again', "$dir/again" ], 'and restored again');
is(rows('again'), $rows_after, 'again: the same rows');
is(psql('again', 'SELECT count(*) FROM oms.verify()'), '0', 'again: every invariant holds');

# DROP leaves nothing: all catalogs as before CREATE; a session that has used it can use the next one.
psql('postgres', 'CREATE DATABASE bare TEMPLATE template0');
sub catalogs { return psql('bare', join ' UNION ALL ', map { "SELECT '$_', count(*)::text FROM $_" } qw(pg_class pg_proc pg_type pg_namespace pg_trigger pg_index pg_constraint pg_inherits pg_depend pg_description pg_init_privs pg_rewrite pg_attrdef pg_publication)); }
my $bare = catalogs();
psql('bare', 'CREATE EXTENSION oms_state');
fill_database('bare');
psql('bare', 'DROP EXTENSION oms_state');
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
