-- The jobs of the lifecycle: what they are, how their last runs went, how they come to be run, and what somebody should look at.

CREATE TABLE oms.lifecycle_runs (
  job text COLLATE "C" NOT NULL CONSTRAINT lifecycle_runs_pkey PRIMARY KEY,
  scheduled_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz,
  succeeded_at timestamptz,
  result jsonb,
  error text,
  days_at timestamptz,
  refused bigint
);
COMMENT ON TABLE oms.lifecycle_runs IS 'The last run of each job of the lifecycle (oms.run_job()), in this database: no dump has it. A row with scheduled_at alone: it has not run yet';
COMMENT ON COLUMN oms.lifecycle_runs.scheduled_at IS 'Since when it is to run';
COMMENT ON COLUMN oms.lifecycle_runs.started_at IS 'When it began; where that is after finished_at, it runs, or did not come to its end';
COMMENT ON COLUMN oms.lifecycle_runs.finished_at IS 'When one last came to its end, with an error or without';
COMMENT ON COLUMN oms.lifecycle_runs.succeeded_at IS 'When one last ended without an error';
COMMENT ON COLUMN oms.lifecycle_runs.result IS 'What it did';
COMMENT ON COLUMN oms.lifecycle_runs.error IS 'Of the last one: why it failed';
COMMENT ON COLUMN oms.lifecycle_runs.days_at IS 'Of expire: when all open orders were last looked at, since when nothing that was due was left';
COMMENT ON COLUMN oms.lifecycle_runs.refused IS 'Of the last one: how many trees were refused, by expire by a rule or an error, by purge for another reason than their age; null of other jobs';

-- What there is to run, and how often. pg_cron counts in GMT: nothing here depends on a time of day.
CREATE FUNCTION oms.lifecycle_jobs() RETURNS TABLE (job text, schedule text, every interval, purpose text)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 6
  SET search_path = pg_catalog, pg_temp
AS $function$
  VALUES ('expire', '* * * * *', interval '1 minute', 'what is due ends, and what is planned is placed'),
         ('anomalies', '* * * * *', interval '1 minute', 'events are scored, and what is unusual is found'),
         ('purge', '*/10 * * * *', interval '10 minutes', 'trees go that no policy keeps any longer'),
         ('partitions', '0 3 * * *', interval '1 day', 'partitions of events are made ahead'),
         ('records', '20 3 * * *', interval '1 day', 'old commandIds, refusals and events of configuration are deleted'),
         ('drop_partitions', '40 3 * * *', interval '1 day', 'empty partitions of the past are dropped')
$function$;
COMMENT ON FUNCTION oms.lifecycle_jobs() IS 'The jobs of the lifecycle: their names, how often they run, as cron has it and as an interval, and what for';

-- As the owner: who may call it runs the jobs.
CREATE FUNCTION oms.note_run(job text, started_at timestamptz DEFAULT NULL, result jsonb DEFAULT NULL, error text DEFAULT NULL, days_at timestamptz DEFAULT NULL) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
  INSERT INTO oms.lifecycle_runs AS r (job, started_at, finished_at, succeeded_at, result, error, days_at, refused)
  SELECT note_run.job, note_run.started_at, CASE WHEN d.ended THEN d.at END, CASE WHEN d.ended AND note_run.error IS NULL THEN d.at END, note_run.result, left(note_run.error, 2000), note_run.days_at,
         (note_run.result ->> CASE note_run.job WHEN 'expire' THEN 'refused' WHEN 'purge' THEN 'kept' END)::bigint
    FROM (SELECT note_run.result IS NOT NULL OR note_run.error IS NOT NULL AS ended, clock_timestamp() AS at) AS d
   WHERE note_run.job IN (SELECT j.job FROM oms.lifecycle_jobs() AS j)
  ON CONFLICT ON CONSTRAINT lifecycle_runs_pkey DO UPDATE
    SET started_at = coalesce(excluded.started_at, r.started_at), finished_at = coalesce(excluded.finished_at, r.finished_at),
        succeeded_at = coalesce(excluded.succeeded_at, r.succeeded_at), result = coalesce(excluded.result, r.result),
        error = CASE WHEN excluded.finished_at IS NULL THEN r.error ELSE excluded.error END, days_at = CASE WHEN excluded.finished_at IS NULL THEN r.days_at ELSE excluded.days_at END,
        refused = CASE WHEN excluded.finished_at IS NULL THEN r.refused ELSE excluded.refused END
$function$;
COMMENT ON FUNCTION oms.note_run(text, timestamptz, jsonb, text, timestamptz) IS 'Part of oms.run_job(): notes that a job of oms.lifecycle_jobs() is scheduled, has begun (started_at), has ended (result), or failed (error)';

-- As the owner, for only who runs jobs can hold its row: an advisory lock any login can, and no order would expire as long as he does.
CREATE FUNCTION oms.take_job(job text) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  -- that there is no such job says oms.run_batch()
  IF NOT EXISTS (SELECT FROM oms.lifecycle_jobs() AS j WHERE j.job = take_job.job) THEN
    RETURN true;
  END IF;
  INSERT INTO oms.lifecycle_runs (job) VALUES (take_job.job) ON CONFLICT DO NOTHING;
  PERFORM FROM oms.lifecycle_runs AS r WHERE r.job = take_job.job FOR UPDATE SKIP LOCKED;
  RETURN FOUND;
EXCEPTION WHEN serialization_failure THEN
  -- above READ COMMITTED: it ran just now
  RETURN false;
END
$function$;
COMMENT ON FUNCTION oms.take_job(text) IS 'Part of oms.run_job(): holds the row of a job until the transaction ends, so that it runs once at a time; false: another one does';

-- One batch of a job, in the caller's transaction: what it did, and whether there is more.
CREATE FUNCTION oms.run_batch(job text, OUT result jsonb, OUT done boolean)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  r record;
BEGIN
  CASE job
    WHEN 'place' THEN
      SELECT count(*) FILTER (WHERE p.result = 'PLACED') AS placed, count(DISTINCT p.order_id) FILTER (WHERE p.result IN ('PLACED', 'DESK', 'DROPPED')) < 100 AS done
        INTO r FROM oms.place_due(max_orders => 100) AS p;
      result := to_jsonb(r) - 'done';
      done := r.done;
    WHEN 'purge' THEN
      SELECT p.trees, p.events, p.kept, p.locked, p.done, p.reasons INTO r FROM oms.purge() AS p;
      result := to_jsonb(r) - 'done' - 'reasons' || r.reasons;
      done := r.done;
    WHEN 'anomalies' THEN
      SELECT s.events, s."values", s.anomalies, s.done INTO r FROM oms.score_events(1000) AS s;
      result := to_jsonb(r) - 'done';
      done := r.done;
    WHEN 'partitions' THEN
      result := jsonb_build_object('made', oms.ensure_partitions());
      done := true;
    WHEN 'records' THEN
      SELECT p.commands, p.rejected_commands, 0 AS configuration_events INTO r FROM oms.purge_records() AS p;
      result := to_jsonb(r);
      done := false;
      -- configuration last: what may be wrong with it keeps up nothing else
      IF r.commands + r.rejected_commands = 0 THEN
        SELECT c.events AS configuration_events, c.done, c.reasons INTO r FROM oms.purge_configuration() AS c;
        done := r.done;
        -- each batch finds again what the one before had to leave
        result := result || jsonb_build_object('configuration_events', r.configuration_events) || CASE WHEN done THEN r.reasons ELSE '{}' END;
      END IF;
    WHEN 'drop_partitions' THEN
      result := jsonb_build_object('dropped', (SELECT count(*) FROM oms.drop_empty_partitions()));
      done := result = '{"dropped": 0}';
    ELSE
      RAISE EXCEPTION 'there is no job "%"', job
        USING ERRCODE = 'invalid_parameter_value', DETAIL = format('There are %s.', (SELECT string_agg(j.job, ', ') FROM oms.lifecycle_jobs() AS j));
  END CASE;
END
$function$;
COMMENT ON FUNCTION oms.run_batch(text) IS 'Part of oms.run_job(): one batch of a job, or of place, which is the end of expire; what it did, and whether that was all';

CREATE FUNCTION oms.sum_results(a jsonb, b jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT coalesce(a, '{}') || jsonb_object_agg(k.key, CASE WHEN k.key = 'alerts' THEN k.value ELSE to_jsonb(k.value::text::bigint + coalesce((a -> k.key)::text::bigint, 0)) END) FROM jsonb_each(b) AS k
$function$;
COMMENT ON FUNCTION oms.sum_results(jsonb, jsonb) IS 'Part of oms.run_job(): what two batches did together; alerts are those of the second';

-- At a close many orders end, between closes none, and to look at all of them costs the more the more there are. So expire does that while a calendar has just closed,
-- while anything was left, and every quarter of an hour, whatever else it may have been: a commit that was late, another calendar, what kept an order.
CREATE FUNCTION oms.closed_since() RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT coalesce(max(r.days_at) - interval '5 minutes', '-infinity') FROM oms.lifecycle_runs AS r
   WHERE r.job = 'expire' AND r.error IS NULL AND r.finished_at >= r.started_at AND r.days_at BETWEEN now() - interval '15 minutes' AND now()
$function$;
COMMENT ON FUNCTION oms.closed_since() IS 'Part of oms.run_job(): orders that end by a close are to be looked at if there was one after this; -infinity: whether or not';

-- Commits after each batch: no SET, and every name says its schema. An error ends it, and is kept.
CREATE PROCEDURE oms.run_job(job text, seconds double precision DEFAULT 50)
  LANGUAGE plpgsql
AS $procedure$
DECLARE
  began constant pg_catalog.timestamptz := pg_catalog.clock_timestamp();
  ends constant pg_catalog.timestamptz := began OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => $2);
  batch pg_catalog.record;
  slices oms.due_slice[];
  slice oms.due_slice;
  what pg_catalog.text := $1;
  result pg_catalog.jsonb;
  problem pg_catalog.text;
  since pg_catalog.timestamptz;
  days_at pg_catalog.timestamptz;
BEGIN
  -- One at a time: the other one does what there is to do. By a lock of each transaction: what ends this by force must not keep it for the life of a session.
  IF NOT oms.take_job($1) THEN
    RETURN;
  END IF;
  since := oms.closed_since();
  PERFORM oms.note_run($1, began);
  COMMIT;
  IF $1 OPERATOR(pg_catalog.=) 'expire' THEN
    -- what is due is found once, and expires slice by slice; then what is planned is placed
    what := 'place';
    days_at := CASE WHEN since OPERATOR(pg_catalog.>) '-infinity' THEN since OPERATOR(pg_catalog.+) '5 minutes'::pg_catalog.interval ELSE pg_catalog.now() END;
    IF NOT oms.take_job($1) THEN
      RETURN;
    END IF;
    BEGIN
      SELECT pg_catalog.array_agg(s) INTO slices FROM (SELECT d FROM oms.due_slices(pg_catalog.now(), 500, since) AS d LIMIT 500) AS s (s);
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
      problem := SQLSTATE OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) problem;
      slices := '{}';
    END;
    FOREACH slice IN ARRAY slices LOOP
      IF NOT oms.take_job($1) THEN
        RETURN;
      END IF;
      BEGIN
        SELECT pg_catalog.to_jsonb(e) OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('alerts', e.alerts OPERATOR(pg_catalog.+) slice.unknown, 'refused', e.alerts) AS result,
               e.skipped_locked OPERATOR(pg_catalog.+) e.alerts OPERATOR(pg_catalog.>) 0 AS leaves
          INTO batch FROM oms.expire_slice(slice.objects, slice.roots, slice.ids, slice.versions, slice.reasons) AS e;
        result := oms.sum_results(result, batch.result);
      EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
        problem := SQLSTATE OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) problem;
      END;
      EXIT WHEN problem IS NOT NULL;
      COMMIT;
      IF batch.leaves OR pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>=) ends OR pg_catalog.cardinality(slices) OPERATOR(pg_catalog.=) 500 THEN
        days_at := NULL;
      END IF;
      EXIT WHEN pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>=) ends;
    END LOOP;
  END IF;
  WHILE problem IS NULL LOOP
    IF NOT oms.take_job($1) THEN
      RETURN;
    END IF;
    BEGIN
      SELECT b.result, b.done INTO batch FROM oms.run_batch(what) AS b;
      result := oms.sum_results(result, batch.result);
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
      problem := SQLSTATE OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) problem;
    END;
    EXIT WHEN problem IS NOT NULL;
    COMMIT;
    EXIT WHEN batch.done OR pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>=) ends;
  END LOOP;
  PERFORM oms.note_run($1, began, result, problem, CASE WHEN problem IS NULL THEN days_at END);
  COMMIT;
  IF problem IS NOT NULL THEN
    RAISE EXCEPTION 'job "%" failed: %', $1, problem USING ERRCODE = pg_catalog.left(problem, 5);
  END IF;
END
$procedure$;
COMMENT ON PROCEDURE oms.run_job(text, double precision) IS
  'Runs a job of oms.lifecycle_jobs(), batch by batch, each in a transaction of its own, for so many seconds at most, and keeps in oms.lifecycle_runs what came of it; nothing where it runs already. Outside of a transaction block (2D000 in one). For oms_admin';

CREATE VIEW oms.lifecycle_alerts WITH (security_invoker = true) AS
  WITH unknown AS MATERIALIZED (
    SELECT d.* FROM oms.due_objects(now() - interval '15 minutes') AS d
  )
  SELECT a.severity, a.what, r.job AS name, a.detail, a.hint
    FROM oms.lifecycle_runs AS r JOIN oms.lifecycle_jobs() AS j ON j.job = r.job
   CROSS JOIN LATERAL (VALUES
     ('critical', 'job_failed', r.error IS NOT NULL, format('Its last run, at %s, ended with: %s.', r.started_at, r.error), 'It is tried again when it is due.'),
     ('critical', 'job_late', coalesce(r.succeeded_at, r.scheduled_at) < now() - j.every * 2 - interval '5 minutes' AND NOT pg_is_in_recovery(),
      CASE WHEN r.succeeded_at IS NULL THEN 'It has never come to its end.' ELSE format('It is to run every %s, and last came to its end at %s.', j.every, r.succeeded_at) END,
      'Does whatever runs it run (pg_cron: cron.job_run_details; a timer, a CronJob: their logs)? oms.schedule_lifecycle() says what is missing.')
   ) AS a (severity, what, holds, detail, hint)
   WHERE a.holds
  UNION ALL
  -- what a hold or an age keeps is to stay
  SELECT 'warning', 'purge_keeps', k.key, format('%s tree(s) are past their age, and stay: %s.', k.value, coalesce(w.why, 'it is refused')), coalesce(w.hint, 'PurgeOrderCommand for one of them says why.')
    FROM oms.lifecycle_runs AS r CROSS JOIN LATERAL jsonb_each_text(r.result) AS k
    LEFT JOIN (VALUES ('not_closed', 'something of them is open, or has a request that nobody has answered', 'End it, or answer it.'),
                      ('in_review', 'an execution waits in review', 'The desk decides.'),
                      ('unallocated', 'an execution is not wholly allocated', 'Allocate it, or take back what is only proposed.'),
                      ('open_block', 'a membership of a block is live', 'End or release the block.'),
                      ('not_sent', 'a slot has not confirmed all of their events', 'oms.stat_bridge and pg_replication_slots say which: read it, or drop it.'),
                      ('archive_failed', 'the function of their policy raises an error', 'PurgeOrderCommand for one of them says which.'),
                      ('incomplete', 'events of theirs are missing', 'SELECT * FROM oms.verify().')) AS w (rule, why, hint) ON w.rule = k.key
   WHERE r.job = 'purge' AND k.key NOT IN ('trees', 'events', 'kept', 'locked', 'held', 'retained') AND k.value::bigint > 0
  UNION ALL
  SELECT 'warning', 'purge_keeps', 'configuration ' || w.rule, format('%s histories of configuration have events past their age, which stay: %s.', r.result ->> w.rule, w.why), w.hint
    FROM oms.lifecycle_runs AS r
   CROSS JOIN (VALUES ('not_sent', 'a slot has not confirmed them', 'oms.stat_bridge and pg_replication_slots say which: read it, or drop it.'),
                      ('damaged', 'they do not follow from one another', 'SELECT * FROM oms.verify().')) AS w (rule, why, hint)
   WHERE r.job = 'records' AND (r.result ->> w.rule)::bigint > 0
  UNION ALL
  SELECT 'warning', p.problem, p.calendar, p.detail, 'doc/calendars.md says what to do.'
    FROM oms.calendar_problems() AS p
   WHERE p.calendar IN (SELECT t.name FROM oms.trading_calendars AS t WHERE NOT t.builtin UNION SELECT t.calendar FROM oms.calendar_assignments AS t WHERE NOT t.builtin
                        UNION SELECT u.calendar FROM oms.calendars_in_use() AS u)
  UNION ALL
  SELECT 'warning', 'overdue', o.id, o.detail, 'Its counterparty has it, or something of it is still live: ask there, or end what is below it.' FROM oms.overdue_objects() AS o
  UNION ALL
  SELECT 'warning', lower(u.why), u.calendar, format('%s open order(s) never expire: %s.', count(*), CASE u.why WHEN 'NO_CALENDAR' THEN 'no calendar holds for them' ELSE 'their calendar is not known so far' END),
         CASE u.why WHEN 'NO_CALENDAR' THEN 'Say which one in oms.calendar_assignments.' ELSE 'Give it later days, and a later known_until.' END
    FROM unknown AS u WHERE u.why <> 'DUE' GROUP BY u.why, u.calendar
  UNION ALL
  SELECT 'critical', 'not_expired', u.id, format('It was due at %s.', u.due_at), 'oms.expire() does not run, or its tree is locked all the time, or refused: SELECT * FROM oms.expire().'
    FROM unknown AS u WHERE u.why = 'DUE';
COMMENT ON VIEW oms.lifecycle_alerts IS
  'What somebody should look at: jobs that fail or are late (job_failed, job_late), trees and histories of configuration that cannot be purged (purge_keeps, by the rule that keeps them, in the last run), problems of calendars that are used, orders that are flagged EXPIRY_OVERDUE (overdue), orders that never expire (no_calendar, unknown_horizon), and what is due for 15 minutes (not_expired)';

-- As the owner: a bridge may read no orders, and these are figures alone.
CREATE FUNCTION oms.lifecycle_figures() RETURNS TABLE (figure text, label text, value bigint)
  LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT 'job_age_seconds', r.job, extract(epoch FROM clock_timestamp() - coalesce(r.succeeded_at, r.scheduled_at))::bigint FROM oms.lifecycle_runs AS r
  UNION ALL
  SELECT 'alerts', a.what, sum(a.rows)
    FROM (SELECT a.what, count(*) AS rows FROM oms.lifecycle_alerts AS a GROUP BY a.what
          UNION ALL
          -- nothing to look at is 0, and not unknown
          SELECT unnest(ARRAY['job_failed', 'job_late', 'not_expired', 'overdue', 'no_calendar', 'unknown_horizon', 'purge_keeps', 'horizon']), 0) AS a
   GROUP BY a.what
$function$;
COMMENT ON FUNCTION oms.lifecycle_figures() IS
  'For monitoring: job_age_seconds by job, seconds since it last came to its end without an error, or since it is to run; alerts by what oms.lifecycle_alerts says, how many. The bridge shows them as oms_bridge_lifecycle_job_age_seconds{job} and oms_bridge_lifecycle_alerts{alert}. For oms_admin and oms_bridge';

-- As the owner: only who may read all settings may read these, and see the launcher.
CREATE FUNCTION oms.cron_settings(OUT database_name text, OUT problem text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  apart constant boolean := current_setting('cron.use_background_workers', true) = 'on';
  workers constant integer := current_setting('max_worker_processes')::integer;
  parallel constant integer := least(current_setting('max_parallel_workers')::integer, workers);
BEGIN
  database_name := current_setting('cron.database_name', true);
  IF database_name IS NULL THEN
    RETURN;
  END IF;
  problem := nullif(concat_ws(' ',
    CASE WHEN NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.backend_type = 'pg_cron launcher')
      THEN format('pg_cron does not run: put it into shared_preload_libraries and restart, and see that there is a database %I.', database_name) END,
    CASE WHEN current_setting('cron.launch_active_jobs', true) = 'off'
      THEN 'It starts no jobs: ALTER SYSTEM SET cron.launch_active_jobs = on; SELECT pg_reload_conf();' END,
    CASE WHEN NOT apart
      THEN format('pg_cron connects to %s as the user of the job: let him in there without a password by pg_hba.conf, or ALTER SYSTEM SET cron.use_background_workers = on; and restart. Else a job only says "connection failed".',
                  coalesce(nullif(current_setting('cron.host', true), ''), 'localhost')) END,
    -- pg_cron, the launcher of logical replication, and three jobs that begin at one moment
    CASE WHEN apart AND workers - parallel < 5
      THEN format('Parallel queries may leave no worker for a job, which then fails to start: ALTER SYSTEM SET max_worker_processes = %s; and restart, or lower max_parallel_workers.', parallel + 5) END), '');
EXCEPTION WHEN insufficient_privilege THEN
  problem := 'Its settings could not be read: let a superuser call this.';
END
$function$;
COMMENT ON FUNCTION oms.cron_settings() IS 'Part of oms.schedule_lifecycle(): the database that pg_cron is in, null where it is not loaded, and what jobs would fail by without a word';

CREATE FUNCTION oms.ask_cron(schedule boolean, argument text) RETURNS jsonb
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'oms_ask_cron';
COMMENT ON FUNCTION oms.ask_cron(boolean, text) IS
  'Part of oms.schedule_lifecycle(), as the current user, in the database of pg_cron: in this transaction, or where that is another one in one of its own by a background worker, which is committed then. Schedules jobs ([{"name", "schedule", "command", "database"}]; by name, why the last run failed), or takes those away whose name is the argument and one more word (their names). 42704: pg_cron is not there; 42501: the user may not';

-- What pg_cron is to have. The history of their runs is where pg_cron is: one row a run, and nobody else deletes them.
CREATE FUNCTION oms.cron_jobs(cron_database text) RETURNS TABLE (job text, name text, schedule text, command text, database text)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 7
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT j.job, format('oms %s %s', current_database(), j.job), j.schedule, j.command, j.database
    FROM (SELECT l.job, l.schedule, format('CALL oms.run_job(%L)', l.job), current_database()::text FROM oms.lifecycle_jobs() AS l
          UNION ALL
          SELECT 'history', '50 3 * * *', format('DELETE FROM cron.job_run_details WHERE end_time < now() - interval ''7 days'' AND jobid IN (SELECT jobid FROM cron.job WHERE regexp_replace(jobname, '' [^ ]*$'', '''') = %L)',
                                                  format('oms %s', current_database())), cron_jobs.cron_database) AS j (job, schedule, command, database)
$function$;
COMMENT ON FUNCTION oms.cron_jobs(text) IS 'Part of oms.schedule_lifecycle(): the jobs of this database as pg_cron is to have them';

CREATE FUNCTION oms.schedule_lifecycle() RETURNS TABLE (job text, schedule text, command text, status text, what_to_do text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  cron record;
  failures jsonb;
  said text;
BEGIN
  PERFORM oms.note_run(j.job) FROM oms.lifecycle_jobs() AS j;
  SELECT s.* INTO cron FROM oms.cron_settings() AS s;
  status := 'NOT_SCHEDULED';
  IF cron.database_name IS NULL THEN
    said := coalesce(cron.problem, 'pg_cron is not loaded: put it into shared_preload_libraries and set cron.database_name in postgresql.conf, restart, CREATE EXTENSION pg_cron in that database, and call this again. Or run the command from a timer: doc/lifecycle.md.');
  ELSIF NOT (SELECT r.rolcanlogin FROM pg_roles AS r WHERE r.rolname = current_user) THEN
    status := 'DENIED';
    said := format('A job logs in as its user, and %I may not: ALTER ROLE %1$I LOGIN, or call this as a role that may, and has oms_admin.', current_user);
  ELSE
    BEGIN
      failures := oms.ask_cron(true, (SELECT jsonb_agg(to_jsonb(j) - 'job') FROM oms.cron_jobs(cron.database_name) AS j)::text);
      status := 'SCHEDULED';
    EXCEPTION
      WHEN insufficient_privilege THEN
        status := 'DENIED';
        said := format('%s: let a superuser in database %I GRANT CONNECT ON DATABASE %2$I TO %I; GRANT USAGE ON SCHEMA cron TO %3$I; GRANT EXECUTE ON FUNCTION cron.schedule_in_database(text, text, text, text, text, boolean) TO %3$I;',
                       SQLERRM, cron.database_name, current_user);
      WHEN undefined_object THEN
        said := format('%s: in database %I: CREATE EXTENSION pg_cron; or ALTER EXTENSION pg_cron UPDATE; and call this again.', SQLERRM, cron.database_name);
      WHEN OTHERS THEN
        failures := to_jsonb(SQLERRM);
    END;
  END IF;
  RETURN QUERY
    SELECT j.job, j.schedule, j.command, status,
           CASE WHEN said IS NOT NULL THEN said
                WHEN status = 'SCHEDULED' THEN nullif(concat_ws(' ', 'Its last run failed: ' || (failures ->> j.name) || '.', cron.problem), '')
                ELSE format('%s. In database %I: SELECT cron.schedule_in_database(%L, %L, %L, %L);', failures #>> '{}', cron.database_name, j.name, j.schedule, j.command, j.database) END
      FROM oms.cron_jobs(cron.database_name) AS j;
END
$function$;
COMMENT ON FUNCTION oms.schedule_lifecycle() IS
  'Puts the jobs of the lifecycle on pg_cron, as jobs of the current user named "oms <database> <job>", again as often as it is called: a row for each with its command, whether it is SCHEDULED, and what to do where it is not (NOT_SCHEDULED, DENIED) or would fail. Where pg_cron is in another database a background worker does it there with the rights of the current user, and they stay whatever becomes of the transaction. Needs oms_admin, which the jobs need too';

CREATE FUNCTION oms.unschedule_lifecycle() RETURNS SETOF text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  cron_database constant text := (SELECT s.database_name FROM oms.cron_settings() AS s);
  prefix constant text := format('oms %s', current_database());
  sqlstate_was text;
  message text;
BEGIN
  IF cron_database IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT n.value FROM jsonb_array_elements_text(oms.ask_cron(false, prefix)) AS n;
EXCEPTION
  WHEN undefined_object THEN
    RETURN;
  WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, sqlstate_was = RETURNED_SQLSTATE;
    RAISE EXCEPTION '%', message USING ERRCODE = sqlstate_was,
      HINT = format('In database %I: SELECT cron.unschedule(jobid) FROM cron.job WHERE username = %L AND regexp_replace(jobname, '' [^ ]*$'', '''') = %L;', cron_database, current_user, prefix);
END
$function$;
COMMENT ON FUNCTION oms.unschedule_lifecycle() IS 'Takes the jobs that oms.schedule_lifecycle() has made as the current user from pg_cron, in whatever database that is; returns their names. Where it cannot, the hint of its error has the statement';

REVOKE ALL ON FUNCTION oms.take_job(text), oms.note_run(text, timestamptz, jsonb, text, timestamptz), oms.run_batch(text), oms.sum_results(jsonb, jsonb), oms.cron_settings(), oms.ask_cron(boolean, text), oms.cron_jobs(text), oms.schedule_lifecycle(), oms.unschedule_lifecycle(), oms.lifecycle_jobs(), oms.lifecycle_figures(), oms.closed_since() FROM PUBLIC;
REVOKE ALL ON PROCEDURE oms.run_job(text, double precision) FROM PUBLIC;
