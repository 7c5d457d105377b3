# Exactly once over HTTP: whatever becomes of connections, backends and the server, each command that was acknowledged is in the store once.
#
# Broken by: taking a result for the commit (an answer before PostgreSQL is ready again); sending a FIX message again; not sending a
# command again; counting a refusal of the commit as done; retrying anything but 40001 and 40P01, or those without end.

use strict;
use warnings;

use lib 'test/lib';
use FixMessage;
use JSON::PP;
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use OmsWireProxy;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = oms_node('main', conf => "max_connections = 60\n");
my $proxy = OmsWireProxy->new($node->host . '/.s.PGSQL.' . $node->port);
my $dsn = sprintf 'host=127.0.0.1 port=%d dbname=postgres sslmode=disable gssencmode=disable user=%s', $proxy->port, $node->safe_psql('postgres', 'SELECT current_user');
my $gateway = gateway_start(undef, name => 'once', dsn => $dsn, auth => 'login', 'pool.size' => 2);

sub create
{
	my ($id, %more) = @_;
	return { commandType => 'CreateOrderCommand', orderId => $id, clOrdID => "cl-$id", symbol => 'VOD', side => 'BUY', orderQty => 100, %more };
}

sub events_of { my ($id) = @_; return $node->safe_psql('postgres', "SELECT count(*) FROM oms.order_events WHERE aggregate_id = '$id'"); }

# ---- what became of it is not known ----

my $answer = $gateway->call(POST => '/commands/orders', create('O1'), 'Idempotency-Key' => 'k1');
is($answer->{status}, 200, 'a command');
is($answer->{headers}{'command-id'}, 'k1', 'the key is its commandId');

$proxy->cut(answer => 'ACCEPTED');
$answer = $gateway->call(POST => '/commands/orders', create('O2'), 'Idempotency-Key' => 'k2');
is($proxy->cuts, 1, 'the answer was cut off behind the commit');
is($answer->{status}, 200, 'the command is sent again');
ok($answer->{json}{duplicate}, 'and PostgreSQL knows it');
is(events_of('O2'), 1, 'it is there once');

$proxy->cut(question => '"orderId":"O3"');
$answer = $gateway->call(POST => '/commands/orders', create('O3'));
is($proxy->cuts, 2, 'the question was cut off');
is($answer->{status}, 200, 'the command is sent again, by an id that was made for it');
ok(!$answer->{json}{duplicate}, 'PostgreSQL had not heard of it');
like($answer->{json}{commandId}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'a UUID of version 7');
is(events_of('O3'), 1, 'it is there once');

$proxy->cut(answer => 'ACCEPTED');
$answer = $gateway->call(POST => '/commands', [ create('O4'), create('O5'), create('O6', commandId => 'own') ], 'Idempotency-Key' => 'batch');
is($answer->{status}, 200, 'an array is sent again');
is_deeply([ map { $_->{commandId} } @{ $answer->{json} } ], [ 'batch:1', 'batch:2', 'own' ], 'each command has an id');
is(scalar(grep { $_->{duplicate} } @{ $answer->{json} }), 3, 'PostgreSQL knows them all');
is(events_of($_), 1, "$_ is there once") foreach qw(O4 O5 O6);

my $fix = fix_message(sender => 'C', target => 'B', time => '20260301-10:00:00', type => 'D', fields => [ 11 => 'F1', 55 => 'VOD', 54 => 1, 38 => 10, 40 => 1, 60 => '20260301-10:00:00' ]);
$proxy->cut(answer => 'ACCEPTED');
$answer = $gateway->call(POST => '/fix', $fix, 'Content-Type' => 'text/plain');
is($answer->{status}, 504, 'a FIX message has no id: nobody knows');
like($answer->{json}{detail}, qr/PossDupFlag/, 'and the answer says how to send it again');
is($node->safe_psql('postgres', q(SELECT count(*) FROM oms.orders WHERE cl_ord_id = 'F1')), 1, 'it is there once');

$proxy->cut_and_refuse(answer => 'ACCEPTED');
$answer = $gateway->call(POST => '/commands/orders', create('O7'), 'Idempotency-Key' => 'k7');
is($answer->{status}, 504, 'PostgreSQL is gone behind the commit, and does not come back: nobody knows');
is_deeply([ @{ $answer->{json} }{qw(outcome commandId)} ], [ 'unknown', 'k7' ], 'and the answer says so');
like($gateway->log, qr/cannot connect/, 'so does the log');
$answer = $gateway->call(POST => '/commands/orders', create('O8'));
is($answer->{status}, 503, 'nothing is sent while there is no connection');
ok($answer->{headers}{'retry-after'}, 'and the answer says to come again');
$proxy->take;
$answer = $gateway->call(POST => '/commands/orders', create('O7'), 'Idempotency-Key' => 'k7');
is($answer->{status}, 200, 'the same key tells, once PostgreSQL is back');
ok($answer->{json}{duplicate}, 'that it was applied');
is(events_of('O7'), 1, 'it is there once');

# ---- retries, and what fails as late as the commit ----

$node->safe_psql('postgres', <<'SQL');
CREATE SEQUENCE tries;
CREATE TABLE storm (times int, code text);
INSERT INTO storm VALUES (0, '40001');
CREATE FUNCTION storm() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('tries') <= (SELECT times FROM storm) THEN
    RAISE EXCEPTION 'storm' USING ERRCODE = (SELECT code FROM storm);
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER storm AFTER INSERT ON oms.orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION storm();
SQL

sub storm
{
	my ($times, $code, $id) = @_;
	$node->safe_psql('postgres', "UPDATE storm SET times = $times, code = '$code'; ALTER SEQUENCE tries RESTART");
	my $got = $gateway->call(POST => '/commands/orders', create($id));
	return ($got, $node->safe_psql('postgres', 'SELECT last_value FROM tries'));
}

my $tries;
($answer, $tries) = storm(2, '40001', 'S1');
is("$answer->{status} $tries", '200 3', 'a commit that cannot be serialized is tried three times');
($answer, $tries) = storm(3, '40P01', 'S2');
is("$answer->{status} $tries", '503 3', 'and no more');
is($answer->{json}{error}{sqlstate}, '40P01', 'the answer says why');
($answer, $tries) = storm(1, '23505', 'S3');
is("$answer->{status} $tries", '500 1', 'nothing else is tried again');
is(events_of($_->[0]), $_->[1], "$_->[0] is there $_->[1] times") foreach [ S1 => 1 ], [ S2 => 0 ], [ S3 => 0 ];
$node->safe_psql('postgres', 'DROP TRIGGER storm ON oms.orders');
is($gateway->stop(30), 0, 'the gateway stops');
$proxy->stop;

# ---- connections that come back, and what takes its time ----

$gateway = gateway_start(undef, name => 'slow', dsn => gateway_dsn($node) . ' application_name=slow', auth => 'login', 'pool.size' => 2, 'command.timeout' => '2s', 'query.timeout' => '5min');
my $ours = q(FROM pg_stat_activity WHERE application_name = 'slow');
sub connections { return $gateway->metric('oms_gateway_pool_connections', pool => 'write'); }
ok(wait_for(sub { connections() == 2 }, 60, 'both connections'), 'the pool has both connections');
# the older one, and then the other
foreach (1, 2)
{
	my ($connects, $log) = ($gateway->metric('oms_gateway_pool_connects_total', pool => 'write'), length $gateway->log);
	$node->safe_psql('template1', 'ALTER DATABASE postgres ALLOW_CONNECTIONS false');
	$node->safe_psql('template1', "SELECT pg_terminate_backend(pid) $ours ORDER BY backend_start LIMIT 1");
	wait_for(sub { substr($gateway->log, $log) =~ /cannot connect/ }, 60, 'a connection that is refused');
	$node->safe_psql('template1', 'ALTER DATABASE postgres ALLOW_CONNECTIONS true');
	ok(wait_for(sub { connections() == 2 && $gateway->metric('oms_gateway_pool_connects_total', pool => 'write') > $connects }, 60, 'both connections'), 'one that was refused once is there again');
}

# A read that PostgreSQL lets take longer than commands may: answered by the first attempt.
my $locker = oms_dbh($node);
my $retries = $gateway->metric('oms_gateway_pool_retries_total', pool => 'write');
$locker->begin_work;
$locker->do('LOCK TABLE oms.orders IN ACCESS EXCLUSIVE MODE');
my $reader = $gateway->client;
$reader->write("GET /queries/orders?limit=1 HTTP/1.1\r\nHost: h\r\n\r\n");
sleep 8;
$locker->rollback;
is($reader->answer->{status}, 200, 'a slow read is answered');
is($gateway->metric('oms_gateway_pool_retries_total', pool => 'write'), $retries, 'and was asked once');

# An attempt of which nobody knows, and behind it one that had to give up: that one's error says nothing about the first.
$locker->begin_work;
$locker->do(q(SELECT oms_command('{"commandType": "UpdateOrderCommand", "orderId": "O1", "text": "held"}')));
my $writer = $gateway->client;
my $body = JSON::PP->new->encode({ commandType => 'UpdateOrderCommand', orderId => 'O1', text => 'late' });
my $killed = '';
# that the first attempt is met before its own time is over depends on the machine: then it is tried again
for (my $try = 1; $try <= 20 && !$killed; $try++)
{
	$writer->write("POST /commands/orders HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nIdempotency-Key: late$try\r\nContent-Length: " . length($body) . "\r\n\r\n$body");
	foreach my $look (1 .. 40)
	{
		last if $killed = $node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) $ours AND wait_event_type = 'Lock' LIMIT 1");
	}
	$answer = $writer->answer;
}
is($killed, 't', 'an attempt was cut off while it waited');
is("$answer->{status} " . ($answer->{json}{outcome} // ''), '504 unknown', 'and the next one gave up: nobody knows');
$locker->rollback;
$locker->disconnect;
is($gateway->stop(30), 0, 'the gateway stops');

# ---- backends killed, the server restarted and crashed, under load ----

my $clients = 6;
my $seconds = $ENV{OMS_SECONDS} // 8;
$gateway = gateway_start($node, name => 'load', auth => 'login', 'pool.size' => 4);
$gateway->call(POST => '/commands/orders', create("T$_", orderQty => 1000000)) foreach 1 .. $clients;

# A client that sends fills of 1, the same again until it is acknowledged, and writes down how many were.
sub load
{
	my ($number, $file) = @_;
	my ($done, $duplicates, $again) = (0, 0, 0);
	my $until = time + $seconds;
	my $client = $gateway->client;
	my @strange;

	while (time < $until)
	{
		my $id = "f$number." . ($done + 1);
		while (1)
		{
			my $got = $client->call(POST => '/commands/executions', { commandType => 'ExecuteOrderCommand', orderId => "T$number", execID => $id, lastQty => 1, lastPx => 5 },
				'Idempotency-Key' => $id);
			if ($got->{status} == 200) { $done++; $duplicates++ if $got->{json}{duplicate}; push @strange, $got->{content} if $got->{json}{status} ne 'ACCEPTED'; last; }
			push @strange, "$got->{status} $got->{content}" if $got->{status} !~ /^(?:0|503|504)$/;
			$again++;
			if (@strange > 3) { $until = 0; last; }
			$client = $gateway->client if $got->{status} == 0;
			sleep 0.02;
		}
	}
	open my $out, '>', $file or POSIX::_exit(1);
	print $out "$done $duplicates $again\n", @strange;
	close $out;
	return;
}

my $folder = PostgreSQL::Test::Utils::tempdir_short();
my @pids;
foreach my $number (1 .. $clients)
{
	my $pid = fork // die "cannot fork: $!";
	if (!$pid) { load($number, "$folder/$number"); POSIX::_exit(0); }
	push @pids, $pid;
}
my $end = time + $seconds;
my $kills = 0;
my $restarts = 0;
while (time < $end || !$kills || !$restarts)
{
	sleep 0.05;
	my (undef, $count) = $node->psql('postgres', q(SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()));
	$kills += $count || 0;
	if (time > $end - $seconds + ($restarts + 1) * $seconds / 5)
	{
		$node->stop($restarts % 2 ? 'immediate' : 'fast');
		$node->start;
		$restarts++;
	}
}
waitpid $_, 0 foreach @pids;
ok($kills > 0 && $restarts > 0, 'backends were killed, and the server restarted') or diag("$kills $restarts");

my $total = 0;
foreach my $number (1 .. $clients)
{
	my ($line, @strange) = split /^/, slurp_file("$folder/$number");
	my ($done, $duplicates, $again) = split ' ', $line // '';
	note("client $number: $done acknowledged, of $duplicates the repeat was the answer, $again sent again by the client");
	is_deeply(\@strange, [], "client $number met no other answer");
	is($node->safe_psql('postgres', "SELECT executed_quantity FROM oms.orders WHERE id = 'T$number'"), $done, "client $number: each of its $done fills is there once");
	$total += $done;
}
ok($total > 0, "$total commands, $kills backends killed, $restarts restarts");
is($node->safe_psql('postgres', q(SELECT count(*) || ' ' || count(DISTINCT command_id) FROM oms.execution_events WHERE command_id LIKE 'f%')), "$total $total", 'no command has two events');
is($node->safe_psql('postgres', 'SELECT count(*) FROM oms.verify()'), 0, 'the store holds together');
is($gateway->stop(30), 0, 'the gateway stops');
unlike($gateway->log, qr/Sanitizer|runtime error/, 'and the sanitizers found nothing');

done_testing();
