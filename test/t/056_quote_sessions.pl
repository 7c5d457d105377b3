# Sixteen sessions over the same requests: quotes come, are replaced, accepted, refused at the last look, filled and taken back, at
# three isolation levels; and then all of them accept at once, while the server is killed.
# Broken by: two deals of one request; an acceptance that was acknowledged and is gone, or is there twice; a quote, its request and
# its order that do not say the same; a deadlock between the trees of a request, an order and a client order; a serialization
# failure that trying again does not cure.

use strict;
use warnings;

use JSON::PP ();
use List::Util qw(shuffle);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use OmsSessions qw(ask in_sessions);
use OmsTest;

my $SESSIONS = 16;
my $SECONDS = $ENV{OMS_SECONDS} // rounds(8, 300);
my $REQUESTS = rounds(40, 400);
my $SEED = first_seed();
my @LEVELS = ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');
my @UNTIL = (validUntilTime => '2199-01-01T00:00:00Z');
my $node = oms_node('sessions', conf => "max_connections = 60\nlog_statement = none\nfsync = off\nrestart_after_crash = on\ndeadlock_timeout = 200ms\n");

sub pick { return $_[ int rand @_ ]; }

# One command until it is answered. Returns ('' or SQLSTATE, tries); a deadlock is one of ours, and not tried again.
sub send_command
{
	my ($dbh, %command) = @_;
	return (ask($dbh, qr/^40001$/, 'SELECT oms_command(?::jsonb)', JSON::PP->new->canonical->encode(\%command)))[1, 2];
}

sub intact
{
	my ($dbh, $name) = @_;
	is(join("\n", map { join ' | ', map { $_ // '-' } @$_ } @{ $dbh->selectall_arrayref('SELECT * FROM oms.verify() LIMIT 5') }), '', "$name: every invariant holds");
	# whatever its order has executed, a request has one deal: accepted, or waiting for the dealer
	is(join(' ', @{ $dbh->selectcol_arrayref(q(SELECT quote_request_id FROM oms.quotes WHERE order_id IS NOT NULL AND status IN ('ACTIVE', 'ACCEPTED') GROUP BY 1 HAVING count(*) > 1 AND quote_request_id IS NOT NULL)) }), '', "$name: one deal a request");
	is($dbh->selectrow_array('SELECT sum(oms.rebuild(table_name)) FROM oms.kinds()'), 0, "$name: the rows are what the events say");
	return;
}

# --- everything at once ------------------------------------------------------------------------

my $dbh = oms_dbh($node);
my %client = (commandType => 'CreateOrderCommand', symbol => 'EUR/USD', side => 'BUY', orderQty => 1000);
send_command($dbh, %client, orderId => "c$_") foreach 1 .. 3;
$dbh->do('CREATE SEQUENCE numbers');

# What somebody does to a request that others work on too
sub anything
{
	my ($dbh, $file) = @_;
	my ($n) = $dbh->selectrow_array("SELECT nextval('numbers')");
	my $request = 'r' . int($n / 60);
	my ($pair) = ask($dbh, qr/^40001$/, q(SELECT id || ' ' || coalesce(order_id, 'none') FROM oms.quotes WHERE quote_request_id = ? ORDER BY order_id IS NULL OR random() < 0.5, random() LIMIT 1), $request);
	my ($quote, $order) = split / /, $pair // 'none none';
	my @quote = (quoteId => $quote);
	my @order = (orderId => $order);
	my $dice = int rand 100;
	my %command =
	    $dice < 10 ? (commandType => 'CreateQuoteRequestCommand', quoteRequestId => $request, $n % 3 ? (symbol => 'EUR/USD', side => 'BUY') : (orderId => 'c' . (1 + int($n / 60) % 3)), orderQty => 10)
	  : $dice < 40 ? (commandType => 'CreateQuoteCommand', quoteRequestId => $request, quoteId => "q$n", quoteID => "id$n", dealer => pick(qw(ALFA BETA GAMA)), offerPx => '1.1' . int rand 99, bidPx => '1.0', @UNTIL)
	  : $dice < 58 ? (commandType => 'AcceptQuoteCommand', @quote, orderId => "o$n", orderQty => 4, rand() < 0.6 ? (pending => JSON::PP::true) : ())
	  : $dice < 72 ? (commandType => 'ExecuteOrderCommand', @order, executionId => "x$n", execID => "x$n", lastQty => pick(1, 4), lastPx => '1.0')
	  : $dice < 78 ? (commandType => 'RejectOrderCommand', @order, execID => "e$n")
	  : $dice < 82 ? (commandType => 'AcceptOrderCommand', @order, execID => "e$n")
	  : $dice < 85 ? (commandType => 'CancelOrderCommand', @order, execID => "e$n")
	  : $dice < 90 ? (commandType => 'ReplaceQuoteCommand', @quote, offerPx => '1.1' . int rand 99)
	  : $dice < 97 ? (commandType => pick(qw(Reject Cancel Expire)) . 'QuoteCommand', @quote)
	  : (commandType => pick(qw(Reject Cancel Expire)) . 'QuoteRequestCommand', quoteRequestId => $request);
	my ($state, $tries) = send_command($dbh, %command);

	print $file join(' ', $command{commandType}, $state || 'done', $tries), "\n";
	return;
}

my $until = time + $SECONDS;
my @said = in_sessions('anything', $SESSIONS, $SEED, sub {
	my ($number, $file) = @_;
	my $own = oms_dbh($node);
	$own->do("SET default_transaction_isolation = '$LEVELS[ $number % 3 ]'");
	anything($own, $file) while time < $until;
})->();
my (%done, %failed);
foreach (@said) { my ($type, $state) = split ' '; $state eq 'done' ? $done{$type}++ : $state =~ /^OM00[3457]$/ ? 0 : $failed{$_}++; }
is(join("\n", sort keys %failed), '', 'no deadlock, and nothing that trying again does not cure');
cmp_ok($done{"${_}Command"} // 0, '>', 0, "$_: done") foreach qw(CreateQuoteRequest CreateQuote AcceptQuote ExecuteOrder RejectOrder ReplaceQuote);
note(scalar(@said) . ' commands; done ' . join(', ', map { "$_ $done{$_}" } sort keys %done) . '; most tries ' . (sort { $b <=> $a } map { (split ' ')[-1] } @said)[0]);
intact($dbh, 'anything at once');

# --- all accept ----------------------------------------------------------------------------------

# Requests with a quote of each of five dealers
sub request_quotes
{
	my ($name) = @_;
	foreach my $n (1 .. $REQUESTS)
	{
		$dbh->do('SELECT count(*) FROM oms_commands(?::jsonb)', undef, JSON::PP->new->encode([
			{ commandType => 'CreateQuoteRequestCommand', quoteRequestId => "$name$n", symbol => 'X', side => 'BUY', orderQty => 5 },
			map { { commandType => 'CreateQuoteCommand', quoteRequestId => "$name$n", quoteId => "$name$n.$_", dealer => "D$_", offerPx => "10.$_", @UNTIL } } 1 .. 5 ]));
	}
	return;
}

# Each session accepts one quote of each request, in an order of its own, and fills what it dealt; says what was acknowledged.
sub accept_all
{
	my ($name, $number, $file, $reconnect) = @_;
	my $level = "SET default_transaction_isolation = '$LEVELS[ $number % 3 ]'";
	my $own = oms_dbh($node);
	$own->do($level);

	foreach my $n (shuffle 1 .. $REQUESTS)
	{
		my $quote = "$name$n." . pick(1 .. 5);
		foreach my $command (
			{ commandType => 'AcceptQuoteCommand', commandId => "$name$n-$number", quoteId => $quote, orderId => "$name$n-$number-o", $n % 2 ? (pending => JSON::PP::true) : () },
			{ commandType => 'ExecuteOrderCommand', commandId => "$name$n-$number-f", orderId => "$name$n-$number-o", executionId => "$name$n-$number-x", execID => "$name$n-$number", lastQty => 5, lastPx => 10 })
		{
			my $state;
			# what it did not hear the end of it sends again
			until (($state) = send_command($own, %$command), $own->ping)
			{
				die 'the connection is lost' if !$reconnect;
				until (eval { $own = oms_dbh($node); $own->do($level); 1 }) { sleep 0.1; }
			}
			print $file join(' ', $command->{commandType}, $n, $quote, $state || 'done'), "\n";
			last if $state;
		}
	}
	return;
}

sub judge_acceptances
{
	my ($name, $what, @lines) = @_;
	my (%dealt, @odd);

	foreach (@lines)
	{
		my ($type, $n, $quote, $state) = split ' ';
		if ($state eq 'done') { push @{ $dealt{$n} }, $quote if $type eq 'AcceptQuoteCommand'; }
		elsif ($type ne 'AcceptQuoteCommand' || $state !~ /^OM00[45]$/) { push @odd, $_; }
	}
	is(join("\n", @odd), '', "$what: an acceptance is done, or refused as another was first");
	is(join(' ', grep { @{ $dealt{$_} // [] } != 1 } 1 .. $REQUESTS), '', "$what: each request is dealt once, and who dealt it knows");
	is(join(' ', @{ $dbh->selectcol_arrayref(q(SELECT id FROM oms.quote_requests WHERE starts_with(id, ?) AND NOT (status = 'ACCEPTED' AND executed_quantity = 5)), undef, $name) }), '', "$what: and filled");
	is(join(' ', sort map { @$_ } values %dealt), join(' ', sort @{ $dbh->selectcol_arrayref(q(SELECT accepted_quote_id FROM oms.quote_requests WHERE starts_with(id, ?)), undef, $name) }), "$what: as the rows say");
	is($dbh->selectrow_array(q(SELECT count(*) || ' ' || sum(executed_quantity) FROM oms.orders WHERE starts_with(id, ?)), undef, $name), $REQUESTS . ' ' . 5 * $REQUESTS, "$what: with one order each");
	intact($dbh, $what);
	return;
}

request_quotes('a');
judge_acceptances('a', 'all accept', in_sessions('accept', $SESSIONS, $SEED, sub { accept_all('a', @_, 0) })->());

request_quotes('k');
my $end = in_sessions('killed', $SESSIONS, $SEED, sub { accept_all('k', @_, 1) });
my $kills = 0;
foreach my $round (1 .. rounds(2, 20))
{
	sleep 0.4 + rand 0.5;
	# a backend, and then all of them
	my ($victim) = $round % 2 ? eval { $dbh->selectrow_array("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND query ~ 'oms_command' ORDER BY random() LIMIT 1") } : ();
	$victim //= (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0] if $round % 2 == 0;
	next if !defined $victim;
	$kills++;
	if ($round % 2) { kill 9, $victim; sleep 1; }
	else
	{
		$node->kill9;
		foreach (1 .. 360) { last if $node->start(fail_ok => 1); sleep 0.5; $node->stop('fast', fail_ok => 1); }
	}
	foreach (1 .. 100) { last if $dbh = eval { oms_dbh($node) }; sleep 0.2; }
}
my @lines = $end->();
$dbh = oms_dbh($node);
cmp_ok($kills, '>', 0, "killed $kills times meanwhile");
judge_acceptances('k', 'all accept, and the server is killed', @lines);

$dbh->disconnect;
$node->stop;
done_testing();
