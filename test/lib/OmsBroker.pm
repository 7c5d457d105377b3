# A small broker, written from FIX 4.4 volume 4 and not from the store: it keeps orders, answers requests, fills, busts,
# corrects, splits, and states OrdStatus, CumQty, LeavesQty and AvgPx of each report as the volume wants them.
#
# A session is a list of actions; each is { uid, order, do, draw => [0 .. 1, ...] }, all that chance decides is in `draw`.
# play() does the actions that are possible and leaves out the others, so any part of a session is a valid session: that is
# what a failing one is shrunk by.  What comes is a log of messages, and the broker's own figures of every order.
#
# Prices are whole millionths, quantities whole numbers: nothing here rounds but AvgPx (6 decimals, half up).

package OmsBroker;

use strict;
use warnings;

use FixMessage;

our %DIALECT = (
	'4.2' => { version => 'FIX.4.2', separator => '|', old => 1 },
	'4.2 as spoken' => { version => 'FIX.4.2', old => 1, habits => 1 },
	'4.4' => { version => 'FIX.4.4' },
	'5.0 SP2' => { version => 'FIX.5.0SP2', separator => '|', fills_group => 1 });

my %CODE = (PENDING_NEW => 'A', NEW => '0', PARTIALLY_FILLED => '1', FILLED => '2', DONE_FOR_DAY => '3', CANCELLED => '4',
	PENDING_CANCEL => '6', STOPPED => '7', REJECTED => '8', SUSPENDED => '9', CALCULATED => 'B', EXPIRED => 'C',
	PENDING_REPLACE => 'E');
# within each of them Side may be changed by a replacement (volume 4, G)
my @SIDES = (['1', '3'], ['2', '4', '5', '6']);
my %SIDE_NAME = (1 => 'BUY', 2 => 'SELL', 3 => 'BUY_MINUS', 4 => 'SELL_PLUS', 5 => 'SELL_SHORT', 6 => 'SELL_SHORT_EXEMPT');

# new(DIALECT, links => n, exec_ids => 'session' or 'order')
sub new
{
	my ($class, $dialect, %options) = @_;

	return bless { dialect => $DIALECT{$dialect}, links => 1, exec_ids => 'session', %options,
		orders => [], log => [], day => 1, second => 0, numbers => {} }, $class;
}

sub number { my ($self, $what) = @_; return ++$self->{numbers}{$what}; }
sub pick { my ($draw, @of) = @_; return $of[ int($draw * @of) ]; }
sub between { my ($draw, $low, $high) = @_; return $low + int($draw * ($high - $low + 1)); }

sub decimal
{
	my ($millionths) = @_;
	my $text = sprintf '%d.%06d', int($millionths / 1_000_000), $millionths % 1_000_000;

	$text =~ s/\.?0+$//;
	return $text;
}

# --- what an order is --------------------------------------------------------------------------

sub cum { my ($o) = @_; my $sum = 0; $sum += $_->{qty} * $_->{factor} foreach grep { $_->{live} } @{ $o->{fills} }; return $sum; }
sub value { my ($o) = @_; my $sum = 0; $sum += $_->{qty} * $_->{px} foreach grep { $_->{live} } @{ $o->{fills} }; return $sum; }
sub full { my ($o) = @_; return $o->{qty} > 0 && cum($o) >= $o->{qty}; }
sub closed { my ($o) = @_; return $o->{ended} || $o->{calculated}; }
sub good_till { my ($o) = @_; return $o->{tif} eq '1'; }
sub shown { my ($o, $kind) = @_; return grep { $_->{shown} && $_->{kind} eq $kind } @{ $o->{requests} }; }

sub leaves
{
	my ($o) = @_;

	return 0 if closed($o) || full($o) || ($o->{done_for_day} && !good_till($o));
	return $o->{qty} - cum($o);
}

# AvgPx in millionths, half up
sub average { my ($o) = @_; my $cum = cum($o); return $cum ? int((2 * value($o) + $cum) / (2 * $cum)) : 0; }

# The condition that ranks highest (pp. 10-11).
sub status
{
	my ($o) = @_;

	return 'PENDING_CANCEL' if shown($o, 'F');
	return 'PENDING_REPLACE' if shown($o, 'G');
	return 'DONE_FOR_DAY' if $o->{done_for_day};
	return 'CALCULATED' if $o->{calculated};
	return 'FILLED' if full($o);
	return 'STOPPED' if $o->{stopped};
	return 'SUSPENDED' if $o->{suspended};
	return $o->{ended} if ($o->{ended} // '') =~ /^(CANCELLED|EXPIRED)$/;
	return 'PARTIALLY_FILLED' if cum($o);
	return 'REJECTED' if $o->{ended};
	return $o->{accepted} ? 'NEW' : 'PENDING_NEW';
}

# What the broker would answer if he were asked: what the store must show.
sub figures
{
	my ($o) = @_;

	return { status => status($o), order_qty => $o->{qty}, executed_quantity => cum($o), leaves_quantity => leaves($o),
		executed_value => decimal(value($o)), price => defined $o->{px} ? decimal($o->{px}) : undef,
		cl_ord_id => $o->{cl}, side => $SIDE_NAME{ $o->{side} }, account => $o->{account}, review_quantity => 0 };
}

# --- saying it ---------------------------------------------------------------------------------

# Put a message into the log.  `kind` is what OmsWire judges orders of arrival by.
sub say_it
{
	my ($self, $o, $from, $type, $kind, $fields, %more) = @_;

	$self->{second} += 7;
	push @{ $self->{log} }, { key => "$self->{action}{uid}." . $self->{said}++, from => $from, type => $type, kind => $kind,
		order => $o->{n}, link => $o->{link}, dialect => $self->{dialect}, time => fix_time($self->{day}, $self->{second}),
		fields => [ @$fields, 60 => fix_time($self->{day}, $self->{second}) ], %more };
}

sub request
{
	my ($self, $o, $type, $kind, @fields) = @_;
	my %field = @fields;

	$self->say_it($o, 'C', $type, $kind, [ @fields, 55 => $o->{symbol}, $field{54} ? () : (54 => $o->{side}),
		$type =~ /[DG]/ ? (21 => '1') : () ], cl => $field{11});
}

sub exec_id { my ($self, $o) = @_; return $self->{exec_ids} eq 'order' ? 'E' . ++$o->{reports} : 'E' . $self->number("E$o->{link}"); }

# An execution report; `more` may hold: type, status, cl, orig, ref, last => [qty, px], fields => [...], and what say_it takes.
sub report
{
	my ($self, $o, $kind, %more) = @_;
	my $old = $self->{dialect}{old};
	my $type = $more{type} // $CODE{ status($o) };
	my $status = $more{status} // $CODE{ status($o) };
	my $exec = $self->exec_id($o);
	my ($qty, $px) = @{ $more{last} // [] };
	my @last = defined $qty ? (32 => $qty, 31 => decimal($px)) : ();
	my $transaction = '0';

	if ($old && $type =~ /[FGHI]/)
	{
		$transaction = { F => '0', G => '2', H => '1', I => '3' }->{$type};
		$type = $type eq 'I' ? $status : full($o) ? '2' : cum($o) || $type ne 'H' || !$self->{dialect}{habits} ? '1' : '0';
	}
	$status = '5' if $self->{dialect}{habits} && $type eq '5';
	# two fills at one price apart, so that their average is exact
	@last = (1362 => 2, map { (1363 => "$exec-$_", 1364 => decimal($px + ($_ - 1.5) * 20_000), 1365 => $qty / 2) } 1, 2)
	  if $self->{dialect}{fills_group} && $more{group} && $kind eq 'fill' && $qty % 2 == 0;
	my $cl = $o->{phone} ? undef : $more{cl} // $o->{cl};
	$self->say_it($o, 'B', '8', $kind, [
		37 => $o->{oid}, 11 => $cl, 41 => $more{orig}, 17 => $exec, 19 => $more{ref}, $old ? (20 => $transaction) : (),
		150 => $type, 39 => $status, 55 => $o->{symbol}, 54 => $o->{side}, 1 => $o->{account}, 38 => $o->{qty},
		44 => defined $o->{px} ? decimal($o->{px}) : undef, 59 => $o->{tif}, @last, 151 => leaves($o), 14 => cum($o),
		6 => decimal(average($o)), @{ $more{fields} // [] } ], exec => $exec, cl => $cl, orig => $more{orig}, %{ $more{note} // {} });
	return $exec;
}

# --- what may happen ---------------------------------------------------------------------------

sub order_of { my ($self, $action) = @_; return $self->{by_uid}{ $action->{order} }; }
sub plain { my ($o) = @_; return $o->{accepted} && !closed($o) && !full($o) && !grep { $o->{$_} } qw(done_for_day suspended stopped); }
sub end { my ($o, $how) = @_; $o->{ended} = $how; $o->{requests} = []; delete @$o{qw(done_for_day suspended stopped)}; }

sub make_order
{
	my ($self, $action) = @_;
	my @draw = @{ $action->{draw} };
	my $n = @{ $self->{orders} };
	my $buys = $draw[0] < 0.5;
	my $o = { n => $n, uid => $action->{uid}, link => between($draw[1], 0, $self->{links} - 1), symbol => "SYM$n",
		side => $SIDES[ $buys ? 0 : 1 ][0], qty => 20 * between($draw[2], 2, 50), tif => pick($draw[3], qw(0 0 0 1 1 1 3)),
		account => pick($draw[4], undef, 'ACC1'), fills => [], requests => [], reports => 0 };

	# never further from the market than any fill will be
	$o->{px} = $draw[5] < 0.2 ? undef : ($buys ? between($draw[6], 1300, 1500) : between($draw[6], 500, 700)) * 20_000;
	$o->{oid} = "O$n";
	push @{ $self->{orders} }, $o;
	$self->{by_uid}{ $action->{uid} } = $o;
	return $o;
}

sub new_id { my ($self, $o) = @_; return 'C' . $self->number("C$o->{link}"); }

# A price that no limit minds: buyers' limits are above it, sellers' below; after a split, all are divided.
sub fill_price { my ($o, $draw) = @_; return between($draw, 800, 1200) * 20_000 / ($o->{factor} // 1); }

sub fill
{
	my ($self, $o, $qty, $draw, %more) = @_;
	my $px = fill_price($o, $draw);
	my $fill = { qty => $qty, px => $px, factor => 1, live => 1 };

	# both sides of a group of two fills are exact only from an even number
	push @{ $o->{fills} }, $fill;
	$o->{accepted} = 1;
	delete $o->{done_for_day} if good_till($o);
	delete $o->{stopped} if full($o) || ($more{fulfils} && !shown($o, 'F') && !shown($o, 'G'));
	my $exec = $self->report($o, 'fill', type => 'F', last => [ $qty, $px ], note => { chain => $#{ $o->{fills} }, fill => $qty }, %more);
	$fill->{ids} = [$exec];
}

sub open_request { my ($o) = @_; return grep { $_->{kind} eq 'F' } @{ $o->{requests} }; }
sub find_request { my ($o, $draw) = @_; return pick($draw, @{ $o->{requests} }); }

# Each action: [weight, when it is possible, what it does].  $d are its draws.
my %ACTION = (
	pend_new => [ 1, sub { !$_->{accepted} && !closed($_) }, sub { my ($s, $o) = @_; $s->report($o, 'look', type => 'A') } ],
	accept => [ 12, sub { !$_->{accepted} && !closed($_) }, sub { my ($s, $o) = @_; $o->{accepted} = 1; $s->report($o, 'accept', type => '0') } ],
	reject => [ 1, sub { !closed($_) && !@{ $_->{fills} } && !@{ $_->{requests} } && !$_->{phone} && !$_->{done_for_day} },
		sub { my ($s, $o) = @_; end($o, 'REJECTED'); $s->report($o, 'end', type => '8') } ],
	fill => [ 14, sub { !closed($_) && !full($_) && !$_->{suspended} && (!$_->{done_for_day} || (good_till($_) && $_->{done_for_day} < $_[0]{day})) },
		sub {
			my ($s, $o, $d) = @_;
			my $left = $o->{qty} - cum($o);
			my $qty = $d->[0] < 0.3 ? $left : between($d->[1], 1, $left);
			$s->fill($o, $qty, $d->[2], fulfils => $d->[3] < 0.3, group => $d->[4] < 0.3) } ],
	# immediate or cancel: the trade says that the rest is gone
	fill_and_end => [ 4, sub { $_->{tif} eq '3' && $_->{accepted} && !closed($_) && !@{ $_->{requests} } && leaves($_) > 1 && plain($_) },
		sub {
			my ($s, $o, $d) = @_;
			my ($qty, $px) = (between($d->[0], 1, leaves($o) - 1), fill_price($o, $d->[1]));
			push @{ $o->{fills} }, { qty => $qty, px => $px, factor => 1, live => 1 };
			end($o, 'CANCELLED');
			$o->{fills}[-1]{ids} = [ $s->report($o, 'end', type => 'F', last => [ $qty, $px ],
				note => { chain => $#{ $o->{fills} }, fill => $qty }) ] } ],
	late_fill => [ 1, sub { ($_->{ended} // '') =~ /CANCELLED|EXPIRED/ && cum($_) < $_->{qty} },
		sub { my ($s, $o, $d) = @_; $o->{late} = 1; $s->fill($o, between($d->[0], 1, $o->{qty} - cum($o)), $d->[1]) } ],
	bust => [ 3, sub { scalar grep { $_->{live} } @{ $_->{fills} } },
		sub {
			my ($s, $o, $d) = @_;
			my $fill = pick($d->[0], grep { $_->{live} } @{ $o->{fills} });
			my ($chain) = grep { $o->{fills}[$_] == $fill } 0 .. $#{ $o->{fills} };
			$fill->{live} = 0;
			$s->report($o, 'bust', type => 'H', ref => pick($d->[1], @{ $fill->{ids} }),
				last => $d->[2] < 0.5 ? [ 0, 0 ] : [ $fill->{qty}, $fill->{px} ], note => { chain => $chain }) } ],
	correct => [ 4, sub { scalar grep { $_->{live} } @{ $_->{fills} } },
		sub {
			my ($s, $o, $d) = @_;
			my $fill = pick($d->[0], grep { $_->{live} } @{ $o->{fills} });
			my ($chain) = grep { $o->{fills}[$_] == $fill } 0 .. $#{ $o->{fills} };
			my $room = int(($o->{qty} - cum($o)) / $fill->{factor});
			$fill->{px} += 20_000 * between($d->[1], -3, 3);
			$fill->{qty} = between($d->[2], 1, $fill->{qty} + ($room > 0 ? $room : 0)) if $d->[3] < 0.6;
			delete $o->{stopped} if full($o);
			my $exec = $s->report($o, 'correct', type => 'G', ref => pick($d->[4], @{ $fill->{ids} }), last => [ $fill->{qty}, $fill->{px} ],
				note => { chain => $chain, fill => $fill->{qty} });
			push @{ $fill->{ids} }, $exec } ],
	ask_cancel => [ 4, sub { !$_->{phone} && !open_request($_) && @{ $_->{requests} } < 2 && (!closed($_) || $_[1] < 0.1) },
		sub {
			my ($s, $o) = @_;
			my $cl = $s->new_id($o);
			my $orig = @{ $o->{requests} } ? $o->{requests}[-1]{cl} : $o->{cl};
			push @{ $o->{requests} }, { kind => 'F', cl => $cl };
			$s->request($o, 'F', 'ask', 11 => $cl, 41 => $orig, 38 => $o->{qty}) } ],
	ask_replace => [ 6, sub { !$_->{phone} && !open_request($_) && @{ $_->{requests} } < 2 && !closed($_) && !$_->{done_for_day} },
		sub {
			my ($s, $o, $d) = @_;
			my $cl = $s->new_id($o);
			my $orig = @{ $o->{requests} } ? $o->{requests}[-1]{cl} : $o->{cl};
			my $r = { kind => 'G', cl => $cl, qty => $o->{qty}, px => $o->{px}, side => $o->{side}, account => $o->{account} };
			$r->{qty} = $d->[1] < 0.4 ? $o->{qty} + 20 * between($d->[2], 1, 20) : between($d->[2], 1, $o->{qty}) if $d->[0] < 0.8;
			$r->{px} += 20_000 * between($d->[3], -5, 5) if defined $r->{px} && $d->[3] < 0.6;
			$r->{side} = pick($d->[5], @{ $SIDES[ $o->{side} =~ /[13]/ ? 0 : 1 ] }) if $d->[4] < 0.15;
			$r->{account} = "ACC" . between($d->[5], 1, 3) if defined $o->{account} && $d->[4] > 0.85;
			push @{ $o->{requests} }, $r;
			$s->request($o, 'G', 'ask', 11 => $cl, 41 => $orig, 54 => $r->{side}, 1 => $r->{account}, 38 => $r->{qty},
				40 => defined $r->{px} ? '2' : '1', 44 => defined $r->{px} ? decimal($r->{px}) : undef, 59 => $o->{tif}) } ],
	pending => [ 8, sub { !closed($_) && grep { !$_->{shown} } @{ $_->{requests} } },
		sub {
			my ($s, $o) = @_;
			my ($r) = grep { !$_->{shown} } @{ $o->{requests} };
			$r->{shown} = 1;
			$s->report($o, 'pending', type => $r->{kind} eq 'F' ? '6' : 'E', cl => $r->{cl}, orig => $o->{cl}) } ],
	refuse => [ 5, sub { scalar @{ $_->{requests} } },
		sub {
			my ($s, $o, $d) = @_;
			my $r = find_request($o, $d->[0]);
			$o->{requests} = [ grep { $_ != $r } @{ $o->{requests} } ];
			$s->say_it($o, 'B', '9', 'refuse', [ 37 => $o->{oid}, 11 => $r->{cl}, 41 => $o->{cl}, 39 => $CODE{ status($o) },
				434 => $r->{kind} eq 'F' ? '1' : '2', 102 => '0' ], cl => $r->{cl}) } ],
	grant => [ 10, sub { !closed($_) && !$_->{done_for_day} && @{ $_->{requests} } && ($_->{requests}[0]{kind} eq 'F' ? !full($_)
				: !full($_) || $_->{requests}[0]{qty} > cum($_)) },
		sub {
			my ($s, $o) = @_;
			my $r = shift @{ $o->{requests} };
			if ($r->{kind} eq 'F')
			{
				end($o, 'CANCELLED');
				$s->report($o, 'end', type => '4', cl => $r->{cl}, orig => $o->{cl});
				return;
			}
			my ($orig, $side) = @$o{qw(cl side)};
			@$o{qw(cl px side account accepted)} = (@$r{qw(cl px side account)}, 1);
			$o->{qty} = $r->{qty} > cum($o) ? $r->{qty} : cum($o);
			delete $o->{stopped} if full($o);
			$s->report($o, 'replaced', type => '5', orig => $orig, note => { side => $side ne $o->{side} }) } ],
	cancel => [ 1, sub { !closed($_) && !full($_) && !$_->{done_for_day} }, sub { my ($s, $o) = @_; end($o, 'CANCELLED'); $s->report($o, 'end', type => '4') } ],
	expire => [ 1, sub { !closed($_) && !full($_) && $_->{accepted} }, sub { my ($s, $o) = @_; end($o, 'EXPIRED'); $s->report($o, 'end', type => 'C') } ],
	done_for_day => [ 2, sub { plain($_) && !@{ $_->{requests} } && $_->{tif} ne '3' },
		sub { my ($s, $o) = @_; $o->{done_for_day} = $s->{day}; $s->report($o, good_till($o) ? 'state' : 'done', type => '3') } ],
	next_day => [ 6, sub { $_->{done_for_day} && good_till($_) && $_->{done_for_day} == $_[0]{day} },
		sub { my ($s) = @_; $s->{day}++; $s->{second} = 0 } ],
	restate => [ 2, sub { $_->{accepted} && !closed($_) && !full($_) && !shown($_, 'F') && !shown($_, 'G') && !@{ $_->{requests} }
				&& (!$_->{done_for_day} || (good_till($_) && $_->{done_for_day} < $_[0]{day})) },
		sub {
			my ($s, $o, $d) = @_;
			delete @$o{qw(done_for_day suspended stopped)};
			$o->{qty} = cum($o) + between($d->[1], 1, 400) if $d->[0] < 0.5;
			$s->report($o, 'state', type => 'D', fields => [ 378 => '2' ]) } ],
	split => [ 2, sub { good_till($_) && $_->{accepted} && !closed($_) && !full($_) && !@{ $_->{requests} } && !$_->{stopped} && !$_->{suspended}
				&& !$_->{factor} && (!$_->{done_for_day} || $_->{done_for_day} < $_[0]{day}) },
		sub {
			my ($s, $o, $d) = @_;
			my $by = pick($d->[0], 2, 4, 5);
			delete $o->{done_for_day};
			$o->{factor} = $by;
			$o->{qty} *= $by;
			$o->{px} /= $by if defined $o->{px};
			$_->{factor} *= $by foreach @{ $o->{fills} };
			$s->report($o, 'split', type => 'D', fields => [ 378 => '0' ]) } ],
	suspend => [ 1, sub { plain($_) && !@{ $_->{requests} } }, sub { my ($s, $o) = @_; $o->{suspended} = 1; $s->report($o, 'state', type => '9') } ],
	resume => [ 5, sub { $_->{suspended} && !closed($_) },
		sub {
			my ($s, $o, $d) = @_;
			delete $o->{suspended};
			$s->report($o, 'state', type => $s->{dialect}{old} || $d->[0] < 0.5 ? '0' : 'L') } ],
	stop => [ 1, sub { plain($_) && !@{ $_->{requests} } },
		sub {
			my ($s, $o, $d) = @_;
			$o->{stopped} = 1;
			# FIX 4.2 has the guarantee as a partial fill that moves nothing (L.1.a)
			my $as_fill = $s->{dialect}{old} && $d->[0] < 0.7;
			$s->report($o, $as_fill ? 'guarantee' : 'state', type => $as_fill ? '1' : '7',
				last => [ between($d->[1], 1, leaves($o)), fill_price($o, $d->[2]) ]) } ],
	calculate => [ 1, sub { ($_->{done_for_day} || full($_)) && !closed($_) && !@{ $_->{requests} } && !good_till($_) },
		sub { my ($s, $o) = @_; $o->{calculated} = 1; $s->report($o, 'end', type => 'B') } ],
	ask_status => [ 1, sub { !$_->{phone} && $_->{accepted} },
		sub { my ($s, $o) = @_; $s->request($o, 'H', 'look', 11 => $o->{cl}, 37 => $o->{oid}); $s->report($o, 'look', type => 'I') } ],
);

# Does one action, if it is possible now; says whether it was.
sub act
{
	my ($self, $action) = @_;
	my $o = $self->order_of($action);

	@$self{qw(action said)} = ($action, 0);
	if ($action->{do} eq 'order')
	{
		$o = $self->make_order($action);
		$o->{cl} = $self->new_id($o);
		$self->request($o, 'D', 'order', 11 => $o->{cl}, 54 => $o->{side}, 38 => $o->{qty}, 40 => defined $o->{px} ? '2' : '1',
			44 => defined $o->{px} ? decimal($o->{px}) : undef, 59 => $o->{tif}, 1 => $o->{account});
		return 1;
	}
	if ($action->{do} eq 'telephoned')
	{
		$o = $self->make_order($action);
		@$o{qw(phone accepted tif)} = (1, 1, $o->{tif} eq '3' ? '0' : $o->{tif});
		$self->report($o, 'order', type => '0');
		return 1;
	}
	return 0 unless $o;
	{
		local $_ = $o;
		return 0 unless $ACTION{ $action->{do} }[1]->($self, 0);
	}
	$ACTION{ $action->{do} }[2]->($self, $o, $action->{draw});
	return 1;
}

# play(ACTIONS): a broker who did them.
sub play
{
	my ($class, $dialect, $options, @actions) = @_;
	my $self = $class->new($dialect, %$options);

	$self->act($_) foreach @actions;
	return $self;
}

sub may
{
	my ($self, $name, $o) = @_;

	local $_ = $o;
	return $ACTION{$name}[1]->($self, rand());
}

# generate(LENGTH): actions by chance, each possible when it came.
sub generate
{
	my ($self, $length) = @_;
	my @done;
	my $most = 1 + int(rand(4));

	foreach my $uid (0 .. $length - 1)
	{
		my %action = (uid => $uid, draw => [ map { int(rand() * 10_000) / 10_000 } 1 .. 7 ]);
		my $o = $self->{orders}[ rand @{ $self->{orders} } ];
		my @able = $o ? map { ($_) x $ACTION{$_}[0] } grep { $self->may($_, $o) } sort keys %ACTION : ();

		if (!@able || (@{ $self->{orders} } < $most && rand() < 0.25))
		{
			@action{qw(order do)} = ($uid, rand() < 0.1 ? 'telephoned' : 'order');
		}
		else
		{
			@action{qw(order do)} = ($o->{uid}, $able[ rand @able ]);
		}
		$self->act(\%action);
		push @done, \%action;
	}
	return @done;
}

1;
