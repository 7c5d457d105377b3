-- The rules that come with the extension, each put to use by a row of its name, and what they look up (domain.md 17, 20): what is refused and what passes,
-- on new orders, replacements, slices and pairs of currencies; what is open and was done today, in one call too.
-- Broken by: a null that hides a false; a limit that keeps people from reducing; a slice counted besides its root, or a member besides its block; a fill of
-- yesterday counted today; a pair that is asked by the wrong side; a batch that passes a limit which its commands, one by one, would not.
\set VERBOSITY terse
\pset null '-'
SET timezone = 'UTC';

CREATE FUNCTION pg_temp.send(command jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN r ->> 'status' = 'ACCEPTED' THEN concat_ws(' ', r #>> '{state,status}', nullif(r #>> '{state,flags}', '[]'))
              ELSE concat_ws(' ', r #>> '{error,sqlstate}', r #>> '{error,rule}', nullif(r #>> '{error,message}', r #>> '{error,rule}')) END
    FROM oms_try_command(command) AS r
$$;
CREATE FUNCTION pg_temp.do(name text, fields jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.send(fields || jsonb_build_object('commandType', name || 'Command'))
$$;
CREATE FUNCTION pg_temp.new(id text, fields jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', id, 'symbol', 'sr-X', 'side', 'BUY', 'orderQty', 100, 'ordType', 'LIMIT', 'price', 10, 'account', 'sr-A') || fields
$$;
CREATE FUNCTION pg_temp.create_order(id text, fields jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.send(pg_temp.new(id, fields))
$$;
-- A row of the shipped one's name, enabled; of a command what such a rule would say, and the figures of the look-ups.
CREATE FUNCTION pg_temp.enable(names text[]) RETURNS text LANGUAGE sql AS $$
  INSERT INTO oms.validation_rules (name, object, command_type, asset_class, predicate, message, severity, when_missing, examples)
    SELECT name, object, command_type, asset_class, predicate, name, severity, when_missing, examples FROM oms.validation_rules WHERE builtin AND name = ANY (names);
  SELECT string_agg(name, ' ' ORDER BY name) FROM oms.validation_rules WHERE NOT builtin;
$$;
CREATE FUNCTION pg_temp.says(rule text, command jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(r.answer, ' ') FROM oms.check_rules(says.command) AS r WHERE r.rule = says.rule
$$;

-- max_quantity: an order's own limit, and the day's.
SELECT pg_temp.enable('{max_quantity}');
INSERT INTO oms.limits VALUES ('sr-A', 'sr-X', 'ORDER_QUANTITY', 200), ('sr-A', 'sr-X', 'DAY_QUANTITY', 500), ('sr-B', '', 'DAY_QUANTITY', 50);
SELECT pg_temp.create_order('sr-1', '{"orderQty": 201}');
SELECT pg_temp.create_order('sr-1', '{"orderQty": 200}'), pg_temp.create_order('sr-2', '{"orderQty": 200}');
SELECT oms.day_quantity(pg_temp.new('sr-3', '{"orderQty": 101}')), pg_temp.create_order('sr-3', '{"orderQty": 101}');
SELECT pg_temp.create_order('sr-3', '{"orderQty": 101, "symbol": "sr-Y"}'), pg_temp.create_order('sr-3b', '{"orderQty": 51, "account": "sr-B"}'), pg_temp.create_order('sr-3c', '{"orderQty": 101, "account": null}');
SELECT pg_temp.create_order('sr-4', '{"orderQty": 100}');
-- a slice counts in its root; no other order is added to by it
SELECT pg_temp.create_order('sr-11', '{"parentId": "sr-1", "orderQty": 150}'), oms.day_quantity('{"commandType": "CreateOrderCommand", "parentId": "sr-1", "orderQty": 50}');
SELECT pg_temp.do('PlaceOrder', '{"orderId": "sr-1", "children": [{"orderQty": 20}, {"orderQty": 30}]}');
-- a replacement is held against what it adds, also of account; one that reduces passes, whatever the limit
SELECT pg_temp.do('ReplaceOrder', '{"orderId": "sr-4", "orderQty": 101}'), pg_temp.do('ReplaceOrder', '{"orderId": "sr-4", "price": 11}');
UPDATE oms.limits SET amount = 5 WHERE account = 'sr-A';
SELECT pg_temp.do('ReplaceOrder', '{"orderId": "sr-4", "orderQty": 90}'), pg_temp.do('RequestReplaceOrder', '{"orderId": "sr-4", "orderQty": 95}'), pg_temp.do('CancelOrder', '{"orderId": "sr-4"}'),
       pg_temp.do('PlaceOrder', '{"orderId": "sr-2", "children": [{"orderQty": 3}]}');
-- what a counterparty tells is no matter of limits
SELECT pg_temp.do('AcceptOrder', '{"orderId": "sr-2", "orderQty": 200, "execID": "x"}'), pg_temp.do('ExecuteOrder', '{"orderId": "sr-2", "lastQty": 60, "lastPx": 9}');
UPDATE oms.limits SET amount = 600 WHERE account = 'sr-A';
SELECT oms.day_quantity('{"commandType": "ReplaceOrderCommand", "orderId": "sr-2", "orderQty": 250}'), oms.day_quantity('{"commandType": "CancelOrderCommand", "orderId": "sr-2"}'),
       oms.day_quantity('{"commandType": "ReplaceOrderCommand", "orderId": "sr-2", "orderQty": 10}');
-- one by one in a batch as in calls of their own
SELECT r ->> 'status', r #>> '{error,rule}' FROM oms_commands(jsonb_build_array(pg_temp.new('sr-5'), pg_temp.new('sr-6'), pg_temp.new('sr-7'), '{"commandType": "CancelOrderCommand", "orderId": "sr-5"}'::jsonb, pg_temp.new('sr-7')), false) AS r;
-- what was asked for counts from then on, before it is granted
SELECT pg_temp.create_order('sr-w1', '{"account": "sr-B", "orderQty": 10, "symbol": "sr-W"}'), pg_temp.do('RequestReplaceOrder', '{"orderId": "sr-w1", "orderQty": 45, "clOrdID": "sr-w1b"}'),
       pg_temp.create_order('sr-w2', '{"account": "sr-B", "orderQty": 6, "symbol": "sr-W"}'), pg_temp.create_order('sr-w3', '{"account": "sr-B", "orderQty": 5, "symbol": "sr-W"}');
SELECT pg_temp.do('RejectReplaceOrder', '{"orderId": "sr-w1", "clOrdID": "sr-w1b"}'), oms.day_quantity('{"commandType": "CancelOrderCommand", "orderId": "sr-w1"}'), oms.day_value('{"commandType": "CancelOrderCommand", "orderId": "sr-w1"}');
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- Of a block the members count, and what it has not allocated is theirs to come.
SELECT pg_temp.create_order('sr-m1', '{"account": "sr-M", "orderQty": 30}'), pg_temp.create_order('sr-m2', '{"account": "sr-M", "orderQty": 70}');
SELECT pg_temp.do('CreateBlockOrder', '{"orderId": "sr-B", "account": "sr-M", "symbol": "sr-X", "side": "BUY", "ordType": "LIMIT", "price": 10, "members": [{"orderId": "sr-m1", "quantity": 30}, {"orderId": "sr-m2", "quantity": 70}]}');
SELECT pg_temp.do('ExecuteOrder', '{"orderId": "sr-B", "executionId": "sr-Be", "lastQty": 50, "lastPx": 10}');
SELECT oms.day_quantity(pg_temp.new('sr-n', '{"account": "sr-M"}')), oms.day_value(pg_temp.new('sr-n', '{"account": "sr-M"}'));
SELECT pg_temp.do('AllocateExecution', '{"executionId": "sr-Be", "orderId": "sr-B", "reason": "x", "method": "PRO_RATA"}');
SELECT oms.day_quantity(pg_temp.new('sr-n', '{"account": "sr-M"}')), oms.day_value(pg_temp.new('sr-n', '{"account": "sr-M"}')),
       oms.day_quantity('{"commandType": "CreateBlockOrderCommand", "symbol": "sr-X", "members": [{"orderId": "sr-m1", "quantity": 1}]}');

-- max_value: by the price, else the reference price; what was done counts at what was paid.
SELECT pg_temp.enable('{max_value}');
INSERT INTO oms.limits VALUES ('sr-V', '', 'ORDER_VALUE', 1000), ('sr-V', '', 'DAY_VALUE', 2500);
INSERT INTO oms.reference_prices VALUES ('sr-X', 20);
SELECT pg_temp.create_order('sr-v1', '{"account": "sr-V", "price": 10.01}'), pg_temp.create_order('sr-v1', '{"account": "sr-V"}');
SELECT pg_temp.create_order('sr-v2', '{"account": "sr-V", "ordType": "MARKET", "price": null, "orderQty": 51}'), pg_temp.create_order('sr-v2', '{"account": "sr-V", "ordType": "MARKET", "price": null, "orderQty": 50}');
SELECT pg_temp.create_order('sr-v3', '{"account": "sr-V", "orderQty": null, "cashOrderQty": 1001, "ordType": "MARKET", "price": null}');
SELECT oms.day_value(pg_temp.new('sr-v4', '{"account": "sr-V", "orderQty": 50}')), pg_temp.create_order('sr-v4', '{"account": "sr-V", "orderQty": 51}'), pg_temp.create_order('sr-v4', '{"account": "sr-V", "orderQty": 50}');
SELECT pg_temp.do('ReplaceOrder', '{"orderId": "sr-v4", "price": 10.02}'), pg_temp.do('ReplaceOrder', '{"orderId": "sr-v4", "price": 9}'), pg_temp.do('ExecuteOrder', '{"orderId": "sr-v1", "lastQty": 100, "lastPx": 9}'),
       oms.day_value(pg_temp.new('sr-v5', '{"account": "sr-V", "orderQty": 1}'));
-- without any price nothing is said
SELECT pg_temp.create_order('sr-v6', '{"account": "sr-V", "symbol": "sr-Z", "ordType": "MARKET", "price": null}'), oms.order_value(pg_temp.new('sr-v7', '{"symbol": "sr-Z", "price": null}')) AS value,
       oms.day_value(pg_temp.new('sr-v7', '{"account": "sr-V", "symbol": "sr-Z"}')) AS day;
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- Of a pair by the currency that is dealt: quantity / price in the second one.
SELECT oms.notional('EUR/USD', 'EUR', 100, 1.25), oms.notional('EUR/USD', NULL, 100, 1.25), oms.notional('EUR/USD', 'USD', 100, 1.25), oms.notional('EUR/USD', 'USD', 100, 0), oms.notional('X', 'USD', 100, -2), oms.notional('X', 'USD', 100, NULL);
SELECT pg_temp.create_order('sr-f1', '{"account": "sr-F", "symbol": "EUR/USD", "currency": "USD", "orderQty": 125, "price": 1.25}'), oms.order_value('{"commandType": "CancelOrderCommand", "orderId": "sr-f1"}'),
       pg_temp.do('ExecuteOrder', '{"orderId": "sr-f1", "lastQty": 25, "lastPx": 2}'), oms.day_value('{"commandType": "CancelOrderCommand", "orderId": "sr-f1"}');
SELECT c ->> 'side' AS side, c ->> 'currency' AS currency, oms.buys(c) FROM (SELECT pg_temp.new('x', jsonb_build_object('symbol', 'EUR/USD', 'side', s, 'currency', y)) AS c
  FROM unnest(ARRAY['BUY', 'SELL_SHORT', 'CROSS']) AS s, unnest(ARRAY['EUR', 'USD', NULL]) AS y) AS t;

-- price_collar: too dear for a buyer, too cheap for a seller; of a pair by what is dealt.
INSERT INTO oms.reference_prices VALUES ('EUR/USD', 1, now()), ('sr-S', -1, now()), ('sr-O', 10, now() - interval '2 days');
SELECT c ->> 'side' AS side, c ->> 'currency' AS currency, c ->> 'price' AS price, pg_temp.says('price_collar', c) FROM (SELECT pg_temp.new('x', jsonb_build_object('symbol', 'EUR/USD', 'side', s, 'currency', y, 'price', p)) AS c
  FROM unnest(ARRAY['BUY', 'SELL', 'CROSS']) AS s, unnest(ARRAY['EUR', 'USD']) AS y, unnest(ARRAY[0.8, 0.9, 1.1, 1.2]) AS p) AS t;
SELECT pg_temp.says('price_collar', pg_temp.new('x', '{"symbol": "sr-S", "price": -0.9}')), pg_temp.says('price_collar', pg_temp.new('x', '{"symbol": "sr-S", "price": -0.8}')),
       pg_temp.says('price_collar', pg_temp.new('x', '{"symbol": "sr-O"}')), pg_temp.says('price_collar', pg_temp.new('x', '{"price": null, "ordType": "MARKET"}')),
       pg_temp.says('price_collar', '{"commandType": "ReplaceOrderCommand", "orderId": "sr-f1", "price": 0.8}'), pg_temp.says('price_collar', '{"commandType": "ReplaceOrderCommand", "orderId": "sr-f1", "price": 1.2}'),
       pg_temp.says('price_collar', '{"commandType": "PlaceOrderCommand", "orderId": "sr-f1", "children": [{"orderQty": 1, "price": 1.2}, {"orderQty": 1, "price": 0.8}]}');
SELECT pg_temp.enable('{price_collar}'), pg_temp.create_order('sr-c1', '{"symbol": "EUR/USD", "price": 1.2}'), pg_temp.create_order('sr-c2', '{"symbol": "sr-O"}');
SELECT payload #>> '{findings,0,rule}', payload #>> '{findings,0,severity}' FROM oms.order_events WHERE aggregate_id = 'sr-c2';
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- order_types: what stands in the list; of what does not stand there nothing is known.
INSERT INTO oms.allowed_order_types VALUES ('sr-D', 'LIMIT'), ('sr-D', 'PEGGED');
SELECT oms.order_type_allowed('sr-D', 'LIMIT'), oms.order_type_allowed('sr-D', 'MARKET'), oms.order_type_allowed('sr-E', 'MARKET'), oms.order_type_allowed(NULL, 'MARKET'), oms.order_type_allowed('sr-D', NULL);
SELECT pg_temp.enable('{order_types}'), pg_temp.create_order('sr-t1', '{"destination": "sr-D", "ordType": "1", "price": null}'), pg_temp.create_order('sr-t1', '{"destination": "sr-D", "ordType": null, "price": null}'),
       pg_temp.create_order('sr-t1', '{"destination": "sr-D", "ordType": null}'), pg_temp.create_order('sr-t2', '{"destination": "sr-E", "ordType": "1", "price": null}');
SELECT pg_temp.do('PlaceOrder', '{"orderId": "sr-t2", "children": [{"orderQty": 1, "destination": "sr-D"}]}'), pg_temp.do('PlaceOrder', '{"orderId": "sr-t2", "children": [{"orderQty": 1, "destination": "sr-D", "price": 1}]}'),
       pg_temp.do('ReplaceOrder', '{"orderId": "sr-t1", "orderQty": 90}'), pg_temp.do('ReplaceOrder', '{"orderId": "sr-t1", "ordType": "STOP_LIMIT", "stopPx": 1}');
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- the list is configuration: each change is an event, and a row keeps its name
UPDATE oms.allowed_order_types SET ord_type = 'MARKET' WHERE destination = 'sr-D' AND ord_type = 'PEGGED';
DELETE FROM oms.allowed_order_types WHERE destination = 'sr-D' AND ord_type = 'PEGGED';
INSERT INTO oms.allowed_order_types VALUES ('sr-D', 'PEGGED') RETURNING version;
SELECT aggregate_id, version, event_type, payload -> 'state' AS state FROM oms.configuration_events WHERE root_id LIKE 'allowed_order_types/sr-D%' ORDER BY sequence;
SELECT * FROM oms.verify() WHERE root_id LIKE 'allowed_order_types/%';

-- restricted: no new order and no slice.
INSERT INTO oms.restricted_list VALUES ('sr-Q', 'sr-R', 'own shares');
SELECT pg_temp.create_order('sr-r1', '{"symbol": "sr-Q", "account": "sr-R"}'), pg_temp.enable('{restricted}');
SELECT pg_temp.create_order('sr-r2', '{"symbol": "sr-Q", "account": "sr-R"}'), pg_temp.create_order('sr-r2', '{"symbol": "sr-Q"}'), pg_temp.do('PlaceOrder', '{"orderId": "sr-r1", "children": [{"orderQty": 1}]}'), pg_temp.do('CancelOrder', '{"orderId": "sr-r1"}');
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- duplicate_order: the same once more, within seconds; what differs, was refused or came to nothing is none; slices may be alike.
SELECT pg_temp.enable('{duplicate_order}'), pg_temp.create_order('sr-d1', '{"account": "sr-D"}'), pg_temp.create_order('sr-d2', '{"account": "sr-D", "orderQty": "100.0", "price": 10.00}');
SELECT f, pg_temp.create_order('sr-d-' || n, '{"account": "sr-D"}' || f) FROM unnest(ARRAY['{"orderQty": 101}', '{"price": 11}', '{"side": "SELL"}', '{"account": "sr-E"}', '{"symbol": "sr-Y"}', '{"currency": "USD"}', '{"ordType": "MARKET", "price": null}',
  '{"ordType": "STOP_LIMIT", "stopPx": 9}',
  '{"symbol": "sr-O", "strikePrice": 5}', '{"symbol": "sr-O", "strikePrice": "5.00"}', '{"symbol": "sr-O", "strikePrice": 6}']::jsonb[]) WITH ORDINALITY AS t (f, n);
SELECT pg_temp.do('CancelOrder', jsonb_build_object('orderId', id)) FROM oms.orders WHERE account = 'sr-D' AND order_qty = 100 AND price = 10 AND side = 'BUY' AND symbol = 'sr-X' AND ord_type = 'LIMIT' AND currency IS NULL ORDER BY id COLLATE "C";
SELECT pg_temp.create_order('sr-d3', '{"account": "sr-D"}'), pg_temp.do('PlaceOrder', '{"orderId": "sr-d3", "children": [{"orderQty": 5}, {"orderQty": 5}]}'), pg_temp.do('PlaceOrder', '{"orderId": "sr-d3", "children": [{"orderQty": 5}]}');
SELECT r ->> 'status', r #>> '{error,rule}' FROM oms_commands(jsonb_build_array(pg_temp.new('sr-d4', '{"account": "sr-F"}'), pg_temp.new('sr-d5', '{"account": "sr-F"}')), false) AS r;
SELECT oms.recent_like(pg_temp.new('x', '{"account": "sr-D"}'), '1 hour'), oms.recent_like(pg_temp.new('x', '{"account": "sr-D"}'), '0'), oms.recent_like(pg_temp.new('x', '{"account": "sr-D", "parentId": "sr-d3"}'), '1 hour'),
       oms.recent_like('{"commandType": "ReplaceOrderCommand", "orderId": "sr-d3", "orderQty": 7}', '1 hour'), oms.recent_like(pg_temp.new('x'), NULL), oms.recent_like(NULL, '1 hour'),
       oms.recent_like('{"commandType": "CreateQuoteRequestCommand", "symbol": "sr-X"}', '1 hour');
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- Routing asks of the order that is there by then: it is not like itself, and counts once.
INSERT INTO oms.routing_rules (name, priority, predicate, reason) VALUES ('twice', 1, 'oms.recent_like(command, interval ''1 hour'')', 'twice'), ('much', 2, 'oms.day_quantity(command) > 150', 'much'),
  ('opposite', 3, 'oms.opposite_live(command)', 'opposite');
SELECT f ->> 'orderId' AS id, r #>> '{routing,action}' AS action, r #>> '{routing,rule}' AS rule
  FROM unnest(ARRAY['{"orderId": "sr-q1"}', '{"orderId": "sr-q2"}', '{"orderId": "sr-q3", "orderQty": 51}', '{"orderId": "sr-q4", "side": "SELL", "orderQty": 1, "account": "sr-H"}', '{"orderId": "sr-q5", "orderQty": 1, "account": "sr-H"}']::jsonb[]) AS f,
       oms_service('SubmitClientOrder', (pg_temp.new('x', '{"account": "sr-G", "destination": "XNYS"}') || f) - 'commandType') AS r;
DELETE FROM oms.routing_rules WHERE NOT builtin;

-- self_match: a live order on the other side, of another tree; slices and prices too; not of another account or contract.
SELECT pg_temp.enable('{self_match}'), pg_temp.create_order('sr-s1', '{"account": "sr-S", "maturityMonthYear": "202612"}'), pg_temp.create_order('sr-s2', '{"account": "sr-S", "side": "SELL"}'), pg_temp.create_order('sr-s2', '{"account": "sr-S", "side": "SELL", "maturityMonthYear": "202703"}'),
       pg_temp.create_order('sr-s3', '{"account": "sr-T", "side": "SELL"}');
DELETE FROM oms.validation_rules WHERE NOT builtin;
SELECT pg_temp.create_order('sr-s4', '{"account": "sr-S"}'), pg_temp.enable('{self_match}');
SELECT pg_temp.do('ReplaceOrder', '{"orderId": "sr-s1", "price": 11}'), pg_temp.do('ReplaceOrder', '{"orderId": "sr-s4", "price": 11}'), pg_temp.do('PlaceOrder', '{"orderId": "sr-s4", "children": [{"orderQty": 1}]}'), pg_temp.do('PlaceOrder', '{"orderId": "sr-s1", "children": [{"orderQty": 1}]}'),
       pg_temp.do('CancelOrder', '{"orderId": "sr-s2"}'), pg_temp.do('ReplaceOrder', '{"orderId": "sr-s4", "price": 11}');
SELECT pg_temp.create_order('sr-s5', '{"account": "sr-P", "symbol": "EUR/USD", "currency": "USD"}'), pg_temp.create_order('sr-s6', '{"account": "sr-P", "symbol": "EUR/USD", "currency": "EUR"}'), pg_temp.create_order('sr-s6', '{"account": "sr-P", "symbol": "EUR/USD", "currency": "EUR", "side": "SELL_SHORT"}'),
       pg_temp.create_order('sr-s7', '{"account": "sr-P", "symbol": "EUR/USD", "side": "CROSS"}');
SELECT oms.opposite_live(pg_temp.new('x', '{"account": "sr-S", "side": "SELL"}')), oms.opposite_live(pg_temp.new('x', '{"account": "sr-S", "side": "SELL"}'), '1 hour'), oms.opposite_live(pg_temp.new('x', '{"account": "sr-S", "side": "SELL"}'), '0'),
       oms.opposite_live(pg_temp.new('x', '{"account": "sr-S", "side": "CROSS"}')), oms.opposite_live(NULL);
-- what is done for the day is against nobody, in one call or in two
SELECT pg_temp.create_order('sr-s8', '{"account": "sr-U", "side": "SELL"}');
SELECT r ->> 'status', r #>> '{error,rule}' FROM oms_commands(jsonb_build_array('{"commandType": "DoneForDayOrderCommand", "orderId": "sr-s8"}'::jsonb, pg_temp.new('sr-s9', '{"account": "sr-U"}')), false) AS r;
SELECT oms.opposite_live(pg_temp.new('x', '{"account": "sr-U"}'));
SELECT oms.opposite_live('{"commandType": "CreateOrderCommand", "colour": "red"}');
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- What a rule calls is asked of the slice, which names neither its parent nor what it inherits; outside of one a library's predicates have no answer.
SELECT oms.registered('x');
INSERT INTO oms.validation_rules (name, object, predicate, message) VALUES ('r', 'order', 'oms.registered(command ->> ''text'')', 'r');
INSERT INTO oms.validation_rules (name, object, predicate, message) VALUES ('r', 'order', 'oms.registered(''sr'')', 'r');
SELECT pg_temp.create_order('sr-x');
SELECT answer, why FROM oms.check_rules(pg_temp.new('sr-x')) WHERE rule = 'r';
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- The same, found by the index that doc/rules.md tells to make.
CREATE TEMP TABLE looked AS SELECT a, s, oms.day_quantity(c) AS quantity, oms.day_value(c) AS value, oms.opposite_live(c) AS opposite, oms.recent_like(c, '1 hour') AS alike, oms.opposite_live(c, '1 hour') AS opposite_of_late
  FROM unnest(ARRAY['sr-A', 'sr-D', 'sr-F', 'sr-M', 'sr-S', 'sr-V', NULL]) AS a, unnest(ARRAY['BUY', 'SELL']) AS s, LATERAL pg_temp.new('x', jsonb_build_object('account', a, 'side', s)) AS c;
CREATE INDEX sr_orders ON oms.orders (account, symbol, created_at) WHERE parent_id IS NULL;
SELECT count(*), count(*) FILTER (WHERE opposite), count(*) FILTER (WHERE alike) FROM looked;
SELECT * FROM looked EXCEPT
  SELECT a, s, oms.day_quantity(c), oms.day_value(c), oms.opposite_live(c), oms.recent_like(c, '1 hour'), oms.opposite_live(c, '1 hour') FROM looked, LATERAL pg_temp.new('x', jsonb_build_object('account', a, 'side', s)) AS c;
SELECT oms.recent_like(pg_temp.new('x', '{"account": "sr-D"}'), '0'), idx_scan > 0 AS used FROM pg_stat_xact_user_tables WHERE relid = 'oms.orders'::regclass;
DROP INDEX oms.sr_orders;
SELECT count(*) FROM oms.verify() WHERE id ~ '^sr-';
