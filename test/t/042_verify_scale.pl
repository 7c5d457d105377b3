# What oms.verify() costs grows as the store grows, whether the events are of one order, of one tree, of many, or of one block and its members, without
# statistics and with them, serially and with parallel workers. No clock decides it: the rows that all nodes of all
# plans touched are counted (auto_explain), for a store and for the same store four times as large.
# Broken by: a join on part of a key (on aggregate_id alone, say), a nested loop over two tables, a window whose frame
# starts anew for each row; by a plan that is right only in one process.

use strict;
use warnings;

use Test::More;
use PostgreSQL::Test::Utils;
use OmsTest;

use constant EVENTS => 300;

my $node = oms_node('verify_scale', conf => "autovacuum = off\nsession_preload_libraries = 'auto_explain'\n");
my @parts = split /\n/, $node->safe_psql('postgres',
	q(SELECT proname FROM pg_proc WHERE pronamespace = 'oms'::regnamespace AND proname ~ '^verify_' AND pronargs = 0 ORDER BY 1));
cmp_ok(scalar @parts, '>=', 17, 'the parts of oms.verify()');

# Until the store has so many events: orders with six events each (a fill among them), one order with all of them, or a block of ten
# members with fills and an allocation for each.
my $grow = <<'SQL';
CREATE PROCEDURE public.grow(shape text, events integer) LANGUAGE plpgsql AS $$
DECLARE
  had integer;
BEGIN
  LOOP
    SELECT count(*) INTO had FROM oms.all_events;
    EXIT WHEN had >= events;
    IF had = 0 AND shape = 'one_block' THEN
      PERFORM oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'M-' || m, 'symbol', 'IBM', 'side', 'BUY', 'orderQty', 1000000000)) FROM generate_series(1, 10) AS m;
      PERFORM oms_command(jsonb_build_object('commandType', 'CreateBlockOrderCommand', 'orderId', 'R', 'members',
        (SELECT jsonb_agg(jsonb_build_object('orderId', 'M-' || m, 'quantity', 1000000)) FROM generate_series(1, 10) AS m)));
    ELSIF had = 0 AND shape <> 'many_trees' THEN
      PERFORM oms_command('{"commandType": "CreateOrderCommand", "orderId": "R", "symbol": "IBM", "side": "BUY", "orderQty": 1000000000}');
    END IF;
    PERFORM count(*) FROM oms_commands((
      SELECT jsonb_agg(c.command || jsonb_build_object('commandId', format('%s-%s-%s', had, k, c.n)) ORDER BY c.n, k)
        FROM generate_series(1, 50) AS k
       CROSS JOIN LATERAL (
         SELECT 1, jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', format('O-%s-%s', had, k), 'orderQty', 100)
                   || CASE shape WHEN 'one_tree' THEN '{"parentId": "R"}' ELSE '{"symbol": "IBM", "side": "BUY"}' END::jsonb WHERE shape IN ('one_tree', 'many_trees')
         UNION ALL
         SELECT 2, jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', CASE shape WHEN 'one_block' THEN 'R' ELSE format('O-%s-%s', had, k) END,
                                      'execID', format('E-%s-%s', had, k), 'lastQty', 10, 'lastPx', 10.5 + k) WHERE shape <> 'one_order'
         UNION ALL
         SELECT u, jsonb_build_object('commandType', 'UpdateOrderCommand', 'text', format('note %s %s', k, u),
                                      'orderId', CASE shape WHEN 'one_order' THEN 'R' ELSE format('O-%s-%s', had, k) END) FROM generate_series(3, 5) AS u WHERE shape <> 'one_block'
         UNION ALL
         SELECT 6, jsonb_build_object('commandType', 'AllocateExecutionCommand', 'orderId', 'R', 'method', 'PRO_RATA', 'quantity', 10) WHERE shape = 'one_block'
       ) AS c (n, command)));
    COMMIT;
  END LOOP;
END $$;
SQL

# Rows that the nodes of the plans of each part touched: those they gave and those they threw away.
sub rows_touched
{
	my ($database, $settings) = @_;
	my ($out, $plans);
	my (%touched, $part);
	my $loops = 1;

	$node->psql($database, "SET client_min_messages = log; SET auto_explain.log_analyze = on; SET auto_explain.log_timing = off;
		SET auto_explain.log_nested_statements = on; SET auto_explain.log_level = notice; $settings SET auto_explain.log_min_duration = 0; "
		. join(' ', map { "DO 'BEGIN RAISE LOG ''part $_''; END'; SELECT count(*) FROM oms.$_();" } @parts),
		stdout => \$out, stderr => \$plans, on_error_stop => 1);
	is($out, join("\n", ('0') x @parts), "$database: nothing is broken");
	foreach (split /\n/, $plans)
	{
		if (/LOG:  part (\w+)/)                              { $part = $1; }
		elsif (/\(actual rows=(\d+) loops=(\d+)\)/)          { $loops = $2; $touched{$part} += $1 * $2; }
		elsif (/Rows Removed by [^:]+: (\d+)/)               { $touched{$part} += $1 * $loops; }
	}
	return %touched;
}

# By name: whether the tables are analysed, and the settings.
my $parallel = 'SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
my @rounds = ([ 'without statistics', 0, '' ], [ 'analysed, with parallel workers', 1, $parallel ]);
foreach my $shape (qw(one_order one_tree many_trees one_block))
{
	my %small;

	$node->safe_psql('postgres', "CREATE DATABASE $shape");
	$node->safe_psql($shape, "CREATE EXTENSION oms_state; $grow");
	foreach my $size (1, 4)
	{
		$node->safe_psql($shape, "DELETE FROM pg_statistic; CALL public.grow('$shape', " . $size * EVENTS . ")");
		my $events = $node->safe_psql($shape, 'SELECT count(*) FROM oms.all_events');
		foreach (@rounds)
		{
			my ($name, $analysed, $settings) = @$_;

			$node->safe_psql($shape, 'ANALYZE') if $analysed;
			my %touched = rows_touched($shape, $settings);
			$small{$name} = { map { $_ => $touched{$_} / $events } @parts }, next if $size == 1;
			cmp_ok($touched{$_} / $events, '<', 2 * $small{$name}{$_} + 5, "$shape, $_: rows touched for each event, $name") foreach @parts;
		}
	}
	my $tamper = q(SET session_replication_role = replica; UPDATE oms.order_events SET actor = 'x' WHERE sequence = 500;
		UPDATE oms.orders SET leaves_quantity = 7 WHERE id = (SELECT min(id) FROM oms.orders); DELETE FROM oms.commands WHERE command_id = (SELECT min(command_id) FROM oms.commands);
		SET session_replication_role = origin;);
	my $found = q(SELECT string_agg(v::text, ';' ORDER BY v::text) FROM oms.verify() AS v);
	my $serial = $node->safe_psql($shape, "$tamper $found");
	like($serial, qr/event_columns.*row_state/s, "$shape: what is broken is found");
	is($node->safe_psql($shape, "$parallel SET force_parallel_mode = on; SET jit = on; SET jit_above_cost = 0; $found"), $serial,
		"$shape: parallel workers find the same");
	is($node->safe_psql($shape, "SET work_mem = '64kB'; SET hash_mem_multiplier = 1; $found"), $serial, "$shape: so does little memory");
}

done_testing();
