# oms.stat_commands: every call is counted once, as what came of it; by the session, or by all sessions of a database where the library is preloaded.
# Broken by: a way out of a call that counts nothing, or twice; what an error gathered and left to the next call; counters that a session, a database or a
# type of command shares with another; time or rows of a batch that nobody had.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use POSIX ();
use Time::HiRes qw(sleep);

use OmsTest;

my $columns = 'calls, accepted, repeats, refusals, errors, events';
my $number = 0;
sub order { my ($id) = @_; return qq({"commandType": "CreateOrderCommand", "orderId": "$id", "symbol": "X", "side": "BUY", "orderQty": 100}); }
sub fill { my ($id, $more) = @_; return sprintf '{"commandType": "ExecuteOrderCommand", "orderId": "%s", "execID": "E%d", "lastQty": 1, "lastPx": 1%s}', $id, ++$number, $more // ''; }
my $nothing = '{"commandType": "CancelOrderCommand", "orderId": "nothing"}';
sub fix
{
	my (@fields) = @_;
	my $body = join '', map { "$_|" } shift @fields, '49=A', '56=B', '34=1', '52=20260302-10:00:00', @fields;
	my $head = '8=FIX.4.4|9=' . length($body) . '|' . $body;
	my $sum = 0;
	$sum += ord for split //, $head =~ tr/|/\x01/r;
	return $head . sprintf('10=%03d|', $sum % 256);
}

# What is counted of a type, as one text; and that the sums are right.
sub counted
{
	my ($dbh, $type) = @_;
	return join ' ', $dbh->selectrow_array("SELECT $columns FROM oms.stat_commands WHERE command_type = ?", undef, $type);
}
sub refused { my ($dbh, $type) = @_; return $dbh->selectrow_array('SELECT refusals_by_sqlstate FROM oms.stat_commands WHERE command_type = ?', undef, $type); }
sub fails { my ($dbh, $sql, @values) = @_; eval { $dbh->do($sql, undef, @values); }; return $dbh->state; }

# The same on both kinds of server, in the session that does it.
sub count_everything
{
	my ($dbh, $name) = @_;

	# the first command that a server ever takes writes its incarnation too
	$dbh->do('SELECT oms_command($1)', undef, order("first$name"));
	$dbh->do('SELECT oms.stat_commands_reset()');
	is($dbh->selectrow_array("SELECT sum(calls + accepted + repeats + refusals + errors + events + rows_written) + sum(total_time) + sum(lock_time) FROM oms.stat_commands"), 0, "$name: reset");
	is($dbh->selectrow_array('SELECT count(*) FROM oms.stat_commands WHERE stats_reset > now() - interval \'1 minute\''), $dbh->selectrow_array('SELECT count(DISTINCT command_type) + 2 FROM oms.command_reference'), "$name: a row for each type, and two");

	$dbh->do('SELECT oms_command($1)', undef, order("a$name"));
	is(counted($dbh, 'CreateOrderCommand'), '1 1 0 0 0 1', "$name: accepted");
	is($dbh->selectrow_array(q(SELECT rows_written FROM oms.stat_commands WHERE command_type = 'CreateOrderCommand')), 3, "$name: the order, the id of the root, the event");
	is($dbh->selectrow_array(q(SELECT total_time > 0 AND total_time < 10000 AND lock_time = 0 FROM oms.stat_commands WHERE command_type = 'CreateOrderCommand')), 1, "$name: in milliseconds, with no lock");
	my $repeated = fill("a$name", ', "commandId": "k"');
	$dbh->do('SELECT oms_command($1)', undef, $repeated) foreach 1 .. 3;
	is(counted($dbh, 'ExecuteOrderCommand'), '3 1 2 0 0 2', "$name: repeats");
	is($dbh->selectrow_array(q(SELECT lock_time > 0 AND lock_time < total_time FROM oms.stat_commands WHERE command_type = 'ExecuteOrderCommand')), 1, "$name: with a lock");
	my $known = fill("a$name");
	$dbh->do('SELECT oms_command($1)', undef, $known) foreach 1 .. 2;
	is(counted($dbh, 'ExecuteOrderCommand'), '5 2 3 0 0 4', "$name: a report that is known by its ExecID");
	$dbh->do('SELECT oms_command($1)', undef, $known =~ s/}$/, "cumQty": 77}/r);
	is(counted($dbh, 'ExecuteOrderCommand'), '6 2 4 0 0 5', "$name: … and states other figures: the event that flags its order");

	$dbh->do('SELECT oms_try_command($1)', undef, $nothing);
	is(fails($dbh, 'SELECT oms_command($1)', $nothing), 'OM003', "$name: refused as an error");
	is(fails($dbh, 'SELECT oms_command($1)', $nothing =~ s/"nothing"/5/r), 'OM001', "$name: refused for its form");
	is(counted($dbh, 'CancelOrderCommand'), '3 0 0 3 0 0', "$name: refusals");
	is(refused($dbh, 'CancelOrderCommand'), '{"OM001": 1, "OM003": 2}', "$name: by SQLSTATE");
	$dbh->do('SELECT oms_try_command($1)', undef, $_) foreach '{"commandType": "NoCommand"}', '5', '{}';
	is(counted($dbh, '(unknown)') . ' ' . refused($dbh, '(unknown)'), '3 0 0 3 0 0 {"OM001": 2, "OM002": 1}', "$name: what has no type");

	$dbh->do('SELECT oms.stat_commands_reset()');
	my $batch = '[' . join(',', order("b$name"), fill("b$name"), $nothing, fill("b$name", ', "commandId": "kb"'), fill("b$name")) . ']';
	$dbh->do('SELECT oms_commands($1, false)', undef, $batch);
	is(counted($dbh, 'CreateOrderCommand') . ', ' . counted($dbh, 'ExecuteOrderCommand') . ', ' . counted($dbh, 'CancelOrderCommand'), '1 1 0 0 0 1, 3 3 0 0 0 6, 1 0 0 1 0 0', "$name: a batch");
	is($dbh->selectrow_array(q(SELECT sum(rows_written) FROM oms.stat_commands)), 7 + 2 + 3 + 1 + 1 + 1, "$name: events, root id and commandId, three executions, one order, no row of it twice, one refusal");
	is(fails($dbh, 'SELECT oms_commands($1)', '[' . join(',', order("c$name"), fill("c$name"), $nothing, fill("c$name")) . ']'), 'OM003', "$name: an atomic one that is refused");
	is(counted($dbh, 'CreateOrderCommand') . ', ' . counted($dbh, 'ExecuteOrderCommand'), '2 2 0 0 0 2, 4 4 0 0 0 8', "$name: counts what was done of it");

	# an error that is no refusal
	$dbh->do('SELECT oms.stat_commands_reset()');
	$dbh->do("ALTER TABLE oms.executions ADD CONSTRAINT dear CHECK (last_px < 1000)");
	is(fails($dbh, 'SELECT oms_command($1)', fill("a$name") =~ s/"lastPx": 1/"lastPx": 1000/r), '23514', "$name: an error");
	$dbh->do('ALTER TABLE oms.executions DROP CONSTRAINT dear');
	is(counted($dbh, 'ExecuteOrderCommand'), '1 0 0 0 1 0', "$name: is counted as one");
	$dbh->do('SELECT oms_command($1)', undef, fill("a$name"));
	is(counted($dbh, 'ExecuteOrderCommand'), '2 1 0 0 1 2', "$name: and what it had gathered is nobody's");
	$dbh->begin_work;
	$dbh->do('SELECT oms_command($1)', undef, fill("a$name"));
	$dbh->rollback;
	is(counted($dbh, 'ExecuteOrderCommand'), '3 2 0 0 1 4', "$name: what is rolled back was done");

	# a command from a trigger is refused, and that takes nothing from the call around it
	$dbh->do('SELECT oms.stat_commands_reset()');
	$dbh->do(q(CREATE FUNCTION nested() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM oms_fix(''no message''); EXCEPTION WHEN object_not_in_prerequisite_state THEN RETURN NEW; END'));
	$dbh->do('CREATE TRIGGER nested BEFORE INSERT ON oms.executions FOR EACH ROW EXECUTE FUNCTION nested()');
	$dbh->do('SELECT oms_commands($1)', undef, '[' . join(',', map { fill("a$name") } 1 .. 3) . ']');
	$dbh->do('DROP FUNCTION nested CASCADE');
	is(counted($dbh, 'ExecuteOrderCommand') . ', ' . counted($dbh, '(FIX message)'), '3 3 0 0 0 6, 0 0 0 0 0 0', "$name: a command in a trigger is no call");

	# FIX
	$dbh->do('SELECT oms.stat_commands_reset()');
	$dbh->do('SELECT oms_fix($1::text)', undef, fix('35=D', "11=F$name", '55=X', '54=1', '38=10', '40=1', '60=20260302-10:00:00'));
	$dbh->do('SELECT oms_fix($1::text)', undef, fix('35=H', "11=F$name", '55=X', '54=1'));
	$dbh->do('SELECT oms_fix($1::text)', undef, fix('35=0'));
	$dbh->do('SELECT oms_fix($1::text)', undef, fix('35=8', '37=NONE', "11=F$name", '17=G1', '150=F', '39=1', '55=X', '54=1', '1362=2', '1363=f1', '1364=1', '1365=1', '1363=f2', '1364=2', '1365=2', '14=3', '151=7', '6=1.67'));
	is(fails($dbh, 'SELECT oms_fix($1::text)', 'no message'), 'OM009', "$name: FIX that is none");
	$dbh->do('SELECT oms_try_fix($1::text)', undef, 'no message');
	is(counted($dbh, '(FIX message)') . ' ' . refused($dbh, '(FIX message)'), '6 4 0 2 0 0 {"OM009": 2}', "$name: messages");
	is(counted($dbh, 'CreateOrderCommand') . ', ' . counted($dbh, 'ExecuteOrderCommand'), '1 1 0 0 0 1, 2 2 0 0 0 4', "$name: and their commands");
	$dbh->do('SELECT oms.stat_commands_reset()');
	$dbh->do('SELECT oms_fix_many($1::text[])', undef, [ fix('35=D', "11=M$name", '55=X', '54=1', '38=10', '40=1', '60=20260302-10:00:00'), 'no message', fix('35=0'),
		fix('35=8', '37=NONE', "11=M$name", '17=G2', '150=F', '39=1', '55=X', '54=1', '32=1', '31=1', '14=1', '151=9', '6=1'), fix('35=F', '11=M2', '41=none', '55=X', '54=1', '60=20260302-10:00:00') ]);
	is(counted($dbh, '(FIX message)') . ' ' . refused($dbh, '(FIX message)'), '5 3 0 2 0 0 {"OM003": 1, "OM009": 1}', "$name: many messages are counted one by one");
	is(counted($dbh, 'CreateOrderCommand') . ', ' . counted($dbh, 'ExecuteOrderCommand'), '1 1 0 0 0 1, 1 1 0 0 0 2', "$name: and their commands");
	is(fails($dbh, 'SELECT oms_fix_many($1::text[], true)', [ fix('35=0'), 'no message', fix('35=0') ]), 'OM009', "$name: all or none");
	is(counted($dbh, '(FIX message)') . ' ' . refused($dbh, '(FIX message)'), '7 4 0 3 0 0 {"OM003": 1, "OM009": 2}', "$name: what comes behind the one that is refused is not called");
	is($dbh->selectrow_array(q(SELECT abs(f.total_time - s.time) < f.total_time FROM oms.stat_commands AS f, (SELECT sum(total_time) AS time FROM oms.stat_commands WHERE command_type ~ '^\w') AS s WHERE f.command_type = '(FIX message)')), 1, "$name: with their time");
}

sub shared_counters
{
	my ($node) = @_;
	my ($one, $two, $other) = (oms_dbh($node), oms_dbh($node), oms_dbh($node, dbname => 'other'));

	is($one->selectrow_array('SELECT bool_and(shared) FROM oms.stat_commands'), 1, 'preloaded: counters are shared');
	$_->do('SELECT oms.stat_commands_reset()') foreach $one, $other;
	$one->do('SELECT oms_command($1)', undef, order('s1'));
	$two->do('SELECT oms_command($1)', undef, order('s2'));
	is(counted($_, 'CreateOrderCommand'), '2 2 0 0 0 2', 'both sessions see both') foreach $one, $two;
	is(counted($other, 'CreateOrderCommand'), '0 0 0 0 0 0', 'another database does not');
	$other->do('SELECT oms_command($1)', undef, order('s1'));
	is(counted($other, 'CreateOrderCommand') . counted($one, 'CreateOrderCommand'), '1 1 0 0 0 12 2 0 0 0 2', 'nor is its seen');
	$_->disconnect foreach $two, $other;
	is(counted($one, 'CreateOrderCommand'), '2 2 0 0 0 2', 'a session that ends takes nothing along');

	# under way, and waiting
	$one->do('SELECT oms.stat_commands_reset()');
	my ($holder, $waiter) = (oms_dbh($node), oms_dbh($node));
	$holder->begin_work;
	$holder->do(q(SELECT 1 FROM oms.orders WHERE id = 's1' FOR UPDATE));
	my $pid = fork // die "cannot fork: $!";
	if ($pid == 0)
	{
		$_->{InactiveDestroy} = 1 foreach $one, $two, $other, $holder, $waiter;
		oms_dbh($node)->do('SELECT oms_command($1)', undef, fill('s1'));
		POSIX::_exit(0);
	}
	for (1 .. 600) { last if counted($one, 'ExecuteOrderCommand') eq '1 0 0 0 1 0'; sleep 0.05; }
	is(counted($one, 'ExecuteOrderCommand'), '1 0 0 0 1 0', 'a command under way was called');
	sleep 0.3;
	$holder->rollback;
	waitpid $pid, 0;
	is(counted($one, 'ExecuteOrderCommand'), '1 1 0 0 0 2', 'and then done');
	is($one->selectrow_array(q(SELECT lock_time > 250 AND lock_time <= total_time FROM oms.stat_commands WHERE command_type = 'ExecuteOrderCommand')), 1, 'having waited for the lock of its tree');
	$_->disconnect foreach $one, $holder, $waiter;

	# many at once lose nothing
	my $script = PostgreSQL::Test::Utils::tempdir() . '/script';
	append_to_file($script, q(SELECT oms_command('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 1}');));
	$node->safe_psql('postgres', 'SELECT oms.stat_commands_reset()');
	$node->command_ok([ 'pgbench', '-n', '-f', $script, '-c', '8', '-j', '2', '-t', '100', '-h', $node->host, '-p', $node->port, 'postgres' ], 'eight sessions');
	is($node->safe_psql('postgres', "SELECT $columns FROM oms.stat_commands WHERE command_type = 'CreateOrderCommand'"), '800|800|0|0|0|800', 'each of their commands is counted');
	$node->restart;
	is($node->safe_psql('postgres', 'SELECT sum(calls) FROM oms.stat_commands'), '0', 'a restart begins anew');
}

my $alone = oms_node('alone');
my $dbh = oms_dbh($alone);
is($dbh->selectrow_array('SELECT bool_or(shared) FROM oms.stat_commands'), 0, 'not preloaded: a session counts for itself');
count_everything($dbh, 'alone');
is($alone->safe_psql('postgres', 'SELECT sum(calls) FROM oms.stat_commands'), '0', 'another session has seen nothing of it');
$alone->safe_psql('postgres', 'SELECT oms.create_roles(); CREATE ROLE watcher; GRANT oms_reader TO watcher; CREATE ROLE chief; GRANT oms_admin TO chief');
is($alone->safe_psql('postgres', 'SET ROLE watcher; SELECT count(*) > 20 FROM oms.stat_commands'), 't', 'a reader reads it');
like(($alone->psql('postgres', 'SET ROLE chief; SELECT oms.stat_commands_reset()'))[2], qr/permission denied/, 'only the owner resets it');
$dbh->disconnect;
$alone->stop;

my $node = oms_node('together', conf => "shared_preload_libraries = 'oms_state'\n");
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION oms_state');
$dbh = oms_dbh($node);
count_everything($dbh, 'together');
$dbh->disconnect;
shared_counters($node);
is($node->safe_psql('postgres', 'SELECT * FROM oms.verify()'), '', 'every invariant holds');

done_testing();
