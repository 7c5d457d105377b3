\echo Use "ALTER EXTENSION oms_state UPDATE TO '0.2.0'" to load this file. \quit
SET LOCAL search_path = pg_catalog, pg_temp;

-- From 0.1.0 to 0.2.0. One part a topic, each under its heading, in an order
-- in which each finds what it needs, above the last one.
-- test/t/064_upgrade.pl runs it over data of 0.1.0 and holds the catalog against a fresh installation.
-- Columns: ALTER TABLE puts a new one last, wherever the install script has it. Everything resolves columns by
-- name. A column that is added to oms.order_events comes to its partitions by itself; a function whose result
-- or parameters change is dropped and made again, with its comment and its REVOKE.
-- Old events keep their payload, their hash and their schemaVersion 1. Only oms.recount_live_children() writes events, new ones.

-- ==== first: what is yours on the tables of 0.1.0 (sql/80_local_changes.sql), while it can still be told from what comes now ====

CREATE FUNCTION oms.objects_on_tables() RETURNS TABLE (kind text, table_name name, object text, phase text, statement text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH tables AS (
    SELECT c.oid, c.relname, c.reloptions, c.relrowsecurity, s.spcname
      FROM pg_extension AS e
      JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass
      JOIN pg_class AS c ON c.oid = d.objid
      LEFT JOIN pg_tablespace AS s ON s.oid = c.reltablespace
     WHERE e.extname = 'oms_state' AND c.relkind IN ('r', 'p')
  ), columns AS (
    SELECT t.relname, a.*, pg_get_expr(x.adbin, x.adrelid) AS expression, format_type(a.atttypid, a.atttypmod) AS type_name, y.typcollation, y.typstorage
      FROM tables AS t
      JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type AS y ON y.oid = a.atttypid
      LEFT JOIN pg_attrdef AS x ON x.adrelid = t.oid AND x.adnum = a.attnum
  )
  SELECT 'column', c.relname, c.attname::text, 'before',
         format('ALTER TABLE oms.%I ADD COLUMN %I %s', c.relname, c.attname, c.type_name)
         || CASE WHEN c.attcollation <> c.typcollation THEN ' COLLATE ' || c.attcollation::regcollation::text ELSE '' END
         || CASE c.attgenerated WHEN 's' THEN format(' GENERATED ALWAYS AS (%s) STORED', c.expression) WHEN 'v' THEN format(' GENERATED ALWAYS AS (%s) VIRTUAL', c.expression) ELSE '' END
    FROM columns AS c
  UNION ALL
  SELECT 'setting', c.relname, c.attname || ' ' || v.setting, 'after', format('ALTER TABLE oms.%I ALTER COLUMN %I SET ', c.relname, c.attname) || v.setting
    FROM columns AS c
    -- those of the server itself begin with pg_
   CROSS JOIN LATERAL (SELECT string_agg(u.option, ', ') AS list FROM unnest(c.attoptions) AS u (option) WHERE u.option !~ '^pg_') AS o
   CROSS JOIN LATERAL (VALUES
     (o.list IS NOT NULL, '(' || o.list || ')'),
     (c.attgenerated = '' AND c.expression IS NOT NULL, 'DEFAULT ' || c.expression),
     (c.attnotnull, 'NOT NULL'),
     (c.attstattarget >= 0, 'STATISTICS ' || c.attstattarget),
     (c.attcompression <> '', 'COMPRESSION ' || CASE c.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END),
     (c.attstorage <> c.typstorage, 'STORAGE ' || CASE c.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END)
   ) AS v (holds, setting)
   WHERE v.holds
  UNION ALL
  SELECT 'setting', t.relname, o.option, 'after', format('ALTER TABLE oms.%I SET (%s)', t.relname, o.option) FROM tables AS t CROSS JOIN LATERAL unnest(t.reloptions) AS o (option)
  UNION ALL
  SELECT 'setting', t.relname, 'TABLESPACE ' || quote_ident(t.spcname), 'before', format('ALTER TABLE oms.%I SET TABLESPACE %I', t.relname, t.spcname)
    FROM tables AS t WHERE t.spcname IS NOT NULL
  UNION ALL
  SELECT 'constraint', t.relname, k.conname::text, 'after', format('ALTER TABLE oms.%I ADD CONSTRAINT %I %s', t.relname, k.conname, pg_get_constraintdef(k.oid))
    -- in 18 NOT NULL is a constraint too; it is a setting of its column here
    FROM tables AS t JOIN pg_constraint AS k ON k.conrelid = t.oid WHERE k.contype NOT IN ('t', 'n') AND k.conparentid = 0
  UNION ALL
  -- a partitioned index is shown as one ON ONLY; it is to find the indexes of the partitions, or to make them
  SELECT 'index', t.relname, c.relname::text, 'after', regexp_replace(pg_get_indexdef(c.oid), '( INDEX \S+ ON) ONLY ', '\1 ')
    FROM tables AS t JOIN pg_index AS i ON i.indrelid = t.oid JOIN pg_class AS c ON c.oid = i.indexrelid
   WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = c.oid AND k.conrelid = t.oid)
  UNION ALL
  SELECT 'statistics', t.relname, s.stxname::text, 'after', pg_get_statisticsobjdef(s.oid) FROM tables AS t JOIN pg_statistic_ext AS s ON s.stxrelid = t.oid
  UNION ALL
  SELECT 'trigger', t.relname, g.tgname::text, 'after',
         pg_get_triggerdef(g.oid) || CASE g.tgenabled WHEN 'O' THEN '' ELSE
           format('; ALTER TABLE oms.%I %s TRIGGER %I', t.relname, CASE g.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'DISABLE' END, g.tgname) END
    FROM tables AS t JOIN pg_trigger AS g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
  UNION ALL
  SELECT 'setting', t.relname, 'ROW LEVEL SECURITY', 'after', format('ALTER TABLE oms.%I ENABLE ROW LEVEL SECURITY', t.relname) FROM tables AS t WHERE t.relrowsecurity
  UNION ALL
  SELECT 'policy', t.relname, p.polname::text, 'after',
         format('CREATE POLICY %I ON oms.%I AS %s FOR %s TO %s', p.polname, t.relname, CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                (SELECT string_agg(CASE r.role WHEN 0 THEN 'PUBLIC' ELSE r.role::regrole::text END, ', ') FROM unnest(p.polroles) AS r (role)))
         || coalesce(' USING (' || pg_get_expr(p.polqual, t.oid) || ')', '') || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, t.oid) || ')', '')
    FROM tables AS t JOIN pg_policy AS p ON p.polrelid = t.oid
  UNION ALL
  SELECT 'rule', t.relname, r.rulename::text, 'after', pg_get_ruledef(r.oid) FROM tables AS t JOIN pg_rewrite AS r ON r.ev_class = t.oid
$function$;
COMMENT ON FUNCTION oms.objects_on_tables() IS 'Part of oms.local_changes(): everything that stands on the tables of the extension, with the statement that makes it';

CREATE TABLE oms.shipped_objects (
  kind text COLLATE "C" NOT NULL,
  table_name name NOT NULL,
  object text COLLATE "C" NOT NULL,
  CONSTRAINT shipped_objects_pkey PRIMARY KEY (table_name, kind, object)
);
COMMENT ON TABLE oms.shipped_objects IS 'What came with the extension on its tables; a dump leaves it out, and CREATE EXTENSION fills it';

INSERT INTO oms.shipped_objects
  SELECT o.kind, o.table_name, o.object
    FROM oms.objects_on_tables() AS o
   WHERE o.table_name <> 'shipped_objects' AND NOT EXISTS (SELECT FROM (VALUES
    ('column', 'cl_ord_ids', '{cl_ord_id,fix_session,order_id}'),
    ('column', 'commands', '{actor,aggregate_id,command_hash,command_id,recorded_at,sequences}'),
    ('column', 'counterparty_order_ids', '{counterparty_order_id,fix_session,order_id}'),
    ('column', 'execution_events', '{actor,aggregate_id,command_id,event_type,hash,occurred_at,payload,role,root_id,sequence,transition,tree_version,
      version,xid}'),
    ('column', 'executions', '{allocated_quantity,allocations,attributes,avg_px,bust_exec_id,cl_ord_id,corrected_execution_id,correcting_execution_id,
      counterparty_order_id,created_at,cum_qty,exec_id,exec_ref_id,exec_type,fix,fix_session,flags,hash,id,last_mkt,last_px,last_qty,leaves_qty,
      ord_status,order_id,quantity,quantity_factor,reason,review_reasons,root_id,side,status,symbol,text,transact_time,tree_updated_at,tree_version,
      updated_at,version}'),
    ('column', 'order_events', '{actor,aggregate_id,command_id,event_type,hash,occurred_at,payload,role,root_id,sequence,transition,tree_version,
      version,xid}'),
    ('column', 'orders', '{account,allocated_quantity,asset_class,attributes,avg_px,cash_order_qty,child_count,cl_ord_id,conditions,
      counterparty_order_id,created_at,currency,destination,done_for_day_date,executed_quantity,executed_value,expire_date,expire_time,fix,
      fix_session,flags,hash,id,leaves_quantity,live_children,ord_type,order_qty,own_executed_quantity,parent_id,pending_requests,price,
      quantity_factor,reason,reported_avg_px,reported_cum_qty,reported_leaves_qty,reported_ord_status,reserved_quantity,review_quantity,root_id,side,
      status,stop_px,symbol,text,time_in_force,tree_updated_at,tree_version,unplaced_quantity,updated_at,version,working_quantity}'),
    ('column', 'rejected_commands', '{actor,command,command_id,command_type,detail,hint,message,rejected_at,role,rule,sqlstate}'),
    ('constraint', 'cl_ord_ids', '{cl_ord_ids_pkey}'),
    ('constraint', 'commands', '{commands_pkey}'),
    ('constraint', 'counterparty_order_ids', '{counterparty_order_ids_pkey}'),
    ('constraint', 'executions', '{executions_pkey}'),
    ('constraint', 'orders', '{orders_pkey}'),
    ('index', 'executions', '{executions_order_id_exec_id_idx}'),
    ('index', 'orders', '{orders_root_id_idx}'),
    ('index', 'rejected_commands', '{rejected_commands_rejected_at_idx}'),
    ('setting', 'cl_ord_ids', '{"cl_ord_id NOT NULL","fix_session NOT NULL","order_id NOT NULL"}'),
    ('setting', 'commands', '{"actor NOT NULL","command_hash NOT NULL","command_id NOT NULL","recorded_at NOT NULL"}'),
    ('setting', 'counterparty_order_ids', '{"counterparty_order_id NOT NULL","fix_session NOT NULL","order_id NOT NULL"}'),
    ('setting', 'execution_events', '{"actor NOT NULL","aggregate_id NOT NULL","command_id NOT NULL","event_type NOT NULL","hash NOT NULL",
      "occurred_at NOT NULL","payload NOT NULL","role NOT NULL","root_id NOT NULL","sequence NOT NULL","transition NOT NULL","tree_version NOT NULL",
      "version NOT NULL","xid NOT NULL"}'),
    ('setting', 'executions', '{"allocated_quantity NOT NULL","created_at NOT NULL",fillfactor=90,"hash NOT NULL","id NOT NULL","last_px NOT NULL",
      "last_qty NOT NULL","quantity NOT NULL","root_id NOT NULL","status NOT NULL","updated_at NOT NULL","version NOT NULL"}'),
    ('setting', 'order_events', '{"actor NOT NULL","aggregate_id NOT NULL","command_id NOT NULL","event_type NOT NULL","hash NOT NULL",
      "occurred_at NOT NULL","payload NOT NULL","role NOT NULL","root_id NOT NULL","sequence NOT NULL","transition NOT NULL","tree_version NOT NULL",
      "version NOT NULL","xid NOT NULL"}'),
    ('setting', 'orders', '{"allocated_quantity NOT NULL","avg_px NOT NULL","child_count NOT NULL","created_at NOT NULL","executed_quantity NOT NULL",
      "executed_value NOT NULL",fillfactor=70,"hash NOT NULL","id NOT NULL","leaves_quantity NOT NULL","live_children NOT NULL",
      "own_executed_quantity NOT NULL","reserved_quantity NOT NULL","review_quantity NOT NULL","root_id NOT NULL","side NOT NULL","status NOT NULL",
      "symbol NOT NULL","unplaced_quantity NOT NULL","updated_at NOT NULL","version NOT NULL","working_quantity NOT NULL"}'),
    ('setting', 'rejected_commands', '{"actor NOT NULL","message NOT NULL","rejected_at NOT NULL","role NOT NULL","sqlstate NOT NULL"}'),
    ('trigger', 'execution_events', '{execution_events_append_only,execution_events_no_truncate}'),
    ('trigger', 'order_events', '{order_events_append_only,order_events_no_truncate}')
  ) AS s (kind, table_name, objects) WHERE s.kind = o.kind AND s.table_name = o.table_name AND o.object = ANY (s.objects::text[]));

-- ==== comments in ASCII ====

COMMENT ON COLUMN oms.orders.version IS 'Number of the order''s newest event: 1, 2, 3 ...';
COMMENT ON COLUMN oms.executions.review_reasons IS 'Array of {code, figures ...}: why it could not be booked';
COMMENT ON TABLE oms.rejected_commands IS 'Commands that oms_try_command() and oms_commands(..., false) refused';
COMMENT ON COLUMN oms.order_events.version IS 'Number of the event in its object: 1, 2, 3 ...';
COMMENT ON COLUMN oms.order_events.tree_version IS 'Number of the event in its tree: 1, 2, 3 ..., over all event tables';
COMMENT ON VIEW oms.order_tree IS 'Every order in its tree: a root, then its children, their children, ...';
COMMENT ON COLUMN oms.order_tree.depth IS '0 for a root, 1 for its children, ...';

-- ==== what a commandId stands for: by content, not by 64 bits of it ====

ALTER TABLE oms.commands ALTER COLUMN command_hash DROP NOT NULL, ADD COLUMN content_hash bytea;
COMMENT ON TABLE oms.commands IS
  'The commandIds of each actor. Its events (by sequence) hold the command and what it answered; content_hash tells a repeat from another command.';
COMMENT ON COLUMN oms.commands.command_hash IS 'jsonb_hash_extended of a command that version 0.1.0 recorded; null since';
COMMENT ON COLUMN oms.commands.content_hash IS 'SHA-256 of the command''s text, its numbers without trailing zeros, in UTF-8: equal only for commands that are equal as jsonb';

-- ==== an order is live for its ancestors while it or anything below it is ====

CREATE OR REPLACE VIEW oms.order_facts WITH (security_invoker = true) AS
  SELECT o.id, o.root_id, o.parent_id, c.closed, f.filled, NOT c.closed AND NOT f.filled OR o.live_children > 0 AS live,
         coalesce(o.conditions && ARRAY['DONE_FOR_DAY'], false)
           AND coalesce(o.time_in_force, 'DAY') NOT IN ('GOOD_TILL_CANCEL', 'GOOD_TILL_DATE', 'GOOD_FOR_MONTH') AS over_today,
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

-- ==== partitions of the events (sql/30_events.sql) ====

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

-- ==== slots ====

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

-- ==== FIX as bytes, and refusals of FIX messages as results ====

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
    OUT unless text, OUT role text)
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_list_commands';
COMMENT ON FUNCTION oms.list_commands() IS 'Every command and its fields, from the code: oms.command_reference shows them';
CREATE VIEW oms.command_reference AS SELECT * FROM oms.list_commands();
COMMENT ON COLUMN oms.command_reference.role IS 'Whose privileges are needed to give the command, once oms.create_roles() has made the roles';
COMMENT ON VIEW oms.command_reference IS
  'Every command type with its fields; one that is required may be left out where the field in "unless" is given, or what it names has it';
GRANT SELECT ON oms.command_reference TO PUBLIC;

-- ==== splits: each corporate action once ====

ALTER TABLE oms.orders ADD COLUMN corporate_actions jsonb;
COMMENT ON COLUMN oms.orders.corporate_actions IS 'Splits that came to the order: {corporateAction, quantityFactor, fills (did its own fills follow?), orderQty (by the factor, until all below it have followed)}';

-- ==== rows through the executor: ids of roots in one place, a key for refusals, the account of events ====

CREATE TABLE oms.root_ids (
  id text COLLATE "C" NOT NULL CONSTRAINT root_ids_pkey PRIMARY KEY,
  kind text COLLATE "C" NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('oms.root_ids', '');
COMMENT ON TABLE oms.root_ids IS
  'The ids that callers gave to roots of trees, of all kinds, and those of executions that began without an order: no id is the root of two trees';
COMMENT ON COLUMN oms.root_ids.kind IS 'order or execution';

ALTER TABLE oms.rejected_commands
  ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT rejected_commands_pkey PRIMARY KEY;
SELECT pg_catalog.pg_extension_config_dump('oms.rejected_commands_id_seq', '');
ALTER TABLE oms.rejected_commands ADD COLUMN via text COLLATE "C";
COMMENT ON COLUMN oms.rejected_commands.id IS 'Number of the refusal, with gaps';
COMMENT ON COLUMN oms.rejected_commands.via IS 'The session user where it is a member of oms_proxy and speaks for the actor; else null';

ALTER TABLE oms.order_events ADD COLUMN account text COLLATE "C", ADD COLUMN via text COLLATE "C";
ALTER TABLE oms.execution_events ADD COLUMN account text COLLATE "C", ADD COLUMN via text COLLATE "C";
COMMENT ON COLUMN oms.order_events.actor IS 'Who answers for it: the session user; where that is a member of oms_proxy, the role it has set';
COMMENT ON COLUMN oms.order_events.role IS 'The current user, whose rights counted';
COMMENT ON COLUMN oms.order_events.via IS 'The session user where it is a member of oms_proxy and speaks for the actor; else null';
COMMENT ON COLUMN oms.order_events.account IS 'Account of the object after this event; null without one, and in events of version 0.1.0';
CREATE OR REPLACE VIEW oms.all_events WITH (security_invoker = true) AS
  SELECT 'order'::text AS object, e.sequence, e.aggregate_id, e.version, e.root_id, e.tree_version, e.event_type, e.occurred_at,
         e.actor, e.role, e.command_id, e.transition, e.xid, e.payload, e.hash, e.account, e.via
    FROM oms.order_events AS e
  UNION ALL
  SELECT 'execution'::text, e.sequence, e.aggregate_id, e.version, e.root_id, e.tree_version, e.event_type, e.occurred_at,
         e.actor, e.role, e.command_id, e.transition, e.xid, e.payload, e.hash, e.account, e.via
    FROM oms.execution_events AS e;

CREATE FUNCTION oms.own_columns(object text) RETURNS text[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_own_columns';
COMMENT ON FUNCTION oms.own_columns(text) IS
  'The columns of oms.orders (order) or oms.executions (execution) that are the store''s own; others were added by users (22023 for another object)';

-- A command that makes an order without a parent and names its id has given it. An execution that began without an order
-- has its id claimed in any case.
CREATE FUNCTION oms.root_id_claims() RETURNS TABLE (object text, id text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT 'order', o.id
    FROM oms.orders AS o
    JOIN oms.order_events AS e ON e.aggregate_id = o.id AND e.version = 1
   WHERE o.parent_id IS NULL AND e.payload #>> '{command,orderId}' = o.id
  UNION ALL
  SELECT 'execution', e.aggregate_id FROM oms.execution_events AS e WHERE e.version = 1 AND e.root_id = e.aggregate_id
$function$;
COMMENT ON FUNCTION oms.root_id_claims() IS 'What oms.root_ids must hold, by the first events of objects: roots whose ids were given, and executions that began without an order';
REVOKE ALL ON FUNCTION oms.own_columns(text), oms.root_id_claims() FROM PUBLIC;

-- Where 0.1.0 let two roots have one id, the order has it; oms.verify() names both.
INSERT INTO oms.root_ids (id, kind) SELECT g.id, g.object FROM oms.root_id_claims() AS g ORDER BY g.object DESC ON CONFLICT DO NOTHING;

-- ==== oms.verify() in time proportional to what it reads; replay, as-of and history ====

-- a view whose columns come in another order is made again: who could read it still can
SELECT set_config('oms_upgrade.acl', coalesce(c.relacl, acldefault('r', c.relowner))::text, true) FROM pg_class AS c WHERE c.oid = 'oms.order_history'::regclass;
DROP VIEW oms.order_history;

DROP VIEW oms.state_transitions;
DROP FUNCTION oms.list_transitions();
CREATE FUNCTION oms.list_transitions(OUT object text, OUT transition integer, OUT trigger text, OUT requires text[],
    OUT forbids text[], OUT facts text[], OUT reported boolean, OUT sets text[], OUT clears text[], OUT raises text[],
    OUT event_type text, OUT sentence text)
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_list_transitions';
COMMENT ON FUNCTION oms.list_transitions() IS 'The state machine of every kind of object, from the code: oms.state_transitions shows it';
CREATE VIEW oms.state_transitions AS SELECT * FROM oms.list_transitions();
COMMENT ON VIEW oms.state_transitions IS
  'The state machine of every kind of object: for a trigger the first row whose conditions and facts hold fires; a command without a row is refused (OM004)';
GRANT SELECT ON oms.state_transitions TO PUBLIC;

CREATE VIEW oms.order_history WITH (security_invoker = true) AS
  SELECT e.occurred_at, e.aggregate_id AS order_id, s.state ->> 'clOrdID' AS cl_ord_id, e.version, e.event_type, s.state ->> 'status' AS status,
         e.payload #>> '{command,reason}' AS reason, e.payload #>> '{command,text}' AS text, e.actor, e.role, e.via,
         e.payload #>> '{command,commandType}' AS command_type, e.command_id,
         s.state ->> 'symbol' AS symbol, s.state ->> 'account' AS account,
         n.order_qty, n.price, n.executed_quantity, n.leaves_quantity, n.working_quantity, n.avg_px,
         e.transition, t.sentence, e.root_id, e.tree_version, e.sequence
    FROM oms.order_events AS e
   CROSS JOIN LATERAL (SELECT e.payload -> 'state' AS state) AS s
   CROSS JOIN LATERAL (
     SELECT CASE jsonb_typeof(s.state -> 'orderQty') WHEN 'number' THEN (s.state -> 'orderQty')::numeric END AS order_qty,
            CASE jsonb_typeof(s.state -> 'price') WHEN 'number' THEN (s.state -> 'price')::numeric END AS price,
            CASE jsonb_typeof(s.state -> 'executedQuantity') WHEN 'number' THEN (s.state -> 'executedQuantity')::numeric END AS executed_quantity,
            CASE jsonb_typeof(s.state -> 'leavesQuantity') WHEN 'number' THEN (s.state -> 'leavesQuantity')::numeric END AS leaves_quantity,
            CASE jsonb_typeof(s.state -> 'workingQuantity') WHEN 'number' THEN (s.state -> 'workingQuantity')::numeric END AS working_quantity,
            CASE jsonb_typeof(s.state -> 'avgPx') WHEN 'number' THEN (s.state -> 'avgPx')::numeric END AS avg_px
   ) AS n
    LEFT JOIN oms.list_transitions() AS t ON t.transition = e.transition;
DO $do$
DECLARE
  granted record;
BEGIN
  FOR granted IN
    SELECT a.privilege_type, a.grantee, a.is_grantable
      FROM aclexplode(current_setting('oms_upgrade.acl')::aclitem[]) AS a, pg_class AS c
     WHERE c.oid = 'oms.order_history'::regclass AND a.grantee <> c.relowner
  LOOP
    EXECUTE format('GRANT %s ON oms.order_history TO %s%s', granted.privilege_type,
                   CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE granted.grantee::regrole::text END,
                   CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
  -- they are the user's own, not the extension's: a dump must carry them
  DELETE FROM pg_init_privs AS i WHERE i.classoid = 'pg_class'::regclass AND i.objoid = 'oms.order_history'::regclass;
END
$do$;

COMMENT ON VIEW oms.order_history IS 'What happened to orders, event by event: who did it, why and by which command, the state after it, and the rule that fired';

COMMENT ON COLUMN oms.order_history.reason IS 'Why: the reason that the command gave';

COMMENT ON COLUMN oms.order_history.text IS 'Text (58) of the command; what an order keeps of it stands in its own row';

COMMENT ON COLUMN oms.order_history.sentence IS 'What the transition means, as oms.state_transitions says it';

CREATE FUNCTION oms.command_digest(command jsonb) RETURNS bytea
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_command_digest';

COMMENT ON FUNCTION oms.command_digest(jsonb) IS
  'SHA-256 that oms.commands keeps of a command: equal for commands that are equal as jsonb, and for no others';

CREATE OR REPLACE FUNCTION oms.replay_orders()
  RETURNS TABLE (id text, root_id text, sequence bigint, version bigint, problem text, replayed oms.orders)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, (max(ARRAY[e.version, e.sequence]))[2] AS sequence
      FROM oms.order_events AS e GROUP BY e.aggregate_id
  ), trees AS (
    SELECT e.root_id, max(e.tree_version) AS tree_version, max(e.occurred_at) AS updated_at
      FROM oms.all_events AS e GROUP BY e.root_id
  ), heads AS (
    SELECT e.aggregate_id, e.root_id, e.sequence, e.version, e.payload -> 'state' AS state, e.hash, t.tree_version, t.updated_at,
           coalesce(oms.order_state_problem(coalesce(e.payload -> 'state', 'null')),
                    CASE WHEN e.payload #>> '{state,orderId}' <> e.aggregate_id THEN 'Field "orderId" names another order.' END) AS problem
      FROM newest AS n
      JOIN oms.order_events AS e ON e.aggregate_id = n.aggregate_id AND e.sequence = n.sequence
      LEFT JOIN trees AS t ON t.root_id = CASE WHEN e.root_id = e.aggregate_id THEN e.root_id END
  )
  SELECT h.aggregate_id, h.root_id, h.sequence, h.version, h.problem,
         CASE WHEN h.problem IS NULL THEN oms.order_from_state(h.state || oms.tree_state(h.tree_version, h.updated_at), h.hash) END
    FROM heads AS h
$function$;

CREATE OR REPLACE FUNCTION oms.replay_executions()
  RETURNS TABLE (id text, root_id text, sequence bigint, version bigint, problem text, replayed oms.executions)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, (max(ARRAY[e.version, e.sequence]))[2] AS sequence
      FROM oms.execution_events AS e GROUP BY e.aggregate_id
  ), trees AS (
    SELECT e.root_id, max(e.tree_version) AS tree_version, max(e.occurred_at) AS updated_at
      FROM oms.execution_events AS e WHERE e.root_id = e.aggregate_id GROUP BY e.root_id
  ), heads AS (
    SELECT e.aggregate_id, e.root_id, e.sequence, e.version, e.payload -> 'state' AS state, e.hash, t.tree_version, t.updated_at,
           coalesce(oms.execution_state_problem(coalesce(e.payload -> 'state', 'null')),
                    CASE WHEN e.payload #>> '{state,executionId}' <> e.aggregate_id THEN 'Field "executionId" names another execution.' END) AS problem
      FROM newest AS n
      JOIN oms.execution_events AS e ON e.aggregate_id = n.aggregate_id AND e.sequence = n.sequence
      LEFT JOIN trees AS t ON t.root_id = CASE WHEN e.root_id = e.aggregate_id THEN e.root_id END
  )
  SELECT h.aggregate_id, h.root_id, h.sequence, h.version, h.problem,
         CASE WHEN h.problem IS NULL THEN oms.execution_from_state(h.state || oms.tree_state(h.tree_version, h.updated_at), h.hash) END
    FROM heads AS h
$function$;

CREATE OR REPLACE FUNCTION oms.order_as_of(id text, at timestamptz) RETURNS oms.orders
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, e.root_id, e.payload -> 'state' AS state, e.hash
      FROM oms.order_events AS e
     WHERE e.aggregate_id = order_as_of.id AND e.occurred_at <= order_as_of.at
     ORDER BY e.version DESC LIMIT 1
  )
  SELECT r.*
    FROM newest AS n
    -- strict: of a null root it reads nothing
   CROSS JOIN LATERAL oms.tree_as_of(CASE WHEN n.root_id = n.aggregate_id THEN n.root_id END, order_as_of.at) AS t
   CROSS JOIN LATERAL oms.order_from_state(n.state || oms.tree_state(t.tree_version, t.updated_at), n.hash) AS r
$function$;

CREATE OR REPLACE FUNCTION oms.execution_as_of(id text, at timestamptz) RETURNS oms.executions
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, e.root_id, e.payload -> 'state' AS state, e.hash
      FROM oms.execution_events AS e
     WHERE e.aggregate_id = execution_as_of.id AND e.occurred_at <= execution_as_of.at
     ORDER BY e.version DESC LIMIT 1
  )
  SELECT r.*
    FROM newest AS n
    -- strict: of a null root it reads nothing
   CROSS JOIN LATERAL oms.tree_as_of(CASE WHEN n.root_id = n.aggregate_id THEN n.root_id END, execution_as_of.at) AS t
   CROSS JOIN LATERAL oms.execution_from_state(n.state || oms.tree_state(t.tree_version, t.updated_at), n.hash) AS r
$function$;

CREATE OR REPLACE FUNCTION oms.rebuild(object text) RETURNS bigint
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $function$
DECLARE
  target text := CASE WHEN lower(object) IN ('order', 'orders') THEN 'orders'
                      WHEN lower(object) IN ('execution', 'executions') THEN 'executions' END;
  events text := CASE target WHEN 'orders' THEN 'order_events' ELSE 'execution_events' END;
  columns text;
  stored text;
  replayed text;
  changed bigint;
  unreadable record;
  without_events bigint;
  made bigint;
BEGIN
  IF target IS NULL THEN
    RAISE EXCEPTION 'cannot rebuild "%"', object
      USING ERRCODE = 'invalid_parameter_value', DETAIL = 'The objects are: orders, executions.';
  END IF;
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'cannot rebuild at isolation level %', current_setting('transaction_isolation')
      USING ERRCODE = 'invalid_transaction_state',
            DETAIL = 'It must see what was committed until it had locked the table.',
            HINT = 'Run it at READ COMMITTED.';
  END IF;
  EXECUTE format('LOCK TABLE oms.%I IN SHARE ROW EXCLUSIVE MODE', target);

  EXECUTE format('SELECT r.id, r.sequence, r.problem FROM oms.%I() AS r WHERE r.problem IS NOT NULL ORDER BY r.sequence LIMIT 1',
                 'replay_' || target) INTO unreadable;
  IF unreadable.id IS NOT NULL THEN
    RAISE EXCEPTION 'cannot rebuild oms.%: the state in event % of "%" cannot be read', target, unreadable.sequence, unreadable.id
      USING ERRCODE = 'data_corrupted', DETAIL = unreadable.problem, HINT = 'SELECT * FROM oms.verify() names all that is damaged.';
  END IF;

  EXECUTE format('SELECT e.aggregate_id AS id, e.sequence FROM oms.%I AS e GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 2 LIMIT 1', events)
     INTO unreadable;
  IF unreadable.id IS NOT NULL THEN
    RAISE EXCEPTION 'cannot rebuild oms.%: event % of "%" is there twice', target, unreadable.sequence, unreadable.id
      USING ERRCODE = 'data_corrupted', HINT = 'SELECT * FROM oms.verify() names all that is damaged.';
  END IF;

  EXECUTE format('SELECT count(*) FROM oms.%I AS o WHERE NOT EXISTS (SELECT FROM oms.%I AS e WHERE e.aggregate_id = o.id)',
                 target, events) INTO without_events;
  IF without_events > 0 THEN
    RAISE WARNING 'rows of oms.% without events, which stay as they are: %', target, without_events;
  END IF;

  SELECT string_agg(quote_ident(c), ', '), string_agg('o.' || quote_ident(c), ', '), string_agg('(r.replayed).' || quote_ident(c), ', ')
    INTO columns, stored, replayed FROM unnest(oms.own_columns(rtrim(target, 's'))) AS c;
  -- the columns that users added keep their values
  EXECUTE format('UPDATE oms.%1$I AS o SET (%2$s) = ROW(%4$s) FROM oms.%5$I() AS r WHERE r.id = o.id AND (%3$s) IS DISTINCT FROM (%4$s)',
                 target, columns, stored, replayed, 'replay_' || target);
  GET DIAGNOSTICS changed = ROW_COUNT;
  EXECUTE format('INSERT INTO oms.%1$I (%2$s) SELECT %3$s FROM oms.%4$I() AS r '
                 'WHERE NOT EXISTS (SELECT FROM oms.%1$I AS o WHERE o.id = r.id)', target, columns, replayed, 'replay_' || target);
  GET DIAGNOSTICS made = ROW_COUNT;
  RETURN changed + made;
END
$function$;

COMMENT ON FUNCTION oms.rebuild(text) IS
  'Makes the rows of oms.orders or oms.executions anew from the events, and leaves columns of users as they are; returns how many differed or were missing. For the owner only';

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
           ARRAY[CASE p."schemaVersion" WHEN '1' THEN '1' ELSE '2' END, initcap(e.object), e.aggregate_id, e.root_id, e.version::text, e.tree_version::text, e.sequence::text, e.event_type,
                 oms.time_text(e.occurred_at), e.actor, e.role, e.via, e.command_id, e.transition::text,
                 -- events of version 1 had no such column
                 e.aggregate_id, e.root_id, e.version::text, CASE p."schemaVersion" WHEN '1' THEN coalesce(e.account, p.state ->> 'account') ELSE e.account END] AS columns,
           ARRAY[p."schemaVersion", p."aggregateType", p."aggregateId", p."rootId", p.version, p."treeVersion", p.sequence, p."eventType",
                 p."occurredAt", p.actor, p.role, p.via, p."commandId", p.transition,
                 p.state ->> (e.object || 'Id'), p.state ->> 'rootId', p.state ->> 'version', p.state ->> 'account'] AS payload
      FROM oms.all_events AS e
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

CREATE OR REPLACE FUNCTION oms.verify_rows()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  -- by their bytes first, which every type has: a column that users added may have no equality, and may be called o
  WITH differing AS (
    SELECT 'order' AS object, r.id, o.root_id, r.sequence, r.problem, to_jsonb(o.*) AS stored, to_jsonb(r.replayed) AS replayed
      FROM oms.replay_orders() AS r
      JOIN oms.orders AS o ON o.id = r.id
     WHERE (o.* *<> r.replayed) IS NOT FALSE
    UNION ALL
    SELECT 'execution', r.id, o.root_id, r.sequence, r.problem, to_jsonb(o.*), to_jsonb(r.replayed)
      FROM oms.replay_executions() AS r
      JOIN oms.executions AS o ON o.id = r.id
     WHERE (o.* *<> r.replayed) IS NOT FALSE
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

CREATE OR REPLACE FUNCTION oms.verify_roll_up()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  WITH fills AS (
    SELECT e.order_id AS id,
           sum(e.quantity) FILTER (WHERE e.status IN ('VALIDATED', 'ALLOCATED')) AS executed,
           sum(e.last_qty * e.last_px) FILTER (WHERE e.status IN ('VALIDATED', 'ALLOCATED')) AS value,
           sum(e.quantity) FILTER (WHERE e.status = 'REVIEW') AS in_review
      FROM oms.executions AS e GROUP BY e.order_id
  ), children AS (
    SELECT o.parent_id AS id, sum(o.executed_quantity) AS executed, sum(o.executed_value) AS value, sum(o.leaves_quantity) AS leaves,
           sum(f.reservation) AS reserved, count(*) AS children, count(*) FILTER (WHERE f.live) AS live
      FROM oms.orders AS o
      JOIN oms.order_facts AS f ON f.id = o.id
     WHERE o.parent_id IS NOT NULL GROUP BY o.parent_id
  )
  SELECT 'roll_up', 'order', o.id, o.root_id, NULL::bigint,
         string_agg(format('%s is %s, not %s', v.name, v.stored, trim_scale(v.expected)), '; ' ORDER BY v.name) || '.'
    FROM oms.orders AS o
    LEFT JOIN fills AS f ON f.id = o.id
    LEFT JOIN children AS c ON c.id = o.id
   CROSS JOIN LATERAL (VALUES
     ('own_executed_quantity', o.own_executed_quantity, coalesce(f.executed, 0)),
     ('executed_quantity', o.executed_quantity, coalesce(f.executed, 0) + coalesce(c.executed, 0)),
     ('executed_value', o.executed_value, coalesce(f.value, 0) + coalesce(c.value, 0)),
     ('review_quantity', o.review_quantity, coalesce(f.in_review, 0)),
     ('working_quantity', o.working_quantity, coalesce(c.leaves, 0)),
     ('reserved_quantity', o.reserved_quantity, coalesce(c.reserved, 0)),
     ('child_count', o.child_count, coalesce(c.children, 0)),
     ('live_children', o.live_children, coalesce(c.live, 0))
   ) AS v (name, stored, expected)
   WHERE v.stored IS DISTINCT FROM v.expected
   GROUP BY o.id, o.root_id
$function$;

CREATE OR REPLACE FUNCTION oms.verify_derived()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  WITH expected AS (
    -- ours by name: a column that users added may be called as one of these
    SELECT o.id, o.root_id, o.status, o.executed_quantity, o.leaves_quantity, o.unplaced_quantity, o.reserved_quantity, o.avg_px, f.filled,
           coalesce(o.conditions, '{}') AS holds,
           CASE WHEN f.closed OR f.over_today OR o.order_qty IS NULL THEN 0
                ELSE greatest(0, o.order_qty - o.executed_quantity) END AS leaves,
           -- whole units of the tenth decimal, the half rounded away from zero
           CASE WHEN o.executed_quantity = 0 THEN 0
                ELSE sign(o.executed_value) * 0.0000000001
                     * div(2 * abs(o.executed_value) * 10000000000 + o.executed_quantity, 2 * o.executed_quantity) END AS average,
           EXISTS (SELECT FROM jsonb_array_elements(r.requests) AS p WHERE p ->> 'request' = 'CANCEL' AND p ->> 'pending' = 'true') AS asks_cancel,
           EXISTS (SELECT FROM jsonb_array_elements(r.requests) AS p WHERE p ->> 'request' = 'REPLACE' AND p ->> 'pending' = 'true') AS asks_replace
      FROM oms.orders AS o
      JOIN oms.order_facts AS f ON f.id = o.id
     CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(o.pending_requests) WHEN 'array' THEN o.pending_requests ELSE '[]' END) AS r (requests)
  ), shown AS (
    -- FIX 4.4, Execution Report: precedence of OrdStatus
    SELECT x.*,
           CASE WHEN 'PENDING_CANCEL' = ANY (x.holds) THEN 'PENDING_CANCEL'
                WHEN 'PENDING_REPLACE' = ANY (x.holds) THEN 'PENDING_REPLACE'
                WHEN 'DONE_FOR_DAY' = ANY (x.holds) THEN 'DONE_FOR_DAY'
                WHEN 'CALCULATED' = ANY (x.holds) THEN 'CALCULATED'
                WHEN x.filled THEN 'FILLED'
                WHEN 'STOPPED' = ANY (x.holds) THEN 'STOPPED'
                WHEN 'SUSPENDED' = ANY (x.holds) THEN 'SUSPENDED'
                WHEN 'CANCELLED' = ANY (x.holds) THEN 'CANCELLED'
                WHEN 'EXPIRED' = ANY (x.holds) THEN 'EXPIRED'
                WHEN x.executed_quantity > 0 THEN 'PARTIALLY_FILLED'
                WHEN 'REJECTED' = ANY (x.holds) THEN 'REJECTED'
                WHEN 'NEW' = ANY (x.holds) THEN 'NEW'
                WHEN 'PENDING_NEW' = ANY (x.holds) THEN 'PENDING_NEW'
                WHEN 'ACCEPTED_FOR_BIDDING' = ANY (x.holds) THEN 'ACCEPTED_FOR_BIDDING' END AS shows
      FROM expected AS x
  )
  SELECT 'derived', 'order', s.id, s.root_id, NULL::bigint,
         string_agg(format('%s is %s, not %s', v.name, v.stored, coalesce(v.expected, 'known')), '; ' ORDER BY v.name) || '.'
    FROM shown AS s
   CROSS JOIN LATERAL (VALUES
     ('status', s.status, s.shows),
     ('leaves_quantity', trim_scale(s.leaves_quantity)::text, trim_scale(s.leaves)::text),
     ('unplaced_quantity', trim_scale(s.unplaced_quantity)::text, trim_scale(greatest(0, s.leaves - s.reserved_quantity))::text),
     ('avg_px', trim_scale(s.avg_px)::text, trim_scale(s.average)::text),
     ('condition PENDING_CANCEL', ('PENDING_CANCEL' = ANY (s.holds))::text, s.asks_cancel::text),
     ('condition PENDING_REPLACE', ('PENDING_REPLACE' = ANY (s.holds))::text, s.asks_replace::text)
   ) AS v (name, stored, expected)
   WHERE v.stored IS DISTINCT FROM v.expected
   GROUP BY s.id, s.root_id
$function$;

CREATE OR REPLACE FUNCTION oms.verify_allocation()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  WITH named AS (
    SELECT a.order_id AS id, sum(a.quantity) AS quantity FROM oms.execution_allocations AS a WHERE a.live GROUP BY a.order_id
  ), fills AS (
    SELECT e.order_id AS id, sum(e.allocated_quantity) AS quantity
      FROM oms.executions AS e WHERE e.status IN ('VALIDATED', 'ALLOCATED') GROUP BY e.order_id
  ), children AS (
    SELECT o.parent_id AS id, sum(o.allocated_quantity) AS quantity FROM oms.orders AS o WHERE o.parent_id IS NOT NULL GROUP BY o.parent_id
  ), orders AS (
    SELECT o.id, o.root_id, o.allocated_quantity,
           CASE WHEN o.parent_id IS NULL THEN coalesce(n.quantity, 0) ELSE coalesce(f.quantity, 0) + coalesce(c.quantity, 0) END AS expected
      FROM oms.orders AS o
      LEFT JOIN named AS n ON n.id = o.id
      LEFT JOIN fills AS f ON f.id = o.id
      LEFT JOIN children AS c ON c.id = o.id
  ), executions AS (
    SELECT e.id, e.root_id, e.status, e.quantity, e.allocated_quantity, coalesce(a.quantity, 0) AS expected
      FROM oms.executions AS e
      LEFT JOIN (SELECT a.execution_id, sum(a.quantity) AS quantity FROM oms.execution_allocations AS a GROUP BY a.execution_id) AS a
        ON a.execution_id = e.id
  )
  SELECT 'allocation', 'order', o.id, o.root_id, NULL::bigint,
         format('allocated_quantity is %s, not %s.', o.allocated_quantity, trim_scale(o.expected))
    FROM orders AS o WHERE o.allocated_quantity IS DISTINCT FROM o.expected
  UNION ALL
  SELECT 'allocation', 'execution', e.id, e.root_id, NULL,
         format('allocated_quantity is %s, its allocations sum up to %s.', e.allocated_quantity, trim_scale(e.expected))
    FROM executions AS e WHERE e.allocated_quantity IS DISTINCT FROM e.expected
  UNION ALL
  SELECT 'allocation', 'execution', e.id, e.root_id, NULL,
         format('%s of %s is allocated, and its status is %s.', e.allocated_quantity, e.quantity, e.status)
    FROM executions AS e
   WHERE e.allocated_quantity > e.quantity
      OR e.status = 'ALLOCATED' AND e.allocated_quantity < e.quantity
      OR e.status = 'VALIDATED' AND e.allocated_quantity >= e.quantity
  UNION ALL
  SELECT 'allocation', 'execution', a.execution_id, a.root_id, NULL,
         format('It allocates %s to order %s, which does not exist.', coalesce(a.quantity::text, 'nothing'), coalesce(a.order_id, 'null'))
    FROM oms.execution_allocations AS a WHERE NOT EXISTS (SELECT FROM oms.orders AS o WHERE o.id = a.order_id)
$function$;

CREATE OR REPLACE FUNCTION oms.verify_execution_links()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  WITH facts AS (
    SELECT e.id, e.root_id, e.status, e.order_id, e.quantity, e.quantity_factor, e.review_reasons, e.correcting_execution_id, e.corrected_execution_id,
           round(e.last_qty * coalesce(e.quantity_factor, 1), greatest(10, scale(e.last_qty))) AS counts,
           corrected.id AS corrected, corrected.correcting_execution_id AS corrected_by,
           correcting.id AS correcting, correcting.corrected_execution_id AS correcting_of
      FROM oms.executions AS e
      LEFT JOIN oms.executions AS corrected ON corrected.id = e.corrected_execution_id
      LEFT JOIN oms.executions AS correcting ON correcting.id = e.correcting_execution_id
  )
  SELECT 'execution_links', 'execution', f.id, f.root_id, NULL::bigint, v.detail
    FROM facts AS f
   CROSS JOIN LATERAL (VALUES
     -- a split rounds each fill and gives the largest what is left: there the sums decide (roll_up)
     (f.quantity IS DISTINCT FROM f.counts AND f.quantity_factor IS NULL OR f.quantity < 0, format('Its quantity is %s, not %s.', f.quantity, trim_scale(f.counts))),
     (f.status IN ('VALIDATED', 'ALLOCATED') AND f.order_id IS NULL, format('It is %s without an order.', f.status)),
     (f.status = 'REVIEW' AND coalesce(jsonb_typeof(f.review_reasons) <> 'array' OR f.review_reasons = '[]', true), 'It is in review without a reason.'),
     (f.status = 'CORRECTED' AND f.correcting_execution_id IS NULL, 'It is corrected, and nothing names what corrects it.'),
     (f.status IN ('VALIDATED', 'ALLOCATED', 'REVIEW') AND f.correcting_execution_id IS NOT NULL,
      format('It is %s, and execution %s corrects it.', f.status, f.correcting_execution_id)),
     -- a correction that waited in review is overtaken by one of the fill itself
     (f.correcting_execution_id IS NOT NULL AND f.correcting_of IS DISTINCT FROM f.id
      AND NOT (f.review_reasons IS NOT NULL AND f.corrected_execution_id IS NOT NULL AND f.correcting IS NOT NULL),
      format('Execution %s, which corrects it, %s.', f.correcting_execution_id, CASE WHEN f.correcting IS NULL THEN 'does not exist' ELSE 'does not name it' END)),
     -- a correction that waited in review and ended there has corrected nothing
     ((f.status IN ('VALIDATED', 'ALLOCATED') OR f.status IN ('CORRECTED', 'BUSTED') AND f.review_reasons IS NULL)
      AND f.corrected_execution_id IS NOT NULL AND f.corrected_by IS DISTINCT FROM f.id,
      format('Execution %s, which it corrects, %s.', f.corrected_execution_id, CASE WHEN f.corrected IS NULL THEN 'does not exist' ELSE 'does not name it' END))
   ) AS v (broken, detail)
   WHERE v.broken
$function$;

CREATE OR REPLACE FUNCTION oms.verify_orphans()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
  SET enable_mergejoin = off
AS $function$
  WITH RECURSIVE edges AS MATERIALIZED (
    SELECT o.id, o.parent_id FROM oms.orders AS o
  ), attached AS (
    -- it ends: an order has one parent, so nothing below a root is met twice, and a cycle is not met at all
    SELECT e.id FROM edges AS e WHERE e.parent_id IS NULL
    UNION ALL
    SELECT e.id FROM attached AS a JOIN edges AS e ON e.parent_id = a.id
  ), with_events AS (
    SELECT 'order' AS object, e.aggregate_id AS id, min(e.root_id) AS root_id, max(e.sequence) AS sequence, count(*) AS events
      FROM oms.order_events AS e GROUP BY e.aggregate_id
    UNION ALL
    SELECT 'execution', e.aggregate_id, min(e.root_id), max(e.sequence), count(*)
      FROM oms.execution_events AS e GROUP BY e.aggregate_id
  ), with_row AS (
    SELECT 'order' AS object, o.id, o.root_id FROM oms.orders AS o
    UNION ALL
    SELECT 'execution', x.id, x.root_id FROM oms.executions AS x
  )
  SELECT 'orphan', 'order', o.id, o.root_id, NULL::bigint, v.detail
    FROM oms.orders AS o
    LEFT JOIN oms.orders AS r ON r.id = o.root_id
    LEFT JOIN oms.orders AS p ON p.id = o.parent_id
    LEFT JOIN attached AS a ON a.id = o.id
   CROSS JOIN LATERAL (VALUES
     (o.parent_id IS NULL AND o.root_id <> o.id, format('It has no parent, and its root is %s.', o.root_id)),
     (o.parent_id IS NOT NULL AND r.id IS NULL, format('Its root %s does not exist.', o.root_id)),
     (o.parent_id IS NOT NULL AND r.parent_id IS NOT NULL, format('Its root %s is no root.', o.root_id)),
     (o.parent_id IS NOT NULL AND p.id IS NULL, format('Its parent %s does not exist.', o.parent_id)),
     (p.root_id <> o.root_id, format('Its parent %s is in the tree of %s.', o.parent_id, p.root_id)),
     (p.id IS NOT NULL AND a.id IS NULL, format('It hangs on no root: going up from its parent %s leads to none.', o.parent_id))
   ) AS v (broken, detail)
   WHERE v.broken
  UNION ALL
  SELECT 'orphan', 'execution', e.id, e.root_id, NULL, v.detail
    FROM oms.executions AS e
    LEFT JOIN oms.orders AS o ON o.id = e.order_id
   CROSS JOIN LATERAL (VALUES
     (e.order_id IS NOT NULL AND o.id IS NULL, format('Its order %s does not exist.', e.order_id)),
     (o.root_id <> e.root_id, format('Its order %s is in the tree of %s.', e.order_id, o.root_id)),
     (e.order_id IS NULL AND e.root_id <> e.id, format('It has no order, and its root is %s.', e.root_id))
   ) AS v (broken, detail)
   WHERE v.broken
  UNION ALL
  SELECT 'orphan', coalesce(r.object, e.object), coalesce(r.id, e.id), coalesce(r.root_id, e.root_id), e.sequence,
         CASE WHEN e.id IS NULL THEN 'It has no events.' ELSE format('It has %s events and no row.', e.events) END
    FROM with_row AS r
    FULL JOIN with_events AS e ON e.object = r.object AND e.id = r.id
   WHERE r.id IS NULL OR e.id IS NULL
$function$;

COMMENT ON FUNCTION oms.verify_orphans() IS
  'Part of oms.verify(): parents, roots and orders exist and are of the same tree, every order hangs on a root; no row is without events, no event without its row';

CREATE OR REPLACE FUNCTION oms.verify_identifiers()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT 'orphan', 'order', c.order_id, NULL, NULL::bigint,
         format('ClOrdID %s of session "%s" names this order, which does not exist.', c.cl_ord_id, c.fix_session)
    FROM oms.cl_ord_ids AS c WHERE NOT EXISTS (SELECT FROM oms.orders AS o WHERE o.id = c.order_id)
  UNION ALL
  SELECT 'orphan', 'order', c.order_id, NULL, NULL,
         format('OrderID %s of session "%s" names this order, which does not exist.', c.counterparty_order_id, c.fix_session)
    FROM oms.counterparty_order_ids AS c WHERE NOT EXISTS (SELECT FROM oms.orders AS o WHERE o.id = c.order_id)
  UNION ALL
  SELECT 'identifier', 'order', o.id, o.root_id, NULL,
         format('Its ClOrdID %s stands %s in oms.cl_ord_ids.', o.cl_ord_id,
                CASE WHEN c.order_id IS NULL THEN 'nowhere' ELSE format('for order %s', c.order_id) END)
    FROM oms.orders AS o
    LEFT JOIN oms.cl_ord_ids AS c ON c.fix_session = coalesce(o.fix_session, '') AND c.cl_ord_id = o.cl_ord_id
   WHERE o.cl_ord_id IS NOT NULL AND c.order_id IS DISTINCT FROM o.id
  UNION ALL
  SELECT 'identifier', 'order', o.id, o.root_id, NULL, 'An execution without an order has the same id: two roots in one tree.'
    FROM oms.orders AS o
    JOIN oms.executions AS e ON e.id = o.id AND e.order_id IS NULL
   WHERE o.parent_id IS NULL
  UNION ALL
  SELECT 'orphan', r.kind, r.id, r.id, NULL, format('Its id is in oms.root_ids as that of an %s, which does not exist.', r.kind)
    FROM oms.root_ids AS r
    LEFT JOIN oms.orders AS o ON r.kind = 'order' AND o.id = r.id
    LEFT JOIN oms.executions AS e ON r.kind = 'execution' AND e.id = r.id
   WHERE o.id IS NULL AND e.id IS NULL
  UNION ALL
  SELECT 'identifier', g.object, g.id, g.id, NULL, 'Its id is missing in oms.root_ids.'
    FROM oms.root_id_claims() AS g
    LEFT JOIN oms.root_ids AS r ON r.id = g.id
   WHERE r.id IS NULL
$function$;

COMMENT ON FUNCTION oms.verify_identifiers() IS 'Part of oms.verify(): the ids counterparties know orders under name orders that exist, and every order is known under its ClOrdID; no id is the root of two trees';

CREATE FUNCTION oms.verify_commands()
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
    SELECT o.id FROM oms.orders AS o UNION SELECT x.id FROM oms.executions AS x
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

CREATE FUNCTION oms.verify_transactions()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  WITH events AS (
    SELECT 'order' AS object, e.aggregate_id, e.root_id, e.tree_version, e.sequence, e.occurred_at, e.actor, e.command_id, e.xid, e.xmin, e.tableoid
      FROM oms.order_events AS e
    UNION ALL
    SELECT 'execution', e.aggregate_id, e.root_id, e.tree_version, e.sequence, e.occurred_at, e.actor, e.command_id, e.xid, e.xmin, e.tableoid
      FROM oms.execution_events AS e
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
    WINDOW t AS (PARTITION BY w.root_id ORDER BY w.tree_version, w.sequence)
  ), runs AS (
    -- only a number that is not above all before it can have been there before
    SELECT i.*, row_number() OVER (PARTITION BY i.root_id, i.xid, i.here ORDER BY i.tree_version, i.sequence) AS run
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
      UNION ALL SELECT * FROM oms.verify_roll_up()
      UNION ALL SELECT * FROM oms.verify_derived()
      UNION ALL SELECT * FROM oms.verify_allocation()
      UNION ALL SELECT * FROM oms.verify_execution_links()
      UNION ALL SELECT * FROM oms.verify_orphans()
      UNION ALL SELECT * FROM oms.verify_identifiers()
      UNION ALL SELECT * FROM oms.verify_commands()
      UNION ALL SELECT * FROM oms.verify_transactions()
      UNION ALL SELECT * FROM oms.verify_guards()
    ) AS v
   ORDER BY v.root_id, v.sequence, v.invariant, v.object, v.id
$function$;

COMMENT ON FUNCTION oms.verify() IS
  'One row for each broken invariant, none when all hold: rows against events, hash chains, numbers, sums, links, orphans, commands, transactions, guards';

REVOKE ALL ON FUNCTION oms.verify_commands(), oms.verify_transactions(), oms.command_digest(jsonb) FROM PUBLIC;

-- ==== facts of an execution ====

ALTER TABLE oms.executions
  ADD COLUMN trade_date date,
  ADD COLUMN settl_date date,
  ADD COLUMN commission numeric,
  ADD COLUMN comm_type text COLLATE "C",
  ADD COLUMN last_capacity text COLLATE "C",
  ADD COLUMN currency text COLLATE "C",
  ADD COLUMN account text COLLATE "C",
  ADD COLUMN reported_account text COLLATE "C";
COMMENT ON COLUMN oms.executions.trade_date IS 'TradeDate (75) as the report stated it; a correction may change it';
COMMENT ON COLUMN oms.executions.settl_date IS 'SettlDate (64) as the report stated it; a correction may change it';
COMMENT ON COLUMN oms.executions.commission IS 'Commission (12) in the unit that comm_type says; a correction may change it';
COMMENT ON COLUMN oms.executions.comm_type IS 'CommType (13): PER_UNIT, PERCENT, ABSOLUTE or another of FIX; a code that is not known is kept as it came';
COMMENT ON COLUMN oms.executions.last_capacity IS 'LastCapacity (29): AGENT, CROSS_AS_AGENT, CROSS_AS_PRINCIPAL, PRINCIPAL; a code that is not known is kept as it came';
COMMENT ON COLUMN oms.executions.currency IS 'Currency (15) of last_px as the report stated it, else the order''s';
COMMENT ON COLUMN oms.executions.account IS 'The order''s account; null without an order';
COMMENT ON COLUMN oms.executions.reported_account IS 'Account (1) as the report stated it; flagged DISAGREES where the order has another';
COMMENT ON COLUMN oms.orders.flags IS 'What the desk should see: LATE_FILL, DISAGREES, OVERFILLED, OVER_PLACED, BELOW_PLACED, LIVE_CHILDREN, UNSETTLED, NOT_INHERITED';

-- ==== live_children of what version 0.1.0 wrote ====

-- Version 0.1.0 counted a filled or closed child as ended, also while something below it was live. What it wrote is counted anew
-- with events of its own, as every change is; a number that is right has none.
CREATE FUNCTION oms.recount_live_children() RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  wrong record;
  changed oms.orders;
  root oms.orders;
  event record;
  recounted bigint := 0;
BEGIN
  LOCK TABLE oms.orders IN SHARE ROW EXCLUSIVE MODE;
  FOR wrong IN
    WITH RECURSIVE live AS (
      SELECT o.id, o.parent_id
        FROM oms.orders AS o
       WHERE NOT coalesce(o.conditions && ARRAY['REJECTED', 'CANCELLED', 'EXPIRED', 'CALCULATED'], false)
         AND NOT coalesce(o.order_qty > 0 AND o.executed_quantity >= o.order_qty, false)
      UNION
      SELECT p.id, p.parent_id FROM live AS l JOIN oms.orders AS p ON p.id = l.parent_id
    ), counts AS (
      SELECT l.parent_id AS id, count(*) AS live FROM live AS l WHERE l.parent_id IS NOT NULL GROUP BY l.parent_id
    )
    SELECT o.id, coalesce(c.live, 0) AS live
      FROM oms.orders AS o
      LEFT JOIN counts AS c ON c.id = o.id
     WHERE o.live_children <> coalesce(c.live, 0)
     ORDER BY o.root_id, o.id
  LOOP
    IF recounted = 0 THEN
      PERFORM oms.ensure_partitions();
    END IF;
    SELECT o.* INTO STRICT changed FROM oms.orders AS o WHERE o.id = wrong.id;
    SELECT r.* INTO STRICT root FROM oms.orders AS r WHERE r.id = changed.root_id;
    root.tree_version := root.tree_version + 1;
    root.tree_updated_at := greatest(clock_timestamp(), root.tree_updated_at);
    changed.version := changed.version + 1;
    changed.live_children := wrong.live;
    changed.updated_at := root.tree_updated_at;
    IF changed.parent_id IS NULL THEN
      changed.tree_version := root.tree_version;
      changed.tree_updated_at := root.tree_updated_at;
    END IF;
    -- the transaction's id goes before the sequence, as in every command
    SELECT pg_current_xact_id() AS xid, nextval('oms.event_sequence') AS sequence, gen_random_uuid()::text AS command_id INTO event;
    WITH made AS (
      SELECT jsonb_build_object('schemaVersion', 2, 'eventType', 'OrderQuantitiesChanged', 'aggregateType', 'Order', 'aggregateId', changed.id,
               'rootId', changed.root_id, 'version', changed.version, 'treeVersion', root.tree_version, 'sequence', event.sequence,
               'occurredAt', oms.time_text(root.tree_updated_at), 'actor', session_user, 'role', current_user, 'commandId', event.command_id,
               'transition', 341, 'command', jsonb_build_object('commandType', 'UpdateOrderCommand', 'orderId', changed.id,
               'text', 'oms.recount_live_children()'), 'state', oms.order_state(changed)) AS payload
    ), hashed AS (
      SELECT m.payload, sha256(changed.hash || convert_to(m.payload::text, 'UTF8')) AS hash FROM made AS m
    ), appended AS (
      INSERT INTO oms.order_events (sequence, aggregate_id, version, root_id, tree_version, event_type, occurred_at, actor, role, command_id,
                                    transition, xid, payload, hash, account)
      SELECT event.sequence, changed.id, changed.version, changed.root_id, root.tree_version, 'OrderQuantitiesChanged', root.tree_updated_at,
             session_user, current_user, event.command_id, 341, event.xid, h.payload, h.hash, changed.account
        FROM hashed AS h
    )
    UPDATE oms.orders AS o
       SET version = changed.version, live_children = changed.live_children, updated_at = changed.updated_at, hash = h.hash
      FROM hashed AS h
     WHERE o.id = changed.id;
    UPDATE oms.orders AS o SET tree_version = root.tree_version, tree_updated_at = root.tree_updated_at WHERE o.id = root.id;
    recounted := recounted + 1;
  END LOOP;
  RETURN recounted;
END
$function$;
COMMENT ON FUNCTION oms.recount_live_children() IS
  'Counts live_children anew where it is what version 0.1.0 counted, with an event for each order that changes; returns how many did. ALTER EXTENSION UPDATE does it; call it after a dump of 0.1.0 was restored. For the owner only';

REVOKE ALL ON FUNCTION oms.recount_live_children() FROM PUBLIC;
SELECT oms.recount_live_children();

-- ==== the way out: no lock that any login can hold ====

CREATE OR REPLACE FUNCTION oms.repair_publication(publication name)
  RETURNS TABLE (object text, name text, was text, action text, loses boolean)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  repair record;
BEGIN
  -- One at a time, by the lock that ADD TABLE takes anyway. Not an advisory one, which any login can hold; who may not take this one
  -- can repair nothing but options, and two who do that at once do the same.
  IF has_table_privilege('oms.order_events', 'UPDATE') THEN
    LOCK TABLE ONLY oms.order_events IN SHARE UPDATE EXCLUSIVE MODE;
  END IF;
  FOR repair IN SELECT * FROM oms.publication_repairs(publication) LOOP
    IF repair.statement IS NULL THEN
      RAISE EXCEPTION 'publication "%" is for all tables and cannot be made one of the event tables', publication
        USING ERRCODE = 'OM011', HINT = format('Name another publication, or DROP PUBLICATION %I and call again.', publication);
    END IF;
    EXECUTE repair.statement;
    object := repair.object;
    name := repair.name;
    was := repair.was;
    action := repair.action;
    loses := repair.loses;
    RETURN NEXT;
  END LOOP;
END
$function$;

CREATE OR REPLACE FUNCTION oms.create_slot(slot name DEFAULT 'oms_cdc', plugin name DEFAULT NULL, publication name DEFAULT 'oms_events')
  RETURNS TABLE (object text, name text, was text, action text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  chosen name;
  problem text;
  others text;
  repaired jsonb := '[]';
BEGIN
  PERFORM oms.check_slot_caller(slot, publication);
  -- One at a time, by a lock that needs a privilege and that neither a command nor the worker below waits for.
  IF has_table_privilege('oms.shipped_objects', 'UPDATE') THEN
    LOCK TABLE oms.shipped_objects IN SHARE UPDATE EXCLUSIVE MODE;
  END IF;
  problem := oms.check_slot(slot, plugin);
  SELECT s.plugin INTO chosen FROM pg_replication_slots AS s WHERE s.slot_name = slot;
  chosen := oms.choose_output_plugin(coalesce(plugin, chosen));

  -- committed before the slot is made: pgoutput never gets over a change that is older than its publication
  IF EXISTS (SELECT FROM oms.publication_repairs(publication)) THEN
    repaired := oms.commit_publication(publication);
  END IF;
  RETURN QUERY SELECT r.object, r.name, r.was, r.action FROM jsonb_to_recordset(repaired) AS r (object text, name text, was text, action text);
  IF NOT FOUND THEN
    RETURN QUERY VALUES ('publication', publication::text, 'right', 'none');
  END IF;
  SELECT string_agg(format('%I.%I', t.schemaname, t.tablename), ', ' ORDER BY t.schemaname, t.tablename) INTO others
    FROM pg_publication_tables AS t
   WHERE t.pubname = publication AND NOT (t.schemaname = 'oms' AND t.tablename IN (SELECT e.table_name FROM oms.event_tables() AS e));
  IF others IS NOT NULL THEN
    RETURN QUERY VALUES ('publication', publication::text, 'has other tables: ' || others, 'none: not ours to remove');
  END IF;

  IF problem IS NULL THEN
    IF chosen = 'pgoutput' AND jsonb_path_exists(repaired, '$[*] ? (@.loses == true)') THEN
      RAISE WARNING 'replication slot "%" is older than the repair of publication "%"', slot, publication
        USING DETAIL = 'Events that it has not sent yet, of the time before, may be missing from it or stop it.',
              HINT = format('Stop its reader, SELECT * FROM oms.drop_slot(%L) and call again; the bridge then reconciles.', slot);
    END IF;
    RETURN QUERY SELECT 'slot', slot::text, format('%s, %s', s.plugin, s.wal_status), 'none' FROM pg_replication_slots AS s WHERE s.slot_name = slot;
    RETURN;
  END IF;
  IF problem = 'lost' THEN
    PERFORM pg_drop_replication_slot(slot);
  END IF;
  PERFORM pg_create_logical_replication_slot(slot, chosen);
  RETURN QUERY SELECT 'slot', slot::text, problem, format('%s with %s, from %s', CASE problem WHEN 'lost' THEN 'made anew' ELSE 'created' END,
                                                           s.plugin, s.confirmed_flush_lsn)
                 FROM pg_replication_slots AS s WHERE s.slot_name = slot;
END
$function$;

-- ==== the other views, bound anew ====
-- The script of 0.1.0 looked names up in the target schema. What somebody had made there (a function format(text, name), an
-- operator && (text[], text[])) was called by whoever read a view. These are as they were, bound to pg_catalog alone.

CREATE OR REPLACE VIEW oms.order_tree WITH (security_invoker = true) AS
  SELECT t.depth, t.path, o.id, r.id AS root_id, o.parent_id, o.cl_ord_id, o.status, o.symbol, o.side,
         o.order_qty, o.executed_quantity, o.leaves_quantity, o.working_quantity, o.unplaced_quantity, o.allocated_quantity,
         o.avg_px, o.ord_type, o.price, o.time_in_force, o.destination, o.account, o.flags, o.version, o.created_at, o.updated_at
    FROM oms.orders AS r
   CROSS JOIN LATERAL (
     WITH RECURSIVE branch AS (
       SELECT 0 AS depth, ARRAY[r.id] AS path, r.id
       UNION ALL
       SELECT b.depth + 1, b.path || c.id, c.id
         FROM branch AS b
         JOIN oms.orders AS c ON c.root_id = r.id AND c.parent_id = b.id
     )
     SELECT b.depth, b.path, b.id FROM branch AS b
   ) AS t
    JOIN oms.orders AS o ON o.id = t.id
   WHERE r.parent_id IS NULL
   ORDER BY r.created_at, r.id, t.path;

CREATE OR REPLACE VIEW oms.client_orders WITH (security_invoker = true) AS
  SELECT o.id, o.cl_ord_id, o.account, o.status, o.symbol, o.side, o.order_qty, o.cash_order_qty, o.ord_type, o.price, o.stop_px,
         o.time_in_force, o.expire_time, o.expire_date, o.executed_quantity, o.leaves_quantity, o.working_quantity,
         o.unplaced_quantity, o.allocated_quantity, o.avg_px, o.currency, o.asset_class, o.child_count, o.live_children,
         o.flags, o.reason, o.text, o.attributes, o.version, o.tree_version, o.created_at, o.updated_at, o.tree_updated_at
    FROM oms.orders AS o
   WHERE o.parent_id IS NULL;

CREATE OR REPLACE VIEW oms.market_orders WITH (security_invoker = true) AS
  SELECT o.id, o.root_id, o.parent_id, o.cl_ord_id, o.counterparty_order_id, o.destination, o.status, o.symbol, o.side,
         o.order_qty, o.cash_order_qty, o.ord_type, o.price, o.stop_px, o.time_in_force, o.expire_time, o.expire_date,
         o.own_executed_quantity, o.executed_quantity, o.leaves_quantity, o.review_quantity, o.allocated_quantity, o.avg_px,
         o.reported_ord_status, o.reported_cum_qty, o.reported_leaves_qty, o.reported_avg_px,
         o.currency, o.asset_class, o.account, o.flags, o.reason, o.text, o.attributes, o.version, o.created_at, o.updated_at
    FROM oms.orders AS o
   WHERE o.parent_id IS NOT NULL OR o.own_executed_quantity > 0 OR o.review_quantity > 0;

CREATE OR REPLACE VIEW oms.trade_blotter WITH (security_invoker = true) AS
  SELECT e.created_at AS booked_at, e.transact_time, e.id AS execution_id, e.exec_id, e.status, e.symbol, e.side,
         e.quantity, e.last_qty, e.last_px, e.last_qty * e.last_px AS value, coalesce(e.currency, o.currency, r.currency) AS currency,
         e.last_mkt, o.destination, e.order_id, o.cl_ord_id, o.counterparty_order_id, o.status AS order_status,
         e.root_id, r.cl_ord_id AS root_cl_ord_id, r.account, r.status AS root_status,
         e.allocated_quantity, e.allocations, e.corrected_execution_id, e.flags, e.text, e.version,
         e.trade_date, e.settl_date, e.commission, e.comm_type, e.last_capacity, e.reported_account
    FROM oms.executions AS e
    JOIN oms.orders AS o ON o.id = e.order_id
    JOIN oms.orders AS r ON r.id = e.root_id
   WHERE e.status IN ('VALIDATED', 'ALLOCATED');

CREATE OR REPLACE VIEW oms.execution_review WITH (security_invoker = true) AS
  SELECT e.created_at AS received_at, e.id AS execution_id, e.exec_id, e.exec_type, codes.reasons, e.review_reasons,
         e.symbol, e.side, e.last_qty, e.last_px, e.quantity, e.last_mkt, e.order_id, o.status AS order_status, o.symbol AS order_symbol,
         o.side AS order_side, o.order_qty, o.executed_quantity, e.root_id, e.cl_ord_id, e.counterparty_order_id, e.fix_session,
         e.exec_ref_id, e.cum_qty, e.leaves_qty, e.avg_px, e.ord_status, e.transact_time, e.text, e.version,
         e.currency, o.currency AS order_currency, o.price AS order_price, e.account, e.reported_account, e.trade_date, e.settl_date
    FROM oms.executions AS e
    LEFT JOIN oms.orders AS o ON o.id = e.order_id
   CROSS JOIN LATERAL (
     SELECT array_agg(x.reason ->> 'code' ORDER BY x.position) AS reasons
       FROM jsonb_array_elements(CASE jsonb_typeof(e.review_reasons) WHEN 'array' THEN e.review_reasons ELSE '[]' END)
            WITH ORDINALITY AS x (reason, position)
   ) AS codes
   WHERE e.status = 'REVIEW'
   ORDER BY e.created_at, e.id;

CREATE OR REPLACE VIEW oms.execution_allocations WITH (security_invoker = true) AS
  SELECT e.id AS execution_id, e.root_id, e.status IN ('VALIDATED', 'ALLOCATED') AS live, a.allocation ->> 'orderId' AS order_id,
         CASE jsonb_typeof(a.allocation -> 'quantity') WHEN 'number' THEN (a.allocation ->> 'quantity')::numeric END AS quantity
    FROM oms.executions AS e
   CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(e.allocations) WHEN 'array' THEN e.allocations ELSE '[]' END) AS a (allocation);

CREATE OR REPLACE VIEW oms.stat_bridge WITH (security_invoker = true) AS
  SELECT s.slot_name, s.plugin, s.active, s.active_pid, r.application_name, r.client_addr, r.state,
         s.confirmed_flush_lsn, s.restart_lsn,
         CASE WHEN s.confirmed_flush_lsn IS NOT NULL THEN greatest(pg_wal_lsn_diff(w.lsn, s.confirmed_flush_lsn), 0)::bigint END AS lag_bytes,
         CASE WHEN s.restart_lsn IS NOT NULL THEN greatest(pg_wal_lsn_diff(w.lsn, s.restart_lsn), 0)::bigint END AS retained_bytes,
         CASE WHEN s.wal_status <> 'lost' THEN oms.seconds_unconfirmed(s.confirmed_flush_lsn) END AS lag_seconds,
         s.wal_status, s.safe_wal_size, d.spill_txns, d.spill_bytes, d.total_txns, d.total_bytes, p.publication_ok
    FROM pg_replication_slots AS s
   CROSS JOIN (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn) AS w
   CROSS JOIN (SELECT count(*) > 0 AND count(x.object) = 0 AS publication_ok
                 FROM oms.event_publications() AS e LEFT JOIN LATERAL oms.publication_repairs(e.publication) AS x ON true) AS p
    LEFT JOIN pg_stat_replication AS r ON r.pid = s.active_pid
    LEFT JOIN pg_stat_replication_slots AS d ON d.slot_name = s.slot_name
   WHERE s.slot_type = 'logical' AND s.database = current_database();

CREATE OR REPLACE VIEW oms.bridge_alerts WITH (security_invoker = true) AS
  SELECT a.severity, a.what, b.slot_name::text AS name, a.detail, a.hint
    FROM oms.stat_bridge AS b
   CROSS JOIN oms.slot_limits() AS l
   CROSS JOIN LATERAL oms.output_plugin_problem(b.plugin) AS p
   CROSS JOIN LATERAL (VALUES
     ('critical', 'slot_lost', b.wal_status = 'lost',
      'WAL that it needs has been removed.',
      format('SELECT * FROM oms.create_slot(%L) makes it anew once its reader is stopped; the bridge then reconciles.', b.slot_name)),
     ('critical', 'slot_unreserved', b.wal_status = 'unreserved',
      'The next checkpoint may remove WAL that it needs.',
      'Start its reader, or let it catch up; raise max_slot_wal_keep_size where the disk has room.'),
     ('critical', 'slot_near_limit', b.wal_status IN ('reserved', 'extended') AND b.safe_wal_size < b.retained_bytes,
      format('%s are held back; after another %s it is lost.', pg_size_pretty(b.retained_bytes), pg_size_pretty(b.safe_wal_size)),
      'Start its reader, or let it catch up; raise max_slot_wal_keep_size where the disk has room.'),
     ('warning', 'slot_holds_back', b.retained_bytes > l.alert_bytes,
      format('%s are held back, more than oms_state.slot_alert_size (%s).', pg_size_pretty(b.retained_bytes), pg_size_pretty(l.alert_bytes)),
      format('Start its reader, or let it catch up. Is it not needed: SELECT * FROM oms.drop_slot(%L).', b.slot_name)),
     ('warning', 'slot_inactive', NOT b.active AND b.lag_seconds > l.alert_seconds,
      format('Nobody reads it; the oldest commit that is not confirmed is %s s old.', round(b.lag_seconds)),
      format('Start its reader. Is it not needed: SELECT * FROM oms.drop_slot(%L).', b.slot_name)),
     ('warning', 'slot_behind', b.active AND b.lag_seconds > l.alert_seconds,
      format('Process %s reads it; the oldest commit that is not confirmed is %s s old.', b.active_pid, round(b.lag_seconds)),
      'Look at the reader''s log: Kafka may be down, or it cannot keep up.'),
     ('critical', 'plugin_not_usable', p.problem IS NOT NULL AND b.plugin IN ('wal2json', 'pgoutput'),
      p.problem || '.', p.hint)
   ) AS a (severity, what, holds, detail, hint)
   WHERE a.holds
  UNION ALL
  SELECT CASE WHEN bool_or(r.loses) THEN 'critical' ELSE 'warning' END, 'publication_wrong', e.publication::text,
         string_agg(format('%s %s: %s.', r.object, r.name, r.was), ' '),
         format('SELECT * FROM oms.repair_publication(%L); slots with pgoutput must then be dropped and made anew where a table was missing.', e.publication)
    FROM oms.event_publications() AS e
   CROSS JOIN LATERAL oms.publication_repairs(e.publication) AS r
   GROUP BY e.publication
  UNION ALL
  SELECT 'critical', 'publication_missing', b.slot_name::text, 'It decodes with pgoutput, and there is no publication of the event tables.',
         format('SELECT * FROM oms.create_slot(%L) makes one.', b.slot_name)
    FROM oms.stat_bridge AS b
   WHERE b.plugin = 'pgoutput' AND b.slot_name LIKE 'oms\_%' AND NOT EXISTS (SELECT FROM oms.event_publications())
  UNION ALL
  SELECT 'warning', 'no_slot', e.publication::text, 'There is a publication, and no logical slot in this database.',
         'SELECT * FROM oms.create_slot(), and start the bridge; after a failover it reconciles. Is nothing to leave: DROP PUBLICATION.'
    FROM oms.event_publications() AS e
   WHERE NOT pg_is_in_recovery() AND NOT EXISTS (SELECT FROM oms.stat_bridge);

-- ==== roles (sql/75_roles.sql) ====

-- Roles of the cluster that stand for what people do, and what each may do in this database.
-- What is granted is decided by the catalog, so a new view or function has its rights with the next oms.create_roles().

CREATE FUNCTION oms.role_repairs() RETURNS TABLE (what text, statement text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH wanted (position, name, above) AS (
    VALUES (1, 'oms_reader', NULL), (2, 'oms_trader', 'oms_reader'), (3, 'oms_desk', 'oms_trader'), (4, 'oms_admin', 'oms_desk'),
           (5, 'oms_bridge', NULL), (6, 'oms_proxy', NULL)
  ), roles AS (
    SELECT w.position, w.name, w.above, r.oid,
           concat_ws(' ', CASE WHEN r.rolcanlogin THEN 'NOLOGIN' END, CASE WHEN r.rolsuper THEN 'NOSUPERUSER' END, CASE WHEN r.rolcreaterole THEN 'NOCREATEROLE' END,
                     CASE WHEN r.rolcreatedb THEN 'NOCREATEDB' END, CASE WHEN r.rolreplication THEN 'NOREPLICATION' END,
                     CASE WHEN r.rolbypassrls THEN 'NOBYPASSRLS' END, CASE WHEN NOT r.rolinherit THEN 'INHERIT' END) AS changes
      FROM wanted AS w LEFT JOIN pg_roles AS r ON r.rolname = w.name
  ), members AS (
    SELECT d.classid, d.objid, e.extnamespace
      FROM pg_extension AS e JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
     WHERE e.extname = 'oms_state'
  ), relations AS (
    SELECT c.oid, c.relname::text AS name, c.relkind, c.relowner, c.relacl
      FROM members AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
  ), functions AS (
    SELECT p.oid, p.proname::text AS name, CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS class,
           p.provolatile = 'v' AS writes, p.pronamespace = m.extnamespace AS is_entry
      FROM members AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
     WHERE p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  ), rights (role, class, privilege, object, target) AS (
    SELECT 'oms_reader', 'SCHEMA', 'USAGE', n.oid, quote_ident(n.nspname)
      FROM pg_namespace AS n WHERE n.nspname = 'oms' OR n.oid IN (SELECT m.extnamespace FROM members AS m)
    UNION ALL
    SELECT 'oms_bridge', 'SCHEMA', 'USAGE', n.oid, 'oms' FROM pg_namespace AS n WHERE n.nspname = 'oms'
    UNION ALL
    SELECT 'oms_reader', 'TABLE', 'SELECT', r.oid, r.oid::regclass::text FROM relations AS r WHERE r.relkind <> 'S' OR r.name = 'event_sequence'
    UNION ALL
    SELECT 'oms_bridge', 'TABLE', 'SELECT', r.oid, r.oid::regclass::text
      FROM relations AS r WHERE r.oid IN (SELECT e.relid FROM oms.event_tables() AS e) OR r.name IN ('event_sequence', 'stat_bridge', 'bridge_alerts')
    UNION ALL
    SELECT g.role, f.class, 'EXECUTE', f.oid, f.oid::regprocedure::text
      FROM functions AS f CROSS JOIN (VALUES ('oms_reader'), ('oms_trader'), ('oms_admin'), ('oms_bridge')) AS g (role)
     WHERE CASE g.role
             -- what the views call, too
             WHEN 'oms_reader' THEN NOT f.writes OR f.name IN ('seconds_unconfirmed')
             WHEN 'oms_trader' THEN f.writes AND f.is_entry
             WHEN 'oms_admin' THEN f.name IN ('ensure_partitions')
             ELSE f.name IN ('event_tables', 'event_publications', 'publication_repairs', 'output_plugin_problem', 'seconds_unconfirmed', 'slot_limits') END
  ), missing AS (
    SELECT w.role, w.class, w.privilege, w.target
      FROM rights AS w JOIN roles AS r ON r.name = w.role
     WHERE NOT coalesce(CASE w.class WHEN 'SCHEMA' THEN has_schema_privilege(r.oid, w.object, w.privilege)
                                     WHEN 'TABLE' THEN has_table_privilege(r.oid, w.object, w.privilege)
                                     ELSE has_function_privilege(r.oid, w.object, w.privilege) END, false)
  ), written AS (
    -- of columns too
    SELECT r.name AS role, c.oid::regclass::text AS target, string_agg(DISTINCT a.privilege_type, ', ') AS privileges
      FROM relations AS c
     CROSS JOIN LATERAL (SELECT c.relacl AS acl UNION ALL SELECT t.attacl FROM pg_attribute AS t WHERE t.attrelid = c.oid) AS l
     CROSS JOIN LATERAL aclexplode(l.acl) AS a
      JOIN roles AS r ON r.oid = a.grantee
     WHERE a.grantor = c.relowner AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER')
     GROUP BY 1, 2
  ), steps (position, what, place, statement) AS (
    SELECT r.position, 'role', 1, 'CREATE ROLE ' || r.name FROM roles AS r WHERE r.oid IS NULL
    UNION ALL
    SELECT r.position, 'role', 2, format('ALTER ROLE %s %s', r.name, r.changes) FROM roles AS r WHERE r.oid IS NOT NULL AND r.changes <> ''
    UNION ALL
    -- since 16 a membership may be one without the rights
    SELECT r.position, 'role', 3, format('GRANT %s TO %s%s', r.above, r.name, CASE WHEN a.found THEN ' WITH INHERIT TRUE' ELSE '' END)
      FROM roles AS r
     CROSS JOIN LATERAL (SELECT count(*) > 0 AS found, coalesce(bool_or(coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)), false) AS inherits
                           FROM pg_auth_members AS m WHERE m.roleid = (SELECT o.oid FROM roles AS o WHERE o.name = r.above) AND m.member = r.oid) AS a
     WHERE r.above IS NOT NULL AND NOT a.inherits
    UNION ALL
    SELECT r.position, 'right', 4, format('GRANT %s ON %s %s TO %s', m.privilege, m.class, string_agg(m.target, ', ' ORDER BY m.target), m.role)
      FROM missing AS m JOIN roles AS r ON r.name = m.role
     GROUP BY r.position, m.role, m.class, m.privilege
    UNION ALL
    SELECT r.position, 'right', 5, format('REVOKE %s ON %s FROM %s', w.privileges, w.target, w.role) FROM written AS w JOIN roles AS r ON r.name = w.role
  )
  SELECT s.what, s.statement FROM steps AS s ORDER BY s.what DESC, s.position, s.place, s.statement
$function$;
COMMENT ON FUNCTION oms.role_repairs() IS
  'What oms.create_roles() would do now: statements that make or change a role of the cluster, and those that grant rights in this database';

-- As the caller: who may not make a role cannot make one through this.
CREATE FUNCTION oms.create_roles() RETURNS SETOF text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner name := (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = 'oms.orders'::regclass);
  stage text;
  steps text[];
  step text;
BEGIN
  IF NOT pg_has_role(current_user, owner, 'USAGE') THEN
    RAISE EXCEPTION 'role "%" may not grant rights on the tables of oms_state', current_user
      USING ERRCODE = 'insufficient_privilege', HINT = format('Their owner is %s: call it as that role, or as a superuser.', quote_ident(owner));
  END IF;
  FOREACH stage IN ARRAY ARRAY['role', 'right'] LOOP
    steps := ARRAY(SELECT r.statement FROM oms.role_repairs() AS r WHERE r.what = stage);
    IF stage = 'role' AND steps <> '{}' AND NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = current_user AND (r.rolsuper OR r.rolcreaterole)) THEN
      RAISE EXCEPTION 'role "%" may not make roles', current_user
        USING ERRCODE = 'insufficient_privilege', DETAIL = format('To do: %s.', array_to_string(steps, '; ')),
              HINT = format('A superuser can ALTER ROLE %I CREATEROLE, or do it himself.', current_user);
    END IF;
    FOREACH step IN ARRAY steps LOOP
      EXECUTE step;
      RETURN NEXT step;
    END LOOP;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.create_roles() IS
  'Makes the roles oms_reader, oms_trader, oms_desk, oms_admin, oms_bridge and oms_proxy in the cluster where they are missing, and gives them their rights in this database; repairs both. Returns the statements that it ran: none when all is well. Needs CREATEROLE where a role is missing, and the ownership of the tables (42501)';

REVOKE ALL ON FUNCTION oms.role_repairs(), oms.create_roles() FROM PUBLIC;

-- ==== statistics (sql/76_statistics.sql) ====

-- Counters of commands.

CREATE FUNCTION oms.list_stat_commands(OUT command_type text, OUT calls bigint, OUT accepted bigint, OUT repeats bigint, OUT refusals bigint,
    OUT refusals_by_sqlstate jsonb, OUT errors bigint, OUT rows_written bigint, OUT events bigint, OUT total_time double precision, OUT lock_time double precision,
    OUT shared boolean, OUT stats_reset timestamptz)
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL RESTRICTED ROWS 25 AS 'MODULE_PATHNAME', 'oms_list_stat_commands';
COMMENT ON FUNCTION oms.list_stat_commands() IS 'Behind oms.stat_commands';

CREATE VIEW oms.stat_commands AS SELECT * FROM oms.list_stat_commands();
COMMENT ON VIEW oms.stat_commands IS
  'What was done with commands of each type in this database: by all sessions where oms_state is in shared_preload_libraries, else by this one. Counted whether or not its transaction committed';
COMMENT ON COLUMN oms.stat_commands.command_type IS 'Type of command; (unknown): what has none that is known, or is too large to be read; (FIX message): each message, whatever commands it stood for, which are counted under their types too';
COMMENT ON COLUMN oms.stat_commands.calls IS 'How often such a command was given';
COMMENT ON COLUMN oms.stat_commands.accepted IS 'Carried out';
COMMENT ON COLUMN oms.stat_commands.repeats IS 'Answered as a repeat, with nothing changed';
COMMENT ON COLUMN oms.stat_commands.refusals IS 'Refused (class OM), as an error or as a result';
COMMENT ON COLUMN oms.stat_commands.refusals_by_sqlstate IS 'The same by SQLSTATE';
COMMENT ON COLUMN oms.stat_commands.errors IS 'Ended with another error (a cancel, a deadlock, a constraint), or under way: the calls that are none of the three';
COMMENT ON COLUMN oms.stat_commands.rows_written IS 'Rows inserted, updated and deleted, events among them';
COMMENT ON COLUMN oms.stat_commands.events IS 'Events made';
COMMENT ON COLUMN oms.stat_commands.total_time IS 'Milliseconds from entry to answer; what a call does around its commands is shared out among them';
COMMENT ON COLUMN oms.stat_commands.lock_time IS 'Milliseconds of it that were spent to get the locks of trees';
COMMENT ON COLUMN oms.stat_commands.shared IS 'Counted by all sessions, or by this one alone';
COMMENT ON COLUMN oms.stat_commands.stats_reset IS 'Counted since';

CREATE FUNCTION oms.stat_commands_reset() RETURNS void
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_stat_commands_reset';
COMMENT ON FUNCTION oms.stat_commands_reset() IS 'Sets the counters of oms.stat_commands to zero, for all sessions of this database where they are shared. For the owner';

REVOKE ALL ON FUNCTION oms.list_stat_commands(), oms.stat_commands_reset() FROM PUBLIC;

-- ==== last, with nothing below: what is ours now is all but what was yours before ====

CREATE FUNCTION oms.local_changes() RETURNS TABLE (phase text, kind text, table_name name, object text, statement text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT o.phase, o.kind, o.table_name, o.object, o.statement || ';'
    FROM oms.objects_on_tables() AS o
   WHERE NOT EXISTS (SELECT FROM oms.shipped_objects AS s WHERE s.table_name = o.table_name AND s.kind = o.kind AND s.object = o.object)
   ORDER BY o.phase DESC, array_position(ARRAY['column', 'setting', 'index', 'constraint', 'statistics', 'trigger', 'policy', 'rule'], o.kind), o.statement LIKE '% FOREIGN KEY %', o.table_name, o.object
$function$;
COMMENT ON FUNCTION oms.local_changes() IS
  'What was added to the tables of the extension here, which no dump has: the statements that make it again before and after a restore';

REVOKE ALL ON FUNCTION oms.objects_on_tables(), oms.local_changes() FROM PUBLIC;

WITH yours AS (DELETE FROM oms.shipped_objects AS s RETURNING s.*)
INSERT INTO oms.shipped_objects
  SELECT o.kind, o.table_name, o.object
    FROM oms.objects_on_tables() AS o
   WHERE NOT EXISTS (SELECT FROM yours AS y WHERE y.table_name = o.table_name AND y.kind = o.kind AND y.object = o.object);
