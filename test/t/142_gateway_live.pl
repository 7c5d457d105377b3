# What a browser is told of orders that change is what PostgreSQL says under the same role: many views of two users, after random commands, after the
# walsender was killed, after rights were taken back. A stream is of no use to another user, and no slot is left behind.
#
# Broken by: an event that is applied twice or not at all, a snapshot that does not fit the stream, a view without its user's rights, a stream
# that another user may read, rights that are asked only once, a slot that is not temporary.

use strict;
use warnings;

use lib 'test/lib';
use JSON::PP;
use OmsGateway;
use OmsProcess qw(wait_for);
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = first_seed();
srand $seed;
note "seed $seed";

my $node = oms_node('main', streaming => 1, conf => "wal_level = logical\nmax_connections = 50\n");
$node->safe_psql('postgres', q(
	SELECT count(*) FROM oms.create_roles();
	SELECT count(*) FROM oms.repair_publication('oms_events');
	CREATE ROLE feed LOGIN REPLICATION IN ROLE oms_bridge, oms_reader;
	CREATE ROLE ann LOGIN IN ROLE oms_trader; CREATE ROLE bob LOGIN IN ROLE oms_trader; CREATE ROLE all_of_it LOGIN IN ROLE oms_desk;
	CREATE ROLE gate LOGIN NOINHERIT IN ROLE oms_proxy, ann, bob, all_of_it;
	SELECT oms.grant_account('ann', 'A1'), oms.grant_account('ann', 'A2'), oms.grant_account('bob', 'B_%');));
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $gateway = gateway_start($node, auth => 'proxy', dsn => gateway_dsn($node, user => 'gate'), 'pool.size' => 4, listen => "unix:$dir/socket", 'feed.dsn' => gateway_dsn($node, user => 'feed'));
my @accounts = qw(A1 A2 B_1 B_2 BX1);
my $orders = 0;
our %columns = (orders => [qw(orderId version status orderQty account)], executions => [qw(executionId version orderId lastQty account)]);

# ---- a page, as far as it matters here: what it believes to see ----

package Page;

sub new
{
	my ($class, $user) = @_;
	return bless { user => $user, views => {}, asked => {}, gen => 0, stale => 0 }, $class;
}

sub call
{
	my ($self, $method, $path, $body) = @_;
	return $gateway->client("$dir/socket")->call($method, $path, $body, 'X-Forwarded-User' => $self->{user});
}

sub open
{
	my ($self) = @_;
	my $answer = $self->call(POST => '/live', {});
	main::is($answer->{status}, 201, "$self->{user} opens a stream") or main::diag($answer->{content});
	$self->{id} = $answer->{json}{id};
	$self->attach;
	return $self;
}

sub attach
{
	my ($self) = @_;
	my $client = $self->{client} = $gateway->client("$dir/socket");
	$client->write("GET /live/$self->{id} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-User: $self->{user}\r\n\r\n");
	while ($client->{read} !~ /\r\n\r\n/) { $client->more or die 'no stream' }
	$client->{read} =~ s/^(.*?)\r\n\r\n//s;
	main::like($1, qr{^HTTP/1\.1 200 .*text/event-stream}s, "and $self->{user} reads it");
	$self->{text} = '';
	$self->{ended} = 0;
	return;
}

# view(NAME, { where, orderBy, ... }): asked for it; undef closes it.
sub view
{
	my ($self, $name, $spec) = @_;
	if (defined $spec) { $spec->{gen} = ++$self->{gen}; $spec->{columns} = $main::columns{ $spec->{object} }; }
	my $answer = $self->call(POST => "/live/$self->{id}/views", { views => { $name => $spec } });
	if ($answer->{status} == 200) { $self->{asked}{$name} = $spec; delete $self->{views}{$name}; delete $self->{asked}{$name} if !defined $spec; }
	return $answer;
}

sub take
{
	my ($self, $message) = @_;
	$self->{stale}++ if defined $message->{stale};
	$self->{now_stale} = defined $message->{stale};
	foreach my $name (keys %{ $message->{v} })
	{
		my ($new, $asked) = ($message->{v}{$name}, $self->{asked}{$name});
		next if !$asked || $new->{gen} != $asked->{gen};
		my @old = @{ ($self->{views}{$name} //= { rows => [] })->{rows} };
		my @rows = @old;
		foreach my $row (@{ $new->{rows} }) { $rows[ $row->[0] ] = $row->[1] eq '=' ? $old[ $row->[2] ] : $row->[3]; }
		$#rows = $new->{count} - 1;
		@{ $self->{views}{$name} }{qw(rows total)} = (\@rows, $new->{total});
	}
	return;
}

# What has come until nothing more comes for so long.
sub read_on
{
	my ($self, $seconds) = @_;
	my $client = $self->{client};
	local $client->{seconds} = $seconds;
	if (!$client->more) { $self->{ended} = IO::Select->new($client->{socket})->can_read(0) ? 1 : 0; }
	while ($client->{read} =~ /^([0-9a-fA-F]+)\r\n/ && length $client->{read} >= hex($1) + length($1) + 4)
	{
		$self->{text} .= substr $client->{read}, length($1) + 2, hex $1;
		substr $client->{read}, 0, hex($1) + length($1) + 4, '';
	}
	while ($self->{text} =~ s/^(.*?)\n\n//s) { my $event = $1; $self->take(JSON::PP->new->utf8->decode($1)) if $event =~ /^data: (.*)/s; }
	return;
}

package main;

# What PostgreSQL says of a view, under the role.
sub expected
{
	my ($user, $spec) = @_;
	my $query = JSON::PP->new->canonical->encode({ where => $spec->{where}, orderBy => $spec->{orderBy}, limit => 1000, select => $main::columns{ $spec->{object} } });
	my $cells = join ', ', map { "q ->> '$_'" } @{ $main::columns{ $spec->{object} } };
	my $rows = $node->safe_psql('postgres', "SET ROLE $user; SELECT coalesce(jsonb_agg(jsonb_build_array($cells)), '[]') FROM oms_query('$spec->{object}', \$q\$$query\$q\$) AS q");
	return JSON::PP->new->decode($rows);
}

sub text { return JSON::PP->new->canonical->encode($_[0]); }

# Every view of the page shows what PostgreSQL says.
sub agrees
{
	my ($page, $what) = @_;
	my $good = wait_for(sub {
		$page->read_on(0.2);
		foreach my $name (keys %{ $page->{asked} })
		{
			my ($all, $view) = (expected($page->{user}, $page->{asked}{$name}), $page->{views}{$name});
			my $last = $page->{asked}{$name}{count} - 1;
			return 0 if !$view || $view->{total} != @$all;
			return 0 if text($view->{rows}) ne text([ @$all[ 0 .. ($last < $#$all ? $last : $#$all) ] ]);
		}
		return 1;
	}, 60, $what);
	ok($good, $what) or diag map { "$_: " . text($page->{asked}{$_}) . "\nseen     " . text($page->{views}{$_}) . "\nexpected " . text(expected($page->{user}, $page->{asked}{$_})) . "\n" } keys %{ $page->{asked} };
	return;
}

sub commands
{
	my ($count) = @_;
	my @sql;
	foreach (1 .. $count)
	{
		my $of = $orders > 0 && rand() < 0.6 ? 1 + int rand $orders : 0;
		my $command = $of
		  ? (rand() < 0.2 ? { commandType => 'CancelOrderCommand', orderId => "O$of" } : { commandType => 'ExecuteOrderCommand', orderId => "O$of", execID => "E$orders-$_-" . int rand 1e9, lastQty => 1 + int rand 5, lastPx => 10 })
		  : { commandType => 'CreateOrderCommand', orderId => 'O' . ++$orders, symbol => (qw(AAA BBB "<CCC>))[ rand 3 ], side => 'BUY', orderQty => 100 + int rand 900, ordType => 'LIMIT', price => 10, account => $accounts[ rand @accounts ] };
		push @sql, 'SELECT oms_try_command($c$' . JSON::PP->new->canonical->encode($command) . '$c$);';
	}
	$node->safe_psql('postgres', join "\n", @sql);
	return;
}

sub random_view
{
	my @where = ({}, { account => 'A1' }, { status => [ 'NEW', 'CANCELED' ] }, { orderQty => { gte => 300, lt => 800 } }, { symbol => { like => '%A%' } }, { or => [ { account => 'B_1' }, { orderQty => { lt => 200 } } ] }, { not => { status => 'NEW' } });
	my @order = ([], ['-orderQty'], [ 'account', '-orderQty' ], ['status'], ['-orderId']);
	return { object => 'executions', where => { lastQty => { gte => 2 } }, orderBy => ['-lastQty'], first => 0, count => 100 } if rand() < 0.25;
	return { object => 'orders', where => $where[ rand @where ], orderBy => $order[ rand @order ], first => 0, count => (5, 60, 500)[ rand 3 ] };
}

# ---- the day ----

commands(60);
wait_for(sub { (Page->new('ann')->call(POST => '/live', {}))->{status} == 201 }, 60, 'the snapshot');
my @pages = map { Page->new($_)->open } qw(ann bob all_of_it);
foreach my $round (1 .. 4)
{
	foreach my $page (@pages) { is($page->view("v$_", random_view())->{status}, 200, "round $round: $page->{user} looks at v$_") foreach 1 .. 3; }
	commands(30);
	agrees($_, "round $round: $_->{user} sees what PostgreSQL says") foreach @pages;
}
is($gateway->metric('oms_gateway_feed_events_total') > 0, 1, 'events came by the stream');
is($gateway->metric('oms_gateway_feed_snapshots_total'), 1, 'by one snapshot');

# somebody else's
is($pages[1]->call(GET => "/live/$pages[0]{id}")->{status}, 404, 'the stream of another user is unknown');
is($pages[1]->call(POST => "/live/$pages[0]{id}/views", { views => {} })->{status}, 404, 'and so are its views');

# what is wrong changes nothing
is($pages[0]->view('v1', { object => 'orders', where => { nothing => 1 }, count => 5 })->{status}, 400, 'a field that there is not');
is($pages[0]->call(POST => "/live/$pages[0]{id}/views", { views => { v1 => undef, 'v 1' => undef } })->{status}, 400, 'a name that is none');
is($pages[0]->call(POST => "/live/$pages[0]{id}/views", { views => { map { ("w$_" => { object => 'orders', columns => [], count => 1 }) } 1 .. 20 } })->{status}, 422, 'more views than a stream may have');
agrees($pages[0], 'after what was refused ann sees what she saw');

# the stream is lost
foreach my $loss (1 .. 3)
{
	$node->safe_psql('postgres', q(SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE temporary));
	commands(20);
	agrees($_, "after the walsender was killed $loss times $_->{user} sees what PostgreSQL says") foreach @pages;
	ok(wait_for(sub { $gateway->metric('oms_gateway_feed_snapshots_total') == 1 + $loss }, 60, 'a snapshot'), 'by another snapshot');
}
wait_for(sub { $pages[2]->read_on(0.2); !$pages[2]{now_stale} && $pages[2]{stale} }, 60, 'stale, and no more') // diag 'never stale';
ok($pages[2]{stale} > 0, 'the page was told that it is stale');
commands(20);
agrees($_, "and goes on: $_->{user}") foreach @pages;

# a page that comes again
$pages[0]{client} = undef;
commands(10);
$pages[0]{views} = {};
$pages[0]->attach;
agrees($pages[0], 'a page that comes again sees all of it');

# rights
$node->safe_psql('postgres', q(SELECT oms.revoke_account('ann', 'A2')));
agrees($pages[0], 'an account that was taken back vanishes');
$node->safe_psql('postgres', q(SELECT oms.grant_account('bob', 'A%', ARRAY[(SELECT min(name) FROM oms.asset_classes)])));
ok(wait_for(sub { $pages[1]->read_on(0.2); $pages[1]{ended} }, 60, 'the end of the stream'), 'limits that memory cannot ask for end the stream');
is($pages[1]->call(POST => '/live', {})->{status}, 501, 'and there is no other');
$node->safe_psql('postgres', q(CREATE POLICY mine ON oms.orders AS RESTRICTIVE USING (symbol <> 'AAA')));
is($pages[2]->call(POST => '/live', {})->{status}, 501, 'a policy that nobody knows here: nothing is shown');

$gateway->stop;
is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_replication_slots)), '0', 'no slot is left');
done_testing();
