-- Events for a reader who keeps his position: what a page has, its order, positions of each row; and tokens.
-- Broken by: a window that is not in the order of sequence, a position that repeats or skips, an event of a kind that was not asked for,
-- one of the reader's own transaction, or an error without its SQLSTATE. What writers, crashes, standbys and restores do to it: 093 and 094.
SET client_min_messages = warning;

-- Of what other files have left nothing counts.
CREATE TEMPORARY TABLE reader (name text PRIMARY KEY, at text);
INSERT INTO reader SELECT n, oms.current_position(CASE n WHEN 'orders' THEN 'order' END) FROM unnest('{all,orders}'::text[]) AS n;
SELECT count(*) FROM oms.events_since('all', (SELECT at FROM reader WHERE name = 'all'));
SELECT count(*) FROM oms.events_since('order', (SELECT at FROM reader WHERE name = 'orders'));

CREATE FUNCTION pg_temp.command(text) RETURNS text LANGUAGE sql AS 'SELECT oms_command($1::jsonb) ->> ''token''';
CREATE FUNCTION pg_temp.poll(reader_name text, object text, most integer DEFAULT 1000) RETURNS TABLE (kind text, id text, version bigint, type text) LANGUAGE plpgsql AS $$
DECLARE
  e record;
BEGIN
  FOR e IN SELECT * FROM oms.events_since(poll.object, (SELECT r.at FROM reader AS r WHERE r.name = reader_name), most) LOOP
    UPDATE reader AS r SET at = e."position" WHERE r.name = reader_name;
    kind := e.object; id := e.aggregate_id; version := e.version; type := e.event_type;
    RETURN NEXT;
  END LOOP;
END $$;

SELECT pg_temp.command('{"commandType": "CreateOrderCommand", "orderId": "po-A", "symbol": "X", "side": "BUY", "orderQty": 100}') ~ '^[1-9]\d*\.\d+$' AS token;
SELECT pg_temp.command('{"commandType": "CreateOrderCommand", "orderId": "po-A1", "parentId": "po-A", "orderQty": 60}') AS token
\gset
SELECT pg_temp.command('{"commandType": "ExecuteOrderCommand", "orderId": "po-A1", "executionId": "po-E1", "execID": "1", "lastQty": 10, "lastPx": 2}') AS token
\gset
-- two events a page, until there is none; then the position stays
SELECT * FROM pg_temp.poll('all', 'all', 2);
SELECT * FROM pg_temp.poll('all', NULL, 2);
SELECT * FROM pg_temp.poll('all', '', 2);
SELECT * FROM pg_temp.poll('all', 'all', 2);
SELECT * FROM pg_temp.poll('all', 'all', 2);
-- of one kind, which has several names
SELECT * FROM pg_temp.poll('orders', 'order', 1);
SELECT * FROM pg_temp.poll('orders', 'orders');
SELECT * FROM pg_temp.poll('orders', 'order_events');

-- what a transaction does itself is not committed: it is read once it is
BEGIN;
SELECT pg_temp.command('{"commandType": "CancelOrderCommand", "orderId": "po-A1"}') AS token
\gset
SELECT count(*) FROM oms.events_since('all', (SELECT at FROM reader WHERE name = 'all'));
COMMIT;
SELECT * FROM pg_temp.poll('all', 'all');
BEGIN;
SELECT pg_temp.command('{"commandType": "CreateOrderCommand", "orderId": "po-B", "symbol": "X", "side": "BUY", "orderQty": 1}') AS token
\gset
ROLLBACK;
SELECT * FROM pg_temp.poll('all', 'all');

-- an event is behind a position or before it
SELECT e.aggregate_id, e.version, oms.position_sees(p.at, e.sequence, e.xid) AS sees, oms.position_sees(r.at, e.sequence, e.xid) AS now
  FROM oms.order_events AS e, reader AS r,
       (SELECT "position" AS at FROM oms.events_since('order', NULL, 100000) WHERE aggregate_id = 'po-A1' AND version = 1) AS p
 WHERE e.aggregate_id LIKE 'po-%' AND r.name = 'orders' ORDER BY e.sequence;

-- many positions in one statement take the memory of one
WITH p AS MATERIALIZED (SELECT array_agg("position") AS at FROM (SELECT "position" FROM oms.events_since('order', NULL, 2)) AS r),
     seen AS MATERIALIZED (SELECT count(oms.position_sees(at[1 + i % 2], 1, '1')) AS count FROM p, generate_series(1, 50000) AS i)
SELECT seen.count, m.used < 15000000 AS little FROM seen CROSS JOIN LATERAL (SELECT sum(used_bytes) AS used FROM pg_get_backend_memory_contexts() WHERE seen.count > 0) AS m;

-- every event once, from the beginning on, in pages of any size
CREATE TEMPORARY TABLE got (sequence bigint, place integer GENERATED ALWAYS AS IDENTITY);
INSERT INTO reader VALUES ('anew', NULL);
DO $$
DECLARE
  e record;
  n integer;
BEGIN
  LOOP
    n := 0;
    FOR e IN SELECT * FROM oms.events_since(NULL, (SELECT at FROM reader WHERE name = 'anew'), 97) LOOP
      INSERT INTO got (sequence) VALUES (e.sequence);
      UPDATE reader SET at = e."position" WHERE name = 'anew';
      n := n + 1;
    END LOOP;
    EXIT WHEN n = 0;
  END LOOP;
END $$;
SELECT count(*) - count(DISTINCT g.sequence) AS twice, count(*) FILTER (WHERE e.sequence IS NULL) AS unknown FROM got AS g LEFT JOIN oms.all_events AS e USING (sequence);
SELECT count(*) AS missing FROM oms.all_events AS e WHERE NOT EXISTS (SELECT FROM got AS g WHERE g.sequence = e.sequence);
SELECT count(*) AS out_of_order FROM (SELECT sequence < lag(sequence) OVER (ORDER BY place) AS is FROM got) AS g WHERE g.is;

-- what cannot be read
SELECT * FROM oms.events_since('thing', NULL);
SELECT * FROM oms.events_since('order', (SELECT at FROM reader WHERE name = 'all'));
SELECT * FROM oms.events_since('all', '');
SELECT * FROM oms.events_since('all', (SELECT overlay(at PLACING 'zz' FROM 12 FOR 2) FROM reader WHERE name = 'all'));
SELECT * FROM oms.events_since('all', (SELECT left(at, -1) FROM reader WHERE name = 'all'));
SELECT * FROM oms.events_since('all', NULL, 0);
SELECT * FROM oms.events_since('all', NULL, 100001);
\set VERBOSITY sqlstate
SELECT * FROM oms.events_since('all', 'x');
\set VERBOSITY default

-- tokens: of what is committed, of a repeat, of what was rolled back, of another incarnation, and what is none
SELECT pg_temp.command('{"commandType": "CreateOrderCommand", "orderId": "po-C", "commandId": "po-c", "symbol": "X", "side": "BUY", "orderQty": 1}') AS token
\gset
SELECT :'token' = pg_temp.command('{"commandType": "CreateOrderCommand", "orderId": "po-C", "commandId": "po-c", "symbol": "X", "side": "BUY", "orderQty": 1}') AS repeated;
CALL oms.wait_for(:'token');
SET default_transaction_isolation = 'serializable';
CALL oms.wait_for(:'token', '0');
RESET default_transaction_isolation;
BEGIN;
SELECT pg_temp.command('{"commandType": "CreateOrderCommand", "orderId": "po-D", "symbol": "X", "side": "BUY", "orderQty": 1}') AS lost
\gset
ROLLBACK;
SELECT regexp_replace(:'lost', '^\d+\.', '') AS lost_xid
\gset
\set VERBOSITY sqlstate
CALL oms.wait_for(:'lost');
CALL oms.wait_for('7' || :'lost');
CALL oms.wait_for('0.' || :'lost_xid');
\set VERBOSITY default
CALL oms.wait_for('x');
CALL oms.wait_for('1.2.3');
CALL oms.wait_for('01.5000');
CALL oms.wait_for('1.99999999999999999999');
CALL oms.wait_for(NULL);
CALL oms.wait_for('1.999999999999', '10 ms');
BEGIN;
CALL oms.wait_for('1.800');
ROLLBACK;
SELECT number, first_sequence >= 1 AS begins, system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c) AS ours FROM oms.incarnations;
\set VERBOSITY sqlstate
UPDATE oms.incarnations SET number = 2;
DELETE FROM oms.incarnations;
TRUNCATE oms.incarnations;
