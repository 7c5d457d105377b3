-- Slots: what a fleet of databases shares its trees out by, and the part of it that is this database's.

CREATE OR REPLACE FUNCTION oms.slot_of(id text) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_slot_of';
COMMENT ON FUNCTION oms.slot_of(text) IS
  'The slot (0 to 16383) of an id: of its tag, the text between the first { and the next }, else of the whole; of a UUID of version 7 or 8 the 14 bits after the variant, else the last 14 bits of the CRC-32 of its UTF-8 bytes';

CREATE OR REPLACE FUNCTION oms.slot_of(scope text, id text) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_slot_of_scoped';
COMMENT ON FUNCTION oms.slot_of(text, text) IS
  'The slot of a new tree whose id is made, by (FIX session, ClOrdID) or (actor, commandId): the last 14 bits of the CRC-32 of both in UTF-8 with a zero byte between';

CREATE TABLE oms.shard (
  number integer NOT NULL CONSTRAINT shard_pkey PRIMARY KEY CONSTRAINT shard_number_check CHECK (number >= 0),
  slots int4multirange NOT NULL CONSTRAINT shard_slots_check CHECK (slots <@ '{[0,16384)}'::int4multirange),
  step integer NOT NULL DEFAULT 1 CONSTRAINT shard_step_check CHECK (step = 1 OR step > number),
  timeline integer CONSTRAINT shard_timeline_check CHECK (timeline > 0)
);
CREATE UNIQUE INDEX shard_one_row_idx ON oms.shard ((true));
SELECT pg_catalog.pg_extension_config_dump('oms.shard', '');
COMMENT ON TABLE oms.shard IS
  'One row: the number of this database in its fleet, and its slots; a tree of another slot cannot begin here (OM012). Shipped: all slots. A change acts at the next command of every session.';
COMMENT ON COLUMN oms.shard.number IS 'Number of this database in its fleet';
COMMENT ON COLUMN oms.shard.slots IS 'Slots of the trees that may begin here, from 0 to 16383; where step is 1, trees that are here stay usable whatever it says';
COMMENT ON COLUMN oms.shard.step IS '1: there is no fleet. More: the sequence numbers of events divided by it leave the number of this database, so that those of a fleet never meet. oms.set_shard() sets it';
COMMENT ON COLUMN oms.shard.timeline IS 'Commands are taken on this timeline of the cluster alone, so that a copy which is promoted takes none before its oms.set_shard(); null: on any';
GRANT SELECT ON oms.shard TO PUBLIC;

-- There is always one row: a restore brings its own for the one that CREATE EXTENSION has made. It brings the value of the sequence, too, but not its step.
CREATE OR REPLACE FUNCTION oms.shard_replace() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  DELETE FROM oms.shard;
  IF NEW.step <> (SELECT s.seqincrement FROM pg_sequence AS s WHERE s.seqrelid = 'oms.event_sequence'::regclass) THEN
    EXECUTE format('ALTER SEQUENCE oms.event_sequence INCREMENT BY %s', NEW.step);
  END IF;
  RETURN NEW;
END
$function$;
COMMENT ON FUNCTION oms.shard_replace() IS 'Trigger of oms.shard: a row that is inserted takes the place of the one that is there, and the sequence of events has its step';

CREATE OR REPLACE FUNCTION oms.configuration_changed() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'oms_configuration_changed';
COMMENT ON FUNCTION oms.configuration_changed() IS 'Trigger of tables of configuration: every session reads the table again before its next command';

CREATE TRIGGER replace_row BEFORE INSERT ON oms.shard FOR EACH ROW EXECUTE FUNCTION oms.shard_replace();
CREATE TRIGGER row_changed AFTER INSERT OR UPDATE OR DELETE ON oms.shard FOR EACH ROW EXECUTE FUNCTION oms.configuration_changed();
CREATE TRIGGER truncated AFTER TRUNCATE ON oms.shard FOR EACH STATEMENT EXECUTE FUNCTION oms.configuration_changed();
ALTER TABLE oms.shard ENABLE ALWAYS TRIGGER replace_row, ENABLE ALWAYS TRIGGER row_changed, ENABLE ALWAYS TRIGGER truncated;

INSERT INTO oms.shard (number, slots) VALUES (0, '{[0,16384)}');

CREATE OR REPLACE FUNCTION oms.route(command jsonb, OUT slot integer, OUT by text, OUT certain boolean)
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_route';
COMMENT ON FUNCTION oms.route(jsonb) IS
  'Where a command belongs: the slot, the field that says so, and whether the tree cannot be elsewhere; slot null: anywhere. Reads no table. OM001, OM002 as oms_command()';

CREATE OR REPLACE FUNCTION oms.route_fix(message text, OUT slot integer, OUT session text, OUT cl_ord_ids text[], OUT order_id text,
    OUT by text, OUT certain boolean)
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_route_fix';
COMMENT ON FUNCTION oms.route_fix(text) IS
  'Where a FIX message belongs, and by what to look for its order: its session, its ClOrdIDs, the first of the chain first, and OrderID (37; of a new order SecondaryClOrdID, 526). Reads no table. OM009 as oms_fix()';

CREATE OR REPLACE FUNCTION oms.route_fix(message bytea, OUT slot integer, OUT session text, OUT cl_ord_ids text[], OUT order_id text,
    OUT by text, OUT certain boolean)
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_route_fix_bytes';
COMMENT ON FUNCTION oms.route_fix(bytea) IS 'The same for a message as it came from the wire, read as oms_fix(bytea) reads it';

CREATE FUNCTION oms.next_sequence_number() RETURNS bigint
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_next_sequence_number';
COMMENT ON FUNCTION oms.next_sequence_number() IS 'The next sequence number of an event, for what is numbered in SQL. 55000: it would be one of another shard; OM012: this is a copy of a shard';
REVOKE ALL ON FUNCTION oms.next_sequence_number() FROM PUBLIC;
