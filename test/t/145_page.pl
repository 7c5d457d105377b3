# The blotter in a real browser: what it shows is what SQL says, at the end of many rows, sorted, filtered, grouped and as a tree; a row that is
# read stays where it is while others come in above; all of it by keyboard. OMS_PICTURES=DIR keeps what it looked like, OMS_ROWS
# says how many orders there are.
#
# Broken by: a window that is another one than was asked for, an order or a count that is not SQL's, a filter that the total, the sums or the CSV do
# not have, a row that moves under the reader, a freeze that lets rows in, a key that does nothing, a script or style that the content security
# policy refuses.

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

my $orders = $ENV{OMS_ROWS} // rounds(10_000, 1_000_000);
my ($node, $gateway, $url) = page_store(orders => $orders, day => 1000);
my $browser = browser_start();
my $page = page_open($browser, $url, dark => 1);

sub picture { my ($name) = @_; $page->picture("$ENV{OMS_PICTURES}/$name.png") if $ENV{OMS_PICTURES}; return; }
sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }
sub total { return $page->run('return Number(document.querySelector("#blotter .grid").getAttribute("aria-rowcount")) - 2'); }
sub said { my ($css) = @_; return $page->text($css) // ''; }

# What is seen, with nothing left to come: rows from `top` on are the ids that the SQL gives.
sub sees
{
	my ($sql, $what) = @_;
	my ($seen, $expected) = ('', '');
	my $good = wait_for(sub {
		my @rows = page_rows($page);
		return 0 if !@rows || $page->run('return document.querySelector("#blotter .waiting") !== null');
		$seen = join ' ', map { $_->{id} =~ s/^[▸▾]\s*//r } @rows;
		$expected = join ' ', split /\n/, sql("$sql OFFSET $rows[0]{index} LIMIT " . scalar @rows);
		return $seen eq $expected;
	}, $OmsBrowser::SECONDS, $what);
	ok($good, $what) or diag "seen     $seen\nexpected $expected";
	return $good;
}

sub counts { my ($count, $what) = @_; ok(wait_for(sub { total() == $count }, $OmsBrowser::SECONDS, $what), $what) or diag 'it has ' . total(); return; }

my $newest = 'SELECT id FROM oms.orders ORDER BY created_at DESC, id COLLATE "C"';

# ---- all of it ----

my $all = sql('SELECT count(*) FROM oms.orders');
counts($all, "all $all orders are counted");
sees($newest, 'the newest stand at the top, as SQL sorts them');
picture('orders');

$page->press('End');
ok($page->until("return document.querySelector('#blotter .rows .active')?.getAttribute('aria-rowindex') === '" . ($all + 2) . "'", 'the last row'), 'End goes to the last row');
sees($newest, 'whose neighbours are SQL\'s last');
$page->run('const g = document.querySelector("#blotter .grid"); g.scrollTop = (g.scrollHeight - g.clientHeight) / 3');
ok($page->until('return Math.abs(Number(document.querySelector("#blotter .rows > .r").getAttribute("aria-rowindex")) / arguments[0] - 1 / 3) < 0.05', 'a third', $all), 'the scroll bar goes to a third of them');
sees($newest, 'and what stands there is SQL\'s');

# ---- the row under the eye ----

$page->wheel('#blotter .rows', 88);
sees($newest, 'the wheel moves by rows');
# the look is anchored once it has come to rest
sleep 1;
my ($read) = (page_rows($page))[4];
page_orders($node, 'LATE', 1, 40);
counts($all + 40, '40 orders come in above');
my ($still) = grep { $_->{id} eq $read->{id} } page_rows($page);
is($still && $still->{top}, $read->{top}, "$read->{id} stays where it is") ;
sees($newest, 'and so does what is around it');
$page->press('Home');
ok(wait_for(sub { (page_rows($page))[0]{id} eq 'LATE-000040' }, $OmsBrowser::SECONDS, 'the top'), 'Home goes to the top, where they are') or diag((page_rows($page))[0]{id});

# ---- frozen ----

$page->press('f');
ok($page->until('return document.querySelector("#freeze").getAttribute("aria-pressed") === "true"', 'frozen'), 'f freezes');
sleep 1;
my @before = map { $_->{id} } page_rows($page);
page_orders($node, 'COLD', 1, 37);
ok($page->until('return document.querySelector("#freeze").textContent === "Frozen +37 new"', '+37 new'), 'what comes in is counted') or diag said('#freeze');
is_deeply([ map { $_->{id} } page_rows($page) ], \@before, 'and not shown');
sql(qq(SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "LATE-000039"}')));
ok(wait_for(sub { my ($row) = grep { $_->{id} eq 'LATE-000039' } page_rows($page); $row->{cells}{status} eq 'Cancelled' }, $OmsBrowser::SECONDS, 'a cell'), 'cells go on');
$page->press('f');
ok(wait_for(sub { (page_rows($page))[0]{id} eq 'COLD-000037' }, $OmsBrowser::SECONDS, 'new rows'), 'f again lets them in');
$all = sql('SELECT count(*) FROM oms.orders');

# ---- filters, search, sums ----

page_filter($page, 'status', 'NEW,CANCELLED');
my $where = q(status IN ('NEW', 'CANCELLED'));
counts(sql("SELECT count(*) FROM oms.orders WHERE $where"), 'a filter of two names counts what SQL counts');
page_filter($page, 'price', '10..20.5');
$where .= ' AND price BETWEEN 10 AND 20.5';
page_filter($page, 'symbol', '!B*');
$where .= q( AND symbol NOT LIKE 'B%');
counts(sql("SELECT count(*) FROM oms.orders WHERE $where"), 'and three filters');
sees("SELECT id FROM oms.orders WHERE $where ORDER BY created_at DESC, id COLLATE \"C\"", 'in SQL\'s order');
sub sums { return join "\n", sort map { s/[,]//gr } @{ $page->run('return [...document.querySelectorAll("#blotter .foot .total")].map((row) => row.firstChild.textContent.replace(/^Σ (\S+) \((\d+)\)$/, "$1 $2") + " " + row.children[arguments[0]].textContent)', 6) }; }
my $sums = sql("SELECT string_agg(format('%s %s %s', currency, count, qty), E'\\n' ORDER BY currency COLLATE \"C\") FROM (SELECT currency, count(*), sum(order_qty) AS qty FROM oms.orders WHERE $where GROUP BY currency) AS s");
ok(wait_for(sub { sums() eq $sums }, $OmsBrowser::SECONDS, 'sums'), 'sums by currency are SQL\'s') or diag sums() . "\nand not\n$sums";

# multi-column sort, by key
$page->run('document.querySelector("#blotter .grid").focus()');
$page->press('Control', 'Home');
$page->press('ArrowRight') foreach 1 .. 4;
$page->press('s');
$page->press('ArrowRight') foreach 1 .. 2;
$page->press('S')->press('S');
sees("SELECT id FROM oms.orders WHERE $where ORDER BY symbol COLLATE \"C\", order_qty DESC, id COLLATE \"C\"", 'sorted by symbol, and by quantity descending');
is($page->run('return document.querySelector("#blotter .names [data-field=symbol]").getAttribute("aria-sort") + document.querySelector("#blotter .names [data-field=orderQty]").getAttribute("aria-sort")'), 'ascendingdescending', 'which the heads say');

# CSV has what is filtered, sorted, all of it
my $csv = $page->await(<<'JS');
const made = new Promise((done) => { URL.createObjectURL = (blob) => { done(blob); return 'blob:none'; }; });
HTMLAnchorElement.prototype.click = () => {};
document.querySelector('#csv').click();
const bytes = new Uint8Array(await (await made).arrayBuffer());
return new TextDecoder('utf-8', { ignoreBOM: false }).decode(bytes);
JS
my @lines = split /\r\n/, $csv;
like(shift @lines, qr/^orderId,clOrdID,status,/, 'the CSV has the columns that are shown');
is_deeply([ map { (split /,/, $_)[0] } @lines ], [ split /\n/, sql("SELECT id FROM oms.orders WHERE $where ORDER BY symbol COLLATE \"C\", order_qty DESC, id COLLATE \"C\"") ], 'and all rows of the view in its order');

# undo is the browser's history
$page->press('Control', 'z') foreach 1 .. 3;
sees("SELECT id FROM oms.orders WHERE $where ORDER BY created_at DESC, id COLLATE \"C\"", 'Ctrl+Z takes back the order');
$page->press('Control', 'z') foreach 1 .. 3;
counts($all, 'and the filters');
$page->press('Control', 'y');
counts(sql(q(SELECT count(*) FROM oms.orders WHERE status IN ('NEW', 'CANCELLED'))), 'Ctrl+Y brings one again');
$page->press('Escape');
counts($all, 'Esc clears it');

$page->press('Control', 'f');
$page->keys('LATE');
counts(40, 'the search box finds a word in ids');
$page->press('Escape');
counts($all, 'Esc in it clears it');

# ---- a tree, and fills ----

my $roots = sql('SELECT count(*) FROM oms.orders WHERE parent_id IS NULL');
$page->press('t');
counts($roots, 't shows a tree: its roots');
page_filter($page, 'clOrdID', 'c-ORD-4');
counts(1, 'one of them');
$page->run('document.querySelector("#blotter .grid").focus()');
$page->press('Control', 'Home')->press('ArrowRight');
counts(2, 'which an arrow opens');
ok(wait_for(sub { (page_rows($page))[1]{id} eq 'ORD-000004.1' }, $OmsBrowser::SECONDS, 'the child'), 'its child is below it');
is($page->run('return document.querySelector("#blotter .rows > .r").getAttribute("aria-expanded") + document.querySelectorAll("#blotter .rows > .r")[1].getAttribute("aria-level")'), 'true2', 'as a reader of the screen is told');
$page->click('#fills');
ok(wait_for(sub { my @fills = page_rows($page, '#below'); @fills == 1 && $fills[0]{cells}{orderId} eq 'ORD-000004.1' && $fills[0]{cells}{lastQty} eq '40' }, $OmsBrowser::SECONDS, 'fills'), 'the fills of the tree are below');
picture('tree');
$page->click('#fills');
$page->run('document.querySelector("#blotter .grid").focus()');
$page->press('ArrowLeft');
counts(1, 'another arrow closes it');
$page->press('Escape')->press('t');
counts($all, 'and t ends the tree');

# ---- groups ----

$page->run('const m = document.querySelector("#mode"); m.value = "symbol"; m.dispatchEvent(new Event("change"))');
counts(16, 'groups by symbol');
wait_for(sub { (page_rows($page))[0]{look} =~ /group/ }, $OmsBrowser::SECONDS, 'groups');
my ($group) = page_rows($page);
is($group->{cells}{orderId}, '▸ AZN (' . sql(q(SELECT count(*) FROM oms.orders WHERE symbol = 'AZN')) . ')', 'each counts its rows');
is($group->{cells}{orderQty} =~ s/,//gr, sql(q(SELECT sum(order_qty) FROM oms.orders WHERE symbol = 'AZN')), 'and adds them up');
$page->run('document.querySelector("#blotter .grid").focus()');
$page->press('ArrowRight');
counts(16 + sql(q(SELECT count(*) FROM oms.orders WHERE symbol = 'AZN')), 'an arrow opens it');
picture('groups');
$page->press('Control', 'z');
counts($all, 'undone');

# ---- values of a column ----

$page->run('document.querySelector("#blotter .grid").focus()');
$page->press('Control', 'Home');
$page->press('ArrowRight') foreach 1 .. 2;
$page->press('v');
ok($page->until('return document.querySelectorAll(".values [role=option]").length > 2', 'values'), 'v lists the values of the column');
my %count = map { split /\|/ } split /\n/, sql('SELECT initcap(left(lower(replace(status, $$_$$, $$ $$)), 1)) || substr(lower(replace(status, $$_$$, $$ $$)), 2), count(*) FROM oms.orders GROUP BY status');
is_deeply({ map { @$_ } @{ $page->run('return [...document.querySelectorAll(".values [role=option]")].map((o) => [o.querySelector(".value").textContent, o.querySelector(".count").textContent])') } }, \%count, 'with how often each comes');
my $first = $page->run('return document.querySelector(".values .active .value").textContent');
$page->press('Space')->press('Escape');
counts($count{$first}, "$first is chosen");
$page->press('Escape');
counts($all, 'and cleared');

# ---- columns and layouts ----

$page->press('Alt', 'ArrowLeft');
is($page->run('return document.querySelectorAll("#blotter .name-of")[1].dataset.field'), 'status', 'Alt and an arrow move the column');
$page->press('o');
ok($page->until('return document.querySelector("dialog[open]") !== null', 'the dialog'), 'o shows the columns');
$page->click('#show-side');
$page->press('Escape');
ok($page->until('return document.querySelector("#blotter [data-field=side]") === null', 'gone'), 'one is taken away');
page_filter($page, 'symbol', 'VOD');
my $address = $page->run('return location.hash');
my $vod = sql(q(SELECT count(*) FROM oms.orders WHERE symbol = 'VOD'));
counts($vod, 'VOD alone');
$page->press('l');
$page->keys('mine')->press('Enter')->press('Escape');
$page->go("$url#executions");
$page->go('about:blank')->go("$url$address");
ok(page_until_live($page), 'the address opened anew');
counts($vod, 'has the filter');
is($page->run('return document.querySelector("#blotter [data-field=side]")'), undef, 'and the columns');
$page->press('Escape')->press('l');
$page->run('document.querySelector("dialog .layout").click()');
counts($vod, 'a named layout too');
$page->press('Escape');

# ---- the other tabs ----

my %tabs = (2 => 'SELECT count(*) FROM oms.executions', 5 => q(SELECT count(*) FROM oms.orders WHERE desk_status IN ('QUEUED', 'CLAIMED')), 6 => q(SELECT count(*) FROM oms.executions WHERE status = 'REVIEW'), 3 => 'SELECT count(*) FROM oms.quote_requests');
foreach my $tab (sort keys %tabs) { $page->press('Alt', $tab); counts(sql($tabs{$tab}), "tab $tab has all of its rows"); }
picture('requests');
is_deeply([ $page->complaints ], [], 'nothing was refused by the content security policy, and no script failed');

# ---- pictures for the documentation ----

sub documentation
{
	my ($look, $at, @keys) = @_;
	my $one = page_open($browser, $url, dark => $look eq 'dark', width => 1440, height => 860, at => $at);
	$one->run('localStorage.clear()');
	wait_for(sub { page_rows($one) > 3 }, $OmsBrowser::SECONDS, 'rows');
	foreach my $key (@keys)
	{
		if (!ref $key && $key eq 'fills') { $one->click('#fills'); $one->run('document.querySelector("#blotter .grid").focus()'); }
		else { $one->press(ref $key ? @$key : $key); }
		sleep 1;
	}
	# rows of today are no longer new then
	sleep 8;
	$one->picture("$ENV{OMS_PICTURES}/blotter-$look.png");
	$one->close;
	return;
}
if ($ENV{OMS_PICTURES})
{
	$page->close;
	documentation('dark', '#orders/%7B%22m%22:%22tree%22,%22f%22:%7B%22executedQuantity%22:%22%3E0%22%7D%7D', 'ArrowRight', 'ArrowDown', 'fills', 'ArrowDown', 'ArrowDown', 'ArrowRight');
	documentation('light', '#orders/%7B%22o%22:%5B%22-updatedAt%22%5D,%22f%22:%7B%22clOrdID%22:%22!-%22%7D%7D', 'ArrowDown', ['Shift', 'ArrowDown'], ['Shift', 'ArrowDown']);
}

$browser->stop;
$gateway->stop;
done_testing();
