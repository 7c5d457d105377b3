-- Blocks as their callers see them: what is refused and why, rows and views, ids and slots, allocation by FIX (J).
-- Every rule, each once refused and once just allowed, is in unit/decide_blocks.c; here is what the store and the wire add.
-- Broken by: a block whose id is routed elsewhere than it is made, a member that two databases share, a message that allocates to
-- the wrong member, or twice, a client order that is a block.
\set VERBOSITY terse
\pset null '-'
SET timezone = 'UTC';

CREATE FUNCTION pg_temp.send(command jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN r ->> 'status' = 'ACCEPTED'
              THEN (SELECT string_agg(format('%s %s', e.event ->> 'aggregateId', e.event ->> 'eventType'), ', ' ORDER BY e.n)
                      FROM jsonb_array_elements(r -> 'events') WITH ORDINALITY AS e (event, n))
              ELSE concat_ws(' ', r #>> '{error,sqlstate}', r #>> '{error,message}', '-', r #>> '{error,detail}') END
    FROM oms_try_command(command) AS r
$$;
CREATE VIEW pg_temp.o AS
  SELECT id, status, order_qty AS qty, executed_quantity AS done, leaves_quantity AS leaves, unplaced_quantity AS unplaced, reserved_quantity AS reserved,
         allocated_quantity AS allocated, live_blocks, block_order_ids AS blocks, flags FROM oms.orders WHERE id ~ '^bk-' ORDER BY id;

-- Three client orders, of which one block works a part: it has what they have in common.
SELECT pg_temp.send(c) FROM (VALUES
  ('{"commandType": "CreateOrderCommand", "orderId": "bk-A", "account": "ANN", "symbol": "VOD.L", "side": "BUY", "orderQty": 1000, "price": 10.5, "currency": "GBP", "timeInForce": "DAY"}'::jsonb),
  ('{"commandType": "CreateOrderCommand", "orderId": "bk-B", "account": "BEN", "symbol": "VOD.L", "side": "BUY", "orderQty": 500, "price": 10.5, "currency": "GBP", "timeInForce": "DAY"}'),
  ('{"commandType": "CreateOrderCommand", "orderId": "bk-C", "account": "CAT", "symbol": "VOD.L", "side": "BUY", "orderQty": 200, "price": 10.4, "currency": "GBP"}')) AS t (c);
SELECT pg_temp.send('{"commandType": "CreateBlockOrderCommand", "orderId": "bk-K", "clOrdID": "bk-k", "account": "HOUSE", "destination": "XLON",
  "members": [{"orderId": "bk-A", "quantity": 600}, {"orderId": "bk-B", "quantity": 500, "priority": 9}]}');
SELECT id, symbol, side, currency, ord_type, price, time_in_force, account, order_qty FROM oms.orders WHERE id = 'bk-K';
SELECT * FROM pg_temp.o;
SELECT block_id, order_id, priority, quantity, allocated_quantity, live, reserved_quantity, account, status, price, cancel_requested FROM oms.block_members WHERE block_id = 'bk-K';
SELECT (SELECT string_agg(id, ' ' ORDER BY id) FROM oms.client_orders WHERE id ~ '^bk-') AS of_clients, (SELECT string_agg(id, ' ' ORDER BY id) FROM oms.market_orders WHERE id ~ '^bk-') AS of_the_market;

-- Refused, with what is against it.
SELECT pg_temp.send(c) FROM (VALUES
  ('{"commandType": "CreateBlockOrderCommand", "members": [{"orderId": "bk-A", "quantity": 401}]}'::jsonb),
  ('{"commandType": "CreateBlockOrderCommand", "members": [{"orderId": "bk-K", "quantity": 1}]}'),
  ('{"commandType": "CreateBlockOrderCommand", "members": [{"orderId": "bk-A", "quantity": 1}, {"orderId": "bk-C", "quantity": 1}]}'),
  ('{"commandType": "CreateBlockOrderCommand", "price": 10.41, "members": [{"orderId": "bk-A", "quantity": 1}, {"orderId": "bk-C", "quantity": 1}]}'),
  ('{"commandType": "CreateBlockOrderCommand", "currency": "USD", "members": [{"orderId": "bk-A", "quantity": 1}]}'),
  ('{"commandType": "CreateBlockOrderCommand", "orderQty": 2, "members": [{"orderId": "bk-A", "quantity": 1}]}'),
  ('{"commandType": "CreateBlockOrderCommand", "parentId": "bk-A", "members": [{"orderId": "bk-A", "quantity": 1}]}'),
  ('{"commandType": "CreateBlockOrderCommand", "members": []}'),
  ('{"commandType": "ReplaceBlockMembersCommand", "orderId": "bk-A", "members": []}'),
  ('{"commandType": "ReplaceBlockMembersCommand", "orderId": "bk-K", "members": [{"orderId": "bk-A", "quantity": 600}, {"orderId": "bk-C", "quantity": 1}]}'),
  ('{"commandType": "ReplaceBlockMembersCommand", "orderId": "bk-K", "members": [{"orderId": "bk-A", "quantity": 0}]}'),
  ('{"commandType": "CancelOrderCommand", "orderId": "bk-A"}'),
  ('{"commandType": "ExpireOrderCommand", "orderId": "bk-A"}'),
  ('{"commandType": "ReplaceOrderCommand", "orderId": "bk-A", "orderQty": 599}'),
  ('{"commandType": "ReplaceOrderCommand", "orderId": "bk-A", "price": 10.49}'),
  ('{"commandType": "ReplaceOrderCommand", "orderId": "bk-K", "price": 10.51}'),
  ('{"commandType": "ReplaceOrderCommand", "orderId": "bk-K", "orderQty": 1099}')) AS t (c);

-- It is placed as any order, its fills are nobody's, and nobody leaves before he has had his share; a client's cancel waits.
SELECT pg_temp.send('{"commandType": "PlaceOrderCommand", "orderId": "bk-K", "children": [{"orderId": "bk-K1", "clOrdID": "bk-k1", "orderQty": 800}]}');
SELECT pg_temp.send('{"commandType": "ReplaceBlockMembersCommand", "orderId": "bk-K", "members": [{"orderId": "bk-A", "quantity": 600}, {"orderId": "bk-B", "quantity": 199}]}');
SELECT pg_temp.send('{"commandType": "ReplaceBlockMembersCommand", "orderId": "bk-K", "members": [{"orderId": "bk-A", "quantity": 600}, {"orderId": "bk-B", "quantity": 400, "priority": 9}]}');
SELECT pg_temp.send('{"commandType": "ExecuteOrderCommand", "orderId": "bk-K1", "executionId": "bk-e1", "execID": "1", "lastQty": 300, "lastPx": 10.4}');
SELECT pg_temp.send('{"commandType": "RequestCancelOrderCommand", "orderId": "bk-B", "clOrdID": "bk-b-cancel"}');
SELECT pg_temp.send('{"commandType": "ReplaceBlockMembersCommand", "orderId": "bk-K", "members": [{"orderId": "bk-A", "quantity": 600}]}');
SELECT * FROM pg_temp.o;
SELECT id, status, allocated_quantity, allocations FROM oms.executions WHERE id = 'bk-e1';
SELECT order_id, status, cancel_requested FROM oms.block_members WHERE block_id = 'bk-K' ORDER BY order_id;

-- The fill is taken back, the child ends by the block's cancel, and with it the block: all that it reserved is free, and the client's cancel is done.
SELECT pg_temp.send('{"commandType": "BustExecutionCommand", "executionId": "bk-e1", "execID": "2"}');
SELECT pg_temp.send('{"commandType": "RequestCancelOrderCommand", "orderId": "bk-K"}');
SELECT pg_temp.send('{"commandType": "CancelOrderCommand", "orderId": "bk-K1", "execID": "3"}');
SELECT * FROM pg_temp.o;
SELECT members FROM oms.orders WHERE id = 'bk-K';
SELECT pg_temp.send('{"commandType": "ReplaceBlockMembersCommand", "orderId": "bk-K", "members": [{"orderId": "bk-A", "quantity": 1}]}');
SELECT aggregate_id, version, event_type, transition, payload #>> '{command,commandType}' AS command, root_id
  FROM oms.order_events WHERE aggregate_id IN ('bk-A', 'bk-B') ORDER BY aggregate_id, version;
SELECT * FROM oms.verify();

-- A block's made id has the slot of its first member's tree, and is routed there.
SELECT oms.slot_of(r #>> '{state,orderId}') = oms.slot_of('bk-A') AS with_its_member, (oms.route(c)).*
  FROM (VALUES ('{"commandType": "CreateBlockOrderCommand", "clOrdID": "bk-routed", "members": [{"orderId": "bk-A", "quantity": 1}]}'::jsonb)) AS t (c), oms_command(c) AS r;
SELECT (oms.route('{"commandType": "CreateBlockOrderCommand", "orderId": "bk-B", "members": [{"orderId": "bk-A", "quantity": 1}]}')).by,
       (oms.route('{"commandType": "ReplaceBlockMembersCommand", "orderId": "bk-B", "members": [{"orderId": "bk-A", "quantity": 1}]}')).by;
-- Members of another database are not to be had here, whether they exist or not.
UPDATE oms.shard SET slots = int4multirange(int4range(0, 16384)) - int4multirange(int4range(oms.slot_of('bk-C'), oms.slot_of('bk-C') + 1));
SELECT oms.slot_of('bk-A') <> oms.slot_of('bk-C') AS apart;
SELECT split_part(pg_temp.send('{"commandType": "CreateBlockOrderCommand", "orderId": "bk-A2", "members": [{"orderId": "bk-C", "quantity": 1}]}'), ' ', 1);
SELECT split_part(pg_temp.send('{"commandType": "CreateBlockOrderCommand", "orderId": "bk-C", "members": [{"orderId": "bk-A", "quantity": 1}]}'), ' ', 1);
SELECT split_part(pg_temp.send('{"commandType": "CreateBlockOrderCommand", "orderId": "bk-L", "members": [{"orderId": "bk-A", "quantity": 1}, {"orderId": "bk-C", "quantity": 1}]}'), ' ', 1);
UPDATE oms.shard SET slots = '{[0,16384)}';

-- Allocation by FIX: the block by its ClOrdID, its members by their accounts. What is not told for certain is ignored, with the reason.
CREATE FUNCTION pg_temp.fix(fields text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  body text := replace(fields || '|', '|', E'\x01');
  message text := format(E'8=FIX.4.4\x019=%s\x01%s', length(body), body);
  r jsonb;
BEGIN
  message := message || '10=' || lpad(((SELECT sum(ascii(c)) FROM regexp_split_to_table(message, '') AS c) % 256)::text, 3, '0') || E'\x01';
  r := oms_try_fix(message);
  RETURN concat_ws(' ', r ->> 'status', r ->> 'reason', r #>> '{error,sqlstate}', r #>> '{error,message}', r #>> '{error,detail}', r #>> '{error,rule}',
                   (SELECT string_agg(format('%s %s', e ->> 'aggregateId', e ->> 'eventType'), ', ' ORDER BY x.n, y.n)
                      FROM jsonb_array_elements(r -> 'results') WITH ORDINALITY AS x (result, n)
                     CROSS JOIN LATERAL jsonb_array_elements(x.result -> 'events') WITH ORDINALITY AS y (e, n)));
END $$;
CREATE FUNCTION pg_temp.j(fields text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.fix('35=J|49=CLIENT|56=DESK|34=1|52=20260302-09:30:00|' || fields) $$;
CREATE FUNCTION pg_temp.alloc(id text, type text, allocs text, fields text DEFAULT '', orders text DEFAULT '73=1|11=bj-k') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.j(format('70=%s|71=%s%s|626=1|857=1|%s|54=1|55=VOD.L|53=300|6=10.4|75=20260302|60=20260302-09:30:00%s', id, type, fields, orders, allocs))
$$;
SELECT pg_temp.send(c) FROM (VALUES
  ('{"commandType": "CreateOrderCommand", "orderId": "bj-A", "clOrdID": "bj-a", "account": "ANN", "symbol": "VOD.L", "side": "BUY", "orderQty": 1000}'::jsonb),
  ('{"commandType": "CreateOrderCommand", "orderId": "bj-B", "account": "BEN", "symbol": "VOD.L", "side": "BUY", "orderQty": 1000}'),
  ('{"commandType": "CreateOrderCommand", "orderId": "bj-C", "account": "CAT", "symbol": "VOD.L", "side": "BUY", "orderQty": 1000}'),
  ('{"commandType": "CreateOrderCommand", "orderId": "bj-D", "account": "CAT", "symbol": "VOD.L", "side": "BUY", "orderQty": 1000}'),
  ('{"commandType": "CreateBlockOrderCommand", "orderId": "bj-K", "clOrdID": "bj-k", "members": [{"orderId": "bj-A", "quantity": 600}, {"orderId": "bj-B", "quantity": 400},
     {"orderId": "bj-C", "quantity": 10}, {"orderId": "bj-D", "quantity": 10}]}'),
  ('{"commandType": "ExecuteOrderCommand", "orderId": "bj-K", "executionId": "bj-e1", "execID": "1", "lastQty": 300, "lastPx": 10.4}')) AS t (c);
SELECT pg_temp.alloc('a0', '0', '|78=2|79=ANN|80=200|79=EVE|80=100');
SELECT pg_temp.alloc('a0', '0', '|78=2|79=ANN|80=200|79=CAT|80=10');
SELECT pg_temp.alloc('a0', '0', '|78=1|79=ANN|80=200', orders => '73=1|11=bj-a');
SELECT pg_temp.alloc('a0', '0', '|78=1|79=ANN|80=200', orders => '73=1|11=unheard');
SELECT pg_temp.alloc('a0', '0', '|78=1|79=ANN|80=200', orders => '73=2|11=bj-k|11=bj-a');
SELECT pg_temp.alloc('a0', '4', '|78=1|79=ANN|80=200');
-- damaged
SELECT pg_temp.alloc('a0', '0', '');
SELECT pg_temp.alloc('a0', '0', '|78=3|79=ANN|80=200|79=BEN|80=100');
SELECT pg_temp.alloc('a0', '0', '|78=2|79=ANN|80=200|79=BEN');
SELECT pg_temp.alloc('a0', '0', '|78=2|79=ANN|80=200|79=BEN|80=0');
SELECT pg_temp.j('71=0|73=1|11=bj-k|78=1|79=ANN|80=1');
-- The group of orders names a ClOrdID, and a router finds the database by it.
SELECT (oms.route_fix(E'8=FIX.4.4|9=87|35=J|49=CLIENT|56=DESK|34=1|52=20260302-09:30:00|70=a|71=2|73=1|11=bj-k|78=1|79=A|80=1|10=103|')).*;
-- 0 allocates, 1 does it anew, 2 takes it back; the same message again is a repeat if it says so, and refused if not.
CREATE VIEW pg_temp.m AS SELECT order_id, account, quantity, allocated_quantity, allocated_value, live FROM oms.block_members WHERE block_id = 'bj-K' ORDER BY position;
SELECT pg_temp.alloc('a1', '0', '|78=2|79=ANN|80=200|79=BEN|80=101');
SELECT pg_temp.alloc('a1', '0', '|78=3|79=ANN|80=150|79=BEN|80=100|79=ANN|80=20');
SELECT * FROM pg_temp.m;
SELECT pg_temp.alloc('a1', '0', '|78=2|79=ANN|80=10|79=BEN|80=10');
SELECT pg_temp.alloc('a1', '0', '|78=3|79=ANN|80=150|79=BEN|80=100|79=ANN|80=20', '|97=Y');
SELECT pg_temp.alloc('a2', '0', '|78=1|79=BEN|80=30');
SELECT pg_temp.alloc('a3', '1', '|78=2|79=ANN|80=200|79=BEN|80=71', '|72=a1');
SELECT * FROM pg_temp.m;
SELECT pg_temp.alloc('a3', '1', '|78=2|79=ANN|80=200|79=BEN|80=70', '|72=a1');
SELECT * FROM pg_temp.m;
SELECT pg_temp.alloc('a3', '1', '|78=2|79=ANN|80=200|79=BEN|80=70', '|72=a1|97=Y');
SELECT pg_temp.alloc('a4', '2', '', '|72=a3');
SELECT pg_temp.alloc('a4', '2', '', '|72=a3');
SELECT pg_temp.alloc('a4', '2', '', '|72=a3|97=Y');
-- What was taken back is not given again by a late copy of what gave it, flagged or not; nor does a copy in other quantities pass for one.
SELECT pg_temp.alloc(id, type, allocs, fields) FROM (VALUES
  ('a1', '0', '|78=3|79=ANN|80=150|79=BEN|80=100|79=ANN|80=20', '|43=Y'),
  ('a1', '0', '|78=3|79=ANN|80=150|79=BEN|80=100|79=ANN|80=20', ''),
  ('a1', '0', '|78=2|79=ANN|80=150|79=BEN|80=100', '|43=Y'),
  ('a3', '1', '|78=2|79=ANN|80=200|79=BEN|80=70', '|72=a1|43=Y'),
  -- one AllocID that replaces itself: once, however often it is told
  ('a7', '0', '|78=1|79=ANN|80=10', ''), ('a7', '1', '|78=1|79=ANN|80=11', ''), ('a7', '1', '|78=1|79=ANN|80=11', '|97=Y'),
  ('a7', '1', '|78=1|79=ANN|80=12', '|72=a7'), ('a7', '0', '|78=1|79=ANN|80=10', ''), ('a8', '2', '', '|72=a7')) AS t (id, type, allocs, fields);
-- a session that has an account gives to no other
INSERT INTO oms.fix_sessions (session, direction, account) VALUES ('CLIENT|DESK', 'CLIENT', 'ANN');
SELECT pg_temp.alloc('a9', '0', '|78=2|79=ANN|80=1|79=BEN|80=1'), split_part(pg_temp.alloc('a9', '0', '|78=1|79=ANN|80=1'), ' ', 1), split_part(pg_temp.alloc('a9', '2', ''), ' ', 1);
DELETE FROM oms.fix_sessions WHERE session = 'CLIENT|DESK';
-- another side, another symbol
SELECT pg_temp.j(replace(m, '54=1|55=VOD.L', named)) FROM (VALUES ('54=2|55=VOD.L'), ('54=1|55=BP.L')) AS t (named),
  (VALUES ('70=b0|71=0|626=1|73=1|11=bj-k|54=1|55=VOD.L|53=1|78=1|79=ANN|80=1'), ('70=b0|71=2|72=a1|626=1|73=1|11=bj-k|54=1|55=VOD.L|53=1')) AS u (m);
SELECT * FROM pg_temp.m;
SELECT block_id, alloc_id, method, members, execution_id FROM oms.block_allocations WHERE block_id = 'bj-K';
SELECT pg_temp.send('{"commandType": "CancelOrderCommand", "orderId": "bj-K"}');
SELECT pg_temp.alloc('a5', '0', '|78=2|79=ANN|80=200|79=BEN|80=70');
SELECT * FROM pg_temp.m;
SELECT id, status, executed_quantity, executed_value, avg_px, allocated_quantity, reserved_quantity, unplaced_quantity, live_blocks, block_order_ids FROM oms.orders WHERE id ~ '^bj-' ORDER BY id;
-- a late fill finds takers among those who are still live
SELECT pg_temp.send('{"commandType": "ExecuteOrderCommand", "orderId": "bj-K", "executionId": "bj-e2", "execID": "2", "lastQty": 30, "lastPx": 10.5}');
SELECT pg_temp.send('{"commandType": "ReplaceBlockMembersCommand", "orderId": "bj-K", "members": [{"orderId": "bj-A", "quantity": 231}, {"orderId": "bj-B", "quantity": 100}]}');
SELECT pg_temp.send('{"commandType": "ReplaceBlockMembersCommand", "orderId": "bj-K", "members": [{"orderId": "bj-A", "quantity": 230}, {"orderId": "bj-B", "quantity": 100}]}');
SELECT pg_temp.alloc('a6', '0', '|78=1|79=ANN|80=30');
SELECT * FROM pg_temp.m;
SELECT message_type, fix_message IS NOT NULL AS has_message, sqlstate FROM (SELECT command ->> 'msgType' AS message_type, command ->> 'fixMessage' AS fix_message, sqlstate FROM oms.rejected_commands
  WHERE command ->> 'msgType' = 'J' ORDER BY id DESC LIMIT 1) AS r;
SELECT * FROM oms.verify();

-- A long list of members: its command stands in the block's event alone, and what was possible to make can be allocated and closed.
CREATE FUNCTION pg_temp.long(block text, members int) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('commandType', 'CreateBlockOrderCommand', 'orderId', block, 'members', jsonb_agg(jsonb_build_object('orderId', 'bl-' || lpad(i::text, 36, '0'), 'quantity', 10)))
    FROM generate_series(1, members) AS i
$$;
SELECT count(*) FROM oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'bl-' || lpad(i::text, 36, '0'), 'symbol', 'X', 'side', 'BUY', 'orderQty', 100))
  FROM generate_series(1, 1000) AS i));
SELECT oms_try_command(pg_temp.long('bl-K', 1000)) #>> '{error,message}' AS too_many;
SELECT oms_command(pg_temp.long('bl-K', 500)) ->> 'status' AS five_hundred;
SELECT aggregate_id = 'bl-K' AS block, count(*), bool_or(payload -> 'command' ? 'members') AS whole, max(octet_length(payload::text)) < 16 * 1024 AS short
  FROM oms.order_events WHERE payload #>> '{command,commandType}' = 'CreateBlockOrderCommand' AND aggregate_id LIKE 'bl-%' GROUP BY 1 ORDER BY 1;
SELECT r ->> 'status' AS status, jsonb_array_length(r -> 'events') AS events FROM unnest(ARRAY['{"commandType": "ExecuteOrderCommand", "orderId": "bl-K", "execID": "1", "lastQty": 4500, "lastPx": 3.3}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "bl-K", "method": "PRO_RATA"}', '{"commandType": "CancelOrderCommand", "orderId": "bl-K"}']::jsonb[]) AS c, oms_command(c) AS r;
SELECT status, allocated_quantity, jsonb_array_length(members) AS members FROM oms.orders WHERE id = 'bl-K';

-- What its event tells a client of the command is his own part of it: no other client, and no message that names them.
SELECT e.event_type, e.payload #> '{command,members}' AS members, e.payload #> '{command,allocations}' AS allocations, count(*)
  FROM oms.order_events AS e
 WHERE e.aggregate_id IN ('bk-A', 'bk-B') AND (e.payload -> 'command' ? 'members' OR e.payload -> 'command' ? 'allocations')
 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT count(*) AS of_others
  FROM oms.order_events AS e
  JOIN oms.orders AS o ON o.id = e.aggregate_id AND o.block_order_ids IS NOT NULL
 CROSS JOIN (VALUES ('members'), ('allocations')) AS f (field)
 CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(e.payload -> 'command' -> f.field) WHEN 'array' THEN e.payload -> 'command' -> f.field ELSE '[]' END) AS s (share)
 WHERE s.share ->> 'orderId' <> e.aggregate_id;
SELECT count(*) FILTER (WHERE e.payload -> 'command' ? 'fixMessage') AS with_message, count(*) FILTER (WHERE e.payload -> 'command' ? 'fixMessageIn') > 0 AS says_where_it_is
  FROM oms.order_events AS e
 WHERE e.event_type = 'OrderAllocated' AND e.aggregate_id IN (SELECT m.order_id FROM oms.block_members AS m);

-- A split is told by FIX, whether its reason stands there as a code or as a name: all that is tied scales, the other block of the member too.
SELECT pg_temp.send(c) FROM (VALUES
  ('{"commandType": "CreateOrderCommand", "orderId": "bs-A", "symbol": "VOD.L", "side": "BUY", "orderQty": 100}'::jsonb),
  ('{"commandType": "CreateBlockOrderCommand", "orderId": "bs-K", "clOrdID": "bs-k", "members": [{"orderId": "bs-A", "quantity": 60}]}'),
  ('{"commandType": "CreateBlockOrderCommand", "orderId": "bs-L", "members": [{"orderId": "bs-A", "quantity": 40}]}')) AS t (c);
SELECT pg_temp.fix(format('35=8|49=DKSPLIT|56=DESK|34=1|52=20260302-09:30:00|37=br|11=bs-k|17=s%s|150=D|39=0|55=VOD.L|54=1|38=%s|151=%s|14=0|6=0|378=%s', qty, qty, qty, reason))
  FROM (VALUES (60, '1'), (120, 'GT_CORPORATE_ACTION'), (360, '0')) AS t (qty, reason);
SELECT id, order_qty, quantity_factor FROM oms.orders WHERE id ~ '^bs-' ORDER BY id;

SELECT * FROM oms.verify();
