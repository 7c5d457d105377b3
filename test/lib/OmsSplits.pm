# Corporate actions, as OmsHands keeps fills: what somebody asks for scales all that memberships tie, once.
#
# Each fill is rounded, and never to nothing, and the largest of its order has what rounding left; so it is with the parts that a fill is allocated
# in.  All other figures are sums of these.  What is free, the quantity of an order or a membership, comes last: what was full stays full, what was open
# stays open, what was placed in full stays placed in full.  Values stay, and so does what a report stated (`last`).

package OmsSplits;

use strict;
use warnings;

use parent 'OmsHands';

use List::Util qw(any first);
use Math::BigInt;
use OmsShares qw(rounded least most);

use constant FACTOR_SCALE => 20;

BEGIN { no strict 'refs'; *{$_} = \&{"OmsBlocks::$_"} foreach qw(zero total block closed allocated_of); }

sub ten_to { my ($power) = @_; return Math::BigInt->new(10)->bpow($power); }
sub factor_of { my ($text) = @_; return OmsBlocks::units($text, FACTOR_SCALE); }
sub scaled { my ($units, $factor) = @_; return rounded($units * $factor, ten_to(FACTOR_SCALE)); }
sub scaled_part { my ($units, $factor) = @_; return $units > 0 ? most(Math::BigInt->bone, scaled($units, $factor)) : $units->copy; }
sub scaled_px { my ($px, $factor) = @_; return defined $px && defined $factor ? rounded($px * ten_to(FACTOR_SCALE), $factor) : $px; }
sub is_exact { my ($units, $factor) = @_; return $units * $factor % ten_to(FACTOR_SCALE) == 0; }

# Without an id its factor is what it is known by, for today.
sub action_of { my ($command) = @_; return $command->{corporateActionId} // 'by ' . factor_of($command->{quantityFactor}); }

# All orders that memberships tie to the tree of one, however far: those of blocks before the others, the deepest first
sub tied
{
	my ($self, $order) = @_;
	my @roots = ($self->root($order));
	my %seen = ($roots[0]{id} => 1);

	for (my $i = 0; $i < @roots; $i++)
	{
		push @roots, grep { !$seen{ $_->{id} }++ } block($roots[$i]) ? map({ $self->order($_) } sort keys %{ $roots[$i]{members} }) : $self->memberships($roots[$i]);
	}
	return map { $self->deepest_first($_) } (grep { block($_) } @roots), grep { !block($_) } @roots;
}

sub deepest_first { my ($self, $order) = @_; return (map({ $self->deepest_first($_) } $self->children($order)), $order); }

# --- may it be? ------------------------------------------------------------------------------

sub refuse_RestateOrder
{
	my ($self, $command, $order, $must) = @_;
	my ($factor, $action) = (factor_of($command->{quantityFactor}), action_of($command));
	my @all = grep { !$_->{actions}{$action} } $self->tied($order);
	my @fills = map { $self->own($_, 'LIVE'), $self->own($_, 'REVIEW') } @all;

	$must->{OM004}{''} = 1 if closed($order);
	$must->{OM005}{split_factor} = 1 if !@all || any { scaled($_, $factor) == 0 } map { $_->{qty} } @all, @fills;
	return;
}

# --- what becomes of it ----------------------------------------------------------------------

sub apply_RestateOrder
{
	my ($self, $command, $order) = @_;
	my ($factor, $action) = (factor_of($command->{quantityFactor}), action_of($command));
	my @tied = $self->tied($order);
	my @all = grep { !$_->{actions}{$action} } @tied;
	my %was = map { $_->{id} => { executed => $self->executed($_), reserved => $self->reserved($_), qty => $_->{qty} } } @tied;
	my %full = map { my $block = $_; $block->{id} => { map { $_ => $self->lacks($block, $_) == 0 } keys %{ $block->{members} } } } grep { block($_) } @all;

	$self->note_rounding($_, $factor) foreach grep { block($_) } @all;
	foreach my $each (@all) { $self->split_fills($factor, $self->own($each, $_)) foreach qw(LIVE REVIEW); }
	$self->split_allocations($_, $factor) foreach grep { block($_) } @all;
	foreach my $block (grep { block($_) } @all)
	{
		$self->split_members($block, $factor, $full{ $block->{id} });
		$block->{covered} = $self->covered($block);
	}
	foreach my $each (@all)
	{
		$each->{actions}{$action} = $each->{split} = 1;
		$each->{price} = scaled_px($each->{price}, $factor);
		$each->{qty} = $self->fitting($each, scaled($each->{qty}, $factor), $was{ $each->{id} });
	}
	return;
}

# What rounding makes of parts that were given back no report says: values that are told anew may differ by it.
sub note_rounding
{
	my ($self, $block, $factor) = @_;
	my @back = map { @{ $_->{returns} } } grep { $_->{block} == $block } @{ $self->{allocations} };
	$block->{unsure} = 1 if @back && any { !is_exact($_->{qty}, $factor) } @back, $self->entries($block), $self->fills($block);
	return;
}

sub largest { my @all = @_; my ($largest) = sort { $b->{qty} <=> $a->{qty} || ($a->{id} // '') cmp ($b->{id} // '') } @all; return $largest; }

sub split_fills
{
	my ($self, $factor, @fills) = @_;
	my $before = total(map { $_->{qty} } @fills);

	return if !@fills;
	foreach my $fill (@fills)
	{
		my $had = $fill->{qty};
		$fill->{qty} = scaled_part($had, $factor);
		$fill->{factor} = rounded(($fill->{factor} // ten_to(FACTOR_SCALE)) * $factor, ten_to(FACTOR_SCALE));
		split_parts($fill, $had, $factor);
	}
	my $largest = largest(@fills);
	my $rest = scaled($before, $factor) - total(map { $_->{qty} } @fills);
	my $had = $largest->{qty};
	return if $rest == 0 || $had + $rest <= 0;
	$largest->{qty} = $had + $rest;
	split_parts($largest, $had);
	return;
}

# All of a fill stays all of it, and a part a part; its largest part has the rest.
sub split_parts
{
	my ($fill, $had, $factor) = @_;
	my @parts = @{ $fill->{entries} } or return;
	my $given = total(map { $_->{qty} } @parts);
	my $then = $given == $had ? $fill->{qty} : least($factor ? scaled($given, $factor) : $given, $fill->{qty} - 1);

	if ($factor) { $_->{qty} = scaled_part($_->{qty}, $factor) foreach @parts; }
	largest(@parts)->{qty} += $then - total(map { $_->{qty} } @parts);
	return;
}

# In what units an allocation was made; what its pool had is told from the parts.
sub split_allocations
{
	my ($self, $block, $factor) = @_;
	my @made = grep { $_->{block} == $block } @{ $self->{allocations} };

	foreach my $allocation (@made)
	{
		$allocation->{lot} = scaled_part($allocation->{lot}, $factor);
		$_->{qty} = scaled_part($_->{qty}, $factor) foreach @{ $allocation->{returns} };
	}
	$_->{there}[0] = $self->there_was($_->{pool}, $_)->[0] foreach grep { !$_->{alone} } @made;
	return;
}

sub split_members
{
	my ($self, $block, $factor, $full) = @_;
	foreach my $id (grep { !$block->{members}{$_}{released} } keys %{ $block->{members} })
	{
		my $given = $self->given($block, $id);
		$block->{members}{$id}{qty} = $full->{$id} ? $given : most(scaled($block->{members}{$id}{qty}, $factor), $given + 1);
	}
	return;
}

sub fitting
{
	my ($self, $order, $qty, $was) = @_;
	my ($executed, $placed) = ($self->executed($order), $self->executed($order) + $self->reserved($order));
	my $free = $was->{qty} - $was->{executed} - $was->{reserved};

	if ($was->{executed} >= $was->{qty})
	{
		return $qty if $executed <= 0;
		return $was->{executed} == $was->{qty} ? $executed : least($qty, $executed);
	}
	if ($free == 0 && $was->{reserved} > 0) { $qty = $placed; }
	elsif ($free > 0) { $qty = most($qty, $placed); }
	return most($qty, $executed + 1);
}

# A correction is stated as the fill was, in the units of before; it counts with what rounding gave that.
sub corrected_qty
{
	my ($self, $old, $last) = @_;
	return $last if !defined $old->{factor};
	my $order = $self->order($old->{order});
	my $qty = scaled_part($last, $old->{factor});
	my $rest = $old->{qty} - scaled_part($old->{last}, $old->{factor});

	$qty += $rest if $qty + $rest > 0;
	return $qty if $old->{status} ne 'LIVE' || $last == $old->{last};
	my $left = $order->{qty} - ($self->executed($order) - $old->{qty});
	return $left > 0 && abs($qty - $left) <= 2 ? $left : $qty;
}

1;
