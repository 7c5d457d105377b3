# One transaction of 300,000 events, through both plugins: the bridge's memory stays bounded, PostgreSQL's slot moves only at the end of it,
# and everything arrives once, in the order of the trees, although the bridge is killed in the middle of it again and again.
# Broken by: memory that grows with the transaction, a gap or a repeat where a killed bridge resumes inside the transaction, a
# transaction that begins anew each time.

use strict;
use warnings;

use JSON::PP ();
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(sleep time);

use OmsDelivery;
use OmsKafka;
use OmsTest;

skip_without_kafka();

my $EVENTS = 300_000;
# the ring of 64 MB when it is full, and what librdkafka has on its way
my $BOUND_KB = 160 * 1024;
# AddressSanitizer keeps what was freed
# Memory is what is measured here: without the sanitizers, which the other tests run with.
$ENV{OMS_BRIDGE} =~ s/-san$// if defined $ENV{OMS_BRIDGE};
my $SANITIZED = bridge_program() =~ /-san$/;
my $KILLS = rounds(2, 8);
my $SEED = seed();
my $node = delivery_node('large');
my $kafka = OmsKafka->new;
my %PIPELINES = (json => { plugin => 'wal2json' }, binary => { plugin => 'pgoutput' }, fast => { plugin => 'pgoutput', mode => 'low_latency' });
my @KILLED = soak() ? qw(json fast) : qw(json);
my @NAMES = ('binary', @KILLED);
my (%bridges, %peak, %resumed);

sub start_bridge
{
	my ($pipeline) = @_;
	$bridges{$pipeline} = bridge_start(name => $pipeline, config => { pipeline_config($pipeline, $kafka, $node, 'transaction.timeout.ms' => 15_000, %{ $PIPELINES{$pipeline} }) });
	return;
}

# Batches of commands in one statement: in each tree an order and three fills, seven events.
sub commit_large
{
	my $dbh = oms_dbh($node);
	my $trees = int($EVENTS / 7) + 1;
	my $begin = time;
	my $fill = q(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'L-' || n, 'lastQty', k, 'lastPx', 72.5));

	$dbh->begin_work;
	$dbh->do(qq(SELECT count(*) FROM generate_series(1, $trees, 20) AS g, LATERAL oms_commands((
		SELECT jsonb_agg(CASE k WHEN 0 THEN jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'L-' || n, 'symbol', 'VOD.L', 'side', 'BUY', 'orderQty', 1000)
			ELSE $fill END ORDER BY k, n) FROM generate_series(g, g + 19) AS n, generate_series(0, 3) AS k))));
	$dbh->commit;
	return time - $begin;
}

# The newest position in Kafka.
sub position
{
	my ($pipeline) = @_;
	my @records = $kafka->consume("$pipeline.oms.cdc.position.$pipeline", read_committed => 1);
	return @records ? JSON::PP::decode_json($records[-1]{value}) : {};
}

sub watch_memory
{
	my ($pipeline) = @_;
	$peak{$pipeline} = max($peak{$pipeline} // 0, $bridges{$pipeline}->memory('peak'));
	return;
}

# How many events of the large transaction this bridge has published since it was started.
sub published
{
	my ($pipeline) = @_;
	my $sum = 0;
	$sum += $bridges{$pipeline}->metric('oms_bridge_events_total', table => $_) // 0 foreach keys %TOPIC_OF;
	return $sum;
}

# Kill it in the middle: when it has published some more thousands.
sub kill_in_the_middle
{
	my ($pipeline, $more) = @_;
	my $some = wait_for(sub { watch_memory($pipeline); published($pipeline) >= $more }, 90, "$pipeline to publish $more events");

	$bridges{$pipeline}->kill9;
	ok($some, "$pipeline: killed after $more events");
	my $part = position($pipeline)->{part};
	ok(ref $part && $part->{rows} > ($resumed{$pipeline} // 0), "$pipeline: its position is inside the transaction, and further than before") or diag(JSON::PP::encode_json(position($pipeline)));
	$resumed{$pipeline} = ref $part ? $part->{rows} : 0;
	note("$pipeline: killed at row $resumed{$pipeline}");
	return;
}

$kafka->start;
$kafka->create_event_topics("$_.", 4) foreach @NAMES;
start_bridge($_) foreach @NAMES;
foreach my $pipeline (@NAMES) { wait_for(sub { active_of($bridges{$pipeline}) }, 30, "$pipeline to stream") or BAIL_OUT('no bridge'); }
my %idle = map { $_ => $bridges{$_}->memory('peak') } @NAMES;
# the bridges that are killed start behind the transaction: decoding it takes the server seconds, and nothing is published before
$bridges{$_}->stop foreach @KILLED;

my $built = commit_large();
my $count = events_of($node);
cmp_ok($count, '>=', $EVENTS, "one transaction of $count events");
my $begin = time;
# a broker that stands still for a moment: the ring fills up
wait_for(sub { published('binary') > 10_000 }, 120, 'pgoutput to publish something');
$kafka->pause;
my $paused = time;
wait_for(sub { my $bridge = $bridges{binary}; $bridge->metric('oms_bridge_ring_bytes') > 0.95 * $bridge->metric('oms_bridge_ring_limit_bytes') }, 8, 'the ring to be full');
$paused = time - $paused;
$kafka->resume;
wait_for(sub { watch_memory('binary'); published('binary') >= $count }, 120, 'pgoutput without a kill');
ok(defined drained($node, 'oms_binary', 60), 'pgoutput: drained');
my $took = time - $begin - $paused;
watch_memory('binary');

foreach my $pipeline (@KILLED)
{
	foreach my $kill (1 .. $KILLS)
	{
		start_bridge($pipeline);
		kill_in_the_middle($pipeline, 20_000 + int rand 20_000 + 40_000 * rand() / $KILLS);
	}
	my $commit = position($pipeline)->{part}{commit_lsn};
	is($node->safe_psql('postgres', "SELECT confirmed_flush_lsn <= '$commit' FROM pg_replication_slots WHERE slot_name = '" . slot_of($pipeline) . q(')), 't',
		"$pipeline: nothing of it is confirmed");
	start_bridge($pipeline);
	wait_for(sub { watch_memory($pipeline); $node->safe_psql('postgres', "SELECT confirmed_flush_lsn >= pg_current_wal_insert_lsn() FROM pg_replication_slots WHERE slot_name = '" . slot_of($pipeline) . q(')) eq 't' },
		120, "$pipeline to finish");
	ok(defined drained($node, slot_of($pipeline), 10), "$pipeline: drained");
	watch_memory($pipeline);
}
foreach my $pipeline (@NAMES)
{
	my $found = is_delivered($node, $kafka, "$pipeline.", $pipeline, repeats => $pipeline eq 'fast');
	cmp_ok($peak{$pipeline}, '<', $BOUND_KB, "$pipeline: memory is bounded") if !$SANITIZED;
	diag(sprintf '%s: peak %d MB (idle %d MB), %d repeats', $pipeline, $peak{$pipeline} / 1024, $idle{$pipeline} / 1024, $found->{repeats});
}
diag(sprintf 'one transaction of %d events, built in %.1f s; pgoutput published it in %.1f s: %d events/s', $count, $built, $took, $count / $took);
is($bridges{$_}->stop, 0, "$_ stops clean") foreach @NAMES;
$kafka->stop;
$node->stop;

done_testing();
