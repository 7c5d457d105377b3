# Several who are limited to accounts, and one who is not, give random commands over trees, blocks, moves, quotes and reports that mix accounts. After each, by what
# somebody sees who may see everything: a command changed nothing that its caller may not see, before or after it; and its answer names nothing that he may not see,
# unless he said it himself, or it stands in a row that he may see.
# Broken by: a change that a decision makes beyond what is named (parents, members, allocations, what follows of a quote); a refusal that names such; a repeat or result
# that lists it; a fact that is neither booked nor kept.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);

use OmsTest;

my $SEED = first_seed();
my $SECONDS = $ENV{OMS_SECONDS} // rounds(15, 600);
my $node = oms_node('account_model', conf => "fsync = off\noms_state.book_waiting_fills = on\n");
my $boss = oms_dbh($node);
my %sees = (boss => undef, trader_a => [ 'A1', 'A2' ], desk_a => [ 'A1', 'A2', undef ], trader_b => ['B1'], desk_b => [ 'B1', undef ], desk_ab => [ 'A1', 'A2', 'B1', undef ]);

srand $SEED;
note("seed $SEED");
$boss->do('SELECT oms.create_roles()');
my %as = (boss => $boss);
foreach my $who (grep { $_ ne 'boss' } sort keys %sees)
{
	$boss->do("CREATE ROLE $who LOGIN; GRANT " . ($who =~ /^desk/ ? 'oms_desk' : 'oms_trader') . " TO $who");
	$boss->selectrow_array('SELECT oms.grant_account(?, ?)', undef, $who, $_) foreach grep { defined } @{ $sees{$who} };
	$as{$who} = oms_dbh($node, user => $who);
}

sub one_of { return $_[ int rand @_ ]; }
sub perhaps { my ($p, @fields) = @_; return rand() < $p ? @fields : (); }
sub text { my ($what) = @_; return ref $what ? json()->encode($what) : $what; }

# ---- what there is ------------------------------------------------------------------------------------------------------

my @kinds = qw(orders executions quote_requests quotes);

# By table and id: the account, and the row but for what any event of its tree counts in its root.
sub world
{
	my %world;
	foreach my $kind (@kinds)
	{
		foreach my $row (@{ $boss->selectall_arrayref("SELECT id, account, (to_jsonb(t) - '{tree_version,tree_updated_at}'::text[])::text FROM oms.$kind AS t") })
		{
			$world{"$kind $row->[0]"} = { id => $row->[0], account => $row->[1], row => $row->[2] };
		}
	}
	return \%world;
}

sub may_see
{
	my ($who, $object) = @_;
	return 1 if !defined $sees{$who};
	return scalar grep { defined $_ ? defined $object->{account} && $_ eq $object->{account} : !defined $object->{account} } @{ $sees{$who} };
}

# ---- random commands ----------------------------------------------------------------------------------------------------

my $number = 0;
my (@orders, @fills, @requests, @quotes, @names);
sub new_id { my ($letter, $pool) = @_; my $id = sprintf '%s%04d_', $letter, ++$number; push @$pool, $id; return $id; }
sub newest { my ($of, @ids) = @_; return @ids > $of ? @ids[ -$of .. -1 ] : @ids; }
sub order { return one_of(@orders) // 'none'; }
sub fill { return one_of(@fills) // 'none'; }
sub account { return one_of('A1', 'A2', 'B1'); }
sub name { return perhaps(0.6, clOrdID => new_id('c', \@names)); }
sub exec_id { return sprintf 'e%d', rand 60; }
my @make = (
	(sub { return { commandType => 'CreateOrderCommand', orderId => new_id('o', \@orders), symbol => 'X', side => 'BUY', orderQty => 100, perhaps(0.9, account => account()), name() }; }) x 3,
	sub { return { commandType => 'CreateOrderCommand', orderId => new_id('o', \@orders), parentId => order(), orderQty => 20, perhaps(0.3, account => account()), name() }; },
	sub { return { commandType => 'PlaceOrderCommand', orderId => order(), children => [ map { { orderId => new_id('o', \@orders), orderQty => 5, perhaps(0.4, account => account()), name() } } 1, 2 ] }; },
	(sub { return { commandType => 'ExecuteOrderCommand', orderId => order(), executionId => new_id('x', \@fills), perhaps(0.8, execID => exec_id()), lastQty => one_of(1, 3), lastPx => one_of(1, 2), symbol => 'X', side => 'BUY' }; }) x 3,
	sub { return { commandType => 'BustExecutionCommand', executionId => fill(), perhaps(0.3, orderId => order()), perhaps(0.5, execID => exec_id()) }; },
	sub { return { commandType => 'CorrectExecutionCommand', executionId => fill(), lastQty => one_of(1, 4), lastPx => 2, perhaps(0.3, orderId => order()), perhaps(0.5, execID => exec_id()) }; },
	sub { return { commandType => 'ApproveExecutionCommand', executionId => fill(), orderId => order(), perhaps(0.5, confirm => \1) }; },
	sub { return { commandType => 'RejectExecutionCommand', executionId => fill(), reason => 'r' }; },
	sub { return { commandType => 'CreateManualExecutionCommand', orderId => order(), executionId => new_id('x', \@fills), lastQty => 1, lastPx => 1, reason => 'r', perhaps(0.2, movedFromExecutionId => fill()) }; },
	sub { return { commandType => one_of(map { "${_}OrderCommand" } qw(Cancel RequestCancel RejectCancel Suspend Resume Expire Accept)), orderId => order() }; },
	(sub { return { commandType => one_of('ReplaceOrderCommand', 'RequestReplaceOrderCommand'), orderId => order(), perhaps(0.6, orderQty => one_of(30, 90, 120)), perhaps(0.5, account => account()), name() }; }) x 2,
	sub { return { commandType => 'RestateOrderCommand', orderId => order(), quantityFactor => 2, corporateActionId => new_id('a', []) }; },
	sub { return { commandType => 'SendOrderToDeskCommand', orderId => order(), reason => 'r' }; },
	sub { return { commandType => one_of('ClaimOrderCommand', 'ReleaseOrderFromDeskCommand'), orderId => order() }; },
	(sub { return { commandType => 'CreateBlockOrderCommand', orderId => new_id('o', \@orders), perhaps(0.3, account => account()), members => [ map { { orderId => order(), quantity => 10 } } 1 .. 1 + int rand 3 ] }; }) x 2,
	sub { return { commandType => 'ReplaceBlockMembersCommand', orderId => order(), members => [ map { { orderId => order(), quantity => one_of(5, 10) } } 1 .. 1 + int rand 2 ] }; },
	sub { return { commandType => 'AllocateExecutionCommand', orderId => order(), perhaps(0.3, executionId => fill()), one_of([ method => 'PRO_RATA' ], [ allocations => [ { orderId => order(), quantity => 1 } ] ])->@*, perhaps(0.3, preview => \1) }; },
	sub { return { commandType => 'DeallocateExecutionCommand', executionId => fill() }; },
	sub { return { commandType => 'CreateQuoteRequestCommand', quoteRequestId => new_id('q', \@requests), symbol => 'X', orderQty => 10, perhaps(0.7, account => account()), perhaps(0.4, orderId => order()) }; },
	sub { return { commandType => 'CreateQuoteCommand', quoteId => new_id('t', \@quotes), perhaps(0.8, quoteRequestId => one_of(@requests) // 'none'), symbol => 'X', dealer => 'D', quoteType => 'TRADEABLE', offerPx => 2, offerSize => 10 }; },
	sub { return { commandType => 'AcceptQuoteCommand', quoteId => one_of(@quotes) // 'none', side => 'BUY', orderQty => 5, perhaps(0.3, orderId => order()) }; },
	sub { return { commandType => one_of(qw(RejectQuoteCommand CancelQuoteCommand ExpireQuoteCommand)), quoteId => one_of(@quotes) // 'none' }; },
);
sub random_command { return { %{ one_of(@make)->() }, perhaps(0.2, commandId => 'k' . int rand 40) }; }

sub fix
{
	my (@fields) = @_;
	my $body = join '', map { "$_|" } shift @fields, '49=A', '56=B', '34=1', '52=20260302-10:00:00', @fields;
	my $head = '8=FIX.4.4|9=' . length($body) . '|' . $body;
	my $sum = 0;
	$sum += ord for split //, $head =~ tr/|/\x01/r;
	return $head . sprintf('10=%03d|', $sum % 256);
}
sub random_message
{
	my $of = one_of(@names) // 'none';
	return fix(@{ one_of([ '35=H', "11=$of", '55=X', '54=1' ], [ '35=F', '11=' . new_id('c', \@names), "41=$of", '55=X', '54=1', '60=20260302-10:00:00' ],
		[ '35=8', '37=V', "11=$of", '17=' . exec_id(), '150=' . one_of(qw(0 4 6 9 C)), '39=0', '55=X', '54=1', '14=0', '151=10', '6=0' ],
		[ '35=8', '37=V', "11=$of", '17=' . exec_id(), '150=F', '39=1', '55=X', '54=1', '32=1', '31=1', '14=1', '151=9', '6=1' ],
		[ '35=8', '37=V', "11=$of", '17=' . exec_id(), '150=' . one_of('G', 'H'), '19=' . exec_id(), '39=1', '55=X', '54=1', '32=1', '31=1', '14=1', '151=9', '6=1' ]) });
}

sub random_call
{
	my $entry = int rand 10;

	return ('SELECT oms_command(?::jsonb)', text(random_command())) if $entry < 4;
	return ('SELECT oms_try_command(?::jsonb)', text(random_command())) if $entry < 6;
	return ('SELECT oms_commands(?::jsonb, ' . one_of('true', 'false') . ')', text([ map { random_command() } 1 .. 3 ])) if $entry < 7;
	return ("SELECT oms_service('CancelClientOrder', ?::jsonb)", text({ orderId => order(), perhaps(0.3, commandId => 'k' . int rand 40) })) if $entry < 8 && rand() < 0.5;
	return ("SELECT oms_service('ReplaceClientOrder', ?::jsonb)", text({ orderId => order(), orderQty => one_of(20, 60), perhaps(0.3, commandId => 'k' . int rand 40) })) if $entry < 8;
	return ('SELECT ' . one_of('oms_fix', 'oms_try_fix') . '(?)', random_message());
}

# ---- what must hold -------------------------------------------------------------------------------------------------------

my (%outcome, @wrong);
my $before = world();
my $until = time + $SECONDS;
for (my $calls = 0; goes_on($until, $calls, 4000) && !@wrong; $calls++)
{
	my $who = one_of('boss', sort keys %sees);
	my ($sql, $said) = random_call();
	my $answer = eval { join "\n", map { $_ // '' } @{ $as{$who}->selectcol_arrayref($sql, undef, $said) } };
	my $state = defined $answer ? 'done' : $as{$who}->state;
	$answer //= $as{$who}->errstr =~ s/\nCONTEXT:.*//sr;
	push @wrong, "$who: $said\n$answer" if $state ne 'done' && $state !~ /^OM/;
	my $after = world();
	my (%hidden, $shown);
	foreach my $key (keys %$after)
	{
		my ($was, $is) = ($before->{$key}, $after->{$key});
		my $seen = may_see($who, $is);
		$shown .= $is->{row} if $seen;
		$hidden{ $is->{id} } = 1 if !$seen && !($was && may_see($who, $was));
		next if $was && $was->{row} eq $is->{row};
		# what waits for its order is nobody's, whoever told it; and it may be booked because of any command
		next if $key =~ /^executions/ && (!$was || !defined $was->{account});
		push @wrong, "$who changed $key:\n" . ($was ? $was->{row} : 'new') . "\n$is->{row}\nby $said" if !$seen || ($was && !may_see($who, $was));
	}
	foreach my $id (defined $sees{$who} ? keys %hidden : ())
	{
		push @wrong, "$who was told of $id:\n$answer\nby $said" if index($answer, $id) >= 0 && index($said, $id) < 0 && index($shown // '', $id) < 0;
	}
	$outcome{$who}{ $state eq 'done' ? ($answer =~ /"REJECTED"/ ? 'rejected' : 'done') : $state }++;
	$before = $after;
	# what there is, and a few that never came to be
	foreach my $of ([ orders => \@orders ], [ executions => \@fills ], [ quote_requests => \@requests ], [ quotes => \@quotes ])
	{
		my ($kind, $pool) = @$of;
		@$pool = newest(20, sort grep { defined } map { /^$kind (.*_)$/ ? $1 : undef } keys %$after) if rand() < 0.5;
	}
	@names = newest(20, @names);
}
is($wrong[0] // '', '', 'nobody changed, or was told of, what he may not see');
foreach my $who (sort keys %outcome) { note("$who: " . join ', ', map { "$_ $outcome{$who}{$_}" } sort keys %{ $outcome{$who} }); }
ok((grep { ($outcome{$_}{OM008} // 0) > 0 } keys %outcome) > 0, 'some were refused for what they may not see') if $SECONDS > 5;
is($boss->selectrow_array('SELECT count(*) FROM oms.verify()'), 0, 'and all that was done is sound');

done_testing();
