-- Shipped services on fills, blocks and quotes. What breaks if a fill that is moved counts for both or neither of the clients, if one of the
-- two does not name the other, if it goes by one pair of eyes where two are asked for, or if a step that is refused leaves the one before.
\set VERBOSITY default
\set SHOW_CONTEXT never

CREATE FUNCTION pg_temp.try(name text, arguments jsonb) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE
  r jsonb;
  m text; d text; s text;
BEGIN
  r := oms_service(name, arguments);
  RETURN concat_ws(' ', r->>'status', r->>'duplicate', r->>'commandId', r->'result', r #>> '{state,status}',
                   (SELECT jsonb_agg(e->>'eventType' || ' ' || (e->>'aggregateId')) FROM jsonb_array_elements(r->'events') AS e));
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, s = RETURNED_SQLSTATE;
  RETURN s || ' ' || m || ' - ' || regexp_replace(d, 'at \d{4}[-0-9:. +]*', 'at TIME ');
END $f$;
CREATE FUNCTION pg_temp.give(type text, command jsonb) RETURNS text LANGUAGE sql AS $f$
  SELECT oms_command(jsonb_build_object('commandType', type || 'Command') || command) #>> '{state,status}'
$f$;
CREATE FUNCTION pg_temp.order(id text, quantity numeric, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $f$
  SELECT pg_temp.give('CreateOrder', jsonb_build_object('orderId', id, 'clOrdID', id, 'symbol', 'SS', 'side', 'BUY', 'orderQty', quantity) || more)
$f$;
CREATE FUNCTION pg_temp.fill(id text, execution text, quantity numeric, price numeric) RETURNS text LANGUAGE sql AS $f$
  SELECT pg_temp.give('ExecuteOrder', jsonb_build_object('orderId', id, 'executionId', execution, 'execID', execution, 'lastQty', quantity, 'lastPx', price, 'lastMkt', 'XLON',
    'tradeDate', '2026-03-02', 'commission', 1.5, 'commType', 'ABSOLUTE', 'transactTime', '2026-03-02T10:00:00Z'))
$f$;
CREATE VIEW pg_temp.moved AS
  SELECT id, order_id, status, last_qty, last_px, last_mkt, trade_date, commission, reason, exec_type, moved_from_execution_id AS moved_from, moved_to_execution_id AS moved_to, flags
    FROM oms.executions WHERE symbol = 'SS' AND id LIKE 'ms-%' ORDER BY id COLLATE "C";
CREATE VIEW pg_temp.counts AS SELECT id, status, executed_quantity, executed_value, leaves_quantity, flags FROM oms.orders WHERE symbol = 'SS' AND id LIKE 'ms-%' ORDER BY id COLLATE "C";

-- A fill of a child of the one client goes to the other one
SELECT pg_temp.order('ms-A', 100), pg_temp.order('ms-A1', 60, '{"parentId": "ms-A"}'), pg_temp.order('ms-B', 50), pg_temp.order('ms-C', 5), pg_temp.order('ms-D', 50, '{"side": "SELL"}'),
       pg_temp.fill('ms-A1', 'ms-e1', 30, 9.5), pg_temp.fill('ms-A1', 'ms-e2', 10, 9.6);
SELECT pg_temp.try('MoveExecution', '{"executionId": "ms-e1", "orderId": "ms-B", "newExecutionId": "ms-m1", "commandId": "ms-c1"}');
SELECT * FROM pg_temp.moved;
SELECT * FROM pg_temp.counts;
SELECT command_id FROM oms.commands WHERE command_id LIKE 'ms-c1%' ORDER BY command_id COLLATE "C";
SELECT pg_temp.try('MoveExecution', '{"executionId": "ms-e1", "orderId": "ms-B", "newExecutionId": "ms-m1", "commandId": "ms-c1"}');
SELECT pg_temp.try('MoveExecution', '{"executionId": "ms-e1", "orderId": "ms-C", "newExecutionId": "ms-m1", "commandId": "ms-c1"}');
-- What cannot be moved: what is over, what is unknown, to the same order, to one of another side; what is too much there waits in review there
SELECT pg_temp.try('MoveExecution', '{"executionId": "ms-e1", "orderId": "ms-B"}');
SELECT pg_temp.try('MoveExecution', '{"executionId": "ms-e0", "orderId": "ms-B"}');
SELECT pg_temp.try('MoveExecution', '{"executionId": "ms-e2", "orderId": "ms-0"}');
SELECT pg_temp.try('MoveExecution', '{"executionId": "ms-e2", "orderId": "ms-A1"}');
SELECT pg_temp.try('MoveExecution', '{"executionId": "ms-e2", "orderId": "ms-D"}');
SELECT pg_temp.try('MoveExecution', '{"executionId": "ms-e2", "orderId": "ms-C", "newExecutionId": "ms-e1"}');
SELECT * FROM pg_temp.counts;
SELECT pg_temp.try('MoveExecution', '{"executionId": "ms-e2", "orderId": "ms-C", "newExecutionId": "ms-m2"}');
SELECT * FROM pg_temp.moved;
SELECT * FROM pg_temp.counts;
-- Back, as often as is needed: of what was typed there
SELECT pg_temp.try('MoveExecution', '{"executionId": "ms-m1", "orderId": "ms-A1", "newExecutionId": "ms-m3"}');
SELECT * FROM pg_temp.counts;
-- The two commands alone, and what they do not take
SELECT pg_temp.try('Nothing', '{}');
SELECT oms_try_command('{"commandType": "BustExecutionCommand", "executionId": "ms-m3", "movedToExecutionId": "ms-m1"}') #>> '{error,rule}';
SELECT oms_try_command('{"commandType": "CreateManualExecutionCommand", "orderId": "ms-B", "lastQty": 29, "lastPx": 9.5, "reason": "x", "movedFromExecutionId": "ms-m3"}') #>> '{error,rule}';
-- A bust that is told is a fact, and names what it can
SELECT pg_temp.fill('ms-A1', 'ms-e5', 1, 9.5), pg_temp.give('BustExecution', '{"executionId": "ms-e5", "execID": "ms-e5b", "movedToExecutionId": "ms-m1"}'),
       (SELECT moved_to FROM pg_temp.moved WHERE id = 'ms-e5');
-- Four eyes: both wait, and count when somebody else has approved them
SET oms_state.four_eyes = on;
SELECT pg_temp.try('MoveExecution', '{"executionId": "ms-m3", "orderId": "ms-B", "newExecutionId": "ms-m4"}') ~ '^ACCEPTED {"status": "REVIEW"' AS waits;
SELECT * FROM pg_temp.counts WHERE id IN ('ms-A1', 'ms-B');
-- While they do it is moved nowhere else, or it would count twice
SELECT pg_temp.try('MoveExecution', '{"executionId": "ms-m3", "orderId": "ms-C", "newExecutionId": "ms-m5"}');
CREATE ROLE regress_ms_other SUPERUSER;
SELECT set_config('regress.bust', id, false) <> '' AS bust FROM oms.executions WHERE exec_type = 'TRADE_CANCEL' AND symbol = 'SS' AND status = 'REVIEW';
SELECT oms_try_command(jsonb_build_object('commandType', 'ApproveExecutionCommand', 'executionId', current_setting('regress.bust'))) #>> '{error,rule}' AS own,
       oms_try_command('{"commandType": "ApproveExecutionCommand", "executionId": "ms-m4"}') #>> '{error,rule}' AS own_too;
SET SESSION AUTHORIZATION regress_ms_other;
SELECT pg_temp.give('ApproveExecution', '{"executionId": "ms-m4"}'), pg_temp.give('ApproveExecution', jsonb_build_object('executionId', current_setting('regress.bust')));
SELECT id, status, moved_from, moved_to FROM pg_temp.moved WHERE id LIKE 'ms-%';
SELECT * FROM pg_temp.counts WHERE id IN ('ms-A1', 'ms-B');
RESET SESSION AUTHORIZATION;
RESET oms_state.four_eyes;
DROP ROLE regress_ms_other;
SELECT * FROM oms.verify();

-- Blocks: allocated, and released
SELECT pg_temp.order('ab-1', 60, '{"symbol": "AB"}'), pg_temp.order('ab-2', 40, '{"symbol": "AB"}'),
       pg_temp.give('CreateBlockOrder', '{"orderId": "ab-B", "members": [{"orderId": "ab-1", "quantity": 60}, {"orderId": "ab-2", "quantity": 40}]}'),
       pg_temp.fill('ab-B', 'ab-e1', 50, 10);
SELECT pg_temp.try('AllocateBlock', '{"orderId": "ab-B", "method": "PRO_RATA", "commandId": "ab-c1"}');
SELECT id, status, executed_quantity, live_blocks FROM oms.orders WHERE symbol = 'AB' ORDER BY id COLLATE "C";
SELECT pg_temp.fill('ab-B', 'ab-e2', 10, 10);
SELECT pg_temp.try('AllocateBlock', '{"orderId": "ab-B", "allocations": [{"orderId": "ab-1", "quantity": 4}], "release": true}');
SELECT id, status, executed_quantity, live_blocks FROM oms.orders WHERE symbol = 'AB' ORDER BY id COLLATE "C";
SELECT pg_temp.try('AllocateBlock', '{"orderId": "ab-B", "allocations": [{"orderId": "ab-1", "quantity": 4}, {"orderId": "ab-2", "quantity": 6}], "release": true, "commandId": "ab-c2"}');
SELECT id, status, executed_quantity, live_blocks FROM oms.orders WHERE symbol = 'AB' ORDER BY id COLLATE "C";
SELECT pg_temp.try('AllocateBlock', '{"orderId": "ab-B", "allocations": [{"orderId": "ab-1", "quantity": 4}, {"orderId": "ab-2", "quantity": 6}], "release": true, "commandId": "ab-c2"}');
SELECT pg_temp.try('AllocateBlock', '{"orderId": "ab-1", "method": "PRO_RATA"}');

-- Quotes: the command of that name, with what it has made
SELECT pg_temp.give('CreateQuoteRequest', '{"quoteRequestId": "aq-R", "symbol": "AQ", "side": "BUY", "orderQty": 10, "account": "ACC"}'),
       pg_temp.give('CreateQuote', '{"quoteId": "aq-1", "quoteRequestId": "aq-R", "dealer": "D1", "offerPx": 5, "offerSize": 10}'),
       pg_temp.give('CreateQuote', '{"quoteId": "aq-2", "quoteRequestId": "aq-R", "dealer": "D2", "offerPx": 4, "offerSize": 10}');
SELECT pg_temp.try('AcceptQuote', '{"quoteId": "aq-2", "orderId": "aq-O", "price": 5, "commandId": "aq-c1"}');
SELECT pg_temp.try('AcceptQuote', '{"quoteId": "aq-2", "orderId": "aq-O", "clOrdID": "aq-O", "commandId": "aq-c1"}');
SELECT pg_temp.try('AcceptQuote', '{"quoteId": "aq-2", "orderId": "aq-O", "clOrdID": "aq-O", "commandId": "aq-c1"}');
SELECT command_id FROM oms.commands WHERE command_id LIKE 'aq-c%' ORDER BY 1;
SELECT pg_temp.try('AcceptQuote', '{"quoteId": "aq-2", "bogus": 1}');
SELECT * FROM oms.explain_service('AcceptQuote');
SELECT * FROM oms.verify();
