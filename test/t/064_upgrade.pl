# ALTER EXTENSION oms_state UPDATE from 0.1.0: the catalog is that of a fresh installation, and the data of before go on.
# Broken by: a change of sql/*.sql that the upgrade script does not make too; an old event, hash or answer that is read in another
# way than it was written; code that takes columns by their number, for they stand in another order after an upgrade; a function of C whose
# result gets other columns and is filled by position, for the old definition calls it until the update.
# Also by: members of the extension that belong to whoever updates.

use strict;
use warnings;

use Encode qw(decode);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsOldVersion;
use OmsTest;

my $between = '2026-02-01 00:00:00+00';    # between the two days of the data
my $folder = PostgreSQL::Test::Utils::tempdir();

sub lines { my ($name) = @_; return split /\n/, decode('UTF-8', old_text($name)); }

my $node = oms_node('upgrade', extension => 0, conf => "oms_state.command_retention = '20000d'\n");
if (!can_be_old($node))
{
	$node->stop;
	plan(skip_all => $NO_OLD);
}

sub sql { my ($database, $sql) = @_; return $node->safe_psql($database, $sql); }
sub in_upgraded { my ($sql) = @_; return sql('upgraded', $sql); }

# ------------------------------------------------------------------------
# 0.1.0 with its data
# ------------------------------------------------------------------------

sql('postgres', 'CREATE ROLE oms SUPERUSER LOGIN; CREATE ROLE trader LOGIN; CREATE ROLE columns_only; ' . join ' ', map { "CREATE DATABASE $_ ENCODING 'UTF8' TEMPLATE template0;" } qw(upgraded fresh restored));

# The script of 0.1.0 looked names up in the target schema: what somebody had made there, its views were bound to.
in_upgraded(q(
	CREATE FUNCTION public.format(text, name) RETURNS text LANGUAGE sql AS 'SELECT pg_catalog.format($1, $2::text)';
	CREATE FUNCTION public.overlaps_too(text[], text[]) RETURNS boolean LANGUAGE sql AS 'SELECT pg_catalog.arrayoverlap($1, $2)';
	CREATE OPERATOR public.&& (LEFTARG = text[], RIGHTARG = text[], FUNCTION = public.overlaps_too);
	CREATE FUNCTION public.coalesced(text, name) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = $2::text';
	CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = name, FUNCTION = public.coalesced);
	CREATE FUNCTION public.glued(text, name) RETURNS text LANGUAGE sql AS 'SELECT pg_catalog.textcat($1, $2::text)';
	CREATE OPERATOR public.|| (LEFTARG = text, RIGHTARG = name, FUNCTION = public.glued)));
in_upgraded(q(CREATE EXTENSION oms_state VERSION '0.1.0'));
my $trapped = q(SELECT DISTINCT coalesce(r.ev_class::regclass::text, pg_describe_object(d.classid, d.objid, 0)) FROM pg_depend d
	LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
	WHERE (d.refclassid = 'pg_operator'::regclass AND d.refobjid IN (SELECT oid FROM pg_operator WHERE oprnamespace = 'public'::regnamespace AND oprcode::oid NOT IN (SELECT oid FROM pg_proc WHERE pronamespace = 'oms'::regnamespace))
		OR d.refclassid = 'pg_proc'::regclass AND d.refobjid IN (SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname !~ '^oms_')) AND d.classid <> 'pg_operator'::regclass);
isnt(in_upgraded($trapped), '', 'views of 0.1.0 are bound to look-alikes in the target schema');
load_old($node, 'upgraded');

my %old_columns;
foreach (split /\n/, in_upgraded(q(SELECT c.relname, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
	WHERE c.relnamespace = 'oms'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 GROUP BY 1)))
{
	my ($table, $columns) = split /\|/;
	$old_columns{$table} = $columns;
}

# What the columns of 0.1.0 hold, table by table.
sub contents
{
	return { map { $_ => in_upgraded("SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM (SELECT $old_columns{$_} FROM oms.$_) t") } keys %old_columns };
}

in_upgraded('CREATE INDEX mine ON oms.orders (updated_at)');
my $before = contents();
is(in_upgraded('SELECT count(*) FROM oms.all_events'), '891', 'all events are there');

# A session that is there all the time. What it asks for in between is done or refused, and it lives on.
my $session = oms_dbh($node, dbname => 'upgraded', user => 'oms');
my $probe = q({"commandType": "UpdateOrderCommand", "orderId": "waiting", "text": "in between"});
$session->begin_work;
eval { $session->do('SELECT oms_command($1)', undef, $probe); };
my ($state, $error) = ($session->state // '', $@);
$session->rollback;
ok($state eq '' || $state =~ /^(OM...|0A000|55000|42...)$/, 'today\'s library on the tables of 0.1.0: done, or refused clearly') or diag("$state $error");

# What everybody may read calls functions whose results have other columns now. What the old definition has and the library not, is null.
is(in_upgraded(q(SELECT count(*) > 50, count(sentence) = count(*), bool_and(transition > 100), count(command) + count(fills) + count(guard) FROM oms.state_transitions)), 't|t|t|0', 'the views of 0.1.0 are read: state_transitions');
is(in_upgraded(q(SELECT count(*) > 50, count(field_type) = count(*), bool_or(required) FROM oms.command_reference)), 't|t|t', 'command_reference');
is(in_upgraded(q(SELECT count(*) = (SELECT count(*) FROM oms.order_events), count(sentence) > 0 FROM oms.order_history)), 't|t', 'order_history');

in_upgraded('GRANT EXECUTE ON FUNCTION oms_command(jsonb) TO trader; GRANT SELECT ON oms.order_history TO trader WITH GRANT OPTION; GRANT SELECT ON oms.order_history TO PUBLIC;
	GRANT SELECT (order_id, status) ON oms.order_history TO columns_only WITH GRANT OPTION');
in_upgraded('CREATE VIEW public.mine AS SELECT sentence FROM oms.state_transitions');
my ($status, $stdout, $stderr) = $node->psql('upgraded', 'ALTER EXTENSION oms_state UPDATE', on_error_stop => 1);
like($stderr, qr/objects of yours are in the way .*^DETAIL:  view public\.mine depends on view oms\.state_transitions\n.*^HINT:  oms\.order_history, .*drop it, update, and make it again\./ms, 'a view on one that gets other columns stops it, and is told');
in_upgraded('DROP VIEW public.mine');
($status, $stdout, $stderr) = $node->psql('upgraded', 'ALTER EXTENSION oms_state UPDATE', on_error_stop => 1);
if (!is($status, 0, 'ALTER EXTENSION UPDATE'))
{
	diag($stderr);
	$node->stop;
	done_testing();
	exit 1;
}
is($stderr, '', 'and says nothing');
is(in_upgraded($trapped), '', 'no view is bound to a look-alike any more');
in_upgraded('DROP OPERATOR public.&& (text[], text[]); DROP OPERATOR public.= (text, name); DROP OPERATOR public.|| (text, name); DROP FUNCTION public.format(text, name), public.overlaps_too, public.coalesced, public.glued');
is(in_upgraded(q(SELECT has_function_privilege('trader', 'oms_command(jsonb)', 'EXECUTE'), has_table_privilege('trader', 'oms.order_history', 'SELECT WITH GRANT OPTION'),
	(SELECT count(*) FROM pg_class AS c CROSS JOIN aclexplode(c.relacl) AS a WHERE c.oid = 'oms.order_history'::regclass AND a.grantee = 0),
	(SELECT count(*) FROM pg_init_privs WHERE objoid = 'oms.order_history'::regclass),
	(SELECT string_agg(attname || ' ' || split_part(attacl::text, '/', 1), ', ' ORDER BY attname) FROM pg_attribute WHERE attrelid = 'oms.order_history'::regclass AND attacl IS NOT NULL))), 't|t|1|0|order_id {columns_only=r*, status {columns_only=r*', 'what was granted is still granted');
in_upgraded('REVOKE EXECUTE ON FUNCTION oms_command(jsonb) FROM trader; REVOKE ALL ON oms.order_history FROM trader, PUBLIC; REVOKE ALL (order_id, status) ON oms.order_history FROM columns_only;
	UPDATE pg_class SET relacl = NULL WHERE oid = \'oms.order_history\'::regclass');

# Who updates need not be the owner: what comes new belongs to whom the rest does, else he could not begin a month.
sql('postgres', 'CREATE ROLE landlord SUPERUSER; CREATE ROLE tenant LOGIN; CREATE DATABASE let TEMPLATE template0');
sql('let', q(SET ROLE landlord; CREATE EXTENSION oms_state VERSION '0.1.0'; GRANT EXECUTE ON FUNCTION oms_command(jsonb) TO tenant));
sql('postgres', 'ALTER ROLE landlord NOSUPERUSER');
sql('let', 'ALTER EXTENSION oms_state UPDATE');
is(sql('let', q(SELECT count(*) > 90, string_agg(DISTINCT coalesce(pg_get_userbyid(c.relowner), pg_get_userbyid(p.proowner)), ' '),
		count(*) FILTER (WHERE strpos(i.initprivs::text, current_user) > 0)
	FROM pg_extension AS e JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
	LEFT JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid LEFT JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
	LEFT JOIN pg_init_privs AS i ON i.classoid = d.classid AND i.objoid = d.objid WHERE e.extname = 'oms_state')), 't|landlord|0', 'all belongs to the owner, whoever updated');
is(sql('let', q(SET ROLE tenant; SELECT oms_command('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 1}') ->> 'status') =~ s/^SET\n//r), 'ACCEPTED', 'and the first command of a month goes on');
is(sql('let', 'SET ROLE landlord; SELECT count(*) FROM oms.verify()'), '0', 'as does verify() for the owner');

# ------------------------------------------------------------------------
# the catalog
# ------------------------------------------------------------------------

# Everything about the members of the extension and what hangs on them, one line a fact; columns by name. (Options pg_... of a column are
# the server's own: since 15.20 one tells when CREATE OR REPLACE VIEW made it.)
my $catalog = <<'SQL';
WITH members AS (
	SELECT d.classid, d.objid FROM pg_depend d
	 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'oms_state')
), relations AS (
	SELECT c.* FROM pg_class c JOIN members m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
)
SELECT 'member', pg_describe_object(classid, objid, 0), '', '' FROM members
UNION ALL
SELECT 'relation', c.oid::regclass::text, concat_ws(' ', c.relkind, c.relpersistence, c.relreplident, c.relrowsecurity, c.relforcerowsecurity),
       concat_ws(' ', c.reloptions, (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(c.relacl) x))
  FROM relations c
UNION ALL
SELECT 'column', c.oid::regclass::text || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage, a.attcompression, a.attidentity, a.attgenerated, a.attstattarget),
       concat_ws(' ', a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid), a.attacl, (SELECT string_agg(o, ' ') FROM unnest(a.attoptions) o WHERE o !~ '^pg_'))
  FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relkind IN ('r', 'p', 'v')
UNION ALL
-- a dump by rows without the names of columns comes into either
SELECT 'order of columns', c.oid::regclass::text, (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), ''
  FROM relations c WHERE c.relkind IN ('r', 'p')
UNION ALL
SELECT 'view', c.oid::regclass::text, '', (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0) || E'\n' || pg_get_viewdef(c.oid)
  FROM relations c WHERE c.relkind = 'v'
UNION ALL
SELECT 'function', p.oid::regprocedure::text, (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(p.proacl) x), pg_get_functiondef(p.oid)
  FROM pg_proc p JOIN members m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid WHERE p.prokind <> 'a'
UNION ALL
SELECT 'index', i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid), concat_ws(' ', i.indisvalid, i.indisreplident, i.indimmediate)
  FROM pg_index i JOIN relations c ON c.oid = i.indrelid
UNION ALL
SELECT 'constraint', k.conrelid::regclass::text || '.' || k.conname, pg_get_constraintdef(k.oid), k.convalidated::text FROM pg_constraint k JOIN relations c ON c.oid = k.conrelid
UNION ALL
SELECT 'trigger', t.tgrelid::regclass::text || '.' || t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text FROM pg_trigger t JOIN relations c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'rule or policy', c.oid::regclass::text || '.' || r.rulename, r.ev_type::text, '' FROM pg_rewrite r JOIN relations c ON c.oid = r.ev_class
UNION ALL
SELECT 'rule or policy', c.oid::regclass::text || '.' || p.polname, p.polcmd::text, concat_ws(' ', pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid)) FROM pg_policy p JOIN relations c ON c.oid = p.polrelid
UNION ALL
SELECT 'comment', pg_describe_object(d.classoid, d.objoid, d.objsubid), '', d.description FROM pg_description d JOIN members m ON m.classid = d.classoid AND m.objid = d.objoid
UNION ALL
SELECT 'comment', pg_describe_object(d.classoid, d.objoid, 0), '', d.description
  FROM pg_description d JOIN pg_trigger t ON d.classoid = 'pg_trigger'::regclass AND d.objoid = t.oid JOIN relations c ON c.oid = t.tgrelid
UNION ALL
SELECT 'dumped', config::regclass::text, condition, '' FROM pg_extension e CROSS JOIN LATERAL unnest(e.extconfig, e.extcondition) u (config, condition) WHERE e.extname = 'oms_state'
UNION ALL
SELECT 'initial privileges', pg_describe_object(i.classoid, i.objoid, i.objsubid), (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(i.initprivs) x), ''
  FROM pg_init_privs i JOIN members m ON m.classid = i.classoid AND m.objid = i.objoid
UNION ALL
SELECT 'sequence', c.oid::regclass::text, format_type(s.seqtypid, NULL), concat_ws(' ', s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle)
  FROM pg_sequence s JOIN relations c ON c.oid = s.seqrelid
UNION ALL
SELECT 'version', extversion, extnamespace::regnamespace::text, '' FROM pg_extension WHERE extname = 'oms_state'
SQL

# The lines that only one of two lists has are the difference.
sub same_list
{
	my ($upgraded, $fresh, $name) = @_;
	my %in_upgraded = map { $_ => 1 } @$upgraded;
	my %in_fresh = map { $_ => 1 } @$fresh;
	my @difference = ((map { "- only after the upgrade: $_" } grep { !$in_fresh{$_} } @$upgraded), map { "- only in a fresh one: $_" } grep { !$in_upgraded{$_} } @$fresh);

	is(scalar @difference, 0, $name) or diag(join "\n", @difference);
}

sub catalog_of { my ($database) = @_; return [ split /\x01/, sql($database, "SELECT string_agg(concat_ws(' | ', a, b, c, d), E'\\x01' ORDER BY a, b, c, d) FROM ($catalog) AS f (a, b, c, d)") ]; }

sql('fresh', 'CREATE EXTENSION oms_state; SELECT oms.ensure_partitions()');
my $fresh = catalog_of('fresh');
cmp_ok(scalar @$fresh, '>', 300, 'the catalog is looked at');
same_list([ grep { !/ INDEX mine ON | index oms\.mine/ && !/^relation \| oms.mine/ } @{ catalog_of('upgraded') } ], $fresh, 'tables, columns, functions, views, triggers, constraints, indexes, comments, privileges and what is dumped: as in a fresh database');

is(sql('fresh', 'SELECT count(*) > 100, (SELECT count(*) FROM oms.local_changes()) FROM oms.shipped_objects'), 't|0', 'a fresh database has nothing of one\'s own on its tables');
is(in_upgraded('SELECT object, statement FROM oms.local_changes()'), 'mine|CREATE INDEX mine ON oms.orders USING btree (updated_at);', 'and in the upgraded one is seen what was added before');
my $shipped = 'SELECT concat_ws(\' | \', kind, table_name, object) FROM oms.shipped_objects ORDER BY 1';
same_list([ split /\n/, in_upgraded($shipped) ], [ split /\n/, sql('fresh', $shipped) ], 'what is ours is told alike');

# A partition of before against one that is made today: all but the month and the names of its indexes.
my $partition = q(
	SELECT 'column', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text FROM pg_attribute a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL SELECT 'index', regexp_replace(pg_get_indexdef(i.indexrelid), ' INDEX \S+ ', ' INDEX '), i.indisreplident::text, i.indisvalid::text FROM pg_index i WHERE i.indrelid = $1
	UNION ALL SELECT 'trigger', pg_get_triggerdef(t.oid), t.tgenabled::text, '' FROM pg_trigger t WHERE t.tgrelid = $1 AND NOT t.tgisinternal
	UNION ALL SELECT 'constraint', k.conname, pg_get_constraintdef(k.oid), '' FROM pg_constraint k WHERE k.conrelid = $1
	UNION ALL SELECT 'table', c.relreplident::text, c.relkind::text, coalesce(array_to_string(c.reloptions, ' '), '') FROM pg_class c WHERE c.oid = $1);

sub shape
{
	my ($database, $leaf) = @_;
	my $shape = sql($database, "SELECT concat_ws(' | ', a, b, c, d) FROM (" . ($partition =~ s/\$1/'oms.$leaf'::regclass/gr) . ') AS f (a, b, c, d) ORDER BY 1');

	return [ split /\n/, $shape =~ s/_\d{4}_\d\d/_MONTH/gr ];
}

foreach my $table (qw(order_events execution_events))
{
	my $today = sql('fresh', "SELECT relname FROM pg_class WHERE relnamespace = 'oms'::regnamespace AND relispartition AND relkind = 'r' AND relname LIKE '$table\\_2%' ORDER BY 1 LIMIT 1");
	same_list(shape('upgraded', "${table}_$_"), shape('fresh', $today), "oms.${table}_$_: as a partition that is made today") foreach qw(2026_01 2026_02);
}

# ------------------------------------------------------------------------
# the data
# ------------------------------------------------------------------------

is_deeply(contents(), $before, 'nothing that 0.1.0 had written has changed');
is(in_upgraded('SELECT * FROM oms.verify()'), '', 'every invariant holds');
is(in_upgraded(q(SELECT DISTINCT payload ->> 'schemaVersion' FROM oms.all_events)), '1', 'old events keep their schemaVersion');
foreach my $table (qw(order_events execution_events))
{
	my %old = map { $_ => 1 } split /, /, $old_columns{$table};
	my @new = grep { !$old{$_} } split /\n/, in_upgraded("SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = 'oms.$table'::regclass AND attnum > 0 AND NOT attisdropped");

	is(in_upgraded("SELECT count(*) FROM oms.$table WHERE num_nonnulls($_) > 0"), '0', "$table.$_ is null in old events") foreach @new;
}
is(in_upgraded(q(SELECT sum(oms.rebuild(table_name)) FROM oms.kinds())), '0', 'the rows are what the events say');

# Nothing that 0.1.0 stated may be gone from a state; more may be in it.
my @lost;
foreach my $line (lines('as_of.jsonl'))
{
	my ($kind) = $line =~ /^\{"(order|execution)"/;
	push @lost, substr $line, 0, 300 unless $session->selectrow_array("SELECT oms.${kind}_state(oms.${kind}_as_of(w ->> '${kind}Id', '$between')) \@> w FROM (SELECT \$1::jsonb -> '$kind') AS s (w)", undef, $line);
}
is("@lost[0 .. ($#lost > 2 ? 2 : $#lost)]", '', 'as of a moment between its events every object is what it was then');
is($session->selectrow_array(q(SELECT oms.order_as_of('fund', '2026-01-01') IS NULL)), 1, 'and before it was made it was not');

# ------------------------------------------------------------------------
# it goes on
# ------------------------------------------------------------------------

is($session->selectrow_array('SELECT oms_command($1) #>> \'{state,text}\'', undef, $probe), 'in between', 'the session that was there all the time goes on');
in_upgraded('GRANT EXECUTE ON FUNCTION oms_command(jsonb) TO trader; GRANT SELECT ON oms.order_history TO trader WITH GRANT OPTION; GRANT SELECT ON oms.order_history TO PUBLIC');
my %of = (oms => $session, trader => oms_dbh($node, dbname => 'upgraded', user => 'trader'));
my $events = in_upgraded('SELECT count(*) FROM oms.all_events');
my @other;
foreach my $line (lines('answers.jsonl'))
{
	my ($actor) = $line =~ /^\["(\w+)"/;
	my $right = $of{$actor}->selectrow_array(q(SELECT r @> ((l -> 2) - 'token' - 'duplicate') AND r -> 'duplicate' = 'true'
		FROM (SELECT $1::jsonb) AS s (l), LATERAL oms_command(l -> 1) AS r), undef, $line);
	push @other, substr $line, 0, 300 unless $right;
}
is("@other[0 .. ($#other > 2 ? 2 : $#other)]", '', 'every command that is repeated gets the answer of the first time');
is(in_upgraded('SELECT count(*) FROM oms.all_events'), $events, 'and does nothing');
eval { $session->do(q(SELECT oms_command('{"commandType": "CancelOrderCommand", "commandId": "u-001", "orderId": "fund"}'))); };
is($session->state, 'OM007', 'another command under an old commandId is refused');

sub applies
{
	my ($command, $expected, $name) = @_;
	my $status = eval { $session->selectrow_array(q(SELECT oms_command($1) #>> '{state,status}'), undef, $command) };

	is($status // $@, $expected, $name);
}
applies('{"commandType": "ExecuteOrderCommand", "orderId": "desk", "executionId": "n1", "execID": "N1", "lastQty": 200, "lastPx": 72.4}', 'ALLOCATED', 'an old order is filled');
applies('{"commandType": "CorrectExecutionCommand", "executionId": "t2", "execID": "N2", "lastQty": 1400, "lastPx": 72.5}', 'ALLOCATED', 'an old fill is corrected');
applies('{"commandType": "BustExecutionCommand", "executionId": "t4", "execID": "N3", "reason": "error"}', 'BUSTED', 'an old fill is busted');
applies('{"commandType": "ExecuteOrderCommand", "orderId": "xlon", "executionId": "n4", "execID": "T12", "lastQty": 900, "lastPx": 72.47}', 'ALLOCATED', 'an old ExecID is known');
is(in_upgraded(q(SELECT count(*) FROM oms.executions WHERE id = 'n4')), '0', 'and books nothing again');
applies('{"commandType": "ReplaceOrderCommand", "orderId": "xlon", "clOrdID": "XLON-3"}', 'PARTIALLY_FILLED', 'an open request is answered');
applies('{"commandType": "RestateOrderCommand", "orderId": "split0", "quantityFactor": "1.5", "reason": "another split"}', 'PARTIALLY_FILLED', 'a split tree is split again');
applies('{"commandType": "AcceptOrderCommand", "orderId": "waiting"}', 'NEW', 'a waiting order is accepted');
applies('{"commandType": "BustExecutionCommand", "executionId": "t7", "execID": "N5"}', 'BUSTED', 'what waited in review leaves it');
eval { $session->do(q(SELECT oms_command('{"commandType": "CreateOrderCommand", "clOrdID": "FUND-1", "symbol": "X", "side": "BUY", "orderQty": 1}'))); };
is($session->state, 'OM007', 'an old ClOrdID is taken');
applies('{"commandType": "CreateOrderCommand", "orderId": "after", "symbol": "X", "side": "BUY", "orderQty": 7}', 'NEW', 'a new tree');

# What 0.1.0 did not know: the desk, and blocks over old orders and new ones.
sub answers
{
	my ($name, $command, $path, $expected) = @_;
	my $answer = eval { $session->selectrow_array(q(SELECT oms_command($1) #>> $2), undef, $command, $path) };

	is($answer // $@, $expected, $name);
}
answers('an old order is sent to the desk', '{"commandType": "SendOrderToDeskCommand", "orderId": "fund", "reason": "too large"}', '{state,deskStatus}', 'QUEUED');
answers('and claimed', '{"commandType": "ClaimOrderCommand", "orderId": "fund"}', '{state,deskUser}', 'oms');
applies('{"commandType": "CreateOrderCommand", "orderId": "new-member", "symbol": "ULVR", "side": "BUY", "orderQty": 7}', 'NEW', 'a new order like it');
answers('an old order and a new one are worked in a block', '{"commandType": "CreateBlockOrderCommand", "orderId": "block", "members": [{"orderId": "batch2", "quantity": 3}, {"orderId": "new-member", "quantity": 1}]}', '{state,orderQty}', '4');
answers('which is filled', '{"commandType": "ExecuteOrderCommand", "orderId": "block", "executionId": "b1", "lastQty": 4, "lastPx": "10.01"}', '{state,status}', 'VALIDATED');
answers('and allocated', '{"commandType": "AllocateExecutionCommand", "orderId": "block", "method": "PRO_RATA"}', '{status}', 'ACCEPTED');
is(in_upgraded(q(SELECT string_agg(concat_ws(' ', order_id, account, quantity, value, avg_px), ', ' ORDER BY order_id) FROM oms.allocated_trades WHERE block_id = 'block')), 'batch2 3 30.03 10.01, new-member 1 10.01 10.01', 'to both');
# … and quotes: for a client order, whose child the order of an acceptance is.
answers('quotes are asked for', '{"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "rfq", "quoteReqID": "RFQ-1", "orderId": "after", "orderQty": 5}', '{state,symbol}', 'X');
answers("$_->[0] quotes", qq({"commandType": "CreateQuoteCommand", "quoteId": "$_->[0]", "quoteRequestId": "rfq", "quoteID": "$_->[0]-1", "dealer": "$_->[0]", "offerPx": $_->[1], "validUntilTime": "2199-01-01T00:00:00Z"}), '{state,status}', 'ACTIVE') foreach [ 'ALFA', '10.1' ], [ 'BETA', '10.2' ];
answers('one is accepted', '{"commandType": "AcceptQuoteCommand", "quoteId": "ALFA", "orderId": "dealt", "pending": true}', '{state,orderId}', 'dealt');
answers('and filled by the dealer', '{"commandType": "ExecuteOrderCommand", "orderId": "dealt", "executionId": "dealt-1", "lastQty": 5, "lastPx": "10.1"}', '{state,status}', 'ALLOCATED');
is(in_upgraded(q(SELECT string_agg(concat_ws(' ', q.id, q.status, q.executed_quantity, q.reason), ', ' ORDER BY q.id) || '; ' || (SELECT concat_ws(' ', status, cover_quote_id, cover_distance) FROM oms.quote_requests) FROM oms.quotes AS q)),
	'ALFA ACCEPTED 5, BETA DECLINED COVER; ACCEPTED BETA 0.1', 'the other one is declined, and is the cover');
is(in_upgraded(q(SELECT concat_ws(' ', parent_id, status) || ' ' || (SELECT executed_quantity FROM oms.orders WHERE id = 'after') FROM oms.orders WHERE id = 'dealt')), 'after FILLED 5', 'below the client order, which has what it filled');
is(in_upgraded(q(SELECT count(*), max(px) FROM oms.quote_competition)), '2|10.2', 'and their views read');
is(in_upgraded(q(SELECT count(*) FROM oms.execution_review)), in_upgraded(q(SELECT count(*) FROM oms.executions WHERE status = 'REVIEW')), 'the views read');
is(in_upgraded('SELECT * FROM oms.verify()'), '', 'every invariant still holds');
is(in_upgraded(q(SELECT sum(oms.rebuild(table_name)) FROM oms.kinds())), '0', 'and the rows are what the events say');

# Old sequence numbers are below all new ones, and a dump of what was upgraded is one of the new version.
my @connection = ('-h', $node->host, '-p', $node->port);
command_ok([ 'pg_dump', @connection, '-Fc', '-f', "$folder/upgraded.dump", 'upgraded' ], 'it is dumped');
command_ok([ 'pg_restore', @connection, '--exit-on-error', '-d', 'restored', "$folder/upgraded.dump" ], 'and restored');
is(sql('restored', 'SELECT * FROM oms.verify()'), '', 'where every invariant holds too');
is(sql('restored', q(SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "after"}') #>> '{state,status}')), 'CANCELLED', 'and orders go on');

# ------------------------------------------------------------------------
# what 0.1.0 counted otherwise
# ------------------------------------------------------------------------

# A tree as 0.1.0 left it: a counterparty cancelled its middle, the leaf below works on, and the root counted no live child.
sql('postgres', 'CREATE DATABASE counted');
sql('counted', <<'SQL');
CREATE EXTENSION oms_state VERSION '0.1.0';
SELECT oms.ensure_partitions();
CREATE FUNCTION pg_temp.event(id text, more jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  at timestamptz := date_trunc('second', now());
  tree bigint := (SELECT count(*) + 1 FROM oms.order_events WHERE root_id = 'old-root');
  seq bigint := nextval('oms.event_sequence');
  state jsonb := jsonb_build_object('orderId', id, 'rootId', 'old-root', 'version', 1, 'status', 'NEW', 'conditions', '["NEW"]'::jsonb, 'symbol', 'X', 'side', 'BUY',
    'ordType', 'MARKET', 'executedQuantity', 0, 'workingQuantity', 0, 'unplacedQuantity', 0, 'allocatedQuantity', 0, 'executedValue', 0, 'avgPx', 0,
    'ownExecutedQuantity', 0, 'reservedQuantity', 0, 'reviewQuantity', 0, 'childCount', 0, 'liveChildren', 0, 'createdAt', oms.time_text(at), 'updatedAt', oms.time_text(at)) || more;
  payload jsonb;
BEGIN
  IF id = 'old-root' THEN state := state || jsonb_build_object('treeVersion', tree, 'treeUpdatedAt', oms.time_text(at)); END IF;
  payload := jsonb_build_object('schemaVersion', 1, 'eventType', 'OrderCreated', 'aggregateType', 'Order', 'aggregateId', id, 'rootId', 'old-root', 'version', 1, 'treeVersion', tree,
    'sequence', seq, 'occurredAt', oms.time_text(at), 'actor', 'oms', 'role', 'oms', 'commandId', 'old-' || id, 'transition', 101, 'command', jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', id), 'state', state);
  INSERT INTO oms.order_events VALUES (seq, id, 1, 'old-root', tree, 'OrderCreated', at, 'oms', 'oms', 'old-' || id, 101, pg_current_xact_id(), payload, sha256(convert_to(payload::text, 'UTF8')));
  INSERT INTO oms.orders (id, root_id, parent_id, version, tree_version, status, conditions, symbol, side, ord_type, order_qty, executed_quantity, leaves_quantity, working_quantity, unplaced_quantity,
      allocated_quantity, executed_value, avg_px, own_executed_quantity, reserved_quantity, review_quantity, child_count, live_children, created_at, updated_at, tree_updated_at, hash)
    SELECT id, 'old-root', state ->> 'parentId', 1, CASE id WHEN 'old-root' THEN 4 END, state ->> 'status', '{NEW}', 'X', 'BUY', 'MARKET', (state ->> 'orderQty')::numeric, (state ->> 'executedQuantity')::numeric,
      (state ->> 'leavesQuantity')::numeric, (state ->> 'workingQuantity')::numeric, (state ->> 'unplacedQuantity')::numeric, (state ->> 'allocatedQuantity')::numeric, (state ->> 'executedValue')::numeric,
      (state ->> 'avgPx')::numeric, (state ->> 'ownExecutedQuantity')::numeric, (state ->> 'reservedQuantity')::numeric, 0, (state ->> 'childCount')::bigint, (state ->> 'liveChildren')::bigint, at, at,
      CASE id WHEN 'old-root' THEN at END, sha256(convert_to(payload::text, 'UTF8'));
END $$;
SELECT pg_temp.event('old-root', '{"orderQty": 200, "executedQuantity": 0, "leavesQuantity": 200, "unplacedQuantity": 200, "childCount": 1}');
SELECT pg_temp.event('old-middle', '{"parentId": "old-root", "orderQty": 100, "leavesQuantity": 0, "reservedQuantity": 50, "workingQuantity": 50, "childCount": 1, "liveChildren": 1, "status": "CANCELLED", "conditions": ["CANCELLED"]}');
SELECT pg_temp.event('old-leaf', '{"parentId": "old-middle", "orderQty": 50, "leavesQuantity": 50, "unplacedQuantity": 50}');
UPDATE oms.orders SET conditions = '{CANCELLED}' WHERE id = 'old-middle';
UPDATE oms.orders SET tree_version = 3 WHERE id = 'old-root';
SQL
is(sql('counted', 'ALTER EXTENSION oms_state UPDATE; SELECT string_agg(live_children::text, $$ $$ ORDER BY id DESC) FROM oms.orders'), '1 1 0', 'an order that had ended above a live one counts');
is(sql('counted', q(SELECT event_type, version, tree_version FROM oms.order_events WHERE aggregate_id = 'old-root' ORDER BY version DESC LIMIT 1)), 'OrderQuantitiesChanged|2|4', 'with an event of its own');
is(sql('counted', 'SELECT * FROM oms.verify()'), '', 'every invariant holds there');
is(sql('counted', 'SELECT oms.recount_live_children()'), '0', 'and it is counted once');
is(sql('counted', q(SELECT oms_try_command('{"commandType": "CancelOrderCommand", "orderId": "old-root"}') #>> '{error,rule}')), 'live_children', 'the root cannot be cancelled over it');
is(sql('counted', q(SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "old-leaf"}') ->> 'status')), 'ACCEPTED', 'the leaf can');
is(sql('counted', 'SELECT sum(live_children) FROM oms.orders'), '0', 'and nothing is live');

# Entry points in another schema, and a database that is not in UTF-8.
$node->safe_psql('postgres', q(CREATE DATABASE elsewhere ENCODING 'SQL_ASCII' TEMPLATE template0));
sql('elsewhere', q(CREATE SCHEMA desk; CREATE EXTENSION oms_state SCHEMA desk VERSION '0.1.0'; ALTER EXTENSION oms_state UPDATE));
my $there = q(SELECT string_agg(p.oid::regprocedure::text || ' ' || l.lanname, ', ' ORDER BY p.proname, p.oid::regprocedure::text) FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'desk'::regnamespace);
my $expected = sql('fresh', q(SELECT string_agg(p.oid::regprocedure::text || ' ' || l.lanname, ', ' ORDER BY p.proname, p.oid::regprocedure::text) FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'public'::regnamespace));
is(sql('elsewhere', $there) =~ s/desk\.//gr, $expected, 'entry points in another schema come there, in SQL_ASCII');
is(sql('elsewhere', q(SELECT desk.oms_command('{"commandType": "CreateOrderCommand", "orderId": "A", "symbol": "X", "side": "BUY", "orderQty": 3}') ->> 'status'; SELECT count(*) FROM oms.verify())), "ACCEPTED\n0", 'and work');

$_->disconnect foreach values %of;
$node->stop;
done_testing();
