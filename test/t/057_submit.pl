# Client orders from many sessions at three isolation levels, submitted by the service and by D, while rules, policies and halts change: routed
# once, placed or kept for the desk, filled, replaced, cancelled, claimed, released, placed when due; and then all of them, while the server is
# killed. What must hold is told anew from the events alone, with nothing of the code that routes and places.
# Broken by: an order that was acknowledged and is gone, is routed twice, or neither placed nor on the desk; a repeat with another answer; a D
# that makes two orders; slices that are more or less than the order; a planned slice that is placed twice or lost; a child in a halt, while its
# order is queued, or by whom it is not claimed; a rule's answer that is not what its version says of what it saw; a rule that was asked out of
# its order, or decided though it was not the first.
#
# OMS_SEED=n repeats a seed, as far as sessions can be repeated. OMS_SECONDS overrides the length.

use strict;
use warnings;

use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use FixMessage;
use OmsSessions qw(in_sessions);
use OmsTest;

my $SESSIONS = 9;
my $SECONDS = $ENV{OMS_SECONDS} // rounds(12, 300);
my $SEED = first_seed();
my @LEVELS = ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');
my @USERS = qw(ann bob);
my @SYMBOLS = qw(S0 S1 S2 S3);
my $node = oms_node('submit', conf => "max_connections = 40\nlog_statement = none\nfsync = off\nrestart_after_crash = on\ndeadlock_timeout = 200ms\n");

sub pick { return $_[ int rand @_ ]; }
sub chance { my ($percent) = @_; return rand(100) < $percent; }
sub encode { my ($value) = @_; return JSON::PP->new->canonical->encode($value); }

# One statement until it is answered; a deadlock is the statements' own.
sub ask { my ($dbh, $sql, @values) = @_; return (OmsSessions::ask($dbh, qr/^40/, $sql, @values))[0, 1]; }
sub order { my ($dbh, %command) = @_; return ask($dbh, 'SELECT oms_command(?::jsonb)', encode(\%command)); }
sub at_random { my ($dbh, $where) = @_; return (ask($dbh, "SELECT id FROM oms.orders TABLESAMPLE SYSTEM (100) WHERE $where ORDER BY random() LIMIT 1"))[0] // 'none'; }

# --- what sessions do ---------------------------------------------------------------------------

# Of a number, always the same order, whoever submits it.
sub terms
{
	my ($n) = @_;
	my @fields = (symbol => $SYMBOLS[ $n % 4 ], side => 'BUY', orderQty => (1, 7, 10, 99, 100, 250, 1000, '0.5', '12.25')[ $n % 9 ], ordType => 'LIMIT', price => 10);
	push @fields, account => 'ACC' if $n % 5;
	push @fields, destination => (qw(XLON CHIX))[ $n % 2 ] if $n % 7;
	push @fields, attributes => { roundLot => 5 } if $n % 11 == 0;
	return @fields;
}

sub fresh_number { my ($dbh) = @_; my ($n) = ask($dbh, "SELECT nextval('numbers')"); return int($n / (chance(60) ? 2 : 1)); }

sub submit
{
	my ($dbh, $file, $user) = @_;
	my $n = fresh_number($dbh);
	my $text = encode({ terms($n), orderId => "$user-$n", commandId => "c$n", clOrdID => "$user-$n" });

	foreach my $try (1 .. chance(30) ? 2 : 1)
	{
		my ($answer, $state) = ask($dbh, q(SELECT oms_service('SubmitClientOrder', ?::jsonb)), $text);
		my $result = $answer ? JSON::PP::decode_json($answer) : {};
		print $file encode($answer ? { submit => "$user-$n", routing => $result->{routing}, actor => $user } : { failed => "submit $state" }), "\n";
	}
	return;
}

sub fix
{
	my ($dbh, $file, $what, $type, $session, $header, @fields) = @_;
	my ($answer, $state) = ask($dbh, 'SELECT oms_try_fix(?::text)', fix_message(type => $type, sender => $session, target => 'DESK', seq => 1, time => '20260302-09:30:00', header => $header, fields => \@fields));
	my $result = $answer ? JSON::PP::decode_json($answer) : {};

	print $file encode($answer ? { fix => $what, status => $result->{results}[0]{status} // $result->{status}, routing => $result->{results}[-1]{routing} } : { failed => "fix $state" }), "\n";
	return;
}

sub new_order
{
	my ($dbh, $file) = @_;
	my $n = fresh_number($dbh);
	my %terms = terms($n);
	my $session = "C" . $n % 2;

	fix($dbh, $file, "D $session $n", 'D', $session, chance(40) ? [ pick(43, 97) => 'Y' ] : [], 11 => "D$n", 55 => $terms{symbol}, 54 => 1,
		38 => $terms{orderQty}, 40 => 2, 44 => 10, $terms{destination} ? (100 => $terms{destination}) : (), 60 => '20260302-09:30:00');
	return;
}

sub ask_to_replace
{
	my ($dbh, $file) = @_;
	my ($found) = ask($dbh, q(SELECT fix_session || ' ' || cl_ord_id || ' ' || symbol FROM oms.orders WHERE fix_session IS NOT NULL AND parent_id IS NULL AND leaves_quantity > 0 ORDER BY random() LIMIT 1));
	return if !$found;
	my ($session, $orig, $symbol) = split / /, $found;
	$session =~ s/\|.*//;
	my ($n) = ask($dbh, "SELECT nextval('numbers')");
	fix($dbh, $file, 'G', pick(qw(G G F)), $session, [], 11 => "G$n", 41 => $orig, 55 => $symbol, 54 => 1, 38 => pick(1, 50, 300, 1000), 40 => 2, 44 => 10,
		60 => '20260302-09:30:00');
	return;
}

sub change_rules
{
	my ($dbh) = @_;
	my $name = 'r' . int rand 5;
	my $k = pick(7, 50, 100, 250);
	my $predicate = pick("cur.order_qty >= $k", "cur.order_qty = $k", "(command ->> 'orderQty')::numeric < $k", "1 / (cur.order_qty - $k) < -1", "1 / (cur.order_qty - $k) < -1", 'cur.account IS NULL', "cur.currency = 'USD'");

	return ask($dbh, q(DELETE FROM oms.routing_rules WHERE name = ? AND NOT builtin), $name) if chance(25);
	return ask($dbh, q(INSERT INTO oms.routing_rules (name, priority, predicate, action, reason, enabled) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (name, builtin) DO UPDATE SET priority = EXCLUDED.priority, predicate = EXCLUDED.predicate, action = EXCLUDED.action, enabled = EXCLUDED.enabled, reason = EXCLUDED.reason),
		$name, int rand 4, $predicate, pick(qw(DESK AUTO)), "because $k", chance(80) ? 1 : 0);
}

sub change_policies
{
	my ($dbh) = @_;
	my $name = 'p' . int rand 3;
	my ($least, $lot, $most) = @{ pick([ undef, undef, undef ], [ 5, undef, 40 ], [ undef, 10, undef ], [ 20, 1, 100 ], [ undef, '0.25', '3.5' ]) };

	return ask($dbh, q(DELETE FROM oms.placement_policies WHERE name = ? AND NOT builtin), $name) if chance(25);
	return ask($dbh, q(INSERT INTO oms.placement_policies (name, priority, predicate, destinations, max_quantity, min_quantity, lot, slices, slice_interval) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (name, builtin) DO UPDATE SET predicate = EXCLUDED.predicate, destinations = EXCLUDED.destinations, max_quantity = EXCLUDED.max_quantity, min_quantity = EXCLUDED.min_quantity,
		lot = EXCLUDED.lot, slices = EXCLUDED.slices, slice_interval = EXCLUDED.slice_interval),
		$name, int rand 4, pick('true', 'cur.order_qty > 20', "cur.symbol = 'S1'", '1 / (cur.order_qty - 7) > -1'), pick(undef, '[{"destination": "XLON", "weight": 2}, {"destination": "CHIX"}, {}]'),
		$most, $least, $lot, pick(1, 1, 2, 4), pick('1 s', '5 min'));
}

# The times between which it was in force for sure.
sub halt
{
	my ($dbh, $file, $number) = @_;
	my ($symbol, $destination) = @{ pick([ pick(@SYMBOLS), undef ], [ undef, 'CHIX' ], [ 'S2', 'XLON' ]) };
	my $name = "h$number";

	my (undef, $state) = ask($dbh, q(INSERT INTO oms.trading_halts (name, symbol, destination) VALUES (?, ?, ?)), $name, $symbol, $destination);
	return if $state;
	my ($from) = ask($dbh, 'SELECT clock_timestamp()');
	sleep rand 0.05;
	my ($until) = ask($dbh, 'SELECT clock_timestamp()');
	ask($dbh, q(DELETE FROM oms.trading_halts WHERE name = ?), $name);
	print $file encode({ halt => $name, symbol => $symbol, destination => $destination, from => $from, until => $until }), "\n";
	return;
}

sub desk
{
	my ($dbh, $user) = @_;
	my $id = at_random($dbh, "desk_status IN ('QUEUED', 'CLAIMED', 'RELEASED')");

	return order($dbh, commandType => 'ClaimOrderCommand', orderId => $id) if chance(40);
	return order($dbh, commandType => 'ReleaseOrderFromDeskCommand', orderId => $id) if chance(40);
	return order($dbh, commandType => 'SendOrderToDeskCommand', orderId => at_random($dbh, 'parent_id IS NULL AND leaves_quantity > 0'), reason => 'by hand') if chance(40);
	return order($dbh, commandType => 'PlaceOrderCommand', orderId => $id, children => [ { orderQty => pick(1, 5, 50) }, chance(50) ? { orderQty => pick(1, 5), placeAt => '2199-01-01T00:00:00Z' } : () ]);
}

sub market
{
	my ($dbh) = @_;
	my ($n) = ask($dbh, "SELECT nextval('numbers')");
	my @child = (orderId => at_random($dbh, 'parent_id IS NOT NULL AND leaves_quantity > 0'));

	return order($dbh, commandType => 'AcceptOrderCommand', @child, execID => "a$n") if chance(20);
	return order($dbh, commandType => pick(qw(Reject Cancel Expire)) . 'OrderCommand', @child, execID => "e$n") if chance(30);
	return order($dbh, commandType => 'BustExecutionCommand', executionId => (ask($dbh, 'SELECT id FROM oms.executions ORDER BY random() LIMIT 1'))[0] // 'none', execID => "b$n") if chance(15);
	return order($dbh, commandType => 'ExecuteOrderCommand', @child, executionId => "x$n", execID => "x$n", lastQty => pick(1, 3, 10), lastPx => 10);
}

sub client
{
	my ($dbh) = @_;
	my @order = (orderId => at_random($dbh, 'parent_id IS NULL AND leaves_quantity > 0'));
	return order($dbh, commandType => pick(qw(Cancel RequestCancel)) . 'OrderCommand', @order) if chance(30);
	return order($dbh, commandType => 'ReplaceOrderCommand', @order, orderQty => pick(5, 60, 400));
}

# In a transaction with savepoints, of which one goes.
sub in_transaction
{
	my ($dbh, $file, $user) = @_;
	my $good = eval {
		$dbh->begin_work;
		my ($n) = $dbh->selectrow_array("SELECT nextval('numbers')");
		$dbh->do(q(UPDATE oms.routing_rules SET reason = 'in a transaction' WHERE name = 'r1' AND NOT builtin)) if chance(30);
		$dbh->do('SAVEPOINT s');
		my $text = encode({ terms($n), orderId => "$user-$n", commandId => "t$n", clOrdID => "$user-$n" });
		my ($answer) = $dbh->selectrow_array(q(SELECT oms_service('SubmitClientOrder', ?::jsonb)), undef, $text);
		if (chance(40))
		{
			$dbh->do('ROLLBACK TO s');
			($answer) = $dbh->selectrow_array(q(SELECT oms_service('SubmitClientOrder', ?::jsonb)), undef, $text);
		}
		my $ends = chance(80) ? 'commit' : 'rollback';
		$dbh->$ends;
		print $file encode({ submit => "$user-$n", routing => JSON::PP::decode_json($answer)->{routing}, actor => $user }), "\n" if $ends eq 'commit';
		1;
	};
	$dbh->rollback if !$good && !$dbh->{AutoCommit};
	return;
}

sub anything
{
	my ($dbh, $file, $number, $user) = @_;
	my $dice = int rand 100;

	return submit($dbh, $file, $user) if $dice < 22;
	return new_order($dbh, $file) if $dice < 38;
	return in_transaction($dbh, $file, $user) if $dice < 43;
	return market($dbh) if $dice < 58;
	return desk($dbh, $user) if $dice < 70;
	return client($dbh) if $dice < 77;
	return ask($dbh, q(SELECT count(*) FROM oms.place_due(clock_timestamp() + interval '1 hour', 10))) if $dice < 84;
	return change_rules($dbh) if $dice < 89;
	return change_policies($dbh) if $dice < 93;
	return ask_to_replace($dbh, $file) if $dice < 97;
	return halt($dbh, $file, $number);
}

# --- what must hold -----------------------------------------------------------------------------

my $dbh = oms_dbh($node);
$dbh->do(q(SELECT oms.create_roles()));
$dbh->do(qq(CREATE ROLE $_ SUPERUSER LOGIN)) foreach @USERS;
$dbh->do('CREATE SEQUENCE numbers');
$dbh->do(q(INSERT INTO oms.fix_sessions (session, direction, account) VALUES ('C0|DESK', 'CLIENT', 'ONE'), ('C1|DESK', 'CLIENT', NULL)));
$dbh->do('CREATE TABLE said (line jsonb)');

sub none { my ($sql, $name) = @_; is(join("\n", map { join ' | ', map { $_ // '-' } @$_ } @{ $dbh->selectall_arrayref("$sql LIMIT 5", { pg_placeholder_dollaronly => 1 }) }), '', $name); return; }

sub intact
{
	my ($name, @said) = @_;
	$dbh->do('INSERT INTO said VALUES (?)', undef, $_) foreach grep { /^\{/ } @said;
	is(join("\n", grep { !/^\{/ } @said), '', "$name: nobody died");
	$dbh->do(q(CREATE TEMP VIEW submitted AS SELECT line ->> 'submit' AS id, line -> 'routing' AS routing, line ->> 'actor' AS actor FROM said WHERE line ? 'submit'
		UNION ALL SELECT o.id, line -> 'routing', NULL FROM said JOIN oms.orders AS o ON o.fix_session = split_part(line ->> 'fix', ' ', 2) || '|DESK' AND o.cl_ord_id = 'D' || split_part(line ->> 'fix', ' ', 3)
		WHERE line ->> 'fix' LIKE 'D %' AND line -> 'routing' <> 'null')) if !$dbh->selectrow_array(q(SELECT to_regclass('submitted')));
	# a decision: made in a halt, sent to the desk or placed by what the order's first command caused
	$dbh->do(q(CREATE TEMP TABLE decided AS
		SELECT e.*, e.payload -> 'command' ->> 'commandType' AS type, c.payload -> 'command' AS made FROM oms.order_events AS e JOIN oms.order_events AS c ON c.aggregate_id = e.aggregate_id AND c.version = 1
		 WHERE e.aggregate_id = e.root_id AND (e.version = 1 AND e.payload -> 'state' ? 'deskStatus' OR e.version = 2 AND e.payload ->> 'causationId' = c.command_id)));
	none('SELECT * FROM oms.verify()', "$name: every invariant holds");
	none(q(SELECT s.id, s.routing, count(d.sequence) FROM submitted AS s LEFT JOIN decided AS d ON d.aggregate_id = s.id GROUP BY 1, 2 HAVING count(DISTINCT d.sequence) <> 1), "$name: what was acknowledged is there, and routed once");
	none(q(SELECT id, count(DISTINCT routing), min(routing::text), max(routing::text) FROM submitted GROUP BY 1 HAVING count(DISTINCT routing) > 1), "$name: a repeat has the same answer");
	none(q(SELECT o.id FROM oms.orders AS o WHERE o.parent_id IS NULL AND NOT EXISTS (SELECT FROM decided AS d WHERE d.aggregate_id = o.id)), "$name: no order that nobody has routed");
	none(q(SELECT fix_session, payload -> 'command' ->> 'clOrdID', count(*) FROM oms.order_events CROSS JOIN LATERAL (SELECT payload -> 'state' ->> 'fixSession') AS s (fix_session) WHERE version = 1 AND aggregate_id = root_id AND fix_session IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1),
		"$name: a D is one order");
	none(q(SELECT s.id, s.routing, d.payload #>> '{state,deskReason}' FROM submitted AS s JOIN decided AS d ON d.aggregate_id = s.id
		WHERE s.routing ->> 'action' <> CASE WHEN d.payload -> 'state' ? 'deskStatus' THEN 'DESK' ELSE 'AUTO' END OR s.routing ->> 'action' = 'DESK' AND s.routing ->> 'reason' IS DISTINCT FROM d.payload #>> '{state,deskReason}' OR s.routing ->> 'action' = 'DESK' AND s.routing ->> 'reason' IS NULL),
		"$name: the answer is what the events say");
	# what was placed, and what is to be placed later, is the order
	none(q(SELECT d.aggregate_id, d.payload #>> '{state,orderQty}', s FROM decided AS d CROSS JOIN LATERAL (SELECT sum((c ->> 'orderQty')::numeric) FROM jsonb_array_elements(d.payload #> '{command,children}') AS c) AS x (s)
		WHERE d.type = 'PlaceOrderCommand' AND s <> (d.payload #>> '{state,orderQty}')::numeric), "$name: slices are the order");
	none(q(SELECT d.aggregate_id FROM decided AS d LEFT JOIN (SELECT c.root_id, c.command_id, sum((c.payload #>> '{state,orderQty}')::numeric) AS made FROM oms.order_events AS c WHERE c.version = 1 GROUP BY 1, 2) AS c USING (root_id, command_id)
		WHERE d.type = 'PlaceOrderCommand' AND c.made + coalesce((SELECT sum((p ->> 'orderQty')::numeric) FROM jsonb_array_elements(d.payload #> '{state,plannedSlices}') AS p), 0) IS DISTINCT FROM (d.payload #>> '{state,orderQty}')::numeric), "$name: children and plan are the order");
	# Placing and replacing let children reserve no more than there is: not more than they do already because a market has told of more than a child had, and that waits in review.
	none(q(SELECT aggregate_id, version, beyond, before, state FROM (SELECT *, lag(beyond) OVER (PARTITION BY aggregate_id ORDER BY version) AS before FROM (
			SELECT aggregate_id, version, event_type, payload -> 'state' AS state, (payload #>> '{state,reservedQuantity}')::numeric - (payload #>> '{state,leavesQuantity}')::numeric AS beyond FROM oms.order_events) AS e) AS x
		WHERE beyond > 0 AND beyond > coalesce(before, 0) AND event_type IN ('OrderPlaced', 'OrderReplaced')
		AND NOT coalesce(state -> 'flags' ?| ARRAY['OVERFILLED', 'OVER_PLACED'], false)), "$name: nothing is placed beyond what is unplaced");
	# a plan changes by what was placed of it, and what came to it
	none(q(SELECT aggregate_id, version, before, after, added FROM (SELECT e.*, lag(payload #> '{state,plannedSlices}') OVER w AS before, payload #> '{state,plannedSlices}' AS after,
		(SELECT count(*) FROM jsonb_array_elements(payload #> '{command,children}') AS c WHERE (c ->> 'placeAt')::timestamptz > e.occurred_at) AS added FROM oms.order_events AS e WINDOW w AS (PARTITION BY aggregate_id ORDER BY version)) AS x
		WHERE payload #>> '{state,status}' NOT IN ('CANCELLED', 'FILLED', 'REJECTED', 'EXPIRED') AND NOT coalesce((payload #>> '{command,replacePlan}')::boolean, false) AND coalesce(jsonb_array_length(after), 0) <> coalesce(jsonb_array_length(before), 0) + CASE WHEN event_type IN ('OrderPlaced', 'OrderPlacementPlanned') THEN added ELSE 0 END
			- (SELECT count(*) FROM jsonb_array_elements(before) AS p WHERE (p ->> 'placeAt')::timestamptz = (payload #>> '{command,plannedSlice}')::timestamptz)),
		"$name: a planned slice is placed once, or stays");
	# nobody places of what is queued, or another's
	none(q(SELECT c.aggregate_id, c.actor, r.payload #>> '{state,deskStatus}', r.payload #>> '{state,deskUser}' FROM oms.order_events AS c
		CROSS JOIN LATERAL (SELECT e.payload FROM oms.order_events AS e WHERE e.aggregate_id = c.root_id AND e.tree_version < c.tree_version ORDER BY e.version DESC LIMIT 1) AS r
		WHERE c.version = 1 AND c.aggregate_id <> c.root_id AND (r.payload #>> '{state,deskStatus}' = 'QUEUED' OR r.payload #>> '{state,deskStatus}' = 'CLAIMED' AND r.payload #>> '{state,deskUser}' <> c.actor)), "$name: no claim is passed by");
	none(q(SELECT c.aggregate_id, c.occurred_at, h.line FROM oms.order_events AS c JOIN said AS h ON h.line ? 'halt' AND c.occurred_at > (h.line ->> 'from')::timestamptz AND c.occurred_at < (h.line ->> 'until')::timestamptz
		AND (h.line ->> 'symbol' IS NULL OR h.line ->> 'symbol' = c.payload #>> '{state,symbol}')
		AND (h.line ->> 'destination' IS NULL OR h.line ->> 'destination' = coalesce(c.payload #>> '{state,destination}', (SELECT r.destination FROM oms.orders AS r WHERE r.id = c.root_id)))
		WHERE c.version = 1 AND (c.aggregate_id <> c.root_id OR NOT coalesce(c.payload #>> '{state,deskReason}' LIKE 'HALTED: %', false))), "$name: no halt is passed by");
	# each answer is that of its version: of what came in and what is asked for; with less than it has executed, an order would have that
	$dbh->do(q(CREATE TEMP TABLE tried AS SELECT e.aggregate_id, e.version, e.event_type, f ->> 'rule' AS rule, f ->> 'answer' AS answer, f ->> 'action' AS action, n, r.payload -> 'state' AS row, e.payload AS event, e.occurred_at,
		(e.payload #>> '{command,orderQty}')::numeric AS asked, (c.payload #>> '{command,orderQty}')::numeric AS made, c.payload #>> '{state,account}' AS account
		FROM oms.order_events AS e JOIN oms.order_events AS c ON c.aggregate_id = e.aggregate_id AND c.version = 1 CROSS JOIN LATERAL jsonb_array_elements(e.payload -> 'findings') WITH ORDINALITY AS f (f, n)
		LEFT JOIN oms.configuration_events AS r ON r.root_id = 'routing_rules/' || (f ->> 'rule') AND r.version = (f ->> 'version')::bigint WHERE f ->> 'severity' = 'ROUTE' AND f ->> 'action' <> 'PLACE'));
	none(q(SELECT t.* FROM tried AS t CROSS JOIN LATERAL (SELECT CASE WHEN row ->> 'predicate' LIKE '1 /%' THEN substring(row ->> 'predicate' FROM '- (\d+)') ELSE substring(row ->> 'predicate' FROM '(\d+)$') END::numeric, CASE WHEN event_type = 'OrderReplaceRequested' THEN coalesce(asked, made) ELSE made END) AS x (k, q)
		CROSS JOIN LATERAL (SELECT CASE WHEN event_type = 'OrderReplaceRequested' THEN greatest(q, (event #>> '{state,executedQuantity}')::numeric) ELSE q END) AS w (would_be)
		CROSS JOIN LATERAL (SELECT CASE WHEN row ->> 'predicate' LIKE 'cur.order_qty >=%' THEN (would_be >= k)::text WHEN row ->> 'predicate' LIKE 'cur.order_qty =%' THEN (would_be = k)::text WHEN row ->> 'predicate' LIKE '%command%' THEN (q < k)::text
			WHEN row ->> 'predicate' LIKE '1 /%' THEN CASE WHEN would_be = k THEN 'error' ELSE (1 / (would_be - k) < -1)::text END WHEN row ->> 'predicate' LIKE 'cur.account%' THEN (account IS NULL)::text ELSE 'null' END) AS y (right_one)
		WHERE upper(right_one) IS DISTINCT FROM answer OR row IS NULL OR NOT (row ->> 'enabled')::boolean OR row ->> 'action' <> action), "$name: each rule said what its version says");
	none(q(SELECT * FROM (SELECT t.*, lag((row ->> 'priority')::int * 10 + right(rule, 1)::int) OVER w AS before, lead(rule) OVER w AS next FROM tried AS t WINDOW w AS (PARTITION BY aggregate_id, version ORDER BY n)) AS x
		WHERE before >= (row ->> 'priority')::int * 10 + right(rule, 1)::int OR answer IN ('TRUE', 'ERROR') AND next IS NOT NULL), "$name: rules are asked in their order, up to the one that decides");
	none(q(SELECT t.aggregate_id, t.rule, t.answer, t.action, event #>> '{state,deskReason}' FROM tried AS t WHERE event_type IN ('OrderPlaced', 'OrderPlacementPlanned') AND (answer = 'ERROR' OR answer = 'TRUE' AND action = 'DESK')
		OR event_type = 'OrderSentToDesk' AND (answer = 'TRUE' AND action = 'DESK' AND event #>> '{state,deskReason}' <> row ->> 'reason' OR answer = 'ERROR' AND event #>> '{state,deskReason}' NOT LIKE 'ROUTING_FAILED: %')), "$name: the one that decided is obeyed");
	none(q(SELECT d.aggregate_id, d.payload -> 'findings' FROM decided AS d WHERE d.type = 'SendOrderToDeskCommand' AND d.payload #>> '{state,deskReason}' NOT LIKE 'PLACEMENT_REFUSED:%'
		AND NOT EXISTS (SELECT FROM tried AS t WHERE t.aggregate_id = d.aggregate_id AND t.version = d.version AND t.answer IN ('TRUE', 'ERROR'))), "$name: who is on the desk has a rule for it");
	none(q(SELECT * FROM (SELECT aggregate_id, occurred_at, n, rule, answer FROM tried WHERE aggregate_id IN (SELECT id FROM oms.orders WHERE parent_id IS NULL ORDER BY id LIMIT 300)
		EXCEPT SELECT o.id, x.decided_at, x.n, x.rule, x.answer FROM (SELECT id FROM oms.orders WHERE parent_id IS NULL ORDER BY id LIMIT 300) AS o CROSS JOIN LATERAL oms.explain_routing(o.id) AS x WHERE at = 'THEN') AS y), "$name: what is explained is what the events say");
	$dbh->do('DROP TABLE decided, tried');
	return;
}

sub session
{
	my ($number) = @_;
	my $own = oms_dbh($node, user => $USERS[ $number % 2 ]);
	$own->do("SET default_transaction_isolation = '$LEVELS[ $number % 3 ]'");
	return $own;
}

my $until = time + $SECONDS;
my @said = in_sessions('anything', $SESSIONS, $SEED, sub {
	my ($number, $file) = @_;
	my $own = session($number);
	anything($own, $file, $number, $USERS[ $number % 2 ]) while time < $until;
})->();
my %failed;
$failed{ JSON::PP::decode_json($_)->{failed} }++ foreach grep { /^\{"failed/ } @said;
note("seed $SEED: " . encode(\%failed));
is(join(' ', grep { !/^submit OM|^fix OM/ } sort keys %failed), '', 'nothing fails for good but by a refusal');
$dbh = oms_dbh($node);
intact('all at once', @said);
note(join ', ', map { "@$_" } @{ $dbh->selectall_arrayref(q(SELECT split_part(coalesce(desk_reason, status), ':', 1), count(*) FROM oms.orders WHERE parent_id IS NULL GROUP BY 1 ORDER BY 2 DESC LIMIT 20)) });
cmp_ok($dbh->selectrow_array(q(SELECT count(*) FROM oms.order_events WHERE payload -> 'command' ? 'plannedSlice'), { pg_placeholder_dollaronly => 1 }), '>', 5, 'slices were placed when they were due');
cmp_ok($dbh->selectrow_array(q(SELECT count(*) FROM oms.orders WHERE desk_reason LIKE 'ROUTING_FAILED: %')), '>', 0, 'rules failed');
cmp_ok($dbh->selectrow_array(q(SELECT count(*) FROM said WHERE line ? 'halt'), { pg_placeholder_dollaronly => 1 }), '>', 2, 'there were halts');

# --- and while it is killed ---------------------------------------------------------------------

my $wait = in_sessions('killed', $SESSIONS, $SEED, sub {
	my ($number, $file) = @_;
	my $own = session($number);
	eval { anything($own, $file, $number, $USERS[ $number % 2 ]) while $own->ping; };
});
sleep 2;
my ($victim) = $dbh->selectrow_array(q(SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename = 'ann' LIMIT 1));
kill 'KILL', $victim;
@said = $wait->();
$dbh->disconnect;
$node->poll_query_until('postgres', 'SELECT true');
$dbh = oms_dbh($node);
intact('killed', grep { /^\{.*\}$/ && !/"failed"/ } @said);
done_testing();
