# Debezium, as debezium/ configures it, and our bridge, side by side from one database into topics with different prefixes.
# Broken by: a record of either whose key, value, partition, id or headers differ from the event tables or from the other's;
# an event that is missing or there twice, also after Kafka Connect was killed; an order in a tree that is not that of
# tree_version; connector or worker files in debezium/ that do not run as they are.
#
# A real broker and a real Kafka Connect; where they cannot be had, all is skipped, loudly.

use strict;
use warnings;

use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

use OmsDelivery qw(delivery events_of load_for);
use OmsKafka;
use OmsOutbox;
use OmsTest;

skip_without_kafka();

my $PARTITIONS = 4;
my $SEED = $ENV{OMS_SEED} // int(time) % 1_000_000;
my $TREE = $INC{'OmsTest.pm'} =~ s{/test/lib/OmsTest.pm$}{}r;
my $PASSWORD = 'it\'s "secret" \\ 100%';
my $SLOT = 'oms_debezium';

note("OMS_SEED=$SEED");
my $node = database();
# as the broker looks every 10 s for transactions that are out of time, so it does here, only oftener
my $kafka = OmsKafka->new(config => { 'transaction.abort.timed.out.transaction.cleanup.interval.ms' => 500 });
$kafka->start;
$kafka->create_event_topics('dbz.', $PARTITIONS);
$kafka->create_event_topics('bridge.', $PARTITIONS);
$kafka->create_topic('__debezium-heartbeat.oms', 1);
$kafka->connect_start;
my $CONFIG = connector_config();

# --- the two ways out ------------------------------------------------------------------------

# Debezium's driver wants TCP and, as in life, a user with a password and no other right than REPLICATION.
sub database
{
	my $node = oms_node('outbox', streaming => 'logical', start => 0, conf => "fsync = off\nlog_statement = none\nlisten_addresses = '127.0.0.1'\nmax_connections = 30\n"
		  . "max_wal_senders = 10\nmax_replication_slots = 10\npassword_encryption = 'scram-sha-256'\n");
	my $hba = $node->data_dir . '/pg_hba.conf';
	my $rules = slurp_file($hba);

	unlink $hba;
	append_to_file($hba, "host all cdc 127.0.0.1/32 scram-sha-256\nhost replication cdc 127.0.0.1/32 scram-sha-256\n$rules");
	$node->start;
	$node->safe_psql('postgres', "CREATE EXTENSION oms_state; CREATE ROLE cdc LOGIN REPLICATION PASSWORD '" . ($PASSWORD =~ s/'/''/gr) . q('));
	# a server of 15.19 or later must be told that wal2json is welcome
	$node->safe_psql('postgres', "ALTER SYSTEM SET output_plugin_libraries = pgoutput, wal2json; SELECT pg_reload_conf()")
	  if $node->safe_psql('postgres', q(SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries')) eq '1';
	$node->safe_psql('postgres', "SELECT * FROM oms.create_slot('$SLOT', 'pgoutput')");
	$node->safe_psql('postgres', q(SELECT * FROM oms.create_slot('oms_cdc', 'wal2json'))) if -x bridge_program();
	return $node;
}

# oms-outbox.json as it is, but for the folder of the secrets and a prefix before the topics.
sub connector_config
{
	my $dir = $kafka->dir . '/connect';
	my $text = slurp_file("$TREE/debezium/oms-outbox.json");
	my $port = $node->port;

	unlike($text, qr/password"\s*:\s*"(?!\$\{file:)/, 'no password in the connector configuration');
	$text =~ s{/etc/oms/}{$dir/}g;
	$text =~ s{(route\.topic\.replacement": ")}{$1dbz.}g;
	append_to_file("$dir/debezium.properties", "hostname=127.0.0.1\nport=$port\ndbname=postgres\nuser=cdc\npassword=" . ($PASSWORD =~ s/\\/\\\\/gr) . "\n");
	return JSON::PP::decode_json($text);
}

sub start_bridge
{
	my (%other) = @_;
	return bridge_start(name => 'beside', config => {
		'postgres.dsn' => bridge_dsn($node), slot => 'oms_cdc', publication => 'oms_events', pipeline => 'beside', plugin => 'wal2json',
		mode => 'exactly_once', sink => 'kafka', 'topic.prefix' => 'bridge.', 'kafka.bootstrap.servers' => $kafka->bootstrap, %other });
}

# --- comparing -------------------------------------------------------------------------------

# { topic without prefix => [records] } as readers of committed records see them.
sub records
{
	my ($prefix) = @_;
	return { map { $_ => [ $kafka->consume("$prefix$_", read_committed => 1) ] } outbox_topics() };
}

sub count
{
	my ($prefix) = @_;
	my $number = 0;
	$number += $kafka->consume("$prefix$_", read_committed => 1, each => sub { }) foreach outbox_topics();
	return $number;
}

# Everything has arrived: as many as there are events, or more.
sub arrived
{
	my ($prefix, $number) = @_;
	return wait_for(sub { count($prefix) >= $number }, 60, "$number events in topics $prefix*");
}

# What is in the topics is exactly what is in the tables (but for ids that went elsewhere).
my %elsewhere;
sub is_delivered
{
	my ($prefix, $name) = @_;
	my $events = events_of($node) - keys %{ $elsewhere{$prefix} // {} };
	arrived($prefix, $events);
	my $found = delivery($node, $kafka, $prefix, partitions => [$PARTITIONS], elsewhere => $elsewhere{$prefix});
	is(join("\n", $found->{repeats}, @{ $found->{problems} }), 0, "$name: $events events");
	return records($prefix);
}

# { id => "topic partition key value" } of all records
sub by_id
{
	my ($records) = @_;
	my %of;
	foreach my $topic (keys %$records)
	{
		$of{ $_->{headers}{id} } = join "\0", $topic, $_->{partition}, @$_{qw(key value)}, map { $_ // '' } @{ $_->{headers} }{qw(eventType hash)} foreach @{ $records->{$topic} };
	}
	return \%of;
}

# For each tree and topic the ids in the order of the log; a tree is on one partition.
sub orders_of_trees
{
	my ($records) = @_;
	my %orders;
	foreach my $topic (keys %$records)
	{
		push @{ $orders{"$topic $_->{key}"} }, $_->{headers}{id} foreach sort { $a->{offset} <=> $b->{offset} } @{ $records->{$topic} };
	}
	return { map { $_ => join ' ', @{ $orders{$_} } } keys %orders };
}

# As bytes.
sub all_events
{
	my $dbh = oms_dbh($node);
	$dbh->{pg_enable_utf8} = 0;
	return map { my $topic = $TOPIC_OF{$_}; map { { topic => $topic, key => $_->[0], value => $_->[1] } } @{ $dbh->selectall_arrayref("SELECT root_id, payload::text FROM oms.$_") } } published_tables($node);
}

sub load { my (%options) = @_; load_for($node, delete $options{seconds} // rounds(2, 20), seed => $SEED, steps => 300, anchors => 1, pace => 0, %options); return; }

# --- Debezium --------------------------------------------------------------------------------

$kafka->connector_start('oms-outbox', $CONFIG);
my $bridge = -x bridge_program() ? start_bridge() : undef;

load(name => 'a');
my @events = all_events();
cmp_ok(scalar @events, '>', 500, 'the load was no idle one');
ok((grep { $_->{key} =~ /\xc3\x84/ } @events) && (grep { length $_->{value} > 10_000 && $_->{value} =~ /xxxxx/ } @events)
	  && (grep { $_->{value} =~ /\\u0001/ } @events) && (grep { $_->{value} =~ /\xf0\x9d\x84\x9e/ } @events), 'nor an easy one: keys and values of all kinds');
is(join(' ', sort keys %{{ map { $_->{topic} => 1 } @events }}), join(' ', outbox_topics()), 'events for all topics');
my $debezium = is_delivered('dbz.', 'Debezium: key, value, headers, partition, once each, in the order of each tree');
unlike($kafka->connect_log, qr/\Q$PASSWORD\E/, 'no password in the log of Kafka Connect');
unlike(JSON::PP::encode_json($kafka->connect_rest('GET', '/connectors/oms-outbox')), qr/100%/, 'nor in what it tells of the connector');

SKIP:
{
	skip 'oms_bridge is not built (make -C debezium/bridge)', 3 if !$bridge;
	my $ours = is_delivered('bridge.', 'bridge: the same of oms_bridge');
	is_deeply(by_id($ours), by_id($debezium), 'key, value, partition, id, eventType and hash of both are equal');
	is_deeply(orders_of_trees($ours), orders_of_trees($debezium), 'both have each tree in the same order');
}

# As large as they may be: an order at its bound, the largest fill of it, and a row of configuration. Topics, worker and bridge have their defaults.
sub largest
{
	my $limit = $node->safe_psql('postgres', q(LOAD 'oms_state'; SELECT setting::int * 1024 FROM pg_settings WHERE name = 'oms_state.command_size'));
	my $noise = q((SELECT string_agg(md5(n::text), '') FROM generate_series(1, 40000) AS n));
	$node->safe_psql('postgres', qq(SELECT oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'full', 'symbol', 'X', 'side', 'BUY', 'orderQty', 9,
		'attributes', jsonb_build_object('a', left($noise, $limit / 6 - 9))))));
	$node->safe_psql('postgres', qq(SELECT oms_command(jsonb_set(fill, '{attributes,a}', to_jsonb(left($noise, $limit - octet_length(fill::text)))))
		FROM (VALUES ('{"commandType": "ExecuteOrderCommand", "orderId": "full", "execID": "f", "lastQty": 1, "lastPx": 1, "attributes": {"a": ""}}'::jsonb)) AS v (fill)));
	$node->safe_psql('postgres', "INSERT INTO oms.restricted_list (symbol, reason) VALUES ('full', left($noise, $limit - 1000))");
	return $node->safe_psql('postgres', q(SELECT max(octet_length(payload::text)) FROM oms.all_events WHERE root_id = 'full'));
}
cmp_ok(largest(), '>', 900_000, 'the largest events');
is_delivered('dbz.', 'Debezium: the largest events');
is_delivered('bridge.', 'bridge: the largest events') if $bridge;

# A transaction that stays open for long, as somebody's always does.
my $open = oms_dbh($node);
$open->do('CREATE TABLE long (x int)');
$open->begin_work;
$open->do('INSERT INTO long VALUES (1)');

# Kafka Connect killed under load: what it had sent without a commit is undone, and it goes on from the committed offset.
load(name => 'b', meanwhile => sub {
	foreach my $kill (1 .. rounds(1, 10))
	{
		sleep 1;
		$kafka->connect_process->kill9;
		$kafka->connect_start;
	}
});
is_delivered('dbz.', 'Debezium: exactly once through kill -9 of Kafka Connect');
is_delivered('bridge.', 'bridge: not disturbed by it') if $bridge;

# An event that the topic does not take: who stops, who says what, and what comes of it.
sub too_large
{
	my $text = join '', map { chr 97 + int rand 26 } 1 .. 60_000;
	$kafka->topic_config("$_.order-events", 'max.message.bytes' => 20_000) foreach qw(dbz bridge);
	$node->safe_psql('postgres', qq(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "large", "symbol": "X", "side": "BUY", "orderQty": 1, "text": "$text"}')));
	my ($id) = $node->safe_psql('postgres', q(SELECT sequence FROM oms.order_events WHERE aggregate_id = 'large'));
	load(name => 'behind', seconds => 0);
	return $id;
}

sub task { my $task = $kafka->connector_status('oms-outbox')->{tasks}[0] // {}; return ($task->{state} // '', $task->{trace} // ''); }

my $large = too_large();
ok(wait_for(sub { (task())[0] eq 'FAILED' }, 60, 'the task to fail'), 'Debezium: a record that is too large stops the task');
like((task())[1], qr/RecordTooLarge/, 'which says why');
if ($bridge)
{
	is($bridge->wait_exit(60), 3, 'bridge: an event that is too large ends it');
	like($bridge->log, qr/ERROR .*\b$large\b.*hint: .*max\.message\.bytes/, 'which says which event, and what to do');
	$kafka->create_topic('bridge.oms.cdc.dead-letters', 1);
	$bridge = start_bridge('on.error' => 'dlq');
	$elsewhere{'bridge.'} = { $large => 1 };
	is_delivered('bridge.', 'bridge: with a dead-letter topic it goes on');
	my @dead = $kafka->consume('bridge.oms.cdc.dead-letters', read_committed => 1);
	is(join(' ', map { $_->{headers}{id} } @dead), $large, 'and the event is there, once');
}
$kafka->topic_config('dbz.order-events', 'max.message.bytes' => undef);
$kafka->connect_rest('POST', '/connectors/oms-outbox/restart?includeTasks=true');
is_delivered('dbz.', 'Debezium: with the topic put right, and told to, it goes on');

sub connector_off
{
	$kafka->connector_delete('oms-outbox');
	ok(wait_for(sub { $node->safe_psql('postgres', "SELECT active FROM pg_replication_slots WHERE slot_name = '$SLOT'") eq 'f' }, 30, 'the slot to be free'), 'Debezium is off');
	return;
}

# What README.md says of its limits.  It asks whether the slot still keeps the WAL of its offset, not whether the slot was
# confirmed beyond: with any transaction open for long, a slot that moved on past the offset is not noticed, and leaves a gap.
connector_off();
my $before = events_of($node);
load(name => 'c', seconds => 0);
$node->safe_psql('postgres', "SELECT pg_replication_slot_advance('$SLOT', pg_current_wal_lsn())");
my $skipped = events_of($node) - $before;
$kafka->connector_start('oms-outbox', $CONFIG);
load(name => 'd', seconds => 0);
my $all = events_of($node);
cmp_ok($skipped, '>', 20, "$skipped events while Debezium was off");
arrived('dbz.', $all - $skipped);
is(count('dbz.'), $all - $skipped, 'Debezium: those before the position of the slot are left out');
is($kafka->connector_status('oms-outbox')->{tasks}[0]{state}, 'RUNNING', 'without a word');
$open->commit;
$open->disconnect;

if ($bridge)
{
	is_delivered('bridge.', 'bridge: nothing of this was of concern to it');
	is($bridge->stop, 0, 'the bridge stops clean');
	is(scalar(() = $bridge->log =~ /ERROR/g), 1, 'and complained of nothing else') or diag($bridge->log);
	$node->safe_psql('postgres', q(SELECT pg_drop_replication_slot('oms_cdc')));
}

# A slot that is gone is noticed and stops the connector; for one that is lost it waits (half an hour, then it fails).  Neither
# fills the gap.
connector_off();
$node->safe_psql('postgres', $_) foreach q(ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'), 'SELECT pg_reload_conf()',
  map { ("SELECT pg_logical_emit_message(false, 'x', 'x')", 'SELECT pg_switch_wal()', 'CHECKPOINT') } 1 .. 3;
is($node->safe_psql('postgres', "SELECT wal_status FROM pg_replication_slots WHERE slot_name = '$SLOT'"), 'lost', 'max_slot_wal_keep_size took the slot');
$kafka->connect_rest('PUT', '/connectors/oms-outbox/config', $CONFIG);
ok(wait_for(sub { $kafka->connect_log =~ /Cannot obtain valid replication slot '$SLOT'/ }, 30, 'word of the lost slot'), 'Debezium: a lost slot is in the log');
my $status = $kafka->connector_status('oms-outbox');
is(join(' ', map { $_->{state} } $status->{connector}, @{ $status->{tasks} }), 'RUNNING', '... while Connect calls the connector running, without a task');
$kafka->connector_delete('oms-outbox');
$node->safe_psql('postgres', "SELECT pg_drop_replication_slot('$SLOT')");
eval { $kafka->connector_start('oms-outbox', $CONFIG); 1 };
like($@, qr/no longer available on the server/, 'Debezium: a slot that is gone stops the connector, and it says why');

$kafka->connect_process->stop;
$kafka->stop;
$node->stop;

done_testing();
