\echo Use "CREATE EXTENSION example" to load this file. \quit

-- What the library registers when it is loaded is what oms.create_kind() makes.
LOAD 'MODULE_PATHNAME';
SELECT oms.create_kind('basket');
CREATE INDEX baskets_strategy_idx ON oms.baskets (strategy);

-- The hook counts here.
CREATE TABLE example.event_counts (
  aggregate_type text NOT NULL,
  event_type text NOT NULL,
  count bigint NOT NULL,
  newest bigint NOT NULL,
  PRIMARY KEY (aggregate_type, event_type)
);
SELECT pg_catalog.pg_extension_config_dump('example.event_counts', '');

-- An invariant of our own: oms.verify() calls it by its name.
CREATE FUNCTION oms.verify_baskets()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT 'basket', 'basket', b.id, b.root_id, NULL::bigint, format('It was changed %s times in %s versions.', b.changes, b.version)
    FROM oms.baskets AS b WHERE coalesce(b.changes, 0) >= b.version
$function$;
