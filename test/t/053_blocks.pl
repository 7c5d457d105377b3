# Random command streams over client orders and blocks against the model of OmsDesk, OmsEyes, OmsSplits, OmsBlocks, OmsPools and OmsShares, from several sessions at once.
# Broken by: any quantity, value, share, status or refusal that differs from sections 3 of the contract and domain.md, 7 to 12 and 14, of any order or fill of a group
# after any command, to the last decimal; a preview that says something else than what then happens, or leaves something behind.
#
# Each session drives groups of its own, one after another: 2 to 20 client orders (whole, in lots, with decimals, coins), blocks over them, orders below
# both, fills, allocations, busts, corrections (of the trade date too), typed fills and the electronic ones that replace them, members that come and go, splits of all that
# is tied; in some groups what one person does waits for another.  After each step the whole group is compared.  Where
# the model has lost count of a value, laws are asked of what came, and the model takes it over.
#
# OMS_SEED=n repeats a run's groups; OMS_TREE=session.number drives only that group.  A difference is shrunk to the shortest list of commands that
# shows it.  OMS_SECONDS overrides the length, OMS_VERIFY=1 asks verify() after each step.

use strict;
use warnings;

use FindBin;
use JSON::PP ();
use List::Util qw(any);
use POSIX ();
use PostgreSQL::Test::Utils;
use Storable qw(dclone);
use Test::More;
use Time::HiRes qw(time);

use OmsDeskStream;
use OmsEyes;
use OmsTest;

my $SEED = first_seed();
my $SECONDS = $ENV{OMS_SECONDS} // rounds(20, 1200);
my $SESSIONS = $ENV{OMS_TREE} ? 1 : 4;
my @FIELDS = OmsEyes->fields;
my @PEOPLE = ('anna', 'ben', OmsEyes::FEED);

# --- talking to the server -------------------------------------------------------------------

# What is asked of a result r; the server takes it apart faster than we would.
my $RESULT = q(SELECT r->>'status' AS status, r->'state'->>'executionId' AS "executionId", r->'state'->>'status' AS state,
	(SELECT string_agg(x->>'code', ' ') FROM jsonb_array_elements(r->'state'->'reviewReasons') x) AS reasons,
	(SELECT string_agg(o->>'orderId', ' ' ORDER BY o->>'orderId' COLLATE "C") FROM jsonb_array_elements(r->'orders') o) AS orders,
	(SELECT string_agg(concat_ws('/', a.id, trim_scale(a.quantity), trim_scale(a.value)), ' ' ORDER BY a.id COLLATE "C")
		FROM (SELECT a->>'orderId' AS id, sum((a->>'quantity')::numeric) AS quantity, sum((a->>'value')::numeric) AS value
			FROM jsonb_array_elements(r->'allocations') a GROUP BY 1) a WHERE a.quantity > 0) AS allocations,
	r->>'preview' AS preview, r->'error'->>'sqlstate' AS sqlstate, r->'error'->>'rule' AS rule, concat_ws(': ', r->'error'->>'message', r->'error'->>'detail') AS message);

my $ORDERS = q(SELECT id, version, status, trim_scale(order_qty)::text AS order_qty, ) . join(', ', map { "trim_scale($_)::text AS $_" } grep { /_(quantity|value|px)$/ } @FIELDS) . q(,
	live_children, live_blocks, (SELECT string_agg(b, ' ' ORDER BY b COLLATE "C") FROM jsonb_array_elements_text(block_order_ids) b) AS block_order_ids,
	CASE WHEN members IS NOT NULL THEN coalesce((SELECT string_agg(concat_ws('/', m->>'orderId', trim_scale((m->>'quantity')::numeric), m->>'priority',
			trim_scale(coalesce((m->>'allocatedQuantity')::numeric, 0)), trim_scale(coalesce((m->>'allocatedValue')::numeric, 0)), CASE WHEN (m->>'released')::boolean THEN 'released' END), ' ' ORDER BY n)
		FROM jsonb_array_elements(members) WITH ORDINALITY x (m, n)), '') END AS members,
	'OVERFILLED' = ANY (flags) AS overfilled FROM oms.orders WHERE root_id = ANY ($1));

my $EXECUTIONS = q(SELECT id, status, trim_scale(allocated_quantity)::text AS allocated,
	(SELECT string_agg(concat_ws('/', a->>'allocationId', a->>'orderId', a->>'quantity', a->>'value'), ' ') FROM jsonb_array_elements(allocations) a) AS allocations
	FROM oms.executions WHERE root_id = ANY ($1));

# Ids of corrections are made by the server: "@x" stands for the newest of x's chain.
sub sent
{
	my ($model, $command) = @_;
	my $id = $command->{executionId} // '';
	return $command if $id !~ s/^@//;
	my $newest = $model->newest($id);
	return { %$command, executionId => $newest ? $newest->{id} : $id };
}

# Asks it as whoever says it, where that matters; returns what came or undef, SQLSTATE, message.
sub ask
{
	my ($dbh, $who, $code) = @_;
	$dbh->do("SET SESSION AUTHORIZATION $who") if defined $who;
	my $result = eval { $code->() };
	my @answer = ($result, $result ? ('', '') : ($dbh->state, $dbh->errstr));
	$dbh->do('RESET SESSION AUTHORIZATION') if defined $who && $dbh->{AutoCommit};
	return @answer;
}

sub text_of { my (@commands) = @_; return json()->encode(map { my %told = %$_; delete $told{as}; \%told } @commands); }

# Returns (result or undef, SQLSTATE, rule, message)
sub send_command
{
	my ($dbh, $command) = @_;
	my ($result, $state, $message) = ask($dbh, $command->{as}, sub { $dbh->selectrow_hashref("$RESULT FROM oms_try_command(\$1::jsonb) r", undef, text_of($command)) });

	return (undef, $state, '', $message) if !$result;
	return (undef, @$result{qw(sqlstate rule message)}) if $result->{status} eq 'REJECTED';
	return ($result, '', '', '');
}

# --- judging ---------------------------------------------------------------------------------

# A difference ends the group: { what => …, history => [commands] }
sub differs { my ($run, $what) = @_; die { what => $what, history => [ @{ $run->{history} } ], eyes => $run->{model}{eyes} }; }
sub same { my ($shown, $wanted) = @_; return defined $shown ? defined $wanted && $shown eq $wanted : !defined $wanted; }
sub told { my ($what) = @_; return $what // 'null'; }

# The shares that came, with the model's numbers of their allocations: { execution => [ { number, member, qty, value } ] }
sub shares_that_came
{
	my ($run, $rows) = @_;
	my $model = $run->{model};
	my %known = map { $_->{named} ? ($_->{named} => $_->{number}) : () } @{ $model->{allocations} };
	my %came;

	foreach my $execution (grep { $rows->{ $_->{id} } } $model->all_executions)
	{
		my $root = $model->root($model->order($execution->{order}));
		next if $execution->{status} ne 'LIVE' || !OmsBlocks::block($root);
		foreach my $entry (split / /, $rows->{ $execution->{id} }{allocations} // '')
		{
			my ($id, $member, $qty, $value) = split /\//, $entry;
			if (!defined $known{$id})
			{
				my @new = grep { !$_->{named} && $_->{block} == $root && $_->{pool} eq $execution->{pool} } @{ $model->{allocations} };
				my %of_it = map { $_->{allocation}{number} => 1 } @{ $execution->{entries} };
				# a fill that went to another pool has several at once
				my ($new) = grep { my $number = $_->{number}; any { $_->{allocation}{number} == $number && $_->{member} eq $member && $_->{qty} == OmsBlocks::qty($qty) } @{ $execution->{entries} } } @new;
				$new //= (grep { $of_it{ $_->{number} } } @new)[0] // $new[-1];
				differs($run, "$execution->{id} has an allocation that the model does not have") if !$new;
				$known{ $new->{named} = $id } = $new->{number};
			}
			push @{ $came{ $execution->{id} } }, { number => $known{$id}, member => $member, qty => OmsBlocks::qty($qty), value => OmsBlocks::units($value, 20) };
		}
		$came{ $execution->{id} } //= [];
	}
	return \%came;
}

sub compare_executions
{
	my ($run, $rows) = @_;
	my $model = $run->{model};

	differs($run, 'executions ' . join(' ', sort keys %$rows) . ', the model has ' . join ' ', sort keys %{ $model->{executions} })
	  if join(' ', sort keys %$rows) ne join ' ', sort keys %{ $model->{executions} };
	my $came = shares_that_came($run, $rows);
	my $broken = $model->laws($came);
	differs($run, $broken) if $broken;
	if (defined $model->{open}) { $model->take_shares($came); $run->{opened}++; }
	foreach my $execution ($model->all_executions)
	{
		my $row = $rows->{ $execution->{id} };
		my $wanted = $model->shares_of($execution) // { status => $execution->{status} };
		my $shares = $came->{ $execution->{id} };
		$row->{shares} = join ' ', sort map { join '/', $_->{number}, $_->{member}, OmsBlocks::decimal($_->{qty}, 10), OmsBlocks::decimal($_->{value}, 20) } @$shares if $shares;
		foreach my $field (grep { defined $wanted->{$_} } sort keys %$wanted)
		{
			differs($run, "$execution->{id} has $field " . told($row->{$field}) . ', the model ' . $wanted->{$field}) if !same($row->{$field}, $wanted->{$field});
		}
	}
	return;
}

# Compares the whole group; returns the orders that changed since the last time.
sub compare_group
{
	my ($run) = @_;
	my ($model, $dbh) = @$run{qw(model dbh)};
	my @roots = map { $_->{id} } grep { !defined $_->{parent} } $model->all_orders;
	my $rows = $dbh->selectall_hashref($ORDERS, 'id', undef, \@roots);

	differs($run, 'orders ' . join(' ', sort keys %$rows) . ', the model has ' . join ' ', sort keys %{ $model->{orders} })
	  if join(' ', sort keys %$rows) ne join ' ', sort keys %{ $model->{orders} };
	compare_executions($run, $dbh->selectall_hashref($EXECUTIONS, 'id', undef, \@roots));
	$model->looking(sub { compare_orders($run, $rows) });
	if ($ENV{OMS_VERIFY})
	{
		my $broken = $dbh->selectrow_array(q(SELECT string_agg(v::text, $$; $$) FROM oms.verify() v WHERE root_id = ANY ($1)), undef, \@roots);
		differs($run, "verify() says $broken") if defined $broken;
	}
	my $before = $run->{rows};
	$run->{rows} = $rows;
	return join ' ', grep { $rows->{$_}{version} != ($before->{$_}{version} // 0) } sort keys %$rows;
}

sub compare_orders
{
	my ($run, $rows) = @_;
	my $model = $run->{model};

	foreach my $order ($model->all_orders)
	{
		my $row = $rows->{ $order->{id} };
		my $wanted = $model->figures($order);
		foreach my $field (@FIELDS)
		{
			differs($run, "$order->{id} has $field " . told($row->{$field}) . ', the model ' . told($wanted->{$field})) if !same($row->{$field}, $wanted->{$field});
		}
		differs($run, "$order->{id} is filled beyond its quantity and not flagged, or the other way round") if !!$row->{overfilled} ne !!($model->executed($order) > $order->{qty});
	}
	return;
}

sub refusal_text { my ($refusals) = @_; return join ', ', map { my $state = $_; map { "$state $_" } sort keys %{ $refusals->{$state} } } sort keys %$refusals; }

# A refusal is one of those that the model has, by its rule too where the model names one.
sub fits
{
	my ($sqlstate, $rule, @refusals) = @_;
	return any { my $rules = $_->{$sqlstate}; $rules && ($rules->{''} || $rules->{ $rule // '' }) } @refusals;
}

# Was the answer one that the model allows?  Applies what was accepted.
sub judge
{
	my ($run, $command, $must, $may, $result, $sqlstate, $rule, $message) = @_;
	my $model = $run->{model};

	if (!defined $result)
	{
		differs($run, "refused with $sqlstate " . ($rule // '') . " ($message), the model " . (%$must ? 'wants ' . refusal_text($must) : 'accepts'))
		  if !fits($sqlstate, $rule, $must, $may);
		$run->{refused}++;
		$run->{alone}++ if $sqlstate eq 'OM008';
		$run->{model}{open} = undef;
		return;
	}
	differs($run, 'accepted, the model wants ' . refusal_text($must)) if %$must;
	if ($command->{commandType} =~ /^(ExecuteOrder|CreateManualExecution)Command$/)
	{
		my ($booking, $reason) = $model->booking($command);
		my ($state, $reasons) = ($result->{state}, $result->{reasons} // '');
		differs($run, "execution is $state ($reasons), the model says $booking $reason")
		  if $booking eq 'REVIEW' ? $state ne 'REVIEW' || $reasons !~ /\b$reason\b/ : $state !~ /^(ALLOCATED|VALIDATED)$/;
	}
	if ($command->{commandType} eq 'CorrectExecutionCommand')
	{
		my $wanted = $model->correction($command);
		my $state = $result->{state} eq 'REVIEW' ? 'REVIEW' : 'LIVE';
		differs($run, "the correction is $state, the model says $wanted") if defined $wanted && $state ne $wanted;
	}
	$model->apply($command, { executionId => $result->{executionId}, status => $result->{state} });
	$run->{accepted}++;
	return;
}

# --- steps -----------------------------------------------------------------------------------

# What would be allocated is told, and nothing is changed.
sub preview
{
	my ($run, $command, $must, $may) = @_;
	my $model = $run->{model};
	my ($result, $sqlstate, $rule, $message) = send_command($run->{dbh}, sent($model, { %$command, preview => JSON::PP::true }));
	my $limit = { OM005 => { limit_exceeded => 1 } };

	if (!defined $result)
	{
		differs($run, "the preview is refused with $sqlstate " . ($rule // '') . " ($message), the model " . (%$must ? 'wants ' . refusal_text($must) : 'accepts'))
		  if !fits($sqlstate, $rule, $must, $may);
	}
	elsif (%$must) { differs($run, 'the preview is accepted, the model wants ' . refusal_text($must)) if refusal_text($must) ne refusal_text($limit); }
	else
	{
		my $twin = $model->copy;
		my $outcome = $twin->outcome($twin->allocate($command));
		my $wanted = join ' ', map { join '/', $_, OmsBlocks::decimal($outcome->{$_}[0], 10), OmsBlocks::decimal($outcome->{$_}[1], 20) } sort keys %$outcome;
		differs($run, 'the preview has ' . told($result->{allocations}) . ", the model $wanted") if !defined $twin->{open} && ($result->{allocations} // '') ne $wanted;
		differs($run, 'the preview does not say that it is one') if ($result->{preview} // '') ne 'true';
	}
	my $changed = compare_group($run);
	differs($run, "a preview changed [$changed]") if $changed;
	return;
}

# One command; then the orders that changed are those that the result lists.
sub do_command
{
	my ($run, $command, $preview) = @_;

	push @{ $run->{history} }, $command;
	$command = sent($run->{model}, $command);
	my ($must, $may) = $run->{model}->refusals($command);
	preview($run, $command, $must, $may) if $preview;
	my ($result, @refusal) = send_command($run->{dbh}, $command);
	judge($run, $command, $must, $may, $result, @refusal);
	my $changed = compare_group($run);
	return if !defined $result;
	my $listed = $result->{orders} // '';
	differs($run, "changed are [$changed], the result lists [$listed]") if $changed ne $listed;
	return;
}

sub step_command
{
	my ($run) = @_;
	my $command = random_desk_command($run->{model}, $run->{group}) or return;
	do_command($run, $command, $command->{commandType} eq 'AllocateExecutionCommand' && chance(30));
	return;
}

# Several commands in one call.  A batch ends where the model needs what came, to go on.
sub step_batch
{
	my ($run) = @_;
	my $atomic = chance(50);
	my $before = $run->{model};
	my ($who, @batch);

	$run->{model} = $before->copy;
	foreach (1 .. 2 + int rand 5)
	{
		my $command = sent($run->{model}, random_desk_command($run->{model}, $run->{group}) // last);
		# all is one caller's
		last if @batch && ($command->{as} // '') ne ($who // '');
		$who = $command->{as};
		my ($must, $may) = $run->{model}->refusals($command);

		push @batch, [ $command, $must, $may ];
		last if %$may || ($atomic && %$must) || $command->{commandType} eq 'CorrectExecutionCommand';
		next if %$must;
		$run->{model}->apply($command, {});
		last if defined $run->{model}{open};
	}
	$run->{model} = $before;
	return if !@batch;

	my ($results, $state, $message) = ask($run->{dbh}, $who, sub {
		$run->{dbh}->selectall_arrayref("$RESULT FROM oms_commands(\$1::jsonb, \$2) WITH ORDINALITY AS x (r, n) ORDER BY n", { Slice => {} },
			'[' . join(',', map { text_of($_->[0]) } @batch) . ']', $atomic ? 't' : 'f');
	});
	if (!$results)
	{
		my ($command, $must, $may) = @{ $batch[-1] };
		push @{ $run->{history} }, map { $_->[0] } @batch;
		differs($run, "a batch was refused: $message") if !$atomic || !($must->{$state} || $may->{$state});
	}
	else
	{
		differs($run, 'a batch of ' . @batch . ' has ' . @$results . ' results') if @$results != @batch;
		foreach my $i (0 .. $#batch)
		{
			my $result = $results->[$i];
			push @{ $run->{history} }, $batch[$i][0];
			judge($run, @{ $batch[$i] }, $result->{status} eq 'REJECTED' ? (undef, @$result{qw(sqlstate rule message)}) : ($result));
		}
	}
	compare_group($run);
	return;
}

# What is rolled back leaves no trace.
sub step_rollback
{
	my ($run) = @_;
	my $dbh = $run->{dbh};

	$dbh->begin_work;
	foreach (1 .. 1 + int rand 3)
	{
		my $command = random_desk_command($run->{model}, { %{ $run->{group} } }) // last;
		send_command($dbh, sent($run->{model}, $command));
	}
	$dbh->rollback;
	$dbh->do('RESET SESSION AUTHORIZATION');
	my $changed = compare_group($run);
	differs($run, "a rollback left [$changed] changed") if $changed;
	return;
}

# --- runs ------------------------------------------------------------------------------------

sub new_run
{
	my ($dbh, $prefix, $eyes) = @_;
	my $group = new_group($prefix);

	$eyes //= $group->{eyes};
	$dbh->do("SET oms_state.$_->[1] = " . ($eyes->{ $_->[0] } ? 'on' : 'off')) foreach [ fills => 'four_eyes' ], [ allocations => 'allocation_four_eyes' ];
	return { dbh => $dbh, model => OmsEyes->new(%$eyes), group => $group, rows => {}, history => [], accepted => 0, refused => 0, alone => 0, opened => 0 };
}

sub drive_group
{
	my ($run, $length, $until) = @_;

	for (1 .. $length)
	{
		last if time > $until;
		my $kind = rand 100;
		if ($kind < 88) { step_command($run); }
		elsif ($kind < 96) { step_batch($run); }
		else { step_rollback($run); }
	}
	return;
}

# What a difference is about, without its ids and figures
sub alike { my ($what) = @_; return substr $what =~ s/[0-9a-f]{8}-[0-9a-f-]{27}/id/gr =~ s/\S*-[a-z]\d+\S*/id/gr =~ s/\d[\d.]*/n/gr, 0, 60; }

# Leave out what is not needed for the difference, as long as there is time.
sub shrink
{
	my ($dbh, $difference) = @_;
	my @commands = @{ $difference->{history} };
	my ($best, $round, $end) = ($difference->{what}, 0, time + ($ENV{OMS_SHRINK} // 30));

	my $replay = sub {
		my (@try) = @_;
		my $prefix = "shrunk$$-" . $round++;
		my $run = new_run($dbh, $prefix, $difference->{eyes});
		my $text = json()->encode(\@try);
		$text =~ s/s\d+g\d+-/$prefix-/g;
		eval { do_command($run, $_, $_->{commandType} eq 'AllocateExecutionCommand') foreach @{ json()->decode($text) }; 1 } and return undef;
		return ref $@ eq 'HASH' && alike($@->{what}) eq alike($difference->{what}) ? { what => $@->{what}, length => scalar @{ $@->{history} } } : undef;
	};
	my $shown = $replay->(@commands) or return (0, $best, @commands);
	$#commands = $shown->{length} - 1;
	# halves first, single commands last, and these until none can go
	for (my ($chunk, $before) = (int(@commands / 2), 0); $chunk >= 1 && time < $end;)
	{
		$before = @commands;
		for (my $at = $#commands - $chunk; $at >= 0 && time < $end; $at -= $chunk)
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

# One session until the time is over.  Prints to the log what it did; true if all agreed.
sub session
{
	my ($node, $session) = @_;
	my $dbh = oms_dbh($node);
	my $until = time + $SECONDS;
	my %sum = map { $_ => 0 } qw(groups orders accepted refused alone opened);
	my ($only_session, $only_group) = split /\./, $ENV{OMS_TREE} // '';
	my $number = 0;

	$session = $only_session if $only_session;
	while (goes_on($until, $number, 40))
	{
		$number = $only_group ? $only_group : $number + 1;
		srand($SEED * 7919 + $session * 104729 + $number);
		my $run = new_run($dbh, "s${session}g$number");
		my $done = eval { drive_group($run, 30 + int rand 150, $until); 1 };
		my $problem = $@;
		$sum{$_} += $run->{$_} foreach qw(accepted refused alone opened);
		$sum{orders} += keys %{ $run->{model}{orders} };
		$sum{groups}++;
		if (!$done)
		{
			if (!ref $problem) { diag("OMS_SEED=$SEED OMS_TREE=$session.$number: $problem"); return 0; }
			my ($shrunk, $what, @commands) = shrink($dbh, $problem);
			diag("OMS_SEED=$SEED OMS_TREE=$session.$number: $what\n" . ($shrunk ? 'shortest' : 'NOT REPEATED by single commands; whole') . " list of commands:\n"
				  . join "\n", map { json()->encode($_) } @commands);
			return 0;
		}
		last if $only_group;
	}
	note("session $session: " . join ', ', map { "$sum{$_} $_" } qw(groups orders accepted refused alone opened));
	return 1;
}

# --- the model itself ------------------------------------------------------------------------

# The worked examples: what the model makes of them, without a server
sub model_plays
{
	my ($example) = @_;
	my $model = OmsEyes->new;
	my $refused = '';
	my $last = 0;
	my $say = sub {
		my ($type, %fields) = @_;
		my $command = { commandType => "${type}Command", %fields };
		my ($must) = $model->refusals($command);
		return $refused = join ' ', sort keys %$must if %$must;
		$model->apply($command, { executionId => 'made' . ++$last, status => 'VALIDATED' });
		return;
	};
	my $by_hand = sub { my ($given) = @_; return [ map { { orderId => $_, quantity => $given->{$_} } } sort keys %$given ]; };
	my $fill = sub { my ($id, $fill) = @_; $say->('ExecuteOrder', orderId => 'block', executionId => $id, lastQty => $fill->[0], lastPx => $fill->[1]); return; };
	my $allocate = sub { $say->('AllocateExecution', orderId => 'block', $example->{given} ? (allocations => $by_hand->($example->{given})) : (method => $example->{method})); return; };
	my $members = $example->{members};

	$say->('CreateOrder', orderId => $_, symbol => 'X', side => 'BUY', orderQty => $members->{$_}{quantity}, $example->{lot} ? (attributes => { roundLot => $example->{lot} }) : ())
	  foreach sort keys %$members;
	$say->('CreateBlockOrder', orderId => 'block', members => [ map { { orderId => $_, %{ $members->{$_} } } } sort keys %$members ]);
	if (my $first = $example->{given_first})
	{
		$fill->('first', $first->{fill});
		$say->('AllocateExecution', orderId => 'block', allocations => $by_hand->($first->{to}));
	}
	foreach my $n (0 .. $#{ $example->{fills} })
	{
		$fill->("x$n", $example->{fills}[$n]);
		$allocate->() if $example->{allocate};
	}
	$allocate->() if !$example->{allocate};
	$say->('BustExecution', executionId => "x$example->{then_bust}") if defined $example->{then_bust};
	if (my $correction = $example->{then_correct})
	{
		my ($qty, $px) = @{ $example->{fills}[ $correction->{fill} ] };
		$say->('CorrectExecution', executionId => "x$correction->{fill}", lastQty => $correction->{lastQty} // $qty, lastPx => $correction->{lastPx} // $px);
	}
	is($refused, $example->{refused} // '', "$example->{name}: refused or not");
	foreach my $name (sort keys %{ $example->{expect} // {} })
	{
		my $figures = $model->figures($model->order($name));
		my %shown = (allocated => $figures->{allocated_quantity}, value => $figures->{executed_value}, avgPx => $figures->{avg_px});
		is($shown{$_}, $example->{expect}{$name}{$_}, "$example->{name}: $_ of $name") foreach sort keys %{ $example->{expect}{$name} };
	}
	return;
}

subtest 'the model and the worked examples' => sub {
	open my $in, '<:raw', "$FindBin::RealBin/../data/allocation_examples.json" or die "cannot read the examples: $!";
	local $/;
	model_plays($_) foreach @{ json()->decode(<$in>)->{examples} };
};

# ---------------------------------------------------------------------------------------------

note("OMS_SEED=$SEED");
my $node = oms_node('blocks', conf => "fsync = off\nlog_statement = none\nmax_connections = 30\noms_state.feed_roles = '@{[ OmsEyes::FEED ]}'\nsession_preload_libraries = 'oms_state'\n");
$node->safe_psql('postgres', "CREATE ROLE $_ LOGIN; GRANT EXECUTE ON FUNCTION oms_try_command(jsonb), oms_commands(jsonb, boolean) TO $_") foreach @PEOPLE;
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

my ($allocated, $split, $proposed, $replaced, $moved) = split /\|/, $node->safe_psql('postgres', q(SELECT (SELECT count(*) FROM oms.order_events WHERE event_type LIKE 'OrderAlloc%'),
	(SELECT count(*) FROM oms.orders WHERE quantity_factor IS NOT NULL AND members IS NOT NULL), (SELECT concat_ws(' of ', count(*) FILTER (WHERE event_type ~ 'lloca' AND payload #>> '{command,commandType}' = 'ApproveExecutionCommand'), count(*) FILTER (WHERE event_type = 'ExecutionAllocationProposed'))
		FROM oms.execution_events),
	count(*) FILTER (WHERE e.superseded_execution_id IS NOT NULL AND e.allocations IS NOT NULL), count(*) FILTER (WHERE o.trade_date <> e.trade_date AND e.allocations IS NOT NULL)
	FROM oms.executions e LEFT JOIN oms.executions o ON o.id = e.corrected_execution_id));
note("$allocated events of allocations; $split blocks were split, $proposed allocations that were proposed are approved; allocated are $replaced fills that replaced typed ones, and $moved that went to another day");
cmp_ok($allocated, '>', 10, 'the round was no idle one') unless $ENV{OMS_TREE};
is($node->safe_psql('postgres', 'SELECT * FROM oms.verify() LIMIT 20'), '', 'every invariant holds');

done_testing();
