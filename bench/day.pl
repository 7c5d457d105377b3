#!/usr/bin/env perl
# The benchmark "a day": see bench/README.md.  Called by bench/run.sh with a running cluster in PGHOST, PGPORT and PGUSER (wal_level = logical), with the
# bridge running where there is a Kafka.  Its table goes behind those of the others in bench/results/latest.md.
#
#   day.pl [--quick] [--made]     --made: the day that day_made.pl makes, also where the recorded one is
use strict;
use warnings;
use FindBin qw($Bin);
use JSON::PP ();
use List::Util qw(max min sum);
use Time::HiRes qw(time);

use lib "$Bin/bridge", "$Bin/../test/lib";
use Figures qw(median spread ratio percentile table paragraph printed);
use OmsProcess;
use Rig;

my %flag = map { $_ => 1 } @ARGV;
my ($quick, $made) = delete @flag{qw(--quick --made)};
die 'day.pl: no option ' . join(' ', keys %flag) . "\n" if %flag;
my $recorded = "$Bin/../test/data/real_session.csv";
my ($copies, $rounds) = $quick ? (16, 1) : (96, 3);
my $BATCH = 100;
my @CONNECTIONS = (1, 4, 16);
my $DB = 'oms_day';
my $dir = $ENV{OMS_BENCH_TMP} or die "day.pl: bench/run.sh sets OMS_BENCH_TMP\n";
my $json = JSON::PP->new->canonical;
my $started = time;
my $runs = 0;
$| = 1;

sub progress { printf STDERR "%5.0f s  %s\n", time - $started, join(' ', @_); return }

# --- the day as commands

sub session_rows {
	my @from = !$made && -e $recorded ? ('cat', $recorded) : ($^X, "$Bin/day_made.pl", 1);
	open(my $csv, '-|', @from) or die "cannot read the day: $!\n";
	my ($head, @lines) = map { s/\r?\n\z//r } <$csv>;
	my @columns = split /,/, $head;
	return map { my %row; @row{@columns} = split /,/, $_, -1; \%row } @lines;
}

# What a report says; none for what the request before it has done already.
sub report_command {
	my ($row, $executions, $n) = @_;
	my $type = $row->{exec_type};
	if ($row->{exec_trans_type} eq '1') { return { commandType => 'BustExecutionCommand', executionId => "\@$executions->{ $row->{exec_ref} }", execID => $row->{exec}, reason => 'busted' } if $executions->{ $row->{exec_ref} }; return }
	if ($type =~ /^[12F]$/ && $row->{last_qty}) {
		$executions->{ $row->{exec} } = "x$n";
		return { commandType => 'ExecuteOrderCommand', executionId => "\@x$n", execID => $row->{exec}, lastQty => 0 + $row->{last_qty}, lastPx => 0 + $row->{last_px}, cumQty => 0 + $row->{cum_qty} };
	}
	my %of = (0 => 'Accept', 3 => 'DoneForDay', 4 => 'Cancel', 5 => 'Replace', 8 => 'Reject', C => 'Expire');
	return if !$of{$type};
	return { commandType => "$of{$type}OrderCommand", $type eq '5' ? (orderQty => 0 + $row->{order_qty}, $row->{price} ? (price => 0 + $row->{price}) : (), clOrdID => "\@$row->{cl_ord}") : () };
}

sub row_command {
	my ($row, $executions, $n) = @_;
	my %named = (clOrdID => "\@$row->{cl_ord}");
	return { %named, commandType => 'CreateOrderCommand', pending => JSON::PP::true(), symbol => $row->{symbol}, side => $row->{side}, ordType => $row->{ord_type}, orderQty => 0 + $row->{order_qty},
		timeInForce => $row->{tif}, currency => $row->{currency}, account => 'DAY', $row->{price} ? (price => 0 + $row->{price}) : () } if $row->{msg_type} eq 'D';
	return { %named, commandType => 'RequestCancelOrderCommand' } if $row->{msg_type} eq 'F';
	return { %named, commandType => 'RequestReplaceOrderCommand', orderQty => 0 + $row->{order_qty}, $row->{price} ? (price => 0 + $row->{price}) : () } if $row->{msg_type} eq 'G';
	return { %named, commandType => $row->{cxl_rej_response_to} eq '1' ? 'RejectCancelOrderCommand' : 'RejectReplaceOrderCommand', reason => 'refused' } if $row->{msg_type} eq '9';
	return report_command($row, $executions, $n) if $row->{msg_type} eq '8';
	return;
}

# The commands of each order, in their order; ids begin with @, which each copy of the day has a name for.
sub trees {
	my (%order_of, %tree, @order, %executions);
	my $n = 0;
	for my $row (session_rows()) {
		my $root = $order_of{ $row->{cl_ord} } // $order_of{ $row->{orig_cl_ord} } // $row->{cl_ord};
		$order_of{ $row->{cl_ord} } = $root;
		my $command = row_command($row, \%executions, ++$n) or next;
		$command->{orderId} = "\@$root";
		push @order, $root if !$tree{$root};
		push @{ $tree{$root} }, $json->encode($command);
	}
	return map { $tree{$_} } @order;
}

# --- a run

# So many copies of the day, each order's commands with one connection; as many for each connection. Returns how many.
sub store_day {
	my ($dbh, $trees, $connections, $batch) = @_;
	my $run = ++$runs;
	my @of = map { [] } 1 .. $connections;
	for my $copy (1 .. $copies) {
		my %next = map { $_ => [@{ $trees->[$_] }] } 0 .. $#$trees;
		# orders of a copy interleave, as in the day
		while (%next) {
			for my $tree (sort { $a <=> $b } keys %next) {
				my $with = ($copy * @$trees + $tree) % $connections;
				push @{ $of[$with] }, (shift @{ $next{$tree} }) =~ s/\@/r$run-$copy-/gr;
				delete $next{$tree} if !@{ $next{$tree} };
			}
		}
	}
	my $each = min(map { scalar @$_ } @of);
	$each -= $each % $batch;
	$dbh->do('TRUNCATE bench.day, bench.floor');
	$dbh->do('COPY bench.day FROM STDIN');
	for my $connection (0 .. $#of) {
		for my $n (1 .. $each / $batch) {
			my @some = splice @{ $of[$connection] }, 0, $batch;
			$dbh->pg_putcopydata("$connection\t$n\t" . ($batch > 1 ? '[' . join(',', @some) . ']' : $some[0]) =~ s/\\/\\\\/gr . "\n");
		}
	}
	$dbh->pg_putcopyend;
	$dbh->do('VACUUM ANALYZE bench.day');
	return $each;
}

# { rate => commands a second, ms => [of each transaction] }
sub play {
	my ($what, $connections, $transactions, $batch) = @_;
	my $prefix = "$dir/day-$runs-" . substr($what, 0, 3);
	Rig::write_file("$prefix.pgbench", "\\set n :n + 1\n$what;\n");
	my $said = Rig::run_quietly('pgbench', '-n', '-M', 'prepared', '-c', $connections, '-j', min($connections, 2), '-t', $transactions, '-D', 'n=0', '-f', "$prefix.pgbench", '-l', "--log-prefix=$prefix", $DB);
	$said =~ /number of failed transactions: 0 / && $said =~ /tps = ([\d.]+) \(without/ or die "pgbench failed:\n$said\n";
	my $rate = $1 * $batch;
	my @ms;
	for my $log (glob "$prefix.[0-9]*") {
		open(my $lines, '<', $log) or die "cannot read $log: $!\n";
		push @ms, map { (split)[2] / 1000 } <$lines>;
	}
	return { rate => $rate, ms => \@ms };
}

sub measure {
	my ($dbh, $trees, $connections, $batch) = @_;
	my $each = store_day($dbh, $trees, $connections, $batch);
	my $command = 'SELECT command FROM bench.day WHERE connection = :client_id AND n = :n';
	my $floor = play("INSERT INTO bench.floor SELECT :client_id, :n, i, c FROM (" . ($batch > 1 ? "SELECT i, c FROM jsonb_array_elements(($command)) WITH ORDINALITY AS e (c, i)" : "SELECT 1, command FROM ($command) AS d") . ") AS v (i, c)", $connections, $each / $batch, $batch);
	my $ours = play($batch > 1 ? "SELECT count(*) FROM oms_commands(($command), false)" : "SELECT oms_try_command(($command)) ->> 'status'", $connections, $each / $batch, $batch);
	return ($ours, $floor, $each * $connections);
}

# --- main

my $reason = Rig::unavailable();
my $rig = $reason ? undef : Rig->new(dir => $dir, password => $ENV{OMS_BENCH_PASSWORD});
my $admin = Rig::connection($rig, 'postgres');
$admin->do($_) for "DROP DATABASE IF EXISTS $DB", "CREATE DATABASE $DB";
my $dbh = Rig::connection($rig, $DB);
$dbh->do($_) for 'CREATE EXTENSION oms_state', 'SELECT oms.ensure_partitions(0)', 'CREATE SCHEMA bench', 'CREATE TABLE bench.day (connection integer, n integer, command jsonb, PRIMARY KEY (connection, n))',
	'CREATE TABLE bench.floor (connection integer, n integer, i integer, command jsonb, PRIMARY KEY (connection, n, i))';
my $bridge;
if ($rig) {
	$dbh->do(q(SELECT FROM oms.repair_publication('oms_events')));
	$rig->make_topics('day');
	$bridge = $rig->bridge(name => 'day', db => $DB, mode => 'exactly_once', plugin => 'pgoutput');
	$rig->wait_for_bridge($bridge);
}
my @trees = trees();
my (@rows, $commands);
for my $way ((map { [$_, 1] } @CONNECTIONS), [1, $BATCH]) {
	my ($connections, $batch) = @$way;
	my (@rate, @floor, @ms);
	for my $round (1 .. $rounds) {
		progress("a day: $connections connections" . ($batch > 1 ? ", batches of $batch" : '') . ", round $round");
		(my ($ours, $floor), $commands) = measure($dbh, \@trees, $connections, $batch);
		push @rate, $ours->{rate};
		push @floor, $floor->{rate};
		push @ms, @{ $ours->{ms} };
	}
	push @rows, [($batch > 1 ? "1, in batches of $batch" : $connections), sprintf('%.0f', median(@rate)) . spread('%.0f', @rate), ratio(\@rate, \@floor)->{text}, (map { sprintf('%.2f', percentile($_, @ms)) } 50, 99)];
}
my ($refused, $all) = $dbh->selectrow_array('SELECT (SELECT count(*) FROM oms.rejected_commands), (SELECT count(*) FROM oms.all_events)');
my ($broken) = $dbh->selectrow_array('SELECT count(*) FROM oms.verify()');
die "$broken invariants are broken\n" if $broken;
$rig->stop($bridge), $rig->drop_slot($bridge->{slot}) if $rig;
$dbh->disconnect;
$admin->do("DROP DATABASE $DB");
paragraph("## 16. A day\n");
paragraph(($made || !-e $recorded ? 'A day that was made' : 'A recorded day') . ' of ' . @trees . " orders, $copies times, as durable commands ($commands in the last run, $all events in all, $refused commands refused): those of one order with one connection, in their order, each in a transaction of its own. "
	. ($rig ? 'The bridge runs (exactly once)' : "No bridge ran: no Kafka here") . "; the gateway is not part of it. The floor is one prepared statement that inserts the command's text into a table with one index. Medians of $rounds runs; p50 and p99 of a transaction, milliseconds.\n");
table(['connections', 'commands a second', '÷ floor', 'p50', 'p99'], @rows);
mkdir "$Bin/results";
open(my $out, '>>', "$Bin/results/latest.md") or die "cannot write results: $!\n";
print $out printed();
close $out or die "cannot write results: $!\n";
$rig->{broker}->stop if $rig;
progress('a day: done');
