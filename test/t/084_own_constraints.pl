# Constraints of users on the tables of the store, foreign keys both ways, and partitions that are no plain tables.
# Broken by: rows that no constraint is asked about; a constraint's SQLSTATE that becomes a refusal of ours; half a call that
# stays; a partition that is opened for what it is not.

use strict;
use warnings;

use Test::More;

use OmsTest;
use OmsWork;

my $node = oms_node('constraints');
my $dbh = oms_dbh($node);
my $work = do_work($dbh);
my %create = (commandType => 'CreateOrderCommand', symbol => 'X', side => 'BUY', orderQty => 10, account => 'A1');
my @command = ('SELECT oms_command(?)', json()->encode({ %create, commandId => 'n', orderId => 'n', clOrdID => 'n' }));
my @fill = ('SELECT oms_command(?)', json()->encode({ commandType => 'ExecuteOrderCommand', orderId => "$work->{id}.1.1", execID => 'n', lastQty => 1, lastPx => 1 }));

sub under { my ($change, $command) = @_; my ($sql, @values) = @$command; return state_of($dbh, [ (ref $change ? @$change : $change), $sql ], @values); }

# ------------------------------------------------------------------------
# CHECK, NOT NULL, UNIQUE
# ------------------------------------------------------------------------

is(under('ALTER TABLE oms.orders ADD CHECK (order_qty <> 10) NOT VALID', \@command), '23514', 'CHECK on orders');
is(under('ALTER TABLE oms.orders ADD CHECK (executed_quantity < 13) NOT VALID', \@fill), '23514', '... at an update');
is(under('ALTER TABLE oms.executions ADD CHECK (last_qty > 1) NOT VALID', \@fill), '23514', '... on executions');
is(under('ALTER TABLE oms.commands ADD CHECK (command_id <> \'n\')', \@command), '23514', '... on commands');
is(under('ALTER TABLE oms.root_ids ADD CHECK (id <> \'n\')', \@command), '23514', '... on ids of roots');
is(under('ALTER TABLE oms.order_events ADD CHECK (aggregate_id <> \'n\')', \@command), '23514', '... on events, by their parent');
is(under('UPDATE oms.orders SET destination = \'X\'; ALTER TABLE oms.orders ALTER COLUMN destination SET NOT NULL', \@command), '23502', 'NOT NULL on a column of ours that may be null');
is(under('CREATE UNIQUE INDEX ON oms.orders (symbol) WHERE symbol = \'X\'', [ 'SELECT oms_commands(?, false)', json()->encode([ \%create, \%create ]) ]), '23505', 'a unique index: a batch that is not atomic fails as a whole');
is(under('CREATE FUNCTION f(text) RETURNS boolean LANGUAGE sql AS $$ SELECT true FROM oms_command(\'{"commandType": "CreateOrderCommand", "symbol": "Y", "side": "BUY", "orderQty": 1}\') $$; ALTER TABLE oms.orders ADD CHECK (f(id)) NOT VALID', \@command),
	'55000', 'a command from a CHECK');
is(under('ALTER TABLE oms.orders ADD EXCLUDE USING btree (symbol WITH =) WHERE (symbol = \'X\')', [ 'SELECT oms_commands(?)', json()->encode([ \%create, \%create ]) ]), '23P01', 'an exclusion constraint');

# deferrable: at once, or at COMMIT
my $both = [ 'SELECT oms_commands(?)', json()->encode([ \%create, \%create ]) ];
my $deferrable = 'ALTER TABLE oms.orders ADD COLUMN mine text GENERATED ALWAYS AS (CASE symbol WHEN \'X\' THEN \'X\' END) STORED, ADD UNIQUE (mine) DEFERRABLE';
is(under($deferrable, $both), '23505', 'UNIQUE DEFERRABLE is asked at the end of the call');
is(under("$deferrable INITIALLY DEFERRED", $both), '00000', '... INITIALLY DEFERRED not yet');
$dbh->do("$deferrable INITIALLY DEFERRED");
eval { $dbh->do($both->[0], undef, $both->[1]) };
is($dbh->state, '23505', '... but at COMMIT');
$dbh->do('ALTER TABLE oms.orders DROP COLUMN mine');

# ------------------------------------------------------------------------
# foreign keys
# ------------------------------------------------------------------------

$dbh->do($_) foreach ('CREATE TABLE accounts (account text COLLATE "C" PRIMARY KEY)', q(INSERT INTO accounts VALUES ('A1')),
	'CREATE TABLE notes (order_id text COLLATE "C" REFERENCES oms.orders ON UPDATE CASCADE, note text)',
	'ALTER TABLE oms.orders ADD CONSTRAINT mine_account FOREIGN KEY (account) REFERENCES accounts');
oms_command($dbh, { %create, orderId => 'K', commandId => 'k' });
$dbh->do(q(INSERT INTO notes SELECT id, 'n' FROM oms.orders));
is(under([], \@command), '00000', 'an account that exists');
is(under([], [ 'SELECT oms_command(?)', json()->encode({ %create, account => 'A2' }) ]), '23503', 'one that does not');
is(under([], [ 'SELECT oms_try_command(?)', json()->encode({ %create, account => 'A2' }) ]), '23503', '... is no refusal of ours');
is(under('ALTER TABLE oms.orders ALTER CONSTRAINT mine_account DEFERRABLE INITIALLY DEFERRED', [ 'SELECT oms_command(?)', json()->encode({ %create, account => 'A2' }) ]), '00000', '... deferred until COMMIT');
is(state_of($dbh, q(INSERT INTO notes VALUES ('nobody', 'n'))), '23503', 'a note on an order that does not exist');
my $noted = do_work($dbh);
same_again($dbh, $noted, 'with foreign keys');
is(under([], \@fill), '00000', 'a fill of an order that is noted');
intact($dbh, 'with foreign keys');

# a publication of everything, and the DELETE that the manual shows
$dbh->do('CREATE PUBLICATION everything FOR ALL TABLES');
do_work($dbh);
ok($dbh->do('DELETE FROM oms.rejected_commands') > 0, 'refusals can be deleted beside a publication of all tables');
is(under([], \@fill), '00000', 'and commands go on');

# ------------------------------------------------------------------------
# partitions
# ------------------------------------------------------------------------

my ($leaf, $bound) = $dbh->selectrow_array(q(SELECT c.oid::regclass::text, pg_get_expr(c.relpartbound, c.oid) FROM pg_class AS c WHERE c.oid = oms.partition_at('oms.order_events', now())));
my ($columns) = $dbh->selectrow_array(q(SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute WHERE attrelid = 'oms.order_events'::regclass AND attnum > 0 AND NOT attisdropped));
my $repeat = [ 'SELECT oms_command(?)', json()->encode($noted->{done}[0][0]) ];
my @partitioned = ("ALTER TABLE oms.order_events DETACH PARTITION $leaf",
	"CREATE TABLE oms.parted PARTITION OF oms.order_events $bound PARTITION BY LIST (event_type)", 'CREATE TABLE oms.parted_all PARTITION OF oms.parted DEFAULT');
my @foreign = ("ALTER TABLE oms.order_events DETACH PARTITION $leaf", 'CREATE FOREIGN DATA WRAPPER nothing', 'CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing',
	"CREATE FOREIGN TABLE oms.far PARTITION OF oms.order_events $bound SERVER nowhere");
foreach (\@partitioned, \@foreign)
{
	my $name = $_->[-1] =~ /FOREIGN/ ? 'foreign' : 'partitioned itself';
	is(under($_, \@fill), '55000', "a partition that is $name: a command");
	is(under($_, $repeat), '55000', '... a repeat');
}
# something else that bears the name of one of ours
my $old = 'ALTER TABLE oms.order_events RENAME TO old_events';
foreach my $as ('', ' PARTITION BY LIST (event_type)', ' PARTITION BY HASH (aggregate_id)', ' PARTITION BY RANGE (aggregate_id)', ' PARTITION BY RANGE (occurred_at, version)', q( PARTITION BY RANGE ((occurred_at AT TIME ZONE 'UTC'))))
{
	my @leaf = $as =~ /LIST|RANGE \(aggregate_id\)/ ? 'CREATE TABLE oms.new_leaf PARTITION OF oms.order_events DEFAULT' : $as =~ /HASH/ ? 'CREATE TABLE oms.new_leaf PARTITION OF oms.order_events FOR VALUES WITH (MODULUS 1, REMAINDER 0)' : ();
	is(under([ $old, "CREATE TABLE oms.order_events (LIKE oms.old_events)$as", @leaf ], \@fill), '55000', "another table in the place of the events:$as");
}
my $no_shard = 'ALTER TABLE oms.shard RENAME TO old_shard';
is(under($_, \@command), '55000', "another shard: $_->[-1]") foreach [ $no_shard, q(CREATE TABLE oms.shard AS SELECT 0 AS number, 'none'::text AS slots) ],
  [ $no_shard, q!CREATE VIEW oms.shard AS SELECT 0 AS number, '{[0,16384)}'::int4multirange AS slots! ], [ $no_shard, 'CREATE TABLE oms.shard (number integer, slots int4multirange) PARTITION BY RANGE (number)' ],
  [ 'ALTER TABLE oms.shard ALTER COLUMN number TYPE bigint' ];
is(under([], \@command), '00000', 'and commands go on');
# laid out in another way, under another name, and with columns of its own
$dbh->begin_work;
$dbh->do($_) foreach ("ALTER TABLE oms.order_events DETACH PARTITION $leaf",
	'CREATE TABLE oms.other (gone integer, LIKE oms.order_events)' =~ s/\(gone.*/'(' . join(', ', 'gone integer', map { my $n = $_; $dbh->selectrow_array(
		'SELECT quote_ident(attname) || \' \' || format_type(atttypid, atttypmod) || CASE WHEN attcollation <> 0 AND attcollation <> 100 THEN \' COLLATE "C"\' ELSE \'\' END || CASE WHEN attnotnull THEN \' NOT NULL\' ELSE \'\' END FROM pg_attribute WHERE attrelid = \'oms.order_events\'::regclass AND quote_ident(attname) = ?', undef, $n) } split \/, \/, $columns) . ')'/er,
	'ALTER TABLE oms.other DROP COLUMN gone', 'CREATE UNIQUE INDEX ON oms.other (version, aggregate_id)', 'CREATE UNIQUE INDEX ON oms.other (sequence)',
	"INSERT INTO oms.other ($columns) SELECT $columns FROM $leaf", "ALTER TABLE oms.order_events ATTACH PARTITION oms.other $bound");
my $other = do_work($dbh);
same_again($dbh, $_, 'a partition that is laid out otherwise') foreach $noted, $other;
# (the copy has no trigger on TRUNCATE, and its rows are not of the transactions that they name)
is($dbh->selectrow_array(q(SELECT count(*) FROM oms.verify() WHERE invariant NOT IN ('append_only', 'transaction'))), '0', '... all invariants hold');
$dbh->rollback;
same_again($dbh, $noted, 'at the end');
intact($dbh, 'at the end');

$dbh->disconnect;
$node->stop;
done_testing();
