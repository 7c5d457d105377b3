# Sixteen sessions press on the same few trees, each with whatever comes to its mind: single commands, batches over several
# trees in any order, reports by FIX that are told twice, fills of orders that nobody knows and that are matched later or given to an order
# by hand, corrections and busts; blocks over all these trees, whose fills are allocated, taken back and allocated again, and whose members come and go.
# Broken by: a tree that is locked when an object of it is first needed, in whatever order that is (40P01); an object that is read and
# not locked; a report that is booked twice, or acknowledged and not there; a unit that is allocated twice, or to nobody.
#
# Among single statements whose commandIds and new ids do not collide there is no deadlock at all: the trees that a statement
# names are locked sorted.  One that meets a tree which moved while it waited may get 40001.  Of statements whose ids collide, and of
# transactions with several statements, PostgreSQL ends one where they wait in a circle: these are counted apart.  Whoever
# gets either sends again and succeeds.

use strict;
use warnings;

use List::Util qw(shuffle sum0);
use POSIX ();
use PostgreSQL::Test::Utils;
use Storable qw(nstore retrieve);
use Test::More;
use Time::HiRes qw(sleep time);

use FixMessage;
use OmsTest;

my $SEED = first_seed();
my $SECONDS = $ENV{OMS_SECONDS} // rounds(8, 300);
my $SESSIONS = 16;
my $TREES = 4;
my $BLOCKS = 3;
my $TOLD = 100;
my $STRANGERS = 8;
my $TRIES = 100;
my $dir = PostgreSQL::Test::Utils::tempdir();
my $node = oms_node('trees', conf => "fsync = off\nmax_connections = 40\ndeadlock_timeout = 50ms\nlog_statement = none\n");

# --- what is said ----------------------------------------------------------------------------

my ($session, $number) = (0, 0);

sub any_of { return $_[ int rand @_ ]; }
sub new_id { return sprintf '%s-%02d-%05d', $_[0], $session, ++$number; }
sub any_order { return any_of(map { ("T$_", "T$_.1", "T$_.2") } 1 .. $TREES); }
sub command { my ($type, %more) = @_; return { commandType => "${type}Command", commandId => new_id('k'), %more }; }

# An execution that is there: of any tree, or of none.
sub any_execution
{
	my ($dbh) = @_;
	my $where = $_[1] // any_of(q(order_id IS NULL), q(exec_id ~ '^s[0-9]+$' AND order_id IS NULL), q(order_id LIKE 'T%'), q(root_id LIKE 'B%'), q(status IN ('ALLOCATED', 'REVIEW')));
	return scalar $dbh->selectrow_array("SELECT id FROM oms.executions WHERE $where ORDER BY random() LIMIT 1") // 'none';
}

# The fill of a stranger: what is known of it is its ExecID, which everybody may tell.
sub stranger { return 's' . int rand $STRANGERS; }

# Blocks over the trees T1 to T4, an order below each, and executions in them
sub any_block { return 'B' . any_of(1 .. $BLOCKS); }
sub block_fill { my ($dbh) = @_; return any_execution($dbh, q(root_id LIKE 'B%' AND status IN ('VALIDATED', 'ALLOCATED'))); }
sub members { my ($most) = @_; my @trees = shuffle 1 .. $TREES; return [ map { { orderId => "T$_", quantity => int($most * (1 + rand)), priority => any_of(1, 2) } } @trees[ 0 .. int rand @trees ] ]; }

my @commands = (
	(sub { return command('ExecuteOrder', orderId => any_block() . any_of('', '.1'), execID => new_id('e'), lastQty => any_of(1, 2, 3, 7, '0.5'), lastPx => any_of(1, '1.01', '0.9')); }) x 2,
	(sub { return command('AllocateExecution', orderId => any_block(), method => any_of(qw(PRO_RATA PRIORITY EQUAL)), any_of([], [ quantity => any_of(1, 2) ])->@*); }) x 2,
	sub { return command('AllocateExecution', orderId => any_block(), allocations => [ map { { orderId => $_->{orderId}, quantity => 1 } } @{ members(1) } ]); },
	sub { return command('AllocateExecution', executionId => block_fill($_[0]), method => 'EQUAL', reason => 'this one'); },
	sub { return command('DeallocateExecution', executionId => block_fill($_[0]), reason => 'wrong'); },
	sub { return command('BustExecution', executionId => block_fill($_[0]), execID => new_id('b')); },
	sub { return command('CorrectExecution', executionId => block_fill($_[0]), execID => new_id('c'), lastQty => any_of(1, 2), lastPx => any_of(1, '1.1')); },
	sub { return command('ReplaceBlockMembers', orderId => any_block(), members => members(20000)); },
	sub { return command('ApproveExecution', executionId => any_execution($_[0], q(status = 'REVIEW')), orderId => any_of(any_order(), any_block()), reason => 'known'); },
	sub { return command('UpdateOrder', orderId => any_order(), text => new_id('text')); },
	sub { return command('ExecuteOrder', orderId => any_order(), execID => new_id('e'), lastQty => 1, lastPx => 1); },
	sub { return command('ExecuteOrder', orderId => any_order(), execID => stranger(), lastQty => 1, lastPx => 1); },
	# ids that sort before those of orders, and behind
	sub { return command('ExecuteOrder', orderId => 'nobody', executionId => new_id(any_of('A', 'Z')), execID => stranger(), lastQty => 1, lastPx => 1); },
	sub { return command('CreateOrder', parentId => any_order(), orderQty => 1); },
	sub { return command('BustExecution', executionId => any_execution($_[0]), execID => any_of(new_id('b'), stranger())); },
	sub { return command('CorrectExecution', executionId => any_execution($_[0]), execID => any_of(new_id('c'), stranger()), lastQty => any_of(1, 2), lastPx => 1); },
);

# An order, what is done to it, and what lies below: nothing of it is there when the trees are locked.
sub new_order
{
	my $id = new_id(any_of('N', 'U'));
	return (command('CreateOrder', orderId => $id, symbol => 'X', side => 'BUY', orderQty => 10), command('ExecuteOrder', orderId => $id, lastQty => 1, lastPx => 1),
		command('CreateOrder', orderId => "$id.1", parentId => $id, orderQty => 5), command('ExecuteOrder', orderId => "$id.1", execID => stranger(), lastQty => 1, lastPx => 1));
}

# A block, what is done to it, and its end
sub new_block
{
	my $id = new_id(any_of('D', 'V'));
	return (command('CreateBlockOrder', orderId => $id, members => members(5)), command('ExecuteOrder', orderId => $id, lastQty => 3, lastPx => 1),
		command('AllocateExecution', orderId => $id, method => 'PRO_RATA'), command('CancelOrder', orderId => $id));
}

sub batch
{
	my ($dbh) = @_;
	my @batch = shuffle map { any_of(@commands)->($dbh) } 1 .. 2 + int rand 4;
	return (any_of(\&new_order, \&new_block, sub { () }, sub { () })->(), @batch);
}

# Reports say the same whenever and by whomever they are told.
sub report
{
	my ($exec_id, $cl_ord_id, %more) = @_;
	return fix_message(type => '8', version => $more{parts} ? 'FIX.5.0SP2' : 'FIX.4.4', sender => 'D', target => 'C', header => [ rand() < 0.5 ? (43 => 'Y') : () ],
		fields => [ 37 => $more{order_id} // "ctp-$cl_ord_id", 17 => $exec_id, 11 => $cl_ord_id, 55 => 'X', 54 => 1, 38 => 1000000, 39 => 1,
			150 => $more{exec_type} // 'F', exists $more{ref} ? (19 => $more{ref}) : (),
			$more{parts} ? (32 => 3, 1362 => 2, map { (1363 => "p$_", 1364 => $_, 1365 => $_) } 1, 2) : (32 => $more{qty} // 1, 31 => 1) ]);
}

my @messages = (
	sub { my ($k, $n) = (int rand $TREES, int rand $TOLD); return report("fx-$k-$n", "F$k"); },
	# by the counterparty's OrderID alone
	sub { my ($k, $n) = (int rand $TREES, int rand $TOLD); return report("fo-$k-$n", 'NONE', order_id => "ctp-F$k"); },
	sub { my ($k, $n) = (int rand $TREES, int rand $TOLD); return report("fb-$k-$n", "F$k", exec_type => 'H', ref => "fx-$k-$n"); },
	sub { my ($k, $n) = (int rand $TREES, int rand $TOLD); return report("fc-$k-$n", "F$k", exec_type => 'G', ref => "fx-$k-$n", qty => 2); },
	# its order comes later
	sub { my ($k, $n) = (int rand $SESSIONS, int rand 5); return report("fl-$k-$n", "late-$k"); },
	sub { my ($k, $n) = (int rand $SESSIONS, int rand 5); return report("fm-$k-$n", "late-$k", exec_type => 'H', ref => "fl-$k-$n"); },
	sub { my ($k, $n) = (int rand $SESSIONS, int rand 5); return report("fp-$k-$n", "late-$k", parts => 1); },
	# a stranger's, by FIX; SQL has his ExecIDs too
	sub { return report(stranger(), 'strange'); },
	sub { my $k = int rand $TREES; return fix_message(type => 'H', sender => 'C', target => 'D', fields => [ 11 => "F$k", 55 => 'X', 54 => 1 ]); },
	sub { my $k = int rand $TREES; return fix_message(type => 'F', sender => 'C', target => 'D', fields => [ 11 => new_id('x'), 41 => "F$k", 55 => 'X', 54 => 1, 60 => fix_time(1, 0) ]); },
);

sub new_single { my ($cl_ord_id) = @_; return fix_message(type => 'D', sender => 'C', target => 'D', fields => [ 11 => $cl_ord_id, 55 => 'X', 54 => 1, 38 => 1000000, 40 => 2, 44 => 1, 60 => fix_time(1, 0) ]); }

# --- saying it -------------------------------------------------------------------------------

my $dbh;
my %count;
my %done;	# commandIds and ExecIDs that were acknowledged

# Again until it is accepted or refused; what else went wrong ends the session.
sub insist
{
	my ($kind, $attempt) = @_;

	$count{$kind}{statements}++;
	for (my $try = 1;; $try++)
	{
		return if eval { $attempt->(); 1 };
		my ($state, $message) = ($dbh->state, $@);
		$dbh->rollback unless $dbh->{AutoCommit};
		$count{$kind}{$state}++;
		return if $state =~ /^OM/;
		die "$kind: $state $message" unless $state =~ /^40(001|P01)$/ && $try < $TRIES;
		# who is ended again and again waits the longer, so that those in its way get done
		sleep rand 0.02 * ($try < 50 ? $try : 50);
	}
}

sub text { return json()->encode($_[0]); }
sub note_commands { $done{commands}{ $_->{commandId} } = 1 foreach @_; return; }
sub note_fill { my ($message, $status) = @_; $done{fills}{$1} = 1 if $status eq 'ACCEPTED' && $message =~ /\x0117=(f[xolp]-[^\x01]*)/; return; }

sub send_one
{
	my ($kind, $function, $one) = @_;
	insist($kind, sub {
		my ($status) = $dbh->selectrow_array("SELECT $function(?::jsonb)->>'status'", undef, text($one));
		$count{$kind}{$status}++;
		note_commands($one) if $status eq 'ACCEPTED';
	});
	return;
}

sub send_batch
{
	my ($kind, $atomic, @batch) = @_;
	insist($kind, sub {
		my $all = $dbh->selectcol_arrayref(q(SELECT r->>'status' FROM oms_commands(?::jsonb, ?) WITH ORDINALITY AS x(r, n) ORDER BY n), undef, text(\@batch), $atomic);
		note_commands(map { $batch[$_] } grep { $all->[$_] eq 'ACCEPTED' } 0 .. $#batch);
	});
	return;
}

sub send_message
{
	my ($kind, $message) = @_;
	insist($kind, sub { note_fill($message, $dbh->selectrow_array(q(SELECT oms_fix(?)->>'status'), undef, $message)); });
	return;
}

sub several
{
	my ($kind) = @_;
	my @batch = map { any_of(@commands)->($dbh) } 1 .. 3;
	my $message = any_of(@messages)->();
	insist($kind, sub {
		my @accepted;
		$dbh->begin_work;
		foreach my $one (@batch)
		{
			my ($status) = $dbh->selectrow_array(q(SELECT oms_try_command(?::jsonb)->>'status'), undef, text($one));
			push @accepted, $one if $status eq 'ACCEPTED';
		}
		my ($status) = $dbh->selectrow_array(q(SELECT oms_try_fix(?)->>'status'), undef, $message);
		$dbh->commit;
		note_commands(@accepted);
		note_fill($message, $status);
	});
	return;
}

# Everybody sends the same: one of them is applied.
sub collide
{
	my ($kind) = @_;
	my $n = int rand 40;
	my @batch = (command('UpdateOrder', commandId => "same-$n", orderId => "T1", text => "same $n"), command('CreateOrder', commandId => "made-$n", orderId => "made-$n", symbol => 'X', side => 'BUY', orderQty => 1),
		command('UpdateOrder', commandId => "too-$n", orderId => "made-$n", text => "same $n"));
	send_batch($kind, 1, @batch);
	return;
}

sub single
{
	my ($kind) = @_;
	my $what = rand;

	if ($what < 0.3) { send_one($kind, any_of('oms_command', 'oms_try_command'), any_of(@commands)->($dbh)); }
	elsif ($what < 0.65) { send_batch($kind, any_of(0, 1), batch($dbh)); }
	else { send_message($kind, any_of(@messages)->()); }
	return;
}

# Wait for all the others, or for one that has failed.
my $met = 0;
sub meet
{
	$met++;
	open my $mark, '>', "$dir/met$met-$session" or die "cannot write: $!";
	close $mark;
	for (my $waited = 0; (my @there = glob "$dir/met$met-*") < $SESSIONS && !-e "$dir/failed"; $waited++)
	{
		die 'the others do not come' if $waited > 2000;
		sleep 0.05;
	}
	return;
}

sub run_session
{
	my ($end) = @_;
	my $late = 0;

	$dbh = oms_dbh($node);
	srand($SEED * 1000 + $session);
	# at first single statements alone, then beside transactions and collisions
	while (time < $end - $SECONDS / 3)
	{
		single('single');
		send_message('single', new_single('late-' . ($session - 1))) if time > $end - 2 * $SECONDS / 3 && !$late++;
	}
	meet();
	while (time < $end)
	{
		my $what = rand;

		if ($what < 0.7) { single('beside'); }
		elsif ($what < 0.85) { several('transaction'); }
		else { collide('collision'); }
	}
	meet();
	# whoever was told of before the order came is told of again
	foreach my $k (0 .. $SESSIONS - 1) { send_message('last', report("fl-$k-$_", "late-$k")) foreach 0 .. 4; }
	nstore({ count => \%count, done => \%done }, "$dir/session$session");
	return;
}

# --- the run ---------------------------------------------------------------------------------

note("seed $SEED, $SECONDS s");
my $main = oms_dbh($node);
foreach my $k (1 .. $TREES)
{
	oms_command($main, { commandType => 'CreateOrderCommand', orderId => "T$k", symbol => 'X', side => 'BUY', orderQty => 1000000 });
	oms_command($main, { commandType => 'CreateOrderCommand', orderId => "T$k.$_", parentId => "T$k", orderQty => 400000 }) foreach 1, 2;
}
foreach my $k (1 .. $BLOCKS)
{
	oms_command($main, { commandType => 'CreateBlockOrderCommand', orderId => "B$k", members => [ map { { orderId => "T$_", quantity => 20000, priority => $_ } } 1 .. $TREES ] });
	oms_command($main, { commandType => 'CreateOrderCommand', orderId => "B$k.1", parentId => "B$k", orderQty => 40000 });
}
$main->do('SELECT oms_fix(?)', undef, new_single("F$_")) foreach 0 .. $TREES - 1;
$main->do('SELECT oms_fix(?)', undef, fix_message(type => '8', sender => 'D', target => 'C', fields => [ 37 => "ctp-F$_", 17 => "new-$_", 11 => "F$_", 55 => 'X', 54 => 1, 38 => 1000000, 39 => 0, 150 => 0, 14 => 0, 151 => 1000000, 6 => 0 ])) foreach 0 .. $TREES - 1;

my $end = time + $SECONDS;
my %children;
for (1 .. $SESSIONS)
{
	$session = $_;
	my $pid = fork // die "cannot fork: $!";
	if ($pid == 0)
	{
		$main->{InactiveDestroy} = 1;
		my $done = eval { run_session($end); 1 };
		if (!$done)
		{
			print STDERR "session $session: $@";
			open my $mark, '>', "$dir/failed";
		}
		POSIX::_exit($done ? 0 : 1);
	}
	$children{$pid} = $session;
}
my @failed;
foreach my $pid (keys %children) { waitpid $pid, 0; push @failed, $children{$pid} if $?; }
is("@failed", '', 'every session gets through: whoever is told to try again succeeds');

my (%sum, %acknowledged);
foreach my $file (glob "$dir/session*")
{
	my $told = retrieve($file);
	foreach my $kind (keys %{ $told->{count} }) { $sum{$kind}{$_} += $told->{count}{$kind}{$_} foreach keys %{ $told->{count}{$kind} }; }
	foreach my $kind (keys %{ $told->{done} }) { $acknowledged{$kind}{$_}++ foreach keys %{ $told->{done}{$kind} }; }
}
foreach my $kind (sort keys %sum) { note("$kind: " . join ', ', map { "$sum{$kind}{$_} $_" } sort keys %{ $sum{$kind} }); }

my $single = $sum{single}{statements};
cmp_ok($single, '>', 20, 'there was a press');
is($sum{single}{'40P01'} // 0, 0, 'no deadlock among single statements whose ids do not collide');
# the slower the machine, the longer a tree is held, and the more wait for it while it moves: that is contention, and no fault
cmp_ok($sum{single}{'40001'} // 0, '<', $single / 8, 'and seldom a tree that moved while it was waited for');

my $lost = sub {
	my ($kind, $found) = @_;
	my %there = map { $_ => 1 } @$found;
	return join ' ', (map { "-$_" } grep { !$there{$_} } sort keys %{ $acknowledged{$kind} }), (map { "+$_" } grep { !$acknowledged{$kind}{$_} } sort keys %there);
};
is($lost->('commands', $main->selectcol_arrayref('SELECT command_id FROM oms.commands')), '', 'the commands that are there are those that were acknowledged');
is(join(' ', @{ $main->selectcol_arrayref(q(SELECT command_id FROM oms.all_events WHERE command_id IN (SELECT command_id FROM oms.commands) AND event_type <> 'x' GROUP BY command_id HAVING count(DISTINCT occurred_at) > 1)) }), '',
	'each of them once, at one time');
is($lost->('fills', $main->selectcol_arrayref(q(SELECT DISTINCT split_part(exec_id, '/', 1) FROM oms.executions WHERE exec_id ~ '^f[xolp]-'))), '', 'and so the fills that were reported');
is(join(' ', @{ $main->selectcol_arrayref(q(SELECT exec_id FROM oms.executions WHERE exec_id ~ '^f[xolp]-' GROUP BY exec_id HAVING count(*) > 1)) }), '', 'each of them once, however often it was told');
is(join(' ', @{ $main->selectcol_arrayref(q(SELECT exec_id FROM oms.executions WHERE exec_id LIKE 'fl-%' AND order_id IS NULL AND status = 'REVIEW' ORDER BY exec_id)) }), '', 'what waited for its order has found it');
# No unit is lost on its way: what each client order has is what its tree has filled and what blocks gave to it.
is(join("\n", map { join ' ', @$_ } @{ $main->selectall_arrayref(q(
	WITH shares AS (SELECT e.id, e.last_qty, a->>'orderId' AS member, (a->>'quantity')::numeric AS qty, (a->>'value')::numeric AS value
		FROM oms.executions e JOIN oms.orders b ON b.id = e.root_id AND b.members IS NOT NULL, jsonb_array_elements(e.allocations) a WHERE e.status IN ('VALIDATED', 'ALLOCATED')),
	parts AS (SELECT member AS root_id, qty, value FROM shares
		UNION ALL SELECT root_id, last_qty, last_qty * last_px FROM oms.executions WHERE status IN ('VALIDATED', 'ALLOCATED') AND order_id IS NOT NULL)
	SELECT o.id, o.executed_quantity, o.executed_value, sum(qty), sum(value) FROM oms.orders o LEFT JOIN parts p USING (root_id) WHERE o.parent_id IS NULL
	GROUP BY o.id HAVING (o.executed_quantity, o.executed_value) IS DISTINCT FROM (coalesce(sum(qty), 0), coalesce(sum(value), 0))
	UNION ALL SELECT id, last_qty, sum(qty), NULL, NULL FROM shares GROUP BY id, last_qty HAVING sum(qty) > last_qty)) }), '', 'no unit is lost and none given twice');
cmp_ok($main->selectrow_array(q(SELECT count(*) FROM oms.order_events WHERE event_type LIKE 'OrderAllocat%' AND aggregate_id ~ '^T')), '>', 20, 'much was allocated');
is($main->selectrow_array('SELECT count(*) FROM oms.verify()'), 0, 'every invariant holds');

done_testing();
