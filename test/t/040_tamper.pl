# Tampering with the store is found: a superuser edits events and rows behind its back, and oms.verify() names
# the first event of the object that was touched. And without such tricks nobody edits an event at all.

use strict;
use warnings;

use List::Util qw(uniq);
use Test::More;
use OmsTest;
use OmsWork qw(@EVENT_TABLES quote_commands);

my $node = oms_node('tamper');

sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }

sub command
{
	my (%command) = @_;
	my $json = json()->encode(\%command);

	sql("SELECT oms_command(\$oms\$$json\$oms\$) IS NOT NULL");
	return;
}

# All that follows is younger than this position, so that oms.verify(since) has to find what oms.verify() does.
my $beginning = sql('SELECT oms.current_position()');

# Two trees: the second one must never be accused.
for my $root ('A', 'B')
{
	command(commandType => 'CreateOrderCommand', orderId => $root, symbol => 'IBM', side => 'BUY',
		orderQty => 1000, ordType => 'LIMIT', price => '10.50', account => 'ACC');
	command(commandType => 'CreateOrderCommand', orderId => "$root-1", parentId => $root, orderQty => 400,
		ordType => 'LIMIT', price => '10.50');
	command(commandType => 'ExecuteOrderCommand', orderId => "$root-1", executionId => "$root-x1",
		execID => 'E1', lastQty => 100, lastPx => '10.40');
	command(commandType => 'ExecuteOrderCommand', orderId => "$root-1", executionId => "$root-x2",
		execID => 'E2', lastQty => 50, lastPx => '10.45');
	command(commandType => 'BustExecutionCommand', executionId => "$root-x1", execID => 'E3', reason => 'test');
	command(commandType => 'UpdateOrderCommand', orderId => "$root-1", text => 'a note');
	command(%$_) foreach quote_commands("$root-q");
}
is(sql('SELECT * FROM oms.verify()'), '', 'all invariants hold before');

# The sequence of an object's event.
sub sequence
{
	my ($id, $version) = @_;

	return sql("SELECT sequence FROM oms.all_events WHERE aggregate_id = '$id' AND version = $version");
}

# What verify() says after an edit that is rolled back, as "invariant object id sequence" lines. The same by verify(since), but for
# what no event leads to: rows without any (ghost), and rows of commands that have none (c4), or are not those of an event any more (c9).
sub findings
{
	my ($edit) = @_;
	my $lines = q(SELECT string_agg(concat_ws(' ', invariant, object, id, sequence), E'\n') FROM);
	my ($all, $since) = split /\n\|\n/, sql("BEGIN; SET LOCAL session_replication_role = replica; $edit; SET LOCAL session_replication_role = origin;
		$lines oms.verify(); SELECT '|'; $lines oms.verify('$beginning'); ROLLBACK;"), -1;

	is(join("\n", uniq(split /\n/, $since)), join("\n", uniq(grep { !/ (ghost|c4|c9)\b/ } split /\n/, $all)), "... and since then: $edit");
	return sort split /\n/, $all;
}

# An edit is found: exactly so, or (with a pattern of invariants) these of the findings.
sub found
{
	my ($name, $edit, @expected) = @_;
	my @found = findings($edit);

	is_deeply(\@found, [ sort @expected ], $name) or diag(join "\n", @found);
	return;
}

sub found_among
{
	my ($name, $edit, @expected) = @_;
	my %found = map { $_ => 1 } findings($edit);
	my @missing = grep { !$found{$_} } @expected;
	my @accused = grep { /^\S+ \S+ B/ } keys %found;

	is("@missing", '', $name) or diag(join "\n", sort keys %found);
	is("@accused", '', "$name: the other tree is not accused");
	return;
}

my ($v1, $v2, $v3) = map { sequence('A-1', $_) } 1 .. 3;
my $last = sql("SELECT max(version) FROM oms.order_events WHERE aggregate_id = 'A-1'");
my $newest = sequence('A-1', $last);
my $changed = q(jsonb_set(payload, '{command,reason}', '"other"'));

sub forged
{
	my ($version) = @_;

	return "UPDATE oms.order_events AS e SET payload = $changed,
		  hash = sha256((SELECT p.hash FROM oms.order_events AS p WHERE p.aggregate_id = e.aggregate_id AND p.version = e.version - 1)
		                || convert_to(($changed)::text, 'UTF8'))
		WHERE aggregate_id = 'A-1' AND version = $version";
}

# events
found('a changed payload', "UPDATE oms.order_events SET payload = $changed WHERE aggregate_id = 'A-1' AND version = 2",
	"hash_chain order A-1 $v2");
found('two changed payloads: the first is named',
	"UPDATE oms.order_events SET payload = $changed WHERE aggregate_id = 'A-1' AND version IN (2, 3)",
	"hash_chain order A-1 $v2");
found('a changed payload of each kind of object',
	"UPDATE oms.order_events SET payload = $changed WHERE aggregate_id = 'A' AND version = 1;
	 UPDATE oms.execution_events SET payload = $changed WHERE aggregate_id = 'A-x2';
	 UPDATE oms.quote_request_events SET payload = $changed WHERE aggregate_id = 'A-q.rfq' AND version = 2;
	 UPDATE oms.quote_events SET payload = $changed WHERE aggregate_id = 'A-q.q1' AND version = 2",
	'hash_chain order A ' . sequence('A', 1), 'hash_chain execution A-x2 ' . sequence('A-x2', 1), 'hash_chain quote_request A-q.rfq ' . sequence('A-q.rfq', 2), 'hash_chain quote A-q.q1 ' . sequence('A-q.q1', 2));
foreach ([ 'quote_request', 'A-q.rfq' ], [ 'quote', 'A-q.q3' ])
{
	my ($kind, $id) = @$_;
	my ($first, $second) = map { sequence($id, $_) } 1, 2;
	my $end = sql("SELECT max(version) FROM oms.${kind}_events WHERE aggregate_id = '$id'");

	found_among("an event of a $kind removed", "DELETE FROM oms.${kind}_events WHERE aggregate_id = '$id' AND version = 1", "hash_chain $kind $id $second", "version_gap $kind $id $second");
	found_among("the newest event of a $kind removed", "DELETE FROM oms.${kind}_events WHERE aggregate_id = '$id' AND version = $end", "row_version $kind $id " . sequence($id, $end - 1));
	found_among("all events of a $kind removed", "DELETE FROM oms.${kind}_events WHERE aggregate_id = '$id'", "orphan $kind $id");
	found("an event of a $kind ascribed to somebody else", "UPDATE oms.${kind}_events SET actor = 'x' WHERE aggregate_id = '$id' AND version = 1", "event_columns $kind $id $first");
	found_among("a $kind removed", "DELETE FROM oms.${kind}s WHERE id = '$id'", "orphan $kind $id " . sequence($id, $end));
	found_among("a $kind changed", "UPDATE oms.${kind}s SET text = 'x' WHERE id = '$id'", "row_state $kind $id " . sequence($id, $end));
}
found('a changed hash', "UPDATE oms.order_events SET hash = sha256('x') WHERE aggregate_id = 'A-1' AND version = 2",
	"hash_chain order A-1 $v2");
found('an event forged with a hash that fits: its successor does not follow', forged(2), "hash_chain order A-1 $v3");
found('the newest event forged with a hash that fits: the row has another', forged($last), "row_hash order A-1 $newest");
found_among('an event removed', "DELETE FROM oms.order_events WHERE aggregate_id = 'A-1' AND version = 2",
	"hash_chain order A-1 $v3", "version_gap order A-1 $v3");
found_among('the first event removed', "DELETE FROM oms.order_events WHERE aggregate_id = 'A-1' AND version = 1",
	"hash_chain order A-1 $v2", "version_gap order A-1 $v2");
found_among('the newest event removed', "DELETE FROM oms.order_events WHERE aggregate_id = 'A-1' AND version = $last",
	'row_version order A-1 ' . sequence('A-1', $last - 1), 'row_hash order A-1 ' . sequence('A-1', $last - 1));
found_among('all events of an object removed', "DELETE FROM oms.order_events WHERE aggregate_id = 'A-1'", 'orphan order A-1');
found_among('an event added at the end, with a hash that fits',
	"INSERT INTO oms.order_events
	   SELECT 1000000, aggregate_id, version + 1, root_id, tree_version + 100, event_type, occurred_at, actor, role, command_id,
	          transition, xid, payload, sha256(hash || convert_to(payload::text, 'UTF8'))
	     FROM oms.order_events WHERE aggregate_id = 'A-1' AND version = $last",
	'row_hash order A-1 1000000', 'event_columns order A-1 1000000', 'tree_version_gap order A-1 1000000');
found('an event ascribed to somebody else',
	"UPDATE oms.order_events SET actor = 'somebody else' WHERE aggregate_id = 'A-1' AND version = 2", "event_columns order A-1 $v2");
found_among('an event moved back in time',
	"UPDATE oms.order_events SET occurred_at = occurred_at - interval '1 ms' WHERE aggregate_id = 'A-1' AND version = 2",
	"event_columns order A-1 $v2");
found_among('an event with another transition',
	"UPDATE oms.order_events SET transition = 9999 WHERE aggregate_id = 'A-1' AND version = 2",
	"transition_unknown order A-1 $v2", "event_columns order A-1 $v2");
found_among('an event that is no object any more',
	"UPDATE oms.order_events SET payload = '[]' WHERE aggregate_id = 'A-1' AND version = $last",
	"hash_chain order A-1 $newest", "row_state order A-1 $newest");

# each field that repeats a column, changed and taken away, in an event of its own; and no other is named with it
{
	my @fields = ((map { "{$_}" } qw(schemaVersion aggregateType aggregateId rootId version treeVersion sequence eventType occurredAt actor role commandId transition)), (map { "{state,$_}" } qw(orderId rootId version)));
	my @added = ('{via}', '{state,account}');
	my $asked = "SET LOCAL session_replication_role = replica; UPDATE oms.order_events AS e SET payload = %s FROM (SELECT f.field, f.n, v.sequence
		  FROM unnest('%s'::text[]) WITH ORDINALITY AS f (field, n) JOIN (SELECT o.sequence, row_number() OVER (ORDER BY o.sequence) AS n FROM oms.order_events AS o) AS v USING (n)) AS c
		 WHERE c.sequence = e.sequence; SELECT string_agg(v.detail, '' ORDER BY v.sequence) FROM oms.verify_event_content() AS v";
	my %name = ('state,orderId' => 'state id', map { ("state,$_" => "state $_") } qw(rootId version account));
	my $told = sub { my ($is) = @_; return join '.*', map { my $f = s/[{}]//gr; "(?:^|\\.)" . ($name{$f} // $f) . " of the payload is $is, not [^;]*" } @_[1 .. $#_]; };
	my $list = sub { return join ',', map { qq("$_") } @_ };

	like($node->safe_psql('postgres', 'BEGIN; ' . sprintf($asked, q(jsonb_set(e.payload, c.field::text[], '"changed"')), '{' . $list->(map { s/"/\\"/gr } @fields, @added) . '}') . '; ROLLBACK'), qr/^@{[ $told->('changed', @fields, @added) ]}\.$/s, 'each field of an event that repeats a column, changed');
	like($node->safe_psql('postgres', 'BEGIN; ' . sprintf($asked, 'e.payload #- c.field::text[]', '{' . $list->(@fields) . '}') . '; ROLLBACK'), qr/^@{[ $told->('missing', @fields) ]}\.$/s, '... and taken away');
}

# rows
found('a changed price', "UPDATE oms.orders SET price = 11 WHERE id = 'A-1'", "row_state order A-1 $newest");
found_among('a changed quantity is found where it stands and where it is summed up',
	"UPDATE oms.orders SET executed_quantity = 400 WHERE id = 'A-1'",
	"row_state order A-1 $newest", 'roll_up order A-1', 'roll_up order A', 'derived order A-1');
found('a tree version moved by hand', "UPDATE oms.orders SET tree_version = tree_version + 1 WHERE id = 'A'",
	'row_version order A ' . sql("SELECT max(sequence) FROM oms.order_events WHERE aggregate_id = 'A'"));
found_among('a row removed', "DELETE FROM oms.orders WHERE id = 'A-1'", "orphan order A-1 $newest");
found_among('a row added',
	"INSERT INTO oms.orders SELECT (jsonb_populate_record(o, '{\"id\": \"ghost\", \"root_id\": \"ghost\", \"cl_ord_id\": null}')).*
	   FROM oms.orders AS o WHERE id = 'A'",
	'orphan order ghost');
found_among('an allocation changed',
	"UPDATE oms.executions SET allocations = '[{\"orderId\": \"A-1\", \"quantity\": 50}]' WHERE id = 'A-x2'",
	'row_state execution A-x2 ' . sequence('A-x2', 1), 'allocation order A', 'allocation execution A-x2');
# what only a block, its members and the desk have
foreach (
	[ 'members of what is no block', 'A', q(members = '[{"orderId": "A-1", "quantity": 5, "priority": 1, "allocatedQuantity": 0, "allocatedValue": 0}]'), 'membership order A', 'roll_up order A-1' ],
	[ 'a member that does not exist', 'A', q(members = '[{"orderId": "ghost", "quantity": 5, "priority": 1, "allocatedQuantity": 0, "allocatedValue": 0}]'), 'membership order A' ],
	[ 'a slice as a block', 'A-1', q(members = '[]'), 'membership order A-1' ],
	[ 'a block that is none', 'A', q(block_order_ids = '["B"]'), 'membership order A' ],
	[ 'a membership that is counted and not there', 'A', 'live_blocks = 1', 'roll_up order A' ],
	[ 'completed on the desk, and open', 'A', q(desk_status = 'COMPLETED', desk_since = updated_at), 'desk order A' ],
	[ 'claimed by nobody', 'A', q(desk_status = 'CLAIMED', desk_since = updated_at), 'desk order A' ],
	[ 'queued for somebody', 'A', q(desk_status = 'QUEUED', desk_user = 'x', desk_since = updated_at), 'desk order A' ],
	[ 'a slice on the desk', 'A-1', q(desk_status = 'QUEUED', desk_since = updated_at), 'desk order A-1' ],
	[ 'on the desk since tomorrow', 'A', q(desk_status = 'QUEUED', desk_since = updated_at + interval '1 day'), 'desk order A' ])
{
	my ($name, $id, $change, @expected) = @$_;

	found_among($name, "UPDATE oms.orders SET $change WHERE id = '$id'", "row_state order $id " . sequence($id, sql("SELECT version FROM oms.orders WHERE id = '$id'")), @expected);
}
foreach (
	[ 'typed by nobody', q(flags = '{MANUAL}') ],
	[ 'approved in spite of nothing', q(flags = '{OVERRIDDEN}') ],
	[ 'approved in spite of something, unflagged', q(overridden_reasons = '[{"code": "OVERFILL"}]') ],
	[ 'superseding nothing', q(superseded_execution_id = 'ghost') ],
	[ 'superseded, and counting', q(superseding_execution_id = 'A-x1') ],
	[ 'a reason of a rejection that was none', q(dk_reason = 'OTHER') ])
{
	my ($name, $change) = @$_;

	found_among($name, "UPDATE oms.executions SET $change WHERE id = 'A-x2'", 'row_state execution A-x2 ' . sequence('A-x2', 1), 'execution_desk execution A-x2');
}
found_among('booked before it was made', q(UPDATE oms.executions SET booked_at = created_at - interval '1 second' WHERE id = 'A-x1'), 'execution_desk execution A-x1');
found_among('an allocation of what has ended is proposed', q(UPDATE oms.executions SET allocation_proposal = '{"author": "x"}' WHERE id = 'A-x1'), 'execution_desk execution A-x1');
found_among('a fill allocated as in a block', q(UPDATE oms.executions SET allocation_terms = '[{"allocationId": "a", "method": "EQUAL"}]' WHERE id = 'A-x2'),
	'allocation execution A-x2');
found_among('a value where there is no pool', q(UPDATE oms.executions SET allocations = jsonb_set(allocations, '{0,value}', '522.5') WHERE id = 'A-x2'), 'allocation execution A-x2');
is_deeply([ findings("UPDATE oms.orders SET pending_requests = '7', conditions = NULL, members = '[1, {}]', block_order_ids = '[[], 1]' WHERE id = 'A-1';
		UPDATE oms.executions SET allocations = '[1]', review_reasons = '{}', authors = '{}', allocation_terms = '[{\"members\": 7}, 1]' WHERE id = 'A-x2'") ] > 0, 1,
	'damaged JSON in a row does not stop the search');

# cycles: every walk ends, and verify() names what hangs on no root
for my $cycle ("UPDATE oms.orders SET parent_id = id WHERE id = 'A-1'",
	"UPDATE oms.orders SET parent_id = CASE id WHEN 'A-1' THEN 'A-2' ELSE 'A-1' END WHERE id IN ('A-1', 'A-2')")
{
	my $two = "INSERT INTO oms.orders SELECT (jsonb_populate_record(o, '{\"id\": \"A-2\", \"cl_ord_id\": null}')).* FROM oms.orders AS o WHERE id = 'A-1'; $cycle";

	is(sql("SET statement_timeout = '60s'; BEGIN; SET LOCAL session_replication_role = replica; $two;
			SELECT string_agg(DISTINCT id, ',') FROM oms.verify() WHERE detail LIKE 'It hangs on no root%';
			SELECT string_agg(id, ',' ORDER BY id) FROM oms.order_tree WHERE root_id = 'A';
			SELECT (oms.order_as_of('A', now())).id, (SELECT count(*) > 0 FROM oms.replay_orders()); ROLLBACK"),
		($cycle =~ /CASE/ ? "A-1,A-2\nA\nA|t" : "A-1\nA,A-2\nA|t"), "it ends: $cycle");
}

# commands that have rows
command(commandId => 'c1', commandType => 'CreateOrderCommand', orderId => 'C', symbol => 'IBM', side => 'BUY', orderQty => 1000, price => '10.50');
command(commandId => 'c2', commandType => 'PlaceOrderCommand', orderId => 'C',
	children => [ { orderId => 'C-1', orderQty => 400 }, { orderId => 'C-2', orderQty => 100 } ]);
my %fill = (commandType => 'ExecuteOrderCommand', orderId => 'C-1', executionId => 'C-x1', execID => 'E1', lastQty => 100, lastPx => '10.40');
command(commandId => 'c3', %fill);
command(commandId => 'c4', %fill);    # the same report again: a row, and no event
command(commandId => 'c5', commandType => 'UpdateOrderCommand', orderId => 'C-1', text => 'a note');
command(commandId => 'c6', commandType => 'UpdateOrderCommand', orderId => 'C-1', text => 'another');
is(sql("SELECT string_agg(format('%s %s', command_id, coalesce(cardinality(sequences), 0)), ',' ORDER BY command_id) FROM oms.commands"),
	'c1 1,c2 3,c3 3,c4 0,c5 1,c6 1', 'commands and how many events their rows name');
is(sql('SELECT * FROM oms.verify()'), '', 'all invariants hold with rows of commands');

sub first_of { my ($command) = @_; return sql("SELECT min(sequence) FROM oms.all_events WHERE command_id = '$command'"); }
my ($c1, $c2, $c3, $c5) = map { first_of($_) } qw(c1 c2 c3 c5);

found("a command's row removed", "DELETE FROM oms.commands WHERE command_id = 'c3'", "command command c3 $c3");
found('all rows of commands removed', 'DELETE FROM oms.commands', map { "command command $_ " . first_of($_) } qw(c1 c2 c3 c5 c6));
found('all of them, once the retention is over', "SET LOCAL oms_state.command_retention = 0; DELETE FROM oms.commands");
found('its content changed', "UPDATE oms.commands SET content_hash = sha256('x') WHERE command_id = 'c3'", "command command c3 $c3");
found('its content made unknown', "UPDATE oms.commands SET content_hash = NULL WHERE command_id = 'c4'", 'command command c4');
found('the content of two commands exchanged',
	"UPDATE oms.commands AS c SET content_hash = (SELECT o.content_hash FROM oms.commands AS o WHERE o.command_id IN ('c1', 'c2') AND o.command_id <> c.command_id)
	  WHERE command_id IN ('c1', 'c2')", "command command c1 $c1", "command command c2 $c2");
found('it names an event less', "UPDATE oms.commands SET sequences = sequences[2:] WHERE command_id = 'c3'", "command command c3 $c3");
found('it names its last event no more', "UPDATE oms.commands SET sequences = sequences[:2] WHERE command_id = 'c2'", "command command c2 $c2", "command command c2 " . ($c2 + 2));
found('it names no event', "UPDATE oms.commands SET sequences = NULL WHERE command_id = 'c3'", "command command c3 $c3");
found('it names an event that does not exist', "UPDATE oms.commands SET sequences = sequences || 999999 WHERE command_id = 'c3'", "command command c3 $c3");
found('it names an event of another command', "UPDATE oms.commands SET sequences = sequences || $c5 WHERE command_id = 'c3'",
	("command command c3 $c3") x 2);
found('a row without events gets one', "UPDATE oms.commands SET sequences = ARRAY[$c5] WHERE command_id = 'c4'", ("command command c4 $c5") x 3);
found('its time changed', "UPDATE oms.commands SET recorded_at = recorded_at - interval '1 day' WHERE command_id = 'c3'", "command command c3 $c3");
found('it answers with another object', "UPDATE oms.commands SET aggregate_id = 'ghost' WHERE command_id = 'c4'", 'command command c4');
found("it is somebody else's", "UPDATE oms.commands SET actor = 'somebody else' WHERE command_id = 'c5'", ("command command c5 $c5") x 2);
found('it has another id', "UPDATE oms.commands SET command_id = 'c9' WHERE command_id = 'c5'", "command command c5 $c5", "command command c9 $c5");
is(sql(q(BEGIN; SET LOCAL oms_state.command_retention = 0;
		SELECT count(*) FROM oms_commands('[{"commandId": "c5", "commandType": "UpdateOrderCommand", "orderId": "C-1", "text": "later"}]');
		SET LOCAL oms_state.command_retention = '7d'; SELECT * FROM oms.verify(); ROLLBACK)), '1', 'a commandId that was used again when it was forgotten');

# transactions
sql('BEGIN; SAVEPOINT s; ' . join('; SAVEPOINT t; ', map { "SELECT oms_command('{\"commandType\": \"UpdateOrderCommand\", \"orderId\": \"$_\", \"text\": \"in a savepoint\"}')" } qw(C-1 C-2 C-1))
	. '; ROLLBACK TO t; RELEASE s; COMMIT');
is(sql('SELECT * FROM oms.verify()'), '', 'events that subtransactions wrote');
my $rolled_back = sql('BEGIN; SELECT pg_current_xact_id(); ROLLBACK');
my $here = "aggregate_id = 'C-1' AND version = 3";
my $note = sequence('C-1', 3);
is($note, $c5, 'the event that is now edited');
found('an xid of the future', "UPDATE oms.order_events SET xid = '4000000000' WHERE $here", "transaction order C-1 $note");
found('an xid of the far future', "UPDATE oms.order_events SET xid = '18446744073709551615' WHERE $here", "transaction order C-1 $note");
found('an xid of none', "UPDATE oms.order_events SET xid = '2' WHERE $here", "transaction order C-1 $note");
found('the xid of a transaction that was rolled back', "UPDATE oms.order_events SET xid = '$rolled_back' WHERE $here", "transaction order C-1 $note");
found('the xid of another transaction in the tree', "UPDATE oms.order_events SET xid = (SELECT xid FROM oms.order_events WHERE sequence = $c1) WHERE $here",
	"transaction order C-1 $note");
found_among('one event of a command with another xid', "UPDATE oms.order_events SET xid = '$rolled_back' WHERE aggregate_id = 'C' AND version = 3",
	'transaction order C ' . sequence('C', 3));

# A block, its members and what they have: the same fills, however the rows are made to agree with each other.
command(commandType => 'CreateOrderCommand', orderId => "D-$_", symbol => 'IBM', side => 'BUY', orderQty => 500) foreach qw(A B C);
command(commandType => 'CreateBlockOrderCommand', orderId => 'D', members => [ { orderId => 'D-A', quantity => 250, priority => 1 }, { orderId => 'D-B', quantity => 125, priority => 2 } ]);
command(commandType => 'ExecuteOrderCommand', orderId => 'D', executionId => "D-x$_->[0]", execID => "e$_->[0]", lastQty => $_->[1], lastPx => $_->[2], commission => '1.01') foreach [ 1, 100, '10' ], [ 2, 200, '10.01' ];
command(commandType => 'AllocateExecutionCommand', orderId => 'D', method => 'PRO_RATA');
is(sql('SELECT * FROM oms.verify()'), '', 'all invariants hold with a block');
is(sql(q(SELECT string_agg(concat_ws(' ', order_id, execution_id, quantity, value), ', ' ORDER BY order_id, execution_id) FROM oms.allocated_trades WHERE block_id = 'D')),
	'D-A D-x1 100 1000.6666666667, D-A D-x2 100 1000.6666666666, D-B D-x2 100 1000.6666666667', 'which is allocated so');

my $one_more = sub { my ($column, $path) = @_; return "$column = jsonb_set($column, '$path', to_jsonb(($column #> '$path')::numeric + 1))"; };
foreach (
	[ 'a member has more than it was given', 'orders', 'D', $one_more->('members', '{0,allocatedQuantity}'), 'membership order D' ],
	[ 'for a higher value', 'orders', 'D', $one_more->('members', '{0,allocatedValue}'), 'membership order D' ],
	[ 'by another method', 'orders', 'D', q(members = jsonb_set(members, '{0,methods}', '{"EQUAL": 200}')), 'membership order D' ],
	[ 'a member lacks less', 'orders', 'D', q(members = jsonb_set(members, '{0,quantity}', '240')), 'roll_up order D-A' ],
	[ 'and less than it has', 'orders', 'D', q(members = jsonb_set(members, '{0,quantity}', '199')), 'membership order D', 'roll_up order D-A' ],
	[ 'a member is released', 'orders', 'D', q(members = jsonb_set(members, '{0,released}', 'true')), 'membership order D', 'roll_up order D-A' ],
	[ 'members in another order', 'orders', 'D', q(members = jsonb_build_array(members -> 1, members -> 0)), 'membership order D' ],
	[ 'a member twice', 'orders', 'D', q(members = members || members), 'membership order D', 'roll_up order D-A' ],
	[ 'a member gone', 'orders', 'D', q(members = members - 0), 'membership order D-A', 'roll_up order D-A', 'allocation execution D-x1' ],
	[ 'another in its place', 'orders', 'D', q(members = jsonb_set(members, '{0,orderId}', '"D-C"')), 'membership order D', 'membership order D-A', 'roll_up order D-C' ],
	[ 'no block any more', 'orders', 'D', 'members = NULL', 'membership order D-A', 'allocation execution D-x1', 'allocation order D' ],
	[ 'a member of nothing', 'orders', 'D-A', 'block_order_ids = NULL', 'membership order D' ],
	[ 'a member twice of the same', 'orders', 'D-A', 'block_order_ids = block_order_ids || block_order_ids', 'membership order D-A' ],
	[ 'a quantity that its members do not give it', 'orders', 'D', 'order_qty = order_qty + 1, leaves_quantity = leaves_quantity + 1, unplaced_quantity = unplaced_quantity + 1', 'membership order D' ],
	[ 'filled too much and no flag', 'orders', 'D', q(order_qty = executed_quantity - 1, leaves_quantity = 0, unplaced_quantity = 0, status = 'FILLED'), 'membership order D' ],
	[ 'a flag and not filled too much', 'orders', 'D', q(flags = '{OVERFILLED}'), 'membership order D' ],
	[ 'closed, and it keeps its members', 'orders', 'D', q(conditions = '{NEW,CANCELLED}', status = 'CANCELLED', leaves_quantity = 0, unplaced_quantity = 0), 'membership order D' ],
	[ 'a higher value of a part', 'executions', 'D-x1', $one_more->('allocations', '{0,value}'), 'membership order D', 'roll_up order D-A', 'pool order D' ],
	[ 'a part of somebody else', 'executions', 'D-x1', q(allocations = jsonb_set(allocations, '{0,orderId}', '"D-C"')), 'allocation execution D-x1', 'membership order D', 'roll_up order D-A', 'roll_up order D-C' ],
	[ 'a part of the block itself', 'executions', 'D-x1', q(allocations = '[{"orderId": "D", "quantity": 100}]'), 'allocation execution D-x1', 'membership order D', 'pool order D' ],
	[ 'by another allocation', 'executions', 'D-x1', q(allocations = jsonb_set(allocations, '{0,allocationId}', '"x"')), 'allocation execution D-x1', 'membership order D' ],
	[ 'a fill that counts no more is allocated', 'executions', 'D-x1', q(status = 'REVIEW', review_reasons = '[{"code": "OVERFILL"}]'), 'allocation execution D-x1', 'roll_up order D' ],
	[ 'a part with more of the commission', 'executions', 'D-x2', $one_more->('allocations', '{0,commission}'), 'allocation execution D-x2' ],
	[ 'a part without any of it', 'executions', 'D-x2', q(allocations = allocations #- '{0,commission}'), 'allocation execution D-x2' ],
	[ 'an allocation without terms', 'executions', 'D-x1', 'allocation_terms = NULL', 'allocation execution D-x1', 'allocation execution D-x2', 'membership order D' ],
	[ 'with terms of another method', 'executions', 'D-x1', q(allocation_terms = jsonb_set(allocation_terms, '{0,method}', '"EQUAL"')), 'membership order D' ],
	[ 'with terms of no method', 'executions', 'D-x1', q(allocation_terms = jsonb_set(allocation_terms, '{0,method}', '"x"')), 'allocation execution D-x1' ],
	[ 'with terms over fewer', 'executions', 'D-x1', q(allocation_terms = allocation_terms #- '{0,members,1}'), 'allocation execution D-x2' ],
	[ 'terms of an allocation of nothing', 'executions', 'D-x2', q(allocation_terms = '[{"allocationId": "x", "method": "EQUAL"}]'), 'allocation execution D-x2' ])
{
	my ($name, $table, $id, $change, @expected) = @$_;

	found_among("a block: $name", "UPDATE oms.$table SET $change WHERE id = '$id'", @expected);
}
found_among('a block: its terms with a fill that is not the oldest', q(UPDATE oms.executions SET allocation_terms = (SELECT o.allocation_terms FROM oms.executions AS o WHERE o.id = 'D-x1') WHERE id = 'D-x2';
	UPDATE oms.executions SET allocation_terms = NULL WHERE id = 'D-x1'), 'allocation execution D-x2');
found_among('a block: a member gets more than the average, and everything follows', join('; ',
		q(UPDATE oms.executions SET allocations = jsonb_set(allocations, '{0,value}', '1001.6666666667') WHERE id = 'D-x1'),
		q(UPDATE oms.executions SET allocations = jsonb_set(allocations, '{1,value}', '999.6666666667') WHERE id = 'D-x2'),
		q(UPDATE oms.orders SET members = jsonb_set(jsonb_set(members, '{0,allocatedValue}', '2002.3333333333'), '{1,allocatedValue}', '999.6666666667') WHERE id = 'D'),
		q(UPDATE oms.orders SET executed_value = CASE id WHEN 'D-A' THEN 2002.3333333333 ELSE 999.6666666667 END, avg_px = CASE id WHEN 'D-A' THEN 10.0116666667 ELSE 9.9966666667 END WHERE id IN ('D-A', 'D-B'))),
	'pool order D');

# guards
my $leaf = sql("SELECT tableoid::regclass FROM oms.order_events LIMIT 1");
is_deeply([ findings("ALTER TABLE $leaf DISABLE TRIGGER USER") ],
	[ ("append_only table $leaf") x 2 ], 'a partition without its guards');

# rebuild
is(sql("BEGIN; SET LOCAL session_replication_role = replica;
		UPDATE oms.orders SET price = 11, flags = '{LATE_FILL}' WHERE id = 'A-1'; DELETE FROM oms.orders WHERE id = 'B-1';
		UPDATE oms.executions SET status = 'VALIDATED' WHERE id = 'A-x1';
		UPDATE oms.quote_requests SET cover_px = 1 WHERE id = 'A-q.rfq'; DELETE FROM oms.quotes WHERE id IN ('A-q.q1', 'A-q.q2'); UPDATE oms.quotes SET status = 'ACTIVE' WHERE id = 'B-q.q3';
		SELECT string_agg(oms.rebuild(table_name)::text, '|') FROM oms.kinds(); SELECT string_agg(oms.rebuild(table_name)::text, '|') FROM oms.kinds();
		SELECT * FROM oms.verify(); ROLLBACK;"),
	"2|1|1|3\n0|0|0|0", 'rebuild() makes the rows anew from the events');

# Nobody edits an event: not the owner, not a superuser, not who was granted everything.
sql("CREATE ROLE clerk; GRANT USAGE ON SCHEMA oms TO clerk; GRANT ALL ON ALL TABLES IN SCHEMA oms TO clerk; CREATE ROLE visitor");
for my $role ('', 'SET ROLE clerk;')
{
	for my $table (map { ("oms.$_", sql("SELECT tableoid::regclass FROM oms.$_ LIMIT 1")) } @EVENT_TABLES)
	{
		for my $edit ("UPDATE $table SET actor = 'somebody else'", "DELETE FROM $table", "TRUNCATE $table")
		{
			my ($status, $out, $error) = $node->psql('postgres', "$role $edit");

			isnt($status, 0, "refused: $role $edit");
			like($error, qr/append-only/, "... and says why");
		}
	}
}
for my $edit ('UPDATE oms.order_events SET version = 0', 'DELETE FROM oms.orders', "SELECT oms.rebuild('orders')",
	"INSERT INTO oms.orders SELECT * FROM oms.orders", 'SELECT * FROM oms.verify()')
{
	psql_fails_with($node, "SET ROLE visitor; $edit", '42501', "an ordinary role: $edit");
}
is(sql('SELECT * FROM oms.verify()'), '', 'all invariants hold after');

done_testing();
