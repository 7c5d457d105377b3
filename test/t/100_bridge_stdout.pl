# oms_bridge without Kafka: what it prints is what the event tables hold, in commit order; what it refuses, and what it says then.
#
# Would break it: a decoder that loses or alters a byte, a transaction out of order, a slot that is confirmed before its events are out,
# an event of an allocation under another key than its tree's, a message without its remedy, a secret in a log, a stop that is not clean, or that waits for a server that stands still.

use strict;
use warnings;

use Encode qw(encode_utf8);
use JSON::PP;
use OmsBridge;
use OmsConsumer;
use OmsProcess qw(wait_for free_port);
use OmsTest;
use OmsWork qw(block_commands);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
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
	my $file = "$dir/$name.conf";

	OmsBridge::write_config($file, \%all);
	my $self = OmsProcess::spawn('OmsBridge', "$dir/$name.log", {}, 'sh', '-c', 'exec "$@" > "$0"', "$dir/$name.out",
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
        UNION ALL SELECT 'configuration-events', root_id, sequence, event_type, hash, payload FROM oms.configuration_events) AS e
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

sub last_sequence { return $node->safe_psql('postgres', q{SELECT greatest((SELECT max(sequence) FROM oms.all_events), (SELECT max(sequence) FROM oms.configuration_events), 0)}); }

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
like($err, qr/batch\.max\.rows/, 'an unknown option: the nearest is named');
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

# --- reload, and PostgreSQL's fast shutdown ---

$node->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('oms_cdc', 'pgoutput')});
my $bridge = start();
ok(wait_for(sub { $bridge->log =~ /streaming from slot/ }, 20, 'the stream'), 'it streams');
$bridge->reload('log.level' => 'debug', 'slot' => 'another');
ok(wait_for(sub { $bridge->log =~ /configuration read again.*slot/s }, 10, 'the reload'), 'HUP: read again, and says what acts at the next start');
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

$bridge = start();
ok(wait_for(sub { $bridge->log =~ /streaming from slot/ }, 20, 'the stream'), 'it streams');
my @servers = split /\n/, $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type IN ('client backend', 'walsender') AND pid <> pg_backend_pid()});
is(scalar @servers, 2, 'it has two connections');
kill 'STOP', @servers;
# it looks at the slot once a second
sleep 1.5;
stops_alone('both connections stand still', qr/stopped before all was confirmed: PostgreSQL was busy/);
kill 'CONT', @servers;

done_testing();
