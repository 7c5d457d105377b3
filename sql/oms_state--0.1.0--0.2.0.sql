\echo Use "ALTER EXTENSION oms_state UPDATE TO '0.2.0'" to load this file. \quit
SET LOCAL search_path = pg_catalog, pg_temp;

-- From 0.1.0 to 0.2.0. One part a topic, each under its heading, in an order in which each finds what it needs.
-- test/t/064_upgrade.pl runs it over data of 0.1.0 and holds the catalog against a fresh installation.
-- Columns: ALTER TABLE puts a new one last, wherever the install script has it. Everything resolves columns by
-- name. A column that is added to oms.order_events comes to its partitions by itself; a function whose result
-- or parameters change is dropped and made again, with its comment and its REVOKE.
-- Old events keep their payload, their hash and their schemaVersion 1: nothing here writes one.

-- ---------------------------------------------------------------------------------------------------
-- comments in ASCII
-- ---------------------------------------------------------------------------------------------------

COMMENT ON COLUMN oms.orders.version IS 'Number of the order''s newest event: 1, 2, 3 ...';
COMMENT ON COLUMN oms.executions.review_reasons IS 'Array of {code, figures ...}: why it could not be booked';
COMMENT ON TABLE oms.rejected_commands IS 'Commands that oms_try_command() and oms_commands(..., false) refused';
COMMENT ON COLUMN oms.order_events.version IS 'Number of the event in its object: 1, 2, 3 ...';
COMMENT ON COLUMN oms.order_events.tree_version IS 'Number of the event in its tree: 1, 2, 3 ..., over all event tables';
COMMENT ON VIEW oms.order_tree IS 'Every order in its tree: a root, then its children, their children, ...';
COMMENT ON COLUMN oms.order_tree.depth IS '0 for a root, 1 for its children, ...';

-- ---------------------------------------------------------------------------------------------------
-- what a commandId stands for: by content, not by 64 bits of it
-- ---------------------------------------------------------------------------------------------------

ALTER TABLE oms.commands ALTER COLUMN command_hash DROP NOT NULL, ADD COLUMN content_hash bytea;
COMMENT ON TABLE oms.commands IS
  'The commandIds of each session user. Its events (by sequence) hold the command and what it answered; content_hash tells a repeat from another command.';
COMMENT ON COLUMN oms.commands.command_hash IS 'jsonb_hash_extended of a command that version 0.1.0 recorded; null since';
COMMENT ON COLUMN oms.commands.content_hash IS 'SHA-256 of the command''s text, its numbers without trailing zeros, in UTF-8: equal only for commands that are equal as jsonb';

-- ---------------------------------------------------------------------------------------------------
-- an order is live for its ancestors while it or anything below it is
-- ---------------------------------------------------------------------------------------------------

CREATE OR REPLACE VIEW oms.order_facts WITH (security_invoker = true) AS
  SELECT o.id, o.root_id, o.parent_id, c.closed, f.filled, NOT c.closed AND NOT f.filled OR o.live_children > 0 AS live,
         coalesce(o.conditions && ARRAY['DONE_FOR_DAY'], false)
           AND coalesce(o.time_in_force, 'DAY') NOT IN ('GOOD_TILL_CANCEL', 'GOOD_TILL_DATE') AS over_today,
         greatest(o.leaves_quantity, o.review_quantity, i.increased_leaves) AS reservation
    FROM oms.orders AS o
   CROSS JOIN LATERAL (SELECT coalesce(o.conditions && ARRAY['REJECTED', 'CANCELLED', 'EXPIRED', 'CALCULATED'], false)) AS c (closed)
   CROSS JOIN LATERAL (SELECT coalesce(o.order_qty > 0 AND o.executed_quantity >= o.order_qty, false)) AS f (filled)
   CROSS JOIN LATERAL (
     SELECT CASE WHEN c.closed THEN 0 ELSE max((p.request ->> 'orderQty')::numeric) - o.executed_quantity END AS increased_leaves
       FROM jsonb_array_elements(CASE jsonb_typeof(o.pending_requests) WHEN 'array' THEN o.pending_requests ELSE '[]' END) AS p (request)
      WHERE p.request ->> 'request' = 'REPLACE' AND jsonb_typeof(p.request -> 'orderQty') = 'number'
   ) AS i;
COMMENT ON COLUMN oms.order_facts.live IS 'For its ancestors: it is neither closed nor filled, or something below it is live';
COMMENT ON COLUMN oms.orders.live_children IS 'Children that are live, or have something live below them';
-- partitions of the events (sql/30_events.sql)
-- ---------------------------------------------------------------------------------------------------

CREATE FUNCTION oms.partition_at(parent regclass, at timestamptz) RETURNS regclass
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
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

CREATE FUNCTION oms.missing_partitions(months_ahead integer DEFAULT 2)
  RETURNS TABLE (table_name name, leaf name, starts_at timestamptz, ends_at timestamptz)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
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
  -- readers and autovacuum, which never works on a partitioned table; a second first command waits. Always in this order.
  FOR parent IN SELECT e.table_name FROM oms.event_tables() AS e LOOP
    EXECUTE format('LOCK TABLE oms.%I IN SHARE UPDATE EXCLUSIVE MODE', parent.table_name);
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
    SELECT c.relowner::regrole AS owner, c.relrowsecurity, coalesce(' TABLESPACE ' || quote_ident(s.spcname), '') AS place INTO parent
      FROM pg_class AS c LEFT JOIN pg_tablespace AS s ON s.oid = c.reltablespace
     WHERE c.oid = format('oms.%I', missing.table_name)::regclass;

    -- Whatever the parent has comes along: columns, defaults and CHECKs by LIKE, indexes, row triggers and foreign keys by ATTACH.
    EXECUTE format('CREATE TABLE oms.%I (LIKE oms.%I INCLUDING ALL EXCLUDING COMMENTS EXCLUDING INDEXES)', missing.leaf, missing.table_name) || parent.place;
    -- No names for the indexes: those of a month that was detached and renamed are still taken.
    FOREACH key IN ARRAY ARRAY['sequence', 'aggregate_id, version'] LOOP
      EXECUTE format('CREATE UNIQUE INDEX ON oms.%I (%s)', missing.leaf, key) || parent.place;
    END LOOP;
    SELECT c.relname INTO STRICT key
      FROM pg_index AS i
      JOIN pg_class AS c ON c.oid = i.indexrelid
      JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
     WHERE i.indrelid = format('oms.%I', missing.leaf)::regclass AND i.indnkeyatts = 1 AND a.attname = 'sequence';
    EXECUTE format('ALTER TABLE oms.%I REPLICA IDENTITY USING INDEX %I', missing.leaf, key);
    -- a row trigger of the parent comes by itself, one on TRUNCATE does not
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON oms.%I FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change()',
                   missing.leaf || '_no_truncate', missing.leaf);
    -- Read through its parent, whose policies count. Who gets at it directly, by default privileges, finds it closed.
    IF parent.relrowsecurity THEN
      EXECUTE format('ALTER TABLE oms.%I ENABLE ROW LEVEL SECURITY', missing.leaf);
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
REVOKE ALL ON FUNCTION oms.ensure_partitions(integer), oms.missing_partitions(integer), oms.partition_at(regclass, timestamptz) FROM PUBLIC;

-- ---------------------------------------------------------------------------------------------------
-- slots
-- ---------------------------------------------------------------------------------------------------

CREATE FUNCTION oms.slot_of(id text) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_slot_of';
COMMENT ON FUNCTION oms.slot_of(text) IS
  'The slot (0 to 16383) of an id: of its tag, the text between the first { and the next }, else of the whole; of a UUID of version 7 or 8 the 14 bits after the variant, else the last 14 bits of the CRC-32 of its UTF-8 bytes';

CREATE FUNCTION oms.slot_of(scope text, id text) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_slot_of_scoped';
COMMENT ON FUNCTION oms.slot_of(text, text) IS
  'The slot of a new tree whose id is made, by (FIX session, ClOrdID) or (actor, commandId): the last 14 bits of the CRC-32 of both in UTF-8 with a zero byte between';

CREATE TABLE oms.shard (
  number integer NOT NULL CONSTRAINT shard_pkey PRIMARY KEY CONSTRAINT shard_number_check CHECK (number >= 0),
  slots int4multirange NOT NULL CONSTRAINT shard_slots_check CHECK (slots <@ '{[0,16384)}'::int4multirange)
);
CREATE UNIQUE INDEX shard_one_row_idx ON oms.shard ((true));
SELECT pg_catalog.pg_extension_config_dump('oms.shard', '');
COMMENT ON TABLE oms.shard IS
  'One row: the number of this database in its fleet, and its slots; a tree of another slot cannot begin here (OM012). Shipped: all slots. A change acts at the next command of every session.';
COMMENT ON COLUMN oms.shard.number IS 'Number of this database in its fleet';
COMMENT ON COLUMN oms.shard.slots IS 'Slots of the trees that may begin here, from 0 to 16383; trees that are here stay usable whatever it says';
GRANT SELECT ON oms.shard TO PUBLIC;

-- There is always one row: a restore brings its own for the one that CREATE EXTENSION has made.
CREATE FUNCTION oms.shard_replace() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  DELETE FROM oms.shard;
  RETURN NEW;
END
$function$;
COMMENT ON FUNCTION oms.shard_replace() IS 'Trigger of oms.shard: a row that is inserted takes the place of the one that is there';

CREATE FUNCTION oms.shard_changed() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'oms_shard_changed';
COMMENT ON FUNCTION oms.shard_changed() IS 'Trigger of oms.shard: every session reads it again';

CREATE TRIGGER replace_row BEFORE INSERT ON oms.shard FOR EACH ROW EXECUTE FUNCTION oms.shard_replace();
CREATE TRIGGER row_changed AFTER INSERT OR UPDATE OR DELETE ON oms.shard FOR EACH ROW EXECUTE FUNCTION oms.shard_changed();
CREATE TRIGGER truncated AFTER TRUNCATE ON oms.shard FOR EACH STATEMENT EXECUTE FUNCTION oms.shard_changed();
ALTER TABLE oms.shard ENABLE ALWAYS TRIGGER replace_row, ENABLE ALWAYS TRIGGER row_changed, ENABLE ALWAYS TRIGGER truncated;

INSERT INTO oms.shard (number, slots) VALUES (0, '{[0,16384)}');

CREATE FUNCTION oms.route(command jsonb, OUT slot integer, OUT by text, OUT certain boolean)
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_route';
COMMENT ON FUNCTION oms.route(jsonb) IS
  'Where a command belongs: the slot, the field that says so, and whether the tree cannot be elsewhere; slot null: anywhere. Reads no table. OM001, OM002 as oms_command()';

CREATE FUNCTION oms.route_fix(message text, OUT slot integer, OUT session text, OUT cl_ord_ids text[], OUT order_id text,
    OUT by text, OUT certain boolean)
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_route_fix';
COMMENT ON FUNCTION oms.route_fix(text) IS
  'Where a FIX message belongs, and by what to look for its order: its session, its ClOrdIDs, the first of the chain first, and OrderID (37; of a new order SecondaryClOrdID, 526). Reads no table. OM009 as oms_fix()';

CREATE FUNCTION oms.route_fix(message bytea, OUT slot integer, OUT session text, OUT cl_ord_ids text[], OUT order_id text,
    OUT by text, OUT certain boolean)
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_route_fix_bytes';
COMMENT ON FUNCTION oms.route_fix(bytea) IS 'The same for a message as it came from the wire, read as oms_fix(bytea) reads it';

-- ---------------------------------------------------------------------------------------------------
-- FIX as bytes, and refusals of FIX messages as results
-- ---------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.oms_fix(message bytea) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_fix_bytes';
COMMENT ON FUNCTION @extschema@.oms_fix(bytea) IS
  'The same for a message as it came from the wire: its fields are converted from MessageEncoding (347), else from oms_state.fix_encoding';

CREATE FUNCTION @extschema@.oms_try_fix(message text) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_try_fix';
COMMENT ON FUNCTION @extschema@.oms_try_fix(text) IS
  'As oms_fix, but a refusal is returned as a result with status REJECTED and kept, with the whole message, in oms.rejected_commands';

CREATE FUNCTION @extschema@.oms_try_fix(message bytea) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_try_fix_bytes';
COMMENT ON FUNCTION @extschema@.oms_try_fix(bytea) IS
  'As oms_fix(bytea), but a refusal is returned as a result with status REJECTED and kept, with the whole message, in oms.rejected_commands';

REVOKE ALL ON FUNCTION @extschema@.oms_fix(bytea), @extschema@.oms_try_fix(text), @extschema@.oms_try_fix(bytea) FROM PUBLIC;
DROP VIEW oms.command_reference;
DROP FUNCTION oms.list_commands();
CREATE FUNCTION oms.list_commands(OUT command_type text, OUT object text, OUT field text, OUT field_type text, OUT required boolean,
    OUT unless text)
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_list_commands';
COMMENT ON FUNCTION oms.list_commands() IS 'Every command and its fields, as they stand in src/command_fields.c';
CREATE VIEW oms.command_reference AS SELECT * FROM oms.list_commands();
COMMENT ON VIEW oms.command_reference IS
  'Every command type with its fields; one that is required may be left out where the field in "unless" is given, or what it names has it';
GRANT SELECT ON oms.state_transitions, oms.command_reference TO PUBLIC;

-- ---------------------------------------------------------------------------------------------------
-- splits: each corporate action once
-- ---------------------------------------------------------------------------------------------------

ALTER TABLE oms.orders ADD COLUMN corporate_actions jsonb;
COMMENT ON COLUMN oms.orders.corporate_actions IS 'Splits that came to the order: {corporateAction, quantityFactor, fills (did its own fills follow?), orderQty (by the factor, until all below it have followed)}';
