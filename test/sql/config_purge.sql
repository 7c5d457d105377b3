-- Purge of the history of configuration: what goes, what stays, what is made of a name again, and what oms.verify() finds of tampering with it.
-- Broken by: a newest event of what is there that goes; a gap; a history that begins anew where it was purged; a chain that is not proven from where it was
-- purged on; a batch without its row; whoever is none of oms_admin, or limited; a policy that does not count, or one that is for trees and does.

\set VERBOSITY terse
SET oms_state.command_retention = 0;

CREATE FUNCTION pg_temp.fails(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION pg_temp.left_of(name text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(version || substring(event_type FROM '[A-Z][a-z]*$'), ' ' ORDER BY version) FROM oms.configuration_events WHERE root_id = name $$;
CREATE FUNCTION pg_temp.finds() RETURNS TABLE (found text) LANGUAGE sql AS $$
  SELECT concat_ws(' ', v.invariant, v.object, v.id, v.detail) FROM oms.verify() AS v WHERE v.invariant <> 'append_only' ORDER BY 1 $$;
-- everything that is not of this test, in the transactions below
CREATE FUNCTION pg_temp.before() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO oms.retention_policies (name, object, age) VALUES ('cp', 'configuration', '0');
  WHILE NOT (SELECT p.done FROM oms.purge_configuration(now => now() + interval '1 hour') AS p) LOOP
  END LOOP;
END $$;

-- A policy for it has an age and nothing else; the longest counts, and none that is for trees.
SELECT pg_temp.fails($$INSERT INTO oms.retention_policies (name, object, age, action) VALUES ('cp', 'configuration', '1 day', 'ARCHIVE')$$);
SELECT pg_temp.fails($$INSERT INTO oms.retention_policies (name, object, hold) VALUES ('cp', 'configuration', true)$$);
SELECT pg_temp.fails($$INSERT INTO oms.retention_policies (name, object, age, account) VALUES ('cp', 'configuration', '1 day', 'A')$$);
SET oms_state.command_retention = '3d';
SELECT pg_temp.fails($$INSERT INTO oms.retention_policies (name, object, age) VALUES ('cp', 'configuration', '1 day')$$);
SET oms_state.command_retention = 0;
BEGIN;
SELECT pg_temp.before();
DELETE FROM oms.retention_policies WHERE name = 'cp';
INSERT INTO oms.limits (account, what, amount) VALUES ('cp-A', 'w', 1);
UPDATE oms.limits SET amount = 2 WHERE account = 'cp-A';
INSERT INTO oms.retention_policies (name, age) VALUES ('cp trees', '0');
SELECT * FROM oms.purge_configuration(now => now() + interval '1 hour');
INSERT INTO oms.retention_policies (name, object, age, enabled) VALUES ('cp hour', 'configuration', '1 hour', true), ('cp week', 'configuration', '7 days', true), ('cp off', 'configuration', '1 year', false);
SELECT histories, events FROM oms.purge_configuration(now => now() + interval '6 days');
-- a commandId counts until then
SET oms_state.command_retention = '10d';
SELECT histories, events FROM oms.purge_configuration(now => now() + interval '8 days');
SET oms_state.command_retention = 0;
SELECT histories, events, kept, done, reasons FROM oms.purge_configuration(now => now() + interval '8 days');
SELECT policy, events FROM oms.purged_configuration ORDER BY version DESC LIMIT 1;
ROLLBACK;

-- What goes and what stays.
BEGIN;
SELECT pg_temp.before();
INSERT INTO oms.limits (account, what, amount) VALUES ('cp-A', 'w', 1), ('cp-B', 'w', 1), ('cp-C', 'w', 1);
UPDATE oms.limits SET amount = amount + 1 WHERE account ~ '^cp-';
UPDATE oms.limits SET amount = amount + 1 WHERE account ~ '^cp-[AB]';
DELETE FROM oms.limits WHERE account = 'cp-B';
SELECT histories, events, kept, done, reasons FROM oms.purge_configuration(5, now() + interval '1 hour');
SELECT histories, events, kept, done, reasons FROM oms.purge_configuration(5, now() + interval '1 hour');
SELECT histories, events, kept, done, reasons FROM oms.purge_configuration(5, now() + interval '1 hour');
SELECT a AS account, pg_temp.left_of('limits/cp-' || a || '//w') AS stays FROM unnest('{A,B,C}'::text[]) AS a;
SELECT substring(h.root_id FROM 'cp-.') AS account, h.version, h.event_type, h.hash IS NOT NULL AS hash, h.batch - (SELECT max(version) FROM oms.purged_configuration) AS batch
  FROM oms.purged_histories() AS h WHERE h.root_id ~ '^limits/cp-' ORDER BY h.batch, h.root_id;
SELECT version, event_type FROM oms.purged_history('limits/cp-B//w');
SELECT jsonb_set(payload, '{histories}', (SELECT jsonb_agg(h - ARRAY['hash', 'sequence'] ORDER BY h ->> 'rootId') FROM jsonb_array_elements(payload -> 'histories') AS h))
         - ARRAY['sequence', 'version', 'treeVersion', 'lastSequence', 'occurredAt', 'firstAt', 'lastAt', 'digest', 'actor', 'role'] AS payload,
       hash = sha256((SELECT p.hash FROM oms.purged_configuration AS p WHERE p.version = c.version - 1) || convert_to(payload::text, 'UTF8')) AS follows,
       digest = sha256(convert_to((payload -> 'histories')::text, 'UTF8')) AS digest, xid = pg_current_xact_id() AS xid, actor = session_user AS actor, role = current_user AS role
  FROM oms.purged_configuration AS c ORDER BY version DESC LIMIT 1;
SELECT * FROM pg_temp.finds();
-- The row goes on from what is left of it, and what is gone from what stands of it; a copy of a row that was is one of its own.
CREATE TEMP TABLE cp_rows ON COMMIT DROP AS SELECT * FROM oms.limits WHERE account ~ '^cp-';
UPDATE oms.limits SET amount = 10 WHERE account = 'cp-A';
INSERT INTO oms.limits (account, what, amount) VALUES ('cp-B', 'w', 7);
DELETE FROM oms.limits WHERE account = 'cp-C';
SELECT events FROM oms.purge_configuration(now => now() + interval '1 hour');
INSERT INTO oms.limits SELECT * FROM cp_rows WHERE account = 'cp-C';
SELECT a AS account, pg_temp.left_of('limits/cp-' || a || '//w') AS stays, (SELECT l.version FROM oms.limits AS l WHERE l.account = 'cp-' || a) FROM unnest('{A,B,C}'::text[]) AS a;
SELECT * FROM pg_temp.finds();
SELECT id, version, change, before, after FROM oms.configuration_history WHERE id ~ '^cp-[ABC]' ORDER BY id, version;
SELECT version, field, old, new FROM oms.audit_trail('limits/cp-A//w') WHERE field = 'amount';
-- no way past the triggers, before and after a purge
SELECT pg_temp.fails('DELETE FROM oms.configuration_events'), pg_temp.fails('UPDATE oms.purged_configuration SET events = 0'), pg_temp.fails('DELETE FROM oms.purged_configuration'), pg_temp.fails('TRUNCATE oms.purged_configuration');

-- Tampering: what was purged and what is left hold each other.
UPDATE oms.limits SET amount = 11 WHERE account = 'cp-A';
SET LOCAL session_replication_role = replica;
SAVEPOINT s;
UPDATE oms.configuration_events SET payload = payload || '{"actor": "another"}', actor = 'another' WHERE root_id = 'limits/cp-A//w' AND version = 4;
SELECT regexp_replace(found, '\d\d+', '#') AS found FROM pg_temp.finds() AS f;
ROLLBACK TO s;
-- the first one that is left, as if it had been purged
DELETE FROM oms.configuration_events WHERE root_id = 'limits/cp-A//w' AND version = 4;
SELECT * FROM pg_temp.finds();
ROLLBACK TO s;
-- one that was purged comes again
INSERT INTO oms.configuration_events (sequence, aggregate_id, version, root_id, tree_version, event_type, occurred_at, actor, role, xid, payload, hash)
  SELECT nextval('oms.event_sequence'), aggregate_id, 1, root_id, 1, event_type, occurred_at, actor, role, xid, payload, hash FROM oms.configuration_events WHERE root_id = 'limits/cp-A//w' AND version = 4;
SELECT DISTINCT split_part(found, ' ', 1) AS found FROM pg_temp.finds() AS f ORDER BY 1;
ROLLBACK TO s;
-- a batch is gone: the newest, or one before it
DELETE FROM oms.purged_configuration WHERE version = (SELECT max(version) FROM oms.purged_configuration);
SELECT * FROM pg_temp.finds() WHERE found ~ 'cp-';
ROLLBACK TO s;
DELETE FROM oms.purged_configuration WHERE version = (SELECT max(version) - 1 FROM oms.purged_configuration);
SELECT DISTINCT substring(found FROM '^\w+ \w+') AS found FROM pg_temp.finds() AS f ORDER BY 1;
ROLLBACK TO s;
-- what it says is changed, and then also its hash, digest and columns: what is left does not follow any more
UPDATE oms.purged_configuration SET payload = jsonb_set(payload, '{histories,0,version}', '17') WHERE version = (SELECT max(version) FROM oms.purged_configuration);
SELECT DISTINCT substring(found FROM '^\w+ \w+') AS found, found ~ 'Its digest is not' AS digest FROM pg_temp.finds() AS f ORDER BY 1, 2;
ROLLBACK TO s;
UPDATE oms.purged_configuration SET payload = jsonb_set(payload, '{histories}', (SELECT jsonb_agg(h || '{"hash": "00"}') FROM jsonb_array_elements(payload -> 'histories') AS h)) WHERE version = (SELECT max(version) FROM oms.purged_configuration);
UPDATE oms.purged_configuration AS p SET digest = d.digest, payload = d.payload, hash = sha256((SELECT b.hash FROM oms.purged_configuration AS b WHERE b.version = p.version - 1) || convert_to(d.payload::text, 'UTF8'))
  FROM (SELECT c.version, x.digest, jsonb_set(c.payload, '{digest}', to_jsonb(encode(x.digest, 'hex'))) AS payload
          FROM oms.purged_configuration AS c CROSS JOIN LATERAL (SELECT sha256(convert_to((c.payload -> 'histories')::text, 'UTF8')) AS digest) AS x) AS d
 WHERE d.version = p.version AND p.version = (SELECT max(version) FROM oms.purged_configuration);
SELECT DISTINCT split_part(found, ' ', 1) || ' ' || split_part(found, ' ', 2) AS found FROM pg_temp.finds() AS f ORDER BY 1;
ROLLBACK TO s;
-- all of a history is gone, though its row stood when it was purged
DELETE FROM oms.configuration_events WHERE root_id = 'limits/cp-A//w';
DELETE FROM oms.limits WHERE account = 'cp-A';
SELECT * FROM pg_temp.finds();
ROLLBACK TO s;
-- Damage keeps what is damaged, and nothing else.
UPDATE oms.configuration_events SET hash = '\x00' WHERE root_id = 'limits/cp-A//w' AND version = 4;
SET LOCAL session_replication_role = origin;
SELECT histories, kept, done, reasons FROM oms.purge_configuration(now => now() + interval '1 hour');
SELECT pg_temp.left_of('limits/cp-A//w') AS stays;
-- and so do payloads of nothing
SET LOCAL session_replication_role = replica;
UPDATE oms.purged_configuration SET payload = v.payload FROM (VALUES (1, '7'::jsonb), (2, '{"histories": 7}'), (3, '{"histories": [7, {}, {"rootId": [], "version": "x", "hash": 7, "sequence": -1}]}')) AS v (n, payload)
 WHERE purged_configuration.version = v.n;
SET LOCAL session_replication_role = origin;
SELECT count(*) > 0 AS found FROM pg_temp.finds();
SELECT count(*) FROM oms.purged_history('limits/cp-none//w');
INSERT INTO oms.limits (account, what, amount) VALUES ('cp-none', 'w', 7) RETURNING version;
ROLLBACK;

-- A trigger of yours sees each go, and may not keep one; nothing else passes while one does.
BEGIN;
SELECT pg_temp.before();
INSERT INTO oms.limits (account, what, amount) VALUES ('cp-A', 'w', 1);
UPDATE oms.limits SET amount = 2 WHERE account = 'cp-A';
CREATE TABLE pg_temp.seen (event text, tried text);
CREATE FUNCTION pg_temp.sees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO pg_temp.seen VALUES (OLD.root_id || ' ' || OLD.version, pg_temp.fails(format('DELETE FROM oms.configuration_events WHERE sequence <> %s', OLD.sequence)));
  RETURN OLD;
END $$;
CREATE TRIGGER a_sees BEFORE DELETE ON oms.configuration_events FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION pg_temp.sees();
SELECT histories, events FROM oms.purge_configuration(now => now() + interval '1 hour');
SELECT * FROM pg_temp.seen;
CREATE FUNCTION pg_temp.keeps() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER a_keeps BEFORE DELETE ON oms.configuration_events FOR EACH ROW EXECUTE FUNCTION pg_temp.keeps();
UPDATE oms.limits SET amount = 3 WHERE account = 'cp-A';
SELECT pg_temp.fails($$SELECT * FROM oms.purge_configuration(now => now() + interval '1 hour')$$);
DROP TRIGGER a_keeps ON oms.configuration_events;
SELECT pg_temp.left_of('limits/cp-A//w') AS stays, pg_temp.fails('DELETE FROM oms.configuration_events') AS guard;
ROLLBACK;

-- By the job of records; by hand with run_purge(); who may.
SELECT pg_temp.fails('SELECT * FROM oms.purge_configuration(0)'), pg_temp.fails($$SELECT * FROM oms.purge_configuration(1, 'infinity')$$), pg_temp.fails('SELECT * FROM oms.purge_configuration(NULL)');
BEGIN;
SELECT pg_temp.before();
INSERT INTO oms.limits (account, what, amount) VALUES ('cp-A', 'w', 1);
UPDATE oms.limits SET amount = 2 WHERE account = 'cp-A';
SELECT result ? 'configuration_events' AS counted, done FROM oms.run_batch('records');
CREATE ROLE regress_cp_nobody;
GRANT USAGE ON SCHEMA oms TO regress_cp_nobody;
SET LOCAL ROLE regress_cp_nobody;
SELECT pg_temp.fails('SELECT * FROM oms.purge_configuration()'), pg_temp.fails('SELECT * FROM oms.purged_configuration'), pg_temp.fails('SELECT * FROM oms.purged_histories()'), pg_temp.fails($$SELECT * FROM oms.purged_history('x')$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION oms.purge_configuration(integer, timestamptz) TO regress_cp_nobody;
GRANT SELECT ON oms.purged_configuration TO regress_cp_nobody;
INSERT INTO oms.account_grants (role, account) VALUES ('regress_cp_nobody', 'cp-A');
SET LOCAL ROLE regress_cp_nobody;
SELECT pg_temp.fails('SELECT * FROM oms.purge_configuration()'), (SELECT count(*) FROM oms.purged_configuration) AS sees;
RESET ROLE;
DROP OWNED BY regress_cp_nobody;
DROP ROLE regress_cp_nobody;
SELECT oms.note_run('records', now(), '{"commands": 0, "not_sent": 3, "damaged": 0}');
SELECT a.name, a.detail FROM oms.lifecycle_alerts AS a WHERE a.what = 'purge_keeps' AND a.name ~ '^configuration';
ROLLBACK;
