-- A condition on objects as a value: the type oms_spec, its operators, and what makes one.

CREATE TYPE @extschema@.oms_spec;

CREATE FUNCTION oms.spec_in(cstring) RETURNS @extschema@.oms_spec
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_spec_in';
CREATE FUNCTION oms.spec_recv(internal) RETURNS @extschema@.oms_spec
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_spec_recv';
CREATE FUNCTION oms.spec_out(@extschema@.oms_spec) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'jsonb_out';
CREATE FUNCTION oms.spec_send(@extschema@.oms_spec) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'jsonb_send';

-- In normal form it is jsonb, and what is equal has the same bytes: writing, comparing and hashing are those of jsonb.
CREATE TYPE @extschema@.oms_spec (
  INPUT = oms.spec_in, OUTPUT = oms.spec_out, RECEIVE = oms.spec_recv, SEND = oms.spec_send, LIKE = jsonb
);
COMMENT ON TYPE @extschema@.oms_spec IS
  'A condition on objects, as it stands in "where" of a query: {"status": "NEW", "orderQty": {"gte": 100}}. Kept and printed in a normal form, in which equal conditions are equal';

CREATE FUNCTION oms.spec_from_jsonb("where" jsonb) RETURNS @extschema@.oms_spec
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_spec_from_jsonb';
COMMENT ON FUNCTION oms.spec_from_jsonb(jsonb) IS 'The specification that stands in "where" of a query; a document of "where" alone is taken for it (OM010 where it is none); whether there are such fields is asked when it is used';
CREATE CAST (jsonb AS @extschema@.oms_spec) WITH FUNCTION oms.spec_from_jsonb(jsonb) AS IMPLICIT;
CREATE CAST (@extschema@.oms_spec AS jsonb) WITHOUT FUNCTION AS ASSIGNMENT;

-- Operators

CREATE FUNCTION oms.spec_and(a @extschema@.oms_spec, b @extschema@.oms_spec) RETURNS @extschema@.oms_spec
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_spec_and';
CREATE FUNCTION oms.spec_or(a @extschema@.oms_spec, b @extschema@.oms_spec) RETURNS @extschema@.oms_spec
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_spec_or';
CREATE FUNCTION oms.spec_not(a @extschema@.oms_spec) RETURNS @extschema@.oms_spec
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_spec_not';
CREATE FUNCTION oms.spec_eq(a @extschema@.oms_spec, b @extschema@.oms_spec) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'jsonb_eq';
CREATE FUNCTION oms.spec_ne(a @extschema@.oms_spec, b @extschema@.oms_spec) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'jsonb_ne';
CREATE FUNCTION oms.spec_hash(@extschema@.oms_spec) RETURNS integer LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'jsonb_hash';
CREATE FUNCTION oms.spec_hash_extended(@extschema@.oms_spec, bigint) RETURNS bigint LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'jsonb_hash_extended';

CREATE OPERATOR @extschema@.& (LEFTARG = @extschema@.oms_spec, RIGHTARG = @extschema@.oms_spec, FUNCTION = oms.spec_and, COMMUTATOR = OPERATOR(@extschema@.&));
CREATE OPERATOR @extschema@.| (LEFTARG = @extschema@.oms_spec, RIGHTARG = @extschema@.oms_spec, FUNCTION = oms.spec_or, COMMUTATOR = OPERATOR(@extschema@.|));
CREATE OPERATOR @extschema@.! (RIGHTARG = @extschema@.oms_spec, FUNCTION = oms.spec_not);
CREATE OPERATOR @extschema@.= (LEFTARG = @extschema@.oms_spec, RIGHTARG = @extschema@.oms_spec, FUNCTION = oms.spec_eq,
  COMMUTATOR = OPERATOR(@extschema@.=), NEGATOR = OPERATOR(@extschema@.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES);
CREATE OPERATOR @extschema@.<> (LEFTARG = @extschema@.oms_spec, RIGHTARG = @extschema@.oms_spec, FUNCTION = oms.spec_ne,
  COMMUTATOR = OPERATOR(@extschema@.<>), NEGATOR = OPERATOR(@extschema@.=), RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR CLASS @extschema@.oms_spec_ops DEFAULT FOR TYPE @extschema@.oms_spec USING hash AS
  OPERATOR 1 @extschema@.= (@extschema@.oms_spec, @extschema@.oms_spec),
  FUNCTION 1 oms.spec_hash(@extschema@.oms_spec), FUNCTION 2 oms.spec_hash_extended(@extschema@.oms_spec, bigint);
COMMENT ON OPERATOR @extschema@.& (@extschema@.oms_spec, @extschema@.oms_spec) IS 'Both hold. Binds as | does, from the left: a | b & c is (a | b) & c';
COMMENT ON OPERATOR @extschema@.| (@extschema@.oms_spec, @extschema@.oms_spec) IS 'One of them holds';
COMMENT ON OPERATOR @extschema@.! (NONE, @extschema@.oms_spec) IS 'It does not hold; of what is null that is null, too';
COMMENT ON OPERATOR @extschema@.= (@extschema@.oms_spec, @extschema@.oms_spec) IS 'They have the same normal form';

-- What makes one: a comparison for each operator and type. Names and types are checked when it is used, of a kind of object.

DO $do$
DECLARE
  compared record;
  type text;
BEGIN
  FOR compared IN
    SELECT * FROM (VALUES ('eq', 'is equal to the value'), ('ne', 'is not equal to the value'), ('lt', 'is less than the value'), ('lte', 'is less than or equal to the value'),
                          ('gt', 'is greater than the value'), ('gte', 'is greater than or equal to the value')) AS v (name, what)
  LOOP
    FOREACH type IN ARRAY ARRAY['text', 'numeric', 'boolean', 'date', 'timestamptz'] LOOP
      EXECUTE format($f$CREATE FUNCTION oms.%I(field text, value %s) RETURNS @extschema@.oms_spec
        LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_spec_%s'$f$, compared.name, type, compared.name);
      EXECUTE format('COMMENT ON FUNCTION oms.%I(text, %s) IS %L', compared.name, type,
                     format('Specification: a field %s; null where the field is. A null value is OM010', compared.what));
    END LOOP;
  END LOOP;
  FOREACH type IN ARRAY ARRAY['text', 'numeric', 'boolean', 'date', 'timestamptz'] LOOP
    EXECUTE format($f$CREATE FUNCTION oms.any_of(field text, VARIADIC "values" %s[]) RETURNS @extschema@.oms_spec
      LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_spec_any_of'$f$, type);
    EXECUTE format('COMMENT ON FUNCTION oms.any_of(text, %s[]) IS %L', type, 'Specification: a field is equal to one of the values; false of none. A value that is null is OM010');
  END LOOP;
  FOREACH type IN ARRAY ARRAY['like', 'ilike'] LOOP
    EXECUTE format($f$CREATE FUNCTION oms.%I(field text, pattern text) RETURNS @extschema@.oms_spec
      LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_spec_%s'$f$, type, type);
    EXECUTE format('COMMENT ON FUNCTION oms.%I(text, text) IS %L', type,
                   format('Specification: a field is %s the pattern, in which %% is any text and _ any character%s', upper(type),
                          CASE type WHEN 'ilike' THEN '; upper and lower case are one, as in the default collation of the database' ELSE '' END));
  END LOOP;
END
$do$;

CREATE FUNCTION oms.is_null(field text) RETURNS @extschema@.oms_spec
  LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_spec_is_null';
COMMENT ON FUNCTION oms.is_null(text) IS 'Specification: a field is null, or is not there; never null itself';
CREATE FUNCTION oms.all_of() RETURNS @extschema@.oms_spec
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_spec_all_of';
COMMENT ON FUNCTION oms.all_of() IS 'Specification: no condition; what & begins with where conditions are put together one by one';

-- Asking one

CREATE FUNCTION oms.matches_state(object text, state jsonb, spec @extschema@.oms_spec) RETURNS boolean
  LANGUAGE c STABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'oms_matches_state';
COMMENT ON FUNCTION oms.matches_state(text, jsonb, @extschema@.oms_spec) IS
  'Whether a specification holds of the state of an object, as events (payload -> ''state'') and results carry it: true, false or null, as a condition of SQL. OM010: there is no such object, field or operator';
