-- Blocks: their members and allocations as people read them, and the invariants that hold across trees.
-- A block is a root with members. Its fills belong to nobody until they are allocated to members, which are roots of other trees.

-- What a row holds may have been damaged: what is no number there is none here.
CREATE OR REPLACE VIEW oms.block_members WITH (security_invoker = true) AS
  SELECT m.block_id, m.order_id, m.priority, m.quantity, m.allocated_quantity, m.allocated_value, m.released,
         coalesce(NOT m.released AND m.quantity > m.allocated_quantity, false) AS live,
         CASE WHEN m.released OR m.quantity <= m.allocated_quantity THEN 0 ELSE m.quantity - m.allocated_quantity END AS reserved_quantity,
         m.methods, m.position
    FROM (
      SELECT b.id AS block_id, e.member ->> 'orderId' COLLATE "C" AS order_id,
             CASE jsonb_typeof(e.member -> 'priority') WHEN 'number' THEN (e.member ->> 'priority')::numeric END AS priority,
             CASE jsonb_typeof(e.member -> 'quantity') WHEN 'number' THEN (e.member ->> 'quantity')::numeric END AS quantity,
             CASE jsonb_typeof(e.member -> 'allocatedQuantity') WHEN 'number' THEN (e.member ->> 'allocatedQuantity')::numeric END AS allocated_quantity,
             CASE jsonb_typeof(e.member -> 'allocatedValue') WHEN 'number' THEN (e.member ->> 'allocatedValue')::numeric END AS allocated_value,
             coalesce(e.member ->> 'released' = 'true', false) AS released, e.member -> 'methods' AS methods, e.position
        FROM oms.orders AS b
       CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(b.members) WHEN 'array' THEN b.members ELSE '[]' END) WITH ORDINALITY AS e (member, position)
    ) AS m;
COMMENT ON VIEW oms.block_members IS 'The members of blocks: one row a membership, in the order in which they are served';
COMMENT ON COLUMN oms.block_members.quantity IS 'What the block works of the member; once released, what it was allocated';
COMMENT ON COLUMN oms.block_members.live IS 'Not released, and not all of it allocated yet';
COMMENT ON COLUMN oms.block_members.reserved_quantity IS 'What it keeps the member from placing elsewhere';
COMMENT ON COLUMN oms.block_members.methods IS 'What the member has by each method of allocation';

CREATE OR REPLACE VIEW oms.block_allocations WITH (security_invoker = true) AS
  SELECT t.term ->> 'allocationId' AS allocation_id, e.root_id AS block_id, t.term ->> 'method' AS method, t.term ->> 'at' AS allocated_at,
         coalesce(t.term ->> 'selected' = 'true', false) AS selected, t.term -> 'lot' AS lot, t.term -> 'members' AS members, e.id AS execution_id
    FROM oms.executions AS e
   CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(e.allocation_terms) WHEN 'array' THEN e.allocation_terms ELSE '[]' END) AS t (term);
COMMENT ON VIEW oms.block_allocations IS 'The allocations of blocks: by which method, when, and to which members at which weights';
COMMENT ON COLUMN oms.block_allocations.selected IS 'Of one fill that was chosen, not of the pool';
COMMENT ON COLUMN oms.block_allocations.execution_id IS 'The oldest fill that it gave something of';

CREATE OR REPLACE VIEW oms.allocated_trades WITH (security_invoker = true) AS
  SELECT e.created_at AS booked_at, a.order_id, c.cl_ord_id, c.account, c.fix_session, a.allocation_id, e.symbol, e.side,
         a.quantity, v.value, trim_scale(round(v.value / nullif(a.quantity, 0), 10)) AS avg_px,
         coalesce(e.currency, o.currency, c.currency) AS currency, e.trade_date, e.settl_date, e.transact_time,
         a.execution_id, e.exec_id, e.last_qty, e.last_px, e.quantity AS execution_quantity, e.last_mkt, o.destination, e.commission, e.comm_type, e.last_capacity,
         e.order_id AS market_order_id, o.cl_ord_id AS market_cl_ord_id, o.counterparty_order_id,
         CASE WHEN a.order_id <> e.root_id THEN e.root_id END AS block_id, e.status, e.flags
    FROM oms.execution_allocations AS a
    JOIN oms.executions AS e ON e.id = a.execution_id
    -- outside of a block all of a fill is the root's
   CROSS JOIN LATERAL (SELECT coalesce(a.value, e.last_qty * e.last_px) AS value) AS v
    JOIN oms.orders AS c ON c.id = a.order_id
    LEFT JOIN oms.orders AS o ON o.id = e.order_id
   WHERE a.live;
COMMENT ON VIEW oms.allocated_trades IS
  'What a back office reads: one row for what a client order has of a live fill, whether by default or by the allocation of a block';
COMMENT ON COLUMN oms.allocated_trades.quantity IS 'What the client order has of the fill';
COMMENT ON COLUMN oms.allocated_trades.value IS 'What that counts for: of a block at the average of its pool, which its sums over an allocation have to the last decimal';
COMMENT ON COLUMN oms.allocated_trades.avg_px IS 'value / quantity, rounded to 10 decimals';
COMMENT ON COLUMN oms.allocated_trades.block_id IS 'The block that was filled; null where the fill is of the client order''s own tree';

-- 1. Memberships

CREATE OR REPLACE FUNCTION oms.verify_memberships()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  WITH members AS MATERIALIZED (
    SELECT m.*, row_number() OVER w AS place, m.order_id IS NOT DISTINCT FROM lag(m.order_id) OVER d AS again
      FROM oms.block_members AS m
    WINDOW w AS (PARTITION BY m.block_id ORDER BY m.priority, m.order_id), d AS (PARTITION BY m.block_id ORDER BY m.order_id, m.position)
  ), methods AS (
    SELECT a.root_id, a.order_id, t.method, sum(a.quantity) AS quantity, sum(a.value) AS value
      FROM oms.execution_allocations AS a
      LEFT JOIN (SELECT t.block_id, t.allocation_id, min(t.method) AS method FROM oms.block_allocations AS t GROUP BY 1, 2) AS t
        ON t.block_id = a.root_id AND t.allocation_id = a.allocation_id
     WHERE a.live AND a.order_id <> a.root_id
     GROUP BY 1, 2, 3
  ), given AS (
    SELECT m.root_id, m.order_id, sum(m.quantity) AS quantity, sum(m.value) AS value,
           jsonb_object_agg(coalesce(m.method, 'unknown'), m.quantity) AS methods
      FROM methods AS m GROUP BY 1, 2
  ), of_members AS (
    SELECT o.id, b.block_id, count(*) AS times
      FROM oms.orders AS o
     CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(o.block_order_ids) WHEN 'array' THEN o.block_order_ids ELSE '[]' END) AS b (block_id)
     GROUP BY 1, 2
  ), blocks AS (
    SELECT b.id, b.parent_id, b.block_order_ids, b.executed_quantity, b.allocated_quantity, f.closed, m.live
      FROM oms.orders AS b
      JOIN oms.order_facts AS f ON f.id = b.id
      LEFT JOIN (SELECT m.block_id, bool_or(m.live) AS live FROM members AS m GROUP BY 1) AS m ON m.block_id = b.id
     WHERE jsonb_typeof(b.members) = 'array'
  )
  SELECT 'membership', 'order', m.block_id, m.block_id, NULL::bigint, format('Member %s %s.', coalesce(m.order_id, 'null'), v.detail)
    FROM members AS m
    LEFT JOIN oms.orders AS o ON o.id = m.order_id
    LEFT JOIN given AS g ON g.root_id = m.block_id AND g.order_id = m.order_id
    LEFT JOIN of_members AS b ON b.id = m.order_id AND b.block_id = m.block_id
   CROSS JOIN LATERAL (VALUES
     (o.id IS NULL, 'does not exist'),
     (o.parent_id IS NOT NULL, 'is no root'),
     (jsonb_typeof(o.members) = 'array', 'is a block itself'),
     (o.id IS NOT NULL AND b.id IS NULL, 'does not name it in block_order_ids'),
     (m.again, 'stands there twice'),
     (m.position <> m.place, format('stands at place %s, not %s', m.position, m.place)),
     ((m.allocated_quantity BETWEEN 0 AND m.quantity) IS NOT TRUE,
      format('has %s of %s allocated', coalesce(m.allocated_quantity::text, 'null'), coalesce(m.quantity::text, 'null'))),
     (m.released AND m.quantity IS DISTINCT FROM m.allocated_quantity,
      format('is released at %s, and has %s allocated', coalesce(m.quantity::text, 'null'), coalesce(m.allocated_quantity::text, 'null'))),
     (m.released AND m.allocated_quantity = 0, 'is released and has nothing'),
     (m.allocated_quantity IS DISTINCT FROM coalesce(g.quantity, 0),
      format('has %s, the allocations of fills sum up to %s', coalesce(m.allocated_quantity::text, 'null'), trim_scale(coalesce(g.quantity, 0)))),
     (m.allocated_value IS DISTINCT FROM coalesce(g.value, 0),
      format('has a value of %s, the allocations of fills sum up to %s', coalesce(m.allocated_value::text, 'null'), trim_scale(coalesce(g.value, 0)))),
     (m.allocated_quantity = g.quantity AND m.methods IS DISTINCT FROM g.methods,
      format('has %s by its methods, the allocations sum up to %s', coalesce(m.methods::text, 'nothing'), g.methods))
   ) AS v (broken, detail)
   WHERE v.broken
  UNION ALL
  SELECT 'membership', 'order', o.id, o.id, NULL, v.detail
    FROM of_members AS o
    LEFT JOIN (SELECT DISTINCT m.block_id, m.order_id FROM members AS m) AS m ON m.block_id = o.block_id AND m.order_id = o.id
   CROSS JOIN LATERAL (VALUES
     (m.block_id IS NULL, format('It names block %s, of which it is no member.', o.block_id)),
     (o.times > 1, format('It names block %s %s times.', o.block_id, o.times))
   ) AS v (broken, detail)
   WHERE v.broken
  UNION ALL
  SELECT 'membership', 'order', b.id, b.id, NULL, v.detail
    FROM blocks AS b
   CROSS JOIN LATERAL (VALUES
     (b.parent_id IS NOT NULL, format('It is a block, and its parent is %s.', b.parent_id)),
     (b.block_order_ids IS NOT NULL, 'It is a block, and a member of others.'),
     (b.closed AND b.live AND b.executed_quantity = b.allocated_quantity, 'It is closed, all its fills are allocated, and it keeps members.')
   ) AS v (broken, detail)
   WHERE v.broken
$function$;
COMMENT ON FUNCTION oms.verify_memberships() IS
  'Part of oms.verify(): blocks and members name each other; memberships are sorted, none is there twice, and each has what the allocations of fills give it, by each method';

-- 2. Allocations

-- A correction stands where its fill stood, and so does the electronic fill that took the place of a typed one.
-- Where a pool is allocated to the last unit, the values of its allocations come to those of its fills exactly.
CREATE OR REPLACE FUNCTION oms.verify_block_allocations()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
  SET enable_mergejoin = off
AS $function$
  WITH RECURSIVE blocks AS MATERIALIZED (
    SELECT o.id FROM oms.orders AS o WHERE jsonb_typeof(o.members) = 'array'
  ), executions AS MATERIALIZED (
    SELECT e.id, e.root_id, b.id IS NOT NULL AS in_block, e.status IN ('VALIDATED', 'ALLOCATED') AS live, e.created_at,
           coalesce(e.corrected_execution_id, e.superseded_execution_id) AS before_it, e.quantity, e.allocated_quantity, e.last_qty * e.last_px AS value,
           coalesce(e.trade_date, oms.trading_day(coalesce(e.transact_time, e.created_at))) AS day, e.settl_date, e.currency
      FROM oms.executions AS e
      LEFT JOIN blocks AS b ON b.id = e.root_id
  ), places AS (
    -- it ends: an execution takes the place of one other, so nothing is met twice, and what goes round is not met at all
    SELECT e.id, e.created_at, e.id AS first FROM executions AS e WHERE e.in_block AND e.before_it IS NULL
    UNION ALL
    SELECT e.id, p.created_at, p.first FROM places AS p JOIN executions AS e ON e.before_it = p.id
  ), entries AS MATERIALIZED (
    SELECT a.execution_id, a.root_id, a.order_id, a.quantity, a.value, a.allocation_id, a.live, e.in_block
      FROM oms.execution_allocations AS a
      JOIN executions AS e ON e.id = a.execution_id
  ), terms AS MATERIALIZED (
    SELECT t.block_id, t.allocation_id, t.method, t.execution_id, t.members, count(*) OVER (PARTITION BY t.block_id, t.allocation_id) AS times
      FROM oms.block_allocations AS t
  ), shared AS (
    SELECT DISTINCT t.block_id, t.allocation_id, m.member ->> 'orderId' AS order_id
      FROM terms AS t
     CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(t.members) WHEN 'array' THEN t.members ELSE '[]' END) AS m (member)
  ), oldest AS (
    SELECT DISTINCT ON (a.root_id, a.allocation_id) a.root_id, a.allocation_id, a.execution_id
      FROM entries AS a
      JOIN executions AS e ON e.id = a.execution_id
      LEFT JOIN places AS p ON p.id = a.execution_id
     WHERE a.in_block AND a.live
     ORDER BY a.root_id, a.allocation_id, coalesce(p.created_at, e.created_at), coalesce(p.first, e.id), e.created_at, e.id
  ), pools AS (
    SELECT e.root_id, e.day, e.settl_date, e.currency, sum(e.quantity) AS quantity, sum(e.value) AS value,
           sum(e.allocated_quantity) AS allocated, sum(coalesce(a.value, 0)) AS allocated_value
      FROM executions AS e
      LEFT JOIN (SELECT a.execution_id, sum(a.value) AS value FROM entries AS a GROUP BY 1) AS a ON a.execution_id = e.id
     WHERE e.in_block AND e.live
     GROUP BY 1, 2, 3, 4
  )
  SELECT 'allocation', 'execution', a.execution_id, a.root_id, NULL::bigint, format('It allocates %s to order %s, %s.',
         coalesce(a.quantity::text, 'nothing'), coalesce(a.order_id, 'null'), v.detail)
    FROM entries AS a
    LEFT JOIN (SELECT DISTINCT m.block_id, m.order_id FROM oms.block_members AS m) AS m ON m.block_id = a.root_id AND m.order_id = a.order_id
    LEFT JOIN (SELECT DISTINCT t.block_id, t.allocation_id FROM terms AS t) AS t ON t.block_id = a.root_id AND t.allocation_id = a.allocation_id
    LEFT JOIN shared AS s ON s.block_id = a.root_id AND s.allocation_id = a.allocation_id AND s.order_id = a.order_id
   CROSS JOIN LATERAL (VALUES
     (a.in_block AND m.order_id IS NULL, 'which is no member of the block'),
     (a.in_block AND a.value IS NULL, 'without a value'),
     (a.in_block AND t.allocation_id IS NULL, format('by allocation %s, which no fill of the block has the terms of', coalesce(a.allocation_id, 'null'))),
     (a.in_block AND t.allocation_id IS NOT NULL AND s.order_id IS NULL, format('which has no part in allocation %s', a.allocation_id)),
     (NOT a.in_block AND a.order_id IS DISTINCT FROM a.root_id, 'which is not the root of its tree'),
     (NOT a.in_block AND (a.value IS NOT NULL OR a.allocation_id IS NOT NULL), 'as in a block, and its root is none'),
     (NOT a.live, 'and counts no more'),
     ((a.quantity > 0) IS NOT TRUE, 'which is no quantity')
   ) AS v (broken, detail)
   WHERE v.broken
  UNION ALL
  SELECT 'allocation', 'execution', t.execution_id, t.block_id, NULL, format('It has the terms of allocation %s, %s.', coalesce(t.allocation_id, 'null'), v.detail)
    FROM terms AS t
    LEFT JOIN executions AS e ON e.id = t.execution_id
    LEFT JOIN oldest AS o ON o.root_id = t.block_id AND o.allocation_id = t.allocation_id
   CROSS JOIN LATERAL (VALUES
     (NOT e.in_block, 'and its root is no block'),
     (e.in_block AND o.execution_id IS NULL, 'which allocates nothing'),
     (o.execution_id <> t.execution_id, format('whose oldest fill is %s', o.execution_id)),
     (t.times > 1, format('as %s fills have', t.times)),
     (coalesce(t.method, '') NOT IN ('MANUAL', 'PRO_RATA', 'PRIORITY', 'EQUAL'), format('by method %s', coalesce(t.method, 'null')))
   ) AS v (broken, detail)
   WHERE v.broken
  UNION ALL
  SELECT 'allocation', 'order', p.root_id, p.root_id, NULL,
         format('All that was filled on %s for %s is allocated, at a value of %s; its fills come to %s.', p.day, coalesce(p.settl_date::text, 'no settlement date'),
                trim_scale(p.allocated_value), trim_scale(p.value))
    FROM pools AS p WHERE p.quantity = p.allocated AND p.value IS DISTINCT FROM p.allocated_value
$function$;
COMMENT ON FUNCTION oms.verify_block_allocations() IS
  'Part of oms.verify(): allocations of blocks go to members, have values and terms, which stand with the oldest fill; a pool that is allocated to the last unit comes to the value of its fills; elsewhere all goes to the root';

REVOKE ALL ON FUNCTION oms.verify_memberships(), oms.verify_block_allocations() FROM PUBLIC;
