-- Events for a reader who keeps only where he was; what he, and who waits for a token, know a cluster by.

CREATE TABLE oms.incarnations (
  number bigint NOT NULL,
  system_identifier bigint NOT NULL,
  timeline integer NOT NULL,
  first_sequence bigint NOT NULL CONSTRAINT incarnations_pkey PRIMARY KEY,
  database oid NOT NULL,
  relation oid NOT NULL,
  started_at timestamptz NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('oms.incarnations', '');
CREATE TRIGGER incarnations_append_only BEFORE UPDATE OR DELETE ON oms.incarnations
  FOR EACH ROW EXECUTE FUNCTION oms.refuse_event_change();
CREATE TRIGGER incarnations_no_truncate BEFORE TRUNCATE ON oms.incarnations
  FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change();
COMMENT ON TABLE oms.incarnations IS
  'The lives of this store: the first command after its creation, a restore, a promotion or pg_upgrade writes a row. Of several rows with one number (commands that began at once) the lowest first_sequence counts';
COMMENT ON COLUMN oms.incarnations.number IS '1, 2, 3 ...; tokens begin with it';
COMMENT ON COLUMN oms.incarnations.system_identifier IS 'Of the cluster, as pg_control_system() shows it';
COMMENT ON COLUMN oms.incarnations.timeline IS 'Of the cluster: a promotion begins another one';
COMMENT ON COLUMN oms.incarnations.first_sequence IS 'Number of its first event: smaller ones are of incarnations before it, and their xid is not one of this cluster, or of a history that ended';
COMMENT ON COLUMN oms.incarnations.database IS 'OID of the database';
COMMENT ON COLUMN oms.incarnations.relation IS 'OID of this table, which is another one after a restore';
COMMENT ON COLUMN oms.incarnations.started_at IS 'Time of its first event';

-- The settings: which index is taken follows from how a statement is written (src/query/event_window.c), and not from statistics that are behind.
CREATE FUNCTION oms.events_since(object text, "position" text, max_events integer DEFAULT 1000)
  RETURNS TABLE ("position" text, object text, sequence bigint, aggregate_id text, version bigint, root_id text, tree_version bigint, event_type text,
                 occurred_at timestamptz, actor text, role text, command_id text, transition integer, xid xid8, payload jsonb, hash bytea, account text, via text)
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 100
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  SET enable_bitmapscan = off
  SET enable_sort = off
  SET jit = off
  AS 'MODULE_PATHNAME', 'oms_events_since';
COMMENT ON FUNCTION oms.events_since(text, text, integer) IS
  'Committed events of a kind of object (null: of all) that were not read up to a position (null: from the first one on), at most max_events (1 to 100000), in the order of doc/queries.md; each row has the position behind it, and where no row comes the old one stays good. OM010: the position is damaged, of another object, or covers what this database has lost';

CREATE FUNCTION oms.current_position(object text DEFAULT NULL) RETURNS text
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  SET enable_bitmapscan = off
  SET enable_sort = off
  SET jit = off
  AS 'MODULE_PATHNAME', 'oms_current_position';
COMMENT ON FUNCTION oms.current_position(text) IS
  'The position of a reader who has read all that is committed now, of a kind of object (null: of all): for who wants only what comes (OM010: no such kind)';

CREATE FUNCTION oms.position_is_reached("position" text) RETURNS boolean
  LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  SET enable_bitmapscan = off
  SET enable_sort = off
  SET jit = off
  AS 'MODULE_PATHNAME', 'oms_position_is_reached';
COMMENT ON FUNCTION oms.position_is_reached(text) IS
  'Is all that comes before a position here? False: a standby, or the snapshot of a transaction, has not come so far (OM010: the position is damaged, or covers what this database has lost)';

CREATE FUNCTION oms.position_sees("position" text, sequence bigint, xid xid8) RETURNS boolean
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_position_sees';
COMMENT ON FUNCTION oms.position_sees(text, bigint, xid8) IS
  'Is an event, by its sequence and xid, one of those that come before a position? (OM010: the position is damaged)';

CREATE PROCEDURE oms.wait_for(token text, timeout interval DEFAULT '10 s')
  LANGUAGE c AS 'MODULE_PATHNAME', 'oms_wait_for';
COMMENT ON PROCEDURE oms.wait_for(text, interval) IS
  'Returns once what a result''s token stands for is visible here, also on a standby; holds no snapshot meanwhile. OM003: it was rolled back; 57014: the time is over; 25001: in a transaction block; OM010: it is no token, or of what this database has lost';

-- @upgrade
-- Partitions of the version before have no index on xid.
DO $do$
DECLARE
  leaf record;
BEGIN
  FOR leaf IN
    SELECT c.oid::regclass AS name, coalesce(' TABLESPACE ' || quote_ident(s.spcname), '') AS place
      FROM oms.event_tables() AS e
     CROSS JOIN LATERAL pg_partition_tree(e.relid) AS p
      JOIN pg_class AS c ON c.oid = p.relid
      LEFT JOIN pg_tablespace AS s ON s.oid = c.reltablespace
     WHERE p.isleaf AND c.relkind = 'r'
  LOOP
    EXECUTE format('CREATE INDEX ON %s (xid)', leaf.name) || leaf.place;
  END LOOP;
END
$do$;
-- @end

REVOKE ALL ON FUNCTION oms.events_since(text, text, integer), oms.current_position(text), oms.position_is_reached(text), oms.position_sees(text, bigint, xid8) FROM PUBLIC;
REVOKE ALL ON PROCEDURE oms.wait_for(text, interval) FROM PUBLIC;
