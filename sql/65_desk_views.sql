-- What the execution desk has before it.

-- What a row holds may have been damaged: what is no list there is an empty one here, and what is no number none.
CREATE OR REPLACE VIEW oms.desk_queue WITH (security_invoker = true) AS
  WITH desk AS (
    -- what is sent to it, and what blocks work for
    SELECT o.id FROM oms.orders AS o WHERE o.desk_status IN ('QUEUED', 'CLAIMED')
    UNION
    SELECT m.order_id FROM oms.block_members AS m WHERE m.live
  ), waiting AS (
    SELECT o.desk_since AS waiting_since, 'ORDER' AS what, o.id AS order_id, o.desk_reason AS reason, o.text,
           NULL::date AS trade_date, NULL::numeric AS unallocated_quantity, NULL::jsonb AS request, NULL::text AS execution_id, NULL::text AS author
      FROM oms.orders AS o
     WHERE o.desk_status IN ('QUEUED', 'CLAIMED')
    UNION ALL
    SELECT coalesce(e.occurred_at, o.updated_at), 'REQUEST', o.id, e.reason, e.text, NULL, NULL, r.request, NULL, NULL
      FROM desk AS d
      JOIN oms.orders AS o ON o.id = d.id
     CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(o.pending_requests) WHEN 'array' THEN o.pending_requests ELSE '[]' END) AS r (request)
      LEFT JOIN LATERAL (
        SELECT h.occurred_at, h.payload #>> '{command,reason}' AS reason, h.payload #>> '{command,text}' AS text
          FROM oms.order_events AS h
         WHERE h.aggregate_id = o.id AND h.event_type IN ('OrderCancelRequested', 'OrderReplaceRequested')
           AND h.payload #>> '{command,clOrdID}' IS NOT DISTINCT FROM r.request ->> 'clOrdID'
         ORDER BY h.version DESC
         LIMIT 1
      ) AS e ON true
     WHERE o.pending_requests IS NOT NULL AND (o.desk_status IN ('QUEUED', 'CLAIMED') OR o.live_blocks > 0)
    UNION ALL
    SELECT min(f.created_at), 'ALLOCATION', b.id, NULL, NULL, f.trade_date, sum(f.unallocated_quantity), NULL, NULL, NULL
      FROM oms.orders AS b
      JOIN oms.block_fills AS f ON f.block_id = b.id
     WHERE b.members IS NOT NULL AND b.executed_quantity <> b.allocated_quantity AND f.status = 'VALIDATED'
     GROUP BY b.id, f.trade_date
    UNION ALL
    SELECT coalesce(p.occurred_at, e.updated_at), 'PROPOSAL', e.root_id, e.allocation_proposal #>> '{command,reason}', e.allocation_proposal #>> '{command,text}',
           coalesce(e.trade_date, e.trading_day, oms.trading_day(coalesce(e.transact_time, e.created_at))), e.quantity - e.allocated_quantity, NULL,
           e.id, e.allocation_proposal ->> 'author'
      FROM oms.executions AS e
      LEFT JOIN LATERAL (
        SELECT h.occurred_at FROM oms.execution_events AS h
         WHERE h.aggregate_id = e.id AND h.event_type = 'ExecutionAllocationProposed'
         ORDER BY h.version DESC
         LIMIT 1
      ) AS p ON true
     WHERE e.allocation_proposal IS NOT NULL
  )
  SELECT w.waiting_since, CASE WHEN isfinite(w.waiting_since) THEN greatest(now() - w.waiting_since, '0') END AS age, w.what, w.order_id, o.cl_ord_id, o.account, o.symbol, o.side,
         o.order_qty, o.unplaced_quantity, w.unallocated_quantity, o.status, o.desk_status, o.desk_user, w.reason, w.text,
         w.request ->> 'request' AS request, w.request ->> 'clOrdID' AS request_cl_ord_id,
         CASE jsonb_typeof(w.request -> 'orderQty') WHEN 'number' THEN (w.request -> 'orderQty')::numeric END AS request_order_qty,
         CASE jsonb_typeof(w.request -> 'price') WHEN 'number' THEN (w.request -> 'price')::numeric END AS request_price,
         w.trade_date, w.trade_date < oms.trading_day(now()) AS overdue, o.block_order_ids, o.executed_quantity, o.avg_px, o.fix_session, o.version,
         w.execution_id, w.author
    FROM waiting AS w
    JOIN oms.orders AS o ON o.id = w.order_id
   ORDER BY w.waiting_since, w.order_id, w.what;
COMMENT ON VIEW oms.desk_queue IS
  'What waits for the execution desk, and for whom of it, the longest first: orders QUEUED or CLAIMED; open requests to cancel or replace one, or a member of a block; fills of blocks that are not allocated; allocations that wait for somebody else (oms_state.allocation_four_eyes)';
COMMENT ON COLUMN oms.desk_queue.waiting_since IS 'When the order came into its desk status, the request or proposal was made, or the oldest of the fills was booked';
COMMENT ON COLUMN oms.desk_queue.what IS 'ORDER, REQUEST, ALLOCATION or PROPOSAL; a row for each request, and for each trade date of a block''s fills';
COMMENT ON COLUMN oms.desk_queue.unplaced_quantity IS 'What may still be placed with children or blocks';
COMMENT ON COLUMN oms.desk_queue.unallocated_quantity IS 'ALLOCATION: what of the block''s fills of that trade date is nobody''s; PROPOSAL: of the fill';
COMMENT ON COLUMN oms.desk_queue.reason IS 'ORDER: why it is on the desk; REQUEST, PROPOSAL: the reason that was given';
COMMENT ON COLUMN oms.desk_queue.request IS 'REQUEST: CANCEL or REPLACE; then its ClOrdID, and the quantity and price that are asked for';
COMMENT ON COLUMN oms.desk_queue.trade_date IS 'ALLOCATION: as the fills state it, else the trading day of their time';
COMMENT ON COLUMN oms.desk_queue.overdue IS 'ALLOCATION: the trade date is over';
COMMENT ON COLUMN oms.desk_queue.execution_id IS 'PROPOSAL: the fill that ApproveExecutionCommand or RejectExecutionCommand names; its allocation_proposal has the command';
COMMENT ON COLUMN oms.desk_queue.author IS 'PROPOSAL: who made it, and cannot approve it';
