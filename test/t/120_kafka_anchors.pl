# The bridge has the store anchored by interval, and the topic oms-anchors alone proves what the store was: read without a database
# (OmsAnchors), and held against a store that a superuser has rewritten, with its anchors.
# Broken by: a bridge that makes none, or whose anchors hold up events, also where one waits; a login that may do more, or may not do this
# and is told too late; a record of the topic that is not byte for byte that of the table; a chain that cannot be computed from it; a tampering
# that nobody names.
#
# A real broker; where it cannot be had, all is skipped, loudly.

use strict;
use warnings;

use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

use OmsAnchors;
use OmsKafka;
use OmsTest;

skip_without_kafka();

my $PARTITIONS = 3;
my $node = oms_node('anchored', streaming => 'logical', conf => "fsync = off\nlog_statement = none\n");
my $kafka = OmsKafka->new(config => { 'transaction.abort.timed.out.transaction.cleanup.interval.ms' => 500 });
my $bridge;

sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }
sub create { my ($id) = @_; return sql(qq(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "$id", "symbol": "X", "side": "BUY", "orderQty": 10, "price": 5, "ordType": "LIMIT"}') ->> 'status')); }
sub topic { return $kafka->consume('oms-anchors', read_committed => 1); }
sub newest { return sql('SELECT coalesce(max(number), 0) FROM oms.anchors'); }
sub start { my (%config) = @_; return $bridge = bridge_start(name => 'bridge', config => { 'postgres.dsn' => bridge_dsn($node, user => 'cdc'), sink => 'kafka', 'kafka.bootstrap.servers' => $kafka->bootstrap, plugin => 'pgoutput', 'position.interval.ms' => 50, %config }); }
sub arrived { my ($number) = @_; return wait_for(sub { grep { $_->{value} =~ /"eventType": "StoreAnchored"/ && $_->{value} =~ /"number": $number\b/ } topic() }, 45, "anchor $number"); }

$kafka->start;
$kafka->create_event_topics('', $PARTITIONS);
$kafka->create_topic('oms.cdc.position.oms', 1, 'cleanup.policy' => 'compact');
sql('SELECT oms.create_roles(); CREATE ROLE cdc LOGIN REPLICATION; GRANT oms_bridge TO cdc');
sql(q(SELECT * FROM oms.create_slot('oms_cdc', 'pgoutput')));
create("a$_") foreach 1 .. 300;

# no right: said when it starts, and not in the middle of a night
sql('REVOKE oms_bridge FROM cdc; GRANT USAGE ON SCHEMA oms TO cdc; GRANT SELECT ON ' . join(', ', map { "oms.$_" } published_tables($node), 'event_sequence') . ' TO cdc');
is(start('anchor.interval.ms' => '1s')->wait_exit(20), 3, 'a login that may not anchor ends the bridge');
like($bridge->log, qr/role "cdc" may not call oms\.anchor\(\).*hint: GRANT oms_bridge TO "cdc"/, 'which says what to do');
sql('GRANT oms_bridge TO cdc');

start('anchor.interval.ms' => '300');
ok(wait_for(sub { newest() >= 1 }, 45, 'an anchor'), 'it anchors') or diag($bridge->log);
sql(q(SELECT count(oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'b' || i, 'symbol', 'X', 'side', 'BUY', 'orderQty', i))) FROM generate_series(1, 5) AS i));
ok(arrived(2), 'and its anchors leave') or diag($bridge->log);
is(newest(), '2', 'none where nothing has changed');
ok(wait_for(sub { $bridge->metric('oms_bridge_anchors_total') >= 2 }, 10, 'the counter'), 'it counts');

# somebody else's anchor that does not end: events go on
my $holds = oms_dbh($node);
$holds->begin_work;
$holds->do('SELECT oms.anchor()');
create('c');
sleep 1;
create('d');
my $last = sql(q(SELECT max(sequence) FROM oms.order_events));
ok(wait_for(sub { grep { ($_->{headers}{id} // '') eq $last } $kafka->consume('order-events', read_committed => 1) }, 30, 'the event'), 'while an anchor waits, events leave');
$holds->rollback;
ok(arrived(3), 'and then it is made');
is($bridge->metric('oms_bridge_anchor_failures_total'), '0', 'nothing has failed');

# an anchor that cannot be made holds up nothing either
sql('ALTER TABLE oms.anchors RENAME TO elsewhere');
create('e');
ok(wait_for(sub { $bridge->metric('oms_bridge_anchor_failures_total') > 0 }, 30, 'a failure'), 'a failure is counted');
like($bridge->log, qr/no anchor was made: .*oms\.anchors/, 'and said');
sql('ALTER TABLE oms.elsewhere RENAME TO anchors');
ok(arrived(4), 'and it goes on') or diag($bridge->log);
# not by interval any more, without a restart
$bridge->reload('anchor.interval.ms' => undef);
ok(wait_for(sub { sql(q(SELECT count(*) FROM pg_stat_activity WHERE application_name = 'oms_bridge oms anchors')) eq '0' }, 10, 'its connection'), 'a reload ends it');
create('f');
sleep 1;
is(newest(), '4', 'and none is made');
sql('SET ROLE cdc; SELECT oms.anchor()');
ok(arrived(5), 'but whatever others make leaves');

# ---- the topic alone ------------------------------------------------------------------------------------------
my @records = topic();
is(scalar(keys %{ { map { $_->{partition} => 1 } @records } }), 1, 'one chain is in one partition');
is(join("\n", map { $_->{value} } @records), sql('SELECT payload FROM oms.anchors ORDER BY version'), 'byte for byte');
my ($wrong, $anchors) = read_anchors(map { [ $_->{value}, $_->{headers}{hash} ] } @records);
is("@$wrong", '', 'the chain of roots, by the topic alone');
is(join(' ', map { "$_:" . scalar @{ $anchors->{$_}{leaves} } } sort keys %$anchors), join(' ', split /\n/, sql(q(SELECT (payload #>> '{state,number}') || ':' || (payload #>> '{state,count}') FROM oms.anchors WHERE part = 0 ORDER BY number))), 'with all leaves');
is(sql(q(SELECT sum((payload #>> '{state,count}')::integer) FROM oms.anchors WHERE part = 0)), sql('SELECT count(*) FROM oms.orders'), 'of all orders');
# whichever figure of it is another one
foreach my $at (0, 1, $#records)
{
	my @changed = map { [ $_->{value}, $_->{headers}{hash} ] } @records;

	$changed[$at][0] =~ s/(?<=[0-9a-f]{20})([0-9a-f])/$1 eq '0' ? '1' : '0'/e;
	isnt("@{ (read_anchors(@changed))[0] }", '', "record $at: one figure that was changed is found");
}

# ---- what a superuser does ------------------------------------------------------------------------------------
sub judged
{
	my $dbh = oms_dbh($node);
	my @found;

	foreach my $number (sort { $a <=> $b } keys %$anchors)
	{
		push @found, map { "$number $_->[0] $_->[1]" } @{ $dbh->selectall_arrayref('SELECT object, id FROM oms.verify_anchor($1::jsonb, $2::jsonb) WHERE NOT valid', undef, JSON::PP->new->ascii->encode($anchors->{$number}{state}), leaves_of($anchors->{$number})) };
	}
	return join ', ', @found;
}

is(judged(), '', 'the store is what the topic says');
$bridge->stop;
sql(q(
	SET session_replication_role = replica;
	DO $$ DECLARE e record; before bytea := '';
	BEGIN
		FOR e IN SELECT * FROM oms.order_events WHERE aggregate_id = 'a77' ORDER BY version LOOP
			e.payload := jsonb_set(jsonb_set(e.payload, '{state,price}', '4'), '{command,price}', '4');
			before := sha256(before || convert_to(e.payload::text, 'UTF8'));
			UPDATE oms.order_events SET payload = e.payload, hash = before WHERE sequence = e.sequence;
		END LOOP;
		UPDATE oms.orders SET price = 4, hash = before WHERE id = 'a77';
	END $$));
is(sql('SELECT count(*) FROM oms.verify()'), '0', 'an order is rewritten, with its hashes and its row: oms.verify() finds nothing');
is(judged(), '1 order a77', 'its anchor names it');
sql(q(SET session_replication_role = replica; DELETE FROM oms.anchors; SET session_replication_role = origin; SELECT oms.anchor()));
is(sql('SELECT count(*) FROM oms.verify()'), '0', 'the anchors are made anew: oms.verify() finds nothing');
is(judged(), '1 anchor 1, 1 order a77, 2 anchor 2, 3 anchor 3, 4 anchor 4, 5 anchor 5', 'those of the topic name it still');

done_testing();
