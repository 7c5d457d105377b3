-- Kinds of object of other extensions: what a script of one makes by oms.create_kind() is made of the same text as ours (30_kind.sql, 45_queries.sql).

CREATE OR REPLACE FUNCTION oms.kind_template() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $text$ SELECT $template$
-- @text kind
-- @text queries
$template$ $text$;
COMMENT ON FUNCTION oms.kind_template() IS 'What is equal for every kind of object, as a text for oms.kind_text()';

-- Read from the text itself; what the extension that the kind belongs to makes besides is its own.
CREATE OR REPLACE FUNCTION oms.kind_members(OUT object text, OUT classid oid, OUT objid oid) RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT a.object, d.classid, d.objid
    FROM oms.added_kinds AS a
    JOIN pg_depend AS t ON t.classid = 'pg_class'::regclass AND t.objid = to_regclass(format('oms.%I', a.table_name)) AND t.objsubid = 0 AND t.deptype = 'e'
    JOIN pg_depend AS d ON d.refclassid = t.refclassid AND d.refobjid = t.refobjid AND d.objsubid = 0 AND d.deptype = 'e'
    LEFT JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relnamespace = 'oms'::regnamespace
    LEFT JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid AND p.pronamespace = 'oms'::regnamespace
   WHERE c.relname IN (a.table_name, a.event_table)
      OR p.proname IN (SELECT m[1] FROM regexp_matches(oms.kind_text(oms.kind_template(), a.object, a.table_name, a.aggregate_type, a.id_field),
                                                       'FUNCTION oms[.]([a-z0-9_]+)[(]', 'g') AS m)
$function$;
COMMENT ON FUNCTION oms.kind_members() IS 'The tables and functions that oms.create_kind() has made';

CREATE OR REPLACE FUNCTION oms.create_kind(name text) RETURNS void
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  kind record;
  owner name := (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = 'oms.commands'::regclass);
BEGIN
  SELECT k.* INTO kind FROM oms.kinds() AS k WHERE k.added AND k.object = create_kind.name;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no library has registered a kind "%" in this session', create_kind.name
      USING ERRCODE = 'invalid_parameter_value', HINT = 'LOAD the library before, in the script of its extension.';
  END IF;
  EXECUTE format('CREATE TABLE oms.%I (%s) WITH (fillfactor = 90)', kind.table_name, oms.kind_columns(kind.object));
  EXECUTE format('ALTER TABLE oms.%1$I ADD CONSTRAINT %2$I PRIMARY KEY (id) WITH (fillfactor = 90)', kind.table_name, kind.table_name || '_pkey');
  -- it belongs to the extension whose script this is; where it is none, this says so
  PERFORM pg_extension_config_dump(format('oms.%I', kind.table_name)::regclass, '');
  EXECUTE format('COMMENT ON TABLE oms.%I IS %L', kind.table_name, format('Current state of every %s', replace(kind.object, '_', ' ')));
  EXECUTE oms.kind_text(oms.kind_template(), kind.object, kind.table_name, kind.aggregate_type, kind.id_field);
  -- partitions are made by whom the events belong to: the owner of all of them
  EXECUTE format('ALTER TABLE oms.%I OWNER TO %I', kind.table_name, owner);
  EXECUTE format('ALTER TABLE oms.%I OWNER TO %I', kind.event_table, owner);
  INSERT INTO oms.added_kinds
  VALUES (kind.object, kind.table_name, kind.event_table, kind.aggregate_type, kind.id_field, kind.described, kind.claims_made_id)
      ON CONFLICT (object) DO UPDATE
     SET (table_name, event_table, aggregate_type, id_field, described, claims_made_id) =
         (excluded.table_name, excluded.event_table, excluded.aggregate_type, excluded.id_field, excluded.described, excluded.claims_made_id);
  PERFORM oms.compress_payloads();
  PERFORM oms.protect(format('oms.%I', t.name)::regclass) FROM unnest(ARRAY[kind.table_name, kind.event_table]) AS t (name);
  IF EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = 'oms_reader') THEN
    EXECUTE format('GRANT SELECT ON oms.%I, oms.%I TO oms_reader', kind.table_name, kind.event_table);
    EXECUTE (SELECT format('GRANT EXECUTE ON FUNCTION %s TO oms_reader', string_agg(p.oid::regprocedure::text, ', '))
               FROM oms.kind_members() AS m
               JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
              WHERE m.object = kind.object);
  END IF;
END
$function$;
COMMENT ON FUNCTION oms.create_kind(text) IS
  'In the script of an extension whose library is loaded: makes the table of a kind that it has registered, its event table, and what every kind has. They belong to that extension. 22023 for a kind that is not registered';

REVOKE ALL ON FUNCTION oms.create_kind(text), oms.kind_template() FROM PUBLIC;
