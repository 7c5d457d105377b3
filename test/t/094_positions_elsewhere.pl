# Positions and tokens on a standby, one that is behind, after a promotion that lost nothing and one that lost commits, across dump and
# restore, and with a new store in the place of an old one.
# Broken by: a standby that gives an event twice, or skips one because its snapshot has other arrays; a position that a promotion makes
# useless although nothing was lost; a loss that nobody is told of, or that verify(since) takes for good news; ids of one cluster that are compared with those of another; a name
# that is looked up in the caller's search_path.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $primary = oms_node('primary', streaming => 1, conf => "hot_standby_feedback = on\n");
$primary->backup('copy');
my ($near, $far) = map { my $n = PostgreSQL::Test::Cluster->new($_); $n->init_from_backup($primary, 'copy', has_streaming => 1); $n->start; $n } qw(near far);

sub sql { my ($node, $sql, $database) = @_; return $node->safe_psql($database // 'postgres', $sql); }
sub create { my ($node, $id, $database) = @_; return sql($node, qq(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "$id", "symbol": "X", "side": "BUY", "orderQty": 10}') ->> 'token'), $database); }
sub state_of { my ($node, $sql, $database) = @_; my ($status, $out, $error) = $node->psql($database // 'postgres', "\\set VERBOSITY sqlstate\n$sql"); return $status == 0 && $error !~ /ERROR/ ? 'ok' : $error =~ /ERROR:\s+(\w{5})/ ? $1 : $error; }

# All that comes, page by page: the ids, and the last position in $_[1].
sub follow
{
	my ($node, undef, $database) = @_;
	my @ids;

	for (;;)
	{
		my $at = defined $_[1] ? "'$_[1]'" : 'NULL';
		my @rows = map { [ split /\|/ ] } split /\n/, sql($node, qq(SELECT "position", aggregate_id || CASE WHEN version > 1 THEN ':' || version ELSE '' END FROM oms.events_since('all', $at, 3)), $database);

		return join ' ', @ids unless @rows;
		push @ids, map { $_->[1] } @rows;
		$_[1] = $rows[-1][0];
	}
}

# ------------------------------------------------------------------------
# standbys
# ------------------------------------------------------------------------

create($primary, $_) foreach qw(a1 a2);
my $hangs = oms_dbh($primary);
$hangs->begin_work;
$hangs->do(q(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "hung", "symbol": "X", "side": "BUY", "orderQty": 10}')));
# more of them than a snapshot of a standby keeps subtransactions of
foreach my $n (1 .. 80) { $hangs->do("SAVEPOINT s$n"); $hangs->do(qq(SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "hung", "lastQty": 0.1, "lastPx": 1}'))) if $n % 40 == 0; $hangs->do('CREATE TEMPORARY TABLE IF NOT EXISTS t' . ($n % 3) . ' (i integer)'); }
create($primary, $_) foreach qw(a3 a4);
$primary->wait_for_catchup($_) foreach $near, $far;
my ($on_primary, $on_standby);
is(follow($primary, $on_primary), 'a1 a2 a3 a4', 'on the primary');
is(follow($near, $on_standby), 'a1 a2 a3 a4', 'on a standby: what is under way on the primary is none of it');
is(follow($near, $on_primary), '', 'a position of the primary on a standby');
is(follow($primary, $on_standby), '', 'and the other way round');
$hangs->commit;
my $token = create($primary, 'a5');
is(state_of($near, "CALL oms.wait_for('$token')"), 'ok', 'a token of the primary on a standby');
like(follow($near, $on_standby), qr/^hung .*\ba5$/, 'what was under way comes when it is through');
like(follow($primary, $on_primary), qr/^hung .*\ba5$/, 'everywhere');

# one that is behind
sql($far, 'SELECT pg_wal_replay_pause()');
my $behind = $on_primary;
$token = create($primary, 'a6');
is(follow($primary, $on_primary), 'a6', 'the primary is ahead');
my $ahead = $on_primary;
is(sql($far, "SELECT count(*) FROM oms.events_since('all', '$ahead')"), '0', 'a standby that is behind gives no row');
is(state_of($far, "SELECT * FROM oms.verify('$ahead')"), 'OM010', 'and says that it cannot check what is newer than that');
is(state_of($far, "SELECT * FROM oms.verify('$behind')"), 'ok', '... but what is newer than where it is');
is(state_of($far, "CALL oms.wait_for('$token', '300 ms')"), '57014', 'and a token is not waited for longer than it may be');
is(sql($far, "SELECT count(*) FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() AND backend_type = 'client backend'"), '0', 'nobody holds a snapshot there');
{

	if (my $pid = fork) { select undef, undef, undef, 0.5; is(sql($far, q(SELECT count(*) || ' ' || count(backend_xmin) FROM pg_stat_activity WHERE query ~ '^CALL oms.wait_for')), '1 0', 'who waits holds none'); sql($far, 'SELECT pg_wal_replay_resume()'); waitpid $pid, 0; is($? >> 8, 0, 'and goes on when it is replayed'); }
	else { $_->{InactiveDestroy} = 1 foreach $hangs; exec 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $far->connstr('postgres'), '-c', "CALL oms.wait_for('$token', '60 s')"; }
}
is(follow($far, $behind), 'a6', 'then its rows come');

# ------------------------------------------------------------------------
# dump and restore, into the same cluster: ids of transactions are the same ones, and mean something else
# ------------------------------------------------------------------------

my $dir = PostgreSQL::Test::Utils::tempdir();
my @connection = ('-h', $primary->host, '-p', $primary->port);
command_ok([ 'pg_dump', @connection, '-Fc', '-f', "$dir/dump", 'postgres' ], 'pg_dump');
my $old = $on_primary;
create($primary, 'b1');
sql($primary, 'CREATE DATABASE restored TEMPLATE template0');
command_ok([ 'pg_restore', @connection, '--exit-on-error', '-d', 'restored', "$dir/dump" ], 'pg_restore');
my $copy = $old;
is(follow($primary, $copy, 'restored'), '', 'restored: a position of what is in the dump goes on');
my $all;
like(follow($primary, $all, 'restored'), qr/^a1 a2 .*a3 .*a6$/, 'and everything is read from the beginning on, before a command came');
is(state_of($primary, "CALL oms.wait_for('$token')", 'restored'), 'ok', 'a token of what is in the dump');
is(state_of($primary, "CREATE SCHEMA evil; CREATE FUNCTION evil.never(xid8, xid8) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE ''taken in''; END'; CREATE OPERATOR evil.>= (LEFTARG = xid8, RIGHTARG = xid8, FUNCTION = evil.never);\n"
	. "SET search_path = evil, pg_catalog; CALL oms.wait_for('$token'); RESET search_path; DROP SCHEMA evil CASCADE", 'restored'), 'ok', '... whatever operators the caller has in front');
my $lost = $old;
is(follow($primary, $lost), 'b1', 'the first database goes on');
is(state_of($primary, "SELECT * FROM oms.events_since('all', '$lost')", 'restored'), 'OM010', 'a position of what was committed after the dump is refused');
is(state_of($primary, "SELECT * FROM oms.verify('$lost')", 'restored'), 'OM010', '... by verify() too, which would have nothing to look at');
is(state_of($primary, "SELECT * FROM oms.verify('$copy')", 'restored'), 'ok', 'and one of what is in the dump is not');
my $lost_token = create($primary, 'b2');
my $new_token = create($primary, 'c1', 'restored');
like($new_token, qr/^2\./, 'the first command begins an incarnation');
is(sql($primary, 'SELECT string_agg(concat_ws(\' \', number, first_sequence), \', \' ORDER BY number) FROM oms.incarnations', 'restored') =~ /^1 \d+, 2 \d+$/ ? 1 : 0, 1, 'with a row');
is(state_of($primary, "SELECT * FROM oms.events_since('all', '$lost')", 'restored'), 'OM010', 'what was lost is still refused');
is(follow($primary, $copy, 'restored'), 'c1', 'who had read all of the dump gets what is new');
is(follow($primary, $all, 'restored'), 'c1', 'and so does who had read it after the restore');
my $anew;
like(follow($primary, $anew, 'restored'), qr/^a1 a2 .*a6 c1$/, 'from the beginning on, over both');
is(state_of($primary, "CALL oms.wait_for('$new_token')", 'restored'), 'ok', 'a token of the new incarnation');
is(state_of($primary, "CALL oms.wait_for('$lost_token')", 'restored'), 'OM010', 'a token of what was never in the dump');
is(sql($primary, "SELECT count(*) || ' ' || count(*) FILTER (WHERE oms.position_sees('$copy', sequence, xid)) FROM oms.all_events", 'restored'), join(' ', (sql($primary, 'SELECT count(*) FROM oms.all_events', 'restored')) x 2), 'a position sees what was read');

# a new store in the place of the old one
sql($primary, 'DROP EXTENSION oms_state; CREATE EXTENSION oms_state', 'restored');
create($primary, 'd1', 'restored');
is(state_of($primary, "SELECT * FROM oms.events_since('all', '$copy')", 'restored'), 'OM010', 'positions of a store that was dropped are refused by a new one');

# ------------------------------------------------------------------------
# promotion: the near one has everything, the far one has lost commits
# ------------------------------------------------------------------------

follow($primary, $on_primary);
$primary->wait_for_catchup($_) foreach $near, $far;
my $common = $on_primary;
$far->stop;
my $last_token = create($primary, 'e1');
is(follow($primary, $on_primary), 'e1', 'the last event of the primary, which one standby has not got');
$primary->wait_for_catchup($near);
$primary->stop('immediate');
$near->promote;
$far->append_conf('postgresql.conf', "primary_conninfo = ''\n");
$far->start;
$far->promote;
my $position = $on_primary;
is(follow($near, $position), '', 'promoted without a loss: the position is good, before a command came');
is(state_of($near, "CALL oms.wait_for('$last_token')"), 'ok', 'and so is the token');
my $first = create($near, 'f1');
like($first, qr/^2\./, 'a promotion begins an incarnation');
is(follow($near, $position), 'f1', 'and new events come');
my $earlier = $common;
is(follow($near, $earlier), 'e1 f1', 'an earlier position: what was left of the old incarnation, then the new one');
is(state_of($near, "CALL oms.wait_for('$last_token')"), 'ok', 'the old token is still good');
is(state_of($far, "SELECT * FROM oms.events_since('all', '$on_primary')"), 'OM010', 'promoted with a loss: the position that covers it is refused');
is(state_of($far, "SELECT * FROM oms.verify('$on_primary')"), 'OM010', '... by verify() too');
create($far, 'g1');
is(state_of($far, "SELECT * FROM oms.verify('$on_primary')"), 'OM010', '... and when there is something new');
is(state_of($far, "SELECT * FROM oms.verify('$common')"), 'ok', '... but not from before the loss on');
is(state_of($far, "SELECT * FROM oms.events_since('all', '$on_primary')"), 'OM010', 'also when ids of transactions were drawn again');
is(state_of($far, "CALL oms.wait_for('$last_token')"), 'OM010', 'and the token');
$earlier = $common;
is(follow($far, $earlier), 'g1', 'a position from before the loss goes on');
is(state_of($far, "SELECT * FROM oms.events_since('all', '$position')"), 'OM010', 'positions of one history are refused by the other');
like((split /\n/, ($far->psql('postgres', "SELECT * FROM oms.events_since('all', '$on_primary')"))[2])[2] // '', qr/HINT:.*incarnation 2.*oms\.current_position/, 'with what is here in the hint');

$_->stop foreach $near, $far;
done_testing();
