-- Why a client order went where it went.

CREATE FUNCTION oms.ask_routing(order_id text)
  RETURNS TABLE (n integer, rule text, version bigint, action text, answer text, reason text, saw jsonb, error text)
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_ask_routing';
COMMENT ON FUNCTION oms.ask_routing(text) IS
  'What the routing would say of a client order as it stands now: each rule that is asked, in its order, up to the one that decides. Nothing of an order that no CreateOrderCommand without a parent has made. Writes and locks nothing (OM003)';

CREATE FUNCTION oms.explain_routing(order_id text)
  RETURNS TABLE (at text, decided_at timestamptz, n integer, rule text, version bigint, priority integer, action text, answer text, matched boolean,
                 reason text, saw jsonb, error text)
  LANGUAGE sql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET standard_conforming_strings = on
AS $function$
  -- the priority that the rule had then
  SELECT 'THEN', e.occurred_at, t.n::integer, t.f ->> 'rule', (t.f ->> 'version')::bigint,
         coalesce((SELECT (c.payload #>> '{state,priority}')::integer FROM oms.configuration_events AS c
                    WHERE c.root_id = 'routing_rules/' || regexp_replace(t.f ->> 'rule', '([/\\])', '\\\1', 'g') AND c.version = (t.f ->> 'version')::bigint),
                  (SELECT r.priority FROM oms.routing_rules AS r WHERE r.name = t.f ->> 'rule' AND r.version = (t.f ->> 'version')::bigint ORDER BY r.builtin LIMIT 1)),
         t.f ->> 'action', t.f ->> 'answer', t.f ->> 'answer' IN ('TRUE', 'ERROR'), t.f ->> 'message', t.f -> 'saw', t.f ->> 'why'
    FROM oms.order_events AS e
   CROSS JOIN LATERAL (SELECT f.f, row_number() OVER (ORDER BY f.i) AS n
                         FROM jsonb_array_elements(CASE jsonb_typeof(e.payload -> 'findings') WHEN 'array' THEN e.payload -> 'findings' ELSE '[]' END)
                              WITH ORDINALITY AS f (f, i)
                        WHERE f.f ->> 'severity' = 'ROUTE' AND f.f ->> 'action' <> 'PLACE') AS t
   WHERE e.aggregate_id = explain_routing.order_id
  UNION ALL
  SELECT 'NOW', clock_timestamp(), a.n, a.rule, a.version,
         (SELECT r.priority FROM oms.routing_rules AS r WHERE r.name = a.rule ORDER BY r.builtin LIMIT 1),
         a.action, a.answer, a.answer IN ('TRUE', 'ERROR'), a.reason, a.saw, a.error
    FROM oms.ask_routing(explain_routing.order_id) AS a
   ORDER BY 2, 3
$function$;
COMMENT ON FUNCTION oms.explain_routing(text) IS
  'Why a client order went to the desk or was placed: for each decision (THEN, decided_at) the rules that were asked, in their order, what each answered and what it read of order and command, and which one matched; and what they would say of it NOW. An error matches, too: it sends to the desk. No rows THEN: no rule was asked. Raises OM003';

REVOKE ALL ON FUNCTION oms.ask_routing(text), oms.explain_routing(text) FROM PUBLIC;
