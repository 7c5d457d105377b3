-- FIX messages of quotes: R, AG, S, AJ, AI, Z, b and i, in 4.4 and 5.0 SP2, and the reports on the orders of acceptances.
-- Broken by: a field of one symbol, entry, leg or party that is taken for another's or for the message's; a quote of another session
-- that is ended or replaced; a message that is told twice and changes anything; a hit of a quote that is not the one meant, or at
-- another price; a dealer's report on an acceptance that finds no order; a late message that is lost.
\set VERBOSITY terse
\pset null '-'
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- "S DLR>US 117=a|55=X": type, sender and target, the body.
CREATE FUNCTION pg_temp.wire(line text, version text DEFAULT 'FIX.4.4') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  p text[] := regexp_match(line, '^(\S+) (\S+)>(\S+) (.*)$');
  m text := format('35=%s|49=%s|56=%s|34=1|52=20260302-09:30:00|%s|', p[1], p[2], p[3], p[4]);
  s bigint;
BEGIN
  m := format('8=%s|9=%s|%s', version, length(m), m);
  SELECT sum(CASE WHEN c = '|' THEN 1 ELSE ascii(c) END) % 256 INTO s FROM regexp_split_to_table(m, '') AS c;
  RETURN m || '10=' || lpad(s::text, 3, '0') || '|';
END
$$;
CREATE FUNCTION pg_temp.said(r jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT regexp_replace(concat_ws(' ', r->>'status', r->>'reason', r->'error'->>'sqlstate', r->'error'->>'message', r->'error'->>'detail',
    (SELECT string_agg(concat_ws(' ', CASE WHEN x->'duplicate' = 'true' THEN 'duplicate' END, x#>>'{state,status}',
                                 (SELECT '(' || string_agg(e->>'eventType', ' ' ORDER BY n) || ')' FROM jsonb_array_elements(x->'events') WITH ORDINALITY AS t (e, n))), ', ' ORDER BY i)
       FROM jsonb_array_elements(r->'results') WITH ORDINALITY AS t (x, i))), '[0-9a-f]{8}-[0-9a-f-]{27}', '(made)', 'g')
$$;
CREATE FUNCTION pg_temp.send(line text, version text DEFAULT 'FIX.4.4') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.said(oms_try_fix(pg_temp.wire(line, version)))
$$;
CREATE VIEW pg_temp.r AS
  SELECT quote_req_id AS req, status, symbol, side, order_qty AS qty, currency AS ccy, settl_type AS st, settl_date AS sd, account AS acct, dealers, accepted_quote_id IS NOT NULL AS hit
    FROM oms.quote_requests ORDER BY created_at, quote_req_id;
CREATE VIEW pg_temp.q AS
  SELECT quote_id AS quote, quote_set_id AS set, quote_entry_id AS entry, quote_req_id AS req, dealer, status, quote_type AS type, symbol, bid_px AS bid, bid_size AS bsz, offer_px AS offer, offer_size AS osz, reason, flags, version AS v
    FROM oms.quotes ORDER BY created_at, id;

-- An R of two symbols is two requests; legs, parties and terms go to the symbol that they stand in.
SELECT pg_temp.send('R US>DLR 131=R1|146=2|55=EUR/USD|54=1|38=1000000|15=EUR|63=0|64=20260304|1=ANN|40=C|62=20990101-00:00:00|126=20990102-00:00:00|60=20260302-09:30:00|453=2|448=FQA|447=D|452=1|448=TRD|447=D|452=11'
                   '|55=SWAP|537=1|555=2|600=EUR/USD|624=1|687=5|588=20260304|600=EUR/USD|624=2|687=6|588=20260604|539=1|524=X|525=D|538=1|692=1|453=2|448=FQA|452=1|448=FQB|452=35|58=please');
SELECT * FROM pg_temp.r;
SELECT quote_req_id, expire_time, text, legs, fix FROM oms.quote_requests ORDER BY created_at, quote_req_id;
SELECT count(DISTINCT oms.slot_of(id)), min(oms.slot_of(id)) = (oms.route_fix(pg_temp.wire('R US>DLR 131=R1|146=1|55=EUR/USD'))).slot AS as_routed FROM oms.quote_requests;

-- The same again: refused, unless it says that it may have been sent before. In another session it is another request.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'R US>DLR 131=R1|146=1|55=EUR/USD', 'R US>DLR 97=Y|131=R1|146=1|55=EUR/USD',
  'R US>DLR 97=Y|131=R1|146=2|55=EUR/USD|54=1|38=1000000|15=EUR|63=0|64=20260304|1=ANN|40=C|62=20990101-00:00:00|126=20990102-00:00:00|60=20260302-09:31:00|453=2|448=FQA|447=D|452=1|448=TRD|447=D|452=11|55=SWAP|537=1|555=2|600=EUR/USD|624=1|687=5|588=20260304|600=EUR/USD|624=2|687=6|588=20260604|539=1|524=X|525=D|538=1|692=1|453=2|448=FQA|452=1|448=FQB|452=35|58=please',
  'R US>DLR 131=R2|146=2|55=EUR/USD', 'R US>DLR 131=R2', 'R US>DLR 146=1|55=EUR/USD', 'R US>DLR 131=R2|146=1|55=EUR/USD|54=Z', 'R US>DLR 131=R2|146=1|55=EUR/USD|126=20260302', 'R US>DLR 131=R2|146=1|55=']) AS l;

-- S: the quote of the symbol that it names; told twice it changes nothing; another content under its QuoteID is another version.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'S DLR>US 131=R1|117=A1|55=EUR/USD|132=1.0998|133=1.1002|134=5000000|135=3000000|188=1.0990|189=0.0008|62=20990101-00:00:00|60=20260302-09:30:01|423=20|58=hi|555=1|600=EUR/USD|681=1.1',
  'S DLR>US 131=R1|117=A1|55=EUR/USD|132=1.0998|133=1.1002|134=5000000|135=3000000|188=1.0990|189=0.0008|62=20990101-00:00:00|60=20260302-09:30:01|423=20|58=hi|555=1|600=EUR/USD|681=1.1',
  'S DLR>US 131=R1|117=A1|55=EUR/USD|132=0|134=0|133=1.1001|135=2000000|62=20990101-00:00:00|60=20260302-09:30:02',
  'S DLR>US 131=R1|117=A1|43=Y|55=EUR/USD|132=1.0998|133=1.1002|134=5000000|135=3000000|188=1.0990|189=0.0008|62=20990101-00:00:00|60=20260302-09:30:03|423=20|58=hi|555=1|600=EUR/USD|681=1.1',
  'S DLR>US 131=R1|117=B1|453=1|448=FQB|447=D|452=1|55=SWAP|132=-1|133=2|537=1|62=20990101-00:00:00',
  'S DLR>US 131=R1|117=C1|453=1|448=FQC|447=D|452=1|55=EUR/USD|133=1.1003|537=0|62=20990101-00:00:00',
  'S DLR>US 131=R1|117=D1|55=GBP/USD|133=1.1003', 'S DLR>US 131=R1|117=D1|55=EUR/USD', 'S DLR>US 131=R1|117=D1|55=EUR/USD|133=many', 'S DLR>US 131=R1|55=EUR/USD|133=1']) AS l;
SELECT * FROM pg_temp.q;
SELECT quote_id, bid_spot_rate, bid_forward_points, text, legs, fix FROM oms.quotes ORDER BY created_at;
-- Nobody asked; and who takes back what he quotes.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'S DLR>US 117=U1|55=VOD|132=9|134=10|62=20990101-00:00:00', 'S DLR>US 117=U1|55=VOD|132=9.1|134=10|62=20990101-00:00:00', 'S DLR>US 117=U1|55=VOD|132=0|133=0', 'S DLR>US 117=U1|55=VOD|132=9.2|133=0|134=10|135=0',
  'S DLR>US 117=U2|131=NONE|55=VOD|132=0|134=10', 'S DLR>US 117=U3|131=R9|55=VOD|632=3.5|634=3.4|235=MATURITY|218=12', 'S DLR>US 117=U3|55=VOD|132=0', 'S DLR>US 115=HUBDLR|117=U4|55=VOD|132=9']) AS l;
SELECT quote, req, dealer, status, bid, bsz, offer, reason, v FROM pg_temp.q WHERE quote ~ '^U';
SELECT bid_yield, offer_yield, fix FROM oms.quotes WHERE quote_id = 'U3';

-- A request of SQL callers; and a client's, which goes out to dealers under its own QuoteReqID.
SELECT oms_command('{"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "fq-S", "quoteReqID": "S1", "symbol": "VOD"}') ->> 'status';
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'S DLR>US 131=S1|117=S1A|55=VOD|132=9|62=20990101-00:00:00', 'R CLI>US 131=K1|146=1|55=VOD|54=2|38=10', 'S DLR>US 131=K1|117=K1A|55=VOD|132=9|62=20990101-00:00:00', 'S OTH>US 131=K1|117=K1A|55=VOD|132=9.1|62=20990101-00:00:00',
  'R CLI2>US 131=K1|146=1|55=VOD', 'S DLR>US 131=K1|117=K1B|55=VOD|132=9']) AS l;
SELECT q.quote_id, q.dealer, q.fix_session, r.fix_session AS request FROM oms.quotes AS q JOIN oms.quote_requests AS r ON r.id = q.quote_request_id WHERE q.quote_req_id IN ('S1', 'K1') ORDER BY q.created_at;

-- AG: who was asked in his session ends it; of others a dealer speaks for himself.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'R US>DLR 131=G1|146=2|55=X|55=Y', 'AG DLR>US 131=G1|658=9|146=1|55=Y|58=none left', 'AG DLR>US 131=G1|97=Y|658=9|146=1|55=Y|58=none left', 'AG DLR>US 131=G1|658=9|146=1|55=Z', 'AG DLR>US 131=none|658=1', 'AG DLR>US 131=G1',
  'AG DLR>US 131=S1|658=4|146=1|55=VOD', 'AG DLR>US 131=S1|43=Y|658=4|146=1|55=VOD']) AS l;
SELECT quote_req_id, status, reason, text, jsonb_path_query_array(rejections, '$[*].dealer') AS by FROM oms.quote_requests WHERE quote_req_id ~ '^[GS]1' ORDER BY created_at, quote_req_id;

-- AJ: a hit is an acceptance at the price that it names, any other answer ends the quote.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'AJ US>DLR 693=1|694=1|117=A1|11=o-1|55=EUR/USD|54=1|38=500000|44=1.1002', 'AJ US>DLR 693=2|694=1|117=A1|11=o-1|55=EUR/USD|54=1|38=500000|133=1.1002|132=1.0998', 'AJ US>DLR 693=3|694=1|117=C1|11=o-1|55=EUR/USD|54=1',
  'AJ US>DLR 693=4|694=1|117=A1|11=o-1|55=GBP/USD|54=1', 'AJ US>DLR 693=5|694=1|117=nope|55=EUR/USD', 'AJ US>DLR 693=5|694=7|117=A1|55=EUR/USD', 'AJ US>DLR 693=5|117=A1|55=EUR/USD', 'AJ US>DLR 693=5|694=1|55=EUR/USD',
  'AJ US>DLR 693=6|694=1|117=A1|11=o-1|55=EUR/USD|54=1|38=500000|133=1.1001|60=20260302-09:30:05', 'AJ US>DLR 97=Y|693=6|694=1|117=A1|11=o-1|55=EUR/USD|54=1|38=500000|133=1.1001|60=20260302-09:31:05',
  'AJ US>DLR 693=7|694=1|117=A1|11=o-2|55=EUR/USD|54=1|38=500000|133=1.1001']) AS l;
SELECT cl_ord_id, status, side, order_qty, price, ord_type, time_in_force, account, destination, fix FROM oms.orders WHERE cl_ord_id = 'o-1';
SELECT * FROM pg_temp.r WHERE req = 'R1';
SELECT quote, status, reason, flags FROM pg_temp.q WHERE req = 'R1';
SELECT pg_temp.send('S DLR>US 117=V' || n || '|55=VOD|132=9|133=10|62=20990101-00:00:00') AS s, pg_temp.send(format('AJ US>DLR 693=%s|694=%s|117=V%s|55=VOD|132=8', n, n, n)) AS aj FROM generate_series(2, 12) AS n;
SELECT quote, status, reason FROM pg_temp.q WHERE quote ~ '^V' ORDER BY length(quote), quote;
-- The dealer fills it: by ClOrdID, by OrderID, or by QuoteID alone.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  '8 DLR>US 37=d1|11=o-1|17=e1|150=F|39=2|55=EUR/USD|54=1|38=500000|32=500000|31=1.1001|14=500000|151=0|6=1.1001']) AS l;
SELECT q.quote_id, q.executed_quantity, r.status, o.status FROM oms.quotes AS q JOIN oms.quote_requests AS r ON r.id = q.quote_request_id JOIN oms.orders AS o ON o.id = q.order_id WHERE q.quote_id = 'A1';
-- A client hits a dealer's quote, which he knows by his own request (5.0 SP2).
SELECT pg_temp.send(l, 'FIXT.1.1') FROM unnest(ARRAY['AJ CLI>US 693=1|694=1|117=K1A|55=VOD', 'R CLI>US 131=K2|146=1|55=VOD|54=2|38=10', 'S DLR>US 131=K2|117=K2A|55=VOD|132=9|62=20990101-00:00:00', 'AJ CLI>US 693=1|694=1|131=K2|117=K2A|55=VOD|11=c-2']) AS l;
SELECT fix_session, cl_ord_id, side, order_qty, price, destination FROM oms.orders WHERE cl_ord_id = 'c-2';


-- Z: one quote, those of a symbol, a dealer, a request or a type, all of the session; never another session's.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'S ZED>US 117=Z1|55=VOD|132=9|62=20990101-00:00:00', 'S ZED>US 117=Z2|55=VOD|133=9|62=20990101-00:00:00|453=1|448=FQZ|452=1', 'S ZED>US 117=Z3|55=BP|132=9|62=20990101-00:00:00|167=CS|48=GB1', 'S ZED>US 117=Z4|55=GSK|132=9|537=2|62=20990101-00:00:00',
  'S ZED>US 117=Z5|55=AZN|132=9|62=20990101-00:00:00', 'S ZED>US 117=Z6|55=BT|132=9|62=20990101-00:00:00', 'S ZED>US 131=S1|117=Z7|55=VOD|132=9|62=20990101-00:00:00', 'S ZED>US 117=Z8|55=VOD|132=9|62=20990101-00:00:00', 'S ZAP>US 117=Z1|55=VOD|132=9|62=20990101-00:00:00',
  'AJ US>ZED 693=1|694=1|117=Z6|55=BT|38=5|11=z-6']) AS l;
SELECT l, pg_temp.send(l) FROM unnest(ARRAY[
  'Z ZED>US 117=Z9|298=5', 'Z ZED>US 117=Z1|298=1|58=gone', 'Z ZED>US 97=Y|117=Z1|298=1|58=gone', 'Z ZED>US 117=Z1|298=5', 'Z ZED>US 298=4|117=*|453=1|448=FQZ|452=1', 'Z ZED>US 117=x|298=2|295=1|55=[N/A]|167=CS', 'Z ZED>US 117=x|298=6|537=2',
  'Z ZED>US 131=S1|298=1', 'Z ZED>US 117=Z6|298=1', 'Z ZED>US 117=x|298=1|295=2|55=AZN|55=BP', 'Z ZED>US 117=x|298=9', 'Z ZED>US 117=x|298=4', 'Z ZED>US 117=x|298=4', 'Z ZED>US 117=x']) AS l;
SELECT quote, dealer, status, reason, flags, v FROM pg_temp.q WHERE quote ~ '^Z';
-- Who asked asks no more: that ends the request, and he takes back nobody's quote.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'R US>ZED 131=ZR|146=2|55=X|55=Y', 'S ZED>US 131=ZR|117=ZR1|55=X|132=1', 'Z US>ZED 117=ZR1|298=5', 'Z US>ZED 131=ZR|117=x|298=1|295=1|55=Y', 'Z US>ZED 131=ZR|117=x|298=4', 'Z US>ZED 131=ZR|97=Y|117=x|298=4', 'Z US>ZED 131=ZR|117=x|298=4']) AS l;
SELECT req, status FROM pg_temp.r WHERE req ~ '^ZR';

-- AI: what the dealer says of a hit, or of a quote; what only tells how it stands changes nothing. A session whose dealer has the last look.
INSERT INTO oms.fix_sessions (session, direction, last_look) VALUES ('LL|US', 'BROKER', true);
CREATE FUNCTION pg_temp.hit(dealer text, id text, ai int) RETURNS text LANGUAGE sql AS $$
  SELECT array_to_string((array_agg(pg_temp.send(l) ORDER BY n))[4:], ', ')
    FROM unnest(ARRAY[format('R US>%s 131=%s|146=1|55=VOD|54=1|38=5', dealer, id), format('S %s>US 131=%s|117=%s|55=VOD|133=9|62=20990101-00:00:00', dealer, id, id), format('AJ US>%s 693=1|694=1|117=%s|55=VOD|11=%s', dealer, id, id),
                      format('AI %s>US 117=%s|55=VOD|297=%s', dealer, id, ai), format('AI %s>US 43=Y|117=%s|55=VOD|297=%s', dealer, id, ai)]) WITH ORDINALITY AS t (l, n)
$$;
SELECT ai, pg_temp.hit('LL', 'L' || ai, ai) AS last_look, pg_temp.hit('NL', 'N' || ai, ai) AS dealt FROM generate_series(0, 23) AS ai;
SELECT o.cl_ord_id, o.status AS "order", q.status AS quote, r.status AS request, q.reason, q.flags, q.answered_at IS NOT NULL AS answered
  FROM oms.orders AS o JOIN oms.quotes AS q ON q.order_id = o.id JOIN oms.quote_requests AS r ON r.id = q.quote_request_id WHERE o.cl_ord_id ~ '^[LN]\d' ORDER BY left(o.cl_ord_id, 1), substr(o.cl_ord_id, 2)::int;
-- Of a quote that nobody has hit; by its asker; of a request; of none.
SELECT ai, pg_temp.send('S FR>US 117=F' || ai || '|55=VOD|133=9|62=20990101-00:00:00') AS s, pg_temp.send(format('AI FR>US 117=F%s|55=VOD|297=%s|300=8|58=so', ai, ai)) AS ai FROM generate_series(0, 23) AS ai;
SELECT quote, status, reason FROM pg_temp.q WHERE quote ~ '^F\d' AND status <> 'ACTIVE' ORDER BY length(quote), quote;
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'R US>LL 131=LA|146=1|55=VOD|54=1|38=5', 'S LL>US 131=LA|117=LA|55=VOD|133=9|62=20990101-00:00:00', 'AJ US>LL 693=1|694=1|117=LA|55=VOD|11=LA', 'AI US>LL 117=LA|55=VOD|297=0', 'AJ US>LL 693=2|694=6|117=LA|55=VOD', 'S LL>US 131=LA|117=LA|55=VOD|133=8',
  'Z LL>US 117=LA|298=1', '8 LL>US 37=ll1|17=ll1|11=other|117=LA|150=8|39=8|55=VOD|54=1|14=0|151=0|6=0', '8 LL>US 37=ll1|17=ll1|11=NONE|117=LA|150=8|39=8|55=VOD|54=1|14=0|151=0|6=0',
  'AI LL>US 131=S1|55=VOD|297=11', 'AI LL>US 117=no|55=VOD|297=0', 'AI LL>US 117=no|55=VOD|297=4', 'AI LL>US 117=no|55=VOD']) AS l;
SELECT quote, status, reason, flags FROM pg_temp.q WHERE quote = 'LA';
SELECT jsonb_path_query_array(rejections, '$[*].dealer') AS declined FROM oms.quote_requests WHERE id = 'fq-S';

-- Reports on an acceptance that came from elsewhere: by QuoteID, whatever ClOrdID the dealer was sent.
SELECT oms_command(jsonb_build_object('commandType', 'AcceptQuoteCommand', 'quoteId', id, 'orderQty', 3)) #>> '{state,status}' AS hit FROM oms.quotes WHERE quote_id = 'F8';
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  '8 FR>US 37=f8|11=wire-1|17=f8-1|117=F8|150=F|39=1|55=BP|54=1|32=1|31=9|14=1|151=2|6=9', '8 FR>US 37=f8|11=wire-1|17=f8-1|117=F8|150=F|39=1|55=VOD|54=2|32=1|31=9|14=1|151=2|6=9', '8 FR>US 37=f8|11=wire-1|17=f8-1|117=F8|150=F|39=1|55=VOD|54=1|32=1|31=9|14=1|151=2|6=9',
  '8 FR>US 37=f8|17=f8-2|150=F|39=2|55=VOD|54=1|32=2|31=9|14=3|151=0|6=9', '8 DLR>US 37=k2|11=wire-2|17=k2-1|117=K2A|150=F|39=2|55=VOD|54=2|32=10|31=9|14=10|151=0|6=9']) AS l;
SELECT o.status, o.executed_quantity, q.executed_quantity AS of_quote, o.fix_session, o.cl_ord_id FROM oms.orders AS o JOIN oms.quotes AS q ON q.order_id = o.id WHERE q.quote_id IN ('F8', 'K2A') ORDER BY q.quote_id;

-- i: every entry is a quote of its own; its set and entry name it the next time, whatever the QuoteID.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'i MM>US 117=m1|537=1|293=100|294=200|296=2|302=A|311=IDX|367=20990101-00:00:00|304=3|295=2|299=1|55=X1|555=1|600=L|132=10|133=11|299=2|55=X2|132=20|134=7|62=20990201-00:00:00|302=B|311=IDY|304=1|295=1|299=1|133=31',
  'i MM>US 117=m1|43=Y|537=1|293=100|294=200|296=2|302=A|311=IDX|367=20990101-00:00:00|304=3|295=2|299=1|55=X1|555=1|600=L|132=10|133=11|299=2|55=X2|132=20|134=7|62=20990201-00:00:00|302=B|311=IDY|304=1|295=1|299=1|133=31',
  'i MM>US 117=m1|296=1|302=B|304=1|295=1|299=1|133=31|135=5',
  'i MM>US 117=m2|296=1|302=A|304=2|295=3|299=1|132=10.5|134=1|133=11.5|135=2|299=2|132=0|133=0|299=9|132=0', 'i MM>US 117=m3|296=1|302=A|304=2|295=1|299=9|132=0', 'i MM>US 117=m3|296=1|302=A|304=2|295=2|299=9|132=1|55=X9|299=9|132=2|55=X9',
  'i MM>US 117=m3|296=1|302=A|304=2|295=2|299=9|132=1', 'i MM>US 117=m3|296=1|302=A|295=1|55=X9|132=1', 'i MM>US 117=m3|296=1|302=A|304=1|295=1|299=3|132=1', 'i MM>US 296=1|302=A|304=1|295=1|299=3|132=1', 'i MM>US 117=m4|296=1|302=A|304=1|295=1|299=1|55=X7|132=1|62=20990101-00:00:00']) AS l;
SELECT quote, set, entry, status, type, symbol, bid, bsz, offer, osz, reason, v FROM pg_temp.q WHERE dealer = 'MM';
SELECT quote_set_id, quote_entry_id, symbol, valid_until_time > '2099-01-15' AS later, valid_until_time < '2050-01-01' AS default, legs, fix, oms.slot_of(id) = (oms.route_fix(pg_temp.wire('i MM>US 117=q|296=1|302=A|304=1|295=1|299=1|132=1'))).slot AS as_routed FROM oms.quotes WHERE dealer = 'MM' ORDER BY created_at, id;
-- One of the entries is hit, by its symbol; it stays as it is while its dealer has the last look. It answers a request, too.
DELETE FROM oms.fix_sessions WHERE session = 'LL|US';
INSERT INTO oms.fix_sessions (session, direction, last_look) VALUES ('MM|US', 'BROKER', true);
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'i MM>US 117=m5|296=1|302=C|304=2|295=2|299=1|55=Y1|133=5|135=9|62=20990101-00:00:00|299=2|55=Y2|133=6|135=9|62=20990101-00:00:00', 'AJ US>MM 693=1|694=1|117=m5|55=[N/A]|54=1', 'AJ US>MM 693=1|694=1|117=m5|55=Y2|54=1|11=mm-1',
  'i MM>US 117=m6|296=1|302=C|304=2|295=2|299=1|55=Y1|133=5.5|299=2|55=Y2|133=6.5', '8 MM>US 37=mm1|11=mm-1|17=mm1|150=F|39=2|55=Y2|54=1|32=9|31=6|14=9|151=0|6=6',
  'R US>MM 131=MR|146=2|55=Y1|54=1|38=5|55=Y2|54=1|38=6', 'i MM>US 131=MR|117=m7|296=1|302=R|304=2|295=2|299=1|55=Y2|133=6|299=2|55=Y1|133=5']) AS l;
SELECT quote, set, entry, req, status, offer, v FROM pg_temp.q WHERE dealer = 'MM' AND set IN ('C', 'R') ORDER BY 2, 3;
-- b: what is not taken of it, by entry or as a whole; an older version's rejection comes too late.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'i MM>US 117=m8|296=1|302=D|304=4|295=4|299=1|55=D1|132=1|299=2|55=D2|132=1|299=3|55=D3|132=1|299=4|55=D4|132=1', 'b US>MM 117=m8|297=0', 'b US>MM 117=m7|297=0|296=1|302=D|295=1|299=1|368=8', 'b US>MM 117=m8|297=0|296=1|302=D|295=2|299=1|368=8|299=2',
  'b US>MM 117=m8|97=Y|297=0|296=1|302=D|295=2|299=1|368=8|299=2', 'b US>MM 117=m8|297=16|296=1|302=D|295=1|299=2|1167=6', 'b US>MM 117=m8|297=5|300=2', 'b US>MM 117=m8|297=5|300=2', 'b US>MM 117=x|297=4', 'b US>MM 117=m8|300=2']) AS l;
SELECT quote, entry, status, reason FROM pg_temp.q WHERE dealer = 'MM' AND set = 'D' ORDER BY 2;
SELECT count(*) AS open FROM oms.quotes WHERE dealer = 'MM' AND status = 'ACTIVE';

-- What comes too late, or from who does not say it: a rejection of what has ended; a dealer who hits his own quote; two dealers of a hub.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'R US>DLR 131=T1|146=1|55=T|54=1|38=5', 'S DLR>US 131=T1|117=T1A|55=T|133=9|62=20990101-00:00:00', 'AJ DLR>US 693=1|694=1|117=T1A|55=T', 'AJ DLR>US 693=1|694=6|117=T1A|55=T', 'AJ US>DLR 693=1|694=1|117=T1A|55=T|11=t-1', 'AG DLR>US 131=T1|658=4|146=1|55=T',
  'AG OTH>US 131=S1|658=4|146=1|55=VOD', 'AI OTH>US 117=T1A|55=T|297=5', 'AI DLR>US 117=T1A|55=T|297=7', 'AI DLR>US 117=T1A|55=T|297=7|60=20260302-10:00:00', 'AI DLR>US 117=T1A|55=T|297=11', 'S DLR>US 131=T1|117=T1B|55=T|133=9',
  'S HUB>US 117=h1|453=1|448=HA|452=1|55=T|133=9', 'S HUB>US 117=h1|453=1|448=HB|452=1|55=T|133=8', 'i HUB>US 117=h2|453=1|448=HA|452=1|296=1|302=A|304=1|295=1|299=1|55=T|133=9', 'i HUB>US 117=h3|453=1|448=HB|452=1|296=1|302=A|304=1|295=1|299=1|55=T|133=8']) AS l;
SELECT q.quote_id, q.dealer, q.status, q.offer_px, r.status AS request, r.rejections, o.status AS "order" FROM oms.quotes AS q LEFT JOIN oms.quote_requests AS r ON r.id = q.quote_request_id LEFT JOIN oms.orders AS o ON o.id = q.order_id WHERE q.symbol = 'T' ORDER BY q.created_at;
-- FIX 4.2: the same messages, in its shapes.
SELECT pg_temp.send(l, 'FIX.4.2') FROM unnest(ARRAY[
  'R US>OLD 131=o1|146=2|55=IBM|48=459200101|22=1|140=100|303=1|54=1|38=1000|60=20260302-09:30:00|40=D|15=USD|55=DELL|54=2|38=500', 'S OLD>US 131=o1|117=o1q|301=2|55=IBM|132=99.5|133=100.5|134=1000|135=1000|62=20990101-00:00:00|60=20260302-09:30:01',
  'i OLD>US 117=o2|301=2|293=10|294=10|296=1|302=1|311=IBM|304=2|295=2|299=1|55=IBM|200=202612|201=1|202=100|132=5|133=6|60=20260302-09:30:01|299=2|55=IBM|200=202612|201=0|202=100|132=4|133=5', 'b US>OLD 117=o2|297=0|296=1|302=1|311=IBM|304=2|295=1|299=2|55=IBM|368=3',
  'Z OLD>US 117=o2|298=3|295=1|55=IBM|311=IBM', 'Z OLD>US 117=o1q|298=1|295=1|55=IBM']) AS l;
SELECT quote, set, entry, req, status, bid, offer, osz, reason FROM pg_temp.q WHERE dealer = 'OLD';

-- Many entries: the message stands in the event of the first, the others name that; all of them are taken back at once. More are refused.
CREATE FUNCTION pg_temp.many(n int) RETURNS text LANGUAGE sql AS $$
  SELECT format('i BIG>US 117=big|293=5|296=1|302=A|304=%s|295=%s|', n, n) || string_agg(format('299=%s|55=B%s|132=%s', i, i, i), '|' ORDER BY i) FROM generate_series(1, n) AS i
$$;
SELECT left(r, 40) AS said, quotes FROM (SELECT pg_temp.send(pg_temp.many(1000)) AS r) AS x, LATERAL (SELECT count(*) AS quotes FROM regexp_matches(r, 'QuoteCreated', 'g')) AS y;
SELECT count(*), count(*) FILTER (WHERE payload->'command' ? 'fixMessage') AS whole, count(*) FILTER (WHERE payload->'command' ? 'fixMessageIn') AS named FROM oms.quote_events AS e JOIN oms.quotes AS q ON q.id = e.aggregate_id WHERE q.dealer = 'BIG';
SELECT left(pg_temp.send('Z BIG>US 117=x|298=4'), 40) AS said, (SELECT count(*) FROM oms.quotes WHERE dealer = 'BIG' AND status = 'CANCELLED') AS before;
SELECT status, count(*) FROM oms.quotes WHERE dealer = 'BIG' GROUP BY 1;
SELECT pg_temp.send(pg_temp.many(1001));

-- Bytes: what decides must be readable, a text need not.
CREATE FUNCTION pg_temp.bytes(fields bytea) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.said(oms_try_fix(convert_to(E'8=FIX.4.4\x01' || '9=' || length(b) || E'\x01', 'UTF8') || b || convert_to('10=' || lpad(((SELECT sum(get_byte(h || b, i)) FROM generate_series(0, length(h || b) - 1) AS i) % 256)::text, 3, '0') || E'\x01', 'UTF8')))
    FROM (SELECT convert_to(E'35=S\x01' || E'49=BYT\x01' || E'56=US\x01' || E'347=UTF-8\x01', 'UTF8') || fields AS b) AS x, LATERAL (SELECT convert_to(E'8=FIX.4.4\x01' || '9=' || length(b) || E'\x01', 'UTF8') AS h) AS y
$$;
SELECT pg_temp.bytes(convert_to(E'117=b\x01' || E'55=M', 'UTF8') || f || convert_to(E'\x01' || E'132=1\x01' || '58=', 'UTF8') || t || '\x01') FROM (VALUES ('\xc3bc'::bytea, '\xff'::bytea), ('\xff', '\xc3bc')) AS v (f, t);
SELECT symbol, text FROM oms.quotes WHERE dealer = 'BYT';

-- A client reports nothing, and asks for his account; who is not enabled says nothing at all.
INSERT INTO oms.fix_sessions (session, direction, account, enabled) VALUES ('CA|US', 'CLIENT', 'CA-1', true), ('CB|US', 'BROKER', NULL, false);
SELECT pg_temp.send(t || ' US>CA 117=1|131=1|55=VOD|132=1|297=0|658=1|298=4') FROM unnest(ARRAY['S', 'AG', 'AI', 'b', 'i']) AS t;
SELECT pg_temp.send(l) FROM unnest(ARRAY['R CA>US 131=CA1|146=1|55=VOD', 'R CA>US 131=CA2|146=2|55=VOD|1=CA-1|55=BP|1=CA-2', 'S CB>US 117=1|55=VOD|132=1', 'Z CA>US 131=CA1|298=1']) AS l;
SELECT req, status, acct FROM pg_temp.r WHERE req ~ '^CA';
-- ClOrdID may be that of the order that quotes are asked for.
SELECT pg_temp.send(l) FROM unnest(ARRAY['D CO>US 11=co-1|55=VOD|54=1|38=100|40=1|1=ANN|60=20260302-09:30:00', '8 US>CO 37=co1|11=co-1|17=co1|150=0|39=0|55=VOD|54=1|38=100|14=0|151=100|6=0', 'R CO>US 131=CO1|11=co-1|146=1|55=VOD|54=1', 'R CO>US 131=CO2|11=co-1|146=1|55=BP',
  'S DLR>US 131=CO1|117=CO1A|55=VOD|133=9|62=20990101-00:00:00', 'AJ CO>US 693=1|694=1|131=CO1|117=CO1A|55=VOD|11=co-2']) AS l;
SELECT o.cl_ord_id, p.cl_ord_id AS parent, o.order_qty, o.price, o.destination FROM oms.orders AS o LEFT JOIN oms.orders AS p ON p.id = o.parent_id WHERE o.cl_ord_id = 'co-2';
SELECT r.quote_req_id, o.cl_ord_id, r.fix FROM oms.quote_requests AS r LEFT JOIN oms.orders AS o ON o.id = r.order_id WHERE r.quote_req_id ~ '^CO' ORDER BY 1;

-- Where a message belongs.
SELECT split_part(l, ' ', 1) AS type, r.by, r.certain, r.slot IS NULL AS any, r.session FROM unnest(ARRAY['R US>DLR 131=1|146=1|55=X', 'S DLR>US 131=1|117=2|55=X|132=1', 'S DLR>US 117=2|55=X|132=1', 'AJ US>DLR 693=1|694=1|117=2|55=X', 'AI DLR>US 117=2|55=X|297=0',
  'Z DLR>US 117=2|298=5', 'Z DLR>US 117=2|298=4', 'Z DLR>US 298=1|295=1|55=X', 'i DLR>US 117=2|296=1|302=A|304=1|295=1|299=1|132=1', 'i DLR>US 131=1|117=2|296=1|302=A|304=1|295=1|299=1|132=1', 'b US>DLR 117=2|297=0', 'AG DLR>US 131=1|658=1']) WITH ORDINALITY AS t (l, n),
  LATERAL oms.route_fix(pg_temp.wire(l)) AS r ORDER BY n;

-- A hit in another currency, for another account, another day or nothing deals nothing; a price is compared in the quote's own kind.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'R US>HIT 131=H1|146=1|55=EUR/USD|54=1|1=ANN', 'S HIT>US 131=H1|117=1|55=EUR/USD|132=1.1|133=1.2|135=10|15=EUR|64=20260304|423=9|62=20990101-00:00:00', 'AJ US>HIT 693=1|694=1|117=1|55=EUR/USD|54=1|38=10|11=h-1|15=USD',
  'AJ US>HIT 693=1|694=1|117=1|55=EUR/USD|54=1|38=10|11=h-1|1=BOB', 'AJ US>HIT 693=1|694=1|117=1|55=EUR/USD|54=1|38=10|11=h-1|64=20260305', 'AJ US>HIT 693=1|694=1|117=1|55=EUR/USD|54=1|38=0|11=h-1',
  'AJ US>HIT 693=1|694=1|117=1|55=EUR/USD|54=1|38=10|11=h-1|423=9|44=1.3', 'S HIT>US 117=2|55=EUR/USD|133=1.2|135=10|62=20990101-00:00:00', 'AJ US>HIT 693=1|694=1|117=2|55=EUR/USD|54=1|38=10|11=h-1|15=USD',
  'AJ US>HIT 693=1|694=1|117=1|55=EUR/USD|54=1|38=10|11=h-1|15=EUR|1=ANN|64=20260304|423=9|44=1.2']) AS l;
-- A dealer who numbers his quotes anew for each request: QuoteReqID tells them apart, and where nothing does, nothing is done and the message is kept.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'R US>NUM 131=N1|146=1|55=VOD|54=1|38=5', 'R US>NUM 131=N2|146=1|55=VOD|54=1|38=5', 'S NUM>US 131=N1|117=1|55=VOD|133=9|62=20990101-00:00:00', 'S NUM>US 131=N2|117=1|55=VOD|133=9|62=20990101-00:00:00', 'AJ US>NUM 693=1|694=1|117=1|55=VOD|11=n-1',
  'AJ US>NUM 693=1|694=1|117=1|131=N3|55=VOD|11=n-1', 'AJ US>NUM 693=1|694=1|117=1|131=N1|55=VOD|11=n-1', 'AI NUM>US 117=1|131=N2|55=VOD|297=7', 'AI NUM>US 117=1|131=N1|55=VOD|297=0', 'AI NUM>US 117=1|131=N9|55=VOD|297=17',
  'R NC1>US 131=N5|146=1|55=VOD', 'R NC2>US 131=N5|146=1|55=VOD', 'S NUM>US 131=N5|117=5|55=VOD|133=9', 'i NUM>US 131=N5|117=5|296=1|302=A|304=1|295=1|299=1|55=VOD|133=9']) AS l;
SELECT q.quote_req_id, q.status, o.status AS order FROM oms.quotes AS q LEFT JOIN oms.orders AS o ON o.id = q.order_id WHERE q.fix_session = 'NUM|US' ORDER BY 1;
SELECT message, count(*) AS kept, bool_and(command->>'fixMessage' ~ '10=\d{3}') AS whole FROM oms.rejected_commands WHERE command->>'fixMessage' ~ '49=(US|NUM)\|56=(US|NUM)\|' GROUP BY 1 ORDER BY 1;
-- More quotes under one QuoteID than are looked at: the newest are.
SELECT count(*) FILTER (WHERE pg_temp.send('S ONE>US 117=1|55=S' || n || '|133=9|62=20990101-00:00:00') ~ '^ACCEPTED') AS quotes FROM generate_series(1, 1003) AS n;
SELECT left(pg_temp.send(l), 90) FROM unnest(ARRAY['S ONE>US 117=1|55=S1003|133=8|62=20990101-00:00:00', 'Z ONE>US 298=4', 'Z ONE>US 298=1|295=1001' || repeat('|55=VOD', 1001)]) AS l;
-- A dealer who quotes anew under the QuoteID of a quote that has ended, or is over; not of one that is open.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'R US>NEW 131=W1|146=1|55=VOD|54=1', 'S NEW>US 131=W1|117=1|55=VOD|133=9|62=20200101-00:00:00', 'S NEW>US 131=W1|117=1|55=VOD|133=8|62=20990101-00:00:00', 'AJ US>NEW 694=2|693=1|117=1|55=VOD|133=7', 'S NEW>US 131=W1|117=1|55=VOD|133=7.5|62=20990101-00:00:00']) AS l;
SELECT offer_px, status, reason FROM oms.quotes WHERE fix_session = 'NEW|US' ORDER BY offer_px DESC;
-- What stands before the symbols is said of each that does not say otherwise.
SELECT pg_temp.send('R US>FLT 131=1|38=7|54=2|1=ANN|146=2|55=VOD|55=BP|54=1');
SELECT symbol, side, order_qty, account FROM oms.quote_requests WHERE fix_session = 'FLT|US' ORDER BY 1;
-- A log that is fed twice, without any flag, puts no older price back in force.
SELECT pg_temp.send('S LOG>US 117=1|55=VOD|62=20990101-00:00:00|' || l) FROM unnest(ARRAY['133=9|60=20260302-09:30:00', '133=9.5|60=20260302-09:30:05', '133=9|60=20260302-09:30:00', '133=9.5|60=20260302-09:30:05', '133=9|60=20260302-09:30:06']) AS l;
-- A swap: the order has its second leg, and a hit does not deal to another day.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'R US>SWP 131=1|146=1|55=EUR/USD|54=1|38=100|64=20260304|193=20260604|192=100', 'S SWP>US 131=1|117=1|55=EUR/USD|133=1.1|190=1.1|191=0|64=20260304|193=20260604|192=100|643=0.0053|62=20990101-00:00:00',
  'AJ US>SWP 693=1|694=1|117=1|55=EUR/USD|54=1|38=50|11=swp|193=20260605', 'AJ US>SWP 693=1|694=1|117=1|55=EUR/USD|54=1|38=50|192=50|11=swp|193=20260604']) AS l;
SELECT order_qty, price, fix FROM oms.orders WHERE cl_ord_id = 'swp';
-- What only accompanies what a dealer says costs nothing.
SELECT pg_temp.send(l) FROM unnest(ARRAY[
  'S ECH>US 117=1|55=VOD|133=9|62=20990101-00:00:00|60=soon|188=x|634=y|631=z', 'Z ECH>US 117=1|298=5|60=00000000', 'S ECH>US 117=2|55=VOD|133=9|62=soon', 'R US>ECH 131=E1|146=1|55=VOD', 'AG ECH>US 131=E1|658=1|146=1|55=VOD|60=no']) AS l;
SELECT quote_id, status, transact_time, bid_spot_rate, fix FROM oms.quotes WHERE fix_session = 'ECH|US';

SELECT oms.rebuild('quote_requests'), oms.rebuild('quotes'), oms.rebuild('orders');
SELECT * FROM oms.verify();
