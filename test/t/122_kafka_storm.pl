# Exactly once through whatever takes a history away: failovers to a standby; databases restored from a snapshot, whose
# log may have outgrown the positions; records that retention removes; slots that are dropped; and the kills of a bridge, PostgreSQL and the broker between
# and under them, with a load. Two stores: one with three pipelines (both plugins, both modes), one that shares its topics with the first of these.
# Broken by: an event that is missing in Kafka, there twice, changed or out of its tree's order, also one whose record retention has removed since; with low
# latency by an event that is missing; a lost history that no bridge tells of; a store that takes another one's records for its own.
#
# Twelve kills in make test, 200 in make soak.

use strict;
use warnings;

use List::Util qw(max min shuffle);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use OmsDelivery;
use OmsKafka;
use OmsTest;

skip_without_kafka();

my $KILLS = rounds(12, 200);
my $SEED = seed();
my $kafka = OmsKafka->new(config => { 'transaction.abort.timed.out.transaction.cleanup.interval.ms' => 500 });
my %store = (one => delivery_node('one0'), two => delivery_node('two0'));
my ($copies, $nodes, $number) = (0, 0, 0);
my $standby;

my %PIPELINES = (
	json => { store => 'one', plugin => 'wal2json', 'store.name' => 'one' },
	binary => { store => 'one', plugin => 'pgoutput', 'batch.max.rows' => 50 },
	fast => { store => 'one', plugin => 'pgoutput', mode => 'low_latency' },
	beside => { store => 'two', plugin => 'pgoutput', 'store.name' => 'two', 'topic.prefix' => 'json.' });
my (%bridges, %removed, %told);

sub node_of { my ($pipeline) = @_; return $store{ $PIPELINES{$pipeline}{store} }; }
sub of_store { my ($name) = @_; return grep { $PIPELINES{$_}{store} eq $name } sort keys %PIPELINES; }

sub start_bridge
{
	my ($pipeline, @args) = @_;
	my %own = %{ $PIPELINES{$pipeline} };
	my $name = delete $own{store};
	# nothing leaves that a failover could lose
	$own{'gate.standbys'} = $standby->name if $name eq 'one' && $standby;
	my $bridge = bridge_start(name => $pipeline, args => \@args,
		config => { pipeline_config($pipeline, $kafka, node_of($pipeline), 'transaction.timeout.ms' => 10000, wal_sender_timeout => 3000, %own) });
	$bridge->{mark} = length $bridge->log;
	return $bridges{$pipeline} = $bridge;
}

sub said { my ($bridge) = @_; return substr $bridge->log, $bridge->{mark}; }
sub kill_bridges { my (@pipelines) = @_; $bridges{$_}->kill9 foreach @pipelines; return; }
sub start_missing { foreach my $pipeline (sort keys %PIPELINES) { start_bridge($pipeline) if !$bridges{$pipeline} || !$bridges{$pipeline}->running; } return; }

# A partition from which retention took the last record of a store, or all but those of a lost history: what its bridge cannot know, and asks, a consumer
# knows. From the first event on that is missing it publishes what Kafka does not hold, also what retention took.
sub answer
{
	my ($pipeline) = @_;
	return if $bridges{$pipeline}->running || said($bridges{$pipeline}) !~ /may have been published long ago/;
	my $found = delivery(node_of($pipeline), $kafka, $PIPELINES{$pipeline}{'topic.prefix'} // "$pipeline.", store => $PIPELINES{$pipeline}{'store.name'},
		removed => $removed{$pipeline}, lost => 1);
	my $start = $found->{missing}[0] // 1 + (sequences_of(node_of($pipeline)))[0];
	note("$pipeline asks, and is told: from $start");
	delete @{ $removed{$pipeline} }{ grep { /^(\d+)/ && $1 >= $start } keys %{ $removed{$pipeline} } } if $removed{$pipeline};
	start_bridge($pipeline, '--bootstrap', '--start', $start);
	return;
}

sub all_drained
{
	foreach my $pipeline (sort keys %PIPELINES)
	{
		wait_for(sub { active_of($bridges{$pipeline}) || !$bridges{$pipeline}->running }, 90, "$pipeline to stream or to ask");
		answer($pipeline);
		# a slot that was made anew is ahead of what its bridge still compares
		next if wait_for(sub { active_of($bridges{$pipeline}) }, 90, "$pipeline to stream") && defined drained(node_of($pipeline), slot_of($pipeline), 90);
		diag("pipeline $pipeline stands; its log ends:\n" . join '', (split /^/, $bridges{$pipeline}->log)[ -20 .. -1 ]);
		return 0;
	}
	return 1;
}

sub loaded
{
	my ($name, $seconds, $meanwhile) = @_;
	load_start($store{$name}, seed => $SEED + $number, name => "k$number$name-" . ++$copies, sessions => 2, pace => 0.03);
	sleep $seconds;
	$meanwhile->() if $meanwhile;
	load_stop();
	return;
}

# --- what takes a history away -----------------------------------------------------------------

sub new_standby
{
	$standby = PostgreSQL::Test::Cluster->new('one' . ++$nodes);
	$store{one}->backup("base$nodes");
	$standby->init_from_backup($store{one}, "base$nodes", has_streaming => 1);
	$standby->append_conf('postgresql.conf', 'wal_retrieve_retry_interval = 200ms');
	$standby->start;
	PostgreSQL::Test::Utils::system_or_bail('rm', '-rf', $store{one}->backup_dir . "/base$nodes");
	return;
}

sub failover
{
	my $old = $store{one};
	$old->kill9;
	kill_bridges(of_store('one'));
	$store{one} = $standby;
	undef $standby;
	$store{one}->promote;
	PostgreSQL::Test::Utils::system_or_bail('rm', '-rf', $old->basedir);
	new_standby();
	return;
}

# A snapshot of the disk of store two, and back to it: what came after is lost, and Kafka has it.
sub restore
{
	my $node = $store{two};
	my $copy = $node->basedir . '/snapshot';

	loaded('two', 0.3);
	defined drained($node, slot_of('beside'), 90) or return;
	$bridges{beside}->stop;
	$node->stop;
	PostgreSQL::Test::Utils::system_or_bail('cp', '-a', $node->data_dir, $copy);
	$node->start;
	my $before = events_of($node);
	start_bridge('beside');
	loaded('two', 0.5);
	defined drained($node, slot_of('beside'), 90) or return;
	my $lost = events_of($node) - $before;
	rand() < 0.5 ? $bridges{beside}->kill9 : $bridges{beside}->stop;
	$node->stop('immediate');
	PostgreSQL::Test::Utils::system_or_bail('rm', '-rf', $node->data_dir);
	PostgreSQL::Test::Utils::system_or_bail('mv', $copy, $node->data_dir);
	$node->start;
	# the log may come to be longer than it ever was before the bridge looks, and the numbers are given out again
	$node->safe_psql('postgres', q(SELECT count(pg_logical_emit_message(false, 'x', repeat('x', 100000))) FROM generate_series(1, 60); SELECT pg_switch_wal())) if rand() < 0.5;
	loaded('two', 0.3) if rand() < 0.5;
	start_bridge('beside');
	is($bridges{beside}->wait_exit(120), 3, "restored: the bridge stops ($lost events are lost)") or diag(said($bridges{beside}));
	like(said($bridges{beside}), qr/Kafka holds $lost events that the event tables do not/, 'and tells of each') or diag(said($bridges{beside}));
	start_bridge('beside', '--accept-divergence');
	$told{two} = 1;
	return;
}

# Where a partition may be cut, from the middle of the first store's records on: there the numbers of each store are in order, as those of transactions
# one after the other are, and something is left of each: of an emptied partition a comparison may have to ask.
sub cut_of
{
	my (@stores) = @_;
	CUT: foreach my $cut (map { $_->[0] } @{ $stores[0] }[ @{ $stores[0] } / 2 .. $#{ $stores[0] } ])
	{
		foreach my $records (@stores)
		{
			my ($below, $above) = (0, 9e18);
			foreach my $record (@$records)
			{
				my ($sequence) = $record->[1] =~ /^(\d+)/;
				if ($record->[0] < $cut) { $below = max($below, $sequence); }
				else { $above = min($above, $sequence); }
			}
			next CUT if @$records && ($above == 9e18 || $below >= $above);
		}
		return $cut;
	}
	return undef;
}

# The older half of what some partitions hold goes.
sub retention
{
	loaded($_, 0.3) foreach qw(one two);
	return if !all_drained();
	my $pipeline = (sort keys %PIPELINES)[ rand keys %PIPELINES ];
	my (%kept, %cut);
	my $prefix = $PIPELINES{$pipeline}{'topic.prefix'} // "$pipeline.";

	checked($pipeline, kept => \%kept);
	foreach my $place (grep { @{ $kept{$_} } > 4 && rand() < 0.7 } sort keys %kept)
	{
		my ($topic, $partition) = split m{/}, $place;
		# what the other store has there goes too
		my %there = map { $_ => $_ eq $pipeline ? $kept{$place} : records_of($_, $topic, $partition) } grep { ($PIPELINES{$_}{'topic.prefix'} // "$_.") eq $prefix } sort keys %PIPELINES;
		my $cut = cut_of($kept{$place}, map { $there{$_} } grep { $_ ne $pipeline } keys %there) // next;
		$cut{$topic}{$partition} = $cut;
		foreach my $other (keys %there) { $removed{$other}{ $_->[1] } = 1 foreach grep { $_->[0] < $cut } @{ $there{$other} }; }
	}
	$kafka->wire->delete_records("$prefix$_", $cut{$_}) foreach sort keys %cut;
	# where its logs begin a broker notes now and then, and when it stops: one that is killed would show again what it has removed
	$kafka->restart;
	return;
}

sub records_of
{
	my ($pipeline, $topic, $partition) = @_;
	my $prefix = $PIPELINES{$pipeline}{'topic.prefix'} // "$pipeline.";
	return [ map { [ $_->{offset}, "$_->{headers}{id} $_->{headers}{hash}" ] } grep { ($_->{headers}{store} // '') eq $PIPELINES{$pipeline}{'store.name'} }
		$kafka->consume("$prefix$topic", read_committed => 1, partition => $partition) ];
}

sub drop_slot
{
	my $pipeline = (sort keys %PIPELINES)[ rand keys %PIPELINES ];
	my $slot = slot_of($pipeline);
	$bridges{$pipeline}->kill9;
	wait_for(sub { eval { node_of($pipeline)->safe_psql('postgres', "SELECT pg_drop_replication_slot('$slot')"); 1 } }, 30, 'the slot to be free');
	loaded($PIPELINES{$pipeline}{store}, 0.2) if rand() < 0.5;
	return;
}

sub kill_bridge { $bridges{ (sort keys %PIPELINES)[ rand keys %PIPELINES ] }->kill9; return; }
sub kill_postgres { my $node = $store{ rand() < 0.6 ? 'one' : 'two' }; $node->kill9; sleep rand 0.3; start_again($node) or die "PostgreSQL does not start\n"; return; }
sub kill_broker { $kafka->kill9; sleep rand 0.3; $kafka->start; return; }

my %KINDS = (
	failover => \&failover, restore => \&restore, retention => \&retention, 'slot dropped' => \&drop_slot,
	'bridge -9' => \&kill_bridge, 'PostgreSQL -9' => \&kill_postgres, 'broker -9' => \&kill_broker);
# under a load they would be no test of themselves: what is compared stands still, or is known to be lost
my %QUIET = (restore => 1, retention => 1);

# --- the check ----------------------------------------------------------------------------------

sub checked
{
	my ($pipeline, %options) = @_;
	my $own = $PIPELINES{$pipeline};
	return is_delivered(node_of($pipeline), $kafka, $own->{'topic.prefix'} // "$pipeline.", "after $number kills, $pipeline", removed => $removed{$pipeline}, store => $own->{'store.name'},
		repeats => ($own->{mode} // '') eq 'low_latency', lost => $told{ $own->{store} }, %options);
}

# --- the storm ------------------------------------------------------------------------------------

$kafka->start;
$kafka->create_event_topics("$_.", 4) foreach qw(json binary fast);
# numbers of one store are none of the other's
$store{two}->safe_psql('postgres', q(SELECT setval('oms.event_sequence', 1000000000)));
new_standby();
start_missing();
loaded($_, 0.5) foreach qw(one two);
ok(all_drained(), 'all pipelines stream');

my @names = sort keys %KINDS;
my @plan = shuffle(@names, qw(failover restore));
push @plan, $names[ rand @names ] while @plan < $KILLS;
foreach my $kind (@plan[ 0 .. $KILLS - 1 ])
{
	my $begin = time;

	$number++;
	if ($QUIET{$kind}) { $KINDS{$kind}->(); }
	else { loaded(rand() < 0.7 ? 'one' : 'two', 0.2 + rand 0.4, sub { $KINDS{$kind}->(); sleep rand 0.3; }); }
	start_missing();
	my $fine = all_drained();
	note(sprintf 'kill %d: %s, all drained after %.1f s', $number, $kind, time - $begin);
	if (!$fine) { fail("kill $number ($kind): all pipelines go on"); last; }
	checked($_) foreach $number % 5 ? () : sort keys %PIPELINES;
}
is($number, $KILLS, "$number kills (OMS_SEED=$SEED)");
foreach my $pipeline (sort keys %PIPELINES)
{
	my $found = checked($pipeline);
	diag("$pipeline: $found->{events} events, $found->{records} records, $found->{repeats} repeats, $found->{strangers} of lost histories, " . keys(%{ $removed{$pipeline} // {} }) . ' removed');
}
is_sound($store{$_}, "store $_") foreach sort keys %store;
foreach my $pipeline (sort keys %bridges) { is($bridges{$pipeline}->stop, 0, "$pipeline stops clean"); }
$standby->stop;
$store{$_}->stop foreach sort keys %store;
$kafka->stop;

done_testing();
