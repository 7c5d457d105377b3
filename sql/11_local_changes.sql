-- What is on the tables of the extension that it did not come with: columns, indexes, triggers, settings of yours.
-- pg_dump leaves the definition of a member table to CREATE EXTENSION, and with it everything of yours on it.
-- What stands on the tables when the script ends is what we ship (90_shipped.sql).

CREATE OR REPLACE FUNCTION oms.objects_on_tables() RETURNS TABLE (kind text, table_name name, object text, phase text, statement text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET datestyle = 'ISO, MDY'
  SET intervalstyle = postgres
  SET extra_float_digits = 1
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

CREATE OR REPLACE FUNCTION oms.local_changes() RETURNS TABLE (phase text, kind text, table_name name, object text, statement text)
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

-- @upgrade
-- What is yours on the tables of 0.1.0, while it can still be told from what comes now.
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
-- @end
