# The slow and obvious twin of oms_state: one tree of orders in plain Perl.  It keeps what was said
# (terms, conditions, open requests, fills) and works every quantity out anew, by recursion, from
# section 3 of the contract.
#
# Numbers are whole numbers of a small unit, so that only a split rounds: of 10^-10 for
# quantities and prices, of 10^-20 for values.  Perl's integers do for small ones; wide => 1 uses Math::BigInt.
#
# refusals() says what must be refused (and how) and what may be, where the contract leaves it
# open; apply() carries a command out that was accepted; quantities() is what the tables must show.
# Where a condition is left open, apply() notes it as 'maybe' and settle() takes it from the table.

package OmsModel;

use strict;
use warnings;
use feature 'state';

use List::Util qw(any first max min sum0);
use Math::BigInt;

use constant { QTY_SCALE => 10, PX_SCALE => 10, VALUE_SCALE => 20, FACTOR_SCALE => 20 };

my @CLOSED = qw(REJECTED CANCELLED EXPIRED CALCULATED);
my @FACTORS = ('2', '4', '3', '7', '0.5', '0.25', '1.5', '0.33333333333333333333', '0.66666666666666666667', '0.14285714285714285714', '0.42857142857142857143', '2.33333333333333333333');

sub new
{
	my ($class, %options) = @_;
	return bless {
		orders => {}, executions => {}, cl_ord_ids => {}, root => undef, wide => $options{wide} // 0
	  },
	  $class;
}

sub factors { return @FACTORS; }

# --- numbers ---------------------------------------------------------------------------------

# "12.5" in units of 10^-scale
sub units
{
	my ($self, $text, $scale) = @_;
	my ($sign, $whole, $part) = $text =~ /^(-?)(\d+)(?:\.(\d*))?$/ or die "no decimal: $text";

	$part = substr(($part // '') . '0' x $scale, 0, $scale);
	return $self->{wide} || length $whole > 8 ? Math::BigInt->new("$sign$whole$part") : "$sign$whole$part" + 0;
}

sub qty { my ($self, $text) = @_; return defined $text ? $self->units($text, QTY_SCALE) : undef; }

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

# lastQty times lastPx, exact
sub value
{
	my ($self, $qty, $px) = @_;
	return Math::BigInt->new('' . $self->units($qty, QTY_SCALE)) * Math::BigInt->new('' . $self->units($px, PX_SCALE));
}

# value / quantity, rounded half up to ten decimals; most are asked for again and again
sub average
{
	my ($value, $qty) = @_;
	state %known;
	return '0' if $qty == 0;
	return $known{"$value $qty"} //= divided($value, $qty);
}

sub divided
{
	my ($value, $qty) = @_;
	my $top = Math::BigInt->new("$value")->bmul(Math::BigInt->new(10)->bpow(10 + QTY_SCALE - VALUE_SCALE));
	my $bottom = Math::BigInt->new("$qty");
	$top->bmul(2)->badd($bottom)->bdiv($bottom * 2);
	return decimal($top, 10);
}

sub positive { my ($text) = @_; return defined $text && $text !~ /^-/ && $text =~ /[1-9]/; }

# --- what holds of an order ------------------------------------------------------------------

sub order { my ($self, $id) = @_; return defined $id ? $self->{orders}{$id} : undef; }
sub children { my ($self, $order) = @_; return map { $self->order($_) } @{ $order->{children} }; }
sub has { my ($order, $condition) = @_; return $order->{conditions}{$condition}; }
sub closed { my ($order) = @_; return any { has($order, $_) } @CLOSED; }

sub live_fills
{
	my ($self, $order) = @_;
	return grep { $_->{status} eq 'LIVE' } @{ $order->{executions} };
}

sub review
{
	my ($self, $order) = @_;
	return sum0 map { $_->{qty} } grep { $_->{status} eq 'REVIEW' } @{ $order->{executions} };
}

sub own_executed { my ($self, $order) = @_; return sum0 map { $_->{qty} } $self->live_fills($order); }

sub executed
{
	my ($self, $order) = @_;
	return $self->{known}{ $order->{id} } if $self->{known} && defined $self->{known}{ $order->{id} };

	my $executed = $self->own_executed($order) + sum0 map { $self->executed($_) } $self->children($order);
	$self->{known}{ $order->{id} } = $executed if $self->{known};
	return $executed;
}

sub executed_value
{
	my ($self, $order) = @_;
	return sum0((map { $_->{value} } $self->live_fills($order)), (map { $self->executed_value($_) } $self->children($order)));
}

# a limit in units of 10^-10; a split divides it, rounded to these
sub px { my ($self, $text) = @_; return defined $text ? $self->units($text, PX_SCALE) * 10**(10 - PX_SCALE) : undef; }

sub split_px
{
	my ($px, $factor) = @_;
	return defined $px ? rounded(Math::BigInt->new("$px") * Math::BigInt->new(10)->bpow(FACTOR_SCALE), $factor) : undef;
}

# Is the price worse than the limit of the order and of every replacement that is asked for?
sub beyond_limit
{
	my ($self, $order, $last_px, $factor) = @_;
	my $px = $self->px($last_px);
	my $worse = sub { return $order->{side} eq 'BUY' ? $px > $_[0] : $px < $_[0]; };

	$px = split_px($px, $factor) if defined $factor;

	return 0 if !$order->{limited} || !$worse->($order->{price});
	return !any { defined $_->{price} && !$worse->($_->{price}) } @{ $order->{requests} };
}

sub filled
{
	my ($self, $order) = @_;
	return defined $order->{qty} && $order->{qty} > 0 && $self->executed($order) >= $order->{qty};
}

sub live { my ($self, $order) = @_; return !closed($order) && !$self->filled($order); }
# for its ancestors an order is live while anything below it is
sub live_above { my ($self, $order) = @_; return $self->live($order) || any { $self->live_above($_) } $self->children($order); }
sub live_children { my ($self, $order) = @_; return grep { $self->live_above($_) } $self->children($order); }

sub day { my ($order) = @_; return ($order->{tif} // 'DAY') eq 'DAY'; }

sub leaves
{
	my ($self, $order) = @_;
	return 0 if closed($order) || !defined $order->{qty} || (has($order, 'DONE_FOR_DAY') && day($order));
	return max(0, $order->{qty} - $self->executed($order));
}

# what it takes of its parent: the greatest of leaves, pending increased leaves and fills in review
sub reserve
{
	my ($self, $order) = @_;
	my @pending = map { $_->{qty} - $self->executed($order) } grep { defined $_->{qty} } @{ $order->{requests} };

	@pending = () if closed($order);
	return max(0, $self->leaves($order), $self->review($order), @pending);
}

sub reserved { my ($self, $order) = @_; return sum0 map { $self->reserve($_) } $self->children($order); }
sub unplaced { my ($self, $order) = @_; return max(0, $self->leaves($order) - $self->reserved($order)); }
sub working { my ($self, $order) = @_; return sum0 map { $self->leaves($_) } $self->children($order); }

sub status
{
	my ($self, $order) = @_;
	my @shown = map { $_->{kind} } grep { $_->{shown} } @{ $order->{requests} };

	return 'PENDING_CANCEL' if any { $_ eq 'CANCEL' } @shown;
	return 'PENDING_REPLACE' if @shown;
	return 'DONE_FOR_DAY' if has($order, 'DONE_FOR_DAY');
	return 'CALCULATED' if has($order, 'CALCULATED');
	return 'FILLED' if $self->filled($order);
	foreach my $condition (qw(STOPPED SUSPENDED CANCELLED EXPIRED))
	{
		return $condition if has($order, $condition);
	}
	return 'PARTIALLY_FILLED' if $self->executed($order) > 0;
	foreach my $condition (qw(REJECTED NEW PENDING_NEW))
	{
		return $condition if has($order, $condition);
	}
	return 'ACCEPTED_FOR_BIDDING';
}

# What the tables must show: { id => { column => text } }.  What is executed is worked out once for all.
sub figures
{
	my ($self) = @_;
	local $self->{known} = {};
	return { map { $_ => $self->quantities($_) } keys %{ $self->{orders} } };
}

# The columns
sub fields { return qw(status order_qty executed_quantity own_executed_quantity leaves_quantity working_quantity
	  unplaced_quantity reserved_quantity review_quantity allocated_quantity executed_value avg_px child_count live_children); }

sub quantities
{
	my ($self, $id) = @_;
	my $order = $self->order($id);
	my ($executed, $value) = ($self->executed($order), $self->executed_value($order));

	return {
		status => $self->status($order),
		order_qty => decimal($order->{qty}, QTY_SCALE),
		executed_quantity => decimal($executed, QTY_SCALE),
		own_executed_quantity => decimal($self->own_executed($order), QTY_SCALE),
		leaves_quantity => decimal($self->leaves($order), QTY_SCALE),
		working_quantity => decimal($self->working($order), QTY_SCALE),
		unplaced_quantity => decimal($self->unplaced($order), QTY_SCALE),
		reserved_quantity => decimal($self->reserved($order), QTY_SCALE),
		review_quantity => decimal($self->review($order), QTY_SCALE),
		allocated_quantity => decimal($executed, QTY_SCALE),
		executed_value => decimal($value, VALUE_SCALE),
		avg_px => average($value, $executed),
		child_count => scalar @{ $order->{children} },
		live_children => scalar(my @live = $self->live_children($order)),
	};
}

# --- refusals --------------------------------------------------------------------------------

# Returns ({ SQLSTATE => 1 } that refuse it, { SQLSTATE => 1 } that may refuse it).
sub refusals
{
	my ($self, $command) = @_;
	my (%must, %may);
	my $type = $command->{commandType} =~ s/Command$//r;
	my $check = $self->can("refuse_$type") or die "no such command in the model: $type";

	if ($type =~ /Order$/ && $type !~ /^(Create|Execute)Order$/ && !$self->order($command->{orderId}))
	{
		$must{OM003} = 1;
	}
	else
	{
		$self->$check($command, $self->order($command->{orderId}), \%must, \%may);
	}
	if (defined $command->{clOrdID} && $type =~ /^(Create|RequestCancel|RequestReplace)Order$/)
	{
		$must{OM007} = 1 if $self->{cl_ord_ids}{ $command->{clOrdID} };
	}
	foreach my $part ($command, @{ $command->{children} // [] })
	{
		$must{OM001} = 1 if any { defined $part->{$_} && (!positive($part->{$_}) || ($part->{$_} =~ s/^[-0.]+//r) =~ tr/0-9// > 38) } qw(orderQty lastQty quantityFactor);
	}
	# a guarantee may leave its quantity at zero
	delete $must{OM001} if $type eq 'StopOrder' && ($command->{lastQty} // '') eq '0';
	return (\%must, \%may);
}

sub refuse_closed
{
	my ($self, $order, $must) = @_;
	$must->{OM004} = 1 if closed($order);
}

sub refuse_CreateOrder
{
	my ($self, $command, undef, $must, $may) = @_;

	$must->{OM007} = 1 if $self->order($command->{orderId});
	return unless defined $command->{parentId};

	my $parent = $self->order($command->{parentId});
	if (!$parent) { $must->{OM003} = 1; return; }
	$self->refuse_children($parent, [$command], $must, $may);
}

sub refuse_children
{
	my ($self, $parent, $children, $must, $may) = @_;
	my $wanted = sum0 map { positive($_->{orderQty}) ? $self->qty($_->{orderQty}) : 0 } @$children;

	$must->{OM004} = 1 if closed($parent) || $self->filled($parent);
	$must->{OM005} = 1 if $self->cancel_requested($parent);
	$must->{OM005} = 1 if $wanted > $self->unplaced($parent);
	foreach my $child (@$children)
	{
		$must->{OM005} = $may->{OM001} = 1 if defined $child->{symbol} && $child->{symbol} ne $parent->{symbol};
		$must->{OM005} = $may->{OM001} = 1 if defined $child->{side} && $child->{side} ne $parent->{side};
	}
	$may->{OM004} = 1 if any { has($parent, $_) } qw(SUSPENDED STOPPED DONE_FOR_DAY PENDING_NEW ACCEPTED_FOR_BIDDING);
}

sub refuse_PlaceOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	foreach my $child (@{ $command->{children} })
	{
		$must->{OM007} = 1 if $self->order($child->{orderId}) || (defined $child->{clOrdID} && $self->{cl_ord_ids}{ $child->{clOrdID} });
	}
	$self->refuse_children($order, $command->{children}, $must, $may);
}

sub refuse_AcceptOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	# a fill may have come before the acceptance that tells the quantity
	my $unstated = !defined $order->{qty} && defined $command->{orderQty};

	$self->refuse_closed($order, $must);
	if (has($order, 'ACCEPTED_FOR_BIDDING')) { $may->{OM004} = 1 if $command->{forBidding}; }
	elsif (!has($order, 'PENDING_NEW')) { ($unstated ? $may : $must)->{OM004} = 1; }
	$may->{OM004} = $may->{OM001} = $may->{OM005} = 1 if defined $command->{orderQty} && !$unstated;
}

sub refuse_RejectOrder
{
	my ($self, $command, $order, $must, $may) = @_;

	$self->refuse_closed($order, $must);
	$must->{OM004} = 1 if $self->executed($order) > 0;
	$must->{OM005} = 1 if $self->live_children($order);
	$may->{OM004} = 1 if any { has($order, $_) } qw(SUSPENDED STOPPED DONE_FOR_DAY);
	$may->{OM004} = 1 if @{ $order->{requests} } || $self->review($order) > 0;
}

sub refuse_CancelOrder
{
	my ($self, $command, $order, $must, $may) = @_;

	$self->refuse_closed($order, $must);
	$must->{OM004} = 1 if $self->filled($order);
	$must->{OM005} = 1 if $self->live_children($order);
}

sub refuse_ExpireOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	$self->refuse_CancelOrder($command, $order, $must, $may);
	$may->{OM004} = 1 if has($order, 'PENDING_NEW') || has($order, 'ACCEPTED_FOR_BIDDING');
}

sub refuse_CalculateOrder
{
	my ($self, $command, $order, $must, $may) = @_;

	$self->refuse_closed($order, $must);
	$must->{OM005} = 1 if $self->live_children($order);
	$may->{OM004} = 1;
}

sub refuse_RequestCancelOrder
{
	my ($self, $command, $order, $must, $may) = @_;

	# one that does not show is only a note
	my $shown = $command->{pending} // 1;

	$self->refuse_closed($order, $shown ? $must : $may);
	$may->{OM004} = 1 if $self->filled($order) || $self->cancel_requested($order);
	$may->{OM005} = 1 if $self->cancel_requested($order);
}

sub find_request
{
	my ($self, $order, $kind, $command) = @_;
	my @open = grep { $_->{kind} eq $kind } @{ $order->{requests} };

	return first { defined $_->{clOrdID} && $_->{clOrdID} eq $command->{clOrdID} } @open if defined $command->{clOrdID};
	return @open == 1 ? $open[0] : undef;
}

sub refuse_RejectCancelOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	$must->{OM004} = $may->{OM003} = 1 if !$self->find_request($order, 'CANCEL', $command);
	$may->{OM004} = 1 if closed($order);
}

sub refuse_RejectReplaceOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	$must->{OM004} = $may->{OM003} = 1 if !$self->find_request($order, 'REPLACE', $command);
	$may->{OM004} = 1 if closed($order);
}

# New terms: of a request, a replacement or a restatement
sub refuse_terms
{
	my ($self, $order, $qty, $must, $may, %options) = @_;
	my $executed = $self->executed($order);
	my $parent = $self->order($order->{parent});

	my $state = $options{shown} // 1 ? $must : $may;

	$self->refuse_closed($order, $state);
	if ($self->filled($order) && !(defined $qty && $qty > $executed))
	{
		($options{filled} // $state)->{OM004} = 1;
	}
	if (defined $qty && $parent && !closed($order))
	{
		my $take = max(0, $qty - $executed) - $self->reserve($order);
		my $sure = !has($order, 'DONE_FOR_DAY') && !any { defined $_->{qty} } @{ $order->{requests} };
		($sure || $options{sure} ? $must : $may)->{OM005} = 1 if $take > 0 && $take > $self->unplaced($parent);
		$may->{OM004} = $may->{OM005} = 1 if $take > 0 && (!$self->live($parent) || @{ $parent->{requests} } || !$sure);
	}
	if (defined $qty && $qty < ($order->{qty} // 0) && $self->reserved($order) > 0 && $qty < $executed + $self->reserved($order))
	{
		($options{below} // $must)->{OM005} = 1;
	}
	# down to what is executed is an end, which live children forbid
	if (defined $qty && $self->live($order) && $qty <= $executed && $executed > 0 && $self->live_children($order))
	{
		($options{below} // $must)->{OM005} = 1;
	}
	$may->{OM004} = 1 if $self->cancel_requested($order);
	$may->{OM004} = 1 if any { has($order, $_) } qw(PENDING_NEW ACCEPTED_FOR_BIDDING DONE_FOR_DAY);
}

sub refuse_RequestReplaceOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	my $qty = positive($command->{orderQty}) ? $self->qty($command->{orderQty}) : undef;
	my $shown = $command->{pending} // 1;

	# one that does not show is only a note, but reserves all the same
	$self->refuse_terms($order, $qty, $must, $may, below => $may, sure => 1, shown => $shown);
}

sub replaced_qty
{
	my ($self, $command, $request) = @_;
	return $self->qty($command->{orderQty}) if positive($command->{orderQty});
	return $request ? $request->{qty} : undef;
}

sub refuse_ReplaceOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	my $request = defined $command->{clOrdID} ? $self->find_request($order, 'REPLACE', $command) : undef;

	$must->{OM007} = 1
	  if defined $command->{clOrdID} && !$request && $self->{cl_ord_ids}{ $command->{clOrdID} };
	$self->refuse_terms($order, $self->replaced_qty($command, $request), $must, $may);
}

sub refuse_RestateOrder
{
	my ($self, $command, $order, $must, $may) = @_;

	my $reported = reported($command);

	if (my $split = $self->split_of($command, $order))
	{
		return if $reported;
		$must->{OM004} = 1 if closed($order);
		$must->{OM005} = 1 if $split->{contradicts} || !$self->split_reaches($split, $order);
		$must->{OM005} = 1 if !closed($order) && !$split->{contradicts} && $self->vanishes($split, $order);
		$may->{OM005} = 1 if $self->{wide};    # more than 38 digits
		$may->{OM005} = 1 if has($order, 'DONE_FOR_DAY') && $order->{parent};
		return;
	}
	return if $reported;
	my $qty = positive($command->{orderQty}) ? $self->qty($command->{orderQty}) : undef;
	$self->refuse_terms($order, $qty, $must, $may, filled => $may);
	if (has($order, 'DONE_FOR_DAY') && $order->{parent})
	{
		$may->{OM005} = 1;    # what comes back may find its place taken
	}
}

sub refuse_SuspendOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	$self->refuse_closed($order, $must);
	$may->{OM004} = 1 if $self->filled($order) || any { has($order, $_) } qw(SUSPENDED PENDING_NEW ACCEPTED_FOR_BIDDING DONE_FOR_DAY);
}

sub refuse_ResumeOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	$must->{OM004} = 1 if !has($order, 'SUSPENDED') && !has($order, 'STOPPED');
	$may->{OM004} = 1 if !has($order, 'SUSPENDED') || closed($order) || $self->filled($order);
}

sub refuse_StopOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	$self->refuse_closed($order, $must);
	$may->{OM004} = 1 if $self->filled($order) || any { has($order, $_) } qw(STOPPED PENDING_NEW ACCEPTED_FOR_BIDDING DONE_FOR_DAY);
	$may->{OM005} = 1 if defined $command->{lastQty};
}

sub refuse_DoneForDayOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	$self->refuse_closed($order, $must);
	$may->{OM004} = 1 if $self->filled($order) || any { has($order, $_) } qw(DONE_FOR_DAY PENDING_NEW ACCEPTED_FOR_BIDDING);
	$may->{OM005} = 1 if $self->live_children($order);
}

sub refuse_UpdateOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	$may->{OM004} = 1 if closed($order);
}

sub refuse_ExecuteOrder
{
	my ($self, $command, $order, $must, $may) = @_;
	my ($booking, undef, $known) = $self->booking($command);
	# one told twice is known by its ExecID first
	($booking eq 'REPEAT' || $known ? $may : $must)->{OM007} = 1 if $self->{executions}{ $command->{executionId} };
}

# the newest of a chain of corrections, by any id of it
sub newest
{
	my ($self, $id) = @_;
	my $execution = $self->{executions}{$id};

	while ($execution && $execution->{corrected_by})
	{
		$execution = $self->{executions}{ $execution->{corrected_by} };
	}
	return $execution;
}

sub refuse_CorrectExecution
{
	my ($self, $command, undef, $must, $may) = @_;
	my $execution = $self->newest($command->{executionId});

	if (!$execution) { $must->{OM003} = 1; return; }
	$must->{OM004} = 1 if $execution->{status} eq 'BUSTED';
	$may->{OM004} = 1 if $execution->{status} eq 'REVIEW';
}

sub refuse_BustExecution
{
	my ($self, $command, $order, $must, $may) = @_;
	$self->refuse_CorrectExecution($command, $order, $must, $may);
}

# --- effects ---------------------------------------------------------------------------------

# What a fill becomes: LIVE, REVIEW or REPEAT, and why.
sub booking
{
	my ($self, $command) = @_;
	my $order = $self->order($command->{orderId});
	my ($qty, @same);

	return ('REVIEW', 'UNKNOWN_ORDER') if !$order;
	$qty = $self->qty($command->{lastQty});
	@same = grep { defined $command->{execID} && $_->{execID} eq $command->{execID} } @{ $order->{executions} };
	my $known = first { $self->same_fill($_, $command) } @same;

	# what waits in review is decided anew
	return ('REPEAT', undef) if $known && $known->{status} ne 'REVIEW';
	my ($booking, $why) = $self->booking_of($command, $order, $known ? @$known{qw(qty factor)} : ($qty, undef), grep { !$known || $_ != $known } @same);
	return $known && $booking eq 'REVIEW' ? ('REPEAT', undef) : ($booking, $why, $known);
}

sub booking_of
{
	my ($self, $command, $order, $qty, $factor, @same) = @_;

	return ('REVIEW', 'DUPLICATE_EXEC_ID') if @same;
	return ('REVIEW', 'WRONG_SYMBOL') if defined $command->{symbol} && $command->{symbol} ne $order->{symbol};
	return ('REVIEW', 'WRONG_SIDE') if defined $command->{side} && $command->{side} ne $order->{side};
	return ('REVIEW', 'PRICE_BEYOND_LIMIT') if $self->beyond_limit($order, $command->{lastPx}, $factor);
	return ('REVIEW', 'ORDER_REJECTED') if has($order, 'REJECTED');
	return ('REVIEW', 'OVERFILL') if defined $order->{qty} && $self->executed($order) + $qty > $order->{qty};
	return ('LIVE', undef);
}

sub same_fill
{
	my ($self, $execution, $command) = @_;
	return $execution->{kind} eq 'FILL' && $self->qty($execution->{lastQty}) == $self->qty($command->{lastQty})
	  && $self->units($execution->{lastPx}, PX_SCALE) == $self->units($command->{lastPx}, PX_SCALE);
}

# Carry an accepted command out.  `state` is the result's, for ids and where the contract is open.
sub apply
{
	my ($self, $command, $state) = @_;
	my $type = $command->{commandType} =~ s/Command$//r;
	my $effect = "apply_$type";
	my @waiting = grep { $self->cancel_requested($_) && $self->live_children($_) } values %{ $self->{orders} };

	$self->$effect($command, $self->order($command->{orderId}), $state);
	$self->{cl_ord_ids}{ $command->{clOrdID} } = 1 if defined $command->{clOrdID};
	$self->end_waiting(@waiting);
	return;
}

sub cancel_requested
{
	my ($self, $order) = @_;
	return any { $_->{kind} eq 'CANCEL' } @{ $order->{requests} };
}

# A parent whose cancel waits for its children ends with the last of them, and so does its own parent.
sub end_waiting
{
	my ($self, @waiting) = @_;

	while (my $order = first { $self->cancel_requested($_) && !$self->live_children($_) } @waiting)
	{
		if ($self->filled($order))
		{
			# too late to cancel, which is the answer
			$order->{requests} = [ grep { $_->{kind} ne 'CANCEL' } @{ $order->{requests} } ];
		}
		else { $self->close_order($order, 'CANCELLED'); }
	}
	return;
}

sub close_order
{
	my ($self, $order, $condition) = @_;
	$order->{requests} = [];
	delete @{ $order->{conditions} }{qw(SUSPENDED STOPPED DONE_FOR_DAY)};
	$order->{conditions}{$condition} = 1;
}

sub accepted
{
	my ($order) = @_;
	delete @{ $order->{conditions} }{qw(PENDING_NEW ACCEPTED_FOR_BIDDING)};
	$order->{conditions}{NEW} = 1;
}

sub add_order
{
	my ($self, $command, $parent) = @_;

	$self->{orders}{ $command->{orderId} } = {
		id => $command->{orderId}, children => [], requests => [], executions => [], parent => $parent ? $parent->{id} : undef,
		conditions => { $command->{pending} ? 'PENDING_NEW' : 'NEW' => 1 },
		qty => $self->qty($command->{orderQty}), cash => defined $command->{cashOrderQty},
		tif => $command->{timeInForce},
		# what its parent has behind it, it has
		actions => { map { $_ => { factor => $parent->{actions}{$_}{factor}, fills => 1 } } $parent ? keys %{ $parent->{actions} } : () },
		newest_action => $parent ? $parent->{newest_action} : undef,
		price => $self->px($command->{price}), limited => defined $command->{price},
		symbol => $parent ? $parent->{symbol} : $command->{symbol}, side => $parent ? $parent->{side} : $command->{side},
	};
	$self->{cl_ord_ids}{ $command->{clOrdID} } = 1 if defined $command->{clOrdID};
	if ($parent) { push @{ $parent->{children} }, $command->{orderId}; }
	else { $self->{root} = $command->{orderId}; }
}

sub apply_CreateOrder
{
	my ($self, $command) = @_;
	$self->add_order($command, $self->order($command->{parentId}));
}

sub apply_PlaceOrder
{
	my ($self, $command, $order) = @_;
	$self->add_order($_, $order) foreach @{ $command->{children} };
}

sub apply_AcceptOrder
{
	my ($self, $command, $order) = @_;

	$order->{qty} = $self->qty($command->{orderQty}) if defined $command->{orderQty};
	accepted($order);
	if ($command->{forBidding})
	{
		delete $order->{conditions}{NEW};
		$order->{conditions}{ACCEPTED_FOR_BIDDING} = 1;
	}
}

sub apply_RejectOrder { my ($self, $command, $order) = @_; $self->close_order($order, 'REJECTED'); }
sub apply_CancelOrder { my ($self, $command, $order) = @_; $self->close_order($order, 'CANCELLED'); }
sub apply_ExpireOrder { my ($self, $command, $order) = @_; $self->close_order($order, 'EXPIRED'); }
sub apply_CalculateOrder { my ($self, $command, $order) = @_; $order->{conditions}{CALCULATED} = 1; $self->maybe_accepted($order); }
sub apply_UpdateOrder { return; }

sub add_request
{
	my ($self, $command, $order, $kind) = @_;
	push @{ $order->{requests} },
	  { kind => $kind, clOrdID => $command->{clOrdID}, shown => $command->{pending} // 1, qty => $kind eq 'REPLACE' ? $self->qty($command->{orderQty}) : undef,
		price => $kind eq 'REPLACE' ? $self->px($command->{price}) : undef };
}

sub apply_RequestCancelOrder { my ($self, $command, $order) = @_; $self->add_request($command, $order, 'CANCEL'); }

sub apply_RequestReplaceOrder { my ($self, $command, $order) = @_; $self->add_request($command, $order, 'REPLACE'); }

sub drop_request
{
	my ($self, $order, $request) = @_;
	$order->{requests} = [ grep { $_ != $request } @{ $order->{requests} } ] if $request;
}

sub apply_RejectCancelOrder
{
	my ($self, $command, $order) = @_;
	$self->drop_request($order, $self->find_request($order, 'CANCEL', $command));
}

sub apply_RejectReplaceOrder
{
	my ($self, $command, $order) = @_;
	$self->drop_request($order, $self->find_request($order, 'REPLACE', $command));
}

sub apply_ReplaceOrder
{
	my ($self, $command, $order) = @_;
	my $request = defined $command->{clOrdID} ? $self->find_request($order, 'REPLACE', $command) : undef;
	my $qty = $self->replaced_qty($command, $request);

	# below what is executed it stops the order there
	if (defined $qty)
	{
		$order->{qty} = max($qty, $self->executed($order));
		delete $_->{base} foreach values %{ $order->{actions} };
	}
	$order->{price} = $self->px($command->{price}) // ($request ? $request->{price} : undef) // $order->{price};
	$self->drop_request($order, $request);
	$order->{conditions}{DONE_FOR_DAY} = 'maybe' if has($order, 'DONE_FOR_DAY');
	$self->maybe_accepted($order);
}

sub maybe_accepted
{
	my ($self, $order) = @_;
	foreach my $condition (grep { has($order, $_) } qw(PENDING_NEW ACCEPTED_FOR_BIDDING))
	{
		@{ $order->{conditions} }{ $condition, 'NEW' } = ('maybe', 'maybe');
	}
}

sub apply_RestateOrder
{
	my ($self, $command, $order) = @_;

	my $split = $self->split_of($command, $order);

	# what is reported of a closed order is kept, and changes nothing, unless it is a split
	return if closed($order) && !$split;
	$self->apply_split($split, $order) if $split;
	$self->restate_qty($order, $command->{orderQty}) if defined $command->{orderQty} && !($split && $split->{takes_stated});
	$order->{price} = $self->px($command->{price}) // $order->{price};
	return if closed($order);
	delete $order->{conditions}{DONE_FOR_DAY};
	$order->{conditions}{STOPPED} = 'maybe' if has($order, 'STOPPED');
	$self->maybe_accepted($order);
}

sub restate_qty
{
	my ($self, $order, $qty) = @_;
	$order->{qty} = max($self->qty($qty), $self->executed($order));
	delete $_->{base} foreach values %{ $order->{actions} };
}

# --- splits ----------------------------------------------------------------------------------

sub reported { my ($command) = @_; return defined $command->{execID} || defined $command->{ordStatus}; }

# "0.5" as a whole number of 10^-20
sub factor_units
{
	my ($text) = @_;
	my ($whole, $part) = $text =~ /^(\d+)(?:\.(\d*))?$/ or die "no factor: $text";
	return Math::BigInt->new($whole . substr(($part // '') . '0' x FACTOR_SCALE, 0, FACTOR_SCALE));
}

# a / b, the half away from zero
sub rounded
{
	my ($top, $bottom) = @_;
	return ((Math::BigInt->new("$top") * 2 + $bottom) / (Math::BigInt->new("$bottom") * 2));
}

sub scaled
{
	my ($self, $units, $factor) = @_;
	my $result = rounded(Math::BigInt->new("$units") * $factor, Math::BigInt->new(10)->bpow(FACTOR_SCALE));
	return $self->{wide} ? $result : $result->numify;
}

# What a Restate command splits, and by what: undef if it is no split.
sub split_of
{
	my ($self, $command, $order) = @_;
	my $given = positive($command->{orderQty}) ? $self->qty($command->{orderQty}) : undef;
	my $day = defined $command->{transactTime} ? 'then' : 'today';
	my ($factor, $key);

	if (defined $command->{quantityFactor})
	{
		return undef if !positive($command->{quantityFactor});
		$factor = factor_units($command->{quantityFactor});
	}
	else
	{
		return undef if ($command->{reason} // '') !~ /^(0|GT_CORPORATE_ACTION)$/ || !defined $given || !defined $order->{qty};
		my $mark = $self->awaited($command, $order, $given);
		if ($mark) { ($factor, $key) = @$mark{qw(factor key)}; }
		elsif ($given == $order->{qty}) { return undef; }
		else { $factor = rounded(Math::BigInt->new("$given") * Math::BigInt->new(10)->bpow(FACTOR_SCALE), $order->{qty}); }
	}
	$key //= $command->{corporateActionId} // "$factor $day";
	my $split = { factor => $factor, key => $key, reported => reported($command), given => $given };
	my $mark = $order->{actions}{$key};
	if (defined $given)
	{
		# beside a factor a quantity is the scaled one, or something else
		my $fits = defined $order->{qty} && ($mark ? $given == $order->{qty} : $self->is_scaled($given, $order->{qty}, $factor));
		$split->{ $fits ? 'takes_stated' : 'contradicts' } = 1;
	}
	if ($factor == Math::BigInt->new(10)->bpow(FACTOR_SCALE))
	{
		return $split->{contradicts} && !$split->{reported} ? $split : undef;
	}
	return $split;
}

sub is_scaled
{
	my ($self, $given, $qty, $factor) = @_;
	return 1 if $self->scaled($qty, $factor) == $given;
	my $one = Math::BigInt->new(10)->bpow(FACTOR_SCALE);
	my $off = (Math::BigInt->new("$given") * $one - Math::BigInt->new("$qty") * $factor)->babs;    # of 10^-30
	return rounded($off, max(Math::BigInt->new("$qty"), Math::BigInt->new(10)->bpow(QTY_SCALE))) == 0;
}

# the report of an order whose terms were scaled with those of an order below it
sub awaited
{
	my ($self, $command, $order, $given) = @_;
	return undef if !reported($command);
	my $key = $command->{corporateActionId} // $order->{newest_action};
	my $mark = defined $key ? $order->{actions}{$key} : undef;

	return undef if !$mark || $mark->{fills};
	return defined $command->{corporateActionId} || ($mark->{base} // $order->{qty}) == $given ? { %$mark, key => $key } : undef;
}

sub below { my ($self, $order) = @_; return ($order, map { $self->below($_) } $self->children($order)); }

# Orders that are to be scaled as a whole: those that the action has not come to.
sub split_whole
{
	my ($self, $split, $order) = @_;
	my @all = $split->{reported} ? $self->below($order) : values %{ $self->{orders} };
	return grep { !($_->{actions}{ $split->{key} } && $_->{actions}{ $split->{key} }{fills}) } @all;
}

sub split_reaches { my ($self, $split, $order) = @_; return scalar(my @whole = $self->split_whole($split, $order)); }

# Would an order, or one of its fills, be nothing?
sub vanishes
{
	my ($self, $split, $order) = @_;
	foreach my $each ($self->split_whole($split, $order))
	{
		return 1 if defined $each->{qty} && !$each->{actions}{ $split->{key} } && $self->scaled($each->{qty}, $split->{factor}) == 0;
		return 1 if any { $_->{status} =~ /^(LIVE|REVIEW)$/ && $self->scaled($_->{qty}, $split->{factor}) == 0 } @{ $each->{executions} };
	}
	return 0;
}

sub split_fills
{
	my ($self, $order, $status, $factor) = @_;
	my @fills = grep { $_->{status} eq $status } @{ $order->{executions} } or return;
	my $before = sum0 map { $_->{qty} } @fills;

	foreach my $fill (@fills)
	{
		$fill->{qty} = max(1, $self->scaled($fill->{qty}, $factor));
		$fill->{was_split} = 1;
		$fill->{factor} = rounded($fill->{factor} * $factor, Math::BigInt->new(10)->bpow(FACTOR_SCALE));
	}
	# what rounding left goes to the largest
	my ($largest) = sort { $b->{qty} <=> $a->{qty} || $a->{id} cmp $b->{id} } @fills;
	my $rest = $self->scaled($before, $factor) - sum0 map { $_->{qty} } @fills;
	$largest->{qty} += $rest if $largest->{qty} + $rest > 0;
}

sub apply_split
{
	my ($self, $split, $named) = @_;
	my %whole = map { $_->{id} => 1 } $self->split_whole($split, $named);
	my %above;
	my %before = map { $_->{id} => { executed => $self->executed($_), reserved => $self->reserved($_), qty => $_->{qty} } } values %{ $self->{orders} };

	return if !%whole;
	for (my $up = $named; $split->{reported} && ($up = $self->order($up->{parent}));) { $above{ $up->{id} } = 1; }
	$self->split_branch($self->order($self->{root}), $split, $named, \%whole, \%above, \%before);
}

# Children first: what an order has executed and what is placed of it is known then.
sub split_branch
{
	my ($self, $order, $split, $named, $whole, $above, $before) = @_;
	my ($factor, $key) = @$split{qw(factor key)};
	my $was = $before->{ $order->{id} };
	my $mark = $order->{actions}{$key};

	$self->split_branch($_, $split, $named, $whole, $above, $before) foreach $self->children($order);
	my $fills = $whole->{ $order->{id} };
	my $terms = !$mark && ($fills || $above->{ $order->{id} });
	if ($terms)
	{
		foreach my $object ($order, @{ $order->{requests} })
		{
			$object->{qty} = $self->scaled($object->{qty}, $factor) if defined $object->{qty};
			$object->{price} = split_px($object->{price}, $factor);
		}
		$order->{newest_action} = $key;
		$mark = $order->{actions}{$key} = { factor => $factor };
	}
	if ($fills)
	{
		$self->split_fills($order, $_, $factor) foreach qw(LIVE REVIEW);
		$mark->{fills} = 1;
	}
	my $executed = $self->executed($order);
	my $reserved = $self->reserved($order);
	return if !$mark;
	return if !($terms || $fills || $order == $named || $executed != $was->{executed} || $reserved != $was->{reserved});
	my $base = $mark->{base};
	delete $mark->{base};
	return if !defined $order->{qty} || $was->{qty} <= 0;
	my $stated = $order == $named && $split->{takes_stated} ? $split->{given} : undef;
	$base = $stated // $base // $order->{qty};
	$order->{qty} = $self->fitting($base, $was, $executed, $reserved, $terms, $fills && !defined $stated);
	$mark->{base} = $base if !$mark->{fills} && $order->{qty} != $base && $executed < $order->{qty};
}

# What was filled stays filled, what was open stays open, what was placed in full stays so.
sub fitting
{
	my ($self, $base, $was, $executed, $reserved, $terms, $with_children) = @_;
	my $free = $was->{qty} - $was->{executed} - $was->{reserved};

	if ($was->{executed} >= $was->{qty})
	{
		my $most = $terms ? $base : $was->{qty};
		return $most if $executed <= 0;
		return $was->{executed} == $was->{qty} ? $executed : min($most, $executed);
	}
	my $qty = $base;
	if ($with_children)
	{
		if ($free == 0 && $was->{reserved} > 0) { $qty = $executed + $reserved; }
		elsif ($free > 0) { $qty = max($qty, $executed + $reserved); }
	}
	return max($qty, $executed + 1);
}

sub apply_SuspendOrder { my ($self, $command, $order) = @_; $order->{conditions}{SUSPENDED} = 1; $self->maybe_accepted($order); }
sub apply_ResumeOrder { my ($self, $command, $order) = @_; delete $order->{conditions}{ has($order, 'SUSPENDED') ? 'SUSPENDED' : 'STOPPED' }; }

# transactTime, where there is one, is of a day long ago (OmsStream)
sub apply_DoneForDayOrder
{
	my ($self, $command, $order) = @_;
	$order->{conditions}{DONE_FOR_DAY} = 1;
	$order->{done_long_ago} = defined $command->{transactTime};
	$self->maybe_accepted($order);
}


# A guarantee hides fills (FIX 4.4 volume 4, L.1.a); it ends with the order, or is taken back.
sub apply_StopOrder
{
	my ($self, $command, $order) = @_;
	$order->{conditions}{STOPPED} = 1;
	$self->maybe_accepted($order);
}

sub add_execution
{
	my ($self, $id, $order_id, $command, $status, $kind) = @_;
	my $execution = {
		id => $id, order => $order_id, execID => $command->{execID} // '', status => $status, kind => $kind,
		lastQty => $command->{lastQty}, lastPx => $command->{lastPx}, factor => Math::BigInt->new(10)->bpow(FACTOR_SCALE),
		qty => $self->qty($command->{lastQty}), value => $self->value($command->{lastQty}, $command->{lastPx}),
	};

	push @{ $self->order($order_id)->{executions} }, $execution if defined $order_id;
	return $self->{executions}{$id} = $execution;
}

sub apply_ExecuteOrder
{
	my ($self, $command, $order, $state) = @_;
	my ($status, $why, $known) = $self->booking($command);
	my $at = $order;

	return if $status eq 'REPEAT';
	if ($known) { $known->{status} = 'LIVE'; }
	else { $self->add_execution($command->{executionId}, $order ? $order->{id} : undef, $command, $status, 'FILL')->{why} = $why; }
	return if $status ne 'LIVE';

	accepted($order) if !closed($order) && (has($order, 'PENDING_NEW') || has($order, 'ACCEPTED_FOR_BIDDING'));
	# a fill of a later day ends it for an order that lasts longer than a day
	delete $order->{conditions}{DONE_FOR_DAY}
	  if !day($order) && !closed($order) && $order->{done_long_ago} && !defined $command->{transactTime};
	while ($at = $self->order($at->{parent})) { $self->maybe_accepted($at); }
}

# A correction is stated in the shares of the fill it corrects, also after a split.
sub corrected_qty
{
	my ($self, $command, $old) = @_;
	my $order = $self->order($old->{order});
	my ($last, $was) = map { $self->qty($_->{lastQty}) } $command, $old;
	my $qty = max(1, $self->scaled($last, $old->{factor}));
	return $qty if !$old->{was_split};

	# it counts with what rounding gave that fill; what fills the order but for rounding fills it
	my $rest = $old->{qty} - max(1, $self->scaled($was, $old->{factor}));
	$qty += $rest if $qty + $rest > 0;
	return $qty if !$order || !defined $order->{qty} || $old->{status} ne 'LIVE' || $last == $was;
	my $left = $order->{qty} - ($self->executed($order) - $old->{qty});
	return $left > 0 && abs($qty - $left) <= 2 ? $left : $qty;
}

# What a correction becomes: LIVE, or REVIEW where more would be executed than ordered, and more than
# before; undef where the fill was in review for another reason.
sub correction
{
	my ($self, $command) = @_;
	my $old = $self->newest($command->{executionId});
	my $order = $self->order($old->{order});
	my $qty = $self->corrected_qty($command, $old);
	my $counted = $old->{status} eq 'LIVE' ? $old->{qty} : 0;

	return undef if !$order || has($order, 'REJECTED') || ($old->{status} eq 'REVIEW' && $old->{why} ne 'OVERFILL');
	return 'REVIEW' if $self->beyond_limit($order, $command->{lastPx}, $old->{factor})
	  && !($counted && $self->px($old->{lastPx}) == $self->px($command->{lastPx}));
	return 'LIVE' if !defined $order->{qty} || $qty <= $counted;
	return $self->executed($order) - $counted + $qty > $order->{qty} ? 'REVIEW' : 'LIVE';
}

sub apply_CorrectExecution
{
	my ($self, $command, undef, $state) = @_;
	my $old = $self->newest($command->{executionId});
	my $review = $state->{status} eq 'REVIEW';
	my $qty = $self->corrected_qty($command, $old);
	my $new = $self->add_execution($state->{executionId}, $old->{order}, $command, $review ? 'REVIEW' : 'LIVE', 'CORRECTION');

	$new->{qty} = $qty;
	@$new{qw(factor was_split)} = @$old{qw(factor was_split)};
	$new->{why} = $old->{why} // 'OVERFILL';
	# one that waits in review leaves a live fill as it is, until the next correction or the bust
	$old->{held}{status} = 'CORRECTED' if $old->{held};
	if ($review && $old->{status} eq 'LIVE') { $old->{held} = $new; }
	else { @$old{qw(status corrected_by)} = ('CORRECTED', $new->{id}); }
}

sub apply_BustExecution
{
	my ($self, $command) = @_;
	my $execution = $self->newest($command->{executionId});

	$_->{status} = 'BUSTED' foreach grep { defined } @$execution{qw(held)}, $execution;
}

# --- where the contract leaves it open -------------------------------------------------------

sub open_questions
{
	my ($self) = @_;
	return grep { my $order = $_; any { $_ eq 'maybe' } values %{ $order->{conditions} } } values %{ $self->{orders} };
}

# Take what was left open from the conditions that the table shows.
sub settle
{
	my ($self, $id, $shown) = @_;
	my $order = $self->order($id);

	foreach my $condition (grep { $order->{conditions}{$_} eq 'maybe' } keys %{ $order->{conditions} })
	{
		if (any { $_ eq $condition } @$shown) { $order->{conditions}{$condition} = 1; }
		else { delete $order->{conditions}{$condition}; }
	}
}

1;
