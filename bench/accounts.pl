# accounts.pl: the section "accounts" of run.pl, whose tools it uses: reads by index of who owns the tables, whom no policy binds; of who is not limited to
# accounts; and of who is.
use strict;
use warnings;

my @reads = (
	['an order by its id', 'SELECT * FROM oms.orders WHERE id = $1', 'a7-1'],
	['its events', 'SELECT * FROM oms.order_events WHERE aggregate_id = $1 ORDER BY version', 'a7-1'],
	['50 open orders of an account', 'SELECT * FROM oms.orders WHERE account = $1 AND NOT closed ORDER BY id LIMIT 50', 'A1'],
	['the same by <code>oms_query()</code>', q{SELECT * FROM oms_query('orders', jsonb_build_object('where', jsonb_build_object('account', $1, 'closed', false), 'limit', 50))}, 'A1'],
);

# Seconds of processor time that a backend has had: what others do at the same time is not in it.
sub accounts_cpu {
	my ($dbh) = @_;
	open my $file, '<', "/proc/$dbh->{pg_pid}/schedstat" or die "schedstat: $!";
	return (split ' ', <$file>)[0] / 1e9;
}

sub section_accounts {
	my ($quick) = @_;
	my $rounds = $quick ? 7 : 15;
	my $batches = $quick ? 50 : 200;
	my (%dbh, @rows);
	progress('accounts');
	new_db('bench_a', 'bench_template');
	my $owner = connection('bench_a');
	$owner->do('SELECT count(*) FROM oms.create_roles()');
	$owner->do("CREATE ROLE $_ IN ROLE oms_reader") for qw(bench_all bench_some);
	$owner->do(q{SELECT oms.grant_account('bench_some', a) FROM unnest('{A1,A2,B%}'::text[]) AS a});
	$owner->do(qq{SELECT count(*) FROM generate_series(1, $batches) AS i, oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'a' || i || '-' || j,
		'symbol', 'S' || j % 20, 'side', 'BUY', 'orderQty', 10, 'account', 'A' || j % 50)) FROM generate_series(1, 100) AS j))});
	$owner->do('VACUUM (ANALYZE, FREEZE)');
	for my $user (qw(owner bench_all bench_some)) {
		my $dbh = $dbh{$user} = connection('bench_a');
		$dbh->{pg_placeholder_dollaronly} = 1;
		$dbh->do("SET SESSION AUTHORIZATION $user") if $user ne 'owner';
		$dbh->do('SET plan_cache_mode = force_generic_plan; SET jit = off');
	}
	for my $read (@reads) {
		my ($name, $sql, $argument) = @$read;
		my %us;
		my $times = 500;
		$_->do("DEALLOCATE ALL; PREPARE read(text) AS $sql") for values %dbh;
		for my $round (0 .. $rounds) {
			for my $user ($round % 2 ? sort keys %dbh : reverse sort keys %dbh) {
				my $begun = accounts_cpu($dbh{$user});
				$dbh{$user}->do(join ';', ("EXECUTE read('$argument')") x $times);
				push @{ $us{$user} }, (accounts_cpu($dbh{$user}) - $begun) * 1e6 / $times if $round > 0;
			}
		}
		my %ratio = map { my $user = $_; $user => median(map { $us{$user}[$_] / $us{owner}[$_] } 0 .. $rounds - 1) } qw(bench_all bench_some);
		push @rows, [$name, (map { sprintf('%.1f', median(@{ $us{$_} })) } qw(owner bench_all bench_some)), sprintf('%.2f', $ratio{bench_all}), sprintf('%.2f', $ratio{bench_some}),
			'≤ 1.10, ' . verdict($ratio{bench_some} <= 1.105)];
	}
	$_->disconnect for values %dbh;
	$owner->do("DROP OWNED BY bench_all, bench_some");
	$owner->do("DROP ROLE bench_all, bench_some");
	$owner->disconnect;
	drop_db('bench_a');
	say_out("## 14. Accounts\n");
	say_out("µs of processor time that a backend takes for a read by a prepared statement, of the owner, of a reader, and of one who is limited to three accounts; ratios are to the owner. Medians of $rounds runs in turns.\n");
	table(['what', 'owner', 'a reader', 'limited', 'ratio of a reader', 'of who is limited', 'aim'], @rows);
	return;
}

1;
