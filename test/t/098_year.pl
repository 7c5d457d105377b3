# A year in a minute: the server's clock is moved through 2026 (libfaketime), and orders of eight markets are made, replaced, filled, placed and reported in it, through changes
# of clocks, half days, holidays and month ends. Each has to expire at its moment, and not a microsecond before: by a calculation of its own, from the closes that
# exchange_calendars itself gave (test/data/calendars/closes.txt).
# Broken by: a close that is another one than the calendar's; a day that is not the one in which the order got its time in force; an order that expires before what is below
# it, by a calendar that is not its own, or in part of its tree.

use strict;
use warnings;

use FindBin;
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my ($library) = glob('/usr/lib/*/faketime/libfaketime.so.1');
unless ($library)
{
	diag('LIBFAKETIME IS NOT INSTALLED: expiry through a year is not tested');
	ok(1, 'no clock to move');
	done_testing();
	exit;
}

# ---- the clock ----------------------------------------------------------------------------------------------------------

my $clock = PostgreSQL::Test::Utils::tempdir() . '/clock';
my $at = 0;

sub set_clock
{
	my ($to) = @_;
	return if $to <= $at;
	$at = $to;
	open my $file, '>', "$clock.new" or die $!;
	printf $file "%+d\n", $at - time;
	close $file;
	rename "$clock.new", $clock or die $!;
	return;
}

set_clock(POSIX::mktime(0, 0, 0, 2, 0, 126));
my $node = oms_node('year', start => 0, conf => "fsync = off\nautovacuum = off\nlog_timezone = UTC\n");
{
	local %ENV = (%ENV, LD_PRELOAD => $library, FAKETIME_TIMESTAMP_FILE => $clock, FAKETIME_NO_CACHE => 1, FAKETIME_DONT_FAKE_MONOTONIC => 1);
	$node->start;
}
$node->safe_psql('postgres', 'CREATE EXTENSION oms_state; SELECT oms.ensure_partitions(14)');
my $dbh = oms_dbh($node);
$dbh->do(q(SET timezone = 'UTC'));
is($dbh->selectrow_array('SELECT now()::date'), '2026-01-02', 'the clock is moved');

sub give
{
	my ($type, %fields) = @_;
	my ($status) = $dbh->selectrow_array('SELECT oms_command($1::jsonb) ->> $$status$$', undef, encode_json({ commandType => "${type}Command", %fields }));
	return $status;
}

# ---- the calculation ----------------------------------------------------------------------------------------------------

my %closes;    # market => [[day, close], ...] in their order
push @{ $closes{ $_->[0] } }, [ $_->[1], $_->[2] ] for map { /^(\S+) (\S+) (\d+)$/ ? [ $1, $2, $3 ] : () } split /\n/, slurp_file("$FindBin::Bin/../data/calendars/closes.txt");
my @markets = sort keys %closes;

sub next_close { my ($market, $time) = @_; return (grep { $_->[1] > $time } @{ $closes{$market} })[0]; }

# When an order is due; a time of its own where that is given.
sub due
{
	my ($market, $tif, $since, $end) = @_;
	return undef if $tif eq 'GOOD_TILL_CANCEL';
	return $end if $tif eq 'GOOD_TILL_DATE' && $end =~ /^\d+$/;
	return (grep { $_->[0] le $end } @{ $closes{$market} })[-1][1] if $tif eq 'GOOD_TILL_DATE';
	my $next = next_close($market, $since);
	return $next->[1] if $tif ne 'GOOD_FOR_MONTH';
	my $month = substr $next->[0], 0, 7;
	return (grep { substr($_->[0], 0, 7) eq $month } @{ $closes{$market} })[-1][1];
}

# ---- the year -----------------------------------------------------------------------------------------------------------

srand(first_seed());
my $rounds = rounds(220, 1500);
my @tifs = qw(DAY DAY DAY DAY AT_THE_CLOSE AT_THE_OPENING GOOD_FOR_AUCTION GOOD_TILL_DATE GOOD_TILL_DATE GOOD_FOR_MONTH GOOD_TILL_CANCEL);
my ($from, $to) = map { POSIX::mktime(0, 0, 0, @$_) } [ 5, 0, 126 ], [ 18, 11, 126 ];
my @todo = map { { at => $from + int(rand($to - $from)), does => 'make', n => $_ } } 1 .. $rounds;
# and around the changes of clocks, half days and ends of months
push @todo, map { { at => POSIX::mktime(0, int rand 60, int rand 24, @$_, 126) + 86400 * int(rand 4), does => 'make', n => $rounds + 1 + int rand 1e9 } }
	map { ($_) x 4 } [ 6, 2 ], [ 27, 2 ], [ 2, 3 ], [ 23, 9 ], [ 30, 9 ], [ 25, 10 ], [ 28, 1 ], [ 29, 5 ];
my (%orders, %by_due, @wrong, $checks);

sub expect
{
	my ($order) = @_;
	my $due = $order->{due};
	return unless defined $due;
	push @todo, { at => ($due - 60 > $at ? $due - 60 : $at), does => 'check', due => $due } unless $by_due{$due};
	$by_due{$due}{ $order->{id} } = 1;
	return;
}

sub make
{
	my ($n) = @_;
	my $market = $markets[ rand @markets ];
	my $tif = $tifs[ rand @tifs ];
	my $id = sprintf 'y%09d', $n;
	my %end;
	my $end = $at;
	if ($tif eq 'GOOD_TILL_DATE')
	{
		# from a day that has a session still to come
		my $next = next_close($market, $at);
		my @later = grep { $_->[0] ge $next->[0] } @{ $closes{$market} };
		$end = rand() < 0.5 ? $at + 120 + int rand 864000 : $later[ int rand 6 ][0];
		%end = $end =~ /^\d+$/ ? (expireTime => POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $end)) : (expireDate => $end);
	}
	my $due = due($market, $tif, $at, $end);
	# not so near that the clock runs past it meanwhile
	return if defined $due && $due - $at < 100;
	my $with_child = rand() < 0.3;
	my %common = (symbol => 'X', side => 'BUY', orderQty => 100, timeInForce => $tif, %end);
	if ($with_child)
	{
		# the one above says nothing of where it goes
		give('CreateOrder', %common, orderId => $id);
		give('CreateOrder', %common, orderId => "$id.1", parentId => $id, orderQty => 60, destination => $market);
	}
	else
	{
		give('CreateOrder', %common, orderId => $id, destination => $market);
	}
	my $last = $with_child ? "$id.1" : $id;
	my $elsewhere = rand() < 0.15;
	give('AcceptOrder', orderId => $last, orderID => "b$id", execID => "a$id") if $elsewhere;
	give('ExecuteOrder', orderId => $last, execID => "f$id", lastQty => 10, lastPx => 1) if rand() < 0.3;
	$orders{$_} = { id => $_, market => $market, tif => $tif, due => $due, elsewhere => $elsewhere, last => $last } for $id, $last;
	expect($orders{$_}) for $with_child ? ($id, $last) : $id;
	push @todo, { at => $at + int rand 400000, does => 'replace', id => $id } if !$with_child && !$elsewhere && rand() < 0.3;
	return;
}

# Another time in force, or another price alone, which moves nothing.
sub replace
{
	my ($id) = @_;
	my $order = $orders{$id};
	return if $order->{over} || (defined $order->{due} && $order->{due} - $at < 100);
	my $due = due($order->{market}, 'DAY', $at);
	if (rand() < 0.3)
	{
		give('ReplaceOrder', orderId => $id, price => 5);
		return;
	}
	return if $due - $at < 100;
	give('ReplaceOrder', orderId => $id, timeInForce => 'DAY');
	delete $by_due{ $order->{due} }{$id} if defined $order->{due};
	@$order{qw(tif due)} = ('DAY', $due);
	expect($order);
	return;
}

sub expire
{
	my ($due, $before) = @_;
	return $dbh->selectrow_hashref("SELECT * FROM oms.expire(to_timestamp(\$1) - interval '$before microseconds')", undef, $due);
}

sub states
{
	my ($due) = @_;
	return $dbh->selectall_hashref('SELECT id, status, flags, reason FROM oms.orders WHERE id = ANY ($1)', 'id', undef, [ sort keys %{ $by_due{$due} } ]);
}

sub check
{
	my ($due) = @_;
	my @ids = sort keys %{ $by_due{$due} };
	return unless @ids;
	my $when = POSIX::strftime('%Y-%m-%dT%H:%M:%S.000000Z', gmtime $due);
	expire($due, 1);
	my $states = states($due);
	push @wrong, map { "$_ ($orders{$_}{market} $orders{$_}{tif}) before $when: $states->{$_}{status}" }
		grep { $states->{$_}{status} eq 'EXPIRED' || $states->{$_}{flags} && join('', @{ $states->{$_}{flags} }) =~ /OVERDUE/ } @ids;
	expire($due, 0);
	$states = states($due);
	foreach my $id (@ids)
	{
		my ($order, $state) = ($orders{$id}, $states->{$id});
		my $flagged = $state->{flags} && join('', @{ $state->{flags} }) =~ /OVERDUE/;
		$checks++;
		$order->{over} = 1;
		push @wrong, "$id ($order->{market} $order->{tif}) at $when: $state->{status} " . ($state->{reason} // '') . ($flagged ? ' flagged' : '')
			unless $order->{elsewhere} ? $flagged && $state->{status} ne 'EXPIRED' : $state->{status} eq 'EXPIRED' && $state->{reason} =~ /^due \Q$when\E/;
	}
	# its broker tells it later, and what is above it goes then
	foreach my $order (grep { $_->{elsewhere} && $_->{id} eq $_->{last} } map { $orders{$_} } @ids)
	{
		give('ExpireOrder', orderId => $order->{id}, execID => "x$order->{id}", ordStatus => 'EXPIRED');
	}
	expire($due, 0);
	$states = states($due);
	push @wrong, map { "$_ after $when: $states->{$_}{status}" } grep { $states->{$_}{status} ne 'EXPIRED' } @ids;
	delete $by_due{$due};
	return;
}

while (@todo)
{
	@todo = sort { $a->{at} <=> $b->{at} || ($a->{due} // 0) <=> ($b->{due} // 0) } @todo;
	my $next = shift @todo;
	set_clock($next->{at});
	if ($next->{does} eq 'make') { make($next->{n}) }
	elsif ($next->{does} eq 'replace') { replace($next->{id}) }
	else { check($next->{due}) }
}

cmp_ok($checks, '>', $rounds / 2, "$checks expiries of a year, the last at " . $dbh->selectrow_array('SELECT now()'));
is(join("\n", @wrong[ 0 .. ($#wrong > 9 ? 9 : $#wrong) ]), '', 'each at its moment, and what only its broker can end is flagged');
is($dbh->selectrow_array(q(SELECT string_agg(DISTINCT coalesce(o.time_in_force, ''), ' ') FROM oms.orders AS o WHERE NOT o.closed)), 'GOOD_TILL_CANCEL', 'what is good till it is cancelled is left, and nothing else');
is($dbh->selectrow_array(q(SELECT count(*) FROM (SELECT e.aggregate_id FROM oms.order_events AS e WHERE e.event_type = 'OrderExpiryMissed' GROUP BY 1 HAVING count(*) > 1) AS twice)), 0, 'nothing is flagged twice');
is($dbh->selectrow_array('SELECT count(*) FROM oms.verify()'), 0, 'oms.verify() finds nothing');
$dbh->disconnect;
$node->stop('fast');

done_testing();
