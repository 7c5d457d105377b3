# The Order State Change Matrices, message by message: after each one the store must show the status
# and the quantities of its row. Every scenario runs along its main path, along each alternative (a
# rejection in place of the message at the same time), with crossing messages in either order and
# without the reports that the volume calls optional; in FIX 4.4, in FIX 4.2 (as written there, and
# with the habits of real sessions) and in FIX 5.0 SP2.

use strict;
use warnings;

use FindBin;
use Math::BigFloat;
use Test::More;

use FixMessage;
use OmsTest;

my $folder = "$FindBin::RealBin/../fix";
my $node = oms_node('fix_matrices');
my $dbh = oms_dbh($node);
my $paths = 0;
my $vanilla;	# the first scenario, a plain order

# What a dialect cannot say is skipped there.
my %only_later = map { $_ => 1 } ('Trade in a Clearing Hold', 'Trade has been released to Clearing',
	'Triggered or Activated by System', 'Locked', 'Released');
my @dialects = (
	{ name => 'FIX 4.4', version => 'FIX.4.4' },
	{ name => 'FIX 4.2', version => 'FIX.4.2', separator => '|', old => 1 },
	{ name => 'FIX 4.2 as spoken', version => 'FIX.4.2', old => 1, habits => 1 },
	{ name => 'FIX 5.0 SP2', version => 'FIX.5.0SP2', separator => '|' });

sub read_scenarios
{
	my ($file) = @_;

	open my $in, '<', "$folder/$file" or die "cannot read $file: $!";
	local $/;
	return @{ json()->decode(<$in>)->{scenarios} };
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

# The message of a step, as text.
sub message_of
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
	return fix_message(
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

# Give a message to the store: its result, or undef and the SQLSTATE.
sub take
{
	my ($message) = @_;
	my $result = eval {
		($dbh->selectrow_array('SELECT oms_fix($1)', undef, $message))[0];
	};

	return (json()->decode($result), undef) if defined $result;
	return (undef, $dbh->state || 'XX000', $@);
}

# What the store must show after a step: the row of the matrix, or for a message that changes
# nothing what it showed before.
sub note_expected
{
	my ($path, $step) = @_;
	my $order = order_of($path, $step);
	my %row = (%$step, %{ $step->{store} // {} });

	if (said($step) =~ /^New Order/)
	{
		return if $path->{duplicate};
		%$order = (%$order, status => 'PENDING_NEW', order_qty => $step->{order_qty}, cum_qty => 0,
			leaves_qty => $step->{order_qty} // 0);
	}
	elsif (said($step) =~ /^Execution/)
	{
		@$order{qw(order_qty cum_qty leaves_qty)} = @row{qw(order_qty cum_qty leaves_qty)};
	}
	if (defined $step->{ord_status})
	{
		$order->{status} = uc $step->{ord_status};
		$order->{status} =~ tr/ /_/;
		$order->{status} =~ s/CANCELED/CANCELLED/;
	}
}

# The results of a message: one for each command it stood for.
sub check_result
{
	my ($path, $step, $message, $result, $sqlstate, $error) = @_;
	my $name = join ' ', grep { defined } $step->{day} && "day $step->{day}", $step->{time}, said($step),
	  $step->{exec_type};
	my $status = $result ? $result->{status} // $result->{results}[0]{status} // '' : "error $sqlstate";
	my $order = order_of($path, $step);
	my $expected = 'ACCEPTED';

	if ($step->{unknown_order})
	{
		# A request for an order nobody knows may be refused; a report on one is of no interest.
		$expected = "error OM003" if said($step) =~ /^(Cancel|Status) Request/ && !$result;
		$expected = 'IGNORED' if $result;
	}
	$expected = 'error OM007' if $path->{duplicate} eq 'refused';
	if ($status ne $expected)
	{
		fail("$name: taken");
		diag("got $status, expected $expected", $error ? ": $error" : '', "\n",
			$message =~ tr/\x01/|/r);
		return;
	}
	if ($path->{duplicate} eq 'repeat')
	{
		ok($result->{duplicate} || $result->{results}[0]{duplicate}, "$name: known as a repeat");
	}
	$order->{id} //= $result->{results}[0]{state}{orderId} // $result->{results}[0]{state}{id}
	  if $result && !$step->{unknown_order};
	return $name;
}

# The order's row against what it must show.
sub check_order
{
	my ($order, $name) = @_;
	my $row = $dbh->selectrow_hashref(<<'SQL', undef, $order->{id});
SELECT status, trim_scale(order_qty)::text AS order_qty, trim_scale(executed_quantity)::text AS cum_qty,
       trim_scale(leaves_quantity)::text AS leaves_qty, trim_scale(avg_px)::text AS avg_px
FROM oms.orders WHERE id = $1
SQL
	my %expected = map { $_ => $order->{$_} } qw(status order_qty cum_qty leaves_qty);

	$expected{avg_px} = average($order)->bnorm->bstr;
	$expected{avg_px} =~ s/(\.\d*?)0+$/$1/;
	$expected{avg_px} =~ s/\.$//;
	is_deeply($row, \%expected, $name)
	  or diag(join "\n", map { sprintf '%-10s got %-20s expected %s', $_, $row->{$_} // 'null',
			$expected{$_} // 'null' } sort keys %expected);
}

sub count_of_orders
{
	return ($dbh->selectrow_array('SELECT count(*) FROM oms.orders'))[0];
}

sub run_path
{
	my ($path, @steps) = @_;

	foreach my $step (grep { defined said($_) } @steps)
	{
		my $orders = count_of_orders();

		$path->{duplicate} = duplicate($path, $step);
		my $message = message_of($path, $step);
		my @taken = take($message);

		note_expected($path, $step) unless $step->{unknown_order};
		my $name = check_result($path, $step, $message, @taken) or return;
		if ($step->{unknown_order})
		{
			is(count_of_orders(), $orders, "$name: no order made");
			delete @{ $path->{order} }{ grep { defined } @$step{qw(cl_ord_id orig_cl_ord_id)} };
			next;
		}
		check_order(order_of($path, $step), $name);
		# A refused or repeated order leaves the first one as it was, and makes none.
		is(count_of_orders(), $orders, "$name: no order made") if $path->{duplicate};
	}
}

# All statements were right: nothing may be flagged as disagreeing.
sub check_flags
{
	my ($path) = @_;
	my @ids = map { $_->{id} // () } values %{ $path->{order} };
	my ($flagged) = $dbh->selectrow_array(<<'SQL', undef, \@ids, \@ids);
SELECT count(*) FROM (
	SELECT flags FROM oms.orders WHERE id = ANY ($1)
	UNION ALL
	SELECT flags FROM oms.executions WHERE order_id = ANY ($2)) AS flagged
WHERE 'DISAGREES' = ANY (flags)
SQL

	is($flagged, 0, 'nothing disagrees');
}

my %scenarios = map { $_ => [ read_scenarios("$_.json") ] } qw(matrices latest);
$vanilla = $scenarios{matrices}[0];

foreach my $set ('matrices', 'latest')
{
	foreach my $scenario (@{ $scenarios{$set} })
	{
		foreach my $dialect (@dialects)
		{
			next if $dialect->{old} && grep { $only_later{ $_->{exec_type} // '' } } @{ $scenario->{steps} };
			foreach my $way (ways($scenario))
			{
				my ($name, @steps) = @$way;
				my $path = { number => ++$paths, dialect => $dialect, seconds => 0,
					prefix => "$scenario->{scenario}-$paths" };

				subtest "$scenario->{scenario} $dialect->{name}, $name" => sub {
					run_path($path, @steps);
					check_flags($path) unless grep { $_->{store} } @steps;
					done_testing();
				};
			}
		}
	}
}

is(($dbh->selectrow_array(q(SELECT coalesce(string_agg(v::text, E'\n'), '') FROM oms.verify() AS v)))[0],
	'', 'everything that was stored holds together');

$dbh->disconnect;
$node->stop;
done_testing();
