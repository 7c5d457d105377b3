-- oms.preview_command(): what a command would do, with nothing done. oms.propose_placement(): what a policy would make of an order that somebody places by hand.
-- Broken by: a preview that writes, numbers, claims or keeps anything; one that passes what the command itself is refused for. Who may ask is told in t/147_gateway_desk.pl.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE FUNCTION pg_temp.do(what text, fields jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT oms_try_command(jsonb_build_object('commandType', what || 'Command') || fields) $$;
CREATE FUNCTION pg_temp.preview(what text, fields jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT oms.preview_command(jsonb_build_object('commandType', what || 'Command') || fields) - 'commandId' $$;
SELECT pg_temp.do('CreateOrder', '{"orderId": "pv-1", "clOrdID": "pv-1", "symbol": "PV", "side": "BUY", "orderQty": 1000, "price": 10.50}') ->> 'status' AS made;

-- What there is: rows and numbers of all that a command may leave.
CREATE FUNCTION pg_temp.left_behind() RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', (SELECT count(*) FROM oms.orders), (SELECT count(*) FROM oms.order_events), (SELECT count(*) FROM oms.executions), (SELECT count(*) FROM oms.execution_events),
                   (SELECT count(*) FROM oms.commands), (SELECT count(*) FROM oms.cl_ord_ids), (SELECT count(*) FROM oms.rejected_commands), (SELECT count(*) FROM oms.root_ids),
                   (SELECT last_value FROM oms.event_sequence), (SELECT string_agg(version || '/' || tree_version, ' ' ORDER BY id) FROM oms.orders WHERE id LIKE 'pv-%'))
$$;
SELECT pg_temp.left_behind() AS before \gset
SELECT r -> 'state' ->> 'unplacedQuantity' AS unplaced, r -> 'state' ->> 'version' AS version, r -> 'events' AS events, jsonb_path_query_array(r, '$.orders[*].orderId') AS orders, r ? 'token' AS token
  FROM pg_temp.preview('PlaceOrder', '{"orderId": "pv-1", "children": [{"orderId": "pv-2", "clOrdID": "pv-2", "orderQty": 400, "price": 10.50, "destination": "XPV"}]}') AS r;
SELECT r ->> 'status' AS status, r #>> '{state,status}' AS of_it, jsonb_path_query_array(r, '$.orders[*].executedQuantity') AS executed, jsonb_path_query_array(r, '$.orders[*].avgPx') AS avg_px
  FROM pg_temp.preview('ExecuteOrder', '{"orderId": "pv-1", "execID": "pv-E1", "lastQty": 250, "lastPx": 10.25}') AS r;

-- What refuses the command refuses its preview: a rule, the state machine, a version, an id, a name, a field; and none is kept.
SELECT what, r #>> '{error,sqlstate}' AS sqlstate, r #>> '{error,message}' AS message, r #>> '{error,rule}' AS rule
  FROM (VALUES ('PlaceOrder', '{"orderId": "pv-1", "children": [{"orderQty": 1001}]}'), ('AcceptOrder', '{"orderId": "pv-1"}'), ('CancelOrder', '{"orderId": "pv-1", "expectedVersion": 7}'),
               ('CancelOrder', '{"orderId": "pv-none"}'), ('CreateOrder', '{"orderId": "pv-1", "symbol": "PV", "side": "BUY", "orderQty": 1}'),
               ('CreateOrder', '{"clOrdID": "pv-1", "symbol": "PV", "side": "BUY", "orderQty": 1}'), ('PlaceOrder', '{"orderId": "pv-1", "children": [{"clOrdID": "pv-1", "orderQty": 1}]}'),
               ('CreateQuoteRequest', '{"quoteRequestId": "pv-1", "symbol": "PV", "side": "BUY", "orderQty": 1}'),
               ('CreateOrder', '{"symbol": "PV", "side": "BUY", "orderQty": 1, "unknown": 1}'), ('Nothing', '{}')) AS t (what, fields)
 CROSS JOIN LATERAL pg_temp.preview(what, fields::jsonb) AS r;
SELECT oms.preview_command(NULL) #>> '{error,sqlstate}' AS of_null, oms.preview_command('[1]') #>> '{error,sqlstate}' AS of_an_array;
SELECT pg_temp.left_behind() = :'before' AS nothing_is_left;

-- A repeat is told as one; a preview is not remembered, so what comes after it under its commandId is none.
SELECT pg_temp.do('UpdateOrder', '{"orderId": "pv-1", "commandId": "pv-c", "text": "a"}') ->> 'status' AS done, pg_temp.preview('UpdateOrder', '{"orderId": "pv-1", "commandId": "pv-c", "text": "a"}') -> 'duplicate' AS repeat,
       pg_temp.preview('UpdateOrder', '{"orderId": "pv-1", "commandId": "pv-d", "text": "a"}') ->> 'status' AS previewed;
SELECT pg_temp.do('UpdateOrder', '{"orderId": "pv-1", "commandId": "pv-d", "text": "b"}') -> 'duplicate' AS never_done_before;

-- In one call with commands it sees what they did.
BEGIN;
SELECT pg_temp.do('CancelOrder', '{"orderId": "pv-1"}') ->> 'status' AS cancelled;
SELECT pg_temp.preview('CancelOrder', '{"orderId": "pv-1"}') #>> '{error,sqlstate}' AS then_refused;
ROLLBACK;
SET default_transaction_read_only = on;
SELECT oms.preview_command('{}');
RESET default_transaction_read_only;

-- The policy's proposal is what PlaceOrderCommand takes.
INSERT INTO oms.placement_policies (name, priority, predicate, destinations, lot) VALUES ('pv', 1, 'cur.symbol = ''PV''', '[{"destination": "XA", "weight": 2}, {"destination": "XB"}]', 100);
SELECT jsonb_pretty(oms.propose_placement('pv-1')) AS proposal;
SELECT pg_temp.preview('PlaceOrder', jsonb_build_object('orderId', 'pv-1', 'children', oms.propose_placement('pv-1') -> 'children')) #>> '{state,unplacedQuantity}' AS would_be_left;
SELECT pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pv-1', 'children', oms.propose_placement('pv-1') -> 'children')) #>> '{state,unplacedQuantity}' AS is_left;
SELECT oms.propose_placement('pv-1');
SELECT oms.propose_placement((SELECT id FROM oms.orders WHERE parent_id = 'pv-1' LIMIT 1)) IS NULL AS of_a_child;
SELECT oms.propose_placement('pv-none');
DELETE FROM oms.placement_policies WHERE name = 'pv';

SELECT * FROM oms.verify() WHERE root_id LIKE 'pv-%';
