-- A first session with oms_command: create, accept, fill, replace, cancel, and what a result looks like.
-- Broken by: a changed result shape, event name, default or quantity of a single order.

CREATE TEMP TABLE answers (step int GENERATED ALWAYS AS IDENTITY, r jsonb);

CREATE FUNCTION pg_temp.send(command jsonb) RETURNS void LANGUAGE sql AS
  'INSERT INTO answers (r) SELECT oms_command(command)';

-- What is stable of an object: no times.
CREATE FUNCTION pg_temp.stable(state jsonb) RETURNS text LANGUAGE sql AS
  $$ SELECT jsonb_pretty(state - '{createdAt,updatedAt,treeUpdatedAt,transactTime}'::text[]) $$;

-- The shape of a result, of its state and of one event in it.
SELECT pg_temp.send('{"commandType": "CreateOrderCommand", "commandId": "cmd-1", "orderId": "cmd-A", "clOrdID": "cmd-cl-A",
  "symbol": "VOD.L", "side": "BUY", "orderQty": 1000, "ordType": "LIMIT", "price": 72.5, "timeInForce": "DAY",
  "account": "ACC-1", "currency": "GBP", "pending": true, "text": "first", "attributes": {"sector": "telecom"}}');
SELECT key, jsonb_typeof(value) FROM answers, jsonb_each(r) ORDER BY key COLLATE "C";
SELECT r->>'status' AS status, r->>'commandId' AS command_id, r->'duplicate' AS duplicate FROM answers;
SELECT pg_temp.stable(r->'state') AS state FROM answers;
SELECT (r->'orders'->0) = (r->'state') AS state_is_the_order, jsonb_array_length(r->'orders') AS orders FROM answers;
SELECT key, jsonb_typeof(value) FROM answers, jsonb_each(r->'events'->0) ORDER BY key COLLATE "C";
SELECT key FROM answers, jsonb_object_keys(r->'state') key WHERE key LIKE '%At' ORDER BY key;

-- The life of the order.
SELECT pg_temp.send('{"commandType": "AcceptOrderCommand", "orderId": "cmd-A"}');
SELECT pg_temp.send('{"commandType": "ExecuteOrderCommand", "orderId": "cmd-A", "executionId": "cmd-X1", "execID": "E1",
  "lastQty": "300", "lastPx": "72.45", "lastMkt": "XLON", "symbol": "VOD.L", "side": "BUY", "cumQty": 300, "leavesQty": 700, "avgPx": 72.45}');
SELECT pg_temp.stable(r->'state') AS execution FROM answers WHERE step = 3;
SELECT pg_temp.send('{"commandType": "ExecuteOrderCommand", "orderId": "cmd-A", "executionId": "cmd-X2", "execID": "E2",
  "lastQty": 200, "lastPx": 72.4}');
SELECT pg_temp.send('{"commandType": "RequestReplaceOrderCommand", "orderId": "cmd-A", "clOrdID": "cmd-cl-B", "orderQty": 1200, "price": 72.6}');
SELECT pg_temp.send('{"commandType": "ReplaceOrderCommand", "orderId": "cmd-A", "clOrdID": "cmd-cl-B"}');
SELECT pg_temp.send('{"commandType": "SuspendOrderCommand", "orderId": "cmd-A"}');
SELECT pg_temp.send('{"commandType": "RequestCancelOrderCommand", "orderId": "cmd-A", "clOrdID": "cmd-cl-C"}');
SELECT pg_temp.send('{"commandType": "RejectCancelOrderCommand", "orderId": "cmd-A", "clOrdID": "cmd-cl-C", "reason": "too late"}');
SELECT pg_temp.send('{"commandType": "ResumeOrderCommand", "orderId": "cmd-A"}');
SELECT pg_temp.send('{"commandType": "UpdateOrderCommand", "orderId": "cmd-A", "text": "second", "attributes": {"sector": "media", "tags": ["a", "b"]}}');
SELECT pg_temp.send('{"commandType": "CancelOrderCommand", "orderId": "cmd-A"}');

SELECT step, r->>'status' AS result, e->>'eventType' AS event, e->>'aggregateId' AS object, e->>'version' AS version
  FROM answers, jsonb_array_elements(r->'events') WITH ORDINALITY AS events (e, n) ORDER BY step, n;
SELECT step, o->>'status' AS status, o->>'orderQty' AS qty, o->>'executedQuantity' AS executed, o->>'leavesQuantity' AS leaves,
  o->>'allocatedQuantity' AS allocated, o->>'executedValue' AS value, o->>'avgPx' AS avg_px, o->>'price' AS price
  FROM answers, jsonb_array_elements(r->'orders') o ORDER BY step;
SELECT pg_temp.stable(r->'state') AS last_state FROM answers ORDER BY step DESC LIMIT 1;

-- The state of a result is its row; the row's columns in camelCase, nulls left out.
SELECT version, tree_version, status, conditions, cl_ord_id, price, text, attributes FROM oms.orders WHERE id = 'cmd-A';
SELECT cl_ord_id, order_id FROM oms.cl_ord_ids WHERE order_id = 'cmd-A' ORDER BY cl_ord_id;

-- Enumerated values: case, spaces and underscores do not matter, FIX codes do.
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "cmd-B", "symbol": "X", "side": "sell short", "orderQty": 1,
  "ordType": "2", "price": 1, "timeInForce": "good_till_cancel"}')->'state'->>'side' AS side;
SELECT side, ord_type, time_in_force, status FROM oms.orders WHERE id = 'cmd-B';

-- Ids are made where none are given, and ascend.
SELECT count(DISTINCT id), min(length(id)) AS length, bool_and(id > 'cmd-' OR id < 'cmd-') AS made
  FROM (SELECT oms_command('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "1", "orderQty": 1}')->'state'->>'orderId' AS id
    FROM generate_series(1, 5)) made;

-- Cash: no quantity until an acceptance states it.
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "cmd-C", "symbol": "X", "side": "BUY", "cashOrderQty": 10000, "pending": true}')->'state'->>'status' AS status;
SELECT order_qty, cash_order_qty, leaves_quantity FROM oms.orders WHERE id = 'cmd-C';
SELECT oms_command('{"commandType": "AcceptOrderCommand", "orderId": "cmd-C", "orderQty": 500}')->'state'->>'status' AS status;
SELECT order_qty, cash_order_qty, leaves_quantity FROM oms.orders WHERE id = 'cmd-C';

-- A replace below the executed quantity stops the order.
SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "cmd-C", "executionId": "cmd-X3", "lastQty": 200, "lastPx": 20.1}')->'state'->>'status' AS status;
SELECT oms_command('{"commandType": "ReplaceOrderCommand", "orderId": "cmd-C", "clOrdID": "cmd-cl-D", "orderQty": 100}')->'state'->>'status' AS status;
SELECT status, order_qty, executed_quantity, leaves_quantity FROM oms.orders WHERE id = 'cmd-C';

-- Exact decimals: thirds of a cent and 38 digits.
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "cmd-D", "symbol": "X", "side": "BUY",
  "orderQty": "12345678901234567890123456789012345678"}')->'state'->>'leavesQuantity' AS leaves;
SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "cmd-D", "executionId": "cmd-X4", "lastQty": 1, "lastPx": "0.1"}')->>'status' AS result;
SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "cmd-D", "executionId": "cmd-X5", "lastQty": 2, "lastPx": "0.2000000000000000000000000000000000001"}')->>'status' AS result;
SELECT executed_quantity, executed_value, avg_px, leaves_quantity FROM oms.orders WHERE id = 'cmd-D';

-- A batch: one result each, in order; a NULL command is no command.
SELECT n, r->>'status' AS status, r->'state'->>'orderId' AS order_id, r->'error'->>'sqlstate' AS sqlstate
  FROM oms_commands('[{"commandType": "CreateOrderCommand", "orderId": "cmd-E", "symbol": "X", "side": "BUY", "orderQty": 5},
    {"commandType": "CancelOrderCommand", "orderId": "cmd-none"},
    {"commandType": "CancelOrderCommand", "orderId": "cmd-E"}]', atomic => false) WITH ORDINALITY AS batch (r, n);
SELECT count(*) FROM oms_commands('[]');
SELECT oms_command(NULL) IS NULL AS null_in_null_out;
SELECT oms_try_command('{"commandType": "CancelOrderCommand", "orderId": "cmd-E", "commandId": "cmd-late"}') AS refusal;
SELECT command_id, command_type, sqlstate, rule, command FROM oms.rejected_commands WHERE command->>'orderId' LIKE 'cmd-%' ORDER BY command->>'orderId' DESC;

-- A correlationId that commands came with stands in the events of those that say none, and in no command.
BEGIN;
SET LOCAL oms_state.correlation_id = 'request-7';
SELECT count(*) FROM oms_commands('[{"commandType": "CreateOrderCommand", "orderId": "cmd-F", "symbol": "X", "side": "BUY", "orderQty": 5},
  {"commandType": "CreateOrderCommand", "orderId": "cmd-G", "symbol": "X", "side": "BUY", "orderQty": 5, "correlationId": "mine"},
  {"commandType": "PlaceOrderCommand", "orderId": "cmd-F", "children": [{"clOrdID": "cmd-F1", "orderQty": 2}]}]');
COMMIT;
SELECT event_type, payload->>'correlationId' AS correlation_id, payload->'command'->>'correlationId' AS of_command
  FROM oms.order_events WHERE root_id IN ('cmd-F', 'cmd-G') ORDER BY sequence;
SELECT payload ? 'correlationId' AS has_one FROM oms.order_events WHERE aggregate_id = 'cmd-E' AND version = 1;
SET oms_state.correlation_id = E'two\nlines';
SELECT set_config('oms_state.correlation_id', repeat('x', 201), false);

-- What became of it all.
SELECT * FROM oms.verify();
