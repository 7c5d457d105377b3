# A streaming standby has the same rows, can be asked and verified, takes no commands, and goes on
# where the primary stopped once it is promoted.
# Broken by: state that is not in the tables (memory, unlogged, sequences behind), or a verify() or
# query path that writes.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;
use OmsWork qw(@TABLES block_commands quote_commands);

my $primary = oms_node('primary', streaming => 1);
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;

sub fingerprints
{
	my ($node) = @_;
	return join "\n", map { "$_ " . $node->safe_psql('postgres', "SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM oms.$_ t") } @TABLES;
}

sub command { my ($node, $json) = @_; return $node->safe_psql('postgres', "SELECT oms_command('$json')->'state'->>'status'"); }

sub load
{
	my ($node, $prefix) = @_;
	command($node, qq({"commandType": "CreateOrderCommand", "commandId": "$prefix-k", "orderId": "$prefix", "clOrdID": "$prefix-c", "symbol": "X", "side": "BUY", "orderQty": 1000}));
	foreach my $n (1 .. 20)
	{
		command($node, qq({"commandType": "CreateOrderCommand", "orderId": "$prefix.$n", "parentId": "$prefix", "orderQty": 10}));
		command($node, qq({"commandType": "ExecuteOrderCommand", "orderId": "$prefix.$n", "execID": "e$n", "lastQty": $n, "lastPx": 1.$n})) if $n <= 10;
	}
	command($node, json()->encode($_)) foreach block_commands($prefix), quote_commands($prefix);
	$node->safe_psql('postgres', qq(SELECT oms_try_command('{"commandType": "CancelOrderCommand", "orderId": "$prefix"}')));
}

load($primary, 'before');
$primary->wait_for_catchup($standby);
is(fingerprints($standby), fingerprints($primary), 'the standby has every row');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM oms.verify()'), '0', 'verify() runs on a standby and finds nothing');
my $queries = q(SELECT md5(string_agg(q::text, ' ' ORDER BY n)), oms.query_count('orders'), count(*) FROM oms_query('orders', '{"orderBy": "-createdAt"}') WITH ORDINALITY AS r (q, n));
is($standby->safe_psql('postgres', $queries), $primary->safe_psql('postgres', $queries), 'oms_query() gives what the primary gives, with the same cursors');

foreach my $call (q(oms_command('{"commandType": "CancelOrderCommand", "orderId": "before.1"}')),
	q(oms_try_command('{"commandType": "CancelOrderCommand", "orderId": "before.1"}')),
	q(oms_try_command('{"commandType": "CancelOrderCommand", "orderId": "none"}')),
	q(oms_command('{"commandType": "AcceptQuoteCommand", "quoteId": "before.q5"}')),
	q(oms_commands('[{"commandType": "CancelOrderCommand", "orderId": "before.1"}]', false)), q(oms_fix_many(ARRAY['no message'])))
{
	psql_fails_with($standby, "SELECT $call", '25006', "read-only: $call");
}
is($standby->safe_psql('postgres', 'SELECT count(*) > 10 FROM oms.state_transitions'), 't', 'the state machine can be read there');

$primary->stop;
$standby->promote;
is(command($standby, '{"commandType": "ExecuteOrderCommand", "orderId": "before.11", "lastQty": 5, "lastPx": 2}'), 'ALLOCATED', 'promoted: an old tree goes on');
is($standby->safe_psql('postgres', q(SELECT oms_command('{"commandType": "CreateOrderCommand", "commandId": "before-k", "orderId": "before", "clOrdID": "before-c", "symbol": "X", "side": "BUY", "orderQty": 1000}')->>'duplicate')),
	'true', 'promoted: repeats are recognised');
psql_fails_with($standby, q(SELECT oms_command('{"commandType": "CreateOrderCommand", "clOrdID": "before-c", "symbol": "X", "side": "BUY", "orderQty": 1}')), 'OM007', 'promoted: ClOrdIDs are known');
is(command($standby, '{"commandType": "BustExecutionCommand", "executionId": "before.b2", "execID": "late", "reason": "error"}'), 'BUSTED', 'promoted: what was allocated of a block is taken back');
is($standby->safe_psql('postgres', q(SELECT sum(executed_quantity) FROM oms.orders WHERE block_order_ids = '["before.block"]' OR id LIKE 'before.m_')), '0', 'promoted: of its members');
is(command($standby, '{"commandType": "AcceptOrderCommand", "orderId": "before.deal2", "execID": "taken"}'), 'NEW', 'promoted: the dealer who had the last look takes it');
is($standby->safe_psql('postgres', q(SELECT string_agg(q.id || ' ' || q.status, ', ' ORDER BY q.id) || ', ' || min(r.status) FROM oms.quotes AS q JOIN oms.quote_requests AS r ON r.id = q.quote_request_id WHERE r.id = 'before.rfq2')),
	'before.q4 ACCEPTED, before.q5 DECLINED, ACCEPTED', 'promoted: and the quotes follow');
psql_fails_with($standby, q(SELECT oms_command('{"commandType": "AcceptQuoteCommand", "quoteId": "before.q5"}')), 'OM004', 'promoted: nothing else is dealt');
load($standby, 'after');
is($standby->safe_psql('postgres', 'SELECT count(*) - count(DISTINCT sequence) FROM oms.all_events'),
	'0', 'promoted: no sequence number is used again');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM oms.verify()'), '0', 'promoted: every invariant holds');

done_testing();
