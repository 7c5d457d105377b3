# capacity.pl: the section "capacity" of run.pl, whose tools it uses: what each command takes of processor, disk, log and topics, for who has to size a machine
# (doc/capacity.md).
use strict;
use warnings;

# name => commands that prepare so many, commands that are measured
my @capacity = (
	['create', [], sub { my ($i) = @_; order_command("M$i", clOrdID => "MC$i") }],
	['create of a child', sub { my ($i) = @_; order_command("N$i") }, sub { my ($i) = @_; slice_command("N$i.1", "N$i") }],
	['fill of a part', sub { my ($i) = @_; order_command("P$i") }, sub { my ($i) = @_; fill_command("P$i") }],
	['last fill', sub { my ($i) = @_; order_command("L$i") }, sub { my ($i) = @_; fill_command("L$i", lastQty => 1000000) }],
	['fill at depth 3', sub { my ($i) = @_; (order_command("T$i"), slice_command("T$i.1", "T$i"), slice_command("T$i.1.1", "T$i.1")) }, sub { my ($i) = @_; fill_command("T$i.1.1") }],
	['replace', sub { my ($i) = @_; order_command("Y$i") }, sub { my ($i) = @_; { commandType => 'ReplaceOrderCommand', orderId => "Y$i", orderQty => 900000, price => '1.26' } }],
	['cancel', sub { my ($i) = @_; order_command("C$i") }, sub { my ($i) = @_; cancel_command("C$i") }],
	['bust', sub { my ($i) = @_; (order_command("B$i"), fill_command("B$i", execID => "BX$i", executionId => "BE$i")) }, sub { my ($i) = @_; { commandType => 'BustExecutionCommand', executionId => "BE$i" } }],
	['request for quotes', sub { () }, \&request_command],
	['quote', sub { () }, sub { my ($i) = @_; quote_command($i, 2) }],
	['acceptance of a quote', sub { my ($i) = @_; quote_command($i, 1) }, \&accept_command],
);

# Processor time of the backend (µs), log, disk and text of events (bytes), events: all so far.
sub capacity_so_far {
	my ($dbh) = @_;
	$dbh->do('VACUUM');
	my @row = $dbh->selectrow_array(<<'SQL');
		SELECT pg_current_wal_insert_lsn() - '0/0', (SELECT sum(pg_relation_size(c.oid)) FROM pg_class c WHERE relnamespace = 'oms'::regnamespace AND relkind = 'r'),
			(SELECT sum(pg_relation_size(c.oid)) FROM pg_class c WHERE relnamespace = 'oms'::regnamespace AND relkind = 'i')
SQL
	my %so_far;
	@so_far{qw(wal heap indexes)} = @row;
	@so_far{qw(events text)} = $dbh->selectrow_array(join(' UNION ALL ', map { "SELECT payload FROM oms.${_}_events" } qw(order execution quote_request quote)) =~ s/^(.*)$/SELECT count(*), sum(octet_length(payload::text)) FROM ($1) AS e/sr);
	return \%so_far;
}

sub capacity_row {
	my ($dbh, $n, $name, $scene, $command) = @_;
	# the background has some of the first thousand
	my @all = 1001 .. 1000 + $n;
	progress("capacity: $name");
	prepare_scene($dbh, map { $scene->($_) } @all) if ref $scene eq 'CODE';
	my @commands = map { as_json({ %{ $command->($_) }, commandId => new_uuid() }) } @all;
	my $call = $dbh->prepare('SELECT oms_command(?::jsonb)');
	my $before = capacity_so_far($dbh);
	my ($cpu, $log) = (accounts_cpu($dbh), $dbh->selectrow_array(q(SELECT pg_current_wal_insert_lsn() - '0/0')));
	$call->execute($_) for @commands;
	$cpu = accounts_cpu($dbh) - $cpu;
	$log = ($dbh->selectrow_array(q(SELECT pg_current_wal_insert_lsn() - '0/0')))[0] - $log;
	my $after = capacity_so_far($dbh);
	my %each = map { $_ => ($after->{$_} - $before->{$_}) / $n } keys %$after;
	return [$name, sprintf('%.0f', $cpu / $n * 1e6), sprintf('%.0f', $each{events}), map { sprintf('%.0f', $_) } $log / $n, $each{heap}, $each{indexes}, $each{text}];
}

sub section_capacity {
	my ($quick) = @_;
	my $n = $quick ? 2000 : 20_000;
	# images of pages come by the checkpoint, not by the command: said by themselves
	in_db('postgres', 'ALTER SYSTEM SET full_page_writes = off', 'SELECT pg_reload_conf()');
	sleep 1;
	new_db('bench_s', 'bench_template');
	my $dbh = connection('bench_s');
	$dbh->{pg_server_prepare} = 1;
	prepare_scene($dbh, background());
	my @rows = map { capacity_row($dbh, $n, @$_) } @capacity;
	$dbh->disconnect;
	drop_db('bench_s');
	in_db('postgres', 'ALTER SYSTEM RESET full_page_writes', 'SELECT pg_reload_conf()');
	say_out("## 17. Capacity\n");
	say_out("What a command takes, each in a transaction of its own with a <code>commandId</code>, means of $n: µs of the backend's processor time, events, and bytes: of WAL (images of pages left out), of tables, of indexes, and of the events' text, which is what consumers get.\n");
	table(['command', 'µs', 'events', 'WAL', 'tables', 'indexes', 'text of events'], @rows);
	return;
}

1;
