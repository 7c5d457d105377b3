# Row triggers of users on the tables of the store: they fire as for any statement, and what they may not do is refused.
# Broken by: rows written below the executor (no trigger fires); a row that a trigger suppressed or changed and that is taken
# for written; a command from inside another one; triggers that fire for columns that did not change; what the server keeps of a
# trigger's function in the memory of one stride of a batch.

use strict;
use warnings;

use Test::More;

use OmsTest;
use OmsWork;

my $node = oms_node('triggers');
my $dbh = oms_dbh($node);
$dbh->do('CREATE ROLE trader LOGIN');
$dbh->do('GRANT EXECUTE ON FUNCTION oms_command(jsonb), oms_commands(jsonb, boolean), oms_try_command(jsonb), oms_fix(text) TO trader');
$dbh->do('GRANT SELECT ON ALL TABLES IN SCHEMA oms TO trader');
my $trader = oms_dbh($node, user => 'trader');

sub count_of { my ($sql) = @_; return $dbh->selectrow_array("SELECT count(*) FROM $sql"); }
sub command { my (%command) = @_; return [ 'SELECT oms_command(?)', json()->encode(\%command) ]; }
sub state_of_command { my ($command) = @_; return state_of($dbh, @$command); }
my %create = (commandType => 'CreateOrderCommand', symbol => 'X', side => 'BUY', orderQty => 10, account => 'A1');

# ------------------------------------------------------------------------
# triggers that log
# ------------------------------------------------------------------------

$dbh->do($_) foreach (
	'CREATE TABLE log (at serial, who name, operation text, relation name, old jsonb, new jsonb)',
	'GRANT INSERT ON log TO trader', 'GRANT USAGE ON SEQUENCE log_at_seq TO trader',
	q(CREATE FUNCTION log_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		INSERT INTO log (who, operation, relation, old, new) VALUES (current_user, TG_OP, TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW)); RETURN NULL; END $$),
	map { "CREATE TRIGGER log_row AFTER INSERT OR UPDATE OR DELETE ON oms.$_ FOR EACH ROW EXECUTE FUNCTION log_row()" } @TABLES);
my %before = map { $_ => count_of("oms.$_") } @TABLES;
my $work = do_work($trader);
foreach my $table (@TABLES)
{
	my $in_log = $table =~ /events/ ? "relation LIKE '${table}_%'" : "relation = '$table'";
	is($dbh->selectrow_array("SELECT count(*) FILTER (WHERE operation = 'INSERT') - count(*) FILTER (WHERE operation = 'DELETE') FROM log WHERE $in_log"),
		count_of("oms.$table") - $before{$table}, "oms.$table: every row is in the log");
}
is(count_of(q(log WHERE who <> 'trader')), '0', 'triggers run as the caller');
is(count_of(q(oms.orders AS o WHERE to_jsonb(o) <> (SELECT l.new FROM log AS l WHERE l.relation = 'orders' AND l.new ->> 'id' = o.id ORDER BY l.at DESC LIMIT 1))),
	'0', 'the newest row of the log is the row');
is(count_of(q(log AS l WHERE relation = 'orders' AND operation = 'UPDATE' AND (l.old ->> 'version')::int > (l.new ->> 'version')::int)), '0', 'OLD and NEW are told apart');
same_again($trader, $work, 'with triggers');
intact($dbh, 'with triggers that log');

$dbh->do('TRUNCATE log');
my $root = oms_command($dbh, { %create, orderId => 'R' });
is($dbh->selectrow_array(q(SELECT string_agg(operation || ' ' || regexp_replace(relation, '_\d.*', ''), ', ' ORDER BY at) FROM log)),
	'INSERT root_ids, INSERT orders, INSERT order_events', 'in the order in which rows are written, when all are');
$dbh->do('TRUNCATE log');
$dbh->do('SELECT oms_try_command(?)', undef, json()->encode({ commandType => 'PlaceOrderCommand', orderId => 'R', commandId => 'twice',
			children => [ map { { clOrdID => 'same', orderQty => 1 } } 1, 2 ] }));
is($dbh->selectrow_array(q(SELECT string_agg(operation || ' ' || relation, ', ' ORDER BY at) FROM log)),
	'INSERT commands, INSERT cl_ord_ids, DELETE commands, DELETE cl_ord_ids, INSERT rejected_commands', 'ids that a refused command gives back are deleted for triggers too');

# ------------------------------------------------------------------------
# what a BEFORE trigger does
# ------------------------------------------------------------------------

$dbh->do('DROP TRIGGER log_row ON oms.' . $_) foreach @TABLES;
$dbh->do(q(CREATE FUNCTION do_it() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE row record; BEGIN EXECUTE 'SELECT ' || TG_ARGV[0] INTO row USING NEW; RETURN row; END $$));
$dbh->do('ALTER TABLE oms.orders ADD COLUMN mine text, ADD COLUMN mine_upper text GENERATED ALWAYS AS (upper(mine)) STORED');

sub with_trigger
{
	my ($table, $when, $body, @more) = @_;
	return [ qq(CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN $body END \$\$), "CREATE TRIGGER t $when ON oms.$table FOR EACH ROW EXECUTE FUNCTION t()", @more ];
}
# The SQLSTATE of a command under a trigger, which goes away with the transaction.
sub under { my ($table, $when, $body, $command) = @_; my ($sql, @values) = @$command; return state_of($dbh, with_trigger($table, $when, $body, $sql), @values); }

my %all = (%create, commandId => 'c', orderId => 'N', clOrdID => 'n');
my $fill = command(commandType => 'ExecuteOrderCommand', orderId => 'R', execID => 'e', lastQty => 1, lastPx => 1);
foreach my $table (qw(orders order_events commands cl_ord_ids root_ids))
{
	is(under($table, 'BEFORE INSERT', 'RETURN NULL;', command(%all)), '55000', "oms.$table: a trigger that suppresses the row");
	is(under($table, 'BEFORE INSERT', q(RAISE EXCEPTION 'no' USING ERRCODE = 'UX001';), command(%all)), 'UX001', '... one that refuses it');
	is(under($table, 'BEFORE INSERT', 'RETURN NEW;', command(%all)), '00000', '... one that lets it be');
	is(under($table, 'AFTER INSERT', q(RAISE EXCEPTION 'no' USING ERRCODE = 'UX001';), command(%all)), 'UX001', '... one that refuses it afterwards');
}
is(under('orders', 'BEFORE INSERT', q(NEW.symbol := 'Y'; RETURN NEW;), command(%all)), '55000', 'a trigger that changes a column of ours');
is(under('orders', 'BEFORE INSERT', q(NEW.symbol := NEW.symbol || ''; NEW.order_qty := 1 * NEW.order_qty; RETURN NEW;), command(%all)), '00000', '... that puts the same into it');
is(under('orders', 'BEFORE UPDATE', q(NEW.executed_quantity := 0; RETURN NEW;), $fill), '55000', '... at an update');
is(under('orders', 'BEFORE UPDATE', 'RETURN NULL;', $fill), '55000', 'an update that is suppressed');
is(under('orders', 'BEFORE UPDATE', 'RETURN OLD;', $fill), '55000', '... or undone');
is(under('executions', 'BEFORE INSERT', q(NEW.last_px := 2; RETURN NEW;), $fill), '55000', 'a trigger of executions');
is(under('order_events', 'BEFORE INSERT', q(NEW.payload := NEW.payload || '{"a": 1}'; RETURN NEW;), $fill), '55000', '... of events');
is(under('orders', 'BEFORE UPDATE', q(IF NEW.mine IS DISTINCT FROM 'x' THEN UPDATE oms.orders SET mine = 'x' WHERE id = NEW.id; END IF; RETURN NEW;), $fill), '55000', 'a trigger that updates the row itself');
is(under('orders', 'AFTER UPDATE', q(UPDATE oms.orders SET mine = 'x' WHERE id = NEW.id AND mine IS NULL; RETURN NULL;), $fill), '00000', '... afterwards it may');
# A function with settings, or with its owner's rights, is wrapped in one of the server's, which keeps both from row to row.
$dbh->do($_) foreach (
	q(CREATE FUNCTION as_owner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$ BEGIN RETURN NEW; END $$),
	map { "CREATE TRIGGER as_owner BEFORE INSERT OR UPDATE ON oms.$_ FOR EACH ROW EXECUTE FUNCTION as_owner()" } qw(orders executions order_events));
is($dbh->selectrow_array(q(SELECT count(*) FROM oms_commands((SELECT jsonb_agg(c ORDER BY i) FROM generate_series(1, 600) AS i, LATERAL (SELECT
	CASE WHEN i <= 300 THEN jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'stride' || i, 'symbol', 'X', 'side', 'BUY', 'orderQty', 1)
	ELSE jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'stride' || i - 300, 'execID', 'stride' || i, 'lastQty', 1, 'lastPx', 1) END) AS f (c))))),
	600, "a trigger with its owner's rights acts in all strides of a batch");
$dbh->do("DROP TRIGGER as_owner ON oms.$_") foreach qw(orders executions order_events);

is(state_of($dbh, with_trigger('commands', 'BEFORE INSERT', 'RETURN NULL;', q(SELECT oms_commands(?, false))), json()->encode([ { %create, commandId => 'b' } ])),
	'55000', 'a batch that is not atomic fails as a whole');
is(state_of($dbh, [ 'CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$',
			'CREATE TRIGGER t AFTER UPDATE ON oms.orders REFERENCING NEW TABLE AS n FOR EACH ROW EXECUTE FUNCTION t()', $fill->[0] ], $fill->[1]),
	'55000', 'a row trigger with transition tables');
is(state_of($dbh, [ q(CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'statement'; END $$),
			'CREATE TRIGGER t BEFORE UPDATE ON oms.orders FOR EACH STATEMENT EXECUTE FUNCTION t()', $fill->[0] ], $fill->[1]),
	'00000', 'a statement trigger does not fire');
is(count_of(q(oms.orders WHERE id = 'N')) + count_of(q(oms.commands WHERE command_id IN ('b', 'c'))) + count_of('oms.executions WHERE order_id = \'R\''), '0', 'nothing of all that was written');

$dbh->do($_) foreach @{ with_trigger('orders', 'BEFORE INSERT OR UPDATE', q(NEW.mine := concat('v', NEW.version, ' of ', NEW.id); RETURN NEW;)) };
oms_command($dbh, { %create, orderId => 'O', commandId => 'o' });
oms_command($dbh, { commandType => 'ExecuteOrderCommand', orderId => $_, execID => 'e', lastQty => 1, lastPx => 1 }) foreach 'O', 'R';
is($dbh->selectrow_array(q(SELECT string_agg(concat_ws(', ', mine, mine_upper, executed_quantity), '; ' ORDER BY id) FROM oms.orders WHERE id IN ('O', 'R'))),
	'v2 of O, V2 OF O, 1; v2 of R, V2 OF R, 1', 'a trigger may fill columns of users, and generated ones follow');
intact($dbh, 'with triggers that fill columns');

# ------------------------------------------------------------------------
# UPDATE OF
# ------------------------------------------------------------------------

$dbh->do($_) foreach ('DROP TRIGGER t ON oms.orders', 'DROP FUNCTION t()', 'TRUNCATE log',
	map { "CREATE TRIGGER of_$_ AFTER UPDATE OF $_ ON oms.orders FOR EACH ROW EXECUTE FUNCTION log_row()" } qw(executed_quantity text id mine_upper));
sub fired { $dbh->do('TRUNCATE log'); oms_command($dbh, {@_}); return count_of('log'); }
is(fired(commandType => 'UpdateOrderCommand', orderId => 'O', text => 'a'), 2, 'UPDATE OF fires where the column changes: text (and what is generated)');
is(fired(commandType => 'UpdateOrderCommand', orderId => 'O', text => 'a', attributes => { a => 1 }), 1, '... and not where it stays');
is(fired(commandType => 'ExecuteOrderCommand', orderId => 'O', execID => 'f', lastQty => 1, lastPx => 1), 2, '... executed_quantity');

# ------------------------------------------------------------------------
# commands from triggers
# ------------------------------------------------------------------------

my $note = q(PERFORM oms_command(jsonb_build_object('commandType', 'UpdateOrderCommand', 'orderId', NEW.id, 'text', 'from a trigger')););
my $more = command(commandType => 'ExecuteOrderCommand', orderId => 'O', execID => 'g', lastQty => 1, lastPx => 1);
is(under('orders', "$_ UPDATE", "$note RETURN NEW;", $more), '55000', "a command from a trigger $_ an update") foreach qw(BEFORE AFTER);
is(under('commands', 'BEFORE INSERT', $note =~ s/NEW.id/'O'/r . 'RETURN NEW;', command(%all)), '55000', '... before a claim');
is(under('orders', 'AFTER UPDATE', "BEGIN $note EXCEPTION WHEN object_not_in_prerequisite_state THEN $note END; RETURN NULL;", $more), '55000', '... and again after it was caught');
is(under('orders', 'AFTER UPDATE', "BEGIN $note EXCEPTION WHEN object_not_in_prerequisite_state THEN NULL; END; RETURN NULL;", $more), '00000', 'who catches it may go on');
is(state_of($dbh, [ q(CREATE FUNCTION f() RETURNS integer LANGUAGE sql VOLATILE AS $$ SELECT 1 FROM oms_command('{"commandType": "UpdateOrderCommand", "orderId": "O", "text": "d"}') $$),
			'ALTER TABLE oms.orders ADD COLUMN late integer', 'ALTER TABLE oms.orders ALTER COLUMN late SET DEFAULT f()', command(%all)->[0] ], command(%all)->[1]),
	'55000', 'a command from a default');
is(state_of_command($more), '00000', 'and the session goes on');

$dbh->do($_) foreach (
	qq(CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN IF NEW.status = 'FILLED' AND NEW.text IS DISTINCT FROM 'from a trigger' THEN $note END IF; RETURN NULL; END \$\$),
	'CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON oms.orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION t()');
oms_command($dbh, { commandType => 'ExecuteOrderCommand', orderId => 'R', execID => 'last', lastQty => 9, lastPx => 1 });
is($dbh->selectrow_array(q(SELECT status || ' ' || text FROM oms.orders WHERE id = 'R')), 'FILLED from a trigger', 'a deferred trigger may give commands at COMMIT');
intact($dbh, 'at the end');

# ------------------------------------------------------------------------
# commands from what the server runs for its owner: they would be in the name of another session user
# ------------------------------------------------------------------------

$dbh->do('CREATE SCHEMA of_trader AUTHORIZATION trader');
$trader->do($_) foreach q(CREATE FUNCTION of_trader.f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT a FROM public.oms_command('{"commandType": "CreateOrderCommand", "symbol": "FORGED", "side": "BUY", "orderQty": 1}') $$),
  'CREATE TABLE of_trader.t (a integer)', 'CREATE INDEX ON of_trader.t (of_trader.f(a))', 'CREATE MATERIALIZED VIEW of_trader.v AS SELECT of_trader.f(1) WITH NO DATA', 'INSERT INTO of_trader.t VALUES (1)';
is(state_of($dbh, $_), '42501', $_) foreach 'ANALYZE of_trader.t', 'REINDEX TABLE of_trader.t', 'REFRESH MATERIALIZED VIEW of_trader.v';
is(count_of(q(oms.orders WHERE symbol = 'FORGED')), '1', 'what the trader did himself');

$_->disconnect foreach $dbh, $trader;
$node->stop;
done_testing();
