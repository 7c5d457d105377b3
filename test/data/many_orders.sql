-- A store that has been in use for a hundred days: orders, their trees, executions, quotes and events, as rows (by commands they would take hours).
-- psql variables: orders, how many; events, how many of each order. What plans of queries depend on is as in life: most orders have ended, what is open is
-- of the last days, few wait at the desk or in review, accounts and symbols are of very different size. Used by test/t and bench/.
\set ON_ERROR_STOP on
SET client_min_messages = 'warning';
SELECT setseed(0.42) \g /dev/null
SELECT oms.ensure_partitions(0) \g /dev/null

-- One of each kind, as commands make them, is what the others are copies of.
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "T", "clOrdID": "T", "symbol": "VOD.L", "side": "BUY", "orderQty": 1000, "ordType": "LIMIT", "price": 70.25, "account": "ACME", "currency": "GBX",
  "timeInForce": "DAY", "text": "work it", "attributes": {"sector": "TELECOM", "strategy": "vwap"}}') \g /dev/null
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "T.1", "parentId": "T", "orderQty": 500, "ordType": "LIMIT", "price": 70.25, "destination": "XLON"}') \g /dev/null
SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "T.1", "execID": "T", "lastQty": 100, "lastPx": 70.25}') \g /dev/null
SELECT oms_command('{"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "T.R", "symbol": "EURUSD", "side": "BUY", "orderQty": 100, "account": "ACME"}') \g /dev/null
SELECT oms_command('{"commandType": "CreateQuoteCommand", "quoteRequestId": "T.R", "quoteId": "T.Q", "dealer": "ALFA", "offerPx": 1.1, "offerSize": 100, "validUntilTime": "2099-01-01T00:00:00Z"}') \g /dev/null

-- Four orders a tree: a root, its children .1 and .2, and .3 below .1. The newest last, as ids made by us are.
CREATE TEMP TABLE made AS
  SELECT i, i % 4 AS place, i / 4 AS tree, format('O%s', lpad((i / 4 * 4)::text, 8, '0')) AS root,
         -- one in twenty of the last days is open, and a few that wait for long
         (i / 4 * 4 > :orders * 0.9 AND i / 4 % 2 = 0) OR i / 4 % 500 = 0 AS open,
         'ACC' || lpad((200 * power(random(), 3))::integer::text, 3, '0') AS account, 'SYM' || lpad((500 * power(random(), 2))::integer::text, 3, '0') AS symbol,
         now() - interval '100 days' * (1 - i::float8 / :orders) AS made_at
    FROM generate_series(0, :orders - 1) AS i;
ANALYZE made;
INSERT INTO oms.orders
  SELECT r.*
    FROM made AS m
    JOIN made AS t ON t.i = m.i - m.place
    JOIN oms.orders AS o ON o.id = CASE m.place WHEN 0 THEN 'T' ELSE 'T.1' END
   CROSS JOIN LATERAL jsonb_populate_record(o, jsonb_build_object(
     'id', m.root || CASE m.place WHEN 0 THEN '' WHEN 3 THEN '.1.3' ELSE '.' || m.place END, 'root_id', m.root, 'parent_id', CASE m.place WHEN 0 THEN NULL WHEN 3 THEN m.root || '.1' ELSE m.root END,
     'cl_ord_id', 'C' || m.i, 'account', t.account, 'symbol', t.symbol, 'status', CASE WHEN t.open THEN 'PARTIALLY_FILLED' WHEN t.tree % 3 = 0 THEN 'CANCELLED' ELSE 'FILLED' END, 'closed', NOT t.open,
     'leaves_quantity', CASE WHEN t.open THEN 400 ELSE 0 END, 'created_at', t.made_at, 'updated_at', t.made_at + interval '1 hour', 'tree_updated_at', CASE m.place WHEN 0 THEN t.made_at + interval '1 hour' END,
     'side', CASE t.tree % 2 WHEN 0 THEN 'BUY' ELSE 'SELL' END, 'price', 60 + t.tree % 2000 / 100.0, 'desk_status', CASE WHEN m.place = 0 AND t.open AND t.tree % 40 = 0 THEN 'QUEUED' END)) AS r;
INSERT INTO oms.cl_ord_ids (fix_session, cl_ord_id, order_id) SELECT coalesce(o.fix_session, ''), o.cl_ord_id, o.id FROM oms.orders AS o WHERE o.id LIKE 'O%';
-- One in ten was replaced.
INSERT INTO oms.cl_ord_ids (fix_session, cl_ord_id, order_id) SELECT '', 'before ' || o.cl_ord_id, o.id FROM oms.orders AS o WHERE o.id LIKE 'O%' AND o.cl_ord_id LIKE '%7';
INSERT INTO oms.executions
  WITH e AS MATERIALIZED (SELECT * FROM oms.executions)
  SELECT r.*
    FROM oms.orders AS o
   CROSS JOIN e
   CROSS JOIN LATERAL jsonb_populate_record(e::oms.executions, jsonb_build_object('id', 'E' || o.id, 'root_id', o.root_id, 'order_id', o.id, 'exec_id', 'X' || o.id, 'symbol', o.symbol, 'account', o.account, 'side', o.side,
     'status', CASE WHEN NOT o.closed AND hashtext(o.id) % 50 = 0 THEN 'REVIEW' ELSE 'ALLOCATED' END, 'last_px', o.price, 'created_at', o.created_at + interval '1 minute', 'updated_at', o.updated_at)) AS r
   WHERE o.id LIKE 'O%' AND o.parent_id IS NOT NULL;
INSERT INTO oms.quote_requests
  SELECT r.*
    FROM made AS m
   CROSS JOIN oms.quote_requests AS q
   CROSS JOIN LATERAL jsonb_populate_record(q, jsonb_build_object('id', 'R' || m.i, 'root_id', 'R' || m.i, 'status', CASE WHEN m.i > :orders * 0.998 THEN 'QUOTED' ELSE 'EXPIRED' END, 'account', m.account,
     'created_at', m.made_at, 'updated_at', m.made_at)) AS r
   WHERE m.i % 20 = 0;
INSERT INTO oms.quotes
  SELECT r.*
    FROM oms.quote_requests AS q
   CROSS JOIN unnest('{ALFA,BETA,GAMMA}'::text[]) AS d (name)
    JOIN oms.quotes AS t ON t.id = 'T.Q'
   CROSS JOIN LATERAL jsonb_populate_record(t, jsonb_build_object('id', 'Q' || q.id || d.name, 'root_id', q.id, 'quote_request_id', q.id, 'dealer', d.name, 'status', CASE q.status WHEN 'QUOTED' THEN 'ACTIVE' ELSE 'EXPIRED' END,
     'created_at', q.created_at, 'updated_at', q.updated_at)) AS r
   WHERE q.id LIKE 'R%';
-- The partition of this month has them all, whenever the order was made.
INSERT INTO oms.order_events (sequence, aggregate_id, version, root_id, tree_version, event_type, occurred_at, actor, role, command_id, transition, xid, payload, hash, account)
  SELECT nextval('oms.event_sequence'), o.id, v, o.root_id, v, e.event_type, greatest(o.created_at, date_trunc('month', now())) + v * interval '1 ms', e.actor, e.role, 'gen', e.transition, e.xid,
         e.payload || jsonb_build_object('aggregateId', o.id, 'rootId', o.root_id, 'version', v), e.hash, o.account
    FROM oms.orders AS o
   CROSS JOIN generate_series(1, :events) AS v
   CROSS JOIN (SELECT * FROM oms.order_events WHERE aggregate_id = 'T' AND version = 1) AS e
   WHERE o.id LIKE 'O%'
   ORDER BY o.created_at, v, o.id;
DROP TABLE made;
VACUUM (ANALYZE) oms.orders, oms.executions, oms.quote_requests, oms.quotes, oms.cl_ord_ids, oms.order_events;
RESET client_min_messages;
