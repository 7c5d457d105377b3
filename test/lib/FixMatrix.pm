# The Order State Change Matrices as messages: the scenarios of test/fix, the ways through each, the dialects, and what each
# step says on the wire.  A path is a hash that the caller makes for one way: { number, prefix, dialect, seconds => 0 }.

package FixMatrix;

use strict;
use warnings;

use Exporter 'import';
use FindBin;
use JSON::PP;
use Math::BigFloat;

use FixMessage;

our @EXPORT = qw(read_scenarios dialects can_say ways said order_of average duplicate parts_of message_of code_in);

my $folder = "$FindBin::RealBin/../fix";
my $vanilla;	# the first scenario, a plain order

# What a dialect cannot say is skipped there.
my %only_later = map { $_ => 1 } ('Trade in a Clearing Hold', 'Trade has been released to Clearing',
	'Triggered or Activated by System', 'Locked', 'Released');
my @DIALECTS = (
	{ name => 'FIX 4.4', version => 'FIX.4.4' },
	{ name => 'FIX 4.2', version => 'FIX.4.2', separator => '|', old => 1 },
	{ name => 'FIX 4.2 as spoken', version => 'FIX.4.2', old => 1, habits => 1 },
	{ name => 'FIX 5.0 SP2', version => 'FIX.5.0SP2', separator => '|' });

sub dialects { return @DIALECTS; }

sub can_say
{
	my ($dialect, $scenario) = @_;
	return !$dialect->{old} || !grep { $only_later{ $_->{exec_type} // '' } } @{ $scenario->{steps} };
}

# read_scenarios('matrices'): those of test/fix/matrices.json.
sub read_scenarios
{
	my ($set) = @_;

	open my $in, '<', "$folder/$set.json" or die "cannot read $set.json: $!";
	local $/;
	my @scenarios = @{ JSON::PP->new->allow_bignum->decode(<$in>)->{scenarios} };
	$vanilla //= $scenarios[0];
	return @scenarios;
}

sub moment { my ($step) = @_; return ($step->{day} // 1) * 1000 + $step->{time}; }
sub said { my ($step) = @_; return $step->{message_received} // $step->{message_sent}; }

# The ways through a scenario: [name, steps].
sub ways
{
	my ($scenario) = @_;
	my @steps = @{ $scenario->{steps} };
	my @main = grep { $_->{branch} eq 'main' } @steps;
	my @ways = ([ 'main', @main ]);
	my @optional = grep { ($main[$_]{comment} // '') =~ /^optional/ } 0 .. $#main;

	foreach my $alternative (grep { $_->{branch} eq 'alt_reject' } @steps)
	{
		my $name = sprintf 'rejected at %s%d', $alternative->{day} ? "$alternative->{day}." : '',
		  $alternative->{time};
		push @ways, [ $name, (grep { moment($_) < moment($alternative) } @main), $alternative ];
	}
	foreach my $i (grep { $_ > 0 && $main[$_]{crossing} && $main[ $_ - 1 ]{crossing} } 1 .. $#main)
	{
		my @crossed = @main;
		@crossed[ $i - 1, $i ] = @main[ $i, $i - 1 ];
		push @ways, [ 'crossed', @crossed ];
	}
	foreach my $left_out (@optional, @optional > 1 ? 'all' : ())
	{
		my %gone = map { $_ => 1 } $left_out eq 'all' ? @optional : $left_out;
		my $name = $left_out eq 'all' ? 'without all that is optional'
		  : "without the $main[$left_out]{exec_type}";
		push @ways, [ $name, @main[ grep { !$gone{$_} } 0 .. $#main ] ];
	}
	# Messages about an unknown order use up no id: the order may still come.
	push @ways, [ 'then the order comes', @main, @{ $vanilla->{steps} }[ 0, 2 ] ]
	  if grep { $_->{unknown_order} } @main;
	return @ways;
}

# "4 (FOK)" is the code 4; "cancel on trading halt (K in FIX)" is K.
sub code_in
{
	my ($text) = @_;

	return undef unless defined $text;
	return $1 if $text =~ /\((\w) in FIX\)/;
	return $1 if $text =~ /^(\w+) \(/;
	return $text;
}

# What the path knows of each order, by the names of the matrices (X, Y, Z; '' is a telephoned order).
sub order_of
{
	my ($path, $step) = @_;
	my $id = $step->{cl_ord_id} // '';

	$path->{order}{$id} //= $path->{order}{ $step->{orig_cl_ord_id} }
	  if defined $step->{orig_cl_ord_id};
	$path->{order}{$id} //= { number => ++$path->{orders}, fills => {} };
	return $path->{order}{$id};
}

# A New Order whose id is taken: what must come of it.
sub duplicate
{
	my ($path, $step) = @_;

	return '' unless said($step) =~ /^New Order/ && $path->{order}{ $step->{cl_ord_id} };
	return $step->{duplicate} // 'refused';
}

sub instrument { my ($path) = @_; return (55 => "SYM$path->{number}", 54 => '1'); }
sub wire_id { my ($path, $id) = @_; return defined $id ? "$path->{prefix}-$id" : undef; }

sub request_fields
{
	my ($path, $step) = @_;
	my $quantity = $step->{order_qty};
	my $limit = $step->{price} // ($step->{ord_type} ? undef : $path->{limit});
	my $type = code_in($step->{ord_type}) // (defined $limit ? '2' : '1');
	my $of_order = said($step) !~ /^(Cancel|Status)/;

	# A replace request that leaves the quantity alone changes the price.
	($type, $limit) = ('2', '101')
	  if said($step) =~ /^Replace/ && $quantity == order_of($path, $step)->{order_qty};
	return (
		11 => wire_id($path, $step->{cl_ord_id}),
		41 => wire_id($path, $step->{orig_cl_ord_id}),
		$of_order ? (21 => '1') : (),
		18 => code_in($step->{exec_inst}),
		instrument($path),
		# The same order sent again says the same.
		60 => $path->{duplicate} eq 'repeat' ? $path->{ordered_at} : $path->{now},
		38 => $quantity,
		152 => $step->{cash_order_qty},
		$of_order ? (40 => $type, 44 => $limit, 99 => $step->{stop_px}) : (),
		15 => $step->{currency},
		59 => code_in($step->{time_in_force}));
}

# The average price of what counts now; the store is held to it, and the reports state it.
sub average
{
	my ($order) = @_;
	my ($quantity, $value) = (Math::BigFloat->bzero, Math::BigFloat->bzero);

	foreach my $fill (values %{ $order->{fills} })
	{
		$quantity += $fill->{quantity};
		$value += $fill->{quantity} * $fill->{price};
	}
	return $quantity->is_zero ? Math::BigFloat->bzero : ($value / $quantity)->bfround(-10);
}

# Book the report on our side of the wire.
sub book
{
	my ($order, $step, $exec_id) = @_;
	my $fills = $order->{fills};
	my $type = $step->{exec_type};
	my $ref = $step->{exec_ref_id};

	if ($type eq 'Trade' || $type eq 'Trade Correct')
	{
		delete $fills->{$ref} if defined $ref;
		$fills->{$exec_id} = {
			quantity => Math::BigFloat->new($step->{last_qty}),
			price => Math::BigFloat->new($step->{last_px} // 100) };
	}
	delete $fills->{$ref} if $type eq 'Trade Cancel';
	if (($step->{exec_restatement_reason} // '') =~ /^0 /)
	{
		my $factor = Math::BigFloat->new($step->{order_qty}) / $order->{order_qty};
		foreach my $fill (values %$fills)
		{
			$fill->{quantity} *= $factor;
			$fill->{price} /= $factor;
		}
	}
}

# ExecTransType, ExecType and OrdStatus of a report, as the dialect says them.
sub kind_of_report
{
	my ($path, $step) = @_;
	my $dialect = $path->{dialect};
	my ($type, $status) = @$step{qw(exec_type ord_status)};
	my $filled = defined $step->{order_qty} && $step->{order_qty} == $step->{cum_qty};
	my $transaction = '0';

	return (150 => fix_code('exec_type', $type), 39 => fix_code('ord_status', $status))
	  unless $dialect->{old};

	if ($type =~ /^Trade ?(Cancel|Correct)?$/)
	{
		$transaction = { Cancel => '1', Correct => '2' }->{ $1 // '' } // '0';
		$type = $filled ? 'Fill' : 'Partial Fill';
		# Seen in real sessions: the bust of the only fill, as a report on a new order.
		$type = 'New' if $dialect->{habits} && $transaction eq '1' && !$step->{cum_qty};
	}
	elsif ($type eq 'Order Status')
	{
		$transaction = '3';
		$type = { 'Partially Filled' => 'Partial Fill', 'Filled' => 'Fill' }->{$status} // $status;
	}
	# FIX 4.2 has the guarantee as a partial fill of nothing.
	$type = 'Partial Fill' if $type eq 'Stopped';
	$status = 'Replaced' if $dialect->{habits} && $type eq 'Replaced';
	return (20 => $transaction, 150 => fix_code('exec_type', $type),
		39 => fix_code('ord_status', $status));
}

sub report_fields
{
	my ($path, $step) = @_;
	my $order = order_of($path, $step);
	my $exec_id = $step->{exec_id} // 'E' . ++$path->{reports};
	my $fill = $step->{exec_type} =~ /^(Trade|Trade Correct|Stopped)$/;

	book($order, $step, $exec_id);
	return (
		37 => $step->{order_id} // "$path->{prefix}-O$order->{number}",
		11 => wire_id($path, $step->{cl_ord_id}),
		41 => wire_id($path, $step->{orig_cl_ord_id}),
		17 => "$path->{prefix}-$exec_id",
		19 => wire_id($path, $step->{exec_ref_id}),
		kind_of_report($path, $step),
		instrument($path),
		38 => $step->{order_qty},
		152 => $step->{cash_order_qty},
		44 => $step->{price},
		59 => $path->{time_in_force},
		32 => $step->{last_qty},
		31 => defined $step->{last_qty} ? ($step->{last_px} // ($fill ? 100 : 0)) : undef,
		151 => $step->{leaves_qty},
		14 => $step->{cum_qty},
		6 => average($order)->bstr,
		424 => $step->{day_order_qty},
		425 => $step->{day_cum_qty},
		60 => $path->{now},
		378 => code_in($step->{exec_restatement_reason}),
		103 => code_in($step->{ord_rej_reason}),
		$path->{dialect}{old} ? () : (636 => $step->{working_indicator}),
		58 => $step->{text});
}

sub reject_fields
{
	my ($path, $step) = @_;
	my $order = order_of($path, $step);

	return (
		37 => $step->{order_id} // "$path->{prefix}-O$order->{number}",
		11 => wire_id($path, $step->{cl_ord_id}),
		41 => wire_id($path, $step->{orig_cl_ord_id}),
		39 => fix_code('ord_status', $step->{ord_status}),
		60 => $path->{now},
		434 => ($path->{asked}{ $step->{cl_ord_id} } // 'F') eq 'F' ? '1' : '2',
		102 => code_in($step->{cxl_rej_reason}));
}

# The message of a step, as fix_message() takes it.
sub parts_of
{
	my ($path, $step) = @_;
	my $from_client = defined $step->{message_received};
	my ($type) = grep { said($step) =~ /^$_->[0]/ } (
		[ 'New Order' => 'D', \&request_fields ], [ 'Cancel Request' => 'F', \&request_fields ],
		[ 'Replace Request' => 'G', \&request_fields ], [ 'Status Request' => 'H', \&request_fields ],
		[ 'Execution' => '8', \&report_fields ], [ 'Cancel Reject' => '9', \&reject_fields ]);
	my ($client, $broker) = ("BUY$path->{number}", "SELL$path->{number}");

	$path->{seconds} += 60;
	$path->{now} = fix_time($step->{day} // 1, $path->{seconds});
	$path->{asked}{ $step->{cl_ord_id} } = $type->[1] if $type->[1] =~ /[FG]/;
	if ($type->[1] eq 'D')
	{
		$path->{time_in_force} //= code_in($step->{time_in_force});
		$path->{ordered_at} //= $path->{now};
	}
	return (
		version => $path->{dialect}{version},
		separator => $path->{dialect}{separator},
		type => $type->[1],
		sender => $from_client ? $client : $broker,
		target => $from_client ? $broker : $client,
		seq => ++$path->{sequence}{$from_client},
		time => $path->{now},
		header => [ 97 => $step->{poss_resend} ],
		fields => [ $type->[2]->($path, $step) ]);
}

sub message_of { return fix_message(parts_of(@_)); }

1;
