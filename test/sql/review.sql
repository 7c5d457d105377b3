-- The execution desk: what waits in review is approved, corrected, matched or rejected; what is typed; four eyes.
-- Broken by: a fill that counts twice or with nobody's leave, a reason that is overridden and not named, a resent report
-- that is booked beside its fill, and one person who gets round the second pair of eyes.

CREATE FUNCTION pg_temp.run(type text, command jsonb, OUT id text, OUT status text, OUT flags jsonb, OUT reasons text, OUT overridden text,
    OUT duplicate boolean, OUT events text, OUT refused text) LANGUAGE sql AS $$
  SELECT CASE WHEN length(r->'state'->>'executionId') < 20 THEN r->'state'->>'executionId' ELSE '(made)' END, r->'state'->>'status', r->'state'->'flags',
    (SELECT string_agg(x->>'code', ' ') FROM jsonb_array_elements(r->'state'->'reviewReasons') x),
    (SELECT string_agg(x->>'code', ' ') FROM jsonb_array_elements(r->'state'->'overriddenReasons') x),
    (r->>'duplicate')::boolean,
    (SELECT string_agg(concat_ws(' ', CASE WHEN length(e->>'aggregateId') < 20 THEN e->>'aggregateId' ELSE '(made)' END, e->>'eventType'), ', ')
       FROM jsonb_array_elements(r->'events') e),
    concat_ws(' ', r->'error'->>'sqlstate', r->'error'->>'rule')
  FROM oms_try_command(jsonb_build_object('commandType', type || 'Command') || command) r $$;

CREATE FUNCTION pg_temp.show(wanted text, OUT status text, OUT executed numeric, OUT leaves numeric, OUT value numeric,
    OUT review numeric, OUT flags text[]) LANGUAGE sql AS $$
  SELECT status, executed_quantity, leaves_quantity, executed_value, review_quantity, flags FROM oms.orders WHERE id = wanted $$;

CREATE FUNCTION pg_temp.order(id text, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', id, 'symbol', 'VOD.L', 'side', 'BUY', 'orderQty', 100, 'price', 10)
    || more)->'state'->>'status' $$;

-- Fields between BodyLength and CheckSum, separated by |; the session comes first.
CREATE FUNCTION pg_temp.fix(fields text, OUT status text, OUT results text) LANGUAGE sql AS $$
  WITH body AS (SELECT replace(format('35=8|49=BRK|56=OMS|34=1|52=20260105-09:30:00|%s|', fields), '|', E'\x01') AS b),
       head AS (SELECT format(E'8=FIX.4.4\x019=%s\x01', length(b)) || b AS m FROM body),
       sent AS (SELECT oms_try_fix(m || '10=' || lpad(((SELECT sum(get_byte(convert_to(m, 'UTF8'), i)) FROM generate_series(0, length(m) - 1) i) % 256)::text, 3, '0')
                                   || E'\x01') AS r FROM head)
  SELECT r->>'status', (SELECT string_agg(concat_ws(' ', CASE WHEN length(x->'state'->>'executionId') < 20 THEN x->'state'->>'executionId' ELSE '(made)' END,
      x->'state'->>'status', CASE WHEN (x->>'duplicate')::boolean THEN 'duplicate' END), ', ') FROM jsonb_array_elements(r->'results') x)
  FROM sent $$;

-- 1. As it is: the reason is overridden, and named. What waits counts only now.
SELECT pg_temp.order('rv-A');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-A", "executionId": "rv-1", "execID": "rv-E1", "lastQty": 120, "lastPx": 9}');
SELECT * FROM pg_temp.show('rv-A');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-1", "reason": "the broker bought more"}');
SELECT * FROM pg_temp.show('rv-A');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-1"}');
SELECT payload->'state'->'overriddenReasons' AS overridden, transition FROM oms.execution_events WHERE aggregate_id = 'rv-1' ORDER BY version DESC LIMIT 1;

-- With corrected fields: what the report said stays, and its repeat is one.
SELECT pg_temp.order('rv-B');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-B", "executionId": "rv-2", "execID": "rv-E2", "lastQty": 120, "lastPx": 9, "symbol": "VOD"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-2", "lastQty": 100, "symbol": "VOD.L"}');
SELECT last_qty, quantity, reported_last_qty, reported_last_px, symbol, reported_symbol, authors IS NOT NULL AS authors FROM oms.executions WHERE id = 'rv-2';
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-B", "execID": "rv-E2", "lastQty": 120, "lastPx": 9, "symbol": "VOD"}');
SELECT * FROM pg_temp.show('rv-B');

-- No order, and none given; one that is not there; then matched to one, and the same report is a repeat there too.
SELECT * FROM pg_temp.fix('37=O7|17=rv-E3|150=F|39=1|11=nobody|55=VOD.L|54=1|32=10|31=9|14=10|151=90|6=9');
SELECT id AS stranger FROM oms.executions WHERE exec_id = 'rv-E3' \gset
SELECT pg_temp.order('rv-C');
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'stranger'));
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'stranger', 'orderId', 'rv-none'));
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'stranger', 'orderId', 'rv-C'));
SELECT * FROM pg_temp.show('rv-C');
SELECT * FROM pg_temp.fix('37=O7|17=rv-E3|150=F|39=1|11=nobody|55=VOD.L|54=1|32=10|31=9|14=10|151=90|6=9');
SELECT * FROM pg_temp.show('rv-C');

-- A report that names its order by an id which we gave only later: the fill stands with the order that the desk chose.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-later", "executionId": "rv-4", "execID": "rv-E4", "lastQty": 5, "lastPx": 9}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-4", "orderId": "rv-C"}');
SELECT pg_temp.order('rv-later');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-later", "execID": "rv-E4", "lastQty": 5, "lastPx": 9}');
SELECT * FROM pg_temp.show('rv-later');

-- From the order of one tree to that of another: each has its event, and what waited moves.
SELECT pg_temp.order('rv-D'), pg_temp.order('rv-E');
SELECT pg_temp.order('rv-D1', '{"parentId": "rv-D", "orderQty": 50, "price": 8}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-D1", "executionId": "rv-5", "execID": "rv-E5", "lastQty": 20, "lastPx": 9}');
SELECT * FROM pg_temp.show('rv-D1');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-5", "orderId": "rv-E"}');
SELECT * FROM pg_temp.show('rv-D1');
SELECT * FROM pg_temp.show('rv-E');
SELECT order_id, root_id, allocations FROM oms.executions WHERE id = 'rv-5';
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-D1", "execID": "rv-E5", "lastQty": 20, "lastPx": 9}');
-- In one tree, up and down: an order has one event.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-D1", "executionId": "rv-6", "execID": "rv-E6", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-6", "orderId": "rv-D"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-D", "executionId": "rv-7", "execID": "rv-E7", "lastQty": 10, "lastPx": 11}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-7", "orderId": "rv-D1"}');

-- A reason that comes with the order, and nobody has seen.
SELECT pg_temp.order('rv-S', '{"side": "SELL"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-nobody", "executionId": "rv-8", "execID": "rv-E8", "lastQty": 10, "lastPx": 10, "side": "BUY"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-8", "orderId": "rv-S"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-8", "orderId": "rv-S", "confirm": true}');

-- Booked elsewhere meanwhile: the same fill under another order.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-nobody", "executionId": "rv-9", "execID": "rv-E9", "lastQty": 7, "lastPx": 9, "symbol": "VOD.L", "side": "BUY"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-C", "executionId": "rv-10", "execID": "rv-E9", "lastQty": 7, "lastPx": 9}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-9", "orderId": "rv-C"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-9", "orderId": "rv-E"}');
SELECT * FROM pg_temp.run('RejectExecution', '{"executionId": "rv-9", "reason": "told twice"}');

-- Of a rejected order: it stays rejected, the fill counts.
SELECT pg_temp.order('rv-F', '{"pending": true}');
SELECT oms_command('{"commandType": "RejectOrderCommand", "orderId": "rv-F", "reason": "no"}')->'state'->>'status' AS status;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-F", "executionId": "rv-11", "execID": "rv-E11", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-11"}');
SELECT * FROM pg_temp.show('rv-F');
SELECT conditions FROM oms.orders WHERE id = 'rv-F';

-- Dealt before the order expired: not late. Dealt after: late.
SELECT pg_temp.order('rv-G');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-G", "executionId": "rv-12", "execID": "rv-E12", "lastQty": 10, "lastPx": 11, "transactTime": "2026-01-05T15:00:00Z"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-G", "executionId": "rv-13", "execID": "rv-E13", "lastQty": 10, "lastPx": 11, "transactTime": "2026-01-05T17:00:00Z"}');
SELECT oms_command('{"commandType": "ExpireOrderCommand", "orderId": "rv-G", "transactTime": "2026-01-05T16:30:00Z"}')->'state'->>'status' AS status;
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-12"}');
SELECT * FROM pg_temp.show('rv-G');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-13"}');
SELECT * FROM pg_temp.show('rv-G');

-- A correction that waits for being too much takes its fill's place.
SELECT pg_temp.order('rv-H', '{"orderQty": 10}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-H", "executionId": "rv-14", "execID": "rv-E14", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('CorrectExecution', '{"executionId": "rv-14", "execID": "rv-E15", "lastQty": 12}');
SELECT * FROM pg_temp.show('rv-H');
SELECT id AS correction FROM oms.executions WHERE exec_id = 'rv-E15' \gset
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'correction', 'orderId', 'rv-E'));
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'correction'));
SELECT * FROM pg_temp.show('rv-H');
SELECT correcting_execution_id = :'correction' AS corrected, status FROM oms.executions WHERE id = 'rv-14';

-- A correction of a fill nobody knows counts by itself; when the fill comes, it has its place already.
SELECT pg_temp.order('rv-I');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-I", "executionId": "rv-16", "execID": "rv-E17", "execType": "TRADE_CORRECT", "execRefID": "rv-E16", "lastQty": 30, "lastPx": 9}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-16"}');
SELECT * FROM pg_temp.show('rv-I');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-I", "executionId": "rv-17", "execID": "rv-E16", "lastQty": 40, "lastPx": 9}');
SELECT * FROM pg_temp.show('rv-I');
SELECT id, status, corrected_execution_id, correcting_execution_id FROM oms.executions WHERE order_id = 'rv-I' ORDER BY id;
-- A bust of one cannot be applied to nothing; matched to the order of the fill it can.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-nobody", "executionId": "rv-18", "execID": "rv-E18", "execType": "TRADE_CANCEL", "execRefID": "rv-E17", "lastQty": 30, "lastPx": 9}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-18", "orderId": "rv-E"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-18", "orderId": "rv-I"}');
SELECT * FROM pg_temp.show('rv-I');
SELECT id, status, bust_exec_id FROM oms.executions WHERE order_id = 'rv-I' ORDER BY id;

-- What a stranger's correction has taken the place of goes with it.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-nobody", "executionId": "rv-w1", "execID": "rv-W1", "lastQty": 30, "lastPx": 9}');
SELECT * FROM pg_temp.run('CorrectExecution', '{"executionId": "rv-w1", "execID": "rv-W2", "lastQty": 20}');
SELECT id AS correction FROM oms.executions WHERE exec_id = 'rv-W2' \gset
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'correction', 'orderId', 'rv-I'));
SELECT exec_id, status, order_id, root_id FROM oms.executions WHERE exec_id IN ('rv-W1', 'rv-W2') ORDER BY exec_id;
SELECT * FROM pg_temp.run('BustExecution', '{"executionId": "rv-w1", "execID": "rv-W3", "reason": "r"}');
SELECT * FROM pg_temp.show('rv-I');
-- Its report comes again: a repeat.
SELECT * FROM pg_temp.fix('37=O7|17=rv-W4|150=F|39=1|11=nobody|55=VOD.L|54=1|32=30|31=9|14=30|151=70|6=9');
SELECT * FROM pg_temp.run('CorrectExecution', jsonb_build_object('executionId', (SELECT id FROM oms.executions WHERE exec_id = 'rv-W4'), 'execID', 'rv-W5', 'lastQty', 20));
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', (SELECT id FROM oms.executions WHERE exec_id = 'rv-W5'), 'orderId', 'rv-I'));
SELECT * FROM pg_temp.fix('37=O7|17=rv-W4|150=F|39=1|11=nobody|55=VOD.L|54=1|32=30|31=9|14=30|151=70|6=9');
SELECT exec_id, status, order_id FROM oms.executions WHERE exec_id IN ('rv-W4', 'rv-W5') ORDER BY exec_id;

-- 2. Rejected: with a reason, once; its report again is a repeat, and whatever waited for it waits on.
SELECT pg_temp.order('rv-J');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-J", "executionId": "rv-19", "execID": "rv-E19", "lastQty": 10, "lastPx": 9, "symbol": "BP.L"}');
SELECT * FROM pg_temp.run('RejectExecution', '{"executionId": "rv-19"}');
SELECT * FROM pg_temp.run('RejectExecution', '{"executionId": "rv-19", "reason": "not ours", "dkReason": "A"}');
SELECT * FROM pg_temp.show('rv-J');
SELECT dk_reason, reason FROM oms.executions WHERE id = 'rv-19';
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-J", "execID": "rv-E19", "lastQty": 10, "lastPx": 9, "symbol": "BP.L"}');
SELECT * FROM pg_temp.run('RejectExecution', '{"executionId": "rv-19", "reason": "again"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-19"}');
SELECT * FROM pg_temp.run('BustExecution', '{"executionId": "rv-19", "execID": "rv-E20", "reason": "r"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-J", "executionId": "rv-20", "execID": "rv-E22", "execType": "TRADE_CORRECT", "execRefID": "rv-E21", "lastQty": 30, "lastPx": 9}');
SELECT * FROM pg_temp.show('rv-J');
SELECT * FROM pg_temp.run('RejectExecution', '{"executionId": "rv-20", "reason": "no such fill"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-J", "executionId": "rv-21", "execID": "rv-E21", "lastQty": 40, "lastPx": 9}');
SELECT * FROM pg_temp.show('rv-J');
-- A stranger, too.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-nobody", "executionId": "rv-22", "execID": "rv-E23", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('RejectExecution', '{"executionId": "rv-22", "reason": "whose?", "dkReason": "NO_MATCHING_ORDER"}');
SELECT pg_temp.order('rv-nobody');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-nobody", "execID": "rv-E23", "lastQty": 10, "lastPx": 9}');

-- 3. Typed: a person's, with author and reason; what looks like a fill that was told is refused unless confirmed.
SELECT pg_temp.order('rv-K');
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-K", "executionId": "rv-m1", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-none", "executionId": "rv-m1", "lastQty": 10, "lastPx": 9, "reason": "by phone"}');
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-K", "executionId": "rv-m1", "lastQty": 10, "lastPx": 9, "reason": "by phone", "side": "SELL", "execID": "rv-T1"}');
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-K", "executionId": "rv-m1", "lastQty": 10, "lastPx": 9, "reason": "by phone", "execID": "rv-T1"}');
SELECT * FROM pg_temp.show('rv-K');
SELECT authors = jsonb_build_array(session_user) AS authors, reason FROM oms.executions WHERE id = 'rv-m1';
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-K", "executionId": "rv-23", "execID": "rv-E24", "lastQty": 20, "lastPx": 9}');
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-K", "executionId": "rv-m2", "lastQty": 20, "lastPx": 9, "reason": "by phone"}');
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-K", "executionId": "rv-m2", "lastQty": 20, "lastPx": 9, "reason": "another", "confirm": true}');
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-K", "executionId": "rv-m3", "lastQty": 200, "lastPx": 11, "reason": "by phone"}');
-- Times tell two apart; without them when they came to be known.
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-K", "executionId": "rv-m4", "lastQty": 1, "lastPx": 9, "reason": "by phone", "transactTime": "2026-01-05T10:00:00Z"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-K", "executionId": "rv-24", "execID": "rv-E25", "lastQty": 1, "lastPx": 9, "transactTime": "2026-01-05T10:15:01Z"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-K", "executionId": "rv-25", "execID": "rv-E26", "lastQty": 1, "lastPx": 9, "transactTime": "2026-01-05T10:15:00Z"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-K", "executionId": "rv-26", "execID": "rv-E27", "lastQty": 1, "lastPx": 9}');
SELECT review_reasons FROM oms.executions WHERE id = 'rv-25';
-- The venue's own report of what was typed under its ExecID.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-K", "executionId": "rv-27", "execID": "rv-T1", "lastQty": 10, "lastPx": 9.5, "transactTime": "2026-01-07T10:15:00Z"}');
-- It replaces what was typed: in one unit.
SELECT * FROM pg_temp.show('rv-K');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-27", "supersedes": "rv-23"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-27", "supersedes": "rv-m1"}');
SELECT * FROM pg_temp.show('rv-K');
SELECT id, status, reason, superseded_execution_id, superseding_execution_id, overridden_reasons FROM oms.executions WHERE id IN ('rv-27', 'rv-m1') ORDER BY id;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-K", "execID": "rv-T1", "lastQty": 10, "lastPx": 9.5, "transactTime": "2026-01-07T10:15:00Z"}');
-- Beside it: both count.
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-25"}');
SET oms_state.duplicate_window = 0;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-K", "executionId": "rv-28", "execID": "rv-E28", "lastQty": 1, "lastPx": 9}');
RESET oms_state.duplicate_window;

-- 4. Four eyes: what people tell waits for somebody else; a feed's reports wait for nobody.
SET client_min_messages = warning;
DROP ROLE IF EXISTS rv_anna, rv_ben, rv_feed, rv_venue;
CREATE ROLE rv_venue;
CREATE ROLE rv_feed IN ROLE rv_venue;
CREATE ROLE rv_anna;
CREATE ROLE rv_ben;
GRANT EXECUTE ON FUNCTION oms_try_command(jsonb), oms_commands(jsonb, boolean), oms_try_fix(text) TO rv_anna, rv_ben, rv_feed;
RESET client_min_messages;
SELECT pg_temp.order('rv-L');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-L", "executionId": "rv-40", "execID": "rv-F40", "lastQty": 10, "lastPx": 9}');
SET oms_state.feed_roles = 'rv_venue, rv_none';
SET oms_state.four_eyes = on;
SET SESSION AUTHORIZATION rv_feed;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-L", "executionId": "rv-41", "execID": "rv-F41", "lastQty": 10, "lastPx": 9}');
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-L", "executionId": "rv-42", "execID": "rv-F42", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-L", "executionId": "rv-43", "lastQty": 11, "lastPx": 9, "reason": "by phone"}');
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.show('rv-L');
SELECT id, authors, review_reasons FROM oms.executions WHERE id IN ('rv-41', 'rv-42', 'rv-43') ORDER BY id;
-- Not by whoever told it: alone, by telling it again, by confirming, in a batch, by a correction of it, or by changing it.
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-42"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-43", "confirm": true}');
SELECT r->>'status' AS status, r->'error'->>'sqlstate' AS sqlstate, r->'error'->>'rule' AS rule
  FROM oms_commands('[{"commandType": "ApproveExecutionCommand", "executionId": "rv-42"}, {"commandType": "ApproveExecutionCommand", "executionId": "rv-42"}]', false) r;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-L", "execID": "rv-F42", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-42", "lastQty": 12}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-42", "lastQty": 12}');
SELECT * FROM pg_temp.run('CorrectExecution', '{"executionId": "rv-43", "lastQty": 13, "lastPx": 9}');
RESET SESSION AUTHORIZATION;
SELECT id AS typed FROM oms.executions WHERE corrected_execution_id = 'rv-43' \gset
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'typed'));
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.show('rv-L');
-- By another as it stands; with other figures that one has become an author too.
SET SESSION AUTHORIZATION rv_ben;
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'typed', 'lastPx', 9.5));
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'typed'));
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-42"}');
SET SESSION AUTHORIZATION rv_feed;
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'typed'));
RESET SESSION AUTHORIZATION;
SELECT last_qty, last_px, authors, flags, overridden_reasons FROM oms.executions WHERE id = :'typed';
SELECT event_type, actor, transition, payload->'state'->'authors' AS authors FROM oms.execution_events WHERE aggregate_id = :'typed' ORDER BY version;
SELECT * FROM pg_temp.show('rv-L');
-- A correction and a bust of what counts wait, and leave it as it is; the bust of what moves nothing is at once.
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('CorrectExecution', '{"executionId": "rv-40", "execID": "rv-F44", "lastQty": 8}');
SELECT * FROM pg_temp.run('BustExecution', '{"executionId": "rv-41", "execID": "rv-F45", "reason": "wrong"}');
SELECT * FROM pg_temp.run('BustExecution', '{"executionId": "rv-41", "execID": "rv-F45", "reason": "wrong"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-L", "executionId": "rv-46", "execID": "rv-F46", "lastQty": 1, "lastPx": 9}');
SELECT * FROM pg_temp.run('BustExecution', '{"executionId": "rv-46", "execID": "rv-F47", "reason": "mine"}');
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.show('rv-L');
SELECT id AS correction FROM oms.executions WHERE exec_id = 'rv-F44' \gset
SELECT id AS bust FROM oms.executions WHERE exec_id = 'rv-F45' \gset
SELECT status, exec_type, corrected_execution_id, last_qty, quantity, authors, reason, review_reasons FROM oms.executions WHERE id = :'bust';
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'bust'));
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'correction'));
SET SESSION AUTHORIZATION rv_ben;
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'bust'));
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'correction'));
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.show('rv-L');
SELECT id, status, reason, bust_exec_id FROM oms.executions WHERE id IN ('rv-40', 'rv-41') ORDER BY id;
-- What waits is overtaken by what the venue says itself: of its own bust nobody has to approve anything.
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('BustExecution', '{"executionId": "rv-42", "execID": "rv-F48", "reason": "wrong"}');
SET SESSION AUTHORIZATION rv_feed;
SELECT * FROM pg_temp.run('BustExecution', '{"executionId": "rv-42", "execID": "rv-F48", "reason": "taken back"}');
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.show('rv-L');
-- A bust of a fill that has not come, told by a person: it does not take the fill back when that comes.
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-L", "executionId": "rv-49", "execID": "rv-F49", "execType": "TRADE_CANCEL", "execRefID": "rv-F50", "lastQty": 5, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-L", "executionId": "rv-51", "execID": "rv-F51", "execType": "TRADE_CORRECT", "execRefID": "rv-F52", "lastQty": 5, "lastPx": 9}');
SET SESSION AUTHORIZATION rv_feed;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-L", "executionId": "rv-50", "execID": "rv-F50", "lastQty": 5, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-L", "executionId": "rv-52", "execID": "rv-F52", "lastQty": 6, "lastPx": 9}');
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.show('rv-L');
SET SESSION AUTHORIZATION rv_ben;
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-49"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-51"}');
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.show('rv-L');
SELECT id, status, corrected_execution_id, correcting_execution_id, bust_exec_id FROM oms.executions WHERE id IN ('rv-49', 'rv-50', 'rv-51', 'rv-52') ORDER BY id;
-- A stranger matched, and a typed fill replaced: proposed, too; rejecting is for everybody.
SELECT pg_temp.order('rv-M');
SET SESSION AUTHORIZATION rv_feed;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-unknown", "executionId": "rv-53", "execID": "rv-F53", "lastQty": 10, "lastPx": 9}');
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-M", "executionId": "rv-54", "lastQty": 10, "lastPx": 9, "reason": "by phone"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-53", "orderId": "rv-M"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-53"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-53", "supersedes": "rv-54"}');
SET SESSION AUTHORIZATION rv_feed;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-unknown", "execID": "rv-F53", "lastQty": 10, "lastPx": 9}');
SET SESSION AUTHORIZATION rv_ben;
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-54"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-53", "supersedes": "rv-54"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-53"}');
SET SESSION AUTHORIZATION rv_feed;
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-53"}');
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.show('rv-M');
SELECT id, status, authors, superseded_execution_id, superseding_execution_id FROM oms.executions WHERE id IN ('rv-53', 'rv-54') ORDER BY id;
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-M", "executionId": "rv-55", "lastQty": 1, "lastPx": 9, "reason": "by phone"}');
SELECT * FROM pg_temp.run('RejectExecution', '{"executionId": "rv-55", "reason": "it was not dealt"}');
RESET SESSION AUTHORIZATION;
-- A proposal to replace a typed fill comes to nothing: no link of the two is missing then (oms.verify() below).
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-M", "executionId": "rv-57", "lastQty": 2, "lastPx": 8, "reason": "by phone"}');
SET SESSION AUTHORIZATION rv_ben;
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-57"}');
SET SESSION AUTHORIZATION rv_feed;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-M", "executionId": "rv-58", "execID": "rv-F58", "lastQty": 2, "lastPx": 8}');
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-58", "supersedes": "rv-57"}');
SELECT * FROM pg_temp.run('RejectExecution', '{"executionId": "rv-58", "reason": "it is none"}');
RESET SESSION AUTHORIZATION;
-- What is proposed and taken back is as it was told; what waited to correct or to bust a typed fill ends with it.
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-M", "executionId": "rv-97", "execID": "rv-F97", "lastQty": 4, "lastPx": 9, "symbol": "BP.L"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-97", "lastQty": 5, "lastPx": 8, "symbol": "VOD.L", "side": "SELL"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-97", "lastQty": 4, "symbol": "BP.L"}');
RESET SESSION AUTHORIZATION;
SELECT last_qty, last_px, symbol, side, reported_last_qty, reported_last_px, reported_symbol, reported_side FROM oms.executions WHERE id = 'rv-97';
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-M", "executionId": "rv-98", "lastQty": 3, "lastPx": 9, "reason": "by phone"}');
SET SESSION AUTHORIZATION rv_ben;
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-98"}');
SELECT * FROM pg_temp.run('CorrectExecution', '{"executionId": "rv-98", "lastQty": 2}');
SET SESSION AUTHORIZATION rv_feed;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-M", "executionId": "rv-99", "execID": "rv-F99", "lastQty": 3, "lastPx": 9}');
SET SESSION AUTHORIZATION rv_ben;
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-99", "supersedes": "rv-98"}');
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-99"}');
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.show('rv-M');
SELECT status, last_qty, reason FROM oms.executions WHERE corrected_execution_id = 'rv-98';
-- By FIX, too, from whoever is no feed.
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.fix('37=O9|17=rv-F56|150=F|39=1|11=rv-nobody|55=VOD.L|54=1|32=10|31=9|14=10|151=90|6=9');
RESET SESSION AUTHORIZATION;
SELECT authors, review_reasons FROM oms.executions WHERE exec_id = 'rv-F56';
RESET oms_state.four_eyes;
RESET oms_state.feed_roles;

-- 5. The desk's queue: what waits, why, in whose tree, and which order it may be for.
SELECT pg_temp.order('rv-N', '{"clOrdID": "rv-cl-N"}'), pg_temp.order('rv-N1', '{"parentId": "rv-N", "orderQty": 50}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-N1", "executionId": "rv-60", "execID": "rv-G60", "lastQty": 60, "lastPx": 11, "symbol": "BP.L", "side": "SELL", "currency": "USD"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-P", "executionId": "rv-61", "execID": "rv-G61", "lastQty": 1, "lastPx": 9, "clOrdID": "rv-cl-N"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-P", "executionId": "rv-62", "execID": "rv-G62", "lastQty": 1, "lastPx": 9}');
SELECT execution_id, why, order_id, client_order_id, client_cl_ord_id, suggested_order_id, authors, may_approve FROM oms.execution_review
  WHERE execution_id IN ('rv-60', 'rv-61', 'rv-62') ORDER BY execution_id;
SELECT pg_temp.order('rv-P');
SELECT execution_id, suggested_order_id FROM oms.execution_review WHERE execution_id = 'rv-62';
SELECT age >= '0' AND age < '1 h' AS age FROM oms.execution_review WHERE execution_id = 'rv-60';
SET oms_state.four_eyes = on;
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-P", "executionId": "rv-63", "lastQty": 1, "lastPx": 9, "reason": "by phone"}');
SELECT execution_id, authors ? session_user AS mine, may_approve, reason FROM oms.execution_review WHERE execution_id IN ('rv-60', 'rv-63') ORDER BY 1;
RESET oms_state.four_eyes;
SELECT oms.review_reason(r::jsonb) FROM unnest(ARRAY[
  '{"code": "AMBIGUOUS_ORDER"}', '{"code": "UNKNOWN_ORDER"}', '{"code": "WRONG_INSTRUMENT", "field": "strikePrice", "order": "100", "stated": "110"}',
  '{"code": "ORDER_REJECTED", "status": "REJECTED"}', '{"code": "ORDER_REJECTED", "reason": "credit"}', '{"code": "UNKNOWN_EXECUTION", "execRefID": ""}',
  '{"code": "DUPLICATE_EXEC_ID", "executionId": "e", "execID": "x"}', '{"code": "RULE", "rule": "collar", "message": "too far", "version": 2}',
  '{"code": "PRICE_BEYOND_LIMIT", "price": 10, "lastPx": 11, "tolerance": 0.5}', '{"code": "OVERFILL", "lastQty": 5, "orderQty": 100, "executedQuantity": 100, "tolerance": 0.01}',
  '{"code": "POSSIBLE_DUPLICATE", "executionId": "e", "lastQty": 5, "lastPx": 9}', '{"other": 1}', '7']) WITH ORDINALITY AS x (r, n) ORDER BY n;

-- 6. What the counterparty is told: FIX's Don't Know Trade.
\set VERBOSITY terse
SELECT * FROM oms.fix_dont_know_trade('rv-60');
SELECT * FROM pg_temp.fix('37=O7|17=rv-E70|150=F|39=1|11=nobody|55=VOD.L|48=GB00BH4HKS39|22=4|54=2|38=500|32=10|31=9|14=10|151=90|6=9');
SELECT id AS stranger FROM oms.executions WHERE exec_id = 'rv-E70' \gset
SELECT (r->'state'->>'status') AS status FROM oms_command(jsonb_build_object('commandType', 'RejectExecutionCommand', 'executionId', :'stranger', 'reason', 'never sent')) r;
SELECT * FROM oms.fix_dont_know_trade(:'stranger');
SELECT * FROM oms.fix_dont_know_trade('rv-19');
SELECT * FROM oms.fix_dont_know_trade('rv-55');
SELECT * FROM oms.fix_dont_know_trade('rv-none');
\set VERBOSITY default
SELECT oms.fix_code(54, 'SELL_SHORT'), oms.fix_code(127, 'F'), oms.fix_code(127, 'odd'), oms.fix_code(1, 'x'), oms.fix_code(13, 'ABSOLUTE');

-- 7. Fills that came before their orders are told again when those are known, by a setting: the oldest first, with all checks.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-Q", "executionId": "rv-80", "execID": "rv-H80", "lastQty": 60, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-Q", "executionId": "rv-81", "execID": "rv-H81", "lastQty": 60, "lastPx": 9, "commandId": "rv-c81"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-Q", "executionId": "rv-82", "execID": "rv-H82", "lastQty": 1, "lastPx": 9}');
SELECT * FROM pg_temp.run('RejectExecution', '{"executionId": "rv-82", "reason": "not ours"}');
SELECT * FROM pg_temp.fix('37=rv-O1|17=rv-H83|150=F|39=1|11=rv-cl-R|55=VOD.L|54=1|32=10|31=9|14=10|151=90|6=9');
SELECT * FROM pg_temp.fix('37=rv-O1|17=rv-H84|150=F|39=1|11=rv-cl-R|55=VOD.L|54=2|32=5|31=9|14=15|151=85|6=9');
SELECT pg_temp.order('rv-Q0', '{"clOrdID": "rv-cl-Q0"}');
SET oms_state.book_waiting_fills = on;
SELECT pg_temp.order('rv-Q');
SELECT * FROM pg_temp.show('rv-Q');
SELECT id, status, order_id, review_reasons FROM oms.executions WHERE id IN ('rv-80', 'rv-81', 'rv-82') ORDER BY id;
SELECT event_type, transition, payload->'command'->>'commandType' AS command, payload->'command' ? 'commandId' AS given, payload->>'causationId' IS NOT NULL AS causation
  FROM oms.execution_events WHERE aggregate_id = 'rv-80' ORDER BY version;
-- An SQL caller's order that a session names by its ClOrdID belongs to that session from then on.
SELECT pg_temp.order('rv-R', '{"clOrdID": "rv-cl-R"}');
SELECT * FROM pg_temp.show('rv-R');
SELECT exec_id, status, order_id, cl_ord_id FROM oms.executions WHERE exec_id IN ('rv-H83', 'rv-H84') ORDER BY exec_id;
SELECT fix_session, counterparty_order_id FROM oms.orders WHERE id = 'rv-R';
-- A new name of an order that is there: its OrderID.
SELECT * FROM pg_temp.fix('37=rv-O2|17=rv-H85|150=F|39=1|55=VOD.L|54=1|32=10|31=9|14=10|151=90|6=9');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-T", "executionId": "rv-86", "execID": "rv-H86", "lastQty": 1, "lastPx": 9}');
SELECT pg_temp.order('rv-U', '{"clOrdID": "rv-cl-U", "pending": true}');
SELECT * FROM pg_temp.fix('37=rv-O2|17=rv-H87|150=0|39=0|11=rv-cl-U|55=VOD.L|54=1|38=100|151=100|14=0|6=0');
SELECT exec_id, status, order_id FROM oms.executions WHERE exec_id = 'rv-H85';
-- What one person has told alone, nobody books by that.
SET oms_state.four_eyes = on;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-V", "executionId": "rv-88", "execID": "rv-H88", "lastQty": 1, "lastPx": 9}');
SELECT pg_temp.order('rv-V'), pg_temp.order('rv-T');
SELECT id, status, order_id, authors IS NOT NULL AS by_hand, review_reasons->0->>'code' AS code FROM oms.executions WHERE id IN ('rv-86', 'rv-88') ORDER BY id;
RESET oms_state.four_eyes;
RESET oms_state.book_waiting_fills;

-- 8. An id that is another's is refused, also where the order's executions are read meanwhile: for what was typed, or for a correction that waits.
SELECT pg_temp.order('rv-Z');
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-Z", "executionId": "rv-90", "lastQty": 6, "lastPx": 9, "reason": "by phone"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-Z", "executionId": "rv-90", "lastQty": 7, "lastPx": 9}');
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rv-Z", "executionId": "rv-90", "lastQty": 8, "lastPx": 9, "reason": "again"}');
SELECT executed_quantity FROM oms.orders WHERE id = 'rv-Z';

-- 9. What one person matched is not booked by a venue's correction of its price: that takes its place, and waits for somebody else.
SELECT pg_temp.order('rv-Y'), pg_temp.order('rv-X');
SET oms_state.four_eyes = on;
SET oms_state.feed_roles = 'rv_venue';
SET SESSION AUTHORIZATION rv_feed;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-Y", "executionId": "rv-91", "execID": "rv-I91", "lastQty": 10, "lastPx": 12}');
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-91", "orderId": "rv-X"}');
SET SESSION AUTHORIZATION rv_feed;
SELECT * FROM pg_temp.run('CorrectExecution', '{"executionId": "rv-91", "execID": "rv-I92", "lastPx": 10}');
SELECT * FROM pg_temp.run('CorrectExecution', '{"executionId": "rv-91", "execID": "rv-I92", "lastPx": 10}');
RESET SESSION AUTHORIZATION;
SELECT id AS correction FROM oms.executions WHERE exec_id = 'rv-I92' \gset
SET SESSION AUTHORIZATION rv_anna;
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'correction'));
SET SESSION AUTHORIZATION rv_ben;
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'correction'));
RESET SESSION AUTHORIZATION;
RESET oms_state.four_eyes;
RESET oms_state.feed_roles;

-- 10. A fill that waits for an order which nobody knows is not that of another one, whose report has the same ExecID and content.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-zV", "executionId": "rv-zv", "execID": "rv-J95", "lastQty": 10, "lastPx": 9}');
SELECT pg_temp.order('rv-zU');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-zU", "executionId": "rv-zu", "execID": "rv-J95", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-zT", "executionId": "rv-zt", "execID": "rv-J95", "lastQty": 10, "lastPx": 9}');
SELECT pg_temp.order('rv-zV');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-zV", "executionId": "rv-zv", "execID": "rv-J95", "lastQty": 10, "lastPx": 9}');
SELECT id, order_id, status FROM oms.executions WHERE exec_id = 'rv-J95' ORDER BY id;

-- Without a session the orderId is what names the order, whatever else the report states of it: what the desk has matched is told again by a report that names
-- the order of the first, and by no other.
SELECT pg_temp.order('rv-yV'), pg_temp.order('rv-yW');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-yN", "executionId": "rv-y1", "execID": "rv-K1", "lastQty": 10, "lastPx": 9, "clOrdID": "rv-ycl"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-y1", "orderId": "rv-yV"}');
SELECT reported_order_id FROM oms.executions WHERE id = 'rv-y1';
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-yW", "executionId": "rv-y2", "execID": "rv-K1", "lastQty": 10, "lastPx": 9, "clOrdID": "rv-ycl"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-yV", "execID": "rv-K1", "lastQty": 10, "lastPx": 9, "clOrdID": "rv-ycl"}');
SELECT pg_temp.order('rv-yN');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-yN", "execID": "rv-K1", "lastQty": 10, "lastPx": 9, "clOrdID": "rv-ycl"}');
SELECT id, executed_quantity FROM oms.orders WHERE id LIKE 'rv-y_' ORDER BY id;
-- What corrects it, or is proposed for it, is of that order too, and so is what it has taken the place of.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-yM", "executionId": "rv-y3", "execID": "rv-K3", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('CorrectExecution', '{"executionId": "rv-y3", "execID": "rv-K4", "lastQty": 20}');
SELECT id AS correction, review_reasons FROM oms.executions WHERE exec_id = 'rv-K4' \gset
SELECT :'review_reasons'::jsonb AS reasons;
SET oms_state.four_eyes = on;
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'correction', 'lastQty', 15));
RESET oms_state.four_eyes;
SELECT review_reasons->0 AS reason FROM oms.executions WHERE id = :'correction';
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'correction', 'orderId', 'rv-yV'));
SELECT exec_id, status, order_id, reported_order_id FROM oms.executions WHERE exec_id IN ('rv-K3', 'rv-K4') ORDER BY exec_id;
SELECT pg_temp.order('rv-yM');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-yM", "execID": "rv-K3", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-yW", "executionId": "rv-y5", "execID": "rv-K3", "lastQty": 10, "lastPx": 9}');
SELECT id, executed_quantity FROM oms.orders WHERE id LIKE 'rv-y_' ORDER BY id;

-- 11. A bust or correction is applied to the fill that it names, also where it is told as a report of the order.
SELECT pg_temp.order('rv-xA');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xA", "executionId": "rv-x1", "execID": "rv-L1", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xA", "executionId": "rv-x2", "execID": "rv-L2", "execType": "TRADE_CORRECT", "execRefID": "rv-L1", "lastQty": 8, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xA", "execID": "rv-L2", "execType": "TRADE_CORRECT", "execRefID": "rv-L1", "lastQty": 8, "lastPx": 9}');
SELECT * FROM pg_temp.show('rv-xA');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xA", "execID": "rv-L3", "execType": "TRADE_CANCEL", "execRefID": "rv-L1", "lastQty": 8, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xA", "execID": "rv-L3", "execType": "TRADE_CANCEL", "execRefID": "rv-L1", "lastQty": 8, "lastPx": 9}');
SELECT * FROM pg_temp.show('rv-xA');
SELECT id, status, corrected_execution_id, bust_exec_id FROM oms.executions WHERE order_id = 'rv-xA' ORDER BY id;
-- One in review, too; and of what has ended, the desk is told.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xA", "executionId": "rv-x3", "execID": "rv-L4", "lastQty": 10, "lastPx": 11}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xA", "execID": "rv-L5", "execType": "TRADE_CANCEL", "execRefID": "rv-L4", "lastQty": 10, "lastPx": 11}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xA", "executionId": "rv-x4", "execID": "rv-L6", "execType": "TRADE_CANCEL", "execRefID": "rv-L4", "lastQty": 10, "lastPx": 11}');
SELECT * FROM pg_temp.run('RejectExecution', '{"executionId": "rv-x4", "reason": "told twice"}');
-- Of an order nobody knew: they are applied one after the other, when it is known.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xB", "executionId": "rv-x5", "execID": "rv-L7", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xB", "executionId": "rv-x6", "execID": "rv-L8", "execType": "TRADE_CORRECT", "execRefID": "rv-L7", "lastQty": 7, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xB", "executionId": "rv-x7", "execID": "rv-L9", "lastQty": 3, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xB", "executionId": "rv-x8", "execID": "rv-L10", "execType": "TRADE_CANCEL", "execRefID": "rv-L9", "lastQty": 3, "lastPx": 9}');
SET oms_state.book_waiting_fills = on;
SELECT pg_temp.order('rv-xB');
RESET oms_state.book_waiting_fills;
SELECT * FROM pg_temp.show('rv-xB');
SELECT id, status, corrected_execution_id, bust_exec_id FROM oms.executions WHERE order_id = 'rv-xB' OR id = 'rv-x8' ORDER BY id;
-- A bust ends a fill that waits for its order, and with it itself; not one of another order.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xN", "executionId": "rv-x11", "execID": "rv-L13", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xM", "executionId": "rv-x12", "execID": "rv-L14", "execType": "TRADE_CANCEL", "execRefID": "rv-L13", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xN", "executionId": "rv-x13", "execID": "rv-L14", "execType": "TRADE_CANCEL", "execRefID": "rv-L13", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xN", "execID": "rv-L14", "execType": "TRADE_CANCEL", "execRefID": "rv-L13", "lastQty": 10, "lastPx": 9}');
-- … also where that came before it: told again.
SELECT * FROM pg_temp.fix('37=O7|17=rv-L16|19=rv-L15|150=H|39=0|11=nobody|55=VOD.L|54=1|32=10|31=9|14=0|151=100|6=0');
SELECT * FROM pg_temp.fix('37=O7|17=rv-L15|150=F|39=1|11=nobody|55=VOD.L|54=1|32=10|31=9|14=10|151=90|6=9');
SELECT * FROM pg_temp.fix('37=O7|17=rv-L16|19=rv-L15|150=H|39=0|11=nobody|55=VOD.L|54=1|32=10|31=9|14=0|151=100|6=0|97=Y');
SELECT exec_id, status, order_id, bust_exec_id FROM oms.executions WHERE exec_id IN ('rv-L15', 'rv-L16') ORDER BY exec_id;
-- What the desk has matched is corrected and taken back under the ids that it was told under, on the order that it counts for; which gets none of them.
SELECT * FROM pg_temp.fix('37=O7|17=rv-L17|150=F|39=1|11=nobody|55=VOD.L|54=1|32=10|31=9|14=10|151=90|6=9');
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', (SELECT id FROM oms.executions WHERE exec_id = 'rv-L17'), 'orderId', 'rv-xA'));
SELECT * FROM pg_temp.fix('37=O7|17=rv-L18|19=rv-L17|150=G|39=1|11=nobody|55=VOD.L|54=1|32=6|31=9|14=6|151=94|6=9');
SELECT * FROM pg_temp.fix('37=O7|17=rv-L18|19=rv-L17|150=G|39=1|11=nobody|55=VOD.L|54=1|32=6|31=9|14=6|151=94|6=9');
SELECT * FROM pg_temp.show('rv-xA');
SELECT * FROM pg_temp.fix('37=O7|17=rv-L19|19=rv-L18|150=H|39=0|11=nobody|55=VOD.L|54=1|32=6|31=9|14=0|151=100|6=0');
SELECT * FROM pg_temp.fix('37=O7|17=rv-L19|19=rv-L18|150=H|39=0|11=nobody|55=VOD.L|54=1|32=6|31=9|14=0|151=100|6=0');
SELECT * FROM pg_temp.show('rv-xA');
SELECT fix_session, cl_ord_id FROM oms.orders WHERE id = 'rv-xA';
SELECT exec_id, status, order_id, bust_exec_id FROM oms.executions WHERE exec_id IN ('rv-L17', 'rv-L18', 'rv-L19') ORDER BY exec_id;
-- Taken from the order that it was told of to another.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xB", "executionId": "rv-x14", "execID": "rv-L20", "lastQty": 5, "lastPx": 11}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-x14", "orderId": "rv-xA", "confirm": true}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-yV", "executionId": "rv-x15", "execID": "rv-L21", "execType": "TRADE_CANCEL", "execRefID": "rv-L20", "lastQty": 5, "lastPx": 11}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xB", "execID": "rv-L21", "execType": "TRADE_CANCEL", "execRefID": "rv-L20", "lastQty": 5, "lastPx": 11}');
SELECT * FROM pg_temp.show('rv-xA');
-- A correction that came before its fill and told no quantity: by its CumQty nothing of the fill changes, or nothing is left of it, as where the fill is known.
SELECT pg_temp.order('rv-xC', '{"clOrdID": "rv-xcl"}');
SELECT * FROM pg_temp.fix('37=O8|17=rv-L23|19=rv-L22|150=G|39=1|11=rv-xcl|55=VOD.L|54=1|14=10|151=90|6=9');
SELECT * FROM pg_temp.fix('37=O8|17=rv-L22|150=F|39=1|11=rv-xcl|55=VOD.L|54=1|32=10|31=9|14=10|151=90|6=9');
SELECT * FROM pg_temp.fix('37=O8|17=rv-L23|19=rv-L22|150=G|39=1|11=rv-xcl|55=VOD.L|54=1|14=10|151=90|6=9');
SELECT * FROM pg_temp.fix('37=O8|17=rv-L25|19=rv-L24|150=G|39=1|11=rv-xcl|55=VOD.L|54=1|32=0|31=9|14=10|151=90|6=9');
SELECT * FROM pg_temp.fix('37=O8|17=rv-L24|150=F|39=1|11=rv-xcl|55=VOD.L|54=1|32=5|31=9|14=15|151=85|6=9');
SELECT * FROM pg_temp.show('rv-xC');
SELECT exec_id, status, last_qty, last_px, quantity, reported_last_qty FROM oms.executions WHERE order_id = 'rv-xC' ORDER BY exec_id;
-- What has told no quantity counts for nobody until somebody says how much it is: neither when its order is known nor when it is approved.
SELECT * FROM pg_temp.fix('37=O10|17=rv-L26|150=F|39=1|11=rv-xdl|55=VOD.L|54=1|32=0|31=9|14=10|151=90|6=9');
SET oms_state.book_waiting_fills = on;
SELECT pg_temp.order('rv-xD', '{"clOrdID": "rv-xdl"}');
RESET oms_state.book_waiting_fills;
SELECT id AS empty FROM oms.executions WHERE exec_id = 'rv-L26' \gset
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'empty', 'orderId', 'rv-xD'));
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'empty', 'orderId', 'rv-xD', 'lastQty', 10));
SELECT * FROM pg_temp.show('rv-xD');
-- What one person has told alone waits for another, under the id that it was given.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xB", "executionId": "rv-x9", "execID": "rv-L11", "lastQty": 4, "lastPx": 9}');
SET oms_state.four_eyes = on;
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xB", "executionId": "rv-x10", "execID": "rv-L12", "execType": "TRADE_CANCEL", "execRefID": "rv-L11", "lastQty": 4, "lastPx": 9}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rv-xB", "execID": "rv-L12", "execType": "TRADE_CANCEL", "execRefID": "rv-L11", "lastQty": 4, "lastPx": 9}');
SET SESSION AUTHORIZATION rv_ben;
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rv-x10"}');
RESET SESSION AUTHORIZATION;
RESET oms_state.four_eyes;
SELECT * FROM pg_temp.show('rv-xB');

-- Nothing is broken by all that.
SELECT * FROM oms.verify();
DROP OWNED BY rv_anna, rv_ben, rv_feed;
DROP ROLE rv_anna, rv_ben, rv_feed, rv_venue;
