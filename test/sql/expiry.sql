-- What is due ends by the clock: day orders at the close of their calendar's day, others by their date or time, quotes and requests by theirs; from below, trees whole.
-- What only a counterparty can end is flagged, once. Broken by: an order that expires a moment too early or late, by another calendar, or without one; half a tree;
-- a flag each minute; a time in force that was given later and does not count; what is accepted, kept by a block, or pending and expires all the same.
-- In a database of its own: what is due, or wrong, is all there is.
\set home :DBNAME
CREATE DATABASE regression_expiry TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\connect regression_expiry
SET client_min_messages = warning;
CREATE EXTENSION oms_state;
\set VERBOSITY terse

CREATE FUNCTION pg_temp.give(type text, fields jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r jsonb;
BEGIN
  r := oms_try_command(jsonb_build_object('commandType', type || 'Command') || fields);
  RETURN concat_ws(' ', r ->> 'status', r -> 'error' ->> 'sqlstate', r -> 'error' ->> 'rule');
END $$;
CREATE FUNCTION pg_temp.make(id text, fields jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.give('CreateOrder', jsonb_build_object('orderId', id, 'symbol', 'X', 'side', 'BUY', 'orderQty', 100) || fields) $$;
-- how long after its creation an order was due
CREATE FUNCTION pg_temp.shown(prefix text) RETURNS TABLE (id text, status text, flags text[], transition integer, causation text) LANGUAGE sql AS $$
  SELECT o.id, o.status, o.flags, e.transition, e.payload ->> 'causationId' FROM oms.orders AS o JOIN oms.order_events AS e ON e.aggregate_id = o.id AND e.version = o.version
   WHERE o.id LIKE prefix || '%' ORDER BY o.id $$;

-- Markets that are always open: one whose day ends in some six hours, whatever time it is now, one in twelve, one some minutes after its close, one that is not known any more.
INSERT INTO oms.trading_calendars (name, zone, known_until, expiry_delay) VALUES ('NOON', 'UTC', 'infinity', NULL), ('EVENING', 'UTC', 'infinity', NULL), ('OLD', 'UTC', '2020-01-01', NULL), ('LATE', 'UTC', 'infinity', '30 minutes');
INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time, close_time, open_day_offset)
  SELECT c, d, '00:00', to_char(now() AT TIME ZONE 'UTC' + i, 'HH24:MI'), -1 FROM generate_series(1, 7) AS d
   CROSS JOIN (VALUES ('NOON', interval '6 hours'), ('EVENING', '12 hours'), ('OLD', '6 hours'), ('LATE', '6 hours')) AS v (c, i);
-- the moments by which orders that are made now are due
SELECT oms.next_close('NOON', now()) AS noon, oms.next_close('EVENING', now()) AS evening, oms.next_close('EVENING', now()) + interval '1 day' AS later \gset

-- Nothing is due, and the arguments.
SELECT * FROM oms.expire();
SELECT * FROM oms.expire(NULL);
SELECT * FROM oms.expire('infinity');
SELECT * FROM oms.expire(now(), 0);

-- Each time in force.
SELECT tif, pg_temp.make('tif-' || tif, jsonb_build_object('timeInForce', tif, 'destination', 'NOON') || CASE tif WHEN 'GOOD_TILL_DATE' THEN jsonb_build_object('expireTime', :'evening'::timestamptz) ELSE '{}' END)
  FROM unnest('{DAY,AT_THE_OPENING,AT_THE_CLOSE,GOOD_TILL_CROSSING,GOOD_THROUGH_CROSSING,AT_CROSSING,GOOD_FOR_AUCTION,GOOD_TILL_CANCEL,GOOD_TILL_DATE,IMMEDIATE_OR_CANCEL,FILL_OR_KILL,GOOD_FOR_TIME}'::text[]) AS tif;
SELECT pg_temp.make('tif-absent', '{"destination": "NOON"}'), pg_temp.make('tif-late', '{"destination": "LATE"}'), pg_temp.make('tif-none', '{"destination": "nowhere"}'), pg_temp.make('tif-old', '{"destination": "OLD"}'),
       pg_temp.make('tif-date', jsonb_build_object('destination', 'EVENING', 'timeInForce', 'GOOD_TILL_DATE', 'expireDate', (:'evening'::timestamptz AT TIME ZONE 'UTC')::date)),
       pg_temp.make('tif-time', '{"destination": "NOON", "timeInForce": "GOOD_FOR_TIME", "exposureDuration": "90", "exposureDurationUnit": "10"}');
SELECT id, due_at - :'noon'::timestamptz AS after_noon, due_at - (SELECT o.created_at FROM oms.orders AS o WHERE o.id = d.id) AS after_creation, calendar, why
  FROM oms.due_objects(:'noon'::timestamptz - interval '1 microsecond') AS d WHERE why <> 'DUE' ORDER BY id;
SELECT expired, flagged, skipped_locked, alerts FROM oms.expire(:'noon'::timestamptz - interval '1 microsecond');
SELECT id, status, flags FROM pg_temp.shown('tif-') WHERE id IN ('tif-DAY', 'tif-late', 'tif-none', 'tif-FILL_OR_KILL');
SELECT expired > 0 AS expired, flagged, skipped_locked, alerts FROM oms.expire(:'later');
SELECT * FROM pg_temp.shown('tif-');
SELECT id, reason ~ '^due \d{4}-\d\d-\d\dT\d\d:\d\d:00.000000Z by NOON$' AS reason FROM oms.orders WHERE id = 'tif-DAY';
-- nothing is left, and nothing is flagged again
SELECT * FROM oms.expire(:'later');
-- Trees, from below. An order without a destination has the calendars of what is open below it, the latest of them.
SELECT pg_temp.make('t-A', '{}'), pg_temp.make('t-B', '{"parentId": "t-A", "orderQty": 60, "destination": "NOON"}'), pg_temp.make('t-C', '{"parentId": "t-A", "orderQty": 40, "destination": "EVENING"}'),
       pg_temp.make('t-D', '{"parentId": "t-B", "orderQty": 10, "destination": "NOON"}'),
       pg_temp.make('t-K', '{"destination": "NOON"}'), pg_temp.make('t-L', '{"parentId": "t-K", "orderQty": 10, "destination": "NOON", "timeInForce": "GOOD_TILL_CANCEL"}'),
       pg_temp.make('t-M', '{"destination": "NOON"}'), pg_temp.make('t-N', '{"parentId": "t-M", "orderQty": 10, "destination": "EVENING"}'), pg_temp.give('DoneForDayOrder', '{"orderId": "t-N"}');
SELECT expired, flagged FROM oms.expire(:'noon');
SELECT * FROM pg_temp.shown('t-');
SELECT count(*) FILTER (WHERE e.aggregate_id = 't-D' AND e.sequence < b.sequence) AS below_first FROM oms.order_events AS e CROSS JOIN (SELECT sequence FROM oms.order_events WHERE aggregate_id = 't-B' AND event_type = 'OrderExpired') AS b WHERE e.event_type = 'OrderExpired';
SELECT expired, flagged FROM oms.expire(:'evening');
-- what kept the one above is gone: it expires, without another flag
SELECT pg_temp.give('CancelOrder', '{"orderId": "t-L"}');
SELECT expired, flagged FROM oms.expire(:'evening');
SELECT * FROM pg_temp.shown('t-');

-- What a counterparty has is flagged, once, and what is above it; a client's order that came by FIX is not at a counterparty.
SELECT pg_temp.make('c-A', '{"destination": "NOON"}'), pg_temp.make('c-B', '{"parentId": "c-A", "orderQty": 60, "destination": "NOON", "clOrdID": "c-B"}'), pg_temp.make('c-W', '{"destination": "NOON", "pending": true}'),
       pg_temp.give('AcceptOrder', '{"orderId": "c-B", "orderID": "b1", "execID": "e1", "ordStatus": "NEW"}');
INSERT INTO oms.fix_sessions (session, direction, enabled) VALUES ('CLIENT|US', 'CLIENT', true);
SET oms_state.submit_client_orders = off;
CREATE FUNCTION pg_temp.d(sender text, target text, cl_ord_id text) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE
  body text := replace(format('35=D|49=%s|56=%s|34=1|52=20260302-09:30:00|11=%s|55=X|54=1|38=50|40=2|44=1|100=NOON|60=20260302-09:30:00|', sender, target, cl_ord_id), '|', E'\x01');
  message text := E'8=FIX.4.4\x01' || '9=' || octet_length(body) || E'\x01' || body;
BEGIN
  RETURN oms_fix(message || '10=' || lpad((SELECT sum(ascii(c)) % 256 FROM regexp_split_to_table(message, '') AS c)::text, 3, '0') || E'\x01') #>> '{results,0,state,status}';
END $f$;
SELECT pg_temp.d('CLIENT', 'US', 'c-client'), pg_temp.d('US', 'BROKER', 'c-waits'), pg_temp.d('US', 'BROKER', 'c-works');
RESET oms_state.submit_client_orders;
SELECT o.cl_ord_id, pg_temp.give('AcceptOrder', jsonb_build_object('orderId', o.id)) FROM oms.orders AS o WHERE o.cl_ord_id IN ('c-client', 'c-works') ORDER BY 1;
SELECT expired, flagged FROM oms.expire(:'noon');
SELECT expired, flagged FROM oms.expire(:'noon');
SELECT * FROM pg_temp.shown('c-');
SELECT cl_ord_id, status, flags FROM oms.orders WHERE cl_ord_id IN ('c-client', 'c-waits', 'c-works') ORDER BY 1;
-- another time in force: not overdue until that is over
SELECT pg_temp.give('ReplaceOrder', '{"orderId": "c-B", "timeInForce": "GOOD_TILL_CANCEL"}');
SELECT expired, flagged FROM oms.expire(:'noon');
SELECT pg_temp.give('ExpireOrder', '{"orderId": "c-B", "execID": "e2", "ordStatus": "EXPIRED"}');
SELECT expired, flagged FROM oms.expire(:'noon');
SELECT * FROM pg_temp.shown('c-');
SELECT pg_temp.make('c-X', '{"destination": "NOON"}'), pg_temp.give('AcceptOrder', '{"orderId": "c-X", "orderID": "b2", "execID": "e3", "ordStatus": "NEW"}');
SET oms_state.expire_counterparty_orders = expire;
SELECT expired, flagged FROM oms.expire(:'noon');
RESET oms_state.expire_counterparty_orders;
SELECT * FROM pg_temp.shown('c-X');

-- A client's order that came by FIX is with nobody but us: flagged for what is below it, it ends when that has.
INSERT INTO oms.fix_sessions (session, direction) VALUES ('BROKER|US', 'BROKER');
SET oms_state.submit_client_orders = off;
SELECT pg_temp.d(s, t, 'f-' || s) FROM (VALUES ('CLIENT', 'US'), ('US', 'BROKER')) AS v (s, t);
RESET oms_state.submit_client_orders;
SELECT o.cl_ord_id, pg_temp.give('AcceptOrder', jsonb_build_object('orderId', o.id)), pg_temp.make(o.cl_ord_id || '-1', jsonb_build_object('parentId', o.id, 'orderQty', 20, 'destination', 'NOON', 'timeInForce', 'GOOD_TILL_CANCEL'))
  FROM oms.orders AS o WHERE o.cl_ord_id LIKE 'f-%' ORDER BY 1;
SELECT expired, flagged FROM oms.expire(:'noon');
SELECT pg_temp.give('CancelOrder', jsonb_build_object('orderId', o.id)) FROM oms.orders AS o WHERE o.id LIKE 'f-%';
SELECT expired, flagged FROM oms.expire(:'noon');
SELECT cl_ord_id, status, flags FROM oms.orders WHERE cl_ord_id LIKE 'f-%' ORDER BY 1;
-- what is closed is not looked at
BEGIN;
UPDATE oms.orders SET flags = '{EXPIRY_OVERDUE}' WHERE cl_ord_id = 'f-CLIENT';
SELECT count(*) FROM oms.due_objects(:'noon') WHERE id IN (SELECT o.id FROM oms.orders AS o WHERE o.cl_ord_id = 'f-CLIENT');
ROLLBACK;

-- Whatever times and dates are stated, those of one keep up no other.
SELECT n, u, oms.exposure_duration(jsonb_build_object('exposureDuration', n, 'exposureDurationUnit', u)) FROM (VALUES
  ('90', NULL), ('90', '0'), ('15', '1'), ('1500', '3'), ('3600000000000', '5'), ('2', '13'), ('18', '14'), ('2', '15'), ('999999999999999999', '0'), ('999999999999999999', '15'), ('999999999999999999', '14'), ('999999999999999999', '13'),
  ('1000000000000000000', '0'), ('-1', '0'), ('1.5', '0'), ('', '0'), ('x', '0'), ('1', '6'), ('1', '')) AS v (n, u);
INSERT INTO oms.trading_calendars (name, zone, known_until) VALUES ('NEVER', 'UTC', '-infinity'), ('BEFORE', 'UTC', '4714-11-24 BC');
SELECT pg_temp.make('h-' || n, jsonb_build_object('destination', 'NOON', 'timeInForce', 'GOOD_FOR_TIME', 'exposureDuration', v.d, 'exposureDurationUnit', v.u, 'pending', true)), pg_temp.give('AcceptOrder', jsonb_build_object('orderId', 'h-' || n))
  FROM (VALUES (1, '999999999', '15'), (2, '999999999', '12'), (3, '3600000000000', '5'), (4, 'x', '0')) AS v (n, d, u);
SELECT pg_temp.make('h-date-' || d, jsonb_build_object('destination', c, 'timeInForce', 'GOOD_TILL_DATE', 'expireDate', d)) FROM (VALUES ('0001-01-20', 'NOON'), ('9999-12-31', 'NOON'), ('2001-01-20', 'XNYS')) AS v (d, c);
SELECT pg_temp.make('h-' || c, jsonb_build_object('destination', c)) FROM unnest('{NEVER,BEFORE}'::text[]) AS c;
SELECT expired, flagged, skipped_locked, alerts FROM oms.expire(now() + interval '50 minutes');
SELECT id, status, flags FROM pg_temp.shown('h-');
SELECT expired, flagged, skipped_locked, alerts FROM oms.expire(now() + interval '61 minutes');
SELECT id, status, flags FROM pg_temp.shown('h-3');
SELECT id, calendar, why FROM oms.due_objects() WHERE id LIKE 'h-%' ORDER BY id;
SELECT pg_temp.give('CancelOrder', jsonb_build_object('orderId', o.id)) FROM oms.orders AS o WHERE o.id LIKE 'h-%' AND NOT o.closed;

-- A time in force that is given counts from then on. (The clock of the events cannot be moved: the calendar's close is moved instead.)
SELECT pg_temp.make('g-A', '{"destination": "NOON", "timeInForce": "GOOD_TILL_CANCEL"}'), pg_temp.make('g-B', '{"destination": "NOON"}'), pg_temp.make('g-C', '{"destination": "NOON"}');
SELECT clock_timestamp() AS given \gset
SELECT pg_temp.give('ReplaceOrder', '{"orderId": "g-A", "timeInForce": "DAY"}'), pg_temp.give('ReplaceOrder', '{"orderId": "g-B", "timeInForce": "DAY"}'), pg_temp.give('ReplaceOrder', '{"orderId": "g-C", "price": 5}');
SELECT o.id, oms.time_in_force_since(o.id, o.created_at) > :'given' AS later FROM oms.orders AS o WHERE o.id LIKE 'g-%' ORDER BY o.id;
SELECT expired, flagged FROM oms.expire(:'noon');

-- A block: its members go free when it expires; those that were due with it expire in the same call.
SELECT pg_temp.make('m-A', '{"destination": "NOON"}'), pg_temp.make('m-B', '{"destination": "NOON"}'),
       pg_temp.give('CreateBlockOrder', '{"orderId": "m-K", "destination": "EVENING", "members": [{"orderId": "m-A", "quantity": 50}, {"orderId": "m-B", "quantity": 50}]}');
SELECT expired, flagged FROM oms.expire(:'noon');
SELECT * FROM pg_temp.shown('m-');
SELECT expired, flagged FROM oms.expire(:'evening');
SELECT expired, flagged FROM oms.expire(:'evening');
SELECT * FROM pg_temp.shown('m-');
SELECT pg_temp.make('o-A', '{"destination": "NOON"}'), pg_temp.make('o-B', '{"destination": "NOON"}'),
       pg_temp.give('CreateBlockOrder', '{"orderId": "o-K", "destination": "NOON", "members": [{"orderId": "o-A", "quantity": 50}, {"orderId": "o-B", "quantity": 50}]}');
SELECT expired, flagged FROM oms.expire(:'noon');
SELECT * FROM pg_temp.shown('o-');

-- Quotes and requests. The end of a request is that of its quotes; what waits for a dealer's last look stays.
SELECT pg_temp.give('CreateQuoteRequest', jsonb_build_object('quoteRequestId', r, 'symbol', 'X', 'orderQty', 10, 'side', 'BUY', 'expireTime', :'noon'::timestamptz)),
       pg_temp.give('CreateQuote', jsonb_build_object('quoteId', r || '-Q', 'quoteRequestId', r, 'dealer', 'D', 'offerPx', 10, 'validUntilTime', :'noon'::timestamptz)) FROM unnest('{q-R,q-L,q-S}'::text[]) AS r;
SELECT pg_temp.give('CreateQuoteRequest', '{"quoteRequestId": "q-E", "symbol": "X"}'), pg_temp.give('CreateQuote', jsonb_build_object('quoteId', 'q-E-Q', 'quoteRequestId', 'q-E', 'dealer', 'D', 'offerPx', 10, 'validUntilTime', :'noon'::timestamptz)),
       pg_temp.give('AcceptQuote', '{"quoteId": "q-L-Q", "orderId": "q-L-O", "pending": true, "timeInForce": "GOOD_TILL_CANCEL"}'), pg_temp.give('AcceptQuote', '{"quoteId": "q-S-Q", "orderId": "q-S-O", "timeInForce": "GOOD_TILL_CANCEL"}');
SELECT expired, flagged FROM oms.expire(:'noon'::timestamptz - interval '1 microsecond');
SELECT expired, flagged FROM oms.expire(:'noon');
SELECT id, status FROM oms.quote_requests WHERE id LIKE 'q-%' UNION ALL SELECT id, status FROM oms.quotes WHERE id LIKE 'q-%' ORDER BY 1;
SELECT expired, flagged FROM oms.expire(:'noon');

-- Trees are not divided; a rule that refuses one keeps up no other, and nothing of it goes.
SELECT count(pg_temp.make('n-' || n, '{"destination": "NOON"}')), count(pg_temp.make('n-' || n || '-1', jsonb_build_object('parentId', 'n-' || n, 'destination', 'NOON'))) FROM generate_series(1, 3) AS n;
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES ('not_this', 'order', 'ExpireOrderCommand', $$cur.id <> 'n-2'$$, 'not this one');
SELECT expired, flagged, skipped_locked, alerts FROM oms.expire(:'noon', 1);
SELECT expired, flagged, skipped_locked, alerts FROM oms.expire(:'noon', 3);
SELECT expired, flagged, skipped_locked, alerts FROM oms.expire(:'noon');
SELECT id, status FROM pg_temp.shown('n-');
DELETE FROM oms.validation_rules WHERE name = 'not_this';
SELECT expired, flagged, skipped_locked, alerts FROM oms.expire(:'noon');
-- nor does an error, whichever it is, and whether another tree is due or not; one of the call ends it
SELECT count(pg_temp.make('w-' || n, '{"destination": "NOON"}')) FROM generate_series(1, 3) AS n;
CREATE FUNCTION public.fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = current_setting('test.code'); END $$;
CREATE TRIGGER fails BEFORE UPDATE ON oms.orders FOR EACH ROW WHEN (old.id = 'w-2') EXECUTE FUNCTION public.fails();
DO $$
DECLARE
  code text;
  said text;
BEGIN
  FOREACH code IN ARRAY '{22004,22023,42501,OM008,P0001,XX000,25006,40001,53100,57P01}'::text[] LOOP
    PERFORM set_config('test.code', code, false);
    BEGIN
      SELECT e::text INTO said FROM oms.expire(oms.next_close('NOON', now())) AS e;
      RAISE EXCEPTION '%', said USING ERRCODE = 'ZZ000';
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING '%: % %', code, SQLSTATE, SQLERRM;
    END;
  END LOOP;
END $$;
SET test.code = '22023';
SELECT expired, flagged, skipped_locked, alerts FROM oms.expire(:'noon');
SELECT expired, flagged, skipped_locked, alerts FROM oms.expire(:'noon');
DROP TRIGGER fails ON oms.orders;
SELECT expired, flagged, skipped_locked, alerts FROM oms.expire(:'noon');
-- what has changed since it was found is left
SELECT pg_temp.make('v-A', '{"destination": "NOON"}');
SELECT * FROM oms.expire_trees('{order}', '{v-A}', '{v-A}', '{7}', '{r}');
SELECT * FROM oms.expire_trees('{order}', '{v-A}', '{v-A}', '{1}', NULL);
SELECT * FROM oms.expire_trees('{order}', '{v-A}', '{v-A}', '{1}', '{NULL}');
SELECT * FROM oms.expire_trees('{execution}', '{v-A}', '{v-A}', '{1}', '{r}');
SELECT * FROM oms.expire_trees('{order}', '{nothing}', '{nothing}', '{1}', '{r}');

-- What is planned is placed in the same call, but not of what has expired.
SELECT pg_temp.make('p-A', '{"destination": "NOON"}'), pg_temp.make('p-B', '{"destination": "EVENING"}');
SELECT pg_temp.give('PlaceOrder', jsonb_build_object('orderId', o, 'children', jsonb_build_array(jsonb_build_object('clOrdID', o || '-1', 'orderQty', 10, 'placeAt', :'noon'::timestamptz)))) FROM unnest('{p-A,p-B}'::text[]) AS o;
SELECT expired, flagged FROM oms.expire(:'noon');
SELECT o.id, o.status, o.child_count FROM oms.orders AS o WHERE o.id IN ('p-A', 'p-B') ORDER BY o.id;

SELECT count(*) FROM oms.verify();
\connect :home
DROP DATABASE regression_expiry;
