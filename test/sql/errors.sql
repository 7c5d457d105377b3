-- Every refusal is API: SQLSTATE, message, detail and hint of each kind, as a caller gets them.
-- Broken by: any change of them; the difference belongs into the changelog.

CREATE FUNCTION pg_temp.provoke(call text, OUT code text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE call;
  message := 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  -- the month of a partition and the time of a first use differ from run to run
  message := regexp_replace(message, '_\d{4}_\d\d"', '_<month>"');
  detail := regexp_replace(detail, 'content at .*', 'content at <time>.');
END $$;
CREATE FUNCTION pg_temp.p(command text, OUT code text, OUT message text, OUT detail text, OUT hint text) LANGUAGE sql AS
  'SELECT * FROM pg_temp.provoke(format(''SELECT oms_command(%L)'', command))';
CREATE FUNCTION pg_temp.f(message_text text, OUT code text, OUT message text, OUT detail text, OUT hint text) LANGUAGE sql AS
  'SELECT * FROM pg_temp.provoke(format(''SELECT oms_fix(%L)'', message_text))';
\x on
\t on

SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "err-A", "clOrdID": "err-cl-A", "symbol": "X", "side": "BUY", "orderQty": 100}')->>'status' AS result;
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "err-A.1", "parentId": "err-A", "orderQty": 60}')->>'status' AS result;
SELECT oms_command('{"commandType": "ExecuteOrderCommand", "commandId": "err-1", "orderId": "err-A.1", "executionId": "err-X1", "execID": "E1", "lastQty": 10, "lastPx": 1}')->>'status' AS result;

-- OM001: not a command
SELECT * FROM pg_temp.p('[]');
SELECT * FROM pg_temp.p('"CreateOrderCommand"');
SELECT * FROM pg_temp.p('null');
SELECT * FROM pg_temp.p('{}');
SELECT * FROM pg_temp.p('{"commandType": 7}');
-- OM001: a field that is missing, unknown or no such thing
SELECT * FROM pg_temp.p('{"commandType": "CancelOrderCommand"}');
SELECT * FROM pg_temp.p('{"commandType": "CancelOrderCommand", "orderId": null}');
SELECT * FROM pg_temp.p('{"commandType": "CancelOrderCommand", "orderId": ""}');
SELECT * FROM pg_temp.p('{"commandType": "CancelOrderCommand", "orderId": "err-A", "orderid": 1}');
SELECT * FROM pg_temp.p('{"commandType": "CancelOrderCommand", "orderId": "err-A", "executionId": "x"}');
SELECT * FROM pg_temp.p('{"commandType": "CancelOrderCommand", "orderId": {"a": 1}}');
SELECT * FROM pg_temp.p('{"commandType": "CancelOrderCommand", "orderId": "err-A", "commandId": ["a"]}');
SELECT * FROM pg_temp.p('{"commandType": "CancelOrderCommand", "orderId": "err-A", "expectedVersion": 1.5}');
SELECT * FROM pg_temp.p('{"commandType": "UpdateOrderCommand", "orderId": "err-A", "attributes": [1]}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "symbol": "X", "orderQty": 1}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "side": "BUY", "orderQty": 1}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY"}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "LEFT", "orderQty": 1}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 1, "pending": "yes"}');
-- OM001: numbers
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": "many"}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": "NaN"}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": "Infinity"}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 0}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": -1}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 123456789012345678901234567890123456789}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": "123456789012345678901234567890123456.789"}');
-- OM001: times without a zone
SELECT * FROM pg_temp.p('{"commandType": "UpdateOrderCommand", "orderId": "err-A", "text": "t", "transactTime": "2026-03-02T09:30:00"}');
SELECT * FROM pg_temp.p('{"commandType": "UpdateOrderCommand", "orderId": "err-A", "text": "t", "transactTime": "yesterday"}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 1, "expireDate": "2026-02-30"}');
-- OM002
SELECT * FROM pg_temp.p('{"commandType": "cancelordercommand", "orderId": "err-A"}');
SELECT * FROM pg_temp.p('{"commandType": "ExplodeOrderCommand", "orderId": "err-A"}');
-- OM003
SELECT * FROM pg_temp.p('{"commandType": "CancelOrderCommand", "orderId": "err-none"}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "parentId": "err-none", "symbol": "X", "side": "BUY", "orderQty": 1}');
SELECT * FROM pg_temp.p('{"commandType": "BustExecutionCommand", "executionId": "err-none", "reason": "r"}');
-- OM004
SELECT * FROM pg_temp.p('{"commandType": "AcceptOrderCommand", "orderId": "err-A"}');
SELECT * FROM pg_temp.p('{"commandType": "ResumeOrderCommand", "orderId": "err-A.1"}');
SELECT * FROM pg_temp.p('{"commandType": "RejectOrderCommand", "orderId": "err-A.1", "reason": "r"}');
SELECT * FROM pg_temp.p('{"commandType": "RejectCancelOrderCommand", "orderId": "err-A.1", "reason": "r"}');
-- OM005: each rule
SELECT * FROM pg_temp.p('{"commandType": "CancelOrderCommand", "orderId": "err-A"}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "parentId": "err-A", "orderQty": 40.5}');
SELECT * FROM pg_temp.p('{"commandType": "PlaceOrderCommand", "orderId": "err-A", "children": [{"orderQty": 30}, {"orderQty": 11}]}');
SELECT * FROM pg_temp.p('{"commandType": "ReplaceOrderCommand", "orderId": "err-A.1", "orderQty": 101}');
SELECT * FROM pg_temp.p('{"commandType": "ReplaceOrderCommand", "orderId": "err-A", "orderQty": 59}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "parentId": "err-A", "orderQty": 1, "symbol": "Y"}');
SELECT * FROM pg_temp.p('{"commandType": "UpdateOrderCommand", "orderId": "err-A.1", "rootId": "err-A.1", "text": "t"}');
SELECT oms_command('{"commandType": "RequestCancelOrderCommand", "orderId": "err-A"}')->>'status' AS result;
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "parentId": "err-A", "orderQty": 1}');
SELECT oms_command('{"commandType": "RejectCancelOrderCommand", "orderId": "err-A", "reason": "r"}')->>'status' AS result;
-- OM006
SELECT * FROM pg_temp.p('{"commandType": "UpdateOrderCommand", "orderId": "err-A", "expectedVersion": 99, "text": "t"}');
SELECT * FROM pg_temp.p('{"commandType": "BustExecutionCommand", "executionId": "err-X1", "expectedVersion": 99, "reason": "r"}');
-- OM007
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "orderId": "err-A", "symbol": "X", "side": "BUY", "orderQty": 1}');
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "orderId": "err-B", "clOrdID": "err-cl-A", "symbol": "X", "side": "BUY", "orderQty": 1}');
SELECT * FROM pg_temp.p('{"commandType": "RequestReplaceOrderCommand", "orderId": "err-A.1", "clOrdID": "err-cl-A", "price": 2}');
SELECT * FROM pg_temp.p('{"commandType": "ExecuteOrderCommand", "orderId": "err-A.1", "executionId": "err-X1", "execID": "E2", "lastQty": 1, "lastPx": 1}');
SELECT * FROM pg_temp.p('{"commandType": "CancelOrderCommand", "commandId": "err-1", "orderId": "err-A.1"}');
-- OM009
SELECT * FROM pg_temp.f('');
SELECT * FROM pg_temp.f('hello');
SELECT * FROM pg_temp.f('8=FIX.4.4|9=5|35=D|10=000|');
SELECT * FROM pg_temp.f('8=FIX.4.4|9=70|35=D|49=A|56=B|34=1|52=20260302-09:30:00|11=err-1|55=X|54=1|38=1|40=1|10=000|');
-- OM012
UPDATE oms.shard SET slots = '{[0,1)}';
SELECT * FROM pg_temp.p('{"commandType": "CreateOrderCommand", "orderId": "err-C", "symbol": "X", "side": "BUY", "orderQty": 1}');
SELECT * FROM pg_temp.p('{"commandType": "ExecuteOrderCommand", "orderId": "err-none", "executionId": "err-X9", "execID": "E9", "lastQty": 1, "lastPx": 1}');
UPDATE oms.shard SET slots = '{[0,16384)}';
-- a batch: which command it was
SELECT * FROM pg_temp.provoke($$ SELECT oms_commands('[{"commandType": "UpdateOrderCommand", "orderId": "err-A", "text": "u"}, {"commandType": "CancelOrderCommand", "orderId": "err-none"}]') $$);
SELECT * FROM pg_temp.provoke($$ SELECT oms_commands('{"commandType": "UpdateOrderCommand", "orderId": "err-A", "text": "u"}') $$);
SELECT * FROM pg_temp.provoke($$ SELECT oms_commands('[7]', atomic => false) $$);
-- what PostgreSQL refuses before us keeps its SQLSTATE
SELECT * FROM pg_temp.p('{"commandType": ');
SELECT * FROM pg_temp.p('{"commandType": "UpdateOrderCommand", "orderId": "err-A", "text": "\u0000"}');
-- events are append-only for everybody
SELECT * FROM pg_temp.provoke('UPDATE oms.order_events SET actor = ''x''');
SELECT * FROM pg_temp.provoke('DELETE FROM oms.execution_events');
SELECT * FROM pg_temp.provoke('TRUNCATE oms.order_events');

-- nothing of all this left a trace
SELECT version, status, text FROM oms.orders WHERE id = 'err-A';
SELECT id FROM oms.orders WHERE id LIKE 'err-%' ORDER BY id;
\x off
\t off
SELECT * FROM oms.verify();

-- what somebody may have meant
SELECT message, hint FROM (VALUES ('{"commandType": "CreateOrder"}'), ('{"commandType": "createOrderCommand"}'), ('{"commandType": "Dance"}'),
  ('{"commandType": "CreateOrderCommand", "clOrdId": "c", "symbol": "X", "side": "BUY", "orderQty": 1}'), ('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "qty": 1}'),
  ('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUUY", "orderQty": 1}'), ('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 1, "ordType": "STOP_LIMITED"}'),
  ('[{"commandType": "CreateOrderCommand"}]'), ('7')) AS c (command),
  LATERAL (SELECT oms_try_command(command::jsonb) AS r) AS r, jsonb_to_record(r.r -> 'error') AS e (message text, hint text);
SELECT oms_commands('{"commandType": "CreateOrderCommand"}');
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "near", "clOrdID": "near-1", "symbol": "X", "side": "BUY", "orderQty": 1}') ->> 'status' AS status;
SELECT oms_command('{"commandType": "RequestCancelOrderCommand", "orderId": "near", "clOrdID": "near-2"}') ->> 'status' AS status;
SELECT oms_command('{"commandType": "RejectCancelOrderCommand", "orderId": "near"}') ->> 'status' AS status;
SELECT oms_command('{"commandType": "RequestReplaceOrderCommand", "orderId": "near", "clOrdID": "near-2", "orderQty": 2}') ->> 'status' AS status;
SELECT oms_command('{"commandType": "CreateOrderCommand", "clOrdID": "near-1", "symbol": "X", "side": "BUY", "orderQty": 1}') ->> 'status' AS status;
