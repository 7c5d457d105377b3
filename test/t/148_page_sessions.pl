# Who looks at the page: a session that is over is told of without anything being asked, in all tabs; who logs in then sees what is his, in all tabs,
# and nothing of what was another's.
#
# Broken by: a page that stays as it was after its session ended, rows of the user before, a tab that nobody tells of a login elsewhere.

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

my ($node, $gateway) = page_store(orders => 100);
$gateway->stop;
$node->safe_psql('postgres', q(
	CREATE ROLE ann LOGIN PASSWORD 'ann' IN ROLE oms_desk;
	CREATE ROLE bob LOGIN PASSWORD 'bob' IN ROLE oms_trader;
	SELECT oms.grant_account('bob', 'GROWTH');));
my $hba = $node->data_dir . '/pg_hba.conf';
my $rules = slurp_file($hba);
open my $file, '>', $hba or die $!;
print $file "local all ann,bob scram-sha-256\n$rules";
close $file or die $!;
$node->reload;

my %settings = (auth => 'password', listen => '127.0.0.1:' . free_port(), 'feed.dsn' => gateway_dsn($node, user => 'feed'));
sub start { return gateway_start($node, name => 'sessions', dsn => gateway_dsn($node, user => 'nobody'), %settings); }
sub total { my ($page, $count) = @_; return $page->until('return Number(document.querySelector("#blotter .grid")?.getAttribute("aria-rowcount")) - 2 === Number(arguments[0])', "$count rows", $count); }
sub log_in { my ($page, $user, $password) = @_; $page->run('document.querySelector("#login-user").value = ""'); $page->type('#login-user', $user); $page->type('#login-password', $password); $page->press('Enter'); return; }
my $asks = 'return document.querySelector("#login").hidden === false && document.querySelector("#desk").hidden';

$gateway = start();
my $browser = browser_start();
my $page = $browser->page;
$page->go("http://$settings{listen}/");
ok($page->until($asks, 'the login'), 'nobody is asked who he is');
log_in($page, 'ann', 'wrong');
ok($page->until('return /cannot log in/.test(document.querySelector("#login-problem").textContent)', 'a refusal'), 'a wrong password is refused') or diag $page->text('#login-problem');
sleep 2;
log_in($page, 'ann', 'ann');
my $all = $node->safe_psql('postgres', 'SELECT count(*) FROM oms.orders');
ok(total($page, $all), 'ann sees all');
is($page->text('#who'), 'ann', 'by her name');
is($page->run('return document.cookie'), '', 'and no script sees her session');
my $home = $page->here;
my $other = $page->tab;
$page->to($other)->go("http://$settings{listen}/#orders/%7B%22f%22:%7B%22orderId%22:%22ORD*%22%7D%7D");
ok(total($page, $all), 'in another tab too, without a password');

$gateway->stop;
$gateway = start();
ok($page->until($asks, 'the login'), 'the session is over: who looks is asked again');
$page->to($home);
ok($page->until($asks, 'the login'), 'in all tabs');
log_in($page, 'bob', 'bob');
my $his = $node->safe_psql('postgres', q(SELECT count(*) FROM oms.orders WHERE account = 'GROWTH'));
ok(total($page, $his), "bob sees the $his that are his");
is($page->text('#who'), 'bob', 'by his name');
is_deeply([ grep { $_->{cells}{account} ne 'GROWTH' } page_rows($page) ], [], 'and nothing of hers');
$page->to($other);
ok(total($page, $his), 'and the other tab is his as well');
is($page->text('#who'), 'bob', 'under his name');
$page->run('[...document.querySelectorAll("#settings button")].find((b) => b.textContent === "Log out").click()');
ok($page->until($asks, 'the login'), 'he logs out');
$page->to($home);
ok($page->until($asks, 'the login'), 'everywhere');
is_deeply([ $page->complaints(qr/status of (401|404|50[034])|ERR_CONNECTION|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE/) ], [], 'no complaints but of what was over');

$browser->stop;
$gateway->stop;
done_testing();
