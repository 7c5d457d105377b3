-- Figures by time, for charts (src/query/series.c).

CREATE FUNCTION oms.series_measures(OUT measure text, OUT object text, OUT unit text, OUT description text)
  RETURNS SETOF record LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 30 AS 'MODULE_PATHNAME', 'oms_series_measures';
COMMENT ON FUNCTION oms.series_measures() IS 'What oms.series() can show: of which objects or events (as oms_query() calls them), in which unit, and what it is';

CREATE FUNCTION oms.series(measure text, bucket interval, "from" timestamptz, "to" timestamptz, spec @extschema@.oms_spec DEFAULT NULL, group_by text DEFAULT NULL,
    OUT "time" timestamptz, OUT "group" text, OUT value numeric)
  RETURNS SETOF record LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED COST 1000 ROWS 1000
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'oms_series';
COMMENT ON FUNCTION oms.series(text, interval, timestamptz, timestamptz, @extschema@.oms_spec, text) IS
  'A measure (oms.series_measures()) by buckets of time, from one moment to before another; of what meets a specification; for each value of a field where one is given. Buckets of months and days begin at the session''s midnight, shorter ones so that one does; time is when a bucket begins. Without groups there is a row for each bucket, with 0 or null where nothing was. With the caller''s rights. OM010: no such measure or field, a bad bucket, more than 10000 buckets or 100000 rows';

REVOKE ALL ON FUNCTION oms.series_measures(), oms.series(text, interval, timestamptz, timestamptz, @extschema@.oms_spec, text) FROM PUBLIC;
