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

my $node = oms_node('desk_day', conf => "fsync = off\nsession_preload_libraries = 'oms_state'\noms_state.four_eyes = on\noms_state.feed_roles = 'feed'\n");
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

adds_up('so far');
done_testing();
