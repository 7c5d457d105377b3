# The feed when not all is well: a slot that has to wait, a publication that lacks a table, a server that says nothing any more, events that are
# missing or cannot be read, trees that are purged, more rows than there may be.
#
# Broken by: a connection that is dead and believed; a snapshot for every batch of a purge; a tree of which something stays; a position that is told
# before what is missing has been asked for; an object that cannot be read and is asked for again and again; rows that are left out and asked for.

use strict;
use warnings;

use lib 'test/lib';
use OmsGateway;
use OmsLive;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = oms_node('main', streaming => 1, conf => "wal_level = logical\nmax_connections = 50\noms_state.command_retention = 0\n");
sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }
sql(q(SELECT count(*) FROM oms.create_roles()));
sql(q(SELECT count(*) FROM oms.repair_publication('oms_events')));
sql(q(CREATE ROLE feed LOGIN REPLICATION IN ROLE oms_bridge, oms_reader; CREATE ROLE ann LOGIN IN ROLE oms_desk; CREATE ROLE gate LOGIN NOINHERIT IN ROLE oms_proxy, ann));
sql("ALTER ROLE feed SET $_") foreach 'idle_in_transaction_session_timeout = 2000', 'statement_timeout = 2000', 'idle_session_timeout = 2000', 'lock_timeout = 2000';
sql(q(ALTER PUBLICATION oms_events DROP TABLE oms.purged_trees));

my $gateway;

# Figures are copied now and then.
sub figure_is { my ($name, $value, $test) = @_; wait_for(sub { $gateway->metric($name) == $value }, 30, $name); return is($gateway->metric($name), $value, $test); }
sub lsn_reached { my ($page, $lsn) = @_; return defined $page->{position} && sql("SELECT '$page->{position}'::pg_lsn >= '$lsn'::pg_lsn") eq 't'; }
sub order
{
	my ($id) = @_;
	return sql("SELECT oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', '$id', 'clOrdID', 'c-$id', 'symbol', 'AAA', 'side', 'BUY', 'orderQty', 100))");
}

# ---- a slot that has to wait, and a publication that lacks a table ----

order('O1');
my $writer = $node->background_psql('postgres');
$writer->query_safe('BEGIN; SELECT pg_current_xact_id()');
my $dir = PostgreSQL::Test::Utils::tempdir_short();
$gateway = gateway_start($node, auth => 'proxy', dsn => gateway_dsn($node, user => 'gate'), 'pool.size' => 2, listen => "unix:$dir/socket", 'feed.dsn' => gateway_dsn($node, user => 'feed'), 'live.max.rows' => 1000);
my $page = OmsLive->new($gateway, user => 'ann', socket => "$dir/socket");
ok(wait_for(sub { $gateway->log =~ /feed: waits to make a slot/ }, 60, 'the log'), 'who waits says so');
is($page->call(POST => '/live', {})->{status}, 503, 'and there is nothing live meanwhile');
$writer->quit;
ok(wait_for(sub { $gateway->log =~ /has not all that is live.*repair_publication/ }, 60, 'the log'), 'a publication that lacks a table is told of');
is($page->call(POST => '/live', {})->{status}, 503, 'and nothing is shown');
sql(q(SELECT count(*) FROM oms.repair_publication('oms_events')));
$page->open;
$page->view('orders', { object => 'orders', where => {}, orderBy => ['-orderId'], columns => [qw(orderId version status orderQty updatedAt)], first => 0, count => 500 });
$page->view('executions', { object => 'executions', where => {}, orderBy => [], columns => [qw(executionId version rootId lastQty)], first => 0, count => 500 });
agrees($node, $page, 'until it is repaired');
figure_is('oms_gateway_feed_snapshots_total', 1, 'by one snapshot, in spite of all timeouts');

# ---- trees that are purged ----

closed_trees($node, 'P', 12);
order('P');
agrees($node, $page, 'trees that are over');
sql(q(INSERT INTO oms.retention_policies (name, age, action) VALUES ('now', '0', 'DELETE')));
my $gone = 0;
ok(wait_for(sub { $gone += sql(q(SELECT trees FROM oms.purge(4, now() + interval '1 hour'))); $gone >= 12 }, 120, 'the purge'), 'they are purged, batch by batch');
is(sql(q(SELECT count(*) FROM oms.orders)), 2, 'all of them');
agrees($node, $page, 'and go from the page');
figure_is('oms_gateway_feed_snapshots_total', 1, 'without another snapshot');
order('P1x');
agrees($node, $page, 'what comes afterwards comes');

# ---- events that cannot be read, or are missing ----

# As if the event of an object were another: what stands in the table is not touched.
sub event
{
	my ($id, $version, $payload) = @_;
	return sql(qq(
		SET session_replication_role = replica;
		INSERT INTO oms.order_events (sequence, aggregate_id, version, root_id, tree_version, event_type, occurred_at, actor, role, command_id, transition, xid, payload, hash)
		SELECT nextval('oms.event_sequence'), aggregate_id, $version, root_id, 1000 + $version, event_type, occurred_at, actor, role, command_id || random(), transition, pg_current_xact_id(), $payload, hash
		  FROM oms.order_events WHERE aggregate_id = '$id' ORDER BY sequence LIMIT 1));
}
my $asked = $gateway->metric('oms_gateway_feed_asked_total');
event('O1', 77, q(payload || '{"state": 7}'));
ok(wait_for(sub { $gateway->metric('oms_gateway_feed_asked_total') > $asked }, 60, 'an ask'), 'an event that cannot be read: the object is asked for');
figure_is('oms_gateway_feed_unreadable_total', 1, 'it is counted');
agrees($node, $page, 'and is as it is');
# what will never come is not there: until it has been asked for, nobody is told that he has all
event('O1', 500, q(jsonb_set(payload || '{"version": 500}', '{state,version}', '500')));
ok(wait_for(sub { $gateway->metric('oms_gateway_feed_asked_total') > $asked + 1 }, 60, 'an ask'), 'one that does not follow');
order('O2');
my $after = sql('SELECT pg_current_wal_lsn()');
$page->read_on(1.5);
ok(!lsn_reached($page, $after), 'nobody is told that all is here');
ok(wait_for(sub { $gateway->metric('oms_gateway_feed_snapshots_total') == 2 }, 60, 'a snapshot'), 'what never comes brings a new snapshot');
agrees($node, $page, 'by which all is as it is');
ok(wait_for(sub { $page->read_on(0.2); lsn_reached($page, $after) }, 60, 'the position'), 'and is told to be');

# ---- a server that says nothing ----

my $sender = sql(q(SELECT active_pid FROM pg_replication_slots WHERE temporary));
kill 'STOP', $sender or die "cannot stop $sender: $!";
order('O3');
ok(wait_for(sub { $gateway->log =~ /says nothing/ }, 90, 'the loss'), 'a walsender that says nothing is lost');
ok(wait_for(sub { $gateway->metric('oms_gateway_feed_snapshots_total') == 3 }, 60, 'a snapshot'), 'and there is another');
kill 'CONT', $sender;
agrees($node, $page, 'with what happened meanwhile');
ok(wait_for(sub { sql(q(SELECT count(*) FROM pg_replication_slots)) == 1 }, 60, 'the slots'), 'the slot of the other one is gone');

# ---- more rows than there may be ----

sql(q(SELECT count(oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'N' || lpad(g::text, 4, '0'), 'clOrdID', 'cn' || g, 'symbol', 'AAA', 'side', 'BUY', 'orderQty', 100))) FROM generate_series(1, 1000) AS g));
ok(wait_for(sub { $gateway->metric('oms_gateway_live_orders') == 1000 }, 60, 'the rows'), 'as many rows as there may be');
my ($bad, $asks) = map { $gateway->metric("oms_gateway_feed_${_}_total") } qw(unreadable asked);
ok($bad > 1, 'those above are counted');
sql(q(SELECT count(oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'N' || lpad(g::text, 4, '0'), 'execID', 'en' || g, 'lastQty', 1, 'lastPx', 1))) FROM generate_series(990, 1000) AS g));
$after = sql('SELECT pg_current_wal_lsn()');
ok(wait_for(sub { $page->read_on(0.2); lsn_reached($page, $after) }, 60, 'the position'), 'and what happens to them passes by');
ok(wait_for(sub { $gateway->metric('oms_gateway_feed_unreadable_total') > $bad }, 60, 'the figure'), 'but counted');
figure_is('oms_gateway_feed_asked_total', $asks, 'they are not asked for');
figure_is('oms_gateway_feed_snapshots_total', 3, 'and nothing is lost by it');

$gateway->stop;
is(sql(q(SELECT count(*) FROM pg_replication_slots)), '0', 'no slot is left');
unlike($gateway->log, qr/runtime error|Sanitizer/, 'nothing went wrong inside');
done_testing();
