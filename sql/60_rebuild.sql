-- Replay: what the events say an object is, or was; and the rows made anew from them.
-- Every event carries the whole state after it, so that an object is its newest event. Two columns of a root's
-- row are more: tree_version and tree_updated_at move with every event of the tree, also where the root has none.

-- 1. State and row (src/entry/state_row.c)

CREATE OR REPLACE FUNCTION oms.order_from_state(state jsonb, hash bytea) RETURNS oms.orders
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_order_from_state';
COMMENT ON FUNCTION oms.order_from_state(jsonb, bytea) IS
  'The row of oms.orders that a state describes (22023 where it describes none); a null state gives a null row';

CREATE OR REPLACE FUNCTION oms.execution_from_state(state jsonb, hash bytea) RETURNS oms.executions
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_execution_from_state';
COMMENT ON FUNCTION oms.execution_from_state(jsonb, bytea) IS
  'The row of oms.executions that a state describes (22023 where it describes none); a null state gives a null row';

CREATE OR REPLACE FUNCTION oms.order_state(orders oms.orders) RETURNS jsonb
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_order_state';
COMMENT ON FUNCTION oms.order_state(oms.orders) IS
  'The row as events and results show it: columns in camelCase, nulls left out, without its hash';

CREATE OR REPLACE FUNCTION oms.execution_state(executions oms.executions) RETURNS jsonb
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_execution_state';
COMMENT ON FUNCTION oms.execution_state(oms.executions) IS
  'The row as events and results show it: columns in camelCase, nulls left out, without its hash';

CREATE OR REPLACE FUNCTION oms.order_state_problem(state jsonb) RETURNS text
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_order_state_problem';
COMMENT ON FUNCTION oms.order_state_problem(jsonb) IS 'Why oms.order_from_state() would refuse the state; null when it would not';

CREATE OR REPLACE FUNCTION oms.execution_state_problem(state jsonb) RETURNS text
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_execution_state_problem';
COMMENT ON FUNCTION oms.execution_state_problem(jsonb) IS
  'Why oms.execution_from_state() would refuse the state; null when it would not';

CREATE OR REPLACE FUNCTION oms.command_digest(command jsonb) RETURNS bytea
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_command_digest';
COMMENT ON FUNCTION oms.command_digest(jsonb) IS
  'SHA-256 that oms.commands keeps of a command: equal for commands that are equal as jsonb, and for no others';

CREATE OR REPLACE FUNCTION oms.own_columns(object text) RETURNS text[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_own_columns';
COMMENT ON FUNCTION oms.own_columns(text) IS
  'The columns of oms.orders (order) or oms.executions (execution) that are the store''s own; others were added by users (22023 for another object)';

CREATE OR REPLACE FUNCTION oms.time_text(moment timestamptz) RETURNS text
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  RETURN pg_catalog.to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
COMMENT ON FUNCTION oms.time_text(timestamptz) IS 'A time as events write it: RFC 3339 in UTC with six decimals';

CREATE OR REPLACE FUNCTION oms.tree_state(tree_version bigint, tree_updated_at timestamptz) RETURNS jsonb
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN CASE WHEN tree_version IS NULL THEN '{}'::jsonb
              ELSE pg_catalog.jsonb_build_object('treeVersion', tree_version, 'treeUpdatedAt', oms.time_text(tree_updated_at)) END;
COMMENT ON FUNCTION oms.tree_state(bigint, timestamptz) IS
  'The two fields of a root''s state that follow the whole tree, to be laid over it; no fields for a null tree_version';

-- 2. Every object as its events say it is

CREATE OR REPLACE FUNCTION oms.replay_orders()
  RETURNS TABLE (id text, root_id text, sequence bigint, version bigint, problem text, replayed oms.orders)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, (max(ARRAY[e.version, e.sequence]))[2] AS sequence
      FROM oms.order_events AS e GROUP BY e.aggregate_id
  ), trees AS (
    SELECT e.root_id, max(e.tree_version) AS tree_version, max(e.occurred_at) AS updated_at
      FROM oms.all_events AS e GROUP BY e.root_id
  ), heads AS (
    SELECT e.aggregate_id, e.root_id, e.sequence, e.version, e.payload -> 'state' AS state, e.hash, t.tree_version, t.updated_at,
           coalesce(oms.order_state_problem(coalesce(e.payload -> 'state', 'null')),
                    CASE WHEN e.payload #>> '{state,orderId}' <> e.aggregate_id THEN 'Field "orderId" names another order.' END) AS problem
      FROM newest AS n
      JOIN oms.order_events AS e ON e.aggregate_id = n.aggregate_id AND e.sequence = n.sequence
      LEFT JOIN trees AS t ON t.root_id = CASE WHEN e.root_id = e.aggregate_id THEN e.root_id END
  )
  SELECT h.aggregate_id, h.root_id, h.sequence, h.version, h.problem,
         CASE WHEN h.problem IS NULL THEN oms.order_from_state(h.state || oms.tree_state(h.tree_version, h.updated_at), h.hash) END
    FROM heads AS h
$function$;
COMMENT ON FUNCTION oms.replay_orders() IS
  'Every order as its newest event says it is; problem tells why that cannot be read, and replayed is null then';

CREATE OR REPLACE FUNCTION oms.replay_executions()
  RETURNS TABLE (id text, root_id text, sequence bigint, version bigint, problem text, replayed oms.executions)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, (max(ARRAY[e.version, e.sequence]))[2] AS sequence
      FROM oms.execution_events AS e GROUP BY e.aggregate_id
  ), trees AS (
    SELECT e.root_id, max(e.tree_version) AS tree_version, max(e.occurred_at) AS updated_at
      FROM oms.execution_events AS e WHERE e.root_id = e.aggregate_id GROUP BY e.root_id
  ), heads AS (
    SELECT e.aggregate_id, e.root_id, e.sequence, e.version, e.payload -> 'state' AS state, e.hash, t.tree_version, t.updated_at,
           coalesce(oms.execution_state_problem(coalesce(e.payload -> 'state', 'null')),
                    CASE WHEN e.payload #>> '{state,executionId}' <> e.aggregate_id THEN 'Field "executionId" names another execution.' END) AS problem
      FROM newest AS n
      JOIN oms.execution_events AS e ON e.aggregate_id = n.aggregate_id AND e.sequence = n.sequence
      LEFT JOIN trees AS t ON t.root_id = CASE WHEN e.root_id = e.aggregate_id THEN e.root_id END
  )
  SELECT h.aggregate_id, h.root_id, h.sequence, h.version, h.problem,
         CASE WHEN h.problem IS NULL THEN oms.execution_from_state(h.state || oms.tree_state(h.tree_version, h.updated_at), h.hash) END
    FROM heads AS h
$function$;
COMMENT ON FUNCTION oms.replay_executions() IS
  'Every execution as its newest event says it is; problem tells why that cannot be read, and replayed is null then';

-- 3. As of a moment

-- By the objects that the tree has today: an execution that has left the tree left an event of its order behind.
CREATE OR REPLACE FUNCTION oms.tree_as_of(root text, at timestamptz, OUT tree_version bigint, OUT updated_at timestamptz)
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH members AS (
    SELECT o.id FROM oms.orders AS o WHERE o.root_id = tree_as_of.root
  ), heads AS (
    SELECT e.tree_version, e.occurred_at
      FROM members AS m
      JOIN oms.order_events AS e ON e.aggregate_id = m.id
     WHERE e.root_id = tree_as_of.root AND e.occurred_at <= tree_as_of.at
    UNION ALL
    SELECT e.tree_version, e.occurred_at
      FROM members AS m
      JOIN oms.executions AS x ON x.order_id = m.id
      JOIN oms.execution_events AS e ON e.aggregate_id = x.id
     WHERE e.root_id = tree_as_of.root AND e.occurred_at <= tree_as_of.at
    UNION ALL
    SELECT e.tree_version, e.occurred_at
      FROM oms.execution_events AS e
     WHERE e.aggregate_id = tree_as_of.root AND e.root_id = tree_as_of.root AND e.occurred_at <= tree_as_of.at
  )
  SELECT max(h.tree_version), max(h.occurred_at) FROM heads AS h
$function$;
COMMENT ON FUNCTION oms.tree_as_of(text, timestamptz) IS 'Number and time of the newest event that a tree had at a moment';

CREATE OR REPLACE FUNCTION oms.order_as_of(id text, at timestamptz) RETURNS oms.orders
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, e.root_id, e.payload -> 'state' AS state, e.hash
      FROM oms.order_events AS e
     WHERE e.aggregate_id = order_as_of.id AND e.occurred_at <= order_as_of.at
     ORDER BY e.version DESC LIMIT 1
  )
  SELECT r.*
    FROM newest AS n
    -- strict: of a null root it reads nothing
   CROSS JOIN LATERAL oms.tree_as_of(CASE WHEN n.root_id = n.aggregate_id THEN n.root_id END, order_as_of.at) AS t
   CROSS JOIN LATERAL oms.order_from_state(n.state || oms.tree_state(t.tree_version, t.updated_at), n.hash) AS r
$function$;
COMMENT ON FUNCTION oms.order_as_of(text, timestamptz) IS
  'The order as it stood at a moment of the server''s clock (occurred_at); null if it did not exist then';

CREATE OR REPLACE FUNCTION oms.execution_as_of(id text, at timestamptz) RETURNS oms.executions
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, e.root_id, e.payload -> 'state' AS state, e.hash
      FROM oms.execution_events AS e
     WHERE e.aggregate_id = execution_as_of.id AND e.occurred_at <= execution_as_of.at
     ORDER BY e.version DESC LIMIT 1
  )
  SELECT r.*
    FROM newest AS n
    -- strict: of a null root it reads nothing
   CROSS JOIN LATERAL oms.tree_as_of(CASE WHEN n.root_id = n.aggregate_id THEN n.root_id END, execution_as_of.at) AS t
   CROSS JOIN LATERAL oms.execution_from_state(n.state || oms.tree_state(t.tree_version, t.updated_at), n.hash) AS r
$function$;
COMMENT ON FUNCTION oms.execution_as_of(text, timestamptz) IS
  'The execution as it stood at a moment of the server''s clock (occurred_at); null if it did not exist then';

-- 4. The rows made anew

-- Locks the table against writers until the transaction ends. A row without events stays where it is: what cannot
-- be made again is never thrown away; it is counted in a warning and named by oms.verify().
CREATE OR REPLACE FUNCTION oms.rebuild(object text) RETURNS bigint
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $function$
DECLARE
  target text := CASE WHEN lower(object) IN ('order', 'orders') THEN 'orders'
                      WHEN lower(object) IN ('execution', 'executions') THEN 'executions' END;
  events text := CASE target WHEN 'orders' THEN 'order_events' ELSE 'execution_events' END;
  columns text;
  stored text;
  replayed text;
  changed bigint;
  unreadable record;
  without_events bigint;
  made bigint;
BEGIN
  IF target IS NULL THEN
    RAISE EXCEPTION 'cannot rebuild "%"', object
      USING ERRCODE = 'invalid_parameter_value', DETAIL = 'The objects are: orders, executions.';
  END IF;
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'cannot rebuild at isolation level %', current_setting('transaction_isolation')
      USING ERRCODE = 'invalid_transaction_state',
            DETAIL = 'It must see what was committed until it had locked the table.',
            HINT = 'Run it at READ COMMITTED.';
  END IF;
  EXECUTE format('LOCK TABLE oms.%I IN SHARE ROW EXCLUSIVE MODE', target);

  EXECUTE format('SELECT r.id, r.sequence, r.problem FROM oms.%I() AS r WHERE r.problem IS NOT NULL ORDER BY r.sequence LIMIT 1',
                 'replay_' || target) INTO unreadable;
  IF unreadable.id IS NOT NULL THEN
    RAISE EXCEPTION 'cannot rebuild oms.%: the state in event % of "%" cannot be read', target, unreadable.sequence, unreadable.id
      USING ERRCODE = 'data_corrupted', DETAIL = unreadable.problem, HINT = 'SELECT * FROM oms.verify() names all that is damaged.';
  END IF;

  EXECUTE format('SELECT e.aggregate_id AS id, e.sequence FROM oms.%I AS e GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 2 LIMIT 1', events)
     INTO unreadable;
  IF unreadable.id IS NOT NULL THEN
    RAISE EXCEPTION 'cannot rebuild oms.%: event % of "%" is there twice', target, unreadable.sequence, unreadable.id
      USING ERRCODE = 'data_corrupted', HINT = 'SELECT * FROM oms.verify() names all that is damaged.';
  END IF;

  EXECUTE format('SELECT count(*) FROM oms.%I AS o WHERE NOT EXISTS (SELECT FROM oms.%I AS e WHERE e.aggregate_id = o.id)',
                 target, events) INTO without_events;
  IF without_events > 0 THEN
    RAISE WARNING 'rows of oms.% without events, which stay as they are: %', target, without_events;
  END IF;

  SELECT string_agg(quote_ident(c), ', '), string_agg('o.' || quote_ident(c), ', '), string_agg('(r.replayed).' || quote_ident(c), ', ')
    INTO columns, stored, replayed FROM unnest(oms.own_columns(rtrim(target, 's'))) AS c;
  -- the columns that users added keep their values
  EXECUTE format('UPDATE oms.%1$I AS o SET (%2$s) = ROW(%4$s) FROM oms.%5$I() AS r WHERE r.id = o.id AND (%3$s) IS DISTINCT FROM (%4$s)',
                 target, columns, stored, replayed, 'replay_' || target);
  GET DIAGNOSTICS changed = ROW_COUNT;
  EXECUTE format('INSERT INTO oms.%1$I (%2$s) SELECT %3$s FROM oms.%4$I() AS r '
                 'WHERE NOT EXISTS (SELECT FROM oms.%1$I AS o WHERE o.id = r.id)', target, columns, replayed, 'replay_' || target);
  GET DIAGNOSTICS made = ROW_COUNT;
  RETURN changed + made;
END
$function$;
COMMENT ON FUNCTION oms.rebuild(text) IS
  'Makes the rows of oms.orders or oms.executions anew from the events, and leaves columns of users as they are; returns how many differed or were missing. For the owner only';

-- Version 0.1.0 counted a filled or closed child as ended, also while something below it was live. What it wrote is counted anew
-- with events of its own, as every change is; a number that is right has none.
CREATE OR REPLACE FUNCTION oms.recount_live_children() RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  wrong record;
  changed oms.orders;
  root oms.orders;
  event record;
  recounted bigint := 0;
BEGIN
  LOCK TABLE oms.orders IN SHARE ROW EXCLUSIVE MODE;
  FOR wrong IN
    WITH RECURSIVE live AS (
      SELECT o.id, o.parent_id
        FROM oms.orders AS o
       WHERE NOT coalesce(o.conditions && ARRAY['REJECTED', 'CANCELLED', 'EXPIRED', 'CALCULATED'], false)
         AND NOT coalesce(o.order_qty > 0 AND o.executed_quantity >= o.order_qty, false)
      UNION
      SELECT p.id, p.parent_id FROM live AS l JOIN oms.orders AS p ON p.id = l.parent_id
    ), counts AS (
      SELECT l.parent_id AS id, count(*) AS live FROM live AS l WHERE l.parent_id IS NOT NULL GROUP BY l.parent_id
    )
    SELECT o.id, coalesce(c.live, 0) AS live
      FROM oms.orders AS o
      LEFT JOIN counts AS c ON c.id = o.id
     WHERE o.live_children <> coalesce(c.live, 0)
     ORDER BY o.root_id, o.id
  LOOP
    IF recounted = 0 THEN
      PERFORM oms.ensure_partitions();
    END IF;
    SELECT o.* INTO STRICT changed FROM oms.orders AS o WHERE o.id = wrong.id;
    SELECT r.* INTO STRICT root FROM oms.orders AS r WHERE r.id = changed.root_id;
    root.tree_version := root.tree_version + 1;
    root.tree_updated_at := greatest(clock_timestamp(), root.tree_updated_at);
    changed.version := changed.version + 1;
    changed.live_children := wrong.live;
    changed.updated_at := root.tree_updated_at;
    IF changed.parent_id IS NULL THEN
      changed.tree_version := root.tree_version;
      changed.tree_updated_at := root.tree_updated_at;
    END IF;
    -- the transaction's id goes before the sequence, as in every command
    SELECT pg_current_xact_id() AS xid, nextval('oms.event_sequence') AS sequence, gen_random_uuid()::text AS command_id INTO event;
    WITH made AS (
      SELECT jsonb_build_object('schemaVersion', 2, 'eventType', 'OrderQuantitiesChanged', 'aggregateType', 'Order', 'aggregateId', changed.id,
               'rootId', changed.root_id, 'version', changed.version, 'treeVersion', root.tree_version, 'sequence', event.sequence,
               'occurredAt', oms.time_text(root.tree_updated_at), 'actor', session_user, 'role', current_user, 'commandId', event.command_id,
               'transition', 341, 'command', jsonb_build_object('commandType', 'UpdateOrderCommand', 'orderId', changed.id,
               'text', 'oms.recount_live_children()'), 'state', oms.order_state(changed)) AS payload
    ), hashed AS (
      SELECT m.payload, sha256(changed.hash || convert_to(m.payload::text, 'UTF8')) AS hash FROM made AS m
    ), appended AS (
      INSERT INTO oms.order_events (sequence, aggregate_id, version, root_id, tree_version, event_type, occurred_at, actor, role, command_id,
                                    transition, xid, payload, hash, account)
      SELECT event.sequence, changed.id, changed.version, changed.root_id, root.tree_version, 'OrderQuantitiesChanged', root.tree_updated_at,
             session_user, current_user, event.command_id, 341, event.xid, h.payload, h.hash, changed.account
        FROM hashed AS h
    )
    UPDATE oms.orders AS o
       SET version = changed.version, live_children = changed.live_children, updated_at = changed.updated_at, hash = h.hash
      FROM hashed AS h
     WHERE o.id = changed.id;
    UPDATE oms.orders AS o SET tree_version = root.tree_version, tree_updated_at = root.tree_updated_at WHERE o.id = root.id;
    recounted := recounted + 1;
  END LOOP;
  RETURN recounted;
END
$function$;
COMMENT ON FUNCTION oms.recount_live_children() IS
  'Counts live_children anew where it is what version 0.1.0 counted, with an event for each order that changes; returns how many did. ALTER EXTENSION UPDATE does it; call it after a dump of 0.1.0 was restored. For the owner only';

REVOKE ALL ON FUNCTION oms.command_digest(jsonb), oms.own_columns(text), oms.recount_live_children() FROM PUBLIC;
-- @install
REVOKE ALL ON FUNCTION oms.order_from_state(jsonb, bytea), oms.execution_from_state(jsonb, bytea),
  oms.order_state(oms.orders), oms.execution_state(oms.executions),
  oms.order_state_problem(jsonb), oms.execution_state_problem(jsonb),
  oms.time_text(timestamptz), oms.tree_state(bigint, timestamptz),
  oms.replay_orders(), oms.replay_executions(), oms.tree_as_of(text, timestamptz),
  oms.order_as_of(text, timestamptz), oms.execution_as_of(text, timestamptz), oms.rebuild(text) FROM PUBLIC;
-- @end
-- @upgrade
SELECT oms.recount_live_children();
-- @end
