# Eight tabs of one browser share one stream; a gateway that is lost and comes back, one that is silent, and a newer one: the page says so, does
# nothing on what is stale, and shows afterwards what PostgreSQL says.
#
# Broken by: a stream for each tab, views of a tab that outlive it, a page that stays as it was after the gateway came back, a silence that nobody is told
# of, actions that can be given on what is stale.

use strict;
use warnings;

use lib 'test/lib';
use OmsBrowser;
use OmsGateway;
use OmsPage;
use OmsProcess qw(wait_for free_port);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my %settings = (listen => '127.0.0.1:' . free_port(), 'admin.listen' => '127.0.0.1:' . free_port());
my ($node, $gateway, $url) = page_store(orders => 200, settings => \%settings);
my $browser = browser_start();

sub total { my ($page, $count) = @_; return $page->until('return Number(document.querySelector("#blotter .grid")?.getAttribute("aria-rowcount")) - 2 === Number(arguments[0])', "$count rows", $count); }
sub level { my ($page, $level) = @_; return $page->until('return document.querySelector("#status").dataset.level === arguments[0]', $level, $level); }
sub all { return $node->safe_psql('postgres', 'SELECT count(*) FROM oms.orders'); }

# ---- eight tabs ----

my $page = page_open($browser, $url);
# the stream that asked whether there is a snapshot is over before it is counted
ok(wait_for(sub { $gateway->metric('oms_gateway_live_streams') == 1 }, 120, 'one stream'), 'one tab has one stream');
my $home = $page->here;
my @tabs = map { $page->tab } 1 .. 7;
my @symbols = qw(VOD BP AZN HSBA ULVR SHEL GSK);
foreach my $n (0 .. 6)
{
	$page->to($tabs[$n])->go("$url#orders/%7B%22f%22:%7B%22symbol%22:%22$symbols[$n]%22%7D%7D");
	ok(total($page, $node->safe_psql('postgres', "SELECT count(*) FROM oms.orders WHERE symbol = '$symbols[$n]'")), "tab " . ($n + 2) . " shows $symbols[$n]");
}
is($gateway->metric('oms_gateway_live_streams'), 1, 'eight tabs have one stream');
page_orders($node, 'LATER', 1, 32);
foreach my $n (6, 0) { $page->to($tabs[$n]); ok(total($page, $node->safe_psql('postgres', "SELECT count(*) FROM oms.orders WHERE symbol = '$symbols[$n]'")), "and $symbols[$n] follows what happens"); }
foreach my $tab (@tabs) { $page->to($tab)->close_tab; }
$page->to($home);
ok(wait_for(sub { $gateway->metric('oms_gateway_live_views') <= 12 }, 120, 'fewer views'), 'views of tabs that are closed are closed') or diag $gateway->metric('oms_gateway_live_views') . ' views';
ok(total($page, all()), 'the first tab goes on');

# ---- lost, and back ----

$page->press('PageDown');
$gateway->stop;
ok($page->until('return document.querySelector("#status").dataset.level !== "green"', 'not live'), 'a gateway that is gone is told of');
page_orders($node, 'GONE', 1, 5);
$gateway = gateway_start($node, auth => 'login', dsn => gateway_dsn($node, user => 'desk'), 'pool.size' => 4, 'feed.dsn' => gateway_dsn($node, user => 'feed'), %settings);
ok(level($page, 'green'), 'and that it is back');
ok(total($page, all()), 'with what happened meanwhile');
is($page->run('return performance.getEntriesByType("navigation").length'), 1, 'the page was not loaded again');

# ---- silent ----

my $acts = 'return [...document.querySelectorAll("#actions button")].filter((b) => b.getAttribute("aria-disabled") !== "true").length';
$page->await('const { registerAction } = await import(`/assets/${document.documentElement.dataset.build}/desk.js`); window.done = 0; registerAction({ id: "test-act", label: "Act", always: true, run: () => { window.done++; } }); registerAction({ id: "test-read", label: "Read", always: true, reads: true, run: () => { window.done += 10; } })');
ok($page->until('return document.querySelector("[data-action=test-act]") !== null', 'an action'), 'an action');
$page->click('[data-action=test-act]');
is($page->run('return window.done'), 1, 'can be given while what is shown is true');
$gateway->pause;
ok(level($page, 'amber'), 'a silence is amber');
ok(level($page, 'red'), 'then red');
like($page->text('#status'), qr/locked: nothing since \d\d:\d\d:\d\d/, 'it says since when');
ok($page->until('return document.querySelector("[data-action=test-act]").getAttribute("aria-disabled") === "true"', 'disabled'), 'what acts is locked');
$page->click('[data-action=test-act]');
$page->click('[data-action=test-read]');
is($page->run('return window.done'), 11, 'and does nothing; what reads does');
like($page->text('#notices'), qr/Act: /, 'and says why') or diag $page->text('#notices');
$gateway->resume;
ok(level($page, 'green'), 'it goes on');
page_orders($node, 'AFTER', 1, 3);
ok(total($page, all()), 'with all that is there');
ok($page->until('return document.querySelector("[data-action=test-act]").getAttribute("aria-disabled") === null', 'enabled'), 'and actions again');

# ---- PostgreSQL is gone ----

$node->stop('immediate');
ok($page->until('return /Stale/.test(document.querySelector("#status").textContent)', 'stale'), 'without PostgreSQL it is stale');
$node->start;
ok(level($page, 'green'), 'until that is back');
ok(total($page, all()), 'and all is right');

# ---- another build ----

$page->await('const { emit } = await import(`/assets/${document.documentElement.dataset.build}/desk.js`); emit("new-build", "other")');
like($page->text('#notices'), qr/newer version of this page/, 'a newer build is offered');
is_deeply([ $page->complaints(qr/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_TIMED_OUT|status of (404|50[034])/) ], [], 'no complaints but of what was lost');

$browser->stop;
$gateway->stop;
done_testing();
