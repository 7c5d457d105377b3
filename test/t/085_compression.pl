# Payloads however they are stored: compressed as the column says, by PostgreSQL itself, outside of the row, as they are; in one table, and while
# sessions are open. What a DBA has said of a column holds.
# Broken by: a payload that is compressed though its column's storage, method or server says otherwise, or is not though it says so; a partition or an
# added setting that is forgotten; a reader, in C or SQL, that takes a payload for what it looks like in its row; a trigger, constraint or index of a
# user that does; decoding that sends something else.

use strict;
use warnings;

use Test::More;

use OmsTest;
use OmsWork;

my $node = oms_node('compression', streaming => 'logical', conf => "wal_level = logical\n");
my $dbh = oms_dbh($node);
my $open = oms_dbh($node);    # stays open all the time
my $has_lz4 = $dbh->selectrow_array(q(SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'));
my $first_of_all = do_work($open);

# ------------------------------------------------------------------------
# what the script says, and who says otherwise
# ------------------------------------------------------------------------

my $said = q(SELECT string_agg(DISTINCT CASE a.attcompression WHEN '' THEN 'nothing' ELSE a.attcompression::text END, ' ') FROM oms.event_tables() AS e CROSS JOIN LATERAL pg_partition_tree(e.relid) AS p
	JOIN pg_attribute AS a ON a.attrelid = p.relid AND a.attname = 'payload');
is($dbh->selectrow_array($said), $has_lz4 ? 'l' : 'nothing', 'payloads of every event table and partition are compressed with lz4, where the server has it');
is($dbh->selectrow_array('SELECT oms.compress_payloads()'), 0, 'nothing is left to be said');
is($dbh->selectrow_array('SELECT count(*) FROM oms.local_changes()'), 0, 'and nothing of it is the DBA\'s');
my ($leaf) = $dbh->selectrow_array(q(SELECT oms.partition_at('oms.order_events', now())));
my @leaves = @{ $dbh->selectcol_arrayref(q(SELECT p.relid::regclass FROM oms.event_tables() AS e CROSS JOIN LATERAL pg_partition_tree(e.relid) AS p WHERE p.isleaf)) };
my $months = $dbh->selectrow_array('SELECT oms.ensure_partitions(3)');
cmp_ok($months, '>', 0, 'partitions of another month');
is($dbh->selectrow_array($said), $has_lz4 ? 'l' : 'nothing', '... are compressed too');
$dbh->begin_work;
$dbh->do("ALTER TABLE $leaf ALTER COLUMN payload SET COMPRESSION pglz");
$dbh->do('ALTER TABLE oms.quote_events ALTER COLUMN payload SET COMPRESSION default');
is($dbh->selectrow_array('SELECT oms.compress_payloads()'), $has_lz4 ? 1 : 0, 'what says something else is left alone');
is($dbh->selectrow_array('SELECT attcompression FROM pg_attribute WHERE attrelid = ?::regclass AND attname = ?', undef, $leaf, 'payload'), 'p', '... as it is');
$dbh->rollback;

# ------------------------------------------------------------------------
# all ways of storing, in one table
# ------------------------------------------------------------------------

$dbh->do(q(SELECT pg_create_logical_replication_slot('s', 'pgoutput')));
$dbh->do('CREATE PUBLICATION p FOR TABLE ' . join ', ', map { "oms.$_" } @EVENT_TABLES);
$dbh->do(q(SELECT pg_replication_slot_advance('s', pg_current_wal_lsn())));
my ($start) = $dbh->selectrow_array('SELECT max(sequence) FROM oms.all_events');

# Orders with a text that no method makes small, and one that any does.
my $seed = 7;
my $stiff = join '', map { $seed = ($seed * 1103515245 + 12345) & 0x7fffffff; ('a' .. 'z', 'A' .. 'Z', 0 .. 9, '-', '+')[ ($seed >> 16) % 64 ] } 1 .. 2500;
my $number = 0;

sub large
{
	foreach my $text ($stiff, 'to and fro ' x 250)
	{
		my $id = "large" . ++$number;
		oms_command($open, { commandType => 'CreateOrderCommand', orderId => $id, symbol => 'VOD.L', side => 'BUY', orderQty => 10, account => 'A1', text => $text });
		oms_command($open, { commandType => 'ExecuteOrderCommand', orderId => $id, execID => "x-$id", lastQty => 1, lastPx => 2 });
	}
	return;
}

# How the payloads are stored that came since.
sub stored
{
	my ($since) = @_;
	return $dbh->selectrow_array(q(SELECT string_agg(DISTINCT coalesce(pg_column_compression(payload), 'none') || CASE WHEN length(payload::text) > 2500 THEN ' long' ELSE '' END, ', ') FROM oms.all_events WHERE sequence > ?), undef, $since);
}

my $both = $has_lz4 ? 'lz4, lz4 long' : 'none, none long, pglz, pglz long';
my @ways = (
	[ 'as shipped', [], 'default', $both ],
	[ 'pglz', [ $has_lz4 ? 'SET COMPRESSION pglz' : () ], 'default', 'none, none long, pglz, pglz long' ],
	[ 'by default', [ 'SET COMPRESSION default' ], 'pglz', 'none, none long, pglz, pglz long' ],
	$has_lz4 ? [ 'by default, lz4', [], 'lz4', $both ] : (),
	[ 'outside', [ 'SET STORAGE EXTERNAL', $has_lz4 ? 'SET COMPRESSION lz4' : () ], 'default', 'none, none long' ],
	[ 'in the row', [ 'SET STORAGE MAIN' ], 'default', $has_lz4 ? $both : 'none, none long, pglz, pglz long' ],
	[ 'plain', [ 'SET STORAGE PLAIN' ], 'default', 'none, none long' ],
	[ 'as shipped, again', [ 'SET STORAGE EXTENDED' ], 'default', $both ],
);
my @works;
foreach my $way (@ways)
{
	my ($name, $changes, $default, $expected) = @$way;
	my ($before) = $dbh->selectrow_array('SELECT max(sequence) FROM oms.all_events');
	foreach my $change (@$changes) { $dbh->do("ALTER TABLE $_ ALTER COLUMN payload $change") foreach @leaves; }
	$open->do("SET default_toast_compression = $default") unless $default eq 'default';
	push @works, [ $name, do_work($open) ];
	large();
	$open->do('RESET default_toast_compression');
	is(stored($before), $expected, "$name: so they are stored");
}
same_again($open, $first_of_all, 'as it began');
same_again($open, $_->[1], $_->[0]) foreach @works;

# ------------------------------------------------------------------------
# who reads them
# ------------------------------------------------------------------------

cmp_ok($dbh->selectrow_array("SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = '$leaf'::regclass"), '>', 0, 'some are outside of their rows');
intact($dbh, 'all of them');
is($dbh->selectrow_array('SELECT sum(oms.rebuild(table_name)) FROM oms.kinds()'), '0', 'a rebuild finds nothing to do');
is($dbh->selectrow_array(q(SELECT count(*) FROM oms.orders AS o WHERE oms.order_as_of(o.id, o.version) IS DISTINCT FROM o OR oms.order_as_of(o.id, now()) IS DISTINCT FROM o)), 0, 'orders as of now are those of now');
is($dbh->selectrow_array(q(SELECT count(*) FROM oms.events_since(NULL, NULL, 100000) AS s JOIN oms.all_events AS e USING (sequence) WHERE e.payload::text = s.payload::text AND e.hash = s.hash)),
	$dbh->selectrow_array('SELECT count(*) FROM oms.all_events'), 'a reader of events has every one');
is($dbh->selectrow_array(q(SELECT count(*) FROM oms.all_events AS e WHERE NOT EXISTS (
	SELECT FROM oms_query('order_events', jsonb_build_object('where', jsonb_build_object('aggregateId', e.aggregate_id))) AS q WHERE q::text LIKE '%' || (e.payload ->> 'eventType') || '%') AND e.object = 'order')), 0, 'oms_query finds them');
my $missing = $dbh->selectrow_array(q(WITH sent AS MATERIALIZED (SELECT data FROM pg_logical_slot_get_binary_changes('s', NULL, NULL, 'proto_version', '1', 'publication_names', 'p'))
	SELECT count(*) FROM oms.all_events AS e WHERE e.sequence > ? AND NOT EXISTS (SELECT FROM sent AS s WHERE position(convert_to(e.payload::text, 'UTF8') IN s.data) > 0)), undef, $start);
is($missing, 0, 'decoding sends the text of each');

# ------------------------------------------------------------------------
# what users have on the tables
# ------------------------------------------------------------------------

$dbh->do($_) foreach
  q(CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.payload := NEW.payload || '{}'; NEW.mine := NEW.payload ->> 'eventType'; RETURN NEW; END $$),
  'ALTER TABLE oms.order_events ADD COLUMN mine text',
  'CREATE TRIGGER touch BEFORE INSERT ON oms.order_events FOR EACH ROW EXECUTE FUNCTION touch()',
  q(ALTER TABLE oms.order_events ADD CONSTRAINT has_state CHECK (payload ? 'state' OR payload ? 'rows')),
  q(ALTER TABLE oms.execution_events ADD COLUMN root text GENERATED ALWAYS AS (payload ->> 'rootId') STORED),
  "CREATE INDEX ON $leaf (md5(payload::text))", "CREATE INDEX ON $leaf USING gin (payload)";
push @works, [ 'with triggers', do_work($open) ];
large();
is($dbh->selectrow_array(q(SELECT count(*) FROM oms.order_events WHERE mine <> payload ->> 'eventType')), 0, 'a trigger reads what is compressed, and may give it back as it likes');
is($dbh->selectrow_array('SELECT count(*) FROM oms.execution_events WHERE root IS DISTINCT FROM root_id'), 0, 'a generated column too');
same_again($open, $works[-1][1], 'with triggers');
$dbh->do('DROP TRIGGER touch ON oms.order_events');
intact($dbh, 'with triggers');

# ------------------------------------------------------------------------
# gone, into an archive
# ------------------------------------------------------------------------

$dbh->do(q(SELECT pg_drop_replication_slot('s')));
$dbh->do($_) foreach 'ALTER SYSTEM SET oms_state.command_retention = 0', 'SELECT pg_reload_conf()';
$_->disconnect foreach $dbh, $open;
$node->poll_query_until('postgres', q(SELECT current_setting('oms_state.command_retention') = '0'));
($dbh, $open) = map { oms_dbh($node) } 1, 2;
oms_command($open, { commandType => 'CancelOrderCommand', orderId => "large$_" }) foreach 1 .. $number;
$dbh->do('CREATE TABLE before AS SELECT sequence, payload || \'{}\' AS payload, hash, root_id FROM oms.all_events');
$dbh->do(q(INSERT INTO oms.retention_policies (name, age, action) VALUES ('now', '0', 'ARCHIVE')));
my @purged = map { oms_command($open, { commandType => 'PurgeOrderCommand', orderId => "large$_" })->{status} } 1 .. $number;
is("@purged", join(' ', ('ACCEPTED') x $number), 'trees with such events go');
is($dbh->selectrow_array(q(SELECT count(*) FROM before AS b JOIN oms.archived_trees AS a USING (root_id) CROSS JOIN LATERAL oms.read_archive(a.root_id) AS e
	WHERE a.part = 1 AND e.sequence = b.sequence AND e.payload::text = b.payload::text AND e.hash = b.hash)), $dbh->selectrow_array(q(SELECT count(*) FROM before WHERE root_id LIKE 'large%')),
	'and stand in the archive as they were');
intact($dbh, 'after the purge');

done_testing();
