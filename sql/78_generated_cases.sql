-- Generated tests: which situations there are, what the tables say of each action in each, and which of all that is worth a test.
--
-- A situation is a set of words: conditions of the machine (in capitals), flags (^LATE_FILL), and what else matters for what comes (small:
-- "unfilled", "cancel" while one is asked for). Where a word stands for when something holds, several are all of them; !x: not x; ?x ?y: one of these.

-- What is said of a thing only if something holds: "REQUEST_OPEN/cancel&!full" or just "GROWS".
CREATE FUNCTION oms.test_told(situation text[], said text) RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN ARRAY(SELECT pg_catalog.split_part(word, '/', 1) FROM pg_catalog.unnest(pg_catalog.string_to_array(said, ' ')) WITH ORDINALITY AS w (word, n)
                WHERE word <> '' AND (word !~ '/' OR NOT EXISTS (
                  SELECT FROM pg_catalog.string_to_table(pg_catalog.split_part(word, '/', 2), '&') AS i (needed)
                   WHERE (pg_catalog.ltrim(needed, '!') = ANY (situation)) = (needed ~ '^!'))) ORDER BY n);
COMMENT ON FUNCTION oms.test_told(text[], text) IS 'Of oms.generate_transition_tests(): what of this is so in a situation?';

CREATE FUNCTION oms.test_default(field text, field_type text) RETURNS jsonb
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE
    WHEN field IN ('orderId', 'parentId') THEN '"$O"' WHEN field = 'executionId' THEN '"$E"' WHEN field = 'quoteRequestId' THEN '"$R"' WHEN field = 'quoteId' THEN '"$Q"'
    WHEN field = 'symbol' THEN '"TEST"' WHEN field = 'side' THEN '"BUY"'
    WHEN field_type = 'identifier' THEN '"$I"' WHEN field_type = 'boolean' THEN 'true' WHEN field_type = 'integer' THEN '1'
    WHEN field_type ~ 'quantity|price|decimal' THEN '10' WHEN field_type ~ '^time' THEN '"2999-12-31T00:00:00Z"' WHEN field_type = 'date' THEN '"2999-12-31"'
    WHEN field_type = 'object' THEN '{}' WHEN field_type ~ 'array' THEN '[]' ELSE '"said"' END::jsonb;
COMMENT ON FUNCTION oms.test_default(text, text) IS 'Of oms.generate_transition_tests(): what a field that a command needs has where nothing else is said';

/*
 * What is tried: action: its name. sets_up: recipes are made of it. trigger: of the machine; null: nothing of it. reported: as a counterparty's report.
 * needs: when. facts, effects, refusals: as oms.test_told() reads them; effects are words that begin (+) or end (-) to hold, where the row that fires
 * does more than keep the report; refusals: what a rule of the code says where a row
 * would fire, or (~) before it is looked for. steps: commands, of which "c" is the type, and what
 * stands in no field is as oms.test_default() says.
 */
CREATE FUNCTION oms.test_actions(object text) RETURNS TABLE (action text, sets_up boolean, trigger text, reported boolean, needs text[], bars text[], one_of text[], facts text, effects text, refusals text,
    steps jsonb)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH given AS (
    SELECT * FROM oms.test_actions_of_orders() UNION ALL SELECT * FROM oms.test_actions_of_desk() UNION ALL
    SELECT * FROM oms.test_actions_of_quotes() UNION ALL SELECT * FROM oms.test_actions_of_executions()
  ), commands AS (
    SELECT r.command_type, r.object, regexp_replace(r.command_type, 'Command$', '') AS stem, bool_or(r.field = 'execID') AS may_report,
           coalesce(jsonb_object_agg(r.field, oms.test_default(r.field, r.field_type)) FILTER (WHERE r.required AND (r.unless IS NULL OR r.field IN ('symbol', 'side'))), '{}') AS fields
      FROM oms.command_reference AS r GROUP BY r.command_type, r.object
  ), made AS (
    -- commands that the lists above do not know: what was added to the machine
    SELECT DISTINCT t.object, t.trigger, t.trigger AS stem, c.may_report
      FROM oms.state_transitions AS t JOIN commands AS c ON c.stem = t.trigger
     WHERE NOT EXISTS (SELECT FROM given AS g WHERE g.object = t.object AND g.trigger = t.trigger)
  ), all_of AS (
    SELECT g.object, g.action, g.sets_up, g.trigger, g.reports, g.needs, g.facts, g.effects, g.refusals, g.steps FROM given AS g
    UNION ALL
    SELECT m.object, m.stem, EXISTS (SELECT FROM oms.kinds() AS k WHERE k.object = m.object) AND NOT EXISTS (SELECT FROM given AS g WHERE g.object = m.object), m.trigger, CASE WHEN m.may_report THEN 'both' ELSE 'no' END,
           coalesce(p.needs, CASE m.trigger WHEN (SELECT t.trigger FROM oms.state_transitions AS t WHERE t.object = m.object ORDER BY t.transition LIMIT 1) THEN 'start' ELSE '!start' END),
           coalesce(p.facts, ''), '-start', '',
           -- of a kind that is not known here at all every command says whom it is about
           jsonb_build_array(jsonb_build_object('c', m.stem) || coalesce((
             SELECT jsonb_build_object(k.id_field, oms.test_default(k.id_field, 'identifier')) FROM oms.kinds() AS k
              WHERE k.object = m.object AND p.action IS NULL
                AND EXISTS (SELECT FROM oms.command_reference AS r WHERE r.command_type = m.stem || 'Command' AND r.field = k.id_field)), '{}'))
      FROM made AS m LEFT JOIN given AS p ON p.object = m.object AND p.action = '*'
  )
  SELECT CASE WHEN r.is_report THEN 'report of ' ELSE '' END || a.action, a.sets_up AND (NOT r.is_report OR a.reports IN ('setup', 'yes', 'fact', 'fix')), a.trigger,
         r.is_report OR a.reports IN ('yes', 'fact', 'fix'), n.needs, n.bars, n.one_of, a.facts, a.effects, a.refusals,
         (SELECT jsonb_agg(CASE WHEN s.step ? 'c' THEN coalesce(c.fields, '{}') || s.step - 'c' || jsonb_build_object('commandType', s.step ->> 'c' || 'Command')
                                     || CASE WHEN r.is_report OR a.reports = 'yes' THEN '{"execID": "$N"}' ELSE '{}' END::jsonb
                                ELSE s.step END ORDER BY s.n)
            FROM jsonb_array_elements(a.steps) WITH ORDINALITY AS s (step, n) LEFT JOIN commands AS c ON c.stem = s.step ->> 'c')
    FROM all_of AS a
    CROSS JOIN LATERAL (SELECT false AS is_report UNION ALL SELECT true WHERE a.reports IN ('both', 'setup')) AS r
    CROSS JOIN LATERAL (SELECT ARRAY(SELECT w.word FROM string_to_table(a.needs, ' ') AS w (word) WHERE w.word ~ '^[^!?]') AS needs,
                               ARRAY(SELECT substr(w.word, 2) FROM string_to_table(a.needs, ' ') AS w (word) WHERE w.word ~ '^!') AS bars,
                               ARRAY(SELECT substr(w.word, 2) FROM string_to_table(a.needs, ' ') AS w (word) WHERE w.word ~ '^[?]') AS one_of) AS n
   WHERE a.object = test_actions.object AND a.action <> '*';
END;
COMMENT ON FUNCTION oms.test_actions(text) IS 'Of oms.generate_transition_tests(): what is tried with objects of a kind, or on the desk, and when';

-- What becomes of a situation when a row fires: the tables say the conditions and flags, the action the rest.
CREATE FUNCTION oms.test_after(situation text[], sets text[], clears text[], raises text[], event_type text, effects text) RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN (WITH e (word) AS (SELECT w.word FROM pg_catalog.unnest(oms.test_told(situation, effects)) AS w (word)
                             WHERE event_type IS NULL OR event_type !~ 'Reported$')
          SELECT ARRAY(SELECT DISTINCT w.word COLLATE "C" FROM (
                         -- what has ended is not overdue
                         SELECT s.word FROM pg_catalog.unnest(situation) AS s (word)
                          WHERE s.word <> '^EXPIRY_OVERDUE' OR NOT (sets && ARRAY['REJECTED', 'CANCELLED', 'EXPIRED', 'CALCULATED'] OR 'DONE_FOR_DAY' = ANY (sets) AND 'gtc' <> ALL (situation)
                                                                    OR '+full' IN (SELECT e.word FROM e))
                         EXCEPT SELECT pg_catalog.unnest(clears)
                         EXCEPT SELECT 'cancel' WHERE 'PENDING_CANCEL' = ANY (clears) EXCEPT SELECT pg_catalog.unnest(ARRAY['replace', 'named']) WHERE 'PENDING_REPLACE' = ANY (clears)
                         EXCEPT SELECT pg_catalog.substr(e.word, 2) FROM e WHERE e.word ~ '^-'
                         UNION SELECT pg_catalog.unnest(sets) UNION SELECT '^' || r.flag FROM pg_catalog.unnest(raises) AS r (flag)
                         UNION SELECT pg_catalog.substr(e.word, 2) FROM e WHERE e.word ~ '^[+]') AS w (word) ORDER BY 1));
COMMENT ON FUNCTION oms.test_after(text[], text[], text[], text[], text, text) IS 'Of oms.generate_transition_tests(): the situation after a row has fired';

CREATE FUNCTION oms.test_unmade(machine text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN (SELECT min(c.word) FROM oms.state_transitions AS t CROSS JOIN pg_catalog.unnest(t.requires) AS c (word)
           WHERE t.object = machine AND NOT EXISTS (SELECT FROM oms.state_transitions AS s WHERE s.object = t.object AND c.word = ANY (s.sets)));
COMMENT ON FUNCTION oms.test_unmade(text) IS 'Of oms.generate_transition_tests(): the condition of what is not made yet, which rows ask for and none sets; null: it has none';

-- Every action that is possible in these situations, with the row that fires by the tables as they are now.
CREATE FUNCTION oms.test_outcomes(object text, recipes text[], situations text[], only_set_up boolean)
  RETURNS TABLE (recipe text, before text[], action text, trigger text, reported boolean, facts text[], transition integer, event_type text, after text[], refusal text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH actions AS MATERIALIZED (
    SELECT * FROM oms.test_actions(test_outcomes.object) AS a WHERE a.sets_up OR NOT only_set_up
  ), rows AS MATERIALIZED (
    SELECT t.* FROM oms.state_transitions AS t WHERE t.object = test_outcomes.object
  ), pairs AS MATERIALIZED (
    SELECT s.recipe, s.holds AS before, a.*
      FROM (SELECT x.recipe, string_to_array(x.situation, ' ') AS holds FROM unnest(recipes, situations) AS x (recipe, situation)) AS s
      JOIN actions AS a ON s.holds @> a.needs AND NOT s.holds && a.bars AND (a.one_of = '{}' OR s.holds && a.one_of)
  ), tried AS (
    SELECT p.recipe, p.before, p.action, p.trigger, p.reported, oms.test_told(p.before, p.facts) AS facts, p.effects, p.refusals FROM pairs AS p
  ), fired AS (
    SELECT DISTINCT ON (p.recipe, p.action) p.*, r.transition, r.event_type, r.sets, r.clears, r.raises
      FROM tried AS p
      LEFT JOIN rows AS r ON r.trigger = p.trigger AND p.before @> coalesce(r.requires, '{}') AND NOT p.before && coalesce(r.forbids, '{}')
                         AND p.facts @> coalesce(r.facts, '{}') AND (p.reported OR NOT r.reported)
     ORDER BY p.recipe, p.action, r.transition
  )
  SELECT f.recipe, f.before, f.action, f.trigger, f.reported, f.facts, f.transition, f.event_type,
         CASE WHEN x.refusal IS NOT NULL THEN f.before
              ELSE oms.test_after(f.before, coalesce(f.sets, '{}'), coalesce(f.clears, '{}'), coalesce(f.raises, '{}'), f.event_type, f.effects) END,
         x.refusal
    FROM fired AS f
    CROSS JOIN LATERAL (SELECT (oms.test_told(f.before, f.refusals))[1] AS said) AS r
    CROSS JOIN LATERAL (SELECT CASE WHEN r.said ~ '^~' THEN substr(r.said, 2) WHEN f.transition IS NULL AND f.trigger IS NOT NULL THEN 'OM004' ELSE r.said END AS refusal) AS x;
END;
COMMENT ON FUNCTION oms.test_outcomes(text, text[], text[], boolean) IS
  'Of oms.generate_transition_tests(): what each action does in these situations, by the machine as it is';

/*
 * The tests that are worth it: of all that may be tried in all situations that up to `depth` actions lead to, for each of the following the shortest
 *   - each status that shows, and each action
 *   - each row of the machine, fired where a condition holds and where it does not, and so of each fact that is known, and of reports
 *   - each row that does not fire for one reason alone: a condition, a fact, no report
 *   - each two words that hold together afterwards: which of them shows
 */
CREATE FUNCTION oms.test_cases(object text, depth integer)
  RETURNS TABLE (recipe text, action text, transition integer, event_type text, after text[], refusal text, why text)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  recipes text[] := '{""}';
  situations text[];
  all_recipes text[] := recipes;
  all_situations text[];
BEGIN
  situations := ARRAY[concat_ws(' ', oms.test_unmade(test_cases.object), 'start')];
  all_situations := situations;
  FOR level IN 1 .. depth LOOP
    SELECT array_agg(f.recipe ORDER BY f.recipe COLLATE "C"), array_agg(f.situation ORDER BY f.recipe COLLATE "C") INTO recipes, situations
      FROM (SELECT DISTINCT ON (array_to_string(o.after, ' ')) concat_ws(' > ', nullif(o.recipe, ''), o.action) AS recipe, array_to_string(o.after, ' ') AS situation
              FROM oms.test_outcomes(test_cases.object, recipes, situations, true) AS o
             WHERE o.refusal IS NULL AND array_to_string(o.after, ' ') <> ALL (all_situations)
             ORDER BY array_to_string(o.after, ' '), o.recipe COLLATE "C", o.action COLLATE "C") AS f;
    EXIT WHEN recipes IS NULL;
    all_recipes := all_recipes || recipes;
    all_situations := all_situations || situations;
  END LOOP;
  RETURN QUERY
    WITH tried AS MATERIALIZED (
      SELECT o.*, dense_rank() OVER (ORDER BY cardinality(string_to_array(o.recipe, ' > ')), o.recipe COLLATE "C", o.action COLLATE "C") AS n
        FROM oms.test_outcomes(test_cases.object, all_recipes, all_situations, false) AS o
    ), rows AS MATERIALIZED (
      SELECT t.* FROM oms.state_transitions AS t WHERE t.object = test_cases.object
    ), conditions AS MATERIALIZED (
      SELECT DISTINCT c.word FROM rows AS r CROSS JOIN LATERAL unnest(r.requires || r.forbids || r.sets || r.clears) AS c (word)
    ), reasons (why, n) AS (
      SELECT concat_ws(' ', 'pair', oms.test_status(test_cases.object, t.before), t.action), t.n FROM tried AS t
      UNION ALL
      SELECT concat_ws(' ', 'row', t.transition, CASE WHEN c.word = ANY (t.before) THEN 'with' ELSE 'without' END, c.word), t.n
        FROM tried AS t CROSS JOIN conditions AS c WHERE t.transition IS NOT NULL AND t.refusal IS NULL
      UNION ALL
      SELECT concat_ws(' ', 'row', t.transition, CASE WHEN f.word = ANY (t.facts) THEN 'with' ELSE 'without' END, f.word), t.n
        FROM tried AS t JOIN (SELECT DISTINCT r.trigger, x.word FROM rows AS r CROSS JOIN unnest(r.facts) AS x (word)) AS f ON f.trigger = t.trigger
       WHERE t.transition IS NOT NULL AND t.refusal IS NULL
      UNION ALL
      SELECT concat_ws(' ', 'row', t.transition, CASE WHEN t.reported THEN 'reported' ELSE 'not reported' END), t.n FROM tried AS t WHERE t.transition IS NOT NULL AND t.refusal IS NULL
      UNION ALL
      SELECT concat_ws(' ', 'not', r.transition, 'for', m.missing[1]), t.n
        FROM tried AS t
        JOIN rows AS r ON r.trigger = t.trigger AND (t.transition IS NULL OR r.transition < t.transition)
        CROSS JOIN LATERAL (SELECT ARRAY(SELECT 'without ' || x.word FROM unnest(r.requires) AS x (word) WHERE x.word <> ALL (t.before)
                                         UNION ALL SELECT 'with ' || x.word FROM unnest(r.forbids) AS x (word) WHERE x.word = ANY (t.before)
                                         UNION ALL SELECT 'without fact ' || x.word FROM unnest(r.facts) AS x (word) WHERE x.word <> ALL (t.facts)
                                         UNION ALL SELECT 'no report' WHERE r.reported AND NOT t.reported) AS missing) AS m
       WHERE cardinality(m.missing) = 1
      UNION ALL
      SELECT concat_ws(' ', 'shows', a.word, b.word), t.n
        FROM tried AS t CROSS JOIN unnest(t.after) AS a (word) CROSS JOIN unnest(t.after) AS b (word)
       WHERE a.word < b.word AND a.word ~ '^([A-Z]|full|part)' AND b.word ~ '^([A-Z]|full|part)' AND t.refusal IS NULL
    ), chosen AS (
      SELECT min(r.n) AS n, r.why FROM reasons AS r GROUP BY r.why
    )
    SELECT t.recipe, t.action, t.transition, t.event_type, t.after, t.refusal, c.why
      FROM (SELECT c.n, min(c.why COLLATE "C") || CASE WHEN count(*) > 1 THEN ' and ' || count(*) - 1 || ' more' ELSE '' END AS why FROM chosen AS c GROUP BY c.n) AS c
      JOIN tried AS t USING (n)
     ORDER BY c.n;
END
$function$;
COMMENT ON FUNCTION oms.test_cases(text, integer) IS 'Of oms.generate_transition_tests(): the tests of a machine, each with why it is there';
