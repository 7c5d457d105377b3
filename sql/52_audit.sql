-- What an auditor reads: of one object, or one row of configuration, who changed what, field by field.

-- As the caller, whose policies count: what he does not see is no event here, and the one after it is held against the one before it.
CREATE FUNCTION oms.audit_trail(id text)
  RETURNS TABLE (sequence bigint, occurred_at timestamptz, object text, version bigint, event_type text, actor text, role text, via text, application_name text, client_addr inet,
                 command_type text, command_id text, transition integer, sentence text, rules text, field text, old text, new text, reason text, text text)
  LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 100
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH events AS (
    SELECT e.object, e.sequence, e.version, e.event_type, e.occurred_at, e.actor, e.role, e.via, e.application_name, e.client_addr, e.command_id, e.transition, e.payload
      FROM oms.all_events AS e WHERE e.aggregate_id = audit_trail.id
    UNION ALL
    SELECT split_part(e.root_id, '/', 1), e.sequence, e.version, e.event_type, e.occurred_at, e.actor, e.role, e.via, e.application_name, e.client_addr,
           e.payload #>> '{command,commandId}', NULL, e.payload
      FROM oms.configuration_events AS e WHERE e.root_id = audit_trail.id
    UNION ALL
    -- of a tree that went, its end: by which policy, and what has gone
    SELECT t.object, t.sequence, t.version, t.event_type, t.occurred_at, t.actor, t.role, t.via, t.application_name, t.client_addr, t.command_id, t.transition,
           jsonb_build_object('command', t.payload -> 'command', 'state', jsonb_strip_nulls(jsonb_build_object(
             'policy', t.policy, 'archived', t.archived, 'objects', t.objects, 'events', t.events, 'digest', encode(t.digest, 'hex'))))
      FROM oms.purged_trees AS t WHERE t.aggregate_id = audit_trail.id
  ), states AS (
    SELECT e.*, e.event_type LIKE '%Deleted' AND e.transition IS NULL AS is_deleted, e.payload -> 'state' AS state, lag(e.payload -> 'state') OVER w AS previous,
           lag(e.event_type) OVER w LIKE '%Deleted' AND e.transition IS NULL AS begins
      FROM events AS e
    WINDOW w AS (PARTITION BY e.object ORDER BY e.version)
  )
  SELECT e.sequence, e.occurred_at, e.object, e.version, e.event_type, e.actor, e.role, e.via, e.application_name, e.client_addr,
         e.payload #>> '{command,commandType}', e.command_id, e.transition, t.sentence, r.rules, c.key, c.value ->> 'from', c.value ->> 'to',
         e.payload #>> '{command,reason}', e.payload #>> '{command,text}'
    FROM states AS e
    LEFT JOIN oms.list_transitions() AS t ON t.transition = e.transition
   CROSS JOIN LATERAL (
     SELECT string_agg(CASE WHEN f.value ? 'more' THEN format('and %s more', f.value ->> 'more')
                            ELSE format('%s version %s: %s', f.value ->> 'rule', f.value ->> 'version', f.value ->> 'severity') END, '; ' ORDER BY f.position) AS rules
       FROM jsonb_array_elements(CASE jsonb_typeof(e.payload -> 'findings') WHEN 'array' THEN e.payload -> 'findings' ELSE '[]' END) WITH ORDINALITY AS f (value, position)
   ) AS r
    LEFT JOIN LATERAL jsonb_each(oms.state_changes(CASE WHEN e.begins THEN NULL ELSE e.previous END, CASE WHEN e.is_deleted THEN NULL ELSE e.state END)) AS c ON true
   ORDER BY e.sequence, c.key
$function$;
COMMENT ON FUNCTION oms.audit_trail(text) IS
  'Who changed an object, when, how and why: one row for each field that an event changed, with what it was and what it is (one row without a field for an event that changed none); for every kind of object that has this id, for configuration by its root_id, as validation_rules/NAME, and of a tree that was purged, by the id of its root, how it went. rules: what rules said of it, which version, how grave. Empty where nothing of this id is seen';
REVOKE ALL ON FUNCTION oms.audit_trail(text) FROM PUBLIC;
