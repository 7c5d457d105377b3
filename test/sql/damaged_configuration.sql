-- A row of configuration that got round its trigger, and is none: it fails where it is asked, and nothing else does. No fact is lost.
-- Broken by: an error while the rows are read, which every command would get; a damaged row that counts for nothing where it can be told what it is about; a null that is followed.

CREATE FUNCTION pg_temp.try(command text, OUT status text, OUT code text, OUT rule text, OUT detail text, OUT flags text) LANGUAGE sql AS $$
  SELECT coalesce(r #>> '{state,status}', r ->> 'status'), r #>> '{error,sqlstate}', r #>> '{error,rule}', coalesce(r #>> '{error,detail}', r #>> '{state,deskReason}'), r #>> '{state,flags}' FROM oms_try_command(command::jsonb) AS r $$;

SELECT status FROM pg_temp.try('{"commandType": "CreateOrderCommand", "orderId": "damage", "symbol": "X", "side": "BUY", "orderQty": 100, "price": 10}');

BEGIN;
ALTER TABLE oms.validation_rules DISABLE TRIGGER USER;
ALTER TABLE oms.validation_rules ALTER COLUMN message DROP NOT NULL, ALTER COLUMN predicate DROP NOT NULL, ALTER COLUMN object DROP NOT NULL, ALTER COLUMN version DROP NOT NULL, ALTER COLUMN enabled DROP NOT NULL;
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message, severity) VALUES
  ('no severity', 'order', 'CreateOrderCommand', 'true', 'm', 'SEVERE'),
  ('no predicate', 'execution', NULL, NULL, NULL, 'WARN'),
  ('no object', NULL, NULL, 'true', NULL, 'REFUSE'),
  ('no such object', 'thing', NULL, 'true', 'm', 'REFUSE'),
  ('no such command', 'order', 'ThinkCommand', 'true', 'm', 'REFUSE'),
  ('no expression', 'order', 'ReplaceOrderCommand', 'true) OR (', 'm', 'REFUSE');
UPDATE oms.validation_rules SET version = NULL, enabled = NULL WHERE name = 'no expression';
SELECT * FROM pg_temp.try('{"commandType": "CreateOrderCommand", "orderId": "damage 2", "symbol": "X", "side": "BUY", "orderQty": 1}');
SELECT * FROM pg_temp.try('{"commandType": "ReplaceOrderCommand", "orderId": "damage", "price": 11}');
SELECT * FROM pg_temp.try('{"commandType": "CancelOrderCommand", "orderId": "damage"}');
SELECT r.status, r.code, o.executed_quantity FROM pg_temp.try('{"commandType": "ExecuteOrderCommand", "orderId": "damage", "executionId": "damage x", "execID": "d", "lastQty": 10, "lastPx": 10, "commandId": "damage x"}') AS r, oms.orders AS o WHERE o.id = 'damage';
SELECT status, flags, review_reasons FROM oms.executions WHERE id = 'damage x';
SELECT status FROM pg_temp.try('{"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "damage q", "symbol": "X", "side": "BUY", "orderQty": 10}');
SELECT * FROM oms.check_rules('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 1}') WHERE rule LIKE 'no %';
ROLLBACK;

-- Routing: what fails sends to the desk. Placement: what fails places nothing.
BEGIN;
ALTER TABLE oms.routing_rules DISABLE TRIGGER USER;
ALTER TABLE oms.placement_policies DISABLE TRIGGER USER;
ALTER TABLE oms.routing_rules ALTER COLUMN reason DROP NOT NULL;
INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES ('damaged', -1000, 'cur.symbol = ''DESK''', 'SOMEWHERE', NULL);
INSERT INTO oms.placement_policies (name, priority, predicate, destinations) VALUES ('damaged', -1000, 'true', '[{"weight": 0}]');
SELECT r ->> 'status', r #>> '{routing,action}', r #>> '{routing,reason}' FROM oms_service('SubmitClientOrder', '{"orderId": "damage 3", "symbol": "DESK", "side": "BUY", "orderQty": 10}') AS r;
DELETE FROM oms.routing_rules WHERE NOT builtin;
-- told to nobody by the triggers that are off, but by this
ALTER TABLE oms.routing_rules ENABLE TRIGGER USER;
SAVEPOINT s;
SELECT r ->> 'status', r #>> '{routing,action}', r #>> '{routing,reason}' FROM oms_service('SubmitClientOrder', '{"orderId": "damage 4", "symbol": "AUTO", "side": "BUY", "orderQty": 10}') AS r;
ROLLBACK TO s;
SELECT status FROM pg_temp.try('{"commandType": "CreateOrderCommand", "orderId": "damage 5", "symbol": "X", "side": "BUY", "orderQty": 1}');
ROLLBACK;

-- A halt without a beginning is in force; services, classes: what is named is refused, and nothing else.
BEGIN;
ALTER TABLE oms.trading_halts DISABLE TRIGGER USER;
ALTER TABLE oms.services DISABLE TRIGGER USER;
ALTER TABLE oms.asset_classes DISABLE TRIGGER USER;
ALTER TABLE oms.trading_halts ALTER COLUMN since DROP NOT NULL, ALTER COLUMN enabled DROP NOT NULL;
ALTER TABLE oms.services ALTER COLUMN definition DROP NOT NULL;
ALTER TABLE oms.asset_classes ALTER COLUMN definition DROP NOT NULL;
INSERT INTO oms.trading_halts (name, symbol, since, enabled) VALUES ('damaged', 'HALTED', NULL, NULL);
INSERT INTO oms.services (name, definition) VALUES ('Damaged', NULL);
INSERT INTO oms.asset_classes (name, definition) VALUES ('damaged', NULL);
SELECT status, code, detail FROM pg_temp.try('{"commandType": "CreateOrderCommand", "orderId": "damage 6", "symbol": "HALTED", "side": "BUY", "orderQty": 1}');
SELECT status, code, rule FROM pg_temp.try('{"commandType": "CreateOrderCommand", "orderId": "damage 7", "symbol": "X", "side": "BUY", "orderQty": 1}');
SELECT status, code, rule FROM pg_temp.try('{"commandType": "CreateOrderCommand", "orderId": "damage 8", "symbol": "X", "side": "BUY", "orderQty": 1, "assetClass": "damaged"}');
SAVEPOINT s;
SELECT oms_service('Damaged', '{}');
ROLLBACK TO s;
ROLLBACK;

-- A table that has lost a column is an error where it is read: no halt is over by that, and no null is followed.
BEGIN;
ALTER TABLE oms.services RENAME COLUMN definition TO was;
SELECT oms_service('SubmitClientOrder', '{}');
ROLLBACK;
BEGIN;
INSERT INTO oms.trading_halts (name, symbol) VALUES ('lost', 'HALTED');
ALTER TABLE oms.trading_halts RENAME COLUMN reason TO was;
SELECT oms_try_command('{"commandType": "CreateOrderCommand", "orderId": "damage H", "symbol": "HALTED", "side": "BUY", "orderQty": 1}') ->> 'status' AS status;
ROLLBACK;
SELECT status FROM pg_temp.try('{"commandType": "CreateOrderCommand", "orderId": "damage 9", "symbol": "X", "side": "BUY", "orderQty": 1}');

-- A reference price that is no number is none: no look-up is an error by it.
BEGIN;
INSERT INTO oms.reference_prices (symbol, price) VALUES ('NAN', 'NaN'), ('INF', '-Infinity');
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message, when_missing) VALUES
  ('value', 'order', 'CreateOrderCommand', 'oms.order_value(command) < 1000', 'too much', 'PASS'), ('day', 'order', 'CreateOrderCommand', 'oms.day_value(command) < 1000', 'too much', 'PASS');
SELECT status, rule FROM pg_temp.try('{"commandType": "CreateOrderCommand", "orderId": "nan 1", "symbol": "NAN", "side": "BUY", "orderQty": 5}');
SELECT status, rule FROM pg_temp.try('{"commandType": "CreateOrderCommand", "orderId": "inf 1", "symbol": "INF", "side": "BUY", "orderQty": 5}');
SELECT oms.reference_price('NAN'), oms.notional('X', NULL, 'NaN', 1), oms.notional('EUR/USD', 'USD', 1, 'Infinity');
ROLLBACK;

-- A grant of an account that is none: its role is limited to nothing, and nobody else notices.
BEGIN;
CREATE ROLE regress_damaged;
CREATE ROLE regress_other;
ALTER TABLE oms.account_grants DISABLE TRIGGER USER;
ALTER TABLE oms.account_grants DROP CONSTRAINT account_grants_pkey;
ALTER TABLE oms.account_grants ALTER COLUMN role DROP NOT NULL, ALTER COLUMN account DROP NOT NULL, ALTER COLUMN enabled DROP NOT NULL;
INSERT INTO oms.account_grants (role, account, enabled) VALUES ('regress_damaged', NULL, true), (NULL, 'A', true), (NULL, NULL, NULL), ('regress_damaged', 'A', NULL);
SELECT status FROM pg_temp.try('{"commandType": "CreateOrderCommand", "orderId": "damage 10", "account": "A", "symbol": "X", "side": "BUY", "orderQty": 1}');
SET ROLE regress_damaged;
SELECT oms.visible_accounts();
SET ROLE regress_other;
SELECT oms.visible_accounts();
RESET ROLE;
DROP ROLE regress_damaged, regress_other;
ROLLBACK;
