-- Orders: which ones are of a tree, or were, and their invariants.

CREATE OR REPLACE FUNCTION oms.orders_of_tree(root text) RETURNS TABLE (id text)
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT o.id FROM oms.orders AS o WHERE o.root_id = orders_of_tree.root;
END;
COMMENT ON FUNCTION oms.orders_of_tree(text) IS 'The orders that a tree has today';

-- What its rows name in other trees, for oms.verify(since).
CREATE FUNCTION oms.links_of_orders(ids text[]) RETURNS TABLE (object text, id text)
  LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 100
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  SET jit = off
AS $function$
  SELECT n.object, n.id
    FROM oms.orders AS o
   CROSS JOIN LATERAL (
     SELECT 'order', m.member ->> 'orderId' FROM jsonb_array_elements(CASE jsonb_typeof(o.members) WHEN 'array' THEN o.members ELSE '[]' END) AS m (member)
     UNION ALL SELECT 'order', b.id FROM jsonb_array_elements_text(CASE jsonb_typeof(o.block_order_ids) WHEN 'array' THEN o.block_order_ids ELSE '[]' END) AS b (id)
     UNION ALL SELECT 'quote', o.quote_id
   ) AS n (object, id)
   WHERE o.id = ANY (links_of_orders.ids)
$function$;
COMMENT ON FUNCTION oms.links_of_orders(text[]) IS 'Part of oms.verify(since): what rows of orders name in other trees, or may name there; nulls among them';
REVOKE ALL ON FUNCTION oms.links_of_orders(text[]) FROM PUBLIC;

-- What a report may mean (77_fleet.sql): by ClOrdID in its session, by an OrderID there or our own id, by ClOrdID among those without a session.
CREATE FUNCTION oms.orders_named(session text, ids text[]) RETURNS TABLE (id text, root_id text, rank integer)
  LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  SET jit = off
AS $function$
  SELECT o.id, o.root_id, min(n.rank)
    FROM (SELECT c.order_id, CASE WHEN c.fix_session = session THEN 1 ELSE 3 END AS rank
            FROM oms.cl_ord_ids AS c WHERE c.cl_ord_id = ANY (ids) AND c.fix_session IN (session, '')
          UNION ALL
          SELECT c.order_id, 2 FROM oms.counterparty_order_ids AS c WHERE c.fix_session = session AND c.counterparty_order_id = ANY (ids)
          UNION ALL
          SELECT i.id, 2 FROM unnest(ids) AS i (id)) AS n
    JOIN oms.orders AS o ON o.id = n.order_id
   GROUP BY o.id, o.root_id
$function$;
COMMENT ON FUNCTION oms.orders_named(text, text[]) IS 'Part of oms.locate(): the orders that go by one of these names in a session';
REVOKE ALL ON FUNCTION oms.orders_named(text, text[]) FROM PUBLIC;

-- A tree as it was (60_rebuild.sql)

CREATE FUNCTION oms.tree_then(root text, at timestamptz, version bigint, "position" text) RETURNS SETOF oms.orders
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_hashjoin = off
  SET enable_mergejoin = off
  SET enable_seqscan = off
  SET max_parallel_workers_per_gather = 0
  SET jit = off
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, max(e.version) AS version
      FROM oms.orders_of_tree(tree_then.root) AS m
      JOIN oms.order_events AS e ON e.aggregate_id = m.id
     WHERE e.root_id = tree_then.root
       AND CASE WHEN tree_then.at IS NOT NULL THEN e.occurred_at <= tree_then.at
                WHEN tree_then.version IS NOT NULL THEN e.tree_version <= tree_then.version
                ELSE oms.position_sees(tree_then."position", e.sequence, e.xid) END
     GROUP BY e.aggregate_id
  )
  SELECT r.*
    FROM newest AS n
    JOIN oms.order_events AS e ON e.aggregate_id = n.aggregate_id AND e.version = n.version
   CROSS JOIN LATERAL oms.order_from_state(e.payload -> 'state' || CASE WHEN e.aggregate_id <> tree_then.root THEN '{}'
     ELSE coalesce((SELECT oms.tree_state(k.tree_version, k.tree_updated_at) FROM oms.orders AS k WHERE k.id = tree_then.root AND k.tree_updated_at <= tree_then.at),
                   oms.tree_state_then(tree_then.root, tree_then.at, tree_then.version, tree_then."position")) END, e.hash) AS r
$function$;
COMMENT ON FUNCTION oms.tree_then(text, timestamptz, bigint, text) IS 'Behind oms.tree_as_of(): by the first of moment, number and position that is not null';

CREATE FUNCTION oms.tree_as_of(root text, at timestamptz) RETURNS SETOF oms.orders
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT t.* FROM oms.tree_then(tree_as_of.root, tree_as_of.at, NULL, NULL) AS t
$function$;
COMMENT ON FUNCTION oms.tree_as_of(text, timestamptz) IS
  'The orders of a tree as they stood at a moment of the server''s clock (occurred_at), in no order; none where it did not exist then';

CREATE FUNCTION oms.tree_as_of(root text, version bigint) RETURNS SETOF oms.orders
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT t.* FROM oms.tree_then(tree_as_of.root, NULL, tree_as_of.version, NULL) AS t
$function$;
COMMENT ON FUNCTION oms.tree_as_of(text, bigint) IS 'The orders of a tree as its event of this number (treeVersion) left them';

CREATE FUNCTION oms.tree_as_of(root text, at text) RETURNS SETOF oms.orders
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT t.* FROM oms.tree_then(tree_as_of.root, CASE WHEN NOT oms.is_position(tree_as_of.at) THEN tree_as_of.at::timestamptz END, NULL, tree_as_of.at) AS t
$function$;
COMMENT ON FUNCTION oms.tree_as_of(text, text) IS
  'The orders of a tree at a moment that is written as text, or as who has read up to a position (oms.events_since()) knows them (OM010: the position is damaged)';

REVOKE ALL ON FUNCTION oms.tree_then(text, timestamptz, bigint, text), oms.tree_as_of(text, timestamptz), oms.tree_as_of(text, bigint),
  oms.tree_as_of(text, text) FROM PUBLIC;

CREATE OR REPLACE VIEW oms.order_facts WITH (security_invoker = true) AS
  SELECT o.id, o.root_id, o.parent_id, c.closed, f.filled, NOT c.closed AND NOT f.filled OR o.live_children > 0 AS live, d.over_today,
         greatest(o.leaves_quantity, o.review_quantity,
                  CASE WHEN c.closed THEN 0
                       WHEN o.pending_requests IS NOT NULL
                       THEN (SELECT max((p.request ->> 'orderQty')::numeric)
                               FROM jsonb_array_elements(CASE jsonb_typeof(o.pending_requests) WHEN 'array' THEN o.pending_requests ELSE '[]' END) AS p (request)
                              WHERE p.request ->> 'request' = 'REPLACE' AND jsonb_typeof(p.request -> 'orderQty') = 'number') - o.executed_quantity END) AS reservation,
         c.closed OR f.filled OR d.over_today AS ended
    FROM oms.orders AS o
   CROSS JOIN LATERAL (SELECT coalesce(o.conditions && ARRAY['REJECTED', 'CANCELLED', 'EXPIRED', 'CALCULATED'], false)) AS c (closed)
   CROSS JOIN LATERAL (SELECT coalesce(o.order_qty > 0 AND o.executed_quantity >= o.order_qty, false)) AS f (filled)
   CROSS JOIN LATERAL (
     SELECT coalesce(o.conditions && ARRAY['DONE_FOR_DAY'], false)
              AND coalesce(o.time_in_force, 'DAY') NOT IN ('GOOD_TILL_CANCEL', 'GOOD_TILL_DATE', 'GOOD_FOR_MONTH')
   ) AS d (over_today);
COMMENT ON VIEW oms.order_facts IS 'For oms.verify(): what follows from an order''s row alone';
COMMENT ON COLUMN oms.order_facts.closed IS 'Rejected, cancelled, expired or calculated, whatever it has: one of what oms.orders.closed means';
COMMENT ON COLUMN oms.order_facts.ended IS 'What oms.orders.closed is to be';
COMMENT ON COLUMN oms.order_facts.live IS 'For its ancestors: it is neither closed nor filled, or something below it is live';
COMMENT ON COLUMN oms.order_facts.over_today IS 'Done for day, and not good till a later one';
COMMENT ON COLUMN oms.order_facts.reservation IS
  'What the order reserves of its parent: the greatest of its leaves, what they become by an open replace request, and its fills in review';

CREATE OR REPLACE FUNCTION oms.verify_roll_up()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_roll_up()');
  WITH fills AS (
    SELECT e.order_id AS id,
           sum(e.quantity) FILTER (WHERE e.status IN ('VALIDATED', 'ALLOCATED')) AS executed,
           sum(e.last_qty * e.last_px) FILTER (WHERE e.status IN ('VALIDATED', 'ALLOCATED')) AS value,
           sum(e.quantity) FILTER (WHERE e.status = 'REVIEW') AS in_review
      FROM oms.executions AS e GROUP BY e.order_id
  ), children AS (
    SELECT o.parent_id AS id, sum(o.executed_quantity) AS executed, sum(o.executed_value) AS value, sum(o.leaves_quantity) AS leaves,
           sum(f.reservation) AS reserved, count(*) AS children, count(*) FILTER (WHERE f.live) AS live
      FROM oms.orders AS o
      JOIN oms.order_facts AS f ON f.id = o.id
     WHERE o.parent_id IS NOT NULL GROUP BY o.parent_id
  ), allocated AS (
    -- by blocks: what executions of other trees give it
    SELECT a.order_id AS id, sum(a.quantity) AS executed, sum(a.value) AS value
      FROM oms.execution_allocations AS a
      JOIN oms.orders AS o ON o.id = a.order_id
     WHERE a.live AND a.root_id <> o.root_id GROUP BY a.order_id
  ), memberships AS (
    SELECT m.order_id AS id, sum(m.reserved_quantity) AS reserved, count(*) AS live
      FROM oms.block_members AS m WHERE m.live GROUP BY m.order_id
  )
  SELECT 'roll_up', 'order', d.id, d.root_id, NULL::bigint, d.differences || '.'
    FROM (
      SELECT o.id, o.root_id, nullif(concat_ws('; ',
             CASE WHEN o.child_count IS DISTINCT FROM coalesce(c.children, 0) THEN format('child_count is %s, not %s', coalesce(o.child_count::text, 'null'), coalesce(trim_scale((coalesce(c.children, 0))::numeric)::text, 'null')) END,
             CASE WHEN o.executed_quantity IS DISTINCT FROM coalesce(f.executed, 0) + coalesce(c.executed, 0) + coalesce(a.executed, 0) THEN format('executed_quantity is %s, not %s', coalesce(o.executed_quantity::text, 'null'), coalesce(trim_scale((coalesce(f.executed, 0) + coalesce(c.executed, 0) + coalesce(a.executed, 0))::numeric)::text, 'null')) END,
             CASE WHEN o.executed_value IS DISTINCT FROM coalesce(f.value, 0) + coalesce(c.value, 0) + coalesce(a.value, 0) THEN format('executed_value is %s, not %s', coalesce(o.executed_value::text, 'null'), coalesce(trim_scale((coalesce(f.value, 0) + coalesce(c.value, 0) + coalesce(a.value, 0))::numeric)::text, 'null')) END,
             CASE WHEN o.live_blocks IS DISTINCT FROM m.live THEN format('live_blocks is %s, not %s', coalesce(o.live_blocks::text, 'null'), coalesce(trim_scale((m.live)::numeric)::text, 'null')) END,
             CASE WHEN o.live_children IS DISTINCT FROM coalesce(c.live, 0) THEN format('live_children is %s, not %s', coalesce(o.live_children::text, 'null'), coalesce(trim_scale((coalesce(c.live, 0))::numeric)::text, 'null')) END,
             CASE WHEN o.own_executed_quantity IS DISTINCT FROM coalesce(f.executed, 0) THEN format('own_executed_quantity is %s, not %s', coalesce(o.own_executed_quantity::text, 'null'), coalesce(trim_scale((coalesce(f.executed, 0))::numeric)::text, 'null')) END,
             CASE WHEN o.reserved_quantity IS DISTINCT FROM coalesce(c.reserved, 0) + coalesce(m.reserved, 0) THEN format('reserved_quantity is %s, not %s', coalesce(o.reserved_quantity::text, 'null'), coalesce(trim_scale((coalesce(c.reserved, 0) + coalesce(m.reserved, 0))::numeric)::text, 'null')) END,
             CASE WHEN o.review_quantity IS DISTINCT FROM coalesce(f.in_review, 0) THEN format('review_quantity is %s, not %s', coalesce(o.review_quantity::text, 'null'), coalesce(trim_scale((coalesce(f.in_review, 0))::numeric)::text, 'null')) END,
             CASE WHEN o.working_quantity IS DISTINCT FROM coalesce(c.leaves, 0) THEN format('working_quantity is %s, not %s', coalesce(o.working_quantity::text, 'null'), coalesce(trim_scale((coalesce(c.leaves, 0))::numeric)::text, 'null')) END), '') AS differences
        FROM oms.orders AS o
        LEFT JOIN fills AS f ON f.id = o.id
        LEFT JOIN children AS c ON c.id = o.id
        LEFT JOIN allocated AS a ON a.id = o.id
        LEFT JOIN memberships AS m ON m.id = o.id
    ) AS d
   WHERE d.differences IS NOT NULL
$function$;
COMMENT ON FUNCTION oms.verify_roll_up() IS 'Part of oms.verify(): what an order sums up of its own fills, of its children, and of the blocks that it is a member of';

CREATE OR REPLACE FUNCTION oms.verify_derived()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_derived()');
  WITH expected AS (
    -- ours by name: a column that users added may be called as one of these
    SELECT o.id, o.root_id, o.status, o.executed_quantity, o.leaves_quantity, o.unplaced_quantity, o.reserved_quantity, o.avg_px, o.closed,
           f.filled, f.ended,
           coalesce(o.conditions, '{}') AS holds,
           CASE WHEN f.ended OR o.order_qty IS NULL THEN 0
                ELSE greatest(0, o.order_qty - o.executed_quantity) END AS leaves,
           -- whole units of the tenth decimal, the half rounded away from zero
           CASE WHEN o.executed_quantity = 0 THEN 0
                ELSE sign(o.executed_value) * 0.0000000001
                     * div(2 * abs(o.executed_value) * 10000000000 + o.executed_quantity, 2 * o.executed_quantity) END AS average,
           o.pending_requests IS NOT NULL AND EXISTS (SELECT FROM jsonb_array_elements(r.requests) AS p WHERE p ->> 'request' = 'CANCEL' AND p ->> 'pending' = 'true') AS asks_cancel,
           o.pending_requests IS NOT NULL AND EXISTS (SELECT FROM jsonb_array_elements(r.requests) AS p WHERE p ->> 'request' = 'REPLACE' AND p ->> 'pending' = 'true') AS asks_replace
      FROM oms.orders AS o
      JOIN oms.order_facts AS f ON f.id = o.id
     CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(o.pending_requests) WHEN 'array' THEN o.pending_requests ELSE '[]' END) AS r (requests)
  ), shown AS (
    -- FIX 4.4, Execution Report: precedence of OrdStatus
    SELECT x.*,
           CASE WHEN 'PENDING_CANCEL' = ANY (x.holds) THEN 'PENDING_CANCEL'
                WHEN 'PENDING_REPLACE' = ANY (x.holds) THEN 'PENDING_REPLACE'
                WHEN 'DONE_FOR_DAY' = ANY (x.holds) THEN 'DONE_FOR_DAY'
                WHEN 'CALCULATED' = ANY (x.holds) THEN 'CALCULATED'
                WHEN x.filled THEN 'FILLED'
                WHEN 'STOPPED' = ANY (x.holds) THEN 'STOPPED'
                WHEN 'SUSPENDED' = ANY (x.holds) THEN 'SUSPENDED'
                WHEN 'CANCELLED' = ANY (x.holds) THEN 'CANCELLED'
                WHEN 'EXPIRED' = ANY (x.holds) THEN 'EXPIRED'
                WHEN x.executed_quantity > 0 THEN 'PARTIALLY_FILLED'
                WHEN 'REJECTED' = ANY (x.holds) THEN 'REJECTED'
                WHEN 'NEW' = ANY (x.holds) THEN 'NEW'
                WHEN 'PENDING_NEW' = ANY (x.holds) THEN 'PENDING_NEW'
                WHEN 'ACCEPTED_FOR_BIDDING' = ANY (x.holds) THEN 'ACCEPTED_FOR_BIDDING' END AS shows
      FROM expected AS x
  )
  SELECT 'derived', 'order', d.id, d.root_id, NULL::bigint, d.differences || '.'
    FROM (
      SELECT s.id, s.root_id, nullif(concat_ws('; ',
             CASE WHEN s.avg_px IS DISTINCT FROM s.average THEN format('avg_px is %s, not %s', trim_scale(s.avg_px)::text, coalesce(trim_scale(s.average)::text, 'known')) END,
             CASE WHEN s.closed IS DISTINCT FROM s.ended THEN format('closed is %s, not %s', s.closed::text, coalesce(s.ended::text, 'known')) END,
             CASE WHEN ('PENDING_CANCEL' = ANY (s.holds)) IS DISTINCT FROM s.asks_cancel THEN format('condition PENDING_CANCEL is %s, not %s', ('PENDING_CANCEL' = ANY (s.holds))::text, coalesce(s.asks_cancel::text, 'known')) END,
             CASE WHEN ('PENDING_REPLACE' = ANY (s.holds)) IS DISTINCT FROM s.asks_replace THEN format('condition PENDING_REPLACE is %s, not %s', ('PENDING_REPLACE' = ANY (s.holds))::text, coalesce(s.asks_replace::text, 'known')) END,
             CASE WHEN s.leaves_quantity IS DISTINCT FROM s.leaves THEN format('leaves_quantity is %s, not %s', trim_scale(s.leaves_quantity)::text, coalesce(trim_scale(s.leaves)::text, 'known')) END,
             CASE WHEN s.status IS DISTINCT FROM s.shows THEN format('status is %s, not %s', s.status, coalesce(s.shows, 'known')) END,
             CASE WHEN s.unplaced_quantity IS DISTINCT FROM greatest(0, s.leaves - s.reserved_quantity) THEN format('unplaced_quantity is %s, not %s', trim_scale(s.unplaced_quantity)::text, coalesce(trim_scale(greatest(0, s.leaves - s.reserved_quantity))::text, 'known')) END), '') AS differences
        FROM shown AS s
    ) AS d
   WHERE d.differences IS NOT NULL
$function$;
COMMENT ON FUNCTION oms.verify_derived() IS
  'Part of oms.verify(): status, closed, leaves, unplaced quantity and average price of an order, and its pending conditions against its requests';

CREATE OR REPLACE FUNCTION oms.verify_order_links()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
  SET enable_mergejoin = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_order_links()');
  WITH RECURSIVE edges AS MATERIALIZED (
    SELECT o.id, o.parent_id FROM oms.orders AS o
  ), attached AS (
    -- it ends: an order has one parent, so nothing below a root is met twice, and a cycle is not met at all
    SELECT e.id FROM edges AS e WHERE e.parent_id IS NULL
    UNION ALL
    SELECT e.id FROM attached AS a JOIN edges AS e ON e.parent_id = a.id
  )
  SELECT 'orphan', 'order', o.id, o.root_id, NULL::bigint, unnest(array_remove(ARRAY[
     CASE WHEN o.parent_id IS NULL AND o.root_id <> o.id THEN format('It has no parent, and its root is %s.', o.root_id) END,
     CASE WHEN o.parent_id IS NOT NULL AND r.id IS NULL THEN format('Its root %s does not exist.', o.root_id) END,
     CASE WHEN o.parent_id IS NOT NULL AND r.parent_id IS NOT NULL THEN format('Its root %s is no root.', o.root_id) END,
     CASE WHEN o.parent_id IS NOT NULL AND p.id IS NULL THEN format('Its parent %s does not exist.', o.parent_id) END,
     CASE WHEN p.root_id <> o.root_id THEN format('Its parent %s is in the tree of %s.', o.parent_id, p.root_id) END,
     CASE WHEN p.id IS NOT NULL AND a.id IS NULL THEN format('It hangs on no root: going up from its parent %s leads to none.', o.parent_id) END
   ], NULL))
    FROM oms.orders AS o
    LEFT JOIN oms.orders AS r ON r.id = o.root_id
    LEFT JOIN oms.orders AS p ON p.id = o.parent_id
    LEFT JOIN attached AS a ON a.id = o.id
  UNION ALL
  SELECT 'orphan', 'order', c.order_id, NULL, NULL::bigint,
         format('ClOrdID %s of session "%s" names this order, which does not exist.', c.cl_ord_id, c.fix_session)
    FROM oms.cl_ord_ids AS c WHERE NOT EXISTS (SELECT FROM oms.orders AS o WHERE o.id = c.order_id)
  UNION ALL
  SELECT 'orphan', 'order', c.order_id, NULL, NULL,
         format('OrderID %s of session "%s" names this order, which does not exist.', c.counterparty_order_id, c.fix_session)
    FROM oms.counterparty_order_ids AS c WHERE NOT EXISTS (SELECT FROM oms.orders AS o WHERE o.id = c.order_id)
  UNION ALL
  SELECT 'identifier', 'order', o.id, o.root_id, NULL,
         format('Its ClOrdID %s stands %s in oms.cl_ord_ids.', o.cl_ord_id,
                CASE WHEN c.order_id IS NULL THEN 'nowhere' ELSE format('for order %s', c.order_id) END)
    FROM oms.orders AS o
    LEFT JOIN oms.cl_ord_ids AS c ON c.fix_session = coalesce(o.fix_session, '') AND c.cl_ord_id = o.cl_ord_id
   WHERE o.cl_ord_id IS NOT NULL AND c.order_id IS DISTINCT FROM o.id
$function$;
COMMENT ON FUNCTION oms.verify_order_links() IS
  'Part of oms.verify(): parents and roots exist and are of the same tree, every order hangs on a root; the ids counterparties know orders under name orders that exist, and every order is known under its ClOrdID';

-- What is COMPLETED has ended; what has ended neither waits nor is somebody's. What was released is out of the desk, whatever becomes of it.
CREATE OR REPLACE FUNCTION oms.verify_desk()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_desk()');
  SELECT 'desk', 'order', o.id, o.root_id, NULL::bigint, unnest(array_remove(ARRAY[
     CASE WHEN o.desk_status IS NOT NULL AND o.parent_id IS NOT NULL THEN format('It is no root, and its desk status is %s.', o.desk_status) END,
     CASE WHEN o.desk_status IS NULL AND num_nonnulls(o.desk_user, o.desk_since) > 0 THEN 'It has no desk status, and a user or a time.' END,
     CASE WHEN o.desk_status IS NOT NULL AND (o.desk_since BETWEEN o.created_at AND o.updated_at) IS NOT TRUE THEN format('It is %s since %s, was made at %s and changed at %s.', o.desk_status, coalesce(o.desk_since::text, 'never'), o.created_at, o.updated_at) END,
     CASE WHEN o.desk_status = 'CLAIMED' AND o.desk_user IS NULL THEN 'It is CLAIMED by nobody.' END,
     CASE WHEN o.desk_status IN ('QUEUED', 'RELEASED') AND o.desk_user IS NOT NULL THEN format('It is %s, and claimed by %s.', o.desk_status, o.desk_user) END,
     CASE WHEN o.desk_status = 'COMPLETED' AND NOT f.closed AND NOT f.filled THEN format('Its desk status is COMPLETED, its status %s.', o.status) END,
     CASE WHEN o.desk_status IN ('QUEUED', 'CLAIMED') AND (f.closed OR f.filled) THEN format('It is %s on the desk, and its status is %s.', o.desk_status, o.status) END
   ], NULL))
    FROM oms.orders AS o
    JOIN oms.order_facts AS f ON f.id = o.id
   WHERE num_nonnulls(o.desk_status, o.desk_user, o.desk_since) > 0
$function$;
COMMENT ON FUNCTION oms.verify_desk() IS 'Part of oms.verify(): the desk status of roots against what holds of them, and who has claimed them';

-- Times as the code writes them sort as texts.
CREATE OR REPLACE FUNCTION oms.verify_plans()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_plans()');
  SELECT 'plan', 'order', o.id, o.root_id, NULL::bigint, v.detail
    FROM oms.orders AS o
    JOIN oms.order_facts AS f ON f.id = o.id
   CROSS JOIN LATERAL (
     SELECT count(*) AS slices, count(*) FILTER (WHERE jsonb_typeof(s.slice) = 'object' AND s.slice ->> 'placeAt' IS NOT NULL) AS timed,
            min(s.slice ->> 'placeAt') AS first, array_agg(s.slice ->> 'placeAt' ORDER BY s.n) = array_agg(s.slice ->> 'placeAt' ORDER BY s.slice ->> 'placeAt') AS sorted
       FROM jsonb_array_elements(CASE jsonb_typeof(o.planned_slices) WHEN 'array' THEN o.planned_slices ELSE '[]' END) WITH ORDINALITY AS s (slice, n)
   ) AS p
   CROSS JOIN LATERAL (VALUES
     (o.planned_slices IS NULL AND o.next_placement_at IS NOT NULL, format('Nothing is planned, and is due at %s.', o.next_placement_at)),
     (o.planned_slices IS NOT NULL AND (p.slices = 0 OR p.timed < p.slices), 'What is planned is no array of slices that have a time.'),
     (p.slices > 0 AND p.first IS DISTINCT FROM to_char(o.next_placement_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      format('Its first planned slice is due at %s, it says %s.', p.first, coalesce(o.next_placement_at::text, 'never'))),
     (NOT p.sorted, 'Its planned slices do not stand by their times.'),
     (o.planned_slices IS NOT NULL AND f.closed, format('Its status is %s, and slices are planned.', o.status))
   ) AS v (broken, detail)
   WHERE (o.planned_slices IS NOT NULL OR o.next_placement_at IS NOT NULL) AND v.broken
$function$;
COMMENT ON FUNCTION oms.verify_plans() IS 'Part of oms.verify(): what is to be placed of an order later, and when that is due';

-- Of a root's replacement that waits, the last answer is the end: one that awaits nobody would stand for ever.
CREATE OR REPLACE FUNCTION oms.verify_cascades()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_cascades()');
  WITH requests AS MATERIALIZED (
    SELECT o.id, o.root_id, o.parent_id, f.closed, p.request ->> 'cascadeId' AS cascade, coalesce(p.request -> 'awaits', '0') AS awaits
      FROM oms.orders AS o
      JOIN oms.order_facts AS f ON f.id = o.id
     CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(o.pending_requests) WHEN 'array' THEN o.pending_requests ELSE '[]' END) AS p (request)
     WHERE o.pending_requests IS NOT NULL AND p.request ->> 'cascadeId' IS NOT NULL
  ), asked AS (
    SELECT r.parent_id AS id, r.cascade, count(*) AS children
      FROM requests AS r WHERE r.parent_id IS NOT NULL AND NOT r.closed GROUP BY r.parent_id, r.cascade
  )
  SELECT 'cascade', 'order', r.id, r.root_id, NULL::bigint, unnest(array_remove(ARRAY[
     CASE WHEN r.awaits <> to_jsonb(coalesce(a.children, 0)) THEN format('Its request of cascade %s awaits %s children, and %s have one.', r.cascade, r.awaits, coalesce(a.children, 0)) END,
     CASE WHEN r.parent_id IS NULL AND NOT r.closed AND a.children IS NULL THEN format('It waits for its children in cascade %s, and none of them was asked.', r.cascade) END
   ], NULL))
    FROM requests AS r
    LEFT JOIN asked AS a ON a.id = r.id AND a.cascade = r.cascade
$function$;
COMMENT ON FUNCTION oms.verify_cascades() IS 'Part of oms.verify(): replacements that wait for children against what these have been asked';

CREATE OR REPLACE FUNCTION oms.verify_orders()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT oms.refuse_limited('oms.verify_orders()');
  SELECT * FROM oms.verify_roll_up()
  UNION ALL SELECT * FROM oms.verify_derived()
  UNION ALL SELECT * FROM oms.verify_order_links()
  UNION ALL SELECT * FROM oms.verify_desk()
  UNION ALL SELECT * FROM oms.verify_plans()
  UNION ALL SELECT * FROM oms.verify_cascades()
  UNION ALL SELECT * FROM oms.verify_memberships()
$function$;
COMMENT ON FUNCTION oms.verify_orders() IS 'Part of oms.verify(): the invariants of orders';

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
  -- a column that its rows had not; of their events it follows
  UPDATE oms.orders AS o SET closed = f.ended FROM oms.order_facts AS f WHERE f.id = o.id AND f.ended <> o.closed;
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
    SELECT pg_current_xact_id() AS xid, oms.next_sequence_number() AS sequence, gen_random_uuid()::text AS command_id INTO event;
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
  'Brings rows of version 0.1.0 up to date: says which orders are closed, and counts live_children anew with an event for each order that changes; returns how many did. ALTER EXTENSION UPDATE does it; call it after a dump of 0.1.0 was restored. For the owner only';

REVOKE ALL ON FUNCTION oms.orders_of_tree(text), oms.verify_order_links(), oms.verify_desk(), oms.verify_plans(), oms.verify_cascades(), oms.verify_orders(), oms.recount_live_children() FROM PUBLIC;
-- @install
REVOKE ALL ON FUNCTION oms.verify_roll_up(), oms.verify_derived() FROM PUBLIC;
-- @end
-- @upgrade
SELECT oms.recount_live_children();
-- @end
