#!/usr/bin/env perl
# The benchmark of the way out: see bench/README.md.  Called by bench/run.sh with a running cluster in PGHOST, PGPORT and PGUSER
# (wal_level = logical, log_replication_commands = on), the password of PGUSER in the file OMS_BENCH_PASSWORD, and the consumer
# (bench/bridge/watch.c) as OMS_BENCH_WATCH.  Its tables go behind those of bench/run.pl in bench/results/latest.md.
#
#   bridge.pl [--quick] [drain|latency|load ...]
use strict;
use warnings;
use FindBin qw($Bin);
use List::Util qw(max sum);
use Time::HiRes qw(time sleep);

use lib "$Bin/bridge", "$Bin/../test/lib";
use Figures qw(median spread ratio percentile verdict table paragraph printed cpu_of peak_memory_of);
use OmsProcess;
use Rig;

my ($quick, @parts);
for my $arg (@ARGV) {
	if    ($arg eq '--quick')                  { $quick = 1 }
	elsif ($arg =~ /^(drain|latency|load)$/) { push @parts, $arg }
	else                                       { die "bridge.pl: no option $arg\n" }
}
@parts = qw(drain latency load) unless @parts;

my %size = $quick
	? (events => 50_000, rounds => 1, debezium_rounds => 1, warm => 3, idle => 8, steady => 10, load_rounds => 3, seconds => 3)
	: (events => 1_000_000, rounds => 3, debezium_rounds => 2, warm => 20, idle => 40, steady => 30, load_rounds => 5, seconds => 5);
$size{events} = $ENV{OMS_BENCH_EVENTS} if $ENV{OMS_BENCH_EVENTS};

my $STEADY = 500;
my $IDLE = 10;
my $CLIENTS = 8;
my @PLUGINS = qw(pgoutput wal2json);
my @MODES = qw(exactly_once low_latency);
my @VARIANTS = ('default', 'tuned', 'exactly once');
my $dir = $ENV{OMS_BENCH_TMP} or die "bridge.pl: bench/run.sh sets OMS_BENCH_TMP\n";
my $started = time;
my ($rig, @ratios);
$| = 1;

sub progress { printf STDERR "%5.0f s  %s\n", time - $started, join(' ', @_); return }
# Without an aim where the issue set none.
sub keep_ratio { my ($what, $figure, $aim, $met) = @_; push @ratios, [ $what, $figure, defined $aim ? "$aim, " . verdict($met) : '' ]; return }

sub new_db {
	my ($db) = @_;
	$rig->admin->do($_) for "DROP DATABASE IF EXISTS $db", "CREATE DATABASE $db";
	my $dbh = $rig->connection($db);
	$dbh->do($_) for 'CREATE EXTENSION oms_state', "SELECT FROM oms.repair_publication('oms_events')";
	return $dbh;
}

# --- 1: draining what was committed meanwhile

# So many events in transactions of one to nine, from two sessions.
sub commit_events {
	my ($db, $events) = @_;
	my $begun = time;
	local $ENV{PGOPTIONS} = '-c synchronous_commit=off';
	my @sessions = map { $rig->spawn("trade$_", {}, 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $db, '-c', "CALL bench.trade('S$_', $events / 2)") } 1, 2;
	for my $session (@sessions) { ($session->wait_exit(3600) // -1) == 0 or die 'no events: ' . $session->log }
	my ($made) = $rig->connection($db)->selectrow_array('SELECT (SELECT count(*) FROM oms.order_events) + (SELECT count(*) FROM oms.execution_events)');
	die "$made events instead of $events\n" if $made != $events;
	$rig->admin->do('CHECKPOINT');
	return time - $begun;
}

sub sample {
	my ($way, $walsender) = @_;
	my $slot = $rig->slot($way->{slot}) // {};
	$$walsender = $slot->{pid} // $$walsender;
	return { time => time, sent => $slot->{sent}, own => cpu_of($way->{process}->pid), broker => cpu_of($rig->{broker}->pid),
		walsender => $$walsender ? cpu_of($$walsender) : undef, peak => peak_memory_of($way->{process}->pid) };
}

# Sample after sample, until all is readable and no more comes; those after the end are thrown away.
sub watch_drain {
	my ($way, $events) = @_;
	my (@samples, $walsender);
	my $still = time;
	while (1) {
		my $sample = sample($way, \$walsender);
		$sample->{readable} = $rig->readable($way->{name});
		$still = $sample->{time} if !@samples || $samples[-1]{readable} != $sample->{readable};
		push @samples, $sample;
		last if $sample->{readable} >= $events && $sample->{time} - $still > 0.7;
		die "$way->{name} has ended:\n" . $way->{process}->log if !$way->{process}->running;
		die "$way->{name} stands still at $sample->{readable} of $events:\n" . $way->{process}->log if $sample->{time} - $still > 60;
		sleep 0.1;
	}
	pop @samples while @samples > 1 && $samples[-2]{readable} == $samples[-1]{readable};
	return @samples;
}

# What arrived is what was committed, each once; the rate is that of the last nine tenths, by the broker's clock.
sub check_topics {
	my ($way, $events) = @_;
	my $said = Rig::run_quietly($ENV{OMS_BENCH_WATCH}, 'count', $rig->{bootstrap}, map { "$way->{name}.$_" } qw(order-events execution-events));
	my %found = $said =~ /(\w+)=(\d+)/g;
	$found{records} == $events && $found{distinct} == $events or die "$way->{name}: $events events were committed, and this arrived: $said\n";
	return 0.9 * $events / (($found{last} - $found{tenth}) / 1000);
}

sub costs {
	my ($events, @samples) = @_;
	my ($first, $last) = @samples[0, -1];
	my %cost = map { $_ => (($last->{$_} // 0) - ($first->{$_} // 0)) / $events * 1e6 } qw(own broker);
	my @walsender = grep { defined } map { $_->{walsender} } @samples;
	return { %cost, walsender => @walsender ? $walsender[-1] / $events * 1e6 : 0, peak => $last->{peak} };
}

sub drain_to_kafka {
	my ($way, $events) = @_;
	my @samples = watch_drain($way, $events);
	$rig->stop($way);
	my $cost = costs($events, @samples);
	$cost->{rate} = check_topics($way, $events);
	$rig->delete_topics($way->{name});
	return $cost;
}

sub drain_bridge {
	my ($db, $events, $round, $mode, $plugin) = @_;
	my $way = $rig->bridge(name => "r$round-$mode-$plugin" =~ s/_/-/r, db => $db, mode => $mode, plugin => $plugin);
	my $cost = drain_to_kafka($way, $events);
	$rig->drop_slot($way->{slot});
	return $cost;
}

sub drain_debezium {
	my ($db, $events, $round, $variant) = @_;
	my %way = (name => "r$round-" . ($variant =~ s/ /-/r), db => $db, variant => $variant, slot => $rig->copy_slot('base_pgoutput', $db));
	$rig->make_topics($way{name}, 'message.timestamp.type' => 'LogAppendTime');
	my $cost = drain_to_kafka($rig->debezium(%way), $events);
	$rig->drop_slot($way{slot});
	return $cost;
}

# The same for pg_recvlogical: its nine tenths are those of the WAL, between samples taken to be even.
sub drain_receiver {
	my ($db, $events, $round, $plugin, $options, $from, $until) = @_;
	my $way = $rig->receiver(name => "r$round-$plugin", db => $db, slot => $rig->copy_slot("base_$plugin", $db), options => $options, until => $until->{lsn});
	my (@samples, $walsender);
	while ($way->{process}->running) { push @samples, sample($way, \$walsender); sleep 0.1 }
	my $end = time;
	$way->{process}->exit_status == 0 or die "pg_recvlogical: " . $way->{process}->log;
	$rig->drop_slot($way->{slot});
	@samples = grep { defined $_->{own} } @samples;
	my $tenth = $from + ($until->{bytes} - $from) / 10;
	my ($before, $after) = ((grep { ($_->{sent} // 0) < $tenth } @samples)[-1], (grep { ($_->{sent} // 0) >= $tenth } @samples)[0]);
	die "pg_recvlogical was too quick to be watched\n" if !$after;
	my $at = !$before->{sent} ? $after->{time}
		: $before->{time} + ($after->{time} - $before->{time}) * ($tenth - $before->{sent}) / ($after->{sent} - $before->{sent});
	return { %{ costs($events, @samples) }, rate => 0.9 * $events / ($end - $at) };
}

# A bridge that has begun before the events are there, and is stopped: it will go on where it was.
sub prepare_bridge {
	my ($db, $round, $mode, $plugin) = @_;
	my $name = "r$round-$mode-$plugin" =~ s/_/-/r;
	$rig->make_topics($name, 'message.timestamp.type' => 'LogAppendTime');
	my $way = $rig->bridge(name => $name, db => $db, mode => $mode, plugin => $plugin);
	$rig->wait_for_bridge($way);
	$rig->stop($way);
	return $way;
}

sub prepare_drain {
	my ($db) = @_;
	my $dbh = new_db($db);
	$dbh->disconnect;
	Rig::run_quietly('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $db, '-f', "$Bin/bridge/load.sql");
	$dbh = $rig->connection($db);
	$dbh->do("SELECT FROM oms.create_slot('base_$_', '$_')") for @PLUGINS;
	progress('drain: slots of the bridges');
	my %options;
	prepare_bridge($db, 0, $MODES[0], $PLUGINS[0]);
	for my $round (1 .. $size{rounds}) {
		for my $plugin (@PLUGINS) {
			for my $mode (@MODES) {
				my $way = prepare_bridge($db, $round, $mode, $plugin);
				$options{$plugin} //= Rig::options_of(server_log(), $way->{slot});
			}
		}
	}
	$dbh->disconnect;
	return \%options;
}

sub server_log { return $ENV{OMS_BENCH_SERVER_LOG} // die "bridge.pl: scripts/bench.sh sets OMS_BENCH_SERVER_LOG\n" }

sub drain_rounds {
	my ($db, $options) = @_;
	my %figures;
	my ($from) = $rig->admin->selectrow_array("SELECT confirmed_flush_lsn - '0/0' FROM pg_replication_slots WHERE slot_name = 'base_pgoutput'");
	my %until;
	@until{qw(lsn bytes)} = $rig->admin->selectrow_array("SELECT pg_current_wal_insert_lsn(), pg_current_wal_insert_lsn() - '0/0'");
	progress('drain: the first is not counted');
	drain_bridge($db, $size{events}, 0, $MODES[0], $PLUGINS[0]);
	for my $round (1 .. $size{rounds}) {
		for my $plugin (@PLUGINS) {
			my @turns = ([ "pg_recvlogical, $plugin", sub { drain_receiver($db, $size{events}, $round, $plugin, $options->{$plugin}, $from, \%until) } ],
				map { my $mode = $_; [ "bridge $mode, $plugin", sub { drain_bridge($db, $size{events}, $round, $mode, $plugin) } ] } @MODES);
			@turns = reverse @turns if $round % 2 == 0;
			for my $turn (@turns) { progress("drain: round $round, $turn->[0]"); push @{ $figures{ $turn->[0] } }, $turn->[1]->() }
		}
		next if $round > $size{debezium_rounds};
		for my $variant (@VARIANTS) {
			progress("drain: round $round, Debezium $variant");
			push @{ $figures{"Debezium $variant"} }, drain_debezium($db, $size{events}, $round, $variant);
		}
	}
	return \%figures;
}

sub each_of { my ($figures, $name, $key) = @_; return [ map { $_->{$key} } @{ $figures->{$name} } ] }

sub print_throughput {
	my ($figures) = @_;
	my @rows;
	for my $name (row_names()) {
		my $rate = each_of($figures, $name, 'rate');
		my ($plugin) = $name =~ /, (\w+)$/;
		my $floor = ratio($rate, each_of($figures, 'pg_recvlogical, ' . ($plugin // 'pgoutput'), 'rate'));
		my %over = map { $_ => ratio($rate, each_of($figures, "Debezium $_", 'rate')) } qw(default tuned);
		push @rows, [ $name, sprintf('%.0f', median(@$rate)) . spread('%.0f', @$rate), $floor->{text}, map { $over{$_}{text} } qw(default tuned) ];
		next if $name !~ /^bridge/;
		keep_ratio("events a second: $name ÷ pg_recvlogical", $floor->{text}, '≥ 0.80', $floor->{median} >= 0.795);
		keep_ratio("events a second: $name ÷ Debezium $_", $over{$_}{text}, '≥ 3.00', $over{$_}{median} >= 2.995) for $plugin eq 'pgoutput' ? qw(default tuned) : ();
	}
	table([ 'reader', 'events a second', '÷ pg_recvlogical', '÷ Debezium default', '÷ Debezium tuned' ], @rows);
	return;
}

sub row_names {
	return ((map { my $plugin = $_; ("pg_recvlogical, $plugin", map { "bridge $_, $plugin" } @MODES) } @PLUGINS), map { "Debezium $_" } @VARIANTS);
}

sub print_costs {
	my ($figures) = @_;
	my @rows;
	for my $name (row_names()) {
		my %of = map { $_ => each_of($figures, $name, $_) } qw(own walsender broker peak);
		my $cpu = ratio($of{own}, each_of($figures, 'Debezium tuned', 'own'));
		my $peak = ratio($of{peak}, each_of($figures, 'Debezium tuned', 'peak'));
		push @rows, [ $name, (map { sprintf('%.1f', median(@{ $of{$_} })) } qw(own walsender)), $name =~ /^pg_/ ? '' : sprintf('%.1f', median(@{ $of{broker} })),
			sprintf('%.0f', median(@{ $of{peak} })), $cpu->{text}, $peak->{text} ];
		next if $name !~ /^bridge.*pgoutput/;
		keep_ratio("CPU for each event: $name ÷ Debezium tuned", $cpu->{text});
		keep_ratio("peak memory: $name ÷ Debezium tuned", $peak->{text});
	}
	paragraph("CPU seconds for a million events, and the most memory that the reader had (MB); the ratios are to Debezium tuned.\n");
	table([ 'reader', 'reader, CPU s', 'walsender, CPU s', 'broker, CPU s', 'reader, MB', '÷ CPU', '÷ memory' ], @rows);
	return;
}

sub part_drain {
	my $options = prepare_drain('oms_drain');
	progress("drain: $size{events} events");
	my $seconds = commit_events('oms_drain', $size{events});
	my $figures = drain_rounds('oms_drain', $options);
	$rig->drop_slot("base_$_") for @PLUGINS;
	$rig->admin->do('DROP DATABASE oms_drain');
	paragraph("**Draining** $size{events} events that were committed while nobody read (made by real commands in ", sprintf('%.0f', $seconds), " s, in transactions of "
			. "1 to 9 events): events a second over the last nine tenths. Each drain reads the same WAL, into topics of its own, whose records are then read back and "
			. "counted. Medians of $size{rounds} rounds, Debezium's of $size{debezium_rounds}.\n");
	print_throughput($figures);
	print_costs($figures);
	return;
}

# --- 2: from the commit to a consumer

my $order = 0;

sub next_command {
	my ($n) = @_;
	return sprintf('{"commandType":"CreateOrderCommand","orderId":"L%d","symbol":"VOD.L","side":"BUY","orderQty":1000000,"ordType":"LIMIT","price":1.25,'
			. '"account":"PENSION","currency":"GBP"}', ++$order) if $n % 5 == 0;
	return sprintf('{"commandType":"ExecuteOrderCommand","orderId":"L%d","execID":"LX%d-%d","lastQty":1,"lastPx":1.25}', $order, $order, $n);
}

# So many commands a second for so long; { sequence => when its COMMIT had returned }, microseconds, and the rate that was held.
sub commit_steadily {
	my ($dbh, $rate, $seconds) = @_;
	my %committed;
	my $begun = time;
	for my $n (0 .. $rate * $seconds - 1) {
		my $wait = $begun + $n / $rate - time;
		sleep $wait if $wait > 0;
		my ($result) = $dbh->selectrow_array('SELECT oms_command(?::jsonb)', undef, next_command($n));
		my $now = int(time * 1e6);
		$committed{$_} = $now for $result =~ /"sequence": (\d+)/g;
	}
	return (\%committed, $rate * $seconds / max(time - $begun, $seconds));
}

sub start_way {
	my ($db, $name, $kind, $which) = @_;
	$rig->make_topics($name);
	if ($kind eq 'bridge') {
		my $way = $rig->bridge(name => $name, db => $db, mode => $which, plugin => 'pgoutput');
		$rig->wait_for_bridge($way);
		return $way;
	}
	my $slot = "slot_$name" =~ tr/-/_/r;
	my $dbh = $rig->connection($db);
	$dbh->do("SELECT FROM oms.create_slot('$slot', 'pgoutput')");
	$dbh->disconnect;
	my $way = $rig->debezium(name => $name, db => $db, variant => $which, slot => $slot);
	$rig->wait_for_reader($way);
	return $way;
}

sub end_way {
	my ($way) = @_;
	$rig->stop($way);
	$rig->drop_slot($way->{slot});
	$rig->delete_topics($way->{name});
	return;
}

# { idle => [milliseconds], steady => [...] } of one way out, and the steady rate that was held
sub latencies {
	my ($db, $name, @way) = @_;
	my $way = start_way($db, $name, @way);
	my $consumer = $rig->spawn("$name-consumer", {}, $ENV{OMS_BENCH_WATCH}, 'arrivals', $rig->{bootstrap}, map { "$name.$_" } qw(order-events execution-events));
	Rig::wait_until('the consumer', 30, $consumer, sub { $consumer->log =~ /^ready$/m });
	my $dbh = $rig->connection($db);
	commit_steadily($dbh, $STEADY, $size{warm});
	my %committed = (idle => (commit_steadily($dbh, $IDLE, $size{idle}))[0]);
	($committed{steady}, my $held) = commit_steadily($dbh, $STEADY, $size{steady});
	$dbh->disconnect;
	sleep 3;
	($consumer->stop // -1) == 0 or die 'consumer: ' . $consumer->log;
	end_way($way);
	my %arrived = $consumer->log =~ /^(\d+) (\d+)$/mg;
	my %late;
	for my $load (keys %committed) {
		my $sent = $committed{$load};
		my @missing = grep { !exists $arrived{$_} } keys %$sent;
		die scalar(@missing) . " of " . keys(%$sent) . " events did not come within 3 s by $name\n" if @missing;
		$late{$load} = [ map { ($arrived{$_} - $sent->{$_}) / 1000 } keys %$sent ];
	}
	return (\%late, $held);
}

sub part_latency {
	my $db = 'oms_live';
	new_db($db)->disconnect;
	my (@rows, %p);
	for my $way ([ 'bridge', 'exactly_once' ], [ 'bridge', 'low_latency' ], map { [ 'Debezium', $_ ] } @VARIANTS) {
		my $name = "@$way";
		progress("latency: $name");
		my ($late, $held) = latencies($db, 'l-' . ($way->[1] =~ tr/_ /--/r), @$way);
		$p{$name} = { map { my $load = $_; map { ("$load$_" => percentile($_, @{ $late->{$load} })) } 50, 99, 100 } keys %$late };
		push @rows, [ $name, (map { sprintf('%.1f', $p{$name}{$_}) } qw(steady50 steady99 steady100 idle50 idle99 idle100)), sprintf('%.0f', $held) ];
	}
	$rig->admin->do("DROP DATABASE $db");
	paragraph("**From commit to consumer**, milliseconds: from when the client has the answer to its COMMIT to when a consumer of committed records on the same machine "
			. "has the record in its hands. One client, $STEADY commands a second for $size{steady} s and $IDLE a second for $size{idle} s (1.8 events each); pgoutput.\n");
	table([ 'way out', (map { my $load = $_; map { "$load: $_" } qw(p50 p99 worst) } "$STEADY/s", "$IDLE/s"), "held of $STEADY/s" ], @rows);
	for my $mode (@MODES) {
		for my $variant (qw(default tuned)) {
			my ($ours, $theirs) = @p{ "bridge $mode", "Debezium $variant" };
			keep_ratio("milliseconds to the consumer at $STEADY/s: bridge $mode ÷ Debezium $variant", sprintf('p50 %.2f, p99 %.2f', map { $ours->{$_} / $theirs->{$_} } qw(steady50 steady99)));
		}
	}
	return;
}

# --- 3: what the commands notice

my $LOAD = <<'SQL';
\set k (:client_id + 1) * 100000000 + :run * 1000000 + :i
\set i :i + 1
\set o :client_id * 100 + random(0, 99)
SELECT oms_command(('{"commandType":"CreateOrderCommand","orderId":"Q' || :k::text || '","symbol":"VOD.L","side":"BUY","orderQty":1000000,"ordType":"LIMIT","price":1.25,"account":"A1","currency":"GBP"}')::jsonb);
SELECT oms_command(('{"commandType":"ExecuteOrderCommand","orderId":"B' || :o::text || '","execID":"X' || :k::text || '","lastQty":1,"lastPx":1.25}')::jsonb);
SQL
my $run = 0;
chomp(my $count = `nproc`);

# Commands a second.
sub command_rate {
	my ($db, $seconds, @pin) = @_;
	my $said = Rig::run_quietly(@pin, 'pgbench', '-n', '-M', 'prepared', '-c', $CLIENTS, '-j', 2, '-T', $seconds, '-f', "$dir/load.pgbench", '-D', 'run=' . ++$run, '-D', 'i=0', $db);
	$said =~ /number of failed transactions: 0 / && $said !~ /ERROR|aborted/ && $said =~ /tps = ([\d.]+) \(without/ or die "pgbench failed:\n$said\n";
	return 2 * $1;
}

sub pin {
	my ($core, @pids) = @_;
	Rig::run_quietly('taskset', '-acp', $core, $_) for @pids;
	return;
}

# The whole server on these cores, with all that it will start.
sub pin_server {
	my ($cores) = @_;
	my ($data) = $rig->admin->selectrow_array('SHOW data_directory');
	my $postmaster = (split ' ', Rig::read_file("$data/postmaster.pid"))[0];
	my $children = Rig::read_file("/proc/$postmaster/task/$postmaster/children");
	eval { pin($cores, $_) } for $postmaster, split ' ', $children;
	return;
}

sub events_in { my ($dbh) = @_; return ($dbh->selectrow_array('SELECT (SELECT count(*) FROM oms.order_events) + (SELECT count(*) FROM oms.execution_events)'))[0] }

# One run: commands a second, and how long the way out needs afterwards until it has sent all.
sub load_run {
	my ($db, $dbh, $name, $condition, $cores) = @_;
	my $way;
	if ($condition eq 'a slot that nobody reads') { $dbh->do("SELECT FROM oms.create_slot('slot_nobody', 'pgoutput')") }
	elsif ($condition ne 'no slot') { $way = start_way($db, $name, split / /, $condition, 2) }
	pin($cores->{out}, $way->{process}->pid, $rig->slot($way->{slot})->{pid}) if $cores && $way;
	my $before = events_in($dbh);
	my $rate = command_rate($db, $size{seconds}, $cores ? ('taskset', '-c', $cores->{commands}) : ());
	my $behind = 0;
	if ($way) {
		my $end = time;
		my @samples = watch_drain($way, events_in($dbh) - $before);
		$behind = max(0, $samples[-1]{time} - $end);
		end_way($way);
	}
	$rig->drop_slot('slot_nobody');
	return { rate => $rate, behind => $behind };
}

sub load_rows {
	my ($db, $dbh, $layout, $cores) = @_;
	my @conditions = ('no slot', 'a slot that nobody reads', map { "bridge $_" } @MODES);
	my %figures;
	pin_server($cores ? $cores->{commands} : '0-' . ($count - 1));
	pin($cores->{out}, $rig->{broker}->pid) if $cores;
	command_rate($db, $size{seconds}, $cores ? ('taskset', '-c', $cores->{commands}) : ());
	for my $round (1 .. $size{load_rounds}) {
		for my $condition (@conditions) {
			progress("load: $layout, round $round, $condition");
			my $name = 'c' . ++$order . '-' . ($condition =~ tr/ _/--/r);
			push @{ $figures{$condition} }, load_run($db, $dbh, $name, $condition, $cores);
		}
		push @conditions, shift @conditions;
	}
	my $without = each_of(\%figures, 'no slot', 'rate');
	return map {
		my $with = each_of(\%figures, $_, 'rate');
		my $share = ratio($with, $without);
		my $behind = each_of(\%figures, $_, 'behind');
		keep_ratio("commands a second, $layout: with $_ ÷ no slot", $share->{text}, $cores ? ('≥ 0.90', $share->{median} >= 0.895) : ()) if /^bridge/;
		[ $layout, $_, sprintf('%.0f', median(@$with)), $share->{text}, sprintf('%.0f %%', 100 * (1 - $share->{median})), /^bridge/ ? sprintf('%.1f', median(@$behind)) : '' ];
	} 'no slot', 'a slot that nobody reads', map { "bridge $_" } @MODES;
}

sub part_load {
	my $db = 'oms_load';
	my $dbh = new_db($db);
	my $orders = join(',', map { qq({"commandType":"CreateOrderCommand","orderId":"B$_","symbol":"VOD.L","side":"BUY","orderQty":1000000,"price":1.25}) } 0 .. 100 * $CLIENTS - 1);
	$dbh->do('SELECT count(*) FROM oms_commands(?::jsonb)', undef, "[$orders]");
	$dbh->do('VACUUM ANALYZE');
	Rig::write_file("$dir/load.pgbench", $LOAD);
	my @rows = load_rows($db, $dbh, "all on $count cores", undef);
	push @rows, load_rows($db, $dbh, 'a core for the way out', { commands => $count == 2 ? '0' : '0-' . ($count - 2), out => $count - 1 }) if $count > 1;
	pin_server("0-" . ($count - 1)) if $count > 1;
	$dbh->disconnect;
	$rig->admin->do("DROP DATABASE $db");
	paragraph("**What the commands notice**: commands a second of $CLIENTS clients that create and fill as fast as they can (a transaction each, durable), medians of "
			. "$size{load_rounds} runs of $size{seconds} s; how many seconds the way out needed afterwards until all was in Kafka. With a core for it, the walsender, "
			. "the bridge and the broker run there and everything else on the others; without, all compete.\n");
	table([ 'cores', 'with', 'commands a second', '÷ no slot', 'lost', 'behind, s' ], @rows);
	return;
}

# --- main

sub write_results {
	my $file = "$Bin/results/latest.md";
	mkdir "$Bin/results";
	open(my $out, '>>', $file) or die "cannot write results: $!\n";
	print $out printed();
	close $out or die "cannot write results: $!\n";
	return;
}

paragraph("## 7. The way out\n");
if (my $reason = Rig::unavailable()) {
	print STDERR '*' x 80, "\nNOT MEASURED: the way out needs a real Kafka broker.\n$reason\n", '*' x 80, "\n";
	paragraph("**Not measured**: no Kafka here.\n");
	write_results();
	exit;
}
die "bridge.pl: no bridge in " . Rig::bridge_program() . "; make -C debezium/bridge\n" if !-x Rig::bridge_program();
$rig = Rig->new(dir => $dir, password => $ENV{OMS_BENCH_PASSWORD});
paragraph($rig->versions, ". One broker, 4 partitions a topic, broker and Kafka Connect with the JVM options of Kafka's own start scripts. All on $count CPUs.\n");
my %part = (drain => \&part_drain, latency => \&part_latency, load => \&part_load);
$part{$_}->() for @parts;
paragraph("The ratios of this run:\n");
table([ 'ratio', 'measured', 'aim' ], @ratios);
$rig->{broker}->stop;
write_results();
progress('the way out: done');
