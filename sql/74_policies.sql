-- Row-level security of our tables: whose rows somebody sees who is limited to accounts (19_account_rights.sql). What a table's policy asks follows from its
-- columns, so a table that comes later gets its policy too. No policy names a role, so a restore needs no role.

-- In the words in which the catalog gives them back: by that the next call knows them.
CREATE FUNCTION oms.policies(relation regclass DEFAULT NULL) RETURNS TABLE (relid oid, parent oid, visible text)
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 50
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH tables AS (
    SELECT d.objid AS relid, NULL::oid AS parent
      FROM pg_extension AS x JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = x.oid AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass
     WHERE x.extname = 'oms_state'
    UNION
    SELECT m.objid, NULL FROM oms.kind_members() AS m WHERE m.classid = 'pg_class'::regclass
    UNION
    SELECT p.relid, e.relid FROM oms.event_tables() AS e CROSS JOIN LATERAL pg_partition_tree(e.relid) AS p WHERE p.level > 0
    UNION
    -- a partition that is not attached yet
    SELECT policies.relation, (SELECT e.relid FROM oms.event_tables() AS e WHERE starts_with((SELECT c.relname::text FROM pg_class AS c WHERE c.oid = policies.relation), e.table_name || '_') LIMIT 1)
     WHERE policies.relation IS NOT NULL
  ), columns AS (
    SELECT t.relid, max(t.parent) AS parent, c.relname, array_agg(a.attname::text) AS names
      FROM tables AS t
      JOIN pg_class AS c ON c.oid = t.relid AND c.relkind IN ('r', 'p')
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid IN ('text'::regtype, 'jsonb'::regtype, 'bytea'::regtype, 'text[]'::regtype)
     WHERE policies.relation IS NULL OR c.oid = policies.relation
     GROUP BY t.relid, c.relname
  ), asked AS (
    SELECT c.relid, c.parent,
           CASE WHEN c.names @> '{role,account,asset_classes}' THEN 'oms.role_is_visible(role)'
                -- a whole tree: before it was of this account it may have been of another
                WHEN c.names @> '{root_id,events}' THEN '(NOT oms.accounts_are_limited())'
                WHEN c.names @> '{account,payload}' THEN 'oms.event_is_visible(account, payload)'
                -- what was purged, of all accounts
                WHEN c.names @> '{payload,digest}' THEN '(NOT oms.accounts_are_limited())'
                WHEN EXISTS (SELECT FROM oms.configuration_tables() AS g WHERE g.table_name = c.relname)
                  THEN CASE -- what names one tree, a hold of it, has no account that says whose
                            WHEN c.names @> '{account,root_id}' THEN '(oms.configuration_is_visible(account) AND ((root_id IS NULL) OR (NOT oms.accounts_are_limited())))'
                            WHEN c.names @> '{account}' THEN 'oms.configuration_is_visible(account)' END
                WHEN c.names @> '{account,asset_class}' THEN 'oms.account_is_visible(account, asset_class)'
                WHEN c.names @> '{account}' AND k.parent IS NOT NULL THEN format('oms.account_is_visible(account, %L::text, %I)', k.parent[1], k.parent[2])
                WHEN c.names @> '{account}' THEN 'oms.account_is_visible(account, NULL::text)'
                WHEN c.names @> '{payload,aggregate_id}'
                  THEN 'oms.configuration_event_is_visible(payload)'
                WHEN c.names @> '{actor}' THEN 'oms.actor_is_visible(actor)'
                WHEN c.names @> '{id,kind}' THEN 'oms.object_is_visible(kind, id)'
                WHEN n.object IS NOT NULL THEN format('oms.object_is_visible(%L::text, %I)', n.object, n.object || '_id')
                -- of what has another account nobody can say: it is the desk's
                WHEN c.names @> '{id,root_id,hash}' THEN 'oms.account_is_visible(NULL::text, NULL::text)'
                -- what is usual of whom, of all accounts
                WHEN c.names @> '{peer}' THEN '(NOT oms.accounts_are_limited())'
                -- why a job failed may name whatever it did
                WHEN c.names @> '{job,error}' THEN '(NOT oms.accounts_are_limited())'
                -- what names objects otherwise
                WHEN EXISTS (SELECT FROM unnest(c.names) AS n (name) WHERE n.name ~ '(^|_)id$') THEN '(NOT oms.accounts_are_limited())' END AS visible
      FROM columns AS c
      -- of an object what it belongs to; of a name which object it stands for
      LEFT JOIN LATERAL (SELECT oms.account_parent(k.object) AS parent FROM oms.all_kinds() AS k WHERE k.table_name = c.relname) AS k ON true
      LEFT JOIN LATERAL (SELECT min(k.object) AS object FROM oms.all_kinds() AS k WHERE k.object || '_id' = ANY (c.names)) AS n ON true
  )
  SELECT a.relid, a.parent, a.visible FROM asked AS a WHERE a.visible IS NOT NULL
$function$;
COMMENT ON FUNCTION oms.policies(regclass) IS
  'The tables of the extension, and partitions, that have rows of accounts, and what their policy asks of a row; or of one of them. The others hide nothing';

CREATE FUNCTION oms.policy_repairs(relation regclass DEFAULT NULL) RETURNS TABLE (table_name name, statement text)
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
AS $function$
  -- 'oms_accounts' restricts whatever else lets somebody see rows. That is 'oms_rows', unless policies of yours say who sees which; of a partition, by the parent's.
  WITH tables AS (
    SELECT p.relid, c.relname, c.relrowsecurity, p.visible,
           NOT EXISTS (SELECT FROM pg_policy AS y
                        WHERE y.polrelid IN (p.relid, p.parent) AND y.polpermissive AND y.polcmd IN ('*', 'r') AND y.polname <> 'oms_rows') AS is_open
      FROM oms.policies(policy_repairs.relation) AS p JOIN pg_class AS c ON c.oid = p.relid
  ), wanted (relid, relname, polname, permissive, visible) AS (
    SELECT t.relid, t.relname, 'oms_accounts'::name, false, t.visible FROM tables AS t
    UNION ALL
    SELECT t.relid, t.relname, 'oms_rows', true, CASE WHEN t.is_open THEN 'true' END FROM tables AS t
  )
  SELECT t.relname, format('ALTER TABLE oms.%I ENABLE ROW LEVEL SECURITY', t.relname) FROM tables AS t WHERE NOT t.relrowsecurity
  UNION ALL
  SELECT w.relname,
         CASE WHEN y.oid IS NOT NULL THEN format('DROP POLICY %I ON oms.%I', w.polname, w.relname) || CASE WHEN w.visible IS NOT NULL THEN '; ' ELSE '' END ELSE '' END
         || CASE WHEN w.visible IS NOT NULL THEN format('CREATE POLICY %I ON oms.%I AS %s USING (%s)', w.polname, w.relname, CASE WHEN w.permissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END, w.visible)
                 ELSE '' END
    FROM wanted AS w
    LEFT JOIN pg_policy AS y ON y.polrelid = w.relid AND y.polname = w.polname
   WHERE CASE WHEN w.visible IS NULL THEN y.oid IS NOT NULL
              ELSE y.oid IS NULL OR y.polpermissive <> w.permissive OR y.polcmd <> '*' OR y.polroles <> '{0}' OR y.polwithcheck IS NOT NULL
                   OR pg_get_expr(y.polqual, y.polrelid) IS DISTINCT FROM w.visible END
  UNION ALL
  -- a view that reads tables with its owner's rights shows all of them to everybody; CREATE OR REPLACE makes such a one of ours
  SELECT c.relname, format('ALTER VIEW oms.%I SET (security_invoker = true)', c.relname)
    FROM pg_class AS c
   WHERE c.relkind = 'v' AND c.relnamespace = 'oms'::regnamespace AND (policy_repairs.relation IS NULL OR c.oid = policy_repairs.relation)
     AND NOT EXISTS (SELECT FROM pg_options_to_table(c.reloptions) AS o WHERE o.option_name = 'security_invoker' AND o.option_value::boolean)
     AND (EXISTS (SELECT FROM pg_extension AS x JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = x.oid AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass
                   WHERE x.extname = 'oms_state' AND d.objid = c.oid)
          OR EXISTS (SELECT FROM oms.kind_members() AS m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
          OR coalesce(obj_description(c.oid, 'pg_class'), '') LIKE 'Asset class %')
     AND EXISTS (SELECT FROM pg_rewrite AS r JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
                  WHERE r.ev_class = c.oid)
$function$;
COMMENT ON FUNCTION oms.policy_repairs(regclass) IS 'What oms.protect() would do now: the statements';

CREATE FUNCTION oms.protect(relation regclass DEFAULT NULL) RETURNS SETOF text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  step text;
BEGIN
  FOREACH step IN ARRAY ARRAY(SELECT r.statement FROM oms.policy_repairs(protect.relation) AS r) LOOP
    EXECUTE step;
    RETURN NEXT step;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.protect(regclass) IS
  'Makes the policies by which who is limited to accounts sees no other rows, where they are missing or were changed, on all tables of the extension and all partitions, or on one; and lets views read with their reader''s rights. Returns the statements that it ran: none when all is well. For who owns the tables (42501). oms.create_roles() and oms.ensure_partitions() call it';

-- Of versions of pg_dump: 15.0 to 15.2 have the policies of our tables in a dump, and the restore finds those that CREATE EXTENSION has made. These give way.
CREATE FUNCTION oms.policy_comes() RETURNS event_trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'oms_policy_comes';
COMMENT ON FUNCTION oms.policy_comes() IS 'Event trigger before CREATE POLICY: one of oms.protect() that is there already gives way to the one that comes';
CREATE EVENT TRIGGER oms_policy_comes ON ddl_command_start WHEN TAG IN ('CREATE POLICY') EXECUTE FUNCTION oms.policy_comes();
ALTER EVENT TRIGGER oms_policy_comes ENABLE ALWAYS;

REVOKE ALL ON FUNCTION oms.policies(regclass), oms.policy_repairs(regclass), oms.protect(regclass), oms.policy_comes() FROM PUBLIC;

DO $do$
BEGIN
  PERFORM oms.protect();
END
$do$;
