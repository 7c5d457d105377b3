# Random commands for a tree that OmsModel keeps: most of them sensible, some not.  Everything
# random comes from rand(), so that a seed repeats a stream; ids begin with the tree's own prefix.

package OmsStream;

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use List::Util qw(first shuffle);
use OmsModel;

our @EXPORT = qw(random_command chance pick);

use constant MAX_DEPTH => 8;

sub chance { my ($percent) = @_; return rand(100) < $percent; }
sub pick { return $_[ int rand @_ ]; }

# makers by weight
my @MAKERS = (
	[ 24, \&create_child ], [ 6, \&place ], [ 30, \&fill ], [ 4, \&correct ], [ 3, \&bust ],
	[ 5, \&accept ], [ 2, \&reject ], [ 3, \&request_cancel ], [ 2, \&reject_cancel ], [ 4, \&cancel ],
	[ 5, \&request_replace ], [ 5, \&replace ], [ 3, \&reject_replace ], [ 2, \&suspend ], [ 2, \&resume ],
	[ 2, \&stop ], [ 2, \&done_for_day ], [ 2, \&restate ], [ 3, \&split_shares ], [ 1, \&calculate ],
	[ 1, \&expire ], [ 1, \&update ]);
my $WEIGHTS = 0;
$WEIGHTS += $_->[0] foreach @MAKERS;

# The next command for the tree; `$ids` is { prefix => …, last => number of the last id }.
sub random_command
{
	my ($model, $ids) = @_;
	return create_root($model, $ids) if !defined $model->{root};

	my $at = rand $WEIGHTS;
	my $maker = first { ($at -= $_->[0]) < 0 } @MAKERS;
	my $command = $maker->[1]->($model, $ids);

	$command->{text} = pick('x', 'Zürich', "two\nlines", '') if chance(3);
	$command->{transactTime} = '2020-03-02T11:14:36.393Z' if chance(3);
	return $command;
}

# as long as an id may be, now and then (and a little shorter, for a longer prefix when a difference is shrunk)
sub new_id
{
	my ($ids, $kind) = @_;
	my $id = "$ids->{prefix}-$kind" . ++$ids->{last};
	return chance(1) ? $id . '-' . 'x' x (236 - length $id) : $id;
}

# --- picking ---------------------------------------------------------------------------------

sub orders { my ($model) = @_; return map { $model->{orders}{$_} } sort keys %{ $model->{orders} }; }

# An order for which the test holds, mostly; any order now and then.
sub find
{
	my ($model, $test) = @_;
	my @all = orders($model);

	return pick(@all) if chance(12);
	return (first { $test->($_) } shuffle @all) // pick(@all);
}

sub order_command
{
	my ($type, $model, $order, %fields) = @_;
	my $command = { commandType => "${type}OrderCommand", orderId => $order->{id} };

	$command->{$_} = $fields{$_} foreach grep { defined $fields{$_} } keys %fields;
	$command->{orderId} = "$order->{id}-none" if chance(0.5);
	return $command;
}

# A share of so many units as a decimal of two places; mostly some, sometimes all, seldom too much.
sub part_of
{
	my ($units) = @_;
	my $percent = chance(15) ? 100 : chance(5) ? 100 + int rand 50 : 1 + int rand 60;
	# to the cent, mostly; to the last decimal too
	my $cent = chance(10) ? 1 : 10**(OmsModel::QTY_SCALE - 2);
	my $part = $units * $percent / 100;

	$part = ref $part ? $part : int $part;
	$part -= $part % $cent;
	return pick('1', '0.01', '7.5') if $part <= 0;
	return chance(0.5) ? pick('0', '-1') : OmsModel::decimal($part, OmsModel::QTY_SCALE);
}

sub price { return sprintf '%d.%0*d', 1 + int rand 200, @{ pick([ 1, int rand 10 ], [ 2, int rand 100 ], [ 4, int rand 10000 ], [ 10, int rand 1e10 ]) }; }

# --- makers ----------------------------------------------------------------------------------

sub create_root
{
	my ($model, $ids) = @_;
	my $command = {
		commandType => 'CreateOrderCommand', orderId => new_id($ids, 'o'), symbol => pick('VOD.L', 'BP.L'),
		side => pick('BUY', 'SELL', 'SELL_SHORT'), clOrdID => new_id($ids, 'c'), account => 'ACC'
	};

	if (chance(4)) { @$command{qw(cashOrderQty pending)} = ('10000', JSON::PP::true); }
	else { $command->{orderQty} = $model->{wide} ? '9' x (10 + int rand 19) . pick('.25', '.0000000001', '') : 100 * (1 + int rand 500); }
	$command->{pending} = JSON::PP::true if chance(30);
	$command->{timeInForce} = pick('DAY', 'GOOD_TILL_CANCEL') if chance(40);
	$command->{price} = price() if chance(50);
	return $command;
}

sub depth { my ($model, $order) = @_; return $order ? 1 + depth($model, $model->order($order->{parent})) : 0; }

# Each tree has its shape: the deepest order with room, or one near the root, or any.
sub with_room
{
	my ($model, $ids) = @_;
	my $shape = $ids->{shape} //= pick('deep', 'wide', 'any');
	my @room = grep { $model->unplaced($_) > 0 && depth($model, $_) < ($shape eq 'wide' ? 3 : MAX_DEPTH) } orders($model);

	return undef if !@room && !chance(10);
	return find($model, sub { 1 }) if !@room || chance(5);
	return $shape eq 'deep' && chance(70) ? (sort { depth($model, $b) <=> depth($model, $a) } @room)[0] : pick(@room);
}

sub child
{
	my ($model, $ids, $parent) = @_;
	my %child = (orderId => new_id($ids, 'o'), orderQty => part_of($model->unplaced($parent)));

	$child{clOrdID} = new_id($ids, 'c') if chance(70);
	$child{clOrdID} = pick(sort keys %{ $model->{cl_ord_ids} }) if chance(1);
	$child{timeInForce} = pick('DAY', 'GOOD_TILL_CANCEL') if chance(30);
	$child{price} = price() if chance(40);
	$child{symbol} = chance(10) ? 'OTHER' : $parent->{symbol} if chance(10);
	return \%child;
}

sub create_child
{
	my ($model, $ids) = @_;
	my $parent = with_room($model, $ids) or return fill($model, $ids);
	my $child = child($model, $ids, $parent);

	@$child{qw(commandType parentId)} = ('CreateOrderCommand', $parent->{id});
	$child->{orderId} = $parent->{id} if chance(1);
	$child->{side} = $parent->{side} eq 'BUY' ? 'SELL' : 'BUY' if chance(1);
	$child->{pending} = JSON::PP::true if chance(30);
	return $child;
}

sub place
{
	my ($model, $ids) = @_;
	my $parent = with_room($model, $ids) or return fill($model, $ids);
	my @children = map { child($model, $ids, $parent) } 1 .. 1 + int rand(chance(3) ? 40 : 4);
	return order_command('Place', $model, $parent, children => \@children);
}

# Mostly within the limit
sub fill_price
{
	my ($order) = @_;
	return price() if !$order->{limited} || chance(15);
	return $order->{side} eq 'BUY' ? pick('0.01', '0.0125') : pick('1000', '987.65') if chance(50) || $order->{price} % 10**6 != 0;
	return OmsModel::decimal($order->{price}, 10);
}

sub fill
{
	my ($model, $ids) = @_;
	my $order = find($model, sub { $model->leaves($_[0]) > 0 && (!@{ $_[0]{children} } || chance(10)) });
	my $command = order_command('Execute', $model, $order, executionId => new_id($ids, 'x'), execID => new_id($ids, 'e'),
		lastQty => part_of($model->leaves($order)), lastPx => fill_price($order));

	$command->{symbol} = chance(20) ? 'OTHER' : $order->{symbol} if chance(10);
	$command->{side} = chance(10) ? 'BUY' : $order->{side} if chance(10);
	if (chance(3) && @{ $order->{executions} })
	{
		my $old = pick(@{ $order->{executions} });
		$command->{execID} = $old->{execID};
		@$command{qw(lastQty lastPx)} = @$old{qw(lastQty lastPx)} if chance(50);
	}
	$command->{executionId} = pick(map { $_->{id} } grep { $_->{kind} eq 'FILL' } @{ $order->{executions} }) // $command->{executionId} if chance(0.5);
	return $command;
}

# Always named by the first id of its chain, or by "@" and that id: the newest of the chain.
sub execution_id
{
	my ($model, $ids) = @_;
	my @first = grep { $_->{kind} eq 'FILL' } map { $model->{executions}{$_} } sort keys %{ $model->{executions} };
	my @live = grep { $model->newest($_->{id})->{status} eq 'LIVE' } @first;
	my $execution = @live && !chance(10) ? pick(@live) : pick(@first);

	return $execution ? (chance(30) ? '@' : '') . $execution->{id} : "$ids->{prefix}-none";
}

sub correct
{
	my ($model, $ids) = @_;
	my $id = execution_id($model, $ids);
	my $old = $model->newest($id =~ s/^@//r);
	return {
		commandType => 'CorrectExecutionCommand', executionId => $id, execID => new_id($ids, 'e'),
		lastQty => $old ? part_of($old->{qty} * 2) : '1',
		lastPx => $old && defined $old->{order} && chance(70) ? fill_price($model->order($old->{order})) : price()
	};
}

sub bust
{
	my ($model, $ids) = @_;
	return {
		commandType => 'BustExecutionCommand', executionId => execution_id($model, $ids), execID => new_id($ids, 'e'),
		reason => 'venue'
	};
}

sub accept
{
	my ($model) = @_;
	my $order = find($model, sub { $_[0]{conditions}{PENDING_NEW} || $_[0]{conditions}{ACCEPTED_FOR_BIDDING} });
	return order_command('Accept', $model, $order,
		forBidding => chance(15) ? JSON::PP::true : undef,
		orderQty => $order->{cash} && !defined $order->{qty} ? '500' : undef);
}

sub open_order { my ($order) = @_; return !OmsModel::closed($order); }

# a root mostly lives on, or there would be nothing left to do
sub may_end { my ($model, $order) = @_; return open_order($order) && !$model->live_children($order) && ($order->{parent} || chance(5)); }
sub ending { my ($type, $model) = @_; return order_command($type, $model, find($model, sub { may_end($model, $_[0]) })); }
sub some_open { my ($type, $model, %fields) = @_; return order_command($type, $model, find($model, \&open_order), %fields); }

sub reject { my ($model) = @_; return { %{ ending('Reject', $model) }, reason => 'no' }; }
sub cancel { my ($model) = @_; return ending('Cancel', $model); }
sub expire { my ($model) = @_; return ending('Expire', $model); }
sub calculate { my ($model) = @_; return ending('Calculate', $model); }
sub suspend { my ($model) = @_; return some_open('Suspend', $model); }
sub done_for_day { my ($model) = @_; return some_open('DoneForDay', $model); }
sub resume { my ($model) = @_; return order_command('Resume', $model, find($model, sub { $_[0]{conditions}{SUSPENDED} })); }
sub update { my ($model) = @_; return some_open('Update', $model, attributes => { n => int rand 100 }); }

sub stop
{
	my ($model) = @_;
	my $order = find($model, \&open_order);
	my %guarantee = chance(50) ? (lastQty => part_of($model->leaves($order)), lastPx => price()) : ();
	return order_command('Stop', $model, $order, %guarantee);
}

sub request_cancel
{
	my ($model, $ids) = @_;
	my $order = find($model, sub { open_order($_[0]) && ($_[0]{parent} || chance(20)) });
	return order_command('RequestCancel', $model, $order, clOrdID => new_id($ids, 'c'), pending => chance(20) ? JSON::PP::false : undef);
}

sub request_of { my ($order, $kind) = @_; return first { $_->{kind} eq $kind } @{ $order->{requests} }; }

sub reject_request
{
	my ($type, $kind, $model, $ids) = @_;
	my $order = find($model, sub { request_of($_[0], $kind) });
	my $request = request_of($order, $kind);
	return order_command($type, $model, $order, clOrdID => $request ? $request->{clOrdID} : new_id($ids, 'c'));
}

sub reject_cancel { return reject_request('RejectCancel', 'CANCEL', @_); }
sub reject_replace { return reject_request('RejectReplace', 'REPLACE', @_); }

# More, or less, or the same quantity at another price
sub new_terms
{
	my ($model, $order) = @_;
	my $executed = $model->executed($order);
	my %terms = (price => price());
	my $qty = $order->{qty} // 0;

	return %terms if chance(15);
	$qty = chance(50) ? $qty + $qty * (1 + int rand 30) / 100 : $qty * (20 + int rand 80) / 100;
	$qty = $executed + ($order->{qty} // 0) / 4 if chance(20);
	$qty = ref $qty ? $qty : int $qty;
	$qty -= $qty % 10**(OmsModel::QTY_SCALE - 2);
	delete $terms{price} if chance(50);
	return (%terms, orderQty => $qty > 0 ? OmsModel::decimal($qty, OmsModel::QTY_SCALE) : '1');
}

sub request_replace
{
	my ($model, $ids) = @_;
	my $order = find($model, \&open_order);
	return order_command('RequestReplace', $model, $order, clOrdID => new_id($ids, 'c'), new_terms($model, $order),
		pending => chance(20) ? JSON::PP::false : undef);
}

# The answer to a request, or unasked
sub replace
{
	my ($model, $ids) = @_;
	my $order = find($model, sub { request_of($_[0], 'REPLACE') || chance(10) });
	my $request = request_of($order, 'REPLACE');

	return order_command('Replace', $model, $order, clOrdID => $request->{clOrdID}) if $request;
	return order_command('Replace', $model, $order, clOrdID => new_id($ids, 'c'), new_terms($model, $order));
}

sub restate
{
	my ($model) = @_;
	my $order = find($model, sub { $_[0]{conditions}{DONE_FOR_DAY} });
	my %terms = new_terms($model, $order);

	delete $terms{orderQty} if chance(50) || !defined $terms{orderQty} || $model->qty($terms{orderQty}) < $model->executed($order);
	return order_command('Restate', $model, $order, reason => 'REPRICING_OF_ORDER', %terms, price => price());
}

# Splits: of the whole tree or reported for one order, for the first time, again, or for a sibling; by thirds and sevenths;
# with every other term beside.  At most a few of a tree, or nothing would be left of it.
sub split_shares
{
	my ($model, $ids) = @_;
	my $order = chance(25) ? $model->order($model->{root}) : find($model, \&open_order);
	my $last = $ids->{split};
	my %split = (reason => 'GT_CORPORATE_ACTION');

	return update($model) if ($ids->{splits} // 0) >= ($model->{wide} ? 1 : 4) && !$last;
	if ($last && chance(60)) { $split{$_} = $last->{$_} foreach grep { defined $last->{$_} } qw(quantityFactor corporateActionId); }
	else
	{
		return update($model) if ($ids->{splits} // 0) >= ($model->{wide} ? 1 : 4);
		$ids->{splits}++;
		$split{quantityFactor} = pick(OmsModel::factors());
		$split{corporateActionId} = new_id($ids, 'a') if chance(70);
		$ids->{split} = {%split};
	}
	$split{execID} = new_id($ids, 'r') if chance(60);
	if (defined $order->{qty} && chance(35))
	{
		my $scaled = $model->scaled($order->{qty}, OmsModel::factor_units($split{quantityFactor}));
		my $other = $scaled + (ref $scaled ? $scaled / 2 : int($scaled / 2));
		$split{orderQty} = OmsModel::decimal(chance(70) ? $scaled : chance(50) ? $order->{qty} : $other, OmsModel::QTY_SCALE);
		delete $split{orderQty} if $split{orderQty} !~ /[1-9]/;
		# as FIX says it
		delete $split{quantityFactor} if defined $split{orderQty} && defined $split{execID} && chance(40);
	}
	$split{price} = price() if chance(20);
	$split{stopPx} = price() if chance(5);
	$split{timeInForce} = 'GOOD_TILL_CANCEL' if chance(5) && ($order->{tif} // '') eq 'GOOD_TILL_CANCEL';
	return order_command('Restate', $model, $order, %split);
}

1;
