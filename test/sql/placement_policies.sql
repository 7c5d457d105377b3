-- Policies of placement as rows: which are refused when they are stored, and how the one is found that places an order.
-- What one makes of an order is in unit/order_placement.c, that SubmitClientOrder asks them in routing.sql.
-- Broken by: a row that is stored and cannot be used, a policy that is asked out of its order, one that fails and lets the next one place,
-- a shipped row that can be changed.
\set VERBOSITY default
\set SHOW_CONTEXT never

-- What came with the extension, and what a row of one's own is when little is said.
SELECT name, priority, predicate, destinations, slices, cl_ord_id_pattern, enabled FROM oms.placement_policies;
INSERT INTO oms.placement_policies (name, priority, predicate) VALUES ('pp', 10, 'cur.symbol = ''PP''') RETURNING slices, cl_ord_id_pattern, enabled, version, hash IS NOT NULL AS hashed;
SELECT event_type, payload #> '{state}' AS state FROM oms.configuration_events WHERE root_id = 'placement_policies/pp';

-- What cannot be used is not stored.
CREATE FUNCTION pg_temp.try(assignment text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  EXECUTE 'UPDATE oms.placement_policies SET ' || assignment || ' WHERE name = ''pp''';
  RETURN 'stored';
EXCEPTION WHEN others THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN format('%s %s | %s', sqlstate, sqlerrm, detail);
END $$;
SELECT a AS assignment, pg_temp.try(a) FROM unnest(ARRAY[
  $$predicate = 'cur.nothing = 1'$$, $$predicate = 'SELECT 1'$$, $$predicate = 'pg_sleep(1) IS NULL'$$,
  $$destinations = '{}'$$, $$destinations = '[]'$$, $$destinations = '"X"'$$, $$destinations = '["X"]'$$, $$destinations = '[{"destination": 1}]'$$,
  $$destinations = '[{"destination": ""}]'$$, $$destinations = '[{"weight": 0}]'$$, $$destinations = '[{"weight": "1"}]'$$, $$destinations = '[{"weight": -1}]'$$,
  $$destinations = '[{"venue": "X"}]'$$, $$destinations = (SELECT jsonb_agg('{}'::jsonb) FROM generate_series(1, 101))$$,
  $$destinations = '[{"destination": "X", "weight": 2}, {"destination": null}]'$$,
  $$max_quantity = 0$$, $$max_quantity = 'NaN'$$, $$min_quantity = -1$$, $$lot = 'Infinity'$$, $$lot = 123456789012345678901234567890123456789$$,
  $$max_quantity = 5, min_quantity = 6$$, $$max_quantity = 5, lot = 6$$, $$max_quantity = 60, min_quantity = 6, lot = 5$$,
  $$slices = 0$$, $$slices = 1001, slice_interval = '1 min'$$, $$slices = 2$$, $$slices = 2, slice_interval = '0'$$, $$slices = 2, slice_interval = '1 mon'$$,
  $$slices = 2, slice_interval = '-1 day 25 hours'$$, $$slices = 2, slice_interval = '31 days 1 s'$$, $$slices = 12, slice_interval = '1 day 5 min'$$,
  $$cl_ord_id_pattern = '{n}'$$, $$cl_ord_id_pattern = '{clOrdID}'$$, $$cl_ord_id_pattern = '{clOrdID}{n}{side}'$$, $$cl_ord_id_pattern = '{orderId}{n}{'$$,
  $$cl_ord_id_pattern = '{orderId}{n}' || repeat('x', 100)$$, $$cl_ord_id_pattern = 'A-{destination}-{orderId}-{n}'$$, $$name = 'other'$$,
  $$examples = '[{"command": {"commandType": "CreateOrderCommand", "symbol": "PP", "side": "1", "orderQty": 1}, "cur": {"symbol": "PP"}, "outcome": "FALSE"}]'$$]) AS a;
SELECT destinations, max_quantity, min_quantity, lot, slices, slice_interval, cl_ord_id_pattern, version FROM oms.placement_policies WHERE name = 'pp';

-- The shipped one stays; a row of its name takes its place, whole.
UPDATE oms.placement_policies SET enabled = false WHERE builtin;
DELETE FROM oms.placement_policies WHERE builtin;
TRUNCATE oms.placement_policies;
DELETE FROM oms.placement_policies WHERE name = 'pp';
SELECT change, count(*) FROM oms.configuration_history WHERE table_name = 'placement_policies' GROUP BY 1 ORDER BY 1;
SELECT * FROM oms.verify_configuration();

-- SubmitClientOrder asks them: by priority and name, the first that is true; the event names it. What a plan leaves for later is placed by the job.
INSERT INTO oms.placement_policies (name, priority, predicate, destinations, max_quantity, min_quantity, slices, slice_interval, cl_ord_id_pattern) VALUES
  ('pp_b', 10, 'cur.symbol = ''PP''', '[{"destination": "XA", "weight": 3}, {}]', 40, 10, 2, '1 h', '{clOrdID}/{destination}/{n}'),
  ('pp_a', 10, 'cur.symbol = ''PP'' AND cur.order_qty < 10', NULL, NULL, NULL, 1, NULL, DEFAULT),
  ('pp_c', 20, 'cur.order_qty / (cur.order_qty - 7) > 0', NULL, NULL, NULL, 1, NULL, DEFAULT);
CREATE FUNCTION pg_temp.submit(id text, symbol text, quantity numeric) RETURNS jsonb LANGUAGE sql AS $$
  SELECT (r -> 'routing') || jsonb_build_object('children', r #> '{state,childCount}')
    FROM oms_service('SubmitClientOrder', jsonb_build_object('orderId', id, 'clOrdID', id, 'symbol', symbol, 'side', 'BUY', 'orderQty', quantity, 'price', 10, 'destination', 'XO', 'account', 'ACC')) AS r
$$;
SELECT pg_temp.submit('pp-1', 'PP', 200);
SELECT pg_temp.submit('pp-2', 'PP', 9);
SELECT pg_temp.submit('pp-3', 'QQ', 100);
SELECT pg_temp.submit('pp-4', 'QQ', 7);
SELECT e.aggregate_id, f - 'saw' AS finding FROM oms.order_events AS e, jsonb_array_elements(e.payload -> 'findings') AS f WHERE e.aggregate_id LIKE 'pp-%' AND f ->> 'action' = 'PLACE' ORDER BY 1;
SELECT parent_id, cl_ord_id, order_qty, destination, price FROM oms.orders WHERE parent_id LIKE 'pp-%' ORDER BY cl_ord_id;
SELECT jsonb_path_query_array(planned_slices, '$[*].clOrdID') AS later, next_placement_at - created_at BETWEEN '59 min' AND '61 min' AS in_an_hour, unplaced_quantity FROM oms.orders WHERE id = 'pp-1';
SELECT * FROM oms.place_due(now() + interval '2 h') WHERE order_id LIKE 'pp-%';
SELECT unplaced_quantity, planned_slices FROM oms.orders WHERE id = 'pp-1';
SELECT at, rule FROM oms.explain_routing('pp-1');
-- What somebody else is called by then, by a client of another session who numbers his orders alike: then another name by the pattern. A name that is not by a pattern stays.
SELECT pg_temp.submit('pp-9', 'PP', 80);
SELECT oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'clOrdID', p ->> 'clOrdID', 'symbol', 'PP', 'side', 'BUY', 'orderQty', 1)) ->> 'status' AS taken
  FROM oms.orders AS o, jsonb_path_query(o.planned_slices, '$[0]') AS p WHERE o.id = 'pp-9';
SELECT * FROM oms.place_due(now() + interval '2 h') WHERE order_id LIKE 'pp-%';
SELECT cl_ord_id, order_qty, destination, price FROM oms.orders WHERE parent_id = 'pp-9' ORDER BY cl_ord_id;
SELECT r #>> '{error,message}' AS refused, r #>> '{error,detail}' AS detail FROM oms_try_command('{"commandType": "PlaceOrderCommand", "orderId": "pp-9", "children": [{"orderQty": 1, "clOrdID": "pp-x", "clOrdIDPattern": "{clOrdID}", "placeAt": "2199-01-01T00:00:00Z"}]}') AS r;
-- None is for it, and the shipped one is hidden: a client's order is never lost. A change acts at the next command.
INSERT INTO oms.placement_policies (name, priority, predicate) VALUES ('whole', 30, 'cur.symbol = ''RR''');
SELECT pg_temp.submit('pp-5', 'SS', 100);
SELECT pg_temp.submit('pp-6', 'RR', 100);
UPDATE oms.placement_policies SET enabled = false WHERE name = 'pp_c';
SELECT pg_temp.submit('pp-7', 'SS', 100);
DELETE FROM oms.placement_policies WHERE name = 'whole' AND NOT builtin;
SELECT pg_temp.submit('pp-8', 'SS', 100);
-- A name that somebody has is left out: the claim says so.
SELECT oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'clOrdID', 'pp-10-' || n, 'symbol', 'SS', 'side', 'BUY', 'orderQty', 1)) ->> 'status' AS taken FROM unnest(ARRAY[1, 2]) AS n;
SELECT pg_temp.submit('pp-10', 'SS', 100);
SELECT cl_ord_id, order_qty FROM oms.orders WHERE parent_id = 'pp-10';
DELETE FROM oms.placement_policies WHERE NOT builtin;
SELECT * FROM oms.verify();
