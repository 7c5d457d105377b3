-- Placement: how a client order that does not go to the desk is placed, as data.

CREATE TABLE oms.placement_policies (
  name text COLLATE "C" NOT NULL,
  priority integer NOT NULL,
  predicate text COLLATE "C" NOT NULL,
  destinations jsonb,
  max_quantity numeric,
  min_quantity numeric,
  lot numeric,
  slices integer NOT NULL DEFAULT 1,
  slice_interval interval,
  cl_ord_id_pattern text COLLATE "C" NOT NULL DEFAULT '{clOrdID}-{n}',
  examples jsonb,
  enabled boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 1,
  builtin boolean NOT NULL DEFAULT false,
  hash bytea,
  CONSTRAINT placement_policies_pkey PRIMARY KEY (name, builtin)
);
SELECT pg_catalog.pg_extension_config_dump('oms.placement_policies', 'WHERE NOT builtin');
COMMENT ON TABLE oms.placement_policies IS
  'How a client order that routing does not send to the desk is placed: the first policy that is true of it, by priority and name. Its owner and oms_admin change it; a change acts at the next command in every session of the database. A row takes the place of the shipped one of its name whole';
COMMENT ON COLUMN oms.placement_policies.name IS 'By which events and refusals name it';
COMMENT ON COLUMN oms.placement_policies.priority IS 'The smallest is asked first';
COMMENT ON COLUMN oms.placement_policies.predicate IS
  'One boolean SQL expression over cur and root (the client order as it was made) and command (jsonb: what made it), as that of a routing rule. False and null: it is not for this order; an error: the order goes to the desk';
COMMENT ON COLUMN oms.placement_policies.destinations IS
  'Among whom it is shared: an array of {"destination" (absent: where the order itself is to go), "weight" (1)}, by largest remainder in whole lots; null: all goes where the order itself is to go';
COMMENT ON COLUMN oms.placement_policies.max_quantity IS 'The most that one child has: a share above it becomes several. Null: no bound';
COMMENT ON COLUMN oms.placement_policies.min_quantity IS 'The least that a share has: what is below it goes to the largest. Null: no bound';
COMMENT ON COLUMN oms.placement_policies.lot IS 'In which steps it is shared; what is no lot goes to the largest share. Null: the order''s attribute roundLot, else 1, or one unit of its last decimal';
COMMENT ON COLUMN oms.placement_policies.slices IS 'At how many times it is placed: the first at once, the others by oms.place_due()';
COMMENT ON COLUMN oms.placement_policies.slice_interval IS 'Between two of them: from a second to 31 days';
COMMENT ON COLUMN oms.placement_policies.cl_ord_id_pattern IS
  'What the children are called: {n} counts them, {clOrdID} and {orderId} are the order''s (one of them is needed), {destination} is the child''s. A name that is taken is left out';
COMMENT ON COLUMN oms.placement_policies.examples IS
  'What its predicate must say, tried when it is stored: an array of {"command", "outcome": "TRUE", "FALSE", "NULL" or "ERROR", and the states "cur", "root" where it asks for them}';
COMMENT ON COLUMN oms.placement_policies.builtin IS 'It came with the extension: never changed, and in no dump';

CREATE TRIGGER check_rule BEFORE INSERT OR UPDATE ON oms.placement_policies FOR EACH ROW EXECUTE FUNCTION oms.check_rule();
ALTER TABLE oms.placement_policies ENABLE ALWAYS TRIGGER check_rule;
