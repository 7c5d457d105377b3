# test/lib/OmsKafka.pm: a real broker, and Kafka Connect, for TAP tests; what test/kafka/kafka.sh does, as an object.
#
#   use OmsKafka;
#   skip_without_kafka();                         # loud, skips the whole file
#   my $kafka = OmsKafka->new(config => { 'transaction.abort.timed.out.transaction.cleanup.interval.ms' => 500 }, tls => 1);
#   $kafka->start; $kafka->create_topics([ 'order-events', 4 ], ...); $kafka->kill9; $kafka->start; ...
#   my @records = $kafka->consume('order-events', read_committed => 1);
#
# A record is { partition, offset, timestamp, key, value, headers => { name => value } }, all of them bytes.

package OmsKafka;

use strict;
use warnings;

use Cwd ();
use Exporter 'import';
use File::Basename qw(dirname);
use HTTP::Tiny;
use IPC::Open3 qw(open3);
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

use KafkaWire;
use OmsBridge;
use OmsProcess qw(wait_for free_port);
use OmsTest;

our @EXPORT = qw(skip_without_kafka wait_for free_port partition_of bridge_program bridge_start bridge_dsn);

my $TREE = Cwd::abs_path(dirname(__FILE__) . '/../..');
my $SCRIPT = "$TREE/test/kafka/kafka.sh";
my $made = 0;

# Output and exit status of a command.
sub run_quietly
{
	my (@command) = @_;
	my $pid = open3(my $in, my $out, undef, @command);
	close $in;
	my $text = do { local $/; <$out> // '' };
	waitpid $pid, 0;
	return ($text, $? >> 8);
}

# No Kafka, no test: said loudly, and counted as skipped.  What is missing for another reason fails.
sub skip_without_kafka
{
	my ($text, $status) = run_quietly($SCRIPT, 'fetch');
	my $reason = $text =~ s/\s+\z//r;

	($reason, $status) = ('kcat is not installed', 75) if !$status && !grep { -x "$_/kcat" } split /:/, $ENV{PATH};
	die "kafka.sh fetch: $reason\n" if $status && $status != 75;
	return if !$status;
	diag('*' x 80, "\nSKIPPED, NOT TESTED: ", __FILE__ && $0, " needs a real Kafka broker.\n$reason\n", '*' x 80);
	plan skip_all => "NO KAFKA HERE: " . ($reason =~ s/\s+/ /gr);
	return;
}

# --- the broker ------------------------------------------------------------------------------

# new(config => { broker setting => value }, tls => 1): formatted, not started.
sub new
{
	my ($class, %options) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir();
	my $config = $options{config} // {};
	my ($text, $status) = run_quietly($SCRIPT, 'init', $dir, $options{tls} ? '--tls-sasl' : (), map { "$_=$config->{$_}" } sort keys %$config);

	die "kafka.sh init: $text" if $status;
	my $self = bless { dir => $dir, name => $options{name} // 'kafka' . ++$made }, $class;
	$self->{wire} = KafkaWire->new($self->bootstrap);
	return $self;
}

sub file
{
	my ($self, $name) = @_;
	open my $in, '<', "$self->{dir}/$name" or die "cannot read $self->{dir}/$name: $!";
	local $/;
	return <$in> =~ s/\s+\z//r;
}

sub dir { my ($self) = @_; return $self->{dir}; }
sub bootstrap { my ($self) = @_; return $self->file('bootstrap'); }

# The listener with TLS and SASL/SCRAM, and what a librdkafka client needs for it.
sub bootstrap_tls { my ($self) = @_; return $self->file('bootstrap.tls'); }
sub tls_settings
{
	my ($self) = @_;
	return ('bootstrap.servers' => $self->bootstrap_tls, 'security.protocol' => 'SASL_SSL', 'sasl.mechanism' => 'SCRAM-SHA-512',
		'sasl.username' => $self->file('sasl.user'), 'sasl.password' => $self->file('sasl.password'), 'ssl.ca.location' => "$self->{dir}/tls/ca.pem");
}

# Start it, also again after stop or kill9: same data, same ports.  With wait => 0 at once.
sub start
{
	my ($self, %options) = @_;
	my $log = "$PostgreSQL::Test::Utils::log_path/$self->{name}.log";

	$self->{process} = OmsProcess->spawn($log, {}, $SCRIPT, 'run', $self->{dir});
	return if defined $options{wait} && !$options{wait};
	$self->wait_until_up;
	return;
}

sub wait_until_up
{
	my ($self, $seconds) = @_;
	return if $self->{wire}->wait_until_up($seconds // 60);
	diag((eval { $self->file('broker.log') } // '') =~ s/.*?((?:[^\n]*\n){0,20}[^\n]*)\z/$1/sr);
	die "the broker does not answer\n";
}

# TERM, kill -9 and SIGSTOP of the broker (OmsProcess has more: pid, memory, cpu)
sub process { my ($self) = @_; return $self->{process}; }
sub stop { my ($self) = @_; return $self->{process}->stop; }
sub kill9 { my ($self) = @_; return $self->{process}->kill9; }
sub pause { my ($self) = @_; return $self->{process}->pause; }
sub resume { my ($self) = @_; return $self->{process}->resume; }
sub restart { my ($self) = @_; $self->stop; return $self->start; }

# --- topics ----------------------------------------------------------------------------------

# create_topics([ NAME, PARTITIONS, setting => value ], ...); see KafkaWire for these and more.
sub wire { my ($self) = @_; return $self->{wire}; }
sub create_topics { my ($self, @topics) = @_; return $self->{wire}->create_topics(@topics); }
sub create_topic { my ($self, @topic) = @_; return $self->create_topics(\@topic); }
sub delete_topic { my ($self, $name) = @_; return $self->{wire}->delete_topic($name); }
sub create_partitions { my ($self, $name, $count) = @_; return $self->{wire}->create_partitions($name, $count); }
sub topic_config { my ($self, $name, %config) = @_; return $self->{wire}->topic_config($name, %config); }

# The topics of events, with this prefix and number of partitions, and settings.
sub create_event_topics
{
	my ($self, $prefix, $partitions, %config) = @_;
	my %topics = reverse %TOPIC_OF;
	return $self->create_topics(map { [ ($prefix // '') . $_, $partitions // 4, %config ] } sort keys %topics);
}

# { partition => offset }; the high watermark, or where readers of committed records end.
sub end_offsets { my ($self, $topic, %options) = @_; return $self->{wire}->offsets($topic, $options{read_committed} ? 'stable' : 'latest'); }
sub topics { my ($self) = @_; return $self->{wire}->metadata->{topics}; }

# No transaction is open in the topic: what readers of committed records see is all there is.
sub settled
{
	my ($self, $topic) = @_;
	my ($stable, $end) = map { $self->{wire}->offsets($topic, $_) } qw(stable latest);
	return !grep { $stable->{$_} != $end->{$_} } keys %$end;
}

# --- records ---------------------------------------------------------------------------------

# Lengths first, so that any bytes may follow.
my $FORMAT = '%p %o %T %K %S\n%h\n%k%s\n';

sub headers_of
{
	my ($text) = @_;
	return { map { split /=/, $_, 2 } split /,(?=[\w.-]+=)/, $text };
}

sub kcat
{
	my ($self, %options) = @_;
	my %settings = ('fetch.wait.max.ms' => 20, 'isolation.level' => $options{read_committed} ? 'read_committed' : 'read_uncommitted',
		'bootstrap.servers' => $self->bootstrap, 'log_level' => 3, %{ $options{settings} // {} });
	# secrets go by file, not on the command line
	my $file = PostgreSQL::Test::Utils::tempdir_short() . '/kcat.conf';
	OmsBridge::write_config($file, \%settings, q(=));
	return ('kcat', '-F', $file, '-q');
}

# read_record(PIPE): the next record, undef at the end.
sub read_record
{
	my ($pipe) = @_;
	defined(my $line = <$pipe>) or return undef;
	my ($partition, $offset, $timestamp, $key_size, $value_size) = $line =~ /^(\d+) (\d+) (-?\d+) (-?\d+) (-?\d+)$/ or die "kcat says: $line";
	my ($kl, $vl) = map { $_ < 0 ? 0 : $_ } $key_size, $value_size;
	defined(my $headers = <$pipe>) or die "kcat stopped within a record\n";
	read($pipe, my $rest, $kl + $vl + 1) == $kl + $vl + 1 or die "kcat stopped within a record\n";
	chomp $headers;
	return {
		partition => $partition, offset => $offset, timestamp => $timestamp, headers => headers_of($headers),
		key => $key_size < 0 ? undef : substr($rest, 0, $kl), value => $value_size < 0 ? undef : substr($rest, $kl, $vl)
	};
}

# consume(TOPIC, read_committed => 1, partition => N, from => OFFSET or 'beginning', settings => { … }, each => CODE): the
# records up to the end as it is now (for readers of committed records: the last stable offset).  With CODE
# each record is handed to it and forgotten, for many of them; then the number is returned.
sub consume
{
	my ($self, $topic, %options) = @_;
	my @command = ($self->kcat(%options), '-C', '-t', $topic, '-o', $options{from} // 'beginning', '-e', '-f', $FORMAT);
	my ($errors, @records) = ("$PostgreSQL::Test::Utils::log_path/kcat.$$.err");
	my $count = 0;

	push @command, '-p', $options{partition} if defined $options{partition};
	my $pid = open(my $pipe, '-|') // die "cannot fork: $!";
	if (!$pid) { open STDERR, '>', $errors; exec 'timeout', $options{timeout} // 300, @command or POSIX::_exit(127); }
	binmode $pipe;
	while (my $record = read_record($pipe))
	{
		$count++;
		if ($options{each}) { $options{each}->($record); }
		else { push @records, $record; }
	}
	close $pipe or die 'kcat failed: ' . slurp_file($errors) . "(status $?)\n";
	return $options{each} ? $count : @records;
}

# One record; kcat wants a value that is not empty.
# produce(TOPIC, value => BYTES, key => BYTES, partition => N, headers => { … }, settings => { … })
sub produce
{
	my ($self, $topic, %record) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir_short();
	my @command = ($self->kcat(%record), '-P', '-t', $topic);

	push @command, '-k', $record{key} if defined $record{key};
	push @command, '-p', $record{partition} if defined $record{partition};
	push @command, map { ('-H', "$_=$record{headers}{$_}") } sort keys %{ $record{headers} // {} };
	open my $out, '>', "$dir/value" or die "cannot write: $!";
	binmode $out;
	print $out $record{value} // '';
	close $out;
	my ($text, $status) = run_quietly('timeout', 60, @command, "$dir/value");
	die "kcat: $text" if $status;
	return;
}

# partition_of(KEY, PARTITIONS): where Java's default partitioner puts it, murmur2 worked out anew.
sub partition_of
{
	my ($key, $partitions) = @_;
	my $hash = 0x9747b28c ^ length $key;

	foreach my $word (unpack 'V*', substr $key, 0, length($key) & ~3)
	{
		my $k = ($word * 0x5bd1e995) & 0xffffffff;
		$k = (($k ^ ($k >> 24)) * 0x5bd1e995) & 0xffffffff;
		$hash = (($hash * 0x5bd1e995) & 0xffffffff) ^ $k;
	}
	my @rest = unpack 'C*', substr $key, length($key) & ~3;
	if (@rest)
	{
		$hash ^= $rest[$_] << 8 * $_ foreach 0 .. $#rest;
		$hash = ($hash * 0x5bd1e995) & 0xffffffff;
	}
	$hash = (($hash ^ ($hash >> 13)) * 0x5bd1e995) & 0xffffffff;
	$hash ^= $hash >> 15;
	return ($hash & 0x7fffffff) % $partitions;
}

# --- Kafka Connect ---------------------------------------------------------------------------

# connect_start(worker setting => value, ...): Kafka Connect, distributed, with Debezium; waits until it answers.
sub connect_start
{
	my ($self, %settings) = @_;
	my $log = "$PostgreSQL::Test::Utils::log_path/$self->{name}_connect.log";
	my ($text, $status) = run_quietly($SCRIPT, 'connect', $self->{dir}, 'init', map { "$_=$settings{$_}" } sort keys %settings);

	die "kafka.sh connect init: $text" if $status;
	$self->{connect} = OmsProcess->spawn($log, {}, $SCRIPT, 'connect', $self->{dir}, 'run');
	($text, $status) = run_quietly($SCRIPT, 'connect', $self->{dir}, 'wait');
	die "Kafka Connect does not come up: $text" if $status;
	return;
}

sub connect_process { my ($self) = @_; return $self->{connect}; }
sub connect_log { my ($self) = @_; return $self->file('connect/connect.log'); }

# connect_rest(METHOD, PATH, DATA): the answer, decoded; dies with Connect's words.
sub connect_rest
{
	my ($self, $method, $path, $data) = @_;
	my %request = (headers => { 'Content-Type' => 'application/json' });
	$request{content} = JSON::PP::encode_json($data) if defined $data;
	my $answer = HTTP::Tiny->new(timeout => 90)->request($method, $self->file('connect/url') . $path, \%request);

	die "$method $path: $answer->{status} $answer->{content}\n" if !$answer->{success};
	return length $answer->{content} ? JSON::PP::decode_json($answer->{content}) : undef;
}

# connector_start(NAME, { setting => value }): create it or change it, and wait until its task is RUNNING; dies with
# the task's words when that FAILED.
sub connector_start
{
	my ($self, $name, $config, %options) = @_;
	$self->connect_rest('PUT', "/connectors/$name/config", $config);
	my $seen = wait_for(sub {
		my $status = $self->connector_status($name);
		my @states = map { $_->{state} } $status->{connector}, @{ $status->{tasks} };
		return (@states > 1 && !grep { $_ ne 'RUNNING' } @states) || grep({ $_ eq 'FAILED' } @states) ? $status : undef;
	}, $options{timeout} // 60, "connector $name");
	die "connector $name does not run\n" if !$seen;
	foreach my $part ($seen->{connector}, @{ $seen->{tasks} }) { die "connector $name: $part->{trace}\n" if $part->{state} eq 'FAILED'; }
	return;
}

sub connector_status { my ($self, $name) = @_; return $self->connect_rest('GET', "/connectors/$name/status"); }
sub connector_delete { my ($self, $name) = @_; return $self->connect_rest('DELETE', "/connectors/$name"); }

1;
