# test/lib/OmsDelivery.pm: a store, its pipelines to Kafka, a load that goes on whatever is killed, and the one check that counts.
#
#   my $node = delivery_node('name', conf => ...);              # logical, both plugins allowed, publication made (extension => 0: no extension yet)
#   my %config = pipeline_config('p', $kafka, $node, plugin => 'pgoutput', ...);   # slot oms_p, topics p.*, quick settings
#   load_start($node, sessions => 3, seed => N, pace => S); load_stop();           # reconnects; dies when a session failed
#   drained($node, 'oms_p', SECONDS);                           # everything committed before the call is confirmed by the bridge
#   my $found = delivery($node, $kafka, 'p.');                  # { events, records, repeats, problems => [ ... ] }
#   is_delivered($node, $kafka, 'p.', NAME);
#
# The check: the records that a reader of committed records gets are the rows of the event tables, each once, with its key, value (by
# md5 of its bytes), headers and partition, and within each tree in the order of tree_version.  It holds one short line of each event
# in memory, whatever the size of the events.

package OmsDelivery;

use strict;
use warnings;

use DBI;
use Digest::MD5 qw(md5_hex);
use Exporter 'import';
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use OmsKafka;
use OmsOutbox;
use OmsTest;

our @EXPORT = qw(delivery_node allow_wal2json start_again pipeline_config load_start load_stop load_for load_commands drained delivery is_delivered is_sound sequences_of events_of
  active_of slot_of seed);

my $PARTITIONS = 4;

# --- the store -------------------------------------------------------------------------------

# Given by OMS_SEED, or new; printed, so that a failure can be repeated as far as its load goes.
sub seed
{
	my $seed = $ENV{OMS_SEED} // int(time * 1000) % 1_000_000;
	note("OMS_SEED=$seed");
	srand $seed;
	return $seed;
}

sub delivery_node
{
	my ($name, %options) = @_;
	# makes it a database in UTF-8, as wal2json wants it
	local $ENV{LC_CTYPE} = 'C.UTF-8';
	my $node = oms_node($name, streaming => 'logical', extension => 0,
		conf => "fsync = off\nlog_statement = none\nmax_connections = 40\nmax_wal_senders = 12\nmax_replication_slots = 12\n"
		  . "wal_sender_timeout = 10s\ncheckpoint_timeout = 30s\n" . ($options{conf} // ''));

	allow_wal2json($node);
	$node->safe_psql('postgres', q(CREATE EXTENSION oms_state; SELECT count(*) FROM oms.repair_publication('oms_events'))) if $options{extension} // 1;
	return $node;
}

# Where the server has a list of plugins that it allows, from 15.19 on.
sub allow_wal2json
{
	my ($node) = @_;
	return if !$node->safe_psql('postgres', q(SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'));
	$node->append_conf('postgresql.conf', "output_plugin_libraries = 'pgoutput, wal2json'");
	$node->reload;
	$node->poll_query_until('postgres', q(SELECT current_setting('output_plugin_libraries') LIKE '%wal2json%')) or die "the server does not allow wal2json\n";
	return;
}

# After kill9: up to a minute, because the old backends must first notice that they are alone.
sub start_again
{
	my ($node) = @_;
	my $deadline = time + 60;

	until ($node->start(fail_ok => 1))
	{
		return 0 if time > $deadline;
		sleep 0.2;
		$node->stop('fast', fail_ok => 1);
	}
	return 1;
}

# --- pipelines -------------------------------------------------------------------------------

# A pipeline with a slot and topics of its own.  NODE may be a list: hosts of which one can be written to.
# Records its position often, so that drained() need not wait for it.
sub pipeline_config
{
	my ($name, $kafka, $node, %more) = @_;
	my $timeout = delete $more{wal_sender_timeout};
	my $dsn = ref $node eq 'ARRAY' ? join(' ', map { "$_->[0]=$_->[1]" } hosts(@$node)) : bridge_dsn($node);
	return (
		'postgres.dsn' => $dsn . (defined $timeout ? " options='-c wal_sender_timeout=$timeout'" : ''),
		pipeline => $name, slot => slot_of($name), publication => 'oms_events', 'topic.prefix' => "$name.", 'kafka.bootstrap.servers' => $kafka->bootstrap,
		'idle.record.ms' => 200, 'transaction.timeout.ms' => 5000, %more);
}

sub slot_of { my ($name) = @_; return 'oms_' . lc $name; }

sub hosts
{
	my (@nodes) = @_;
	return ([ host => join ',', map { $_->host } @nodes ], [ port => join ',', map { $_->port } @nodes ],
		[ dbname => 'postgres' ], [ target_session_attrs => 'read-write' ]);
}

# Which of these bridges streams, by its own word.
sub active_of
{
	my (@bridges) = @_;
	foreach my $bridge (@bridges)
	{
		next if !$bridge->running;
		return $bridge if (eval { $bridge->metric('oms_bridge_active') } // 0) == 1;
	}
	return undef;
}

# --- load ------------------------------------------------------------------------------------

my @sessions;
my $counts;

sub connect_to
{
	my (@nodes) = @_;
	return DBI->connect('dbi:Pg:' . join(';', map { "$_->[0]=$_->[1]" } hosts(@nodes)), '', '', { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
}

# One session: steps until the parent says stop; a lost connection is nothing, any other error is the end of the test.
sub session
{
	my ($number, $options, @nodes) = @_;
	my ($stop, $done, $parent, $dbh) = (0, 0, getppid);
	my $ids = { prefix => "$options->{name}$number", last => 0, anchors => $options->{anchors} };
	my (@own, @shared);
	local $SIG{TERM} = sub { $stop = 1 };

	srand $options->{seed} * 100 + $number;
	@shared = map { "shared$_" } 1 .. 3;
	open my $count, '+<', "$counts/$number" or die "cannot write: $!";
	while (!$stop && getppid == $parent)
	{
		my $fine = eval {
			$dbh //= connect_to(@nodes);
			OmsOutbox::step($dbh, $ids, rand() < 0.2 ? [ $shared[ rand @shared ] ] : \@own);
			1;
		};
		if ($fine)
		{
			sysseek $count, 0, 0;
			syswrite $count, sprintf '%12d', ++$done;
			splice @own, 0, @own - 20 if @own > 20;
			sleep $options->{pace} * rand 2 if $options->{pace};
			next;
		}
		my ($error, $state) = ($@, $dbh ? $dbh->state : '');
		my $lives = $dbh && eval { $dbh->ping };
		if (!$lives) { undef $dbh; @own = (); sleep 0.05; next; }
		# two transactions over several trees can lock each other, as any rows can
		die "$state $error" if $state !~ /^40(P01|001)$/;
		$dbh->rollback if !$dbh->{AutoCommit};
	}
	return;
}

# load_start(NODE or [NODES], sessions => N, seed => N, pace => mean pause in seconds, name => PREFIX, anchors => 1)
sub load_start
{
	my ($node, %options) = @_;
	my @nodes = ref $node eq 'ARRAY' ? @$node : $node;

	my $dbh = connect_to(@nodes);

	%options = (name => 's', sessions => 3, seed => 1, pace => 0.005, %options);
	$dbh->do(qq(SELECT oms_try_command('{"commandType": "CreateOrderCommand", "orderId": "shared$_", "symbol": "BP.L", "side": "SELL", "orderQty": 1000000}'))) foreach 1 .. 3;
	$dbh->disconnect;
	$counts = PostgreSQL::Test::Utils::tempdir();
	foreach my $number (1 .. $options{sessions})
	{
		append_to_file("$counts/$number", sprintf '%12d', 0);
		my $pid = fork // die "cannot fork: $!";
		if (!$pid)
		{
			my $fine = eval { session($number, \%options, @nodes); 1 };
			print STDERR "load: $@" if !$fine;
			POSIX::_exit($fine ? 0 : 1);
		}
		push @sessions, $pid;
	}
	return;
}

# Transactions that the sessions have finished so far.
sub load_commands
{
	my $sum = 0;
	$sum += slurp_file($_) foreach glob "$counts/*";
	return $sum;
}

# Load for so long, and, with steps => N, until there were so many transactions; meanwhile => CODE runs beside it.
sub load_for
{
	my ($node, $seconds, %options) = @_;
	my ($steps, $meanwhile) = delete @options{qw(steps meanwhile)};
	load_start($node, %options);
	$meanwhile->() if $meanwhile;
	sleep $seconds;
	wait_for(sub { load_commands() >= $steps }, 180, "$steps transactions") or die "the load stands still\n" if $steps;
	return load_stop();
}

# Stop the load; returns the number of transactions.
sub load_stop
{
	my $failed = 0;
	kill 'TERM', @sessions;
	foreach my $pid (@sessions) { waitpid $pid, 0; $failed++ if $?; }
	@sessions = ();
	die "$failed sessions of the load failed\n" if $failed;
	return load_commands();
}

END { my $status = $?; kill 'KILL', @sessions if @sessions; $? = $status; }

# --- all of it has arrived -------------------------------------------------------------------

# The bridge confirms what Kafka's position holds, never more: confirmed beyond now is published up to now.
sub drained
{
	my ($node, $slot, $seconds) = @_;
	my $lsn = $node->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
	my $begin = time;

	wait_for(sub { $node->safe_psql('postgres', "SELECT confirmed_flush_lsn >= '$lsn' FROM pg_replication_slots WHERE slot_name = '$slot'") eq 't' },
		$seconds // 60, "slot $slot to be confirmed up to $lsn") or return undef;
	return time - $begin;
}

# { sequence => "topic, key, event type, hash and md5 of the payload, then tree version", NUL between }
sub expected
{
	my ($node) = @_;
	my $dbh = oms_dbh($node, autocommit => 0);
	my %expected;

	$dbh->{pg_enable_utf8} = 0;
	foreach my $table (published_tables($node))
	{
		$dbh->do("DECLARE c NO SCROLL CURSOR FOR SELECT sequence, concat_ws(E'\\x01', root_id, event_type, encode(hash, 'hex'), md5(payload::text), tree_version)"
			  . " FROM oms.$table");
		while (1)
		{
			my $rows = $dbh->selectall_arrayref('FETCH 10000 FROM c');
			last if !@$rows;
			foreach my $row (@$rows)
			{
				die "sequence $row->[0] is there twice\n" if $expected{ $row->[0] };
				$expected{ $row->[0] } = "$TOPIC_OF{$table}\x01$row->[1]";
			}
		}
		$dbh->do('CLOSE c');
	}
	$dbh->rollback;
	$dbh->disconnect;
	return \%expected;
}

# What is wrong with a record whose event is known, as words.
sub differences
{
	my ($event, $record, $topic, @partitions) = @_;
	my ($in, $key, $type, $hash, $md5) = split /\x01/, $event;
	my $headers = $record->{headers};
	my @found;

	push @found, "is in $topic" if $topic ne $in;
	push @found, 'key ' . ($record->{key} // 'null') . ", not $key" if ($record->{key} // '') ne $key;
	push @found, 'its value differs: ' . substr($record->{value} // 'null', 0, 300) if md5_hex($record->{value} // '') ne $md5;
	push @found, 'eventType ' . ($headers->{eventType} // 'missing') . ", not $type" if ($headers->{eventType} // '') ne $type;
	push @found, 'hash ' . ($headers->{hash} // 'missing') . ", not $hash" if ($headers->{hash} // '') ne $hash;
	my @right = map { partition_of($key, $_) } @partitions;
	push @found, "partition $record->{partition}, not @right" if !grep { $record->{partition} == $_ } @right;
	return @found;
}

# delivery(NODE, KAFKA, PREFIX, partitions => [counts that the topics have had], lost => 1): what is in Kafka against the tables. Every
# repeat is counted; the order is that of the first of each event.  removed => { "id hash" => 1 }: events that were there, and whose records
# retention has removed: they may not come again. store => NAME: only that one's records. kept => HASH: gets the "id hash" of each record as { topic/partition => [...] }.  With lost, records of a history that the store has lost (their
# id is in no table, or with another hash) are counted as strangers, not complained of. elsewhere => { id => 1 }: events that are in no topic.
sub delivery
{
	my ($node, $kafka, $prefix, %options) = @_;
	my $expected = expected($node);
	delete @$expected{ keys %{ $options{elsewhere} // {} } };
	my @partitions = @{ $options{partitions} // [$PARTITIONS] };
	my %result = (events => scalar keys %$expected, records => 0, repeats => 0, strangers => 0, problems => []);
	my (%seen, %newest);
	my $removed = $options{removed} // {};
	foreach my $id (grep { $removed->{"$_ " . (split /\x01/, $expected->{$_})[3]} } keys %$expected) { $seen{$id} = 1; }
	my $complain = sub { push @{ $result{problems} }, @_ if @{ $result{problems} } < 20; };

	foreach my $topic (outbox_topics())
	{
		my $each = sub {
			my ($record) = @_;
			my $id = $record->{headers}{id} // '(none)';
			my $event = $expected->{$id};
			my $where = "$prefix$topic/$record->{partition}/$record->{offset} id $id";

			return if defined $options{store} && ($record->{headers}{store} // '') ne $options{store};
			$result{records}++;
			push @{ $options{kept}{"$topic/$record->{partition}"} }, [ $record->{offset}, "$id " . ($record->{headers}{hash} // '') ] if $options{kept};
			return $result{strangers}++ if $options{lost} && (!defined $event || (split /\x01/, $event)[3] ne ($record->{headers}{hash} // ''));
			return $complain->("$where is no event of the tables") if !defined $event;
			$complain->(map { "$where: $_" } differences($event, $record, $topic, @partitions));
			if ($seen{$id}++) { $result{repeats}++; $result{first_repeat} //= $where; return; }
			my $version = substr $event, 1 + rindex $event, "\x01";
			my $before = \$newest{"$topic\x01$record->{key}"};
			$complain->("$where has tree version $version after $$before") if defined $$before && $$before >= $version;
			$$before = $version;
		};
		$kafka->consume("$prefix$topic", read_committed => 1, each => $each);
	}
	my @missing = sort { $a <=> $b } grep { !$seen{$_} } keys %$expected;
	$result{missing} = \@missing;
	$complain->(map { "$_ is missing: " . $expected->{$_} =~ s/\x01/ /gr } @missing[0 .. ($#missing > 9 ? 9 : $#missing)]);
	$complain->('... ' . @missing . ' are missing') if @missing > 10;
	return \%result;
}

# THE check, as one test; repeats => 1 where they may be.  Returns what was found.
sub is_delivered
{
	my ($node, $kafka, $prefix, $name, %options) = @_;
	my $found = delivery($node, $kafka, $prefix, %options);

	push @{ $found->{problems} }, "$found->{repeats} repeats, the first: $found->{first_repeat}" if $found->{repeats} && !$options{repeats};
	is(join("\n", @{ $found->{problems} }), '', "$name: $found->{events} events, $found->{records} records");
	return $found;
}

# Every invariant of the store holds.
sub is_sound
{
	my ($node, $name) = @_;
	return is($node->safe_psql('postgres', q(SELECT concat_ws(' ', invariant, object, id, detail) FROM oms.verify() LIMIT 10)), '', "$name: every invariant of the store holds");
}

# The sequences of the events that the tables hold, the newest first.
sub sequences_of
{
	my ($node) = @_;
	my @all = split /\n/, $node->safe_psql('postgres', join(' UNION ALL ', map { "SELECT sequence FROM oms.$_" } published_tables($node)) . ' ORDER BY 1 DESC');
	return @all;
}

# How many they are.
sub events_of
{
	my ($node) = @_;
	return $node->safe_psql('postgres', 'SELECT ' . join(' + ', map { "(SELECT count(*) FROM oms.$_)" } published_tables($node)));
}

1;
