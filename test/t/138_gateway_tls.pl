# TLS on the ports, and clients that are known by their certificates.
#
# Broken by: a certificate taken that nobody whom we trust has signed, that has expired, or that is for servers; a common name that is no
# role's; a port that speaks plain text where it should not; the key left readable in the log; a reload that does not read them again, or that a wrong
# file takes TLS from.

use strict;
use warnings;

use lib 'test/lib';
use File::Copy qw(copy);
use IPC::Run ();
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = oms_node('main');
$node->safe_psql('postgres', <<'SQL');
SELECT oms.create_roles();
CREATE ROLE alice IN ROLE oms_trader;
CREATE ROLE gate LOGIN NOINHERIT IN ROLE oms_proxy, alice;
SQL

my $dir = PostgreSQL::Test::Utils::tempdir();

sub openssl
{
	my (@arguments) = @_;
	my ($out, $err);
	IPC::Run::run([ 'openssl', @arguments ], '<', '/dev/null', '>', \$out, '2>', \$err) or die "openssl @arguments: $err";
	return $out;
}

sub authority { my ($name) = @_; openssl(qw(req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj), "/CN=$name", '-keyout', "$dir/$name.key", '-out', "$dir/$name.pem"); return; }

# certificate(NAME, AUTHORITY, COMMON NAME, USAGE, days): NAME.pem and NAME.key
sub certificate
{
	my ($name, $authority, $common, $usage, $days) = @_;
	openssl(qw(req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj), "/CN=$common", '-keyout', "$dir/$name.key", '-out', "$dir/$name.csr");
	append_to_file("$dir/$name.ext", "subjectAltName = DNS:localhost\nextendedKeyUsage = $usage\n");
	openssl(qw(x509 -req -in), "$dir/$name.csr", '-CA', "$dir/$authority.pem", '-CAkey', "$dir/$authority.key", '-CAcreateserial', '-days', $days // 30, '-extfile', "$dir/$name.ext", '-out', "$dir/$name.pem");
	return;
}

# signed(NAME, AUTHORITY, EXTENSIONS, KEY...): NAME.pem and NAME.key
sub signed
{
	my ($name, $authority, $common, $extensions, @key) = @_;
	openssl(qw(req -new -nodes -subj), "/CN=$common", '-keyout', "$dir/$name.key", '-out', "$dir/$name.csr", '-newkey', @key ? @key : qw(ec -pkeyopt ec_paramgen_curve:P-256));
	append_to_file("$dir/$name.ext", $extensions);
	openssl(qw(x509 -req -in), "$dir/$name.csr", '-CA', "$dir/$authority.pem", '-CAkey', "$dir/$authority.key", '-CAcreateserial', qw(-days 30 -extfile), "$dir/$name.ext", '-out', "$dir/$name.pem");
	return;
}

authority($_) foreach qw(ours theirs);
certificate('server', 'ours', 'localhost', 'serverAuth');
certificate('alice', 'ours', 'alice', 'clientAuth');
certificate('forged', 'theirs', 'alice', 'clientAuth');
certificate('usage', 'ours', 'alice', 'serverAuth');
certificate('strange', 'ours', 'alice smith', 'clientAuth');
certificate('none', 'ours', 'none', 'clientAuth');
certificate('late', 'ours', 'alice', 'clientAuth', -1);
certificate('stranger', 'ours', 'bob', 'clientAuth');
signed('weak', 'ours', 'alice', "extendedKeyUsage = clientAuth\n", 'rsa:1024');
chmod 0600, "$dir/server.key";

sub install { my ($name, $as) = @_; foreach my $kind (qw(pem key)) { copy("$dir/$name.$kind", "$dir/$as.$kind") if -e "$dir/$name.$kind"; } chmod 0600, "$dir/$as.key"; return; }

install(server => 'live');
install(ours => 'trusted');
my $gateway = gateway_start(undef, name => 'tls', dsn => gateway_dsn($node, user => 'gate'), auth => 'certificate', 'pool.size' => 1,
	# connections are kept while others come and go, on a machine that may be slow
	config => { 'tls.certificate' => "$dir/live.pem", 'tls.key' => "$dir/live.key", 'tls.clients' => "$dir/trusted.pem", 'idle.timeout' => '600s' });

# One request by openssl's client: what came back; the client's certificate by its name, undef: none.
sub ask
{
	my ($who, $request, @more) = @_;
	IPC::Run::run([ qw(openssl s_client -quiet -verify_return_error -no_ign_eof -servername localhost -CAfile), "$dir/ours.pem", '-connect', $gateway->{address},
			defined $who ? ('-cert', "$dir/$who.pem", '-key', "$dir/$who.key") : (), @more ],
		'<', \$request, '>', \my $out, '2>', \my $err, IPC::Run::timeout(60));
	return $out;
}

my $who = "GET /session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
my $body = '{"commandType": "CreateOrderCommand", "orderId": "O1", "clOrdID": "o1", "symbol": "VOD", "side": "BUY", "orderQty": 1}';
my $command = "POST /commands/orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body";

foreach my $version (qw(-tls1_2 -tls1_3))
{
	my $answer = ask('alice', $who, $version, '-ign_eof');
	like($answer, qr{^HTTP/1\.1 200 .*"user": "alice"}s, "alice by her certificate, $version");
	like($answer, qr/^Strict-Transport-Security: max-age=\d+/mi, 'and told to stay with TLS');
}
unlike(ask('alice', $who, '-tls1_1', '-ign_eof', '-cipher', 'ALL:@SECLEVEL=0') // '', qr/^HTTP/, 'nothing older');
like(ask('alice', $command, '-ign_eof'), qr{^HTTP/1\.1 200 }, 'she gives a command');
is($node->safe_psql('postgres', q(SELECT actor || ' ' || via FROM oms.order_events WHERE aggregate_id = 'O1')), 'alice gate', 'the event names her');
like(ask($_, $who, '-ign_eof') // '', qr{^HTTP/1\.1 401 }, 'not by ' . ($_ // 'none')) foreach undef, qw(forged usage strange none late);
# The client's openssl would not show it at its own level.
like(ask('weak', $who, '-ign_eof', '-cipher', 'DEFAULT@SECLEVEL=0') // '', qr{^HTTP/1\.1 401 }, 'nor by a key that is worth little');
like(ask('stranger', $who, '-ign_eof'), qr{^HTTP/1\.1 403 }, 'nor who is no role of ours');
my $plain = $gateway->client;
$plain->write($who);
unlike($plain->rest, qr/^HTTP\S+ 200/, 'plain text is no request');
like(ask('alice', $who, '-ign_eof'), qr{^HTTP/1\.1 200 }, 'alice still');

# ---- a handshake that hangs ----

my $since = time;
my @hung = map { $gateway->client } 1 .. 2;
$hung[1]->write("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
$gateway->reload('head.timeout' => '1s');
my @more = map { $gateway->client } 1 .. 2;
$more[1]->write("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
ok($_->closed, 'a handshake that hangs is ended as a head is') foreach @more, @hung;
$gateway->reload('head.timeout' => '600s');

# ---- a reload ----

# The name of whoever signed what the gateway shows.
sub shown
{
	IPC::Run::run([ qw(openssl s_client -servername localhost -connect), $gateway->{address} ], '<', '/dev/null', '>', \my $out, '2>', \my $err, IPC::Run::timeout(60));
	return $out =~ /^issuer=CN ?= ?(\w+)/m ? $1 : "none: $err";
}

# The subjects of the certificates that it shows, in their order.
sub chain
{
	IPC::Run::run([ qw(openssl s_client -showcerts -servername localhost -connect), $gateway->{address} ], '<', '/dev/null', '>', \my $out, '2>', \my $err, IPC::Run::timeout(60));
	return $out =~ /^ *\d+ s:CN ?= ?(\w+)/mg;
}

certificate('renewed', 'theirs', 'localhost', 'serverAuth');
is(shown(), 'ours', 'what the gateway shows');
my $open = IPC::Run::start([ qw(openssl s_client -quiet -servername localhost -no_ign_eof -connect), $gateway->{address}, '-cert', "$dir/alice.pem", '-key', "$dir/alice.key" ],
	'<', \my $in, '>', \my $out, '2>', \my $err, my $timer = IPC::Run::timeout(120));
my $keep = "GET /session HTTP/1.1\r\nHost: localhost\r\n\r\n";
$in = $keep;
$open->pump until ($out // '') =~ /"user": "alice"/;
install(renewed => 'live');
install(theirs => 'trusted');
like($gateway->reload, qr/configuration read again/, 'a reload');
is(shown(), 'theirs', 'reads the certificate again');
# The client has its own idea of whom to trust: both.
append_to_file("$dir/both.pem", slurp_file("$dir/ours.pem") . slurp_file("$dir/theirs.pem"));
like(ask('forged', $who, '-ign_eof', '-CAfile', "$dir/both.pem"), qr{^HTTP/1\.1 200 }, 'and who signs those of clients');
like(ask('alice', $who, '-ign_eof', '-CAfile', "$dir/both.pem"), qr{^HTTP/1\.1 401 }, 'and who does no more');
$out = '';
$in = $keep;
$open->pump until $out =~ /certificate is not good/;
pass('also on a connection that was open');
$open->finish;
unlink "$dir/live.pem";
$gateway->reload;
ok(wait_for(sub { $gateway->log =~ /cannot read .*live\.pem/ }, 60, 'the problem'), 'a file that is gone is told');
is(shown(), 'theirs', 'and changes nothing');
install(alice => 'live');
copy("$dir/server.key", "$dir/live.key");
$gateway->reload;
ok(wait_for(sub { $gateway->log =~ /TLS are no good/ }, 60, 'the problem'), 'so is a key of another');
is(shown(), 'theirs', 'which changes nothing');
install(server => 'live');
install(ours => 'trusted');
$gateway->reload;
is(shown(), 'ours', 'and back');
signed('middle', 'ours', 'middle', "basicConstraints = critical, CA:TRUE\n");
signed('leaf', 'middle', 'localhost', "subjectAltName = DNS:localhost\n");
# The root before who signed the leaf, as some put it: what is shown is in the order of TLS.
copy("$dir/leaf.key", "$dir/live.key");
chmod 0600, "$dir/live.key";
unlink "$dir/live.pem";
append_to_file("$dir/live.pem", join '', map { slurp_file("$dir/$_.pem") } qw(leaf ours middle));
$gateway->reload;
is(shown(), 'middle', 'a chain in another order');
is(join(' ', chain()), 'localhost middle ours', 'is put into order');
install(server => 'live');
$gateway->reload;
like(ask('alice', $who, '-ign_eof'), qr{^HTTP/1\.1 200 }, 'with alice');

unlike($gateway->log, qr/PRIVATE/, 'no key is in the log');
is($gateway->stop(30), 0, 'the gateway stops');
unlike($gateway->log, qr/Sanitizer|runtime error/, 'and the sanitizers found nothing');

# What does not fit together is said at the start.
foreach my $case ([ 'tls.key' => "$dir/alice.key" ], [ 'tls.certificate' => "$dir/nosuch.pem" ], [ 'tls.clients' => "$dir/server.key" ])
{
	my %settings = ('tls.certificate' => "$dir/server.pem", 'tls.key' => "$dir/server.key", 'tls.clients' => "$dir/ours.pem", @$case);
	IPC::Run::run([ gateway_program(), '--dsn=' . gateway_dsn($node), '--auth=certificate', '--listen=127.0.0.1:0', '--admin.listen=off', map { "--$_=$settings{$_}" } sort keys %settings ],
		'>', \my $out, '2>', \my $err, IPC::Run::timeout(60));
	is($? >> 8, 2, "$case->[0] that is wrong");
	like($err, qr/TLS are no good|cannot read/, 'is told');
}

done_testing();
