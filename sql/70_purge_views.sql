-- The roots of trees that may be purged once no policy keeps them: nothing of the root itself is open (doc/lifecycle.md).

CREATE VIEW oms.purgeable_orders WITH (security_invoker = true) AS
  SELECT o.ctid AS place, o.id, o.created_at, o.tree_updated_at, o.account FROM oms.orders AS o WHERE o.parent_id IS NULL AND o.closed;
COMMENT ON VIEW oms.purgeable_orders IS 'Roots of trees of orders that are closed: what oms.purge() tries when they are old enough';
CREATE VIEW oms.purgeable_executions WITH (security_invoker = true) AS
  SELECT e.ctid AS place, e.id, e.created_at, e.tree_updated_at, e.account FROM oms.executions AS e WHERE e.order_id IS NULL AND e.status NOT IN ('REVIEW', 'VALIDATED');
COMMENT ON VIEW oms.purgeable_executions IS 'Executions that never found their order, and are through';
CREATE VIEW oms.purgeable_quote_requests WITH (security_invoker = true) AS
  SELECT r.ctid AS place, r.id, r.created_at, r.tree_updated_at, r.account FROM oms.quote_requests AS r WHERE r.status NOT IN ('NEW', 'QUOTED');
COMMENT ON VIEW oms.purgeable_quote_requests IS 'Requests for quotes that are through';
CREATE VIEW oms.purgeable_quotes WITH (security_invoker = true) AS
  SELECT q.ctid AS place, q.id, q.created_at, q.tree_updated_at, q.account FROM oms.quotes AS q WHERE q.quote_request_id IS NULL AND q.status <> 'ACTIVE';
COMMENT ON VIEW oms.purgeable_quotes IS 'Quotes that nobody asked for, and are through';
