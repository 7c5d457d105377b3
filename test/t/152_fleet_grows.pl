# A shard becomes two while orders come: a copy of it is promoted and made a shard of its own, and each
# forgets what the other has. Nothing that was acknowledged is lost or done twice, and no number is used twice.
# Broken by: a copy that takes commands before it is a shard, a tree that goes on in both, a number that both
# draw, a command that slips between the slots of before and those of after, forgetting what is one's own.

use strict;
use warnings;

use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsFleet;
use OmsTest;

plan skip_all => 'postgresql-15-plproxy is not installed' unless fleet_has_plproxy();

my $old = fleet_shard('old', 0, '{[0,16384)}', streaming => 1);
my $router = oms_node('router', extension => 0);
fleet_router($router, 'router', [ $old, 0, '{[0,64)}' ]);
my $folder = PostgreSQL::Test::Utils::tempdir();
my $halves = q{'{[0,8192)}', pinned => true};

sub at { my ($node, $sql) = @_; return $node->safe_psql('postgres', $sql); }

# ---- who writes meanwhile -----------------------------------------------------------------------------------

# One order after the other, a child, a fill of it: each repeated until it is accepted, whatever comes instead.
sub writer
{
	my ($name) = @_;
	my $file = "$folder/$name";
	my $dbh;
	open(my $done, '>', $file) or die;
	$done->autoflush;
	for (my $n = 1; !-e "$folder/stop"; $n++)
	{
		foreach my $command ({ commandType => 'CreateOrderCommand', orderId => "$name-$n", clOrdID => "c-$name-$n", symbol => 'X', side => 'BUY', orderQty => 100 },
			{ commandType => 'CreateOrderCommand', orderId => "$name-$n.1", parentId => "$name-$n", orderQty => 50 },
			{ commandType => 'ExecuteOrderCommand', orderId => "$name-$n.1", executionId => "$name-$n.1.1", execID => "e$n", lastQty => 10, lastPx => 5 },
			# an order of long before, in the half that moves or in the other
			{ commandType => 'UpdateOrderCommand', orderId => 'first-' . ($n % 40 + 1), text => "$name $n" })
		{
			my $json = json()->encode({ %$command, commandId => join '/', $name, $n, $command->{commandType}, $command->{orderId} });
			my $status = '';
			until ($status eq 'ACCEPTED')
			{
				$dbh = oms_dbh($router, dbname => 'router') unless $dbh && $dbh->ping;
				$status = eval { $dbh->selectrow_array(q(SELECT oms_command(?) ->> 'status'), undef, $json) } // '';
				# what a shard refuses while slots move is OM012, and 40001 for who had waited; between them it has not come yet
				die $@ if $@ && $dbh->state =~ /^OM0/ && $dbh->state !~ /^OM0(?:12|03)/;
				select undef, undef, undef, 0.05 unless $status;
			}
			print $done json()->decode($json)->{commandId}, "\n";
		}
	}
	return;
}

at($old, qq(SELECT oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'first-' || n, 'commandId', 'first' || n, 'symbol', 'X', 'side', 'BUY', 'orderQty', 10)) FROM generate_series(1, 40) AS n));
my @writers;
foreach my $name (qw(a b))
{
	my $pid = fork() // die;
	if ($pid == 0)
	{
		eval { writer($name); 1 } or append_to_file("$folder/died", $@);
		POSIX::_exit(0);
	}
	push @writers, $pid;
}
sub done { my ($name) = @_; return -e "$folder/$name" ? scalar(split /\n/, slurp_file("$folder/$name")) : 0; }
# Each writes so many more.
sub go_on
{
	my ($more) = @_;
	foreach my $name (qw(a b))
	{
		my $from = done($name);
		for (my $tries = 0; done($name) < $from + $more; $tries++)
		{
			die "writer $name does not go on" if $tries == 3000 || -e "$folder/died";
			select undef, undef, undef, 0.1;
		}
	}
	pass("each wrote $more more");
	return;
}
go_on(40);

# ---- the split ----------------------------------------------------------------------------------------------

at($old, q{SELECT oms.set_shard(0, '{[0,16384)}', pinned => true)});
$old->backup('copy');
my $new = PostgreSQL::Test::Cluster->new('new');
$new->init_from_backup($old, 'copy', has_streaming => 1);
$new->start;
$old->wait_for_catchup($new);
go_on(8);
like(at($new, 'SELECT pg_is_in_recovery(), timeline, slots FROM oms.shard'), qr/^t\|1\|\{\[0,16384\)\}$/, 'the copy is pinned');
at($old, "SELECT oms.set_shard(0, $halves)");
$old->wait_for_catchup($new, 'replay', $old->lsn('insert'));
is(at($new, 'SELECT timeline, slots FROM oms.shard'), '1|{[0,8192)}', 'it knows that half of the slots are nobody\'s now');
$new->promote;
foreach my $id ('first-1', 'first-2', 'first-3', 'first-4')
{
	psql_fails_with($new, qq(SELECT oms_command('{"commandType": "UpdateOrderCommand", "orderId": "$id", "text": "copy"}')), 'OM012', 'promoted, it takes nothing');
}
psql_fails_with($new, q(INSERT INTO oms.trading_halts (name, symbol) VALUES ('copy', 'X')), 'OM012', 'nor numbers a change of configuration');
psql_fails_with($new, 'SELECT oms.anchor()', 'OM012', 'nor anchors');
psql_fails_with($new, 'SELECT oms.forget_slots()', '55000', 'nor forgets');
my $before = at($new, 'SELECT max(sequence) FROM oms.all_events');
cmp_ok(at($new, q{SELECT oms.set_shard(1, '{[8192,16384)}')}), '>', $before, 'made a shard, its numbers begin above all before');
fleet_map($router, 'router', [ $old, 0, '{[0,32)}' ], [ $new, 1, '{[32,64)}' ]);
at($old, q{SELECT oms.set_shard(0, '{[0,8192)}')});
is($router->safe_psql('router', 'SELECT * FROM fleet.check_map()'), '', 'map and shards agree');
go_on(40);

my $trees = at($old, 'SELECT count(*) FROM oms.orders WHERE id = root_id AND oms.slot_of(id) >= 8192');
my ($gone_old) = split /\|/, at($old, 'SELECT * FROM oms.forget_slots()');
my ($gone_new) = split /\|/, at($new, 'SELECT * FROM oms.forget_slots()');
is($gone_old, $trees, 'the old one forgets what the new one has');
cmp_ok($gone_new, '>', 20, 'and the new one the rest');
go_on(40);
append_to_file("$folder/stop", '');
waitpid $_, 0 foreach @writers;
ok(!-e "$folder/died", 'nobody was refused') or diag(slurp_file("$folder/died"));

# ---- what is there ------------------------------------------------------------------------------------------

is(at($_, 'SELECT count(*) FROM oms.verify()'), 0, $_->name . ': every invariant holds') foreach $old, $new;
is(at($old, 'SELECT count(*) FILTER (WHERE oms.slot_of(root_id) >= 8192) FROM oms.all_events') . at($new, 'SELECT count(*) FILTER (WHERE oms.slot_of(root_id) < 8192) FROM oms.all_events'), '00', 'each has its own trees alone');
my (%times, %numbers);
foreach my $row (map { split /\n/, at($_, q(SELECT command_id, sequence, payload #>> '{command,commandId}' = command_id AS given FROM oms.all_events)) } $old, $new)
{
	my ($command, $sequence, $given) = split /\|/, $row;
	$numbers{$sequence}++;
	$times{$command}++ if $given eq 't';
}
is(join(' ', grep { $numbers{$_} > 1 } keys %numbers), '', 'no number is of two events');
my @acknowledged = map { split /\n/, slurp_file("$folder/$_") } qw(a b);
is(join(' ', grep { !$times{$_} } @acknowledged), '', scalar(@acknowledged) . ' commands were acknowledged, and each is there');
is($router->safe_psql('router', q(SELECT fleet.query_count('executions', '{"where": {"status": "REVIEW"}}'))), 0, 'no fill came to where its order was not');
my $fills = grep { /ExecuteOrderCommand/ } @acknowledged;
is($router->safe_psql('router', q(SELECT fleet.query_count('executions'))), $fills, 'each fill once');
is(at($old, q(SELECT string_agg(DISTINCT (sequence % 64)::text, ' ') FROM oms.all_events WHERE sequence > ) . $before) . ' ' . at($new, q(SELECT string_agg(DISTINCT (sequence % 64)::text, ' ') FROM oms.all_events WHERE sequence > ) . $before), '0 1', 'and numbers tell the shard');

done_testing();
