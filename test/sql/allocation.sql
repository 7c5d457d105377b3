-- Allocation as it is called and answered: previews that write nothing, results that say who got what, the same again for a
-- repeat, refusals with their facts, batches, and oms.verify() after all of it. Who gets how much is in unit/allocation_share.c,
-- what busts and corrections do to it in unit/decide_allocations.c.
-- Broken by: a preview that leaves anything, a repeat that answers otherwise, a value that is not in the rows, a fill of a
-- child whose members are forgotten, a J that takes back what another allocated.
\set VERBOSITY terse
SET timezone = 'UTC';
-- not what comes first for a superuser called oms
SET search_path = public;

CREATE FUNCTION al_do(command jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', r ->> 'status', (SELECT string_agg((e ->> 'aggregateId') || ':' || (e ->> 'eventType'), ' ' ORDER BY n)
                                           FROM jsonb_array_elements(r -> 'events') WITH ORDINALITY AS x (e, n)),
                   r #>> '{error,sqlstate}', r #>> '{error,rule}', r #>> '{error,detail}')
    FROM oms_try_command(command) AS r
$$;
CREATE FUNCTION al_told(result jsonb) RETURNS TABLE (order_id text, quantity numeric, value numeric, avg_px numeric, commission numeric, flags jsonb) LANGUAGE sql AS $$
  SELECT a ->> 'orderId', (a ->> 'quantity')::numeric, (a ->> 'value')::numeric, (a ->> 'avgPx')::numeric, (a ->> 'commission')::numeric, a -> 'flags'
    FROM jsonb_array_elements(result -> 'allocations') AS a
$$;
CREATE VIEW al_members AS
  SELECT m.block_id, m.order_id, m.quantity, m.allocated_quantity, m.allocated_value, m.released, m.methods, o.status, o.executed_quantity, o.avg_px,
         o.reserved_quantity, o.live_blocks, o.block_order_ids, o.flags
    FROM oms.block_members AS m JOIN oms.orders AS o ON o.id = m.order_id WHERE m.block_id LIKE 'al-%' ORDER BY m.block_id, m.position;

-- A block over three client orders, of which one limit is strict; its fills come through two market orders.
SELECT al_do(c) FROM unnest(ARRAY[
  '{"commandType": "CreateOrderCommand", "orderId": "al-A", "account": "ACC-A", "symbol": "VOD.L", "side": "BUY", "orderQty": 500, "price": 6, "currency": "GBP", "attributes": {"roundLot": 100}}',
  '{"commandType": "CreateOrderCommand", "orderId": "al-B", "account": "ACC-B", "symbol": "VOD.L", "side": "BUY", "orderQty": 300, "price": 5.05, "currency": "GBP"}',
  '{"commandType": "CreateOrderCommand", "orderId": "al-C", "account": "ACC-C", "symbol": "VOD.L", "side": "BUY", "orderQty": 200, "price": 6, "currency": "GBP"}',
  '{"commandType": "CreateBlockOrderCommand", "orderId": "al-K", "price": 5.05, "members": [{"orderId": "al-A", "quantity": 500, "priority": 1}, {"orderId": "al-B", "quantity": 300, "priority": 2}, {"orderId": "al-C", "quantity": 200, "priority": 3}]}',
  '{"commandType": "PlaceOrderCommand", "orderId": "al-K", "children": [{"orderId": "al-K1", "clOrdID": "al-k1", "orderQty": 700, "destination": "XLON"}, {"orderId": "al-K2", "clOrdID": "al-k2", "orderQty": 300, "destination": "XPAR"}]}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-K1", "executionId": "al-e1", "execID": "x1", "lastQty": 500, "lastPx": 5, "tradeDate": "2026-03-02", "commission": 10, "commType": "ABSOLUTE"}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-K2", "executionId": "al-e2", "execID": "x2", "lastQty": 200, "lastPx": 5.4, "tradeDate": "2026-03-02", "commission": 3, "commType": "PER_UNIT"}'
]::jsonb[]) AS c;

-- Refused, with the facts.
SELECT al_do(('{"commandType": "AllocateExecutionCommand", ' || c || '}')::jsonb) FROM unnest(ARRAY[
  '"orderId": "al-K", "method": "PRO_RATA"',
  '"orderId": "al-K"',
  '"orderId": "al-K", "method": "MANUAL"',
  '"orderId": "al-K", "method": "PRIORITY", "weights": "LEAVES"',
  '"orderId": "al-K", "allocations": [{"orderId": "al-A", "quantity": 1}], "quantity": 1',
  '"orderId": "al-K", "allocations": [{"orderId": "al-A", "quantity": 0}]',
  '"orderId": "al-K", "allocations": [{"orderId": "al-A", "quantity": 501}]',
  '"orderId": "al-K", "allocations": [{"orderId": "al-A", "quantity": 500}, {"orderId": "al-B", "quantity": 300}]',
  '"orderId": "al-K", "allocations": [{"orderId": "al-K1", "quantity": 1}]',
  '"orderId": "al-K", "method": "EQUAL", "quantity": 700.5',
  '"orderId": "al-A", "method": "EQUAL"',
  '"orderId": "al-K1", "method": "EQUAL"',
  '"orderId": "al-K9", "method": "EQUAL"',
  '"executionId": "al-e9", "method": "EQUAL", "reason": "so"',
  '"executionId": "al-e1", "method": "EQUAL"',
  '"executionId": "al-e1", "orderId": "al-A", "method": "EQUAL", "reason": "so"',
  '"orderId": "al-K", "method": "EQUAL", "expectedVersion": 1',
  '"method": "EQUAL"']) AS c;

-- A preview says all of it, the limit that would be exceeded too, and leaves nothing: no row, no event, no commandId.
CREATE TEMP TABLE al_before AS SELECT (SELECT jsonb_agg(to_jsonb(o) ORDER BY o.id) FROM oms.orders AS o) AS orders,
  (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.id) FROM oms.executions AS e) AS executions, (SELECT count(*) FROM oms.order_events) AS events;
CREATE TEMP TABLE al_preview AS
  SELECT oms_command('{"commandType": "AllocateExecutionCommand", "commandId": "al-1", "orderId": "al-K", "method": "PRO_RATA", "confirm": true, "preview": true}') AS r;
SELECT t.* FROM al_preview, al_told(r) AS t;
SELECT r ->> 'status' AS status, r -> 'preview' AS preview, r -> 'events' AS events, r ? 'token' AS token, r #>> '{state,executionId}' AS about,
       (SELECT string_agg((o ->> 'orderId') || ' ' || (o ->> 'executedQuantity') || ' v' || (o ->> 'version'), ', ') FROM jsonb_array_elements(r -> 'orders') AS o) AS orders,
       (SELECT string_agg((e ->> 'executionId') || ' ' || (e ->> 'status'), ', ') FROM jsonb_array_elements(r -> 'executions') AS e) AS executions
  FROM al_preview;
SELECT b.orders = (SELECT jsonb_agg(to_jsonb(o) ORDER BY o.id) FROM oms.orders AS o)
       AND b.executions = (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.id) FROM oms.executions AS e) AND b.events = (SELECT count(*) FROM oms.order_events) AS as_before
  FROM al_before AS b;

-- Applied under the same commandId it is the same, and a repeat says it again.
CREATE TEMP TABLE al_applied AS
  SELECT oms_command('{"commandType": "AllocateExecutionCommand", "commandId": "al-1", "orderId": "al-K", "method": "PRO_RATA", "confirm": true}') AS r;
SELECT (SELECT jsonb_agg(a - 'allocationId') FROM jsonb_array_elements(p.r -> 'allocations') AS a) = (SELECT jsonb_agg(a - 'allocationId') FROM jsonb_array_elements(a.r -> 'allocations') AS a) AS as_previewed,
       (SELECT string_agg((e ->> 'aggregateId') || ':' || (e ->> 'eventType'), ' ' ORDER BY n) FROM jsonb_array_elements(a.r -> 'events') WITH ORDINALITY AS x (e, n)) AS events,
       oms_command('{"commandType": "AllocateExecutionCommand", "commandId": "al-1", "orderId": "al-K", "method": "PRO_RATA", "confirm": true}') - 'duplicate' = a.r AS again
  FROM al_preview AS p, al_applied AS a;
SELECT * FROM al_members;
SELECT id, status, flags, allocated_quantity, (SELECT jsonb_agg(a - 'allocationId') FROM jsonb_array_elements(allocations) AS a) AS allocations,
       (SELECT jsonb_agg(t - 'allocationId' - 'at') FROM jsonb_array_elements(allocation_terms) AS t) AS terms
  FROM oms.executions WHERE root_id = 'al-K' ORDER BY id;
SELECT id, executed_quantity, allocated_quantity, executed_value FROM oms.orders WHERE root_id = 'al-K' ORDER BY id;
SELECT * FROM oms.verify();

-- A bust through it, and a correction; what the members lose is theirs to get again.
SELECT al_do('{"commandType": "BustExecutionCommand", "executionId": "al-e2", "execID": "x3", "reason": "another''s"}');
SELECT order_id, allocated_quantity, allocated_value, status, avg_px, reserved_quantity, flags FROM al_members;
SELECT regexp_replace(al_do('{"commandType": "CorrectExecutionCommand", "executionId": "al-e1", "execID": "x4", "lastQty": 600}'), '[0-9a-f-]{36}', 'correction');
SELECT order_id, allocated_quantity, allocated_value, status, avg_px, reserved_quantity FROM al_members;
SELECT * FROM oms.verify();

-- One fill alone, and taken back from one member, and from all; all in one batch with what comes of it.
SELECT (r ->> 'status') || ' ' || coalesce(r #>> '{state,status}', concat_ws(' ', r #>> '{error,sqlstate}', r #>> '{error,rule}')) || ' ' || coalesce(r #>> '{state,flags}', '') AS done
  FROM oms_commands('[
  {"commandType": "ExecuteOrderCommand", "orderId": "al-K2", "executionId": "al-e5", "execID": "x5", "lastQty": 100, "lastPx": 4, "tradeDate": "2026-03-03"},
  {"commandType": "ExecuteOrderCommand", "orderId": "al-K2", "executionId": "al-e6", "execID": "x6", "lastQty": 50, "lastPx": 5, "tradeDate": "2026-03-03"},
  {"commandType": "AllocateExecutionCommand", "executionId": "al-e5", "method": "EQUAL", "reason": "dealt by himself"},
  {"commandType": "DeallocateExecutionCommand", "executionId": "al-e5", "orderId": "al-A", "preview": true},
  {"commandType": "DeallocateExecutionCommand", "executionId": "al-e5", "orderId": "al-A"},
  {"commandType": "DeallocateExecutionCommand", "executionId": "al-e5", "orderId": "al-A"},
  {"commandType": "DeallocateExecutionCommand", "executionId": "al-e5"},
  {"commandType": "DeallocateExecutionCommand", "executionId": "al-e5"}]', false) AS r;
SELECT * FROM oms.verify();

-- The client who wants to be out is, when the block has given him the last of his part.
SELECT al_do(c) FROM unnest(ARRAY[
  '{"commandType": "RequestCancelOrderCommand", "orderId": "al-C", "clOrdID": "al-c2"}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "al-K", "allocations": [{"orderId": "al-C", "quantity": 50}], "confirm": true}',
  '{"commandType": "CancelOrderCommand", "orderId": "al-K1"}',
  '{"commandType": "CancelOrderCommand", "orderId": "al-K2"}',
  '{"commandType": "CancelOrderCommand", "orderId": "al-K"}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "al-K", "method": "PRIORITY"}'
]::jsonb[]) AS c;
SELECT order_id, quantity, allocated_quantity, released, status, reserved_quantity, live_blocks, methods FROM al_members;
SELECT regexp_replace(al_do('{"commandType": "BustExecutionCommand", "executionId": "al-e1", "execID": "x9", "reason": "all wrong"}'), '[0-9a-f-]{36}', 'correction');
SELECT order_id, quantity, allocated_quantity, allocated_value, released, status, block_order_ids FROM al_members;
SELECT * FROM oms.verify();

-- By FIX: given by one message, given otherwise by another, and taken back; what was allocated otherwise stays.
CREATE FUNCTION al_j(fields text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  body text := replace('35=J|49=CLIENT|56=DESK|34=1|52=20260302-09:30:00|' || fields || '|626=1|857=1|73=1|11=al-j|54=1|55=VOD.L|53=300|6=5|75=20260302|60=20260302-09:30:00|', '|', E'\x01');
  message text := format(E'8=FIX.4.4\x019=%s\x01%s', length(body), body);
  r jsonb;
BEGIN
  message := message || '10=' || lpad(((SELECT sum(ascii(c)) FROM regexp_split_to_table(message, '') AS c) % 256)::text, 3, '0') || E'\x01';
  r := oms_try_fix(message);
  RETURN concat_ws(' ', r ->> 'status', r ->> 'reason', r #>> '{error,sqlstate}', r #>> '{error,detail}',
                   (SELECT string_agg(format('%s:%s', e ->> 'aggregateId', e ->> 'eventType'), ' ' ORDER BY x.n, y.n)
                      FROM jsonb_array_elements(r -> 'results') WITH ORDINALITY AS x (result, n)
                     CROSS JOIN LATERAL jsonb_array_elements(x.result -> 'events') WITH ORDINALITY AS y (e, n)));
END $$;
SELECT al_do(c) FROM unnest(ARRAY[
  '{"commandType": "CreateOrderCommand", "orderId": "al-JA", "account": "ANN", "symbol": "VOD.L", "side": "BUY", "orderQty": 500}',
  '{"commandType": "CreateOrderCommand", "orderId": "al-JB", "account": "BEN", "symbol": "VOD.L", "side": "BUY", "orderQty": 300}',
  '{"commandType": "CreateBlockOrderCommand", "orderId": "al-J", "clOrdID": "al-j", "members": [{"orderId": "al-JA", "quantity": 500}, {"orderId": "al-JB", "quantity": 300}]}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-J", "executionId": "al-j1", "execID": "j1", "lastQty": 300, "lastPx": 5}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "al-J", "method": "PRIORITY", "quantity": 100}'
]::jsonb[]) AS c;
SELECT al_j('70=a1|71=0|78=2|79=ANN|80=50|79=BEN|80=150');
SELECT order_id, allocated_quantity, methods FROM al_members WHERE block_id = 'al-J';
SELECT al_j('70=a2|71=1|72=a1|78=2|79=ANN|80=150|79=BEN|80=50');
SELECT order_id, allocated_quantity, methods FROM al_members WHERE block_id = 'al-J';
SELECT method, jsonb_path_query_array(members, '$[*].orderId') AS members, execution_id, (SELECT count(*) FROM oms.executions AS e WHERE e.root_id = 'al-J' AND e.allocation_terms @> '[{"allocID": "a2"}]') AS by_message
  FROM oms.block_allocations WHERE block_id = 'al-J' ORDER BY allocated_at;
SELECT al_j('70=a3|71=2|72=a1|78=1|79=ANN|80=150');
SELECT al_j('70=a3|71=2|72=a2|78=1|79=ANN|80=150');
SELECT order_id, allocated_quantity, methods FROM al_members WHERE block_id = 'al-J';
SELECT * FROM oms.verify();

-- An open block wants what its members do, also when a bust or a deallocation takes that away: one whose member is gone wants nothing, and what is
-- filled then waits, and is flagged once it is booked. What a counterparty may still fill of it stays its quantity, and the flag is the same.
SELECT al_do(c) FROM unnest(ARRAY[
  '{"commandType": "CreateOrderCommand", "orderId": "al-WA", "symbol": "VOD.L", "side": "BUY", "orderQty": 500}',
  '{"commandType": "CreateOrderCommand", "orderId": "al-WB", "symbol": "VOD.L", "side": "BUY", "orderQty": 500}',
  '{"commandType": "CreateBlockOrderCommand", "orderId": "al-W", "members": [{"orderId": "al-WA", "quantity": 100}, {"orderId": "al-WB", "quantity": 50}]}',
  '{"commandType": "CreateBlockOrderCommand", "orderId": "al-V", "members": [{"orderId": "al-WA", "quantity": 100}]}',
  '{"commandType": "AcceptOrderCommand", "orderId": "al-V", "execID": "v0", "orderID": "broker"}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-W", "executionId": "al-w1", "execID": "w1", "lastQty": 150, "lastPx": 5}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-V", "executionId": "al-v1", "execID": "v1", "lastQty": 100, "lastPx": 5}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "al-W", "method": "PRO_RATA"}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "al-V", "method": "PRO_RATA"}',
  '{"commandType": "ReplaceBlockMembersCommand", "orderId": "al-W", "members": [{"orderId": "al-WB", "quantity": 50}]}',
  '{"commandType": "ReplaceBlockMembersCommand", "orderId": "al-V", "members": []}',
  '{"commandType": "DeallocateExecutionCommand", "executionId": "al-w1", "orderId": "al-WA", "reason": "not his"}'
]::jsonb[]) AS c;
CREATE VIEW al_wanted AS
  SELECT id, status, order_qty, executed_quantity, leaves_quantity, unplaced_quantity, flags, jsonb_path_query_array(members, '$[*].orderId') AS members
    FROM oms.orders WHERE id IN ('al-V', 'al-W') ORDER BY id;
SELECT * FROM al_wanted;
-- what is wanted of it now
SELECT al_do('{"commandType": "ReplaceBlockMembersCommand", "orderId": "al-W", "members": [{"orderId": "al-WB", "quantity": 50}, {"orderId": "al-WA", "quantity": 20}]}');
SELECT * FROM al_wanted;
SELECT al_do(c) FROM unnest(ARRAY[
  '{"commandType": "BustExecutionCommand", "executionId": "al-w1", "execID": "w2"}',
  '{"commandType": "BustExecutionCommand", "executionId": "al-v1", "execID": "v2"}',
  '{"commandType": "ReplaceBlockMembersCommand", "orderId": "al-W", "members": []}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-W", "executionId": "al-w3", "execID": "w3", "lastQty": 50, "lastPx": 5}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-V", "executionId": "al-v3", "execID": "v3", "lastQty": 50, "lastPx": 5}',
  '{"commandType": "ApproveExecutionCommand", "executionId": "al-w3", "reason": "it was dealt"}'
]::jsonb[]) AS c;
SELECT * FROM al_wanted;
SELECT * FROM oms.verify();

-- A fill that waits in review is in its pool from when it is booked: what was allocated before has nothing of it, and keeps its value when it is busted.
SELECT al_do(c) FROM unnest(ARRAY[
  '{"commandType": "CreateOrderCommand", "orderId": "al-QA", "symbol": "VOD.L", "side": "BUY", "orderQty": 500, "price": 20}',
  '{"commandType": "CreateBlockOrderCommand", "orderId": "al-Q", "price": 20, "members": [{"orderId": "al-QA", "quantity": 500}]}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-Q", "executionId": "al-q1", "execID": "q1", "lastQty": 100, "lastPx": 10}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-Q", "executionId": "al-q2", "execID": "q2", "lastQty": 40, "lastPx": 30}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "al-Q", "allocations": [{"orderId": "al-QA", "quantity": 50}]}',
  '{"commandType": "ApproveExecutionCommand", "executionId": "al-q2", "reason": "it was dealt"}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "al-Q", "method": "PRO_RATA", "quantity": 45}'
]::jsonb[]) AS c;
SELECT id, status, booked_at > created_at AS later, allocated_quantity, (SELECT sum((a ->> 'value')::numeric) FROM jsonb_array_elements(allocations) AS a) AS value
  FROM oms.executions WHERE root_id = 'al-Q' ORDER BY id;
SELECT method, pool_quantity, pool_value FROM oms.block_allocations WHERE block_id = 'al-Q' ORDER BY allocated_at;
SELECT al_do('{"commandType": "BustExecutionCommand", "executionId": "al-q2", "execID": "q3"}');
SELECT method, pool_quantity, pool_value FROM oms.block_allocations WHERE block_id = 'al-Q' ORDER BY allocated_at;
SELECT order_id, allocated_quantity, allocated_value FROM al_members WHERE block_id = 'al-Q';
SELECT * FROM oms.verify();

-- A split scales a block, its tree, its memberships, its allocations and its members once, whoever is named; and where two
-- brokers tell it, each his own fills. Values stay.
SELECT al_do(c) FROM unnest(ARRAY[
  '{"commandType": "CreateOrderCommand", "orderId": "al-SA", "symbol": "VOD.L", "side": "BUY", "orderQty": 500, "price": 6}',
  '{"commandType": "CreateOrderCommand", "orderId": "al-SB", "symbol": "VOD.L", "side": "BUY", "orderQty": 300, "price": 6}',
  '{"commandType": "CreateBlockOrderCommand", "orderId": "al-S", "members": [{"orderId": "al-SA", "quantity": 400}, {"orderId": "al-SB", "quantity": 300}]}',
  '{"commandType": "PlaceOrderCommand", "orderId": "al-S", "children": [{"orderId": "al-S1", "orderQty": 400}, {"orderId": "al-S2", "orderQty": 300}]}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-S1", "executionId": "al-s1", "lastQty": 300, "lastPx": 5}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-S2", "executionId": "al-s2", "lastQty": 100, "lastPx": 6}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "al-S", "method": "PRO_RATA", "quantity": 350}',
  '{"commandType": "RestateOrderCommand", "orderId": "al-S2", "execID": "r2", "execType": "RESTATED", "quantityFactor": 1.5, "corporateActionId": "ca-1"}'
]::jsonb[]) AS c;
SELECT * FROM oms.verify();
SELECT al_do('{"commandType": "RestateOrderCommand", "orderId": "al-S1", "execID": "r1", "execType": "RESTATED", "quantityFactor": 1.5, "corporateActionId": "ca-1"}');
SELECT id, order_qty, price, executed_quantity, allocated_quantity, executed_value, avg_px, reserved_quantity FROM oms.orders WHERE id LIKE 'al-S%' ORDER BY id;
SELECT order_id, quantity, allocated_quantity, allocated_value FROM al_members WHERE block_id = 'al-S';
SELECT al_do('{"commandType": "RestateOrderCommand", "orderId": "al-SB", "quantityFactor": 1.5, "corporateActionId": "ca-1"}');
SELECT al_do('{"commandType": "RestateOrderCommand", "orderId": "al-SB", "quantityFactor": 2, "corporateActionId": "ca-2"}');
SELECT order_id, quantity, allocated_quantity, allocated_value FROM al_members WHERE block_id = 'al-S';
SELECT al_do('{"commandType": "AllocateExecutionCommand", "orderId": "al-S", "method": "PRO_RATA"}');
SELECT * FROM oms.verify();

-- After a split a pool is counted from its fills, the one that ends too: what was given of both is worth what the other is.
SELECT al_do(c) FROM unnest(ARRAY[
  '{"commandType": "CreateOrderCommand", "orderId": "al-UA", "symbol": "VOD.L", "side": "BUY", "orderQty": 500}',
  '{"commandType": "CreateBlockOrderCommand", "orderId": "al-U", "members": [{"orderId": "al-UA", "quantity": 500}]}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-U", "executionId": "al-u1", "lastQty": 100, "lastPx": 10}',
  '{"commandType": "RestateOrderCommand", "orderId": "al-U", "quantityFactor": 2}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-U", "executionId": "al-u2", "lastQty": 60, "lastPx": 10}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "al-U", "allocations": [{"orderId": "al-UA", "quantity": 100}]}',
  '{"commandType": "BustExecutionCommand", "executionId": "al-u2", "reason": "none of ours"}'
]::jsonb[]) AS c;
SELECT order_id, quantity, allocated_quantity, allocated_value FROM al_members WHERE block_id = 'al-U';
-- A membership that lacks the least of a unit is open after a split as before; one that is full stays so, also while only one of two brokers has told it.
SELECT al_do(c) FROM unnest(ARRAY[
  '{"commandType": "CreateOrderCommand", "orderId": "al-RA", "symbol": "VOD.L", "side": "BUY", "orderQty": 500}',
  '{"commandType": "CreateBlockOrderCommand", "orderId": "al-R", "members": [{"orderId": "al-RA", "quantity": 1}]}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-R", "executionId": "al-r1", "lastQty": 0.99999999, "lastPx": 10}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "al-R", "method": "PRO_RATA"}',
  '{"commandType": "RestateOrderCommand", "orderId": "al-R", "quantityFactor": 0.1}',
  '{"commandType": "CreateOrderCommand", "orderId": "al-YA", "symbol": "VOD.L", "side": "BUY", "orderQty": 500}',
  '{"commandType": "CreateBlockOrderCommand", "orderId": "al-Y", "members": [{"orderId": "al-YA", "quantity": 100}]}',
  '{"commandType": "PlaceOrderCommand", "orderId": "al-Y", "children": [{"orderId": "al-Y1", "orderQty": 60}, {"orderId": "al-Y2", "orderQty": 40}]}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-Y1", "executionId": "al-y1", "lastQty": 60, "lastPx": 5}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-Y2", "executionId": "al-y2", "lastQty": 40, "lastPx": 5}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "al-Y", "method": "PRO_RATA"}',
  '{"commandType": "RestateOrderCommand", "orderId": "al-Y1", "execID": "q1", "quantityFactor": 2, "corporateActionId": "ca-q"}'
]::jsonb[]) AS c;
SELECT block_id, quantity, allocated_quantity, live FROM oms.block_members WHERE block_id IN ('al-R', 'al-Y') ORDER BY 1;
SELECT al_do('{"commandType": "RestateOrderCommand", "orderId": "al-Y2", "execID": "q2", "quantityFactor": 2, "corporateActionId": "ca-q"}');
SELECT block_id, quantity, allocated_quantity, live FROM oms.block_members WHERE block_id IN ('al-R', 'al-Y') ORDER BY 1;
SELECT * FROM oms.verify();

-- Four eyes of allocations: who gives quantities by hand, or takes back, proposes; somebody else has it done, as things are then.
CREATE ROLE regress_al_ann;
CREATE ROLE regress_al_bob;
GRANT EXECUTE ON FUNCTION oms_try_command(jsonb), oms_command(jsonb) TO regress_al_ann, regress_al_bob;
CREATE FUNCTION al_as(who text, command jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r jsonb;
BEGIN
  EXECUTE format('SET SESSION AUTHORIZATION %I', 'regress_al_' || who);
  r := oms_try_command(command);
  RESET SESSION AUTHORIZATION;
  RETURN concat_ws(' ', r ->> 'status', r #>> '{state,status}', r #>> '{state,allocationProposal,author}',
                   (SELECT string_agg((e ->> 'aggregateId') || ':' || (e ->> 'eventType'), ' ' ORDER BY n) FROM jsonb_array_elements(r -> 'events') WITH ORDINALITY AS x (e, n)),
                   r #>> '{error,sqlstate}', r #>> '{error,rule}', r #>> '{error,detail}');
END $$;
SELECT al_do(c) FROM unnest(ARRAY[
  '{"commandType": "CreateOrderCommand", "orderId": "al-FA", "symbol": "VOD.L", "side": "BUY", "orderQty": 500}',
  '{"commandType": "CreateOrderCommand", "orderId": "al-FB", "symbol": "VOD.L", "side": "BUY", "orderQty": 300}',
  '{"commandType": "CreateBlockOrderCommand", "orderId": "al-F", "members": [{"orderId": "al-FA", "quantity": 500}, {"orderId": "al-FB", "quantity": 300}]}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-F", "executionId": "al-f1", "lastQty": 100, "lastPx": 5}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-F", "executionId": "al-f2", "lastQty": 100, "lastPx": 5}'
]::jsonb[]) AS c;
SET oms_state.allocation_four_eyes = on;
SELECT al_as(who, c::jsonb) FROM (VALUES
  ('ann', '{"commandType": "AllocateExecutionCommand", "orderId": "al-F", "allocations": [{"orderId": "al-FB", "quantity": 301}]}'),
  ('ann', '{"commandType": "AllocateExecutionCommand", "orderId": "al-F", "allocations": [{"orderId": "al-FB", "quantity": 150}]}'),
  ('ann', '{"commandType": "ApproveExecutionCommand", "executionId": "al-f1"}'),
  ('bob', '{"commandType": "ApproveExecutionCommand", "executionId": "al-f1", "lastQty": 50}'),
  ('bob', '{"commandType": "ApproveExecutionCommand", "executionId": "al-f1"}'),
  ('bob', '{"commandType": "ApproveExecutionCommand", "executionId": "al-f1"}'),
  -- a method has nobody's hand in it
  ('ann', '{"commandType": "AllocateExecutionCommand", "orderId": "al-F", "method": "PRIORITY"}'),
  ('ann', '{"commandType": "DeallocateExecutionCommand", "executionId": "al-f2", "orderId": "al-FA"}'),
  ('bob', '{"commandType": "RejectExecutionCommand", "executionId": "al-f2", "reason": "he is to keep it"}'),
  ('bob', '{"commandType": "DeallocateExecutionCommand", "executionId": "al-f2"}'),
  ('ann', '{"commandType": "ApproveExecutionCommand", "executionId": "al-f2"}'),
  -- what is proposed goes with its fill
  ('ann', '{"commandType": "AllocateExecutionCommand", "orderId": "al-F", "allocations": [{"orderId": "al-FA", "quantity": 1}]}'),
  ('bob', '{"commandType": "BustExecutionCommand", "executionId": "al-f2", "reason": "none of ours"}'),
  ('bob', '{"commandType": "ApproveExecutionCommand", "executionId": "al-f2"}')) AS t (who, c);
-- what waits for somebody else stands in the desk's queue
SELECT al_as('ann', '{"commandType": "DeallocateExecutionCommand", "executionId": "al-f1", "reason": "the wrong client"}');
SELECT what, order_id, execution_id, author, reason, unallocated_quantity FROM oms.desk_queue WHERE order_id = 'al-F' ORDER BY what;
SELECT al_as('bob', '{"commandType": "RejectExecutionCommand", "executionId": "al-f1", "reason": "it is right"}');
SELECT what FROM oms.desk_queue WHERE order_id = 'al-F' ORDER BY what;
RESET oms_state.allocation_four_eyes;
SELECT order_id, allocated_quantity, methods FROM al_members WHERE block_id = 'al-F';
-- … by FIX, too, from whoever is no feed; approved, it has its AllocID. What replaces would be half done: it is refused.
CREATE ROLE regress_al_feed;
GRANT EXECUTE ON FUNCTION oms_try_fix(text), al_j(text) TO regress_al_ann, regress_al_bob, regress_al_feed;
SET oms_state.feed_roles = regress_al_feed;
CREATE FUNCTION al_j_as(who text, fields text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r text;
BEGIN
  EXECUTE format('SET SESSION AUTHORIZATION %I', 'regress_al_' || who);
  r := al_j(fields);
  RESET SESSION AUTHORIZATION;
  RETURN r;
END $$;
SELECT al_do('{"commandType": "ExecuteOrderCommand", "orderId": "al-J", "executionId": "al-j2", "execID": "j2", "lastQty": 100, "lastPx": 5}');
SET oms_state.allocation_four_eyes = on;
SELECT al_j_as('ann', '70=b1|71=0|78=1|79=BEN|80=60');
-- what waits is not lost to another wish; its own copy is the same
SELECT al_j_as('bob', '70=b0|71=0|78=1|79=BEN|80=10'), al_j_as('ann', '70=b1|71=0|78=1|79=BEN|80=60');
SELECT al_as('bob', '{"commandType": "AllocateExecutionCommand", "orderId": "al-J", "allocations": [{"orderId": "al-JA", "quantity": 1}]}');
SELECT author, execution_id FROM oms.desk_queue WHERE order_id = 'al-J' AND what = 'PROPOSAL';
SELECT al_as(who, '{"commandType": "ApproveExecutionCommand", "executionId": "al-j1"}') FROM unnest(ARRAY['ann', 'bob']) AS who;
SELECT order_id, allocated_quantity, methods FROM al_members WHERE block_id = 'al-J';
SELECT al_j_as('bob', '70=b1|71=0|78=1|79=BEN|80=60');
SELECT al_j_as('ann', '70=b2|71=1|72=b1|78=1|79=ANN|80=60');
SELECT count(*) FROM oms.desk_queue WHERE order_id = 'al-J' AND what = 'PROPOSAL';
SELECT al_j_as('ann', '70=b2|71=2|72=b1|78=1|79=BEN|80=60');
SELECT order_id, allocated_quantity, methods FROM al_members WHERE block_id = 'al-J';
-- who approves is told who has what, where that makes an allocation
SELECT al_as('bob', '{"commandType": "ApproveExecutionCommand", "executionId": "al-j1"}');
SELECT order_id, allocated_quantity, methods FROM al_members WHERE block_id = 'al-J';
-- what was approved and taken back since is not given again by its copy
SELECT al_j_as('feed', '43=Y|70=b1|71=0|78=1|79=BEN|80=60'), al_j_as('ann', '70=b1|71=0|78=1|79=BEN|80=60');
SELECT al_j_as('feed', '70=b3|71=0|78=1|79=BEN|80=60');
SELECT al_j_as('feed', '70=b4|71=1|72=b3|78=1|79=ANN|80=60');
SELECT al_j_as('ann', '70=b5|71=0|78=1|79=BEN|80=10');
SET SESSION AUTHORIZATION regress_al_bob;
SELECT r -> 'allocations' #- '{0,allocationId}' AS allocations
  FROM oms_command('{"commandType": "ApproveExecutionCommand", "executionId": "al-j1"}') AS r;
RESET SESSION AUTHORIZATION;
-- One AllocID proposed for two fills: whichever is approved first has it. The other is refused, or, where it says that it may have come before, is that one, and waits no more.
SELECT al_j_as('ann', '70=b6|71=0|78=1|79=BEN|80=5');
SELECT al_do('{"commandType": "AllocateExecutionCommand", "executionId": "al-j1", "method": "EQUAL", "reason": "the rest of it"}');
SELECT al_j_as('ann', '70=b6|71=0|78=1|79=BEN|80=5|97=Y');
SELECT al_do('{"commandType": "ExecuteOrderCommand", "orderId": "al-J", "executionId": "al-j3", "execID": "j3", "lastQty": 10, "lastPx": 5, "tradeDate": "2026-03-01"}');
SELECT al_j_as('ann', '70=b6|71=0|78=1|79=BEN|80=5');
SELECT author, execution_id FROM oms.desk_queue WHERE order_id = 'al-J' AND what = 'PROPOSAL' ORDER BY execution_id;
SELECT al_as('bob', jsonb_build_object('commandType', 'ApproveExecutionCommand', 'executionId', id)) FROM unnest(ARRAY['al-j3', 'al-j2', 'al-j1']) AS id;
SELECT author, execution_id FROM oms.desk_queue WHERE order_id = 'al-J' AND what = 'PROPOSAL' ORDER BY execution_id;
SELECT al_as('bob', '{"commandType": "RejectExecutionCommand", "executionId": "al-j1", "reason": "told twice"}');
SELECT order_id, allocated_quantity, methods FROM al_members WHERE block_id = 'al-J';
-- A superuser is nobody's feed, unless he has been given its role.
SELECT al_j('70=b7|71=0|78=1|79=BEN|80=1');
RESET oms_state.allocation_four_eyes;
RESET oms_state.feed_roles;

-- What is given back of a fill that was allocated alone has the value that it counted for, its own price, also when a fill beside it
-- is taken back later: what was allocated meanwhile has the average of the others.
SELECT al_do(c) FROM unnest(ARRAY[
  '{"commandType": "CreateOrderCommand", "orderId": "al-SOLO-A", "symbol": "VOD.L", "side": "BUY", "orderQty": 10}',
  '{"commandType": "CreateBlockOrderCommand", "orderId": "al-SOLO", "members": [{"orderId": "al-SOLO-A", "quantity": 10, "priority": 1}]}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-SOLO", "executionId": "al-solo2", "execID": "solo2", "lastQty": 4, "lastPx": 10}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-SOLO", "executionId": "al-solo3", "execID": "solo3", "lastQty": 4, "lastPx": 20}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-SOLO", "executionId": "al-solo1", "execID": "solo1", "lastQty": 2, "lastPx": 100}',
  '{"commandType": "AllocateExecutionCommand", "executionId": "al-solo2", "method": "PRO_RATA", "reason": "his own"}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "al-SOLO", "allocations": [{"orderId": "al-SOLO-A", "quantity": 2}]}',
  '{"commandType": "DeallocateExecutionCommand", "executionId": "al-solo2", "reason": "it was not"}',
  '{"commandType": "BustExecutionCommand", "executionId": "al-solo1", "execID": "solo4", "reason": "venue"}'
]::jsonb[]) AS c;
SELECT order_id, allocated_quantity, allocated_value FROM al_members WHERE block_id = 'al-SOLO';

-- Of a fill that becomes less no more was given back than there is of it: what another allocation had meanwhile of what came back first keeps its
-- average (15), and the part that came back later is the smaller one.
SELECT al_do(c) FROM unnest(ARRAY[
  '{"commandType": "CreateOrderCommand", "orderId": "al-BACK-A", "symbol": "VOD.L", "side": "BUY", "orderQty": 100}',
  '{"commandType": "CreateOrderCommand", "orderId": "al-BACK-B", "symbol": "VOD.L", "side": "BUY", "orderQty": 100}',
  '{"commandType": "CreateBlockOrderCommand", "orderId": "al-BACK", "members": [{"orderId": "al-BACK-A", "quantity": 100, "priority": 1}, {"orderId": "al-BACK-B", "quantity": 100, "priority": 2}]}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-BACK", "executionId": "al-back1", "execID": "back1", "lastQty": 20, "lastPx": 10}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "al-BACK", "method": "PRO_RATA"}',
  '{"commandType": "DeallocateExecutionCommand", "executionId": "al-back1", "orderId": "al-BACK-A", "reason": "it was not"}',
  '{"commandType": "ExecuteOrderCommand", "orderId": "al-BACK", "executionId": "al-back2", "execID": "back2", "lastQty": 10, "lastPx": 20}',
  '{"commandType": "AllocateExecutionCommand", "orderId": "al-BACK", "method": "PRO_RATA", "quantity": 12}',
  '{"commandType": "DeallocateExecutionCommand", "executionId": "al-back1", "orderId": "al-BACK-B", "reason": "it was not"}'
]::jsonb[]) AS c;
SELECT oms_command('{"commandType": "CorrectExecutionCommand", "executionId": "al-back1", "execID": "back3", "lastQty": 15, "lastPx": 10}') ->> 'status' AS status;
SELECT order_id, allocated_quantity, allocated_value FROM al_members WHERE block_id = 'al-BACK';
SELECT x ->> 'poolQuantity' AS pool_quantity, (SELECT jsonb_agg(r -> 'quantity' ORDER BY r ->> 'at') FROM jsonb_array_elements(x -> 'returned') AS r) AS returned
  FROM oms.executions, jsonb_array_elements(allocation_terms) AS x WHERE order_id = 'al-BACK' ORDER BY x ->> 'at';
SELECT * FROM oms.verify();

-- A server on which installcheck runs again has none of these.
DROP OWNED BY regress_al_ann, regress_al_bob, regress_al_feed;
DROP ROLE regress_al_ann, regress_al_bob, regress_al_feed;
