# What a desk's page asks before it shows anything: the catalogue, previews, the policy's proposal, what waits. Each as the user's rights are.
#
# Broken by: a preview that does or keeps something, or tells who may not give the command; a preview that anybody's page may send; a catalogue that
# says "may" where PostgreSQL then refuses, or the other way round; a list with rows that the user does not see.

use strict;
use warnings;

use lib 'test/lib';
use JSON::PP;
use OmsGateway;
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = oms_node('main', conf => "max_connections = 40\n");
$node->safe_psql('postgres', q(
	SELECT count(*) FROM oms.create_roles();
	CREATE ROLE rita LOGIN IN ROLE oms_reader; CREATE ROLE tom LOGIN IN ROLE oms_trader; CREATE ROLE dora LOGIN IN ROLE oms_desk;
	CREATE ROLE gate LOGIN NOINHERIT IN ROLE oms_proxy, rita, tom, dora;
	SELECT oms.grant_account('tom', 'A1'), oms.grant_account('tom', 'B%');));
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $gateway = gateway_start($node, auth => 'proxy', dsn => gateway_dsn($node, user => 'gate'), 'pool.size' => 4, listen => "unix:$dir/socket");

sub ask { my ($user, $method, $path, $body, @headers) = @_; return $gateway->client("$dir/socket")->call($method, $path, $body, 'X-Forwarded-User' => $user, @headers); }

sub command
{
	my ($user, $object, $type, %fields) = @_;
	my $answer = ask($user, POST => "/commands/$object", { commandType => "${type}Command", %fields });
	is($answer->{status}, 200, "$user: $type") or diag($answer->{content});
	return $answer->{json};
}
sub preview { my ($user, $object, $type, %fields) = @_; return ask($user, POST => "/commands/$object/preview", { commandType => "${type}Command", %fields }); }

# Rows and numbers of all that a command may leave behind.
sub left_behind
{
	return $node->safe_psql('postgres', q(SELECT concat_ws(' ', (SELECT count(*) FROM oms.orders), (SELECT count(*) FROM oms.order_events), (SELECT count(*) FROM oms.commands),
		(SELECT count(*) FROM oms.rejected_commands), (SELECT count(*) FROM oms.cl_ord_ids), (SELECT last_value FROM oms.event_sequence))));
}

command('tom', 'orders', 'CreateOrder', orderId => 'o1', clOrdID => 'c1', symbol => 'VOD', side => 'BUY', orderQty => 1000, price => '10.50', account => 'A1');
command('dora', 'orders', 'CreateOrder', orderId => 'o2', clOrdID => 'c2', symbol => 'VOD', side => 'BUY', orderQty => 500, account => 'C1');
command('dora', 'orders', 'SendOrderToDesk', orderId => $_, reason => 'large') foreach 'o1', 'o2';
command('dora', 'executions', 'ExecuteOrder', orderId => 'o1', execID => 'e1', lastQty => 5, lastPx => 20);

# ---- previews ----

my $before = left_behind();
my $answer = preview('dora', 'orders', 'ReplaceOrder', orderId => 'o1', orderQty => 800, price => '10.25');
is($answer->{status}, 200, 'a preview');
ok($answer->{json}{preview} && !@{ $answer->{json}{events} }, 'says that it is one, and has no events');
like($answer->{content}, qr/"orderQty": 800\b/, 'and what there would be');
$answer = preview('dora', 'orders', 'ClaimOrder', orderId => 'o1', expectedVersion => 77);
is($answer->{status}, 409, 'it is refused as the command would be');
is($answer->{json}{error}{sqlstate}, 'OM006', 'with its refusal');
is(ask('dora', POST => '/commands/orders/preview', { commandType => 'ClaimOrderCommand', orderId => 'o1' }, 'If-Match' => '"77"')->{status}, 412, 'the version in a header');
is(preview('tom', 'orders', 'CancelOrder', orderId => 'o2')->{status}, 404, 'an order that he does not see');
is(preview('tom', 'executions', 'CreateManualExecution', orderId => 'o1', lastQty => 1, lastPx => 1, reason => 'x')->{status}, 403, 'a command that is not his');
is(preview('rita', 'orders', 'CancelOrder', orderId => 'o1')->{status}, 403, 'a reader previews nothing');
is(preview('dora', 'executions', 'CancelOrder', orderId => 'o1')->{status}, 400, 'a command of another object');
is(preview('dora', 'nothing', 'CancelOrder', orderId => 'o1')->{status}, 404, 'of no object');
is(ask('dora', GET => '/commands/orders/preview')->{status}, 405, 'only by POST');
is(ask('dora', POST => '/commands/orders/preview', '{"commandType": "CancelOrderCommand", "orderId": "o1", "x": ' . '[' x 3000 . '}')->{status}, 400, 'what is no JSON');
is(left_behind(), $before, 'nothing of all that is done, kept or numbered');
my $key = 'a-key';
is(ask('dora', POST => '/commands/orders/preview', { commandType => 'UpdateOrderCommand', orderId => 'o1', text => 'a' }, 'Idempotency-Key' => $key)->{status}, 200, 'under a key');
my $done = ask('dora', POST => '/commands/orders', { commandType => 'UpdateOrderCommand', orderId => 'o1', text => 'b' }, 'Idempotency-Key' => $key);
ok($done->{status} == 200 && !$done->{json}{duplicate}, 'and what is then done under it is the first');

# ---- the policy's proposal ----

$node->safe_psql('postgres', q(INSERT INTO oms.placement_policies (name, priority, predicate, destinations) VALUES ('two', 1, 'true', '[{"destination": "XA", "weight": 3}, {"destination": "XB"}]')));
$answer = ask('dora', GET => '/queries/orders/o2/placement');
is_deeply([ map { "$_->{destination} $_->{orderQty}" } @{ $answer->{json}{children} } ], [ 'XA 375', 'XB 125' ], 'a proposal') or diag($answer->{content});
is($answer->{json}{policy}, 'two', 'and whose');
is(ask('tom', GET => '/queries/orders/o2/placement')->{status}, 404, 'of an order that he does not see');
is(ask('dora', GET => '/queries/executions/o2/placement')->{status}, 404, 'of what is not placed');
command('dora', 'orders', 'ClaimOrder', orderId => 'o2');
command('dora', 'orders', 'PlaceOrder', orderId => 'o2', children => $answer->{json}{children});
is(ask('dora', GET => '/queries/orders/o2/placement')->{status}, 422, 'of what is placed');

# ---- what waits ----

is_deeply([ map { $_->{order_id} } @{ ask('dora', GET => '/desk/queue')->{json} } ], [ 'o1', 'o2' ], 'the queue');
is_deeply([ map { $_->{order_id} } @{ ask('tom', GET => '/desk/queue')->{json} } ], ['o1'], 'as he sees it');
$answer = ask('dora', GET => '/desk/review');
is($answer->{json}[0]{reasons}[0], 'PRICE_BEYOND_LIMIT', 'the review, with reasons');
like($answer->{json}[0]{why}[0], qr/20 is worse than the limit 10\.5/, 'and figures');
my $waits = $answer->{json}[0]{execution_id};
is_deeply(ask('dora', GET => "/desk/review/$waits")->{json}{reasons}, ['PRICE_BEYOND_LIMIT'], 'one of it');
is(ask('tom', GET => '/desk/review/none')->{status}, 404, 'one that does not wait');
command('dora', 'executions', 'RejectExecution', executionId => $answer->{json}[0]{execution_id}, reason => 'no', dkReason => 'PRICE_EXCEEDS_LIMIT');
is(ask('dora', GET => '/desk/review')->{content}, '[]', 'empty');
is(ask('dora', GET => "/desk/review/$waits")->{status}, 404, 'and it waits no more');
is(ask('dora', POST => '/commands/orders', { commandType => 'CancelOrderCommand', orderId => 'none' })->{status}, 404, 'refused');
is(ask('dora', GET => '/desk/rejected')->{json}[0]{sqlstate}, 'OM003', 'what was refused');
is(ask('tom', GET => '/desk/rejected')->{content}, '[]', 'is not for who is limited');
is(ask('dora', GET => '/desk/else')->{status}, 404, 'no such list');

# ---- the catalogue ----

my %catalogue = map { ($_ => ask($_, GET => '/catalogue')->{json}) } qw(rita tom dora);
is($catalogue{dora}{user}, 'dora', 'whose it is');
is_deeply($catalogue{tom}{accounts}, [ 'A1', 'B%' ], 'and his accounts');
is_deeply($catalogue{tom}{commands}{CancelOrderCommand}{may}, [ 'A1', 'B%' ], 'he cancels for these');
is_deeply($catalogue{tom}{commands}{ClaimOrderCommand}{may}, [], 'and claims for none');
ok($catalogue{dora}{commands}{ClaimOrderCommand}{may}, 'the desk claims');
ok(!$catalogue{rita}{commands}{$_}{may}, "a reader gives no $_") foreach sort keys %{ $catalogue{rita}{commands} };
my ($quantity) = grep { $_->[0] eq 'lastQty' } @{ $catalogue{dora}{commands}{CreateManualExecutionCommand}{fields} };
is_deeply($quantity, [ 'lastQty', 'quantity above zero', JSON::PP::true, undef ], 'a field, its type, whether it must be there');
ok((grep { $_->{trigger} eq 'ClaimOrder' && $_->{requires}[0] eq 'QUEUED' } @{ $catalogue{dora}{transitions} }), 'a transition');
ok($catalogue{dora}{services}{SubmitClientOrder}{enabled}, 'a service');
ok((grep { $_ eq 'BUY' } @{ $catalogue{dora}{names}{'orders.side'} }), 'names');
foreach my $type (sort keys %{ $catalogue{tom}{commands} })
{
	my %of = (order => 'orders', execution => 'executions', quote_request => 'quote-requests', quote => 'quotes');
	my $may = $catalogue{tom}{commands}{$type}{may};
	# rights are asked once it can be read: with what must be there
	my %fields = map { $_->[0] => $_->[1] =~ /^(quantity|price)/ ? 1 : $_->[1] =~ /^array/ ? [ { orderId => 'x', quantity => 1 } ] : $_->[1] =~ /^name/ ? 'BUY' : 'x' }
	  grep { $_->[2] } @{ $catalogue{tom}{commands}{$type}{fields} };
	my $refused = preview('tom', $of{ $catalogue{tom}{commands}{$type}{object} }, $type =~ s/Command$//r, %fields)->{json}{error}{sqlstate} // '';
	is($refused eq 'OM008' ? 0 : 1, @$may ? 1 : 0, "$type: what the catalogue says, PostgreSQL says") or diag($refused);
}

done_testing();
