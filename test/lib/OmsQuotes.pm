# What requests for quotes, quotes and their acceptances must show after any commands, written from domain.md 20 to 23 and
# section 3 of the contract alone: no line of it looks at the code. test/t/055_quotes.pl holds the store against it.
#
# Quantities are whole numbers; prices are whole numbers of ten-thousandths (px() and px_text() turn them). Times are far away or
# long ago, so that no clock decides. An object's place in `made` is its age; ids of quotes ascend with it.

package OmsQuotes;

use strict;
use warnings;

use List::Util qw(max sum0);

my %QUOTE_END = (COUNTER => 'REJECTED', PASS => 'REJECTED', COVER => 'DECLINED', DONE_AWAY => 'DECLINED', EXPIRED => 'EXPIRED');

sub new
{
	my ($class) = @_;
	return bless { requests => {}, quotes => {}, orders => {}, fills => {}, names => {}, made => 0 }, $class;
}

sub px { my ($text) = @_; my ($whole, $part) = $text =~ /^(\d+)(?:\.(\d{1,4}))?$/ or die "no price: $text"; return $whole * 10000 + substr(($part // '') . '0000', 0, 4); }

sub px_text
{
	my ($px) = @_;
	my $text = sprintf '%s%d.%04d', $px < 0 ? '-' : '', abs($px) / 10000, abs($px) % 10000;
	return $text =~ s/\.?0+$//r;
}

sub is_buy { my ($side) = @_; return $side eq q(BUY) ? 1 : 0; }

# Side is that of the currency; of a pair's second one it is turned (domain 20).
sub takes_offer
{
	my ($symbol, $currency, $side) = @_;
	my $turned = defined $currency && $symbol =~ m{^\w{3}/\Q$currency\E$} ? 1 : 0;
	return is_buy($side) != $turned;
}

# --- what there is -----------------------------------------------------------------------------

sub request { my ($self, $id) = @_; return defined $id ? $self->{requests}{$id} : undef; }
sub quote { my ($self, $id) = @_; return defined $id ? $self->{quotes}{$id} : undef; }
sub order { my ($self, $id) = @_; return defined $id ? $self->{orders}{$id} : undef; }
sub quotes_of { my ($self, $id) = @_; return sort { $a->{age} <=> $b->{age} } grep { ($_->{request} // '') eq $id } values %{ $self->{quotes} }; }
sub open_quotes { my ($self, $id) = @_; return grep { $_->{status} eq 'ACTIVE' && !defined $_->{order} } $self->quotes_of($id); }
sub is_pending { my ($quote) = @_; return $quote->{status} eq 'ACTIVE' && defined $quote->{order}; }
sub request_is_pending { my ($request) = @_; return $request->{status} eq 'QUOTED' && defined $request->{accepted}; }
sub is_over { my ($time) = @_; return defined $time && $time =~ /^20/; }
sub leaves { my ($order) = @_; return $order->{closed} ? 0 : max 0, $order->{qty} - $order->{executed}; }
sub children { my ($self, $id) = @_; return grep { ($_->{parent} // '') eq $id } values %{ $self->{orders} }; }
sub unplaced { my ($self, $order) = @_; return max 0, leaves($order) - sum0 map { max leaves($_), $_->{review} } $self->children($order->{id}); }

sub order_status
{
	my ($order) = @_;
	# FIX shows what is executed before Rejected, and Canceled and Expired before a part
	return $order->{executed} >= $order->{qty} ? 'FILLED' : $order->{closed} && !($order->{closed} eq 'REJECTED' && $order->{executed} > 0) ? $order->{closed} : $order->{executed} > 0 ? 'PARTIALLY_FILLED' : $order->{waits} ? 'PENDING_NEW' : 'NEW';
}

# --- why a command is refused ------------------------------------------------------------------

# Every reason there is: SQLSTATE, or OM005 and the rule. None: it must be accepted.
sub refusals
{
	my ($self, $command) = @_;
	my ($type) = $command->{commandType} =~ /^(\w+)Command$/;
	my $check = $self->can("refuses_$type") or die "no command $type";
	my %found;

	$found{$_} = 1 foreach $check->($self, $command);
	return \%found;
}

# Nothing more is placed of an order that has ended or is filled, nor more than it has left
sub no_room
{
	my ($self, $parent, $qty) = @_;
	return ($parent->{closed} || $parent->{executed} >= $parent->{qty} ? 'OM004' : (), $qty > $self->unplaced($parent) ? 'OM005 over_placed' : ());
}

sub refuses_CreateOrder
{
	my ($self, $c) = @_;
	my $parent = $self->order($c->{parentId});
	return ($self->order($c->{orderId}) ? 'OM007' : (), !$parent ? (defined $c->{parentId} ? 'OM003' : ()) : $self->no_room($parent, $c->{orderQty}));
}

sub refuses_CreateQuoteRequest
{
	my ($self, $c) = @_;
	my $order = $self->order($c->{orderId});
	my @why = ($self->request($c->{quoteRequestId}) ? 'OM007' : (), defined $c->{quoteReqID} && $self->{names}{ $c->{quoteReqID} } ? 'OM007' : ());

	return (@why, 'OM003') if defined $c->{orderId} && !$order;
	return (@why, 'OM001') if !$order && !defined $c->{symbol};
	return (@why, map { defined $c->{$_} && $order && defined $order->{$_} && $c->{$_} ne $order->{$_} ? 'OM005 order_differs' : () } qw(symbol side currency));
}

# May something still be quoted?
sub quotable
{
	my ($request) = @_;
	return ($request->{status} =~ /^(NEW|QUOTED)$/ ? () : 'OM004', is_over($request->{expires}) ? 'OM005 request_expired' : ());
}

# A QuoteID is one quote of its dealer for a request, as long as it can be dealt or waits for him
sub same_id
{
	my ($quote, $c) = @_;
	return 0 if ($quote->{quoteID} // '') ne $c->{quoteID} || ($quote->{dealer} // '') ne ($c->{dealer} // '');
	return is_pending($quote) || $quote->{status} eq 'ACTIVE' && !is_over($quote->{until});
}

sub refuses_CreateQuote
{
	my ($self, $c) = @_;
	my $request = $self->request($c->{quoteRequestId});

	return 'OM003' if defined $c->{quoteRequestId} && !$request;
	return (
		$request ? quotable($request) : defined $c->{symbol} ? () : 'OM001',
		$request ? map { defined $c->{$_} && defined $request->{$_} && $c->{$_} ne $request->{$_} ? 'OM005 request_differs' : () } qw(symbol currency) : (),
		defined $c->{bidPx} || defined $c->{offerPx} ? () : 'OM001',
		$self->quote($c->{quoteId}) ? 'OM007' : (),
		$request && defined $c->{quoteID} && grep({ same_id($_, $c) } $self->quotes_of($request->{id})) ? 'OM007' : ());
}

# Neither accepted nor over
sub untouched
{
	my ($quote) = @_;
	return is_pending($quote) ? 'OM005 acceptance_pending' : $quote->{status} ne 'ACTIVE' ? 'OM004' : ();
}

sub refuses_ReplaceQuote
{
	my ($self, $c) = @_;
	my $quote = $self->quote($c->{quoteId}) or return 'OM003';
	my $request = $self->request($quote->{request});
	my @given = grep { defined $c->{$_} } qw(bidPx offerPx);

	return (version_differs($c, $quote), untouched($quote), $request ? quotable($request) : (), !@given && grep({ defined $c->{$_} } qw(bidSize offerSize minBidSize minOfferSize)) ? 'OM001' : ());
}

sub version_differs { my ($c, $object) = @_; return defined $c->{expectedVersion} && $c->{expectedVersion} != ($object->{version} // 0) ? 'OM006' : (); }

# What an acceptance deals: (side, is it the offer, price, size, least)
sub deal
{
	my ($self, $c, $quote) = @_;
	my $request = $self->request($quote->{request});
	my $side = $c->{side} // ($request ? $request->{side} : undef);

	return () if !defined $side && defined $quote->{bid} && defined $quote->{offer};
	($side) = grep { defined $quote->{ takes_offer(@$quote{qw(symbol currency)}, $_) ? 'offer' : 'bid' } } qw(BUY SELL) if !defined $side;
	my $which = takes_offer(@$quote{qw(symbol currency)}, $side) ? 'offer' : 'bid';
	return ($side, $which, @$quote{ $which, "${which}Size", 'min' . ucfirst($which) . 'Size' });
}

sub refuses_AcceptQuote
{
	my ($self, $c) = @_;
	my $quote = $self->quote($c->{quoteId}) or return 'OM003';
	my $request = $self->request($quote->{request});
	my ($side, undef, $px, $size, $least) = $self->deal($c, $quote);
	my $qty = $c->{orderQty} // ($request ? $request->{qty} : undef) // $size;
	my @why = (version_differs($c, $quote), untouched($quote));

	push @why, 'OM005 acceptance_pending' if $request && request_is_pending($request);
	push @why, 'OM004' if $request && $request->{status} !~ /^(NEW|QUOTED)$/;
	push @why, 'OM005 not_tradeable' if $quote->{type} eq 'INDICATIVE';
	push @why, 'OM005 quote_expired' if is_over($quote->{until}) || $request && is_over($request->{expires});
	return (@why, 'OM001') if !defined $side;
	push @why, 'OM005 side_not_asked' if $request && defined $request->{side} && $request->{side} ne $side;
	return (@why, 'OM005 side_not_quoted') if !defined $px;
	push @why, 'OM005 price_differs' if defined $c->{price} && px($c->{price}) != $px;
	return (@why, 'OM001') if !defined $qty;
	push @why, 'OM005 over_size' if defined $size && $qty > $size || $request && defined $request->{qty} && $qty > $request->{qty};
	push @why, 'OM005 below_min_size' if $qty <= 0 || defined $least && $qty < $least;
	my $parent = $request ? $self->order($request->{for}) : undef;
	push @why, $self->no_room($parent, $qty) if $parent;
	push @why, 'OM007' if $self->order($c->{orderId});
	return @why;
}

sub quote_end
{
	my ($c) = @_;
	return $QUOTE_END{ $c->{quoteRespType} } if defined $c->{quoteRespType};
	return { Reject => 'REJECTED', Cancel => 'CANCELLED', Expire => 'EXPIRED' }->{ $c->{commandType} =~ /^(Reject|Cancel|Expire)/ ? $1 : die };
}

sub refuses_RejectQuote
{
	my ($self, $c) = @_;
	my $quote = $self->quote($c->{quoteId}) or return 'OM003';
	# of a dealer with the last look it is his answer; a response is of who accepted, and he waits
	return (version_differs($c, $quote), is_pending($quote) && quote_end($c) eq 'REJECTED' && !defined $c->{quoteRespType} ? () : untouched($quote));
}
*refuses_CancelQuote = \&refuses_RejectQuote;
*refuses_ExpireQuote = \&refuses_RejectQuote;

sub refuses_CancelQuoteRequest
{
	my ($self, $c) = @_;
	my $request = $self->request($c->{quoteRequestId}) or return 'OM003';
	return $request->{status} !~ /^(NEW|QUOTED)$/ ? 'OM004' : request_is_pending($request) ? 'OM005 acceptance_pending' : ();
}
*refuses_ExpireQuoteRequest = \&refuses_CancelQuoteRequest;

sub refuses_RejectQuoteRequest
{
	my ($self, $c) = @_;
	my $request = $self->request($c->{quoteRequestId}) or return 'OM003';

	return $self->refuses_CancelQuoteRequest($c) if !defined $c->{dealer};
	return ($request->{status} !~ /^(NEW|QUOTED)$/ ? 'OM004' : (), $request->{rejected}{ $c->{dealer} } ? 'OM004' : ());
}

sub is_reported { my ($c) = @_; return defined $c->{execID}; }
sub refuses_order { my ($self, $c, $possible) = @_; my $order = $self->order($c->{orderId}) or return 'OM003'; return is_reported($c) || $possible->($order) ? () : 'OM004'; }
sub refuses_AcceptOrder { my ($self, $c) = @_; return $self->refuses_order($c, sub { $_[0]{waits} && !$_[0]{closed} }); }
sub refuses_RejectOrder { my ($self, $c) = @_; return $self->refuses_order($c, sub { !$_[0]{closed} && $_[0]{executed} == 0 }); }
sub refuses_CancelOrder { my ($self, $c) = @_; return $self->refuses_order($c, sub { !$_[0]{closed} && $_[0]{executed} < $_[0]{qty} }); }
*refuses_ExpireOrder = \&refuses_CancelOrder;
sub refuses_ExecuteOrder { return (); }
sub refuses_BustExecution { return (); }

# --- what it does -------------------------------------------------------------------------------

sub apply
{
	my ($self, $command) = @_;
	my ($type) = $command->{commandType} =~ /^(\w+)Command$/;

	$self->{changed} = {};
	$self->can("apply_$type")->($self, $command);
	$_->{version}++ foreach values %{ $self->{changed} };
	return;
}

# Each object has one event in a command.
sub touch { my ($self, $object) = @_; $self->{changed}{ $object->{id} } = $object; return; }

sub apply_CreateOrder
{
	my ($self, $c) = @_;
	my $parent = $self->order($c->{parentId});
	$self->{orders}{ $c->{orderId} } = {
		id => $c->{orderId}, parent => $c->{parentId}, qty => $c->{orderQty}, executed => 0, review => 0, waits => 0, closed => '',
		map { $_ => $parent ? $parent->{$_} : $c->{$_} } qw(symbol side currency account) };
	return;
}

sub apply_CreateQuoteRequest
{
	my ($self, $c) = @_;
	my $order = $self->order($c->{orderId});

	$self->{names}{ $c->{quoteReqID} } = 1 if defined $c->{quoteReqID};
	my $request = $self->{requests}{ $c->{quoteRequestId} } = {
		id => $c->{quoteRequestId}, status => 'NEW', for => $c->{orderId}, qty => $c->{orderQty} // ($order ? $self->unplaced($order) : undef), expires => $c->{expireTime},
		multiple => $c->{multipleQuotes}, dealers => $c->{dealers}, rejected => {}, map { $_ => $c->{$_} // ($order ? $order->{$_} : undef) } qw(symbol side currency account) };
	$self->touch($request);
	return;
}

sub take_figures
{
	my ($quote, $c) = @_;
	@$quote{qw(bid offer)} = map { defined $c->{$_} ? px($c->{$_}) : undef } qw(bidPx offerPx);
	@$quote{qw(bidSize offerSize minBidSize minOfferSize)} = @$c{qw(bidSize offerSize minBidSize minOfferSize)};
	return;
}

sub apply_CreateQuote
{
	my ($self, $c) = @_;
	my $request = $self->request($c->{quoteRequestId});
	my $quote = {
		id => $c->{quoteId}, request => $c->{quoteRequestId}, status => 'ACTIVE', quoteID => $c->{quoteID}, dealer => $c->{dealer}, type => $c->{quoteType} // 'TRADEABLE',
		settl => $c->{settlType}, until => $c->{validUntilTime} // ($request ? $request->{expires} : undef), symbol => $c->{symbol}, currency => $c->{currency}, account => $c->{account}, flags => '', age => ++$self->{made} };

	take_figures($quote, $c);
	if ($request)
	{
		$quote->{$_} //= $request->{$_} foreach qw(symbol currency);
		$quote->{account} = $request->{account};
		foreach my $older ($request->{multiple} || !defined $quote->{dealer} ? () : $self->open_quotes($request->{id}))
		{
			next if ($older->{dealer} // '') ne $quote->{dealer} || ($older->{settl} // '') ne ($quote->{settl} // '');
			next if grep { defined $older->{$_} && !defined $quote->{$_} } qw(bid offer);
			@$older{qw(status reason superseding)} = ('CANCELLED', 'SUPERSEDED', $quote->{id});
			$quote->{superseded} = $older->{id};
			$self->touch($older);
		}
		if ($request->{status} eq 'NEW') { $request->{status} = 'QUOTED'; $self->touch($request); }
	}
	$self->{quotes}{ $quote->{id} } = $quote;
	$self->touch($quote);
	return;
}

sub apply_ReplaceQuote
{
	my ($self, $c) = @_;
	my $quote = $self->quote($c->{quoteId});

	take_figures($quote, $c) if defined $c->{bidPx} || defined $c->{offerPx};
	$quote->{until} = $c->{validUntilTime} if defined $c->{validUntilTime};
	$quote->{quoteID} = $c->{quoteID} if defined $c->{quoteID};
	$quote->{type} = $c->{quoteType} if defined $c->{quoteType};
	$self->touch($quote);
	return;
}

# The best of the others that could have been accepted; of two the older.
sub find_cover
{
	my ($self, $request, $deal, $which) = @_;
	my @others = grep { $_->{id} ne $deal->{id} && defined $_->{$which} && $_->{type} ne 'INDICATIVE' && !is_over($_->{until}) } $self->open_quotes($request->{id});
	my $sign = $which eq 'offer' ? 1 : -1;
	my ($best) = sort { $sign * ($a->{$which} <=> $b->{$which}) || $a->{age} <=> $b->{age} } @others;

	@$request{qw(cover cover_px cover_distance)} = $best ? ($best->{id}, $best->{$which}, $sign * ($best->{$which} - $deal->{px})) : ();
	return;
}

sub end_quote { my ($self, $quote, $status, $reason) = @_; @$quote{qw(status reason)} = ($status, $reason); $self->touch($quote); return; }
sub decline_others { my ($self, $request) = @_; $self->end_quote($_, 'DECLINED', $_->{id} eq ($request->{cover} // '') ? 'COVER' : 'TRADED_AWAY') foreach $self->open_quotes($request->{id}); return; }

sub apply_AcceptQuote
{
	my ($self, $c) = @_;
	my $quote = $self->quote($c->{quoteId});
	my $request = $self->request($quote->{request});
	my ($side, $which, $px, $size) = $self->deal($c, $quote);
	my $parent = $request ? $self->order($request->{for}) : undef;

	@$quote{qw(side px qty order executed)} = ($side, $px, $c->{orderQty} // ($request ? $request->{qty} : undef) // $size, $c->{orderId}, 0);
	$self->{orders}{ $c->{orderId} } = {
		id => $c->{orderId}, quote => $quote->{id}, parent => $parent ? $parent->{id} : undef, qty => $quote->{qty}, price => $px, side => $side, executed => 0, review => 0, waits => 1, closed => '',
		symbol => $quote->{symbol}, currency => $quote->{currency}, account => $quote->{account}, dealer => $quote->{dealer}, tif => $c->{timeInForce} // 'FILL_OR_KILL' };
	$quote->{status} = 'ACCEPTED' if !$c->{pending};
	$self->touch($quote);
	return if !$request;
	$self->find_cover($request, $quote, $which);
	@$request{qw(accepted order executed)} = (@$quote{qw(id order)}, 0);
	if (!$c->{pending}) { $request->{status} = 'ACCEPTED'; $self->decline_others($request); }
	$self->touch($request);
	return;
}

sub apply_RejectQuote
{
	my ($self, $c) = @_;
	my $quote = $self->quote($c->{quoteId});

	return $self->end_quote($quote, quote_end($c), $c->{reason} // $c->{quoteRespType}) if !is_pending($quote);
	my $order = $self->order($quote->{order});
	@$order{qw(closed waits)} = ('REJECTED', 0);
	return $self->follow($order);
}
*apply_CancelQuote = \&apply_RejectQuote;
*apply_ExpireQuote = \&apply_RejectQuote;

sub end_request
{
	my ($self, $request, $c, $status, $of_quotes) = @_;
	$self->end_quote($_, $of_quotes, "REQUEST_$status") foreach $self->open_quotes($request->{id});
	$request->{status} = $status;
	$request->{reason} = $c->{reason} if defined $c->{reason};
	$self->touch($request);
	return;
}
sub apply_CancelQuoteRequest { my ($self, $c) = @_; return $self->end_request($self->request($c->{quoteRequestId}), $c, 'CANCELLED', 'CANCELLED'); }
sub apply_ExpireQuoteRequest { my ($self, $c) = @_; return $self->end_request($self->request($c->{quoteRequestId}), $c, 'EXPIRED', 'EXPIRED'); }

sub apply_RejectQuoteRequest
{
	my ($self, $c) = @_;
	my $request = $self->request($c->{quoteRequestId});

	return $self->end_request($request, $c, 'REJECTED', 'CANCELLED') if !defined $c->{dealer};
	$request->{rejected}{ $c->{dealer} } = 1;
	# the last of those who were asked
	return $self->end_request($request, $c, 'REJECTED', 'CANCELLED') if $request->{status} eq 'NEW' && $request->{dealers} && !grep { !$request->{rejected}{$_} } @{ $request->{dealers} };
	$self->touch($request);
	return;
}

# --- orders of acceptances ----------------------------------------------------------------------

# Quote and request know what the order has executed, and whether a dealer with the last look took it (domain 22).
sub follow
{
	my ($self, $order) = @_;
	my $quote = $self->quote($order->{quote}) or return;
	my $request = $self->request($quote->{request});
	my $was = $quote->{executed};

	$quote->{executed} = $order->{executed};
	$quote->{flags} = 'LATE_FILL' if $order->{late};
	$request = undef if $request && ($request->{accepted} // '') ne $quote->{id};
	$request->{executed} = $order->{executed} if $request;
	if (is_pending($quote) && ($order->{executed} > 0 || !$order->{waits} && !$order->{closed}))
	{
		$quote->{status} = 'ACCEPTED';
		$quote->{answered} = 1;
		if ($request) { $request->{status} = 'ACCEPTED'; $self->decline_others($request); }
	}
	elsif (is_pending($quote) && $order->{closed})
	{
		$self->end_quote($quote, 'REJECTED', $order->{closed} eq 'REJECTED' ? 'LAST_LOOK' : 'ORDER_ENDED');
		$quote->{answered} = 1;
		$self->refused($request) if $request;
	}
	elsif ($was == $quote->{executed}) { return; }
	$self->touch($_) foreach $quote, $request || ();
	return;
}

sub refused
{
	my ($self, $request) = @_;
	my $quoted = !is_over($request->{expires}) && grep { !is_over($_->{until}) } $self->open_quotes($request->{id});

	delete @$request{qw(accepted order executed cover cover_px cover_distance)};
	return if $quoted;
	$request->{status} = 'EXPIRED';
	$self->end_quote($_, 'EXPIRED', 'REQUEST_EXPIRED') foreach $self->open_quotes($request->{id});
	return;
}

sub apply_AcceptOrder { my ($self, $c) = @_; my $order = $self->order($c->{orderId}); $order->{waits} = 0 if !$order->{closed}; return $self->follow($order); }

sub close_order { my ($self, $c, $how) = @_; my $order = $self->order($c->{orderId}); @$order{qw(closed waits)} = ($how, 0) if !$order->{closed}; return $self->follow($order); }
sub apply_RejectOrder { my ($self, $c) = @_; return $self->close_order($c, 'REJECTED'); }
sub apply_CancelOrder { my ($self, $c) = @_; return $self->close_order($c, 'CANCELLED'); }
sub apply_ExpireOrder { my ($self, $c) = @_; return $self->close_order($c, 'EXPIRED'); }

# Booked or for review: not more than was ordered, not at a worse price than was quoted.
sub books
{
	my ($self, $c) = @_;
	my $order = $self->order($c->{orderId});
	my $px = px($c->{lastPx});

	return 0 if $order->{executed} + $c->{lastQty} > $order->{qty};
	return takes_offer(@$order{qw(symbol currency side)}) ? $px <= $order->{price} : $px >= $order->{price};
}

sub count_fill
{
	my ($self, $order, $qty) = @_;
	for (my $up = $order; $up; $up = $self->order($up->{parent})) { $up->{executed} += $qty; }
	return;
}

sub apply_ExecuteOrder
{
	my ($self, $c) = @_;
	my $order = $self->order($c->{orderId});
	my $fill = $self->{fills}{ $c->{executionId} } = { order => $order->{id}, qty => $c->{lastQty}, status => $self->books($c) ? 'ALLOCATED' : 'REVIEW' };

	if ($fill->{status} eq 'REVIEW') { $order->{review} += $fill->{qty}; return; }
	$order->{late} = 1 if $order->{closed};
	$order->{waits} = 0;
	$self->count_fill($order, $fill->{qty});
	return $self->follow($order);
}

sub apply_BustExecution
{
	my ($self, $c) = @_;
	my $fill = $self->{fills}{ $c->{executionId} };
	my $order = $self->order($fill->{order});

	if ($fill->{status} eq 'REVIEW') { $order->{review} -= $fill->{qty}; }
	else { $self->count_fill($order, -$fill->{qty}); }
	$fill->{status} = 'BUSTED';
	return $self->follow($order);
}

# --- what the rows must show --------------------------------------------------------------------

sub shown_px { my ($px) = @_; return defined $px ? px_text($px) : undef; }

# { table => { id => { column => text or undef } } }
sub rows
{
	my ($self) = @_;
	my %rows = (quote_requests => {}, quotes => {}, orders => {});

	foreach my $r (values %{ $self->{requests} })
	{
		$rows{quote_requests}{ $r->{id} } = {
			status => $r->{status}, version => $r->{version}, symbol => $r->{symbol}, side => $r->{side}, order_qty => $r->{qty}, currency => $r->{currency}, account => $r->{account}, order_id => $r->{for},
			accepted_quote_id => $r->{accepted}, accepted_order_id => $r->{order}, executed_quantity => $r->{executed}, cover_quote_id => $r->{cover},
			cover_px => shown_px($r->{cover_px}), cover_distance => shown_px($r->{cover_distance}), reason => $r->{reason} };
	}
	foreach my $q (values %{ $self->{quotes} })
	{
		$rows{quotes}{ $q->{id} } = {
			status => $q->{status}, version => $q->{version}, quote_request_id => $q->{request}, symbol => $q->{symbol}, currency => $q->{currency}, account => $q->{account}, dealer => $q->{dealer}, quote_type => $q->{type},
			bid_px => shown_px($q->{bid}), offer_px => shown_px($q->{offer}), bid_size => $q->{bidSize}, offer_size => $q->{offerSize}, min_bid_size => $q->{minBidSize}, min_offer_size => $q->{minOfferSize},
			side => $q->{side}, order_id => $q->{order}, accepted_quantity => $q->{qty}, accepted_px => shown_px($q->{px}), executed_quantity => $q->{executed}, reason => $q->{reason},
			superseded_quote_id => $q->{superseded}, superseding_quote_id => $q->{superseding}, flags => $q->{flags}, answered => $q->{answered} ? 1 : 0 };
	}
	foreach my $o (values %{ $self->{orders} })
	{
		$rows{orders}{ $o->{id} } = {
			status => order_status($o), symbol => $o->{symbol}, side => $o->{side}, currency => $o->{currency}, account => $o->{account}, parent_id => $o->{parent}, quote_id => $o->{quote}, order_qty => $o->{qty},
			price => shown_px($o->{price}), executed_quantity => $o->{executed}, leaves_quantity => leaves($o), unplaced_quantity => $self->unplaced($o), review_quantity => $o->{review},
			!defined $o->{quote} ? () : (ord_type => 'PREVIOUSLY_QUOTED', time_in_force => $o->{tif}, destination => $o->{dealer}) };
	}
	return \%rows;
}

1;
