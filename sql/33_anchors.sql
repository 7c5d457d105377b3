-- Anchors: one value for all that was committed, which somebody keeps outside. doc/anchors.md has every byte of it.

CREATE TABLE oms.anchors (
  sequence bigint NOT NULL CONSTRAINT anchors_pkey PRIMARY KEY,
  number bigint NOT NULL,
  part integer NOT NULL,
  root_id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  tree_version bigint NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  xid xid8 NOT NULL,
  payload jsonb NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT anchors_number_part_key UNIQUE (number, part)
);
SELECT pg_catalog.pg_extension_config_dump('oms.anchors', '');
CREATE TRIGGER anchors_append_only BEFORE UPDATE OR DELETE ON oms.anchors
  FOR EACH ROW EXECUTE FUNCTION oms.refuse_event_change();
CREATE TRIGGER anchors_no_truncate BEFORE TRUNCATE ON oms.anchors
  FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change();
COMMENT ON TABLE oms.anchors IS 'What oms.anchor() made, as it leaves for the topic oms-anchors: of each anchor the leaves, in parts, and behind them the anchor itself';
COMMENT ON COLUMN oms.anchors.sequence IS 'One generator for all event tables; not the commit order';
COMMENT ON COLUMN oms.anchors.number IS 'Of the anchor: 1, 2, 3 ...';
COMMENT ON COLUMN oms.anchors.part IS '0: the anchor; 1, 2, 3 ...: its leaves';
COMMENT ON COLUMN oms.anchors.root_id IS 'Name of this chain of anchors, drawn with the first one; the key in Kafka';
COMMENT ON COLUMN oms.anchors.version IS 'Number of the record in its chain: 1, 2, 3 ...';
COMMENT ON COLUMN oms.anchors.tree_version IS 'As version: a chain is a tree of its own';
COMMENT ON COLUMN oms.anchors.event_type IS 'LeavesAnchored or StoreAnchored';
COMMENT ON COLUMN oms.anchors.payload IS 'The whole record, as it goes to Kafka; state is what oms.anchor() returned, or the leaves';
COMMENT ON COLUMN oms.anchors.hash IS 'SHA-256 of the previous record''s hash and the payload''s text';

-- Which index is taken follows from how the statement is written (src/query/event_window.c), and not from statistics that are behind.
CREATE FUNCTION oms.objects_between(since text, until text)
  RETURNS TABLE (object text, id text, version bigint, hash bytea)
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 1000
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  SET enable_bitmapscan = off
  SET jit = off
  AS 'MODULE_PATHNAME', 'oms_objects_between';
COMMENT ON FUNCTION oms.objects_between(text, text) IS
  'Of each object the newest event that is seen at one position and not at an earlier one (null: the beginning); twice where the two are of different incarnations (OM010: a position is damaged)';

-- The tree of RFC 6962 over hashes of leaves: pairs from the left, and what is left over goes up as it is.
CREATE FUNCTION oms.merkle_root(hashes bytea[]) RETURNS bytea
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF cardinality(hashes) = 0 THEN
    RETURN sha256('');
  END IF;
  WHILE cardinality(hashes) > 1 LOOP
    hashes := ARRAY(SELECT CASE WHEN p.second IS NULL THEN p.hash ELSE sha256('\x01'::bytea || p.hash || p.second) END
                      FROM (SELECT h.n, h.hash, lead(h.hash) OVER (ORDER BY h.n) AS second FROM unnest(hashes) WITH ORDINALITY AS h (hash, n)) AS p
                     WHERE p.n % 2 = 1 ORDER BY p.n);
  END LOOP;
  RETURN hashes[1];
END
$function$;
COMMENT ON FUNCTION oms.merkle_root(bytea[]) IS 'The root of a Merkle tree (RFC 6962) over the hashes of its leaves, in their order';

CREATE FUNCTION oms.leaf_hash(object text, id text, version text, hash text) RETURNS bytea
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN pg_catalog.sha256('\x00'::pg_catalog.bytea OPERATOR(pg_catalog.||)
                           pg_catalog.convert_to(pg_catalog.concat_ws(' ', object, version, hash, id), 'UTF8'));
COMMENT ON FUNCTION oms.leaf_hash(text, text, text, text) IS 'The hash of a leaf of an anchor: the newest event of an object then, with its hash in hexadecimal';

CREATE FUNCTION oms.anchor_root(state jsonb, leaves_root bytea) RETURNS bytea
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN pg_catalog.sha256('\x02'::pg_catalog.bytea OPERATOR(pg_catalog.||) pg_catalog.decode(state OPERATOR(pg_catalog.->>) 'previousRoot', 'hex')
                           OPERATOR(pg_catalog.||) leaves_root OPERATOR(pg_catalog.||)
                           pg_catalog.convert_to(pg_catalog.concat_ws(' ', state OPERATOR(pg_catalog.->>) 'chain', state OPERATOR(pg_catalog.->>) 'number',
                                                                      state OPERATOR(pg_catalog.->>) 'count', coalesce(state OPERATOR(pg_catalog.->>) 'since', '-'),
                                                                      state OPERATOR(pg_catalog.->>) 'position'), 'UTF8'));
COMMENT ON FUNCTION oms.anchor_root(jsonb, bytea) IS 'The root of an anchor: of what it states, the root before it and the root of its leaves';

-- The store's leaves between two positions, in the order of an anchor; purged ones are no longer among them.
CREATE FUNCTION oms.leaves_between(since text, until text)
  RETURNS TABLE (place bigint, object text, id text, version text, hash text)
  LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 1000
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT row_number() OVER (ORDER BY o.object COLLATE "C", convert_to(o.id, 'UTF8')), o.object, o.id, o.version::text, encode(o.hash, 'hex')
    FROM (SELECT DISTINCT ON (b.object, b.id) b.* FROM oms.objects_between(since, until) AS b ORDER BY b.object, b.id, b.version DESC) AS o
$function$;
COMMENT ON FUNCTION oms.leaves_between(text, text) IS 'Of each object that was changed between two positions its newest event then, in the order of an anchor''s leaves';

-- With the owner's rights, for oms.anchor() alone.
CREATE FUNCTION oms.append_anchor_record(newest oms.anchors, event_type text, state jsonb) RETURNS oms.anchors
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  made oms.anchors;
BEGIN
  -- the transaction's id before the number: the bridge's horizon rests on that
  made.xid := pg_current_xact_id();
  made.sequence := oms.next_sequence_number();
  made.number := state ->> 'number';
  made.part := coalesce((state ->> 'part')::integer, 0);
  made.root_id := coalesce(newest.root_id, state ->> 'chain');
  made.version := coalesce(newest.version, 0) + 1;
  made.tree_version := made.version;
  made.event_type := event_type;
  made.occurred_at := greatest(clock_timestamp(), newest.occurred_at);
  made.payload := jsonb_build_object(
    'schemaVersion', 2, 'eventType', made.event_type, 'aggregateType', 'Anchor', 'aggregateId', made.root_id, 'rootId', made.root_id,
    'version', made.version, 'treeVersion', made.version, 'sequence', made.sequence, 'occurredAt', oms.time_text(made.occurred_at), 'state', state);
  made.hash := sha256(coalesce(newest.hash, '') || convert_to(made.payload::text, 'UTF8'));
  INSERT INTO oms.anchors VALUES (made.*);
  RETURN made;
END
$function$;
COMMENT ON FUNCTION oms.append_anchor_record(oms.anchors, text, jsonb) IS 'Part of oms.anchor(): writes a record behind the newest one';

-- As the owner: whoever may anchor needs no right on a table.
CREATE FUNCTION oms.anchor() RETURNS jsonb
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $function$
DECLARE
  newest oms.anchors;
  before jsonb;
  state jsonb;
  chunk record;
  roots bytea[] := '{}';
  leaves bigint := 0;
BEGIN
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION 'a standby makes no anchors' USING ERRCODE = 'read_only_sql_transaction', HINT = 'Call oms.anchor() on the primary.';
  END IF;
  -- One after the other; only who waits here is held up.
  LOCK TABLE oms.anchors IN SHARE UPDATE EXCLUSIVE MODE;
  SELECT * INTO newest FROM oms.anchors AS a ORDER BY a.number DESC, a.part LIMIT 1;
  before := newest.payload -> 'state';
  state := jsonb_strip_nulls(jsonb_build_object(
    'chain', coalesce(newest.root_id, gen_random_uuid()::text), 'number', coalesce(newest.number, 0) + 1, 'anchoredAt', oms.time_text(clock_timestamp()),
    'since', before -> 'position', 'position', oms.current_position(), 'previousRoot', coalesce(before ->> 'root', repeat('0', 64))));

  -- Of a power of two, so that the roots of the parts are nodes of the whole; and each record can leave.
  FOR chunk IN
    WITH listed AS MATERIALIZED (
      SELECT l.*, jsonb_build_array(l.object, l.id, l.version::bigint, l.hash) AS leaf FROM oms.leaves_between(state ->> 'since', state ->> 'position') AS l
    ), size AS (
      SELECT 2 ^ floor(log(2, greatest(1, least(256, (pg_size_bytes(current_setting('oms_state.command_size')) - 2048) / (2 + max(octet_length(convert_to(l.leaf::text, 'UTF8')))))))) AS leaves
        FROM listed AS l
    )
    SELECT row_number() OVER (ORDER BY min(l.place)) AS part, count(*) AS count, jsonb_agg(l.leaf ORDER BY l.place) AS leaves,
           oms.merkle_root(array_agg(oms.leaf_hash(l.object, l.id, l.version, l.hash) ORDER BY l.place)) AS root
      FROM listed AS l CROSS JOIN size AS s
     GROUP BY div(l.place - 1, s.leaves::bigint) ORDER BY 1
  LOOP
    newest := oms.append_anchor_record(newest, 'LeavesAnchored',
                                       jsonb_build_object('chain', state -> 'chain', 'number', state -> 'number', 'part', chunk.part, 'leaves', chunk.leaves, 'root', encode(chunk.root, 'hex')));
    roots := roots || chunk.root;
    leaves := leaves + chunk.count;
  END LOOP;
  IF leaves = 0 AND before IS NOT NULL THEN
    RETURN before;
  END IF;
  state := state || jsonb_build_object('count', leaves, 'parts', cardinality(roots), 'leavesRoot', encode(oms.merkle_root(roots), 'hex'));
  state := state || jsonb_build_object('root', encode(oms.anchor_root(state, oms.merkle_root(roots)), 'hex'));
  PERFORM oms.append_anchor_record(newest, 'StoreAnchored', state);
  RETURN state;
EXCEPTION WHEN unique_violation THEN
  -- only where the snapshot is older than the newest anchor
  RAISE EXCEPTION 'another anchor was made meanwhile' USING ERRCODE = 'serialization_failure', HINT = 'Try again in a transaction of its own.';
END
$function$;
COMMENT ON FUNCTION oms.anchor() IS
  'Anchors what was committed since the anchor before, and returns the anchor: keep it outside. Where nothing was it returns the newest one again. For oms_admin and oms_bridge. 25006: on a standby; 40001: another one was made that this transaction cannot see';

-- ---------------------------------------------------------------------------------------------------
-- held against the store
-- ---------------------------------------------------------------------------------------------------

CREATE FUNCTION oms.anchored_leaves(leaves jsonb) RETURNS TABLE (object text, id text, version text, hash text)
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT l.leaf ->> 0, l.leaf ->> 1, l.leaf ->> 2, l.leaf ->> 3
    FROM jsonb_array_elements(CASE jsonb_typeof(leaves) WHEN 'array' THEN leaves ELSE '[]' END) AS l (leaf)
$function$;
COMMENT ON FUNCTION oms.anchored_leaves(jsonb) IS 'The leaves of an anchor as they stand in its records: arrays of object, id, version and hash';

CREATE FUNCTION oms.verify_anchor(anchor jsonb, leaves jsonb DEFAULT NULL) RETURNS TABLE (valid boolean, object text, id text, detail text)
  LANGUAGE plpgsql STABLE PARALLEL RESTRICTED CALLED ON NULL INPUT ROWS 1
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $function$
DECLARE
  given jsonb;
  stored jsonb;
  facts jsonb;
  listed bytea[];
  problem text;
BEGIN
  -- who does not see all of it cannot judge it
  IF oms.accounts_are_limited() THEN
    RAISE EXCEPTION 'role "%" is limited to some accounts and cannot verify an anchor', current_user USING ERRCODE = 'OM008', DETAIL = 'An anchor is of all accounts.';
  END IF;
  SELECT jsonb_object_agg(f.key, f.value) INTO given
    FROM jsonb_each(CASE WHEN jsonb_typeof(anchor -> 'state') = 'object' THEN anchor -> 'state' WHEN jsonb_typeof(anchor) = 'object' THEN anchor END) AS f
   WHERE f.key IN ('chain', 'number', 'since', 'position', 'count', 'previousRoot', 'root');
  IF (given ->> 'root') ~ '^[0-9a-f]{64}$' IS NOT TRUE OR (given ->> 'previousRoot') ~ '^[0-9a-f]{64}$' IS FALSE THEN
    RAISE EXCEPTION 'this is no anchor' USING ERRCODE = 'OM010', DETAIL = 'Roots are 64 hexadecimal digits.', HINT = 'Give what oms.anchor() returned, or the record of it.';
  END IF;
  SELECT a.payload -> 'state' INTO stored FROM oms.anchors AS a WHERE a.part = 0 AND a.number::text = given ->> 'number';
  IF NOT given ? 'number' THEN
    SELECT a.payload -> 'state' INTO stored FROM oms.anchors AS a WHERE a.part = 0 AND a.payload #>> '{state,root}' = given ->> 'root' LIMIT 1;
  END IF;
  facts := coalesce(stored, '{}') || given;
  SELECT CASE WHEN stored IS NULL THEN 'The store has it not: it was removed, or an older store was restored.'
              WHEN NOT stored @> given THEN format('The store has another one of this number, of root %s.', stored ->> 'root')
              WHEN facts ->> 'previousRoot' <> coalesce(max(a.payload #>> '{state,root}'), repeat('0', 64)) THEN 'The store has another one before it.' END
    INTO problem
    FROM oms.anchors AS a WHERE a.part = 0 AND (a.number + 1)::text = facts ->> 'number';
  IF problem IS NOT NULL THEN
    RETURN QUERY SELECT false, 'anchor', facts ->> 'number', problem;
  END IF;

  -- Who gives no leaves has those of the store, which the root proves as well.
  leaves := coalesce(leaves, (SELECT jsonb_agg(l.leaf) FROM oms.anchors AS a CROSS JOIN LATERAL jsonb_path_query(a.payload, 'lax $.state.leaves[*]') AS l (leaf)
                               WHERE a.part > 0 AND a.number::text = facts ->> 'number'), '[]');
  listed := ARRAY(SELECT oms.leaf_hash(l.object, l.id, l.version, l.hash) FROM oms.anchored_leaves(leaves) AS l ORDER BY l.object COLLATE "C", convert_to(l.id, 'UTF8'));
  IF encode(oms.anchor_root(facts, oms.merkle_root(listed)), 'hex') IS DISTINCT FROM facts ->> 'root' THEN
    RETURN QUERY SELECT false, 'anchor', facts ->> 'number', 'Its leaves do not give its root: they, or what it states, were changed.';
    RETURN;
  END IF;

  RETURN QUERY
    WITH differing AS MATERIALIZED (
      SELECT coalesce(t.object, n.object) AS object, coalesce(t.id, n.id) AS id, t.version, t.hash, n.version AS version_now
        FROM oms.anchored_leaves(leaves) AS t
        FULL JOIN oms.leaves_between(facts ->> 'since', facts ->> 'position') AS n ON n.object = t.object AND n.id = t.id
       WHERE (n.version, n.hash) IS DISTINCT FROM (t.version, t.hash)
    )
    SELECT false, d.object, d.id,
           CASE WHEN d.version_now IS NULL THEN format('Its event of version %s is not among those that were anchored, nor what a purge has left of it.', d.version)
                WHEN d.version IS NULL THEN format('It was not there when the anchor was made, and its event of version %s is among those that were anchored.', d.version_now)
                WHEN d.version_now <> d.version THEN format('Its newest event then was version %s, and is version %s now.', d.version, d.version_now)
                ELSE format('Its event of version %s has another hash than was anchored.', d.version) END
      FROM differing AS d
      -- of a tree that was purged since, its objects' last versions and hashes are what is left; read only where something is missing
      LEFT JOIN (SELECT p.* FROM oms.purged_objects() AS p WHERE EXISTS (SELECT FROM differing AS m WHERE m.version_now IS NULL)) AS p
        ON d.version_now IS NULL AND p.object = d.object AND p.id = d.id
     WHERE (p.version > d.version::numeric OR (p.version::text, encode(p.hash, 'hex')) = (d.version, d.hash)) IS NOT TRUE
     ORDER BY 2, 3;
  IF NOT FOUND AND problem IS NULL THEN
    RETURN QUERY SELECT true, NULL::text, NULL::text, NULL::text;
  END IF;
END
$function$;
COMMENT ON FUNCTION oms.verify_anchor(jsonb, jsonb) IS
  'Is the store still what an anchor (as oms.anchor() returned it, or its record) says? One row, true, or one for each difference: the anchor itself, or an object. leaves: those of its records, an array of [object, id, version, hash]; without them those of the store, if they still give the root. Says nothing of what oms.verify() finds (OM008: the caller is limited to some accounts; OM010: it is no anchor)';

-- What the store's own chain of anchors says of itself. Whether it is the one that was made is for oms.verify_anchor() to say.
CREATE FUNCTION oms.verify_anchors()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $function$
  SELECT oms.refuse_limited('oms.verify_anchors()');
  WITH records AS (
    SELECT a.*, a.payload -> 'state' AS state, row_number() OVER w AS position,
           coalesce(a.hash = sha256(coalesce(lag(a.hash) OVER w, '') || convert_to(a.payload::text, 'UTF8')), false) AS follows
      FROM oms.anchors AS a
    WINDOW w AS (ORDER BY a.version, a.sequence)
  ), breaks AS (
    SELECT r.* FROM records AS r WHERE r.version <> r.position OR NOT r.follows ORDER BY r.position LIMIT 1
  ), parts AS (
    SELECT r.number, array_agg(decode(r.state ->> 'root', 'hex') ORDER BY r.part) AS roots, sum(l.count) AS count,
           bool_and(encode(l.root, 'hex') = r.state ->> 'root') AS fit
      FROM records AS r
     CROSS JOIN LATERAL (SELECT oms.merkle_root(array_agg(oms.leaf_hash(v.object, v.id, v.version, v.hash))) AS root, count(*) AS count
                           FROM oms.anchored_leaves(r.state -> 'leaves') AS v) AS l
     WHERE r.part > 0 AND r.state ->> 'root' ~ '^[0-9a-f]{64}$'
     GROUP BY r.number
  ), chain AS (
    SELECT r.*, row_number() OVER w AS place, coalesce(lag(r.state ->> 'root') OVER w, repeat('0', 64)) AS previous_root, lag(r.state ->> 'position') OVER w AS since
      FROM records AS r WHERE r.part = 0
    WINDOW w AS (ORDER BY r.number)
  )
  SELECT CASE WHEN b.version <> b.position THEN 'version_gap' ELSE 'hash_chain' END, 'anchor', b.number::text, b.root_id, b.sequence,
         CASE WHEN b.version <> b.position THEN format('Version %s stands where version %s belongs.', b.version, b.position)
              ELSE 'Its hash does not follow from that of the record before it and its payload.' END
    FROM breaks AS b
  UNION ALL
  SELECT 'event_columns', 'anchor', r.number::text, r.root_id, r.sequence, 'The payload has other values than its columns.'
    FROM records AS r
   WHERE (r.payload ->> 'sequence', r.payload ->> 'rootId', r.payload ->> 'version', r.payload ->> 'treeVersion', r.payload ->> 'eventType', r.payload ->> 'occurredAt', r.state ->> 'number', coalesce(r.state ->> 'part', '0'))
         IS DISTINCT FROM (r.sequence::text, r.root_id, r.version::text, r.tree_version::text, r.event_type, oms.time_text(r.occurred_at), r.number::text, r.part::text)
  UNION ALL
  SELECT 'anchor_root', 'anchor', c.number::text, c.root_id, c.sequence,
         CASE WHEN c.number <> c.place THEN format('Anchor %s stands where anchor %s belongs.', c.number, c.place)
              WHEN c.previous_root IS DISTINCT FROM c.state ->> 'previousRoot' OR c.since IS DISTINCT FROM c.state ->> 'since' THEN 'It does not follow the anchor before it.'
              ELSE 'Its root is not that of its leaves.' END
    FROM chain AS c
    LEFT JOIN parts AS p ON p.number = c.number
   WHERE (c.number = c.place AND c.previous_root = c.state ->> 'previousRoot' AND c.since IS NOT DISTINCT FROM c.state ->> 'since'
          AND coalesce(p.fit, true) AND coalesce(p.count, 0)::text = c.state ->> 'count'
          AND encode(oms.anchor_root(CASE WHEN c.state ->> 'previousRoot' ~ '^[0-9a-f]{64}$' THEN c.state END, oms.merkle_root(coalesce(p.roots, '{}'))), 'hex') = c.state ->> 'root') IS NOT TRUE
  UNION ALL
  -- pg_trigger.tgtype: 1 for each row, 2 before, 8 delete, 16 update, 32 truncate
  SELECT 'append_only', 'table', 'oms.anchors', NULL, NULL, g.lost
    FROM (VALUES (27, 'No enabled trigger refuses UPDATE and DELETE.'), (34, 'No enabled trigger refuses TRUNCATE.')) AS g (type, lost)
   WHERE NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = 'oms.anchors'::regclass AND t.tgfoid = 'oms.refuse_event_change'::regproc AND t.tgenabled IN ('O', 'A')
                                                 AND t.tgtype & g.type = g.type AND t.tgqual IS NULL AND t.tgattr = '')
$function$;
COMMENT ON FUNCTION oms.verify_anchors() IS 'Part of oms.verify(): the records of anchors run without a gap, and each hash and root follows from what stands before it';

REVOKE ALL ON FUNCTION oms.objects_between(text, text), oms.merkle_root(bytea[]), oms.leaf_hash(text, text, text, text), oms.anchor_root(jsonb, bytea), oms.leaves_between(text, text),
  oms.append_anchor_record(oms.anchors, text, jsonb), oms.anchor(), oms.anchored_leaves(jsonb), oms.verify_anchor(jsonb, jsonb), oms.verify_anchors() FROM PUBLIC;
