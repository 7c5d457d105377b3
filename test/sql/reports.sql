-- The settings that decide about reports, and what people see of a fill that waits.
-- Broken by: a tolerance taken for another unit, a bad value that is taken, a trading day that begins at another hour.
SET client_min_messages = warning;

CREATE FUNCTION pg_temp.do(command jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(r #>> '{state,status}', '-') || coalesce(' ' || (SELECT string_agg(x ->> 'code', ', ') FROM jsonb_array_elements(r #> '{state,reviewReasons}') AS x), '')
    FROM oms_command(command) AS r $$;
CREATE FUNCTION pg_temp.fill(order_id text, exec_id text, px numeric, stated jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.do(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', order_id, 'execID', exec_id, 'lastQty', 1, 'lastPx', px) || stated) $$;

-- By an amount of the price, or by a part of the limit.
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "rp-1", "symbol": "ES", "side": "BUY", "orderQty": 100, "price": 6000, "currency": "USD", "account": "A1"}');
SELECT pg_temp.fill('rp-1', '1', 6000.01);
SET oms_state.price_tolerance = '0.25';
SELECT pg_temp.fill('rp-1', '2', 6000.25), pg_temp.fill('rp-1', '3', 6000.26);
SET oms_state.price_tolerance = '0.1%';
SELECT pg_temp.fill('rp-1', '4', 6006), pg_temp.fill('rp-1', '5', 6006.01);
SET oms_state.price_tolerance = '-1';
SET oms_state.price_tolerance = 'much';
SET oms_state.price_tolerance = '%';
SHOW oms_state.price_tolerance;
-- What waits is decided anew when it is reported again.
SELECT pg_temp.fill('rp-1', '1', 6000.01);
RESET oms_state.price_tolerance;
SELECT pg_temp.fill('rp-1', '6', 7, '{"currency": "EUR", "account": "A2", "tradeDate": "2026-03-02", "settlDate": "20260304", "commission": 1.25, "commType": "3", "lastCapacity": "Principal"}');
SELECT exec_id, reasons, currency, order_currency, order_price, account, reported_account, trade_date, settl_date FROM oms.execution_review WHERE root_id = 'rp-1' ORDER BY exec_id;
SELECT pg_temp.fill('rp-1', '7', 7, '{"tradeDate": "2026-03-02", "settlDate": "20260304", "commission": 1.25, "commType": "3", "lastCapacity": "Principal"}');
SELECT exec_id, currency, account, trade_date, settl_date, commission, comm_type, last_capacity, reported_account FROM oms.trade_blotter WHERE root_id = 'rp-1' ORDER BY exec_id;

-- The day of a good-till order, where neither OrdStatus nor TradeDate says it. In UTC the evening in Chicago is the same day still; for CME it is the next one.
CREATE FUNCTION pg_temp.evening(id text, done timestamptz, filled timestamptz) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_temp.do(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', id, 'symbol', 'ES', 'side', 'BUY', 'orderQty', 10, 'timeInForce', 'GTC'));
  PERFORM pg_temp.do(jsonb_build_object('commandType', 'DoneForDayOrderCommand', 'orderId', id, 'execID', 'd', 'transactTime', done));
  PERFORM pg_temp.fill(id, 'f', 6000, jsonb_build_object('transactTime', filled));
  RETURN (SELECT o.status || ' after ' || e.flags::text FROM oms.orders AS o, LATERAL (SELECT coalesce(x.flags, '{}') AS flags FROM oms.executions AS x WHERE x.order_id = o.id) AS e WHERE o.id = evening.id);
END $$;
SET timezone = 'UTC';
SELECT pg_temp.evening('rp-u', '2026-03-02T22:00Z', '2026-03-02T23:00:01Z');
SET oms_state.trading_day_zone = 'America/Chicago';
SET oms_state.trading_day_roll = '17:00';
SELECT pg_temp.evening('rp-c', '2026-03-02T22:00Z', '2026-03-02T23:00:01Z'), pg_temp.evening('rp-d', '2026-03-02T22:00Z', '2026-03-02T22:59:59Z');
-- Summer time: the roll is by the clock on the wall.
SELECT pg_temp.evening('rp-s', '2026-07-01T21:00Z', '2026-07-01T22:00:00Z'), pg_temp.evening('rp-t', '2026-07-01T21:00Z', '2026-07-01T21:59:59Z');
-- A morning in Sydney is the day before in UTC.
SET oms_state.trading_day_zone = 'Australia/Sydney';
SET oms_state.trading_day_roll = '00:00';
SELECT pg_temp.evening('rp-a', '2026-03-02T05:30Z', '2026-03-02T23:10Z');
-- A day that begins at six: the small hours belong to the day before.
SET oms_state.trading_day_zone = 'UTC';
SET oms_state.trading_day_roll = '06:00';
SELECT pg_temp.evening('rp-m', '2026-03-02T23:30Z', '2026-03-03T05:59Z'), pg_temp.evening('rp-n', '2026-03-02T23:30Z', '2026-03-03T06:00Z');
SET oms_state.trading_day_zone = 'Nowhere/Land';
SET oms_state.trading_day_roll = '24:00';
SET oms_state.trading_day_roll = '7:00';
SET oms_state.trading_day_roll = '07:60';
RESET oms_state.trading_day_zone;
RESET oms_state.trading_day_roll;

-- A fill on an order done for day is late, also where one was guaranteed.
SELECT pg_temp.do('{"commandType": "CreateOrderCommand", "orderId": "rp-stop", "symbol": "ES", "side": "BUY", "orderQty": 10}'), pg_temp.do('{"commandType": "StopOrderCommand", "orderId": "rp-stop"}'), pg_temp.do('{"commandType": "DoneForDayOrderCommand", "orderId": "rp-stop"}');
SELECT pg_temp.fill('rp-stop', '1', 7, '{"ordStatus": "1"}');
SELECT o.status, o.conditions, o.flags, e.flags AS of_the_fill FROM oms.orders AS o JOIN oms.executions AS e ON e.order_id = o.id WHERE o.id = 'rp-stop';

SELECT * FROM oms.verify();

-- A bust that names its fill makes none: whose the executionId is that it gives does not matter, sent singly or in a batch.
SELECT r ->> 'status' AS result, r #>> '{state,status}' AS status, r #>> '{error,message}' AS refused FROM oms_commands('[
  {"commandType": "CreateOrderCommand", "orderId": "rp-Z", "symbol": "X", "side": "BUY", "orderQty": 100},
  {"commandType": "ExecuteOrderCommand", "orderId": "rp-Z", "executionId": "rp-z1", "execID": "rp-z1", "lastQty": 1, "lastPx": 1},
  {"commandType": "ExecuteOrderCommand", "orderId": "rp-nobody", "execID": "rp-z2", "lastQty": 1, "lastPx": 1, "symbol": "X", "side": "BUY"},
  {"commandType": "ExecuteOrderCommand", "orderId": "rp-nobody", "executionId": "rp-z1", "execID": "rp-z3", "execRefID": "rp-z2", "execType": "TRADE_CANCEL", "lastQty": 1, "lastPx": 1, "symbol": "X", "side": "BUY"}]', false) AS r;
