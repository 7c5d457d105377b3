-- What is asked of the code about the kinds of object, and how a state is written.

CREATE OR REPLACE FUNCTION oms.kinds(OUT object text, OUT table_name name, OUT event_table name, OUT aggregate_type text, OUT id_field text,
    OUT described text, OUT claims_made_id boolean)
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 4 AS 'MODULE_PATHNAME', 'oms_list_kinds';
COMMENT ON FUNCTION oms.kinds() IS
  'The kinds of object, from the code: name, tables, aggregateType of its events, field of its id, the name with its article, and whether a root''s id is claimed also where it was made';

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

CREATE OR REPLACE FUNCTION oms.command_digest(command jsonb) RETURNS bytea
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_command_digest';
COMMENT ON FUNCTION oms.command_digest(jsonb) IS
  'SHA-256 that oms.commands keeps of a command: equal for commands that are equal as jsonb, and for no others';

CREATE OR REPLACE FUNCTION oms.trading_day(moment timestamptz) RETURNS date
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_trading_day_of';
COMMENT ON FUNCTION oms.trading_day(timestamptz) IS
  'The trading day that a moment belongs to, by oms_state.trading_day_zone and oms_state.trading_day_roll; null for infinity';

REVOKE ALL ON FUNCTION oms.own_columns(text), oms.state_problem(text, jsonb), oms.command_digest(jsonb) FROM PUBLIC;
-- @install
REVOKE ALL ON FUNCTION oms.time_text(timestamptz), oms.tree_state(bigint, timestamptz) FROM PUBLIC;
-- @end

CREATE OR REPLACE FUNCTION oms.refuse_event_change() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'oms_refuse_event_change';
COMMENT ON FUNCTION oms.refuse_event_change() IS 'Trigger: events are append-only for every role';
-- @install
REVOKE ALL ON FUNCTION oms.refuse_event_change() FROM PUBLIC;
-- @end
