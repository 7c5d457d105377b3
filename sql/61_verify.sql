-- oms.verify(): every invariant of the store, computed again in the slow and obvious way, from the tables alone.
-- Written to share nothing with the C code that keeps them but the reading of a state (oms.order_from_state()). The invariants of one kind stand in its own file.
-- Each function below returns what oms.verify() returns and stands for itself. What it reads may have been
-- damaged by hand, so that no cast here may fail. And it takes time in proportion to what it reads, whatever
-- the statistics say: no plan here walks one table for each row of another (enable_nestloop; the cost that stands for
-- "never" would have every query compiled, hence jit). What orders all events asks first, by narrow rows or without an order, of
-- which objects or trees the answer could not be nothing, and the question itself of those alone (EXISTS: where there are none, no plan
-- begins with a sort of all). What looks at each row does it in
-- the row's own scan, with no join that stands for a list, so that workers share it.

-- 1. Numbers and times of events

CREATE OR REPLACE FUNCTION oms.verify_event_numbers()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_event_numbers()');
  WITH unsure AS MATERIALIZED (
    -- by the index on these two columns alone
    -- @each kind UNION ALL added (object text, aggregate_id text)
    SELECT '@kind@' AS object, v.aggregate_id
      FROM (SELECT e.aggregate_id, e.version, row_number() OVER (PARTITION BY e.aggregate_id ORDER BY e.version) AS position FROM oms.@kind@_events AS e) AS v
     WHERE v.version <> v.position GROUP BY v.aggregate_id
    -- @end
  ), unsure_trees AS MATERIALIZED (
    -- by a number that stands for the id: where two trees have one, they are only asked about
    SELECT DISTINCT t.tree
      FROM (SELECT k.tree, k.tree_version, k.occurred_at, k.sequence, row_number() OVER w AS position, lag(k.occurred_at) OVER w AS previous_time, lag(k.sequence) OVER w AS previous_sequence
              FROM (SELECT hashtextextended(e.root_id, 0) AS tree, e.tree_version, e.occurred_at, e.sequence FROM oms.all_events AS e) AS k
            WINDOW w AS (PARTITION BY k.tree ORDER BY k.tree_version, k.sequence)) AS t
     WHERE t.tree_version <> t.position OR t.occurred_at < t.previous_time OR t.sequence < t.previous_sequence
  ), in_object AS (
    SELECT e.object, e.aggregate_id, e.root_id, e.sequence, e.version,
           row_number() OVER (PARTITION BY e.object, e.aggregate_id ORDER BY e.version, e.sequence) AS position
      FROM oms.all_events AS e
      JOIN unsure AS u ON u.object = e.object AND u.aggregate_id = e.aggregate_id
     WHERE EXISTS (SELECT FROM unsure)
  ), in_tree AS (
    SELECT e.object, e.aggregate_id, e.root_id, e.sequence, e.tree_version, e.occurred_at,
           row_number() OVER w AS position, lag(e.occurred_at) OVER w AS previous_time, lag(e.sequence) OVER w AS previous_sequence
      FROM oms.all_events AS e
      JOIN unsure_trees AS u ON u.tree = hashtextextended(e.root_id, 0)
     WHERE EXISTS (SELECT FROM unsure_trees)
    WINDOW w AS (PARTITION BY e.root_id ORDER BY e.tree_version, e.sequence)
  ), gaps AS (
    -- after the first gap every number is off: the first event says it all
    SELECT DISTINCT ON (v.object, v.aggregate_id) v.* FROM in_object AS v WHERE v.version <> v.position
     ORDER BY v.object, v.aggregate_id, v.position
  ), tree_gaps AS (
    SELECT DISTINCT ON (t.root_id) t.* FROM in_tree AS t WHERE t.tree_version <> t.position ORDER BY t.root_id, t.position
  )
  SELECT 'version_gap', g.object, g.aggregate_id, g.root_id, g.sequence,
         format('Version %s stands where version %s belongs.', g.version, g.position)
    FROM gaps AS g
  UNION ALL
  SELECT 'tree_version_gap', g.object, g.aggregate_id, g.root_id, g.sequence,
         format('Tree version %s stands where tree version %s belongs.', g.tree_version, g.position)
    FROM tree_gaps AS g
  UNION ALL
  SELECT 'event_time', t.object, t.aggregate_id, t.root_id, t.sequence,
         format('It occurred at %s, before the tree''s previous event at %s.', oms.time_text(t.occurred_at), oms.time_text(t.previous_time))
    FROM in_tree AS t WHERE t.occurred_at < t.previous_time
  UNION ALL
  SELECT 'sequence_order', t.object, t.aggregate_id, t.root_id, t.sequence,
         format('The tree''s previous event has sequence %s.', t.previous_sequence)
    FROM in_tree AS t WHERE t.sequence < t.previous_sequence
  UNION ALL
  SELECT 'sequence_duplicate', min(e.object), min(e.aggregate_id), min(e.root_id), e.sequence,
         format('%s events have this sequence: %s.', count(*), string_agg(format('%s %s version %s', e.object, e.aggregate_id, e.version), ', '))
    FROM oms.all_events AS e
    JOIN (SELECT s.sequence FROM oms.all_events AS s GROUP BY s.sequence HAVING count(*) > 1) AS d ON d.sequence = e.sequence
   GROUP BY e.sequence
$function$;
COMMENT ON FUNCTION oms.verify_event_numbers() IS
  'Part of oms.verify(): versions and tree versions run from 1 without gaps, sequences are unique, neither sequence nor time runs backwards in a tree';

-- 2. Content of events

-- A changed event breaks the chain at itself, or at the next one where its hash was made to fit; a removed or an
-- inserted one breaks it at the event that follows. Later breaks of the same object are not told.
-- What has a predecessor of the number before it and follows it, down to version 1, is whole, if it has as many events as its last number.
CREATE OR REPLACE FUNCTION oms.verify_hash_chains()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_hash_chains()');
  WITH unsure AS MATERIALIZED (
    -- @each kind UNION added (object text, aggregate_id text)
    SELECT '@kind@' AS object, e.aggregate_id
      FROM oms.@kind@_events AS e
      LEFT JOIN oms.@kind@_events AS p ON p.aggregate_id = e.aggregate_id AND p.version = e.version - 1
     WHERE (e.version > 0 AND (e.version = 1) = (p.version IS NULL) AND e.hash = sha256(coalesce(p.hash, '') || convert_to(e.payload::text, 'UTF8'))) IS NOT TRUE
    UNION
    SELECT '@kind@', e.aggregate_id FROM oms.@kind@_events AS e GROUP BY e.aggregate_id HAVING count(*) <> max(e.version)
    -- @end
  ), chain AS (
    SELECT e.object, e.aggregate_id, e.root_id, e.version, e.sequence,
           row_number() OVER w AS position, lag(e.sequence) OVER w AS previous_sequence,
           e.hash = sha256(coalesce(lag(e.hash) OVER w, '') || convert_to(e.payload::text, 'UTF8')) AS follows
      FROM oms.all_events AS e
      JOIN unsure AS u ON u.object = e.object AND u.aggregate_id = e.aggregate_id
     WHERE EXISTS (SELECT FROM unsure)
    WINDOW w AS (PARTITION BY e.object, e.aggregate_id ORDER BY e.version, e.sequence)
  )
  SELECT DISTINCT ON (c.object, c.aggregate_id) 'hash_chain', c.object, c.aggregate_id, c.root_id, c.sequence,
         CASE WHEN c.version > c.position THEN format('Version %s is missing before version %s.', c.position, c.version)
              WHEN c.version < c.position THEN format('It is a second event of version %s.', c.version)
              WHEN c.previous_sequence IS NULL THEN 'Its hash is not that of its payload.'
              ELSE format('Its hash does not follow from that of event %s and its payload: one of the two was changed.', c.previous_sequence) END
    FROM chain AS c
   WHERE c.version <> c.position OR NOT c.follows
   ORDER BY c.object, c.aggregate_id, c.position
$function$;
COMMENT ON FUNCTION oms.verify_hash_chains() IS 'Part of oms.verify(): the first event of each object whose hash does not follow from what stands before it';

-- Each payload and state is taken apart once (OFFSET), and only what differs is put together to be told.
CREATE OR REPLACE FUNCTION oms.verify_event_content()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_event_content()');
  WITH transitions AS MATERIALIZED (
    SELECT jsonb_object_agg(t.transition, t.event_type) AS event_types FROM oms.list_transitions() AS t
  ), content AS (
    -- @each kind UNION ALL added (object text, id text, root_id text, sequence bigint, columns text[], payload text[])
    SELECT '@kind@' AS object, e.aggregate_id AS id, e.root_id, e.sequence,
           ARRAY[CASE e.schema_version WHEN '1' THEN '1' ELSE '2' END, '@Kind@', e.aggregate_id, e.root_id, e.version::text, e.tree_version::text, e.sequence::text, e.event_type,
                 oms.time_text(e.occurred_at), e.actor, e.role, e.via, e.command_id, e.transition::text, e.aggregate_id, e.root_id, e.version::text, e.account] AS columns,
           ARRAY[e.schema_version, e.whole ->> 'aggregateType', e.whole ->> 'aggregateId', e.whole ->> 'rootId', e.whole ->> 'version', e.whole ->> 'treeVersion', e.whole ->> 'sequence', e.whole ->> 'eventType',
                 e.whole ->> 'occurredAt', e.whole ->> 'actor', e.whole ->> 'role', e.whole ->> 'via', e.whole ->> 'commandId', e.whole ->> 'transition',
                 e.state ->> '@kindId@', e.state ->> 'rootId', e.state ->> 'version', e.state ->> 'account'] AS payload
      FROM (SELECT t.aggregate_id, t.root_id, t.version, t.tree_version, t.sequence, t.event_type, t.occurred_at, t.actor, t.role, t.via, t.command_id, t.transition, t.whole, t.schema_version, t.state,
                   -- events of version 1 had no such column
                   CASE t.schema_version WHEN '1' THEN coalesce(t.account, t.state ->> 'account') ELSE t.account END AS account
              FROM (SELECT p.*, p.whole ->> 'schemaVersion' AS schema_version, p.whole -> 'state' AS state
                      FROM (SELECT r.aggregate_id, r.root_id, r.version, r.tree_version, r.sequence, r.event_type, r.occurred_at, r.actor, r.role, r.via, r.command_id, r.transition, r.account, r.payload #> '{}' AS whole
                              FROM oms.@kind@_events AS r OFFSET 0) AS p OFFSET 0) AS t) AS e
     WHERE (e.schema_version IN ('1', '2') AND e.whole ->> 'aggregateType' = '@Kind@' AND e.whole ->> 'aggregateId' = e.aggregate_id AND e.whole ->> 'rootId' = e.root_id
            AND e.whole ->> 'version' = e.version::text AND e.whole ->> 'treeVersion' = e.tree_version::text AND e.whole ->> 'sequence' = e.sequence::text AND e.whole ->> 'eventType' = e.event_type
            AND e.whole ->> 'occurredAt' = oms.time_text(e.occurred_at) AND e.whole ->> 'actor' = e.actor AND e.whole ->> 'role' = e.role AND e.whole ->> 'via' IS NOT DISTINCT FROM e.via
            AND e.whole ->> 'commandId' = e.command_id AND e.whole ->> 'transition' = e.transition::text AND e.state ->> '@kindId@' = e.aggregate_id AND e.state ->> 'rootId' = e.root_id
            AND e.state ->> 'version' = e.version::text AND e.state ->> 'account' IS NOT DISTINCT FROM e.account) IS NOT TRUE
    -- @end
  )
  SELECT 'event_columns', c.object, c.id, c.root_id, c.sequence,
         (SELECT string_agg(format('%s of the payload is %s, not %s', v.field, coalesce(v.sent, 'missing'), v.stored), '; ')
            FROM unnest(ARRAY['schemaVersion', 'aggregateType', 'aggregateId', 'rootId', 'version', 'treeVersion', 'sequence', 'eventType', 'occurredAt', 'actor', 'role', 'via', 'commandId', 'transition',
                              'state id', 'state rootId', 'state version', 'state account'], c.columns, c.payload) AS v (field, stored, sent) WHERE v.stored IS DISTINCT FROM v.sent) || '.'
    FROM content AS c WHERE c.columns IS DISTINCT FROM c.payload
  UNION ALL
  SELECT 'transition_unknown', e.object, e.aggregate_id, e.root_id, e.sequence,
         CASE WHEN (SELECT t.event_types FROM transitions AS t) ->> e.transition::text IS NULL THEN format('There is no transition %s.', e.transition)
              ELSE format('Transition %s makes %s, not %s.', e.transition, (SELECT t.event_types FROM transitions AS t) ->> e.transition::text, e.event_type) END
    FROM oms.all_events AS e
   WHERE (SELECT t.event_types FROM transitions AS t) ->> e.transition::text IS DISTINCT FROM e.event_type
     -- whose machine nobody knows here
     AND e.object NOT IN (SELECT k.object FROM oms.all_kinds() AS k WHERE NOT k.loaded)
$function$;
COMMENT ON FUNCTION oms.verify_event_content() IS
  'Part of oms.verify(): columns of an event repeat its payload, and its transition exists and makes such events';

-- 3. Rows against events

CREATE OR REPLACE FUNCTION oms.verify_rows()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_rows()');
  -- by their bytes first, which every type has: a column that users added may have no equality, and may be called o
  WITH differing AS (
    -- @each kind UNION ALL loaded (object text, id text, root_id text, sequence bigint, problem text, stored jsonb, replayed jsonb)
    SELECT '@kind@' AS object, r.id, o.root_id, r.sequence, r.problem, to_jsonb(o.*) AS stored, to_jsonb(r.replayed) AS replayed
      FROM oms.replay_@kinds@() AS r
      JOIN oms.@kinds@ AS o ON o.id = r.id
     WHERE (o.* *<> r.replayed) IS NOT FALSE
    -- @end
  ), columns AS (
    SELECT d.object, d.id, d.root_id, d.sequence,
           CASE WHEN s.key = 'hash' THEN 'row_hash'
                WHEN s.key IN ('version', 'tree_version', 'tree_updated_at') THEN 'row_version'
                ELSE 'row_state' END AS invariant,
           format('%s is %s, not %s', s.key, coalesce(s.value, 'null'), coalesce(d.replayed ->> s.key, 'null')) AS difference
      FROM differing AS d
     CROSS JOIN LATERAL jsonb_each_text(d.stored) AS s
     WHERE d.problem IS NULL AND d.stored -> s.key IS DISTINCT FROM d.replayed -> s.key
       -- columns that users added are not ours to judge
       AND s.key = ANY (oms.own_columns(d.object))
  )
  SELECT c.invariant, c.object, c.id, c.root_id, c.sequence, string_agg(c.difference, '; ' ORDER BY c.difference) || '.'
    FROM columns AS c GROUP BY c.invariant, c.object, c.id, c.root_id, c.sequence
  UNION ALL
  SELECT 'row_state', d.object, d.id, d.root_id, d.sequence, 'The state in its newest event cannot be read: ' || d.problem
    FROM differing AS d WHERE d.problem IS NOT NULL
$function$;
COMMENT ON FUNCTION oms.verify_rows() IS
  'Part of oms.verify(): every row is what its newest event says; a root''s tree_version and tree_updated_at are those of the tree''s newest event';

-- 4. Nothing without what it belongs to

CREATE OR REPLACE FUNCTION oms.verify_orphans()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_orphans()');
  WITH unsure AS MATERIALIZED (
    -- by the indexes on ids alone
    -- @each kind UNION ALL added (object text, id text)
    SELECT '@kind@' AS object, coalesce(o.id, e.id) AS id
      FROM oms.@kinds@ AS o
      FULL JOIN (SELECT v.aggregate_id AS id FROM oms.@kind@_events AS v GROUP BY v.aggregate_id) AS e ON e.id = o.id
     WHERE o.id IS NULL OR e.id IS NULL
    -- @end
  ), with_events AS (
    SELECT e.object, e.aggregate_id AS id, min(e.root_id) AS root_id, max(e.sequence) AS sequence, count(*) AS events
      FROM oms.all_events AS e
      JOIN unsure AS u ON u.object = e.object AND u.id = e.aggregate_id
     WHERE EXISTS (SELECT FROM unsure)
     GROUP BY e.object, e.aggregate_id
  ), with_row AS (
    SELECT o.*
      FROM (
        -- @each kind UNION ALL added (object text, id text, root_id text)
        SELECT '@kind@' AS object, o.id, o.root_id FROM oms.@kinds@ AS o
        -- @end
      ) AS o
      JOIN unsure AS u ON u.object = o.object AND u.id = o.id
     WHERE EXISTS (SELECT FROM unsure)
  )
  SELECT 'orphan', coalesce(r.object, e.object), coalesce(r.id, e.id), coalesce(r.root_id, e.root_id), e.sequence,
         CASE WHEN e.id IS NULL THEN 'It has no events.' ELSE format('It has %s events and no row.', e.events) END
    FROM with_row AS r
    FULL JOIN with_events AS e ON e.object = r.object AND e.id = r.id
   WHERE r.id IS NULL OR e.id IS NULL
$function$;
COMMENT ON FUNCTION oms.verify_orphans() IS
  'Part of oms.verify(): no row is without events, no event without its row';

-- A command that names the id of the root that it makes has given it. Some kinds have the ids of their roots claimed in any case.
CREATE OR REPLACE FUNCTION oms.root_id_claims() RETURNS TABLE (object text, id text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT e.object, e.aggregate_id
    FROM oms.all_events AS e
    JOIN oms.all_kinds() AS k ON k.object = e.object
   WHERE e.version = 1 AND e.root_id = e.aggregate_id AND (k.claims_made_id OR e.payload #>> ARRAY['command', k.id_field] = e.aggregate_id)
$function$;
COMMENT ON FUNCTION oms.root_id_claims() IS 'What oms.root_ids must hold, by the first events of objects: roots whose ids were given, or are claimed in any case';

CREATE OR REPLACE FUNCTION oms.verify_identifiers()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_identifiers()');
  WITH objects AS (
    -- @each kind UNION ALL added (object text, id text, is_root boolean)
    SELECT '@kind@' AS object, o.id, o.root_id = o.id AS is_root FROM oms.@kinds@ AS o
    -- @end
  )
  SELECT 'identifier', min(o.object), o.id, o.id, NULL::bigint, format('It is the id of several roots: %s.', string_agg(o.object, ', ' ORDER BY o.object))
    FROM objects AS o WHERE o.is_root GROUP BY o.id HAVING count(*) > 1
  UNION ALL
  SELECT 'orphan', r.kind, r.id, r.id, NULL, format('Its id is in oms.root_ids as that of %s, which does not exist.', coalesce(k.described, r.kind))
    FROM oms.root_ids AS r
    LEFT JOIN oms.all_kinds() AS k ON k.object = r.kind
    LEFT JOIN objects AS o ON o.object = r.kind AND o.id = r.id
   WHERE o.id IS NULL
  UNION ALL
  SELECT 'identifier', g.object, g.id, g.id, NULL, 'Its id is missing in oms.root_ids.'
    FROM oms.root_id_claims() AS g
    LEFT JOIN oms.root_ids AS r ON r.id = g.id
   WHERE r.id IS NULL
$function$;
COMMENT ON FUNCTION oms.verify_identifiers() IS 'Part of oms.verify(): no id is the root of two trees, and each that must be is claimed';

-- 5. Commands and transactions

-- A command whose id was given has a row, which names its events; after oms_state.command_retention the row may be
-- gone, or belong to a later command of the same id. The older one's events are then earlier ones, and named by none.
CREATE OR REPLACE FUNCTION oms.verify_commands()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_commands()');
  WITH setting AS (
    -- known once the library is loaded, which a call of it brings about
    SELECT coalesce(current_setting('oms_state.command_retention', true)::interval, '7 days') AS retention
      FROM (SELECT count(*) FROM oms.list_transitions()) AS loaded
  ), told AS NOT MATERIALIZED (
    -- a slice of a placement carries its own part of the command: what has the commandId has the whole
    -- its payload and its command are taken apart once (OFFSET)
    SELECT e.actor, e.command_id, e.root_id, e.sequence, e.occurred_at, e.given, CASE WHEN e.given THEN e.command END AS command, true AS has_old_hash
      FROM (SELECT c.*, c.command ->> 'commandId' IS NOT DISTINCT FROM c.command_id AS given
              FROM (SELECT a.actor, a.command_id, a.root_id, a.sequence, a.occurred_at, a.payload -> 'command' AS command FROM oms.all_events AS a OFFSET 0) AS c OFFSET 0) AS e
    UNION ALL
    SELECT t.actor, t.command_id, t.root_id, t.sequence, t.occurred_at, g.given, CASE WHEN g.given THEN t.payload -> 'command' END, false
      FROM oms.purged_trees AS t
     CROSS JOIN LATERAL (SELECT t.payload #>> '{command,commandId}' IS NOT DISTINCT FROM t.command_id) AS g (given)
  ), unsure AS MATERIALIZED (
    -- sure is a row that names as many events as there are of its command, all of them, with its content and of its time; and what has none, once the retention is over
    SELECT coalesce(r.actor, f.actor) AS actor, coalesce(r.command_id, f.command_id) AS command_id
      FROM oms.commands AS r
      FULL JOIN (
        SELECT e.actor, e.command_id, count(*) AS events, count(*) FILTER (WHERE e.sequence = ANY (c.sequences)) AS named, max(e.occurred_at) AS newest, bool_or(e.given) AS given,
               bool_or(CASE WHEN c.content_hash IS NULL THEN e.has_old_hash AND jsonb_hash_extended(e.command, 0) = c.command_hash
                            WHEN e.given AND c.command_id IS NOT NULL THEN oms.command_digest(e.command) = c.content_hash END) AS same
          FROM told AS e
          LEFT JOIN oms.commands AS c ON c.actor = e.actor AND c.command_id = e.command_id
         WHERE e.given OR c.command_id IS NOT NULL
         GROUP BY e.actor, e.command_id
      ) AS f ON f.actor = r.actor AND f.command_id = r.command_id
     WHERE (r.command_id IS NOT NULL AND cardinality(coalesce(r.sequences, '{}')) = coalesce(f.events, 0) AND coalesce(f.named, 0) = coalesce(f.events, 0)
            AND coalesce(f.newest = r.recorded_at AND f.same, f.events IS NULL) AND num_nonnulls(r.content_hash, r.command_hash) > 0
            OR r.command_id IS NULL AND f.newest <= now() - (SELECT s.retention FROM setting AS s)) IS NOT TRUE
    -- what an object may be called that a row names, and is not
    UNION
    SELECT c.actor, c.command_id FROM oms.commands AS c LEFT JOIN (
    -- @each kind UNION ALL added (id text)
    SELECT o.id FROM oms.@kinds@ AS o
    -- @end
    UNION ALL SELECT t.aggregate_id FROM oms.purged_trees AS t) AS o ON o.id = c.aggregate_id WHERE o.id IS NULL
  ), commands AS (
    SELECT c.actor, c.command_id, c.recorded_at, c.aggregate_id, coalesce(c.sequences, '{}') AS sequences, c.content_hash, c.command_hash
      FROM oms.commands AS c
      JOIN unsure AS u ON u.actor = c.actor AND u.command_id = c.command_id
  ), events AS MATERIALIZED (
    SELECT e.actor, e.command_id, e.root_id, e.sequence, e.occurred_at, e.given,
           CASE WHEN e.given THEN oms.command_digest(e.command) END AS content_hash, CASE WHEN e.given AND e.has_old_hash THEN jsonb_hash_extended(e.command, 0) END AS command_hash
      FROM told AS e
      LEFT JOIN unsure AS u ON u.actor = e.actor AND u.command_id = e.command_id
      LEFT JOIN (SELECT DISTINCT unnest(c.sequences) AS sequence FROM commands AS c) AS n ON n.sequence = e.sequence
     WHERE EXISTS (SELECT FROM unsure) AND num_nonnulls(u.command_id, n.sequence) > 0
  ), named AS (
    SELECT c.actor, c.command_id, c.content_hash, c.command_hash, unnest(c.sequences) AS sequence
      FROM commands AS c
  ), found AS (
    SELECT n.actor, n.command_id,
           min(n.sequence) FILTER (WHERE e.sequence IS NULL) AS missing, count(*) FILTER (WHERE n.sequence IS NULL) > 0 AS names_null,
           min(n.sequence) FILTER (WHERE e.actor <> n.actor OR e.command_id <> n.command_id) AS another,
           min(e.occurred_at) AS oldest, max(e.occurred_at) AS newest, min(e.root_id) AS root_id, min(e.sequence) AS first,
           bool_or(CASE WHEN n.content_hash IS NULL THEN e.command_hash = n.command_hash ELSE e.content_hash = n.content_hash END) AS same
      FROM named AS n
      LEFT JOIN events AS e ON e.sequence = n.sequence
     GROUP BY n.actor, n.command_id
  ), objects AS (
    -- @each kind UNION added (id text)
    SELECT o.id FROM oms.@kinds@ AS o
    -- @end
    UNION SELECT t.aggregate_id FROM oms.purged_trees AS t
  ), facts AS (
    SELECT c.*, f.missing, f.names_null, f.another, f.oldest, f.newest, f.root_id, f.first, f.same, o.id AS object_id
      FROM commands AS c
      LEFT JOIN found AS f ON f.actor = c.actor AND f.command_id = c.command_id
      LEFT JOIN objects AS o ON o.id = c.aggregate_id
  ), without_row AS (
    SELECT e.actor, e.command_id, min(e.root_id) AS root_id, min(e.sequence) AS sequence, max(e.occurred_at) AS newest
      FROM events AS e GROUP BY e.actor, e.command_id HAVING bool_or(e.given)
  )
  SELECT 'command', 'command', f.command_id, f.root_id, f.first, format('The row of %s %s', f.actor, v.detail)
    FROM facts AS f
   CROSS JOIN LATERAL (VALUES
     (f.missing IS NOT NULL OR f.names_null, format('names event %s, which does not exist.', coalesce(f.missing::text, 'null'))),
     (f.another IS NOT NULL, format('names event %s, which is of another command.', f.another)),
     (f.newest <> f.recorded_at, format('is of %s, its newest event of %s.', oms.time_text(f.recorded_at), oms.time_text(f.newest))),
     (f.content_hash IS NULL AND f.command_hash IS NULL, 'has no hash of the command.'),
     (f.first IS NOT NULL AND NOT coalesce(f.same, false), 'has the hash of another command than its events.'),
     (f.object_id IS NULL, format('names object %s, which does not exist.', coalesce(f.aggregate_id, 'null')))
   ) AS v (broken, detail)
   WHERE v.broken
  UNION ALL
  SELECT 'command', 'command', e.command_id, min(e.root_id), min(e.sequence), format('The row of %s does not name event %s.', e.actor, min(e.sequence))
    FROM events AS e
    JOIN facts AS f ON f.actor = e.actor AND f.command_id = e.command_id
    LEFT JOIN named AS n ON n.actor = e.actor AND n.command_id = e.command_id AND n.sequence = e.sequence
   WHERE n.sequence IS NULL AND e.occurred_at >= coalesce(f.oldest, f.recorded_at)
   GROUP BY e.actor, e.command_id
  UNION ALL
  SELECT 'command', 'command', w.command_id, w.root_id, w.sequence, format('%s gave it, and has no row of it in oms.commands.', w.actor)
    FROM without_row AS w
   CROSS JOIN setting AS s
    LEFT JOIN oms.commands AS c ON c.actor = w.actor AND c.command_id = w.command_id
   WHERE c.command_id IS NULL AND w.newest > now() - s.retention
$function$;
COMMENT ON FUNCTION oms.verify_commands() IS
  'Part of oms.verify(): every commandId within oms_state.command_retention has its row, and each row names all events of its command, with its time and its content';

-- pg_current_xact_id_if_assigned() itself would keep workers from all of a statement.
CREATE FUNCTION oms.own_transaction() RETURNS xid8
  LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN pg_current_xact_id_if_assigned();
END
$function$;
COMMENT ON FUNCTION oms.own_transaction() IS 'Part of oms.verify(): the number of this transaction, where it has one';

-- The numbers of transactions are those of the cluster that wrote the events: in a store that was restored, copied or
-- repacked they say nothing about today's. A row is seen to be as it was written where its xmin is its xid, and
-- that xmin wrote no event of another xid, as a COPY does. Whatever follows such a row in its partition was written
-- here too: by its transaction, or by a subtransaction of it, which begins later and was not rolled back.
CREATE OR REPLACE FUNCTION oms.verify_transactions()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_transactions()');
  WITH events AS NOT MATERIALIZED (
    -- @each kind UNION ALL added (object text, aggregate_id text, root_id text, tree_version bigint, sequence bigint, occurred_at timestamptz, actor text, command_id text, xid xid8, xmin xid, tableoid oid)
    SELECT '@kind@' AS object, e.aggregate_id, e.root_id, e.tree_version, e.sequence, e.occurred_at, e.actor, e.command_id, e.xid, e.xmin, e.tableoid
      FROM oms.@kind@_events AS e
    -- @end
    UNION ALL
    -- trees of their own, whatever id a caller has given an order
    SELECT 'configuration', e.aggregate_id, e.root_id, e.tree_version, e.sequence, e.occurred_at, e.actor, NULL, e.xid, e.xmin, e.tableoid
      FROM oms.configuration_events AS e
  ), copied AS (
    SELECT e.tableoid, e.xmin FROM events AS e GROUP BY e.tableoid, e.xmin HAVING min(e.xid) <> max(e.xid)
  ), begun AS (
    SELECT e.tableoid, min(e.sequence) AS sequence
      FROM events AS e
      LEFT JOIN copied AS c ON c.tableoid = e.tableoid AND c.xmin = e.xmin
     WHERE e.xmin = e.xid::xid AND c.tableoid IS NULL GROUP BY e.tableoid
  ), unsure AS MATERIALIZED (
    -- by a number that stands for the tree: where two have one, they are only asked about
    SELECT DISTINCT t.tree
      FROM (SELECT k.tree, k.xid IS DISTINCT FROM lag(k.xid) OVER w AS begins, k.xid <= max(k.xid) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS was_passed,
                   k.command = lag(k.command) OVER w AND k.xid <> lag(k.xid) OVER w AS is_torn
              FROM (SELECT hashtextextended(e.root_id, CASE e.object WHEN 'configuration' THEN 1 ELSE 0 END) AS tree, hashtextextended(e.command_id, 0) AS command, e.tree_version, e.sequence, e.xid FROM events AS e) AS k
            WINDOW w AS (PARTITION BY k.tree ORDER BY k.tree_version, k.sequence)) AS t
     WHERE t.begins AND t.was_passed OR t.is_torn
  ), written AS NOT MATERIALIZED (
    SELECT e.*, coalesce(e.sequence >= b.sequence, false) AS here
      FROM events AS e
      LEFT JOIN begun AS b ON b.tableoid = e.tableoid
  ), in_tree AS (
    SELECT w.object, w.aggregate_id, w.root_id, w.tree_version, w.sequence, w.xid, w.here,
           w.xid IS DISTINCT FROM lag(w.xid) OVER t AS begins,
           max(w.xid) OVER (t ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS highest,
           CASE WHEN (w.actor, w.command_id, w.occurred_at) = (lag(w.actor) OVER t, lag(w.command_id) OVER t, lag(w.occurred_at) OVER t)
                THEN lag(w.xid) OVER t END AS of_command
      FROM written AS w
      JOIN unsure AS u ON u.tree = hashtextextended(w.root_id, CASE w.object WHEN 'configuration' THEN 1 ELSE 0 END)
     WHERE EXISTS (SELECT FROM unsure)
    WINDOW t AS (PARTITION BY w.root_id, w.object = 'configuration' ORDER BY w.tree_version, w.sequence)
  ), runs AS (
    -- only a number that is not above all before it can have been there before
    SELECT i.*, row_number() OVER (PARTITION BY i.root_id, i.object = 'configuration', i.xid, i.here ORDER BY i.tree_version, i.sequence) AS run
      FROM in_tree AS i
      JOIN (SELECT DISTINCT c.root_id, c.xid, c.here FROM in_tree AS c WHERE c.begins AND c.xid <= c.highest) AS c
        ON c.root_id = i.root_id AND c.xid = i.xid AND c.here = i.here
     WHERE i.begins
  ), rewritten AS (
    SELECT w.*, CASE WHEN w.xid < n.next THEN pg_xact_status(w.xid) END AS status,
           -- the whole number of xmin: the one nearest to today's that ends in its 32 bits
           n.number + mod(w.xmin::text::numeric - mod(n.number, 4294967296) + 6442450944, 4294967296) - 2147483648 AS writer
      FROM written AS w
     CROSS JOIN (SELECT x.next, x.next::text::numeric AS number FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())) AS x (next)) AS n
     WHERE w.here AND w.xmin <> w.xid::xid
  )
  SELECT 'transaction', r.object, r.aggregate_id, r.root_id, r.sequence,
         format('Its transaction %s has earlier events in this tree, and another transaction came between.', r.xid)
    FROM runs AS r WHERE r.run > 1
  UNION ALL
  SELECT 'transaction', i.object, i.aggregate_id, i.root_id, i.sequence,
         format('Its transaction is %s, that of the event before it, of the same command, is %s.', i.xid, i.of_command)
    FROM in_tree AS i WHERE i.of_command <> i.xid
  UNION ALL
  SELECT 'transaction', e.object, e.aggregate_id, e.root_id, e.sequence, format('No transaction has the number %s.', e.xid)
    FROM events AS e WHERE e.xid < '3'
  UNION ALL
  SELECT 'transaction', r.object, r.aggregate_id, r.root_id, r.sequence,
         format('Transaction %s did not write it: it %s.', r.xid,
                CASE r.status WHEN 'aborted' THEN 'was rolled back' WHEN 'in progress' THEN 'is not committed' ELSE 'began later' END)
    FROM rewritten AS r
   WHERE r.xid::text::numeric > r.writer OR r.status = 'aborted'
      OR r.status = 'in progress' AND r.xid IS DISTINCT FROM oms.own_transaction()
$function$;
COMMENT ON FUNCTION oms.verify_transactions() IS
  'Part of oms.verify(): the events of a command are of one transaction, those of a transaction stand together in a tree, and each row was written by the transaction that it names, as far as that can be told';

-- 6. The guards of the event tables of objects

CREATE OR REPLACE FUNCTION oms.verify_guards()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT oms.refuse_limited('oms.verify_guards()');
  WITH tables AS (
    SELECT p.relid, p.isleaf
      FROM oms.event_tables() AS e
     CROSS JOIN LATERAL pg_partition_tree(e.relid) AS p
  ), guards AS (
    -- pg_trigger.tgtype: 1 for each row, 2 before, 8 delete, 16 update, 32 truncate
    SELECT t.tgrelid, t.tgtype FROM pg_trigger AS t
     WHERE t.tgfoid = 'oms.refuse_event_change'::regproc AND t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL AND t.tgattr = ''
  ), keys AS (
    SELECT i.indrelid, array_agg(a.attname::text ORDER BY k.position) AS columns
      FROM pg_index AS i
     CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, position)
      JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL
     GROUP BY i.indexrelid, i.indrelid
  )
  SELECT 'append_only', 'table', t.relid::regclass::text, NULL, NULL::bigint, v.detail
    FROM tables AS t
   CROSS JOIN LATERAL (VALUES
     (NOT EXISTS (SELECT FROM guards AS g WHERE g.tgrelid = t.relid AND g.tgtype & 27 = 27), 'No enabled trigger refuses UPDATE and DELETE.'),
     (NOT EXISTS (SELECT FROM guards AS g WHERE g.tgrelid = t.relid AND g.tgtype & 35 = 34), 'No enabled trigger refuses TRUNCATE.'),
     (t.isleaf AND NOT EXISTS (SELECT FROM keys AS k WHERE k.indrelid = t.relid AND k.columns = ARRAY['sequence']),
      'No unique index is on sequence.'),
     (t.isleaf AND NOT EXISTS (SELECT FROM keys AS k WHERE k.indrelid = t.relid AND k.columns = ARRAY['aggregate_id', 'version']),
      'No unique index is on aggregate_id, version.')
   ) AS v (broken, detail)
   WHERE v.broken AND (t.isleaf OR v.detail LIKE 'No enabled%')
$function$;
COMMENT ON FUNCTION oms.verify_guards() IS 'Part of oms.verify(): every event table and partition has the triggers that keep it append-only, and its unique indexes';

-- 7. Kinds of other libraries: their own invariants, and what cannot be checked here

CREATE OR REPLACE FUNCTION oms.verify_added_kinds()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  kind record;
BEGIN
  PERFORM oms.refuse_limited('oms.verify_added_kinds()');
  FOR kind IN SELECT k.* FROM oms.all_kinds() AS k JOIN oms.added_kinds AS a ON a.object = k.object LOOP
    IF NOT kind.loaded THEN
      invariant := 'unchecked';
      object := kind.object;
      detail := format('The library of kind %s is not loaded: its rows were not held against its events, nor its transitions against its machine.', kind.object);
      RETURN NEXT;
    END IF;
    IF to_regprocedure(format('oms.verify_%s()', kind.table_name)) IS NOT NULL THEN
      RETURN QUERY EXECUTE format('SELECT v.invariant, v.object, v.id, v.root_id, v.sequence, v.detail FROM oms.%I() AS v', 'verify_' || kind.table_name);
    END IF;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.verify_added_kinds() IS
  'Part of oms.verify(): which kinds of other libraries cannot be checked because those are not loaded, and what oms.verify_...() of their own find';

-- 8. Who may what, once oms.create_roles() has given this database's rights

-- In PL/pgSQL: what it asks comes in a later part of the script.
CREATE FUNCTION oms.verify_rights()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM oms.refuse_limited('oms.verify_rights()');
  IF NOT coalesce(has_table_privilege(to_regrole('oms_reader'), 'oms.commands', 'SELECT'), false) THEN
    RETURN;
  END IF;
  RETURN QUERY
    SELECT 'open_grant', lower(g.class), g.target, NULL::text, NULL::bigint, format('%s has %s on it.', g.grantee, g.privileges)
      FROM oms.open_grants() AS g
    UNION ALL
    SELECT 'policy_missing', 'table', 'oms.' || p.table_name, NULL, NULL, format('oms.protect() would run: %s.', p.statement) FROM oms.policy_repairs() AS p
    UNION ALL
    -- a role that was renamed or dropped: it, or who was in it, is limited no more
    SELECT 'grant_without_role', 'account_grants', g.role, NULL, NULL, format('%s grants of accounts are for this role, which does not exist.', count(*))
      FROM oms.account_grants AS g
     WHERE g.enabled AND NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = g.role) GROUP BY g.role;
END
$function$;
COMMENT ON FUNCTION oms.verify_rights() IS
  'Part of oms.verify(), once oms.create_roles() was called: there is nothing in oms.open_grants(), nothing that oms.protect() would do, and every role that is granted accounts exists';

-- 9. What is purged: nothing of it is left, and what is said of it holds together

CREATE FUNCTION oms.verify_purged()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_purged()');
  WITH trees AS (
    SELECT t.*, h.kept AS root_hash, h.of_root, h.named
      FROM oms.purged_trees AS t
     CROSS JOIN LATERAL (
       SELECT max(h.hash ->> 3) FILTER (WHERE h.is_root) AS kept, count(*) FILTER (WHERE h.is_root AND h.hash ->> 2 = (t.version - 1)::text) AS of_root, count(*) AS named
         FROM jsonb_array_elements(CASE jsonb_typeof(t.object_hashes) WHEN 'array' THEN t.object_hashes ELSE '[]' END) AS e (hash)
        CROSS JOIN LATERAL (SELECT e.hash, e.hash ->> 0 = t.object AND e.hash ->> 1 = t.aggregate_id AS is_root) AS h
     ) AS h
  ), left_over AS (
    -- @each kind UNION ALL added (object text, id text, root_id text, is_event boolean)
    SELECT '@kind@' AS object, o.id, o.root_id, false AS is_event FROM oms.@kinds@ AS o
    UNION ALL
    SELECT '@kind@', e.aggregate_id, e.root_id, true FROM oms.@kind@_events AS e
    -- @end
  ), again AS (
    SELECT t.aggregate_id, t.object, min(t.sequence) AS sequence FROM oms.purged_trees AS t GROUP BY t.aggregate_id, t.object HAVING count(*) > 1
  )
  SELECT 'purged', t.object, t.aggregate_id, t.root_id, t.sequence, v.detail
    FROM trees AS t
   CROSS JOIN LATERAL (VALUES
     (t.digest IS DISTINCT FROM sha256(convert_to(t.object_hashes::text, 'UTF8')), 'Its digest is not that of its object_hashes.'),
     (t.of_root <> 1 OR t.named <> t.objects, format('Its object_hashes name %s of %s objects, and the root at version %s %s times.', t.named, t.objects, t.version - 1, t.of_root)),
     (t.of_root = 1 AND t.hash IS DISTINCT FROM sha256(CASE WHEN t.root_hash ~ '^([0-9a-f]{2})*$' THEN decode(t.root_hash, 'hex') ELSE '' END || convert_to(t.payload::text, 'UTF8')),
      'Its hash does not follow from that of its root and its payload: one of them was changed.'),
     -- what has found its place in the tree has brought events of its own
     (t.events < t.tree_version - 1, format('%s events went, and its tree version is %s.', t.events, t.tree_version)),
     ((t.event_type, t.aggregate_id, t.root_id, t.version::text, t.tree_version::text, t.sequence::text, oms.time_text(t.occurred_at), t.actor, t.role, t.command_id, encode(t.digest, 'hex'))
       IS DISTINCT FROM ('TreePurged', t.payload ->> 'aggregateId', t.payload ->> 'rootId', t.payload ->> 'version', t.payload ->> 'treeVersion', t.payload ->> 'sequence',
                         t.payload ->> 'occurredAt', t.payload ->> 'actor', t.payload ->> 'role', t.payload ->> 'commandId', t.payload ->> 'digest'),
      'Its columns are not those of its payload.')
   ) AS v (broken, detail)
   WHERE v.broken
  UNION ALL
  SELECT 'purged', a.object, a.aggregate_id, a.aggregate_id, a.sequence, 'It was purged more than once.' FROM again AS a
  UNION ALL
  SELECT 'purged', min(l.object), l.id, l.root_id, t.sequence, format('It is of a tree that is purged, and there %s.', CASE WHEN bool_or(l.is_event) THEN 'are events of it' ELSE 'is its row' END)
    FROM left_over AS l
    JOIN oms.purged_trees AS t ON t.aggregate_id = l.root_id
   GROUP BY l.id, l.root_id, t.sequence
  UNION ALL
  SELECT 'purged', l.object, l.id, l.root_id, NULL, 'Its id is one that was purged.'
    FROM left_over AS l JOIN oms.purged_ids AS p ON p.id = l.id WHERE NOT l.is_event
$function$;
COMMENT ON FUNCTION oms.verify_purged() IS
  'Part of oms.verify(): of a purged tree nothing is left, its ids are used by nobody, and its row agrees with its payload, digest and hash';

-- 10. All of it

CREATE OR REPLACE FUNCTION oms.verify()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
  -- for each sort and hash of a process; of what a plan expects to find nearly nothing is found, so workers have hardly anything to hand over
  SET work_mem = '16MB'
  SET hash_mem_multiplier = 1
  SET parallel_tuple_cost = 0
AS $function$
  SELECT oms.refuse_limited('oms.verify()');
  SELECT v.invariant, v.object, v.id, v.root_id, v.sequence, v.detail
    FROM (
      SELECT * FROM oms.verify_event_numbers()
      UNION ALL SELECT * FROM oms.verify_hash_chains()
      UNION ALL SELECT * FROM oms.verify_event_content()
      UNION ALL SELECT * FROM oms.verify_rows()
      UNION ALL SELECT * FROM oms.verify_orphans()
      UNION ALL SELECT * FROM oms.verify_identifiers()
      UNION ALL SELECT * FROM oms.verify_commands()
      UNION ALL SELECT * FROM oms.verify_transactions()
      UNION ALL SELECT * FROM oms.verify_guards()
      UNION ALL SELECT * FROM oms.verify_configuration()
      UNION ALL SELECT * FROM oms.verify_purged_configuration()
      UNION ALL SELECT * FROM oms.verify_anchors()
      UNION ALL SELECT * FROM oms.verify_added_kinds()
      UNION ALL SELECT * FROM oms.verify_rights()
      UNION ALL SELECT * FROM oms.verify_purged()
      -- @each kind
      UNION ALL SELECT * FROM oms.verify_@kinds@()
      -- @end
    ) AS v
   ORDER BY v.root_id, v.sequence, v.invariant, v.object, v.id
$function$;
COMMENT ON FUNCTION oms.verify() IS
  'One row for each broken invariant, none when all hold: rows against events, hash chains, numbers, sums, links, orphans, commands, transactions, guards, configuration, anchors, grants';

REVOKE ALL ON FUNCTION oms.own_transaction(), oms.root_id_claims(), oms.verify_added_kinds(), oms.verify_purged(), oms.verify_commands(), oms.verify_transactions(), oms.verify_rights() FROM PUBLIC;
-- @install
REVOKE ALL ON FUNCTION oms.verify(), oms.verify_event_numbers(), oms.verify_hash_chains(), oms.verify_event_content(), oms.verify_rows(),
  oms.verify_orphans(),
  oms.verify_identifiers(), oms.verify_guards() FROM PUBLIC;
-- @end

-- @upgrade
-- Where 0.1.0 let two roots have one id, the order has it; oms.verify() names both.
INSERT INTO oms.root_ids (id, kind) SELECT g.id, g.object FROM oms.root_id_claims() AS g ORDER BY g.object DESC ON CONFLICT DO NOTHING;
-- @end
