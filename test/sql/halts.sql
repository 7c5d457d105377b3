-- Trading halts as the desk and those whom they bind see them (contract.md 8, domain.md 18): what each command does while one is in force and when it is not,
-- of whom it is, and when. unit/halt.c has every command and every scope; here is what SQL shows of it.
-- Broken by: a halt that refuses a client's order, a cancel or a fill; one that lets anything be placed or increased; one that acts before since, at until, where
-- it is not enabled, or later than the next command; an event that does not say which halt it was.
\set VERBOSITY terse
\pset null '-'
SET timezone = 'UTC';

CREATE FUNCTION pg_temp.send(command jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN r ->> 'status' = 'ACCEPTED' THEN concat_ws(' ', r #>> '{state,status}', r #>> '{state,deskStatus}', r #>> '{state,deskReason}')
              ELSE concat_ws(' ', r #>> '{error,sqlstate}', r #>> '{error,message}', '-',
                             regexp_replace(r #>> '{error,detail}', '\d{4}-\d\d-\d\dT[0-9:.]+Z', 'T', 'g')) END
    FROM oms_try_command(command) AS r
$$;
CREATE FUNCTION pg_temp.do(name text, fields jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.send(fields || jsonb_build_object('commandType', name || 'Command'))
$$;
CREATE FUNCTION pg_temp.root(id text, fields jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.do('CreateOrder', jsonb_build_object('orderId', id, 'symbol', 'ha-X', 'side', 'BUY', 'orderQty', 100, 'price', 10, 'account', 'ANN', 'destination', 'XNYS') || fields)
$$;
-- Each row: what is asked for, and what comes of it.
CREATE FUNCTION pg_temp.all_of(n int) RETURNS TABLE (command text, becomes text) LANGUAGE sql AS $$
  SELECT c.name || coalesce(' ' || c.what, ''), split_part(pg_temp.do(c.name, replace(c.fields, '#', n::text)::jsonb), ' - ', 1)
    FROM (VALUES
      ('CreateOrder', 'a root', '{"orderId": "ha-n#", "symbol": "ha-X", "side": "BUY", "orderQty": 1}'),
      ('CreateOrder', 'a child', '{"orderId": "ha-c#", "parentId": "ha-A", "orderQty": 1}'),
      ('PlaceOrder', NULL, '{"orderId": "ha-A", "children": [{"orderQty": 1}]}'),
      ('CreateBlockOrder', NULL, '{"orderId": "ha-k#", "members": [{"orderId": "ha-M", "quantity": 1}]}'),
      ('ReplaceBlockMembers', 'to more', '{"orderId": "ha-K", "members": [{"orderId": "ha-M", "quantity": 1#}]}'),
      ('AcceptQuote', NULL, '{"quoteId": "ha-Q#", "side": "BUY", "orderQty": 1, "orderId": "ha-q#"}'),
      ('ReplaceOrder', 'to more', '{"orderId": "ha-B", "orderQty": 3#}'),
      ('RequestReplaceOrder', 'to more', '{"orderId": "ha-B", "orderQty": 4#, "clOrdID": "ha-r#"}'),
      ('RequestReplaceOrder', 'to less', '{"orderId": "ha-B", "orderQty": 2#, "clOrdID": "ha-s#"}'),
      ('RejectReplaceOrder', NULL, '{"orderId": "ha-B", "clOrdID": "ha-s#"}'),
      ('ReplaceOrder', 'to less', '{"orderId": "ha-B", "orderQty": 20}'),
      ('ReplaceOrder', 'at another price', '{"orderId": "ha-B", "price": 1#}'),
      ('RequestCancelOrder', NULL, '{"orderId": "ha-B", "clOrdID": "ha-x#"}'),
      ('RejectCancelOrder', NULL, '{"orderId": "ha-B"}'),
      ('RestateOrder', NULL, '{"orderId": "ha-B", "text": "restated"}'),
      ('SuspendOrder', NULL, '{"orderId": "ha-B"}'),
      ('ResumeOrder', NULL, '{"orderId": "ha-B"}'),
      ('UpdateOrder', NULL, '{"orderId": "ha-B", "text": "t"}'),
      ('ReplaceOrder', 'by a report', '{"orderId": "ha-B", "orderQty": 5#, "execType": "REPLACED", "execID": "ha-e#"}'),
      ('ExecuteOrder', NULL, '{"orderId": "ha-B", "lastQty": 1, "lastPx": 10, "execID": "ha-f#", "executionId": "ha-f#"}'),
      ('CorrectExecution', NULL, '{"executionId": "ha-f#", "lastQty": 2}'),
      ('BustExecution', NULL, '{"executionId": "ha-f0#"}'),
      ('SendOrderToDesk', NULL, '{"orderId": "ha-A", "reason": "look"}'),
      ('ClaimOrder', NULL, '{"orderId": "ha-A"}'),
      ('ReleaseOrderFromDesk', NULL, '{"orderId": "ha-A"}'),
      ('CancelOrder', NULL, '{"orderId": "ha-D#"}')
    ) AS c (name, what, fields)
$$;
SELECT pg_temp.root('ha-A');
SELECT pg_temp.root('ha-M');
SELECT pg_temp.root('ha-D1'), pg_temp.root('ha-D2');
SELECT pg_temp.do('CreateOrder', '{"orderId": "ha-B", "parentId": "ha-A", "orderQty": 30, "price": 10}');
SELECT pg_temp.do('CreateBlockOrder', '{"orderId": "ha-K", "members": [{"orderId": "ha-M", "quantity": 10}]}');
SELECT pg_temp.do('ExecuteOrder', format('{"orderId": "ha-B", "lastQty": 1, "lastPx": 10, "execID": "ha-f0%s", "executionId": "ha-f0%s"}', n, n)::jsonb) FROM generate_series(1, 2) AS n;
SELECT pg_temp.do('CreateQuote', format('{"quoteId": "ha-Q%s", "symbol": "ha-X", "dealer": "XNYS", "bidPx": 9, "offerPx": 10, "validUntilTime": "%s"}',
                                        n, to_char(now() + interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SSOF:00'))::jsonb) FROM generate_series(1, 2) AS n;

-- While the symbol is halted, and when it is not.
INSERT INTO oms.trading_halts (name, symbol, reason) VALUES ('ha-news', 'ha-X', 'news pending');
SELECT * FROM pg_temp.all_of(1);
UPDATE oms.trading_halts SET until = now() WHERE name = 'ha-news';
SELECT * FROM pg_temp.all_of(2);

-- What waits stays with the desk when the halt is over; then it is placed.
SELECT pg_temp.do('PlaceOrder', '{"orderId": "ha-n1", "children": [{"orderQty": 1}]}');
SELECT order_id, o.status, oms.desk_queue.reason FROM oms.desk_queue JOIN oms.orders AS o ON o.id = order_id WHERE order_id ~ '^ha-n';
SELECT pg_temp.do('ReleaseOrderFromDesk', '{"orderId": "ha-n1"}'), pg_temp.do('PlaceOrder', '{"orderId": "ha-n1", "children": [{"orderQty": 1}]}');
-- It was one event, and says which halt.
SELECT version, event_type, transition, regexp_replace(payload ->> 'findings', '\d{4}-\d\d-\d\dT[0-9:.]+Z', 'T', 'g') AS findings, payload #>> '{state,deskStatus}' AS desk_status
  FROM oms.order_events WHERE aggregate_id = 'ha-n1' AND version = 1;

-- When: from since to before until, and only if it is enabled.
CREATE FUNCTION pg_temp.halted(id text, fields jsonb DEFAULT '{}') RETURNS boolean LANGUAGE sql AS $$ SELECT pg_temp.root(id, fields) ~ 'HALTED' $$;
INSERT INTO oms.trading_halts (name, symbol, since, until, enabled) VALUES
  ('ha-1', 'ha-1', now() - interval '2 hours', now() - interval '1 hour', true), ('ha-2', 'ha-2', now() - interval '1 hour', now() + interval '1 hour', true),
  ('ha-3', 'ha-3', now() + interval '1 hour', NULL, true), ('ha-4', 'ha-4', '-infinity', 'infinity', true), ('ha-5', 'ha-5', now(), NULL, false),
  ('ha-6', 'ha-6', now(), now(), true);
SELECT n, pg_temp.halted('ha-t' || n, jsonb_build_object('symbol', 'ha-' || n)) AS halted FROM generate_series(1, 6) AS n;
DELETE FROM oms.trading_halts WHERE name ~ '^ha-\d';

-- Of whom: a symbol, an account, a destination, all that are given, or everything.
CREATE FUNCTION pg_temp.scopes() RETURNS TABLE (symbol text, account text, destination text, "root ANN" boolean, "root BOB" boolean, placed text, "to XLON" text) LANGUAGE plpgsql AS $$
DECLARE
  n int := 0;
BEGIN
  FOR symbol, account, destination IN VALUES ('ha-X', NULL, NULL), ('ha-Y', NULL, NULL), (NULL, 'ANN', NULL), (NULL, 'BOB', NULL), (NULL, NULL, 'XNYS'), (NULL, NULL, 'XLON'),
      ('ha-X', 'ANN', 'XNYS'), ('ha-X', 'BOB', NULL), ('ha-X', 'ANN', 'XLON'), (NULL, NULL, NULL) LOOP
    n := n + 1;
    INSERT INTO oms.trading_halts (name, symbol, account, destination) VALUES ('ha-scope', symbol, account, destination);
    "root ANN" := pg_temp.halted('ha-sa' || n);
    "root BOB" := pg_temp.halted('ha-sb' || n, '{"account": "BOB"}');
    placed := substring(pg_temp.do('PlaceOrder', '{"orderId": "ha-A", "children": [{"orderQty": 1}]}') FROM 'OM005|NEW|PARTIALLY_FILLED');
    "to XLON" := substring(pg_temp.do('PlaceOrder', '{"orderId": "ha-A", "children": [{"orderQty": 1}, {"orderQty": 1, "destination": "XLON"}]}') FROM 'OM005|NEW|PARTIALLY_FILLED');
    DELETE FROM oms.trading_halts WHERE name = 'ha-scope';
    RETURN NEXT;
  END LOOP;
END
$$;
SELECT * FROM pg_temp.scopes();

-- A rule that refuses is the graver one. A batch goes on; a preview is refused as the command would be.
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES ('ha-rule', 'order', 'CreateOrderCommand', '(command -> ''orderQty'')::numeric < 50', 'too much');
INSERT INTO oms.trading_halts (name, symbol) VALUES ('ha-X', 'ha-X');
SELECT pg_temp.root('ha-r1');
SELECT pg_temp.root('ha-r1', '{"orderQty": 1}');
SELECT r ->> 'status', r #>> '{state,deskStatus}', r #>> '{error,rule}'
  FROM oms_commands('[{"commandType": "PlaceOrderCommand", "orderId": "ha-A", "children": [{"orderQty": 1}]},
                      {"commandType": "CreateOrderCommand", "orderId": "ha-b1", "symbol": "ha-X", "side": "BUY", "orderQty": 1},
                      {"commandType": "CreateOrderCommand", "orderId": "ha-b2", "parentId": "ha-b1", "orderQty": 1},
                      {"commandType": "CancelOrderCommand", "orderId": "ha-b1"}]', false) AS r;
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- What is no halt is refused when it is stored; each change is an event, and a finding names the version.
INSERT INTO oms.trading_halts (name, symbol, until) VALUES ('ha-bad', 'ha-X', now() - interval '1 second');
INSERT INTO oms.trading_halts (name, symbol) VALUES ('ha-bad', '');
INSERT INTO oms.trading_halts (name, symbol) VALUES ('', 'ha-X');
INSERT INTO oms.trading_halts (name, symbol, reason) VALUES ('ha-bad', 'ha-X', repeat('x', 1025));
UPDATE oms.trading_halts SET reason = 'regulator' WHERE name = 'ha-X';
SELECT pg_temp.do('PlaceOrder', '{"orderId": "ha-A", "children": [{"orderQty": 1}]}');
DELETE FROM oms.trading_halts;
SELECT pg_temp.root('ha-z') AS "nothing is halted";
SELECT event_type, version, payload #- '{state,since}' -> 'state' AS state FROM oms.configuration_events WHERE root_id = 'trading_halts/ha-X' ORDER BY version;
SELECT count(*) AS broken FROM oms.verify() WHERE id ~ 'ha-' OR root_id ~ 'ha-';
