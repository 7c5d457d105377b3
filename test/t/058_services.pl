# Services beyond what one session sees: whose right each step needs; what a step that fails leaves, in all tables; isolation levels; definitions that
# change between a call and its repeat; the limit of commands; a report that was told before as the first step; arguments of all kinds; and client orders
# of random trees that are cancelled, while what is at a broker answers in any order.
# Broken by: a step that is done without its command's role, or by the right of another step; anything that stays of a service that was refused; a
# transaction that commits what a rival has overtaken; a repeat that does a step which its first call did not; a root that ends before what is below it, or
# never; an order that never left and is asked instead of cancelled, or the other way round.
#
# OMS_SEED=n repeats a seed.

use strict;
use warnings;

use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $node = oms_node('services', conf => "log_statement = none\nlog_min_messages = fatal\n");
my $dbh = oms_dbh($node);
my $SEED = first_seed();
my $json = JSON::PP->new->canonical->ascii;
srand $SEED;
note "OMS_SEED=$SEED";

sub encode { my ($value) = @_; return $json->encode($value); }

# The answer, or the SQLSTATE, message and detail of what it raises.
sub call
{
	my ($name, $arguments, $handle) = @_;
	$handle //= $dbh;
	my ($answer) = eval { $handle->selectrow_array('SELECT oms_service(?, ?::jsonb)', undef, $name, ref $arguments ? encode($arguments) : $arguments) };
	return $answer ? ($json->decode($answer), '') : (undef, $handle->state . ' ' . $handle->errstr =~ s/^ERROR:\s+//r);
}
sub done { my ($r, $error) = call(@_); return $r ? join ' ', grep { defined } $r->{status}, $r->{duplicate} ? 'again' : undef, map { "$_->{eventType} $_->{aggregateId}" } @{ $r->{events} } : $error =~ s/\n.*//sr; }
sub give
{
	my ($type, %fields) = @_;
	my ($r) = $dbh->selectrow_array('SELECT oms_command(?::jsonb)', undef, encode({ commandType => "${type}Command", %fields }));
	return $json->decode($r)->{state}{status};
}
sub order { my ($id, %fields) = @_; return give('CreateOrder', orderId => $id, clOrdID => $id, symbol => 'X', side => 'BUY', orderQty => 100, %fields); }
sub service { my ($name, $definition) = @_; $dbh->do('INSERT INTO oms.services (name, definition) VALUES (?, ?::jsonb) ON CONFLICT (name, builtin) DO UPDATE SET definition = EXCLUDED.definition', undef, $name, ref $definition ? encode($definition) : $definition); return; }
sub argument { my ($name) = @_; return { argument => $name }; }

# All rows of all tables of the extension, but what only counts.
sub everything
{
	my $tables = $dbh->selectcol_arrayref(q(SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relnamespace = 'oms'::regnamespace AND c.relkind = 'r' ORDER BY 1));
	return join "\n", map { my ($hash) = $dbh->selectrow_array("SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text COLLATE \"C\")), '') FROM $_ AS t"); "$_ $hash" } @$tables;
}

# --- whose right a step needs ----------------------------------------------------------------------------------

$dbh->do('SELECT oms.create_roles()');
$dbh->do('CREATE ROLE ann LOGIN; CREATE ROLE dora LOGIN; GRANT oms_trader TO ann; GRANT oms_desk TO dora');
my %as = map { $_ => oms_dbh($node, user => $_) } qw(ann dora);
service('FillIt', { arguments => { id => { type => 'identifier' }, fill => { type => 'boolean' } }, steps => [
	{ name => 'note', command => 'UpdateOrderCommand', with => { orderId => argument('id'), text => 'seen' } },
	{ name => 'fill', command => 'CreateManualExecutionCommand', when => argument('fill'), with => { orderId => argument('id'), lastQty => 1, lastPx => 1, reason => 'told' } } ] });
order('R1');
is(done('FillIt', { id => 'R1' }, $as{ann}), 'ACCEPTED OrderUpdated R1', 'a trader does what traders may');
my $before = everything();
like(done('FillIt', { id => 'R1', fill => JSON::PP::true }, $as{ann}), qr/^OM008 /, 'and no step of the desk');
is(everything(), $before, 'which leaves nothing of the step before');
like(done('FillIt', { id => 'R1', fill => JSON::PP::true }, $as{dora}), qr/^ACCEPTED OrderUpdated R1 ExecutionValidated/, 'the desk may both');
like(done('MoveExecution', { executionId => 'none', orderId => 'R1' }, $as{ann}), qr/^OM003 /, 'what there is not, nobody moves');
my ($fill) = $dbh->selectrow_array(q(SELECT id FROM oms.executions WHERE order_id = 'R1'));
order('R2');
$before = everything();
like(done('MoveExecution', { executionId => $fill, orderId => 'R2' }, $as{ann}), qr/^OM008 /, 'a trader moves no fill');
is(everything(), $before, 'and nothing is left of it');
is(done('SubmitClientOrder', { orderId => 'R3', clOrdID => 'R3', symbol => 'X', side => 'BUY', orderQty => 5 }, $as{ann}) =~ s/[0-9a-f]{8}-\S+/ID/r, 'ACCEPTED OrderCreated R3 OrderCreated ID OrderPlaced R3', 'a trader submits');
is(order('R4'), 'NEW', 'another order');
give('SendOrderToDesk', orderId => 'R4', reason => 'look');
$as{dora}->selectrow_array(q(SELECT oms_command('{"commandType": "ClaimOrderCommand", "orderId": "R4"}')));
$before = everything();
like(done('CancelClientOrder', { orderId => 'R4' }, $as{ann}), qr/^OM008 /, 'what the desk has claimed, its client does not cancel past it');
is(everything(), $before, 'and nothing happened');
is(done('CancelClientOrder', { orderId => 'R4' }, $as{dora}), 'ACCEPTED OrderCancelled R4', 'who has claimed it does');
my $denied = eval { $as{ann}->do(q(INSERT INTO oms.services (name, definition) VALUES ('Mine', '{}'))); 1 } ? 'no' : $as{ann}->state;
is($denied, '42501', 'a trader stores none');

# --- what a failing step leaves --------------------------------------------------------------------------------

service('Long', { arguments => { id => { type => 'identifier' }, at => { type => 'integer' } }, steps => [
	{ name => 'create', command => 'CreateOrderCommand', with => { orderId => argument('id'), clOrdID => argument('id'), symbol => 'X', side => 'BUY', orderQty => 10 } },
	{ name => 'child', command => 'CreateOrderCommand', with => { orderId => { concat => [ argument('id'), '-1' ] }, parentId => argument('id'), orderQty => 6 } },
	{ name => 'fill', command => 'ExecuteOrderCommand', with => { orderId => { step => 'child', path => 'state.orderId' }, executionId => { concat => [ argument('id'), '-e' ] }, execID => 'E', lastQty => 2, lastPx => 1 } },
	{ name => 'desk', command => 'SendOrderToDeskCommand', with => { orderId => argument('id'), reason => 'look' } },
	{ name => 'request', command => 'RequestCancelOrderCommand', with => { orderId => { step => 'child', path => 'state.orderId' }, clOrdID => { concat => [ argument('id'), '-x' ] } } },
	{ name => 'bust', command => 'BustExecutionCommand', with => { executionId => { step => 'fill', path => 'state.executionId' }, reason => 'no' } } ] });
like(done('Long', { id => 'L0', commandId => 'l0' }), qr/^ACCEPTED OrderCreated L0 .*ExecutionBusted L0-e/, 'a service of six commands');
my @steps = qw(CreateOrderCommand CreateOrderCommand ExecuteOrderCommand SendOrderToDeskCommand RequestCancelOrderCommand BustExecutionCommand);
foreach my $n (0 .. $#steps)
{
	# the rule refuses facts too where they are typed or asked for; a fill is refused by its id
	my $id = "L" . ($n + 1);
	$dbh->do(q(INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES ('stop', ?, ?, ?, 'stop')), undef, $steps[$n] =~ /Execut/ ? 'execution' : 'order', $steps[$n], $n == 0 ? q(command ->> 'parentId' IS NOT NULL) : $n == 1 ? q(command ->> 'parentId' IS NULL) : 'false')
		if $n < 2 || $n == 3 || $n == 4;
	order("$id-clash"), give('ExecuteOrder', orderId => "$id-clash", executionId => "$id-e", execID => "$id", lastQty => 1, lastPx => 1) if $n == 2;
	service('Long', $dbh->selectrow_array(q(SELECT jsonb_set(definition, '{steps,5,with,executionId}', '"nobody"')::text FROM oms.services WHERE name = 'Long'))) if $n == 5;
	$before = everything();
	like(done('Long', { id => $id, commandId => "l$id" }), qr/^OM00[357] /, "it fails at step $n, $steps[$n]");
	is(everything(), $before, '... and leaves nothing in any table');
	$dbh->do(q(DELETE FROM oms.validation_rules WHERE name = 'stop'));
}

# --- a definition that changes, an isolation level, a limit, a report ------------------------------------------

my @note = map { { name => $_, command => 'UpdateOrderCommand', with => { orderId => argument('id'), text => $_ } } } qw(one two three);
my %id = (arguments => { id => { type => 'identifier' } });
order('V1');
service('Notes', { %id, steps => [ @note[ 0, 1 ] ] });
is(done('Notes', { id => 'V1', commandId => 'v1' }), 'ACCEPTED OrderUpdated V1 OrderUpdated V1', 'two steps');
service('Notes', { %id, steps => [ @note[ 0, 2, 1 ] ] });
is(done('Notes', { id => 'V1', commandId => 'v1' }), 'ACCEPTED again OrderUpdated V1 OrderUpdated V1', 'a repeat does not do the step that came between');
service('Notes', { %id, steps => [ @note[ 1, 2 ] ] });
is(done('Notes', { id => 'V1', commandId => 'v1' }), 'ACCEPTED again OrderUpdated V1', 'and tells of those alone that the definition has');
service('Notes', { %id, steps => [ $note[2] ] });
is(done('Notes', { id => 'V1', commandId => 'v1' }), 'ACCEPTED OrderUpdated V1', 'one that knows none of them is another call');
is($dbh->selectrow_array(q(SELECT count(*) FROM oms.order_events WHERE aggregate_id = 'V1')), 4, 'no other event came of all that');

foreach my $level ('REPEATABLE READ', 'SERIALIZABLE')
{
	my $other = oms_dbh($node);
	$dbh->begin_work;
	$dbh->do("SET TRANSACTION ISOLATION LEVEL $level");
	$dbh->selectrow_array('SELECT count(*) FROM oms.orders');
	done('Notes', { id => 'V1' }, $other);
	$before = everything();
	like(done('Notes', { id => 'V1' }), qr/^40001 /, "$level: what came since the snapshot is 40001");
	$dbh->rollback;
	$dbh->begin_work;
	$dbh->do("SET TRANSACTION ISOLATION LEVEL $level");
	is(done('Notes', { id => 'V1' }), 'ACCEPTED OrderUpdated V1', '... and else it is done');
	$dbh->commit;
	$other->disconnect;
}

service('Inner', { arguments => { id => { type => 'identifier' }, b => { type => 'objects' } }, steps => [
	{ name => 'note', for_each => argument('b'), as => 'x', command => 'UpdateOrderCommand', with => { orderId => argument('id'), text => 'n' } } ] });
service('Many', { arguments => { id => { type => 'identifier' }, a => { type => 'objects' }, b => { type => 'objects' } }, steps => [
	{ name => 'each', for_each => argument('a'), as => 'x', service => 'Inner', with => { id => argument('id'), b => argument('b') } } ] });
$before = everything();
like(done('Many', { id => 'V1', a => [ ({}) x 11 ], b => [ ({}) x 950 ] }), qr/^OM001 a service gives at most 10000 commands/, 'more than 10,000 commands are none');
is(everything(), $before, 'and none of them is done');
order('T0', orderQty => 20000);
$dbh->do(q(SELECT count(*) FROM oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'T0-' || n, 'parentId', 'T0', 'orderQty', 1)) FROM generate_series(1, 10000) AS n))));
$before = everything();
like(done('CancelClientOrder', { orderId => 'T0' }), qr/^OM001 a service gives at most 10000 commands/, 'nor by a built-in step');
is(everything(), $before, 'and none of them is done');
give('CancelOrder', orderId => 'T0-7');
is((call('CancelClientOrder', { orderId => 'T0' }))[0]{state}{status}, 'CANCELLED', 'ten thousand are');

service('Told', { arguments => { id => { type => 'identifier' }, exec => { type => 'identifier' } }, steps => [
	{ name => 'fill', command => 'ExecuteOrderCommand', with => { orderId => argument('id'), execID => argument('exec'), lastQty => 5, lastPx => 1, possDupFlag => JSON::PP::true } },
	{ name => 'note', command => 'UpdateOrderCommand', with => { orderId => argument('id'), text => { step => 'fill', path => 'state.execID' } } } ] });
order('T1');
like(done('Told', { id => 'T1', exec => 'E1', commandId => 't1' }), qr/^ACCEPTED ExecutionValidated \S+ OrderExecuted T1 OrderUpdated T1$/, 'a fill, and a note');
is(done('Told', { id => 'T1', exec => 'E1', commandId => 't2' }), 'ACCEPTED OrderUpdated T1', 'a fill that was told before is no repeat of the service: its note is made');
like(done('Told', { id => 'T1', exec => 'E1', commandId => 't2' }), qr/^ACCEPTED again OrderUpdated T1$/, 'and that call has a repeat of its own');
service('Leg', { arguments => { id => { type => 'identifier' } }, steps => [
	{ name => 'leg', command => 'ExecuteOrderCommand', with => { orderId => argument('id'), execID => 'LEG', lastQty => 5, lastPx => 1, multiLegReportingType => '2' } } ] });
is(done('Leg', { id => 'T1', commandId => 'leg' }), 'ACCEPTED OrderReported T1', 'what only keeps a report is about the order that keeps it');
is(done('Leg', { id => 'T1', commandId => 'leg' }), 'ACCEPTED again OrderReported T1', '... again');

# --- arguments of all kinds ------------------------------------------------------------------------------------

my @values = (undef, '', 'x', "\t\n" x 100, 'a' x 300, -1, 0, '1e400', 'NaN', JSON::PP::true, [], [ [] ], [ undef ], {}, { orderId => 'V1' }, [ { orderId => [] } ], '2026-02-30', { path => 'x' }, 12345678901234567890);
my %takes = map { $_ => [ $dbh->selectcol_arrayref(q(SELECT field FROM oms.command_reference WHERE command_type = ?), undef, { SubmitClientOrder => 'CreateOrderCommand', AcceptQuote => 'AcceptQuoteCommand' }->{$_})->@* ] } qw(SubmitClientOrder AcceptQuote);
$takes{CancelClientOrder} = [qw(orderId clOrdID clOrdIDPattern reason text)];
$takes{AllocateBlock} = [qw(orderId method weights allocations quantity confirm reason release)];
$takes{MoveExecution} = [qw(executionId orderId newExecutionId confirm text)];
my %said;
my $pid = $dbh->selectrow_array('SELECT pg_backend_pid()');
foreach my $n (1 .. rounds(1500, 20000))
{
	my $name = (sort keys %takes)[ rand keys %takes ];
	my %arguments = map { $_ => $values[ rand @values ] } grep { rand() < 0.4 } @{ $takes{$name} }, qw(commandId correlationId commandType bogus);
	$arguments{orderId} = 'V1' if rand() < 0.3;
	$arguments{executionId} = $fill if rand() < 0.3;
	my (undef, $error) = call($name, rand() < 0.05 ? encode([ $values[ rand @values ] ]) : \%arguments);
	$said{ substr($error, 0, 5) }++;
}
is(join(' ', grep { !/^(OM00[1-9])?$/ } sort keys %said), '', 'whatever the arguments are, it is done or refused by a code of ours') or diag(explain(\%said));
is($dbh->selectrow_array('SELECT pg_backend_pid()'), $pid, 'and the session lives');

# --- definitions of all kinds ----------------------------------------------------------------------------------

# A value of a good definition becomes another one, or goes.
sub spoil
{
	my ($value) = @_;
	return $values[ rand @values ] if !ref $value || ref $value eq 'JSON::PP::Boolean' || rand() < 0.1;
	if (ref $value eq 'ARRAY')
	{
		return [] if !@$value;
		my @copy = @$value;
		my $n = int rand @copy;
		rand() < 0.1 ? splice(@copy, $n, 1) : ($copy[$n] = spoil($copy[$n]));
		push @copy, $copy[$n] if rand() < 0.1 && @copy;
		return \@copy;
	}
	my %copy = %$value;
	my ($key) = (sort keys %copy)[ rand keys %copy ];
	return { steps => [] } if !defined $key;
	my $old = delete $copy{$key};
	$copy{ rand() < 0.1 ? (qw(argument step each concat constant path with when for_each as begin builtin on_refusal result bogus))[ rand 15 ] : $key } = spoil($old) if rand() < 0.9;
	return \%copy;
}
my @good = map { $json->decode($_) } @{ $dbh->selectcol_arrayref('SELECT definition::text FROM oms.services ORDER BY name') };
my (%stored, %answers);
foreach my $n (1 .. rounds(1200, 20000))
{
	my $definition = $good[ rand @good ];
	$definition = spoil($definition) foreach 1 .. 1 + rand 2;
	my $ok = eval { service('Spoilt', encode($definition)); 1 };
	$stored{ $ok ? '' : $dbh->state }++;
	next if !$ok;
	my $told = eval { $dbh->selectrow_array(q(SELECT count(*) FROM oms.explain_service('Spoilt'))) } // 0;
	$answers{'not told'}++ if !$told;
	my (undef, $error) = call('Spoilt', { id => 'V1', map { rand() < 0.5 ? ($_ => $values[ rand @values ]) : () } qw(orderId executionId fill exec a b quoteId) });
	$answers{ substr($error, 0, 5) }++;
}
is(join(' ', grep { !/^(OM011)?$/ } sort keys %stored), '', 'whatever a definition is, it is stored, or OM011') or diag(explain(\%stored));
cmp_ok($stored{''}, '>', 50, 'some are stored');
is(join(' ', grep { !/^(OM0\d\d)?$/ } sort keys %answers), '', '... and done or refused by a code of ours') or diag(explain(\%answers));
is($dbh->selectrow_array('SELECT pg_backend_pid()'), $pid, '... and the session lives');
$dbh->do(q(DELETE FROM oms.services WHERE name = 'Spoilt'));

# --- client orders of random trees are cancelled ---------------------------------------------------------------

my (%order, @wrong);
foreach my $tree (1 .. rounds(40, 600))
{
	my $root = "C$tree";
	my @ids = ($root);
	%order = ($root => { depth => 0 });
	order($root, orderQty => 1000);
	foreach my $n (1 .. int rand 12)
	{
		my $parent = $ids[ rand @ids ];
		my $id = "$root-$n";
		my $out = rand() < 0.35;
		next if $order{$parent}{depth} > 4 || $order{$parent}{over};
		order($id, parentId => $parent, symbol => 'X', orderQty => 1000 / 12**($order{$parent}{depth} + 1) + 1e-9 > 0.0001 ? sprintf('%.6f', 1000 / 13**($order{$parent}{depth} + 1)) : 0.000001);
		give('AcceptOrder', orderId => $id, orderID => "B-$id", execType => 'NEW') if $out;
		$order{$id} = { depth => $order{$parent}{depth} + 1, parent => $parent, out => $out };
		push @ids, $id;
	}
	# some have ended before
	foreach my $id (reverse @ids)
	{
		next if $id eq $root || rand() > 0.15 || grep { ($order{$_}{parent} // '') eq $id && !$order{$_}{over} } @ids;
		give('CancelOrder', orderId => $id, execType => 'CANCELLED');
		$order{$id}{over} = 1;
	}
	my %waits;
	foreach my $id (grep { $order{$_}{out} && !$order{$_}{over} } @ids)
	{
		for (my $up = $id; defined $up; $up = $order{$up}{parent}) { $waits{$up} = 1; }
	}
	my $id = "cc$tree";
	my ($r, $error) = call('CancelClientOrder', { orderId => $root, commandId => $id });
	push @wrong, "$root: $error" if !$r;
	my $status = $dbh->selectall_hashref('SELECT id, status FROM oms.orders WHERE root_id = ?', 'id', undef, $root);
	push @wrong, map { "$_ is $status->{$_}{status}" } grep { $status->{$_}{status} ne ($waits{$_} ? 'PENDING_CANCEL' : 'CANCELLED') } @ids;
	my ($again) = call('CancelClientOrder', { orderId => $root, commandId => $id });
	push @wrong, "$root: another answer" if encode({ %{ $again // {} }, duplicate => 1 }) ne encode({ %{ $r // {} }, duplicate => 1 });
	# and then they answer, in any order
	my @out = sort { $order{$a}{nth} <=> $order{$b}{nth} } map { $order{$_}{nth} = rand(); $_ } grep { $order{$_}{out} && !$order{$_}{over} } @ids;
	while (my $one = shift @out)
	{
		# whoever is above another one that works cannot be cancelled by report before it: it is flagged, and stays right
		my ($now) = $dbh->selectrow_array('SELECT status FROM oms.orders WHERE id = ?', undef, $one);
		next if $now eq 'CANCELLED';
		if (rand() < 0.2)
		{
			give('RejectCancelOrder', orderId => $one, clOrdID => "$one-C1", reason => 'too late', execType => 'NEW');
			call('CancelClientOrder', { orderId => $root });
		}
		give('CancelOrder', orderId => $one, execType => 'CANCELLED');
	}
	push @wrong, map { "$_->[0] ends as $_->[1]" } @{ $dbh->selectall_arrayref(q(SELECT id, status FROM oms.orders WHERE root_id = ? AND status <> 'CANCELLED'), undef, $root) };
}
is(join("\n", @wrong), '', 'random trees: what is at a broker is asked, all else is cancelled, and the root ends with the last answer');
is(join("\n", map { join ' | ', map { $_ // '' } @$_ } @{ $dbh->selectall_arrayref('SELECT * FROM oms.verify()') }), '', 'and all invariants hold');

done_testing();
