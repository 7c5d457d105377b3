-- The type oms_spec, its builder and operators, oms.matches() and oms.matches_state(): breaks when a normal form, a cast, an
-- operator, a type of the builder or an error is another one, or when a row and its state are told apart.
\set SHOW_CONTEXT never

-- the same, however it is said
SELECT oms.eq('clOrdID', 'XYZ') & oms.any_of('status', 'NEW', 'FILLED') & !oms.lt('orderQty', 100) AS spec;
SELECT '{"orderQty": {"gte": 100.0}, "and": [{"status": ["FILLED", "NEW", "NEW"]}], "clOrdID": {"eq": "XYZ"}}'::oms_spec
     = oms.eq('clOrdID', 'XYZ') & oms.any_of('status', 'NEW', 'FILLED') & !oms.lt('orderQty', 100) AS equal;
SELECT oms.eq('a', 1) <> oms.eq('a', '1') AS number_and_text, oms.all_of() = '{}' AS all_of, oms.any_of('a', 1) = oms.eq('a', 1.00) AS one_of_one,
       !(oms.eq('a', 1) & oms.eq('b', 2)) AS not_both, !(!oms.like('a', 'x%')) AS twice, !oms.all_of() AS nothing, !oms.is_null('a') AS there;
SELECT oms.eq('a', true) AS boolean, oms.eq('a', date '2026-03-02') AS date, oms.eq('a', timestamptz '2026-03-02 10:30:00.25+01') AS time,
       oms.gt('a', 1.50) | oms.ilike('b', 'x_') AS either, oms.any_of('a', VARIADIC '{}'::text[]) AS none;
SELECT oms.any_of('a', date '2026-03-03', date '2026-03-02') AS dates, oms.any_of('a', 2, 1.0, 1) AS numbers, oms.any_of('a', true, false) AS booleans,
       oms.any_of('a', timestamptz '2026-03-02 10:30:00+01') AS times;
SELECT oms.eq('a', 1) | oms.eq('b', 2) & oms.eq('c', 3) AS from_the_left;

-- jsonb, hash, rows of a table, binary
SELECT jsonb_pretty((oms.eq('a', 1) & (oms.eq('b', 2) | oms.eq('c', 3)))::jsonb);
SELECT jsonb_build_object('a', 1)::oms_spec = oms.eq('a', 1) AS from_jsonb, '{"where": {"a": 1}}'::oms_spec AS of_a_query, '{"where": null}'::oms_spec AS of_all,
       oms.matches_state('order', '{"symbol": "X"}', jsonb_build_object('where', jsonb_build_object('symbol', 'X'))) AS no_cast;
SELECT '{"where": {"a": 1}, "limit": 5}'::oms_spec;
CREATE TEMPORARY TABLE specs (name text, spec oms_spec);
INSERT INTO specs VALUES ('one', '{"a": {"in": [1]}}'), ('two', '{"a": 1.0}'), ('three', '{"a": 2}');
SELECT spec, count(*) FROM specs GROUP BY spec ORDER BY spec::text;
SELECT a.name, b.name FROM specs AS a JOIN specs AS b USING (spec) WHERE a.name < b.name;
COPY specs TO PROGRAM 'cat > specs.bin' (FORMAT binary);
CREATE TEMPORARY TABLE specs_again (name text, spec oms_spec);
COPY specs_again FROM PROGRAM 'cat specs.bin; rm specs.bin' (FORMAT binary);
SELECT count(*) FROM specs JOIN specs_again USING (name, spec);

-- what is wrong
SELECT '{"a": {"gtt": 1}}'::oms_spec;
SELECT '[1]'::oms_spec;
\echo :LAST_ERROR_SQLSTATE
SELECT oms.eq('a', NULL::text);
SELECT oms.eq(NULL, 'a');
SELECT oms.eq('and', 'a');
SELECT oms.is_null('where');
SELECT oms.eq('a', 'NaN'::numeric);
SELECT oms.lt('a', date 'infinity');
SELECT oms.any_of('a', 'x', NULL);
SELECT oms.any_of('a', VARIADIC NULL::text[]);
SELECT oms.like('a', 'x\');
SELECT (SELECT count(*) FROM (SELECT oms.any_of('a', VARIADIC array_agg(i::numeric)) FROM generate_series(1, 10001) AS i) AS v);

-- rows and their states
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "q-1", "clOrdID": "XYZ", "symbol": "ABC", "side": "BUY", "orderQty": 100.5, "price": 20, "account": "A1",
  "expireDate": "2026-03-02", "timeInForce": "GTD", "attributes": {"sector": "Tech", "lots": 5, "deep": {"list": ["x", "y"]}}}') ->> 'status' AS status;
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "q-2", "symbol": "DEF", "side": "SELL", "cashOrderQty": 1000}') ->> 'status' AS status;
CREATE FUNCTION pg_temp.ask(spec oms_spec, OUT id text, OUT of_row boolean, OUT of_state boolean, OUT of_event boolean) RETURNS SETOF record LANGUAGE sql AS $$
  SELECT o.id, oms.matches(o, spec), oms.matches_state('order', oms.order_state(o), spec), oms.matches_state('orders', e.payload -> 'state', spec)
    FROM oms.orders AS o JOIN oms.order_events AS e ON e.aggregate_id = o.id AND e.version = o.version WHERE o.id LIKE 'q-_' ORDER BY o.id
$$;
SELECT s.spec, a.*
  FROM (VALUES ('{}'), ('{"status": "new", "side": "1"}'), ('{"orderQty": {"gt": 100}}'), ('{"not": {"orderQty": {"gt": 100}}}'), ('{"version": [1, 1.5]}'),
               ('{"price": null}'), ('{"symbol": {"ilike": "a%"}}'), ('{"expireDate": {"lte": "20260302"}}'), ('{"createdAt": {"gt": "2020-01-01T00:00:00Z"}}'),
               ('{"conditions": ["NEW", "PENDING_NEW"]}'), ('{"closed": false}'), ('{"attributes.sector": "Tech"}'), ('{"attributes.lots": {"lt": 10}}'),
               ('{"attributes.deep.list.1": "y"}'), ('{"or": [{"price": 20}, {"price": 1}]}'), ('{"flags": {"ne": "RULE"}}')) AS s (spec)
 CROSS JOIN pg_temp.ask(s.spec::oms_spec) AS a;
SELECT id FROM oms.orders AS o WHERE oms.matches(o, oms.eq('clOrdID', 'XYZ')) ORDER BY id;
-- bound once, and again when another one comes
SELECT o.id, s.name, oms.matches(o, s.spec) FROM oms.orders AS o CROSS JOIN (VALUES ('a', oms.eq('id', 'q-1')), ('b', oms.is_null('account'))) AS s (name, spec)
 WHERE o.id LIKE 'q-_' ORDER BY o.id, s.name;
SELECT oms.matches_state(k.object, '{"status": "NEW"}', '{"status": "NEW"}') FROM (VALUES ('order'), ('quote requests'), ('order')) AS k (object);
SELECT oms.matches_state('order', NULL, oms.all_of()) IS NULL AS of_null;
-- a column that comes and goes while a call of it is kept
DO $$
DECLARE
  o oms.orders;
  found boolean;
BEGIN
  FOR i IN 1 .. 3 LOOP
    SELECT * INTO o FROM oms.orders WHERE id = 'q-1';
    found := oms.matches(o, oms.eq('account', 'A1') & oms.eq('attributes.lots', 5));
    RAISE INFO '%', found;
    IF i = 1 THEN EXECUTE 'ALTER TABLE oms.orders ADD COLUMN mine integer DEFAULT 7'; END IF;
    IF i = 2 THEN EXECUTE 'ALTER TABLE oms.orders DROP COLUMN mine'; END IF;
  END LOOP;
END $$;
-- a name that it ever went by, also while a call is kept: what another statement claims or takes back meanwhile
DO $$
DECLARE
  o oms.orders;
BEGIN
  SELECT * INTO o FROM oms.orders WHERE id = 'q-1';
  FOR i IN 1 .. 5 LOOP
    RAISE INFO '%: % %', i, oms.matches(o, oms.any_of('clOrdIDs', 'ABC', 'XYZ-2')), oms.matches_state('order', '{"orderId": "q-1"}', oms.ne('clOrdIDs', 'XYZ-2'));
    IF i = 1 THEN INSERT INTO oms.cl_ord_ids VALUES ('', 'XYZ-2', 'q-1'); END IF;
    IF i = 2 THEN DELETE FROM oms.cl_ord_ids WHERE cl_ord_id = 'XYZ-2'; END IF;
    BEGIN
      IF i = 3 THEN
        INSERT INTO oms.cl_ord_ids VALUES ('', 'XYZ-2', 'q-1');
        RAISE INFO '%: % in a subtransaction', i, oms.matches(o, oms.any_of('clOrdIDs', 'ABC', 'XYZ-2'));
        RAISE division_by_zero;
      END IF;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
  END LOOP;
END $$;
SELECT oms.matches_state('order', '{}', oms.eq('clOrdIDs', 'XYZ')) IS NULL AS of_no_id, oms.matches_state('order', '{"orderId": "q-1"}', '{"clOrdIDs": []}') AS in_nothing,
       oms.matches_state('order', '{"orderId": "q-1"}', '{"not": {"clOrdIDs": ["nobody", "XYZ"]}}') AS in_two;
BEGIN;
ALTER TABLE oms.cl_ord_ids ALTER COLUMN order_id DROP NOT NULL;
INSERT INTO oms.cl_ord_ids VALUES ('damaged', 'XYZ', NULL);
SELECT id, oms.matches(o, oms.eq('clOrdIDs', 'XYZ')) FROM oms.orders AS o WHERE id LIKE 'q-_' ORDER BY id;
ROLLBACK;
SELECT oms.matches_state('order', '{}', oms.is_null('clOrdIDs'));
SELECT oms.matches_state('order', '{}', oms.like('clOrdIDs', 'X%'));
SELECT oms.matches_state('execution', '{}', oms.eq('clOrdIDs', 'X'));
-- another specification for each row, the next one longer
SELECT bool_or(oms.matches(o, oms.eq('account', repeat('x', 60 * i)))) AS of_some, count(*) FROM oms.orders AS o, generate_series(0, 15) AS i WHERE o.id = 'q-1';
-- attributes typed by their class, below the AND that fixes it
SELECT oms.register_asset_class('spec_bond', '{"attributes": {"maturity": {"type": "date"}, "coupon": {"type": "number"}, "kind": {"type": "enumeration", "allowed": ["GOVT", "CORP"], "codes": {"1": "GOVT"}}}}') IS NOT NULL AS registered;
SELECT s.spec, oms.matches_state('order', '{"assetClass": "spec_bond", "attributes": {"maturity": "2030-01-15", "coupon": 2.5, "kind": "GOVT"}}', s.spec::oms_spec)
  FROM (VALUES ('{"assetClass": "spec_bond", "attributes.maturity": {"lt": "20300116"}}'), ('{"attributes.maturity": {"lt": "20300116"}}'),
               ('{"assetClass": "spec_bond", "or": [{"attributes.coupon": {"gte": "2.50"}}, {"symbol": "?"}]}'), ('{"attributes.coupon": {"gt": "10"}}'),
               ('{"assetClass": "spec_bond", "attributes.kind": 1}')) AS s (spec);
SELECT oms.matches_state('order', '{}', '{"assetClass": "spec_bond", "attributes.maturity": "tomorrow"}');
-- a class that changes while a call is kept, and one of them in which it is refused
DO $$
BEGIN
  FOR i IN 1 .. 4 LOOP
    BEGIN
      RAISE INFO '%: %', i, oms.matches_state('order', '{"assetClass": "spec_bond", "attributes": {"coupon": 2.5}}', '{"assetClass": "spec_bond", "attributes.coupon": {"lt": "x"}}');
    EXCEPTION WHEN SQLSTATE 'OM010' THEN RAISE INFO '%: %', i, SQLERRM;
    END;
    IF i IN (1, 3) THEN UPDATE oms.asset_classes SET definition = '{"attributes": {"coupon": {"type": "text"}}}' WHERE name = 'spec_bond'; END IF;
    IF i = 2 THEN UPDATE oms.asset_classes SET definition = '{"attributes": {"coupon": {"type": "number"}}}' WHERE name = 'spec_bond'; END IF;
  END LOOP;
END $$;
-- what is wrong, of an object
SELECT oms.matches_state('ordr', '{}', '{}');
SELECT oms.matches_state('order_events', '{}', '{}');
SELECT oms.matches_state('order', '{}', '{"ordrQty": 1}');
SELECT oms.matches_state('order', '{}', oms.like('orderQty', '1%'));
SELECT oms.matches_state('order', '{}', oms.eq('createdAt', date '2026-03-02'));
SELECT oms.matches_state('order', '[]', oms.is_null('symbol')), oms.matches_state('order', '5', oms.is_null('symbol')), oms.matches_state('order', '{"symbol": [1]}', oms.eq('symbol', '[1]'));
DELETE FROM oms.asset_classes WHERE name = 'spec_bond';
