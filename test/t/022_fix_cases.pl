# What a counterparty's report means, case by case (test/fix/cases.json): each case names its reason, gives messages and
# commands in the order in which they come, and says what orders and executions must show afterwards.
# Broken by: a repeat that is applied again or a report that is taken for one, a fill that is lost, counted twice or booked on
# what it is not about, terms that are dropped, an order of arrival that leaves something else behind, a false or missing flag.
#
# Each case is played twice: as it stands, and with every report told again at once under PossDupFlag, which must change nothing.
# A step is [MsgType, fields, header, version] or [command] or ["commands", [commands], atomic], and what is expected of it as the
# last member: a status, DUPLICATE, or a SQLSTATE. D, F, G and H go from client to broker, all others back.

use strict;
use warnings;

use FindBin;
use Math::BigFloat;
use Test::More;

use OmsTest;

my %FROM_CLIENT = map { $_ => 1 } qw(D F G H R AJ);
my $DECIMAL = qr/^-?\d+(?:\.\d+)?$/;

my $node = oms_node('fix_cases');
my $dbh = oms_dbh($node);

sub cases
{
	open my $in, '<:raw', "$FindBin::RealBin/../fix/cases.json" or die "cannot read the cases: $!";
	local $/;
	return @{ json()->decode(<$in>) };
}

sub message
{
	my ($type, $fields, $header, $version) = @_;
	my @ends = $FROM_CLIENT{$type} ? qw(CLIENT BROKER) : qw(BROKER CLIENT);
	my @parts = ("35=$type", "49=$ends[0]", "56=$ends[1]", '34=1', '52=20260302-09:30:00',
		grep { length } split /\|/, ($header // '') . "|$fields");
	my $body = join '', map { "$_\001" } @parts;
	my $text = sprintf "8=%s\0019=%d\001%s", $version // 'FIX.4.4', length $body, $body;
	my $sum = 0;

	$sum += ord foreach split //, $text;
	return $text . sprintf "10=%03d\001", $sum % 256;
}

# "@x" is the order that is known under the ClOrdID x
sub named
{
	my %command = %{ $_[0] };

	foreach my $field (qw(orderId parentId))
	{
		my ($cl_ord_id) = ($command{$field} // '') =~ /^@(.*)/ or next;
		($command{$field}) = $dbh->selectrow_array('SELECT order_id FROM oms.cl_ord_ids WHERE cl_ord_id = $1', undef, $cl_ord_id);
	}
	return \%command;
}

# What a step came to: a status, DUPLICATE, or a SQLSTATE
sub take
{
	my (@step) = @_;
	my ($call, $argument) =
	    ref $step[0] ? ('oms_command($1)', json()->encode(named($step[0])))
	  : $step[0] eq 'commands' ? ("(SELECT jsonb_build_object('status', 'ACCEPTED', 'results', jsonb_agg(c)) FROM oms_commands(\$1, "
		  . ($#step < 2 || $step[2] ? 'true' : 'false') . ') AS c)', json()->encode($step[1]))
	  : ('oms_fix($1::text)', message(@step));

	$dbh->pg_savepoint('step');
	my $result = eval { ($dbh->selectrow_array("SELECT $call", undef, $argument))[0] };
	if (!defined $result)
	{
		my ($state, $error) = ($dbh->state, $dbh->errstr);
		$dbh->pg_rollback_to('step');
		return ($state, $error);
	}
	$result = json()->decode($result);
	my $first = $result->{results} ? $result->{results}[0] : $result;
	return $first && $first->{duplicate} ? 'DUPLICATE' : $result->{status};
}

sub same
{
	my ($got, $wanted) = @_;

	return join(' ', sort @{ $got // [] }) eq join ' ', sort @{ $wanted // [] } if ref $got eq 'ARRAY' || ref $wanted eq 'ARRAY';
	return !defined $got && !defined $wanted if !defined $got || !defined $wanted;
	return ($got ? 1 : 0) == ($wanted ? 1 : 0) if JSON::PP::is_bool($wanted);
	return Math::BigFloat->new("$got") == Math::BigFloat->new("$wanted") if "$got" =~ $DECIMAL && "$wanted" =~ $DECIMAL;
	return "$got" eq "$wanted";
}

sub shown { my ($value) = @_; return !defined $value ? 'null' : ref $value eq 'ARRAY' ? "{@$value}" : "$value"; }

# Differences between a row and what a case wants of it
sub row_differs
{
	my ($table, $where, $key, $wanted) = @_;
	my $rows = $dbh->selectall_arrayref("SELECT * FROM oms.$table AS t WHERE $where", { Slice => {} }, $key);
	my @bad;

	return "$table $key: " . @$rows . ' rows' if @$rows != 1;
	my $row = $rows->[0];
	my %flags = map { $_ => 1 } @{ $row->{flags} // [] };
	foreach my $column (sort keys %$wanted)
	{
		my $value = $wanted->{$column};
		if ($column eq 'flag') { push @bad, "$key lacks flag $value" if !$flags{$value}; }
		elsif ($column eq '!flag') { push @bad, "$key has flag $value" if $flags{$value}; }
		elsif (!exists $row->{$column}) { push @bad, "oms.$table has no column $column"; }
		elsif (!same($row->{$column}, $value))
		{
			push @bad, "$key: $column is " . shown($row->{$column}) . ', right is ' . shown($value);
		}
	}
	return @bad;
}

sub play
{
	my ($case, $resent) = @_;
	my ($number, @bad) = (0);

	foreach my $step (@{ $case->{steps} })
	{
		my @step = @$step;
		my $wanted = ref $step[-1] eq 'HASH' && exists $step[-1]{expect} ? pop(@step)->{expect} : undef;
		my ($got, $error) = take(@step);

		$number++;
		push @bad, "step $number came to $got, right is " . ($wanted // 'anything but a refusal') . ($error ? ": $error" : '')
		  if defined $wanted ? $got ne $wanted : defined $error;
		next if !$resent || defined $error || $step[0] ne '8';
		my ($again, $why) = take(@step[ 0, 1 ], join('|', $step[2] // '', '43=Y'), $step[3]);
		push @bad, "step $number, told again, came to $again" . ($why ? ": $why" : '') if $again ne 'DUPLICATE' && $got ne 'IGNORED';
	}
	my $known_as = 't.id = $1 OR t.id IN (SELECT order_id FROM oms.cl_ord_ids WHERE cl_ord_id = $1)';
	push @bad, row_differs('orders', $known_as, $_, $case->{orders}{$_}) foreach sort keys %{ $case->{orders} // {} };
	push @bad, row_differs('executions', 't.exec_id = $1', $_, $case->{executions}{$_}) foreach sort keys %{ $case->{executions} // {} };
	foreach my $query (@{ $case->{sql} // [] })
	{
		my ($got) = $dbh->selectrow_array($query->[0]);
		push @bad, "$query->[0] gives " . shown($got) . ', right is ' . shown($query->[1]) if !same($got, $query->[1]);
	}
	push @bad, map { "oms.verify(): @{$_}[0, 2, 5]" } @{ $dbh->selectall_arrayref('SELECT * FROM oms.verify()') };
	return @bad;
}

foreach my $case (cases())
{
	foreach my $resent (0, 1)
	{
		$dbh->begin_work;
		my @bad = eval { play($case, $resent) };
		push @bad, $@ if $@;
		$dbh->rollback;
		ok(!@bad, $case->{case} . ($resent ? ', each report twice' : '')) or diag("$case->{why}\n", join "\n", @bad);
	}
}

$dbh->disconnect;
$node->stop;
done_testing();
