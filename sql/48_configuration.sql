-- Each change of configuration is an event. Which tables that holds for says the code (src/store/config_def.c): the parts before
-- this one make them, with their check, a version and a hash, and here they get what is equal for all.

CREATE FUNCTION oms.configuration_tables(OUT table_name name, OUT aggregate_type text, OUT key text[], OUT columns text[], OUT fields text[])
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 7 AS 'MODULE_PATHNAME', 'oms_list_configuration_tables';
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
REVOKE ALL ON FUNCTION oms.configuration_version(), oms.refuse_configuration_truncate() FROM PUBLIC;

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
