# The slow and obvious twin of blocks: client orders with orders of their own below them, blocks over these, and what is filled, allocated,
# taken back and done again.  It keeps what was said and works every figure out anew from sections 3 of the contract and domain.md, 7 to 12.
#
# Whole numbers (Math::BigInt) of a small unit: of 10^-10 for quantities and prices, of 10^-20 for values, so that values of fills are exact.
#
# refusals() says what must be refused, and how, and what may be; apply() carries out what was accepted; figures() and shares_of() are what the tables
# must show.  Where the contract leaves a share open, 'open' notes it: then laws() judges what came, and take_shares() takes it over.

package OmsBlocks;

use strict;
use warnings;

use List::Util qw(any first sum0);
use Math::BigInt;
use OmsShares qw(share_out by_rank rounded least most);

use constant { SCALE => 10, VALUE_SCALE => 20 };

sub new { my ($class) = @_; return bless { orders => {}, executions => {}, allocations => [], clock => 0, open => undef, memo => undef }, $class; }

# Figures are worked out once for all as long as nothing changes: looking(CODE) is such a time.
sub looking { my ($self, $code) = @_; local $self->{memo} = {}; return $code->(); }
sub once { my ($self, $what, $id, $code) = @_; return $self->{memo} ? $self->{memo}{$what}{$id} //= $code->() : $code->(); }

# --- numbers ---------------------------------------------------------------------------------

sub zero { return Math::BigInt->bzero; }
sub total { my $sum = Math::BigInt->bzero; $sum->badd($_) foreach @_; return $sum; }

# "12.5" in units of 10^-scale
sub units
{
	my ($text, $scale) = @_;
	my ($sign, $whole, $part) = $text =~ /^(-?)(\d+)(?:\.(\d*))?$/ or die "no decimal: $text";

	$part //= '';
	die "too many decimals: $text" if length($part =~ s/0+$//r) > $scale;
	return Math::BigInt->new($sign . $whole . substr($part . '0' x $scale, 0, $scale));
}

sub qty { my ($text) = @_; return defined $text ? units("$text", SCALE) : undef; }
sub positive { my ($text) = @_; return defined $text && $text !~ /^-/ && $text =~ /[1-9]/; }

# units as the shortest decimal
sub decimal
{
	my ($units, $scale) = @_;
	return undef unless defined $units;

	my $text = "$units";
	my $sign = $text =~ s/^-// ? '-' : '';
	$text = '0' x ($scale + 1 - length $text) . $text if length $text <= $scale;
	substr($text, -$scale, 0) = '.';
	$text =~ s/\.?0+$//;
	return $text eq '0' ? '0' : "$sign$text";
}

sub average
{
	my ($value, $qty) = @_;
	return '0' if $qty == 0;
	# half up: 10^-20 by 10^-10 are units of 10^-10
	return decimal(($value * 2 + $qty) / ($qty * 2), SCALE);
}

# --- what holds of an order ------------------------------------------------------------------

sub order { my ($self, $id) = @_; return defined $id ? $self->{orders}{$id} : undef; }
sub children { my ($self, $order) = @_; return map { $self->order($_) } @{ $order->{children} }; }
sub root { my ($self, $order) = @_; $order = $self->order($order->{parent}) while defined $order->{parent}; return $order; }
sub block { my ($order) = @_; return defined $order->{members}; }
sub blocks { my ($self) = @_; return @{ $self->once('blocks', '', sub { [ grep { block($_) } $self->all_orders ] }) }; }
sub all_orders { my ($self) = @_; return map { $self->{orders}{$_} } sort keys %{ $self->{orders} }; }
sub clients { my ($self) = @_; return grep { !defined $_->{parent} && !block($_) } $self->all_orders; }
sub closed { my ($order) = @_; return $order->{cancelled}; }

sub all_executions { my ($self) = @_; return map { $self->{executions}{$_} } sort keys %{ $self->{executions} }; }
sub own { my ($self, $order, $status) = @_; return grep { $_->{status} eq $status } map { $self->{executions}{$_} } @{ $order->{executions} }; }
# the live fills of a block, oldest first
sub fills_below { my ($self, $order) = @_; return ($self->own($order, 'LIVE'), map { $self->fills_below($_) } $self->children($order)); }
sub fills { my ($self, $order) = @_; return @{ $self->once('fills', $order->{id}, sub { [ sort { $a->{at} <=> $b->{at} } $self->fills_below($order) ] }) }; }
sub entries { my ($self, $block) = @_; return map { @{ $_->{entries} } } $self->fills($block); }
sub allocated_of { my ($execution) = @_; return total(map { $_->{qty} } @{ $execution->{entries} }); }

# what a block has allocated to one
sub given
{
	my ($self, $block, $id, $what) = @_;
	$what //= 'qty';
	return $self->once("given $what $block->{id}", $id, sub { total(map { $_->{$what} } grep { $_->{member} eq $id } $self->entries($block)) });
}

sub memberships { my ($self, $order) = @_; return defined $order->{parent} || block($order) ? () : grep { $_->{members}{ $order->{id} } } $self->blocks; }

sub executed
{
	my ($self, $order) = @_;
	return $self->once('executed', $order->{id}, sub {
		total((map { $_->{qty} } $self->own($order, 'LIVE')), (map { $self->executed($_) } $self->children($order)),
			map { $self->given($_, $order->{id}) } $self->memberships($order));
	});
}

sub executed_value
{
	my ($self, $order) = @_;
	return total((map { $_->{value} } $self->own($order, 'LIVE')), (map { $self->executed_value($_) } $self->children($order)),
		map { $self->given($_, $order->{id}, 'value') } $self->memberships($order));
}

sub allocated
{
	my ($self, $order) = @_;
	return $self->executed($order) if !block($self->root($order));
	return total(map { allocated_of($_) } $self->fills($order));
}

sub unallocated { my ($self, $block) = @_; return $self->executed($block) - $self->allocated($block); }
sub filled { my ($self, $order) = @_; return $order->{qty} > 0 && $self->executed($order) >= $order->{qty}; }
sub live { my ($self, $order) = @_; return !closed($order) && !$self->filled($order); }
sub live_above { my ($self, $order) = @_; return $self->live($order) || any { $self->live_above($_) } $self->children($order); }
sub live_children { my ($self, $order) = @_; return grep { $self->live_above($_) } $self->children($order); }
sub leaves { my ($self, $order) = @_; return closed($order) ? zero() : most(zero(), $order->{qty} - $self->executed($order)); }
sub review { my ($self, $order) = @_; return total(map { $_->{qty} } $self->own($order, 'REVIEW')); }

# what a membership reserves: all that is not yet allocated
sub lacks
{
	my ($self, $block, $id) = @_;
	my $member = $block->{members}{$id};
	return $member->{released} ? zero() : most(zero(), $member->{qty} - $self->given($block, $id));
}

sub live_blocks { my ($self, $order) = @_; return grep { $self->lacks($_, $order->{id}) > 0 } $self->memberships($order); }

sub reserved
{
	my ($self, $order) = @_;
	return $self->once('reserved', $order->{id}, sub {
		total((map { most($self->leaves($_), $self->review($_)) } $self->children($order)), map { $self->lacks($_, $order->{id}) } $self->memberships($order));
	});
}

sub unplaced { my ($self, $order) = @_; return most(zero(), $self->leaves($order) - $self->reserved($order)); }
sub held { my ($self, $order) = @_; return $self->live_children($order) || $self->live_blocks($order); }

sub status
{
	my ($self, $order) = @_;
	return 'PENDING_CANCEL' if $order->{cancel} && $order->{cancel}{shown};
	return 'FILLED' if $self->filled($order);
	return 'CANCELLED' if closed($order);
	return $self->executed($order) > 0 ? 'PARTIALLY_FILLED' : 'NEW';
}

# membership, or what a released one was allocated
sub membership { my ($self, $block, $id) = @_; my $member = $block->{members}{$id}; return $member->{released} ? $self->given($block, $id) : $member->{qty}; }
sub covered { my ($self, $block) = @_; return total(map { $self->membership($block, $_) } keys %{ $block->{members} }); }
# What was released follows what it has, and is gone with it; an open block wants what its members do.  What a split has rounded stays until they come
# to something else, or are given anew.
sub follow_members
{
	my ($self, $given) = @_;
	foreach my $block ($self->blocks)
	{
		delete @{ $block->{members} }{ grep { $block->{members}{$_}{released} && $self->given($block, $_) == 0 } keys %{ $block->{members} } };
		my ($covered, $before) = ($self->covered($block), $block->{covered});
		my $stays = $block->{split} && defined $before && $covered == $before && ($given // '') ne $block->{id};
		$block->{qty} = $covered if !closed($block) && !$stays;
		$block->{covered} = $covered;
	}
	return;
}

sub ranked { my ($block) = @_; return sort { by_rank($block->{members}{$a}, $block->{members}{$b}) } keys %{ $block->{members} }; }

sub figures
{
	my ($self, $order) = @_;
	my ($executed, $value) = ($self->executed($order), $self->executed_value($order));
	my @live_blocks = $self->live_blocks($order);
	my @blocks = sort map { $_->{id} } $self->memberships($order);
	my @live_children = $self->live_children($order);

	return {
		status => $self->status($order),
		order_qty => decimal($order->{qty}, SCALE),
		executed_quantity => decimal($executed, SCALE),
		own_executed_quantity => decimal(total(map { $_->{qty} } $self->own($order, 'LIVE')), SCALE),
		leaves_quantity => decimal($self->leaves($order), SCALE),
		working_quantity => decimal(total(map { $self->leaves($_) } $self->children($order)), SCALE),
		unplaced_quantity => decimal($self->unplaced($order), SCALE),
		reserved_quantity => decimal($self->reserved($order), SCALE),
		review_quantity => decimal($self->review($order), SCALE),
		allocated_quantity => decimal($self->allocated($order), SCALE),
		executed_value => decimal($value, VALUE_SCALE),
		avg_px => average($value, $executed),
		live_children => scalar @live_children,
		live_blocks => @live_blocks ? scalar @live_blocks : undef,
		block_order_ids => @blocks ? "@blocks" : undef,
		members => block($order) ? join(' ', map { $self->member_text($order, $_) } ranked($order)) : undef,
	};
}

sub member_text
{
	my ($self, $block, $id) = @_;
	my $member = $block->{members}{$id};
	return join '/', $id, decimal($self->membership($block, $id), SCALE), $member->{priority}, decimal($self->given($block, $id), SCALE),
		decimal($self->given($block, $id, 'value'), VALUE_SCALE), $member->{released} ? 'released' : ();
}

sub fields { return qw(status order_qty executed_quantity own_executed_quantity leaves_quantity working_quantity unplaced_quantity reserved_quantity
	  review_quantity allocated_quantity executed_value avg_px live_children live_blocks block_order_ids members); }

# What an execution must show: { status, allocated, shares: "allocation/member/quantity/value ..." }; undef of one that counts no more
sub shares_of
{
	my ($self, $execution) = @_;
	return undef if $execution->{status} ne 'LIVE';

	my $allocated = allocated_of($execution);
	my $in_block = block($self->root($self->order($execution->{order})));
	return { status => 'ALLOCATED', allocated => decimal($execution->{qty}, SCALE), shares => undef } if !$in_block;
	return {
		status => $allocated == $execution->{qty} ? 'ALLOCATED' : 'VALIDATED',
		allocated => decimal($allocated, SCALE),
		shares => join(' ', sort map { join '/', $_->{allocation}{number}, $_->{member}, decimal($_->{qty}, SCALE), decimal($_->{value}, VALUE_SCALE) } @{ $execution->{entries} }),
	};
}

# --- pools -----------------------------------------------------------------------------------

sub of_pool { my ($self, $block, $pool) = @_; return grep { $_->{pool} eq $pool } $self->fills($block); }
# the keys of the pools that have something left, in the order of their names
sub pools { my ($self, $block) = @_; my %keys = map { $_->{pool} => 1 } grep { allocated_of($_) < $_->{qty} } $self->fills($block); return sort keys %keys; }
sub left_in { my ($self, $block, $pool) = @_; return total(map { $_->{qty} - allocated_of($_) } $self->of_pool($block, $pool)); }

sub parts { my ($self, $allocation) = @_; return grep { $_->{allocation} == $allocation } $self->entries($allocation->{block}); }

# { member => quantity } of an allocation; also of parts of it that count no more
sub had
{
	my ($self, $allocation, @lost) = @_;
	my %had;
	foreach ($self->parts($allocation), grep { $_->{allocation} == $allocation } @lost) { $had{ $_->{member} } = ($had{ $_->{member} } // zero()) + $_->{qty}; }
	return \%had;
}

# What each has from a method, without what it has from one allocation; what is about to be taken back counts as it is
sub had_by
{
	my ($self, $block, $method, $id, $without, @lost) = @_;
	return total(map { $_->{qty} }
		grep { $_->{member} eq $id && $_->{allocation}{method} eq $method && !($without && $_->{allocation} == $without) } $self->entries($block), @lost);
}

sub decimals { my ($units) = @_; my ($zeros) = "$units" =~ /(0*)$/; return length $zeros >= SCALE ? 0 : SCALE - length $zeros; }

# The round lot of the first in rank that has one; else one where all is whole, else the last decimal that anything has: memberships, fills that
# have something left, and the sum of all
sub lot_of
{
	my ($self, $block) = @_;
	my $first = first { defined } map { $self->order($_)->{lot} } ranked($block);
	my $most = 0;

	return $first if defined $first;
	foreach ($self->executed($block), (map { $_->{qty} } grep { allocated_of($_) < $_->{qty} } $self->fills($block)), map { $self->membership($block, $_) } keys %{ $block->{members} })
	{
		$most = decimals($_) if $_ != 0 && decimals($_) > $most;
	}
	return Math::BigInt->new(10)->bpow(SCALE - $most);
}

# Each member as OmsShares wants it
sub takers
{
	my ($self, $block, $method, $weights) = @_;
	my $lot = $self->lot_of($block);
	return map {
		my $member = $block->{members}{$_};
		my $lacks = $self->lacks($block, $_);
		{
			id => $_, priority => $member->{priority}, cap => $lacks, lot => $lot, have => $self->had_by($block, $method, $_),
			weight => $method eq 'EQUAL' ? Math::BigInt->bone : ($weights // '') eq 'LEAVES' ? $lacks : $member->{qty}
		}
	} grep { !$block->{members}{$_}{released} } ranked($block);
}

# Entries of given quantities over what executions have to give: oldest first, members by rank.
sub lay
{
	my ($allocation, $quantities, @room) = @_;
	my @members = grep { $quantities->{ $_->{id} } > 0 } @{ $allocation->{members} };
	my %left = map { $_->{id} => $quantities->{ $_->{id} }->copy } @members;

	foreach my $room (@room)
	{
		my ($execution, $free) = ($room->[0], $room->[1]->copy);
		while ($free > 0 && @members)
		{
			my $id = $members[0]{id};
			my $part = least($free, $left{$id});
			push @{ $execution->{entries} }, { allocation => $allocation, member => $id, qty => $part, value => zero() };
			$free -= $part;
			$left{$id} -= $part;
			shift @members if $left{$id} == 0;
		}
	}
	die 'more is allocated than there is' if @members;
	return;
}

# --- allocation ------------------------------------------------------------------------------

# Allocates what a command says, one pool after the other; returns the allocations.
sub allocate
{
	my ($self, $command) = @_;
	my $execution = defined $command->{executionId} ? $self->newest($command->{executionId}) : undef;
	my $block = $execution ? $self->root($self->order($execution->{order})) : $self->order($command->{orderId});
	my $method = $command->{method} // 'MANUAL';
	my %given = map { $_->{orderId} => qty($_->{quantity}) } @{ $command->{allocations} // [] };
	my $wanted = $method eq 'MANUAL' ? total(values %given) : qty($command->{quantity});
	my @done;

	foreach my $pool ($execution ? $execution->{pool} : $self->pools($block))
	{
		my @room = map { [ $_, $_->{qty} - allocated_of($_) ] } $execution ? $execution : $self->of_pool($block, $pool);
		my $there = total(map { $_->[1] } @room);
		my $now = defined $wanted ? least($wanted, $there) : $there;
		# of what is given each pool has its part
		my @takers = $method eq 'MANUAL' ? map { { id => $_, priority => $block->{members}{$_}{priority}, lot => $self->lot_of($block), weight => $given{$_}, have => zero(), cap => $given{$_} } } keys %given
		  : $self->takers($block, $method, $command->{weights});
		my ($quantities) = $method eq 'MANUAL' && $now == $wanted ? {%given} : share_out($method, $now, @takers);

		push @done, $self->carry_out({ block => $block, pool => $pool, room => \@room, quantities => $quantities, method => $method, weights => $command->{weights},
			execution => $execution });
		$wanted -= $now if defined $wanted;
		$given{$_} -= $quantities->{$_} foreach keys %given;
		last if defined $wanted && $wanted == 0;
	}
	return @done;
}

sub carry_out
{
	my ($self, $plan) = @_;
	my ($block, $pool) = @$plan{qw(block pool)};
	my $quantities = $plan->{quantities};
	my $left = $self->left_in($block, $pool);
	my $value = total(map { $_->{value} } $self->of_pool($block, $pool)) - total(map { $_->{value} } map { @{ $_->{entries} } } $self->of_pool($block, $pool));
	my %weight = map { $_->{id} => $_->{weight} } $self->takers($block, $plan->{method}, $plan->{weights});
	my $allocation = {
		block => $block, pool => $pool, at => ++$self->{clock}, number => scalar @{ $self->{allocations} }, method => $plan->{method},
		selected => $plan->{execution} ? $plan->{execution}{id} : undef, lot => $self->lot_of($block),
		# by method all of the block, whether they got something or not
		returns => [], members => [ map { { id => $_, priority => $block->{members}{$_}{priority}, weight => $weight{$_} } }
			grep { $plan->{method} eq 'MANUAL' ? $quantities->{$_} : !$block->{members}{$_}{released} } ranked($block) ],
	};

	return if !any { $_ > 0 } values %$quantities;
	push @{ $self->{allocations} }, $allocation;
	lay($allocation, { map { $_->{id} => $quantities->{ $_->{id} } // zero() } @{ $allocation->{members} } }, @{ $plan->{room} });
	$self->give_values($allocation, [ $left, $value ]);
	return $allocation;
}

# The figures that a preview tells: { member => [quantity, value] }
sub outcome
{
	my ($self, @allocations) = @_;
	my %sum;
	foreach my $part (map { $self->parts($_) } @allocations)
	{
		my $of = $sum{ $part->{member} } //= [ zero(), zero() ];
		$of->[0] += $part->{qty};
		$of->[1] += $part->{value};
	}
	return \%sum;
}

# One fill has less to give than before (nothing, when busted), or more: what was free of it goes first, then the newest allocation that it is part
# of; that one takes what is more too, where all of the fill was allocated, and not by hand.
sub redo_allocations
{
	my ($self, $old, $new) = @_;
	my $block = $self->root($self->order($old->{order}));
	my @entries = @{ $old->{entries} };
	my @touched = sort { $a->{at} <=> $b->{at} || $a->{number} <=> $b->{number} } grep { my $allocation = $_; any { $_->{allocation} == $allocation } @entries } @{ $self->{allocations} };
	my %part = map { my $allocation = $_; $_->{number} => total(map { $_->{qty} } grep { $_->{allocation} == $allocation } @entries) } @touched;
	my %before = map { $_->{number} => $self->had($_, @entries) } @touched;
	my $change = $new ? $new->{qty} - $old->{qty} : -$old->{qty};
	my $free = $old->{qty} - total(values %part);
	my %then = %part;

	if ($change < 0)
	{
		my $take = most(zero(), -$change - $free);
		foreach my $allocation (reverse @touched)
		{
			my $less = least($take, $part{ $allocation->{number} });
			$then{ $allocation->{number} } -= $less;
			$take -= $less;
		}
	}
	elsif ($change > 0 && @touched && $free == 0 && $touched[-1]{method} ne 'MANUAL') { $then{ $touched[-1]{number} } += $change; }
	$old->{entries} = [];
	$new->{entries} = [ map { { %$_ } } @entries ] if $new;
	# the oldest is redone first
	my @redone = grep { $then{ $_->{number} } != $part{ $_->{number} } } @touched;
	while (my $allocation = shift @redone)
	{
		my $number = $allocation->{number};
		my @lost = $new ? () : grep { my $entry = $_; any { $entry->{allocation} == $_ } @redone } @entries;
		$self->redo_one($allocation, $before{$number}, total(values %{ $before{$number} }) + $then{$number} - $part{$number}, $new, $then{$number}, @lost);
	}
	return @touched;
}

sub redo_one
{
	my ($self, $allocation, $had, $now, $corrected, $part, @lost) = @_;
	my $block = $allocation->{block};
	my $grows = $now > total(values %$had);
	my $by_hand = $allocation->{method} eq 'MANUAL';
	# of more, who is closed or released keeps what he had
	my %keeps = map { $_ => $had->{$_} // zero() } grep { $grows && !$self->may_take($block, $_) } map { $_->{id} } @{ $allocation->{members} };
	my @takers = map {
		my $mine = $had->{ $_->{id} } // zero();
		my $have = $by_hand ? zero() : $self->had_by($block, $allocation->{method}, $_->{id}, $allocation, @lost);
		{
			id => $_->{id}, priority => $_->{priority}, lot => $allocation->{lot}, weight => $by_hand ? $mine : $_->{weight},
			have => $have + ($keeps{ $_->{id} } // 0), cap => !$grows ? $mine : $keeps{ $_->{id} } ? zero() : most($mine, $self->lacks_without($allocation, $_->{id}))
		}
	} @{ $allocation->{members} };
	my ($quantities) = share_out($by_hand ? 'MANUAL' : $allocation->{method}, $now - total(values %keeps), @takers);
	my %room;

	$quantities->{$_} = $keeps{$_} foreach keys %keeps;
	# what nobody takes of the fill stays with it
	$part -= $now - total(values %$quantities) if $corrected;
	# what each execution gave to it, oldest first
	foreach my $execution ($self->fills($block))
	{
		my @parts = grep { $_->{allocation} == $allocation } @{ $execution->{entries} };
		$execution->{entries} = [ grep { $_->{allocation} != $allocation } @{ $execution->{entries} } ];
		my $gave = $corrected && $execution == $corrected ? $part : total(map { $_->{qty} } @parts);
		$room{ $execution->{id} } = [ $execution, $gave ] if $gave > 0;
	}
	lay($allocation, $quantities, map { $room{ $_->{id} } // () } $self->fills($block));
	return;
}

sub may_take { my ($self, $block, $id) = @_; my $member = $block->{members}{$id}; return $member && !$member->{released} && !closed($self->order($id)); }

# what it lacks when one allocation is taken away
sub lacks_without
{
	my ($self, $allocation, $id) = @_;
	my $member = $allocation->{block}{members}{$id};
	return zero() if $member->{released};
	return most(zero(), $member->{qty} - total(map { $_->{qty} } grep { $_->{member} eq $id && $_->{allocation} != $allocation } $self->entries($allocation->{block})));
}

# --- where the contract leaves it open -------------------------------------------------------

# What must hold of shares as they came: { execution => [ { number, member, qty, value } ] }, units.  Returns what is broken.
sub laws
{
	my ($self, $came) = @_;
	my %given;
	my %pool;

	foreach my $execution (grep { $_->{status} eq 'LIVE' && $came->{ $_->{id} } } $self->all_executions)
	{
		my @entries = @{ $came->{ $execution->{id} } };
		my $block = $self->root($self->order($execution->{order}));
		my $sum = $pool{"$block->{id} $execution->{pool}"} //= { map { $_ => zero() } qw(qty value given worth) };

		return "$execution->{id} is allocated beyond its quantity" if total(map { $_->{qty} } @entries) > $execution->{qty};
		$sum->{qty} += $execution->{qty};
		$sum->{value} += $execution->{value};
		foreach my $entry (@entries)
		{
			return "$execution->{id} has a part that is nothing" if $entry->{qty} <= 0;
			return "$execution->{id} is allocated to a stranger $entry->{member}" if !$block->{members}{ $entry->{member} };
			my $of = $given{ $block->{id} }{ $entry->{member} } //= zero();
			$of += $entry->{qty};
			$sum->{given} += $entry->{qty};
			$sum->{worth} += $entry->{value};
		}
	}
	foreach my $block ($self->blocks)
	{
		foreach my $id (keys %{ $given{ $block->{id} } })
		{
			my $member = $block->{members}{$id};
			return "$id is allocated beyond its membership of $block->{id}" if !$member->{released} && $given{ $block->{id} }{$id} > $member->{qty};
		}
	}
	foreach my $name (sort keys %pool)
	{
		my $sum = $pool{$name};
		return "all of pool $name is allocated, but its value is not" if $sum->{qty} == $sum->{given} && $sum->{value} != $sum->{worth};
	}
	return undef;
}

# Takes shares over as they came.
sub take_shares
{
	my ($self, $came) = @_;
	foreach my $id (keys %$came)
	{
		my $execution = $self->{executions}{$id} or next;
		next if $execution->{status} ne 'LIVE';
		$execution->{entries} = [ map { { %$_, allocation => $self->{allocations}[ $_->{number} ] } } @{ $came->{$id} } ];
	}
	$self->follow_members;
	return;
}

# the newest of a chain of corrections, by any id of it
sub newest
{
	my ($self, $id) = @_;
	my $execution = $self->{executions}{$id};
	$execution = $self->{executions}{ $execution->{corrected_by} } while $execution && $execution->{corrected_by};
	return $execution;
}

1;
