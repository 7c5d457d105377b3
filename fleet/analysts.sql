-- Views over all shards for analysts, in a router's database or one of their own: postgres_fdw reads every shard, all of them at once.
--
--   CREATE EXTENSION postgres_fdw; \i router.sql (or a fleet.shards like a router's) and then, as a superuser:
--     \i analysts.sql
--     SELECT fleet.make_views('analyst', $$user 'analyst', password '...'$$);
--
-- Again after each change of fleet.shards. The analyst is a member of oms_reader in every shard, and sees there what he may.

\set ON_ERROR_STOP on
BEGIN;

CREATE FUNCTION fleet.make_views(reader name, mapping text) RETURNS void
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  shown constant name[] := ARRAY(SELECT t FROM oms.kinds() AS k CROSS JOIN LATERAL unnest(ARRAY[k.table_name, k.event_table]) AS t WHERE NOT k.added);
  shard record;
  options text;
  relation name;
BEGIN
  FOR relation IN SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'fleet'::regnamespace AND c.relkind = 'v' AND c.relname = ANY (shown) LOOP
    EXECUTE format('DROP VIEW fleet.%I', relation);
  END LOOP;
  FOR shard IN SELECT f.srvname FROM pg_foreign_server AS f WHERE f.srvname ~ '^oms_shard_[0-9]+$' LOOP
    EXECUTE format('DROP SERVER %I CASCADE', shard.srvname);
    EXECUTE format('DROP SCHEMA %I', shard.srvname);
  END LOOP;
  FOR shard IN SELECT s.number, s.connection, format('oms_shard_%s', s.number) AS name FROM fleet.shards AS s ORDER BY s.number LOOP
    SELECT string_agg(format('%I %L', m.found[1], coalesce(m.found[2], m.found[3])), ', ') INTO options
      FROM regexp_matches(shard.connection, $$(\w+)\s*=\s*(?:'([^']*)'|(\S+))$$, 'g') AS m (found);
    EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw OPTIONS (%s, async_capable ''true'', use_remote_estimate ''true'', fetch_size ''1000'')', shard.name, options);
    EXECUTE format('CREATE USER MAPPING FOR %I SERVER %I OPTIONS (%s)', reader, shard.name, mapping);
    IF reader <> current_user THEN
      EXECUTE format('CREATE USER MAPPING FOR %I SERVER %I OPTIONS (%s)', current_user, shard.name, mapping);
    END IF;
    EXECUTE format('CREATE SCHEMA %I', shard.name);
    EXECUTE format('IMPORT FOREIGN SCHEMA oms LIMIT TO (%s) FROM SERVER %I INTO %2$I', (SELECT string_agg(quote_ident(t), ', ') FROM unnest(shown) AS t), shard.name);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', shard.name, reader);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', shard.name, reader);
  END LOOP;
  FOREACH relation IN ARRAY shown LOOP
    -- as the reader: his mapping counts, not the owner's
    EXECUTE format('CREATE VIEW fleet.%I WITH (security_invoker = true) AS %s', relation,
                   (SELECT string_agg(format('SELECT %s AS shard, t.* FROM oms_shard_%1$s.%I AS t', s.number, relation), ' UNION ALL ' ORDER BY s.number) FROM fleet.shards AS s));
    EXECUTE format('COMMENT ON VIEW fleet.%I IS %L', relation,
                   format('oms.%s of all shards. No snapshot is common to them: each shard is read as it stands when it is asked, so a total may miss, or have, what is on its way; a tree is in one shard, and never torn. '
                          'WHERE and ORDER BY are done in the shards, sums mostly here.', relation));
    EXECUTE format('GRANT SELECT ON fleet.%I TO %I', relation, reader);
  END LOOP;
END
$function$;
COMMENT ON FUNCTION fleet.make_views(name, text) IS 'Makes the views of all shards (fleet.orders, fleet.order_events and so on) anew, for a role; mapping: options of its user mapping in each shard';
REVOKE ALL ON FUNCTION fleet.make_views(name, text) FROM PUBLIC;
COMMIT;
