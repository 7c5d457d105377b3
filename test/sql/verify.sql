-- Replay, as-of, rebuild, oms.verify() and the views for people, on one tree whose life is told step by step.
\pset null -
SET client_min_messages = warning;

-- 1. a tree of three levels; the clock is noted after each step
CREATE TEMPORARY TABLE steps (step text PRIMARY KEY, at timestamptz NOT NULL, rows jsonb NOT NULL);
CREATE FUNCTION pg_temp.step(step text, command jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result jsonb := oms_command(command);
BEGIN
  INSERT INTO steps
    SELECT step, clock_timestamp(),
           (SELECT jsonb_object_agg(o.id, to_jsonb(o)) FROM oms.orders AS o)
           || coalesce((SELECT jsonb_object_agg(x.id, to_jsonb(x)) FROM oms.executions AS x), '{}');
  RETURN (SELECT string_agg(format('%s %s', e ->> 'aggregateId', e ->> 'eventType'), ', ' ORDER BY e -> 'sequence')
            FROM jsonb_array_elements(result -> 'events') AS e);
END $$;
SELECT pg_temp.step('create', '{"commandType": "CreateOrderCommand", "orderId": "V", "clOrdID": "c-V", "symbol": "IBM", "side": "BUY", "orderQty": 1000, "price": 10.5, "account": "ACC", "currency": "USD"}');
SELECT pg_temp.step('middle', '{"commandType": "CreateOrderCommand", "orderId": "V-1", "parentId": "V", "orderQty": 600, "price": 10.5}');
SELECT pg_temp.step('leaf', '{"commandType": "CreateOrderCommand", "orderId": "V-1-1", "parentId": "V-1", "clOrdID": "c-V-1-1", "orderQty": 300, "price": 10.5, "destination": "XNYS"}');
SELECT pg_temp.step('fill', '{"commandType": "ExecuteOrderCommand", "orderId": "V-1-1", "executionId": "V-x1", "execID": "E1", "lastQty": 100, "lastPx": 10.3333333333}');
SELECT pg_temp.step('fill 2', '{"commandType": "ExecuteOrderCommand", "orderId": "V-1-1", "executionId": "V-x2", "execID": "E2", "lastQty": 50, "lastPx": 10.49, "lastMkt": "XNYS"}');
SELECT pg_temp.step('overfill', '{"commandType": "ExecuteOrderCommand", "orderId": "V-1-1", "executionId": "V-x3", "execID": "E3", "lastQty": 5000, "lastPx": 10.4}');
SELECT pg_temp.step('correct', '{"commandType": "CorrectExecutionCommand", "executionId": "V-x1", "execID": "E4", "lastQty": 90, "lastPx": 10.3}')
  ~ '^V-x1 ExecutionCorrected, \S+ ExecutionValidated, V-1-1 OrderExecutionCorrected, V-1 OrderQuantitiesChanged, V OrderQuantitiesChanged$' AS corrected;
SELECT pg_temp.step('bust', '{"commandType": "BustExecutionCommand", "executionId": "V-x2", "execID": "E5", "reason": "erroneous"}');
SELECT pg_temp.step('replace', '{"commandType": "RequestReplaceOrderCommand", "orderId": "V-1-1", "orderQty": 400}');
SELECT pg_temp.step('note', '{"commandType": "UpdateOrderCommand", "orderId": "V-1-1", "text": "a note that the root does not notice"}');
SELECT pg_temp.step('cancel', '{"commandType": "CancelOrderCommand", "orderId": "V-1-1"}');
SELECT * FROM oms.verify();

-- 2. views
SELECT depth, path, id, root_id, parent_id, status, symbol, side, order_qty, executed_quantity, leaves_quantity, working_quantity,
       unplaced_quantity, avg_px FROM oms.order_tree WHERE root_id = 'V';
SELECT id, status, executed_quantity, child_count, live_children FROM oms.client_orders WHERE id LIKE 'V%';
SELECT id, parent_id, own_executed_quantity, review_quantity, status FROM oms.market_orders WHERE root_id = 'V' ORDER BY id;
SELECT quantity, last_px, value, currency, order_id, cl_ord_id, order_status, root_id, root_cl_ord_id, account, allocations
  FROM oms.trade_blotter WHERE root_id = 'V';
SELECT execution_id, exec_id, reasons, last_qty, last_px, order_id, order_qty FROM oms.execution_review WHERE root_id = 'V';
SELECT version, event_type, status, order_qty, executed_quantity, leaves_quantity, avg_px, sentence, command_type
  FROM oms.order_history WHERE order_id = 'V-1-1' ORDER BY version;
-- who did this, and why
SELECT event_type, reason, text, actor = session_user AS by_me, command_type, cl_ord_id, symbol, account
  FROM oms.order_history WHERE order_id = 'V-1-1' AND version >= 5 ORDER BY version;
SELECT object, count(*) FROM oms.all_events WHERE root_id = 'V' GROUP BY object ORDER BY object;

-- 3. as of: after each step every object was what its row was then, tree_version of the root included
SELECT s.step, r.key AS object
  FROM steps AS s CROSS JOIN LATERAL jsonb_each(s.rows) AS r
 WHERE r.value ->> 'root_id' = 'V'
   AND r.value IS DISTINCT FROM CASE WHEN r.value ? 'last_qty' THEN to_jsonb(oms.execution_as_of(r.key, s.at))
                                     ELSE to_jsonb(oms.order_as_of(r.key, s.at)) END;
SELECT (oms.order_as_of('V', s.at)).tree_version, (oms.order_as_of('V-1-1', s.at)).status, (oms.execution_as_of('V-x1', s.at)).status,
       s.step FROM steps AS s ORDER BY s.at;
SELECT oms.order_as_of('V', '2000-01-01Z') IS NULL AS before, oms.order_as_of('nobody', now()) IS NULL AS unknown,
       oms.execution_as_of('V', now()) IS NULL AS other, oms.order_as_of(NULL, now()) IS NULL AS without;

-- of a slice, and of a fill of it, the tree is not read: nor of a root: what came between two of its events is looked for among the sequence numbers
BEGIN;
SET LOCAL track_functions = 'all';
SELECT (oms.order_as_of('V-1-1', now())).version > 1 AS slice, (oms.execution_as_of('V-x1', now())).version > 1 AS fill,
       coalesce(pg_stat_get_xact_function_calls('oms.tree_state_then'::regproc), 0) AS trees_read;
SELECT (oms.order_as_of('V', (SELECT s.at FROM steps AS s WHERE s.step = 'fill'))).tree_version > 1 AS root, pg_stat_get_xact_function_calls('oms.tree_state_between'::regproc) AS looked,
       coalesce(pg_stat_get_xact_function_calls('oms.tree_state_then'::regproc), 0) AS trees_read;
ROLLBACK;

-- 4. state and row
SELECT count(*) FILTER (WHERE oms.order_from_state(oms.order_state(o), o.hash) IS DISTINCT FROM o) AS differ FROM oms.orders AS o;
SELECT count(*) FILTER (WHERE oms.execution_from_state(oms.execution_state(x), x.hash) IS DISTINCT FROM x) AS differ FROM oms.executions AS x;
-- keys that nobody knows, before, between and behind all others, hide none
SELECT count(*) FILTER (WHERE oms.order_from_state(oms.order_state(o) || u.unknown, o.hash) IS DISTINCT FROM o) AS differ, count(*) FILTER (WHERE oms.order_state_problem(oms.order_state(o) || u.unknown) IS NOT NULL) AS problems
  FROM oms.orders AS o CROSS JOIN (SELECT jsonb_object_agg(repeat(c, n), 1) AS unknown FROM generate_series(1, 40) AS n CROSS JOIN unnest('{!,m,~}'::text[]) AS c) AS u;
-- what only blocks, their members and the desk have
SELECT oms.order_state(d) - array(SELECT jsonb_object_keys(oms.order_state(o))) AS state, oms.order_from_state(oms.order_state(d), d.hash) IS DISTINCT FROM d AS differs
  FROM oms.orders AS o
 CROSS JOIN LATERAL jsonb_populate_record(o, '{"desk_status": "CLAIMED", "desk_user": "ann", "desk_reason": "too large", "desk_since": "2026-01-02T03:04:05.000006Z", "live_blocks": 2,
   "members": [{"orderId": "A", "quantity": 1.50, "priority": 1, "allocatedQuantity": 0, "allocatedValue": 0}], "block_order_ids": ["B", "C"]}') AS d
 WHERE o.id = 'V';
SELECT oms.execution_state(d) - array(SELECT jsonb_object_keys(oms.execution_state(x))) AS state, oms.execution_from_state(oms.execution_state(d), d.hash) IS DISTINCT FROM d AS differs
  FROM oms.executions AS x
 CROSS JOIN LATERAL jsonb_populate_record(x, '{"authors": ["ann", "bob"], "dk_reason": "OTHER", "overridden_reasons": [{"code": "OVERFILL"}], "superseded_execution_id": "X", "superseding_execution_id": "Y",
   "reported_last_qty": 1.50, "reported_last_px": 0, "allocation_terms": [{"allocationId": "a", "method": "EQUAL"}]}') AS d
 WHERE x.id = 'V-x1';
SELECT count(*) AS differ FROM oms.orders AS o JOIN oms.order_events AS e ON e.aggregate_id = o.id AND e.version = o.version
 WHERE o.parent_id IS NOT NULL AND oms.order_state(o) <> e.payload -> 'state';
CREATE FUNCTION pg_temp.error_of(sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  EXECUTE sql;
  RETURN 'none';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM, detail);
END $$;
SELECT pg_temp.error_of(format('SELECT oms.order_from_state(%L, NULL)', s)) FROM unnest(ARRAY['[]', '1', '"x"', 'null', '{}']) AS s;
SELECT f AS field, pg_temp.error_of(format('SELECT oms.order_from_state(oms.order_state(o) || %L, NULL) FROM oms.orders AS o WHERE id = %L', f, 'V'))
  FROM unnest(ARRAY['{"orderId": 1}', '{"symbol": null}', '{"price": "1"}', '{"version": 1.5}', '{"version": 1e30}', '{"treeVersion": "1"}',
                    '{"createdAt": "yesterday"}', '{"expireTime": 5}', '{"expireDate": "2026-02-30"}', '{"status": "FINE"}', '{"flags": "LATE_FILL"}',
                    '{"flags": {"LATE_FILL": 1}}', '{"flags": ["FINE"]}', '{"flags": [["LATE_FILL"]]}', '{"attributes": 5}', '{"unknown": 5}',
                    '{"deskStatus": "FINE"}', '{"deskSince": "today"}', '{"liveBlocks": 0.5}']) AS f;
SELECT c AS columns, pg_temp.error_of(format('SELECT oms.order_state(jsonb_populate_record(o, %L)) FROM oms.orders AS o WHERE id = %L', c, 'V'))
  FROM unnest(ARRAY['{"id": null}', '{"status": null}', '{"status": "FINE"}', '{"conditions": [null]}', '{"conditions": ["FINE"]}', '{"price": "NaN"}',
                    '{"price": "Infinity"}', '{"created_at": "infinity"}', '{"expire_date": "infinity"}', '{"expire_date": "0044-03-15 BC"}']) AS c;
SELECT oms.order_from_state(NULL, NULL) IS NULL AS of_null, oms.order_state(NULL) IS NULL AS null_of;
SELECT oms.order_state_problem('{}'), oms.execution_state_problem('[]'),
       oms.execution_state_problem(oms.execution_state(x)) FROM oms.executions AS x WHERE id = 'V-x1';
-- sql/kinds.list and the code have the same kinds, and each has what the template makes
SELECT k.object, k.table_name, k.event_table, k.aggregate_type, k.id_field, k.described, k.claims_made_id,
       (SELECT string_agg(p.proname, ', ' ORDER BY p.proname) FROM pg_proc AS p JOIN pg_type AS y ON y.oid IN (p.prorettype, p.proargtypes[0])
         WHERE p.pronamespace = 'oms'::regnamespace AND y.typrelid = format('oms.%I', k.table_name)::regclass) AS functions
  FROM oms.kinds() AS k;
SELECT k.object, count(e.object) > 0 AS has_events FROM oms.kinds() AS k LEFT JOIN oms.all_events AS e ON e.object = k.object WHERE k.object !~ 'quote' GROUP BY k.object ORDER BY k.object;
SELECT pg_temp.error_of(s) FROM unnest(ARRAY['SELECT oms.own_columns(''quote'')', 'SELECT oms.state_problem(''orders'', ''{}'')']) AS s;
CREATE FUNCTION pg_temp.of_nothing(state jsonb, hash bytea) RETURNS pg_class LANGUAGE c AS '$libdir/oms_state', 'oms_row_from_state';
SELECT regexp_replace(pg_temp.error_of('SELECT pg_temp.of_nothing(''{}'', NULL)'), 'pg_temp_\d+', 'pg_temp');

-- 5. rebuild
SELECT oms.rebuild('orders'), oms.rebuild('EXECUTION');
BEGIN;
UPDATE oms.orders SET leaves_quantity = 7, flags = '{LATE_FILL}' WHERE id = 'V-1';
UPDATE oms.orders SET tree_version = 1 WHERE id = 'V';
DELETE FROM oms.orders WHERE id = 'V-1-1';
UPDATE oms.executions SET status = 'BUSTED' WHERE id = 'V-x3';
SELECT DISTINCT invariant, id FROM oms.verify() WHERE id LIKE 'V%' ORDER BY invariant, id;
SELECT oms.rebuild('order'), oms.rebuild('executions');
SELECT oms.rebuild('order'), oms.rebuild('executions');
SELECT * FROM oms.verify();
ROLLBACK;
SET client_min_messages = notice;
BEGIN;
INSERT INTO oms.orders SELECT (jsonb_populate_record(o, '{"id": "ghost", "root_id": "ghost", "cl_ord_id": null}')).* FROM oms.orders AS o WHERE id = 'V';
SELECT oms.rebuild('orders');
ROLLBACK;
SELECT oms.rebuild('quotes');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT oms.rebuild('orders');
ROLLBACK;
SELECT * FROM oms.verify();
