-- The way out: the publication and the slot that a bridge reads events from, and how they fare.
-- Neither is a member of the extension: a publication cannot be one, and a slot is outside of the database.

-- Tables that a publication has beside ours are left in it: somebody put them there. Of ours it has the columns that key, value and headers
-- are made of, and the account, for who filters by it: every other one costs the walsender and its reader for each event. A list that lacks
-- one of these loses events' parts; a longer one, or none, only bytes.
CREATE OR REPLACE FUNCTION oms.publication_repairs(publication name)
  RETURNS TABLE (object text, name text, was text, action text, loses boolean, statement text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH needed AS (
    SELECT t.table_name, t.relid, min(t.place) AS place, array_agg(a.attnum) AS columns,
           format('oms.%I (%s)', t.table_name, string_agg(quote_ident(a.attname), ', ' ORDER BY c.place)) AS target
      FROM oms.published_tables() WITH ORDINALITY AS t (table_name, relid, place)
      JOIN pg_attribute AS a ON a.attrelid = t.relid AND NOT a.attisdropped
      JOIN unnest('{sequence,root_id,aggregate_id,event_type,payload,hash,account}'::name[]) WITH ORDINALITY AS c (name, place) ON c.name = a.attname
     GROUP BY t.table_name, t.relid
  ), found AS (
    SELECT p.*, concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                          CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) AS publishes
      FROM pg_publication AS p WHERE p.pubname = $1
  ), members AS (
    SELECT n.table_name, n.target, m.oid IS NOT NULL AS is_member,
           m.prqual IS NOT NULL OR m.prattrs IS NOT NULL AND NOT n.columns <@ string_to_array(m.prattrs::text, ' ')::smallint[] AS is_part,
           m.prattrs IS NULL OR NOT string_to_array(m.prattrs::text, ' ')::smallint[] <@ n.columns AS is_wide
      FROM found
     CROSS JOIN needed AS n
      LEFT JOIN pg_publication_rel AS m ON m.prpubid = found.oid AND m.prrelid = n.relid
     WHERE NOT found.puballtables
  ), wanted AS (
    SELECT string_agg(format('oms.%I', n.table_name), ', ' ORDER BY n.place) AS tables, string_agg(n.target, ', ' ORDER BY n.place) AS targets FROM needed AS n
  )
  SELECT 'publication', $1, 'missing', 'created for ' || w.tables, true,
         format('CREATE PUBLICATION %I FOR TABLE %s WITH (publish = ''insert'', publish_via_partition_root = true); '
                'COMMENT ON PUBLICATION %1$I IS ''oms_state: events, for oms_bridge and Debezium''', $1, w.targets)
    FROM wanted AS w WHERE NOT EXISTS (SELECT FROM found)
  UNION ALL
  SELECT 'publication', $1, 'for all tables', 'none: only its owner can make another of it', NOT f.pubinsert, NULL
    FROM found AS f WHERE f.puballtables
  UNION ALL
  SELECT 'publication', $1, format('publish = ''%s'', publish_via_partition_root = %s', f.publishes, f.pubviaroot::text),
         'set publish = ''insert'', publish_via_partition_root = true', NOT (f.pubinsert AND f.pubviaroot),
         format('ALTER PUBLICATION %I SET (publish = ''insert'', publish_via_partition_root = true)', $1)
    FROM found AS f WHERE NOT f.puballtables AND NOT (f.publishes = 'insert' AND f.pubviaroot)
  UNION ALL
  SELECT 'table', 'oms.' || m.table_name, 'not in the publication', 'added', true,
         format('ALTER PUBLICATION %I ADD TABLE %s', $1, m.target)
    FROM members AS m WHERE NOT m.is_member
  UNION ALL
  SELECT 'table', 'oms.' || m.table_name,
         CASE WHEN m.is_part THEN 'published in part (row filter or column list)' ELSE 'published with columns that nobody reads: wasted bytes' END,
         'published with the columns that are read', m.is_part,
         format('ALTER PUBLICATION %I DROP TABLE oms.%I; ALTER PUBLICATION %1$I ADD TABLE %3$s', $1, m.table_name, m.target)
    FROM members AS m WHERE m.is_member AND (m.is_part OR m.is_wide)
   ORDER BY 1, 2
$function$;
COMMENT ON FUNCTION oms.publication_repairs(name) IS
  'What is wrong with the publication of the event tables, and the statement that repairs it; no row when all is well';

CREATE OR REPLACE FUNCTION oms.repair_publication(publication name)
  RETURNS TABLE (object text, name text, was text, action text, loses boolean)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  first name;
  repair record;
BEGIN
  -- One at a time, by the lock that ADD TABLE takes anyway. Not an advisory one, which any login can hold; who may not take this one
  -- can repair nothing but options, and two who do that at once do the same.
  SELECT e.table_name INTO first FROM oms.published_tables() AS e LIMIT 1;
  IF has_table_privilege(format('oms.%I', first), 'UPDATE') THEN
    EXECUTE format('LOCK TABLE ONLY oms.%I IN SHARE UPDATE EXCLUSIVE MODE', first);
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
COMMENT ON FUNCTION oms.repair_publication(name) IS
  'Makes or repairs the publication of the event tables, with the rights of the caller and in its transaction';

CREATE OR REPLACE FUNCTION oms.commit_publication(publication name) RETURNS jsonb
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_commit_publication';
COMMENT ON FUNCTION oms.commit_publication(name) IS
  'oms.repair_publication() in a transaction of its own, which is committed when it returns; its rows as an array';

CREATE OR REPLACE FUNCTION oms.choose_output_plugin(plugin name) RETURNS name
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_choose_output_plugin';
COMMENT ON FUNCTION oms.choose_output_plugin(name) IS
  'The output plugin if it can be used here, else an error that says how; of null pgoutput, or wal2json where the server allows only that';

CREATE OR REPLACE FUNCTION oms.output_plugin_problem(plugin name, OUT problem text, OUT hint text)
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_output_plugin_problem';
COMMENT ON FUNCTION oms.output_plugin_problem(name) IS 'Why a bridge cannot read with this output plugin here; nulls when it can';

CREATE OR REPLACE FUNCTION oms.check_slot_caller(slot name, publication name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF slot IS NULL OR publication IS NULL THEN
    RAISE EXCEPTION 'slot and publication must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF slot::text !~ '^[a-z0-9_]+$' THEN
    RAISE EXCEPTION 'replication slot name "%" is not valid', slot
      USING ERRCODE = 'invalid_name', HINT = 'It may have lower-case letters, digits and underscores only.';
  END IF;
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION 'a slot cannot be made on a standby'
      USING ERRCODE = 'read_only_sql_transaction', HINT = 'Call oms.create_slot() on the primary.';
  END IF;
  IF current_setting('wal_level') <> 'logical' THEN
    RAISE EXCEPTION 'events cannot be decoded at wal_level "%"', current_setting('wal_level')
      USING ERRCODE = 'OM011', HINT = 'Set wal_level = ''logical'' in postgresql.conf and restart the server.';
  END IF;
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RAISE EXCEPTION 'a slot cannot be made in a transaction that has written'
      USING ERRCODE = 'active_sql_transaction',
            DETAIL = 'PostgreSQL waits for all writing transactions to end before a slot is there.',
            HINT = 'Call oms.create_slot() in a transaction of its own.';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = current_user AND (r.rolsuper OR r.rolreplication)) THEN
    RAISE EXCEPTION 'role "%" may not make a slot', current_user
      USING ERRCODE = 'insufficient_privilege', HINT = format('A superuser can ALTER ROLE %I REPLICATION.', current_user);
  END IF;
END
$function$;
COMMENT ON FUNCTION oms.check_slot_caller(name, name) IS 'Part of oms.create_slot(): whether this call can succeed at all';

-- What stands in the way of using the slot as it is: an error. Returns whether it must be made: 'missing', 'lost' or null.
CREATE OR REPLACE FUNCTION oms.check_slot(slot name, plugin name) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  there record;
  again constant text := format('Name another slot, or drop it (SELECT * FROM oms.drop_slot(%L)) and call again; the bridge then reconciles.', slot);
BEGIN
  SELECT * INTO there FROM pg_replication_slots AS s WHERE s.slot_name = slot;
  IF NOT FOUND THEN
    RETURN 'missing';
  END IF;
  IF there.slot_type <> 'logical' OR there.database <> current_database() OR there.temporary THEN
    RAISE EXCEPTION 'replication slot "%" is not a lasting one of this database', slot
      USING ERRCODE = 'OM011', HINT = 'Name another slot.',
            DETAIL = format('It is %s%s%s.', CASE WHEN there.temporary THEN 'temporary and ' END, there.slot_type,
                            ', of database "' || there.database || '"');
  END IF;
  IF there.plugin <> coalesce(plugin, there.plugin) THEN
    RAISE EXCEPTION 'replication slot "%" decodes with "%", not with "%"', slot, there.plugin, plugin USING ERRCODE = 'OM011', HINT = again;
  END IF;
  IF there.wal_status = 'lost' THEN
    IF there.active THEN
      RAISE EXCEPTION 'replication slot "%" is lost and still in use by process %', slot, there.active_pid
        USING ERRCODE = 'object_in_use', HINT = 'Stop its reader and call again: the slot is then made anew.';
    END IF;
    RETURN 'lost';
  END IF;
  PERFORM oms.choose_output_plugin(there.plugin);
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION oms.check_slot(name, name) IS
  'Part of oms.create_slot(): whether the slot is missing or lost, null when it is well; an error when it cannot be used';

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
   WHERE t.pubname = publication AND NOT (t.schemaname = 'oms' AND t.tablename IN (SELECT e.table_name FROM oms.published_tables() AS e));
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
COMMENT ON FUNCTION oms.create_slot(name, name, name) IS
  'Makes or repairs the publication of the event tables and the logical slot; says what it found and did';

CREATE OR REPLACE FUNCTION oms.drop_slot(slot name DEFAULT 'oms_cdc', publication name DEFAULT NULL)
  RETURNS TABLE (object text, name text, was text, action text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  there record;
  is_there boolean;
BEGIN
  SELECT * INTO there FROM pg_replication_slots AS s WHERE s.slot_name = slot;
  is_there := FOUND;
  IF is_there AND (there.slot_type <> 'logical' OR there.database <> current_database()) THEN
    RAISE EXCEPTION 'replication slot "%" is not a logical one of this database', slot
      USING ERRCODE = 'OM011', HINT = 'Drop it with pg_drop_replication_slot() if it is yours.';
  END IF;
  IF is_there AND there.active THEN
    RAISE EXCEPTION 'replication slot "%" is in use by process %', slot, there.active_pid
      USING ERRCODE = 'object_in_use',
            HINT = format('Stop its reader first; if it cannot be stopped where it runs: SELECT pg_terminate_backend(%s).', there.active_pid);
  END IF;

  -- first what a rollback would undo
  IF publication IS NOT NULL THEN
    IF EXISTS (SELECT FROM pg_publication AS p WHERE p.pubname = publication) THEN
      EXECUTE format('DROP PUBLICATION %I', publication);
      RETURN QUERY VALUES ('publication', publication::text, 'there', 'dropped');
    ELSE
      RETURN QUERY VALUES ('publication', publication::text, 'missing', 'none');
    END IF;
  END IF;
  IF is_there THEN
    PERFORM pg_drop_replication_slot(slot);
    RETURN QUERY VALUES ('slot', slot::text, format('%s, %s', there.plugin, coalesce(there.wal_status, 'new')), 'dropped');
  ELSE
    RETURN QUERY VALUES ('slot', slot::text, 'missing', 'none');
  END IF;
END
$function$;
COMMENT ON FUNCTION oms.drop_slot(name, name) IS
  'Drops the slot unless it is in use, and the publication too if one is named; others may read the same publication';

-- ---------------------------------------------------------------------------------------------------
-- how they fare
-- ---------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION oms.seconds_unconfirmed(position_in_wal pg_lsn) RETURNS double precision
  LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'oms_seconds_unconfirmed';
COMMENT ON FUNCTION oms.seconds_unconfirmed(pg_lsn) IS
  'Age of the first commit of this database after a position in the WAL: 0 without one, null where that part of the WAL cannot tell';

CREATE OR REPLACE FUNCTION oms.slot_limits(OUT alert_bytes bigint, OUT alert_seconds integer)
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_slot_limits';
COMMENT ON FUNCTION oms.slot_limits() IS 'The settings oms_state.slot_alert_size and slot_alert_age, null for never';

-- Ours by its name, or by the comment that oms.create_slot() gives one of another name.
CREATE OR REPLACE FUNCTION oms.event_publications() RETURNS TABLE (publication name)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT p.pubname FROM pg_publication AS p
   WHERE p.pubname = 'oms_events' OR obj_description(p.oid, 'pg_publication') LIKE 'oms\_state:%'
$function$;
COMMENT ON FUNCTION oms.event_publications() IS 'The publications of the event tables: oms_events, and what oms.create_slot() made';

-- Every logical slot of this database: each decodes the event tables and holds back WAL, whoever reads it.
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
COMMENT ON VIEW oms.stat_bridge IS 'How the logical slots of this database fare, by which events leave it';
COMMENT ON COLUMN oms.stat_bridge.application_name IS 'The reader; null for whom pg_stat_replication does not show it';
COMMENT ON COLUMN oms.stat_bridge.confirmed_flush_lsn IS 'The reader has confirmed what was committed before this position';
COMMENT ON COLUMN oms.stat_bridge.lag_bytes IS 'WAL that is written and not confirmed, of whatever';
COMMENT ON COLUMN oms.stat_bridge.retained_bytes IS 'WAL that is kept for the slot';
COMMENT ON COLUMN oms.stat_bridge.lag_seconds IS
  'Age of the oldest commit of this database that is not confirmed, whatever it changed; 0 without one; null where 16 MB of WAL have none, or it is gone';
COMMENT ON COLUMN oms.stat_bridge.spill_bytes IS 'What decoding wrote to disk, because transactions outgrew logical_decoding_work_mem';
COMMENT ON COLUMN oms.stat_bridge.publication_ok IS 'The publication is as oms.create_slot() makes it; pgoutput needs one, wal2json does not';

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
COMMENT ON VIEW oms.bridge_alerts IS 'What somebody should look at: slots that are lost or hold back too much, and a publication that misses something';

-- @install
REVOKE ALL ON FUNCTION oms.event_tables(), oms.publication_repairs(name), oms.repair_publication(name), oms.commit_publication(name),
  oms.choose_output_plugin(name), oms.output_plugin_problem(name), oms.check_slot_caller(name, name), oms.check_slot(name, name),
  oms.create_slot(name, name, name), oms.drop_slot(name, name), oms.seconds_unconfirmed(pg_lsn), oms.slot_limits(),
  oms.event_publications() FROM PUBLIC;
-- @end
