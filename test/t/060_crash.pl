# Crashes in the middle of load: the postmaster is killed with -9 (even rounds) or one backend is
# (odd rounds), while several clients send commands with commandIds.
# Broken by: a quote whose order is there without it; an acknowledged command that is gone or there twice, one that is there in part, a
# repeat that is not recognised after recovery, or any invariant of oms.verify().
#
# fsync stays off: only processes die here, the kernel keeps what they wrote.  A torn page needs a
# power failure; full_page_writes stays on nevertheless, as in life.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use OmsTest;

my $CLIENTS = 4;
my $ROUNDS = rounds(3, 120);
my $dir = PostgreSQL::Test::Utils::tempdir();
my $node = oms_node('crash', conf => "fsync = off\nlog_statement = none\nfull_page_writes = on\nrestart_after_crash = on\ncheckpoint_timeout = 30s\n");

# Every tenth round on a store that is new again, so that a long run does not spend its time on verify().
sub begin_anew
{
	unlink glob "$dir/client*";
	$node->safe_psql('postgres', join ";\n", 'DROP EXTENSION oms_state', 'CREATE EXTENSION oms_state',
		map { qq(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "tree$_", "symbol": "X", "side": "BUY", "orderQty": 100000000}')) } 1 .. 3);
}

# The commands of one client: new orders and children without an id, fills without an id; what is
# done twice is there twice; and quotes, asked for, given, accepted and filled one after the other.  Now and then several in one transaction or batch.
my $quotes = 0;

sub next_quote_command
{
	my ($id) = @_;
	my ($client) = $id =~ /^(r\d+-c\d+)/;
	my ($step, $name) = ($quotes % 4, "$client-rfq" . int($quotes++ / 4));

	return qq({"commandId": "$id", "commandType": ) . (
		qq("CreateQuoteRequestCommand", "quoteRequestId": "$name", "quoteReqID": "$name", "symbol": "Q", "side": "BUY", "orderQty": 2}),
		qq("CreateQuoteCommand", "quoteId": "$name.q", "quoteRequestId": "$name", "quoteID": "$name", "offerPx": 5, "validUntilTime": "2199-01-01T00:00:00Z"}),
		qq("AcceptQuoteCommand", "quoteId": "$name.q", "orderId": "$name.o", "pending": true}),
		qq("ExecuteOrderCommand", "orderId": "$name.o", "lastQty": 2, "lastPx": 5}))[$step];
}

sub next_command
{
	my ($id, $tree) = @_;
	my $kind = rand;

	return next_quote_command($id) if $kind > 0.75;
	return qq({"commandType": "ExecuteOrderCommand", "commandId": "$id", "orderId": "tree$tree", "lastQty": 1, "lastPx": 2.5}) if $kind < 0.45;
	return qq({"commandType": "CreateOrderCommand", "commandId": "$id", "parentId": "tree$tree", "orderQty": 3}) if $kind < 0.65;
	return qq({"commandType": "CreateOrderCommand", "commandId": "$id", "symbol": "Y", "side": "SELL", "orderQty": 5});
}

# Send until the server dies.  Every command is on paper before it is sent, and again when answered.
sub client
{
	my ($number, $round) = @_;
	my $dbh = oms_dbh($node);

	srand($number * 1000 + $round);
	open my $paper, '>>', "$dir/client$number" or die "cannot write: $!";
	for (my $n = 1;; $n++)
	{
		my @ids = map { "r$round-c$number-$n-$_" } 1 .. (rand() < 0.1 ? 5 : 1);
		# one tree for all: several trees in one transaction can lock each other, as any rows can
		my $tree = 1 + int rand 3;
		my @commands = map { next_command($_, $tree) } @ids;

		syswrite $paper, join '', map { "sent $ids[$_] $commands[$_]\n" } 0 .. $#ids;
		eval {
			if (@ids == 1) { $dbh->do('SELECT oms_command(?::jsonb)', undef, @commands); }
			elsif (rand() < 0.5) { $dbh->do('SELECT count(*) FROM oms_commands(?::jsonb)', undef, '[' . join(',', @commands) . ']'); }
			else
			{
				$dbh->begin_work;
				$dbh->do('SELECT oms_command(?::jsonb)', undef, $_) foreach @commands;
				$dbh->commit;
			}
			1;
		} or last;
		syswrite $paper, join '', map { "done $_\n" } @ids;
	}
	# anything but a lost connection is an error of its own
	my $state = $dbh->state;
	syswrite $paper, "error $state\n" if $state !~ /^(08|57P0)/ && $dbh->ping;
	POSIX::_exit(0);
}

sub read_papers
{
	my (%sent, %done, @errors);
	foreach my $number (1 .. $CLIENTS)
	{
		next if !-e "$dir/client$number";
		foreach my $line (split /\n/, slurp_file("$dir/client$number"))
		{
			if ($line =~ /^sent (\S+) (.*)/) { $sent{$1} = $2; }
			elsif ($line =~ /^done (\S+)/) { $done{$1} = 1; }
			else { push @errors, $line; }
		}
	}
	return (\%sent, \%done, \@errors);
}

# { commandId => how often its object was made }
sub made
{
	my ($dbh) = @_;
	return { map { @$_ } @{ $dbh->selectall_arrayref(
		q(SELECT command_id, count(*) FROM oms.all_events WHERE version = 1 GROUP BY command_id)) } };
}

sub wait_for_load
{
	my ($round) = @_;
	my $end = time + 60;

	while (time < $end)
	{
		my (undef, $done) = read_papers();
		return if grep({ /^r$round-/ } keys %$done) > 50;
		sleep 0.1;
	}
	return;
}

# Up to three minutes: after -9 the old backends must first notice that they are alone.
sub start_again
{
	for my $try (1 .. 360)
	{
		return 1 if $node->start(fail_ok => 1);
		sleep 0.5;
		$node->stop('fast', fail_ok => 1);
	}
	return 0;
}

sub wait_until_up
{
	my $end = time + 60;
	while (time < $end)
	{
		my $up = eval { oms_dbh($node)->selectrow_array('SELECT 1') };
		return 1 if $up;
		sleep 0.1;
	}
	return 0;
}

foreach my $round (1 .. $ROUNDS)
{
	my @clients;
	begin_anew() if $round % 10 == 1;
	foreach my $number (1 .. $CLIENTS)
	{
		my $pid = fork // die "cannot fork: $!";
		if (!$pid) { eval { client($number, $round); }; POSIX::_exit(1); }
		push @clients, $pid;
	}
	wait_for_load($round);
	sleep rand 0.8;
	if ($round % 2 == 0) { $node->kill9; }
	else
	{
		my ($victim) = oms_dbh($node)->selectrow_array("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1");
		kill 9, $victim if $victim;
	}
	waitpid $_, 0 foreach @clients;
	ok($round % 2 == 0 ? start_again() : wait_until_up(), "round $round: the server is back");

	my ($sent, $done, $errors) = read_papers();
	my $dbh = oms_dbh($node);
	my $made = made($dbh);
	my @lost = grep { !$made->{$_} } sort keys %$done;
	my @twice = grep { $made->{$_} && $made->{$_} != 1 } sort keys %$sent;
	# as they were sent: a quote needs its request
	my %nth = map { $_ => [ /(\d+)/g ] } grep { /^r$round-/ } keys %$sent;
	my @ours = sort { $nth{$a}[1] <=> $nth{$b}[1] || $nth{$a}[2] <=> $nth{$b}[2] || $nth{$a}[3] <=> $nth{$b}[3] } keys %nth;

	is("@$errors", '', "round $round: the clients saw nothing but a lost connection");
	cmp_ok(scalar(grep { $done->{$_} } @ours), '>', 20, "round $round: there was load");
	is("@lost", '', "round $round: every acknowledged command is there");
	is("@twice", '', "round $round: nothing is there twice");
	is(join("\n", map { join ' ', @$_ } @{ $dbh->selectall_arrayref('SELECT invariant, object, id, detail FROM oms.verify() LIMIT 10') }),
		'', "round $round: every invariant holds");

	# The clients do what clients do: they send everything again.
	my @wrong;
	foreach my $id (@ours)
	{
		my ($text) = $dbh->selectrow_array('SELECT oms_command(?::jsonb)', undef, $sent->{$id});
		my $duplicate = $text =~ /"duplicate": true/ ? 1 : 0;
		push @wrong, "$id duplicate $duplicate" if $duplicate != ($made->{$id} ? 1 : 0);
	}
	is("@wrong", '', "round $round: repeats are recognised, and only they");
	$made = made($dbh);
	is(join(' ', grep { ($made->{$_} // 0) != 1 } @ours), '', "round $round: now all are there once");
}

# The sums agree with what was sent, all rounds on this store together.
my ($sent) = read_papers();
my $fills = grep { /ExecuteOrder.*"tree/ } values %$sent;
my $dealt = grep { /ExecuteOrder.*\.o"/ } values %$sent;
is($node->safe_psql('postgres', q(SELECT sum(executed_quantity) FROM oms.orders WHERE id LIKE 'tree_')), $fills, 'each fill counts once');
cmp_ok($dealt, '>', 0, 'quotes were dealt and filled');
is($node->safe_psql('postgres', q(SELECT concat_ws(' ', count(*), sum(q.executed_quantity)) FROM oms.quotes AS q JOIN oms.quote_requests AS r ON r.accepted_quote_id = q.id AND r.executed_quantity = q.executed_quantity
	WHERE q.status = 'ACCEPTED' AND r.status = 'ACCEPTED')), "$dealt " . 2 * $dealt, 'and each is filled once, and its request knows');
is($node->safe_psql('postgres', 'SELECT count(*) FROM oms.verify()'), '0', 'every invariant holds at the end');
$node->stop;

done_testing();
