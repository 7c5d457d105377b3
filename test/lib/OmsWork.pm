# A little of everything that commands write, for tests that do something to the tables: every table of ours gets rows,
# by every way that writes one.

package OmsWork;

use strict;
use warnings;

use Exporter 'import';
use Test::More;

use FixMessage;
use JSON::PP ();
use OmsTest;

our @EXPORT = qw(@TABLES @EVENT_TABLES block_commands quote_commands do_work same_again intact other_tables state_of);

# 080 holds these against what oms.kinds() says.
our @EVENT_TABLES = qw(order_events execution_events quote_request_events quote_events);
our @TABLES = (qw(orders executions quote_requests quotes commands cl_ord_ids counterparty_order_ids matched_exec_ids waiting_order_ids quote_req_ids dealer_quote_ids root_ids rejected_commands), @EVENT_TABLES);

# other_tables(DBH): all others of the store, which commands read at most. From the catalog, so that no test forgets a new one.
sub other_tables
{
	my ($dbh) = @_;
	my %known = map { $_ => 1 } @TABLES;
	return grep { !$known{$_} } @{ $dbh->selectcol_arrayref(q(SELECT relname FROM pg_class WHERE relnamespace = 'oms'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname)) };
}

my $number = 0;

# block_commands(ID): two client orders, one of them claimed on the desk; a block over both, and what was filled of it: allocated,
# taken back, and waiting to be allocated.
sub block_commands
{
	my ($id) = @_;
	my @fill = (commandType => 'ExecuteOrderCommand', orderId => "$id.block");

	return (
		(map { { commandType => 'CreateOrderCommand', orderId => "$id.m$_", symbol => 'VOD.L', side => 'BUY', orderQty => 100, account => 'A1' } } 1, 2),
		{ commandType => 'SendOrderToDeskCommand', orderId => "$id.m1", reason => 'too large' },
		{ commandType => 'ClaimOrderCommand', orderId => "$id.m1" },
		{ commandType => 'CreateBlockOrderCommand', orderId => "$id.block", members => [ { orderId => "$id.m1", quantity => 60, priority => 1 }, { orderId => "$id.m2", quantity => 30, priority => 2 } ] },
		(map { { @fill, executionId => "$id.b$_", execID => "b$_-$id", lastQty => 20, lastPx => "1.0$_" } } 1, 2),
		{ commandType => 'AllocateExecutionCommand', orderId => "$id.block", method => 'PRO_RATA' },
		{ commandType => 'BustExecutionCommand', executionId => "$id.b1", execID => "b3-$id", reason => 'error' },
		{ @fill, executionId => "$id.b4", execID => "b4-$id", lastQty => 30, lastPx => '1.1' });
}

# quote_commands(ID): a request that three quotes answer, one of them instead of an older one; it is accepted, with a last look, and
# filled in part; another one that a dealer still looks at; and a quote that nobody asked for.
sub quote_commands
{
	my ($id) = @_;
	my @until = (validUntilTime => '2199-01-01T00:00:00Z');
	my @request = (commandType => 'CreateQuoteRequestCommand', symbol => 'VOD.L', side => 'BUY', orderQty => 30, account => 'A1');
	my @quote = (commandType => 'CreateQuoteCommand', @until);

	return (
		{ @request, quoteRequestId => "$id.rfq", quoteReqID => "rfq-$id", dealers => [qw(ALFA BETA)] },
		(map { { @quote, quoteRequestId => "$id.rfq", quoteId => "$id.$_->[0]", quoteID => "$_->[0]-$id", dealer => $_->[1], offerPx => $_->[2] } }
			[ 'q1', 'ALFA', '9.1' ], [ 'q2', 'BETA', '9.2' ], [ 'q3', 'ALFA', '9.0' ]),
		{ commandType => 'AcceptQuoteCommand', quoteId => "$id.q3", orderId => "$id.deal", pending => JSON::PP::true },
		{ commandType => 'ExecuteOrderCommand', orderId => "$id.deal", executionId => "$id.d1", execID => "d1-$id", lastQty => 10, lastPx => '9.0' },
		{ @request, quoteRequestId => "$id.rfq2", quoteReqID => "rfq2-$id" },
		(map { { @quote, quoteRequestId => "$id.rfq2", quoteId => "$id.$_->[0]", quoteID => "$_->[0]-$id", dealer => $_->[1], offerPx => '9.3', bidPx => '9.1' } } [ 'q4', 'ALFA' ], [ 'q5', 'BETA' ]),
		{ commandType => 'AcceptQuoteCommand', quoteId => "$id.q4", orderId => "$id.deal2", pending => JSON::PP::true },
		{ @quote, quoteId => "$id.q6", quoteID => "q6-$id", dealer => 'ALFA', symbol => 'VOD.L', bidPx => '9', bidSize => 5 },
		{ commandType => 'CancelQuoteCommand', quoteId => "$id.q6", reason => 'error' });
}

# do_work(DBH): a tree of three levels with fills, a block, requests for quotes, a fill of nobody's order, a refusal, FIX. Returns the commands that have a
# commandId, with their results, for same_again(); and the id of the tree's root.
sub do_work
{
	my ($dbh) = @_;
	my $id = sprintf 'W%05d-%d', $$, ++$number;
	my @done;

	my $send = sub {
		my (%command) = @_;
		my %with = (commandId => "$id-" . scalar(@done), %command);
		push @done, [ \%with, oms_command($dbh, \%with) ];
	};
	$send->(commandType => 'CreateOrderCommand', orderId => $id, clOrdID => "cl-$id", symbol => 'VOD.L', side => 'BUY', orderQty => 100, account => 'A1');
	$send->(commandType => 'PlaceOrderCommand', orderId => $id, children => [ map { { orderId => "$id.$_", orderQty => 50, clOrdID => "cl-$id.$_" } } 1, 2 ]);
	$send->(commandType => 'CreateOrderCommand', orderId => "$id.1.1", parentId => "$id.1", orderQty => 50);
	$send->(commandType => 'ExecuteOrderCommand', orderId => "$id.1.1", executionId => "$id-x", execID => "e-$id", lastQty => 10, lastPx => '1.5');
	$send->(commandType => 'CorrectExecutionCommand', executionId => "$id-x", execID => "f-$id", lastQty => 12, lastPx => '1.5');
	$send->(commandType => 'ExecuteOrderCommand', orderId => 'nobody', executionId => "$id-u", execID => "u-$id", lastQty => 1, lastPx => 1);
	$send->(commandType => 'ApproveExecutionCommand', executionId => "$id-u", orderId => "$id.1.1", reason => 'his');
	$send->(commandType => 'CancelOrderCommand', orderId => "$id.2");
	$send->(%$_) foreach block_commands($id), quote_commands($id);
	$dbh->do('SELECT oms_try_command($1)', undef, json()->encode({ commandType => 'CancelOrderCommand', orderId => "none of $id" }));
	my @common = (11 => "fix-$id", 55 => 'VOD.L', 54 => 1, 38 => 10);
	$dbh->do('SELECT oms_fix($1)', undef, fix_message(type => 'D', sender => 'C', target => 'D', fields => [ @common, 40 => 2, 44 => 1, 60 => fix_time(1, 0) ]));
	$dbh->do('SELECT oms_fix($1)', undef, fix_message(type => '8', sender => 'D', target => 'C',
			fields => [ @common, 37 => "ctp-$id", 17 => "fe-$id", 150 => 'F', 39 => 1, 32 => 4, 31 => 1, 151 => 6, 14 => 4, 6 => 1 ]));
	return { id => $id, done => \@done };
}

# Every command is sent again: nothing changes, and each answers as the first time.
sub same_again
{
	my ($dbh, $work, $name) = @_;
	my $count = sub { return $dbh->selectrow_array('SELECT (SELECT count(*) FROM oms.all_events) || \' \' || (SELECT count(*) FROM oms.commands)') };
	my $before = $count->();
	my $wrong = 0;

	foreach my $done (@{ $work->{done} })
	{
		my ($command, $first) = @$done;
		my $again = eval { oms_command($dbh, $command) } or diag($@);
		$wrong++ unless $again && delete $again->{duplicate} && json()->encode($again) eq json()->encode($first);
	}
	is($wrong, 0, "$name: repeats answer as the first time");
	is($count->(), $before, "$name: and change nothing");
	return;
}

# No invariant is broken.
sub intact
{
	my ($dbh, $name) = @_;
	my $broken = $dbh->selectall_arrayref('SELECT * FROM oms.verify() LIMIT 5');

	is(scalar @$broken, 0, "$name: all invariants hold") or diag(join "\n", map { join ' | ', map { $_ // 'null' } @$_ } @$broken);
	return;
}

# What SQLSTATE the statement ends with ('00000' where it is done); whatever it did is taken back.
sub state_of
{
	my ($dbh, $sql, @values) = @_;
	my $state = '00000';

	$dbh->begin_work;
	eval { $dbh->do($_, undef, splice @values, 0, tr/?//) foreach ref $sql ? @$sql : $sql; 1; } or $state = $dbh->state;
	$dbh->rollback;
	return $state;
}

1;
