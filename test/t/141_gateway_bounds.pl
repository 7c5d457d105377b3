# What the gateway bounds and asks beside requests: the bytes of all bodies together, commands of one session, failures of logins that
# are nobody's guess, whether PostgreSQL answers where nobody is logged in, and what the login of a pool may.
#
# Broken by: a body that is counted by what its head says, or never given back; a refusal that a full house gives to whoever has a small
# body; an answer that is made and not counted; a server that is down, a login that has its connections, or a database that there is not, counted as a wrong password; /readyz that
# says yes without PostgreSQL, or no because it asks for a password; a session or a role that takes all that there is, or one that waits for
# another's; a pool whose login may be a superuser, makes roles, or is oms_admin when nobody has allowed it.

use strict;
use warnings;

use lib 'test/lib';
use IPC::Run ();
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = oms_node('main');
$node->safe_psql('postgres', <<'SQL');
SELECT oms.create_roles();
CREATE ROLE alice LOGIN PASSWORD 'a secret' IN ROLE oms_trader;
CREATE ROLE bob LOGIN PASSWORD 'another' IN ROLE oms_trader;
CREATE ROLE full LOGIN PASSWORD 'no room' CONNECTION LIMIT 0 IN ROLE oms_trader;
SQL
my $hba = slurp_file($node->data_dir . '/pg_hba.conf');
open my $file, '>', $node->data_dir . '/pg_hba.conf' or die $!;
print $file "local all alice,bob,full scram-sha-256\n$hba";
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
my $asks = $gateway->client;
$asks->write("${head}Expect: 100-continue\r\nContent-Length: 60000\r\n\r\n");
is(($asks->answer // { status => 'none' })->{status}, 503, 'who asks before he sends it is told at once');
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
$slow = $gateway->client;
$slow->write("GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n" . ' ' x 59_999);
$words = $gateway->client;
$words->write("GET /queries/orders?limit=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n" . ' ' x 60_000);
is(($words->answer // { status => 'none' })->{status}, 200, 'a body that the route does not take is passed over');
ok(held(0), 'and nothing of it held');
is(post(60_000)->{status}, 200, 'nor takes it the room of others');
$slow->write(' ');
is(($slow->answer // { status => 'none' })->{status}, 200, 'and who sends one slowly is answered');

# An answer is there whether there is room for it or not; then others wait until it has been taken.
is($gateway->call(POST => '/commands/orders', { commandType => 'CreateOrderCommand', orderId => 'LONG', clOrdID => 'long', symbol => 'VOD', side => 'BUY', orderQty => 1, text => 'x' x 60_000 })->{status}, 200, 'an order that is long');
my $updates = JSON::PP->new->encode([ map { { commandType => 'UpdateOrderCommand', orderId => 'LONG', attributes => { n => $_ } } } 1 .. 400 ]);
my $lazy = $gateway->client;
$lazy->write("POST /commands?atomic=false HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " . length($updates) . "\r\n\r\n$updates");
ok(wait_for(sub { $gateway->metric('oms_gateway_bodies_bytes') > 20_000_000 }, 120, 'an answer'), 'an answer that is not taken is held');
is(post(400)->{status}, 503, 'no room for a body beside it');
$answer = $gateway->call(GET => '/queries/orders?limit=1', undef);
is("$answer->{status} $answer->{json}{detail}", '503 too many answers wait for who asked; nothing was done', 'nor for an answer');
my $taken = $lazy->rest;
ok(length $taken > 24_000_000 && $taken =~ /\]\n\z/, 'who asked takes it');
ok(held(0), 'and nothing is held any more');
is(post(400)->{status}, 200, 'there is room again');
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

# A login that is asked for its password, so that it is no more than asked.
$gateway = gateway_start(undef, name => 'password', auth => 'password', dsn => gateway_dsn($node, user => 'alice'));
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

# ---- commands of one session ----

$gateway = gateway_start($node, name => 'rate', auth => 'password', config => { 'session.rate' => 1 });
my %token = map { $_->[0] => login($gateway, @$_)->{json}{token} } [ alice => 'a secret' ], [ bob => 'another' ];

# Many at once, and PostgreSQL is asked for none of them: however slow we are, there are two within a second. What each was answered.
sub many
{
	my ($who, $times, $method, $path) = @_;
	my $client = $gateway->client;
	$client->write("$method $path HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer $token{$who}\r\n" . ($method eq 'POST' ? "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n[]" : "\r\n")) foreach 1 .. $times;
	return map { $client->answer } 1 .. $times;
}

my @answers = many(alice => 50, POST => '/commands/orders');
is($answers[0]{status}, 400, 'the first is looked at');
my ($late) = grep { $_->{status} == 429 } @answers;
ok($late, 'and not all that come at once');
is($late->{json}{detail}, 'a session gives at most 1 commands a second', 'which is told');
ok($late->{headers}{'retry-after'}, 'and when to come again');
is((many(bob => 1, POST => '/commands/orders'))[0]{status}, 400, 'another session has its own');
is(scalar(grep { $_->{status} == 429 } many(alice => 20, GET => '/queries/orders?limit=0')), 0, 'who asks is not counted');
ok(wait_for(sub { (many(alice => 1, POST => '/commands/orders'))[0]{status} == 400 }, 120, 'a second'), 'and a second later she may again');
$gateway->reload('session.rate' => 0);
is(scalar(grep { $_->{status} == 429 } many(alice => 200, POST => '/commands/orders')), 0, 'no limit');
is($gateway->stop(30), 0, 'the gateway stops');

# ---- and of one role on a pool ----

$node->safe_psql('postgres', 'CREATE ROLE pooled LOGIN NOINHERIT IN ROLE oms_proxy, alice, bob');
my $proxied = PostgreSQL::Test::Utils::tempdir_short() . '/proxied';
$gateway = gateway_start(undef, name => 'role_rate', auth => 'proxy', listen => "unix:$proxied", dsn => gateway_dsn($node, user => 'pooled'), config => { 'role.rate' => 1 });

sub statuses
{
	my ($who, $times, $method, $path) = @_;
	my $client = $gateway->client($proxied);
	$client->write("$method $path HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-User: $who\r\n" . ($method eq 'POST' ? "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n[]" : "\r\n")) foreach 1 .. $times;
	return map { ref $_->{json} eq 'HASH' ? $_->{json}{detail} // '' : '' } map { $client->answer } 1 .. $times;
}

ok(scalar(grep { $_ eq 'a role gives at most 1 commands a second' } statuses(alice => 50, POST => '/commands/orders')), 'a role that writes more than it may');
is(scalar(grep { /at most/ } statuses(bob => 1, POST => '/commands/orders')), 0, 'another has its own');
is(scalar(grep { /at most/ } statuses(alice => 20, GET => '/queries/orders?limit=1')), 0, 'who asks is not counted');
$gateway->reload('role.rate' => 0);
is(scalar(grep { /at most/ } statuses(alice => 200, POST => '/commands/orders')), 0, 'no limit');
is($gateway->stop(30), 0, 'the gateway stops');

# ---- what the login of a pool may ----

$node->safe_psql('postgres', <<'SQL');
CREATE ROLE boss SUPERUSER;
CREATE ROLE gate LOGIN NOINHERIT IN ROLE oms_proxy, alice, bob;
CREATE ROLE over LOGIN NOINHERIT IN ROLE oms_proxy, alice, boss;
CREATE ROLE maker LOGIN NOINHERIT CREATEROLE IN ROLE oms_proxy, alice;
CREATE ROLE admin LOGIN NOINHERIT IN ROLE oms_proxy, alice, oms_admin;
CREATE ROLE alone LOGIN NOINHERIT IN ROLE alice;
SQL
my $owner = $node->safe_psql('postgres', 'SELECT current_user');
my $socket = PostgreSQL::Test::Utils::tempdir_short() . '/gate';

# Started with this login: how it ended, and what it said.
sub refused
{
	my ($user, @more) = @_;
	IPC::Run::run([ gateway_program(), '--auth=proxy', "--listen=unix:$socket", '--admin.listen=off', '--dsn=' . gateway_dsn($node, user => $user), @more ], '<', \undef, '>', \my $out, '2>', \my $err, IPC::Run::timeout(120));
	return ($? >> 8) . " $err";
}

like(refused($owner), qr/^2 .*pool: cannot connect to PostgreSQL: its login can be \Q$owner\E, a superuser/s, 'a superuser is no login of a pool');
like(refused('over'), qr/^2 .*pool: cannot connect to PostgreSQL: its login can be boss, a superuser/s, 'nor who can be one');
like(refused('maker'), qr/^2 .*pool: cannot connect to PostgreSQL: its login can be maker, who makes roles/s, 'nor who makes roles');
like(refused('admin'), qr/^2 .*pool: cannot connect to PostgreSQL: its login can be oms_admin: so could everybody/s, 'nor oms_admin');
like(refused('gate', '--read.dsn=' . gateway_dsn($node, user => 'over')), qr/^2 .*read pool: cannot connect to PostgreSQL: its login can be boss/s, 'of a standby neither');
like(refused('over', '--allow.admin'), qr/^2 .*boss, a superuser/s, 'what allows the one does not allow the others');

# One that comes when others are served already ends nobody.
my $tardy = oms_node('late');
$tardy->safe_psql('postgres', q(SELECT oms.create_roles(); CREATE ROLE alice IN ROLE oms_trader; CREATE ROLE boss SUPERUSER; CREATE ROLE over LOGIN NOINHERIT IN ROLE oms_proxy, alice, boss));
$tardy->stop('fast');
$gateway = gateway_start(undef, name => 'late', auth => 'proxy', listen => "unix:$socket", dsn => gateway_dsn($node, user => 'gate'), 'read.dsn' => gateway_dsn($tardy, user => 'over'), 'queue.timeout' => '100ms');
sub as_alice { my (@request) = @_; return $gateway->client($socket)->call(@request, 'X-Forwarded-User' => 'alice'); }
ok(wait_for(sub { as_alice(POST => '/commands', [])->{status} == 200 }, 120, 'the gateway to serve'), 'a standby that is not there');
ok(wait_for(sub { $gateway->log =~ /read pool: cannot connect/ }, 120, 'a try'), 'is tried');
$tardy->start;
ok(wait_for(sub { $gateway->log =~ /its login can be boss, a superuser: .*: it is not connected/ }, 120, 'the login to be looked at'), 'one that comes late with a login that is too much is told');
is(as_alice(POST => '/commands', [])->{status}, 200, 'and who is served is served still');
is(as_alice(GET => '/queries/orders?limit=1', undef)->{status}, 503, 'but not by it');
$tardy->safe_psql('postgres', 'REVOKE boss FROM over');
ok(wait_for(sub { as_alice(GET => '/queries/orders?limit=1', undef)->{status} == 200 }, 120, 'the login to be less'), 'until it may no more than it should');
is(scalar(() = $gateway->log =~ /it is not connected/g), 1, 'which is said once');
is($gateway->stop(30), 0, 'the gateway stops');

foreach my $case ([ 'gate', 'alice, bob, oms_proxy, oms_reader, oms_trader' ], [ 'admin', '.*oms_admin.*', 'allow.admin' => 'on' ], [ 'alone', 'alice, oms_reader, oms_trader' ])
{
	my ($user, $others, @settings) = @$case;
	$gateway = gateway_start(undef, name => "of_$user", auth => 'proxy', listen => "unix:$socket", dsn => gateway_dsn($node, user => $user), @settings);
	is($gateway->client($socket)->call(GET => '/session', undef, 'X-Forwarded-User' => 'alice')->{json}{user}, 'alice', "$user speaks for alice");
	like($gateway->log, qr/pool: its login can be $others$/m, 'and the log says for whom else');
	is($gateway->log =~ /no member of oms_proxy/ ? 1 : 0, $user eq 'alone' ? 1 : 0, 'and whether events will name them');
	is($gateway->stop(30), 0, 'the gateway stops');
}

done_testing();
