# What the gateway bounds and asks beside requests: the bytes of all bodies together, failures of logins that are nobody's guess, and
# whether PostgreSQL answers where nobody is logged in.
#
# Broken by: a body that is counted by what its head says, or never given back; a refusal that a full house gives to whoever has a small
# body; a server that is down, a login that has its connections, or a database that there is not, counted as a wrong password; /readyz that
# says yes without PostgreSQL, or no because it asks for a password.

use strict;
use warnings;

use lib 'test/lib';
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = oms_node('main');
$node->safe_psql('postgres', <<'SQL');
SELECT oms.create_roles();
CREATE ROLE alice LOGIN PASSWORD 'a secret' IN ROLE oms_trader;
CREATE ROLE full LOGIN PASSWORD 'no room' CONNECTION LIMIT 0 IN ROLE oms_trader;
SQL
my $hba = slurp_file($node->data_dir . '/pg_hba.conf');
open my $file, '>', $node->data_dir . '/pg_hba.conf' or die $!;
print $file "local all alice,full scram-sha-256\n$hba";
close $file;
$node->reload;

# ---- all bodies together ----

my $gateway = gateway_start($node, name => 'bodies', auth => 'login', 'pool.size' => 2, 'body.timeout' => '600s', 'idle.timeout' => '600s',
	config => { 'body.max' => '64kB', 'batch.max' => '64kB', 'bodies.max' => '100kB' });
my $count = 0;

# An order in so many bytes: JSON may end with blanks.
sub body
{
	my ($bytes) = @_;
	$count++;
	my $order = qq({"commandType": "CreateOrderCommand", "orderId": "B$count", "clOrdID": "b$count", "symbol": "VOD", "side": "BUY", "orderQty": 1});
	return $order . ' ' x ($bytes - length $order);
}

sub post { my ($bytes) = @_; return $gateway->call(POST => '/commands/orders', body($bytes)); }
sub held { my ($bytes) = @_; return wait_for(sub { $gateway->metric('oms_gateway_bodies_bytes') == $bytes }, 120, "$bytes bytes of bodies"); }

my $head = "POST /commands/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
my ($slow, $chunked, $words) = map { $gateway->client } 1 .. 3;
my $large = body(60_000);
$words->write("${head}Content-Length: 60000\r\n\r\n");
$slow->write("${head}Content-Length: 60000\r\n\r\n" . substr $large, 0, 59_999);
ok(held(59_999), 'a body counts as it comes, and not as its head says');
my $answer = post(60_000);
is($answer->{status}, 503, 'no room for another of its size');
like($answer->{json}{detail}, qr/^the bodies of all requests together are too large/, 'and why');
ok($answer->{headers}{'retry-after'}, 'to come again');
$chunked->write("${head}Transfer-Encoding: chunked\r\n\r\n" . join '', map { sprintf "%x\r\n%s\r\n", 10_000, ' ' x 10_000 } 1 .. 6);
$chunked->write("0\r\n\r\n");
is(($chunked->answer // { status => 'none' })->{status}, 503, 'nor for one of no stated length');
is(post(400)->{status}, 200, 'who has little to say is served');
ok(held(59_999), 'what was refused is not held');
$slow->write(substr $large, 59_999);
is(($slow->answer // { status => 'none' })->{status}, 200, 'who was first too');
ok(held(0), 'and nothing is held any more');
is(post(60_000)->{status}, 200, 'there is room again');
$slow->write("${head}Content-Length: 60000\r\n\r\n" . substr $large, 0, 50_000);
ok(held(50_000), 'half of a body');
undef $slow;
ok(held(0), 'goes with its client');
like($gateway->reload('bodies.max' => '64kB'), qr/configuration read again/, 'the bound is read again');
is(post(65_000)->{status}, 200, 'and the largest body finds room');
$gateway->stop(30);

# ---- what is nobody's guess ----

sub login { my ($of, $user, $password) = @_; return $of->call(POST => '/session', { user => $user, password => $password, token => JSON::PP::true }); }

# More than the pause that a guess brings would let by.
sub is_no_guess
{
	my ($of, $user, $password, $name) = @_;
	is(join(' ', map { login($of, $user, $password)->{status} } 1 .. 4), '503 503 503 503', $name);
	return;
}

my $elsewhere = gateway_start(undef, name => 'elsewhere', auth => 'password', dsn => gateway_dsn($node, dbname => 'nosuch'));
is_no_guess($elsewhere, 'alice', 'a secret', 'a database that there is not');
like($elsewhere->log, qr/3D000/, 'the log says why');
is(login($elsewhere, 'alice', 'wrong')->{status}, 401, 'a wrong password is a guess there too');
$elsewhere->stop(30);

$gateway = gateway_start($node, name => 'password', auth => 'password', 'admin.listen' => '127.0.0.1:' . OmsProcess::free_port());
sub ready { my ($status) = @_; return wait_for(sub { ($gateway->admin('/readyz'))[1] == $status }, 120, "/readyz $status"); }
ok(ready(200), 'ready, though it may not come in');
is_no_guess($gateway, 'full', 'no room', 'a login that has its connections');
is(login($gateway, 'alice', 'a secret')->{status}, 201, 'and nobody waits for it');

$node->stop('fast');
ok(ready(503), 'without PostgreSQL not ready');
is($gateway->admin('/readyz'), qq({"ready":false,"reason":"PostgreSQL does not answer"}\n), 'and why');
is_no_guess($gateway, 'alice', 'a secret', 'a server that is down');
$node->start;
ok(ready(200), 'ready again by itself');
is(login($gateway, 'alice', 'a secret')->{status}, 201, 'and alice logs in');
is(login($gateway, 'alice', 'wrong')->{status}, 401, 'a wrong password is one');
# The pauses grow, so that one is met however slow we are.
ok(wait_for(sub { login($gateway, 'alice', 'wrong')->{status} == 429 }, 120, 'a pause'), 'and a guess');
is($gateway->stop(30), 0, 'the gateway stops');
unlike($gateway->log, qr/a secret|no room|Sanitizer|runtime error/, 'no secret is in the log, and the sanitizers found nothing');

done_testing();
