-- Limits to accounts: what is granted and taken back, and how it is told; what somebody sees and may; each change an event.
-- Broken by: a sign that stands for others without being the last, a revoke that opens, a grant that is not told, limits that are read for each row, an answer that says of a hidden object that it is there.
SET client_min_messages = warning;
CREATE ROLE regress_limited;
GRANT USAGE ON SCHEMA oms, public TO regress_limited;
GRANT SELECT ON oms.orders, oms.account_grants TO regress_limited;
GRANT EXECUTE ON FUNCTION oms_command(jsonb) TO regress_limited;
RESET client_min_messages;

SELECT oms.grant_account('regress_limited', 'REG-1'), oms.grant_account('regress_limited', 'REG-1');
SELECT oms.grant_account('regress_limited', 'REG-2%', '{equity,bond}');
SELECT oms.grant_account('regress_limited', '%x');
SELECT oms.grant_account('regress_limited', '');
SELECT oms.grant_account('regress_limited', NULL);
SELECT oms.grant_account('regress_limited', 'REG-3', '{nothing}');
SELECT oms.grant_account('regress_limited', 'REG-3', '{}');
SELECT oms.grant_account('regress_not_there', 'REG-3');
\set VERBOSITY terse
INSERT INTO oms.account_grants (role, account) VALUES ('regress_later', 'a%b');
INSERT INTO oms.account_grants (role, account, asset_classes) VALUES ('regress_later', 'a', '{NULL}');
\set VERBOSITY default
SELECT event_type, payload -> 'state' AS state FROM oms.configuration_events WHERE aggregate_id LIKE 'regress\_limited/%' ORDER BY sequence;

SELECT a.account, c.asset_class, oms.account_is_visible(a.account, c.asset_class) AS not_limited FROM (VALUES ('REG-1')) AS a (account), (VALUES (NULL)) AS c (asset_class);
SELECT oms.visible_accounts() IS NULL AS sees_all, oms.accounts_are_limited() AS limited;
SET ROLE regress_limited;
SELECT oms.visible_accounts(), oms.accounts_are_limited() AS limited;
SELECT a.account, c.asset_class, oms.account_is_visible(a.account, c.asset_class) AS visible, oms.account_is_visible(a.account, 'order', 'not there') AS below_nothing
  FROM (VALUES ('REG-1'), ('REG-10'), ('reg-1'), ('REG-2'), ('REG-20'), (NULL)) AS a (account), (VALUES ('equity'), ('fx'), (NULL)) AS c (asset_class) ORDER BY a.account, c.asset_class;
SELECT oms.configuration_is_visible(NULL) AS all, oms.configuration_is_visible('') AS empty, oms.configuration_is_visible('REG-2') AS of_a_class, oms.configuration_is_visible('OTHER') AS other;
SELECT oms.object_is_visible('order', 'not there') AS missing, oms.object_is_visible('no kind', 'x') AS no_kind, oms.object_is_visible(NULL, NULL) AS nothing;
SELECT oms.event_is_visible('REG-1', NULL) AS by_column, oms.event_is_visible(NULL, '{"state": {"account": "REG-1"}}') AS by_state, oms.event_is_visible('REG-2', '{"aggregateType": "Order", "state": {"assetClass": "bond"}}') AS by_class,
       oms.event_is_visible('REG-2', '{"aggregateType": "Execution", "state": {"orderId": "not there"}}') AS below_nothing, oms.event_is_visible('REG-2', '[1]') AS no_event, oms.event_is_visible(NULL, NULL) AS nothing;
SELECT oms.may('CreateOrderCommand', 'REG-1') AS his, oms.may('CreateOrderCommand', 'REG-2') AS of_a_class, oms.may('CreateOrderCommand', 'OTHER') AS other, oms.may('CreateOrderCommand', NULL) AS none;
SELECT oms.may('NoCommand', 'REG-1');
SELECT oms.may(NULL, NULL);
SELECT count(*) FROM oms.account_grants WHERE role <> 'regress_limited';
SELECT oms.refuse_limited('this');
-- a query in parallel reads the limits once, and not for each row: its workers, and its leader in a session that has not read them before
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SELECT pg_stat_get_numscans('oms.account_grants'::regclass) AS scans \gset
SELECT count(*) > 1000 AS many FROM pg_attribute WHERE oms.account_is_visible('REG-1', attname::text);
SELECT pg_stat_force_next_flush();
SELECT pg_stat_get_numscans('oms.account_grants'::regclass) - :scans < 100 AS few_scans;
\c
SET ROLE regress_limited;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers = 0;
SELECT pg_stat_get_numscans('oms.account_grants'::regclass) AS scans \gset
SELECT count(*) > 1000 AS many FROM pg_attribute WHERE oms.account_is_visible('REG-1', attname::text);
SELECT pg_stat_force_next_flush();
SELECT pg_stat_get_numscans('oms.account_grants'::regclass) - :scans < 100 AS few_scans;
RESET max_parallel_workers;
RESET min_parallel_table_scan_size;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;
RESET ROLE;
SELECT oms.refuse_limited('this');

SELECT oms.revoke_account('regress_limited', 'REG-2'), oms.revoke_account('regress_limited', 'REG-2%'), oms.revoke_account('regress_limited', 'REG-2%'), oms.revoke_account('regress_limited', NULL);
SELECT account, enabled, version FROM oms.account_grants WHERE role = 'regress_limited' ORDER BY account;
SET ROLE regress_limited;
SELECT oms.visible_accounts();
RESET ROLE;
SELECT oms.grant_account('regress_limited', 'REG-2%'), oms.revoke_account('regress_limited', NULL, unlimit := true);
SET ROLE regress_limited;
SELECT oms.visible_accounts() IS NULL AS sees_all;
RESET ROLE;
SELECT event_type, version FROM oms.configuration_events WHERE aggregate_id LIKE 'regress\_limited/%' ORDER BY sequence;
SELECT count(*) FROM oms.verify() WHERE object = 'account_grants';
SELECT count(*) FROM oms.policy_repairs();

-- what has no account has that of its order, also where it is changed
SET client_min_messages = warning;
GRANT SELECT ON oms.executions TO regress_limited;
SELECT oms.grant_account('regress_limited', 'REG-4') AS granted,
  oms_command('{"commandType": "CreateOrderCommand", "orderId": "acc-none", "clOrdID": "acc-none", "symbol": "IBM", "side": "BUY", "orderQty": 10}') ->> 'status' AS made;
SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "acc-none", "executionId": "acc-none-1", "execID": "acc-none-1", "lastQty": 5, "lastPx": 1}') ->> 'status' AS filled;
SELECT oms_command('{"commandType": "ReplaceOrderCommand", "orderId": "acc-none", "clOrdID": "acc-none-2", "account": "REG-4"}') #>> '{state,account}' AS account;
SET ROLE regress_limited;
SELECT id, account FROM oms.executions WHERE id = 'acc-none-1';
SELECT oms_command('{"commandType": "BustExecutionCommand", "executionId": "acc-none-1", "reason": "no trade"}') #>> '{state,status}' AS status;
RESET ROLE;
SELECT oms.revoke_account('regress_limited', NULL, unlimit := true);
DROP OWNED BY regress_limited;
DROP ROLE regress_limited;
