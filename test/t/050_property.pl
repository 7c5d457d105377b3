# Random command streams against the model of test/lib/OmsModel.pm, from several sessions at once.
# Broken by: any quantity, status, refusal or repeat that differs from section 3 of the contract, in
# any order of a tree, after any command; and by sessions that disturb each other's trees.
#
# Each session drives trees of its own, one after another, and compares the whole tree after each
# step (a command, a batch, or a transaction that is rolled back).  Between the steps all sessions
# press on a few shared trees, which nobody models: oms.verify() judges them at the end.
#
# make test always begins with the same seed, make soak with a new one. OMS_SEED=n repeats a run's trees; OMS_TREE=session.number drives only that tree.  A difference is
# shrunk to the shortest list of commands that shows it.  OMS_SECONDS overrides the length.

use strict;
use warnings;

use List::Util qw(any);
use POSIX ();
use PostgreSQL::Test::Utils;
use Storable qw(dclone);
use Test::More;
use Time::HiRes qw(time);

use OmsModel;
use OmsStream;
use OmsTest;

my $SEED = first_seed();
my $SECONDS = $ENV{OMS_SECONDS} // rounds(20, 1200);
my $SESSIONS = $ENV{OMS_TREE} ? 1 : 4;
my $SHARED_TREES = 3;
my @FIELDS = OmsModel::fields();
my $COUNTS = join ', ', map { "$_\::text" } grep { $_ ne 'status' } @FIELDS;

# --- talking to the server -------------------------------------------------------------------

# Ids of corrections are made by the server: "@x" stands for the newest of x's chain.
sub encoded
{
	my ($model, $command) = @_;
	my %sent = %$command;

	if (defined $sent{executionId} && $sent{executionId} =~ s/^@//)
	{
		my $newest = $model->newest($sent{executionId});
		$sent{executionId} = $newest->{id} if $newest;
	}
	my $text = json()->encode(\%sent);
	# numbers may come as numbers or as strings
	$text =~ s/"(orderQty|lastQty|lastPx|price|quantityFactor|cashOrderQty)":"([-0-9.]+)"/"$1":$2/g if length($text) % 2;
	return $text;
}

sub named { my ($command) = @_; return { %$command, executionId => ($command->{executionId} // '') =~ s/^@//r }; }

# What is asked of a result r; the server takes it apart faster than we would.
my $RESULT = q(SELECT r->>'status' AS status, r->'state'->>'executionId' AS "executionId", r->'state'->>'status' AS state,
	(SELECT string_agg(x->>'code', ' ') FROM jsonb_array_elements(r->'state'->'reviewReasons') x) AS reasons,
	(SELECT string_agg(o->>'orderId', ' ' ORDER BY o->>'orderId' COLLATE "C") FROM jsonb_array_elements(r->'orders') o) AS orders,
	jsonb_array_length(r->'events') AS events, (r->'duplicate')::text AS duplicate, (r - 'duplicate')::text AS text,
	r->'error'->>'sqlstate' AS sqlstate, concat_ws(': ', r->'error'->>'message', r->'error'->>'detail') AS message);

# Returns (result or undef, SQLSTATE, message)
sub send_command
{
	my ($dbh, $text, $function) = @_;
	my $result = eval { $dbh->selectrow_hashref("$RESULT FROM $function(\$1::jsonb) r", undef, $text) };

	return (undef, $dbh->state, $dbh->errstr) if !$result;
	return (undef, @$result{qw(sqlstate message)}) if $result->{status} eq 'REJECTED';
	return ($result, '', '');
}

# { id => { column => text } } of a tree
sub tree_rows
{
	my ($dbh, $root) = @_;
	return $dbh->selectall_hashref(
		"SELECT id, version, status, coalesce(array_to_string(conditions, ' '), '') AS conditions, $COUNTS
		FROM oms.orders WHERE root_id = ?", 'id', undef, $root // '');
}

# --- judging ---------------------------------------------------------------------------------

# A difference ends the tree: { what => …, history => [commands] }
sub differs { my ($run, $what) = @_; die { what => $what, history => [ @{ $run->{history} } ] }; }

sub same_number
{
	my ($shown, $wanted) = @_;
	return !defined $wanted if !defined $shown;
	return 0 if !defined $wanted;
	$shown =~ s/\.?0+$// if $shown =~ /\./;
	return $shown eq $wanted;
}

sub compare_tree
{
	my ($run) = @_;
	my $model = $run->{model};
	my $rows = tree_rows($run->{dbh}, $model->{root});

	differs($run, 'orders ' . join(' ', sort keys %$rows) . ', the model has ' . join ' ', sort keys %{ $model->{orders} })
	  if join(' ', sort keys %$rows) ne join ' ', sort keys %{ $model->{orders} };
	$model->settle($_->{id}, [ split ' ', $rows->{ $_->{id} }{conditions} ]) foreach $model->open_questions;
	my $figures = $model->figures;
	foreach my $id (sort keys %$rows)
	{
		my ($row, $wanted) = ($rows->{$id}, $figures->{$id});
		foreach my $field (@FIELDS)
		{
			next if $field eq 'status' ? $row->{status} eq $wanted->{status} : same_number($row->{$field}, $wanted->{$field});
			differs($run, "$id has $field " . ($row->{$field} // 'null') . ', the model ' . ($wanted->{$field} // 'null'));
		}
	}
	my $before = $run->{rows};
	$run->{rows} = $rows;
	return join ' ', grep { $rows->{$_}{version} != ($before->{$_}{version} // 0) } sort keys %$rows;
}

# Was the answer one that the model allows?  Applies what was accepted.
sub judge
{
	my ($run, $command, $must, $may, $result, $sqlstate, $message) = @_;
	my $model = $run->{model};

	if (!defined $result)
	{
		differs($run, "refused with $sqlstate ($message), the model " . (%$must ? 'wants ' . join ' or ', sort keys %$must : 'accepts'))
		  if !$must->{$sqlstate} && !$may->{$sqlstate};
		$run->{refused}++;
		return;
	}
	differs($run, 'accepted, the model wants ' . join ' or ', sort keys %$must) if %$must;
	if ($command->{commandType} eq 'ExecuteOrderCommand')
	{
		my ($booking, $reason) = $model->booking($command);
		my $status = $result->{state};
		my $reasons = $result->{reasons} // '';

		differs($run, "execution is $status ($reasons), the model says $booking " . ($reason // ''))
		  if $booking eq 'REVIEW' ? $status ne 'REVIEW' || $reasons !~ /\b$reason\b/ : $booking eq 'LIVE' && $status ne 'ALLOCATED';
	}
	if ($command->{commandType} eq 'CorrectExecutionCommand')
	{
		my $wanted = $model->correction($command);
		my $status = $result->{state} eq 'REVIEW' ? 'REVIEW' : 'LIVE';

		differs($run, "the correction is $status, the model says $wanted") if defined $wanted && $status ne $wanted;
	}
	$model->apply($command, { executionId => $result->{executionId}, status => $result->{state} });
	$run->{accepted}++;
	return;
}

# --- steps -----------------------------------------------------------------------------------

# One command; then the orders that changed are those that the result lists.
sub step_command
{
	my ($run) = @_;
	my $command = random_command($run->{model}, $run->{ids});

	if (chance(8) && defined $command->{orderId} && $run->{rows}{ $command->{orderId} } && $command->{commandType} !~ /^(Create|Execute)/)
	{
		$command->{expectedVersion} = $run->{rows}{ $command->{orderId} }{version} + (chance(50) ? pick(1, 7) : 0);
	}
	$command->{commandId} = "$run->{ids}{prefix}-k" . ++$run->{ids}{last} if chance(30);
	do_command($run, $command);
	return;
}

sub do_command
{
	my ($run, $command) = @_;
	my ($must, $may) = $run->{model}->refusals(named($command));
	my $text = encoded($run->{model}, $command);
	my $root = $run->{model}{root};

	push @{ $run->{history} }, $command;
	if (defined $command->{expectedVersion} && $run->{rows}{ $command->{orderId} }
		&& $command->{expectedVersion} != $run->{rows}{ $command->{orderId} }{version})
	{
		$must->{OM006} = 1;
	}
	my ($result, $sqlstate, $message) = send_command($run->{dbh}, $text, length($text) % 3 ? 'oms_command' : 'oms_try_command');

	judge($run, named($command), $must, $may, $result, $sqlstate, $message);
	my $changed = compare_tree($run);
	return if !defined $result;
	my $listed = $result->{orders} // '';

	differs($run, "changed are [$changed], the result lists [$listed]") if $changed ne $listed;
	# one that made no event (a fill told twice) has nothing to come back to
	push @{ $run->{repeatable} }, [ $text, $result ] if defined $command->{commandId} && $result->{events};
	return;
}

# A commandId again: the first result, or OM007 for other content; nothing changes.
sub step_repeat
{
	my ($run) = @_;
	my $first = pick(@{ $run->{repeatable} }) or return;
	my ($text, $wanted) = @$first;

	if (chance(30))
	{
		my (undef, $sqlstate) = send_command($run->{dbh}, $text =~ s/\}$/,"correlationId":"other"}/r, 'oms_command');
		differs($run, "other content under a commandId: '$sqlstate', not OM007: $text") if $sqlstate ne 'OM007';
	}
	else
	{
		my ($result, $sqlstate) = send_command($run->{dbh}, $text, 'oms_command');
		differs($run, "a repeat is refused with $sqlstate: $text") if !defined $result;
		differs($run, "a repeat does not say so: $text") if ($result->{duplicate} // '') ne 'true';
		differs($run, "a repeat has another result: $text") if $result->{text} ne $wanted->{text};
	}
	my $changed = compare_tree($run);
	differs($run, "a repeat changed [$changed]: $text") if $changed;
	return;
}

# Several commands in one call.  A batch ends where the model leaves something open.
sub step_batch
{
	my ($run) = @_;
	my $atomic = chance(50);
	my $before = dclone($run->{model});
	my (@batch, @texts, $refused);

	foreach (1 .. 2 + int rand 8)
	{
		my $command = random_command($run->{model}, $run->{ids});
		next if ($command->{executionId} // '') =~ /^@/;
		my ($must, $may) = $run->{model}->refusals($command);

		push @batch, [ $command, $must, $may ];
		push @texts, encoded($run->{model}, $command);
		last if %$may || ($atomic && %$must) || $command->{commandType} eq 'CorrectExecutionCommand';
		next if %$must;
		$run->{model}->apply($command, {});
		last if $run->{model}->open_questions;
	}
	return if !@batch;
	$run->{model} = $before;

	my $results = eval {
		$run->{dbh}->selectall_arrayref("$RESULT FROM oms_commands(\$1::jsonb, \$2) r", { Slice => {} },
			'[' . join(',', @texts) . ']', $atomic ? 't' : 'f');
	};
	if (!$results)
	{
		my ($command, $must, $may) = @{ $batch[-1] };
		push @{ $run->{history} }, map { $_->[0] } @batch;
		differs($run, 'a batch was refused: ' . $run->{dbh}->errstr) if !$atomic || !(%$must || %$may);
		differs($run, 'a batch was refused with ' . $run->{dbh}->state) if !$must->{ $run->{dbh}->state } && !$may->{ $run->{dbh}->state };
	}
	else
	{
		differs($run, 'a batch of ' . @batch . ' has ' . @$results . ' results') if @$results != @batch;
		foreach my $i (0 .. $#batch)
		{
			my $result = $results->[$i];
			push @{ $run->{history} }, $batch[$i][0];
			judge($run, @{ $batch[$i] }, $result->{status} eq 'REJECTED' ? (undef, @$result{qw(sqlstate message)}) : ($result, ''));
		}
	}
	compare_tree($run);
	return;
}

# What is rolled back leaves no trace, neither of a transaction nor of a savepoint.
sub step_rollback
{
	my ($run) = @_;
	my $savepoint = chance(50);
	my $dbh = $run->{dbh};

	return if !defined $run->{model}{root};
	$dbh->begin_work;
	$dbh->do('SAVEPOINT s') if $savepoint;
	foreach (1 .. 1 + int rand 3)
	{
		$dbh->do('SAVEPOINT t');
		my ($result) = send_command($dbh, encoded($run->{model}, random_command($run->{model}, { %{ $run->{ids} } })), 'oms_command');
		$dbh->do('ROLLBACK TO t') if !defined $result;
	}
	$dbh->do('ROLLBACK TO s') if $savepoint;
	$savepoint ? $dbh->commit : $dbh->rollback;
	my $changed = compare_tree($run);
	differs($run, "a rollback left [$changed] changed") if $changed;
	return;
}

# --- runs ------------------------------------------------------------------------------------

sub new_run
{
	my ($dbh, $prefix, $wide) = @_;
	return {
		dbh => $dbh, model => OmsModel->new(wide => $wide), ids => { prefix => $prefix, last => 0 },
		rows => {}, history => [], repeatable => [], accepted => 0, refused => 0
	};
}

sub drive_tree
{
	my ($run, $length, $until, $between) = @_;

	for (1 .. $length)
	{
		last if time > $until;
		my $kind = rand 100;
		if ($kind < 82) { step_command($run); }
		elsif ($kind < 88) { step_repeat($run); }
		elsif ($kind < 96) { step_batch($run); }
		else { step_rollback($run); }
		$between->();
	}
	return;
}

# Leave out what is not needed for the difference, as long as there is time.
sub shrink
{
	my ($dbh, $difference, $wide) = @_;
	my @commands = @{ $difference->{history} };
	my ($best, $round, $end) = ($difference->{what}, 0, time + 30);

	my $replay = sub {
		my (@try) = @_;
		my $prefix = "shrunk$$-" . $round++;
		my $run = new_run($dbh, $prefix, $wide);
		my $text = json()->encode(\@try);
		$text =~ s/s\d+t\d+-/$prefix-/g;
		eval { do_command($run, $_) foreach @{ json()->decode($text) }; 1 } and return undef;
		return ref $@ eq 'HASH' ? { what => $@->{what}, length => scalar @{ $@->{history} } } : undef;
	};
	my $shown = $replay->(@commands) or return (0, $best, @commands);
	$#commands = $shown->{length} - 1;
	# halves first, single commands last, and these until none can go
	for (my ($chunk, $before) = (int(@commands / 2), 0); $chunk >= 1 && time < $end;)
	{
		$before = @commands;
		for (my $at = $#commands - $chunk; $at >= 1 && time < $end; $at -= $chunk)
		{
			my @try = @commands;
			splice @try, $at, $chunk;
			my $again = $replay->(@try) or next;
			@commands = @try[ 0 .. $again->{length} - 1 ];
			$best = $again->{what};
		}
		$chunk = int($chunk / 2) if $chunk > 1 || $before == @commands;
	}
	return (1, $best, @commands);
}

# A command on a shared tree; random() of the server, so that own trees stay repeatable.
sub press_shared
{
	my ($dbh, $session) = @_;
	my $level = ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')[ $session % 3 ];
	my ($id, $unplaced, $leaves, $orders, $number, $dice) = $dbh->selectrow_array(
		"SELECT id, round(unplaced_quantity / 3, 2), round(leaves_quantity / 5, 2), count(*) OVER (), nextval('shared_ids'), random()
		FROM oms.orders WHERE root_id = (SELECT 'shared' || (1 + floor(random() * $SHARED_TREES))::int) ORDER BY random() LIMIT 1");
	my $order = qq("orderId": "$id");
	# quotes for orders of these trees: what is accepted becomes a child, and is filled and ended with the rest
	my ($asked, $quoted) = map { 'shared-' . $_ . int($number / 30) } 'r', 'q';
	my ($side) = $dice < 0.12 ? $dbh->selectrow_array("SELECT CASE side WHEN 'BUY' THEN 'offerPx' ELSE 'bidPx' END FROM oms.orders WHERE id = ?", undef, $id) : ();
	my $command =
		$dice < 0.03 ? qq("CreateQuoteRequestCommand", $order, "quoteRequestId": "$asked")
	  : $dice < 0.07 ? qq("CreateQuoteCommand", "quoteRequestId": "$asked", "quoteId": "$quoted-) . $number % 3 . qq(", "dealer": "D) . $number % 3 . qq(", "$side": 1.5)
	  : $dice < 0.11 ? qq("AcceptQuoteCommand", "quoteId": "$quoted-) . $number % 3 . qq(", "orderQty": 1, "orderId": "shared-a$number", "pending": ) . ($number % 2 ? 'true' : 'false')
	  : $dice < 0.12 ? qq("RejectQuoteCommand", "quoteId": "$quoted-) . $number % 3 . '"'
	  : $dice < 0.25 && $orders < 60 ? qq("CreateOrderCommand", "orderId": "shared-o$number", "parentId": "$id", "orderQty": $unplaced)
	  : $dice < 0.75 ? qq("ExecuteOrderCommand", $order, "executionId": "shared-x$number", "execID": "e$number", "lastQty": $leaves, "lastPx": 1.5)
	  : $dice < 0.80 ? qq("BustExecutionCommand", "executionId": "shared-x) . ($number - 5) . qq(", "execID": "e$number", "reason": "r")
	  : $dice < 0.85 ? qq("CorrectExecutionCommand", "executionId": "shared-x) . ($number - 9) . qq(", "execID": "e$number", "lastQty": 1, "lastPx": 2)
	  : $dice < 0.90 ? qq("RequestReplaceOrderCommand", $order, "clOrdID": "shared-c$number", "orderQty": 90)
	  : $dice < 0.92 ? qq("RequestCancelOrderCommand", $order, "clOrdID": "shared-c$number", "pending": false)
	  : $dice < 0.97 ? qq("SuspendOrderCommand", $order)
	  : $id !~ /^shared\d/ ? qq("CancelOrderCommand", $order) : qq("UpdateOrderCommand", $order, "text": "t");

	$dbh->do("SET default_transaction_isolation = '$level'");
	my ($result, $sqlstate, $message) = send_command($dbh, "{\"commandType\": $command}", 'oms_command');
	$dbh->do('RESET default_transaction_isolation');
	die { what => "on a shared tree: $sqlstate $message", history => [$command] }
	  if $sqlstate !~ /^(OM00\d)?$/ && !($sqlstate eq '40001' && $level ne 'READ COMMITTED');
	return;
}

# One session until the time is over.  Prints to the log what it did; true if all agreed.
sub session
{
	my ($node, $session) = @_;
	my $dbh = oms_dbh($node);
	my $until = time + $SECONDS;
	my ($trees, $accepted, $refused, $orders, $depth) = (0, 0, 0, 0, 0);
	my ($only_session, $only_tree) = split /\./, $ENV{OMS_TREE} // '';

	$session = $only_session if $only_session;
	while (goes_on($until, $trees, 60))
	{
		$trees = $only_tree ? $only_tree : $trees + 1;
		srand($SEED * 7919 + $session * 104729 + $trees);
		my $wide = chance(10);
		my $run = new_run($dbh, "s${session}t$trees", $wide);
		my $done = eval {
			drive_tree($run, 20 + int rand 200, $until, sub { press_shared($dbh, $session) if $trees % 2 == 0 });
			1;
		};
		$accepted += $run->{accepted};
		$refused += $run->{refused};
		$orders += keys %{ $run->{model}{orders} };
		if (!$done)
		{
			my $problem = $@;
			if (!ref $problem) { diag("OMS_SEED=$SEED OMS_TREE=$session.$trees: $problem"); return 0; }
			my ($shrunk, $what, @commands) = shrink($dbh, $problem, $wide);
			diag("OMS_SEED=$SEED OMS_TREE=$session.$trees: $what\n"
				  . ($shrunk ? 'shortest' : 'NOT REPEATED by single commands; whole') . " list of commands:\n"
				  . join "\n", map { json()->encode($_) } @commands);
			return 0;
		}
		last if $only_tree;
	}
	note("session $session: $trees trees, $orders orders, $accepted accepted, $refused refused");
	return 1;
}

# ---------------------------------------------------------------------------------------------

note("OMS_SEED=$SEED");
my $node = oms_node('property', conf => "fsync = off\nlog_statement = none\nmax_connections = 30\n");
$node->safe_psql('postgres', join ";\n", 'CREATE SEQUENCE shared_ids START 10',
	map { qq(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "shared$_", "symbol": "X", "side": "BUY", "orderQty": 1000000}')) } 1 .. $SHARED_TREES);

my @sessions;
foreach my $number (1 .. $SESSIONS)
{
	my $pid = fork // die "cannot fork: $!";
	if (!$pid)
	{
		my $good = eval { session($node, $number) };
		diag("session $number: $@") if $@;
		POSIX::_exit($good ? 0 : 1);
	}
	push @sessions, $pid;
}
foreach my $pid (@sessions)
{
	waitpid $pid, 0;
	is($?, 0, 'a session agrees with the model');
}

my $commands = $node->safe_psql('postgres', 'SELECT count(*) FROM oms.order_events');
note("$commands order events");
cmp_ok($commands, '>', 100, 'the round was no idle one') unless $ENV{OMS_TREE};
is($node->safe_psql('postgres', 'SELECT * FROM oms.verify() LIMIT 20'), '', 'every invariant holds');
is($node->safe_psql('postgres', 'SELECT count(*) FROM oms.orders WHERE executed_quantity < 0 OR leaves_quantity < 0 OR unplaced_quantity < 0'),
	'0', 'no quantity is negative');

done_testing();
