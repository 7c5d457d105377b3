-- The service ReplaceClientOrder. What breaks if a reduction takes from the wrong child, or more than it must; if the root has its new
-- terms before the last child has answered, or never; if a refusal below is lost; if a repeat does anything; or if anything follows
-- although the routing says desk.
\set VERBOSITY default
\set SHOW_CONTEXT never

CREATE FUNCTION pg_temp.try(name text, arguments jsonb) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE
  r jsonb;
  m text; d text; s text;
BEGIN
  r := oms_service(name, arguments);
  RETURN concat_ws(' ', r->>'status', r->>'duplicate', r->>'commandId', r #>> '{state,status}',
                   (SELECT jsonb_agg(e->>'eventType' || ' ' || (e->>'aggregateId')) FROM jsonb_array_elements(r->'events') AS e));
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, s = RETURNED_SQLSTATE;
  RETURN s || ' ' || m || ' - ' || regexp_replace(d, 'at \d{4}[-0-9:. +]*', 'at TIME ');
END $f$;
CREATE FUNCTION pg_temp.orders(pattern text) RETURNS TABLE (id text, status text, cl text, qty numeric, price numeric, executed numeric, leaves numeric, unplaced numeric, live bigint, requests text) LANGUAGE sql AS $f$
  SELECT id, status, cl_ord_id, order_qty, price, executed_quantity, leaves_quantity, unplaced_quantity, live_children,
         (SELECT string_agg(concat_ws(' ', r->>'request', r->>'clOrdID', r->>'orderQty', r->>'price', 'awaits ' || (r->>'awaits'), r->>'refused'), ', ') FROM jsonb_array_elements(pending_requests) AS r)
    FROM oms.orders WHERE id LIKE pattern ORDER BY id COLLATE "C"
$f$;
CREATE FUNCTION pg_temp.order(id text, parent text, quantity numeric, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $f$
  SELECT oms_command(jsonb_strip_nulls(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', id, 'clOrdID', id, 'parentId', parent, 'symbol', 'RO', 'side', 'BUY', 'orderQty', quantity, 'price', 10)) || more) ->> 'status'
$f$;
CREATE FUNCTION pg_temp.at_broker(id text) RETURNS text LANGUAGE sql AS $f$
  SELECT oms_command(jsonb_build_object('commandType', 'AcceptOrderCommand', 'orderId', id, 'orderID', 'B-' || id, 'execType', 'NEW')) #>> '{state,status}'
$f$;
CREATE FUNCTION pg_temp.report(type text, id text, cl text, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $f$
  SELECT oms_command(jsonb_build_object('commandType', type, 'orderId', id, 'clOrdID', cl, 'execID', type || cl) || more) #>> '{state,status}'
$f$;

-- Two at a broker, one above another at one, one that never left; 10 are unplaced
SELECT pg_temp.order('rc-1', NULL, 100), pg_temp.order('rc-1a', 'rc-1', 30), pg_temp.order('rc-1b', 'rc-1', 20), pg_temp.order('rc-1c', 'rc-1', 30),
       pg_temp.order('rc-1c1', 'rc-1c', 25), pg_temp.order('rc-1d', 'rc-1', 10);
SELECT pg_temp.at_broker('rc-1a'), pg_temp.at_broker('rc-1b'), pg_temp.at_broker('rc-1c1');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-1", "clOrdID": "rc-1-2", "orderQty": 45, "commandId": "rc-c1", "text": "less"}');
SELECT * FROM pg_temp.orders('rc-1%');
SELECT command_id FROM oms.commands WHERE command_id LIKE 'rc-c1%' ORDER BY command_id COLLATE "C";
-- A repeat; the same id with other terms; a second one; what is about to be taken back is placed with nobody
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-1", "clOrdID": "rc-1-2", "orderQty": 45, "commandId": "rc-c1", "text": "less"}');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-1", "clOrdID": "rc-1-2", "orderQty": 46, "commandId": "rc-c1", "text": "less"}');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-1", "orderQty": 40}');
SELECT oms_try_command('{"commandType": "CreateOrderCommand", "parentId": "rc-1", "orderQty": 1, "commandId": "rc-over"}') #- '{error,hint}';
SELECT * FROM oms.verify();
-- The answers, the last one with a fill before it
SELECT pg_temp.report('CancelOrderCommand', 'rc-1c1', 'rc-1c1-R1');
SELECT * FROM pg_temp.orders('rc-1%');
SELECT pg_temp.report('ExecuteOrderCommand', 'rc-1b', 'rc-1b', '{"lastQty": 3, "lastPx": 10}');
SELECT pg_temp.report('ReplaceOrderCommand', 'rc-1b', 'rc-1b-R1');
SELECT * FROM pg_temp.orders('rc-1%');
SELECT event_type, transition, payload #>> '{command,commandType}' AS cause FROM oms.order_events WHERE aggregate_id = 'rc-1' ORDER BY sequence DESC LIMIT 3;
SELECT * FROM oms.verify();

-- One refuses: what the others gave back is unplaced
SELECT pg_temp.order('rc-2', NULL, 100), pg_temp.order('rc-2a', 'rc-2', 50), pg_temp.order('rc-2b', 'rc-2', 50), pg_temp.at_broker('rc-2a'), pg_temp.at_broker('rc-2b');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-2", "orderQty": 20, "clOrdIDPattern": "X{n}-{clOrdID}"}');
SELECT pg_temp.report('RejectReplaceOrderCommand', 'rc-2a', 'X1-rc-2a', '{"text": "too late"}');
SELECT * FROM pg_temp.orders('rc-2%');
SELECT pg_temp.report('CancelOrderCommand', 'rc-2b', 'X1-rc-2b');
SELECT * FROM pg_temp.orders('rc-2%');
SELECT reason, event_type FROM oms.orders AS o JOIN oms.order_events AS e ON e.aggregate_id = o.id AND e.version = o.version WHERE o.id = 'rc-2';

-- Nobody is asked: at once, the children first
SELECT pg_temp.order('rc-3', NULL, 100), pg_temp.order('rc-3a', 'rc-3', 50), pg_temp.order('rc-3b', 'rc-3', 50, '{"price": 9.5}');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-3", "orderQty": 80, "price": 9}');
SELECT * FROM pg_temp.orders('rc-3%');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-3", "price": 11, "orderQty": 200, "expectedVersion": 4}');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-3", "price": 11, "orderQty": 200}');
SELECT * FROM pg_temp.orders('rc-3%');

-- A limit that is stricter reaches a child whose own would be worse
SELECT pg_temp.order('rc-4', NULL, 100), pg_temp.order('rc-4a', 'rc-4', 50, '{"price": 9.8}'), pg_temp.order('rc-4b', 'rc-4', 50, '{"price": 9}'), pg_temp.at_broker('rc-4a'), pg_temp.at_broker('rc-4b');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-4", "price": 9.5}');
SELECT * FROM pg_temp.orders('rc-4%');
-- A cancel supersedes it
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "rc-4"}');
SELECT pg_temp.report('ReplaceOrderCommand', 'rc-4a', 'rc-4a-R1');
SELECT * FROM pg_temp.orders('rc-4%');
SELECT pg_temp.report('CancelOrderCommand', 'rc-4a', 'rc-4a-C1'), pg_temp.report('CancelOrderCommand', 'rc-4b', 'rc-4b-C1');
SELECT * FROM pg_temp.orders('rc-4%');

-- What cannot follow
SELECT pg_temp.order('rc-5', NULL, 100), pg_temp.order('rc-5a', 'rc-5', 100), pg_temp.at_broker('rc-5a');
SELECT oms_command('{"commandType": "RequestReplaceOrderCommand", "orderId": "rc-5a", "clOrdID": "rc-5a2", "price": 9}') #>> '{state,status}';
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-5", "orderQty": 50}');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-none", "orderQty": 50}');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-5"}');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-5", "side": "sideways"}');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-5", "cascadeId": "x"}');
SELECT oms_try_command('{"commandType": "RequestReplaceOrderCommand", "orderId": "rc-5", "cascadeId": "x", "commandId": "rc-x"}') #>> '{error,message}';

-- A rule is asked of the new terms, and refuses all of it
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES ('rc_no', 'order', 'ReplaceOrderCommand', 'cur.id <> ''rc-3''', 'not that one');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-3", "orderQty": 60}');
SELECT * FROM pg_temp.orders('rc-3%');
DELETE FROM oms.validation_rules WHERE name = 'rc_no';

-- The routing says desk on the new terms: it is recorded there, and nothing follows
INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES ('rc_large', 1, 'cur.symbol = ''RO'' AND cur.order_qty > 1000', 'DESK', 'large');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-3", "orderQty": 2000, "price": 12, "clOrdID": "rc-3-9", "commandId": "rc-c3"}');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-3", "orderQty": 2000, "price": 12, "clOrdID": "rc-3-9", "commandId": "rc-c3"}');
SELECT * FROM pg_temp.orders('rc-3%');
SELECT desk_status, desk_reason FROM oms.orders WHERE id = 'rc-3';
SELECT f ->> 'rule' AS rule, f ->> 'answer' AS answer FROM oms.order_events AS e, jsonb_array_elements(e.payload -> 'findings') AS f
 WHERE e.aggregate_id = 'rc-3' AND e.event_type = 'OrderReplaceRequested' AND f ->> 'rule' = 'rc_large';
-- Who has it there decides: under the ClOrdID of what was recorded its terms hold
SELECT oms_command('{"commandType": "ClaimOrderCommand", "orderId": "rc-3"}') #>> '{state,deskStatus}';
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-3", "clOrdID": "rc-3-9"}');
SELECT * FROM pg_temp.orders('rc-3%');
DELETE FROM oms.routing_rules WHERE name = 'rc_large';

-- Broken by hand: found
SELECT pg_temp.order('rc-6', NULL, 10), pg_temp.order('rc-6a', 'rc-6', 10), pg_temp.at_broker('rc-6a');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-6", "orderQty": 5}');
BEGIN;
UPDATE oms.orders SET pending_requests = jsonb_set(pending_requests, '{0,awaits}', '2') WHERE id = 'rc-6';
SELECT id, detail FROM oms.verify_cascades();
UPDATE oms.orders SET pending_requests = jsonb_set(pending_requests, '{0,awaits}', '"many"') WHERE id = 'rc-6';
SELECT id, detail FROM oms.verify_cascades();
UPDATE oms.orders SET pending_requests = NULL WHERE id = 'rc-6a';
SELECT id, detail FROM oms.verify_cascades() ORDER BY detail;
ROLLBACK;
SELECT * FROM oms.verify();

-- Below one that is at a broker, who is ours waits for those below him; nobody else waits for these
SELECT pg_temp.order('rc-m', NULL, 100), pg_temp.order('rc-ma', 'rc-m', 100), pg_temp.order('rc-mb', 'rc-ma', 50), pg_temp.order('rc-mc', 'rc-mb', 50), pg_temp.at_broker('rc-ma'), pg_temp.at_broker('rc-mc');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-m", "price": 9}');
SELECT pg_temp.report('ReplaceOrderCommand', 'rc-ma', 'rc-ma-R1');
SELECT * FROM pg_temp.orders('rc-m%');
SELECT pg_temp.report('ReplaceOrderCommand', 'rc-mc', 'rc-mc-R1');
SELECT * FROM pg_temp.orders('rc-m%');
-- No block works for what a replacement that waits is about to take back, nor by a worse limit than it is about to have
SELECT pg_temp.order('rc-n', NULL, 100), pg_temp.order('rc-na', 'rc-n', 50), pg_temp.at_broker('rc-na');
SELECT pg_temp.try('ReplaceClientOrder', '{"orderId": "rc-n", "price": 9, "orderQty": 60}');
SELECT oms_try_command('{"commandType": "CreateBlockOrderCommand", "orderId": "rc-nb", "price": 9, "members": [{"orderId": "rc-n", "quantity": 11}], "commandId": "rc-n1"}') #- '{error,hint}';
SELECT oms_try_command('{"commandType": "CreateBlockOrderCommand", "orderId": "rc-nb", "price": 10, "members": [{"orderId": "rc-n", "quantity": 10}], "commandId": "rc-n2"}') #- '{error,hint}';
SELECT oms_try_command('{"commandType": "CreateBlockOrderCommand", "orderId": "rc-nb", "price": 9, "members": [{"orderId": "rc-n", "quantity": 10}]}') #>> '{state,status}';
SELECT pg_temp.report('ReplaceOrderCommand', 'rc-na', 'rc-na-R1');
SELECT * FROM pg_temp.orders('rc-n%');
SELECT * FROM oms.verify();
