# The store moves under eight writers who commit, roll back, hang and die, and under readers who keep nothing but the last position: the
# primary is killed (-9) and comes back, is killed for good and its standby promoted; what that has is dumped while all go on, and
# restored elsewhere, where they go on. Readers stay with the primary, with the standby, or go from one to the other with one position.
# Broken by: an event that a reader never gets or gets twice, on a standby too; a position that covers what was lost and is not refused, or
# one that is refused and covers nothing that was lost; a standby that lets somebody wait for a transaction elsewhere in the cluster.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use OmsPositions;
use OmsTest;

my $EVENTS = rounds(2_000, 30_000);
my $KILLS = rounds(1, 5);
my $dir = PostgreSQL::Test::Utils::tempdir();
my $conf = "fsync = off\nlog_statement = none\nmax_connections = 40\nmax_prepared_transactions = 4\nlog_min_messages = fatal\nmax_standby_streaming_delay = -1\nhot_standby_feedback = on\nwal_writer_delay = 1s\n";
my $primary = oms_node('primary', streaming => 1, conf => $conf);
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;
my $restored = oms_node('restored', conf => $conf, extension => 0);

# Where each stands now: where he writes and reads.
my %at;
sub move { my ($place, $node) = @_; append_to_file("$dir/$place.new", $node->host . ' ' . $node->port); rename "$dir/$place.new", "$dir/$place"; $at{$place} = $node; return; }
sub connect_to
{
	my ($host, $port) = split / /, slurp_file("$dir/$_[0]");
	return DBI->connect("dbi:Pg:host=$host;port=$port;dbname=postgres", '', '', { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
}

move(writer => $primary);
move(primary => $primary);
move(standby => $standby);
positions_start($primary, dir => $dir, connect => \&connect_to);
$primary->safe_psql('postgres', 'CREATE DATABASE elsewhere');
$primary->safe_psql('elsewhere', 'CREATE TABLE t (i integer)');
$primary->wait_for_catchup($standby);

# A transaction elsewhere that never ends, and one here that hangs for long.
my @open;
sub hang
{
	my ($node) = @_;

	foreach my $gone (@open) { eval { $gone->{InactiveDestroy} = 1; $gone->disconnect }; }
	@open = (oms_dbh($node, dbname => 'elsewhere'), oms_dbh($node));
	$_->begin_work foreach @open;
	$open[0]->do('INSERT INTO t VALUES (1)');
	$open[1]->do(q(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "late", "symbol": "X", "side": "BUY", "orderQty": 1}')));
	return;
}

# Until so many more are there.
sub write_more
{
	my ($node, $count) = @_;
	my $until = time + rounds(240, 1800);

	$count += count_events($node);
	sleep 0.2 while count_events($node) < $count && time < $until;
	cmp_ok(count_events($node), '>=', $count, 'so many events: ' . $node->name);
	return;
}

# A server that was killed leaves processes, which end when they notice, and hold its memory until then.
sub start_again
{
	my ($node) = @_;
	my $until = time + 60;

	until ($node->start(fail_ok => 1) || time > $until)
	{
		sleep 0.2;
		$node->stop('fast', fail_ok => 1);
	}
	return;
}

hang($primary);
start_writers();
start_reader('a', 'all', 'poll', 'primary');
start_reader('b', undef, 'poll', 'standby');
start_reader('c', 'all', 'snapshot', 'standby');
start_reader('d', 'all', 'poll', 'primary', 'standby');
start_reader('e', 'execution', 'poll', 'standby', 'primary');

foreach my $kill (1 .. $KILLS)
{
	write_more($primary, $EVENTS / $KILLS);
	$primary->kill9;
	start_again($primary);
	end_prepared($primary);
	hang($primary);
}

# for good: what the standby has not got is lost
write_more($primary, $EVENTS / 10);
$primary->kill9;
$standby->promote;
move($_ => $standby) foreach qw(writer primary);
end_prepared($standby);
hang($standby);
write_more($standby, $EVENTS);

# a dump of a moment: what is committed after it is lost
command_ok([ 'pg_dump', '-h', $standby->host, '-p', $standby->port, '-Fc', '-f', "$dir/dump", 'postgres' ], 'pg_dump');
write_more($standby, $EVENTS / 10);
$standby->stop('immediate');
command_ok([ 'pg_restore', '-h', $restored->host, '-p', $restored->port, '--exit-on-error', '-d', 'postgres', "$dir/dump" ], 'pg_restore');
$restored->safe_psql('postgres', 'CREATE DATABASE elsewhere');
$restored->safe_psql('elsewhere', 'CREATE TABLE t (i integer)');
move($_ => $restored) foreach qw(writer primary standby);
hang($restored);
write_more($restored, $EVENTS);
end_writers($restored);
$_->commit foreach @open;
end_readers();

nobody_failed();
cmp_ok(longest_poll(), '<', 20, 'no poll has waited for anybody');
check_reader($restored, $_) foreach qw(a b c d);
check_reader($restored, 'e', q(WHERE object = 'execution'));
note("reader $_: refused " . refusals_of($_) . ' times') foreach 'a' .. 'e';
# who never passes on what only the primary has loses nothing with it; what was committed after the dump all have read
is(refusals_of($_), 1, "reader $_, who stays with the standby: refused once, after the restore") foreach qw(b c);
ok(refusals_of($_) >= 1 && refusals_of($_) <= 2, "reader $_: refused after the restore, and not oftener than something was lost") foreach qw(a d e);
is($restored->safe_psql('postgres', 'SELECT count(*) FROM oms.verify()'), '0', 'every invariant holds');
is($restored->safe_psql('postgres', 'SELECT string_agg(DISTINCT number::text, $$ $$) FROM oms.incarnations'), '1 2 3', 'an incarnation for the promotion, and one for the restore');
done_testing();
