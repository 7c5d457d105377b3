# ReplaceClientOrder with brokers that answer by FIX: in random trees, by random terms, in random order, with fills, refusals and cancels in between,
# against a model of its own that knows nothing of the code. Then many sessions at once, and the server is killed in the middle of it.
# Broken by: a reduction that takes from the wrong child, or too much; a root that has its new terms too early, too late or in spite of a refusal;
# a request that no answer of a broker finds; a root that waits for nobody.
#
# OMS_SEED=n repeats a seed; OMS_SECONDS overrides the length of the second part.

use strict;
use warnings;

use List::Util qw(all first max min shuffle sum0);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use FixMessage;
use OmsSessions qw(in_sessions);
use OmsTest;

my $ROUNDS = rounds(60, 1500);
my $SECONDS = $ENV{OMS_SECONDS} // rounds(8, 120);
my $SEED = first_seed();
my $node = oms_node('cascades', conf => "max_connections = 30\nlog_statement = none\nfsync = off\nrestart_after_crash = on\ndeadlock_timeout = 200ms\n");
my $seq = 0;

sub chance { my ($percent) = @_; return rand(100) < $percent; }

sub report
{
	my ($dbh, $type, @fields) = @_;
	my $raw = fix_message(type => $type, sender => 'BRK', target => 'US', seq => ++$seq, time => fix_time(1, 1), fields => [@fields]);
	return $dbh->selectrow_array('SELECT oms_fix(?::text)', undef, $raw);
}

# --- one tree after another, against a model -------------------------------------------------

# A child: qty, price, executed, sent, and what was asked of it.
sub leaves { my ($c) = @_; return $c->{closed} ? 0 : max(0, $c->{qty} - $c->{executed}); }
sub reserved { my ($tree) = @_; return sum0 map { leaves($_) } @{ $tree->{children} }; }
sub executed { my ($tree) = @_; return sum0 map { $_->{executed} } @{ $tree->{children} }; }

sub make_tree
{
	my ($dbh, $n) = @_;
	my $tree = { id => "t$n", qty => 100, price => 10, children => [] };
	my $left = 100;

	oms_command($dbh, { commandType => 'CreateOrderCommand', orderId => $tree->{id}, clOrdID => "c$n", symbol => 'X', side => 'BUY', orderQty => 100, price => 10 });
	foreach my $i (1 .. 1 + int rand 4)
	{
		my $qty = min($left, 5 + int rand 35);
		push @{ $tree->{children} }, { id => "t$n-$i", cl => "t$n-$i", qty => $qty, price => (10, 10, 9, 8)[ rand 4 ], executed => 0 } if $qty;
		$left -= $qty;
	}
	oms_command($dbh, { commandType => 'PlaceOrderCommand', orderId => $tree->{id},
			children => [ map { { orderId => $_->{id}, clOrdID => $_->{cl}, orderQty => $_->{qty}, price => $_->{price} } } @{ $tree->{children} } ] });
	foreach my $c (@{ $tree->{children} })
	{
		next if !chance(65);
		$c->{sent} = 1;
		report($dbh, 8, 37 => "B$c->{id}", 11 => $c->{cl}, 17 => "n$c->{id}", 150 => 0, 39 => 0, 55 => 'X', 54 => 1, 38 => $c->{qty}, 151 => $c->{qty}, 14 => 0, 6 => 0);
		fill($dbh, $c, 1 + int rand $c->{qty}) if chance(40);
	}
	return $tree;
}

sub fill
{
	my ($dbh, $c, $quantity) = @_;
	$c->{executed} += $quantity;
	report($dbh, 8, 37 => "B$c->{id}", 11 => $c->{cl}, 17 => 'f' . ++$seq, 150 => 'F', 39 => 1, 55 => 'X', 54 => 1, 32 => $quantity, 31 => 7, 38 => $c->{qty},
		14 => $c->{executed}, 151 => max(0, $c->{qty} - $c->{executed}), 6 => 7);
	return;
}

# What is asked of each child: { qty, price, cancel }, the last one of a placement first.
sub model_plan
{
	my ($tree, $terms) = @_;
	my $need = defined $terms->{orderQty} ? reserved($tree) - max(0, $terms->{orderQty} - executed($tree)) : 0;
	my %asked;

	foreach my $c (sort { $b->{id} cmp $a->{id} } @{ $tree->{children} })
	{
		my $cut = max(0, min($need, leaves($c)));
		my %change;

		next if leaves($c) == 0;
		$need -= $cut;
		$change{cancel} = 1 if $cut == leaves($c);
		$change{qty} = $c->{qty} - $cut if $cut && !$change{cancel};
		$change{price} = $terms->{price} if !$change{cancel} && defined $terms->{price} && $terms->{price} != $c->{price}
		  && ($c->{price} == $tree->{price} || $c->{price} > $terms->{price}) && $terms->{price} != $tree->{price};
		$asked{ $c->{id} } = \%change if %change;
	}
	return \%asked;
}

sub take
{
	my ($c, $change) = @_;
	$c->{qty} = max($change->{qty}, $c->{executed}) if $change->{qty};
	$c->{price} = $change->{price} if $change->{price};
	$c->{closed} = 1 if $change->{cancel};
	return;
}

sub rows
{
	my ($dbh, $tree) = @_;
	return $dbh->selectall_hashref(q(SELECT id, status, trim_scale(order_qty) AS qty, trim_scale(price) AS price, trim_scale(executed_quantity) AS executed, trim_scale(leaves_quantity) AS leaves,
		trim_scale(unplaced_quantity) AS unplaced, reason, (pending_requests -> 0 ->> 'clOrdID') AS asked, (pending_requests -> 0 ->> 'request') AS request,
		(pending_requests -> 0 -> 'awaits') AS awaits FROM oms.orders WHERE root_id = ?), 'id', undef, $tree->{id});
}

# What the tables show, against the model; the name of what differs, or nothing.
sub difference
{
	my ($dbh, $tree) = @_;
	my $rows = rows($dbh, $tree);
	my @open = grep { $_->{asked} } @{ $tree->{children} };
	my $root = $rows->{ $tree->{id} };

	foreach my $c (@{ $tree->{children} })
	{
		my $row = $rows->{ $c->{id} };
		return "$c->{id}: quantity" if $row->{qty} != $c->{qty};
		return "$c->{id}: price" if $row->{price} != $c->{price};
		return "$c->{id}: leaves" if $row->{leaves} != leaves($c);
		return "$c->{id}: request" if ($c->{asked} ? $c->{asked}{cancel} ? 'CANCEL' : 'REPLACE' : '') ne ($row->{request} // '');
	}
	return 'root: quantity' if $root->{qty} != $tree->{qty};
	return 'root: price' if $root->{price} != $tree->{price};
	return 'root: unplaced' if $root->{unplaced} != max(0, max(0, $tree->{qty} - executed($tree)) - reserved($tree));
	return 'root: awaits' if ($root->{awaits} // 0) != @open;
	return 'root: waits' if !!@open != ($root->{status} eq 'PENDING_REPLACE');
	return 'root: reason' if $tree->{refused} && !@open && ($root->{reason} // '') !~ /^order "\Q$tree->{refused}\E" refused: too late/;
	return;
}

# The last one has answered.
sub model_end
{
	my ($tree, $terms) = @_;
	my $left = reserved($tree);

	return if grep { $_->{asked} } @{ $tree->{children} };
	return if $tree->{refused} || executed($tree) >= $tree->{qty} && ($terms->{orderQty} // 0) <= executed($tree);
	return if defined $terms->{orderQty} && $left && executed($tree) + $left > $terms->{orderQty};
	$tree->{qty} = max($terms->{orderQty}, executed($tree)) if defined $terms->{orderQty};
	$tree->{price} = $terms->{price} if defined $terms->{price};
	return;
}

# A broker tells of one child, by the ClOrdID that he was asked by.
sub answer
{
	my ($dbh, $tree, $c) = @_;
	my $name = rows($dbh, $tree)->{ $c->{id} }{asked};
	my $change = $c->{asked};
	my @common = (37 => "B$c->{id}", 11 => $name, 41 => $c->{cl});
	my $what = rand 100;

	if ($what < 20 && leaves($c) > 1)
	{
		fill($dbh, $c, 1 + int rand(leaves($c)));
		return;
	}
	delete $c->{asked};
	if ($what < 35)
	{
		$tree->{refused} //= $c->{id};
		report($dbh, 9, @common, 39 => 0, 434 => $change->{cancel} ? 1 : 2, 102 => 0, 58 => 'too late');
		return;
	}
	if ($change->{cancel} || $what < 45)
	{
		take($c, { cancel => 1 });
		report($dbh, 8, $change->{cancel} ? @common : (37 => "B$c->{id}", 11 => $c->{cl}), 17 => 'x' . ++$seq, 150 => 4, 39 => 4, 55 => 'X', 54 => 1, 38 => $c->{qty}, 14 => $c->{executed}, 151 => 0, 6 => 0);
		return;
	}
	take($c, $change);
	$c->{cl} = $name;
	report($dbh, 8, @common, 17 => 'r' . ++$seq, 150 => 5, 39 => $c->{executed} ? 1 : 0, 55 => 'X', 54 => 1, 38 => $c->{qty}, 44 => $c->{price}, 14 => $c->{executed}, 151 => leaves($c), 6 => 0);
	return;
}

sub replace
{
	my ($dbh, $tree, $n) = @_;
	my $kind = int rand 3;
	my %terms = ($kind != 1 ? (orderQty => 5 + int rand 120) : (), $kind ? (price => 7 + int rand 5) : ());
	my $asked = model_plan($tree, \%terms);
	my ($result) = $dbh->selectrow_array(q(SELECT oms_service('ReplaceClientOrder', ?::jsonb)), undef,
		json()->encode({ orderId => $tree->{id}, clOrdID => "c$n-" . ++$seq, commandId => "s$n-$seq", %terms }));

	delete $tree->{refused};
	foreach my $c (@{ $tree->{children} })
	{
		my $change = $asked->{ $c->{id} } or next;
		$c->{sent} ? ($c->{asked} = $change) : take($c, $change);
	}
	model_end($tree, \%terms) if !grep { $_->{asked} } @{ $tree->{children} };
	return \%terms;
}

sub tree_round
{
	my ($dbh, $n) = @_;
	my $tree = make_tree($dbh, $n);
	my @said;

	foreach my $again (1 .. 2)
	{
		return (1, 0) if executed($tree) >= $tree->{qty};
		my $terms = replace($dbh, $tree, $n);
		my $waited = grep { $_->{asked} } @{ $tree->{children} };
		push @said, json()->encode($terms);
		my $wrong = difference($dbh, $tree);
		foreach (1 .. 200)
		{
			my ($c) = shuffle(grep { $_->{asked} } @{ $tree->{children} });
			last if $wrong || !$c;
			answer($dbh, $tree, $c);
			model_end($tree, $terms) if !grep { $_->{asked} } @{ $tree->{children} };
			$wrong = difference($dbh, $tree);
		}
		return (0, 0, "tree $n, after @said: $wrong") if $wrong;
		return (1, 1) if $waited && $again == 2;
	}
	return (1, 0);
}

srand $SEED;
my $dbh = oms_dbh($node);
my ($good, $waited) = (0, 0);
foreach my $n (1 .. $ROUNDS)
{
	my ($fine, $waits, $why) = tree_round($dbh, $n);
	$good += $fine;
	$waited += $waits;
	diag("seed $SEED: $why") if $why;
}
is($good, $ROUNDS, "random trees and answers, as the model has them (seed $SEED)");
cmp_ok($waited, '>', $ROUNDS / 6, 'many of them waited');
is($dbh->selectrow_array('SELECT count(*) FROM oms.verify()'), 0, 'verify() finds nothing');

# --- many at once, and a crash -----------------------------------------------------------------

my $TREES = 20;

sub statement
{
	my $n = 1 + int rand $TREES;
	my $child = "m$n-" . (1 + int rand 4);
	my @what = (
		sub { return ("oms_service('ReplaceClientOrder', ?)", { orderId => "m$n", orderQty => 10 + int rand 120, chance(30) ? (price => 8 + int rand 4) : () }) },
		sub { return ("oms_service('CancelClientOrder', ?)", { orderId => "m$n" }) if rand() < 0.004; return ("oms_try_command(?)", { commandType => 'RejectReplaceOrderCommand', orderId => "m$n" }) },
		sub { return ("oms_try_command(?)", { commandType => 'ExecuteOrderCommand', orderId => $child, execID => "x" . rand, lastQty => 1, lastPx => 8 }) },
		sub { return ("oms_try_command(?)", { commandType => (qw(ReplaceOrderCommand RejectReplaceOrderCommand CancelOrderCommand RejectCancelOrderCommand))[ rand 4 ], orderId => $child, execID => "x" . rand, answers => 1 }) },
		sub { return ("oms_try_command(?)", { commandType => 'CreateOrderCommand', parentId => "m$n", orderQty => 1, price => 8 }) });
	return $what[ rand @what ]->();
}

# A broker answers what was asked of a child, or tells nothing.
sub act
{
	my ($dbh) = @_;
	my ($call, $command) = statement();

	if (delete $command->{answers})
	{
		my ($request, $name) = eval { $dbh->selectrow_array(q(SELECT pending_requests -> 0 ->> 'request', pending_requests -> 0 ->> 'clOrdID' FROM oms.orders WHERE id = ?), undef, $command->{orderId}) };
		return 1 if !defined $name;
		return 1 if $command->{commandType} !~ /$request/i;
		$command->{clOrdID} = $name;
	}
	return eval { $dbh->selectrow_array("SELECT " . $call =~ s/\?/?::jsonb/r, undef, json()->encode($command)); 1 } ? 0 : $dbh->state;
}

foreach my $n (1 .. $TREES)
{
	oms_command($dbh, { commandType => 'CreateOrderCommand', orderId => "m$n", symbol => 'X', side => 'BUY', orderQty => 400, price => 10 });
	oms_command($dbh, { commandType => 'PlaceOrderCommand', orderId => "m$n", children => [ map { { orderId => "m$n-$_", clOrdID => "m$n-$_", orderQty => 90, price => 10 } } 1 .. 4 ] });
	oms_command($dbh, { commandType => 'AcceptOrderCommand', orderId => "m$n-$_", orderID => "M$n-$_", execType => 'NEW' }) foreach 1 .. 3;
}
$dbh->disconnect;
my $until = time + $SECONDS;
my $join = in_sessions('cascades', 5, $SEED, sub {
	my ($number, $file) = @_;
	my $own;
	my %states;

	while (time < $until)
	{
		$own = eval { oms_dbh($node) } if !$own || !$own->ping;
		sleep(0.1), next if !$own;
		$states{ act($own) }++;
	}
	print $file join(' ', map { "$_=$states{$_}" } sort keys %states), "\n";
});
sleep $SECONDS / 2;
my $victim = oms_dbh($node);
my ($pid) = $victim->selectrow_array(q(SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1));
kill 'KILL', $pid if $pid;
my @lines = $join->();
eval { $victim->disconnect };
my %states;
foreach my $line (@lines)
{
	foreach my $pair (split / /, $line) { my ($state, $count) = split /=/, $pair; $states{$state} += $count // 0; }
}
note(join ' ', map { "$_=$states{$_}" } sort keys %states);
cmp_ok($states{0} // 0, '>', 50, 'sessions have done something');
ok(!(grep { !/^(0|1|OM00[0-9]|57P0[0-9]|08...|40P01|S8006|22000)$/ } keys %states), 'nothing went wrong but what was refused, or killed') or diag(join ' ', sort keys %states);
is($states{'40P01'} // 0, 0, 'nobody waited in a circle');
foreach (1 .. 100) { last if eval { $node->safe_psql('postgres', 'SELECT 1') }; sleep 0.2; }
$dbh = oms_dbh($node);
is(join('; ', map { "@$_" } @{ $dbh->selectall_arrayref('SELECT invariant, id, detail FROM oms.verify()') }), '', 'verify() finds nothing');
# all brokers answer in the end: then nobody waits
foreach (1 .. 300)
{
	my $open = $dbh->selectall_arrayref(q(SELECT id, pending_requests -> 0 ->> 'request', pending_requests -> 0 ->> 'clOrdID' FROM oms.orders WHERE id LIKE 'm%-%' AND pending_requests IS NOT NULL));
	last if !@$open;
	foreach my $r (@$open)
	{
		oms_command($dbh, { commandType => $r->[1] eq 'CANCEL' ? 'CancelOrderCommand' : 'ReplaceOrderCommand', orderId => $r->[0], defined $r->[2] ? (clOrdID => $r->[2]) : (), execID => "x" . rand });
	}
}
is($dbh->selectrow_array(q(SELECT count(*) FROM oms.orders WHERE id LIKE 'm%' AND jsonb_path_exists(pending_requests, '$[*].cascadeId'))), 0, 'when all have answered nobody waits');
cmp_ok($dbh->selectrow_array(q(SELECT count(*) FROM oms.order_events WHERE transition = 355 AND aggregate_id LIKE 'm%')), '>', 0, 'some replacements stood');
cmp_ok($dbh->selectrow_array(q(SELECT count(*) FROM oms.order_events WHERE transition = 354 AND aggregate_id LIKE 'm%')), '>', 0, 'some were rejected');
is($dbh->selectrow_array('SELECT count(*) FROM oms.verify()'), 0, 'and verify() finds nothing');
$dbh->disconnect;
$node->stop('fast');

done_testing();
