-- commandId: the same command twice has one effect and one result.
-- Broken by: a repeat applied again, a refusal remembered, an id of one user taken for another's.

CREATE FUNCTION pg_temp.brief(r jsonb, OUT status text, OUT duplicate jsonb, OUT object text, OUT version text, OUT executed text, OUT sqlstate text)
  LANGUAGE sql AS $$
  SELECT r->>'status', r->'duplicate', coalesce(r->'state'->>'executionId', r->'state'->>'orderId'), r->'state'->>'version',
    r->'orders'->0->>'executedQuantity', r->'error'->>'sqlstate' $$;

SELECT * FROM pg_temp.brief(oms_command('{"commandType": "CreateOrderCommand", "commandId": "rep-1", "orderId": "rep-A", "symbol": "X", "side": "BUY", "orderQty": 100}'));
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "CreateOrderCommand", "commandId": "rep-1", "orderId": "rep-A", "symbol": "X", "side": "BUY", "orderQty": 100}'));

-- The first result comes back, also when the order has moved on; equal content means equal as jsonb.
CREATE TEMP TABLE first AS SELECT oms_command('{"commandType": "ExecuteOrderCommand", "commandId": "rep-2", "orderId": "rep-A", "lastQty": 40, "lastPx": 7}') AS r;
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "ExecuteOrderCommand", "commandId": "rep-3", "orderId": "rep-A", "executionId": "rep-X2", "lastQty": 10, "lastPx": 7}'));
SELECT (again.r - 'duplicate') = first.r AS the_same, again.r->'duplicate' AS duplicate
  FROM first, oms_command('{"lastPx": 7.0, "lastQty": 40, "orderId": "rep-A", "commandId": "rep-2",  "commandType": "ExecuteOrderCommand"}') AS again (r);
SELECT executed_quantity, version FROM oms.orders WHERE id = 'rep-A';

-- No id given: the repeat names the order that was made.
SELECT count(DISTINCT oms_command('{"commandType": "CreateOrderCommand", "commandId": "rep-4", "symbol": "REP", "side": "BUY", "orderQty": 1}')->'state'->>'orderId')
  FROM generate_series(1, 3);
SELECT count(*) FROM oms.orders WHERE symbol = 'REP';

-- Other content under the same id.
SELECT * FROM pg_temp.brief(oms_try_command('{"commandType": "ExecuteOrderCommand", "commandId": "rep-2", "orderId": "rep-A", "lastQty": 41, "lastPx": 7}'));
SELECT * FROM pg_temp.brief(oms_try_command('{"commandType": "CancelOrderCommand", "commandId": "rep-2", "orderId": "rep-A"}'));

-- Content is compared as a whole: jsonb_hash_extended() gives both of these the same 64 bits, and quantities change places.
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "CreateOrderCommand", "orderId": "rep-P", "symbol": "X", "side": "BUY", "orderQty": 3000}'));
CREATE FUNCTION pg_temp.placement(VARIADIC quantities integer[]) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('commandType', 'PlaceOrderCommand', 'commandId', 'rep-12', 'orderId', 'rep-P', 'children',
    (SELECT jsonb_agg(jsonb_build_object('orderId', 'rep-P' || n, 'clOrdID', 'rep-P' || n, 'orderQty', q, 'destination', 'XLON') ORDER BY n)
       FROM unnest(quantities) WITH ORDINALITY AS u (q, n))) $$;
SELECT jsonb_hash_extended(pg_temp.placement(100, 200, 300, 400, 500, 600), 0) = jsonb_hash_extended(pg_temp.placement(500, 200, 300, 400, 100, 600), 0) AS collide;
SELECT * FROM pg_temp.brief(oms_command(pg_temp.placement(100, 200, 300, 400, 500, 600)));
SELECT * FROM pg_temp.brief(oms_try_command(pg_temp.placement(500, 200, 300, 400, 100, 600)));
SELECT * FROM pg_temp.brief(oms_command(pg_temp.placement(100, 200, 300, 400, 500, 600)));
SELECT id, order_qty FROM oms.orders WHERE parent_id = 'rep-P' ORDER BY id;
-- A row that version 0.1.0 wrote has 64 bits only: what its event carries decides; without an event, the 64 bits do.
BEGIN;
UPDATE oms.commands SET content_hash = NULL, command_hash = jsonb_hash_extended(pg_temp.placement(100, 200, 300, 400, 500, 600), 0) WHERE command_id = 'rep-12';
SELECT * FROM pg_temp.brief(oms_try_command(pg_temp.placement(500, 200, 300, 400, 100, 600)));
SELECT * FROM pg_temp.brief(oms_command(pg_temp.placement(100, 200, 300, 400, 500, 600)));
UPDATE oms.commands SET sequences = NULL WHERE command_id = 'rep-12';
SELECT * FROM pg_temp.brief(oms_command(pg_temp.placement(100, 200, 300, 400, 500, 600)));
SELECT * FROM pg_temp.brief(oms_try_command(pg_temp.placement(100, 200, 300, 400, 500, 601)));
ROLLBACK;
-- Equal as jsonb: other spaces, another order of keys, another number of zeros; not a number as a string.
SELECT * FROM pg_temp.brief(oms_command('{"orderId": "rep-P", "commandId": "rep-13", "commandType": "UpdateOrderCommand", "attributes": {"a": [1.0, {"b": 100}], "c": "1.0"}}'));
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "UpdateOrderCommand", "commandId":"rep-13", "orderId":"rep-P", "attributes": {"c": "1.0", "a": [1, {"b": 1e2}]}}'));
SELECT * FROM pg_temp.brief(oms_try_command('{"commandType": "UpdateOrderCommand", "commandId":"rep-13", "orderId":"rep-P", "attributes": {"c": "1", "a": [1, {"b": 100}]}}'));
SELECT * FROM pg_temp.brief(oms_try_command('{"commandType": "UpdateOrderCommand", "commandId":"rep-13", "orderId":"rep-P", "attributes": {"c": 1.0, "a": [1, {"b": 100}]}}'));

-- A repeat goes before every other check: version, state, unknown fields of a first refusal.
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "UpdateOrderCommand", "commandId": "rep-5", "orderId": "rep-A", "expectedVersion": 3, "text": "t"}'));
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "UpdateOrderCommand", "commandId": "rep-5", "orderId": "rep-A", "expectedVersion": 3, "text": "t"}'));
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "CancelOrderCommand", "commandId": "rep-6", "orderId": "rep-A"}'));
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "CancelOrderCommand", "commandId": "rep-6", "orderId": "rep-A"}'));

-- Refusals are not remembered: the same command may succeed later.
SELECT * FROM pg_temp.brief(oms_try_command('{"commandType": "CancelOrderCommand", "commandId": "rep-7", "orderId": "rep-B"}'));
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "CreateOrderCommand", "orderId": "rep-B", "symbol": "X", "side": "BUY", "orderQty": 1}'));
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "CancelOrderCommand", "commandId": "rep-7", "orderId": "rep-B"}'));

-- Nor is what was rolled back.
BEGIN;
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "CreateOrderCommand", "commandId": "rep-8", "orderId": "rep-C", "symbol": "X", "side": "BUY", "orderQty": 1}'));
ROLLBACK;
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "CreateOrderCommand", "commandId": "rep-8", "orderId": "rep-C", "symbol": "X", "side": "BUY", "orderQty": 1}'));

-- Within one batch, and in one transaction.
SELECT b.* FROM oms_commands('[{"commandType": "ExecuteOrderCommand", "commandId": "rep-9", "orderId": "rep-C", "executionId": "rep-X3", "lastQty": 1, "lastPx": 1},
  {"commandType": "ExecuteOrderCommand", "commandId": "rep-9", "orderId": "rep-C", "executionId": "rep-X3", "lastQty": 1, "lastPx": 1}]') AS batch (r), pg_temp.brief(r) b;
SELECT status, executed_quantity FROM oms.orders WHERE id = 'rep-C';

-- A repeat of a command that made no event (an execution that was itself a repeat).
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "CreateOrderCommand", "orderId": "rep-D", "symbol": "X", "side": "BUY", "orderQty": 10}'));
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "ExecuteOrderCommand", "commandId": "rep-10", "orderId": "rep-D", "executionId": "rep-X4", "execID": "E1", "lastQty": 3, "lastPx": 1}'));
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "ExecuteOrderCommand", "commandId": "rep-11", "orderId": "rep-D", "executionId": "rep-X5", "execID": "E1", "lastQty": 3, "lastPx": 1}'));
SELECT * FROM pg_temp.brief(oms_command('{"commandType": "ExecuteOrderCommand", "commandId": "rep-11", "orderId": "rep-D", "executionId": "rep-X5", "execID": "E1", "lastQty": 3, "lastPx": 1}'));
SELECT * FROM pg_temp.brief(oms_try_command('{"commandType": "ExecuteOrderCommand", "commandId": "rep-11", "orderId": "rep-D", "lastQty": 4, "lastPx": 1}'));
SELECT executed_quantity FROM oms.orders WHERE id = 'rep-D';
SELECT count(*) FROM oms.executions WHERE order_id = 'rep-D';

-- A repeat answers with the state that the first time did: also of an order that only kept the report of a leg, and of an execution whose order alone has an event.
CREATE FUNCTION pg_temp.told(command jsonb, OUT events text, OUT execution text, OUT about text, OUT version text, OUT duplicate text) LANGUAGE sql AS $$
  SELECT (SELECT string_agg(e->>'aggregateType', ' ') FROM jsonb_array_elements(r->'events') e), r->'state'->>'executionId', r->'state'->>'orderId', r->'state'->>'version', r->>'duplicate'
  FROM oms_command(command) r $$;
SELECT * FROM pg_temp.told('{"commandType": "ExecuteOrderCommand", "commandId": "rep-20", "orderId": "rep-D", "execID": "E2", "multiLegReportingType": "2", "lastQty": 1, "lastPx": 1}');
SELECT * FROM pg_temp.told('{"commandType": "ExecuteOrderCommand", "commandId": "rep-20", "orderId": "rep-D", "execID": "E2", "multiLegReportingType": "2", "lastQty": 1, "lastPx": 1}');
SELECT * FROM pg_temp.told('{"commandType": "ExecuteOrderCommand", "commandId": "rep-21", "orderId": "rep-D", "execID": "E1", "lastQty": 3, "lastPx": 1, "cumQty": 7}');
SELECT * FROM pg_temp.told('{"commandType": "ExecuteOrderCommand", "commandId": "rep-21", "orderId": "rep-D", "execID": "E1", "lastQty": 3, "lastPx": 1, "cumQty": 7}');

-- An id belongs to the session user who used it first.
CREATE ROLE regress_repeats LOGIN;
GRANT EXECUTE ON FUNCTION oms_command(jsonb) TO regress_repeats;
SET SESSION AUTHORIZATION regress_repeats;
SELECT oms_command('{"commandType": "CreateOrderCommand", "commandId": "rep-1", "orderId": "rep-E", "symbol": "X", "side": "BUY", "orderQty": 2}')->'duplicate' AS duplicate;
RESET SESSION AUTHORIZATION;
REVOKE ALL ON FUNCTION oms_command(jsonb) FROM regress_repeats;
DROP ROLE regress_repeats;
SELECT actor = current_user AS mine, command_id, aggregate_id FROM oms.commands WHERE command_id = 'rep-1' ORDER BY aggregate_id;

SELECT * FROM oms.verify();
