# test/lib/KafkaWire.pm: Kafka's own protocol, the few administrative requests that tests need, without the second a JVM takes to start.
#
# KafkaWire->new("127.0.0.1:9092"), one broker, plain text; each call opens a connection of its own.  Errors die with the
# broker's words.  Request versions are the newest before the compact encodings, which Kafka 3.9 still answers.

package KafkaWire;

use strict;
use warnings;

use IO::Socket::INET;
use Time::HiRes qw(sleep time);

use constant { LIST_OFFSETS => 2, METADATA => 3, CREATE_TOPICS => 19, DELETE_TOPICS => 20, DELETE_RECORDS => 21,
	CREATE_ACLS => 30, CREATE_PARTITIONS => 37, ALTER_CONFIGS => 44 };

my %ERROR = (3 => 'UNKNOWN_TOPIC_OR_PARTITION', 5 => 'LEADER_NOT_AVAILABLE', 6 => 'NOT_LEADER_OR_FOLLOWER', 7 => 'REQUEST_TIMED_OUT',
	17 => 'INVALID_TOPIC_EXCEPTION', 36 => 'TOPIC_ALREADY_EXISTS', 37 => 'INVALID_PARTITIONS', 40 => 'INVALID_CONFIG', 41 => 'NOT_CONTROLLER');

sub new { my ($class, $bootstrap) = @_; return bless { bootstrap => $bootstrap }, $class; }

# --- encoding --------------------------------------------------------------------------------

sub string { my ($text) = @_; return defined $text ? pack('s> a*', length $text, $text) : pack('s>', -1); }
sub array { my (@items) = @_; return pack('l>', scalar @items) . join '', @items; }

# Takes values off the front of an answer: s int16, l int32, q int64, b int8, t string; A(code) an array.
package KafkaWire::Answer
{
	my %SIZE = (b => [ 1, 'c' ], s => [ 2, 's>' ], l => [ 4, 'l>' ], q => [ 8, 'q>' ]);

	sub take
	{
		my ($self, $kinds) = @_;
		my @values;
		foreach my $kind (split //, $kinds)
		{
			if ($kind eq 't')
			{
				my $length = $self->take('s');
				push @values, $length < 0 ? undef : $self->bytes($length);
				next;
			}
			my ($size, $format) = @{ $SIZE{$kind} };
			push @values, unpack $format, $self->bytes($size);
		}
		return wantarray ? @values : $values[0];
	}

	sub bytes
	{
		my ($self, $size) = @_;
		die "the broker's answer is too short\n" if $self->{at} + $size > length $self->{text};
		$self->{at} += $size;
		return substr $self->{text}, $self->{at} - $size, $size;
	}

	sub list { my ($self, $each) = @_; return map { $each->($self) } 1 .. $self->take('l'); }
}

# --- one request -----------------------------------------------------------------------------

sub read_exactly
{
	my ($socket, $size, $deadline) = @_;
	my $text = '';
	while (length $text < $size)
	{
		my $ready = '';
		vec($ready, fileno $socket, 1) = 1;
		my $left = $deadline - time;
		die "the broker does not answer\n" if $left <= 0 || !select $ready, undef, undef, $left;
		my $got = sysread $socket, $text, $size - length $text, length $text;
		die "the broker closed the connection\n" if !$got;
	}
	return $text;
}

sub request
{
	my ($self, $api, $version, $body) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => $self->{bootstrap}, Timeout => 5) or die "cannot connect to $self->{bootstrap}: $@\n";
	my $deadline = time + 35;
	my $request = pack('s> s> l>', $api, $version, 1) . string('oms-test') . $body;

	local $SIG{PIPE} = 'IGNORE';
	syswrite $socket, pack('l>', length $request) . $request;
	my $size = unpack 'l>', read_exactly($socket, 4, $deadline);
	my $answer = bless { text => read_exactly($socket, $size, $deadline), at => 0 }, 'KafkaWire::Answer';
	$answer->take('l');
	return $answer;
}

sub check
{
	my ($what, $code, $message) = @_;
	die "$what: " . ($ERROR{$code} // "Kafka error $code") . (defined $message ? ", $message" : '') . "\n" if $code;
	return;
}

# --- requests --------------------------------------------------------------------------------

# { brokers => number, topics => { name => { partition => leader or -1 } } }; of the named topics, or of all.
sub metadata
{
	my ($self, @names) = @_;
	my $answer = $self->request(METADATA, 4, (@names ? array(map { string($_) } @names) : pack('l>', -1)) . pack('c', 0));
	my %topics;

	$answer->take('l');
	my @brokers = $answer->list(sub { [ $_[0]->take('ltlt') ] });
	$answer->take('tl');
	$answer->list(sub {
		my ($code, $name) = $_[0]->take('stb');
		my %leaders = map { @$_ } $_[0]->list(sub {
			my (undef, $index, $leader) = $_[0]->take('sll');
			$_[0]->list(sub { $_[0]->take('l') }) foreach 1 .. 2;
			return [ $index, $leader ];
		});
		$topics{$name} = \%leaders if !$code || %leaders;
	});
	return { brokers => scalar @brokers, topics => \%topics };
}

# The broker answers, is registered, and every partition has a leader.
sub wait_until_up
{
	my ($self, $seconds) = @_;
	my $deadline = time + $seconds;

	while (time < $deadline)
	{
		my $seen = eval { $self->metadata };
		return 1 if $seen && $seen->{brokers} && !grep { $_ < 0 } map { values %$_ } values %{ $seen->{topics} };
		sleep 0.05;
	}
	return 0;
}

# create_topic(NAME, PARTITIONS, setting => value, ...)
sub create_topic
{
	my ($self, $name, $partitions, %config) = @_;
	$self->create_topics([ $name, $partitions, %config ]);
	return;
}

# create_topics([NAME, PARTITIONS, setting => value, ...], ...); there when it returns.
sub create_topics
{
	my ($self, @topics) = @_;
	my @wanted = map {
		my ($name, $partitions, %config) = @$_;
		string($name) . pack('l> s>', $partitions, 1) . array() . array(map { string($_) . string($config{$_}) } sort keys %config);
	} @topics;
	my $answer = $self->request(CREATE_TOPICS, 2, array(@wanted) . pack('l> c', 30_000, 0));

	$answer->take('l');
	$answer->list(sub { my ($name, $code, $message) = $_[0]->take('tst'); check("create topic $name", $code, $message); });
	# the controller has them; the broker learns of them a moment later
	my $deadline = time + 30;
	while (1)
	{
		my $there = $self->metadata->{topics};
		last if !grep { my ($name, $partitions) = @$_; grep({ $_ >= 0 } values %{ $there->{$name} // {} }) < $partitions } @topics;
		die "a topic has no leader\n" if time > $deadline;
		sleep 0.05;
	}
	return;
}

sub delete_topic
{
	my ($self, $name) = @_;
	my $answer = $self->request(DELETE_TOPICS, 1, array(string($name)) . pack('l>', 30_000));

	$answer->take('l');
	$answer->list(sub { my ($topic, $code) = $_[0]->take('ts'); check("delete topic $topic", $code); });
	return;
}

# More partitions for a topic: COUNT of them from now on.
sub create_partitions
{
	my ($self, $name, $count) = @_;
	my $answer = $self->request(CREATE_PARTITIONS, 1, array(string($name) . pack('l> l>', $count, -1)) . pack('l> c', 30_000, 0));

	$answer->take('l');
	$answer->list(sub { my ($topic, $code, $message) = $_[0]->take('tst'); check("partitions of $topic", $code, $message); });
	$self->wait_until_up(30) or die "a partition has no leader\n";
	return;
}

# topic_config(NAME, setting => value or undef for the default, ...)
sub topic_config
{
	my ($self, $name, %config) = @_;
	my @settings = map { string($_) . pack('c', defined $config{$_} ? 0 : 1) . string($config{$_}) } sort keys %config;
	my $answer = $self->request(ALTER_CONFIGS, 0, array(pack('c', 2) . string($name) . array(@settings)) . pack('c', 0));

	$answer->take('l');
	$answer->list(sub { my ($code, $message, undef, $topic) = $_[0]->take('stbt'); check("settings of $topic", $code, $message); });
	return;
}

# { partition => offset }.  WHICH: 'earliest', 'latest' (the high watermark) or 'stable' (the last stable
# offset: before the first open transaction).
sub offsets
{
	my ($self, $topic, $which) = @_;
	my @partitions = sort { $a <=> $b } keys %{ $self->metadata($topic)->{topics}{$topic} // die "no topic $topic\n" };
	my $time = $which eq 'earliest' ? -2 : -1;
	my $answer = $self->request(LIST_OFFSETS, 2, pack('l> c', -1, $which eq 'stable' ? 1 : 0)
		  . array(string($topic) . array(map { pack 'l> q>', $_, $time } @partitions)));
	my %offsets;

	$answer->take('l');
	$answer->list(sub {
		$_[0]->take('t');
		$_[0]->list(sub {
			my ($index, $code, undef, $offset) = $_[0]->take('lsqq');
			check("offsets of $topic/$index", $code);
			$offsets{$index} = $offset;
		});
	});
	return \%offsets;
}

# Remove what lies before these offsets: { partition => offset }, -1 is all.
sub delete_records
{
	my ($self, $topic, $before) = @_;
	my $answer = $self->request(DELETE_RECORDS, 1,
		array(string($topic) . array(map { pack 'l> q>', $_, $before->{$_} } sort keys %$before)) . pack('l>', 30_000));

	$answer->take('l');
	$answer->list(sub {
		$_[0]->take('t');
		$_[0]->list(sub { my ($index, undef, $code) = $_[0]->take('lqs'); check("delete records of $topic/$index", $code); });
	});
	return;
}

# allow(PRINCIPAL, 'topic' | 'group' | 'cluster' | 'transactional_id', NAME, OPERATION): NAME * is any name, NAME abc* what begins so.
sub allow
{
	my ($self, $principal, $kind, $name, $operation) = @_;
	my %kinds = (topic => 2, group => 3, cluster => 4, transactional_id => 5);
	my %operations = (all => 2, read => 3, write => 4, create => 5, describe => 8, describe_configs => 10, idempotent_write => 12);
	my $pattern = $name =~ s/(?<=.)\*\z// ? 4 : 3;
	my $answer = $self->request(CREATE_ACLS, 1,
		array(pack('c', $kinds{$kind}) . string($name) . pack('c', $pattern) . string($principal) . string('*') . pack('c c', $operations{$operation}, 3)));

	$answer->take('l');
	$answer->list(sub { my ($code, $message) = $_[0]->take('st'); check("allow $principal $operation $kind $name", $code, $message); });
	return;
}

1;
