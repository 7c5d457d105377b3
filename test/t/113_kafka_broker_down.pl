# The broker is away under load: commands go on, the log is held for the bridge, and when the broker is back everything arrives once.
# Meanwhile PostgreSQL stops as fast as without a bridge, though its ring is full and nothing can be confirmed; and so does the bridge itself, and
# also where a broker takes connections and does not answer, at whatever the bridge is doing then.
# Broken by: a command that fails or waits for Kafka, an event that is lost, repeated or out of order, memory that grows, a shutdown
# that waits for wal_sender_timeout.
#
# Ten seconds without a broker in make test, a minute in make soak.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use OmsDelivery;
use OmsKafka;
use OmsTest;

skip_without_kafka();

my $DOWN = rounds(10, 60);
my $STOP_BOUND = 10;
my $GRACE_MS = 2000;
my $SEED = seed();
# a server that would wait for its walsenders for a minute, as by default
my $node = delivery_node('down', conf => "wal_sender_timeout = 60s\n");
my $kafka = OmsKafka->new(config => { 'transaction.abort.timed.out.transaction.cleanup.interval.ms' => 500 });
# One whose transaction runs out of time: it leaves PostgreSQL's stream and tries anew.  Two that hold on to what they have read.
my %PIPELINES = (json => { plugin => 'wal2json', 'transaction.timeout.ms' => 3000 }, binary => { plugin => 'pgoutput', 'transaction.timeout.ms' => 300_000 },
	fast => { plugin => 'pgoutput', mode => 'low_latency' });
my @NAMES = sort keys %PIPELINES;
my %bridges;

sub start_bridge
{
	my ($pipeline) = @_;
	my %config = pipeline_config($pipeline, $kafka, $node, 'ring.max.bytes' => '256kB', 'batch.max.bytes' => '64kB', 'shutdown.grace.ms' => $GRACE_MS, %{ $PIPELINES{$pipeline} });
	$bridges{$pipeline} = bridge_start(name => $pipeline, config => \%config);
	return;
}

# TPS over some seconds.
sub pace_over
{
	my ($seconds) = @_;
	my ($begin, $before) = (time, load_commands());
	sleep $seconds;
	return (load_commands() - $before) / (time - $begin);
}

sub lag { my ($pipeline) = @_; return $node->safe_psql('postgres', "SELECT lag_bytes FROM oms.stat_bridge WHERE slot_name = '" . slot_of($pipeline) . q(')); }
sub ring_full { my ($bridge) = @_; return $bridge->metric('oms_bridge_ring_bytes') >= 0.9 * $bridge->metric('oms_bridge_ring_limit_bytes'); }

sub all_drained
{
	my ($name) = @_;
	my $begin = time;
	foreach my $pipeline (@NAMES)
	{
		ok(defined drained($node, slot_of($pipeline), 60), "$name: $pipeline is drained") or diag(substr $bridges{$pipeline}->log, -2000);
	}
	return time - $begin;
}

$kafka->start;
$kafka->create_event_topics("$_.", 4) foreach @NAMES;
start_bridge($_) foreach @NAMES;
load_start($node, seed => $SEED, sessions => 3, pace => 0.02);
ok(wait_for(sub { events_of($node) > 200 && !grep { !active_of($bridges{$_}) } @NAMES }, 90, 'load and bridges'), 'all pipelines stream');
all_drained('before');
my $pace_before = pace_over(2);

# --- away ------------------------------------------------------------------------------------

$kafka->kill9;
my %lag_before = map { $_ => lag($_) } @NAMES;
my $pace_down = pace_over($DOWN);
cmp_ok($pace_down, '>', 0.5 * $pace_before, 'commands go on without a broker');
foreach my $pipeline (@NAMES)
{
	my $bridge = $bridges{$pipeline};
	if ($pipeline eq 'json')
	{
		ok(wait_for(sub { ($bridge->http('/healthz'))[1] == 503 }, 20, 'the bridge to say so'), "$pipeline: not well, it says");
		like($bridge->log, qr/WARNING cannot \w+ .*Connection refused/, "$pipeline: and why");
	}
	else { ok(wait_for(sub { ring_full($bridge) }, 60, "the ring of $pipeline to fill"), "$pipeline: its ring is full"); }
	cmp_ok(lag($pipeline) - $lag_before{$pipeline}, '>', 512 * 1024, "$pipeline: the log is held");
	cmp_ok($bridge->metric('oms_bridge_ring_bytes'), '<', 1024 * 1024, "$pipeline: memory is not");
	cmp_ok($bridge->metric('oms_bridge_lag_seconds'), '>', 0.5 * $DOWN, "$pipeline: it says how far it is behind") if $pipeline ne 'json';
	ok($bridge->running, "$pipeline: the bridge waits");
}
diag(sprintf '%.0f transactions/s with the broker, %.0f without', $pace_before, $pace_down);

# --- stops, the broker still away ----------------------------------------------------------------

sub stop_postgres
{
	my ($name) = @_;
	my $begin = time;
	$node->stop('fast');
	my $took = time - $begin;
	cmp_ok($took, '<', $STOP_BOUND, sprintf '%s: %.1f s', $name, $took);
	diag(sprintf '%s: %.1f s', $name, $took);
	return;
}

sub stop_bridge
{
	my ($pipeline, $how) = @_;
	my $begin = time;
	my $status = $bridges{$pipeline}->stop;
	my $took = time - $begin;
	is($status, 0, "$pipeline, $how: a clean stop without a broker");
	# for what is on its way, then for its abortion
	cmp_ok($took, '<', 2 * $GRACE_MS / 1000 + 4, sprintf '%s: %.1f s', $pipeline, $took);
	diag(sprintf '%s, %s: SIGTERM without a broker: %.1f s', $pipeline, $how, $took);
	start_bridge($pipeline);
	return;
}

stop_bridge('fast', 'its ring full');
stop_postgres('PostgreSQL stops fast while a bridge with a full ring can confirm nothing');
$node->start;
ok(wait_for(sub { $node->safe_psql('postgres', 'SELECT true') eq 't' }, 30, 'the server'), 'PostgreSQL is back');
stop_bridge($_, 'waiting for Kafka') foreach qw(binary json);

# --- and back --------------------------------------------------------------------------------

my $behind = lag('binary');
$kafka->start;
my $transactions = load_stop();
my $took = all_drained('after');
diag(sprintf 'after %d s without a broker %.1f MB of log behind; caught up %.1f s after it was back', $DOWN, $behind / 1024 / 1024, $took);
foreach my $pipeline (@NAMES)
{
	my $found = is_delivered($node, $kafka, "$pipeline.", $pipeline, repeats => $pipeline eq 'fast');
	diag(sprintf '%s: %d events of %d transactions, %d repeats', $pipeline, $found->{events}, $transactions, $found->{repeats});
}

# With the broker there a stop of PostgreSQL leaves nothing behind: what is committed is confirmed before it ends.
load_start($node, seed => $SEED + 1, name => 't', pace => 0.02);
sleep 1;
stop_postgres('PostgreSQL stops fast, with a broker');
load_stop();
$node->start;
all_drained('after a fast stop under load');
is_delivered($node, $kafka, "$_.", "$_, after a fast stop under load", repeats => $_ eq 'fast') foreach @NAMES;

# --- a broker that stands still -------------------------------------------------------------------

# Stopped while it streams; stopped somewhere in its start.
sub stop_still
{
	my ($pipeline, $how, $says) = @_;
	my $bridge = $bridges{$pipeline};
	my $mark = length $bridge->log;
	my $begin = time;
	is($bridge->stop, 0, "$pipeline, $how: a clean stop while the broker stands still");
	my $took = time - $begin;
	cmp_ok($took, '<', 2 * $GRACE_MS / 1000 + $STOP_BOUND, sprintf '%s, %s: %.1f s', $pipeline, $how, $took);
	my $said = substr $bridge->log, $mark;
	like($said, $says, "$pipeline, $how: it says what it left");
	diag(sprintf '%s, %s: SIGTERM: %.1f s', $pipeline, $how, $took);
	return;
}

load_start($node, seed => $SEED + 2, name => 'q', pace => 0.02);
sleep 0.5;
$kafka->pause;
sleep 0.5;
# by the time it is json's turn, its transaction has run out of time, and it starts anew
stop_still($_, 'streaming', $_ eq 'json' ? qr/stopped/ : qr/stopped before all was confirmed|gave up waiting for Kafka: \d+ events/) foreach @NAMES;
$kafka->resume;
foreach my $pipeline (@NAMES)
{
	start_bridge($pipeline);
	sleep rand 0.6;
	$kafka->pause;
	sleep 0.3;
	stop_still($pipeline, 'starting', qr/stopped|left while/);
	$kafka->resume;
}
load_stop();
start_bridge($_) foreach @NAMES;
all_drained('after a broker that stood still');
is_delivered($node, $kafka, "$_.", "$_, after a broker that stood still", repeats => $_ eq 'fast') foreach @NAMES;
is_sound($node, 'the store');
is($bridges{$_}->stop, 0, "$_ stops clean") foreach @NAMES;
$kafka->stop;
$node->stop;

done_testing();
