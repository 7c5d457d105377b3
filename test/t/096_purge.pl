# Purge in life: recorded streams of commands purged batch by batch, kill -9 in the middle of it, clients beside it, slots that lag, a consumer of the
# bridge, dump and restore, a standby, roles.
# Broken by: an event of configuration that goes without its row, or whose history does not go on from there; a tree that goes in part or without its row; an object, name or commandId that stays; an archive that gives back something else; an event
# that goes before a slot's reader has confirmed it; a consumer that does not see a tree go; a command that waits for a batch; whoever may purge without
# oms_admin.
#
# OMS_STREAM=name purges only what that recorded stream makes.

use strict;
use warnings;

use IPC::Run;
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use OmsBridge;
use OmsPayloads;
use OmsProcess qw(wait_for free_port);
use OmsTest;

# makes it a database in UTF-8, as wal2json wants it
$ENV{LC_CTYPE} = 'C.UTF-8';
my $node = oms_node('purge', streaming => 1, conf => <<'CONF');
wal_level = logical
max_replication_slots = 10
max_wal_senders = 10
fsync = off
log_statement = none
log_lock_waits = on
deadlock_timeout = 100ms
oms_state.command_retention = 0
session_preload_libraries = oms_state
CONF

my $EVENT = 'object, sequence, aggregate_id, version, root_id, tree_version, event_type, occurred_at, actor, role, command_id, transition, xid, payload, hash, account, via, application_name, client_addr';

sub broken
{
	my ($database) = @_;
	return $node->safe_psql($database, q(SELECT invariant, object, id, detail FROM oms.verify() LIMIT 5));
}

# ------------------------------------------------------------------------
# everything that is recorded, batch by batch
# ------------------------------------------------------------------------

sub purge_stream
{
	my ($stream) = @_;
	my $database = "purge_$stream";

	$node->safe_psql('postgres', "CREATE DATABASE $database ENCODING 'UTF8' TEMPLATE template0");
	$node->safe_psql($database, 'CREATE EXTENSION oms_state');
	my $dbh = oms_dbh($node, dbname => $database);
	$dbh->do(q(SET timezone = 'UTC'));
	play($dbh, inputs_of($stream));
	$dbh->do('RESET ALL');
	my $before = broken($database);
	$dbh->do(q(INSERT INTO oms.retention_policies (name, age, action) VALUES ('now', '0', 'ARCHIVE')));
	$dbh->do("CREATE TABLE public.before AS SELECT $EVENT FROM oms.all_events");
	my ($trees) = $dbh->selectrow_array('SELECT count(DISTINCT root_id) FROM public.before');
	my ($gone, $batches, $worse, $done) = (0, 0, '');
	my $share = int(1 + $trees / 4);
	do
	{
		(my $went, $done) = $dbh->selectrow_array("SELECT trees, done FROM oms.purge($share, now() + interval '1 hour')");
		$gone += $went;
		my $after = broken($database);
		$worse ||= $after if $after ne $before;
	} while (!$done && ++$batches < 20);
	cmp_ok($gone, '>', 0, "$stream: $gone of $trees trees went in " . (1 + $batches) . ' batches');
	is($worse, '', "$stream: after each batch oms.verify() says what it said before");
	is($dbh->selectrow_array("SELECT count(*) FROM (SELECT $EVENT FROM public.before EXCEPT (SELECT $EVENT FROM oms.all_events
		UNION ALL SELECT e.* FROM oms.archived_trees AS a CROSS JOIN LATERAL oms.read_archive(a.root_id) AS e WHERE a.part = 1)) AS lost"), 0,
		"$stream: what is gone is in the archives, proven");
	is($dbh->selectrow_array(q(SELECT count(*) FROM oms.purged_trees AS t JOIN oms.archived_trees AS a ON a.root_id = t.aggregate_id WHERE a.part = 1)), $gone, "$stream: each has its row");
	is($dbh->selectrow_array(q(SELECT string_agg(what, ', ') FROM (
		SELECT 'clOrdID ' || n.cl_ord_id AS what FROM oms.cl_ord_ids AS n WHERE NOT EXISTS (SELECT FROM oms.orders AS o WHERE o.id = n.order_id)
		UNION ALL SELECT 'orderID ' || n.counterparty_order_id FROM oms.counterparty_order_ids AS n WHERE NOT EXISTS (SELECT FROM oms.orders AS o WHERE o.id = n.order_id)
		UNION ALL SELECT 'execID ' || n.exec_id FROM oms.matched_exec_ids AS n WHERE NOT EXISTS (SELECT FROM oms.executions AS e WHERE e.id = n.execution_id)
		UNION ALL SELECT 'waits for ' || n.order_name FROM oms.waiting_order_ids AS n WHERE NOT EXISTS (SELECT FROM oms.executions AS e WHERE e.id = n.execution_id)
		UNION ALL SELECT 'quoteReqID ' || n.quote_req_id FROM oms.quote_req_ids AS n WHERE NOT EXISTS (SELECT FROM oms.quote_requests AS r WHERE r.id = n.quote_request_id)
		UNION ALL SELECT 'quoteID ' || n.dealer_quote_id FROM oms.dealer_quote_ids AS n WHERE NOT EXISTS (SELECT FROM oms.quotes AS q WHERE q.id = n.quote_id)
		UNION ALL SELECT 'command ' || c.command_id FROM oms.commands AS c WHERE NOT EXISTS (SELECT FROM oms.all_events AS e WHERE e.sequence = ANY (c.sequences))
			AND NOT EXISTS (SELECT FROM oms.purged_trees AS t WHERE t.sequence = ANY (c.sequences)) AND cardinality(c.sequences) > 0) AS n)) // '', '', "$stream: no name and no commandId is left behind");
	$dbh->disconnect;
	return;
}

my %wanted = map { $_ => 1 } $ENV{OMS_STREAM} // (soak() ? streams() : qw(blocks quotes review corners));
purge_stream($_) foreach grep { $wanted{$_} } streams();

# ------------------------------------------------------------------------
# kill -9
# ------------------------------------------------------------------------

sub trees { my ($prefix, $count) = @_; return closed_trees($node, $prefix, $count); }

# Statements one after the other, each in a transaction of its own. What it is given by its arguments it has at once, whoever reads its output when.
sub in_background
{
	my (@statements) = @_;
	my $out = '';
	return IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres'), map { ('-c', $_) } @statements ], '<', '/dev/null', '>', \$out, '2>', '/dev/null');
}

$node->safe_psql('postgres', q(INSERT INTO oms.retention_policies (name, age, action) VALUES ('now', '0', 'ARCHIVE')));
my $TREES = 150;
foreach my $round (1 .. rounds(3, 20))
{
	trees("k$round-", $TREES);
	my $purge = in_background((q(SELECT * FROM oms.purge(7, now() + interval '1 hour'))) x 40, 'CALL oms.run_purge(60)', 'SELECT oms.drop_empty_partitions()');
	my $wanted = 1 + int rand $TREES / 2;
	ok(wait_for(sub { $node->safe_psql('postgres', qq(SELECT count(*) FROM oms.purged_trees WHERE aggregate_id LIKE 'k$round-%')) >= $wanted }, 180, 'a batch'), "round $round: it is under way");
	$node->stop('immediate');
	eval { $purge->finish };
	$node->start;
	my ($gone, $there, $half) = split /\|/, $node->safe_psql('postgres', qq(
		SELECT count(*) FILTER (WHERE t.aggregate_id IS NOT NULL AND a.root_id IS NOT NULL), count(*) FILTER (WHERE o.orders = 3 AND e.events = 11 AND t.aggregate_id IS NULL),
		       count(*) FILTER (WHERE (t.aggregate_id IS NULL) = (o.orders IS NULL) OR (t.aggregate_id IS NULL) <> (a.root_id IS NULL))
		  FROM (SELECT 'k$round-' || n AS id FROM generate_series(1, $TREES) AS n) AS k
		  LEFT JOIN oms.purged_trees AS t ON t.aggregate_id = k.id LEFT JOIN oms.archived_trees AS a ON a.root_id = k.id
		  LEFT JOIN (SELECT root_id, count(*) AS orders FROM oms.orders GROUP BY 1) AS o ON o.root_id = k.id
		  LEFT JOIN (SELECT root_id, count(*) AS events FROM oms.all_events GROUP BY 1) AS e ON e.root_id = k.id));
	is($half, 0, "round $round: each tree is there, or has gone and has its row and its archive ($gone of $TREES)");
	is(broken('postgres'), '', "round $round: oms.verify() finds nothing");
}
# from where the last batch ended to the end of the table, and then from its beginning
$node->safe_psql('postgres', 'CALL oms.run_purge(60)') foreach 1, 2;
is($node->safe_psql('postgres', 'SELECT count(*) FROM oms.orders'), 0, 'the rest goes too');

# ------------------------------------------------------------------------
# kill -9 while the history of configuration goes, and who changes it meanwhile
# ------------------------------------------------------------------------

# Of each name so many changes, then half of them are deleted: all changes that there were, and all that are gone, by what stands of them.
sub changes
{
	my ($prefix, $names, $times) = @_;
	$node->safe_psql('postgres', qq(INSERT INTO oms.limits (account, what, amount) SELECT '$prefix' || n, 'w', 0 FROM generate_series(1, $names) AS n;)
		. join('', map { "UPDATE oms.limits SET amount = $_ WHERE account LIKE '$prefix%';" } 2 .. $times) . "DELETE FROM oms.limits WHERE account LIKE '$prefix%' AND right(account, 1) IN ('1', '3', '5', '7', '9')");
	return;
}

# Of histories whose events are not those from where it was purged to its newest one: how many; then how many events are left, and gone.
sub histories
{
	my ($prefix) = @_;
	return split /\|/, $node->safe_psql('postgres', qq(
		SELECT count(*) FILTER (WHERE coalesce(e.events, 0) <> n.newest - n.purged), sum(coalesce(e.events, 0)), sum(n.purged)
		  FROM (SELECT root_id, count(*) AS events, max(version) AS version FROM oms.configuration_events WHERE root_id LIKE 'limits/$prefix%' GROUP BY root_id) AS e
		  FULL JOIN (SELECT root_id, max(version) AS version FROM oms.purged_histories() WHERE root_id LIKE 'limits/$prefix%' GROUP BY root_id) AS b USING (root_id)
		 CROSS JOIN LATERAL (SELECT coalesce(b.version, 0) AS purged, coalesce(e.version, b.version) AS newest) AS n));
}

$node->safe_psql('postgres', q(INSERT INTO oms.retention_policies (name, object, age) VALUES ('configuration', 'configuration', '0')));
foreach my $round (1 .. rounds(3, 20))
{
	changes("c$round-", 40, 20);
	my $purge = in_background((q(SELECT events FROM oms.purge_configuration(30, now() + interval '1 hour'))) x 40);
	my $wanted = 1 + int rand 12;
	ok(wait_for(sub { $node->safe_psql('postgres', "SELECT count(DISTINCT batch) FROM oms.purged_histories() WHERE root_id LIKE 'limits/c$round-%'") >= $wanted }, 180, 'a batch'), "configuration, round $round: it is under way");
	$node->stop('immediate');
	eval { $purge->finish };
	$node->start;
	my ($torn, $left, $gone) = histories("c$round-");
	is($torn, 0, "configuration, round $round: what is gone has its row, and what is left goes on from it ($gone gone)");
	is($left + $gone, 40 * 20 + 20, "configuration, round $round: no event is missing, and none there twice");
	is(broken('postgres'), '', "configuration, round $round: oms.verify() finds nothing");
}
$node->safe_psql('postgres', q(SELECT * FROM oms.purge_configuration(100000, now() + interval '1 hour')));
is($node->safe_psql('postgres', q(SELECT count(*), count(*) FILTER (WHERE event_type = 'LimitDeleted') FROM oms.configuration_events WHERE root_id LIKE 'limits/c%-%')),
	rounds(3, 20) * 20 . '|0', 'then the newest event of each row is left, and nothing of what was deleted');

# Names come and go under several hands while it is purged again and again: whoever is too late is told so, and tries again.
sub changer
{
	my ($number) = @_;
	my $dbh = oms_dbh($node);

	foreach my $n (1 .. 60)
	{
		my $account = 'm' . ($number + $n) % 5;
		foreach my $sql ("INSERT INTO oms.limits (account, what, amount) VALUES ('$account', 'w', $n) ON CONFLICT (account, symbol, what) DO UPDATE SET amount = excluded.amount", "DELETE FROM oms.limits WHERE account = '$account' AND amount::bigint % 3 = 0")
		{
			eval { $dbh->do($sql); 1 } or ($dbh->state =~ /^40/ or die $dbh->errstr);
		}
	}
	return;
}
my @changers = map { my $number = $_; my $pid = fork // die "cannot fork: $!"; if (!$pid) { POSIX::_exit(eval { changer($number); 1 } ? 0 : 1); } $pid } 1 .. 4;
my ($ended, $purged) = (0, 0);
until ($ended == @changers)
{
	$purged += $node->safe_psql('postgres', q(SELECT events FROM oms.purge_configuration(20, now() + interval '1 hour')));
	$ended += grep { defined $_ && waitpid($_, POSIX::WNOHANG()) == $_ && do { is($?, 0, 'a client that changes configuration'); $_ = undef; 1 } } @changers;
}
cmp_ok($purged, '>', 0, "$purged events went meanwhile");
is((histories('m'))[0], 0, 'and each history goes on from where it was purged');
is(broken('postgres'), '', 'oms.verify() finds nothing');

# ------------------------------------------------------------------------
# eight clients beside it
# ------------------------------------------------------------------------

sub client
{
	my ($number, $until) = @_;
	my $dbh = oms_dbh($node);

	for (my $n = 1; time < $until; $n++)
	{
		my $id = "l$number-$$-$n";
		$dbh->do('SELECT oms_command($1::jsonb)', undef, qq({"commandType": "CreateOrderCommand", "orderId": "$id", "symbol": "X", "side": "BUY", "orderQty": 10}));
		$dbh->do('SELECT oms_command($1::jsonb)', undef, qq({"commandType": "ExecuteOrderCommand", "orderId": "$id", "lastQty": 10, "lastPx": 5}));
		# a late fill of what may just be going
		$dbh->do('SELECT oms_try_command($1::jsonb)', undef, sprintf '{"commandType": "ExecuteOrderCommand", "orderId": "w%d.1", "execID": "late-%s", "lastQty": 1, "lastPx": 5}', 1 + int rand 300, $id) if $n % 5 == 0;
	}
	return;
}

# A machine that has other things to do may keep a batch from its end: once of three times has to do.
my $waited = '';
foreach my $try (1 .. 3)
{
	trees("w", 300) if $try == 1;
	my $log = -s $node->logfile;
	my $until = time + rounds(4, 60);
	my @pids = map { my $number = $_; my $pid = fork // die "cannot fork: $!"; if (!$pid) { POSIX::_exit(eval { client($number, $until); 1 } ? 0 : 1); } $pid } 1 .. 8;
	while (time < $until) { $node->safe_psql('postgres', 'CALL oms.run_purge(1)'); }
	my $failed = 0;
	foreach my $pid (@pids) { waitpid $pid, 0; $failed++ if $?; }
	is($failed, 0, "try $try: no client failed");
	$waited = join "\n", grep { /still waiting/ } split /\n/, slurp_file($node->logfile, $log);
	last if $waited eq '';
}
is($waited, '', 'no command waits for a purge for 100 ms');
is(broken('postgres'), '', 'oms.verify() finds nothing');
cmp_ok($node->safe_psql('postgres', q(SELECT count(*) FROM oms.purged_trees WHERE aggregate_id LIKE 'w%')), '>', 200, 'and most of it went');

# ------------------------------------------------------------------------
# slots
# ------------------------------------------------------------------------

$node->safe_psql('postgres', q(SELECT * FROM oms.purge_configuration(100000, now() + interval '1 hour')));
$node->safe_psql('postgres', q(SELECT count(*) FROM oms.create_slot('oms_lag', 'pgoutput')));
changes('s', 2, 3);
trees('s', 2);
my $cut = q(SELECT histories, events, reasons FROM oms.purge_configuration(now => now() + interval '1 hour'));
is($node->safe_psql('postgres', $cut), '0|0|{"not_sent": 2}', 'nor does the history of configuration go that it has not');
my $try = q(SELECT oms_try_command('{"commandType": "PurgeOrderCommand", "orderId": "s1"}') #>> '{error,detail}');
like($node->safe_psql('postgres', $try), qr/^Rule not_sent: Replication slot "oms_lag" has not confirmed/, 'what a slot has not confirmed stays');
my $confirm = q(SELECT count(*) > 0 FROM pg_logical_slot_get_binary_changes('oms_lag', NULL, NULL, 'proto_version', '1', 'publication_names', 'oms_events'));
ok(wait_for(sub { $node->safe_psql('postgres', 'CHECKPOINT'); $node->safe_psql('postgres', $confirm); $node->safe_psql('postgres', $try) eq '' }, 60, 'a purge'), 'what it has goes');
is($node->safe_psql('postgres', $cut), '2|6|{}', 'and what it has of configuration');
$node->safe_psql('postgres', q(SELECT count(*) FROM oms.drop_slot('oms_lag')));
is($node->safe_psql('postgres', q(SELECT oms_try_command('{"commandType": "PurgeOrderCommand", "orderId": "s2"}') ->> 'status')), 'ACCEPTED', 'and without a slot all does');

# ------------------------------------------------------------------------
# a consumer of the bridge
# ------------------------------------------------------------------------

my $dir = PostgreSQL::Test::Utils::tempdir();
my %config = ('postgres.dsn' => bridge_dsn($node), sink => 'stdout', plugin => 'pgoutput', 'http.listen' => '127.0.0.1:' . free_port());
OmsBridge::write_config("$dir/bridge.conf", \%config);
$node->safe_psql('postgres', q(SELECT count(*) FROM oms.create_slot('oms_cdc', 'pgoutput')));
my $bridge = OmsProcess::spawn('OmsBridge', "$dir/bridge.log", {}, 'sh', '-c', 'exec "$@" > "$0"', "$dir/bridge.out", bridge_program(), '--config', "$dir/bridge.conf");
trees('b', 3);
$node->safe_psql('postgres', q(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "stays", "symbol": "X", "side": "BUY", "orderQty": 1}')));
my $records = sub { return map { decode_json($_) } grep { /\}$/ } split /\n/, slurp_file("$dir/bridge.out"); };
ok(wait_for(sub { $node->safe_psql('postgres', 'CHECKPOINT'); $node->safe_psql('postgres', q(SELECT trees FROM oms.purge(100, now() + interval '1 hour')));
	$node->safe_psql('postgres', q(SELECT count(*) FROM oms.purged_trees WHERE aggregate_id LIKE 'b%')) == 3 }, 60, 'a purge'), 'trees go when the bridge has confirmed them');
changes('b', 2, 3);
ok(wait_for(sub { $node->safe_psql('postgres', 'CHECKPOINT'); $node->safe_psql('postgres', $cut) =~ /^2[|]/ }, 60, 'a purge'), 'so does the history of configuration');
ok(wait_for(sub { grep { $_->{headers}{eventType} eq 'ConfigurationPurged' } $records->() }, 60, 'a purge'), 'and leaves as an event of its own');
my ($batch) = grep { $_->{headers}{eventType} eq 'ConfigurationPurged' } $records->();
is("$batch->{topic} $batch->{key} " . join(' ', sort map { "$_->{rootId} $_->{version}" } grep { $_->{rootId} =~ m{^limits/b} } @{ $batch->{value}{histories} }),
	'configuration-events purged_configuration limits/b1//w 4 limits/b2//w 2', 'which says how far each history is gone');
ok(wait_for(sub { 3 == grep { $_->{headers}{eventType} eq 'TreePurged' && $_->{key} =~ /^b/ } $records->() }, 60, 'a purge'), 'and leave as events of their own');
my (%known, %versions, @gaps);
foreach my $record (grep { $_->{key} =~ /^(?:b|stays)/ } $records->())
{
	my ($key, $value) = @$record{qw(key value)};
	push @gaps, "$key $value->{treeVersion}" if $value->{treeVersion} != ++$versions{$key};
	push @gaps, "$key: topic $record->{topic}" if $value->{eventType} eq 'TreePurged' && $record->{topic} ne 'order-events';
	if ($value->{eventType} eq 'TreePurged') { delete $known{$key}; }
	else { $known{$key}{ $value->{aggregateId} } = 1; }
}
is("@gaps", '', 'a tree\'s versions run on to its end');
is(join(' ', sort map { keys %$_ } values %known), $node->safe_psql('postgres', q(SELECT id FROM oms.orders WHERE id LIKE 'b%' OR id = 'stays')), 'who reads them knows what is there, and nothing else');
$bridge->kill9;
$node->safe_psql('postgres', q(SELECT count(*) FROM pg_terminate_backend((SELECT active_pid FROM pg_replication_slots WHERE slot_name = 'oms_cdc'))));
wait_for(sub { $node->safe_psql('postgres', q(SELECT NOT active FROM pg_replication_slots WHERE slot_name = 'oms_cdc')) eq 't' }, 30, 'the slot');
$node->safe_psql('postgres', q(SELECT count(*) FROM oms.drop_slot('oms_cdc', 'oms_events')));

# ------------------------------------------------------------------------
# a dump, a standby, roles
# ------------------------------------------------------------------------

trees('d', 4);
$node->safe_psql('postgres', q(SELECT oms_command('{"commandType": "PurgeOrderCommand", "orderId": "d1"}')));
my $backup = 'for_a_standby';
$node->backup($backup);
my $standby = PostgreSQL::Test::Cluster->new('purge_standby');
$standby->init_from_backup($node, $backup, has_streaming => 1);
$standby->start;
$node->safe_psql('postgres', q(SELECT oms_command('{"commandType": "PurgeOrderCommand", "orderId": "d2"}')));
my $lsn = $node->safe_psql('postgres', 'SELECT pg_current_wal_lsn()');
$node->wait_for_catchup($standby, 'replay', $lsn);
is($standby->safe_psql('postgres', q(SELECT (SELECT count(*) FROM oms.read_archive('d2')), (SELECT count(*) FROM oms.orders WHERE root_id = 'd2'), (SELECT count(*) FROM oms.verify()))), '11|0|0', 'a standby sees it go');
psql_fails_with($standby, 'SELECT * FROM oms.purge()', '25006', 'and purges nothing');
$standby->stop;

$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/dump", $node->connstr('postgres') ], 'a dump');
$node->safe_psql('template1', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), "$dir/dump" ], 'is restored');
is(broken('restored'), '', 'oms.verify() finds nothing in it');
$node->safe_psql('restored', q(UPDATE oms.limits SET amount = 9 WHERE account = 'b2'; INSERT INTO oms.limits (account, what, amount) VALUES ('b1', 'w', 9)));
is($node->safe_psql('restored', q(SELECT string_agg(account || ' ' || version, ' ' ORDER BY account) FROM oms.limits WHERE account IN ('b1', 'b2'))), 'b1 5 b2 4', 'and histories go on from where they were purged');
is(broken('restored'), '', 'oms.verify() finds nothing then');
is($node->safe_psql('restored', q(SELECT count(*) FROM oms.read_archive('d1'))), 11, 'archives are read there');
is($node->safe_psql('restored', q(SELECT oms_try_command('{"commandType": "CreateOrderCommand", "orderId": "d1", "symbol": "X", "side": "BUY", "orderQty": 1}') #>> '{error,sqlstate}')), 'OM007', 'ids stay used');
is($node->safe_psql('restored', q(SELECT oms_try_command('{"commandType": "PurgeOrderCommand", "orderId": "d3"}') ->> 'status')), 'ACCEPTED', 'and purge goes on');

$node->safe_psql('postgres', 'SELECT count(*) FROM oms.create_roles(); CREATE ROLE purger LOGIN IN ROLE oms_admin; CREATE ROLE trader LOGIN IN ROLE oms_trader');
my ($purger, $trader) = map { oms_dbh($node, user => $_) } qw(purger trader);
like($trader->selectrow_array(q(SELECT oms_try_command('{"commandType": "PurgeOrderCommand", "orderId": "d3"}') #>> '{error,message}')), qr/not permitted for role "trader"/, 'a trader does not purge');
foreach my $call (q(SELECT * FROM oms.purge()), q(SELECT * FROM oms.next_to_purge('order', 1, now())), q(SELECT * FROM oms.purge_trees('order', '{d3}', now(), 1000)), 'CALL oms.run_purge(1)',
	'SELECT * FROM oms.purge_records()', 'SELECT * FROM oms.drop_empty_partitions()', q(SELECT * FROM oms.forget_kind('x')))
{
	eval { $trader->do($call) };
	is($trader->state, '42501', "nor by $call");
}
is($purger->selectrow_array(q(SELECT outcome FROM oms.purge_trees('order', '{d4}', now() + interval '1 hour', 1000))), 'PURGED', 'who has oms_admin does');
$purger->do('CALL oms.run_purge(60)');
is($node->safe_psql('postgres', q(SELECT count(*) FROM oms.orders WHERE id = 'd3'), ), 0, 'and by the procedure');
is($node->safe_psql('postgres', q(SELECT DISTINCT actor FROM oms.purged_trees WHERE aggregate_id IN ('d3', 'd4'))), 'purger', 'and it is he who did it');
is(broken('postgres'), '', 'oms.verify() finds nothing');

done_testing();
