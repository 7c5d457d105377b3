-- Blocks: their members and allocations as people read them, and the invariants that hold across trees.
-- A block is a root with members. Its fills belong to nobody until they are allocated to members, which are roots of other trees.

-- What a row holds may have been damaged: what is no number there is none here.
CREATE OR REPLACE VIEW oms.block_members WITH (security_invoker = true) AS
  SELECT m.block_id, m.order_id, m.priority, m.quantity, m.allocated_quantity, m.allocated_value, m.released,
         coalesce(NOT m.released AND m.quantity > m.allocated_quantity, false) AS live,
         CASE WHEN m.released OR m.quantity <= m.allocated_quantity THEN 0 ELSE m.quantity - m.allocated_quantity END AS reserved_quantity,
         m.methods, m.position, o.account, o.status, o.price,
         coalesce(o.pending_requests @> '[{"request": "CANCEL"}]', false) AS cancel_requested
    FROM (
      SELECT b.id AS block_id, e.member ->> 'orderId' COLLATE "C" AS order_id,
             CASE jsonb_typeof(e.member -> 'priority') WHEN 'number' THEN (e.member ->> 'priority')::numeric END AS priority,
             CASE jsonb_typeof(e.member -> 'quantity') WHEN 'number' THEN (e.member ->> 'quantity')::numeric END AS quantity,
             CASE jsonb_typeof(e.member -> 'allocatedQuantity') WHEN 'number' THEN (e.member ->> 'allocatedQuantity')::numeric END AS allocated_quantity,
             CASE jsonb_typeof(e.member -> 'allocatedValue') WHEN 'number' THEN (e.member ->> 'allocatedValue')::numeric END AS allocated_value,
             coalesce(e.member ->> 'released' = 'true', false) AS released, e.member -> 'methods' AS methods, e.position
        FROM oms.orders AS b
       CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(b.members) WHEN 'array' THEN b.members ELSE '[]' END) WITH ORDINALITY AS e (member, position)
       WHERE b.members IS NOT NULL
    ) AS m
    LEFT JOIN oms.orders AS o ON o.id = m.order_id;
COMMENT ON VIEW oms.block_members IS 'The members of blocks: one row a membership, in the order in which they are served';
COMMENT ON COLUMN oms.block_members.quantity IS 'What the block works of the member; once released, what it was allocated';
COMMENT ON COLUMN oms.block_members.live IS 'Not released, and not all of it allocated yet';
COMMENT ON COLUMN oms.block_members.reserved_quantity IS 'What it keeps the member from placing elsewhere';
COMMENT ON COLUMN oms.block_members.methods IS 'What the member has by each method of allocation';
COMMENT ON COLUMN oms.block_members.price IS 'The limit of the member''s order; its account and status stand beside';
COMMENT ON COLUMN oms.block_members.cancel_requested IS 'It is to be cancelled, and is when the last block lets it go';

-- The tree is found by its orders, so that a condition on block_id reads that tree alone.
CREATE OR REPLACE VIEW oms.block_allocations WITH (security_invoker = true) AS
  SELECT t.term ->> 'allocationId' AS allocation_id, o.root_id AS block_id, t.term ->> 'method' AS method, t.term ->> 'at' AS allocated_at,
         coalesce(t.term ->> 'selected' = 'true', false) AS selected, t.term -> 'lot' AS lot, t.term -> 'members' AS members, e.id AS execution_id, t.term ->> 'allocID' AS alloc_id,
         CASE jsonb_typeof(t.term -> 'poolQuantity') WHEN 'number' THEN (t.term ->> 'poolQuantity')::numeric END AS pool_quantity,
         CASE jsonb_typeof(t.term -> 'poolValue') WHEN 'number' THEN (t.term ->> 'poolValue')::numeric END AS pool_value, t.term -> 'returned' AS returned
    FROM oms.orders AS o
    JOIN oms.executions AS e ON e.order_id = o.id
   CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(e.allocation_terms) WHEN 'array' THEN e.allocation_terms ELSE '[]' END) AS t (term);
COMMENT ON VIEW oms.block_allocations IS 'The allocations of blocks: by which method, when, and to which members at which weights';
COMMENT ON COLUMN oms.block_allocations.selected IS 'Of one fill that was chosen, not of the pool';
COMMENT ON COLUMN oms.block_allocations.execution_id IS 'The oldest fill that it gave something of; where all is taken back, one that it had';
COMMENT ON COLUMN oms.block_allocations.alloc_id IS 'AllocID (70) of the FIX message that made it';
COMMENT ON COLUMN oms.block_allocations.pool_quantity IS 'What nobody had of its pool when it was made; null: its fill has left the pool (a corrected trade date), and counts at its own price';
COMMENT ON COLUMN oms.block_allocations.pool_value IS 'What that counted for, busts and corrections since reckoned in; divided by the quantity it is the average of the allocation';
COMMENT ON COLUMN oms.block_allocations.returned IS 'What was taken back of it into the pool: which fill, when, how much, for how much';

CREATE OR REPLACE VIEW oms.block_fills WITH (security_invoker = true) AS
  SELECT b.id AS block_id, e.id AS execution_id, e.order_id, e.status, coalesce(e.trade_date, e.trading_day, oms.trading_day(coalesce(e.transact_time, e.created_at))) AS trade_date,
         e.settl_date, e.currency, e.quantity, e.allocated_quantity, e.quantity - e.allocated_quantity AS unallocated_quantity, e.last_qty * e.last_px AS value,
         e.quantity_factor, e.created_at
    FROM oms.orders AS b
    JOIN oms.orders AS o ON o.root_id = b.id
    JOIN oms.executions AS e ON e.order_id = o.id
   WHERE b.members IS NOT NULL AND e.status IN ('VALIDATED', 'ALLOCATED');
COMMENT ON VIEW oms.block_fills IS 'The fills of blocks, and what of them belongs to nobody yet; those of one trade date, settlement date and currency are a pool';
COMMENT ON COLUMN oms.block_fills.trade_date IS 'As the report stated it, else the day of its transactTime (else of its booking) by its calendar, else by oms_state.trading_day_zone';

-- What comes of the order's own tree, and what of its blocks: each as it is found by the id of the order, of the block or of the execution.
CREATE OR REPLACE VIEW oms.allocated_trades WITH (security_invoker = true) AS
  SELECT coalesce(e.booked_at, e.created_at) AS booked_at, t.client_id AS order_id, c.cl_ord_id, c.account, c.fix_session, t.allocation_id, e.symbol, e.side,
         t.quantity, v.value, trim_scale(round(v.value / nullif(t.quantity, 0), 10)) AS avg_px,
         coalesce(e.currency, o.currency, c.currency) AS currency, e.trade_date, e.settl_date, e.transact_time,
         e.id AS execution_id, e.exec_id, e.last_qty, e.last_px, e.quantity AS execution_quantity, e.last_mkt, o.destination,
         coalesce(t.commission, e.commission) AS commission, e.comm_type, e.last_capacity,
         o.id AS market_order_id, o.cl_ord_id AS market_cl_ord_id, o.counterparty_order_id, t.block_id, e.status, e.flags
    FROM (
      SELECT r.id AS client_id, NULL::text COLLATE "C" AS block_id, a.execution_id, a.quantity, a.value, a.commission, a.allocation_id
        FROM oms.orders AS r
        JOIN oms.orders AS o ON o.root_id = r.id
        JOIN oms.executions AS e ON e.order_id = o.id
        JOIN oms.execution_allocations AS a ON a.execution_id = e.id AND a.order_id = r.id
       WHERE a.live
      UNION ALL
      SELECT m.id, o.root_id, a.execution_id, a.quantity, a.value, a.commission, a.allocation_id
        FROM oms.orders AS m
       CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(m.block_order_ids) WHEN 'array' THEN m.block_order_ids ELSE '[]' END) AS b (id)
        JOIN oms.orders AS o ON o.root_id = b.id
        JOIN oms.executions AS e ON e.order_id = o.id
        JOIN oms.execution_allocations AS a ON a.execution_id = e.id AND a.order_id = m.id
       WHERE a.live AND m.block_order_ids IS NOT NULL
    ) AS t
    JOIN oms.orders AS c ON c.id = t.client_id
    JOIN oms.executions AS e ON e.id = t.execution_id
    JOIN oms.orders AS o ON o.id = e.order_id
    -- outside of a block all of a fill is the root's
   CROSS JOIN LATERAL (SELECT coalesce(t.value, e.last_qty * e.last_px) AS value) AS v;
COMMENT ON VIEW oms.allocated_trades IS
  'What a back office reads: one row for what a client order has of a live fill, whether by default or by the allocation of a block';
COMMENT ON COLUMN oms.allocated_trades.quantity IS 'What the client order has of the fill';
COMMENT ON COLUMN oms.allocated_trades.value IS 'What that counts for: of a block at the average of its pool, which its sums over an allocation have to the last decimal';
COMMENT ON COLUMN oms.allocated_trades.avg_px IS 'value / quantity, rounded to 10 decimals';
COMMENT ON COLUMN oms.allocated_trades.commission IS 'Of the part, where it is an amount (comm_type null or ABSOLUTE); else the rate, which counts for every part';
COMMENT ON COLUMN oms.allocated_trades.block_id IS 'The block that was filled; null where the fill is of the client order''s own tree';

-- 1. Memberships

CREATE OR REPLACE FUNCTION oms.verify_memberships()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_memberships()');
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
    -- a split rounds memberships and the quantity each by itself; what somebody has stated who is not known to have the block is flagged
    SELECT b.id, b.parent_id, b.block_order_ids, b.executed_quantity, b.allocated_quantity, b.order_qty, coalesce(m.quantity, 0) AS wanted, f.closed, m.live,
           NOT f.closed AND b.quantity_factor IS NULL AS follows, num_nonnulls(b.counterparty_order_id, b.fix_session) > 0 AS is_sent,
           coalesce(b.flags && ARRAY['OVER_PLACED', 'BELOW_PLACED'], false) AS is_stated, coalesce('OVERFILLED' = ANY (b.flags), false) AS is_overfilled
      FROM oms.orders AS b
      JOIN oms.order_facts AS f ON f.id = b.id
      LEFT JOIN (SELECT m.block_id, bool_or(m.live) AS live, sum(m.quantity) AS quantity FROM members AS m GROUP BY 1) AS m ON m.block_id = b.id
     WHERE jsonb_typeof(b.members) = 'array'
  )
  SELECT 'membership', 'order', m.block_id, m.block_id, NULL::bigint, format('Member %s %s.', coalesce(m.order_id, 'null'), unnest(array_remove(ARRAY[
     CASE WHEN o.id IS NULL THEN 'does not exist' END,
     CASE WHEN o.parent_id IS NOT NULL THEN 'is no root' END,
     CASE WHEN jsonb_typeof(o.members) = 'array' THEN 'is a block itself' END,
     CASE WHEN o.id IS NOT NULL AND b.id IS NULL THEN 'does not name it in block_order_ids' END,
     CASE WHEN m.again THEN 'stands there twice' END,
     CASE WHEN m.position <> m.place THEN format('stands at place %s, not %s', m.position, m.place) END,
     CASE WHEN (m.allocated_quantity BETWEEN 0 AND m.quantity) IS NOT TRUE THEN format('has %s of %s allocated', coalesce(m.allocated_quantity::text, 'null'), coalesce(m.quantity::text, 'null')) END,
     CASE WHEN m.released AND m.quantity IS DISTINCT FROM m.allocated_quantity THEN format('is released at %s, and has %s allocated', coalesce(m.quantity::text, 'null'), coalesce(m.allocated_quantity::text, 'null')) END,
     CASE WHEN m.released AND m.allocated_quantity = 0 THEN 'is released and has nothing' END,
     CASE WHEN m.allocated_quantity IS DISTINCT FROM coalesce(g.quantity, 0) THEN format('has %s, the allocations of fills sum up to %s', coalesce(m.allocated_quantity::text, 'null'), trim_scale(coalesce(g.quantity, 0))) END,
     CASE WHEN m.allocated_value IS DISTINCT FROM coalesce(g.value, 0) THEN format('has a value of %s, the allocations of fills sum up to %s', coalesce(m.allocated_value::text, 'null'), trim_scale(coalesce(g.value, 0))) END,
     CASE WHEN m.allocated_quantity = g.quantity AND m.methods IS DISTINCT FROM g.methods THEN format('has %s by its methods, the allocations sum up to %s', coalesce(m.methods::text, 'nothing'), g.methods) END
   ], NULL)))
    FROM members AS m
    LEFT JOIN oms.orders AS o ON o.id = m.order_id
    LEFT JOIN given AS g ON g.root_id = m.block_id AND g.order_id = m.order_id
    LEFT JOIN of_members AS b ON b.id = m.order_id AND b.block_id = m.block_id
  UNION ALL
  SELECT 'membership', 'order', o.id, o.id, NULL, unnest(array_remove(ARRAY[
     CASE WHEN m.block_id IS NULL THEN format('It names block %s, of which it is no member.', o.block_id) END,
     CASE WHEN o.times > 1 THEN format('It names block %s %s times.', o.block_id, o.times) END
   ], NULL))
    FROM of_members AS o
    LEFT JOIN (SELECT DISTINCT m.block_id, m.order_id FROM members AS m) AS m ON m.block_id = o.block_id AND m.order_id = o.id
  UNION ALL
  SELECT 'membership', 'order', b.id, b.id, NULL, unnest(array_remove(ARRAY[
     CASE WHEN b.parent_id IS NOT NULL THEN format('It is a block, and its parent is %s.', b.parent_id) END,
     CASE WHEN b.block_order_ids IS NOT NULL THEN 'It is a block, and a member of others.' END,
     CASE WHEN b.closed AND b.live AND b.executed_quantity = b.allocated_quantity THEN 'It is closed, all its fills are allocated, and it keeps members.' END,
     CASE WHEN b.follows AND NOT b.is_sent AND NOT b.is_stated AND b.order_qty IS DISTINCT FROM b.wanted THEN format('Its order_qty is %s, its members come to %s.', coalesce(trim_scale(b.order_qty)::text, 'null'), trim_scale(b.wanted)) END,
     CASE WHEN b.is_overfilled <> (b.executed_quantity > CASE WHEN b.follows AND b.is_sent THEN least(b.order_qty, b.wanted) ELSE b.order_qty END) THEN format('It has filled %s of %s, its members come to %s, and it is %s OVERFILLED.', trim_scale(b.executed_quantity), coalesce(trim_scale(b.order_qty)::text, 'null'),
             trim_scale(b.wanted), CASE WHEN b.is_overfilled THEN 'flagged' ELSE 'not flagged' END) END
   ], NULL))
    FROM blocks AS b
$function$;
COMMENT ON FUNCTION oms.verify_memberships() IS
  'Part of oms.verify(): blocks and members name each other; memberships are sorted, none is there twice, and each has what the allocations of fills give it, by each method; an open block wants what they come to, and is flagged where it has filled more';

-- 2. Allocations

-- A correction stands where its fill stood, and so does the electronic fill that took the place of a typed one.
CREATE OR REPLACE FUNCTION oms.block_fill_places() RETURNS TABLE (id text, came_at timestamptz, came_as text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
  SET enable_mergejoin = off
AS $function$
  WITH RECURSIVE executions AS MATERIALIZED (
    SELECT e.id, e.created_at, coalesce(e.corrected_execution_id, e.superseded_execution_id) AS before_it
      FROM oms.executions AS e
      JOIN oms.orders AS b ON b.id = e.root_id AND b.members IS NOT NULL
  ), places AS (
    -- it ends: an execution takes the place of one other, so nothing is met twice, and what goes round is not met at all
    SELECT e.id, e.created_at, e.id AS first FROM executions AS e WHERE e.before_it IS NULL
    UNION ALL
    SELECT e.id, p.created_at, p.first FROM places AS p JOIN executions AS e ON e.before_it = p.id
  )
  SELECT p.id, p.created_at, p.first FROM places AS p
$function$;
COMMENT ON FUNCTION oms.block_fill_places() IS 'For oms.verify(): when the first of the chain of each fill of a block came, and its id; allocations take the oldest first';

CREATE OR REPLACE FUNCTION oms.verify_block_allocations()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_block_allocations()');
  WITH entries AS MATERIALIZED (
    SELECT a.execution_id, a.root_id, a.order_id, a.quantity, a.value, a.allocation_id, a.live, b.id IS NOT NULL AS in_block
      FROM oms.execution_allocations AS a
      LEFT JOIN oms.orders AS b ON b.id = a.root_id AND jsonb_typeof(b.members) = 'array'
  ), terms AS MATERIALIZED (
    SELECT t.block_id, t.allocation_id, t.method, t.execution_id, t.members, t.returned, b.id IS NOT NULL AS in_block,
           count(*) OVER (PARTITION BY t.block_id, t.allocation_id) AS times
      FROM oms.block_allocations AS t
      LEFT JOIN oms.orders AS b ON b.id = t.block_id AND jsonb_typeof(b.members) = 'array'
  ), shared AS (
    SELECT DISTINCT t.block_id, t.allocation_id, m.member ->> 'orderId' AS order_id
      FROM terms AS t
     CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(t.members) WHEN 'array' THEN t.members ELSE '[]' END) AS m (member)
  ), oldest AS (
    SELECT DISTINCT ON (a.root_id, a.allocation_id) a.root_id, a.allocation_id, a.execution_id
      FROM entries AS a
      JOIN oms.executions AS e ON e.id = a.execution_id
      LEFT JOIN oms.block_fill_places() AS p ON p.id = a.execution_id
     WHERE a.in_block AND a.live
     ORDER BY a.root_id, a.allocation_id, coalesce(p.came_at, e.created_at), coalesce(p.came_as, e.id), e.created_at, e.id
  ), commissions AS (
    SELECT e.id, e.root_id, e.commission, e.allocated_quantity = e.quantity AS whole, coalesce(e.comm_type, 'ABSOLUTE') = 'ABSOLUTE' AS is_amount, a.parts, a.with_one, a.shared
      FROM (SELECT a.execution_id, count(*) AS parts, count(a.commission) AS with_one, sum(a.commission) AS shared
              FROM oms.execution_allocations AS a WHERE a.order_id <> a.root_id GROUP BY 1) AS a
      JOIN oms.executions AS e ON e.id = a.execution_id
  )
  SELECT 'allocation', 'execution', a.execution_id, a.root_id, NULL::bigint, format('It allocates %s to order %s, %s.',
         coalesce(a.quantity::text, 'nothing'), coalesce(a.order_id, 'null'), unnest(array_remove(ARRAY[
     CASE WHEN a.in_block AND m.order_id IS NULL THEN 'which is no member of the block' END,
     CASE WHEN a.in_block AND a.value IS NULL THEN 'without a value' END,
     CASE WHEN a.in_block AND t.allocation_id IS NULL THEN format('by allocation %s, which no fill of the block has the terms of', coalesce(a.allocation_id, 'null')) END,
     CASE WHEN a.in_block AND t.allocation_id IS NOT NULL AND s.order_id IS NULL THEN format('which has no part in allocation %s', a.allocation_id) END,
     CASE WHEN NOT a.in_block AND a.order_id IS DISTINCT FROM a.root_id THEN 'which is not the root of its tree' END,
     CASE WHEN NOT a.in_block AND (a.value IS NOT NULL OR a.allocation_id IS NOT NULL) THEN 'as in a block, and its root is none' END,
     CASE WHEN NOT a.live THEN 'and counts no more' END,
     CASE WHEN (a.quantity > 0) IS NOT TRUE THEN 'which is no quantity' END
   ], NULL)))
    FROM entries AS a
    LEFT JOIN (SELECT DISTINCT m.block_id, m.order_id FROM oms.block_members AS m) AS m ON m.block_id = a.root_id AND m.order_id = a.order_id
    LEFT JOIN (SELECT DISTINCT t.block_id, t.allocation_id FROM terms AS t) AS t ON t.block_id = a.root_id AND t.allocation_id = a.allocation_id
    LEFT JOIN shared AS s ON s.block_id = a.root_id AND s.allocation_id = a.allocation_id AND s.order_id = a.order_id
  UNION ALL
  SELECT 'allocation', 'execution', t.execution_id, t.block_id, NULL, format('It has the terms of allocation %s, %s.', coalesce(t.allocation_id, 'null'), unnest(array_remove(ARRAY[
     CASE WHEN NOT t.in_block THEN 'and its root is no block' END,
     CASE WHEN t.in_block AND o.execution_id IS NULL AND t.returned IS NULL THEN 'which allocates nothing' END,
     CASE WHEN o.execution_id <> t.execution_id THEN format('whose oldest fill is %s', o.execution_id) END,
     CASE WHEN t.times > 1 THEN format('as %s fills have', t.times) END,
     CASE WHEN coalesce(t.method, '') NOT IN ('MANUAL', 'PRO_RATA', 'PRIORITY', 'EQUAL') THEN format('by method %s', coalesce(t.method, 'null')) END
   ], NULL)))
    FROM terms AS t
    LEFT JOIN oldest AS o ON o.root_id = t.block_id AND o.allocation_id = t.allocation_id
  UNION ALL
  SELECT 'allocation', 'execution', c.id, c.root_id, NULL,
         format('Of its commission of %s %s of %s parts have shares, which come to %s.', coalesce(c.commission::text, 'nothing'), c.with_one, c.parts, coalesce(trim_scale(c.shared)::text, 'nothing'))
    FROM commissions AS c
   WHERE c.with_one <> CASE WHEN c.is_amount AND c.commission IS NOT NULL THEN c.parts ELSE 0 END OR c.with_one > 0 AND c.whole AND c.shared <> c.commission
$function$;
COMMENT ON FUNCTION oms.verify_block_allocations() IS
  'Part of oms.verify(): allocations of blocks go to members, have values, shares of the commission, and terms, which stand with the oldest fill; elsewhere all goes to the root';

-- What is allocated counts at the average that its pool had then, as its terms keep it; what has left its pool counts at its own price. So a pool
-- that is allocated to the last unit comes to the value of its fills exactly. Each value is rounded in its tenth decimal, and the largest share of
-- an allocation has what is left of that. A split rounds quantities; what was chosen by itself has its own price: there the sum alone decides.
CREATE OR REPLACE FUNCTION oms.verify_pools()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_pools()');
  WITH fills AS MATERIALIZED (
    SELECT f.*, dense_rank() OVER (ORDER BY f.block_id, f.trade_date, f.settl_date, f.currency) AS pool FROM oms.block_fills AS f
  ), shares AS MATERIALIZED (
    SELECT f.pool, a.allocation_id, a.order_id, sum(a.quantity) AS quantity, sum(a.value) AS value, sum(f.value * a.quantity / nullif(f.quantity, 0)) AS own_value,
           count(*) AS entries FROM fills AS f JOIN oms.execution_allocations AS a ON a.execution_id = f.execution_id
     GROUP BY 1, 2, 3
  ), pools AS (
    SELECT f.pool, min(f.block_id) AS block_id, min(f.trade_date) AS trade_date, min(f.settl_date) AS settl_date, sum(f.quantity) AS quantity, sum(f.value) AS value,
           sum(f.allocated_quantity) AS allocated, count(f.quantity_factor) > 0 AS is_split FROM fills AS f GROUP BY 1
  ), averages AS (
    SELECT DISTINCT t.block_id, t.allocation_id, t.selected, t.pool_quantity, t.pool_value, CASE jsonb_typeof(t.returned) WHEN 'array' THEN jsonb_array_length(t.returned) ELSE 0 END AS returns,
           CASE jsonb_typeof(t.members) WHEN 'array' THEN jsonb_array_length(t.members) ELSE 0 END AS parts FROM oms.block_allocations AS t
  )
  SELECT 'pool', 'order', p.block_id, p.block_id, NULL::bigint,
         format('All that was filled on %s for settlement on %s is allocated, at a value of %s; the fills come to %s.', p.trade_date, coalesce(p.settl_date::text, 'no stated day'),
                coalesce(trim_scale(a.value)::text, 'null'), trim_scale(p.value))
    FROM pools AS p
    LEFT JOIN (SELECT s.pool, sum(s.value) AS value FROM shares AS s GROUP BY 1) AS a ON a.pool = p.pool
   WHERE p.quantity = p.allocated AND p.value IS DISTINCT FROM a.value
  UNION ALL
  SELECT 'pool', 'order', p.block_id, p.block_id, NULL,
         format('Allocation %s gives order %s %s for %s, of %s.', s.allocation_id, s.order_id, trim_scale(s.quantity), coalesce(trim_scale(s.value)::text, 'null'),
                CASE WHEN t.pool_quantity IS NULL THEN 'fills that count for ' || coalesce(trim_scale(round(s.own_value, 10))::text, 'null')
                     ELSE format('a pool of %s for %s', trim_scale(t.pool_quantity), coalesce(trim_scale(t.pool_value)::text, 'null')) END)
    FROM averages AS t
    JOIN pools AS p ON p.block_id = t.block_id
    JOIN shares AS s ON s.pool = p.pool AND s.allocation_id = t.allocation_id
   WHERE NOT t.selected AND NOT p.is_split
     AND CASE WHEN t.pool_quantity IS NULL THEN abs(s.value - s.own_value) <= s.entries * 0.0000000001
              ELSE abs(s.value * t.pool_quantity - t.pool_value * s.quantity) <= t.pool_quantity * (t.parts + t.returns + s.entries) * 0.0000000001 END IS NOT TRUE
$function$;
COMMENT ON FUNCTION oms.verify_pools() IS
  'Part of oms.verify(): what is allocated of a pool is worth its average then, and all of it the value of its fills, to the last decimal';

REVOKE ALL ON FUNCTION oms.block_fill_places(), oms.verify_memberships(), oms.verify_block_allocations(), oms.verify_pools() FROM PUBLIC;
