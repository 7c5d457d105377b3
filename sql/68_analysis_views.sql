-- For analysts: what was filled when, how fast, how well, where, and who worked on it. Times are the server's clock.
-- A quantity of 0, a price that is not known, or a time that no command can have written makes a figure null, and never an error.

CREATE VIEW oms.fills_by_hour WITH (security_invoker = true) AS
  SELECT b.symbol, date_trunc('hour', b.booked_at) AS hour, b.side, b.currency, count(*) AS fills, sum(b.quantity) AS quantity, sum(b.value) AS value,
         trim_scale(round(sum(b.value) / nullif(sum(b.quantity), 0), 10)) AS avg_px,
         min(trim_scale(round(b.value / nullif(b.quantity, 0), 10))) AS low_px, max(trim_scale(round(b.value / nullif(b.quantity, 0), 10))) AS high_px
    FROM oms.trade_blotter AS b
   GROUP BY b.symbol, date_trunc('hour', b.booked_at), b.side, b.currency;
COMMENT ON VIEW oms.fills_by_hour IS 'The fills that count, by symbol, hour, side and currency';
COMMENT ON COLUMN oms.fills_by_hour.hour IS 'When it began, in the session''s time zone; by the time of booking';
COMMENT ON COLUMN oms.fills_by_hour.quantity IS 'In units of today: times the factor of later splits';
COMMENT ON COLUMN oms.fills_by_hour.value IS 'Quantity times price, in the currency';
COMMENT ON COLUMN oms.fills_by_hour.avg_px IS 'value / quantity, rounded to 10 decimals';
COMMENT ON COLUMN oms.fills_by_hour.low_px IS 'The lowest price, for a unit of today';
COMMENT ON COLUMN oms.fills_by_hour.high_px IS 'The highest price, for a unit of today';

-- Each part is asked of one order by an index, and only where its columns are.
CREATE VIEW oms.order_performance WITH (security_invoker = true) AS
  SELECT c.id AS order_id, c.cl_ord_id, c.account, c.symbol, c.side, c.currency, c.status, c.created_at, c.order_qty, c.executed_quantity,
         round(c.executed_quantity / nullif(c.order_qty, 0), 6) AS fill_ratio,
         a.accepted_at, CASE WHEN isfinite(a.accepted_at) AND isfinite(c.created_at) THEN a.accepted_at - c.created_at END AS time_to_accept,
         f.first_fill_at, CASE WHEN isfinite(f.first_fill_at) AND isfinite(c.created_at) THEN f.first_fill_at - c.created_at END AS time_to_first_fill,
         f.last_fill_at, CASE WHEN isfinite(f.last_fill_at) AND isfinite(c.created_at) THEN f.last_fill_at - c.created_at END AS time_to_last_fill, f.fills,
         c.price AS limit_px, f.avg_px,
         trim_scale(CASE WHEN s.buys THEN c.price - f.avg_px ELSE f.avg_px - c.price END) AS limit_improvement,
         v.vwap, round(10000 * CASE WHEN s.buys THEN f.avg_px - v.vwap ELSE v.vwap - f.avg_px END / nullif(v.vwap, 0), 4) AS vwap_slippage,
         r.arrival_px, round(10000 * CASE WHEN s.buys THEN f.avg_px - r.arrival_px ELSE r.arrival_px - f.avg_px END / nullif(abs(r.arrival_px), 0), 4) AS arrival_slippage
    FROM oms.orders AS c
   CROSS JOIN LATERAL (SELECT oms.quote_takes_offer(c.symbol, c.currency, c.side) AS buys) AS s
    LEFT JOIN LATERAL (
      SELECT min(e.occurred_at) AS accepted_at FROM oms.order_events AS e WHERE e.aggregate_id = c.id AND e.event_type = 'OrderAccepted'
    ) AS a ON true
    LEFT JOIN LATERAL (
      SELECT min(t.booked_at) AS first_fill_at, max(t.booked_at) AS last_fill_at, count(*) AS fills,
             trim_scale(round(sum(t.value) / nullif(sum(t.quantity), 0), 10)) AS avg_px
        FROM oms.allocated_trades AS t WHERE t.order_id = c.id
    ) AS f ON true
    LEFT JOIN LATERAL (
      SELECT trim_scale(round(sum(e.last_qty * e.last_px) / nullif(sum(e.quantity), 0), 10)) AS vwap
        FROM oms.executions AS e
       WHERE e.symbol = c.symbol AND e.created_at BETWEEN c.created_at AND f.last_fill_at
         AND e.currency IS NOT DISTINCT FROM c.currency AND e.status IN ('VALIDATED', 'ALLOCATED')
    ) AS v ON true
    LEFT JOIN LATERAL (
      SELECT coalesce(oms.attribute_number(c.attributes, 'arrivalPrice'),
                      (SELECT p.price FROM oms.reference_prices AS p WHERE p.symbol = c.symbol AND p.priced_at <= c.created_at)) AS arrival_px
    ) AS r ON true
   WHERE c.parent_id IS NULL AND c.members IS NULL;
COMMENT ON VIEW oms.order_performance IS 'One row a client order: how much of it was filled, how fast, and at which price against its limit, the market of our own fills, and its arrival';
COMMENT ON COLUMN oms.order_performance.fill_ratio IS 'executed_quantity / order_qty, 1 = all of it';
COMMENT ON COLUMN oms.order_performance.accepted_at IS 'When a counterparty, or the desk, accepted it; null where it was made as NEW, or was not accepted yet';
COMMENT ON COLUMN oms.order_performance.time_to_accept IS 'From its creation to accepted_at';
COMMENT ON COLUMN oms.order_performance.first_fill_at IS 'When the first of the fills that count was booked; of a block''s, the fill that was allocated to it';
COMMENT ON COLUMN oms.order_performance.time_to_first_fill IS 'From its creation to first_fill_at';
COMMENT ON COLUMN oms.order_performance.last_fill_at IS 'When the last of them was booked';
COMMENT ON COLUMN oms.order_performance.time_to_last_fill IS 'From its creation to last_fill_at';
COMMENT ON COLUMN oms.order_performance.fills IS 'Fills, or parts of fills, that it has';
COMMENT ON COLUMN oms.order_performance.limit_px IS 'Its limit, for a unit of today; null: it has none';
COMMENT ON COLUMN oms.order_performance.avg_px IS 'Value / quantity of what it has of fills, rounded to 10 decimals; null without any';
COMMENT ON COLUMN oms.order_performance.limit_improvement IS 'By how much avg_px is better than the limit, in units of price; negative: worse. Sides are turned where the currency is the second one of a pair';
COMMENT ON COLUMN oms.order_performance.vwap IS 'Average price by volume of all our own fills in that symbol and currency from its creation to its last fill';
COMMENT ON COLUMN oms.order_performance.vwap_slippage IS 'By how much avg_px is worse than vwap, in basis points; negative: better';
COMMENT ON COLUMN oms.order_performance.arrival_px IS 'What the symbol was worth when the order arrived: its attribute arrivalPrice, else the price of oms.reference_prices where that is not younger than the order; null: not known';
COMMENT ON COLUMN oms.order_performance.arrival_slippage IS 'By how much avg_px is worse than arrival_px, in basis points; negative: better';

-- An order without children, and no block, is one that somebody outside has, or had.
CREATE VIEW oms.order_outcomes WITH (security_invoker = true) AS
  WITH orders AS (
    SELECT oms.trading_day(o.created_at) AS day, o.destination, o.symbol, o.status, CASE WHEN o.status IN ('CANCELLED', 'REJECTED', 'EXPIRED') THEN o.reason END AS reason,
           o.order_qty, o.executed_quantity
      FROM oms.orders AS o
     WHERE o.child_count = 0 AND o.members IS NULL
  )
  SELECT o.day, o.destination, o.symbol, o.status, o.reason, count(*) AS orders,
         round(count(*) / sum(count(*)) OVER (PARTITION BY o.day, o.destination, o.symbol), 6) AS share,
         sum(o.order_qty) AS order_qty, sum(o.executed_quantity) AS executed_quantity
    FROM orders AS o
   GROUP BY o.day, o.destination, o.symbol, o.status, o.reason;
COMMENT ON VIEW oms.order_outcomes IS 'What became of orders without children: how many by trading day, destination, symbol, status, and the reason of those that were cancelled, rejected or have expired';
COMMENT ON COLUMN oms.order_outcomes.day IS 'The trading day on which the order was made';
COMMENT ON COLUMN oms.order_outcomes.share IS 'orders / all orders of that day, destination and symbol: of CANCELLED and REJECTED the rates';
COMMENT ON COLUMN oms.order_outcomes.executed_quantity IS 'What was filled of them nevertheless';

CREATE VIEW oms.venue_comparison WITH (security_invoker = true) AS
  SELECT o.destination, o.symbol, count(*) AS orders, sum(o.order_qty) AS order_qty, sum(o.executed_quantity) AS executed_quantity,
         round(sum(o.executed_quantity) / nullif(sum(o.order_qty), 0), 6) AS fill_ratio,
         coalesce(sum(f.fills), 0)::bigint AS fills, trim_scale(round(sum(o.executed_quantity) / nullif(sum(f.fills), 0), 10)) AS average_fill,
         percentile_disc(0.5) WITHIN GROUP (ORDER BY CASE WHEN isfinite(f.first_fill_at) AND isfinite(o.created_at) THEN f.first_fill_at - o.created_at END) AS median_time_to_first_fill,
         round(count(*) FILTER (WHERE o.status = 'CANCELLED')::numeric / count(*), 6) AS cancel_rate,
         round(count(*) FILTER (WHERE o.status = 'REJECTED')::numeric / count(*), 6) AS reject_rate,
         trim_scale(round(sum(CASE WHEN s.buys THEN o.price * o.executed_quantity - o.executed_value ELSE o.executed_value - o.price * o.executed_quantity END) FILTER (WHERE o.price IS NOT NULL)
                    / nullif(sum(o.executed_quantity) FILTER (WHERE o.price IS NOT NULL), 0), 10)) AS limit_improvement,
         count(*) FILTER (WHERE 'LATE_FILL' = ANY (o.flags)) AS late_fills, count(*) FILTER (WHERE 'DISAGREES' = ANY (o.flags)) AS disagreements
    FROM oms.orders AS o
   CROSS JOIN LATERAL (SELECT oms.quote_takes_offer(o.symbol, o.currency, o.side) AS buys) AS s
    LEFT JOIN LATERAL (
      SELECT count(*) AS fills, min(coalesce(e.booked_at, e.created_at)) AS first_fill_at
        FROM oms.executions AS e WHERE e.order_id = o.id AND e.status IN ('VALIDATED', 'ALLOCATED')
    ) AS f ON true
   WHERE o.child_count = 0 AND o.members IS NULL
   GROUP BY o.destination, o.symbol;
COMMENT ON VIEW oms.venue_comparison IS 'Destinations beside each other, by symbol: orders without children, how much, how fast and how well they were filled';
COMMENT ON COLUMN oms.venue_comparison.fill_ratio IS 'executed_quantity / order_qty, 1 = all';
COMMENT ON COLUMN oms.venue_comparison.average_fill IS 'Quantity of a fill, on average';
COMMENT ON COLUMN oms.venue_comparison.median_time_to_first_fill IS 'From the order''s creation to the booking of its first fill; of orders that have one';
COMMENT ON COLUMN oms.venue_comparison.cancel_rate IS 'Share of its orders that are CANCELLED';
COMMENT ON COLUMN oms.venue_comparison.reject_rate IS 'Share of its orders that are REJECTED';
COMMENT ON COLUMN oms.venue_comparison.limit_improvement IS 'By how much fills were better than the orders'' limits, in units of price, by quantity; negative: worse';
COMMENT ON COLUMN oms.venue_comparison.late_fills IS 'Orders that were filled after they had ended';
COMMENT ON COLUMN oms.venue_comparison.disagreements IS 'Orders of which the counterparty states other figures than ours';

-- Who did how much. What stands in the queue now is oms.desk_queue.
CREATE VIEW oms.desk_workload WITH (security_invoker = true) AS
  WITH work AS (
    SELECT e.occurred_at, e.actor, e.payload #>> '{command,commandType}' AS command_type, e.event_type, NULL::interval AS waited
      FROM oms.execution_events AS e
     WHERE e.event_type <> 'ExecutionRestated'
    UNION ALL
    SELECT e.occurred_at, e.actor, e.payload #>> '{command,commandType}', e.event_type,
           -- since it came into the state before, which its event before says
           CASE WHEN e.event_type = 'OrderClaimed' AND isfinite(e.occurred_at)
                THEN e.occurred_at - (SELECT h.occurred_at FROM oms.order_events AS h
                                       WHERE h.aggregate_id = e.aggregate_id AND h.version < e.version AND h.event_type = 'OrderSentToDesk' AND isfinite(h.occurred_at)
                                       ORDER BY h.version DESC LIMIT 1) END
      FROM oms.order_events AS e
     WHERE e.event_type IN ('OrderClaimed', 'OrderReleasedFromDesk', 'OrderPlaced', 'OrderSentToDesk')
  )
  SELECT oms.trading_day(w.occurred_at) AS day, w.actor,
         count(*) FILTER (WHERE w.event_type = 'OrderSentToDesk') AS sent_to_desk, count(*) FILTER (WHERE w.event_type = 'OrderClaimed') AS claimed,
         count(*) FILTER (WHERE w.event_type = 'OrderReleasedFromDesk') AS released, count(*) FILTER (WHERE w.event_type = 'OrderPlaced') AS placed,
         count(*) FILTER (WHERE w.command_type = 'CreateManualExecutionCommand') AS manual_executions,
         count(*) FILTER (WHERE w.command_type = 'ApproveExecutionCommand') AS approved, count(*) FILTER (WHERE w.command_type = 'RejectExecutionCommand') AS rejected,
         count(*) FILTER (WHERE w.command_type = 'CorrectExecutionCommand') AS corrected, count(*) FILTER (WHERE w.command_type = 'BustExecutionCommand') AS busted,
         count(*) FILTER (WHERE w.command_type IN ('AllocateExecutionCommand', 'DeallocateExecutionCommand')) AS allocated,
         percentile_disc(0.5) WITHIN GROUP (ORDER BY w.waited) AS median_wait
    FROM work AS w
   WHERE w.event_type LIKE 'Order%'
      OR w.command_type IN ('CreateManualExecutionCommand', 'ApproveExecutionCommand', 'RejectExecutionCommand', 'CorrectExecutionCommand', 'BustExecutionCommand',
                            'AllocateExecutionCommand', 'DeallocateExecutionCommand')
   GROUP BY oms.trading_day(w.occurred_at), w.actor;
COMMENT ON VIEW oms.desk_workload IS 'What was done on the desk, by trading day and by whom (actor), counted in events; a feed''s corrections and busts count for the feed''s login';
COMMENT ON COLUMN oms.desk_workload.sent_to_desk IS 'Orders that it sent to the desk: clients, feeds, routing';
COMMENT ON COLUMN oms.desk_workload.claimed IS 'Orders that it claimed or was given';
COMMENT ON COLUMN oms.desk_workload.placed IS 'Placements, of people and of routing';
COMMENT ON COLUMN oms.desk_workload.median_wait IS 'How long the orders that it claimed had waited on the desk';
