-- Views for people. A view reads with the rights of whoever asks (security_invoker), so that row-level
-- security of the tables holds in it too. Columns stand in reading order.


-- Walked tree by tree, down from each root, so that a condition on root_id reads that tree alone; what hangs
-- on no root is not seen here, but by oms.verify(). So it ends whatever parent_id says: an order has one parent,
-- and orders that go round in a cycle are below no root.
CREATE OR REPLACE VIEW oms.order_tree WITH (security_invoker = true) AS
  SELECT t.depth, t.path, o.id, r.id AS root_id, o.parent_id, o.cl_ord_id, o.status, o.symbol, o.side,
         o.order_qty, o.executed_quantity, o.leaves_quantity, o.working_quantity, o.unplaced_quantity, o.allocated_quantity,
         o.avg_px, o.ord_type, o.price, o.time_in_force, o.destination, o.account, o.flags, o.version, o.created_at, o.updated_at,
         o.desk_status, o.desk_user, t.branch || coalesce(o.cl_ord_id, o.id) AS tree, o.own_executed_quantity
    FROM oms.orders AS r
   CROSS JOIN LATERAL (
     WITH RECURSIVE branch AS (
       SELECT 0 AS depth, ARRAY[r.id] AS path, r.id, '' AS branch, '' AS below
       UNION ALL
       SELECT b.depth + 1, b.path || c.id, c.id,
              b.below || CASE WHEN lead(c.id) OVER siblings IS NULL THEN '`- ' ELSE '|- ' END,
              b.below || CASE WHEN lead(c.id) OVER siblings IS NULL THEN '   ' ELSE '|  ' END
         FROM branch AS b
         JOIN oms.orders AS c ON c.root_id = r.id AND c.parent_id = b.id
       WINDOW siblings AS (PARTITION BY c.parent_id ORDER BY c.id)
     )
     SELECT b.depth, b.path, b.id, b.branch FROM branch AS b
   ) AS t
    JOIN oms.orders AS o ON o.id = t.id
   WHERE r.parent_id IS NULL
   ORDER BY r.created_at, r.id, t.path;
COMMENT ON VIEW oms.order_tree IS 'Every order in its tree: a root, then its children, their children, ...';
COMMENT ON COLUMN oms.order_tree.depth IS '0 for a root, 1 for its children, ...';
COMMENT ON COLUMN oms.order_tree.path IS 'Ids from the root down to the order itself';
COMMENT ON COLUMN oms.order_tree.executed_quantity IS 'Of its own fills, of all below it, and of blocks';
COMMENT ON COLUMN oms.order_tree.own_executed_quantity IS 'Of its own fills alone';
COMMENT ON COLUMN oms.order_tree.tree IS 'The order''s clOrdID, or id, at its place in a drawing of the tree';

CREATE OR REPLACE VIEW oms.client_orders WITH (security_invoker = true) AS
  SELECT o.id, o.cl_ord_id, o.account, o.status, o.symbol, o.side, o.order_qty, o.cash_order_qty, o.ord_type, o.price, o.stop_px,
         o.time_in_force, o.expire_time, o.expire_date, o.executed_quantity, o.leaves_quantity, o.working_quantity,
         o.unplaced_quantity, o.allocated_quantity, o.avg_px, o.currency, o.asset_class, o.child_count, o.live_children,
         o.flags, o.reason, o.text, o.attributes, o.version, o.tree_version, o.created_at, o.updated_at, o.tree_updated_at,
         o.desk_status, o.desk_user, o.block_order_ids, o.live_blocks
    FROM oms.orders AS o
   WHERE o.parent_id IS NULL AND o.members IS NULL;
COMMENT ON VIEW oms.client_orders IS 'Client orders: the roots of the trees, but for blocks';

CREATE OR REPLACE VIEW oms.market_orders WITH (security_invoker = true) AS
  SELECT o.id, o.root_id, o.parent_id, o.cl_ord_id, o.counterparty_order_id, o.destination, o.status, o.symbol, o.side,
         o.order_qty, o.cash_order_qty, o.ord_type, o.price, o.stop_px, o.time_in_force, o.expire_time, o.expire_date,
         o.own_executed_quantity, o.executed_quantity, o.leaves_quantity, o.review_quantity, o.allocated_quantity, o.avg_px,
         o.reported_ord_status, o.reported_cum_qty, o.reported_leaves_qty, o.reported_avg_px,
         o.currency, o.asset_class, o.account, o.flags, o.reason, o.text, o.attributes, o.version, o.created_at, o.updated_at, o.members,
         o.desk_status, o.desk_user
    FROM oms.orders AS o
   WHERE o.parent_id IS NOT NULL OR o.members IS NOT NULL OR o.own_executed_quantity > 0 OR o.review_quantity > 0;
COMMENT ON VIEW oms.market_orders IS
  'Market orders: what is placed below a client order, blocks, and roots that have fills of their own (in review too)';

CREATE OR REPLACE VIEW oms.trade_blotter WITH (security_invoker = true) AS
  SELECT coalesce(e.booked_at, e.created_at) AS booked_at, e.transact_time, e.id AS execution_id, e.exec_id, e.status, e.symbol, e.side,
         e.quantity, e.last_qty, e.last_px, e.last_qty * e.last_px AS value, coalesce(e.currency, o.currency, r.currency) AS currency,
         e.last_mkt, o.destination, e.order_id, o.cl_ord_id, o.counterparty_order_id, o.status AS order_status,
         e.root_id, r.cl_ord_id AS root_cl_ord_id, r.account, r.status AS root_status,
         e.allocated_quantity, e.allocations, e.corrected_execution_id, e.flags, e.text, e.version,
         e.trade_date, e.settl_date, e.commission, e.comm_type, e.last_capacity, e.reported_account,
         e.created_at AS received_at
    FROM oms.executions AS e
    JOIN oms.orders AS o ON o.id = e.order_id
    JOIN oms.orders AS r ON r.id = e.root_id
   WHERE e.status IN ('VALIDATED', 'ALLOCATED');
COMMENT ON VIEW oms.trade_blotter IS
  'The trades that count: live executions with their order and its root; oms.allocated_trades has what each client order has of them';
COMMENT ON COLUMN oms.trade_blotter.booked_at IS 'Since when it counts: when it was approved, if it waited in review, else when it came';
COMMENT ON COLUMN oms.trade_blotter.received_at IS 'When it came; an index has this order';
COMMENT ON COLUMN oms.trade_blotter.quantity IS 'What the fill counts for today: last_qty times the factor of later splits';
COMMENT ON COLUMN oms.trade_blotter.value IS 'last_qty times last_px, which no split changes';

-- What an event holds may have been damaged: what is no number there is none here.
CREATE OR REPLACE VIEW oms.order_history WITH (security_invoker = true) AS
  SELECT e.occurred_at, e.aggregate_id AS order_id, s.state ->> 'clOrdID' AS cl_ord_id, e.version, e.event_type, s.state ->> 'status' AS status,
         e.payload #>> '{command,reason}' AS reason, e.payload #>> '{command,text}' AS text, e.actor, e.role, e.via,
         e.payload #>> '{command,commandType}' AS command_type, e.command_id,
         s.state ->> 'symbol' AS symbol, s.state ->> 'account' AS account,
         n.order_qty, n.price, n.executed_quantity, n.leaves_quantity, n.working_quantity, n.avg_px,
         s.state ->> 'deskStatus' AS desk_status, s.state ->> 'deskUser' AS desk_user, e.transition, t.sentence, e.root_id, e.tree_version, e.sequence,
         oms.state_changes((SELECT b.payload -> 'state' FROM oms.order_events AS b WHERE b.aggregate_id = e.aggregate_id AND b.version = e.version - 1 LIMIT 1), s.state) AS changes
    FROM (SELECT o.occurred_at, o.aggregate_id, o.version, o.event_type, o.payload, o.actor, o.role, o.via, o.command_id, o.transition, o.root_id, o.tree_version, o.sequence
            FROM oms.order_events AS o
          UNION ALL
          SELECT t.occurred_at, t.aggregate_id, t.version, t.event_type, t.payload, t.actor, t.role, t.via, t.command_id, t.transition, t.root_id, t.tree_version, t.sequence
            FROM oms.purged_trees AS t WHERE t.object = 'order') AS e
   CROSS JOIN LATERAL (SELECT e.payload -> 'state' AS state) AS s
   CROSS JOIN LATERAL (
     SELECT CASE jsonb_typeof(s.state -> 'orderQty') WHEN 'number' THEN (s.state -> 'orderQty')::numeric END AS order_qty,
            CASE jsonb_typeof(s.state -> 'price') WHEN 'number' THEN (s.state -> 'price')::numeric END AS price,
            CASE jsonb_typeof(s.state -> 'executedQuantity') WHEN 'number' THEN (s.state -> 'executedQuantity')::numeric END AS executed_quantity,
            CASE jsonb_typeof(s.state -> 'leavesQuantity') WHEN 'number' THEN (s.state -> 'leavesQuantity')::numeric END AS leaves_quantity,
            CASE jsonb_typeof(s.state -> 'workingQuantity') WHEN 'number' THEN (s.state -> 'workingQuantity')::numeric END AS working_quantity,
            CASE jsonb_typeof(s.state -> 'avgPx') WHEN 'number' THEN (s.state -> 'avgPx')::numeric END AS avg_px
   ) AS n
    LEFT JOIN oms.list_transitions() AS t ON t.transition = e.transition;
-- @upgrade
DO $do$
BEGIN
  EXECUTE current_setting('oms_upgrade.grants');
  -- they are the user's own, not the extension's: a dump must carry them
  DELETE FROM pg_init_privs AS i WHERE i.classoid = 'pg_class'::regclass AND i.objoid = 'oms.order_history'::regclass;
END
$do$;
-- @end
COMMENT ON VIEW oms.order_history IS 'What happened to orders, event by event: who did it, why and by which command, the state after it, and the rule that fired';
COMMENT ON COLUMN oms.order_history.reason IS 'Why: the reason that the command gave';
COMMENT ON COLUMN oms.order_history.text IS 'Text (58) of the command; what an order keeps of it stands in its own row';
COMMENT ON COLUMN oms.order_history.changes IS 'What it changed, field by field: {"price": {"from": 10, "to": 11}, ...}; the first event everything';
COMMENT ON COLUMN oms.order_history.sentence IS 'What the transition means, as oms.state_transitions says it';
