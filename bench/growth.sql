-- A store of very many orders for bench/growth.pl, as rows: trees of three (a root, its child, a child of that), each of the lowest with a fill, and the
-- first event of every root. Some 330 trees, anywhere among them, are open, however many have ended; commands go on with those: their rows are as commands
-- made them, with other ids.
-- psql variable: orders, how many.
\set ON_ERROR_STOP on
SET client_min_messages = 'warning';
SELECT oms.ensure_partitions(0) \g /dev/null
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "T", "clOrdID": "T", "symbol": "VOD.L", "side": "BUY", "orderQty": 1000000, "ordType": "LIMIT", "price": 1.25, "account": "A", "currency": "GBP"}') \g /dev/null
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "T.1", "parentId": "T", "orderQty": 1000000, "ordType": "LIMIT", "price": 1.25}') \g /dev/null
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "T.1.1", "parentId": "T.1", "orderQty": 1000000, "ordType": "LIMIT", "price": 1.25, "destination": "XLON"}') \g /dev/null
SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "T.1.1", "executionId": "T.x", "execID": "T", "lastQty": 1, "lastPx": 1.25}') \g /dev/null

-- The rows of one table, once for each tree: every column as it is in one of T, but for those that an expression is given for (t: number of the tree, o: the row).
CREATE PROCEDURE bench.multiply(target text, of_row text, trees integer, changed jsonb) LANGUAGE plpgsql AS $$
DECLARE
  columns text;
  exprs text;
BEGIN
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), string_agg(coalesce(changed ->> a.attname, 'o.' || quote_ident(a.attname)), ', ' ORDER BY a.attnum)
    INTO columns, exprs FROM pg_attribute AS a WHERE a.attrelid = ('oms.' || target)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '';
  EXECUTE format('INSERT INTO oms.%1$I (%2$s) SELECT %3$s FROM generate_series(1, $1) AS t CROSS JOIN (SELECT * FROM oms.%1$I AS r WHERE %4$s) AS o', target, columns, exprs, of_row) USING trees;
END $$;

-- bench.id(): 'O' and the number of the tree in nine digits
CREATE FUNCTION bench.id(t integer, below text DEFAULT '') RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 'O' || lpad(t::text, 9, '0') || below;
SELECT :orders / 1000 AS step \gset
SELECT jsonb_build_object('root_id', 'bench.id(t)', 'account', format($$'ACC' || t / %s %% 50$$, :step), 'symbol', $$'SYM' || t % 500$$, 'closed', format('t %% %s <> 0', :step), 'status', format($$CASE WHEN t %% %s = 0 THEN o.status ELSE 'CANCELLED' END$$, :step),
                          'conditions', format($$CASE WHEN t %% %s = 0 THEN o.conditions ELSE '{NEW,CANCELLED}' END$$, :step)) AS common \gset
CALL bench.multiply('orders', $$id = 'T'$$, :orders / 3, :'common'::jsonb || jsonb_build_object('id', 'bench.id(t)', 'cl_ord_id', $$'C' || t$$));
CALL bench.multiply('orders', $$id = 'T.1'$$, :orders / 3, :'common'::jsonb || jsonb_build_object('id', $$bench.id(t, '.1')$$, 'parent_id', 'bench.id(t)'));
CALL bench.multiply('orders', $$id = 'T.1.1'$$, :orders / 3, :'common'::jsonb || jsonb_build_object('id', $$bench.id(t, '.1.1')$$, 'parent_id', $$bench.id(t, '.1')$$));
CALL bench.multiply('executions', $$id = 'T.x'$$, :orders / 3, jsonb_build_object('id', $$bench.id(t, '.x')$$, 'root_id', 'bench.id(t)', 'order_id', $$bench.id(t, '.1.1')$$, 'exec_id', $$'X' || t$$,
  'account', format($$'ACC' || t / %s %% 50$$, :step), 'symbol', $$'SYM' || t % 500$$, 'created_at', $$o.created_at - (10000000 - t) * interval '1 ms'$$));
CALL bench.multiply('cl_ord_ids', $$order_id = 'T'$$, :orders / 3, jsonb_build_object('cl_ord_id', $$'C' || t$$, 'order_id', 'bench.id(t)'));
CALL bench.multiply('root_ids', $$id = 'T'$$, :orders / 3, jsonb_build_object('id', 'bench.id(t)'));
CALL bench.multiply('order_events', $$aggregate_id = 'T' AND version = 1$$, :orders / 3, jsonb_build_object('sequence', $$nextval('oms.event_sequence')$$, 'aggregate_id', 'bench.id(t)', 'root_id', 'bench.id(t)'));
VACUUM (ANALYZE) oms.orders, oms.executions, oms.cl_ord_ids, oms.root_ids, oms.order_events;
RESET client_min_messages;
