-- FIX messages as they come from the wire: bytes in encodings, raw data, groups, what comes twice, ids that are none, and
-- refusals as results. What breaks: a fill that is lost to an unknown code, an echoed date of zeros or a byte that is no UTF-8;
-- a repeated OrderQty that is taken; a message that cannot be had again byte for byte; half a message applied.
\set VERBOSITY terse
\pset null '-'
SET timezone = 'UTC';

-- Fields between BodyLength and CheckSum, separated by |; type and header fields come first.
CREATE FUNCTION pg_temp.wire(msg_type text, header text, fields bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
  ours boolean := msg_type IN ('D', 'F', 'G', 'H');
  m bytea := convert_to(replace(format('35=%s|49=%s|56=%s|34=1|52=20260302-09:30:00|%s', msg_type, CASE WHEN ours THEN 'CLIENT' ELSE 'BROKER' END,
                                       CASE WHEN ours THEN 'BROKER' ELSE 'CLIENT' END, header), '|', E'\x01'), 'UTF8') || fields;
  s bigint;
BEGIN
  m := convert_to(format(E'8=FIXT.1.1\x019=%s\x01', length(m)), 'UTF8') || m;
  SELECT sum(get_byte(m, i)) % 256 INTO s FROM generate_series(0, length(m) - 1) AS i;
  RETURN m || convert_to('10=' || lpad(s::text, 3, '0') || E'\x01', 'UTF8');
END
$$;
CREATE FUNCTION pg_temp.said(r jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', r->>'status', r->>'reason', r->'error'->>'sqlstate', r->'error'->>'message', r->'error'->>'detail',
    (SELECT string_agg(concat_ws(' ', x->'state'->>'status', CASE WHEN x->'duplicate' = 'true' THEN 'duplicate' END), ', ') FROM jsonb_array_elements(r->'results') AS x))
$$;
CREATE FUNCTION pg_temp.send(msg_type text, fields text, header text DEFAULT '') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.said(oms_try_fix(pg_temp.wire(msg_type, header, convert_to(replace(fields, '|', E'\x01') || E'\x01', 'UTF8'))))
$$;
CREATE FUNCTION pg_temp.d(id text, fields text DEFAULT '') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.send('D', format('11=%s|55=VOD|54=1|38=100|40=2|44=12|60=20260302-09:30:00', id) || fields)
$$;
CREATE FUNCTION pg_temp.fill(id text, exec text, fields text) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.send('8', format('37=b-%s|11=%s|17=%s|150=F|39=1|55=VOD|54=1|', id, id, exec) || fields)
$$;
-- The raw message of an order's first event, as bytes.
CREATE FUNCTION pg_temp.raw(id text) RETURNS bytea LANGUAGE sql AS $$
  SELECT CASE WHEN c ? 'fixMessageBase64' THEN decode(c->>'fixMessageBase64', 'base64')
              ELSE convert_to(c->>'fixMessage', coalesce(c->>'fixEncoding', 'UTF8')) END
    FROM (SELECT e.payload->'command' AS c FROM oms.order_events AS e JOIN oms.orders AS o ON o.id = e.aggregate_id AND e.version = 1 WHERE o.cl_ord_id = $1) AS x
$$;

-- Bytes: by MessageEncoding, else by oms_state.fix_encoding; the message can be had again.
CREATE FUNCTION pg_temp.named(id text, header text, word bytea) RETURNS TABLE (result text, words text, encoding text, again boolean) LANGUAGE plpgsql AS $$
DECLARE
  m bytea := pg_temp.wire('D', header, convert_to(replace(format('11=%s|55=VOD|54=1|38=100|40=1|60=20260302-09:30:00|58=', $1), '|', E'\x01'), 'UTF8') || word || '\x01');
BEGIN
  result := pg_temp.said(oms_fix(m));
  RETURN QUERY SELECT result, o.text, coalesce(e.payload->'command'->>'fixEncoding', CASE WHEN e.payload->'command' ? 'fixMessageBase64' THEN 'base64' END),
                      pg_temp.raw($1) = m FROM oms.orders AS o JOIN oms.order_events AS e ON e.aggregate_id = o.id WHERE o.cl_ord_id = $1;
END
$$;
SELECT * FROM pg_temp.named('e1', '', 'plain');
SELECT * FROM pg_temp.named('e2', '', '\x4772fc6e');
SELECT * FROM pg_temp.named('e3', '347=UTF-8|', convert_to('Grün', 'UTF8'));
SELECT * FROM pg_temp.named('e4', '347=Shift_JIS|', '\x93fa967b5c');
SELECT * FROM pg_temp.named('e5', '347=EUC-JP|', '\xc6fccbdc');
SELECT * FROM pg_temp.named('e6', '347=ISO-2022-JP|', '\x1b2442467c4b5c1b2842');
SET oms_state.fix_encoding = 'WIN1252';
SELECT * FROM pg_temp.named('e7', '', '\x80');
SET oms_state.fix_encoding = 'nonsense';
SET oms_state.fix_encoding = 'SQL_ASCII';
RESET oms_state.fix_encoding;
-- What is no text in its encoding costs nothing, and is kept in base64.
SELECT * FROM pg_temp.named('e8', '347=UTF-8|', '\x61ff00');
SELECT * FROM pg_temp.named('e9', '', '\x610062');
-- A message in another encoding cannot be given as text: that is said.
SELECT oms_try_fix(convert_from(pg_temp.wire('D', '', '\x35383dfc01'), 'LATIN1'))->'error';
-- Raw data of every version may hold any byte.
SELECT n, pg_temp.said(oms_fix(m)), pg_temp.raw('r' || n) = m AS again
  FROM (VALUES (95, 96), (354, 355), (1184, 1185), (1578, 1579), (2522, 2521), (43109, 42684)) AS t (n, d),
       LATERAL (SELECT pg_temp.wire('D', '', convert_to(replace(format('11=r%s|55=VOD|54=1|38=100|40=1|60=20260302-09:30:00|%s=9|%s=', n, n, d), '|', E'\x01'), 'UTF8')
                                             || '\x0100ff33383d3901' || 'x' || '\x01') AS m) AS w;
SELECT DISTINCT order_qty FROM oms.orders WHERE cl_ord_id LIKE 'r%';

-- A tag twice: with the same value, with another, in groups of FIX and of users.
SELECT pg_temp.d('t1', '|38=100');
SELECT pg_temp.d('t2', '|38=900');
SELECT pg_temp.d('t3', '|453=2|448=a|447=D|452=1|802=2|523=x|803=1|523=y|803=2|448=b|447=D|452=3|78=2|79=k|80=40|79=l|80=60');
SELECT pg_temp.d('t4', '|453=2|448=a|447=D|448=b|447=D|38=900');
SELECT pg_temp.d('t5', '|9100=2|9101=a|58=x|9101=b|58=y');
SELECT pg_temp.d('t6', '|9102=a|9102=b');
SELECT pg_temp.d('t7', '|386=2|336=1|336=2');
-- 49 twice is two sessions. In a message that stands for no command nothing is read.
SELECT pg_temp.send('H', '11=t1|55=VOD|54=1', '49=OTHER|');
SELECT pg_temp.send('0', '112=a|112=b');
-- What is asked for must be said; what is reported and empty is not there.
SELECT pg_temp.d('t8', '|58=');
SELECT pg_temp.fill('t1', 'x1', '32=10|31=10|14=10|151=|6=|58=');

-- What a report only echoes costs no fill; only ids and the figures of the fill can.
SELECT pg_temp.d('v1');
SELECT left(f, 20) AS f, pg_temp.fill('v1', 'v' || n, '38=100|32=1|31=10|' || f) AS came
  FROM unnest(ARRAY['40=W', '59=Z', '39=Z', '54=Z', '432=00000000', '126=20260302', '6=NaN', '14=abc', '151=-1', '38=junk', '44=1e5', '99=x', '60=junk', '75=2026',
    '15=' || repeat('c', 300), '1=' || repeat('a', 300), '30=' || repeat('m', 300), '41=' || repeat('o', 300), '58=' || repeat('t', 70000), '152=NaN']) WITH ORDINALITY AS t (f, n)
  WHERE f NOT LIKE '39=%' AND f NOT LIKE '54=%' AND f NOT LIKE '38=%';
-- A tag that the fill has already: here it comes alone.
SELECT f, pg_temp.send('8', '37=b-v1|11=v1|17=w' || n || '|150=F|32=1|31=10|' || f) AS came
  FROM unnest(ARRAY['39=Z', '39=1|54=Z', '39=1|38=junk', '39=']) WITH ORDINALITY AS t (f, n);
SELECT regexp_replace(f, 'ccc+', 'c...') AS f, left(pg_temp.send('8', f), 100) AS came
  FROM unnest(ARRAY['37=b-v1|11=v1|17=y1|150=Z|39=1|32=1|31=10', '37=b-v1|11=v1|17=|150=F|39=1|32=1|31=10', '37=b-v1|11=v1|17=y2|150=F|39=1|32=x|31=10', '37=b-v1|11=v1|17=y3|150=F|39=1|32=1|31=NaN',
    '37=b-v1|11=' || repeat('c', 300) || '|17=y4|150=F|39=1|32=1|31=10', '11=v1|17=y5|150=F|39=1|32=1|31=10', '37=b-v1|11=v1|17=y6|150=F|32=1|31=10']) AS f;
SELECT executed_quantity, executed_value, reported_ord_status FROM oms.orders WHERE cl_ord_id = 'v1';
SELECT exec_id, ord_status, left(fix::text, 60) AS fix FROM oms.executions WHERE cl_ord_id = 'v1' ORDER BY exec_id COLLATE "C";
-- The same of every kind of report, each on an order of its own: whatever is refused is listed.
SELECT pg_temp.d('m' || t || '-' || n) LIKE 'ACCEPTED%' AS made, count(*) FROM unnest(string_to_array('0 3 4 5 6 7 8 9 A B C D E F G H I J K L M N 1 2 9x', ' ')) AS t, generate_series(1, 24) AS n GROUP BY 1;
SELECT t, f, said FROM unnest(string_to_array('0 3 4 5 6 7 8 9 A B C D E F G H I J K L M N 1 2 9x', ' ')) AS t,
  unnest(ARRAY['40=W', '59=Z', '54=Z', '432=00000000', '126=20260302', '6=NaN', '14=abc', '151=-1', '38=junk', '44=1e5', '99=x', '60=junk', '75=2026', '15=' || repeat('c', 300), '1=' || repeat('a', 300), '30=' || repeat('m', 300),
    '58=' || repeat('t', 70000), '152=NaN', '378=Z', '12=x', '13=Z', '29=Z', '64=junk', '442=Z']) WITH ORDINALITY AS j (f, n),
  LATERAL (SELECT pg_temp.send(left(CASE t WHEN '9x' THEN '9' ELSE '8' END, 1), format('37=m%s%s|11=m%s-%s|41=m%s-%s|', t, n, t, n, t, n) || CASE t WHEN '9x' THEN '39=0|434=1|' ELSE format('17=x|19=y|150=%s|39=0|%s', t,
    CASE WHEN t IN ('F', 'G', 'H', '1', '2', '7') THEN '32=1|31=10|' ELSE '' END) END || f) AS said) AS x
  WHERE said NOT LIKE 'ACCEPTED%' ORDER BY t, n;
-- So a report as a command; what is asked for is refused.
SELECT oms_command(format('{"commandType": "ExecuteOrderCommand", "orderId": "%s", "execID": "z1", "lastQty": 1, "lastPx": 10, "ordType": "W", "cumQty": "many", "expireDate": "00000000", "orderID": "unknown"}', id)::jsonb)
       #>> '{state,fix}' AS fix FROM oms.orders WHERE cl_ord_id = 'v1';
SELECT oms_try_command(format('{"commandType": "ExecuteOrderCommand", "orderId": "%s", "lastQty": 1, "lastPx": 10, "ordType": "W"}', id)::jsonb) #>> '{error,message}' AS said FROM oms.orders WHERE cl_ord_id = 'v1';
SELECT oms_try_command(format('{"commandType": "ExecuteOrderCommand", "orderId": "%s", "execID": "z2", "lastQty": 1, "lastPx": 10, "cumQty": [1]}', id)::jsonb) #>> '{error,message}' AS said FROM oms.orders WHERE cl_ord_id = 'v1';
SELECT f, left(pg_temp.d('q' || n, f), 100) AS came FROM unnest(ARRAY['|59=Z', '|126=20260302', '|9999=x']) WITH ORDINALITY AS t (f, n);
-- Codes of 5.0 SP2.
SELECT pg_temp.send('D', '11=s1|55=VOD|54=H|38=1|40=R|59=C|60=20260302-09:30:00');
SELECT side, ord_type, time_in_force FROM oms.orders WHERE cl_ord_id = 's1';
-- Good for the month is not done with its day.
SELECT pg_temp.send('8', '37=S|11=s1|17=1|150=3|39=3|14=0|151=1|6=0');
SELECT status, leaves_quantity FROM oms.orders WHERE cl_ord_id = 's1';

-- FillsGrp. An average that is a decimal is one fill; else each part is one, and a bust or correction means them all.
SELECT pg_temp.send('D', '11=g1|55=VOD|54=1|38=100|40=2|44=12|60=20260302-09:30:00');
SELECT pg_temp.fill('g1', 'f1', '14=30|151=70|6=11|1362=2|1363=a|1364=10|1365=10|1363=b|1364=11.5|1365=20');
SELECT pg_temp.fill('g1', 'f2', '14=33|151=67|6=10.9697|1362=2|1363=a|1364=10|1365=1|1363=b|1364=11|1365=2');
SELECT pg_temp.fill('g1', 'f2', '14=33|151=67|6=10.9697|1362=2|1363=a|1364=10|1365=1|1363=b|1364=11|1365=2');
SELECT exec_id, quantity, last_px, status, cum_qty, fix FROM oms.executions WHERE cl_ord_id = 'g1' ORDER BY exec_id COLLATE "C";
SELECT executed_quantity, executed_value, avg_px, flags FROM oms.orders WHERE cl_ord_id = 'g1';
SELECT pg_temp.send('8', '37=b-g1|11=g1|17=f3|19=f2|150=G|39=1|55=VOD|54=1|14=37|151=63|1362=2|1363=c|1364=10|1365=3|1363=d|1364=12|1365=4');
SELECT exec_id, quantity, last_px, status FROM oms.executions WHERE cl_ord_id = 'g1' ORDER BY exec_id COLLATE "C";
SELECT executed_quantity, executed_value FROM oms.orders WHERE cl_ord_id = 'g1';
SELECT pg_temp.send('8', '37=b-g1|11=g1|17=f4|19=f3|150=H|39=1|55=VOD|54=1|14=30|151=70|6=11');
SELECT executed_quantity, executed_value, flags FROM oms.orders WHERE cl_ord_id = 'g1';
SELECT pg_temp.fill('g1', 'f5', '14=33|1362=3|1363=a|1364=10|1365=1|1363=b|1364=11|1365=2');
SELECT pg_temp.fill('g1', 'f6', '14=33|1362=2|1363=a|1364=10|1365=1|1363=b|1364=11|1365=0');

-- An ExecID must have room for its part's; a message is applied whole or not at all: here the tenth part is refused.
SELECT pg_temp.fill('g1', 'f7', '14=33|1362=2|1363=a|1364=10|1365=1|1363=' || repeat('b', 300) || '|1364=11|1365=2');
SELECT pg_temp.fill('g1', repeat('y', 254), '14=44|1362=10|' || string_agg(format('1364=%s|1365=%s', 10 + n % 2, 1 + n % 2), '|')) FROM generate_series(1, 10) AS n;
SELECT executed_quantity, string_agg(e.exec_id, ' ' ORDER BY e.exec_id COLLATE "C") AS parts FROM oms.orders AS o JOIN oms.executions AS e ON e.order_id = o.id AND e.exec_id ~ '^(f7|y)' WHERE o.cl_ord_id = 'g1' GROUP BY 1;
SELECT pg_temp.send('8', '37=b-g1|11=g1|17=f9|19=f7|150=H|39=1|14=30');
-- A long one is kept whole, though its first part, which was undone with the others, had it.
SELECT pg_temp.fill('g1', repeat('z', 254), '14=44|58=' || repeat('x', 20000) || '|1362=10|' || string_agg(format('1364=%s|1365=%s', 10 + n % 2, 1 + n % 2), '|')) FROM generate_series(1, 10) AS n;
SELECT command - 'fixMessage' - 'fixSession' AS command, length(command->>'fixMessage') > 20000 AS has_it FROM oms.rejected_commands ORDER BY id DESC LIMIT 1;

-- The first command of a long message has it, the others name that one.
SELECT pg_temp.said(oms_fix(pg_temp.wire('8', '', convert_to(replace('37=b-g1|11=g1|17=f8|150=F|39=1|14=33|58=' || repeat('x', 20000) || '|1362=2|1363=a|1364=10|1365=1|1363=b|1364=11|1365=2|', '|', E'\x01'), 'UTF8'))));
SELECT e.exec_id, length(v.payload->'command'->>'fixMessage') > 20000 AS has_it, v.payload->'command'->>'fixMessageIn' = first_value(v.command_id) OVER (ORDER BY e.exec_id) AS names_it
  FROM oms.executions AS e JOIN oms.execution_events AS v ON v.aggregate_id = e.id WHERE e.exec_id LIKE 'f8/%' ORDER BY e.exec_id COLLATE "C";

-- A trade without LastQty is damaged, also for nobody's order; one of nothing is compared, and of nobody's order a matter for the desk.
SELECT pg_temp.d('n1');
SELECT pg_temp.fill('n1', 'n', '31=10|14=1|151=99');
SELECT pg_temp.fill('n1', 'n', '32=1|14=1|151=99');
SELECT pg_temp.fill('n1', 'n', '32=0|31=10|14=0|151=100');
SELECT pg_temp.fill('nobody', 'n', '32=0|31=10|14=0|151=0');

-- Ids that are none neither name nor find; an OrderID alone must not contradict; a cancel reject renames nothing.
SELECT pg_temp.d('i1');
SELECT pg_temp.send('8', '37=REAL|11=i1|17=1|150=0|39=0|55=VOD|54=1|14=0|151=100|6=0');
SELECT id, pg_temp.send('8', format('37=%s|11=nobody|17=2|150=4|39=4|55=VOD|54=1|14=0|151=0|6=0', id)) AS came
  FROM unnest(ARRAY['NONE', 'Unknown', 'n/a', '[N/A]', '0', '', 'REAL']) AS id;
SELECT f, pg_temp.send('8', '37=REAL|17=3|150=6|39=6|14=0|151=100|6=0|' || f) AS came FROM unnest(ARRAY['55=TSLA|54=1', '55=VOD|54=2']) AS f;
SELECT pg_temp.send('8', '37=REAL|17=3|150=I|39=0|55=VOD|54=1|14=0|151=100|6=0');
SELECT pg_temp.send('G', '11=i2|41=i1|55=VOD|54=1|38=90|40=2|44=10|60=20260302-09:31:00');
SELECT pg_temp.send('9', '37=OTHER|11=i2|41=i1|39=0|434=2');
SELECT pg_temp.send('8', '37=n/a|11=i1|17=4|150=I|39=0|55=VOD|54=1|14=0|151=100|6=0');
SELECT counterparty_order_id, status, leaves_quantity FROM oms.orders WHERE cl_ord_id = 'i1';
SELECT counterparty_order_id FROM oms.counterparty_order_ids WHERE order_id = (SELECT id FROM oms.orders WHERE cl_ord_id = 'i1');
SELECT pg_temp.send('9', '37=NONE|11=x|41=y|39=8|434=1'), pg_temp.send('8', '37=NONE|11=x|17=1|150=0|39=0');

-- A telephoned order is made of what its report tells; what tells no order is nobody's status.
SELECT f, pg_temp.send('8', '17=1|150=0|39=0|55=VOD|' || f) AS came FROM unnest(ARRAY['37=T1|54=1|38=10|40=2', '37=T2|54=1|38=10|40=W|44=x|432=0', '37=T3|54=Z|38=10', '37=T4|54=1|38=x', '37=T5|54=1|38=0']) AS f;
SELECT counterparty_order_id, ord_type, order_qty, leaves_quantity, fix FROM oms.orders WHERE counterparty_order_id ~ '^T[0-9]$' ORDER BY 1;
SELECT pg_temp.d('t9', '|37=MINE');
SELECT status, counterparty_order_id FROM oms.orders WHERE cl_ord_id = 't9';

-- A refusal as a result is kept with the whole message; a refused message leaves nothing of itself.
SELECT pg_temp.said(oms_try_fix('hello')), pg_temp.said(oms_try_fix(NULL::text)), pg_temp.said(oms_try_fix('\x00ff'::bytea));
SELECT pg_temp.said(oms_try_fix(pg_temp.wire('D', '', '\x31313dff01')));
SELECT sqlstate, command - 'fixMessage' - 'fixMessageBase64' AS command, left(command->>'fixMessage', 30) AS raw, command->>'fixMessageBase64' AS base64, detail
  FROM (SELECT * FROM oms.rejected_commands ORDER BY rejected_at DESC, id DESC LIMIT 4) AS newest;
SELECT oms_try_fix(pg_temp.wire('D', '', '\x31313dff01')) ? 'results', oms_try_fix('')->'error'->>'sqlstate';

-- Of one that is too large the beginning is kept. A new order has a ClOrdID; a cancel reject without one finds its order all the same.
SELECT oms_try_fix('8=FIX.4.4' || E'\x01' || '9=1' || E'\x01' || repeat('x', 1000000)) #>> '{error,sqlstate}' AS sqlstate;
SELECT left(command->>'fixMessageBegin', 40) AS begins, length(command->>'fixMessageBegin') < 4200 AS short FROM oms.rejected_commands WHERE sqlstate = 'OM001' ORDER BY id DESC LIMIT 1;
SELECT pg_temp.d('NONE'), pg_temp.d('n/a');
SELECT pg_temp.send('9', '37=REAL|11=NONE|41=i1|39=0|434=1');

-- A trader sees what the hint names.
CREATE ROLE regress_fix_trader;
SET ROLE regress_fix_trader;
SELECT field, required, unless FROM oms.command_reference WHERE command_type = 'CreateOrderCommand' AND required;
SELECT object, count(*) > 5 AS listed FROM oms.state_transitions GROUP BY object ORDER BY object;
RESET ROLE;
DROP ROLE regress_fix_trader;
-- An error that is no refusal, within a message of several fills, leaves the session as it was.
ALTER TABLE oms.executions ADD CONSTRAINT regress_no_13 CHECK (last_qty <> 13);
\set VERBOSITY terse
SELECT pg_temp.fill('g1', 'f13', '14=47|151=53|6=11|1362=2|1363=a|1364=10|1365=1|1363=b|1364=11|1365=13');
\set VERBOSITY default
SELECT count(*) AS nothing FROM oms.executions WHERE last_qty IN (1, 13) AND exec_id LIKE 'f13%';
ALTER TABLE oms.executions DROP CONSTRAINT regress_no_13;
SELECT * FROM oms.verify();
