-- A fleet of databases: what a router calls in a shard (fleet/), and how a database becomes one.

CREATE FUNCTION oms.in_transaction_block() RETURNS boolean
  LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'oms_in_transaction_block';
COMMENT ON FUNCTION oms.in_transaction_block() IS
  'Does the statement stand in a transaction block: behind BEGIN, beside others in one message, or behind others in a pipeline? What it does elsewhere would not be taken back with it';

-- Refusals as values
--
-- An error costs a router its connection, and half of the error's text. So a refusal comes back as oms_try_command() gives it, but nothing is kept of it:
-- the caller is told by the router, as oms_command() would tell him.

CREATE FUNCTION oms.remote_command(command jsonb) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_remote_command';
COMMENT ON FUNCTION oms.remote_command(jsonb) IS 'As oms_command(), for a router: a refusal is returned as a result with status REJECTED, and is not kept';

CREATE FUNCTION oms.remote_fix(message text) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_remote_fix';
COMMENT ON FUNCTION oms.remote_fix(text) IS 'As oms_fix(), for a router: a refusal is returned as a result with status REJECTED, and is not kept';

CREATE FUNCTION oms.remote_fix(message bytea) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_remote_fix_bytes';
COMMENT ON FUNCTION oms.remote_fix(bytea) IS 'The same for a message as it came from the wire';

-- What this server's error says, as a value.
CREATE FUNCTION oms.error_result(status text, sqlstate text, message text, detail text, hint text) RETURNS jsonb
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN pg_catalog.jsonb_build_object('status', status, 'error', pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
    'sqlstate', sqlstate, 'message', message, 'detail', nullif(detail, ''), 'hint', nullif(hint, ''))));
COMMENT ON FUNCTION oms.error_result(text, text, text, text, text) IS 'An error as a result';

CREATE FUNCTION oms.remote_service(name text, arguments jsonb) RETURNS jsonb
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  detail text;
  hint text;
BEGIN
  RETURN @extschema@.oms_service(name, arguments);
EXCEPTION WHEN OTHERS THEN
  IF SQLSTATE !~ '^OM' THEN
    RAISE;
  END IF;
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN oms.error_result('REJECTED', SQLSTATE, SQLERRM, detail, hint);
END
$function$;
COMMENT ON FUNCTION oms.remote_service(text, jsonb) IS 'As oms_service(), for a router: a refusal is returned as a result with status REJECTED';

-- A part of a batch. What an error of the database ends (a deadlock, a timeout, a constraint of somebody's) leaves nothing of the part, and is its commands' answer:
-- as an error it would take along what other shards have answered.
CREATE FUNCTION oms.remote_commands(positions integer[], commands jsonb[], atomic boolean DEFAULT false) RETURNS TABLE ("position" integer, result jsonb)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  detail text;
  hint text;
  failed jsonb;
BEGIN
  RETURN QUERY
    SELECT positions[r.n], r.result FROM @extschema@.oms_commands(to_jsonb(commands), atomic) WITH ORDINALITY AS r (result, n);
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  failed := oms.error_result(CASE WHEN SQLSTATE ~ '^OM' THEN 'REJECTED' ELSE 'FAILED' END, SQLSTATE, SQLERRM, detail, hint);
  RETURN QUERY
    SELECT positions[c.n], failed || jsonb_strip_nulls(jsonb_build_object('commandId', c.command ->> 'commandId', 'commandType', c.command ->> 'commandType'))
      FROM unnest(commands) WITH ORDINALITY AS c (command, n);
END
$function$;
COMMENT ON FUNCTION oms.remote_commands(integer[], jsonb[], boolean) IS
  'As oms_commands(), for a router: results with the positions that it gives. Atomic: the first refusal is the answer of each, and nothing is applied or kept. An error of the database is the answer of each with status FAILED, and nothing of these is applied';

-- Where it is

CREATE FUNCTION oms.locate(object text, session text, ids text[]) RETURNS TABLE (id text, root_id text, rank integer)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  SET jit = off
AS $function$
DECLARE
  kind record;
BEGIN
  FOR kind IN SELECT k.table_name, to_regprocedure(format('oms.%I(text, text[])', k.table_name || '_named')) AS named
                FROM oms.all_kinds() AS k WHERE locate.object IS NULL OR k.object = locate.object LOOP
    IF session IS NULL THEN
      RETURN QUERY EXECUTE format('SELECT o.id, o.root_id, 1 FROM oms.%I AS o WHERE o.id = ANY ($1)', kind.table_name) USING ids;
    ELSIF kind.named IS NOT NULL THEN
      RETURN QUERY EXECUTE format('SELECT n.* FROM oms.%I($1, $2) AS n', kind.table_name || '_named') USING session, ids;
    END IF;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.locate(text, text, text[]) IS
  'What this database has of ids, by primary keys alone, and its tree; without a session of the ids of objects of a kind (null: of any), with one of the names of orders in it, where the lowest rank is what a report would mean. No row: nothing that the caller may see';

-- Becoming a shard

-- Trees that name one another live in one database: a block and its members, a quote and the order that came of it, fills that took the place of others.
CREATE FUNCTION oms.links_apart(slots int4multirange) RETURNS TABLE (object text, id text, other text, other_id text)
  LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $function$
DECLARE
  kind record;
  beyond record;
BEGIN
  FOR kind IN SELECT k.object, k.table_name FROM oms.all_kinds() AS k WHERE to_regprocedure(format('oms.%I(text[])', 'links_of_' || k.table_name)) IS NOT NULL LOOP
    FOR beyond IN SELECT k.object, k.table_name FROM oms.all_kinds() AS k LOOP
      RETURN QUERY EXECUTE format(
        'SELECT %L, o.id, %L, t.id FROM oms.%I AS o CROSS JOIN LATERAL oms.%I(ARRAY[o.id]) AS l JOIN oms.%I AS t ON l.object = %2$L AND t.id = l.id
          WHERE t.root_id <> o.root_id AND ($1 @> oms.slot_of(t.root_id)) <> ($1 @> oms.slot_of(o.root_id))',
        kind.object, beyond.object, kind.table_name, 'links_of_' || kind.table_name, beyond.table_name) USING slots;
    END LOOP;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.links_apart(int4multirange) IS 'Part of oms.set_shard(): objects whose tree is in these slots and which name one whose tree is not, or the other way round';

-- The lock on the sequence comes first and stays: whoever draws a number afterwards knows the slots of afterwards.
CREATE FUNCTION oms.set_shard(number integer, slots int4multirange, step integer DEFAULT 64, pinned boolean DEFAULT false) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  before bigint;
  coming bigint;
  apart record;
BEGIN
  IF number IS NULL OR slots IS NULL OR step IS NULL OR pinned IS NULL OR step NOT BETWEEN 2 AND 4096 OR number NOT BETWEEN 0 AND step - 1 THEN
    RAISE EXCEPTION 'the number of a shard is between 0 and step - 1, and step between 2 and 4096' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  EXECUTE format('ALTER SEQUENCE oms.event_sequence INCREMENT BY %s', step);
  SELECT * INTO apart FROM oms.links_apart(slots) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the slots of shard % part trees that belong together', number
      USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('%s "%s" names %s "%s".', apart.object, apart.id, apart.other, apart.other_id),
            HINT = 'SELECT * FROM oms.links_apart(slots) shows all of them. Give the shard both, or neither.';
  END IF;
  SELECT s.last_value INTO before FROM oms.event_sequence AS s;
  coming := before + 1 + ((number - before - 1) % step + step) % step;
  PERFORM setval('oms.event_sequence', coming, false);
  SELECT s.last_value INTO coming FROM oms.event_sequence AS s WHERE s.last_value > before AND s.last_value % step = number AND s.last_value < 9007199254740992
     AND step = (SELECT q.seqincrement FROM pg_sequence AS q WHERE q.seqrelid = 'oms.event_sequence'::regclass);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'oms.event_sequence does not stand on the offset of shard %', number
      USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('It was at %s; its next value has to be above that, below 2^53, and leave %s when divided by %s.', before, number, step);
  END IF;
  UPDATE oms.shard AS s
     SET number = set_shard.number, slots = set_shard.slots, step = set_shard.step,
         timeline = CASE WHEN pinned THEN ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::integer END;
  IF NOT FOUND THEN
    INSERT INTO oms.shard (number, slots, step) VALUES (set_shard.number, set_shard.slots, set_shard.step);
  END IF;
  RETURN coming;
END
$function$;
COMMENT ON FUNCTION oms.set_shard(integer, int4multirange, integer, boolean) IS
  'Makes this database the shard of a fleet with this number and these slots, and returns the next sequence number of an event: above all before, and never one of another number with the same step. Waits for every transaction that has written an event. pinned: a copy of this database that is promoted takes no command before an oms.set_shard() of its own. 55000: the slots part trees that belong together';

CREATE FUNCTION oms.forget_slots(OUT trees bigint, OUT events bigint)
  LANGUAGE c VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'oms_forget_slots';
COMMENT ON FUNCTION oms.forget_slots() IS
  'After a shard was split: deletes every tree whose slot is not this database''s, with all that finds it, in one transaction. Nothing is kept of them here, and no event tells of it. 55000: this is no shard, or a copy of one that is none yet';

REVOKE ALL ON FUNCTION oms.in_transaction_block(), oms.remote_command(jsonb), oms.remote_fix(text), oms.remote_fix(bytea), oms.error_result(text, text, text, text, text),
  oms.remote_service(text, jsonb), oms.remote_commands(integer[], jsonb[], boolean), oms.locate(text, text, text[]), oms.links_apart(int4multirange),
  oms.set_shard(integer, int4multirange, integer, boolean), oms.forget_slots() FROM PUBLIC;
