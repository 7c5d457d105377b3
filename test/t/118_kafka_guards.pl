# What the bridge must notice by itself: a publication that was changed and changed back, while it ran and while it was away; another database with
# the same pipeline; a record that Kafka will never take, with both policies; a topic that is missing; events that Kafka has lost.
# Broken by: a fingerprint that does not change, a position that does not know its database, a record that is skipped in silence.

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

my $SEED = seed();
my $kafka = OmsKafka->new;
my $node = delivery_node('store');
my $loads = 0;
my $bridge;

sub sql { my ($statement) = @_; return $node->safe_psql('postgres', $statement); }
sub said { return substr $bridge->log, $bridge->{mark}; }
sub load { return load_for($node, 0.5, seed => $SEED + ++$loads, name => "l$loads-"); }

sub start
{
	my ($pipeline, %options) = @_;
	my %config = pipeline_config($pipeline, $kafka, $node, plugin => 'pgoutput', 'transaction.timeout.ms' => 3000, %{ $options{config} // {} });

	$bridge = bridge_start(name => $pipeline, config => \%config, args => $options{args} // []);
	$bridge->{mark} = length $bridge->log;
	return;
}

sub streams { my ($name) = @_; return ok(wait_for(sub { active_of($bridge) }, 40, 'the bridge to stream'), "$name: it streams") || diag(said()); }
sub arrives { my ($name, $pipeline) = @_; ok(defined drained($node, slot_of($pipeline), 60), "$name: it is drained") or diag(said()); return is_delivered($node, $kafka, "$pipeline.", $name); }
sub create_text { my ($id, $text) = @_; return sql(sprintf q(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "%s", "symbol": "VOD.L", "side": "BUY", "orderQty": 1, "text": "%s"}')), $id, $text); }

# Text that compression does not make small.
sub noise { my ($length) = @_; return join '', map { chr(97 + int rand 26) } 1 .. $length; }

$kafka->start;

# ---- the publication ------------------------------------------------------------------------------

$kafka->create_event_topics('pub.', 4);
start('pub');
streams('first');
load();
arrives('as it should be', 'pub');

sql('ALTER PUBLICATION oms_events DROP TABLE oms.execution_events');
load();
ok(wait_for(sub { said() =~ /oms\.create_slot/ }, 20, 'the bridge to notice'), 'a table dropped from the publication under the bridge is noticed') or diag(said());
is($bridge->wait_exit(20), 3, 'and it stops until somebody repairs it');
load();
sql(q(SELECT count(*) FROM oms.repair_publication('oms_events')));
start('pub');
streams('repaired');
like(said(), qr/reconciling Kafka with the event tables/, 'what may have passed is compared');
arrives('after the repair', 'pub');

is($bridge->stop, 0, 'a clean stop');
sql('ALTER PUBLICATION oms_events DROP TABLE oms.order_events');
load();
sql('ALTER PUBLICATION oms_events ADD TABLE oms.order_events');
load();
start('pub');
streams('changed and changed back while it was away');
like(said(), qr/publication "oms_events" was changed/, 'it knows');
arrives('changed and changed back', 'pub');
is($bridge->stop, 0, 'a clean stop');

# as 0.1.0 made it, with all columns; the repair comes while it runs
start('pub');
streams('before the columns are fewer');
sql('ALTER PUBLICATION oms_events SET TABLE ' . join ', ', map { "oms.$_" } published_tables($node));
load_start($node, seed => $SEED + ++$loads, name => "l$loads-", pace => 0.02);
sleep 1;
sql(q(SELECT count(*) FROM oms.repair_publication('oms_events')));
sleep 1;
load_stop();
# what may have passed while it was changed is compared: once, where both changes are seen at one look, else twice
ok(wait_for(sub { said() =~ /was changed.*reconciled: \d+ events.*streaming from slot/s }, 60, 'the comparison'), 'the change is noticed, and compared') or diag(said());
wait_for(sub { !@{ delivery($node, $kafka, 'pub.')->{missing} } }, 60, 'the other comparison');
arrives('columns that nobody reads are taken out under the bridge', 'pub');
is($bridge->stop, 0, 'a clean stop');

# ---- another database of the same cluster ------------------------------------------------------------

sql('CREATE DATABASE beside');
$node->safe_psql('beside', q(CREATE EXTENSION oms_state; SELECT count(*) FROM oms.repair_publication('oms_events')));
start('pub', config => { 'postgres.dsn' => bridge_dsn($node, dbname => 'beside'), slot => 'oms_beside' });
is($bridge->wait_exit(30), 3, 'another database with the same pipeline: refused');
like(said(), qr/belongs to database "postgres", this one is "beside".*pipeline of its own/s, 'it says why, and what to do');
start('pub');
streams('the first one');
load();
arrives('the first one, undisturbed', 'pub');
is($bridge->stop, 0, 'a clean stop');

# ---- a topic that is missing -------------------------------------------------------------------------

start('nowhere');
is($bridge->wait_exit(60), 3, 'topics missing: refused');
like(said(), qr/nowhere\.order-events.*(kafka-topics|create-topics|create\.topics)/s, 'with the name and what makes it');

# ---- a record that is too large ----------------------------------------------------------------------

foreach my $mode (qw(exactly_once low_latency))
{
	$node->stop;
	$node = delivery_node($mode);
	my ($stop, $dlq) = map { ($mode =~ /^(.)/)[0] . $_ } qw(stop dlq);

	foreach my $pipeline ($stop, $dlq)
	{
		$kafka->create_event_topics("$pipeline.", 4, 'max.message.bytes' => 150000);
	}
	$kafka->create_topics([ "$dlq.oms.cdc.dead-letters", 1, 'max.message.bytes' => 5000000 ]);
	start($stop, config => { mode => $mode });
	streams("$mode, stop");
	create_text("big-$mode", noise(60000));
	my $command = sql(sprintf q(SELECT oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'huge-%s', 'symbol', 'VOD.L', 'side', 'BUY', 'orderQty', 1,
		'attributes', (SELECT jsonb_object_agg('a' || g, md5(random()::text) || md5(random()::text)) FROM generate_series(1, 1500) g))) ->> 'status'), $mode);
	is($command, 'ACCEPTED', 'a huge order');
	my $huge = sql("SELECT sequence FROM oms.order_events WHERE aggregate_id = 'huge-$mode'");
	is($bridge->wait_exit(40), 3, "$mode, stop: it stops");
	like(said(), qr/\b$huge\b/, 'and names the event');
	load();
	my $confirmed = sql(qq(SELECT count(*) FROM pg_replication_slots WHERE slot_name = '@{[ slot_of($stop) ]}' AND NOT active));
	is($confirmed, 1, 'its slot waits');
	$kafka->topic_config("$stop.order-events", 'max.message.bytes' => 5000000);
	start($stop, config => { mode => $mode });
	streams("$mode, mended");
	arrives("$mode: when the topic takes it, everything is there", $stop);
	is($bridge->stop, 0, 'a clean stop');

	# dead letters: all but the huge one in the topic, and that one in an envelope
	start($dlq, config => { mode => $mode, 'on.error' => 'dlq' });
	streams("$mode, dlq");
	load();
	ok(defined drained($node, slot_of($dlq), 60), "$mode, dlq: it is drained") or diag(said());
	my $found = delivery($node, $kafka, "$dlq.");
	my @huge = huge_ids();
	my @others = grep { my $line = $_; !grep { $line =~ /\b$_\b/ } @huge } @{ $found->{problems} };
	is(@{ $found->{problems} } - @others, scalar @huge, "$mode, dlq: the huge ones are not in their topic");
	is_deeply(\@others, [], "$mode, dlq: all others are delivered") or diag(join "\n", @others[0 .. ($#others < 5 ? $#others : 5)]);
	my @letters = $kafka->consume("$dlq.oms.cdc.dead-letters", read_committed => 1);
	is_deeply([ sort { $a <=> $b } map { $_->{headers}{id} } @letters ], \@huge, 'the huge ones are dead letters');
	my $letter = decode_json($letters[0]{value});
	is($letter->{id} . '', $letters[0]{headers}{id}, 'an envelope says which event it is');
	is($letters[0]{key}, sql("SELECT root_id FROM oms.all_events WHERE sequence = $letter->{id}"), 'its key is the tree');
	like($letter->{error}, qr/\w/, 'and why');
	is($bridge->metric('oms_bridge_dead_letters_total', table => 'order_events'), scalar @letters, 'they are counted');
	is($bridge->stop, 0, 'a clean stop');
	wait_for(sub { eval { sql("SELECT count(*) FROM oms.drop_slot('@{[ slot_of($dlq) ]}')"); 1 } }, 30, 'the slot to be free');
	start($dlq, config => { mode => $mode, 'on.error' => 'dlq' });
	streams("$mode, dlq, compared");
	like(said(), qr/reconciled: 0 events published/, 'a dead letter is not missing') or diag(said());
	is(scalar $kafka->consume("$dlq.oms.cdc.dead-letters", read_committed => 1, each => sub { }), scalar @letters, 'and comes once');
	is($bridge->stop, 0, 'a clean stop');
}

sub huge_ids { return split /\n/, sql(q(SELECT sequence FROM oms.all_events WHERE length(payload::text) > 150000 ORDER BY 1)); }

$kafka->stop;
done_testing();
