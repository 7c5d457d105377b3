-- Sizes: what may be too large to leave by every way out is refused, by every path; facts and their answers are not.
-- Broken by: a command, state or event beyond its bound, a placement whose children carry all of it, a fact that large
-- orders above make impossible, a refused command that is kept whole.

CREATE FUNCTION pg_temp.do(command jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result jsonb := oms_try_command(command);
BEGIN
  RETURN coalesce(concat_ws(' ', result->'error'->>'sqlstate', result->'error'->>'message', result->'error'->>'detail'), '') || CASE result->>'status' WHEN 'ACCEPTED' THEN 'ACCEPTED' ELSE '' END;
END $$;
CREATE FUNCTION pg_temp.update_of(id text, attributes jsonb) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('commandType', 'UpdateOrderCommand', 'orderId', id, 'attributes', attributes) $$;
-- an update of exactly so many bytes
CREATE FUNCTION pg_temp.update_of_size(id text, size integer) RETURNS jsonb LANGUAGE sql AS $$
  SELECT pg_temp.update_of(id, jsonb_build_object('a', repeat('x', size - octet_length(pg_temp.update_of(id, '{"a": ""}')::text)))) $$;

SELECT count(*) > 0 AS loaded FROM oms.list_commands();
SELECT coalesce(max(sequence), 0) AS before FROM oms.all_events \gset
SHOW oms_state.command_size;
-- 18 says the range with its unit
\set VERBOSITY sqlstate
SET oms_state.command_size = '8kB';
SET oms_state.command_size = '1GB';
\set VERBOSITY default
SET oms_state.command_size = '64kB';

SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "s1", "symbol": "X", "side": "BUY", "orderQty": 1000}');
-- The command, to the byte; the state, where 10922 bytes are a sixth.
SELECT pg_temp.do(pg_temp.update_of_size('s1', 65536)), pg_temp.do(pg_temp.update_of_size('s1', 65537));
SELECT pg_temp.do(pg_temp.update_of('s1', jsonb_build_object('a', repeat('x', 10890))));
-- As it leaves: a control character is six bytes, a number as long as it is printed, keys count.
SELECT pg_temp.do(pg_temp.update_of('s1', jsonb_build_object('c', repeat(E'\x01', 12000))));
SELECT pg_temp.do('{"commandType": "UpdateOrderCommand", "orderId": "s1", "attributes": {"n": 1e100000}}');
SELECT pg_temp.do(pg_temp.update_of('s1', jsonb_build_object(repeat('k', 70000), 1)));
-- Updates add up.
SELECT pg_temp.do(pg_temp.update_of('s1', '{"b": "more than is left, which is not very much"}'));
SELECT pg_temp.do(pg_temp.update_of('s1', '{"a": 1}')), pg_temp.do(pg_temp.update_of('s1', '{"b": "there is room again"}'));
-- An element of a batch, an array that is no command, a text.
SELECT r->>'status' AS status, r->'error'->>'sqlstate' AS sqlstate FROM oms_commands(jsonb_build_array(pg_temp.update_of('s1', '{"c": 1}'), pg_temp.update_of_size('s1', 65537), pg_temp.update_of('s1', '{"d": 1}')), false) r;
SELECT oms_try_command(to_jsonb(repeat('x', 70000)))->'error'->>'sqlstate' AS sqlstate;
SELECT pg_temp.do(jsonb_build_object('commandType', 'UpdateOrderCommand', 'orderId', 's1', 'text', repeat('x', 20000)));
-- What is too large is kept as its short.
SELECT command->>'orderId' AS "order", command->>'shortenedFrom' AS shortened_from, octet_length(command::text) < 200 AS short
  FROM oms.rejected_commands WHERE command->'shortenedFrom' IS NOT NULL ORDER BY 2, 1;

-- FIX: the message as it comes, and what it is read into.
CREATE FUNCTION pg_temp.message(type text, body text) RETURNS text LANGUAGE sql AS $$
  SELECT m || '10=' || to_char((SELECT sum(ascii(c)) % 256 FROM regexp_split_to_table(replace(m, '|', E'\x01'), '') c), 'FM000') || '|'
    FROM (SELECT format('8=FIX.4.4|9=%s|', octet_length(b)) || b FROM (SELECT format('35=%s|49=A|56=B|34=1|52=20260302-09:30:00|', type) || body) AS x (b)) AS y (m) $$;
SELECT oms_fix(pg_temp.message('D', '11=big|55=X|54=1|38=100|40=1|60=20260302-09:30:00|58=' || repeat('y', 70000) || '|'));
SELECT oms_fix(pg_temp.message('D', '11=big|55=X|54=1|38=100|40=1|60=20260302-09:30:00|58=' || repeat('y', 40000) || '|'));
\set VERBOSITY sqlstate
SELECT oms_fix(pg_temp.message('D', '11=big|55=X|54=1|38=100|40=1|60=20260302-09:30:00|58=' || repeat('y', 20000) || '|'));
\set VERBOSITY default
SELECT oms_fix(pg_temp.message('D', '11=big|55=X|54=1|38=100|40=1|60=20260302-09:30:00|58=' || repeat('y', 9000) || '|'))->>'status' AS ordered;
-- A fill is a fact: what does not fit in its state, or in the order's, stays in the command.
SELECT oms_fix(pg_temp.message('8', '37=O|11=big|17=E1|150=F|39=1|55=X|54=1|38=100|32=10|31=5|14=10|151=90|6=5|58=' || repeat('z', 20000) || '|'))->>'status' AS filled;
SELECT oms_fix(pg_temp.message('8', '37=O|11=big|17=E2|150=D|39=1|55=X|54=1|38=100|14=10|151=90|6=5|58=' || repeat('z', 28000) || '|'))->>'status' AS restated;
SELECT oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 's1', 'executionId', 'x1', 'lastQty', 1, 'lastPx', 1, 'text', 'kept', 'attributes', jsonb_build_object('a', repeat('x', 60000))))->>'status' AS filled;
SELECT id = 'x1' AS x1, length(text) AS text, attributes IS NULL AS no_attributes, status FROM oms.executions WHERE id = 'x1' OR order_id = (SELECT id FROM oms.orders WHERE cl_ord_id = 'big') ORDER BY 1;
SELECT length(text) AS text, executed_quantity, reported_cum_qty FROM oms.orders WHERE cl_ord_id = 'big';
-- An order at its bound takes fills all the same, and keeps what it has, although its ids and figures grow.
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "s2", "symbol": "X", "side": "BUY", "orderQty": 1000}'), pg_temp.do(pg_temp.update_of('s2', jsonb_build_object('a', repeat('x', 10890))));
SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "s2", "lastQty": 1.2345678901, "lastPx": 1.2345678901, "execID": "E", "ordStatus": "1", "orderID": "a-long-name-that-its-counterparty-gives-the-order-with-the-first-fill-of-it"}')->>'status' AS filled;
SELECT octet_length(attributes::text) AS attributes, counterparty_order_id IS NOT NULL AS named FROM oms.orders WHERE id = 's2';
-- Requests add up too.
SELECT count(*) FILTER (WHERE r LIKE 'ACCEPTED') BETWEEN 20 AND 200 AS some, count(*) FILTER (WHERE r LIKE 'OM001%') > 0 AS not_all
  FROM generate_series(1, 300) AS n, LATERAL pg_temp.do(jsonb_build_object('commandType', 'RequestReplaceOrderCommand', 'orderId', 's1', 'clOrdID', 's1-' || n || repeat('-', 100), 'price', n)) AS r;

-- Ten orders one below the other, each at its bound: a fill moves them all.
SELECT pg_temp.do(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'c0', 'symbol', 'X', 'side', 'BUY', 'orderQty', 100, 'attributes', jsonb_build_object('a', repeat(E'\x01', 1800))));
SELECT count(*) FROM generate_series(1, 9) AS n, LATERAL pg_temp.do(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'c' || n, 'parentId', 'c' || n - 1, 'orderQty', 100, 'attributes', jsonb_build_object('a', repeat(E'\x01', 1800)))) AS r WHERE r = 'ACCEPTED';
SELECT r->>'status' AS status, jsonb_array_length(r->'orders') AS orders, octet_length(r::text) / 1000 AS kb, r->'truncated' AS truncated
  FROM oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "c9", "executionId": "c9-x", "lastQty": 100, "lastPx": 1}') AS r;

-- A placement: each child has its own slice, with what the placement is known by.
SELECT r->>'status' AS status, jsonb_array_length(r->'events') AS events
  FROM oms_command(jsonb_build_object('commandType', 'PlaceOrderCommand', 'commandId', 'size-1', 'correlationId', 'cor', 'transactTime', '2026-03-02T09:30:00Z', 'orderId', 's2', 'children',
    (SELECT jsonb_agg(jsonb_build_object('orderId', 's2.' || n, 'orderQty', 0.5, 'price', 7, 'text', 'number ' || n)) FROM generate_series(1, 600) AS n))) AS r;
SELECT payload->'command' AS command, payload->>'commandId' AS command_id, payload->>'correlationId' AS correlation_id FROM oms.order_events WHERE aggregate_id = 's2.7';
SELECT octet_length(payload::text) > 40000 AS the_placement_itself FROM oms.order_events WHERE aggregate_id = 's2' ORDER BY version DESC LIMIT 1;
SELECT sum(octet_length(payload::text)) < 1000000 AS small FROM oms.order_events WHERE aggregate_id LIKE 's2.%';
-- A split of a wide tree: a long command stands in the events of the others as its short.
SELECT oms_command(jsonb_build_object('commandType', 'RestateOrderCommand', 'orderId', 's2', 'quantityFactor', 2, 'attributes', jsonb_build_object('a', repeat('x', 50000))))->>'status' AS split;
SELECT octet_length(payload->>'command') > 50000 AS whole, count(*), max(octet_length(payload->>'command')) < 300 AS short FROM oms.order_events WHERE root_id = 's2' AND transition IN (232, 345) GROUP BY 1 ORDER BY 1;

-- What members have of a fill stands with it, and counts: who wants to give more parts of one fill than it can name is refused. What is there is taken back, corrected and busted as ever.
SELECT count(pg_temp.do(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'sm' || n, 'symbol', 'X', 'side', 'BUY', 'orderQty', 1000))) FROM generate_series(1, 20) AS n;
SELECT pg_temp.do(jsonb_build_object('commandType', 'CreateBlockOrderCommand', 'orderId', 'sb', 'members', (SELECT jsonb_agg(jsonb_build_object('orderId', 'sm' || n, 'quantity', 1000)) FROM generate_series(1, 20) AS n)));
SELECT pg_temp.do(format('{"commandType": "ExecuteOrderCommand", "orderId": "sb", "executionId": "sb-%1$s", "execID": "%1$s", "lastQty": 1000, "lastPx": 10}', n)::jsonb) FROM generate_series(1, 2) AS n;
CREATE FUNCTION pg_temp.share(execution text) RETURNS text LANGUAGE sql AS $$
  SELECT left(pg_temp.do(format('{"commandType": "AllocateExecutionCommand", "executionId": "%s", "method": "EQUAL", "quantity": 20, "reason": "part"}', execution)::jsonb), 50) $$;
SELECT r, count(*) BETWEEN 2 AND 38 AS some FROM (SELECT pg_temp.share('sb-1') AS r FROM generate_series(1, 40)) AS s GROUP BY 1 ORDER BY 1;
SELECT octet_length(allocations::text) + octet_length(allocation_terms::text) BETWEEN 5000 AND 11500 AS bounded FROM oms.executions WHERE id = 'sb-1';
SELECT pg_temp.do('{"commandType": "DeallocateExecutionCommand", "executionId": "sb-1", "orderId": "sm1"}'), pg_temp.share('sb-1'), pg_temp.share('sb-2');
SELECT pg_temp.do(jsonb_build_object('commandType', 'CorrectExecutionCommand', 'executionId', 'sb-1', 'execID', 'c1', 'lastPx', 10.0123456789, 'text', repeat('x', 20000)));
SELECT pg_temp.do('{"commandType": "BustExecutionCommand", "executionId": "sb-1", "execID": "b1"}');

-- Quotes as large as they may be: another one can be dealt, and what ends them is said.
SELECT pg_temp.do('{"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "sr", "symbol": "X", "side": "BUY", "orderQty": 10}');
SELECT pg_temp.do(jsonb_build_object('commandType', 'CreateQuoteCommand', 'quoteRequestId', 'sr', 'quoteId', 'sq' || n, 'dealer', 'D' || n, 'offerPx', n, 'attributes', jsonb_build_object('a', repeat('x', 10922 - 9)))) FROM generate_series(1, 3) AS n;
SELECT pg_temp.do('{"commandType": "CancelQuoteCommand", "quoteId": "sq3"}'), pg_temp.do('{"commandType": "AcceptQuoteCommand", "quoteId": "sq1", "orderId": "so"}');
SELECT id, status, reason, octet_length(attributes::text) AS attributes FROM oms.quotes WHERE id LIKE 'sq_' ORDER BY id;

-- What rules say stands in the event, once for all slices, and never more than 16 kB of it.
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message, severity)
  SELECT 'sizes-' || n, 'order', c, p, repeat('m', 1000), 'WARN' FROM generate_series(1, 30) AS n,
    (VALUES ('CreateOrderCommand', 'command ->> ''price'' = ''1'''), ('UpdateOrderCommand', '(command ->> ''text'')::numeric > 1')) AS v (c, p) WHERE (c = 'CreateOrderCommand') = (n <= 3);
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "sf", "symbol": "X", "side": "BUY", "orderQty": 1000, "price": 1}'),
  pg_temp.do(jsonb_build_object('commandType', 'PlaceOrderCommand', 'orderId', 'sf', 'children', (SELECT jsonb_agg(jsonb_build_object('orderQty', 1, 'price', 2)) FROM generate_series(1, 500)))),
  pg_temp.do(jsonb_build_object('commandType', 'UpdateOrderCommand', 'orderId', 'sf', 'text', repeat('y', 10000)));
SELECT version, jsonb_array_length(payload->'findings') AS findings, octet_length(payload->>'findings') < 17000 AS bounded, length(payload #>> '{findings,0,why}') AS why, payload->'findings'->-1->'more' AS more
  FROM oms.order_events WHERE aggregate_id = 'sf' AND payload->'findings' IS NOT NULL ORDER BY version;
\set VERBOSITY terse
UPDATE oms.validation_rules SET message = repeat('m', 1001) WHERE name = 'sizes-1';
\set VERBOSITY default
DELETE FROM oms.validation_rules WHERE name LIKE 'sizes-%';

-- A client order that is full to the byte: why it waits on the desk has no room beside it, and it waits there all the same.
CREATE FUNCTION pg_temp.full_order(id text, size integer) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('orderId', id, 'symbol', 'SIZES-FULL', 'side', 'BUY', 'orderQty', 10, 'attributes', jsonb_build_object('a', repeat('x', size))) $$;
SELECT max(n) AS most FROM generate_series(10850, 10922) AS n WHERE pg_temp.do('{"commandType": "CreateOrderCommand"}' || pg_temp.full_order('so' || n, n)) = 'ACCEPTED' \gset
SELECT pg_temp.do(jsonb_build_object('commandType', 'SendOrderToDeskCommand', 'orderId', 'so' || :most, 'reason', repeat('why ', 30))) <> 'ACCEPTED' AS is_full;
INSERT INTO oms.routing_rules (name, priority, predicate, reason) VALUES ('sizes-full', 1, $$cur.symbol = 'SIZES-FULL'$$, repeat('why ', 30));
SELECT r #>> '{routing,action}' AS action, r #>> '{state,deskStatus}' AS desk_status, r #>> '{routing,reason}' AS reason
  FROM oms_service('SubmitClientOrder', pg_temp.full_order('sfull', :most)) AS r;
DELETE FROM oms.routing_rules WHERE name = 'sizes-full';
INSERT INTO oms.trading_halts (name, symbol, reason) VALUES ('sizes-full', 'SIZES-FULL', repeat('why ', 30));
SELECT r #>> '{state,deskStatus}' AS desk_status, r #>> '{state,deskReason}' AS reason FROM oms_command('{"commandType": "CreateOrderCommand"}' || pg_temp.full_order('shalt', :most)) AS r;
DELETE FROM oms.trading_halts WHERE name = 'sizes-full';

-- No event is larger than a sixth more than a command, and 64 kB.
SELECT max(octet_length(payload::text)) <= 65536 * 7 / 6 + 64 * 1024 AS bounded FROM oms.all_events WHERE sequence > :before;
SELECT * FROM oms.verify();

-- Many large states: the answer names the rest of the orders by what tells them.
RESET oms_state.command_size;
BEGIN;
SELECT oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'w', 'symbol', 'X', 'side', 'BUY', 'orderQty', 1000))->>'status' AS made;
SELECT count(oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'w' || n, 'parentId', 'w', 'orderQty', 1, 'attributes', jsonb_build_object('a', repeat('x', 130000))))) FROM generate_series(1, 270) AS n;
SELECT r->>'status' AS status, r->>'truncated' AS truncated, jsonb_array_length(r->'orders') AS orders, r #> '{orders,269}' AS one_of_the_last, octet_length(r::text) < 40000000 AS bounded
  FROM oms_command('{"commandType": "RestateOrderCommand", "orderId": "w", "quantityFactor": 2}') AS r;
ROLLBACK;

-- Any number of fills of orders that nobody knows, in one transaction: a few locks for all of them.
BEGIN;
SELECT r->>'status' AS status, count(*)
  FROM oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'nobody knows', 'execID', 'u' || n, 'lastQty', 1, 'lastPx', 1))
                       FROM generate_series(1, 15000) AS n)) AS r GROUP BY 1;
SELECT count(*) < 1100 AS few FROM pg_locks WHERE locktype = 'object' AND pid = pg_backend_pid();
ROLLBACK;
