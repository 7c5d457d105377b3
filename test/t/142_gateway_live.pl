# What a browser is told of orders that change is what PostgreSQL says under the same role: many views of two users, after random commands, after the
# walsender was killed, after rights were taken back. A stream is of no use to another user, and no slot is left behind.
#
# Broken by: an event that is applied twice or not at all, a snapshot that does not fit the stream, a view without its user's rights, a stream
# that another user may read, rights that are asked only once, a slot that is not temporary.

use strict;
use warnings;

use lib 'test/lib';
use JSON::PP;
use OmsGateway;
use OmsLive;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = first_seed();
srand $seed;
note "seed $seed";

my $node = oms_node('main', streaming => 1, conf => "wal_level = logical\nmax_connections = 50\n");
$node->safe_psql('postgres', q(
	SELECT count(*) FROM oms.create_roles();
	SELECT count(*) FROM oms.repair_publication('oms_events');
	CREATE ROLE feed LOGIN REPLICATION IN ROLE oms_bridge, oms_reader;
	CREATE ROLE ann LOGIN IN ROLE oms_trader; CREATE ROLE bob LOGIN IN ROLE oms_trader; CREATE ROLE all_of_it LOGIN IN ROLE oms_desk;
	CREATE ROLE gate LOGIN NOINHERIT IN ROLE oms_proxy, ann, bob, all_of_it;
	SELECT oms.grant_account('ann', 'A1'), oms.grant_account('ann', 'A2'), oms.grant_account('bob', 'B_%');));
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $gateway = gateway_start($node, auth => 'proxy', dsn => gateway_dsn($node, user => 'gate'), 'pool.size' => 4, listen => "unix:$dir/socket", 'feed.dsn' => gateway_dsn($node, user => 'feed'));
my @accounts = qw(A1 A2 B_1 B_2 BX1);
my $orders = 0;
my %columns = (orders => [qw(orderId version status orderQty account)], executions => [qw(executionId version orderId lastQty account)]);

sub page { my ($user) = @_; return OmsLive->new($gateway, user => $user, socket => "$dir/socket"); }

sub commands
{
	my ($count) = @_;
	my @sql;
	foreach (1 .. $count)
	{
		my $of = $orders > 0 && rand() < 0.6 ? 1 + int rand $orders : 0;
		my $command = $of
		  ? (rand() < 0.2 ? { commandType => 'CancelOrderCommand', orderId => "O$of" } : { commandType => 'ExecuteOrderCommand', orderId => "O$of", execID => "E$orders-$_-" . int rand 1e9, lastQty => 1 + int rand 5, lastPx => 10 })
		  : { commandType => 'CreateOrderCommand', orderId => 'O' . ++$orders, symbol => (qw(AAA BBB "<CCC>))[ rand 3 ], side => 'BUY', orderQty => 100 + int rand 900, ordType => 'LIMIT', price => 10, account => $accounts[ rand @accounts ] };
		push @sql, 'SELECT oms_try_command($c$' . JSON::PP->new->canonical->encode($command) . '$c$);';
	}
	$node->safe_psql('postgres', join "\n", @sql);
	return;
}

sub random_view
{
	my @where = ({}, { account => 'A1' }, { status => [ 'NEW', 'CANCELED' ] }, { orderQty => { gte => 300, lt => 800 } }, { symbol => { like => '%A%' } }, { or => [ { account => 'B_1' }, { orderQty => { lt => 200 } } ] }, { not => { status => 'NEW' } });
	my @order = ([], ['-orderQty'], [ 'account', '-orderQty' ], ['status'], ['-orderId']);
	return { object => 'executions', columns => $columns{executions}, where => { lastQty => { gte => 2 } }, orderBy => ['-lastQty'], first => 0, count => 100 } if rand() < 0.25;
	return { object => 'orders', columns => $columns{orders}, where => $where[ rand @where ], orderBy => $order[ rand @order ], first => 0, count => (5, 60, 500)[ rand 3 ] };
}

# ---- the day ----

commands(60);
my @pages = map { page($_)->open } qw(ann bob all_of_it);
foreach my $round (1 .. 4)
{
	foreach my $page (@pages) { is($page->view("v$_", random_view())->{status}, 200, "round $round: $page->{user} looks at v$_") foreach 1 .. 3; }
	commands(30);
	agrees($node, $_, "round $round: $_->{user} sees what PostgreSQL says") foreach @pages;
}
is($gateway->metric('oms_gateway_feed_events_total') > 0, 1, 'events came by the stream');
is($gateway->metric('oms_gateway_feed_snapshots_total'), 1, 'by one snapshot');

# somebody else's
is($pages[1]->call(GET => "/live/$pages[0]{id}")->{status}, 404, 'the stream of another user is unknown');
is($pages[1]->call(POST => "/live/$pages[0]{id}/views", { views => {} })->{status}, 404, 'and so are its views');

# what is wrong changes nothing
is($pages[0]->view('v1', { object => 'orders', where => { nothing => 1 }, columns => [], count => 5 })->{status}, 400, 'a field that there is not');
is($pages[0]->call(POST => "/live/$pages[0]{id}/views", { views => { v1 => undef, 'v 1' => undef } })->{status}, 400, 'a name that is none');
is($pages[0]->call(POST => "/live/$pages[0]{id}/views", { views => { map { ("w$_" => { object => 'orders', columns => [], count => 1 }) } 1 .. 70 } })->{status}, 422, 'more views than a stream may have');
agrees($node, $pages[0], 'after what was refused ann sees what she saw');

# the stream is lost
foreach my $loss (1 .. 3)
{
	$node->safe_psql('postgres', q(SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE temporary));
	commands(20);
	agrees($node, $_, "after the walsender was killed $loss times $_->{user} sees what PostgreSQL says") foreach @pages;
	ok(wait_for(sub { $gateway->metric('oms_gateway_feed_snapshots_total') == 1 + $loss }, 60, 'a snapshot'), 'by another snapshot');
}
wait_for(sub { $pages[2]->read_on(0.2); !$pages[2]{now_stale} && $pages[2]{stale} }, 60, 'stale, and no more') // diag 'never stale';
ok($pages[2]{stale} > 0, 'the page was told that it is stale');
commands(20);
agrees($node, $_, "and goes on: $_->{user}") foreach @pages;

# a page that comes again
$pages[0]{client} = undef;
commands(10);
$pages[0]{views} = {};
$pages[0]->attach;
agrees($node, $pages[0], 'a page that comes again sees all of it');

# rights
$node->safe_psql('postgres', q(SELECT oms.revoke_account('ann', 'A2')));
agrees($node, $pages[0], 'an account that was taken back vanishes');
$node->safe_psql('postgres', q(SELECT oms.grant_account('bob', 'A%', ARRAY[(SELECT min(name) FROM oms.asset_classes)])));
$pages[1]->ends('limits that memory cannot ask for end the stream');
is($pages[1]->call(POST => '/live', {})->{status}, 501, 'and there is no other');
$node->safe_psql('postgres', q(CREATE POLICY mine ON oms.orders AS RESTRICTIVE USING (symbol <> 'AAA')));
is($pages[2]->call(POST => '/live', {})->{status}, 501, 'a policy that nobody knows here: nothing is shown');

$gateway->stop;
is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_replication_slots)), '0', 'no slot is left');
done_testing();
