-- Trees: what children do to their parents, down to depth 3, and what a parent refuses.
-- Broken by: a roll-up that stops short, a reservation not given back, a rule that fires too early or too late.

CREATE FUNCTION pg_temp.do(command jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result jsonb := oms_try_command(command);
BEGIN
  RETURN coalesce(result->'error'->>'sqlstate' || ' ' || coalesce(result->'error'->>'rule', ''), result->>'status');
END $$;

CREATE FUNCTION pg_temp.show(tree text, OUT "order" text, OUT status text, OUT qty numeric, OUT executed numeric, OUT leaves numeric,
    OUT working numeric, OUT unplaced numeric, OUT reserved numeric, OUT allocated numeric, OUT value numeric, OUT avg_px numeric, OUT live bigint)
  RETURNS SETOF record LANGUAGE sql AS $$
  SELECT id, status, order_qty, executed_quantity, leaves_quantity, working_quantity, unplaced_quantity, reserved_quantity,
    allocated_quantity, executed_value, avg_px, live_children
  FROM oms.orders WHERE root_id = tree ORDER BY id $$;

-- A client order of 1000, sliced twice; a slice of a slice.
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t1", "symbol": "VOD.L", "side": "BUY", "orderQty": 1000,
  "currency": "GBP", "account": "ACC-1", "assetClass": "EQUITY"}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t1.1", "parentId": "t1", "orderQty": 600}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t1.1.1", "parentId": "t1.1", "orderQty": 250}');
SELECT * FROM pg_temp.show('t1');

-- A child inherits; another symbol, side or currency is refused.
SELECT id, root_id, parent_id, symbol, side, currency, account, asset_class FROM oms.orders WHERE root_id = 't1' ORDER BY id;
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t1.x", "parentId": "t1", "orderQty": 1, "symbol": "BP.L"}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t1.x", "parentId": "t1", "orderQty": 1, "side": "SELL"}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t1.x", "parentId": "t1", "orderQty": 1, "currency": "USD"}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t1.x", "parentId": "t-none", "orderQty": 1, "symbol": "VOD.L", "side": "BUY"}');

-- Nothing beyond what is unplaced: 400 at the root, 350 at t1.1.
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t1.2", "parentId": "t1", "orderQty": 400.01}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t1.2", "parentId": "t1", "orderQty": 400, "pending": true}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t1.3", "parentId": "t1", "orderQty": 0.01}');
SELECT pg_temp.do('{"commandType": "ReplaceOrderCommand", "orderId": "t1.1", "orderQty": 600.01}');
SELECT pg_temp.do('{"commandType": "ReplaceOrderCommand", "orderId": "t1.1", "orderQty": 249.99}');
SELECT * FROM pg_temp.show('t1');

-- Fills climb to the root: value exact, average of each level its own.
SELECT pg_temp.do('{"commandType": "ExecuteOrderCommand", "orderId": "t1.1.1", "executionId": "t1-X1", "execID": "E1", "lastQty": 100, "lastPx": 10.01}');
SELECT pg_temp.do('{"commandType": "ExecuteOrderCommand", "orderId": "t1.2", "executionId": "t1-X2", "execID": "E2", "lastQty": 200, "lastPx": 10.03}');
SELECT * FROM pg_temp.show('t1');
SELECT id, order_id, root_id, status, quantity, allocated_quantity, allocations FROM oms.executions WHERE root_id = 't1' ORDER BY id;

-- One command, one event for each order that changed.
SELECT e->>'eventType' AS event, e->>'aggregateId' AS object
  FROM jsonb_array_elements(oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "t1.1.1", "executionId": "t1-X3",
    "lastQty": 150, "lastPx": 10.02}')->'events') WITH ORDINALITY AS events (e, n) ORDER BY n;
SELECT * FROM pg_temp.show('t1');

-- A parent ends only when its children have; a child's end changes no parent's status.
SELECT pg_temp.do('{"commandType": "CancelOrderCommand", "orderId": "t1"}');
SELECT pg_temp.do('{"commandType": "ExpireOrderCommand", "orderId": "t1"}');
SELECT pg_temp.do('{"commandType": "CalculateOrderCommand", "orderId": "t1"}');
SELECT pg_temp.do('{"commandType": "CancelOrderCommand", "orderId": "t1.2"}');
SELECT pg_temp.do('{"commandType": "CancelOrderCommand", "orderId": "t1.1"}');
SELECT * FROM pg_temp.show('t1');

-- Late fill: booked and flagged, the remainder it had given back is taken again.
SELECT pg_temp.do('{"commandType": "ExecuteOrderCommand", "orderId": "t1.2", "executionId": "t1-X4", "lastQty": 50, "lastPx": 10.05}');
SELECT id, status, flags FROM oms.orders WHERE root_id = 't1' AND flags IS NOT NULL ORDER BY id;
SELECT id, status, flags FROM oms.executions WHERE id = 't1-X4';
SELECT * FROM pg_temp.show('t1');
SELECT pg_temp.do('{"commandType": "CancelOrderCommand", "orderId": "t1"}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t1.4", "parentId": "t1", "orderQty": 1}');

-- Placing several children at once is all or nothing.
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t2", "symbol": "BP.L", "side": "SELL", "orderQty": 100}');
SELECT pg_temp.do('{"commandType": "PlaceOrderCommand", "orderId": "t2", "children": [{"orderId": "t2.1", "clOrdID": "t2-cl-1", "orderQty": 60, "price": 5.1, "destination": "XLON"},
  {"orderId": "t2.2", "clOrdID": "t2-cl-2", "orderQty": 41}]}');
SELECT * FROM pg_temp.show('t2');
SELECT r->'state'->>'orderId' AS state, jsonb_array_length(r->'orders') AS orders
  FROM oms_command('{"commandType": "PlaceOrderCommand", "orderId": "t2", "children": [{"orderId": "t2.1", "clOrdID": "t2-cl-1", "orderQty": 60, "price": 5.1, "destination": "XLON"},
    {"orderId": "t2.2", "clOrdID": "t2-cl-2", "orderQty": 40}]}') r;
SELECT id, cl_ord_id, price, destination, side FROM oms.orders WHERE parent_id = 't2' ORDER BY id;
SELECT * FROM pg_temp.show('t2');

-- A requested increase reserves at once, and gives back when it is rejected.
SELECT pg_temp.do('{"commandType": "RequestReplaceOrderCommand", "orderId": "t2.1", "clOrdID": "t2-cl-3", "orderQty": 61}');
SELECT pg_temp.do('{"commandType": "CancelOrderCommand", "orderId": "t2.2"}');
SELECT pg_temp.do('{"commandType": "RequestReplaceOrderCommand", "orderId": "t2.1", "clOrdID": "t2-cl-4", "orderQty": 90}');
SELECT * FROM pg_temp.show('t2');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t2.3", "parentId": "t2", "orderQty": 11}');
SELECT pg_temp.do('{"commandType": "RejectReplaceOrderCommand", "orderId": "t2.1", "clOrdID": "t2-cl-4"}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t2.3", "parentId": "t2", "orderQty": 11}');
SELECT * FROM pg_temp.show('t2');

-- A cancel request on a parent: no new children, and the last child's end is the parent's.
SELECT pg_temp.do('{"commandType": "RequestCancelOrderCommand", "orderId": "t2", "clOrdID": "t2-cl-5"}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t2.4", "parentId": "t2", "orderQty": 1}');
SELECT pg_temp.do('{"commandType": "ExecuteOrderCommand", "orderId": "t2.3", "executionId": "t2-X1", "lastQty": 11, "lastPx": 5}');
SELECT id, status FROM oms.orders WHERE root_id = 't2' ORDER BY id;
SELECT e->>'eventType' AS event, e->>'aggregateId' AS object
  FROM jsonb_array_elements(oms_command('{"commandType": "CancelOrderCommand", "orderId": "t2.1"}')->'events') WITH ORDINALITY AS events (e, n) ORDER BY n;
SELECT * FROM pg_temp.show('t2');

-- Fills in review reserve as well; a bust and a correction move every level.
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t3", "symbol": "BP.L", "side": "SELL", "orderQty": 100}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t3.1", "parentId": "t3", "orderQty": 50}');
SELECT pg_temp.do('{"commandType": "ExecuteOrderCommand", "orderId": "t3.1", "executionId": "t3-X1", "execID": "E1", "lastQty": 70, "lastPx": 5}');
SELECT * FROM pg_temp.show('t3');
SELECT pg_temp.do('{"commandType": "ExecuteOrderCommand", "orderId": "t3.1", "executionId": "t3-X2", "execID": "E2", "lastQty": 50, "lastPx": 5}');
SELECT pg_temp.do('{"commandType": "CorrectExecutionCommand", "executionId": "t3-X2", "execID": "E3", "lastQty": 40, "lastPx": 5.5}');
SELECT * FROM pg_temp.show('t3');
SELECT pg_temp.do('{"commandType": "BustExecutionCommand", "executionId": "t3-X2", "execID": "E4", "reason": "venue"}');
SELECT * FROM pg_temp.show('t3');

-- A split scales the whole tree: quantities by the factor, prices by its inverse.
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t4", "symbol": "BP.L", "side": "SELL", "orderQty": 10000, "price": 50}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t4.1", "parentId": "t4", "orderQty": 6000, "price": 50}');
SELECT pg_temp.do('{"commandType": "ExecuteOrderCommand", "orderId": "t4.1", "executionId": "t4-X1", "execID": "E1", "lastQty": 2000, "lastPx": 50.5}');
SELECT pg_temp.do('{"commandType": "RestateOrderCommand", "orderId": "t4", "quantityFactor": 2, "reason": "GT_CORPORATE_ACTION"}');
SELECT pg_temp.do('{"commandType": "ExecuteOrderCommand", "orderId": "t4.1", "executionId": "t4-X2", "execID": "E2", "lastQty": 1000, "lastPx": 25}');
SELECT * FROM pg_temp.show('t4');
SELECT id, price, quantity_factor FROM oms.orders WHERE root_id = 't4' ORDER BY id;
SELECT id, last_qty, last_px, quantity, quantity_factor, allocated_quantity FROM oms.executions WHERE root_id = 't4' ORDER BY id;

SELECT * FROM oms.verify();

-- A split that leaves nothing is refused, however it is stated.
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t9", "symbol": "BP.L", "side": "BUY", "orderQty": 10000000000000000000000000000, "price": 2}');
SELECT oms_try_command('{"commandType": "RestateOrderCommand", "orderId": "t9", "reason": "0", "orderQty": 90}')->'error'->>'rule' AS rule;
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t10", "symbol": "BP.L", "side": "BUY", "orderQty": 10, "price": 2}');
SELECT oms_try_command('{"commandType": "RestateOrderCommand", "orderId": "t10", "quantityFactor": 0.0000000000000000000000000000000000001}')->'error'->>'rule' AS rule;
SELECT oms_try_command('{"commandType": "RestateOrderCommand", "orderId": "t10", "quantityFactor": 99999999999999999999999999999999999999}')->'error'->>'rule' AS rule;
SELECT count(*) AS broken FROM oms.verify();

-- An order is live for its ancestors while anything below it is. An own fill fills the middle, its child works on.
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t11", "symbol": "BP.L", "side": "BUY", "orderQty": 200}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t11.1", "parentId": "t11", "orderQty": 100}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t11.1.1", "parentId": "t11.1", "orderQty": 50}');
SELECT pg_temp.do('{"commandType": "ExecuteOrderCommand", "orderId": "t11.1", "executionId": "t11-X1", "execID": "E1", "lastQty": 100, "lastPx": 10}');
SELECT id, status, live_children FROM oms.orders WHERE root_id = 't11' ORDER BY id;
SELECT pg_temp.do('{"commandType": "CancelOrderCommand", "orderId": "t11"}');
SELECT pg_temp.do('{"commandType": "ExpireOrderCommand", "orderId": "t11"}');
SELECT pg_temp.do('{"commandType": "CalculateOrderCommand", "orderId": "t11"}');
-- down to what is executed is an end too
SELECT pg_temp.do('{"commandType": "ReplaceOrderCommand", "orderId": "t11", "orderQty": 100}');
-- a requested cancel waits for the leaf, and all above it end with it
SELECT pg_temp.do('{"commandType": "RequestCancelOrderCommand", "orderId": "t11", "clOrdID": "t11-c"}');
SELECT id, status, live_children FROM oms.orders WHERE root_id = 't11' ORDER BY id;
SELECT e->>'eventType' AS event, e->>'aggregateId' AS object
  FROM jsonb_array_elements(oms_command('{"commandType": "CancelOrderCommand", "orderId": "t11.1.1"}')->'events') WITH ORDINALITY AS events (e, n) ORDER BY n;
SELECT id, status, live_children FROM oms.orders WHERE root_id = 't11' ORDER BY id;
-- A counterparty ends the middle above a live child: applied, flagged, and the root still waits for the leaf.
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t12", "symbol": "BP.L", "side": "BUY", "orderQty": 200}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t12.1", "parentId": "t12", "orderQty": 100}');
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "t12.1.1", "parentId": "t12.1", "orderQty": 100}');
SELECT pg_temp.do('{"commandType": "CancelOrderCommand", "orderId": "t12.1", "execID": "R1", "ordStatus": "CANCELED"}');
SELECT pg_temp.do('{"commandType": "CancelOrderCommand", "orderId": "t12"}');
SELECT id, status, live_children, flags FROM oms.orders WHERE root_id = 't12' ORDER BY id;
SELECT pg_temp.do('{"commandType": "ExecuteOrderCommand", "orderId": "t12.1.1", "executionId": "t12-X1", "execID": "E1", "lastQty": 100, "lastPx": 10}');
SELECT pg_temp.do('{"commandType": "CancelOrderCommand", "orderId": "t12"}');
-- A bust brings the leaf back to life, and it counts at every level, under orders that have ended too.
SELECT pg_temp.do('{"commandType": "BustExecutionCommand", "executionId": "t12-X1", "execID": "E2"}');
SELECT id, status, live_children, flags FROM oms.orders WHERE root_id = 't12' ORDER BY id;
SELECT count(*) AS broken FROM oms.verify();
