-- Replay: what the events say an object is, or was; and the rows made anew from them.
-- Every event carries the whole state after it, so that an object is its newest event. Two columns of a root's
-- row are more: tree_version and tree_updated_at move with every event of the tree, also where the root has none.

-- 1. As of a moment

-- By the objects that the tree has today: what has left the tree left an event of another one behind.
CREATE OR REPLACE FUNCTION oms.tree_as_of(root text, at timestamptz, OUT tree_version bigint, OUT updated_at timestamptz)
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH heads AS (
    -- @each kind UNION ALL
    SELECT e.tree_version, e.occurred_at
      FROM oms.@kinds@_of_tree(tree_as_of.root) AS m
      JOIN oms.@kind@_events AS e ON e.aggregate_id = m.id
     WHERE e.root_id = tree_as_of.root AND e.occurred_at <= tree_as_of.at
    -- @end
  )
  SELECT max(h.tree_version), max(h.occurred_at) FROM heads AS h
$function$;
COMMENT ON FUNCTION oms.tree_as_of(text, timestamptz) IS 'Number and time of the newest event that a tree had at a moment';

-- 2. The rows made anew

-- Locks the table against writers until the transaction ends. A row without events stays where it is: what cannot
-- be made again is never thrown away; it is counted in a warning and named by oms.verify().
CREATE OR REPLACE FUNCTION oms.rebuild(object text) RETURNS bigint
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $function$
DECLARE
  kind record;
  columns text;
  stored text;
  replayed text;
  changed bigint;
  unreadable record;
  without_events bigint;
  made bigint;
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

  EXECUTE format('SELECT r.id, r.sequence, r.problem FROM oms.%I() AS r WHERE r.problem IS NOT NULL ORDER BY r.sequence LIMIT 1',
                 'replay_' || kind.table_name) INTO unreadable;
  IF unreadable.id IS NOT NULL THEN
    RAISE EXCEPTION 'cannot rebuild oms.%: the state in event % of "%" cannot be read', kind.table_name, unreadable.sequence, unreadable.id
      USING ERRCODE = 'data_corrupted', DETAIL = unreadable.problem, HINT = 'SELECT * FROM oms.verify() names all that is damaged.';
  END IF;

  EXECUTE format('SELECT e.aggregate_id AS id, e.sequence FROM oms.%I AS e GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 2 LIMIT 1', kind.event_table)
     INTO unreadable;
  IF unreadable.id IS NOT NULL THEN
    RAISE EXCEPTION 'cannot rebuild oms.%: event % of "%" is there twice', kind.table_name, unreadable.sequence, unreadable.id
      USING ERRCODE = 'data_corrupted', HINT = 'SELECT * FROM oms.verify() names all that is damaged.';
  END IF;

  EXECUTE format('SELECT count(*) FROM oms.%I AS o WHERE NOT EXISTS (SELECT FROM oms.%I AS e WHERE e.aggregate_id = o.id)',
                 kind.table_name, kind.event_table) INTO without_events;
  IF without_events > 0 THEN
    RAISE WARNING 'rows of oms.% without events, which stay as they are: %', kind.table_name, without_events;
  END IF;

  SELECT string_agg(quote_ident(c), ', '), string_agg('o.' || quote_ident(c), ', '), string_agg('(r.replayed).' || quote_ident(c), ', ')
    INTO columns, stored, replayed FROM unnest(oms.own_columns(kind.object)) AS c;
  -- the columns that users added keep their values
  EXECUTE format('UPDATE oms.%1$I AS o SET (%2$s) = ROW(%4$s) FROM oms.%5$I() AS r WHERE r.id = o.id AND (%3$s) IS DISTINCT FROM (%4$s)',
                 kind.table_name, columns, stored, replayed, 'replay_' || kind.table_name);
  GET DIAGNOSTICS changed = ROW_COUNT;
  EXECUTE format('INSERT INTO oms.%1$I (%2$s) SELECT %3$s FROM oms.%4$I() AS r '
                 'WHERE NOT EXISTS (SELECT FROM oms.%1$I AS o WHERE o.id = r.id)', kind.table_name, columns, replayed, 'replay_' || kind.table_name);
  GET DIAGNOSTICS made = ROW_COUNT;
  RETURN changed + made;
END
$function$;
COMMENT ON FUNCTION oms.rebuild(text) IS
  'Makes the rows of a kind of object (orders, executions) anew from the events, and leaves columns of users as they are; returns how many differed or were missing. For the owner only';

-- @install
REVOKE ALL ON FUNCTION oms.tree_as_of(text, timestamptz), oms.rebuild(text) FROM PUBLIC;
-- @end
