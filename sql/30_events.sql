-- The event tables: append-only, one partition a month, written by the command pipeline alone.
-- No primary key on the parent and no partition made here: both would break a dump (doc/decisions.md).

CREATE TABLE oms.order_events (
  sequence bigint NOT NULL,
  aggregate_id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  root_id text COLLATE "C" NOT NULL,
  tree_version bigint NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  actor text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  command_id text COLLATE "C" NOT NULL,
  transition integer NOT NULL,
  xid xid8 NOT NULL,
  payload jsonb NOT NULL,
  hash bytea NOT NULL
) PARTITION BY RANGE (occurred_at);
CREATE TABLE oms.execution_events (LIKE oms.order_events) PARTITION BY RANGE (occurred_at);
SELECT pg_catalog.pg_extension_config_dump('oms.order_events', '');
SELECT pg_catalog.pg_extension_config_dump('oms.execution_events', '');

COMMENT ON TABLE oms.order_events IS 'Every change of every order, append-only';
COMMENT ON TABLE oms.execution_events IS 'Every change of every execution, append-only';
COMMENT ON COLUMN oms.order_events.sequence IS 'One generator for all event tables; not the commit order';
COMMENT ON COLUMN oms.order_events.version IS 'Number of the event in its object: 1, 2, 3 ...';
COMMENT ON COLUMN oms.order_events.tree_version IS 'Number of the event in its tree: 1, 2, 3 ..., over all event tables';
COMMENT ON COLUMN oms.order_events.occurred_at IS 'The server''s clock after the tree was locked';
COMMENT ON COLUMN oms.order_events.transition IS 'Number of the row of oms.state_transitions that fired';
COMMENT ON COLUMN oms.order_events.payload IS 'The whole event, as it goes to Kafka';
COMMENT ON COLUMN oms.order_events.hash IS 'SHA-256 of the object''s previous hash and the payload''s text';

CREATE FUNCTION oms.refuse_event_change() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'oms_refuse_event_change';
COMMENT ON FUNCTION oms.refuse_event_change() IS 'Trigger: events are append-only for every role';
REVOKE ALL ON FUNCTION oms.refuse_event_change() FROM PUBLIC;

-- A row trigger of a parent comes to its partitions by itself, one on TRUNCATE does not.
CREATE TRIGGER order_events_append_only BEFORE UPDATE OR DELETE ON oms.order_events
  FOR EACH ROW EXECUTE FUNCTION oms.refuse_event_change();
CREATE TRIGGER execution_events_append_only BEFORE UPDATE OR DELETE ON oms.execution_events
  FOR EACH ROW EXECUTE FUNCTION oms.refuse_event_change();
CREATE TRIGGER order_events_no_truncate BEFORE TRUNCATE ON oms.order_events
  FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change();
CREATE TRIGGER execution_events_no_truncate BEFORE TRUNCATE ON oms.execution_events
  FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change();

-- One place that knows the event tables; those of later versions count from the moment they exist.
CREATE FUNCTION oms.event_tables() RETURNS TABLE (table_name name, relid oid)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 4
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT c.relname, c.oid
    FROM pg_class AS c
    JOIN unnest(ARRAY['order_events', 'execution_events', 'quote_request_events', 'quote_events'])
         WITH ORDINALITY AS k (name, position) ON k.name = c.relname
   WHERE c.relnamespace = 'oms'::regnamespace AND c.relkind IN ('r', 'p')
   ORDER BY k.position
$function$;
COMMENT ON FUNCTION oms.event_tables() IS 'The event tables that exist here: what has partitions, and what a bridge sends';

CREATE FUNCTION oms.ensure_partitions(months_ahead integer DEFAULT 2) RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  parent text;
  leaf text;
  month timestamp;
  made integer := 0;
BEGIN
  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 120 THEN
    RAISE EXCEPTION 'months_ahead must be between 0 and 120' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- one at a time; the key is the schema's name
  PERFORM pg_advisory_xact_lock(hashtext('oms.ensure_partitions'), 0);
  FOR parent IN SELECT e.table_name FROM oms.event_tables() AS e LOOP
    FOR i IN 0 .. months_ahead LOOP
      month := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + make_interval(months => i);
      leaf := parent || to_char(month, '_YYYY_MM');
      IF to_regclass(format('oms.%I', leaf)) IS NOT NULL THEN
        -- not from pg_inherits: at REPEATABLE READ that would not show what another session just made
        CONTINUE WHEN pg_partition_root(format('oms.%I', leaf)::regclass) = format('oms.%I', parent)::regclass;
        RAISE EXCEPTION 'table "oms.%" exists and is no partition of "oms.%"', leaf, parent
          USING ERRCODE = 'duplicate_table', HINT = 'Attach it again, or rename it.';
      END IF;
      EXECUTE format('CREATE TABLE oms.%I (LIKE oms.%I INCLUDING DEFAULTS INCLUDING STORAGE)', leaf, parent);
      EXECUTE format('CREATE UNIQUE INDEX %I ON oms.%I (sequence)', leaf || '_sequence_idx', leaf);
      EXECUTE format('CREATE UNIQUE INDEX %I ON oms.%I (aggregate_id, version)', leaf || '_aggregate_idx', leaf);
      EXECUTE format('ALTER TABLE oms.%I REPLICA IDENTITY USING INDEX %I', leaf, leaf || '_sequence_idx');
      EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON oms.%I FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change()',
                     leaf || '_no_truncate', leaf);
      EXECUTE format('ALTER TABLE oms.%I ATTACH PARTITION oms.%I FOR VALUES FROM (%L) TO (%L)', parent, leaf,
                     to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00',
                     to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END
$function$;
COMMENT ON FUNCTION oms.ensure_partitions(integer) IS
  'Makes the event partitions of this month (UTC) and the given number of months ahead; returns how many it made';
REVOKE ALL ON FUNCTION oms.ensure_partitions(integer) FROM PUBLIC;
