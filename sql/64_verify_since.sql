-- oms.verify(since): what oms.verify() asks, of the trees in which something happened since. There is no second text of an invariant: the
-- statements of its parts are asked of rows of the same names, which hold these trees and those beside them that their links lead to.

-- Whole trees: of objects, by any tree that one of their events was in. By indexes alone, however many there are.
CREATE FUNCTION oms.trees_of_objects(objects text[], ids text[]) RETURNS TABLE (object text, id text)
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1000
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  SET enable_hashjoin = off
  SET enable_mergejoin = off
  SET jit = off
AS $function$
DECLARE
  kind record;
  roots text[] := ARRAY(SELECT t.root_id FROM oms.purged_trees AS t WHERE t.aggregate_id = ANY (trees_of_objects.ids));
BEGIN
  FOR kind IN SELECT k.table_name, k.event_table, ARRAY(SELECT g.id FROM unnest(objects, ids) AS g (object, id) WHERE g.object = k.object) AS ids FROM oms.all_kinds() AS k LOOP
    EXECUTE format('SELECT $1 || ARRAY(SELECT t.root_id FROM oms.%I AS t WHERE t.id = ANY ($2) UNION SELECT e.root_id FROM oms.%I AS e WHERE e.aggregate_id = ANY ($2))',
                   kind.table_name, kind.event_table) INTO roots USING roots, kind.ids;
  END LOOP;
  FOR kind IN SELECT k.object, k.table_name, ARRAY(SELECT g.id FROM unnest(objects, ids) AS g (object, id) WHERE g.object = k.object) AS ids FROM oms.all_kinds() AS k LOOP
    RETURN QUERY EXECUTE format('SELECT %L, m.id FROM (SELECT DISTINCT r.id FROM unnest($1) AS r (id)) AS r CROSS JOIN LATERAL oms.%I(r.id) AS m UNION SELECT %1$L, g.id FROM unnest($2) AS g (id)',
                                kind.object, kind.table_name || '_of_tree') USING roots, kind.ids;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.trees_of_objects(text[], text[]) IS
  'Part of oms.verify(since): the objects of all trees that these ones are in, or were. An id may be named that is none of a root: it is no row anywhere';

CREATE FUNCTION oms.links_of_objects(objects text[], ids text[]) RETURNS TABLE (object text, id text)
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1000
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  kind record;
BEGIN
  -- an id is that of one root, whatever its kind
  RETURN QUERY SELECT k.object, g.id FROM unnest(ids) AS g (id) CROSS JOIN oms.all_kinds() AS k;
  FOR kind IN SELECT k.table_name, ARRAY(SELECT g.id FROM unnest(objects, ids) AS g (object, id) WHERE g.object = k.object) AS ids FROM oms.all_kinds() AS k LOOP
    IF to_regprocedure(format('oms.%I(text[])', 'links_of_' || kind.table_name)) IS NOT NULL THEN
      RETURN QUERY EXECUTE format('SELECT DISTINCT l.object, l.id FROM oms.%I($1) AS l WHERE l.id IS NOT NULL', 'links_of_' || kind.table_name) USING kind.ids;
    END IF;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.links_of_objects(text[], text[]) IS
  'Part of oms.verify(since): what their rows name in other trees, as each kind says it (oms.links_of_orders()), and what other kinds may have of their ids';

-- The rows and views that the parts read, each as those of the given objects; then the parts. $1 and $2: the objects; $3: which of them are only beside;
-- $4: the position. A name of a table or view counts where it stands behind FROM or JOIN: elsewhere it is a word of a finding.
CREATE FUNCTION oms.window_statement() RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  of_kind constant text := '= ANY (ARRAY(SELECT s.id FROM given AS s WHERE s.object = %L))';
  named constant text := 'SELECT n.* FROM oms.%I AS n WHERE %s AND (n.%I ' || of_kind || ' OR (SELECT t.id FROM oms.%I AS t WHERE t.id = n.%3$I) IS NULL)';
  told constant text := 'n.%1$I = ANY (ARRAY(SELECT t.%2$I FROM window_%3$s AS t UNION SELECT e.payload #>> ''{state,%4$s}'' FROM window_%5$s AS e))';
  in_session constant text := ' AND n.fix_session = ANY (ARRAY(SELECT coalesce(t.fix_session, '''') FROM window_%1$s AS t UNION SELECT coalesce(e.payload #>> ''{state,fixSession}'', '''') FROM window_%2$s AS e))';
  read record;
  added record;
  query text;
  parts text;
  names text := 'all_events';
  whole text := 'WITH given AS MATERIALIZED (SELECT * FROM unnest($1, $2, $3) AS s (object, id, is_beside))';
BEGIN
  FOR read IN
    WITH kinds AS (
      SELECT k.*, row_number() OVER () AS place FROM oms.all_kinds() AS k
    ), parts AS (
      SELECT p.proname, p.prosrc, array_to_string(p.proargnames, ', ') AS columns
        FROM pg_proc AS p
        JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
        JOIN pg_extension AS x ON d.refclassid = 'pg_extension'::regclass AND x.oid = d.refobjid AND x.extname = 'oms_state'
       WHERE p.pronamespace = 'oms'::regnamespace AND p.pronargs = 0 AND p.prolang = (SELECT l.oid FROM pg_language AS l WHERE l.lanname = 'sql')
    )
    SELECT k.table_name::text AS name, format('SELECT t.* FROM oms.%I AS t WHERE t.id ' || of_kind, k.table_name, k.object) AS query, 1 AS step, k.place FROM kinds AS k
    UNION ALL
    SELECT k.event_table, format('SELECT e.*, e.xmin, e.tableoid FROM oms.%I AS e WHERE e.aggregate_id ' || of_kind, k.event_table, k.object), 2, k.place FROM kinds AS k
    UNION ALL
    SELECT 'all_events', string_agg(format('SELECT %L::text AS object, e.sequence, e.aggregate_id, e.version, e.root_id, e.tree_version, e.event_type, e.occurred_at, e.actor, e.role, e.command_id, '
                                           'e.transition, e.xid, e.payload, e.hash, e.account, e.via FROM window_%s AS e', k.object, k.event_table), ' UNION ALL ' ORDER BY k.place), 3, 0 FROM kinds AS k
    UNION ALL
    SELECT 'new_events', 'WITH unread AS MATERIALIZED (SELECT n.sequence, n.actor, n.command_id, n.xid FROM window_all_events AS n WHERE NOT oms.position_sees($4, n.sequence, n.xid)) '
                         -- a command of which a reader was given a part is new with all of its events
                         'SELECT e.* FROM window_all_events AS e WHERE e.sequence IN (SELECT u.sequence FROM unread AS u) OR (e.actor, e.command_id, e.xid) IN (SELECT u.actor, u.command_id, u.xid FROM unread AS u WHERE u.command_id IS NOT NULL)', 4, 0
    UNION ALL
    SELECT t.name, format('SELECT t.* FROM oms.%I AS t WHERE %s', t.name, t.condition), 5, 0
      FROM (VALUES ('commands', 't.actor = ANY (ARRAY(SELECT e.actor FROM window_new_events AS e)) AND t.command_id = ANY (ARRAY(SELECT e.command_id FROM window_new_events AS e))'),
                   ('root_ids', 't.id = ANY ($2)'), ('purged_trees', 't.aggregate_id = ANY ($2)'), ('purged_ids', 't.id = ANY ($2)')) AS t (name, condition)
    UNION ALL
    SELECT n.name, format(named, n.name, format(told, n.name_column, n.row_column, k.table_name, n.field, k.event_table) || format(in_session, k.table_name, k.event_table), n.id_column, k.object, k.table_name), 6, 0
      FROM (VALUES ('cl_ord_ids', 'order_id', 'cl_ord_id', 'cl_ord_id', 'clOrdID'), ('counterparty_order_ids', 'order_id', 'counterparty_order_id', 'counterparty_order_id', 'counterpartyOrderID'),
                   ('matched_exec_ids', 'execution_id', 'exec_id', 'exec_id', 'execID'), ('waiting_order_ids', 'execution_id', 'order_name', 'cl_ord_id', 'clOrdID'),
                   ('quote_req_ids', 'quote_request_id', 'quote_req_id', 'quote_req_id', 'quoteReqID'), ('dealer_quote_ids', 'quote_id', 'dealer_quote_id', 'quote_id', 'quoteID'))
           AS n (name, id_column, name_column, row_column, field)
      JOIN kinds AS k ON k.object || '_id' = n.id_column
    UNION ALL
    SELECT v.name, rtrim(pg_get_viewdef(format('oms.%I', v.name)::regclass), ';'), 7, v.place
      FROM unnest(ARRAY['order_facts', 'execution_allocations', 'block_members', 'block_allocations', 'block_fills']) WITH ORDINALITY AS v (name, place)
    UNION ALL
    SELECT format('%s (%s)', p.proname, p.columns), p.prosrc, 8, 0
      FROM parts AS p WHERE p.proname ~ '^replay_' OR p.proname IN ('root_id_claims', 'block_fill_places')
    UNION ALL
    -- what puts others together is none; what is of no tree stands for itself, and an anchor too
    SELECT p.proname, regexp_replace(p.prosrc, '^\s*SELECT oms\.refuse_limited\([^;]*;', ''), 9, 0
      FROM parts AS p WHERE p.proname ~ '^verify_' AND p.prosrc !~ 'FROM oms\.verify_' AND p.proname NOT IN ('verify_guards', 'verify_anchors')
     ORDER BY 3, 4
  LOOP
    query := read.query;
    IF read.step > 6 THEN
      FOR added IN SELECT m.found[1] AS call, m.found[2] AS query, m.found[3]::boolean AS needs_library
                     FROM regexp_matches(query, '(SELECT added\.\* FROM oms\.of_added_kinds\(\$added\$([^$]*)\$added\$, (true|false)\) AS added \([^)]*\))', 'g') AS m (found)
      LOOP
        query := replace(query, added.call, coalesce((SELECT string_agg(oms.kind_text(added.query, k.object, k.table_name, k.aggregate_type, k.id_field), ' UNION ALL ')
                                                        FROM oms.all_kinds() AS k JOIN oms.added_kinds AS a ON a.object = k.object
                                                       WHERE k.loaded OR NOT added.needs_library), added.call));
      END LOOP;
      query := regexp_replace(query, '\m(FROM|JOIN)( +\(*)oms\.(' || names || ')\M(\(\))?', '\1\2window_\3', 'g');
    END IF;
    IF read.step < 9 THEN
      whole := whole || format(E',\nwindow_%s AS %s (%s\n)', read.name, CASE WHEN read.step < 5 THEN 'MATERIALIZED' ELSE '' END, query);
      names := names || '|' || split_part(read.name, ' ', 1);
    ELSE
      -- only the commands of what is new: a row names all events of its command
      query := CASE read.name WHEN 'verify_commands' THEN replace(query, 'window_all_events', 'window_new_events') ELSE query END;
      parts := concat_ws(E' UNION ALL\n', parts, format('SELECT v.* FROM (%s' || E'\n) AS v', query));
    END IF;
  END LOOP;
  RETURN whole || format($query$
    SELECT v.invariant COLLATE "default", v.object COLLATE "default", v.id COLLATE "default", v.root_id COLLATE "default", v.sequence, v.detail COLLATE "default"
      FROM (%s) AS v (invariant, object, id, root_id, sequence, detail)
     WHERE (v.id = ANY (ARRAY(SELECT s.id FROM given AS s GROUP BY s.id HAVING bool_and(s.is_beside))) AND v.object IN (SELECT k.object FROM oms.all_kinds() AS k)) IS NOT TRUE$query$, parts);
END
$function$;
COMMENT ON FUNCTION oms.window_statement() IS
  'Part of oms.verify(since): the statements of the parts of oms.verify() as one, which asks them of given objects';

CREATE FUNCTION oms.verify(since text)
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE plpgsql STABLE PARALLEL RESTRICTED CALLED ON NULL INPUT
  SET search_path = pg_catalog, pg_temp
  SET standard_conforming_strings = on
  SET enable_seqscan = off
  SET enable_nestloop = off
  SET jit = off
  SET work_mem = '64MB'
AS $function$
#variable_conflict use_column
DECLARE
  most constant integer := 100000;
  objects text[];
  ids text[];
  is_beside boolean[];
BEGIN
  PERFORM oms.refuse_limited('oms.verify()');
  -- nothing is newer than what is not here yet, and nothing found would say that all is well
  IF NOT oms.position_is_reached(since) THEN
    RAISE EXCEPTION 'the position is ahead of what is here' USING ERRCODE = 'OM010',
      DETAIL = 'It has seen transactions that this server, or the snapshot of this transaction, has not.',
      HINT = 'Ask again when they are here, on a standby after CALL oms.wait_for() and else in a new transaction, or ask oms.verify() without a position for all that is here.';
  END IF;
  SELECT coalesce(array_agg(b.object), '{}'), coalesce(array_agg(b.id), '{}') INTO objects, ids
    FROM (SELECT DISTINCT b.object, b.id FROM oms.objects_between(since, oms.current_position()) AS b LIMIT most + 1) AS b;
  IF since IS NULL OR cardinality(ids) > most THEN
    RETURN QUERY SELECT v.* FROM oms.verify() AS v;
    RETURN;
  END IF;
  SELECT coalesce(array_agg(t.object), '{}'), coalesce(array_agg(t.id), '{}') INTO objects, ids FROM oms.trees_of_objects(objects, ids) AS t;
  WITH links AS MATERIALIZED (
    SELECT array_agg(l.object) AS objects, array_agg(l.id) AS ids FROM oms.links_of_objects(objects, ids) AS l
  )
  SELECT coalesce(array_agg(s.object), '{}'), coalesce(array_agg(s.id), '{}'), coalesce(array_agg(s.is_beside), '{}') INTO objects, ids, is_beside
    FROM (SELECT u.object, u.id, bool_and(u.is_beside) AS is_beside
            FROM (SELECT g.object, g.id, false AS is_beside FROM unnest(objects, ids) AS g (object, id)
                  UNION ALL SELECT t.object, t.id, true FROM links AS l CROSS JOIN LATERAL oms.trees_of_objects(l.objects, l.ids) AS t) AS u
           GROUP BY u.object, u.id) AS s;
  RETURN QUERY EXECUTE format($query$
    SELECT v.*
      FROM (%s
            UNION ALL SELECT * FROM oms.verify_guards()
            UNION ALL SELECT * FROM oms.verify_rights()
            UNION ALL SELECT * FROM oms.verify_added_kinds()) AS v
     ORDER BY v.root_id, v.sequence, v.invariant, v.object, v.id$query$, oms.window_statement()) USING objects, ids, is_beside, since;
END
$function$;
COMMENT ON FUNCTION oms.verify(text) IS
  'What oms.verify() finds in the trees in which something was committed since a position (oms.events_since(), oms.current_position(); the position of an anchor): all of these trees, and what they name in others. Also the guards of the event tables, rights and configuration, as ever. Null: all of the store, as also where more than 100000 objects were changed. It cannot see what was changed by hand elsewhere, in trees where no event is newer: rows and events that were, are gone or were put in with an old transaction, rows of objects and of commands whose events are all gone, and rows without any event; for what is older oms.verify_anchor() tells of those, by the leaves of the anchors. Nor does it look at the anchors: oms.verify_anchors() does. OM010: it is no position, or ahead of what is here, or covers what this database has lost; OM008: the caller is limited to some accounts';

CREATE FUNCTION oms.verify(since jsonb)
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE plpgsql STABLE PARALLEL RESTRICTED CALLED ON NULL INPUT
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  position_then text := coalesce(since #>> '{state,position}', since ->> 'position');
BEGIN
  PERFORM oms.refuse_limited('oms.verify()');
  IF since IS NOT NULL AND position_then IS NULL THEN
    RAISE EXCEPTION 'this is no anchor' USING ERRCODE = 'OM010', DETAIL = 'It has no position.', HINT = 'Give what oms.anchor() returned, or the record of it.';
  END IF;
  RETURN QUERY SELECT v.* FROM oms.verify(position_then) AS v;
END
$function$;
COMMENT ON FUNCTION oms.verify(jsonb) IS
  'oms.verify(since) of the position of an anchor, as oms.anchor() returned it, or its record. Of what is older oms.verify_anchor() tells whether it is still what was anchored; null: all of the store (OM010: it is no anchor, or its position is damaged, ahead of what is here, or of what this database has lost; OM008: the caller is limited to some accounts)';

REVOKE ALL ON FUNCTION oms.trees_of_objects(text[], text[]), oms.links_of_objects(text[], text[]), oms.window_statement(), oms.verify(text), oms.verify(jsonb) FROM PUBLIC;
