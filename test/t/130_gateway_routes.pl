# The routes that write: each with what it answers, and each error with its status. The routes that ask are in 135.
#
# Broken by: a status that is not the contract's; a body that is not PostgreSQL's, byte for byte; a header that overrules the body; a
# limit without an error of its own; a stop that leaves a request without its answer.

use strict;
use warnings;

use Encode qw(decode_utf8 encode_utf8);
use IO::Select;

use lib 'test/lib';
use FixMessage;
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = oms_node('main');
my $gateway = gateway_start($node, name => 'routes', auth => 'login', 'pool.size' => 2);
my $client = $gateway->client;
my $dbh = oms_dbh($node);

sub create
{
	my ($id, %more) = @_;
	return { commandType => 'CreateOrderCommand', orderId => $id, clOrdID => "cl-$id", symbol => 'VOD', side => 'BUY', orderQty => 100, %more };
}

sub post { my (@request) = @_; return $client->call(POST => @request); }

# is_refused(ANSWER, STATUS, SQLSTATE, NAME): the contract's refusal under this status.
sub is_refused
{
	my ($answer, $status, $sqlstate, $name) = @_;
	is("$answer->{status} $answer->{headers}{'content-type'} " . ($answer->{json}{error}{sqlstate} // '-'), "$status application/problem+json $sqlstate", $name) or diag($answer->{content});
	return;
}

# What the gateway itself refuses: RFC 9457's members.
sub is_own
{
	my ($answer, $status, $detail, $name) = @_;
	is("$answer->{status} $answer->{json}{status} $answer->{headers}{'content-type'}", "$status $status application/problem+json", $name) or diag($answer->{content});
	like($answer->{json}{detail}, $detail, "$name: it says why");
	return;
}

# ---- one command ----

my $answer = post('/commands/orders', create('O1'));
is($answer->{status}, 200, 'a command');
is($answer->{headers}{'content-type'}, 'application/json', 'its answer is JSON');
is($answer->{json}{state}{orderId}, 'O1', 'it has the state');
is($answer->{json}{commandId}, $answer->{headers}{'command-id'}, 'the commandId that was made for it is told');
like($answer->{headers}{'x-request-id'}, qr/^[0-9a-f]{16}-[0-9a-f]+$/, 'so is the request');

my $command = create('O2', commandId => 'own', price => '123456789012345678.123456789', ordType => 'LIMIT');
$answer = post('/commands/orders', $command);
my $repeat = $dbh->selectrow_array('SELECT oms_try_command($1::jsonb)', undef, JSON::PP->new->encode($command));
my $again = post('/commands/orders', $command);
is($again->{content}, $repeat, "a repeat's answer is PostgreSQL's, byte for byte");
ok($again->{json}{duplicate} && !$answer->{json}{duplicate}, 'and tells that it is one');
like($answer->{content}, qr/"price": 123456789012345678\.123456789[,}]/, 'no digit is lost');

$answer = post('/commands/orders', create('O3'), 'Idempotency-Key' => 'key-3');
is($answer->{json}{commandId}, 'key-3', 'Idempotency-Key is the commandId');
is(post('/commands/orders', create('O3'), 'Idempotency-Key' => 'key-3')->{json}{duplicate}, JSON::PP::true, 'the same key again is a repeat');
is_refused(post('/commands/orders', create('O4'), 'Idempotency-Key' => 'key-3'), 409, 'OM007', 'the same key with another command');
is_own(post('/commands/orders', create('O4', commandId => 'a'), 'Idempotency-Key' => 'b'), 400, qr/not the same/, 'a key that is not the body\'s');
is(post('/commands/orders', create('O4', commandId => 'a'), 'Idempotency-Key' => 'a')->{status}, 200, 'one that is');
is_own(post('/commands/orders', create('O5'), 'Idempotency-Key' => "a\x{e9}"), 400, qr/Idempotency-Key/, 'a key that is no ASCII');

is_refused(post('/commands/orders', { commandType => 'UpdateOrderCommand', orderId => 'O1', text => 't' }, 'If-Match' => '"7"'), 412, 'OM006', 'a version that it does not have');
is(post('/commands/orders', { commandType => 'UpdateOrderCommand', orderId => 'O1', text => 't' }, 'If-Match' => '"1"')->{json}{state}{version}, 2, 'the one that it has');
is_refused(post('/commands/orders', { commandType => 'UpdateOrderCommand', orderId => 'O1', text => 'u', expectedVersion => 1 }), 409, 'OM006', 'in the body it is a conflict');
is_own(post('/commands/orders', { commandType => 'UpdateOrderCommand', orderId => 'O1', text => 'u' }, 'If-Match' => $_), 400, qr/one version in quotes/, "If-Match $_")
  foreach '7', '*', '"x"', '"1", "2"', 'W/"1"';

is(post('/commands/executions', { commandType => 'ExecuteOrderCommand', orderId => 'O1', execID => 'e1', lastQty => 3, lastPx => 5 })->{status}, 200, 'executions');
is(post('/commands/quote-requests', { commandType => 'CreateQuoteRequestCommand', quoteRequestId => 'R1', symbol => 'VOD', side => 'BUY', orderQty => 10 })->{status}, 200, 'quote requests');
is(post('/commands/quotes', { commandType => 'CreateQuoteCommand', quoteId => 'Q1', quoteRequestId => 'R1', dealer => 'D', offerPx => 5, offerSize => 10 })->{status}, 200, 'quotes');
is_own(post('/commands/orders', { commandType => 'ExecuteOrderCommand', orderId => 'O1' }), 400, qr{goes to /commands/executions}, 'the wrong object');
is_own(post('/commands/clouds', create('O6')), 404, qr/no commands of "clouds"/, 'no object');

# ---- every error has its status ----

is_refused(post('/commands/orders', create('E1', nosuch => 1)), 400, 'OM001', 'an unknown field');
is_refused(post('/commands/orders', { commandType => 'NoSuchCommand' }), 400, 'OM002', 'an unknown command');
is_refused(post('/commands/orders', { commandType => 'CancelOrderCommand', orderId => 'nobody' }), 404, 'OM003', 'no such order');
post('/commands/orders', { commandType => 'CancelOrderCommand', orderId => 'O3' });
is_refused(post('/commands/orders', { commandType => 'CancelOrderCommand', orderId => 'O3' }), 409, 'OM004', 'no such transition');
is_refused(post('/commands/orders', { commandType => 'CreateOrderCommand', parentId => 'O1', orderQty => 1000 }), 422, 'OM005', 'a rule');
is_refused(post('/commands/orders', create('O1')), 409, 'OM007', 'an id that is taken');
is_refused(post('/commands/orders', '{"commandType": '), 400, '22P02', 'no JSON');
is_refused(post('/commands/orders', '[1]'), 400, 'OM001', 'no object');
is_refused(post('/commands/orders', "{\"commandType\": \"CreateOrderCommand\", \"text\": \"\xff\"}"), 400, '22021', 'no UTF-8');
is_refused(post('/services/NoSuchService', {}), 404, 'OM003', 'no such service');
is_refused(post('/fix', 'nonsense', 'Content-Type' => 'text/plain'), 400, 'OM009', 'no FIX message');
is($node->safe_psql('postgres', q(SELECT count(*) > 5 FROM oms.rejected_commands)), 't', 'what was refused is kept');

my $locker = oms_dbh($node, autocommit => 0);
my $hold = sub { $locker->selectrow_array(q(SELECT oms_command('{"commandType": "UpdateOrderCommand", "orderId": "O1", "text": "held"}'))) };
$node->safe_psql('postgres', q(ALTER DATABASE postgres SET lock_timeout = '300ms'));
# a browser says for every page who its user is, and a body of text needs no preflight: another site's page changes nothing
is_deeply([ map { $gateway->call(POST => '/fix', 'x', 'Content-Type' => 'text/plain', %$_)->{status} } { Origin => 'http://evil' }, { 'Sec-Fetch-Site' => 'cross-site' }, { 'Sec-Fetch-Site' => 'same-site', Origin => 'http://localhost' }, { Origin => 'null' } ],
	[ (403) x 4 ], "another site's page is refused where nothing but the network says who asks");
isnt($gateway->call(POST => '/fix', 'x', 'Content-Type' => 'text/plain', %$_)->{status}, 403, 'our own page is not, nor a program') foreach { Origin => 'http://localhost' }, { 'Sec-Fetch-Site' => 'same-origin', Origin => 'https://desk.example' }, {};

my $impatient = gateway_start($node, name => 'impatient', auth => 'login', 'pool.size' => 1);
$hold->();
my $update = { commandType => 'UpdateOrderCommand', orderId => 'O1', text => 'waits' };
$answer = $impatient->call(POST => '/commands/orders', $update);
is_refused($answer, 503, '55P03', 'a lock that was not had in time');
is($answer->{headers}{'retry-after'}, 1, 'come again');
is($impatient->stop(30), 0, 'the gateway stops');
$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET lock_timeout');
$impatient = gateway_start($node, name => 'timed', auth => 'login', 'pool.size' => 1, 'command.timeout' => '300ms');
is_refused($impatient->call(POST => '/commands/orders', $update), 504, '57014', 'a command that took too long');
is($impatient->stop(30), 0, 'the gateway stops');

# ---- a queue that is full, and one that does not move ----

# One connection, which waits for the lock; of two more requests one waits for the connection, and the other is one too many.
my $narrow = gateway_start($node, name => 'narrow', auth => 'login', 'pool.size' => 1, 'pool.queue' => 1, 'queue.timeout' => '60s', 'command.timeout' => '60s');
my @waiting = map { $narrow->client } 1 .. 3;
my $bytes = JSON::PP->new->encode($update);
my $request = "POST /commands/orders HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: " . length($bytes) . "\r\n\r\n$bytes";
$waiting[0]->write($request);
ok(wait_for(sub { $node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock')) == 1 }, 60, 'the lock to be waited for'), 'one waits for the lock');
$_->write($request) foreach @waiting[ 1, 2 ];
my ($first) = IO::Select->new(map { $_->{socket} } @waiting)->can_read(60);
my ($refused) = grep { $waiting[$_]{socket} == $first } 1, 2;
is_own((splice @waiting, $refused, 1)->answer, 503, qr/wait for a connection/, 'one too many');

# A stop closes the door, and answers who is inside.
$narrow->signal('TERM');
ok(wait_for(sub { !$narrow->connects }, 60, 'the door to be closed'), 'a stop closes the door');
$locker->rollback;
foreach (@waiting) { my $got = $_->answer; is($got->{status}, 200, 'and answers who is inside') or diag($got->{content}); }
is($narrow->wait_exit(30), 0, 'then it ends');

$hold->();
$narrow = gateway_start($node, name => 'slow', auth => 'login', 'pool.size' => 1, 'queue.timeout' => '300ms', 'command.timeout' => '60s');
$waiting[0] = $narrow->client;
$waiting[0]->write($request);
ok(wait_for(sub { $node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock')) == 1 }, 60, 'the lock to be waited for'), 'one waits for the lock');
is_own($narrow->call(POST => '/commands/orders', create('Q2')), 503, qr/no connection .* came in time/, 'and keeps the connection');
$locker->rollback;
is($waiting[0]->answer->{status}, 200, 'until it is done');
is($narrow->call(POST => '/commands/orders', create('Q2'))->{status}, 200, 'then it goes on');
is($narrow->stop(30), 0, 'the gateway stops');
$locker->disconnect;

# ---- several ----

$answer = post('/commands', [ create('B1'), create('B2', commandId => 'mine'), create('B3') ], 'Idempotency-Key' => 'b');
is_deeply([ map { $_->{commandId} } @{ $answer->{json} } ], [ 'b:1', 'mine', 'b:3' ], 'an array has a result for each');
is_refused(post('/commands', [ create('B4'), create('B1') ]), 409, 'OM007', 'the first refusal refuses all');
is($node->safe_psql('postgres', q(SELECT count(*) FROM oms.orders WHERE id = 'B4')), 0, 'nothing of it is there');
$answer = post('/commands?atomic=false', [ create('B5'), create('B1'), create('B6') ]);
is_deeply([ map { $_->{status} } @{ $answer->{json} } ], [qw(ACCEPTED REJECTED ACCEPTED)], 'or only itself');
is_deeply(post('/commands', [])->{json}, [], 'none at all');
is_refused(post('/commands', {}), 400, 'OM001', 'no array');
is_own(post('/commands?atomic=perhaps', []), 400, qr/atomic/, 'atomic is true or false');
is_own(post('/commands?nosuch=1', []), 400, qr/nosuch/, 'what the route does not know');

# ---- FIX and services ----

my %fix = (sender => 'C', target => 'B', time => '20260301-10:00:00');
my $fix = fix_message(%fix, type => 'D', fields => [ 11 => 'F1', 55 => 'VOD', 54 => 1, 38 => 10, 40 => 1, 60 => '20260301-10:00:00', 58 => "Gr\xfc\xdfe" ]);
$answer = post('/fix', $fix, 'Content-Type' => 'application/octet-stream');
is($answer->{status}, 200, 'a FIX message') or diag($answer->{content});
is($answer->{json}{results}[0]{state}{text}, "Gr\x{fc}\x{df}e", 'as the bytes of the wire');

# Many: one result each, in their order; what is refused costs the others nothing, unless it is said.
# Lengths and sums are of bytes.
sub new_order { my ($id, @more) = @_; return decode_utf8 fix_message(%fix, type => 'D', fields => [ 11 => $id, 55 => 'VOD', 54 => 1, 38 => 10, 40 => 1, 60 => '20260301-10:00:00', @more ]); }

$answer = post('/fix', [ new_order('M1', 58 => "say \"x\" | " . encode_utf8("\x{4e2d}")), 'nonsense', fix_message(%fix, type => '0'), new_order('M2') ], 'X-Request-Id' => 'many');
is($answer->{status}, 200, 'an array of messages') or diag $answer->{content};
is(join(' ', map { $_->{status} } @{ $answer->{json} }), 'ACCEPTED REJECTED IGNORED ACCEPTED', 'a result for each, in their order');
is($answer->{json}[1]{error}{sqlstate}, 'OM009', 'with its refusal');
is($dbh->selectrow_array(q(SELECT string_agg(cl_ord_id || ' ' || coalesce(text, '-'), ', ' ORDER BY cl_ord_id) FROM oms.orders WHERE cl_ord_id LIKE 'M_')), encode_utf8("M1 say \"x\" | \x{4e2d}, M2 -"), 'they are there, as they were said');
is($dbh->selectrow_array(q(SELECT count(DISTINCT e.payload ->> 'correlationId') FROM oms.order_events AS e JOIN oms.orders AS o ON o.id = e.aggregate_id WHERE o.cl_ord_id LIKE 'M_' AND e.payload ->> 'correlationId' = 'many')), 1, "by the request's name");
is_refused(post('/fix?atomic=true', [ new_order('M3'), 'nonsense' ]), 400, 'OM009', 'all or none');
is($dbh->selectrow_array(q(SELECT count(*) FROM oms.orders WHERE cl_ord_id = 'M3')), 0, 'is none');
is(join(' ', map { $_->{status} } @{ post("/fix?$_", [ new_order("A$_" =~ tr/?&//dr . length), 'nonsense' ])->{json} }), 'ACCEPTED REJECTED', "unless it is said, each is for itself: /fix?$_") foreach '', '&', '&&';
is_deeply(post('/fix?atomic=false', [])->{json}, [], 'no message, no result');
my $answers = post('/fix', [ map { new_order("N$_") } 1 .. 300 ]);
is(scalar(@{ $answers->{json} }), 300, 'many');
is(join(' ', map { $_->{results}[0]{state}{clOrdID} } @{ $answers->{json} }), join(' ', map { "N$_" } 1 .. 300), 'in their order');
is(post('/fix', $_, 'Content-Type' => 'application/json')->{status}, 400, "no array: $_") foreach '{}', '"x"', '[', '1';
is_own(post('/fix?atomic=true', new_order('M4'), 'Content-Type' => 'text/plain'), 400, qr/for an array/, 'one message is asked for nothing');
is_own(post('/fix?limit=1', [ new_order('M4') ]), 400, qr/limit/, 'nor an array for anything else');

is(post('/fix', fix_message(%fix, type => '0', separator => '|'), 'Content-Type' => 'text/plain')->{json}{status}, 'IGNORED', 'a heartbeat');
$answer = post('/services/SubmitClientOrder', { orderId => 'V1', clOrdID => 'v1', symbol => 'VOD', side => 'BUY', orderQty => 100, ordType => 'LIMIT', price => 5, account => 'A' }, 'Idempotency-Key' => 'service');
is($answer->{status}, 200, 'a service') or diag($answer->{content});
is(post('/services/SubmitClientOrder', { orderId => 'V1', clOrdID => 'v1', symbol => 'VOD', side => 'BUY', orderQty => 100, ordType => 'LIMIT', price => 5, account => 'A' }, 'Idempotency-Key' => 'service')->{json}{duplicate},
	JSON::PP::true, 'its repeat');
is_refused(post('/services/CancelClientOrder', { orderId => 'nobody' }), 404, 'OM003', 'and what it refuses');

# ---- what is no request of ours ----

is_own(post('/nowhere', {}), 404, qr/no such route/, 'no route');
$answer = $client->call(GET => '/commands/orders');
is_own($answer, 405, qr/POST/, 'no such method');
is($answer->{headers}{allow}, 'POST', 'Allow says which there are');
is_own(post('/commands/orders', '{}', 'Content-Type' => $_ // undef), 415, qr/application\/json/, 'a body of type ' . ($_ // 'none')) foreach undef, 'text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1';
is_own(post('/fix', '<x/>', 'Content-Type' => 'application/xml'), 415, qr/text\/plain/, 'FIX is no XML');
is_own(post('/commands/orders', ''), 400, qr/empty/, 'an empty body');
is_own(post('/commands/orders', "{\"commandType\": \"X\"}\0"), 400, qr/byte that is 0/, 'a NUL behind it');
is_own(post('/commands/%zz', {}), 400, qr/percent/, 'a path that cannot be decoded');
is_own($gateway->call(POST => '/commands/orders?' . 'x' x 9000, {}), 414, qr/./, 'a target that is too long');
# libmicrohttpd takes a target apart into the connection's memory: as many parts as there is room for in it.
foreach my $many (400, 1000, 4000)
{
	$answer = $gateway->call(GET => '/queries/orders?' . join('&', ('x') x $many), undef, 'X-Long' => 'x' x 15_000);
	is("$answer->{status} " . ($answer->{json}{error}{sqlstate} // $answer->{json}{detail}), $many > 1000 ? '400 more than 1000 values' : '400 OM010', "$many parts of a query, beside long headers");
}
is($gateway->call(GET => '/queries/orders?' . join('&', ('orderId=1') x 800))->{status}, 200, 'a condition of 800 values');
is_own($gateway->call(POST => '/commands/orders', {}, map { ("X-$_" => 'x') } 1 .. $_), 431, qr/headers/, "$_ headers too many") foreach 63, 100, 200;
is($gateway->call(POST => '/commands', [], map { ("X-$_" => 'x') } 1 .. 61)->{status}, 200, 'as many as there may be');
my $crowd = $gateway->client;
$crowd->write("GET /queries/orders HTTP/1.1\r\nHost: h\r\n" . "a:b\r\n" x 3000 . "\r\n");
is(($crowd->answer // { status => 'none' })->{status}, 431, 'far too many');
is_own($gateway->call(POST => '/commands/orders', {}, map { ("X-$_" => 'x' x 9000) } 1 .. 2), 431, qr/./, 'headers that are too long');
is($gateway->call(POST => '/commands/orders', create('long head'), 'X-Long' => 'x' x 15_000)->{status}, 200, 'those that are long enough are taken');
is($gateway->call(GET => '/queries/orders?select=' . join(',', ('orderId') x 1000), undef, 'X-Long' => 'x' x 15_000)->{status}, 400, 'beside a long target too');
is_own($gateway->call(POST => '/commands/orders', '{' . ' ' x 1_048_576), 413, qr/./, 'a body that is too large');
is($gateway->call(POST => '/commands', '[' . ' ' x 1_048_576 . ']')->{status}, 200, 'an array may be larger');
$client = $gateway->client;

# ---- the connection ----

$client->write($request x 3);
is($client->answer->{status}, 200, 'requests one behind the other are answered one behind the other') foreach 1 .. 3;
my $chunks = sprintf "POST /commands/orders HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n",
  10, substr($bytes, 0, 10), length($bytes) - 10, substr($bytes, 10);
$client->write($chunks);
$answer = $client->answer;
is($answer->{status}, 200, 'a body in chunks');
is($answer->{headers}{connection}, 'close', 'is the last that a connection has');
ok($client->closed, 'which is closed');
$client = $gateway->client;
$client->write("POST /commands/orders HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: " . length($bytes) . "\r\n\r\n");
ok($client->more && $client->{read} =~ m{^HTTP/1\.1 100}, 'who asks first is told to go on');
$client->write($bytes);
is($client->answer->{status}, 200, 'and is answered');
$answer = $client->call(POST => '/commands/orders', $update, Connection => 'close');
is($answer->{headers}{connection}, 'close', 'who wants to go is let go');
ok($client->closed, 'and the connection closed');

# ---- what would guard nothing ----

is_own($gateway->call(POST => '/session', { user => 'a', password => 'b' }), 404, qr/no sessions/, 'a login where there are none');
is_own($gateway->call(POST => '/session', '{' . ' ' x 8192 . '}'), 413, qr/./, 'whoever logs in has little to say');
is_own($gateway->call(POST => '/commands', [ create('G1'), create('G2', commandId => undef) ], 'Idempotency-Key' => 'g'), 400, qr/command 2 is null/, 'an id that is null');
is_own($gateway->call(POST => '/commands', [ create('G1') ], 'If-Match' => '"1"'), 400, qr/If-Match/, 'a version for several commands');
is_own($gateway->call(POST => '/fix', '8=FIX.4.4|', 'Content-Type' => 'text/plain', $_ => '"1"'), 400, qr/$_/, "$_ beside a FIX message") foreach qw(Idempotency-Key If-Match);
is($node->safe_psql('postgres', q(SELECT count(*) FROM oms.orders WHERE id LIKE 'G_')), 0, 'nothing of it was done');

is($node->safe_psql('postgres', 'SELECT count(*) FROM oms.verify()'), 0, 'the store holds together');
$dbh->disconnect;
is($gateway->stop(30), 0, 'the gateway stops');
unlike($gateway->log, qr/Sanitizer|runtime error/, 'and the sanitizers found nothing');

done_testing();
