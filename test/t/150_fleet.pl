# A router and its shards: commands go where their trees are, refusals come back as they were, and
# whatever happens on the way, what is repeated until it is answered is applied once.
# Broken by: an id that is routed by what it is not, an error whose text or SQLSTATE is the router's,
# a command in a transaction block, one that slips past slots which change, a batch whose results are lost or out of order, a router with an old map that books.

use strict;
use warnings;

use Cwd qw(abs_path);
use DBD::Pg qw(:async);
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsFleet;
use OmsTest;

plan skip_all => 'postgresql-15-plproxy is not installed' unless fleet_has_plproxy();

my $s0 = fleet_shard('shard0', 0, '{[0,8192)}');
my $s1 = fleet_shard('shard1', 1, '{[8192,16384)}');
my $router = oms_node('router', extension => 0);
fleet_router($router, 'router', [ $s0, 0, '{[0,32)}' ], [ $s1, 1, '{[32,64)}' ]);

sub sql { my ($sql) = @_; return $router->safe_psql('router', $sql); }
sub at { my ($node, $sql) = @_; return $node->safe_psql('postgres', $sql); }
sub create { my ($id, %more) = @_; return { commandType => 'CreateOrderCommand', orderId => $id, symbol => 'X', side => 'BUY', orderQty => 10, %more }; }
my $dbh = oms_dbh($router, dbname => 'router');
sub call { my ($function, @arguments) = @_; return map { json()->decode($_->[0]) } @{ $dbh->selectall_arrayref("SELECT $function(" . join(', ', ('?') x @arguments) . ')', undef, map { ref $_ ? json()->encode($_) : $_ } @arguments) }; }
sub statement { my ($function, $argument, @more) = @_; return sprintf q{SELECT %s('%s')}, $function, join q{', '}, json()->encode($argument), @more; }
sub said { my ($result) = @_; return join ' ', grep { defined } $result->{status}, $result->{error}{sqlstate}, $result->{duplicate} ? 'again' : undef; }
# What psql shows of an error, without the place where it was raised.
sub shown { my ($node, $database, $sql) = @_; my ($status, $out, $error) = $node->psql($database, "\\set VERBOSITY verbose\n$sql"); return $error =~ s/^psql:<stdin>:\d+: //mgr =~ s/^(?:CONTEXT|LOCATION):.*(?:\n(?!\w+:).*)*\n?//mgr; }

is(sql('SELECT * FROM fleet.check_map()'), '', 'map and shards agree');

# ---- one by one ---------------------------------------------------------------------------------------------

is(join(' ', map { said(call('oms_command', create("R-$_", commandId => "r$_"))) } 1 .. 20), join(' ', ('ACCEPTED') x 20), 'creates');
is(at($s0, 'SELECT count(*) > 0 AND bool_and(oms.slot_of(id) < 8192) FROM oms.orders') . at($s1, 'SELECT count(*) > 0 AND bool_and(oms.slot_of(id) >= 8192) FROM oms.orders'), 'tt', 'each where its slot is');
is(join(' ', map { said(call('oms_command', create("R-$_", commandId => "r$_"))) } 1 .. 20), join(' ', ('ACCEPTED again') x 20), 'and repeats are known there');
is(join(' ', map { said(call('oms_command', { commandType => 'CreateOrderCommand', commandId => "made$_", symbol => 'X', side => 'BUY', orderQty => 1 })) } (1 .. 6) x 2), join(' ', ('ACCEPTED') x 6, ('ACCEPTED again') x 6), 'ids that are made: by actor and commandId, again there');
is(said(call('oms_command', { commandType => 'CreateOrderCommand', symbol => 'X', side => 'BUY', orderQty => 1 })), 'ACCEPTED', 'with neither: anywhere');

# Children by ids that say nothing: some are in the slot of another shard. (A checksum is linear: two ids that end alike differ by the same bits, whatever the end.)
sub child { my ($n) = @_; return 'child-' . 'x' x $n . $n; }
sub fill { my ($n) = @_; return 'fill-' . 'y' x ($n % 4) . $n; }
cmp_ok(scalar(grep { my ($parent, $child, $fill) = split /\|/, sql("SELECT oms.slot_of('R-$_') < 8192, oms.slot_of('" . child($_) . "') < 8192, oms.slot_of('" . fill($_) . "') < 8192"); $parent ne $child && $child eq $fill } 1 .. 20), '>', 2,
	'some in that of another, where their fills could begin a tree');
is(join(' ', map { said(call('oms_command', { commandType => 'CreateOrderCommand', orderId => child($_), parentId => "R-$_", orderQty => 4 })) } 1 .. 20), join(' ', ('ACCEPTED') x 20), 'children go to their parents');
is(join(' ', map { said(call('oms_command', { commandType => 'ExecuteOrderCommand', orderId => child($_), executionId => fill($_), execID => "e$_", lastQty => 1, lastPx => 5, commandId => "f$_" })) } (1 .. 20) x 2), join(' ', ('ACCEPTED') x 20, ('ACCEPTED again') x 20), 'fills to their orders');
is(at($s0, q(SELECT count(*) FROM oms.executions WHERE status = 'REVIEW')) + at($s1, q(SELECT count(*) FROM oms.executions WHERE status = 'REVIEW')), 0, 'none waits in review because it came to the wrong shard');
is(join(' ', map { said(call('oms_command', { commandType => 'BustExecutionCommand', executionId => fill($_), reason => 'error' })) } 1 .. 5), join(' ', ('ACCEPTED') x 5), 'busts to their fills');
is(said(call('oms_command', { commandType => 'ExecuteOrderCommand', orderId => 'nobody', execID => 'lost', lastQty => 1, lastPx => 5 })), 'ACCEPTED', 'a fill of what nobody knows');
is(sql(q(SELECT q ->> 'status' FROM oms_query('executions', '{"where": {"execID": "lost"}}') AS q)), 'REVIEW', 'waits where its order would be');

# ---- refusals -----------------------------------------------------------------------------------------------

foreach my $command (create('R-1'), create('R-2', commandId => 'r1'), { commandType => 'CancelOrderCommand', orderId => 'nobody' }, { commandType => 'CancelOrderCommand', orderId => 'R-1', expectedVersion => 99 },
	{ commandType => 'CancelOrderCommand', orderId => 'R-3' }, create('R-1', orderQty => 'many'), { commandType => 'ExplodeOrderCommand' })
{
	my $sql = statement('oms_command', $command);
	my $id = $command->{orderId} // 'R-1';
	my $home = $id eq 'nobody' || sql("SELECT oms.slot_of('$id') < 8192") eq 't' ? $s0 : $s1;
	my $there = shown($home, 'postgres', $sql);

	like($there, qr/^ERROR:  OM0/, 'a refusal');
	is(shown($router, 'router', $sql), $there, 'says at the router what it says there, no line more: ' . substr $there, 8, 60);
}
my $kept = at($s0, 'SELECT count(*) FROM oms.rejected_commands') + at($s1, 'SELECT count(*) FROM oms.rejected_commands');
is($kept, 0, 'and none is kept');
is(said(call('oms_try_command', { commandType => 'CancelOrderCommand', orderId => 'R-1', expectedVersion => 99 })), 'REJECTED OM006', 'tried it is a result');
is(said(call('oms_try_command', { commandType => 'ExplodeOrderCommand' })), 'REJECTED OM002', 'also what cannot be routed');
is(at($s0, 'SELECT count(*) FROM oms.rejected_commands') + at($s1, 'SELECT count(*) FROM oms.rejected_commands'), 2, 'and is kept, once');
psql_fails($router, q(BEGIN; SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "R-7"}'); ROLLBACK), '25001', 'in a transaction block');
psql_fails($router, q(SELECT oms_commands('[]') \; SELECT 1), '25001', 'beside another statement');
is(sql(q(SELECT q ->> 'status' FROM oms_query('orders', '{"where": {"orderId": "R-7"}}') AS q)), 'PARTIALLY_FILLED', 'nothing was done');
is(sql(q(SET oms_fleet.autocommit = on; BEGIN; SELECT oms_command('{"commandType": "UpdateOrderCommand", "orderId": "R-7", "text": "stays"}') ->> 'status'; ROLLBACK; SELECT q ->> 'text' FROM oms_query('orders', '{"where": {"orderId": "R-7"}}') AS q)), "ACCEPTED\nstays", 'unless told: and it stays');
sub psql_fails { my ($node, $sql, $state, $name) = @_; my ($status, $out, $error) = $node->psql('router', "\\set VERBOSITY sqlstate\n$sql"); like($error, qr/ERROR:\s+$state/, $name); return; }

# ---- who ----------------------------------------------------------------------------------------------------

foreach my $node ($s0, $s1, $router) { $node->safe_psql('postgres', q(CREATE ROLE alice LOGIN IN ROLE oms_trader; CREATE ROLE reader LOGIN IN ROLE oms_reader)); }
my $alice = oms_dbh($router, dbname => 'router', user => 'alice');
is($alice->selectrow_array(q(SELECT oms_command('{"commandType": "UpdateOrderCommand", "orderId": "R-8", "text": "hers"}') #>> '{status}')), 'ACCEPTED', 'a trader');
is(sql(q(SELECT q ->> 'actor' || ' ' || (q ->> 'role') FROM oms_query('order_events', '{"where": {"aggregateId": "R-8"}, "orderBy": "-sequence", "limit": 1}') AS q)), 'alice alice', 'is who she is in the shard');
ok(!eval { $alice->do(q(SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "R-8", "lastQty": 1, "lastPx": 1}'))); 1 } && $alice->state eq 'OM008', 'and may what she may there');
my $reader = oms_dbh($router, dbname => 'router', user => 'reader');
ok(!eval { $reader->do(q(SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "R-8"}'))); 1 } && $reader->state eq '42501', 'a reader gives no commands') or diag($reader->state);
is($reader->selectrow_array(q(SELECT count(*) > 20 FROM oms_query('orders'))), 1, 'and reads');
is(sql(q(SET ROLE alice; SELECT oms_command('{"commandType": "UpdateOrderCommand", "orderId": "R-8", "text": "hers too"}') ->> 'status'; SELECT q ->> 'actor' FROM oms_query('order_events', '{"where": {"aggregateId": "R-8"}, "orderBy": "-sequence", "limit": 1}') AS q)), "ACCEPTED\nalice", 'and a login that sets her role speaks for her');
is(join(' ', map { sql("SET ROLE alice; SELECT oms_command('{\"commandType\": \"CreateOrderCommand\", \"commandId\": \"hers$_\", \"symbol\": \"X\", \"side\": \"BUY\", \"orderQty\": 1}') ->> 'status'") } 1 .. 6), join(' ', ('ACCEPTED') x 6), 'her commandIds are routed as hers');

# PL/Proxy would take the user of a mapping of his: he would be whom he likes in the shards
foreach my $for ('CURRENT_USER', 'PUBLIC')
{
	ok(!eval { $reader->do("CREATE USER MAPPING IF NOT EXISTS FOR $for SERVER oms_fleet OPTIONS (user 'alice')"); 1 } && $reader->state eq '42501', "nobody says as whom $for comes to a shard") or diag($reader->state);
}
is(sql('SELECT count(*) FROM pg_user_mappings'), 1, 'so there is one mapping');
ok(!eval { $reader->do(q(SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "R-8"}'))); 1 }, 'and he is still himself');

# ---- queries ------------------------------------------------------------------------------------------------

call('oms_command', create("Q-$_", commandId => "q$_", account => 'Q', attributes => { desk => (qw(a B c D e))[$_ % 5] }, price => $_ % 7, ordType => 'LIMIT', $_ % 3 ? () : (text => "t" . $_ % 5))) foreach 1 .. 60;
foreach my $spec ({}, { orderBy => ['-price'] }, { orderBy => [ 'text', '-createdAt' ] }, { orderBy => ['-text'] , select => ['price'] }, { orderBy => 'orderQty' }, { where => { price => { gt => 2 } }, orderBy => [ 'price', '-orderId' ] })
{
	my %spec = %$spec;
	my $all = json()->encode({ %spec, where => { account => 'Q', %{ $spec{where} // {} } }, limit => 1000 });
	# one database with all rows, as it sorts them
	my @whole = map { $_->{orderId} // $_->{price} } call('oms_query', 'orders', $all);
	my ($after, @paged);
	for (;;)
	{
		my @page = call('oms_query', 'orders', json()->encode({ %spec, where => { account => 'Q', %{ $spec{where} // {} } }, limit => 7, $after ? (after => $after) : () }));
		last unless @page;
		push @paged, map { $_->{orderId} // $_->{price} } @page;
		$after = $page[-1]{cursor};
	}
	is("@paged", "@whole", 'page by page the same: ' . json()->encode(\%spec));
	cmp_ok(scalar @whole, '>', 30, 'all of it');
}
is(sql(q(SELECT fleet.query_count('orders', '{"where": {"account": "Q"}}'))), 60, 'counted');
# what a shard sorts in another way than the router is not lost between pages: a path, a list of flags, a text by a collation
foreach my $order (['order_tree', [] ], [ 'orders', ['conditions'] ], [ 'orders', ['-attributes.desk'] ])
{
	my ($object, $by) = @$order;
	my (%seen, $after);
	for (my $pages = 0; $pages < 200; $pages++)
	{
		my @page = call('oms_query', $object, json()->encode({ @$by ? (orderBy => $by) : (), limit => 3, $after ? (after => $after) : () }));
		last unless @page;
		$seen{ $_->{orderId} }++ foreach @page;
		$after = $page[-1]{cursor};
	}
	my $all = at($s0, 'SELECT count(*) FROM oms.orders') + at($s1, 'SELECT count(*) FROM oms.orders');
	is(scalar(keys %seen) . ' ' . scalar(grep { $_ > 1 } values %seen), "$all 0", "$object by @$by: every row comes, once");
}
my @prices = map { $_->{price} } call('oms_query', 'orders', { where => { account => 'Q' }, orderBy => '-price', limit => 1000 });
is("@prices", join(' ', sort { $b <=> $a } @prices), 'sorted by value');
is(sql(q(SELECT count(DISTINCT shard) FROM fleet.stat_commands())) . sql(q(SELECT count(*) >= 0 FROM fleet.bridge_alerts(), fleet.lifecycle_alerts(), fleet.stat_bridge())), '2t', 'statistics and alerts have a shard');

# ---- FIX ----------------------------------------------------------------------------------------------------

sub fix
{
	my (@fields) = @_;
	my $body = join '', map { "$_|" } shift @fields, '49=A', '56=B', '34=1', '52=20260302-10:00:00', @fields;
	my $head = '8=FIX.4.4|9=' . length($body) . '|' . $body;
	my $sum = 0;
	$sum += ord for split //, $head =~ tr/|/\x01/r;
	return $head . sprintf('10=%03d|', $sum % 256);
}
sub reported { my ($n, @fields) = @_; return fix('35=8', '49=A', '37=V' . $n, "11=$fields[0]", $fields[1] ? "41=$fields[1]" : (), @fields[2 .. $#fields], '55=X', '54=1'); }
my @wrong;
foreach my $n (1 .. 20)
{
	my @messages = (
		fix('35=D', "11=F$n", '55=X', '54=1', '38=10', '40=2', '44=5', '60=20260302-10:00:00'),
		fix('35=8', "37=V$n", "11=F$n", "17=N$n", '150=0', '39=0', '55=X', '54=1', '38=10', '14=0', '151=10', '6=0'),
		fix('35=G', "11=G$n", "41=F$n", '55=X', '54=1', '38=20', '40=2', '44=5', '60=20260302-10:00:00'),
		fix('35=8', "37=V$n", "11=G$n", "41=F$n", "17=P$n", '150=5', '39=0', '55=X', '54=1', '38=20', '44=5', '14=0', '151=20', '6=0'),
		fix('35=8', "37=V$n", "11=G$n", "17=T$n", '150=F', '39=1', '55=X', '54=1', '38=20', '32=5', '31=5', '14=5', '151=15', '6=5'),
		fix('35=8', "37=V$n", "17=U$n", '150=F', '39=1', '55=X', '54=1', '38=20', '32=5', '31=5', '14=10', '151=10', '6=5'),
		fix('35=F', "11=H$n", "41=G$n", '55=X', '54=1', '60=20260302-10:00:00'));
	foreach my $message (@messages)
	{
		my ($answer) = eval { call('oms_fix', $message) };
		push @wrong, "$message: " . ($@ || $answer->{status}) unless $answer && $answer->{status} eq 'ACCEPTED';
	}
}
is("@wrong", '', '20 orders by FIX: new, accepted, replaced, filled by ClOrdID and by OrderID, cancelled');
is(sql(q(SELECT string_agg(DISTINCT concat_ws(' ', q ->> 'status', q ->> 'orderQty', q ->> 'executedQuantity'), ', ') FROM oms_query('orders', '{"where": {"fixSession": "A|B"}, "limit": 1000}') AS q)), 'PARTIALLY_FILLED 20 10', 'each is what it should be');
is(said(call('oms_fix', fix('35=0'))), 'IGNORED', 'what stands for no command');
is(said(call('oms_try_fix', 'no message')), 'REJECTED OM009', 'what is none');
is(said(call('oms_fix', fix('35=f', '55=X', '326=2'))), 'ACCEPTED', 'a halt');
is(at($s0, 'SELECT count(*) FROM oms.trading_halts') . at($s1, 'SELECT count(*) FROM oms.trading_halts'), '11', 'is told to every shard');
call('oms_fix', fix('35=f', '55=X', '326=3'));
is(sql("SELECT string_agg(concat_ws(' ', r ->> 'status', r #>> '{error,sqlstate}'), ', ') FROM oms_fix_many(ARRAY['" . fix('35=H', '11=F1', '55=X', '54=1') . "', 'none']) AS r"), 'ACCEPTED, REJECTED OM009', 'many');

# ---- batches ------------------------------------------------------------------------------------------------

my @batch = map { create("B-$_", commandId => "b$_") } 1 .. 100;
is(said((call('oms_commands', \@batch, 'f'))[99]), 'ACCEPTED', 'a batch over both');
is(join(' ', map { $_->{state}{orderId} } call('oms_commands', \@batch, 'f')), join(' ', map { "B-$_" } 1 .. 100), 'its repeat, in order');
my @mixed = (create('M-1', commandId => 'm1'), { commandType => 'CreateOrderCommand', commandId => 'm2', orderId => 'M-child', parentId => 'M-1', orderQty => 3 }, { commandType => 'CancelOrderCommand', commandId => 'm3', orderId => 'nobody' },
	{ commandType => 'ExecuteOrderCommand', commandId => 'm4', orderId => 'M-child', executionId => 'M-fill', execID => 'm', lastQty => 1, lastPx => 1 }, { commandType => 'BustExecutionCommand', commandId => 'm5', executionId => 'M-fill', reason => 'x' }, create('M-2', commandId => 'm6'), create('M-3', commandId => 'm7'), create('M-4', commandId => 'm8'), { commandType => 'ExplodeOrderCommand', commandId => 'm9' });
is(join(', ', map { said($_) } call('oms_commands', \@mixed, 'f')), 'ACCEPTED, ACCEPTED, REJECTED OM003, ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED, REJECTED OM002', 'what a batch makes is found by what follows');
psql_fails($router, statement('oms_commands', [ map { create("A-$_") } 1 .. 10 ]), 'OM005', 'atomic over two');
psql_fails($router, statement('oms_commands', [ map { create("A-$_") } 1 .. 10 ], 'false'), 'OM001', 'without commandIds');
psql_fails($router, q(SELECT oms_commands('{}')), 'OM001', 'no array');
# the shards have done it, and the answer is lost: what has no commandId is not done again
my ($one_shard) = map { sql("SELECT oms.slot_of('R-$_') < 8192") eq 't' ? "R-$_" : () } 10 .. 20;
sql(q(ALTER FUNCTION fleet.split_commands(integer[], integer[], jsonb[]) RENAME TO split_really;
	CREATE FUNCTION fleet.split_commands(parts integer[], positions integer[], commands jsonb[]) RETURNS TABLE ("position" integer, result jsonb) LANGUAGE plpgsql AS
	'BEGIN PERFORM fleet.split_really(parts, positions, commands); RAISE EXCEPTION ''the answer is lost''; END'));
my $executed = qq(SELECT q ->> 'executedQuantity' FROM oms_query('orders', '{"where": {"orderId": "$one_shard"}}') AS q);
my $had = sql($executed);
my @unnamed = map { { commandType => 'ExecuteOrderCommand', orderId => $one_shard, execID => "U$_", lastQty => 1, lastPx => 5 } } 1 .. 2;
ok(!eval { call('oms_commands', [ map { { %$_, execID => undef } } @unnamed ], 'f'); 1 }, 'a batch without commandIds whose answer is lost is an error');
is(join(' ', map { said($_) } call('oms_commands', [ map { { %$_, commandId => "again-$_->{execID}" } } @unnamed ], 'f')), join(' ', ('ACCEPTED again') x 2), 'with them it is asked again, and answered');
sql(q(DROP FUNCTION fleet.split_commands(integer[], integer[], jsonb[]); ALTER FUNCTION fleet.split_really(integer[], integer[], jsonb[]) RENAME TO split_commands));
is(sql($executed), $had + 4, 'nothing is counted twice');
is(at($s0, qq(SELECT count(*) FROM oms.executions WHERE order_id = '$one_shard' AND exec_id IS NULL)), 2, 'each of those that had none is there once');
is(sql(q(SELECT count(*) FROM oms_query('orders', '{"where": {"orderId": {"like": "A-%"}}}'))), 0, 'and nothing of them is done');
my @one = map { { commandType => 'UpdateOrderCommand', orderId => 'R-9', text => "$_" } } 1 .. 3;
is(join(' ', map { $_->{state}{text} } call('oms_commands', \@one)), '1 2 3', 'atomic on one');
psql_fails($router, statement('oms_commands', [ @one, { commandType => 'CancelOrderCommand', orderId => 'R-9', expectedVersion => 1 } ]), 'OM006', 'refused on one');
is(sql(q(SELECT q ->> 'version' FROM oms_query('orders', '{"where": {"orderId": "R-9"}}') AS q)), sql(q(SELECT max((q ->> 'version')::integer) FROM oms_query('order_events', '{"where": {"aggregateId": "R-9"}}') AS q)), 'as a whole');

# ---- analysts -----------------------------------------------------------------------------------------------

$_->safe_psql('postgres', 'CREATE ROLE analyst LOGIN IN ROLE oms_reader') foreach $s0, $s1, $router;
sql('CREATE EXTENSION postgres_fdw');
my ($said, $complaint) = run_command([ 'psql', '-X', '-q', '-d', $router->connstr('router'), '-f', abs_path(dirname(__FILE__) . '/../../fleet/analysts.sql') ]);
is($complaint, '', 'views of all shards');
sql(q(SELECT fleet.make_views('analyst', $$user 'analyst', password_required 'false'$$))) foreach 1, 2;
my $analyst = oms_dbh($router, dbname => 'router', user => 'analyst');
is($analyst->selectrow_array('SELECT count(*) FROM fleet.orders'), sql(q(SELECT fleet.query_count('orders'))), 'they have every order');
is($analyst->selectrow_array('SELECT string_agg(DISTINCT shard::text, $$ $$) FROM fleet.order_events'), '0 1', 'with its shard');
my $plan = join "\n", map { $_->[0] } @{ $analyst->selectall_arrayref(q(EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM fleet.orders WHERE symbol = 'X')) };
is(() = $plan =~ /Async Foreign Scan/g, 2, 'all at once') or diag($plan);
is(() = $plan =~ /Remote SQL: .*WHERE \(\(symbol = 'X'/g, 2, 'conditions are the shards\'');
like(sql(q(SELECT obj_description('fleet.orders'::regclass))), qr/No snapshot is common/, 'and say what they are not');
my $other = oms_dbh($router, dbname => 'router', user => 'reader');
ok(!eval { $other->do('SELECT count(*) FROM fleet.orders'); 1 } && $other->state eq '42501', 'nobody else\'s');

# ---- kills --------------------------------------------------------------------------------------------------

# While batches are given, backends of one shard that give commands are killed. What is not answered is sent again, until it is.
sub until_answered
{
	my ($commands) = @_;
	for (my $tries = 1;; $tries++)
	{
		my @results = eval { call('oms_commands', $commands, 'f') };
		return ($tries, @results) unless $@ || grep { $_->{status} eq 'FAILED' } @results;
		die $@ || 'a shard never answers' if $tries == 1000;
		select undef, undef, undef, 0.1;
	}
}
my $killer = oms_dbh($s1);
my $watch = 'pg_terminate_backend(pid)';
my ($killed, $tries) = (0, 0);
foreach my $round (1 .. 40)
{
	my @commands = map { create("K-$round-$_", commandId => "k$round-$_") } 1 .. 50;
	# every second round begins with a session that dies in the middle: a lock holds it there
	if ($round % 2)
	{
		my $holder = oms_dbh($s1, autocommit => 0);
		$holder->do('LOCK TABLE oms.orders IN SHARE MODE');
		my $pid = fork() // die;
		if ($pid == 0)
		{
			$_->{InactiveDestroy} = 1 foreach $dbh, $alice, $reader, $killer, $holder;
			my $own = oms_dbh($router, dbname => 'router');
			eval { $own->selectall_arrayref('SELECT oms_commands(?, false)', undef, json()->encode(\@commands)) };
			require POSIX;
			POSIX::_exit(0);
		}
		$s1->poll_query_until('postgres', q(SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%remote_commands%')) or die 'nobody waits';
		$killed += $killer->selectrow_array(q(SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%remote_commands%'));
		$holder->rollback;
		waitpid $pid, 0;
	}
	my ($tried, @results) = until_answered(\@commands);
	$tries += $tried;
	push @wrong, $round unless join(' ', map { $_->{state}{orderId} } @results) eq join ' ', map { $_->{orderId} } @commands;
}
cmp_ok($killed, '>=', 20, "$killed backends killed in the middle of 40 batches");
is("@wrong", '', 'each was answered, in order');
is(sql(q(SELECT fleet.query_count('orders', '{"where": {"orderId": {"like": "K-%"}}}'))), 2000, 'each command once');
is(sql(q(SELECT fleet.query_count('order_events', '{"where": {"aggregateId": {"like": "K-%"}}}'))), 2000, 'with one event');
is(sql('SELECT * FROM fleet.verify()'), '', 'every invariant holds in each shard');

# ---- a shard that is away -----------------------------------------------------------------------------------

$s1->stop('immediate');
my @away = call('oms_commands', [ map { create("W-$_", commandId => "w$_") } 1 .. 10 ], 'f');
is(join(' ', sort map { $_->{status} } @away), join(' ', sort map { sql("SELECT oms.slot_of('W-$_') < 8192") eq 't' ? 'ACCEPTED' : 'FAILED' } 1 .. 10), 'a batch: those of the other shard are applied, the others are named');
like((grep { $_->{status} eq 'FAILED' } @away)[0]{error}{detail}, qr/^Shard 1 did not answer/, 'with the shard');
like(sql('SELECT shard || problem FROM fleet.check_map()'), qr/^1It cannot be reached/, 'the check names it');
my ($status, $out, $error) = $router->psql('router', q(SELECT oms_query('orders')));
isnt($status, 0, 'a query needs all shards');
($status, $out, $error) = $router->psql('router', q(SELECT count(*) FROM fleet.query('orders', '{"limit": 1000}', partial => true)));
cmp_ok($out, '>', 20, 'unless a part is enough');
like($error, qr/rows of 1 of 2 shards are missing/, 'and then it says what is missing');
$s1->start;
is(join(' ', sort map { said($_) } (until_answered([ map { create("W-$_", commandId => "w$_") } 1 .. 10 ]))[1 .. 10]), join(' ', sort map { $_->{status} eq 'FAILED' ? 'ACCEPTED' : 'ACCEPTED again' } @away), 'again: each once');

# ---- two maps -----------------------------------------------------------------------------------------------

fleet_router($router, 'wrong', [ $s1, 0, '{[0,32)}' ], [ $s0, 1, '{[32,64)}' ]);
like($router->safe_psql('wrong', 'SELECT string_agg(problem, E\'\\n\') FROM fleet.check_map()'), qr/It says that it is shard 1\..*Its slots are/s, 'a router whose map is wrong hears it when it asks');
my $events = at($s0, 'SELECT count(*) FROM oms.order_events') + at($s1, 'SELECT count(*) FROM oms.order_events');
foreach my $command (create('two-maps', commandId => 'two'), { commandType => 'ExecuteOrderCommand', orderId => 'two-maps', lastQty => 1, lastPx => 1 }, { commandType => 'CreateOrderCommand', commandId => 'two-maps', symbol => 'X', side => 'BUY', orderQty => 1 })
{
	my ($status, $out, $error) = $router->psql('wrong', "\\set VERBOSITY sqlstate\n" . statement('oms_command', $command));
	like($error, qr/ERROR:\s+OM012/, 'and books nothing: ' . $command->{commandType});
}
is(at($s0, 'SELECT count(*) FROM oms.order_events') + at($s1, 'SELECT count(*) FROM oms.order_events'), $events, 'in either shard');

# ---- slots that go while a command waits ------------------------------------------------------------------

# It was checked against the slots of before, and waits for its number until they are others: then it begins again.
my $id = at($s0, q(SELECT min(id) FROM oms.orders WHERE id ~ '^R-' AND NOT closed AND oms.slot_of(id) >= 100));
my $text = "SELECT oms_command('{\"commandType\": \"UpdateOrderCommand\", \"orderId\": \"$id\", \"text\": \"late\"}')";
my $mover = oms_dbh($s0, autocommit => 0);
my $late = oms_dbh($s0);
$late->do($text =~ s/late/early/r);
$mover->do(q{SELECT oms.set_shard(0, '{[0,100)}')});
$late->do($text, { pg_async => PG_ASYNC });
$s0->poll_query_until('postgres', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $late->{pg_pid}") or die 'it does not wait';
$mover->commit;
ok(!eval { $late->pg_result; 1 } && $late->state eq '40001', 'a command that waited while its slot went is 40001') or diag($late->state);
ok(!eval { $late->do($text); 1 } && $late->state eq 'OM012', 'and again OM012');
is(at($s0, "SELECT text FROM oms.orders WHERE id = '$id'"), 'early', 'nothing of it is there');
at($s0, q{SELECT oms.set_shard(0, '{[0,8192)}')});
ok(eval { $late->do($text); 1 }, 'until the slot is back');

# ---- numbers through a dump ---------------------------------------------------------------------------------

my $folder = PostgreSQL::Test::Utils::tempdir();
foreach my $format ('plain', 'custom')
{
	$s1->safe_psql('postgres', "CREATE DATABASE again_$format");
	$s1->command_ok([ 'pg_dump', '--format', $format, '--file', "$folder/dump.$format", $s1->connstr('postgres') ], "dump: $format");
	$s1->command_ok($format eq 'plain' ? [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$folder/dump.$format", '-d', $s1->connstr("again_$format") ] : [ 'pg_restore', '--exit-on-error', '-d', $s1->connstr("again_$format"), "$folder/dump.$format" ], 'restore');
	is($s1->safe_psql("again_$format", q(SELECT oms_command(jsonb_build_object('commandType', 'UpdateOrderCommand', 'orderId', (SELECT min(id) FROM oms.orders WHERE NOT closed), 'text', 'restored')) ->> 'status' FROM generate_series(1, 3))), "ACCEPTED\nACCEPTED\nACCEPTED", "$format: it goes on");
	is($s1->safe_psql("again_$format", 'SELECT count(*) FILTER (WHERE sequence % 64 <> 1), count(*) - count(DISTINCT sequence) FROM oms.all_events'), '0|0', "$format: with numbers of its shard");
}
is(at($s0, 'SELECT count(*) FROM oms.all_events WHERE sequence % 64 <> 0'), 0, 'and the other with its own');

done_testing();
