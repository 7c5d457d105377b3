# A class that changes all the time under sessions that make and update orders of it, at three isolation levels, in transactions that roll back too, while
# others read its view. Each definition sets an attribute by which it can be told which one an order was made by.
# Broken by: an order that was held against one definition and got the defaults of another; a definition that is used before it is committed, or after the
# next one is; a refusal that names another version than the one it is of; a view that fails while it is made anew; a deadlock of change and commands.
#
# Nobody is ahead of the others by more than a few steps, so each definition meets commands on any machine. OMS_SEED=n repeats a seed, as far as sessions can be repeated.

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);

use OmsSessions qw(in_sessions);
use OmsTest;

my $SEED = first_seed();
my $EDITIONS = rounds(25, 250);
my $STEP = 30;    # attempts for each definition
my @LEVELS = ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');
my $node = oms_node('classes', conf => "max_connections = 30\nlog_statement = none\ndeadlock_timeout = 200ms\n");
my $dbh = oms_dbh($node);
my $json = JSON::PP->new->canonical;

sub pick { return $_[ int rand @_ ]; }
sub chance { my ($percent) = @_; return rand(100) < $percent; }

# Of an edition: how large `size` may be; whether `extra` is one of its attributes. Every third extends another class.
sub most { my ($edition) = @_; return 1 + $edition * 7 % 10; }
sub definition
{
	my ($edition) = @_;
	my %attributes = (
		size => { type => 'number', max => most($edition), required => JSON::PP::true },
		edition => { type => 'number', default => $edition },
		$edition % 2 ? (extra => { type => 'text', default => "e$edition" }) : ());
	return $json->encode({ attributes => \%attributes, $edition % 3 ? () : (extends => 'base') });
}

# Not for ever: if another one has died, nobody moves any more.
sub wait_until
{
	my ($session, $sql) = @_;
	my $end = time + 180;
	until ($session->selectrow_array($sql)) { time < $end or die "waits too long: $sql\n"; sleep 0.01; }
	return;
}

# One command, or a few in a transaction; lines tell what came of each that was committed.
sub commands
{
	my ($session, $file, $number) = @_;
	my $ends = chance(20) ? 'rollback' : 'commit';
	my @lines;

	# the earliest moment at which any of them can have read the class
	my $from = time;
	my $good = eval {
		$session->begin_work;
		$session->do('SET TRANSACTION ISOLATION LEVEL ' . pick(@LEVELS));
		$session->do(q(SELECT count(*) FROM oms.loaded_orders WHERE size > 3)) if chance(30);
		foreach my $n (1 .. chance(70) ? 1 : 3)
		{
			my $size = 1 + int rand 10;
			my ($old) = chance(30) ? $session->selectrow_array(q(SELECT id FROM oms.orders WHERE id LIKE ? ORDER BY random() LIMIT 1), undef, "o$number-%") : ();
			my $command = defined $old ? { commandType => 'UpdateOrderCommand', orderId => $old, attributes => { size => $size } } :
			  { commandType => 'CreateOrderCommand', orderId => "o$number-" . $session->selectrow_array("SELECT nextval('attempts')"), symbol => 'X', side => 'BUY', orderQty => 1, assetClass => 'loaded', attributes => { size => $size } };
			my $r = $json->decode($session->selectrow_array('SELECT oms_try_command(?::jsonb)', undef, $json->encode($command)));
			push @lines, { size => $size, made => defined $old ? 0 : 1, status => $r->{status}, edition => $r->{state}{attributes}{edition}, extra => $r->{state}{attributes}{extra}, error => $r->{error}{detail}, from => $from };
		}
		$session->$ends;
		1;
	};
	my $state = $session->state;
	$session->rollback if !$good && !$session->{AutoCommit};
	$lines[-1]{last} = 1 if @lines;
	print $file $json->encode({ failed => $state }), "\n" if !$good && $state !~ /^40001$/;
	print $file $json->encode({ %$_, until => time }), "\n" foreach $good && $ends eq 'commit' ? @lines : ();
	return;
}

sub change
{
	my ($session, $file) = @_;

	foreach my $edition (2 .. $EDITIONS)
	{
		wait_until($session, "SELECT last_value >= ($edition - 1) * $STEP FROM attempts");
		my $from = time;
		my $good = eval { $session->do('SELECT oms.register_asset_class(?, ?)', undef, 'loaded', definition($edition)); 1 };
		print $file $json->encode($good ? { edition_of => $edition, from => $from, until => time } : { failed => 'change ' . $session->state }), "\n";
		$session->do('INSERT INTO editions VALUES (?)', undef, $edition);
	}
	return;
}

sub work
{
	my ($number, $file) = @_;
	my $session = oms_dbh($node);

	return change($session, $file) if $number == 1;
	while ($session->selectrow_array("SELECT last_value < ($EDITIONS + 1) * $STEP FROM attempts"))
	{
		wait_until($session, "SELECT (SELECT last_value FROM attempts) < ((SELECT max(edition) FROM editions) + 2) * $STEP OR (SELECT max(edition) FROM editions) = $EDITIONS");
		if ($number <= 3)
		{
			# who only reads, each time whole
			my $good = eval { $session->do(q(SELECT count(l.*::text), sum(l.size) FROM oms.loaded_orders AS l)); 1 };
			print $file $json->encode({ failed => 'view ' . $session->state }), "\n" if !$good;
			sleep 0.01;
			next;
		}
		commands($session, $file, $number);
	}
	return;
}

$dbh->do(q(CREATE SEQUENCE attempts; CREATE TABLE editions (edition integer); INSERT INTO editions VALUES (1)));
$dbh->do(q(SELECT oms.register_asset_class('base', '{"attributes": {"note": {"type": "text"}}}')));
$dbh->do('SELECT oms.register_asset_class(?, ?)', undef, 'loaded', definition(1));
$dbh->disconnect;
my @said = map { /^\{/ ? $json->decode($_) : { failed => $_ } } in_sessions('classes', 8, $SEED, \&work)->();
$dbh = oms_dbh($node);

my %in_force = (1 => { from => 0, until => 0 }, map { $_->{edition_of} => $_ } grep { $_->{edition_of} } @said);
my @orders = grep { $_->{status} } @said;
my (%used, @wrong);
is(join(' ', map { $_->{failed} } grep { $_->{failed} } @said), '', 'nothing fails but by the isolation level');
is(scalar(keys %in_force), $EDITIONS, 'all definitions were stored');
foreach my $order (@orders)
{
	# what an order was made by it says itself, and what a command was refused by the refusal says
	my $edition = $order->{status} eq 'REJECTED' ? ($order->{error} =~ /; version (\d+) of the class wants at most (\d+)\.$/ ? $1 : undef) : $order->{made} ? $order->{edition} : next;
	my $line = $json->encode($order);

	if (!defined $edition) { push @wrong, "no edition: $line"; next; }
	$used{$edition}++;
	push @wrong, "another bound: $line" if ($order->{size} <= most($edition)) != ($order->{status} eq 'ACCEPTED');
	push @wrong, "another one's default: $line" if $order->{status} eq 'ACCEPTED' && ($order->{extra} // '') ne ($edition % 2 ? "e$edition" : '');
	push @wrong, "before it was there: $line" if $order->{until} < $in_force{$edition}{from};
	push @wrong, "after the next one was: $line" if $in_force{ $edition + 1 } && $order->{from} > $in_force{ $edition + 1 }{until};
}
is(join("\n", @wrong[ 0 .. ($#wrong > 4 ? 4 : $#wrong) ]), '', @orders . ' commands: each was held against one definition, which was in force');
cmp_ok(scalar(keys %used), '>', $EDITIONS / 5, 'many definitions were used');
cmp_ok(scalar(grep { $_->{status} eq 'REJECTED' } @orders), '>', 0, 'some commands were refused');
is($dbh->selectrow_array(q(SELECT count(*) FROM oms.verify())), 0, 'every invariant holds');
$dbh->disconnect;
done_testing();
