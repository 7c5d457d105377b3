-- Anchors: what they are made of, and what they find.
-- Broken by: a change that an anchor leaves out or repeats; a root that does not follow from its leaves, or from the anchor before; somebody
-- else's right to anchor; a rewritten chain that nobody names.
\set home :DBNAME
CREATE DATABASE regression_anchors TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\connect regression_anchors
CREATE EXTENSION oms_state;
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE FUNCTION pg_temp.make(id text) RETURNS text LANGUAGE sql AS $$
  SELECT oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', id, 'symbol', 'X', 'side', 'BUY', 'orderQty', 10)) ->> 'status' $$;
CREATE FUNCTION pg_temp.note(a jsonb) RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', a ->> 'number', a ->> 'count', a ->> 'parts') $$;
CREATE TABLE kept (number bigint PRIMARY KEY, anchor jsonb, leaves jsonb);
CREATE FUNCTION pg_temp.anchor() RETURNS text LANGUAGE plpgsql AS $$
DECLARE a jsonb := oms.anchor();
BEGIN
  INSERT INTO kept SELECT (a ->> 'number')::bigint, a, (SELECT coalesce(jsonb_agg(l.leaf), '[]') FROM oms.anchors AS r CROSS JOIN LATERAL jsonb_array_elements(r.payload #> '{state,leaves}') AS l (leaf)
                                           WHERE r.number::text = a ->> 'number' AND r.part > 0) ON CONFLICT DO NOTHING;
  RETURN pg_temp.note(a);
END $$;

-- of an empty store, and once more
SELECT pg_temp.anchor();
SELECT pg_temp.anchor();
SELECT anchor ->> 'root' = encode(sha256('\x02'::bytea || decode(repeat('00', 32), 'hex') || sha256('') || convert_to(concat_ws(' ', anchor ->> 'chain', 1, 0, '-', anchor ->> 'position'), 'UTF8')), 'hex') AS by_hand FROM kept;
SELECT pg_temp.make('a'), pg_temp.make('b'), pg_temp.make('c "d" \ é');
SELECT pg_temp.anchor();
-- nothing was changed: the newest one again
SELECT pg_temp.anchor();
SELECT l.leaf ->> 0 AS object, l.leaf ->> 1 AS id, l.leaf ->> 2 AS version, l.leaf ->> 3 = (SELECT encode(hash, 'hex') FROM oms.orders WHERE id = l.leaf ->> 1) AS hash
  FROM kept CROSS JOIN LATERAL jsonb_array_elements(leaves) AS l (leaf) WHERE number = 2;
-- a row of several events, one of another kind
SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "b", "lastQty": 3, "lastPx": 1, "execID": "e"}') ->> 'status';
SELECT pg_temp.anchor();
SELECT l.leaf ->> 0 AS object, l.leaf ->> 2 AS version FROM kept CROSS JOIN LATERAL jsonb_array_elements(leaves) AS l (leaf) WHERE number = 3;
SELECT count(*) FROM oms.verify();
SELECT k.number, v.* FROM kept AS k CROSS JOIN LATERAL oms.verify_anchor(k.anchor) AS v;
SELECT k.number, v.* FROM kept AS k CROSS JOIN LATERAL oms.verify_anchor(k.anchor, k.leaves) AS v;
-- what a transaction does itself is in the next one; what is rolled back in none
BEGIN;
SELECT pg_temp.make('own'), pg_temp.anchor();
COMMIT;
BEGIN;
SELECT pg_temp.anchor();
ROLLBACK;
SELECT pg_temp.anchor();
SELECT leaves -> 0 -> 1 AS id FROM kept WHERE number = 4;

-- a tree that was purged since: what its objects came to takes the place of their events, and its end is anchored as an event
SET oms_state.command_retention = 0;
INSERT INTO oms.retention_policies (name, age) VALUES ('now', '0');
SELECT pg_temp.make(o), oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', o, 'executionId', o || '-x', 'lastQty', 10, 'lastPx', 1, 'execID', o)) #>> '{orders,0,status}'
  FROM unnest(ARRAY['gone', 'gone2']) AS o;
SELECT pg_temp.anchor();
SELECT oms_command(jsonb_build_object('commandType', 'PurgeOrderCommand', 'orderId', o)) ->> 'status' FROM unnest(ARRAY['gone', 'gone2']) AS o;
SELECT count(*) FROM oms.all_events WHERE root_id LIKE 'gone%';
SELECT pg_temp.anchor();
SELECT l.leaf ->> 0 AS object, l.leaf ->> 1 AS id, l.leaf ->> 2 AS version FROM kept CROSS JOIN LATERAL jsonb_array_elements(leaves) AS l (leaf) WHERE number = 6;
SELECT string_agg(v.valid::text, ' ') FROM kept AS k CROSS JOIN LATERAL oms.verify_anchor(k.anchor, k.leaves) AS v;
SELECT count(*) FROM oms.verify();
BEGIN;
SET LOCAL session_replication_role = replica;
-- the last hash of one is another one; of another tree nothing is left
UPDATE oms.purged_trees SET object_hashes = jsonb_set(object_hashes, '{0,3}', to_jsonb(repeat('0', 64))) WHERE aggregate_id = 'gone';
DELETE FROM oms.purged_trees WHERE aggregate_id = 'gone2';
SELECT k.number, v.* FROM kept AS k CROSS JOIN LATERAL oms.verify_anchor(k.anchor, k.leaves) AS v WHERE NOT v.valid;
ROLLBACK;

-- ---- a superuser rewrites the whole history of an order, and its row --------------------------------
CREATE FUNCTION pg_temp.rewrite(which text, new_price numeric) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  before bytea := '';
  e record;
BEGIN
  FOR e IN SELECT * FROM oms.order_events WHERE aggregate_id = which ORDER BY version LOOP
    e.payload := jsonb_set(jsonb_set(e.payload, '{state,price}', to_jsonb(new_price)), '{command,price}', to_jsonb(new_price));
    before := sha256(before || convert_to(e.payload::text, 'UTF8'));
    UPDATE oms.order_events SET payload = e.payload, hash = before WHERE sequence = e.sequence;
  END LOOP;
  UPDATE oms.orders SET price = new_price, hash = before WHERE id = which;
END $$;
BEGIN;
SET LOCAL session_replication_role = replica;
SELECT pg_temp.rewrite('a', 7.5);
SET LOCAL session_replication_role = origin;
SELECT price FROM oms.orders WHERE id = 'a';
SELECT * FROM oms.verify();
SELECT k.number, v.* FROM kept AS k CROSS JOIN LATERAL oms.verify_anchor(k.anchor, k.leaves) AS v;
-- he has taken the anchors too, and made them anew
SET LOCAL session_replication_role = replica;
DELETE FROM oms.anchors;
SET LOCAL session_replication_role = origin;
SELECT pg_temp.note(oms.anchor());
SELECT count(*) FROM oms.verify();
SELECT k.number, v.valid, v.object, v.id, regexp_replace(v.detail, '[0-9a-f]{64}', 'R') AS detail FROM kept AS k CROSS JOIN LATERAL oms.verify_anchor(k.anchor, k.leaves) AS v;
SELECT k.number, v.valid, v.object, v.id, regexp_replace(v.detail, '[0-9a-f]{64}', 'R') AS detail FROM kept AS k CROSS JOIN LATERAL oms.verify_anchor(k.anchor) AS v;
ROLLBACK;

-- ---- an order is taken out, one is put in, one is put back to what it was ---------------------------
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM oms.order_events WHERE aggregate_id = 'c "d" \ é';
INSERT INTO oms.order_events (sequence, aggregate_id, version, root_id, tree_version, event_type, occurred_at, actor, role, command_id, transition, xid, payload, hash)
  SELECT sequence + 100000, 'added', version, 'added', tree_version, event_type, occurred_at, actor, role, command_id, transition, xid, payload, hash FROM oms.order_events WHERE aggregate_id = 'a';
DELETE FROM oms.order_events WHERE aggregate_id = 'b' AND version = 2;
SELECT k.number, v.* FROM kept AS k CROSS JOIN LATERAL oms.verify_anchor(k.anchor, k.leaves) AS v WHERE NOT v.valid;
ROLLBACK;

-- ---- anchors that were tampered with ----------------------------------------------------------------
UPDATE oms.anchors SET number = 9;
DELETE FROM oms.anchors;
TRUNCATE oms.anchors;
CREATE FUNCTION pg_temp.damage(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  SET LOCAL session_replication_role = replica;
  EXECUTE what;
  SET LOCAL session_replication_role = origin;
  RAISE EXCEPTION 'done' USING DETAIL = (SELECT coalesce(string_agg(f::text, E'\n' ORDER BY f), 'verify() finds nothing') FROM (SELECT v.invariant, v.object, v.id FROM oms.verify() AS v) AS f),
    HINT = (SELECT regexp_replace(string_agg(concat_ws(' ', v.valid, v.object, v.id, v.detail), E'\n'), '[0-9a-f]{64}', 'R', 'g') FROM oms.verify_anchor((SELECT anchor FROM kept WHERE number = 2)) AS v);
END $$;
SELECT pg_temp.damage($$UPDATE oms.anchors SET payload = jsonb_set(payload, '{state,root}', '"00"') WHERE number = 2 AND part = 0$$);
SELECT pg_temp.damage($$UPDATE oms.anchors SET payload = jsonb_set(payload, '{state,leaves,0,3}', '"00"') WHERE number = 2 AND part = 1$$);
SELECT pg_temp.damage($$UPDATE oms.anchors SET payload = '7'$$);
SELECT pg_temp.damage($$DELETE FROM oms.anchors WHERE number = 2$$);
SELECT pg_temp.damage($$DELETE FROM oms.anchors WHERE number > 1$$);
SELECT pg_temp.damage($$ALTER TABLE oms.anchors DISABLE TRIGGER USER$$);
-- and what is given
SELECT v.valid, v.object, v.id, regexp_replace(v.detail, '[0-9a-f]{64}', 'R') FROM kept AS k CROSS JOIN LATERAL oms.verify_anchor(k.anchor || '{"count": 7}', k.leaves) AS v WHERE k.number = 2;
SELECT v.* FROM kept AS k CROSS JOIN LATERAL oms.verify_anchor(k.anchor, '[]') AS v WHERE k.number = 2;
SELECT v.* FROM kept AS k CROSS JOIN LATERAL oms.verify_anchor(k.anchor, '[1, null, [], ["a"], {"b": 7}, [[[]], {}, "x", "y"]]') AS v WHERE k.number = 2;
SELECT v.* FROM kept AS k CROSS JOIN LATERAL oms.verify_anchor(k.anchor, '"x"') AS v WHERE k.number = 2;
SELECT v.* FROM kept AS k CROSS JOIN LATERAL oms.verify_anchor(k.anchor - 'number' - 'since' - 'chain' - 'previousRoot', k.leaves) AS v WHERE k.number = 2;
SELECT v.* FROM oms.anchors AS a CROSS JOIN LATERAL oms.verify_anchor(a.payload) AS v WHERE a.part = 0;
SELECT * FROM oms.verify_anchor(NULL);
SELECT * FROM oms.verify_anchor('[]');
SELECT * FROM oms.verify_anchor('{"root": "xyz"}');
SELECT * FROM oms.verify_anchor(jsonb_build_object('root', repeat('0', 64), 'previousRoot', 'zz'));
SELECT * FROM oms.verify_anchor(jsonb_build_object('root', repeat('0', 64), 'number', 'many', 'position', 7));
SELECT * FROM oms.objects_between('x', 'y');
SELECT * FROM oms.objects_between(NULL, NULL);

-- ---- the tree of RFC 6962, by its own definition ----------------------------------------------------
CREATE FUNCTION pg_temp.mth(d bytea[]) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE n integer := cardinality(d); k integer := 1;
BEGIN
  IF n = 0 THEN RETURN sha256(''); ELSIF n = 1 THEN RETURN d[1]; END IF;
  WHILE k * 2 < n LOOP k := k * 2; END LOOP;
  RETURN sha256('\x01'::bytea || pg_temp.mth(d[1:k]) || pg_temp.mth(d[k + 1:n]));
END $$;
SELECT bool_and(oms.merkle_root(h) = pg_temp.mth(h)) AS same,
       bool_and(oms.merkle_root(ARRAY(SELECT oms.merkle_root(h[i:i + 7]) FROM generate_series(1, n, 8) AS i ORDER BY i)) = pg_temp.mth(h)) AS of_parts
  FROM generate_series(0, 70) AS n CROSS JOIN LATERAL (SELECT ARRAY(SELECT sha256(i::text::bytea) FROM generate_series(1, n) AS i ORDER BY i)) AS l (h);

-- ---- records are as large as a command may be, not larger -------------------------------------------
SET oms_state.command_size = '16kB';
SELECT count(*) FROM generate_series(1, 600) AS i CROSS JOIN LATERAL pg_temp.make('many' || lpad(i::text, 20, '0')) AS m WHERE m = 'ACCEPTED';
SELECT pg_temp.anchor();
SELECT max(octet_length(payload::text)) < 16384 AS fit, count(*) FROM oms.anchors WHERE number = 7;
RESET oms_state.command_size;
SELECT v.* FROM kept AS k CROSS JOIN LATERAL oms.verify_anchor(k.anchor, k.leaves) AS v WHERE k.number = 7;
SELECT count(*) FROM oms.verify();
\connect :home
DROP DATABASE regression_anchors;
