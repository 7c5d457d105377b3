-- Views for analysts, the drawing of a tree and what events changed.
-- Broken by: a figure that is computed otherwise, a side that is not turned, a fill that counts twice, a bust that still counts, a fill that counts from before it was booked.
\set ECHO queries
SELECT count(*) AS commands FROM oms_commands('[
 {"commandType": "CreateOrderCommand", "orderId": "ana-1", "clOrdID": "ana-c1", "symbol": "ANA.L", "side": "BUY", "orderQty": 1000, "price": 10, "ordType": "LIMIT", "account": "ANA", "currency": "GBP", "attributes": {"arrivalPrice": 9.8}},
 {"commandType": "CreateOrderCommand", "orderId": "ana-1a", "parentId": "ana-1", "clOrdID": "ana-c1a", "orderQty": 600, "price": 10, "destination": "XLON", "pending": true},
 {"commandType": "CreateOrderCommand", "orderId": "ana-1b", "parentId": "ana-1", "orderQty": 400, "price": 9.95, "destination": "CHIX"},
 {"commandType": "CreateOrderCommand", "orderId": "ana-1aa", "parentId": "ana-1a", "clOrdID": "ana-c1aa", "orderQty": 100, "price": 10, "destination": "XLON"},
 {"commandType": "AcceptOrderCommand", "orderId": "ana-1a"},
 {"commandType": "CreateOrderCommand", "orderId": "ana-2", "clOrdID": "ana-c2", "symbol": "ANA.L", "side": "SELL", "orderQty": 500, "price": 9.5, "ordType": "LIMIT", "account": "ANA", "currency": "GBP", "pending": true},
 {"commandType": "CreateOrderCommand", "orderId": "ana-3", "symbol": "ANA.L", "side": "BUY", "orderQty": 100, "ordType": "MARKET", "destination": "XLON", "currency": "GBP", "pending": true}]');
SELECT count(*) AS commands FROM oms_commands('[
 {"commandType": "AcceptOrderCommand", "orderId": "ana-2"},
 {"commandType": "RejectOrderCommand", "orderId": "ana-3", "reason": "unknown symbol"},
 {"commandType": "ExecuteOrderCommand", "orderId": "ana-1aa", "executionId": "ana-e1", "execID": "ana-1", "lastQty": 100, "lastPx": 9.9},
 {"commandType": "ExecuteOrderCommand", "orderId": "ana-1b", "executionId": "ana-e2", "execID": "ana-2", "lastQty": 300, "lastPx": 9.7},
 {"commandType": "CancelOrderCommand", "orderId": "ana-1b", "reason": "client"},
 {"commandType": "ExecuteOrderCommand", "orderId": "ana-2", "executionId": "ana-e3", "execID": "ana-3", "lastQty": 200, "lastPx": 9.6},
 {"commandType": "ExecuteOrderCommand", "orderId": "ana-2", "executionId": "ana-e4", "execID": "ana-4", "lastQty": 50, "lastPx": 9.6},
 {"commandType": "BustExecutionCommand", "executionId": "ana-e4", "execID": "ana-5", "reason": "error"},
 {"commandType": "ReplaceOrderCommand", "orderId": "ana-2", "orderQty": 450, "price": 9.4}]');

-- drawn as people draw it
SELECT tree, status, order_qty, executed_quantity, own_executed_quantity FROM oms.order_tree WHERE root_id = 'ana-1';

-- what each event changed
SELECT version, event_type, changes FROM oms.order_history WHERE order_id = 'ana-2' AND version > 1 ORDER BY version;
SELECT changes ? 'version' AS counted, changes -> 'symbol' AS symbol FROM oms.order_history WHERE order_id = 'ana-2' AND version = 1;
SELECT oms.state_changes('{"a": 1, "b": [1], "version": 1}', '{"a": 1.0, "b": [2], "cc": null, "version": 2}') AS changes,
       oms.state_changes('{"a": 1}', NULL) AS gone, oms.state_changes(NULL, '[1]') AS none;

-- a bust counts no more
SELECT symbol, hour <= now() AND hour > now() - interval '2 hours' AS hour, side, currency, fills, quantity, value, avg_px, low_px, high_px
  FROM oms.fills_by_hour WHERE symbol = 'ANA.L' ORDER BY side;

-- of two client orders; the second one was accepted
SELECT order_id, fill_ratio, fills, limit_px, avg_px, limit_improvement, vwap, vwap_slippage, arrival_px, arrival_slippage
  FROM oms.order_performance WHERE symbol = 'ANA.L' ORDER BY order_id;
SELECT order_id, time_to_accept >= '0' AS accepted, time_to_first_fill >= '0' AS first, time_to_last_fill >= time_to_first_fill AS last, accepted_at <= first_fill_at AS sorted
  FROM oms.order_performance WHERE symbol = 'ANA.L' ORDER BY order_id;

-- a price of reference counts where it is not younger than the order
INSERT INTO oms.reference_prices VALUES ('ANA.L', 9.7, now() - interval '1 day');
SELECT order_id, arrival_px, arrival_slippage FROM oms.order_performance WHERE symbol = 'ANA.L' ORDER BY order_id;
UPDATE oms.reference_prices SET priced_at = now() + interval '1 hour' WHERE symbol = 'ANA.L';
SELECT order_id, arrival_px FROM oms.order_performance WHERE symbol = 'ANA.L' ORDER BY order_id;
DELETE FROM oms.reference_prices WHERE symbol = 'ANA.L';

SELECT destination, status, reason, orders, share, order_qty, executed_quantity FROM oms.order_outcomes WHERE symbol = 'ANA.L' ORDER BY destination, status;
SELECT destination, orders, order_qty, executed_quantity, fill_ratio, fills, average_fill, median_time_to_first_fill >= '0' AS filled,
       cancel_rate, reject_rate, limit_improvement, late_fills, disagreements
  FROM oms.venue_comparison WHERE symbol = 'ANA.L' ORDER BY destination;

-- of a pair that is dealt in its second currency sides are turned
SELECT count(*) AS commands FROM oms_commands('[
 {"commandType": "CreateOrderCommand", "orderId": "ana-fx", "symbol": "EUR/USD", "side": "SELL", "currency": "USD", "orderQty": 1000, "price": 1.1, "ordType": "LIMIT", "account": "ANA-FX", "attributes": {"arrivalPrice": 1.08}},
 {"commandType": "ExecuteOrderCommand", "orderId": "ana-fx", "executionId": "ana-fx1", "execID": "ana-fx1", "lastQty": 1000, "lastPx": 1.09}]');
SELECT limit_improvement, arrival_slippage FROM oms.order_performance WHERE account = 'ANA-FX';

SELECT count(*) AS commands FROM oms_commands('[
 {"commandType": "CreateOrderCommand", "orderId": "ana-d", "symbol": "ANA.D", "side": "BUY", "orderQty": 10, "account": "ANA"},
 {"commandType": "SendOrderToDeskCommand", "orderId": "ana-d", "reason": "look"},
 {"commandType": "ClaimOrderCommand", "orderId": "ana-d"},
 {"commandType": "PlaceOrderCommand", "orderId": "ana-d", "children": [{"orderQty": 5, "orderId": "ana-d1"}]},
 {"commandType": "CreateManualExecutionCommand", "orderId": "ana-d1", "executionId": "ana-m", "lastQty": 5, "lastPx": 3, "reason": "phone"},
 {"commandType": "ReleaseOrderFromDeskCommand", "orderId": "ana-d"}]');
SELECT actor = session_user AS me, sent_to_desk > 0 AS sent, claimed > 0 AS claimed, released > 0 AS released, placed > 0 AS placed,
       manual_executions > 0 AS manual, median_wait >= '0' AS waited
  FROM oms.desk_workload WHERE actor = session_user AND day = oms.trading_day(now());

-- a fill that has waited counts from when it was approved, in the blotter too
SELECT count(*) AS commands FROM oms_commands('[
 {"commandType": "CreateOrderCommand", "orderId": "ana-w", "symbol": "ANA.W", "side": "BUY", "orderQty": 10, "ordType": "LIMIT", "price": 10, "account": "ANA"},
 {"commandType": "ExecuteOrderCommand", "orderId": "ana-w", "executionId": "ana-wx", "execID": "ana-wx", "lastQty": 4, "lastPx": 11}]');
SELECT oms_command('{"commandType": "ApproveExecutionCommand", "executionId": "ana-wx"}') #>> '{state,status}' AS approved;
SELECT b.booked_at = e.booked_at AS when_approved, b.booked_at > b.received_at AS later, b.booked_at = a.booked_at AS as_allocated
  FROM oms.trade_blotter AS b JOIN oms.allocated_trades AS a USING (execution_id) JOIN oms.executions AS e ON e.id = execution_id WHERE execution_id = 'ana-wx';

-- what is a column of a table says the same in a view
SELECT a.attname AS column, col_description(a.attrelid, a.attnum) AS comment FROM pg_attribute AS a
 WHERE a.attrelid = 'oms.client_orders'::regclass AND a.attname IN ('leaves_quantity', 'cl_ord_id') ORDER BY 1;

-- nothing here can fail for what a row holds
SELECT count(*) AS broken FROM oms.verify();
