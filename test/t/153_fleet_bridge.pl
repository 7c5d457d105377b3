# A shard becomes two, each with a bridge to the same topics: what was before the split is the old one's to send, what each writes
# afterwards its own; each event is there once, and no id is that of two. Forgetting the other half sends nothing, and a bridge that
# is started again afterwards goes on.
# Broken by: a copy that sends its history again, an id that both have, forgotten trees that leave as purged ones.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsDelivery;
use OmsKafka;
use OmsTest;

skip_without_kafka();

my $kafka = OmsKafka->new(config => { 'transaction.abort.timed.out.transaction.cleanup.interval.ms' => 500 });
my $old = delivery_node('old');
my %bridge;
sub at { my ($node, $sql) = @_; return $node->safe_psql('postgres', $sql); }

# Orders of the node's own slots, with a fill each.
sub orders
{
	my ($node, $prefix) = @_;
	my $count = at($node, qq{SELECT count(oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', o, 'symbol', 'X', 'side', 'BUY', 'orderQty', 10))) FROM (SELECT '$prefix-' || n AS o FROM generate_series(1, 60) AS n OFFSET 0) AS i WHERE (SELECT slots FROM oms.shard) \@> oms.slot_of(o)});
	at($node, qq{SELECT count(oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', id, 'execID', 'e' || id, 'lastQty', 1, 'lastPx', 1))) FROM oms.orders WHERE id LIKE '$prefix-%' AND (SELECT slots FROM oms.shard) \@> oms.slot_of(id)});
	return $count;
}
sub start
{
	my ($name, $node, %more) = @_;
	my %config = pipeline_config($name, $kafka, $node, plugin => 'pgoutput', 'topic.prefix' => 'fleet.', 'store.name' => $name, %more);
	$bridge{$name} = bridge_start(name => $name, config => \%config);
	ok(wait_for(sub { active_of($bridge{$name}) }, 120, 'the bridge to stream'), "$name streams") or diag($bridge{$name}->log);
	return;
}
sub gone { my ($node, $name) = @_; ok(defined drained($node, slot_of($name), 120), "$name: all has left") or diag($bridge{$name}->log); return; }
sub sent { my ($store) = @_; my %ids; foreach my $topic (qw(order-events execution-events)) { $kafka->consume("fleet.$topic", read_committed => 1, each => sub { my ($record) = @_; $ids{ $record->{headers}{id} }++ if !defined $store || $record->{headers}{store} eq $store; }); } return %ids; }

$kafka->start;
$kafka->create_event_topics('fleet.', 4);
at($old, q{SELECT oms.set_shard(0, '{[0,16384)}')});
start('left', $old);
is(orders($old, 'a'), 60, 'orders of one shard');

at($old, q{SELECT oms.set_shard(0, '{[0,16384)}', pinned => true)});
$old->backup('copy');
my $new = PostgreSQL::Test::Cluster->new('new');
$new->init_from_backup($old, 'copy', has_streaming => 1);
$new->start;
at($old, q{SELECT oms.set_shard(0, '{[0,8192)}', pinned => true)});
$old->wait_for_catchup($new, 'replay', $old->lsn('insert'));
$new->promote;
my $before = at($new, 'SELECT max(sequence) FROM oms.all_events');
# nothing is written there yet: so nothing is left out
start('right', $new, start => 'now');
at($new, q{SELECT oms.set_shard(1, '{[8192,16384)}')});
at($old, q{SELECT oms.set_shard(0, '{[0,8192)}')});
my ($left, $right) = (orders($old, 'b'), orders($new, 'b'));
is($left + $right, 60, 'orders of two');
gone($old, 'left');
gone($new, 'right');

my %ids = sent();
is(join(' ', grep { $ids{$_} > 1 } keys %ids), '', 'no id twice');
is(scalar keys %ids, 6 * 60, 'each event once');
is(join(' ', grep { $_ <= $before } keys %{ { sent('right') } }), '', 'the copy sends nothing of before');

my $forgotten = at($old, 'SELECT events FROM oms.forget_slots()');
cmp_ok($forgotten, '>', 0, 'the old one forgets the other half');
cmp_ok(at($new, 'SELECT events FROM oms.forget_slots()'), '>', 0, 'so does the new one');
is($bridge{$_}->stop, 0, "$_ stops") foreach qw(left right);
start('left', $old);
start('right', $new, start => 'now');
orders($old, 'c');
orders($new, 'c');
gone($old, 'left');
gone($new, 'right');
%ids = sent();
is(scalar keys %ids, 9 * 60, 'nothing tells of it, and what comes then is there');
is(join(' ', grep { $ids{$_} > 1 } keys %ids), '', 'once');
my $found = delivery($old, $kafka, 'fleet.', store => 'left', lost => 1);
is(join("\n", @{ $found->{problems} }), '', "the old one: $found->{events} events");
is("$found->{strangers} $found->{repeats}", "$forgotten 0", 'and those that it has forgotten');
$found = delivery($new, $kafka, 'fleet.', store => 'right', elsewhere => { map { $_ => 1 } grep { $_ <= $before } sequences_of($new) });
is(join("\n", @{ $found->{problems} }), '', "the new one: $found->{events} events");
is_sound($_, $_->name) foreach $old, $new;
is($bridge{$_}->stop, 0, "$_ stops") foreach qw(left right);
$kafka->stop;

done_testing();
