# bench/bridge/Rig.pm: a broker of its own, and the ways out that are measured: oms_bridge, Debezium in Kafka Connect, pg_recvlogical.
#
#   my $rig = Rig->new(dir => DIR, password => FILE);       # server and database user from PGHOST, PGPORT and PGUSER
#   my $way = $rig->bridge(name => 'x', db => DB, mode => 'exactly_once', plugin => 'pgoutput');
#   my $way = $rig->debezium(name => 'x', db => DB, variant => 'tuned', slot => SLOT);
#   my $way = $rig->receiver(name => 'x', db => DB, slot => SLOT, options => [ 'name=value', ... ], until => LSN);
#   $way->{process} (OmsProcess), $way->{slot}, $way->{name}; its topics are NAME.order-events and so on
#
# Everything it starts dies with this process.  The broker and Connect run with the JVM options of Kafka's own start scripts,
# not with the small ones of the tests.

package Rig;

use strict;
use warnings;

use Cwd ();
use DBI;
use File::Basename qw(dirname);
use HTTP::Tiny;
use JSON::PP ();
use List::Util qw(sum);
use Time::HiRes qw(sleep time);

use KafkaWire;
use OmsProcess;

my $TREE = Cwd::abs_path(dirname(__FILE__) . '/../..');
my $SCRIPT = "$TREE/test/kafka/kafka.sh";
my $PARTITIONS = 4;
my @TOPICS = split /\n/, qx($TREE/scripts/gen_outbox.sh --topics);

# kafka-run-class.sh, kafka-server-start.sh and connect-distributed.sh of the release
my $JVM = '-server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent';
my %JAVA_OPTS = (broker => "-Xms1G -Xmx1G $JVM", connect => "-Xms256M -Xmx2G $JVM");

# What tuned and default differ in; what is not said has the value of oms-outbox.json.  undef: not set, so Debezium's default.
my %VARIANT = (
	default => { 'exactly.once.support' => 'requested', 'poll.interval.ms' => undef, 'heartbeat.interval.ms' => undef,
		'producer.override.transaction.timeout.ms' => undef },
	tuned => { 'exactly.once.support' => 'requested', 'poll.interval.ms' => 1, 'max.batch.size' => 8192, 'max.queue.size' => 32768,
		'producer.override.transaction.timeout.ms' => undef, 'producer.override.compression.type' => 'lz4',
		'producer.override.batch.size' => 262144, 'producer.override.buffer.memory' => 67108864 },
	'exactly once' => {});

sub new {
	my ($class, %options) = @_;
	my $self = bless { %options, kafka => "$options{dir}/kafka", slots => 0 }, $class;
	local $ENV{OMS_KAFKA_JAVA_OPTS} = $JAVA_OPTS{broker};
	# as Kafka has it; the tests have a broker that is given up, and comes back, within a second
	run_quietly($SCRIPT, 'init', $self->{kafka}, 'broker.heartbeat.interval.ms=2000', 'broker.session.timeout.ms=9000');
	$self->{broker} = $self->spawn('broker', { OMS_KAFKA_JAVA_OPTS => $JAVA_OPTS{broker} }, $SCRIPT, 'run', $self->{kafka});
	$self->{bootstrap} = read_file("$self->{kafka}/bootstrap");
	$self->{wire} = KafkaWire->new($self->{bootstrap});
	$self->{wire}->wait_until_up(60) or die 'the broker does not answer: ' . $self->{broker}->log;
	return $self;
}

# Kafka can be had: undef, or the reason why not.
sub unavailable {
	my $said = `'$SCRIPT' fetch 2>&1`;
	return $? == 0 ? undef : $? >> 8 == 75 ? $said =~ s/\s+\z//r : die "kafka.sh fetch: $said";
}

sub versions {
	my ($self) = @_;
	my %pinned = read_file("$TREE/test/kafka/rig.xml") =~ m{<(kafka|debezium)\.version>([^<]+)<}g;
	return "Kafka $pinned{kafka}, Debezium $pinned{debezium}, librdkafka " . run_quietly('pkg-config', '--modversion', 'rdkafka') =~ s/\s+//r;
}

sub run_quietly {
	my (@command) = @_;
	my $pid = open(my $pipe, '-|') // die "cannot fork: $!\n";
	if (!$pid) { open(STDERR, '>&', \*STDOUT); exec(@command) or exit 127 }
	my $said = do { local $/; <$pipe> // '' };
	close $pipe or die "@command: $said\n";
	return $said;
}

sub read_file {
	my ($name) = @_;
	open(my $file, '<', $name) or die "cannot read $name: $!\n";
	local $/;
	return <$file> =~ s/\s+\z//r;
}

sub write_file {
	my ($name, $text) = @_;
	my $mask = umask 077;
	open(my $file, '>', $name) or die "cannot write $name: $!\n";
	print $file $text;
	close $file or die "cannot write $name: $!\n";
	umask $mask;
	return;
}

sub spawn { my ($self, $name, $env, @command) = @_; return OmsProcess->spawn("$self->{dir}/$name.log", $env, @command) }

sub wait_until {
	my ($what, $seconds, $process, $code) = @_;
	my $deadline = time + $seconds;
	until ($code->()) {
		die "$what: the process has ended:\n" . $process->log . "\n" if $process && !$process->running;
		die "waited $seconds s in vain for $what\n" . ($process ? $process->log : '') if time > $deadline;
		sleep 0.02;
	}
	return;
}

# --- the database

sub connection {
	my ($self, $db) = @_;
	my $dbh = DBI->connect("dbi:Pg:dbname=$db", '', '', { RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1, pg_server_prepare => 0 });
	$dbh->do("SET client_min_messages = 'warning'");
	return $dbh;
}

# One that stays open, for questions about slots and walsenders.
sub admin { my ($self) = @_; return $self->{admin} //= $self->connection('postgres') }

sub slot {
	my ($self, $name) = @_;
	return $self->admin->selectrow_hashref(<<'SQL', undef, $name);
		SELECT s.active_pid AS pid, s.confirmed_flush_lsn, r.sent_lsn - '0/0' AS sent, r.state
		  FROM pg_replication_slots AS s LEFT JOIN pg_stat_replication AS r ON r.pid = s.active_pid WHERE s.slot_name = ?
SQL
}

sub wait_for_reader {
	my ($self, $way) = @_;
	wait_until("a reader of slot $way->{slot}", 60, $way->{process}, sub { (($self->slot($way->{slot}) // {})->{state} // '') eq 'streaming' });
	return;
}

sub drop_slot {
	my ($self, $name) = @_;
	wait_until("slot $name to be free", 60, undef, sub { my $slot = $self->slot($name); !$slot || !$slot->{pid} });
	$self->admin->do('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ?', undef, $name);
	return;
}

# A slot that begins where another one does.
sub copy_slot {
	my ($self, $from, $db) = @_;
	my $name = 'bench_' . ++$self->{slots};
	my $dbh = $self->connection($db);
	$dbh->do('SELECT pg_copy_logical_replication_slot(?, ?)', undef, $from, $name);
	$dbh->disconnect;
	return $name;
}

# --- topics

sub make_topics {
	my ($self, $name, %config) = @_;
	$self->{wire}->create_topics(map { [ "$name.$_", $PARTITIONS, %config ] } @TOPICS);
	return;
}

sub delete_topics {
	my ($self, $name) = @_;
	$self->{wire}->delete_topic($_) for grep { /^\Q$name.\E/ } keys %{ $self->{wire}->metadata->{topics} };
	return;
}

sub topics { my ($self, $name) = @_; return map { "$name.$_" } @TOPICS }

# Offsets up to which readers of committed records can read, in all topics together: events, and marks of transactions.
sub readable { my ($self, $name) = @_; return sum(map { values %{ $self->{wire}->offsets("$name.$_", 'stable') } } @TOPICS[0, 1]) }

# --- oms_bridge

sub bridge_program { return $ENV{OMS_BRIDGE} // "$TREE/debezium/bridge/oms_bridge" }

# The same name again goes on where it was; a new one begins with what is committed from now on.
sub bridge {
	my ($self, %way) = @_;
	my %config = ('postgres.dsn' => join(' ', "host=$ENV{PGHOST}", 'port=' . ($ENV{PGPORT} // 5432), "user=$ENV{PGUSER}", "dbname=$way{db}"),
		pipeline => $way{name}, slot => "slot_$way{name}" =~ tr/-/_/r, plugin => $way{plugin}, mode => $way{mode}, start => 'now', 'topic.prefix' => "$way{name}.",
		'kafka.bootstrap.servers' => $self->{bootstrap}, 'http.listen' => 'off', %{ $way{settings} // {} });
	my $file = "$self->{dir}/$way{name}.conf";
	write_file($file, join('', map { "$_ = $config{$_}\n" } sort keys %config));
	return { %way, slot => $config{slot}, process => $self->spawn($way{name}, {}, bridge_program(), '--config', $file) };
}

# It streams: it has recorded where it begins, and reads its slot.
sub wait_for_bridge {
	my ($self, $way) = @_;
	my $topic = "$way->{name}.oms.cdc.position.$way->{name}";
	wait_until("bridge $way->{name} to record its position", 60, $way->{process},
		sub { exists $self->{wire}->metadata->{topics}{$topic} && $self->{wire}->offsets($topic, 'latest')->{0} > 0 });
	$self->wait_for_reader($way);
	return;
}

# --- Debezium

sub connector_config {
	my ($self, $dir, %way) = @_;
	my $text = read_file("$TREE/debezium/oms-outbox.json");
	$text =~ s{/etc/oms/}{$dir/connect/}g;
	$text =~ s{(route\.topic\.replacement": ")}{$1$way{name}.}g;
	my %config = (%{ JSON::PP::decode_json($text) }, %{ $VARIANT{ $way{variant} } }, 'slot.name' => $way{slot});
	delete $config{$_} for grep { !defined $config{$_} } keys %config;
	return \%config;
}

# A worker (group, topics and JVM) for each: nothing is left of the one before.  The connector begins where the slot does.
sub debezium {
	my ($self, %way) = @_;
	my $dir = "$self->{dir}/connect-$way{name}";
	my $eos = $way{variant} eq 'exactly once' ? 'enabled' : 'disabled';
	mkdir $dir or die "cannot make $dir: $!\n";
	write_file("$dir/bootstrap", "$self->{bootstrap}\n");
	run_quietly($SCRIPT, 'connect', $dir, 'init', "group.id=$way{name}", "exactly.once.source.support=$eos", 'offset.flush.interval.ms=60000',
		map { "$_.storage.topic=$way{name}.connect-$_" } qw(config offset status));
	write_file("$dir/connect/debezium.properties", join('', "hostname=127.0.0.1\nport=$ENV{PGPORT}\ndbname=$way{db}\nuser=$ENV{PGUSER}\npassword=",
		read_file($self->{password}), "\n"));
	$self->{wire}->create_topic('__debezium-heartbeat.oms', 1) if !$self->{heartbeats}++;
	my $process = $self->spawn($way{name}, { OMS_KAFKA_JAVA_OPTS => $JAVA_OPTS{connect} }, $SCRIPT, 'connect', $dir, 'run');
	run_quietly($SCRIPT, 'connect', $dir, 'wait');
	my $answer = HTTP::Tiny->new(timeout => 90)->request('PUT', read_file("$dir/connect/url") . '/connectors/oms-outbox/config',
		{ headers => { 'Content-Type' => 'application/json' }, content => JSON::PP::encode_json($self->connector_config($dir, %way)) });
	die "Kafka Connect: $answer->{status} $answer->{content}\n" if !$answer->{success};
	return { %way, process => $process, url => read_file("$dir/connect/url"), log => "$dir/connect/connect.log" };
}

# --- pg_recvlogical

# To nowhere, until the position.
sub receiver {
	my ($self, %way) = @_;
	my @command = ('pg_recvlogical', '-d', $way{db}, '-S', $way{slot}, '--start', '--no-loop', '-f', '/dev/null', "--endpos=$way{until}",
		map { ('-o', $_) } @{ $way{options} });
	return { %way, process => $self->spawn($way{name}, {}, @command) };
}

# What the bridge asked the plugin for, from the server's log (log_replication_commands): "name" 'value', ...
sub options_of {
	my ($log, $slot) = @_;
	my ($list) = reverse(read_file($log) =~ /START_REPLICATION SLOT "?\Q$slot\E"? LOGICAL \S+ \((.*)\)$/mg) or die "no START_REPLICATION of slot $slot in the server's log\n";
	my @options;
	push @options, "$1=$2" while $list =~ /"([^"]+)" '((?:[^']|'')*)'/g;
	return \@options;
}

sub stop {
	my ($self, $way) = @_;
	my $status = $way->{process}->stop(60);
	die "$way->{name} did not stop clean (status " . ($status // 'killed') . "):\n" . $way->{process}->log if ($status // -1) != 0 && $way->{mode};
	return;
}

1;
