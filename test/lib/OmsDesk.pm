# Commands on client orders and blocks, as OmsBlocks keeps them: what must be refused and what becomes of what is accepted.
#
# refusals() gives ({ SQLSTATE => { rule => 1 } } that refuse it, the same of what may refuse it); a rule '' stands for any.

package OmsDesk;

use strict;
use warnings;

use parent 'OmsSplits';

use List::Util qw(any first);
use Math::BigInt;
use OmsShares qw(least most);
use Storable qw(dclone);

BEGIN { no strict 'refs'; *{$_} = \&{"OmsBlocks::$_"} foreach qw(zero total qty positive block closed allocated_of); }

sub refusals
{
	my ($self, $command) = @_;
	my ($must, $may) = ({}, {});
	my $type = $command->{commandType} =~ s/Command$//r;
	my $check = $self->can("refuse_$type") or die "no such command in the model: $type";
	my $order = $self->order($command->{orderId});

	if ($type =~ /Order$/ && $type !~ /^Create|^Execute/ && !$order) { no_such($must); }
	else { $self->looking(sub { $self->$check($command, $order, $must, $may); }); }
	if (any { defined $command->{$_} && !positive($command->{$_}) } qw(orderQty lastQty quantity)) { $must->{OM001}{''} = 1; }
	if (any { !positive($_->{quantity}) } @{ $command->{members} // [] }) { $must->{OM001}{''} = 1; }
	# nothing is a quantity for one of several
	my @parts = @{ $command->{allocations} // [] };
	if (any { !positive($_->{quantity}) } @parts) { ((any { positive($_->{quantity}) } @parts) ? $may : $must)->{OM001}{''} = 1; }
	return ($must, $may);
}

sub rule { my ($what, @rules) = @_; $what->{OM005}{$_} = 1 foreach @rules; return; }
sub state_error { my ($what) = @_; $what->{OM004}{''} = 1; return; }
sub no_such { my ($what) = @_; $what->{OM003}{''} = 1; return; }
sub duplicate { my ($what) = @_; $what->{OM007}{''} = 1; return; }

# --- client orders and what is below them ----------------------------------------------------

# Is one price worse than another for who buys or sells?  One without a limit is worst.
sub worse
{
	my ($order, $px, $than) = @_;
	return 0 if !defined $than;
	return 1 if !defined $px;
	return $order->{side} eq 'BUY' ? $px > $than : $px < $than;
}

sub refuse_CreateOrder
{
	my ($self, $command, $order, $must, $may) = @_;

	duplicate($must) if $order;
	return unless defined $command->{parentId};
	my $parent = $self->order($command->{parentId}) or return no_such($must);
	state_error($must) if closed($parent) || $self->filled($parent);
	rule($must, 'cancel_requested') if $parent->{cancel};
	rule($must, 'over_placed') if qty($command->{orderQty}) > $self->unplaced($parent);
	return;
}

sub refuse_CancelOrder
{
	my ($self, $command, $order, $must, $may) = @_;

	state_error($must) if closed($order) || $self->filled($order);
	rule($must, 'live_children') if $self->live_children($order);
	rule($must, 'live_block') if $self->live_blocks($order);
	return;
}

# These are sent only to orders in a live block
sub refuse_DoneForDayOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	$self->refuse_CancelOrder($command, $order, $must, $may);
	return;
}
sub refuse_RejectOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	$self->refuse_CancelOrder($command, $order, $must, $may);
	state_error($must) if $self->executed($order) > 0;
	return;
}

sub refuse_RequestCancelOrder
{
	my ($self, $command, $order, $must, $may) = @_;

	state_error($command->{pending} // 1 ? $must : $may) if closed($order);
	state_error($may) if $self->filled($order) || $order->{cancel};
	rule($may, '') if $order->{cancel};
	duplicate($must) if $self->{cl_ord_ids}{ $command->{clOrdID} };
	return;
}

sub refuse_RejectCancelOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	if (!$order->{cancel} || $order->{cancel}{clOrdID} ne $command->{clOrdID}) { state_error($must); no_such($may); }
	return;
}

sub refuse_ReplaceOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	my $qty = qty($command->{orderQty});
	my $executed = $self->executed($order);

	state_error($must) if closed($order) || ($self->filled($order) && !(defined $qty && $qty > $executed));
	state_error($may) if $order->{cancel};
	if (defined $qty && $qty < $order->{qty} && $self->held($order) && ($qty < $executed + $self->reserved($order) || $qty <= $executed))
	{
		rule($must, 'below_placed', 'live_block', 'live_children');
	}
	return if !defined $command->{price} || !defined $order->{price};
	my $px = qty($command->{price});
	if (block($order))
	{
		my @limited = grep { worse($order, $px, $self->order($_)->{price}) } keys %{ $order->{members} };
		rule((any { $self->lacks($order, $_) > 0 } @limited) ? $must : $may, 'member_limit') if @limited;
		return;
	}
	foreach my $block (grep { worse($order, $_->{price}, $px) } $self->memberships($order))
	{
		rule($self->lacks($block, $order->{id}) > 0 ? $must : $may, 'member_limit');
	}
	return;
}

# --- blocks ----------------------------------------------------------------------------------

# One who is to be a member, or to have more of it
sub refuse_member
{
	my ($self, $block, $terms, $given, $must, $may) = @_;
	my $order = $self->order($given->{orderId}) or return no_such($must);
	my $member = $block ? $block->{members}{ $order->{id} } : undef;
	my $more = positive($given->{quantity}) ? qty($given->{quantity}) - ($member ? $self->membership($block, $order->{id}) : 0) : 0;

	if (block($order) || defined $order->{parent}) { $must->{OM005}{''} = 1; $may->{OM004}{''} = 1; return; }
	return if $more <= 0;
	rule($must, 'member_differs') if $order->{side} ne $terms->{side} || $order->{symbol} ne $terms->{symbol};
	rule($must, 'member_limit') if worse($terms, $terms->{price}, $order->{price});
	rule($must, 'over_placed', 'unplaced') if $more > $self->unplaced($order);
	if (closed($order) || $self->filled($order)) { state_error($must); }
	rule($must, '') if $order->{cancel};
	state_error($may) if $order->{cancel};
	return;
}

# A block without a limit of its own has the one that all its members have.
sub block_price
{
	my ($self, $command) = @_;
	return qty($command->{price}) if defined $command->{price};
	my @prices = map { ($self->order($_->{orderId}) // {})->{price} } @{ $command->{members} };
	return (any { !defined $_ || $_ != $prices[0] } @prices) ? undef : $prices[0];
}

sub refuse_CreateBlockOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	my @given = @{ $command->{members} };
	my $first = $self->order($given[0]{orderId}) // { side => 'BUY', symbol => '' };
	my %seen;

	duplicate($must) if $order;
	if (any { $seen{ $_->{orderId} }++ } @given) { $must->{OM001}{''} = $must->{OM005}{''} = $must->{OM007}{''} = 1; }
	$self->refuse_member(undef, { %$first, price => $self->block_price($command) }, $_, $must, $may) foreach @given;
	rule($must, 'over_placed') if defined $command->{orderQty} && qty($command->{orderQty}) > total(map { qty($_->{quantity}) } grep { positive($_->{quantity}) } @given);
	return;
}

# What the members of a block would be: { id => units }
sub members_then
{
	my ($self, $block, $command) = @_;
	my %then = map { $_->{orderId} => qty($_->{quantity}) } grep { positive($_->{quantity}) } @{ $command->{members} };
	# who is left out keeps what he has
	foreach my $id (grep { !defined $then{$_} && $self->given($block, $_) > 0 } keys %{ $block->{members} }) { $then{$id} = $self->given($block, $id); }
	return \%then;
}

sub refuse_ReplaceBlockMembers
{
	my ($self, $command, $block, $must, $may) = @_;
	return no_such($must) if !$block;
	return rule($must, 'not_a_block') if !block($block);
	my %listed = map { $_->{orderId} => qty($_->{quantity}) } grep { positive($_->{quantity}) } @{ $command->{members} };
	my $then = $self->members_then($block, $command);
	my $covered = total(values %$then);
	my (@less, @gone);

	# for what it has filled beyond its members a closed one may have more of them
	if (closed($block)) { state_error($may); rule($may, ''); }
	if ($self->filled($block)) { state_error($may); }
	if ($block->{cancel}) { rule($may, ''); state_error($may); }
	$self->refuse_member($block, $block, $_, $must, $may) foreach @{ $command->{members} };
	foreach my $id (grep { !$block->{members}{$_}{released} } keys %{ $block->{members} })
	{
		my $lacks = $self->lacks($block, $id) > 0;
		if (!defined $listed{$id}) { push @gone, $lacks; }
		elsif ($listed{$id} < $block->{members}{$id}{qty}) { push @less, $lacks; }
		rule($must, '') if defined $listed{$id} && $listed{$id} < $self->given($block, $id);
	}
	if ((@less || @gone) && $self->unallocated($block) > 0) { rule((any { $_ } @less, @gone) ? $must : $may, 'block_filled'); }
	rule($must, 'below_placed') if $covered < $self->covered($block) && $covered < $self->executed($block) + $self->reserved($block);
	return;
}

# --- fills -----------------------------------------------------------------------------------

sub booking
{
	my ($self, $command) = @_;
	my $order = $self->order($command->{orderId});
	return ('REVIEW', 'OVERFILL') if $self->executed($order) + qty($command->{lastQty}) > $order->{qty};
	return ('REVIEW', 'PRICE_BEYOND_LIMIT') if worse($order, qty($command->{lastPx}), $order->{price});
	return ('REVIEW', 'POSSIBLE_DUPLICATE') if $command->{commandType} eq 'ExecuteOrderCommand' && $self->counterparts($order, OmsHands::of_command($command), 1);
	return ('LIVE', '');
}

sub refuse_ExecuteOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	duplicate($must) if $self->{executions}{ $command->{executionId} };
	return;
}

sub refuse_ApproveExecution
{
	my ($self, $command, undef, $must, $may) = @_;
	my $execution = $self->newest($command->{executionId}) or return no_such($must);
	if ($execution->{status} ne 'REVIEW') { state_error($must); rule($may, ''); }
	# who approves has seen the reasons: others may have come
	rule($may, 'new_reason') if $command->{commandType} eq 'ApproveExecutionCommand' && !$command->{confirm};
	$self->refuse_superseding($command, $execution, $must) if defined $command->{supersedes};
	return;
}
sub refuse_RejectExecution { goto &refuse_ApproveExecution; }

sub refuse_CorrectExecution
{
	my ($self, $command, undef, $must, $may) = @_;
	my $execution = $self->newest($command->{executionId}) or return no_such($must);
	state_error($must) if $execution->{status} =~ /^(BUSTED|REJECTED)$/;
	state_error($may) if $execution->{status} eq 'REVIEW';
	return;
}
sub refuse_BustExecution { goto &refuse_CorrectExecution; }

# --- allocation ------------------------------------------------------------------------------

# The block that a command names, itself or by a fill
sub block_of
{
	my ($self, $command, $must, $may) = @_;
	my ($execution, $order);

	if (defined $command->{executionId})
	{
		$execution = $self->newest($command->{executionId}) or return no_such($must);
		if ($execution->{status} ne 'LIVE') { state_error($must); rule($may, ''); return; }
		$order = $self->root($self->order($execution->{order}));
	}
	else { $order = $self->order($command->{orderId}) or return no_such($must); }
	if (!block($order)) { rule($must, 'not_a_block'); return; }
	return ($order, $execution);
}

sub refuse_AllocateExecution
{
	my ($self, $command, undef, $must, $may) = @_;
	# whatever else is wrong with it
	$may->{OM001}{''} = 1 if defined $command->{executionId} && !defined $command->{reason};
	my ($block, $execution) = $self->block_of($command, $must, $may) or return;
	return if !$block;

	$must->{OM001}{''} = 1 if $execution && !defined $command->{reason};
	my $left = $execution ? $execution->{qty} - allocated_of($execution) : $self->unallocated($block);
	if ($left <= 0) { $must->{OM005}{''} = 1; state_error($may); return; }
	if ($command->{allocations})
	{
		foreach my $given (@{ $command->{allocations} })
		{
			my $member = $block->{members}{ $given->{orderId} };
			if (!$member || $member->{released})
			{
				rule($must, 'not_a_member', 'over_allocated');
				no_such($self->order($given->{orderId}) ? $may : $must);
			}
			elsif (positive($given->{quantity}) && qty($given->{quantity}) > $self->lacks($block, $given->{orderId})) { rule($must, 'over_allocated'); }
		}
		rule($must, 'over_allocated') if total(map { qty($_->{quantity}) } grep { positive($_->{quantity}) } @{ $command->{allocations} }) > $left;
	}
	elsif (!any { $self->lacks($block, $_) > 0 } keys %{ $block->{members} }) { $must->{OM005}{''} = 1; state_error($may); }
	rule($may, 'over_allocated') if defined $command->{quantity} && positive($command->{quantity}) && qty($command->{quantity}) > $left;
	$self->refuse_beyond_limits($command, $must, $may) if !%$must && !$command->{confirm};
	return;
}

sub refuse_beyond_limits
{
	my ($self, $command, $must, $may) = @_;
	my $twin = $self->copy;

	foreach my $allocation ($twin->allocate($command))
	{
		my $outcome = $twin->outcome($allocation);
		foreach my $id (keys %$outcome)
		{
			my $order = $self->order($id);
			next if !defined $order->{price};
			my ($qty, $value) = @{ $outcome->{$id} };
			my $off = $order->{side} eq 'BUY' ? $value - $order->{price} * $qty : $order->{price} * $qty - $value;
			# the last decimal of a value or an average is no price
			next if $off <= 0;
			rule($off > Math::BigInt->new(10)->bpow(11) && $off > $qty ? $must : $may, 'limit_exceeded');
		}
	}
	return;
}

sub refuse_DeallocateExecution
{
	my ($self, $command, undef, $must, $may) = @_;
	my ($block, $execution) = $self->block_of($command, $must, $may) or return;
	return if !$block;
	my @entries = grep { !defined $command->{orderId} || $_->{member} eq $command->{orderId} } @{ $execution->{entries} };
	if (!@entries) { $must->{OM005}{''} = 1; state_error($_) foreach $must; no_such($may); }
	return;
}

# --- effects ---------------------------------------------------------------------------------

# Carry an accepted command out.  `state` is the result's, for the ids that the server made.
sub apply
{
	my ($self, $command, $state) = @_;
	my $type = $command->{commandType} =~ s/Command$//r;
	my $effect = "apply_$type";
	my @waiting = map { $_->{id} } grep { $_->{cancel} && $self->held($_) } $self->all_orders;

	$self->{open} = undef;
	$self->$effect($command, $self->order($command->{orderId}), $state);
	$self->{cl_ord_ids}{ $command->{clOrdID} } = 1 if defined $command->{clOrdID};
	$self->settle(\@waiting);
	$self->follow_members($type eq 'ReplaceBlockMembers' ? $command->{orderId} : undef);
	return;
}

# What ends by itself: an order whose cancel waits, with the last that holds it; a closed block's memberships, with its last unallocated fill.
sub settle
{
	my ($self, $waiting) = @_;

	while (1)
	{
		if (my $order = first { $_->{cancel} && !$self->held($_) } map { $self->order($_) } @$waiting)
		{
			my $filled = $self->filled($order);
			$order->{cancel} = undef;
			$order->{cancelled} = 1 if !$filled;
			next;
		}
		my $block = first { closed($_) && $self->unallocated($_) == 0 && any { !$_->{released} } values %{ $_->{members} } } $self->blocks or return;
		$self->release($block, grep { !$block->{members}{$_}{released} } keys %{ $block->{members} });
	}
	return;
}

sub release
{
	my ($self, $block, @ids) = @_;
	foreach my $id (@ids)
	{
		if ($self->given($block, $id) > 0) { $block->{members}{$id}{released} = 1; }
		else { delete $block->{members}{$id}; }
	}
	return;
}

sub add_order
{
	my ($self, $command, $like, %more) = @_;
	my $lot = ($command->{attributes} // {})->{roundLot};
	return $self->{orders}{ $command->{orderId} } = {
		id => $command->{orderId}, parent => $command->{parentId}, children => [], executions => [], cancel => undef, cancelled => 0,
		actions => {}, split => 0, qty => qty($command->{orderQty}), price => qty($command->{price}), lot => qty($lot),
		symbol => $command->{symbol} // $like->{symbol}, side => $command->{side} // $like->{side}, %more
	};
}

sub apply_CreateOrder
{
	my ($self, $command) = @_;
	my $parent = $self->order($command->{parentId});
	# it has what came to its parent behind it
	$self->add_order($command, $parent, $parent ? (actions => { %{ $parent->{actions} } }) : ());
	push @{ $parent->{children} }, $command->{orderId} if $parent;
	return;
}

sub member { my ($given) = @_; return { id => $given->{orderId}, qty => qty($given->{quantity}), priority => $given->{priority}, released => 0 }; }

sub apply_CreateBlockOrder
{
	my ($self, $command) = @_;
	my %members = map { $_->{orderId} => member($_) } @{ $command->{members} };
	my $block = $self->add_order($command, $self->order($command->{members}[0]{orderId}), members => \%members);
	$block->{price} = $self->block_price($command);
	return;
}

sub apply_ReplaceBlockMembers
{
	my ($self, $command, $block) = @_;
	my %listed = map { $_->{orderId} => 1 } @{ $command->{members} };

	$self->release($block, grep { !$listed{$_} && !$block->{members}{$_}{released} } keys %{ $block->{members} });
	$block->{members}{ $_->{orderId} } = member($_) foreach @{ $command->{members} };
	return;
}

sub apply_CancelOrder { my ($self, $command, $order) = @_; $order->{cancel} = undef; $order->{cancelled} = 1; return; }
sub apply_RejectCancelOrder { my ($self, $command, $order) = @_; $order->{cancel} = undef; return; }

sub apply_RequestCancelOrder
{
	my ($self, $command, $order) = @_;
	$order->{cancel} = { clOrdID => $command->{clOrdID}, shown => $command->{pending} // 1 };
	return;
}

sub apply_ReplaceOrder
{
	my ($self, $command, $order) = @_;
	$order->{qty} = most(qty($command->{orderQty}), $self->executed($order)) if defined $command->{orderQty};
	# a market order stays one
	$order->{price} = qty($command->{price}) if defined $command->{price} && defined $order->{price};
	return;
}

sub add_execution
{
	my ($self, $id, $order, $command, $status, %more) = @_;
	my ($qty, $px) = (qty($command->{lastQty}), qty($command->{lastPx}));
	my $at = ++$self->{clock};
	push @{ $order->{executions} }, $id;
	return $self->{executions}{$id} = { id => $id, order => $order->{id}, qty => $qty, last => $qty, px => $px, value => $qty * $px, status => $status, entries => [],
		at => $at, booked => $at, pool => $command->{tradeDate} // '', %more };
}

sub apply_ExecuteOrder
{
	my ($self, $command, $order) = @_;
	$self->add_execution($command->{executionId}, $order, $command, ($self->booking($command))[0]);
	return;
}

sub apply_ApproveExecution
{
	my ($self, $command) = @_;
	my $execution = $self->newest($command->{executionId});
	return $self->supersede($execution, $command->{supersedes}) if defined $command->{supersedes};
	@$execution{qw(status booked)} = ('LIVE', ++$self->{clock});
	return;
}
sub apply_RejectExecution { my ($self, $command) = @_; $self->newest($command->{executionId})->{status} = 'REJECTED'; return; }

# REVIEW, where more would be executed than ordered, and more than before, or at another price beyond the limit
sub correction
{
	my ($self, $command) = @_;
	my $old = $self->newest($command->{executionId});
	my $order = $self->order($old->{order});
	my ($qty, $px) = ($self->corrected_qty($old, qty($command->{lastQty})), qty($command->{lastPx}));

	return undef if $old->{status} ne 'LIVE' || $old->{held};
	return 'REVIEW' if worse($order, OmsSplits::scaled_px($px, $old->{factor}), $order->{price}) && $px != $old->{px};
	return $qty > $old->{qty} && $self->executed($order) - $old->{qty} + $qty > $order->{qty} ? 'REVIEW' : 'LIVE';
}

sub apply_CorrectExecution
{
	my ($self, $command, undef, $state) = @_;
	my $old = $self->newest($command->{executionId});
	my $order = $self->order($old->{order});
	my $review = $state->{status} eq 'REVIEW';
	my $qty = $self->corrected_qty($old, qty($command->{lastQty}));
	my $new = $self->add_execution($state->{executionId}, $order, $command, $review ? 'REVIEW' : 'LIVE', map({ $_ => $old->{$_} } qw(at booked)), pool => $command->{tradeDate} // $old->{pool});

	@$new{qw(qty factor)} = ($qty, $old->{factor});
	$old->{held}{status} = 'CORRECTED' if $old->{held};
	# one that waits leaves the fill as it is, until the next correction or the bust
	if ($review && $old->{status} eq 'LIVE') { $old->{held} = $new; return; }
	@$old{qw(status corrected_by)} = ('CORRECTED', $new->{id});
	$self->follow($old, $review ? undef : $new);
	return;
}

sub apply_BustExecution
{
	my ($self, $command) = @_;
	my $old = $self->newest($command->{executionId});
	my $was = $old->{status};

	$_->{status} = 'BUSTED' foreach grep { defined } $old->{held}, $old;
	$self->follow($old, undef) if $was eq 'LIVE';
	return;
}

sub apply_AllocateExecution
{
	my ($self, $command) = @_;
	$self->allocate($command);
	return;
}

sub apply_DeallocateExecution
{
	my ($self, $command) = @_;
	my $execution = $self->newest($command->{executionId});
	$self->give_back($execution, grep { !defined $command->{orderId} || $_->{member} eq $command->{orderId} } @{ $execution->{entries} });
	return;
}

# a model of its own, for trying
sub copy
{
	my ($self) = @_;
	local @$self{qw(memo open)};
	return dclone($self);
}

1;
