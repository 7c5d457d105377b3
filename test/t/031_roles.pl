# Who may do what: the six roles, what each may and may not, by every entry; what oms.create_roles() makes, repairs and refuses; what a dump keeps.
# Broken by: a command that is not asked about, or whose repeat is answered before; a right that is missing after a new view or function came, or that
# writes a table; a grant that opens one and is not told; configuration that is closed to oms_admin, or open to others; a role that is dropped and opens the door; a refusal that is an error in a batch; a grant that a partition made later does not have; two databases whose
# roles are made at once.

use strict;
use warnings;

use DBD::Pg qw(:async);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $node = oms_node('roles');
my $folder = PostgreSQL::Test::Utils::tempdir();
my @six = qw(oms_reader oms_trader oms_desk oms_admin oms_bridge oms_proxy);

sub sql { my ($sql, $database) = @_; return $node->safe_psql($database // 'postgres', $sql); }

# As a role, by SET ROLE in a session of a superuser: the SQLSTATE, or what it says.
sub as
{
	my ($role, $sql, $database) = @_;
	my ($status, $out, $error) = $node->psql($database // 'postgres', "\\set VERBOSITY sqlstate\nSET ROLE $role;\n$sql", on_error_stop => 1);

	return $status == 0 ? $out =~ s/^SET\n//r : ($error =~ /ERROR:\s+(\w{5})/)[0];
}

my $number = 0;
sub create { my ($more) = @_; return sprintf '{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 100%s}', $more // ''; }
sub command { my ($json) = @_; return "SELECT oms_command('$json') #>> '{state,status}'"; }
sub fix
{
	my (@fields) = @_;
	my $body = join '', map { "$_|" } shift @fields, '49=A', '56=B', '34=1', '52=20260302-10:00:00', @fields;
	my $head = '8=FIX.4.4|9=' . length($body) . '|' . $body;
	my $sum = 0;
	$sum += ord for split //, $head =~ tr/|/\x01/r;
	return $head . sprintf('10=%03d|', $sum % 256);
}

# ---- before: EXECUTE alone decides ----------------------------------------------------------------------------

sql('CREATE ROLE app LOGIN; GRANT EXECUTE ON FUNCTION oms_command(jsonb), oms_try_command(jsonb) TO app; CREATE ROLE stranger LOGIN');
is(as('app', command(create(', "orderId": "a"'))), 'NEW', 'without the roles, who may call the function may give the command');
is(as('app', command('{"commandType": "ExecuteOrderCommand", "orderId": "a", "lastQty": 1, "lastPx": 1, "commandId": "x1"}')), 'ALLOCATED', 'executions too');
is(as('stranger', command(create())), '42501', 'and who may not, may not');
is(sql('SELECT string_agg(DISTINCT role || \' \' || object, \', \' ORDER BY role || \' \' || object) FROM oms.command_reference'), 'oms_admin execution, oms_admin order, oms_admin quote_request, oms_desk execution, oms_desk order, oms_trader order, oms_trader quote, oms_trader quote_request', 'oms.command_reference says whose a command is');

# ---- making them ----------------------------------------------------------------------------------------------

my $plan = sql('SELECT statement FROM oms.role_repairs()');
like($plan, qr/^CREATE ROLE oms_reader\nCREATE ROLE oms_trader\nGRANT oms_reader TO oms_trader\n/, 'what is to be done is told before');
my $theirs = "rolname IN ('" . join("', '", @six) . "')";
is(sql("SELECT count(*) FROM pg_roles WHERE $theirs"), '0', 'and telling does nothing');
sql('GRANT EXECUTE ON FUNCTION oms.create_roles(), oms.role_repairs() TO stranger');
is(as('stranger', 'SELECT oms.create_roles()'), '42501', 'who does not own the tables may not');
my $made = sql('SELECT oms.create_roles()');
like($made, qr/^CREATE ROLE oms_reader\n/, 'they are made');
is(scalar(grep { /^CREATE ROLE/ } split /\n/, $made), 6, 'all six');
is(sql('SELECT oms.create_roles()'), '', 'the second time there is nothing to do');
is(sql("SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE $theirs AND NOT (rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls) AND rolinherit"),
	join(' ', sort @six), 'groups that can do nothing else');
is(sql(q(SELECT string_agg(a || ' ' || b, ', ' ORDER BY a, b) FROM unnest(string_to_array('oms_reader oms_trader oms_desk oms_admin oms_bridge oms_proxy', ' ')) AS a, unnest(string_to_array('oms_reader oms_trader oms_desk oms_admin oms_bridge oms_proxy', ' ')) AS b WHERE a <> b AND pg_has_role(a, b, 'USAGE'))),
	'oms_admin oms_desk, oms_admin oms_reader, oms_admin oms_trader, oms_desk oms_reader, oms_desk oms_trader, oms_trader oms_reader', 'who is what too');

# ---- the gate -------------------------------------------------------------------------------------------------

sql(join '', map { "CREATE ROLE a_$_ LOGIN; GRANT oms_$_ TO a_$_; " } qw(reader trader desk admin bridge));
my $execute = '{"commandType": "ExecuteOrderCommand", "orderId": "a", "lastQty": 1, "lastPx": 1, "commandId": "x2", "executionId": "E"}';
my %may = (reader => '42501 42501', trader => 'NEW OM008', desk => 'NEW ALLOCATED', admin => 'NEW ALLOCATED', bridge => '42501 42501');
is(as("a_$_", command(create())) . ' ' . as("a_$_", command($execute =~ s/x2/x-$_/r =~ s/"E"/"E-$_"/r)), $may{$_}, "$_: an order, an execution") foreach sort keys %may;
is(as('app', command(create())), 'OM008', 'with the roles, EXECUTE alone is not enough');
my $owner = sql('SELECT current_user');
sql("CREATE ROLE steward LOGIN NOINHERIT; GRANT oms_trader TO steward; CREATE ROLE heir; GRANT \"$owner\" TO heir");
is(as('steward', "SELECT oms_command(\$\$@{[create()]}\$\$)"), '42501', 'who does not inherit has nothing');
sql('GRANT EXECUTE ON FUNCTION oms_command(jsonb) TO steward');
is(as('steward', "SELECT oms_command(\$\$@{[create()]}\$\$)"), 'OM008', 'nor is he let through with EXECUTE of his own');
my $steward = oms_dbh($node, user => 'steward');
$steward->do('SET ROLE oms_trader');
is($steward->selectrow_array(command(create())), 'NEW', 'until he sets the role');
$steward->disconnect;
is(as('heir', command($execute =~ s/x2/x-heir/r =~ s/"E"/"E-heir"/r)), 'ALLOCATED', 'who has the rights of the owner of the tables may everything');

my $refused = sql("SET ROLE a_trader; SELECT oms_try_command('$execute') - 'commandId'") =~ s/^SET\n//r;
is($refused, '{"error": {"hint": "Who administers the roles can GRANT oms_desk TO a_trader.", "detail": "It needs the privileges of role \"oms_desk\".", "message": "ExecuteOrderCommand is not permitted for role \"a_trader\"", "sqlstate": "OM008"}, "status": "REJECTED", "commandType": "ExecuteOrderCommand"}',
	'a refusal is a result, and says what is missing');
is(sql(q(SELECT role || ' ' || command_id FROM oms.rejected_commands WHERE sqlstate = 'OM008')), 'a_trader x2', 'and is kept');
is(as('a_desk', command($execute)), 'ALLOCATED', 'what was refused has left nothing');
is(as('a_trader', command($execute)), 'OM008', 'a repeat is answered to nobody who may not give the command');
my $batch = '[' . join(',', create(', "orderId": "b1"'), $execute =~ s/x2/x3/r, create(', "orderId": "b2"')) . ']';
is(as('a_trader', "SELECT string_agg(r ->> 'status' || coalesce(' ' || (r #>> '{error,sqlstate}'), ''), ', ') FROM oms_commands('$batch', false) AS r"), 'ACCEPTED, REJECTED OM008, ACCEPTED', 'a batch goes on after it');
is(as('a_trader', "SELECT oms_commands('" . ($batch =~ s/"b(\d)"/"c$1"/gr) . "')"), 'OM008', 'an atomic one does not');
is(sql("SELECT string_agg(id, ' ' ORDER BY id) FROM oms.orders WHERE id ~ '^[bc]'"), 'b1 b2', 'and leaves nothing');

# ---- FIX ------------------------------------------------------------------------------------------------------

my $order = fix('35=D', '11=F1', '55=X', '54=1', '38=10', '40=1', '60=20260302-10:00:00');
my $resent = fix('35=D', '97=Y', '11=F1', '55=X', '54=1', '38=10', '40=1', '60=20260302-10:00:00');
my $status = fix('35=H', '11=F1', '55=X', '54=1');
my $fill = fix('35=8', '37=NONE', '11=F1', '17=E1', '150=F', '39=1', '55=X', '54=1', '32=1', '31=1', '14=1', '151=9', '6=1');
my $fills = fix('35=8', '37=NONE', '11=F1', '17=E2', '150=F', '39=1', '55=X', '54=1', '1362=2', '1363=f1', '1364=1', '1365=1', '1363=f2', '1364=2', '1365=2', '14=4', '151=6', '6=1.5');
my $accept = fix('35=8', '37=NONE', '11=F1', '17=E0', '150=0', '39=0', '55=X', '54=1', '14=0', '151=10', '6=0');
sub fixed { my ($role, $message, $function) = @_; return as($role, "SELECT r ->> 'status' || coalesce(' ' || (r #>> '{error,sqlstate}'), '') FROM @{[ $function // 'oms_fix' ]}('$message') AS r"); }
sql("GRANT EXECUTE ON FUNCTION oms_fix(text), oms_try_fix(text), oms_fix_many(text[], boolean) TO app");
is(fixed('a_trader', $order), 'ACCEPTED', 'FIX: an order is a trader\'s');
is(fixed('app', $_), 'OM008', 'nobody else has an answer: ' . substr $_, 16, 5) foreach $resent, $status, $fill, $accept;
is(fixed('app', $status, 'oms_try_fix'), 'REJECTED OM008', 'nor as a result');
is(fixed('a_trader', $_), 'ACCEPTED', 'a trader has: ' . substr $_, 16, 5) foreach $resent, $status, $accept;
is(fixed('a_trader', $fill), 'OM008', 'a fill is the desk\'s');
is(fixed('a_trader', $fills, 'oms_try_fix'), 'REJECTED OM008', 'so are two in one report, and none is booked');
is(fixed('a_desk', $_), 'ACCEPTED', 'and the desk\'s are taken') foreach $fill, $fills;
is(fixed('a_trader', $fill), 'OM008', 'sent again, still nobody else\'s');
sub fixed_all { my ($role, @messages) = @_; return as($role, "SELECT string_agg(concat_ws(' ', r ->> 'status', r #>> '{error,sqlstate}'), ', ') FROM oms_fix_many(ARRAY[" . join(', ', map { "'$_'" } @messages) . ']) AS r'); }
is(fixed_all('a_trader', $status, $fill, $fills, $accept), 'ACCEPTED, REJECTED OM008, REJECTED OM008, ACCEPTED', 'many at once: each is asked about');
is(fixed_all('app', $status, $fill), 'REJECTED OM008, REJECTED OM008', 'of nobody else any is taken');
is(fixed_all('a_reader', $status), '42501', 'and a reader cannot call it');
my ($halt, $lift, $halted) = (fix('35=f', '55=X', '326=2'), fix('35=f', '55=X', '326=3'), fix('35=h', '336=DAY', '340=1'));
is(fixed('a_trader', $_, 'oms_try_fix'), 'REJECTED OM008', 'a trader halts nothing') foreach $halt, $halted;
is(fixed('a_reader', $halt), '42501', 'nor does a reader');
is(fixed('a_desk', $_), 'ACCEPTED', 'the desk does, without a right on the table') foreach $halt, $lift, $halted;
is(as('a_desk', $_), '42501', 'and has none') foreach 'INSERT INTO oms.trading_halts (name) VALUES (1)', 'UPDATE oms.trading_halts SET until = now()', 'DELETE FROM oms.trading_halts';
is(sql(q(SELECT string_agg(version || ' ' || role || ' ' || (payload #>> '{command,msgType}'), ', ' ORDER BY sequence) FROM oms.configuration_events WHERE root_id ~ '^trading_halts/')),
	'1 a_desk f, 2 a_desk f, 1 a_desk h', 'the events say who, and by which message');
sql('DELETE FROM oms.trading_halts');

# ---- configuration is the administrator's -------------------------------------------------------------------------

my @writes = ("INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('A', 'X', 'ORDER_QUANTITY', 5)", 'UPDATE oms.limits SET amount = 6', 'DELETE FROM oms.limits',
	q(SELECT oms.register_asset_class('swap', '{"attributes": {"tenor": {"type": "text"}}}')), 'SELECT count(*) FROM oms.swap_orders', "DELETE FROM oms.asset_classes WHERE name = 'swap'");
is(join(' ', map { as('a_admin', $_) =~ s/^\s*$/done/r } @writes), 'done done done 1 0 done', 'an administrator changes configuration, and makes classes with their views');
is(join(' ', map { as('a_desk', $_) } @writes[0 .. 3, 5]), join(' ', ('42501') x 5), 'nobody else does');
is(sql(q(SELECT string_agg(root_id || ' ' || version || ' ' || actor || ' ' || role, ', ' ORDER BY sequence) FROM oms.configuration_events WHERE root_id ~ '^(limits|asset_classes)/')) =~ s/\Q$owner\E/owner/gr,
	join(', ', (map { "limits/A/X/ORDER_QUANTITY $_ owner a_admin" } 1 .. 3), map { "asset_classes/swap $_ owner a_admin" } 1, 2), 'and each change is an event');
is(as('a_admin', q(INSERT INTO oms.trading_halts (name, builtin) VALUES ('x', true))), 'OM011', 'what is shipped is not made by him');
is(as('a_admin', $_), '42501', "and nothing else is his: $_") foreach 'DELETE FROM oms.orders', 'DELETE FROM oms.configuration_events', 'TRUNCATE oms.limits', "UPDATE oms.shard SET slots = '{[0,1]}'", 'CREATE TABLE oms.x (i int)',
	'CREATE TRIGGER t AFTER INSERT ON oms.limits EXECUTE FUNCTION oms.check_rule()', "SELECT oms.rebuild('orders')", 'SELECT oms.create_roles()';

# ---- reading, and nothing but reading -------------------------------------------------------------------------

my @views = split /\n/, sql(q(SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'oms'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition ORDER BY 1));
is(join(' ', grep { as('a_reader', "SELECT count(*) >= 0 FROM $_") ne 't' } @views), '', 'a reader reads every view and table');
is(as('a_reader', q(SELECT (oms.order_as_of('a', now())).id, (SELECT count(*) FROM oms.verify()))), 'a|0', 'as-of, verify');
is(as('a_bridge', 'SELECT count(*) > 0 FROM oms.order_events'), 't', 'the bridge reads events');
is(as('a_bridge', 'SELECT count(*) >= 0 FROM oms.stat_bridge'), 't', 'how it fares');
is(as('a_bridge', 'SELECT count(*) FROM oms.orders'), '42501', 'and no orders');
is(as('oms_proxy', 'SELECT count(*) FROM oms.order_events'), '42501', 'a proxy reads nothing by itself');
foreach my $role (@six)
{
	my @open = split /\n/, sql(qq(SELECT c.oid::regclass || ' ' || p FROM pg_class c, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p
		WHERE c.relnamespace = 'oms'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND has_table_privilege('$role', c.oid, p)
		AND NOT ('$role' = 'oms_admin' AND p IN ('INSERT', 'UPDATE', 'DELETE') AND c.relname IN (SELECT t.table_name FROM oms.configuration_tables() AS t))
		UNION ALL SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'oms'::regnamespace AND p.provolatile = 'v' AND p.prorettype <> 'trigger'::regtype
		-- an anchor changes nothing that anybody has, figures nothing at all
		AND NOT (p.proname IN ('remote_command', 'remote_commands', 'remote_fix', 'remote_service') AND '$role' IN ('oms_trader', 'oms_desk', 'oms_admin'))
		-- what is said of an anomaly changes nothing that commands have made
		AND NOT (p.proname = 'review_anomaly' AND '$role' IN ('oms_desk', 'oms_admin') OR p.proname IN ('score_events', 'import_anomaly_scores') AND '$role' = 'oms_admin')
		AND NOT (p.proname IN ('anchor', 'lifecycle_figures') AND '$role' IN ('oms_admin', 'oms_bridge'))
		AND NOT ((p.proname IN ('grant_account', 'revoke_account', 'forget_kind', 'drop_empty_partitions', 'next_to_purge') OR p.proname ~ '^(run_)?(purge|expire)|^(run_batch|run_job|take_job|note_run|(un)?schedule_lifecycle|ask_cron|cron_settings)\$') AND '$role' = 'oms_admin')
		AND p.proname NOT IN ('seconds_unconfirmed', 'wait_for', 'ensure_partitions', 'place_due', 'place_planned', 'preview_command', 'register_asset_class') AND has_function_privilege('$role', p.oid, 'EXECUTE')));
	is("@open", '', "$role writes no table but the administrator configuration, and calls nothing that does but by commands");
}
is(join(' ', map { as("a_$_", 'SELECT count(*) FROM oms.place_due()') } qw(reader trader desk)), '42501 0 0', 'who may place may place what is due');
is(as('a_admin', 'SELECT oms.ensure_partitions(4) > 0'), 't', 'an administrator makes partitions');
is(as('a_reader', 'SELECT oms.ensure_partitions(5)'), '42501', 'and nobody below');
is(as('a_reader', 'SELECT count(*) > 0 FROM oms.order_events'), 't', 'what was made later is read like the rest');
is(sql('SELECT oms.create_roles()'), '', 'and needs nothing');

# ---- what is changed is repaired ------------------------------------------------------------------------------

my @changes = (
	[ 'DROP OWNED BY oms_bridge; DROP ROLE oms_bridge', qr/^CREATE ROLE oms_bridge\nGRANT EXECUTE ON FUNCTION oms\.anchor\(\), oms\.event_publications\(\)/ ],
	[ 'REVOKE oms_trader FROM oms_desk', qr/^GRANT oms_trader TO oms_desk$/ ],
	[ 'ALTER ROLE oms_desk LOGIN BYPASSRLS NOINHERIT', qr/^ALTER ROLE oms_desk NOLOGIN NOBYPASSRLS INHERIT(\nGRANT oms_trader TO oms_desk WITH INHERIT TRUE)?$/ ],
	[ 'REVOKE EXECUTE ON FUNCTION oms_fix(text) FROM oms_trader', qr/^GRANT EXECUTE ON FUNCTION public\.oms_fix\(text\) TO oms_trader$/ ],
	[ 'REVOKE SELECT ON oms.orders, oms.event_sequence FROM oms_reader', qr/^GRANT SELECT ON TABLE oms.event_sequence, oms.orders TO oms_reader$/ ],
	[ 'GRANT INSERT, UPDATE ON oms.orders TO oms_trader; GRANT UPDATE (text) ON oms.executions TO oms_desk', qr/^REVOKE INSERT, UPDATE ON oms.orders FROM oms_trader\nREVOKE UPDATE ON oms.executions FROM oms_desk$/ ],
	[ 'REVOKE DELETE ON oms.limits FROM oms_admin; GRANT DELETE ON oms.limits TO oms_desk', qr/^REVOKE DELETE ON oms\.limits FROM oms_desk\nGRANT DELETE ON TABLE oms\.limits TO oms_admin$/ ],
	[ 'GRANT SELECT, UPDATE (status) ON oms.orders TO PUBLIC; GRANT USAGE ON SEQUENCE oms.event_sequence TO PUBLIC; GRANT CREATE ON SCHEMA oms TO PUBLIC; GRANT EXECUTE ON FUNCTION oms_command(jsonb) TO PUBLIC',
		qr/\AREVOKE CREATE ON SCHEMA oms FROM PUBLIC\nREVOKE EXECUTE ON FUNCTION public\.oms_command\(jsonb\) FROM PUBLIC\nREVOKE SELECT, UPDATE ON oms\.orders FROM PUBLIC\nREVOKE USAGE ON SEQUENCE oms\.event_sequence FROM PUBLIC\z/ ],
	[ 'REVOKE EXECUTE ON FUNCTION oms_command(jsonb) FROM oms_trader; GRANT EXECUTE ON FUNCTION oms_command(jsonb) TO PUBLIC', qr/\AREVOKE EXECUTE ON FUNCTION public\.oms_command\(jsonb\) FROM PUBLIC\nGRANT EXECUTE ON FUNCTION public\.oms_command\(jsonb\) TO oms_trader\z/ ],
	[ 'REVOKE USAGE ON SCHEMA oms FROM PUBLIC', qr/^GRANT USAGE ON SCHEMA oms TO oms_reader\nGRANT USAGE ON SCHEMA oms TO oms_bridge$/ ]);
foreach my $change (@changes)
{
	my ($statement, $repair) = @$change;

	sql($statement);
	like(sql('SELECT oms.create_roles()'), $repair, "repaired: $statement");
	is(sql('SELECT oms.create_roles()'), '', 'at once');
}
sql('GRANT USAGE ON SCHEMA oms TO PUBLIC; GRANT oms_bridge TO a_bridge');
if (sql('SHOW server_version_num') >= 160000)
{
	sql('GRANT oms_trader TO oms_desk WITH INHERIT FALSE');
	is(sql('SELECT oms.create_roles()'), 'GRANT oms_trader TO oms_desk WITH INHERIT TRUE', 'a membership without its rights is given them');
}

# what is not the six's is named, and left alone
my $opened = q(SELECT string_agg(object || ' ' || id || ': ' || detail, ' ' ORDER BY id, detail) FROM oms.verify() WHERE invariant = 'open_grant');
is(sql($opened), '', 'no grant opens anything');
my $leaf = sql(q(SELECT relid::regclass FROM pg_partition_tree('oms.order_events') WHERE isleaf ORDER BY 1 LIMIT 1));
sql("CREATE ROLE risk; CREATE ROLE chief SUPERUSER; GRANT INSERT, UPDATE, DELETE ON oms.limits TO risk; GRANT ALL ON oms.reference_prices TO risk; GRANT SELECT ON oms.orders TO risk; GRANT ALL ON oms.orders TO chief");
like(sql($opened), qr/^table oms\.reference_prices: risk has REFERENCES, TRIGGER, TRUNCATE on it\.$/, 'whom the owner lets keep limits and prices, or read, opens nothing; a table is more than its rows');
sql("REVOKE ALL ON oms.reference_prices FROM risk; GRANT UPDATE (status) ON oms.orders TO risk; GRANT INSERT ON $leaf TO risk; GRANT SELECT ON $leaf, oms.client_orders TO PUBLIC; GRANT TRIGGER ON oms.limits TO risk; GRANT CREATE ON SCHEMA oms TO risk");
is(sql($opened), "schema oms: risk has CREATE on it. table oms.client_orders: PUBLIC has SELECT on it. table oms.limits: risk has TRIGGER on it. table $leaf: PUBLIC has SELECT on it. table $leaf: risk has INSERT on it. table oms.orders: risk has UPDATE on it.",
	'what does is told');
like(sql('SELECT oms.create_roles()'), qr/\AREVOKE SELECT ON oms\.client_orders FROM PUBLIC\nREVOKE SELECT ON \Q$leaf\E FROM PUBLIC\z/, 'and taken from PUBLIC alone');
sql("REVOKE ALL ON oms.orders, $leaf, oms.limits, oms.reference_prices FROM risk; REVOKE ALL ON SCHEMA oms FROM risk; DROP OWNED BY chief; DROP ROLE chief");
is(sql('SELECT count(*) FROM oms.verify()'), 0, 'nothing else is broken');

# who may make functions beside ours takes what is called without types; the schema is not ours to close
sql('GRANT CREATE ON SCHEMA public TO risk');
is(sql($opened), '', 'somebody who may make things in the schema of the entry functions was let in');
sql('GRANT CREATE ON SCHEMA public TO PUBLIC; SET ROLE risk; CREATE FUNCTION public.oms_command(text) RETURNS jsonb LANGUAGE sql AS $$ SELECT to_jsonb(current_user) $$');
is(as('a_trader', "SELECT oms_command('{}')"), '"a_trader"', 'where everybody may, one of his is called in place of ours');
is(sql($opened), 'schema public: PUBLIC has CREATE on it.', 'and that is told');
is(sql('SELECT oms.create_roles()'), '', 'and left to whose it is');
sql('REVOKE CREATE ON SCHEMA public FROM PUBLIC, risk; DROP FUNCTION public.oms_command(text)');

# a role that is gone by itself opens nothing
sql('CREATE ROLE other_desk; REVOKE oms_desk FROM a_desk, oms_admin; DROP OWNED BY oms_desk; DROP ROLE oms_desk; GRANT oms_trader TO a_desk');
is(as('a_desk', command($execute =~ s/x2/x9/r)), 'OM008', 'without oms_desk nobody may what is the desk\'s');
like(sql("SET ROLE a_desk; SELECT oms_try_command('$execute') #>> '{error,hint}'"), qr/oms\.create_roles\(\)/, 'and is told how it comes back');
is(as('a_desk', command(create())), 'NEW', 'the rest goes on');
sql('SELECT oms.create_roles(); GRANT oms_desk TO a_desk');
is(as('a_desk', command($execute =~ s/x2/x9/r =~ s/"E"/"E9"/r)), 'ALLOCATED', 'and it is back');

# ---- who may make them ----------------------------------------------------------------------------------------

sql('CREATE DATABASE second');
sql('CREATE EXTENSION oms_state', 'second');
like(sql('SELECT oms.create_roles()', 'second'), qr/\AGRANT EXECUTE ON FUNCTION oms\..*^GRANT SELECT ON TABLE oms\./ms, 'another database of the cluster: the roles are there, its rights are not');
is(sql('SELECT oms.create_roles()', 'second'), '', 'until now');
is(as('a_trader', command(create(', "orderId": "s"')), 'second'), 'NEW', 'where they act too');
sql('CREATE ROLE forerunner; GRANT oms_desk TO forerunner WITH ADMIN OPTION');
sql('CREATE DATABASE told');
sql('CREATE EXTENSION oms_state', 'told');
like(($node->psql('told', 'SELECT oms.create_roles()'))[2], qr/NOTICE:  role oms_desk was there before, with members: a_desk, forerunner \(may grant it\)$/m, 'who gets rights by roles that were there is told');
is(($node->psql('told', 'SELECT oms.create_roles()'))[2], '', 'once');
sql('DROP DATABASE told');
sql('DROP ROLE forerunner');
sql('CREATE DATABASE third');
sql('CREATE EXTENSION oms_state; GRANT EXECUTE ON FUNCTION oms.create_roles(), oms.role_repairs() TO heir', 'third');
is(as('heir', 'SELECT count(*) > 5 FROM oms.create_roles()', 'third'), 't', 'who has the owner\'s rights and need make no role needs no CREATEROLE');
sql('CREATE DATABASE elsewhere');
sql('CREATE SCHEMA desk; CREATE EXTENSION oms_state SCHEMA desk; SELECT oms.create_roles()', 'elsewhere');
is(as('a_trader', command(create()) =~ s/oms_command/desk.oms_command/r, 'elsewhere'), 'NEW', 'entry points in another schema can be reached');
sql('DROP OWNED BY oms_bridge', $_) foreach qw(postgres second third elsewhere);
sql('DROP ROLE oms_bridge');
is(as('heir', 'SELECT oms.create_roles()', 'third'), '42501', 'who has to make one does');
like(($node->psql('third', 'SET ROLE heir; SELECT oms.create_roles()'))[2], qr/role "heir" may not make roles\nDETAIL:  To do: CREATE ROLE oms_bridge\.\nHINT:  A superuser can ALTER ROLE heir CREATEROLE/, 'and is told what there is to do');
sql('ALTER ROLE heir CREATEROLE');
like(as('heir', 'SELECT oms.create_roles()', 'third'), qr/^CREATE ROLE oms_bridge\n/, 'CREATEROLE is enough');
sql('SELECT oms.create_roles()', $_) foreach qw(postgres second);

# in two databases at once: who comes second waits, and finds it done
sql('DROP ROLE oms_proxy');
my ($first, $second) = map { oms_dbh($node, dbname => $_) } qw(postgres second);
$first->begin_work;
is_deeply($first->selectcol_arrayref('SELECT oms.create_roles()'), ['CREATE ROLE oms_proxy'], 'made, and not committed');
$second->do('SELECT count(*) FROM oms.create_roles()', { pg_async => PG_ASYNC });
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = 'second' AND wait_event_type = 'Lock'"), 'another database waits');
$first->commit;
is(eval { $second->pg_result } // $second->state, 1, 'and has nothing to do');
is(sql('SELECT oms.create_roles()', 'second'), '', 'all is well');
$_->disconnect foreach $first, $second;

# ---- dump and restore -----------------------------------------------------------------------------------------

my $dump = "$folder/dump";
my $other = oms_node('bare', extension => 0);
sub restored { my ($sql, $database) = @_; return $other->safe_psql($database, $sql); }
command_ok([ 'pg_dump', '-h', $node->host, '-p', $node->port, '-Fc', '-f', $dump, 'postgres' ], 'dumped');
restored("CREATE DATABASE $_ TEMPLATE template0", 'postgres') foreach qw(without quiet with_roles);
my $rows = 'SELECT (SELECT count(*) FROM oms.orders), (SELECT count(*) FROM oms.all_events), (SELECT count(*) FROM oms.verify())';
my @restore = ('pg_restore', '-h', $other->host, '-p', $other->port);

command_fails([ @restore, '-d', 'without', $dump ], 'a cluster without the roles: the grants are errors');
is(restored($rows, 'without'), sql($rows), 'and all the rest is there');
command_ok([ @restore, '--exit-on-error', '--no-privileges', '-d', 'quiet', $dump ], 'without privileges there is no error');
is(restored($rows, 'quiet'), sql($rows), 'with the same rows');
like(restored('SELECT oms.create_roles()', 'quiet'), qr/^CREATE ROLE oms_reader\n/, 'and the roles are made again');
restored('CREATE ROLE app; CREATE ROLE steward; CREATE ROLE stranger; CREATE ROLE heir', 'postgres');
command_ok([ @restore, '--exit-on-error', '-d', 'with_roles', $dump ], 'where the roles are there before, every grant comes along');
is(restored('SELECT oms.create_roles()', 'with_roles'), '', 'and nothing is left to do');
$other->stop;

# ---- gone again -----------------------------------------------------------------------------------------------

sql('DROP OWNED BY ' . join(', ', @six), $_) foreach qw(postgres second third elsewhere);
sql('DROP ROLE ' . join ', ', @six);
is(as('app', command(create())), 'NEW', 'without the roles EXECUTE alone decides again');
is(sql('SELECT * FROM oms.verify()'), '', 'every invariant holds');

done_testing();
