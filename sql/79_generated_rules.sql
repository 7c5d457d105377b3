-- Generated tests of rules as text.

-- How a text asks a rule, all of it undone: what its predicate says as a query, and what the store makes of it when it is the only rule.
CREATE FUNCTION oms.test_rule_helper(object text) RETURNS text[]
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT string_to_array(format($text$-- What rules look up: {"limits": {"DAY_VALUE": 9}, "price": 10, "priced": "2 days", "restricted": "account", "types": ["LIMIT"]}.
CREATE FUNCTION pg_temp.set_up(setup jsonb) RETURNS void LANGUAGE sql AS $$
  DELETE FROM oms.limits;
  DELETE FROM oms.reference_prices;
  DELETE FROM oms.restricted_list;
  DELETE FROM oms.allowed_order_types;
  INSERT INTO oms.limits (what, amount) SELECT l.key, l.value::numeric FROM jsonb_each_text(coalesce(setup -> 'limits', '{}')) AS l;
  INSERT INTO oms.reference_prices (symbol, price, priced_at) SELECT 'TEST', (setup ->> 'price')::numeric, now() - coalesce((setup ->> 'priced')::interval, '0') WHERE setup ->> 'price' IS NOT NULL;
  INSERT INTO oms.restricted_list (symbol, account) SELECT 'TEST', setup ->> 'restricted' WHERE setup ? 'restricted';
  INSERT INTO oms.allowed_order_types (destination, ord_type) SELECT 'TEST-DST', t.value FROM jsonb_array_elements_text(CASE jsonb_typeof(setup -> 'types') WHEN 'array' THEN setup -> 'types' ELSE '[]' END) AS t;
$$;
CREATE FUNCTION pg_temp.only(of_table regclass, rule text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF of_table = 'oms.routing_rules'::regclass THEN
    INSERT INTO oms.routing_rules (name, priority, predicate, action, reason, enabled) SELECT r.name, r.priority, r.predicate, r.action, r.reason, r.name = rule FROM oms.routing_rules AS r
     WHERE r.builtin AND (r.name = rule OR r.enabled) AND NOT EXISTS (SELECT FROM oms.routing_rules AS o WHERE o.name = r.name AND NOT o.builtin);
    UPDATE oms.routing_rules SET enabled = name = rule WHERE enabled <> (name = rule) AND NOT builtin;
  ELSE
    INSERT INTO oms.validation_rules (name, object, command_type, asset_class, predicate, message, severity, when_missing, enabled)
    SELECT r.name, r.object, r.command_type, r.asset_class, r.predicate, r.message, r.severity, r.when_missing, true FROM oms.validation_rules AS r
     WHERE r.builtin AND r.name = rule AND NOT EXISTS (SELECT FROM oms.validation_rules AS o WHERE o.name = r.name AND NOT o.builtin);
    UPDATE oms.validation_rules SET enabled = true WHERE name = rule AND NOT enabled AND NOT builtin;
  END IF;
END $$;
CREATE FUNCTION pg_temp.patched(command jsonb, patch jsonb) RETURNS jsonb LANGUAGE sql AS $$
  SELECT replace(replace(replace(replace(jsonb_strip_nulls(command || coalesce(patch, '{}'))::text, '$O', 'generated-O'), '$E', 'generated-E'), '$R', 'generated-R'), '$Q', 'generated-Q')::jsonb
$$;
CREATE FUNCTION pg_temp.named(id text) RETURNS text LANGUAGE sql AS $$ SELECT 'generated-' || right(id, 1) $$;
-- What is sent before the command; null: it all went well.
CREATE FUNCTION pg_temp.prepare(before jsonb, patch jsonb, others jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  step record;
  answer jsonb;
BEGIN
  FOR step IN SELECT s.value, s.ordinality > jsonb_array_length(others) AS counts, s.ordinality - jsonb_array_length(others) AS n FROM jsonb_array_elements(others || before) WITH ORDINALITY AS s ORDER BY s.ordinality LOOP
    answer := pg_temp.send(pg_temp.patched(step.value, CASE WHEN step.counts AND step.n = 1 THEN coalesce(patch -> 'first', '{}') ELSE '{}' END
                                                     || CASE WHEN step.counts AND step.n = jsonb_array_length(before) THEN coalesce(patch -> 'last', '{}') ELSE '{}' END));
    IF answer ->> 'status' <> 'ACCEPTED' THEN
      RETURN answer #>> '{error,sqlstate}';
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
CREATE FUNCTION pg_temp.says(n integer, command jsonb, cur text, parent text, root text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  said boolean;
BEGIN
  EXECUTE format('SELECT pg_temp.says_%%s($1, $2, $3, $4)', n) INTO said USING command, cur, parent, root;
  RETURN said;
EXCEPTION WHEN data_exception THEN
  RETURN false;
END $$;
CREATE FUNCTION pg_temp.rule(n integer, rule text, command_type text, effect text, when_missing text, of_shape text, setup jsonb, patch jsonb, others jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  s record;
  command jsonb;
  answer jsonb;
  problem text;
  said boolean;
  want text;
  have text;
BEGIN
  SELECT * INTO s FROM shapes AS x WHERE x.shape = of_shape;
  command := pg_temp.patched(s.command, patch -> 'command');
  BEGIN
    PERFORM pg_temp.set_up(setup);
    problem := pg_temp.prepare(s.before, patch, others);
    IF problem IS NULL THEN
      BEGIN
        answer := pg_temp.send(command);
        problem := answer #>> '{error,sqlstate}';
        RAISE EXCEPTION 'undone' USING ERRCODE = 'TT000';
      EXCEPTION WHEN SQLSTATE 'TT000' THEN
        NULL;
      END;
    END IF;
    IF problem IS NULL THEN
      said := pg_temp.says(n, command, pg_temp.named(s.cur), pg_temp.named(s.parent), pg_temp.named(s.root));
      want := CASE WHEN command_type <> command ->> 'commandType' OR said THEN 'PASS' WHEN NOT said THEN effect ELSE CASE when_missing WHEN 'REFUSE' THEN effect ELSE when_missing END END;
      PERFORM pg_temp.only('oms.validation_rules', rule);
      answer := pg_temp.send(command);
      have := CASE WHEN answer #>> '{error,rule}' = rule THEN 'REFUSE' WHEN answer ? 'error' THEN answer #>> '{error,sqlstate}'
                   ELSE coalesce((SELECT f.value ->> 'severity' FROM oms.%1$I AS e CROSS JOIN jsonb_array_elements(e.payload -> 'findings') AS f
                                   WHERE e.command_id = answer ->> 'commandId' AND f.value ->> 'rule' = rule LIMIT 1), 'PASS') END;
    END IF;
    RAISE EXCEPTION 'undone' USING ERRCODE = 'TT000';
  EXCEPTION WHEN SQLSTATE 'TT000' THEN
    NULL;
  END;
  RETURN is(have, want, concat_ws(' ', rule, 'of', of_shape, setup, nullif(patch, '{}'), nullif(others, '[]'), '(is', 'refused anyway: ' || problem, said, ')'));
END $$;
CREATE FUNCTION pg_temp.routing(n integer, rule text, command_type text, effect text, when_missing text, of_shape text, setup jsonb, patch jsonb, others jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  s record;
  command jsonb;
  answer jsonb;
  said boolean;
  problem text;
  want text;
  have text;
BEGIN
  SELECT * INTO s FROM shapes AS x WHERE x.shape = of_shape;
  command := pg_temp.patched(s.command, coalesce(patch -> 'command', patch -> 'first', patch -> 'last'));
  BEGIN
    PERFORM pg_temp.set_up(setup);
    PERFORM pg_temp.only('oms.routing_rules', rule);
    answer := pg_temp.send(command);
    problem := answer #>> '{error,sqlstate}';
    IF problem IS NULL THEN
      said := pg_temp.says(n, command, command ->> 'orderId', NULL, command ->> 'orderId');
      want := CASE WHEN said THEN effect ELSE 'none' END;
      answer := %2$s.oms_service('SubmitClientOrder', command - 'commandType' || '{"orderId": "generated-again"}');
      -- what cannot be placed goes to the desk after all
      have := CASE WHEN answer #>> '{routing,rule}' = rule THEN CASE effect WHEN 'AUTO' THEN effect ELSE answer #>> '{routing,action}' END ELSE 'none' END;
    END IF;
    RAISE EXCEPTION 'undone' USING ERRCODE = 'TT000';
  EXCEPTION WHEN SQLSTATE 'TT000' THEN
    NULL;
  END;
  RETURN is(have, want, concat_ws(' ', rule, 'routes', of_shape, setup, nullif(patch, '{}'), '(is', 'refused anyway: ' || problem, said, ')'));
END $$;$text$, (SELECT k.event_table FROM oms.kinds() AS k WHERE k.object = test_rule_helper.object),
    (SELECT quote_ident(n.nspname) FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'oms_state')), E'\n');
END;
COMMENT ON FUNCTION oms.test_rule_helper(text) IS 'Of oms.generate_transition_tests(): how a text asks a rule';

-- What the rules about a kind are tested by, and the tests.
CREATE FUNCTION oms.test_rule_lines(object text, OUT texts text[], OUT tests text[])
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  tables text[] := oms.predicate_rows(test_rule_lines.object);
  rule record;
  gaps text[];
  cases text[];
BEGIN
  texts := ARRAY[
    'CREATE TEMPORARY TABLE shapes (shape text PRIMARY KEY, before jsonb NOT NULL, command jsonb NOT NULL, cur text, parent text, root text) ON COMMIT DROP;',
    'INSERT INTO shapes VALUES'];
  texts := texts || ARRAY(SELECT format('  (%L, %L, %L, %L, %L, %L)%s', s.shape, s.before, s.command, s.cur, s.parent, s.root, CASE WHEN lead(1) OVER (ORDER BY s.shape COLLATE "C") IS NULL THEN ';' ELSE ',' END)
                            FROM (SELECT * FROM oms.test_shapes_of_orders() UNION ALL SELECT * FROM oms.test_shapes_of_executions() UNION ALL SELECT * FROM oms.test_shapes_of_quotes()) AS s
                           WHERE s.object = test_rule_lines.object ORDER BY s.shape COLLATE "C");
  texts := texts || oms.test_rule_helper(test_rule_lines.object);
  FOR rule IN SELECT * FROM oms.test_rules(test_rule_lines.object) LOOP
    gaps := ARRAY(SELECT g.what FROM oms.test_rule_gaps(test_rule_lines.object, rule.predicate) AS g (what));
    -- a comment ends with its line, and what stands on the next is what psql does
    texts := texts || regexp_replace(format('-- %s rule %s%s', rule.sort, quote_literal(rule.rule), CASE WHEN gaps <> '{}' THEN format(', but for %s of its terms that nothing here brings about: %s', cardinality(gaps), array_to_string(gaps, ', ')) ELSE '' END), '[\r\n]', ' ', 'g')
      || format('CREATE FUNCTION pg_temp.says_%s(command jsonb, text, text, text) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = ''UTC'' SET datestyle = ''ISO, MDY'' SET intervalstyle = postgres AS %L;',
                rule.n, format('SELECT (%s) FROM (SELECT) AS one LEFT JOIN oms.%I AS cur ON cur.id = $2 LEFT JOIN oms.%I AS parent ON parent.id = $3 LEFT JOIN oms.%I AS root ON root.id = $4',
                               -- whether there is such a row: of a row as a whole SQL asks something else
                               regexp_replace(rule.predicate || CASE WHEN rule.predicate ~ '--' THEN E'\n' ELSE '' END, '\m(cur|parent|root)\s+IS\s+(NOT\s+)?NULL', '\1.id IS \2NULL', 'gi'), tables[1], tables[2], tables[3]));
    cases := ARRAY(SELECT format('SELECT pg_temp.%s(%s, %L, %L, %L, %L, %L, %L, %L, %L);', CASE rule.sort WHEN 'routing' THEN 'routing' ELSE 'rule' END, rule.n, rule.rule, rule.command_type, rule.effect, rule.when_missing, c.shape, c.setup, c.patch, c.others)
                     FROM oms.test_rule_cases(test_rule_lines.object, rule.predicate, rule.sort = 'routing') AS c
                    WHERE rule.sort <> 'routing' OR c.shape ~ '^create' AND c.shape <> 'create child'
                    ORDER BY c.shape COLLATE "C", c.others::text COLLATE "C", c.setup::text COLLATE "C", c.patch::text COLLATE "C");
    tests := tests || cases;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.test_rule_lines(text) IS 'Of oms.generate_transition_tests(): the tests of rules about a kind of object';
