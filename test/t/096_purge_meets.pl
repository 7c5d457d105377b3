# Purge and what may happen meanwhile: kill -9 between small batches, archives and partitions that are dropped; a dump in the middle of it; a standby that
# reads all the time, and is promoted in the middle; what 0.1.0 had written, upgraded and then purged.
# Broken by: a tree that is gone in part, in any snapshot anywhere; one without its row or its archive; an event of an old version that purge cannot read.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

use OmsOldVersion;
use OmsProcess qw(wait_for);
use OmsTest;

my $CONF = "fsync = off\nlog_statement = none\noms_state.command_retention = 0\nsession_preload_libraries = oms_state\n";
my $EVENT = 'object, sequence, aggregate_id, version, root_id, tree_version, event_type, occurred_at, actor, role, command_id, transition, xid, payload, hash, account';
my $TREES = 200;
my $folder = PostgreSQL::Test::Utils::tempdir();
my $purges = 0;
my $node = oms_node('meets', streaming => 1, conf => $CONF);

sub trees { my ($prefix) = @_; return closed_trees($node, $prefix, $TREES); }

# How many of them are gone with row and archive, how many are there whole, how many neither: in one snapshot.
sub found
{
	my ($where, $prefix, $database) = @_;
	return split /\|/, $where->safe_psql($database // 'postgres', qq(
		SELECT count(*) FILTER (WHERE gone AND archived AND orders IS NULL AND events IS NULL), count(*) FILTER (WHERE NOT gone AND NOT archived AND orders = 3 AND events = 11), count(*)
		  FROM (SELECT EXISTS (SELECT FROM oms.purged_trees AS t WHERE t.aggregate_id = k.id) AS gone, EXISTS (SELECT FROM oms.archived_trees AS a WHERE a.root_id = k.id) AS archived, o.orders, e.events
		          FROM (SELECT '$prefix' || n AS id FROM generate_series(1, $TREES) AS n) AS k
		          LEFT JOIN (SELECT root_id, count(*) AS orders FROM oms.orders GROUP BY 1) AS o ON o.root_id = k.id
		          LEFT JOIN (SELECT root_id, count(*) AS events FROM oms.all_events WHERE event_type <> 'TreePurged' GROUP BY 1) AS e ON e.root_id = k.id) AS f));
}

sub is_whole
{
	my ($where, $prefix, $database, $name) = @_;
	my ($gone, $there, $all) = found($where, $prefix, $database);

	is($gone + $there, $all, "$name: each tree is there, or gone with its row and its archive ($gone of $all)");
	is($where->safe_psql($database // 'postgres', 'SELECT invariant, object, id, detail FROM oms.verify() LIMIT 5'), '', "$name: oms.verify() finds nothing");
	return $gone;
}

# Batch after batch, small ones, one after the other; `between` after each.
sub purging
{
	my ($between) = @_;
	my $file = "$folder/" . ++$purges . '.sql';

	append_to_file($file, "SELECT trees FROM oms.purge(4);\n$between;\n" x ($TREES / 3));
	return IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-f', $file ], '<', '/dev/null', '>', '/dev/null', '2>', '/dev/null');
}

sub some_are_gone
{
	my ($prefix) = @_;
	ok(wait_for(sub { $node->safe_psql('postgres', qq(SELECT count(*) > 3 FROM oms.purged_trees WHERE aggregate_id LIKE '$prefix%')) eq 't' }, 60, 'a purge'), "some of $prefix are gone");
	return;
}

$node->safe_psql('postgres', q(INSERT INTO oms.retention_policies (name, age, action) VALUES ('now', '0', 'ARCHIVE')));

# ------------------------------------------------------------------------
# kill -9
# ------------------------------------------------------------------------

foreach my $round (1 .. rounds(2, 20))
{
	trees("k$round-");
	$node->safe_psql('postgres', join ' ', map { my ($year, $month) = (1990 + $round, $_); map { sprintf q(CREATE TABLE oms.%1$s_%2$d_%3$02d PARTITION OF oms.%1$s FOR VALUES FROM ('%2$d-%3$02d-01 00:00+00') TO ('%2$d-%3$02d-28 00:00+00');), $_, $year, $month } qw(order_events execution_events) } 1 .. 12);
	my $purge = purging('SELECT oms.drop_empty_partitions()');
	some_are_gone("k$round-");
	sleep rand 0.2;
	$node->stop('immediate');
	eval { $purge->finish };
	$node->start;
	# those that are left: they have no indexes, and oms.verify() would say so
	$node->safe_psql('postgres', 'SELECT count(*) FROM oms.drop_empty_partitions(100)');
	is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_class WHERE relnamespace = 'oms'::regnamespace AND relname ~ '_events_(199|200|201)')), 0, "round $round: no old partition is left");
	is_whole($node, "k$round-", undef, "kill -9, round $round");
	$node->safe_psql('postgres', 'CALL oms.run_purge(60)');
	is((found($node, "k$round-"))[0], $TREES, "round $round: the rest goes");
}

# ------------------------------------------------------------------------
# a dump in the middle
# ------------------------------------------------------------------------

trees('d');
my $purge = purging('SELECT pg_sleep(0.05)');
some_are_gone('d');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$folder/dump", $node->connstr('postgres') ], 'a dump while trees go');
$purge->finish;
$node->safe_psql('template1', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), "$folder/dump" ], 'is restored');
cmp_ok(is_whole($node, 'd', 'restored', 'restored'), '<', $TREES, 'it was made in the middle');
$node->safe_psql('restored', 'CALL oms.run_purge(60)');
is(is_whole($node, 'd', 'restored', 'restored, and purged on'), $TREES, 'the rest goes there');

# ------------------------------------------------------------------------
# a standby, promoted in the middle
# ------------------------------------------------------------------------

$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('meets_standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
trees('s');
$node->wait_for_catchup($standby);
$purge = purging('SELECT pg_sleep(0.05)');
some_are_gone('s');
my ($reads, $last, @half) = (0, 0);
while ($last < $TREES / 3 && $reads++ < 100)
{
	my ($gone, $there, $all) = found($standby, 's');

	push @half, "$gone and $there of $all" if $gone + $there != $all || $gone < $last;
	$last = $gone;
}
is("@half", '', "who reads on the standby sees whole trees ($reads times)");
$node->stop('immediate');
eval { $purge->finish };
$standby->promote;
is_whole($standby, 's', undef, 'promoted in the middle');
$standby->safe_psql('postgres', 'CALL oms.run_purge(60)');
is(is_whole($standby, 's', undef, 'promoted, and purged on'), $TREES, 'the rest goes there');
$standby->stop;

# ------------------------------------------------------------------------
# what 0.1.0 has written
# ------------------------------------------------------------------------

my $old = oms_node('meets_old', extension => 0, conf => $CONF);
SKIP:
{
	skip $NO_OLD, 1 unless can_be_old($old);
	$old->safe_psql('postgres', q(CREATE ROLE oms SUPERUSER LOGIN; CREATE ROLE trader LOGIN; CREATE DATABASE old ENCODING 'UTF8' TEMPLATE template0));
	$old->safe_psql('old', q(CREATE EXTENSION oms_state VERSION '0.1.0'));
	load_old($old, 'old');
	$old->safe_psql('old', 'ALTER EXTENSION oms_state UPDATE');
	my $before = $old->safe_psql('old', 'SELECT * FROM oms.verify()');
	$old->safe_psql('old', "CREATE TABLE public.before AS SELECT $EVENT FROM oms.all_events; INSERT INTO oms.retention_policies (name, age, action) VALUES ('now', '0', 'ARCHIVE'); CALL oms.run_purge(60)");
	my ($gone, $through) = split /\|/, $old->safe_psql('old', q(SELECT (SELECT count(*) FROM oms.purged_trees), (SELECT count(*) FROM oms.purgeable_orders)));
	cmp_ok($gone, '>', 10, "$gone trees of 0.1.0 went, $through that are closed stay for something else");
	is($old->safe_psql('old', 'SELECT * FROM oms.verify()'), $before, 'oms.verify() says what it said before');
	is($old->safe_psql('old', "SELECT count(*) FROM (SELECT $EVENT FROM public.before EXCEPT (SELECT $EVENT FROM oms.all_events
		UNION ALL SELECT " . join(', ', map { "e.$_" } split /, /, $EVENT) . ' FROM oms.archived_trees AS a CROSS JOIN LATERAL oms.read_archive(a.root_id) AS e WHERE a.part = 1)) AS lost'), 0,
		'every event is there, or in an archive that proves it');
}
$old->stop;

done_testing();
