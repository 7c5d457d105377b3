-- What is asked of the code about the kinds of object, and how a state is written.

CREATE OR REPLACE FUNCTION oms.kinds(OUT object text, OUT table_name name, OUT event_table name, OUT aggregate_type text, OUT id_field text,
    OUT described text, OUT claims_made_id boolean, OUT added boolean)
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 4 AS 'MODULE_PATHNAME', 'oms_list_kinds';
COMMENT ON FUNCTION oms.kinds() IS
  'The kinds of object, from the code: name, tables, aggregateType of its events, field of its id, the name with its article, whether a root''s id is claimed also where it was made, and whether another library has brought it';

-- Kinds of other libraries (doc/core_library.md): what must be known of one also where its library is not loaded. No dump has the rows: they come with
-- the extension. One whose tables are gone with theirs counts for nothing.
CREATE TABLE oms.added_kinds (
  object text COLLATE "C" NOT NULL CONSTRAINT added_kinds_pkey PRIMARY KEY,
  table_name name NOT NULL,
  event_table name NOT NULL,
  aggregate_type text NOT NULL,
  id_field text NOT NULL,
  described text NOT NULL,
  claims_made_id boolean NOT NULL,
  -- they become a part of statements as they are
  CONSTRAINT added_kinds_names_check CHECK (concat_ws(' ', object, table_name, event_table) ~ '^[a-z][a-z0-9_]*( [a-z][a-z0-9_]*){2}$'
    AND concat_ws(' ', aggregate_type, id_field) ~ '^[A-Za-z][A-Za-z0-9_]* [A-Za-z][A-Za-z0-9_]*$')
);
COMMENT ON TABLE oms.added_kinds IS 'Kinds of object that other extensions have made by oms.create_kind()';
COMMENT ON COLUMN oms.added_kinds.object IS 'As oms.kinds() has it, and the others too';
GRANT SELECT ON oms.added_kinds TO PUBLIC;

CREATE OR REPLACE FUNCTION oms.all_kinds() RETURNS TABLE (object text, table_name name, event_table name, aggregate_type text, id_field text, described text,
    claims_made_id boolean, loaded boolean)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 4
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT k.object, k.table_name, k.event_table, k.aggregate_type, k.id_field, k.described, k.claims_made_id, true
    FROM oms.kinds() AS k WHERE NOT k.added
  UNION ALL
  SELECT a.object, a.table_name, a.event_table, a.aggregate_type, a.id_field, a.described, a.claims_made_id,
         EXISTS (SELECT FROM oms.kinds() AS k WHERE k.added AND k.object = a.object)
    FROM oms.added_kinds AS a
   WHERE to_regclass(format('oms.%I', a.table_name)) IS NOT NULL AND to_regclass(format('oms.%I', a.event_table)) IS NOT NULL
$function$;
COMMENT ON FUNCTION oms.all_kinds() IS
  'The kinds of object that have tables in this database, those of other libraries too, whether they are loaded or not';

-- What stands for one kind in the parts of the scripts (sql/expand.awk), filled in by the server.
CREATE OR REPLACE FUNCTION oms.kind_text(template text, object text, table_name text, aggregate_type text, id_field text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN replace(replace(replace(replace(replace(template, '@kind' || '@', object), '@kinds' || '@', table_name), '@Kind' || '@', aggregate_type),
                         '@kindId' || '@', id_field), '@name' || '@', replace(object, '_', ' '));
COMMENT ON FUNCTION oms.kind_text(text, text, text, text, text) IS 'A text of the scripts, for one kind of object';

CREATE OR REPLACE FUNCTION oms.of_added_kinds(query text, needs_library boolean) RETURNS SETOF record
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  whole text;
BEGIN
  IF NOT EXISTS (SELECT FROM oms.added_kinds) THEN
    RETURN;
  END IF;
  SELECT string_agg(oms.kind_text(query, k.object, k.table_name, k.aggregate_type, k.id_field), ' UNION ALL ') INTO whole
    FROM oms.all_kinds() AS k
    JOIN oms.added_kinds AS a ON a.object = k.object
   WHERE k.loaded OR NOT needs_library;
  IF whole IS NOT NULL THEN
    RETURN QUERY EXECUTE whole;
  END IF;
END
$function$;
COMMENT ON FUNCTION oms.of_added_kinds(text, boolean) IS
  'What a query gives for each kind of another library, as the caller: what views and oms.verify() have of ours by their text; needs_library: only of those that are loaded';

CREATE OR REPLACE FUNCTION oms.kind_columns(object text) RETURNS text
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_kind_columns';
COMMENT ON FUNCTION oms.kind_columns(text) IS 'The columns of the table of a kind of object as CREATE TABLE has them (22023 for another object)';

CREATE OR REPLACE FUNCTION oms.own_columns(object text) RETURNS text[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_own_columns';
COMMENT ON FUNCTION oms.own_columns(text) IS
  'The columns of the table of a kind of object that are the store''s own; others were added by users (22023 for another object)';

CREATE OR REPLACE FUNCTION oms.state_problem(object text, state jsonb) RETURNS text
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_state_problem';
COMMENT ON FUNCTION oms.state_problem(text, jsonb) IS
  'Why a state describes no object of a kind; null when it does (22023 for another object)';

CREATE OR REPLACE FUNCTION oms.time_text(moment timestamptz) RETURNS text
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  RETURN pg_catalog.to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
COMMENT ON FUNCTION oms.time_text(timestamptz) IS 'A time as events write it: RFC 3339 in UTC with six decimals';

CREATE OR REPLACE FUNCTION oms.tree_state(tree_version bigint, tree_updated_at timestamptz) RETURNS jsonb
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN CASE WHEN tree_version IS NULL THEN '{}'::jsonb
              ELSE pg_catalog.jsonb_build_object('treeVersion', tree_version, 'treeUpdatedAt', oms.time_text(tree_updated_at)) END;
COMMENT ON FUNCTION oms.tree_state(bigint, timestamptz) IS
  'The two fields of a root''s state that follow the whole tree, to be laid over it; no fields for a null tree_version';

-- A moment that is written as text and as long has a blank, a colon or a point.
CREATE FUNCTION oms.is_position(text text) RETURNS boolean
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN text OPERATOR(pg_catalog.~) '^[A-Za-z0-9_-]{22,}$';
COMMENT ON FUNCTION oms.is_position(text) IS 'Is a text, which may be a moment too, written as positions are?';
REVOKE ALL ON FUNCTION oms.is_position(text) FROM PUBLIC;

CREATE FUNCTION oms.state_changes(before jsonb, after jsonb) RETURNS jsonb
  LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_state_changes';
COMMENT ON FUNCTION oms.state_changes(jsonb, jsonb) IS
  'What differs between two states: for each field {"from": ..., "to": ...}, without the one that is not there; version, treeVersion, updatedAt and treeUpdatedAt are left out. A null state has no fields';

CREATE OR REPLACE FUNCTION oms.command_digest(command jsonb) RETURNS bytea
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_command_digest';
COMMENT ON FUNCTION oms.command_digest(jsonb) IS
  'SHA-256 that oms.commands keeps of a command: equal for commands that are equal as jsonb, and for no others';

CREATE OR REPLACE FUNCTION oms.trading_day(moment timestamptz) RETURNS date
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_trading_day_of';
COMMENT ON FUNCTION oms.trading_day(timestamptz) IS
  'The trading day that a moment belongs to, by oms_state.trading_day_zone and oms_state.trading_day_roll; null for infinity';

REVOKE ALL ON FUNCTION oms.kind_columns(text), oms.own_columns(text), oms.state_problem(text, jsonb), oms.state_changes(jsonb, jsonb), oms.command_digest(jsonb) FROM PUBLIC;
-- @install
REVOKE ALL ON FUNCTION oms.time_text(timestamptz), oms.tree_state(bigint, timestamptz) FROM PUBLIC;
-- @end

CREATE OR REPLACE FUNCTION oms.refuse_event_change() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'oms_refuse_event_change';
COMMENT ON FUNCTION oms.refuse_event_change() IS 'Trigger: events are append-only for every role';
-- @install
REVOKE ALL ON FUNCTION oms.refuse_event_change() FROM PUBLIC;
-- @end
