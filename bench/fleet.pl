# fleet.pl: the section "fleet" of run.pl, whose tools it uses: commands by a router and its four shards against the same commands to one database, in turns.
# All of them are databases of one cluster, so router and shards share the processors: a machine each takes that away, and adds the network.
use strict;
use warnings;

use Time::HiRes;

my @fleet = map { "bench_f$_" } 0 .. 3;

sub fleet_make {
	new_db($_, 'bench_template') for 'bench_f', @fleet;
	in_db('postgres', 'DROP DATABASE IF EXISTS bench_router', 'CREATE DATABASE bench_router TEMPLATE template0');
	in_db('bench_f', 'SELECT count(*) FROM oms.create_roles()');
	in_db($fleet[$_], sprintf(q{SELECT oms.set_shard(%d, '{[%d,%d)}')}, $_, $_ * 4096, ($_ + 1) * 4096)) for 0 .. 3;
	in_db('bench_router', 'CREATE SCHEMA oms_local', 'CREATE EXTENSION oms_state SCHEMA oms_local', 'CREATE EXTENSION plproxy');
	run('psql', '-X', '-q', '-d', 'bench_router', '-f', "$Bin/../fleet/router.sql");
	in_db('bench_router', (map { sprintf(q{INSERT INTO fleet.shards VALUES (%d, 'host=%s port=%d dbname=%s', '{[%d,%d)}')}, $_, $ENV{PGHOST}, $ENV{PGPORT} // 5432, $fleet[$_], $_ * 16, ($_ + 1) * 16) } 0 .. 3), 'SELECT fleet.set_map()');
}

# Seconds that each of two takes for so many calls, in turns.
sub fleet_contest {
	my ($rounds, $direct, $routed, $sql, $calls) = @_;
	my (%seconds, %statement);
	$statement{direct} = $direct->prepare($sql);
	$statement{routed} = $routed->prepare($sql);
	for my $round (0 .. $rounds) {
		my $calls_now = $calls->($round);
		for my $which ($round % 2 ? qw(direct routed) : qw(routed direct)) {
			my $begun = Time::HiRes::time();
			for my $call (@$calls_now) { $statement{$which}->execute($call); $statement{$which}->fetchall_arrayref }
			push @{ $seconds{$which} }, (Time::HiRes::time() - $begun) / @$calls_now if $round > 0;
		}
	}
	my $ratio = median(map { $seconds{routed}[$_] / $seconds{direct}[$_] } 0 .. $rounds - 1);
	return ((map { sprintf '%.3f', 1000 * median(@{ $seconds{$_} }) } qw(direct routed)), sprintf('%.2f', $ratio), $ratio);
}

sub section_fleet {
	my ($quick) = @_;
	my $rounds = $quick ? 7 : 15;
	my $each = $quick ? 50 : 200;
	my ($number, @rows) = (0);
	progress('fleet');
	if (!-e `pg_config --sharedir` =~ s/\n//r . '/extension/plproxy.control') {
		say_out("## 18. A fleet\n\nNot measured: PL/Proxy is not installed.\n");
		return;
	}
	fleet_make();
	my ($direct, $routed) = map { my $dbh = connection($_); $dbh->{pg_server_prepare} = 1; $dbh } qw(bench_f bench_router);
	for my $dbh ($direct, $routed) {
		my $statement = $dbh->prepare('SELECT oms_command($1::jsonb)');
		$statement->execute(as_json(order_command($_))) for map { ("P$_", "T$_\{T$_}") } 0 .. 19;
	}
	my $fill = sub { my ($id) = @_; return sub { my ($round) = @_; return [ map { as_json(fill_command($id->($_))) } 1 .. $each ] } };
	my @fill = fleet_contest($rounds, $direct, $routed, 'SELECT oms_command($1::jsonb)', $fill->(sub { my $n = $_[0] % 20; return "T$n\{T$n}" }));
	push @rows, ['a durable fill, by an id that carries its slot', @fill[0 .. 2], '≤ 1.18 (0.85 of direct), ' . verdict($fill[3] <= 1.185)];
	@fill = fleet_contest($rounds, $direct, $routed, 'SELECT oms_command($1::jsonb)', $fill->(sub { return 'P' . $_[0] % 20 }));
	push @rows, ['the same, by an id that does not: it is looked for in all shards first', @fill[0 .. 2], ''];
	my @refusal = fleet_contest($rounds, $direct, $routed, 'SELECT oms_try_command($1::jsonb)', sub { return [ map { as_json({ commandType => 'CancelOrderCommand', orderId => "T0{T0}", expectedVersion => 0 }) } 1 .. $each ] });
	push @rows, ['a command that is refused, and kept', @refusal[0 .. 2], ''];
	for my $size (1, 10, 100, 1000) {
		my $times = $size == 1000 ? 2 : $size == 100 ? 5 : 20;
		my @batch = fleet_contest($rounds, $direct, $routed, 'SELECT count(*) FROM oms_commands($1::jsonb, false)', sub {
			return [ map { '[' . join(',', map { my $id = 'B' . ++$number; as_json(order_command("$id\{$id}", commandId => "b$number")) } 1 .. $size) . ']' } 1 .. $times ];
		});
		push @rows, ["a batch of $size creates over 4 shards", @batch[0 .. 2], $size == 1000 ? '≤ 1.30, ' . verdict($batch[3] <= 1.305) : ''];
	}
	my @read = fleet_contest($rounds, $direct, $routed, q{SELECT oms_query('orders', $1::jsonb)}, sub { return [ map { '{"where": {"orderId": "P' . $_ % 20 . '"}}' } 1 .. $each ] });
	push @rows, ['a query for one id, which asks all shards', @read[0 .. 2], ''];
	$_->disconnect for $direct, $routed;
	drop_db('bench_router', 'bench_f', @fleet);
	say_out("## 18. A fleet\n");
	say_out("Milliseconds of a call by one client; of batches of the whole batch. The router and 4 shards are databases of the cluster that the direct calls go to as well; medians of $rounds runs in turns.\n");
	table(['what', 'direct', 'routed', 'ratio', 'aim'], @rows);
	return;
}

1;
