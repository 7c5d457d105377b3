-- The jobs of the lifecycle: what they did and why they failed is kept, in whatever way they are run; what somebody should look at; and what is told where there is no pg_cron.
-- Broken by: a job that keeps no trace, or only of success; an error that undoes what was done before; an alert that is not there, or does not go; what is due and nobody looks at, for nothing has closed.
-- In a database of its own: what is due, or wrong, is all there is.
\set home :DBNAME
CREATE DATABASE regression_lifecycle TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\connect regression_lifecycle
SET client_min_messages = warning;
CREATE EXTENSION oms_state;
\set VERBOSITY terse

SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
CREATE FUNCTION pg_temp.give(type text, fields jsonb) RETURNS text LANGUAGE sql AS $$ SELECT oms_command(jsonb_build_object('commandType', type || 'Command') || fields) ->> 'status' $$;
SELECT job, schedule, every FROM oms.lifecycle_jobs();
SELECT * FROM oms.lifecycle_alerts;

CALL oms.run_job('expire');
CALL oms.run_job('partitions');
CALL oms.run_job('records');
CALL oms.run_job('purge', 1);
CALL oms.run_job('drop_partitions');
SELECT job, started_at <= finished_at AS ended, finished_at = succeeded_at AS well, CASE job WHEN 'partitions' THEN '...' ELSE result::text END AS result, error FROM oms.lifecycle_runs ORDER BY job;
CALL oms.run_job('nothing');
BEGIN;
CALL oms.run_job('expire');
ROLLBACK;
SELECT count(*) FROM oms.lifecycle_alerts;

-- More than one batch; what failed stays known until it has gone well.
INSERT INTO oms.trading_calendars (name, zone, known_until) VALUES ('L', 'UTC', 'infinity');
INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time, close_time, open_day_offset) SELECT 'L', d, t, t, -1 FROM generate_series(1, 7) AS d CROSS JOIN to_char(now() + interval '6 hours', 'HH24:MI') AS t;
SELECT count(pg_temp.give('CreateQuote', jsonb_build_object('quoteId', 'l-' || n, 'dealer', 'D', 'symbol', 'X', 'offerPx', 1, 'validUntilTime', clock_timestamp() + interval '1 second'))) FROM generate_series(1, 2100) AS n;
SELECT pg_sleep(1.1);
CALL oms.run_job('expire');
SELECT result FROM oms.lifecycle_runs WHERE job = 'expire';
SELECT status, count(*) FROM oms.quotes WHERE id LIKE 'l-%' GROUP BY status;
CREATE FUNCTION public.fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE TRIGGER fails BEFORE DELETE ON oms.commands FOR EACH STATEMENT EXECUTE FUNCTION public.fails();
INSERT INTO oms.retention_policies (name, object, age) VALUES ('c', 'command', '100 years');
CALL oms.run_job('records');
SELECT finished_at > succeeded_at AS failed, error FROM oms.lifecycle_runs WHERE job = 'records';
SELECT severity, what, name, regexp_replace(detail, '\d{4}-.*?,', 'then,') AS detail FROM oms.lifecycle_alerts;
DROP TRIGGER fails ON oms.commands;
CALL oms.run_job('records');
SELECT count(*) FROM oms.lifecycle_alerts;

-- A job that is late, and one that has not run since it was scheduled.
UPDATE oms.lifecycle_runs SET succeeded_at = now() - interval '8 minutes' WHERE job = 'expire';
UPDATE oms.lifecycle_runs SET succeeded_at = NULL, scheduled_at = now() - interval '3 days' WHERE job = 'records';
UPDATE oms.lifecycle_runs SET succeeded_at = NULL WHERE job = 'partitions';
UPDATE oms.lifecycle_runs SET result = '{"trees": 0, "events": 0, "kept": 7, "locked": 0, "held": 2, "not_sent": 3, "open_block": 1, "new_rule": 1}' WHERE job = 'purge';
SELECT severity, what, name, regexp_replace(detail, 'end at .*', 'end then') AS detail FROM oms.lifecycle_alerts ORDER BY 2, 3;
CALL oms.run_job('expire');
CALL oms.run_job('records');
CALL oms.run_job('purge');

-- Orders: one that nobody ends, one without a calendar, one whose calendar is at its end, one that was due long ago.
INSERT INTO oms.trading_calendars (name, zone, known_until) VALUES ('GONE', 'UTC', '2020-01-01');
SELECT pg_temp.give('CreateOrder', jsonb_build_object('orderId', id, 'symbol', 'X', 'side', 'BUY', 'orderQty', 1, 'destination', destination))
  FROM (VALUES ('l-none', 'nowhere'), ('l-none2', 'nowhere'), ('l-gone', 'GONE'), ('l-over', 'L')) AS o (id, destination);
SELECT pg_temp.give('AcceptOrder', '{"orderId": "l-over", "orderID": "b", "execID": "e"}'), pg_temp.give('ExpireOrder', '{"orderId": "l-over", "overdue": true}');
SELECT pg_temp.give('CreateQuote', '{"quoteId": "l-late", "dealer": "D", "symbol": "X", "offerPx": 1, "validUntilTime": "2020-01-01T00:00:00Z"}');
SELECT severity, what, name, detail FROM oms.lifecycle_alerts ORDER BY 2, 3;
CALL oms.run_job('expire');
SELECT what, name FROM oms.lifecycle_alerts ORDER BY 1, 2;

-- What ends by a close is looked at when one was just now, when something was left, and each quarter of an hour; what has a time of its own always.
SELECT pg_temp.give('CreateOrder', jsonb_build_object('orderId', id, 'symbol', 'X', 'side', 'BUY', 'orderQty', 1, 'destination', 'L', 'timeInForce', tif) || more)
  FROM (VALUES ('l-day', 'DAY', '{}'), ('l-time', 'GOOD_TILL_DATE', jsonb_build_object('expireTime', now() + interval '1 hour')), 
               ('l-date', 'GOOD_TILL_DATE', jsonb_build_object('expireDate', ((now() + interval '6 hours') AT TIME ZONE 'UTC')::date))) AS o (id, tif, more);
SELECT since, string_agg(d.id, ' ' ORDER BY d.id) FROM (VALUES (interval '5 hours'), ('6 hours 30 minutes'), (NULL)) AS s (since)
 CROSS JOIN LATERAL oms.due_objects(now() + interval '7 hours', coalesce(now() + since, '-infinity')) AS d WHERE d.id LIKE 'l-%' AND d.why = 'DUE' GROUP BY since ORDER BY since;
CALL oms.run_job('expire');
SELECT days_at >= started_at AS days, oms.closed_since() = days_at - interval '5 minutes' AS since FROM oms.lifecycle_runs WHERE job = 'expire';
CALL oms.run_job('expire');
SELECT days_at < started_at AS days, oms.closed_since() = days_at - interval '5 minutes' AS since FROM oms.lifecycle_runs WHERE job = 'expire';
BEGIN;
UPDATE oms.lifecycle_runs SET days_at = now() - interval '15 minutes 1 microsecond' WHERE job = 'expire';
SELECT oms.closed_since();
ROLLBACK;
BEGIN;
UPDATE oms.lifecycle_runs SET error = 'x' WHERE job = 'expire';
SELECT oms.closed_since();
ROLLBACK;
BEGIN;
UPDATE oms.lifecycle_runs SET started_at = now() WHERE job = 'expire';
SELECT oms.closed_since();
ROLLBACK;
SELECT pg_temp.give('CreateQuote', jsonb_build_object('quoteId', id, 'dealer', 'D', 'symbol', 'X', 'offerPx', 1, 'validUntilTime', '2020-01-01T00:00:00Z')) FROM unnest('{l-bad, l-good}'::text[]) AS id;
CREATE TRIGGER fails BEFORE UPDATE ON oms.quotes FOR EACH ROW WHEN (old.id = 'l-bad') EXECUTE FUNCTION public.fails();
CALL oms.run_job('expire');
SELECT result, refused, days_at, oms.closed_since() FROM oms.lifecycle_runs WHERE job = 'expire';
DROP TRIGGER fails ON oms.quotes;
CALL oms.run_job('expire');
SELECT result ->> 'expired' AS expired, days_at >= started_at AS days FROM oms.lifecycle_runs WHERE job = 'expire';

-- What the search fails with is kept too, and what ends a job by force leaves no lock by which no other one runs.
ALTER FUNCTION oms.closes_until(text, date, interval, timestamptz, integer) RENAME TO closes;
CALL oms.run_job('expire');
SELECT finished_at > succeeded_at AS failed, left(error, 51) AS error FROM oms.lifecycle_runs WHERE job = 'expire';
ALTER FUNCTION oms.closes(text, date, interval, timestamptz, integer) RENAME TO closes_until;
CREATE FUNCTION public.waits() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
CREATE TRIGGER waits AFTER DELETE ON oms.commands FOR EACH STATEMENT EXECUTE FUNCTION public.waits();
SET statement_timeout = '2s';
CALL oms.run_job('records');
RESET statement_timeout;
DROP TRIGGER waits ON oms.commands;
CALL oms.run_job('records');
CALL oms.run_job('expire');
SELECT job, error FROM oms.lifecycle_runs WHERE job IN ('expire', 'records');

-- All that is planned for now is placed, whatever one of them raises.
SELECT count(pg_temp.give('CreateOrder', jsonb_build_object('orderId', 'l-p' || n, 'symbol', 'X', 'side', 'BUY', 'orderQty', 10, 'destination', 'L'))),
       count(pg_temp.give('PlaceOrder', jsonb_build_object('orderId', 'l-p' || n, 'children', jsonb_build_array(jsonb_build_object('clOrdID', 'l-p' || n || '-1', 'orderQty', 10, 'placeAt', clock_timestamp() + interval '1 second'))))) FROM generate_series(1, 250) AS n;
CREATE FUNCTION public.bad() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '22023'; END $$;
CREATE TRIGGER bad BEFORE UPDATE ON oms.orders FOR EACH ROW WHEN (old.id = 'l-p7') EXECUTE FUNCTION public.bad();
SELECT pg_sleep(1.1);
CALL oms.run_job('expire');
SELECT result ->> 'placed' AS placed, error FROM oms.lifecycle_runs WHERE job = 'expire';
DROP TRIGGER bad ON oms.orders;
CALL oms.run_job('expire');
SELECT result ->> 'placed' AS placed, error FROM oms.lifecycle_runs WHERE job = 'expire';
SELECT count(*) FROM oms.place_due(NULL);
SELECT count(*) FROM oms.place_due(now(), 0);

-- How many trees each rule keeps.
INSERT INTO oms.retention_policies (name, age) VALUES ('all', '8 days');
INSERT INTO oms.retention_policies (name, account, hold) VALUES ('law', 'HELD', true);
SELECT pg_temp.give('CreateOrder', jsonb_build_object('orderId', 'l-held' || n, 'symbol', 'X', 'side', 'BUY', 'orderQty', 1, 'account', 'HELD')), pg_temp.give('CancelOrder', jsonb_build_object('orderId', 'l-held' || n)) FROM generate_series(1, 3) AS n;
SELECT kept, reasons FROM oms.purge(100, now() + interval '1 year');
SELECT result FROM oms.run_batch('purge');

-- Without pg_cron: what to do. Nothing is to be taken away.
SELECT job, schedule, command, status, left(what_to_do, 25) AS what_to_do FROM oms.schedule_lifecycle();
SELECT * FROM oms.unschedule_lifecycle();
SELECT count(*) FROM oms.verify();
\connect :home
DROP DATABASE regression_lifecycle;
