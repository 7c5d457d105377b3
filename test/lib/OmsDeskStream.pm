# Random commands for a group of client orders and blocks that OmsDesk keeps: most of them sensible, some not.  Everything random comes
# from rand(), so that a seed repeats a stream; ids begin with the group's own prefix.

package OmsDeskStream;

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use List::Util qw(first shuffle);
use Math::BigInt;
use OmsBlocks;
use OmsShares qw(least most);

our @EXPORT = qw(new_group random_desk_command chance pick);

sub chance { my ($percent) = @_; return rand(100) < $percent; }
sub pick { return $_[ int rand @_ ]; }

# makers by weight
my @MAKERS = (
	[ 4, \&create_client ], [ 3, \&create_block ], [ 8, \&replace_members ], [ 6, \&create_child ], [ 26, \&fill_block ], [ 6, \&fill_client ],
	[ 24, \&allocate ], [ 4, \&deallocate ], [ 6, \&bust ], [ 7, \&correct ], [ 5, \&review ], [ 5, \&type_fill ], [ 12, \&tell_typed ], [ 3, \&cancel ], [ 2, \&request_cancel ],
	[ 1, \&reject_cancel ], [ 3, \&replace ], [ 1, \&end_member ],
	[ 3, \&split_orders ], [ 12, \&decide_proposal ]);
my $WEIGHTS = 0;
$WEIGHTS += $_->[0] foreach @MAKERS;

# What a group is like: whole numbers, decimals, lots, coins; how many clients; with limits or without; of one day or several.
sub new_group
{
	my ($prefix) = @_;
	my $kind = pick('whole', 'whole', 'lots', 'decimals', 'coins');
	return {
		prefix => $prefix, last => 0, kind => $kind, side => pick('BUY', 'SELL'),
		clients => chance(70) ? 2 + int rand 4 : 2 + int rand 19,
		step => $kind eq 'lots' ? pick(1, 10, 50) : $kind eq 'whole' ? 1 : 0, decimals => $kind eq 'decimals' ? 1 + int rand 3 : $kind eq 'coins' ? 8 : 0,
		lots => $kind eq 'lots' ? [ pick([100], [100], [50], [ 100, 50, undef ]) ]->[0] : $kind eq 'coins' ? [ pick('0.00000001', '0.001', undef) ] : [undef],
		limits => chance(25), days => chance(30) ? [qw(2026-03-02 2026-03-03 2026-03-04)] : [undef], priorities => pick(3, 20), splits => chance(25),
		eyes => chance(30) ? pick({ fills => 1 }, { allocations => 1 }, { fills => 1, allocations => 1 }) : {}
	};
}

# Where two have to be asked, most of what venues tell is told by their feed; that alone corrects and busts.
sub random_desk_command
{
	my ($model, $group) = @_;
	my $command = random_command($model, $group);

	return $command if !$command || !%{ $group->{eyes} };
	return $command if defined $command->{as};
	return { %$command, as => 'feed' } if $command->{commandType} =~ /^(CorrectExecution|BustExecution)/ || ($command->{commandType} =~ /^ExecuteOrder/ && chance(85));
	return { %$command, as => pick('anna', 'ben', 'ben', chance(10) ? 'feed' : 'anna') };
}

sub random_command
{
	my ($model, $group) = @_;

	return create_client($model, $group) if $model->clients < $group->{clients};
	return create_block($model, $group) if !$model->blocks;
	my $at = rand $WEIGHTS;
	my $maker = first { ($at -= $_->[0]) < 0 } @MAKERS;
	return $model->looking(sub { $maker->[1]->($model, $group) // fill_block($model, $group) // create_block($model, $group) // create_client($model, $group) });
}

# --- picking ---------------------------------------------------------------------------------

sub new_id { my ($group, $kind) = @_; return "$group->{prefix}-$kind" . ++$group->{last}; }
sub command { my ($type, %fields) = @_; delete @fields{ grep { !defined $fields{$_} } keys %fields }; return { commandType => "${type}Command", %fields }; }

# One for which the test holds, mostly; any now and then.
sub find { my ($test, @all) = @_; return chance(6) ? pick(@all) : first { $test->($_) } shuffle @all; }

# As much as the group's numbers allow of so many units, in units; mostly a part, sometimes all
sub part_of
{
	my ($group, $units, $most) = @_;
	my $step = $group->{step} ? Math::BigInt->new($group->{step})->bmul(10**10) : Math::BigInt->new(10)->bpow(10 - $group->{decimals});
	my $part = chance(20) && !$most ? $units : $units * (1 + int rand($most // 100)) / 100;

	$part = $part - $part % $step if $part != $units;
	$part = least($step, $units) if $part <= 0;
	return chance(2) ? $units + $step : $part;
}

sub text { my ($units) = @_; return chance(0.5) ? '0' : OmsBlocks::decimal($units, 10); }
sub amount { my ($group, $units, $most) = @_; return text(part_of($group, $units, $most)); }

sub price
{
	my ($group) = @_;
	return sprintf '%d.%02d', 60000 + int rand 500, int rand 100 if $group->{kind} eq 'coins';
	return sprintf '%.*f', pick(0, 1, 2, 4), 9.5 + rand 1;
}

# no worse than all others of the group, or nearly
sub limit
{
	my ($group, $good) = @_;
	my $off = $good ? 1 + int rand 3 : 0;
	my $base = $group->{kind} eq 'coins' ? 60250 : 10;
	return sprintf '%.1f', $base * ($group->{side} eq 'BUY' ? 1 + $off / 100 : 1 - $off / 100);
}

sub some_block { my ($model, $test) = @_; return find($test // sub { !OmsBlocks::closed($_[0]) }, $model->blocks); }

# --- orders ----------------------------------------------------------------------------------

sub create_client
{
	my ($model, $group) = @_;
	return undef if $model->clients > $group->{clients} + 3;
	my $lot = pick(@{ $group->{lots} });
	my $whole = $group->{kind} eq 'coins' ? '0.' . (1 + int rand 99) : 100 * (1 + int rand 30) + (chance(30) ? int rand 100 : 0);
	$whole .= '.' . (1 + int rand 9) if $group->{decimals} && $group->{kind} ne 'coins' && chance(50);
	return command('CreateOrder', orderId => new_id($group, 'm'), symbol => chance(1) ? 'Y' : 'X', side => chance(1) ? 'SELL_SHORT' : $group->{side}, orderQty => $whole,
		price => $group->{limits} && chance(60) ? limit($group, 1) : undef, attributes => $lot ? { roundLot => $lot } : undef);
}

sub memberships
{
	my ($model, $group, $block, @clients) = @_;
	return map {
		my $has = $block && $block->{members}{ $_->{id} } ? $model->membership($block, $_->{id}) : Math::BigInt->bzero;
		my $free = $model->unplaced($_);
		my $qty = $has + ($free > 0 ? part_of($group, $free) : $has > 0 ? 0 : Math::BigInt->new(10)->bpow(10));
		{ orderId => $_->{id}, quantity => text($qty), priority => 1 + int rand $group->{priorities} }
	} @clients;
}

# a stranger among them is refused
sub fits_group { my ($group, $order) = @_; return $order->{side} eq $group->{side} && $order->{symbol} eq 'X' || chance(1); }

sub create_block
{
	my ($model, $group) = @_;
	return undef if $model->blocks >= 4;
	my @free = grep { $model->unplaced($_) > 0 && !$_->{cancel} && fits_group($group, $_) || chance(0.5) } shuffle $model->clients;
	return undef if !@free;
	my $number = chance(60) ? @free : 1 + int rand @free;
	@free = @free[ 0 .. least($number, 20) - 1 ];
	my @members = memberships($model, $group, undef, @free);
	push @members, { orderId => pick("$group->{prefix}-none", map { $_->{id} } $model->all_orders), quantity => 1, priority => 1 } if chance(2);
	my $limit = (grep { defined $_->{price} } @free) && !chance(3) ? limit($group, 0) : undef;
	return command('CreateBlockOrder', orderId => new_id($group, 'b'), members => \@members, price => $limit);
}

# Somebody goes, comes, has less or more; the others stay as they are.
sub replace_members
{
	my ($model, $group) = @_;
	my $block = some_block($model, sub { !OmsBlocks::closed($_[0]) && !chance(50) }) or return undef;
	my @stay = shuffle grep { !$block->{members}{$_}{released} } sort keys %{ $block->{members} };
	my @members;

	splice @stay, 0, 1 + int rand 2 if @stay > 1 && chance(35);
	foreach my $id (@stay)
	{
		my $member = $block->{members}{$id};
		my $qty = $member->{qty};
		my $lacks = $model->lacks($block, $id);
		$qty = $qty - part_of($group, $lacks) if $lacks > 0 && chance(15);
		$qty = $qty + part_of($group, $model->unplaced($model->order($id))) if $model->unplaced($model->order($id)) > 0 && chance(15);
		next if $qty <= 0;
		push @members, { orderId => $id, quantity => text($qty), priority => chance(90) ? $member->{priority} : 1 + int rand $group->{priorities} };
	}
	my @new = grep { my $member = $block->{members}{ $_->{id} }; (!$member || $member->{released}) && $model->unplaced($_) > 0 && !$_->{cancel} && fits_group($group, $_) } shuffle $model->clients;
	push @members, memberships($model, $group, $block, @new[ 0 .. least(scalar @new, 1 + int rand 3) - 1 ]) if @new && chance(60);
	return undef if !@members || @members > 20;
	return command('ReplaceBlockMembers', orderId => $block->{id}, members => \@members);
}

sub create_child
{
	my ($model, $group) = @_;
	my $parent = find(sub { $model->unplaced($_[0]) > 0 && !$_[0]{cancel} && (!defined $_[0]{parent} || chance(20)) }, $model->all_orders) or return undef;
	my $free = $model->unplaced($parent);
	return command('CreateOrder', orderId => new_id($group, 'o'), parentId => $parent->{id}, orderQty => amount($group, $free > 0 ? $free : Math::BigInt->new(10)->bpow(10), 60));
}

# --- fills -----------------------------------------------------------------------------------

sub fill
{
	my ($model, $group, $order) = @_;
	my $free = least($model->leaves($order), chance(95) ? most($model->unplaced($order), Math::BigInt->bzero) : $model->leaves($order));
	return undef if $free <= 0 && !chance(5);
	return command('ExecuteOrder', orderId => $order->{id}, executionId => new_id($group, 'x'), execID => new_id($group, 'e'),
		lastQty => $free > 0 ? amount($group, $free, chance(60) ? 35 : undef) : '1', lastPx => price($group), tradeDate => pick(@{ $group->{days} }));
}

sub fill_block
{
	my ($model, $group) = @_;
	my $order = find(sub { my $order = shift; $model->unplaced($order) > 0 && OmsBlocks::block($model->root($order)) }, $model->all_orders) or return undef;
	return fill($model, $group, $order);
}

sub fill_client
{
	my ($model, $group) = @_;
	my $order = find(sub { my $order = shift; $model->unplaced($order) > 0 && !OmsBlocks::block($model->root($order)) && (defined $order->{parent} || chance(10)) }, $model->all_orders)
	  or return undef;
	return fill($model, $group, $order);
}

# By the first id of its chain, or by "@" and that id: the newest of the chain
sub first_of { my ($model, $execution) = @_; my ($before) = grep { ($_->{corrected_by} // '') eq $execution->{id} } $model->all_executions; return $before ? first_of($model, $before) : $execution->{id}; }
# not one whose correction waits in review, nor that correction
sub execution
{
	my ($model, $test) = @_;
	my %waits = map { $_->{held} ? ($_->{id} => 1, $_->{held}{id} => 1) : () } $model->all_executions;
	return find($test, grep { !$waits{ $_->{id} } } $model->all_executions);
}

sub in_block { my ($model, $execution) = @_; return OmsBlocks::block($model->root($model->order($execution->{order}))); }

# What somebody types, now and then what a venue has told already
sub type_fill
{
	my ($model, $group) = @_;
	my $command = (chance(70) ? fill_block($model, $group) : fill_client($model, $group)) or return undef;
	my $told = chance(20) ? execution($model, sub { !$_[0]{typed} && $_[0]{status} eq 'LIVE' }) : undef;

	delete $command->{execID};
	@$command{qw(orderId lastQty lastPx)} = ($told->{order}, map { OmsBlocks::decimal($_, 10) } @$told{qw(last px)}) if $told;
	return { %$command, commandType => 'CreateManualExecutionCommand', reason => 'by telephone', chance(50) ? (confirm => JSON::PP::true) : () };
}

# What was typed is told by its venue, sometimes for another day; then the one replaces the other, mostly.
sub tell_typed
{
	my ($model, $group) = @_;
	my $some = execution($model, sub { $_[0]{typed} && $_[0]{status} eq 'LIVE' && (@{ $_[0]{entries} } || chance(30)) });
	my $typed = $some && $some->{typed} ? $some : return undef;
	my ($told) = grep { $_->{status} eq 'REVIEW' && OmsHands::alike($_, $typed) } $model->counterparts($model->order($typed->{order}), $typed, 0);
	return command('ApproveExecution', executionId => $told->{id}, supersedes => chance(95) ? $typed->{id} : pick(map { $_->{id} } $model->all_executions),
		reason => 'told', confirm => chance(60) ? JSON::PP::true : undef) if $told && !chance(10);
	return command('ExecuteOrder', orderId => $typed->{order}, executionId => new_id($group, 'x'), execID => new_id($group, 'e'),
		(map { ("last$_->[0]" => OmsBlocks::decimal($typed->{ $_->[1] }, 10)) } [ Qty => 'last' ], [ Px => 'px' ]),
		tradeDate => chance(70) ? $typed->{pool} || undef : pick(@{ $group->{days} }));
}

sub bust
{
	my ($model, $group) = @_;
	my $execution = execution($model, sub { $_[0]{status} eq 'LIVE' && (in_block($model, $_[0]) || chance(20)) }) or return undef;
	return command('BustExecution', executionId => first_of($model, $execution), execID => new_id($group, 'e'), reason => 'venue');
}

sub correct
{
	my ($model, $group) = @_;
	my $execution = execution($model, sub { $_[0]{status} eq 'LIVE' && (in_block($model, $_[0]) || chance(20)) }) or return undef;
	# who corrects what was typed has typed
	return undef if $execution->{typed} || $execution->{replaces};
	my ($qty, $px) = map { OmsBlocks::decimal($_, 10) } @$execution{qw(last px)};
	my $kind = rand 100;
	return command('CorrectExecution', executionId => first_of($model, $execution), execID => new_id($group, 'e'),
		lastQty => $kind < 35 ? $qty : amount($group, $kind < 80 ? $execution->{last} : $execution->{last} * 2), lastPx => $kind < 35 || chance(20) ? price($group) : $px,
		tradeDate => defined $group->{days}[0] && chance(35) ? pick(@{ $group->{days} }) : undef);
}

sub review
{
	my ($model, $group) = @_;
	my %corrects = map { $_->{held} ? ($_->{held}{id} => 1) : () } $model->all_executions;
	my $execution = first { $_->{status} eq 'REVIEW' && !$corrects{ $_->{id} } } shuffle $model->all_executions or return undef;
	return command('RejectExecution', executionId => $execution->{id}, reason => 'no') if chance(40);
	return command('ApproveExecution', executionId => $execution->{id}, reason => 'seen', confirm => chance(60) ? JSON::PP::true : undef);
}

# What somebody wants to be allocated, or taken back, of a fill; he may try it alone
sub decide_proposal
{
	my ($model, $group) = @_;
	my $execution = first { $_->{proposal} } shuffle $model->all_executions or return undef;
	my $who = chance(25) ? $execution->{proposal}{as} : undef;
	return command('RejectExecution', executionId => $execution->{id}, reason => 'no', as => $who) if chance(20);
	return command('ApproveExecution', executionId => $execution->{id}, reason => 'seen', confirm => chance(50) ? JSON::PP::true : undef, as => $who);
}

# --- allocation ------------------------------------------------------------------------------

sub allocate
{
	my ($model, $group) = @_;
	my $block = some_block($model, sub { $model->unallocated($_[0]) > 0 }) // pick($model->clients);
	my @pools = OmsBlocks::block($block) ? $model->pools($block) : ();
	my $left = @pools ? $model->left_in($block, $pools[0]) : Math::BigInt->new(10)->bpow(11);
	my %what = (orderId => $block->{id});

	if (chance(15))
	{
		my $execution = execution($model, sub { my $one = shift; $one->{status} eq 'LIVE' && in_block($model, $one) && OmsBlocks::allocated_of($one) < $one->{qty} });
		if ($execution)
		{
			%what = (executionId => '@' . first_of($model, $execution), reason => chance(95) ? 'this one' : undef);
			$left = $execution->{qty} - OmsBlocks::allocated_of($execution);
			$block = $model->root($model->order($execution->{order}));
			@pools = ('');
		}
	}
	my @how = (method => pick(qw(PRO_RATA PRO_RATA PRO_RATA PRIORITY EQUAL)));
	push @how, weights => pick('MEMBERSHIP', 'LEAVES') if $how[1] eq 'PRO_RATA' && chance(25);
	push @how, quantity => amount($group, $left) if $left > 0 && chance(25);
	@how = by_hand($model, $group, $block, $left) if OmsBlocks::block($block) && @pools < 2 && chance($group->{eyes}{allocations} ? 60 : 30);
	return command('AllocateExecution', %what, @how, confirm => chance(10) ? JSON::PP::true : undef);
}

sub by_hand
{
	my ($model, $group, $block, $left) = @_;
	my @parts;
	foreach my $id (shuffle grep { $model->lacks($block, $_) > 0 } sort keys %{ $block->{members} })
	{
		my $part = part_of($group, chance(2) ? $left : least($left, $model->lacks($block, $id)));
		next if $part <= 0 || @parts > 4;
		push @parts, { orderId => $id, quantity => text($part) };
		$left -= $part;
		last if $left <= 0;
	}
	push @parts, { orderId => pick(grep { my $id = $_; !grep { $_->{orderId} eq $id } @parts } map { $_->{id} } $model->clients) // 'none', quantity => '1' } if !@parts || chance(2);
	return (allocations => \@parts);
}

sub deallocate
{
	my ($model, $group) = @_;
	my $execution = execution($model, sub { $_[0]{status} eq 'LIVE' && in_block($model, $_[0]) && @{ $_[0]{entries} } }) or return undef;
	my $entry = pick(@{ $execution->{entries} });
	return command('DeallocateExecution', executionId => '@' . first_of($model, $execution), orderId => $entry && chance(50) ? $entry->{member} : undef, reason => 'wrong');
}

# --- ends ------------------------------------------------------------------------------------

sub cancel
{
	my ($model, $group) = @_;
	my $order = find(sub { my $order = shift; $model->live($order) && !$model->held($order) && (defined $order->{parent} || (OmsBlocks::block($order) ? chance(15) : chance(10))) },
		$model->all_orders) or return undef;
	return command('CancelOrder', orderId => $order->{id});
}

sub request_cancel
{
	my ($model, $group) = @_;
	my $order = find(sub { my $order = shift; $model->live($order) && $model->held($order) && chance(50) }, grep { !$_->{cancel} } $model->all_orders) or return undef;
	return command('RequestCancelOrder', orderId => $order->{id}, clOrdID => new_id($group, 'c'), pending => chance(30) ? JSON::PP::false : undef);
}

sub reject_cancel
{
	my ($model, $group) = @_;
	my $order = first { $_->{cancel} } shuffle $model->all_orders or return undef;
	return command('RejectCancelOrder', orderId => $order->{id}, clOrdID => $order->{cancel}{clOrdID});
}

sub replace
{
	my ($model, $group) = @_;
	my $order = find(sub { my $order = shift; $model->live($order) && !defined $order->{parent} }, $model->all_orders) or return undef;
	return undef if defined $order->{parent};
	return command('ReplaceOrder', orderId => $order->{id}, price => limit($group, chance(50))) if defined $order->{price} && chance(50);
	return undef if OmsBlocks::block($order);
	my $qty = chance(60) ? $order->{qty} + part_of($group, $order->{qty}) : part_of($group, $order->{qty});
	return command('ReplaceOrder', orderId => $order->{id}, orderQty => OmsBlocks::decimal($qty, 10));
}

# --- corporate actions -----------------------------------------------------------------------

# Of whatever order, open or not; quantities stay what people write.
sub split_orders
{
	my ($model, $group) = @_;
	return undef if !$group->{splits};
	my $order = find(sub { !OmsBlocks::closed($_[0]) }, $model->all_orders) or return undef;
	my $small = $order->{qty} < Math::BigInt->new(10)->bpow($group->{kind} eq 'coins' ? 9 : 12);
	my $large = $order->{qty} > Math::BigInt->new(10)->bpow($group->{kind} eq 'coins' ? 11 : 14);
	my @factors = ($large ? () : qw(2 3 1.5 1.1 10), $small ? () : qw(0.5 0.1 0.33333333333333333333 0.14285714285714285714 0.9), chance(10) ? qw(0.0000001) : ());
	my @known = sort map { keys %{ $_->{actions} } } $model->all_orders;
	# one that has come to all is refused; to some, it is nobody's wish
	my ($again) = grep { my $action = $_; !/^by / && !grep { !$_->{actions}{$action} } $model->tied($order) } shuffle @known;

	return command('RestateOrder', orderId => $order->{id}, quantityFactor => pick(@factors), corporateActionId => $again && chance(10) ? $again : new_id($group, 'z'));
}

# Nothing ends a member of a live block.
sub end_member
{
	my ($model, $group) = @_;
	my $order = first { $model->live_blocks($_) } shuffle $model->clients or return undef;
	return command(pick('CancelOrder', 'DoneForDayOrder', 'RejectOrder'), orderId => $order->{id}, reason => 'no');
}

1;
