# An upgrade from 0.1.0 while two bridges and Debezium read: the new tables of events are published from their first event on, by the readers
# that were there before, with the rights that the upgrade gives them.
# Broken by: a reader that ends for good when a table comes, or passes over its first events; a publication that cannot be mended in the
# transaction of the update; an event of before that comes again.
#
# A real broker and a real Kafka Connect; where they cannot be had, all is skipped, loudly.

use strict;
use warnings;

use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

use OmsDelivery;
use OmsKafka;
use OmsOldVersion;
use OmsTest;

skip_without_kafka();

my $SEED = seed();
my $SLOT = 'oms_debezium';
my $node = delivery_node('upgrade', conf => "listen_addresses = '127.0.0.1'\n", extension => 0);
if (!can_be_old($node))
{
	$node->stop;
	plan(skip_all => $NO_OLD);
}
my $kafka = OmsKafka->new;
my %bridges;

sub sql { my ($statement) = @_; return $node->safe_psql('postgres', $statement); }

# The way of oms-outbox.json, but for the database, the secrets and a prefix before the topics.
sub connector_config
{
	my $text = slurp_file($INC{'OmsTest.pm'} =~ s{/test/lib/OmsTest.pm$}{}r . '/debezium/oms-outbox.json') =~ s{(route\.topic\.replacement": ")}{$1dbz.}gr;
	my %database = (hostname => '127.0.0.1', port => $node->port, dbname => 'postgres', user => scalar getpwuid($<), password => 'none');

	return { %{ JSON::PP::decode_json($text) }, map { ("database.$_" => $database{$_} . '') } keys %database };
}

# All that is committed has come by every way, once.
sub is_complete
{
	my ($name) = @_;

	foreach my $pipeline (sort keys %bridges)
	{
		ok(defined drained($node, slot_of($pipeline), 60), "$name: $pipeline is drained") or diag($bridges{$pipeline}->log);
		is_delivered($node, $kafka, "$pipeline.", "$name, $pipeline");
	}
	my $found;
	wait_for(sub { $found = delivery($node, $kafka, 'dbz.'); $found->{records} >= $found->{events} }, 60, 'Debezium');
	is(join("\n", @{ $found->{problems} }), '', "$name, Debezium: $found->{events} events, $found->{records} records");
	return;
}

sql(q(CREATE EXTENSION oms_state VERSION '0.1.0'; SELECT count(*) FROM oms.repair_publication('oms_events'); CREATE ROLE trader LOGIN;
	CREATE ROLE cdc LOGIN REPLICATION; GRANT USAGE ON SCHEMA oms TO cdc; GRANT SELECT ON oms.order_events, oms.execution_events, oms.event_sequence TO cdc));
sql('CREATE ROLE oms SUPERUSER LOGIN') if sql(q(SELECT count(*) FROM pg_roles WHERE rolname = 'oms')) eq '0';
load_old($node, 'postgres');
# A dump has them in the order of the heap: they are put aside, to be written again in their own.
my @old = published_tables($node);
is("@old", 'execution_events order_events', 'a store of 0.1.0 has two tables of events');
sql("SET session_replication_role = replica; CREATE TABLE old_$_ AS SELECT * FROM oms.$_; DELETE FROM oms.$_") foreach @old;
sql("SELECT pg_create_logical_replication_slot('$SLOT', 'pgoutput')");
$kafka->start;
$kafka->create_event_topics("$_.", 4) foreach qw(json binary dbz);
$kafka->create_topic('__debezium-heartbeat.oms', 1);
foreach my $pipeline ([ json => 'wal2json' ], [ binary => 'pgoutput' ])
{
	my ($name, $plugin) = @$pipeline;
	$bridges{$name} = bridge_start(name => $name, config => { pipeline_config($name, $kafka, $node, plugin => $plugin, 'postgres.dsn' => bridge_dsn($node, user => 'cdc'), 'transaction.timeout.ms' => 3000) });
}
$kafka->connect_start;
$kafka->connector_start('oms-outbox', connector_config());
foreach my $name (sort keys %bridges) { ok(wait_for(sub { active_of($bridges{$name}) }, 40, "$name to stream"), "$name streams from a store of 0.1.0") or diag($bridges{$name}->log); }

sql("INSERT INTO oms.$_ SELECT * FROM old_$_ ORDER BY sequence") foreach @old;
is_complete('0.1.0');

# As doc/operations.md says it.
sql(q(BEGIN; ALTER EXTENSION oms_state UPDATE; SELECT count(*) FROM oms.repair_publication('oms_events'); SELECT count(*) FROM oms.create_roles(); GRANT oms_bridge TO cdc; COMMIT));
load_start($node, seed => $SEED);
foreach (1 .. 3) { sleep rounds(1, 7); sql('SELECT oms.anchor()'); }
load_stop();
is(join(' ', published_tables($node)), join(' ', sort keys %TOPIC_OF), 'all tables of events are there');
# nobody purges here
my @loaded = grep { !/^purged_/ } sort keys %TOPIC_OF;
is(sql("SELECT string_agg(format('%s', n > 5), ' ') FROM (" . join(' UNION ALL ', map { "SELECT count(*) AS n FROM oms.$_" } @loaded) . ') AS c'),
	join(' ', map { 't' } @loaded), 'with events of the load in each of the others');
is_complete('upgraded');
like($bridges{binary}->log, qr/publication "oms_events" was changed/, 'pgoutput: what its slot passed comes from the tables');
foreach my $name (sort keys %bridges) { is($bridges{$name}->stop, 0, "$name stops clean"); }

$kafka->connector_delete('oms-outbox');
$kafka->connect_process->stop;
$kafka->stop;
$node->stop;

done_testing();
