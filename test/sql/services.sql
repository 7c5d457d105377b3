-- Services of oms.services. What breaks if a definition that cannot be done is stored, if a step that fails leaves
-- what was done before it, if a repeat does anything, or if a step gets what another one's element has.
\set VERBOSITY default
\set SHOW_CONTEXT never

CREATE FUNCTION pg_temp.try(name text, arguments jsonb) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE
  r jsonb;
  m text; d text; s text;
BEGIN
  r := oms_service(name, arguments);
  RETURN concat_ws(' ', r->>'status', r->>'duplicate', jsonb_array_length(r->'events') || ' events', r->>'commandId', r->'result',
                   (SELECT jsonb_agg(e->>'eventType') FROM jsonb_array_elements(r->'events') AS e));
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, s = RETURNED_SQLSTATE;
  RETURN s || ' ' || m || ' - ' || regexp_replace(d, 'at \d{4}[-0-9:. +]*', 'at TIME ');
END $f$;
CREATE FUNCTION pg_temp.orders(pattern text) RETURNS TABLE (id text, status text, qty numeric, price numeric, unplaced numeric, note text) LANGUAGE sql AS $f$
  SELECT id, status, order_qty, price, unplaced_quantity, text FROM oms.orders WHERE id LIKE pattern ORDER BY id COLLATE "C"
$f$;

-- A step after the other: what the first one answers, a list, a condition, and what a refusal leads to
INSERT INTO oms.services (name, definition) VALUES ('Spread', $json${
  "description": "A client order, and children of given sizes",
  "arguments": {"id": {"type": "identifier", "required": true, "description": "Of the client order"}, "quantity": {"type": "quantity", "required": true},
                "limit": {"type": "price"}, "slices": {"type": "objects", "members": {"quantity": {"type": "quantity", "required": true}, "venue": {"type": "identifier"}}},
                "hold": {"type": "boolean"}},
  "steps": [
    {"name": "create", "command": "CreateOrderCommand", "with": {"orderId": {"argument": "id"}, "clOrdID": {"argument": "id"}, "symbol": "SVC", "side": "BUY",
       "orderQty": {"argument": "quantity"}, "price": {"argument": "limit"}}},
    {"name": "child", "for_each": {"argument": "slices"}, "as": "slice", "when": "command->>'destination' IS NOT NULL AND root.unplaced_quantity > 0",
       "command": "CreateOrderCommand",
       "with": {"orderId": {"concat": [{"argument": "id"}, "-", {"each": "slice", "path": "venue"}]}, "parentId": {"step": "create", "path": "state.orderId"}, "symbol": "SVC", "side": "BUY",
          "orderQty": {"each": "slice", "path": "quantity"}, "destination": {"each": "slice", "path": "venue"}, "price": {"step": "create", "path": "state.price"}},
       "on_refusal": {"steps": [
         {"name": "note", "command": "UpdateOrderCommand", "with": {"orderId": {"argument": "id"},
            "text": {"concat": [{"each": "slice", "path": "venue"}, ": ", {"step": "child", "path": "error.sqlstate"}, " ", {"step": "child", "path": "error.rule"}]}}}]}},
    {"name": "hold", "command": "SuspendOrderCommand", "when": {"argument": "hold"}, "with": {"orderId": {"argument": "id"}}}],
  "result": {"order": {"step": "create", "path": "state.orderId"}, "held": {"step": "hold", "path": "state.status"}}
}$json$);
SELECT * FROM oms.explain_service('Spread');
SELECT * FROM oms.explain_service('SubmitClientOrder');
SELECT * FROM oms.explain_service('Nothing');
SELECT pg_temp.try('Spread', '{"id": "sv-1", "quantity": 100, "limit": 9.5, "slices": [{"quantity": 60, "venue": "A"}, {"quantity": 10}, {"quantity": 60, "venue": "B"}, {"quantity": 50, "venue": "D"}, {"quantity": 40, "venue": "C"}], "hold": true, "commandId": "sv-c1"}');
SELECT * FROM pg_temp.orders('sv-1%');
SELECT command_id FROM oms.commands WHERE command_id LIKE 'sv-c1%' ORDER BY command_id;
SELECT payload->>'causationId' AS cause, count(*) FROM oms.order_events WHERE aggregate_id LIKE 'sv-1%' GROUP BY 1;
SELECT command_type, sqlstate, rule FROM oms.rejected_commands WHERE command_id LIKE 'sv-c1%';
-- A repeat answers the same, and does nothing
SELECT pg_temp.try('Spread', '{"id": "sv-1", "quantity": 100, "limit": 9.5, "slices": [{"quantity": 60, "venue": "A"}, {"quantity": 10}, {"quantity": 60, "venue": "B"}, {"quantity": 50, "venue": "D"}, {"quantity": 40, "venue": "C"}], "hold": true, "commandId": "sv-c1"}');
SELECT count(*) FROM oms.order_events WHERE aggregate_id LIKE 'sv-1%';
SELECT pg_temp.try('Spread', '{"id": "sv-1", "quantity": 101, "limit": 9.5, "commandId": "sv-c1"}');
-- Without what may be left out; without a commandId it is done each time
SELECT pg_temp.try('Spread', '{"id": "sv-2", "quantity": "5"}');
SELECT pg_temp.try('Spread', '{"id": "sv-2", "quantity": "5"}');
SELECT * FROM pg_temp.orders('sv-2%');
-- Arguments
SELECT pg_temp.try('Spread', '{"id": "sv-3"}');
SELECT pg_temp.try('Spread', '{"id": "sv-3", "quantity": 0}');
SELECT pg_temp.try('Spread', '{"id": "sv-3", "quantity": 1, "bogus": 1}');
SELECT pg_temp.try('Spread', '{"id": "sv-3", "quantity": 1, "slices": [{"venue": "A"}]}');
SELECT pg_temp.try('Spread', '[]');
SELECT pg_temp.try('Spread', NULL);

-- What fails at any step leaves nothing of those before
INSERT INTO oms.services (name, definition) VALUES ('Fails', $json${
  "arguments": {"id": {"type": "identifier", "required": true}, "second": {"type": "identifier"}, "third": {"type": "identifier"}},
  "steps": [
    {"name": "one", "command": "CreateOrderCommand", "with": {"orderId": {"argument": "id"}, "symbol": "SVC", "side": "BUY", "orderQty": 10}},
    {"name": "two", "command": "CreateOrderCommand", "with": {"orderId": {"argument": "second"}, "parentId": {"argument": "id"}, "symbol": "SVC", "side": "BUY", "orderQty": 4}},
    {"name": "three", "command": "CancelOrderCommand", "with": {"orderId": {"argument": "third"}}}]
}$json$);
SELECT pg_temp.try('Fails', '{"id": "sv-1"}');
SELECT pg_temp.try('Fails', '{"id": "sv-4", "second": "sv-1"}');
SELECT pg_temp.try('Fails', '{"id": "sv-4", "second": "sv-5"}');
SELECT pg_temp.try('Fails', '{"id": "sv-4", "second": "sv-5", "third": "sv-6"}');
SELECT * FROM pg_temp.orders('sv-4%');
SELECT count(*) FROM oms.all_events WHERE aggregate_id IN ('sv-4', 'sv-5', 'sv-6');
SELECT pg_temp.try('Fails', '{"id": "sv-4", "second": "sv-5", "third": "sv-5"}');
SELECT * FROM pg_temp.orders('sv-_');

-- Services in services
INSERT INTO oms.services (name, definition) VALUES ('Twice', $json${
  "arguments": {"ids": {"type": "identifiers", "required": true}},
  "steps": [{"name": "each", "service": "Spread", "for_each": {"argument": "ids"}, "as": "id", "with": {"id": {"each": "id"}, "quantity": 7}}],
  "result": {"ids": {"argument": "ids"}}
}$json$);
SELECT pg_temp.try('Twice', '{"ids": ["sv-7", "sv-8"], "commandId": "sv-c2"}');
SELECT command_id FROM oms.commands WHERE command_id LIKE 'sv-c2%' ORDER BY command_id;
SELECT pg_temp.try('Twice', '{"ids": ["sv-7", "sv-8"], "commandId": "sv-c2"}');
SELECT pg_temp.try('Twice', '{"ids": ["sv-9", "sv-8"], "commandId": "sv-c3"}');
SELECT * FROM pg_temp.orders('sv-9');

-- What is none is not stored
INSERT INTO oms.services (name, definition) VALUES ('Bad', '{"steps": []}');
INSERT INTO oms.services (name, definition) VALUES ('SubmitClientOrder', '{"steps": []}');
INSERT INTO oms.services (name, definition) VALUES ('Bad', '{"steps": [{"name": "a", "service": "Bad"}]}');
INSERT INTO oms.services (name, definition) VALUES ('Bad', '{"steps": [{"name": "a", "service": "Nothing"}]}');
INSERT INTO oms.services (name, definition) VALUES ('Bad', '{"steps": [{"name": "a", "service": "Spread", "with": {"id": 5}}]}');
INSERT INTO oms.services (name, definition) VALUES ('Bad', '{"steps": [{"name": "a", "command": "CancelOrderCommand", "with": {"orderId": "A"}, "when": "cur.bogus = 5"}]}');
UPDATE oms.services SET definition = definition #- '{arguments,quantity}' WHERE name = 'Spread';
UPDATE oms.services SET definition = '{"arguments": {"id": {"type": "identifier"}}, "steps": [{"name": "a", "command": "CancelOrderCommand", "with": {"orderId": {"argument": "id"}}}]}' WHERE name = 'Spread';
UPDATE oms.services SET enabled = false WHERE name = 'Spread';
UPDATE oms.services SET enabled = false WHERE name = 'Twice';
SELECT pg_temp.try('Twice', '{"ids": ["sv-9"]}');
UPDATE oms.services SET enabled = true WHERE name = 'Twice';
-- What it calls may go: then it is refused, until that is there again
DELETE FROM oms.services WHERE name = 'Spread';
SELECT pg_temp.try('Twice', '{"ids": ["sv-9"]}');
SELECT pg_temp.try('Spread', '{"id": "sv-9", "quantity": 1}');
SELECT * FROM oms.explain_service('Twice');
-- A condition that fails
INSERT INTO oms.services (name, definition) VALUES ('Divides', '{"steps": [{"name": "a", "command": "CancelOrderCommand", "with": {"orderId": "sv-4"}, "when": "cur.order_qty / 0 > 1"}]}');
SELECT pg_temp.try('Divides', '{}');
SELECT event_type, aggregate_id, version FROM oms.configuration_events WHERE root_id LIKE 'services/%' ORDER BY sequence;
-- Every command, of which nothing is known before it is done, and then nothing is given
INSERT INTO oms.services (name, definition)
  SELECT 'Empty' || command_type, jsonb_build_object('steps', jsonb_build_array(
           '{"name": "first", "command": "UpdateOrderCommand", "with": {"orderId": "sv-4"}}'::jsonb,
           jsonb_build_object('name', 'then', 'command', command_type, 'with', jsonb_object_agg(field, '{"step": "first", "path": "state.attributes.none"}'::jsonb))))
    FROM oms.command_reference
   WHERE field NOT IN ('commandType', 'commandId', 'causationId', 'correlationId')
   GROUP BY command_type;
SELECT left(pg_temp.try(name, '{}'), 5) AS answer, count(*) FROM oms.services WHERE name LIKE 'Empty%' GROUP BY 1;
DELETE FROM oms.services WHERE NOT builtin;
SELECT * FROM oms.verify();
