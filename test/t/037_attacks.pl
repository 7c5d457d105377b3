# Attacks of somebody with a role who is limited to account A, upon account B, and upon whoever reads or writes after him: what he may put into the way of names, what he may ask
# so that the planner or an error tells it, what was begun before he was limited. Each guard was taken out once, and its part of this falls:
#   a function without its SET search_path, a name in SQL that is not qualified (names); the policies of a table or of a partition (COPY, dumps, leaves, leaky functions, statistics);
#   limits that look at the current user alone (SECURITY DEFINER, SET ROLE); a lock that any login can hold; a plan that has "is not limited" in it and is kept (prepared statements, revokes).

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $node = oms_node('attacks', conf => "wal_level = logical\nmax_replication_slots = 4");
my $owner = $node->safe_psql('postgres', 'SELECT current_user');

sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }
sub session { my ($user) = @_; my $dbh = oms_dbh($node, user => $user); $dbh->do('SET client_min_messages = error'); return $dbh; }

# What a statement gives, rows in one text; or its SQLSTATE and what it says.
sub ask
{
	my ($dbh, $sql) = @_;
	my $rows = eval { $dbh->selectall_arrayref($sql) };

	return $dbh->state . ' ' . $dbh->errstr unless $rows;
	return join "\n", map { join '|', map { $_ // '' } @$_ } @$rows;
}
sub state { my ($dbh, $sql) = @_; return eval { $dbh->do($sql); 1 } ? 'done' : $dbh->state; }

sql(q(SELECT count(*) FROM oms.create_roles();
	CREATE ROLE lim LOGIN IN ROLE oms_desk; CREATE ROLE free LOGIN IN ROLE oms_desk; CREATE ROLE pool LOGIN NOINHERIT; GRANT lim, free, oms_proxy TO pool; CREATE ROLE twice LOGIN NOINHERIT; GRANT lim, free TO twice;
	SELECT oms.grant_account('lim', 'A')));
foreach my $of ('A', 'B')
{
	sql("SELECT oms_command(\$\$$_\$\$)") foreach
		qq({"commandType": "CreateOrderCommand", "orderId": "${of}1", "account": "$of", "symbol": "SECRET$of", "side": "BUY", "orderQty": 100, "price": 10}),
		qq({"commandType": "ExecuteOrderCommand", "orderId": "${of}1", "executionId": "${of}x", "lastQty": 10, "lastPx": 10, "text": "SECRET$of"});
}
sql("SELECT oms_command('{\"commandType\": \"CreateOrderCommand\", \"orderId\": \"B$_\", \"account\": \"B\", \"symbol\": \"SECRETB\", \"side\": \"BUY\", \"orderQty\": 1}')") foreach 2 .. 30;
sql('ANALYZE');
my $leaf = sql(q(SELECT relid::regclass FROM pg_partition_tree('oms.order_events') WHERE isleaf ORDER BY relid LIMIT 1));

my $lim = session('lim');
my $free = session('free');
is(ask($lim, q(SELECT string_agg(DISTINCT symbol, ' ') FROM oms.orders)), 'SECRETA', 'who is limited sees his account');
is(ask($free, 'SELECT count(*) FROM oms.orders'), 31, 'who is not, all');

# What runs with the owner's rights, or as anybody, finds names in pg_catalog alone. A procedure that commits cannot have a setting: each name and operator of it is qualified.
is(sql(q(SELECT string_agg(p.oid::regprocedure::text, ' ' ORDER BY 1) FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'oms_state'
	JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid JOIN pg_language AS l ON l.oid = p.prolang
	WHERE d.deptype = 'e' AND p.prokind <> 'p' AND (p.prosecdef OR l.lanname IN ('sql', 'plpgsql') AND p.prosqlbody IS NULL) AND NOT ('search_path=pg_catalog, pg_temp' = ANY (coalesce(p.proconfig, '{}'))))), '', 'every function has its search_path');

# ---- names: his schema before ours, his temporary tables, his operators, types and casts ------------------------------

# Whatever of his is called counts, also where what called it fails.
sql('CREATE SCHEMA evil; GRANT ALL ON SCHEMA evil TO lim; CREATE TABLE evil.called (who text, what text); GRANT INSERT ON evil.called TO PUBLIC; CREATE SEQUENCE evil.calls; GRANT ALL ON SEQUENCE evil.calls TO PUBLIC; GRANT TEMP ON DATABASE postgres TO lim');
my $trap = session('lim');
my %operators = ('=' => [ 'text, text', 'name, name', 'name, text', 'oid, oid', 'bigint, bigint', 'bytea, bytea', 'jsonb, jsonb' ], '<>' => [ 'text, text', 'bigint, bigint' ], '~~' => [ 'text, text' ],
	'||' => [ 'text, text' ], '->' => [ 'jsonb, text' ], '->>' => [ 'jsonb, text' ], '#>>' => [ 'jsonb, text[]' ], '<=' => [ 'timestamptz, timestamptz' ], '>' => [ 'bigint, bigint' ]);
my $number = 0;
foreach my $operator (sort keys %operators)
{
	foreach my $types (@{ $operators{$operator} })
	{
		my ($left, $right) = split /, /, $types;
		my $returns = $operator =~ /^(?:\|\||->>|#>>)$/ ? 'text' : $operator eq '->' ? 'jsonb' : 'boolean';
		my $f = 'o' . ++$number;

		$trap->do("CREATE FUNCTION evil.$f(a $left, b $right) RETURNS $returns LANGUAGE plpgsql AS \$\$ BEGIN PERFORM pg_catalog.nextval('evil.calls'); RETURN a OPERATOR(pg_catalog.$operator) b; END \$\$");
		$trap->do("CREATE OPERATOR evil.$operator (LEFTARG = $left, RIGHTARG = $right, FUNCTION = evil.$f)");
	}
}
foreach my $function ('format(text, VARIADIC "any") text', 'split_part(text, text, integer) text', 'jsonb_typeof(jsonb) text', 'now() timestamptz', 'current_setting(text) text', 'to_regclass(text) regclass',
	'pg_has_role(name, name, text) boolean', 'quote_ident(text) text', 'lower(text) text', 'sha256(bytea) bytea', 'count(text) bigint', 'to_jsonb(text) jsonb')
{
	my ($signature, $returns) = $function =~ /^(.*) (\w+)$/;
	my $name = $signature =~ s/\(.*//sr;
	next if $signature =~ /"any"/;
	$trap->do("CREATE FUNCTION evil.$signature RETURNS $returns LANGUAGE plpgsql AS \$\$ BEGIN PERFORM pg_catalog.nextval('evil.calls'); RETURN NULL; END \$\$");
}
$trap->do("CREATE DOMAIN evil.$_ AS pg_catalog.int4 CHECK (value > 1000)") foreach qw(text jsonb bytea);
sql("CREATE TABLE evil.$_ (nothing integer); CREATE VIEW evil.v_$_ AS SELECT 1") foreach qw(orders order_events executions commands all_events configuration_events pg_class pg_depend pg_roles);
sql(q(CREATE FUNCTION evil.oms_command(pg_catalog.jsonb) RETURNS pg_catalog.jsonb LANGUAGE sql AS 'SELECT NULL::pg_catalog.jsonb'));

my @readers = ('SELECT count(*) FROM oms.verify()', q(SELECT count(*) > 5 FROM oms.audit_trail('A1')), q(SELECT (oms.order_as_of('A1', 'now'::pg_catalog.timestamptz)).executed_quantity), 'SELECT count(*) FROM oms.order_history',
	'SELECT count(*) FROM oms.role_repairs()', 'SELECT count(*) FROM oms.open_grants()', 'SELECT count(*) FROM oms.local_changes()', 'SELECT count(*) FROM oms.order_tree', 'SELECT count(*) FROM oms.trade_blotter',
	q(SELECT count(*) FROM public.oms_query('order', '{"where": {"symbol": {"like": "SECRET%"}}, "limit": 1000}')), 'SELECT oms.ensure_partitions(1)', q(SELECT count(*) FROM oms.explain_routing('A1')), 'SELECT count(*) FROM oms.configuration_history',
	q(SELECT count(*) FROM oms.events_since('order', NULL)), 'SELECT count(*) FROM oms.bridge_alerts', q(SELECT count(*) FROM oms.replay_orders()), q(SELECT count(*) FROM oms.tree_as_of('A1', 'now'::pg_catalog.timestamptz)),
	q(SELECT public.oms_try_command('{"commandType": "CancelOrderCommand", "orderId": "none"}') #>> '{error,sqlstate}'), 'SELECT oms.rebuild(\'orders\')', 'SELECT count(*) FROM oms.visible_accounts()', q(SELECT oms.may('CreateOrderCommand', 'A')),
	'SELECT count(*) FROM oms.desk_queue', 'SELECT count(*) FROM oms.execution_review', 'CALL oms.run_purge(0.05)', q(CALL oms.run_job('expire', 0.05)), q(CALL oms.run_job('records', 0.05)), 'SELECT count(*) FROM oms.lifecycle_alerts', 'SELECT count(*) FROM oms.due_objects()', 'SELECT count(*) FROM oms.create_roles()');
my @paths = ('evil, pg_catalog, pg_temp', 'pg_temp, evil, pg_catalog');
foreach my $user ($owner, 'free')
{
	my $clean = session($user);
	my @expected = map { ask($clean, $_) } @readers;

	foreach my $path (@paths)
	{
		my $dbh = session($user);
		$dbh->do("CREATE TEMP TABLE $_ (nothing integer)") foreach qw(orders order_events executions commands pg_class);
		my @found;
		foreach my $n (0 .. $#readers)
		{
			# what the statement itself says is qualified where it must be; the rest is ours
			my $sql = $readers[$n] =~ s/count\(/pg_catalog.count(/gr =~ s/#>>/OPERATOR(pg_catalog.#>>)/r =~ s/> 5/OPERATOR(pg_catalog.>) 5/r;
			$dbh->do("SET search_path = $path");
			my $got = ask($dbh, $sql);
			push @found, "$readers[$n]: $got, not $expected[$n]" if $got ne $expected[$n];
		}
		is(join("\n", @found), '', "$user, who has \"$path\" for a search_path, reads the same");
	}
}
is(sql('SELECT is_called FROM evil.calls'), 'f', 'and nothing of the attacker\'s was called');
# that the trap would close
my $open = session($owner);
$open->do('ALTER FUNCTION oms.audit_trail(text) RESET search_path');
$open->do('SET search_path = evil, pg_catalog');
ask($open, q(SELECT * FROM oms.audit_trail('A1')));
$open->do('SET search_path = pg_catalog; ALTER FUNCTION oms.audit_trail(text) SET search_path = pg_catalog, pg_temp');
is(sql('SELECT is_called FROM evil.calls'), 't', 'as it would be where a function has no search_path of its own');

# ---- somebody else's rights ------------------------------------------------------------------------------------------

sql(q(CREATE FUNCTION lent(command jsonb) RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS 'SELECT oms_try_command($1)'; ALTER FUNCTION lent OWNER TO free;
	CREATE FUNCTION looked() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM oms.orders'; ALTER FUNCTION looked OWNER TO free;
	CREATE VIEW theirs AS SELECT * FROM oms.orders; ALTER VIEW theirs OWNER TO free; GRANT SELECT ON theirs TO lim;
	CREATE FUNCTION owners() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM oms.orders'));
is(ask($lim, q(SELECT lent('{"commandType": "CancelOrderCommand", "orderId": "B1"}') #>> '{error,sqlstate}')), 'OM003', 'a SECURITY DEFINER function of who is not limited gives no command of his');
is(ask($lim, 'SELECT looked()'), 1, 'and reads no more');
is(ask($lim, 'SELECT count(*) FROM theirs'), 1, 'nor does a view of his');
is(ask($lim, 'SELECT owners()'), 31, 'one of the owner\'s does, as it is with every policy');
my $pool = session('pool');
$pool->do('SET ROLE lim');
is(ask($pool, 'SELECT count(*) FROM oms.orders'), 1, 'who sets a role has its limits');
$pool->do('SET ROLE free');
is(ask($pool, 'SELECT count(*) FROM oms.orders'), 31, 'a pool those of the role alone');
my $both = session('twice');
$both->do('SET ROLE free');
is(ask($both, 'SELECT count(*) FROM oms.orders'), 1, 'who is no pool is not rid of his own by another role');
is(state($lim, $_), '42501', $_) foreach 'SET ROLE free', 'SET SESSION AUTHORIZATION free';

# ---- ways to read ----------------------------------------------------------------------------------------------------

unlike(ask($lim, "SELECT * FROM $_"), qr/SECRETB/, "$_") foreach qw(oms.orders oms.executions oms.all_events oms.order_history oms.order_tree oms.client_orders oms.trade_blotter oms.rejected_commands oms.commands oms.cl_ord_ids oms.root_ids oms.order_performance);
my ($status, $out, $error) = $node->psql('postgres', 'COPY oms.orders TO STDOUT; COPY oms.order_events TO STDOUT; COPY (TABLE oms.executions) TO STDOUT', extra_params => [ '-U', 'lim' ]);
like($out, qr/SECRETA/, 'COPY gives what is his');
unlike($out . $error, qr/SECRETB/, 'and no more');
is(state($lim, $_), '42501', $_) foreach "COPY oms.orders FROM '/dev/null'", 'COPY oms.orders FROM PROGRAM \'true\'', "SELECT * FROM $leaf", 'SELECT * FROM oms.orders FOR UPDATE', 'CREATE TABLE r (id text REFERENCES oms.orders)',
	'CREATE RULE r AS ON SELECT TO oms.client_orders DO INSTEAD SELECT 1', 'CREATE RULE r AS ON INSERT TO oms.orders DO INSTEAD NOTHING', 'CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION evil.now()', 'ALTER TABLE oms.orders DISABLE ROW LEVEL SECURITY',
	'CREATE POLICY p ON oms.orders USING (true)', 'DROP POLICY oms_accounts ON oms.orders', "SELECT pg_create_logical_replication_slot('s', 'test_decoding')", "SELECT oms.create_slot('s')", 'CREATE STATISTICS evil.st ON symbol, account FROM oms.orders',
	'CREATE INDEX ON oms.orders (symbol)', 'SELECT oms.protect()', q(SELECT oms.grant_account('lim', '%')), q(SELECT oms.revoke_account('lim', 'A', true)), "INSERT INTO oms.account_grants (role, account) VALUES ('lim', '%')";
is(ask($lim, q(SET row_security = off; SELECT count(*) FROM oms.orders)) =~ s/ .*//sr, '42501', 'row_security = off is an error');
$lim->do('SET row_security = on');
sql("GRANT SELECT ON $leaf TO lim");
unlike(ask($lim, "SELECT * FROM $leaf"), qr/SECRETB/, 'a partition by its name, where he was given it');
like(ask($lim, "SELECT * FROM $leaf"), qr/SECRETA/, 'has what is his');
sql('SELECT oms.ensure_partitions(8)');
my $newest = sql(q(SELECT relid::regclass FROM pg_partition_tree('oms.order_events') WHERE isleaf ORDER BY relid DESC LIMIT 1));
isnt(sql("SELECT count(*) FROM pg_policy WHERE polrelid = '$newest'::regclass"), 0, 'so has one that is made later');
is(ask($lim, q(SELECT count(*) FROM oms.orders WHERE ctid >= '(0,1)')), 1, 'by ctid');
is(ask($lim, q(SELECT count(*) FROM oms.orders TABLESAMPLE SYSTEM (100))), 1, 'by a sample');
is(ask($lim, q(SELECT id FROM oms.order_events AS e RIGHT JOIN (VALUES ('A1'), ('B1')) AS v (id) ON e.aggregate_id = v.id WHERE e.version = 1)), 'A1', 'by a join');

# what he sent himself, by whichever login; what a job has failed by
$pool->do('SET ROLE lim');
ask($_, q(SELECT oms_command(format('{"commandType": "UpdateOrderCommand", "orderId": "A1", "text": "%1$s", "commandId": "mine %1$s"}', pg_backend_pid())::jsonb))) foreach $lim, $pool;
is(join(' ', map { ask($_, q(SELECT count(*) FILTER (WHERE command_id ~ '^mine'), count(*) FROM oms.commands)) } $lim, $pool), '2|2 2|2', 'commands of his, also where a pool speaks for him');
sql(q(SELECT oms_command('{"commandType": "UpdateOrderCommand", "orderId": "A1", "text": "theirs", "commandId": "theirs"}')));
$pool->do('PREPARE sent AS SELECT count(*) > 2 FROM oms.commands');
my @sent = map { $pool->do("SET ROLE $_"); ask($pool, 'EXECUTE sent') } qw(lim free lim);
is("@sent", '0 1 0', 'and no others, whoever the pool was before');
sql(q(CALL oms.run_job('records', 0.05); UPDATE oms.lifecycle_runs SET error = 'order SECRETB'));
is(ask($lim, 'SELECT count(*) FROM oms.lifecycle_runs') . ask($lim, q(SELECT count(*) FROM oms.lifecycle_alerts WHERE detail ~ 'SECRET')), '00', 'not why a job has failed');
is(ask($free, q(SELECT count(*) > 0 FROM oms.lifecycle_alerts WHERE detail ~ 'SECRETB')), 1, 'which who is not limited is told');
sql('UPDATE oms.lifecycle_runs SET error = NULL');

# what would keep others from working: no lock that any login can take is ours, and rows are no reader's to lock
is(sql(q(SELECT string_agg(p.oid::regprocedure::text, ' ') FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'oms_state' JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
	WHERE d.deptype = 'e' AND p.prosrc ~ 'advisory.*lock')), '', 'nothing waits for an advisory lock');
ask($lim, q(SELECT pg_advisory_lock(hashtextextended('oms_state ' || j.job, 0)) FROM oms.lifecycle_jobs() AS j));
sql('DELETE FROM oms.lifecycle_runs');
sql(q(CALL oms.run_job('expire', 0.05)));
is(sql(q(SELECT finished_at = succeeded_at FROM oms.lifecycle_runs WHERE job = 'expire')), 't', 'so a job runs whoever holds one');
is(state($_->[0], $_->[1]), '42501', $_->[1]) foreach map { my $dbh = $_; map { [ $dbh, $_ ] } q(SELECT oms.take_job('expire')), 'SELECT FROM oms.lifecycle_runs FOR UPDATE', 'SELECT FROM oms.purge_progress FOR SHARE', 'DO $$ BEGIN LOCK TABLE oms.anchors IN SHARE UPDATE EXCLUSIVE MODE; END $$', 'DO $$ BEGIN LOCK TABLE oms.orders IN ROW SHARE MODE; END $$' } $lim, $free;

# pg_dump of who is limited
my $dump = "$PostgreSQL::Test::Utils::tmp_check/limited.sql";
foreach my $options ([ '--enable-row-security' ], [])
{
	my $result = run_log([ 'pg_dump', '-a', @$options, '-t', 'oms.orders', '-t', 'oms.order_events', '-t', 'oms.executions', '-U', 'lim', '-h', $node->host, '-p', $node->port, '-f', $dump, 'postgres' ]);
	my $dumped = -e $dump ? slurp_file($dump) : '';
	unlike($dumped, qr/SECRETB/, "pg_dump @$options of who is limited");
	is($result && $dumped =~ /SECRETA/ ? 'his' : 'nothing', @$options ? 'his' : 'nothing', 'with --enable-row-security it has what is his, without it there is none');
	unlink $dump;
}

# what PostgreSQL does not hide, as doc/security.md says: whoever may replicate reads all there is
sql(q(CREATE PUBLICATION of_orders FOR TABLE oms.orders; CREATE ROLE copier LOGIN REPLICATION IN ROLE oms_reader; SELECT oms.grant_account('copier', 'A')));
my $copier = session('copier');
ask($copier, q(SELECT pg_create_logical_replication_slot('copied', 'pgoutput')));
sql(q(SELECT oms_command('{"commandType": "UpdateOrderCommand", "orderId": "B2", "text": "changed"}')));
like(ask($copier, q(SELECT string_agg(encode(data, 'escape'), ' ') FROM pg_logical_slot_get_binary_changes('copied', NULL, NULL, 'proto_version', '1', 'publication_names', 'of_orders'))), qr/SECRETB/, 'a limited role with REPLICATION decodes what is of others');
is(ask($copier, 'SELECT count(*) FROM oms.orders'), 1, 'which it cannot select');
sql(q(SELECT pg_drop_replication_slot('copied'); DROP PUBLICATION of_orders));

# what the planner calls, asks or tells
$lim->do(q(CREATE FUNCTION evil.leak(t pg_catalog.text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN INSERT INTO evil.called VALUES ('leak', t); RETURN true; END $$));
sql('TRUNCATE evil.called');
ask($lim, $_) foreach 'SELECT count(*) FROM oms.orders WHERE evil.leak(symbol)', 'SELECT count(*) FROM oms.client_orders WHERE evil.leak(symbol)', "SELECT count(*) FROM oms.order_events WHERE evil.leak(payload #>> '{state,symbol}')",
	'SELECT count(*) FROM oms.order_tree WHERE evil.leak(symbol)', 'SELECT count(*) FROM oms.trade_blotter WHERE evil.leak(symbol)', "SELECT count(*) FROM $leaf WHERE evil.leak(payload::pg_catalog.text)", 'SELECT count(*) FROM theirs WHERE evil.leak(symbol)';
is(sql(q(SELECT DISTINCT what ~ 'SECRETB' FROM evil.called WHERE who = 'leak')), 'f', 'a function that tells what it is given is given nothing of others');
is(ask($lim, q(SELECT count(*) FROM oms.orders WHERE 1 / (CASE symbol WHEN 'SECRETB' THEN 0 ELSE 1 END) = 1)), 1, 'nor does an expression fail by them');
is(ask($lim, q(SELECT count(*) FROM oms.orders WHERE CASE symbol WHEN 'SECRETB' THEN symbol::pg_catalog.int4 > 0 ELSE true END)), 1, 'or a cast');
unlike(ask($lim, $_), qr/SECRETB/, $_) foreach 'EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM oms.orders ORDER BY symbol', "EXPLAIN (VERBOSE) SELECT * FROM oms.order_events WHERE aggregate_id = 'B1'",
	q(SELECT oms.explain_query('order', '{"where": {"symbol": "x"}}')), "SELECT * FROM pg_stats WHERE schemaname = 'oms'", 'SELECT * FROM pg_stats_ext', 'SELECT * FROM pg_stat_user_tables', 'SELECT * FROM pg_stat_activity', 'SELECT * FROM pg_locks';
like(ask($free, "SELECT * FROM pg_stats WHERE schemaname = 'oms' AND tablename = 'orders' AND attname = 'symbol'"), qr/SECRETB|^$/, 'whose rows are in statistics');
is(state($lim, 'SELECT * FROM pg_statistic'), '42501', 'which are closed themselves');

# ---- what was begun before -------------------------------------------------------------------------------------------

# A plan of who was not limited says nothing of limits: it must not be kept over what changes them.
my %changes = (
	'a role that is set' => [ 'pool', 'SET ROLE free', sub { $_[0]->do('SET ROLE lim') }, sub { } ],
	'a grant to him' => [ 'free', '', sub { sql(q(SELECT oms.grant_account('free', 'A'))) }, sub { sql(q(SELECT oms.revoke_account('free', 'A', true))) } ],
	'a role that he gets' => [ 'free', '', sub { sql('CREATE ROLE fund; SELECT oms.grant_account(\'fund\', \'A\'); GRANT fund TO free') }, sub { sql(q(SELECT oms.revoke_account('fund', 'A', true); DROP OWNED BY fund; DROP ROLE fund)) } ],
	'a role that loses its own' => [ 'free', '', sub { sql(q(SELECT oms.grant_account('free', '%'); SELECT oms.revoke_account('free', '%'); SELECT oms.grant_account('free', 'A'))) }, sub { sql(q(SELECT oms.revoke_account('free', NULL, true))) } ]);
foreach my $what (sort keys %changes)
{
	my ($user, $before, $change, $undo) = @{ $changes{$what} };
	my $dbh = session($user);

	$dbh->{pg_server_prepare} = 0;
	$dbh->do($before) if $before;
	$dbh->do($_) foreach 'PREPARE q AS SELECT count(*) FROM oms.orders', 'PREPARE e (text) AS SELECT count(*) FROM oms.order_events WHERE aggregate_id = $1', 'SET plan_cache_mode = force_generic_plan',
		q(CREATE FUNCTION pg_temp.kept() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM oms.executions); END $$);
	is(join(' ', map { ask($dbh, $_) } 'EXECUTE q', q(EXECUTE e ('B1')), 'SELECT pg_temp.kept()', q(SELECT count(*) FROM oms_query('order', '{"limit": 100}'))), '31 2 2 31', "$what: before") foreach 1, 2;
	# a cursor goes on with what it began with, as it does when a right is taken; the next statement is another one
	$dbh->begin_work;
	$dbh->do('DECLARE c CURSOR FOR SELECT symbol FROM oms.orders ORDER BY symbol');
	ask($dbh, 'FETCH 1 FROM c');
	$change->($dbh);
	ask($dbh, 'FETCH ALL FROM c');
	is(ask($dbh, 'SELECT count(*) FROM oms.orders'), 1, "$what: acts within a transaction");
	$dbh->commit;
	is(join(' ', map { ask($dbh, $_) } 'EXECUTE q', q(EXECUTE e ('B1')), 'SELECT pg_temp.kept()', q(SELECT count(*) FROM oms_query('order', '{"limit": 100}'))), '1 0 1 1', "$what: plans that were made before hold to it");
	is(ask($dbh, q(SELECT oms_try_command('{"commandType": "CancelOrderCommand", "orderId": "B1"}') #>> '{error,sqlstate}')), 'OM003', "$what: so do commands");
	$dbh->disconnect;
	$undo->();
}
# rights themselves
my $other = session('free');
$other->do('PREPARE q AS SELECT count(*) FROM oms.orders');
is(ask($other, 'EXECUTE q'), 31, 'a right');
sql('REVOKE oms_desk FROM free');
is(join(' ', map { ask($other, $_) =~ s/ .*//sr } 'EXECUTE q', q(SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "B1"}')), 'FETCH 1 FROM c'), '42501 42501 34000', 'that is taken is gone for what was prepared');

is(sql(q(SELECT string_agg(concat_ws(' ', invariant, object, id, detail), E'\n') FROM oms.verify())), '', 'nothing is broken');
unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC|TRAP:/, 'and nothing has crashed');

done_testing();
