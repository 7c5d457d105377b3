-- Generated tests: rules, at the values at which they begin to say something else. What a rule is to say is asked of its predicate as a query; whether the store
-- takes it so, of a command.

CREATE FUNCTION oms.predicate_compared(predicate text, object text) RETURNS TABLE (n integer, operator text, fields text[], constants text[], constant_type text, look_ups text[])
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_predicate_compared';
COMMENT ON FUNCTION oms.predicate_compared(text, text) IS
  'What a predicate for commands about a kind of object compares: for each comparison the members of the command and columns of rows, the constants, and the look-ups with the texts that they are given; n 0: what stands in none. 22023 for another object';

CREATE FUNCTION oms.predicate_rows(object text) RETURNS text[]
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_predicate_rows';
COMMENT ON FUNCTION oms.predicate_rows(text) IS 'The tables that cur, parent and root are of in predicates for commands about a kind of object. 22023 for another object';
REVOKE ALL ON FUNCTION oms.predicate_compared(text, text), oms.predicate_rows(text) FROM PUBLIC;

-- The rules that are asked, and those that are shipped, whether or not they are; of one name the one that counts. "effect": what false does.
CREATE FUNCTION oms.test_rules(object text) RETURNS TABLE (n bigint, sort text, rule text, predicate text, command_type text, effect text, when_missing text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT row_number() OVER (ORDER BY a.sort DESC, a.rule COLLATE "C"), a.sort, a.rule, a.predicate, a.command_type, a.effect, a.when_missing
    FROM (SELECT 'validation' AS sort, r.name AS rule, r.predicate, r.command_type, r.severity AS effect, r.when_missing
            FROM oms.validation_rules AS r
           WHERE r.object = test_rules.object AND r.asset_class IS NULL
             AND CASE WHEN r.builtin THEN NOT EXISTS (SELECT FROM oms.validation_rules AS o WHERE o.name = r.name AND NOT o.builtin) ELSE r.enabled END
          UNION ALL
          SELECT 'routing', r.name, r.predicate, 'CreateOrderCommand', r.action, 'none'
            FROM oms.routing_rules AS r
           WHERE test_rules.object = oms.test_routed()
             AND CASE WHEN r.builtin THEN NOT EXISTS (SELECT FROM oms.routing_rules AS o WHERE o.name = r.name AND NOT o.builtin) ELSE r.enabled END) AS a;
END;
COMMENT ON FUNCTION oms.test_rules(text) IS 'Of oms.generate_transition_tests(): the rules that are tested';

-- The values next to a constant: one below, itself, one above; of what is no number or time another one.
CREATE FUNCTION oms.test_values(field text, constant text, constant_type text) RETURNS SETOF jsonb
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
BEGIN ATOMIC
  SELECT v.value
    FROM (VALUES (-1), (0), (1)) AS s (step)
    CROSS JOIN LATERAL (SELECT CASE
      WHEN constant_type IN ('numeric', 'integer', 'bigint', 'smallint')
        THEN to_jsonb(constant::numeric + s.step * CASE WHEN field ~* 'q(uanti)?ty|size' THEN 1 ELSE least(0.01, power(10::numeric, -scale(constant::numeric))) END)
      WHEN constant_type = 'date' THEN to_jsonb((constant::date + s.step)::text)
      WHEN constant_type LIKE 'timestamp%' THEN to_jsonb(to_char(constant::timestamptz + s.step * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
      WHEN constant_type = 'boolean' THEN CASE WHEN s.step <> 0 THEN to_jsonb((constant::boolean) = (s.step > 0)) END
      WHEN s.step = 0 THEN to_jsonb(constant)
      WHEN s.step > 0 THEN to_jsonb(CASE WHEN field ~* 'side$' THEN CASE constant WHEN 'SELL' THEN 'BUY' ELSE 'SELL' END
                                         WHEN field ~* 'ord_?type$' THEN CASE constant WHEN 'MARKET' THEN 'LIMIT' ELSE 'MARKET' END
                                         WHEN field ~* 'time_?in_?force$' THEN CASE constant WHEN 'DAY' THEN 'GOOD_TILL_CANCEL' ELSE 'DAY' END
                                         ELSE constant || '-X' END) END AS value) AS v
   WHERE v.value IS NOT NULL;
END;
COMMENT ON FUNCTION oms.test_values(text, text, text) IS 'Of oms.generate_transition_tests(): the values at and next to a constant that a field is compared with';

/*
 * What a rule is asked of: for each shape of a command, with look-ups set up in each way that matters, and with each field at and next to each constant.
 * setup: as pg_temp.rule() of the text reads it. patch: {"command": {...}, "first": {...}, "last": {...}}: fields otherwise, of the command and of what
 * is sent before it; null: left out. others: commands before all that. A rule that routes is asked of what the command has made.
 */
CREATE FUNCTION oms.test_rule_cases(object text, predicate text, routes boolean) RETURNS TABLE (shape text, setup jsonb, patch jsonb, others jsonb)
  LANGUAGE sql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH compared AS MATERIALIZED (
    SELECT * FROM oms.predicate_compared(test_rule_cases.predicate, test_rule_cases.object)
  ), look_ups AS MATERIALIZED (
    SELECT DISTINCT l.look_up FROM compared AS c CROSS JOIN unnest(c.look_ups) AS l (look_up)
  ), shapes AS MATERIALIZED (
    SELECT s.*, coalesce((s.command ->> 'orderQty')::numeric, 100) AS quantity, coalesce((s.command ->> 'price')::numeric, 10) AS price
      FROM (SELECT * FROM oms.test_shapes_of_orders() UNION ALL SELECT * FROM oms.test_shapes_of_executions() UNION ALL SELECT * FROM oms.test_shapes_of_quotes()) AS s
     WHERE s.object = test_rule_cases.object
  ), limits AS MATERIALIZED (
    SELECT substr(l.look_up, 10) AS what FROM look_ups AS l WHERE l.look_up ~ '^limit_of .'
  ), base AS MATERIALIZED (
    SELECT jsonb_strip_nulls(jsonb_build_object(
             'limits', (SELECT jsonb_object_agg(l.what, 1000000000) FROM limits AS l),
             'price', (SELECT 10 WHERE EXISTS (SELECT FROM look_ups AS l WHERE l.look_up ~ '^(reference_price|order_value|day_value)')),
             'types', (SELECT '["LIMIT", "STOP_LIMIT"]'::jsonb WHERE EXISTS (SELECT FROM look_ups AS l WHERE l.look_up = 'order_type_allowed')))) AS setup
  ), others AS (
    SELECT (o.fields || '{"commandType": "CreateOrderCommand", "symbol": "TEST", "account": "TEST-ACC", "orderQty": 100}')::jsonb || o.patch AS command, o.ends
      FROM (SELECT '{"orderId": "$O-x", "side": "BUY", "price": 10}'::jsonb AS fields, p.patch::jsonb AS patch, p.ends
              FROM (VALUES ('{}', false), ('{}', true), ('{"side": "SELL"}', false), ('{"side": "SELL"}', true), ('{"account": "TEST-OTHER"}', false), ('{"side": "SELL", "account": "TEST-OTHER"}', false),
                           ('{"orderQty": 99}', false), ('{"price": 9}', false), ('{"symbol": "TEST-X"}', false), ('{"side": "SELL", "symbol": "TEST-X"}', false)) AS p (patch, ends)) AS o
  ), limit_values AS (
    SELECT s.shape, l.what, v.amount
      FROM shapes AS s CROSS JOIN limits AS l
      CROSS JOIN LATERAL (SELECT DISTINCT x.of + d.step AS amount
                            FROM (VALUES (s.quantity), (s.quantity * s.price)) AS x (of)
                            CROSS JOIN (VALUES (-1), (0), (1)) AS d (step)) AS v
  ), fields AS (
    SELECT DISTINCT f.field, c.constants, c.constant_type, c.look_ups FROM compared AS c CROSS JOIN unnest(c.fields) AS f (field)
  ), members AS (
    -- of a row the field that fills the column, of what makes the row
    SELECT f.*, split_part(f.field, '.', 1) AS part, CASE WHEN f.field ~ '^command[.]' THEN substr(f.field, 9) ELSE r.field END AS member
      FROM fields AS f
      LEFT JOIN LATERAL (SELECT DISTINCT x.field FROM oms.command_reference AS x
                          WHERE f.field !~ '^command[.]' AND lower(x.field) = lower(replace(split_part(f.field, '.', 2), '_', ''))) AS r ON true
  ), member_values AS (
    SELECT m.part, m.member, v.value
      FROM members AS m CROSS JOIN unnest(m.constants) AS k (constant)
      CROSS JOIN LATERAL oms.test_values(m.member, k.constant, m.constant_type) AS v (value)
     WHERE m.member IS NOT NULL AND m.constant_type IS NOT NULL
    UNION
    SELECT m.part, m.member, 'null' FROM members AS m WHERE m.member IS NOT NULL
  ), patches AS (
    SELECT s.shape, jsonb_build_object(p.place, jsonb_build_object(v.member, v.value)) AS patch
      FROM member_values AS v
      CROSS JOIN shapes AS s
      CROSS JOIN LATERAL (SELECT CASE WHEN v.part = 'command' OR routes THEN 'command' ELSE CASE v.part WHEN 'cur' THEN CASE WHEN s.cur IS NOT NULL THEN 'last' ELSE '' END
                                   ELSE CASE WHEN s.before <> '[]' THEN 'first' ELSE '' END END END AS place) AS p
     WHERE p.place <> ''
       AND EXISTS (SELECT FROM oms.command_reference AS r
                    WHERE r.field = split_part(v.member, '.', 1)
                      AND r.command_type = CASE p.place WHEN 'command' THEN s.command ->> 'commandType' WHEN 'first' THEN s.before #>> '{0,commandType}' ELSE s.before #>> '{-1,commandType}' END)
       AND v.member !~ '[.]'
  )
  SELECT s.shape, b.setup, '{}'::jsonb, '[]'::jsonb FROM shapes AS s CROSS JOIN base AS b
  UNION
  SELECT v.shape, jsonb_set(b.setup, ARRAY['limits', v.what], to_jsonb(v.amount)), '{}', '[]' FROM limit_values AS v CROSS JOIN base AS b
  UNION
  SELECT s.shape, b.setup #- ARRAY['limits', l.what], '{}', '[]' FROM shapes AS s CROSS JOIN limits AS l CROSS JOIN base AS b
  UNION
  SELECT s.shape, b.setup - 'limits', '{}', '[]' FROM shapes AS s CROSS JOIN base AS b
  UNION
  SELECT s.shape, jsonb_set(b.setup, ARRAY['limits', l.what], to_jsonb(150 + a.step)), '{}', jsonb_build_array(o.command || '{"orderQty": 50}')
    FROM shapes AS s CROSS JOIN limits AS l CROSS JOIN base AS b CROSS JOIN (VALUES (-1), (0), (1)) AS a (step) CROSS JOIN (SELECT * FROM others AS x WHERE NOT x.ends LIMIT 1) AS o
   WHERE s.cur IS NULL AND l.what ~ 'DAY'
  UNION
  SELECT s.shape, b.setup || p.setup::jsonb, '{}', '[]'
    FROM shapes AS s CROSS JOIN base AS b CROSS JOIN (VALUES ('{"price": null}'), ('{"priced": "2 days"}'), ('{"priced": "23 hours"}'), ('{"price": 20}')) AS p (setup)
   WHERE b.setup ? 'price'
  UNION
  -- a factor of the reference price, on both sides of it, also where that is below nothing
  SELECT s.shape, b.setup || jsonb_build_object('price', p.price), jsonb_build_object('command', jsonb_build_object('price', p.price + z.sign * abs(p.price) * k.constant::numeric + d.step * 0.01)), '[]'
    FROM compared AS c CROSS JOIN unnest(c.constants) AS k (constant) CROSS JOIN shapes AS s CROSS JOIN base AS b
    CROSS JOIN (VALUES (10), (-10)) AS p (price) CROSS JOIN (VALUES (-1), (1)) AS z (sign) CROSS JOIN (VALUES (-1), (0), (1)) AS d (step)
   WHERE c.look_ups @> '{reference_price}' AND c.constant_type = 'numeric' AND s.command ? 'price'
  UNION
  SELECT s.shape, b.setup || p.setup::jsonb, '{}', '[]'
    FROM shapes AS s CROSS JOIN base AS b CROSS JOIN (VALUES ('{"restricted": ""}'), ('{"restricted": "TEST-ACC"}'), ('{"restricted": "TEST-OTHER"}')) AS p (setup)
   WHERE EXISTS (SELECT FROM look_ups AS l WHERE l.look_up = 'restricted')
  UNION
  SELECT s.shape, b.setup || p.setup::jsonb, '{}', '[]'
    FROM shapes AS s CROSS JOIN base AS b CROSS JOIN (VALUES ('{"types": null}'), ('{"types": ["MARKET"]}'), ('{"types": ["STOP", "LIMIT"]}')) AS p (setup)
   WHERE b.setup ? 'types'
  UNION
  SELECT s.shape, b.setup, '{}', jsonb_build_array(o.command) || CASE WHEN o.ends THEN '[{"commandType": "CancelOrderCommand", "orderId": "$O-x"}]' ELSE '[]' END::jsonb
    FROM shapes AS s CROSS JOIN base AS b CROSS JOIN others AS o
   WHERE EXISTS (SELECT FROM look_ups AS l WHERE l.look_up ~ '^(recent_like|opposite_live)')
  UNION
  SELECT p.shape, b.setup, p.patch, '[]' FROM patches AS p CROSS JOIN base AS b;
END;
COMMENT ON FUNCTION oms.test_rule_cases(text, text, boolean) IS 'Of oms.generate_transition_tests(): what a rule is asked of';

-- What of a predicate cannot be brought about by such cases.
CREATE FUNCTION oms.test_rule_gaps(object text, predicate text) RETURNS SETOF text
  LANGUAGE sql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT DISTINCT g.what
    FROM oms.predicate_compared(test_rule_gaps.predicate, test_rule_gaps.object) AS c
    CROSS JOIN LATERAL (SELECT 'look-up ' || l.look_up AS what FROM unnest(c.look_ups) AS l (look_up)
                         WHERE l.look_up !~ '^(limit_of .|reference_price|restricted|order_type_allowed|recent_like|opposite_live|buys|notional|order_value|day_quantity|day_value)'
                        UNION ALL
                        SELECT 'field ' || f.field FROM unnest(c.fields) AS f (field)
                         WHERE cardinality(c.constants) > 0 AND CASE WHEN f.field ~ '^command[.]' THEN f.field ~ '^command[.].*[.]'
                               OR NOT EXISTS (SELECT FROM oms.command_reference AS r WHERE r.object = test_rule_gaps.object AND r.field = substr(f.field, 9))
                               ELSE NOT EXISTS (SELECT FROM oms.command_reference AS r WHERE lower(r.field) = lower(replace(split_part(f.field, '.', 2), '_', ''))) END) AS g
   ORDER BY g.what;
END;
COMMENT ON FUNCTION oms.test_rule_gaps(text, text) IS 'Of oms.generate_transition_tests(): what of a rule is not tested';
