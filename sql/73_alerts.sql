-- All that somebody should look at, in one view.

CREATE VIEW oms.alerts WITH (security_invoker = true) AS
  SELECT 'bridge'::text AS area, a.severity, a.what, a.name, a.detail, a.hint FROM oms.bridge_alerts AS a
  UNION ALL
  SELECT 'lifecycle', a.severity, a.what, a.name, a.detail, a.hint FROM oms.lifecycle_alerts AS a
  UNION ALL
  SELECT 'events', 'warning', 'partition_missing', min(m.leaf)::text, format('%s partition(s) of this month and the next are not there.', count(*)),
         'The first command that needs one makes it, while others wait: SELECT oms.ensure_partitions(), each day by the job partitions.'
    FROM oms.missing_partitions(1) AS m
   -- a store that has no event yet misses nothing
   WHERE NOT pg_is_in_recovery() AND EXISTS (SELECT FROM oms.event_tables() AS e JOIN pg_inherits AS i ON i.inhparent = e.relid) HAVING count(*) > 0;
COMMENT ON VIEW oms.alerts IS 'What somebody should look at, all of it: oms.bridge_alerts, oms.lifecycle_alerts, and partitions of events that are missing for this month or the next (partition_missing). doc/runbook.md says what to do for each';
