-- Executions: booked, in review, repeated, corrected, busted; what a broker states beside what we count.
-- Broken by: a fill counted twice or lost, a figure of the broker copied into ours, a broken chain of corrections.

CREATE FUNCTION pg_temp.fill(command jsonb, OUT execution text, OUT status text, OUT flags jsonb, OUT reasons jsonb, OUT sqlstate text) LANGUAGE sql AS $$
  SELECT CASE WHEN length(r->'state'->>'executionId') < 20 THEN r->'state'->>'executionId' ELSE '(made)' END,
    r->'state'->>'status', r->'state'->'flags', r->'state'->'reviewReasons', r->'error'->>'sqlstate'
  FROM oms_try_command('{"commandType": "ExecuteOrderCommand"}' || command) r $$;

CREATE FUNCTION pg_temp.show(wanted text, OUT status text, OUT executed numeric, OUT leaves numeric, OUT value numeric, OUT avg_px numeric,
    OUT review numeric, OUT flags text[]) LANGUAGE sql AS $$
  SELECT status, executed_quantity, leaves_quantity, executed_value, avg_px, review_quantity, flags FROM oms.orders WHERE id = wanted $$;

SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ex-A", "symbol": "VOD.L", "side": "BUY", "orderQty": 100}')->>'status' AS result;
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ex-B", "symbol": "VOD.L", "side": "BUY", "orderQty": 100}')->>'status' AS result;
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ex-R", "symbol": "VOD.L", "side": "BUY", "orderQty": 100, "pending": true}')->>'status' AS result;
SELECT oms_command('{"commandType": "RejectOrderCommand", "orderId": "ex-R", "reason": "no"}')->>'status' AS result;

-- Review, each with its code and figures; nothing moves.
SELECT * FROM pg_temp.fill('{"orderId": "ex-none", "executionId": "ex-X1", "execID": "E1", "lastQty": 1, "lastPx": 1}');
SELECT * FROM pg_temp.fill('{"orderId": "ex-A", "executionId": "ex-X2", "execID": "E2", "lastQty": 1, "lastPx": 1, "symbol": "BP.L"}');
SELECT * FROM pg_temp.fill('{"orderId": "ex-A", "executionId": "ex-X3", "execID": "E3", "lastQty": 1, "lastPx": 1, "side": "SELL"}');
SELECT * FROM pg_temp.fill('{"orderId": "ex-A", "executionId": "ex-X4", "execID": "E4", "lastQty": 100.5, "lastPx": 1}');
SELECT * FROM pg_temp.fill('{"orderId": "ex-R", "executionId": "ex-X5", "execID": "E5", "lastQty": 1, "lastPx": 1}');
SELECT * FROM pg_temp.fill('{"orderId": "ex-A", "executionId": "ex-X6", "execID": "E6", "lastQty": 500, "lastPx": 1, "symbol": "BP.L", "side": "SELL"}');
SELECT id, order_id, root_id, status, quantity FROM oms.executions WHERE id LIKE 'ex-%' ORDER BY id;
SELECT * FROM pg_temp.show('ex-A');
SELECT * FROM pg_temp.show('ex-R');

-- Booked; the venue's ExecID again: equal is a repeat, different goes to review, on another order it is booked.
SELECT * FROM pg_temp.fill('{"orderId": "ex-A", "executionId": "ex-X7", "execID": "E7", "lastQty": 30, "lastPx": 10, "symbol": "VOD.L", "side": "BUY"}');
SELECT * FROM pg_temp.fill('{"orderId": "ex-A", "executionId": "ex-X8", "execID": "E7", "lastQty": 30, "lastPx": 10.0}');
SELECT * FROM pg_temp.fill('{"orderId": "ex-A", "executionId": "ex-X9", "execID": "E7", "lastQty": 31, "lastPx": 10}');
SELECT * FROM pg_temp.fill('{"orderId": "ex-B", "executionId": "ex-X10", "execID": "E7", "lastQty": 31, "lastPx": 10}');
SELECT * FROM pg_temp.fill('{"orderId": "ex-A", "executionId": "ex-X7", "execID": "E8", "lastQty": 1, "lastPx": 10}');
SELECT * FROM pg_temp.show('ex-A');
SELECT * FROM pg_temp.show('ex-B');

-- What the broker states is kept beside ours; a difference is flagged, an average only beyond its own digits.
SELECT * FROM pg_temp.fill('{"orderId": "ex-B", "executionId": "ex-X11", "execID": "E11", "lastQty": 3, "lastPx": 10.01, "cumQty": 34, "leavesQty": 66, "avgPx": 10.001}');
SELECT * FROM pg_temp.fill('{"orderId": "ex-B", "executionId": "ex-X12", "execID": "E12", "lastQty": 1, "lastPx": 10, "cumQty": 36, "leavesQty": 64, "avgPx": 10}');
SELECT * FROM pg_temp.show('ex-B');
SELECT cum_qty, leaves_qty, avg_px FROM oms.executions WHERE id = 'ex-X12';
SELECT reported_cum_qty, reported_leaves_qty, reported_avg_px FROM oms.orders WHERE id = 'ex-B';
SELECT * FROM pg_temp.fill('{"orderId": "ex-B", "executionId": "ex-X13", "execID": "E13", "lastQty": 5, "lastPx": 10, "cumQty": 40, "leavesQty": 60}');
SELECT * FROM pg_temp.show('ex-B');

-- Corrections: a new execution, live at once, linked both ways; a later one may name any id of the chain.
SELECT r->>'status' AS result, r->'state'->>'status' AS status, r->'state'->>'lastQty' AS qty, r->'state'->>'correctedExecutionId' AS corrects,
  r->'state'->>'execRefID' AS ref
  FROM oms_command('{"commandType": "CorrectExecutionCommand", "executionId": "ex-X7", "execID": "E20", "lastQty": 20, "lastPx": 11}') r;
SELECT * FROM pg_temp.show('ex-A');
SELECT r->>'status' AS result, r->'state'->>'lastQty' AS qty
  FROM oms_command('{"commandType": "CorrectExecutionCommand", "executionId": "ex-X7", "execID": "E21", "lastQty": 25, "lastPx": 12}') r;
SELECT * FROM pg_temp.show('ex-A');
SELECT e.exec_id, e.status, e.last_qty, older.exec_id AS corrects, newer.exec_id AS corrected_by
  FROM oms.executions e
  LEFT JOIN oms.executions older ON older.id = e.corrected_execution_id
  LEFT JOIN oms.executions newer ON newer.id = e.correcting_execution_id
  WHERE e.order_id = 'ex-A' AND e.status <> 'REVIEW' ORDER BY e.exec_id;

-- Bust: by the oldest id of the chain; once.
SELECT r->>'status' AS result, r->'state'->>'status' AS status, r->'state'->>'execID' AS exec_id, r->'state'->>'bustExecID' AS bust, r->'state'->>'reason' AS reason
  FROM oms_command('{"commandType": "BustExecutionCommand", "executionId": "ex-X7", "execID": "E22", "reason": "clearly erroneous"}') r;
SELECT * FROM pg_temp.show('ex-A');
SELECT r->'error'->>'sqlstate' AS sqlstate FROM oms_try_command('{"commandType": "BustExecutionCommand", "executionId": "ex-X7", "execID": "E23", "reason": "again"}') r;
SELECT r->'error'->>'sqlstate' AS sqlstate FROM oms_try_command('{"commandType": "CorrectExecutionCommand", "executionId": "ex-X7", "execID": "E24", "lastQty": 1, "lastPx": 1}') r;
SELECT r->'error'->>'sqlstate' AS sqlstate FROM oms_try_command('{"commandType": "BustExecutionCommand", "executionId": "ex-none", "execID": "E25", "reason": "x"}') r;

-- On a cancelled order: corrections and busts go on, it stays cancelled.
SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "ex-B"}')->'state'->>'status' AS status;
SELECT r->'state'->>'status' AS status FROM oms_command('{"commandType": "CorrectExecutionCommand", "executionId": "ex-X10", "execID": "E26", "lastQty": 1, "lastPx": 10}') r;
SELECT r->'state'->>'status' AS status FROM oms_command('{"commandType": "BustExecutionCommand", "executionId": "ex-X11", "execID": "E27", "reason": "r"}') r;
SELECT * FROM pg_temp.show('ex-B');

-- Late fills up to the quantity show FILLED.
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ex-C", "symbol": "VOD.L", "side": "BUY", "orderQty": 10}')->>'status' AS result;
SELECT oms_command('{"commandType": "ExpireOrderCommand", "orderId": "ex-C"}')->'state'->>'status' AS status;
SELECT * FROM pg_temp.fill('{"orderId": "ex-C", "executionId": "ex-X30", "lastQty": 4, "lastPx": 10}');
SELECT * FROM pg_temp.show('ex-C');
SELECT * FROM pg_temp.fill('{"orderId": "ex-C", "executionId": "ex-X31", "lastQty": 6, "lastPx": 10}');
SELECT * FROM pg_temp.show('ex-C');

-- A correction upward beyond the order waits in review, and the fill stands meanwhile; one that makes it fit is booked.
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ex-D", "symbol": "VOD.L", "side": "BUY", "orderQty": 10}')->>'status' AS result;
SELECT * FROM pg_temp.fill('{"orderId": "ex-D", "executionId": "ex-X40", "execID": "E40", "lastQty": 10, "lastPx": 10}');
SELECT r->'state'->>'status' AS status FROM oms_command('{"commandType": "CorrectExecutionCommand", "executionId": "ex-X40", "execID": "E41", "lastQty": 12, "lastPx": 10}') r;
SELECT * FROM pg_temp.show('ex-D');

SELECT r->'state'->>'status' AS status, r->'state'->'reviewReasons' AS reasons
  FROM oms_command('{"commandType": "CorrectExecutionCommand", "executionId": "ex-X40", "execID": "E42", "lastQty": 9, "lastPx": 10}') r;
SELECT * FROM pg_temp.show('ex-D');

-- A fill in review counts nothing: correcting it takes nothing out of what is executed.
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ex-F", "symbol": "VOD.L", "side": "BUY", "orderQty": 100}')->>'status' AS result;
SELECT * FROM pg_temp.fill('{"orderId": "ex-F", "executionId": "ex-X60", "execID": "E60", "lastQty": 90, "lastPx": 10}');
SELECT * FROM pg_temp.fill('{"orderId": "ex-F", "executionId": "ex-X61", "execID": "E61", "lastQty": 50, "lastPx": 10}');
SELECT r->'state'->>'status' AS status FROM oms_command('{"commandType": "CorrectExecutionCommand", "executionId": "ex-X61", "execID": "E62", "lastQty": 20, "lastPx": 10}') r;
SELECT * FROM pg_temp.show('ex-F');
SELECT r->'state'->>'status' AS status FROM oms_command('{"commandType": "CorrectExecutionCommand", "executionId": "ex-X61", "execID": "E63", "lastQty": 10, "lastPx": 10}') r;
SELECT * FROM pg_temp.show('ex-F');
-- … and keeps what the venue stated, and with it the reasons.
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ex-G", "symbol": "VOD.L", "side": "BUY", "orderQty": 100}')->>'status' AS result;
SELECT * FROM pg_temp.fill('{"orderId": "ex-G", "executionId": "ex-X64", "execID": "E64", "lastQty": 5, "lastPx": 10, "symbol": "BP.L"}');
SELECT r->'state'->>'status' AS status, r->'state'->>'symbol' AS symbol, r->'state'->'reviewReasons' AS reasons
  FROM oms_command('{"commandType": "CorrectExecutionCommand", "executionId": "ex-X64", "execID": "E65", "lastQty": 4, "lastPx": 10}') r;

-- The tolerance of an overfill is a setting.
SET oms_state.overfill_tolerance = '0.05';
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ex-E", "symbol": "VOD.L", "side": "BUY", "orderQty": 100}')->>'status' AS result;
SELECT * FROM pg_temp.fill('{"orderId": "ex-E", "executionId": "ex-X50", "lastQty": 105.01, "lastPx": 1}');
SELECT * FROM pg_temp.fill('{"orderId": "ex-E", "executionId": "ex-X51", "lastQty": 105, "lastPx": 1}');
SELECT * FROM pg_temp.show('ex-E');
RESET oms_state.overfill_tolerance;

-- Reports that name each other: the second corrects the first, and waits with it for a fill; no ring is made of them.
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ex-H", "symbol": "VOD.L", "side": "BUY", "orderQty": 100}')->>'status' AS result;
SELECT * FROM pg_temp.fill('{"orderId": "ex-H", "executionId": "ex-X70", "execType": "TRADE_CORRECT", "execID": "E70", "execRefID": "E71", "lastQty": 5, "lastPx": 10}');
SELECT r->'state'->>'status' AS status, r->'state'->>'correctedExecutionId' AS corrects, r->'error'->>'sqlstate' AS sqlstate
  FROM oms_try_command('{"commandType": "CorrectExecutionCommand", "executionId": "ex-X70", "execID": "E71", "lastQty": 4, "lastPx": 10}') r;
SELECT * FROM pg_temp.show('ex-H');

-- A correction that cannot be booked when its fill comes leaves the fill as it is, also where it was corrected itself while it waited; told again when it fits, it takes the fill's place.
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ex-I", "symbol": "VOD.L", "side": "BUY", "orderQty": 100}')->>'status' AS result;
SELECT * FROM pg_temp.fill('{"orderId": "ex-I", "executionId": "ex-X80", "execType": "TRADE_CORRECT", "execID": "E81", "execRefID": "E80", "lastQty": 110, "lastPx": 10}');
SELECT r->'state'->>'status' AS status FROM oms_command('{"commandType": "CorrectExecutionCommand", "executionId": "ex-X80", "execID": "E82", "execRefID": "E81", "lastQty": 120}') r;
SELECT * FROM pg_temp.fill('{"orderId": "ex-I", "executionId": "ex-X81", "execID": "E80", "lastQty": 50, "lastPx": 10}');
SELECT * FROM pg_temp.show('ex-I');
SELECT exec_id, status, review_reasons->0->>'code' AS reason FROM oms.executions WHERE order_id = 'ex-I' ORDER BY exec_id;
SELECT * FROM oms.verify();
SELECT oms_command('{"commandType": "ReplaceOrderCommand", "orderId": "ex-I", "execID": "E83", "orderQty": 200}')->>'status' AS result;
SELECT r->'state'->>'status' AS status FROM oms_command('{"commandType": "CorrectExecutionCommand", "executionId": "ex-X81", "execID": "E82", "execRefID": "E81", "lastQty": 120}') r;
SELECT * FROM pg_temp.show('ex-I');
SELECT exec_id, status FROM oms.executions WHERE order_id = 'ex-I' ORDER BY exec_id;

-- What waited without an order finds it in a batch, and the commands behind find it there: as when each came by itself.
SELECT * FROM pg_temp.fill('{"orderId": "ex-J", "execID": "E90", "execType": "TRADE_CANCEL", "execRefID": "E91", "symbol": "VOD.L", "side": "BUY", "lastQty": 10, "lastPx": 2}');
SELECT * FROM pg_temp.fill('{"orderId": "ex-J", "execID": "E92", "symbol": "VOD.L", "side": "BUY", "lastQty": 20, "lastPx": 2}');
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ex-J", "symbol": "VOD.L", "side": "BUY", "orderQty": 100}')->>'status' AS result;
SELECT r->'state'->>'status' AS status, r->'state'->'executedQuantity' AS executed FROM oms_commands('[
  {"commandType": "ExecuteOrderCommand", "orderId": "ex-J", "execID": "E90", "execType": "TRADE_CANCEL", "execRefID": "E91", "symbol": "VOD.L", "side": "BUY", "lastQty": 10, "lastPx": 2},
  {"commandType": "ExecuteOrderCommand", "orderId": "ex-J", "execID": "E91", "symbol": "VOD.L", "side": "BUY", "lastQty": 10, "lastPx": 2},
  {"commandType": "ExecuteOrderCommand", "orderId": "ex-J", "execID": "E92", "symbol": "VOD.L", "side": "BUY", "lastQty": 20, "lastPx": 2},
  {"commandType": "RestateOrderCommand", "orderId": "ex-J", "quantityFactor": 2, "corporateActionId": "CA1"}]') r;
SELECT * FROM pg_temp.show('ex-J');
SELECT exec_id, status, quantity FROM oms.executions WHERE order_id = 'ex-J' ORDER BY exec_id;

-- A correction by command of one that waits without an order, told again as a report of an order: it stands in its place, and does not leave it.
SELECT * FROM pg_temp.fill('{"orderId": "ex-K", "execID": "E93", "execType": "TRADE_CORRECT", "execRefID": "E94", "executionId": "ex-K1", "symbol": "VOD.L", "side": "BUY", "lastQty": 10, "lastPx": 2}');
SELECT oms_command('{"commandType": "CorrectExecutionCommand", "executionId": "ex-K1", "execID": "E95", "lastQty": 9, "lastPx": 2}')->'state'->>'status' AS status;
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ex-K", "symbol": "VOD.L", "side": "BUY", "orderQty": 100}')->>'status' AS result;
SELECT r->'duplicate' AS duplicate, r->'state'->'correctedExecutionId' AS corrects, r->'state'->'orderId' AS of
  FROM oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "ex-K", "execID": "E95", "execType": "TRADE_CORRECT", "execRefID": "E93", "symbol": "VOD.L", "side": "BUY", "lastQty": 9, "lastPx": 2}') r;

SELECT * FROM oms.verify();
