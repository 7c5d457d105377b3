# test/lib/OmsSessions.pm: the same work in many processes at once, and a statement that is tried again until it is answered.

package OmsSessions;

use strict;
use warnings;

use Exporter 'import';
use POSIX ();
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep);

our @EXPORT_OK = qw(ask in_sessions);

my $folder = PostgreSQL::Test::Utils::tempdir();

# One statement until it is answered: what the isolation level makes fail is tried again. Returns what it answers, '' or the
# SQLSTATE that trying does not cure, and how often it was tried. RETRIED: which SQLSTATEs are tried again.
sub ask
{
	my ($dbh, $retried, $sql, @values) = @_;

	foreach my $try (1 .. 50)
	{
		my @row;
		return ($row[0], '', $try) if eval { @row = $dbh->selectrow_array($sql, undef, @values); 1 };
		return (undef, $dbh->state, $try) if $dbh->state !~ $retried;
		sleep rand 0.01 * $try;
	}
	return (undef, '40001', 50);
}

# CODE->(NUMBER, FILE) in COUNT processes, each with a seed of its own, printing lines to FILE. Returns a sub that waits for all
# of them and returns the lines in one list; a CODE that died says so in one.
sub in_sessions
{
	my ($name, $count, $seed, $code) = @_;
	my @pids;

	foreach my $number (1 .. $count)
	{
		my $pid = fork // die "cannot fork: $!";
		if (!$pid)
		{
			srand($seed * 1000 + $number);
			open my $file, '>', "$folder/$name.$number" or POSIX::_exit(1);
			$file->autoflush(1);
			my $good = eval { $code->($number, $file); 1 };
			print $file "died $@" if !$good;
			close $file;
			POSIX::_exit(0);
		}
		push @pids, $pid;
	}
	return sub { waitpid $_, 0 foreach @pids; return map { split /\n/, slurp_file("$folder/$name.$_") } 1 .. $count; };
}

1;
