# Queries in a store of 50,000 orders: which plan each of those has that a desk and an application send, with default costs, after VACUUM ANALYZE;
# and pages of a store that others write to meanwhile.
# Broken by: an index that is gone, or that a query cannot use since its text or its plan for any values changed; a plan for any values that stops
# early where it hopes to find enough rows; a page that repeats or loses a row that did not change.

use strict;
use warnings;

use FindBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use OmsTest;

my $node = oms_node('queries', conf => "autovacuum = off\n");
IPC::Run::run([ 'psql', '-X', '-q', '-v', 'orders=50000', '-v', 'events=2', '-d', $node->connstr('postgres'), '-f', "$FindBin::RealBin/../data/many_orders.sql" ])
  or BAIL_OUT('the store could not be made');
my $dbh = oms_dbh($node);
sub value { my ($sql, @values) = @_; return scalar $dbh->selectrow_array($sql, undef, @values); }

# ------------------------------------------------------------------------
# shapes
# ------------------------------------------------------------------------

# The plan of a query, as it would run next in a new session; `mode` is plan_cache_mode.
sub plan_of
{
	my ($object, $spec, $mode) = @_;
	my $session = oms_dbh($node);

	$session->do("SET plan_cache_mode = $mode");
	my @lines = @{ $session->selectcol_arrayref('SELECT e FROM oms.explain_query(?, ?) WITH ORDINALITY AS r (e, n) WHERE n > 1', undef, $object, $spec) };
	return join "\n", grep { !/^\$\d+ = / } @lines;
}

my $today = value(q(SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"00:00:00"Z"')));
my $blotter = '"where": {"status": ["VALIDATED", "ALLOCATED"]}, "orderBy": "-createdAt", "limit": 50';
my ($id, $account, $symbol) = $dbh->selectrow_array(q(SELECT id, account, symbol FROM oms.orders WHERE NOT closed AND parent_id IS NULL ORDER BY id LIMIT 1));
my $after = value('SELECT q ->> ? FROM oms_query(?, ?) AS q LIMIT 1', 'cursor', 'executions', "{$blotter}");
my $after_id = value('SELECT q ->> ? FROM oms_query(?, ?) AS q LIMIT 1', 'cursor', 'orders', '{}');

# Name, object, specification, and what its plan has, in this order.
my @shapes = (
	[ 'an order by its id', 'orders', qq({"where": {"orderId": "$id"}}), qr/orders_pkey on orders.*\n\s+Index Cond: \(id = / ],
	[ 'an order by its clOrdID', 'orders', '{"where": {"clOrdID": "C4000"}}', qr/cl_ord_ids_pkey.*\n\s+Index Cond: \(cl_ord_id = /, qr/orders_pkey on orders.*\n\s+Index Cond: \(id = ANY/ ],
	[ 'an order by any clOrdID of its chain', 'orders', '{"where": {"clOrdIDs": "C4000"}}', qr/cl_ord_ids_pkey.*\n\s+Index Cond: \(cl_ord_id = /, qr/orders_pkey on orders.*\n\s+Index Cond: \(id = ANY/ ],
	[ '... one of several, or by its id', 'orders', qq({"where": {"or": [{"clOrdIDs": ["C4000", "C4001"]}, {"orderId": "$id"}]}}), qr/cl_ord_ids_pkey.*\n\s+Index Cond: \(cl_ord_id = /, qr/BitmapOr.*\n\s+->  Bitmap Index Scan on orders_pkey/ ],
	[ '... its history', 'order_events', '{"where": {"clOrdIDs": "C4000"}}', qr/cl_ord_ids_pkey.*\n\s+Index Cond: \(cl_ord_id = /, qr/_aggregate_id_version_idx/, qr/Index Cond: \(aggregate_id = ANY/ ],
	[ 'open orders of an account', 'orders', qq({"where": {"account": "$account", "closed": false}}), qr/orders_open_idx/, qr/Index Cond: \(account = / ],
	[ '... the newest first', 'orders', qq({"where": {"account": "$account", "closed": false}, "orderBy": "-createdAt", "limit": 50}), qr/orders_open_idx/, qr/Index Cond: \(account = / ],
	[ 'the orders of a root', 'orders', qq({"where": {"rootId": "$id"}}), qr/orders_root_id_idx/, qr/Index Cond: \(root_id = / ],
	[ 'the tree of a root', 'order_tree', qq({"where": {"rootId": "$id"}}), qr/Recursive Union/, qr/orders_root_id_idx/, qr/orders_pkey on orders o\b.*\n\s+Index Cond: \(id = d.id\)/ ],
	[ 'an order in its tree', 'order_tree', qq({"where": {"orderId": "$id"}}), qr/orders_pkey on orders/, qr/Recursive Union/, qr/orders_pkey on orders/ ],
	[ 'the review queue', 'executions', '{"where": {"status": "REVIEW"}}', qr/executions_open_idx/ ],
	[ 'the queue of the desk', 'orders', '{"where": {"deskStatus": ["QUEUED", "CLAIMED"]}, "orderBy": "deskSince"}', qr/orders_desk_idx/ ],
	[ q(today's fills of a symbol), 'executions', qq({"where": {"symbol": "$symbol", "createdAt": {"gte": "$today"}}}), qr/executions_created_at_idx/, qr/Index Cond: .*created_at >= .*symbol = |Index Cond: .*symbol = .*created_at >= / ],
	[ 'the blotter', 'executions', "{$blotter}", qr/Presorted Key: created_at/, qr/Index Scan Backward using executions_created_at_idx/ ],
	[ '... its next page', 'executions', qq({$blotter, "after": "$after"}), qr/Index Scan Backward using executions_created_at_idx/, qr/Index Cond: \(created_at <= / ],
	[ 'a page of all orders', 'orders', qq({"after": "$after_id"}), qr/orders_pkey on orders.*\n\s+Index Cond: \(id > / ],
	[ 'the history of an order', 'order_events', qq({"where": {"aggregateId": "$id"}}), qr/_aggregate_id_version_idx/, qr/Index Cond: \(aggregate_id = / ],
	[ '... by version', 'order_events', qq({"where": {"orderId": "$id"}, "orderBy": "version", "limit": 20}), qr/_aggregate_id_version_idx/, qr/Index Cond: \(aggregate_id = / ],
	[ q(a dealer's open quotes), 'quotes', '{"where": {"dealer": "ALFA", "status": "ACTIVE"}}', qr/quotes_dealer_idx/, qr/Index Cond: \(dealer = / ]);
foreach my $shape (@shapes)
{
	my ($name, $object, $spec, @parts) = @$shape;

	foreach my $mode (qw(auto force_generic_plan force_custom_plan))
	{
		my $plan = plan_of($object, $spec, $mode);
		my $rest = $plan;
		my @missing;

		foreach my $part (@parts)
		{
			if ($rest =~ /$part/) { $rest = substr($rest, $-[0]); }
			else { push @missing, $part; }
		}
		push @missing, 'no scan of a whole table' if $plan =~ /Seq Scan on (orders|executions|quotes|order_events|cl_ord_ids)/;
		is("@missing", '', "$name: $mode") or diag($plan);
	}
}

# A plan for any values where it is cheap whatever they are; else one for these, and no hope for rows that come early.
like(plan_of('orders', qq({"where": {"orderId": "$id"}}), 'auto'), qr/id = \$1/, 'a look-up is planned once');
unlike(plan_of('executions', qq({"where": {"createdAt": {"gte": "$today"}}}), 'auto'), qr/\$1|executions_pkey/, 'a range is planned for its values: few of them are not looked for among all');
is(value('SELECT count(*) FROM oms.explain_query(?, ?) AS e WHERE e ~ ?', 'executions', "{$blotter}", '^\$1'), 0, 'what our indexes are partial by is no parameter');

# What comes back is what SQL finds, with and without these indexes.
foreach my $shape (grep { $_->[1] =~ /^(orders|executions|quotes)$/ } @shapes)
{
	my ($name, $object, $spec) = @$shape;
	my $found = value(qq(SELECT string_agg(q ->> ?, ' ' ORDER BY n) FROM oms_query(?, ?) WITH ORDINALITY AS r (q, n)), { orders => 'orderId', executions => 'executionId', quotes => 'quoteId' }->{$object}, $object, $spec);

	$dbh->begin_work;
	$dbh->do("SET LOCAL enable_$_ = off") foreach qw(indexscan bitmapscan indexonlyscan);
	$dbh->do('SET LOCAL plan_cache_mode = force_custom_plan');
	is(value(qq(SELECT string_agg(q ->> ?, ' ' ORDER BY n) FROM oms_query(?, ?) WITH ORDINALITY AS r (q, n)), { orders => 'orderId', executions => 'executionId', quotes => 'quoteId' }->{$object}, $object, $spec),
		$found, "$name: the same rows row by row");
	$dbh->commit;
}

# ------------------------------------------------------------------------
# pages while others write
# ------------------------------------------------------------------------

# Orders that nobody touches, with ties and nulls, among others that come, change and end all the time, before them and behind them.
$node->safe_psql('postgres', <<'SQL');
CREATE DATABASE pages;
\c pages
SET client_min_messages = warning;
CREATE EXTENSION oms_state;
SELECT oms.ensure_partitions();
CREATE FUNCTION public.made(id text, price numeric) RETURNS text LANGUAGE sql AS $$
  SELECT oms_command(jsonb_strip_nulls(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', id, 'symbol', 'S' || hashtext(id) % 5, 'side', 'BUY', 'orderQty', 100, 'ordType',
    CASE WHEN price IS NULL THEN 'MARKET' ELSE 'LIMIT' END, 'price', price))) ->> 'status' $$;
SELECT count(public.made('S' || i, nullif(i % 7, 0))) FROM generate_series(1, 300) AS i;
CREATE PROCEDURE public.write(seconds float8) LANGUAGE plpgsql AS $$
DECLARE
  until timestamptz := clock_timestamp() + seconds * interval '1 second';
  one text;
BEGIN
  WHILE clock_timestamp() < until LOOP
    one := (ARRAY['A', 'S', 'Z'])[1 + (random() * 2)::integer] || md5(random()::text);
    PERFORM public.made(one, nullif((random() * 7)::integer, 0));
    PERFORM oms_try_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', o.id, 'execID', o.id || random(), 'lastQty', 1, 'lastPx', 3))
      FROM oms.orders AS o WHERE o.id !~ '^S[0-9]{1,3}$' AND o.id > md5(random()::text) LIMIT 2;
    IF random() < 0.1 THEN ROLLBACK; ELSE COMMIT; END IF;
  END LOOP;
END $$;
SQL
my $reader = oms_dbh($node, dbname => 'pages');
my $seconds = rounds(8, 60);
my @writers = map { IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('pages'), '-c', "CALL public.write($seconds)" ]) } 1 .. 3;
my $until = time + $seconds;
my ($walks, $rows, @wrong) = (0, 0);
while (time < $until)
{
	foreach my $order ('[]', '["-createdAt"]', '["price", "-symbol"]', '["-price"]', '["symbol", "createdAt"]')
	{
		my ($limit, $cursor, %seen) = (10 + int rand 60);

		while (1)
		{
			my $page = $reader->selectall_arrayref('SELECT q ->> ?, q ->> ? FROM oms_query(?, jsonb_strip_nulls(jsonb_build_object(?::text, ?::jsonb, ?::text, ?::integer, ?::text, ?::text))) AS q',
				undef, 'orderId', 'cursor', 'orders', 'orderBy', $order, 'limit', $limit, 'after', $cursor);
			last unless @$page;
			$seen{ $_->[0] }++ foreach @$page;
			$rows += @$page;
			$cursor = $page->[-1][1];
		}
		$walks++;
		push @wrong, map { "$order: S$_ " . ($seen{"S$_"} // 0) . ' times' } grep { ($seen{"S$_"} // 0) != 1 } 1 .. 300;
		push @wrong, map { "$order: $_ $seen{$_} times" } grep { $seen{$_} > 1 && /^.[0-9a-f]{32}$/ } keys %seen;
	}
}
$_->finish foreach @writers;
is(join("\n", @wrong), '', "$walks walks through $rows rows: each order that did not change is on one page, and no order on two");
cmp_ok(value_of($reader, q(SELECT count(*) FROM oms.orders WHERE id !~ '^S[0-9]{1,3}$')), '>', 50, 'others wrote meanwhile');
is(value_of($reader, 'SELECT count(*) FROM oms.verify()'), 0, 'verify');
sub value_of { my ($session, $sql) = @_; return scalar $session->selectrow_array($sql); }

done_testing();
