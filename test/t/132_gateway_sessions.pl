# Who asks, over HTTP: sessions that log in to PostgreSQL, and roles that a proxy in front names and a pooled login becomes.
#
# Broken by: the role set by a statement that is no longer there when the command runs; a role that stays on the connection for the next
# request; a cookie taken from another origin; a login that PostgreSQL lets in without its password; a session that outlives its logout;
# a header believed on a port.

use strict;
use warnings;

use lib 'test/lib';
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = oms_node('main');
my $owner = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', <<'SQL');
SELECT oms.create_roles();
CREATE ROLE alice LOGIN PASSWORD 'a secret' IN ROLE oms_trader;
CREATE ROLE bob LOGIN PASSWORD 'another' IN ROLE oms_trader;
CREATE ROLE rita LOGIN PASSWORD 'reads' IN ROLE oms_reader;
CREATE ROLE open LOGIN PASSWORD 'whatever' IN ROLE oms_trader;
CREATE ROLE stranger IN ROLE oms_trader;
CREATE ROLE gate LOGIN NOINHERIT IN ROLE oms_proxy, alice, bob, rita;
SELECT oms.grant_account('bob', 'BOB');
SQL
my $hba = slurp_file($node->data_dir . '/pg_hba.conf');
open my $file, '>', $node->data_dir . '/pg_hba.conf' or die $!;
print $file "local all alice,bob,rita,nobody scram-sha-256\n$hba";
close $file;
$node->reload;

sub create
{
	my ($id, %more) = @_;
	return { commandType => 'CreateOrderCommand', orderId => $id, clOrdID => "cl-$id", symbol => 'VOD', side => 'BUY', orderQty => 100, %more };
}

sub event_of { my ($id) = @_; return $node->safe_psql('postgres', "SELECT actor || ' ' || role || ' ' || coalesce(via, '-') FROM oms.order_events WHERE aggregate_id = '$id'"); }

# ---- a pooled login ----

my $socket = PostgreSQL::Test::Utils::tempdir_short() . '/gate';
my $gateway = gateway_start(undef, name => 'proxy', listen => "127.0.0.1:" . OmsProcess::free_port() . ",unix:$socket", dsn => gateway_dsn($node, user => 'gate'),
	auth => 'proxy', 'pool.size' => 1);
my $proxy = $gateway->client($socket);

sub as { my ($who, $method, $path, $body) = @_; return $proxy->call($method, $path, $body, 'X-Forwarded-User' => $who); }

my $answer = as('alice', POST => '/commands/orders', create('A1'));
is($answer->{status}, 200, 'alice by a pooled login');
is(event_of('A1'), 'alice alice gate', 'the event names her, and the login in via');
$answer = as('bob', POST => '/commands/orders', create('B1', account => 'BOB'), 'Idempotency-Key' => 'same');
is(event_of('B1'), 'bob bob gate', 'bob on the same connection');
$answer = as('alice', POST => '/commands/orders', create('A2'), 'Idempotency-Key' => 'same');
is($answer->{status}, 200, "another's commandId is no repeat");
$answer = as('bob', POST => '/commands/orders', { commandType => 'CancelOrderCommand', orderId => 'A1' });
is("$answer->{status} $answer->{json}{error}{sqlstate}", '404 OM003', "another account's order does not exist");
$answer = as('rita', POST => '/commands/orders', create('R1'));
is("$answer->{status} $answer->{json}{error}{sqlstate}", '403 42501', 'who only reads may not write');
is_deeply(as('bob', GET => '/session')->{json}, { user => 'bob', via => 'gate', roles => [ 'oms_reader', 'oms_trader' ], accounts => ['BOB'] }, 'who he is');
$answer = as('stranger', POST => '/commands/orders', create('S1'));
is($answer->{status}, 403, 'nobody else');
is(as($_, POST => '/commands/orders', create('S2'))->{status}, 403, "not $_ either") foreach $owner, 'gate', 'nobody';
is(as($_, GET => '/session')->{status}, 401, 'no name: ' . ($_ // 'no header')) foreach undef, '', 'none', 'a b', "bob\x{e9}", 'x' x 64, 'bob"';
is($proxy->call(GET => '/session', undef, 'x-forwarded-user' => 'alice', 'X-Forwarded-User' => 'bob')->{status}, 400, 'not two of them');
$proxy = $gateway->client($socket);
is($gateway->call(GET => '/session', undef, 'X-Forwarded-User' => 'alice')->{status}, 401, 'and not on a port');
is(as('alice', GET => '/session')->{json}{user}, 'alice', 'the connection is as good as before');
is($gateway->stop(30), 0, 'the gateway stops');
ok(!-e $socket, 'and its socket is gone');

# ---- sessions ----

$gateway = gateway_start($node, name => 'password', auth => 'password', 'sessions.max' => 3);

sub login
{
	my ($user, $password, %more) = @_;
	return $gateway->call(POST => '/session', { user => $user, password => $password, exists $more{Origin} ? () : (token => JSON::PP::true) }, %more);
}

$answer = $gateway->call(POST => '/commands/orders', create('N1'));
is($answer->{status}, 401, 'nobody is logged in');
$answer = login('alice', 'a secret');
is($answer->{status}, 201, 'alice logs in');
my $alice = $answer->{json}{token};
like($alice, qr/^[0-9a-f]{64}$/, 'a token');
ok(!$answer->{headers}{'set-cookie'}, 'and no cookie');
my @alice = (Authorization => "Bearer $alice");
is($gateway->call(POST => '/commands/orders', create('P1'), @alice)->{status}, 200, 'she gives a command');
is(event_of('P1'), 'alice alice -', 'as herself');
is($gateway->call(GET => '/session', undef, @alice)->{json}{user}, 'alice', 'who she is');
is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE usename = 'alice')), 1, 'her own connection');

$answer = login('bob', 'another', Origin => 'https://elsewhere');
is($answer->{status}, 403, 'no cookie for another origin');
$answer = login('bob', 'another', Origin => 'http://localhost');
is($answer->{status}, 201, 'bob logs in from a page of ours');
my ($cookie) = ($answer->{headers}{'set-cookie'} // '') =~ /^(__Host-oms=[0-9a-f]{64});/;
is_deeply([ sort split /; /, $answer->{headers}{'set-cookie'} ], [ sort $cookie, 'Path=/', 'Secure', 'HttpOnly', 'SameSite=Strict' ], 'a cookie that no script reads');
ok(!exists $answer->{json}{token}, 'and no token');
my @bob = (Cookie => "other=1; $cookie");
is($gateway->call(POST => '/commands/orders', create('P2', account => 'BOB'), @bob, Origin => 'http://localhost')->{status}, 200, 'a command of our own page');
is(event_of('P2'), 'bob bob -', 'it is his');
is($gateway->call(POST => '/commands/orders', create('P3', account => 'BOB'), @bob, %$_)->{status}, 403, join ' ', 'a command of', %$_)
  foreach {}, { Origin => 'null' }, { Origin => 'http://evil' }, { Origin => 'http://localhost:81' }, { Origin => 'http://localhost', 'Sec-Fetch-Site' => 'cross-site' };
is($gateway->call(GET => '/session', undef, @bob)->{status}, 200, 'what changes nothing needs no origin');
is($gateway->call(GET => '/session', undef, Authorization => 'Bearer ' . ('0' x 64))->{status}, 401, 'a token that nobody has');
is($gateway->call(GET => '/session', undef, Authorization => 'Bearer ' . substr($alice, 1))->{status}, 401, 'and a part of one');

$answer = login('open', 'wrong');
is($answer->{status}, 503, 'a login that PostgreSQL lets in without asking is none');
like($gateway->log, qr/did not ask for the password/, 'and the log says why');
is(login('rita', 'reads')->{status}, 201, 'a third session');
is(login('rita', 'reads')->{status}, 503, 'and no more');

is($gateway->call(DELETE => '/session', undef, @bob)->{status}, 403, 'nobody else logs bob out');
$answer = $gateway->call(DELETE => '/session', undef, @bob, Origin => 'http://localhost');
is($answer->{status}, 204, 'bob logs out');
is($gateway->call(GET => '/session', undef, @bob)->{status}, 401, 'and is out');
ok(wait_for(sub { $node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE usename = 'bob')) == 0 }, 60, 'the end of his connection'), 'his connection too');

$answer = login('nobody', 'x');
is($answer->{status}, 401, 'a user that there is not');
my $unknown = $answer->{json}{detail};
# The pauses grow, so that one is met however slow we are.
ok(wait_for(sub { login('nobody', 'x')->{status} == 429 }, 120, 'a pause'), 'the next try has to wait');
ok(wait_for(sub { login('nobody', 'x'); login('bob', 'wrong')->{status} == 429 }, 120, 'a pause'), 'from this address for anybody');
wait_for(sub { ($answer = login('bob', 'wrong'))->{status} != 429 }, 120, 'the pause to be over');
is("$answer->{status} $answer->{json}{detail}", "401 $unknown", 'a wrong password is told in the same words');
wait_for(sub { ($answer = login('bob', 'another'))->{status} != 429 }, 120, 'the pause to be over');
is($answer->{status}, 201, 'the right one does');

# The only connection of somebody whose browser went away in the middle of rows.
$node->safe_psql('postgres', q(SELECT count(*) FROM generate_series(1, 20) AS n, oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', format('S%s-%s', n, i),
	'symbol', 'BIG', 'side', 'BUY', 'orderQty', 1, 'text', repeat('x', 4000))) FROM generate_series(1, 250) AS i))));
my $goes = $gateway->client;
$goes->write("GET /queries/orders?symbol=BIG&limit=5000 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer $alice\r\n\r\n");
my $writes = q(SELECT count(*) FROM pg_stat_activity WHERE usename = 'alice' AND wait_event = 'ClientWrite');
ok(wait_for(sub { $node->safe_psql('postgres', $writes) == 1 }, 120, 'a reader that does not read'), 'alice asks for much, and does not read');
undef $goes;
ok(wait_for(sub { $node->safe_psql('postgres', $writes) == 0 }, 120, 'its query to end'), 'and goes: what comes is passed over');
is($gateway->call(GET => '/session', undef, @alice)->{status}, 200, 'her session goes on');

$node->safe_psql('postgres', q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'alice'));
ok(wait_for(sub { $gateway->call(POST => '/commands/orders', create('P4'), @alice)->{status} == 401 }, 60, 'the session to be over'), 'a session whose connection is lost is over');
is($node->safe_psql('postgres', q(SELECT count(*) FROM oms.orders WHERE id IN ('P3', 'N1', 'S1', 'S2', 'R1'))), 0, 'of what was refused nothing is there');
unlike($gateway->log, qr/a secret|another|reads|$alice/, 'no secret is in the log');
is($gateway->stop(30), 0, 'the gateway stops');

$gateway = gateway_start($node, name => 'kept', auth => 'password', 'session.keep_password' => 'on');
$alice = login('alice', 'a secret')->{json}{token};
$node->safe_psql('postgres', q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'alice'));
is($gateway->call(POST => '/commands/orders', create('P5'), Authorization => "Bearer $alice")->{status}, 200, 'with its password kept a session comes back');
is($gateway->stop(30), 0, 'the gateway stops');

$gateway = gateway_start($node, name => 'idle', auth => 'password', 'session.idle' => '1s');
$alice = login('alice', 'a secret')->{json}{token};
ok(wait_for(sub { $node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE usename = 'alice')) == 0 }, 60, 'the end of her connection'), 'a session that nobody uses ends');
is($gateway->call(GET => '/session', undef, Authorization => "Bearer $alice")->{status}, 401, 'and is no more');
is($gateway->stop(30), 0, 'the gateway stops');

done_testing();
