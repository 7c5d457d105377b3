# test/lib/OmsConsumer.pm: what a consumer knows that has the records of the topics and nothing else.
#
#   my $consumer = consumer_of($node);                  # a database of its own, without the extension, with one table of records
#   consume_records($consumer, [ [ $key, $value ], … ]); # or consume_topics($consumer, $kafka, 'prefix.');
#   is_rebuilt($consumer, $node, 'name');               # compared with the store; what is compared must stand still
#
# It holds the configuration too: which rows there are, and each as its newest event says.
# From the newest state of each object it makes all allocations (which order has how much of which fill, at which value, by which
# allocation), all memberships of blocks, and the figures of each member: its own fills, its children's, and what blocks gave it.

package OmsConsumer;

use strict;
use warnings;

use Exporter 'import';
use Test::More;

use OmsOutbox;
use OmsTest;

our @EXPORT = qw(consumer_of consume_records consume_topics is_rebuilt);

my $LIVE = q('VALIDATED', 'ALLOCATED');

# The same in both databases, over: allocations (execution, root, id, quantity, value, allocation), members (block, id, quantity,
# allocated, value), figures (id, executed, value, allocated, blocks).
my $TOLD = <<'SQL';
  SELECT concat_ws(' ', 'allocation', a.execution, a.root, a.id, trim_scale(a.quantity), trim_scale(a.value), a.allocation) AS line FROM allocations AS a
  UNION ALL
  SELECT concat_ws(' ', 'member', m.block, m.id, trim_scale(m.quantity), trim_scale(m.allocated), trim_scale(m.value)) FROM members AS m
  UNION ALL
  SELECT concat_ws(' ', 'configuration', c.name, c.count, c.versions) FROM configuration AS c
  UNION ALL
  SELECT concat_ws(' ', 'order', f.id, trim_scale(f.executed), trim_scale(f.value), trim_scale(f.allocated), 'blocks', f.blocks) FROM figures AS f
SQL

my $IN_STORE = <<"SQL";
WITH allocations (execution, root, id, quantity, value, allocation) AS (
  SELECT a.execution_id, a.root_id, a.order_id, a.quantity, a.value, a.allocation_id FROM oms.execution_allocations AS a WHERE a.live
), members (block, id, quantity, allocated, value) AS (
  SELECT m.block_id, m.order_id, m.quantity, m.allocated_quantity, m.allocated_value FROM oms.block_members AS m
), figures (id, executed, value, allocated, blocks) AS (
  SELECT o.id, o.executed_quantity, o.executed_value, o.allocated_quantity,
         (SELECT count(*) FROM oms.block_members AS m WHERE m.order_id = o.id)
    FROM oms.orders AS o WHERE o.parent_id IS NULL AND o.members IS NULL
), configuration (name, count, versions) AS (
  CONFIGURATION
)
$TOLD
SQL

# What came with the extension has no hash, and no event.
sub in_store
{
	my ($store) = @_;
	my $tables = $store->selectcol_arrayref('SELECT table_name FROM oms.configuration_tables()');
	my $rows = join ' UNION ALL ', map { "SELECT '$_', count(*), sum(version) FROM oms.$_ WHERE hash IS NOT NULL HAVING count(*) > 0" } @$tables;
	return $IN_STORE =~ s/CONFIGURATION/$rows/r;
}

my $AT_CONSUMER = <<"SQL";
WITH newest AS (
  -- of a tree that is purged there is nothing
  SELECT n.type, n.state
    FROM (SELECT DISTINCT ON (r.value ->> 'aggregateType', r.value ->> 'aggregateId') r.value ->> 'aggregateType' AS type, r.value -> 'state' AS state, r.value ->> 'rootId' AS root
            FROM records AS r ORDER BY r.value ->> 'aggregateType', r.value ->> 'aggregateId', (r.value ->> 'version')::bigint DESC) AS n
   WHERE n.root NOT IN (SELECT p.value ->> 'rootId' FROM records AS p WHERE p.value ->> 'eventType' = 'TreePurged')
), orders AS (
  SELECT n.state ->> 'orderId' AS id, n.state ->> 'parentId' AS parent, n.state ->> 'rootId' AS root, n.state -> 'members' AS members,
         (n.state ->> 'executedQuantity')::numeric AS executed, (n.state ->> 'executedValue')::numeric AS value
    FROM newest AS n WHERE n.type = 'Order'
), fills AS (
  SELECT n.state ->> 'executionId' AS id, n.state ->> 'orderId' AS of, n.state ->> 'rootId' AS root, n.state -> 'allocations' AS allocations,
         (n.state ->> 'quantity')::numeric AS quantity, (n.state ->> 'lastQty')::numeric * (n.state ->> 'lastPx')::numeric AS value
    FROM newest AS n WHERE n.type = 'Execution' AND n.state ->> 'status' IN ($LIVE)
), allocations (execution, root, id, quantity, value, allocation) AS (
  SELECT f.id, f.root, a.entry ->> 'orderId', (a.entry ->> 'quantity')::numeric, (a.entry ->> 'value')::numeric, a.entry ->> 'allocationId'
    FROM fills AS f CROSS JOIN LATERAL jsonb_array_elements(f.allocations) AS a (entry)
), members (block, id, quantity, allocated, value) AS (
  SELECT o.id, m.member ->> 'orderId', (m.member ->> 'quantity')::numeric, (m.member ->> 'allocatedQuantity')::numeric, (m.member ->> 'allocatedValue')::numeric
    FROM orders AS o CROSS JOIN LATERAL jsonb_array_elements(o.members) AS m (member)
), parts (id, executed, value, allocated) AS (
  SELECT f.of, f.quantity, f.value, 0 FROM fills AS f
  UNION ALL SELECT o.parent, o.executed, o.value, 0 FROM orders AS o WHERE o.parent IS NOT NULL
  UNION ALL SELECT a.id, CASE WHEN a.root <> a.id THEN a.quantity ELSE 0 END, CASE WHEN a.root <> a.id THEN a.value ELSE 0 END, a.quantity FROM allocations AS a
), figures (id, executed, value, allocated, blocks) AS (
  SELECT o.id, coalesce(sum(p.executed), 0), coalesce(sum(p.value), 0), coalesce(sum(p.allocated), 0), (SELECT count(*) FROM members AS m WHERE m.id = o.id)
    FROM orders AS o LEFT JOIN parts AS p ON p.id = o.id
   WHERE o.parent IS NULL AND o.members IS NULL GROUP BY o.id
), configuration (name, count, versions) AS (
  SELECT split_part(c.key, '/', 1), count(*), sum((c.value #>> '{state,version}')::bigint)
    FROM (SELECT DISTINCT ON (r.key) r.key, r.value FROM records AS r WHERE r.value ->> 'commandId' IS NULL AND r.value ->> 'aggregateType' <> 'Anchor' ORDER BY r.key, (r.value ->> 'version')::bigint DESC) AS c
   WHERE c.value ->> 'eventType' !~ 'Deleted\$' GROUP BY 1
)
$TOLD
SQL

sub consumer_of
{
	my ($node) = @_;

	$node->safe_psql('postgres', q(CREATE DATABASE consumer ENCODING 'UTF8' TEMPLATE template0));
	my $dbh = oms_dbh($node, dbname => 'consumer');
	$dbh->do('CREATE TABLE records (key text NOT NULL, value jsonb NOT NULL)');
	return $dbh;
}

# Keys and values are bytes, as they come.
sub consume_records
{
	my ($consumer, $records) = @_;
	local $consumer->{pg_enable_utf8} = 0;

	$consumer->begin_work;
	my $insert = $consumer->prepare('INSERT INTO records VALUES ($1, $2)');
	$insert->execute(@$_) foreach @$records;
	$consumer->commit;
	return;
}

sub consume_topics
{
	my ($consumer, $kafka, $prefix) = @_;
	my @records;

	foreach my $topic (outbox_topics()) { $kafka->consume("$prefix$topic", read_committed => 1, each => sub { push @records, [ @{ $_[0] }{qw(key value)} ] }); }
	consume_records($consumer, \@records);
	return;
}

# Changes of configuration are no commands, and their state is a row. Whatever a command did in other trees than its own came under their keys.
sub is_rebuilt
{
	my ($consumer, $node, $name) = @_;
	my $lines = sub { return [ sort @{ $_[0]->selectcol_arrayref($_[1]) } ] };
	my $store = oms_dbh($node);
	my ($wrong) = $consumer->selectrow_array(q(SELECT count(*) FROM records AS r WHERE r.key IS DISTINCT FROM r.value ->> 'rootId' OR r.value ->> 'commandId' IS NOT NULL AND r.value ->> 'eventType' <> 'TreePurged' AND r.key IS DISTINCT FROM r.value #>> '{state,rootId}'));
	my ($shared) = $consumer->selectrow_array(q(SELECT count(*) FROM (SELECT FROM records AS r WHERE r.value #>> '{command,commandType}' = 'AllocateExecutionCommand'
		GROUP BY r.value ->> 'actor', r.value ->> 'commandId' HAVING count(DISTINCT r.key) > 1) AS c));
	my ($there, $here) = ($lines->($store, in_store($store)), $lines->($consumer, $AT_CONSUMER));

	is($wrong, 0, "$name: every event has the key of its own tree");
	cmp_ok($shared, '>', 0, "$name: $shared allocations came under several keys");
	is(scalar(grep { /^allocation .* \S+-\S+-\S+-\S+-\S+$/ } @$here) > 0, 1, "$name: allocations of blocks came");
	is_deeply($here, $there, "$name: allocations, memberships, figures of members and configuration, rebuilt from the records alone (" . @$here . ' lines)');
	$store->disconnect;
	return;
}

1;
