-- Ids and slots: where a tree belongs, what a router is told, and what is refused in a database that
-- has not all slots.
-- Broken by: another rule for slots; made ids that lose their tree's slot; a field that names an object
-- and is not looked at; a rootId that is not held against the truth; a fleet's guard that lets a tree begin.

CREATE FUNCTION pg_temp.did(command text) RETURNS text LANGUAGE sql AS $$
  SELECT CASE r ->> 'status' WHEN 'ACCEPTED' THEN r #>> '{state,status}'
              ELSE regexp_replace(concat_ws(' / ', r #>> '{error,sqlstate}', r #>> '{error,message}', r #>> '{error,detail}', r #>> '{error,hint}'), '[0-9a-f]{8}-[0-9a-f-]{27}', '<made>', 'g') END
    FROM oms_try_command(command::jsonb) AS r
$$;

-- the rule, by example; the million is in test/t/085_slots.pl
SELECT left(id, 45) AS id, oms.slot_of(id) FROM unnest(ARRAY['123456789', '', '{}', '{}{x}', 'a{b', '}{x}', 'x', 'y{x}z', '{{x}}', '{x}{y}', 'x{y', E'h\u00fclle{\u20ac}', E'\u20ac', repeat('x', 256),
  '017f22e2-79b0-7cc3-98c4-dc0c0c07398f', '017F22E2-79B0-7CC3-98C4-DC0C0C07398F', '017f22e2-79b0-8cc3-98c4-dc0c0c07398f', '017f22e2-79b0-4cc3-98c4-dc0c0c07398f',
  '017f22e2-79b0-7cc3-d8c4-dc0c0c07398f', 'E-1{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}', '{017f22e2-79b0-7cc3-98c4-dc0c0c07398f'])
  WITH ORDINALITY AS t (id, n) ORDER BY n;
SELECT oms.slot_of(NULL), oms.slot_of('A|B', 'C-1'), oms.slot_of('A|BC', '-1');
SELECT provolatile, proisstrict, proparallel FROM pg_proc WHERE oid IN ('oms.slot_of(text)'::regprocedure, 'oms.slot_of(text, text)'::regprocedure);

-- made ids: the root's slot is that of its ClOrdID, of its commandId, or any; all else has its root's
CREATE FUNCTION pg_temp.id_of(command text) RETURNS text LANGUAGE sql AS $$ SELECT coalesce(r #>> '{state,executionId}', r #>> '{state,orderId}') FROM oms_command(command::jsonb) AS r $$;
SELECT oms.slot_of(pg_temp.id_of('{"commandType": "CreateOrderCommand", "clOrdID": "slot-c1", "commandId": "slot-k1", "symbol": "X", "side": "BUY", "orderQty": 10}')) = oms.slot_of('', 'slot-c1') AS by_cl_ord_id,
       oms.slot_of(pg_temp.id_of('{"commandType": "CreateOrderCommand", "commandId": "slot-k2", "symbol": "X", "side": "BUY", "orderQty": 10}')) = oms.slot_of(session_user::text, 'slot-k2') AS by_command_id;
SELECT pg_temp.id_of('{"commandType": "CreateOrderCommand", "orderId": "slot-R", "symbol": "X", "side": "BUY", "orderQty": 100}') AS root,
       oms.slot_of(pg_temp.id_of('{"commandType": "CreateOrderCommand", "parentId": "slot-R", "orderQty": 10}')) AS child,
       oms.slot_of('slot-R') AS slot;
SELECT oms.slot_of(o ->> 'orderId') = oms.slot_of('slot-R') AS slice
  FROM oms_command('{"commandType": "PlaceOrderCommand", "orderId": "slot-R", "children": [{"orderQty": 10}, {"orderQty": 20, "clOrdID": "slot-c2"}]}') AS r,
       jsonb_array_elements(r -> 'orders') AS o WHERE o ->> 'orderId' <> 'slot-R';
SELECT pg_temp.id_of('{"commandType": "CreateOrderCommand", "orderId": "slot-R.1", "parentId": "slot-R", "orderQty": 20}') AS child;
SELECT oms.slot_of(pg_temp.id_of('{"commandType": "ExecuteOrderCommand", "orderId": "slot-R.1", "execID": "S1", "lastQty": 5, "lastPx": 1}')) = oms.slot_of('slot-R') AS fill;
SELECT oms.slot_of(pg_temp.id_of(format('{"commandType": "CorrectExecutionCommand", "executionId": "%s", "execID": "S2", "lastQty": 4}', (SELECT id FROM oms.executions WHERE exec_id = 'S1')))) = oms.slot_of('slot-R') AS correction,
       oms.slot_of(pg_temp.id_of('{"commandType": "ExecuteOrderCommand", "orderId": "slot-none", "execID": "S3", "lastQty": 5, "lastPx": 1}')) = oms.slot_of('slot-none') AS lost_fill;
SELECT count(DISTINCT oms.slot_of(pg_temp.id_of('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": ' || n || '}'))) > 1 AS at_random FROM generate_series(1, 5) AS n;

-- FIX: the order by the session and its first ClOrdID, and a fill that nobody knows like it
CREATE FUNCTION pg_temp.fix(type text, body text) RETURNS text LANGUAGE sql AS $$
  SELECT '8=FIX.4.4|9=' || length(b) || '|' || b || '10=' || lpad((s % 256)::text, 3, '0') || '|'
    FROM (SELECT b, (SELECT sum(CASE c WHEN '|' THEN 1 ELSE ascii(c) END) FROM regexp_split_to_table('8=FIX.4.4|9=' || length(b) || '|' || b, '') AS c) AS s
            FROM (SELECT '35=' || type || '|49=SLOTB|56=SLOTA|34=1|52=20260302-09:30:00|' || body AS b) AS b) AS m
$$;
SELECT oms.slot_of(r #>> '{results,0,state,orderId}') = oms.slot_of(r #>> '{results,0,state,fixSession}', 'sf-1') AS new_order
  FROM oms_fix(pg_temp.fix('D', '11=sf-1|55=X|54=1|38=10|40=1|')) AS r;
SELECT oms.slot_of(r #>> '{results,0,state,executionId}') = (SELECT slot FROM oms.route_fix(pg_temp.fix('8', '11=sf-8|41=sf-7|37=V9|17=SE1|150=F|39=2|55=X|54=1|32=5|31=1|14=5|151=0|6=1|'))) AS lost_fill
  FROM oms_fix(pg_temp.fix('8', '11=sf-8|41=sf-7|37=V9|17=SE1|150=F|39=2|55=X|54=1|32=5|31=1|14=5|151=0|6=1|')) AS r;
SELECT oms.slot_of(r #>> '{results,0,state,orderId}') = (SELECT slot FROM oms.route_fix(pg_temp.fix('8', '37=V10|17=SE2|150=0|39=0|55=X|54=1|38=10|14=0|151=10|6=0|'))) AS telephoned
  FROM oms_fix(pg_temp.fix('8', '37=V10|17=SE2|150=0|39=0|55=X|54=1|38=10|14=0|151=10|6=0|')) AS r;

-- what a router is told
CREATE FUNCTION pg_temp.to_where(command text) RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', coalesce(slot::text, '-'), by, certain) FROM oms.route(command::jsonb) $$;
SELECT c, pg_temp.to_where('{"commandType": ' || c || '}') FROM unnest(ARRAY[
  '"CreateOrderCommand", "orderId": "x", "symbol": "X", "side": "BUY", "orderQty": 1',
  '"CreateOrderCommand", "orderId": "q", "rootId": "x", "symbol": "X", "side": "BUY", "orderQty": 1',
  '"CreateOrderCommand", "clOrdID": "c", "commandId": "k", "symbol": "X", "side": "BUY", "orderQty": 1',
  '"CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 1',
  '"CreateOrderCommand", "parentId": "x", "orderId": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "orderQty": 1',
  '"CreateOrderCommand", "parentId": "y{x}", "orderQty": 1',
  '"CancelOrderCommand", "orderId": "x"',
  '"CancelOrderCommand", "orderId": "y{x}"',
  '"CancelOrderCommand", "orderId": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"',
  '"CancelOrderCommand", "orderId": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "rootId": "x"',
  '"PlaceOrderCommand", "orderId": "y{x}", "children": [{"orderId": "z", "orderQty": 1}]',
  '"ExecuteOrderCommand", "orderId": "x", "executionId": "e{y}", "lastQty": 1, "lastPx": 1',
  '"BustExecutionCommand", "executionId": "x"',
  '"BustExecutionCommand", "executionId": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "orderId": "y{x}"',
  '"BustExecutionCommand", "executionId": "e{x}", "orderId": "q"']) WITH ORDINALITY AS t (c, n) ORDER BY n;
SELECT slot = oms.slot_of(session_user::text, 'k') AS by_actor, by, certain FROM oms.route('{"commandType": "CreateOrderCommand", "commandId": "k", "symbol": "X", "side": "BUY", "orderQty": 1}');
SELECT oms.slot_of('x') AS x, oms.slot_of('', 'c') AS c;
SELECT * FROM oms.route(NULL);
SELECT oms.route('[]');
SELECT oms.route('{"commandType": "ExplodeOrderCommand"}');
SELECT oms.route('{"commandType": "CancelOrderCommand"}');
SELECT slot IS NOT DISTINCT FROM oms.slot_of(session, cl_ord_ids[1]) AS by_first, cl_ord_ids, order_id, by, certain FROM unnest(ARRAY[
  pg_temp.fix('D', '11=sf-1|55=X|54=1|38=10|40=1|'), pg_temp.fix('F', '41=sf-1|11=sf-2|37=V1|55=X|54=1|'), pg_temp.fix('G', '41=sf-1|11=sf-3|37=V1|55=X|54=1|38=5|40=1|'),
  pg_temp.fix('H', '11=sf-1|55=X|54=1|'), pg_temp.fix('8', '11=sf-2|41=sf-1|37=V1|17=E|150=6|39=6|'), pg_temp.fix('8', '11=sf-2|37=NONE|17=E|150=0|39=0|'),
  pg_temp.fix('9', '11=sf-2|41=sf-1|37=V1|39=0|434=1|')]) WITH ORDINALITY AS t (m, n), oms.route_fix(m) ORDER BY n;
SELECT slot = oms.slot_of('SLOTA|SLOTB', 'V1') AS by_order_id, cl_ord_ids, order_id, by, certain FROM oms.route_fix(pg_temp.fix('8', '37=V1|17=E|150=0|39=0|'));
SELECT slot = oms.slot_of('x') AS by_parent, order_id, by, certain FROM unnest(ARRAY['x', 'y{x}']) AS parent, oms.route_fix(pg_temp.fix('D', '11=sf-1|526=' || parent || '|55=X|54=1|38=10|40=1|'));
SELECT slot, cl_ord_ids, order_id, by, certain FROM oms.route_fix(pg_temp.fix('0', ''));
SELECT oms.route_fix('8=FIX.4.4|9=5|35=D|10=000|');
-- as bytes, and a ClOrdID that is no ASCII: its slot is that of its text
SELECT r.slot = oms.slot_of('SLOTA|SLOTB', U&'\00fc-1') AS by_text, r.cl_ord_ids FROM (SELECT convert_to(pg_temp.fix('D', U&'11=\00fc-1|55=X|54=1|38=10|40=1|'), 'LATIN1')) AS b (m), oms.route_fix(m) AS r;

-- rootId is held against the truth
SELECT pg_temp.did('{"commandType": ' || c || '}') FROM unnest(ARRAY[
  '"UpdateOrderCommand", "orderId": "slot-R.1", "rootId": "slot-R", "text": "t"',
  '"UpdateOrderCommand", "orderId": "slot-R.1", "rootId": "slot-R.1", "text": "t"',
  '"UpdateOrderCommand", "orderId": "slot-R", "rootId": "slot-R", "text": "t"',
  '"CreateOrderCommand", "orderId": "slot-R.2", "parentId": "slot-R.1", "rootId": "slot-R", "orderQty": 1',
  '"CreateOrderCommand", "orderId": "slot-R.3", "parentId": "slot-R.1", "rootId": "slot-R.1", "orderQty": 1',
  '"CreateOrderCommand", "orderId": "slot-Q", "rootId": "slot-Q", "symbol": "X", "side": "BUY", "orderQty": 1',
  '"CreateOrderCommand", "orderId": "slot-Q2", "rootId": "slot-Q", "symbol": "X", "side": "BUY", "orderQty": 1',
  '"PlaceOrderCommand", "orderId": "slot-R", "rootId": "slot-Q", "children": [{"orderQty": 1}]',
  '"ExecuteOrderCommand", "orderId": "slot-R.1", "rootId": "slot-Q", "executionId": "slot-E1", "lastQty": 1, "lastPx": 1',
  '"ExecuteOrderCommand", "orderId": "slot-R.1", "rootId": "slot-R", "executionId": "slot-E1", "lastQty": 1, "lastPx": 1',
  '"BustExecutionCommand", "executionId": "slot-E1", "rootId": "slot-Q"',
  '"BustExecutionCommand", "executionId": "slot-E1", "rootId": "slot-R"',
  '"ExecuteOrderCommand", "orderId": "slot-none", "rootId": "slot-nobody", "executionId": "slot-E2", "lastQty": 1, "lastPx": 1',
  '"CorrectExecutionCommand", "executionId": "slot-E2", "rootId": "slot-nobody", "lastQty": 2',
  '"CorrectExecutionCommand", "executionId": "slot-E2", "rootId": "slot-E2", "lastQty": 2',
  '"CancelOrderCommand", "orderId": "slot-none", "rootId": "slot-R"']) WITH ORDINALITY AS t (c, n) ORDER BY n;
SELECT pg_temp.did('{"commandType": "CreateOrderCommand", "rootId": "slot-Q", "symbol": "X", "side": "BUY", "orderQty": 1}');
SELECT oms.slot_of(id) = oms.slot_of('slot-nobody') AS waits_where_it_was_sent FROM oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "slot-none", "rootId": "slot-nobody", "lastQty": 7, "lastPx": 1}') AS r, LATERAL (SELECT r #>> '{state,executionId}') AS e (id);

-- the slots of this database
SELECT * FROM oms.shard;
UPDATE oms.shard SET number = 3, slots = int4multirange(int4range(oms.slot_of('slot-R'), oms.slot_of('slot-R') + 1));
SELECT pg_temp.did('{"commandType": ' || c || '}') FROM unnest(ARRAY[
  '"CreateOrderCommand", "orderId": "slot-S{slot-R}", "symbol": "X", "side": "BUY", "orderQty": 1',
  '"CreateOrderCommand", "orderId": "slot-S", "symbol": "X", "side": "BUY", "orderQty": 1',
  '"CreateOrderCommand", "orderId": "slot-S.1", "parentId": "slot-R", "orderQty": 1',
  '"UpdateOrderCommand", "orderId": "slot-Q", "text": "what is here goes on"',
  '"ExecuteOrderCommand", "orderId": "slot-Q", "executionId": "slot-E3", "lastQty": 1, "lastPx": 1',
  '"ExecuteOrderCommand", "orderId": "slot-none", "executionId": "slot-E4", "lastQty": 1, "lastPx": 1',
  '"ExecuteOrderCommand", "orderId": "slot-none", "executionId": "slot-E4{slot-R}", "lastQty": 1, "lastPx": 1']) WITH ORDINALITY AS t (c, n) ORDER BY n;
SELECT pg_temp.did('{"commandType": "CreateOrderCommand", "clOrdID": "slot-c9", "symbol": "X", "side": "BUY", "orderQty": 1}') ~ ('^OM012 / .*slot is ' || oms.slot_of('', 'slot-c9') || '; this database is shard 3') AS by_cl_ord_id;
SELECT DISTINCT oms.slot_of(pg_temp.id_of('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": ' || n || '}')) = oms.slot_of('slot-R') AS at_random_among_ours FROM generate_series(1, 5) AS n;
CREATE FUNCTION pg_temp.fix_did(message text, OUT code text, OUT detail text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM oms_fix(message);
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
END $$;
SELECT oms.slot_of('SLOTA|SLOTB', 'sf-9') AS slot;
SELECT * FROM pg_temp.fix_did(pg_temp.fix('D', '11=sf-9|55=X|54=1|38=10|40=1|'));
SELECT * FROM pg_temp.fix_did(pg_temp.fix('8', '11=sf-9|37=V11|17=SE3|150=F|39=2|55=X|54=1|32=5|31=1|14=5|151=0|6=1|'));
SELECT id FROM oms.orders WHERE id LIKE 'slot-S%' UNION SELECT id FROM oms.executions WHERE id LIKE 'slot-E4%' ORDER BY 1;
-- nothing of what was refused is there; a batch applies the rest
SELECT r ->> 'status' AS status, r #>> '{error,sqlstate}' AS sqlstate FROM oms_commands('[{"commandType": "CreateOrderCommand", "orderId": "slot-T", "clOrdID": "slot-T", "symbol": "X", "side": "BUY", "orderQty": 1},
  {"commandType": "CreateOrderCommand", "orderId": "slot-T{slot-R}", "clOrdID": "slot-T", "symbol": "X", "side": "BUY", "orderQty": 1}]', false) AS r;
-- one row, in bounds, and who may write it
UPDATE oms.shard SET slots = '{[16384,16385)}';
UPDATE oms.shard SET slots = '{(,10)}';
UPDATE oms.shard SET number = -1;
INSERT INTO oms.shard VALUES (7, '{[1,2),[4,6)}');
SELECT * FROM oms.shard;
SELECT bool_and(oms.slot_of(pg_temp.id_of('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": ' || n || '}')) IN (1, 4, 5)) AS among_three FROM generate_series(1, 30) AS n;
UPDATE oms.shard SET slots = '{}';
SELECT pg_temp.did('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 1}') ~ '^OM012' AS none;
CREATE ROLE slot_reader;
SET ROLE slot_reader;
SELECT * FROM oms.shard;
UPDATE oms.shard SET number = 1;
RESET ROLE;
DROP ROLE slot_reader;
-- a change that is rolled back is none
BEGIN;
UPDATE oms.shard SET number = 0, slots = '{[0,16384)}';
SELECT pg_temp.did('{"commandType": "CreateOrderCommand", "orderId": "slot-U", "symbol": "X", "side": "BUY", "orderQty": 1}');
ROLLBACK;
SELECT pg_temp.did('{"commandType": "CreateOrderCommand", "orderId": "slot-U", "symbol": "X", "side": "BUY", "orderQty": 1}');
DELETE FROM oms.shard;
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "slot-U", "symbol": "X", "side": "BUY", "orderQty": 1}');
INSERT INTO oms.shard VALUES (0, '{[0,16384)}');
SELECT pg_temp.did('{"commandType": "CreateOrderCommand", "orderId": "slot-U", "symbol": "X", "side": "BUY", "orderQty": 1}');
SELECT * FROM oms.verify();
