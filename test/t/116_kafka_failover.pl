# Failover to a physical standby that has no slot: the bridge, whose connection string names both hosts, finds the new primary and
# reconciles.  With gate.standbys nothing is in Kafka that the standby does not have, so nothing is lost and nothing repeated, whenever the primary dies.
# Without the gate Kafka may be ahead of the new primary: then the bridge stops, and names the ids.
# Broken by: an event that leaves although a named standby does not have it; one that is missing, there twice or out of order after the
# failover; a divergence that is not noticed.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use OmsDelivery;
use OmsKafka;
use OmsTest;

skip_without_kafka();

my $SEED = seed();
my $kafka = OmsKafka->new(config => { 'transaction.abort.timed.out.transaction.cleanup.interval.ms' => 500 });
my ($loads, $made) = (0, 0);
my $bridge;

# A primary and its standby.
sub pair
{
	my $primary = delivery_node('primary' . ++$made);
	my $standby = PostgreSQL::Test::Cluster->new("standby$made");

	$primary->backup('base');
	$standby->init_from_backup($primary, 'base', has_streaming => 1);
	$standby->append_conf('postgresql.conf', "wal_receiver_timeout = 60s\nwal_retrieve_retry_interval = 200ms");
	$standby->start;
	return ($primary, $standby);
}

sub start
{
	my ($name, $nodes, %options) = @_;
	my %config = pipeline_config($name, $kafka, $nodes, 'transaction.timeout.ms' => 3000, wal_sender_timeout => 5000, %{ $options{config} // {} });
	$bridge = bridge_start(name => $name, config => \%config, args => $options{args} // []);
	$bridge->{mark} = length $bridge->log;
	return;
}

sub said { return substr $bridge->log, $bridge->{mark}; }
sub start_load { my ($nodes, %options) = @_; load_start($nodes, seed => $SEED + ++$loads, name => "l$loads-", pace => 0.01, %options); return; }
sub records { my ($prefix) = @_; my $sum = 0; $sum += $kafka->consume("$prefix$_", read_committed => 1, each => sub { }) foreach qw(order-events execution-events); return $sum; }

# The process that receives the log on a standby.
sub receiver { my ($standby) = @_; return $standby->safe_psql('postgres', 'SELECT pid FROM pg_stat_wal_receiver'); }

$kafka->start;

# ---- the gate ------------------------------------------------------------------------------------

my ($primary, $standby) = pair();
my $name = $standby->name;
foreach my $pipeline (qw(gated_json gated_binary))
{
	$kafka->create_event_topics("$pipeline.", 4);
	my %config = ('gate.standbys' => " $name", plugin => $pipeline =~ /json/ ? 'wal2json' : 'pgoutput');
	start($pipeline, [ $primary, $standby ], config => \%config);
	ok(wait_for(sub { active_of($bridge) }, 30, 'the bridge to stream'), "$pipeline streams");
	load_for($primary, 0.5, seed => $SEED + ++$loads, name => "l$loads-");
	ok(defined drained($primary, slot_of($pipeline), 30), 'with the standby there events leave') or diag(said());

	my $pid = wait_for(sub { receiver($standby) }, 30, 'the walreceiver');
	kill 'STOP', $pid;
	my $before = records("$pipeline.");
	my $lsn = $primary->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
	load_for($primary, 1, seed => $SEED + ++$loads, name => "l$loads-");
	ok(wait_for(sub { $bridge->metric('oms_bridge_ring_events') > 10 }, 20, 'events in the ring'), 'the bridge has events');
	sleep 1;
	is(records("$pipeline."), $before, "$pipeline: nothing leaves that the standby does not have");
	is($primary->safe_psql('postgres', "SELECT confirmed_flush_lsn <= '$lsn' FROM pg_replication_slots WHERE slot_name = '" . slot_of($pipeline) . q(')), 't', 'and nothing is confirmed');
	kill 'CONT', $pid;
	ok(defined drained($primary, slot_of($pipeline), 30), 'it leaves when the standby has it');

	# a standby that is not there at all
	$standby->stop;
	$before = records("$pipeline.");
	load_for($primary, 0.5, seed => $SEED + ++$loads, name => "l$loads-");
	sleep 1;
	is(records("$pipeline."), $before, "$pipeline: nothing leaves while the standby is away");
	my $begin = time;
	is($bridge->stop, 0, sprintf 'a clean stop meanwhile: %.1f s', time - $begin);
	start($pipeline, [ $primary, $standby ], config => \%config);
	$standby->start;
	ok(defined drained($primary, slot_of($pipeline), 30), 'it leaves when the standby is back') or diag(said());
	is_delivered($primary, $kafka, "$pipeline.", $pipeline);
	is($bridge->stop, 0, 'stopped') if $pipeline eq 'gated_json';
}

# ---- failover, under load, behind the gate ---------------------------------------------------------

start_load([ $primary, $standby ]);
sleep 1 + rand;
$primary->kill9;
my $begin = time;
my $last = events_of($standby);
$standby->promote;
note(sprintf 'promoted after %.1f s', time - $begin);
# the gate names a standby that is a primary now: nothing would ever pass
my $mark = $bridge->{mark};
sleep 1;
$bridge->kill9;
start('gated_binary', [ $primary, $standby ], config => { plugin => 'pgoutput' });
ok(wait_for(sub { active_of($bridge) }, 60, 'the bridge to stream'), 'failover: the bridge finds the new primary') or diag(said());
like(substr($bridge->log, $mark), qr/with the event tables: (failover: timeline 1 ended|replication slot "oms_gated_binary" does not exist)/, 'and knows why it reconciles');
diag(sprintf 'failover: %.1f s from the death of the primary until the bridge streams again', time - $begin);
sleep 0.5;
load_stop();
ok(defined drained($standby, 'oms_gated_binary', 30), 'drained') or diag(said());
cmp_ok(events_of($standby), '>', $last, 'the load went on');
is_delivered($standby, $kafka, 'gated_binary.', 'failover behind the gate');
is_sound($standby, 'the new primary');
is($bridge->stop, 0, 'stopped');
$standby->stop;

# ---- failover to a standby that lags -------------------------------------------------------------------

($primary, $standby) = pair();
$kafka->create_event_topics('ahead.', 4);
start('ahead', [ $primary, $standby ]);
start_load($primary);
ok(wait_for(sub { active_of($bridge) }, 30, 'the bridge to stream'), 'without a gate');
sleep 1;
load_stop();
ok(defined drained($primary, 'oms_ahead', 30), 'drained');
$primary->wait_for_catchup($standby);
$standby->stop;
my $both = events_of($primary);
start_load($primary);
sleep 0.7;
load_stop();
ok(defined drained($primary, 'oms_ahead', 30), 'Kafka has events that the standby has not');
my $lost = events_of($primary) - $both;
my @ids = (sequences_of($primary))[ 0 .. $lost - 1 ];
$primary->kill9;
$standby->start;
$standby->promote;
is($bridge->wait_exit(60), 3, "divergence of $lost events: the bridge stops with exit status 3") or diag(said());
like(said(), qr/Kafka holds $lost events that the event tables do not; their ids: \{$ids[-1],.*--accept-divergence/s, 'it says how many and which') or diag(said());

# the new primary goes on; its numbers may be those of the lost ones
start_load([ $primary, $standby ]);
sleep 0.7;
load_stop();
start('ahead', [ $primary, $standby ]);
is($bridge->wait_exit(60), 3, 'and does so again') or diag(said());
# behind a horizon that is older than the failover it knows each of them; without one, those whose numbers others have now
like(said(), qr/Kafka holds \d+ events that the event tables do not/, 'also when the numbers were given out again') or diag(said());
start('ahead', [ $primary, $standby ], args => ['--accept-divergence']);
ok(wait_for(sub { active_of($bridge) }, 60, 'the bridge to stream'), 'accepted: it goes on') or diag(said());
start_load([ $primary, $standby ]);
sleep 0.5;
load_stop();
ok(defined drained($standby, 'oms_ahead', 30), 'drained') or diag(said());
my $found = delivery($standby, $kafka, 'ahead.', lost => 1);
is(join("\n", @{ $found->{problems} }), '', "accepted: every event of the new primary is there: $found->{events}");
is($found->{repeats}, 0, 'once');
is($found->{strangers}, $lost, 'and the lost ones are what is left');
is($bridge->stop, 0, 'stopped');
start('ahead', [ $primary, $standby ]);
ok(wait_for(sub { active_of($bridge) }, 60, 'the bridge to stream'), 'the next start says nothing of it') or diag(said());
is($bridge->stop, 0, 'stopped');
$standby->stop;
$kafka->stop;

done_testing();
