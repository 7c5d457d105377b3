# Recorded logs as OmsWire takes them: the real session of test/data, and the paths of test/fix.  Each is
# { name, log => [messages] }; what a message is to its order (`kind`) is read from what it says.

package OmsRecorded;

use strict;
use warnings;

use FindBin;

use FixMatrix;
use OmsBroker;

my %KIND = ('0' => 'accept', '3' => 'done', '4' => 'end', '5' => 'replaced', '6' => 'pending', '7' => 'state', '8' => 'end',
	'9' => 'state', 'B' => 'end', 'C' => 'end', 'D' => 'state', 'E' => 'pending', 'F' => 'fill', '1' => 'fill', '2' => 'fill',
	'G' => 'correct', 'H' => 'bust', 'L' => 'state');

# What a message is to its order.  %$known remembers what came before it in the log.
sub kind_of
{
	my ($known, $type, $order, %field) = @_;

	return $field{repeated} || $known->{made}{$order}++ ? 'stray' : 'order' if $type eq 'D';
	return { F => 'ask', G => 'ask', H => 'look', 9 => 'refuse' }->{$type} if $type ne '8';
	return 'order' if !$known->{made}{$order}++;

	my ($exec, $status, $transaction) = @field{qw(150 39 20)};
	return { 1 => 'bust', 2 => 'correct', 3 => 'look' }->{$transaction} if ($transaction // '0') ne '0';
	my $kind = $KIND{$exec} // 'look';
	return 'look' if $exec eq '8' && $status ne '8';
	return $known->{accepted}{$order}++ ? 'state' : 'accept' if $kind eq 'accept';
	# FIX 4.2 has the guarantee as a fill that moves nothing
	return 'guarantee' if $exec =~ /[12]/ && $status eq '7' && ($field{14} || 0) == ($known->{cum}{$order} // 0);
	return $status =~ /[48C]/ ? 'end' : 'fill' if $kind eq 'fill';
	return 'split' if $exec eq 'D' && ($field{378} // '') eq '0';
	return 'state' if $kind eq 'done' && ($known->{tif}{$order} // '0') =~ /[16]/;
	return $kind;
}

# The message of these fields, with what OmsWire asks of it.
sub message
{
	my ($known, $type, $order, $fields, %more) = @_;
	my %field = @$fields;
	my $kind = $more{kind} // kind_of($known, $type, $order, %field, repeated => $more{repeated});
	my %message = (key => $known->{count}++, type => $type, kind => $kind, order => $order, link => 0, fields => $fields,
		cl => $field{11}, orig => $field{41}, exec => $field{17}, side => ($field{54} // '') ne ($known->{side}{$order} // $field{54} // ''), %more);

	if ($kind =~ /^(fill|end|correct|bust)$/ && ($field{150} // '') =~ /[FGH12]|0/)
	{
		$message{chain} = $known->{chain}{$order}{ $field{19} // '' } // $known->{count};
		$known->{chain}{$order}{ $field{17} } = $message{chain};
		$message{fill} = $field{32} if $kind ne 'bust' && $field{32};
	}
	# a fill of a version that was asked for and never reported as granted: the fill grants it
	$known->{granted}{ $field{11} } = 1 if $kind =~ /^(order|replaced)$/ && defined $field{11};
	$message{grants} = defined $field{11} && !$known->{granted}{ $field{11} } if $kind eq 'fill';
	$known->{tif}{$order} //= $field{59} if defined $field{59};
	$known->{side}{$order} = $field{54} if defined $field{54} && $kind =~ /^(order|replaced)$/;
	$known->{cum}{$order} = $field{14} if defined $field{14} && $type eq '8';
	return \%message;
}

# --- the matrices ------------------------------------------------------------------------------

sub path
{
	my ($scenario, $dialect, $way, $number) = @_;
	my ($name, @steps) = @$way;
	my $path = { number => $number, dialect => $dialect, seconds => 0, prefix => $scenario->{scenario} };
	my $known = { count => 0 };
	my @log;

	foreach my $step (grep { defined said($_) } @steps)
	{
		$path->{duplicate} = duplicate($path, $step);
		my %parts = parts_of($path, $step);
		push @log, message($known, $parts{type}, order_of($path, $step)->{number}, $parts{fields}, time => $parts{time},
			from => defined $step->{message_received} ? 'C' : 'B', dialect => { %$dialect, separator => undef },
			repeated => $path->{duplicate}, $step->{poss_resend} ? (flag => '97') : (), $step->{unknown_order} ? (kind => 'stray') : ());
		delete @{ $path->{order} }{ grep { defined } @$step{qw(cl_ord_id orig_cl_ord_id)} } if $step->{unknown_order};
		order_of($path, $step)->{order_qty} = $step->{order_qty} if $parts{type} =~ /[D8]/ && !$step->{unknown_order};
	}
	return { name => "$scenario->{scenario} $dialect->{name}, $name", log => \@log };
}

sub matrices
{
	my @logs;

	foreach my $scenario (read_scenarios('matrices'), read_scenarios('latest'))
	{
		foreach my $dialect (grep { can_say($_, $scenario) } dialects())
		{
			push @logs, path($scenario, $dialect, $_, scalar @logs) foreach ways($scenario);
		}
	}
	return @logs;
}

# --- the real session --------------------------------------------------------------------------

my @TAGS = (order => 37, cl_ord => 11, orig_cl_ord => 41, exec => 17, exec_ref => 19, exec_trans_type => 20, exec_type => 150,
	ord_status => 39, symbol => 55, side => 54, ord_type => 40, tif => 59, order_qty => 38, price => 44, last_qty => 32,
	last_px => 31, cum_qty => 14, leaves_qty => 151, avg_px => 6, cxl_rej_reason => 102, cxl_rej_response_to => 434,
	ord_rej_reason => 103, exec_restatement_reason => 378, currency => 15);

sub session
{
	open my $csv, '<', "$FindBin::RealBin/../data/real_session.csv" or die "cannot read real_session.csv: $!";
	my @lines = map { s/\r?\n\z//r } <$csv>;
	my @columns = split /,/, shift @lines;
	my $known = { count => 0 };
	my (%order, @log);

	foreach my $line (@lines)
	{
		my %row;
		@row{@columns} = split /,/, $line, -1;
		my ($order) = grep { defined } @order{ grep { $_ ne '' } @row{qw(cl_ord orig_cl_ord order)} };
		$order //= 1 + keys %order;
		$order{$_} //= $order foreach grep { $_ ne '' } @row{qw(cl_ord order)};
		my @fields;
		for (my $i = 0; $i < @TAGS; $i += 2)
		{
			push @fields, $TAGS[ $i + 1 ] => $row{ $TAGS[$i] } if $row{ $TAGS[$i] } ne '';
		}
		push @fields, 60 => $row{sending_time} unless $row{msg_type} =~ /[9H]/;
		push @log, message($known, $row{msg_type}, $order, \@fields, time => $row{sending_time},
			from => $row{from} eq 'client' ? 'C' : 'B', dialect => { version => 'FIX.4.4' });
	}
	return { name => 'the real session', log => \@log };
}

1;
