-- oms.verify(): every invariant of the store, computed again in the slow and obvious way, from the tables alone.
-- Written to share nothing with the C code that keeps them but the reading of a state (oms.order_from_state()). The invariants of one kind stand in its own file.
-- Each function below returns what oms.verify() returns and stands for itself. What it reads may have been
-- damaged by hand, so that no cast here may fail. And it takes time in proportion to what it reads, whatever
-- the statistics say: no plan here walks one table for each row of another (enable_nestloop; the cost that stands for
-- "never" would have every query compiled, hence jit), and whatever
-- compares an event with the one before it does so in one scan.

-- 1. Numbers and times of events

CREATE OR REPLACE FUNCTION oms.verify_event_numbers()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  WITH in_object AS (
    SELECT e.object, e.aggregate_id, e.root_id, e.sequence, e.version,
           row_number() OVER (PARTITION BY e.object, e.aggregate_id ORDER BY e.version, e.sequence) AS position
      FROM oms.all_events AS e
  ), in_tree AS (
    SELECT e.object, e.aggregate_id, e.root_id, e.sequence, e.tree_version, e.occurred_at,
           row_number() OVER w AS position, lag(e.occurred_at) OVER w AS previous_time, lag(e.sequence) OVER w AS previous_sequence
      FROM oms.all_events AS e
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
-- The hash is computed beside the window, in one scan: a join back to the events would have to find a plan
-- that does not compare every event of an object with every other.
CREATE OR REPLACE FUNCTION oms.verify_hash_chains()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH chain AS (
    SELECT e.object, e.aggregate_id, e.root_id, e.version, e.sequence,
           row_number() OVER w AS position, lag(e.sequence) OVER w AS previous_sequence,
           e.hash = sha256(coalesce(lag(e.hash) OVER w, '') || convert_to(e.payload::text, 'UTF8')) AS follows
      FROM oms.all_events AS e
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

CREATE OR REPLACE FUNCTION oms.verify_event_content()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  WITH content AS (
    SELECT e.object, e.aggregate_id AS id, e.root_id, e.sequence,
           ARRAY['schemaVersion', 'aggregateType', 'aggregateId', 'rootId', 'version', 'treeVersion', 'sequence', 'eventType',
                 'occurredAt', 'actor', 'role', 'via', 'commandId', 'transition',
                 'state id', 'state rootId', 'state version', 'state account'] AS fields,
           ARRAY[CASE p."schemaVersion" WHEN '1' THEN '1' ELSE '2' END, k.aggregate_type, e.aggregate_id, e.root_id, e.version::text, e.tree_version::text, e.sequence::text, e.event_type,
                 oms.time_text(e.occurred_at), e.actor, e.role, e.via, e.command_id, e.transition::text,
                 -- events of version 1 had no such column
                 e.aggregate_id, e.root_id, e.version::text, CASE p."schemaVersion" WHEN '1' THEN coalesce(e.account, p.state ->> 'account') ELSE e.account END] AS columns,
           ARRAY[p."schemaVersion", p."aggregateType", p."aggregateId", p."rootId", p.version, p."treeVersion", p.sequence, p."eventType",
                 p."occurredAt", p.actor, p.role, p.via, p."commandId", p.transition,
                 p.state ->> k.id_field, p.state ->> 'rootId', p.state ->> 'version', p.state ->> 'account'] AS payload
      FROM oms.all_events AS e
      JOIN oms.kinds() AS k ON k.object = e.object
     CROSS JOIN LATERAL jsonb_to_record(CASE jsonb_typeof(e.payload) WHEN 'object' THEN e.payload ELSE '{}' END)
           AS p ("schemaVersion" text, "aggregateType" text, "aggregateId" text, "rootId" text, version text, "treeVersion" text,
                 sequence text, "eventType" text, "occurredAt" text, actor text, role text, via text, "commandId" text, transition text, state jsonb)
  )
  SELECT 'event_columns', c.object, c.id, c.root_id, c.sequence,
         (SELECT string_agg(format('%s of the payload is %s, not %s', v.field, coalesce(v.sent, 'missing'), v.stored), '; ')
            FROM unnest(c.fields, c.columns, c.payload) AS v (field, stored, sent) WHERE v.stored IS DISTINCT FROM v.sent) || '.'
    FROM content AS c WHERE c.columns IS DISTINCT FROM c.payload
  UNION ALL
  SELECT 'transition_unknown', e.object, e.aggregate_id, e.root_id, e.sequence,
         CASE WHEN t.transition IS NULL THEN format('There is no transition %s.', e.transition)
              ELSE format('Transition %s makes %s, not %s.', e.transition, t.event_type, e.event_type) END
    FROM oms.all_events AS e
    LEFT JOIN oms.list_transitions() AS t ON t.transition = e.transition
   WHERE t.event_type IS DISTINCT FROM e.event_type
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
  -- by their bytes first, which every type has: a column that users added may have no equality, and may be called o
  WITH differing AS (
    -- @each kind UNION ALL
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
  WITH with_events AS (
    -- @each kind UNION ALL
    SELECT '@kind@' AS object, e.aggregate_id AS id, min(e.root_id) AS root_id, max(e.sequence) AS sequence, count(*) AS events
      FROM oms.@kind@_events AS e GROUP BY e.aggregate_id
    -- @end
  ), with_row AS (
    -- @each kind UNION ALL
    SELECT '@kind@' AS object, o.id, o.root_id FROM oms.@kinds@ AS o
    -- @end
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
    JOIN oms.kinds() AS k ON k.object = e.object
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
  WITH objects AS (
    -- @each kind UNION ALL
    SELECT '@kind@' AS object, o.id, o.root_id = o.id AS is_root FROM oms.@kinds@ AS o
    -- @end
  )
  SELECT 'identifier', min(o.object), o.id, o.id, NULL::bigint, format('It is the id of several roots: %s.', string_agg(o.object, ', ' ORDER BY o.object))
    FROM objects AS o WHERE o.is_root GROUP BY o.id HAVING count(*) > 1
  UNION ALL
  SELECT 'orphan', r.kind, r.id, r.id, NULL, format('Its id is in oms.root_ids as that of %s, which does not exist.', coalesce(k.described, r.kind))
    FROM oms.root_ids AS r
    LEFT JOIN oms.kinds() AS k ON k.object = r.kind
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
  WITH setting AS (
    -- known once the library is loaded, which a call of it brings about
    SELECT coalesce(current_setting('oms_state.command_retention', true)::interval, '7 days') AS retention
      FROM (SELECT count(*) FROM oms.list_transitions()) AS loaded
  ), commands AS (
    SELECT c.actor, c.command_id, c.recorded_at, c.aggregate_id, coalesce(c.sequences, '{}') AS sequences, c.content_hash, c.command_hash
      FROM oms.commands AS c
  ), events AS MATERIALIZED (
    -- a slice of a placement carries its own part of the command: what has the commandId has the whole
    SELECT e.actor, e.command_id, e.root_id, e.sequence, e.occurred_at, g.given,
           CASE WHEN g.given THEN oms.command_digest(e.payload -> 'command') END AS content_hash,
           CASE WHEN g.given THEN jsonb_hash_extended(e.payload -> 'command', 0) END AS command_hash
      FROM oms.all_events AS e
     CROSS JOIN LATERAL (SELECT e.payload #>> '{command,commandId}' IS NOT DISTINCT FROM e.command_id) AS g (given)
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
    -- @each kind UNION
    SELECT o.id FROM oms.@kinds@ AS o
    -- @end
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
    LEFT JOIN commands AS c ON c.actor = w.actor AND c.command_id = w.command_id
   WHERE c.command_id IS NULL AND w.newest > now() - s.retention
$function$;
COMMENT ON FUNCTION oms.verify_commands() IS
  'Part of oms.verify(): every commandId within oms_state.command_retention has its row, and each row names all events of its command, with its time and its content';

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
  WITH events AS (
    -- @each kind UNION ALL
    SELECT '@kind@' AS object, e.aggregate_id, e.root_id, e.tree_version, e.sequence, e.occurred_at, e.actor, e.command_id, e.xid, e.xmin, e.tableoid
      FROM oms.@kind@_events AS e
    -- @end
    UNION ALL
    -- trees of their own, whatever id a caller has given an order
    SELECT 'configuration', e.aggregate_id, e.root_id, e.tree_version, e.sequence, e.occurred_at, e.actor, NULL, e.xid, e.xmin, e.tableoid
      FROM oms.configuration_events AS e
  ), copied AS (
    SELECT e.tableoid, e.xmin FROM events AS e GROUP BY e.tableoid, e.xmin HAVING min(e.xid) <> max(e.xid)
  ), written AS (
    SELECT e.*, bool_or(e.xmin = e.xid::xid AND c.tableoid IS NULL) OVER (PARTITION BY e.tableoid ORDER BY e.sequence) AS here
      FROM events AS e
      LEFT JOIN copied AS c ON c.tableoid = e.tableoid AND c.xmin = e.xmin
  ), in_tree AS (
    SELECT w.object, w.aggregate_id, w.root_id, w.tree_version, w.sequence, w.xid, w.here,
           w.xid IS DISTINCT FROM lag(w.xid) OVER t AS begins,
           max(w.xid) OVER (t ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS highest,
           CASE WHEN (w.actor, w.command_id, w.occurred_at) = (lag(w.actor) OVER t, lag(w.command_id) OVER t, lag(w.occurred_at) OVER t)
                THEN lag(w.xid) OVER t END AS of_command
      FROM written AS w
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
      OR r.status = 'in progress' AND r.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()
$function$;
COMMENT ON FUNCTION oms.verify_transactions() IS
  'Part of oms.verify(): the events of a command are of one transaction, those of a transaction stand together in a tree, and each row was written by the transaction that it names, as far as that can be told';

-- 6. The guards of the event tables of objects

CREATE OR REPLACE FUNCTION oms.verify_guards()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
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

-- 7. All of it

CREATE OR REPLACE FUNCTION oms.verify()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
  SET work_mem = '64MB'
AS $function$
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
      -- @each kind
      UNION ALL SELECT * FROM oms.verify_@kinds@()
      -- @end
    ) AS v
   ORDER BY v.root_id, v.sequence, v.invariant, v.object, v.id
$function$;
COMMENT ON FUNCTION oms.verify() IS
  'One row for each broken invariant, none when all hold: rows against events, hash chains, numbers, sums, links, orphans, commands, transactions, guards, configuration';

REVOKE ALL ON FUNCTION oms.root_id_claims(), oms.verify_commands(), oms.verify_transactions() FROM PUBLIC;
-- @install
REVOKE ALL ON FUNCTION oms.verify(), oms.verify_event_numbers(), oms.verify_hash_chains(), oms.verify_event_content(), oms.verify_rows(),
  oms.verify_orphans(),
  oms.verify_identifiers(), oms.verify_guards() FROM PUBLIC;
-- @end

-- @upgrade
-- Where 0.1.0 let two roots have one id, the order has it; oms.verify() names both.
INSERT INTO oms.root_ids (id, kind) SELECT g.id, g.object FROM oms.root_id_claims() AS g ORDER BY g.object DESC ON CONFLICT DO NOTHING;
-- @end
