-- Figures by time.
-- Broken by: a bucket whose end belongs to two, a day of 25 hours that is cut at 24, a fill that counts no more, a group that a
-- specification leaves out, what somebody's search_path says of an operator.
\set ECHO queries
SET timezone = 'UTC';
SELECT count(*) AS commands FROM oms_commands('[
 {"commandType": "CreateOrderCommand", "orderId": "ser-1", "symbol": "SER.A", "side": "BUY", "orderQty": 1000, "price": 10, "ordType": "LIMIT", "account": "SER", "attributes": {"sector": "energy"}, "pending": true},
 {"commandType": "AcceptOrderCommand", "orderId": "ser-1"},
 {"commandType": "CreateOrderCommand", "orderId": "ser-2", "symbol": "SER.B", "side": "SELL", "orderQty": 500, "account": "SER"},
 {"commandType": "ExecuteOrderCommand", "orderId": "ser-1", "executionId": "ser-e1", "execID": "ser-1", "lastQty": 100, "lastPx": 9.9},
 {"commandType": "ExecuteOrderCommand", "orderId": "ser-1", "executionId": "ser-e2", "execID": "ser-2", "lastQty": 300, "lastPx": 9.7},
 {"commandType": "ExecuteOrderCommand", "orderId": "ser-1", "executionId": "ser-e3", "execID": "ser-3", "lastQty": 50, "lastPx": 9.7},
 {"commandType": "BustExecutionCommand", "executionId": "ser-e3", "execID": "ser-4", "reason": "error"},
 {"commandType": "CancelOrderCommand", "orderId": "ser-2", "reason": "client"}]');

SELECT measure, object, unit FROM oms.series_measures() ORDER BY measure;

-- all measures of this account, in one bucket: two hours, and everything now is in them
SELECT m.measure, s.value >= 0 AS "some", CASE WHEN m.unit <> 'seconds' THEN s.value END AS value
  FROM oms.series_measures() AS m,
       oms.series(m.measure, '1 day', now() - interval '1 day', now() + interval '1 day',
                  CASE WHEN m.object IN ('quote_requests', 'quotes') THEN oms.eq('symbol', 'none') ELSE oms.eq('account', 'SER') END, 'account') AS s
 ORDER BY m.measure;

-- by groups; what is in attributes too, and of events
SELECT "group", value FROM oms.series('order_quantity', '1 day', now() - interval '1 day', now() + interval '1 day', oms.eq('account', 'SER'), 'symbol') ORDER BY 1;
SELECT "group", value FROM oms.series('orders', '1 day', now() - interval '1 day', now() + interval '1 day', oms.eq('account', 'SER'), 'attributes.sector') ORDER BY 1;
SELECT "group", value FROM oms.series('cancels', '1 day', now() - interval '1 day', now() + interval '1 day', oms.eq('state.account', 'SER'), 'state.symbol') ORDER BY 1;

-- without groups nothing is left out
SELECT "time", value FROM oms.series('orders', '6 hours', '2020-01-01 01:00Z', '2020-01-02 00:00Z');
SELECT "time", value FROM oms.series('average_price', '12 hours', '2020-01-01Z', '2020-01-02 00:00Z');
SELECT count(*), sum(value) FROM oms.series('fills', '1 minute', date_trunc('day', now()), date_trunc('day', now()) + interval '1 day', oms.like('symbol', 'SER.%'));

-- each end belongs to the next one: of an order of one moment, three halves of a microsecond
SELECT s.value, s."time" = o.created_at AS here
  FROM oms.orders AS o, oms.series('orders', '1 microsecond', o.created_at - interval '1 microsecond', o.created_at + interval '2 microseconds', oms.eq('orderId', o.id)) AS s
 WHERE o.id = 'ser-1' ORDER BY s."time";

-- days, weeks, months and quarters begin as people say, where clocks change too
SET timezone = 'Europe/Zurich';
SELECT "time" FROM oms.series('orders', '1 day', '2025-10-25 12:00', '2025-10-28 00:00');
SELECT "time" FROM oms.series('orders', '7 days', '2025-10-25 12:00', '2025-11-04 00:00');
SELECT "time" FROM oms.series('orders', '3 months', '2025-02-25 12:00', '2025-10-02 00:00');
SELECT "time" FROM oms.series('orders', '1 year', '2025-02-25 12:00', '2025-10-02 00:00');
SELECT "time" FROM oms.series('orders', '00:20', '2025-10-26 00:05Z', '2025-10-26 01:10Z');
-- where there is no midnight, one day begins later, and the next one does not; where there are two, none is lost; where a day is left out, it is none
SET timezone = 'America/Sao_Paulo';
SELECT "time" FROM oms.series('orders', '1 day', '2018-11-03 12:00', '2018-11-06 00:00');
SET timezone = 'America/Havana';
SELECT "time" FROM oms.series('orders', '1 day', '2025-11-02 00:30-04', '2025-11-03 00:30');
SET timezone = 'Pacific/Apia';
SELECT "time" FROM oms.series('orders', '1 day', '2011-12-29 12:00', '2012-01-01 00:00');
-- clocks go back over midnight, and the end is on the day before the beginning
SET timezone = 'America/St_Johns';
SELECT "time", value FROM oms.series('orders', '1 day', '2010-11-07 00:00:30-02:30', '2010-11-06 23:30-03:30');
SELECT "time", value FROM oms.series('orders', '1 month', '2010-11-07 00:00:30-02:30', '2010-11-06 23:30-03:30');
SET timezone = 'UTC';

-- what is refused
\set VERBOSITY verbose
\set SHOW_CONTEXT never
CREATE FUNCTION ser_refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE d text; h text;
BEGIN
  EXECUTE statement;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
  RETURN concat_ws(' / ', SQLSTATE, SQLERRM, nullif(d, ''), nullif(h, ''));
END $$;
SELECT ser_refused($$SELECT * FROM oms.series('none', '1 day', now(), now() + '1 day')$$);
SELECT ser_refused($$SELECT * FROM oms.series('orders', '0', now(), now() + '1 day')$$);
SELECT ser_refused($$SELECT * FROM oms.series('orders', '-1 day', now(), now() + '1 day')$$);
SELECT ser_refused($$SELECT * FROM oms.series('orders', '1 month 1 day', now(), now() + '1 day')$$);
SELECT ser_refused($$SELECT * FROM oms.series('orders', '1 day', now(), now())$$);
SELECT ser_refused($$SELECT * FROM oms.series('orders', '1 day', now(), '-infinity')$$);
SELECT ser_refused($$SELECT * FROM oms.series('orders', '1 day', '294270-01-01', '294276-12-31')$$);
SELECT ser_refused($$SELECT * FROM oms.series('orders', '178000000 years', now(), now() + '1 day')$$), ser_refused($$SELECT * FROM oms.series('orders', '2147483647 days', now(), now() + '1 day')$$), ser_refused($$SELECT * FROM oms.series('orders', '2562047788 hours', now(), now() + '1 day')$$);
SELECT ser_refused($$SELECT * FROM oms.series('orders', '10000 years', '0001-01-01 00:00Z', '9999-12-31 23:59:59.999999Z')$$), ser_refused($$SELECT * FROM oms.series('orders', '3660000 days', '9999-12-31Z', '9999-12-31 23:59:59Z')$$);
SELECT ser_refused($$SELECT * FROM oms.series('orders', '1 day', now(), now() + '1 day', NULL, 'clOrdIDs')$$);
SELECT ser_refused($$SELECT * FROM oms.series('orders', '1 microsecond', '2020-01-01Z', '2020-01-02Z')$$);
SELECT ser_refused($$SELECT * FROM oms.series('orders', NULL, now(), now())$$);
SELECT ser_refused($$SELECT * FROM oms.series('orders', '1 day', now(), now() + '1 day', oms.eq('nothing', 1))$$);
SELECT ser_refused($$SELECT * FROM oms.series('orders', '1 day', now(), now() + '1 day', NULL, 'nothing')$$);
SELECT ser_refused($$SELECT * FROM oms.series('orders', '1 day', now(), now() + '1 day', NULL, 'symbol; DROP TABLE oms.orders')$$);
DROP FUNCTION ser_refused(text);
