-- Queries: objects, their events and their trees by a specification. src/query/ writes the statements; doc/queries.md says what holds.

CREATE OR REPLACE FUNCTION @extschema@.oms_query(object text, spec jsonb DEFAULT '{}') RETURNS SETOF jsonb
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED COST 1000 ROWS 100 AS 'MODULE_PATHNAME', 'oms_query';
COMMENT ON FUNCTION @extschema@.oms_query(text, jsonb) IS
  'A page of what is asked for: object is a table of objects or of their events, by its name, or order_tree; spec has where, orderBy ("-" before a field: descending; the id comes last by itself), limit (by default oms_state.query_limit, at most oms_state.query_limit_max), after (the cursor of a row: the page behind it) and select (fields). Each row is the state, or the fields selected, without nulls, and its cursor. With the caller''s rights. OM010: there is no such object, field or operator, or a value is not of its type';

CREATE OR REPLACE FUNCTION oms.query_count(object text, spec jsonb DEFAULT '{}', exact boolean DEFAULT true) RETURNS bigint
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED COST 1000 AS 'MODULE_PATHNAME', 'oms_query_count';
COMMENT ON FUNCTION oms.query_count(text, jsonb, boolean) IS
  'How many rows meet the where of a query, whatever its limit: counted, or (exact => false) as many as the planner expects. Errors as oms_query';

CREATE OR REPLACE FUNCTION oms.explain_query(object text, spec jsonb DEFAULT '{}') RETURNS SETOF text
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED COST 1000 ROWS 10 AS 'MODULE_PATHNAME', 'oms_explain_query';
COMMENT ON FUNCTION oms.explain_query(text, jsonb) IS
  'What oms_query would do: its statement (operators are those of pg_catalog), the values of its parameters, and the plan that its next call in this session would have; nothing is run. Errors as oms_query';

CREATE OR REPLACE FUNCTION oms.list_fields(asked text DEFAULT NULL, OUT object text, OUT field text, OUT field_type text, OUT required boolean, OUT names text[])
  RETURNS SETOF record LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_list_fields';
COMMENT ON FUNCTION oms.list_fields(text) IS
  'What oms_query can be asked for, from the code, in the order of the columns: each field with its type, whether it is always there, and the names that it may have; of one object, or (null) of all. OM010: there is no such object';

REVOKE ALL ON FUNCTION oms.list_fields(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.oms_query(text, jsonb), oms.query_count(text, jsonb, boolean), oms.explain_query(text, jsonb) FROM PUBLIC;

-- @each kind as queries
CREATE OR REPLACE FUNCTION oms.find_@kinds@(spec @extschema@.oms_spec, order_by text[] DEFAULT NULL, "limit" integer DEFAULT NULL) RETURNS SETOF oms.@kinds@
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED COST 1000 ROWS 100 AS 'MODULE_PATHNAME', 'oms_find_objects';
COMMENT ON FUNCTION oms.find_@kinds@(@extschema@.oms_spec, text[], integer) IS
  'The rows of oms.@kinds@ of which a specification holds, all of them or "limit", sorted by fields ("-" before a field: descending; the id comes last by itself); none for a null specification. With the caller''s rights. OM010: there is no such field or operator, or a value is not of its type';
REVOKE ALL ON FUNCTION oms.find_@kinds@(@extschema@.oms_spec, text[], integer) FROM PUBLIC;
-- @end
