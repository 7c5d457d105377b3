-- What is equal for every kind of object. This part comes once for each line of kinds.list; what is a kind's own stands in
-- the files of its own: its table, which ones are of a tree (oms.orders_of_tree()), its invariants (oms.verify_orders()).

-- @each kind as kind
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
  via text COLLATE "C",
  application_name text COLLATE "C",
  client_addr inet
) PARTITION BY RANGE (occurred_at);
SELECT pg_catalog.pg_extension_config_dump('oms.@kind@_events', '');

-- A row trigger of a parent comes to its partitions by itself, one on TRUNCATE does not.
CREATE TRIGGER @kind@_events_append_only BEFORE UPDATE OR DELETE ON oms.@kind@_events
  FOR EACH ROW EXECUTE FUNCTION oms.refuse_event_change();
CREATE TRIGGER @kind@_events_no_truncate BEFORE TRUNCATE ON oms.@kind@_events
  FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change();
-- @end
-- @upgrade
ALTER TABLE oms.@kind@_events ADD COLUMN account text COLLATE "C", ADD COLUMN via text COLLATE "C",
  ADD COLUMN application_name text COLLATE "C", ADD COLUMN client_addr inet;
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
COMMENT ON COLUMN oms.@kind@_events.application_name IS 'application_name of the session, which says it of itself; null if empty, and in events of version 0.1.0. No part of payload and hash';
COMMENT ON COLUMN oms.@kind@_events.client_addr IS 'Where the session came from; null from this machine, without a network. No part of payload and hash';
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

CREATE FUNCTION oms.matches(@kinds@ oms.@kinds@, spec @extschema@.oms_spec) RETURNS boolean
  LANGUAGE c STABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'oms_matches';
COMMENT ON FUNCTION oms.matches(oms.@kinds@, @extschema@.oms_spec) IS
  'Whether a specification holds of @a@ @name@: true, false or null, as a condition of SQL. OM010: there is no such field or operator';

-- Every one as its events say it is. Restricted: workers of its own share it, and a worker of somebody else's would do all of it again.

CREATE OR REPLACE FUNCTION oms.replay_@kinds@()
  RETURNS TABLE (id text, root_id text, sequence bigint, version bigint, problem text, replayed oms.@kinds@)
  LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100000
  SET search_path = pg_catalog, pg_temp
  SET enable_nestloop = off
  SET jit = off
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, (max(ARRAY[e.version, e.sequence]))[2] AS sequence
      FROM oms.@kind@_events AS e GROUP BY e.aggregate_id
  ), trees AS (
    SELECT e.root_id, max(e.tree_version) AS tree_version, max(e.occurred_at) AS updated_at
      FROM oms.all_events AS e
     WHERE e.root_id IN (SELECT r.aggregate_id FROM oms.@kind@_events AS r WHERE r.root_id = r.aggregate_id)
     GROUP BY e.root_id
  ), heads AS (
    -- what is narrow is joined first, and each payload and state is taken apart once (OFFSET)
    SELECT e.aggregate_id, e.root_id, e.sequence, e.version, e.payload -> 'state' AS state, e.hash, n.tree_version, n.updated_at
      FROM (SELECT m.aggregate_id, m.sequence, t.tree_version, t.updated_at FROM newest AS m LEFT JOIN trees AS t ON t.root_id = m.aggregate_id) AS n
      JOIN oms.@kind@_events AS e ON e.aggregate_id = n.aggregate_id AND e.sequence = n.sequence
    OFFSET 0
  ), judged AS (
    SELECT h.*, coalesce(oms.@kind@_state_problem(coalesce(h.state, 'null')),
                         CASE WHEN h.state ->> '@kindId@' <> h.aggregate_id THEN 'Field "@kindId@" names another @name@.' END) AS problem
      FROM heads AS h
    OFFSET 0
  )
  SELECT j.aggregate_id, j.root_id, j.sequence, j.version, j.problem,
         CASE WHEN j.problem IS NULL THEN oms.@kind@_from_state(j.state || CASE WHEN j.root_id = j.aggregate_id THEN oms.tree_state(j.tree_version, j.updated_at) ELSE '{}' END, j.hash) END
    FROM judged AS j
$function$;
COMMENT ON FUNCTION oms.replay_@kinds@() IS
  'Every @name@ as its newest event says it is; problem tells why that cannot be read, and replayed is null then';

-- As it was

-- What an object was follows from its versions: each is of a later moment than the one before, and is seen from a position only where
-- that is. So the one that is asked for is found by halving, each step by the index on (aggregate_id, version); a version that is not
-- there (a partition was detached) is taken for an older one.
CREATE OR REPLACE FUNCTION oms.@kind@_then(id text, at timestamptz, "position" text) RETURNS oms.@kinds@
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $function$
  WITH RECURSIVE newest AS (
    SELECT e.version, CASE WHEN @kind@_then.at IS NOT NULL THEN e.occurred_at <= @kind@_then.at
                           ELSE oms.position_sees(@kind@_then."position", e.sequence, e.xid) END AS is_there
      FROM oms.@kind@_events AS e WHERE e.aggregate_id = @kind@_then.id ORDER BY e.version DESC LIMIT 1
  ), search (low, high) AS (
    SELECT CASE WHEN n.is_there THEN n.version ELSE 0 END, CASE WHEN n.is_there THEN n.version ELSE n.version - 1 END FROM newest AS n
    UNION ALL
    SELECT CASE WHEN p.is_there THEN m.middle ELSE s.low END, CASE WHEN p.is_there THEN s.high ELSE m.middle - 1 END
      FROM search AS s
     CROSS JOIN LATERAL (SELECT (s.low + s.high + 1) / 2 AS middle) AS m
     CROSS JOIN LATERAL (
       SELECT coalesce((SELECT CASE WHEN @kind@_then.at IS NOT NULL THEN e.occurred_at <= @kind@_then.at
                                    ELSE oms.position_sees(@kind@_then."position", e.sequence, e.xid) END
                          FROM oms.@kind@_events AS e WHERE e.aggregate_id = @kind@_then.id AND e.version = m.middle LIMIT 1), true) AS is_there
     ) AS p
     WHERE s.low < s.high
  )
  SELECT r.*
    FROM search AS s
   CROSS JOIN LATERAL (
     SELECT e.root_id = e.aggregate_id AS is_root, e.root_id, e.sequence, e.tree_version, e.occurred_at, e.payload -> 'state' AS state, e.hash
       FROM oms.@kind@_events AS e WHERE e.aggregate_id = @kind@_then.id AND e.version = s.low LIMIT 1
   ) AS e
   CROSS JOIN LATERAL oms.@kind@_from_state(e.state || CASE WHEN NOT e.is_root THEN '{}'
     -- since its tree's newest event its row says it, without a look at the others; else that is between this event of its own and the next; a kind of another library has no others
     ELSE oms.tree_state(e.tree_version, e.occurred_at) || coalesce((SELECT oms.tree_state(k.tree_version, k.tree_updated_at) FROM oms.@kinds@ AS k WHERE k.id = e.root_id AND k.tree_updated_at <= @kind@_then.at),
                   (SELECT oms.tree_state_between(e.root_id, @kind@_then.at, @kind@_then."position", e.sequence, e.tree_version, e.occurred_at, n.sequence, coalesce(n.tree_version, k.tree_version + 1))
                      FROM oms.@kinds@ AS k
                      LEFT JOIN oms.@kind@_events AS n ON n.aggregate_id = k.id AND n.version = s.low + 1 AND n.root_id = k.id
                     WHERE k.id = e.root_id LIMIT 1),
                   oms.tree_state_then(e.root_id, @kind@_then.at, NULL, @kind@_then."position")) END, e.hash) AS r
   WHERE s.low = s.high
$function$;
COMMENT ON FUNCTION oms.@kind@_then(text, timestamptz, text) IS
  'Behind oms.@kind@_as_of(): the @name@ as of a moment, or where that is null as of a position';

CREATE OR REPLACE FUNCTION oms.@kind@_as_of(id text, at timestamptz) RETURNS oms.@kinds@
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  RETURN oms.@kind@_then(id, at, NULL);
COMMENT ON FUNCTION oms.@kind@_as_of(text, timestamptz) IS
  'The @name@ as it stood at a moment of the server''s clock (occurred_at); null if it did not exist then';

CREATE OR REPLACE FUNCTION oms.@kind@_as_of(id text, version bigint) RETURNS oms.@kinds@
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT r.*
    FROM oms.@kind@_events AS e
   CROSS JOIN LATERAL oms.@kind@_from_state(e.payload -> 'state' || CASE WHEN e.root_id = e.aggregate_id THEN oms.tree_state(e.tree_version, e.occurred_at)
                                                                       ELSE '{}' END, e.hash) AS r
   WHERE e.aggregate_id = @kind@_as_of.id AND e.version = @kind@_as_of.version
$function$;
COMMENT ON FUNCTION oms.@kind@_as_of(text, bigint) IS
  'The @name@ as its event of this number (version) left it; null if there is none';

-- A moment without a type is a text, and must go on being one.
CREATE OR REPLACE FUNCTION oms.@kind@_as_of(id text, at text) RETURNS oms.@kinds@
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  RETURN CASE WHEN oms.is_position(at) THEN oms.@kind@_then(id, NULL, at) ELSE oms.@kind@_then(id, at::timestamptz, NULL) END;
COMMENT ON FUNCTION oms.@kind@_as_of(text, text) IS
  'The @name@ as it stood at a moment that is written as text, or as who has read up to a position (oms.events_since()) knows it; null if it did not exist then (OM010: the position is damaged)';

REVOKE ALL ON FUNCTION oms.@kind@_then(text, timestamptz, text), oms.@kind@_as_of(text, bigint), oms.@kind@_as_of(text, text) FROM PUBLIC;
-- @install
REVOKE ALL ON FUNCTION oms.@kind@_from_state(jsonb, bytea), oms.@kind@_state(oms.@kinds@), oms.@kind@_state_problem(jsonb),
  oms.replay_@kinds@(), oms.@kind@_as_of(text, timestamptz) FROM PUBLIC;
-- @end

-- @end
