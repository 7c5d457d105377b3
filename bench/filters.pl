# filters.pl: the section "filters" of run.pl, whose tools it uses: a specification held against states and rows, as a reader of a stream does.
use strict;
use warnings;

# What somebody watches, as a specification and as somebody writes it by hand over a state, and over a row.
my @filters = (
	['a symbol that works', '{"symbol": "VOD.L", "status": ["NEW", "PARTIALLY_FILLED"]}',
		q{state ->> 'symbol' = 'VOD.L' AND state ->> 'status' IN ('NEW', 'PARTIALLY_FILLED')},
		q{symbol = 'VOD.L' AND status IN ('NEW', 'PARTIALLY_FILLED')}],
	['large orders of an account', '{"account": "A1", "orderQty": {"gte": 1000}, "leavesQuantity": {"gt": 0}, "closed": false}',
		q{state ->> 'account' = 'A1' AND (state -> 'orderQty')::numeric >= 1000 AND (state -> 'leavesQuantity')::numeric > 0 AND NOT (state -> 'closed')::boolean},
		q{account = 'A1' AND order_qty >= 1000 AND leaves_quantity > 0 AND NOT closed}],
	['what a desk looks at', '{"or": [{"flags": ["LATE_FILL", "DISAGREES"]}, {"deskStatus": "QUEUED"}, {"attributes.desk": "EQ", "price": null}], "not": {"side": "SELL"}}',
		q{(state -> 'flags' ?| '{LATE_FILL,DISAGREES}' OR state ->> 'deskStatus' = 'QUEUED' OR (state #>> '{attributes,desk}' = 'EQ' AND state ->> 'price' IS NULL)) AND NOT (state ->> 'side' = 'SELL')},
		q{(flags && '{LATE_FILL,DISAGREES}' OR desk_status = 'QUEUED' OR (attributes ->> 'desk' = 'EQ' AND price IS NULL)) AND NOT (side = 'SELL')}]);

# µs for each row, of several statements in turns.
sub filter_times {
	my ($dbh, $rounds, $rows, %statements) = @_;
	my %us;
	for my $round (0 .. $rounds) {
		for my $name ($round % 2 ? sort keys %statements : reverse sort keys %statements) {
			my $plan = $dbh->selectrow_array("EXPLAIN (ANALYZE, TIMING off, SUMMARY on, FORMAT json) $statements{$name}");
			my ($ms) = $plan =~ /"Execution Time": ([\d.]+)/;
			push @{ $us{$name} }, $ms * 1000 / $rows if $round > 0;
		}
	}
	return \%us;
}

sub section_filters {
	my ($quick) = @_;
	my $n = $quick ? 30_000 : 100_000;
	my $rounds = $quick ? 5 : 11;
	my @rows;
	progress('filters');
	new_db('bench_d', 'bench_template');
	my $dbh = connection('bench_d');
	prepare_scene($dbh, background());
	$dbh->do("CREATE TABLE bench.states AS SELECT e.payload -> 'state' AS state FROM oms.order_events AS e, generate_series(1, 1000) ORDER BY e.sequence * 7919 % 10007 LIMIT $n");
	$dbh->do('VACUUM (ANALYZE, FREEZE)');
	$dbh->do('SET max_parallel_workers_per_gather = 0; SET jit = off');
	$dbh->{pg_placeholder_dollaronly} = 1;
	my ($orders) = $dbh->selectrow_array('SELECT count(*) FROM oms.orders');
	for my $filter (@filters) {
		my ($name, $spec, $state, $row) = @$filter;
		my $times = 20;
		# all of it again for each of the numbers
		my $many = sub { my ($condition) = @_; return "SELECT count(*) FROM generate_series(1, $times) AS n, LATERAL (SELECT FROM oms.orders AS o WHERE o.version > -n AND ($condition) OFFSET 0) AS f" };
		my %count = map { $_->[0] => $dbh->selectrow_array("SELECT count(*) FROM bench.states WHERE $_->[1]") } ['spec', "oms.matches_state('order', state, '$spec')"], ['hand', $state];
		die "\"$name\" is not what is written by hand: $count{spec}, $count{hand}\n" if $count{spec} != $count{hand};
		my $us = filter_times($dbh, $rounds, $n, spec => "SELECT count(*) FROM bench.states WHERE oms.matches_state('order', state, '$spec')", hand => "SELECT count(*) FROM bench.states WHERE $state");
		my $of_rows = filter_times($dbh, $rounds, $orders * $times, spec => $many->("oms.matches(o, '$spec')"), hand => $many->($row));
		my @ratio = map { $us->{spec}[$_] / $us->{hand}[$_] } 0 .. $rounds - 1;
		my $rate = 1e6 / median(@{ $us->{spec} });
		push @rows, [$name, (map { sprintf('%.2f', median(@{ $us->{$_} })) } qw(spec hand)), sprintf('%.2f (%s)', median(@ratio), spread(@ratio)), '≤ 1.5, ' . verdict(median(@ratio) <= 1.505),
			sprintf('%.0f 000', $rate / 1000) . ', ' . verdict($rate >= 300_000), map { sprintf('%.2f', median(@{ $of_rows->{$_} })) } qw(spec hand)];
	}
	$dbh->disconnect;
	drop_db('bench_d');
	say_out("## 12. Filters\n");
	say_out("µs for each of $n states that `oms.matches_state()` is asked of, in a scan of one backend, against the condition written by hand over the same states; states a second (aim: 300 000). Beside it `oms.matches()` of rows of `oms.orders` against a condition on their columns. Medians of $rounds runs in turns.\n");
	table(['what', 'µs', 'µs by hand', 'ratio', 'aim', 'a second', 'µs of a row', 'by hand'], @rows);
}

1;
