# lifecycle.pl: the section "lifecycle" of run.pl, whose tools it uses: purge of trees against a plain DELETE of the same rows by their ids, what an
# archived event takes, and how long day orders take to expire, and commands beside them.
use strict;
use warnings;

# Trees of a parent, two children and six fills: 23 events.
sub lifecycle_trees {
	my ($dbh, $trees) = @_;
	$dbh->do(<<"SQL");
DO \$\$
BEGIN
  FOR n IN 1 .. $trees LOOP
    PERFORM oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'b' || n, 'clOrdID', 'c' || n, 'symbol', 'X', 'side', 'BUY', 'orderQty', 60, 'account', 'ACC'));
    FOR c IN 1 .. 2 LOOP
      PERFORM oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', format('b%s.%s', n, c), 'parentId', 'b' || n, 'orderQty', 30));
      FOR f IN 1 .. 3 LOOP
        PERFORM oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', format('b%s.%s', n, c), 'execID', format('e%s.%s.%s', n, c, f), 'lastQty', 10, 'lastPx', 5));
      END LOOP;
    END LOOP;
  END LOOP;
END \$\$
SQL
	return;
}

# Seconds of a statement that is undone.
sub lifecycle_seconds {
	my ($dbh, @statements) = @_;
	$dbh->begin_work;
	my $begun = Time::HiRes::time();
	$dbh->do($_) for @statements;
	my $seconds = Time::HiRes::time() - $begun;
	my ($size) = $dbh->selectrow_array('SELECT sum(pg_column_size(a.events)) / (SELECT sum(t.events) FROM oms.purged_trees AS t) FROM oms.archived_trees AS a');
	$dbh->rollback;
	return ($seconds, $size);
}

# Day orders that are due all at once, and how long a fill of one of them takes meanwhile, at most: (seconds, milliseconds, milliseconds without an expiry).
sub lifecycle_expiry {
	my ($orders) = @_;
	new_db('bench_e', 'bench_template');
	my $dbh = connection('bench_e');
	$dbh->do(q(INSERT INTO oms.trading_calendars (name, zone, known_until) VALUES ('BENCH', 'UTC', 'infinity')));
	$dbh->do(q(INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time, close_time) SELECT 'BENCH', d, '00:00', '24:00' FROM generate_series(1, 7) AS d));
	$dbh->do(<<"SQL");
DO \$\$
BEGIN
  FOR n IN 1 .. $orders LOOP
    PERFORM oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'd' || n, 'symbol', 'X', 'side', 'BUY', 'orderQty', 1000000, 'destination', 'BENCH'));
  END LOOP;
END \$\$
SQL
	my ($otherwise) = lifecycle_fills($dbh, $orders, '');
	my ($held_up, $seconds) = lifecycle_fills($dbh, $orders, <<'SQL');
INSERT INTO oms.calendar_days (calendar, day, open_time, close_time) SELECT 'BENCH', d::date, '00:00', to_char(d, 'HH24:MI:SS') FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC') AS c (d)
SQL
	$dbh->disconnect;
	drop_db('bench_e');
	return ($seconds, $held_up, $otherwise);
}

# Another process fills while these orders expire, or, without a close, for a second: its longest fill, in milliseconds, and the seconds that the expiry took.
sub lifecycle_fills {
	my ($dbh, $orders, $close) = @_;
	my $seconds;
	pipe my $told, my $tells or die $!;
	my $child = fork() // die $!;
	if ($child == 0) {
		my $longest = 0;
		my $stop = 0;
		local $SIG{TERM} = sub { $stop = 1 };
		my $filler = connection('bench_e');
		my $fill = $filler->prepare(q(SELECT oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', $1::text, 'execID', $2::text, 'lastQty', 1, 'lastPx', 1))));
		for (my $n = 0; !$stop; $n++) {
			my $begun = Time::HiRes::time();
			$fill->execute('d' . (1 + int rand $orders), ($close ? 'b' : 'a') . $n);
			my $took = Time::HiRes::time() - $begun;
			$longest = $took if $took > $longest && $n > 10;
		}
		print $tells $longest * 1000;
		close $tells;
		require POSIX;
		POSIX::_exit(0);
	}
	close $tells;
	Time::HiRes::sleep(0.5);
	if ($close) {
		$dbh->do($close);
		Time::HiRes::sleep(1);
		# what was filled since it was found waits for the next run
		my $begun = Time::HiRes::time();
		for (my ($left, $runs) = ($orders, 0); $left > 0; $runs++) {
			die "$left orders do not expire\n" if $runs > 20;
			$dbh->do(q(CALL oms.run_job('expire', 3600)));
			($left) = $dbh->selectrow_array('SELECT count(*) FROM oms.orders WHERE NOT closed');
		}
		$seconds = Time::HiRes::time() - $begun;
	}
	else {
		Time::HiRes::sleep(1);
	}
	kill TERM => $child;
	my $longest = <$told>;
	waitpid $child, 0;
	return ($longest, $seconds);
}

sub section_lifecycle {
	my ($quick) = @_;
	my $trees = $quick ? 2_000 : 43_500;
	my $rounds = $quick ? 3 : 5;
	my (%rate, $archived);
	progress("lifecycle: $trees trees");
	new_db('bench_d', 'bench_template');
	my $dbh = connection('bench_d');
	lifecycle_trees($dbh, $trees);
	$dbh->do('SET oms_state.command_retention = 0');
	$dbh->do(q(INSERT INTO oms.retention_policies (name, age) VALUES ('now', '0')));
	$dbh->do('CREATE TABLE bench.ids AS SELECT id, root_id FROM oms.orders WHERE root_id IN (SELECT id FROM oms.purgeable_orders)');
	my ($events, $size) = $dbh->selectrow_array('SELECT count(*), avg(pg_column_size(e.*)) FROM oms.order_events AS e JOIN bench.ids AS i ON i.id = e.aggregate_id');
	($events) = $dbh->selectrow_array('SELECT count(*) FROM oms.all_events AS e JOIN (SELECT DISTINCT root_id FROM bench.ids) AS i ON i.root_id = e.root_id');
	# as oms.purge() does it, in the order in which the roots lie, and without its breaks
	my $purge = <<'SQL';
DO $$
DECLARE
  batch text[];
BEGIN
  FOR batch IN SELECT array_agg(o.id ORDER BY o.place) FROM (SELECT p.id, p.place, (row_number() OVER (ORDER BY p.place) - 1) / 400 AS batch FROM oms.purgeable_orders AS p) AS o GROUP BY o.batch ORDER BY o.batch LOOP
    PERFORM count(*) FROM oms.purge_trees('order', batch, now() + interval '1 hour', 100000000);
  END LOOP;
END
$$
SQL
	my $ours = "IN (SELECT root_id FROM bench.ids)";
	my @delete = ('ALTER TABLE oms.order_events DISABLE TRIGGER USER', 'ALTER TABLE oms.execution_events DISABLE TRIGGER USER',
		(map { "DELETE FROM oms.$_ WHERE root_id $ours" } qw(order_events execution_events executions orders)),
		'DELETE FROM oms.cl_ord_ids WHERE order_id IN (SELECT id FROM bench.ids)', "DELETE FROM oms.root_ids WHERE id $ours");
	for my $round (1 .. $rounds) {
		my ($deleted) = lifecycle_seconds($dbh, @delete);
		my ($purged) = lifecycle_seconds($dbh, $purge);
		(my $kept, $archived) = lifecycle_seconds($dbh, q(UPDATE oms.retention_policies SET action = 'ARCHIVE'), $purge);
		push @{ $rate{delete} }, $events / $deleted;
		push @{ $rate{purge} }, $events / $purged;
		push @{ $rate{archive} }, $events / $kept;
		$dbh->do("VACUUM $_") for qw(oms.orders oms.executions oms.order_events oms.execution_events);
	}
	$dbh->disconnect;
	drop_db('bench_d');
	say_out("## 13. Lifecycle\n");
	say_out("Trees of 23 events, $events events in all, in one transaction; a plain DELETE of the same rows, by their root ids, with the triggers of events off. Medians of $rounds runs.\n");
	table(['what', 'events a second', 'of a plain DELETE', 'aim'],
		map { my ($name, $what) = @$_; my @ratio = map { $rate{$what}[$_] / $rate{delete}[$_] } 0 .. $rounds - 1;
			[$name, sprintf('%.0f', median(@{ $rate{$what} })), $what eq 'delete' ? '1' : sprintf('%.2f (%s)', median(@ratio), spread(@ratio)), $what eq 'purge' ? '≥ 0.8, ' . verdict(median(@ratio) >= 0.795) : ''] }
		['plain DELETE', 'delete'], ['purge', 'purge'], ['purge with archive', 'archive']);
	say_out(sprintf("An event of an order takes %.0f bytes in its table, in an archive %.0f.\n", $size, $archived));
	my $orders = $quick ? 5_000 : 100_000;
	progress("lifecycle: $orders day orders expire");
	my ($seconds, $held_up, $otherwise) = lifecycle_expiry($orders);
	say_out(sprintf("%d day orders that are due at once expire in %.1f s; the longest fill of one of them took %.0f ms meanwhile, %.0f ms otherwise.\n", $orders, $seconds, $held_up, $otherwise));
	return;
}

1;
