# The bridge over TLS with SASL/SCRAM-SHA-512, as a user with the rights that README.md asks for and no others.
# Broken by: an event that does not arrive so; a broker accepted whose certificate nobody vouches for; a wrong password, an
# unknown authority or a missing right that ends in silence or in words that do not say which; a secret in a log, in the
# arguments or in the environment of the process.
#
# A real broker; where it cannot be had, all is skipped, loudly.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use OmsKafka;
use OmsOutbox;
use OmsTest;

skip_without_kafka();

my $PARTITIONS = 3;
my $node = oms_node('tls', streaming => 'logical', conf => "fsync = off\nlog_statement = none\n");
# Plain text is for the test itself, which may do everything; the user of the TLS listener may do what it is allowed.
my $kafka = OmsKafka->new(tls => 1, config => {
	'authorizer.class.name' => 'org.apache.kafka.metadata.authorizer.StandardAuthorizer', 'super.users' => 'User:ANONYMOUS',
	'transaction.abort.timed.out.transaction.cleanup.interval.ms' => 500 });
my $USER = $kafka->file('sasl.user');
my $PASSWORD = $kafka->file('sasl.password');
my @bridges;

$kafka->start;
$kafka->create_event_topics('', $PARTITIONS);
$kafka->create_topic('oms.cdc.position.oms', 1, 'cleanup.policy' => 'compact');
$node->safe_psql('postgres', q(SELECT * FROM oms.create_slot('oms_cdc', 'pgoutput')));

# start_bridge(NAME, property => value of librdkafka that differs, ...)
sub start_bridge
{
	my ($name, %other) = @_;
	my %properties = ($kafka->tls_settings, %other);
	my $bridge = bridge_start(name => $name, config => {
		'postgres.dsn' => bridge_dsn($node), sink => 'kafka', map({ ("kafka.$_" => $properties{$_}) } keys %properties) });
	push @bridges, $bridge;
	return $bridge;
}

# The words that the log must have, and that nothing has left meanwhile.
sub complains
{
	my ($bridge, $words, $name) = @_;
	ok(wait_for(sub { $bridge->log =~ $words }, 45, "the log to say $words"), $name) or diag($bridge->log);
	is(records_count(), 0, "$name: nothing has left");
	$bridge->stop;
	return;
}

sub records_count
{
	my $number = 0;
	$number += $kafka->consume($_, read_committed => 1, each => sub { }) foreach outbox_topics();
	return $number;
}

sub is_delivered
{
	my ($name) = @_;
	my $events = outbox_events($node);
	wait_for(sub { records_count() >= keys %$events }, 60, 'all events') or diag($bridges[-1]->log);
	my %records = map { $_ => [ $kafka->consume($_, read_committed => 1) ] } outbox_topics();
	is(join("\n", outbox_differences($events, \%records, $PARTITIONS)), '', $name);
	return;
}

# All that others on the machine can see of the process.
sub shows_no_secret
{
	my ($bridge, $name) = @_;
	my $pid = $bridge->pid;
	my $seen = join "\n", map { slurp_file("/proc/$pid/$_") } qw(cmdline environ);
	unlike($seen, qr/\Q$PASSWORD\E/, "$name: no secret in arguments or environment");
	return;
}

# --- wrong in every way, before it is right --------------------------------------------------

outbox_load($node, seconds => 0.5, sessions => 2);
cmp_ok(scalar keys %{ outbox_events($node) }, '>', 10, 'there is something to send');

my $wrong = $PASSWORD =~ tr/0-9a-f/1-9a-f0/r;
my $bridge = start_bridge('wrong_password', 'sasl.password' => $wrong);
complains($bridge, qr/authentication|credentials/i, 'a wrong password is said to be one');
unlike($bridge->log, qr/\Q$wrong\E/, 'and is not in the log');

# another authority of the same name
sub other_authority
{
	my $dir = PostgreSQL::Test::Utils::tempdir();
	system_or_bail(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj), '/CN=oms test authority', '-keyout', "$dir/key.pem", '-out', "$dir/ca.pem");
	return "$dir/ca.pem";
}
complains(start_bridge('unknown_authority', 'ssl.ca.location' => other_authority()), qr/certificate.*verif|verify.*certificate/i,
	'a certificate that nobody vouches for is refused');

# the listener wants TLS: nothing of the password may leave in plain text
complains(start_bridge('plain_text', 'security.protocol' => 'SASL_PLAINTEXT'), qr/disconnect|TLS|SSL|timed out|Connection/i, 'no TLS: no connection');

# --- rights ----------------------------------------------------------------------------------

sub allow { my ($kind, $name, @operations) = @_; $kafka->wire->allow("User:$USER", $kind, $name, $_) foreach @operations; return; }

complains(start_bridge('no_rights'), qr/authoriz/i, 'no right at all: said so');
allow('transactional_id', '*', qw(write describe));
allow('topic', 'oms.cdc.position.oms', qw(read write describe));
allow('topic', $_, qw(read write describe)) foreach grep { $_ ne 'execution-events' } outbox_topics();
complains(start_bridge('one_right_missing'), qr/execution-events.*authoriz|authoriz.*execution-events/i, 'one right is missing: the topic is named');
allow('topic', 'execution-events', qw(read write describe));

# --- right -----------------------------------------------------------------------------------

$bridge = start_bridge('right');
is_delivered('with the rights of README.md all arrives: once, equal, in order');
shows_no_secret($bridge, 'running');
outbox_load($node, seconds => 1, sessions => 2, name => 'more');
is_delivered('and so does what comes later');

# the broker goes and comes back: the handshake is made again
$kafka->kill9;
outbox_load($node, seconds => 0.5, sessions => 2, name => 'meanwhile');
$kafka->start;
is_delivered('and what came while the broker was dead');

my @records = $kafka->consume('order-events', read_committed => 1, settings => { $kafka->tls_settings });
is(scalar @records, scalar(grep { $_->{topic} eq 'order-events' } values %{ outbox_events($node) }), 'a reader over TLS sees them as well');
is($bridge->stop, 0, 'a clean stop');
unlike($_->log, qr/\Q$PASSWORD\E/, "no secret in the log of $_->{name}") foreach @bridges;

$kafka->stop;
$node->stop;

done_testing();
