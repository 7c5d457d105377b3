# Random streams of requests for quotes, quotes, acceptances and what becomes of their orders, from several sessions, against the
# model of test/lib/OmsQuotes.pm.
# Broken by: a status, a supersession, a cover or its distance, a side of a currency pair, a last look, a late fill, an executed
# quantity, what a client order has left, or a refusal that differs from domain.md 20 to 23, after any command; a batch or a rolled
# back transaction that leaves something; a repeat with another answer; rows that are not what the events say, now or as of before.
#
# Each session drives groups of its own, one after another: client orders, requests for some of them, and what follows. After each
# step all rows of the group are compared. make test always begins with the same seed; OMS_SEED=n repeats another one,
# OMS_GROUP=session.number drives that group alone. A difference is shrunk. OMS_SECONDS overrides the length.

use strict;
use warnings;

use JSON::PP ();
use List::Util qw(first max);
use POSIX ();
use PostgreSQL::Test::Utils;
use Storable qw(dclone);
use Test::More;
use Time::HiRes qw(time);

use OmsQuotes;
use OmsTest;

my $SEED = first_seed();
my $SECONDS = $ENV{OMS_SECONDS} // rounds(15, 900);
my $SESSIONS = $ENV{OMS_GROUP} ? 1 : 4;
my $LENGTH = 70;
my @FAR = ('2199-01-01T00:00:00Z', '2188-06-30T12:00:00Z');
my $PAST = '2001-01-01T00:00:00Z';
my @DEALERS = qw(ALFA BETA GAMA);

sub pick { return $_[ int rand @_ ]; }
sub chance { my ($percent) = @_; return rand(100) < $percent; }

# --- commands ----------------------------------------------------------------------------------

sub ids { my ($model, $kind) = @_; return sort keys %{ $model->{$kind} }; }
sub new_id { my ($run, $kind) = @_; return sprintf '%s-%s%04d', $run->{prefix}, $kind, ++$run->{last}; }

# An object for which the test holds, mostly; any one now and then; seldom none.
sub find
{
	my ($run, $kind, $test) = @_;
	my $of = $run->{model}{$kind};
	my @fit = grep { $test->($_) } map { $of->{$_} } ids($run->{model}, $kind);

	return "$run->{prefix}-none" if chance(0.5) || !%$of;
	return pick(ids($run->{model}, $kind)) if chance(10) || !@fit;
	return pick(@fit)->{id};
}

sub clients { my ($run) = @_; return grep { !defined $_->{quote} && !defined $_->{parent} } values %{ $run->{model}{orders} }; }
sub price { return '1.' . (100 + int rand 30) . pick('', '5'); }
sub maybe { my ($percent, %fields) = @_; return chance($percent) ? %fields : (); }

sub create_order
{
	my ($run) = @_;
	my ($symbol, @currencies) = @{ pick([ 'EUR/USD', 'EUR', 'USD' ], ['VOD.L'], [ 'USD/JPY', 'JPY' ]) };
	my $parent = chance(50) ? first { !defined $_->{parent} && !defined $_->{quote} } values %{ $run->{model}{orders} } : undef;
	return { commandType => 'CreateOrderCommand', orderId => new_id($run, 'o'), orderQty => 1 + int rand 40, parentId => $parent->{id} } if $parent;
	return { commandType => 'CreateOrderCommand', orderId => new_id($run, 'o'), symbol => $symbol, side => pick(qw(BUY SELL SELL_SHORT)), orderQty => 50 + int rand 100, account => 'ANN', maybe(60, currency => pick(@currencies) // 'GBP') };
}

sub create_request
{
	my ($run) = @_;
	my @clients = map { $_->{id} } clients($run);
	my ($symbol, @currencies) = @{ pick([ 'EUR/USD', 'EUR', 'USD' ], ['VOD.L'], [ 'USD/JPY', 'JPY' ]) };
	my $for = @clients && chance(40) ? pick(sort @clients) : undef;

	return {
		commandType => 'CreateQuoteRequestCommand', quoteRequestId => chance(1) ? find($run, 'requests', sub { 1 }) : new_id($run, 'r'),
		$for ? (orderId => $for, maybe(10, side => pick(qw(BUY SELL)))) : (maybe(98, symbol => $symbol), maybe(60, side => pick(qw(BUY SELL))), maybe(50, currency => pick(@currencies) // 'GBP'), maybe(30, account => 'BEN')),
		maybe(60, orderQty => 1 + int rand 60), maybe(50, quoteReqID => new_id($run, 'n')), maybe(3, quoteReqID => pick(sort(keys %{ $run->{model}{names} }), "$run->{prefix}-x")),
		# with that of the setting, an hour, where nothing is said
		maybe(70, expireTime => chance(4) ? $PAST : pick(@FAR)), maybe(25, multipleQuotes => JSON::PP::true), maybe(40, dealers => [ @DEALERS[ 0 .. int rand 3 ] ]) };
}

sub figures
{
	my %figures = map { (chance(70) ? ("${_}Px" => price()) : ()) } qw(bid offer);
	foreach my $which (qw(bid offer))
	{
		next if !defined $figures{"${which}Px"} && !chance(5);
		$figures{"${which}Size"} = 5 + int rand 60 if chance(50);
		$figures{ 'min' . ucfirst "${which}Size" } = 1 + int rand 10 if chance(15);
	}
	return %figures;
}

sub create_quote
{
	my ($run) = @_;
	my $id = find($run, 'requests', sub { $_[0]{status} =~ /NEW|QUOTED/ });
	my $request = $run->{model}->request($id);
	my @of = $request ? $run->{model}->quotes_of($id) : ();

	return {
		commandType => 'CreateQuoteCommand', quoteId => chance(1) ? find($run, 'quotes', sub { 1 }) : new_id($run, 'q'),
		chance(8) ? (symbol => 'VOD.L') : (quoteRequestId => $id, maybe(4, symbol => 'VOD.L'), maybe(4, currency => 'USD')),
		maybe(95, dealer => pick(@DEALERS)), maybe(60, quoteID => new_id($run, 'd')), maybe(3, map { (quoteID => $_->{quoteID}, dealer => $_->{dealer}) } grep { defined $_->{quoteID} } pick(@of) // ()),
		figures(), maybe(12, quoteType => pick(qw(INDICATIVE RESTRICTED_TRADEABLE COUNTER))), maybe(15, settlType => '6'), maybe(60, validUntilTime => chance(15) ? $PAST : pick(@FAR)) };
}

sub is_open { return $_[0]{status} eq 'ACTIVE' && !defined $_[0]{order}; }
sub expected_version { my ($run, $id) = @_; my $quote = $run->{model}->quote($id); return $quote ? maybe(8, expectedVersion => $quote->{version} + pick(0, 0, 1)) : (); }

sub replace_quote
{
	my ($run) = @_;
	my $id = find($run, 'quotes', \&is_open);
	return { commandType => 'ReplaceQuoteCommand', quoteId => $id, maybe(85, figures()), maybe(15, validUntilTime => chance(20) ? $PAST : pick(@FAR)), maybe(10, quoteType => pick(qw(INDICATIVE TRADEABLE))), maybe(15, quoteID => new_id($run, 'd')), expected_version($run, $id) };
}

sub accept_quote
{
	my ($run) = @_;
	my $model = $run->{model};
	my $id = find($run, 'quotes', sub { is_open($_[0]) && $_[0]{type} ne 'INDICATIVE' && (!defined $_[0]{request} || !OmsQuotes::request_is_pending($model->request($_[0]{request})) || chance(5)) });
	my $quote = $model->quote($id);
	my @px = $quote ? map { OmsQuotes::px_text($_) } grep { defined } @$quote{qw(bid offer)} : ();
	my ($least) = $quote ? sort { $a <=> $b } grep { defined } @$quote{qw(bidSize offerSize)}, ($model->request($quote->{request}) // {})->{qty} : ();

	return {
		commandType => 'AcceptQuoteCommand', quoteId => $id, orderId => chance(1) ? find($run, 'orders', sub { 1 }) : new_id($run, 'a'), maybe(50, side => pick(qw(BUY SELL SELL_SHORT))),
		maybe(70, orderQty => chance(10) ? 1 + int rand 70 : max(1, int rand($least // 20))), maybe(20, @px ? (price => pick(@px)) : ()), maybe(55, pending => JSON::PP::true), maybe(10, timeInForce => 'DAY'), expected_version($run, $id) };
}

sub end_quote
{
	my ($run) = @_;
	my $how = pick(qw(Reject Reject Cancel Expire));
	my $id = find($run, 'quotes', sub { $how eq 'Reject' ? $_[0]{status} eq 'ACTIVE' : is_open($_[0]) });
	return { commandType => "${how}QuoteCommand", quoteId => $id, maybe(40, reason => 'r'), $how eq 'Reject' ? maybe(40, quoteRespType => pick(qw(COUNTER PASS COVER DONE_AWAY EXPIRED))) : (), expected_version($run, $id) };
}

sub refuse_acceptance { my ($run) = @_; return { commandType => 'RejectQuoteCommand', quoteId => find($run, 'quotes', \&OmsQuotes::is_pending), maybe(20, quoteRespType => 'PASS') }; }

sub end_request
{
	my ($run) = @_;
	my $how = pick(qw(Reject Reject Cancel Expire));
	return { commandType => "${how}QuoteRequestCommand", quoteRequestId => find($run, 'requests', sub { $_[0]{status} =~ /NEW|QUOTED/ }), maybe(50, reason => 'r'), $how eq 'Reject' ? maybe(80, dealer => pick(@DEALERS)) : () };
}

sub acceptance { my ($run, $test) = @_; return find($run, 'orders', sub { defined $_[0]{quote} && $test->($_[0]) }); }

sub fill
{
	my ($run) = @_;
	my $id = acceptance($run, sub { $_[0]{executed} < $_[0]{qty} && (!$_[0]{closed} || chance(40)) });
	my $order = $run->{model}->order($id);
	return accept_quote($run) if !$order || !defined $order->{quote};
	my $left = $order->{qty} - $order->{executed};
	my $px = chance(85) ? $order->{price} : $order->{price} + pick(-3, 3);

	return { commandType => 'ExecuteOrderCommand', orderId => $id, executionId => new_id($run, 'x'), execID => new_id($run, 'e'),
		lastQty => $left > 0 && chance(45) ? $left : 1 + int rand(chance(15) ? 80 : max 1, $left), lastPx => OmsQuotes::px_text($px) };
}

sub bust
{
	my ($run) = @_;
	my $fills = $run->{model}{fills};
	my $id = pick(grep { $fills->{$_}{status} ne 'BUSTED' } sort keys %$fills);
	return fill($run) if !defined $id;
	return { commandType => 'BustExecutionCommand', executionId => $id, execID => new_id($run, 'e'), reason => 'error' };
}

sub order_command
{
	my ($run) = @_;
	my $how = pick(qw(Accept Accept Reject Reject Cancel Expire));
	my $id = acceptance($run, sub { !$_[0]{closed} && ($how !~ /Accept|Reject/ || $_[0]{waits}) });
	my $order = $run->{model}->order($id);
	# a client order lives on
	return create_quote($run) if $order && !defined $order->{quote};
	return { commandType => "${how}OrderCommand", orderId => $id, maybe(60, execID => new_id($run, 'e')), maybe(20, reason => 'r') };
}

my @MAKERS = ([ 5, \&create_order ], [ 11, \&create_request ], [ 30, \&create_quote ], [ 7, \&replace_quote ], [ 16, \&accept_quote ], [ 5, \&end_quote ], [ 4, \&refuse_acceptance ], [ 4, \&end_request ], [ 12, \&fill ], [ 2, \&bust ], [ 6, \&order_command ]);

sub random_command
{
	my ($run) = @_;
	return create_order($run) if !%{ $run->{model}{orders} };
	my $at = rand List::Util::sum(map { $_->[0] } @MAKERS);
	foreach (@MAKERS) { return $_->[1]->($run) if ($at -= $_->[0]) < 0; }
	die;
}

# --- what the store shows ------------------------------------------------------------------------

my %COLUMNS = map { $_ => undef } qw(quote_requests quotes orders);

# The columns that the model knows, as text
sub shown_rows
{
	my ($run) = @_;
	my $wanted = $run->{model}->rows;
	my %rows;

	foreach my $table (sort keys %$wanted)
	{
		my %columns = map { $_ => 1 } map { keys %$_ } values %{ $wanted->{$table} };
		my @columns = map { $_ eq 'flags' ? q(coalesce(array_to_string(flags, ' '), '') AS flags) : $_ eq 'answered' ? '(answered_at >= accepted_at IS TRUE)::int AS answered' : $_ =~ /quantity|qty|px|distance|price/ ? "trim_scale($_)::text AS $_" : $_ } sort keys %columns;
		$rows{$table} = $run->{dbh}->selectall_hashref('SELECT ' . join(', ', 'id', @columns) . " FROM oms.$table WHERE starts_with(id, ?)", 'id', undef, "$run->{prefix}-") if @columns;
	}
	return \%rows;
}

sub differs { my ($run, $what) = @_; die { what => $what, history => [ @{ $run->{history} } ] }; }

sub differences
{
	my ($wanted, $got) = @_;
	my @found;

	foreach my $table (sort keys %$wanted)
	{
		my %ids = map { $_ => 1 } keys %{ $wanted->{$table} }, keys %{ $got->{$table} // {} };
		foreach my $id (sort keys %ids)
		{
			my ($want, $have) = map { $_->{$table}{$id} } $wanted, $got;
			if (!$want || !$have) { push @found, "$table $id is there in " . ($want ? 'the model' : 'the store') . ' alone'; next; }
			push @found, map { "$table $id has $_ " . ($have->{$_} // 'null') . ', the model ' . ($want->{$_} // 'null') } grep { ($have->{$_} // '') ne ($want->{$_} // '') } sort keys %$want;
		}
	}
	return @found;
}

sub compare
{
	my ($run) = @_;
	my @found = differences($run->{model}->rows, shown_rows($run));
	differs($run, join '; ', @found[ 0 .. ($#found > 5 ? 5 : $#found) ]) if @found;
	return;
}

# What the model allows; applies what was accepted.
sub judge
{
	my ($run, $command, $answer) = @_;
	my $reasons = $run->{model}->refusals($command);
	my $error = $answer->{error};
	my $said = $error ? join ' ', grep { defined } @$error{qw(sqlstate rule)} : '';

	push @{ $run->{history} }, $command;
	if ($error)
	{
		differs($run, "refused with $said ($error->{message}), the model " . (%$reasons ? 'wants ' . join ' or ', sort keys %$reasons : 'accepts')) if !$reasons->{$said};
		$run->{refused}{$said}++;
		return;
	}
	differs($run, 'accepted, the model wants ' . join ' or ', sort keys %$reasons) if %$reasons;
	if ($command->{commandType} eq 'ExecuteOrderCommand')
	{
		my $wanted = $run->{model}->books($command) ? 'ALLOCATED' : 'REVIEW';
		differs($run, "the fill is $answer->{state}{status}, the model says $wanted") if $answer->{state}{status} ne $wanted;
	}
	$run->{model}->apply($command);
	$run->{accepted}{ $command->{commandType} }++;
	return;
}

sub encoded { my ($command) = @_; return JSON::PP->new->canonical->encode($command); }

sub send_one
{
	my ($run, $command) = @_;
	return json()->decode($run->{dbh}->selectrow_array('SELECT oms_try_command(?::jsonb)', undef, encoded($command)));
}

# --- steps ---------------------------------------------------------------------------------------

sub do_command
{
	my ($run, $command) = @_;
	judge($run, $command, send_one($run, $command));
	compare($run);
	return;
}

sub step_command
{
	my ($run) = @_;
	my $command = random_command($run);
	$command->{commandId} = new_id($run, 'k') if chance(20);
	do_command($run, $command);
	push @{ $run->{repeatable} }, $command if defined $command->{commandId} && ($run->{history}[-1] // 0) == $command && $run->{dbh}->selectrow_array('SELECT count(*) FROM oms.commands WHERE command_id = ?', undef, $command->{commandId});
	return;
}

sub step_repeat
{
	my ($run) = @_;
	my $command = pick(@{ $run->{repeatable} }) or return;
	my $answer = send_one($run, $command);
	differs($run, 'a repeat is none: ' . encoded($command)) if !$answer->{duplicate};
	compare($run);
	return;
}

sub step_batch
{
	my ($run) = @_;
	my $before = dclone($run->{model});
	my @batch;

	# each is chosen on what those before it have done
	foreach (1 .. 2 + int rand 6)
	{
		my $command = random_command($run);
		push @batch, $command;
		$run->{model}->apply($command) if !%{ $run->{model}->refusals($command) };
	}
	$run->{model} = $before;
	my $answers = $run->{dbh}->selectcol_arrayref('SELECT oms_commands(?::jsonb, false)', undef, '[' . join(',', map { encoded($_) } @batch) . ']');
	judge($run, $batch[$_], json()->decode($answers->[$_])) foreach 0 .. $#batch;
	compare($run);
	return;
}

sub step_rollback
{
	my ($run) = @_;
	$run->{dbh}->begin_work;
	send_one($run, random_command($run)) foreach 1 .. 1 + int rand 3;
	$run->{dbh}->rollback;
	compare($run);
	return;
}

# What an object was, to be asked for at the end
sub remember
{
	my ($run) = @_;
	my ($at) = $run->{dbh}->selectrow_array('SELECT clock_timestamp()::text');
	my $rows = $run->{model}->rows;
	my $table = pick(qw(quotes quote_requests));
	my $id = pick(sort keys %{ $rows->{$table} }) // return;
	push @{ $run->{past} }, { at => $at, table => $table, id => $id, row => { map { $_ => $rows->{$table}{$id}{$_} } qw(status version reason executed_quantity) } };
	return;
}

sub compare_past
{
	my ($run) = @_;
	foreach my $past (@{ $run->{past} })
	{
		my $kind = $past->{table} =~ s/s$//r;
		my $row = $run->{dbh}->selectrow_hashref("SELECT status, version, reason, trim_scale(executed_quantity)::text AS executed_quantity FROM oms.${kind}_as_of(?, ?)", undef, $past->{id}, $past->{at});
		my @found = differences({ $past->{table} => { $past->{id} => $past->{row} } }, { $past->{table} => { $past->{id} => $row } });
		differs($run, "as of $past->{at}: @found") if @found;
	}
	return scalar @{ $run->{past} };
}

# --- runs ----------------------------------------------------------------------------------------

sub new_run { my ($dbh, $prefix) = @_; return { dbh => $dbh, prefix => $prefix, model => OmsQuotes->new, last => 0, history => [], repeatable => [], past => [], accepted => {}, refused => {} }; }

sub drive
{
	my ($run, $until) = @_;
	foreach (1 .. $LENGTH)
	{
		last if time > $until;
		my $kind = rand 100;
		if ($kind < 84) { step_command($run); }
		elsif ($kind < 88) { step_repeat($run); }
		elsif ($kind < 96) { step_batch($run); }
		else { step_rollback($run); }
		remember($run) if chance(15);
	}
	return compare_past($run);
}

# Leaves out what is not needed for the difference.
sub shrink
{
	my ($dbh, $difference) = @_;
	my @commands = @{ $difference->{history} };
	my ($best, $round, $end) = ($difference->{what}, 0, time + 30);

	my $replay = sub {
		my $prefix = "z$$-" . $round++;
		my $run = new_run($dbh, $prefix);
		my $text = JSON::PP->new->canonical->encode(\@_) =~ s/"s\d+g\d+-/"$prefix-/gr;
		eval { do_command($run, $_) foreach @{ JSON::PP->new->decode($text) }; 1 } and return undef;
		return ref $@ eq 'HASH' ? { what => $@->{what}, length => scalar @{ $@->{history} } } : undef;
	};
	my $shown = $replay->(@commands) or return ("$best (shown only in batches)", @commands);
	$#commands = $shown->{length} - 1;
	for (my $before = -1; $before != @commands && time < $end;)
	{
		$before = @commands;
		for (my $at = $#commands - 1; $at >= 0 && time < $end; $at--)
		{
			my @try = @commands[ grep { $_ != $at } 0 .. $#commands ];
			my $again = $replay->(@try) or next;
			@commands = @try[ 0 .. $again->{length} - 1 ];
			$best = $again->{what};
			$at = $#commands if $at > $#commands;
		}
	}
	return ($best, @commands);
}

# One session until the time is over: true if all agreed. What it did goes to a file, for the counts.
sub session
{
	my ($node, $number, $file) = @_;
	my $dbh = oms_dbh($node);
	my ($first, $last) = $ENV{OMS_GROUP} ? ($ENV{OMS_GROUP} =~ /\.(\d+)/) x 2 : (1, 1_000_000);
	my $until = time + ($ENV{OMS_GROUP} ? 3600 : $SECONDS);
	my %done = (groups => 0, past => 0, accepted => {}, refused => {});

	$number = $1 if ($ENV{OMS_GROUP} // '') =~ /^(\d+)/;
	foreach my $group ($first .. $last)
	{
		last if !goes_on($until, $group - $first, 60);
		my $run = new_run($dbh, "s${number}g$group");
		srand($SEED * 1_000_003 + $number * 10_007 + $group);
		if (!eval { $done{past} += drive($run, $until); 1 })
		{
			my $difference = $@;
			die $difference if ref $difference ne 'HASH';
			my ($what, @commands) = shrink($dbh, $difference);
			die "OMS_SEED=$SEED OMS_GROUP=$number.$group: $difference->{what}\nshrunk: $what\n" . join '', map { encoded($_) . "\n" } @commands;
		}
		$done{groups}++;
		foreach my $what (qw(accepted refused)) { $done{$what}{$_} += $run->{$what}{$_} foreach keys %{ $run->{$what} }; }
	}
	open my $out, '>', $file or die "cannot write $file: $!";
	print $out encoded(\%done);
	close $out or die "cannot write $file: $!";
	return;
}

my $node = oms_node('quotes', conf => "log_statement = none\nfsync = off\noms_state.quote_lifetime = '1h'\nmax_connections = 30\n");
my $folder = PostgreSQL::Test::Utils::tempdir();
my @pids;
foreach my $number (1 .. $SESSIONS)
{
	my $pid = fork // die "cannot fork: $!";
	if (!$pid)
	{
		eval { session($node, $number, "$folder/$number"); 1; } and POSIX::_exit(0);
		append_to_file("$folder/$number.wrong", $@);
		POSIX::_exit(1);
	}
	push @pids, $pid;
}
waitpid $_, 0 foreach @pids;
foreach my $number (1 .. $SESSIONS)
{
	ok(-e "$folder/$number", "session $number agrees with the model (seed $SEED)") or diag(-e "$folder/$number.wrong" ? slurp_file("$folder/$number.wrong") : 'it died');
}

my %all;
foreach my $done (map { -e "$folder/$_" ? JSON::PP->new->decode(slurp_file("$folder/$_")) : () } 1 .. $SESSIONS)
{
	$all{$_} += $done->{$_} foreach qw(groups past);
	foreach my $what (qw(accepted refused)) { $all{$what}{$_} += $done->{$what}{$_} foreach keys %{ $done->{$what} }; }
}
note("$all{groups} groups, $all{past} objects as of before; accepted ", join(', ', map { "$_ $all{accepted}{$_}" } sort keys %{ $all{accepted} }), '; refused ', join(', ', map { "$_ $all{refused}{$_}" } sort keys %{ $all{refused} }));
my $dbh = oms_dbh($node);
SKIP:
{
	skip('too little was driven for that', 4) if $ENV{OMS_GROUP} || $all{groups} < 40;
	is(join(' ', grep { !$all{accepted}{"${_}Command"} } qw(CreateQuoteRequest CreateQuote ReplaceQuote AcceptQuote RejectQuote CancelQuote ExpireQuote RejectQuoteRequest CancelQuoteRequest ExpireQuoteRequest ExecuteOrder BustExecution AcceptOrder RejectOrder CancelOrder)), '', 'every command was accepted');
	is(join(' ', grep { !$all{refused}{$_} } 'OM003', 'OM004', 'OM006', map { "OM005 $_" } qw(acceptance_pending not_tradeable quote_expired side_not_asked side_not_quoted over_size over_placed price_differs request_expired)), '', 'and refused for every reason');
	is(join(' ', grep { !$dbh->selectrow_array('SELECT count(*) FROM oms.quotes WHERE reason = ?', undef, $_) } qw(COVER TRADED_AWAY LAST_LOOK ORDER_ENDED SUPERSEDED REQUEST_EXPIRED REQUEST_CANCELLED)), '', 'quotes ended in every way');
	cmp_ok($dbh->selectrow_array(q(SELECT count(*) FROM oms.quotes WHERE flags = '{LATE_FILL}' AND status = 'REJECTED')), '>', 0, 'a dealer filled what he had refused');
}
is($dbh->selectrow_array(q(SELECT count(*) FROM oms.quotes WHERE valid_until_time - created_at < '59 minutes' AND valid_until_time > '2002-01-01' AND valid_until_time < '2100-01-01')), 0, 'a quote that says nothing lives for the time of the setting');
is($dbh->selectrow_array('SELECT sum(oms.rebuild(table_name)) FROM oms.kinds()'), 0, 'the rows are what the events say');
is(join("\n", map { join ' | ', map { $_ // '-' } @$_ } @{ $dbh->selectall_arrayref('SELECT * FROM oms.verify() LIMIT 5') }), '', 'every invariant holds');

$dbh->disconnect;
$node->stop;
done_testing();
