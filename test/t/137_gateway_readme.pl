# What the README says of the gateway: its lines for a shell run as they stand, with the address put in, and its client in Python makes an order.
# Would break it: a route, a setting or a field that is renamed, a client that does not understand an answer.

use strict;
use warnings;

use lib 'test/lib';
use FindBin;
use IPC::Run;
use JSON::PP;
use OmsGateway;
use OmsProcess qw(free_port wait_for);
use OmsTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::RealBin/../..";
my ($chapter) = slurp_file("$root/README.md") =~ /^### Command and ask by HTTP\n(.*?)^## /ms or die 'the README has no such chapter';
my ($block) = $chapter =~ /Six lines:\n\n```bash\n(.*?)```/s or die 'it has no six lines';
my @lines = split /\n/, $block;
is(scalar @lines, 6, 'six lines');
my $node = oms_node('main');
my $address = '127.0.0.1:' . free_port();
my $dsn = gateway_dsn($node);
my $program = gateway_program();

# What a reader would change; the program is the one under test, which is built already.
foreach (@lines) { s/127\.0\.0\.1:8080/$address/; s/dbname=oms user=desk/$dsn/; s{^gateway/oms_gateway}{$program}; }
is(shift @lines, 'make -s -C gateway', 'first it is built');
my $start = shift @lines;
$start =~ s/ &$// or die 'the gateway is not put into the background';
my $gateway = OmsProcess->spawn(PostgreSQL::Test::Utils::tempdir() . '/gateway.log', {}, 'bash', '-c', "exec $start --listen $address --admin.listen off");
ok(wait_for(sub { $gateway->log =~ /connected to PostgreSQL/ }, 60, 'the gateway'), $start) or diag($gateway->log);

sub run
{
	my (@command) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([@command], '>', \$out, '2>', \$err, IPC::Run::timeout(300));
	is($? >> 8, 0, $command[-1]) or diag("$out$err");
	return $out;
}

my $result = decode_json(run('bash', '-c', $lines[0]));
is("$result->{status} $result->{commandId}", 'ACCEPTED web-1', 'the command is accepted');
my $rows = decode_json(run('bash', '-c', $lines[1]));
is(join(' ', map { $_->{orderId} } @$rows), 'WEB-1', 'the order is found');
is(run('bash', '-c', $lines[2]) =~ s/\r//gr =~ s/^\xef\xbb\xbf//r, "clOrdID,symbol,orderQty\nXYZ,VOD,500\n", 'as CSV');
is(decode_json((split /\n/, run('bash', '-c', $lines[3]))[0])->{eventType}, 'OrderCreated', 'its events');

my ($client, $use, $printed) = $chapter =~ /```python\n(.*?)```\n\n```python\n(.*?)```\n\n```text\n(.*?)```/s or die 'the README has no client in Python';
cmp_ok(scalar(grep { /\S/ } split /\n/, $client), '<=', 22, 'a short one');
$use =~ s/127\.0\.0\.1:8080/$address/;
is(run('python3', '-c', $client . $use), $printed, 'the client prints what it says');

# It comes again by the same id where the gateway says 503, and does not where a command is refused.
is(run('python3', '-c', $client . <<PYTHON), "400\n", 'what is refused is told');
try:
    Oms("http://$address").command("orders", commandType="CreateOrderCommand", orderQty=-1)
except urllib.error.HTTPError as error:
    print(error.code)
PYTHON
is(run('python3', '-c', $client . <<PYTHON), "2 keys, ['same']\n", 'and what is not known is sent again');
time.sleep = lambda seconds: None
seen = []
class Deaf(Oms):
    def call(self, method, path, body=None, **headers):
        seen.append(headers["Idempotency-Key"])
        if len(seen) == 1:
            raise ConnectionResetError()
        return body
Deaf("").command("orders")
print(len(seen), "keys,", ["same" if len(set(seen)) == 1 else "others"])
PYTHON
$gateway->stop(60);

done_testing();
