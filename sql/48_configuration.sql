-- Each change of configuration is an event. Which tables that holds for says the code (src/store/config_def.c): the parts before
-- this one make them, with their check, a version and a hash, and here they get what is equal for all.

CREATE FUNCTION oms.configuration_tables(OUT table_name name, OUT aggregate_type text, OUT key text[], OUT columns text[], OUT fields text[])
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 14 AS 'MODULE_PATHNAME', 'oms_list_configuration_tables';
COMMENT ON FUNCTION oms.configuration_tables() IS
  'The tables of configuration whose changes are events, from the code: name, aggregateType, what names a row, and its columns with their names in events';

CREATE TABLE oms.configuration_events (
  sequence bigint NOT NULL CONSTRAINT configuration_events_pkey PRIMARY KEY,
  aggregate_id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  root_id text COLLATE "C" NOT NULL,
  tree_version bigint NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  actor text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  via text COLLATE "C",
  xid xid8 NOT NULL,
  payload jsonb NOT NULL,
  hash bytea NOT NULL,
  application_name text COLLATE "C",
  client_addr inet,
  CONSTRAINT configuration_events_root_id_version_key UNIQUE (root_id, version)
);
-- By it a row that somebody has copied is told from one that a restore brings.
CREATE INDEX configuration_events_hash_idx ON oms.configuration_events (hash);
SELECT pg_catalog.pg_extension_config_dump('oms.configuration_events', '');
COMMENT ON TABLE oms.configuration_events IS 'Every change of configuration, append-only, whoever made it and however; oms.configuration_history shows them to people';
COMMENT ON COLUMN oms.configuration_events.sequence IS 'One generator for all event tables; not the commit order';
COMMENT ON COLUMN oms.configuration_events.aggregate_id IS 'What names the row: its key (oms.configuration_tables()), with "/" between several columns; that sign, and "\", in one of them after a "\"';
COMMENT ON COLUMN oms.configuration_events.version IS 'Number of the event in the history of what has this name: 1, 2, 3 ..., also where it was deleted and made again';
COMMENT ON COLUMN oms.configuration_events.root_id IS 'The table, "/" and aggregate_id; the key in Kafka';
COMMENT ON COLUMN oms.configuration_events.tree_version IS 'As version: each row is a tree of its own';
COMMENT ON COLUMN oms.configuration_events.event_type IS 'What it is (oms.configuration_tables()), and Created, Changed or Deleted';
COMMENT ON COLUMN oms.configuration_events.actor IS 'Who answers for it: the session user; where that is a member of oms_proxy, the role it has set';
COMMENT ON COLUMN oms.configuration_events.role IS 'The current user, whose rights counted';
COMMENT ON COLUMN oms.configuration_events.via IS 'The session user where it is a member of oms_proxy and speaks for the actor; else null';
COMMENT ON COLUMN oms.configuration_events.application_name IS 'application_name of the session, which says it of itself; null if empty. No part of payload and hash';
COMMENT ON COLUMN oms.configuration_events.client_addr IS 'Where the session came from; null from this machine, without a network. No part of payload and hash';
COMMENT ON COLUMN oms.configuration_events.payload IS 'The whole event, as it goes to Kafka; state is the row after it, or as it was last';
COMMENT ON COLUMN oms.configuration_events.hash IS 'SHA-256 of the previous hash of its root_id and the payload''s text';

CREATE TRIGGER configuration_events_append_only BEFORE UPDATE OR DELETE ON oms.configuration_events
  FOR EACH ROW EXECUTE FUNCTION oms.refuse_event_change();
CREATE TRIGGER configuration_events_no_truncate BEFORE TRUNCATE ON oms.configuration_events
  FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change();

CREATE FUNCTION oms.configuration_version() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'oms_configuration_version';
COMMENT ON FUNCTION oms.configuration_version() IS
  'Trigger of tables of configuration, before each row: version and hash are counted on; OM011 if it is renamed, or came with the extension';
CREATE FUNCTION oms.refuse_configuration_truncate() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'oms_refuse_configuration_truncate';
COMMENT ON FUNCTION oms.refuse_configuration_truncate() IS 'Trigger of tables of configuration: each row that goes is an event (OM011)';
-- Who makes a trigger has to have EXECUTE, who fires it has not.
REVOKE ALL ON FUNCTION oms.configuration_version(), oms.refuse_configuration_truncate(), oms.configuration_changed(), oms.shard_replace(), oms.fix_session_name(),
  oms.check_rule(), oms.check_asset_class(), oms.check_service() FROM PUBLIC;

-- A table's own triggers come first: version_row sorts behind their names.
DO $do$
DECLARE
  t name;
BEGIN
  FOR t IN SELECT c.table_name FROM oms.configuration_tables() AS c LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER version_row BEFORE INSERT OR UPDATE OR DELETE ON oms.%I FOR EACH ROW EXECUTE FUNCTION oms.configuration_version()', t);
    EXECUTE format('CREATE OR REPLACE TRIGGER row_changed AFTER INSERT OR UPDATE OR DELETE ON oms.%I FOR EACH ROW EXECUTE FUNCTION oms.configuration_changed()', t);
    EXECUTE format('CREATE OR REPLACE TRIGGER no_truncate BEFORE TRUNCATE ON oms.%I FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_configuration_truncate()', t);
    EXECUTE format('ALTER TABLE oms.%I ENABLE ALWAYS TRIGGER version_row, ENABLE ALWAYS TRIGGER row_changed, ENABLE ALWAYS TRIGGER no_truncate', t);
    EXECUTE format('COMMENT ON COLUMN oms.%I.version IS ''Counted with each change, whatever is given; that of its newest event in oms.configuration_events''', t);
    EXECUTE format('COMMENT ON COLUMN oms.%I.hash IS ''That of its newest event; null in what came with the extension''', t);
  END LOOP;
END
$do$;

-- What differs, of a change; all of what was made or has gone.
CREATE VIEW oms.configuration_history WITH (security_invoker = true) AS
  SELECT c.occurred_at, c.actor, c.role, c.via, c.table_name, c.aggregate_id AS id, c.version, c.change, b.before, a.after, c.payload -> 'command' AS command, c.sequence
    FROM (SELECT e.*, split_part(e.root_id, '/', 1) AS table_name, substring(e.event_type FROM '[A-Z][a-z]*$') AS change,
                 s.state, lag(s.state) OVER (PARTITION BY e.root_id ORDER BY e.version) AS previous
            FROM oms.configuration_events AS e
           CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(e.payload -> 'state') WHEN 'object' THEN (e.payload -> 'state') - 'version' ELSE '{}' END AS state) AS s) AS c
   CROSS JOIN LATERAL (SELECT jsonb_object_agg(f.key, f.value) AS before FROM jsonb_each(coalesce(c.previous, '{}')) AS f
                        WHERE c.change = 'Deleted' OR c.change = 'Changed' AND c.state -> f.key IS DISTINCT FROM f.value) AS b
   CROSS JOIN LATERAL (SELECT jsonb_object_agg(f.key, f.value) AS after FROM jsonb_each(c.state) AS f
                        WHERE c.change = 'Created' OR c.change = 'Changed' AND c.previous -> f.key IS DISTINCT FROM f.value) AS a;
COMMENT ON VIEW oms.configuration_history IS 'Who changed what configuration when, and what it was before and after: of a change the columns that differ';
COMMENT ON COLUMN oms.configuration_history.command IS 'The command that it was changed for, if one; a message of FIX stands in it';

-- Part of oms.verify(), in its manner (61_verify.sql).

-- Rows as they are now, as events would show them. From the whole row: of a column that is gone, or has another type, it says so and no more.
CREATE FUNCTION oms.configuration_rows() RETURNS TABLE (table_name name, id text, root_id text, state jsonb, hash text)
  LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
  SET search_path = pg_catalog, pg_temp
  SET standard_conforming_strings = on
  SET timezone = 'UTC'
  SET datestyle = 'ISO, MDY'
  SET intervalstyle = iso_8601
  SET bytea_output = hex
AS $function$
DECLARE
  t record;
BEGIN
  FOR t IN
    SELECT c.*, coalesce(a.times, '') AS times
      FROM oms.configuration_tables() AS c
      JOIN pg_class AS r ON r.relnamespace = 'oms'::regnamespace AND r.relname = c.table_name AND r.relkind IN ('r', 'p')
     CROSS JOIN LATERAL (SELECT string_agg(format('%1$L, CASE WHEN isfinite(o.%1$I) THEN oms.time_text(o.%1$I) ELSE o.%1$I::text END', a.attname), ', ') AS times
                           FROM pg_attribute AS a
                          WHERE a.attrelid = r.oid AND a.atttypid = 'timestamptz'::regtype AND a.attname::text = ANY (c.columns)) AS a
  LOOP
    RETURN QUERY EXECUTE format($query$
      SELECT %1$L::name, k.id, %1$L || '/' || k.id, s.state, r.row ->> 'hash'
        FROM oms.%1$I AS o
       CROSS JOIN LATERAL (SELECT to_jsonb(o.*) || jsonb_build_object(%2$s)) AS r (row)
       CROSS JOIN LATERAL (SELECT string_agg(replace(replace(coalesce(r.row ->> k.name, ''), '\', '\\'), '/', '\/'), '/' ORDER BY k.position)
                             FROM unnest($1) WITH ORDINALITY AS k (name, position)) AS k (id)
       CROSS JOIN LATERAL (SELECT jsonb_object_agg(f.field, r.row -> f.name) FROM unnest($2, $3) AS f (name, field) WHERE jsonb_typeof(r.row -> f.name) <> 'null') AS s (state)
       WHERE r.row ->> 'builtin' IS DISTINCT FROM 'true'$query$, t.table_name, t.times)
      USING t.key, t.columns || 'version'::text, t.fields || 'version'::text;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.configuration_rows() IS
  'Part of oms.verify(): the rows of all tables of configuration that did not come with the extension, each as its events would show it';

CREATE FUNCTION oms.verify_configuration()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET standard_conforming_strings = on
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_configuration()');
  WITH begins AS MATERIALIZED (
    -- where a history begins whose first events were purged
    SELECT DISTINCT ON (h.root_id) h.* FROM oms.purged_histories() AS h WHERE h.version IS NOT NULL ORDER BY h.root_id, h.version DESC
  ), events AS MATERIALIZED (
    SELECT e.*, coalesce(t.table_name::text, split_part(e.root_id, '/', 1)) AS object, t.table_name, t.aggregate_type,
           CASE jsonb_typeof(e.payload -> 'state') WHEN 'object' THEN e.payload -> 'state' END AS state,
           row_number() OVER w + coalesce(b.version, 0) AS position, coalesce(lag(e.sequence) OVER w, b.sequence) AS previous_sequence, lag(e.occurred_at) OVER w AS previous_time,
           coalesce(lag(e.event_type) OVER w, b.event_type) AS previous_type, lead(e.sequence) OVER w IS NULL AS is_newest,
           coalesce(e.hash = sha256(coalesce(CASE WHEN row_number() OVER w = 1 THEN b.hash ELSE lag(e.hash) OVER w END, '') || convert_to(e.payload::text, 'UTF8')), false) AS follows
      FROM oms.configuration_events AS e
      LEFT JOIN oms.configuration_tables() AS t ON t.table_name::text = split_part(e.root_id, '/', 1)
      LEFT JOIN begins AS b ON b.root_id = e.root_id
    WINDOW w AS (PARTITION BY e.root_id ORDER BY e.version, e.sequence)
  ), content AS (
    SELECT e.object, e.aggregate_id AS id, e.root_id, e.sequence,
           ARRAY['schemaVersion', 'aggregateType', 'aggregateId', 'rootId', 'version', 'treeVersion', 'sequence', 'eventType', 'occurredAt', 'actor', 'role', 'via', 'state version'] AS fields,
           ARRAY['2', e.aggregate_type, e.aggregate_id, e.root_id, e.version::text, e.tree_version::text, e.sequence::text, e.event_type, oms.time_text(e.occurred_at),
                 e.actor, e.role, e.via, e.version::text] AS columns,
           ARRAY[p."schemaVersion", p."aggregateType", p."aggregateId", p."rootId", p.version, p."treeVersion", p.sequence, p."eventType", p."occurredAt",
                 p.actor, p.role, p.via, e.state ->> 'version'] AS payload
      FROM events AS e
     CROSS JOIN LATERAL jsonb_to_record(CASE jsonb_typeof(e.payload) WHEN 'object' THEN e.payload ELSE '{}' END)
           AS p ("schemaVersion" text, "aggregateType" text, "aggregateId" text, "rootId" text, version text, "treeVersion" text,
                 sequence text, "eventType" text, "occurredAt" text, actor text, role text, via text)
  ), first_breaks AS (
    -- whatever follows is off, too
    SELECT DISTINCT ON (e.root_id) e.* FROM events AS e WHERE e.version <> e.position OR NOT e.follows ORDER BY e.root_id, e.position
  ), heads AS (
    SELECT coalesce(e.object, r.table_name::text) AS object, coalesce(e.aggregate_id, r.id) AS id, coalesce(e.root_id, r.root_id) AS root_id,
           e.sequence, e.event_type, e.event_type LIKE '%Deleted' AS is_deleted, r.root_id IS NOT NULL AS has_row,
           e.version, e.state, '\x' || encode(e.hash, 'hex') AS hash, r.state AS stored, r.hash AS stored_hash
      FROM (SELECT n.* FROM events AS n WHERE n.is_newest) AS e
      FULL JOIN oms.configuration_rows() AS r ON r.root_id = e.root_id
  ), differences AS (
    SELECT h.object, h.id, h.root_id, h.sequence, CASE d.field WHEN 'version' THEN 'row_version' WHEN 'hash' THEN 'row_hash' ELSE 'row_state' END AS invariant,
           string_agg(format('%s is %s, not %s', d.field, coalesce(d.stored, 'null'), coalesce(d.told, 'null')), '; ' ORDER BY d.field) || '.' AS detail
      FROM heads AS h
      JOIN oms.configuration_tables() AS t ON t.table_name::text = h.object
     CROSS JOIN LATERAL (
       SELECT f.field, h.stored ->> f.field, h.state ->> f.field FROM unnest(t.fields) AS f (field) WHERE coalesce(h.stored -> f.field, 'null') <> coalesce(h.state -> f.field, 'null')
       UNION ALL SELECT 'version', h.stored ->> 'version', h.version::text WHERE h.stored ->> 'version' IS DISTINCT FROM h.version::text
       UNION ALL SELECT 'hash', h.stored_hash, h.hash WHERE h.stored_hash IS DISTINCT FROM h.hash
     ) AS d (field, stored, told)
     WHERE h.has_row AND NOT h.is_deleted
     GROUP BY h.object, h.id, h.root_id, h.sequence, 5
  ), guards AS (
    -- pg_trigger.tgtype: 1 for each row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate
    SELECT w.table_name, w.lost
      FROM (SELECT t.table_name, g.* FROM oms.configuration_tables() AS t
             CROSS JOIN (VALUES ('configuration_version', 31, 'No enabled trigger counts its versions.'), ('configuration_changed', 29, 'No enabled trigger makes its changes events.'),
                                ('refuse_configuration_truncate', 34, 'No enabled trigger refuses TRUNCATE.')) AS g (function, type, lost)
            UNION ALL
            SELECT t.table_name, g.*
              FROM (VALUES ('configuration_events'), ('purged_configuration'), ('purged_trees')) AS t (table_name)
             CROSS JOIN (VALUES ('refuse_event_change', 27, 'No enabled trigger refuses UPDATE and DELETE.'), ('refuse_event_change', 34, 'No enabled trigger refuses TRUNCATE.')) AS g (function, type, lost)) AS w
      LEFT JOIN (SELECT c.relname, p.proname, t.tgtype FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_proc AS p ON p.oid = t.tgfoid
                  WHERE c.relnamespace = 'oms'::regnamespace AND p.pronamespace = 'oms'::regnamespace AND t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL AND t.tgattr = '') AS g
        ON g.relname = w.table_name AND g.proname = w.function AND g.tgtype = w.type
     WHERE g.relname IS NULL
    UNION ALL
    SELECT 'configuration_events', format('No unique index is on %s.', w.columns)
      FROM (VALUES ('sequence'), ('root_id, version')) AS w (columns)
     WHERE NOT EXISTS (
       SELECT FROM pg_index AS i
        WHERE i.indrelid = 'oms.configuration_events'::regclass AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
          AND w.columns = (SELECT string_agg(a.attname, ', ' ORDER BY k.position) FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, position)
                             JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum))
  )
  SELECT CASE WHEN b.version <> b.position THEN 'version_gap' ELSE 'hash_chain' END, b.object, b.aggregate_id, b.root_id, b.sequence,
         CASE WHEN b.version <> b.position THEN format('Version %s stands where version %s belongs.', b.version, b.position)
              WHEN b.previous_sequence IS NULL THEN 'Its hash is not that of its payload.'
              ELSE format('Its hash does not follow from that of event %s and its payload: one of the two was changed.', b.previous_sequence) END
    FROM first_breaks AS b
  UNION ALL
  SELECT 'event_time', e.object, e.aggregate_id, e.root_id, e.sequence,
         format('It occurred at %s, before the previous event at %s.', oms.time_text(e.occurred_at), oms.time_text(e.previous_time))
    FROM events AS e WHERE e.occurred_at < e.previous_time
  UNION ALL
  SELECT 'sequence_order', e.object, e.aggregate_id, e.root_id, e.sequence, format('The previous event has sequence %s.', e.previous_sequence)
    FROM events AS e WHERE e.sequence < e.previous_sequence
  UNION ALL
  SELECT 'sequence_duplicate', e.object, e.aggregate_id, e.root_id, e.sequence, format('An event of %s %s has this sequence, too.', o.object, o.aggregate_id)
    FROM events AS e JOIN oms.all_events AS o ON o.sequence = e.sequence
  UNION ALL
  SELECT 'event_columns', c.object, c.id, c.root_id, c.sequence,
         (SELECT string_agg(format('%s of the payload is %s, not %s', v.field, coalesce(v.sent, 'missing'), v.stored), '; ')
            FROM unnest(c.fields, c.columns, c.payload) AS v (field, stored, sent) WHERE v.stored IS DISTINCT FROM v.sent) || '.'
    FROM content AS c WHERE c.columns IS DISTINCT FROM c.payload
  UNION ALL
  SELECT 'transition_unknown', e.object, e.aggregate_id, e.root_id, e.sequence,
         CASE WHEN e.table_name IS NULL THEN 'It is of no table of configuration.'
              WHEN e.root_id <> e.table_name || '/' || e.aggregate_id THEN 'Its root_id is not made of the table and its aggregate_id.'
              ELSE format('%s does not follow %s.', e.event_type, coalesce(e.previous_type, 'nothing')) END
    FROM events AS e
   WHERE e.table_name IS NULL OR e.root_id <> e.table_name || '/' || e.aggregate_id
      -- what no event explains may be deleted
      OR e.event_type NOT IN (e.aggregate_type || 'Deleted',
                              e.aggregate_type || CASE WHEN coalesce(e.previous_type, 'Deleted') LIKE '%Deleted' THEN 'Created' ELSE 'Changed' END)
  UNION ALL
  SELECT 'orphan', h.object, h.id, h.root_id, h.sequence,
         CASE WHEN h.sequence IS NULL THEN 'It has no events.' WHEN h.has_row THEN 'Its newest event says that it was deleted, and it has a row.'
              ELSE format('Its newest event is %s, and it has no row.', h.event_type) END
    FROM heads AS h WHERE h.sequence IS NULL OR h.has_row = h.is_deleted
  UNION ALL
  -- a history goes to its end only where that says that nothing is there
  SELECT 'orphan', split_part(b.root_id, '/', 1), substring(b.root_id FROM '/(.*)'), b.root_id, b.sequence, format('All of its events are gone, and the last one that was purged is %s.', coalesce(b.event_type, 'none'))
    FROM begins AS b
   WHERE b.event_type LIKE '%Deleted' IS NOT TRUE AND NOT EXISTS (SELECT FROM events AS e WHERE e.root_id = b.root_id)
  UNION ALL
  SELECT d.invariant, d.object, d.id, d.root_id, d.sequence, d.detail FROM differences AS d
  UNION ALL
  SELECT 'append_only', 'table', 'oms.' || g.table_name, NULL, NULL, g.lost FROM guards AS g
$function$;
COMMENT ON FUNCTION oms.verify_configuration() IS
  'Part of oms.verify(): each row of configuration is what its newest event says, what was deleted has none; numbers, times, hash chains and content of those events, from where they were purged; the triggers of the tables';

CREATE FUNCTION oms.verify_purged_configuration()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_purged_configuration()');
  WITH batches AS MATERIALIZED (
    SELECT p.*, row_number() OVER w AS position, lag(p.sequence) OVER w AS previous_sequence, lag(p.occurred_at) OVER w AS previous_time,
           coalesce(p.hash = sha256(coalesce(lag(p.hash) OVER w, '') || convert_to(p.payload::text, 'UTF8')), false) AS follows
      FROM oms.purged_configuration AS p
    WINDOW w AS (ORDER BY p.version, p.sequence)
  ), first_break AS (
    SELECT b.* FROM batches AS b WHERE b.version <> b.position OR NOT b.follows ORDER BY b.position LIMIT 1
  ), histories AS (
    SELECT h.*, coalesce(lag(h.version) OVER (PARTITION BY h.root_id ORDER BY h.batch, h.version), 0) AS version_before FROM oms.purged_histories() AS h
  ), counted AS (
    SELECT h.batch, count(*) FILTER (WHERE h.version > h.version_before AND h.hash IS NOT NULL AND h.sequence IS NOT NULL AND h.root_id <> '') = count(*) AS are_whole,
           sum(h.version - h.version_before) AS events, max(h.sequence) AS last_sequence
      FROM histories AS h GROUP BY h.batch
  )
  SELECT CASE WHEN b.version <> b.position THEN 'version_gap' ELSE 'hash_chain' END, 'purged_configuration', b.version::text, b.root_id, b.sequence,
         CASE WHEN b.version <> b.position THEN format('Version %s stands where version %s belongs.', b.version, b.position)
              WHEN b.previous_sequence IS NULL THEN 'Its hash is not that of its payload.'
              ELSE format('Its hash does not follow from that of event %s and its payload: one of the two was changed.', b.previous_sequence) END
    FROM first_break AS b
  UNION ALL
  SELECT 'purged', 'purged_configuration', b.version::text, b.root_id, b.sequence, v.detail
    FROM batches AS b
    LEFT JOIN counted AS c ON c.batch = b.version
   CROSS JOIN LATERAL (VALUES
     (b.sequence < b.previous_sequence OR b.occurred_at < b.previous_time, 'It is older than the one before it.'),
     (b.digest IS DISTINCT FROM sha256(convert_to((b.payload -> 'histories')::text, 'UTF8')), 'Its digest is not that of its histories.'),
     ((c.are_whole AND c.events = b.events AND c.last_sequence <= b.last_sequence) IS NOT TRUE, format('Its histories say that %s events went, and it says %s.', coalesce(c.events, 0), b.events)),
     (('ConfigurationPurged', 'purged_configuration', b.version, b.version::text, b.tree_version::text, b.sequence::text, oms.time_text(b.occurred_at), b.actor, b.role, b.via, b.policy, b.events::text,
       b.last_sequence::text, encode(b.digest, 'hex'), b.event_type, b.root_id)
       IS DISTINCT FROM (b.payload ->> 'eventType', b.payload ->> 'rootId', b.tree_version, b.payload ->> 'version', b.payload ->> 'treeVersion', b.payload ->> 'sequence', b.payload ->> 'occurredAt', b.payload ->> 'actor',
                         b.payload ->> 'role', b.payload ->> 'via', b.payload ->> 'policy', b.payload ->> 'events', b.payload ->> 'lastSequence', b.payload ->> 'digest', 'ConfigurationPurged', 'purged_configuration'),
      'Its columns are not those of its payload.')
   ) AS v (broken, detail)
   WHERE v.broken
$function$;
COMMENT ON FUNCTION oms.verify_purged_configuration() IS
  'Part of oms.verify(): the batches of purged events of configuration run without a gap, each hash follows from the one before, and what they say holds together. Whether what is left goes on from there says oms.verify_configuration()';

REVOKE ALL ON FUNCTION oms.configuration_tables(), oms.configuration_rows(), oms.verify_configuration(), oms.verify_purged_configuration() FROM PUBLIC;
