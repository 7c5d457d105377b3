# Planted faults in a stream that is made here: what is found of each kind, and how much of what is nothing is named; a server that dies while it scores; batches of any size;
# two who score at once; ExecIDs that are missing, fills off the market, a tree that went back.
# Broken by: a detector that finds less than these thresholds, or names more than its budget; an event that is scored twice or not at all; a profile that depends on how
# many events came in one batch, or on a batch that was undone; a second one who waits, or scores beside the first.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $node = oms_node('anomalies', conf => "fsync = off\nrestart_after_crash = on\nlog_min_messages = fatal\n");
sub sql { return $node->safe_psql('postgres', $_[0]); }
sub give { while (my @part = splice @_, 0, 500) { sql(sprintf q{SELECT count(*) FROM oms_commands('[%s]')}, join ',', @part); } }
sub score_all { my ($size) = @_; my $rounds = 0; while (sql("SELECT done FROM oms.score_events($size)") eq 'f') { die 'it never ends' if ++$rounds > 5000; } }

# ---- what is found --------------------------------------------------------------------------------------------

# A generator of our own: the same on every machine. Quantities lie around 100, prices around a middle that wanders.
my $state = 22;
sub chance { $state = ($state * 1103515245 + 12345) % 2147483648; return ($state + 0.5) / 2147483648; }
sub bell { return sqrt(-2 * log(chance())) * cos(6.283185307 * chance()); }

my ($N, $middle, @orders, %planted) = (6000, 100);
foreach my $i (1 .. $N)
{
	$middle *= exp(0.0002 * bell());
	my $side = chance() < 0.5 ? 'BUY' : 'SELL';
	my $quantity = int(100 * exp(0.5 * bell())) + 1;
	my $price = $middle * (1 + ($side eq 'BUY' ? -1 : 1) * 0.0005 * -log(chance()));
	if ($i > $N / 2 && $i % 150 == 75)
	{
		my $kind = (qw(quantity price_off price_through repeated))[($i / 150) % 4];
		$planted{"s$i"} = $kind;
		$quantity *= 100 if $kind eq 'quantity';
		$price *= $side eq 'BUY' ? 0.1 : 10 if $kind eq 'price_off';
		$price = $middle * ($side eq 'BUY' ? 1.05 : 0.95) if $kind eq 'price_through';
		if ($kind eq 'repeated')
		{
			push @orders, [ "s${i}x$_", $side, $quantity, $price ] foreach 1 .. 5;
		}
	}
	push @orders, [ "s$i", $side, $quantity, $price ];
}
my @commands = map { sprintf '{"commandType": "CreateOrderCommand", "orderId": "%s", "symbol": "AN", "account": "FUND", "side": "%s", "orderQty": %d, "price": %.4f, "ordType": "LIMIT"}', @$_ } @orders;
give(@commands);
score_all(1000);
my %found = map { $_ => 1 } split /\n/, sql('SELECT DISTINCT id FROM oms.anomalies');
foreach my $kind (qw(quantity price_off price_through repeated))
{
	my @of_kind = grep { $planted{$_} eq $kind } keys %planted;
	my $seen = grep { $found{$_} } @of_kind;
	cmp_ok($seen, '>=', 0.8 * @of_kind, "$kind: at least four of five are found ($seen of " . @of_kind . ')');
}
my $false = grep { !$planted{$_} && !/x/ } keys %found;
cmp_ok($false, '<=', 0.017 * @orders, "and no more of the others are named than the budgets have room for ($false)");
is(sql('SELECT count(*) FROM oms.anomalies WHERE reason !~ \'[0-9]\' OR probability IS NULL'), '0', 'each says why, with figures');
is(sql('SELECT max(cardinality(points)) <= 128 FROM oms.anomaly_profiles'), 't', 'and what is usual has a fixed size');

# A clean day: the same without faults, learned by now. What is named stays within all budgets.
$state = 4711;
$middle = 100;
@commands = map { my $side = chance() < 0.5 ? 'BUY' : 'SELL'; $middle *= exp(0.0002 * bell());
	sprintf '{"commandType": "CreateOrderCommand", "orderId": "c%d", "symbol": "AN", "account": "FUND", "side": "%s", "orderQty": %d, "price": %.4f, "ordType": "LIMIT"}', $_, $side,
	int(100 * exp(0.5 * bell())) + 1, $middle * (1 + ($side eq 'BUY' ? -1 : 1) * 0.0005 * -log(chance())) } 1 .. 3000;
give(@commands);
score_all(1000);
my $on_clean = sql(q(SELECT count(DISTINCT id) FROM oms.anomalies WHERE id ~ '^c'));
cmp_ok($on_clean, '<=', 0.017 * 3000, "a clean day: $on_clean of 3000 are named");

# ---- whatever dies --------------------------------------------------------------------------------------------

my $LEARNED = q(SELECT md5(string_agg(concat_ws('|', feature, peer, samples, usual, day, points), E'\n' ORDER BY feature, peer)) FROM oms.anomaly_profiles);
my $FOUND = q(SELECT md5(string_agg(concat_ws('|', sequence, feature, value, expected, probability, peer, reason), E'\n' ORDER BY sequence, feature)) FROM oms.anomalies);
my ($learned, $was_found, $read) = (sql($LEARNED), sql($FOUND), sql('SELECT events FROM oms.anomaly_position'));
sub forget { sql("DELETE FROM oms.$_") foreach qw(anomalies anomaly_profiles anomaly_memory anomaly_position); }

forget();
score_all(333);
is(sql($LEARNED), $learned, 'from the beginning in other batches: the same is learned');
is(sql($FOUND), $was_found, 'and found');

forget();
my $crashes = 0;
until (sql('SELECT done FROM oms.score_events(700)') eq 't')
{
	# undone; and a server that dies in the middle of a batch that has written
	sql('BEGIN; SELECT * FROM oms.score_events(50); ROLLBACK');
	next if $crashes >= 3;
	my $dbh = oms_dbh($node);
	$dbh->begin_work;
	$dbh->do('SELECT * FROM oms.score_events(100)');
	is(sql('SELECT events, done FROM oms.score_events(100)'), '0|t', 'who scores beside another one finds nothing to do, and waits for nobody') if $crashes == 0;
	$node->stop('immediate');
	$node->start;
	$dbh->{InactiveDestroy} = 1;
	$crashes++;
}
is(sql('SELECT events FROM oms.anomaly_position'), $read, 'after crashes: each event was scored once');
is(sql($LEARNED), $learned, 'the same is learned');
is(sql($FOUND), $was_found, 'and found');

# ---- fills, and figures that cannot be ------------------------------------------------------------------------

sql(q(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "f", "symbol": "FI", "side": "BUY", "orderQty": 1000000}')));
# two hundred and more in turn, then one at a price that nobody has, and one behind a gap
my @fills = map { sprintf '{"commandType": "ExecuteOrderCommand", "orderId": "f", "execID": "E%05d", "lastQty": 10, "lastPx": %.2f}', $_, 100 + ($_ % 7) * 0.01 } 1 .. 400;
push @fills, '{"commandType": "ExecuteOrderCommand", "orderId": "f", "execID": "E00401", "lastQty": 10, "lastPx": 91}',
	'{"commandType": "ExecuteOrderCommand", "orderId": "f", "execID": "E00490", "lastQty": 10, "lastPx": 100}',
	'{"commandType": "ExecuteOrderCommand", "orderId": "f", "execID": "E00491", "lastQty": 10, "lastPx": 100, "cumQty": 9999}';
give(@fills);
score_all(1000);
is(sql(q(SELECT string_agg(a.feature || ' ' || e.exec_id, ', ' ORDER BY a.sequence, a.feature) FROM oms.anomalies AS a JOIN oms.executions AS e ON e.id = a.id WHERE a.object = 'execution' AND a.value > 1)),
	'fill_price E00401, exec_id_gap E00490', 'a fill off the market, a gap in the ExecIDs, and nothing else');
is(sql(q(SELECT value FROM oms.anomalies WHERE feature = 'cum_qty_differs' AND id = 'f')), 9999 - 4030, 'what the counterparty counts otherwise');
is(sql(q(SELECT count(*) FROM oms.anomalies WHERE feature = 'executed_back')), '0', 'nothing went back');
# What somebody confirms to be wrong is taken out of all that has learned it; whose only value it was knows nothing any more, until he thinks better of it.
sql(q(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "lone", "symbol": "AN", "account": "LONE", "side": "BUY", "orderQty": 700000}')));
score_all(1000);
my ($lone, $feature) = split /\|/, sql(q(SELECT sequence, feature FROM oms.anomalies WHERE id = 'lone' AND peers IS NOT NULL ORDER BY feature LIMIT 1));
my $known = "SELECT count(*) || ' ' || coalesce(round(sum(samples)), 0) FROM oms.anomaly_profiles WHERE feature = '$feature' AND peer ~ 'account=LONE'";
my $before = sql($known);
like($before, qr/^[1-9]\d* [1-9]/, 'an account of one order has profiles');
sql("SELECT oms.review_anomaly($lone, '$feature', 'CONFIRMED')");
is(sql($known), '0 0', 'which a review empties, and so they are gone');
sql("SELECT oms.review_anomaly($lone, '$feature', 'OPEN')");
is(sql($known), $before, 'and are there again when it is taken back');

# An event that is damaged is passed over: neither the server nor who comes next minds.
sql(q(SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "lone", "executionId": "hurt", "execID": "H1", "lastQty": 10, "lastPx": 100}')));
my $hurt = sql(q(SELECT tableoid::regclass FROM oms.execution_events WHERE aggregate_id = 'hurt'));
foreach my $damage (q(payload #- '{state,lastPx}'), q(payload #- '{state,createdAt}'), q(jsonb_set(payload, '{state,lastQty}', '"ten"')), q(payload - 'state'), q(jsonb_set(payload, '{state}', '7')))
{
	$node->safe_psql('postgres', "BEGIN; ALTER TABLE $hurt DISABLE TRIGGER ALL; UPDATE $hurt SET payload = $damage WHERE aggregate_id = 'hurt'; ALTER TABLE $hurt ENABLE TRIGGER ALL; COMMIT");
	is($node->safe_psql('postgres', 'SELECT events > 0 AND done FROM oms.score_events(1000)'), 't', "scored in spite of $damage");
	sql('DELETE FROM oms.anomaly_position');
	sql("INSERT INTO oms.anomaly_position (position) SELECT e.position FROM oms.events_since(NULL, NULL, 100000) AS e WHERE e.sequence < (SELECT min(sequence) FROM oms.execution_events WHERE aggregate_id = 'hurt') ORDER BY e.sequence DESC LIMIT 1");
}
score_all(1000);

# What is named goes with its tree.
sql(q(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "g", "symbol": "GO", "side": "BUY", "orderQty": 1}'), oms_command('{"commandType": "CancelOrderCommand", "orderId": "g"}')));
sql(q(SELECT oms.import_anomaly_scores((SELECT jsonb_agg(jsonb_build_object('sequence', e.sequence, 'model', 'm', 'reason', e.aggregate_id)) FROM oms.order_events AS e WHERE e.aggregate_id = 'g'))));
is(sql(q(SELECT count(*) FROM oms.anomalies WHERE root_id = 'g')), '2', 'another model names both events of a tree');
is(sql(q(SET oms_state.command_retention = 0; INSERT INTO oms.retention_policies (name, root_id, age) VALUES ('g', 'g', '0');
	SELECT oms_command('{"commandType": "PurgeOrderCommand", "orderId": "g"}') ->> 'status'; DELETE FROM oms.retention_policies WHERE name = 'g')), 'ACCEPTED', 'which is purged');
score_all(1000);
is(sql(q(SELECT count(*) FROM oms.anomalies WHERE root_id = 'g')), '0', 'and what was named is gone with it');
# A tree that cannot be: a copy of an event that has less executed than the one before, as nothing of ours writes it.
my $leaf = sql(q(SELECT tableoid::regclass FROM oms.order_events WHERE aggregate_id = 'f' LIMIT 1));
sql(qq(ALTER TABLE $leaf DISABLE TRIGGER ALL; UPDATE $leaf SET payload = jsonb_set(payload, '{state,executedQuantity}', '7') WHERE aggregate_id = 'f' AND version = (SELECT max(version) FROM $leaf WHERE aggregate_id = 'f');
	ALTER TABLE $leaf ENABLE TRIGGER ALL));
forget();
score_all(1000);
is(sql(q(SELECT id || ' ' || value FROM oms.anomalies WHERE feature = 'executed_back')), 'f 4013', 'a tree whose figures move against its history');
done_testing();
