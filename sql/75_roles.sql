-- Roles of the cluster that stand for what people do, and what each may do in this database.
-- What is granted is decided by the catalog, so a new view or function has its rights with the next oms.create_roles().

-- PUBLIC has nothing but what the script itself gives it. Nobody but the owner writes a table; but for those of configuration: oms_admin, and roles of the user's, which he
-- lets write some of them (who may see what is no such one), and oms.reference_prices, which a feed of his fills.
CREATE FUNCTION oms.open_grants() RETURNS TABLE (class text, target text, grantee text, privileges text, of_owner boolean)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH members AS (
    SELECT d.classid, d.objid
      FROM pg_extension AS e JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
     WHERE e.extname = 'oms_state'
    UNION
    SELECT m.classid, m.objid FROM oms.kind_members() AS m
    UNION
    SELECT 'pg_class'::regclass, p.relid FROM oms.event_tables() AS e CROSS JOIN LATERAL pg_partition_tree(e.relid) AS p
    UNION
    SELECT 'pg_class'::regclass, c.oid FROM pg_class AS c
     WHERE c.relnamespace = 'oms'::regnamespace AND c.relkind = 'v' AND obj_description(c.oid, 'pg_class') LIKE 'Asset class %'
  ), objects AS (
    -- a column's privileges are its table's
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS class, m.classid, c.oid, c.oid::regclass::text AS target, c.relowner AS owner, a.acl,
           c.relname IN (SELECT t.table_name FROM oms.configuration_tables() AS t) AS is_configuration, c.relname
      FROM members AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
     CROSS JOIN LATERAL (SELECT c.relacl UNION ALL SELECT t.attacl FROM pg_attribute AS t WHERE t.attrelid = c.oid AND t.attacl IS NOT NULL) AS a (acl)
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND c.relnamespace = 'oms'::regnamespace
    UNION ALL
    SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, m.classid, p.oid, p.oid::regprocedure::text, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)), false, NULL
      FROM members AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
    UNION ALL
    SELECT 'SCHEMA', 'pg_namespace'::regclass, n.oid, n.nspname::text, n.nspowner, n.nspacl, false, NULL FROM pg_namespace AS n WHERE n.nspname = 'oms'
    UNION ALL
    -- that of the entry functions: a function of somebody's beside ours, oms_command(text), is the one that a call without types means
    SELECT 'SCHEMA', 'pg_namespace'::regclass, n.oid, quote_ident(n.nspname), n.nspowner, n.nspacl, false, NULL
      FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'oms_state' AND n.nspname <> 'oms'
  ), held AS (
    SELECT o.*, a.grantor, a.grantee, a.privilege_type, a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'CREATE') AS writes
      FROM objects AS o CROSS JOIN LATERAL aclexplode(o.acl) AS a
  )
  SELECT h.class, h.target, CASE h.grantee WHEN 0 THEN 'PUBLIC' ELSE h.grantee::regrole::text END, string_agg(DISTINCT h.privilege_type, ', '), bool_and(h.grantor = h.owner)
    FROM held AS h
   WHERE h.grantee <> h.owner
     -- the schema may be for others, too: who makes things there is let in on purpose, unless that is everybody
     AND CASE WHEN h.class = 'SCHEMA' AND h.target <> 'oms' THEN h.grantee = 0 AND h.privilege_type = 'CREATE'
              WHEN h.grantee = 0
              THEN NOT EXISTS (SELECT FROM pg_init_privs AS i CROSS JOIN LATERAL aclexplode(i.initprivs) AS s
                                WHERE i.classoid = h.classid AND i.objoid = h.oid AND i.objsubid = 0 AND s.grantee = 0 AND s.privilege_type = h.privilege_type)
                   AND (h.class NOT IN ('FUNCTION', 'PROCEDURE') OR EXISTS (SELECT FROM pg_init_privs AS i WHERE i.classoid = h.classid AND i.objoid = h.oid))
              ELSE h.writes AND NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.oid = h.grantee AND r.rolsuper)
                   AND NOT (h.privilege_type IN ('INSERT', 'UPDATE', 'DELETE')
                            AND CASE WHEN h.grantee = to_regrole('oms_admin') THEN h.is_configuration
                                     WHEN h.grantee::regrole::text IN ('oms_reader', 'oms_trader', 'oms_desk', 'oms_bridge', 'oms_proxy') THEN false
                                     ELSE h.is_configuration AND h.relname <> 'account_grants' OR h.relname = 'reference_prices' END) END
   GROUP BY 1, 2, 3
$function$;
COMMENT ON FUNCTION oms.open_grants() IS
  'Grants that open what is ours: to PUBLIC what the extension does not give it, and CREATE in the schema of the entry functions; and to anybody but the owner what writes a table or lets him make something in schema oms. No such one: configuration, to oms_admin and to roles of yours (oms.account_grants to oms_admin alone), and oms.reference_prices, to roles of yours';

CREATE OR REPLACE FUNCTION oms.role_repairs() RETURNS TABLE (what text, statement text)
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
    UNION ALL
    -- what oms.create_kind() has made for other extensions
    SELECT m.classid, m.objid, e.extnamespace
      FROM oms.kind_members() AS m JOIN pg_extension AS e ON e.extname = 'oms_state'
  ), relations AS (
    SELECT c.oid, c.relname::text AS name, c.relkind, c.relowner, c.relacl
      FROM members AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION
    -- views of classes that somebody has registered
    SELECT c.oid, c.relname::text, c.relkind, c.relowner, c.relacl
      FROM pg_class AS c
     WHERE c.relnamespace = 'oms'::regnamespace AND c.relkind = 'v' AND obj_description(c.oid, 'pg_class') LIKE 'Asset class %'
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
    -- configuration is what an administrator is for; each change of it is an event
    SELECT 'oms_admin', 'TABLE', p.privilege, r.oid, r.oid::regclass::text
      FROM relations AS r JOIN oms.configuration_tables() AS t ON t.table_name = r.name CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE')) AS p (privilege)
    UNION ALL
    SELECT 'oms_bridge', 'TABLE', 'SELECT', r.oid, r.oid::regclass::text
      FROM relations AS r WHERE r.oid IN (SELECT e.relid FROM oms.published_tables() AS e) OR r.name IN ('event_sequence', 'stat_bridge', 'bridge_alerts')
    UNION ALL
    SELECT g.role, f.class, 'EXECUTE', f.oid, f.oid::regprocedure::text
      FROM functions AS f CROSS JOIN (VALUES ('oms_reader'), ('oms_trader'), ('oms_desk'), ('oms_admin'), ('oms_bridge')) AS g (role)
     WHERE CASE g.role
             -- what the views call, too
             WHEN 'oms_reader' THEN NOT f.writes OR f.name IN ('seconds_unconfirmed', 'wait_for')
             WHEN 'oms_trader' THEN f.writes AND (f.is_entry OR f.name IN ('place_due', 'place_planned', 'preview_command', 'remote_command', 'remote_commands', 'remote_fix', 'remote_service'))
             WHEN 'oms_desk' THEN f.name = 'review_anomaly'
             WHEN 'oms_admin' THEN f.name IN ('score_events', 'import_anomaly_scores', 'ensure_partitions', 'register_asset_class', 'grant_account', 'revoke_account', 'purge', 'run_purge', 'purge_trees', 'next_to_purge', 'purge_from', 'purge_records', 'purge_configuration', 'drop_empty_partitions', 'forget_kind', 'expire', 'expire_due', 'expire_slice', 'expire_trees', 'take_job', 'note_run', 'run_batch', 'run_job', 'schedule_lifecycle', 'unschedule_lifecycle', 'ask_cron', 'cron_settings', 'lifecycle_figures',
                                              'anchor')
             ELSE f.name IN ('anchor', 'lifecycle_figures', 'published_tables', 'event_publications', 'publication_repairs', 'output_plugin_problem', 'seconds_unconfirmed', 'slot_limits') END
  ), missing AS (
    SELECT w.role, w.class, w.privilege, w.target
      FROM rights AS w JOIN roles AS r ON r.name = w.role
     WHERE NOT coalesce(CASE w.class WHEN 'SCHEMA' THEN has_schema_privilege(r.oid, w.object, w.privilege)
                                     WHEN 'TABLE' THEN has_table_privilege(r.oid, w.object, w.privilege)
                                     ELSE has_function_privilege(r.oid, w.object, w.privilege) END, false)
  ), open AS (
    -- whom somebody else than the owner has let in, only he can shut out again: oms.verify() names them
    SELECT coalesce(r.position, 0) AS position, format('REVOKE %s ON %s%s FROM %s', g.privileges, CASE g.class WHEN 'TABLE' THEN '' ELSE g.class || ' ' END, g.target, g.grantee) AS statement
      FROM oms.open_grants() AS g LEFT JOIN roles AS r ON r.name = g.grantee
     WHERE g.of_owner AND (g.grantee = 'PUBLIC' OR r.name IS NOT NULL) AND (g.class <> 'SCHEMA' OR g.target = 'oms')
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
    SELECT o.position, 'right', 5, o.statement FROM open AS o
    UNION ALL
    SELECT 0, 'right', 6, p.statement FROM oms.policy_repairs() AS p
  )
  SELECT s.what, s.statement FROM steps AS s ORDER BY s.what DESC, s.position, s.place, s.statement
$function$;
COMMENT ON FUNCTION oms.role_repairs() IS
  'What oms.create_roles() would do now: statements that make or change a role of the cluster, and those that grant rights in this database';

-- As the caller: who may not make a role cannot make one through this.
CREATE OR REPLACE FUNCTION oms.create_roles() RETURNS SETOF text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  owner name := (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = 'oms.commands'::regclass);
  stage text;
  steps text[];
  step text;
  changed boolean := false;
  six constant name[] := '{oms_reader,oms_trader,oms_desk,oms_admin,oms_bridge,oms_proxy}';
  before constant name[] := ARRAY(SELECT r.rolname FROM pg_roles AS r WHERE r.rolname = ANY (six));
  adopted record;
BEGIN
  IF NOT pg_has_role(current_user, owner, 'USAGE') THEN
    RAISE EXCEPTION 'role "%" may not grant rights on the tables of oms_state', current_user
      USING ERRCODE = 'insufficient_privilege', HINT = format('Their owner is %s: call it as that role, or as a superuser.', quote_ident(owner));
  END IF;
  -- One at a time in a database: a right of one object cannot be granted twice at once.
  LOCK TABLE oms.shipped_objects IN SHARE UPDATE EXCLUSIVE MODE;
  -- Rights twice: what a role had as PUBLIC alone is missing when that has gone.
  FOREACH stage IN ARRAY ARRAY['role', 'right', 'right'] LOOP
    steps := ARRAY(SELECT r.statement FROM oms.role_repairs() AS r WHERE r.what = stage);
    IF stage = 'role' AND steps <> '{}' AND NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = current_user AND (r.rolsuper OR r.rolcreaterole)) THEN
      RAISE EXCEPTION 'role "%" may not make roles', current_user
        USING ERRCODE = 'insufficient_privilege', DETAIL = format('To do: %s.', array_to_string(steps, '; ')),
              HINT = format('A superuser can ALTER ROLE %I CREATEROLE, or do it himself.', current_user);
    END IF;
    FOREACH step IN ARRAY steps LOOP
      BEGIN
        EXECUTE step;
        RETURN NEXT step;
        changed := true;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        -- Another database of the cluster made it, and has committed: we waited for it.
        NULL;
      END;
    END LOOP;
  END LOOP;
  -- A role that somebody made before has whom he put into it, and they get these rights now.
  IF changed THEN
    FOR adopted IN
      SELECT m.role, string_agg(m.member || CASE WHEN m.grants THEN ' (may grant it)' ELSE '' END, ', ' ORDER BY m.member) AS members
        FROM (SELECT a.roleid::regrole::text AS role, a.member::regrole::text AS member, bool_or(a.admin_option) AS grants
                FROM pg_auth_members AS a JOIN pg_roles AS r ON r.oid = a.roleid JOIN pg_roles AS w ON w.oid = a.member
               WHERE r.rolname = ANY (before) AND w.rolname <> ALL (six) GROUP BY 1, 2) AS m
       GROUP BY m.role
    LOOP
      RAISE NOTICE 'role % was there before, with members: %', adopted.role, adopted.members;
    END LOOP;
  END IF;
END
$function$;
COMMENT ON FUNCTION oms.create_roles() IS
  'Makes the roles oms_reader, oms_trader, oms_desk, oms_admin, oms_bridge and oms_proxy in the cluster where they are missing, and gives them their rights in this database; repairs both. Returns the statements that it ran: none when all is well. Needs CREATEROLE where a role is missing, and the ownership of the tables (42501)';

REVOKE ALL ON FUNCTION oms.open_grants(), oms.role_repairs(), oms.create_roles() FROM PUBLIC;
