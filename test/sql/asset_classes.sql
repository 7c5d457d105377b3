-- Asset classes: what is stored, what commands are held against, what the typed views show, what FIX brings.
-- What breaks if a definition is stored that no command could be held against, if a fact is refused for an attribute, if a view
-- fails for what stands in a row, or if a change of a class is not read by the next command.
\set VERBOSITY default
\set SHOW_CONTEXT never
-- In a database of its own: classes are for all that is traded in one.
SELECT current_database() AS home \gset
CREATE DATABASE oms_classes;
\c oms_classes
CREATE EXTENSION oms_state;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE FUNCTION pg_temp.create_order(id text, more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql
  AS $$SELECT oms_command('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 10, "price": 2}' || jsonb_build_object('orderId', id) || more) #> '{state,attributes}'$$;
CREATE FUNCTION pg_temp.update_order(id text, attributes jsonb) RETURNS jsonb LANGUAGE sql
  AS $$SELECT oms_command('{"commandType": "UpdateOrderCommand"}' || jsonb_build_object('orderId', id, 'attributes', attributes)) #> '{state,attributes}'$$;

-- What came with the extension.
SELECT class, enabled, builtin, security_types, products, currency_pairs, notional_attribute, notional_factor, description FROM oms.asset_class_list() ORDER BY 1;
SELECT class, holder, attribute, type, tag FROM oms.asset_class_attributes() ORDER BY class, holder DESC, attribute COLLATE "C";
SELECT c.relname, c.reloptions FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = 'oms' AND c.relname IN ('fx_orders', 'bond_executions') ORDER BY 1;
UPDATE oms.asset_classes SET enabled = false WHERE name = 'fx';

-- A class of one's own.
SELECT oms.register_asset_class('warrant', '{"extends": "option", "closed": true, "description": "Warrants",
  "attributes": {"issuer": {"type": "text", "required": true, "min": 2, "description": "Who has issued it"},
                 "ratio": {"type": "number", "default": 1, "min": 0.01, "max": 100, "mutable": false},
                 "strikePrice": {"type": "number", "required": true, "min": 0},
                 "barrier": {"type": "enumeration", "allowed": ["IN", "OUT"]},
                 "id": {"type": "pattern", "pattern": "[A-Z]{2}[A-Z0-9]{9}[0-9]"},
                 "touched": {"type": "boolean"}, "lastDay": {"type": "date", "min": "2026-01-01"}, "fixedAt": {"type": "time"}},
  "executionAttributes": {"fee": {"type": "number", "required": true}}}');
SELECT oms.register_asset_class('warrant', (SELECT definition FROM oms.asset_classes WHERE name = 'warrant')) AS "again: the same version";
SELECT event_type, version, payload -> 'state' -> 'definition' -> 'extends' AS extends, hash = (SELECT hash FROM oms.asset_classes WHERE name = 'warrant') AS is_the_rows
  FROM oms.configuration_events WHERE root_id = 'asset_classes/warrant';
SELECT attribute, type, required, mutable, default_value, allowed, min, max, defined_in FROM oms.asset_class_attributes() WHERE class = 'warrant' AND holder = 'ORDER' ORDER BY n;
SELECT is_a FROM oms.asset_class_list() WHERE class = 'warrant';

-- Asked for: held against the class.
SELECT pg_temp.create_order('ac-1', '{"assetClass": "warrant"}');
SELECT pg_temp.create_order('ac-1', '{"assetClass": "warrant", "attributes": {"issuer": "Bank", "strikePrice": 10, "barrier": "in"}}');
SELECT pg_temp.create_order('ac-1', '{"assetClass": "warrant", "attributes": {"issuer": "Bank", "strikePrice": 10, "color": "red"}}');
SELECT pg_temp.create_order('ac-1', '{"assetClass": "warrant", "attributes": {"issuer": "B", "strikePrice": -1}}');
SELECT pg_temp.create_order('ac-1', '{"assetClass": "warrant", "attributes": {"issuer": "Bank", "strikePrice": "10.50", "barrier": "IN", "id": "DE000A1EWWW0", "touched": false, "lastDay": "20261231", "fixedAt": "2026-12-31T17:30:00+01:00", "contractMultiplier": 0.1}}');
SELECT payload #> '{state,attributes}' = payload #> '{command,attributes}' AS "the command as it came", payload #>> '{state,attributes,ratio}' AS ratio
  FROM oms.order_events WHERE aggregate_id = 'ac-1';
SELECT pg_temp.update_order('ac-1', '{"ratio": 2}');
SELECT pg_temp.update_order('ac-1', '{"issuer": null}');
SELECT pg_temp.update_order('ac-1', '{"touched": "Y", "barrier": null, "ratio": 1.0}');
SELECT pg_temp.create_order('ac-2', '{"parentId": "ac-1", "orderQty": 5}') AS "a child has what it does not say";
SELECT pg_temp.create_order('ac-free', '{"assetClass": "Warrant", "attributes": {"issuer": 1}}') AS "no class of that name: free";

-- Facts: kept, and flagged.
SELECT r #>> '{state,status}' AS status, r #> '{state,flags}' AS flags, r #> '{state,attributes}' AS attributes
  FROM oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "ac-2", "executionId": "ac-x", "execID": "x", "lastQty": 1, "lastPx": 2, "attributes": {"fee": "none"}}') AS r;
SELECT event_type, payload -> 'findings' AS findings FROM oms.execution_events WHERE aggregate_id = 'ac-x';
SELECT r #> '{state,flags}' AS flags, r #> '{state,attributes}' AS attributes
  FROM oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "ac-2", "executionId": "ac-y", "execID": "y", "lastQty": 1, "lastPx": 3, "attributes": {"fee": "0.25"}}') AS r;

-- The views: of the class, and of what it extends.
SELECT id, asset_class, issuer, ratio, strike_price, barrier, id_attribute, touched, last_day, fixed_at, contract_multiplier, notional, executed_notional FROM oms.warrant_orders ORDER BY id;
SELECT id, order_id, status, last_px, fee, issuer, notional FROM oms.warrant_executions ORDER BY id;
SELECT id, asset_class, strike_price FROM oms.option_orders ORDER BY id;
SELECT attname, col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = 'oms.warrant_executions'::regclass AND attname IN ('quantity', 'fee', 'issuer', 'notional', 'strike_price') ORDER BY 1;
-- What is damaged is null.
BEGIN;
UPDATE oms.orders SET attributes = '{"issuer": 5, "ratio": "x", "strikePrice": {"a": 1}, "touched": [], "lastDay": "2026-02-30", "fixedAt": "noon", "contractMultiplier": 1e50}' WHERE id = 'ac-1';
SELECT issuer, ratio, strike_price, touched, last_day, fixed_at, contract_multiplier, notional FROM oms.warrant_orders WHERE id = 'ac-1';
UPDATE oms.orders SET attributes = '[]' WHERE id = 'ac-1';
SELECT issuer, ratio FROM oms.warrant_orders WHERE id = 'ac-1';
ROLLBACK;

-- Another definition acts at once; what was there stays, and is what it was.
SELECT oms.register_asset_class('warrant', '{"attributes": {"issuer": {"type": "text"}, "grade": {"type": "enumeration", "allowed": ["A", "B"], "required": true}}}');
SELECT pg_temp.create_order('ac-3', '{"assetClass": "warrant"}');
SELECT pg_temp.create_order('ac-3', '{"assetClass": "warrant", "attributes": {"grade": "A", "ratio": "any"}}');
SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "ac-3"}') #>> '{state,status}' AS "what else is done asks nobody";
SELECT pg_temp.update_order('ac-1', '{"ratio": 7}') AS "free now";
SELECT id, issuer, grade FROM oms.warrant_orders ORDER BY id;
SELECT ratio FROM oms.warrant_orders;
SELECT id FROM oms.option_orders;
SELECT version, change, before -> 'definition' ? 'extends' AS extended, after -> 'definition' -> 'attributes' ? 'grade' AS graded
  FROM oms.configuration_history WHERE table_name = 'asset_classes' ORDER BY version;

-- What cannot be.
SELECT oms.register_asset_class('warrant', '{"attributes": {"issuer": {"type": "txt"}}}');
SELECT oms.register_asset_class('two words', '{}');
SELECT oms.register_asset_class('select', '{"attributes": {"select": {"type": "text"}, "from": {"type": "number"}, "symbol": {"type": "text"}}}');
SELECT "select", "from", symbol_attribute FROM oms.select_orders;
SELECT oms.register_asset_class('a', '{"extends": "b"}');
SELECT oms.register_asset_class('a', '{}'), oms.register_asset_class('b', '{"extends": "a"}');
SELECT oms.register_asset_class('a', '{"extends": "b"}');
DELETE FROM oms.asset_classes WHERE name = 'a';
SELECT oms.register_asset_class('a', '{"attributes": {"x": {"type": "number"}}}'), oms.register_asset_class('b', '{"extends": "a", "attributes": {"y": {"type": "text"}}}');
SELECT oms.register_asset_class('a', '{"attributes": {"y": {"type": "number"}}}');
SELECT oms.register_asset_class('a', '{"attributes": {"ab": {"type": "pattern", "pattern": "(a*)*\\1"}}}');
SELECT oms.register_asset_class('block', '{"attributes": {"y": {"type": "number"}}}') IS NOT NULL AS made;
CREATE TABLE oms.taken_orders (a int);
SELECT oms.register_asset_class('taken', '{}');
DROP TABLE oms.taken_orders;
DELETE FROM oms.asset_classes WHERE name IN ('b', 'select', 'block');
DELETE FROM oms.asset_classes WHERE name = 'a';
SELECT to_regclass('oms.a_orders') AS gone;

-- A shipped class: one's own of its name extends it, and when it goes the shipped one is back.
SELECT oms.register_asset_class('fx', '{"extends": "fx", "attributes": {"valueDate": {"type": "date", "required": true}, "desk": {"type": "text"}}}');
SELECT pg_temp.create_order('ac-fx', '{"assetClass": "fx", "symbol": "EUR/USD", "attributes": {"currencyPair": "EUR/USD"}}');
SELECT pg_temp.create_order('ac-fx', '{"assetClass": "fx", "symbol": "EUR/USD", "attributes": {"currencyPair": "EUR/USD", "valueDate": "2026-12-01", "desk": "G10"}}');
SELECT id, currency_pair, value_date, desk FROM oms.fx_orders;
SELECT security_types, builtin, version FROM oms.asset_class_list() WHERE class = 'fx';
GRANT SELECT ON oms.fx_orders TO pg_monitor;
DELETE FROM oms.asset_classes WHERE name = 'fx' AND NOT builtin;
SELECT id, currency_pair, value_date FROM oms.fx_orders;
SELECT desk FROM oms.fx_orders;
SELECT has_table_privilege('pg_monitor', 'oms.fx_orders', 'SELECT') AS still_granted,
       EXISTS (SELECT FROM pg_depend WHERE objid = 'oms.fx_orders'::regclass AND deptype = 'e') AS still_the_extensions;

-- FIX: the class by SecurityType, Product, or a currency pair; attributes by tag, in their form; the field stays where it is kept.
CREATE FUNCTION pg_temp.message(msg_type text, fields text) RETURNS text LANGUAGE sql AS $$
  WITH body AS (SELECT replace(format('35=%s|49=CLIENT|56=BROKER|34=1|52=20260302-09:30:00|%s|', msg_type, fields), '|', E'\x01') AS b),
       head AS (SELECT format(E'8=FIX.4.4\x019=%s\x01', length(b)) || b AS m FROM body)
  SELECT m || '10=' || lpad(((SELECT sum(get_byte(convert_to(m, 'UTF8'), i)) FROM generate_series(0, length(m) - 1) i) % 256)::text, 3, '0') || E'\x01'
    FROM head
$$;
CREATE FUNCTION pg_temp.d(id text, fields text) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', r ->> 'status', r -> 'results' -> 0 ->> 'duplicate', r #>> '{results,0,state,assetClass}', r #>> '{results,0,state,attributes}', r #>> '{error,sqlstate}', r #>> '{error,detail}')
    FROM oms_try_fix(pg_temp.message('D', format('11=%s|54=1|38=100|40=2|44=10|60=20260302-09:30:00|', id) || fields)) AS r
$$;
SELECT pg_temp.d('af-1', '55=ESZ6|167=FUT|200=202612|231=50|77=O|541=20261218');
SELECT asset_class, maturity_month_year, maturity_date, contract_multiplier, position_effect, notional FROM oms.future_orders WHERE cl_ord_id = 'af-1';
SELECT fix -> 'maturityDate' AS "in fix too", attributes -> 'maturityDate' AS attribute FROM oms.orders WHERE cl_ord_id = 'af-1';
SELECT pg_temp.d('af-2', '55=EUR/USD|64=20260304');
SELECT pg_temp.d('af-3', '55=X|460=5|48=US0378331005|22=4|561=100');
SELECT pg_temp.d('af-4', '55=X|167=OPT|201=1|202=99.50|200=202612w3|203=0');
SELECT pg_temp.d('af-5', '55=X|167=MLEG|460=5');
SELECT pg_temp.d('af-6', '55=X|167=FUT|200=soon');
-- Sent again it is the same order, whatever has become of its class.
SELECT oms.register_asset_class('future', '{"extends": "future", "attributes": {"desk": {"type": "text", "tag": 5001, "required": true}}}');
SELECT pg_temp.d('af-1', '97=Y|55=ESZ6|167=FUT|200=202612|231=50|77=O|541=20261218');
SELECT pg_temp.d('af-7', '55=ESZ6|167=FUT');
SELECT pg_temp.d('af-7', '55=ESZ6|167=FUT|5001=Chicago');
DELETE FROM oms.asset_classes WHERE name = 'future' AND NOT builtin;
-- Its fills: what its class has of them.
CREATE FUNCTION pg_temp.fill(id text, exec_id text, fields text) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', r ->> 'status', r #>> '{results,0,state,flags}', r #>> '{results,0,state,attributes}')
    FROM oms_try_fix(pg_temp.message('8', format('37=b-%s|11=%s|17=%s|150=F|39=1|55=EUR/USD|54=1|32=10|31=1.1|14=0|151=0|6=0|60=20260302-09:30:00|', id, id, exec_id) || fields)) AS r
$$;
SELECT pg_temp.fill('af-2', 'f1', '194=1.09|195=0.01|64=20260304');
SELECT pg_temp.fill('af-2', 'f2', '194=spot|195=0.01');
SELECT currency_pair, value_date, spot_rate, forward_points FROM oms.fx_executions ORDER BY exec_id COLLATE "C";
-- Asked in a request for quotes; a quote of it has what its dealer says.
SELECT r ->> 'status' AS status, r #> '{results,0,state,assetClass}' AS class, r #> '{results,0,state,attributes}' AS attributes
  FROM oms_try_fix(pg_temp.message('R', '131=ar-1|146=1|55=GBP/USD|38=1000000|64=20260305|15=GBP|54=1')) AS r;
SELECT r ->> 'status' AS status, r #> '{results,0,state,attributes}' AS attributes
  FROM oms_try_fix(pg_temp.message('S', '131=ar-1|117=aq-1|55=GBP/USD|133=1.3|135=1000000|64=20260305|60=20260302-09:30:00')) AS r;

-- Only registered classes.
SET oms_state.require_asset_class = on;
SELECT pg_temp.create_order('ac-4');
SELECT pg_temp.create_order('ac-4', '{"assetClass": "FX"}');
RESET oms_state.require_asset_class;

-- One that is not enabled is free, and its views stay.
UPDATE oms.asset_classes SET enabled = false WHERE name = 'warrant';
SELECT pg_temp.create_order('ac-5', '{"assetClass": "warrant", "attributes": {"grade": "Z"}}');
SELECT id, grade FROM oms.warrant_orders WHERE id = 'ac-5';
DELETE FROM oms.asset_classes WHERE name = 'warrant';
SELECT * FROM oms.verify();
\c :home
DROP DATABASE oms_classes;
