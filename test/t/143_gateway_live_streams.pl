# Who may look, how long and at how much: streams of a user, views of a stream, tokens that end, sessions that end, rights that cannot be asked for a
# while, and more accounts than a condition has comparisons.
#
# Broken by: a stream that outlives its token, or a reload of who is whom; a limit that is looked at only before PostgreSQL was asked; a view made for
# every name in a body; an error of PostgreSQL that will pass and ends a stream; one that never passes and keeps a page silent for ever; a policy for
# which PostgreSQL says neither yes nor no.

use strict;
use warnings;

use lib 'test/lib';
use JSON::PP;
use MIME::Base64 qw(encode_base64url);
use OmsGateway;
use OmsLive;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = oms_node('main', streaming => 1, conf => "wal_level = logical\nmax_connections = 60\nmax_replication_slots = 8\nmax_wal_senders = 8\n");
$node->safe_psql('postgres', q(
	SELECT count(*) FROM oms.create_roles();
	SELECT count(*) FROM oms.repair_publication('oms_events');
	CREATE ROLE feed LOGIN REPLICATION IN ROLE oms_bridge, oms_reader;
	CREATE ROLE ann LOGIN PASSWORD 'a' IN ROLE oms_trader; CREATE ROLE bob LOGIN IN ROLE oms_trader; CREATE ROLE many LOGIN IN ROLE oms_trader;
	CREATE ROLE gate LOGIN NOINHERIT IN ROLE oms_proxy, ann, bob, many;
	SELECT oms.grant_account('ann', 'A1');
	SELECT count(oms.grant_account('many', format('M%s', g))) FROM generate_series(1, 1500) AS g;));
sub order
{
	my ($id, $account, @more) = @_;
	return $node->safe_psql('postgres', "SELECT oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', '$id', 'symbol', 'AAA', 'side', 'BUY', 'orderQty', 100, 'ordType', 'LIMIT', 'price', 10, 'account', '$account'))");
}
order(O1 => 'A1'); order(O2 => 'M1'); order(O3 => 'M1500'); order(O4 => 'M1501');
my %spec = (object => 'orders', where => {}, orderBy => ['orderId'], columns => [qw(orderId account createdAt orderQty)], first => 0, count => 50);
my @feed = ('feed.dsn' => gateway_dsn($node, user => 'feed'));

# ---- how much ----

my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $gateway = gateway_start($node, name => 'proxy', auth => 'proxy', dsn => gateway_dsn($node, user => 'gate'), 'pool.size' => 4, listen => "unix:$dir/socket", @feed, 'live.user.streams' => 3, 'live.stream.views' => 16, 'query.timeout' => '5s');
sub page { my ($user) = @_; return OmsLive->new($gateway, user => $user, socket => "$dir/socket"); }

my @pages = map { page('ann')->open } 1 .. 3;
is(page('ann')->call(POST => '/live', {})->{status}, 429, 'a user has so many streams and no more');
my $bob = page('bob')->open;
my $many = page('many')->open;
is($many->view('v', {%spec})->{status}, 200, 'who has 1,500 accounts looks');
agrees($node, $many, 'and sees what is of these');

# asked at the same time, each before any other is there
{
	my @clients = map { $gateway->client("$dir/socket") } 1 .. 6;
	$_->write("POST /live HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-User: bob\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}") foreach @clients;
	my %status;
	$status{ $_->answer->{status} }++ foreach @clients;
	is_deeply(\%status, { 201 => 2, 429 => 4 }, 'nor where all are asked for at once');
}

my $path = "/live/$many->{id}/views";
is($many->call(POST => $path, { views => { map { ("n$_" => undef) } 1 .. 33 } })->{status}, 422, 'more names than could be of any use');
is($many->call(POST => $path, { views => { map { ("n$_" => undef) } 1 .. 32 } })->{status}, 200, 'but twice as many as it may have');
is($many->call(POST => $path, '{"views":{"a":null,"a":{"object":"orders","columns":[]}}}')->{status}, 400, 'no name twice');
my $bytes = $gateway->metric('oms_gateway_live_views');
is($many->call(POST => $path, { views => { (map { ("w$_" => { object => 'orders', columns => [], where => { orderId => "w$_" } }) } 1 .. 20) } })->{status}, 422, 'more views than it may have');
is($gateway->metric('oms_gateway_live_views'), $bytes, 'and none of them was made');

# ---- rights that cannot be asked ----

my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN; LOCK TABLE oms.account_grants IN ACCESS EXCLUSIVE MODE');
$bob->attach;
$bob->read_on(7);
ok(!$bob->{ended}, 'what PostgreSQL is too slow to say ends no stream');
is($bob->{messages}, 0, 'and nothing is shown meanwhile');
$holder->query_safe('ROLLBACK');
ok(wait_for(sub { $bob->read_on(0.2); $bob->{messages} > 0 }, 60, 'a message'), 'it goes on once PostgreSQL says it');
$holder->query_safe('BEGIN; LOCK TABLE oms.account_grants IN ACCESS EXCLUSIVE MODE');
$bob->attach;
$bob->ends('and where that never comes, it ends');
$holder->query_safe('ROLLBACK');
$holder->quit;

# ---- policies ----

$node->safe_psql('postgres', q(CREATE POLICY oms_rows_2 ON oms.quotes FOR INSERT WITH CHECK (true)));
is(page('many')->call(POST => '/live', {})->{status}, 501, 'a policy that has no condition to read is one that nobody knows');
$node->safe_psql('postgres', q(DROP POLICY oms_rows_2 ON oms.quotes; SELECT oms.protect()));
$node->safe_psql('postgres', q(DROP POLICY oms_rows ON oms.quotes; CREATE POLICY oms_rows ON oms.quotes FOR INSERT WITH CHECK (true)));
is(page('many')->call(POST => '/live', {})->{status}, 501, 'nor by a name of ours');
$node->safe_psql('postgres', q(SELECT oms.protect()));
is(page('many')->call(POST => '/live', {})->{status}, 201, 'until it is as it was');
$node->safe_psql('postgres', q(REVOKE oms_trader FROM many));
$many->ends('who may not read any more has his stream ended');
$gateway->stop;

# ---- tokens ----

sub openssl
{
	my (@arguments) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'openssl', @arguments ], '>', \$out, '2>', \$err) or die "openssl @arguments: $err";
	return $out;
}
my $json = JSON::PP->new->canonical;
openssl(qw(genpkey -algorithm ED25519 -out), "$dir/key.pem");
append_to_file("$dir/keys.json", $json->encode({ keys => [ { kty => 'OKP', crv => 'Ed25519', kid => 'k', x => encode_base64url(substr openssl(qw(pkey -pubout -outform DER -in), "$dir/key.pem"), -32) } ] }));

sub token
{
	my ($exp) = @_;
	my $what = join '.', map { encode_base64url($json->encode($_)) } { alg => 'EdDSA', kid => 'k' }, { iss => 'i', aud => 'oms', exp => $exp, sub => 'ann' };
	unlink "$dir/what";
	append_to_file("$dir/what", $what);
	return "$what." . encode_base64url(openssl(qw(pkeyutl -sign -rawin -inkey), "$dir/key.pem", '-in', "$dir/what"));
}

$gateway = gateway_start(undef, name => 'tokens', auth => 'jwt', dsn => gateway_dsn($node, user => 'gate'), 'pool.size' => 2, @feed, 'jwt.keys' => "$dir/keys.json", 'jwt.leeway' => '0s',
	config => { 'jwt.issuer' => 'i', 'jwt.audience' => 'oms', 'jwt.roles' => '' });
sub with { my ($exp) = @_; return OmsLive->new($gateway, user => 'ann', headers => { Authorization => 'Bearer ' . token($exp) }); }
my $long = with(time + 3600)->open;
my $until = time + 8;
my $short = with($until);
$short->{id} = $long->{id};
$short->attach;
$short->ends('a stream ends with the token that it is read by');
ok(time >= $until, 'and not before');
$long->attach;
is($long->view('v', {%spec})->{status}, 200, 'and goes on by another');
agrees($node, $long, 'as if nothing had been');
$gateway->reload('jwt.roles' => 'ann=bob');
$long->ends('a reload asks everybody again who he is');
is($long->call(GET => "/live/$long->{id}")->{status}, 404, 'who is somebody else now has another\'s stream no more');
$gateway->stop;

# ---- sessions ----

my $hba = slurp_file($node->data_dir . '/pg_hba.conf');
unlink $node->data_dir . '/pg_hba.conf';
append_to_file($node->data_dir . '/pg_hba.conf', "local all ann scram-sha-256\n$hba");
$node->reload;
$gateway = gateway_start($node, name => 'sessions', auth => 'password', @feed);
sub session
{
	my $answer = $gateway->call(POST => '/session', { user => 'ann', password => 'a', token => JSON::PP::true });
	return OmsLive->new($gateway, user => 'ann', headers => { Authorization => "Bearer $answer->{json}{token}" });
}
my ($one, $two) = (session(), session());
is($one->open->view('v', {%spec})->{status}, 200, 'a session looks');
agrees($node, $one, 'at what its user may see');
order(O5 => 'A1'); order(O6 => 'B1');
agrees($node, $one, 'and at what comes');
is($two->call(GET => "/live/$one->{id}")->{status}, 404, 'another session of the same user has streams of its own');
is($two->open->view('v', {%spec})->{status}, 200, 'such as this');
is($one->call(DELETE => '/session')->{status}, 204, 'it logs out');
$one->ends('and its stream ends');
order(O7 => 'A1');
agrees($node, $two, 'the other one goes on');
$gateway->stop;
unlike($gateway->log, qr/runtime error|Sanitizer/, 'nothing went wrong inside');
done_testing();
