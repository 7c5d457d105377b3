-- Rules as their owner and those whom they bind see them (contract.md 8, domain.md 16 and 17): what a predicate sees, what its answers do,
-- what is refused when it is stored, and what check_rules tells.
-- Broken by: a rule that is missed because a field was written otherwise; a fact that a rule refuses; a slice of a placement that no rule sees; a null or an
-- error that passes; a change that acts later than the next command; a shipped rule that can be changed; a setting of the session that changes an answer.
\set VERBOSITY terse
\pset null '-'
SET timezone = 'UTC';

CREATE FUNCTION pg_temp.send(command jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN r ->> 'status' = 'ACCEPTED' THEN concat_ws(' ', r #>> '{state,status}', nullif(r #>> '{state,flags}', '[]'), r #>> '{state,reviewReasons}')
              ELSE concat_ws(' ', r #>> '{error,sqlstate}', r #>> '{error,message}', '-', r #>> '{error,detail}') END
    FROM oms_try_command(command) AS r
$$;
CREATE FUNCTION pg_temp.do(name text, fields jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.send(fields || jsonb_build_object('commandType', name || 'Command'))
$$;
CREATE FUNCTION pg_temp.create_order(id text, fields jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.do('CreateOrder', jsonb_build_object('orderId', id, 'symbol', 'ru-X', 'side', 'BUY', 'orderQty', 100, 'ordType', 'LIMIT', 'price', 10, 'account', 'ANN') || fields)
$$;
CREATE FUNCTION pg_temp.rule(name text, object text, predicate text, command_type text DEFAULT NULL, severity text DEFAULT 'REFUSE', when_missing text DEFAULT 'REFUSE')
  RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  INSERT INTO oms.validation_rules (name, object, command_type, predicate, message, severity, when_missing)
    VALUES (rule.name, rule.object, rule.command_type, rule.predicate, rule.name || ' is against it', rule.severity, rule.when_missing);
  RETURN 'stored';
EXCEPTION WHEN SQLSTATE 'OM011' THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' - ', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''));
END
$$;

-- Nothing is enabled that came with the extension, and it stays as it is.
SELECT name, object, command_type, severity, when_missing, enabled, version FROM oms.validation_rules ORDER BY name;
SELECT pg_temp.create_order('ru-0', '{"symbol": "ru-R"}');
UPDATE oms.validation_rules SET enabled = true WHERE name = 'restricted';
DELETE FROM oms.validation_rules WHERE name = 'restricted';
INSERT INTO oms.validation_rules (name, object, predicate, message, builtin) VALUES ('mine', 'order', 'true', 'x', true);

-- A row of yours takes its place whole; it acts at the next command.
INSERT INTO oms.restricted_list VALUES ('ru-R', '', 'sanctions'), ('ru-S', 'ANN', 'own shares');
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES
  ('restricted', 'order', 'CreateOrderCommand', $$NOT oms.restricted(coalesce(command ->> 'symbol', parent.symbol), command ->> 'account')$$, 'the symbol is restricted');
SELECT pg_temp.create_order('ru-1', '{"symbol": "ru-R"}');
SELECT pg_temp.create_order('ru-1', '{"symbol": "ru-S"}');
SELECT pg_temp.create_order('ru-1', '{"symbol": "ru-S", "account": "BOB"}');
UPDATE oms.validation_rules SET enabled = false WHERE NOT builtin;
SELECT pg_temp.create_order('ru-2', '{"symbol": "ru-R"}');
SELECT name, enabled, version, builtin FROM oms.validation_rules WHERE name = 'restricted' ORDER BY builtin;
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- The command in its normal form, however it was written.
SELECT pg_temp.rule('no_market', 'order', $$command ->> 'ordType' <> 'MARKET' AND (command -> 'orderQty')::numeric < 1000 AND (command ->> 'expireTime')::timestamptz < '2030-01-01Z'$$,
                    'CreateOrderCommand');
SELECT pg_temp.create_order('ru-n' || n, f || '{"timeInForce": "GTD"}')
  FROM unnest(ARRAY['{"ordType": "1", "price": null, "expireTime": "2029-12-31T00:00:00Z"}', '{"ordType": "mar_ket", "price": null, "expireTime": "2029-12-31T00:00:00Z"}',
                    '{"orderQty": "1000.00", "expireTime": "2029-12-31T00:00:00Z"}', '{"expireTime": "20300101-00:00:00"}',
                    '{"expireTime": "2030-01-01T00:30:00+01:00"}']::jsonb[]) WITH ORDINALITY AS t (f, n);
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- Three answers, three severities. Anything but true counts; a warning only stands in the event.
SELECT pg_temp.rule('a_false', 'order', $$command ->> 'symbol' <> 'ru-F'$$, 'CreateOrderCommand');
SELECT pg_temp.rule('a_null', 'order', $$(command ->> 'price')::numeric > 0$$, 'CreateOrderCommand');
SELECT pg_temp.rule('a_null_pass', 'order', $$(command ->> 'stopPx')::numeric > 0$$, 'CreateOrderCommand', when_missing => 'PASS');
SELECT pg_temp.rule('a_null_warn', 'order', $$(command ->> 'stopPx')::numeric > 0$$, 'CreateOrderCommand', when_missing => 'warn');
SELECT pg_temp.rule('an_error', 'order', $$command ->> 'symbol' <> 'ru-E' OR (command ->> 'symbol')::numeric > 0$$, 'CreateOrderCommand');
SELECT pg_temp.rule('a_warning', 'order', $$command ->> 'symbol' <> 'ru-W'$$, 'CreateOrderCommand', severity => 'WARN');
SELECT pg_temp.create_order('ru-3', '{"symbol": "ru-F"}');
SELECT pg_temp.create_order('ru-3', '{"price": null, "ordType": "MARKET"}');
SELECT pg_temp.create_order('ru-3', '{"symbol": "ru-E"}');
SELECT pg_temp.create_order('ru-3', '{"symbol": "ru-W"}');
SELECT payload -> 'findings' AS findings FROM oms.order_events WHERE aggregate_id = 'ru-3';
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- cur, parent and root. A placement is asked about, and each of its slices as the order that it makes.
SELECT pg_temp.create_order('ru-P', '{"orderQty": 1000}');
SELECT pg_temp.rule('shape', 'order', $$CASE command ->> 'commandType'
    WHEN 'CreateOrderCommand' THEN cur IS NULL AND (parent IS NULL OR ((parent).symbol = root.symbol AND (command ->> 'orderQty')::numeric * 2 <= parent.order_qty))
    WHEN 'PlaceOrderCommand' THEN cur IS NOT NULL AND cur.id = root.id AND jsonb_array_length(command -> 'children') < 3
    ELSE true END$$);
SELECT pg_temp.create_order('ru-P1', '{"parentId": "ru-P", "orderQty": 501}');
SELECT pg_temp.create_order('ru-P1', '{"parentId": "ru-P", "orderQty": 100}');
SELECT pg_temp.do('PlaceOrder', '{"orderId": "ru-P", "children": [{"orderId": "ru-P2", "orderQty": 100}, {"orderId": "ru-P3", "orderQty": 600}]}');
SELECT pg_temp.do('PlaceOrder', '{"orderId": "ru-P", "children": [{"orderQty": 1}, {"orderQty": 1}, {"orderQty": 1}]}');
SELECT pg_temp.do('PlaceOrder', '{"orderId": "ru-P", "children": [{"orderId": "ru-P2", "orderQty": 100, "price": 10}, {"orderId": "ru-P3", "orderQty": 500}]}');
SELECT pg_temp.do('CancelOrder', '{"orderId": "ru-no"}');
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- No rule refuses a fact: a fill waits, a report is flagged, what somebody asks for is refused.
SELECT pg_temp.rule('no_fill', 'execution', $$(command ->> 'lastPx')::numeric <= parent.price AND cur IS NULL$$, 'ExecuteOrderCommand', severity => 'REVIEW');
SELECT pg_temp.rule('no_cancel', 'order', 'cur.executed_quantity > 0', 'CancelOrderCommand');
SELECT pg_temp.do('ExecuteOrder', '{"orderId": "ru-P2", "executionId": "ru-e1", "lastQty": 10, "lastPx": 11}');
SELECT pg_temp.do('ExecuteOrder', '{"orderId": "ru-P2", "executionId": "ru-e2", "lastQty": 10, "lastPx": 10}');
SELECT pg_temp.do('CancelOrder', '{"orderId": "ru-P3"}');
SELECT pg_temp.do('CancelOrder', '{"orderId": "ru-P3", "execID": "ru-x"}');
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- A batch: what is refused leaves no trace, and what comes after sees what came before.
SELECT pg_temp.rule('once', 'order', 'cur.order_qty < 120', 'ReplaceOrderCommand');
SELECT pg_temp.create_order('ru-B');
SELECT r ->> 'status', r #>> '{error,rule}' FROM oms_commands('[{"commandType": "ReplaceOrderCommand", "orderId": "ru-B", "orderQty": 120},
  {"commandType": "ReplaceOrderCommand", "orderId": "ru-B", "orderQty": 130}, {"commandType": "CancelOrderCommand", "orderId": "ru-B"}]', false) AS r;
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- A class of assets; another kind of object.
SELECT pg_temp.create_order('ru-C', '{"assetClass": "BOND"}');
INSERT INTO oms.validation_rules (name, object, asset_class, predicate, message) VALUES ('bonds', 'order', 'BOND', 'command ->> ''commandType'' <> ''SuspendOrderCommand''', 'bonds are not suspended');
SELECT pg_temp.do('SuspendOrder', '{"orderId": "ru-C"}');
SELECT pg_temp.do('SuspendOrder', '{"orderId": "ru-B"}');
SELECT pg_temp.rule('dealers', 'quote', $$command ->> 'dealer' IN ('ALFA', 'BETA') AND parent.symbol = 'EUR/USD' AND root.id = parent.id$$, 'CreateQuoteCommand');
SELECT pg_temp.do('CreateQuoteRequest', '{"quoteRequestId": "ru-R", "symbol": "EUR/USD", "side": "BUY", "orderQty": 1}');
SELECT pg_temp.do('CreateQuote', '{"quoteRequestId": "ru-R", "quoteId": "ru-q1", "dealer": "ALFA", "offerPx": 1}');
SELECT pg_temp.do('CreateQuote', '{"quoteRequestId": "ru-R", "quoteId": "ru-q2", "dealer": "GAMA", "offerPx": 1}');
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- What the session has set changes nothing.
SELECT pg_temp.rule('times', 'order', $$'2026-03-02T00:30:00Z'::timestamptz::date = '2026-03-02' AND '2026-02-03'::date::text = '2026-02-03' AND interval '1 day'::text = '1 day'
  AND (command -> 'attributes' ->> 'day')::date = '2026-02-03' AND current_date - interval '1 day' < now() AND extract(hour FROM '2026-03-02T00:30:00Z'::timestamptz) = 0
  AND NULL = NULL IS NULL$$, 'CreateOrderCommand');
SET timezone = 'America/New_York'; SET datestyle = 'German'; SET intervalstyle = 'iso_8601'; SET search_path = pg_temp, public; SET transform_null_equals = on;
SELECT pg_temp.create_order('ru-T', '{"attributes": {"day": "02/03/2026"}}');
SHOW timezone;
SHOW datestyle;
RESET ALL;
SET timezone = 'UTC';
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- Look-ups: the most special limit; a price that is not too old.
INSERT INTO oms.limits VALUES ('', '', 'ORDER_QUANTITY', 1000), ('ANN', '', 'ORDER_QUANTITY', 500), ('', 'ru-L', 'ORDER_QUANTITY', 300), ('ANN', 'ru-L', 'ORDER_QUANTITY', 100);
INSERT INTO oms.reference_prices VALUES ('ru-L', 10, now()), ('ru-O', 10, now() - interval '3 days');
SELECT a.account, s.symbol, oms.limit_of(a.account, s.symbol, 'ORDER_QUANTITY') FROM (VALUES ('ANN'), ('BOB'), (NULL)) AS a (account), (VALUES ('ru-L'), ('ru-X'), (NULL)) AS s (symbol);
SELECT oms.limit_of('ANN', 'ru-L', 'NONE'), oms.limit_of('ANN', 'ru-L', NULL), oms.reference_price('ru-L'), oms.reference_price('ru-L', '1 day'), oms.reference_price('ru-O', '1 day'),
       oms.reference_price('ru-O', '4 days'), oms.reference_price(NULL), oms.restricted('ru-S', 'BOB'), oms.restricted('ru-S', 'ANN'), oms.restricted('ru-R', NULL), oms.restricted(NULL, 'ANN');

-- The shipped ones, as they come; and what each would do, before it is enabled.
SELECT rule, enabled, answer, effect, why FROM oms.check_rules('{"commandType": "CreateOrderCommand", "symbol": "ru-L", "side": "BUY", "orderQty": 200, "price": 12, "account": "ANN", "ordType": "PEGGED"}');
SELECT command_type, rule, answer, effect, why FROM oms.check_rules('{"commandType": "PlaceOrderCommand", "orderId": "ru-P", "children": [{"orderQty": 10, "destination": "DARK", "ordType": "MARKET"}]}');
SELECT rule, answer, effect FROM oms.check_rules('{"commandType": "ReplaceOrderCommand", "orderId": "ru-C", "orderQty": 501, "execID": "x"}');
SELECT * FROM oms.check_rules('{"commandType": "CreateOrderCommand"}');
SELECT * FROM oms.check_rules(NULL);
INSERT INTO oms.validation_rules (name, object, command_type, asset_class, predicate, message, severity, when_missing)
  SELECT name, object, command_type, asset_class, predicate, message, severity, when_missing FROM oms.validation_rules WHERE builtin AND name NOT IN ('duplicate_order', 'self_match');
INSERT INTO oms.allowed_order_types VALUES ('DARK', 'LIMIT'), ('DARK', 'MARKET');
SELECT pg_temp.create_order('ru-L' || n, f) FROM unnest(ARRAY['{"symbol": "ru-L", "orderQty": 101}', '{"symbol": "ru-L", "price": 12}', '{"symbol": "ru-R"}', '{"ordType": "PEGGED", "destination": "DARK"}',
                                                              '{"symbol": "ru-O", "price": 99}']::jsonb[]) WITH ORDINALITY AS t (f, n);
SELECT pg_temp.do('ReplaceOrder', '{"orderId": "ru-L5", "orderQty": 600}');
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- The desk's own commands: who ends a review overrules the rules of all commands that have made it, and those that name the command hold; an allocation is asked for.
SELECT pg_temp.create_order('ru-D', '{"symbol": "ru-D"}');
SELECT pg_temp.rule('none', 'execution', $$parent.symbol <> 'ru-D'$$);
SELECT pg_temp.do('ExecuteOrder', jsonb_build_object('orderId', 'ru-D', 'executionId', 'ru-D' || n, 'execID', 'ru-D' || n, 'lastQty', 5, 'lastPx', 10)) FROM generate_series(1, 2) AS n;
SELECT pg_temp.rule('no_approval', 'execution', 'false', 'ApproveExecutionCommand');
SELECT command_type, rule, effect FROM oms.check_rules('{"commandType": "ApproveExecutionCommand", "executionId": "ru-D1"}') WHERE effect <> 'PASS' ORDER BY rule;
SELECT pg_temp.do('ApproveExecution', '{"executionId": "ru-D1"}');
DELETE FROM oms.validation_rules WHERE name = 'no_approval';
SELECT pg_temp.do('ApproveExecution', '{"executionId": "ru-D1"}');
SELECT pg_temp.do('RejectExecution', '{"executionId": "ru-D2", "reason": "not ours"}');
SELECT pg_temp.create_order('ru-M');
SELECT pg_temp.do('CreateBlockOrder', '{"orderId": "ru-BL", "members": [{"orderId": "ru-M", "quantity": 10}]}');
SELECT pg_temp.do('ExecuteOrder', '{"orderId": "ru-BL", "executionId": "ru-BL1", "execID": "ru-BL1", "lastQty": 10, "lastPx": 10}');
SELECT pg_temp.rule('none_at_all', 'execution', 'false');
SELECT pg_temp.do('AllocateExecution', '{"orderId": "ru-BL", "method": "PRO_RATA"}');
DELETE FROM oms.validation_rules WHERE NOT builtin;
SELECT pg_temp.do('AllocateExecution', '{"orderId": "ru-BL", "method": "PRO_RATA"}');

-- What is no rule.
SELECT pg_temp.rule('', 'order', 'true');
SELECT pg_temp.rule('r', 'trade', 'true');
SELECT pg_temp.rule('r', 'order', 'true', 'ExecuteOrderCommand');
SELECT pg_temp.rule('r', 'order', 'true', 'NoCommand');
SELECT pg_temp.rule('r', 'order', 'true', severity => 'REVIEW');
SELECT pg_temp.rule('r', 'order', 'true', severity => 'LOUD');
SELECT pg_temp.rule('r', 'order', 'true', when_missing => 'LOUD');
SELECT left(p, 40) AS predicate, pg_temp.rule('r', 'order', p) FROM unnest(ARRAY['', '1', 'cur.symbol', 'true, true', 'true AS x', 'true FROM oms.orders', 'true WHERE true', 'true ORDER BY 1', 'true; DROP TABLE oms.orders',
  'cur.price > ', 'cur.colour = ''red''', 'price > 1', 'cur.attributes.x = 1', 'cur.* IS NULL', 'cur = cur', 'command.symbol = ''x''', '$1 > 1', repeat('true AND ', 1000) || 'true']) AS p;

-- Examples are run when a rule is stored or changed.
CREATE FUNCTION pg_temp.examples(examples jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  INSERT INTO oms.validation_rules (name, object, command_type, predicate, message, examples)
    VALUES ('ex', 'order', 'ReplaceOrderCommand', '(command ->> ''orderQty'')::numeric <= 2 * cur.order_qty', 'no more than double', examples.examples)
    ON CONFLICT (name, builtin) DO UPDATE SET examples = EXCLUDED.examples;
  RETURN 'stored';
EXCEPTION WHEN SQLSTATE 'OM011' THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' - ', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''));
END
$$;
SELECT pg_temp.examples(e) FROM unnest(ARRAY[
  '[{"command": {"commandType": "ReplaceOrderCommand", "orderId": "A", "orderQty": 20}, "cur": {"orderId": "A", "orderQty": 10}, "outcome": "true"},
    {"command": {"commandType": "ReplaceOrderCommand", "orderId": "A", "orderQty": 21}, "cur": {"orderId": "A", "orderQty": 10}, "outcome": "false"},
    {"command": {"commandType": "ReplaceOrderCommand", "orderId": "A", "orderQty": 21}, "outcome": "NULL"}]',
  '[{"command": {"commandType": "ReplaceOrderCommand", "orderId": "A", "orderQty": 21}, "cur": {"orderId": "A", "orderQty": 10}, "outcome": "true"}]',
  '[{"command": {"commandType": "CancelOrderCommand", "orderId": "A"}, "outcome": "true"}]', '[{"command": {"commandType": "ReplaceOrderCommand"}, "outcome": "true"}]',
  '[{"outcome": "true"}]', '[1]', '{}', '[{"command": {"commandType": "ReplaceOrderCommand", "orderId": "A"}, "cur": {"orderQty": "x"}, "outcome": "true"}]']::jsonb[]) AS e;
UPDATE oms.validation_rules SET predicate = '(command ->> ''orderQty'')::numeric <= 3 * cur.order_qty' WHERE name = 'ex';
SELECT name, version FROM oms.validation_rules WHERE name = 'ex';
DELETE FROM oms.validation_rules WHERE NOT builtin;
SELECT count(*) FROM oms.verify() WHERE id ~ '^ru-';
