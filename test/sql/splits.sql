-- Splits: what a corporate action does to a tree, reported or asked for, and what it must not do.
-- Broken by: a factor that lets another rule be passed, a filled order that opens, an open one that fills, a fill that
-- counts for nothing, a sum that is not the sum of its parts, an order that is scaled twice or not at all.

CREATE FUNCTION pg_temp.do(command jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result jsonb := oms_try_command(command);
BEGIN
  RETURN coalesce(result->'error'->>'sqlstate' || ' ' || coalesce(result->'error'->>'rule', ''), result->>'status');
END $$;

CREATE FUNCTION pg_temp.show(tree text, OUT "order" text, OUT status text, OUT qty numeric, OUT price numeric, OUT executed numeric, OUT leaves numeric,
    OUT unplaced numeric, OUT reserved numeric, OUT value numeric, OUT flags text[])
  RETURNS SETOF record LANGUAGE sql AS $$
  SELECT o.id, o.status, o.order_qty, o.price, o.executed_quantity, o.leaves_quantity, o.unplaced_quantity, o.reserved_quantity, o.executed_value, o.flags
  FROM oms.orders AS o WHERE root_id = tree ORDER BY id $$;

CREATE FUNCTION pg_temp.make(id text, parent text, qty numeric, fill numeric DEFAULT NULL, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', pg_temp.do(jsonb_strip_nulls(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', id, 'parentId', parent,
      'symbol', CASE WHEN parent IS NULL THEN 'X' END, 'side', CASE WHEN parent IS NULL THEN 'BUY' END, 'orderQty', qty)) || more),
    CASE WHEN fill IS NOT NULL THEN pg_temp.do(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', id, 'executionId', id || '-x', 'execID', id || '-e', 'lastQty', fill, 'lastPx', 10)) END) $$;

CREATE FUNCTION pg_temp.split(id text, factor numeric, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.do(jsonb_build_object('commandType', 'RestateOrderCommand', 'orderId', id, 'quantityFactor', factor) || more) $$;

-- A factor opens no door: a quantity beside it is the scaled one, or is refused; so is every other change that a rule forbids.
SELECT pg_temp.make('za', NULL, 100), pg_temp.make('zb', 'za', 100);
SELECT pg_temp.split('zb', 1, '{"orderQty": 100000}');
SELECT oms_try_command('{"commandType": "RestateOrderCommand", "orderId": "zb", "quantityFactor": 2, "orderQty": 201}')->'error' AS refused;
SELECT pg_temp.split('zb', 2, '{"ordType": "LIMIT"}');
SELECT pg_temp.split('zb', 2, '{"timeInForce": "GOOD_TILL_DATE"}');
SELECT pg_temp.split('zb', 2, '{"orderQty": 200, "ordType": "LIMIT", "price": 5, "corporateActionId": "CA-1"}');
SELECT * FROM pg_temp.show('za');
-- A child that was done for the day takes its place again, which another one has meanwhile.
SELECT pg_temp.make('zc', NULL, 100), pg_temp.make('zc1', 'zc', 60), pg_temp.do('{"commandType": "DoneForDayOrderCommand", "orderId": "zc1"}'), pg_temp.make('zc2', 'zc', 50);
SELECT pg_temp.split('zc1', 2), pg_temp.split('zc2', 2);

-- Thirds and sevenths: what was filled stays filled, at every level, with nothing left open and nothing to place.
SELECT pg_temp.make('d', NULL, 3), pg_temp.make('d1', 'd', 1, 1), pg_temp.make('d2', 'd', 1, 1), pg_temp.make('d3', 'd', 1, 1);
SELECT pg_temp.split('d', 0.33333333333333333333);
SELECT * FROM pg_temp.show('d');
SELECT pg_temp.make('f', NULL, 22), pg_temp.make('f1', 'f', 15, 1), pg_temp.make('f11', 'f1', 7, 7), pg_temp.make('f12', 'f1', 7, 7), pg_temp.make('f2', 'f', 7, 3);
SELECT pg_temp.split('f1', 0.14285714285714285714);
SELECT * FROM pg_temp.show('f');
-- What was open stays open: the rest of an order is never rounded away, and one that was placed in full stays so.
SELECT pg_temp.make('g', NULL, 1), pg_temp.make('g1', 'g', 1, 0.9999999999);
SELECT pg_temp.split('g', 0.1);
SELECT * FROM pg_temp.show('g');
-- No fill becomes nothing.
SELECT pg_temp.make('h', NULL, 1), pg_temp.make('h1', 'h', 1, 0.0000000001);
SELECT oms_try_command('{"commandType": "RestateOrderCommand", "orderId": "h", "quantityFactor": 0.3}')->'error' AS refused;
SELECT pg_temp.split('h1', 0.3, '{"execID": "R1"}');
SELECT id, quantity, last_qty, quantity_factor FROM oms.executions WHERE root_id = 'h';
SELECT * FROM pg_temp.show('h');
-- Nor a limit.
SELECT pg_temp.make('i', NULL, 1, NULL, '{"price": 0.0000000001}'), pg_temp.split('i', 100);

-- A correction after a split is stated as the fill it corrects was, in the shares of before; so it counts with that fill's factor. A bust takes back what counts.
SELECT pg_temp.make('k', NULL, 3), pg_temp.do('{"commandType": "ExecuteOrderCommand", "orderId": "k", "executionId": "k1", "execID": "K1", "lastQty": 1, "lastPx": 10}'),
  pg_temp.do('{"commandType": "ExecuteOrderCommand", "orderId": "k", "executionId": "k2", "execID": "K2", "lastQty": 2, "lastPx": 10}');
SELECT pg_temp.split('k', 0.33333333333333333333);
SELECT pg_temp.do('{"commandType": "CorrectExecutionCommand", "executionId": "k2", "execID": "K3", "lastPx": 11}');
SELECT exec_id, status, last_qty, quantity, quantity_factor FROM oms.executions WHERE root_id = 'k' ORDER BY exec_id;
SELECT * FROM pg_temp.show('k');
SELECT pg_temp.do('{"commandType": "CorrectExecutionCommand", "executionId": "k2", "execID": "K4", "lastQty": 1.5}');
SELECT pg_temp.do('{"commandType": "BustExecutionCommand", "executionId": "k1", "execID": "K5"}');
SELECT exec_id, status, last_qty, quantity, quantity_factor FROM oms.executions WHERE root_id = 'k' ORDER BY exec_id;
SELECT * FROM pg_temp.show('k');

-- A correction that fills the order in the shares of before does so after it too: what rounding left is no overfill (4 + 1 of 5), and leaves nothing open (2 + 2 of 4; and 3 of 3, corrected there and back).
SELECT pg_temp.make('m', NULL, 5, 1), pg_temp.make('n', NULL, 4, 1), pg_temp.make('o', NULL, 3, 1);
SELECT id, pg_temp.do(format('{"commandType": "ExecuteOrderCommand", "orderId": "%1$s", "executionId": "%1$s-%2$s", "execID": "%2$s", "lastQty": 1, "lastPx": 12}', id, n)::jsonb)
FROM (VALUES ('m', 4), ('n', 3), ('o', 3)) o (id, fills), generate_series(2, fills) n;
SELECT pg_temp.split('m', 0.66666666666666666667), pg_temp.split('n', 0.66666666666666666667), pg_temp.split('o', 0.33333333333333333333);
SELECT pg_temp.do('{"commandType": "CorrectExecutionCommand", "executionId": "m-x", "lastQty": 2}'), pg_temp.do('{"commandType": "CorrectExecutionCommand", "executionId": "n-2", "lastQty": 2}');
SELECT pg_temp.do('{"commandType": "CorrectExecutionCommand", "executionId": "o-x", "lastQty": 0.5}'), pg_temp.do('{"commandType": "CorrectExecutionCommand", "executionId": "o-x", "lastQty": 1}');
SELECT id, status, order_qty, executed_quantity, leaves_quantity, executed_value FROM oms.orders WHERE id IN ('m', 'n', 'o') ORDER BY id;

-- Reported: the order that is named and what lies below it; above it the terms, once for each corporate action.
SELECT pg_temp.make('p', NULL, 300, 50, '{"price": 12}'), pg_temp.make('pa', 'p', 100, 100), pg_temp.make('pb', 'p', 100, 20, '{"price": 12}'), pg_temp.make('pb1', 'pb', 40, 40);
SELECT pg_temp.split('pa', 2, '{"execID": "R1", "corporateActionId": "CA"}');
SELECT * FROM pg_temp.show('p');
SELECT pg_temp.split('pb', 2, '{"execID": "R2", "corporateActionId": "CA"}');
SELECT * FROM pg_temp.show('p');
-- told again, and by a child of it: nothing more
SELECT pg_temp.split('pb', 2, '{"execID": "R3", "corporateActionId": "CA"}'), pg_temp.split('pb1', 2, '{"execID": "R4", "corporateActionId": "CA"}');
-- the root's own counterparty: its own fills follow, its terms are there
SELECT pg_temp.do('{"commandType": "RestateOrderCommand", "orderId": "p", "execID": "R5", "reason": "0", "orderQty": 600, "price": 6}');
SELECT * FROM pg_temp.show('p');
SELECT corporate_actions FROM oms.orders WHERE id = 'p';
-- asked for under the same key there is nothing left to do; under another one the whole tree is scaled
SELECT oms_try_command('{"commandType": "RestateOrderCommand", "orderId": "pa", "quantityFactor": 2, "corporateActionId": "CA"}')->'error' AS refused;
SELECT pg_temp.split('pa', 0.5, '{"corporateActionId": "CB"}');
SELECT * FROM pg_temp.show('p');
-- and the counterparties' reports of it follow without effect
SELECT pg_temp.split('pa', 0.5, '{"execID": "R6", "corporateActionId": "CB"}'), pg_temp.split('pb', 0.5, '{"execID": "R7", "corporateActionId": "CB"}');
SELECT * FROM pg_temp.show('p');
-- What is placed after it is in the shares of today.
SELECT pg_temp.make('pc', 'p', 10), pg_temp.split('pc', 0.5, '{"execID": "R8", "corporateActionId": "CB"}');
SELECT id, order_qty, corporate_actions FROM oms.orders WHERE id = 'pc';

-- Without an id the key is factor and business day: one sibling after the other, and the parent once. A filled parent stays filled all the while, an open one open.
SELECT pg_temp.make('q', NULL, 100), pg_temp.make('q1', 'q', 60, 60), pg_temp.make('q2', 'q', 40, 40), pg_temp.make('r', NULL, 100), pg_temp.make('r1', 'r', 40, 10), pg_temp.make('r2', 'r', 60, 55);
SELECT pg_temp.split('q1', 0.5, '{"execID": "R1"}'), pg_temp.split('r1', 0.5, '{"execID": "R1"}');
SELECT * FROM pg_temp.show('q') UNION ALL SELECT * FROM pg_temp.show('r');
SELECT pg_temp.split('q2', 0.5, '{"execID": "R2"}'), pg_temp.split('r2', 0.5, '{"execID": "R2"}');
SELECT * FROM pg_temp.show('q') UNION ALL SELECT * FROM pg_temp.show('r');
-- another day it is another action
SELECT pg_temp.split('r2', 0.5, '{"execID": "R3", "tradeDate": "2020-01-02"}');
SELECT id, order_qty FROM oms.orders WHERE root_id = 'r' ORDER BY id;

-- Asked for twice without ids: nobody means that by mistake.
SELECT pg_temp.make('u', NULL, 100), pg_temp.split('u', 2), pg_temp.split('u', 2), pg_temp.split('u', 2, '{"corporateActionId": "second"}');
-- A quantity that somebody states between two reports is not undone by the second.
SELECT pg_temp.make('v', NULL, 100), pg_temp.make('v1', 'v', 40, 10), pg_temp.make('v2', 'v', 60, 55);
SELECT pg_temp.split('v1', 0.5, '{"execID": "R1"}'), pg_temp.do('{"commandType": "ReplaceOrderCommand", "orderId": "v", "orderQty": 90}'), pg_temp.split('v2', 0.5, '{"execID": "R2"}');
SELECT * FROM pg_temp.show('v');
-- A report with a factor and another quantity: both are facts, the second by the rules of a report.
SELECT pg_temp.make('w', NULL, 100), pg_temp.make('w1', 'w', 40, 10);
SELECT pg_temp.split('w1', 2, '{"execID": "R1", "orderQty": 500}');
SELECT * FROM pg_temp.show('w');

-- Restated in FIX: new / old quantity, and what is pending is scaled with the rest.
SELECT pg_temp.make('s', NULL, 10000, 2000, '{"price": 50}');
SELECT pg_temp.do('{"commandType": "RequestReplaceOrderCommand", "orderId": "s", "clOrdID": "s-2", "orderQty": 9000, "price": 51}');
SELECT pg_temp.do('{"commandType": "RestateOrderCommand", "orderId": "s", "execID": "R1", "ordStatus": "E", "reason": "0", "orderQty": 20000, "price": 25, "cumQty": 4000, "leavesQty": 16000, "avgPx": 5}');
SELECT * FROM pg_temp.show('s');
SELECT pending_requests FROM oms.orders WHERE id = 's';
-- One that cannot be counted is a fact all the same: the terms stand, and the order is flagged.
SELECT pg_temp.make('t', NULL, 10000000000000000000000000000, 5);
SELECT pg_temp.do('{"commandType": "RestateOrderCommand", "orderId": "t", "execID": "R1", "reason": "0", "orderQty": 90}');
SELECT * FROM pg_temp.show('t');
-- Reported of an order that is closed: what it had filled is scaled like that of its siblings, and it stays closed.
SELECT pg_temp.make('cl', NULL, 100), pg_temp.make('cl1', 'cl', 50, 20), pg_temp.make('cl2', 'cl', 50);
SELECT pg_temp.do('{"commandType": "CancelOrderCommand", "orderId": "cl1", "execID": "C1", "ordStatus": "4"}');
SELECT pg_temp.split('cl2', 2, '{"execID": "R1", "corporateActionId": "z"}'), pg_temp.split('cl1', 2, '{"execID": "R2", "corporateActionId": "z"}');
SELECT * FROM pg_temp.show('cl');

-- Two brokers of one tree, and of one block, tell it in either order: in the end all is the same, and as if it had been asked for. Halved, what the one has filled is for
-- a while more than the half of what a member wants: it is open all the same, and wants the half when the other has told it.
CREATE FUNCTION pg_temp.two(id text) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', pg_temp.make(id || '-A', NULL, 100, NULL, '{"price": 12}'), pg_temp.make(id || '-A1', id || '-A', 60, 55), pg_temp.make(id || '-A2', id || '-A', 40, 21),
    pg_temp.make(id || '-M', NULL, 100), pg_temp.make(id || '-N', NULL, 50),
    pg_temp.do(format('{"commandType": "CreateBlockOrderCommand", "orderId": "%1$s-B", "members": [{"orderId": "%1$s-M", "quantity": 100}, {"orderId": "%1$s-N", "quantity": 50}]}', id)::jsonb),
    pg_temp.make(id || '-B1', id || '-B', 90, 65), pg_temp.make(id || '-B2', id || '-B', 60, 41),
    pg_temp.do(format('{"commandType": "AllocateExecutionCommand", "orderId": "%1$s-B", "allocations": [{"orderId": "%1$s-M", "quantity": 95}, {"orderId": "%1$s-N", "quantity": 11}]}', id)::jsonb)) $$;
CREATE FUNCTION pg_temp.tell(id text, broker text, factor numeric) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', pg_temp.split(id || '-A' || broker, factor, '{"execID": "TA", "corporateActionId": "two"}'), pg_temp.split(id || '-B' || broker, factor, '{"execID": "TB", "corporateActionId": "two"}')) $$;
CREATE VIEW pg_temp.of_two AS
  SELECT left(o.id, 2) AS id, substr(o.id, 4) AS part, o.status, o.order_qty, o.price, o.executed_quantity, o.allocated_quantity, o.executed_value, o.leaves_quantity, o.reserved_quantity, o.live_children, o.live_blocks,
    (SELECT jsonb_agg(concat_ws(' ', m.quantity, m.allocated_quantity, m.allocated_value, m.live) ORDER BY m.order_id) FROM oms.block_members AS m WHERE m.block_id = o.id) AS members
    FROM oms.orders AS o WHERE o.id ~ '^t[0-9]-';
SELECT pg_temp.two(id) FROM unnest(ARRAY['t1', 't2', 't3', 't4', 't5', 't6']) AS id;
SELECT pg_temp.tell('t1', '1', 0.5), pg_temp.tell('t2', '2', 0.5), pg_temp.tell('t4', '1', 2), pg_temp.tell('t5', '2', 2);
SELECT id, part, status, order_qty, executed_quantity, members FROM pg_temp.of_two WHERE id IN ('t1', 't2', 't4', 't5') AND part ~ '^[ABMN]$' ORDER BY 1, 2;
SELECT * FROM oms.verify();
SELECT pg_temp.tell('t1', '2', 0.5), pg_temp.tell('t2', '1', 0.5), pg_temp.tell('t4', '2', 2), pg_temp.tell('t5', '1', 2);
SELECT pg_temp.split(id || part, factor) FROM (VALUES ('t3', 0.5), ('t6', 2)) AS t (id, factor), unnest(ARRAY['-A', '-M']) AS part;
SELECT part, status, order_qty, price, executed_quantity, allocated_quantity, executed_value, leaves_quantity, reserved_quantity, live_children, live_blocks, members, string_agg(id, ' ' ORDER BY id) AS of
  FROM pg_temp.of_two GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 ORDER BY part, of;

SELECT * FROM oms.verify();
