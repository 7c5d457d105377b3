-- What is to be placed later: slices with placeAt stay on their order, oms.place_due() makes orders of them, one at a time, checked anew.
-- Which children a policy makes is in unit/order_placement.c.
-- Broken by: a planned slice that reserves, is an order already, or is placed before its time, twice, with others of the plan, or for more
-- than is left; a plan that outlives its order; a wait that costs the slice, or keeps others waiting; a price that is not the order's any more.
\set VERBOSITY terse
SET timezone = 'UTC';

CREATE FUNCTION pg_temp.do(what text, fields jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r jsonb := oms_try_command(jsonb_build_object('commandType', what || 'Command') || fields);
BEGIN
  RETURN concat_ws(' | ', coalesce((SELECT string_agg((e ->> 'eventType') || ' ' || CASE WHEN e ->> 'aggregateId' LIKE 'pl-%' THEN e ->> 'aggregateId' ELSE 'MADE' END, ', ') FROM jsonb_array_elements(r -> 'events') AS e), r ->> 'status'),
                   r #>> '{error,sqlstate}', r #>> '{error,rule}', r #>> '{error,message}', regexp_replace(r #>> '{error,detail}', '\d{4}-\d\d-\d\dT[0-9:.]*Z', 'TIME', 'g'));
END $$;
-- A plan as hours from now, each slice with its quantity; and what the order reserves.
CREATE FUNCTION pg_temp.plan(id text) RETURNS text LANGUAGE sql AS $$
  SELECT format('plan %s, next %s, unplaced %s, reserved %s',
                coalesce((SELECT string_agg(format('%s@%s', s ->> 'orderQty', round(extract(epoch FROM (s ->> 'placeAt')::timestamptz - now()) / 3600)), ' ' ORDER BY n)
                            FROM jsonb_array_elements(o.planned_slices) WITH ORDINALITY AS p (s, n)), 'none'),
                coalesce(round(extract(epoch FROM o.next_placement_at - now()) / 3600)::text, 'never'), o.unplaced_quantity, o.reserved_quantity)
    FROM oms.orders AS o WHERE o.id = plan.id
$$;
CREATE FUNCTION pg_temp.at(hours numeric) RETURNS timestamptz LANGUAGE sql AS $$ SELECT now() + hours * interval '1 hour' $$;
CREATE FUNCTION pg_temp.slices(VARIADIC quantity_at numeric[]) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_agg(CASE WHEN quantity_at[2 * n] = 0 THEN jsonb_build_object('orderQty', quantity_at[2 * n - 1])
                        ELSE jsonb_build_object('orderQty', quantity_at[2 * n - 1], 'placeAt', pg_temp.at(quantity_at[2 * n])) END ORDER BY n)
    FROM generate_series(1, cardinality(quantity_at) / 2) AS n
$$;
CREATE FUNCTION pg_temp.new(id text, quantity numeric, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.do('CreateOrder', jsonb_build_object('orderId', id, 'clOrdID', id, 'symbol', 'VOD.L', 'side', 'BUY', 'orderQty', quantity, 'price', 10, 'account', 'ACC') || more)
$$;
-- What is due in so many hours: the times are of the future, so nothing is late and nothing moves.
CREATE FUNCTION pg_temp.due(hours numeric, most integer DEFAULT 100) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws(' | ', d.order_id, coalesce(d.cl_ord_id, '-'), coalesce(d.quantity::text, '-'), d.result, regexp_replace(d.reason, '\d{4}-\d\d-\d\dT[0-9:.]*Z', 'TIME', 'g'))
    FROM oms.place_due(pg_temp.at(hours), most) AS d
$$;

-- One now, three later: those reserve nothing, are no orders, and stand by their times.
SELECT pg_temp.new('pl-A', 1000);
SELECT pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-A', 'children', pg_temp.slices(100, 0, 300, 2, 200, 1, 250, 3)));
SELECT pg_temp.plan('pl-A');
SELECT count(*) FROM oms.orders WHERE parent_id = 'pl-A';
SELECT payload -> 'state' -> 'plannedSlices' -> 0 ->> 'orderQty' AS planned_first, payload -> 'state' ? 'nextPlacementAt' AS told FROM oms.order_events WHERE aggregate_id = 'pl-A' AND version = 2;
-- Nothing is due. Then one slice of it, however many are.
SELECT pg_temp.due(0.5);
SELECT pg_temp.due(1);
SELECT pg_temp.plan('pl-A');
SELECT pg_temp.due(100);
SELECT pg_temp.plan('pl-A');
-- More comes to the plan, in its place; with another in its place whole; none.
SELECT pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-A', 'children', pg_temp.slices(10, 9, 20, 2.5)));
SELECT pg_temp.plan('pl-A');
SELECT pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-A', 'children', pg_temp.slices(5, 4), 'replacePlan', true));
SELECT pg_temp.plan('pl-A');
SELECT pg_temp.do('PlaceOrder', '{"orderId": "pl-A", "children": [], "replacePlan": true}');
SELECT pg_temp.plan('pl-A');

-- What is not possible: more than is unplaced, all slices taken together; nothing; another slice than the next.
SELECT pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-A', 'children', pg_temp.slices(300, 1, 101, 2)));
SELECT pg_temp.do('PlaceOrder', '{"orderId": "pl-A", "children": []}');
SELECT pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-A', 'children', '[]'::jsonb, 'plannedSlice', pg_temp.at(1)));
SELECT pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-A', 'children', jsonb_build_array(jsonb_build_object('orderQty', 1, 'side', 'SELL', 'placeAt', pg_temp.at(1)))));
SELECT pg_temp.do('PlaceOrder', '{"orderId": "pl-A", "children": [{"orderQty": 1, "placeAt": "2026-03-02T09:30:00"}]}');
SELECT pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-A', 'children', pg_temp.slices(1, 2), 'plannedSlice', pg_temp.at(1)));
SELECT pg_temp.do('CreateOrder', '{"orderId": "pl-X", "symbol": "VOD.L", "side": "BUY", "orderQty": 1, "placeAt": "2026-03-02T09:30:00Z"}');
-- What was to be placed some time ago is placed now.
SELECT pg_temp.do('PlaceOrder', '{"orderId": "pl-A", "children": [{"orderId": "pl-A9", "orderQty": 1, "placeAt": "2026-03-02T09:30:00Z"}]}');

-- A job that is late places one slice, and moves the others along.
SELECT pg_temp.new('pl-L', 100);
SELECT pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-L', 'children', jsonb_build_array(
  jsonb_build_object('orderQty', 10, 'clOrdID', 'pl-l1', 'placeAt', now() + interval '2 s'),
  jsonb_build_object('orderQty', 20, 'clOrdID', 'pl-l2', 'placeAt', now() + interval '2.001 s'),
  jsonb_build_object('orderQty', 30, 'clOrdID', 'pl-l3', 'placeAt', now() + interval '1 hour'))));
SELECT pg_sleep(2.5);
SELECT * FROM oms.place_due();
SELECT (SELECT o.next_placement_at FROM oms.orders AS o WHERE o.id = 'pl-L') - placed.occurred_at AS moved_to, (placed.payload #>> '{command,plannedSlice}')::timestamptz + interval '0.5 s' <= placed.occurred_at AS late
  FROM oms.order_events AS placed WHERE placed.aggregate_id = 'pl-L' AND placed.version = 3;
SELECT pg_sleep(0.1);
SELECT * FROM oms.place_due();
SELECT jsonb_array_length(planned_slices) AS left, (planned_slices #>> '{0,placeAt}')::timestamptz > created_at + interval '1 hour 0.5 s' AS moved FROM oms.orders WHERE id = 'pl-L';

-- Parts of one time are one slice; no more than what is left, the first of them first; then the plan is forgotten.
SELECT pg_temp.new('pl-B', 100);
SELECT pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-B', 'children', jsonb_build_array(
  jsonb_build_object('clOrdID', 'pl-b1', 'orderQty', '40', 'destination', 'XLON', 'placeAt', pg_temp.at(1)),
  jsonb_build_object('clOrdID', 'pl-b2', 'orderQty', 20, 'destination', 'CHIX', 'placeAt', pg_temp.at(1)),
  jsonb_build_object('clOrdID', 'pl-b3', 'orderQty', 30, 'placeAt', pg_temp.at(2)))));
SELECT pg_temp.do('CreateOrder', '{"orderId": "pl-B0", "parentId": "pl-B", "orderQty": 50}');
SELECT pg_temp.due(5);
SELECT cl_ord_id, order_qty, destination, ord_type FROM oms.orders WHERE parent_id = 'pl-B' ORDER BY created_at, cl_ord_id;
SELECT pg_temp.due(5);
SELECT pg_temp.plan('pl-B');
-- Filled altogether: what is due of it is forgotten too.
SELECT pg_temp.new('pl-F', 100);
SELECT pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-F', 'children', pg_temp.slices(60, 1)));
SELECT pg_temp.do('ExecuteOrder', '{"orderId": "pl-F", "execID": "pl-f", "lastQty": 100, "lastPx": 10}');
SELECT status, pg_temp.plan('pl-F') FROM oms.orders WHERE id = 'pl-F';
SELECT pg_temp.due(5);

-- followsOrder: with the terms that the order has when it is placed; without it as it was given.
SELECT pg_temp.new('pl-T', 100, '{"timeInForce": "DAY", "securityID": "GB00BH4HKS39", "securityIDSource": "4"}');
SELECT pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-T', 'children', jsonb_build_array(
  jsonb_build_object('orderId', 'pl-T1', 'orderQty', 10, 'price', 10, 'ordType', 'LIMIT', 'timeInForce', 'DAY', 'followsOrder', true, 'placeAt', pg_temp.at(1)),
  jsonb_build_object('orderId', 'pl-T2', 'orderQty', 10, 'price', 10, 'text', 'as it is', 'placeAt', pg_temp.at(1)))));
SELECT pg_temp.do('ReplaceOrder', '{"orderId": "pl-T", "price": 9.5, "timeInForce": "GOOD_TILL_DATE", "expireTime": "2099-01-01T00:00:00Z"}');
SELECT pg_temp.due(1);
SELECT id, ord_type, price, time_in_force, expire_time, fix, text FROM oms.orders WHERE parent_id = 'pl-T' ORDER BY id;
SELECT payload -> 'command' -> 'commandType' AS type, payload -> 'command' ? 'placeAt' AS planned, payload -> 'command' -> 'price' AS price FROM oms.order_events WHERE aggregate_id = 'pl-T1';

-- A split scales what is planned; what is taken back or expires is not placed any more.
SELECT pg_temp.new('pl-S', 90);
SELECT pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-S', 'children', jsonb_build_array(jsonb_build_object('orderQty', '30', 'price', 12, 'text', 'kept', 'placeAt', pg_temp.at(1)))));
SELECT pg_temp.do('RestateOrder', '{"orderId": "pl-S", "quantityFactor": 3}');
SELECT planned_slices #- '{0,placeAt}' FROM oms.orders WHERE id = 'pl-S';
SELECT pg_temp.do('CancelOrder', '{"orderId": "pl-S"}');
SELECT pg_temp.plan('pl-S');
SELECT pg_temp.do('PlaceOrder', '{"orderId": "pl-S", "children": [], "replacePlan": true}');

-- What waits costs nothing, and keeps nobody waiting: the desk's queue, a claim, a requested cancel, a halt.
SELECT pg_temp.new('pl-W' || n, 100), pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-W' || n, 'children', pg_temp.slices(10, n))) FROM generate_series(1, 5) AS n;
SELECT pg_temp.do('SendOrderToDesk', '{"orderId": "pl-W1", "reason": "look at it"}');
SELECT pg_temp.do('SendOrderToDesk', '{"orderId": "pl-W2", "reason": "look at it"}');
SELECT pg_temp.do('AssignOrder', '{"orderId": "pl-W2", "deskUser": "ann"}');
SELECT pg_temp.do('RequestCancelOrder', '{"orderId": "pl-W3"}');
INSERT INTO oms.trading_halts (name, symbol, account, destination, since) VALUES ('pl', 'VOD.L', 'ACC', 'PLX', '2026-01-01');
SELECT pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-W4', 'children', jsonb_build_array(jsonb_build_object('orderQty', 10, 'destination', 'PLX', 'placeAt', pg_temp.at(0.5)))));
SELECT pg_temp.due(8, 1);
SELECT pg_temp.due(8, 1);
DELETE FROM oms.trading_halts WHERE name = 'pl';
SELECT pg_temp.do('ReleaseOrderFromDesk', '{"orderId": "pl-W1"}');
SELECT pg_temp.due(8);

-- So do other terms that the client asks for, a suspension, and the end of the day.
SELECT pg_temp.new('pl-V' || n, 100), pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-V' || n, 'children', pg_temp.slices(60, 1))) FROM generate_series(1, 3) AS n;
SELECT pg_temp.do('RequestReplaceOrder', '{"orderId": "pl-V1", "clOrdID": "pl-v1", "orderQty": 50}');
SELECT pg_temp.do('SuspendOrder', '{"orderId": "pl-V2"}');
SELECT pg_temp.do('DoneForDayOrder', '{"orderId": "pl-V3"}');
SELECT pg_temp.due(8);
SELECT pg_temp.do('ReplaceOrder', '{"orderId": "pl-V1", "clOrdID": "pl-v1", "orderQty": 50}');
SELECT pg_temp.due(8);
SELECT pg_temp.do('CancelOrder', '{"orderId": "pl-V2"}'), pg_temp.do('CancelOrder', '{"orderId": "pl-V3"}');

-- Refused by a rule: the order goes to the desk, and the plan with it. Below a child it is the client order that goes there.
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message, severity)
  VALUES ('pl_small', 'order', 'CreateOrderCommand', 'parent IS NULL OR parent.symbol <> ''BP.L'' OR (command ->> ''orderQty'')::numeric < 50', 'too much at once', 'REFUSE');
UPDATE oms.validation_rules SET enabled = false WHERE name = 'pl_small';
SELECT pg_temp.new('pl-R', 200, '{"symbol": "BP.L"}'), pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-R', 'children', pg_temp.slices(60, 1, 40, 2)));
SELECT pg_temp.new('pl-P', 200, '{"symbol": "BP.L"}'), pg_temp.do('CreateOrder', '{"orderId": "pl-P1", "parentId": "pl-P", "orderQty": 100}'),
       pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-P1', 'children', pg_temp.slices(60, 1)));
UPDATE oms.validation_rules SET enabled = true WHERE name = 'pl_small';
SELECT pg_temp.due(8);
SELECT id, desk_status, desk_reason, pg_temp.plan(id) FROM oms.orders WHERE id IN ('pl-R', 'pl-P') ORDER BY id;
DELETE FROM oms.validation_rules WHERE name = 'pl_small';
SELECT pg_temp.do('ReleaseOrderFromDesk', '{"orderId": "pl-R"}'), pg_temp.do('ReleaseOrderFromDesk', '{"orderId": "pl-P"}');
SELECT pg_temp.due(8);

-- An id that somebody has taken meanwhile.
SELECT pg_temp.new('pl-I', 100), pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-I', 'children', jsonb_build_array(jsonb_build_object('clOrdID', 'pl-i1', 'orderQty', 10, 'placeAt', pg_temp.at(1)))));
SELECT pg_temp.do('CreateOrder', '{"orderId": "pl-I1", "clOrdID": "pl-i1", "symbol": "VOD.L", "side": "BUY", "orderQty": 1}');
SELECT pg_temp.due(8);

-- By time and not by hand: who, how many.
SELECT * FROM oms.place_due(NULL);
SELECT * FROM oms.place_due(max_orders => 0);
SET default_transaction_read_only = on;
SELECT * FROM oms.place_due();
RESET default_transaction_read_only;

-- One that fails keeps up no other, and neither it nor what waits counts.
SELECT pg_temp.new('pl-Z' || n, 100), pg_temp.do('PlaceOrder', jsonb_build_object('orderId', 'pl-Z' || n, 'children', jsonb_build_array(jsonb_build_object('clOrdID', 'pl-z' || n, 'orderQty', 10, 'placeAt', pg_temp.at(1))))) FROM generate_series(1, 3) AS n;
CREATE FUNCTION pl_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not %', NEW.cl_ord_id; END $$;
CREATE TRIGGER pl_refuse BEFORE INSERT ON oms.orders FOR EACH ROW WHEN (NEW.cl_ord_id = 'pl-z1') EXECUTE FUNCTION pl_refuse();
SELECT pg_temp.due(8, 1);
SELECT id, planned_slices IS NULL AS done, version FROM oms.orders WHERE id ~ '^pl-Z' ORDER BY id;
DROP TRIGGER pl_refuse ON oms.orders;
DROP FUNCTION pl_refuse();
SELECT pg_temp.due(8);

-- History, rebuild and proof know it.
SELECT o.id, (oms.order_as_of(o.id, o.updated_at)).planned_slices IS NOT DISTINCT FROM o.planned_slices AND (oms.order_as_of(o.id, o.updated_at)).next_placement_at IS NOT DISTINCT FROM o.next_placement_at AS same
  FROM oms.orders AS o WHERE o.id IN ('pl-A', 'pl-R', 'pl-L') ORDER BY o.id;
SELECT * FROM oms.verify();
-- Whoever writes past us is found, and crashes nothing.
BEGIN;
UPDATE oms.orders SET planned_slices = '[{"orderQty": 1}]' WHERE id = 'pl-R';
UPDATE oms.orders SET planned_slices = '"x"', next_placement_at = now() WHERE id = 'pl-W1';
UPDATE oms.orders SET next_placement_at = now() - interval '1 day' WHERE id = 'pl-A';
UPDATE oms.orders SET planned_slices = '[{"placeAt": "2026-03-02T09:30:00.000000Z", "orderQty": 1}]' WHERE id = 'pl-S';
UPDATE oms.orders SET planned_slices = '[{"placeAt": "2099-03-02T09:30:00.000000Z"}, {"placeAt": "2026-03-02T09:30:00.000000Z"}]', next_placement_at = '2026-03-02T09:30:00Z' WHERE id = 'pl-T';
SELECT id, regexp_replace(detail, '(and is due at) .*', '\1 TIME.') FROM oms.verify_plans() ORDER BY id, detail;
SELECT pg_temp.due(8);
SELECT pg_temp.do('ExecuteOrder', '{"orderId": "pl-W1", "execID": "pl-w1", "lastQty": 1, "lastPx": 10}');
SELECT pg_temp.do('RestateOrder', '{"orderId": "pl-W1", "quantityFactor": 2}');
SELECT pg_temp.do('PlaceOrder', '{"orderId": "pl-W1", "children": [], "replacePlan": true}');
ROLLBACK;
