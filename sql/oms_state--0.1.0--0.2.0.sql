\echo Use "ALTER EXTENSION oms_state UPDATE TO '0.2.0'" to load this file. \quit
SET LOCAL search_path = pg_catalog, pg_temp;

-- From 0.1.0 to 0.2.0. One part a topic, each under its heading, in an order in which each finds what it needs.
-- test/t/064_upgrade.pl runs it over data of 0.1.0 and holds the catalog against a fresh installation.
-- Columns: ALTER TABLE puts a new one last, wherever the install script has it. Everything resolves columns by
-- name. A column that is added to oms.order_events comes to its partitions by itself; a function whose result
-- or parameters change is dropped and made again, with its comment and its REVOKE.
-- Old events keep their payload, their hash and their schemaVersion 1: nothing here writes one.

-- ---------------------------------------------------------------------------------------------------
-- comments in ASCII
-- ---------------------------------------------------------------------------------------------------

COMMENT ON COLUMN oms.orders.version IS 'Number of the order''s newest event: 1, 2, 3 ...';
COMMENT ON COLUMN oms.executions.review_reasons IS 'Array of {code, figures ...}: why it could not be booked';
COMMENT ON TABLE oms.rejected_commands IS 'Commands that oms_try_command() and oms_commands(..., false) refused';
COMMENT ON COLUMN oms.order_events.version IS 'Number of the event in its object: 1, 2, 3 ...';
COMMENT ON COLUMN oms.order_events.tree_version IS 'Number of the event in its tree: 1, 2, 3 ..., over all event tables';
COMMENT ON VIEW oms.order_tree IS 'Every order in its tree: a root, then its children, their children, ...';
COMMENT ON COLUMN oms.order_tree.depth IS '0 for a root, 1 for its children, ...';

-- ---------------------------------------------------------------------------------------------------
-- what a commandId stands for: by content, not by 64 bits of it
-- ---------------------------------------------------------------------------------------------------

ALTER TABLE oms.commands ALTER COLUMN command_hash DROP NOT NULL, ADD COLUMN content_hash bytea;
COMMENT ON TABLE oms.commands IS
  'The commandIds of each session user. Its events (by sequence) hold the command and what it answered; content_hash tells a repeat from another command.';
COMMENT ON COLUMN oms.commands.command_hash IS 'jsonb_hash_extended of a command that version 0.1.0 recorded; null since';
COMMENT ON COLUMN oms.commands.content_hash IS 'SHA-256 of the command''s text, its numbers without trailing zeros, in UTF-8: equal only for commands that are equal as jsonb';

-- ---------------------------------------------------------------------------------------------------
-- an order is live for its ancestors while it or anything below it is
-- ---------------------------------------------------------------------------------------------------

CREATE OR REPLACE VIEW oms.order_facts WITH (security_invoker = true) AS
  SELECT o.id, o.root_id, o.parent_id, c.closed, f.filled, NOT c.closed AND NOT f.filled OR o.live_children > 0 AS live,
         coalesce(o.conditions && ARRAY['DONE_FOR_DAY'], false)
           AND coalesce(o.time_in_force, 'DAY') NOT IN ('GOOD_TILL_CANCEL', 'GOOD_TILL_DATE') AS over_today,
         greatest(o.leaves_quantity, o.review_quantity, i.increased_leaves) AS reservation
    FROM oms.orders AS o
   CROSS JOIN LATERAL (SELECT coalesce(o.conditions && ARRAY['REJECTED', 'CANCELLED', 'EXPIRED', 'CALCULATED'], false)) AS c (closed)
   CROSS JOIN LATERAL (SELECT coalesce(o.order_qty > 0 AND o.executed_quantity >= o.order_qty, false)) AS f (filled)
   CROSS JOIN LATERAL (
     SELECT CASE WHEN c.closed THEN 0 ELSE max((p.request ->> 'orderQty')::numeric) - o.executed_quantity END AS increased_leaves
       FROM jsonb_array_elements(CASE jsonb_typeof(o.pending_requests) WHEN 'array' THEN o.pending_requests ELSE '[]' END) AS p (request)
      WHERE p.request ->> 'request' = 'REPLACE' AND jsonb_typeof(p.request -> 'orderQty') = 'number'
   ) AS i;
COMMENT ON COLUMN oms.order_facts.live IS 'For its ancestors: it is neither closed nor filled, or something below it is live';
COMMENT ON COLUMN oms.orders.live_children IS 'Children that are live, or have something live below them';
