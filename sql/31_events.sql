-- The event tables together, and their partitions.

-- One place that knows the event tables of objects.
CREATE OR REPLACE FUNCTION oms.event_tables() RETURNS TABLE (table_name name, relid oid)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 4
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT c.relname, c.oid
    FROM pg_class AS c
    JOIN (SELECT k.event_table, row_number() OVER () AS position FROM oms.all_kinds() AS k) AS k ON k.event_table = c.relname
   WHERE c.relnamespace = 'oms'::regnamespace AND c.relkind IN ('r', 'p')
   ORDER BY k.position
$function$;
COMMENT ON FUNCTION oms.event_tables() IS 'The event tables of objects that exist here: what has partitions';

-- No list of names: a table of the extension that has what a record of Kafka is made of is published, the event tables first.
CREATE OR REPLACE FUNCTION oms.published_tables() RETURNS TABLE (table_name name, relid oid)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 8
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT c.relname, c.oid
    FROM pg_class AS c
    JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
    JOIN pg_extension AS x ON d.refclassid = 'pg_extension'::regclass AND x.oid = d.refobjid AND x.extname = 'oms_state'
    LEFT JOIN (SELECT k.event_table, row_number() OVER () AS position FROM oms.kinds() AS k) AS k ON k.event_table = c.relname
   WHERE c.relnamespace = 'oms'::regnamespace AND c.relkind IN ('r', 'p')
     AND (SELECT count(*) FROM pg_attribute AS a
           WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname IN ('sequence', 'root_id', 'event_type', 'payload', 'hash')) = 5
   ORDER BY k.position, c.relname
$function$;
COMMENT ON FUNCTION oms.published_tables() IS
  'What a bridge sends: the tables of the extension that have the columns sequence, root_id, event_type, payload and hash';

-- What reads events of every kind reads this.
CREATE OR REPLACE VIEW oms.all_events WITH (security_invoker = true) AS
  -- @each kind UNION ALL added (object text, sequence bigint, aggregate_id text, version bigint, root_id text, tree_version bigint, event_type text, occurred_at timestamptz, actor text, role text, command_id text, transition integer, xid xid8, payload jsonb, hash bytea, account text, via text, application_name text, client_addr inet)
  SELECT '@kind@'::text AS object, e.sequence, e.aggregate_id, e.version, e.root_id, e.tree_version, e.event_type, e.occurred_at,
         e.actor, e.role, e.command_id, e.transition, e.xid, e.payload, e.hash, e.account, e.via, e.application_name, e.client_addr
    FROM oms.@kind@_events AS e
  -- @end
;
COMMENT ON VIEW oms.all_events IS 'Every event of every object, whatever table it stands in';
COMMENT ON COLUMN oms.all_events.object IS 'Kind of the object that changed (oms.all_kinds())';

-- Bounds are written as text and read again, here and below: in ISO, for a zone's abbreviation may be read as another zone.
CREATE OR REPLACE FUNCTION oms.partition_at(parent regclass, at timestamptz) RETURNS regclass
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET datestyle = 'ISO, MDY'
AS $function$
DECLARE
  leaf regclass;
  holds boolean;
BEGIN
  -- not from pg_inherits and pg_class: at REPEATABLE READ those would not show what another session just made
  FOR leaf IN SELECT p.relid FROM pg_partition_tree(parent) AS p WHERE p.level = 1 LOOP
    EXECUTE format('SELECT %s FROM (SELECT $1) AS v (occurred_at)', coalesce(pg_get_partition_constraintdef(leaf), 'true')) INTO holds USING at;
    IF holds THEN
      RETURN leaf;
    END IF;
  END LOOP;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION oms.partition_at(regclass, timestamptz) IS
  'The partition of an event table that takes the events of a moment, whoever made it; null where there is none';

CREATE OR REPLACE FUNCTION oms.missing_partitions(months_ahead integer DEFAULT 2)
  RETURNS TABLE (table_name name, leaf name, starts_at timestamptz, ends_at timestamptz)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET datestyle = 'ISO, MDY'
AS $function$
DECLARE
  month timestamp;
  relid oid;
BEGIN
  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 120 THEN
    RAISE EXCEPTION 'months_ahead must be between 0 and 120' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR i IN 0 .. months_ahead LOOP
    month := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + make_interval(months => i);
    starts_at := month AT TIME ZONE 'UTC';
    ends_at := (month + interval '1 month') AT TIME ZONE 'UTC';
    FOR table_name, relid IN SELECT e.table_name, e.relid FROM oms.event_tables() AS e LOOP
      leaf := table_name || to_char(month, '_YYYY_MM');
      CONTINUE WHEN pg_partition_root(to_regclass(format('oms.%I', leaf))) = relid;
      -- A partition of yours may hold more than a month, or less: it is left to you, unless nothing takes the events of now.
      CONTINUE WHEN CASE i WHEN 0 THEN oms.partition_at(relid, clock_timestamp()) IS NOT NULL
                           ELSE coalesce(oms.partition_at(relid, starts_at), oms.partition_at(relid, ends_at - interval '1 microsecond')) IS NOT NULL END;
      RETURN NEXT;
    END LOOP;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.missing_partitions(integer) IS
  'What oms.ensure_partitions() would make: the event partitions that are missing from this month (UTC) to the given number of months ahead';

-- As the owner, for the first command of a month may be anybody's. So nothing here is decided by a setting of the caller.
CREATE OR REPLACE FUNCTION oms.ensure_partitions(months_ahead integer DEFAULT 2) RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET datestyle = 'ISO, MDY'
  SET default_tablespace = ''
  SET default_table_access_method = heap
AS $function$
DECLARE
  parent record;
  missing record;
  key text;
  made integer := 0;
BEGIN
  IF NOT EXISTS (SELECT FROM oms.missing_partitions(months_ahead)) THEN
    RETURN 0;
  END IF;
  -- One at a time. ATTACH takes this lock anyway, and nobody can who may not change the table. Commands pass it, and so do
  -- readers and, as it is of the parent ONLY, any VACUUM of a partition; a second first command waits. Always in this order.
  FOR parent IN SELECT e.table_name FROM oms.event_tables() AS e LOOP
    EXECUTE format('LOCK TABLE ONLY oms.%I IN SHARE UPDATE EXCLUSIVE MODE', parent.table_name);
  END LOOP;

  FOR missing IN SELECT * FROM oms.missing_partitions(months_ahead) LOOP
    IF to_regclass(format('oms.%I', missing.leaf)) IS NOT NULL THEN
      -- what is in the way of a later month must not stop the commands of this one
      IF missing.starts_at > clock_timestamp() THEN
        RAISE WARNING 'relation "oms.%" exists and is no partition of "oms.%"', missing.leaf, missing.table_name
          USING ERRCODE = 'duplicate_table', HINT = 'Attach it again, or rename it, before its month begins.';
        CONTINUE;
      END IF;
      RAISE EXCEPTION 'relation "oms.%" exists and is no partition of "oms.%"', missing.leaf, missing.table_name
        USING ERRCODE = 'duplicate_table', HINT = 'Attach it again, or rename it.';
    END IF;
    SELECT c.relowner::regrole AS owner, coalesce(' TABLESPACE ' || quote_ident(s.spcname), '') AS place INTO parent
      FROM pg_class AS c LEFT JOIN pg_tablespace AS s ON s.oid = c.reltablespace
     WHERE c.oid = format('oms.%I', missing.table_name)::regclass;

    -- Whatever the parent has comes along: columns, defaults and CHECKs by LIKE, indexes, row triggers and foreign keys by ATTACH.
    EXECUTE format('CREATE TABLE oms.%I (LIKE oms.%I INCLUDING ALL EXCLUDING COMMENTS EXCLUDING INDEXES)', missing.leaf, missing.table_name) || parent.place;
    -- No names for the indexes: those of a month that was detached and renamed are still taken.
    FOREACH key IN ARRAY ARRAY['sequence', 'aggregate_id, version'] LOOP
      EXECUTE format('CREATE UNIQUE INDEX ON oms.%I (%s)', missing.leaf, key) || parent.place;
    END LOOP;
    EXECUTE format('CREATE INDEX ON oms.%I (xid)', missing.leaf) || parent.place;
    SELECT c.relname INTO STRICT key
      FROM pg_index AS i
      JOIN pg_class AS c ON c.oid = i.indexrelid
      JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
     WHERE i.indrelid = format('oms.%I', missing.leaf)::regclass AND i.indnkeyatts = 1 AND a.attname = 'sequence';
    EXECUTE format('ALTER TABLE oms.%I REPLICA IDENTITY USING INDEX %I', missing.leaf, key);
    -- a row trigger of the parent comes by itself, one on TRUNCATE does not
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON oms.%I FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change()',
                   missing.leaf || '_no_truncate', missing.leaf);
    -- Read through its parent, whose policies count; who gets at it directly, by default privileges, sees no more.
    -- What an upgrade writes comes before the part of its script that protects all.
    IF to_regprocedure('oms.protect(regclass)') IS NOT NULL THEN
      PERFORM oms.protect(format('oms.%I', missing.leaf)::regclass);
    END IF;
    EXECUTE format('ALTER TABLE oms.%I OWNER TO %s', missing.leaf, parent.owner);
    EXECUTE format('ALTER TABLE oms.%I ATTACH PARTITION oms.%I FOR VALUES FROM (%L) TO (%L)', missing.table_name, missing.leaf,
                   missing.starts_at, missing.ends_at);
    made := made + 1;
  END LOOP;
  RETURN made;
END
$function$;
COMMENT ON FUNCTION oms.ensure_partitions(integer) IS
  'Makes the event partitions of this month (UTC) and the given number of months ahead; returns how many it made';
-- How payloads are compressed is said by their column: of the event tables, whose partitions take it over when they are made, and of those that are there.
CREATE FUNCTION oms.compress_payloads() RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  unsaid record;
  said integer := 0;
BEGIN
  FOR unsaid IN
    SELECT c.oid::regclass AS name
      FROM oms.event_tables() AS e
     CROSS JOIN LATERAL pg_partition_tree(e.relid) AS p
      JOIN pg_class AS c ON c.oid = p.relid AND c.relkind IN ('r', 'p')
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'payload' AND a.attcompression = ''
     WHERE EXISTS (SELECT FROM pg_settings AS s WHERE s.name = 'default_toast_compression' AND 'lz4' = ANY (s.enumvals))
  LOOP
    EXECUTE format('ALTER TABLE ONLY %s ALTER COLUMN payload SET COMPRESSION lz4', unsaid.name);
    said := said + 1;
  END LOOP;
  RETURN said;
END
$function$;
COMMENT ON FUNCTION oms.compress_payloads() IS
  'Has payloads of events compressed with lz4 from now on, in every event table and partition whose column says nothing else; returns how many those were, and does nothing where the server was built without lz4';
SELECT oms.compress_payloads();

REVOKE ALL ON FUNCTION oms.compress_payloads(), oms.published_tables(), oms.missing_partitions(integer), oms.partition_at(regclass, timestamptz) FROM PUBLIC;
-- @install
REVOKE ALL ON FUNCTION oms.ensure_partitions(integer) FROM PUBLIC;
-- @end
