# What DBAs do to tables under load: REINDEX CONCURRENTLY, VACUUM FULL, CLUSTER, SET TABLESPACE, ALTER TABLE, pg_repack, on
# every table of the store while sessions send commands, repeat commandIds and claim the same ids. Afterwards every command
# that was acknowledged is there, once, and answers as it did.
# Broken by: rows that row triggers do not see (pg_repack undoes what was acknowledged); a claim whose arbiter is one index
# while another one takes its place (23505); an index, or a place of a row, that is remembered for longer than a lock.

use strict;
use warnings;

use JSON::PP ();
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use OmsTest;
use OmsWork;

my $sessions = 4;
my $each = rounds(1.2, 20);    # seconds for each kind of maintenance
my $node = oms_node('maintenance', conf => "max_connections = 40\nlog_statement = none\n");
my $dbh = oms_dbh($node);
my $folder = PostgreSQL::Test::Utils::tempdir();
mkdir "$folder/elsewhere" or die $!;
$dbh->do("CREATE TABLESPACE elsewhere LOCATION '$folder/elsewhere'");
$dbh->do("SELECT oms_command(?)", undef, json()->encode({ commandType => 'CreateOrderCommand', orderId => "shared-$_", symbol => 'X', side => 'BUY', orderQty => 1_000_000_000 })) foreach 1 .. 2;
my $leaves = $dbh->selectcol_arrayref(q(SELECT oms.partition_at(relid::regclass, now())::text FROM oms.event_tables()));
my @relations = ((map { "oms.$_" } (grep { !/events/ } @TABLES), other_tables($dbh)), @$leaves);

# ------------------------------------------------------------------------
# the load
# ------------------------------------------------------------------------

# One session: until it is told to stop, it creates, fills and cancels, and claims ids that others claim too. What was
# acknowledged goes to its file, what went wrong too.
sub session
{
	my ($number) = @_;
	my $db = oms_dbh($node);
	my ($n, $stop) = (0, 0);
	my @done;

	local $SIG{TERM} = sub { $stop = 1 };
	open my $file, '>', "$folder/session.$number" or die $!;
	my $send = sub {
		my ($allowed, %command) = @_;
		my $result = eval { oms_command($db, \%command) };
		my $state = $db->state;
		if ($result) { push @done, [ \%command, $result ]; print $file json()->encode([ \%command, $result ]), "\n"; }
		elsif ($state !~ /^(?:$allowed)$/) { print $file json()->encode({ state => $state, error => $@ }), "\n"; }
		return $result;
	};
	while (!$stop)
	{
		my $id = "s$number-" . ++$n;
		my $race = time() * 20;
		$send->('', commandType => 'CreateOrderCommand', commandId => "$id-c", orderId => $id, clOrdID => "cl-$id", symbol => 'X', side => 'BUY', orderQty => 10);
		$send->('', commandType => 'ExecuteOrderCommand', commandId => "$id-f", orderId => $id, execID => "e-$id", lastQty => 1, lastPx => 2);
		$send->('', commandType => 'ExecuteOrderCommand', commandId => "$id-g", orderId => 'shared-' . (1 + $n % 2), execID => "e-$id", lastQty => 1, lastPx => 2);
		$send->('', commandType => 'CancelOrderCommand', commandId => "$id-x", orderId => $id);
		$send->('', commandType => 'CreateQuoteRequestCommand', commandId => "$id-q", quoteRequestId => "$id-r", quoteReqID => "rfq-$id", symbol => 'X', side => 'BUY', orderQty => 1);
		$send->('', commandType => 'CreateQuoteCommand', commandId => "$id-q$_", quoteId => "$id-q$_", quoteRequestId => "$id-r", quoteID => "q$_-$id", dealer => "D$_", offerPx => 2) foreach 1, 2;
		$send->('', commandType => 'AcceptQuoteCommand', commandId => "$id-a", quoteId => "$id-q1", orderId => "$id-o", $n % 2 ? (pending => JSON::PP::true) : ());
		$send->('', commandType => 'ExecuteOrderCommand', commandId => "$id-af", orderId => "$id-o", execID => "q-$id", lastQty => 1, lastPx => 2);
		# one of an order that nobody knows, matched by hand
		$send->('', commandType => 'ExecuteOrderCommand', commandId => "$id-u", orderId => 'nobody', executionId => "$id-ux", execID => "u-$id", lastQty => 1, lastPx => 2);
		$send->('', commandType => 'ApproveExecutionCommand', commandId => "$id-ua", executionId => "$id-ux", orderId => 'shared-1', reason => 'his', confirm => JSON::PP::true);
		# all sessions want the same ids at the same time: one gets each
		$send->('OM007', commandType => 'CreateOrderCommand', commandId => "$id-r", orderId => sprintf('race-%d', $race), symbol => 'X', side => 'BUY', orderQty => 1);
		$send->('', commandType => 'CreateOrderCommand', commandId => sprintf('same-%d', $race), symbol => 'X', side => 'SELL', orderQty => 1);
		$db->do('SELECT oms_try_command(?)', undef, json()->encode({ commandType => 'CancelOrderCommand', orderId => "none-$id" })) if $n % 10 == 0;
		my $old = $done[ rand @done ];
		my $again = eval { oms_command($db, $old->[0]) } || { state => $db->state };
		delete $_->{duplicate} foreach $again, my $first = { %{ $old->[1] } };
		print $file json()->encode({ again => $old->[0]{commandId}, got => $again }), "\n" if json()->encode($again) ne json()->encode($first);
	}
	close $file;
	POSIX::_exit(0);
}

sub start_load
{
	my @pids;
	foreach my $number (1 .. $sessions)
	{
		my $pid = fork // die $!;
		if ($pid == 0) { $_->{InactiveDestroy} = 1 foreach $dbh; eval { session($number) }; print STDERR $@; POSIX::_exit(1); }
		push @pids, $pid;
	}
	return @pids;
}

# ------------------------------------------------------------------------
# the maintenance
# ------------------------------------------------------------------------

my %index = map { $_ => $dbh->selectrow_array("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = '$_'::regclass AND indisunique LIMIT 1") } @relations;
my $flip = 0;
my @kinds = (
	[ 'REINDEX CONCURRENTLY', sub { "REINDEX TABLE CONCURRENTLY $_" } ],
	[ 'VACUUM FULL', sub { "VACUUM FULL $_" } ],
	[ 'CLUSTER', sub { "CLUSTER $_ USING " . $dbh->selectrow_array("SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE i.indrelid = '$_'::regclass AND i.indisunique LIMIT 1") } ],
	[ 'SET TABLESPACE', sub { "ALTER TABLE $_ SET TABLESPACE " . (++$flip % 2 ? 'elsewhere' : 'pg_default') } ],
	[ 'columns and indexes', sub { my ($n, $table) = (++$flip, s/_\d{4}_\d\d$//r); ("ALTER TABLE $table ADD COLUMN mine_$n integer NOT NULL DEFAULT 1", "CREATE UNIQUE INDEX CONCURRENTLY ON $_ (" . join(', ', @{ $dbh->selectcol_arrayref("SELECT a.attname FROM pg_attribute AS a JOIN pg_index AS i ON i.indrelid = a.attrelid AND a.attnum = ANY (i.indkey) WHERE i.indexrelid = '$index{$_}'::regclass") }) . ')', "ALTER TABLE $table DROP COLUMN mine_$n") } ],
);

my @load = start_load();
sleep 0.5;
foreach my $kind (@kinds)
{
	my ($name, $statements) = @$kind;
	my ($until, $done, $failed) = (time() + $each, 0, 0);

	while (time() < $until || $done < @relations)
	{
		local $_ = $relations[ $done++ % @relations ];
		foreach my $sql ($statements->())
		{
			next if eval { $dbh->do($sql); 1 } || $dbh->state =~ /^(?:40P01|42701)$/;
			$failed++;
			diag("$sql: " . $dbh->errstr);
		}
	}
	is($failed, 0, "$name on every table, $done times");
}

my ($bin) = map { s/\n//r } qx("@{[ $ENV{PG_CONFIG} // 'pg_config' ]}" --bindir);
SKIP:
{
	my ($there) = $dbh->selectrow_array(q(SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_repack'));
	unless (-x "$bin/pg_repack" && $there)
	{
		diag('PG_REPACK IS NOT INSTALLED (postgresql-15-repack): what it does to tables under load is not tested');
		skip('pg_repack is not installed', scalar @relations);
	}
	$dbh->do('CREATE EXTENSION pg_repack');
	foreach my $table (@relations)
	{
		my $output = qx("$bin/pg_repack" --no-order --no-kill-backend --wait-timeout=60 -h @{[ $node->host ]} -p @{[ $node->port ]} -d postgres -t $table 2>&1);
		is($? >> 8, 0, "pg_repack of $table") or diag($output);
	}
}
sleep 0.3;
kill 'TERM', @load;
waitpid $_, 0 foreach @load;

# ------------------------------------------------------------------------
# what is there afterwards
# ------------------------------------------------------------------------

my (@acknowledged, @wrong);
foreach my $number (1 .. $sessions)
{
	open my $file, '<', "$folder/session.$number" or die $!;
	while (my $line = <$file>)
	{
		my $entry = json()->decode($line);
		ref $entry eq 'ARRAY' ? push @acknowledged, $entry : push @wrong, $line;
	}
}
cmp_ok(scalar @acknowledged, '>', 500, 'enough was done meanwhile: ' . scalar @acknowledged);
is(scalar @wrong, 0, 'no command failed, and each repeat answered as the first time') or diag(join '', @wrong[0 .. ($#wrong > 9 ? 9 : $#wrong)]);

my %first;
foreach (@acknowledged) { my ($command, $result) = @$_; $first{ $command->{commandId} } //= [ $command, $result ]; }
my $lost = 0;
foreach (values %first)
{
	my ($command, $result) = @$_;
	my $again = eval { oms_command($dbh, $command) } || {};
	$lost++ unless delete $again->{duplicate} && json()->encode($again) eq json()->encode({ map { $_ => $result->{$_} } grep { $_ ne 'duplicate' } keys %$result });
}
is($lost, 0, 'every acknowledged command is there, and answers as it did');
is($dbh->selectrow_array('SELECT count(*) FROM oms.commands'), scalar keys %first, '... once');
is($dbh->selectrow_array(q(SELECT sum(executed_quantity) FROM oms.orders WHERE parent_id IS NULL)),
	scalar(grep { $_->[0]{commandType} eq 'ExecuteOrderCommand' } values %first), 'as many fills are booked as were acknowledged');
is($dbh->selectrow_array(q(SELECT count(*) - count(DISTINCT id) FROM oms.orders)), '0', 'no id is there twice');
intact($dbh, 'after all');

$dbh->disconnect;
$node->stop;
done_testing();
