# At the limits: whatever is accepted leaves by wal2json, by pgoutput and in the result, and is below what Kafka takes as it is shipped.
# Broken by: a bound that is counted otherwise than what leaves, an event that has more than one command and one state, a chain or a
# placement of large orders that costs memory out of proportion, a limit that a path goes round.

use strict;
use warnings;

use Test::More;

use OmsTest;

my $KAFKA = 1_000_000;                  # librdkafka's message.max.bytes; a broker takes 48 kB more
my $LIMIT = 768 * 1024;
my $STATE = int $LIMIT / 6;

# wal2json wants a database in UTF-8, and from 15.19 on it must be allowed
my $node = oms_node('sizes', streaming => 'logical', extension => 0, conf => "fsync = off\nlog_statement = none\n");
if ($node->safe_psql('postgres', q(SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries')) ne '0')
{
	$node->append_conf('postgresql.conf', "output_plugin_libraries = 'pgoutput, wal2json'\n");
	$node->restart;
}
$node->safe_psql('postgres', q(CREATE DATABASE sizes ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0));
$node->safe_psql('sizes', 'CREATE EXTENSION oms_state');
sub session { return oms_dbh($node, dbname => 'sizes'); }
my $dbh = session();
sub value { my ($sql, @values) = @_; return $dbh->selectrow_array($sql, undef, @values); }
sub state_of { my ($sql, @values) = @_; my $state = eval { value($sql, @values) }; return $dbh->state || $state; }

$dbh->do("SELECT pg_create_logical_replication_slot('by_wal2json', 'wal2json')");
$dbh->do("SELECT * FROM oms.create_slot('by_pgoutput', 'pgoutput')");
my $events = 'SELECT count(*) FROM oms.all_events';

# An order whose attributes fill what its state may hold, to the byte; what is one more is refused.
my $number = 0;
sub create
{
	my ($attributes, $parent) = @_;
	my $id = 'order-' . $number++;
	my $as = defined $parent ? qq("parentId": "$parent", "orderQty": 100) : q("symbol": "X", "side": "BUY", "orderQty": 1000);
	return ($id, state_of(qq(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "$id", $as}'::jsonb || jsonb_build_object('attributes', \$1::jsonb)) ->> 'status'), $attributes));
}

my %filled = (
	'plain letters' => '{"a": "' . 'x' x ($STATE - 9) . '"}',
	'control characters' => '{"a": "' . '\u0001' x int(($STATE - 9) / 6) . '"}',
	'quotes and backslashes' => '{"a": "' . '\"\\\\' x int(($STATE - 9) / 4) . '"}',
	'many keys' => '{' . join(', ', map { sprintf '"k%07d": %d', $_, $_ % 10 } 1 .. int(($STATE - 2) / 15)) . '}',
	'nested arrays' => '{"a": ' . '[' x 2000 . ']' x 2000 . '}',
	'long numbers' => '{"a": [' . join(', ', ('9' x 10_000) x 13) . ']}',
);
foreach my $what (sort keys %filled)
{
	my ($id, $status) = create($filled{$what});
	is($status, 'ACCEPTED', "an order filled with $what");
	my $size = value(q(SELECT octet_length(attributes::text) FROM oms.orders WHERE id = $1), $id);
	cmp_ok($size, '<=', $STATE, "it has at most what it may have: $size bytes");
	is(state_of(q(SELECT oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', $1::text, 'execID', 'e', 'lastQty', 1, 'lastPx', 1.5)) #>> '{state,status}'), $id), 'ALLOCATED', 'and is filled');
}
my (undef, $status) = create('{"a": "' . 'x' x ($STATE - 8) . '"}');
is($status, 'OM001', 'a byte more is refused');

# The command to the byte, for a fact and for what is asked for.
my $fill = q('{"commandType": "ExecuteOrderCommand", "orderId": "order-0", "execID": "f", "lastQty": 1, "lastPx": 1, "attributes": {"a": ""}}'::jsonb);
my $large = "jsonb_set($fill, '{attributes,a}', to_jsonb(repeat('x', \$1 - octet_length($fill\::text))))";
is(state_of("SELECT oms_command($large) #>> '{state,status}'", $LIMIT), 'ALLOCATED', 'a fill of the largest size');
is(state_of("SELECT oms_command($large)", $LIMIT + 1), 'OM001', 'a byte more is refused');
is(state_of(q(SELECT oms_command(jsonb_build_object('commandType', 'UpdateOrderCommand', 'orderId', 'order-0', 'attributes', jsonb_build_object('a', repeat(E'\x01', 20000000)))))), 'OM001', 'so are 20,000,000 control characters');
is(state_of(q(SELECT oms_try_command(jsonb_build_object('commandType', 'UpdateOrderCommand', 'orderId', 'order-0', 'attributes', jsonb_build_object('a', repeat(E'\x01', 20000000)))) ->> 'status')), 'REJECTED', 'and they are not kept');
cmp_ok(value('SELECT max(octet_length(command::text)) FROM oms.rejected_commands'), '<', 1000, '… but for their short');

# Ten orders one below the other, each as large as it may be, and the largest fill at the bottom: it moves them all.
my $parent;
foreach my $depth (1 .. 10)
{
	my ($id, $made) = create($filled{'control characters'}, $parent);
	is($made, 'ACCEPTED', "order $depth of a chain");
	$parent = $id;
}
my $deep = $large =~ s/order-0/$parent/gr;
is(state_of("SELECT jsonb_array_length(oms_command($deep) -> 'orders')", $LIMIT), 10, 'the largest fill at the bottom changes ten orders');

# A thousand children with texts: small, and little memory.
# In a session of its own, which has needed little so far.
my ($first, $placed) = ($dbh, create('{}'));
$dbh = session();
value($events);
sub peak { my $pid = value('SELECT pg_backend_pid()'); open my $status, '<', "/proc/$pid/status" or return 0; return (grep { s/^VmHWM:\s*(\d+) kB\n/$1/ } <$status>)[0]; }
my $before = peak();
my $size = value('SELECT pg_total_relation_size(inhrelid) FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1 DESC LIMIT 1', 'oms.order_events');
is(state_of(q(SELECT jsonb_array_length(oms_command(jsonb_build_object('commandType', 'PlaceOrderCommand', 'orderId', $1::text, 'children',
	(SELECT jsonb_agg(jsonb_build_object('orderId', 'child-' || n, 'orderQty', 1, 'destination', 'XLON', 'text', repeat(md5(n::text), 20))) FROM generate_series(1, 1000) AS n))) -> 'events')), $placed), 1001, 'a placement of 1,000 children');
my $grown = (value('SELECT pg_total_relation_size(inhrelid) FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1 DESC LIMIT 1', 'oms.order_events') - $size) / 1024;
cmp_ok($grown, '<', 8 * 1024, "its events take $grown kB");
SKIP:
{
	skip 'no /proc here', 1 if !$before;
	my $more = peak() - $before;
	cmp_ok($more, '<', 100 * 1024, "it took $more kB of memory more");
}
# Reports of one batch are held against those before them in it, one by one: nothing of that is kept.
SKIP:
{
	$before = peak() or skip 'no /proc here', 1;
	my $reports = join ',', map { qq({"commandType": "SuspendOrderCommand", "orderId": "$placed", "execID": "S$_", "transactTime": "2026-03-02T09:30:00Z"}) } 1 .. 1000;
	value('SELECT count(*) FROM oms_commands($1)', "[$reports]");
	my $more = peak() - $before;
	cmp_ok($more, '<', 60 * 1024, "a thousand reports of one order took $more kB of memory more");
}
# All fills of a block are read for each command that shares them otherwise: nothing of that is kept either.
value(q(SELECT count(oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'shared-' || n, 'symbol', 'VOD.L', 'side', 'BUY', 'orderQty', 10000))) FROM generate_series(1, 10) AS n));
value(q(SELECT oms_command(jsonb_build_object('commandType', 'CreateBlockOrderCommand', 'orderId', 'sharing', 'members',
	(SELECT jsonb_agg(jsonb_build_object('orderId', 'shared-' || n, 'quantity', 10000)) FROM generate_series(1, 10) AS n))) ->> 'status'));
value(q(SELECT count(*) FROM oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'sharing', 'executionId', 'share-' || n,
	'execID', n::text, 'lastQty', 100, 'lastPx', 10 + n * 0.01)) FROM generate_series(1, 500) AS n))));
is(value(q(SELECT oms_command('{"commandType": "AllocateExecutionCommand", "orderId": "sharing", "method": "PRO_RATA"}') ->> 'status')), 'ACCEPTED', 'a block of 500 fills is allocated');
$dbh->disconnect;
$dbh = session();
value($events);
SKIP:
{
	$before = peak() or skip 'no /proc here', 1;
	value(q(SELECT count(*) FROM oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'DeallocateExecutionCommand', 'executionId', 'share-' || n)) FROM generate_series(1, 200) AS n))));
	my $more = peak() - $before;
	cmp_ok($more, '<', 60 * 1024, "200 deallocations of it took $more kB of memory more");
	# … of what is refused neither, where the rest goes on
	$before = peak();
	is(value(q(SELECT string_agg(DISTINCT r #>> '{error,detail}', '') FROM oms_commands((SELECT jsonb_agg('{"commandType": "AllocateExecutionCommand", "orderId": "sharing", "method": "PRO_RATA", "quantity": 70000}'::jsonb) FROM generate_series(1, 500)), false) AS r)),
		'Rule over_allocated: 70000 are asked for, 20000 of its fills are nobody\'s.', '500 allocations of too much are refused');
	$more = peak() - $before;
	cmp_ok($more, '<', 60 * 1024, "… and took $more kB of memory more");
}
$dbh->disconnect;
$dbh = $first;

# FIX: a message that is read into a command of the largest size.
my $group = join '|', map { "448=PARTY-$_|447=D|452=1" } 1 .. 9000;
my $body = '35=8|49=B|56=A|34=1|52=20260302-09:30:00|37=O|11=nobody|17=x1|150=F|39=1|55=X|54=1|38=10|32=1|31=1|14=1|151=9|6=1|453=9000|' . $group . '|';
my $message = '8=FIX.4.4|9=' . length($body) . "|$body";
$message .= sprintf '10=%03d|', unpack('%32C*', $message =~ tr/|/\x01/r) % 256;
is(state_of(q(SELECT oms_fix($1::text) ->> 'status'), $message), 'ACCEPTED', 'a report of ' . length($message) . ' bytes, in groups');

# What has come in goes out.
my ($largest, $count) = (value('SELECT max(octet_length(payload::text)) FROM oms.all_events'), value($events));
cmp_ok($largest, '<', $KAFKA, "the largest event has $largest bytes: Kafka takes it as it is shipped");
cmp_ok($largest, '>', $LIMIT, 'and is larger than a command');
my $sent = q(SELECT count(*), count(*) FILTER (WHERE (SELECT c ->> 'value' FROM jsonb_array_elements(data::jsonb -> 'columns') AS c WHERE c ->> 'name' = 'payload')::jsonb
	IN (SELECT e.payload FROM oms.all_events AS e)) FROM pg_logical_slot_get_changes('by_wal2json', NULL, NULL, 'format-version', '2', 'include-transaction', 'off', 'add-tables', 'oms.*') WHERE data::jsonb ->> 'table' ~ '^(order|execution)_events_' AND data::jsonb ->> 'action' = 'I');
is_deeply([ $dbh->selectrow_array($sent) ], [ $count, $count ], 'every event leaves by wal2json, as it stands in its table');
is(value(q(SELECT count(*) FROM pg_logical_slot_get_binary_changes('by_pgoutput', NULL, NULL, 'proto_version', '1', 'publication_names', 'oms_events') WHERE get_byte(data, 0) = ascii('I'))), $count, 'and by pgoutput');
is(value('SELECT count(*) FROM oms.verify()'), 0, 'every invariant holds');

# A larger setting is a larger bound.
$dbh->do(q(SET oms_state.command_size = '4MB'));
is(state_of("SELECT oms_command(jsonb_set($large, '{execID}', '\"g\"')) #>> '{state,status}'", 4 * 1024 * 1024), 'ALLOCATED', 'a fill of 4 MB where so much is allowed');
is(value('SELECT count(*) FROM oms.verify()'), 0, 'every invariant holds');

$dbh->disconnect;
$node->stop;
done_testing();
