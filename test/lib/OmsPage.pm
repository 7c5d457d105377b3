# test/lib/OmsPage.pm: what tests of the page stand on: a node with orders of every kind, a gateway with a feed, and a browser that is logged in.
#
#   my ($node, $gateway, $url) = page_store(orders => 10_000);
#   my $page = page_open($browser, $url, dark => 1);
#   page_rows($page)                   # what is seen: [{ index, id, cells => { field => text } }, ...]
#   page_sql($node, 'SELECT ...')      # a value
#   $node, more orders: page_orders($node, PREFIX, FROM, TO)

package OmsPage;

use strict;
use warnings;

use Exporter 'import';
use OmsGateway ();
use OmsProcess qw(wait_for);
use OmsTest;
use Test::More;

our @EXPORT = qw(page_store page_open page_rows page_orders page_until_live page_filter);

# Clients' orders, some placed, filled, cancelled, in review or at the desk.
my $ORDERS = <<'SQL';
CREATE FUNCTION pg_temp.orders(prefix text, from_number int, to_number int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  symbols text[] := '{VOD,BP,AZN,HSBA,ULVR,SHEL,GSK,RIO,BARC,LLOY,DGE,REL,NG,BATS,TSCO,PRU}';
  currencies text[] := '{GBP,GBP,GBP,EUR,USD}';
  accounts text[] := '{PENSION,GROWTH,INDEX,"ALPHA 1",HEDGE-7}';
BEGIN
  FOR n IN from_number .. to_number LOOP
    PERFORM oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', format('%s-%s', prefix, lpad(n::text, greatest(6, length(n::text)), '0')), 'clOrdID', format('c-%s-%s', prefix, n),
      'symbol', symbols[1 + n * 7 % 16], 'side', CASE WHEN n % 3 = 0 THEN 'SELL' ELSE 'BUY' END, 'orderQty', 100 * (1 + n * 37 % 400), 'ordType', 'LIMIT', 'price', (500 + n * 13 % 9000) / 100.0,
      'account', accounts[1 + n % 5], 'currency', currencies[1 + n * 3 % 5], 'timeInForce', 'DAY'));
  END LOOP;
END $$;
CREATE FUNCTION pg_temp.day(prefix text, count int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  id text;
BEGIN
  FOR n IN 1 .. count LOOP
    id := format('%s-%s', prefix, lpad(n::text, greatest(6, length(n::text)), '0'));
    CASE n % 10
      WHEN 1, 2 THEN PERFORM oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', id, 'execID', 'x-' || id, 'lastQty', 100, 'lastPx', 5.25, 'lastMkt', 'XLON'));
      WHEN 3 THEN PERFORM oms_command(jsonb_build_object('commandType', 'CancelOrderCommand', 'orderId', id));
      WHEN 4 THEN
        PERFORM oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', id || '.1', 'parentId', id, 'orderQty', 100, 'destination', 'XLON'));
        PERFORM oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', id || '.1', 'execID', 'x-' || id || '.1', 'lastQty', 40, 'lastPx', 5.25, 'lastMkt', 'XLON'));
      WHEN 5 THEN IF n % 20 = 5 THEN PERFORM oms_command(jsonb_build_object('commandType', 'SendOrderToDeskCommand', 'orderId', id, 'reason', 'Large for the day')); END IF;
      WHEN 6 THEN IF n % 40 = 6 THEN PERFORM oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', id, 'execID', 'x-' || id, 'lastQty', 90000000, 'lastPx', 5.25)); END IF;
      WHEN 7 THEN IF n % 50 = 7 THEN PERFORM oms_command(jsonb_build_object('commandType', 'RejectOrderCommand', 'orderId', id, 'reason', 'No such account at the broker')); END IF;
      ELSE NULL;
    END CASE;
  END LOOP;
END $$;
SQL

sub page_orders
{
	my ($node, $prefix, $from, $to) = @_;
	$node->safe_psql('postgres', "$ORDERS SELECT pg_temp.orders('$prefix', $from, $to);");
	return;
}

sub page_store
{
	my (%options) = @_;
	my $orders = $options{orders} // 1000;
	my $day = $options{day} // ($orders < 2000 ? $orders : 2000);
	my $node = oms_node($options{name} // 'main', streaming => 1, conf => "wal_level = logical\nmax_connections = 50\n");

	$node->safe_psql('postgres', q(
		SELECT count(*) FROM oms.create_roles();
		SELECT count(*) FROM oms.repair_publication('oms_events');
		CREATE ROLE feed LOGIN REPLICATION IN ROLE oms_bridge, oms_reader;
		CREATE ROLE desk LOGIN IN ROLE oms_desk;));
	$node->safe_psql('postgres', "$ORDERS SELECT pg_temp.orders('ORD', 1, $orders); SELECT pg_temp.day('ORD', $day);");
	my $gateway = OmsGateway::gateway_start($node, auth => 'login', dsn => OmsGateway::gateway_dsn($node, user => 'desk'), 'pool.size' => 4, 'feed.dsn' => OmsGateway::gateway_dsn($node, user => 'feed'), %{ $options{settings} // {} });
	wait_for(sub { $gateway->call(POST => '/live', {})->{status} == 201 }, 180, 'the snapshot') or die "nothing is live:\n" . $gateway->log;
	return ($node, $gateway, "http://$gateway->{address}/");
}

sub page_until_live
{
	my ($page) = @_;
	return $page->until('return document.querySelector("#status")?.dataset.level === "green" && document.querySelector("#blotter .grid")?.getAttribute("aria-busy") === "false"', 'the page to be live');
}

sub page_open
{
	my ($browser, $url, %options) = @_;
	my $page = $browser->page(%options);
	$page->go($url . ($options{at} // ''));
	ok(page_until_live($page), 'the page is live') or diag explain [ $page->complaints ];
	return $page;
}

sub page_rows
{
	my ($page, $grid) = @_;
	return @{ $page->run(<<'JS', $grid // '#blotter') };
return [...document.querySelectorAll(arguments[0] + ' .rows > .r')].filter((row) => !/none|waiting|gone/.test(row.className) && row.firstChild.textContent !== '')
	.map((row) => ({ index: Number(row.getAttribute('aria-rowindex')) - 3, id: row.firstChild.textContent.trim(), look: row.className, top: row.getBoundingClientRect().top,
		cells: Object.fromEntries([...row.children].map((cell) => [cell.dataset.field, cell.textContent])) }));
JS
}

# Types into the filter of a column, as a user does.
sub page_filter
{
	my ($page, $field, $text) = @_;
	$page->run('const i = document.querySelector(`#blotter [data-filter="${arguments[0]}"]`); i.focus(); i.select();', $field);
	$page->press('Delete') if $text eq '';
	$page->keys($text);
	$page->press('Enter');
	return;
}

1;
