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
CREATE FUNCTION bench.compressed(jsonb) RETURNS jsonb
  LANGUAGE c STRICT AS :'library', 'bench_compressed';

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

-- What commands write, in the order in which the floor writes it: the rows of each kind of object, ids and names, events.
-- Of names, their column, and the field of a command that gives one.
CREATE TABLE bench.tables (n serial, name text PRIMARY KEY, is_state boolean NOT NULL DEFAULT false, is_events boolean NOT NULL DEFAULT false, name_column text, name_field text);
INSERT INTO bench.tables (name, is_state) SELECT k.table_name, true FROM oms.kinds() WITH ORDINALITY AS k ORDER BY k.ordinality;
INSERT INTO bench.tables (name) VALUES ('root_ids'), ('commands');
INSERT INTO bench.tables (name, name_column, name_field) VALUES
  ('cl_ord_ids', 'cl_ord_id', 'clOrdID'), ('quote_req_ids', 'quote_req_id', 'quoteReqID'), ('dealer_quote_ids', 'dealer_quote_id', 'quoteID');
INSERT INTO bench.tables (name, is_events) SELECT k.event_table, true FROM oms.kinds() WITH ORDINALITY AS k ORDER BY k.ordinality;

-- The floor's tables: the event tables without their parent.
CREATE SCHEMA floor;
CREATE SEQUENCE floor.event_sequence START 100000000;
SELECT bench.copy_table(CASE WHEN is_events THEN bench.leaf(name) ELSE 'oms.' || name END, 'floor.' || name) FROM bench.tables ORDER BY n;

-- The peer's tables: as the extension's own, parents and partitions.
CREATE SCHEMA peer;
CREATE SEQUENCE peer.event_sequence START 100000000;
SELECT bench.copy_table(CASE WHEN is_events THEN bench.leaf(name) ELSE 'oms.' || name END, 'peer.' || name || CASE WHEN is_events THEN '_leaf' ELSE '' END)
FROM bench.tables ORDER BY n;
DO $$
DECLARE
  t record;
BEGIN
  FOR t IN SELECT * FROM bench.tables ORDER BY n LOOP
    IF t.is_events THEN
      EXECUTE format('CREATE TABLE peer.%1$I (LIKE oms.%1$I) PARTITION BY RANGE (occurred_at)', t.name);
      EXECUTE format('ALTER TABLE peer.%1$I ATTACH PARTITION peer.%1$s_leaf FOR VALUES FROM (MINVALUE) TO (MAXVALUE)', t.name);
    END IF;
    -- what each call wrote
    EXECUTE format('CREATE TABLE bench.rec_%1$s (n integer NOT NULL, %2$s LIKE oms.%1$I)', t.name,
                   CASE WHEN t.is_state THEN 'created boolean NOT NULL,' ELSE '' END);
  END LOOP;
END
$$;

-- STORAGE PLAIN: nothing is compressed here but what comes compressed.
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
    FOR t IN SELECT name FROM bench.tables ORDER BY n LOOP
      EXECUTE format('TRUNCATE %I.%I', s, t);
      EXECUTE format('INSERT INTO %I.%I SELECT * FROM oms.%I', s, t, t);
    END LOOP;
  END LOOP;
END
$$;

-- Run bench.commands, and after each call keep the rows that it left behind.
-- A new event says which objects were written, and the root of its tree; its version, whether the row was made or changed.
CREATE PROCEDURE bench.record(batches boolean) LANGUAGE plpgsql AS $$
DECLARE
  cmd record;
  t record;
  seen bigint := (SELECT coalesce(max(sequence), 0) FROM oms.all_events);
  seen_before bigint;
  made text[];
  changed text[];
  said jsonb;
BEGIN
  FOR cmd IN SELECT n, command FROM bench.commands ORDER BY n LOOP
    IF batches THEN
      PERFORM oms_commands(cmd.command);
      said := cmd.command;
    ELSE
      PERFORM oms_command(cmd.command);
      said := jsonb_build_array(cmd.command);
    END IF;
    seen_before := seen;
    made := '{}';
    changed := '{}';
    FOR t IN SELECT name FROM bench.tables WHERE is_events ORDER BY n LOOP
      EXECUTE format('WITH w AS (INSERT INTO bench.rec_%1$s SELECT $1, e.* FROM oms.%1$I e WHERE e.sequence > $2 ORDER BY e.sequence RETURNING aggregate_id, root_id, version, sequence)
                      SELECT $3 || coalesce(array_agg(aggregate_id) FILTER (WHERE version = 1), ''{}''), $4 || coalesce(array_agg(aggregate_id) || array_agg(root_id), ''{}''),
                             greatest(max(sequence), $5) FROM w', t.name)
        INTO made, changed, seen USING cmd.n, seen_before, made, changed, seen;
    END LOOP;
    FOR t IN SELECT name FROM bench.tables WHERE is_state ORDER BY n LOOP
      EXECUTE format('INSERT INTO bench.rec_%1$s SELECT $1, o.id = ANY ($2), o.* FROM oms.%1$I o WHERE o.id = ANY ($3)', t.name) USING cmd.n, made, changed;
    END LOOP;
    INSERT INTO bench.rec_root_ids SELECT cmd.n, k.* FROM oms.root_ids k WHERE k.id = ANY (made);
    INSERT INTO bench.rec_commands
      SELECT cmd.n, k.* FROM oms.commands k WHERE k.actor = session_user AND k.command_id = ANY (ARRAY(SELECT e ->> 'commandId' FROM jsonb_array_elements(said) e));
    FOR t IN SELECT * FROM bench.tables WHERE name_column IS NOT NULL ORDER BY n LOOP
      EXECUTE format('INSERT INTO bench.rec_%1$s SELECT $1, k.* FROM oms.%1$I k WHERE k.fix_session = '''' AND k.%2$I = ANY ($2)', t.name, t.name_column)
        USING cmd.n, ARRAY(SELECT e ->> t.name_field FROM jsonb_array_elements(said) e);
    END LOOP;
    COMMIT;
  END LOOP;
END
$$;

-- They come from a dump, which is text: payloads are compressed again as the commands stored them.
CREATE PROCEDURE bench.index_recordings() LANGUAGE plpgsql AS $$
DECLARE
  t record;
BEGIN
  FOR t IN SELECT * FROM bench.tables LOOP
    IF t.is_events THEN
      EXECUTE format('UPDATE bench.rec_%s SET payload = bench.compressed(payload)', t.name);
    END IF;
    EXECUTE format('CREATE INDEX ON bench.rec_%s (n)', t.name);
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
