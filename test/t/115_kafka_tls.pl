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

use OmsDelivery qw(delivery events_of load_for);
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
		'postgres.dsn' => bridge_dsn($node), sink => 'kafka', 'scan.timeout.ms' => '5s', map({ ("kafka.$_" => $properties{$_}) } keys %properties) });
	push @bridges, $bridge;
	return $bridge;
}

# The words that the log must have at a level that nobody turns off, and that nothing has left meanwhile.
sub complains
{
	my ($bridge, $words, $name) = @_;
	ok(wait_for(sub { $bridge->log =~ /^\S+ (?:WARNING|ERROR) .*$words/m }, 45, "the log to say $words"), $name) or diag($bridge->log);
	is(records_count(), 0, "$name: nothing has left");
	return $bridge;
}

# What is for an operator to mend ends the bridge, with the exit status that a service manager does not restart on.
sub refuses
{
	my ($name, $words, $what) = @_;
	is(complains(start_bridge($name), $words, $what)->wait_exit(15), 3, "$what: and it is over");
	return;
}

sub load { my (%options) = @_; return load_for($node, 0, sessions => 2, steps => 100, %options); }

sub records_count
{
	my $number = 0;
	$number += $kafka->consume($_, read_committed => 1, each => sub { }) foreach outbox_topics();
	return $number;
}

sub is_delivered
{
	my ($name) = @_;
	wait_for(sub { records_count() >= events_of($node) }, 60, 'all events') or diag($bridges[-1]->log);
	my $found = delivery($node, $kafka, '', partitions => [$PARTITIONS]);
	is(join("\n", $found->{repeats}, @{ $found->{problems} }), 0, $name);
	return;
}

# All that others on the machine can see of the process.
sub shows_no_secret
{
	my ($bridge, $name, $secret) = @_;
	my $pid = $bridge->pid;
	my $seen = join "\n", map { slurp_file("/proc/$pid/$_") } qw(cmdline environ);
	unlike($seen, qr/\Q$secret\E/, "$name: no secret in arguments or environment");
	return;
}

# --- wrong in every way, before it is right --------------------------------------------------

load();
cmp_ok(events_of($node), '>', 10, 'there is something to send');

my $wrong = $PASSWORD =~ tr/0-9a-f/1-9a-f0/r;
my $bridge = start_bridge('wrong_password', 'sasl.password' => $wrong);
complains($bridge, qr/invalid credentials.*hint: check .*kafka\.sasl\.username and kafka\.sasl\.password/, 'a wrong password is said to be one');
like(scalar $bridge->http('/healthz'), qr/"healthy": ?false.*invalid credentials/, 'also to who looks at /healthz');
shows_no_secret($bridge, 'waiting', $wrong);
is($bridge->stop, 0, 'it waits for better days, and stops when asked to');
unlike($bridge->log, qr/\Q$wrong\E/, 'the password is not in the log');

# another authority of the same name
sub other_authority
{
	my $dir = PostgreSQL::Test::Utils::tempdir();
	system_or_bail(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj), '/CN=oms test authority', '-keyout', "$dir/key.pem", '-out', "$dir/ca.pem");
	return "$dir/ca.pem";
}
complains(start_bridge('unknown_authority', 'ssl.ca.location' => other_authority()), qr/certificate verify failed.*hint: check kafka\.ssl\.ca\.location/,
	'a certificate that nobody vouches for is refused')->stop;
complains(start_bridge('no_tls', 'security.protocol' => 'SASL_PLAINTEXT'), qr/brokers? are down.*hint: check kafka/, 'no TLS: no connection')->stop;

# --- rights ----------------------------------------------------------------------------------

sub allow { my ($kind, $name, @operations) = @_; $kafka->wire->allow("User:$USER", $kind, $name, $_) foreach @operations; return; }

my @RIGHTS = qw(read write describe describe_configs);
refuses('no_rights', qr/does not let us use the topic "order-events".*--operation Write/, 'no right at all: said so');
allow('topic', $_, @RIGHTS) foreach 'oms.cdc.position.oms', grep { $_ ne 'execution-events' } outbox_topics();
refuses('one_topic_missing', qr/does not let us use the topic "execution-events".*--operation Write/, 'a right on a topic is missing: which');
allow('topic', 'execution-events', @RIGHTS);
refuses('no_transactional_id', qr/ransactional.*--transactional-id oms-cdc-/, 'the right on the transactional id is missing: said so');
allow('transactional_id', 'oms-cdc-*', qw(write describe));

# --- right -----------------------------------------------------------------------------------

$bridge = start_bridge('right');
is_delivered('with the rights of README.md all arrives: once, equal, in order');
shows_no_secret($bridge, 'running', $PASSWORD);
unlike($bridge->log, qr/ (?:WARNING|ERROR) (?!librdkafka|reconciling)/, 'nothing is missing');
load(name => 'more');
is_delivered('and so does what comes later');

# the broker goes and comes back: the handshake is made again
$kafka->kill9;
load(name => 'meanwhile');
$kafka->start;
is_delivered('and what came while the broker was dead');

my @records = $kafka->consume('order-events', read_committed => 1, settings => { $kafka->tls_settings });
is(scalar @records, $node->safe_psql('postgres', 'SELECT (SELECT count(*) FROM oms.order_events) + (SELECT count(*) FROM oms.purged_trees)'), 'a reader over TLS sees them as well');
is($bridge->stop, 0, 'a clean stop');
unlike($_->log, qr/\Q$PASSWORD\E/, "no secret in the log of $_->{name}") foreach @bridges;

$kafka->stop;
$node->stop;

done_testing();
