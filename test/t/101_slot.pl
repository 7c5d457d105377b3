# The publication and the slot that events leave by: oms.create_slot() makes and repairs them whatever is
# wrong and whoever writes meanwhile, oms.drop_slot() drops them, oms.stat_bridge and oms.bridge_alerts tell
# the truth about them, also on a standby, after its promotion and after a restore.
# Broken by: a slot that is made before its publication is committed (pgoutput then fails for ever), a repair
# that misses something or goes beyond the caller's rights, figures that do not move, an alert that stays.

use strict;
use warnings;

use DBD::Pg;
use FindBin;
use IPC::Run;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use OmsTest;

my $node = oms_node('slot', streaming => 'logical', conf => "fsync = off\nautovacuum = off\ncheckpoint_timeout = 1h\n");
my $has_list = $node->safe_psql('postgres', q(SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'));
my $has_wal2json = -e $node->config_data('--pkglibdir') . '/wal2json.so';
my $orders = 0;
my $TABLES = $node->safe_psql('postgres', q(SELECT string_agg('oms.' || table_name, ', ') FROM oms.published_tables()));
# with what a record is made of, and the account
my $LISTS = $node->safe_psql('postgres', q(SELECT string_agg(format('oms.%I (%s)', t.table_name, (SELECT string_agg(attname, ', ' ORDER BY attnum DESC) FROM pg_attribute
	WHERE attrelid = t.relid AND attname IN ('sequence', 'root_id', 'aggregate_id', 'event_type', 'payload', 'hash', 'account'))), ', ') FROM oms.published_tables() AS t));
diag('WAL2JSON IS NOT INSTALLED: slots with it are not tested') unless $has_wal2json;

sub create { my (@arguments) = @_; return $node->safe_psql('postgres', 'SELECT * FROM oms.create_slot(' . join(', ', @arguments) . ')'); }
sub drop { my (@arguments) = @_; return $node->safe_psql('postgres', 'SELECT * FROM oms.drop_slot(' . join(', ', @arguments) . ')'); }
sub value { my ($sql, $on) = @_; return ($on // $node)->safe_psql('postgres', $sql); }

sub order
{
	my $id = 'slot-' . ++$orders;
	value(qq(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "$id", "symbol": "X", "side": "BUY", "orderQty": 10}')));
	return $id;
}

# What alerts there are, with settings of this session.
sub alerts
{
	my (%options) = @_;
	my $set = join '', map { "SET oms_state.slot_alert_$_ = '$options{$_}'; " } grep { $options{$_} } qw(size age);
	return value("${set}SELECT string_agg(severity || ' ' || what || ' ' || name, E'\\n' ORDER BY what, name) FROM oms.bridge_alerts", $options{on});
}

# The statement fails; returns what it says with SQLSTATE, detail and hint.
sub said
{
	my ($sql, %options) = @_;
	my ($status, $out, $err) = ($options{on} // $node)->psql('postgres', "\\set VERBOSITY verbose\n$sql", on_error_stop => 1, timeout => 60,
		extra_params => [ '-U', $options{user} // $ENV{PGUSER} // scalar getpwuid($<) ]);
	return $status == 0 ? "no error: $out" : $err;
}

# How often pgoutput sends an event with this id (reads the slot to its end).
sub times_sent
{
	my ($id, $slot) = @_;
	$slot //= 'oms_cdc';
	return value(qq(SELECT count(*) FROM pg_logical_slot_get_binary_changes('$slot', NULL, NULL, 'proto_version', '1', 'publication_names', 'oms_events') AS d
		WHERE position('"aggregateId": "$id"'::bytea IN d.data) > 0));
}

# ---- made, and made again ------------------------------------------------------------------------

is(join(' ', sort $TABLES =~ /oms\.(\w+)/g), join(' ', published_tables($node)), 'what leaves is what the contract says');
is(alerts(), '', 'nothing there, nothing to say');
is(create(q(plugin => 'pgoutput')), "publication|oms_events|missing|created for $TABLES\n"
	  . 'slot|oms_cdc|missing|created with pgoutput, from ' . value(q(SELECT confirmed_flush_lsn FROM pg_replication_slots)), 'both are made');
is(value('SELECT pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot, puballtables FROM pg_publication'), 't|f|f|f|t|f', 'the publication is as it must be');
is(value(q(SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_publication_tables WHERE pubname = 'oms_events')), join(' ', published_tables($node)), 'of the event tables');
is(value(q(SELECT count(*) FROM pg_depend WHERE classid = 'pg_publication'::regclass)), '0', 'no member of the extension');
is(create(), "publication|oms_events|right|none\nslot|oms_cdc|pgoutput, reserved|none", 'again: nothing to do');
is(alerts(), '', 'no alert');
is(times_sent(order()), '1', 'an event comes through it');
is(value('SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE \'oms%\''), '0', 'no worker is left');
is(value(q(SELECT count(DISTINCT attnames::text) || ' ' || min(attnames::text) FROM pg_publication_tables WHERE pubname = 'oms_events' AND tablename IN ('order_events', 'quote_events'))),
	'1 {sequence,aggregate_id,root_id,event_type,payload,hash,account}', 'with the columns that are read, and no others');

# ---- repaired --------------------------------------------------------------------------------------

value('CREATE TABLE heartbeat (id int PRIMARY KEY)');
foreach my $case (
	[ 'ALTER PUBLICATION oms_events DROP TABLE oms.order_events', 'table|oms.order_events|not in the publication|added', 'critical' ],
	[ 'ALTER PUBLICATION oms_events DROP TABLE oms.order_events, oms.execution_events',
		"table|oms.execution_events|not in the publication|added\ntable|oms.order_events|not in the publication|added", 'critical' ],
	[ q(ALTER PUBLICATION oms_events SET (publish = 'insert, update, delete, truncate')),
		q(publication|oms_events|publish = 'insert, update, delete, truncate', publish_via_partition_root = true|set publish = 'insert', publish_via_partition_root = true), 'warning' ],
	# PostgreSQL itself keeps one with lists of columns by its roots
	[ qq(ALTER PUBLICATION oms_events SET TABLE $TABLES; ALTER PUBLICATION oms_events SET (publish = 'update', publish_via_partition_root = false)),
		join("\n", q(publication|oms_events|publish = 'update', publish_via_partition_root = false|set publish = 'insert', publish_via_partition_root = true),
			map { "table|oms.$_|published with columns that nobody reads: wasted bytes|published with the columns that are read" } published_tables($node)), 'critical' ],
	[ 'ALTER PUBLICATION oms_events SET TABLE ' . $LISTS =~ s/order_events (\([^)]*\)),/order_events $1 WHERE (version > 1),/r =~ s/execution_events \([^)]*\),/execution_events (sequence),/r,
		"table|oms.execution_events|published in part (row filter or column list)|published with the columns that are read\n"
		  . 'table|oms.order_events|published in part (row filter or column list)|published with the columns that are read', 'critical' ],
	# as 0.1.0 made it, and one that somebody wants more of
	[ 'ALTER PUBLICATION oms_events SET TABLE ' . $LISTS =~ s/order_events \([^)]*\),/order_events,/r =~ s/execution_events \(/execution_events (actor, /r,
		"table|oms.execution_events|published with columns that nobody reads: wasted bytes|published with the columns that are read\n"
		  . 'table|oms.order_events|published with columns that nobody reads: wasted bytes|published with the columns that are read', 'warning' ])
{
	my ($damage, $rows, $severity) = @$case;

	value($damage);
	is(alerts(), "$severity publication_wrong oms_events", "alert: $damage");
	is(value('SELECT publication_ok FROM oms.stat_bridge'), 'f', 'and in the figures');
	my ($status, $out, $err) = $node->psql('postgres', 'SELECT * FROM oms.create_slot()');
	is($out, "$rows\nslot|oms_cdc|pgoutput, reserved|none", 'repaired');
	($severity eq 'critical' ? \&like : \&unlike)->($err, qr/WARNING:.*older than the repair.*drop_slot\('oms_cdc'\)/s, 'warns where events may be missing');
	is(alerts() . value('SELECT publication_ok FROM oms.stat_bridge'), 't', 'the alert is gone');
}
value('ALTER PUBLICATION oms_events ADD TABLE heartbeat');
is(create(), "publication|oms_events|right|none\npublication|oms_events|has other tables: public.heartbeat|none: not ours to remove\nslot|oms_cdc|pgoutput, reserved|none",
	'tables of others stay');

# another name, made by hand or by us
value('CREATE PUBLICATION everything FOR ALL TABLES');
like(said(q(SELECT oms.create_slot('oms_other', publication => 'everything'))), qr/OM011:.*all tables.*HINT:.*DROP PUBLICATION everything/s, 'one for all tables is not touched');
is(value(q(SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'oms_other')), '0', 'and no slot is made');
is(alerts(), '', 'a publication of somebody else is not watched');
is((split /\n/, create(q('oms_other'), q('pgoutput'), q('Events, mine')))[0], "publication|Events, mine|missing|created for $TABLES", 'another name');
value('ALTER PUBLICATION "Events, mine" DROP TABLE oms.execution_events');
is(alerts(), 'critical publication_wrong Events, mine', 'that one is watched, because we made it');
is(value(q(SELECT object, name FROM oms.repair_publication('Events, mine'))), 'table|oms.execution_events', 'repair_publication() repairs without a worker');
is(drop(q('oms_other'), q('Events, mine')), "publication|Events, mine|there|dropped\nslot|oms_other|pgoutput, reserved|dropped", 'both are dropped');
is(drop(q('oms_other'), q('Events, mine')), "publication|Events, mine|missing|none\nslot|oms_other|missing|none", 'and once is enough');
value('DROP PUBLICATION everything');

# a table that is there later
value('ALTER TABLE oms.execution_events RENAME TO away');
is(alerts(), '', 'a table that does not exist is not missed');
value('ALTER PUBLICATION oms_events DROP TABLE oms.away; ALTER TABLE oms.away RENAME TO execution_events');
is(alerts(), 'critical publication_wrong oms_events', 'it is missed once it exists');
create();

# ---- the plugin ------------------------------------------------------------------------------------

like(said(q(SELECT oms.create_slot(plugin => 'wal2json'))), qr/OM011:.*decodes with "pgoutput", not with "wal2json".*drop_slot\('oms_cdc'\).*reconciles/s, 'another plugin than the slot has');
like(said(q(SELECT oms.create_slot('x', 'test_decoding'))), qr/OM011:.*"test_decoding" is not one that the bridge reads.*HINT:.*wal2json or pgoutput/s, 'a plugin nobody reads');
SKIP:
{
	skip 'this server has no wal2json, or does not know output_plugin_libraries', 6 unless $has_wal2json && $has_list;
	is(value('SELECT oms.choose_output_plugin(NULL)'), 'pgoutput', 'where wal2json is not allowed pgoutput is chosen');
	like(said(q(SELECT oms.create_slot('x', 'wal2json'))),
		qr/OM011:.*does not allow output plugin "wal2json".*HINT:.*Set output_plugin_libraries = 'pgoutput, test_decoding, wal2json' in postgresql.conf/s, 'wal2json refused, with the line to set');
	value(q(CREATE ROLE carl LOGIN REPLICATION; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA oms TO carl));
	my $err = said(q(SELECT oms.create_slot('x', 'wal2json')), user => 'carl');
	like($err, qr/OM011:.*HINT:.*wal2json added to output_plugin_libraries/s, 'also for who may not read the setting');
	unlike($err, qr/test_decoding/, 'which is not shown then');
	$node->append_conf('postgresql.conf', "output_plugin_libraries = 'pgoutput, \"wal2json\"'");
	$node->reload;
	$node->poll_query_until('postgres', q(SELECT current_setting('output_plugin_libraries') LIKE '%wal2json%'));
	$node->append_conf('postgresql.conf', "output_plugin_libraries = 'pgoutput, wal2json'");
	$node->reload;
	is(value(q(SELECT oms.choose_output_plugin(NULL) || ' ' || oms.choose_output_plugin('wal2json'))), 'pgoutput wal2json', 'once allowed it can be had, and pgoutput is preferred');
	is(value(q(SELECT (oms.output_plugin_problem('wal2json')).problem)), '', 'and no problem');
}
SKIP:
{
	skip 'this server has no wal2json', 5 unless $has_wal2json;
	like(create(q('oms_json'), q('wal2json')), qr/^slot\|oms_json\|missing\|created with wal2json, from/m, 'a slot with wal2json');
	my $in_json = order();
	is(value(qq(SELECT count(*) FROM pg_logical_slot_get_changes('oms_json', NULL, NULL, 'format-version', '2') WHERE data LIKE '%order_events%$in_json%')), '1', 'an event comes through it');
	SKIP:
	{
		skip 'this server does not know output_plugin_libraries', 3 unless $has_list;
		$node->append_conf('postgresql.conf', "output_plugin_libraries = 'pgoutput'");
		$node->reload;
		$node->poll_query_until('postgres', q(SELECT current_setting('output_plugin_libraries') = 'pgoutput'));
		is(alerts(), 'critical plugin_not_usable oms_json', 'alert: no longer allowed');
		like(value(q(SELECT hint FROM oms.bridge_alerts)), qr/output_plugin_libraries = 'pgoutput, wal2json'/, 'with the line to set');
		like(said(q(SELECT oms.create_slot('oms_json'))), qr/OM011:.*does not allow/s, 'and create_slot() says so too');
		$node->append_conf('postgresql.conf', "output_plugin_libraries = 'pgoutput, wal2json'");
		$node->reload;
		$node->poll_query_until('postgres', q(SELECT current_setting('output_plugin_libraries') <> 'pgoutput'));
	}
	drop(q('oms_json'));
}

# ---- refused before anything is done -----------------------------------------------------------------

drop(q('oms_cdc'), q('oms_events'));
value(q(SELECT pg_create_physical_replication_slot('physical'); CREATE DATABASE other; CREATE ROLE mary LOGIN;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA oms TO mary));
$node->safe_psql('other', q(SELECT pg_create_logical_replication_slot('elsewhere', 'pgoutput')));
my $write = q(SELECT oms_command('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 10}'));
foreach my $case (
	[ "BEGIN; $write; SELECT oms.create_slot()", qr/25001:.*transaction that has written.*HINT:.*a transaction of its own/s ],
	[ 'BEGIN READ ONLY; SELECT oms.create_slot()', qr/25006:.*oms.create_slot\(\) in a read-only transaction/s ],
	[ 'SELECT oms.create_slot(NULL)', qr/22004:/ ],
	[ 'SELECT oms.create_slot(publication => NULL)', qr/22004:/ ],
	[ q(SELECT oms.create_slot('Not a name')), qr/42602:.*HINT:.*lower-case/s ],
	[ q(SELECT oms.create_slot('physical')), qr/OM011:.*DETAIL:.*It is physical/s ],
	[ q(SELECT oms.create_slot('elsewhere')), qr/OM011:.*of database "other"/s ],
	[ q(SELECT oms.drop_slot('physical')), qr/OM011:/ ],
	[ q(SELECT oms.drop_slot('elsewhere')), qr/OM011:/ ],
	[ q(SELECT pg_create_logical_replication_slot('passing', 'pgoutput', true); SELECT oms.create_slot('passing')), qr/OM011:.*It is temporary and logical/s ])
{
	my ($sql, $expected) = @$case;
	like(said($sql), $expected, "refused: $sql");
}
like(said('SELECT oms.create_slot()', user => 'mary'), qr/42501:.*"mary" may not make a slot.*ALTER ROLE mary REPLICATION/s, 'a role without REPLICATION');
value('ALTER ROLE mary REPLICATION');
like(said('SELECT oms.create_slot()', user => 'mary'), qr/42501:.*permission denied for database/s, 'a role that may not make a publication: the error of the worker');
value('GRANT CREATE ON DATABASE postgres TO mary');
like(said('SELECT oms.create_slot()', user => 'mary'), qr/42501:.*must be owner of table order_events/s, 'a role that does not own the tables');
like(said('BEGIN; LOCK TABLE oms.order_events IN SHARE ROW EXCLUSIVE MODE; SET lock_timeout = 200; SELECT oms.create_slot()'),
	qr/55P03:.*HINT:.*transaction of its own/s, 'a lock of the caller does not make it wait for ever');
{
	# a caller that gives up takes its worker along
	my $holder = oms_dbh($node, autocommit => 0);
	$holder->do('LOCK TABLE oms.order_events IN SHARE ROW EXCLUSIVE MODE');
	like(said('SET statement_timeout = 700; SELECT oms.create_slot()'), qr/57014:/, 'cancelled while its worker waits');
	sleep 2;					# by itself it would give up after ten seconds
	is(value(q(SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'oms%')), '0', 'no worker goes on');
	$holder->disconnect;
}
{
	# the worker's log-in fails
	my $dbh = oms_dbh($node, user => 'mary');
	value('REVOKE CONNECT ON DATABASE postgres FROM PUBLIC');
	ok(!eval { $dbh->do('SELECT oms.create_slot()'); 1 }, 'a worker that may not log in');
	is($dbh->state, '42501', 'its fatal error is an error here');
	is($dbh->selectrow_array('SELECT 1'), 1, 'and the session lives on');
	value('GRANT CONNECT ON DATABASE postgres TO PUBLIC');
	$dbh->disconnect;
}
is(value(q(SELECT count(*) FROM pg_publication)) . value(q(SELECT count(*) FROM pg_replication_slots WHERE database = 'postgres')), '00', 'nothing was made by any of these');
is(said('SELECT session_user', user => 'mary'), 'no error: mary', 'said() asks as the role it is told');
value(q(SELECT pg_drop_replication_slot('physical')));
$node->safe_psql('other', q(SELECT pg_drop_replication_slot('elsewhere')));

# a role that cannot log in, by SET ROLE, with exactly the rights it takes
value(q(CREATE ROLE keeper NOLOGIN REPLICATION; GRANT CREATE ON DATABASE postgres TO keeper; GRANT keeper TO mary; GRANT USAGE, CREATE ON SCHEMA oms TO keeper;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA oms TO keeper; ) . join '', map { "ALTER TABLE oms.$_ OWNER TO keeper; " } published_tables($node));
{
	my $dbh = oms_dbh($node, user => 'mary');
	$dbh->do('SET ROLE keeper');
	is(scalar @{ $dbh->selectall_arrayref('SELECT * FROM oms.create_slot()') }, 2, 'SET ROLE to a role that cannot log in');
	$dbh->disconnect;
}
is(value('SELECT pubowner::regrole FROM pg_publication'), 'keeper', 'the publication is its');
drop(q('oms_cdc'), q('oms_events'));
value(q(SELECT format('ALTER TABLE oms.%I OWNER TO %I', table_name, session_user) FROM oms.published_tables() \gexec));

# ---- in the midst of a load --------------------------------------------------------------------------

# Orders as fast as they go, until told to stop.
sub client
{
	my ($number, $stop) = @_;
	my $pid = fork // die "cannot fork: $!";
	return $pid if $pid;

	my $dbh = oms_dbh($node);
	for (my $n = 1; !-e $stop; $n++)
	{
		$dbh->do('SELECT oms_command(?::jsonb)', undef, qq({"commandType": "CreateOrderCommand", "orderId": "c$number-$n", "symbol": "X", "side": "BUY", "orderQty": 10}));
	}
	POSIX::_exit(0);
}

{
	my $stop = PostgreSQL::Test::Utils::tempdir() . '/stop';
	my @clients = map { client($_, $stop) } 1 .. 3;
	my (@problems, $seen);

	foreach my $round (1 .. rounds(6, 100))
	{
		create(q(plugin => 'pgoutput'));
		my $id = order();
		my $sent = eval { times_sent($id) } // $@;
		push @problems, "round $round: $sent" if $sent ne '1';
		my $others = eval { value(q(SELECT count(*) FROM oms.order_events)) } // 0;
		push @problems, "round $round: no load" if defined $seen && $others <= $seen + 1;
		$seen = $others;
		drop(q('oms_cdc'), q('oms_events'));
	}
	append_to_file($stop, "\n");
	waitpid $_, 0 foreach @clients;
	is_deeply(\@problems, [], 'made while others write: every change after it can be decoded');
}

# No login can keep others out: what is locked needs a privilege.
{
	$node->safe_psql('postgres', 'CREATE ROLE just_a_login LOGIN');
	my $login = oms_dbh($node, user => 'just_a_login', autocommit => 0);
	$login->do("SELECT pg_advisory_lock(hashtext('oms.$_'), 0)") foreach qw(create_slot repair_publication ensure_partitions);
	foreach my $table (qw(order_events shipped_objects))
	{
		eval { $login->do("LOCK TABLE oms.$table IN SHARE UPDATE EXCLUSIVE MODE") };
		is($login->state, '42501', "a login cannot lock oms.$table");
		$login->rollback;
	}
	is(value(q(SET lock_timeout = '5s'; SELECT count(*) FROM oms.create_slot('held_up', 'pgoutput'))), '2', 'and keeps nobody from making a slot');
	value(q(SELECT count(*) FROM oms.drop_slot('held_up', 'oms_events')));
	$login->disconnect;
}

# two at once: one makes them, the other finds them
{
	my @sessions = map { oms_dbh($node) } 1 .. 2;
	$_->do(q(SELECT * FROM oms.create_slot(plugin => 'pgoutput')), { pg_async => DBD::Pg::PG_ASYNC() }) foreach @sessions;
	is_deeply([ map { $_->pg_result } @sessions ], [ 2, 2 ], 'two at once: both succeed');
	is(value('SELECT count(*) FROM oms.stat_bridge'), '1', 'and there is one slot');
	$_->disconnect foreach @sessions;
}

# ---- the figures -------------------------------------------------------------------------------------

is(times_sent(order()), '1', 'read to the end');
is(value('SELECT lag_seconds FROM oms.stat_bridge'), '0', 'nothing is unconfirmed');
value('CREATE TABLE elsewhere (n int)', undef);
times_sent('none');
$node->safe_psql('other', 'CREATE TABLE elsewhere (n int)');
cmp_ok(value('SELECT lag_bytes FROM oms.stat_bridge'), '>', 0, 'WAL of another database is lag in bytes');
is(value('SELECT lag_seconds FROM oms.stat_bridge'), '0', 'and no unconfirmed commit of this one');
order();
my ($before_bytes, $before_kept, $before) = split /\|/, value('SELECT lag_bytes, retained_bytes, lag_seconds FROM oms.stat_bridge');
my $since = time;
sleep 1.2;
order();
my ($bytes, $kept, $lag) = split /\|/, value('SELECT lag_bytes, retained_bytes, lag_seconds FROM oms.stat_bridge');
cmp_ok($bytes, '>', $before_bytes, 'lag_bytes grows');
cmp_ok($kept, '>', $before_kept, 'retained_bytes grows');
cmp_ok($lag - $before, '>', 1.1, 'lag_seconds is the age of the oldest commit');
cmp_ok($lag - $before, '<', time - $since + 0.5, 'and no more');
is(alerts(age => '1s'), 'warning slot_inactive oms_cdc', 'alert: nobody reads it');
is(alerts(), '', 'not before the age that is set');
value(q(SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1024 * 1024)) FROM generate_series(1, 3); CHECKPOINT));
is(alerts(size => '2MB'), 'warning slot_holds_back oms_cdc', 'alert: it holds back more than is set');
is(alerts(size => '1GB'), '', 'not below it');
is(alerts(size => '-1', age => '-1'), '', '-1 is never');
value(q(SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1024 * 1024)) FROM generate_series(1, 17); CHECKPOINT));
like(value('SELECT lag_seconds FROM oms.stat_bridge'), qr/^\d/, 'the oldest commit is still found');
times_sent('none');
value(q(SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1024 * 1024)) FROM generate_series(1, 17)));
order();
is(value('SELECT lag_seconds IS NULL FROM oms.stat_bridge'), 't', 'null behind 16 MB without a commit');
is(alerts(size => '1GB', age => '1s'), '', 'which is no alert of age');
times_sent('none');

# a reader that confirms nothing; its login has the grants that doc/operations.md tells
value('SELECT count(*) FROM oms.create_roles()');
value($_) foreach slurp_file("$FindBin::RealBin/../../doc/operations.md") =~ /^((?:CREATE ROLE|GRANT)[^;]* (?:oms_cdc LOGIN REPLICATION|TO oms_cdc));/mg;
{
	my ($out, $err) = ('', '');
	my $reader = IPC::Run::start([ 'pg_recvlogical', '-d', $node->connstr('postgres') . ' user=oms_cdc application_name=reader', '-S', 'oms_cdc', '--start', '-f', '-', '--no-loop', '-s', '3600', '-F', '3600',
		'-o', 'proto_version=1', '-o', 'publication_names=oms_events' ], '>', \$out, '2>', \$err);
	ok($node->poll_query_until('postgres', q(SELECT active AND state = 'streaming' FROM oms.stat_bridge)), 'a reader is there');
	is(value('SELECT active_pid IS NOT NULL, application_name, state FROM oms.stat_bridge'), 't|reader|streaming', 'and shown');
	my $pid = value('SELECT active_pid FROM oms.stat_bridge');
	like(said('SELECT oms.drop_slot()'), qr/55006:.*in use by process $pid.*HINT:.*pg_terminate_backend\($pid\)/s, 'a slot in use is not dropped');
	like(said(q(SELECT oms.drop_slot(publication => 'oms_events'))), qr/55006:/, 'nor its publication');
	order();
	sleep 1.3;
	is(alerts(age => '1s'), 'warning slot_behind oms_cdc', 'alert: its reader is behind');
	is(create(), "publication|oms_events|right|none\nslot|oms_cdc|pgoutput, reserved|none", 'create_slot() leaves a slot in use alone');
	$reader->signal('INT');
	$reader->finish;
	$node->poll_query_until('postgres', q(SELECT NOT active FROM oms.stat_bridge));
}
times_sent('none');
is(alerts(age => '1s'), '', 'all is confirmed, and the alert is gone');

# other roles
is(value('SET SESSION AUTHORIZATION oms_cdc; SELECT publication_ok FROM oms.stat_bridge; SELECT count(*) FROM oms.bridge_alerts'), "t\n0", 'the login of the bridge reads the views');
is(value("SET SESSION AUTHORIZATION oms_cdc; SELECT count(*) >= 0 FROM oms.$_"), 't', "it reads oms.$_") foreach published_tables($node);
is(value('SET SESSION AUTHORIZATION oms_cdc; SELECT count(*) > 0 FROM oms.order_events; SELECT last_value > 0 FROM oms.event_sequence; SELECT count(*) FROM oms.published_tables()'),
	"t\nt\n" . published_tables($node), 'events, their sequence, and which tables they are in');

# ---- lost ----------------------------------------------------------------------------------------------

sub segments { value(q(CREATE TABLE IF NOT EXISTS n (n int); INSERT INTO n VALUES (1); SELECT pg_switch_wal())) foreach 1 .. $_[0]; return; }

value(q(ALTER SYSTEM SET max_slot_wal_keep_size = '96MB'));
$node->reload;
segments(4);
is(alerts(), 'critical slot_near_limit oms_cdc', 'alert: more than half of what it may hold back');
cmp_ok(value('SELECT safe_wal_size FROM oms.stat_bridge'), '<', 96 * 1024 * 1024, 'safe_wal_size is shown');
value(q(ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'));
$node->reload;
ok($node->poll_query_until('postgres', q(SELECT wal_status = 'unreserved' FROM oms.stat_bridge)), 'beyond the limit');
is(alerts(), 'critical slot_unreserved oms_cdc', 'alert: the next checkpoint takes its WAL');
value('CHECKPOINT');
is(value('SELECT wal_status, retained_bytes IS NULL, lag_seconds IS NULL FROM oms.stat_bridge'), 'lost|t|t', 'lost');
is(alerts(age => '1s', size => '1MB'), 'critical slot_lost oms_cdc', 'alert: lost');
my $rows = create();
like($rows, qr/^slot\|oms_cdc\|lost\|made anew with pgoutput, from /m, 'create_slot() makes it anew');
is(alerts(), '', 'the alert is gone');
is(times_sent(order()), '1', 'an event comes through it');
value('ALTER SYSTEM RESET max_slot_wal_keep_size');
$node->reload;

# ---- a standby that has a copy of the slot, and its promotion ------------------------------------------------

$node->stop;
$node->backup_fs_cold('copy');
$node->start;
my $standby = PostgreSQL::Test::Cluster->new('slot_standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
order();
value('SELECT pg_switch_wal()');
order();
$node->wait_for_catchup($standby);
sleep 1.2;
is(value('SELECT slot_name, active, publication_ok, lag_bytes > 0, lag_seconds > 1 FROM oms.stat_bridge', $standby), 'oms_cdc|f|t|t|t', 'the view on a standby, from what is replayed');
is(alerts(on => $standby, age => '1s'), 'warning slot_inactive oms_cdc', 'alerts there');
like(said('SELECT oms.create_slot()', on => $standby), qr/25006:.*standby.*HINT:.*on the primary/s, 'no slot is made there');
$node->stop;
$standby->promote;
value(q(SELECT pg_switch_wal(); CREATE TABLE after_promotion (n int); CHECKPOINT), $standby);
cmp_ok(value('SELECT lag_seconds FROM oms.stat_bridge', $standby), '>', 1, 'promoted: the oldest commit is found on the old timeline');
value(q(SELECT * FROM oms.drop_slot()), $standby);
is(alerts(on => $standby), 'warning no_slot oms_events', 'alert: a publication and no slot');
value(q(SELECT * FROM oms.create_slot(plugin => 'pgoutput')), $standby);
is(alerts(on => $standby), '', 'made: gone');
value('DROP PUBLICATION oms_events', $standby);
is(alerts(on => $standby), 'critical publication_missing oms_cdc', 'alert: a slot with pgoutput and no publication');
$standby->stop;
$node->start;

# ---- a restore leaves the publication without our tables, before 18 -------------------------------------------

{
	my $kept = $node->pg_version >= 18;
	my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	command_ok([ 'pg_dump', '-f', $dump, 'postgres' ], 'dumped');
	$node->safe_psql('postgres', 'CREATE DATABASE restored');
	command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'restored', '-f', $dump ], 'restored');
	is($node->safe_psql('restored', q(SELECT string_agg(severity || ' ' || what, ', ' ORDER BY what) FROM oms.bridge_alerts)), $kept ? 'warning no_slot' : 'warning no_slot, critical publication_wrong', 'alerts after a restore');
	like($node->safe_psql('restored', q(SELECT * FROM oms.create_slot('oms_restored'))), $kept ? qr/publication\|oms_events\|right\|none.*slot\|oms_restored\|missing\|created/s : qr/order_events\|not in the publication\|added.*slot\|oms_restored\|missing\|created/s, 'create_slot() repairs');
	is($node->safe_psql('restored', 'SELECT count(*) FROM oms.bridge_alerts'), '0', 'all is well');
	$node->safe_psql('restored', q(SELECT * FROM oms.drop_slot('oms_restored')));
}

# ---- servers that are not made for it ---------------------------------------------------------------------------

drop(q('oms_cdc'), q('oms_events'));
$node->append_conf('postgresql.conf', 'max_worker_processes = 1');
$node->restart;
like(said('SELECT oms.create_slot()'), qr/53400:.*no background worker.*HINT:.*max_worker_processes.*oms.repair_publication\(\)/s, 'no worker is free');
value(q(SELECT * FROM oms.repair_publication('oms_events')));
like(create(), qr/^publication\|oms_events\|right\|none\nslot\|oms_cdc\|missing\|created/, 'with the publication made by hand no worker is needed');
drop(q('oms_cdc'), q('oms_events'));
$node->append_conf('postgresql.conf', 'wal_level = replica');
$node->restart;
like(said('SELECT oms.create_slot()'), qr/OM011:.*wal_level "replica".*HINT:.*Set wal_level = 'logical'/s, 'a server that cannot decode');

done_testing();
