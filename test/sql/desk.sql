-- Orders on the execution desk, as several users of one database see it: who may do what, what waits, FIX sessions.
-- Every pair of command and status is in unit/decide_desk.c; here is what the store adds: who asks is the session's
-- user, refusals say who has an order, the views, the configuration and FIX.
-- Broken by: a claim that binds a report or a client's request, one that an administrator gets round without a reason, an order
-- that stays in the queue when it is filled, a session whose change acts only after a reconnect.
\set VERBOSITY terse
SET timezone = 'UTC';
CREATE ROLE regress_desk_ann;
CREATE ROLE regress_desk_bob;
GRANT EXECUTE ON FUNCTION oms_command(jsonb), oms_try_command(jsonb), oms_commands(jsonb, boolean), oms_try_fix(text) TO regress_desk_ann, regress_desk_bob;

-- As somebody; "boss" is who owns the extension.
CREATE FUNCTION desk_do(who text, command jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result jsonb;
BEGIN
  IF who <> 'boss' THEN
    EXECUTE format('SET SESSION AUTHORIZATION %I', 'regress_desk_' || who);
  END IF;
  result := oms_try_command(command);
  RESET SESSION AUTHORIZATION;
  RETURN concat_ws(' ', result #>> '{events,-1,eventType}', result #>> '{orders,-1,status}', result #>> '{orders,-1,deskStatus}',
                   CASE WHEN result #>> '{orders,-1,deskUser}' <> session_user THEN result #>> '{orders,-1,deskUser}' END,
                   result #>> '{error,sqlstate}', result #>> '{error,rule}');
END $$;
CREATE FUNCTION desk_say(who text, command jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  result jsonb;
BEGIN
  EXECUTE format('SET SESSION AUTHORIZATION %I', 'regress_desk_' || who);
  result := oms_try_command(command);
  RESET SESSION AUTHORIZATION;
  RETURN jsonb_pretty(regexp_replace((result -> 'error')::text, '\d\d\d\d-\d\d-\d\dT[0-9:.]*Z', 'TIME', 'g')::jsonb);
END $$;

-- A client order goes to the desk: nobody places until it is somebody's, and then only she.
SELECT desk_do('ann', '{"commandType": "CreateOrderCommand", "orderId": "dk-A", "clOrdID": "dk-a", "account": "ACC", "symbol": "VOD.L", "side": "BUY", "orderQty": 1000, "price": 10}');
SELECT desk_do('bob', '{"commandType": "SendOrderToDeskCommand", "orderId": "dk-A"}');
SELECT desk_do('bob', '{"commandType": "SendOrderToDeskCommand", "orderId": "dk-A", "reason": "a tenth of the day''s volume", "text": "by hand"}');
SELECT desk_do('bob', '{"commandType": "PlaceOrderCommand", "orderId": "dk-A", "children": [{"orderQty": 100}]}');
SELECT desk_do('boss', '{"commandType": "CreateOrderCommand", "parentId": "dk-A", "orderQty": 100}');
SELECT jsonb_pretty(oms_try_command('{"commandType": "PlaceOrderCommand", "orderId": "dk-A", "children": [{"orderQty": 100}]}') -> 'error')
       ~ 'desk status is QUEUED since \d{4}-.*; nothing of it is placed' AS says_since;
SELECT desk_do('ann', '{"commandType": "ClaimOrderCommand", "orderId": "dk-A"}');
SELECT desk_do('ann', '{"commandType": "PlaceOrderCommand", "orderId": "dk-A", "children": [{"orderId": "dk-A1", "clOrdID": "dk-a1", "orderQty": 600}, {"orderId": "dk-A2", "orderQty": 100}]}');
SELECT id, desk_status, desk_user, desk_reason, desk_since = updated_at AS since_its_claim, text FROM oms.orders WHERE root_id = 'dk-A' ORDER BY id;
SELECT jsonb_pretty(desk_say('bob', '{"commandType": "ReplaceOrderCommand", "orderId": "dk-A2", "orderQty": 50}'));
SELECT desk_do('bob', '{"commandType": "CancelOrderCommand", "orderId": "dk-A1"}'), desk_do('boss', '{"commandType": "RequestCancelOrderCommand", "orderId": "dk-A"}');
SELECT desk_do('ann', '{"commandType": "CancelOrderCommand", "orderId": "dk-A2"}');
-- of a batch, one by one
SET SESSION AUTHORIZATION regress_desk_bob;
SELECT r ->> 'status' AS status, r #>> '{error,sqlstate}' AS error FROM oms_commands('[{"commandType": "UpdateOrderCommand", "orderId": "dk-A1", "text": "seen"},
  {"commandType": "CancelOrderCommand", "orderId": "dk-A1"}, {"commandType": "CreateOrderCommand", "orderId": "dk-B", "symbol": "BP.L", "side": "SELL", "orderQty": 10}]', false) AS r;
RESET SESSION AUTHORIZATION;

-- Only client orders; whoever names a child is told which.
SELECT jsonb_pretty(desk_say('bob', '{"commandType": "ClaimOrderCommand", "orderId": "dk-A1"}'));
-- Taken over by an administrator, who says why; given back to the queue, assigned, released.
SELECT desk_do('boss', '{"commandType": "ClaimOrderCommand", "orderId": "dk-A"}'), desk_do('bob', '{"commandType": "ClaimOrderCommand", "orderId": "dk-A", "reason": "mine"}');
SELECT desk_do('boss', '{"commandType": "ReleaseOrderFromDeskCommand", "orderId": "dk-A", "deskStatus": "queued", "reason": "Ann is ill"}');
SELECT desk_do('boss', '{"commandType": "AssignOrderCommand", "orderId": "dk-A", "deskUser": "regress_desk_bob"}');
SELECT desk_do('bob', '{"commandType": "UpdateOrderCommand", "orderId": "dk-A", "deskReason": "waits for the auction"}');
SELECT desk_do('bob', '{"commandType": "UpdateOrderCommand", "orderId": "dk-B", "deskReason": "?"}'),
       desk_do('bob', '{"commandType": "UpdateOrderCommand", "orderId": "dk-A", "deskStatus": "RELEASED"}'),
       desk_do('bob', '{"commandType": "ReleaseOrderFromDeskCommand", "orderId": "dk-A", "deskStatus": "COMPLETED"}');

-- What the desk has before it. A client's request is recorded, whoever has claimed the order.
SELECT desk_do('ann', '{"commandType": "SendOrderToDeskCommand", "orderId": "dk-B", "reason": "odd"}');
CREATE FUNCTION desk_fix(msg_type text, sender text, target text, fields text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  body text := replace(format('35=%s|49=%s|56=%s|34=1|52=20260302-09:30:00|60=20260302-09:30:00|%s|', msg_type, sender, target, fields), '|', E'\x01');
  head text := format(E'8=FIX.4.4\x019=%s\x01', length(body)) || body;
  r jsonb;
BEGIN
  r := oms_try_fix(head || '10=' || lpad(((SELECT sum(get_byte(convert_to(head, 'UTF8'), i)) FROM generate_series(0, length(head) - 1) i) % 256)::text, 3, '0') || E'\x01');
  RETURN concat_ws(' ', r ->> 'status', r #>> '{results,0,state,status}', r #>> '{results,0,state,account}', r #>> '{results,0,state,parentId}',
                   r #>> '{error,sqlstate}', r #>> '{error,message}', regexp_replace(r #>> '{error,detail}', '\d\d\d\d-\d\d-\d\dT[0-9:.]*Z', 'TIME'));
END $$;
SELECT desk_fix('D', 'DKCL', 'OMS', '11=dk-f|55=BP.L|54=1|38=200|40=2|44=5');
SELECT desk_do('ann', jsonb_build_object('commandType', 'SendOrderToDeskCommand', 'reason', 'large', 'orderId', (SELECT id FROM oms.orders WHERE cl_ord_id = 'dk-f')));
SELECT desk_do('ann', jsonb_build_object('commandType', 'ClaimOrderCommand', 'orderId', (SELECT id FROM oms.orders WHERE cl_ord_id = 'dk-f')));
SELECT desk_fix('G', 'DKCL', 'OMS', '11=dk-g|41=dk-f|55=BP.L|54=1|38=250|40=2|44=5.5|58=more please');
SELECT desk_fix('F', 'DKCL', 'OMS', '11=dk-h|41=dk-f|55=BP.L|54=1|38=200|58=or none');
SELECT what, cl_ord_id, account, symbol, side, order_qty, unplaced_quantity, status, desk_status, desk_user, reason, text, request, request_cl_ord_id, request_order_qty, request_price,
       age >= '0' AND waiting_since > now() - interval '1 hour' AS waits
  FROM oms.desk_queue WHERE order_id LIKE 'dk-%' OR cl_ord_id LIKE 'dk-%' ORDER BY cl_ord_id, what, request;

-- It completes with its own end, in the same event, and waits again after a bust.
SELECT desk_do('bob', '{"commandType": "ExecuteOrderCommand", "orderId": "dk-A1", "executionId": "dk-e1", "execID": "1", "lastQty": 600, "lastPx": 9}');
SELECT desk_do('boss', '{"commandType": "ExecuteOrderCommand", "orderId": "dk-A", "executionId": "dk-e2", "execID": "2", "lastQty": 400, "lastPx": 9}');
SELECT desk_do('boss', '{"commandType": "BustExecutionCommand", "executionId": "dk-e2", "execID": "3"}');
SELECT version, event_type, transition, status, desk_status, desk_user FROM oms.order_history WHERE order_id = 'dk-A' ORDER BY version;
SELECT id, desk_status, desk_user FROM oms.order_tree WHERE root_id = 'dk-A';
SELECT id, desk_status, desk_user FROM oms.client_orders WHERE id IN ('dk-A', 'dk-B') ORDER BY id;

-- A member of a block: what its client asks for waits with the desk, whether it was sent there or not. What a block has filled
-- waits until it is allocated, by trade dates.
SELECT desk_fix('D', 'DKCL', 'OMS', '11=dk-m|55=BP.L|54=1|38=100|40=1|1=ACC-M');
SELECT desk_do('ann', jsonb_build_object('commandType', 'CreateBlockOrderCommand', 'orderId', 'dk-K', 'clOrdID', 'dk-k', 'members',
  (SELECT jsonb_agg(jsonb_build_object('orderId', o.id, 'quantity', 80)) FROM oms.orders AS o WHERE o.cl_ord_id = 'dk-m')));
SELECT desk_fix('F', 'DKCL', 'OMS', '11=dk-n|41=dk-m|55=BP.L|54=1|38=100|58=changed our mind');
SELECT desk_do('boss', format('{"commandType": "ExecuteOrderCommand", "orderId": "dk-K", "lastQty": %s, "lastPx": 5, "tradeDate": "%s"}', f.quantity, to_char(f.day, 'YYYY-MM-DD'))::jsonb)
  FROM (VALUES (20, current_date - 1), (7, current_date - 1), (10, current_date)) AS f (quantity, day);
SELECT what, cl_ord_id, account, order_qty, unplaced_quantity, unallocated_quantity, desk_status, text, request, request_cl_ord_id, current_date - trade_date AS days, overdue, block_order_ids
  FROM oms.desk_queue WHERE cl_ord_id IN ('dk-m', 'dk-k') ORDER BY cl_ord_id, what, trade_date;
SELECT desk_do('boss', '{"commandType": "AllocateExecutionCommand", "orderId": "dk-K", "method": "PRO_RATA", "quantity": 30}') AS allocated;
SELECT what, unallocated_quantity, current_date - trade_date AS days, overdue FROM oms.desk_queue WHERE cl_ord_id = 'dk-k' ORDER BY trade_date;

-- Closed orders are not sent; what expires in the queue leaves it.
SELECT desk_do('boss', '{"commandType": "ExpireOrderCommand", "orderId": "dk-B"}'), desk_do('bob', '{"commandType": "SendOrderToDeskCommand", "orderId": "dk-B", "reason": "late"}');
SELECT count(*) AS queued FROM oms.desk_queue WHERE order_id = 'dk-B';

-- One that was released is out of the desk, also when it closes.
SELECT desk_do('ann', '{"commandType": "CreateOrderCommand", "orderId": "dk-C", "symbol": "BP.L", "side": "BUY", "orderQty": 10}'), desk_do('ann', '{"commandType": "SendOrderToDeskCommand", "orderId": "dk-C", "reason": "r"}'),
       desk_do('ann', '{"commandType": "ReleaseOrderFromDeskCommand", "orderId": "dk-C", "reason": "small after all"}'), desk_do('bob', '{"commandType": "CancelOrderCommand", "orderId": "dk-C"}');

-- FIX sessions: either way round, kept in order.
INSERT INTO oms.fix_sessions (session, direction, account) VALUES ('OMS|DKONE', 'client', 'ACC-1'), ('DKBRK|OMS', 'BROKER', NULL);
INSERT INTO oms.fix_sessions (session, direction) VALUES ('a\b|A', 'CLIENT'), ('x\|y\\z|b', 'CLIENT'), ('b|x\|y\\z', 'CLIENT');
INSERT INTO oms.fix_sessions (session, direction) VALUES ('a\b|A', 'CLIENT'), ('x\|y\\z|b', 'CLIENT');
INSERT INTO oms.fix_sessions (session, direction) VALUES ('OMS', 'CLIENT');
INSERT INTO oms.fix_sessions (session, direction) VALUES ('OMS|', 'CLIENT');
INSERT INTO oms.fix_sessions (session, direction) VALUES ('a|b|c', 'CLIENT');
INSERT INTO oms.fix_sessions (session, direction) VALUES ('OMS|X', 'OTHER');
INSERT INTO oms.fix_sessions (session, direction, account) VALUES ('OMS|X', 'CLIENT', '');
SELECT session, direction, account, enabled, last_look, version FROM oms.fix_sessions ORDER BY session;
-- The account of the session is that of its orders; a client's order is a root, whatever it says; he reports nothing.
SELECT desk_fix('D', 'DKONE', 'OMS', '11=dk-1|55=BP.L|54=1|38=200|40=1');
SELECT desk_fix('D', 'DKONE', 'OMS', '11=dk-2|1=ACC-1|526=dk-A|55=VOD.L|54=1|38=20|40=1');
SELECT desk_fix('D', 'DKONE', 'OMS', '11=dk-3|1=ACC-2|55=BP.L|54=1|38=200|40=1');
SELECT desk_fix('D', 'DKONE', 'OMS', '11=dk-1|55=BP.L|54=1|38=200|40=1|97=Y');
SELECT desk_fix('G', 'DKONE', 'OMS', '11=dk-4|41=dk-1|1=ACC-2|55=BP.L|54=1|38=300|40=1');
SELECT desk_fix('F', 'DKONE', 'OMS', '11=dk-4|41=dk-1|55=BP.L|54=1|38=200');
SELECT desk_fix('8', 'DKONE', 'OMS', '11=dk-1|37=o1|17=x1|150=F|39=2|55=BP.L|54=1|38=200|32=200|31=5|14=200|151=0|6=5');
SELECT desk_fix('0', 'DKONE', 'OMS', '58=heartbeat');
-- A broker's: we ask, he reports; below a claimed order only for who has claimed it.
SELECT desk_fix('D', 'OMS', 'DKBRK', '11=dk-5|526=dk-A|55=VOD.L|54=1|38=20|40=1');
SELECT desk_do('boss', '{"commandType": "ClaimOrderCommand", "orderId": "dk-A"}');
SELECT desk_fix('D', 'OMS', 'DKBRK', '11=dk-5|526=dk-A|55=VOD.L|54=1|38=20|40=1');
SELECT desk_fix('8', 'DKBRK', 'OMS', '11=dk-5|37=o1|17=x1|150=F|39=2|55=VOD.L|54=1|38=20|32=20|31=9|14=20|151=0|6=9');
-- A change acts at the next message; what is refused is kept whole.
UPDATE oms.fix_sessions SET enabled = false WHERE session = 'DKBRK|OMS';
SELECT desk_fix('8', 'DKBRK', 'OMS', '11=dk-5|37=o1|17=x2|150=I|39=2|55=VOD.L|54=1|38=20|14=20|151=0|6=9');
SELECT desk_fix('0', 'DKBRK', 'OMS', '58=heartbeat');
SELECT sqlstate, command ->> 'msgType' AS msg_type, command ->> 'fixSession' AS fix_session, command ? 'fixMessage' AS has_message
  FROM oms.rejected_commands WHERE command ->> 'fixSession' ~ 'DKBRK' AND sqlstate = 'OM008';
UPDATE oms.fix_sessions SET enabled = true WHERE session = 'DKBRK|OMS';
SELECT desk_fix('8', 'DKBRK', 'OMS', '11=dk-5|37=o1|17=x2|150=I|39=2|55=VOD.L|54=1|38=20|14=20|151=0|6=9');
DELETE FROM oms.fix_sessions;
SELECT desk_fix('D', 'DKONE', 'OMS', '11=dk-6|1=ACC-2|55=BP.L|54=1|38=200|40=1');

-- An execID makes no report where a setting says who tells what venues have told, and that is another; a fill is booked whoever tells it.
SELECT desk_do('bob', '{"commandType": "CreateOrderCommand", "orderId": "dk-H", "symbol": "VOD.L", "side": "BUY", "orderQty": 100}');
SELECT desk_do('bob', '{"commandType": "SendOrderToDeskCommand", "orderId": "dk-H", "reason": "large"}'), desk_do('boss', '{"commandType": "ClaimOrderCommand", "orderId": "dk-H"}');
SET oms_state.feed_roles = 'regress_desk_ann';
SELECT desk_do('bob', '{"commandType": "CancelOrderCommand", "orderId": "dk-H", "execID": "dk-x"}');
SELECT desk_do('bob', '{"commandType": "ExecuteOrderCommand", "orderId": "dk-H", "execID": "dk-y", "lastQty": 10, "lastPx": 9}');
SELECT desk_do('ann', '{"commandType": "CancelOrderCommand", "orderId": "dk-H", "execID": "dk-x"}');
-- … nor of a superuser, who has every role and was given none; a message is a report, whoever hands it in; and where nobody is said to tell them, everybody's are.
SELECT desk_do('bob', '{"commandType": "CreateOrderCommand", "orderId": "dk-I", "clOrdID": "dk-I", "symbol": "VOD.L", "side": "BUY", "orderQty": 100}');
SELECT desk_do('bob', '{"commandType": "SendOrderToDeskCommand", "orderId": "dk-I", "reason": "large"}'), desk_do('ann', '{"commandType": "ClaimOrderCommand", "orderId": "dk-I"}');
SELECT desk_do('boss', '{"commandType": "CancelOrderCommand", "orderId": "dk-I", "execID": "dk-z"}');
SELECT desk_fix('8', 'DKTWO', 'OMS', '11=dk-I|37=o9|17=dk-u|150=D|378=99|39=0|55=VOD.L|54=1|38=100|151=100|14=0|6=0');
RESET oms_state.feed_roles;
SELECT desk_do('bob', '{"commandType": "ReplaceOrderCommand", "orderId": "dk-I", "execID": "dk-z", "orderQty": 90}');

SELECT invariant, id, detail FROM oms.verify() WHERE root_id LIKE 'dk-%' OR id LIKE 'dk-%';
DROP FUNCTION desk_do(text, jsonb), desk_say(text, jsonb), desk_fix(text, text, text, text);
REVOKE ALL ON FUNCTION oms_command(jsonb), oms_try_command(jsonb), oms_commands(jsonb, boolean), oms_try_fix(text) FROM regress_desk_ann, regress_desk_bob;
DROP ROLE regress_desk_ann, regress_desk_bob;
