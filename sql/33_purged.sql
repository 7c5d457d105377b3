-- What stays of a tree that is purged: its last event, the ids that were given, and its events where they are archived.

-- Hashes do not compress, and most of a row is hashes: it stays as it is while it fits a page.
CREATE TABLE oms.purged_trees (
  sequence bigint NOT NULL CONSTRAINT purged_trees_pkey PRIMARY KEY,
  object text COLLATE "C" NOT NULL,
  aggregate_id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  root_id text COLLATE "C" NOT NULL,
  tree_version bigint NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  actor text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  via text COLLATE "C",
  application_name text COLLATE "C",
  client_addr inet,
  command_id text COLLATE "C" NOT NULL,
  xid xid8 NOT NULL,
  payload jsonb NOT NULL,
  hash bytea NOT NULL,
  account text COLLATE "C",
  policy text COLLATE "C" NOT NULL,
  objects bigint NOT NULL,
  events bigint NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  last_sequence bigint NOT NULL,
  object_hashes jsonb NOT NULL,
  digest bytea NOT NULL,
  archived text COLLATE "C",
  transition integer GENERATED ALWAYS AS (0) STORED NOT NULL
) WITH (toast_tuple_target = 8160);
CREATE INDEX purged_trees_aggregate_id_idx ON oms.purged_trees (aggregate_id);
CREATE INDEX purged_trees_xid_idx ON oms.purged_trees (xid);
SELECT pg_catalog.pg_extension_config_dump('oms.purged_trees', '');
CREATE TRIGGER purged_trees_append_only BEFORE UPDATE OR DELETE ON oms.purged_trees
  FOR EACH ROW EXECUTE FUNCTION oms.refuse_event_change();
CREATE TRIGGER purged_trees_no_truncate BEFORE TRUNCATE ON oms.purged_trees
  FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change();
COMMENT ON TABLE oms.purged_trees IS
  'Every tree that is purged, append-only: its row is its last event, TreePurged, and leaves as any. What its objects came to stands in object_hashes; nothing of what they held does';
COMMENT ON COLUMN oms.purged_trees.object IS 'Kind of the root (oms.kinds())';
COMMENT ON COLUMN oms.purged_trees.aggregate_id IS 'Id of the root';
COMMENT ON COLUMN oms.purged_trees.version IS 'The root''s last version, and one more';
COMMENT ON COLUMN oms.purged_trees.tree_version IS 'The number of events that the tree had, and one more';
COMMENT ON COLUMN oms.purged_trees.hash IS 'SHA-256 of the root''s last hash and the payload''s text';
COMMENT ON COLUMN oms.purged_trees.account IS 'Account of the root; null without one';
COMMENT ON COLUMN oms.purged_trees.policy IS 'Name of the row of oms.retention_policies by which it went';
COMMENT ON COLUMN oms.purged_trees.objects IS 'How many objects it had';
COMMENT ON COLUMN oms.purged_trees.events IS 'How many events went';
COMMENT ON COLUMN oms.purged_trees.first_at IS 'When the first of them occurred';
COMMENT ON COLUMN oms.purged_trees.last_at IS 'When the last one did';
COMMENT ON COLUMN oms.purged_trees.last_sequence IS 'The highest sequence of them';
COMMENT ON COLUMN oms.purged_trees.object_hashes IS 'Of each object its kind, id, last version and last hash: [["order", "A1", 3, "0f..."], ...], by kind and id (oms.purged_objects())';
COMMENT ON COLUMN oms.purged_trees.digest IS 'SHA-256 of the text of object_hashes in UTF-8';
COMMENT ON COLUMN oms.purged_trees.archived IS 'ARCHIVE, or the function that was given its events; null: they are gone';

CREATE TABLE oms.purged_ids (
  id text COLLATE "C" NOT NULL CONSTRAINT purged_ids_pkey PRIMARY KEY
);
SELECT pg_catalog.pg_extension_config_dump('oms.purged_ids', '');
COMMENT ON TABLE oms.purged_ids IS 'The ids that callers gave to objects, of any kind, that are purged: none is ever used again (OM007)';

CREATE TABLE oms.archived_trees (
  root_id text COLLATE "C" NOT NULL,
  part integer NOT NULL,
  object text COLLATE "C" NOT NULL,
  archived_at timestamptz NOT NULL,
  account text COLLATE "C",
  events jsonb NOT NULL,
  digest bytea NOT NULL,
  CONSTRAINT archived_trees_pkey PRIMARY KEY (root_id, part)
);
-- A fifth of the time of pglz, for an eighth more room. Not every server is built with it.
DO $do$
BEGIN
  IF EXISTS (SELECT FROM pg_settings AS s WHERE s.name = 'default_toast_compression' AND 'lz4' = ANY (s.enumvals)) THEN
    ALTER TABLE oms.archived_trees ALTER COLUMN events SET COMPRESSION lz4;
  END IF;
END
$do$;
CREATE INDEX archived_trees_archived_at_idx ON oms.archived_trees USING brin (archived_at);
SELECT pg_catalog.pg_extension_config_dump('oms.archived_trees', '');
COMMENT ON TABLE oms.archived_trees IS 'The events of trees that a policy with action ARCHIVE has purged, compressed; oms.read_archive() gives them back. Move or delete them as you like: nothing needs them';
COMMENT ON COLUMN oms.archived_trees.part IS '1; of a very large tree 2, 3 ... too';
COMMENT ON COLUMN oms.archived_trees.object IS 'Kind of the root';
COMMENT ON COLUMN oms.archived_trees.archived_at IS 'When it was purged';
COMMENT ON COLUMN oms.archived_trees.account IS 'Account of the root; null without one';
COMMENT ON COLUMN oms.archived_trees.events IS 'An object for each event: p its payload, x its transaction, n the application_name and c the client_addr of its session, a its account where the state in the payload has another';
COMMENT ON COLUMN oms.archived_trees.digest IS 'That of its row in oms.purged_trees';

CREATE TABLE oms.purge_progress (
  object text COLLATE "C" NOT NULL CONSTRAINT purge_progress_pkey PRIMARY KEY,
  place tid
);
COMMENT ON TABLE oms.purge_progress IS 'How far oms.purge() has looked: where the next row lies; null: it begins anew. Who purges holds its row, so that it is one at a time';

CREATE FUNCTION oms.purged_objects(tree text DEFAULT NULL)
  RETURNS TABLE (root_id text, object text, id text, version bigint, hash bytea, purged_at timestamptz, account text)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT t.root_id, h ->> 0, h ->> 1, (h ->> 2)::bigint, decode(h ->> 3, 'hex'), t.occurred_at, t.account
    FROM oms.purged_trees AS t
   CROSS JOIN LATERAL jsonb_array_elements(t.object_hashes) AS h
   WHERE tree IS NULL OR t.aggregate_id = tree
$function$;
COMMENT ON FUNCTION oms.purged_objects(text) IS 'The objects of a purged tree (null: of all) with the version and hash that they had last';

-- The hash of each event is made of the one before it and its payload; the last ones have to give what the purge has left.
CREATE FUNCTION oms.read_archive(tree text, prove boolean DEFAULT true)
  RETURNS TABLE (object text, sequence bigint, aggregate_id text, version bigint, root_id text, tree_version bigint, event_type text, occurred_at timestamptz,
                 actor text, role text, command_id text, transition integer, xid xid8, payload jsonb, hash bytea, account text, via text, application_name text, client_addr inet)
  LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
  SET search_path = pg_catalog, pg_temp
  SET bytea_output = hex
AS $function$
DECLARE
  archive record;
  event record;
  goes_on boolean;
  chain bytea[] := '{}';
  lasts jsonb[] := '{}';
  found_digest bytea;
BEGIN
  SELECT (array_agg(a.digest))[1] AS digest, count(*) AS parts, max(a.part) AS last, count(DISTINCT a.digest) AS digests
    INTO archive FROM oms.archived_trees AS a WHERE a.root_id = tree;
  IF archive.parts = 0 THEN
    RAISE EXCEPTION 'tree "%" is in no archive', tree USING ERRCODE = 'OM003';
  END IF;
  -- object by object, as their last ones stand in the digest
  FOR event IN
    SELECT k.object, e.event #>> '{p,aggregateId}' AS id, (e.event #>> '{p,version}')::bigint AS version, e.event -> 'p' AS payload
      FROM oms.archived_trees AS a
     CROSS JOIN LATERAL jsonb_array_elements(a.events) WITH ORDINALITY AS e (event, place)
      LEFT JOIN (SELECT s.object, s.aggregate_type, row_number() OVER () AS place FROM oms.all_kinds() AS s) AS k ON k.aggregate_type = e.event #>> '{p,aggregateType}'
     WHERE a.root_id = tree
     ORDER BY k.place, e.event #>> '{p,aggregateId}' COLLATE "C", (e.event #>> '{p,version}')::bigint, a.part, e.place
  LOOP
    goes_on := (event.object, event.id) IS NOT DISTINCT FROM (object, aggregate_id);
    object := event.object;
    aggregate_id := event.id;
    hash := sha256(CASE WHEN goes_on THEN hash ELSE '' END || convert_to(event.payload::text, 'UTF8'));
    chain := array_append(chain, hash);
    lasts[cardinality(lasts) + CASE WHEN goes_on THEN 0 ELSE 1 END] := jsonb_build_array(object, aggregate_id, event.version, encode(hash, 'hex'));
  END LOOP;
  IF prove THEN
    found_digest := sha256(convert_to(to_jsonb(lasts)::text, 'UTF8'));
    IF found_digest IS DISTINCT FROM archive.digest OR archive.digests <> 1 OR archive.last <> archive.parts
       OR NOT EXISTS (SELECT FROM oms.purged_trees AS t WHERE t.digest = found_digest) THEN
      RAISE EXCEPTION 'the archive of tree "%" is damaged', tree
        USING ERRCODE = 'data_corrupted', DETAIL = 'Its events do not give the digest that the purge has left.', HINT = 'oms.read_archive(tree, prove => false) shows what is there.';
    END IF;
  END IF;
  RETURN QUERY
    SELECT o.object, (o.payload ->> 'sequence')::bigint, o.payload ->> 'aggregateId', (o.payload ->> 'version')::bigint, o.payload ->> 'rootId', (o.payload ->> 'treeVersion')::bigint,
           o.payload ->> 'eventType', (o.payload ->> 'occurredAt')::timestamptz, o.payload ->> 'actor', o.payload ->> 'role', o.payload ->> 'commandId',
           (o.payload ->> 'transition')::integer, (o.event ->> 'x')::xid8, o.payload, h.hash, CASE WHEN o.event ? 'a' THEN o.event ->> 'a' ELSE o.payload #>> '{state,account}' END,
           o.payload ->> 'via', o.event ->> 'n', (o.event ->> 'c')::inet
      FROM (SELECT k.object, e.event, e.event -> 'p' AS payload,
                   row_number() OVER (ORDER BY k.place, e.event #>> '{p,aggregateId}' COLLATE "C", (e.event #>> '{p,version}')::bigint, a.part, e.place) AS place
              FROM oms.archived_trees AS a
             CROSS JOIN LATERAL jsonb_array_elements(a.events) WITH ORDINALITY AS e (event, place)
              LEFT JOIN (SELECT s.object, s.aggregate_type, row_number() OVER () AS place FROM oms.all_kinds() AS s) AS k ON k.aggregate_type = e.event #>> '{p,aggregateType}'
             WHERE a.root_id = tree) AS o
      JOIN unnest(chain) WITH ORDINALITY AS h (hash, place) ON h.place = o.place
     ORDER BY 2;
END
$function$;
COMMENT ON FUNCTION oms.read_archive(text, boolean) IS
  'The events of a tree that was purged by a policy with action ARCHIVE, in their order, as oms.all_events had them. They are proven by the digest that stands in oms.purged_trees (XX001 where they are damaged), unless prove is false; OM003: there is no archive of it';

REVOKE ALL ON FUNCTION oms.purged_objects(text), oms.read_archive(text, boolean) FROM PUBLIC;
