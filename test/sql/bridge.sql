-- The publication of the event tables: what is wrong with it is named and repaired, in the caller's transaction or
-- in one of its own; and what the views around the slot show where there is none.
-- Broken by: a repair that misses something, one that is rolled back with its caller, an error or an alert that differs.
-- Slots themselves need wal_level = logical: test/t/101_slot.pl.

SET client_min_messages = error;
SET search_path = public;  -- whatever the user is called

SELECT table_name, relid::regclass FROM oms.event_tables();
SELECT table_name, relid::regclass FROM oms.published_tables();
SELECT * FROM oms.bridge_alerts;
SELECT * FROM oms.stat_bridge;
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'oms' AND table_name = 'stat_bridge' ORDER BY ordinal_position;
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'oms' AND table_name = 'bridge_alerts' ORDER BY ordinal_position;

-- missing
SELECT * FROM oms.publication_repairs('oms_events') \gx
SELECT * FROM oms.repair_publication('oms_events');
SELECT * FROM oms.publication_repairs('oms_events');
SELECT * FROM oms.repair_publication('oms_events');
SELECT severity, what, name, detail FROM oms.bridge_alerts;

-- wrong in every way at once
CREATE TABLE bridge_other (n integer PRIMARY KEY);
ALTER PUBLICATION oms_events SET TABLE bridge_other, oms.execution_events (sequence, payload);
ALTER PUBLICATION oms_events SET (publish = 'insert, delete');
SELECT * FROM oms.publication_repairs('oms_events') \gx
SELECT severity, what, name, detail FROM oms.bridge_alerts;
SELECT * FROM oms.repair_publication('oms_events');
SELECT schemaname, tablename, rowfilter FROM pg_publication_tables WHERE pubname = 'oms_events' ORDER BY 1, 2;
SELECT pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot FROM pg_publication WHERE pubname = 'oms_events';

-- in a transaction of its own: it stays when the caller rolls back
DROP PUBLICATION oms_events;
BEGIN;
SELECT jsonb_pretty(oms.commit_publication('oms_events'));
ROLLBACK;
SELECT pubname FROM pg_publication;
SELECT oms.commit_publication('oms_events');
-- what fails there fails here
CREATE PUBLICATION bridge_all FOR ALL TABLES;
\set VERBOSITY sqlstate
SELECT oms.commit_publication('bridge_all');
\set VERBOSITY default
-- names are only names
SELECT action FROM oms.repair_publication('a "b"; DROP TABLE oms.orders --''');
DROP PUBLICATION "a ""b""; DROP TABLE oms.orders --'", bridge_all;

-- with the rights of the caller
CREATE ROLE regress_bridge;
SET ROLE regress_bridge;
SELECT * FROM oms.create_slot();
SELECT * FROM oms.drop_slot();
SELECT * FROM oms.bridge_alerts;
RESET ROLE;
GRANT EXECUTE ON FUNCTION oms.commit_publication(name), oms.repair_publication(name), oms.publication_repairs(name), oms.published_tables() TO regress_bridge;
ALTER PUBLICATION oms_events DROP TABLE oms.order_events;
SET ROLE regress_bridge;
\set VERBOSITY terse
SELECT * FROM oms.repair_publication('oms_events');
SELECT oms.commit_publication('oms_events');
RESET ROLE;
\set VERBOSITY default
DROP OWNED BY regress_bridge;
DROP ROLE regress_bridge;
BEGIN READ ONLY;
SELECT oms.commit_publication('oms_events');
ROLLBACK;

-- the settings
SELECT * FROM oms.slot_limits();
SET oms_state.slot_alert_size = '2GB';
SET oms_state.slot_alert_age = '1h';
SELECT * FROM oms.slot_limits();
SET oms_state.slot_alert_size = -1;
SET oms_state.slot_alert_age = -1;
SELECT * FROM oms.slot_limits();
-- 18 says the range with its unit
\set VERBOSITY sqlstate
SET oms_state.slot_alert_size = -2;
\set VERBOSITY default

-- the plugin
SELECT * FROM oms.output_plugin_problem('pgoutput');
SELECT * FROM oms.output_plugin_problem('decoderbufs');
SELECT oms.choose_output_plugin('pgoutput');
SELECT oms.choose_output_plugin('decoderbufs');

-- the age of a commit, at positions that are none
SELECT oms.seconds_unconfirmed('0/0'), oms.seconds_unconfirmed('FFFFFFFF/FFFFFFFF'), oms.seconds_unconfirmed(NULL);

-- nothing to drop
SELECT * FROM oms.drop_slot('bridge_none', 'bridge_none');
SELECT * FROM oms.drop_slot('bridge_none', 'oms_events');
SELECT count(*) FROM pg_publication;
DROP TABLE bridge_other;
