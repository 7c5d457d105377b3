# What shares of blocks are worth, as OmsBlocks keeps them.  Everything is told from the beginning each time: what came into a pool and when, what was
# allocated of it, and what came back.
#
# An allocation notes what it counted at (`there`: quantity and value of what its pool had) and what was given back of it (`returns`).  A part whose
# fill went to another pool is an allocation `alone`, at the fill's own price.

package OmsPools;

use strict;
use warnings;

use parent 'OmsBlocks';

use List::Util qw(any);
use Math::BigInt;
use OmsShares qw(by_rank rounded least most);

BEGIN { no strict 'refs'; *{$_} = \&{"OmsBlocks::$_"} foreach qw(zero total); }

# a / b in values of ten decimals, the half away from zero
sub to_ten { my ($top, $bottom) = @_; my $ten = Math::BigInt->new(10)->bpow(OmsBlocks::VALUE_SCALE - OmsBlocks::SCALE); return rounded($top, $bottom * $ten) * $ten; }

# the value of a part of what counts at one average: [quantity, value]
sub worth { my ($qty, $average) = @_; return $qty == $average->[0] ? $average->[1]->copy : to_ten($average->[1] * $qty, $average->[0]); }

# At the average of a pool, or at the own price of the one fill that was selected; that took the pool's rest, if it was all that there was.
sub counts_at
{
	my ($self, $allocation, $there) = @_;
	return $there if !defined $allocation->{selected} || $there->[0] == total(map { $_->{qty} } $self->parts($allocation), @{ $allocation->{returns} });
	my $fill = $self->newest($allocation->{selected});
	$fill = $self->newest($fill->{superseded_by}) while $fill->{superseded_by};
	return [ @$fill{qw(qty value)} ];
}

# The value of an allocation, of each part of it, and of what was given back of it.
sub give_values
{
	my ($self, $allocation, $there) = @_;
	my @parts = $self->parts($allocation);
	my $had = $self->had($allocation);
	my $qty = total(values %$had);
	my $average = $self->counts_at($allocation, $there);
	my %value = map { $_ => to_ten($average->[1] * $had->{$_}, $average->[0]) } keys %$had;
	my ($largest) = sort { $had->{ $b->{id} } <=> $had->{ $a->{id} } || by_rank($a, $b) } grep { defined $had->{ $_->{id} } } @{ $allocation->{members} };

	$allocation->{there} = $there;
	$value{ $largest->{id} } += worth($qty, $average) - total(values %value) if $largest;
	foreach my $id (keys %value)
	{
		my @own = grep { $_->{member} eq $id } @parts;
		my $rest = $value{$id}->copy;
		foreach my $part (@own)
		{
			$part->{value} = $part == $own[-1] ? $rest->copy : to_ten($value{$id} * $part->{qty}, $had->{$id});
			$rest -= $part->{value};
		}
	}
	$_->{value} = worth($_->{qty}, $average) foreach @{ $allocation->{returns} };
	return;
}

sub sum_up { my @what = @_; return [ total(map { $_->{qty} } @what), total(map { $_->{value} } @what) ]; }

# What nobody had of a pool just before an allocation was made.
sub there_was
{
	my ($self, $pool, $allocation) = @_;
	my @made = grep { $_->{block} == $allocation->{block} } @{ $self->{allocations} };
	my @before = grep { $_->{pool} eq $pool && !$_->{alone} && ($_->{at} <=> $allocation->{at} || $_->{number} <=> $allocation->{number}) < 0 } @made;
	my @fills = grep { $_->{booked} < $allocation->{at} } $self->of_pool($allocation->{block}, $pool);
	my $fills = sum_up(@fills);
	my $gone = sum_up(map { $self->parts($_), @{ $_->{returns} } } @before);
	my $back = sum_up(grep { $_->{at} < $allocation->{at} } map { @{ $_->{returns} } } @before);
	my $alone = sum_up(grep { $_->{allocation}{alone} } map { @{ $_->{entries} } } @fills);

	return [ map { $fills->[$_] - $gone->[$_] + $back->[$_] - $alone->[$_] } 0, 1 ];
}

# The values of a pool anew.  An allocation that had nothing of what has changed, in a pool that was the same, stays as it is.
sub replay
{
	my ($self, $block, $pool, @changed) = @_;

	$self->{open} //= 'a value where the model has lost count' if $block->{unsure};
	foreach my $allocation (sort { $a->{at} <=> $b->{at} || $a->{number} <=> $b->{number} } grep { $_->{block} == $block && $_->{pool} eq $pool && !$_->{alone} } @{ $self->{allocations} })
	{
		next if !@{ $allocation->{returns} } && !$self->parts($allocation);
		my $there = $self->there_was($pool, $allocation);
		my $same = $there->[0] == $allocation->{there}[0] && $there->[1] == $allocation->{there}[1];
		$self->give_values($allocation, $there) if !$same || any { $_ == $allocation } @changed;
	}
	return;
}

# What a fill has of allocations that are of another pool counts at its own price.
sub stand_alone
{
	my ($self, $fill, $leaves) = @_;
	my %own;

	foreach my $entry (@{ $fill->{entries} })
	{
		my $allocation = $entry->{allocation};
		next if !$allocation->{alone} && !$leaves;
		if (!$allocation->{alone})
		{
			my $number = @{ $self->{allocations} };
			push @{ $self->{allocations} }, $own{ $allocation->{number} } = { %$allocation, alone => 1, pool => $fill->{pool}, number => $number, named => undef, returns => [] }
			  if !$own{ $allocation->{number} };
			$entry->{allocation} = $own{ $allocation->{number} };
		}
		$entry->{value} = worth($entry->{qty}, [ @$fill{qw(qty value)} ]);
	}
	return;
}

# What came back of a fill is no more than there is of it now, beside what allocations of before have of it.  Returns the allocations that gave it back.
sub follow_returns
{
	my ($self, $block, $old, $new) = @_;
	my @made = sort { $a->{at} <=> $b->{at} || $a->{number} <=> $b->{number} } grep { $_->{block} == $block } @{ $self->{allocations} };
	my @changed = grep { any { $_->{execution} eq $old->{id} } @{ $_->{returns} } } @made;
	my @before;

	foreach my $allocation (@made)
	{
		my $left = ($new ? $new->{qty} : zero()) - total(map { $_->{qty} } grep { $_->{at} > $allocation->{at} } @before);
		$left -= total(map { $_->{qty} } grep { $_->{allocation}{at} <= $allocation->{at} } $new ? @{ $new->{entries} } : ());
		foreach my $back (grep { $_->{execution} eq $old->{id} } @{ $allocation->{returns} })
		{
			$back->{qty} = most(zero(), least($back->{qty}, $left));
			$back->{execution} = $new->{id} if $new;
			$left -= $back->{qty};
			push @before, $back;
		}
		$allocation->{returns} = [ grep { $_->{qty} > 0 } @{ $allocation->{returns} } ];
	}
	$block->{unsure} = 1 if any { $_->{alone} } @changed;
	return @changed;
}

# What was allocated of a fill follows what becomes of it: `new` takes its place, if there is one.
sub follow
{
	my ($self, $old, $new) = @_;
	my $block = $self->root($self->order($old->{order}));
	return if !OmsBlocks::block($block);
	my $leaves = $new && $new->{pool} ne $old->{pool};
	my @changed = $self->redo_allocations($old, $new);

	push @changed, $self->follow_returns($block, $old, $leaves ? undef : $new);
	$self->stand_alone($new, $leaves) if $new;
	$self->replay($block, $_, @changed) foreach $old->{pool}, $leaves ? $new->{pool} : ();
	return;
}

# Parts that go back to the pool have the value that they counted for.
sub give_back
{
	my ($self, $execution, @entries) = @_;
	foreach my $entry (@entries)
	{
		push @{ $entry->{allocation}{returns} }, { at => ++$self->{clock}, execution => $execution->{id}, qty => $entry->{qty}->copy, value => $entry->{value}->copy };
		$self->root($self->order($execution->{order}))->{unsure} = 1 if $entry->{allocation}{alone};
	}
	$execution->{entries} = [ grep { my $entry = $_; !any { $_ == $entry } @entries } @{ $execution->{entries} } ];
	return;
}

1;
