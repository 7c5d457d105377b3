# Who is limited to accounts sees nothing else, by any path that reads: each relation there is, each partition by its name, as-of, trees, queries, counts, finders,
# events since a position, series, look-ups, explanations; whoever he is in the session; and a dump, a restore and a standby keep it so.
# Broken by: a table, view or partition without its policy, a view with its owner's rights, one that comes later too; a function that reads tables by itself and does not ask; a role that widens
# what another one limits; a plan or an answer that is kept for somebody else; a revoke that opens; a policy of somebody's that opens; a restore that makes one twice.

use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;
use OmsWork qw(block_commands quote_commands);

my $node = oms_node('accounts', streaming => 1);
my $folder = PostgreSQL::Test::Utils::tempdir();
my @connection = ('-h', $node->host, '-p', $node->port);

sub sql { my ($sql, $database) = @_; return $node->safe_psql($database // 'postgres', $sql); }

# As a role, by SET ROLE in a session of a superuser: the SQLSTATE, or what it says.
sub as
{
	my ($role, $sql, $database, $server) = @_;
	my ($status, $out, $error) = ($server // $node)->psql($database // 'postgres', "\\set VERBOSITY sqlstate\nSET ROLE $role;\n$sql", on_error_stop => 1);

	return $status == 0 ? $out =~ s/^SET\n//r : ($error =~ /ERROR:\s+(\w{5})/)[0];
}

sub login
{
	my ($user, $sql, $database) = @_;
	my ($status, $out, $error) = $node->psql($database // 'postgres', "\\set VERBOSITY sqlstate\n$sql", connstr => $node->connstr($database // 'postgres') . " user=$user", on_error_stop => 1);
	return $status == 0 ? $out =~ s/^(?:SET|RESET)\n//gmr : ($error =~ /ERROR:\s+(\w{5})/)[0];
}

sub command { my ($json, $database) = @_; return sql("SELECT oms_command('$json') #>> '{state,status}'", $database); }

# ---- two worlds: all of the other one has a word in it that nobody of this one may read ------------------------

sub world
{
	my ($mark, $account, $more) = @_;
	my @created = ("\"symbol\": \"$mark\", \"side\": \"BUY\", \"account\": \"$account\"", $more // ());
	my $created = join ', ', @created;

	foreach my $id (map { "$mark-$_" } qw(a b))
	{
		command(qq({"commandType": "CreateOrderCommand", "orderId": "$id", "clOrdID": "c-$id", "orderQty": 1000, $created}));
		command(qq({"commandType": "CreateOrderCommand", "orderId": "$id.1", "parentId": "$id", "orderQty": 500}));
		command(qq({"commandType": "ExecuteOrderCommand", "orderId": "$id.1", "executionId": "x-$id", "execID": "e-$id", "lastQty": 10, "lastPx": 2}));
		command(qq({"commandType": "ExecuteOrderCommand", "orderId": "$id.1", "executionId": "r-$id", "execID": "er-$id", "lastQty": 9999, "lastPx": 2}));
		command(qq({"commandType": "SendOrderToDeskCommand", "orderId": "$id", "reason": "$mark"}));
		command(qq({"commandType": "CancelOrderCommand", "orderId": "$id.1"}));
	}
	command(json()->encode({ %$_, $_->{account} ? (account => $account) : (), $_->{symbol} ? (symbol => $mark) : () })) foreach block_commands("$mark.B"), quote_commands("$mark.Q");
	sql(qq(SELECT oms_try_command('{"commandType": "CancelOrderCommand", "orderId": "$mark-a", "commandId": "refused-$mark"}');
		INSERT INTO oms.limits VALUES ('$account', '$mark', 'ORDER_QUANTITY', 77); INSERT INTO oms.restricted_list VALUES ('$mark', '$account');
		INSERT INTO oms.trading_halts (name, account, since) VALUES ('halt $mark', '$account', now() + interval '1 year'); INSERT INTO oms.fix_sessions VALUES ('OMS|$mark', 'CLIENT', '$account');
		INSERT INTO oms.retention_policies (name, root_id, hold) VALUES ('hold of $mark', '$mark-a', true)));
	return;
}

sql('SELECT oms.create_roles()');
world('MINE', 'M-1');
world('HIDDEN', 'H-1');
command('{"commandType": "CreateOrderCommand", "orderId": "nobody", "symbol": "NOBODY", "side": "BUY", "orderQty": 5}');
# what moves from one account to the other: its events of before stay
command('{"commandType": "CreateOrderCommand", "orderId": "moved", "symbol": "MOVES", "side": "BUY", "orderQty": 5, "account": "M-1"}');
command('{"commandType": "ReplaceOrderCommand", "orderId": "moved", "orderQty": 6, "account": "H-1"}');
is(sql(q(SELECT count(DISTINCT account) FROM oms.order_events WHERE aggregate_id = 'moved')), '2', 'an order whose account was replaced');

sql(q(
	CREATE ROLE reader LOGIN IN ROLE oms_reader; CREATE ROLE trader LOGIN IN ROLE oms_trader; CREATE ROLE desk LOGIN IN ROLE oms_desk; CREATE ROLE chief LOGIN IN ROLE oms_admin; CREATE ROLE analyst LOGIN IN ROLE oms_reader;
	CREATE ROLE funds; CREATE ROLE member LOGIN IN ROLE oms_trader, funds; CREATE ROLE outsider LOGIN NOINHERIT IN ROLE oms_trader, funds; CREATE ROLE nobody_yet LOGIN IN ROLE oms_trader;
	CREATE ROLE pool LOGIN NOINHERIT IN ROLE oms_proxy, reader, analyst; CREATE ROLE plain LOGIN NOINHERIT IN ROLE oms_trader, analyst;
	SELECT oms.grant_account(r, 'M-1') FROM unnest('{reader,trader,desk,plain}'::text[]) AS r;
	SELECT oms.grant_account('funds', 'M%')));
my @limited = qw(reader trader desk member outsider plain);

# ---- every relation, by every name -----------------------------------------------------------------------------

my $relations = q(SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'oms'::regnamespace AND c.relkind IN ('r', 'p', 'v') ORDER BY 1);
sql("GRANT SELECT ON $_ TO oms_reader") foreach split /\n/, sql($relations);	# partitions too, which nobody is given
my @relations = split /\n/, sql($relations);
cmp_ok(scalar @relations, '>', 60, 'relations to look at');
# whole rows as text, and what is inside of documents; what has no account, as a block, is the desk's
sub seen { my ($mark) = @_; return join ' UNION ALL ', map { "SELECT '$_', count(*) FROM $_ AS t WHERE t::text ~ '$mark'" } @relations; }
my $seen = seen('HIDDEN|H-1');
foreach my $role (@limited)
{
	my ($marks, $own) = $role eq 'desk' ? ('H-1', ' OR account IS NULL') : ('HIDDEN|H-1', '');
	my $set = $role =~ /outsider|plain/ ? 'SET ROLE oms_trader; ' : '';

	is(login($role, "${set}SELECT coalesce(string_agg(r || ' ' || n, ' '), 'none') FROM (@{[ seen($marks) ]}) AS s (r, n) WHERE n > 0"), 'none', "$role finds the other account nowhere");
	is(login($role, "${set}SELECT count(*) FROM oms.orders"), sql("SELECT count(*) FROM oms.orders WHERE account = 'M-1'$own"), "$role sees all of his own");
}
my %own = map { split / /, $_ } split /\n/, as('trader', join ' UNION ALL ', map { "SELECT '$_ ' || count(*) FROM $_ AS t WHERE t::text ~ 'MINE'" } @relations);
is(join(' ', grep { !$own{"oms.$_"} } qw(orders executions quotes quote_requests order_events execution_events quote_events quote_request_events cl_ord_ids root_ids matched_exec_ids waiting_order_ids dealer_quote_ids quote_req_ids
	limits restricted_list trading_halts fix_sessions order_tree client_orders market_orders trade_blotter execution_review desk_queue order_history all_events configuration_events configuration_history quote_competition)),
	'matched_exec_ids waiting_order_ids', 'and what is of his is there, in each, as far as there is some');
is(as('analyst', "SELECT sum(n) > 100 FROM ($seen) AS s (r, n)"), 't', 'who is not limited sees it');
is(as('chief', "SELECT sum(n) > 100 FROM ($seen) AS s (r, n)"), 't', 'an administrator too');
is(as('oms_bridge', q(SELECT count(*) FROM oms.order_events)), sql('SELECT count(*) FROM oms.order_events'), 'and the bridge');
is(join(' ', map { as($_, q(SELECT count(*) FROM oms.orders WHERE id = 'nobody')) } qw(reader trader desk member)), '0 0 1 0', 'what has no account is the desk\'s');
is(as('trader', 'SELECT count(*) FROM oms.account_grants') . as('trader', q(SELECT count(*) FROM oms.configuration_events WHERE payload ->> 'aggregateType' = 'AccountGrant')), '11', 'of the limits, his own');

# ---- by every function that reads ------------------------------------------------------------------------------

my @asked = (
	q(SELECT oms.order_as_of('HIDDEN-a', now()) IS NULL), q(SELECT oms.order_as_of('HIDDEN-a', 1) IS NULL), q(SELECT oms.execution_as_of('x-HIDDEN-a', now()) IS NULL),
	q(SELECT NOT EXISTS (SELECT FROM oms.tree_as_of('HIDDEN-a', now()) AS t WHERE t::text ~ 'HIDDEN')),
	q(SELECT NOT EXISTS (SELECT FROM oms.replay_orders() AS t WHERE t::text ~ 'HIDDEN')),
	(map { qq(SELECT NOT EXISTS (SELECT FROM oms_query('$_') AS q WHERE q::text ~ 'HIDDEN')) } qw(orders executions quotes quote_requests)),
	(map { qq(SELECT NOT EXISTS (SELECT FROM oms.find_$_(oms.eq('symbol', 'HIDDEN')))) } qw(orders executions quotes quote_requests)),
	q(SELECT oms.query_count('orders', '{"where": {"symbol": "HIDDEN"}}') = 0),
	q(SELECT oms.query_count('orders', '{"where": {"symbol": "HIDDEN"}}', false) = 0),
	q(SELECT oms.query_count('orders', '{}', false) = oms.query_count('orders', '{}')),
	q(SELECT NOT EXISTS (SELECT FROM oms_query('orders', '{"where": {"clOrdIDs": "c-HIDDEN-a"}}'))),
	q(SELECT NOT EXISTS (SELECT FROM oms.events_since(NULL, NULL) AS e WHERE e::text ~ 'HIDDEN|H-1')),
	q(SELECT NOT EXISTS (SELECT FROM oms.series('orders', '1 day', now() - interval '1 day', now() + interval '1 day', '{"where": {"symbol": "HIDDEN"}}') AS s WHERE (to_jsonb(s) ->> 'value')::numeric > 0)),
	q(SELECT oms.limit_of('H-1', 'HIDDEN', 'ORDER_QUANTITY') IS NULL), q(SELECT oms.restricted('HIDDEN', 'H-1') IS NULL),
	q(SELECT oms.recent_like('{"commandType": "CreateOrderCommand", "symbol": "HIDDEN", "side": "BUY", "orderQty": 1000, "account": "H-1"}', '1 hour') IS NULL),
	q(SELECT oms.day_quantity('{"commandType": "ReplaceOrderCommand", "orderId": "HIDDEN-a", "orderQty": 1}') IS NULL),
	q(SELECT oms.order_value('{"commandType": "CreateOrderCommand", "parentId": "HIDDEN-a", "orderQty": 1}') IS NULL),
	q(SELECT NOT oms.account_is_visible('M-1', 'order', 'HIDDEN-a') OR true), q(SELECT NOT oms.object_is_visible('order', 'HIDDEN-a')),
	q(SELECT NOT oms.may('CreateOrderCommand', 'H-1')),
);
foreach my $question (@asked)
{
	is(as('trader', $question), 't', $question);
}
is(as('analyst', q(SELECT oms.limit_of('H-1', 'HIDDEN', 'ORDER_QUANTITY'), oms.restricted('HIDDEN', 'H-1'))), '77|t', 'who is not limited is told');
is(as('trader', q(SELECT oms.limit_of('M-1', 'MINE', 'ORDER_QUANTITY'), oms.restricted('MINE', 'M-1'), (oms.order_as_of('MINE-a', now())).id)), '77|t|MINE-a', 'and who is, of his own');
is(as('trader', q(SELECT oms.query_count('orders', '{"where": {"clOrdIDs": "c-MINE-a"}}'))), '1', 'by an id of the chain, too');
foreach my $refused ([ q(SELECT * FROM oms.explain_routing('HIDDEN-a')), q(SELECT * FROM oms.explain_routing('not there')), 'OM003' ],
	[ q(SELECT * FROM oms.verify()), q(SELECT * FROM oms.verify_orders()), 'OM008' ],
	[ q(SELECT * FROM oms.check_rules('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 1, "account": "H-1"}')), q(SELECT * FROM oms.verify_hash_chains()), 'OM008' ])
{
	my ($one, $other, $code) = @$refused;
	is(as('trader', "$_;"), $code, $_) foreach $one, $other;
}
# each part of oms.verify(), whatever it is called: who does not see all rows cannot say that nothing is wrong
my @parts = split /\n/, sql(q(SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = 'oms'::regnamespace AND p.proname ~ '^verify_' AND p.pronargs = 0 ORDER BY 1::text));
cmp_ok(scalar @parts, '>', 20, 'parts of oms.verify()');
is(join(' ', grep { as('trader', "SELECT * FROM $_;") ne 'OM008' } @parts), '', 'refuse who is limited');
is((map { $_ =~ s/HIDDEN-a|not there/ID/gr } ($node->psql('postgres', "SET ROLE trader; SELECT * FROM oms.explain_routing('HIDDEN-a')"))[2])[0], (map { s/HIDDEN-a|not there/ID/gr } ($node->psql('postgres', "SET ROLE trader; SELECT * FROM oms.explain_routing('not there')"))[2])[0], 'in the same words');
is(as('analyst', 'SELECT count(*) FROM oms.verify() WHERE invariant <> \'open_grant\''), '0', 'who is not limited verifies');

# what moved
is(as('trader', q(SELECT string_agg(version || ' ' || account, ', ' ORDER BY version) FROM oms.order_events WHERE aggregate_id = 'moved')), '1 M-1', 'what was replaced to another account: events of before stay');
is(as('trader', q(SELECT count(*) FROM oms.orders WHERE id = 'moved')), '0', 'and the order is not his');

# statistics of the planner, and its estimates
sql('ANALYZE oms.orders');
is(as('analyst', q(SELECT count(*) FROM pg_stats WHERE schemaname = 'oms' AND tablename = 'orders')), '0', 'pg_stats shows nothing of a table with policies');
sql(q(CREATE FUNCTION leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS 'BEGIN RAISE NOTICE ''leaked %'', $1; RETURN true; END'));
unlike(($node->psql('postgres', 'SET ROLE trader; SELECT count(*) FROM oms.orders WHERE leak(symbol)'))[2], qr/HIDDEN/, 'a leaky function comes behind');
unlike(($node->psql('postgres', "SET ROLE trader; SELECT count(*) FROM oms.client_orders WHERE leak(symbol)"))[2], qr/HIDDEN/, 'through views too');
unlike(as('trader', 'EXPLAIN ANALYZE SELECT * FROM oms.orders WHERE symbol = \'HIDDEN\''), qr/HIDDEN\S+-a/, 'EXPLAIN tells no row');

# ---- whoever one is in the session -----------------------------------------------------------------------------

my $count = q(SELECT count(*) FROM oms.orders WHERE account = 'H-1');
my $all = sql($count);
cmp_ok($all, '>', 3, 'orders that are hidden');
is(login('analyst', $count), $all, 'a login that is not limited');
is(login('reader', $count), 0, 'one that is');
is(login('plain', "SET ROLE analyst; $count"), 0, 'who is limited is so as another role, too');
is(login('plain', "SET ROLE oms_trader; $count"), 0, 'also as one of ours');
is(login('pool', "SET ROLE reader; $count; SET ROLE analyst; $count; SET ROLE reader; $count"), "0\n$all\n0", 'a pool has what the role has that it speaks for');
sql(qq(CREATE FUNCTION lent() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS \$\$ $count \$\$; ALTER FUNCTION lent OWNER TO analyst;
	CREATE FUNCTION of_owner() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS \$\$ $count \$\$;
	CREATE FUNCTION kept() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS \$\$ BEGIN RETURN (@{[ $count ]}); END \$\$; ALTER FUNCTION kept OWNER TO analyst;
	CREATE VIEW lent_view AS SELECT * FROM oms.orders; ALTER VIEW lent_view OWNER TO analyst; GRANT SELECT ON lent_view TO PUBLIC));
is(login('analyst', 'SELECT lent()'), $all, 'a function that somebody lends: to who is not limited');
is(login('reader', 'SELECT lent()'), 0, 'and to who is');
is(login('reader', 'SELECT of_owner()'), $all, 'one of the owner decides itself, as row-level security has it');
is(login('reader', q(SELECT count(*) FROM lent_view WHERE account = 'H-1')), 0, 'a view that somebody lends');
is(login('pool', 'SET ROLE analyst; SELECT kept(); SET ROLE reader; SELECT kept(); SET ROLE analyst; SELECT kept()'), "$all\n0\n$all", 'a plan that such a function keeps');
is(login('pool', "SET ROLE analyst; PREPARE p AS $count; EXECUTE p; SET ROLE reader; EXECUTE p; SET ROLE analyst; EXECUTE p; SET plan_cache_mode = force_generic_plan; EXECUTE p; SET ROLE reader; EXECUTE p"), "$all\n0\n$all\n$all\n0", 'a prepared statement');
is(login('pool', qq(SET ROLE analyst; SELECT oms.query_count('orders', '{"where": {"account": "H-1"}}'); SET ROLE reader; SELECT oms.query_count('orders', '{"where": {"account": "H-1"}}'))), "$all\n0", 'a query that is kept');
is(login('member', "$count; SELECT count(*) > 3 FROM oms.orders"), "0\nt", 'grants of a group are its members\'');
is(login('outsider', "SET ROLE oms_trader; $count; SELECT count(*) > 3 FROM oms.orders"), "0\nt", 'also of who does not inherit');
is(sql(q(SET SESSION AUTHORIZATION reader; SELECT current_setting('is_superuser'), oms.visible_accounts())), 'off|{M-1}', 'oms.visible_accounts()');
is(login('desk', 'SELECT oms.visible_accounts()'), '{M-1,NULL}', 'of the desk, with what has no account');
is(login('analyst', 'SELECT oms.visible_accounts() IS NULL'), 't', 'null: all');
sql(q(SELECT oms.grant_account('oms_reader', 'H-1'), oms.grant_account('analyst', 'H%')));
sql(q(CREATE FUNCTION lent_accounts() RETURNS text[] LANGUAGE sql SECURITY DEFINER AS 'SELECT oms.visible_accounts()'; ALTER FUNCTION lent_accounts OWNER TO analyst));
is(login('reader', 'SELECT lent_accounts()'), '{H-1}', 'of two that limit, what both see');
sql(q(SELECT oms.revoke_account('oms_reader', NULL, true), oms.revoke_account('analyst', NULL, true)));

# ---- what is granted, and taken back ----------------------------------------------------------------------------

sub sees { my ($role) = @_; return as($role, q(SELECT coalesce(string_agg(DISTINCT account, ' ' ORDER BY account), 'none') FROM oms.orders WHERE account IN ('P-1', 'PX', 'P_1', 'M-1'))); }
command(qq({"commandType": "CreateOrderCommand", "orderId": "o$_", "symbol": "X", "side": "BUY", "orderQty": 5, "account": "$_"})) foreach qw(P-1 PX P_1);
is(sees('nobody_yet'), 'M-1 P-1 PX P_1', 'before the first grant');
sql(q(SELECT oms.grant_account('nobody_yet', 'P_1')));
is(sees('nobody_yet'), 'P_1', 'one that has a sign which stands for others elsewhere');
sql(q(SELECT oms.grant_account('nobody_yet', 'P-%')));
is(sees('nobody_yet'), 'P-1 P_1', 'a prefix');
sql(q(SELECT oms.grant_account('nobody_yet', '%')));
is(sees('nobody_yet'), 'M-1 P-1 PX P_1', 'all');
is(as('nobody_yet', q(SELECT count(*) FROM oms.orders WHERE account IS NULL)), 0, 'but not what has none');
sql(qq(SELECT oms.revoke_account('nobody_yet', '$_'))) foreach '%', 'P-%';
is(sees('nobody_yet'), 'P_1', 'taken back');
is(sql(q(SELECT oms.revoke_account('nobody_yet', 'P_1'), oms.revoke_account('nobody_yet', 'P_1'))), 't|f', 'the last one');
is(sees('nobody_yet'), 'none', 'does not open all');
sql(q(SELECT oms.grant_account('nobody_yet', 'PX')));
is(sees('nobody_yet'), 'PX', 'granted again');
sql(q(SELECT oms.revoke_account('nobody_yet', NULL, unlimit := true)));
is(sees('nobody_yet'), 'M-1 P-1 PX P_1', 'limited no more');
foreach my $wrong (q('trader', ''), q('trader', 'a%b'), q('trader', NULL), q('trader', 'A', '{no such class}'), q('trader', 'A', '{}'), q('trader', 'A', '{{bond},{bond}}'), q('trader', 'A', '{bond,NULL}'))
{
	is(as('chief', "SELECT oms.grant_account($wrong)"), 'OM011', "oms.grant_account($wrong)");
}
is(as('chief', q(SELECT oms.grant_account('not there', 'A'))), '42704', 'a role that is not there');
is(as('chief', q(SELECT oms.grant_account('nobody_yet', 'A'), oms.revoke_account('nobody_yet', 'A', true))), 't|t', 'an administrator may');
is(join(' ', map { as($_, q(SELECT oms.grant_account('nobody_yet', 'A'))) } qw(trader desk)), '42501 42501', 'others may not');
sql('ALTER ROLE nobody_yet RENAME TO renamed; ALTER ROLE renamed RENAME TO nobody_yet');

# in a session that goes on: the next statement
my $dbh = oms_dbh($node, user => 'nobody_yet');
$dbh->do('PREPARE held AS SELECT count(*) FROM oms.orders WHERE account IN (\'M-1\', \'PX\')');
my $before = $dbh->selectrow_array('EXECUTE held');
sql(q(SELECT oms.grant_account('nobody_yet', 'PX')));
is($dbh->selectrow_array('EXECUTE held'), 1, 'a grant acts at the next statement, on a plan that is kept');
sql(q(SELECT oms.revoke_account('nobody_yet', 'PX')));
is($dbh->selectrow_array('EXECUTE held'), 0, 'so does a revoke');
sql(q(SELECT oms.revoke_account('nobody_yet', NULL, true)));
is($dbh->selectrow_array('EXECUTE held'), $before, 'and the end of limits');
sql('GRANT funds TO nobody_yet');
is($dbh->selectrow_array(q(SELECT count(*) FROM oms.orders WHERE account = 'PX')), 0, 'a membership limits at once');
sql('REVOKE funds FROM nobody_yet');
# what was opened before goes on as it was; who fetches on in a transaction that asks for something else is told by it
$dbh->begin_work;
$dbh->do('DECLARE c CURSOR FOR SELECT account FROM oms.orders WHERE account IN (\'M-1\', \'PX\')');
$dbh->do('FETCH 1 FROM c');
sql(q(SELECT oms.grant_account('nobody_yet', 'P-1')));
is($dbh->selectrow_array('SELECT count(*) FROM oms.quotes'), 0, 'a new statement of the transaction');
is(scalar @{ $dbh->selectall_arrayref('FETCH ALL FROM c') }, 0, 'and with it the cursor');
$dbh->rollback;
sql(q(SELECT oms.revoke_account('nobody_yet', NULL, true)));

# classes: of what has none of its own, the order's or the request's
sub classes { my ($what) = @_; return as('nobody_yet', $what); }
command(qq({"commandType": "CreateOrderCommand", "orderId": "k-$_", "symbol": "X", "side": "BUY", "orderQty": 5, "account": "K-1", "assetClass": "$_"})) foreach qw(bond equity);
command(qq({"commandType": "ExecuteOrderCommand", "orderId": "k-$_", "executionId": "kx-$_", "lastQty": 1, "lastPx": 1})) foreach qw(bond equity);
command(qq({"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "kr-$_", "symbol": "X", "side": "BUY", "orderQty": 5, "account": "K-1", "assetClass": "$_"})) foreach qw(bond equity);
command(qq({"commandType": "CreateQuoteCommand", "quoteRequestId": "kr-$_", "quoteId": "kq-$_", "dealer": "D", "offerPx": 1, "offerSize": 5, "validUntilTime": "2199-01-01T00:00:00Z"})) foreach qw(bond equity);
sql(q(SELECT oms.grant_account('nobody_yet', 'K%', '{bond}'), oms.grant_account('nobody_yet', 'M-1', '{bond}')));
is(classes(qq(SELECT string_agg(s.id, ' ' ORDER BY s.id) FROM (SELECT id FROM oms.orders UNION SELECT id FROM oms.executions UNION SELECT id FROM oms.quotes UNION SELECT id FROM oms.quote_requests UNION SELECT aggregate_id FROM oms.all_events
	UNION SELECT id FROM oms.root_ids) AS s)), 'k-bond kq-bond kr-bond kx-bond', 'by asset classes: rows, and events');
is(classes(q(SELECT oms.account_is_visible('K-1', 'order', 'HIDDEN-a'), oms.account_is_visible('K-1', 'order', 'not there'))), 'f|f', 'of another account\'s nothing is told');
is(classes('SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET min_parallel_index_scan_size = 0; SELECT count(*) FROM oms.executions') =~ s/SET\n//gr, 1, 'in parallel too');
is(classes('SELECT oms.visible_accounts()'), '{K%,M-1}', 'as they are granted');
$dbh->disconnect;

# ---- tables that come later, and what opens one ------------------------------------------------------------------

sql('ALTER DEFAULT PRIVILEGES IN SCHEMA oms GRANT SELECT ON TABLES TO oms_reader; SELECT oms.ensure_partitions(4)');
is(sql(q(SELECT count(*) FROM pg_class AS c WHERE c.relnamespace = 'oms'::regnamespace AND c.relispartition AND c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'oms_accounts'))), 0, 'every partition has its policy');
is(sql('SELECT count(*) FROM oms.protect()'), 0, 'there is nothing to do');
my $leaf = sql(q(SELECT p.relid::regclass FROM pg_partition_tree('oms.order_events') AS p WHERE p.level = 1 ORDER BY 1 LIMIT 1));
foreach my $harm ("DROP POLICY oms_accounts ON oms.orders", "ALTER TABLE $leaf DISABLE ROW LEVEL SECURITY", "DROP POLICY oms_rows ON oms.quotes", "ALTER POLICY oms_accounts ON oms.executions USING (true)", "ALTER POLICY oms_accounts ON oms.commands TO trader",
	"ALTER POLICY oms_rows ON oms.orders USING (account = 'x')", 'ALTER VIEW oms.client_orders SET (security_invoker = off)', 'ALTER VIEW oms.bond_orders RESET (security_invoker)',
	"CREATE OR REPLACE VIEW oms.order_history AS @{[ sql(q(SELECT pg_get_viewdef('oms.order_history'))) ]}")
{
	sql($harm);
	isnt(sql(q(SELECT string_agg(invariant, ' ') FROM oms.verify() WHERE invariant = 'policy_missing')), '', "oms.verify() tells: $harm");
	is(sql('SELECT count(*) FROM oms.protect()'), 1, 'and it is mended');
}
sql('CREATE POLICY everybody ON oms.orders USING (true)');
is(as('trader', $count), 0, 'a policy of somebody\'s does not open what is closed');
sql(q(DROP POLICY everybody ON oms.orders; CREATE POLICY narrow ON oms.orders TO analyst USING (account = 'H-1'); SELECT oms.protect()));
is(as('analyst', 'SELECT count(*) FROM oms.orders WHERE account <> \'H-1\'') . as('analyst', $count), "0$all", 'and one that closes more does, once oms.protect() knows of it');
is(as('trader', $count), 0, 'with ours');
sql('DROP POLICY narrow ON oms.orders; SELECT oms.protect()');
is(as('analyst', $count), $all, 'until it is gone');
foreach my $sql ('SELECT oms.protect()', 'CREATE POLICY oms_accounts ON oms.orders USING (true)', 'DROP POLICY oms_accounts ON oms.orders', 'SET row_security = off; SELECT count(*) FROM oms.orders')
{
	is(as('trader', $sql), '42501', "a trader may not: $sql");
}
is(sql('SELECT count(*) FROM oms.policy_repairs()'), 0, 'and has changed nothing');

# ---- dumps, restores, a standby ------------------------------------------------------------------------------------

sql('ALTER DEFAULT PRIVILEGES IN SCHEMA oms REVOKE SELECT ON TABLES FROM oms_reader');
sub policies { my ($database) = @_; return sql(q(SELECT string_agg(concat_ws(' ', p.polrelid::regclass, p.polname, p.polpermissive, c.relrowsecurity, pg_get_expr(p.polqual, p.polrelid)), E'\n' ORDER BY p.polrelid::regclass::text, p.polname) FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid), $database); }
my $policies = policies('postgres');
my $grants = sql('SELECT string_agg(g::text, E\'\n\' ORDER BY g::text) FROM oms.account_grants AS g');
# Of its first three minor versions, 15 has the policies of an extension's tables in the dump: they stand at its end, as pg_dump writes them.
my $early = sql(q(SELECT string_agg(o.statement || ';', E'\n') FROM oms.objects_on_tables() AS o WHERE o.kind = 'policy' OR o.object = 'ROW LEVEL SECURITY'));
command_ok([ 'pg_dump', @connection, '-Fp', '-f', "$folder/plain", 'postgres' ], 'a dump');
append_to_file("$folder/early", slurp_file("$folder/plain") . "\n$early\n");
command_ok([ 'pg_dump', @connection, '-Fp', '--no-owner', '--no-privileges', '-f', "$folder/no_roles", 'postgres' ], 'and one without the names of roles');
foreach my $how ('plain', $node->pg_version < 16 ? 'early' : ())
{
	sql("CREATE DATABASE from_$how TEMPLATE template0");
	command_ok([ 'psql', @connection, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', "from_$how", '-f', "$folder/$how" ], "$how: restored without an error");
	is(policies("from_$how"), $policies, "$how: the same policies");
	is(sql('SELECT string_agg(g::text, E\'\n\' ORDER BY g::text) FROM oms.account_grants AS g', "from_$how"), $grants, "$how: the same grants");
	is(as('trader', $count, "from_$how") . ' ' . as('trader', 'SELECT count(*) > 3 FROM oms.orders', "from_$how"), '0 t', "$how: they act");
	is(sql('SELECT count(*) FROM oms.verify() WHERE invariant <> \'open_grant\'', "from_$how"), 0, "$how: every invariant holds");
}
my $elsewhere = oms_node('elsewhere', extension => 0);
$elsewhere->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
command_ok([ 'psql', '-h', $elsewhere->host, '-p', $elsewhere->port, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'restored', '-f', "$folder/no_roles" ], 'where the roles are not there');
$elsewhere->safe_psql('restored', 'SELECT oms.create_roles(); CREATE ROLE trader IN ROLE oms_trader; CREATE ROLE analyst IN ROLE oms_reader');
is(as('trader', $count, 'restored', $elsewhere) . ' ' . as('trader', 'SELECT count(*) > 3 FROM oms.orders', 'restored', $elsewhere) . ' ' . as('analyst', $count, 'restored', $elsewhere), "0 t $all", 'they come later, and are limited');
is($elsewhere->safe_psql('restored', 'SELECT count(*) FROM oms.policy_repairs()'), 0, 'and nothing is left to do');
$elsewhere->stop;

# who is limited dumps what he sees
my ($dumped, $said) = run_command([ 'pg_dump', @connection, '-U', 'trader', '--enable-row-security', '--data-only', '-t', 'oms.orders', '-t', 'oms.order_events*', 'postgres' ]);
like($dumped, qr/MINE-a/, 'a dump of who is limited has his rows');
unlike($dumped, qr/HIDDEN|H-1/, 'and no others');
command_fails([ 'pg_dump', @connection, '-U', 'trader', '--data-only', '-t', 'oms.orders', '-f', "$folder/refused", 'postgres' ], 'without the option it is refused');
is(login('trader', 'COPY oms.orders TO STDOUT') =~ /HIDDEN/, '', 'COPY, too');

$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('flush'));
is(join(' ', map { as('trader', $_, 'postgres', $standby) } $count, 'SELECT count(*) > 3 FROM oms.orders', q(SELECT oms.query_count('orders', '{"where": {"account": "H-1"}}', false))), '0 t 0', 'a standby');
is(as('nobody_yet', q(SELECT count(*) FROM oms.executions), 'postgres', $standby), 1, 'by classes, too');
sql(q(SELECT oms.revoke_account('trader', 'M-1')));
$node->wait_for_catchup($standby, 'replay', $node->lsn('flush'));
is(as('trader', 'SELECT count(*) FROM oms.orders', 'postgres', $standby), 0, 'and what is taken back');

done_testing();
