# oms.verify(since): what changed since an anchor, or a position, is checked wholly, and nothing else; what it costs follows what changed.
# That it finds there what oms.verify() finds say 040 and 043, which hold each of their edits against both.
# Broken by: a link to another tree that is not followed (a block and its members, a quote and its order, a fill and what corrects it), which accuses who
# did nothing; a part of oms.verify() that reads a table in a way in which its rows cannot be narrowed; a plan that reads the store; a
# position that is ahead of what is here, and is answered.

use strict;
use warnings;

use Test::More;
use OmsTest;
use OmsWork qw(quote_commands);

my $node = oms_node('verify_since', conf => "autovacuum = off\n");
my $dbh = oms_dbh($node);

sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }
sub position { return $dbh->selectrow_array('SELECT oms.current_position()'); }
sub lines { return q(SELECT coalesce(string_agg(concat_ws(' ', invariant, object, id), E'\n'), 'none') FROM ) . join '', @_; }

# ---- each command of a day, and what was committed since it ---------------------------------------------------------

my @commands = (
	(map { { commandType => 'CreateOrderCommand', orderId => $_, clOrdID => "c-$_", commandId => "i-$_", symbol => 'IBM', side => 'BUY', orderQty => 1000, account => 'ACC' } } qw(A B C)),
	{ commandType => 'PlaceOrderCommand', orderId => 'A', commandId => 'place', children => [ { orderId => 'A-1', orderQty => 400 }, { orderId => 'A-2', orderQty => 100 } ] },
	(map { { commandType => 'ExecuteOrderCommand', orderId => 'A-1', executionId => "A-x$_", execID => "E$_", lastQty => 100, lastPx => '10.4' } } 1, 2),
	{ commandType => 'CreateBlockOrderCommand', orderId => 'K', members => [ map { { orderId => $_, quantity => 100 } } qw(A B C) ] },
	(map { { commandType => 'ExecuteOrderCommand', orderId => 'K', executionId => "K-x$_", execID => "K$_", lastQty => 90, lastPx => "10.$_" } } 1, 2),
	{ commandType => 'AllocateExecutionCommand', orderId => 'K', commandId => 'allocate', method => 'PRO_RATA', quantity => 120 },
	{ commandType => 'CorrectExecutionCommand', executionId => 'A-x1', execID => 'E3', lastQty => 90, lastPx => '10.3' },
	{ commandType => 'BustExecutionCommand', executionId => 'K-x1', execID => 'K3', reason => 'wrong' },
	{ commandType => 'ExecuteOrderCommand', orderId => 'nobody', executionId => 'N', execID => 'N1', symbol => 'IBM', side => 'BUY', lastQty => 3, lastPx => 10 },
	{ commandType => 'ApproveExecutionCommand', executionId => 'N', orderId => 'A-2' },
	quote_commands('Q'),
	{ commandType => 'UpdateOrderCommand', orderId => 'B', text => 'a note' });
my @positions = position();
foreach my $command (@commands)
{
	oms_command($dbh, $command);
	push @positions, position();
}
is($dbh->selectrow_array(lines('oms.verify()')), 'none', 'all invariants hold');
is($dbh->selectrow_array(lines("oms.verify('$positions[$_]')")), 'none', "... in what changed since $_ commands, which accuses nobody") foreach 0 .. $#positions;

# in the middle of a window, as a reader has it who was given a part of it
foreach my $from ('NULL', "'$positions[2]'")
{
	my $parts = $dbh->selectcol_arrayref(qq(SELECT "position" FROM oms.events_since('all', $from, 25)));

	is($dbh->selectrow_array(lines("oms.verify('$parts->[$_]')")), 'none', "and since event $_ of a window behind " . ($from eq 'NULL' ? 'nothing' : 'two commands')) foreach 0 .. $#$parts;
}

# ---- inside and outside ---------------------------------------------------------------------------------------------

my ($anchor) = $dbh->selectrow_array('SELECT oms.anchor()');
oms_command($dbh, $_) foreach { commandType => 'UpdateOrderCommand', orderId => 'K', text => 'another' }, { commandType => 'CreateOrderCommand', orderId => 'Z', symbol => 'IBM', side => 'SELL', orderQty => 5 },
  { commandType => 'UpdateOrderCommand', orderId => 'Z', text => 'new' };

# What verify() and verify(since the anchor) say of an edit that is rolled back.
sub both
{
	my ($edit) = @_;

	return split /\n\|\n/, sql("BEGIN; SET LOCAL session_replication_role = replica; $edit; SET LOCAL session_replication_role = origin; " . lines('oms.verify()') . "; SELECT '|'; " . lines("oms.verify('$anchor'::jsonb)") . '; ROLLBACK');
}
foreach (
	[ 'the row of an order', "UPDATE oms.orders SET price = 7 WHERE id = '%s'", 'row_state order %s' ],
	[ 'an event of an order', "UPDATE oms.order_events SET actor = 'x' WHERE aggregate_id = '%s' AND version = 1", 'event_columns order %s' ],
	[ 'an event of an order removed', "DELETE FROM oms.order_events WHERE aggregate_id = '%s' AND version = 1", undef ])
{
	my ($name, $edit, $finding) = @$_;

	foreach my $id (qw(K Z B Q.deal))
	{
		my ($all, $since) = both(sprintf $edit, $id);

		like($all, qr/ \Q$id\E\b/, "$name of $id: verify() finds it");
		is($since, $id =~ /K|Z/ ? $all : 'none', "$name of $id: " . ($id =~ /K|Z/ ? 'so does verify(since)' : 'older, and not its business'));
		is($since, sprintf($finding, $id), '... as what it is') if $finding && $id =~ /K|Z/;
	}
}
is(sql("BEGIN; SET LOCAL session_replication_role = replica; UPDATE oms.order_events SET hash = sha256('x') WHERE aggregate_id = 'B' AND version = (SELECT version FROM oms.orders WHERE id = 'B'); SELECT valid, object, id FROM oms.verify_anchor('$anchor'); ROLLBACK"),
	'f|order|B', 'what is older the leaves of the anchor tell of');
# beside what changed: the block's members are read for its sake, and not judged
is((both("UPDATE oms.orders SET price = 7 WHERE id = 'C'"))[1], 'none', 'a member of a block that changed is read, and not judged');
is((both("UPDATE oms.orders SET block_order_ids = NULL WHERE id = 'C'"))[1], 'membership order K', '... but what it breaks of the block is found');
my $leaf = sql('SELECT tableoid::regclass FROM oms.order_events LIMIT 1');
is((both("ALTER TABLE $leaf DISABLE TRIGGER USER"))[1], join("\n", ("append_only table $leaf") x 2), 'guards are no matter of time');
is((both('INSERT INTO oms.limits (account, symbol, what, amount) VALUES (\'A\', \'x\', \'q\', 1); UPDATE oms.limits SET amount = 2'))[1] =~ /limits/, 1, 'nor is configuration');

# ---- who may, and what it is given ----------------------------------------------------------------------------------

is(sql("SELECT count(*) FROM oms.verify('" . position() . "')"), 0, 'since now: nothing');
is(sql("SELECT count(*) FROM oms.verify(oms.current_position('order'))"), 0, '... also by a position of the events of one kind');
foreach my $null (qw(text jsonb))
{
	is(sql("BEGIN; SET LOCAL session_replication_role = replica; UPDATE oms.orders SET price = 7 WHERE id = 'B'; " . lines("oms.verify(NULL::$null)") . '; ROLLBACK'), 'row_state order B', "since null ($null): all of it");
}
is(sql("SELECT count(*) FROM oms.verify(jsonb_build_object('state', '$anchor'::jsonb))"), 0, 'the record of an anchor stands for it');
psql_fails_with($node, "SELECT * FROM oms.verify($_)", 'OM010', "no position, no anchor: $_") foreach "'x'", "'{}'::jsonb", "'7'::jsonb", q('{"position": "x"}'::jsonb);
# what was restored to an earlier day, or is another database, has not changed "since" then
$node->safe_psql('postgres', 'CREATE DATABASE another');
$node->safe_psql('another', 'CREATE EXTENSION oms_state');
$node->safe_psql('another', q(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "o", "symbol": "IBM", "side": "BUY", "orderQty": 1}')));
my $of_another = $node->safe_psql('another', 'SELECT oms.current_position()');
psql_fails_with($node, "SELECT * FROM oms.verify('$of_another')", 'OM010', 'a position of what this database has not');
# a snapshot that is older than the position, and what has no position of its own yet
$dbh->begin_work;
$dbh->do('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
$dbh->selectrow_array('SELECT count(*) FROM oms.orders');
my $newer = sql(q(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "newer", "symbol": "IBM", "side": "BUY", "orderQty": 10}') IS NULL; SELECT oms.current_position())) =~ s/.*\n//sr;
is($dbh->selectrow_array("SELECT oms.position_is_reached('$newer')"), 0, 'a position that is newer than the snapshot is not reached');
ok(!defined eval { $dbh->selectrow_array("SELECT count(*) FROM oms.verify('$newer')") }, '... nor is what follows it checked');
is($dbh->state, 'OM010', '... which is said');
like($dbh->errstr, qr/ahead of what is here.*HINT:.*new transaction/s, '... with what helps');
$dbh->rollback;
is($dbh->selectrow_array("SELECT count(*) FROM oms.verify('$newer')"), 0, 'in a new transaction it is');
sql("SELECT count(*) FROM oms.create_roles(); CREATE ROLE one LOGIN IN ROLE oms_reader; CREATE ROLE all_of_them LOGIN IN ROLE oms_reader; SELECT oms.grant_account('one', 'ACC')");
psql_fails_with($node, "SET ROLE one; SELECT * FROM oms.verify($_)", 'OM008', "who is limited to accounts: $_") foreach "'$positions[0]'", "'$anchor'::jsonb", 'NULL::text', 'NULL::jsonb';
is(sql("SET ROLE all_of_them; SELECT count(*) FROM oms.verify('$positions[0]')"), 0, 'a reader may');

# ---- what it costs --------------------------------------------------------------------------------------------------

# Trees of an order and a fill; every fourth has a commandId.
sub grow
{
	my ($first, $last) = @_;

	for (my $n = $first; $n < $last; $n += 1000)
	{
		$dbh->do(q(SELECT count(*) FROM oms_commands((SELECT jsonb_agg(c ORDER BY n, t) FROM generate_series($1::int, $2::int) AS t CROSS JOIN LATERAL (VALUES
			(1, jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'g' || t, 'clOrdID', 'g' || t, 'symbol', 'IBM', 'side', 'BUY', 'orderQty', 10) || CASE t % 4 WHEN 0 THEN jsonb_build_object('commandId', 'g' || t) ELSE '{}' END),
			(2, jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'g' || t, 'execID', 'g' || t, 'lastQty', 1, 'lastPx', 1))) AS v (n, c)))), undef, $n, $n + 999);
	}
	return;
}

# Buffers of a call, the second in its session: without what it looks up in the catalogs.
sub buffers
{
	my ($since) = @_;
	my $call = "oms.verify('$since')";
	my $plan = sql("SELECT count(*) FROM $call; EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) SELECT * FROM $call") =~ s/Planning:.*//sr;
	my ($hit, $read) = map { $plan =~ /shared[^\n]*\b$_=(\d+)/ ? $1 : 0 } qw(hit read);

	return $hit + $read;
}
grow(0, 2000);
my (%cost, $since);
foreach my $orders (2000, 32000)
{
	grow(2000, $orders) if $orders > 2000;
	sql('VACUUM ANALYZE') if $orders == 2000;
	$since = position();
	oms_command($dbh, { commandType => 'UpdateOrderCommand', orderId => "g$_", text => "at $orders" }) foreach 1 .. 40;
	$cost{$orders} = buffers($since);
}
note("buffers: $cost{2000} and $cost{32000}");
cmp_ok($cost{32000}, '<', 1.2 * $cost{2000} + 100, '40 orders that changed cost as much in a store sixteen times as large, whose statistics are old');
$since = position();
oms_command($dbh, { commandType => 'UpdateOrderCommand', orderId => "g$_", text => 'more' }) foreach 1 .. 400;
my $more = buffers($since);
note("buffers for ten times as many: $more");
cmp_ok($more, '<', 12 * $cost{32000}, 'and ten times as many ten times as much');

# so much that reading all of it is no more
$since = position();
grow(100000, 151000);
is(sql("BEGIN; SET LOCAL session_replication_role = replica; UPDATE oms.orders SET price = 7 WHERE id = 'B'; " . lines("oms.verify('$since')") . '; ROLLBACK'), 'row_state order B', 'where very much has changed, everything is looked at');

done_testing();
