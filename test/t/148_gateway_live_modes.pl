# Trees and groups, quotes and requests for them, and files of views: each shows what PostgreSQL says under the same role, while random commands run;
# random conditions and orders over all kinds give the same rows in the same order as queries do, for users with different accounts; the CSV of a view
# is the CSV of the query, byte for byte, however much happens while it is read.
#
# Broken by: a root that stays when nothing below it matches any more, a child at the wrong place, a group that is counted wrongly, a row of another
# account in a sum, a condition or an order that memory reads otherwise than SQL, a file that has what came later or lacks what went.
#
# OMS_SEED repeats a run.

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
my $json = JSON::PP->new->canonical;

my $node = oms_node('main', streaming => 1, conf => "wal_level = logical\nmax_connections = 50\noms_state.query_limit_max = 100000\n");
$node->safe_psql('postgres', q(
	SELECT count(*) FROM oms.create_roles();
	SELECT count(*) FROM oms.repair_publication('oms_events');
	CREATE ROLE feed LOGIN REPLICATION IN ROLE oms_bridge, oms_reader;
	CREATE ROLE ann LOGIN IN ROLE oms_trader; CREATE ROLE bob LOGIN IN ROLE oms_trader; CREATE ROLE desk LOGIN IN ROLE oms_desk;
	CREATE ROLE gate LOGIN NOINHERIT IN ROLE oms_proxy, ann, bob, desk;
	SELECT oms.grant_account('ann', 'A1'), oms.grant_account('ann', 'A2'), oms.grant_account('bob', 'B%');));
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $gateway = gateway_start($node, auth => 'proxy', dsn => gateway_dsn($node, user => 'gate'), 'pool.size' => 4, listen => "unix:$dir/socket", 'feed.dsn' => gateway_dsn($node, user => 'feed'));

sub pick { return $_[ rand @_ ]; }
sub sql { my ($user, $sql) = @_; return $json->decode($node->safe_psql('postgres', "SET ROLE \"$user\"; $sql")); }

# ---- random commands ----

my (@roots, @children, @requests, @quotes);
my $made = 0;
sub commands
{
	my ($count) = @_;
	my @sql;
	foreach (1 .. $count)
	{
		my $command;
		my $dice = rand;
		$made++;
		if ($dice < 0.3 || !@roots)
		{
			push @roots, "R$made";
			$command = { commandType => 'CreateOrderCommand', orderId => "R$made", clOrdID => "c$made", symbol => pick('AAA', 'BBB', '=CCC()', "DDD"), side => pick(qw(BUY SELL)), orderQty => pick(100, 250, '0.5', 1000), ordType => 'LIMIT',
				price => pick('10', '9.50', '10.25', '-1'), account => pick(qw(A1 A2 A3 B1 BX)), currency => pick(qw(EUR USD JPY)), rand() < 0.3 ? (text => pick('-1+1', ' blank ', "two\nlines", 'q"uo"te', 'plain')) : (), rand() < 0.3 ? (attributes => { desk => pick('N', 7) }) : () };
		}
		elsif ($dice < 0.5)
		{
			push @children, "C$made";
			$command = { commandType => 'CreateOrderCommand', orderId => "C$made", parentId => pick(@roots, @children[ 0 .. $#children - 1 ]), orderQty => pick(1, 2, 5), destination => pick(qw(XLON XPAR)) };
		}
		elsif ($dice < 0.7) { $command = { commandType => 'ExecuteOrderCommand', orderId => pick(@roots, @children), execID => "E$made", lastQty => pick(1, '0.25', 3), lastPx => pick('10', '9.75') }; }
		elsif ($dice < 0.8) { $command = { commandType => 'CancelOrderCommand', orderId => pick(@roots, @children) }; }
		elsif ($dice < 0.87 || !@requests)
		{
			push @requests, "Q$made";
			$command = { commandType => 'CreateQuoteRequestCommand', quoteRequestId => "Q$made", quoteReqID => "q$made", symbol => 'EUR/USD', side => pick(qw(BUY SELL)), orderQty => pick(1000, 2500), currency => 'EUR', account => pick(qw(A1 A3 B1)), dealers => [qw(ALFA BETA)] };
		}
		elsif ($dice < 0.95 || !@quotes)
		{
			push @quotes, "T$made";
			$command = { commandType => 'CreateQuoteCommand', quoteId => "T$made", quoteRequestId => pick(@requests), quoteID => "t$made", dealer => pick(qw(ALFA BETA)), bidPx => '1.0998', offerPx => pick('1.1002', '1.1003'), bidSize => 5000, offerSize => 5000 };
		}
		else { $command = { commandType => pick(qw(CancelQuoteCommand RejectQuoteCommand)), quoteId => pick(@quotes) }; }
		push @sql, 'SELECT oms_try_command($c$' . $json->encode($command) . '$c$);';
	}
	$node->safe_psql('postgres', join "\n", @sql);
	return;
}

# ---- models ----

my @tree_columns = qw(orderId parentId status orderQty executedQuantity account);
my $cells = sub { my (@columns) = @_; return join ', ', map { "q ->> '$_'" } @columns; };
sub query { my (%query) = @_; return '$q$' . $json->encode({ limit => 100000, %query }) . '$q$'; }

# Roots of which it or anything below it meets the condition, and below those that are opened what may be seen of them.
sub tree_model
{
	my ($page, $spec) = @_;
	my $all = sql($page->{user}, "SELECT coalesce(jsonb_agg(jsonb_build_array(q ->> 'rootId', jsonb_build_array(" . $cells->(@tree_columns) . "))), '[]') FROM oms_query('orders', " . query(orderBy => $spec->{orderBy}) . ') AS q');
	my $meets = sql($page->{user}, "SELECT coalesce(jsonb_object_agg(q ->> 'rootId', 1), '{}') FROM oms_query('orders', " . query(where => $spec->{where}) . ') AS q');
	my %here = map { ($_->[1][0] => 1) } @$all;
	my %below;
	foreach my $row (sort { $a->[1][0] cmp $b->[1][0] } @$all)
	{
		my ($root, $of) = @$row;
		push @{ $below{ defined $of->[1] && $here{ $of->[1] } ? $of->[1] : $root } }, $of if $of->[0] ne $root;
	}
	my %opened = map { ($_ => 1) } @{ $spec->{expand} // [] };
	my @lines;
	my $show;
	$show = sub { my ($id, $depth) = @_; foreach my $of (@{ $below{$id} // [] }) { push @lines, [ $of, $depth ]; $show->($of->[0], $depth + 1); } };
	foreach my $row (grep { $_->[0] eq $_->[1][0] && $meets->{ $_->[0] } } @$all)
	{
		push @lines, [ $row->[1], 0 ];
		$show->($row->[0], 1) if $opened{ $row->[0] };
	}
	return \@lines;
}

# Groups by value, each with its count and the sum of its quantities, and the rows of those that are opened.
sub group_model
{
	my ($page, $spec) = @_;
	my ($by, @columns) = ($spec->{groupBy} =~ s/^-//r, @{ $spec->{columns} });
	my $rows = sql($page->{user}, "SELECT coalesce(jsonb_agg(jsonb_build_array(q ->> '$by', jsonb_build_array(" . $cells->(@columns) . "))), '[]') FROM oms_query('orders', " . query(where => $spec->{where}, orderBy => $spec->{orderBy}) . ') AS q');
	my $sums = sql($page->{user}, "SELECT coalesce(jsonb_agg(jsonb_build_array(g, n, s::text)), '[]') FROM (SELECT q ->> '$by' AS g, count(*) AS n, trim_scale(sum((q ->> 'orderQty')::numeric)) AS s FROM oms_query('orders', " . query(where => $spec->{where}) . ") AS q GROUP BY 1 ORDER BY (q ->> '$by') COLLATE \"C\" " . ($spec->{groupBy} =~ /^-/ ? 'DESC' : 'ASC') . ') AS t');
	my @lines;
	foreach my $sum (@$sums)
	{
		push @lines, $sum;
		next if !grep { defined $_ && defined $sum->[0] ? $_ eq $sum->[0] : !defined $_ && !defined $sum->[0] } @{ $spec->{expand} // [] };
		push @lines, map { [ $_->[1], 1 ] } grep { ($_->[0] // "\0") eq ($sum->[0] // "\0") } @$rows;
	}
	return \@lines;
}
sub group_shape
{
	my ($row) = @_;
	return $row if ref $row ne 'HASH';
	my $sum = Math::BigFloat->bzero;
	$sum->badd($_->{orderQty}) foreach grep { defined $_->{orderQty} } @{ $row->{sums} };
	return [ $row->{group}, $row->{count}, "" . $sum->bstr ];
}
require Math::BigFloat;

# ---- trees, groups, quotes ----

commands(120);
my @pages = map { OmsLive->new($gateway, user => $_, socket => "$dir/socket")->open } qw(ann bob desk);
my @conditions = ({}, { status => 'NEW' }, { executedQuantity => { gt => 0 } }, { destination => 'XPAR' }, { orderQty => { lt => 100 } }, { symbol => { like => '%A%' } });
foreach my $round (1 .. 5)
{
	foreach my $page (@pages)
	{
		my $spec = { object => 'orders', mode => 'tree', where => pick(@conditions), orderBy => pick([], ['-orderQty'], [ 'account', '-orderId' ]), columns => [@tree_columns], first => 0, count => 500, model => \&tree_model,
			expand => [ grep { rand() < 0.7 } @roots ] };
		is($page->view('tree', $spec)->{status}, 200, "round $round: $page->{user} looks at trees");
		$spec = { object => 'orders', mode => 'group', groupBy => pick(qw(symbol -account currency status destination)), where => pick(@conditions), orderBy => pick([], ['-orderQty']), columns => [qw(orderId orderQty)], first => 0, count => 500,
			model => \&group_model, shape => \&group_shape, expand => [ grep { rand() < 0.5 } 'AAA', '=CCC()', 'A1', 'B1', 'EUR', 'NEW', 'XPAR', undef ] };
		is($page->view('group', $spec)->{status}, 200, 'at groups');
		is($page->view('requests', { object => 'quote_requests', where => {}, orderBy => ['-quoteRequestId'], columns => [qw(quoteRequestId version status orderQty account)], first => 0, count => 100 })->{status}, 200, 'at requests');
		is($page->view('quotes', { object => 'quotes', where => pick({}, { dealer => 'ALFA' }, { offerPx => { gt => '1.1002' } }), orderBy => [ 'status', '-quoteId' ], columns => [qw(quoteId version status offerPx dealer)], first => 0, count => 500 })->{status}, 200, 'and at quotes');
	}
	commands(60);
	agrees($node, $_, "round $round: $_->{user} sees what PostgreSQL says") foreach @pages;
}
foreach my $page (@pages) { $page->view($_, undef) foreach qw(tree group requests quotes); }

# ---- any condition, any order ----

my %fields = (
	orders => { orderId => \@roots, status => [qw(NEW FILLED 4 partially-filled)], symbol => [ 'AAA', 'BBB', '=CCC()' ], side => [qw(BUY 2)], orderQty => [qw(1 0.5 100 1000)], price => [qw(9.5 10 -1)], account => [qw(A1 B1 A3)], executedQuantity => [qw(0 1)], avgPx => [qw(9.75 10)],
		createdAt => ['2026-01-01T00:00:00Z'], parentId => \@roots, text => [ 'plain', '-1+1' ], closed => [ JSON::PP::true, JSON::PP::false ], currency => [qw(EUR JPY)], destination => ['XPAR'], leavesQuantity => [qw(0 5)] },
	executions => { orderId => \@roots, status => ['VALIDATED'], lastQty => [qw(1 0.25)], lastPx => [qw(9.75 10)], execType => ['F'], symbol => [ 'AAA', '=CCC()' ], account => [qw(A1 B1)], quantity => [1], createdAt => ['2026-01-01T00:00:00Z'] },
	quote_requests => { symbol => ['EUR/USD'], status => [qw(NEW QUOTED)], orderQty => [1000], account => [qw(A1 B1)], side => ['BUY'] },
	quotes => { dealer => [qw(ALFA BETA)], status => [qw(ACTIVE CANCELLED)], offerPx => [qw(1.1002 1.1003)], bidSize => [5000], quoteRequestId => \@requests });

sub condition
{
	my ($object, $depth) = @_;
	my $field = pick(sort keys %{ $fields{$object} });
	my @values = @{ $fields{$object}{$field} };
	return { pick(qw(and or)) => [ map { condition($object, $depth - 1) } 1 .. 2 ] } if $depth > 0 && rand() < 0.3;
	return { not => condition($object, $depth - 1) } if $depth > 0 && rand() < 0.15;
	return { $field => { isNull => pick(JSON::PP::true, JSON::PP::false) } } if rand() < 0.15;
	return { $field => [ map { pick(@values) } 1 .. 2 ] } if rand() < 0.3;
	return { $field => { pick(qw(eq ne lt lte gt gte)) => pick(@values) } } if $values[0] !~ /^[A-Za-z=]/ && !ref $values[0];
	return { $field => pick(@values) };
}

my ($asked, $same, $refused) = (0, 0, 0);
foreach my $round (1 .. rounds(60, 1000))
{
	foreach my $page (@pages)
	{
		my $object = pick(sort keys %fields);
		my @order = map { (rand() < 0.5 ? '-' : '') . pick(sort keys %{ $fields{$object} }) } 1 .. int rand 3;
		my %seen;
		my $id = { orders => 'orderId', executions => 'executionId', quote_requests => 'quoteRequestId', quotes => 'quoteId' }->{$object};
		my $spec = { object => $object, where => rand() < 0.1 ? {} : condition($object, 2), orderBy => [ grep { !$seen{ s/^-//r }++ } @order ], columns => [ $id, 'version' ], first => 0, count => 500 };
		my $answer = $page->view('v', $spec);
		my $expected = eval { live_expected($node, $page->{user}, $spec) };
		$asked++;
		if ($answer->{status} != 200) { $refused++ if !$expected; next if !$expected; fail("memory refuses what SQL takes: " . live_text($spec) . $answer->{content}); next; }
		wait_for(sub { $page->read_on(0.05); $page->{views}{v} }, 60, 'the view');
		if (live_text($page->rows('v')) eq live_text($expected // [])) { $same++ }
		else { diag("$page->{user}: " . live_text($spec) . "\nseen     " . live_text($page->rows('v')) . "\nexpected " . live_text($expected)) }
	}
}
is($same + $refused, $asked, "$asked random questions: $same with the same rows in the same order, $refused that both refuse");
ok($same > $asked / 2, 'most of them are questions');
$_->view('v', undef) foreach @pages;

# ---- files ----

# As a query gives it over HTTP.
sub file_of_query { my ($page, $spec) = @_; return $page->call(GET => "/queries/$spec->{object}?$spec->{text}&limit=100000&select=" . join(',', @{ $spec->{columns} }), undef)->{content}; }
foreach my $page (@pages)
{
	local $page->{headers} = { %{ $page->{headers} }, Accept => 'text/csv' };
	my %spec = (object => 'orders', where => { orderQty => { gte => '0.5' } }, orderBy => [ '-price', 'orderId' ], text => 'orderQty[gte]=0.5&orderBy=-price,orderId',
		columns => [qw(orderId account symbol orderQty price text createdAt expireDate attributes closed version)], first => 0, count => 1);
	my $text = delete $spec{text};
	is($page->view('file', {%spec})->{status}, 200, "$page->{user}: a view of which one row is on the screen");
	my $answer = $page->call(GET => "/live/$page->{id}/views/file.csv");
	is("$answer->{status} $answer->{headers}{'content-type'} $answer->{headers}{'content-disposition'}", '200 text/csv; charset=utf-8; header=present attachment; filename="file.csv"', 'is had as a file');
	is($answer->{content}, file_of_query($page, { %spec, text => $text }), 'with all rows, as the query gives them');
	is($page->call(GET => "/live/$page->{id}/views/other.csv")->{status}, 404, 'of a view that there is');
}
is($pages[1]->call(GET => "/live/$pages[0]{id}/views/file.csv")->{status}, 404, 'and of one\'s own');

# While it is read, the store goes on; and a page beside it is told.
$node->safe_psql('postgres', q(SELECT count(oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'L' || lpad(g::text, 5, '0'), 'clOrdID', 'l' || g, 'symbol', repeat('S', 1 + g % 20), 'side', 'BUY', 'orderQty', g, 'account', 'A1', 'text', repeat('x', 500)))) FROM generate_series(1, 4000) AS g));
my $desk = $pages[2];
$desk->view('file', { object => 'orders', where => {}, orderBy => ['-orderQty'], columns => [], first => 0, count => 1 });
my $last = $node->safe_psql('postgres', 'SELECT count(*) FROM oms.orders');
ok(wait_for(sub { $desk->read_on(0.2); $desk->total('file') == $last }, 60, 'the rows'), 'many rows');
my $before = $desk->call(GET => "/live/$desk->{id}/views/file.csv")->{content};
is(($before =~ tr/\n//) > $last, 1, 'all of them');
my $slow = $gateway->client("$dir/socket");
$slow->write("GET /live/$desk->{id}/views/file.csv HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-User: desk\r\n\r\n");
while (length $slow->{read} < 100000) { $slow->more or die 'no file' }
$node->safe_psql('postgres', q(SELECT count(oms_command(jsonb_build_object('commandType', 'CancelOrderCommand', 'orderId', 'L' || lpad(g::text, 5, '0')))) FROM generate_series(1, 4000, 3) AS g));
commands(30);
my $wanted = $node->safe_psql('postgres', q(SELECT count(*) FROM oms.orders WHERE status = 'CANCELLED'));
$desk->view('beside', { object => 'orders', where => { status => 'CANCELLED' }, orderBy => [], columns => ['orderId'], first => 0, count => 1 });
ok(wait_for(sub { $desk->read_on(0.2); $desk->total('beside') == $wanted }, 60, 'the page'), 'who looks is told while a file is read slowly');
ok($slow->answer->{content} eq $before, 'and the file is what there was when it began');
is($gateway->metric('oms_gateway_feed_snapshots_total'), 1, 'all by one snapshot');

# rights that change while a file is read cut it off
my $ann = $pages[0];
$ann->view('file', { object => 'orders', where => {}, orderBy => [], columns => [], first => 0, count => 1 });
ok(wait_for(sub { $ann->read_on(0.2); $ann->total('file') > 4000 }, 60, 'the rows'), 'ann has many rows');
$slow = $gateway->client("$dir/socket");
$slow->write("GET /live/$ann->{id}/views/file.csv HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-User: ann\r\n\r\n");
while (length $slow->{read} < 1000) { $slow->more or die 'no file' }
$node->safe_psql('postgres', q(SELECT oms.revoke_account('ann', 'A1')));
ok(wait_for(sub { $ann->read_on(0.2); $ann->total('file') < 4000 }, 60, 'the loss of rights'), 'an account is taken away');
is($slow->answer, undef, 'and nobody takes a part of a file for the whole');

$gateway->stop;
unlike($gateway->log, qr/runtime error|Sanitizer/, 'nothing went wrong inside');
done_testing();
