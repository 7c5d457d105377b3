# queries.pl: the section "queries" of run.pl, whose tools it uses: what a desk and an application ask, against the best statement that returns the same
# jsonb, written by hand and prepared; in a store of 10,000 orders and in a large one (test/data/many_orders.sql).
use strict;
use warnings;

my $day = "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"00:00:00\"Z\"')";
my $some = "(SELECT * FROM oms.orders TABLESAMPLE SYSTEM (least(100, 400000.0 / (SELECT reltuples FROM pg_class WHERE oid = 'oms.orders'::regclass))) REPEATABLE (7)) AS s";

# Name; object; the specification as a text that has the argument in the place of ?; by hand, with the argument as $1; a SELECT of arguments.
my @queries = (
	['an order by its id', 'orders', '{"where": {"orderId": "?"}}', 'SELECT oms.order_state(o) FROM oms.orders AS o WHERE o.id = $1', "SELECT id FROM $some"],
	['an order by its clOrdID', 'orders', '{"where": {"clOrdID": "?"}}', 'SELECT oms.order_state(o) FROM oms.cl_ord_ids AS c JOIN oms.orders AS o ON o.id = c.order_id WHERE c.cl_ord_id = $1', "SELECT cl_ord_id FROM $some"],
	['open orders of an account, 50', 'orders', '{"where": {"account": "?", "closed": false}, "orderBy": "-createdAt", "limit": 50}',
		'SELECT oms.order_state(o) FROM oms.orders AS o WHERE o.account = $1 AND NOT o.closed ORDER BY o.created_at DESC, o.id LIMIT 50', "SELECT DISTINCT account FROM $some"],
	['the orders of a root', 'orders', '{"where": {"rootId": "?"}}', 'SELECT oms.order_state(o) FROM oms.orders AS o WHERE o.root_id = $1 ORDER BY o.id LIMIT 100', "SELECT root_id FROM $some"],
	['the tree of a root', 'order_tree', '{"where": {"rootId": "?"}}',
		q{SELECT oms.order_state(o) || jsonb_build_object('depth', t.depth, 'path', t.path) FROM oms.order_tree AS t JOIN oms.orders AS o ON o.id = t.id WHERE t.root_id = $1 ORDER BY t.path LIMIT 100}, "SELECT root_id FROM $some LIMIT 500"],
	['the review queue, 100', 'executions', '{"where": {"status": "REVIEW", "executionId": {"ne": "?"}}}', q{SELECT oms.execution_state(e) FROM oms.executions AS e WHERE e.status = 'REVIEW' AND e.id <> $1 ORDER BY e.id LIMIT 100}, 'SELECT i::text FROM generate_series(1, 50) AS i'],
	['the queue of the desk, 100', 'orders', '{"where": {"deskStatus": ["QUEUED", "CLAIMED"], "orderId": {"ne": "?"}}}',
		q{SELECT oms.order_state(o) FROM oms.orders AS o WHERE o.desk_status IN ('QUEUED', 'CLAIMED') AND o.id <> $1 ORDER BY o.id LIMIT 100}, 'SELECT i::text FROM generate_series(1, 50) AS i'],
	["today's fills of a symbol", 'executions', '{"where": {"symbol": "?", "createdAt": {"gte": "DAY"}}, "limit": 100}',
		q{SELECT oms.execution_state(e) FROM oms.executions AS e WHERE e.symbol = $1 AND e.created_at >= 'DAY' ORDER BY e.id LIMIT 100}, "SELECT DISTINCT symbol FROM $some"],
	['the blotter, 50', 'executions', '{"where": {"status": ["VALIDATED", "ALLOCATED"], "executionId": {"ne": "?"}}, "orderBy": "-createdAt", "limit": 50}',
		q{SELECT oms.execution_state(e) FROM oms.executions AS e WHERE e.status IN ('VALIDATED', 'ALLOCATED') AND e.id <> $1 ORDER BY e.created_at DESC, e.id LIMIT 50}, 'SELECT i::text FROM generate_series(1, 100) AS i'],
	['the history of an order', 'order_events', '{"where": {"aggregateId": "?"}}', q{SELECT e.payload || jsonb_build_object('account', e.account) FROM oms.order_events AS e WHERE e.aggregate_id = $1 ORDER BY e.sequence LIMIT 100}, "SELECT id FROM $some"],
	["a dealer's open quotes, 100", 'quotes', '{"where": {"dealer": "?", "status": "ACTIVE"}}', q{SELECT oms.quote_state(t) FROM oms.quotes AS t WHERE t.dealer = $1 AND t.status = 'ACTIVE' ORDER BY t.id LIMIT 100}, q{SELECT (ARRAY['ALFA', 'BETA', 'GAMMA'])[i % 3 + 1] FROM generate_series(1, 100) AS i}]);

# µs for each call, of both in turns; and whether they return the same.
sub query_times {
	my ($dbh, $rounds, $query) = @_;
	my ($name, $object, $spec, $by_hand, $arguments) = @$query;
	my ($today) = $dbh->selectrow_array("SELECT $day");
	my %us;
	s/DAY/$today/ for $spec, $by_hand;
	$dbh->do('DROP TABLE IF EXISTS bench.arguments');
	$dbh->do("CREATE TABLE bench.arguments AS SELECT a.*, ?::text AS spec FROM ($arguments) AS a (a) WHERE a.a IS NOT NULL ORDER BY random() LIMIT 1000", undef, $spec);
	$dbh->do(q{ALTER TABLE bench.arguments ALTER COLUMN spec TYPE jsonb USING replace(spec, '?', a)::jsonb});
	my ($n) = $dbh->selectrow_array('SELECT count(*) FROM bench.arguments');
	my ($one) = $dbh->selectrow_array('SELECT a FROM bench.arguments LIMIT 1');
	(my $hand_one = $by_hand) =~ s/\$1/$dbh->quote($one)/e;
	my ($same) = $dbh->selectrow_array("SELECT (SELECT coalesce(jsonb_agg(q - 'cursor'), '[]') FROM oms_query('$object', (SELECT spec FROM bench.arguments WHERE a = " . $dbh->quote($one) . " LIMIT 1)) AS q) "
		. "= (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(h)), '[]') FROM ($hand_one) AS x (h))");
	die "\"$name\" is not what is written by hand\n" unless $same;
	for my $round (0 .. $rounds) {
		for my $who ($round % 2 ? qw(us hand) : qw(hand us)) {
			my ($seconds) = $who eq 'us'
				? $dbh->selectrow_array('SELECT bench.execute(' . $dbh->quote("SELECT oms_query('$object', \$1)") . ', (SELECT array_agg(spec) FROM bench.arguments))')
				: $dbh->selectrow_array('SELECT bench.execute(' . $dbh->quote($by_hand) . ', (SELECT array_agg(a) FROM bench.arguments))');
			push @{ $us{$who} }, $seconds * 1e6 / $n if $round > 0;
		}
	}
	return \%us;
}

sub section_queries {
	my ($quick) = @_;
	my @sizes = (10_000, $quick ? 100_000 : 1_000_000);
	my $rounds = $quick ? 5 : 7;
	my (%row, %before);
	for my $orders (@sizes) {
		progress("queries: $orders orders");
		new_db('bench_d', 'bench_template');
		# the store begins empty: the template's scene is only made where a section asks for one
		run('psql', '-X', '-q', '-o', '/dev/null', '-v', "orders=$orders", '-v', 'events=5', '-d', 'bench_d', '-f', "$Bin/../test/data/many_orders.sql");
		my $dbh = connection('bench_d');
		for my $query (@queries) {
			my $name = $query->[0];
			my $us = query_times($dbh, $rounds, $query);
			my @ratio = map { $us->{us}[$_] / $us->{hand}[$_] } 0 .. $rounds - 1;
			my $median = median(@{ $us->{us} });
			push @{ $row{$name} }, (map { sprintf('%.0f', median(@{ $us->{$_} })) } qw(us hand)), sprintf('%.2f (%s)', median(@ratio), spread(@ratio)), '≤ 1.5, ' . verdict(median(@ratio) <= 1.505);
			push @{ $row{$name} }, sprintf('%.1f', $median / $before{$name}) if $before{$name};
			$before{$name} = $median;
		}
		$dbh->disconnect;
	}
	drop_db('bench_d');
	say_out("## 11. Queries\n");
	say_out("µs for each call of `oms_query`, in a loop inside one backend, against the statement written by hand and prepared that returns the same jsonb, at $sizes[0] and at $sizes[1] orders (5 events each); medians of $rounds runs in turns. "
		. "Growth: what a call costs in the large store, as a multiple of the small one (of lists, also because more is found).\n");
	table(['what', (map { ("µs at $_", 'by hand', 'ratio', 'aim') } @sizes), 'growth'], map { [$_->[0], @{ $row{ $_->[0] } }] } @queries);
}

1;
