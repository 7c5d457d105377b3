-- Objects and trees as they were: by moment, by version and by position, from the nearest event.
-- Broken by: a search that does not end at the newest event of before; a slice for which its tree is read; a moment without a type that is no moment any more.
SET client_min_messages = warning;

CREATE TEMPORARY TABLE steps (step integer PRIMARY KEY, at timestamptz NOT NULL, "position" text NOT NULL, orders jsonb NOT NULL);
CREATE PROCEDURE pg_temp.does(step integer, command jsonb) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM oms_command(command);
  COMMIT;
  INSERT INTO steps SELECT step, clock_timestamp(), oms.current_position(), (SELECT jsonb_object_agg(o.id, to_jsonb(o)) FROM oms.orders AS o WHERE o.root_id = 'ao-R');
  COMMIT;
END $$;
CALL pg_temp.does(1, '{"commandType": "CreateOrderCommand", "orderId": "ao-R", "symbol": "IBM", "side": "BUY", "orderQty": 1000}');
CALL pg_temp.does(2, '{"commandType": "CreateOrderCommand", "orderId": "ao-1", "parentId": "ao-R", "orderQty": 600}');
CALL pg_temp.does(3, '{"commandType": "ExecuteOrderCommand", "orderId": "ao-1", "executionId": "ao-X", "execID": "X1", "lastQty": 100, "lastPx": 10}');
CALL pg_temp.does(4, '{"commandType": "UpdateOrderCommand", "orderId": "ao-1", "text": "its root has no event"}');
CALL pg_temp.does(5, '{"commandType": "CreateOrderCommand", "orderId": "ao-2", "parentId": "ao-R", "orderQty": 400}');
CALL pg_temp.does(6, '{"commandType": "CorrectExecutionCommand", "executionId": "ao-X", "execID": "X2", "lastQty": 90, "lastPx": 10}');
CALL pg_temp.does(7, '{"commandType": "CancelOrderCommand", "orderId": "ao-2"}');

-- 1. each order after each step, by the moment and by the position, and the tree; none is there that was not
SELECT s.step, count(*) AS orders, bool_and(to_jsonb(oms.order_as_of(o.id, s.at)) IS NOT DISTINCT FROM s.orders -> o.id) AS by_moment,
       bool_and(to_jsonb(oms.order_as_of(o.id, s."position")) IS NOT DISTINCT FROM s.orders -> o.id) AS by_position
  FROM steps AS s CROSS JOIN oms.orders AS o WHERE o.root_id = 'ao-R' GROUP BY s.step ORDER BY s.step;
SELECT s.step, (SELECT jsonb_object_agg(t.id, to_jsonb(t)) FROM oms.tree_as_of('ao-R', s.at) AS t) = s.orders AS by_moment,
       (SELECT jsonb_object_agg(t.id, to_jsonb(t)) FROM oms.tree_as_of('ao-R', s."position") AS t) = s.orders AS by_position,
       (SELECT jsonb_object_agg(t.id, to_jsonb(t)) FROM oms.tree_as_of('ao-R', (s.orders #>> '{ao-R,tree_version}')::bigint) AS t) = s.orders AS by_number
  FROM steps AS s ORDER BY s.step;

-- 2. by version: what the event says, and of a root the numbers that its tree had with it
SELECT o.version, o.status, o.executed_quantity, o.tree_version FROM generate_series(0, 8) AS n CROSS JOIN LATERAL oms.order_as_of('ao-R', n::bigint) AS o WHERE o.id IS NOT NULL ORDER BY 1;
SELECT n, (oms.execution_as_of('ao-X', n)).status FROM generate_series(1, 3::bigint) AS n;

-- 3. a moment may be written without its type
SELECT oms.order_as_of('ao-R', '2000-01-01Z') IS NULL AS before, (oms.order_as_of('ao-R', 'now')).version > 1 AS now, (oms.order_as_of('ao-R', 2)).version AS second,
       (SELECT count(*) FROM oms.tree_as_of('ao-R', 'infinity')) AS at_last, (SELECT count(*) FROM oms.tree_as_of('ao-R', '2000-01-01Z')) AS at_first;
SELECT oms.order_as_of('ao-R', 'when it was') IS NULL;
SELECT oms.order_as_of('ao-R', repeat('A', 60)) IS NULL;
SELECT oms.order_as_of('ao-R', NULL) IS NULL AS never, oms.order_as_of('nobody', 'now') IS NULL AS nobody, (SELECT count(*) FROM oms.tree_as_of('nobody', 'now')) AS nothing;

-- 4. of a slice the tree is not read, nor of a root that has not changed since; events are found by an index, however many there are
SELECT count(*) AS slices FROM generate_series(1, 20) AS i CROSS JOIN LATERAL oms_commands((
  SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', format('ao-%s.%s', i, j), 'parentId', 'ao-1', 'orderQty', 0.1)) FROM generate_series(1, 50) AS j)) AS r;
ANALYZE oms.orders, oms.order_events;
CREATE FUNCTION pg_temp.rows_read(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  before bigint := (SELECT sum(pg_stat_get_xact_tuples_fetched(i.indexrelid)) + sum(pg_stat_get_xact_tuples_returned(c.oid)) FROM pg_class AS c JOIN pg_index AS i ON i.indrelid = c.oid
    WHERE c.relname LIKE 'order_events_2%');
BEGIN
  EXECUTE query;
  RETURN (SELECT sum(pg_stat_get_xact_tuples_fetched(i.indexrelid)) + sum(pg_stat_get_xact_tuples_returned(c.oid)) FROM pg_class AS c JOIN pg_index AS i ON i.indrelid = c.oid
    WHERE c.relname LIKE 'order_events_2%') - before;
END $$;
SELECT pg_temp.rows_read($q$SELECT oms.order_as_of('ao-7.7', now())$q$) BETWEEN 1 AND 10 AS of_a_slice,
       pg_temp.rows_read($q$SELECT oms.order_as_of('ao-R', now() + interval '1 h')$q$) BETWEEN 1 AND 10 AS of_the_root;
-- of 1,000 events of one order some 10 are looked at for what was long ago
SELECT pg_temp.rows_read($q$SELECT oms.order_as_of('ao-1', s.at) FROM steps AS s WHERE step = 4$q$) BETWEEN 1 AND 60 AS few_events;
-- 5. a root between two events of its own: what belongs to its tree alone is found among the sequence numbers, not by reading the tree
SELECT count(*) > 20 AS moments, bool_and(o.tree_version = e.tree_version AND o.tree_updated_at = e.occurred_at) AS same
  FROM (SELECT e.occurred_at, max(e.tree_version) AS tree_version, row_number() OVER (ORDER BY e.occurred_at) AS n FROM oms.all_events AS e WHERE e.root_id = 'ao-R' GROUP BY e.occurred_at) AS e
 CROSS JOIN LATERAL oms.order_as_of('ao-R', e.occurred_at) AS o WHERE e.n < 8 OR e.n % 50 = 0;
SELECT pg_temp.rows_read($q$SELECT oms.order_as_of('ao-R', (SELECT e.occurred_at FROM oms.order_events AS e WHERE e.aggregate_id = 'ao-10.25' AND e.version = 1))$q$) BETWEEN 1 AND 600 AS few_of_the_tree,
       (SELECT count(*) FROM oms.order_events AS e WHERE e.root_id = 'ao-R') > 2000 AS of_many;
-- far apart among the events of others, and with events of its own only
SELECT count(*) FROM generate_series(1, 6) AS i CROSS JOIN LATERAL oms_commands((
  SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', format('ao-other.%s.%s', i, j), 'symbol', 'IBM', 'side', 'BUY', 'orderQty', 1)) FROM generate_series(1, 1500) AS j)) AS r;
SELECT oms_command('{"commandType": "UpdateOrderCommand", "orderId": "ao-2", "text": "later"}') ->> 'status';
SELECT oms_command('{"commandType": "UpdateOrderCommand", "orderId": "ao-R", "text": "last"}') ->> 'status';
SELECT count(*) AS moments, bool_and(o.tree_version = e.tree_version AND o.tree_updated_at = e.occurred_at) AS same
  FROM (SELECT e.occurred_at, max(e.tree_version) AS tree_version FROM oms.all_events AS e WHERE e.root_id = 'ao-R' GROUP BY e.occurred_at ORDER BY 1 DESC LIMIT 4) AS e
 CROSS JOIN LATERAL oms.order_as_of('ao-R', e.occurred_at) AS o;
SELECT * FROM oms.verify();
