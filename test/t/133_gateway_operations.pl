# What an operator sees of the gateway, and does to it.
#
# Broken by: a setting that is not what --check says; a secret on the command line; a request that is not counted or not in the access log,
# or whose query is in it; /readyz that says yes without PostgreSQL; a reload that changes what it must not, or does nothing, or stops it; a
# stop that cuts off what runs, or waits for ever, or whose bound is that of the start, whatever a reload has said.

use strict;
use warnings;

use lib 'test/lib';
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use DBI;
use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = oms_node('main', conf => "max_connections = 60\n");

sub create
{
	my ($id, %more) = @_;
	return { commandType => 'CreateOrderCommand', orderId => $id, clOrdID => "cl-$id", symbol => 'VOD', side => 'BUY', orderQty => 100, %more };
}

# A session that has the order's row.
sub holds
{
	my ($id) = @_;
	my $dbh = DBI->connect(sprintf('dbi:Pg:host=%s;port=%s;dbname=postgres', $node->host, $node->port), '', '', { RaiseError => 1, AutoCommit => 0 });
	$dbh->do('SELECT 1 FROM oms.orders WHERE id = ? FOR UPDATE', undef, $id);
	return $dbh;
}

sub said
{
	my (@arguments) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ gateway_program(), @arguments ], '<', \undef, '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

# ---- settings ----

my ($status, $out, $err) = said('--help');
is($status, 0, '--help');
like($out, qr/^  --body\.max BYTES \*\n        largest body \(413\) \(default 1MB\)$/m, 'says what there is');
($status, $out, $err) = said('--dsn', 'host=h password=hunter2', '--check');
is($status, 2, 'a password on the command line is refused');
like($err, qr/a password in dsn on the command line is a secret/, 'and why');
unlike($err, qr/hunter2/, 'and not repeated');
($status, $out, $err) = said('--auth', 'proxy', '--check');
is($status, 2, 'a proxy that everybody could be');
like($err, qr/listen names no Unix socket/, 'is refused');
($status, $out, $err) = said('--batch.max', '1kB', '--check');
like($err, qr/batch\.max is less than body\.max/, 'settings that do not fit together');
($status, $out, $err) = said('--admin.listen', ':9465', '--check');
like($err, qr/admin\.listen ":9465" does not say on which address/, 'an address that says nothing');
($status, $out, $err) = said('--body.max', '2 MB', '--auth', 'login', '--check');
is($status, 0, 'good ones');
like($out, qr/^body\.max = 2MB$/m, 'are shown');
($status, $out, $err) = said('--listen', '127.0.0.1:1', '--access.log', '/nowhere/access.log', '--admin.listen', 'off', '--auth', 'login');
is($status, 2, 'a file that cannot be opened');
like($err, qr{cannot open access\.log /nowhere/access\.log: No such file}, 'is said');

# ---- looking at it ----

my $log = PostgreSQL::Test::Utils::tempdir() . '/access.log';
my $gateway = gateway_start($node, name => 'operations', auth => 'login',
	config => { 'body.max' => '1kB', 'access.log' => $log, 'pool.size' => 2, 'drain.timeout' => '300s', 'command.timeout' => '300s', 'log.level' => 'info' });

sub lines { return map { decode_json($_) } split /\n/, -e $log ? slurp_file($log) : ''; }

ok(wait_for(sub { (($gateway->admin('/readyz'))[1]) == 200 }, 60, 'ready'), 'ready once there is a connection');
is((($gateway->admin('/healthz'))[1]), 200, 'well');
is((($gateway->admin('/nothing'))[1]), 404, 'no other page');
is((($gateway->call(GET => '/metrics'))->{status}), 404, 'none of them where clients come');

my $answer = $gateway->call(POST => '/commands/orders', create('O1'), 'Idempotency-Key' => 'k1');
is($answer->{status}, 200, 'a command');
my $id = $answer->{headers}{'x-request-id'};
$gateway->call(GET => '/queries/nothing/at/all/of/this?password=hunter2');
$gateway->call(DELETE => '/commands/orders');
ok(wait_for(sub { lines() >= 4 }, 60, 'the log of accesses'), 'each request has its line');
my ($line) = grep { $_->{id} eq $id } lines();
is_deeply({ map { $_ => $line->{$_} } qw(address role method path route status) },
	{ address => '127.0.0.1', role => undef, method => 'POST', path => '/commands/orders', route => '/commands/{object}', status => 200 }, 'which says what was asked');
is($line->{sent}, length $answer->{content}, 'and how much was sent');
cmp_ok($line->{received}, '>', 100, 'and received');
cmp_ok($line->{us}, '>', 0, 'and how long it took');
like($line->{ts}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'and when');
unlike(slurp_file($log), qr/hunter2/, 'a query is not in it');
is((grep { $_->{status} == 405 } lines())[0]{path}, '/commands/orders', 'what is refused is in it');

is($gateway->metric('oms_gateway_requests_total', route => '/commands/{object}', method => 'POST', status => 200), 1, 'counted by route and status');
is($gateway->metric('oms_gateway_requests_total', status => 404), 2, 'those without a route too');
is($gateway->metric('oms_gateway_request_seconds_count'), $gateway->metric('oms_gateway_requests_total'), 'all are in the histogram');
is($gateway->metric('oms_gateway_pool_size', pool => 'write'), 2, 'the pool');
is($gateway->metric('oms_gateway_ready'), 1, 'ready');

# ---- names of requests ----

sub correlation { my ($id) = @_; return $node->safe_psql('postgres', "SELECT payload ->> 'correlationId' FROM oms.order_events WHERE aggregate_id = '$id' AND version = 1"); }

my $trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
is(correlation('O1'), $id, "the events of a command have its request's id");
$answer = $gateway->call(POST => '/commands/orders', create('N1'), 'X-Request-Id' => 'desk-7:a');
is($answer->{headers}{'x-request-id'}, 'desk-7:a', "a client's own id is taken");
is(correlation('N1'), 'desk-7:a', 'into events too');
$answer = $gateway->call(POST => '/commands/orders', create('N2'), 'X-Request-Id' => 'a"b', traceparent => $trace);
like($answer->{headers}{'x-request-id'}, qr/^[0-9a-f]{16}-[0-9a-f]+$/, 'but not one that could stand nowhere');
is(correlation('N2'), $trace, 'the parent of a trace goes before');
ok(wait_for(sub { grep { ($_->{trace} // '') eq $trace && $_->{id} eq $answer->{headers}{'x-request-id'} } lines() }, 60, 'its line'), 'the log of accesses has both');
$gateway->call(POST => '/commands/orders', create('N3', correlationId => 'own'), traceparent => $trace);
is(correlation('N3'), 'own', 'what a command says itself goes before all');
$gateway->call(POST => '/commands', [ create('N4'), create('N5', correlationId => 'own') ], 'X-Request-Id' => 'batch');
is(correlation('N4') . ' ' . correlation('N5'), 'batch own', 'an array');
$answer = $gateway->call(POST => '/services/SubmitClientOrder', { orderId => 'N6', symbol => 'VOD', side => 'BUY', orderQty => 1 }, 'X-Request-Id' => 'service');
is($answer->{status}, 200, 'a service') or diag $answer->{content};
is($node->safe_psql('postgres', q(SELECT count(*) FROM oms.order_events WHERE payload ->> 'correlationId' = 'service')) > 0, 1, 'has it in its events');
$gateway->call(POST => '/commands/orders', create('N7', clOrdID => 'n7'), 'Idempotency-Key' => 'again', 'X-Request-Id' => 'first');
$answer = $gateway->call(POST => '/commands/orders', create('N7', clOrdID => 'n7'), 'Idempotency-Key' => 'again', 'X-Request-Id' => 'second');
ok($answer->{json}{duplicate}, 'a repeat by another request is one');
is(correlation('N7'), 'first', 'and changes nothing');

# ---- a reload ----

my $long = create('O2', text => 'x' x 2000);
is($gateway->call(POST => '/commands/orders', $long)->{status}, 413, 'a body that is too large');
rename $log, "$log.old" or die "cannot rename: $!";
like($gateway->reload('body.max' => '64kB', 'pool.size' => 3), qr/these act at the next start: pool\.size/, 'a reload names what it does not change');
is($gateway->call(POST => '/commands/orders', $long)->{status}, 200, 'and changes what it may');
ok(wait_for(sub { lines() >= 1 }, 60, 'the new log of accesses'), 'the log of accesses was opened again');
like($gateway->reload('body.max' => 'large'), qr/line 2: body\.max cannot be "large"/, 'a wrong file is refused, with its line');
is($gateway->call(POST => '/commands/orders', create('O3', text => 'x' x 2000))->{status}, 200, 'and changes nothing');
like($gateway->reload('body.max' => '64kB', 'access.log' => '/nowhere/access.log'), qr/cannot open access\.log|configuration read again/, 'a file that cannot be opened');
ok(wait_for(sub { $gateway->log =~ m{cannot open access\.log /nowhere} }, 60, 'the problem'), 'is said');
my $before = lines();
$gateway->call(GET => '/session');
ok(wait_for(sub { lines() > $before }, 60, 'the old file'), 'and the one that was open goes on');

# ---- without PostgreSQL ----

$node->stop('fast');
ok(wait_for(sub { (($gateway->admin('/readyz'))[1]) == 503 }, 120, 'not ready'), 'not ready without PostgreSQL');
is($gateway->admin('/readyz'), qq({"ready":false,"reason":"no connection to PostgreSQL"}\n), 'and why');
is((($gateway->admin('/healthz'))[1]), 200, 'but well: nobody gains by starting it again');
$node->start;
ok(wait_for(sub { (($gateway->admin('/readyz'))[1]) == 200 }, 120, 'ready'), 'ready again by itself');

# ---- a stop ----

my $session = holds('O1');
my $client = $gateway->client;
my $idle = $gateway->client;
$idle->call(GET => '/session');
my $body = encode_json({ commandType => 'CancelOrderCommand', orderId => 'O1' });
$client->write("POST /commands/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body");
ok(wait_for(sub { $node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock')) == 1 }, 60, 'the command'), 'a command waits');
$gateway->signal('TERM');
ok(wait_for(sub { !$gateway->connects }, 60, 'the end of listening'), 'a stop takes nobody in any more');
ok($idle->closed, 'who asks nothing is let go');
is((($gateway->admin('/readyz'))[1]), 503, 'not ready while it stops');
ok($gateway->running, 'what runs goes on');
$session->commit;
$answer = $client->answer;
is($answer->{status}, 200, 'it is answered');
is(lc($answer->{headers}{connection} // ''), 'close', 'and its connection closed');
is($gateway->wait_exit(60), 0, 'and then the gateway ends');
like($gateway->log, qr/stopped\n\z/, 'and says so');
$session->disconnect;

# ---- a stop that does not wait ----

my $short = gateway_start($node, name => 'short', auth => 'login', 'drain.timeout' => '200ms', 'command.timeout' => '0');
$session = holds('O2');
$client = $short->client;
$body = encode_json({ commandType => 'CancelOrderCommand', orderId => 'O2' });
$client->write("POST /commands/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body");
ok(wait_for(sub { $node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock')) == 1 }, 60, 'the command'), 'a command waits');
is($short->stop(60), 0, 'a stop waits for drain.timeout and no longer');
$session->rollback;
$session->disconnect;

# ---- one that was told by a reload to wait longer ----

my $patient = gateway_start($node, name => 'patient', auth => 'login', 'command.timeout' => '0', config => { 'drain.timeout' => '0ms' });
$session = holds('N1');
$body = encode_json({ commandType => 'CancelOrderCommand', orderId => 'N1' });
$client = $patient->client;
$client->write("POST /commands/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body");
ok(wait_for(sub { $node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock')) == 1 }, 60, 'the command'), 'a command waits');
$patient->reload('drain.timeout' => '600s');
$patient->signal('TERM');
# what watches over a stop gives it 10 s more than drain.timeout
sleep 11;
ok($patient->running, 'a stop waits as long as the reload has said');
$session->commit;
is($client->answer->{status}, 200, 'for what runs');
is($patient->wait_exit(60), 0, 'and then the gateway ends');
$session->disconnect;

done_testing();
