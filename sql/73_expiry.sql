-- Expiry: trees of which something is due (72_due_orders.sql) go through whole, in batches.

CREATE FUNCTION oms.expire_trees(objects text[], roots text[], ids text[], versions bigint[], reasons text[]) RETURNS TABLE (root_id text, id text, outcome text, detail text)
  LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'oms_expire_trees';
COMMENT ON FUNCTION oms.expire_trees(text[], text[], text[], bigint[], text[]) IS
  'Part of oms.expire(): expires, or flags, what is due of each tree, whose objects stand behind one another; waits for nobody. outcome is EXPIRED, FLAGGED, LOCKED, CHANGED (since it was found), or REFUSED; what is refused when others of its tree have gone is an error. OM008: it needs oms_admin';

-- All at once; where something raises an error that trying again does not cure, each tree by itself: one keeps up no other.
CREATE FUNCTION oms.expire_due(objects text[], roots text[], ids text[], versions bigint[], reasons text[]) RETURNS TABLE (root_id text, id text, outcome text, detail text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET standard_conforming_strings = on
AS $function$
#variable_conflict use_column
DECLARE
  -- A read-only transaction, failures to serialize, what the server lacks, locks, cancels and shutdowns.
  of_the_call constant text := '^(08|25|40|53|55P03|57|58)';
  tree record;
BEGIN
  -- who may not call it is told here: whatever else is raised below is a tree's, by a trigger or a rule of somebody
  PERFORM FROM oms.expire_trees('{}', '{}', '{}', '{}', '{}');
  BEGIN
    RETURN QUERY SELECT e.* FROM oms.expire_trees(objects, roots, ids, versions, reasons) AS e;
    RETURN;
  EXCEPTION WHEN OTHERS THEN
    IF SQLSTATE ~ of_the_call OR ids IS NULL THEN
      RAISE;
    END IF;
  END;
  FOR tree IN
    SELECT d.root AS root, array_agg(d.object ORDER BY d.n) AS objects, array_agg(d.root ORDER BY d.n) AS roots, array_agg(d.id ORDER BY d.n) AS ids,
           array_agg(d.version ORDER BY d.n) AS versions, array_agg(d.reason ORDER BY d.n) AS reasons
      FROM unnest(objects, roots, ids, versions, reasons) WITH ORDINALITY AS d (object, root, id, version, reason, n)
     GROUP BY d.root ORDER BY min(d.n)
  LOOP
    BEGIN
      RETURN QUERY SELECT e.* FROM oms.expire_trees(tree.objects, tree.roots, tree.ids, tree.versions, tree.reasons) AS e;
    EXCEPTION WHEN OTHERS THEN
      IF SQLSTATE ~ of_the_call THEN
        RAISE;
      END IF;
      RETURN QUERY SELECT tree.root, tree.ids[1], 'FAILED', SQLSTATE || ' ' || SQLERRM;
    END;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.expire_due(text[], text[], text[], bigint[], text[]) IS
  'Part of oms.expire(): as oms.expire_trees(), and where that raises an error tree by tree: FAILED is one that raises it, and is as it was';

CREATE TYPE oms.due_slice AS (objects text[], roots text[], ids text[], versions bigint[], reasons text[], unknown bigint);
COMMENT ON TYPE oms.due_slice IS 'A row of oms.due_slices()';

CREATE FUNCTION oms.due_slices(now timestamptz, max_objects integer, closed_since timestamptz DEFAULT '-infinity')
  RETURNS SETOF oms.due_slice
  LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH found AS MATERIALIZED (
    SELECT d.* FROM oms.due_objects(now, closed_since) AS d
  ), unknown AS (
    SELECT count(*) AS n FROM (SELECT DISTINCT f.calendar, f.why FROM found AS f WHERE f.why <> 'DUE') AS u
  ), due AS (
    SELECT f.*, bool_or(f.is_block) OVER (PARTITION BY f.root_id) AS of_block FROM found AS f WHERE f.why = 'DUE'
  ), placed AS (
    -- blocks first: their members go free
    SELECT d.*, row_number() OVER (ORDER BY NOT d.of_block, d.root_id, d.id) AS n FROM due AS d
  ), slices AS (
    SELECT p.*, (p.n - row_number() OVER (PARTITION BY p.root_id ORDER BY p.n)) / max_objects AS slice FROM placed AS p
  )
  SELECT coalesce(array_agg(s.object ORDER BY s.n) FILTER (WHERE s.n IS NOT NULL), '{}'), coalesce(array_agg(s.root_id ORDER BY s.n) FILTER (WHERE s.n IS NOT NULL), '{}'),
         coalesce(array_agg(s.id ORDER BY s.n) FILTER (WHERE s.n IS NOT NULL), '{}'), coalesce(array_agg(s.version ORDER BY s.n) FILTER (WHERE s.n IS NOT NULL), '{}'),
         coalesce(array_agg(oms.due_reason(s.due_at, s.calendar) ORDER BY s.n) FILTER (WHERE s.n IS NOT NULL), '{}'), u.n
    FROM unknown AS u LEFT JOIN slices AS s ON true
   GROUP BY s.slice, u.n ORDER BY s.slice
$function$;
COMMENT ON FUNCTION oms.due_slices(timestamptz, integer, timestamptz) IS
  'Part of oms.expire(): what is due, by oms.due_objects() and as arguments of oms.expire_due(), in slices of so many objects, or more by what their last tree has; at least one, that may be empty. unknown: of how many calendars open orders never expire';

CREATE FUNCTION oms.expire_slice(objects text[], roots text[], ids text[], versions bigint[], reasons text[], OUT expired bigint, OUT flagged bigint, OUT skipped_locked bigint, OUT alerts bigint)
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT count(*) FILTER (WHERE e.outcome = 'EXPIRED'), count(*) FILTER (WHERE e.outcome = 'FLAGGED'), count(DISTINCT e.root_id) FILTER (WHERE e.outcome IN ('LOCKED', 'CHANGED')),
         count(DISTINCT e.root_id) FILTER (WHERE e.outcome IN ('REFUSED', 'FAILED'))
    FROM oms.expire_due(objects, roots, ids, versions, reasons) AS e
$function$;
COMMENT ON FUNCTION oms.expire_slice(text[], text[], text[], bigint[], text[]) IS 'Part of oms.expire(): oms.expire_due(), counted: objects that expired and were flagged, trees that were locked, or refused';

CREATE FUNCTION oms.expire(now timestamptz DEFAULT now(), max_objects integer DEFAULT 10000, OUT expired bigint, OUT flagged bigint, OUT skipped_locked bigint, OUT alerts bigint)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  due record;
BEGIN
  IF max_objects IS NULL OR max_objects < 1 OR now IS NULL OR NOT isfinite(now) THEN
    RAISE EXCEPTION 'max_objects must be above zero, and the moment finite' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT d.* INTO due FROM oms.due_slices(expire.now, expire.max_objects) AS d LIMIT 1;
  SELECT e.* INTO expired, flagged, skipped_locked, alerts FROM oms.expire_slice(due.objects, due.roots, due.ids, due.versions, due.reasons) AS e;
  alerts := alerts + due.unknown;
  PERFORM oms.place_due(expire.now);
END
$function$;
COMMENT ON FUNCTION oms.expire(timestamptz, integer) IS
  'Expires what is due by a moment, trees whole, so many objects and what the last tree has more: orders by the close of their calendar''s day, or their date or time; quotes and requests by theirs. What only its counterparty can end, and what is above or in a block with something live, is flagged EXPIRY_OVERDUE, once (oms_state.expire_counterparty_orders). Returns how many objects expired and were flagged, how many trees somebody had locked (the next call takes them), and how many things somebody should look at. Then places what is due (oms.place_due()). OM008: it needs oms_admin';

CREATE FUNCTION oms.due_reason(due_at timestamptz, calendar text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  RETURN concat('due ', to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), ' by ' || calendar);
COMMENT ON FUNCTION oms.due_reason(timestamptz, text) IS 'Part of oms.expire(): the reason that a command of its has';

REVOKE ALL ON FUNCTION oms.expire_trees(text[], text[], text[], bigint[], text[]), oms.expire_due(text[], text[], text[], bigint[], text[]), oms.due_slices(timestamptz, integer, timestamptz),
  oms.expire_slice(text[], text[], text[], bigint[], text[]), oms.expire(timestamptz, integer), oms.due_reason(timestamptz, text) FROM PUBLIC;
