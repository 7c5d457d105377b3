-- Replay: what the events say an object is, or was; and the rows made anew from them.
-- Every event carries the whole state after it, so that an object is its newest event. Two columns of a root's
-- row are more: tree_version and tree_updated_at move with every event of the tree, also where the root has none.

-- 1. Trees as they were

-- @upgrade
-- the number of a tree at a moment, in 0.1.0
DROP FUNCTION oms.tree_as_of(text, timestamptz);
-- @end

-- By the objects that the tree has today: what has left the tree left an event of another one behind. By the index on (aggregate_id, version), however large the tree is thought to be.
CREATE FUNCTION oms.tree_state_then(root text, at timestamptz, version bigint, "position" text) RETURNS jsonb
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_hashjoin = off
  SET enable_mergejoin = off
  SET enable_seqscan = off
  SET max_parallel_workers_per_gather = 0
  SET jit = off
AS $function$
  WITH heads AS (
    -- @each kind UNION ALL
    SELECT e.tree_version, e.occurred_at
      FROM oms.@kinds@_of_tree(tree_state_then.root) AS m
      JOIN oms.@kind@_events AS e ON e.aggregate_id = m.id
     WHERE e.root_id = tree_state_then.root
       AND CASE WHEN tree_state_then.at IS NOT NULL THEN e.occurred_at <= tree_state_then.at
                WHEN tree_state_then.version IS NOT NULL THEN e.tree_version <= tree_state_then.version
                ELSE oms.position_sees(tree_state_then."position", e.sequence, e.xid) END
    -- @end
  )
  SELECT oms.tree_state(max(h.tree_version), max(h.occurred_at)) FROM heads AS h
$function$;
COMMENT ON FUNCTION oms.tree_state_then(text, timestamptz, bigint, text) IS
  'Number and time of the newest event that a tree had at a moment, else up to a number of its events, else at a position, as fields of its root''s state';

-- The same from two events that it lies between: one that was there, and one behind that which was not. The events of a tree are numbered
-- without gaps, and of two the one with the larger number has the larger sequence. So whichever is met by the index on sequence brings the
-- two nearer, until nothing is between them: first what belongs to the later one's command, then by halving. Only where nothing of the tree
-- is met (others have written very much meanwhile, or partitions were detached) its objects are asked.
CREATE FUNCTION oms.tree_state_between(root text, at timestamptz, "position" text, from_sequence bigint, from_version bigint, from_time timestamptz,
                                       to_sequence bigint, to_version bigint) RETURNS jsonb
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  SET enable_bitmapscan = off
  SET jit = off
AS $function$
DECLARE
  width bigint := 16;
  first bigint;
  met record;
  nearer boolean;
BEGIN
  -- behind the newest of its root there may be any
  to_sequence := coalesce(to_sequence, (SELECT max(m.newest) + 1 FROM (
    -- @each kind UNION ALL
    SELECT max(e.sequence) AS newest FROM oms.@kind@_events AS e
    -- @end
  ) AS m));
  WHILE width <= 4096 LOOP
    FOREACH first IN ARRAY ARRAY[to_sequence - width, from_sequence + 1, from_sequence + (to_sequence - from_sequence) / 2] LOOP
      IF to_version = from_version + 1 THEN
        RETURN oms.tree_state(from_version, from_time);
      END IF;
      nearer := false;
      FOR met IN
        SELECT e.sequence, e.tree_version, e.occurred_at,
               CASE WHEN tree_state_between.at IS NOT NULL THEN e.occurred_at <= tree_state_between.at
                    ELSE oms.position_sees(tree_state_between."position", e.sequence, e.xid) END AS is_there
          FROM (
            -- @each kind UNION ALL
            SELECT e.sequence, e.tree_version, e.occurred_at, e.xid
              FROM oms.@kind@_events AS e
             WHERE e.sequence >= first AND e.sequence < first + width AND e.root_id = tree_state_between.root
            -- @end
          ) AS e
      LOOP
        IF met.is_there AND met.sequence > from_sequence THEN
          from_sequence := met.sequence;
          from_version := met.tree_version;
          from_time := met.occurred_at;
          nearer := true;
        ELSIF NOT met.is_there AND met.sequence < to_sequence THEN
          to_sequence := met.sequence;
          to_version := met.tree_version;
          nearer := true;
        END IF;
      END LOOP;
    END LOOP;
    -- nothing of it in the middle
    IF NOT nearer THEN
      width := width * 4;
    END IF;
  END LOOP;
  RETURN oms.tree_state_then(root, at, NULL, "position");
END
$function$;
COMMENT ON FUNCTION oms.tree_state_between(text, timestamptz, text, bigint, bigint, timestamptz, bigint, bigint) IS
  'What oms.tree_state_then() says of a moment, else of a position, from the sequence and number of two events of the tree: the first was there (and when), the second was not; a null sequence of the second is behind all';

-- 2. The rows made anew

-- Locks the table against writers until the transaction ends. A row without events stays where it is: what cannot
-- be made again is never thrown away; it is counted in a warning and named by oms.verify().
CREATE OR REPLACE FUNCTION oms.rebuild(object text) RETURNS bigint
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
  SET work_mem = '16MB'
  SET hash_mem_multiplier = 1
  SET parallel_tuple_cost = 0
AS $function$
DECLARE
  kind record;
  columns text;
  stored text;
  replayed text;
  twice record;
  without_events bigint;
  done record;
BEGIN
  SELECT k.* INTO kind FROM oms.kinds() AS k WHERE lower(rebuild.object) IN (k.object, k.table_name);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'cannot rebuild "%"', rebuild.object
      USING ERRCODE = 'invalid_parameter_value', DETAIL = format('The objects are: %s.', (SELECT string_agg(k.table_name, ', ') FROM oms.kinds() AS k));
  END IF;
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'cannot rebuild at isolation level %', current_setting('transaction_isolation')
      USING ERRCODE = 'invalid_transaction_state',
            DETAIL = 'It must see what was committed until it had locked the table.',
            HINT = 'Run it at READ COMMITTED.';
  END IF;
  EXECUTE format('LOCK TABLE oms.%I IN SHARE ROW EXCLUSIVE MODE', kind.table_name);

  EXECUTE format('SELECT e.aggregate_id AS id, e.sequence FROM oms.%I AS e GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 2 LIMIT 1', kind.event_table)
     INTO twice;
  IF twice.id IS NOT NULL THEN
    RAISE EXCEPTION 'cannot rebuild oms.%: event % of "%" is there twice', kind.table_name, twice.sequence, twice.id
      USING ERRCODE = 'data_corrupted', HINT = 'SELECT * FROM oms.verify() names all that is damaged.';
  END IF;

  EXECUTE format('SELECT count(*) FROM oms.%I AS o WHERE NOT EXISTS (SELECT FROM oms.%I AS e WHERE e.aggregate_id = o.id)',
                 kind.table_name, kind.event_table) INTO without_events;
  IF without_events > 0 THEN
    RAISE WARNING 'rows of oms.% without events, which stay as they are: %', kind.table_name, without_events;
  END IF;

  SELECT string_agg(quote_ident(c), ', '), string_agg('o.' || quote_ident(c), ', '), string_agg('(r.replayed).' || quote_ident(c), ', ')
    INTO columns, stored, replayed FROM unnest(oms.own_columns(kind.object)) AS c;
  -- replayed once, by workers too; the columns that users added keep their values
  EXECUTE format($query$
    WITH replayed AS MATERIALIZED (
      SELECT r.* FROM oms.%5$I() AS r
    ), changed AS (
      UPDATE oms.%1$I AS o SET (%2$s) = ROW(%4$s) FROM replayed AS r WHERE r.problem IS NULL AND r.id = o.id
         AND (o.* *<> r.replayed) IS NOT FALSE AND (%3$s) IS DISTINCT FROM (%4$s) RETURNING o.id
    ), made AS (
      INSERT INTO oms.%1$I (%2$s) SELECT %4$s FROM replayed AS r WHERE r.problem IS NULL AND NOT EXISTS (SELECT FROM oms.%1$I AS o WHERE o.id = r.id) RETURNING id
    )
    SELECT n.changed, u.id, u.sequence, u.problem
      FROM (SELECT (SELECT count(*) FROM changed) + (SELECT count(*) FROM made)) AS n (changed)
      LEFT JOIN (SELECT r.id, r.sequence, r.problem FROM replayed AS r WHERE r.problem IS NOT NULL ORDER BY r.sequence LIMIT 1) AS u ON true$query$,
                 kind.table_name, columns, stored, replayed, 'replay_' || kind.table_name) INTO done;
  IF done.id IS NOT NULL THEN
    RAISE EXCEPTION 'cannot rebuild oms.%: the state in event % of "%" cannot be read', kind.table_name, done.sequence, done.id
      USING ERRCODE = 'data_corrupted', DETAIL = done.problem, HINT = 'SELECT * FROM oms.verify() names all that is damaged.';
  END IF;
  RETURN done.changed;
END
$function$;
COMMENT ON FUNCTION oms.rebuild(text) IS
  'Makes the rows of a kind of object (orders, executions) anew from the events, and leaves columns of users as they are; returns how many differed or were missing. For the owner only';

REVOKE ALL ON FUNCTION oms.tree_state_then(text, timestamptz, bigint, text), oms.tree_state_between(text, timestamptz, text, bigint, bigint, timestamptz, bigint, bigint) FROM PUBLIC;
-- @install
REVOKE ALL ON FUNCTION oms.rebuild(text) FROM PUBLIC;
-- @end
