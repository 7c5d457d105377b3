-- A database as the shard of a fleet: what a router calls, numbers of events, tokens, trees of others.
-- Broken by: a refusal that is kept or raised, results out of order, a number of another shard, a tree of another shard that goes on here, a copy that takes commands
-- before it is a shard.
\set VERBOSITY terse
CREATE FUNCTION pg_temp.create_(id text, more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', id, 'symbol', 'X', 'side', 'BUY', 'orderQty', 10) || more $$;
CREATE FUNCTION pg_temp.said(r jsonb) RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', r ->> 'status', r #>> '{error,sqlstate}', CASE WHEN r ->> 'commandId' ~ '^(fleet|c$)' THEN r ->> 'commandId' END, r ->> 'commandType', r ->> 'duplicate') $$;
CREATE TEMP TABLE before AS SELECT (SELECT count(*) FROM oms.rejected_commands) AS rejected, (SELECT last_value FROM oms.event_sequence) AS sequence, (SELECT slots FROM oms.shard) AS slots;

-- in a block?
SELECT oms.in_transaction_block();
BEGIN;
SELECT oms.in_transaction_block();
COMMIT;
SELECT oms.in_transaction_block() \; SELECT 1 AS beside;
SELECT oms.in_transaction_block();

-- refusals as values
SELECT pg_temp.said(oms.remote_command(pg_temp.create_('fleet-1', '{"commandId": "fleet-k1"}')));
SELECT pg_temp.said(oms.remote_command(pg_temp.create_('fleet-1', '{"commandId": "fleet-k1"}')));
SELECT pg_temp.said(oms.remote_command(pg_temp.create_('fleet-1', '{"commandId": "fleet-k2"}')));
SELECT oms.remote_command('{"commandType": "CancelOrderCommand", "orderId": "fleet-none"}');
SELECT pg_temp.said(oms.remote_command('[]')), pg_temp.said(oms.remote_command(NULL));
SELECT oms.remote_fix('8=FIX.4.4|35=D|');
SELECT oms.remote_fix('\x00'::bytea) ->> 'status';
SELECT pg_temp.said(oms.remote_service('NoSuchService', '{}')), pg_temp.said(oms.remote_service('SubmitClientOrder', pg_temp.create_('fleet-s')));
SELECT "position", pg_temp.said(result) FROM oms.remote_commands('{7,3,5}', ARRAY[pg_temp.create_('fleet-2'), '{"commandType": "CancelOrderCommand", "orderId": "fleet-none", "commandId": "c"}', pg_temp.create_('fleet-3')], true);
SELECT count(*) AS none FROM oms.orders WHERE id IN ('fleet-2', 'fleet-3');
SELECT count(*) - (SELECT rejected FROM before) AS kept FROM oms.rejected_commands;
SELECT "position", pg_temp.said(result) FROM oms.remote_commands('{7,3,5}', ARRAY[pg_temp.create_('fleet-2'), '{"commandType": "CancelOrderCommand", "orderId": "fleet-none"}', pg_temp.create_('fleet-3')]);
SELECT count(*) - (SELECT rejected FROM before) AS kept FROM oms.rejected_commands;
-- what is no refusal is an answer too, and leaves nothing
CREATE FUNCTION pg_temp.refuse_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 'fleet-5' THEN RAISE EXCEPTION 'not this one' USING ERRCODE = 'lock_not_available', HINT = 'wait'; END IF; RETURN NEW; END $$;
CREATE TRIGGER fleet_refuse BEFORE INSERT ON oms.orders FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse_it();
SELECT "position", result FROM oms.remote_commands('{1,2}', ARRAY[pg_temp.create_('fleet-4', '{"commandId": "fleet-k4"}'), pg_temp.create_('fleet-5', '{"commandId": "fleet-k5"}')]);
DROP TRIGGER fleet_refuse ON oms.orders;
SELECT count(*) AS none FROM oms.orders WHERE id IN ('fleet-4', 'fleet-5');

-- where it is
SELECT pg_temp.said(oms_command(pg_temp.create_('fleet-6', '{"clOrdID": "fleet-c6"}')));
SELECT pg_temp.said(oms_command('{"commandType": "CreateOrderCommand", "orderId": "fleet-6.1", "parentId": "fleet-6", "orderQty": 4}')) <> '' AS child;
SELECT * FROM oms.locate('order', NULL, '{fleet-6.1,fleet-none}');
SELECT * FROM oms.locate(NULL, NULL, '{fleet-6.1}') UNION ALL SELECT * FROM oms.locate('execution', NULL, '{fleet-6.1}') UNION ALL SELECT * FROM oms.locate('order', NULL, NULL);
SELECT * FROM oms.locate(NULL, '', '{fleet-c6}') UNION ALL SELECT * FROM oms.locate(NULL, 'A|B', '{fleet-c6,fleet-6}') UNION ALL SELECT * FROM oms.locate(NULL, 'A|B', '{fleet-6.1}');

-- numbers
SELECT oms.set_shard(64, '{[0,16384)}');
SELECT oms.set_shard(0, NULL);
SELECT oms.set_shard(0, '{[0,16384)}', 1);
SELECT oms.set_shard(3, '{[0,16384)}') % 64 AS offset_of_three;
SELECT number, slots, step, timeline FROM oms.shard;
CREATE TEMP TABLE told AS SELECT (e ->> 'sequence')::bigint AS sequence, r ->> 'token' AS token FROM oms_command(pg_temp.create_('fleet-7')) AS r, jsonb_array_elements(r -> 'events') AS e;
SELECT sequence % 64 AS shard, sequence > (SELECT sequence FROM before) AS above, token ~ '^3:[0-9]+\.[0-9]+$' AS token FROM told;
SELECT oms.set_shard(5, '{[0,16384)}') > max(sequence) AS above FROM told;
SELECT (e ->> 'sequence')::bigint % 64 AS shard FROM oms_command(pg_temp.create_('fleet-8')) AS r, jsonb_array_elements(r -> 'events') AS e;
SELECT oms.next_sequence_number() % 64 AS shard;
-- what waits for a token of another shard, or of none
SELECT token AS other, substr(token, 3) AS bare FROM told \gset
\set VERBOSITY sqlstate
CALL oms.wait_for(:'other');
CALL oms.wait_for('3:x'); CALL oms.wait_for('-1:1.1000'); CALL oms.wait_for('03:1.1000'); CALL oms.wait_for(':1.1000');
CALL oms.wait_for(:'bare');
\set VERBOSITY terse
SELECT r ->> 'token' AS token FROM oms_command(pg_temp.create_('fleet-9')) AS r \gset
CALL oms.wait_for(:'token');
-- a sequence that was put elsewhere gives no numbers of others
SELECT setval('oms.event_sequence', last_value + 1) > 0 AS beside FROM oms.event_sequence;
\set VERBOSITY default
DO $$ DECLARE said text; BEGIN PERFORM oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'fleet-10', 'symbol', 'X', 'side', 'BUY', 'orderQty', 10));
EXCEPTION WHEN OTHERS THEN GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL; RAISE NOTICE '% %: %', SQLSTATE, SQLERRM, regexp_replace(said, 'gave [0-9]+', 'gave N'); END $$;
\set VERBOSITY terse
SELECT oms.set_shard(5, '{[0,16384)}') % 64 AS again;
SELECT pg_temp.said(oms_command(pg_temp.create_('fleet-10'))) AS and_goes_on;

-- trees of others
SELECT oms.slot_of('fleet-7') AS seven \gset
UPDATE oms.shard SET slots = slots - int4multirange(int4range(:seven, :seven + 1));
SELECT (r -> 'error') - 'hint' AS error FROM oms.remote_command('{"commandType": "CancelOrderCommand", "orderId": "fleet-7"}') AS r;
SELECT pg_temp.said(oms.remote_command('{"commandType": "ExecuteOrderCommand", "orderId": "fleet-7", "lastQty": 1, "lastPx": 1}'));
SELECT pg_temp.said(oms.remote_command('{"commandType": "CancelOrderCommand", "orderId": "fleet-8"}'));
-- … nor do they go: who has the slot may know more of them
BEGIN;
SET LOCAL oms_state.command_retention = 0;
SELECT pg_temp.said(oms_command(pg_temp.create_('fleet-11'))) AS made, pg_temp.said(oms_command('{"commandType": "CancelOrderCommand", "orderId": "fleet-11"}')) AS ended;
INSERT INTO oms.retention_policies (name, root_id, age) VALUES ('fleet', 'fleet-11', '0');
SELECT oms.slot_of('fleet-11') AS eleven \gset
SAVEPOINT ours;
UPDATE oms.shard SET slots = slots - int4multirange(int4range(:eleven, :eleven + 1));
SELECT pg_temp.said(oms.remote_command('{"commandType": "PurgeOrderCommand", "orderId": "fleet-11"}')) AS of_another;
ROLLBACK TO ours;
SELECT pg_temp.said(oms.remote_command('{"commandType": "PurgeOrderCommand", "orderId": "fleet-11"}')) AS ours;
ROLLBACK;
-- a block and its members stay together
SELECT pg_temp.said(oms_command(pg_temp.create_('fleet-m{fleet-b}'))) AS member, pg_temp.said(oms_command('{"commandType": "CreateBlockOrderCommand", "orderId": "fleet-block", "members": [{"orderId": "fleet-m{fleet-b}", "quantity": 5}]}')) <> '' AS block;
SELECT oms.slot_of('fleet-block') AS block \gset
SELECT oms.set_shard(5, '{[0,16384)}'::int4multirange - int4multirange(int4range(:block, :block + 1)));
SELECT object, id, other, other_id FROM oms.links_apart('{[0,16384)}'::int4multirange - int4multirange(int4range(:block, :block + 1))) WHERE id LIKE 'fleet%' ORDER BY 2;

-- a copy takes nothing before it is a shard
SELECT timeline IS NULL AS not_pinned FROM oms.shard;
SELECT oms.set_shard(5, slots, pinned => true) > 0 AS pinned FROM oms.shard;
SELECT timeline > 0 AS pinned, pg_temp.said(oms.remote_command('{"commandType": "UpdateOrderCommand", "orderId": "fleet-9", "text": "here"}')) AS here FROM oms.shard;
UPDATE oms.shard SET timeline = timeline + 1;
SELECT pg_temp.said(r) AS said, r #>> '{error,message}' AS message FROM oms.remote_command('{"commandType": "UpdateOrderCommand", "orderId": "fleet-9", "text": "there"}') AS r;
SELECT oms.next_sequence_number();
SELECT oms.forget_slots();
SELECT pg_temp.said(oms.remote_command(pg_temp.create_('fleet-1', '{"commandId": "fleet-k1"}'))) AS not_even_a_repeat;

-- forgetting is test 150's: this database is many tests' own
SELECT oms.set_shard(5, slots) > 0 AS unpinned FROM oms.shard;
SELECT count(*) AS broken FROM oms.verify();

-- as it was
UPDATE oms.shard SET number = 0, slots = (SELECT slots FROM before), step = 1, timeline = NULL;
ALTER SEQUENCE oms.event_sequence INCREMENT BY 1;
SELECT oms.forget_slots();
SELECT pg_temp.said(oms_command('{"commandType": "CancelOrderCommand", "orderId": "fleet-7"}')) AS as_any;
