# Shares of a quantity, by the rules of test/data/allocation_examples.json ("rules"), in whole units (Math::BigInt).
#
# A taker has id, priority, weight, have (what it has from this method already), cap (what it may take at most) and lot (the
# same for all).

package OmsShares;

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(first);
use Math::BigInt;

our @EXPORT_OK = qw(share_out by_rank rounded least most);

sub least { return $_[0] <= $_[1] ? $_[0] : $_[1]; }
sub most { return $_[0] >= $_[1] ? $_[0] : $_[1]; }
sub by_rank { my ($one, $other) = @_; return $one->{priority} <=> $other->{priority} || $one->{id} cmp $other->{id}; }
sub sum { my $sum = Math::BigInt->bzero; $sum->badd($_) foreach @_; return $sum; }

# a / b, the half away from zero; b > 0
sub rounded
{
	my ($top, $bottom) = @_;
	return $top < 0 ? -rounded(-$top, $bottom) : ($top * 2 + $bottom) / ($bottom * 2);
}

# What each would have at a level of p/q per weight: p x weight - q x have, at most q x cap, and at least 0 where nobody gives back.
sub at_level
{
	my ($taker, $p, $q, $floor) = @_;
	my $share = least($q * $taker->{cap}, $p * $taker->{weight} - $q * $taker->{have});
	return $floor ? most(Math::BigInt->bzero, $share) : $share;
}

# The ideal shares, as (units, divisor): all at the level at which together they are the quantity.  It is found between the points where somebody
# begins to take (above the floor) or can take no more.
sub ideal
{
	my ($qty, $floor, @takers) = @_;
	my @points = sort { $a->[0] * $b->[1] <=> $b->[0] * $a->[1] } map { [ $_->{have}, $_->{weight} ], [ $_->{have} + $_->{cap}, $_->{weight} ] } @takers;
	my $low = [ Math::BigInt->bzero, Math::BigInt->bone ];

	foreach my $point (@points)
	{
		my ($p, $q) = @$point;
		last if sum(map { at_level($_, $p, $q, $floor) } @takers) > $qty * $q;
		$low = $point;
	}
	my ($p, $q) = @$low;
	my @rise = grep { (!$floor || $_->{have} * $q <= $p * $_->{weight}) && ($_->{have} + $_->{cap}) * $q > $p * $_->{weight} } @takers;
	my $full = sum(map { $_->{cap} } grep { ($_->{have} + $_->{cap}) * $q <= $p * $_->{weight} } @takers);
	($p, $q) = ($qty - $full + sum(map { $_->{have} } @rise), sum(map { $_->{weight} } @rise)) if @rise;
	return ({ map { $_->{id} => at_level($_, $p, $q, 1) } @takers }, $q);
}

# In the order of their numbers, each as much as it lacks
sub in_turn
{
	my ($qty, @takers) = @_;
	my $left = $qty->copy;
	my %share;
	foreach (sort { by_rank($a, $b) } @takers) { $left -= $share{ $_->{id} } = least($_->{cap}, $left)->copy; }
	return (\%share, Math::BigInt->bone);
}

# share_out(METHOD, QUANTITY, takers): ({ id => quantity }, { id => 1 of who gets an odd lot })
sub share_out
{
	my ($method, $qty, @all) = @_;
	my %share = map { $_->{id} => Math::BigInt->bzero } @all;
	my @takers = grep { $_->{weight} > 0 } @all;
	my $give = least($qty, sum(map { $_->{cap} } @takers));
	my %odd;
	my ($ideal, $divisor, %rest);

	return (\%share, \%odd) if $give <= 0;
	# who has too much already pulls the others' ideals up: as long as their whole lots fit they stay; else all share what is left without him
	foreach my $floor (0, 1)
	{
		($ideal, $divisor) = $method eq 'PRIORITY' ? in_turn($give, @takers) : ideal($give, $floor, @takers);
		foreach (@takers)
		{
			my $lots = $ideal->{ $_->{id} } / ($_->{lot} * $divisor);
			$share{ $_->{id} } = $lots * $_->{lot};
			$rest{ $_->{id} } = $ideal->{ $_->{id} } - $share{ $_->{id} } * $divisor;
		}
		last if sum(values %share) <= $give;
	}
	my $left = $give - sum(values %share);
	my $next = sub {
		my ($fits) = @_;
		my ($most) = sort { $rest{ $b->{id} } <=> $rest{ $a->{id} } || by_rank($a, $b) } grep { $fits->($_) } @takers;
		return $most;
	};
	while (my $taker = $next->(sub { $_[0]{lot} <= $left && $share{ $_[0]{id} } + $_[0]{lot} <= $_[0]{cap} }))
	{
		$share{ $taker->{id} } += $taker->{lot};
		$rest{ $taker->{id} } -= $taker->{lot} * $divisor;
		$left -= $taker->{lot};
	}
	# what is left below a lot, or where nobody has room for one
	while ($left > 0 and my $taker = $next->(sub { $share{ $_[0]{id} } < $_[0]{cap} }))
	{
		my $part = least($left, $taker->{cap} - $share{ $taker->{id} });
		$share{ $taker->{id} } += $part;
		$odd{ $taker->{id} } = 1;
		$left -= $part;
	}
	return (\%share, \%odd);
}

1;
