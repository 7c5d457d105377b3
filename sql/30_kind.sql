-- What is equal for every kind of object. This part comes once for each line of kinds.list; what is a kind's own stands in
-- the files of its own: its table, which ones are of a tree (oms.orders_of_tree()), its invariants (oms.verify_orders()).

-- @each kind
-- ------------------------------------------------------------------------
-- @name@: its events, append-only, one partition a month, written by the command pipeline alone.
-- No primary key on the parent and no partition made here: both would break a dump (doc/decisions.md).
-- ------------------------------------------------------------------------

-- @install
CREATE TABLE oms.@kind@_events (
  sequence bigint NOT NULL,
  aggregate_id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  root_id text COLLATE "C" NOT NULL,
  tree_version bigint NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  actor text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  command_id text COLLATE "C" NOT NULL,
  transition integer NOT NULL,
  xid xid8 NOT NULL,
  payload jsonb NOT NULL,
  hash bytea NOT NULL,
  account text COLLATE "C",
  via text COLLATE "C"
) PARTITION BY RANGE (occurred_at);
SELECT pg_catalog.pg_extension_config_dump('oms.@kind@_events', '');

-- A row trigger of a parent comes to its partitions by itself, one on TRUNCATE does not.
CREATE TRIGGER @kind@_events_append_only BEFORE UPDATE OR DELETE ON oms.@kind@_events
  FOR EACH ROW EXECUTE FUNCTION oms.refuse_event_change();
CREATE TRIGGER @kind@_events_no_truncate BEFORE TRUNCATE ON oms.@kind@_events
  FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change();
-- @end
-- @upgrade
ALTER TABLE oms.@kind@_events ADD COLUMN account text COLLATE "C", ADD COLUMN via text COLLATE "C";
-- @end

COMMENT ON TABLE oms.@kind@_events IS 'Every change of every @name@, append-only';
COMMENT ON COLUMN oms.@kind@_events.sequence IS 'One generator for all event tables; not the commit order';
COMMENT ON COLUMN oms.@kind@_events.version IS 'Number of the event in its object: 1, 2, 3 ...';
COMMENT ON COLUMN oms.@kind@_events.tree_version IS 'Number of the event in its tree: 1, 2, 3 ..., over all event tables';
COMMENT ON COLUMN oms.@kind@_events.occurred_at IS 'The server''s clock after the tree was locked';
COMMENT ON COLUMN oms.@kind@_events.transition IS 'Number of the row of oms.state_transitions that fired';
COMMENT ON COLUMN oms.@kind@_events.account IS 'Account of the object after this event; null without one, and in events of version 0.1.0';
COMMENT ON COLUMN oms.@kind@_events.actor IS 'Who answers for it: the session user; where that is a member of oms_proxy, the role it has set';
COMMENT ON COLUMN oms.@kind@_events.role IS 'The current user, whose rights counted';
COMMENT ON COLUMN oms.@kind@_events.via IS 'The session user where it is a member of oms_proxy and speaks for the actor; else null';
COMMENT ON COLUMN oms.@kind@_events.payload IS 'The whole event, as it goes to Kafka';
COMMENT ON COLUMN oms.@kind@_events.hash IS 'SHA-256 of the object''s previous hash and the payload''s text';

-- State and row (src/entry/state_row.c)

CREATE OR REPLACE FUNCTION oms.@kind@_from_state(state jsonb, hash bytea) RETURNS oms.@kinds@
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_row_from_state';
COMMENT ON FUNCTION oms.@kind@_from_state(jsonb, bytea) IS
  'The row of oms.@kinds@ that a state describes (22023 where it describes none); a null state gives a null row';

CREATE OR REPLACE FUNCTION oms.@kind@_state(@kinds@ oms.@kinds@) RETURNS jsonb
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_state_of_row';
COMMENT ON FUNCTION oms.@kind@_state(oms.@kinds@) IS
  'The row as events and results show it: columns in camelCase, nulls left out, without its hash';

CREATE OR REPLACE FUNCTION oms.@kind@_state_problem(state jsonb) RETURNS text
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  RETURN oms.state_problem('@kind@', state);
COMMENT ON FUNCTION oms.@kind@_state_problem(jsonb) IS
  'Why oms.@kind@_from_state() would refuse the state; null when it would not';

-- Every one as its events say it is

CREATE OR REPLACE FUNCTION oms.replay_@kinds@()
  RETURNS TABLE (id text, root_id text, sequence bigint, version bigint, problem text, replayed oms.@kinds@)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, (max(ARRAY[e.version, e.sequence]))[2] AS sequence
      FROM oms.@kind@_events AS e GROUP BY e.aggregate_id
  ), trees AS (
    SELECT e.root_id, max(e.tree_version) AS tree_version, max(e.occurred_at) AS updated_at
      FROM oms.all_events AS e GROUP BY e.root_id
  ), heads AS (
    SELECT e.aggregate_id, e.root_id, e.sequence, e.version, e.payload -> 'state' AS state, e.hash, t.tree_version, t.updated_at,
           coalesce(oms.@kind@_state_problem(coalesce(e.payload -> 'state', 'null')),
                    CASE WHEN e.payload #>> '{state,@kindId@}' <> e.aggregate_id THEN 'Field "@kindId@" names another @name@.' END) AS problem
      FROM newest AS n
      JOIN oms.@kind@_events AS e ON e.aggregate_id = n.aggregate_id AND e.sequence = n.sequence
      LEFT JOIN trees AS t ON t.root_id = CASE WHEN e.root_id = e.aggregate_id THEN e.root_id END
  )
  SELECT h.aggregate_id, h.root_id, h.sequence, h.version, h.problem,
         CASE WHEN h.problem IS NULL THEN oms.@kind@_from_state(h.state || oms.tree_state(h.tree_version, h.updated_at), h.hash) END
    FROM heads AS h
$function$;
COMMENT ON FUNCTION oms.replay_@kinds@() IS
  'Every @name@ as its newest event says it is; problem tells why that cannot be read, and replayed is null then';

-- As of a moment

CREATE OR REPLACE FUNCTION oms.@kind@_as_of(id text, at timestamptz) RETURNS oms.@kinds@
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, e.root_id, e.payload -> 'state' AS state, e.hash
      FROM oms.@kind@_events AS e
     WHERE e.aggregate_id = @kind@_as_of.id AND e.occurred_at <= @kind@_as_of.at
     ORDER BY e.version DESC LIMIT 1
  )
  SELECT r.*
    FROM newest AS n
    -- strict: of a null root it reads nothing
   CROSS JOIN LATERAL oms.tree_as_of(CASE WHEN n.root_id = n.aggregate_id THEN n.root_id END, @kind@_as_of.at) AS t
   CROSS JOIN LATERAL oms.@kind@_from_state(n.state || oms.tree_state(t.tree_version, t.updated_at), n.hash) AS r
$function$;
COMMENT ON FUNCTION oms.@kind@_as_of(text, timestamptz) IS
  'The @name@ as it stood at a moment of the server''s clock (occurred_at); null if it did not exist then';

-- @install
REVOKE ALL ON FUNCTION oms.@kind@_from_state(jsonb, bytea), oms.@kind@_state(oms.@kinds@), oms.@kind@_state_problem(jsonb),
  oms.replay_@kinds@(), oms.@kind@_as_of(text, timestamptz) FROM PUBLIC;
-- @end

-- @end
