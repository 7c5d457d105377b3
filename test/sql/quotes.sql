-- Requests for quotes, quotes and their acceptance, as their callers see them (domain.md 20 to 23).
-- Broken by: an acceptance of what is over, indicative, replaced, too large or on the wrong side; an order at another price than
-- was quoted; a quote that stays open when another is dealt; a last look that two can have; a request that outlives its acceptance.
\set VERBOSITY terse
\pset null '-'
SET timezone = 'UTC';

CREATE FUNCTION pg_temp.send(command jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN r ->> 'status' = 'ACCEPTED'
              THEN (SELECT string_agg(concat_ws(' ', CASE WHEN e.event ->> 'aggregateId' ~ '^qt-' THEN e.event ->> 'aggregateId' ELSE '(made)' END, e.event ->> 'eventType'), ', ' ORDER BY e.n)
                      FROM jsonb_array_elements(r -> 'events') WITH ORDINALITY AS e (event, n))
              ELSE regexp_replace(regexp_replace(concat_ws(' ', r #>> '{error,sqlstate}', r #>> '{error,message}', '-', r #>> '{error,detail}'),
                                                 '[0-9a-f]{8}-[0-9a-f-]{27}', '(made)'), '20[2-9][0-9-]+T[0-9:.]+Z', '(soon)') END
    FROM oms_try_command(command) AS r
$$;
-- A command with the fields after it: send('CreateQuote', 'quoteId', 'qt-1', ...)
CREATE FUNCTION pg_temp.do(name text, VARIADIC fields text[]) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.send(jsonb_object(fields) || jsonb_build_object('commandType', name || 'Command')
                      || CASE WHEN 'pending' = ANY (fields) THEN '{"pending": true}' ELSE '{}' END::jsonb
                      || CASE WHEN 'multipleQuotes' = ANY (fields) THEN '{"multipleQuotes": true}' ELSE '{}' END::jsonb)
$$;
CREATE VIEW pg_temp.r AS
  SELECT id, status, accepted_quote_id AS quote, accepted_order_id IS NOT NULL AS dealt, executed_quantity AS done, cover_quote_id AS cover, cover_px, cover_distance AS distance, reason
    FROM oms.quote_requests WHERE id ~ '^qt-' ORDER BY id;
CREATE VIEW pg_temp.q AS
  SELECT id, quote_request_id AS request, dealer, status, side, bid_px AS bid, offer_px AS offer, accepted_quantity AS qty, accepted_px AS px, executed_quantity AS done,
         reason, answered_at >= accepted_at AS answered, flags
    FROM oms.quotes WHERE id ~ '^qt-' ORDER BY quote_request_id, id;

-- A request, three dealers, and the best of them dealt: the others are declined, the next one is the cover.
SELECT pg_temp.do('CreateQuoteRequest', 'quoteRequestId', 'qt-R1', 'quoteReqID', 'RFQ-1', 'symbol', 'EUR/USD', 'side', 'BUY', 'orderQty', '1000000', 'account', 'ANN', 'currency', 'EUR', 'settlType', '0');
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-A1', 'quoteRequestId', 'qt-R1', 'quoteID', 'a-1', 'dealer', 'ALFA', 'bidPx', '1.0998', 'offerPx', '1.1002', 'bidSize', '5000000', 'offerSize', '5000000');
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-B1', 'quoteRequestId', 'qt-R1', 'quoteID', 'b-1', 'dealer', 'BETA', 'offerPx', '1.1001', 'offerSize', '2000000');
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-C1', 'quoteRequestId', 'qt-R1', 'quoteID', 'c-1', 'dealer', 'GAMA', 'bidPx', '1.0999', 'offerPx', '1.1000', 'minOfferSize', '500000');
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-D1', 'quoteRequestId', 'qt-R1', 'quoteID', 'd-1', 'dealer', 'DELTA', 'offerPx', '1.0950', 'quoteType', 'INDICATIVE');
SELECT * FROM pg_temp.r;
SELECT * FROM pg_temp.q;

-- What cannot be accepted.
SELECT pg_temp.do(c[1], VARIADIC c[2:]) FROM (VALUES
  (ARRAY['AcceptQuote', 'quoteId', 'qt-no']),
  (ARRAY['AcceptQuote', 'quoteId', 'qt-D1']),
  (ARRAY['AcceptQuote', 'quoteId', 'qt-C1', 'side', 'SELL']),
  (ARRAY['AcceptQuote', 'quoteId', 'qt-C1', 'orderQty', '1000001']),
  (ARRAY['AcceptQuote', 'quoteId', 'qt-C1', 'orderQty', '499999']),
  (ARRAY['AcceptQuote', 'quoteId', 'qt-C1', 'orderQty', '0']),
  (ARRAY['AcceptQuote', 'quoteId', 'qt-C1', 'price', '1.1001']),
  (ARRAY['AcceptQuote', 'quoteId', 'qt-C1', 'side', 'CROSS']),
  (ARRAY['CreateQuote', 'quoteRequestId', 'qt-R1', 'dealer', 'ALFA', 'quoteID', 'a-1', 'offerPx', '1']),
  (ARRAY['CreateQuote', 'quoteRequestId', 'qt-R1', 'dealer', 'ALFA', 'symbol', 'GBP/USD', 'offerPx', '1']),
  (ARRAY['CreateQuote', 'quoteRequestId', 'qt-R1', 'dealer', 'ALFA']),
  (ARRAY['CreateQuote', 'dealer', 'ALFA', 'bidPx', '1']),
  (ARRAY['CreateQuote', 'quoteRequestId', 'qt-no', 'bidPx', '1']),
  (ARRAY['CreateQuoteRequest', 'quoteReqID', 'RFQ-1', 'symbol', 'EUR/USD']),
  (ARRAY['CreateQuoteRequest', 'quoteRequestId', 'qt-R1', 'symbol', 'EUR/USD']),
  (ARRAY['CreateQuoteRequest'])) AS t (c);

SELECT pg_temp.do('AcceptQuote', 'quoteId', 'qt-C1', 'clOrdID', 'qt-cl-1', 'price', '1.1');
SELECT * FROM pg_temp.r;
SELECT * FROM pg_temp.q;
SELECT status, symbol, side, ord_type, time_in_force, order_qty, price, account, currency, destination, quote_id, cl_ord_id, parent_id, fix,
       (SELECT accepted_order_id FROM oms.quote_requests WHERE id = 'qt-R1') = id AND (SELECT order_id FROM oms.quotes WHERE id = 'qt-C1') = id AS linked,
       oms.slot_of(id) = oms.slot_of('qt-R1') AS in_slot
  FROM oms.orders WHERE cl_ord_id = 'qt-cl-1';
-- No second one, whatever it names.
SELECT pg_temp.do(c[1], VARIADIC c[2:]) FROM (VALUES
  (ARRAY['AcceptQuote', 'quoteId', 'qt-C1']), (ARRAY['AcceptQuote', 'quoteId', 'qt-B1']), (ARRAY['ReplaceQuote', 'quoteId', 'qt-B1', 'offerPx', '1']),
  (ARRAY['CreateQuote', 'quoteRequestId', 'qt-R1', 'dealer', 'ALFA', 'quoteID', 'a-2', 'offerPx', '1']), (ARRAY['CancelQuote', 'quoteId', 'qt-C1']),
  (ARRAY['ExpireQuote', 'quoteId', 'qt-A1']), (ARRAY['CancelQuoteRequest', 'quoteRequestId', 'qt-R1']), (ARRAY['RejectQuoteRequest', 'quoteRequestId', 'qt-R1'])) AS t (c);

-- Its fills mark both; so does what takes them back.
SELECT pg_temp.send(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', id, 'executionId', 'qt-E1', 'execID', 'qt-e1', 'lastQty', 400000, 'lastPx', 1.1)) FROM oms.orders WHERE cl_ord_id = 'qt-cl-1';
SELECT pg_temp.send(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', id, 'executionId', 'qt-E2', 'execID', 'qt-e2', 'lastQty', 600000, 'lastPx', 1.1)) FROM oms.orders WHERE cl_ord_id = 'qt-cl-1';
SELECT pg_temp.send('{"commandType": "BustExecutionCommand", "executionId": "qt-E1", "execID": "qt-e3", "reason": "error"}');
SELECT id, status, done FROM pg_temp.r UNION ALL SELECT id, status, done FROM pg_temp.q WHERE id = 'qt-C1';

-- Supersession: a dealer's newer quote takes the place of his older one, unless the request wants several, or it leaves a side open.
SELECT pg_temp.do('CreateQuoteRequest', 'quoteRequestId', 'qt-R2', 'symbol', 'VOD.L');
SELECT pg_temp.do('CreateQuote', VARIADIC ARRAY['quoteId', 'qt-A2' || n, 'quoteRequestId', 'qt-R2', 'dealer', 'ALFA', 'quoteID', 'a-2' || n] || sides) FROM (VALUES
  (1, ARRAY['bidPx', '9']), (2, ARRAY['bidPx', '9', 'offerPx', '11']), (3, ARRAY['offerPx', '10.9']), (4, ARRAY['offerPx', '10.8', 'settlType', '6'])) AS t (n, sides);
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-B2', 'quoteRequestId', 'qt-R2', 'dealer', 'BETA', 'bidPx', '9.1', 'offerPx', '10.7', 'bidSize', '50', 'validUntilTime', '2001-01-01T00:00:00Z');
SELECT pg_temp.do('ReplaceQuote', 'quoteId', 'qt-A22', 'bidPx', '9.2', 'quoteID', 'a-22b');
SELECT pg_temp.do('ReplaceQuote', 'quoteId', 'qt-A22', 'bidSize', '5');
SELECT q.*, o.superseding_quote_id AS by, o.superseded_quote_id AS instead_of FROM pg_temp.q AS q JOIN oms.quotes AS o USING (id) WHERE q.request = 'qt-R2';
SELECT pg_temp.do(c[1], VARIADIC c[2:]) FROM (VALUES
  (ARRAY['AcceptQuote', 'quoteId', 'qt-B2', 'side', 'BUY']),
  (ARRAY['AcceptQuote', 'quoteId', 'qt-A22']),
  (ARRAY['AcceptQuote', 'quoteId', 'qt-A22', 'side', 'BUY', 'orderQty', '1']),
  (ARRAY['RejectQuote', 'quoteId', 'qt-A24', 'quoteRespType', 'PASS']),
  (ARRAY['RejectQuote', 'quoteId', 'qt-A23', 'quoteRespType', 'DONE_AWAY']),
  (ARRAY['CancelQuote', 'quoteId', 'qt-A22', 'reason', 'fat finger']),
  (ARRAY['CancelQuoteRequest', 'quoteRequestId', 'qt-R2', 'reason', 'no need'])) AS t (c);
SELECT * FROM pg_temp.q WHERE request = 'qt-R2';
SELECT pg_temp.send('{"commandType": "AcceptQuoteCommand", "quoteId": "qt-A22", "orderQty": 1, "expectedVersion": 1}');
SELECT pg_temp.do('CreateQuoteRequest', 'quoteRequestId', 'qt-R3', 'symbol', 'VOD.L', 'multipleQuotes', 'true');
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-A3' || n, 'quoteRequestId', 'qt-R3', 'dealer', 'ALFA', 'quoteID', 'a-3' || n, 'bidPx', '9') FROM generate_series(1, 2) AS n;
SELECT pg_temp.do('ExpireQuoteRequest', 'quoteRequestId', 'qt-R3');
SELECT id, status, reason FROM pg_temp.q WHERE request = 'qt-R3';

-- Dealers who do not quote.
SELECT pg_temp.send('{"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "qt-R4", "symbol": "VOD.L", "dealers": ["ALFA", "BETA"]}');
SELECT pg_temp.do('RejectQuoteRequest', 'quoteRequestId', 'qt-R4', 'dealer', d, 'reason', 'too small') FROM unnest(ARRAY['ALFA', 'ALFA', 'BETA']) AS d;
SELECT status, dealers, jsonb_path_query_array(rejections, '$[*].dealer') AS rejected FROM oms.quote_requests WHERE id = 'qt-R4';

-- Last look: nobody else deals meanwhile; the dealer confirms by acceptance or fill, or refuses.
SELECT pg_temp.do('CreateQuoteRequest', 'quoteRequestId', 'qt-R5', 'symbol', 'EUR/USD', 'currency', 'USD', 'side', 'BUY', 'orderQty', '100');
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-A5', 'quoteRequestId', 'qt-R5', 'dealer', 'ALFA', 'quoteID', 'a-5', 'bidPx', '1.09', 'offerPx', '1.10');
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-B5', 'quoteRequestId', 'qt-R5', 'dealer', 'BETA', 'quoteID', 'b-5', 'bidPx', '1.08', 'offerPx', '1.11');
SELECT pg_temp.do('AcceptQuote', 'quoteId', 'qt-A5', 'orderId', 'qt-O5', 'pending', 'true');
SELECT * FROM pg_temp.r WHERE id = 'qt-R5';
SELECT id, price, side, status FROM oms.orders WHERE id = 'qt-O5';
SELECT pg_temp.do(c[1], VARIADIC c[2:]) FROM (VALUES
  (ARRAY['AcceptQuote', 'quoteId', 'qt-A5']), (ARRAY['AcceptQuote', 'quoteId', 'qt-B5']), (ARRAY['CancelQuote', 'quoteId', 'qt-A5']), (ARRAY['ExpireQuote', 'quoteId', 'qt-A5']),
  (ARRAY['ReplaceQuote', 'quoteId', 'qt-A5', 'bidPx', '1']), (ARRAY['CancelQuoteRequest', 'quoteRequestId', 'qt-R5']), (ARRAY['ExpireQuoteRequest', 'quoteRequestId', 'qt-R5']),
  (ARRAY['CreateQuote', 'quoteId', 'qt-A6', 'quoteRequestId', 'qt-R5', 'dealer', 'ALFA', 'quoteID', 'a-6', 'bidPx', '1.07'])) AS t (c);
SELECT pg_temp.do('RejectQuote', 'quoteId', 'qt-A5', 'reason', 'moved');
SELECT * FROM pg_temp.r WHERE id = 'qt-R5';
SELECT * FROM pg_temp.q WHERE request = 'qt-R5';
SELECT pg_temp.do('AcceptQuote', 'quoteId', 'qt-B5', 'orderId', 'qt-O6', 'pending', 'true');
SELECT pg_temp.send('{"commandType": "AcceptOrderCommand", "orderId": "qt-O6", "execID": "qt-e6", "execType": "NEW"}');
SELECT * FROM pg_temp.r WHERE id = 'qt-R5';
SELECT * FROM pg_temp.q WHERE request = 'qt-R5';
-- He fills what he had refused: a fact.
SELECT pg_temp.send('{"commandType": "ExecuteOrderCommand", "orderId": "qt-O5", "executionId": "qt-E5", "execID": "qt-e5", "lastQty": 100, "lastPx": 1.09}');
SELECT id, status, flags, executed_quantity AS done FROM oms.orders WHERE id ~ '^qt-O' UNION ALL SELECT id, status, flags, done FROM pg_temp.q WHERE request = 'qt-R5';
-- The last one refused, and nothing is left to deal.
SELECT pg_temp.do('CreateQuoteRequest', 'quoteRequestId', 'qt-R7', 'symbol', 'VOD.L', 'orderQty', '5');
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-A7', 'quoteRequestId', 'qt-R7', 'dealer', 'ALFA', 'bidPx', '9');
SELECT pg_temp.do('AcceptQuote', 'quoteId', 'qt-A7', 'orderId', 'qt-O7', 'pending', 'true');
SELECT pg_temp.send('{"commandType": "RejectOrderCommand", "orderId": "qt-O7", "execID": "qt-e7", "reason": "no"}');
SELECT * FROM pg_temp.r WHERE id = 'qt-R7';
SELECT id, status, reason FROM pg_temp.q WHERE request = 'qt-R7';

-- For a client order: it reserves there.
SELECT pg_temp.do('CreateOrder', 'orderId', 'qt-P', 'symbol', 'VOD.L', 'side', 'SELL', 'orderQty', '100', 'account', 'BEN');
SELECT pg_temp.do('CreateQuoteRequest', 'quoteRequestId', 'qt-R8', 'orderId', 'qt-P');
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-A8', 'quoteRequestId', 'qt-R8', 'dealer', 'ALFA', 'bidPx', '9');
SELECT pg_temp.do('CreateOrder', 'orderId', 'qt-P1', 'parentId', 'qt-P', 'orderQty', '60');
SELECT pg_temp.do('AcceptQuote', 'quoteId', 'qt-A8', 'orderId', 'qt-P2');
SELECT pg_temp.do('AcceptQuote', 'quoteId', 'qt-A8', 'orderId', 'qt-P2', 'orderQty', '40');
SELECT pg_temp.send('{"commandType": "ExecuteOrderCommand", "orderId": "qt-P2", "executionId": "qt-E8", "execID": "qt-e8", "lastQty": 40, "lastPx": 9}');
SELECT id, parent_id, status, side, account, order_qty, price, executed_quantity AS done, unplaced_quantity AS unplaced FROM oms.orders WHERE id ~ '^qt-P' ORDER BY id;
SELECT id, status, done FROM pg_temp.r WHERE id = 'qt-R8' UNION ALL SELECT id, status, done FROM pg_temp.q WHERE request = 'qt-R8';

-- One id or QuoteID is one quote; a size without its price is none; what was quoted is dealt by its dealer, at its price, or not at all.
SELECT pg_temp.do('CreateQuoteRequest', 'quoteRequestId', 'qt-R9', 'symbol', 'VOD.L', 'side', 'BUY', 'orderQty', '100', 'account', 'ANN');
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-A9', 'quoteRequestId', 'qt-R9', 'dealer', 'ALFA', 'quoteID', 'a-9', 'offerPx', '11');
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-B9', 'quoteRequestId', 'qt-R9', 'dealer', 'ALFA', 'quoteID', 'b-9', 'bidPx', '9');
SELECT pg_temp.do(c[1], VARIADIC c[2:]) FROM (VALUES
  (ARRAY['CreateQuote', 'quoteId', 'qt-A9', 'quoteRequestId', 'qt-R9', 'dealer', 'ALFA', 'offerPx', '12']),
  (ARRAY['CreateQuote', 'quoteId', 'qt-A9', 'quoteRequestId', 'qt-R9', 'dealer', 'BETA', 'offerPx', '12']),
  (ARRAY['ReplaceQuote', 'quoteId', 'qt-A9', 'quoteID', 'b-9']),
  (ARRAY['ReplaceQuote', 'quoteId', 'qt-A9', 'offerSize', '5']),
  (ARRAY['AcceptQuote', 'quoteId', 'qt-A9', 'account', 'BEN']),
  (ARRAY['AcceptQuote', 'quoteId', 'qt-A9', 'account', 'ANN', 'orderId', 'qt-O9', 'pending', 'true']),
  (ARRAY['RejectQuote', 'quoteId', 'qt-A9', 'quoteRespType', 'PASS']),
  (ARRAY['CreateOrder', 'orderId', 'qt-O9c', 'parentId', 'qt-O9', 'orderQty', '5']),
  (ARRAY['ReplaceOrder', 'orderId', 'qt-O9', 'price', '12']),
  (ARRAY['RequestReplaceOrder', 'orderId', 'qt-O9', 'orderQty', '101']),
  (ARRAY['ReplaceOrder', 'orderId', 'qt-O9', 'orderQty', '60']),
  (ARRAY['ReplaceOrder', 'orderId', 'qt-O9', 'price', '12', 'execID', 'qt-e9', 'execType', 'REPLACED'])) AS t (c);
SELECT id, status, account, price, order_qty FROM oms.orders WHERE id ~ '^qt-O9';
-- Quotes that end with their request have no copy of a long command each.
SELECT pg_temp.do('CreateQuoteRequest', 'quoteRequestId', 'qt-R10', 'symbol', 'VOD.L');
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-C10', 'quoteRequestId', 'qt-R10', 'dealer', 'GAMA', 'bidPx', '9');
SELECT pg_temp.send(jsonb_build_object('commandType', 'CancelQuoteRequestCommand', 'quoteRequestId', 'qt-R10', 'text', repeat('x', 20000)));
SELECT aggregate_id, event_type, length(payload ->> 'command') > 20000 AS whole FROM (
  SELECT aggregate_id, event_type, payload FROM oms.quote_events UNION ALL SELECT aggregate_id, event_type, payload FROM oms.quote_request_events) AS e
 WHERE event_type ~ 'Cancelled' AND aggregate_id IN ('qt-C10', 'qt-R10') ORDER BY aggregate_id;

-- A quote that nobody asked for.
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-U', 'dealer', 'ALFA', 'symbol', 'VOD.L', 'bidPx', '9', 'bidSize', '10');
SELECT pg_temp.do('AcceptQuote', 'quoteId', 'qt-U', 'orderId', 'qt-OU', 'account', 'BEN');
SELECT id, side, order_qty, price, account FROM oms.orders WHERE id = 'qt-OU';

SELECT valid_until_time - created_at AS lifetime FROM oms.quotes WHERE id = 'qt-U';
SELECT oms.rebuild('quote_requests'), oms.rebuild('quotes'), oms.rebuild('orders');
SELECT * FROM oms.verify();
SELECT count(*) FROM oms.quote_as_of('qt-A5', (SELECT accepted_at FROM oms.quotes WHERE id = 'qt-A5')) AS q WHERE q.status = 'ACTIVE' AND q.order_id = 'qt-O5';

-- For analysts: ranks, distances, outcomes; and what dealers are like.
-- Quotes in either currency of a pair are compared on the side that is dealt of it.
SELECT pg_temp.do('CreateQuoteRequest', 'quoteRequestId', 'qt-R11', 'symbol', 'EUR/USD', 'side', 'BUY', 'orderQty', '5');
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-F' || n, 'quoteRequestId', 'qt-R11', 'dealer', 'EPSI' || n, 'currency', currency, 'bidPx', bid, 'offerPx', offer)
  FROM (VALUES (1, 'EUR', '1.09', '1.1'), (2, 'USD', '1.08', '1.11')) AS t (n, currency, bid, offer);
SELECT quote_id, side, px, rank, distance_to_best AS to_best, distance_to_mid AS to_mid, mid, response_time >= '0' AS responded, hold_time >= '0' AS held, outcome
  FROM oms.quote_competition WHERE quote_id ~ '^qt-' ORDER BY quote_request_id, quote_id;
SELECT dealer, symbol, requests, quoted, quotes, dealt, covers, last_look_rejects AS rejects, hit_ratio, cover_ratio, response_ratio, average_rank, average_distance
  FROM oms.dealer_statistics WHERE dealer IN ('ALFA', 'BETA', 'GAMA', 'DELTA') AND symbol IN ('EUR/USD', 'VOD.L') ORDER BY dealer, symbol;

-- A broken link is found, wherever it is broken.
SET client_min_messages = error;
CREATE FUNCTION pg_temp.found(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
  BEGIN
    EXECUTE change;
    SELECT string_agg(concat_ws(' ', v.object, v.id), ', ' ORDER BY v.object, v.id) INTO found FROM (
      SELECT * FROM oms.verify_quotes() UNION ALL SELECT * FROM oms.verify_quote_requests()) AS v;
    RAISE EXCEPTION USING ERRCODE = 'ZZ999';
  EXCEPTION WHEN SQLSTATE 'ZZ999' THEN RETURN found;
  END;
END
$$;
SELECT change, regexp_replace(pg_temp.found(change), '[0-9a-f]{8}-[0-9a-f-]{27}', '(made)') AS found FROM unnest(ARRAY[
  'UPDATE oms.quotes SET order_id = NULL WHERE id = ''qt-C1''',
  'UPDATE oms.quotes SET order_id = ''qt-O5'' WHERE id = ''qt-C1''',
  'UPDATE oms.quotes SET quote_request_id = ''qt-R2'', root_id = ''qt-R2'' WHERE id = ''qt-C1''',
  'UPDATE oms.quotes SET accepted_px = 1.2 WHERE id = ''qt-C1''',
  'UPDATE oms.quotes SET accepted_quantity = 1000001 WHERE id = ''qt-C1''',
  'UPDATE oms.quotes SET executed_quantity = 1 WHERE id = ''qt-C1''',
  'UPDATE oms.quotes SET status = ''ACTIVE'' WHERE id = ''qt-B1''',
  'UPDATE oms.quotes SET superseding_quote_id = NULL WHERE id = ''qt-A21''',
  'UPDATE oms.quote_requests SET accepted_quote_id = ''qt-A1'' WHERE id = ''qt-R1''',
  'UPDATE oms.quote_requests SET accepted_order_id = ''qt-O5'' WHERE id = ''qt-R1''',
  'UPDATE oms.quote_requests SET executed_quantity = 1 WHERE id = ''qt-R1''',
  'UPDATE oms.quote_requests SET cover_px = 1 WHERE id = ''qt-R1''',
  'UPDATE oms.quote_requests SET cover_quote_id = ''qt-A1'' WHERE id = ''qt-R1''',
  'UPDATE oms.quote_requests SET status = ''QUOTED'' WHERE id = ''qt-R1''',
  'UPDATE oms.quote_requests SET quoted_at = NULL WHERE id = ''qt-R1''',
  'UPDATE oms.orders SET quote_id = ''qt-A1'' WHERE id = ''qt-O5''',
  'UPDATE oms.orders SET quote_id = NULL WHERE id = ''qt-O6''',
  'DELETE FROM oms.quote_req_ids WHERE quote_req_id = ''RFQ-1''',
  'DELETE FROM oms.dealer_quote_ids WHERE dealer_quote_id = ''c-1''',
  'UPDATE oms.dealer_quote_ids SET quote_id = ''nobody'' WHERE dealer_quote_id = ''c-1''']) AS t (change);

-- What a side takes.
SELECT symbol, currency, oms.quote_takes_offer(symbol, currency, 'BUY') AS buy, oms.quote_takes_offer(symbol, currency, 'SELL_SHORT') AS sell, oms.quote_takes_offer(symbol, currency, 'CROSS') AS cross
  FROM (VALUES ('EUR/USD', 'EUR'), ('EUR/USD', 'USD'), ('EUR/USD', NULL), ('BTC/USDT', 'USDT'), ('BTC/USDT', 'USD'), ('/USD', 'USD'), ('BRK/B', 'USD'), ('VOD.L', 'GBP')) AS t (symbol, currency);
SELECT pg_temp.do('CreateQuote', 'quoteId', 'qt-V', 'dealer', 'ALFA', 'symbol', 'BTC/USDT', 'currency', 'USDT', 'bidPx', '90000', 'offerPx', '90010', 'bidSize', '10');
SELECT pg_temp.do('AcceptQuote', 'quoteId', 'qt-V', 'orderId', 'qt-OV', 'side', 'BUY');
SELECT id, side, order_qty, price FROM oms.orders WHERE id = 'qt-OV';
