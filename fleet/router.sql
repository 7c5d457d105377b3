-- The router of a fleet: a database without orders, which sends each command to the shard that has its tree. As many routers as you like, all alike.
--
--   CREATE DATABASE router; and in it, as a superuser:
--     CREATE SCHEMA oms_local; CREATE EXTENSION oms_state SCHEMA oms_local; CREATE EXTENSION plproxy;
--     \i router.sql
--     INSERT INTO fleet.shards VALUES (0, 'host=a dbname=oms', '{[0,32)}'), (1, 'host=b dbname=oms', '{[32,64)}');
--     SELECT fleet.set_map();
--     SELECT * FROM fleet.check_map();
--
-- doc/fleet.md says the rest: who connects how, what a router cannot do, how a fleet grows.

\set ON_ERROR_STOP on
BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;

DO $do$
BEGIN
  IF (SELECT count(*) FROM pg_extension AS e WHERE e.extname IN ('oms_state', 'plproxy')) < 2
     OR (SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'oms_state') = 'public' THEN
    RAISE EXCEPTION 'this is no database for a router'
      USING HINT = 'CREATE SCHEMA oms_local; CREATE EXTENSION oms_state SCHEMA oms_local; CREATE EXTENSION plproxy. The entry points of schema public are the router''s.';
  END IF;
END
$do$;
-- nothing begins here, whoever calls what
UPDATE oms.shard SET slots = '{}';
REVOKE ALL ON SCHEMA oms_local FROM PUBLIC;

CREATE SCHEMA fleet;
GRANT USAGE ON SCHEMA fleet TO PUBLIC;

-- ------------------------------------------------------------------------
-- the map: 16384 slots in 64 partitions of 256, which shards share out
-- ------------------------------------------------------------------------

CREATE TABLE fleet.shards (
  number integer NOT NULL CONSTRAINT shards_pkey PRIMARY KEY CONSTRAINT shards_number_check CHECK (number BETWEEN 0 AND 63),
  connection text NOT NULL CONSTRAINT shards_connection_key UNIQUE,
  partitions int4multirange NOT NULL CONSTRAINT shards_partitions_check CHECK (partitions <@ '{[0,64)}'::int4multirange AND NOT isempty(partitions))
);
COMMENT ON TABLE fleet.shards IS 'The shards, how they are reached, and which partitions each has; fleet.set_map() makes a change act';
COMMENT ON COLUMN fleet.shards.partitions IS 'Of 64: partition n has the slots from 256 * n to 256 * n + 255';
GRANT SELECT (number, partitions) ON fleet.shards TO PUBLIC;

CREATE FUNCTION fleet.slots(partitions int4multirange) RETURNS int4multirange
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (SELECT range_agg(int4range(lower(p.r) * 256, upper(p.r) * 256)) FROM unnest(partitions) AS p (r));
COMMENT ON FUNCTION fleet.slots(int4multirange) IS 'The slots of partitions: what a shard''s oms.shard has to have';

-- The server of PL/Proxy; every session reads it anew.
CREATE FUNCTION fleet.set_map() RETURNS void
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  wrong text := (SELECT string_agg(p.n || CASE p.shards WHEN 0 THEN ' has no shard' ELSE ' has more than one' END, ', ' ORDER BY p.n)
                   FROM (SELECT n, (SELECT count(*) FROM fleet.shards AS s WHERE s.partitions @> n) AS shards FROM generate_series(0, 63) AS n) AS p WHERE p.shards <> 1);
  exists constant boolean := EXISTS (SELECT FROM pg_foreign_server AS f WHERE f.srvname = 'oms_fleet');
  options text;
BEGIN
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'each partition needs one shard' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Partition %s.', wrong);
  END IF;
  SELECT string_agg(format('%s p%s %L', CASE WHEN exists THEN 'SET' ELSE '' END, n, s.connection), ', ' ORDER BY n) INTO options
    FROM generate_series(0, 63) AS n JOIN fleet.shards AS s ON s.partitions @> n;
  IF exists THEN
    EXECUTE format('ALTER SERVER oms_fleet OPTIONS (%s)', options);
  ELSE
    EXECUTE format('CREATE SERVER oms_fleet FOREIGN DATA WRAPPER plproxy OPTIONS (%s)', options);
    -- as whom the caller is now: what the shard takes him for, and asks about
    CREATE USER MAPPING FOR PUBLIC SERVER oms_fleet;
    GRANT USAGE ON FOREIGN SERVER oms_fleet TO PUBLIC;
  END IF;
END
$function$;
COMMENT ON FUNCTION fleet.set_map() IS 'Makes PL/Proxy''s server of fleet.shards: from now on commands go by it. 22023: a partition has no shard, or several';
REVOKE ALL ON FUNCTION fleet.set_map() FROM PUBLIC;

-- PL/Proxy takes the user and password of a caller's mapping, and whoever may use a server may make one for himself: he would be anybody in the shards.
CREATE FUNCTION fleet.refuse_mapping() RETURNS event_trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() AS d JOIN pg_user_mappings AS m ON m.umid = d.objid
              WHERE d.classid = 'pg_user_mapping'::regclass AND m.srvname = 'oms_fleet')
     AND NOT (SELECT pg_has_role(current_user, f.srvowner, 'MEMBER') FROM pg_foreign_server AS f WHERE f.srvname = 'oms_fleet') THEN
    RAISE EXCEPTION 'as whom a caller comes to a shard is not his to say' USING ERRCODE = 'insufficient_privilege', DETAIL = 'Mappings of server "oms_fleet" are its owner''s.';
  END IF;
END
$function$;
COMMENT ON FUNCTION fleet.refuse_mapping() IS 'Event trigger: nobody but its owner makes or changes a user mapping of PL/Proxy''s server';
REVOKE ALL ON FUNCTION fleet.refuse_mapping() FROM PUBLIC;
CREATE EVENT TRIGGER fleet_refuse_mapping ON ddl_command_end WHEN TAG IN ('CREATE USER MAPPING', 'ALTER USER MAPPING') EXECUTE FUNCTION fleet.refuse_mapping();
ALTER EVENT TRIGGER fleet_refuse_mapping ENABLE ALWAYS;

CREATE FUNCTION fleet.shard_of(part integer) RETURNS integer
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  RETURN (SELECT s.number FROM fleet.shards AS s WHERE s.partitions @> part);
COMMENT ON FUNCTION fleet.shard_of(integer) IS 'The shard that has a partition';

CREATE FUNCTION fleet.part_of(slot integer) RETURNS integer
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN slot >> 8;
COMMENT ON FUNCTION fleet.part_of(integer) IS 'The partition of a slot';

-- ------------------------------------------------------------------------
-- what is done in shards; PL/Proxy sends each as a statement of its own
-- ------------------------------------------------------------------------

CREATE FUNCTION fleet.at_command(part integer, command jsonb) RETURNS jsonb
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON part; SELECT oms.remote_command(command); $$;
CREATE FUNCTION fleet.at_try_command(part integer, command jsonb) RETURNS jsonb
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON part; SELECT oms_try_command(command); $$;
CREATE FUNCTION fleet.at_fix(part integer, message text) RETURNS jsonb
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON part; SELECT oms.remote_fix(message); $$;
CREATE FUNCTION fleet.at_fix(part integer, message bytea) RETURNS jsonb
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON part; SELECT oms.remote_fix(message); $$;
CREATE FUNCTION fleet.at_try_fix(part integer, message text) RETURNS jsonb
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON part; SELECT oms_try_fix(message); $$;
CREATE FUNCTION fleet.at_try_fix(part integer, message bytea) RETURNS jsonb
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON part; SELECT oms_try_fix(message); $$;
CREATE FUNCTION fleet.at_service(part integer, name text, arguments jsonb) RETURNS jsonb
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON part; SELECT oms.remote_service(name, arguments); $$;
CREATE FUNCTION fleet.at_commands(part integer, positions integer[], commands jsonb[], atomic boolean) RETURNS TABLE ("position" integer, result jsonb)
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON part; SELECT r."position", r.result FROM oms.remote_commands(positions, commands, atomic) AS r; $$;
CREATE FUNCTION fleet.split_commands(parts integer[], positions integer[], commands jsonb[]) RETURNS TABLE ("position" integer, result jsonb)
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; SPLIT parts, positions, commands; RUN ON parts; SELECT r."position", r.result FROM oms.remote_commands(positions, commands) AS r; $$;
CREATE FUNCTION fleet.all_locate(object text, session text, ids text[]) RETURNS TABLE (shard integer, id text, root_id text, rank integer)
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON ALL; SELECT (SELECT s.number FROM oms.shard AS s) AS shard, l.id, l.root_id, l.rank FROM oms.locate(object, session, ids) AS l; $$;
CREATE FUNCTION fleet.at_query(part integer, object text, spec jsonb) RETURNS TABLE (shard integer, place bigint, result jsonb)
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON part; SELECT (SELECT s.number FROM oms.shard AS s) AS shard, q.place, q.result FROM oms_query(object, spec) WITH ORDINALITY AS q (result, place); $$;
CREATE FUNCTION fleet.all_query(object text, spec jsonb) RETURNS TABLE (shard integer, place bigint, result jsonb)
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON ALL; SELECT (SELECT s.number FROM oms.shard AS s) AS shard, q.place, q.result FROM oms_query(object, spec) WITH ORDINALITY AS q (result, place); $$;
CREATE FUNCTION fleet.all_query_count(object text, spec jsonb, exact boolean) RETURNS SETOF bigint
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON ALL; SELECT oms.query_count(object, spec, exact); $$;
CREATE FUNCTION fleet.at_shard(part integer) RETURNS TABLE (number integer, slots text, step integer)
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON part; SELECT s.number, s.slots::text, s.step FROM oms.shard AS s; $$;

CREATE FUNCTION fleet.verify() RETURNS TABLE (shard integer, invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON ALL; SELECT (SELECT s.number FROM oms.shard AS s) AS shard, v.invariant, v.object, v.id, v.root_id, v.sequence, v.detail FROM oms.verify() AS v; $$;
COMMENT ON FUNCTION fleet.verify() IS 'oms.verify() of every shard';
CREATE FUNCTION fleet.stat_commands() RETURNS TABLE (shard integer, "row" jsonb)
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON ALL; SELECT (SELECT s.number FROM oms.shard AS s) AS shard, to_jsonb(v) AS "row" FROM oms.stat_commands AS v; $$;
CREATE FUNCTION fleet.stat_bridge() RETURNS TABLE (shard integer, "row" jsonb)
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON ALL; SELECT (SELECT s.number FROM oms.shard AS s) AS shard, to_jsonb(v) AS "row" FROM oms.stat_bridge AS v; $$;
CREATE FUNCTION fleet.bridge_alerts() RETURNS TABLE (shard integer, "row" jsonb)
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON ALL; SELECT (SELECT s.number FROM oms.shard AS s) AS shard, to_jsonb(v) AS "row" FROM oms.bridge_alerts AS v; $$;
CREATE FUNCTION fleet.lifecycle_alerts() RETURNS TABLE (shard integer, "row" jsonb)
  LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON ALL; SELECT (SELECT s.number FROM oms.shard AS s) AS shard, to_jsonb(v) AS "row" FROM oms.lifecycle_alerts AS v; $$;
COMMENT ON FUNCTION fleet.stat_commands() IS 'oms.stat_commands of every shard';
COMMENT ON FUNCTION fleet.stat_bridge() IS 'oms.stat_bridge of every shard';
COMMENT ON FUNCTION fleet.bridge_alerts() IS 'oms.bridge_alerts of every shard';
COMMENT ON FUNCTION fleet.lifecycle_alerts() IS 'oms.lifecycle_alerts of every shard';

-- ------------------------------------------------------------------------
-- refusals, and transaction blocks
-- ------------------------------------------------------------------------

-- An option that is null or empty would be printed as an empty line.
CREATE FUNCTION fleet.raise(error jsonb) RETURNS void
  LANGUAGE plpgsql IMMUTABLE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  state constant text := error ->> 'sqlstate';
  said constant text := error ->> 'message';
  facts constant text := error ->> 'detail';
  advice constant text := error ->> 'hint';
BEGIN
  IF facts IS NULL AND advice IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = said;
  ELSIF facts IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = said, HINT = advice;
  ELSIF advice IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = said, DETAIL = facts;
  END IF;
  RAISE EXCEPTION USING ERRCODE = state, MESSAGE = said, DETAIL = facts, HINT = advice;
END
$function$;
COMMENT ON FUNCTION fleet.raise(jsonb) IS 'Raises what a shard refused, as it would have';

CREATE FUNCTION fleet.check_block() RETURNS void
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF oms.in_transaction_block() AND coalesce(current_setting('oms_fleet.autocommit', true), '') NOT IN ('on', 'true', 'yes', '1') THEN
    RAISE EXCEPTION 'a router gives no commands inside a transaction block'
      USING ERRCODE = 'active_sql_transaction', DETAIL = 'What a shard has done stays done, whatever becomes of the block here.',
            HINT = 'Switch your driver to autocommit. Or, if you know that, SET oms_fleet.autocommit = on.';
  END IF;
END
$function$;
COMMENT ON FUNCTION fleet.check_block() IS '25001 inside a transaction block, unless oms_fleet.autocommit is on';

-- ------------------------------------------------------------------------
-- where to
-- ------------------------------------------------------------------------

-- The shard takes the caller of now for the actor; by his commandId is routed as the shard would.
CREATE FUNCTION fleet.route(command jsonb, OUT part integer, OUT certain boolean, OUT id text) RETURNS record
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  at record;
BEGIN
  at := oms.route(command);
  part := fleet.part_of(CASE at."by" WHEN 'commandId' THEN oms.slot_of(current_user::text, command ->> 'commandId') ELSE coalesce(at.slot, floor(random() * 16384)::integer) END);
  certain := at.certain;
  id := CASE WHEN NOT at.certain THEN command ->> at."by" END;
END
$function$;
COMMENT ON FUNCTION fleet.route(jsonb) IS 'The partition of a command; where it may be another one, the id that says so';

-- null: nobody knows it
CREATE FUNCTION fleet.locate(object text, session text, ids text[]) RETURNS integer
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  found record;
BEGIN
  -- a tree that two shards know is one whose slot moves: the map says whose it is, and who has not got it yet refuses
  SELECT count(DISTINCT f.root_id) AS trees, min(f.root_id) AS root_id, string_agg(DISTINCT f.shard::text, ', ') AS numbers INTO found
    FROM (SELECT a.*, min(a.rank) OVER () AS first FROM fleet.all_locate(object, session, ids) AS a) AS f WHERE f.rank = f.first;
  IF found.trees > 1 THEN
    RAISE EXCEPTION 'several trees know %', array_to_string(ids, ', ')
      USING ERRCODE = 'OM012', DETAIL = format('Shards %s.', found.numbers), HINT = 'Name its rootId, or send it to the right shard.';
  END IF;
  RETURN fleet.part_of(oms.slot_of(found.root_id));
END
$function$;
COMMENT ON FUNCTION fleet.locate(text, text, text[]) IS 'The partition of the tree that has one of these ids, or names in a session; null: no shard knows it. OM012: several trees do';

-- A fill of an order that its shard does not know would wait in review there; everything else is refused, and looked for then.
CREATE FUNCTION fleet.is_kept_anywhere(command jsonb) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN coalesce(lower(regexp_replace(command ->> 'commandType', '[ _]', '', 'g')) IN ('executeordercommand', 'createmanualexecutioncommand'), false);

CREATE FUNCTION fleet.give(command jsonb, OUT result jsonb, OUT part integer)
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  at record;
  other integer;
BEGIN
  PERFORM fleet.check_block();
  at := fleet.route(command);
  part := at.part;
  IF at.id IS NOT NULL AND fleet.is_kept_anywhere(command) THEN
    part := coalesce(fleet.locate(NULL, NULL, ARRAY[at.id]), part);
  END IF;
  result := fleet.at_command(part, command);
  IF at.id IS NOT NULL AND result #>> '{error,sqlstate}' IN ('OM003', 'OM012') THEN
    other := fleet.locate(NULL, NULL, ARRAY[at.id]);
    IF other <> part THEN
      part := other;
      result := fleet.at_command(part, command);
    END IF;
  END IF;
END
$function$;
COMMENT ON FUNCTION fleet.give(jsonb) IS 'Sends a command to its shard: the result, a refusal too, and the partition';

-- ------------------------------------------------------------------------
-- the entry points of the contract
-- ------------------------------------------------------------------------

CREATE FUNCTION public.oms_command(command jsonb) RETURNS jsonb
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  result jsonb;
BEGIN
  result := (fleet.give(command)).result;
  IF result ->> 'status' = 'REJECTED' THEN
    PERFORM fleet.raise(result -> 'error');
  END IF;
  RETURN result;
END
$function$;
COMMENT ON FUNCTION public.oms_command(jsonb) IS 'Applies one command in the shard of its tree, and commits there';

-- The shard keeps the refusal, so there it is tried.
CREATE FUNCTION public.oms_try_command(command jsonb) RETURNS jsonb
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  at record;
  given record;
BEGIN
  PERFORM fleet.check_block();
  at := fleet.try_route(command);
  IF at.id IS NULL THEN
    RETURN fleet.at_try_command(at.part, command);
  END IF;
  given := fleet.give(command);
  RETURN CASE given.result ->> 'status' WHEN 'REJECTED' THEN fleet.at_try_command(given.part, command) ELSE given.result END;
END
$function$;
COMMENT ON FUNCTION public.oms_try_command(jsonb) IS 'As oms_command, but a refusal is returned as a result with status REJECTED and kept in its shard''s oms.rejected_commands';

-- What is no command any shard refuses, and keeps if it is to.
CREATE FUNCTION fleet.try_route(command jsonb, OUT part integer, OUT certain boolean, OUT id text) RETURNS record
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  SELECT r.part, r.certain, r.id INTO part, certain, id FROM fleet.route(command) AS r;
EXCEPTION WHEN SQLSTATE 'OM001' OR SQLSTATE 'OM002' THEN
  part := 0;
  certain := true;
END
$function$;
COMMENT ON FUNCTION fleet.try_route(jsonb) IS 'As fleet.route(); what is no command goes anywhere';

-- What an earlier command of the batch makes is where that is; of the others all that may be elsewhere is looked for at once.
CREATE FUNCTION fleet.place(commands jsonb[]) RETURNS integer[]
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  parts integer[];
  unsure text[];
  known jsonb := '{}';
  made text;
BEGIN
  -- as fleet.route() does, of all at once; what is no command among them makes it one by one
  BEGIN
    SELECT array_agg(fleet.part_of(CASE r.by WHEN 'commandId' THEN oms.slot_of(current_user::text, c.command ->> 'commandId') ELSE coalesce(r.slot, floor(random() * 16384)::integer) END) ORDER BY c.n),
           array_agg(CASE WHEN NOT r.certain THEN c.command ->> r.by END ORDER BY c.n)
      INTO parts, unsure
      FROM unnest(commands) WITH ORDINALITY AS c (command, n) CROSS JOIN LATERAL oms.route(c.command) AS r;
  EXCEPTION WHEN SQLSTATE 'OM001' OR SQLSTATE 'OM002' THEN
    SELECT array_agg(r.part ORDER BY c.n), array_agg(r.id ORDER BY c.n) INTO parts, unsure
      FROM unnest(commands) WITH ORDINALITY AS c (command, n) CROSS JOIN LATERAL fleet.try_route(c.command) AS r;
  END;
  IF array_remove(unsure, NULL) <> '{}' THEN
    SELECT coalesce(jsonb_object_agg(f.id, fleet.part_of(oms.slot_of(f.root_id))), '{}') INTO known FROM fleet.all_locate(NULL, NULL, array_remove(unsure, NULL)) AS f;
  END IF;
  IF known = '{}' AND NOT EXISTS (SELECT FROM unnest(commands) AS c (command) WHERE c.command ?| '{parentId,executionId}') THEN
    RETURN parts;
  END IF;
  FOR n IN 1 .. cardinality(commands) LOOP
    IF known ? unsure[n] THEN
      parts[n] := known ->> unsure[n];
    END IF;
    -- a child, and a fill, are where what they belong to is
    made := commands[n] ->> CASE WHEN commands[n] ? 'parentId' THEN 'orderId' ELSE 'executionId' END;
    IF made IS NOT NULL THEN
      known := known || jsonb_build_object(made, parts[n]);
    END IF;
  END LOOP;
  RETURN parts;
END
$function$;
COMMENT ON FUNCTION fleet.place(jsonb[]) IS 'The partition of each command of a batch';

-- One shard after the other: a shard that cannot be reached takes no other along. What it had applied before is answered as a repeat.
CREATE FUNCTION fleet.give_each(parts integer[], commands jsonb[]) RETURNS TABLE ("position" integer, result jsonb)
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  share record;
BEGIN
  FOR share IN
    SELECT min(c.part) AS part, array_agg(c.n ORDER BY c.n) AS positions, array_agg(c.command ORDER BY c.n) AS commands, fleet.shard_of(c.part) AS shard
      FROM (SELECT p.part, p.command, p.n::integer AS n FROM unnest(parts, commands) WITH ORDINALITY AS p (part, command, n)) AS c
     GROUP BY 4
  LOOP
    BEGIN
      RETURN QUERY SELECT a."position", a.result FROM fleet.at_commands(share.part, share.positions, share.commands, false) AS a;
    EXCEPTION WHEN OTHERS THEN
      RETURN QUERY
        SELECT share.positions[c.n], oms.error_result('FAILED', SQLSTATE, SQLERRM, format('Shard %s did not answer: it may have applied it.', share.shard), 'Send it again with the same commandId.')
                                     || jsonb_strip_nulls(jsonb_build_object('commandId', c.command ->> 'commandId', 'commandType', c.command ->> 'commandType'))
          FROM unnest(share.commands) WITH ORDINALITY AS c (command, n);
    END;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION fleet.give_each(integer[], jsonb[]) IS 'A batch, shard by shard: where one does not answer, each of its commands is FAILED, and nobody knows';

CREATE FUNCTION fleet.give_batch(parts integer[], commands jsonb[]) RETURNS SETOF jsonb
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  BEGIN
    RETURN QUERY
      SELECT s.result FROM fleet.split_commands(parts, ARRAY(SELECT generate_series(1, cardinality(commands))), commands) AS s ORDER BY s."position";
    RETURN;
  EXCEPTION WHEN OTHERS THEN
    -- its answers are lost, and not what the shards have done: only a commandId tells what comes again from what comes once more
    IF EXISTS (SELECT FROM unnest(commands) AS c (command) WHERE c.command ->> 'commandId' IS NULL) THEN
      RAISE;
    END IF;
  END;
  RETURN QUERY SELECT g.result FROM fleet.give_each(parts, commands) AS g ORDER BY g."position";
END
$function$;
COMMENT ON FUNCTION fleet.give_batch(integer[], jsonb[]) IS 'A batch, all shards at once; where one of them does not answer, again, one after the other, if every command has a commandId, and else its error';

CREATE FUNCTION public.oms_commands(commands jsonb, atomic boolean DEFAULT true) RETURNS SETOF jsonb
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  list jsonb[];
  parts integer[];
  shards integer;
  first jsonb;
BEGIN
  PERFORM fleet.check_block();
  IF jsonb_typeof(commands) IS DISTINCT FROM 'array' THEN
    RAISE EXCEPTION 'commands must be a JSON array' USING ERRCODE = 'OM001';
  END IF;
  list := ARRAY(SELECT c.command FROM jsonb_array_elements(commands) WITH ORDINALITY AS c (command, n) ORDER BY c.n);
  IF list = '{}' THEN
    RETURN;
  END IF;
  parts := fleet.place(list);
  shards := (SELECT count(DISTINCT fleet.shard_of(p.part)) FROM (SELECT DISTINCT u.part FROM unnest(parts) AS u (part)) AS p);
  IF coalesce(atomic, true) AND shards > 1 THEN
    RAISE EXCEPTION 'a batch of several shards is not atomic'
      USING ERRCODE = 'OM005', DETAIL = format('Rule one_shard: its trees are on %s shards.', shards), HINT = 'Give it with atomic => false, or one batch for each shard.';
  END IF;
  IF coalesce(atomic, true) THEN
    FOR first IN SELECT a.result FROM fleet.at_commands(parts[1], ARRAY(SELECT generate_series(1, cardinality(list))), list, true) AS a ORDER BY a."position" LOOP
      IF first ->> 'status' IN ('REJECTED', 'FAILED') THEN
        PERFORM fleet.raise(first -> 'error');
      END IF;
      RETURN NEXT first;
    END LOOP;
    RETURN;
  END IF;
  IF shards > 1 AND EXISTS (SELECT FROM unnest(list) AS c (command) WHERE c.command ->> 'commandId' IS NULL) THEN
    RAISE EXCEPTION 'each command of a batch of several shards needs a commandId'
      USING ERRCODE = 'OM001', DETAIL = 'Where a shard does not answer, only a repeat tells what it has done.';
  END IF;
  RETURN QUERY SELECT * FROM fleet.give_batch(parts, list);
END
$function$;
COMMENT ON FUNCTION public.oms_commands(jsonb, boolean) IS
  'Applies an array of commands, one result each, in order. Atomic: all of its trees are on one shard (OM005, rule one_shard). Else each shard applies its own, in order; a shard that does not answer makes its commands FAILED: send them again';

-- FIX

-- The same for text and for bytes.
DO $do$
DECLARE
  type text;
BEGIN
  FOREACH type IN ARRAY '{text,bytea}'::text[] LOOP
    -- null: all of them
    EXECUTE replace($script$
      CREATE FUNCTION fleet.place_fix(message @type@) RETURNS integer
        LANGUAGE plpgsql VOLATILE
        SET search_path = pg_catalog, pg_temp
      AS $function$
      DECLARE
        at record;
        home integer;
      BEGIN
        SELECT r.slot, r.session, r.cl_ord_ids, r.order_id, r.by AS field, r.certain INTO at FROM oms.route_fix(message) AS r;
        home := fleet.part_of(coalesce(at.slot, floor(random() * 16384)::integer));
        IF at.certain THEN
          RETURN home;
        ELSIF at.field = 'any' THEN
          RETURN NULL;
        ELSIF at.field IN ('quoteReqID', 'quoteID', 'fixSession') THEN
          RAISE EXCEPTION 'a router does not know where this message about quotes belongs'
            USING ERRCODE = 'feature_not_supported', DETAIL = 'Requests and their quotes have names in the sessions of several parties.', HINT = 'Send it to the shard that has the request.';
        ELSIF at.field = 'secondaryClOrdID' THEN
          RETURN coalesce(fleet.locate(NULL, NULL, ARRAY[at.order_id]), home);
        END IF;
        RETURN coalesce(fleet.locate(NULL, coalesce(at.session, ''), array_remove(at.cl_ord_ids || at.order_id, NULL)), home);
      END
      $function$;
      COMMENT ON FUNCTION fleet.place_fix(@type@) IS 'The partition of a FIX message; null: what a market says, every shard must hear';

      CREATE FUNCTION fleet.all_fix(message @type@) RETURNS SETOF jsonb
        LANGUAGE plproxy AS $$ CLUSTER 'oms_fleet'; RUN ON ALL; SELECT oms.remote_fix(message); $$;

      CREATE FUNCTION fleet.give_fix(message @type@, OUT result jsonb, OUT part integer)
        LANGUAGE plpgsql VOLATILE
        SET search_path = pg_catalog, pg_temp
      AS $function$
      BEGIN
        PERFORM fleet.check_block();
        part := fleet.place_fix(message);
        result := CASE WHEN part IS NULL THEN fleet.joined(ARRAY(SELECT fleet.all_fix(message))) ELSE fleet.at_fix(part, message) END;
      END
      $function$;

      CREATE FUNCTION public.oms_fix(message @type@) RETURNS jsonb
        LANGUAGE plpgsql VOLATILE
        SET search_path = pg_catalog, pg_temp
      AS $function$
      DECLARE
        result jsonb;
      BEGIN
        result := (fleet.give_fix(message)).result;
        IF result ->> 'status' = 'REJECTED' THEN
          PERFORM fleet.raise(result -> 'error');
        END IF;
        RETURN result;
      END
      $function$;
      COMMENT ON FUNCTION public.oms_fix(@type@) IS 'Applies one raw FIX message in the shard of its order, and commits there';

      CREATE FUNCTION public.oms_try_fix(message @type@) RETURNS jsonb
        LANGUAGE plpgsql VOLATILE
        SET search_path = pg_catalog, pg_temp
      AS $function$
      DECLARE
        part integer;
      BEGIN
        PERFORM fleet.check_block();
        BEGIN
          part := fleet.place_fix(message);
        EXCEPTION WHEN SQLSTATE 'OM009' THEN
          -- any shard says so, and keeps it
          RETURN fleet.at_try_fix(0, message);
        END;
        RETURN CASE WHEN part IS NULL THEN (fleet.give_fix(message)).result ELSE fleet.at_try_fix(part, message) END;
      END
      $function$;
      COMMENT ON FUNCTION public.oms_try_fix(@type@) IS 'As oms_fix, but a refusal is returned as a result with status REJECTED and kept, with the whole message, in its shard''s oms.rejected_commands';

      CREATE FUNCTION public.oms_fix_many(messages @type@[], atomic boolean DEFAULT false) RETURNS SETOF jsonb
        LANGUAGE plpgsql VOLATILE
        SET search_path = pg_catalog, pg_temp
      AS $function$
      DECLARE
        message @type@;
      BEGIN
        PERFORM fleet.check_block();
        IF atomic THEN
          RAISE EXCEPTION 'a router applies FIX messages one by one' USING ERRCODE = 'feature_not_supported', HINT = 'Give them with atomic => false, or to the shard.';
        END IF;
        FOREACH message IN ARRAY messages LOOP
          RETURN NEXT public.oms_try_fix(message);
        END LOOP;
      END
      $function$;
      COMMENT ON FUNCTION public.oms_fix_many(@type@[], boolean) IS 'Applies FIX messages in order, one result each, as oms_try_fix would; not atomic';
    $script$, '@type@', type);
  END LOOP;
END
$do$;

CREATE FUNCTION fleet.joined(answers jsonb[]) RETURNS jsonb
  LANGUAGE sql IMMUTABLE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT (array_agg(a.answer ORDER BY a.answer ->> 'status' DESC))[1]
         || jsonb_build_object('results', (SELECT coalesce(jsonb_agg(r.result), '[]') FROM unnest(answers) AS b (answer) CROSS JOIN LATERAL jsonb_array_elements(b.answer -> 'results') AS r (result)))
    FROM unnest(answers) AS a (answer)
$function$;
COMMENT ON FUNCTION fleet.joined(jsonb[]) IS 'The answers of all shards to one message as one: REJECTED if one refused it';

CREATE FUNCTION public.oms_service(name text, arguments jsonb) RETURNS jsonb
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  id constant text := coalesce(arguments ->> 'rootId', arguments ->> 'orderId');
  part integer;
  result jsonb;
BEGIN
  PERFORM fleet.check_block();
  part := CASE WHEN name = 'SubmitClientOrder' THEN (fleet.route(arguments || '{"commandType": "CreateOrderCommand"}')).part
               WHEN arguments ? 'rootId' THEN fleet.part_of(oms.slot_of(id))
               WHEN id IS NOT NULL THEN coalesce(fleet.locate(NULL, NULL, ARRAY[id]), fleet.part_of(oms.slot_of(id))) END;
  IF part IS NULL THEN
    RAISE EXCEPTION 'a router does not know where service "%" belongs', name
      USING ERRCODE = 'OM012', HINT = 'Give rootId or orderId among its arguments, or call it in the shard.';
  END IF;
  result := fleet.at_service(part, name, arguments);
  IF result ->> 'status' = 'REJECTED' THEN
    PERFORM fleet.raise(result -> 'error');
  END IF;
  RETURN result;
END
$function$;
COMMENT ON FUNCTION public.oms_service(text, jsonb) IS 'Runs a business service in the shard of rootId or orderId among its arguments; SubmitClientOrder in that of the order that it makes';

-- ------------------------------------------------------------------------
-- queries
-- ------------------------------------------------------------------------

-- Which shards there are, and what does not answer.
CREATE FUNCTION fleet.shard_states() RETURNS TABLE (shard integer, partitions int4multirange, reached boolean, number integer, slots int4multirange, step integer, error text)
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  one record;
  there record;
BEGIN
  FOR one IN SELECT s.number, s.partitions, lower(s.partitions) AS part FROM fleet.shards AS s ORDER BY s.number LOOP
    shard := one.number;
    partitions := one.partitions;
    number := NULL;
    slots := NULL;
    step := NULL;
    error := NULL;
    BEGIN
      SELECT a.* INTO there FROM fleet.at_shard(one.part) AS a;
      reached := true;
      number := there.number;
      slots := there.slots::int4multirange;
      step := there.step;
    EXCEPTION WHEN OTHERS THEN
      reached := false;
      error := SQLERRM;
    END;
    RETURN NEXT;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION fleet.shard_states() IS 'Each shard of the map: whether it can be reached, and what its oms.shard says';

CREATE FUNCTION fleet.check_map() RETURNS TABLE (shard integer, problem text)
  LANGUAGE sql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT s.shard, p.problem
    FROM fleet.shard_states() AS s
   CROSS JOIN LATERAL (VALUES
     (NOT s.reached, 'It cannot be reached: ' || coalesce(s.error, '')),
     (s.reached AND s.number <> s.shard, format('It says that it is shard %s.', s.number)),
     (s.reached AND s.step = 1, 'It is no shard yet: call oms.set_shard() there.'),
     (s.reached AND s.slots <> fleet.slots(s.partitions), format('Its slots are %s, by the map they are %s.', s.slots, fleet.slots(s.partitions)))
   ) AS p (wrong, problem)
   WHERE p.wrong
   ORDER BY 1, 2
$function$;
COMMENT ON FUNCTION fleet.check_map() IS 'What is wrong between the map and the shards; no row: nothing';

-- Each shard sorts and cuts; here the pages become one, in the same order. What the order goes by must be in the rows.
CREATE FUNCTION fleet.query(object text, spec jsonb DEFAULT '{}', partial boolean DEFAULT false) RETURNS TABLE (shard integer, result jsonb)
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  of_kind constant text := (SELECT k.id_field FROM oms.kinds() AS k
                             WHERE lower(replace(query.object, '_', '')) IN (replace(k.object, '_', ''), replace(k.table_name::text, '_', '')) LIMIT 1);
  id_field constant text := CASE WHEN of_kind IS NOT NULL THEN of_kind WHEN lower(query.object) ~ '^order_?trees?$' THEN 'path' ELSE 'sequence' END;
  given constant jsonb := coalesce(spec -> 'orderBy', '[]');
  keys jsonb := CASE jsonb_typeof(given) WHEN 'array' THEN given ELSE jsonb_build_array(given) END;
  shown constant jsonb := spec -> 'select';
  places jsonb := '{}';
  own jsonb;
  ordering text;
  most integer;
  merged record;
  one record;
  rows jsonb[] := '{}';
  shards integer[] := '{}';
  missing text[] := '{}';
  why text;
BEGIN
  IF NOT keys ?| ARRAY[id_field, '-' || id_field] THEN
    keys := keys || to_jsonb(id_field);
  END IF;
  IF spec ? 'after' THEN
    BEGIN
      places := convert_from(decode(translate(spec ->> 'after', '-_', '+/'), 'base64'), 'UTF8')::jsonb;
    EXCEPTION WHEN OTHERS THEN
      RAISE EXCEPTION 'the cursor is damaged' USING ERRCODE = 'OM010', HINT = 'Give back the cursor of a row of this router''s as it came.';
    END;
  END IF;
  own := spec - 'after' || CASE WHEN shown IS NULL THEN '{}' ELSE
    jsonb_build_object('select', (SELECT jsonb_agg(DISTINCT f.name) FROM (SELECT jsonb_array_elements_text(CASE jsonb_typeof(shown) WHEN 'array' THEN shown ELSE jsonb_build_array(shown) END) AS name
                                                                           UNION SELECT ltrim(k, '-') FROM jsonb_array_elements_text(keys) AS k) AS f)) END;
  -- one for all: what is no limit a shard refuses
  most := CASE WHEN coalesce(jsonb_typeof(spec -> 'limit'), 'null') = 'null' THEN current_setting('oms_state.query_limit')::integer
               WHEN spec ->> 'limit' ~ '^[0-9]{1,9}$' THEN (spec ->> 'limit')::integer END;
  own := own || CASE WHEN most IS NULL THEN '{}' ELSE jsonb_build_object('limit', most) END;
  IF places = '{}' AND NOT partial THEN
    SELECT array_agg(a.result ORDER BY a.shard, a.place), array_agg(a.shard ORDER BY a.shard, a.place) INTO rows, shards FROM fleet.all_query(object, own) AS a;
  ELSE
    FOR one IN SELECT s.number, lower(s.partitions) AS part FROM fleet.shards AS s ORDER BY s.number LOOP
      BEGIN
        SELECT rows || array_agg(a.result ORDER BY a.place), shards || array_agg(one.number ORDER BY a.place) INTO rows, shards
          FROM fleet.at_query(one.part, object, own || CASE WHEN places ? one.number::text THEN jsonb_build_object('after', places ->> one.number::text) ELSE '{}' END) AS a;
      EXCEPTION WHEN OTHERS THEN
        IF NOT partial OR SQLSTATE ~ '^OM' THEN
          RAISE;
        END IF;
        missing := missing || format('%s: %s', one.number, SQLERRM);
      END;
    END LOOP;
  END IF;
  IF missing <> '{}' THEN
    RAISE WARNING 'rows of % of % shards are missing', cardinality(missing), (SELECT count(*) FROM fleet.shards)
      USING ERRCODE = 'OM012', DETAIL = array_to_string(missing, E'\n');
  END IF;
  -- numbers by value, texts by their bytes, other values as jsonb; nulls are the largest. A shard that sorts otherwise (another collation, lists) keeps its order: else
  -- what a page leaves out would be behind the place of what it has, and never come.
  SELECT string_agg(format('jsonb_typeof(v.k -> %1$s) = ''null'' %2$s, CASE jsonb_typeof(v.k -> %1$s) WHEN ''number'' THEN (v.k ->> %1$s)::numeric END %2$s, CASE WHEN jsonb_typeof(v.k -> %1$s) = ''string'' AND NOT %3$s THEN v.k ->> %1$s END COLLATE "C" %2$s, v.k -> %1$s %2$s',
                           k.n - 1, CASE WHEN k.name ~ '^-' THEN 'DESC' ELSE 'ASC' END, CASE WHEN k.name ~ '^-?attributes\.' THEN 'true' ELSE 'false' END), ', ' ORDER BY k.n)
    INTO ordering FROM jsonb_array_elements_text(keys) WITH ORDINALITY AS k (name, n);
  FOR merged IN EXECUTE format($query$
    SELECT o.shard, o.result
      FROM (SELECT w.shard, w.result, w.n, max(w.place) OVER (PARTITION BY w.shard ORDER BY w.n) AS place
      FROM (SELECT v.shard, v.result, v.n, dense_rank() OVER (ORDER BY %s) AS place
      FROM (SELECT r.shard, r.result, r.n,
                   (SELECT jsonb_agg(coalesce(r.result -> ltrim(k.name, '-'), r.result #> string_to_array(ltrim(k.name, '-'), '.'), 'null') ORDER BY k.n)
                      FROM jsonb_array_elements_text($3) WITH ORDINALITY AS k (name, n)) AS k
              FROM unnest($1, $2) WITH ORDINALITY AS r (shard, result, n)) AS v) AS w) AS o
     ORDER BY o.place, o.shard, o.n LIMIT $4$query$, ordering) USING shards, rows, keys, most
  LOOP
    places := places || jsonb_build_object(merged.shard::text, merged.result ->> 'cursor');
    shard := merged.shard;
    result := CASE WHEN shown IS NULL THEN merged.result ELSE
      (SELECT jsonb_object_agg(f.key, f.value) FROM jsonb_each(merged.result) AS f WHERE CASE jsonb_typeof(shown) WHEN 'array' THEN shown ? f.key ELSE shown = to_jsonb(f.key) END) END
      || jsonb_build_object('cursor', translate(encode(convert_to(places::text, 'UTF8'), 'base64'), E'+/\n', '-_'));
    RETURN NEXT;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION fleet.query(text, jsonb, boolean) IS
  'oms_query() over all shards, in one order, with the shard that has each row. Each shard is asked by itself: no snapshot is common to them. partial: shards that cannot be reached are named in a warning, instead of an error';

CREATE FUNCTION public.oms_query(object text, spec jsonb DEFAULT '{}') RETURNS SETOF jsonb
  LANGUAGE sql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT q.result FROM fleet.query(object, spec) AS q
$function$;
COMMENT ON FUNCTION public.oms_query(text, jsonb) IS 'Finds objects or events of all shards, each as jsonb with its cursor, in one order; 08000: a shard cannot be reached (fleet.query(partial => true))';

CREATE FUNCTION fleet.query_count(object text, spec jsonb DEFAULT '{}', exact boolean DEFAULT true) RETURNS bigint
  LANGUAGE sql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT coalesce(sum(c.n), 0)::bigint FROM fleet.all_query_count(object, spec, exact) AS c (n)
$function$;
COMMENT ON FUNCTION fleet.query_count(text, jsonb, boolean) IS 'oms.query_count() of all shards';

-- ------------------------------------------------------------------------
-- rights: the shard asks what the caller may; here he may ask it
-- ------------------------------------------------------------------------

DO $do$
DECLARE
  f regprocedure;
BEGIN
  IF to_regrole('oms_trader') IS NULL THEN
    RAISE EXCEPTION 'the roles of oms_state are missing' USING HINT = 'SELECT oms.create_roles(); roles are the cluster''s, and shards on other clusters have their own.';
  END IF;
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc AS p
            WHERE p.pronamespace = 'fleet'::regnamespace AND p.proname <> 'set_map'
               OR p.pronamespace = 'public'::regnamespace AND p.proname IN ('oms_command', 'oms_try_command', 'oms_commands', 'oms_fix', 'oms_try_fix', 'oms_fix_many', 'oms_service', 'oms_query') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO oms_reader', f);
  END LOOP;
END
$do$;
GRANT EXECUTE ON FUNCTION oms.in_transaction_block(), oms.error_result(text, text, text, text, text) TO oms_reader;
COMMIT;
