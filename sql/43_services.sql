-- Business services: several commands, done together, as data. doc/services.md says what a definition may say.

CREATE FUNCTION oms.check_service() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'oms_check_service';
COMMENT ON FUNCTION oms.check_service() IS
  'Trigger of oms.services: OM011 where the definition is none, with the path to what is wrong in the detail; where what it calls is not there or does not take what it gives; where what calls it could not be used any more';

CREATE TABLE oms.services (
  name text COLLATE "C" NOT NULL,
  builtin boolean NOT NULL DEFAULT false,
  definition jsonb NOT NULL,
  enabled boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 1,
  hash bytea,
  CONSTRAINT services_pkey PRIMARY KEY (name, builtin)
);
SELECT pg_catalog.pg_extension_config_dump('oms.services', 'WHERE NOT builtin');
COMMENT ON TABLE oms.services IS
  'What oms_service() does: steps that are commands or other services, done together or not at all. Its owner and oms_admin change it; a change acts at the next call in every session of the database. A row takes the place of the shipped one of its name whole';
COMMENT ON COLUMN oms.services.name IS 'By which oms_service() and the steps of other services call it';
COMMENT ON COLUMN oms.services.builtin IS 'It came with the extension: never changed, and in no dump';
COMMENT ON COLUMN oms.services.definition IS 'What it is: description, arguments, steps, result';
COMMENT ON COLUMN oms.services.enabled IS 'False: it is refused, and so is what calls it';

CREATE TRIGGER check_service BEFORE INSERT OR UPDATE ON oms.services FOR EACH ROW EXECUTE FUNCTION oms.check_service();
ALTER TABLE oms.services ENABLE ALWAYS TRIGGER check_service;

CREATE FUNCTION oms.explain_service(name text) RETURNS SETOF text
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE ROWS 20 AS 'MODULE_PATHNAME', 'oms_explain_service';
COMMENT ON FUNCTION oms.explain_service(text) IS
  'What a service does, line by line: its arguments, its steps with where their fields come from, and what it answers. OM003 where there is none of the name';
REVOKE ALL ON FUNCTION oms.explain_service(text) FROM PUBLIC;
