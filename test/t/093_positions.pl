# Eight writers who commit, roll back, hang and die, also with commits that are not on disk, a server that crashes under them, a
# transaction that never ends in another database; and readers who keep nothing but the last position: one polls, one does it in
# transactions of his own that write, one at REPEATABLE READ, one reads a single kind.
# Broken by: an event that a reader never gets or gets twice, one that he got and that a crash has taken back, events of a tree out of
# the order of tree_version, a reader who waits for anybody, or one who gets nothing as long as somebody hangs.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use OmsPositions;
use OmsTest;

my $EVENTS = rounds(10_000, 100_000);
my $dir = PostgreSQL::Test::Utils::tempdir();
# fsync stays off: only processes die here, and what was not written to the log's file is lost all the same
my $node = oms_node('positions', conf => "fsync = off\nlog_statement = none\nrestart_after_crash = on\nwal_writer_delay = 10s\nmax_connections = 40\nmax_prepared_transactions = 4\nlog_min_messages = fatal\n");

positions_start($node, dir => $dir, connect => sub { return oms_dbh($node) });
$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');
my $for_ever = oms_dbh($node, dbname => 'elsewhere');
$for_ever->do($_) foreach 'CREATE TABLE t (i integer)', 'BEGIN', 'INSERT INTO t VALUES (1)';
my $hangs = oms_dbh($node);
$hangs->begin_work;
$hangs->do(q(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "late", "symbol": "X", "side": "BUY", "orderQty": 1}')));

start_writers();
start_reader('a', 'all', 'poll', 'server');
start_reader('b', undef, 'writes', 'server');
start_reader('c', 'all', 'snapshot', 'server');
start_reader('d', 'execution', 'poll', 'server');

my ($crashes, $until) = (0, time + rounds(300, 3000));
while (count_events($node) < $EVENTS && time < $until)
{
	sleep 0.5;
	next if $crashes >= rounds(2, 10) || count_events($node) < ($crashes + 1) * $EVENTS / rounds(3, 12);
	# all buffers of the log are lost with it
	$node->stop('immediate');
	$node->start;
	end_prepared($node);
	$crashes++;
	# the transactions that were open are gone
	foreach my $gone ($hangs, $for_ever) { eval { $gone->{InactiveDestroy} = 1; $gone->disconnect }; }
	$hangs = oms_dbh($node);
	$hangs->begin_work;
	$hangs->do(qq(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "late$crashes", "symbol": "X", "side": "BUY", "orderQty": 1}')));
	$for_ever = oms_dbh($node, dbname => 'elsewhere');
	$for_ever->do($_) foreach 'BEGIN', 'INSERT INTO t VALUES (1)';
}
end_writers($node);
# nobody waits for who hangs; what he did comes when he commits
sleep 2;
my $position = $node->safe_psql('postgres', q(SELECT oms.current_position('all')));
is($node->safe_psql('postgres', "SELECT count(*) FROM oms.events_since('all', '$position')"), '0', 'a reader who begins now has read all that is committed');
$hangs->commit;
is($node->safe_psql('postgres', "SELECT string_agg(aggregate_id, ' ') FROM oms.events_since('all', '$position')"), "late$crashes", 'but not what was still under way, which he gets when it is committed');
$for_ever->do('COMMIT');
end_readers();

cmp_ok(count_events($node), '>=', $EVENTS, 'so many events');
is($crashes, rounds(2, 10), 'so many crashes');
nobody_failed();
cmp_ok(longest_poll(), '<', 20, 'no poll has waited for anybody');

check_reader($node, $_) foreach qw(a b c);
check_reader($node, 'd', q(WHERE object = 'execution'));
is(refusals_of($_), 0, "reader $_: never refused") foreach qw(a b c d);
is($node->safe_psql('postgres', 'SELECT count(*) FROM oms.verify()'), '0', 'every invariant holds');
is($node->safe_psql('postgres', 'SELECT count(DISTINCT number) FROM oms.incarnations'), '1', 'a crash is no new incarnation');
done_testing();
