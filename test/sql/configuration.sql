-- Each change of configuration is an event, whoever makes it and however: who, what, before and after; versions and hashes run on.
-- Broken by: a way to change a row that writes no event, an event of a row that never came, a version or hash that somebody else
-- can set, a trigger of a user that changes a row behind its event, a name that two rows have in their events.

\set VERBOSITY terse
SET TIME ZONE 'America/New_York';

CREATE FUNCTION pg_temp.history(named text) RETURNS TABLE (version bigint, change text, before jsonb, after jsonb)
  LANGUAGE sql AS $$SELECT h.version, h.change, h.before, h.after FROM oms.configuration_history AS h WHERE h.table_name || '/' || h.id = named ORDER BY h.version$$;

-- Made, changed, deleted, made again. An update that changes nothing is no change.
INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('cf-A', 'cf/X', 'ORDER_QUANTITY', 100.50);
UPDATE oms.limits SET amount = 200 WHERE account = 'cf-A';
UPDATE oms.limits SET amount = 200.0 WHERE account = 'cf-A';
DELETE FROM oms.limits WHERE account = 'cf-A';
INSERT INTO oms.limits (account, symbol, what, amount, version) VALUES ('cf-A', 'cf/X', 'ORDER_QUANTITY', 300, 17);
SELECT * FROM pg_temp.history('limits/cf-A/cf\/X/ORDER_QUANTITY');
SELECT version, amount FROM oms.limits WHERE account = 'cf-A';
SELECT payload - ARRAY['sequence', 'occurredAt', 'actor', 'role'] AS payload, payload ->> 'actor' = actor AND actor = session_user AS actor, (payload ->> 'role') = role AND role = current_user AS role,
       (payload ->> 'sequence')::bigint = sequence AS sequence, (payload ->> 'occurredAt')::timestamptz = occurred_at AS occurred_at, xid::xid = xmin AS xid
  FROM oms.configuration_events WHERE aggregate_id = 'cf-A/cf\/X/ORDER_QUANTITY' AND version = 1;

-- A name that has the sign in it is no other one.
INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('cf-a/b', 'c', 'w', 1), ('cf-a', 'b/c', 'w', 2), ('cf-a\', 'b/c', 'w', 3), ('cf-a\/b', 'c', 'w', 4);
SELECT root_id, version FROM oms.configuration_events WHERE aggregate_id LIKE 'cf-a%' ORDER BY sequence;

-- Whatever is given for version and hash, they are counted; a row that somebody has copied, hash and all, is one of its own.
UPDATE oms.limits SET version = 40, hash = '\x00' WHERE account = 'cf-a' RETURNING version, hash <> '\x00';
UPDATE oms.limits SET version = 40, hash = NULL, amount = 5 WHERE account = 'cf-a' RETURNING version, hash IS NOT NULL;
INSERT INTO oms.limits SELECT 'cf-copy', l.symbol, l.what, l.amount, l.version, l.hash FROM oms.limits AS l WHERE l.account = 'cf-a' RETURNING version;
CREATE TEMP TABLE kept AS SELECT * FROM oms.limits WHERE account = 'cf-a';
DELETE FROM oms.limits WHERE account = 'cf-a';
INSERT INTO oms.limits SELECT * FROM kept RETURNING version;
SELECT * FROM pg_temp.history('limits/cf-a/b\/c/w');

-- Every way in SQL. What ON CONFLICT gives up has no event.
INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('cf-B', '', 'w', 1), ('cf-C', '', 'w', 1) ON CONFLICT DO NOTHING;
INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('cf-B', '', 'w', 9), ('cf-D', '', 'w', 1) ON CONFLICT DO NOTHING;
INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('cf-B', '', 'w', 2), ('cf-E', '', 'w', 1) ON CONFLICT (account, symbol, what) DO UPDATE SET amount = excluded.amount;
INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('cf-B', '', 'w', 2) ON CONFLICT (account, symbol, what) DO UPDATE SET amount = excluded.amount;
INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('cf-B', '', 'w', 2) ON CONFLICT (account, symbol, what) DO UPDATE SET amount = excluded.amount WHERE false;
MERGE INTO oms.limits AS l USING (VALUES ('cf-B', 3), ('cf-C', NULL), ('cf-F', 1)) AS n (account, amount) ON l.account = n.account
  WHEN MATCHED AND n.amount IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET amount = n.amount WHEN NOT MATCHED THEN INSERT (account, what, amount) VALUES (n.account, 'w', n.amount);
COPY oms.limits (account, symbol, what, amount) FROM stdin;
cf-G		w	1
cf-H		w	NaN
\.
SELECT root_id, version, event_type, payload #>> '{state,amount}' AS amount FROM oms.configuration_events WHERE aggregate_id ~ '^cf-[B-H]' ORDER BY sequence;
-- Deleted and made again by one statement: two statements.
WITH gone AS (DELETE FROM oms.limits WHERE account = 'cf-B' RETURNING *) INSERT INTO oms.limits SELECT * FROM gone;
SELECT version, amount FROM oms.limits WHERE account = 'cf-B';

-- Savepoints: what was rolled back is none.
BEGIN;
INSERT INTO oms.restricted_list VALUES ('cf-R', '', 'one');
SAVEPOINT s;
UPDATE oms.restricted_list SET reason = 'two' WHERE symbol = 'cf-R';
DELETE FROM oms.restricted_list WHERE symbol = 'cf-R';
ROLLBACK TO s;
UPDATE oms.restricted_list SET reason = NULL WHERE symbol = 'cf-R';
COMMIT;
SELECT * FROM pg_temp.history('restricted_list/cf-R/');

-- Renamed or emptied at once it is not.
UPDATE oms.limits SET account = 'cf-Z' WHERE account = 'cf-B';
TRUNCATE oms.limits;
TRUNCATE oms.validation_rules, oms.fix_sessions;
UPDATE oms.configuration_events SET actor = 'nobody';
DELETE FROM oms.configuration_events;
TRUNCATE oms.configuration_events;

-- Sessions and rules: named by what they are kept as; shipped rows have no event.
INSERT INTO oms.fix_sessions (session, direction, account) VALUES ('cf-Z|cf-A', 'client', 'ACC');
UPDATE oms.fix_sessions SET session = 'cf-Z|cf-A', enabled = false WHERE session = 'cf-A|cf-Z';
SELECT * FROM pg_temp.history('fix_sessions/cf-A|cf-Z');
INSERT INTO oms.validation_rules (name, object, predicate, message, enabled, examples) VALUES
  ('cf-rule', 'order', 'cur.price > 0', 'no', false, '[{"command": {"commandType": "CancelOrderCommand", "orderId": "A"}, "outcome": "NULL"}]');
UPDATE oms.validation_rules SET severity = 'warn', message = 'nö' WHERE name = 'cf-rule';
UPDATE oms.validation_rules SET builtin = true WHERE name = 'cf-rule';
DELETE FROM oms.validation_rules WHERE name = 'cf-rule';
SELECT * FROM pg_temp.history('validation_rules/cf-rule');
SELECT count(*) FROM oms.configuration_events AS e JOIN oms.validation_rules AS r ON r.builtin AND e.root_id = 'validation_rules/' || r.name AND r.name NOT IN ('restricted');

-- Who has been given the right changes it, and his name is in the event, which he could not write himself.
CREATE ROLE regress_loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON oms.limits TO regress_loader;
SET ROLE regress_loader;
INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('cf-L', '', 'w', 1);
UPDATE oms.limits SET amount = 2 WHERE account = 'cf-L';
INSERT INTO oms.limits VALUES ('cf-L', 'X', 'w', 1, 7, '\x07') RETURNING version, hash <> '\x07';
INSERT INTO oms.configuration_events SELECT * FROM oms.configuration_events LIMIT 0;
INSERT INTO oms.restricted_list VALUES ('cf-L');
RESET ROLE;
SELECT version, event_type, actor = session_user AS actor, role FROM oms.configuration_events WHERE aggregate_id = 'cf-L//w' ORDER BY version;

-- Triggers of yours: one before ours may change the row, and that is what is told; one behind it may not.
CREATE FUNCTION pg_temp.double() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.amount := 2 * NEW.amount; RETURN NEW; END';
CREATE FUNCTION pg_temp.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION pg_temp.further() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.amount < 100 THEN UPDATE oms.limits SET amount = amount + 100 WHERE account = NEW.account; END IF; RETURN NULL; END$$;
CREATE FUNCTION pg_temp.again() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO oms.limits (account, symbol, what, amount) VALUES (OLD.account, OLD.symbol, OLD.what, OLD.amount); RETURN NULL; END$$;
CREATE TRIGGER a BEFORE INSERT OR UPDATE ON oms.limits FOR EACH ROW EXECUTE FUNCTION pg_temp.double();
INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('cf-T', '', 'w', 1);
DROP TRIGGER a ON oms.limits;
CREATE TRIGGER z BEFORE INSERT OR UPDATE ON oms.limits FOR EACH ROW EXECUTE FUNCTION pg_temp.double();
INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('cf-U', '', 'w', 1);
UPDATE oms.limits SET amount = 3 WHERE account = 'cf-T';
DROP TRIGGER z ON oms.limits;
CREATE TRIGGER z BEFORE INSERT OR DELETE ON oms.limits FOR EACH ROW EXECUTE FUNCTION pg_temp.nothing();
INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('cf-U', '', 'w', 1);
DELETE FROM oms.limits WHERE account = 'cf-T';
DROP TRIGGER z ON oms.limits;
CREATE TRIGGER a AFTER INSERT OR UPDATE ON oms.limits FOR EACH ROW EXECUTE FUNCTION pg_temp.further();
INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('cf-V', '', 'w', 1);
UPDATE oms.limits SET amount = 5 WHERE account = 'cf-V';
DROP TRIGGER a ON oms.limits;
CREATE TRIGGER z AFTER DELETE ON oms.limits FOR EACH ROW EXECUTE FUNCTION pg_temp.again();
DELETE FROM oms.limits WHERE account = 'cf-V';
DROP TRIGGER z ON oms.limits;
CREATE TRIGGER a AFTER DELETE ON oms.limits FOR EACH ROW EXECUTE FUNCTION pg_temp.again();
DELETE FROM oms.limits WHERE account = 'cf-V';
DROP TRIGGER a ON oms.limits;
SELECT root_id, version, event_type, payload #>> '{state,amount}' AS amount FROM oms.configuration_events WHERE aggregate_id ~ '^cf-[TUV]' ORDER BY root_id, version;

-- A table of somebody's with our triggers is no configuration.
CREATE TEMP TABLE limits (LIKE oms.limits);
CREATE TRIGGER version_row BEFORE INSERT ON limits FOR EACH ROW EXECUTE FUNCTION oms.configuration_version();
CREATE TRIGGER row_changed AFTER INSERT ON limits FOR EACH ROW EXECUTE FUNCTION oms.configuration_changed();
INSERT INTO limits VALUES ('cf-own', '', 'w', 1);
DROP TRIGGER version_row ON limits;
INSERT INTO limits VALUES ('cf-own', '', 'w', 1);
SELECT count(*) FROM oms.configuration_events WHERE aggregate_id LIKE 'cf-own%';

-- What a session has set decides nothing; too large is too large.
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = sql_standard;
SET bytea_output = escape;
SET search_path = '';
SET standard_conforming_strings = off;
SET escape_string_warning = off;
UPDATE oms.limits SET amount = 7 WHERE account = 'cf-T';
SELECT * FROM oms.verify_configuration();
RESET ALL;
SET oms_state.command_size = '16kB';
INSERT INTO oms.restricted_list VALUES ('cf-big', '', repeat('x', 16300));
RESET oms_state.command_size;

SELECT * FROM oms.verify_configuration();
DELETE FROM oms.limits WHERE account LIKE 'cf-%';
DELETE FROM oms.restricted_list WHERE symbol LIKE 'cf-%';
DELETE FROM oms.fix_sessions WHERE session LIKE 'cf-%';
DROP OWNED BY regress_loader;
DROP ROLE regress_loader;
