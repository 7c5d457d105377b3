# Jobs that place what is due, several at once, beside sessions that fill, cancel, replace, claim, halt and plan anew; the server is killed in the
# middle of it. Each planned slice is placed once, or still planned, or gone with its order; nobody waits in a circle.
# Broken by: a slice that two jobs place, or a crash between its order and its plan; a lock that is taken out of order; a plan that is read before
# the lock; a wait that ends the job.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use OmsTest;

my $ORDERS = 20;
my $SECONDS = soak() ? 120 : 6;
my $dir = PostgreSQL::Test::Utils::tempdir();
my $node = oms_node('due', conf => "fsync = off\nlog_statement = none\nrestart_after_crash = on\n");

# Five slices each, a moment apart; their ClOrdIDs say of which order, and which slice.
sub planned_order
{
	my ($n) = @_;
	return qq(SELECT oms_commands(jsonb_build_array(
		jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'due$n', 'clOrdID', 'due$n', 'symbol', 'S' || $n % 3, 'side', 'BUY', 'orderQty', 100, 'price', 10),
		jsonb_build_object('commandType', 'PlaceOrderCommand', 'orderId', 'due$n', 'children',
			(SELECT jsonb_agg(jsonb_build_object('clOrdID', format('due$n-%s', s), 'orderQty', 10, 'placeAt', clock_timestamp() + s * interval '0.2 s')) FROM generate_series(1, 5) AS s)))));
}

# What the others do to an order; many are refused, and so is what comes too late.
sub something
{
	my $n = 1 + int rand $ORDERS;
	my @what = (
		qq("ExecuteOrderCommand", "orderId": "due$n", "lastQty": 1, "lastPx": 10}),
		qq("ReplaceOrderCommand", "orderId": "due$n", "orderQty": ) . (60 + int rand 80) . '}',
		qq("SendOrderToDeskCommand", "orderId": "due$n", "reason": "look"}),
		qq("ClaimOrderCommand", "orderId": "due$n"}),
		qq("ReleaseOrderFromDeskCommand", "orderId": "due$n"}),
		qq("RequestCancelOrderCommand", "orderId": "due$n"}),
		qq("RejectCancelOrderCommand", "orderId": "due$n"}),
		rand() < 0.05 ? qq("CancelOrderCommand", "orderId": "due$n"}) : qq("UpdateOrderCommand", "orderId": "due$n", "text": "t"}),
		qq("PlaceOrderCommand", "orderId": "due$n", "children": [{"orderQty": 1}]}),
		qq("RestateOrderCommand", "orderId": "due$n", "quantityFactor": 2}));

	return qq|SELECT oms_try_command('{"commandType": $what[ rand @what ]')| if rand > 0.05;
	return q(INSERT INTO oms.trading_halts (name, symbol, until) VALUES ('due', 'S1', now() + interval '0.3 s') ON CONFLICT (name, builtin) DO UPDATE SET until = excluded.until);
}

sub client
{
	my ($number, $until) = @_;
	my $errors = 0;

	srand first_seed() * 100 + $number;
	open my $paper, '>>', "$dir/client$number" or die "cannot write: $!";
	while (time < $until)
	{
		my $dbh = eval { oms_dbh($node) } or do { sleep 0.1; next; };
		while (time < $until)
		{
			my $sql = $number <= 2 ? 'SELECT count(*) FROM oms.place_due(max_orders => ' . (1 + int rand 30) . ')' : something();
			next if eval { $dbh->do($sql); 1 };
			my $state = $dbh->state;
			last if $state =~ /^(08|57P0)/ || !$dbh->ping;
			syswrite $paper, "$state $sql\n";
		}
	}
	POSIX::_exit(0);
}

$node->safe_psql('postgres', join ";\n", map { planned_order($_) } 1 .. $ORDERS);
my $until = time + $SECONDS;
my @clients;
foreach my $number (1 .. 5)
{
	my $pid = fork // die "cannot fork: $!";
	if (!$pid) { eval { client($number, $until); }; POSIX::_exit(1); }
	push @clients, $pid;
}
# A job in the middle of it, and then another one.
foreach my $half (1 .. 2)
{
	sleep $SECONDS / 4;
	my $job = eval { oms_dbh($node)->selectrow_array(q(SELECT pid FROM pg_stat_activity WHERE query LIKE '%place_due%' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1)) };
	kill 9, $job if $job;
}
waitpid $_, 0 foreach @clients;

my @errors = map { -e "$dir/client$_" ? split /\n/, slurp_file("$dir/client$_") : () } 1 .. 5;
is(join("\n", @errors), '', 'nobody got an error: no deadlock, nothing that cannot be serialized');
$node->poll_query_until('postgres', 'SELECT true');
is($node->safe_psql('postgres', 'SELECT * FROM oms.verify()'), '', 'all invariants hold');
# A slice that was planned is an order, or planned, or gone with a plan that ended; what is an order is no plan.
is($node->safe_psql('postgres', q(
	SELECT o.id, s.n, c.order_id IS NOT NULL, p.planned
	  FROM oms.orders AS o CROSS JOIN generate_series(1, 5) AS s (n)
	  LEFT JOIN oms.cl_ord_ids AS c ON c.cl_ord_id = format('%s-%s', o.id, s.n)
	 CROSS JOIN LATERAL (SELECT coalesce(o.planned_slices @> jsonb_build_array(jsonb_build_object('clOrdID', format('%s-%s', o.id, s.n))), false) AS planned) AS p
	 WHERE o.parent_id IS NULL AND c.order_id IS NOT NULL = p.planned
	   AND (p.planned OR NOT EXISTS (SELECT FROM oms.order_events AS e WHERE e.aggregate_id = o.id AND e.event_type IN ('OrderCancelled', 'OrderPlacementPlanned') AND e.version > 2)))), '', 'each slice is placed or planned, and not both');
cmp_ok($node->safe_psql('postgres', q(SELECT count(*) FROM oms.orders WHERE cl_ord_id LIKE 'due%-%')), '>', 10, 'some were placed');
# Who plans beyond what is due loses nothing: once nobody disturbs them, all plans come to their end.
$node->safe_psql('postgres', q(DELETE FROM oms.trading_halts; SELECT oms_try_command(jsonb_build_object('commandType', c, 'orderId', o.id)) FROM oms.orders AS o, unnest(ARRAY['ReleaseOrderFromDeskCommand', 'RejectCancelOrderCommand']) AS c WHERE o.parent_id IS NULL));
ok($node->poll_query_until('postgres', q(WITH placed AS MATERIALIZED (SELECT count(*) FROM oms.place_due()) SELECT placed.count >= 0 AND NOT EXISTS (SELECT FROM oms.orders AS o WHERE o.next_placement_at IS NOT NULL) FROM placed)), 'all plans end');
is($node->safe_psql('postgres', 'SELECT * FROM oms.verify()'), '', 'and all invariants hold');

done_testing();
