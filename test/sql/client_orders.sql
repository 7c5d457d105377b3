-- Shipped services on client orders. What breaks if a cancel of a client order cancels what is at a counterparty, or leaves what
-- never left; if the root ends before its last child, or not with it; if a repeat does anything.
\set VERBOSITY default
\set SHOW_CONTEXT never

CREATE FUNCTION pg_temp.try(name text, arguments jsonb) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE
  r jsonb;
  m text; d text; s text;
BEGIN
  r := oms_service(name, arguments);
  RETURN concat_ws(' ', r->>'status', r->>'duplicate', r->>'commandId', r->'result', r #>> '{state,status}',
                   (SELECT jsonb_agg(e->>'eventType' || ' ' || (e->>'aggregateId')) FROM jsonb_array_elements(r->'events') AS e));
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, s = RETURNED_SQLSTATE;
  RETURN s || ' ' || m || ' - ' || regexp_replace(d, 'at \d{4}[-0-9:. +]*', 'at TIME ');
END $f$;
CREATE FUNCTION pg_temp.orders(pattern text) RETURNS TABLE (id text, status text, desk text, qty numeric, executed numeric, leaves numeric, unplaced numeric, live bigint, requests text) LANGUAGE sql AS $f$
  SELECT id, status, desk_status, order_qty, executed_quantity, leaves_quantity, unplaced_quantity, live_children,
         (SELECT string_agg(concat_ws(' ', r->>'kind', r->>'clOrdID'), ', ') FROM jsonb_array_elements(pending_requests) AS r)
    FROM oms.orders WHERE id LIKE pattern ORDER BY id COLLATE "C"
$f$;
CREATE FUNCTION pg_temp.order(id text, parent text, quantity numeric, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $f$
  SELECT oms_command(jsonb_strip_nulls(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', id, 'clOrdID', id, 'parentId', parent, 'symbol', 'CO', 'side', 'BUY', 'orderQty', quantity)) || more) ->> 'status'
$f$;
CREATE FUNCTION pg_temp.at_broker(id text) RETURNS text LANGUAGE sql AS $f$
  SELECT oms_command(jsonb_build_object('commandType', 'AcceptOrderCommand', 'orderId', id, 'orderID', 'B-' || id, 'execType', 'NEW')) #>> '{state,status}'
$f$;

-- Two children at a broker, one of them below an order of the house, and two that never left
SELECT pg_temp.order('cc-1', NULL, 100), pg_temp.order('cc-1a', 'cc-1', 30, '{"pending": true}'), pg_temp.order('cc-1b', 'cc-1', 20), pg_temp.order('cc-1c', 'cc-1', 40),
       pg_temp.order('cc-1c1', 'cc-1c', 10, '{"pending": true}'), pg_temp.order('cc-1c2', 'cc-1c', 5);
SELECT pg_temp.at_broker('cc-1a'), pg_temp.at_broker('cc-1c1');
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "cc-1", "commandId": "cc-c1", "reason": "enough"}');
SELECT * FROM pg_temp.orders('cc-1%');
SELECT command_id FROM oms.commands WHERE command_id LIKE 'cc-c1%' ORDER BY command_id COLLATE "C";
-- A repeat; another tree by the same id; once more: all that could be asked has been
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "cc-1", "commandId": "cc-c1", "reason": "enough"}');
SELECT pg_temp.order('cc-2', NULL, 100);
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "cc-2", "commandId": "cc-c1"}');
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "cc-1"}');
-- The brokers answer: one fills, one is cancelled; the root ends with the last
SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "cc-1c1", "execType": "CANCELLED", "orderID": "B-cc-1c1"}') #>> '{state,status}';
SELECT * FROM pg_temp.orders('cc-1%');
SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "cc-1a", "execID": "E1", "lastQty": 12, "lastPx": 1}') #>> '{state,status}';
SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "cc-1a", "execType": "CANCELLED", "orderID": "B-cc-1a"}') #>> '{state,status}';
SELECT * FROM pg_temp.orders('cc-1%');
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "cc-1"}');
-- What nobody has: at once
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "cc-2"}');
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "cc-none"}');
SELECT pg_temp.try('CancelClientOrder', '{}');
-- A child refuses: it works on, and the root waits for it
SELECT pg_temp.order('cc-3', NULL, 10), pg_temp.order('cc-3a', 'cc-3', 10, '{"pending": true}'), pg_temp.at_broker('cc-3a');
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "cc-3", "clOrdIDPattern": "X-{clOrdID}"}');
SELECT oms_command('{"commandType": "RejectCancelOrderCommand", "orderId": "cc-3a", "clOrdID": "X-cc-3a", "reason": "too late"}') #>> '{state,status}';
SELECT * FROM pg_temp.orders('cc-3%');
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "cc-3"}');
SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "cc-3a", "execID": "E1", "lastQty": 10, "lastPx": 1}') #>> '{state,status}';
SELECT * FROM pg_temp.orders('cc-3%');
-- A client's own session is no counterparty; another one is
INSERT INTO oms.fix_sessions (session, direction) VALUES ('CLI|US', 'CLIENT');
CREATE FUNCTION pg_temp.d(sender text, target text, cl_ord_id text) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE
  body text := replace(format('35=D|49=%s|56=%s|34=1|52=20260302-09:30:00|11=%s|55=CO|54=1|38=50|40=2|44=1|60=20260302-09:30:00|', sender, target, cl_ord_id), '|', E'\x01');
  message text := E'8=FIX.4.4\x01' || '9=' || octet_length(body) || E'\x01' || body;
BEGIN
  RETURN oms_fix(message || '10=' || lpad((SELECT sum(ascii(c)) % 256 FROM regexp_split_to_table(message, '') AS c)::text, 3, '0') || E'\x01') #>> '{results,0,state,status}';
END $f$;
SET oms_state.submit_client_orders = off;
SELECT pg_temp.d('CLI', 'US', 'f1') AS client, pg_temp.d('US', 'BRK', 'f2') AS broker;
RESET oms_state.submit_client_orders;
SELECT regexp_replace(pg_temp.try('CancelClientOrder', jsonb_build_object('orderId', id)), '[0-9a-f]{8}-[-0-9a-f]*', 'ID', 'g') FROM oms.orders WHERE cl_ord_id IN ('f1', 'f2') ORDER BY cl_ord_id;
-- The desk: whoever has claimed it may, others may not; a plan goes with its order
SELECT pg_temp.order('cc-4', NULL, 100), oms_command('{"commandType": "PlaceOrderCommand", "orderId": "cc-4", "children": [{"clOrdID": "cc-4a", "orderQty": 10}, {"clOrdID": "cc-4b", "orderQty": 10, "placeAt": "2099-01-01T00:00:00Z"}]}') ->> 'status';
SELECT oms_command('{"commandType": "SendOrderToDeskCommand", "orderId": "cc-4", "reason": "look"}') #>> '{state,deskStatus}';
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "cc-4"}') LIKE 'ACCEPTED CANCELLED%' AS cancelled;
SELECT status, desk_status, planned_slices, next_placement_at FROM oms.orders WHERE id = 'cc-4';
-- A member of a block waits for it
SELECT pg_temp.order('cc-5', NULL, 10), oms_command('{"commandType": "CreateBlockOrderCommand", "orderId": "cc-5b", "members": [{"orderId": "cc-5", "quantity": 10}]}') ->> 'status';
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "cc-5"}');
SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "cc-5b"}') #>> '{state,status}';
SELECT * FROM pg_temp.orders('cc-5%');
-- A repeat that names another order of the tree is none, above or below; without the order's own command only where its cancel was requested before
SELECT pg_temp.order('cc-7', NULL, 10), pg_temp.order('cc-7a', 'cc-7', 4), pg_temp.order('cc-7b', 'cc-7', 4);
SELECT oms_command('{"commandType": "AcceptOrderCommand", "orderId": "cc-7b", "orderID": "B-cc-7b", "execType": "NEW"}') #>> '{state,status}';
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "cc-7a", "commandId": "cc-c7"}'), pg_temp.try('CancelClientOrder', '{"orderId": "cc-7", "commandId": "cc-c7"}');
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "cc-7", "commandId": "cc-c8"}') LIKE 'ACCEPTED % PENDING_CANCEL%' AS asked, pg_temp.try('CancelClientOrder', '{"orderId": "cc-7b", "commandId": "cc-c8"}'),
       pg_temp.try('CancelClientOrder', '{"orderId": "cc-7", "commandId": "cc-c8"}') ~ 'true' AS duplicate;
-- A rule that refuses one of them refuses all
SELECT pg_temp.order('cc-6', NULL, 10), pg_temp.order('cc-6a', 'cc-6', 4), pg_temp.order('cc-6b', 'cc-6', 4);
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES ('cc_no', 'order', 'CancelOrderCommand', 'cur.id <> ''cc-6a''', 'not that one');
SELECT pg_temp.try('CancelClientOrder', '{"orderId": "cc-6", "commandId": "cc-c6"}');
SELECT * FROM pg_temp.orders('cc-6%');
DELETE FROM oms.validation_rules WHERE name = 'cc_no';
DELETE FROM oms.fix_sessions WHERE session = 'CLI|US';
SELECT * FROM oms.verify();
