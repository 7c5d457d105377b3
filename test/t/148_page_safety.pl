# Nothing that a counterparty writes becomes more than text on the page; what the page is made of comes from its own origin, in one build; its colours
# can be read, its parts have names and roles.
#
# Broken by: markup out of a value, in a cell, a tooltip, a list of values, a group or an address; a field that no column of the engine is; an answer
# without its policy or type; a part of another build that is answered; a colour below 4.5 to 1; a button without a name.

use strict;
use warnings;
use utf8;
no warnings 'utf8';

use lib 'test/lib';
use JSON::PP;
use OmsBrowser;
use OmsGateway;
use OmsPage;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my ($node, $gateway, $url) = page_store(orders => 60);

# ---- what the page is made of ----

my $answer = $gateway->call(GET => '/');
is($answer->{status}, 200, 'the page');
is($answer->{headers}{'content-type'}, 'text/html; charset=utf-8', 'is HTML');
is($answer->{headers}{'cache-control'}, 'no-cache', 'asked for again each time');
my @policy = split /;\s*/, $answer->{headers}{'content-security-policy'};
is_deeply([ grep { /unsafe|\*|https?:|data:|nonce/ } @policy ], [], 'its policy allows nothing from elsewhere and nothing inline');
foreach my $part (q(default-src 'none'), q(script-src 'self'), q(style-src 'self'), q(frame-ancestors 'none'), q(base-uri 'none'), q(form-action 'none'), q(require-trusted-types-for 'script'))
{
	ok((grep { $_ eq $part } @policy), "it says $part");
}
my ($build) = $answer->{content} =~ m{data-build="([0-9a-f]{16})"} or die 'no build';
is_deeply([ grep { !m{^/assets/$build/} } $answer->{content} =~ /(?:href|src)="([^"]+)"/g ], [], 'all that it names is of its build');
unlike($answer->{content}, qr/<script[^>]*>[^<]|\son\w+=|<style|\sstyle=/, 'nothing in it is inline');
my %type = (js => 'text/javascript; charset=utf-8', css => 'text/css; charset=utf-8', svg => 'image/svg+xml');
foreach my $name ('main.js', 'worker.js', 'app.css', 'icon.svg')
{
	my $part = $gateway->call(GET => "/assets/$build/$name");
	is(join(' ', $part->{status}, $part->{headers}{'content-type'}, $part->{headers}{'x-content-type-options'}, $part->{headers}{'cache-control'}), '200 ' . $type{ $name =~ s/.*\.//r } . ' nosniff public, max-age=31536000, immutable', "$name has its type, and may be kept");
	my $packed = $gateway->call(GET => "/assets/$build/$name", undef, 'Accept-Encoding' => 'br, gzip;q=0.5');
	require Compress::Zlib;
	is(Compress::Zlib::memGunzip($packed->{content}), $part->{content}, "$name goes out compressed");
	is($gateway->call(GET => "/assets/$build/$name", undef, 'Accept-Encoding' => 'gzip;q=0')->{content}, $part->{content}, 'but not to who does not take that');
}
is($gateway->call(GET => '/assets/0123456789abcdef/main.js')->{status}, 404, 'another build is not answered');
is($gateway->call(GET => "/assets/$build/embed.pl")->{status}, 404, 'nor what is no part');
is($gateway->call(GET => "/assets/$build/..%2Fmain.js")->{status}, 404, 'nor a path');
is($gateway->call(HEAD => '/')->{status}, 200, 'HEAD is answered');
is($gateway->call(POST => '/live', {})->{headers}{'oms-build'}, $build, 'a stream says of which build the gateway is');

# ---- what counterparties write ----

my @hostile = (q(<img src=x onerror="window.xss=1">), q("><script>window.xss=1</script>), q(=cmd|'/c calc'!A1), q(javascript:window.xss=1), qq(\x{202e}gnp.exe), q({{7*7}}${7*7}), q('; DROP TABLE orders; --), q(<svg/onload=window.xss=1>), "a\tb", 'constructor', '__proto__');
my @sql;
foreach my $n (0 .. $#hostile)
{
	my %order = (commandType => 'CreateOrderCommand', orderId => "$n-$hostile[$n]", symbol => $hostile[$n], side => 'BUY', orderQty => 10, price => 5, map { $_ => $hostile[$n] } qw(clOrdID account text destination));
	push @sql, 'SELECT oms_command($c$' . JSON::PP->new->canonical->encode(\%order) . '$c$);';
	push @sql, 'SELECT oms_command($c$' . JSON::PP->new->canonical->encode({ commandType => 'ExecuteOrderCommand', orderId => "$n-$hostile[$n]", execID => $hostile[$n], lastQty => 1, lastPx => 900, lastMkt => $hostile[$n], text => $hostile[$n] }) . '$c$);';
}
{
	my $file = PostgreSQL::Test::Utils::tempdir_short() . '/hostile.sql';
	open my $out, '>:utf8', $file or die $!;
	print $out map { "$_\n" } @sql;
	close $out or die $!;
	$node->safe_psql('postgres', "\\i $file");
}

my $browser = browser_start();
my $page = page_open($browser, $url, dark => 1);
sub harmless
{
	my ($what) = @_;
	is($page->run('return [window.xss ?? "", document.querySelectorAll("#blotter img, #blotter script, #blotter svg, .values img, .values script, #below img").length, document.title].join()'), ',0,Blotter', "$what: nothing ran, nothing is markup");
	return;
}
sub waits_for_rows { my ($count) = @_; return wait_for(sub { page_rows($page) == $count }, $OmsBrowser::SECONDS, "$count rows"); }

page_filter($page, 'orderQty', '10');
ok(waits_for_rows(scalar @hostile), 'the rows that are hostile');
my %seen = map { $_->{id} => $_->{cells} } page_rows($page);
foreach my $n (0 .. $#hostile)
{
	my $cells = $seen{"$n-$hostile[$n]"} // {};
	is_deeply([ @$cells{qw(symbol clOrdID account destination)} ], [ ($hostile[$n]) x 4 ], "is shown as it was written: $hostile[$n]");
}
harmless('cells');
$page->press('Control', 'Home')->press('ArrowRight')->press('ArrowRight')->press('ArrowRight')->press('ArrowRight')->press('v');
ok($page->until('return document.querySelectorAll(".values [role=option]").length === arguments[0]', 'values', scalar @hostile), 'a list of values');
harmless('the list');
$page->press('Space')->press('Escape');
ok(waits_for_rows(1), 'each can be chosen in it, whatever signs it has') or diag explain [ page_rows($page) ];
$page->press('Escape');
page_filter($page, 'orderQty', '10');
$page->run('const m = document.querySelector("#mode"); m.value = "account"; m.dispatchEvent(new Event("change"))');
ok(wait_for(sub { grep { $_->{id} =~ /__proto__ \(1\)/ } page_rows($page) }, $OmsBrowser::SECONDS, 'groups'), 'groups');
$page->press('Control', 'Home')->press('ArrowRight');
ok(waits_for_rows(@hostile + 1), 'which open');
harmless('groups');
foreach my $tab (2, 6, 7) { $page->press('Alt', $tab); page_until_live($page); sleep 1; harmless("tab $tab"); }

# what is copied guards formulas
is($page->await('const { tableText } = await import(`/assets/${document.documentElement.dataset.build}/export.js`); return tableText([{ field: "a", type: "text" }, { field: "b", type: "number" }], [{ cells: { a: "=1+1\t2", b: "-5" } }])'), "a\tb\n'=1+1 2\t-5", 'copied rows hold no formula, and keep their numbers');

# addresses are somebody's text too
foreach my $fragment ('#<img src=x onerror=window.xss=1>', '#orders/%7B%22f%22:%7B%22__proto__%22:%22x%22,%22nothing%22:%22%3E1%22,%22status%22:%22%3Cimg%20src%3Dx%20onerror%3Dwindow.xss%3D1%3E%22%7D%7D', '#orders/%7B%22c%22:%5B%5B%22constructor%22,1e9,1%5D%5D,%22o%22:%5B%22-nothing%22%5D,%22g%22:%22toString%22,%22m%22:%22group%22%7D', '#orders/%', '#orders/[[[')
{
	$page->go('about:blank')->go("$url$fragment");
	ok($page->until('return document.querySelector("#blotter .grid")?.getAttribute("aria-busy") === "false" || document.querySelector("#blotter .empty")?.hidden === false', 'the page'), "an address that is hostile: $fragment");
	harmless('the address');
}
is($page->run('return ({}).x ?? "none"'), 'none', 'and no prototype was changed');
is_deeply([ $page->complaints(qr/the server responded with a status of 4/) ], [], 'nothing was refused by the content security policy');

# ---- colours that can be read ----

my $contrast = <<'JS';
const rgb = (text) => { const [r, g, b, a = '1'] = text.match(/[\d.]+/g); return [r, g, b, a].map(Number); };
const light = ([r, g, b]) => { const f = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
const over = (top, below) => { const a = top[3]; return [0, 1, 2].map((i) => top[i] * a + below[i] * (1 - a)).concat(1); };
const ground = (e) => { const stack = []; for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] > 0) stack.push(c); if (c[3] === 1) break; } return stack.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]); };
const poor = new Map();
let looked = 0;
for (const e of document.querySelectorAll('body *')) {
	if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '') && !(e.matches('input') && e.value)) continue;
	if (!e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || e.closest('[disabled], [aria-disabled=true], option, .unseen') || e.getBoundingClientRect().width === 0) continue;
	const back = ground(e);
	const a = light(over(rgb(getComputedStyle(e).color), back)), b = light(back);
	const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	looked++;
	if (ratio < 4.5) poor.set(`${e.tagName.toLowerCase()}#${e.id}.${e.className} "${e.textContent.slice(0, 20)}"`, ratio.toFixed(2));
}
return { looked, poor: Object.fromEntries(poor) };
JS

my $names = <<'JS';
const missing = [];
const seen = (e) => e.checkVisibility();
for (const e of document.querySelectorAll('button, input, select, [role=grid], [role=tab], [role=toolbar], [role=listbox], dialog')) {
	if (!seen(e)) continue;
	const named = e.getAttribute('aria-label') || (e.getAttribute('aria-labelledby') && document.getElementById(e.getAttribute('aria-labelledby'))?.textContent) || e.labels?.[0]?.textContent || (e.matches('input, select, [role=grid], [role=toolbar]') ? '' : e.textContent);
	if (!named?.trim()) missing.push(`${e.outerHTML.slice(0, 90)} has no name`);
}
for (const row of document.querySelectorAll('[role=grid] [role=row]')) {
	if (!row.parentElement.matches('[role=rowgroup]')) missing.push('a row is in no group');
	if ([...row.children].some((cell) => !cell.matches('[role=gridcell], [role=columnheader]'))) missing.push('a row has what is no cell');
	if (!row.getAttribute('aria-rowindex')) missing.push('a row has no number');
}
const grid = document.querySelector('#blotter .grid');
const led = document.getElementById(grid.getAttribute('aria-activedescendant'));
if (document.activeElement === grid && (!led || !led.matches('[role=gridcell]') || !led.classList.contains('cursor'))) missing.push('the grid leads nowhere');
if (!document.documentElement.lang) missing.push('no language');
return missing;
JS

foreach my $dark (1, 0)
{
	my $look = $dark ? 'dark' : 'light';
	my $reader = page_open($browser, $url, dark => $dark, reduced => $dark);
	is($reader->run('return document.documentElement.dataset.theme'), $look, "who prefers $look has it");
	foreach my $tab (1, 5, 6, 7)
	{
		$reader->press('Alt', $tab);
		page_until_live($reader);
		wait_for(sub { page_rows($reader) > 1 }, $OmsBrowser::SECONDS, 'rows');
		$reader->press('ArrowDown')->press('Shift', 'ArrowDown')->press('ArrowUp');
		sleep 1;
		my $colours = $reader->run($contrast);
		cmp_ok($colours->{looked}, '>', 50, "$look, tab $tab: texts are looked at");
		is_deeply($colours->{poor}, {}, 'and all of them are 4.5 to 1 at least') or diag explain $colours->{poor};
		is_deeply($reader->run($names), [], 'everything has its name and role') or diag explain $reader->run($names);
	}
	foreach my $key ('o', 'l', '?')
	{
		$reader->press($key);
		$reader->until('return document.querySelector("dialog[open]") !== null', 'a dialog');
		is_deeply($reader->run($contrast)->{poor}, {}, "$look: the dialog of $key can be read");
		is_deeply($reader->run($names), [], 'and has its names');
		ok($reader->run('return document.querySelector("dialog").contains(document.activeElement)'), 'and the focus');
		$reader->press('Escape');
		ok($reader->until('return document.querySelector("dialog") === null && document.activeElement === document.querySelector("#blotter .grid")', 'closed'), 'which goes back to the grid');
	}
	if ($dark)
	{
		$node->safe_psql('postgres', q(SELECT oms_command('{"commandType": "UpdateOrderCommand", "orderId": "ORD-000001", "text": "changed"}')));
		is($reader->run('return document.getAnimations().length'), 0, 'who wants no motion has none');
	}
	is_deeply([ $reader->complaints ], [], "$look: no complaints");
	$reader->picture("$ENV{OMS_PICTURES}/$look.png") if $ENV{OMS_PICTURES};
	$reader->close;
}

$browser->stop;
$gateway->stop;
done_testing();
