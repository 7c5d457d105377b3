-- What is due, of orders, quotes and requests: derived from what stands in the tables, at each run. There is no timer that could be lost, and no queue of what is due.

-- Since when an order has its present time in force: it was created, it was given one (again), or it lives again.
CREATE FUNCTION oms.time_in_force_since(order_id text, created_at timestamptz) RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT coalesce(max(e.occurred_at), created_at)
    FROM (SELECT v.occurred_at, v.event_type, v.transition, v.payload -> 'command' AS command, v.payload -> 'state' ->> 'timeInForce' AS tif,
                 lag(v.payload -> 'state' ->> 'timeInForce') OVER (ORDER BY v.version) AS tif_before, v.version
            FROM oms.order_events AS v WHERE v.aggregate_id = order_id AND v.occurred_at >= created_at) AS e
   WHERE e.version = 1 OR e.transition IN (115, 174, 230, 299) OR e.tif IS DISTINCT FROM e.tif_before
      OR (e.event_type IN ('OrderReplaced', 'OrderRestated') AND e.command ? 'timeInForce' AND e.command ->> 'orderId' = order_id)
$function$;
COMMENT ON FUNCTION oms.time_in_force_since(text, timestamptz) IS
  'Since when an order, created then, has its present timeInForce: that event created it, gave it one in a replacement or restatement, or revived it';

-- When it was accepted; null: it was not.
CREATE FUNCTION oms.accepted_at(order_id text, created_at timestamptz) RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT min(e.occurred_at) FROM oms.order_events AS e
   WHERE e.aggregate_id = order_id AND e.occurred_at >= created_at AND e.payload -> 'state' -> 'conditions' ? 'NEW'
$function$;
COMMENT ON FUNCTION oms.accepted_at(text, timestamptz) IS 'When an order, created then, was accepted; null: it was not';

-- FIX 5.0 SP2, ExposureDurationUnit (1916): absent is seconds. Whatever number a counterparty sends must not end the search for all others: what is longer than
-- some ten thousand years is as long as that.
CREATE FUNCTION oms.exposure_duration(fix jsonb) RETURNS interval
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT CASE WHEN u.months > 0 THEN make_interval(months => least((fix ->> 'exposureDuration')::bigint, 10000)::integer * u.months)
              ELSE make_interval(secs => least((fix ->> 'exposureDuration')::numeric * u.seconds, 3e11)::double precision) END
    FROM (VALUES ('0', 1, 0), ('1', 0.1, 0), ('2', 0.01, 0), ('3', 0.001, 0), ('4', 0.000001, 0), ('5', 0.000000001, 0), ('10', 60, 0), ('11', 3600, 0), ('12', 86400, 0), ('13', 604800, 0),
                 ('14', 0, 1), ('15', 0, 12)) AS u (code, seconds, months)
   WHERE fix ->> 'exposureDuration' ~ '^[0-9]{1,18}$' AND u.code = coalesce(fix ->> 'exposureDurationUnit', '0')
$function$;
COMMENT ON FUNCTION oms.exposure_duration(jsonb) IS 'ExposureDuration (1629) in units of ExposureDurationUnit (1916) of an order''s FIX fields; null: it is not said, or not in a way that is known';

-- The closes of a calendar up to a moment, its expiry_delay included, the last first, so many days back from where anything is known.
CREATE FUNCTION oms.closes_until(calendar text, known_until date, expiry_delay interval, now timestamptz, days integer) RETURNS timestamptz[]
  LANGUAGE sql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
AS $function$
  SELECT array_agg(s.close + expiry_delay ORDER BY s.close DESC)
    FROM oms.sessions(calendar, greatest(least((now - make_interval(days => days))::date, greatest(known_until, '1000-01-01') - days), '0900-01-01'), (now + interval '3 days')::date) AS s
   WHERE s.close + expiry_delay <= now
$function$;
COMMENT ON FUNCTION oms.closes_until(text, date, interval, timestamptz, integer) IS 'Part of oms.due_objects(): the closes of a calendar, with its expiry_delay, up to a moment, the last first';

CREATE FUNCTION oms.due_objects(now timestamptz DEFAULT now(), closed_since timestamptz DEFAULT '-infinity')
  RETURNS TABLE (object text, root_id text, id text, version bigint, due_at timestamptz, calendar text, why text, is_block boolean)
  LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 1000
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
  SET datestyle = 'ISO, MDY'
  SET jit = off
  -- how much is due nobody can know before: where little is expected, and all is due, a nested loop takes minutes
  SET enable_nestloop = off
AS $function$
  WITH RECURSIVE used AS MATERIALIZED (
    SELECT DISTINCT oms.calendar_of(d.destination, d.asset_class, d.symbol) AS name
      FROM (SELECT DISTINCT o.destination, o.asset_class, o.symbol FROM oms.orders AS o WHERE NOT o.closed AND (o.destination IS NOT NULL OR o.live_children = 0)) AS d
  ), known AS MATERIALIZED (
    SELECT c.name, c.known_until, c.expiry_delay, l.closes, l.closes[1] AS last_close, cardinality(l.closes) > 0 AND c.known_until >= (now AT TIME ZONE 'UTC')::date AS is_known
      FROM oms.calendars AS c CROSS JOIN LATERAL (SELECT coalesce(oms.closes_until(c.name, c.known_until, c.expiry_delay, now, 100), '{}')) AS l (closes)
     WHERE c.name IN (SELECT u.name FROM used AS u)
  ), newest AS MATERIALIZED (
    -- no day has ended that began after this; none at all since it was looked at: then days are not looked at
    SELECT CASE WHEN closed_since > '-infinity' AND coalesce(max(k.last_close) <= closed_since, true) THEN '-infinity' WHEN bool_and(coalesce(k.is_known, false)) THEN max(k.last_close) ELSE 'infinity' END AS close
      FROM used AS u LEFT JOIN known AS k ON k.name = u.name
  ), waited AS MATERIALIZED (
    -- By when every order has begun that waits for a close of something below it: where several calendars are in use, most do for most of the day. Nobody is asked where one close is for all
    SELECT o.parent_id AS id, min(k.last_close) AS last_close
      FROM oms.orders AS o JOIN known AS k ON k.name = oms.calendar_of(o.destination, o.asset_class, o.symbol)
     WHERE NOT o.closed AND o.parent_id IS NOT NULL AND (o.destination IS NOT NULL OR o.live_children = 0) AND k.is_known AND k.last_close < (SELECT n.close FROM newest AS n)
     GROUP BY o.parent_id
  ), open AS MATERIALIZED (
    -- Of all open orders few may be due: the others are passed over here, by what costs nothing.
    SELECT o.id, o.root_id, o.parent_id, o.version, o.created_at, o.updated_at, o.expire_time, o.expire_date, o.members IS NOT NULL AS is_block, o.fix, t.tif, f.is_flagged,
           -- it is looked at again once what kept it is gone
           f.is_flagged
             AND (coalesce(o.live_blocks, 0) > 0 OR coalesce(o.time_in_force, 'DAY') IN ('IMMEDIATE_OR_CANCEL', 'FILL_OR_KILL')
                  OR coalesce(o.time_in_force, 'DAY') = 'GOOD_FOR_TIME' AND oms.exposure_duration(o.fix) IS NULL
                  OR (current_setting('oms_state.expire_counterparty_orders', true) IS DISTINCT FROM 'expire'
                      AND (o.counterparty_order_id IS NOT NULL
                           -- a client's order that came by FIX is with nobody but us
                           OR o.fix_session IS NOT NULL AND 'NEW' = ANY (o.conditions)
                              AND (o.parent_id IS NOT NULL OR o.fix_session NOT IN (SELECT s.session FROM oms.fix_sessions AS s WHERE s.direction = 'CLIENT'))))) AS is_kept,
           w.follows, coalesce(k.name, oms.calendar_of(o.destination, o.asset_class, o.symbol)) AS calendar
      FROM oms.orders AS o
     CROSS JOIN LATERAL (SELECT CASE WHEN o.time_in_force IN ('GOOD_TILL_CANCEL', 'GOOD_TILL_DATE', 'GOOD_FOR_TIME', 'GOOD_FOR_MONTH', 'IMMEDIATE_OR_CANCEL', 'FILL_OR_KILL') THEN o.time_in_force ELSE 'DAY' END) AS t (tif)
     CROSS JOIN LATERAL (SELECT coalesce('EXPIRY_OVERDUE' = ANY (o.flags), false)) AS f (is_flagged)
     CROSS JOIN LATERAL (SELECT o.destination IS NULL AND o.live_children > 0) AS w (follows)
      LEFT JOIN known AS k ON k.name = oms.calendar_of(o.destination, o.asset_class, o.symbol)
      LEFT JOIN waited AS v ON v.id = o.id
     WHERE NOT o.closed
       AND (f.is_flagged
            OR CASE t.tif WHEN 'GOOD_TILL_CANCEL' THEN false WHEN 'DAY' THEN o.created_at < (SELECT n.close FROM newest AS n)
                           WHEN 'GOOD_TILL_DATE' THEN CASE WHEN o.expire_time IS NULL THEN (SELECT n.close > '-infinity' FROM newest AS n) ELSE o.expire_time <= now END
                           WHEN 'GOOD_FOR_MONTH' THEN (SELECT n.close > '-infinity' FROM newest AS n) ELSE true END
               AND (t.tif <> 'DAY' OR CASE WHEN w.follows THEN (o.created_at >= v.last_close) IS NOT TRUE ELSE k.is_known IS NOT TRUE OR o.created_at < k.last_close END))
  ), below AS MATERIALIZED (
    SELECT o.id, o.parent_id, o.destination IS NULL AND o.live_children > 0 AS follows, oms.calendar_of(o.destination, o.asset_class, o.symbol) AS calendar
      FROM oms.orders AS o WHERE NOT o.closed AND o.parent_id IS NOT NULL AND o.root_id IN (SELECT r.root_id FROM open AS r WHERE r.follows OR r.is_flagged)
  ), bearing (id, calendar) AS (
    -- an order without a destination has the calendars of what is open below it
    SELECT o.parent_id, o.calendar FROM below AS o WHERE NOT o.follows
    UNION
    SELECT p.parent_id, b.calendar FROM bearing AS b JOIN below AS p ON p.id = b.id WHERE p.follows
  ), by_close AS MATERIALIZED (
    SELECT o.id, o.root_id, o.version, o.created_at, o.updated_at, o.tif, o.expire_date, o.is_flagged, c.calendar, k.closes, coalesce(k.is_known, false) AS is_known, k.known_until, k.name IS NULL AS has_none
      FROM open AS o
      LEFT JOIN bearing AS b ON b.id = o.id AND o.follows
     CROSS JOIN LATERAL (SELECT CASE WHEN b.id IS NULL THEN o.calendar ELSE b.calendar END) AS c (calendar)
      LEFT JOIN known AS k ON k.name = c.calendar
     WHERE NOT o.is_kept AND o.tif IN ('DAY', 'GOOD_TILL_DATE', 'GOOD_FOR_MONTH') AND (o.tif <> 'GOOD_TILL_DATE' OR o.expire_time IS NULL)
  ), day_orders AS (
    SELECT o.*,
           CASE WHEN o.created_at >= o.closes[2] THEN o.closes[1]
                ELSE coalesce((SELECT min(x.close) FROM unnest(o.closes) AS x (close) WHERE x.close > o.created_at), o.closes[1]) END AS first_close
      FROM by_close AS o WHERE o.tif = 'DAY' AND o.created_at < o.closes[1]
  ), given AS (
    -- only what has changed after that may have got another time in force since
    SELECT d.*, CASE WHEN d.updated_at >= d.first_close THEN oms.time_in_force_since(d.id, d.created_at) ELSE d.created_at END AS since FROM day_orders AS d
  ), closes AS (
    SELECT g.id, g.calendar,
           CASE WHEN g.since = g.created_at THEN g.first_close ELSE (SELECT min(x.close) FROM unnest(g.closes) AS x (close) WHERE x.close > g.since) END AS due_at
      FROM given AS g
    UNION ALL
    -- the last session on or before its last day
    SELECT o.id, o.calendar, l.due_at
      FROM by_close AS o
      JOIN (SELECT d.calendar, d.expire_date,
                   -- where none is known any more, the day is over at all events once it is so everywhere
                   coalesce((SELECT max(s.close + k.expiry_delay) FROM oms.sessions(d.calendar, greatest(d.expire_date, '0100-01-01') - 40, greatest(d.expire_date, '0100-01-01')) AS s), d.expire_date + interval '2 days') AS due_at
              FROM (SELECT DISTINCT g.calendar, g.expire_date FROM by_close AS g WHERE g.tif = 'GOOD_TILL_DATE' AND g.known_until >= g.expire_date) AS d
              JOIN known AS k ON k.name = d.calendar) AS l ON l.calendar = o.calendar AND l.expire_date = o.expire_date
     WHERE o.tif = 'GOOD_TILL_DATE'
    UNION ALL
    -- that of its month
    SELECT o.id, o.calendar, (SELECT max(s.close + k.expiry_delay) FROM oms.sessions(o.calendar, m.first, m.last) AS s)
      FROM by_close AS o JOIN known AS k ON k.name = o.calendar
     CROSS JOIN LATERAL (SELECT oms.time_in_force_since(o.id, o.created_at)) AS g (since)
     -- the month of the session that ends next
     CROSS JOIN LATERAL (SELECT date_trunc('month', min(s.day))::date FROM oms.sessions(o.calendar, g.since::date - 3, g.since::date + 40) AS s WHERE s.close + k.expiry_delay > g.since) AS f (first)
     CROSS JOIN LATERAL (SELECT f.first, (f.first + interval '1 month - 1 day')::date) AS m (first, last)
     WHERE o.tif = 'GOOD_FOR_MONTH' AND o.known_until >= m.last
  ), due AS (
    -- the latest of its calendars; none where one of them does not know
    SELECT o.id, coalesce(max(c.due_at), CASE WHEN bool_or(o.is_flagged) THEN max(o.updated_at) END) AS due_at, (array_agg(o.calendar ORDER BY c.due_at DESC))[1] AS calendar,
           -- what is flagged was due, whatever is below it by now
           CASE WHEN bool_or(o.is_flagged) THEN CASE WHEN max(o.updated_at) <= now THEN 'DUE' END
                WHEN bool_and(c.due_at <= now) AND count(c.due_at) = count(*) THEN 'DUE'
                WHEN bool_or(o.has_none) THEN 'NO_CALENDAR'
                WHEN bool_or(NOT o.is_known AND c.due_at IS NULL) THEN 'UNKNOWN_HORIZON' END AS why
      FROM by_close AS o LEFT JOIN closes AS c ON c.id = o.id AND c.calendar = o.calendar
     GROUP BY o.id
    UNION ALL
    SELECT o.id, o.expire_time, NULL, 'DUE' FROM open AS o WHERE o.tif = 'GOOD_TILL_DATE' AND o.expire_time <= now AND NOT o.is_kept
    UNION ALL
    SELECT o.id, o.created_at + interval '1 minute', NULL, 'DUE' FROM open AS o
     WHERE o.tif IN ('IMMEDIATE_OR_CANCEL', 'FILL_OR_KILL') AND o.created_at + interval '1 minute' <= now AND NOT o.is_kept
    UNION ALL
    SELECT o.id, a.at, NULL, 'DUE'
      FROM open AS o CROSS JOIN LATERAL (SELECT oms.accepted_at(o.id, o.created_at) + coalesce(oms.exposure_duration(o.fix), interval '1 minute')) AS a (at)
     WHERE o.tif = 'GOOD_FOR_TIME' AND a.at <= now AND NOT o.is_kept
  ), requests AS MATERIALIZED (
    SELECT r.id, r.root_id, r.version, r.expire_time FROM oms.quote_requests AS r
     WHERE r.status IN ('NEW', 'QUOTED') AND r.expire_time <= now AND r.accepted_quote_id IS NULL
  )
  SELECT 'order', o.root_id, d.id, o.version, d.due_at, d.calendar, d.why, o.is_block
    FROM due AS d JOIN open AS o ON o.id = d.id
   WHERE d.why IS NOT NULL AND NOT (o.is_flagged AND EXISTS (SELECT FROM below AS c WHERE c.parent_id = o.id))
  UNION ALL
  SELECT 'quote_request', r.root_id, r.id, r.version, r.expire_time, NULL, 'DUE', false FROM requests AS r
  UNION ALL
  SELECT 'quote', q.root_id, q.id, q.version, q.valid_until_time, NULL, 'DUE', false FROM oms.quotes AS q
   WHERE q.status = 'ACTIVE' AND q.valid_until_time <= now AND q.order_id IS NULL AND NOT EXISTS (SELECT FROM requests AS r WHERE r.id = q.quote_request_id)
$function$;
COMMENT ON FUNCTION oms.due_objects(timestamptz, timestamptz) IS
  'Orders, quotes and requests that should have ended by a moment (why DUE, due_at when, calendar by whose close), but for orders that are flagged EXPIRY_OVERDUE and still kept; and orders of which nobody knows: NO_CALENDAR (none holds for it), UNKNOWN_HORIZON (its calendar does not reach so far). Where none of their calendars has closed since closed_since, orders that end by a close are not looked at, which is cheap where there are many. What the caller may not see is not among them';

-- For oms.lifecycle_alerts.
CREATE FUNCTION oms.overdue_objects() RETURNS TABLE (object text, id text, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT 'order', o.id, format('%s, destination %s, leavesQty %s, flagged EXPIRY_OVERDUE.', o.status, coalesce(o.destination, 'none'), o.leaves_quantity)
    FROM oms.orders AS o WHERE NOT o.closed AND 'EXPIRY_OVERDUE' = ANY (o.flags)
$function$;
COMMENT ON FUNCTION oms.overdue_objects() IS 'Open orders that are flagged EXPIRY_OVERDUE';

CREATE FUNCTION oms.calendars_in_use() RETURNS TABLE (calendar text)
  LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 20
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT DISTINCT c.name
    FROM (SELECT DISTINCT o.destination, o.asset_class, o.symbol FROM oms.orders AS o WHERE NOT o.closed) AS d
   CROSS JOIN LATERAL (SELECT oms.calendar_of(d.destination, d.asset_class, d.symbol)) AS c (name)
   WHERE c.name IS NOT NULL
$function$;
COMMENT ON FUNCTION oms.calendars_in_use() IS 'Calendars of open orders';

REVOKE ALL ON FUNCTION oms.time_in_force_since(text, timestamptz), oms.accepted_at(text, timestamptz), oms.exposure_duration(jsonb),
  oms.closes_until(text, date, interval, timestamptz, integer), oms.due_objects(timestamptz, timestamptz), oms.overdue_objects(), oms.calendars_in_use() FROM PUBLIC;
