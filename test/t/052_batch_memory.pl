# What a batch takes in memory does not grow with the number of its commands, or FIX messages, but for what they name; and a row is written once in a call, however
# many of them change it.
# Broken by: events, objects, results, parsed commands or messages that are kept for the whole call (18 kB a command, 30 kB a message once); a row that is
# written with each stride; what a message names, counted off twice; a unit of work that is kept where a message in parts has ended it;
# rows that are read to ask whether a limited caller may see them, and are taken for read when the memory they lay in is gone.

use strict;
use warnings;

use Test::More;

use OmsTest;

my $node = oms_node('batch_memory', conf => "fsync = off\n");
my $dbh = oms_dbh($node);
my ($FEW, $MANY) = (1500, 6000);

sub peak
{
	my ($d) = @_;
	my ($pid) = $d->selectrow_array('SELECT pg_backend_pid()');
	open my $status, '<', "/proc/$pid/status" or die "cannot read what the server says of its process $pid: $!";
	my ($kb) = map { /^VmPeak:\s+(\d+) kB/ } <$status>;
	return 1024 * $kb;
}

# An order for each fill, and arrays that stand in a table, so that making them takes nothing of the session that is measured.
$dbh->do(<<'SQL');
CREATE TABLE batches (what text, n integer, commands jsonb);
CREATE FUNCTION fills(tag text, n integer, orders integer) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_agg(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'm' || 1 + i % orders, 'execID', tag || i, 'lastQty', 1, 'lastPx', 1)) FROM generate_series(1, n) AS i $$;
SQL
$dbh->do(q(SELECT count(*) FROM oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'm' || i, 'symbol', 'X', 'side', 'BUY', 'orderQty', 1000)) FROM generate_series(1, ?) AS i))), undef, $MANY);
$dbh->do('INSERT INTO batches SELECT what, n, fills(what || n, n, CASE what WHEN ? THEN ? ELSE n END) FROM unnest(ARRAY[10, ?::int, ?::int]) AS n, unnest(ARRAY[?, ?]) AS what', undef, 'again', 20, $FEW, $MANY, 'each', 'again');

my $RUN = 'SELECT count(*) FROM batches, LATERAL oms_commands(commands, ?) AS r WHERE what = ? AND n = ?';

for my $what ('each', 'again')
{
	my %growth;
	for my $n ($FEW, $MANY)
	{
		my $d = oms_dbh($node);
		$d->selectrow_array($RUN, undef, 1, $what, 10) if $n == $FEW;
		$d->do('SELECT count(*) FROM oms.orders');
		my $before = peak($d);
		is($d->selectrow_array($RUN, undef, 0, $what, $n), $n, "$n fills in one call, of " . ($what eq 'each' ? 'an order each' : 'twenty orders'));
		$growth{$n} = peak($d) - $before;
		$d->disconnect;
	}
	my $each = ($growth{$MANY} - $growth{$FEW}) / ($MANY - $FEW);
	note(sprintf '%s: %d bytes of %d fills, %d of %d', $what, $growth{$FEW}, $FEW, $growth{$MANY}, $MANY);
	cmp_ok($each, '<', 4000, 'what the call takes hardly grows with their number');
}

my $d = oms_dbh($node);
$d->begin_work;
my ($before) = $d->selectrow_array(q(SELECT n_tup_upd FROM pg_stat_xact_user_tables WHERE schemaname = 'oms' AND relname = 'orders'));
$d->do(q(SELECT count(*) FROM oms_commands(fills('once', 800, 20))));
is($d->selectrow_array(q(SELECT n_tup_upd FROM pg_stat_xact_user_tables WHERE schemaname = 'oms' AND relname = 'orders')) - $before, 20, 'a row that forty commands of a call change is written once');
$d->rollback;
is($d->selectrow_array(q(SELECT count(*) FROM oms.executions WHERE exec_id LIKE 'once%')), 0, 'and nothing is left of it when that is rolled back');

# One that is refused behind many strides takes all of them with it, or nothing but itself.
my $bad = q(SELECT count(*) FROM oms_commands(fills(?, 400, 400) || '[{"commandType": "CancelOrderCommand", "orderId": "nobody"}]' || fills(? || '-', 400, 400), ?));
ok(!eval { $d->do($bad, undef, 'all', 'all', 1); 1 }, 'an atomic batch is refused in its middle');
is($d->selectrow_array(q(SELECT count(*) FROM oms.executions WHERE exec_id LIKE 'all%')), 0, 'and leaves nothing');
is($d->selectrow_array($bad, undef, 'most', 'most', 0), 801, 'one that is not goes on');
is($d->selectrow_array(q(SELECT count(*) FROM oms.executions WHERE exec_id LIKE 'most%')), 800, 'with all others');

# --- the same of FIX messages ------------------------------------------------------------------

sub message
{
	my (@fields) = @_;
	my $body = join '', map { "$_\001" } @fields;
	my $text = "8=FIX.4.4\0019=" . length($body) . "\001$body";
	return $text . sprintf "10=%03d\001", unpack('%32C*', $text) % 256;
}
sub report { my ($order, $exec_id, @fill) = @_; return message('35=8', '49=B', '56=C', "37=B$order", "11=f$order", "17=$exec_id", '150=F', '39=1', '55=X', '54=1', '14=2', '151=998', '6=10', @fill ? @fill : ('32=2', '31=10')); }
# A trade in parts is applied in a unit of work of its own; each other one is refused, for the price of its second part is no number.
sub parts { my ($n, $order, $exec_id) = @_; return report($order, $exec_id, '1362=2', "1363=a$exec_id", '1364=10', '1365=1', "1363=b$exec_id", $n % 6 == 0 ? '1364=ten' : '1364=10', '1365=1'); }

my %of_messages = (
	messages => sub { my ($n, $tag) = @_; return report($n, "$tag$n"); },
	twenty => sub { my ($n, $tag) = @_; return report(1 + $n % 20, "$tag$n"); },
	parts => sub { my ($n, $tag) = @_; return $n % 3 ? report($n, "$tag$n") : parts($n, $n, "$tag$n"); },
);
$dbh->do('CREATE TABLE message_batches (what text, n integer, messages text[])');
$dbh->do('SELECT count(*) FROM oms_fix_many(?::text[])', undef, [ map { message('35=D', '49=C', '56=B', "11=f$_", '55=X', '54=1', '38=1000', '40=2', '44=10', '60=20260302-10:00:00') } 1 .. $MANY ]);
foreach my $what (sort keys %of_messages)
{
	$dbh->do('INSERT INTO message_batches VALUES (?, ?, ?::text[])', undef, $what, $_, [ do { my $n = $_; map { $of_messages{$what}->($_, "$what$n-") } 1 .. $n } ]) foreach 10, $FEW, $MANY;
}

my $RUN_MESSAGES = q(SELECT count(*) FILTER (WHERE r ->> 'status' = 'ACCEPTED') FROM message_batches, LATERAL oms_fix_many(messages) AS r WHERE what = ? AND n = ?);
for my $what (sort keys %of_messages)
{
	my %growth;
	for my $n ($FEW, $MANY)
	{
		my $d = oms_dbh($node);
		$d->selectrow_array($RUN_MESSAGES, undef, $what, 10) if $n == $FEW;
		$d->do('SELECT count(*) FROM oms.orders');
		my $before = peak($d);
		is($d->selectrow_array($RUN_MESSAGES, undef, $what, $n), $n - ($what eq 'parts' ? int($n / 6) : 0), "$n messages in one call: $what");
		$growth{$n} = peak($d) - $before;
		$d->disconnect;
	}
	my $each = ($growth{$MANY} - $growth{$FEW}) / ($MANY - $FEW);
	note(sprintf '%s: %d bytes of %d messages, %d of %d', $what, $growth{$FEW}, $FEW, $growth{$MANY}, $MANY);
	cmp_ok($each, '<', 5000, 'what the call takes hardly grows with their number');
}

$dbh->begin_work;
my $updates = q(SELECT n_tup_upd FROM pg_stat_xact_user_tables WHERE schemaname = 'oms' AND relname = 'orders');
my ($updated) = $dbh->selectrow_array($updates);
$dbh->do('SELECT count(*) FROM oms_fix_many(?::text[])', undef, [ map { report(1 + $_ % 20, "once$_") } 1 .. 800 ]);
is($dbh->selectrow_array($updates) - $updated, 20, 'a row that forty messages of a call change is written once');
$dbh->rollback;

# --- whoever sees not all ----------------------------------------------------------------------

# Whoever is limited to some accounts is asked for each tree, also where there is no room to keep it.
$dbh->do($_) foreach ('CREATE ROLE narrow LOGIN', 'GRANT USAGE ON SCHEMA oms TO narrow', 'GRANT EXECUTE ON FUNCTION oms_commands(jsonb, boolean), fills(text, integer, integer) TO narrow',
	q(SELECT oms.grant_account('narrow', 'N')),
	q(SELECT count(*) FROM oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'm' || i, 'symbol', 'X', 'side', 'BUY', 'orderQty', 1000, 'account', CASE WHEN i % 10 = 0 THEN 'O' ELSE 'N' END)) FROM generate_series(10001, 14000) AS i))));
my $narrow = oms_dbh($node, user => 'narrow');
my $of = q(SELECT count(*) FROM oms_commands((SELECT jsonb_agg(f || jsonb_build_object('orderId', 'm' || 10000 + i)) FROM jsonb_array_elements(fills(?, 4000, 4000)) WITH ORDINALITY AS f (f, i)), false) AS r WHERE r->>'status' = 'ACCEPTED');
is($narrow->selectrow_array($of, undef, "narrow$_"), 4000, "a limited caller's batch is taken") foreach 1 .. 3;
is(join(' ', map { join ':', @$_ } @{ $dbh->selectall_arrayref(q(SELECT account, sum(executed_quantity)::int FROM oms.orders WHERE account IN ('N', 'O') GROUP BY account ORDER BY account)) }), 'N:10800 O:0', 'and booked where he may see the order');

is(join("\n", map { join ' ', map { $_ // '' } @$_ } @{ $dbh->selectall_arrayref('SELECT * FROM oms.verify() LIMIT 5') }), '', 'every invariant holds');

done_testing();
