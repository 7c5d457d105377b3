-- Purge: which trees may go, what goes with them, what stays, and what is refused.
-- Broken by: a tree that goes while something of it is open, held, or younger than its policy; one that leaves a row, an event, a name or a
-- commandId behind; a tied tree that stays; an id that can be used again; an archive that does not give the events back; a guard of events that
-- lets anything else pass; rights of the owner for a user's function.
SET client_min_messages = warning;
\set VERBOSITY terse
SET oms_state.command_retention = 0;

CREATE FUNCTION pg_temp.does(command jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result jsonb := oms_try_command(command);
BEGIN
  RETURN coalesce((SELECT string_agg(e, ' | ') FROM unnest(ARRAY[result #>> '{error,message}', result #>> '{error,detail}', result #>> '{error,hint}']) AS e),
                  (SELECT string_agg(concat_ws(' ', e ->> 'eventType', e ->> 'aggregateId', e ->> 'version'), ', ') FROM jsonb_array_elements(result -> 'events') AS e)
                  || CASE WHEN (result -> 'duplicate')::boolean THEN ' again' ELSE '' END);
END $$;
CREATE FUNCTION pg_temp.creates(id text, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql
  RETURN pg_temp.does(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', id, 'symbol', 'IBM', 'side', 'BUY', 'orderQty', 100) || more);
CREATE FUNCTION pg_temp.gives(type text, id text, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql
  RETURN pg_temp.does(jsonb_build_object('commandType', type || 'Command', 'orderId', id) || more);
CREATE FUNCTION pg_temp.purges(id text, kind text DEFAULT 'Order', field text DEFAULT 'orderId') RETURNS text LANGUAGE sql
  RETURN pg_temp.does(jsonb_build_object('commandType', 'Purge' || kind || 'Command', field, id));
CREATE VIEW pg_temp.left_over AS
  SELECT 'order ' || id AS what FROM oms.orders UNION ALL SELECT 'execution ' || coalesce(exec_id, id) FROM oms.executions
  UNION ALL SELECT 'quote request ' || id FROM oms.quote_requests UNION ALL SELECT 'quote ' || id FROM oms.quotes
  UNION ALL SELECT 'clOrdID ' || cl_ord_id FROM oms.cl_ord_ids UNION ALL SELECT 'orderID ' || counterparty_order_id FROM oms.counterparty_order_ids
  UNION ALL SELECT 'root ' || id FROM oms.root_ids WHERE kind <> 'execution' UNION ALL SELECT 'quoteReqID ' || quote_req_id FROM oms.quote_req_ids
  UNION ALL SELECT 'quoteID ' || dealer_quote_id FROM oms.dealer_quote_ids UNION ALL SELECT 'command ' || command_id FROM oms.commands
  UNION ALL SELECT format('%s events of %s', count(*), root_id) FROM oms.all_events GROUP BY root_id;

-- an error without the month of its partition
CREATE FUNCTION pg_temp.tries(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  RETURN regexp_replace(SQLERRM, '_[0-9]{4}_[0-9]{2}', '_month');
END $$;

-- 1. policies: what is refused where it is stored, and that none is shipped
SELECT count(*) AS shipped FROM oms.retention_policies;
SELECT pg_temp.creates('pg-A', '{"clOrdID": "pg-A1", "commandId": "pg-c1", "account": "ACME", "orderQty": 10}');
SELECT pg_temp.purges('pg-A'), pg_temp.purges('pg-none');
SET oms_state.command_retention = '7d';
INSERT INTO oms.retention_policies (name, age) VALUES ('short', '6 days');
INSERT INTO oms.retention_policies (name, age, object) VALUES ('of nothing', '1 year', 'person');
INSERT INTO oms.retention_policies (name, age, action) VALUES ('no function', '1 year', 'public.pg_gone');
INSERT INTO oms.retention_policies (name, age, action) VALUES ('no action', '1 year', 'BURN');
INSERT INTO oms.retention_policies (name, hold, age) VALUES ('hold with an age', true, '1 year');
INSERT INTO oms.retention_policies (name) VALUES ('no age');
INSERT INTO oms.retention_policies (name, object, age, action) VALUES ('archived commandIds', 'command', '1 year', 'ARCHIVE');
SET oms_state.command_retention = 0;
INSERT INTO oms.retention_policies (name, age) VALUES ('now', '0');
SELECT event_type, aggregate_id, payload -> 'state' AS state FROM oms.configuration_events WHERE root_id LIKE 'retention_policies/%';

-- 2. what is open
SELECT pg_temp.purges('pg-A');
SELECT pg_temp.gives('PlaceOrder', 'pg-A', '{"children": [{"orderId": "pg-A.1", "clOrdID": "pg-A2", "orderQty": 10, "price": 5, "ordType": "LIMIT"}]}');
SELECT pg_temp.purges('pg-A.1');
SELECT pg_temp.gives('ExecuteOrder', 'pg-A.1', '{"execID": "pg-E1", "executionId": "pg-x1", "lastQty": 10, "lastPx": 6, "orderID": "pg-B1"}');
SELECT pg_temp.gives('RequestCancelOrder', 'pg-A.1', '{"clOrdID": "pg-A3"}');
SELECT pg_temp.gives('ExecuteOrder', 'pg-A.1', '{"execID": "pg-E2", "executionId": "pg-x2", "lastQty": 10, "lastPx": 5}');
SELECT pg_temp.purges('pg-A');
SELECT pg_temp.does('{"commandType": "RejectExecutionCommand", "executionId": "pg-x1", "reason": "no"}');
SELECT pg_temp.purges('pg-A');
SELECT pg_temp.gives('RejectCancelOrder', 'pg-A.1', '{"clOrdID": "pg-A3"}');
SELECT pg_temp.does('{"commandType": "PurgeOrderCommand", "orderId": "pg-A", "expectedVersion": 1}');
SELECT pg_temp.does('{"commandType": "PurgeOrderCommand", "orderId": "pg-A", "asOf": "2030-01-01T00:00:00Z"}');

-- 3. the longest policy counts, a hold beats all, and so does oms_state.command_retention
INSERT INTO oms.retention_policies (name, age, account) VALUES ('ACME', '1 year', 'ACME');
SELECT split_part(pg_temp.purges('pg-A'), ' is of ', 1);
UPDATE oms.retention_policies SET enabled = false WHERE name = 'ACME';
INSERT INTO oms.retention_policies (name, hold, object, status) VALUES ('court', true, 'execution', 'REJECTED');
SELECT pg_temp.purges('pg-A');
UPDATE oms.retention_policies SET root_id = 'pg-other' WHERE name = 'court';
SET oms_state.command_retention = '7d';
SELECT split_part(pg_temp.purges('pg-A'), ' is of ', 1);
SET oms_state.command_retention = 0;

-- 4. it goes, whole; a repeat of the command is one; ids are used for ever, names are free
SELECT * FROM pg_temp.left_over WHERE what LIKE '%pg-%' ORDER BY what COLLATE "C";
SELECT pg_temp.does('{"commandType": "PurgeOrderCommand", "orderId": "pg-A", "commandId": "pg-p", "reason": "old"}');
SET oms_state.command_retention = '7d';
SELECT pg_temp.does('{"commandType": "PurgeOrderCommand", "orderId": "pg-A", "commandId": "pg-p", "reason": "old"}');
SET oms_state.command_retention = 0;
SELECT * FROM pg_temp.left_over WHERE what LIKE '%pg-%' ORDER BY what COLLATE "C";
SELECT object, root_id, version, tree_version, event_type, account, policy, objects, events, archived, payload - '{sequence,occurredAt,firstAt,lastAt,digest,actor,role}'::text[] AS payload FROM oms.purged_trees;
SELECT o.object, o.id, o.version, length(o.hash) AS hash, o.account FROM oms.purged_objects('pg-A') AS o;
SELECT id FROM oms.purged_ids ORDER BY id;
SELECT event_type, version, reason, status, sentence FROM oms.order_history WHERE order_id = 'pg-A';
SELECT object, version, event_type, actor = session_user AS actor, command_type, field, old, CASE field WHEN 'digest' THEN length(new)::text ELSE new END AS new FROM oms.audit_trail('pg-A');
SELECT count(*) FROM oms.audit_trail('pg-A.1');
SELECT (oms.order_as_of('pg-A', now())).id AS as_of, count(*) AS tree FROM oms.tree_as_of('pg-A', now());
SELECT string_agg(event_type, ' ') FROM oms.events_since('order', NULL, 100000) WHERE root_id = 'pg-A';
SELECT string_agg(event_type, ' ') FROM oms.events_since(NULL, NULL, 100000) WHERE root_id = 'pg-A';
SELECT pg_temp.creates('pg-A'), pg_temp.creates('pg-A.1'), pg_temp.creates('pg-x2');
SELECT pg_temp.does('{"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "pg-A", "symbol": "IBM", "side": "BUY", "orderQty": 1}');
SELECT pg_temp.creates('pg-N', '{"clOrdID": "pg-A1"}');
SELECT pg_temp.gives('ExecuteOrder', 'pg-N', '{"executionId": "pg-x1", "lastQty": 1, "lastPx": 1}');
SELECT pg_temp.gives('ExecuteOrder', 'pg-A', '{"execID": "pg-E9", "lastQty": 1, "lastPx": 1}') ~ '^ExecutionHeld' AS waits;
SELECT * FROM oms.verify();

-- 5. a block and its members go together or not at all
SELECT pg_temp.creates('pg-M1'), pg_temp.creates('pg-M2');
SELECT pg_temp.does('{"commandType": "CreateBlockOrderCommand", "orderId": "pg-K", "members": [{"orderId": "pg-M1", "quantity": 100}, {"orderId": "pg-M2", "quantity": 100}], "symbol": "IBM", "side": "BUY"}');
SELECT pg_temp.purges('pg-M1');
SELECT pg_temp.gives('ExecuteOrder', 'pg-K', '{"executionId": "pg-k1", "execID": "pg-K1", "lastQty": 200, "lastPx": 2}');
SELECT pg_temp.purges('pg-K');
SELECT pg_temp.gives('AllocateExecution', 'pg-K', '{"method": "PRO_RATA"}') ~ 'Allocated' AS allocated;
INSERT INTO oms.retention_policies (name, hold, root_id) VALUES ('of a member', true, 'pg-M2');
SELECT pg_temp.purges('pg-M1'), pg_temp.purges('pg-K');
DELETE FROM oms.retention_policies WHERE name = 'of a member';
SELECT pg_temp.purges('pg-M1');
SELECT * FROM oms.verify();

-- 6. a request, its quotes, and the order that one of them became; a quote that nobody asked for; an execution without an order
SELECT pg_temp.does('{"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "pg-R", "quoteReqID": "pg-R1", "symbol": "IBM", "side": "BUY", "orderQty": 10}');
SELECT pg_temp.does('{"commandType": "CreateQuoteCommand", "quoteId": "pg-Q1", "quoteRequestId": "pg-R", "quoteID": "pg-q1", "dealer": "D1", "offerPx": 5, "validUntilTime": "2199-01-01T00:00:00Z"}'),
  pg_temp.does('{"commandType": "CreateQuoteCommand", "quoteId": "pg-Q2", "quoteRequestId": "pg-R", "quoteID": "pg-q2", "dealer": "D2", "offerPx": 6, "validUntilTime": "2199-01-01T00:00:00Z"}');
SELECT pg_temp.purges('pg-R', 'QuoteRequest', 'quoteRequestId');
SELECT pg_temp.does('{"commandType": "AcceptQuoteCommand", "quoteId": "pg-Q1", "orderId": "pg-O", "clOrdID": "pg-O1"}');
SELECT pg_temp.purges('pg-R', 'QuoteRequest', 'quoteRequestId');
SELECT pg_temp.gives('ExecuteOrder', 'pg-O', '{"execID": "pg-E5", "lastQty": 10, "lastPx": 5}') ~ 'Executed' AS filled;
SELECT pg_temp.purges('pg-Q1', 'QuoteRequest', 'quoteId');
SELECT pg_temp.purges('pg-O');
SELECT pg_temp.does('{"commandType": "CreateQuoteCommand", "quoteId": "pg-Q3", "quoteID": "pg-q3", "dealer": "D1", "symbol": "IBM", "bidPx": 5}');
SELECT pg_temp.purges('pg-Q3', 'QuoteRequest', 'quoteId');
SELECT pg_temp.does('{"commandType": "CancelQuoteCommand", "quoteId": "pg-Q3"}');
SELECT pg_temp.purges('pg-Q3', 'QuoteRequest', 'quoteId');
SELECT pg_temp.does('{"commandType": "PurgeQuoteRequestCommand"}');
SELECT pg_temp.gives('ExecuteOrder', 'pg-gone', '{"executionId": "pg-x3", "execID": "pg-E3", "lastQty": 1, "lastPx": 1}');
SELECT pg_temp.purges('pg-x3', 'Execution', 'executionId');
SELECT pg_temp.does('{"commandType": "RejectExecutionCommand", "executionId": "pg-x3", "reason": "no"}');
SELECT pg_temp.purges('pg-x3', 'Execution', 'executionId');
SELECT * FROM pg_temp.left_over WHERE what ~ 'pg-(R|Q|q|O|x3|K|M|k)' ORDER BY what COLLATE "C";
SELECT * FROM oms.verify();

-- 7. archive: what comes back is what was there
UPDATE oms.retention_policies SET action = 'ARCHIVE' WHERE name = 'now';
SELECT pg_temp.creates('pg-Z', '{"clOrdID": "pg-Z1", "account": "ACME"}');
SELECT pg_temp.gives('ExecuteOrder', 'pg-Z', '{"executionId": "pg-z1", "execID": "pg-EZ", "lastQty": 60, "lastPx": 10}') ~ 'Executed' AS filled,
  pg_temp.gives('CancelOrder', 'pg-Z');
CREATE TEMPORARY TABLE before AS SELECT * FROM oms.all_events WHERE root_id = 'pg-Z';
SELECT pg_temp.purges('pg-Z');
SELECT (SELECT count(*) FROM before) AS events, count(*) AS differing
  FROM (TABLE before EXCEPT SELECT object, sequence, aggregate_id, version, root_id, tree_version, event_type, occurred_at, actor, role, command_id, transition, xid, payload, hash, account, via, application_name, client_addr FROM oms.read_archive('pg-Z')) AS d;
UPDATE oms.archived_trees SET events = jsonb_set(events, '{0,p,state,symbol}', '"IBN"');
SELECT count(*) FROM oms.read_archive('pg-Z');
SELECT count(*) FROM oms.read_archive('pg-Z', false);
SELECT count(*) FROM oms.read_archive('pg-A');
DELETE FROM oms.archived_trees;

-- 8. a function of a user's: with the rights of who purges; what it does is undone when it raises an error
CREATE TABLE public.pg_kept (root text, events bigint, who name);
CREATE FUNCTION public.pg_keep(root text, events jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.pg_kept VALUES (root, jsonb_array_length(events), current_user);
  IF root LIKE '%bad' THEN
    RAISE EXCEPTION 'no room for %', root;
  END IF;
END $$;
UPDATE oms.retention_policies SET action = 'public.pg_keep' WHERE name = 'now';
SELECT pg_temp.creates('pg-F'), pg_temp.gives('CancelOrder', 'pg-F'), pg_temp.creates('pg-F-bad'), pg_temp.gives('CancelOrder', 'pg-F-bad');
SELECT pg_temp.purges('pg-F'), pg_temp.purges('pg-F-bad');
SELECT root, events, who = current_user AS mine FROM public.pg_kept;
CREATE ROLE regress_pg_purger;
GRANT EXECUTE ON FUNCTION oms.purge(integer, timestamptz), oms.next_to_purge(text, integer, timestamptz), oms.purge_from(text, text[]), oms.purge_trees(text, text[], timestamptz, integer), oms.kinds(), oms_try_command(jsonb) TO regress_pg_purger;
GRANT CREATE ON SCHEMA public TO regress_pg_purger;
ALTER FUNCTION public.pg_keep(text, jsonb) OWNER TO regress_pg_purger;
SELECT pg_temp.purges('pg-F-bad');
SELECT pg_temp.creates('pg-G'), pg_temp.gives('CancelOrder', 'pg-G');
SET ROLE regress_pg_purger;
SELECT oms_try_command('{"commandType": "PurgeOrderCommand", "orderId": "pg-G"}') #>> '{error,detail}' AS detail;
SELECT trees, events, kept, locked, done FROM oms.purge(10, '2020-01-01 00:00+00');
INSERT INTO oms.purged_ids VALUES ('x');
DELETE FROM oms.order_events;
RESET ROLE;
GRANT INSERT ON public.pg_kept TO regress_pg_purger;
SET ROLE regress_pg_purger;
SELECT oms_try_command('{"commandType": "PurgeOrderCommand", "orderId": "pg-G"}') ->> 'status' AS status;
RESET ROLE;
SELECT root, events, who FROM public.pg_kept WHERE root = 'pg-G';
-- nor what it did for a tree that is tied to one that stays; and who owns the tables calls nothing of somebody who has less rights
ALTER FUNCTION public.pg_keep(text, jsonb) OWNER TO CURRENT_USER;
SELECT pg_temp.creates('pg-H'), pg_temp.creates('pg-H-bad');
SELECT pg_temp.does('{"commandType": "CreateBlockOrderCommand", "orderId": "pg-HK", "members": [{"orderId": "pg-H", "quantity": 100}, {"orderId": "pg-H-bad", "quantity": 100}], "symbol": "IBM", "side": "BUY"}');
SELECT pg_temp.gives('ExecuteOrder', 'pg-HK', '{"execID": "pg-HK1", "lastQty": 200, "lastPx": 2}') ~ 'Executed' AS filled, pg_temp.gives('AllocateExecution', 'pg-HK', '{"method": "PRO_RATA"}') ~ 'Allocated' AS allocated;
SELECT pg_temp.purges('pg-H');
SELECT count(*) AS kept FROM public.pg_kept WHERE root LIKE 'pg-H%';
CREATE ROLE regress_pg_other;
GRANT CREATE ON SCHEMA public TO regress_pg_other;
ALTER FUNCTION public.pg_keep(text, jsonb) OWNER TO regress_pg_other;
ALTER TABLE oms.commands OWNER TO regress_pg_purger;
SET ROLE regress_pg_purger;
SELECT oms_try_command('{"commandType": "PurgeOrderCommand", "orderId": "pg-F-bad"}') #>> '{error,detail}' AS detail;
RESET ROLE;
ALTER TABLE oms.commands OWNER TO CURRENT_USER;
DROP FUNCTION public.pg_keep;
REVOKE CREATE ON SCHEMA public FROM regress_pg_other;
DROP ROLE regress_pg_other;
SELECT pg_temp.purges('pg-F-bad');

-- 9. the guards of events: nothing passes but what is purged, also from a trigger of a user's
UPDATE oms.retention_policies SET action = 'DELETE' WHERE name = 'now';
CREATE FUNCTION public.pg_also() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.aggregate_id = 'pg-T' THEN
    DELETE FROM oms.order_events WHERE aggregate_id = 'pg-N';
  END IF;
  RETURN OLD;
END $$;
SELECT pg_temp.creates('pg-T'), pg_temp.gives('CancelOrder', 'pg-T');
CREATE TRIGGER also BEFORE DELETE ON oms.order_events FOR EACH ROW EXECUTE FUNCTION public.pg_also();
SELECT pg_temp.purges('pg-F-bad');
SELECT pg_temp.tries($$SELECT pg_temp.purges('pg-T')$$);
CREATE OR REPLACE FUNCTION public.pg_also() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
SELECT pg_temp.tries($$SELECT pg_temp.purges('pg-T')$$);
DROP TRIGGER also ON oms.order_events;
SELECT pg_temp.tries('DELETE FROM oms.order_events');
DELETE FROM oms.purged_trees;
UPDATE oms.purged_trees SET policy = 'x';
TRUNCATE oms.purged_trees;
SELECT pg_temp.purges('pg-T');

-- 10. in batches: what is kept is counted, and all were looked at
UPDATE oms.retention_policies SET account = 'PG' WHERE name = 'now';
SELECT count(*) AS made FROM generate_series(1, 7) AS n, LATERAL (SELECT pg_temp.creates('pg-b' || n, '{"account": "PG"}'), CASE WHEN n <> 4 THEN pg_temp.gives('CancelOrder', 'pg-b' || n) END) AS c;
SELECT p.* FROM oms.purge_trees('order', ARRAY['pg-b4', 'pg-b1', 'pg-b2', 'pg-b1', 'pg-N', NULL], now() + interval '1 hour', 600000) AS p;
SELECT count(*) AS tried FROM oms.purge_trees('order', ARRAY['pg-b3', 'pg-b5'], now() + interval '1 hour', -1) AS p;
SELECT ids, done FROM oms.next_to_purge('order', 10000, '2020-01-01 00:00+00');
SELECT (SELECT array_agg(i ORDER BY i) FROM unnest(ids) AS i) AS ids, done FROM oms.next_to_purge('order', 10000, now() + interval '1 hour');
SELECT string_agg(id, ' ' ORDER BY id) FROM oms.orders WHERE id LIKE 'pg-b%';
CALL oms.run_purge(600);
SELECT string_agg(id, ' ' ORDER BY id) FROM oms.orders WHERE id LIKE 'pg-b%';
SELECT pg_temp.creates('pg-b8', '{"account": "PG"}'), pg_temp.gives('CancelOrder', 'pg-b8'),
  pg_temp.does('{"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "pg-b9", "account": "PG", "symbol": "IBM", "side": "BUY", "orderQty": 1}'),
  pg_temp.does('{"commandType": "CancelQuoteRequestCommand", "quoteRequestId": "pg-b9"}');
SELECT trees, done FROM oms.purge(1);
SELECT trees, done FROM oms.purge(1);
SELECT trees, done FROM oms.purge(1);
SELECT * FROM oms.purge_trees('person', '{}', now(), 1000);
SELECT * FROM oms.purge_trees('order', NULL, now(), 1000);
SELECT * FROM oms.purge(0);
SELECT * FROM oms.purge(10, 'infinity');
BEGIN;
CALL oms.run_purge(5);
ROLLBACK;

-- 11. rows that only have an age; partitions; what a dropped kind has left
BEGIN;
INSERT INTO oms.retention_policies (name, object, age) VALUES ('ids', 'command', '0'), ('refusals', 'rejected_command', '0');
SELECT commands > 0 AS commands, rejected_commands > 0 AS refusals FROM oms.purge_records(now => now() + interval '1 hour');
SELECT commands, rejected_commands FROM oms.purge_records(now => now() + interval '1 hour');
ROLLBACK;
CREATE TABLE oms.order_events_2001_01 PARTITION OF oms.order_events FOR VALUES FROM ('2001-01-01 00:00+00') TO ('2001-02-01 00:00+00');
SELECT * FROM oms.drop_empty_partitions();
SELECT * FROM oms.drop_empty_partitions();
INSERT INTO oms.root_ids VALUES ('pg-kind', 'gone');
SELECT invariant, id FROM oms.verify();
SELECT * FROM oms.forget_kind('gone');
SELECT * FROM oms.forget_kind('order');
SELECT pg_temp.creates('pg-kind');

-- 12. what oms.verify() says of it
SELECT * FROM oms.verify();
BEGIN;
ALTER TABLE oms.purged_trees DISABLE TRIGGER ALL;
UPDATE oms.purged_trees SET object_hashes = jsonb_set(object_hashes, '{0,3}', '"00"') WHERE aggregate_id = 'pg-A';
UPDATE oms.purged_trees SET payload = payload || '{"policy": "another"}' WHERE aggregate_id = 'pg-Z';
UPDATE oms.purged_trees SET tree_version = 7 WHERE aggregate_id = 'pg-O';
INSERT INTO oms.purged_ids VALUES ('pg-N');
SELECT v.invariant, v.object, v.id, v.detail FROM oms.verify() AS v ORDER BY v.invariant, v.id, v.detail;
ROLLBACK;

-- 13. a policy that cannot be read, or says neither an age nor that it is a hold, keeps everything: it may be one that does
BEGIN;
ALTER TABLE oms.retention_policies ALTER COLUMN hold DROP NOT NULL, DROP CONSTRAINT retention_policies_hold_check;
UPDATE oms.retention_policies SET hold = NULL, age = NULL, account = NULL;
SELECT pg_temp.creates('pg-W'), pg_temp.gives('CancelOrder', 'pg-W');
SELECT pg_temp.tries($$SELECT pg_temp.purges('pg-W')$$);
SELECT pg_temp.tries($$SELECT oms.purge(10, now() + interval '1 day')$$);
UPDATE oms.retention_policies SET hold = false;
SELECT pg_temp.tries($$SELECT pg_temp.purges('pg-W')$$);
UPDATE oms.retention_policies SET enabled = false;
SELECT pg_temp.tries($$SELECT pg_temp.purges('pg-W')$$);
SELECT count(*) AS kept FROM oms.orders WHERE id = 'pg-W';
ROLLBACK;

DELETE FROM oms.retention_policies;
DROP TABLE public.pg_kept;
DROP FUNCTION public.pg_also;
REVOKE CREATE ON SCHEMA public FROM regress_pg_purger;
DROP OWNED BY regress_pg_purger;
DROP ROLE regress_pg_purger;
