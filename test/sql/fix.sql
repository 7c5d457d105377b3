-- FIX messages and the orders and fills that they mean. The figures of whole scenarios are in t/020_fix_matrices.pl; here is
-- matching, what is ignored, what is refused. What breaks: a report booked on another session's order, an id "NONE" that
-- is taken for an id, a message whose checksum is wrong, a fill without a price.
\set VERBOSITY terse
\pset null '-'
SET timezone = 'UTC';

-- Fields between BodyLength and CheckSum, separated by |; type and session come first.
CREATE FUNCTION pg_temp.message(msg_type text, sender text, target text, fields text) RETURNS text LANGUAGE sql AS $$
  WITH body AS (SELECT replace(format('35=%s|49=%s|56=%s|34=1|52=20260302-09:30:00|%s|', msg_type, sender, target, fields), '|', E'\x01') AS b),
       head AS (SELECT format(E'8=FIX.4.4\x019=%s\x01', length(b)) || b AS m FROM body)
  SELECT m || '10=' || lpad(((SELECT sum(get_byte(convert_to(m, 'UTF8'), i)) FROM generate_series(0, length(m) - 1) i) % 256)::text, 3, '0') || E'\x01'
    FROM head
$$;
CREATE FUNCTION pg_temp.send(msg_type text, sender text, target text, fields text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r jsonb;
BEGIN
  r := oms_fix(pg_temp.message(msg_type, sender, target, fields));
  RETURN concat_ws(' ', r->>'status', r->>'reason', r->'results'->0->'state'->>'status',
                   CASE WHEN r->'results'->0->'duplicate' = 'true' THEN 'duplicate' END);
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE FUNCTION pg_temp.d(id text, fields text DEFAULT '') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.send('D', 'CLIENT', 'BROKER', format('11=%s|55=VOD|54=1|38=100|40=2|44=10|60=20260302-09:30:00', id) || fields)
$$;
CREATE VIEW pg_temp.o AS
  SELECT cl_ord_id, fix_session, counterparty_order_id AS order_37, status, order_qty AS qty, executed_quantity AS cum, leaves_quantity AS leaves,
         flags FROM oms.orders WHERE fix_session !~ 'DK|US' ORDER BY created_at, id;

-- A new order waits; the same message with PossResend is a repeat, without it a duplicate, with other content too.
SELECT pg_temp.d('c1');
SELECT pg_temp.d('c1', '|97=Y');
SELECT pg_temp.d('c1');
SELECT pg_temp.send('D', 'CLIENT', 'BROKER', '97=Y|11=c1|55=VOD|54=1|38=200|40=2|44=10|60=20260302-09:30:00');
-- The same ClOrdID in another session is another order.
SELECT pg_temp.send('D', 'OTHER', 'BROKER', '11=c1|55=VOD|54=1|38=7|40=1|60=20260302-09:30:00');
-- SecondaryClOrdID names a parent by its orderId.
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "fx-P", "symbol": "VOD", "side": "BUY", "orderQty": 1000}')->>'status';
SELECT pg_temp.d('c2', '|526=fx-P');
SELECT parent_id FROM oms.orders WHERE cl_ord_id = 'c2';

-- A fill implies acceptance. A fill without a price is damaged, not booked at nothing.
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=b1|11=c1|17=e1|150=F|39=1|55=VOD|54=1|38=100|32=40|14=40|151=60|6=10');
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=b1|11=c1|17=e1|150=F|39=1|55=VOD|54=1|38=100|32=40|31=10|14=40|151=60|6=10');
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=b1|11=c1|17=e1|150=F|39=1|55=VOD|54=1|38=100|32=40|31=10|14=40|151=60|6=10');
-- By OrderID alone.
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=b1|17=e2|150=F|39=1|55=VOD|54=1|38=100|32=10|31=10|14=50|151=50|6=10');
-- A bust by ExecTransType, as FIX 4.2 has it; once more with another ExecID it can only be compared.
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=b1|11=c1|17=e3|19=e2|20=1|150=0|39=1|55=VOD|54=1|38=100|32=10|31=10|14=40|151=60|6=10');
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=b1|11=c1|17=e3|19=e2|20=1|150=0|39=1|55=VOD|54=1|38=100|32=10|31=10|14=40|151=60|6=10');
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=b1|11=c1|17=e4|19=e2|150=H|39=1|55=VOD|54=1|38=100|32=10|31=10|14=40|151=60|6=10');
-- A bust of a fill that nobody knows waits in review; so does a fill of an order that nobody knows.
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=b1|11=c1|17=e5|19=e99|150=H|39=1|55=VOD|54=1|14=40|151=60|6=10');
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=b9|11=c9|17=e6|150=F|39=1|55=VOD|54=1|32=10|31=10|14=10|151=0|6=10');
SELECT exec_id, status, review_reasons FROM oms.executions WHERE status = 'REVIEW' AND fix_session IS NOT NULL ORDER BY exec_id;

-- An order of an SQL caller belongs to the session whose report finds it first, and to no other.
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "fx-S", "clOrdID": "fx-s1", "symbol": "VOD", "side": "BUY", "orderQty": 100}')->>'status';
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=b2|11=fx-s1|17=f1|150=F|39=1|55=VOD|54=1|32=10|31=10|14=10|151=90|6=10');
SELECT pg_temp.send('8', 'BROKER', 'OTHER', '37=b2|11=fx-s1|17=f2|150=F|39=1|55=VOD|54=1|32=10|31=10|14=10|151=90|6=10');
SELECT executed_quantity, fix_session FROM oms.orders WHERE id = 'fx-S';

-- It cannot be bound to a session where the ClOrdID it now has means another order: the fill waits for the desk.
SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "fx-T", "clOrdID": "fx-t1", "symbol": "VOD", "side": "BUY", "orderQty": 100}')->>'status';
SELECT oms_command('{"commandType": "ReplaceOrderCommand", "orderId": "fx-T", "clOrdID": "c1", "orderQty": 90}')->>'status';
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=b3|11=fx-t1|17=f3|150=F|39=1|55=VOD|54=1|32=10|31=10|14=10|151=80|6=10');
SELECT executed_quantity, fix_session FROM oms.orders WHERE id = 'fx-T';

-- "NONE" is no id: two orders that were telephoned, and two rejections without an OrderID.
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=t1|11=NONE|17=g1|150=0|39=0|55=VOD|54=2|38=50|40=1|14=0|151=50|6=0');
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=t2|11=NONE|17=g2|150=0|39=0|55=VOD|54=2|38=60|40=1|14=0|151=60|6=0');
SELECT pg_temp.d('c3');
SELECT pg_temp.d('c4');
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=NONE|11=c3|17=g3|150=8|39=8|55=VOD|54=1|38=100|14=0|151=0|6=0');
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=NONE|11=c4|17=g4|150=8|39=8|55=VOD|54=1|38=100|14=0|151=0|6=0');
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=NONE|11=c5|17=g5|150=8|39=8|55=VOD|54=1|38=100|14=0|151=0|6=0');

-- Requests: recorded, answered by their ClOrdID; a rejection is of the request that its ClOrdID names, whatever 434 says.
SELECT pg_temp.send('G', 'CLIENT', 'BROKER', '11=c6|41=c1|55=VOD|54=1|38=120|40=2|44=10|60=20260302-09:30:00');
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=b1|11=c6|41=c1|17=h1|150=E|39=E|55=VOD|54=1|38=100|14=40|151=60|6=10');
SELECT pg_temp.send('9', 'BROKER', 'CLIENT', '37=b1|11=c6|41=c1|39=1|434=1');
SELECT pg_temp.send('F', 'CLIENT', 'BROKER', '11=c7|41=c99|55=VOD|54=1|60=20260302-09:30:00');
SELECT pg_temp.send('F', 'CLIENT', 'BROKER', '11=c8|41=c1|55=VOD|54=1|60=20260302-09:30:00');
SELECT pg_temp.send('F', 'CLIENT', 'BROKER', '11=c8|41=c1|55=VOD|54=1|60=20260302-09:30:00|97=Y');
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=b1|11=c8|41=c1|17=h2|150=4|39=4|55=VOD|54=1|38=100|14=40|151=0|6=10');

-- What stands for no command, or for nothing we know, is ignored and says why.
SELECT pg_temp.send('0', 'CLIENT', 'BROKER', '112=x');
SELECT pg_temp.send('H', 'CLIENT', 'BROKER', '11=c1|55=VOD|54=1');
SELECT pg_temp.send('H', 'CLIENT', 'BROKER', '11=nobody|55=VOD|54=1');
SELECT pg_temp.send('9', 'BROKER', 'CLIENT', '37=NONE|11=x|41=y|39=8|434=1');
SELECT pg_temp.send('8', 'BROKER', 'CLIENT', '37=b9|11=c9|17=i1|150=0|39=0|55=VOD|54=1|38=5|14=0|151=5|6=0');

-- What is damaged is refused.
SELECT pg_temp.send('D', 'CLIENT', 'BROKER', '55=VOD|54=1|38=100|40=1');
SELECT pg_temp.send('D', 'CLIENT', 'BROKER', '11=d1|55=VOD|54=1|38=abc|40=1');
SELECT pg_temp.send('D', 'CLIENT', 'BROKER', '11=d1|55=|54=1|38=1|40=1');
SELECT oms_fix(replace(pg_temp.message('D', 'CLIENT', 'BROKER', '11=d1|55=VOD|54=1|38=1|40=1'), '38=1', '38=2'));
SELECT oms_fix(replace(pg_temp.message('D', 'CLIENT', 'BROKER', '11=d1|55=VOD|54=1|38=1|40=1'), '38=1', '38=11'));
SELECT oms_fix('hello');
SELECT oms_fix('');
SELECT oms_fix(NULL);
-- Printed with bars, and with the last one lost, it is the same message.
SELECT oms_fix(rtrim(replace(pg_temp.message('H', 'CLIENT', 'BROKER', '11=c1|55=VOD|54=1'), E'\x01', '|'), '|'))->>'status';

SELECT * FROM pg_temp.o;
SELECT payload->'command'->>'fixMessage' IS NOT NULL AS raw_message_kept FROM oms.order_events WHERE event_type = 'OrderCancelled' AND payload #>> '{state,fixSession}' !~ 'US';
SELECT * FROM oms.verify();
