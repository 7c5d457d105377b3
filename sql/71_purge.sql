-- Purge: whole closed trees go when no policy keeps them any longer. What a tree has to be for that, and how it goes, is the code's
-- (src/core/purge.c, src/store/purge.c); here is which ones are tried, in batches.

-- As the owner, for it is nobody's business but a batch's how far the last one came. Who may call it may purge.
-- Rows lie by when they came, as good as: a batch reads some pages of the table, from where the last one ended, until it has enough. So no command pays for
-- an index that only this wants.
CREATE FUNCTION oms.next_to_purge(object text, max_trees integer, now timestamptz, OUT ids text[], OUT done boolean)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  first tid;
  page bigint;
  beyond bigint;
  step bigint := 32;
  pages bigint;
  last bigint;
  places tid[] := '{}';
  part record;
  youngest timestamptz;
  cutoff timestamptz;
  kind record;
BEGIN
  ids := '{}';
  done := true;
  -- what holds for each, unless a policy is for some of them by what needs a look at the row
  SELECT next_to_purge.now - min(p.age),
         CASE WHEN count(*) FILTER (WHERE coalesce(p.account, p.root_id) IS NOT NULL) = 0
              THEN next_to_purge.now - coalesce(max(p.age) FILTER (WHERE coalesce(p.asset_class, p.status) IS NULL), min(p.age)) END
    INTO youngest, cutoff
    FROM oms.retention_policies AS p
   WHERE p.enabled AND NOT p.hold AND coalesce(p.object, next_to_purge.object) = next_to_purge.object;
  IF youngest IS NULL THEN
    RETURN;
  END IF;
  SELECT to_regclass(format('oms.%I', k.table_name)) AS relation, to_regclass(format('oms.%I', 'purgeable_' || k.table_name)) AS source
    INTO kind FROM oms.kinds() AS k WHERE k.object = next_to_purge.object;
  IF kind.source IS NULL THEN
    RAISE EXCEPTION 'trees of kind "%" are not purged', object USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT EXISTS (SELECT FROM oms.purge_progress AS p WHERE p.object = next_to_purge.object) THEN
    INSERT INTO oms.purge_progress (object) VALUES (next_to_purge.object) ON CONFLICT DO NOTHING;
  END IF;
  SELECT coalesce(p.place, '(0,0)') INTO first FROM oms.purge_progress AS p WHERE p.object = next_to_purge.object FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  pages := pg_relation_size(kind.relation) / current_setting('block_size')::bigint;
  page := (first::text::point)[0]::bigint;
  last := page + greatest(max_trees, 1000);
  WHILE page < least(last, pages) AND cardinality(ids) <= max_trees LOOP
    beyond := least(page + step, last, pages);
    EXECUTE format($$
      SELECT coalesce(array_agg(w.id ORDER BY w.place), '{}') AS ids, coalesce(array_agg(w.place ORDER BY w.place), '{}') AS places
        FROM (SELECT o.id, o.place FROM %s AS o
               WHERE o.place >= $1 AND o.place < $2 AND o.created_at < $3
                     -- by the policies that need no look at the object; the others are the command's
                 AND CASE WHEN $6 IS NOT NULL THEN o.tree_updated_at < $6
                          ELSE (SELECT coalesce(o.tree_updated_at < coalesce($4 - max(p.age) FILTER (WHERE coalesce(p.asset_class, p.status) IS NULL), $3), false) AND count(*) > 0
                                  FROM oms.retention_policies AS p
                                 WHERE p.enabled AND NOT p.hold AND coalesce(p.object, $5) = $5 AND coalesce(p.root_id, o.id) = o.id
                                   AND (p.account IS NULL OR p.account = o.account)) END) AS w$$, kind.source)
      INTO part USING first, format('(%s,0)', beyond)::tid, youngest, now, object, cutoff;
    ids := ids || part.ids;
    places := places || part.places;
    page := beyond;
    first := format('(%s,0)', beyond)::tid;
    step := step * 2;
  END LOOP;
  done := page >= pages;
  -- no more than were asked for: the next batch begins with the one behind the last of them
  IF cardinality(ids) > max_trees THEN
    ids := ids[1:max_trees];
    first := places[max_trees + 1];
    done := false;
  END IF;
  UPDATE oms.purge_progress AS p SET place = CASE WHEN NOT next_to_purge.done THEN first END WHERE p.object = next_to_purge.object;
END
$function$;
COMMENT ON FUNCTION oms.next_to_purge(text, integer, timestamptz) IS
  'Part of oms.purge(): the ids of closed trees of a kind that may be old enough, in the order in which they lie, of some pages of their table, and whether there are no more behind them; none while another session purges';

CREATE FUNCTION oms.purge_from(object text, ids text[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  kind text := (SELECT k.table_name FROM oms.kinds() AS k WHERE k.object = purge_from.object);
  id text;
  first tid;
BEGIN
  FOREACH id IN ARRAY ids LOOP
    EXECUTE format('SELECT o.place FROM oms.%I AS o WHERE o.id = $1', 'purgeable_' || kind) INTO first USING id;
    EXIT WHEN first IS NOT NULL;
  END LOOP;
  UPDATE oms.purge_progress AS p SET place = first WHERE p.object = purge_from.object;
END
$function$;
COMMENT ON FUNCTION oms.purge_from(text, text[]) IS 'Part of oms.purge(): the next batch begins with the first of these trees that is still there; for them there was no time';

CREATE FUNCTION oms.purge_trees(object text, ids text[], now timestamptz, milliseconds integer)
  RETURNS TABLE (id text, outcome text, trees bigint, events bigint, detail text)
  LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'oms_purge_trees';
COMMENT ON FUNCTION oms.purge_trees(text, text[], timestamptz, integer) IS
  'Part of oms.purge(): purges each of these trees of a kind that may be purged as of a moment, with what it is tied to, by a command of its own; waits for nobody, and takes no new one after so many milliseconds. outcome is PURGED, GONE of one that went with another, or the rule that keeps it. OM008: it needs oms_admin';

-- As the caller: his rights count, and what his policies call has no others.
CREATE FUNCTION oms.purge(max_trees integer DEFAULT 1000, now timestamptz DEFAULT now(), OUT trees bigint, OUT events bigint, OUT kept bigint, OUT locked bigint,
                          OUT done boolean, OUT reasons jsonb)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  kind text;
  batch record;
  result record;
  ends timestamptz;
BEGIN
  IF max_trees IS NULL OR max_trees NOT BETWEEN 1 AND 100000 OR now IS NULL OR NOT isfinite(now) THEN
    RAISE EXCEPTION 'max_trees must be between 1 and 100000, and the moment finite' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  trees := 0;
  events := 0;
  kept := 0;
  locked := 0;
  done := true;
  reasons := '{}';
  FOR kind IN SELECT k.object FROM oms.kinds() AS k WHERE to_regclass(format('oms.%I', 'purgeable_' || k.table_name)) IS NOT NULL LOOP
    IF trees >= max_trees THEN
      done := false;
      EXIT;
    END IF;
    SELECT * INTO batch FROM oms.next_to_purge(kind, (max_trees - trees)::integer, now);
    done := done AND batch.done;
    CONTINUE WHEN batch.ids = '{}';
    -- from the first lock on; of the kinds that are left one tree each
    ends := coalesce(ends, clock_timestamp() + interval '50 ms');
    SELECT coalesce(sum(p.trees), 0) AS trees, coalesce(sum(p.events), 0) AS events, coalesce(sum(p.tried) FILTER (WHERE p.is_kept), 0) AS kept,
           coalesce(sum(p.tried) FILTER (WHERE p.outcome = 'locked'), 0) AS locked, coalesce(sum(p.tried), 0) AS tried, jsonb_object_agg(p.outcome, p.tried) FILTER (WHERE p.is_kept) AS reasons
      INTO result
      FROM (SELECT t.outcome, t.outcome NOT IN ('PURGED', 'GONE', 'locked') AS is_kept, sum(t.trees) AS trees, sum(t.events) AS events, count(*) AS tried
              FROM oms.purge_trees(kind, batch.ids, now, greatest(ceil(1000 * extract(epoch FROM ends - clock_timestamp())), 0)::integer) AS t GROUP BY t.outcome) AS p;
    trees := trees + result.trees;
    events := events + result.events;
    kept := kept + result.kept;
    locked := locked + result.locked;
    IF result.kept > 0 THEN
      reasons := (SELECT jsonb_object_agg(s.rule, s.trees)
                    FROM (SELECT k.key AS rule, sum(k.value::bigint) AS trees
                            FROM (SELECT * FROM jsonb_each_text(reasons) UNION ALL SELECT * FROM jsonb_each_text(result.reasons)) AS k GROUP BY k.key) AS s);
    END IF;
    IF result.tried < cardinality(batch.ids) THEN
      PERFORM oms.purge_from(kind, batch.ids[result.tried + 1:]);
      done := false;
    END IF;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.purge(integer, timestamptz) IS
  'Purges one batch of trees that no policy keeps any longer, as of a moment: at most so many, and what 50 ms give, for whoever wants one of them waits until the transaction ends. Returns how many trees and events went, how many were kept for another reason than their age or were locked, whether all were looked at, and how many each rule has kept (reasons). OM008: it needs oms_admin';

-- Commits after each batch: no SET, and every name says its schema.
CREATE PROCEDURE oms.run_purge(seconds double precision DEFAULT 30)
  LANGUAGE plpgsql
AS $procedure$
DECLARE
  ends constant timestamptz := pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => $1);
  batch pg_catalog.record;
BEGIN
  LOOP
    SELECT p.done INTO batch FROM oms.purge() AS p;
    COMMIT;
    EXIT WHEN batch.done OR pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>=) ends;
  END LOOP;
  WHILE pg_catalog.clock_timestamp() OPERATOR(pg_catalog.<) ends LOOP
    SELECT p.done INTO batch FROM oms.purge_configuration() AS p;
    COMMIT;
    EXIT WHEN batch.done;
  END LOOP;
END
$procedure$;
COMMENT ON PROCEDURE oms.run_purge(double precision) IS
  'oms.purge() again and again, each batch in a transaction of its own, until all trees were looked at or so many seconds are over, and then oms.purge_configuration() likewise; outside of a transaction block (2D000 in one)';

-- What is no tree: rows that only have an age.
CREATE FUNCTION oms.purge_records(max_rows integer DEFAULT 10000, now timestamptz DEFAULT now(), OUT commands bigint, OUT rejected_commands bigint)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  least interval;
  keep interval;
BEGIN
  IF max_rows IS NULL OR max_rows < 1 OR now IS NULL OR NOT isfinite(now) THEN
    RAISE EXCEPTION 'max_rows must be above zero, and the moment finite' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT coalesce(current_setting('oms_state.command_retention', true)::interval, '7 days') INTO least
    FROM (SELECT count(*) FROM oms.configuration_tables()) AS loaded;
  SELECT greatest(max(p.age), least) INTO keep FROM oms.retention_policies AS p WHERE p.enabled AND p.object = 'command' HAVING count(*) > 0;
  DELETE FROM oms.commands AS c WHERE c.ctid = ANY (ARRAY(
    SELECT o.ctid FROM oms.commands AS o WHERE o.recorded_at < purge_records.now - keep LIMIT max_rows FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS commands = ROW_COUNT;
  keep := (SELECT max(p.age) FROM oms.retention_policies AS p WHERE p.enabled AND p.object = 'rejected_command');
  DELETE FROM oms.rejected_commands AS c WHERE c.ctid = ANY (ARRAY(
    SELECT o.ctid FROM oms.rejected_commands AS o WHERE o.rejected_at < purge_records.now - keep LIMIT max_rows FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS rejected_commands = ROW_COUNT;
END
$function$;
COMMENT ON FUNCTION oms.purge_records(integer, timestamptz) IS
  'Deletes rows of oms.commands and oms.rejected_commands that no policy for command and rejected_command keeps, at most so many of each; of commands none that is younger than oms_state.command_retention. Returns how many';

CREATE FUNCTION oms.purge_configuration(max_events integer DEFAULT 10000, now timestamptz DEFAULT now(), OUT histories bigint, OUT events bigint, OUT kept bigint, OUT done boolean, OUT reasons jsonb)
  RETURNS SETOF record
  LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'oms_purge_configuration';
COMMENT ON FUNCTION oms.purge_configuration(integer, timestamptz) IS
  'Purges one batch of events of oms.configuration_events that no policy for configuration keeps any longer, as of a moment, at most so many: of each history from its beginning on, but for the newest event of what is there. Leaves a row in oms.purged_configuration. Returns from how many histories how many events went, from how many more did not go what is old enough (kept; reasons: not_sent, what a slot has not confirmed; damaged, what oms.verify() names; locked: somebody else purges, or vacuums oms.purged_configuration), and whether all were looked at. OM008: it needs oms_admin, and who is limited to accounts may not';

CREATE FUNCTION oms.drop_empty_partitions(max_partitions integer DEFAULT 1) RETURNS SETOF text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '50ms'
  SET datestyle = 'ISO, MDY'
AS $function$
DECLARE
  leaf record;
  is_empty boolean;
  dropped integer := 0;
BEGIN
  FOR leaf IN
    SELECT e.table_name, p.relid::regclass::text AS name
      FROM oms.event_tables() AS e
     CROSS JOIN LATERAL pg_partition_tree(e.relid) AS p
     WHERE p.isleaf AND p.level = 1
       -- it holds nothing of this month or the one before, and nothing that is to come
       AND (regexp_match(pg_get_expr((SELECT c.relpartbound FROM pg_class AS c WHERE c.oid = p.relid), p.relid), $$TO \('([^']+)'\)$$))[1]::timestamptz
           <= (date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') - interval '1 month') AT TIME ZONE 'UTC'
     ORDER BY 2
  LOOP
    EXIT WHEN dropped >= max_partitions;
    -- without a lock first: nobody is held up for one that has rows
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', leaf.name) INTO is_empty;
    CONTINUE WHEN NOT is_empty;
    BEGIN
      EXECUTE format('LOCK TABLE ONLY oms.%I IN ACCESS EXCLUSIVE MODE', leaf.table_name);
      EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', leaf.name);
      EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', leaf.name) INTO is_empty;
      IF is_empty THEN
        EXECUTE format('DROP TABLE %s', leaf.name);
        dropped := dropped + 1;
        RETURN NEXT leaf.name;
      END IF;
    EXCEPTION WHEN lock_not_available OR dependent_objects_still_exist THEN
      -- the next call tries again
      NULL;
    END;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.drop_empty_partitions(integer) IS
  'Drops event partitions that are empty and end before the month before this one (UTC), at most so many; one that it cannot lock within 50 ms waits for the next call. Returns their names. Everybody who gives a command waits until the transaction ends: call it alone';

-- Rows that an extension has left behind, whose kind of object is gone with it.
CREATE FUNCTION oms.forget_kind(object text, OUT root_ids bigint, OUT commands bigint)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF EXISTS (SELECT FROM oms.all_kinds() AS k WHERE k.object = forget_kind.object) THEN
    RAISE EXCEPTION 'kind "%" has its tables in this database', object
      USING ERRCODE = 'object_in_use', HINT = 'DROP EXTENSION of the library that has brought it first.';
  END IF;
  -- what a caller gave stays given
  WITH gone AS (DELETE FROM oms.root_ids AS r WHERE r.kind = forget_kind.object RETURNING r.id)
  INSERT INTO oms.purged_ids (id) SELECT g.id FROM gone AS g ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS root_ids = ROW_COUNT;
  -- no event of theirs is in any table, and no object has their id
  DELETE FROM oms.commands AS c
   WHERE NOT EXISTS (SELECT FROM oms.all_events AS e WHERE e.sequence = ANY (c.sequences))
     AND NOT EXISTS (SELECT FROM oms.purged_trees AS t WHERE t.sequence = ANY (c.sequences))
     AND NOT EXISTS (SELECT FROM oms.all_objects_ids() AS o WHERE o.id = c.aggregate_id)
     AND cardinality(c.sequences) > 0;
  GET DIAGNOSTICS commands = ROW_COUNT;
END
$function$;
COMMENT ON FUNCTION oms.forget_kind(text) IS
  'Takes away what the trees of a kind have left whose extension was dropped: their claims of ids, which are never used again, and the commandIds of their commands. Returns how many. 55006: the kind is there';

CREATE FUNCTION oms.all_objects_ids() RETURNS TABLE (id text)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000
  SET search_path = pg_catalog, pg_temp
AS $function$
  -- @each kind UNION ALL added (id text)
  SELECT o.id FROM oms.@kinds@ AS o
  -- @end
$function$;
COMMENT ON FUNCTION oms.all_objects_ids() IS 'The id of every object of every kind';

REVOKE ALL ON FUNCTION oms.next_to_purge(text, integer, timestamptz), oms.purge_from(text, text[]), oms.purge_trees(text, text[], timestamptz, integer), oms.purge(integer, timestamptz),
  oms.purge_records(integer, timestamptz), oms.purge_configuration(integer, timestamptz), oms.drop_empty_partitions(integer), oms.forget_kind(text), oms.all_objects_ids() FROM PUBLIC;
REVOKE ALL ON PROCEDURE oms.run_purge(double precision) FROM PUBLIC;
