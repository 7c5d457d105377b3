-- Trading calendars (contract.md 8, domain.md 11 and 24): sessions, the session of a moment, the next close, the day of a moment, whose calendar it is.
-- Broken by: an answer of open or closed where nothing is known; a close in the wrong offset after a change of clocks; a time that clocks show twice or never taken
-- as either; hours that began later than valid_from; a shipped row before a user's; a session of the evening before under the wrong day; a break that is trading time.
\set VERBOSITY terse
\pset null '-'
SET timezone = 'UTC';

-- A market like London's, of two years.
INSERT INTO oms.trading_calendars (name, zone, known_from, known_until) VALUES ('tc-LON', 'Europe/London', '2026-01-01', '2027-12-31');
INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time, close_time) SELECT 'tc-LON', d, '08:00', '16:30' FROM generate_series(1, 5) AS d;
INSERT INTO oms.calendar_days (calendar, day, closed, reason) VALUES ('tc-LON', '2026-12-25', true, 'Christmas'), ('tc-LON', '2026-12-28', true, 'Boxing Day');
INSERT INTO oms.calendar_days (calendar, day, close_time, reason) VALUES ('tc-LON', '2026-12-24', '12:30', 'Christmas Eve');
-- Sessions that begin the evening before, as in Chicago; and one on Sunday that nobody has otherwise.
INSERT INTO oms.trading_calendars (name, zone, known_until, expiry_delay) VALUES ('tc-CHI', 'America/Chicago', 'infinity', '15 minutes');
INSERT INTO oms.calendar_hours (calendar, iso_dow, open_day_offset, open_time, close_time) SELECT 'tc-CHI', d, -1, '17:00', '16:00' FROM generate_series(1, 5) AS d;
INSERT INTO oms.calendar_days (calendar, day, close_time) VALUES ('tc-CHI', '2026-11-26', '12:00');
-- A pause at noon, and a later close from a day on.
INSERT INTO oms.trading_calendars (name, zone, known_until) VALUES ('tc-TOK', 'Asia/Tokyo', '2026-12-31');
INSERT INTO oms.calendar_hours (calendar, iso_dow, valid_from, open_time, close_time, breaks)
  SELECT 'tc-TOK', d, v.valid_from::date, '09:00', v.close_time, '11:30-12:30' FROM generate_series(1, 5) AS d, (VALUES ('-infinity', '15:00'), ('2024-11-05', '15:30')) AS v (valid_from, close_time);

\echo * sessions: usual, early close, holiday, weekend, before and after what is known, a calendar that is none; summer and winter
SELECT c.calendar, c.day, oms.is_trading_day(c.calendar, c.day) AS trading, s.open, s.close
  FROM (VALUES ('tc-LON', date '2026-03-27'), ('tc-LON', '2026-03-30'), ('tc-LON', '2026-12-24'), ('tc-LON', '2026-12-25'), ('tc-LON', '2026-12-26'), ('tc-LON', '2025-12-31'),
               ('tc-LON', '2028-01-03'), ('tc-NIL', '2026-03-27'), ('tc-LON', 'infinity'), ('tc-CHI', '2026-03-06'), ('tc-CHI', '2026-03-09'), ('tc-CHI', '2026-11-02'), ('tc-CHI', '2026-11-26'),
               ('tc-CHI', '2026-11-29'), ('tc-TOK', '2024-11-01'), ('tc-TOK', '2024-11-05')) AS c (calendar, day)
 CROSS JOIN LATERAL oms.session(c.calendar, c.day) AS s;

\echo * the session under way, is it trading time, the next close, the day: around closes and opens
SELECT c.calendar, c.at::timestamptz, s.day, oms.in_session(c.calendar, c.at::timestamptz) AS trading, oms.next_close(c.calendar, c.at::timestamptz), oms.trading_day(c.calendar, c.at::timestamptz)
  FROM (VALUES ('tc-LON', '2026-03-27 07:59:59.999999Z'), ('tc-LON', '2026-03-27 08:00Z'), ('tc-LON', '2026-03-27 16:29:59.999999Z'), ('tc-LON', '2026-03-27 16:30Z'),
               ('tc-LON', '2026-03-27 16:35Z'), ('tc-LON', '2026-03-27 23:59:59Z'), ('tc-LON', '2026-03-28 00:00Z'), ('tc-LON', '2026-03-30 15:29Z'), ('tc-LON', '2026-12-24 13:00Z'),
               ('tc-LON', '2027-12-31 16:29Z'), ('tc-LON', '2027-12-31 16:30Z'), ('tc-LON', 'infinity'), ('tc-LON', '-infinity'),
               ('tc-CHI', '2026-03-06 21:59Z'), ('tc-CHI', '2026-03-06 22:00Z'), ('tc-CHI', '2026-03-06 22:14Z'), ('tc-CHI', '2026-03-06 22:15Z'), ('tc-CHI', '2026-03-08 21:59Z'),
               ('tc-CHI', '2026-03-08 22:00Z'), ('tc-CHI', '2026-03-10 22:30Z'), ('tc-CHI', '2026-11-26 17:59Z'), ('tc-CHI', '2026-11-26 18:30Z'),
               ('tc-TOK', '2026-06-01 02:29Z'), ('tc-TOK', '2026-06-01 02:30Z'), ('tc-TOK', '2026-06-01 03:29Z'), ('tc-TOK', '2026-06-01 03:30Z'), ('tc-TOK', '2026-06-01 06:29Z')) AS c (calendar, at)
 CROSS JOIN LATERAL oms.session_of(c.calendar, c.at::timestamptz) AS s;

\echo * all sessions of some days
SELECT s.* FROM oms.sessions('tc-LON', '2026-12-22', '2026-12-31') AS s;
SELECT count(*), min(s.day), max(s.day) FROM oms.sessions('tc-LON') AS s;
SELECT count(*) FROM oms.sessions('tc-CHI');
SELECT count(*) FROM oms.sessions('tc-NIL');

\echo * whose calendar it is
INSERT INTO oms.calendar_assignments (destination, symbol, asset_class, calendar) VALUES
  ('', '', '', 'tc-LON'), ('', '', 'future', 'tc-CHI'), ('', 'tc-6758', '', 'tc-TOK'), ('tc-ALGO', '', '', 'tc-TOK'), ('tc-ALGO', '', 'future', 'tc-CHI'), ('tc-DARK', '', '', NULL);
SELECT c.*, oms.calendar_of(c.destination, c.class, c.symbol)
  FROM (VALUES (NULL, NULL, NULL), ('tc-XXXX', NULL, NULL), ('tc-XXXX', 'future', NULL), ('tc-XXXX', 'future', 'tc-6758'), ('tc-CHI', 'equity', 'tc-6758'), ('tc-ALGO', 'equity', 'tc-X'),
               ('tc-ALGO', 'future', 'tc-X'), ('tc-DARK', 'future', 'tc-6758')) AS c (destination, class, symbol);

\echo * a change acts at once; each is an event, with its date in its name
UPDATE oms.calendar_days SET closed = true WHERE calendar = 'tc-LON' AND day = '2026-12-24';
SELECT oms.is_trading_day('tc-LON', '2026-12-24');
SELECT e.aggregate_id, e.event_type, e.payload -> 'state' AS state FROM oms.configuration_events AS e
 WHERE e.root_id IN ('calendar_days/tc-LON/2026-12-24', 'calendar_hours/tc-TOK/1/-infinity', 'trading_calendars/tc-CHI', 'calendar_assignments/tc-DARK//') ORDER BY e.sequence;
SELECT v.* FROM oms.verify() AS v WHERE v.object LIKE '%calendar%';

\echo * what cannot be stored
\set VERBOSITY default
INSERT INTO oms.trading_calendars (name, zone, known_until) VALUES ('tc-E', 'US/Eastern', 'infinity');
INSERT INTO oms.trading_calendars (name, zone, known_until) VALUES ('tc-E', 'Europe/Atlantis', 'infinity');
INSERT INTO oms.trading_calendars (name, zone) VALUES ('tc-E', 'Europe/Paris');
INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time, close_time) VALUES ('tc-E', 1, '08:00', '16:30');
INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time, close_time) VALUES ('tc-LON', 7, '16:30', '08:00');
-- The nights of 29 March and 25 October 2026, and those of 2027.
INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time, close_time) VALUES ('tc-LON', 7, '01:30', '09:00');
INSERT INTO oms.calendar_days (calendar, day, open_time, close_time) VALUES ('tc-LON', '2026-03-29', '01:30', '09:00');
INSERT INTO oms.calendar_days (calendar, day, open_time, close_time) VALUES ('tc-LON', '2026-10-25', '01:30', '09:00');
INSERT INTO oms.calendar_days (calendar, day, open_time, close_time) VALUES ('tc-LON', '2026-10-25', '01:30+02:00', '09:00');
INSERT INTO oms.calendar_days (calendar, day, open_time, close_time) VALUES ('tc-LON', '2026-10-25', '00:30+00:00', '09:00');
INSERT INTO oms.calendar_days (calendar, day, open_time) VALUES ('tc-LON', '2026-10-25', '07:30');
INSERT INTO oms.calendar_days (calendar, day, close_time) VALUES ('tc-LON', '2026-10-26', '07:30');
INSERT INTO oms.calendar_assignments (destination, calendar) VALUES ('tc-X', 'tc-E');
\set VERBOSITY terse
INSERT INTO oms.trading_calendars (name, zone, known_until, expiry_delay) VALUES ('tc-E', 'Europe/Paris', 'infinity', '1 month');
INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time, close_time) VALUES ('tc-LON', 7, '8:00', '16:30');
INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time) VALUES ('tc-LON', 7, '08:00');
INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time, close_time) VALUES ('tc-LON', NULL, '08:00', '09:00');
INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time, close_time, breaks) VALUES ('tc-LON', 7, '08:00', '09:00', '08:10');

\echo * ... and what can: each of the two that are meant, and where clocks are put forward
INSERT INTO oms.calendar_days (calendar, day, open_time, close_time) VALUES ('tc-LON', '2026-10-25', '01:30+01:00', '01:30+00:00'), ('tc-LON', '2026-03-29', '01:30+00:00', '09:00+01:00'), ('tc-LON', '2027-03-28', '01:30+01:00', '09:00'),
  ('tc-LON', '2027-10-31', '01:30+00:00', '09:00');
SELECT s.* FROM oms.sessions('tc-LON') AS s WHERE extract(isodow FROM s.day) = 7;
INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time, close_time) VALUES ('tc-LON', 7, '01:30', '09:00');
SELECT count(*) FROM oms.sessions('tc-LON') AS s WHERE extract(isodow FROM s.day) = 7;
\echo * the answer is null where a row came otherwise, and a problem
UPDATE oms.calendar_days SET open_time = '02:30' WHERE calendar = 'tc-LON' AND day = '2026-03-29';
UPDATE oms.calendar_days SET open_time = '01:30' WHERE calendar = 'tc-LON' AND day = '2026-03-29';
DELETE FROM oms.calendar_days WHERE calendar = 'tc-LON' AND day = '2026-10-25';
SELECT oms.is_trading_day('tc-LON', '2026-10-25'), oms.next_close('tc-LON', '2026-10-24 12:00Z'), oms.trading_day('tc-LON', '2026-10-24 12:00Z'), oms.next_close('tc-LON', '2026-10-25 09:30Z');
SELECT p.* FROM oms.calendar_problems('2026-06-01') AS p WHERE p.calendar LIKE 'tc-%' ORDER BY p.calendar, p.problem;
SELECT p.calendar, p.problem, p.day FROM oms.calendar_problems('2027-11-15') AS p WHERE p.calendar LIKE 'tc-%' OR p.calendar = 'XBOM' ORDER BY p.calendar, p.problem;
DELETE FROM oms.calendar_hours WHERE calendar = 'tc-LON' AND iso_dow = 7;

\echo * shipped ones, and yours over them
SELECT c.name, c.zone, c.known_until, c.expiry_delay, c.shipped FROM oms.calendars AS c WHERE c.name IN ('XLON', 'CMES', 'XBOM', 'tc-CHI') ORDER BY c.name;
SELECT d.destination, oms.calendar_of(d.destination) FROM unnest('{TRQX,BATE,CHIX,XNAS,XLON,XCME,tc-ALGO}'::text[]) AS d (destination);
BEGIN;
DELETE FROM oms.calendar_assignments WHERE destination IN ('', 'tc-DARK');
SELECT oms.calendar_of('NONE'), oms.calendar_of(NULL);
INSERT INTO oms.calendar_assignments (destination, calendar) VALUES ('TRQX', 'XPAR');
INSERT INTO oms.trading_calendars (name, expiry_delay) VALUES ('XLON', '10 minutes');
INSERT INTO oms.calendar_days (calendar, day) VALUES ('XLON', '2026-12-25');
INSERT INTO oms.calendar_days (calendar, day, closed, reason) VALUES ('XLON', '2026-12-31', true, 'a mourning day');
INSERT INTO oms.calendar_hours (calendar, iso_dow, valid_from, open_time, close_time) VALUES ('XLON', 1, '2026-12-14', '07:00', '17:00');
SELECT c.zone, c.known_until, c.expiry_delay FROM oms.calendars AS c WHERE c.name = 'XLON';
SELECT s.* FROM oms.sessions('XLON', '2026-12-07', '2027-01-04') AS s;
SELECT oms.calendar_of('TRQX'), oms.trading_day('XLON', '2026-12-24 12:39Z'), oms.next_close('XLON', '2026-12-24 12:39Z');
ROLLBACK;
INSERT INTO oms.calendar_days (calendar, day, builtin, closed) VALUES ('XLON', '2026-06-01', true, true);
DELETE FROM oms.calendar_days WHERE calendar = 'XLON';
SELECT count(*) FROM oms.sessions('XLON', '2026-01-01', '2026-12-31');
\echo * the day of good-till orders is their calendar's: done for the day in the evening, or after midnight there; a fill before the next open is the next day's
CREATE FUNCTION pg_temp.done(id text, destination text, done timestamptz, filled timestamptz) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', id, 'symbol', 'tc-X', 'side', 'BUY', 'orderQty', 100, 'timeInForce', 'GOOD_TILL_CANCEL', 'destination', destination));
  PERFORM oms_command(jsonb_build_object('commandType', 'DoneForDayOrderCommand', 'orderId', id, 'transactTime', to_jsonb(done)));
  PERFORM oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', id, 'execID', id, 'lastQty', 10, 'lastPx', 1, 'transactTime', to_jsonb(filled)));
  RETURN (SELECT concat_ws(' ', o.status, o.done_for_day_date, e.flags) FROM oms.orders AS o JOIN oms.executions AS e ON e.order_id = o.id WHERE o.id = done.id);
END $$;
SET datestyle = 'ISO';
SELECT pg_temp.done('tc-1', 'tc-LON', '2026-03-27 16:40Z', '2026-03-30 07:00Z') AS next_open, pg_temp.done('tc-2', 'tc-LON', '2026-03-27 16:40Z', '2026-03-27 16:50Z') AS same_evening,
       pg_temp.done('tc-3', 'tc-LON', '2026-03-31 23:30Z', '2026-04-01 07:00Z') AS after_midnight, pg_temp.done('tc-4', 'tc-TOK', '2026-03-02 06:40Z', '2026-03-02 23:50Z') AS same_date_in_utc,
       pg_temp.done('tc-5', 'tc-CHI', '2026-03-02 22:30Z', '2026-03-02 22:40Z') AS pause, pg_temp.done('tc-6', 'tc-CHI', '2026-03-02 22:30Z', '2026-03-02 23:00Z') AS evening_session,
       pg_temp.done('tc-7', 'tc-NONE', '2026-03-02 06:40Z', '2026-03-02 23:50Z') AS no_calendar, pg_temp.done('tc-8', 'tc-LON', '2028-03-02 06:40Z', '2028-03-03 07:00Z') AS beyond_what_is_known;

\echo * fills of a block without a trade date: the day of their market is settled when they are booked, and a correction is of the same
SELECT oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'tc-M', 'symbol', 'tc-X', 'side', 'BUY', 'orderQty', 100)) ->> 'status';
SELECT oms_command('{"commandType": "CreateBlockOrderCommand", "orderId": "tc-B", "members": [{"orderId": "tc-M", "quantity": 100}]}') ->> 'status';
SELECT oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'tc-B' || n, 'parentId', 'tc-B', 'orderQty', 25, 'destination', d)) ->> 'status' FROM (VALUES (1, 'tc-TOK'), (2, 'tc-CHI'), (3, NULL)) AS v (n, d);
CREATE FUNCTION pg_temp.fill(id text, n int, fields jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(r #>> '{state,tradingDay}', 'not settled') FROM oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', id, 'executionId', id || '-' || n, 'execID', id || '-' || n, 'lastQty', 5, 'lastPx', 10 + n, 'transactTime', '2026-03-02T22:30:00Z') || fields) AS r
$$;
SELECT pg_temp.fill('tc-B1', 1) AS tokyo, pg_temp.fill('tc-B1', 2, '{"tradeDate": "2026-03-01"}') AS stated, pg_temp.fill('tc-B2', 3) AS chicago, pg_temp.fill('tc-B3', 4) AS nowhere, pg_temp.fill('tc-B3', 5, '{"lastMkt": "tc-TOK"}') AS by_last_market;
INSERT INTO oms.calendar_days (calendar, day, closed) VALUES ('tc-TOK', '2026-03-03', true);
SELECT pg_temp.fill('tc-B1', 6) AS tokyo_after_a_change;
SELECT oms_command('{"commandType": "CorrectExecutionCommand", "executionId": "tc-B1-1", "execID": "tc-c1", "lastQty": 4, "lastPx": 11, "transactTime": "2026-03-05T01:00:00Z"}') #>> '{state,tradingDay}' AS corrected,
       oms_command('{"commandType": "CorrectExecutionCommand", "executionId": "tc-B2-3", "execID": "tc-c3", "lastQty": 4, "lastPx": 11, "tradeDate": "2026-03-01"}') #>> '{state,tradingDay}' AS stated;
SELECT f.trade_date, sum(f.quantity) FROM oms.block_fills AS f WHERE f.block_id = 'tc-B' GROUP BY 1 ORDER BY 1;
SELECT a ->> 'status' FROM oms_command('{"commandType": "AllocateExecutionCommand", "orderId": "tc-B", "method": "PRO_RATA"}') AS a;
SELECT v.* FROM oms.verify() AS v;

-- what other tests of this database are not to have
DELETE FROM oms.calendar_assignments WHERE NOT builtin;
