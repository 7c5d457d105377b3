# What is read over HTTP: lists, searches, pages by Link headers, counts, objects now and as they were, trees, histories; as JSON, lines and CSV,
# streamed.
#
# Broken by: a page that repeats or loses a row, a Link where there is no more, a count of the page instead of all, a condition that is
# lost on the next page, numbers whose digits change on the way, a CSV that ignores its filter, rows that go on after PostgreSQL failed, a
# reader that does not read and holds up others, a query that writes, what another role may not see.

use strict;
use warnings;

use lib 'test/lib';
use JSON::PP;
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = oms_node('main', conf => "max_connections = 40\n");
my $login = $node->safe_psql('postgres', 'SELECT current_user');
my $gateway = gateway_start($node, name => 'queries', auth => 'login', 'pool.size' => 3, 'query.timeout' => '60s');

sub create
{
	my ($id, %more) = @_;
	return { commandType => 'CreateOrderCommand', orderId => $id, clOrdID => "cl-$id", symbol => 'VOD', side => 'BUY', orderQty => 100, %more };
}

# Paths are encoded by hand, as a client would write them.
sub get { my ($path, %headers) = @_; return $gateway->call(GET => $path, undef, %headers); }
sub ids { my ($answer) = @_; return ref $answer->{json} eq "ARRAY" ? join(" ", map { $_->{orderId} } @{ $answer->{json} }) : "no rows: $answer->{status} $answer->{content}"; }

my $answer = $gateway->call(POST => '/commands', [
	create('Q01', price => '123456789012345678.12345678901234567899', text => '=cmd()"a,b"', attributes => { sector => 'TELCO', deep => [ 1, '"x"' ] }),
	(map { create(sprintf('Q%02d', $_), orderQty => 100 * $_, account => $_ % 2 ? 'A' : 'B') } 2 .. 9),
	create('Qp', orderQty => 1000), create('Qp1', parentId => 'Qp', orderQty => 400), create('Qp2', parentId => 'Qp', orderQty => 100),
	{ commandType => 'CancelOrderCommand', orderId => 'Q09' },
	{ commandType => 'ExecuteOrderCommand', orderId => 'Qp1', executionId => 'X1', execID => 'e1', lastQty => 50, lastPx => '10.5' } ]);
is($answer->{status}, 200, 'orders') or diag $answer->{content};

# ---- conditions, as the specification has them ----

is(ids(get('/queries/orders?clOrdID=cl-Q02&status=New')), 'Q02', "the specification's example");
is(ids(get('/queries/orders?orderQty[gte]=800&orderQty[lt]=1000&orderBy=-orderQty')), 'Q09 Q08', 'operators stand in the name');
is(ids(get('/queries/orders?status=New&status=Canceled&orderQty%5Bgt%5D=700&orderBy=orderId&limit=2')), 'Q08 Q09', 'a name again is one of');
is(ids(get('/queries/orders?attributes.sector=TELCO')), 'Q01', 'an attribute');
is(ids(get('/queries/orders?text[ilike]=%25CMD%25')), 'Q01', 'a pattern');
is(ids(get('/queries/orders?price[isNull]=false')), 'Q01', 'null or not');
is(ids(get('/queries/quote-requests')), '', 'none');
is(get('/queries/quote-requests')->{content}, "[]\n", 'is an empty array');
is(ids($gateway->call(POST => '/queries/orders', { where => { or => [ { orderId => 'Q02' }, { not => { closed => \0 } } ] }, orderBy => 'orderId' })), 'Q02 Q09', 'a whole specification');
like(get('/queries/orders?orderId=Q01')->{content}, qr/"price": ?123456789012345678\.12345678901234567899[,}]/, 'the digits are those of PostgreSQL');

# ---- what is refused ----

foreach my $case (
	[ '/queries/orders?sybmol=VOD', 400, qr/unknown field \\"sybmol\\"/, 'an unknown field' ],
	[ '/queries/orders?orderQty[gte]=much', 400, qr/OM010/, 'a value of another type' ],
	[ '/queries/orderz', 400, qr/OM010/, 'an unknown object' ],
	[ '/queries/orders?limit=x', 400, qr/limit is a number/, 'a limit that is none' ],
	[ '/queries/orders?after=damaged', 400, qr/OM010/, 'a damaged cursor' ],
	[ '/queries/orders/none', 404, qr/OM003/, 'no such object' ],
	[ '/queries/orders/none/tree', 404, qr/OM003/, 'no such tree' ],
	[ '/queries/orders/none/history', 404, qr/OM003/, 'no such history' ],
	[ '/queries/executions/X1/tree', 404, qr/only orders/, 'a tree of something else' ],
	[ '/queries/orders/Q01?at=2026-01-01', 400, qr/with its zone/, 'a moment that is a day' ],
	[ '/queries/orders/Q01?at=2026-01-01T00:00:00', 400, qr/with its zone/, 'a moment without a zone' ],
	[ '/queries/orders/Q01?at=2026-01-01T00:00:00+01:00', 400, qr/%2B/, 'a zone whose plus is a space' ],
	[ '/queries/orders/Q01?at=2026-13-01T00:00:00Z', 400, qr/22008/, 'a moment that there is not' ],
	[ '/queries/order-events/Q09', 400, qr/no id of their own/, 'an event by the id of its object' ],
	[ '/queries/orders?account=%00', 400, qr/UTF-8/, 'a zero' ],
	[ '/queries/orders?limit=100000', 400, qr/OM010/, 'a page that is too large' ])
{
	my ($path, $status, $says, $name) = @$case;
	$answer = get($path);
	is($answer->{status}, $status, $name);
	is($answer->{headers}{'content-type'}, 'application/problem+json', 'as a problem');
	like($answer->{content}, $says, 'it says what');
}
is(get('/queries/orders', Accept => 'text/html')->{status}, 406, 'another form');
is($gateway->call(POST => '/queries/orders', '{"where": ')->{status}, 400, 'a damaged specification');

# ---- pages and counts ----

$answer = get('/queries/orders?account=A&account=B&orderBy=-orderQty&limit=3&count=exact&select=orderId,orderQty');
is($answer->{headers}{'total-count'}, 8, 'all of them are counted');
my @pages = (ids($answer));
my %seen;
while (my ($next) = ($answer->{headers}{link} // '') =~ /^<([^>]+)>; rel="next"$/)
{
	last if $seen{$next}++ || @pages > 10;
	$answer = get($next);
	push @pages, ids($answer);
}
is(join(' | ', @pages), 'Q09 Q08 Q07 | Q06 Q05 Q04 | Q03 Q02', 'page by page, each order once');
is($answer->{headers}{'total-count'}, 8, 'the last page is of as many');
ok(!defined $answer->{headers}{link}, 'and leads nowhere');
is(join(',', sort keys %{ $answer->{json}[0] }), 'cursor,orderId,orderQty', 'of the fields that were selected');
like(get('/queries/orders?count=estimated')->{headers}{'total-count'}, qr/^\d+$/, 'an estimate');
ok(!defined get('/queries/orders')->{headers}{'total-count'}, 'no count unasked');
ok(!defined $gateway->call(POST => '/queries/orders', { limit => 1 })->{headers}{link}, 'a search has no address to go on at');
is($gateway->call(POST => '/queries/orders?count=exact', { where => { account => 'A' }, limit => 1 })->{headers}{'total-count'}, 4, 'but a count');

# ---- forms ----

$answer = get('/queries/orders?account=A&orderBy=orderId&select=orderId', Accept => 'application/x-ndjson');
is($answer->{headers}{'content-type'}, 'application/x-ndjson', 'lines');
is(join(' ', map { decode_json($_)->{orderId} } split /\n/, $answer->{content}), 'Q03 Q05 Q07 Q09', 'a row each');
$answer = get('/queries/orders?orderId=Q01&select=orderId,price,text,attributes,attributes.sector,closed,account', Accept => 'text/csv');
is($answer->{headers}{'content-type'}, 'text/csv; charset=utf-8; header=present', 'a CSV');
is($answer->{content}, "\xEF\xBB\xBForderId,price,text,attributes,attributes.sector,closed,account\r\n"
	. qq(Q01,123456789012345678.12345678901234567899,"'=cmd()""a,b""","{""deep"": [1, ""\\""x\\""""], ""sector"": ""TELCO""}",TELCO,false,\r\n), 'exact, quoted, no formula, empty where it is null');
$answer = get('/queries/orders?account=B&orderBy=orderId', Accept => 'text/csv');
my ($head, @lines) = split /\r\n/, substr $answer->{content}, 3;
is($head, $node->safe_psql('postgres', "SELECT string_agg(field, ',') FROM oms.list_fields('orders')"), 'without a selection it has all columns');
is(scalar @lines, 4, 'and what was asked for');
$answer = get('/queries/order-events?aggregateId=Q09&orderBy=sequence&select=eventType,state.status', Accept => 'text/csv');
is($answer->{content}, "\xEF\xBB\xBFeventType,state.status\r\nOrderCreated,NEW\r\nOrderCancelled,CANCELLED\r\n", 'of events');
like(get('/queries/order-events?aggregateId=Q09', Accept => 'text/csv')->{content}, qr/^\xEF\xBB\xBFsequence,aggregateId,.*\r\n\d+,Q09,/, 'with the columns of events');

# ---- one object, and what it was ----

$answer = get('/queries/orders/Q09');
is($answer->{json}{status}, 'CANCELLED', 'an object');
is($answer->{headers}{etag}, '"2"', 'its version');
is($gateway->call(POST => '/commands/orders', { commandType => 'UpdateOrderCommand', orderId => 'Q08', text => 'x' }, 'If-Match' => get('/queries/orders/Q08')->{headers}{etag})->{status}, 200, 'is for If-Match');
is($gateway->call(POST => '/commands/orders', { commandType => 'UpdateOrderCommand', orderId => 'Q08', text => 'y' }, 'If-Match' => '"1"')->{status}, 412, 'another one is not');
my $created = $node->safe_psql('postgres', q(SELECT payload ->> 'occurredAt' FROM oms.order_events WHERE aggregate_id = 'Q09' AND version = 1));
my $later = $node->safe_psql('postgres', q(SELECT to_char((max(occurred_at) + interval '1 us') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') FROM oms.order_events));
is(get("/queries/orders/Q09?at=$later")->{json}{status}, 'CANCELLED', 'as it stood later');
is(get('/queries/orders/Q09?at=2001-01-01T00:00:00Z')->{status}, 404, 'before it was');
is(get('/queries/executions/X1')->{json}{lastQty}, 50, 'an execution');
is(get("/queries/executions/X1?at=$later")->{json}{executionId}, 'X1', 'as it was');
is(get('/queries/orders/Q09/history')->{json}[1]{eventType}, 'OrderCancelled', 'a history, the first event first');
is(scalar @{ get('/queries/orders/Q09/history?version=1')->{json} }, 1, 'a part of it');
is(ids(get('/queries/orders/Qp1/tree?select=orderId')), 'Qp Qp1 Qp2', 'the tree of any order in it, from its root down');
is(ids(get("/queries/orders/Qp2/tree?at=$later")), 'Qp Qp1 Qp2', 'as it was');
my ($link) = get('/queries/orders/Qp/tree?limit=2&select=orderId')->{headers}{link} =~ /^<([^>]+)>/;
is(ids(get($link)), 'Qp2', 'page by page too');
is($gateway->call(HEAD => '/queries/orders')->{status}, 200, 'a head alone');

# ---- nothing is written, and nobody sees more than he may ----

$node->safe_psql('postgres', q(
	CREATE FUNCTION public.sneak() RETURNS boolean LANGUAGE plpgsql AS $$BEGIN PERFORM oms_command('{"commandType": "CreateOrderCommand", "orderId": "SNEAK", "symbol": "X", "side": "BUY", "orderQty": 1}'); RETURN true; END$$;
	CREATE ROLE sneaked LOGIN IN ROLE pg_read_all_data;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA oms, public TO sneaked; GRANT USAGE ON SCHEMA oms TO sneaked;
	CREATE POLICY sneaky ON oms.orders TO sneaked USING (public.sneak()); SELECT oms.protect('oms.orders');));
my $sneaky = gateway_start(undef, name => 'sneaky', auth => 'login', 'pool.size' => 1, dsn => gateway_dsn($node, user => 'sneaked'));
isnt($sneaky->call(GET => '/queries/orders')->{status}, 200, 'a policy that writes is refused');
is($node->safe_psql('postgres', "SELECT count(*) FROM oms.orders WHERE id = 'SNEAK'"), 0, 'and wrote nothing');
$sneaky->stop;
$node->safe_psql('postgres', q(DROP POLICY sneaky ON oms.orders; SELECT oms.protect('oms.orders'); DROP OWNED BY sneaked; DROP ROLE sneaked; DROP FUNCTION public.sneak()));

# ---- streams ----

# 10,000 rows of 4 kB: more than fits in any buffer on the way.
$node->safe_psql('postgres', q(SELECT count(*) FROM generate_series(1, 20) AS n, oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', format('S%s-%s', n, i),
	'symbol', 'BIG', 'side', 'BUY', 'orderQty', 1, 'text', repeat('x', 4000))) FROM generate_series(1, 250) AS i))));
$answer = get('/queries/orders?symbol=BIG&limit=5000', Accept => 'application/x-ndjson');
is(scalar(() = $answer->{content} =~ /\n/g), 5000, 'all rows of a large answer');
ok(length $answer->{content} > 20_000_000, 'that is larger than what is kept of it');
is(ids(get('/queries/orders?symbol=BIG&limit=5000&select=orderId')) =~ tr/ //, 4999, 'as JSON too');

my @lazy = map { my $client = $gateway->client; $client->write("GET /queries/orders?symbol=BIG&limit=5000 HTTP/1.1\r\nHost: localhost\r\n\r\n"); $client } 1 .. 2;
ok(wait_for(sub { $node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'ClientWrite')) == 2 }, 120, 'two readers that do not read'), 'two that do not read hold their connections');
is(ids(get('/queries/orders?orderId=Q02')), 'Q02', 'others are answered');
ok(defined $lazy[0]->answer, 'one reads after all, and gets it all');

# The server ends the connection of the other one half way: what it gets must not look whole.
$node->safe_psql('postgres', q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'ClientWrite'));
my $rest = $lazy[1]->rest;
unlike($rest, qr/\r\n0\r\n\r\n\z/, 'an answer that was cut off has no end');
like($rest, qr/^HTTP\/1\.1 200/, 'though it began well');
is(ids(get('/queries/orders?orderId=Q02')), 'Q02', 'the next one is answered');

# One that goes away frees its connection.
my $gone = $gateway->client;
$gone->write("GET /queries/orders?symbol=BIG&limit=5000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
ok(wait_for(sub { $node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'ClientWrite')) == 1 }, 120, 'it reads no more'), 'one begins');
close $gone->{socket};
ok(wait_for(sub { $node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'ClientWrite')) == 0 }, 120, 'its query to end'), 'and goes: its query ends');

$gateway->stop;
unlike($gateway->log, qr/ERROR|runtime error|Sanitizer/, 'nothing went wrong inside');
is($node->safe_psql('postgres', 'SELECT count(*) FROM oms.verify()'), 0, 'what is stored is sound');
done_testing();
