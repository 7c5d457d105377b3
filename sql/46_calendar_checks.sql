-- What is wrong with trading calendars: when a row is stored, and whenever somebody asks.

CREATE FUNCTION oms.check_calendar() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'oms_check_calendar';
COMMENT ON FUNCTION oms.check_calendar() IS
  'Trigger of the tables of calendars: OM011 for a zone that is no Area/City or not known here, a calendar that is none, what closes before it opens, a time that clocks there show twice or never without the offset from UTC that is meant, and an offset that is none';
REVOKE ALL ON FUNCTION oms.check_calendar() FROM PUBLIC;

CREATE TRIGGER check_calendar BEFORE INSERT OR UPDATE ON oms.trading_calendars FOR EACH ROW EXECUTE FUNCTION oms.check_calendar();
CREATE TRIGGER check_calendar BEFORE INSERT OR UPDATE ON oms.calendar_hours FOR EACH ROW EXECUTE FUNCTION oms.check_calendar();
CREATE TRIGGER check_calendar BEFORE INSERT OR UPDATE ON oms.calendar_days FOR EACH ROW EXECUTE FUNCTION oms.check_calendar();
CREATE TRIGGER check_calendar BEFORE INSERT OR UPDATE ON oms.calendar_assignments FOR EACH ROW EXECUTE FUNCTION oms.check_calendar();
ALTER TABLE oms.trading_calendars ENABLE ALWAYS TRIGGER check_calendar;
ALTER TABLE oms.calendar_hours ENABLE ALWAYS TRIGGER check_calendar;
ALTER TABLE oms.calendar_days ENABLE ALWAYS TRIGGER check_calendar;
ALTER TABLE oms.calendar_assignments ENABLE ALWAYS TRIGGER check_calendar;

CREATE VIEW oms.calendars WITH (security_invoker = true) AS
  SELECT c.name, coalesce(u.zone, s.zone) AS zone, coalesce(u.known_from, s.known_from, '-infinity') AS known_from, coalesce(u.known_until, s.known_until) AS known_until,
         coalesce(u.expiry_delay, s.expiry_delay, interval '0') AS expiry_delay, coalesce(u.source, s.source) AS source, coalesce(u.source_version, s.source_version) AS source_version,
         s.name IS NOT NULL AS shipped
    FROM (SELECT DISTINCT t.name FROM oms.trading_calendars AS t) AS c
    LEFT JOIN oms.trading_calendars AS u ON u.name = c.name AND NOT u.builtin
    LEFT JOIN oms.trading_calendars AS s ON s.name = c.name AND s.builtin;
COMMENT ON VIEW oms.calendars IS 'The calendars as they hold: rows of oms.trading_calendars, yours over shipped ones';

CREATE FUNCTION oms.calendar_problems(at timestamptz DEFAULT now()) RETURNS TABLE (calendar text, problem text, day date, detail text)
  LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 20
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
  SET datestyle = 'ISO, MDY'
  SET jit = off
AS $function$
  WITH calendars AS MATERIALIZED (
    SELECT c.*, z.name IS NOT NULL AS zone_is_known
      FROM oms.calendars AS c LEFT JOIN pg_timezone_names AS z ON z.name = c.zone
  ), sessions AS MATERIALIZED (
    SELECT c.name, c.zone, s.day, s.open, s.close, lead(s.open) OVER (PARTITION BY c.name ORDER BY s.day) AS next_open
      FROM calendars AS c CROSS JOIN LATERAL oms.sessions(c.name, (at - interval '1 day')::date, (at + interval '400 days')::date) AS s
     WHERE isfinite(at) AND c.zone_is_known
  ), offsets AS (
    SELECT o.zone, o.since, lead(o.since, 1, 'infinity') OVER (PARTITION BY o.zone ORDER BY o.since) AS until, o.utc_offset FROM oms.shipped_zone_offsets() AS o
  ), differences AS (
    SELECT s.name, min(s.day) AS day, count(*) AS sessions, (array_agg(s.close ORDER BY s.day))[1] AS close,
           (array_agg(s.close + extract(epoch FROM (s.close AT TIME ZONE s.zone) - (s.close AT TIME ZONE 'UTC')) * interval '1 second' - o.utc_offset * interval '1 second' ORDER BY s.day))[1] AS made
      FROM sessions AS s JOIN calendars AS c ON c.name = s.name AND c.shipped JOIN offsets AS o ON o.zone = s.zone AND s.close >= o.since AND s.close < o.until
     WHERE extract(epoch FROM (s.close AT TIME ZONE s.zone) - (s.close AT TIME ZONE 'UTC')) <> o.utc_offset
     GROUP BY s.name
  )
  SELECT c.name, 'zone_unknown', NULL::date, format('This server knows no time zone %s: nothing is known of the calendar.', coalesce(c.zone, 'of none')) FROM calendars AS c WHERE NOT c.zone_is_known
  UNION ALL
  SELECT d.name, 'zone_differs', d.day,
         format('Here it closes at %s; by the time zones of the machine that made the shipped calendars at %s. So with %s session(s) of the next 400 days.', d.close, d.made, d.sessions)
    FROM differences AS d
  UNION ALL
  SELECT c.name, 'horizon', c.known_until, CASE WHEN c.known_until < at::date THEN 'Nothing is known of it any more.' ELSE 'Nothing is known of it after that day.' END
    FROM calendars AS c WHERE isfinite(at) AND coalesce(c.known_until, '-infinity') < (at + interval '60 days')::date
  UNION ALL
  SELECT s.name, 'local_time', s.day, 'Clocks there show its open or close twice, or never: say in oms.calendar_days which offset from UTC is meant.' FROM sessions AS s WHERE s.open IS NULL
  UNION ALL
  SELECT s.name, 'overlap', min(s.day), format('It closes at %s, after the next one opened. So with %s session(s) of the next 400 days.', (array_agg(s.close ORDER BY s.day))[1], count(*))
    FROM sessions AS s WHERE s.next_open < s.close GROUP BY s.name
  UNION ALL
  SELECT n.calendar, 'no_calendar', NULL, format('There is none of this name in oms.trading_calendars, but in oms.%s.', string_agg(DISTINCT n.named_in, ', oms.'))
    FROM (SELECT h.calendar, 'calendar_hours' FROM oms.calendar_hours AS h UNION ALL SELECT d.calendar, 'calendar_days' FROM oms.calendar_days AS d
          UNION ALL SELECT a.calendar, 'calendar_assignments' FROM oms.calendar_assignments AS a WHERE a.calendar IS NOT NULL) AS n (calendar, named_in)
   WHERE NOT EXISTS (SELECT FROM oms.trading_calendars AS c WHERE c.name = n.calendar)
   GROUP BY n.calendar
   ORDER BY 1, 2, 3
$function$;
COMMENT ON FUNCTION oms.calendar_problems(timestamptz) IS
  'What is wrong with the calendars as seen at a moment: zone_unknown, zone_differs (this server has other time zone data than the machine that made the shipped calendars: closes of the next 400 days), horizon (60 days before known_until), local_time (a close that clocks there show twice or never), overlap, no_calendar';
REVOKE ALL ON FUNCTION oms.calendar_problems(timestamptz) FROM PUBLIC;
