-- Anomalies: what is measured, learned, found, reviewed, imported, forgotten; who may do and see what.
-- Broken by: an order out of all proportion that is not found, a usual one that is; an event that is scored twice; a confirmed value that stays usual; a dismissed one that
-- does not lower the budget; a measure that looks into tables; profiles without bound; a limited caller who sees other accounts; a purged tree that is still named.

\set VERBOSITY terse
CREATE FUNCTION pg_temp.fails(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- all that other tests have left, and what this one does
CREATE PROCEDURE pg_temp.score_all() LANGUAGE plpgsql AS $$
BEGIN
  WHILE NOT (SELECT s.done FROM oms.score_events(2000) AS s) LOOP
  END LOOP;
END $$;
CREATE FUNCTION pg_temp.orders(tag text, n integer, quantity text DEFAULT '100 + i % 50') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format($q$SELECT count(*) FROM oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', %L || i, 'symbol', 'AN', 'account', 'an-FUND', 'side', 'BUY', 'orderQty', %s)) FROM generate_series(1, %s) AS i))$q$, tag, quantity, n);
END $$;

-- What a feature may be.
SELECT name, object, side, scale, budget, enabled, builtin FROM oms.anomaly_features ORDER BY name;
SELECT pg_temp.fails($$INSERT INTO oms.anomaly_features (name, object, measure, label) VALUES ('an_x', 'nothing', '1', 'x')$$);
SELECT pg_temp.fails($$INSERT INTO oms.anomaly_features (name, object, measure, label) VALUES ('an_x', 'order', 'cur.nothing', 'x')$$);
SELECT pg_temp.fails($$INSERT INTO oms.anomaly_features (name, object, measure, label) VALUES ('an_x', 'order', 'facts.nothing', 'x')$$);
SELECT pg_temp.fails($$INSERT INTO oms.anomaly_features (name, object, measure, label) VALUES ('an_x', 'order', 'cur.order_qty > 1', 'x')$$);
SELECT pg_temp.fails($$INSERT INTO oms.anomaly_features (name, object, measure, label) VALUES ('an_x', 'order', '(SELECT 1)', 'x')$$);
SELECT pg_temp.fails($$INSERT INTO oms.anomaly_features (name, object, measure, label) VALUES ('an_x', 'order', 'oms.limit_of(cur.account, cur.symbol, ''w'')', 'x')$$);
SELECT pg_temp.fails($$INSERT INTO oms.anomaly_features (name, object, measure, label, peers) VALUES ('an_x', 'order', 'cur.order_qty', 'x', '{symbol,order_qty}')$$);
SELECT pg_temp.fails($$INSERT INTO oms.anomaly_features (name, object, measure, label, budget) VALUES ('an_x', 'order', 'cur.order_qty', 'x', 1)$$);
SELECT pg_temp.fails($$UPDATE oms.anomaly_features SET enabled = false WHERE name = 'order_quantity'$$);
-- a rule knows no facts
SELECT pg_temp.fails($$INSERT INTO oms.validation_rules (name, object, predicate, message) VALUES ('an_x', 'order', 'facts.depth > 1', 'x')$$);

CALL pg_temp.score_all();
DELETE FROM oms.anomalies;
-- Here one feature alone, so that what other tests have left is of no account.
INSERT INTO oms.anomaly_features (name, object, event_types, measure, label, peers, side, scale, budget, enabled)
  SELECT f.name, f.object, f.event_types, f.measure, f.label, '{account+symbol,symbol}', f.side, f.scale, 0.01, f.name = 'order_quantity' FROM oms.anomaly_features AS f WHERE f.builtin;
SELECT pg_temp.orders('an-a', 150);
SELECT events, "values", anomalies, done FROM oms.score_events(1000);
-- too few are known
SELECT pg_temp.orders('an-b', 1, '500000');
SELECT events, "values", anomalies, done FROM oms.score_events(1000);
SELECT oms.anomaly_probability('order_quantity', 500000, 'account=an-FUND,symbol=AN');
SELECT pg_temp.orders('an-c', 400);
SELECT events, "values", anomalies, done FROM oms.score_events(1000);
SELECT pg_temp.orders('an-d', 1, '900000');
SELECT events, "values", anomalies, done FROM oms.score_events(1000);
-- nothing is scored twice
SELECT events, "values", anomalies, done FROM oms.score_events(1000);
SELECT feature, object, id, root_id, account, symbol, value, expected BETWEEN 110 AND 140 AS expected, probability < 0.01 AS unlikely, peer, regexp_replace(reason, '\(.*\)', '(odds)') AS reason, status, learned FROM oms.anomalies;
SELECT peer, round(samples) AS samples, usual BETWEEN 110 AND 140 AS usual, cardinality(points) <= 128 AS bounded FROM oms.anomaly_profiles WHERE feature = 'order_quantity' AND peer ~ 'symbol=AN$' ORDER BY peer;

-- What a value far out is, and one that is usual; half of what is usual is below the middle.
SELECT oms.anomaly_probability('order_quantity', q, 'account=an-FUND,symbol=AN') < 0.02 AS far_out, q FROM unnest(ARRAY[125, 149, 100000000, 1, 0]) AS q;
SELECT oms.anomaly_probability('nothing', 1), oms.anomaly_probability('order_quantity', 1, 'symbol=NONE'), oms.anomaly_probability('order_quantity', NULL);
-- Whoever calls it, no operator of his runs as the owner.
CREATE ROLE an_evil;
CREATE SCHEMA an_evil AUTHORIZATION an_evil;
GRANT USAGE ON SCHEMA oms TO an_evil;
GRANT EXECUTE ON FUNCTION oms.anomaly_probability(text, numeric, text) TO an_evil;
SET ROLE an_evil;
CREATE FUNCTION an_evil.same(text, text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'runs as %', current_user; END$$;
CREATE OPERATOR an_evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = an_evil.same);
SET search_path = an_evil, pg_catalog;
SELECT oms.anomaly_probability('order_quantity', 100000000, 'symbol=AN') < 0.02 AS far_out;
RESET search_path;
RESET ROLE;
DROP OWNED BY an_evil;
DROP ROLE an_evil;
-- In a rule; it is null where nothing is known, which passes.
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message, when_missing)
  VALUES ('an_usual', 'order', 'CreateOrderCommand', $$oms.anomaly_probability('order_quantity', (command ->> 'orderQty')::numeric, 'symbol=' || (command ->> 'symbol')) > 0.02$$, 'unusual', 'PASS');
SELECT rule, answer, effect FROM oms.check_rules('{"commandType": "CreateOrderCommand", "symbol": "AN", "side": "BUY", "orderQty": 50000000}') WHERE rule = 'an_usual';
SELECT rule, answer, effect FROM oms.check_rules('{"commandType": "CreateOrderCommand", "symbol": "AN", "side": "BUY", "orderQty": 120}') WHERE rule = 'an_usual';
SELECT rule, answer, effect FROM oms.check_rules('{"commandType": "CreateOrderCommand", "symbol": "AN2", "side": "BUY", "orderQty": 5000000}') WHERE rule = 'an_usual';

-- A review: what is confirmed is taken out, and comes back.
SELECT sequence AS found FROM oms.anomalies WHERE id = 'an-d1' \gset
CREATE FUNCTION pg_temp.learned() RETURNS TABLE (samples numeric, probability numeric) LANGUAGE sql AS $$
  SELECT round(p.samples), round(oms.anomaly_probability('order_quantity', 800000, 'symbol=AN'), 5) FROM oms.anomaly_profiles AS p WHERE p.feature = 'order_quantity' AND p.peer = 'symbol=AN' $$;
SELECT samples FROM pg_temp.learned();
SELECT oms.review_anomaly(:found, 'order_quantity', 'CONFIRMED', 'typed a zero too many');
SELECT samples FROM pg_temp.learned();
SELECT status, reviewed_by = oms.current_actor() AS by_me, reviewed_at IS NOT NULL AS at, note, learned FROM oms.anomalies WHERE id = 'an-d1';
SELECT oms.review_anomaly(:found, 'order_quantity', 'CONFIRMED');
SELECT samples FROM pg_temp.learned();
SELECT oms.review_anomaly(:found, 'order_quantity', 'DISMISSED');
SELECT samples FROM pg_temp.learned();
SELECT feature, anomalies, open, confirmed, dismissed, "precision" FROM oms.anomaly_quality;
SELECT pg_temp.fails(format('SELECT oms.review_anomaly(%s, ''order_quantity'', ''MAYBE'')', :found));
SELECT pg_temp.fails('SELECT oms.review_anomaly(1, ''nothing'', ''OPEN'')');
SELECT pg_temp.fails('SELECT oms.review_anomaly(NULL, NULL, NULL)');
SELECT pg_temp.fails('SELECT * FROM oms.score_events(0)');

-- What a model elsewhere has found.
SELECT oms.import_anomaly_scores(jsonb_build_array(jsonb_build_object('sequence', :found, 'model', 'an_forest', 'reason', 'path of 3', 'probability', 0.01, 'value', 3),
                                                   jsonb_build_object('sequence', 999999999999, 'model', 'an_forest', 'reason', 'of nothing')));
SELECT oms.import_anomaly_scores(jsonb_build_array(jsonb_build_object('sequence', :found, 'model', 'an_forest', 'reason', 'again')));
SELECT feature, id, account, value, probability, reason, status FROM oms.anomalies WHERE feature = 'an_forest';
SELECT pg_temp.fails($$SELECT oms.import_anomaly_scores('[{"sequence": 1, "model": "an_forest"}]')$$);
SELECT pg_temp.fails($$SELECT oms.import_anomaly_scores('[{"sequence": 1, "model": "order_quantity", "reason": "x"}]')$$);
SELECT pg_temp.fails($$SELECT oms.import_anomaly_scores('{}')$$);

-- Names that somebody makes up leave no more profiles than there may be, and those that are rare go first.
UPDATE oms.anomaly_features SET peers_max = 5 WHERE name = 'order_quantity' AND NOT builtin;
SELECT count(*) FROM oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'an-h' || i, 'symbol', 'H' || i, 'account', 'an-HOSTILE', 'side', 'BUY', 'orderQty', 1)) FROM generate_series(1, 200) AS i));
SELECT events, "values", anomalies, done FROM oms.score_events(1000);
SELECT count(*) AS profiles, count(*) FILTER (WHERE peer ~ '=AN$') AS usual FROM oms.anomaly_profiles WHERE feature = 'order_quantity' AND peer NOT IN ('', '#scores');

-- A measure that fails says nothing, and keeps up nobody.
UPDATE oms.anomaly_features SET measure = '1 / (cur.order_qty - 7)' WHERE name = 'order_quantity' AND NOT builtin;
SELECT pg_temp.orders('an-e', 3, '6 + i');
SELECT events, "values", anomalies, done FROM oms.score_events(1000);
-- nor does one that has become none.
SELECT pg_temp.orders('an-f', 3, '6 + i');
BEGIN;
ALTER TABLE oms.anomaly_features DISABLE TRIGGER USER;
UPDATE oms.anomaly_features SET measure = 'cur.nothing_of_the_kind' WHERE name = 'order_quantity' AND NOT builtin;
SELECT events, "values", anomalies, done FROM oms.score_events(1000);
ROLLBACK;
DELETE FROM oms.validation_rules WHERE name = 'an_usual';
DELETE FROM oms.anomaly_features WHERE NOT builtin;
SELECT count(*) FROM oms.verify() AS v WHERE v.invariant <> 'append_only';

-- Figures of a counterparty that are not ours, once for each figure; a tree that went back.
CALL pg_temp.score_all();
DELETE FROM oms.anomalies;
SELECT count(*) FROM oms_commands('[{"commandType": "CreateOrderCommand", "orderId": "an-q", "symbol": "AN", "side": "BUY", "orderQty": 1000},
  {"commandType": "ExecuteOrderCommand", "orderId": "an-q", "execID": "E1", "lastQty": 100, "lastPx": 1, "cumQty": 100},
  {"commandType": "ExecuteOrderCommand", "orderId": "an-q", "execID": "E2", "lastQty": 100, "lastPx": 1, "cumQty": 500},
  {"commandType": "ExecuteOrderCommand", "orderId": "an-q", "execID": "E3", "lastQty": 100, "lastPx": 1, "cumQty": 300}]');
SELECT anomalies FROM oms.score_events(1000);
SELECT feature, id, value, probability, reason FROM oms.anomalies ORDER BY sequence, feature;

-- Who may, and who sees what.
CREATE ROLE an_desk; CREATE ROLE an_limited;
GRANT USAGE ON SCHEMA oms TO an_desk, an_limited;
GRANT SELECT ON oms.anomalies, oms.anomaly_profiles, oms.anomaly_memory TO an_desk, an_limited;
GRANT EXECUTE ON FUNCTION oms.review_anomaly(bigint, text, text, text), oms.score_events(integer), oms.anomaly_probability(text, numeric, text) TO an_desk, an_limited;
BEGIN;
SELECT oms.grant_account('an_limited', 'an-OWN');
SELECT count(*) FROM oms_commands('[{"commandType": "CreateOrderCommand", "orderId": "an-o", "symbol": "AN", "side": "BUY", "orderQty": 1, "account": "an-OWN"},
  {"commandType": "CreateOrderCommand", "orderId": "an-p", "symbol": "AN", "side": "BUY", "orderQty": 1, "account": "an-OTHER"}]');
SELECT oms.import_anomaly_scores((SELECT jsonb_agg(jsonb_build_object('sequence', e.sequence, 'model', 'an_m', 'reason', e.aggregate_id)) FROM oms.order_events AS e WHERE e.aggregate_id IN ('an-o', 'an-p')));
SELECT sequence AS other FROM oms.anomalies WHERE id = 'an-p' \gset
SELECT sequence AS own FROM oms.anomalies WHERE id = 'an-o' \gset
SET LOCAL ROLE an_limited;
SELECT id FROM oms.anomalies WHERE feature = 'an_m';
SELECT pg_temp.fails(format('SELECT oms.review_anomaly(%s, ''an_m'', ''CONFIRMED'')', :other)) ~ '^OM003' AS unseen;
SELECT oms.review_anomaly(:own, 'an_m', 'CONFIRMED');
SELECT pg_temp.fails('SELECT * FROM oms.score_events()');
SELECT (SELECT count(*) FROM oms.anomaly_profiles) AS profiles, (SELECT count(*) FROM oms.anomaly_memory) AS memory, oms.anomaly_probability('order_quantity', 100000000, 'symbol=AN') AS of_all;
RESET ROLE;
SET LOCAL ROLE an_desk;
SELECT id, status FROM oms.anomalies WHERE feature = 'an_m' ORDER BY id COLLATE "C";
SELECT (SELECT count(*) > 5 FROM oms.anomaly_profiles) AS profiles, (SELECT count(*) > 5 FROM oms.anomaly_memory) AS memory, oms.anomaly_probability('order_quantity', 100000000, 'symbol=AN') < 0.02 AS of_all;
SELECT pg_temp.fails('UPDATE oms.anomalies SET status = ''OPEN''');
RESET ROLE;
ROLLBACK;

DROP OWNED BY an_desk, an_limited;
DROP ROLE an_desk, an_limited;
DELETE FROM oms.anomalies;
DELETE FROM oms.anomaly_profiles;
DELETE FROM oms.anomaly_memory;
DELETE FROM oms.anomaly_position;
