# The primary is lost under load and its standby takes over: every command that was acknowledged over HTTP is there once, and the gateway
# finds the new primary by itself. Before that, what was written on the primary is read from the standby, by its token.
#
# Broken by: a connection kept to a server that only reads; commands counted as refused because it does; a read that does not wait for
# its token; the role left on the connection that waited.

use strict;
use warnings;

use lib 'test/lib';
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $primary = oms_node('primary', streaming => 1, conf => "max_connections = 60\n");
my $owner = $primary->safe_psql('postgres', 'SELECT current_user');
$primary->safe_psql('postgres', <<'SQL');
SELECT oms.create_roles();
CREATE ROLE alice IN ROLE oms_trader;
CREATE ROLE bob IN ROLE oms_trader;
CREATE ROLE gate LOGIN NOINHERIT IN ROLE oms_proxy, alice, bob;
SQL
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
# An acknowledged command is on both.
$primary->safe_psql('postgres', q(ALTER SYSTEM SET synchronous_standby_names = '*'));
$primary->reload;
$primary->poll_query_until('postgres', q(SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync')) or die 'no standby';

sub create
{
	my ($id, %more) = @_;
	return { commandType => 'CreateOrderCommand', orderId => $id, clOrdID => "cl-$id", symbol => 'VOD', side => 'BUY', orderQty => 1000000, %more };
}

# ---- reads from the standby ----

my $socket = PostgreSQL::Test::Utils::tempdir_short() . '/gate';
my $gateway = gateway_start(undef, name => 'reads', listen => "unix:$socket", auth => 'proxy', dsn => gateway_dsn($primary, user => 'gate'), 'read.dsn' => gateway_dsn($standby, user => 'gate'),
	'pool.size' => 2, 'read.pool.size' => 1, 'query.timeout' => '60s');
my $client = $gateway->client($socket);
my @alice = ('X-Forwarded-User' => 'alice');

$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
my $answer = $client->call(POST => '/commands/orders', create('R1'), @alice);
is($answer->{status}, 200, 'written on the primary');
my $token = $answer->{json}{token};
is($client->call(GET => '/queries/orders/R1', undef, @alice)->{status}, 404, 'not yet on the standby');
my $reader = $gateway->client($socket);
$reader->write("GET /queries/orders/R1 HTTP/1.1\r\nHost: h\r\nX-Forwarded-User: alice\r\nOms-Token: $token\r\n\r\n");
ok(wait_for(sub { $standby->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CALL oms.wait_for%' AND state = 'active')) == 1 }, 60, 'the read to wait'), 'who has its token waits');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
$answer = $reader->answer;
is($answer->{status}, 200, 'until it is there');
is($answer->{json}{orderId}, 'R1', 'and reads what was written') or diag($answer->{content});
is($client->call(GET => '/session', undef, 'X-Forwarded-User' => 'bob')->{json}{user}, 'bob', 'the next one on the connection is himself');
is($client->call(GET => '/queries/orders/R1', undef, @alice, 'Oms-Token' => 'nonsense')->{json}{error}{sqlstate}, 'OM010', 'what is no token');
is($gateway->stop(30), 0, 'the gateway stops');

# ---- failover ----

my $clients = 4;
my $dsn = sprintf 'host=%s,%s port=%d,%d dbname=postgres user=%s target_session_attrs=read-write', $primary->host, $standby->host, $primary->port, $standby->port, $owner;
$gateway = gateway_start(undef, name => 'failover', auth => 'login', dsn => $dsn, 'pool.size' => 4);
$gateway->call(POST => '/commands/orders', create("T$_")) foreach 1 .. $clients;

my $folder = PostgreSQL::Test::Utils::tempdir_short();

# Fills of 1 until the file "over" is there, each the same again until it is acknowledged.
sub load
{
	my ($number) = @_;
	my $done = 0;
	my $connection = $gateway->client;
	my @strange;

	while (!-e "$folder/over" && @strange < 3)
	{
		my $id = "f$number." . ($done + 1);
		my $got = $connection->call(POST => '/commands/executions', { commandType => 'ExecuteOrderCommand', orderId => "T$number", execID => $id, lastQty => 1, lastPx => 5 },
			'Idempotency-Key' => $id);
		if ($got->{status} == 200) { $done++; append_to_file("$folder/done$number", '.'); next; }
		push @strange, "$got->{status} $got->{content}\n" if $got->{status} !~ /^(?:503|504)$/;
		sleep 0.05;
	}
	append_to_file("$folder/strange$number", join '', @strange);
	# what was not acknowledged may be there or not: the last one is asked for until it is known
	return;
}

my @pids;
foreach my $number (1 .. $clients)
{
	my $pid = fork // die "cannot fork: $!";
	if (!$pid) { load($number); POSIX::_exit(0); }
	push @pids, $pid;
}

sub done { my ($number) = @_; return -s "$folder/done$number" // 0; }
sub all_beyond { my (@before) = @_; return sub { !grep { done($_) < $before[ $_ - 1 ] + 5 } 1 .. $clients }; }

ok(wait_for(all_beyond((0) x $clients), 60, 'the first commands'), 'all clients are acknowledged');
$primary->stop('immediate');
my @before = map { done($_) } 1 .. $clients;
$standby->promote;
$standby->safe_psql('postgres', q(ALTER SYSTEM SET synchronous_standby_names = ''));
$standby->reload;
ok(wait_for(all_beyond(@before), 120, 'commands on the new primary'), 'and all of them by the new primary');
append_to_file("$folder/over", 'x');
waitpid $_, 0 foreach @pids;

my $total = 0;
foreach my $number (1 .. $clients)
{
	my $acknowledged = done($number);
	my $there = $standby->safe_psql('postgres', "SELECT executed_quantity FROM oms.orders WHERE id = 'T$number'");
	is(-e "$folder/strange$number" ? slurp_file("$folder/strange$number") : 'none', '', "client $number met no other answer");
	# the last that it sent may have no answer
	ok($there == $acknowledged || $there == $acknowledged + 1, "client $number: $acknowledged acknowledged, $there there");
	is($standby->safe_psql('postgres', "SELECT count(*) || ' ' || count(DISTINCT command_id) FROM oms.execution_events WHERE command_id LIKE 'f$number.%'"), "$there $there", "client $number: none twice");
	is($standby->safe_psql('postgres', "SELECT count(*) FROM generate_series(1, $acknowledged) AS n WHERE NOT EXISTS (SELECT FROM oms.execution_events WHERE command_id = 'f$number.' || n)"), 0,
		"client $number: none lost");
	$total += $acknowledged;
}
note("$total commands acknowledged");
is($standby->safe_psql('postgres', 'SELECT count(*) FROM oms.verify()'), 0, 'the store holds together');
is($gateway->stop(30), 0, 'the gateway stops');
unlike($gateway->log, qr/Sanitizer|runtime error/, 'and the sanitizers found nothing');

done_testing();
