# Commands of who is limited to accounts, by every entry: an object of another account is one that is not there, to the byte, in answers, errors and what is kept of
# refusals; nothing of it is said or changed, and nobody waits for it. What is allowed does what it does for anybody.
# Broken by: an entry that looks at an object before it asks whose it is, or at its tree; a detail or hint that names another's order; a repeat whose answer is not
# the caller's any more; a report that changes, or tells of, an order that its sender may not see; a fact that is lost because of that; a lock on another's tree.
#
# What is compared: each random command is given twice in a transaction that is rolled back, once with the id of an object that the caller may not see and once with
# one of that length which nobody has. And what names only his own objects is given by him and by somebody who may see everything.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);

use OmsTest;

my $SEED = first_seed();
my $SECONDS = $ENV{OMS_SECONDS} // rounds(10, 300);
my $node = oms_node('account_commands', conf => "fsync = off\noms_state.book_waiting_fills = on\n");
my $boss = oms_dbh($node);

srand $SEED;
$boss->do('SELECT oms.create_roles()');
$boss->do("CREATE ROLE $_ LOGIN") foreach qw(trader_a desk_a desk_b trader_ab nobody bonds);
$boss->do("GRANT oms_trader TO trader_a, trader_ab, nobody; GRANT oms_desk TO desk_a, desk_b, bonds");
sub granted { my ($role, @accounts) = @_; $boss->selectrow_array('SELECT oms.grant_account(?, ?)', undef, $role, $_) foreach @accounts; return; }
granted('trader_a', 'A%');
granted('desk_a', 'A%');
granted('trader_ab', 'A%', 'B1');
granted('nobody', 'Q');
granted('desk_b', 'B1');
$boss->selectrow_array(q(SELECT oms.grant_account('bonds', 'A1', ARRAY['bond'])));
my %as = map { $_ => oms_dbh($node, user => $_) } qw(trader_a desk_a desk_b trader_ab nobody bonds);

sub text { my ($what) = @_; return ref $what ? json()->encode($what) : $what; }
sub done { my ($dbh, $command) = @_; return json()->decode($dbh->selectrow_array('SELECT oms_command(?::jsonb)', undef, text($command))); }

# SQLSTATE, message, detail and hint.
sub refused
{
	my ($dbh, $sql, @values) = @_;
	my $answer = eval { join "\n", map { $_ // '(null)' } map { @$_ } @{ $dbh->selectall_arrayref($sql, undef, @values) } };
	return $answer if defined $answer;
	return join ' ', $dbh->state, $dbh->errstr =~ s/\nCONTEXT:.*//sr;
}
sub command_refused { my ($dbh, $command) = @_; return refused($dbh, 'SELECT oms_command(?::jsonb)', text($command)); }
sub create { my ($id, %more) = @_; return { commandType => 'CreateOrderCommand', orderId => $id, symbol => 'X', side => 'BUY', orderQty => 100, %more }; }
sub fix
{
	my (@fields) = @_;
	my $body = join '', map { "$_|" } shift @fields, '49=A', '56=B', '34=1', '52=20260302-10:00:00', @fields;
	my $head = '8=FIX.4.4|9=' . length($body) . '|' . $body;
	my $sum = 0;
	$sum += ord for split //, $head =~ tr/|/\x01/r;
	return $head . sprintf('10=%03d|', $sum % 256);
}

# ---- what there is: of A1 and A2, of B1, which only some see, and of nobody ------------------------------------------

# All ids of one letter, and all that is of it says it: where a text has B-, or B1, it tells of B.
sub world
{
	my ($own, $account) = @_;
	done($boss, create("$own-o$_", account => $account, clOrdID => "$own-c$_", destination => "$own-d")) foreach 1 .. 4;
	done($boss, { commandType => 'PlaceOrderCommand', orderId => "$own-o1", children => [ map { { orderId => "$own-s$_", orderQty => 10, clOrdID => "$own-k$_" } } 1, 2 ] });
	done($boss, { commandType => 'ExecuteOrderCommand', orderId => "$own-$_", executionId => "$own-x$_", execID => "$own-e$_", lastQty => 2, lastPx => 1, symbol => 'X', side => 'BUY' }) foreach qw(s1 o2);
	done($boss, { commandType => 'RequestReplaceOrderCommand', orderId => "$own-o3", orderQty => 120, clOrdID => "$own-r3" });
	done($boss, { commandType => 'CreateQuoteRequestCommand', quoteRequestId => "$own-q1", quoteReqID => "$own-n1", symbol => 'X', orderQty => 10, account => $account });
	done($boss, { commandType => 'CreateQuoteCommand', quoteId => "$own-t1", quoteRequestId => "$own-q1", quoteID => "$own-m1", dealer => "$own-d", bidPx => 1, offerPx => 2, bidSize => 10, offerSize => 10 });
	done($boss, { commandType => 'SendOrderToDeskCommand', orderId => "$own-o4", reason => "$own-why" });
	return;
}
world('A', 'A1');
world('B', 'B1');
done($boss, create('N-o1'));

my $FIX_ORDER = 'SELECT oms_fix(?)';
$boss->selectrow_array($FIX_ORDER, undef, fix('35=D', "11=$_-f1", '55=X', '54=1', '38=10', '40=1', '60=20260302-10:00:00', '1=' . ($_ eq 'A' ? 'A2' : 'B1'))) foreach 'A', 'B';

sub state_of_others
{
	return join "\n", map { @{ $boss->selectcol_arrayref("SELECT row_to_json(t)::text FROM oms.$_ t WHERE account = 'B1' OR id = 'N-o1' ORDER BY id") } } qw(orders executions quote_requests quotes);
}

# ---- random commands: what may not be seen is missing -------------------------------------------------------------

sub one_of { return $_[ int rand @_ ]; }
sub perhaps { my ($p, @fields) = @_; return rand() < $p ? @fields : (); }
sub order { return '@' . one_of(qw(o1 o2 o3 o4 s1 s2)); }
sub own { return 'A-' . one_of(qw(o1 o2 o3 o4 s1 s2)); }
sub execution { return '@' . one_of(qw(xs1 xo2)); }
sub common { return (perhaps(0.2, expectedVersion => one_of(1, 2, 3)), perhaps(0.1, rootId => order()), perhaps(0.3, commandId => '@id' . int rand 1000), perhaps(0.2, text => 'why')); }
sub report { return perhaps(0.4, execID => '@e' . int rand 20, perhaps(0.5, ordStatus => one_of(qw(NEW FILLED CANCELLED)))); }
my @TRADER = (
	sub { return { commandType => one_of(map { "${_}OrderCommand" } qw(Cancel RequestCancel RejectCancel Suspend Resume Expire Accept Reject Stop Calculate DoneForDay)), orderId => order(), report() }; },
	sub { return { commandType => one_of('ReplaceOrderCommand', 'RequestReplaceOrderCommand', 'RestateOrderCommand', 'RejectReplaceOrderCommand'), orderId => order(), orderQty => 5, perhaps(0.5, clOrdID => '@new' . int rand 5), report() }; },
	sub { return { commandType => 'UpdateOrderCommand', orderId => order(), attributes => { a => 1 } }; },
	sub { return { commandType => 'CreateOrderCommand', parentId => order(), orderQty => 1, perhaps(0.5, account => 'A1'), perhaps(0.5, orderId => 'A-new') }; },
	sub { return { commandType => 'PlaceOrderCommand', orderId => order(), children => [ { orderQty => 1 } ] }; },
	sub { return { commandType => 'SendOrderToDeskCommand', orderId => order(), reason => 'r' }; },
	sub { return { commandType => 'CreateBlockOrderCommand', account => 'A1', members => [ { orderId => own(), quantity => 1 }, { orderId => order(), quantity => 1 } ] }; },
	sub { return { commandType => 'CreateQuoteRequestCommand', symbol => 'X', orderQty => 1, account => 'A1', orderId => order() }; },
	sub { return { commandType => one_of('RejectQuoteRequestCommand', 'CancelQuoteRequestCommand', 'ExpireQuoteRequestCommand'), quoteRequestId => '@q1' }; },
	sub { return { commandType => 'CreateQuoteCommand', quoteRequestId => '@q1', dealer => 'D', bidPx => 1 }; },
	sub { return { commandType => one_of('RejectQuoteCommand', 'CancelQuoteCommand', 'ExpireQuoteCommand', 'ReplaceQuoteCommand'), quoteId => '@t1', perhaps(0.5, bidPx => 1) }; },
	sub { return { commandType => 'AcceptQuoteCommand', quoteId => '@t1', side => 'BUY', orderQty => 1 }; },
);
my @DESK = (
	@TRADER,
	sub { return { commandType => 'ExecuteOrderCommand', orderId => order(), perhaps(0.8, execID => '@e' . int rand 20), lastQty => 1, lastPx => 1, symbol => 'X', side => 'BUY', perhaps(0.3, execType => one_of('TRADE_CANCEL', 'TRADE_CORRECT'), execRefID => one_of('@es1', '@eo2')) }; },
	sub { return { commandType => 'CreateManualExecutionCommand', orderId => order(), lastQty => 1, lastPx => 1, reason => 'r', perhaps(0.3, movedFromExecutionId => execution()) }; },
	sub { return { commandType => 'CorrectExecutionCommand', executionId => execution(), lastQty => 1, lastPx => 1, perhaps(0.3, orderId => order()) }; },
	sub { return { commandType => 'BustExecutionCommand', executionId => execution(), perhaps(0.3, orderId => order()), perhaps(0.3, movedToExecutionId => execution()), report() }; },
	sub { return { commandType => 'ApproveExecutionCommand', executionId => execution(), perhaps(0.3, orderId => order()), perhaps(0.3, supersedes => execution()) }; },
	sub { return { commandType => 'RejectExecutionCommand', executionId => execution(), reason => 'r' }; },
	sub { return { commandType => 'AllocateExecutionCommand', perhaps(0.5, executionId => execution()), orderId => order(), allocations => [ { orderId => order(), quantity => 1 } ], perhaps(0.5, preview => \1) }; },
	sub { return { commandType => 'DeallocateExecutionCommand', executionId => execution(), perhaps(0.5, preview => \1) }; },
	sub { return { commandType => one_of('ClaimOrderCommand', 'ReleaseOrderFromDeskCommand'), orderId => order(), reason => 'r' }; },
	sub { return { commandType => 'AssignOrderCommand', orderId => order(), deskUser => 'u' }; },
	sub { return { commandType => 'ReplaceBlockMembersCommand', orderId => order(), members => [ { orderId => order(), quantity => 1 } ] }; },
);
my @SERVICES = (
	sub { return ('CancelClientOrder', { orderId => order(), perhaps(0.5, commandId => '@sid') }); },
	sub { return ('ReplaceClientOrder', { orderId => order(), orderQty => 7, perhaps(0.5, commandId => '@sid') }); },
);
sub message
{
	my ($may_fill) = @_;
	my @of = one_of([ '11=@f1' ], [ '11=@c1' ], [ '11=@k9', '41=@f1' ], [ '11=@c2', '41=@c1' ]);
	my @common = ('55=X', '54=1');
	return fix(@{ one_of(
		[ '35=F', '11=@k8', '41=' . one_of('@f1', '@c1'), @common, '60=20260302-10:00:00' ], [ '35=G', '11=@k7', '41=' . one_of('@f1', '@c1'), @common, '38=5', '40=1', '60=20260302-10:00:00' ],
		[ '35=H', @{$of[0]}, @common ], [ '35=9', '37=@v', one_of('11=@f1', '11=@c1'), '41=@c1', '39=0', '434=1', '102=0' ],
		(map { [ '35=8', '37=@v', @{$of[0]}, "17=\@e$_", "150=$_", '39=' . one_of(0, 4), @common, '14=0', '151=10', '6=0' ] } one_of(qw(0 3 4 5 6 7 8 9 C D E I))),
		$may_fill ? (map { [ '35=8', '37=@v', @{$of[0]}, '17=@e' . int rand 20, "150=$_->[0]", '39=1', @common, '32=1', '31=1', '14=1', '151=9', '6=1', @$_[ 1 .. $#$_ ] ] } one_of([ 'F' ], [ 'H', '19=@es1' ], [ 'G', '19=@eo2' ], [ 'F', '1=B1' ])) : ()) });
}

# The same for another letter; a checksum goes with it.
sub of_letter
{
	my ($template, $letter) = @_;
	return text($template) =~ s/\@/$letter-/gr if $template !~ /^8=FIX/;
	my ($head, @fields) = split /\|/, $template =~ s/\@/$letter-/gr;
	return fix(grep { !/^(8|9|10|49|56|34|52)=/ } @fields);
}

my $UUID = qr/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/;
sub plain
{
	my ($answer) = @_;
	my %made;
	return $answer =~ s/($UUID)/$made{$1} \/\/= 'made ' . keys %made/ger =~ s/\d{4}-\d\d-\d\dT[\d:.]+Z/TIME/gr =~ s/"sequence": \d+/"sequence": N/gr =~ s/"token": "[^"]*"/"token": T/gr
		=~ s/\\?"fixMessage(Base64)?\\?": \\?"(?:[^"\\]|\\.)*"/MESSAGE/gr =~ s/"(allocationId|hash)": "[^"]*"/"$1": M/gr;
}

# In a transaction that is rolled back: the answer, and what is kept of it. What was said is taken out of what was answered.
sub in_vain
{
	my ($dbh, $sql, @values) = @_;
	$dbh->do('SAVEPOINT vain');
	my $answer = refused($dbh, $sql, @values);
	$answer .= ' kept: ' . $dbh->selectrow_array(q(SELECT concat_ws(' ', sqlstate, message, detail, hint, rule, command) FROM oms.rejected_commands ORDER BY id DESC LIMIT 1))
	  if $sql =~ /_try_/ && $answer =~ /"REJECTED"/;
	$dbh->do('ROLLBACK TO vain');
	# else each is within the one before, and holds a lock for its number
	$dbh->do('RELEASE vain');
	return plain($answer);
}

my %entries = (
	'oms_command' => sub { return ('SELECT oms_command(?::jsonb)', one_of(@{ $_[0] })->()); },
	'oms_try_command' => sub { return ('SELECT oms_try_command(?::jsonb)', one_of(@{ $_[0] })->()); },
	'oms_commands' => sub { return ('SELECT oms_commands(?::jsonb, ' . one_of('true', 'false') . ')', [ map { { %{ $_ }, common() } } create('A-b1', account => 'A1', commandId => 'A-bb'), one_of(@{ $_[0] })->(), { commandType => 'CancelOrderCommand', orderId => own() } ]); },
	'oms_service' => sub { my ($name, $arguments) = one_of(@SERVICES)->(); return ("SELECT oms_service('$name', ?::jsonb)", $arguments); },
	'oms_fix' => sub { return ('SELECT oms_fix(?)', message($_[1])); },
	'oms_try_fix' => sub { return ('SELECT oms_try_fix(?)', message($_[1])); },
	'oms_fix_many' => sub { return ('SELECT oms_fix_many(ARRAY[?::text])', message($_[1])); },
	'oms.place_due' => sub { return ('SELECT * FROM oms.place_due(ARRAY[?], now() + interval \'1 day\', 10)', order()); },
);

my $before = state_of_others();
my (%asked, %differ, %told);
foreach my $who ('trader_a', 'desk_a')
{
	my $until = time + $SECONDS / 2;
	my $dbh = $as{$who};
	$dbh->begin_work;
	while (time < $until)
	{
		my $entry = one_of(sort keys %entries);
		next if $entry eq 'oms.place_due' && !$dbh->selectrow_array(q(SELECT to_regprocedure('oms.place_due(text[],timestamptz,integer)') IS NOT NULL));
		my ($sql, $template) = $entries{$entry}->($who eq 'desk_a' ? \@DESK : \@TRADER, $who eq 'desk_a');
		$template = { %$template, common() } if ref $template eq 'HASH' && $entry =~ /command$/;
		my ($hidden, $missing) = map { of_letter($template, $_) } 'B', 'Z';
		my ($is, $should) = (in_vain($dbh, $sql, $hidden), in_vain($dbh, $sql, $missing) =~ s/\bZ-/B-/gr);
		$asked{$entry}++;
		$differ{"$who, $entry: $hidden\n  $is\n  and not\n  $should"}++ if $is ne $should;
		# what was said may be said again
		my $rest = $is;
		$rest =~ s/\Q$_\E//g foreach sort { length $b <=> length $a } $hidden =~ /\bB-[a-z0-9]+|\bB1\b/g;
		$told{"$who, $entry: $hidden\n  $is"}++ if $rest =~ /\bB-[a-z]|\bB1\b/;
	}
	$dbh->rollback;
}
is(join("\n", grep { defined } (sort keys %differ)[ 0 .. 2 ]), '', 'what may not be seen is missing, to the byte');
is(join("\n", grep { defined } (sort keys %told)[ 0 .. 2 ]), '', 'and nothing of it is told');
note(join ', ', map { "$_ $asked{$_}" } sort keys %asked);
is(state_of_others(), $before, 'nor is it changed');

# ---- random commands: what is allowed is as for anybody ----------------------------------------------------------------

{
	my ($same, $different) = (0, '');
	my $until = time + $SECONDS / 2;
	while (time < $until && $different eq '')
	{
		my $entry = one_of(grep { !/place_due/ } sort keys %entries);
		my ($sql, $template) = $entries{$entry}->(\@DESK, 1);
		$template = { %$template, common() } if ref $template eq 'HASH' && $entry =~ /command$/;
		# a commandId is one caller's
		my $said = of_letter($template, 'A') =~ s/"commandId":"[^"]*",?//gr =~ s/A-b1/sprintf 'A-b%d', rand 1e9/ger;
		my @answers;
		foreach my $dbh ($boss, $as{desk_a})
		{
			$dbh->begin_work;
			push @answers, in_vain($dbh, $sql, $said);
			$dbh->rollback;
		}
		# who asks is told of in some
		s/"?(desk_a|\Q$boss->{pg_user}\E)"?/USER/g foreach @answers;
		$different = "$said\n  $answers[1]\n  and not\n  $answers[0]" if $answers[0] ne $answers[1] && "@answers" !~ /claimed|deskUser|FOUR_EYES|OM008/;
		$same++;
		eval { $as{desk_a}->selectrow_array($sql, undef, $said) } if rand() < 0.2;
	}
	is($different, '', "what is his own is as for anybody ($same commands)");
}

# ---- accounts that are said ------------------------------------------------------------------------------------------

like(command_refused($as{trader_a}, create('A-n1', account => 'B1')), qr/^OM008 .*CreateOrderCommand for account "B1" is not permitted for role "trader_a"/, 'an order of another account is not for him');
like(command_refused($as{trader_a}, create('A-n1')), qr/^OM008 .*without an account/, 'nor one without an account');
is(done($as{desk_a}, create('N-n1'))->{status}, 'ACCEPTED', 'which is the desk\'s');
is(done($as{trader_ab}, create('A-n2', account => 'B1', commandId => 'n2'))->{status}, 'ACCEPTED', 'of two accounts he may have either');
done($boss, create("A-y$_", account => 'A1')) foreach 1, 2;
like(command_refused($as{trader_a}, { commandType => 'ReplaceOrderCommand', orderId => 'A-y1', account => 'B1' }), qr/^OM008 .*ReplaceOrderCommand for account "B1"/, 'an order is not moved where he does not see it');
like(command_refused($as{trader_a}, { commandType => 'PlaceOrderCommand', orderId => 'A-y2', children => [ { orderQty => 1, account => 'B1' } ] }), qr/^OM008 .*for account "B1"/, 'nor placed');
like(command_refused($as{trader_a}, create('A-n3', account => 'A1', clOrdID => 'B-c1')), qr/^OM007 .*clOrdID "B-c1" is already used\s+HINT:  It names one of them, and no other\. A repeat of a command is known by its commandId\.$/, 'a ClOrdID of another is taken, and whose it is, is not said');
like(command_refused($as{trader_a}, create('B-o1', account => 'A1')), qr/^OM007 .*order "B-o1" exists already$/, 'so is an id');
is(command_refused($as{trader_a}, create('B-q1', account => 'A1')), q(OM007 ERROR:  orderId "B-q1" is already used), 'of what has an id not even the kind is said');
like(command_refused($boss, create('B-q1', account => 'A1')), qr/^OM007 .*"B-q1" is the id of a quote request/, 'to who sees all, it is');
is(command_refused($as{trader_a}, create('B-q1', account => 'A1', parentId => 'A-o1')), 'OM007 ERROR:  orderId "B-q1" is already used', 'below an order, too');
like(command_refused($as{nobody}, { commandType => 'CancelOrderCommand', orderId => 'A-o1' }), qr/^OM003 /, 'who has accounts that are nobody\'s sees none');

# ---- repeats -------------------------------------------------------------------------------------------------------------

my $made = create('A-p1', account => 'A1', commandId => 'p1', clOrdID => 'A-p1');
is(done($as{trader_a}, $made)->{duplicate} // '', '', 'an order');
is(done($as{trader_a}, $made)->{duplicate}, 1, 'and its repeat');
done($as{trader_ab}, { commandType => 'ReplaceOrderCommand', orderId => 'A-p1', account => 'B1' });
my $gone = 'OM003 ERROR:  order "A-p1" does not exist';
is(command_refused($as{trader_a}, $made), $gone, 'once it is of another account, not even the answer to its own command is his');
is(command_refused($as{trader_a}, { commandType => 'CancelOrderCommand', orderId => 'A-p1' }), $gone, 'nor the order');
my $revoked = create('A-p2', account => 'A2', commandId => 'p2', clOrdID => 'A-p2');
granted('nobody', 'A2');
is(done($as{nobody}, $revoked)->{status}, 'ACCEPTED', 'a grant acts at once');
$boss->selectrow_array(q(SELECT oms.revoke_account('nobody', 'A2')));
like(command_refused($as{nobody}, $revoked), qr/^OM003 .*order "A-p2" does not exist$/, 'and so does taking it back, on repeats too');
like(command_refused($as{trader_a}, create('A-p3', account => 'A1', commandId => 'p1')), qr/^OM007 .*commandId "p1" is already used/, 'a commandId stays used');
my $service = q(SELECT oms_service('CancelClientOrder', '{"orderId": "A-p4", "commandId": "sp4"}'));
done($as{trader_ab}, create('A-p4', account => 'A1'));
$as{trader_ab}->selectrow_array($service);
like(refused($as{trader_ab}, $service), qr/"duplicate": true/, 'a service is repeated');
$boss->selectrow_array(q(SELECT oms.revoke_account('trader_ab', 'A%')));
like(refused($as{trader_ab}, $service), qr/^OM003 .*order "A-p4" does not exist$/, 'and not for whom its order is not there any more');
granted('trader_ab', 'A%');

# ---- trees and blocks over accounts ----------------------------------------------------------------------------------

done($boss, create('A-w1', account => 'A1'));
done($boss, { commandType => 'PlaceOrderCommand', orderId => 'A-w1', children => [ { orderId => 'B-w2', orderQty => 10, account => 'B1' }, { orderId => 'A-w3', orderQty => 10 } ] });
my $hidden_child = qr/^OM008 (?:(?!B-|B1).)*$/s;
like(refused($as{trader_a}, q(SELECT oms_service('CancelClientOrder', '{"orderId": "A-w1"}'))), $hidden_child, 'a tree with a child of another account is not cancelled by him, and it is not named');
like(command_refused($as{trader_a}, { commandType => 'CancelOrderCommand', orderId => 'B-w2' }), qr/^OM003/, 'the child is not there');
is(done($as{trader_a}, { commandType => 'CancelOrderCommand', orderId => 'A-w3' })->{status}, 'ACCEPTED', 'what is his own is');
done($boss, create('B-w4', account => 'B1'));
done($boss, { commandType => 'PlaceOrderCommand', orderId => 'B-w4', children => [ { orderId => 'A-w5', orderQty => 10, account => 'A1' } ] });
like(command_refused($as{trader_a}, { commandType => 'CancelOrderCommand', orderId => 'A-w5' }), $hidden_child, 'a child whose parent would change is changed by nobody who may not see that');
my $fact = done($as{desk_a}, { commandType => 'ExecuteOrderCommand', orderId => 'A-w5', execID => 'A-ew5', lastQty => 1, lastPx => 1, symbol => 'X', side => 'BUY' });
is("$fact->{state}{status} " . ($fact->{state}{account} // 'nobody\'s'), 'REVIEW nobody\'s', 'but a fill of it is a fact, which waits in review as nobody\'s');
unlike(text($fact), qr/B-|B1/, 'and tells nothing of the parent');
is($boss->selectrow_array(q(SELECT executed_quantity FROM oms.orders WHERE id = 'B-w4')), 0, 'nothing of it is booked');

done($boss, create("$_-m1", account => $_ . '1')) foreach 'A', 'B';
done($boss, { commandType => 'CreateBlockOrderCommand', orderId => 'N-k1', members => [ { orderId => 'A-m1', quantity => 40 }, { orderId => 'B-m1', quantity => 60 } ] });
done($as{desk_a}, { commandType => 'ExecuteOrderCommand', orderId => 'N-k1', executionId => 'N-kx', execID => 'N-ke', lastQty => 50, lastPx => 1, symbol => 'X', side => 'BUY' });
my $allocate = { commandType => 'AllocateExecutionCommand', orderId => 'N-k1', allocations => [ { orderId => 'A-m1', quantity => 20 }, { orderId => 'B-m1', quantity => 30 } ] };
like(command_refused($as{desk_a}, $allocate), $hidden_child, 'a member that he does not see gets nothing of him');
like(command_refused($as{desk_a}, { %$allocate, preview => \1 }), $hidden_child, 'nor in a preview');
like(command_refused($as{desk_a}, { commandType => 'AllocateExecutionCommand', orderId => 'N-k1', method => 'PRO_RATA' }), $hidden_child, 'nor where it is not named');
done($boss, $allocate);
is($boss->selectrow_array(q(SELECT count(*) FROM oms.order_events WHERE account = 'A1' AND payload::text ~ 'B-m1')), 0, 'the events of one member tell nothing of the others');
is($boss->selectrow_array(q(SELECT count(*) FROM oms.order_events WHERE aggregate_id = 'A-m1' AND payload ->> 'eventType' ~ 'Alloc' OR aggregate_id = 'A-m1' AND payload #>> '{command,commandType}' = 'AllocateExecutionCommand' AND payload #>> '{command,allocations,0,orderId}' = 'A-m1')) > 0 ? 1 : 0, 1, 'but his own part');
done($boss, create('A-m2', account => 'A1'));
done($boss, { commandType => 'CreateBlockOrderCommand', orderId => 'B-k2', account => 'B1', members => [ { orderId => 'A-m2', quantity => 100 } ] });
foreach my $command ({ commandType => 'CancelOrderCommand' }, { commandType => 'ReplaceOrderCommand', orderQty => 50 }, { commandType => 'ReplaceOrderCommand', price => 1 }, { commandType => 'PlaceOrderCommand', children => [ { orderQty => 50 } ] })
{
	unlike(command_refused($as{trader_a}, { %$command, orderId => 'A-m2' }) =~ s/"blockOrderIds": \[[^]]*\]//gr, qr/B-k2|B1/, "$command->{commandType} on a member says nothing of its block");
}

# ---- what waits for its order ------------------------------------------------------------------------------------------

done($as{desk_a}, { commandType => 'ExecuteOrderCommand', orderId => 'A-late', execID => 'A-elate', lastQty => 3, lastPx => 1, symbol => 'X', side => 'BUY' });
done($as{trader_a}, create('A-late', account => 'A1'));
is($boss->selectrow_array(q(SELECT executed_quantity FROM oms.orders WHERE id = 'A-late')), 3, 'a fill that was nobody\'s is booked when a trader, who did not see it, makes its order');

# A fill that names an account is not taken from it by who makes an order under its ClOrdID: it waits for somebody who sees both.
$boss->selectrow_array('SELECT oms_fix(?)', undef, fix('35=8', '37=VS', '11=steal', '17=zs', '150=F', '39=1', '55=X', '54=1', '32=9', '31=123', '14=9', '151=1', '6=123', '1=B1'));
unlike(refused($as{trader_a}, 'SELECT oms_fix(?)', fix('35=D', '11=steal', '55=X', '54=1', '38=10', '40=1', '1=A1', '60=20260302-10:00:00')), qr/123|B1/, 'an order under the ClOrdID of a fill that waits, and names another account');
is($boss->selectrow_array(q(SELECT concat_ws(' ', o.executed_quantity, e.status, e.reported_account, e.order_id) FROM oms.orders AS o, oms.executions AS e WHERE o.cl_ord_id = 'steal' AND e.exec_id = 'zs')), '0 REVIEW B1', 'does not get it');
$boss->selectrow_array('SELECT oms_fix(?)', undef, fix('35=8', '37=VL', '11=late2', '17=zl', '150=F', '39=1', '55=X', '54=1', '32=9', '31=123', '14=9', '151=1', '6=123', '1=A2'));
$as{trader_a}->selectrow_array('SELECT oms_fix(?)', undef, fix('35=D', '11=late2', '55=X', '54=1', '38=10', '40=1', '1=A2', '60=20260302-10:00:00'));
is($boss->selectrow_array(q(SELECT executed_quantity FROM oms.orders WHERE cl_ord_id = 'late2')), 9, 'one that names his own he gets');

# Nor does who is limited fill an order of another account by telling so before it is made.
sub early { my ($dbh, $id, %more) = @_; return done($dbh, { commandType => 'ExecuteOrderCommand', orderId => $id, execID => "e-$id", lastQty => 7, lastPx => 1, symbol => 'X', side => 'BUY', %more }); }
early($as{desk_a}, 'B-future');
early($boss, 'B-soon');
done($boss, create($_, account => 'B1')) foreach qw(B-future B-soon);
is($boss->selectrow_array(q(SELECT string_agg(executed_quantity::text, ' ' ORDER BY id) FROM oms.orders WHERE id IN ('B-future', 'B-soon'))), '0 7', 'a fill is not booked on an order that who told it may not see');
is($boss->selectrow_array(q(SELECT string_agg(status, ' ') FROM oms.executions WHERE exec_id = 'e-B-future')), 'REVIEW', 'and waits for the desk');
early($as{desk_a}, 'A-k9');
$boss->do('CREATE ROLE was_desk LOGIN IN ROLE oms_desk');
granted('was_desk', 'B1');
{
	my $was = oms_dbh($node, user => 'was_desk');
	early($was, 'B-k9');
	$was->disconnect;
}
$boss->do('DROP ROLE was_desk');
is($boss->selectrow_array(q(SELECT string_agg(id, ' ') FROM oms.verify() WHERE invariant = 'grant_without_role')), 'was_desk', 'grants of a role that is not there (any more) are named');
done($boss, create($_, account => substr($_, 0, 1) . '1')) foreach qw(A-k9 B-k9);
is($boss->selectrow_array(q(SELECT string_agg(executed_quantity::text, ' ' ORDER BY id) FROM oms.orders WHERE id IN ('A-k9', 'B-k9'))), '7 0', 'of who is no role any more nobody knows what he may see');
$boss->do(q(SELECT oms.revoke_account('was_desk', NULL, unlimit := true)));

# ---- FIX ------------------------------------------------------------------------------------------------------------------

my @filled = ('17=B-ff', '150=F', '39=1', '55=X', '54=1', '32=4', '31=1', '14=4', '151=6', '6=1');
my $answer = json()->decode($as{desk_a}->selectrow_array('SELECT oms_fix(?)', undef, fix('35=8', '37=V', '11=B-f1', @filled)));
is(join(' ', map { $_ // 'null' } @{ $answer->{results}[0]{state} }{qw(status orderId account)}), 'REVIEW null null', 'a fill of an order that he may not see waits in review, and is nobody\'s');
is($boss->selectrow_array(q(SELECT count(*) FROM oms.orders WHERE cl_ord_id = 'B-f1' AND executed_quantity = 0)), 1, 'and changes nothing of it');
like(refused($as{desk_a}, 'SELECT oms_fix(?)', fix('35=F', '11=A-f9', '41=B-f1', '55=X', '54=1', '60=20260302-10:00:00')), qr/^OM003 .*no order is known under origClOrdID "B-f1"$/, 'a request is one of an order that nobody knows');

done($boss, { commandType => 'PlaceOrderCommand', orderId => 'B-w4', children => [ { orderId => 'A-w6', clOrdID => 'A-cw6', orderQty => 10, account => 'A1' } ] });
done($boss, { commandType => 'ExecuteOrderCommand', orderId => 'A-w6', execID => 'A-ew6', lastQty => 1, lastPx => 1, symbol => 'X', side => 'BUY' });
my @of_child = ('35=8', '37=V', '11=A-cw6', '39=4', '55=X', '54=1', '14=0', '151=0', '6=0');
like(refused($as{desk_a}, 'SELECT oms_fix(?)', fix(@of_child, '17=A-ew7', '150=H', '19=A-ew6', '32=1', '31=1')), qr/"status": "REVIEW"(?!.*B-)/, 'a bust that would change a parent which he may not see waits in review');
like(refused($as{desk_a}, 'SELECT oms_fix(?)', fix(@of_child, '17=A-ew8', '150=4')), qr/the order is not known".*IGNORED/, 'another report is as of an order that nobody knows');

# Whose account is no member's, and whose member he may not see, is one to him.
$boss->selectrow_array($FIX_ORDER, undef, fix('35=D', "11=$_->[0]", '55=X', '54=1', '38=10', '40=1', '60=20260302-10:00:00', "1=$_->[1]")) foreach [ 'A-j1', 'A1' ], [ 'B-j1', 'B1' ];
my %by_name = map { $_ => $boss->selectrow_array('SELECT id FROM oms.orders WHERE cl_ord_id = ?', undef, $_) } qw(A-j1 B-j1);
done($boss, { commandType => 'CreateBlockOrderCommand', orderId => 'N-j', clOrdID => 'N-j', members => [ map { { orderId => $_, quantity => 10 } } values %by_name ] });
done($boss, { commandType => 'ExecuteOrderCommand', orderId => 'N-j', execID => 'N-je', lastQty => 4, lastPx => 1, symbol => 'X', side => 'BUY' });
my ($hidden_member, $no_member) = map { refused($as{desk_a}, 'SELECT oms_fix(?)', fix('35=J', '70=j1', '71=0', '626=1', '857=1', '73=1', '11=N-j', '54=1', '55=X', '53=4', '75=20260302', '6=1', '60=20260302-10:00:00', '78=1', "79=$_", '80=1')) } qw(B1 Z1);
is($hidden_member, $no_member =~ s/Z1/B1/r, 'an allocation to a member of another account is one to nobody');
like($hidden_member, qr/no member of the block has the account.*IGNORED/, 'which is ignored');

# ---- what is known of an order that has moved ------------------------------------------------------------------------------

my %fill = (commandType => 'ExecuteOrderCommand', lastQty => 1, lastPx => 1, symbol => 'X', side => 'BUY');
done($boss, create('A-z1', account => 'A1'));
done($boss, { %fill, orderId => 'A-z1', execID => 'A-ez1', executionId => 'A-xz1' });
done($boss, { commandType => 'ReplaceOrderCommand', orderId => 'A-z1', account => 'B1' });
my $known = done($as{desk_b}, { %fill, orderId => 'A-z1', execID => 'A-ez1' });
is(join(' ', $known->{duplicate} // 'new', exists $known->{state} ? 'told' : 'untold'), '1 untold', 'a fill that was booked in the account of before is known, and not told');
like(command_refused($as{desk_a}, { commandType => 'BustExecutionCommand', executionId => 'A-xz1', orderId => 'A-z1' }), qr/^OM003 .*order "A-z1" does not exist$/, 'the fill stays where it was done, and its order is not there');
like(command_refused($as{desk_a}, { commandType => 'BustExecutionCommand', executionId => 'A-xz1' }), $hidden_child, 'so it is not taken back there');
like(command_refused($as{desk_b}, { commandType => 'BustExecutionCommand', executionId => 'A-xz1' }), qr/^OM003 .*execution "A-xz1" does not exist$/, 'nor where the order is now');
done($boss, create('A-z5', account => 'A1', clOrdID => 'A-cz5'));
done($boss, { %fill, orderId => 'A-z5', execID => 'A-ez5' });
done($boss, { commandType => 'ReplaceOrderCommand', orderId => 'A-z5', account => 'B1' });
like(refused($as{desk_b}, 'SELECT oms_fix(?)', fix('35=8', '37=V', '11=A-cz5', '17=A-ez6', '150=H', '19=A-ez5', '39=0', '55=X', '54=1', '32=1', '31=1', '14=0', '151=100', '6=0')), qr/"status": "REVIEW"/, 'a message that takes it back waits in review');
my %stray = (%fill, orderId => 'X-none', execID => 'X-stray');
my $waiting = done($boss, { %stray, executionId => 'A-xw' });
done($boss, create('A-z3', account => 'A1'));
done($boss, { commandType => 'ApproveExecutionCommand', executionId => 'A-xw', orderId => 'A-z3' });
is(done($boss, \%stray)->{duplicate}, 1, 'a report that found its order is known');
$boss->begin_work;
done($boss, { commandType => 'UpdateOrderCommand', orderId => 'A-z3', attributes => { held => 1 } });
$as{desk_b}->do(q(SET lock_timeout = '1s'));
my $again = done($as{desk_b}, \%stray);
is(join(' ', $again->{duplicate} // 'new', $again->{state}{status}), 'new REVIEW', 'to whom may not see that order it is new, and waits in review; nor does he wait for that order');
$boss->rollback;
done($boss, create('B-z4', account => 'B1'));
like(command_refused($as{desk_b}, { commandType => 'ApproveExecutionCommand', executionId => $again->{state}{executionId}, orderId => 'B-z4', confirm => \1 }), qr/^OM008 (?!.*A-)/s, 'he does not book it a second time');
like(command_refused($boss, { commandType => 'ApproveExecutionCommand', executionId => $again->{state}{executionId}, orderId => 'B-z4', confirm => \1 }), qr/^OM005 .*already_booked/s, 'nor does who sees both');

# ---- asset classes -----------------------------------------------------------------------------------------------------------

my @classes = map { create("A-bond$_->[0]", account => 'A1', assetClass => $_->[1]) } [ 1, 'bond' ], [ 2, 'equity' ];
my $several = refused($as{bonds}, q(SELECT string_agg(concat_ws(' ', r ->> 'status', r -> 'error' ->> 'sqlstate'), ', ') FROM oms_commands(?::jsonb, false) AS r), text([ @classes, map { { %fill, orderId => "A-bond$_", execID => "A-eb$_" } } 1, 2 ]));
is($several, 'ACCEPTED, REJECTED OM008, ACCEPTED, ACCEPTED', 'of one class of an account: an order of it and its fill; and a fill of what is not there, which is kept');
is($boss->selectrow_array(q(SELECT string_agg(coalesce(order_id, 'none') || ' ' || status, ', ' ORDER BY exec_id) FROM oms.executions WHERE exec_id ~ '^A-eb')), 'A-bond1 ALLOCATED, none REVIEW', 'each where it belongs');
done($boss, $classes[1]);
like(command_refused($as{bonds}, { commandType => 'CancelOrderCommand', orderId => 'A-bond2' }), qr/^OM003/, 'what is of another class is not there');

# The account of a session is said to nobody who may not see it: not as the account of what he makes, nor by what it is compared with.
$boss->do(q(INSERT INTO oms.fix_sessions (session, direction, account) VALUES ('A|B', 'CLIENT', 'B1')));
foreach my $account ('', '1=A1', '1=B1', '1=C1')
{
	is(refused($as{trader_a}, 'SELECT oms_fix(?)', fix('35=D', '11=A-s1', '55=X', '54=1', '38=10', '40=1', '60=20260302-10:00:00', $account || ())), "OM008 ERROR:  FIX session \"A|B\" is not permitted for role \"trader_a\"\nDETAIL:  It is of an account that the role may not see.", "an order in the session of another account, $account");
}
$boss->do('DELETE FROM oms.fix_sessions');

# ---- locks ----------------------------------------------------------------------------------------------------------------

$boss->begin_work;
done($boss, { commandType => 'UpdateOrderCommand', orderId => $_, attributes => { held => 1 } }) foreach qw(B-o1 B-o2);
$as{desk_a}->do(q(SET lock_timeout = '1s'));
foreach my $command ({ commandType => 'CancelOrderCommand', orderId => 'B-o1' }, { commandType => 'CancelOrderCommand', orderId => 'B-s1' }, { commandType => 'BustExecutionCommand', executionId => 'B-xo2' },
	{ commandType => 'CreateOrderCommand', parentId => 'B-o1', orderQty => 1 })
{
	like(command_refused($as{desk_a}, $command), qr/^OM003/, "$command->{commandType} waits for nobody who holds what he may not see");
}
like(refused($as{desk_a}, q(SELECT oms_service('CancelClientOrder', '{"orderId": "B-o1"}'))), qr/^OM003/, 'nor does a service');
like(refused($as{desk_a}, 'SELECT string_agg(r ->> \'status\', \' \') FROM oms_commands(?::jsonb, false) AS r', text([ { commandType => 'CancelOrderCommand', orderId => 'B-o1' }, { commandType => 'UpdateOrderCommand', orderId => 'A-o1', text => 't' } ])), qr/^REJECTED ACCEPTED$/, 'nor a batch');
like(refused($as{desk_a}, 'SELECT oms_fix(?)', fix('35=H', '11=B-c1', '55=X', '54=1')), qr/IGNORED/, 'nor a message');
like(command_refused($as{desk_a}, { commandType => 'ExecuteOrderCommand', orderId => 'B-o1', execID => 'A-held', lastQty => 1, lastPx => 1, symbol => 'X', side => 'BUY' }), qr/REVIEW/, 'nor a fill');
$boss->rollback;

# ---- whole --------------------------------------------------------------------------------------------------------------

is($boss->selectrow_array('SELECT count(*) FROM oms.verify()'), 0, 'what was done is sound');

done_testing();
