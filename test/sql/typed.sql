-- Commands by arguments of their own: what they make is what oms_command() makes of the same fields, to the byte.
-- What breaks: an argument that goes to another field, keys of the command in another order, a moment or number written in another way, an answer that says more or less.
\set VERBOSITY default
\pset null '-'
SET timezone = 'UTC';
-- Other scripts see nothing of it.
\set ON_ERROR_ROLLBACK on
BEGIN;

-- The command that an object's first event has, and that oms_command() has of the same fields: the texts, and the bytes.
CREATE FUNCTION pg_temp.command_of(kind text, id text) RETURNS jsonb LANGUAGE sql AS $$ SELECT payload -> 'command' FROM oms.all_events WHERE object = kind AND aggregate_id = id AND version = 1 $$;
CREATE FUNCTION pg_temp.is_same(kind text, id text, twin text) RETURNS boolean LANGUAGE sql AS $$
  SELECT jsonb_send(a - '{orderId,executionId,clOrdID,execID,commandId}'::text[]) = jsonb_send(b - '{orderId,executionId,clOrdID,execID,commandId}'::text[])
         AND pg_column_size(a) = pg_column_size(b) FROM (SELECT pg_temp.command_of(kind, id), pg_temp.command_of(kind, twin)) AS x (a, b) $$;

-- Every argument.
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ty-P", "symbol": "VOD", "side": "BUY", "orderQty": 1000, "account": "ACC", "currency": "GBP"}') ->> 'status' AS parent;
SELECT r - 'token' AS answer FROM oms_create_order('VOD', 'BUY', 100, 'STOP_LIMIT', 72.50, 'ty-c1', 'ty-1', 'ACC', 'GBP', 'ty-P', 'GTD', 70.0, '2099-01-02 03:04:05.678+00', NULL, NULL,
  '{"b": [1, {"a": null}], "a": 1.50}', true, 'XLON', 'a "text" of ours', 'ty-k1', '2026-03-02 09:30:00+01') AS r;
SELECT oms_command('{"commandType": "CreateOrderCommand", "symbol": "VOD", "side": "BUY", "orderQty": 100, "ordType": "STOP_LIMIT", "price": 72.50, "clOrdID": "ty-c2", "orderId": "ty-2", "account": "ACC", "currency": "GBP", "parentId": "ty-P",
  "timeInForce": "GTD", "stopPx": 70.0, "expireTime": "2099-01-02T03:04:05.678000Z", "attributes": {"b": [1, {"a": null}], "a": 1.50}, "pending": true, "destination": "XLON", "text": "a \"text\" of ours", "commandId": "ty-k2",
  "transactTime": "2026-03-02T08:30:00.000000Z"}') ->> 'status' AS twin;
SELECT pg_temp.command_of('order', 'ty-1');
SELECT pg_temp.is_same('order', 'ty-1', 'ty-2');
SELECT r - 'token' AS answer FROM oms_create_order(symbol => 'VOD', side => '2', cash_order_qty => 5000.00, order_id => 'ty-3', asset_class => 'EQUITY', time_in_force => 'GTD', expire_date => '2099-12-31', command_id => 'ty-k3') AS r;
SELECT pg_temp.command_of('order', 'ty-3');
SELECT r - 'token' AS answer FROM oms_execute('ty-1', 40, 72.25, 'ty-e1', 'XLON', 'ty-x1', 'VOD', 'BUY', 40, 60, 72.25, '{"c": true}', 'part', 'ty-k4', '2026-03-02 09:31:00+00') AS r;
SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "ty-2", "lastQty": 40, "lastPx": 72.25, "execID": "ty-e2", "lastMkt": "XLON", "executionId": "ty-x2", "symbol": "VOD", "side": "BUY", "cumQty": 40, "leavesQty": 60, "avgPx": 72.25,
  "attributes": {"c": true}, "text": "part", "commandId": "ty-k5", "transactTime": "2026-03-02T09:31:00.000000Z"}') ->> 'status' AS twin;
SELECT pg_temp.command_of('execution', 'ty-x1');
SELECT pg_temp.is_same('execution', 'ty-x1', 'ty-x2');
SELECT id, status, executed_quantity, price, stop_px, expire_time, attributes FROM oms.orders WHERE id IN ('ty-1', 'ty-2') ORDER BY id;

-- A repeat, by either way: equal content is equal, whichever way it came.
SELECT r - 'token' AS answer FROM oms_execute('ty-1', 40, 72.25, 'ty-e1', 'XLON', 'ty-x1', 'VOD', 'BUY', 40, 60, 72.25, '{"c": true}', 'part', 'ty-k4', '2026-03-02 09:31:00+00') AS r;
SELECT oms_command(pg_temp.command_of('execution', 'ty-x1')) ->> 'duplicate' AS duplicate;
\set VERBOSITY terse
SELECT oms_execute('ty-1', 41, 72.25, 'ty-e1', command_id => 'ty-k4');
\set VERBOSITY default
-- A report that is known by its ExecID.
SELECT r -> 'state' AS state, r ->> 'duplicate' AS duplicate FROM oms_execute('ty-1', 40, 72.25, 'ty-e1') AS r;
-- One of an order that nobody knows waits in review.
SELECT r -> 'state' ->> 'status' AS status FROM oms_execute('ty-none', 1, 1, execution_id => 'ty-x9') AS r;

-- Refusals are those of the command.
SELECT oms_create_order(symbol => 'VOD', side => 'BUY');
SELECT oms_create_order('VOD', 'sideways', 1);
SELECT oms_create_order('VOD', 'BUY', 'NaN');
SELECT oms_create_order('VOD', 'BUY', 1, transact_time => 'infinity');
SELECT oms_create_order('VOD', 'BUY', 1, expire_date => '-infinity');
-- what RFC 3339 cannot write: no other year is made of it
SELECT oms_create_order('VOD', 'BUY', 1, expire_date => '12026-12-31');
SELECT oms_create_order('VOD', 'BUY', 1, expire_time => '12026-12-31 00:00:00+00');
SELECT oms_create_order('VOD', 'BUY', 1, expire_time => '0044-03-15 00:00:00+00 BC');
SELECT oms_create_order('VOD', 'BUY', 1, attributes => '7');
SELECT oms_create_order(order_id => 'ty-1', symbol => 'VOD', side => 'BUY', order_qty => 1);
SELECT oms_execute();
SELECT count(*) FROM oms.orders WHERE id LIKE 'ty-%';
SELECT * FROM oms.verify();
ROLLBACK;
