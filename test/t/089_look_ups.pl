# What rules look up of orders where regress cannot see it: fills of earlier days, found among the events of several partitions; names that want to be more than
# names; a standby, which has look-ups and check_rules() too; a snapshot that is old; large batches, with and without the index.
# Broken by: a day's turn that counts what was done before, or forgets a fill after a split or a bust; a name that becomes a part of a statement or of a
# comparison; a lock that a standby does not give; a look-up that sees the call it is asked in only after it was written, or a tree twice.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $node = oms_node('look_ups', streaming => 1);
sub sql { my ($sql, $on) = @_; return ($on // $node)->safe_psql('postgres', $sql); }
sub command { my ($type, %fields) = @_; return sql('SELECT oms_command($j$' . json()->encode({ commandType => "${type}Command", %fields }) . q[$j$) #>> '{state,status}']); }
sub order { my ($id, %fields) = @_; return command('CreateOrder', orderId => $id, symbol => 'X', side => 'BUY', orderQty => 1000, price => 10, account => 'A', timeInForce => 'GOOD_TILL_CANCEL', %fields); }
sub fill { my ($id, $n, $qty, $px) = @_; return command('ExecuteOrder', orderId => $id, executionId => "$id-$n", execID => "$id-$n", lastQty => $qty, lastPx => $px); }

# What an order of nothing, of the account and symbol, would have beside it.
sub day
{
	my ($account, $on) = @_;
	return sql(qq(SELECT trim_scale(oms.day_quantity(c) - 1) || ' ' || trim_scale(oms.day_value(c) - 1) FROM (SELECT jsonb_build_object('commandType', 'CreateOrderCommand', 'symbol', 'X', 'side', 'BUY', 'orderQty', 1, 'price', 1, 'account', '$account') AS c) AS t), $on);
}

# ---- days -----------------------------------------------------------------------------------------------------------

# As if all that stands there was of forty days ago: in an older partition.
sql(q(DO $$
DECLARE
  month timestamptz := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
BEGIN
  EXECUTE format('CREATE TABLE oms.long_ago PARTITION OF oms.order_events FOR VALUES FROM (%L) TO (%L)', month - interval '100 days', month);
  CREATE UNIQUE INDEX ON oms.long_ago (sequence);
  CREATE UNIQUE INDEX ON oms.long_ago (aggregate_id, version);
END $$));
sub age
{
	sql(q(SET timezone = 'UTC'; ALTER TABLE oms.order_events DISABLE TRIGGER USER; ALTER TABLE oms.orders DISABLE TRIGGER USER;
		UPDATE oms.order_events SET occurred_at = occurred_at - interval '40 days' WHERE occurred_at > now() - interval '1 day';
		UPDATE oms.orders SET created_at = created_at - interval '40 days', updated_at = updated_at - interval '40 days', tree_updated_at = tree_updated_at - interval '40 days' WHERE created_at > now() - interval '1 day';
		ALTER TABLE oms.order_events ENABLE TRIGGER USER; ALTER TABLE oms.orders ENABLE TRIGGER USER));
}
order($_) for qw(G H I J);
order('K', account => 'S');
fill('G', $_, 10, 9) for 1 .. 17;
fill('H', 1, 1000, 9);
fill('J', 1, 100, 9);
fill('K', 1, 100, 10);
command('CreateOrder', orderId => 'I1', parentId => 'I', orderQty => 500);
fill('I1', $_, 50, 10) for 1 .. 4;
is(day('A'), '4000 38730', 'today: what is open and was done of four orders');
is(day('S'), '1000 10000', 'and of another account');
age();
is(day('A'), '2530 25300', 'forty days later: what is open');
is(day('S'), '900 9000', 'of each');
fill('G', $_, 10, 8) for 18 .. 20;
is(day('A'), '2530 25240', 'what was done today counts, at what was paid today, beside what is open');
fill('I1', 5, 50, 12);
is(day('A'), '2530 25340', 'also on a child, in its root');
command('BustExecution', executionId => 'J-1', execID => 'b', reason => 'x');
is(day('A'), '2630 26340', 'a bust of an old fill opens, and is no turn');
command('BustExecution', executionId => 'G-20', execID => 'b', reason => 'x');
is(day('A'), '2630 26360', 'one of today takes its turn away');
command('CancelOrder', orderId => 'I1');
command('CancelOrder', orderId => 'I');
is(day('A'), '1880 18860', 'what was done stays when the order is over');
command('RestateOrder', orderId => 'K', quantityFactor => 2, corporateActionId => 'c', execID => 'k');
is(day('S'), '1800 9000', 'a split is no turn');
fill('K', 2, 20, 5);
is(day('S'), '1800 9000', 'a fill after it is');
is(sql('SELECT count(*) FROM oms.long_ago') > 30 ? 1 : 0, 1, 'events of two partitions were looked at');

# Each order counts once: where it changed in the call, as it is now.
is(sql(q(SELECT string_agg(coalesce(r #>> '{error,rule}', r ->> 'status'), ' ') FROM (SELECT set_config('oms_state.trading_day_roll', '00:00', false)) AS s,
	oms_commands('[{"commandType": "CancelOrderCommand", "orderId": "G"}, {"commandType": "CancelOrderCommand", "orderId": "J"}]', true) AS r)), 'ACCEPTED ACCEPTED', 'all ends');
is(day('A'), '70 760', 'and what was done is what is left');

# ---- names ----------------------------------------------------------------------------------------------------------

my @names = ("x' OR '1'='1", '"; DROP TABLE oms.orders; --', 'EUR/USD/JPY', '/USD', 'EUR/', '%', '_', "\xc3\xa9\xe4\xb8\xad", ' X', 'X ', 'NULL', "\\", '${x}', 'x' x 200);
my $number = 0;
sql(q(INSERT INTO oms.validation_rules (name, object, command_type, predicate, message, when_missing) SELECT name, object, command_type, predicate, message, when_missing FROM oms.validation_rules WHERE builtin));
sql(q(INSERT INTO oms.limits VALUES ('', '', 'DAY_QUANTITY', 1000)));
my $dbh = oms_dbh($node);
sub ask
{
	my (%fields) = @_;
	my $command = json()->encode({ commandType => 'CreateOrderCommand', orderQty => 600, price => 1, %fields });
	return scalar $dbh->selectrow_array(q[SELECT coalesce(r #>> '{error,rule}', r #>> '{error,message}', r #>> '{state,status}') FROM oms_try_command(?::text::jsonb) AS r], undef, $command);
}
for my $name (@names)
{
	my @answers = map { ask(orderId => 'N' . $number++, @$_) } [symbol => $name, side => 'BUY', account => 'n'], [symbol => $name, side => 'SELL', account => 'n', orderQty => 1], [symbol => $name, side => 'BUY', account => 'n', orderQty => 401],
		[symbol => 'X', side => 'BUY', account => $name], [symbol => 'X', side => 'BUY', account => $name], [symbol => 'X', side => 'SELL', account => $name, orderQty => 2];
	is(join(' ', @answers), 'NEW self_match max_quantity NEW duplicate_order self_match', "a symbol and an account of the name " . substr($name, 0, 30) =~ s/[^ -~]/?/gr);
}
is(sql("SELECT count(*) FROM oms.orders WHERE account = 'n'"), scalar @names, 'and each is one');
sql('DELETE FROM oms.validation_rules WHERE NOT builtin; DELETE FROM oms.limits');

# ---- a standby, and an old snapshot ---------------------------------------------------------------------------------

$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
sql(q(INSERT INTO oms.limits VALUES ('A', 'X', 'ORDER_QUANTITY', 5), ('A', '', 'DAY_VALUE', 700); INSERT INTO oms.reference_prices VALUES ('X', 10); INSERT INTO oms.restricted_list VALUES ('X', 'A'); INSERT INTO oms.allowed_order_types VALUES ('D', 'MARKET')));
order('P', side => 'SELL', orderQty => 3);
$node->wait_for_catchup($standby);
is(day('A', $standby), day('A'), 'a standby has the figures of the day');
my $checks = q(SELECT string_agg(concat_ws(' ', command_type, rule, answer, effect), E'\n' ORDER BY command_type, rule) FROM oms.check_rules('%s'));
for my $json ('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 9, "price": 20, "account": "A", "destination": "D"}', '{"commandType": "PlaceOrderCommand", "orderId": "P", "children": [{"orderQty": 1, "destination": "D"}]}',
	'{"commandType": "ReplaceOrderCommand", "orderId": "P", "orderQty": 7}')
{
	my $told = sql(sprintf $checks, $json);
	is(sql(sprintf($checks, $json), $standby), $told, "and check_rules() says what it says on the primary: $json");
	like($told, qr/ FALSE REFUSE/, 'which is something');
}
is(sql("SELECT oms.limit_of('A', 'X', 'ORDER_QUANTITY'), oms.reference_price('X'), oms.restricted('X', 'A'), oms.order_type_allowed('D', 'LIMIT')", $standby), '5|10|t|f', 'look-ups by themselves');
$standby->stop;

my $other = oms_dbh($node);
$dbh->do('BEGIN ISOLATION LEVEL REPEATABLE READ');
my $before = $dbh->selectrow_array(q(SELECT oms.day_quantity('{"commandType": "CancelOrderCommand", "orderId": "P"}')));
$other->do(q(SELECT oms_command('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 50, "account": "A"}')));
is($dbh->selectrow_array(q(SELECT oms.day_quantity('{"commandType": "CancelOrderCommand", "orderId": "P"}'))), $before, 'a transaction with a snapshot of its own sees by that');
$dbh->do('COMMIT');
is($dbh->selectrow_array(q(SELECT oms.day_quantity('{"commandType": "CancelOrderCommand", "orderId": "P"}'))), $before + 50, 'and the next what is committed');

# ---- many -----------------------------------------------------------------------------------------------------------

sql(q(INSERT INTO oms.validation_rules (name, object, command_type, predicate, message, when_missing) SELECT name, object, command_type, predicate, message, when_missing FROM oms.validation_rules WHERE builtin AND name IN ('max_quantity', 'self_match', 'duplicate_order');
	INSERT INTO oms.limits VALUES ('L', '', 'DAY_QUANTITY', 1999000)));
my $batch = q(SELECT count(*) FILTER (WHERE r ->> 'status' = 'ACCEPTED') || ' ' || count(*) FILTER (WHERE r #>> '{error,rule}' = 'max_quantity') FROM oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand', 'symbol', 'L', 'side', 'BUY', 'orderQty', n, 'account', '%s')) FROM generate_series(1, 2000) AS n), false) AS r);
is(sql(sprintf $batch, 'L'), '1999 1', 'a batch holds to the limit of the day as a whole');
sql('CREATE INDEX orders_account_idx ON oms.orders (account, symbol, created_at) WHERE parent_id IS NULL; DELETE FROM oms.validation_rules WHERE NOT builtin; DELETE FROM oms.limits');
my $counted = q(SELECT oms.day_quantity('{"commandType": "CreateOrderCommand", "symbol": "L", "side": "SELL", "orderQty": 1, "account": "L"}'), oms.opposite_live('{"commandType": "CreateOrderCommand", "symbol": "L", "side": "SELL", "orderQty": 1, "account": "L"}', '1 hour'));
is(sql($counted), sql("DROP INDEX oms.orders_account_idx; $counted"), 'the same with the index and without');
is(sql("SELECT count(*) FROM oms.verify() WHERE root_id !~ '^[GHIJK]\$'"), '0', 'every invariant holds, but of what was made older');
$node->stop;

done_testing();
