-- Routing as its owner, a client and the desk see it (contract.md 8, domain.md 3 and 18): which orders go to the desk and which are placed, what is
-- remembered of it, and what comes of refusals, halts, repeats and FIX sessions.
-- Broken by: a rule that cannot be answered and lets an order go to the market; an order that is lost because its placement is refused; a repeat that
-- places or sends again; a decision of which the event does not say the rule, its version and what it read; a client's message that nobody routes.
\set VERBOSITY terse
\pset null '-'
SET timezone = 'UTC';

CREATE FUNCTION pg_temp.submit(arguments jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  RETURN oms_service('SubmitClientOrder', arguments);
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN jsonb_build_object('error', concat_ws(' - ', SQLSTATE || ' ' || SQLERRM, nullif(detail, '')));
END
$$;
CREATE FUNCTION pg_temp.order(id text, fields jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('orderId', id, 'clOrdID', id || '/c', 'symbol', 'ro-X', 'side', 'BUY', 'orderQty', 100, 'ordType', 'LIMIT', 'price', 10, 'account', 'ANN',
                            'destination', 'XLON') || fields
$$;
-- What came of it: the routing, the events, the order, its children.
CREATE FUNCTION pg_temp.tell(result jsonb) RETURNS TABLE (routing text, events text, "order" text, others text) LANGUAGE sql AS $$
  SELECT coalesce(result ->> 'error', concat_ws(' ', CASE WHEN result ? 'duplicate' THEN 'DUPLICATE' END, result #>> '{routing,action}', result #>> '{routing,rule}',
                                                'v' || (result #>> '{routing,version}'),
                                                regexp_replace(result #>> '{routing,reason}', '\d{4}-.*\+00', 'TIME'))),
         (SELECT string_agg(concat_ws(' ', e ->> 'eventType', e ->> 'version'), ', ' ORDER BY i) FROM jsonb_array_elements(result -> 'events') WITH ORDINALITY AS x (e, i)),
         concat_ws(' ', result #>> '{state,status}', result #>> '{state,deskStatus}', result #>> '{state,unplacedQuantity}'),
         (SELECT string_agg(concat_ws(' ', o ->> 'clOrdID', o ->> 'orderQty', o ->> 'price', o ->> 'destination', o ->> 'deskStatus'), ', ' ORDER BY i)
            FROM jsonb_array_elements(result -> 'orders') WITH ORDINALITY AS x (o, i))
$$;

-- What came with the extension is not enabled, and says what it is for. Where no rule matches, an order is placed.
SELECT name, priority, action, reason, enabled FROM oms.routing_rules ORDER BY priority;
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-1', '{"commandId": "ro-c1"}')));
SELECT * FROM oms.explain_routing('ro-1');

-- The first that is true decides, by priority and then by name; null and false do not match.
INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES
  ('b_large', 10, 'cur.order_qty >= 1000', 'desk', 'a thousand or more'),
  ('a_priced', 10, $$(command ->> 'price')::numeric > 50 AND cur.account = 'ANN'$$, 'Auto', 'a good price'),
  ('no_account', 5, 'cur.account IS NULL', 'DESK', 'whose is it?'),
  ('unknown', 1, $$cur.currency = 'USD'$$, 'DESK', 'dollars');
SELECT name, priority, action, version, hash IS NOT NULL AS hashed FROM oms.routing_rules WHERE NOT builtin ORDER BY priority, name;
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-2', '{"orderQty": 1000}')));
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-3', '{"orderQty": 1000, "price": "51.0"}')));
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-4') - 'account'));
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-5')));
-- What was asked, in its order, and what it read.
SELECT order_id, at, n, rule, version, priority, action, answer, matched, saw FROM unnest(ARRAY['ro-2', 'ro-3', 'ro-4', 'ro-5']) AS o (order_id)
 CROSS JOIN LATERAL oms.explain_routing(o.order_id) WHERE at = 'THEN' ORDER BY 1, 3;
SELECT event_type, transition, payload #>> '{command,commandType}' AS command, payload -> 'causationId' = payload #> '{command,causationId}' AS caused, jsonb_pretty(payload -> 'findings') AS findings
  FROM oms.order_events WHERE aggregate_id = 'ro-4' ORDER BY version;
-- A change acts at the next order; what was is what it was.
UPDATE oms.routing_rules SET priority = 20, reason = 'dear', predicate = 'cur.price > 50' WHERE name = 'a_priced';
SELECT at, n, rule, version, priority, answer, reason, saw FROM oms.explain_routing('ro-3');
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-6', '{"orderQty": 1000, "price": 51}')));

-- What cannot be answered is not for the market.
INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES ('broken', 0, '1 / (cur.order_qty - 7) > 5', 'AUTO', 'never');
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-7', '{"orderQty": 7}')));
SELECT at, n, rule, answer, matched, saw, error FROM oms.explain_routing('ro-7');
DELETE FROM oms.routing_rules WHERE NOT builtin;

-- What is refused when it is stored, and what examples do.
INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES ('x', 1, 'cur.order_qty > ', 'DESK', 'x');
INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES ('x', 1, 'cur.nothing > 1', 'DESK', 'x');
INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES ('x', 1, 'pg_sleep(1) IS NULL', 'DESK', 'x');
INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES ('x', 1, 'true', 'MAYBE', 'x');
INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES ('x', 1, 'true', 'DESK', '');
INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES ('', 1, 'true', 'DESK', 'x');
INSERT INTO oms.routing_rules (name, priority, predicate, action, reason, examples) VALUES ('x', 1, 'cur.order_qty > 5', 'DESK', 'x',
  '[{"command": {"commandType": "CreateOrderCommand", "symbol": "X", "side": "1", "orderQty": 6}, "cur": {"orderQty": 6}, "outcome": "FALSE"}]');
INSERT INTO oms.routing_rules (name, priority, predicate, action, reason, builtin) VALUES ('x', 1, 'true', 'DESK', 'x', true);
UPDATE oms.routing_rules SET enabled = true WHERE name = 'restricted';
-- The shipped ones, as rows of yours.
INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('ANN', '', 'DESK_QUANTITY', 500), ('', 'ro-V', 'DESK_VALUE', 1000);
INSERT INTO oms.restricted_list VALUES ('ro-R');
INSERT INTO oms.routing_rules (name, priority, predicate, action, reason, examples) SELECT name, priority, predicate, action, reason, examples FROM oms.routing_rules;
SELECT t.routing FROM unnest(ARRAY['{"symbol": "ro-R"}', '{"orderQty": 501}', '{"symbol": "ro-V"}', '{"symbol": "ro-V", "price": 10.01}', '{"ordType": "MARKET"}', '{"destination": null}']::jsonb[])
         WITH ORDINALITY AS f (fields, i) CROSS JOIN LATERAL pg_temp.tell(pg_temp.submit(pg_temp.order('ro-s' || i, fields) - CASE WHEN i = 5 THEN 'price' WHEN i = 6 THEN 'destination' ELSE '' END)) AS t;
DELETE FROM oms.routing_rules WHERE NOT builtin;

-- A placement that is refused loses nothing: by a rule, of the command or of its slice; by a name; because there is nothing to place.
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES
  ('ro_rule', 'order', 'CreateOrderCommand', $$parent IS NULL OR parent.symbol <> 'ro-P'$$, 'nothing of it is placed');
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-8', '{"symbol": "ro-P", "commandId": "ro-c8"}')));
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-8', '{"symbol": "ro-P", "commandId": "ro-c8"}')));
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-9', '{"cashOrderQty": 1000}') - 'orderQty'));
SELECT oms_command('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 1, "commandId": "ro-c10/place"}') ->> 'status' AS somebody;
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-10', '{"commandId": "ro-c10"}')));
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-10', '{"commandId": "ro-c10"}')));
-- A rule that refuses what people send to the desk does not lose it either.
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES ('ro_desk', 'order', 'SendOrderToDeskCommand', 'false', 'nobody is there');
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-11', '{"symbol": "ro-P"}')));
SELECT flags, desk_status, desk_reason FROM oms.orders WHERE id = 'ro-11';
-- What refuses the order itself refuses all.
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES ('ro_none', 'order', 'CreateOrderCommand', $$command ->> 'symbol' IS DISTINCT FROM 'ro-N'$$, 'not that');
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-12', '{"symbol": "ro-N"}')));
SELECT count(*) FROM oms.orders WHERE id = 'ro-12';
DELETE FROM oms.validation_rules WHERE NOT builtin;

-- A halt: the client's order waits, and nobody asks where it would go.
INSERT INTO oms.trading_halts (name, symbol, reason) VALUES ('ro_halt', 'ro-H', 'news');
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-13', '{"symbol": "ro-H", "commandId": "ro-c13"}')));
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-13', '{"symbol": "ro-H", "commandId": "ro-c13"}')));
DELETE FROM oms.trading_halts WHERE name = 'ro_halt';

-- Repeats: the first answer again, and nothing else; by whatever way the id comes.
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-1', '{"commandId": "ro-c1"}')));
SELECT (SELECT oms_service('SubmitClientOrder', pg_temp.order('ro-14', '{"commandId": "ro-c14"}')) - 'token')
     = (SELECT oms_service('SubmitClientOrder', pg_temp.order('ro-14', '{"commandId": "ro-c14"}')) - 'token' - 'duplicate') AS same_answer;
SELECT left(pg_temp.submit(pg_temp.order('ro-1', '{"commandId": "ro-c1", "orderQty": 101}')) ->> 'error', 60) AS other_content;
SELECT r ->> 'status' AS status, r ->> 'duplicate' AS duplicate, r #>> '{error,sqlstate}' AS error
  FROM oms_commands(jsonb_build_array(pg_temp.order('ro-1', '{"commandId": "ro-c1", "commandType": "CreateOrderCommand"}'),
                                      (SELECT payload -> 'command' FROM oms.order_events WHERE command_id = 'ro-c1/place' AND event_type = 'OrderPlaced'),
                                      (SELECT payload -> 'command' FROM oms.order_events WHERE command_id = 'ro-c8/desk'),
                                      (SELECT payload -> 'command' || '{"reason": "another"}' FROM oms.order_events WHERE command_id = 'ro-c8/desk')), false) AS r;
SELECT oms_command(pg_temp.order('ro-15', '{"commandId": "ro-c15", "commandType": "CreateOrderCommand"}')) ->> 'status' AS plain;
SELECT * FROM pg_temp.tell(pg_temp.submit(pg_temp.order('ro-15', '{"commandId": "ro-c15"}')));
SELECT aggregate_id, count(*) FROM oms.order_events WHERE aggregate_id IN ('ro-1', 'ro-8', 'ro-10', 'ro-13', 'ro-14', 'ro-15') GROUP BY 1 ORDER BY 1;

-- What is no service, no order of a client's, or nobody's to submit.
SELECT oms_service('Nothing', '{}');
SELECT oms_service(NULL, '{}');
SELECT pg_temp.submit(NULL);
SELECT pg_temp.submit('[]');
SELECT pg_temp.submit('{"symbol": "X", "side": "BUY", "orderQty": 1, "parentId": "ro-1"}');
SELECT pg_temp.submit('{"symbol": "X", "side": "BUY", "orderQty": 1, "commandType": "CancelOrderCommand"}');
SELECT pg_temp.submit('{"symbol": "X", "side": "BUY", "orderQty": 1, "colour": "red"}');
SELECT pg_temp.submit(jsonb_build_object('symbol', 'X', 'side', 'BUY', 'orderQty', 1, 'commandId', repeat('x', 251)));
SELECT pg_temp.submit(jsonb_build_object('symbol', 'X', 'side', 'BUY', 'orderQty', 1, 'commandId', repeat('x', 250), 'clOrdID', 'ro-long')) ? 'error' AS too_long;
SELECT * FROM oms.explain_routing('ro-none');
SELECT count(*) FROM oms.explain_routing((SELECT id FROM oms.orders WHERE parent_id = 'ro-1'));

-- A client's session: his D is submitted, his G asked about on its terms, whatever the rules are by then.
CREATE FUNCTION pg_temp.fix(fields text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  body text := replace(fields, '|', E'\x01');
  message text := E'8=FIX.4.4\x01' || '9=' || octet_length(body) || E'\x01' || body;
BEGIN
  RETURN oms_try_fix(message || '10=' || lpad((SELECT sum(get_byte(convert_to(message, 'LATIN1'), i)) % 256 FROM generate_series(0, octet_length(message) - 1) AS i)::text, 3, '0') || E'\x01');
END
$$;
INSERT INTO oms.fix_sessions (session, direction, account) VALUES ('ROC|DESK', 'CLIENT', 'ANN');
INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES ('large', 10, 'cur.order_qty >= 1000', 'DESK', 'a thousand or more');
CREATE FUNCTION pg_temp.d(cl_ord_id text, qty numeric, more text DEFAULT '') RETURNS jsonb LANGUAGE sql AS $$
  SELECT pg_temp.fix(format('35=D|49=ROC|56=DESK|34=1|52=20260302-09:30:00|11=%s|55=ro-F|54=1|38=%s|40=2|44=10|100=XLON|60=20260302-09:30:00|%s', cl_ord_id, qty, more))
$$;
CREATE FUNCTION pg_temp.g(cl_ord_id text, orig text, qty numeric, more text DEFAULT '') RETURNS jsonb LANGUAGE sql AS $$
  SELECT pg_temp.fix(format('35=G|49=ROC|56=DESK|34=1|52=20260302-09:30:00|11=%s|41=%s|55=ro-F|54=1|38=%s|40=2|44=10|60=20260302-09:30:00|%s', cl_ord_id, orig, qty, more))
$$;
CREATE FUNCTION pg_temp.tell_fix(answer jsonb) RETURNS TABLE (status text, routing text, events text, "order" text, others text) LANGUAGE sql AS $$
  SELECT concat_ws(' ', answer ->> 'status', answer ->> 'reason', answer #>> '{error,sqlstate}', answer #>> '{error,message}'), t.*
    FROM (SELECT) AS x LEFT JOIN LATERAL jsonb_array_elements(answer -> 'results') WITH ORDINALITY AS r (r, i) ON true LEFT JOIN LATERAL pg_temp.tell(r.r) AS t ON true ORDER BY r.i
$$;
SELECT * FROM pg_temp.tell_fix(pg_temp.d('ro-f1', 100));
SELECT * FROM pg_temp.tell_fix(pg_temp.d('ro-f1', 100));
SELECT * FROM pg_temp.tell_fix(pg_temp.d('ro-f1', 100, '97=Y|'));
SELECT * FROM pg_temp.tell_fix(pg_temp.d('ro-f2', 1000));
SELECT payload #>> '{command,fixSession}' AS session, payload #>> '{command,fixMessage}' IS NOT NULL AS message, payload #>> '{command,commandType}' AS command
  FROM oms.order_events WHERE root_id = (SELECT id FROM oms.orders WHERE cl_ord_id = 'ro-f1') ORDER BY tree_version;
-- Less than a thousand is only recorded; a thousand goes to the desk; there it is already, or was released and comes again.
SELECT * FROM pg_temp.tell_fix(pg_temp.g('ro-g1', 'ro-f1', 90));
SELECT * FROM pg_temp.tell_fix(pg_temp.g('ro-g2', 'ro-f1', 1000));
SELECT * FROM pg_temp.tell_fix(pg_temp.g('ro-g2', 'ro-f1', 1000, '97=Y|'));
SELECT * FROM pg_temp.tell_fix(pg_temp.g('ro-g3', 'ro-f1', 1001));
SELECT oms_command(jsonb_build_object('commandType', 'ReleaseOrderFromDeskCommand', 'orderId', id)) #>> '{state,deskStatus}' AS desk FROM oms.orders WHERE cl_ord_id = 'ro-f1';
SELECT * FROM pg_temp.tell_fix(pg_temp.g('ro-g4', 'ro-f1', 1002));
SELECT e.event_type, x.at, x.rule, x.answer, x.saw FROM oms.orders AS o CROSS JOIN LATERAL oms.explain_routing(o.id) AS x
  LEFT JOIN oms.order_events AS e ON e.aggregate_id = o.id AND e.occurred_at = x.decided_at AND e.payload ? 'findings' WHERE o.cl_ord_id = 'ro-f1' ORDER BY x.decided_at, x.n;
-- What would be left by the terms that are asked for.
UPDATE oms.routing_rules SET predicate = 'cur.leaves_quantity >= 2000 AND cur.unplaced_quantity > 1900' WHERE name = 'large';
SELECT * FROM pg_temp.tell_fix(pg_temp.d('ro-f5', 100));
SELECT * FROM pg_temp.tell_fix(pg_temp.g('ro-g6', 'ro-f5', 2001));
UPDATE oms.routing_rules SET predicate = 'cur.order_qty >= 1000' WHERE name = 'large';
-- Not routed: by the setting, and of a session that is no client's.
SET oms_state.submit_client_orders = off;
SELECT * FROM pg_temp.tell_fix(pg_temp.d('ro-f3', 1000));
SELECT * FROM pg_temp.tell_fix(pg_temp.g('ro-g5', 'ro-f3', 2000));
RESET oms_state.submit_client_orders;
UPDATE oms.fix_sessions SET direction = 'BROKER' WHERE session = 'DESK|ROC';
SELECT * FROM pg_temp.tell_fix(pg_temp.d('ro-f4', 1000));
DELETE FROM oms.fix_sessions WHERE session = 'DESK|ROC';
DELETE FROM oms.routing_rules WHERE NOT builtin;
DELETE FROM oms.limits;
DELETE FROM oms.restricted_list;

SELECT * FROM oms.verify();
