# The desk's day in a real browser, by keyboard alone: claim, place, manual entry, allocation with its preview, reject, approval by somebody else. What is
# sent twice is booked once; what has changed since it was looked at is refused, with how it is now; of many rows each has its own result.
#
# Broken by: a ticket whose commandId changes between two tries; a send that does not carry the version that was on the screen; a row shown as done
# before its event came back; a button that is not grey for who may not; text of a counterparty that becomes markup; a decimal that goes through a float.

use strict;
use warnings;
use utf8;

use lib 'test/lib';
use JSON::PP;
use OmsBrowser;
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = oms_node('main', streaming => 1, conf => "wal_level = logical\nmax_connections = 50\noms_state.four_eyes = on\n");
my @users = qw(dora emil rita);
$node->safe_psql('postgres', q(
	SELECT count(*) FROM oms.create_roles();
	SELECT count(*) FROM oms.repair_publication('oms_events');
	CREATE ROLE feed LOGIN REPLICATION IN ROLE oms_bridge, oms_reader;
	CREATE ROLE dora LOGIN PASSWORD 'dora' IN ROLE oms_desk; CREATE ROLE emil LOGIN PASSWORD 'emil' IN ROLE oms_desk; CREATE ROLE rita LOGIN PASSWORD 'rita' IN ROLE oms_reader;
	INSERT INTO oms.placement_policies (name, priority, predicate, destinations) VALUES ('two', 1, 'true', '[{"destination": "XA", "weight": 3}, {"destination": "XB"}]');));
my $hba = $node->data_dir . '/pg_hba.conf';
my $rules = slurp_file($hba);
open my $file, '>', $hba or die $!;
print $file "local all dora,emil,rita scram-sha-256\n$rules";
close $file or die $!;
$node->reload;

# ---- the store ----

sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }

# By somebody whom four eyes do not hold up.
sub command
{
	my ($type, %fields) = @_;
	my $json = JSON::PP->new->utf8->canonical->encode({ commandType => "${type}Command", %fields }) =~ s/'/''/gr;
	return sql("SET oms_state.four_eyes = off; SELECT oms_command('$json') ->> 'status'");
}

my $hostile = q(<img src=x onerror="window.xss=1"><script>window.xss=1</script>"'&amp;{{1}}${1});
my %order = (symbol => 'VOD', side => 'BUY', orderQty => 1000, price => '10.50', currency => 'GBP', account => 'A1');
command('CreateOrder', %order, orderId => 'o1', clOrdID => 'c1');
command('CreateOrder', %order, orderId => 'o2', clOrdID => 'c2', orderQty => '123456789012345678.123456789');
command('CreateOrder', %order, orderId => "m$_", orderQty => 600, account => "M$_") foreach 1, 2;
command('CreateBlockOrder', orderId => 'blk', price => '10.50', members => [ { orderId => 'm1', quantity => 400 }, { orderId => 'm2', quantity => 200 } ]);
command('ExecuteOrder', orderId => 'blk', execID => 'e-blk', lastQty => 300, lastPx => '10.40');
command('ExecuteOrder', orderId => 'o2', executionId => 'rx', execID => 'rx', lastQty => 3, lastPx => 99);
command('SendOrderToDesk', orderId => 'o1', reason => 'large');
command('CreateOrder', %order, orderId => 'hostile', clOrdID => $hostile, symbol => 'EVIL<i>', account => '<b>A</b>', destination => '"><svg onload=window.xss=1>', text => $hostile);
command('SendOrderToDesk', orderId => 'hostile', reason => $hostile);
command('ExecuteOrder', orderId => 'hostile', executionId => 'hostile-x', execID => '<u>x</u>', lastQty => 1, lastPx => 99, text => $hostile, lastMkt => '<i>');

# ---- a user at his page ----

my $gateway = gateway_start($node, auth => 'password', 'feed.dsn' => gateway_dsn($node, user => 'feed'), 'session.rate' => 1000);
my $url = "http://$gateway->{address}/";
my $browser = browser_start();

sub seat
{
	my ($user) = @_;
	my $page = $browser->page(height => 1600, reduced => 1);
	$page->go($url);
	$page->until('return document.activeElement?.id === "login-user"', 'the login');
	$page->keys($user)->press('Tab')->keys($user)->press('Enter');
	ok($page->until('return document.querySelector("#status")?.dataset.level === "green" && document.querySelectorAll("#actions button").length > 2', 'the page'), "$user is at his page")
	  or diag explain [ $page->complaints ];
	return $page;
}

# The value of an expression over a module of the page.
sub of { my ($page, $module, $expression, @arguments) = @_; return $page->await("const m = await import(document.querySelector('script[type=module]').src.replace('main.js', args[0])); return ($expression)", $module, @arguments); }

# The tabs by Alt and a digit, a row by g and its id.
my %tabs = (orders => '1', executions => '2', requests => '3', quotes => '4', desk => '5', review => '6');

sub go_to
{
	my ($page, $tab, $id) = @_;
	$page->press('Alt', $tabs{$tab});
	ok($page->until('return document.querySelector("#tabs [aria-selected=true]") && document.activeElement?.getAttribute("role") === "grid"', 'the grid'), "tab $tab") if $page->{tab} ne $tab;
	$page->{tab} = $tab;
	for my $try (1 .. 20)
	{
		$page->press('g');
		$page->until('return document.querySelector("dialog[open] input")', 'go to');
		$page->keys($id)->press('Enter');
		last if wait_for(sub { (of($page, 'desk.js', 'm.selection().active?.id ?? ""')) eq $id }, 2, '');
	}
	is(of($page, 'desk.js', 'm.selection().active?.id ?? ""'), $id, "at $id");
	return;
}

sub ticket { my ($page, $key, $id) = @_; $page->press($key); return ok($page->until("return document.querySelector('dialog[data-ticket=\"$id\"]')", "ticket $id"), "$key opens $id"); }
sub send_it { my ($page) = @_; $page->press('Control', 'Enter'); return; }
sub is_closed { my ($page, $what) = @_; return ok($page->until('return !document.querySelector("dialog[open]")', "$what closes"), "$what: taken") || diag $page->text('dialog .answer'); }

# Its event has come back.
sub is_done { my ($page, $label) = @_; return ok($page->until('return document.querySelector("#notices").textContent.includes(arguments[0])', "$label: done", "$label: done"), "$label: seen"); }

# What can be used, and has no name for who listens.
my $nameless = 'return [...document.querySelectorAll("button, input, select")].filter((one) => one.offsetParent && !(one.labels?.length || one.getAttribute("aria-label") || one.textContent.trim() || one.title)).map((one) => one.outerHTML)';

my $dora = seat('dora');
$dora->{tab} = '';

# ---- decimals are texts ----

is(of($dora, 'exact.js', 'm.add("0.1", "0.2") + " " + m.multiply("123456789012345678.123456789", "3") + " " + m.compare("10", "9.99") + " " + m.subtract("1", "1.10")'), '0.3 370370367037037034.370370367 1 -0.1', 'decimals are exact');
is(of($dora, 'exact.js', 'm.isAway("11", "10", "10") + " " + m.isAway("11.000000000000000000001", "10", "10")'), 'false true', 'to the last digit');

# ---- claim, place ----

go_to($dora, 'desk', 'o1');
is($dora->run('return document.querySelector("[data-action=place]").getAttribute("aria-disabled")'), 'true', 'who has not claimed it places nothing');
like($dora->run('return document.querySelector("[data-action=place]").title'), qr/claim it first/, 'and is told why');

# the answer is here, and its event is not: the row waits
my $walsender = sql('SELECT pid FROM pg_stat_replication');
kill 'STOP', $walsender;
$dora->press('c');
ok(wait_for(sub { sql(q(SELECT desk_user FROM oms.orders WHERE id = 'o1')) eq 'dora' }, 60, 'the claim'), 'claimed in the store');
ok($dora->until('return [...document.querySelectorAll(".rows .r")].some((row) => row.textContent.includes("o1") && row.textContent.includes("Claim…"))', 'pending'), 'its row is marked');
unlike($dora->text('#notices'), qr/Claim: done/, 'and nothing says that it is done');
kill 'CONT', $walsender;
is_done($dora, 'Claim');
ok($dora->until('return ![...document.querySelectorAll(".rows .r")].some((row) => row.textContent.includes("Claim…"))', 'no mark'), 'then the mark is gone');

go_to($dora, 'desk', 'o1');
ticket($dora, 'p', 'place');
ok($dora->until('return document.querySelectorAll("dialog .lines tbody tr").length === 2', 'the proposal'), 'the policy proposes');
is($dora->run('return [...document.querySelectorAll("dialog .lines [name=orderQty]")].map((input) => input.value).join(" ")'), '750 250', 'its quantities');
$dora->run('document.querySelector("dialog menu button:nth-child(2)").focus()');
$dora->press('Enter');
ok($dora->until('return document.querySelectorAll("dialog .preview tbody tr").length === 3', 'the preview'), 'a preview shows the order and its children');
is(sql(q(SELECT count(*) FROM oms.orders WHERE parent_id = 'o1')), 0, 'and nothing was placed');
send_it($dora);
is_closed($dora, 'Place');
is_done($dora, 'Place');
is(sql(q(SELECT string_agg(order_qty || '@' || destination, ' ' ORDER BY destination) FROM oms.orders WHERE parent_id = 'o1')), '750@XA 250@XB', 'placed');

# ---- manual entry, twice, and with an answer that is lost ----

my $child = sql(q(SELECT id FROM oms.orders WHERE parent_id = 'o1' AND destination = 'XA'));
go_to($dora, 'orders', $child);
ticket($dora, 'm', 'manual');
is($dora->run('return document.activeElement.name'), 'lastQty', 'the focus is on the quantity');
$dora->keys('40')->press('Tab')->keys('10.45')->press('Tab')->press('Tab')->press('Tab')->keys('by phone');
$dora->press('Enter');
is(sql("SELECT count(*) FROM oms.executions WHERE order_id = '$child'"), 0, 'Enter alone sends nothing');
send_it($dora);
send_it($dora);
is_closed($dora, 'Manual execution');
is_done($dora, 'Manual execution');
is(sql("SELECT count(*) || ' ' || min(status) FROM oms.executions WHERE order_id = '$child'"), '1 REVIEW', 'sent twice, booked once, and it waits for other eyes');
# lost on the way, half way through the answer, and by a proxy that has given up waiting
$dora->run('const real = window.fetch; let lost = 0; window.fetch = async (...a) => { const answer = await real(...a); if (lost > 2 || !/\/commands\/executions$/.test(String(a[0]))) return answer; switch (lost++) { case 0: throw new TypeError("lost"); case 1: return new Response(new ReadableStream({ start: (body) => body.error(new TypeError("cut")) })); default: return new Response("<h1>Gateway Timeout</h1>", { status: 504 }); } }');
ticket($dora, 'm', 'manual');
$dora->keys('7')->press('Tab')->keys('10.44')->press('Tab')->press('Tab')->press('Tab')->keys('again');
$dora->run('for (let i = 0; i < 3; i++) document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, repeat: true, bubbles: true, cancelable: true }))');
is($dora->run('return document.querySelector("dialog.ticket").classList.contains("busy")'), JSON::PP::false, 'a key that is held sends nothing');
foreach my $try (1 .. 3)
{
	send_it($dora);
	ok($dora->until('return /nobody knows/.test(document.querySelector("dialog .answer").textContent) && document.querySelector("dialog.ticket:not(.busy)")', 'lost'), "answer $try is lost, and the ticket says so");
	$dora->run('document.querySelector("dialog .answer").replaceChildren()');
	$dora->press('Escape');
	ok($dora->until('return document.querySelector("dialog.ticket[open] [name=lastQty]")?.value === "7"', 'the ticket'), 'Escape does not put away what may have been done');
}
send_it($dora);
is_closed($dora, 'Manual execution');
is(sql("SELECT count(*) || ' ' || sum(last_qty) FROM oms.executions WHERE order_id = '$child'"), '2 47', 'sent four times, booked once');

# ---- allocation with its preview ----

go_to($dora, 'orders', 'blk');
ticket($dora, 'a', 'allocate');
$dora->keys('P')->run('document.querySelector("dialog menu button:nth-child(2)").focus()');
is($dora->run('return document.querySelector("dialog [name=method]").value'), 'PRO_RATA', 'a method by its first letter');
$dora->press('Enter');
ok($dora->until('return [...document.querySelectorAll("dialog .preview tr")].some((row) => /^m1/.test(row.textContent) && /200/.test(row.textContent))', 'the preview'), 'who would get what') or diag $dora->text('dialog');
is(sql(q(SELECT sum(allocated_quantity) FROM oms.orders WHERE id IN ('m1', 'm2'))), 0, 'and nothing is allocated');
send_it($dora);
is_closed($dora, 'Allocate');
is_done($dora, 'Allocate');
is(sql(q(SELECT string_agg(id || ' ' || allocated_quantity, ', ' ORDER BY id) FROM oms.orders WHERE id IN ('m1', 'm2'))), 'm1 200, m2 100', 'allocated');

# ---- review: reject; and what needs somebody else ----

go_to($dora, 'review', 'rx');
ticket($dora, 'x', 'reject');
$dora->keys('not ours')->press('Tab')->keys('PRICE_EXCEEDS_LIMIT');
send_it($dora);
is_closed($dora, 'Reject (DK)');
is_done($dora, 'Reject (DK)');
is(sql(q(SELECT status || ' ' || reason || ' ' || dk_reason FROM oms.executions WHERE id = 'rx')), 'REJECTED not ours PRICE_EXCEEDS_LIMIT', 'rejected, with the reason for the counterparty');
my $manual = sql("SELECT id FROM oms.executions WHERE order_id = '$child' AND last_qty = 40");
go_to($dora, 'review', $manual);
like($dora->run('return document.querySelector("[data-action=approve]").title'), qr/needs another person: entered by dora/, 'she cannot approve her own');
$dora->press('y');
ok($dora->until('return document.querySelector("#notices").textContent.includes("needs another person")', 'a notice'), 'and her key says why');
my $emil = seat('emil');
$emil->{tab} = '';
go_to($emil, 'review', $manual);
$emil->press('Enter');
ok($emil->until('return /Somebody else than dora/.test(document.querySelector("#drawer").textContent)', 'the reasons'), 'he sees the reasons beside the order');
$emil->press('Escape');
ticket($emil, 'y', 'approve');
send_it($emil);
is_closed($emil, 'Approve');
is_done($emil, 'Approve');
is(sql("SELECT status FROM oms.executions WHERE id = '$manual'"), 'ALLOCATED', 'and approves it');

go_to($emil, 'desk', 'o1');
is($emil->run('return ["claim", "place", "cancel", "release"].map((id) => document.querySelector(`[data-action=${id}]`).title).join("; ")'), join('; ', ('dora has claimed it') x 4), 'what somebody else has claimed is not his');

# ---- a drawer that is open follows ----

go_to($emil, 'orders', 'o2');
$emil->press('Enter');
$emil->run('document.querySelector("#drawer [data-panel=history]").click()');
$emil->until('return document.querySelector("#drawer .history")', 'the history');
command('UpdateOrder', orderId => 'o2', text => 'a word of somebody else');
ok($emil->until('return document.querySelector("#drawer").textContent.includes("a word of somebody else")', 'the new event'), 'what is open in the drawer goes on');
$emil->press('Escape');

# ---- what has changed since it was looked at ----

go_to($emil, 'orders', 'm2');
ticket($emil, 'u', 'replace');
command('ReplaceOrder', orderId => 'm2', orderQty => 700);
$emil->press('Tab')->press('Control', 'a')->keys('10.60');
send_it($emil);
ok($emil->until('return document.querySelector("dialog .answer table")', 'the refusal'), 'refused');
like($emil->text('dialog .answer'), qr/another version than expected.*orderQty600700/s, 'with what it was and is');
is($emil->run('return document.querySelector("dialog [name=orderQty]").value'), '700', 'what he has not typed over follows');
send_it($emil);
is_closed($emil, 'Replace');
is(sql(q(SELECT order_qty || ' ' || price FROM oms.orders WHERE id = 'm2')), '700 10.6', 'and then his change is made beside the other');

kill 'STOP', sql('SELECT pid FROM pg_stat_replication');
command('UpdateOrder', orderId => 'm2', text => 'not seen yet');
ticket($emil, 'u', 'replace');
ok($emil->until('return /You chose version \d+; it is version \d+ by now/.test(document.querySelector("dialog .answer").textContent)', 'the warning'), 'a ticket says where the screen is behind');
kill 'CONT', sql('SELECT pid FROM pg_stat_replication');
$emil->press('Escape');
$emil->until('return !document.querySelector("dialog[open]")', 'closed');

# ---- a finger too many ----

like($emil->await(q(
	const { Limits } = await import(document.querySelector("script[type=module]").src.replace("main.js", "limits.js"));
	const limits = new Limits("nobody", { getItem: () => "{\"away\": \"5\", \"quantity\": [], \"on\": 7}", setItem: () => {} });
	const hands = { call: async () => ({ status: 200, body: [{ lastPx: "10.4" }] }) };
	return [...await limits.check({ lastQty: "1", lastPx: "10.92" }, { symbol: "VOD" }, hands), "|", ...await limits.check({ lastQty: "100000.1", lastPx: "10.921" }, { symbol: "VOD" }, hands)].join(" ");)),
	qr/^\| Quantity 100,000\.1 is above your 100,000\. Price 10\.921 is more than 5 % from the last, 10\.4\.$/, 'limits: to the digit, and what is kept of them is not believed');


go_to($emil, 'orders', 'm2');
ticket($emil, 'u', 'replace');
$emil->press('Control', 'a')->keys('7000000');
send_it($emil);
ok($emil->until('return /above your/.test(document.querySelector("dialog .preview").textContent)', 'a warning'), 'a quantity beyond his own limit is asked for once more');
is(sql(q(SELECT order_qty FROM oms.orders WHERE id = 'm2')), '700', 'and was not sent');
$emil->press('Escape');
$emil->until('return !document.querySelector("dialog[open]")', 'closed');

# ---- all other tickets, once ----

command('CreateQuoteRequest', quoteRequestId => 'q1', symbol => 'VOD', side => 'BUY', orderQty => 100, account => 'A1');
command('CreateQuote', quoteId => 'qq1', quoteRequestId => 'q1', dealer => 'D1', offerPx => '10.70', offerSize => 100);
command('CreateOrder', %order, orderId => 'x1');
command('CreateOrder', %order, orderId => 'x2');
command('CreateOrder', %order, orderId => "x1c", parentId => 'x1', orderQty => 500, account => 'A1');
command('ExecuteOrder', orderId => 'x1c', executionId => "f$_", execID => "f$_", lastQty => $_, lastPx => '10.40') foreach 11, 12, 13;

sub by_ticket
{
	my ($page, $tab, $id, $key, $ticket, $label, @typed) = @_;
	go_to($page, $tab, $id) if defined $id;
	ticket($page, $key, $ticket);
	foreach my $part (@typed) { ref $part ? $page->press(@$part) : $page->keys($part); }
	send_it($page);
	is_closed($page, $label);
	return;
}
my $next = ['Tab'];
my $all = [ 'Control', 'a' ];
by_ticket($emil, 'orders', undef, 'n', 'new', 'New order', 'NEWSYM', $next, 'BUY', $next, '25', $next, $next, '9.99');
ok(wait_for(sub { sql(q(SELECT order_qty || ' ' || price || ' ' || status FROM oms.orders WHERE symbol = 'NEWSYM')) eq '25 9.99 NEW' }, 60, 'it'), 'a new order');
by_ticket($emil, 'orders', undef, 'N', 'submit', 'Submit order', 'SUBSYM', $next, 'SELL', $next, '40', $next, $next, '9.99');
is(sql(q(SELECT count(*) || ' ' || sum(order_qty) FROM oms.orders WHERE symbol = 'SUBSYM' AND parent_id IS NOT NULL)), '2 40', 'one that is submitted is placed by its policy');
by_ticket($emil, 'quotes', 'qq1', 'q', 'accept', 'Accept quote', 'BUY');
is(sql(q(SELECT status FROM oms.quotes WHERE id = 'qq1')), 'ACCEPTED', 'a quote');
by_ticket($emil, 'executions', 'f11', 'C', 'correct', 'Correct', $all, '21', $next, $next, 'f11c', $next, 'typed wrong');
is(sql(q(SELECT last_qty || ' ' || status || ' ' || (review_reasons #>> '{0,code}') FROM oms.executions WHERE exec_id = 'f11c')), '21 REVIEW FOUR_EYES', 'a correction, which waits for other eyes');
by_ticket($emil, 'executions', 'f12', 'b', 'bust', 'Bust', 'not ours');
is(sql(q(SELECT count(*) FROM oms.executions WHERE status = 'REVIEW' AND reason = 'not ours')), 1, 'a bust, likewise');
by_ticket($emil, 'orders', 'x1', 'd', 'desk', 'Send to desk', 'please');
by_ticket($emil, 'orders', 'x1', 'r', 'release', 'Release', $next, 'not for us');
is(sql(q(SELECT desk_status FROM oms.orders WHERE id = 'x1')), 'RELEASED', 'released');
is($emil->run('return document.querySelector("[data-action=cancel]").title'), 'orders below it are live: cancel with all below', 'what is above others is not cancelled alone');
by_ticket($emil, 'orders', 'x1', 'X', 'cancel-all', 'Cancel with all below', 'over');
is(sql(q(SELECT string_agg(status, ' ' ORDER BY id) FROM oms.orders WHERE id IN ('x1', 'x1c'))), 'CANCELLED CANCELLED', 'but with all below it');
by_ticket($emil, 'orders', 'x2', 'Delete', 'cancel', 'Cancel', 'over');
is(sql(q(SELECT status FROM oms.orders WHERE id = 'x2')), 'CANCELLED', 'cancelled');

# ---- what waits, also what is no order of the queue ----

command('RequestCancelOrder', orderId => 'hostile', clOrdID => 'please');
$emil->press('w');
ok($emil->until('return document.querySelector("dialog[data-waiting]")', 'what waits'), 'w lists what waits');
like($emil->text('dialog[data-waiting]'), qr/hostileRequest.*CANCEL/s, 'a request of a client is among it');
$emil->run('[...document.querySelectorAll("dialog[data-waiting] tbody button")].find((button) => button.textContent === "hostile").focus()');
$emil->press('Enter');
ok($emil->until('return !document.querySelector("dialog[open]") && document.querySelector("#drawer h2")?.textContent === "hostile"', 'the drawer'), 'and each is opened from there');
$emil->press('Escape');

# ---- a session that ends under a ticket ----

go_to($emil, 'orders', 'm2');
ticket($emil, 'u', 'replace');
$emil->press('Tab')->press('Control', 'a')->keys('10.65');
$emil->await('await fetch("/session", { method: "DELETE", headers: { "Content-Type": "application/json" } })');
send_it($emil);
ok($emil->until('return document.querySelector("#login") && !document.querySelector("#login").hidden && !document.querySelector("dialog[open]")', 'the login'), 'the session is over: the login is in front');
$emil->until('return document.activeElement?.id === "login-password"', 'its field');
$emil->keys('emil')->press('Enter');
ok($emil->until('return document.querySelector("dialog[data-ticket=replace]")', 'the ticket'), 'and then the ticket is there again');
is($emil->run('return document.querySelector("dialog [name=price]").value'), '10.65', 'as it was typed');
send_it($emil);
is_closed($emil, 'Replace');
is(sql(q(SELECT price FROM oms.orders WHERE id = 'm2')), '10.65', 'and is sent');

# ---- what one is told wherever one looks ----

my $reviews = sql(q(SELECT count(*) FROM oms.executions WHERE status = 'REVIEW'));
command('ExecuteOrder', orderId => 'o2', execID => 'again', lastQty => 3, lastPx => 99);
ok($emil->until('return document.querySelector("#alert-counts").textContent.includes(arguments[0])', 'the alert', 'Review ' . ($reviews + 1)), 'the review has grown');
ok($emil->until('return /^\(\d+\) /.test(document.title)', 'the title'), 'and the title says that something is new');
my $first = $emil->here;
my $second = $emil->tab;
$emil->to($second)->go($url);
ok($emil->until('return document.querySelector("#alert-counts")?.textContent.includes(arguments[0])', 'the counts', 'Review ' . ($reviews + 1)), 'another tab has the counts from the one that watches');
is($emil->await('return (await navigator.locks.query()).held.filter((lock) => lock.name.startsWith("oms alerts ")).length'), 1, 'and one alone watches');
$emil->close_tab;
$emil->to($first);
$emil->run('document.querySelector("#alert-counts").focus()');
$emil->press('Enter');
ok($emil->until('return !/^\(/.test(document.title)', 'seen'), 'until it is seen');

# ---- a row that comes under the pointer ----

go_to($emil, 'orders', 'm2');
is($emil->await(q(
	const { selection } = await import(document.querySelector("script[type=module]").src.replace("main.js", "desk.js"));
	const rows = document.querySelector("#blotter .rows");
	const click = (row) => { for (const type of ["pointerdown", "mousedown", "click"]) row.children[1].dispatchEvent(new PointerEvent(type, { bubbles: true, button: 0 })); };
	const before = selection().active?.id;
	document.querySelector("#blotter .grid").focus();
	const text = rows.children[3].textContent;
	// what the hand itself has moved counts, for a while
	await new Promise((done) => setTimeout(done, 500));
	const changed = new Promise((done) => { const watch = new MutationObserver(() => { if (rows.children[3].textContent === text) return; watch.disconnect(); click(rows.children[3]); done(selection().active?.id); }); watch.observe(rows, { subtree: true, characterData: true }); });
	await fetch("/commands/orders", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ commandType: "CreateOrderCommand", symbol: "POINTER", side: "BUY", orderQty: 1 }) });
	return before === await changed;)), JSON::PP::true, 'a click on a row that has just become another one is not meant for it');

# ---- a hundred rows, of which some cannot ----

sql('SET oms_state.four_eyes = off; ' . join ' ', map { my $id = sprintf 'b%03d', $_; qq(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "$id", "symbol": "ZZTOP", "side": "BUY", "orderQty": 10, "account": "A1"}') ->> 'status';) . ($_ % 4 == 0 ? qq( SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "$id"}') ->> 'status';) : '') } 1 .. 100);
$emil->press('Control', 'f')->keys('ZZTOP');
ok(wait_for(sub { of($emil, 'blotter.js', 'm.currentGrid().view.total') == 100 }, 60, 'the search'), 'a hundred rows');
$emil->run('document.querySelector("#blotter .grid").focus()');
$emil->press('Home')->press('Shift', 'End');
ok(wait_for(sub { of($emil, 'desk.js', 'm.selection().rows.length') == 100 }, 60, 'chosen'), 'all chosen');
ticket($emil, 'd', 'desk');
$emil->keys('many');
$emil->run('const real = window.fetch; let lost = 0; window.fetch = async (...a) => { const answer = await real(...a); if (/atomic=false/.test(String(a[0])) && lost++ < 1) throw new TypeError("lost"); return answer; }');
send_it($emil);
ok($emil->until('return /nobody knows/.test(document.querySelector("dialog .answer").textContent)', 'lost'), 'the answer for all of them is lost');
send_it($emil);
ok($emil->until('return document.querySelectorAll("dialog .results tbody tr").length === 100', 'results'), 'a result for each');
like($emil->text('dialog .results caption'), qr/75 taken, 25 refused/, 'counted');
is(sql(q(SELECT count(*) FROM oms.orders WHERE symbol = 'ZZTOP' AND desk_status = 'QUEUED')), 75, 'as in the store');
send_it($emil);
ok($emil->until('return /0 taken, 25 refused/.test(document.querySelector("dialog .answer").textContent)', 'again'), 'sent again, it is the others');
is(sql(q(SELECT count(*) FROM oms.order_events WHERE event_type = 'OrderSentToDesk' AND payload #>> '{state,symbol}' = 'ZZTOP')), 75, 'and none twice');
$emil->press('Escape');

# ---- text of a counterparty ----

$dora->press('Escape');
go_to($dora, 'orders', 'hostile');
$dora->press('Enter');
foreach my $panel (qw(state history tree fills as-of fix))
{
	$dora->run('document.querySelector(`#drawer [data-panel=${arguments[0]}]`).click()', $panel);
	ok($dora->until('return !document.querySelector("#drawer .wait")', $panel), "panel $panel");
}
$dora->run('document.querySelector("#drawer [data-panel=state]").click()');
ok($dora->until('return document.querySelector("#drawer").textContent.includes("<script>window.xss=1</script>")', 'the text'), 'the text is there, letter by letter');
$dora->press('Escape');
ticket($dora, 'm', 'manual');
is_deeply($dora->run($nameless), [], 'in a ticket everything that can be used has a name');
$dora->press('Escape');
go_to($dora, 'review', 'hostile-x');
$dora->press('Enter');
ok($dora->until('return document.querySelector("#drawer .compared")', 'review'), 'in review too');
$dora->press('Escape');
is($dora->run('return String(window.xss) + document.querySelectorAll("#desk img, #drawer script, #desk b, #desk u").length'), 'undefined0', 'and no markup came of it');

# ---- how it was ----

go_to($dora, 'orders', 'o1');
$dora->press('Enter');
$dora->run('document.querySelector("#drawer [data-panel=as-of]").click()');
ok($dora->until('return document.querySelector("#as-of") && document.querySelector("#drawer svg.tree")', 'as of'), 'a slider and the tree');
$dora->run('document.querySelector("#as-of").focus()');
$dora->press('Home');
ok($dora->until('return /version 1,/.test(document.querySelector("#drawer output").textContent) && document.querySelectorAll("#drawer .then svg.tree g").length === 1', 'version 1'), 'at its first version it had no children');
$dora->run('document.querySelector("#drawer [data-panel=history]").click()');
ok($dora->until('return /OrderClaimed/.test(document.querySelector("#drawer").textContent) && /deskUser: – → dora/.test(document.querySelector("#drawer").textContent)', 'history'), 'who, which rule, what changed');
$dora->press('Escape');

# ---- a reader ----

my $rita = seat('rita');
is($rita->run('return [...document.querySelectorAll("#actions button")].filter((button) => button.getAttribute("aria-disabled") !== "true").map((button) => button.dataset.action).join(" ")'), 'waits', 'a reader may look, and has nothing else to press');
$rita->{tab} = '';
go_to($rita, 'orders', 'o2');
like($rita->run('return document.querySelector("[data-action=cancel]").title'), qr/your role may not: it needs oms_trader/, 'and is told whose it is');
$rita->press('Delete');
ok($rita->until('return document.querySelector("#notices").textContent.includes("your role may not")', 'a notice'), 'nor does a key');
is($rita->await('const answer = await fetch("/commands/orders", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ commandType: "CancelOrderCommand", orderId: "o2" }) }); return answer.status'), 403, 'nor does the store');

# ---- names for who listens ----

is_deeply($dora->run($nameless), [], 'everything that can be used has a name');

foreach my $page ($dora, $emil, $rita)
{
	is_deeply([ $page->complaints(qr/Failed to load resource: the server responded with a status of (?:401|403|404|409|422)/) ], [], 'the console has nothing against it');
}
if ($ENV{OMS_PICTURES}) { $dora->picture("$ENV{OMS_PICTURES}/actions.png"); }
$browser->stop;
$gateway->stop;
done_testing();
