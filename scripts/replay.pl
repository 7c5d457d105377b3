#!/usr/bin/env perl
# replay.pl [--strict] SESSION.csv: turn the rows of a recorded FIX session (test/data/real_session.csv)
# back into FIX 4.4 messages, send each through oms_fix(), and after every answer of the broker hold the
# store's order against what the broker stated.  Prints every disagreement under its reason.
#
# The database is the one that PGHOST, PGUSER and PGDATABASE name.  With --strict a refused message, or a
# disagreement whose reason is not known, makes the exit status 1.
use strict;
use warnings;
use IPC::Open2;
use JSON::PP;

# Columns of the file in the order of the message's body: name => tag.
my @TAGS = (
	order => 37, cl_ord => 11, orig_cl_ord => 41, exec => 17, exec_ref => 19, exec_trans_type => 20,
	exec_type => 150, ord_status => 39, symbol => 55, side => 54, ord_type => 40, tif => 59,
	order_qty => 38, price => 44, last_qty => 32, last_px => 31, cum_qty => 14, leaves_qty => 151,
	avg_px => 6, cxl_rej_reason => 102, cxl_rej_response_to => 434, ord_rej_reason => 103,
	exec_restatement_reason => 378, currency => 15);

# OrdStatus (39).  5 (Replaced) has no status here: FIX 4.3 took it away.
my %STATUS = (
	0 => 'NEW', 1 => 'PARTIALLY_FILLED', 2 => 'FILLED', 3 => 'DONE_FOR_DAY', 4 => 'CANCELLED',
	6 => 'PENDING_CANCEL', 7 => 'STOPPED', 8 => 'REJECTED', 9 => 'SUSPENDED', A => 'PENDING_NEW',
	B => 'CALCULATED', C => 'EXPIRED', D => 'ACCEPTED_FOR_BIDDING', E => 'PENDING_REPLACE');

my $strict = @ARGV && $ARGV[0] eq '--strict' && shift @ARGV;
my ($file) = @ARGV or die "usage: replay.pl [--strict] SESSION.csv\n";

my ($psql_out, $psql_in);
my %order_of;         # ClOrdID or broker's OrderID => id of the store's order
my %broker;           # broker's OrderID => what it said so far
my %sequence;         # sender => MsgSeqNum
my %count = map { $_ => 0 } qw(sent applied ignored refused compared agreed);
my (%ignored, @refused, @reasons, %under);

open2($psql_out, $psql_in, 'sh', '-c', q(exec psql -X -q -A -t -F '	' 2>&1));
ask('\set VERBOSITY verbose');
foreach my $row (read_session($file))
{
	my $result = send_message($row);
	compare($row) if $result && $row->{from} eq 'broker';
}
report();
exit($strict && ($count{refused} || grep { /^unknown/ } @reasons) ? 1 : 0);

sub read_session
{
	my ($name) = @_;
	open my $csv, '<', $name or die "cannot read $name: $!\n";
	my @columns = split /,/, line_of($csv);
	my @rows;

	while (defined(my $line = line_of($csv)))
	{
		my %row;
		@row{@columns} = split /,/, $line, -1;
		push @rows, \%row;
	}
	return @rows;
}

# The next line without its end: the file's lines end as on Windows.
sub line_of
{
	my ($file) = @_;
	my $line = <$file>;

	$line =~ s/\r?\n\z// if defined $line;
	return $line;
}

# One round trip to psql: the lines that the input printed.
sub ask
{
	my ($input) = @_;
	my @lines;

	print $psql_in "$input\n\\echo __end__\n" or die "psql is gone\n";
	$psql_in->flush;
	while (my $line = <$psql_out>)
	{
		chomp $line;
		return @lines if $line eq '__end__';
		push @lines, $line;
	}
	die join("\n", 'psql ended:', @lines), "\n";
}

sub fix_message
{
	my ($row) = @_;
	my @parties = $row->{from} eq 'client' ? qw(CLIENT BROKER) : qw(BROKER CLIENT);
	my @fields = (
		35 => $row->{msg_type}, 49 => $parties[0], 56 => $parties[1],
		34 => ++$sequence{ $parties[0] }, 52 => $row->{sending_time});

	for (my $i = 0; $i < @TAGS; $i += 2)
	{
		push @fields, $TAGS[ $i + 1 ] => $row->{ $TAGS[$i] } if $row->{ $TAGS[$i] } ne '';
	}
	push @fields, 60 => $row->{sending_time} unless $row->{msg_type} =~ /^[9H]$/;

	my $body = '';
	while (my ($tag, $value) = splice @fields, 0, 2)
	{
		$body .= "$tag=$value\x01";
	}
	my $message = sprintf "8=FIX.4.4\x019=%d\x01%s", length $body, $body;
	return $message . sprintf "10=%03d\x01", unpack('%32C*', $message) % 256;
}

# Send the row; returns the result, or nothing when the store refused it.
sub send_message
{
	my ($row) = @_;
	my $literal = fix_message($row);

	$literal =~ s/(['\\])/\\$1/g;
	$literal =~ s/\x01/\\x01/g;
	$count{sent}++;

	my ($line, @more) = grep { !/^LOCATION:/ } ask("SELECT oms_fix(E'$literal');");
	if (!defined $line || $line !~ /^\{/)
	{
		$count{refused}++;
		push @refused, join "\n    ", title($row), $line // 'no answer', @more;
		return;
	}
	my $result = JSON::PP->new->allow_bignum->decode($line);
	my $status = $result->{status} // '';

	if ($status eq 'IGNORED')
	{
		$count{ignored}++;
		$ignored{ $result->{reason} // $line }++;
	}
	else
	{
		$count{applied}++;
	}
	remember($row, $result);
	return $result;
}

# Which order of the store a ClOrdID or OrderID stands for: told by the result of the first message,
# and from then on by the chain of ClOrdIDs.
sub remember
{
	my ($row, $result) = @_;
	my $id = order_of($row);

	if (!defined $id)
	{
		foreach my $one ($result, @{ $result->{results} // [] })
		{
			foreach my $order (@{ $one->{orders} // [] })
			{
				$id //= $order->{orderId} // $order->{id};
			}
		}
	}
	return unless defined $id;
	foreach my $key (@$row{qw(cl_ord order)})
	{
		$order_of{$key} //= $id if $key ne '';
	}
}

sub order_of
{
	my ($row) = @_;
	my ($key) = grep { $_ ne '' && exists $order_of{$_} } @$row{qw(cl_ord orig_cl_ord order)};
	return defined $key ? $order_of{$key} : undef;
}

sub compare
{
	my ($row) = @_;
	my $id = order_of($row);

	$count{compared}++;
	note_history($row);
	if (!defined $id)
	{
		disagree($row, 'the store knows no order for this report', 'order', $row->{cl_ord}, 'none');
		return;
	}

	my $quoted = $id =~ s/'/''/gr;
	my ($line) = ask("SELECT status, executed_quantity, leaves_quantity, trim_scale(avg_px), "
		  . join(', ', same('executed_quantity', $row->{cum_qty}), same('leaves_quantity', $row->{leaves_qty}),
			same_average($row->{avg_px}))
		  . " FROM oms.orders WHERE id::text = '$quoted';");
	my ($status, $executed, $leaves, $average, @same) = split /\t/, $line // '';
	die "no answer about order $id: " . ($line // '') . "\n" unless @same == 3;

	my $before = $count{disagreed} // 0;
	my $stated = $STATUS{ $row->{ord_status} } // "OrdStatus $row->{ord_status}";
	disagree($row, reason($row, 'status'), 'status', $stated, $status) if $stated ne $status;
	disagree($row, reason($row, 'cum'), 'CumQty', $row->{cum_qty}, $executed) if $same[0] eq 'f';
	disagree($row, reason($row, 'leaves'), 'LeavesQty', $row->{leaves_qty}, $leaves) if $same[1] eq 'f';
	disagree($row, reason($row, 'average'), 'AvgPx', $row->{avg_px}, $average) if $same[2] eq 'f';
	$count{agreed}++ if ($count{disagreed} // 0) == $before;
}

# Comparisons are the database's: decimals never become binary floating point on the way.
sub same
{
	my ($column, $value) = @_;
	return $value =~ /^[0-9.]+$/ ? "$column = $value" : 'true';
}

# AvgPx counts as equal as far as the broker printed it.
sub same_average
{
	my ($value) = @_;
	my ($digits) = $value =~ /^[0-9]+(?:\.([0-9]+))?$/ or return 'true';
	return sprintf 'round(avg_px, %d) = %s', length($digits // ''), $value;
}

# What the broker said before about this order, for the reasons.
sub note_history
{
	my ($row) = @_;
	my $order = $broker{ $row->{order} } //= { cum => 0, fell => undef };

	return if $row->{cum_qty} eq '';
	my $bust = $row->{exec_trans_type} eq '1' || $row->{exec_type} =~ /^[GH]$/;
	if ($row->{cum_qty} < $order->{cum} && !$bust)
	{
		$order->{fell} = "the broker's CumQty of $row->{order} fell from $order->{cum} to $row->{cum_qty}"
		  . ' although it sent no bust: the store keeps the sum of the fills';
	}
	$order->{cum} = $row->{cum_qty};
}

sub reason
{
	my ($row, $what) = @_;
	my $fell = $broker{ $row->{order} }{fell};

	if ($what eq 'status')
	{
		return 'OrdStatus 5 (Replaced) says what happened, not where the order stands: FIX 4.4 reports the'
		  . ' status after the replace'
		  if $row->{ord_status} eq '5';
		return 'a fill reported as Pending Cancel although nobody had asked for a cancel: the store shows the fill'
		  if $row->{ord_status} eq '6' && $row->{exec_type} =~ /^[12F]$/;
	}
	# New, Partially filled and Filled follow from the quantities; other statuses do not.
	return $fell if defined $fell && ($what ne 'status' || $row->{ord_status} =~ /^[012]$/);
	return 'Pending New with LeavesQty 0, though nothing of the order was refused: the store keeps all of it open'
	  if $what eq 'leaves' && $row->{ord_status} eq 'A';
	return "unknown: no reason this script knows";
}

sub disagree
{
	my ($row, $reason, $what, $stated, $ours) = @_;

	push @reasons, $reason unless $under{$reason};
	push @{ $under{$reason} }, sprintf '%s  %-9s broker %-16s store %s', title($row), $what, $stated, $ours;
	$count{disagreed}++;
}

sub title
{
	my ($row) = @_;
	return sprintf '%s %s %-4s %-5s %-5s', @$row{qw(sending_time msg_type order cl_ord exec)};
}

sub report
{
	printf "%d messages: %d applied, %d ignored, %d refused\n", @count{qw(sent applied ignored refused)};
	printf "  ignored %d times: %s\n", $ignored{$_}, $_ foreach sort keys %ignored;
	print "  refused: $_\n" foreach @refused;
	printf "%d answers of the broker held against the store: %d agree in everything\n", @count{qw(compared agreed)};
	foreach my $reason (@reasons)
	{
		print "\n$reason\n";
		print "  $_\n" foreach @{ $under{$reason} };
	}
}
