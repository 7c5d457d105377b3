# A command is part of the caller's transaction like any other statement: subtransactions, several
# commands in one statement, DO blocks with handlers, cursors, read-only transactions, parallel
# query, two-phase commit, and plans that outlive the extension.
# Broken by: state that survives a rollback (caches, identity maps, flags), by a lock or a snapshot
# taken at the wrong time, and by cached plans or OIDs of an extension that is gone.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $node = oms_node('transactions', conf => "max_prepared_transactions = 5\n");
my $dbh = oms_dbh($node);

sub run { my ($json) = @_; return json()->decode($dbh->selectrow_array('SELECT oms_command(?::jsonb)', undef, $json)); }
sub create { my ($id, $more) = @_; return run(qq({"commandType": "CreateOrderCommand", "orderId": "$id", "symbol": "X", "side": "BUY", "orderQty": 100) . ($more // '') . '}'); }
sub fill { my ($id, $qty) = @_; return run(qq({"commandType": "ExecuteOrderCommand", "orderId": "$id", "lastQty": $qty, "lastPx": 1})); }
sub order { my ($id) = @_; return join ' ', map { $_ // 'null' } $dbh->selectrow_array('SELECT status, version, tree_version, executed_quantity FROM oms.orders WHERE id = ?', undef, $id); }
sub value { my ($sql, @values) = @_; return scalar $dbh->selectrow_array($sql, undef, @values); }
sub state_of { my ($code) = @_; return eval { $code->(); 1 } ? 'accepted' : $dbh->state; }

# The first fills of a store are written in savepoints, beside what is not
$dbh->begin_work;
create('first');
foreach my $qty (1, 2)
{
	$dbh->do('SAVEPOINT a');
	fill('first', $qty);
	$dbh->do('RELEASE a');
}
$dbh->commit;
is(value('SELECT count(*) FROM oms.verify()'), 0, 'oms.verify() takes events of one transaction, in savepoints or not, for what they are');

# Savepoints
create('sp');
$dbh->begin_work;
fill('sp', 10);
$dbh->do('SAVEPOINT a');
fill('sp', 20);
run('{"commandType": "CreateOrderCommand", "orderId": "sp.1", "parentId": "sp", "clOrdID": "sp-c", "commandId": "sp-k", "orderQty": 5}');
is(order('sp'), 'PARTIALLY_FILLED 4 7 30', 'inside a savepoint');
$dbh->do('ROLLBACK TO a');
is(order('sp'), 'PARTIALLY_FILLED 2 3 10', 'ROLLBACK TO takes successful commands back');
is(state_of(sub { fill('sp', 'x') }), '22P02', 'a failed command in the savepoint');
$dbh->do('ROLLBACK TO a');
is(state_of(sub { run('{"commandType": "CancelOrderCommand", "orderId": "sp", "expectedVersion": 9}') }), 'OM006', 'a refused command in the savepoint');
$dbh->do('ROLLBACK TO a');
ok(!run('{"commandType": "CreateOrderCommand", "orderId": "sp.1", "parentId": "sp", "clOrdID": "sp-c", "commandId": "sp-k", "orderQty": 5}')->{duplicate}, 'ids and commandIds of what was taken back are free');
$dbh->do('RELEASE a');
fill('sp', 3);
$dbh->commit;
is(order('sp'), 'PARTIALLY_FILLED 4 7 13', 'what was kept is there, and only that');

# A handler in a DO block: one refused in the middle, the others stay
create('do');
$dbh->do(q[DO $$
BEGIN
  FOR i IN 1 .. 5 LOOP
    BEGIN
      PERFORM oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'do', 'lastQty', i, 'lastPx', 1));
      IF i % 2 = 0 THEN
        PERFORM oms_command('{"commandType": "AcceptOrderCommand", "orderId": "do"}');
      END IF;
    EXCEPTION WHEN SQLSTATE 'OM004' THEN
      NULL;
    END;
  END LOOP;
END $$]);
is(order('do'), 'PARTIALLY_FILLED 4 7 9', 'a handler takes back its own block only');

# Several in one statement, each seeing the one before; a failing one takes the statement along
create('multi');
is(value(q(SELECT string_agg(oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'multi', 'lastQty', 1, 'lastPx', n))->'orders'->0->>'executedQuantity', ' ') FROM generate_series(1, 5) n)),
	'1 2 3 4 5', 'several commands in one statement');
is(state_of(sub { value(q(SELECT count(oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'multi', 'lastQty', 3 - n, 'lastPx', 1))) FROM generate_series(1, 5) n)) }), 'OM001', 'the third of a statement is refused');
is(order('multi'), 'PARTIALLY_FILLED 6 11 5', 'and takes the others along');
is(value(q(WITH a AS MATERIALIZED (SELECT oms_command('{"commandType": "UpdateOrderCommand", "orderId": "multi", "text": "cte"}') r) SELECT r->'state'->>'version' FROM a)), '7', 'in a CTE');
is(value('SELECT version FROM oms.orders WHERE id = ?', 'multi'), 7, 'once');

# A cursor
$dbh->begin_work;
$dbh->do(q(DECLARE c CURSOR FOR SELECT oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'multi', 'lastQty', 1, 'lastPx', n)) FROM generate_series(1, 50) n));
$dbh->do('FETCH 2 FROM c');
fill('multi', 1);
$dbh->do('FETCH 3 FROM c');
$dbh->do('CLOSE c');
$dbh->commit;
is(value('SELECT executed_quantity FROM oms.orders WHERE id = ?', 'multi'), '11', 'a cursor applies what was fetched');

# Read-only, prepared, two-phase
$dbh->do('SET default_transaction_read_only = on');
is(state_of(sub { fill('multi', 1) }), '25006', 'read-only transaction: oms_command');
is(state_of(sub { value(q(SELECT oms_try_command('{"commandType": "CancelOrderCommand", "orderId": "none"}'))) }), '25006', 'read-only transaction: oms_try_command');
is(value('SELECT count(*) FROM oms.verify()'), 0, 'verify() in a read-only transaction');
$dbh->do('RESET default_transaction_read_only');

$dbh->begin_work;
fill('multi', 1);
$dbh->do(q(PREPARE TRANSACTION 'p'));
$dbh->{AutoCommit} = 1;
{
	my $other = oms_dbh($node);
	$other->do(q(SET lock_timeout = '300ms'));
	eval { $other->do(q(SELECT oms_command('{"commandType": "UpdateOrderCommand", "orderId": "multi", "text": "t"}'))) };
	is($other->state, '55P03', 'a prepared transaction holds the tree');
	$other->do(q(COMMIT PREPARED 'p'));
}
is(value('SELECT executed_quantity FROM oms.orders WHERE id = ?', 'multi'), '12', 'COMMIT PREPARED');

# Parallel query never runs a command: PARALLEL UNSAFE, so the plan is a serial one
$dbh->do('CREATE TABLE big AS SELECT n FROM generate_series(1, 1000) n; ANALYZE big');
# 16 gave it another name
my $forced = $node->pg_version < 16 ? 'force_parallel_mode' : 'debug_parallel_query';
$dbh->do("SET $forced = on; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0");
my $plan = join "\n", map { $_->[0] } @{ $dbh->selectall_arrayref(q(EXPLAIN SELECT oms_command('{}') FROM big)) };
unlike($plan, qr/Gather|Parallel/, 'no parallel plan with oms_command');
create('par');
is(value(q(SELECT count(oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'par', 'lastQty', 1, 'lastPx', n))) FROM big WHERE n <= 20)), 20, 'a scan that could be parallel is not');
is(value('SELECT count(*) FROM oms.verify()'), 0, 'verify() under forced parallel mode');
$dbh->do("RESET $forced");
is(value(q(SELECT string_agg(DISTINCT concat(proname, ' ', proparallel, provolatile), ', ') FROM pg_proc WHERE proname IN ('oms_command', 'oms_try_command', 'oms_commands', 'oms_fix', 'oms_try_fix', 'oms_fix_many'))),
	'oms_command uv, oms_commands uv, oms_fix uv, oms_fix_many uv, oms_try_command uv, oms_try_fix uv', 'the entry points are volatile and parallel unsafe');

# From a trigger and from an immutable-looking SQL function
$dbh->do(q(CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	PERFORM oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'par', 'lastQty', NEW.n, 'lastPx', 1)); RETURN NEW; END $$;
	CREATE TABLE feed (n int); CREATE TRIGGER t BEFORE INSERT ON feed FOR EACH ROW EXECUTE FUNCTION audit()));
$dbh->do('INSERT INTO feed VALUES (1), (2), (3)');
is(order('par'), 'PARTIALLY_FILLED 24 47 26', 'from a trigger');

# A statement timeout and a cancelled lock wait leave the session as it was
{
	my $holder = oms_dbh($node);
	$holder->begin_work;
	$holder->do(q(SELECT oms_command('{"commandType": "UpdateOrderCommand", "orderId": "par", "text": "held"}')));
	$dbh->do(q(SET statement_timeout = '200ms'));
	is(state_of(sub { fill('par', 1) }), '57014', 'a cancelled wait');
	$dbh->do('RESET statement_timeout');
	$holder->rollback;
}
is(fill('par', 1)->{status}, 'ACCEPTED', 'after a cancelled wait the session goes on');

# An aborted transaction: nothing cached outlives it
$dbh->begin_work;
create('gone');
$dbh->rollback;
is(state_of(sub { fill('gone', 1); die 'REVIEW' if value(q(SELECT status FROM oms.executions ORDER BY created_at DESC LIMIT 1)) ne 'REVIEW' }), 'accepted', 'an order that was rolled back is unknown');
is(create('gone')->{state}{version}, '1', 'and can be created');

# Prepared statements and cached plans across DROP and CREATE EXTENSION, by this session and by another one
my $statement = $dbh->prepare('SELECT oms_command($1::jsonb)', { pg_prepare_now => 1 });
foreach my $who ($dbh, oms_dbh($node))
{
	$who->do('DROP EXTENSION oms_state');
	is(state_of(sub { $statement->execute('{}') }), '42883', 'the extension is gone');
	$who->do('CREATE EXTENSION oms_state');
	is(create('new')->{state}{version}, '1', 'the next one works in a session that knew the last');
	ok(eval { $statement->execute('{"commandType": "CancelOrderCommand", "orderId": "new"}'); 1 }, 'also by a prepared statement') or diag($dbh->errstr);
	is(order('new'), 'CANCELLED 2 2 0', 'and writes into the new tables');
}
$dbh->begin_work;
$dbh->do('DROP EXTENSION oms_state');
$dbh->do('CREATE EXTENSION oms_state');
create('half');
$dbh->rollback;
is(order('new'), 'CANCELLED 2 2 0', 'DROP and CREATE rolled back: the old tables are back');
is(create('half')->{state}{version}, '1', 'and are written');
is(value('SELECT count(*) FROM oms.verify()'), 0, 'every invariant holds');

unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|TRAP:|WARNING: .*(leak|buffer refcount|not closed|still referenced)/, 'no crash and no leak warning in the log');

done_testing();
