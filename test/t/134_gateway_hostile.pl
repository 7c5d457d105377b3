# Clients that mean no good, and those that are merely many or slow: what is ambiguous is refused before anything is done, byte for byte
# as it was sent, and nobody keeps the others out.
#
# Broken by: taking a request that a proxy in front may read as two, by its lengths, its line ends, its lines that go on, its zeros or its
# chunks; answering such a one and going on with its connection; a time-out that a byte a second puts off; a limit on connections that nobody is
# told of; a body of no stated length without a bound.

use strict;
use warnings;

use lib 'test/lib';
use IO::Select;
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = oms_node('main');
my $gateway = gateway_start($node, name => 'hostile', auth => 'login', 'pool.size' => 2, 'server.names' => 'localhost,oms.example', 'head.timeout' => '2s',
	'body.timeout' => '2s', 'idle.timeout' => '3s');

my $count = 0;
sub body { $count++; return qq({"commandType": "CreateOrderCommand", "orderId": "H$count", "clOrdID": "h$count", "symbol": "VOD", "side": "BUY", "orderQty": 1}); }
sub stored { return $node->safe_psql('postgres', q(SELECT count(*) FROM oms.orders)); }

# What comes back for these bytes, until the connection ends or nothing came for a while.
sub send_bytes
{
	my ($bytes) = @_;
	my $client = $gateway->client;
	$client->write($bytes);
	return $client->rest;
}

# smuggled(NAME, HEAD, BODY): refused with one answer, the connection closed, nothing done; the request hidden behind it is never seen.
sub smuggled
{
	my ($name, $head, $content, $status) = @_;
	my $before = stored();
	my $hidden = body();
	my $got = send_bytes($head . "\r\n\r\n$content" . "POST /commands/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " . length($hidden) . "\r\n\r\n$hidden");
	my @answers = $got =~ m{^HTTP/1\.1 (\d+)}mg;
	$status //= 400;
	# libmicrohttpd says the head of its own refusals twice
	like("@answers", qr/^$status(?: $status)?$/, "$name: $status and nothing else") or diag($got);
	is(stored(), $before, "$name: nothing was done");
	return;
}

my $line = "POST /commands/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json";
my $ok = body();
my $len = length $ok;
like(send_bytes("$line\r\nContent-Length: $len\r\nConnection: close\r\n\r\n$ok"), qr{^HTTP/1\.1 200}, 'the same without the fault');
is(stored(), 1, 'it is there');

smuggled('both lengths', "$line\r\nContent-Length: $len\r\nTransfer-Encoding: chunked", "0\r\n\r\n");
smuggled('both, the other way round', "$line\r\nTransfer-Encoding: chunked\r\nContent-Length: $len", "0\r\n\r\n");
smuggled('two lengths', "$line\r\nContent-Length: $len\r\nContent-Length: 0", $ok);
smuggled('two lengths that are one', "$line\r\nContent-Length: $len\r\nContent-Length: $len", $ok);
smuggled('a list of lengths', "$line\r\nContent-Length: $len, $len", $ok);
smuggled('a signed length', "$line\r\nContent-Length: +$len", $ok);
smuggled('a length in hexadecimal', "$line\r\nContent-Length: 0x10", $ok);
smuggled('chunked said otherwise', "$line\r\nTransfer-Encoding: $_", "0\r\n\r\n") foreach 'xchunked', 'chunked, identity', 'gzip, chunked', 'identity', "\x0bchunked";
smuggled('two Transfer-Encodings', "$line\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n");
smuggled('two Hosts', "$line\r\nHost: localhost\r\nContent-Length: $len", $ok);
smuggled('no Host', "POST /commands/orders HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: $len", $ok);
smuggled('a Host that is not ours', "POST /commands/orders HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/json\r\nContent-Length: $len", $ok);
smuggled('a space before the colon', "$line\r\nContent-Length : $len", $ok);
smuggled('a control byte in a value', "$line\r\nX-A: a\x01b\r\nContent-Length: $len", $ok);
smuggled('a header whose name is no token', "$line\r\nX(A): b\r\nContent-Length: $len", $ok);
smuggled('what it does not expect', "$line\r\nExpect: 200-ok\r\nContent-Length: $len", $ok, 417);
# What libmicrohttpd reads in a way of its own: what a proxy takes for a part of a value, or for the next line, must not be a header here.
smuggled('a length that stands in the next line', "$line\r\nContent-Length:\r\n $len", $ok);
smuggled('a value that goes on', "$line\r\nX-A: b\r\n\tc\r\nContent-Length: $len", $ok);
smuggled('chunked in the next line', "$line\r\nTransfer-Encoding:\r\n chunked", "0\r\n\r\n");
smuggled('a name made of two lines', "$line\r\nContent: $len\r\n -Length", $ok);
smuggled('the last header goes on', "$line\r\nContent-Length: $len\r\nX-A: b\r\n c", $ok);
smuggled('lines that end with LF', ($line =~ s/\r//gr) . "\nContent-Length: $len", $ok);
smuggled('one that does', "$line\r\nX-A: b\nContent-Length: $len", $ok);
smuggled('a length behind LF', "$line\r\nX-A: b\nTransfer-Encoding: chunked", "0\r\n\r\n");
smuggled('CR alone', "$line\rX-A: b\r\nContent-Length: $len", $ok);
smuggled('a zero in a value', "$line\r\nX-A: b\0c\r\nContent-Length: $len", $ok);
smuggled('a zero in a length', "$line\r\nContent-Length: $len\0 0", $ok);
smuggled('a zero behind chunked', "$line\r\nTransfer-Encoding: chunked\0", "0\r\n\r\n");
smuggled('a zero in the target', "POST /commands/orders\0x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: $len", $ok);
smuggled('two spaces in the first line', "POST  /commands/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: $len", $ok);
like(send_bytes("GET /queries/orders?limit=1 HTTP/1.1\r\nHost: localhost\n\nGET /queries/orders?limit=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"), qr{^HTTP/1\.1 400(?!.*^HTTP)}ms, 'a head that ends with LF twice is refused, and what is behind it is not read');

# Where a body in chunks ends is a matter of taste too, so nothing is read behind it.
sub chunked
{
	my ($name, $chunks, $status) = @_;
	my $before = stored();
	my $hidden = body();
	my $got = send_bytes("$line\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}POST /commands/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " . length($hidden) . "\r\n\r\n$hidden");
	is(join(' ', $got =~ m{^HTTP/1\.1 (\d+)}mg), $status, "$name: $status and nothing else");
	is(stored() - $before, $status eq '200' ? 1 : 0, "$name: nothing that was hidden is done");
	return;
}

sub in_chunks { my ($size, $end, $more) = @_; my $content = body(); return sprintf("$size$end%s\r\n0$end", length $content, $content) . ($more // '') . "\r\n"; }

chunked('chunks', in_chunks('%x', "\r\n"), 200);
chunked('something behind a length', in_chunks('%x;a=b', "\r\n"), 200);
chunked('LF behind it', in_chunks('%x;a', "\n"), 200);
chunked('zeros before it', in_chunks('%020x', "\r\n"), 200);
chunked('a header behind the body', in_chunks('%x', "\r\n", "Content-Length: 5\r\nHost: evil\r\n"), 200);
chunked("a length with $_", in_chunks("$_%x", "\r\n"), 400) foreach '+', '-', '0x', ' ';
chunked('a length that is too large', in_chunks('1%016x', "\r\n"), 413);
like(send_bytes("POST /commands/orders HTTP/1.1\r\nHost: oms.example:80\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: $len\r\n\r\n$ok"), qr{^HTTP/1\.1 409}, 'another name of ours');
my $stored = stored();
foreach my $bytes ("\x16\x03\x01\x02\x00\x01\x00", "\0" x 200, "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\r\n" x 100, "x" x 100_000, "GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n")
{
	unlike(send_bytes($bytes), qr{^HTTP/1\.1 [25]\d\d (?!HTTP)}, 'no request: ' . substr($bytes =~ s/[^\x20-\x7e]/./gr, 0, 40));
}
is(stored(), $stored, 'nothing came of any of it');

# ---- those who are slow ----

my $since = time;
my @slow = map { $gateway->client } 1 .. 4;
my @ends;
my $head = "$line\r\nX-Slow: ";
$slow[0]->write('');
$slow[1]->write("$line\r\nContent-Length: 1000\r\n\r\n{");
$slow[2]->write($head);
$slow[3]->call(POST => '/commands/orders', body());
while (grep({ !defined } @ends[ 0 .. 3 ]) && time < $since + 60)
{
	foreach my $i (0 .. 3)
	{
		next if defined $ends[$i];
		$slow[$i]->write('x') if $i == 1 || $i == 2;
		$ends[$i] = time - $since if IO::Select->new($slow[$i]{socket})->can_read(0.05) && !sysread $slow[$i]{socket}, my $bytes, 1000;
	}
}
ok(defined $ends[0] && $ends[0] >= 1.5, 'who says nothing is closed, in time');
ok(defined $ends[1] && $ends[1] >= 1.5, 'a body that comes byte by byte is too');
ok(defined $ends[2] && $ends[2] >= 1.5, 'and a head');
ok(defined $ends[3] && $ends[3] >= 2.5, 'and who has no next request');
is($gateway->call(POST => '/commands/orders', body())->{status}, 200, 'others are served');

is($gateway->stop(30), 0, 'the gateway stops');
$gateway = gateway_start($node, name => 'many', auth => 'login', 'pool.size' => 2, 'address.connections' => 40, 'connections.max' => 60, 'head.timeout' => '5s');

# ---- bodies that are too large ----

my $client = $gateway->client;
$client->write("$line\r\nTransfer-Encoding: chunked\r\n\r\n");
my $chunk = sprintf "%x\r\n%s\r\n", 65536, ' ' x 65536;
$client->write($chunk) foreach 1 .. 20;
$client->write("0\r\n\r\n");
is(($client->answer // { status => 'none' })->{status}, 413, 'a body without a stated length that is too large is told so');
$client = $gateway->client;
$client->write("$line\r\nTransfer-Encoding: chunked\r\n\r\n");
my $sent = 0;
while ($sent < 1000 && $client->write($chunk)) { $sent++; }
ok($sent < 1000, 'one without an end is cut off');
$client = $gateway->client;
$client->write("$line\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
unlike($client->rest, qr{^HTTP/1\.1 200}, 'a chunk that is none');

# ---- too many connections ----

my @many = map { $gateway->client } 1 .. 40;
wait_for(sub { $client = $gateway->client; ($client->call(POST => '/commands/orders', body())->{status} // 0) == 503 }, 60, 'the limit');
$client = $gateway->client;
my $answer = $client->call(POST => '/commands/orders', body());
is($answer->{status}, 503, 'one address has only so many connections');
like($answer->{json}{detail}, qr/40 from one address/, 'and is told');
ok($answer->{headers}{'retry-after'} && $client->closed, 'to come again, and closed');
is($many[20]->call(POST => '/commands/orders', body())->{status}, 200, 'who is in is served');
undef @many;
ok(wait_for(sub { $gateway->call(POST => '/commands/orders', body())->{status} == 200 }, 60, 'room'), 'and there is room again');

my $memory = $gateway->memory;
# Of some that close behind half a request libmicrohttpd sees the end only when their time is over.
foreach my $round (1 .. 2) { my @some = map { $gateway->client } 1 .. 100; $_->write("POST /x") foreach @some; }
ok(wait_for(sub { $gateway->call(POST => '/commands/orders', body())->{status} == 200 }, 60, 'room'), 'more than there may be, that come and go');
cmp_ok($gateway->memory, '<', $memory + 100_000, 'leave nothing behind');
is($node->safe_psql('postgres', 'SELECT count(*) FROM oms.verify()'), 0, 'the store holds together');
is($gateway->stop(30), 0, 'the gateway stops');
unlike($gateway->log, qr/Sanitizer|runtime error/, 'and the sanitizers found nothing');

done_testing();
