# Whatever a call does, a cancel ends it soon, wherever in it the cancel comes; and leaves nothing behind.
# Measured in the processor time that the backend still takes after the cancel was sent, so that a machine with other work to do does not count.
# Broken by: a loop over commands, children, tags, rows or bytes that does not look for interrupts (CHECK_FOR_INTERRUPTS).

use strict;
use warnings;

use DBD::Pg qw(:async);
use List::Util qw(max);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

use OmsTest;

use constant LIMIT => 0.1;      # seconds
use constant PLACES => 6;       # where in the call a cancel comes

my $node = oms_node('cancel', conf => "oms_state.command_size = '16MB'\n");
my ($dbh, $other) = (oms_dbh($node), oms_dbh($node));
my $pid = $dbh->{pg_pid};

# Seconds of the processor that the backend has had.
sub used
{
	if (open my $file, '<', "/proc/$pid/schedstat")
	{
		my ($nanoseconds) = split ' ', <$file> // '';
		return $nanoseconds / 1e9 if $nanoseconds;
	}
	my @fields = split ' ', slurp_file("/proc/$pid/stat") =~ s/^.*\) //sr;
	return ($fields[11] + $fields[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}
plan(skip_all => 'no /proc that tells how long a process has run') unless -r "/proc/$pid/stat";

sub objects { my ($count, $make) = @_; return '[' . join(',', map { $make->($_) } 1 .. $count) . ']'; }
sub created { my ($id) = @_; return qq({"commandType": "CreateOrderCommand", "orderId": "$id", "symbol": "X", "side": "BUY", "orderQty": 10000000}); }
sub placed { my ($id, $text, $more) = @_; return qq({"commandType": "PlaceOrderCommand", "orderId": "$id"@{[ $more // '' ]}, "children": ) . objects(1000, sub { my $n = shift; qq({"orderQty": 10, "text": "@{[ $text x 600 ]}"}) }) . '}'; }
sub fix
{
	my (@fields) = @_;
	my $body = join '', map { "$_|" } shift @fields, '49=A', '56=B', '34=1', '52=20260302-10:00:00', @fields;
	my $head = '8=FIX.4.4|9=' . length($body) . '|' . $body;
	my $sum = 0;
	$sum += ord for split //, $head =~ tr/|/\x01/r;
	return $head . sprintf('10=%03d|', $sum % 256);
}
my @order = ('55=X', '54=1', '38=1', '40=1', '60=20260302-10:00:00');
my @trade = ('37=NONE', '11=T', '17=E', '150=F', '39=1', '55=X', '54=1', '14=1', '151=1', '6=1');

$dbh->do('SELECT oms_command($1)', undef, created($_)) foreach qw(wide narrow filled);
$dbh->do('SELECT oms_command($1)', undef, placed('wide', '')) foreach 1 .. 4;
$dbh->do('SELECT oms_command($1)', undef, placed('narrow', 'x', ', "commandId": "again"'));

$dbh->do('SELECT oms_fix($1::text)', undef, fix('35=D', '11=T', map { s/^38=.*/38=100000/r } @order));

my %calls = (
	'a batch of creates' => [ 'SELECT count(*) FROM oms_commands($1)', objects(10000, sub { created("n$_[0]") }), 10000 ],
	'a batch of fills' => [ 'SELECT count(*) FROM oms_commands($1)', objects(10000, sub { qq({"commandType": "ExecuteOrderCommand", "orderId": "filled", "execID": "F$_[0]", "lastQty": 1, "lastPx": 1}) }), 10000 ],
	'a batch of refusals' => [ 'SELECT count(*) FROM oms_commands($1, false)', objects(30000, sub { qq({"commandType": "CancelOrderCommand", "orderId": "no$_[0]"}) }), 30000 ],
	'a batch of nothing' => [ 'SELECT count(*) FROM oms_commands($1, false)', objects(50000, sub { $_[0] }), 50000 ],
	'a split of 4,001 orders' => [ q(SELECT oms_command($1) ->> 'status'), '{"commandType": "RestateOrderCommand", "orderId": "wide", "quantityFactor": 2}' ],
	'a placement of 1,000 children' => [ q(SELECT oms_command($1) ->> 'status'), placed('narrow', 'y') ],
	'a repeat of one' => [ q(SELECT oms_command($1) ->> 'status'), placed('narrow', 'x', ', "commandId": "again"') ],
	'60,000 tags' => [ q(SELECT oms_fix($1::text) ->> 'status'), fix('35=D', '11=U', @order, map { (20000 + $_) . '=v' } 1 .. 60000) ],
	'60,000 tags as bytes' => [ q(SELECT oms_try_fix(convert_to($1, 'LATIN1')) ->> 'status'), fix('35=D', '11=U', @order, map { (20000 + $_) . '=v' } 1 .. 60000) ],
	'60,000 tags in a group' => [ q(SELECT oms_fix($1::text) ->> 'status'), fix('35=D', '11=U', @order, '453=20000', map { ("448=p$_", '447=D', '452=1') } 1 .. 20000) ],
	'a trade of 1,999 parts' => [ q(SELECT oms_try_fix($1::text) ->> 'status'), fix('35=8', @trade, '1362=1999', map { ("1363=f$_", '1364=' . (1 + $_ % 7) . '.01', '1365=1') } 1 .. 1999) ],
	'1.7 MB of attributes' => [ q(SELECT oms_command($1) ->> 'status'), created('large') =~ s/}$/', "attributes": {"a": "' . 'x' x 1_700_000 . '"}}'/er ],
);

# Run it; with a place, cancel it when it has had that much of the processor. What it said, and what it had after.
sub run
{
	my ($call, $place) = @_;
	my ($sql, $value) = @$call;
	my $sent;

	$dbh->begin_work;
	my $begun = used();
	my $statement = $dbh->prepare($sql, { pg_async => PG_ASYNC });
	eval { $statement->execute($value); };
	until ($dbh->pg_ready)
	{
		if (!defined $sent && defined $place && used() - $begun >= $place)
		{
			$other->do('SELECT pg_cancel_backend($1)', undef, $pid);
			$sent = used();
		}
		sleep 0.0005;
	}
	my $answer = eval { $dbh->pg_result > 0 ? $statement->fetchrow_array : '' };
	my ($state, $ended) = ($dbh->state, used());
	$statement->finish;
	$dbh->rollback;
	return ($state, $ended - ($sent // $begun), $answer);
}

foreach my $name (sort keys %calls)
{
	my ($state, $whole, $answer) = run($calls{$name});
	my ($cancelled, $worst) = (0, 0);

	is($state, '', "$name: ends by itself");
	is($answer, $calls{$name}[2] // 'ACCEPTED', "$name: having done it");
	foreach my $place (0 .. PLACES - 1)
	{
		my ($said, $after) = run($calls{$name}, $whole * $place / PLACES);

		next if $said ne '57014';
		$cancelled++;
		$worst = max($worst, $after);
	}
	cmp_ok($cancelled, '>', 0, "$name: can be cancelled");
	cmp_ok($worst, '<', LIMIT, "$name: soon");
	note(sprintf '%s: %.3f s in all, after a cancel at most %.3f s (%d cancels)', $name, $whole, $worst, $cancelled);
}
is($dbh->selectrow_array('SELECT count(*) FROM oms.orders WHERE root_id NOT IN (\'wide\', \'narrow\', \'filled\')'), 1, 'nothing is left of what was cancelled');
is($dbh->selectrow_array('SELECT count(*) FROM oms.verify()'), 0, 'every invariant holds');
is($dbh->selectrow_array('SELECT oms_command($1) #>> \'{state,status}\'', undef, created('after')), 'NEW', 'and the session goes on');

$dbh->disconnect;
$other->disconnect;
done_testing();
