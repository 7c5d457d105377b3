-- Asset classes: which attributes an order of a class has, and what they may be. doc/asset_classes.md says what a definition may say.

CREATE FUNCTION oms.check_asset_class() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'oms_check_asset_class';
COMMENT ON FUNCTION oms.check_asset_class() IS 'Trigger of oms.asset_classes: OM011 where the definition is none, with the path to what is wrong in the detail';

CREATE TABLE oms.asset_classes (
  name text COLLATE "C" NOT NULL,
  builtin boolean NOT NULL DEFAULT false,
  definition jsonb NOT NULL,
  enabled boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 1,
  hash bytea,
  CONSTRAINT asset_classes_pkey PRIMARY KEY (name, builtin)
);
SELECT pg_catalog.pg_extension_config_dump('oms.asset_classes', 'WHERE NOT builtin');
COMMENT ON TABLE oms.asset_classes IS
  'Classes of instruments, and which attributes their orders, executions, quotes and requests have. What is asked for is held against its class (OM005, rule asset_class); a fact is flagged RULE. Its owner and oms_admin change it, by oms.register_asset_class() or as any table; a change acts at the next command in every session of the database. A row takes the place of the shipped one of its name whole';
COMMENT ON COLUMN oms.asset_classes.name IS 'As assetClass of orders has it; its views are oms.<name>_orders and oms.<name>_executions';
COMMENT ON COLUMN oms.asset_classes.builtin IS 'It came with the extension: never changed, and in no dump';
COMMENT ON COLUMN oms.asset_classes.definition IS 'What it is: extends, attributes, executionAttributes, closed, securityTypes, products, currencyPairs, notional, description';
COMMENT ON COLUMN oms.asset_classes.enabled IS 'False: nothing is held against it. Classes may extend it all the same';

CREATE TRIGGER check_class BEFORE INSERT OR UPDATE ON oms.asset_classes FOR EACH ROW EXECUTE FUNCTION oms.check_asset_class();
ALTER TABLE oms.asset_classes ENABLE ALWAYS TRIGGER check_class;

CREATE FUNCTION oms.asset_class_list(OUT class text, OUT enabled boolean, OUT builtin boolean, OUT version bigint, OUT is_a text[], OUT closed boolean,
    OUT security_types text[], OUT products text[], OUT currency_pairs boolean, OUT notional_attribute text, OUT notional_factor numeric,
    OUT description text, OUT fault text)
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME', 'oms_list_asset_classes';
COMMENT ON FUNCTION oms.asset_class_list() IS
  'Every asset class as commands see it: is_a names it and those that it extends; fault says why one cannot be used';

CREATE FUNCTION oms.asset_class_attributes(OUT class text, OUT holder text, OUT attribute text, OUT n integer, OUT type text, OUT required boolean,
    OUT mutable boolean, OUT default_value jsonb, OUT allowed jsonb, OUT min jsonb, OUT max jsonb, OUT pattern text, OUT tag integer, OUT codes jsonb,
    OUT description text, OUT defined_in text, OUT column_name text)
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'oms_list_class_attributes';
COMMENT ON FUNCTION oms.asset_class_attributes() IS
  'Every attribute of every asset class, with those of the classes that it extends (defined_in): of its orders, quotes and requests (holder ORDER), and of its executions (EXECUTION)';

CREATE FUNCTION oms.attribute_text(attributes jsonb, name text) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_read_attribute_text';
CREATE FUNCTION oms.attribute_number(attributes jsonb, name text) RETURNS numeric
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_read_attribute_number';
CREATE FUNCTION oms.attribute_boolean(attributes jsonb, name text) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_read_attribute_boolean';
CREATE FUNCTION oms.attribute_date(attributes jsonb, name text) RETURNS date
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_read_attribute_date';
CREATE FUNCTION oms.attribute_time(attributes jsonb, name text) RETURNS timestamptz
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_read_attribute_time';
COMMENT ON FUNCTION oms.attribute_text(jsonb, text) IS 'The attribute as text; null where there is none, or it is no text. Never an error: what stands in a row stands there';
COMMENT ON FUNCTION oms.attribute_number(jsonb, text) IS 'The attribute as a number; null where there is none, or it is no number of at most 38 digits';
COMMENT ON FUNCTION oms.attribute_boolean(jsonb, text) IS 'The attribute as a boolean; null where there is none, or it is none';
COMMENT ON FUNCTION oms.attribute_date(jsonb, text) IS 'The attribute as a date; null where there is none, or it is no date';
COMMENT ON FUNCTION oms.attribute_time(jsonb, text) IS 'The attribute as a time; null where there is none, or it is no time with a zone';

-- As the caller: who may not write the table cannot through this.
CREATE FUNCTION oms.register_asset_class(name text, definition jsonb) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO oms.asset_classes AS c (name, definition) VALUES ($1, $2)
    ON CONFLICT ON CONSTRAINT asset_classes_pkey DO UPDATE SET definition = EXCLUDED.definition, enabled = true
       WHERE c.definition <> EXCLUDED.definition OR NOT c.enabled;
  RETURN (SELECT c.version FROM oms.asset_classes AS c WHERE c.name = $1 AND NOT c.builtin);
END
$function$;
COMMENT ON FUNCTION oms.register_asset_class(text, jsonb) IS
  'Registers an asset class, or gives it another definition, and makes its views oms.<name>_orders and oms.<name>_executions; returns its version. The same definition again changes nothing. OM011 where it is none (the detail names the path), where a class that extends it could not any more, or where a view''s name is taken';
REVOKE ALL ON FUNCTION oms.register_asset_class(text, jsonb), oms.asset_class_list(), oms.asset_class_attributes() FROM PUBLIC;
