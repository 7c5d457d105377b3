# What counts as a guess of a password, however PostgreSQL is reached and however long it takes; and a name of a host that takes long.
#
# Broken by: the words of libpq's second try, without TLS, taken for those of the first, which asked for the password; a server that pauses
# after a wrong password (auth_delay) given up before it says so; one that says nothing counted as nobody's guess; a refusal of PAM's
# or LDAP's that is no 28P01; a name looked up again and again while everybody waits.

use strict;
use warnings;

use lib 'test/lib';
use IPC::Run ();
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir();

sub run { my (@command) = @_; my ($out, $err); IPC::Run::run(\@command, '<', '/dev/null', '>', \$out, '2>', \$err) or die "@command: $err"; return $out; }

my $node = oms_node('main');
$node->safe_psql('postgres', <<'SQL');
SELECT oms.create_roles();
CREATE ROLE alice LOGIN PASSWORD 'a secret' IN ROLE oms_trader;
CREATE ROLE bob LOGIN PASSWORD 'another' IN ROLE oms_trader;
CREATE ROLE lena LOGIN IN ROLE oms_trader;
CREATE ROLE kept LOGIN PASSWORD 'kept out' IN ROLE oms_trader;
SQL
my $data = $node->data_dir;
run(qw(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost -keyout), "$data/server.key", '-out', "$data/server.crt");
chmod 0600, "$data/server.key";
# Who comes by a port must come by TLS, so that libpq's try without it meets no line. Nobody listens for LDAP.
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'\nssl = on\n");
open my $file, '>', "$data/pg_hba.conf" or die $!;
print $file qq(local all all trust\nhostssl all alice,bob 127.0.0.1/32 scram-sha-256\nhostssl all lena 127.0.0.1/32 ldap ldapserver=127.0.0.1 ldapport=1 ldapprefix="cn="\n);
close $file;
$node->restart;

sub login { my ($of, $user, $password) = @_; return $of->call(POST => '/session', { user => $user, password => $password, token => JSON::PP::true }); }
my @by_port = (auth => 'password', dsn => gateway_dsn($node, host => '127.0.0.1'));

# ---- over TLS ----

my $gateway = gateway_start(undef, name => 'tls', @by_port);
is(login($gateway, 'alice', 'a secret')->{status}, 201, 'alice logs in over TLS');
foreach my $case ([ alice => '28P01' ], [ lena => '28000' ])
{
	my ($user, $sqlstate) = @$case;
	my $answer = login($gateway, $user, 'wrong');
	is($answer->{status}, 401, "a wrong password of ${user}'s ($sqlstate), though libpq tried again without TLS") or diag($gateway->log);
	# the pauses grow, so that one is met however slow we are
	ok(wait_for(sub { login($gateway, $user, 'wrong')->{status} == 429 }, 120, 'a pause'), 'and a guess');
	wait_for(sub { login($gateway, 'alice', 'a secret')->{status} == 201 }, 200, 'the pause of the address to end') or die 'a pause without an end';
}
is(login($gateway, 'kept', 'kept out')->{status}, 503, 'whom no line of pg_hba.conf lets in is asked for nothing, whatever he says');
is(login($gateway, 'alice', 'a secret')->{status}, 201, 'and it is no guess');
is($gateway->stop(30), 0, 'the gateway stops');

# ---- a server that takes its time ----

$node->append_conf('postgresql.conf', "shared_preload_libraries = 'auth_delay'\nauth_delay.milliseconds = 7000\n");
$node->restart;
$gateway = gateway_start(undef, name => 'delay', @by_port, config => {});
is(login($gateway, 'alice', 'wrong')->{status}, 401, 'who pauses before he says no is waited for');
is(login($gateway, 'alice', 'wrong')->{status}, 429, 'and it is a guess');
is($gateway->stop(30), 0, 'the gateway stops');
$gateway = gateway_start(undef, name => 'silent', @by_port, config => { 'login.timeout' => '1s' });
my $answer = login($gateway, 'alice', 'wrong');
is($answer->{status}, 503, 'not for ever');
is(login($gateway, 'alice', 'wrong')->{status}, 429, 'and who leaves before he is told has guessed too');
like($gateway->log, qr/PostgreSQL asked for the password, and said nothing of it in time/, 'the log says so');
is($gateway->stop(30), 0, 'the gateway stops');
unlike($gateway->log, qr/a secret|Sanitizer|runtime error/, 'no secret is in the log, and the sanitizers found nothing');

# ---- a name that takes long ----

append_to_file("$dir/slow.c", <<'C');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* One name takes 200 ms; when it was asked for is written down. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
	int			(*real) (const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");

	if (node != NULL && strcmp(node, "slow.example") == 0)
	{
		struct timespec now;
		FILE	   *file = fopen(getenv("SLOW_LOG"), "a");

		clock_gettime(CLOCK_MONOTONIC, &now);
		fprintf(file, "%lld\n", (long long) now.tv_sec * 1000 + now.tv_nsec / 1000000);
		fclose(file);
		usleep(200000);
		node = "127.0.0.1";
	}
	return real(node, service, hints, result);
}
C
run(qw(cc -shared -fPIC -o), "$dir/slow.so", "$dir/slow.c", '-ldl');

# Where nobody answers either, so that it would be tried as often as may be.
foreach my $auth (qw(password login))
{
	my $log = "$dir/$auth.asked";
	local $ENV{LD_PRELOAD} = "$dir/slow.so";
	local $ENV{SLOW_LOG} = $log;
	local $ENV{ASAN_OPTIONS} = join ':', grep { defined } $ENV{ASAN_OPTIONS}, 'verify_asan_link_order=0';
	$gateway = gateway_start(undef, name => "slow_$auth", auth => $auth, 'pool.size' => 4, dsn => 'host=slow.example port=1 dbname=postgres');
	ok(wait_for(sub { -e $log && slurp_file($log) =~ /(\d+\n){3}/ }, 300, 'three looks'), "auth=$auth: a name that takes long is asked for");
	my @at = split /\n/, slurp_file($log);
	cmp_ok($at[$_] - $at[ $_ - 1 ], '>=', 200 * 20, 'and not again before twenty times as long') foreach 1, 2;
	is($gateway->stop(30), 0, 'the gateway stops');
}

done_testing();
