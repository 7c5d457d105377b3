-- What stays of events of configuration that are purged: how far each history has gone, and by which hash the rest goes on.

CREATE TABLE oms.purged_configuration (
  sequence bigint NOT NULL CONSTRAINT purged_configuration_pkey PRIMARY KEY,
  version bigint NOT NULL CONSTRAINT purged_configuration_version_key UNIQUE,
  root_id text COLLATE "C" NOT NULL,
  tree_version bigint NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  actor text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  via text COLLATE "C",
  application_name text COLLATE "C",
  client_addr inet,
  xid xid8 NOT NULL,
  payload jsonb NOT NULL,
  hash bytea NOT NULL,
  policy text COLLATE "C" NOT NULL,
  events bigint NOT NULL,
  last_sequence bigint NOT NULL,
  digest bytea NOT NULL
);
-- For who makes a row of configuration of which no event is left.
CREATE INDEX purged_configuration_histories_idx ON oms.purged_configuration USING gin ((payload -> 'histories') jsonb_path_ops);
SELECT pg_catalog.pg_extension_config_dump('oms.purged_configuration', '');
CREATE TRIGGER purged_configuration_append_only BEFORE UPDATE OR DELETE ON oms.purged_configuration
  FOR EACH ROW EXECUTE FUNCTION oms.refuse_event_change();
CREATE TRIGGER purged_configuration_no_truncate BEFORE TRUNCATE ON oms.purged_configuration
  FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change();
COMMENT ON TABLE oms.purged_configuration IS
  'Every batch of events of configuration that was purged, append-only: its row is an event of its own, ConfigurationPurged, and leaves as any. Nothing of what the events held stands in it';
COMMENT ON COLUMN oms.purged_configuration.version IS 'Number of the batch: 1, 2, 3 ...';
COMMENT ON COLUMN oms.purged_configuration.root_id IS 'purged_configuration: they are one chain; the key in Kafka';
COMMENT ON COLUMN oms.purged_configuration.payload IS 'The whole event, as it goes to Kafka; histories are the histories that events went from (oms.purged_histories())';
COMMENT ON COLUMN oms.purged_configuration.hash IS 'SHA-256 of the previous batch''s hash and the payload''s text';
COMMENT ON COLUMN oms.purged_configuration.policy IS 'Name of the row of oms.retention_policies by which they went';
COMMENT ON COLUMN oms.purged_configuration.events IS 'How many events went';
COMMENT ON COLUMN oms.purged_configuration.last_sequence IS 'The highest sequence of them';
COMMENT ON COLUMN oms.purged_configuration.digest IS 'SHA-256 of the text of histories in UTF-8';

-- What may be damaged is null, and no error.
CREATE FUNCTION oms.purged_histories()
  RETURNS TABLE (root_id text, version bigint, hash bytea, sequence bigint, event_type text, purged_at timestamptz, batch bigint)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT h.value ->> 'rootId', CASE WHEN h.value ->> 'version' ~ '^[0-9]{1,18}$' THEN (h.value ->> 'version')::bigint END,
         CASE WHEN h.value ->> 'hash' ~ '^([0-9a-f]{2})+$' THEN decode(h.value ->> 'hash', 'hex') END, CASE WHEN h.value ->> 'sequence' ~ '^[0-9]{1,18}$' THEN (h.value ->> 'sequence')::bigint END,
         h.value ->> 'eventType', p.occurred_at, p.version
    FROM oms.purged_configuration AS p
   CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(p.payload -> 'histories') WHEN 'array' THEN p.payload -> 'histories' ELSE '[]' END) AS h (value)
$function$;
COMMENT ON FUNCTION oms.purged_histories() IS
  'How far histories of configuration were purged, by each batch: the last event that went of each, its version, hash, sequence and type';

CREATE FUNCTION oms.purged_history(name text) RETURNS TABLE (version bigint, hash bytea, sequence bigint, event_type text, purged_at timestamptz)
  LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT (h.value ->> 'version')::bigint, decode(h.value ->> 'hash', 'hex'), (h.value ->> 'sequence')::bigint, h.value ->> 'eventType', p.occurred_at
    FROM oms.purged_configuration AS p
   CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(p.payload -> 'histories') WHEN 'array' THEN p.payload -> 'histories' ELSE '[]' END) AS h (value)
   WHERE p.payload -> 'histories' @> jsonb_build_array(jsonb_build_object('rootId', name)) AND h.value ->> 'rootId' = name
     AND h.value ->> 'version' ~ '^[0-9]{1,18}$' AND h.value ->> 'sequence' ~ '^[0-9]{1,18}$' AND h.value ->> 'hash' ~ '^([0-9a-f]{2})+$'
   ORDER BY p.version DESC LIMIT 1
$function$;
COMMENT ON FUNCTION oms.purged_history(text) IS
  'How far the history of a row of configuration was purged, by its root_id, as validation_rules/NAME: the last event that went; no row: its beginning is there';

REVOKE ALL ON FUNCTION oms.purged_histories(), oms.purged_history(text) FROM PUBLIC;
