-- psql -v stream=STREAM.csv -v found=FOUND.txt -f replay.sql, as a superuser in a database of its own: the orders of plant.py as commands, then scored.
-- Their events get the times of the recording, for the server's clock would make a minute of five hours; so nothing else in this database is true any more.
\set ON_ERROR_STOP on
DROP EXTENSION IF EXISTS oms_state CASCADE;
CREATE EXTENSION oms_state;
DROP TABLE IF EXISTS stream;
CREATE TABLE stream (n bigserial PRIMARY KEY, ms bigint, price numeric, quantity numeric, side text, planted text);
\set copy '\\copy stream (ms, price, quantity, side, planted) FROM ' :'stream' ' WITH (FORMAT csv)'
:copy
DO $$
BEGIN
  FOR i IN 0 .. (SELECT max(s.n) / 1000 FROM stream AS s) LOOP
    PERFORM count(*) FROM oms_commands((SELECT jsonb_agg(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'b' || s.n, 'symbol', 'BTC/USD', 'account', 'BOOK', 'side', s.side,
      'orderQty', s.quantity, 'price', s.price, 'ordType', 'LIMIT') ORDER BY s.n) FROM stream AS s WHERE s.n / 1000 = i));
    COMMIT;
  END LOOP;
END $$;
DO $$
DECLARE
  leaf regclass;
BEGIN
  FOR leaf IN SELECT t.relid FROM pg_partition_tree('oms.order_events') AS t WHERE t.isleaf LOOP
    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER ALL', leaf);
    EXECUTE format($q$UPDATE %s AS e SET occurred_at = date_trunc('month', now()) + interval '1 day' + make_interval(secs => (s.ms - (SELECT min(f.ms) FROM stream AS f)) / 1000.0)
                      FROM stream AS s WHERE e.aggregate_id = 'b' || s.n$q$, leaf);
    EXECUTE format('ALTER TABLE %s ENABLE TRIGGER ALL', leaf);
  END LOOP;
END $$;
\timing on
DO $$
BEGIN
  WHILE NOT (SELECT s.done FROM oms.score_events(1000) AS s) LOOP
    COMMIT;
  END LOOP;
END $$;
\timing off
\pset format unaligned
\pset tuples_only on
\o :found
SELECT DISTINCT substr(a.id, 2)::integer FROM oms.anomalies AS a ORDER BY 1;
\o
