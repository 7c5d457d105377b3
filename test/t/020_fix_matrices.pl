# The Order State Change Matrices, message by message: after each one the store must show the status
# and the quantities of its row. Every scenario runs along its main path, along each alternative (a
# rejection in place of the message at the same time), with crossing messages in either order and
# without the reports that the volume calls optional; in FIX 4.4, in FIX 4.2 (as written there, and
# with the habits of real sessions) and in FIX 5.0 SP2.

use strict;
use warnings;

use Test::More;

use FixMatrix;
use OmsTest;

my $node = oms_node('fix_matrices');
my $dbh = oms_dbh($node);
my $paths = 0;

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

my %scenarios = map { $_ => [ read_scenarios($_) ] } qw(matrices latest);

foreach my $set ('matrices', 'latest')
{
	foreach my $scenario (@{ $scenarios{$set} })
	{
		foreach my $dialect (grep { can_say($_, $scenario) } dialects())
		{
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
