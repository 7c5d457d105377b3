# A shard under Debian's Patroni, with synchronous replication: its primary dies while orders come by the gateway and in SQL. Patroni
# promotes the standby; the gateway and who connects to both go on by themselves; nothing that was acknowledged is lost or done twice.
# What the standby reads meanwhile it waits for by a token. Then the other way: what asynchronous replication can lose is told, not skipped.
# (What the bridge does at a failover is test 116.)
# Broken by: a shard whose place in the fleet stops a failover, numbers that are drawn again, a gateway that stays with the dead one,
# a token of a lost transaction that is taken for a visible one.

use strict;
use warnings;

use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

use OmsGateway;
use OmsPatroni;
use OmsProcess qw(wait_for);
use OmsTest;

skip_without_patroni();

my $patroni = OmsPatroni->new(parameters => "fsync = off\nautovacuum = off\n");
my $one = $patroni->add('one');
ok($patroni->wait_role($one, 'master', 180), 'Patroni makes the first one') or BAIL_OUT(slurp_file("$PostgreSQL::Test::Utils::log_path/patroni_one.log"));
my ($first, $second) = ($one->{node});
sub at { my ($node, $sql) = @_; return $node->safe_psql('postgres', $sql); }
at($first, q{CREATE EXTENSION oms_state; SELECT count(*) FROM oms.create_roles(); SELECT oms.set_shard(2, '{[0,16384)}')});
my $two = $patroni->add('two');
$second = $two->{node};
ok($patroni->wait_role($two, 'replica|sync_standby', 180), 'and a standby of it');
ok(wait_for(sub { at($first, q(SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))) == 1 }, 120, 'synchronous replication'), 'synchronous');

sub create { my ($id, %more) = @_; return { commandType => 'CreateOrderCommand', orderId => $id, symbol => 'X', side => 'BUY', orderQty => 1000000, %more }; }
sub command { my ($node, $command) = @_; my $result = at($node, sprintf q{SELECT oms_command('%s')}, json()->encode($command)); return json()->decode($result); }

# ---- the standby, by a token --------------------------------------------------------------------------------

my $socket = PostgreSQL::Test::Utils::tempdir_short() . '/gate';
my $owner = at($first, 'SELECT current_user');
my $both = sprintf 'host=%s,%s port=%d,%d dbname=postgres user=%s', $first->host, $second->host, $first->port, $second->port, $owner;
my $gateway = gateway_start(undef, name => 'gate', auth => 'login', dsn => "$both target_session_attrs=read-write", 'read.dsn' => gateway_dsn($second, user => $owner), 'pool.size' => 4, 'query.timeout' => '60s');
at($second, 'SELECT pg_wal_replay_pause()');
my $answer = $gateway->call(POST => '/commands/orders', create('R1'));
is($answer->{status}, 200, 'written on the primary');
like($answer->{json}{token}, qr/^2:\d+\.\d+$/, 'its token names the shard');
is($gateway->call(GET => '/queries/orders/R1')->{status}, 404, 'the standby has not applied it');
my $reader = $gateway->client;
$reader->write("GET /queries/orders/R1 HTTP/1.1\r\nHost: h\r\nOms-Token: $answer->{json}{token}\r\n\r\n");
ok(wait_for(sub { at($second, q(SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CALL oms.wait_for%' AND state = 'active')) == 1 }, 120, 'the read to wait'), 'who has its token waits');
at($second, 'SELECT pg_wal_replay_resume()');
is($reader->answer->{status}, 200, 'until it is there');

# ---- the primary dies ---------------------------------------------------------------------------------------

my $folder = PostgreSQL::Test::Utils::tempdir();
my $clients = 3;
command($first, create("T$_")) foreach 1 .. $clients;

# Fills of 1, each the same again until it is acknowledged: two by the gateway, one in SQL.
sub load
{
	my ($number) = @_;
	my ($done, $connection, $dbh) = (0, $number < $clients ? $gateway->client : undef);

	while (!-e "$folder/over")
	{
		my $id = "f$number." . ($done + 1);
		my $fill = { commandType => 'ExecuteOrderCommand', orderId => "T$number", execID => $id, lastQty => 1, lastPx => 5 };
		my $is_done;
		if ($connection)
		{
			my $got = $connection->call(POST => '/commands/executions', $fill, 'Idempotency-Key' => $id);
			$is_done = $got->{status} == 200;
			append_to_file("$folder/strange", "$got->{status} $got->{content}\n") if !$is_done && $got->{status} !~ /^(?:503|504)$/;
		}
		else
		{
			$dbh //= eval { DBI->connect("dbi:Pg:$both target_session_attrs=read-write" =~ s/ (?=\w+=)/;/gr, '', '', { RaiseError => 1, PrintError => 0 }) };
			$is_done = $dbh && eval { $dbh->selectrow_array('SELECT oms_command(?)', undef, json()->encode({ %$fill, commandId => $id })); 1 };
			append_to_file("$folder/strange", $dbh->errstr) if $dbh && !$is_done && ($dbh->state // '') =~ /^OM/;
			undef $dbh if !$is_done;
		}
		if ($is_done) { $done++; append_to_file("$folder/done$number", '.'); }
		else { sleep 0.05; }
	}
	return;
}
my @pids;
foreach my $number (1 .. $clients)
{
	my $pid = fork // die "cannot fork: $!";
	if (!$pid) { load($number); POSIX::_exit(0); }
	push @pids, $pid;
}
END { my $status = $?; kill 'KILL', @pids if @pids; $? = $status; }
sub done { my ($number) = @_; return -s "$folder/done$number" // 0; }
sub all_beyond { my (@before) = @_; return sub { !grep { done($_) < $before[ $_ - 1 ] + 10 } 1 .. $clients }; }

ok(wait_for(all_beyond((0) x $clients), 180, 'the first commands'), 'all clients are acknowledged');
$patroni->kill9($one);
my @before = map { done($_) } 1 .. $clients;
ok($patroni->wait_role($two, 'master', 300), 'Patroni promotes the standby');
ok(wait_for(all_beyond(@before), 300, 'commands on the new primary'), 'gateway and driver find it by themselves');

# The dead one comes back as the standby, whatever it had of its own.
$patroni->start($one);
ok($patroni->wait_role($one, 'replica|sync_standby', 300), 'the dead one comes back as a standby');
@before = map { done($_) } 1 .. $clients;
ok(wait_for(all_beyond(@before), 300, 'commands'), 'and commands go on');
append_to_file("$folder/over", '');
waitpid $_, 0 foreach @pids;
@pids = ();

is(-e "$folder/strange" ? slurp_file("$folder/strange") : '', '', 'nobody met another answer');
foreach my $number (1 .. $clients)
{
	my $acknowledged = done($number);
	my ($there, $ids) = split /\|/, at($second, "SELECT executed_quantity, (SELECT count(DISTINCT command_id) FROM oms.execution_events WHERE command_id LIKE 'f$number.%') FROM oms.orders WHERE id = 'T$number'");
	# the last that it sent may have no answer
	ok($there == $acknowledged || $there == $acknowledged + 1, "client $number: $acknowledged acknowledged, $there there") or diag(at($second, 'SELECT * FROM oms.incarnations'));
	is($ids, $there, "client $number: each once");
	is(at($second, "SELECT count(*) FROM generate_series(1, $acknowledged) AS n WHERE NOT EXISTS (SELECT FROM oms.execution_events WHERE command_id = 'f$number.' || n)"), 0, "client $number: none lost");
}
is(at($second, 'SELECT count(*) FILTER (WHERE sequence % 64 <> 2), count(*) - count(DISTINCT sequence) FROM oms.all_events'), '0|0', 'numbers of its shard, none twice');
is(at($second, 'SELECT count(*) FROM oms.verify()'), 0, 'every invariant holds');
is($gateway->stop(60), 0, 'the gateway stops');
unlike($gateway->log, qr/Sanitizer|runtime error/, 'and the sanitizers found nothing');

# ---- what asynchronous replication loses --------------------------------------------------------------------

is(HTTP::Tiny->new(timeout => 30)->request('PATCH', "http://$two->{api}/config", { content => '{"synchronous_mode": false, "maximum_lag_on_failover": 1000000000}' })->{status}, 200, 'asynchronous');
ok(wait_for(sub { at($second, q(SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'async')) == 1 && at($second, 'SHOW synchronous_standby_names') eq '' }, 120, 'asynchronous replication'), 'from now on');
my $kept = command($second, create('kept', commandId => 'kept'));
ok(wait_for(sub { at($first, q(SELECT count(*) FROM oms.orders WHERE id = 'kept')) }, 120, 'the standby'), 'the standby has one');
# the standby hears nothing more: its receiver stands still
my $receiver = at($first, 'SELECT pid FROM pg_stat_wal_receiver');
kill 'STOP', $receiver;
ok(wait_for(sub { slurp_file("/proc/$receiver/stat") =~ /\) T / }, 60, 'the receiver to stand still'), 'it stands still');
my $lost = command($second, create('lost', commandId => 'lost'));
is($lost->{status}, 'ACCEPTED', 'what only the primary has is acknowledged');
$patroni->kill9($two);
# it ends before it reads what lies in its socket
kill 'TERM', $receiver;
kill 'CONT', $receiver;
ok($patroni->wait_role($one, 'master', 300), 'the standby takes over');
is(at($first, q(SELECT count(*) FROM oms.orders WHERE id = 'lost')), 0, 'it is lost');
psql_fails_with($first, "CALL oms.wait_for('$lost->{token}')", 'OM010', 'and who has its token hears so');
psql_ok($first, "CALL oms.wait_for('$kept->{token}')", '', 'not who has one of what is kept');
is(command($first, create('kept', commandId => 'kept'))->{duplicate}, 1, 'repeated: what is kept is answered');
is(command($first, create('lost', commandId => 'lost'))->{status}, 'ACCEPTED', 'and what was lost is applied');
psql_fails_with($first, "CALL oms.wait_for('$lost->{token}')", 'OM010', 'its old token stays lost');
is(at($first, 'SELECT count(*) FROM oms.verify()'), 0, 'every invariant holds');

$patroni->stop;
done_testing();
