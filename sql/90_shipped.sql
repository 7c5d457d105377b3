-- The last part: what is ours now is all that is on the tables; after an upgrade all but what was yours before.

-- @install
INSERT INTO oms.shipped_objects SELECT o.kind, o.table_name, o.object FROM oms.objects_on_tables() AS o;
-- @end

-- @upgrade
WITH yours AS (DELETE FROM oms.shipped_objects AS s RETURNING s.*)
INSERT INTO oms.shipped_objects
  SELECT o.kind, o.table_name, o.object
    FROM oms.objects_on_tables() AS o
   WHERE NOT EXISTS (SELECT FROM yours AS y WHERE y.table_name = o.table_name AND y.kind = o.kind AND y.object = o.object);

-- Who updates need not be the owner. What is made new would be his, and the owner could not call it: not in the first command of a month.
DO $do$
DECLARE
  owner regrole := (SELECT c.relowner FROM pg_class AS c WHERE c.oid = 'oms.commands'::regclass);
  made record;
BEGIN
  FOR made IN
    SELECT d.classid, d.objid, CASE WHEN p.oid IS NULL THEN 'TABLE ' || c.oid::regclass::text ELSE 'ROUTINE ' || p.oid::regprocedure::text END AS what
      FROM pg_extension AS e JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
      LEFT JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('r', 'p', 'v')
      LEFT JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
     WHERE e.extname = 'oms_state' AND coalesce(c.relowner, p.proowner) <> owner AND d.objid <> ALL (current_setting('oms_upgrade.members')::oid[])
  LOOP
    EXECUTE format('ALTER %s OWNER TO %s', made.what, owner);
    UPDATE pg_init_privs AS i
       SET initprivs = coalesce((SELECT c.relacl FROM pg_class AS c WHERE c.oid = i.objoid AND c.tableoid = i.classoid),
                                (SELECT p.proacl FROM pg_proc AS p WHERE p.oid = i.objoid AND p.tableoid = i.classoid), i.initprivs)
     WHERE i.classoid = made.classid AND i.objoid = made.objid AND i.objsubid = 0;
  END LOOP;
END
$do$;
-- @end
