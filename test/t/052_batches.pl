# Random commands, sent one by one and again in batches, some of them in one transaction with others that are rolled back: the outcomes and the rows are the same.
# Broken by: what a refused command leaves behind for the next one of its batch; an object that the next one does not see where the one before has put
# it (a fill without an order that found its order); an id or a lock that a rolled back command keeps.

use strict;
use warnings;

use List::Util qw(shuffle);
use Test::More;
use Time::HiRes qw(time);

use OmsTest;

my $SEED = first_seed();
my $SECONDS = $ENV{OMS_SECONDS} // rounds(6, 300);
my $node = oms_node('batches', conf => "fsync = off\n");
my $dbh = oms_dbh($node);
my @ROOTS = map { "o$_" } 1 .. 3;
my @SLICES = map { ("$_.1", "$_.2") } @ROOTS;
my @FILLS = map { "x$_" } 1 .. 6;

sub one_of { return $_[ int rand @_ ]; }
sub order { return '@' . one_of(@ROOTS, @SLICES, 'late', 'nobody'); }
sub exec_id { return '@e' . int rand 8; }
sub perhaps { my ($p, @fields) = @_; return rand() < $p ? @fields : (); }

# Ids are written with an @, in whose place each way puts its own.
my @make = (
	sub { return { commandType => 'CreateOrderCommand', orderId => '@' . one_of(@ROOTS, 'late', 'x1'), symbol => 'X', side => 'BUY', orderQty => one_of(20, 100), perhaps(0.3, clOrdID => '@c' . int rand 5) }; },
	sub { my $parent = one_of(@ROOTS); return { commandType => 'CreateOrderCommand', orderId => '@' . one_of("$parent.1", "$parent.2"), parentId => "\@$parent", orderQty => one_of(5, 50) }; },
	(sub { return { commandType => 'ExecuteOrderCommand', orderId => order(), execID => exec_id(), symbol => 'X', side => 'BUY', lastQty => one_of(1, 5), lastPx => one_of(1, 3), perhaps(0.3, executionId => '@' . one_of(@FILLS)),
		perhaps(0.35, execType => one_of('TRADE_CANCEL', 'TRADE_CORRECT'), execRefID => exec_id()) }; }) x 4,
	sub { return { commandType => 'CorrectExecutionCommand', executionId => '@' . one_of(@FILLS), execID => exec_id(), lastQty => one_of(1, 7), lastPx => 1 }; },
	sub { return { commandType => 'BustExecutionCommand', executionId => '@' . one_of(@FILLS), execID => exec_id() }; },
	sub { return { commandType => 'RestateOrderCommand', orderId => order(), quantityFactor => one_of(2, 3), corporateActionId => one_of('A', 'B'), perhaps(0.5, execID => exec_id()) }; },
	sub { return { commandType => one_of(map { "${_}OrderCommand" } qw(Cancel RequestCancel RejectCancel Suspend Expire Accept)), orderId => order(), perhaps(0.4, execID => exec_id()) }; },
	sub { return { commandType => one_of('ReplaceOrderCommand', 'RequestReplaceOrderCommand'), orderId => order(), orderQty => one_of(5, 200), perhaps(0.5, clOrdID => '@c' . int rand 5) }; },
	sub { return { commandType => 'PlaceOrderCommand', orderId => '@' . one_of(@ROOTS), children => [ map { { orderQty => one_of(1, 5), perhaps(0.5, orderId => '@' . one_of(@SLICES)) } } 1 .. 1 + int rand 3 ] }; },
);
sub random_command { return { %{ one_of(@make)->() }, perhaps(0.3, commandId => '@k' . int rand 12) }; }
sub text { my ($prefix, $what) = @_; return json()->encode($what) =~ s/"\@/"$prefix/gr; }

# Ids that are made (no prefix can stand in one) are told by their order; a refusal is a refusal, whichever of several reasons it names.
sub plain
{
	my ($prefix, @texts) = @_;
	my %made;
	return map { s/\Q$prefix\E/\@/gr =~ s/([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})/$made{$1} \/\/= 'made ' . keys %made/ger } @texts;
}

my $OUTCOME = q(SELECT CASE WHEN r->>'status' = 'REJECTED' THEN 'REJECTED' ELSE concat_ws('|', r->>'duplicate', jsonb_array_length(r->'events'), r->'state'->>'status', r->'state'->>'executedQuantity', r->'state'->'reviewReasons') END);
sub rows
{
	my ($prefix) = @_;
	my $no_state = q('{created_at,updated_at,tree_updated_at,booked_at,hash}'::text[]);
	my $orders = $dbh->selectcol_arrayref("SELECT 'order ' || (to_jsonb(o) - $no_state)::text FROM oms.orders o WHERE root_id LIKE \$1 ORDER BY created_at, id", undef, "$prefix%");
	my $executions = $dbh->selectcol_arrayref("SELECT 'execution ' || (to_jsonb(e) - $no_state)::text FROM oms.executions e WHERE exec_id LIKE \$1 OR id LIKE \$1 ORDER BY created_at, id", undef, "$prefix%");
	return sort(plain($prefix, @$orders, @$executions));
}

sub singly
{
	my ($prefix, @commands) = @_;
	return map { $dbh->selectrow_array("$OUTCOME FROM oms_try_command(?::jsonb) r", undef, text($prefix, $_)) } @commands;
}

# What is rolled back again leaves nothing.
sub in_vain
{
	my ($prefix, @commands) = @_;
	$dbh->do('SAVEPOINT vain');
	eval { $dbh->selectall_arrayref('SELECT oms_commands(?::jsonb, ?)', undef, text($prefix, [ map { one_of(@commands) } 1 .. 4 ]), one_of(0, 1)); 1 } or $dbh->state =~ /^OM/ or die $@;
	$dbh->do('ROLLBACK TO vain');
	return;
}

sub in_batches
{
	my ($prefix, $several, @commands) = @_;
	my @all = @commands;
	my @outcomes;

	$dbh->begin_work if $several;
	while (my @batch = splice @commands, 0, one_of(1, 5, 100))
	{
		in_vain($prefix, @all) if $several && rand() < 0.5;
		push @outcomes, @{ $dbh->selectcol_arrayref("$OUTCOME FROM oms_commands(?::jsonb, false) WITH ORDINALITY AS x (r, n) ORDER BY n", undef, text($prefix, \@batch)) };
	}
	$dbh->commit if $several;
	return @outcomes;
}

note("seed $SEED, $SECONDS s");
srand $SEED;
my ($rounds, $differ) = (0, '');
for (my $end = time + $SECONDS; goes_on($end, $rounds, 100) && $differ eq ''; $rounds++)
{
	# some is told before its order is there, and again afterwards
	my @told = map { { %{ $make[2]->() }, orderId => '@' . one_of(@ROOTS) } } 1 .. int rand 5;
	my @orders = map { { commandType => 'CreateOrderCommand', orderId => "\@$_", symbol => 'X', side => 'BUY', orderQty => 100 } } @ROOTS;
	my @others = map { random_command() } 1 .. 10 + int rand 25;
	my @commands = (@told, @orders, shuffle(@told, @others, map { one_of(@others) } 1 .. 4));
	my ($one, $other) = ("singly$rounds-", "batched$rounds-");
	my @singly = plain($one, singly($one, @commands));
	my @batched = plain($other, in_batches($other, rand() < 0.4, @commands));
	my ($n) = grep { $singly[$_] ne $batched[$_] } 0 .. $#commands;
	my ($before, $after) = (join("\n", rows($one)), join("\n", rows($other)));

	next if !defined $n && $before eq $after;
	$differ = "round $rounds\n" . (defined $n ? "command $n: $singly[$n]\nin batches: $batched[$n]\n" : "$before\nin batches:\n$after\n") . join "\n", map { text('@', $_) } @commands;
}
is($differ, '', 'what is sent in batches comes out as when it is sent one by one');
cmp_ok($rounds, '>', $SECONDS, 'and that was tried often');
is(join("\n", map { join ' ', map { $_ // '' } @$_ } @{ $dbh->selectall_arrayref('SELECT * FROM oms.verify() LIMIT 5') }), '', 'every invariant holds');

done_testing();
