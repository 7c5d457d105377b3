# A day of an execution desk, by hand, in the desk's words: clients send, the desk claims, makes a block of several orders and works it at two brokers;
# fills come wrong, late, twice and for nobody; one is typed from the telephone before its report comes; two pairs of eyes; shares, a bust of what has been
# shared, a client who leaves in the middle; until all is done, and what clients have is what brokers did, to the last decimal.
# Broken by: a claim that binds a broker's report, or does not bind another desk user; a fill that moves something while it waits, or is booked twice; an
# approval by whoever typed or matched; a preview that is not what follows, or writes; a share or value that a bust, a client's leaving or a late fill leaves
# behind; a view of the desk that misses what waits or shows what is done.

use strict;
use warnings;

use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

use FixMessage;
use OmsTest;

my $node = oms_node('desk_day', conf => "fsync = off\nsession_preload_libraries = 'oms_state'\noms_state.four_eyes = on\noms_state.feed_roles = 'feed'\noms_state.submit_client_orders = off\n");
my $boss = oms_dbh($node);
my %user;

# ------------------------------------------------------------------------
# who is there
# ------------------------------------------------------------------------

$boss->do('SELECT oms.create_roles()');
foreach my $person ([ sam => 'oms_trader' ], [ ann => 'oms_desk' ], [ ben => 'oms_desk' ], [ eve => 'oms_admin' ], [ feed => 'oms_desk' ])
{
	$boss->do("CREATE ROLE $person->[0] LOGIN IN ROLE $person->[1]");
	$user{ $person->[0] } = oms_dbh($node, user => $person->[0]);
}
$boss->do('INSERT INTO oms.fix_sessions (session, direction, account) VALUES (?, ?, ?)', undef, "$_->[0]|DESK", @$_[ 1, 2 ])
  foreach (map { [ $_, 'CLIENT', $_ ] } qw(ALPHA BETA GAMMA DELTA)), [ 'BRK1', 'BROKER' ], [ 'BRK2', 'BROKER' ];

# ------------------------------------------------------------------------
# the words of the desk
# ------------------------------------------------------------------------

my %order;    # ClOrdID => orderId
my %fill;     # what the desk calls it => executionId
my $seconds = 0;

sub value_of { my ($sql, @values) = @_; return ($boss->selectrow_array($sql, undef, @values))[0]; }

# The rows as text: 'a|b', 'c|d'.
sub rows_of { my ($sql, @values) = @_; return join "\n", map { join '|', map { $_ // '' } @$_ } @{ $boss->selectall_arrayref($sql, undef, @values) }; }
sub sees { my ($name, $sql, @rows) = @_; return is(rows_of($sql), join("\n", @rows), $name); }

# Somebody gives a command; a name of an order or a fill stands for its id.
sub named
{
	my ($what) = @_;
	return [ map { named($_) } @$what ] if ref $what eq 'ARRAY';
	return { map { $_ => named($what->{$_}) } keys %$what } if ref $what eq 'HASH';
	return $what // undef if ref $what;
	return $order{$what} // $fill{$what} // $what;
}

sub asked
{
	my ($who, $type, %fields) = @_;
	my $text = json()->encode({ commandType => "${type}Command", %{ named(\%fields) } });
	my ($result) = eval { $user{$who}->selectrow_array('SELECT oms_command(?::jsonb)', undef, $text) };

	return defined $result ? json()->decode($result) : { status => 'REFUSED', sqlstate => $user{$who}->state, message => $@ };
}

sub does
{
	my ($who, $type, %fields) = @_;
	my $result = asked($who, $type, %fields);

	ok($result->{status} eq 'ACCEPTED', "$who: $type" . join '', map { " $fields{$_}" } grep { defined $fields{$_} } qw(orderId executionId)) or diag($result->{message});
	return $result;
}

sub may_not
{
	my ($who, $sqlstate, $why, $type, %fields) = @_;
	my $result = asked($who, $type, %fields);

	is($result->{sqlstate} // $result->{status}, $sqlstate, "$who may not: $type, $why");
	return $result;
}

# A FIX message of somebody to us, through the feed.
sub told
{
	my ($from, $type, @fields) = @_;
	my $message = fix_message(type => $type, sender => $from, target => 'DESK', time => fix_time(1, ++$seconds), fields => \@fields, separator => '|');

	return json()->decode($user{feed}->selectrow_array('SELECT oms_fix(?::text)', undef, $message));
}

sub client_sends
{
	my ($client, $id, $qty, $symbol, $limit) = @_;
	my $result = told($client, 'D', 11 => $id, 55 => $symbol, 54 => 1, 38 => $qty, 40 => 2, 44 => $limit, 59 => 0, 60 => fix_time(1, $seconds), 1 => $client);

	$order{$id} = $result->{results}[0]{state}{orderId};
	is($result->{results}[0]{state}{status}, 'PENDING_NEW', "client $client sends $id: $qty $symbol");
	return;
}

sub client_cancels
{
	my ($client, $id) = @_;
	my $result = told($client, 'F', 11 => "$id-X", 41 => $id, 55 => 'VOD', 54 => 1, 60 => fix_time(1, $seconds));

	is($result->{status}, 'ACCEPTED', "client $client asks to cancel $id");
	return;
}

# broker_says('BRK1', 'fill one', 11 => 'B1', 17 => 'E1', 32 => 100, 31 => 72.4, ...)
sub broker_says
{
	my ($broker, $name, %tags) = @_;
	my %report = (37 => "$broker-" . ($tags{11} // 'none'), 55 => 'VOD', 54 => 1, 150 => 'F', 39 => 1, 14 => 0, 151 => 0, 6 => 0, 60 => fix_time(1, $seconds), 75 => '20260105', %tags);
	my $result = told($broker, '8', map { $_ => $report{$_} } sort { $a <=> $b } keys %report);
	my $state = $result->{results}[0]{state};

	$fill{$name} = $state->{executionId} if defined $name && $state->{executionId};
	return $result->{results}[0];
}

sub fills
{
	my ($broker, $name, $status, %tags) = @_;
	my $result = broker_says($broker, $name, %tags);

	is($result->{state}{status}, $status, "broker $broker reports $name: $status");
	return $result;
}

# ------------------------------------------------------------------------
# what the desk looks at
# ------------------------------------------------------------------------

sub queue_is { my ($name, @rows) = @_; return sees("the queue: $name", q(SELECT what, coalesce(cl_ord_id, order_id), desk_status, desk_user, trim_scale(unplaced_quantity), coalesce(request, trim_scale(unallocated_quantity)::text) FROM oms.desk_queue ORDER BY what, 2), @rows); }
sub review_is { my ($name, @rows) = @_; return sees("review: $name", q(SELECT exec_id, array_to_string(reasons, ' '), trim_scale(last_qty), trim_scale(last_px) FROM oms.execution_review ORDER BY exec_id), @rows); }
sub members_are { my ($name, @rows) = @_; return sees("the block: $name", q(SELECT c.cl_ord_id, trim_scale(m.quantity), trim_scale(m.allocated_quantity), trim_scale(m.allocated_value), CASE WHEN m.released THEN 'released' WHEN m.live THEN 'live' ELSE 'done' END FROM oms.block_members AS m JOIN oms.orders AS c ON c.id = m.order_id ORDER BY m.priority), @rows); }
sub clients_have { my ($name, @rows) = @_; return sees("the clients: $name", q(SELECT cl_ord_id, status, trim_scale(executed_quantity), trim_scale(leaves_quantity), avg_px FROM oms.client_orders ORDER BY cl_ord_id), @rows); }

# What is shared of fills is never more than they are, and nobody's figures are anything but sums: told by the tables alone.
sub adds_up
{
	my ($name) = @_;

	sees("$name: every invariant holds", 'SELECT * FROM oms.verify()');
	return;
}

# ------------------------------------------------------------------------
# morning: clients send, the desk claims
# ------------------------------------------------------------------------

client_sends('ALPHA', 'A1', 5000, 'VOD', '72.50');
client_sends('BETA', 'B1', 3000, 'VOD', '72.50');
client_sends('GAMMA', 'C1', 2000, 'VOD', '72.60');
client_sends('DELTA', 'D1', 400, 'VOD', '72.50');
does('sam', 'AcceptOrder', orderId => $_) foreach qw(A1 B1 C1 D1);
does('sam', 'SendOrderToDesk', orderId => $_, reason => 'large for the market') foreach qw(A1 B1 C1 D1);
queue_is('all of it waits for somebody', map { "ORDER|$_->[0]|QUEUED||$_->[1]|" } [ 'A1', 5000 ], [ 'B1', 3000 ], [ 'C1', 2000 ], [ 'D1', 400 ]);
may_not('sam', 'OM005', 'while it waits nobody places', 'PlaceOrder', orderId => 'D1', children => [ { orderQty => 400, price => '72.50' } ]);

does('ann', 'ClaimOrder', orderId => $_) foreach qw(A1 B1);
does('ben', 'ClaimOrder', orderId => $_) foreach qw(C1 D1);
may_not('ben', 'OM008', 'ann has it', 'ClaimOrder', orderId => 'A1');
may_not('ben', 'OM008', 'ann has it', 'PlaceOrder', orderId => 'A1', children => [ { orderQty => 10, price => '72.50' } ]);
may_not('eve', 'OM001', 'without a reason', 'ClaimOrder', orderId => 'A1');
does('eve', 'ClaimOrder', orderId => 'B1', reason => 'ann has too much');
does('eve', 'AssignOrder', orderId => 'B1', deskUser => 'ann', reason => 'she has time again');
does('ben', 'AssignOrder', orderId => 'C1', deskUser => 'ann');
does('ben', 'ReleaseOrderFromDesk', orderId => 'D1', reason => 'small enough for everybody');
queue_is('three are with ann, and one is not for the desk', map { "ORDER|$_->[0]|CLAIMED|ann|$_->[1]|" } [ 'A1', 5000 ], [ 'B1', 3000 ], [ 'C1', 2000 ]);
does('sam', 'PlaceOrder', orderId => 'D1', children => [ { orderId => 'D1-M', clOrdID => 'M1', orderQty => 400, price => '72.50', destination => 'XLON' } ]);

# ------------------------------------------------------------------------
# one market order for three clients, at two brokers
# ------------------------------------------------------------------------

my @three = ({ orderId => 'A1', quantity => 5000, priority => 1 }, { orderId => 'B1', quantity => 3000, priority => 2 }, { orderId => 'C1', quantity => 2000, priority => 3 });
may_not('ben', 'OM008', 'the orders are with ann', 'CreateBlockOrder', orderId => 'K', clOrdID => 'K1', price => '72.50', members => \@three);
may_not('ann', 'OM005', 'its limit is worse than two of its members have', 'CreateBlockOrder', orderId => 'K', clOrdID => 'K1', price => '72.60', members => \@three);
does('ann', 'CreateBlockOrder', orderId => 'K', clOrdID => 'K1', price => '72.50', members => \@three);
members_are('made', 'A1|5000|0|0|live', 'B1|3000|0|0|live', 'C1|2000|0|0|live');
queue_is('nothing of them is left to place', map { "ORDER|$_|CLAIMED|ann|0|" } qw(A1 B1 C1));
may_not('ann', 'OM005', 'the block has it already', 'PlaceOrder', orderId => 'A1', children => [ { orderQty => 1, price => '72.50' } ]);
does('ann', 'PlaceOrder', orderId => 'K', children => [ { orderId => 'K-1', clOrdID => 'X1', orderQty => 6000, price => '72.50', destination => 'BRK1' }, { orderId => 'K-2', clOrdID => 'X2', orderQty => 4000, price => '72.50', destination => 'BRK2' } ]);
is(broker_says('BRK1', undef, 11 => 'X1', 17 => 'P1', 150 => 0, 39 => 0, 38 => 6000, 151 => 6000)->{state}{status}, 'NEW', 'broker BRK1 has it');
is(broker_says('BRK2', undef, 11 => 'X2', 17 => 'P2', 150 => 0, 39 => 0, 38 => 4000, 151 => 4000)->{state}{status}, 'NEW', 'broker BRK2 has it');

# ------------------------------------------------------------------------
# fills come, and not all of them are right
# ------------------------------------------------------------------------

fills('BRK1', 'the first', 'VALIDATED', 11 => 'X1', 17 => 'E1', 38 => 6000, 32 => 2000, 31 => '72.40', 14 => 2000, 151 => 4000, 6 => '72.40');
queue_is('what the block did is nobody\'s yet', 'ALLOCATION|K1|||0|2000', map { "ORDER|$_|CLAIMED|ann|0|" } qw(A1 B1 C1));

# wrong: beyond the limit, for which ann calls the broker, who corrects it
fills('BRK1', 'the dear one', 'REVIEW', 11 => 'X1', 17 => 'E2', 38 => 6000, 32 => 1000, 31 => '72.90', 14 => 3000, 151 => 3000, 6 => '72.5666666667');
review_is('one beyond the limit', 'E2|PRICE_BEYOND_LIMIT|1000|72.9');
is(value_of('SELECT trim_scale(executed_quantity) FROM oms.orders WHERE id = ?', 'K'), 2000, 'and it has moved nothing');
fills('BRK1', 'the dear one, right', 'VALIDATED', 11 => 'X1', 17 => 'E3', 19 => 'E2', 150 => 'G', 38 => 6000, 32 => 1000, 31 => '72.39', 14 => 3000, 151 => 3000, 6 => '72.3966666667');
review_is('the correction has taken its place');

# twice: the same again is a repeat; under the same ExecID another one is not, and is refused to the broker
is(broker_says('BRK1', undef, 11 => 'X1', 17 => 'E1', 38 => 6000, 32 => 2000, 31 => '72.40', 14 => 2000, 151 => 4000, 6 => '72.40')->{duplicate}, JSON::PP::true, 'the first again is a repeat');
fills('BRK1', 'a second E1', 'REVIEW', 11 => 'X1', 17 => 'E1', 38 => 6000, 32 => 700, 31 => '72.40', 14 => 3700, 151 => 2300);
review_is('an ExecID that is known, with another quantity', 'E1|DUPLICATE_EXEC_ID|700|72.4');
does('ben', 'RejectExecution', executionId => 'a second E1', reason => 'the broker does not know it', dkReason => 'OTHER');
review_is('nothing waits');
sees('what the broker is told of it', "SELECT string_agg(tag || '=' || value, ' ' ORDER BY n) FROM oms.fix_dont_know_trade('$fill{'a second E1'}') WITH ORDINALITY AS t (tag, name, value, n)",
	'35=Q 37=BRK1-X1 17=E1 127=Z 55=VOD 54=1 38=6000 32=700 31=72.4 58=the broker does not know it');

# for nobody: ann finds whose it is, and ben looks at it too
is(broker_says('BRK2', 'the stray', 11 => 'Y9', 17 => 'F1', 37 => 'NONE', 38 => 4000, 32 => 600, 31 => '72.45', 14 => 600, 151 => 3400, 6 => '72.45')->{state}{status}, 'REVIEW', 'broker BRK2 reports a fill of an order that nobody knows');
review_is('one of nobody', 'F1|UNKNOWN_ORDER|600|72.45');
does('ann', 'ApproveExecution', executionId => 'the stray', orderId => 'K-2', reason => 'the broker confirmed: it is X2');
may_not('ann', 'OM008', 'she has matched it', 'ApproveExecution', executionId => 'the stray');
does('ben', 'ApproveExecution', executionId => 'the stray');
is(value_of('SELECT status FROM oms.executions WHERE id = ?', $fill{'the stray'}), 'VALIDATED', 'it is booked with X2');
is(broker_says('BRK2', undef, 11 => 'Y9', 17 => 'F1', 37 => 'NONE', 38 => 4000, 32 => 600, 31 => '72.45', 14 => 600, 151 => 3400, 6 => '72.45')->{duplicate}, JSON::PP::true, 'and a repeat wherever it stands now');

# by telephone: typed by ann, and its report comes after it
does('ann', 'CreateManualExecution', orderId => 'K-2', executionId => 'T1', lastQty => 500, lastPx => '72.41', reason => 'by telephone', tradeDate => '2026-01-05');
review_is('what is typed waits for other eyes', '|FOUR_EYES|500|72.41');
is(($user{$_}->selectrow_array('SELECT client_cl_ord_id, why[1], may_approve FROM oms.execution_review'))[2], $_ eq 'ben' ? 1 : 0, "the queue of reviews says whether $_ may approve it") foreach qw(ann ben);
may_not('ann', 'OM008', 'she has typed it', 'ApproveExecution', executionId => 'T1');
does('ben', 'ApproveExecution', executionId => 'T1');
is(value_of('SELECT trim_scale(executed_quantity) FROM oms.orders WHERE id = ?', 'K'), 4100, 'the block has it');

# ------------------------------------------------------------------------
# each client gets a share, at one price
# ------------------------------------------------------------------------

my %pro_rata = (orderId => 'K', method => 'PRO_RATA');

# What is shown before is what comes, and to look at it writes nothing.
sub shares
{
	my ($name, @expected) = @_;
	my $said = 'SELECT (SELECT count(*) FROM oms.all_events), (SELECT md5(string_agg(o::text, \'\' ORDER BY id)) FROM oms.orders AS o), (SELECT md5(string_agg(e::text, \'\' ORDER BY id)) FROM oms.executions AS e)';
	my $before = rows_of($said);
	my $preview = does('ann', 'AllocateExecution', %pro_rata, preview => JSON::PP::true);
	my @shown = map { "$_->{orderId}|$_->{quantity}|$_->{value}" } @{ $preview->{allocations} };
	my %name = reverse %order;

	is(rows_of($said), $before, 'a preview writes nothing');
	my $result = does('ann', 'AllocateExecution', %pro_rata);
	is_deeply([ map { "$_->{orderId}|$_->{quantity}|$_->{value}" } @{ $result->{allocations} } ], \@shown, 'and shows what comes');
	is(join("\n", map { my ($id, @rest) = split /\|/; join '|', $name{$id}, @rest } @shown), join("\n", @expected), "the shares: $name");
	return;
}

shares('4,100 at 72.406097561', 'A1|2050|148432.5', 'B1|1230|89059.5', 'C1|820|59373');
members_are('4,100 are given', 'A1|5000|2050|148432.5|live', 'B1|3000|1230|89059.5|live', 'C1|2000|820|59373|live');
queue_is('nothing waits to be shared', map { "ORDER|$_|CLAIMED|ann|0|" } qw(A1 B1 C1));
clients_have('one average for all', 'A1|PARTIALLY_FILLED|2050|2950|72.406097561', 'B1|PARTIALLY_FILLED|1230|1770|72.406097561', 'C1|PARTIALLY_FILLED|820|1180|72.406097561', 'D1|NEW|0|400|0');

# the report of what was typed: it takes its place, and what clients have of it stays theirs
fills('BRK2', 'its report', 'REVIEW', 11 => 'X2', 17 => 'F2', 38 => 4000, 32 => 500, 31 => '72.41', 14 => 1100, 151 => 2900);
review_is('it looks like the one that was typed', 'F2|POSSIBLE_DUPLICATE|500|72.41');
does('ben', 'ApproveExecution', executionId => 'its report', supersedes => 'T1');
does('ann', 'ApproveExecution', executionId => 'its report');
sees('the typed one is taken back, the other one shared', 'SELECT coalesce(exec_id, id), status, trim_scale(allocated_quantity) FROM oms.executions WHERE superseded_execution_id IS NOT NULL OR superseding_execution_id IS NOT NULL ORDER BY 1', 'F2|ALLOCATED|500', 'T1|BUSTED|0');
members_are('as before', 'A1|5000|2050|148432.5|live', 'B1|3000|1230|89059.5|live', 'C1|2000|820|59373|live');

# a bust of what has been shared
fills('BRK1', undef, 'BUSTED', 11 => 'X1', 17 => 'E4', 19 => 'E1', 150 => 'H', 38 => 6000, 32 => 2000, 31 => '72.40', 14 => 1000, 151 => 5000, 6 => '72.39');
members_are('each gives back its part, and the rest is worth what is left', 'A1|5000|1050|76032.5|live', 'B1|3000|630|45619.5|live', 'C1|2000|420|30413|live');
adds_up('after a bust through the block');

# ------------------------------------------------------------------------
# a client leaves in the middle
# ------------------------------------------------------------------------

client_cancels('BETA', 'B1');
queue_is('his request is seen', map({ "ORDER|$_|CLAIMED|ann|0|" } qw(A1 B1 C1)), 'REQUEST|B1|CLAIMED|ann|0|CANCEL');
may_not('ann', 'OM005', 'the block has it', 'CancelOrder', orderId => 'B1');
my @two = ({ orderId => 'A1', quantity => 5000, priority => 1 }, { orderId => 'C1', quantity => 2000, priority => 3 });
may_not('ann', 'OM005', 'more works at the brokers than the others cover', 'ReplaceBlockMembers', orderId => 'K', members => \@two);
does('ann', 'RequestReplaceOrder', orderId => 'K-1', clOrdID => 'X1b', orderQty => 3630);
fills('BRK1', 'one on the way', 'VALIDATED', 11 => 'X1', 17 => 'E5', 38 => 6000, 32 => 300, 31 => '72.38', 14 => 1300, 151 => 4700, 6 => '72.3876923077');
is(broker_says('BRK1', undef, 11 => 'X1b', 41 => 'X1', 17 => 'P3', 150 => 5, 39 => 1, 38 => 3630, 44 => '72.50', 14 => 1300, 151 => 2330, 6 => '72.3876923077')->{state}{orderQty}, 3630, 'broker BRK1 works less');
may_not('ann', 'OM005', 'BETA gets its share of what was done before', 'ReplaceBlockMembers', orderId => 'K', members => \@two);
shares('300, fair over all that was given so far', 'A1|150|10857', 'B1|90|6514.2', 'C1|60|4342.8');
does('ann', 'ReplaceBlockMembers', orderId => 'K', members => \@two);
members_are('BETA is out, with what it has', 'A1|5000|1200|86889.5|live', 'B1|720|720|52133.7|released', 'C1|2000|480|34755.8|live');
sees('and cancelled by that', "SELECT status, trim_scale(executed_quantity), desk_status FROM oms.orders WHERE id = '$order{B1}'", 'CANCELLED|720|COMPLETED');
queue_is('the others go on', map { "ORDER|$_|CLAIMED|ann|0|" } qw(A1 C1));

# ------------------------------------------------------------------------
# late, and the rest
# ------------------------------------------------------------------------

does('ann', 'RequestCancelOrder', orderId => 'K-2', clOrdID => 'X2b');
is(broker_says('BRK2', undef, 11 => 'X2b', 41 => 'X2', 17 => 'F3', 150 => 4, 39 => 4, 38 => 4000, 14 => 1100, 151 => 0)->{state}{status}, 'CANCELLED', 'broker BRK2 is out');
fills('BRK2', 'the late one', 'VALIDATED', 11 => 'X2', 17 => 'F4', 38 => 4000, 32 => 200, 31 => '72.44', 14 => 1300, 151 => 0, 39 => 4);
sees('a fill after the cancel counts, and is flagged', 'SELECT status, trim_scale(executed_quantity), array_to_string(flags, \' \') FROM oms.orders WHERE id = \'K-2\'', 'CANCELLED|1300|LATE_FILL MANUAL');
does('ann', 'PlaceOrder', orderId => 'K', children => [ { orderId => 'K-3', clOrdID => 'X3', orderQty => 2790, price => '72.50', destination => 'BRK1' } ]);

# nobody goes round the other eyes by a bust either
does('ann', 'BustExecution', executionId => 'the late one', reason => 'too late for the client');
sees('it is still there', "SELECT status FROM oms.executions WHERE id = '$fill{'the late one'}'", 'VALIDATED');
review_is('what ann wants waits', '|FOUR_EYES|200|72.44');
does('ben', 'RejectExecution', executionId => value_of("SELECT execution_id FROM oms.execution_review"), reason => 'a fact is a fact');

fills('BRK1', 'the rest of X1', 'VALIDATED', 11 => 'X1b', 17 => 'E6', 38 => 3630, 32 => 2330, 31 => '72.36', 39 => 2, 14 => 3630, 151 => 0);
fills('BRK1', 'all of X3', 'VALIDATED', 11 => 'X3', 17 => 'E7', 38 => 2790, 32 => 2790, 31 => '72.353', 39 => 2, 14 => 2790, 151 => 0);
fills('BRK1', 'all of M1', 'ALLOCATED', 11 => 'M1', 17 => 'E8', 38 => 400, 32 => 400, 31 => '72.50', 39 => 2, 14 => 400, 151 => 0, 6 => '72.5');
sees('the block is done, and its members wait for their shares', "SELECT status, trim_scale(order_qty), trim_scale(executed_quantity - allocated_quantity) FROM oms.orders WHERE id = 'K'", 'FILLED|7720|5320');
shares('5,320, and it does not divide', 'A1|3800|274965.4785714286', 'C1|1520|109986.1914285714');

# ------------------------------------------------------------------------
# evening
# ------------------------------------------------------------------------

queue_is('empty');
review_is('empty');
sees('all of it is done', 'SELECT cl_ord_id, status, desk_status, desk_user FROM oms.orders WHERE desk_status IS NOT NULL ORDER BY created_at', 'A1|FILLED|COMPLETED|ann', 'B1|CANCELLED|COMPLETED|ann', 'C1|FILLED|COMPLETED|ann', 'D1|FILLED|RELEASED|');
members_are('over', 'A1|5000|5000|361854.9785714286|done', 'B1|720|720|52133.7|released', 'C1|2000|2000|144741.9914285714|done');
clients_have('what they have', 'A1|FILLED|5000|0|72.3709957143', 'B1|CANCELLED|720|0|72.4079166667', 'C1|FILLED|2000|0|72.3709957143', 'D1|FILLED|400|0|72.5');
sees('what a back office reads of each adds up to it',
	'SELECT c.cl_ord_id FROM oms.client_orders AS c JOIN oms.orders AS o USING (id) WHERE (o.executed_quantity, o.executed_value) IS DISTINCT FROM (SELECT (sum(a.quantity), sum(a.value)) FROM oms.allocated_trades AS a WHERE a.order_id = c.id)');
sees('clients have what brokers did, to the last decimal',
	q(SELECT trim_scale(sum(o.executed_quantity)), trim_scale(sum(o.executed_value)) FROM oms.client_orders AS c JOIN oms.orders AS o USING (id)),
	value_of(q(SELECT trim_scale(sum(b.quantity)) || '|' || trim_scale(sum(b.last_qty * b.last_px)) FROM oms.trade_blotter AS b)));
sees('which is', 'SELECT trim_scale(sum(quantity)), trim_scale(sum(value)), count(*) FROM oms.trade_blotter', '8120|587730.67|8');
adds_up('in the evening');

done_testing();
