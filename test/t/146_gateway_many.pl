# Connections by the thousand, held open, with requests on some of them: make soak has ten thousand, make test some hundred.
#
# Broken by: a limit of open files that is not raised; a look at every connection for each request, or for each that comes; memory that is
# not given back, or that grows with what a connection has asked; a stop that waits for who is silent.

use strict;
use warnings;

use lib 'test/lib';
use IO::Handle;
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use POSIX ();
use Test::More;

# As many open files as the gateway may have are its own limit; each client process has some hundred.
chomp(my $files = `bash -c 'ulimit -Hn'`);
my $most = $files eq 'unlimited' ? 1_000_000 : $files - 600;
my $wanted = rounds(600, 10_000);
my $connections = $wanted < $most ? $wanted : $most;
my $each = 250;
diag("the system lets a program have $files open files: $connections connections instead of $wanted") if $connections < $wanted;

my $node = oms_node('main');
my $gateway = gateway_start($node, name => 'many', auth => 'login', 'pool.size' => 4, 'connections.max' => $connections + 100, 'address.connections' => 100_000, 'pool.queue' => 20_000,
	'queue.timeout' => '600s', 'head.timeout' => '3000s', 'idle.timeout' => '3000s', 'drain.timeout' => '600s');

# A process with connections of its own, told by lines what to do with them, that says a line when it is done.
my @holders;

sub holder
{
	my ($count, $number) = @_;
	pipe my $orders, my $to or die $!;
	pipe my $from, my $words or die $!;
	my $pid = fork // die "cannot fork: $!";

	if (!$pid)
	{
		close $_ foreach $to, $from, map { @$_{qw(to from)} } @holders;
		$words->autoflush(1);
		my @clients = map { $gateway->client } 1 .. $count;
		print $words 'open ' . scalar(grep { defined $_->{socket} } @clients) . "\n";
		while (defined(my $order = <$orders>))
		{
			my ($what, $share) = split ' ', $order;
			my @some = grep { $_ % $share == 0 } 0 .. $#clients;
			if ($what eq 'command')
			{
				my @bodies = map { my $id = "H$number-$_-" . int rand 1e9; qq({"commandType": "CreateOrderCommand", "orderId": "$id", "clOrdID": "$id", "symbol": "VOD", "side": "BUY", "orderQty": 1}) } @some;
				$clients[ $some[$_] ]->write("POST /commands/orders HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: " . length($bodies[$_]) . "\r\n\r\n$bodies[$_]") foreach 0 .. $#some;
			}
			else { $clients[$_]->write("GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n") foreach @some; }
			$clients[$_]{seconds} = 1000 foreach @some;
			my %statuses;
			$statuses{ ($clients[$_]->answer // { status => 'none' })->{status} }++ foreach @some;
			print $words join(' ', $what, map { "$_:$statuses{$_}" } sort keys %statuses) . "\n";
		}
		POSIX::_exit(0);
	}
	close $_ foreach $orders, $words;
	$to->autoflush(1);
	push @holders, { pid => $pid, to => $to, from => $from };
	return;
}

# All at once: what they said, added up.
sub all
{
	my ($order) = @_;
	my %sum;
	if (defined $order) { print { $_->{to} } "$order\n" foreach @holders; }
	foreach my $holder (@holders)
	{
		my $line = readline($holder->{from}) // 'gone';
		my ($what, @pairs) = split ' ', $line;
		foreach (@pairs) { my ($name, $count) = /:/ ? split(/:/) : ($what, $_); $sum{$name} += $count; }
	}
	return join ' ', map { "$_:$sum{$_}" } sort keys %sum;
}

my $empty = $gateway->memory;
my $left = $connections;
while ($left > 0) { holder($left < $each ? $left : $each, scalar @holders); $left -= $each; }
is(all(), "open:$connections", "$connections connections");
ok(wait_for(sub { $gateway->metric('oms_gateway_connections') == $connections }, 300, 'all of them'), 'and the gateway has them all');
my $held = $gateway->memory;
is($gateway->call(POST => '/commands', [])->{status}, 200, 'one more is answered');
like(all('command 1'), qr/^200:$connections$/, 'a command on each of them, all at once');
is($node->safe_psql('postgres', 'SELECT count(*) FROM oms.orders'), $connections, 'each is there once');
my $used = $gateway->memory;
like(all('command 10'), qr/^200:\d+$/, 'and on every tenth, while the others are silent') foreach 1 .. rounds(2, 5);
like(all('ask 7'), qr/^404:\d+$/, 'and something that is no use, on every seventh');
cmp_ok($gateway->memory, '<', $used * 1.2 + 20_000, 'memory does not grow with what they ask');
diag(sprintf '%d connections: %.1f kB each, %.1f kB once it has asked; %d MB before, %d MB with them', $connections, ($held - $empty) / $connections, ($used - $empty) / $connections, $empty / 1024, $used / 1024);

# Half of them go; others come in their place.
foreach my $holder (splice @holders, 0, @holders / 2) { close $holder->{to}; waitpid $holder->{pid}, 0; }
ok(wait_for(sub { $gateway->metric('oms_gateway_connections') <= $connections / 2 + $each }, 600, 'half of them to be gone'), 'half of them go');
like(all('command 5'), qr/^200:\d+$/, 'the others are served');

is($gateway->stop(700), 0, 'a stop waits for nobody who is silent');
close $_->{to} foreach @holders;
waitpid $_->{pid}, 0 foreach @holders;
is($node->safe_psql('postgres', 'SELECT count(*) FROM oms.verify()'), 0, 'the store holds together');
unlike($gateway->log, qr/Sanitizer|runtime error|open files/, 'and nothing went wrong inside');

done_testing();
