# The six lines of the README that connect the store to a Kafka of one's own: run as they stand, with the addresses put in.
# Would break it: an option that is renamed, a default that changes, a grant that is missing, topics that are not made.

use strict;
use warnings;

use FindBin;
use IPC::Run;
use OmsKafka;
use OmsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

skip_without_kafka();

my $root = "$FindBin::RealBin/../..";
my ($block) = slurp_file("$root/README.md") =~ /needs six lines:\n\n```bash\n(.*?)```/s or die 'the README has no six lines';
my @lines = split /\n/, $block;
is(scalar @lines, 6, 'six lines');

my $node = oms_node('main', conf => "wal_level = logical\nmax_wal_senders = 5\nmax_replication_slots = 5\n");
my $kafka = OmsKafka->new;
$kafka->start;

# the grants of doc/operations.md, as they stand
my ($grants) = slurp_file("$root/doc/operations.md") =~ /([^\n]+create_roles\(\);\nCREATE ROLE oms_cdc LOGIN REPLICATION;.*?)SET ROLE/s or die 'operations.md has no grants';
$node->safe_psql('postgres', $grants);
$node->safe_psql('postgres', q{SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ORD-1", "symbol": "VOD", "side": "BUY", "orderQty": 10000}')});

# What a reader would change.
my $address = $kafka->bootstrap;
my $directory = PostgreSQL::Test::Utils::tempdir();
foreach (@lines)
{
	s/kafka\.example:9092/$address/;
	s/host=db\.example dbname=oms user=oms_cdc/bridge_dsn($node, user => 'oms_cdc')/e;
	s/psql -d oms/sprintf q{psql -X -d '%s'}, bridge_dsn($node)/e;
	s{oms\.conf}{$directory/oms.conf}g;
}

# The consumer goes on for ever: to the end of the topic is enough here. The bridge's own port may be taken on this machine.
$lines[4] =~ s/ &$// or die 'the bridge is not put into the background';
my $consumer = pop @lines;
my $bridge_line = pop @lines;
chdir $root or die "cannot enter $root: $!";
foreach my $line (@lines)
{
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'bash', '-c', $line ], '>', \$out, '2>', \$err, IPC::Run::timeout(120));
	is($? >> 8, 0, $line) or diag("$out$err");
}
my $bridge = OmsProcess->spawn("$directory/bridge.log", {}, 'bash', '-c', "exec $bridge_line --http.listen off");
ok(wait_for(sub { $bridge->log =~ /streaming from slot/ }, 60, 'the bridge'), $bridge_line) or diag($bridge->log);
$node->safe_psql('postgres', q{SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ORD-2", "symbol": "VOD", "side": "BUY", "orderQty": 10000}')});
my $seen = '';
ok(wait_for(sub { $seen = qx{$consumer -e -q -o beginning 2>&1}; $seen =~ /^ORD-2 /m }, 60, 'the events'), $consumer) or diag($seen);
is(join(' ', sort map { (split)[0] } split /\n/, $seen), 'ORD-1 ORD-2', 'both orders are there, once: the one from before too');
is($bridge->stop, 0, 'a clean stop');
$kafka->stop;

done_testing();
