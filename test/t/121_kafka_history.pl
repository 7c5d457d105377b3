# What Kafka and the event tables hold of each other when one of them has lost something: a database restored from a snapshot, a failover whose slot
# survived, records that retention removed, a topic that was made anew, a position that is gone; and two stores that share their topics.
# Broken by: an event that is published again although Kafka held it once, or that nobody asked to publish; one that is never published; events of a
# lost history that nobody is told of; a comparison that holds all that is missing in memory; a store that takes another one's records for its own.

use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

use OmsDelivery;
use OmsKafka;
use OmsTest;

skip_without_kafka();

my $kafka = OmsKafka->new(config => { 'transaction.abort.timed.out.transaction.cleanup.interval.ms' => 500 });
my $node = delivery_node('store', conf => "oms_state.command_retention = 0\nsession_preload_libraries = oms_state\n");
my $copy = PostgreSQL::Test::Utils::tempdir() . '/snapshot';
my $made = 0;
my $bridge;

sub sql { my ($statement) = @_; return $node->safe_psql('postgres', $statement); }
sub said { return substr $bridge->log, $bridge->{mark}; }

# So many events: orders of one event each, in transactions of their own.
sub orders
{
	my ($count, $on) = @_;
	my $prefix = 'o' . ++$made;
	($on // $node)->safe_psql('postgres', join ';', map { qq(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "$prefix-$_", "symbol": "X", "side": "BUY", "orderQty": 1}')) } 1 .. $count);
	return;
}

sub start
{
	my ($pipeline, %options) = @_;
	my %config = pipeline_config($pipeline, $kafka, $options{node} // $node, plugin => 'pgoutput', 'transaction.timeout.ms' => 10000, %{ $options{config} // {} });

	$bridge = bridge_start(name => $options{name} // $pipeline, config => \%config, args => $options{args} // []);
	$bridge->{mark} = length $bridge->log;
	return $bridge if $options{quiet};
	ok(wait_for(sub { active_of($bridge) }, 120, 'the bridge to stream'), "$pipeline streams") or diag(said());
	return $bridge;
}

sub refused
{
	my ($name, $pipeline, $reason, %options) = @_;
	start($pipeline, quiet => 1, %options);
	is($bridge->wait_exit(120), 3, "$name: refused with exit status 3") or diag(said());
	like(said(), $reason, "$name: it says what to do") or diag(said());
	return;
}

sub arrives { my ($name, $pipeline) = @_; return ok(defined drained($node, slot_of($pipeline), 120), "$name: it is drained") || diag(said()); }
# Whatever was published until now is below the horizon that the position has.
sub has_horizon
{
	my ($pipeline) = @_;
	my $newest = (sequences_of($node))[0];
	return ok(wait_for(sub { my @positions = $kafka->consume("$pipeline.oms.cdc.position.$pipeline", read_committed => 1); decode_json($positions[-1]{value})->{horizon}{sequence} >= $newest }, 60, 'a horizon'),
		'the position has a horizon behind them');
}

sub stop { is($bridge->stop, 0, 'a clean stop'); wait_for(sub { sql('SELECT count(*) FROM pg_replication_slots WHERE active') eq '0' }, 30, 'the slots to be free'); return; }

# The ids in a topic, in the order of their partitions, by store where that is asked for.
sub ids
{
	my ($topic, $store) = @_;
	return map { $_->{headers}{id} } grep { !defined $store || ($_->{headers}{store} // '') eq $store }
	  sort { $a->{partition} <=> $b->{partition} || $a->{offset} <=> $b->{offset} } $kafka->consume($topic, read_committed => 1);
}

sub expire
{
	my ($topic, %before) = @_;
	my $ends = $kafka->end_offsets($topic);
	return $kafka->wire->delete_records($topic, %before ? \%before : $ends);
}

# A cold copy of the database, and back to it: what a snapshot of the disk is. The slots are in it.
sub snapshot
{
	$node->stop;
	PostgreSQL::Test::Utils::system_or_bail('cp', '-a', $node->data_dir, $copy);
	$node->start;
	return;
}

sub restore
{
	$node->stop('immediate');
	PostgreSQL::Test::Utils::system_or_bail('rm', '-rf', $node->data_dir);
	PostgreSQL::Test::Utils::system_or_bail('mv', $copy, $node->data_dir);
	$node->start;
	return;
}

# Log of something else, so that it is further than it ever was.
sub outgrow { sql(q(SELECT count(pg_logical_emit_message(false, 'x', repeat('x', 100000))) FROM generate_series(1, 30))); return sql('SELECT pg_switch_wal()'); }

$kafka->start;

# ---- a history that was lost, and a slot that survived it ---------------------------------------------

foreach my $mode (qw(low_latency exactly_once))
{
	# low latency: Kafka has 10 events that no position knows of; exactly once: the position knows them, and the log has outgrown it
	my $pipeline = "phantom_$mode";
	my %quiet = $mode eq 'low_latency' ? ('idle.record.ms' => 3_600_000, 'position.interval.ms' => 60_000) : ();

	$kafka->create_event_topics("$pipeline.", 4);
	start($pipeline, config => { mode => $mode });
	orders(5);
	arrives($mode, $pipeline);
	stop();
	snapshot();
	start($pipeline, config => { mode => $mode, %quiet });
	orders(10);
	ok(wait_for(sub { ids("$pipeline.order-events") == sql('SELECT count(*) FROM oms.order_events') }, 30, '10 more events'), "$mode: 10 events more are in Kafka");
	my @lost = (sequences_of($node))[ reverse 0 .. 9 ];
	sleep 1 if !%quiet;
	$bridge->kill9;
	restore();
	outgrow() if !%quiet;
	orders(12);
	refused("$mode: a lost history", $pipeline, qr/Kafka holds 10 events that the event tables do not; their ids: \{@{[ join ',', @lost ]}\}.*--accept-divergence/s, config => { mode => $mode });
	start($pipeline, config => { mode => $mode }, args => ['--accept-divergence']);
	arrives($mode, $pipeline);
	my $found = delivery($node, $kafka, "$pipeline.", lost => 1);
	is(join("\n", @{ $found->{problems} }), '', "$mode: every event of the new history is there: $found->{events}");
	is("$found->{repeats} $found->{strangers}", '0 10', "$mode: once, beside those that were lost");
	stop();
	start($pipeline, config => { mode => $mode });
	unlike(said(), qr/event tables/, "$mode: and nobody compares again");
	stop();
}

# ---- retention -----------------------------------------------------------------------------------------

# a partition that was quiet for longer than Kafka keeps records: nothing is missing
$kafka->create_event_topics('old.', 4);
start('old');
orders(45);
arrives('retention', 'old');
has_horizon('old');
stop();
expire('old.order-events');
sql('SELECT count(*) FROM oms.drop_slot(\'oms_old\')');
start('old');
like(said(), qr/reconciled: 0 events published/, 'retention removed what was published long ago: nothing is missing') or diag(said());
orders(3);
arrives('after retention', 'old');
is(scalar ids('old.order-events'), 3, 'and nothing comes again');

# the database is restored to a moment when it had them all: which of them Kafka once held cannot be told
orders(40);
arrives('restore', 'old');
stop();
snapshot();
start('old');
outgrow();
arrives('moved by something else', 'old');
stop();
expire('old.order-events');
restore();
refused('all records are gone', 'old', qr/events, the first \d+, would be published that may have been published long ago.*start = the sequence/s);
my $next = 1 + (sequences_of($node))[0];
orders(2);
start('old', args => [ '--bootstrap', '--start', $next ]);
arrives('told where to begin', 'old');
is(scalar ids('old.order-events'), 2, 'what is missing from there on comes, and nothing else');
stop();

# restored, and of each partition only events of the lost history are left, all of them or the last: the numbers that are given out again are lower than some of theirs
foreach my $removed (0, 2)
{
	orders(20);
	start('old');
	arrives('before a snapshot', 'old');
	stop();
	snapshot();
	my $kept = $kafka->end_offsets('old.order-events');
	start('old');
	orders($removed ? 30 : 10);
	arrives('what will be lost', 'old');
	stop();
	my $ends = $kafka->end_offsets('old.order-events');
	my %behind = map { $_ => $kept->{$_} + $removed < $ends->{$_} ? $kept->{$_} + $removed : $ends->{$_} } keys %$kept;
	expire('old.order-events', %behind);
	my $left = () = ids('old.order-events');
	restore();
	$next = 1 + (sequences_of($node))[0];
	orders(12);
	# accepted once, it is known to whoever comes again; so is what was below a horizon
	refused("given out again, $removed records removed$_", 'old', qr/events, the first \d+, would be published that may have been published long ago/, args => $_ ? [] : ['--accept-divergence']) foreach ('', ', and again');
	# of the first of them no partition holds a lower one, once each has lost its first two
	my ($first) = said() =~ /events, the first (\d+), would be published/;
	cmp_ok($first, '<=', $next, 'none of them is left out') if $removed;
	start('old', args => [ '--bootstrap', '--start', $next ]);
	arrives('told where to begin, again', 'old');
	is(scalar ids('old.order-events'), $left + 12, 'numbers that were given out again: each event comes, beside those that were lost');
	stop();
}

# half of the records are gone: what is older than the rest is not published again
orders(60);
start('old');
arrives('half of the records', 'old');
has_horizon('old');
my $half = $kafka->end_offsets('old.order-events');
orders(60);
arrives('half of the records', 'old');
stop();
expire('old.order-events', %$half);
my @rest = ids('old.order-events');
start('old', args => ['--bootstrap']);
like(said(), qr/older than what Kafka still holds are left out.*reconciled: 0 events/s, 'what is older than what Kafka still holds is left out') or diag(said());
arrives('bootstrap', 'old');
is(join(',', ids('old.order-events')), join(',', @rest), 'nothing is published again');

# what was purged is no divergence; no slot of others holds it back
sql(q(SELECT count(pg_drop_replication_slot(slot_name)) FROM pg_replication_slots WHERE NOT active));
sql(q(INSERT INTO oms.retention_policies (name, age, action) VALUES ('now', '0', 'DELETE')));
sql(sprintf q(SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "o%d-%d"}')), $made, $_) foreach 1 .. 5;
ok(wait_for(sub { sql('CHECKPOINT'); sql(q(SELECT trees FROM oms.purge(100, now() + interval '1 hour'))); sql('SELECT count(*) FROM oms.purged_trees') == 5 }, 60, 'a purge'), '5 trees are purged') or diag(said());
arrives('a purge', 'old');
stop();
my $records = () = ids('old.order-events');
sql('SELECT count(*) FROM oms.drop_slot(\'oms_old\')');
start('old', args => ['--bootstrap']);
arrives('bootstrap of a store that was purged', 'old');
is(scalar ids('old.order-events'), $records, 'Kafka may hold what was purged');
stop();

# ---- start = now ----------------------------------------------------------------------------------------

$kafka->create_event_topics($_, 1) foreach qw(now. floor.);
start('now', config => { start => 'now' });
orders(5);
arrives('start = now', 'now');
my @new = ids('now.order-events');
is(scalar @new, 5, 'start = now: what is from now on');
stop();
start('now', config => { start => 'now' }, args => ['--bootstrap']);
arrives('bootstrap', 'now');
stop();
$kafka->delete_topic('now.oms.cdc.position.now');
refused('start = now without its position', 'now', qr/which events the first start left out is not known.*start = the sequence/s, config => { start => 'now' }, args => ['--bootstrap']);
orders(2);
start('now', config => { start => $new[0] }, args => ['--bootstrap']);
arrives('told', 'now');
is(join(',', (ids('now.order-events'))[ 0 .. 4 ]), join(',', @new), 'what was left out stays out');
is(scalar ids('now.order-events'), 7, 'and what is new comes');
stop();

# the database is restored to a moment before: what has those numbers now was not left out
snapshot();
orders(8);
start('floor', config => { start => 'now' });
stop();
restore();
$next = 1 + (sequences_of($node))[0];
orders(3);
refused('what was left out is of a lost history', 'floor', qr/restored to a moment before a start left out.*start = the sequence/s, config => { start => 'now' });
start('floor', config => { start => $next }, args => ['--bootstrap']);
arrives('told', 'floor');
is(scalar ids('floor.order-events'), 3, 'all that is new comes');
stop();

# ---- a topic made anew ------------------------------------------------------------------------------------

foreach my $mode (qw(exactly_once low_latency))
{
	my $pipeline = "anew_$mode";
	$kafka->create_event_topics("$pipeline.", 1);
	start($pipeline, config => { mode => $mode });
	orders(50);
	arrives($mode, $pipeline);
	$kafka->delete_topic("$pipeline.order-events");
	$kafka->create_topics([ "$pipeline.order-events", 1 ]);
	orders(5);
	ok(wait_for(sub { said() =~ /Kafka has lost records.*reconciled/s }, 60, 'a comparison'), "$mode: a topic made anew under the bridge is noticed") or diag(said());
	arrives($mode, $pipeline);
	is_delivered($node, $kafka, "$pipeline.", "$mode: made anew under the bridge", partitions => [1], repeats => $mode eq 'low_latency');
	stop();
	$kafka->delete_topic("$pipeline.order-events");
	$kafka->create_topics([ "$pipeline.order-events", 1 ]);
	start($pipeline, config => { mode => $mode });
	like(said(), qr/Kafka has lost records/, "$mode: made anew while the bridge was away: it says so");
	arrives($mode, $pipeline);
	is_delivered($node, $kafka, "$pipeline.", "$mode: made anew while it was away", partitions => [1]);
	stop();
}

# ---- an instance that was cut off, and nobody fences ---------------------------------------------------------

$kafka->create_event_topics('cut.', 1);
my $first = start('cut', config => { mode => 'low_latency' });
orders(5);
arrives('low latency', 'cut');
$kafka->pause;
orders(300);
sleep 1;
$first->pause;
sql(q(SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = hashtext('cut')::oid
	UNION ALL SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE slot_name = 'oms_cut'));
start('cut', name => 'second', config => { mode => 'low_latency' }, quiet => 1);
$kafka->resume;
ok(wait_for(sub { active_of($bridge) }, 60, 'the second instance'), 'the second takes over') or diag(said());
arrives('the second', 'cut');
sleep 3;
$first->resume;
ok(wait_for(sub { !$first->metric('oms_bridge_active') }, 30, 'the first to stand back'), 'the first stands back when it wakes');
$first->stop;
arrives('both', 'cut');
my $repeats = is_delivered($node, $kafka, 'cut.', 'cut off', partitions => [1], repeats => 1)->{repeats};
cmp_ok($repeats, '<', 50, "$repeats of 300 events came twice");
stop();

# ---- large events, all of them missing ------------------------------------------------------------------------

$kafka->create_event_topics('large.', 1);
sql(q(SELECT count(oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'large-' || n, 'symbol', 'X', 'side', 'BUY', 'orderQty', 1, 'attributes',
	(SELECT jsonb_object_agg('a' || g, md5(random()::text) || md5(random()::text)) FROM generate_series(1, 1500) AS g)))) FROM generate_series(1, 200) AS n));
start('large', config => { 'batch.max.bytes' => '1MB' });
arrives('large events', 'large');
cmp_ok($bridge->metric('oms_bridge_kafka_transactions_total'), '>', 30, 'a transaction has no more bytes than batch.max.bytes');
my $peak = $bridge->memory('peak');
cmp_ok($peak, '<', ($ENV{OMS_BRIDGE} // '') =~ /-san/ ? 400_000 : 70_000, "memory is bounded: $peak kB");
stop();

# ---- two stores, one set of topics -----------------------------------------------------------------------------

my $other = delivery_node('other');
$other->safe_psql('postgres', q(SELECT setval('oms.event_sequence', 1000000000)));
$kafka->create_event_topics('fleet.', 4);
my %one = ('topic.prefix' => 'fleet.', 'store.name' => 'one');
my %two = ('topic.prefix' => 'fleet.', 'store.name' => 'two');
start('one', config => \%one);
orders(10);
arrives('the first store', 'one');
stop();
start('two', node => $other, config => \%two);
orders(5, $other);
ok(defined drained($other, 'oms_two', 30), 'the second store is published beside it') or diag(said());
is($bridge->stop, 0, 'a clean stop');
sql('SELECT count(*) FROM oms.drop_slot(\'oms_one\')');
orders(3);
start('one', config => \%one);
arrives('a comparison beside the other', 'one');
stop();
start('one', config => \%one, args => ['--bootstrap']);
arrives('a whole one', 'one');
stop();
is_delivered($node, $kafka, 'fleet.', 'the first store', store => 'one');
is(scalar ids('fleet.order-events', 'two'), 5, 'and so are those of the second');
refused('another name', 'one', qr/store "one", store\.name is "two"/, config => \%two);

$kafka->stop;
$node->stop;
$other->stop;
done_testing();
