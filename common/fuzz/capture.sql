-- What fuzz/capture.sh lets a server say: transactions of real commands, and rows with everything that a text can hold.
-- Run as a superuser in a new database of UTF8; slots oms_capture_p (pgoutput) and oms_capture_w (wal2json) exist already.
\set ON_ERROR_STOP on
SET synchronous_commit = on;

-- one transaction a command: an order, two slices, a fill that moves both, a cancel
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ORD-1", "clOrdID": "client-1", "account": "PENSION", "symbol": "VOD", "side": "BUY", "orderQty": 10000, "price": 72.50, "currency": "GBP"}') IS NULL;
SELECT oms_command('{"commandType": "PlaceOrderCommand", "orderId": "ORD-1", "children": [{"orderId": "MKT-1", "clOrdID": "xlon-1", "orderQty": 6000, "price": 72.50, "destination": "XLON"}, {"orderId": "MKT-2", "clOrdID": "trqx-1", "orderQty": 3000, "price": 72.49, "destination": "TRQX"}]}') IS NULL;
SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "MKT-1", "executionId": "EX-1", "execID": "T1", "lastQty": 2500, "lastPx": 72.48, "lastMkt": "XLON"}') IS NULL;
SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "MKT-2"}') IS NULL;

-- several trees in one transaction, a part of it rolled back
BEGIN;
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "A \"quoted\" \\ id", "symbol": "X", "side": "SELL", "orderQty": 1}') IS NULL;
SAVEPOINT s;
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ROLLED-BACK", "symbol": "X", "side": "SELL", "orderQty": 1}') IS NULL;
ROLLBACK TO s;
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ünïcödé 注文 🚀", "symbol": "X", "side": "SELL", "orderQty": 1}') IS NULL;
COMMIT;

-- nothing of ours: an empty transaction for one plugin, two lines for the other
CREATE TABLE public.elsewhere (id int PRIMARY KEY, t text, b bytea, j jsonb, n numeric, x oms_capture_mood);
INSERT INTO public.elsewhere VALUES (1, 'not ours', '\x00ff', '{"a": [1, null]}', 'NaN', 'ok');
UPDATE public.elsewhere SET t = NULL;
DELETE FROM public.elsewhere;
TRUNCATE public.elsewhere;
SELECT pg_logical_emit_message(true, 'someone', '\xc3280022'::bytea) IS NULL;
SELECT pg_logical_emit_message(false, 'someone', 'outside of a transaction') IS NULL;

-- a table beside ours whose name has all that an option's value can trip over
CREATE TABLE oms."odd, name.of *a\table ""or"" 'two'" (root_id text, payload jsonb);
INSERT INTO oms."odd, name.of *a\table ""or"" 'two'" VALUES ('no event', '{}');

-- rows as they are, by the owner: ids with quotes, newlines and control characters, and the ends of the numbers
CREATE FUNCTION pg_temp.event(sequence bigint, root text, type text, payload jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO oms.execution_events VALUES (sequence, root, 1, root, 1, type, now(), 'a', 'r', 'c', 1, pg_current_xact_id(), payload, sha256(convert_to(payload::text, 'UTF8')))
$$;
SELECT pg_temp.event(1000000001, E'two\nlines', 'ExecutionBooked', '{}');
SELECT pg_temp.event(9223372036854775807, E'tab\t "quotes" ''single'' \\ back\\slash', 'T', '[]');
SELECT pg_temp.event(1000000002, E'\x01\x02\x1f\x7f', E'all controls \b\f\n\r\t', to_jsonb(E'\x01\x08\x09\x0a\x0b\x0c\x0d\x0e\x1f\x7f "\\/'::text));
SELECT pg_temp.event(1000000003, 'é 漢 𝄞 ' || U&'\FFFD\200B\2028', 'U', jsonb_build_object('ключ', U&'\0080\07FF\0800\FFFF\+010000\+10FFFF', 'e', 1e3, 'n', 0.10, 'b', true, 'z', null));
SELECT pg_temp.event(1000000004, repeat('k', 1000), 'L', jsonb_build_object('plain', repeat('a', 5000)));
-- out of line in the table: does not compress
SELECT pg_temp.event(1000000005, 'TOAST', 'O', jsonb_build_object('r', (SELECT string_agg(md5(i::text || '"\'), '\"') FROM generate_series(1, 400) i)));
-- a relation that changed is sent again
ALTER TABLE oms.execution_events ADD COLUMN later text DEFAULT 'x';
SELECT pg_temp.event(1000000006, 'after the change', 'C', '{"v": 2}');
-- configuration: a table without partitions, each row a tree of its own
INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('PENSION', 'VOD', 'ORDER_QUANTITY', 1e6), (E'A/B\\C', E'"é"\n', 'W', 0.10);
UPDATE oms.limits SET amount = amount * 2;
BEGIN;
DELETE FROM oms.limits WHERE account = 'PENSION';
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "ORD-2", "symbol": "VOD", "side": "BUY", "orderQty": 10}') IS NULL;
INSERT INTO oms.restricted_list (symbol, reason) VALUES ('VOD', repeat('why ', 1000));
COMMIT;
-- another event table, with its columns in another order and one that is gone
ALTER TABLE oms.quote_events RENAME TO quote_events_away;
CREATE TABLE oms.quote_events (payload jsonb NOT NULL, gone int, hash bytea NOT NULL, event_type text NOT NULL, beside jsonb, root_id text NOT NULL, sequence bigint NOT NULL);
ALTER TABLE oms.quote_events DROP COLUMN gone;
ALTER PUBLICATION oms_events ADD TABLE oms.quote_events;
ALTER PUBLICATION oms_leaves ADD TABLE oms.quote_events;
INSERT INTO oms.quote_events VALUES ('{"q": "\"\\u00e9\\\\"}', '\x00', 'QuoteQuoted', NULL, 'Q-1', 1000000007);
