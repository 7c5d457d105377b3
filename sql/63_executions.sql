-- Executions: which ones are of a tree, and their invariants.

-- One without an order is a tree of its own.
CREATE OR REPLACE FUNCTION oms.executions_of_tree(root text) RETURNS TABLE (id text)
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT x.id FROM oms.orders AS o JOIN oms.executions AS x ON x.order_id = o.id WHERE o.root_id = executions_of_tree.root
  UNION ALL
  SELECT executions_of_tree.root;
END;
COMMENT ON FUNCTION oms.executions_of_tree(text) IS 'The executions that a tree has today, and its root, which may be one';

-- What its rows name in other trees, for oms.verify(since).
CREATE FUNCTION oms.links_of_executions(ids text[]) RETURNS TABLE (object text, id text)
  LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 100
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  SET jit = off
AS $function$
  SELECT n.object, n.id
    FROM oms.executions AS e
   CROSS JOIN LATERAL (
     SELECT 'order', a.allocation ->> 'orderId' FROM jsonb_array_elements(CASE jsonb_typeof(e.allocations) WHEN 'array' THEN e.allocations ELSE '[]' END) AS a (allocation)
     UNION ALL
     SELECT 'execution', x.id FROM unnest(ARRAY[e.corrected_execution_id, e.correcting_execution_id, e.superseded_execution_id, e.superseding_execution_id,
                                                e.moved_from_execution_id, e.moved_to_execution_id]) AS x (id)
   ) AS n (object, id)
   WHERE e.id = ANY (links_of_executions.ids)
$function$;
COMMENT ON FUNCTION oms.links_of_executions(text[]) IS 'Part of oms.verify(since): what rows of executions name in other trees, or may name there; nulls among them';
REVOKE ALL ON FUNCTION oms.links_of_executions(text[]) FROM PUBLIC;

CREATE OR REPLACE VIEW oms.execution_allocations WITH (security_invoker = true) AS
  SELECT e.id AS execution_id, e.root_id, e.status IN ('VALIDATED', 'ALLOCATED') AS live, a.allocation ->> 'orderId' AS order_id,
         CASE jsonb_typeof(a.allocation -> 'quantity') WHEN 'number' THEN (a.allocation ->> 'quantity')::numeric END AS quantity,
         CASE jsonb_typeof(a.allocation -> 'value') WHEN 'number' THEN (a.allocation ->> 'value')::numeric END AS value,
         a.allocation ->> 'allocationId' AS allocation_id,
         CASE jsonb_typeof(a.allocation -> 'commission') WHEN 'number' THEN (a.allocation ->> 'commission')::numeric END AS commission
    FROM oms.executions AS e
   CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(e.allocations) WHEN 'array' THEN e.allocations ELSE '[]' END) AS a (allocation);
COMMENT ON VIEW oms.execution_allocations IS 'Which quantity of an execution goes to which order: one row an allocation';
COMMENT ON COLUMN oms.execution_allocations.value IS 'In the tree of a block: what the quantity counts for at the average of its pool; elsewhere null';
COMMENT ON COLUMN oms.execution_allocations.commission IS 'In the tree of a block: its share of a commission that is an amount; elsewhere null';
COMMENT ON COLUMN oms.execution_allocations.allocation_id IS 'In the tree of a block: the allocation that gave it; elsewhere null';

CREATE OR REPLACE FUNCTION oms.verify_allocation()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_allocation()');
  WITH named AS (
    SELECT a.order_id AS id, sum(a.quantity) AS quantity FROM oms.execution_allocations AS a WHERE a.live GROUP BY a.order_id
  ), fills AS (
    SELECT e.order_id AS id, sum(e.allocated_quantity) AS quantity
      FROM oms.executions AS e WHERE e.status IN ('VALIDATED', 'ALLOCATED') GROUP BY e.order_id
  ), children AS (
    SELECT o.parent_id AS id, sum(o.allocated_quantity) AS quantity FROM oms.orders AS o WHERE o.parent_id IS NOT NULL GROUP BY o.parent_id
  ), orders AS (
    SELECT o.id, o.root_id, o.allocated_quantity,
           CASE WHEN o.parent_id IS NULL AND jsonb_typeof(o.members) IS DISTINCT FROM 'array' THEN coalesce(n.quantity, 0) ELSE coalesce(f.quantity, 0) + coalesce(c.quantity, 0) END AS expected
      FROM oms.orders AS o
      LEFT JOIN named AS n ON n.id = o.id
      LEFT JOIN fills AS f ON f.id = o.id
      LEFT JOIN children AS c ON c.id = o.id
  )
  SELECT 'allocation', 'order', o.id, o.root_id, NULL::bigint,
         format('allocated_quantity is %s, not %s.', o.allocated_quantity, trim_scale(o.expected))
    FROM orders AS o WHERE o.allocated_quantity IS DISTINCT FROM o.expected
  UNION ALL
  SELECT 'allocation', 'execution', e.id, e.root_id, NULL, unnest(array_remove(ARRAY[
     CASE WHEN e.allocated_quantity IS DISTINCT FROM e.expected THEN format('allocated_quantity is %s, its allocations sum up to %s.', e.allocated_quantity, trim_scale(e.expected)) END,
     CASE WHEN e.allocated_quantity > e.quantity
      OR e.status = 'ALLOCATED' AND e.allocated_quantity < e.quantity
      OR e.status = 'VALIDATED' AND e.allocated_quantity >= e.quantity THEN format('%s of %s is allocated, and its status is %s.', e.allocated_quantity, e.quantity, e.status) END
   ], NULL))
    FROM (SELECT x.id, x.root_id, x.status, x.quantity, x.allocated_quantity,
                 -- those of its row, in the row's own scan
                 CASE WHEN x.allocations IS NULL THEN 0
                      ELSE coalesce((SELECT sum(CASE jsonb_typeof(a.allocation -> 'quantity') WHEN 'number' THEN (a.allocation ->> 'quantity')::numeric END)
                                       FROM jsonb_array_elements(CASE jsonb_typeof(x.allocations) WHEN 'array' THEN x.allocations ELSE '[]' END) AS a (allocation)), 0) END AS expected
            FROM oms.executions AS x OFFSET 0) AS e
  UNION ALL
  SELECT 'allocation', 'execution', a.execution_id, a.root_id, NULL,
         format('It allocates %s to order %s, which does not exist.', coalesce(a.quantity::text, 'nothing'), coalesce(a.order_id, 'null'))
    FROM oms.execution_allocations AS a WHERE NOT EXISTS (SELECT FROM oms.orders AS o WHERE o.id = a.order_id)
$function$;
COMMENT ON FUNCTION oms.verify_allocation() IS 'Part of oms.verify(): allocations of executions, their sums on orders, and the status that follows';

CREATE OR REPLACE FUNCTION oms.verify_execution_links()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_execution_links()');
  WITH facts AS (
    SELECT e.id, e.root_id, e.status, e.order_id, e.quantity, e.quantity_factor, e.review_reasons, e.correcting_execution_id, e.corrected_execution_id,
           round(e.last_qty * coalesce(e.quantity_factor, 1), greatest(10, scale(e.last_qty))) AS counts,
           corrected.id AS corrected, corrected.correcting_execution_id AS corrected_by,
           correcting.id AS correcting, correcting.corrected_execution_id AS correcting_of
      FROM oms.executions AS e
      LEFT JOIN oms.executions AS corrected ON corrected.id = e.corrected_execution_id
      LEFT JOIN oms.executions AS correcting ON correcting.id = e.correcting_execution_id
  )
  SELECT 'execution_links', 'execution', f.id, f.root_id, NULL::bigint, unnest(array_remove(ARRAY[
     -- a split rounds each fill and gives the largest what is left: there the sums decide (roll_up)
     CASE WHEN f.quantity IS DISTINCT FROM f.counts AND f.quantity_factor IS NULL OR f.quantity < 0 THEN format('Its quantity is %s, not %s.', f.quantity, trim_scale(f.counts)) END,
     CASE WHEN f.status IN ('VALIDATED', 'ALLOCATED') AND f.order_id IS NULL THEN format('It is %s without an order.', f.status) END,
     CASE WHEN f.status = 'REVIEW' AND coalesce(jsonb_typeof(f.review_reasons) <> 'array' OR f.review_reasons = '[]', true) THEN 'It is in review without a reason.' END,
     CASE WHEN f.status = 'CORRECTED' AND f.correcting_execution_id IS NULL THEN 'It is corrected, and nothing names what corrects it.' END,
     CASE WHEN f.status IN ('VALIDATED', 'ALLOCATED', 'REVIEW') AND f.correcting_execution_id IS NOT NULL THEN format('It is %s, and execution %s corrects it.', f.status, f.correcting_execution_id) END,
     -- a correction that waited in review is overtaken by one of the fill itself
     CASE WHEN f.correcting_execution_id IS NOT NULL AND f.correcting_of IS DISTINCT FROM f.id
      AND NOT (f.review_reasons IS NOT NULL AND f.corrected_execution_id IS NOT NULL AND f.correcting IS NOT NULL) THEN format('Execution %s, which corrects it, %s.', f.correcting_execution_id, CASE WHEN f.correcting IS NULL THEN 'does not exist' ELSE 'does not name it' END) END,
     -- a correction that waited in review and ended there has corrected nothing
     CASE WHEN (f.status IN ('VALIDATED', 'ALLOCATED') OR f.status IN ('CORRECTED', 'BUSTED') AND f.review_reasons IS NULL)
      AND f.corrected_execution_id IS NOT NULL AND f.corrected_by IS DISTINCT FROM f.id THEN format('Execution %s, which it corrects, %s.', f.corrected_execution_id, CASE WHEN f.corrected IS NULL THEN 'does not exist' ELSE 'does not name it' END) END
   ], NULL))
    FROM facts AS f
  UNION ALL
  SELECT 'orphan', 'execution', e.id, e.root_id, NULL, unnest(array_remove(ARRAY[
     CASE WHEN e.order_id IS NOT NULL AND o.id IS NULL THEN format('Its order %s does not exist.', e.order_id) END,
     CASE WHEN o.root_id <> e.root_id THEN format('Its order %s is in the tree of %s.', e.order_id, o.root_id) END,
     CASE WHEN e.order_id IS NULL AND e.root_id <> e.id THEN format('It has no order, and its root is %s.', e.root_id) END
   ], NULL))
    FROM oms.executions AS e
    LEFT JOIN oms.orders AS o ON o.id = e.order_id
  UNION ALL
  SELECT 'orphan', 'execution', m.execution_id, NULL, NULL,
         format('ExecID %s of session "%s" was matched to this execution, which does not exist.', m.exec_id, m.fix_session)
    FROM oms.matched_exec_ids AS m WHERE NOT EXISTS (SELECT FROM oms.executions AS e WHERE e.id = m.execution_id)
  UNION ALL
  SELECT 'orphan', 'execution', w.execution_id, NULL, NULL, format('It waits for order %s, and does not exist.', w.order_name)
    FROM oms.waiting_order_ids AS w WHERE NOT EXISTS (SELECT FROM oms.executions AS e WHERE e.id = w.execution_id)
$function$;
COMMENT ON FUNCTION oms.verify_execution_links() IS
  'Part of oms.verify(): corrections are linked both ways, its order exists and is of the same tree, a live execution has one, one in review has reasons, and each counts what was reported times its factor';

CREATE OR REPLACE FUNCTION oms.verify_execution_desk()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_execution_desk()');
  SELECT 'execution_desk', 'execution', e.id, e.root_id, NULL::bigint, unnest(array_remove(ARRAY[
     -- what only was to replace it has been proposed, and perhaps rejected
     CASE WHEN x.live AND e.superseded_execution_id IS NOT NULL AND old.superseding_execution_id IS DISTINCT FROM e.id THEN format('Execution %s, which it supersedes, %s.', e.superseded_execution_id, CASE WHEN old.id IS NULL THEN 'does not exist' ELSE 'does not name it' END) END,
     CASE WHEN e.superseding_execution_id IS NOT NULL AND new.superseded_execution_id IS DISTINCT FROM e.id THEN format('Execution %s, which supersedes it, %s.', e.superseding_execution_id, CASE WHEN new.id IS NULL THEN 'does not exist' ELSE 'does not name it' END) END,
     CASE WHEN e.superseding_execution_id IS NOT NULL AND e.status <> 'BUSTED' THEN format('It is %s, and execution %s supersedes it.', e.status, e.superseding_execution_id) END,
     CASE WHEN e.superseding_execution_id IS NOT NULL AND x.flags @> ARRAY['MANUAL'] IS NOT TRUE THEN 'It is superseded, and was not typed.' END,
     CASE WHEN x.flags @> ARRAY['MANUAL'] AND x.authors = 0 THEN 'It was typed by nobody.' END,
     CASE WHEN e.status = 'REJECTED' AND e.reason IS NULL THEN 'It is rejected without a reason.' END,
     CASE WHEN e.status <> 'REJECTED' AND e.dk_reason IS NOT NULL THEN format('It is %s, and has the reason of a rejection (DKReason %s).', e.status, e.dk_reason) END,
     CASE WHEN e.booked_at IS NOT NULL AND (e.status IN ('REVIEW', 'REJECTED') OR (e.booked_at BETWEEN e.created_at AND e.updated_at) IS NOT TRUE) THEN format('It is %s, made at %s, booked at %s, changed at %s.', e.status, e.created_at, e.booked_at, e.updated_at) END,
     CASE WHEN e.allocation_proposal IS NOT NULL AND NOT x.live THEN format('It is %s, and an allocation of it is proposed.', e.status) END,
     CASE WHEN (x.flags @> ARRAY['OVERRIDDEN']) <> (x.overridden > 0) THEN format('It is approved in spite of %s reasons, and %s.', x.overridden,
      CASE WHEN x.overridden > 0 THEN 'not flagged' ELSE 'flagged OVERRIDDEN' END) END
   ], NULL))
    FROM oms.executions AS e
    LEFT JOIN oms.executions AS old ON old.id = e.superseded_execution_id
    LEFT JOIN oms.executions AS new ON new.id = e.superseding_execution_id
   CROSS JOIN LATERAL (SELECT coalesce(e.flags, '{}') AS flags, e.status IN ('VALIDATED', 'ALLOCATED') AS live,
                              CASE jsonb_typeof(e.authors) WHEN 'array' THEN jsonb_array_length(e.authors) ELSE 0 END AS authors,
                              CASE jsonb_typeof(e.overridden_reasons) WHEN 'array' THEN jsonb_array_length(e.overridden_reasons) ELSE 0 END AS overridden) AS x
  UNION ALL
  -- of a bust that waited it is what it busts
  SELECT 'execution_desk', 'execution', e.id, e.root_id, NULL::bigint,
         CASE WHEN m.is_bust OR e.status = 'BUSTED' THEN format('Execution %s, to which it was moved, %s.', e.moved_to_execution_id, CASE WHEN new.id IS NULL THEN 'does not exist' ELSE 'does not name it' END)
              ELSE format('It is %s, and was moved to execution %s.', e.status, e.moved_to_execution_id) END
    FROM oms.executions AS e
    LEFT JOIN oms.executions AS new ON new.id = e.moved_to_execution_id
   CROSS JOIN LATERAL (SELECT e.exec_type = 'TRADE_CANCEL' AND e.corrected_execution_id IS NOT NULL AS is_bust) AS m
   WHERE e.moved_to_execution_id IS NOT NULL
     AND (new.moved_from_execution_id IS DISTINCT FROM CASE WHEN m.is_bust THEN e.corrected_execution_id ELSE e.id END OR NOT m.is_bust AND e.status <> 'BUSTED')
$function$;
COMMENT ON FUNCTION oms.verify_execution_desk() IS
  'Part of oms.verify(): what the desk did to executions: who typed them, what was superseded, moved, rejected and approved, and why';

CREATE OR REPLACE FUNCTION oms.verify_executions()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT oms.refuse_limited('oms.verify_executions()');
  SELECT * FROM oms.verify_allocation()
  UNION ALL SELECT * FROM oms.verify_execution_links()
  UNION ALL SELECT * FROM oms.verify_execution_desk()
  UNION ALL SELECT * FROM oms.verify_block_allocations()
  UNION ALL SELECT * FROM oms.verify_pools()
$function$;
COMMENT ON FUNCTION oms.verify_executions() IS 'Part of oms.verify(): the invariants of executions';

REVOKE ALL ON FUNCTION oms.executions_of_tree(text), oms.verify_execution_desk(), oms.verify_executions() FROM PUBLIC;
-- @install
REVOKE ALL ON FUNCTION oms.verify_allocation(), oms.verify_execution_links() FROM PUBLIC;
-- @end
