-- What the bench needs beside the extension: its C functions, the commands to run, and the rows that they wrote.
-- psql variable: library, the path of bench/floor's module without its ending.

CREATE SCHEMA bench;

CREATE FUNCTION bench.load(statements text[], sources text[]) RETURNS integer
  LANGUAGE c STRICT AS :'library', 'bench_load';
CREATE FUNCTION bench.replay(first integer, last integer) RETURNS float8
  LANGUAGE c STRICT AS :'library', 'bench_replay';
CREATE FUNCTION bench.call(function regprocedure, arguments jsonb[]) RETURNS float8
  LANGUAGE c STRICT AS :'library', 'bench_call';
CREATE FUNCTION bench.execute(statement text, arguments anyarray) RETURNS float8
  LANGUAGE c STRICT AS :'library', 'bench_execute';

-- n numbers a call; in a workload of batches the command is an array.
CREATE TABLE bench.commands (n integer PRIMARY KEY, command jsonb NOT NULL);

SELECT oms.ensure_partitions(0);

-- The partition of this month: oms inserts into the leaf, and so does the floor.
CREATE FUNCTION bench.leaf(parent text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT format('%I.%I', n.nspname, c.relname)
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE i.inhparent = ('oms.' || parent)::regclass
  ORDER BY c.relname LIMIT 1
$$;

-- A copy of a table in another schema: columns, storage, indexes, fillfactor.
CREATE FUNCTION bench.copy_table(source text, target text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  options text := (SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = source::regclass);
BEGIN
  EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL)', target, source);
  IF options <> '' THEN
    EXECUTE format('ALTER TABLE %s SET (%s)', target, options);
  END IF;
END
$$;

-- The floor's tables: the event tables without their parent.
CREATE SCHEMA floor;
CREATE SEQUENCE floor.event_sequence START 100000000;
SELECT bench.copy_table('oms.' || name, 'floor.' || name)
FROM unnest(ARRAY['orders', 'executions', 'root_ids', 'commands', 'cl_ord_ids']) name;
SELECT bench.copy_table(bench.leaf(name), 'floor.' || name)
FROM unnest(ARRAY['order_events', 'execution_events']) name;

-- The peer's tables: as the extension's own, parents and partitions.
CREATE SCHEMA peer;
CREATE SEQUENCE peer.event_sequence START 100000000;
SELECT bench.copy_table('oms.' || name, 'peer.' || name)
FROM unnest(ARRAY['orders', 'executions', 'root_ids', 'commands', 'cl_ord_ids']) name;
SELECT bench.copy_table(bench.leaf(name), 'peer.' || name || '_leaf')
FROM unnest(ARRAY['order_events', 'execution_events']) name;
CREATE TABLE peer.order_events (LIKE oms.order_events) PARTITION BY RANGE (occurred_at);
CREATE TABLE peer.execution_events (LIKE oms.execution_events) PARTITION BY RANGE (occurred_at);
ALTER TABLE peer.order_events ATTACH PARTITION peer.order_events_leaf FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
ALTER TABLE peer.execution_events ATTACH PARTITION peer.execution_events_leaf FOR VALUES FROM (MINVALUE) TO (MAXVALUE);

-- What each call wrote.  STORAGE PLAIN: read back as it was before it went into the table, not compressed.
CREATE TABLE bench.rec_orders (n integer NOT NULL, created boolean NOT NULL, LIKE oms.orders);
CREATE TABLE bench.rec_executions (n integer NOT NULL, created boolean NOT NULL, LIKE oms.executions);
CREATE TABLE bench.rec_root_ids (n integer NOT NULL, LIKE oms.root_ids);
CREATE TABLE bench.rec_commands (n integer NOT NULL, LIKE oms.commands);
CREATE TABLE bench.rec_cl_ord_ids (n integer NOT NULL, LIKE oms.cl_ord_ids);
CREATE TABLE bench.rec_order_events (n integer NOT NULL, LIKE oms.order_events);
CREATE TABLE bench.rec_execution_events (n integer NOT NULL, LIKE oms.execution_events);
DO $$
DECLARE
  a record;
BEGIN
  FOR a IN
    SELECT c.relname, att.attname
    FROM pg_class c JOIN pg_attribute att ON att.attrelid = c.oid JOIN pg_type t ON t.oid = att.atttypid
    WHERE c.relnamespace = 'bench'::regnamespace AND c.relname LIKE 'rec\_%' AND c.relkind = 'r'
      AND att.attnum > 0 AND t.typlen = -1
  LOOP
    EXECUTE format('ALTER TABLE bench.%I ALTER COLUMN %I SET STORAGE PLAIN', a.relname, a.attname);
  END LOOP;
END
$$;

-- Copy what is there into the floor's and the peer's tables, so that all begin with the same.
CREATE FUNCTION bench.copy_state() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  s text;
  t text;
BEGIN
  FOREACH s IN ARRAY ARRAY['floor', 'peer'] LOOP
    FOREACH t IN ARRAY ARRAY['orders', 'executions', 'root_ids', 'commands', 'cl_ord_ids', 'order_events', 'execution_events'] LOOP
      EXECUTE format('TRUNCATE %I.%I', s, t);
      EXECUTE format('INSERT INTO %I.%I SELECT * FROM oms.%I', s, t, t);
    END LOOP;
  END LOOP;
END
$$;

-- Run bench.commands, and after each call keep the rows that it left behind.
-- A new event says which objects were written; its version, whether the row was made or changed.
CREATE PROCEDURE bench.record(batches boolean) LANGUAGE plpgsql AS $$
DECLARE
  cmd record;
  seen bigint := greatest((SELECT max(sequence) FROM oms.order_events), (SELECT max(sequence) FROM oms.execution_events), 0);
  seen_before bigint;
  made text[];
  changed text[];
  ids text[];
  clords text[];
BEGIN
  FOR cmd IN SELECT n, command FROM bench.commands ORDER BY n LOOP
    IF batches THEN
      PERFORM oms_commands(cmd.command);
      ids := ARRAY(SELECT e ->> 'commandId' FROM jsonb_array_elements(cmd.command) e WHERE e ? 'commandId');
      clords := ARRAY(SELECT e ->> 'clOrdID' FROM jsonb_array_elements(cmd.command) e WHERE e ? 'clOrdID');
    ELSE
      PERFORM oms_command(cmd.command);
      ids := ARRAY(SELECT cmd.command ->> 'commandId' WHERE cmd.command ? 'commandId');
      clords := ARRAY(SELECT cmd.command ->> 'clOrdID' WHERE cmd.command ? 'clOrdID');
    END IF;
    seen_before := seen;

    INSERT INTO bench.rec_order_events SELECT cmd.n, e.* FROM oms.order_events e WHERE e.sequence > seen ORDER BY e.sequence;
    SELECT coalesce(array_agg(aggregate_id) FILTER (WHERE version = 1), '{}'), coalesce(array_agg(DISTINCT aggregate_id), '{}'),
           greatest(max(sequence), seen_before)
      INTO made, changed, seen FROM bench.rec_order_events WHERE n = cmd.n;
    INSERT INTO bench.rec_root_ids SELECT cmd.n, k.* FROM oms.root_ids k WHERE k.id = ANY (made);
    INSERT INTO bench.rec_orders SELECT cmd.n, o.id = ANY (made), o.* FROM oms.orders o WHERE o.id = ANY (changed);

    INSERT INTO bench.rec_execution_events
      SELECT cmd.n, e.* FROM oms.execution_events e WHERE e.sequence > seen_before ORDER BY e.sequence;
    SELECT coalesce(array_agg(aggregate_id) FILTER (WHERE version = 1), '{}'), coalesce(array_agg(DISTINCT aggregate_id), '{}'),
           greatest(max(sequence), seen)
      INTO made, changed, seen FROM bench.rec_execution_events WHERE n = cmd.n;
    INSERT INTO bench.rec_executions SELECT cmd.n, x.id = ANY (made), x.* FROM oms.executions x WHERE x.id = ANY (changed);

    INSERT INTO bench.rec_commands
      SELECT cmd.n, k.* FROM oms.commands k WHERE k.actor = session_user AND k.command_id = ANY (ids);
    INSERT INTO bench.rec_cl_ord_ids
      SELECT cmd.n, k.* FROM oms.cl_ord_ids k WHERE k.fix_session = '' AND k.cl_ord_id = ANY (clords);
    COMMIT;
  END LOOP;
END
$$;

-- To concatenate nothing takes the payload out of its compression.
CREATE PROCEDURE bench.index_recordings() LANGUAGE plpgsql AS $$
DECLARE
  t text;
BEGIN
  UPDATE bench.rec_order_events SET payload = payload || '{}' WHERE pg_column_compression(payload) IS NOT NULL;
  UPDATE bench.rec_execution_events SET payload = payload || '{}' WHERE pg_column_compression(payload) IS NOT NULL;
  FOREACH t IN ARRAY ARRAY['orders', 'executions', 'root_ids', 'commands', 'cl_ord_ids', 'order_events', 'execution_events'] LOOP
    EXECUTE format('CREATE INDEX ON bench.rec_%I (n)', t);
  END LOOP;
END
$$;

-- One transaction for each command, as a client would have it.
CREATE PROCEDURE bench.run_committing(first integer, last integer, INOUT seconds float8) LANGUAGE plpgsql AS $$
DECLARE
  commands jsonb[] := ARRAY(SELECT command FROM bench.commands WHERE n BETWEEN first AND last ORDER BY n);
  started timestamptz;
BEGIN
  COMMIT;
  started := clock_timestamp();
  FOR i IN 1 .. cardinality(commands) LOOP
    PERFORM oms_command(commands[i]);
    COMMIT;
  END LOOP;
  seconds := extract(epoch FROM clock_timestamp() - started);
END
$$;
