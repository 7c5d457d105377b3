-- Routing: which client orders wait for the execution desk, as data. What a predicate may say is what one of oms.validation_rules may.

CREATE TABLE oms.routing_rules (
  name text COLLATE "C" NOT NULL,
  priority integer NOT NULL,
  predicate text COLLATE "C" NOT NULL,
  action text COLLATE "C" NOT NULL DEFAULT 'DESK',
  reason text COLLATE "C" NOT NULL,
  examples jsonb,
  enabled boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 1,
  builtin boolean NOT NULL DEFAULT false,
  hash bytea,
  CONSTRAINT routing_rules_pkey PRIMARY KEY (name, builtin)
);
SELECT pg_catalog.pg_extension_config_dump('oms.routing_rules', 'WHERE NOT builtin');
COMMENT ON TABLE oms.routing_rules IS
  'Which client orders go to the execution desk, and which are placed: the first rule that is true decides, by priority and name; none, and the order is placed. Its owner and oms_admin change it; a change acts at the next command in every session of the database. A row takes the place of the shipped one of its name whole';
COMMENT ON COLUMN oms.routing_rules.name IS 'By which events and oms.explain_routing() name it';
COMMENT ON COLUMN oms.routing_rules.priority IS 'The smallest is asked first';
COMMENT ON COLUMN oms.routing_rules.predicate IS
  'One boolean SQL expression over cur and root (the client order as it was made, or with the terms that its client asks for) and command (jsonb: what made it, or asks for them). False and null: it does not match; an error: the order goes to the desk';
COMMENT ON COLUMN oms.routing_rules.action IS 'DESK: the order waits in the queue of the desk; AUTO: it is placed';
COMMENT ON COLUMN oms.routing_rules.reason IS 'Why: what the desk reads as desk_reason';
COMMENT ON COLUMN oms.routing_rules.examples IS
  'What it must say, tried when it is stored: an array of {"command", "outcome": "TRUE", "FALSE", "NULL" or "ERROR", and the states "cur", "root" where it asks for them}';
COMMENT ON COLUMN oms.routing_rules.builtin IS 'It came with the extension: not enabled, never changed, and in no dump';

CREATE TRIGGER check_rule BEFORE INSERT OR UPDATE ON oms.routing_rules FOR EACH ROW EXECUTE FUNCTION oms.check_rule();
ALTER TABLE oms.routing_rules ENABLE ALWAYS TRIGGER check_rule;
