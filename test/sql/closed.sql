-- closed: an order has ended, and what revives it. In row, event and state, as of a moment, and checked by oms.verify().
-- Broken by: an end or a revival that order_derive() does not see; a state of a version before that is read as open; a verify() that trusts the column.
SET client_min_messages = warning;

CREATE FUNCTION pg_temp.does(command jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result jsonb := oms_try_command(command);
BEGIN
  RETURN coalesce(result #>> '{error,message}', (
    SELECT string_agg(concat_ws(' ', o ->> 'orderId', o ->> 'status', CASE WHEN (o -> 'closed')::boolean THEN 'closed' ELSE 'open' END), ', ' ORDER BY o ->> 'orderId')
      FROM jsonb_array_elements(result -> 'orders') AS o));
END $$;
CREATE FUNCTION pg_temp.creates(id text, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql
  RETURN pg_temp.does(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', id, 'symbol', 'IBM', 'side', 'BUY', 'orderQty', 100) || more);

-- 1. filled, and a fill taken back
SELECT pg_temp.creates('cl-F');
SELECT pg_temp.does('{"commandType": "ExecuteOrderCommand", "orderId": "cl-F", "executionId": "cl-F1", "execID": "F1", "lastQty": 60, "lastPx": 10}');
SELECT pg_temp.does('{"commandType": "ExecuteOrderCommand", "orderId": "cl-F", "executionId": "cl-F2", "execID": "F2", "lastQty": 40, "lastPx": 10}');
SELECT pg_temp.does('{"commandType": "BustExecutionCommand", "executionId": "cl-F2", "execID": "F3"}');
SELECT pg_temp.does('{"commandType": "ReplaceOrderCommand", "orderId": "cl-F", "orderQty": 60}');

-- 2. ended with something left; a request alone ends nothing
SELECT pg_temp.creates('cl-C'), pg_temp.creates('cl-E'), pg_temp.creates('cl-R', '{"pending": true}'), pg_temp.creates('cl-K');
SELECT pg_temp.does('{"commandType": "RequestCancelOrderCommand", "orderId": "cl-C"}');
SELECT pg_temp.does('{"commandType": "CancelOrderCommand", "orderId": "cl-C"}');
SELECT pg_temp.does('{"commandType": "ExpireOrderCommand", "orderId": "cl-E"}');
SELECT pg_temp.does('{"commandType": "RejectOrderCommand", "orderId": "cl-R"}');
SELECT pg_temp.does('{"commandType": "CalculateOrderCommand", "orderId": "cl-K"}');

-- 3. done for the day: a day order has ended, until it is restated; one that is good till another day has not
SELECT pg_temp.creates('cl-D'), pg_temp.creates('cl-G', '{"timeInForce": "GOOD_TILL_CANCEL"}');
SELECT pg_temp.does('{"commandType": "DoneForDayOrderCommand", "orderId": "cl-D"}');
SELECT pg_temp.does('{"commandType": "DoneForDayOrderCommand", "orderId": "cl-G"}');
SELECT pg_temp.does('{"commandType": "RestateOrderCommand", "orderId": "cl-D"}');

-- 4. an order by amount has nothing left, and is open; stopped and suspended ones are
SELECT pg_temp.creates('cl-M', '{"orderQty": null, "cashOrderQty": 5000}'), pg_temp.creates('cl-S');
SELECT pg_temp.does('{"commandType": "SuspendOrderCommand", "orderId": "cl-S"}');

-- 5. a parent is open while its quantity is, and ends with the last child where its end was asked for
SELECT pg_temp.creates('cl-P');
SELECT pg_temp.does('{"commandType": "CreateOrderCommand", "orderId": "cl-P1", "parentId": "cl-P", "orderQty": 100}');
SELECT pg_temp.does('{"commandType": "RequestCancelOrderCommand", "orderId": "cl-P"}');
SELECT pg_temp.does('{"commandType": "CancelOrderCommand", "orderId": "cl-P1"}');

SELECT count(*) AS events, count(*) FILTER (WHERE jsonb_typeof(payload #> '{state,closed}') = 'boolean') AS that_say_it FROM oms.order_events WHERE aggregate_id LIKE 'cl-%';
SELECT o.id, array_agg((oms.order_as_of(o.id, e.occurred_at)).closed ORDER BY e.version) AS closed_as_of
  FROM oms.orders AS o JOIN oms.order_events AS e ON e.aggregate_id = o.id WHERE o.id IN ('cl-D', 'cl-F') GROUP BY o.id ORDER BY o.id;

-- 6. a rule may ask for it
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message)
  VALUES ('open_only', 'order', 'UpdateOrderCommand', 'NOT cur.closed', 'the order has ended');
SELECT pg_temp.does('{"commandType": "UpdateOrderCommand", "orderId": "cl-C", "text": "x"}'), pg_temp.does('{"commandType": "UpdateOrderCommand", "orderId": "cl-S", "text": "x"}');
DELETE FROM oms.validation_rules WHERE name = 'open_only';

-- 7. states of 0.1.0 do not say it: it follows from the rest of them
SELECT o.id, (oms.order_from_state(oms.order_state(o) - 'closed', o.hash)).closed = o.closed AS as_it_is FROM oms.orders AS o WHERE o.id LIKE 'cl-%' ORDER BY o.id;
SELECT oms.order_state_problem(oms.order_state(o) || '{"closed": null}'), oms.order_state_problem(oms.order_state(o) || '{"closed": "yes"}') FROM oms.orders AS o WHERE o.id = 'cl-C';

-- 8. verify() computes it, and rebuild() makes it anew
SELECT * FROM oms.verify();
BEGIN;
UPDATE oms.orders SET closed = NOT closed WHERE id IN ('cl-C', 'cl-D', 'cl-F', 'cl-M');
SELECT invariant, id, detail FROM oms.verify() ORDER BY id, invariant;
SELECT oms.recount_live_children();
SELECT * FROM oms.verify();
UPDATE oms.orders SET closed = NOT closed WHERE id IN ('cl-C', 'cl-D');
SELECT oms.rebuild('orders');
SELECT * FROM oms.verify();
ROLLBACK;
