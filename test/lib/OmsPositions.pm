# Writers who commit, roll back, hang and die, and readers of their events who keep nothing but the last position, as processes of
# their own; where each connects is said again whenever it has to: a server may be killed under them, and another one stand in its place.

package OmsPositions;

use strict;
use warnings;

use Exporter 'import';
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use OmsTest;

our @EXPORT = qw(positions_start start_writers start_reader end_writers end_readers end_prepared count_events refusals_of longest_poll nobody_failed check_reader);

my $WRITERS = 8;
my ($dir, $connect);
my (@writers, @readers);
my $serial = 0;

# CONNECT->(WHO) gives a session, or dies: 'writer', or what start_reader() was told.  NODE gets what is written to.
sub positions_start
{
	my ($node, %options) = @_;

	($dir, $connect) = @options{qw(dir connect)};
	$node->safe_psql('postgres', qq(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "$_", "symbol": "X", "side": "BUY", "orderQty": 100000000}')))
	  foreach 'shared', map { my $name = $_; map { "tree-$name-$_" } 0 .. 4 } 0 .. $WRITERS - 1;
	return;
}

# A session that comes back after a crash; undef once the test is at its end.
sub session
{
	my ($who) = @_;

	for (;;)
	{
		my $dbh = eval { $connect->($who) };

		return $dbh if $dbh;
		return if -e "$dir/end";
		sleep 0.05;
	}
}

sub child
{
	my ($name, $work) = @_;
	my $pid = fork // die "cannot fork: $!";

	return $pid if $pid;
	eval { $work->(); 1 } or append_to_file("$dir/failed", "$name: $@");
	POSIX::_exit(0);
}

# ------------------------------------------------------------------------
# writers
# ------------------------------------------------------------------------

sub write_one
{
	my ($dbh, $name) = @_;
	# now and then all meet in one tree, which whoever hangs keeps for himself
	my $tree = rand() < 0.1 ? 'shared' : "tree-$name-" . int rand 5;
	my $sql = 'SELECT oms_try_command(?)';

	$serial++;
	return $dbh->do($sql, undef, qq({"commandType": "CreateOrderCommand", "orderId": "$name-$$-$serial", "symbol": "X", "side": "BUY", "orderQty": 5})) if rand() < 0.3;
	return $dbh->do($sql, undef, qq({"commandType": "CreateOrderCommand", "parentId": "$tree", "orderQty": 5})) if rand() < 0.3;
	return $dbh->do($sql, undef, qq({"commandType": "ExecuteOrderCommand", "orderId": "$tree", "lastQty": 1, "lastPx": 2}));
}

sub write_block
{
	my ($dbh, $name, $kind) = @_;

	$dbh->begin_work;
	write_one($dbh, $name) foreach 1 .. 1 + int rand 4;
	if (rand() < 0.2)
	{
		$dbh->do('SAVEPOINT s');
		write_one($dbh, $name);
		$dbh->do('ROLLBACK TO s') if rand() < 0.5;
		write_one($dbh, $name);
	}
	# some hang, for long enough that much is committed meanwhile
	sleep(rand() < 0.3 ? 2 * rand : 0.05 * rand) if $kind < 0.8;
	return $dbh->commit if $kind < 0.85;
	return $dbh->rollback if $kind < 0.95;
	return $dbh->do('SELECT pg_terminate_backend(pg_backend_pid())') if $kind >= 0.98;
	my $it = "p$name-" . $serial++;
	$dbh->do("PREPARE TRANSACTION '$it'");
	$dbh->{AutoCommit} = 1;
	sleep 0.2 * rand;
	return $dbh->do("COMMIT PREPARED '$it'");
}

sub write_on
{
	my ($name) = @_;
	my $dbh;

	srand(first_seed() * 100 + $name);
	until (-e "$dir/stop")
	{
		$dbh //= session('writer') // return;
		eval {
			my $kind = rand;

			$dbh->do('SET synchronous_commit = ' . ($name % 2 ? 'off' : 'on'));
			if ($kind < 0.6) { write_one($dbh, $name); }
			else { write_block($dbh, $name, $kind); }
			1;
		} or do { eval { $dbh->disconnect }; undef $dbh; };
	}
	return;
}

sub start_writers { foreach my $n (0 .. $WRITERS - 1) { push @writers, child("writer $n", sub { write_on($n) }); } return; }

sub end_writers
{
	my ($node) = @_;

	append_to_file("$dir/stop", '');
	waitpid $_, 0 foreach splice @writers;
	end_prepared($node);
	return;
}

# What somebody has prepared who then died holds its locks.
sub end_prepared { my ($node) = @_; $node->psql('postgres', "COMMIT PREPARED '$_'") foreach split /\n/, $node->safe_psql('postgres', 'SELECT gid FROM pg_prepared_xacts'); return; }
sub count_events { my ($node) = @_; return $node->safe_psql('postgres', 'SELECT count(*) FROM oms.all_events'); }

# ------------------------------------------------------------------------
# readers
# ------------------------------------------------------------------------

sub lines_of { my ($name) = @_; return map { [ split / / ] } split /\n/, slurp_file("$dir/read-$name"); }

# A refused position must have covered what is not here: only then may a reader begin anew.
sub begin_anew
{
	my ($name, $dbh) = @_;
	my %there = map { @$_ } @{ $dbh->selectall_arrayref('SELECT sequence, encode(hash, \'hex\') FROM oms.all_events') };
	my $lost = grep { ($there{ $_->[0] } // '') ne $_->[3] } lines_of($name);

	die 'a position was refused, and nothing of what was read is lost' if $lost == 0;
	append_to_file("$dir/refused-$name", "$lost\n");
	unlink "$dir/read-$name";
	return;
}

# One look: the rows, and how long it took.
sub look
{
	my ($name, $object, $way, $dbh, $position) = @_;
	my $limit = 1 + int(rand() < 0.3 ? rand 3 : rand 700);
	my $since = time;

	if ($way ne 'poll')
	{
		$dbh->begin_work;
		$dbh->do('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ') if $way eq 'snapshot';
		# a snapshot that is older than some of what it will be asked for next
		$dbh->do('SELECT 1 FROM oms.orders LIMIT 1') if $way eq 'snapshot';
		write_one($dbh, "reader-$name") if $way eq 'writes' && !-e "$dir/stop";
		sleep 0.1 * rand if $way eq 'snapshot';
	}
	my $rows = $dbh->selectall_arrayref('SELECT "position", sequence, root_id, tree_version, encode(hash, \'hex\') FROM oms.events_since(?, ?, ?)', undef, $object, $position, $limit);
	$dbh->commit if $way ne 'poll';
	return ($rows, time - $since);
}

# WHERE are the places that he connects to, each time another one.
sub read_on
{
	my ($name, $object, $way, @where) = @_;
	my ($position, $empty, $longest) = (undef, 0, 0);
	my %sessions;

	srand(first_seed());
	append_to_file("$dir/read-$name", '');
	for (;;)
	{
		my $over = -e "$dir/last";
		my $place = $where[ rand @where ];
		my ($rows, $took);

		$sessions{$place} //= session($place) // last;
		if (!eval { ($rows, $took) = look($name, $object, $way, $sessions{$place}, $position); 1 })
		{
			my $error = $@;
			my $dbh = $sessions{$place};

			if (($dbh->state // '') eq 'OM010')
			{
				$dbh->rollback if !$dbh->{AutoCommit};
				# what it was asked by may be gone by now: then he asks again
				next if !eval { begin_anew($name, $dbh); $position = undef; 1 } && $@ !~ /nothing of what was read/;
				die "$error: $@" if defined $position;
				append_to_file("$dir/read-$name", '');
				next;
			}
			die "$place: $error" if $error =~ /ERROR:/;
			eval { $dbh->disconnect }; delete $sessions{$place};
			next;
		}
		append_to_file("$dir/read-$name", join('', map { join(' ', @$_[1 .. 4]) . "\n" } @$rows));
		# any row's will do, as if he had died in the middle
		$position = $rows->[-1][0] if @$rows;
		$longest = $took if $took > $longest && $way eq 'poll';
		last if $over && !@$rows && ++$empty > 3;
		$empty = 0 if @$rows;
		sleep 0.02 * rand;
	}
	append_to_file("$dir/longest", "$longest\n") if $way eq 'poll';
	return;
}

sub start_reader
{
	my ($name, @how) = @_;
	push @readers, child("reader $name", sub { read_on($name, @how) });
	return;
}

sub end_readers
{
	append_to_file("$dir/last", '');
	waitpid $_, 0 foreach splice @readers;
	append_to_file("$dir/end", '');
	return;
}

# ------------------------------------------------------------------------
# what came of it
# ------------------------------------------------------------------------

sub nobody_failed { return ok(!-e "$dir/failed", 'nobody has failed') || diag(slurp_file("$dir/failed")); }
sub longest_poll { return (sort { $b <=> $a } split /\n/, slurp_file("$dir/longest"))[0]; }
# How often his position was refused.
sub refusals_of { my ($name) = @_; return -e "$dir/refused-$name" ? scalar(() = slurp_file("$dir/refused-$name") =~ /\n/g) : 0; }

sub check_reader
{
	my ($node, $reader, $only) = @_;
	my %there = map { split /\|/ } split /\n/, $node->safe_psql('postgres', "SELECT sequence, encode(hash, 'hex') FROM oms.all_events " . ($only // ''));
	my (%times, %tree, $phantoms, $unordered);

	foreach my $event (lines_of($reader))
	{
		my ($sequence, $root, $version, $hash) = @$event;

		$times{$sequence}++;
		$phantoms++ if ($there{$sequence} // '') ne $hash;
		$unordered++ if $version <= ($tree{$root} // 0);
		$tree{$root} = $version;
	}
	is(scalar(grep { $_ > 1 } values %times), 0, "reader $reader: none twice");
	is(scalar(grep { !$times{$_} } keys %there), 0, "reader $reader: none is missing, of " . keys %there);
	is($phantoms // 0, 0, "reader $reader: none that is not there");
	is($unordered // 0, 0, "reader $reader: every tree in the order of tree_version");
	return;
}

1;
