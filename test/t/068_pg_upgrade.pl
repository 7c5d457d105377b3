# pg_upgrade: a cluster with data, partitions, a detached month and a column of users goes on in the next one.
# Both are of this version, for there is no other here: what is moved is all the same, catalogs by pg_dump in binary upgrade mode and
# files as they are.
# Broken by: anything that is known by an OID or a file, or that CREATE EXTENSION would have to fill.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $old = oms_node('old');
my $bin = $old->config_data('--bindir');

if (!-x "$bin/pg_upgrade")
{
	$old->stop;
	plan(skip_all => "NO pg_upgrade HERE: $bin has none");
}

sub rows
{
	my ($node) = @_;
	return $node->safe_psql('postgres', q(SELECT id, version, status, executed_quantity, encode(hash, 'hex'), desk FROM oms.orders ORDER BY id; SELECT sequence, root_id, tree_version, tableoid::regclass FROM oms.all_events_of_table ORDER BY 1;
		SELECT actor, command_id, sequences FROM oms.commands ORDER BY 2; SELECT * FROM oms.shipped_objects ORDER BY 1, 2, 3; SELECT object FROM oms.local_changes()));
}

$old->safe_psql('postgres', q(ALTER TABLE oms.orders ADD COLUMN desk text DEFAULT 'none'; CREATE INDEX mine ON oms.order_events (event_type);
	CREATE VIEW oms.all_events_of_table AS SELECT sequence, root_id, tree_version, tableoid FROM oms.order_events));
my $fill = q({"commandType": "ExecuteOrderCommand", "commandId": "k3", "orderId": "A.1", "executionId": "E", "execID": "V1", "lastQty": 2, "lastPx": 1.5});
$old->safe_psql('postgres', "SELECT oms_command('$_')") foreach '{"commandType": "CreateOrderCommand", "commandId": "k1", "orderId": "A", "clOrdID": "c1", "symbol": "X", "side": "BUY", "orderQty": 10}',
	'{"commandType": "CreateOrderCommand", "commandId": "k2", "orderId": "A.1", "parentId": "A", "orderQty": 5}', $fill;
my $month = $old->safe_psql('postgres', q(SELECT to_char(now() AT TIME ZONE 'UTC' + interval '2 months', 'YYYY_MM')));
$old->safe_psql('postgres', "ALTER TABLE oms.order_events DETACH PARTITION oms.order_events_$month; ALTER TABLE oms.order_events_$month RENAME TO kept");
my $rows = rows($old);
$old->stop;

my $new = oms_node('new', start => 0);
command_ok([ $bin . '/pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $bin, '-B', $bin, '-s', $new->host, '-p', $old->port, '-P', $new->port ], 'pg_upgrade')
  or diag(join "\n", map { slurp_file($_) } glob $new->data_dir . '/pg_upgrade_output.d/*/log/*.{log,txt}');
$new->start;
is(rows($new), $rows, 'everything is there as it was');
is($new->safe_psql('postgres', 'SELECT * FROM oms.verify()'), '', 'every invariant holds');
is($new->safe_psql('postgres', "SELECT oms_command('$fill') -> 'duplicate'"), 'true', 'repeats are recognised');
is($new->safe_psql('postgres', q(SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "A.1", "execID": "V2", "lastQty": 3, "lastPx": 1.5}') #>> '{orders,0,status}')), 'FILLED', 'orders go on');
is($new->safe_psql('postgres', 'SELECT oms.ensure_partitions(2), oms.ensure_partitions(3) - (SELECT count(*) FROM oms.kinds())'), '1|0', 'the month whose partition was detached is made again, and later ones');
is($new->safe_psql('postgres', q(SELECT count(*) FROM pg_index WHERE indrelid::regclass::text ~ '^oms.order_events_2' AND pg_get_indexdef(indexrelid) ~ 'event_type')),
	$new->safe_psql('postgres', q(SELECT count(*) FROM pg_inherits WHERE inhparent = 'oms.order_events'::regclass)), 'with the index of the parent');
is($new->safe_psql('postgres', 'SELECT * FROM oms.verify()'), '', 'every invariant still holds');

$new->stop;
done_testing();
