# kill -9 in the middle of an expiry: what has gone through is whole, all else is as it was, and the next run does the rest. Clients who fill and place beside it wait for
# a slice and no longer.
# Broken by: a tree of which a part expires; an expiry that keeps its locks through all that is due; a lock of the job that outlives it.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use OmsProcess qw(wait_for);
use OmsTest;

my $node = oms_node('expiry', conf => "fsync = off\nrestart_after_crash = on\n");
my $trees = rounds(3000, 20000);
sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }

sql(q(INSERT INTO oms.trading_calendars (name, zone, known_until) VALUES ('M', 'UTC', 'infinity');
	INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time, close_time, open_day_offset)
	SELECT 'M', d, t, t, -1 FROM generate_series(1, 7) AS d CROSS JOIN to_char(now() AT TIME ZONE 'UTC' + interval '6 hours', 'HH24:MI') AS t));
sql(qq(DO \$\$ BEGIN FOR n IN 1 .. $trees LOOP
	PERFORM oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'o' || n, 'symbol', 'X', 'side', 'BUY', 'orderQty', 100));
	PERFORM oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'o' || n || '.1', 'parentId', 'o' || n, 'orderQty', 100, 'destination', 'M'));
	END LOOP; END \$\$));

# The market closes now, at a full second.
sleep 1.1;
sql(q(UPDATE oms.calendar_hours SET open_time = t, close_time = t FROM to_char(now() AT TIME ZONE 'UTC', 'HH24:MI:SS') AS t WHERE calendar = 'M'));
sleep 1.1;
my $due = sql('SELECT count(*) FROM oms.due_objects()');
is($due, 2 * $trees, 'all of it is due');

my $broken = q(SELECT count(*) FROM oms.orders AS o JOIN oms.orders AS c ON c.parent_id = o.id WHERE o.status <> c.status);
my $kills = 0;
for my $round (1 .. 3)
{
	my $before = sql(q(SELECT count(*) FROM oms.orders WHERE status = 'EXPIRED'));
	my $psql = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = $psql->query_safe('SELECT pg_backend_pid()');
	my $dbh = oms_dbh($node);
	$psql->{stdin} .= "CALL oms.run_job('expire');\n";
	$psql->{run}->pump_nb;
	# once it has committed something
	wait_for(sub { $psql->{run}->pump_nb; $dbh->selectrow_array(q(SELECT count(*) FROM oms.orders WHERE status = 'EXPIRED')) > $before }, 60, 'the first slice');
	$kills += kill 'KILL', $pid;
	eval { $dbh->disconnect };
	eval { $psql->{run}->finish };
	wait_for(sub { $node->psql('postgres', 'SELECT 1', timeout => 5) == 0 }, 60, 'the server');
	my $after = sql(q(SELECT count(*) FROM oms.orders WHERE status = 'EXPIRED'));
	note("killed after $after of $due");
	is(sql($broken), 0, 'no tree has expired in part');
	is(sql('SELECT count(*) FROM oms.verify()'), 0, 'oms.verify() finds nothing');
	last if $after == $due;
}
cmp_ok($kills, '>', 0, "killed $kills times");

# Beside others: each fill is timed.
my $filler = oms_dbh($node);
my $psql = $node->background_psql('postgres', on_error_stop => 0);
$psql->{stdin} .= "CALL oms.run_job('expire', 600);\n\\echo through\n";
my ($longest, $fills) = (0, 0);
while ($psql->{stdout} !~ /through/ && $fills < 100000)
{
	$psql->{run}->pump_nb;
	my $begun = time;
	$filler->do(q(SELECT oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'o' || $1 || '.1', 'execID', 'e' || $2, 'lastQty', 1, 'lastPx', 1))), undef, 1 + int rand $trees, ++$fills);
	$longest = time - $begun if time - $begun > $longest;
}
$filler->disconnect;
$psql->quit;
note(sprintf 'the longest of %d fills took %.0f ms', $fills, $longest * 1000);
cmp_ok($longest, '<', 5, 'no fill waits for all that is due');
sql(q(CALL oms.run_job('expire')));
is(sql(q(SELECT count(*) FROM oms.orders WHERE status <> 'EXPIRED')), 0, 'in the end all has expired');
is(sql($broken), 0, '... whole');
is(sql('SELECT count(*) FROM oms.verify()'), 0, 'oms.verify() finds nothing');

done_testing();
