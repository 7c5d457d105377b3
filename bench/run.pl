#!/usr/bin/env perl
# The benchmark: see bench/README.md.  Called by bench/run.sh with a running cluster in PGHOST and PGUSER.
#
#   run.pl [--quick] [loop|clients|batches|scale|desk|quotes|rules|classes|services|filters|queries ...]
#   run.pl --profile create|fill|fill3|cancel|batch|block|block_bust|quote|accept [--out FILE]
use strict;
use warnings;
use DBI;
use FindBin qw($Bin);
use JSON::PP ();
use List::Util qw(min max shuffle sum);
use Time::HiRes qw(time sleep);

my ($quick, $profile, $out, @sections);
while (defined(my $arg = shift @ARGV)) {
	if    ($arg eq '--quick')   { $quick   = 1 }
	elsif ($arg eq '--profile') { $profile = shift @ARGV }
	elsif ($arg eq '--out')     { $out     = shift @ARGV }
	elsif ($arg =~ /^(loop|clients|batches|scale|desk|quotes|rules|classes|services|filters|queries|lifecycle|accounts|growth|capacity|fleet)$/) { push @sections, $arg }
	else { die "run.pl: no option $arg\n" }
}
@sections = qw(loop clients batches scale desk quotes rules classes services filters queries lifecycle accounts growth capacity fleet) unless @sections;

my %size = $quick
	? (loop => 1000, rounds => 3, seconds => 1, client_rounds => 3, tree_rounds => 4, batch_fills => 1000, resting => 200_000,
		scale => 500, blocks => 80, deals => 150)
	: (loop => 4000, rounds => 7, seconds => 2, client_rounds => 5, tree_rounds => 9, batch_fills => 5000, resting => 200_000,
		scale => 2000, blocks => 300, deals => 600);

my $library = $ENV{OMS_BENCH_LIBRARY} or die "run.pl: bench/run.sh sets OMS_BENCH_LIBRARY\n";
my $json = JSON::PP->new->canonical;
my $started = time;
srand(42);
$| = 1;

# --- small tools

sub progress { printf STDERR "%5.0f s  %s\n", time - $started, join(' ', @_) }

sub median {
	my @v = sort { $a <=> $b } @_;
	return @v % 2 ? $v[$#v / 2] : ($v[$#v / 2] + $v[@v / 2]) / 2;
}
sub spread { return sprintf('%.2f–%.2f', min(@_), max(@_)) }

sub connection {
	my ($db) = @_;
	my $dbh = DBI->connect("dbi:Pg:dbname=$db", '', '',
		{ RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1, pg_server_prepare => 0 });
	$dbh->do("SET client_min_messages = 'warning'");
	return $dbh;
}
sub in_db {
	my ($db, @statements) = @_;
	my $dbh = connection($db);
	$dbh->do($_) for @statements;
	$dbh->disconnect;
}
sub new_db {
	my ($name, $template) = @_;
	in_db('postgres', "DROP DATABASE IF EXISTS $name", "CREATE DATABASE $name TEMPLATE $template");
	return $name;
}
sub drop_db { in_db('postgres', map { "DROP DATABASE IF EXISTS $_" } @_) }

sub run { system(@_) == 0 or die "failed: @_\n" }

my @out;
sub say_out { my $text = join('', @_) . "\n"; print $text; push @out, $text }
sub table {
	my ($head, @rows) = @_;
	say_out('| ', join(' | ', @$head), ' |');
	say_out('|', join('|', map { ' --- ' } @$head), '|');
	say_out('| ', join(' | ', @$_), ' |') for @rows;
	say_out('');
}
sub verdict { my ($ok) = @_; return $ok ? 'met' : '**missed**' }

# --- commands

sub order_command {
	my ($id, %more) = @_;
	return { commandType => 'CreateOrderCommand', orderId => $id, symbol => 'VOD.L', side => 'BUY', orderQty => 1000000,
		ordType => 'LIMIT', price => '1.25', account => 'A1', currency => 'GBP', %more };
}
sub slice_command {
	my ($id, $parent, %more) = @_;
	return { commandType => 'CreateOrderCommand', orderId => $id, parentId => $parent, orderQty => 1000000, ordType => 'LIMIT',
		price => '1.25', destination => 'XLON', %more };
}
my @dealers = qw(ALFA BETA GAMMA DELTA EPSILON);
my $exec = 0;
sub fill_command {
	my ($id, %more) = @_;
	return { commandType => 'ExecuteOrderCommand', orderId => $id, execID => sprintf('X%08d', ++$exec), lastQty => 1,
		lastPx => '1.25', %more };
}
sub cancel_command { my ($id) = @_; return { commandType => 'CancelOrderCommand', orderId => $id } }

# Numbers as numbers: 1.25 was a string to keep it as it stands.
sub as_json { my $text = $json->encode($_[0]); $text =~ s/"(-?\d+\.\d+)"/$1/g; return $text }

my $ids = 0;
# A time-ordered UUID, as a client would make it.
sub new_uuid {
	my $ms = sprintf('%012x', int(time * 1000));
	return sprintf('%s-%s-7%03x-%04x-%012x', substr($ms, 0, 8), substr($ms, 8), $ids & 0xfff, 0x8000 | int(rand 0x3fff), ++$ids);
}

# Run commands that only prepare the scene.
sub prepare_scene {
	my ($dbh, @commands) = @_;
	while (my @some = splice(@commands, 0, 500)) {
		$dbh->do('SELECT count(*) FROM oms_commands(?::jsonb)', undef, '[' . join(',', map { as_json($_) } @some) . ']');
	}
}
sub store_commands {
	my ($dbh, @commands) = @_;
	my $n = 0;
	$dbh->do('TRUNCATE bench.commands');
	$dbh->do('COPY bench.commands FROM STDIN');
	for my $command (@commands) {
		my $text = ref $command eq 'ARRAY' ? '[' . join(',', map { as_json($_) } @$command) . ']' : as_json($command);
		$text =~ s/\\/\\\\/g;
		$dbh->pg_putcopydata(++$n . "\t$text\n");
	}
	$dbh->pg_putcopyend;
}

# --- bases: a database with the scene, the commands, and the rows that they write

# Name => whether it has the rows of objects; in the order in which the floor writes them.
my (@tables, %is_state);

sub make_template {
	in_db('postgres', 'DROP DATABASE IF EXISTS bench_template', 'CREATE DATABASE bench_template');
	in_db('bench_template', 'CREATE EXTENSION oms_state');
	run('psql', '-X', '-q', '-o', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-v', "library=$library", '-d', 'bench_template',
		map { ('-f', "$Bin/$_.sql") } qw(schema peer peer_quotes));
	in_db('bench_template', 'VACUUM ANALYZE');
	my $dbh = connection('bench_template');
	%is_state = map { @$_ } @{ $dbh->selectall_arrayref('SELECT name, is_state FROM bench.tables') };
	@tables = @{ $dbh->selectcol_arrayref('SELECT name FROM bench.tables ORDER BY n') };
	$dbh->disconnect;
}

# A store that has been in use: plans are made for tables with rows in them.
sub background {
	my @ids = map { sprintf('A%06d', $_) } 1 .. 1000;
	return ((map { order_command($_, commandId => new_uuid(), clOrdID => "C$_") } @ids),
		(map { fill_command($_, commandId => new_uuid()) } @ids), (map { cancel_command($_) } @ids),
		(map { my $i = "A$_"; (request_command($i), (map { quote_command($i, $_) } 1 .. @dealers), accept_command($i)) } 1 .. 200));
}

# scene: commands run beforehand; commands: those to measure, an array each in a workload of batches
sub make_base {
	my ($name, $scene, $commands) = @_;
	my $batches = ref $commands->[0] eq 'ARRAY' ? 'true' : 'false';
	new_db($name, 'bench_template');
	my $dbh = connection($name);
	prepare_scene($dbh, background(), @$scene);
	store_commands($dbh, @$commands);
	$dbh->disconnect;

	new_db("${name}_rec", $name);
	in_db("${name}_rec", "CALL bench.record($batches)");
	run("pg_dump --data-only -t 'bench.rec_*' ${name}_rec | psql -X -q -o /dev/null -v ON_ERROR_STOP=1 -d $name");
	drop_db("${name}_rec");
	in_db($name, 'SELECT bench.copy_state()', 'CALL bench.index_recordings()', 'VACUUM (ANALYZE, FREEZE)');
	return $name;
}

sub columns {
	my ($dbh, $table) = @_;
	return map { $_->[0] } @{ $dbh->selectall_arrayref(
		"SELECT attname FROM pg_attribute WHERE attrelid = 'floor.$table'::regclass AND attnum > 0 ORDER BY attnum") };
}

# The columns that any of the recorded changes of existing rows touched.
sub changed_columns {
	my ($dbh, $table) = @_;
	my @columns = columns($dbh, $table);
	my $list = join(', ', @columns);
	my $lags = join(', ', map { "$_ IS DISTINCT FROM lag($_) OVER w AS c_$_" } @columns);
	my $ors = join(', ', map { "bool_or(c_$_)" } @columns);
	my @changed = $dbh->selectrow_array(<<SQL);
		SELECT $ors FROM (
		  SELECT created, $lags FROM (
			SELECT 0 AS n, true AS created, $list FROM floor.$table
			UNION ALL SELECT n, created, $list FROM bench.rec_$table) images
		  WINDOW w AS (PARTITION BY id ORDER BY n)) pairs
		WHERE NOT created
SQL
	return grep { shift @changed } @columns;
}

sub has_rows {
	my ($dbh, $table, $where) = @_;
	return ($dbh->selectrow_array("SELECT EXISTS (SELECT FROM bench.rec_$table WHERE $where)"))[0];
}

# The floor in one backend: a saved statement for each kind of row, and where its parameters come from.
sub floor_steps {
	my ($dbh) = @_;
	my (@statements, @sources);
	for my $table (@tables) {
		my @columns = columns($dbh, $table);
		my $state = $is_state{$table};
		if ($state && has_rows($dbh, $table, 'NOT created')) {
			my @changed = changed_columns($dbh, $table);
			my $p = 1;
			push @statements, "UPDATE floor.$table SET " . join(', ', map { "$_ = \$" . ++$p } @changed) . ' WHERE id = $1';
			push @sources, "SELECT n, id, " . join(', ', @changed) . " FROM bench.rec_$table WHERE NOT created ORDER BY n";
		}
		if (has_rows($dbh, $table, $state ? 'created' : 'true')) {
			push @statements, "INSERT INTO floor.$table VALUES (" . join(', ', map { "\$$_" } 1 .. @columns) . ')';
			push @sources, "SELECT n, " . join(', ', @columns) . " FROM bench.rec_$table" . ($state ? ' WHERE created' : '') . ' ORDER BY n';
		}
	}
	return (\@statements, \@sources);
}

# The floor in one statement: the rows of call number $n, from the recording.
# patch: table.column => expression; kind: a condition that holds for all calls it stands for.
sub floor_statement {
	my ($dbh, $n, %patch) = @_;
	my $kind = delete $patch{kind} // 'true';
	my @parts;
	for my $table (@tables) {
		my @columns = columns($dbh, $table);
		my $state = $is_state{$table};
		my $value = sub { my $p = $patch{"$table.$_[0]"}; return defined $p ? $p : "r.$_[0]" };
		if ($state && has_rows($dbh, $table, "NOT created AND $kind")) {
			push @parts, "UPDATE floor.$table t SET " . join(', ', map { "$_ = " . $value->($_) } changed_columns($dbh, $table))
				. " FROM bench.rec_$table r WHERE r.n = $n AND NOT r.created AND t.id = " . $value->('id');
		}
		if (has_rows($dbh, $table, ($state ? 'created' : 'true') . " AND $kind")) {
			push @parts, "INSERT INTO floor.$table SELECT " . join(', ', map { $value->($_) } @columns)
				. " FROM bench.rec_$table r WHERE r.n = $n" . ($state ? ' AND r.created' : '');
		}
	}
	my $last = pop @parts;
	my $i = 0;
	return (@parts ? 'WITH ' . join(', ', map { 'w' . ++$i . " AS ($_)" } @parts) . ' ' : '') . $last;
}

# Rows written in this session.
sub rows_written {
	my ($dbh) = @_;
	my %count;
	my $rows = $dbh->selectall_arrayref(<<'SQL');
		SELECT regexp_replace(relname, '_(leaf|\d{4}_\d\d)$', ''), sum(n_tup_ins), sum(n_tup_upd)
		FROM pg_stat_xact_all_tables WHERE schemaname IN ('oms', 'floor', 'peer') GROUP BY 1
SQL
	$count{"$_->[0] ins"} = $_->[1], $count{"$_->[0] upd"} = $_->[2] for @$rows;
	return \%count;
}
sub wal_position { return ($_[0]->selectrow_array("SELECT pg_current_wal_insert_lsn() - '0/0'"))[0] }

# One round: every contestant in a backend and a transaction of its own, taking turns after a few calls each, so that whatever
# else the machine does meets all of them.  A contestant: name, database, setup->($dbh), work->($dbh, $first, $last) in seconds.
sub contest {
	my ($warm, $n, $turn, @contestants) = @_;
	my (%result, %dbh, %before, %us);
	for my $c (@contestants) {
		my $dbh = $dbh{ $c->{name} } = connection($c->{db});
		$dbh->do('SET plan_cache_mode = force_generic_plan');
		$dbh->do('SET stats_fetch_consistency = none');
		$c->{setup}->($dbh) if $c->{setup};
		$dbh->begin_work;
		$c->{work}->($dbh, 1, $warm);
		$before{ $c->{name} } = rows_written($dbh);
	}
	for (my $first = $warm + 1; $first <= $warm + $n; $first += $turn) {
		my $last = min($first + $turn - 1, $warm + $n);
		for my $c (@contestants) {
			my $dbh = $dbh{ $c->{name} };
			my $wal = wal_position($dbh);
			push @{ $us{ $c->{name} } }, $c->{work}->($dbh, $first, $last) * 1e6 / ($last - $first + 1);
			$result{ $c->{name} }{wal} += (wal_position($dbh) - $wal) / $n;
		}
		push @contestants, shift @contestants;
	}
	for my $c (@contestants) {
		my $dbh = $dbh{ $c->{name} };
		my $after = rows_written($dbh);
		$dbh->commit;
		$dbh->disconnect;
		my $r = $result{ $c->{name} };
		$r->{us} = median(@{ $us{ $c->{name} } });
		for my $key (keys %$after) {
			my $rows = $after->{$key} - ($before{ $c->{name} }{$key} // 0);
			$r->{rows}{$key} = $rows if $rows > 0;
		}
	}
	return \%result;
}

sub call_work {
	my ($function) = @_;
	return sub {
		my ($dbh, $first, $last) = @_;
		return ($dbh->selectrow_array(
			"SELECT bench.call('$function(jsonb)', (SELECT array_agg(command ORDER BY n) FROM bench.commands WHERE n BETWEEN $first AND $last))"))[0];
	};
}
my $replay_work = sub {
	my ($dbh, $first, $last) = @_;
	return ($dbh->selectrow_array("SELECT bench.replay($first, $last)"))[0];
};
sub load_floor {
	my ($dbh) = @_;
	my ($statements, $sources) = floor_steps($dbh);
	$dbh->selectrow_array('SELECT bench.load(?, ?)', undef, $statements, $sources);
}

sub rows_text {
	my ($rows, $n) = @_;
	my ($ins, $upd) = (0, 0);
	for my $key (keys %$rows) { $key =~ /ins$/ ? ($ins += $rows->{$key}) : ($upd += $rows->{$key}) }
	return sprintf('%g + %g', $ins / $n, $upd / $n);
}
# The floor is one only if it wrote the same rows of the same tables.
sub compare_rows {
	my ($result) = @_;
	my ($oms, $floor) = map { $json->encode($result->{$_}{rows}) } qw(oms floor);
	return 'same' if $oms eq $floor;
	warn "oms and floor wrote other rows: $oms, $floor\n";
	return '**other rows**';
}

# --- workloads

sub tree_commands {
	my ($prefix, $i) = @_;
	my $id = sprintf('%s%06d', $prefix, $i);
	return (order_command($id), slice_command("$id-1", $id), slice_command("$id-1-1", "$id-1"));
}

sub workload {
	my ($name, $n) = @_;
	my @numbers = shuffle(1 .. $n);
	my $id = sub { sprintf('B%06d', $_[0]) };
	return ([], [map { order_command($id->($_)) } 1 .. $n]) if $name eq 'create';
	return ([map { order_command($id->($_)) } 1 .. $n], [map { fill_command($id->($_)) } @numbers]) if $name eq 'fill';
	return ([map { order_command($id->($_)) } 1 .. $n], [map { fill_command($id->($_), commandId => new_uuid()) } @numbers])
		if $name eq 'fill_id';
	return ([map { tree_commands('T', $_) } 1 .. $n], [map { fill_command(sprintf('T%06d-1-1', $_)) } @numbers]) if $name eq 'fill3';
	return ([map { order_command($id->($_)) } 1 .. $n], [map { cancel_command($id->($_)) } @numbers]) if $name eq 'cancel';
	return ([map { block_scene($_) } 1 .. $n], [map { block_fill($_) } @numbers]) if $name eq 'block';
	return ([map { (block_scene($_), block_fill($_)) } 1 .. $n], [map { bust_command("F$_") } @numbers]) if $name eq 'block_bust';
	return quote_workload($name, $n) if $name =~ /^(quote|accept|deal)$/;
	die "run.pl: no workload $name\n";
}

my %title = (create => 'create', fill => 'fill of a single order', fill3 => 'fill at depth 3', cancel => 'cancel',
	fill_id => 'fill with commandId');
my %peer = (create => 'peer.create_order', fill => 'peer.execute_order', fill3 => 'peer.execute_order',
	cancel => 'peer.cancel_order', fill_id => 'peer.execute_order');

# --- 1: a loop inside one backend

# Each workload by oms, floor and peer: a row of figures for `per` commands, and one of what they wrote.
# A workload: name, title, n (commands measured), per, peer.
sub loop_rows {
	my (@workloads) = @_;
	my (@rows, @written);
	for my $w (@workloads) {
		my ($n, $per) = ($w->{n}, $w->{per} // 1);
		my $warm = $per * int($n / $per / 8);
		progress("loop: $w->{name}");
		make_base("bench_$w->{name}", workload($w->{name}, $n + $warm));
		my @contestants = (
			{ name => 'oms', work => call_work('oms_command') },
			{ name => 'floor', work => $replay_work, setup => \&load_floor },
			{ name => 'peer', work => call_work($w->{peer}) });
		$_->{db} = 'bench_run' for @contestants;
		my (%us, %wal, $last);
		for my $round (1 .. $size{rounds}) {
			new_db('bench_run', "bench_$w->{name}");
			$last = contest($warm, $n, $per * int(100 / $per), @contestants);
			push @{ $us{$_} }, $last->{$_}{us} * $per for keys %$last;
			push @{ $wal{$_} }, $last->{$_}{wal} * $per for keys %$last;
			push @contestants, shift @contestants;
		}
		drop_db('bench_run', "bench_$w->{name}");
		my @floor = map { $us{oms}[$_] / $us{floor}[$_] } 0 .. $#{ $us{oms} };
		my @peer = map { $us{oms}[$_] / $us{peer}[$_] } 0 .. $#{ $us{oms} };
		push @rows, [$w->{title}, (map { sprintf('%.1f', median(@{ $us{$_} })) } qw(oms floor peer)),
			sprintf('%.2f (%s)', median(@floor), spread(@floor)), '≤ 1.50, ' . verdict(median(@floor) <= 1.5),
			sprintf('%.2f (%s)', median(@peer), spread(@peer)), '≤ 0.33, ' . verdict(median(@peer) <= 1 / 3 + 0.005)];
		push @written, [$w->{title}, (map { rows_text($last->{$_}{rows}, $n / $per) } qw(oms floor peer)),
			(map { sprintf('%.0f', median(@{ $wal{$_} })) } qw(oms floor peer)), compare_rows($last)];
	}
	table(['command', 'oms_command', 'floor', 'PL/pgSQL', '÷ floor', 'aim', '÷ PL/pgSQL', 'aim'], @rows);
	say_out("What they wrote for each (rows inserted + updated; bytes of WAL):\n");
	table(['command', 'rows oms', 'rows floor', 'rows PL/pgSQL', 'WAL oms', 'WAL floor', 'WAL PL/pgSQL', 'oms and floor'], @written);
}

sub section_loop {
	my $n = $size{loop};
	say_out("## 1. Server time for each command, in a loop inside one backend\n");
	say_out("µs for each command: medians of $size{rounds} runs of $n commands; in brackets the lowest and highest ratio of a run.\n");
	loop_rows(map { { name => $_, title => $title{$_}, n => $n, peer => $peer{$_} } } qw(create fill fill3 cancel fill_id));
}

# --- 2: clients

sub write_file {
	my ($name, $text) = @_;
	open(my $file, '>', "$ENV{OMS_BENCH_TMP}/$name") or die "cannot write $name: $!\n";
	print $file $text;
	close $file or die "cannot write $name: $!\n";
	return "$ENV{OMS_BENCH_TMP}/$name";
}

# An expression that builds a command's text from pgbench's variables and parses it, as a parameter of type jsonb would be.
my %real_script = (
	create => <<'SQL',
\set k (:client_id + 1) * 100000000 + :run * 1000000 + :i
\set i :i + 1
SELECT oms_command(('{"commandType":"CreateOrderCommand","orderId":"Q' || :k::text || '","symbol":"VOD.L","side":"BUY","orderQty":1000000,"ordType":"LIMIT","price":1.25,"account":"A1","currency":"GBP"}')::jsonb);
SQL
	fill => <<'SQL',
\set k (:client_id + 1) * 100000000 + :run * 1000000 + :i
\set i :i + 1
\set o 100000 + :client_id * :each + random(1, :each)
SELECT oms_command(('{"commandType":"ExecuteOrderCommand","orderId":"B' || :o::text || '","execID":"X' || :k::text || '","lastQty":1,"lastPx":1.25}')::jsonb);
SQL
	fill3 => <<'SQL',
\set k (:client_id + 1) * 100000000 + :run * 1000000 + :i
\set i :i + 1
\set o 100000 + :client_id * :each + random(1, :each)
SELECT oms_command(('{"commandType":"ExecuteOrderCommand","orderId":"T' || :o::text || '-1-1","execID":"X' || :k::text || '","lastQty":1,"lastPx":1.25}')::jsonb);
SQL
	cancel => <<'SQL',
\set k (:client_id + 1) * 100000000 + :run * 1000000 + :i
\set i :i + 1
SELECT oms_command(('{"commandType":"CreateOrderCommand","orderId":"Q' || :k::text || '","symbol":"VOD.L","side":"BUY","orderQty":1000000,"ordType":"LIMIT","price":1.25,"account":"A1","currency":"GBP"}')::jsonb);
SELECT oms_command(('{"commandType":"CancelOrderCommand","orderId":"Q' || :k::text || '"}')::jsonb);
SQL
);
# What makes the recorded rows new ones: the keys of unique indexes.
my %new_execution = (
	'executions.id' => "(left(r.id, 27) || :k::text)",
	'executions.exec_id' => "('X' || :k::text)",
	'execution_events.aggregate_id' => "(left(r.aggregate_id, 27) || :k::text)",
	'execution_events.sequence' => "nextval('floor.event_sequence')",
	'order_events.sequence' => "nextval('floor.event_sequence')",
	'order_events.version' => ':k::bigint');
my %new_order = (
	'root_ids.id' => "('Q' || :k::text)",
	'orders.id' => "('Q' || :k::text)",
	'orders.root_id' => "('Q' || :k::text)",
	'order_events.aggregate_id' => "('Q' || :k::text)",
	'order_events.root_id' => "('Q' || :k::text)",
	'order_events.sequence' => "nextval('floor.event_sequence')");
my $floor_head = <<'SQL';
\set k (:client_id + 1) * 100000000 + :run * 1000000 + :i
\set i :i + 1
\set o :client_id * :each + random(1, :each)
SQL
my $clients_max = 8;

# Commands a second; each run has numbers of its own.
my $pgbench_run = 0;
sub pgbench {
	my ($db, $script, $clients, $sync, $seconds, %vars) = @_;
	$vars{run} = ++$pgbench_run % 99;
	$vars{i} = 0;
	local $ENV{PGOPTIONS} = "-c synchronous_commit=$sync -c plan_cache_mode=force_generic_plan";
	my $command = join(' ', 'pgbench', '-n', '-M', 'prepared', '-c', $clients, '-j', min($clients, 2), '-T', $seconds, '-f', $script,
		(map { "-D $_=$vars{$_}" } sort keys %vars), $db, '2>&1');
	my $text = `$command`;
	$text =~ /number of failed transactions: 0 / && $text !~ /ERROR|aborted/ && $text =~ /tps = ([\d.]+) \(without/
		or die "pgbench failed:\n$text\n";
	return $1;
}

sub section_clients {
	my $each = 100;
	my $count = $each * $clients_max;
	my @rows;
	my %scene = (
		create => [[], [map { order_command("B$_") } 1 .. $count]],
		fill => [[map { order_command('B' . (100000 + $_)) } 1 .. $count], [map { fill_command('B' . (100000 + $_)) } 1 .. $count]],
		fill3 => [[map { my $id = 'T' . (100000 + $_); (order_command($id), slice_command("$id-1", $id), slice_command("$id-1-1", "$id-1")) } 1 .. $count],
			[map { fill_command('T' . (100000 + $_) . '-1-1') } 1 .. $count]],
		# first all that are created, then their cancels
		cancel => [[], [(map { order_command("B$_") } 1 .. $count), (map { cancel_command("B$_") } 1 .. $count)]]);
	my %name = (create => 'create', fill => 'fill of a single order', fill3 => 'fill at depth 3', cancel => 'create, then cancel');
	for my $w ($quick ? qw(fill) : qw(fill create fill3 cancel)) {
		make_base("bench_c_$w", @{ $scene{$w} });
		my $dbh = connection("bench_c_$w");
		my $floor = $w eq 'create' ? floor_statement($dbh, ':o', %new_order) . ";\n"
			: $w eq 'cancel' ? floor_statement($dbh, ':o', %new_order, kind => "n <= $count") . ";\n"
				. floor_statement($dbh, "(:o + $count)", %new_order, kind => "n > $count") . ";\n"
			: floor_statement($dbh, ':o', %new_execution) . ";\n";
		$dbh->disconnect;
		my %script = (oms => write_file("$w.sql", $real_script{$w}), floor => write_file("floor_$w.sql", $floor_head . $floor));
		for my $sync (qw(on off)) {
			for my $clients (1, $clients_max) {
				progress("clients: $w, $clients, synchronous_commit $sync");
				new_db('bench_run', "bench_c_$w");
				my %rate;
				my @order = qw(oms floor);
				for my $round (0 .. $size{client_rounds}) {
					for my $c (@order) {
						my $rate = pgbench('bench_run', $script{$c}, $clients, $sync, $round == 0 ? 1 : $size{seconds}, each => $each);
						push @{ $rate{$c} }, $rate if $round > 0;    # the first warms up
					}
					@order = reverse @order;
				}
				drop_db('bench_run');
				my @ratio = map { $rate{oms}[$_] / $rate{floor}[$_] } 0 .. $#{ $rate{oms} };
				my $aim = $sync eq 'on' && $clients == $clients_max;
				push @rows, [$name{$w}, $clients, $sync, (map { sprintf('%.0f', median(@{ $rate{$_} })) } qw(oms floor)),
					sprintf('%.2f (%s)', median(@ratio), spread(@ratio)), $aim ? '≥ 0.95, ' . verdict(median(@ratio) >= 0.945) : ''];
			}
		}
		drop_db("bench_c_$w");
	}
	say_out("## 2. Through clients\n");
	say_out("Transactions a second (pgbench, prepared protocol), against one prepared statement that writes the same rows; "
		. "medians of $size{client_rounds} runs of " . $size{seconds} . " s.\n");
	table(['command', 'clients', 'synchronous_commit', 'oms_command', 'one statement', 'ratio', 'aim'], @rows);
}

# --- 3: batches

sub batch_commands {
	my ($fills, $orders, $batch, $one_order) = @_;
	my @batches;
	for my $b (1 .. $fills / $batch) {
		my @pick = $one_order ? (($b - 1) % $orders) x $batch : (shuffle(0 .. $orders - 1))[0 .. $batch - 1];
		push @batches, [map { fill_command(sprintf('B%06d', $_ + 1)) } @pick];
	}
	return @batches;
}

sub section_batches {
	my @rows;
	for my $case ([1], [10], [100], [1000], [100, 'one order']) {
		my ($batch, $one) = @$case;
		progress('batches of', $batch, $one // '');
		my $orders = max(1000, $size{batch_fills});
		my $fills = $batch == 1000 ? max(3000, $size{batch_fills}) : $size{batch_fills};
		my $warm = $batch == 1000 ? 1 : $fills / $batch / 5;
		my $calls = $fills / $batch;
		my @commands = batch_commands($fills + $warm * $batch, $orders, $batch, $one);
		make_base('bench_b', [map { order_command(sprintf('B%06d', $_)) } 1 .. $orders], \@commands);
		my $dbh = connection('bench_b');
		my $floor = floor_statement($dbh, '$1');
		$dbh->disconnect;
		my @contestants = ({ name => 'oms', db => 'bench_run', work => sub {
				my ($dbh, $first, $last) = @_;
				return ($dbh->selectrow_array("SELECT bench.execute('SELECT count(*) FROM oms_commands(\$1)', "
					. "(SELECT array_agg(command ORDER BY n) FROM bench.commands WHERE n BETWEEN $first AND $last))"))[0];
			} },
			{ name => 'floor', db => 'bench_run', work => sub {
				my ($dbh, $first, $last) = @_;
				return ($dbh->selectrow_array("SELECT bench.execute(?, (SELECT array_agg(n ORDER BY n) FROM generate_series($first, $last) n))",
					undef, $floor))[0];
			} });
		my (%us, $last);
		for my $round (1 .. $size{rounds}) {
			new_db('bench_run', 'bench_b');
			$last = contest($warm, $calls, max(1, 100 / $batch), @contestants);
			push @{ $us{$_} }, $last->{$_}{us} / $batch for keys %$last;
			@contestants = reverse @contestants;
		}
		drop_db('bench_run', 'bench_b');
		compare_rows($last);
		my @ratio = map { $us{oms}[$_] / $us{floor}[$_] } 0 .. $#{ $us{oms} };
		push @rows, [$batch . ($one ? ', all of one order' : ''), (map { sprintf('%.1f', median(@{ $us{$_} })) } qw(oms floor)),
			sprintf('%.2f (%s)', median(@ratio), spread(@ratio)),
			$batch == 100 && !$one ? '≤ 2.00, ' . verdict(median(@ratio) <= 2) : '',
			rows_text($last->{oms}{rows}, $calls * $batch)];
	}
	say_out("## 3. Batches\n");
	say_out("µs for each fill through `oms_commands`, against one set-based statement that writes the same rows; fills of different "
		. "orders unless it says otherwise. Medians of $size{rounds} runs.\n");
	table(['fills in a batch', 'oms_commands', 'set-based', 'ratio', 'aim', 'rows for each fill'], @rows);
}

# --- 4: one tree, many orders, wide trees

sub fill_script {
	my ($order) = @_;
	return <<SQL;
\\set k (:client_id + 1) * 100000000 + :run * 1000000 + :i
\\set i :i + 1
SELECT oms_command(('{"commandType":"ExecuteOrderCommand","orderId":"' || $order || '","execID":"X' || :k::text || '","lastQty":1,"lastPx":1.25}')::jsonb);
SQL
}

sub scale_trees {
	new_db('bench_s', 'bench_template');
	my $dbh = connection('bench_s');
	prepare_scene($dbh, background(), map { my $t = $_; (order_command("T$t"), map { slice_command("T$t-$_", "T$t", orderQty => 100000) } 0 .. 7) } 0 .. 7);
	$dbh->do('VACUUM ANALYZE');
	$dbh->disconnect;
	my $one = write_file('one_tree.sql', fill_script("'T0-' || :client_id::text"));
	my $eight = write_file('eight_trees.sql', fill_script("'T' || :client_id::text || '-0'"));
	my @cases = (['1 on one tree', $one, 1], ['8 on one tree', $one, 8], ['8 on 8 trees', $eight, 8]);
	my @rows;
	for my $sync (qw(on off)) {
		progress("scale: trees, synchronous_commit $sync");
		my %rate;
		for my $round (0 .. $size{tree_rounds}) {
			for my $case (@cases) {
				my $rate = pgbench('bench_s', $case->[1], $case->[2], $sync, 1);
				push @{ $rate{ $case->[0] } }, $rate if $round > 0;
			}
			push @cases, shift @cases;
		}
		my @names = ('1 on one tree', '8 on one tree', '8 on 8 trees');
		my @ratio = map { $rate{ $names[1] }[$_] / $rate{ $names[0] }[$_] } 0 .. $size{tree_rounds} - 1;
		push @rows, [$sync, (map { sprintf('%.0f', median(@{ $rate{$_} })) } @names),
			sprintf('%.2f (%s)', median(@ratio), spread(@ratio)), '≥ 1.00, ' . verdict(median(@ratio) >= 0.995)];
	}
	drop_db('bench_s');
	say_out("Fills a second by clients in one tree and in trees of their own; medians of $size{tree_rounds} runs.\n");
	table(['synchronous_commit', '1 client, one tree', '8 clients, one tree', '8 clients, 8 trees', '8 ÷ 1 on one tree', 'aim'], @rows);
}

sub scale_resting {
	my $n = $size{scale};
	progress("scale: $size{resting} resting orders");
	new_db($_, 'bench_template') for qw(bench_none bench_resting);
	my $dbh = connection('bench_none');
	prepare_scene($dbh, background());
	$dbh->disconnect;
	$dbh = connection('bench_resting');
	prepare_scene($dbh, background());
	for my $thousand (0 .. $size{resting} / 1000 - 1) {
		prepare_scene($dbh, map { order_command('R' . ($thousand * 1000 + $_)) } 1 .. 1000);
	}
	$dbh->disconnect;
	in_db($_, 'VACUUM ANALYZE') for qw(bench_none bench_resting);
	my %us;
	my @contestants = map { { name => $_, db => "bench_$_", work => call_work('oms_command') } } qw(none resting);
	for my $round (1 .. $size{rounds}) {
		my @ids = map { "S$round-$_" } 1 .. $n + 100;
		for my $w (qw(create fill cancel)) {
			my @commands = map { $w eq 'create' ? order_command($_) : $w eq 'fill' ? fill_command($_) : cancel_command($_) }
				$w eq 'create' ? @ids : shuffle(@ids);
			for my $c (@contestants) {
				my $dbh = connection($c->{db});
				store_commands($dbh, @commands);
				$dbh->disconnect;
			}
			my $result = contest(100, $n, 100, @contestants);
			push @{ $us{$w}{$_} }, $result->{$_}{us} for qw(none resting);
		}
		@contestants = reverse @contestants;
	}
	drop_db(qw(bench_none bench_resting));
	my @rows;
	for my $w (qw(create fill cancel)) {
		my %t = %{ $us{$w} };
		my @ratio = map { $t{resting}[$_] / $t{none}[$_] } 0 .. $#{ $t{none} };
		my $noise = (max(@{ $t{none} }) - min(@{ $t{none} })) / median(@{ $t{none} });
		push @rows, [$w, (map { sprintf('%.1f', median(@{ $t{$_} })) } qw(none resting)), sprintf('%.2f (%s)', median(@ratio), spread(@ratio)),
			sprintf('%.0f %%', 100 * $noise), 'within noise, ' . verdict(median(@ratio) - 1 <= max($noise, 0.05))];
	}
	say_out("µs for each command in one backend with no other order and with $size{resting} resting ones; noise: how far the "
		. "slowest and the fastest of $size{rounds} runs without them are apart.\n");
	table(['command', 'none', 'resting', 'ratio', 'noise', 'aim'], @rows);
}

sub scale_slices {
	my $n = $size{scale};
	my %slices = (small => 10, wide => 10_000);
	progress('scale: trees of 10 and of 10,000 slices');
	new_db('bench_s', 'bench_template');
	my $dbh = connection('bench_s');
	prepare_scene($dbh, background());
	for my $tree (keys %slices) {
		prepare_scene($dbh, order_command($tree, orderQty => 1_000_000_000),
			map { slice_command("$tree-$_", $tree, orderQty => 100000) } 1 .. $slices{$tree});
	}
	$dbh->do('VACUUM ANALYZE');
	$dbh->do('SET plan_cache_mode = force_generic_plan');
	$dbh->do('SET synchronous_commit = off');
	my %us;
	my @trees = qw(small wide);
	for my $round (0 .. $size{rounds}) {
		my %turns;
		for my $turn (1 .. $n / 100) {
			for my $tree (@trees) {
				store_commands($dbh, map { fill_command("$tree-" . (1 + int(rand $slices{$tree}))) } 1 .. 100);
				my ($seconds) = $dbh->selectrow_array('CALL bench.run_committing(1, 100, NULL)');
				push @{ $turns{$tree} }, $seconds * 1e6 / 100;
			}
			@trees = reverse @trees;
		}
		$round == 0 or push @{ $us{$_} }, median(@{ $turns{$_} }) for @trees;
	}
	$dbh->disconnect;
	drop_db('bench_s');
	my @ratio = map { $us{wide}[$_] / $us{small}[$_] } 0 .. $#{ $us{wide} };
	say_out("µs for each fill of a random slice, a transaction each, synchronous_commit off; medians of $size{rounds} runs.\n");
	table(['tree of 10 slices', 'tree of 10,000', 'ratio', 'aim'],
		[(map { sprintf('%.1f', median(@{ $us{$_} })) } qw(small wide)), sprintf('%.2f (%s)', median(@ratio), spread(@ratio)),
			'equal, ' . verdict(median(@ratio) <= 1.1)]);
}

sub section_scale {
	say_out("## 4. One tree, many orders, wide trees\n");
	scale_trees();
	scale_resting();
	scale_slices();
}

# --- 5: the execution desk

my $members = 10;

sub bust_command { my ($id) = @_; return { commandType => 'BustExecutionCommand', executionId => $id, execID => 'B' . ++$exec } }

# A block, and the client orders that it works for.
sub block_scene {
	my ($i) = @_;
	return ((map { order_command("M$i-$_") } 1 .. $members),
		{ commandType => 'CreateBlockOrderCommand', orderId => "K$i", members => [map { { orderId => "M$i-$_", quantity => 500000 } } 1 .. $members] });
}
# What is done with one fill of it.
sub block_fill {
	my ($i, $n) = @_;
	return (fill_command("K$i", executionId => 'F' . ($n // $i), lastQty => $members),
		{ commandType => 'AllocateExecutionCommand', orderId => "K$i", method => 'PRO_RATA' });
}

# What several contestants do for each of n units: name => [the commands of a unit, an array each].
sub desk_contest {
	my ($what, $scene, $n, $warm, %units) = @_;
	my (@commands, %first, %each);
	for my $name (keys %units) {
		$first{$name} = @commands;
		$each{$name} = @{ $units{$name}[0] };
		push @commands, map { @$_ } @{ $units{$name} };
	}
	progress("desk: $what");
	new_db('bench_d', 'bench_template');
	my $dbh = connection('bench_d');
	prepare_scene($dbh, background(), @$scene);
	store_commands($dbh, @commands);
	$dbh->do('VACUUM (ANALYZE, FREEZE)');
	$dbh->disconnect;
	my $batches = ref $commands[0] eq 'ARRAY';
	my $call = $batches ? "bench.execute('SELECT count(*) FROM oms_commands(\$1)', c)" : "bench.call('oms_command(jsonb)', c)";
	my @contestants = map {
		my ($from, $each) = ($first{$_}, $each{$_});
		{ name => $_, db => 'bench_run', work => sub {
			my ($dbh, $first, $last) = @_;
			return ($dbh->selectrow_array(sprintf "SELECT $call FROM (SELECT array_agg(command ORDER BY n) AS c FROM bench.commands WHERE n BETWEEN %d AND %d) AS x",
				$from + ($first - 1) * $each + 1, $from + $last * $each))[0];
		} } } sort keys %units;
	my (%us, $last);
	for my $round (1 .. $size{rounds}) {
		new_db('bench_run', 'bench_d');
		$last = contest($warm, $n, $batches ? 1 : 10, @contestants);
		push @{ $us{$_} }, $last->{$_}{us} for keys %$last;
		push @contestants, shift @contestants;
	}
	drop_db('bench_run', 'bench_d');
	return (\%us, { map { $_ => rows_text($last->{$_}{rows}, $n) } keys %$last });
}

sub desk_row {
	my ($what, $against, $aim, $per, $us, $rows) = @_;
	my @ratio = map { $us->{desk}[$_] / $us->{single}[$_] } 0 .. $#{ $us->{desk} };
	return [$what, $against, (map { sprintf('%.1f', median(@{ $us->{$_} }) / $per) } qw(desk single)), sprintf('%.2f (%s)', median(@ratio), spread(@ratio)),
		$aim ? sprintf('≤ %.2f, %s', $aim, verdict(median(@ratio) <= $aim + 0.005)) : '', $rows->{desk}, $rows->{single}];
}

sub desk_blocks {
	my ($earlier) = @_;
	my $warm = max(10, $size{blocks} / 8);
	my $n = $size{blocks};
	my @all = 1 .. $warm + $n;
	my @scene = ((map { my $i = $_; (block_scene($i), map { block_fill($i, "$i-$_") } 1 .. $earlier) } @all),
		map { my $i = $_; map { order_command("S$i-$_") } 1 .. $members } @all);
	my $more = $earlier ? ", after $earlier others" : '';
	my @single = map { my $i = $_; [map { fill_command("S$i-$_") } 1 .. $members] } @all;
	my @rows = desk_row("a fill of a block, allocated to $members members$more", "$members fills of single orders", $earlier ? undef : 1.2, 1,
		desk_contest("fills of blocks$more", \@scene, $n, $warm, desk => [map { [block_fill($_)] } @all], single => \@single));
	my $fills = 0;
	push @scene, (map { block_fill($_) } @all), map { my $i = $_; map { fill_command("S$i-$_", executionId => 'G' . ++$fills) } 1 .. $members } @all;
	push @rows, desk_row("its bust$more", "$members busts", undef, 1,
		desk_contest("busts through blocks$more", \@scene, $n, $warm, desk => [map { [bust_command("F$_")] } @all],
			single => [map { my $i = $_; [map { bust_command('G' . (($i - 1) * $members + $_)) } 1 .. $members] } @all]));
	return @rows;
}

# Each of an order of its own, and beyond its limit: so it waits.
sub desk_approvals {
	my $calls = $quick ? 2 : 3;
	my $n = 1000 * ($calls + 1);
	my @ids = shuffle(1 .. $n);
	my @scene = ((map { (order_command("R$_"), order_command("S$_")) } 1 .. $n), map { fill_command("R$_", executionId => "W$_", lastPx => '1.26') } 1 .. $n);
	my $batch = sub { my ($make) = @_; return [map { my $first = 1000 * $_; [[map { $make->($ids[$_]) } $first .. $first + 999]] } 0 .. $calls] };
	return desk_row('1,000 approvals in one call', '1,000 fills in one call', undef, 1000, desk_contest('approvals', \@scene, $calls, 1,
		desk => $batch->(sub { return { commandType => 'ApproveExecutionCommand', executionId => "W$_[0]", reason => 'the broker confirmed it' } }),
		single => $batch->(sub { return fill_command("S$_[0]") })));
}

sub section_desk {
	my @rows = (desk_blocks(0), desk_blocks(20), desk_approvals());
	say_out("## 5. The execution desk\n");
	say_out("µs for each, in a loop inside one backend, against the same of single orders (for each fill of the calls of 1,000); medians of $size{rounds} runs of $size{blocks} blocks. "
		. "An allocated fill is two commands, and each has a block of its own.\n");
	table(['what', 'against', 'µs', 'µs of that', 'ratio', 'aim', 'rows', 'rows of that'], @rows);
}

# --- 6: quotes

sub request_command {
	my ($i) = @_;
	return { commandType => 'CreateQuoteRequestCommand', quoteRequestId => "R$i", quoteReqID => "RQ$i", symbol => 'EUR/USD', side => 'BUY', orderQty => 1000000,
		account => 'A1', currency => 'EUR', settlType => '0', expireTime => '2099-01-01T00:00:00Z', dealers => \@dealers };
}
sub quote_command {
	my ($i, $dealer) = @_;
	return { commandType => 'CreateQuoteCommand', quoteId => "Q$i-$dealer", quoteRequestId => "R$i", quoteID => "QN$i-$dealer", dealer => $dealers[ $dealer - 1 ],
		bidPx => '1.0998', offerPx => "1.100$dealer", bidSize => 5000000, offerSize => 5000000 };
}
sub accept_command {
	my ($i) = @_;
	return { commandType => 'AcceptQuoteCommand', quoteId => "Q$i-1", orderId => "D$i", clOrdID => "DC$i" };
}

sub quote_workload {
	my ($name, $n) = @_;
	my $requests = int(($n + @dealers - 1) / @dealers);
	my $asked = sub { my ($i) = @_; return (request_command($i), map { quote_command($i, $_) } 1 .. @dealers) };
	return ([map { request_command($_) } 1 .. $requests], [map { my $i = $_; map { quote_command($i, $_) } 1 .. @dealers } 1 .. $requests]) if $name eq 'quote';
	return ([map { $asked->($_) } 1 .. $n], [map { accept_command($_) } shuffle(1 .. $n)]) if $name eq 'accept';
	return ([], [map { ($asked->($_), accept_command($_)) } 1 .. $n / (@dealers + 2)]);
}

sub section_quotes {
	my $n = $size{deals};
	my $each = @dealers + 2;
	say_out("## 6. Quotes\n");
	say_out("µs for each, in a loop inside one backend; medians of $size{rounds} runs of $n requests. An acceptance makes an order and seven events: the order, the accepted quote, four that are declined, the request.\n");
	loop_rows(
		{ name => 'quote', title => 'a quote', n => @dealers * $n, peer => 'peer.quote_command' },
		{ name => 'accept', title => 'an acceptance of one of five quotes', n => $n, peer => 'peer.quote_command' },
		{ name => 'deal', title => 'a request, five quotes, an acceptance', n => $each * $n, per => $each, peer => 'peer.quote_command' });
}

# --- 8: rules

# What a desk asks of a fill; all of it holds.
my @fill_rules = (
	q{(command ->> 'lastPx')::numeric <= parent.price * 1.1}, q{(command ->> 'lastQty')::numeric <= 100000}, q{parent.status <> 'SUSPENDED'},
	q{parent.symbol LIKE 'V%'}, q{coalesce(command ->> 'lastMkt', 'XLON') IN ('XLON', 'XPAR')}, q{root.account <> 'A2'},
	q{parent.executed_quantity + (command ->> 'lastQty')::numeric <= root.order_qty}, q{(command ->> 'lastPx')::numeric * (command ->> 'lastQty')::numeric < 1000000},
	q{cur IS NULL AND parent.currency = 'GBP'}, q{now() - parent.created_at < interval '30 days'});

sub section_rules {
	my $n = $size{loop};
	my %rules = (none => 0, one => 1, ten => 10);
	my (@rows, %us);
	progress('rules');
	for my $db (keys %rules) {
		new_db("bench_$db", 'bench_template');
		my $dbh = connection("bench_$db");
		$dbh->do(q{INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES (?, 'execution', 'ExecuteOrderCommand', ?, 'no')}, undef, "r$_", $fill_rules[$_])
			for 0 .. $rules{$db} - 1;
		prepare_scene($dbh, background(), map { order_command("O$_") } 1 .. $n + 100);
		$dbh->do('VACUUM ANALYZE');
		$dbh->disconnect;
	}
	my @contestants = map { { name => $_, db => "bench_$_", work => call_work('oms_command') } } qw(none one ten);
	for my $round (1 .. $size{rounds}) {
		for my $c (@contestants) {
			my $dbh = connection($c->{db});
			store_commands($dbh, map { fill_command("O$_") } shuffle(1 .. $n + 100));
			$dbh->disconnect;
		}
		my $result = contest(100, $n, 100, @contestants);
		push @{ $us{$_} }, $result->{$_}{us} for keys %rules;
		push @contestants, shift @contestants;
	}
	drop_db(map { "bench_$_" } keys %rules);
	for my $db (qw(one ten)) {
		my @ratio = map { $us{$db}[$_] / $us{none}[$_] } 0 .. $#{ $us{none} };
		push @rows, [$rules{$db}, (map { sprintf('%.1f', median(@{ $us{$_} })) } $db, 'none'), sprintf('%.2f (%s)', median(@ratio), spread(@ratio)),
			$db eq 'ten' ? '≤ 1.15, ' . verdict(median(@ratio) <= 1.155) : ''];
	}
	say_out("## 8. Rules\n");
	say_out("µs for each fill of a single order, in a loop inside one backend, with enabled rules for fills, against the same without; medians of $size{rounds} runs.\n");
	table(['rules', 'µs', 'µs without', 'ratio', 'aim'], @rows);
}

# A client order through five rules, and placed as three children, against the commands that are behind it in one call.
sub section_submit {
	my $n = $size{loop};
	my $warm = 100;
	my @all = 1 .. $n + $warm;
	my @rules = (q{cur.order_qty > 2000000}, q{cur.symbol = 'GAZP.MM'}, q{cur.price * cur.order_qty > 10000000}, q{cur.ord_type = 'MARKET' AND cur.order_qty > 100}, q{cur.account LIKE 'B%'});
	my @destinations = (['XLON', 333334], ['XPAR', 333333], ['XAMS', 333333]);
	progress('submit');
	new_db('bench_d', 'bench_template');
	my $dbh = connection('bench_d');
	$dbh->do(q{INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES (?, ?, ?, 'DESK', 'no')}, undef, "r$_", $_, $rules[$_]) for 0 .. $#rules;
	$dbh->do(q{INSERT INTO oms.placement_policies (name, priority, predicate, destinations) VALUES ('three', 1, 'true', ?)}, undef, as_json([map { { destination => $_->[0] } } @destinations]));
	prepare_scene($dbh, background());
	store_commands($dbh, (map { my %c = %{ order_command("S$_", clOrdID => "S$_") }; delete $c{commandType}; \%c } @all),
		map { my $i = $_; my $k = 0;
			[order_command("C$i", clOrdID => "C$i"), { commandType => 'PlaceOrderCommand', orderId => "C$i",
				children => [map { { clOrdID => "C$i-" . ++$k, orderQty => $_->[1], ordType => 'LIMIT', price => '1.25', destination => $_->[0] } } @destinations] }] } @all);
	my $us = service_contest($dbh, 'SubmitClientOrder', scalar @all, $warm, $n);
	say_out("µs for a client order that five rules of routing read, and that a policy places as three children, against CreateOrderCommand and PlaceOrderCommand in one oms_commands(); medians of $size{rounds} runs.\n");
	table(['what', 'µs', 'µs of the commands', 'ratio', 'aim'], service_row('SubmitClientOrder', $us));
}

# The first half of what is stored are arguments of a service, the second one the arrays of the commands that it gives.
sub service_contest {
	my ($dbh, $service, $count, $warm, $n) = @_;
	my %statement = (service => "SELECT oms_service('$service', \$1)", commands => q{SELECT count(*) FROM oms_commands($1)});
	my %offset = (service => 0, commands => $count);
	my %us;
	$dbh->do('VACUUM (ANALYZE, FREEZE)');
	$dbh->disconnect;
	my @contestants = map { my $name = $_; { name => $name, db => 'bench_run', work => sub {
		my ($dbh, $first, $last) = @_;
		return ($dbh->selectrow_array('SELECT bench.execute(?, (SELECT array_agg(command ORDER BY n) FROM bench.commands WHERE n BETWEEN ? AND ?))', undef,
			$statement{$name}, $first + $offset{$name}, $last + $offset{$name}))[0];
	} } } qw(service commands);
	for my $round (1 .. $size{rounds}) {
		new_db('bench_run', 'bench_d');
		my $result = contest($warm, $n, 10, @contestants);
		for my $rows ('orders ins', 'order_events ins') {
			die "what is compared does not write the same $rows" if ($result->{service}{rows}{$rows} // 0) != ($result->{commands}{rows}{$rows} // 0);
		}
		push @{ $us{$_} }, $result->{$_}{us} for keys %$result;
		push @contestants, shift @contestants;
	}
	drop_db('bench_run', 'bench_d');
	return \%us;
}

sub service_row {
	my ($name, $us) = @_;
	my @ratio = map { $us->{service}[$_] / $us->{commands}[$_] } 0 .. $#{ $us->{service} };
	return [$name, (map { sprintf('%.1f', median(@{ $us->{$_} })) } qw(service commands)), sprintf('%.2f (%s)', median(@ratio), spread(@ratio)), '≤ 1.20, ' . verdict(median(@ratio) <= 1.205)];
}

# --- 9: an asset class

# Ten attributes, of every type; all that is given is right.
my %class = (
	issuer => { type => 'text', required => JSON::PP::true, max => 64 }, ratio => { type => 'number', min => 0.01, max => 100 }, strike => { type => 'number', required => JSON::PP::true, min => 0 },
	callable => { type => 'boolean' }, maturity => { type => 'date', min => '2026-01-01' }, fixedAt => { type => 'time' }, kind => { type => 'enumeration', allowed => [qw(PUT CALL)] },
	style => { type => 'enumeration', allowed => [qw(CASH PHYSICAL)], default => 'CASH' }, isin => { type => 'pattern', pattern => '[A-Z]{2}[A-Z0-9]{9}[0-9]', mutable => JSON::PP::false },
	desk => { type => 'text', allowed => [qw(EQ FI FX)] });
my %attributes = (issuer => 'Bank', ratio => 0.1, strike => 99.5, callable => JSON::PP::true, maturity => '2026-12-18', fixedAt => '2026-12-18T16:00:00Z', kind => 'CALL', style => 'CASH',
	isin => 'DE000A1EWWW0', desk => 'EQ');

sub section_classes {
	my $n = $size{loop};
	my (@rows, %us);
	progress('classes');
	for my $db (qw(free class)) {
		new_db("bench_$db", 'bench_template');
		my $dbh = connection("bench_$db");
		$dbh->do('SELECT oms.register_asset_class(?, ?)', undef, 'warrant', $json->encode({ attributes => \%class })) if $db eq 'class';
		prepare_scene($dbh, background());
		$dbh->do('VACUUM ANALYZE');
		$dbh->disconnect;
	}
	my @contestants = map { { name => $_, db => "bench_$_", work => call_work('oms_command') } } qw(free class);
	for my $round (1 .. $size{rounds}) {
		for my $c (@contestants) {
			my $dbh = connection($c->{db});
			store_commands($dbh, map { { %{ order_command("C$round.$_") }, assetClass => 'warrant', attributes => \%attributes } } 1 .. $n + 100);
			$dbh->disconnect;
		}
		my $result = contest(100, $n, 100, @contestants);
		push @{ $us{$_} }, $result->{$_}{us} for qw(free class);
		@contestants = reverse @contestants;
	}
	drop_db(qw(bench_free bench_class));
	my @ratio = map { $us{class}[$_] / $us{free}[$_] } 0 .. $#{ $us{free} };
	push @rows, [10, (map { sprintf('%.1f', median(@{ $us{$_} })) } qw(class free)), sprintf('%.2f (%s)', median(@ratio), spread(@ratio)), '≤ 1.1, ' . verdict(median(@ratio) <= 1.105)];
	say_out("## 9. Asset classes\n");
	say_out("µs for each create of an order with ten attributes, in a loop inside one backend, of a registered class that has all ten, against the same of no registered class; medians of $size{rounds} runs.\n");
	table(['attributes', 'µs', 'µs without', 'ratio', 'aim'], @rows);
}

# --- 10: services

# An order and three children, by a loop of the definition; and the cancel of such a tree that never left.
my $with_children = q({"arguments": {"order": {"type": "object", "required": true}, "slices": {"type": "objects", "required": true}},
  "steps": [{"name": "create", "command": "CreateOrderCommand", "with": {FIELDS}},
    {"name": "slice", "for_each": {"argument": "slices"}, "as": "s", "command": "CreateOrderCommand",
     "with": {"orderId": {"each": "s", "path": "orderId"}, "parentId": {"step": "create", "path": "state.orderId"}, "orderQty": {"each": "s", "path": "orderQty"},
       "ordType": "LIMIT", "price": {"each": "s", "path": "price"}, "destination": {"each": "s", "path": "destination"}}}]});

sub section_services {
	my $n = $size{loop};
	my $warm = 100;
	my @all = 1 .. $n + $warm;
	my $sliced = sub { my ($id) = @_; return map { slice_command("$id-$_", $id, orderQty => 300000) } 1 .. 3 };
	my $strip = sub { my ($command) = @_; my %c = %$command; delete @c{qw(commandType parentId)}; return \%c };
	my @rows;
	progress('services: a definition');
	(my $definition = $with_children) =~ s/FIELDS/join ', ', map { qq("$_": {"argument": "order", "path": "$_"}) } grep { $_ ne 'commandType' } sort keys %{ order_command('x') }/e;
	new_db('bench_d', 'bench_template');
	my $dbh = connection('bench_d');
	$dbh->do(q{INSERT INTO oms.services (name, definition) VALUES ('WithChildren', ?)}, undef, $definition);
	prepare_scene($dbh, background());
	store_commands($dbh, (map { { order => $strip->(order_command("S$_")), slices => [map { $strip->($_) } $sliced->("S$_")] } } @all),
		map { [order_command("C$_"), $sliced->("C$_")] } @all);
	push @rows, service_row('an order and three children, by a loop', service_contest($dbh, 'WithChildren', scalar @all, $warm, $n));
	progress('services: CancelClientOrder');
	new_db('bench_d', 'bench_template');
	$dbh = connection('bench_d');
	prepare_scene($dbh, background(), map { (order_command($_), $sliced->($_)) } map { ("S$_", "C$_") } @all);
	store_commands($dbh, (map { { orderId => "S$_" } } @all),
		map { my $i = $_; [map { { commandType => 'CancelOrderCommand', orderId => $_ } } "C$i-3", "C$i-2", "C$i-1", "C$i"] } @all);
	push @rows, service_row('CancelClientOrder, of an order with three children that never left', service_contest($dbh, 'CancelClientOrder', scalar @all, $warm, $n));
	say_out("## 10. Services\n");
	say_out("µs for each call of a service in a loop inside one backend, against the same commands in one oms_commands(); medians of $size{rounds} runs.\n");
	table(['what', 'µs', 'µs of the commands', 'ratio', 'aim'], @rows);
}

require "$Bin/filters.pl";
require "$Bin/queries.pl";
require "$Bin/lifecycle.pl";
require "$Bin/accounts.pl";
require "$Bin/fleet.pl";
require "$Bin/growth.pl";
require "$Bin/capacity.pl";

# --- a profile of the loop

sub profile {
	my ($w) = @_;
	my $n = $w =~ /block|accept/ ? 2000 : 20_000;
	my ($scene, $commands) = $w eq 'batch'
		? ([map { order_command(sprintf('B%06d', $_)) } 1 .. $n], [batch_commands($n, $n, 100)])
		: workload($w, $n);
	new_db('bench_p', 'bench_template');
	my $dbh = connection('bench_p');
	prepare_scene($dbh, background(), @$scene);
	store_commands($dbh, @$commands);
	$dbh->do('VACUUM ANALYZE');
	my $calls = @$commands;
	my $call = $w eq 'batch' ? "bench.execute('SELECT count(*) FROM oms_commands(\$1)', c)" : "bench.call('oms_command(jsonb)', c)";
	my $from = sub { my ($first, $last) = @_;
		return ($dbh->selectrow_array("SELECT $call FROM (SELECT array_agg(command ORDER BY n) AS c FROM bench.commands WHERE n BETWEEN $first AND $last) x"))[0] };
	$from->(1, $calls / 20);
	my ($pid) = $dbh->selectrow_array('SELECT pg_backend_pid()');
	$out //= "$ENV{OMS_BENCH_TMP}/perf.data";
	my $perf = fork // die "cannot fork: $!\n";
	if ($perf == 0) {
		open(STDOUT, '>', '/dev/null');
		open(STDERR, '>', "$ENV{OMS_BENCH_TMP}/perf.log");
		exec('perf', 'record', '-q', '-F', '4000', '--call-graph', 'fp', '-e', $ENV{OMS_PERF_EVENT} // 'cpu-clock:u', '-p', $pid, '-o', $out) or exit 127;
	}
	sleep 1;
	my $seconds = $from->($calls / 20 + 1, $calls);
	kill 'INT', $perf;
	waitpid $perf, 0;
	$dbh->disconnect;
	drop_db('bench_p');
	printf "%s: %.1f µs for each command\n\n", $w, $seconds * 1e6 / ($n * 0.95);
	run("perf report --stdio --no-children -g none --percent-limit 0.4 --sort dso,symbol -i '$out' 2>/dev/null | sed '/^#/d; /^\$/d; s/[ -]*\$//' | head -70");
	print "\nwith what they call:\n\n";
	run("perf report --stdio --children -g none --percent-limit 1.5 --sort symbol -i '$out' 2>/dev/null | sed '/^#/d; /^\$/d; s/[ -]*\$//' | head -70");
}

# --- main

make_template();
if ($profile) {
	profile($profile);
	drop_db('bench_template');
	exit;
}

my $dbh = connection('postgres');
my ($version) = $dbh->selectrow_array("SELECT current_setting('server_version')");
my ($fsync) = $dbh->selectrow_array("SELECT current_setting('fsync')");
$dbh->disconnect;
my ($cpu) = `cat /proc/cpuinfo` =~ /^model name\s*:\s*(.*)/m;
chomp(my $cpus = `nproc`);
say_out("# Performance of oms_state" . ($quick ? ' (quick run)' : '') . "\n");
say_out("PostgreSQL $version, $cpus CPUs (" . ($cpu // 'unknown') . "), fsync $fsync. Ratios are of runs side by side; an aim that was "
	. "missed is printed as it is.\n");
my %section = (loop => \&section_loop, clients => \&section_clients, batches => \&section_batches, scale => \&section_scale,
	desk => \&section_desk, quotes => \&section_quotes, rules => sub { section_rules(); section_submit() }, classes => \&section_classes, services => \&section_services, filters => sub { section_filters($quick) }, queries => sub { section_queries($quick) }, lifecycle => sub { section_lifecycle($quick) }, accounts => sub { section_accounts($quick) }, growth => sub { section_growth($quick) }, capacity => sub { section_capacity($quick) }, fleet => sub { section_fleet($quick) });
$section{$_}->() for @sections;
drop_db('bench_template');
progress('done');

mkdir "$Bin/results";
open(my $file, '>', "$Bin/results/latest.md") or die "cannot write results: $!\n";
print $file @out;
close $file;
