# Who asks, by a token: RS256, ES256 and EdDSA, signed by openssl; what is wrong with one lets nobody in; the set of keys changes under a reload.
#
# Broken by: an algorithm that the token chooses against its key, "none", a secret that two know, a signature that is not looked at, a
# missing aud, a token that has expired or is of another issuer, a claim that names a role which the gateway may not be, keys that a reload
# loses, a key set with a private half.

use strict;
use warnings;

use lib 'test/lib';
use JSON::PP;
use MIME::Base64 qw(encode_base64url);
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = oms_node('main');
$node->safe_psql('postgres', q(
	SELECT count(*) FROM oms.create_roles();
	CREATE ROLE alice LOGIN IN ROLE oms_trader; CREATE ROLE bob LOGIN IN ROLE oms_trader; CREATE ROLE boss LOGIN IN ROLE oms_trader;
	CREATE ROLE gate LOGIN NOINHERIT IN ROLE oms_proxy, alice, bob;));
my $dir = PostgreSQL::Test::Utils::tempdir();
my $json = JSON::PP->new->canonical;

sub openssl
{
	my ($stdin, @arguments) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'openssl', @arguments ], '<', \$stdin, '>', \$out, '2>', \$err) or die "openssl @arguments: $err";
	return $out;
}

# ---- keys, and what they sign ----

my %keys = (r1 => 'RS256', r2 => 'RS256', e1 => 'ES256', o1 => 'EdDSA');
my %jwk;
foreach my $kid (sort keys %keys)
{
	my $file = "$dir/$kid.pem";
	if ($keys{$kid} eq 'RS256')
	{
		openssl('', qw(genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out), $file);
		my ($modulus) = openssl('', qw(rsa -noout -modulus -in), $file) =~ /=([0-9A-F]+)/;
		$jwk{$kid} = { kty => 'RSA', kid => $kid, use => 'sig', n => encode_base64url(pack 'H*', $modulus), e => 'AQAB' };
	}
	elsif ($keys{$kid} eq 'ES256')
	{
		openssl('', qw(genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out), $file);
		my $point = substr openssl('', qw(pkey -pubout -outform DER -in), $file), -64;
		$jwk{$kid} = { kty => 'EC', crv => 'P-256', kid => $kid, alg => 'ES256', x => encode_base64url(substr $point, 0, 32), y => encode_base64url(substr $point, 32) };
	}
	else
	{
		openssl('', qw(genpkey -algorithm ED25519 -out), $file);
		$jwk{$kid} = { kty => 'OKP', crv => 'Ed25519', kid => $kid, x => encode_base64url(substr openssl('', qw(pkey -pubout -outform DER -in), $file), -32) };
	}
}

# The two halves of an ECDSA signature, out of their DER.
sub halves
{
	my ($der) = @_;
	my ($r, $s) = unpack 'x2 xC/a xC/a', $der;
	return join '', map { substr "\0" x 32 . $_, -32 } $r, $s;
}

sub sign
{
	my ($kid, $what) = @_;
	return openssl($what, qw(dgst -sha256 -sign), "$dir/$kid.pem") if $keys{$kid} eq 'RS256';
	return halves(openssl($what, qw(dgst -sha256 -sign), "$dir/$kid.pem")) if $keys{$kid} eq 'ES256';
	append_to_file("$dir/what", '');
	open my $file, '>', "$dir/what" or die $!;
	print $file $what;
	close $file;
	return openssl('', qw(pkeyutl -sign -rawin -inkey), "$dir/$kid.pem", '-in', "$dir/what");
}

# token(KID, claim => value, ...): undef leaves a claim out; header => { ... } for its head.
sub token
{
	my ($kid, %claims) = @_;
	my $header = delete $claims{header} // { alg => $keys{$kid}, kid => $kid, typ => 'JWT' };
	%claims = (iss => 'https://issuer.example', aud => 'oms', exp => time + 3600, sub => 'alice', %claims);
	delete @claims{ grep { !defined $claims{$_} } keys %claims };
	my $what = join '.', map { encode_base64url($json->encode($_)) } $header, \%claims;
	return "$what." . encode_base64url(sign($kid, $what));
}

sub write_keys
{
	my (@set) = @_;
	open my $file, '>', "$dir/keys.json" or die $!;
	print $file $json->encode({ keys => [@set] });
	close $file;
	return;
}

write_keys(@jwk{qw(r1 e1 o1)}, { kty => 'EC', crv => 'P-521', kid => 'other' });
my @settings = (auth => 'jwt', 'pool.size' => 2, dsn => gateway_dsn($node, user => 'gate'), 'jwt.keys' => "$dir/keys.json", 'jwt.issuer' => 'https://issuer.example', 'jwt.audience' => 'oms');
my $gateway = gateway_start(undef, name => 'tokens', @settings);

sub with { my ($token) = @_; return $gateway->call(GET => '/session', undef, Authorization => "Bearer $token"); }

# ---- who is let in ----

foreach my $kid (qw(r1 e1 o1))
{
	my $answer = with(token($kid));
	is($answer->{status}, 200, "$keys{$kid}") or diag $answer->{content}, $gateway->log;
	is($answer->{json}{user}, 'alice', 'is who the token says');
	is($answer->{json}{via}, 'gate', 'by the gateway');
}
is(with(token('e1', sub => 'bob'))->{json}{user}, 'bob', 'somebody else');
is(with(token('o1', aud => [ 'x', 'oms' ], nbf => time - 5))->{status}, 200, 'one of several audiences');
is(with(token('e1', header => { alg => 'ES256' }))->{status}, 200, 'the only key of its algorithm needs no name');
my $answer = $gateway->call(POST => '/commands/orders', { commandType => 'CreateOrderCommand', orderId => 'T1', symbol => 'VOD', side => 'BUY', orderQty => 1 },
	Authorization => 'bearer ' . token('o1', sub => 'bob'));
is($answer->{status}, 200, 'a command by a token');
is($node->safe_psql('postgres', q(SELECT actor || ' by ' || via FROM oms.order_events WHERE aggregate_id = 'T1')), 'bob by gate', 'in his name');

# ---- who is not ----

my ($head, $claims, $signature) = split /\./, token('r1');
my $secret = encode_base64url($json->encode($jwk{r1}));
my %wrong = (
	'no signature' => "$head.$claims.",
	'a signature of something else' => "$head." . (split /\./, token('r1', sub => 'bob'))[1] . ".$signature",
	'a signature that is cut' => "$head.$claims." . substr($signature, 0, -4),
	'none' => join('.', encode_base64url('{"alg":"none"}'), $claims, ''),
	'a secret that is the public key' => join('.', encode_base64url('{"alg":"HS256","kid":"r1"}'), $claims, $secret),
	'a key of another algorithm' => token('e1', header => { alg => 'RS256', kid => 'e1' }),
	'an algorithm of another key' => token('r1', header => { alg => 'ES256', kid => 'e1' }),
	'a key that is not known' => token('r2'),
	'a key by the name of another' => token('r2', header => { alg => 'RS256', kid => 'r1' }),
	'no aud' => token('r1', aud => undef), 'another aud' => token('r1', aud => 'other'), 'no iss' => token('r1', iss => undef), 'another iss' => token('r1', iss => 'https://issuer.example.evil'),
	'no exp' => token('r1', exp => undef), 'an exp that is over' => token('r1', exp => time - 40), 'an nbf to come' => token('r1', nbf => time + 600),
	'nobody' => token('r1', sub => undef), 'more to understand' => token('r1', header => { alg => 'RS256', kid => 'r1', crit => ['x'], x => 1 }),
	'no token' => 'x');
foreach my $name (sort keys %wrong)
{
	$answer = with($wrong{$name});
	is($answer->{status}, 401, "not: $name");
	is($answer->{headers}{'www-authenticate'}, 'Bearer', 'it is told what to bring');
}
is($gateway->call(GET => '/session')->{status}, 401, 'not without one');
is($gateway->call(GET => '/session', undef, Authorization => 'Basic YWxpY2U6eA==')->{status}, 401, 'nor by a password');
is(with(token('r1', sub => 'boss'))->{status}, 403, 'nor whom the gateway may not be');
is(with(token('r1', sub => 'none'))->{status}, 403, 'nor who would be the gateway itself');
is(with(token("r1", sub => "alice; DROP"))->{status}, 403, "nor who is no name");

# ---- a reload ----

write_keys(@jwk{qw(r2)});
$gateway->signal('HUP');
ok(wait_for(sub { with(token('r2'))->{status} == 200 }, 60, 'the new key'), 'another set of keys');
is(with(token('r1'))->{status}, 401, 'the old key is none any more');
write_keys({ %{ $jwk{r1} }, d => 'AQAB' });
$gateway->signal('HUP');
ok(wait_for(sub { $gateway->log =~ /private or secret key/ }, 60, 'the refusal'), 'a private key is refused');
is(with(token('r2'))->{status}, 200, 'and the set of before stays');
$gateway->stop;

# ---- roles by a list ----

write_keys(@jwk{qw(o1)});
$gateway = gateway_start(undef, name => 'roles', @settings, 'jwt.claim' => 'app', 'jwt.roles' => 'pricer = alice, router=bob');
is(with(token('o1', app => 'router'))->{json}{user}, 'bob', 'a claim and its role');
is(with(token('o1', app => 'alice'))->{status}, 403, 'nobody else, not even a role');
$gateway->stop;
unlike($gateway->log, qr/runtime error|Sanitizer/, 'nothing went wrong inside');
done_testing();
