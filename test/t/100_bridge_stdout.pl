# oms_bridge without Kafka: what it prints is what the event tables hold, in commit order; what it refuses, and what it says then.
#
# Would break it: a decoder that loses or alters a byte, a transaction out of order, a slot that is confirmed before its events are out,
# an event of an allocation under another key than its tree's, a message without its remedy, a secret in a log, a stop that is not clean, or that waits for a server that stands still; a question by interval that holds up events, or whose failure nobody hears of, or hears of each time.

use strict;
use warnings;

use Encode qw(encode_utf8);
use IO::Socket::INET;
use IO::Handle;
use IO::Socket::UNIX;
use JSON::PP;
use OmsBridge;
use OmsConsumer;
use OmsProcess qw(wait_for free_port);
use OmsTest;
use OmsWork qw(block_commands);
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Socket qw(SOCK_DGRAM);
use Test::More;
use Time::HiRes qw(sleep time);

# makes it a database in UTF-8, as wal2json wants it
$ENV{LC_CTYPE} = 'C.UTF-8';
my $node = oms_node('main', conf => "wal_level = logical\nmax_replication_slots = 10\nmax_wal_senders = 10\n");

# A server since 15.19 has to be told; older ones do not know the setting.
my $guarded = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'});
my $refused_line = q{output_plugin_libraries = 'pgoutput, test_decoding, wal2json'};
my $dir = PostgreSQL::Test::Utils::tempdir();
my $runs = 0;

# Starts a bridge whose standard output goes to a file of its own.
sub start
{
	my (%config) = @_;
	my $name = 'stdout' . ++$runs;
	my %all = ('postgres.dsn' => bridge_dsn($node), sink => 'stdout', 'http.listen' => '127.0.0.1:' . free_port(), %config);
	my $args = delete $all{args} // [];
	my $env = delete $all{env} // {};
	my $file = "$dir/$name.conf";

	OmsBridge::write_config($file, \%all);
	my $self = OmsProcess::spawn('OmsBridge', "$dir/$name.log", $env, 'sh', '-c', 'exec "$@" > "$0"', "$dir/$name.out",
		bridge_program(), '--config', $file, @$args);
	@$self{qw(name file config out)} = ($name, $file, \%all, "$dir/$name.out");
	return $self;
}

sub lines { my ($bridge) = @_; return map { s/\n//r } split /(?<=\n)/, slurp_file($bridge->{out}); }

# What the lines should be: in the order of commit, which without concurrency is the order of sequence.
sub expected
{
	my ($after) = @_;
	return split /\n/, $node->safe_psql('postgres', <<"SQL");
SELECT format('{"topic":%s,"key":%s,"headers":{"id":"%s","eventType":"%s","hash":"%s"},"value":%s}', to_json(topic), to_json(root_id), sequence, event_type,
              encode(hash, 'hex'), payload)
  FROM (SELECT replace(object, '_', '-') || '-events' AS topic, root_id, sequence, event_type, hash, payload FROM oms.all_events
        UNION ALL SELECT 'configuration-events', root_id, sequence, event_type, hash, payload FROM oms.configuration_events
        UNION ALL SELECT 'oms-anchors', root_id, sequence, event_type, hash, payload FROM oms.anchors) AS e
 WHERE sequence > $after ORDER BY sequence
SQL
}

sub refuses
{
	my ($name, $status, $pattern, %config) = @_;
	my $bridge = start(%config);

	is($bridge->wait_exit(20), $status, "$name: exit status");
	like($bridge->log, $pattern, "$name: says what to do");
	$bridge->kill9;
	return $bridge->log;
}

sub last_sequence { return $node->safe_psql('postgres', q{SELECT greatest((SELECT max(sequence) FROM oms.all_events), (SELECT max(sequence) FROM oms.configuration_events), (SELECT max(sequence) FROM oms.anchors), 0)}); }

# Orders, and what nobody may trade, with everything that makes JSON hard.
sub some_load
{
	my ($tag, $orders) = @_;
	my @text = ("plain", qq{quo"te}, qq{back\\slash}, "tab\tand\nnewline", "\x{20ac} \x{1F600}", "x" x 20000);

	my $dbh = oms_dbh($node);
	foreach my $n (1 .. $orders)
	{
		my $command = JSON::PP->new->canonical->encode({ commandType => 'CreateOrderCommand', orderId => "$tag-$n", symbol => 'VOD', side => 'BUY',
				orderQty => 100 + $n, text => $text[ $n % @text ] });
		$dbh->do('SELECT oms_command(?::jsonb)', undef, $command);
		$dbh->do('SELECT oms_command(?::jsonb)', undef,
			JSON::PP->new->encode({ commandType => 'ExecuteOrderCommand', orderId => "$tag-$n", execID => "$tag-e$n", lastQty => 10, lastPx => '1.5' }));
		# by whoever, and however: rows that come, change and go
		my $symbol = "$tag/" . $n % 3 . substr $text[ $n % @text ], 0, 100;
		$dbh->do('INSERT INTO oms.restricted_list (symbol, reason) VALUES (?, ?) ON CONFLICT (symbol, account) DO UPDATE SET reason = excluded.reason', undef, $symbol, $text[ $n % @text ] . $n);
		$dbh->do('DELETE FROM oms.restricted_list WHERE symbol = ?', undef, $symbol) if $n % 4 == 0;
	}
	OmsTest::oms_command($dbh, $_) foreach block_commands($tag);
	$dbh->disconnect;
	return;
}

# --- the command line ---

sub run_bridge
{
	my (@args) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ bridge_program(), @args ], '>', \$out, '2>', \$err, IPC::Run::timeout(20));
	return ($? >> 8, $out, $err);
}

my ($status, $out, $err) = run_bridge('--version');
is($status, 0, '--version succeeds');
like($out, qr/^oms_bridge \d+\.\d+\.\d+/, '--version says it');
($status, $out, $err) = run_bridge('--help');
like($out, qr/batch\.max\.rows/, '--help lists the options');
($status, $out, $err) = run_bridge('--bach.max.rows', '5');
is($status, 2, 'an unknown option: exit status 2');
like($err, qr/--help lists/, 'an unknown option: what lists them is named');
($status, $out, $err) = run_bridge('-X', 'sasl.password=hunter2');
is($status, 2, 'a secret on the command line is refused');
unlike("$out$err", qr/hunter2/, 'and not repeated');

# --- what is refused, in the order a newcomer meets it ---

refuses('slot missing', 3, qr/replication slot "oms_cdc" does not exist.*oms\.create_slot/s);
$node->safe_psql('postgres', q{CREATE ROLE plain LOGIN; GRANT USAGE ON SCHEMA oms TO plain});
refuses('no right to read', 3, qr/GRANT SELECT ON oms\.\w+ TO "plain"/, 'postgres.dsn' => bridge_dsn($node, user => 'plain'));
$node->safe_psql('postgres', 'GRANT SELECT ON ' . join(', ', map { "oms.$_" } published_tables($node), 'event_sequence') . ' TO plain');
refuses('no right to replicate', 3, qr/ALTER ROLE "plain" REPLICATION/, 'postgres.dsn' => bridge_dsn($node, user => 'plain'));
$node->safe_psql('postgres', q{CREATE DATABASE other});
refuses('extension missing', 3, qr/extension oms_state is not in database "other"/, 'postgres.dsn' => bridge_dsn($node, dbname => 'other'));
$node->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('oms_cdc', 'test_decoding')});
refuses('wrong plugin', 3, qr/uses output plugin test_decoding/);
refuses('wrong plugin, one asked for', 3, qr/uses output plugin test_decoding, the configuration says pgoutput.*oms\.drop_slot/s, plugin => 'pgoutput');
$node->safe_psql('postgres', q{SELECT pg_drop_replication_slot('oms_cdc'); SELECT pg_create_logical_replication_slot('oms_cdc', 'pgoutput')});
refuses('publication missing', 3, qr/publication "oms_events" does not exist.*oms\.create_slot/s);
$node->safe_psql('postgres', q{CREATE PUBLICATION oms_events FOR TABLE oms.order_events WITH (publish = 'insert', publish_via_partition_root = true)});
refuses('publication without a table', 3, qr/does not have these event tables[^\n]*: execution_events, quote_request_events, quote_events/);
$node->safe_psql('postgres', q{DROP PUBLICATION oms_events; SELECT pg_drop_replication_slot('oms_cdc')});

# --- both plugins print the tables ---

if ($guarded)
{
	$node->append_conf('postgresql.conf', $refused_line);
	$node->reload;
	ok(wait_for(sub { $node->safe_psql('postgres', 'SHOW output_plugin_libraries') =~ /wal2json/ }, 10, 'the reload'), 'wal2json is allowed');
}
$node->safe_psql('postgres', q{SELECT * FROM oms.repair_publication('oms_events')});
foreach my $plugin (qw(pgoutput wal2json))
{
	my $before = last_sequence();
	$node->safe_psql('postgres', qq{SELECT pg_create_logical_replication_slot('oms_cdc', '$plugin')});
	some_load("$plugin-a", 12);
	my $bridge = start();
	my @want = expected($before);
	ok(wait_for(sub { lines($bridge) >= @want }, 30, 'the first lines'), "$plugin: " . scalar(@want) . ' events come');
	is_deeply([ lines($bridge) ], \@want, "$plugin: they are the tables, byte for byte");
	is($bridge->metric('oms_bridge_events_total', table => 'order_events'), scalar(grep { /"topic":"order-events"/ } @want), "$plugin: and counted");
	my ($health, $code) = $bridge->http('/healthz');
	is($code, 200, "$plugin: /healthz is well");
	like($health, qr/"status":"streaming"/, "$plugin: and says streaming");
	is($bridge->stop, 0, "$plugin: a clean stop");
	my $middle = last_sequence();
	some_load("$plugin-b", 6);
	$bridge = start();
	@want = expected($middle);
	ok(wait_for(sub { lines($bridge) >= @want }, 30, 'the lines after a stop'), "$plugin: it goes on");
	is_deeply([ lines($bridge) ], \@want, "$plugin: after a clean stop nothing is repeated, nothing lost");

	# a transaction on other tables, and one that is undone: nothing of them, and the slot moves on all the same
	my $moved = $node->safe_psql('postgres', qq{CREATE TABLE other_things_$runs AS SELECT g FROM generate_series(1, 1000) g; SELECT pg_current_wal_lsn()});
	$node->psql('postgres', q{BEGIN; SELECT oms_command('{"commandType":"CreateOrderCommand","orderId":"undone","symbol":"X","side":"BUY","orderQty":1,"ordType":"MARKET"}'); ROLLBACK;});
	ok(wait_for(sub { $node->safe_psql('postgres', qq{SELECT confirmed_flush_lsn >= '$moved' FROM pg_replication_slots}) eq 't' }, 30, 'idle advance'),
		"$plugin: what is none of ours is confirmed too");
	is(scalar(my @now = lines($bridge)), scalar(@want), "$plugin: and not printed");

	# killed: what was not confirmed comes again, nothing is left out
	my $mark = last_sequence();
	some_load("$plugin-c", 6);
	$bridge->kill9;
	some_load("$plugin-d", 3);
	$bridge = start();
	my %wanted = map { $_ => 1 } expected($mark);
	my $last = (expected($mark))[-1];
	ok(wait_for(sub { (grep { $_ eq $last } lines($bridge)) > 0 }, 30, 'the last line'), "$plugin: after kill -9 it goes on");
	my %seen = map { $_ => 1 } lines($bridge), map { lines({ out => "$dir/stdout$_.out" }) } $runs - 1;
	is(scalar(grep { !$seen{$_} } keys %wanted), 0, "$plugin: nothing is lost");
	is($bridge->stop, 0, "$plugin: a clean stop");
	$node->safe_psql('postgres', q{SELECT pg_drop_replication_slot('oms_cdc')});
}

# --- who reads only this knows every allocation ---

my %printed = map { $_ => 1 } map { lines({ out => $_ }) } glob "$dir/stdout*.out";
my $consumer = consumer_of($node);
my $json = JSON::PP->new->utf8->allow_nonref;
consume_records($consumer, [ map { /"key":("(?:[^"\\]|\\.)*"),"headers":\{[^}]*\},"value":(.*)\}$/ ? [ encode_utf8($json->decode($1)), $2 ] : () } keys %printed ]);
is_rebuilt($consumer, $node, 'from what was printed');
$consumer->disconnect;

# --- what the store is asked by interval: answers, refusals, and none at all, while events go on ---

$node->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('oms_cdc', 'pgoutput'); SELECT count(*) FROM oms.create_roles();
	CREATE ROLE cdc LOGIN REPLICATION; GRANT oms_bridge TO cdc; SELECT oms.note_run('expire')});
my $asking = start('postgres.dsn' => bridge_dsn($node, user => 'cdc'), 'lifecycle.interval.ms' => 300, 'anchor.interval.ms' => 300);
my $figure = sub { my ($name, %labels) = @_; return $asking->metric("oms_bridge_$name", %labels) // 'none'; };
ok(wait_for(sub { $figure->('lifecycle_job_age_seconds', job => 'expire') =~ /^\d+$/ }, 20, 'figures'), 'how old a job is');
is($figure->('lifecycle_alerts', alert => 'not_expired'), 0, 'and that there is nothing to look at');
$node->safe_psql('postgres', q{UPDATE oms.lifecycle_runs SET error = 'x', scheduled_at = now() - interval '1 day'});
ok(wait_for(sub { $figure->('lifecycle_alerts', alert => 'job_failed') eq '1' && $figure->('lifecycle_job_age_seconds', job => 'expire') >= 86400 }, 10, 'an alert'), 'an alert is counted');
$node->safe_psql('postgres', q{REVOKE EXECUTE ON FUNCTION oms.lifecycle_figures() FROM oms_bridge});
ok(wait_for(sub { $figure->('lifecycle_failures_total') > 1 }, 10, 'refusals'), 'who may not ask any more counts it');
is($figure->('lifecycle_alerts', alert => 'job_failed'), 'none', '... and shows nothing old');
is(scalar(() = $asking->log =~ /no figures of the lifecycle: permission denied/g), 1, '... and says it once');
$node->safe_psql('postgres', q{SELECT count(*) FROM oms.create_roles()});
ok(wait_for(sub { $figure->('lifecycle_alerts', alert => 'job_failed') eq '1' }, 10, 'figures'), 'and again when it may');
my $blocker = oms_dbh($node);
$blocker->begin_work;
$blocker->do('LOCK oms.lifecycle_runs, oms.anchors IN ACCESS EXCLUSIVE MODE');
ok(wait_for(sub { $asking->log =~ /no anchor was made: .* is not answered yet/ && $asking->log =~ /no figures of the lifecycle: .* is not answered yet/ }, 30, 'the warnings'), 'what is never answered is told');
some_load('asking', 2);
ok(wait_for(sub { (grep { /asking-2/ } lines($asking)) > 0 }, 30, 'events'), 'while events go on');
my $told = $figure->('anchor_failures_total');
sleep 2;
is(scalar(() = $asking->log =~ /is not answered yet/g), 2, '... once each');
is($figure->('anchor_failures_total'), $told, '... and counted once');
$blocker->rollback;
my $made = $figure->('anchors_total');
ok(wait_for(sub { $figure->('anchors_total') > $made }, 20, 'an anchor'), 'and then it is answered');
is($asking->stop, 0, 'a clean stop');
$node->safe_psql('postgres', q{SELECT pg_drop_replication_slot('oms_cdc'); DELETE FROM oms.lifecycle_runs});

# --- reload, and PostgreSQL's fast shutdown ---

$node->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('oms_cdc', 'pgoutput')});
my $bridge = start();
ok(wait_for(sub { $bridge->log =~ /streaming from slot/ }, 20, 'the stream'), 'it streams');
$bridge->reload('log.level' => 'debug', 'slot' => 'another');
ok(wait_for(sub { $bridge->log =~ /configuration read again.*slot/s }, 10, 'the reload'), 'HUP: read again, and says what acts at the next start');
# a publication of before, of all columns, becomes one of those that are read, under the slot and its reader
my $before_switch = last_sequence();
$node->safe_psql('postgres', 'ALTER PUBLICATION oms_events SET TABLE ' . join ', ', map { "oms.$_" } published_tables($node));
some_load('wide', 3);
is($node->safe_psql('postgres', q{SELECT string_agg(DISTINCT was, ' ') FROM oms.repair_publication('oms_events')}), 'published with columns that nobody reads: wasted bytes', 'columns that nobody reads are taken out');
some_load('narrow', 3);
my @switched = expected($before_switch);
ok(wait_for(sub { (grep { $_ eq $switched[-1] } lines($bridge)) > 0 }, 30, 'the lines'), 'the stream goes on');
is_deeply([ (lines($bridge))[-@switched .. -1] ], \@switched, 'each event of before and after is there, once and in order');
some_load('stop', 5);
my $began = time;
$node->stop('fast');
my $took = time - $began;
cmp_ok($took, '<', 5, sprintf 'a fast shutdown is not held up (%.1f s)', $took);
ok($bridge->running, 'the bridge waits for the server');
my ($health, $code) = $bridge->http('/healthz');
is($code, 503, 'and is not well meanwhile');
$node->start;
some_load('again', 2);
ok(wait_for(sub { (grep { /again-2/ } lines($bridge)) > 0 }, 30, 'the stream after a restart'), 'it comes back by itself');
is($bridge->stop, 0, 'a clean stop');
unlike($bridge->log, qr/BUG|Sanitizer/, 'nothing odd in its log');

# --- never blind: hosts that say nothing, a catalog that is locked, a walsender that hangs ---

my $notify = PostgreSQL::Test::Utils::tempdir_short() . '/notify';
my $systemd = fork // die "cannot fork: $!";
if (!$systemd)
{
	my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $notify) or POSIX::_exit(1);
	open my $heard, '>', "$dir/heard" or POSIX::_exit(1);
	$heard->autoflush;
	while (defined $socket->recv(my $word, 4096)) { print $heard "$word\n"; }
	POSIX::_exit(0);
}
ok(wait_for(sub { -S $notify }, 10, 'the socket'), 'somebody listens as systemd does');

# How often the watchdog is fed in so many seconds.
sub beats
{
	my ($seconds) = @_;
	my $before = () = slurp_file("$dir/heard") =~ /WATCHDOG=1/g;
	sleep $seconds;
	my $after = () = slurp_file("$dir/heard") =~ /WATCHDOG=1/g;
	return $after - $before;
}

my @silent = map { IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') } 1 .. 3;
$bridge = start(env => { NOTIFY_SOCKET => $notify }, 'postgres.dsn' => 'host=127.0.0.1,127.0.0.1,127.0.0.1 port=' . join(q(,), map { $_->sockport } @silent));
ok(wait_for(sub { $bridge->log =~ /oms_bridge \d/ }, 20, 'the bridge'), 'hosts that take connections and say nothing');
cmp_ok(beats(5), '>', 0, 'the watchdog is fed while it connects');
$began = time;
is($bridge->stop, 0, 'and a stop is clean');
cmp_ok(time - $began, '<', 8, 'and soon');

# as an operator may set it for this connection alone
$bridge = start(env => { NOTIFY_SOCKET => $notify }, 'postgres.dsn' => bridge_dsn($node) . q( options='-c wal_sender_timeout=3s'));
ok(wait_for(sub { $bridge->log =~ /streaming from slot/ }, 30, 'the stream'), 'it streams');
my $locker = oms_dbh($node, autocommit => 0);
$locker->do('LOCK pg_catalog.pg_publication IN ACCESS EXCLUSIVE MODE');
cmp_ok(beats(5), '>', 0, 'the watchdog is fed while a catalog is locked');
ok(wait_for(sub { $bridge->log =~ /lock timeout; looking again every second/ }, 10, 'a word of it'), 'it says so');
$bridge->reload('log.level' => 'debug');
ok(wait_for(sub { $bridge->log =~ /configuration read again/ }, 10, 'the reload'), 'and takes a reload');
$locker->rollback;
$locker->disconnect;
is(($bridge->http('/healthz'))[1], 200, 'it is well');

my $walsender = $node->safe_psql('postgres', q{SELECT active_pid FROM pg_replication_slots WHERE slot_name = 'oms_cdc'});
kill 'STOP', $walsender;
some_load('hang', 2);
ok(wait_for(sub { ($bridge->metric('oms_bridge_lag_seconds') // 0) > 1 }, 10, 'the lag'), 'a walsender that hangs: the lag is seen');
ok(wait_for(sub { $bridge->log =~ /PostgreSQL has said nothing on the stream for \d+ s/ }, 20, 'the end of the session'), 'its silence ends the session');
ok(wait_for(sub { ($bridge->http('/healthz'))[1] == 503 }, 10, 'the truth'), 'and it is not well');
kill 'CONT', $walsender;
ok(wait_for(sub { (grep { /hang-2/ } lines($bridge)) > 0 }, 60, 'the stream'), 'once it is gone all arrives');
is($bridge->stop, 0, 'a clean stop');
kill 'KILL', $systemd;
waitpid $systemd, 0;

# --- a stop while PostgreSQL stands still ---

sub stops_alone
{
	my ($name, $pattern) = @_;
	$began = time;
	is($bridge->stop, 0, "$name: a clean stop");
	$took = time - $began;
	# its own bound is 14 s: twice the grace, and ten
	cmp_ok($took, '<', 15, sprintf '%s: %.1f s', $name, $took);
	like($bridge->log, $pattern, "$name: the log says what was left");
	unlike($bridge->log, qr/Sanitizer/, "$name: nothing odd");
	return;
}

my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
kill 'STOP', $postmaster;
$bridge = start();
wait_for(sub { $bridge->log =~ /oms_bridge \d/ }, 20, 'the bridge');
sleep 0.5;
stops_alone('connecting to a server that does not answer', qr/left while connecting to PostgreSQL/);
kill 'CONT', $postmaster;

$bridge = start('lifecycle.interval.ms' => 0);
ok(wait_for(sub { $bridge->log =~ /streaming from slot/ }, 20, 'the stream'), 'it streams');
my @servers = split /\n/, $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type IN ('client backend', 'walsender') AND pid <> pg_backend_pid()});
is(scalar @servers, 2, 'it has two connections');
kill 'STOP', @servers;
# it looks at the slot once a second
sleep 1.5;
stops_alone('both connections stand still', qr/stopped before all was confirmed: PostgreSQL was busy/);
kill 'CONT', @servers;

done_testing();
