# When the slot can no longer say what is missing, the event tables do: slot dropped, moved, made anew, lost by max_slot_wal_keep_size
# (with the bridge away, and under its feet), position topic deleted, the bridge killed in the middle of a reconciliation; each time with
# events that commit before, between and after.  What would need a guess is refused: topics without a position, another number of partitions.
# Broken by: an event that is missing in Kafka, there twice, or out of its tree's order; a refusal that does not say what to do, or none.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use OmsDelivery;
use OmsKafka;
use OmsTest;

skip_without_kafka();

my $SEED = seed();
my $SLOT = slot_of('main');
my $node = delivery_node('reconcile');
my $kafka = OmsKafka->new(config => { 'transaction.abort.timed.out.transaction.cleanup.interval.ms' => 500 });
my $loads = 0;
my $bridge;

sub start
{
	my (%options) = @_;
	$bridge = bridge_start(name => 'main', config => { pipeline_config('main', $kafka, $node, 'transaction.timeout.ms' => 3000, wal_sender_timeout => 2000, %{ $options{config} // {} }) }, args => $options{args} // []);
	$bridge->{mark} = length $bridge->log;
	return;
}

sub sql { my ($statement) = @_; return $node->safe_psql('postgres', $statement); }
# The server notices a moment later that the bridge has gone.
sub slot_free { return wait_for(sub { sql("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '$SLOT' AND active") eq '0' }, 30, 'the slot to be free'); }
sub stop { is($bridge->stop, 0, "$_[0]: stopped"); slot_free(); return; }
sub load { my ($seconds) = @_; return load_for($node, $seconds // 0.7, seed => $SEED + ++$loads, name => "l$loads-"); }

# What the bridge has said since it was started.
sub said { return substr $bridge->log, $bridge->{mark}; }

# Starts under load, and in the end all is there once.
sub is_reconciled
{
	my ($name, $reason, %options) = @_;

	load_start($node, seed => $SEED + ++$loads, name => "l$loads-", pace => 0.01);
	start(%options);
	ok(wait_for(sub { active_of($bridge) }, 60, 'the bridge to stream'), "$name: it streams again") or diag(said());
	like(said(), $reason, "$name: for the reason given");
	my ($published) = said() =~ /reconciled: (\d+) events published/;
	load_stop();
	ok(defined drained($node, $SLOT, 30), "$name: drained") or diag(said());
	my $found = is_delivered($node, $kafka, 'main.', $name);
	diag(sprintf '%s: %d events of %d came from the tables', $name, $published // 0, $found->{events});
	return $published;
}

# It ends by itself, and says why and what to do.
sub is_refused
{
	my ($name, $reason, %options) = @_;
	start(%options);
	is($bridge->wait_exit(30), 3, "$name: refused with exit status 3");
	like(said(), $reason, "$name: it says what to do") or diag(said());
	return;
}

$kafka->start;
$kafka->create_event_topics('main.', 4);

# ---- a first start, with events before it ------------------------------------------------------

load();
cmp_ok(is_reconciled('first start', qr/first start.*made with pgoutput/s), '>', 100, 'what was there before is published from the tables');

# ---- the slot ----------------------------------------------------------------------------------

foreach my $case (
	[ 'slot dropped', "SELECT count(*) FROM oms.drop_slot('$SLOT')", qr/does not exist/ ],
	[ 'slot made anew', "SELECT count(*) FROM oms.drop_slot('$SLOT')", qr/moved or made anew/, "SELECT count(*) FROM oms.create_slot('$SLOT', 'pgoutput')" ],
	[ 'slot made anew with the other plugin', "SELECT count(*) FROM oms.drop_slot('$SLOT')", qr/moved or made anew.*made with wal2json/s, "SELECT count(*) FROM oms.create_slot('$SLOT', 'wal2json')" ],
	[ 'slot moved', "SELECT pg_replication_slot_advance('$SLOT', pg_current_wal_lsn())", qr/moved or made anew/ ])
{
	my ($name, $damage, $reason, $then) = @$case;
	my $clean = rand() < 0.5;

	load_start($node, seed => $SEED + ++$loads, name => "l$loads-", pace => 0.01);
	sleep 0.2 + rand 0.3;
	if ($clean) { stop($name); } else { $bridge->kill9; slot_free(); }
	load_stop();
	load();
	sql($damage);
	load();
	if ($then) { sql($then); load(); }
	cmp_ok(is_reconciled($name . ($clean ? ', after a clean stop' : ', after a kill'), $reason), '>', 50, "$name: events were missing");
}

# ---- lost by max_slot_wal_keep_size ---------------------------------------------------------------

# Log in plenty, and a checkpoint that throws it away.
sub outrun
{
	my $status = sub { sql("SELECT wal_status FROM pg_replication_slots WHERE slot_name = '$SLOT'") };
	sql(q(ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'));
	sql('SELECT pg_reload_conf()');
	foreach my $try (1 .. 10)
	{
		last if $status->() eq 'lost';
		# pg_switch_wal() does nothing in a segment without a record
		sql("SELECT pg_logical_emit_message(false, 'x', 'x'); SELECT pg_switch_wal()") foreach 1 .. 3;
		sql('CHECKPOINT');
	}
	is($status->(), 'lost', 'the slot is lost');
	sql('ALTER SYSTEM RESET max_slot_wal_keep_size');
	sql('SELECT pg_reload_conf()');
	return;
}

stop('slot lost');
load();
outrun();
like(sql('SELECT what FROM oms.bridge_alerts'), qr/slot_lost/, 'the alert says so');
load();
cmp_ok(is_reconciled('slot lost while the bridge was away', qr/has lost its log/), '>', 50, 'events were missing');

# a slot is there when all transactions that ran have ended: whose one is that it waits for?
stop('slot dropped');
sql("SELECT count(*) FROM oms.drop_slot('$SLOT')");
my $open = oms_dbh($node, autocommit => 0);
my ($pid) = $open->selectrow_array('SELECT pg_backend_pid(), pg_current_xact_id()');
start();
ok(wait_for(sub { said() =~ /waits for transactions that run to end: process $pid, for \d+ s/ }, 40, 'a word of it'), 'a transaction that holds up the slot is named') or diag(said());
my ($health) = $bridge->http('/healthz');
like($health, qr/"reconciling".*process $pid/, 'and /healthz says so');
$open->rollback;
$open->disconnect;
ok(wait_for(sub { active_of($bridge) }, 60, 'the bridge to stream'), 'it goes on when that has ended') or diag(said());

# under its feet: it stands still until PostgreSQL drops it, then everything it needs is thrown away
$bridge->pause;
load();
slot_free();
outrun();
load();
$bridge->{mark} = length $bridge->log;
$bridge->resume;
ok(wait_for(sub { said() =~ /has lost its log.*streaming from slot/s }, 60, 'the bridge to reconcile'), 'slot lost under a running bridge: it reconciles by itself') or diag(said());
load();
ok(defined drained($node, $SLOT, 30), 'drained');
is_delivered($node, $kafka, 'main.', 'slot lost under a running bridge');

# dropped by hand from under a bridge that reads it: its walsender is ended first
load_start($node, seed => $SEED + ++$loads, name => "l$loads-", pace => 0.01);
$bridge->{mark} = length $bridge->log;
wait_for(sub {
	sql("SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE slot_name = '$SLOT' AND active; SELECT pg_drop_replication_slot('$SLOT')"); 1
}, 30, 'the slot to be dropped');
ok(wait_for(sub { said() =~ /does not exist.*streaming from slot/s }, 60, 'the bridge to reconcile'), 'slot dropped under a running bridge: it reconciles by itself') or diag(said());
load_stop();
ok(defined drained($node, $SLOT, 30), 'drained');
is_delivered($node, $kafka, 'main.', 'slot dropped under a running bridge');

# ---- killed in the middle of it ---------------------------------------------------------------------

stop('killed in the middle');
sql("SELECT count(*) FROM oms.drop_slot('$SLOT')");
sql(q(SELECT count(*) FROM generate_series(1, 100) AS g, LATERAL oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand',
	'orderId', 'M-' || g || '-' || n, 'symbol', 'VOD.L', 'side', 'BUY', 'orderQty', 1000)) FROM generate_series(1, 200) AS n))));
my $middle = 0;
my $kills = rounds(4, 20);
foreach my $kill (1 .. $kills)
{
	# somewhere: while it makes the slot, reads back, compares, or publishes
	my $until = rand 25_000 / $kills;
	start();
	load(0.1);
	wait_for(sub { ($bridge->metric('oms_bridge_reconciled_events_total') // 0) > $until || active_of($bridge) }, 20, 'part of a reconciliation');
	$bridge->kill9;
	$middle++ if said() =~ /with the event tables: / && said() !~ /streaming from slot/;
	slot_free();
}
cmp_ok($middle, '>', 0, "$middle kills were in the middle of a reconciliation");
is_reconciled('killed in the middle, again and again', $middle ? qr/./ : qr/^$/);
like($bridge->log, qr/an earlier reconciliation did not come to its end/, 'it knew that the one before had not come to its end');

# ---- reconcile = never --------------------------------------------------------------------------------

stop('reconcile = never');
sql("SELECT count(*) FROM oms.drop_slot('$SLOT')");
load();
is_refused('reconcile = never', qr/does not exist.*reconcile = auto/s, config => { reconcile => 'never' });
is_reconciled('and then auto', qr/does not exist/);

# ---- the position topic is gone -----------------------------------------------------------------------

stop('position topic deleted');
$kafka->delete_topic('main.oms.cdc.position.main');
load();
is_refused('position topic deleted', qr/position topic is empty.*--bootstrap/s);
is_reconciled('bootstrap', qr/asked for \(bootstrap\)/, args => ['--bootstrap']);

# the slot went on meanwhile: all events are there, and none is published again
stop('position topic deleted, nothing missing');
$kafka->delete_topic('main.oms.cdc.position.main');
is_reconciled('bootstrap with nothing missing', qr/asked for \(bootstrap\)/, args => ['--bootstrap']);

# ---- another number of partitions -----------------------------------------------------------------------

stop('partitions');
$kafka->create_partitions('main.order-events', 6);
load();
is_refused('more partitions', qr/order-events has 6 partitions, it had 4.*--allow-repartition/s);
start(args => ['--allow-repartition']);
ok(defined drained($node, $SLOT, 60), 'allowed, it goes on') or diag(said());
load();
ok(defined drained($node, $SLOT, 60), 'and on') or diag(said());
my $found = delivery($node, $kafka, 'main.', partitions => [ 4, 6 ]);
is(join("\n", grep { !/tree version/ } @{ $found->{problems} }), '', "repartitioned: $found->{events} events, each in the old or the new partition");
is($found->{repeats}, 0, 'none twice');

is_sound($node, 'the store');
stop('the end');
$kafka->stop;
$node->stop;

done_testing();
