# Exactly once through kills at random moments: kill -9 of a bridge, of PostgreSQL, of the broker, of several at once; SIGSTOP beyond
# the transaction timeout, with and without a second instance that takes over; the clean stop of one of two.  A random load goes on
# all the time.  Three pipelines run through the same storm, each with a hot standby: wal2json and pgoutput exactly once, and one with low latency.
# Broken by: an event that is missing in Kafka, there twice, changed, in the wrong partition, or out of its tree's order; with
# low latency by an event that is missing or whose first copy is out of order, or by a repeat although nothing crashed; a pipeline that does not go on after a kill.
# Also by an event of an allocation that does not come under the key of its own tree, or does not say what its object has then.
#
# Eight kills in make test, 200 in make soak.

use strict;
use warnings;

use List::Util qw(shuffle);
use Test::More;
use Time::HiRes qw(sleep time);

use OmsConsumer;
use OmsDelivery;
use OmsKafka;
use OmsTest;

skip_without_kafka();

my $KILLS = rounds(8, 200);
my $CHECK_EVERY = 20;
my $TRANSACTION_TIMEOUT_MS = 2000;
my $SEED = seed();
my $node = delivery_node('kills');
my $kafka = OmsKafka->new(config => { 'transaction.abort.timed.out.transaction.cleanup.interval.ms' => 500 });
$kafka->start;

my %PIPELINES = (
	json => { plugin => 'wal2json' },
	binary => { plugin => 'pgoutput', 'batch.max.rows' => 50 },
	fast => { plugin => 'pgoutput', mode => 'low_latency' });
my @NAMES = sort keys %PIPELINES;
my %bridges;
my @recovery;

sub start_bridge
{
	my ($pipeline, $instance) = @_;
	my %config = pipeline_config($pipeline, $kafka, $node, 'transaction.timeout.ms' => $TRANSACTION_TIMEOUT_MS,
		wal_sender_timeout => 3000, %{ $PIPELINES{$pipeline} });
	$bridges{$pipeline}[$instance] = bridge_start(name => "$pipeline$instance", config => \%config);
	return;
}

sub start_missing
{
	foreach my $pipeline (@NAMES)
	{
		foreach my $instance (0, 1) { start_bridge($pipeline, $instance) if !$bridges{$pipeline}[$instance] || !$bridges{$pipeline}[$instance]->running; }
	}
	return;
}

# Every pipeline has published what is committed now; returns the seconds it took, undef when one does not go on.
sub all_drained
{
	my ($seconds) = @_;
	my $begin = time;
	foreach my $pipeline (@NAMES)
	{
		next if defined drained($node, slot_of($pipeline), $seconds);
		diag("pipeline $pipeline stands; its logs end:\n" . join '', map { my @lines = split /^/, $_->log; @lines[-(@lines > 15 ? 15 : @lines) .. -1] } @{ $bridges{$pipeline} });
		return undef;
	}
	return time - $begin;
}

# --- what is done to them --------------------------------------------------------------------

sub active { my ($pipeline) = @_; return wait_for(sub { active_of(@{ $bridges{$pipeline} }) }, 30, "an active instance of $pipeline"); }
sub other { my ($pipeline, $bridge) = @_; return (grep { $_ != $bridge } @{ $bridges{$pipeline} })[0]; }

sub kill_active { my $bridge = active($_[0]) or return; $bridge->kill9; return; }
sub kill_both { $_->kill9 foreach @{ $bridges{ $_[0] } }; return; }
sub kill_postgres { $node->kill9; sleep rand 0.5; start_again($node) or die "PostgreSQL does not start\n"; return; }
sub kill_broker { $kafka->kill9; sleep rand 0.5; $kafka->start; return; }

sub kill_all
{
	my ($pipeline) = @_;
	kill_active($pipeline);
	$kafka->kill9;
	$node->kill9;
	$kafka->start(wait => 0);
	start_again($node) or die "PostgreSQL does not start\n";
	$kafka->wait_until_up;
	return;
}

# Stopped for longer than a transaction may last: the coordinator has given it up when it wakes.
sub pause_active
{
	my $bridge = active($_[0]) or return;
	$bridge->pause;
	sleep $TRANSACTION_TIMEOUT_MS / 1000 + 1;
	$bridge->resume;
	return;
}

# A host that freezes and is cut off from PostgreSQL: the server drops the connection that holds the lock, and by
# wal_sender_timeout the other; the other instance takes over; then the first wakes, in the middle of what it did.
sub pause_and_replace
{
	my ($pipeline) = @_;
	my $bridge = active($pipeline) or return;
	my $other = other($pipeline, $bridge);

	$bridge->pause;
	$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
		  . " AND objid = hashtext('$pipeline')::oid)");
	ok(wait_for(sub { $other->metric('oms_bridge_active') }, 30, "the other instance of $pipeline"), "$pipeline: the standby takes over from one that is paused");
	sleep 0.2 + rand $TRANSACTION_TIMEOUT_MS / 1000;
	$bridge->resume;
	ok(wait_for(sub { !$bridge->metric('oms_bridge_active') }, 30, 'the old instance to stand back'), "$pipeline: the old one stands back when it wakes");
	return;
}

sub stop_active
{
	my ($pipeline) = @_;
	my $bridge = active($pipeline) or return;
	is($bridge->stop, 0, "$pipeline: a clean stop");
	return;
}

sub pause_broker
{
	$kafka->pause;
	sleep 0.5 + rand 3;
	$kafka->resume;
	return;
}

my @KINDS = (\&kill_active, \&kill_both, \&kill_postgres, \&kill_broker, \&kill_all, \&pause_active, \&pause_and_replace, \&stop_active, \&pause_broker);
my %NAME_OF;
@NAME_OF{@KINDS} = ('bridge -9', 'both bridges -9', 'PostgreSQL -9', 'broker -9', 'bridge, PostgreSQL, broker -9', 'bridge paused', 'bridge paused and replaced', 'bridge stopped', 'broker paused');

# The plan: in a short run each kind once, then at random, those that cost little more often.
sub plan_of
{
	my @plan = shuffle(@KINDS[ 0, 2 .. $#KINDS ]);
	push @plan, $KINDS[ rand() < 0.4 ? 0 : rand @KINDS ] while @plan < $KILLS;
	return @plan[ 0 .. $KILLS - 1 ];
}

# --- the storm -------------------------------------------------------------------------------

my ($number, $transactions) = (0, 0);

sub start_load { load_start($node, seed => $SEED + $number, name => "s$number-", sessions => 3, pace => 0.04); return; }

$kafka->create_event_topics("$_.", 4) foreach @NAMES;
start_missing();
start_load();
ok(wait_for(sub { events_of($node) > 300 && !grep { !active_of(@{ $bridges{$_} }) } @NAMES }, 90, 'load and bridges'), 'all pipelines stream');
ok(defined all_drained(90), 'and catch up');
my $calm = delivery($node, $kafka, 'fast.');
is($calm->{repeats}, 0, 'low latency without a crash: no repeats');

my $running = 1;
foreach my $kind (plan_of())
{
	my $pipeline = $NAMES[ $number % @NAMES ];

	$number++;
	sleep rand 0.7;
	my $begin = time;
	$kind->($pipeline);
	my $down = time - $begin;
	start_missing();
	my $took = all_drained(60);
	note(sprintf 'kill %d: %s (%s), %.1f s; all drained %.1f s later', $number, $NAME_OF{$kind}, $pipeline, $down, $took // -1);
	if (!defined $took) { fail("kill $number ($NAME_OF{$kind}, $pipeline): all pipelines go on"); $running = 0; last; }
	push @recovery, $took;
	next if $number % $CHECK_EVERY || $number == $KILLS;
	# between, to know sooner; what is compared must stand still
	$transactions += load_stop();
	ok(defined all_drained(60), "after $number kills all is drained");
	is_delivered($node, $kafka, "$_.", "after $number kills, $_", repeats => $_ eq 'fast') foreach @NAMES;
	start_load();
}
$transactions += load_stop();
is($number, $KILLS, "$number kills") if $running;
ok(defined all_drained(60), 'all is drained');

# --- the check -------------------------------------------------------------------------------

foreach my $pipeline (@NAMES)
{
	my $found = is_delivered($node, $kafka, "$pipeline.", "$pipeline, through $number kills", repeats => $pipeline eq 'fast');
	diag(sprintf '%s: %d events, %d repeats', $pipeline, $found->{events}, $found->{repeats});
}
is_sound($node, 'the store');
my $consumer = consumer_of($node);
consume_topics($consumer, $kafka, 'json.');
is_rebuilt($consumer, $node, 'from Kafka alone');
$consumer->disconnect;
@recovery = sort { $a <=> $b } @recovery;
diag(sprintf '%d kills under %d transactions (OMS_SEED=%d); caught up within %.1f s (median), %.1f s (longest)', $number, $transactions, $SEED,
	$recovery[ @recovery / 2 ], $recovery[-1]) if @recovery;
foreach my $bridge (map { @$_ } values %bridges) { is($bridge->stop, 0, 'a bridge stops clean'); }
$kafka->stop;
$node->stop;

done_testing();
