# growth.pl: the section "growth" of run.pl, whose tools it uses: what commands and reads by index cost in a store of 10,000 orders, of a million and of ten
# million (growth.sql): by the clock, in turns, and by the buffers that they touch, which no other load disturbs; and how large the store is.
use strict;
use warnings;

# So many of the trees that are open (growth.sql), and the accounts they are of.
sub growth_trees {
	my ($orders, $n) = @_;
	return map { [sprintf('O%09d', $_ * $orders / 1000), 'ACC' . $_ % 50] } (shuffle(1 .. int($orders / 3 / ($orders / 1000))))[0 .. $n - 1];
}

my @growth_commands = (
	['create', sub { order_command("N$_[0]", clOrdID => "N$_[0]") }],
	['fill at depth 3', sub { fill_command("$_[0].1.1") }],
	['cancel', sub { cancel_command("$_[0].1.1") }]);

# Name; the statement; its argument of a tree.
my @growth_reads = (
	['an order by its id', q{SELECT oms_query('orders', $1)}, sub { { where => { orderId => "$_[0].1" } } }],
	['an order by its clOrdID', q{SELECT oms_query('orders', $1)}, sub { { where => { clOrdID => 'C' . ($_[0] =~ s/^O0*//r) } } }],
	['the orders of a root', q{SELECT oms_query('orders', $1)}, sub { { where => { rootId => $_[0] } } }],
	['the fills of an order', q{SELECT oms_query('executions', $1)}, sub { { where => { orderId => "$_[0].1.1" } } }],
	['the history of an order', q{SELECT oms_query('order_events', $1)}, sub { { where => { aggregateId => $_[0] } } }],
	['open orders of an account, 5', q{SELECT oms_query('orders', $1)}, sub { { where => { account => $_[1], closed => JSON::PP::false() }, orderBy => 'orderId', limit => 5 } }]);

# Buffers for each of so many calls, in a new backend that has done as many before.
sub growth_buffers {
	my ($dbh, $call, $warm, $n) = @_;
	my @buffers;
	for my $range ([1, $warm], [$warm + 1, $warm + $n]) {
		my $plan = join "\n", @{ $dbh->selectcol_arrayref("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) " . $call->(@$range)) };
		push @buffers, [map { $plan =~ /^\s*Buffers: shared[^\n]*\b$_=(\d+)/m ? $1 : 0 } qw(hit read)];
	}
	return ($buffers[1][0] + $buffers[1][1]) / $n;
}

# The commands, and what the reads are asked, of a store: numbers 1 to n are commands of the first kind, and so on.
sub growth_prepare {
	my ($name, $orders, $each) = @_;
	new_db($name, 'bench_template');
	run('psql', '-X', '-q', '-o', '/dev/null', '-v', "orders=$orders", '-d', $name, '-f', "$Bin/growth.sql");
	my $dbh = connection($name);
	my @trees = growth_trees($orders, $each);
	store_commands($dbh, map { my $make = $_->[1]; map { $make->(@$_) } @trees } @growth_commands);
	$dbh->do('CREATE TABLE bench.reads (read integer, n integer, spec jsonb, PRIMARY KEY (read, n))');
	my $insert = $dbh->prepare('INSERT INTO bench.reads VALUES (?, ?, ?)');
	$dbh->begin_work;
	for my $read (0 .. $#growth_reads) { $insert->execute($read, $_, as_json($growth_reads[$read][2]->(@{ $trees[$_ - 1] }))) for 1 .. $each }
	$dbh->commit;
	my $sizes = $dbh->selectall_hashref(q(
		SELECT regexp_replace(c.relname, '_\d{4}_\d\d$', '') AS name, max(c.reltuples)::bigint AS rows, sum(pg_table_size(c.oid)) AS bytes, sum(pg_indexes_size(c.oid)) AS index_bytes
		  FROM pg_class AS c WHERE c.relnamespace = 'oms'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^(orders|order_events|executions|cl_ord_ids|root_ids)' GROUP BY 1), 'name');
	# what a store in use has in memory: what these trees are made of, and the way there
	for my $table (qw(orders executions)) { $dbh->do("SELECT count(*) FROM oms.$table WHERE root_id = ANY (?)", undef, [map { $_->[0] } @trees]) }
	$dbh->disconnect;
	in_db($name, 'CHECKPOINT');
	return $sizes;
}

# Of one kind of call in two stores: { store => { us, buffers } }
sub growth_contest {
	my ($warm, $n, $stores, $offset, $text) = @_;
	my %us;
	my %dbh = map { $_ => connection($_) } @$stores;
	my $turn = 20;
	$_->begin_work, $_->do('SET LOCAL plan_cache_mode = force_generic_plan') for values %dbh;
	my %buffers = map { $_ => growth_buffers($dbh{$_}, $text->{buffers}, $warm, $n) } @$stores;
	$_->rollback, $_->begin_work for values %dbh;
	$text->{work}->($dbh{$_}, $offset + 1, $offset + $warm) for @$stores;
	for (my $first = $offset + $warm + 1; $first <= $offset + $warm + $n; $first += $turn) {
		for my $store (@$stores) { push @{ $us{$store} }, $text->{work}->($dbh{$store}, $first, $first + $turn - 1) * 1e6 / $turn }
		$stores = [reverse @$stores];
	}
	$_->rollback, $_->disconnect for values %dbh;
	return { map { $_ => { us => median(@{ $us{$_} }), buffers => $buffers{$_} } } @$stores };
}

sub section_growth {
	my ($quick) = @_;
	my @sizes = (10_000, $quick ? 100_000 : (1_000_000, 10_000_000));
	@sizes = (10_000, split /,/, $ENV{OMS_BENCH_GROWTH}) if $ENV{OMS_BENCH_GROWTH};
	my ($warm, $n) = (30, 300);
	my (%row, @order, @stored);
	progress("growth: $sizes[0] orders");
	growth_prepare('bench_small', $sizes[0], $warm + $n);
	for my $orders (@sizes[1 .. $#sizes]) {
		progress("growth: $orders orders");
		my $sizes = growth_prepare('bench_large', $orders, $warm + $n);
		for my $table (sort keys %$sizes) {
			my ($rows, $bytes, $index_bytes) = @{ $sizes->{$table} }{qw(rows bytes index_bytes)};
			push @stored, [$orders, "oms.$table", $rows, (map { sprintf('%.0f', $_ / $rows) } $bytes, $index_bytes), sprintf('%.0f', ($bytes + $index_bytes) / 1e6)];
		}
		my @what = map { my $from = $_ * ($warm + $n);
			[$growth_commands[$_][0], $from, {
				work => call_work('oms_command'),
				buffers => sub { my ($first, $last) = @_; 'SELECT oms_command(command) FROM (SELECT command FROM bench.commands WHERE n BETWEEN ' . ($from + $first) . ' AND ' . ($from + $last) . ' ORDER BY n OFFSET 0) AS c' } }] } 0 .. $#growth_commands;
		push @what, map { my $read = $_; my $statement = $growth_reads[$read][1];
			[$growth_reads[$read][0], 0, {
				work => sub { my ($dbh, $first, $last) = @_; ($dbh->selectrow_array('SELECT bench.execute(' . $dbh->quote($statement) . ", (SELECT array_agg(spec ORDER BY n) FROM bench.reads WHERE read = $read AND n BETWEEN $first AND $last))"))[0] },
				buffers => sub { my ($first, $last) = @_; ($statement =~ s/\$1/c.spec/r) . " FROM (SELECT spec FROM bench.reads WHERE read = $read AND n BETWEEN $first AND $last ORDER BY n OFFSET 0) AS c" } }] } 0 .. $#growth_reads;
		for (@what) {
			my ($name, $from, $text) = @$_;
			my $result = growth_contest($warm, $n, ['bench_small', 'bench_large'], $from, $text);
			my %ratio = map { $_ => $result->{bench_large}{$_} / $result->{bench_small}{$_} } qw(us buffers);
			push @order, $name if !$row{$name};
			push @{ $row{$name} }, map { sprintf('%.1f', $_) } $result->{bench_small}{buffers} if !$row{$name};
			push @{ $row{$name} }, sprintf('%.1f', $result->{bench_large}{buffers}), sprintf('%.2f', $ratio{buffers}), sprintf('%.2f, %s', $ratio{us}, verdict($ratio{us} <= 1.105));
		}
		drop_db('bench_large');
	}
	drop_db('bench_small');
	say_out("## 15. Growth\n");
	say_out("Commands and reads by index in a store of $sizes[0] orders and in larger ones, each on a tree of its own, one of the 330 that are open, anywhere among those that have ended: buffers for a call, and time as a multiple of that in the small store, in turns, one transaction in one backend; aim of the time: 1.1.\n");
	table(['what', "buffers at $sizes[0]", map { ("buffers at $_", '÷', 'time ÷, aim ≤ 1.1') } @sizes[1 .. $#sizes]], map { [$_, @{ $row{$_} }] } @order);
	say_out("How large they are: bytes for a row, and megabytes.\n");
	table(['orders', 'table', 'rows', 'bytes', 'of its indexes', 'MB'], @stored);
	return;
}

1;
