-- oms_query() and its fellows: what is found, in which order, page by page; what a row shows; whose rights count.
-- Broken by: a row that differs from the object's state, a page that repeats or loses a row, nulls or ties sorted otherwise than
-- PostgreSQL sorts them, a plan that is taken for that of another query, a plan or a name that depends on the caller's search_path, a cache of plans without a bound.

-- In a database of its own: what is asked for is all there is.
CREATE DATABASE regress_queries TEMPLATE template0;
\c regress_queries
SET client_min_messages = warning;
CREATE EXTENSION oms_state;
RESET client_min_messages;
SELECT oms.ensure_partitions() \g /dev/null

-- Orders that have much in common: ties, nulls, attributes of several types.
SELECT count(oms_command(jsonb_strip_nulls(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'Q-' || lpad(i::text, 2, '0'), 'clOrdID', 'C-' || i,
         'symbol', (ARRAY['VOD.L', 'BP.L', 'AZN.L'])[i % 3 + 1], 'side', CASE WHEN i % 2 = 0 THEN 'BUY' ELSE 'SELL' END, 'orderQty', 100 * (1 + i % 4), 'ordType', CASE WHEN i % 5 = 0 THEN 'MARKET' ELSE 'LIMIT' END,
         'price', CASE WHEN i % 5 > 0 THEN 70 + i % 3 / 4.0 END, 'account', CASE WHEN i % 7 > 0 THEN 'ACC' || i % 2 END, 'text', CASE WHEN i % 3 = 0 THEN (ARRAY['b', 'B', 'a'])[i % 2 + 1] END,
         'attributes', CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN '{"desk": "N"}' WHEN 2 THEN '{"desk": 7, "deep": {"a": [1, "x"]}}' ELSE '{"desk": true, "none": null}' END::jsonb))))
  FROM generate_series(1, 24) AS i;
SELECT count(oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'Q-' || t || '.' || i, 'parentId', 'Q-' || t, 'orderQty', 40, 'ordType', 'MARKET', 'destination', 'XLON')))
  FROM unnest('{02,03,12}'::text[]) AS t, generate_series(1, 2) AS i;
SELECT count(oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'Q-02.1.1', 'parentId', 'Q-02.1', 'orderQty', 10, 'ordType', 'MARKET')));
SELECT count(oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', o, 'execID', 'X' || o, 'lastQty', 10, 'lastPx', 70.25)))
  FROM unnest('{Q-02.1.1,Q-03.1,Q-05,Q-06,Q-07}'::text[]) AS o;
SELECT count(oms_command(jsonb_build_object('commandType', 'CancelOrderCommand', 'orderId', 'Q-' || i))) FROM generate_series(14, 17) AS i;
SELECT oms_command('{"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "R-1", "symbol": "EURUSD", "side": "BUY", "orderQty": 100, "account": "ACC1", "dealers": ["ALFA", "BETA"]}') ->> 'status' AS asked;
SELECT oms_command('{"commandType": "CreateQuoteCommand", "quoteRequestId": "R-1", "quoteId": "T-1", "dealer": "ALFA", "offerPx": 1.1, "offerSize": 100, "validUntilTime": "2099-01-01T00:00:00Z"}') ->> 'status' AS quoted;

-- A row is the state, whatever its kind; without its hash, and with a cursor.
SELECT k.object, count(*), bool_and(k.same) AS same FROM (
  SELECT 'orders' AS object, q - 'cursor' = oms.order_state(o) AND q ? 'cursor' AS same FROM oms_query('orders') AS q JOIN oms.orders AS o ON o.id = q ->> 'orderId'
  UNION ALL SELECT 'executions', q - 'cursor' = oms.execution_state(e) FROM oms_query('executions') AS q JOIN oms.executions AS e ON e.id = q ->> 'executionId'
  UNION ALL SELECT 'quote_requests', q - 'cursor' = oms.quote_request_state(r) FROM oms_query('quoteRequests') AS q JOIN oms.quote_requests AS r ON r.id = q ->> 'quoteRequestId'
  UNION ALL SELECT 'quotes', q - 'cursor' = oms.quote_state(t) FROM oms_query('QUOTE') AS q JOIN oms.quotes AS t ON t.id = q ->> 'quoteId'
  UNION ALL SELECT 'order_events', q - 'cursor' - 'account' = e.payload AND q ->> 'account' IS NOT DISTINCT FROM e.account FROM oms_query('order_events') AS q JOIN oms.order_events AS e ON e.sequence = (q ->> 'sequence')::bigint
) AS k GROUP BY k.object ORDER BY k.object;

CREATE FUNCTION pg_temp.found(object text, spec jsonb) RETURNS text LANGUAGE sql AS
  $$ SELECT string_agg(coalesce(q ->> 'orderId', q ->> 'aggregateId'), ' ' ORDER BY n) FROM oms_query(object, spec) WITH ORDINALITY AS r (q, n) $$;

-- What is asked.
SELECT w AS "where", pg_temp.found('orders', jsonb_build_object('where', w::jsonb)) AS found FROM unnest(ARRAY[
  '{"clOrdID": "C-7"}', '{"id": ["Q-01", "Q-02", "none"]}', '{"status": "partially filled"}', '{"status": ["Canceled", "FILLED"], "symbol": {"ne": "VOD.L"}}', '{"closed": true}',
  '{"price": {"gt": "70.25", "lte": 70.50}, "account": "ACC1"}', '{"price": {"isNull": true}, "side": "1", "parentId": null}', '{"not": {"account": ["ACC0", "ACC1"]}}',
  '{"or": [{"account": {"isNull": true}}, {"and": [{"symbol": {"like": "B_.L"}}, {"orderQty": 400}]}]}', '{"text": {"ilike": "B%"}}', '{"text": {"gte": "a"}}', '{"text": {"lt": "a"}}',
  '{"attributes.desk": "N", "version": {"lt": 2.5}}', '{"attributes.desk": {"gte": 7}}', '{"attributes.desk": true, "symbol": "BP.L"}', '{"attributes.deep.a": {"isNull": false}, "side": "SELL"}',
  '{"conditions": "cancelled"}', '{"conditions": {"in": ["CANCELLED", "STOPPED"]}, "side": "BUY"}', '{"flags": {"ne": "MANUAL"}}', '{"symbol": []}', '{"createdAt": {"gt": "2099-01-01T00:00:00Z"}}']) AS w;
SELECT pg_temp.found('executions', '{"where": {"lastQty": {"gte": 10}}, "orderBy": "-orderId", "limit": 2, "select": "orderId"}') AS fills,
       pg_temp.found('order_events', '{"where": {"aggregateId": "Q-05", "state.executedQuantity": {"gt": 0}}, "select": ["orderId"]}') AS events;
SELECT q - 'cursor' AS event FROM oms_query('order_events', '{"where": {"aggregateId": "Q-05"}, "select": ["eventType", "state.status", "command.execID"]}') AS q;

-- By a clOrdID of any link of the chain, in every way to ask, and beside other conditions; two sessions may have one name.
SELECT oms_command('{"commandType": "ReplaceOrderCommand", "orderId": "Q-07", "origClOrdID": "C-7", "clOrdID": "C-7-2", "price": 72}') ->> 'status' AS replaced;
INSERT INTO oms.cl_ord_ids VALUES ('ELSEWHERE', 'C-7', 'Q-08');
SELECT w AS "where", pg_temp.found('orders', jsonb_build_object('where', w::jsonb)) AS found, (SELECT string_agg(o.id, ' ' ORDER BY o.id) FROM oms.orders AS o WHERE oms.matches(o, w::oms_spec)) AS matching,
       (SELECT string_agg(o.id, ' ') FROM oms.find_orders(w::oms_spec) AS o) AS finding, oms.query_count('order_tree', jsonb_build_object('where', w::jsonb)) AS in_trees FROM unnest(ARRAY[
  '{"clOrdID": "C-7"}', '{"clOrdIDs": "C-7"}', '{"clOrdIDs": ["C-7-2", "none"]}', '{"clOrdIDs": "C-7", "clOrdID": "C-7-2"}', '{"or": [{"clOrdIDs": "C-7-2"}, {"clOrdIDs": "C-9"}, {"orderId": "Q-03.1"}]}',
  '{"clOrdIDs": {"ne": "C-7"}, "orderId": ["Q-07", "Q-08", "Q-09"]}', '{"clOrdIDs": []}']) AS w;
SELECT q ->> 'eventType' AS event, q ->> 'state.clOrdID' AS "clOrdID" FROM oms_query('order_events', '{"where": {"clOrdIDs": "C-7", "aggregateId": {"ne": "Q-08"}}, "select": ["eventType", "state.clOrdID"]}') AS q;
DELETE FROM oms.cl_ord_ids WHERE fix_session = 'ELSEWHERE';

-- A tree from its root down.
SELECT q - 'cursor' AS tree FROM oms_query('order_tree', '{"where": {"rootId": "Q-02"}, "select": ["depth", "path", "executedQuantity"]}') AS q;
SELECT string_agg(q ->> 'orderId', ' ') AS deepest FROM oms_query('order tree', '{"where": {"depth": {"gt": 1}}, "orderBy": "-depth"}') AS q;

-- The same whether a tree is walked down from the root that is asked for, or up from what is found; what goes round is in none.
SELECT r.id AS root, (SELECT jsonb_agg(q - 'cursor' ORDER BY n) FROM oms_query('order_tree', jsonb_build_object('where', jsonb_build_object('rootId', r.id, 'version', '{"gt": 0}'::jsonb), 'select', '["path", "depth", "id"]'::jsonb)) WITH ORDINALITY AS d (q, n))
     = (SELECT jsonb_agg(q - 'cursor' ORDER BY n) FROM oms_query('order_tree', jsonb_build_object('where', jsonb_build_object('rootId', jsonb_build_array(r.id, 'none')), 'select', '["path", "depth", "id"]'::jsonb)) WITH ORDINALITY AS u (q, n)) AS same
  FROM oms.orders AS r WHERE r.parent_id IS NULL AND r.child_count > 0 ORDER BY r.id;
BEGIN;
UPDATE oms.orders SET parent_id = 'Q-02.1.1' WHERE id = 'Q-02.1';
UPDATE oms.orders SET parent_id = 'gone' WHERE id = 'Q-03.2';
SELECT pg_temp.found('order_tree', '{"where": {"rootId": "Q-02"}}') AS down, pg_temp.found('order_tree', '{"where": {"rootId": ["Q-02", "Q-03"]}}') AS up;
ROLLBACK;

-- Page by page, in every order: what SQL would give, no row twice and none lost. The oracle sorts rows of the table.
CREATE FUNCTION pg_temp.walk(object text, spec jsonb, page integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  ids text := '';
  rows jsonb[];
  after jsonb := '{}';
BEGIN
  FOR i IN 1 .. 50 LOOP
    rows := ARRAY(SELECT q FROM oms_query(object, spec || jsonb_build_object('limit', page) || after) AS q);
    EXIT WHEN cardinality(rows) = 0;
    ids := ids || (SELECT string_agg(' ' || (q ->> 'orderId'), '' ORDER BY n) FROM unnest(rows) WITH ORDINALITY AS r (q, n));
    after := jsonb_build_object('after', rows[cardinality(rows)] ->> 'cursor');
  END LOOP;
  RETURN substr(ids, 2);
END $$;
CREATE FUNCTION pg_temp.sorted(keys text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  ids text;
BEGIN
  EXECUTE format('SELECT string_agg(o.id, '' '' ORDER BY %s) FROM oms.orders AS o', keys) INTO ids;
  RETURN ids;
END $$;
SELECT k.order_by, every(pg_temp.walk('orders', jsonb_build_object('orderBy', k.order_by::jsonb) || s, p) = pg_temp.sorted(k.keys)) AS same
  FROM (VALUES ('[]', 'id'), ('["-orderId"]', 'id DESC'), ('["createdAt"]', 'created_at, id'), ('["-createdAt"]', 'created_at DESC, id'), ('["-createdAt", "-id"]', 'created_at DESC, id DESC'),
               ('["price"]', 'price, id'), ('["-price"]', 'price DESC, id'), ('["account", "-price", "symbol"]', 'account, price DESC, symbol, id'), ('["-account", "price"]', 'account DESC, price, id'),
               ('["text", "-version"]', 'text COLLATE "C", version DESC, id'), ('["-flags", "side", "side", "-side"]', 'flags DESC, side, id'), ('["conditions"]', 'conditions, id'), ('["-closed", "symbol"]', 'closed DESC, symbol, id'),
               ('["attributes.desk"]', $$nullif(attributes -> 'desk', 'null'), id$$), ('["-attributes.desk", "-orderQty"]', $$nullif(attributes -> 'desk', 'null') DESC, order_qty DESC, id$$),
               ('["attributes.deep"]', $$attributes -> 'deep', id$$), ('["attributes.deep", "-attributes.none"]', $$attributes -> 'deep', nullif(attributes -> 'none', 'null') DESC, id$$), ('["-expireDate", "-parentId"]', 'expire_date DESC, parent_id DESC, id'),
               ('["orderId", "-price"]', 'id')) AS k (order_by, keys),
       unnest('{1,4,7,100}'::integer[]) AS p, unnest(ARRAY['{}', '{"select": ["orderId"]}', '{"select": ["orderId", "attributes.desk"]}']::jsonb[]) AS s
 GROUP BY 1 ORDER BY 1;
SELECT pg_temp.walk('order_tree', '{}', 3) = (SELECT string_agg(t.id, ' ' ORDER BY t.path) FROM oms.order_tree AS t) AS trees,
       pg_temp.walk('order_tree', '{"orderBy": ["-depth", "path"]}', 4) = (SELECT string_agg(t.id, ' ' ORDER BY t.depth DESC, t.path) FROM oms.order_tree AS t) AS by_depth;
-- Another where and another limit go with a cursor; the row that it is of need not be there.
SELECT pg_temp.found('orders', jsonb_build_object('where', '{"symbol": "VOD.L"}'::jsonb, 'limit', 3, 'after', q ->> 'cursor')) AS behind FROM oms_query('orders', '{"where": {"id": "Q-05"}}') AS q;

-- A list that somebody has given another shape sorts as no cursor can say: better none than one that leads to its own row.
BEGIN;
UPDATE oms.orders SET flags = '{{A,B},{C,D}}' WHERE id = 'Q-05';
SELECT count(*) FROM oms_query('orders', '{"orderBy": ["-createdAt"], "select": "orderId"}');
SAVEPOINT s;
SELECT count(*) FROM oms_query('orders', '{"orderBy": "flags", "select": "orderId"}');
ROLLBACK TO s;
UPDATE oms.orders SET flags = '[0:1]={A,B}' WHERE id = 'Q-05';
SELECT count(*) FROM oms_query('orders', '{"orderBy": "flags", "select": "orderId"}');
ROLLBACK;

-- Counted, and as the planner expects.
VACUUM ANALYZE oms.orders;
SELECT oms.query_count('orders'), oms.query_count('orders', '{"where": {"symbol": "BP.L"}, "limit": 1, "orderBy": ["price"]}') AS bp, oms.query_count('orders', exact => false) AS expected,
       oms.query_count('orders', '{"where": {"id": "Q-01"}}', false) AS expected_one, oms.query_count('order_tree', '{"where": {"depth": 0}}') AS roots;

-- Typed: rows of the table, all of them unless somebody says how many; users' columns too, and after one was dropped.
SELECT id, status, closed FROM oms.find_orders(oms.any_of('status', 'filled', 'cancelled') & !oms.eq('symbol', 'VOD.L'), '{-orderQty}');
SELECT count(*), count(*) FILTER (WHERE o = f) AS same FROM oms.find_orders(oms.all_of()) AS f JOIN oms.orders AS o ON o.id = f.id;
ALTER TABLE oms.orders ADD COLUMN mine text DEFAULT 'x', ADD COLUMN o text DEFAULT 'y';
ALTER TABLE oms.orders DROP COLUMN mine;
SELECT f.id, f.o, f.symbol FROM oms.find_orders(oms.gt('price', 70.25), '{price,-id}', 2) AS f;
SELECT q - 'cursor' = oms.order_state(x) AS same FROM oms_query('orders', '{"where": {"id": "Q-07"}}') AS q, oms.orders AS x WHERE x.id = 'Q-07';
ALTER TABLE oms.orders DROP COLUMN o;
SELECT f.id IS NOT NULL AS fill FROM oms.find_executions(oms.eq('lastQty', 10) & oms.eq('orderId', 'Q-05')) AS f;
SELECT (SELECT count(*) FROM oms.find_quotes(oms.eq('dealer', 'ALFA'))) AS quotes, (SELECT count(*) FROM oms.find_quote_requests(oms.is_null('account'))) AS requests, (SELECT count(*) FROM oms.find_orders(NULL)) AS of_null;
\set VERBOSITY terse
SELECT oms.find_orders(oms.eq('prize', 1));
SELECT oms.find_orders(oms.all_of(), '{nothing}');
SELECT oms.find_orders(oms.all_of(), NULL, 0);
\set VERBOSITY default

-- What is refused, and how.
CREATE FUNCTION pg_temp.refused(object text, spec jsonb, OUT code text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM oms_query(object, spec);
  message := 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
SELECT a.object, a.spec, r.* FROM (VALUES
    ('order', '[]'), ('trades', '{}'), (NULL, '{}'), ('orders', '{"were": {}}'), ('orders', '{"where": {"orderQuantity": 1}}'), ('orders', '{"where": {"price": {"gtt": 1}}}'), ('orders', '{"where": {"price": "x"}}'),
    ('orders', '{"limit": 0}'), ('orders', '{"limit": 1.5}'), ('orders', '{"limit": "1"}'), ('orders', '{"limit": 10001}'), ('orders', '{"orderBy": ["-pric"]}'), ('orders', '{"orderBy": [1]}'), ('orders', '{"orderBy": {"price": 1}}'),
    ('orders', '{"orderBy": "-clOrdIDs"}'), ('orders', '{"select": "clOrdIDs"}'), ('orders', '{"where": {"clOrdIds": "C"}}'), ('orders', '{"where": {"clOrdIDs": null}}'), ('executions', '{"where": {"clOrdIDs": "C"}}'),
    ('orders', '{"orderBy": "hash"}'), ('orders', '{"select": ["id", "sym"]}'), ('orders', '{"select": ""}'), ('orders', '{"after": 1}'), ('orders', '{"after": "nonsense"}'), ('executions', '{"where": {"status": "GOOD"}}')) AS a (object, spec),
  pg_temp.refused(a.object, a.spec::jsonb) AS r;
SELECT r.detail FROM oms_query('orders', '{"limit": 1, "orderBy": "-price"}') AS q, pg_temp.refused('orders', jsonb_build_object('orderBy', '-account', 'after', q ->> 'cursor')) AS r;
SELECT r.detail FROM oms_query('orders', '{"limit": 1}') AS q, pg_temp.refused('orders', jsonb_build_object('after', translate(q ->> 'cursor', 'AE', 'BF'))) AS r;
CREATE FUNCTION pg_temp.checksum(bytea) RETURNS integer LANGUAGE internal STRICT AS 'hashvarlena';
SELECT r.detail AS made_up FROM oms_query('orders', '{"limit": 1}') AS q, decode(translate(q ->> 'cursor', '-_', '+/'), 'base64') AS c,
       pg_temp.refused('orders', jsonb_build_object('after', rtrim(translate(encode(substr(c, 1, 5) || decode(lpad(to_hex(pg_temp.checksum('\x00')), 8, '0'), 'hex') || '\x00', 'base64'), '+/', '-_'), '='))) AS r;

-- How many rows: settings.
SET oms_state.query_limit = 4;
SELECT count(*) FROM oms_query('orders');
SET oms_state.query_limit_max = 3;
SELECT count(*) FROM oms_query('orders');
SELECT message, detail FROM pg_temp.refused('orders', '{"limit": 4}');
RESET oms_state.query_limit;
RESET oms_state.query_limit_max;

-- The caller's rights count, row security, and nobody's search_path.
CREATE ROLE regress_query_reader;
GRANT USAGE ON SCHEMA oms, public TO regress_query_reader;
GRANT EXECUTE ON FUNCTION oms_query(text, jsonb), oms.query_count(text, jsonb, boolean), oms.matches_state(text, jsonb, oms_spec), oms.eq(text, text) TO regress_query_reader;
SET SESSION AUTHORIZATION regress_query_reader;
SELECT code, message FROM pg_temp.refused('orders', '{}');
SELECT oms.query_count('orders', exact => false);
SELECT oms.query_count('orders');
RESET SESSION AUTHORIZATION;
GRANT SELECT ON oms.orders, oms.cl_ord_ids TO regress_query_reader;
CREATE POLICY regress_query ON oms.orders TO regress_query_reader USING (account = 'ACC0');
SELECT oms.protect('oms.orders');
SELECT count(*) FROM oms_query('orders', '{"where": {"symbol": "BP.L"}}');
SET SESSION AUTHORIZATION regress_query_reader;
SELECT count(*) FROM oms_query('orders', '{"where": {"symbol": "BP.L"}}');
SELECT oms.query_count('orders', '{"where": {"symbol": "BP.L"}}'), count(q) AS of_another FROM oms_query('orders', '{"where": {"clOrdID": "C-1"}}') AS q;
SELECT oms.matches_state('order', '{"orderId": "Q-07"}', oms.eq('clOrdIDs', 'C-7'));
RESET SESSION AUTHORIZATION;
REVOKE SELECT ON oms.cl_ord_ids FROM regress_query_reader;
SET SESSION AUTHORIZATION regress_query_reader;
SELECT oms.matches_state('order', '{"orderId": "Q-07"}', oms.eq('clOrdIDs', 'C-7'));
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM oms_query('orders', '{"where": {"symbol": "BP.L"}}');
DROP POLICY regress_query ON oms.orders;
SELECT oms.protect('oms.orders');
REVOKE ALL ON oms.orders, oms.cl_ord_ids FROM regress_query_reader;
REVOKE ALL ON SCHEMA oms, public FROM regress_query_reader;
REVOKE ALL ON FUNCTION oms_query(text, jsonb), oms.query_count(text, jsonb, boolean), oms.matches_state(text, jsonb, oms_spec), oms.eq(text, text) FROM regress_query_reader;
DROP ROLE regress_query_reader;
CREATE SCHEMA evil;
CREATE FUNCTION evil.never(text, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE ''taken in''; END';
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.never);
CREATE OPERATOR evil.> (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.never);
CREATE FUNCTION evil.jsonb_typeof(jsonb) RETURNS text LANGUAGE sql AS 'SELECT ''number''';
SET search_path = evil, pg_catalog, public;
SELECT count(*), min(q ->> 'orderId') FROM oms_query('orders', '{"where": {"symbol": "BP.L", "status": "NEW", "attributes.desk": {"lt": 9}}}') AS q;
RESET search_path;
DROP SCHEMA evil CASCADE;

-- What it would do.
SELECT regexp_replace(e, '\(cost=[^)]*\)', '') AS explained FROM oms.explain_query('orders', '{"where": {"status": "NEW", "symbol": "BP.L"}, "select": ["orderQty"], "orderBy": ["-createdAt"], "limit": 10}') AS e LIMIT 3;

-- A session keeps so many plans and no more; what runs in the middle of another query is one of them.
SELECT count(oms.query_count('orders', jsonb_build_object('where', (SELECT jsonb_build_object('or', jsonb_agg(jsonb_build_object('symbol', jsonb_build_object('lt', 'S' || j)))) FROM generate_series(1, i) AS j)))) FROM generate_series(1, 150) AS i;
SELECT count(*) BETWEEN 1 AND 100 AS bounded FROM pg_backend_memory_contexts WHERE name = 'oms_state query';

-- Even while one is planned: a policy's constant asks so much that all the others are given up.
CREATE FUNCTION public.asks_much() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF set_config('regress.asks', (current_setting('regress.asks')::integer + 1)::text, false) = '1' THEN
    PERFORM oms.query_count('executions', jsonb_build_object('where', (SELECT jsonb_build_object('or', jsonb_agg(jsonb_build_object('lastQty', jsonb_build_object('gt', j)))) FROM generate_series(1, i) AS j)))
      FROM generate_series(1, 120) AS i;
  END IF;
  RETURN true;
END $$;
CREATE ROLE regress_query_reader;
GRANT USAGE ON SCHEMA oms, public TO regress_query_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA oms TO regress_query_reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA oms, public TO regress_query_reader;
CREATE POLICY regress_query ON oms.orders TO regress_query_reader USING (public.asks_much());
SELECT oms.protect('oms.orders');
SET SESSION AUTHORIZATION regress_query_reader;
SET regress.asks = 0;
SELECT string_agg(q ->> 'orderId', ' ') FROM oms_query('orders', '{"where": {"account": "ACC1", "symbol": {"lt": "B"}}}') AS q;
SET regress.asks = 0;
SELECT count(*) FROM oms.explain_query('orders', '{"where": {"account": "ACC1", "symbol": {"lte": "AZN.L"}}}');
SELECT current_setting('regress.asks')::integer > 0 AS asked;
RESET SESSION AUTHORIZATION;
DROP POLICY regress_query ON oms.orders;
SELECT oms.protect('oms.orders');
DROP OWNED BY regress_query_reader;
DROP ROLE regress_query_reader;
DROP FUNCTION public.asks_much();

-- As the statement that calls sees it: what it does itself it does not see.
CREATE FUNCTION pg_temp.cancel_and_count(id text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  PERFORM oms_command(jsonb_build_object('commandType', 'CancelOrderCommand', 'orderId', id));
  RETURN (SELECT count(*) FROM oms_query('orders', jsonb_build_object('where', jsonb_build_object('id', id, 'closed', true))));
END $$;
SELECT pg_temp.cancel_and_count('Q-01') AS in_its_next_statement;

-- What can be asked for, as the code has it: every field can be, and selected too; an event's payload is what its row is.
SELECT object, count(*) > 12 AS many, bool_or(required) AS some_always, count(names) > 0 AS has_names FROM oms.list_fields() GROUP BY object ORDER BY object;
SELECT field, field_type, required, names FROM oms.list_fields('orders') WHERE field IN ('orderId', 'status', 'orderQty', 'attributes', 'expireDate', 'closed', 'flags', 'createdAt', 'account') ORDER BY field;
SELECT DISTINCT object FROM oms.list_fields('Quote Request');
SELECT field FROM oms.list_fields() EXCEPT SELECT field FROM oms.list_fields() AS f
 WHERE EXISTS (SELECT FROM oms.explain_query(f.object, jsonb_build_object('where', jsonb_build_object(f.field, '{"isNull": true}'::jsonb), 'select', jsonb_build_array(f.field))));
SELECT count(*) FROM oms.list_fields('orderz');

\c postgres
DROP DATABASE regress_queries;
