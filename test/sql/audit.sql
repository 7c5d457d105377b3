-- oms.audit_trail(): who changed what, event by event and field by field; application name and address of events, refusals and configuration.
-- Broken by: an event without its columns, a payload that has them (its hash and what leaves would depend on the session); a field that is left out or told
-- twice; what is damaged keeping it from being read.

CREATE FUNCTION pg_temp.trail(wanted text) RETURNS TABLE (object text, version bigint, event_type text, application_name text, client_addr inet, command_type text, command_id text,
    sentence text, rules text, field text, old text, new text, reason text, "text" text) LANGUAGE sql AS $$
  SELECT t.object, t.version, t.event_type, t.application_name, t.client_addr, t.command_type, t.command_id, t.sentence, t.rules, t.field, t.old, t.new, t.reason, t.text
    FROM oms.audit_trail(wanted) AS t
   WHERE t.field IS NULL OR t.field !~ '(At|hash|Quantity|Children|Count|Value|Px)$' ORDER BY t.sequence, t.field $$;

SET application_name = 'desk 7';
SELECT oms_command('{"commandType": "CreateOrderCommand", "commandId": "audit-1", "orderId": "audit-A", "symbol": "VOD.L", "side": "BUY", "orderQty": 100, "price": 10, "account": "F1"}')->>'status';
SET application_name = '';
INSERT INTO oms.validation_rules (name, object, predicate, message, severity) VALUES ('audit', 'order', 'NOT command ? ''text''', 'no texts', 'WARN');
SELECT oms_command('{"commandType": "ReplaceOrderCommand", "commandId": "audit-2", "orderId": "audit-A", "price": 11, "text": "as asked", "reason": "price moved"}')->>'status';
SET application_name = 'nightly';
UPDATE oms.validation_rules SET enabled = false WHERE name = 'audit' AND NOT builtin;
DELETE FROM oms.validation_rules WHERE name = 'audit' AND NOT builtin;
SELECT oms_command('{"commandType": "ExecuteOrderCommand", "commandId": "audit-3", "executionId": "audit-X", "orderId": "audit-A", "lastQty": 40, "lastPx": 11}')->>'status';
SELECT oms_try_command('{"commandType": "CancelOrderCommand", "commandId": "audit-4", "orderId": "none"}')->>'status';

SELECT * FROM pg_temp.trail('audit-A');
SELECT * FROM pg_temp.trail('audit-X');
SELECT * FROM pg_temp.trail('validation_rules/audit');
SELECT count(*) FROM pg_temp.trail('nobody');
SELECT count(*) FROM pg_temp.trail(NULL);
-- every field that differs, once: as oms.state_changes() says
SELECT count(*), count(DISTINCT (t.sequence, t.field)), (SELECT count(*) FROM oms.order_history AS h, jsonb_object_keys(h.changes) WHERE h.order_id = 'audit-A') AS of_history FROM oms.audit_trail('audit-A') AS t;
-- not in what leaves, nor in its hash
SELECT count(*) FROM oms.all_events WHERE payload::text ~ 'desk 7|nightly';
SELECT * FROM oms.verify();
SELECT application_name, client_addr, sqlstate FROM oms.rejected_commands WHERE command_id = 'audit-4';

-- whatever stands there
BEGIN;
ALTER TABLE oms.order_events DISABLE TRIGGER USER;
DO $$DECLARE leaf regclass; BEGIN
  FOR leaf IN SELECT relid FROM pg_partition_tree('oms.order_events') WHERE isleaf LOOP EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', leaf); END LOOP; END$$;
SAVEPOINT whole;
UPDATE oms.order_events SET payload = '[1, {"state": 2}]' WHERE aggregate_id = 'audit-A' AND version = 2;
SELECT version, count(*), count(field) FROM oms.audit_trail('audit-A') GROUP BY version ORDER BY version;
ROLLBACK TO whole;
UPDATE oms.order_events SET payload = jsonb_set(jsonb_set(jsonb_set(payload, '{state}', '"none"'), '{findings}', '[1, null, {"rule": [1]}, {"more": 3}]'), '{command}', '[]') WHERE aggregate_id = 'audit-A' AND version = 2;
SELECT version, rules, count(*), count(field) FROM oms.audit_trail('audit-A') GROUP BY version, rules ORDER BY version;
ROLLBACK;
