-- What markets say by FIX, f (SecurityStatus) and h (TradingSessionStatus), in three versions: which rows of oms.trading_halts they make and end, what comes of
-- repeats, and what is ignored or refused (domain.md 18).
-- Broken by: a status that halts or lifts though it does neither, or the other way round; a lift of what another session, symbol or market has halted; a repeat
-- that halts again what was lifted meanwhile; an event without its message; a client who can halt a market; news of one
-- contract or segment that lifts the halt of another.
\set VERBOSITY terse
\pset null '-'
SET timezone = 'UTC';

CREATE FUNCTION pg_temp.message(version text, msg_type text, session text, fields text) RETURNS text LANGUAGE sql AS $$
  WITH body AS (SELECT replace(format('35=%s|49=%s|56=OMS|34=1|%s|', msg_type, session, CASE WHEN fields ~ '\y52=' THEN fields ELSE '52=20260302-09:30:00|' || fields END),
                               '|', E'\x01') AS b),
       head AS (SELECT format(E'8=%s\x019=%s\x01', version, octet_length(b)) || b AS m FROM body)
  SELECT m || '10=' || lpad(((SELECT sum(get_byte(convert_to(m, 'UTF8'), i)) FROM generate_series(0, octet_length(m) - 1) i) % 256)::text, 3, '0') || E'\x01'
    FROM head
$$;
CREATE FUNCTION pg_temp.answer(r jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', r ->> 'status', r ->> 'reason', r #>> '{error,sqlstate}', r #>> '{error,rule}', regexp_replace(r #>> '{error,message}', '[0-9a-f-]{36}', 'N'),
                   (SELECT string_agg(concat_ws(' ', CASE WHEN h ? 'duplicate' THEN 'again' END, h #>> '{halt,name}', h #>> '{halt,reason}', 'v' || (h #>> '{halt,version}'),
                                                CASE WHEN h #> '{halt,until}' IS NOT NULL THEN 'is over' END), ', ')
                      FROM jsonb_array_elements(r -> 'results') AS h))
$$;
CREATE FUNCTION pg_temp.say(msg_type text, fields text, session text DEFAULT 'fh-M', version text DEFAULT 'FIX.4.4') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.answer(oms_try_fix(pg_temp.message(version, msg_type, session, fields)))
$$;
CREATE VIEW pg_temp.halts AS
  SELECT name, symbol, destination, reason, until IS NULL OR until > now() AS holds, version FROM oms.trading_halts ORDER BY name;

-- Each version has its own way to say it. What neither halts nor lifts changes nothing.
SELECT v, c, pg_temp.say('f', format('324=1|55=fh-%s|326=%s', v, c), version => v)
  FROM unnest(ARRAY['FIX.4.2', 'FIX.4.4', 'FIXT.1.1']) AS v, unnest(ARRAY['2', '3', '18', '17', '1', '4', '20', '99', 'x']) WITH ORDINALITY AS t (c, n) ORDER BY v, n;
SELECT v, c, pg_temp.say('h', format('336=%s|340=%s', v, c), version => v)
  FROM unnest(ARRAY['FIX.4.2', 'FIX.4.4', 'FIXT.1.1']) AS v, unnest(ARRAY['1', '2', '3', '4', '6', 'x']) WITH ORDINALITY AS t (c, n) ORDER BY v, n;
DELETE FROM oms.trading_halts;

-- The reason: Text, else HaltReason by its letter or number, else what the status is called.
SELECT pg_temp.say('f', '55=fh-A|326=2|327=P'), pg_temp.say('f', '55=fh-B|326=2|327=2', version => 'FIXT.1.1'), pg_temp.say('f', '55=fh-C|326=2|327=Q'),
       pg_temp.say('f', '55=fh-D|326=2|327=P|58=a rumour'), pg_temp.say('f', '55=fh-E|326=18');
SELECT length(pg_temp.say('f', '55=fh-F|326=2|58=' || repeat('long ', 1000)));

-- A halt binds from the next command on, and the event of an order that waits names it.
SELECT r #>> '{state,deskReason}' FROM oms_command('{"commandType": "CreateOrderCommand", "orderId": "fh-1", "symbol": "fh-A", "side": "BUY", "orderQty": 1}') AS r;
SELECT pg_temp.answer(oms_try_fix(pg_temp.message('FIX.4.4', 'D', 'fh-CL', '11=c1|55=fh-A|54=1|38=100|40=2|44=10|60=20260302-09:30:00')));
SELECT desk_status, desk_reason, status FROM oms.orders WHERE cl_ord_id = 'c1' AND symbol = 'fh-A';
SELECT pg_temp.answer(oms_try_fix(pg_temp.message('FIX.4.4', 'G', 'fh-CL', '11=c2|41=c1|55=fh-A|54=1|38=200|40=2|44=10|60=20260302-09:30:00')));
SELECT pg_temp.answer(oms_try_fix(pg_temp.message('FIX.4.4', 'G', 'fh-CL', '11=c3|41=c1|55=fh-A|54=1|38=100|40=2|44=9|60=20260302-09:30:00')));
SELECT pg_temp.answer(oms_try_fix(pg_temp.message('FIX.4.4', 'F', 'fh-CL', '11=c4|41=c1|55=fh-A|54=1|38=100|60=20260302-09:30:00')));
SELECT pg_temp.say('f', '55=fh-A|326=3');
SELECT r #>> '{state,deskStatus}' FROM oms_command('{"commandType": "CreateOrderCommand", "orderId": "fh-2", "symbol": "fh-A", "side": "BUY", "orderQty": 1}') AS r;
DELETE FROM oms.trading_halts;

-- Of which market: what is named; a lift without one is of all that the session has halted of the symbol, and of nobody else's.
SELECT pg_temp.say('f', '55=fh-A|326=2|207=XNYS'), pg_temp.say('f', '55=fh-A|326=2|1301=XLON', version => 'FIXT.1.1'), pg_temp.say('f', '55=fh-A|326=2'),
       pg_temp.say('f', '55=fh-A2|326=2'), pg_temp.say('f', '55=fh-A|326=2', 'fh-N'), pg_temp.say('f', '55=fh-A:XNYS|326=2');
SELECT * FROM pg_temp.halts;
SELECT pg_temp.say('f', '55=fh-A|326=3|207=XPAR'), pg_temp.say('f', '55=fh-A|326=3|207=XNYS'), pg_temp.say('f', '55=fh-A|326=3');
SELECT * FROM pg_temp.halts;
DELETE FROM oms.trading_halts;
-- Contracts, classes of shares and segments of a market: each halts the whole, and is lifted by its own news alone, or by news of the whole.
SELECT pg_temp.say('f', '55=fh-W|200=202612|326=2'), pg_temp.say('f', '55=fh-W|200=202703|326=2'), pg_temp.say('f', '55=fh-W|65=B|326=18|207=XNYS'), pg_temp.say('f', '55=fh-W|326=2');
SELECT pg_temp.say('f', '55=fh-W|200=202703|326=3'), pg_temp.say('f', '55=fh-W|200=202606|326=3'), pg_temp.say('f', '55=fh-W|65=B|326=17');
SELECT name, symbol, destination, holds FROM pg_temp.halts;
SELECT pg_temp.say('f', '55=fh-W|326=3');
SELECT pg_temp.say('h', '1301=XEUR|1300=F1|336=1|340=1', version => 'FIXT.1.1'), pg_temp.say('h', '1301=XEUR|1300=F2|336=1|340=2', version => 'FIXT.1.1');
SELECT pg_temp.say('h', '1301=XEUR|336=1|340=1', version => 'FIXT.1.1'), pg_temp.say('h', '1301=XEUR|1300=F1|336=1|340=2', version => 'FIXT.1.1'), pg_temp.say('h', '1301=XEUR|336=1|340=2', version => 'FIXT.1.1');
SELECT * FROM pg_temp.halts;
-- an endless id is as if it were not named: what it halts is a fact
SELECT pg_temp.say('f', '55=fh-W|200=202612|326=2|48=' || repeat(':', 1500)), pg_temp.say('f', '55=fh-W|200=202612|326=3|48=' || repeat('x', 1500));
-- codes are numbers
SELECT pg_temp.say('f', '55=fh-V|326=02'), pg_temp.say('f', '55=fh-V|326=003'), pg_temp.say('f', '55=fh-V|326=0'), pg_temp.say('h', '336=fh-V|340=01'), pg_temp.say('h', '336=fh-V|340=00');
DELETE FROM oms.trading_halts;
-- Of a session: its market, else its id; since 5.0 of one symbol in it.
SELECT pg_temp.say('h', '336=DAY|340=1'), pg_temp.say('h', '336=DAY|207=XNYS|340=1'), pg_temp.say('h', '1301=XLON|340=1', version => 'FIXT.1.1'),
       pg_temp.say('h', '1301=XLON|55=fh-A|340=1', version => 'FIXT.1.1');
SELECT * FROM pg_temp.halts;
SELECT pg_temp.say('h', '336=DAY|340=2'), pg_temp.say('h', '336=DAY|340=3'), pg_temp.say('h', '1301=XLON|340=2', version => 'FIXT.1.1');
SELECT * FROM pg_temp.halts;
DELETE FROM oms.trading_halts;

-- What halts already says it again, and what is lifted cannot be lifted. What the desk has changed is set right by the next message.
SELECT pg_temp.say('f', '55=fh-A|326=2|58=news'), pg_temp.say('f', '55=fh-A|326=2|58=news'), pg_temp.say('f', '55=fh-A|326=2|58=more news'), pg_temp.say('f', '55=fh-A|326=3'),
       pg_temp.say('f', '55=fh-A|326=3'), pg_temp.say('f', '55=fh-A|326=2|58=news');
UPDATE oms.trading_halts SET until = now() + interval '1 hour';
SELECT pg_temp.say('f', '55=fh-A|326=2|58=news');
UPDATE oms.trading_halts SET enabled = false;
SELECT pg_temp.say('f', '55=fh-A|326=3'), pg_temp.say('f', '55=fh-A|326=2|58=news');
DELETE FROM oms.trading_halts;

-- Sent again: what was told is known, whatever came since. What was lost is done, but not where a later message says otherwise.
SELECT pg_temp.say('f', '55=fh-A|326=2|60=20260302-10:00:00'), pg_temp.say('f', '55=fh-A|326=3|60=20260302-10:05:00');
SELECT pg_temp.say('f', '55=fh-A|326=2|60=20260302-10:00:00|43=Y|122=20260302-09:30:00'), pg_temp.say('f', '55=fh-A|326=2|60=20260302-10:00:00|97=Y'),
       pg_temp.say('f', '55=fh-A|326=2|60=20260302-10:00:00'), pg_temp.say('f', '55=fh-A|326=3|60=20260302-10:05:00|97=Y');
SELECT pg_temp.say('f', '55=fh-A|326=2|60=20260302-10:02:00|97=Y'), pg_temp.say('f', '55=fh-A|326=2|60=20260302-10:10:00|97=Y'), pg_temp.say('f', '55=fh-A|326=3|60=20260302-10:08:00|97=Y');
-- A time that has not come yet holds no later message off.
SELECT pg_temp.say('f', '55=fh-A|326=3|60=29990302-10:00:00'), pg_temp.say('f', '55=fh-A|326=2|60=20260302-10:20:00|97=Y'), pg_temp.say('f', '55=fh-A|326=3|60=20260302-10:30:00');
-- Without TransactTime by when they were first sent.
SELECT pg_temp.say('f', '55=fh-B|326=2|52=20260302-10:00:00'), pg_temp.say('f', '55=fh-B|326=3|52=20260302-10:01:00'),
       pg_temp.say('f', '55=fh-B|326=2|52=20260302-10:05:00|122=20260302-10:00:00|43=Y'), pg_temp.say('f', '55=fh-B|326=2|52=20260302-10:05:00|122=20260302-10:02:00|43=Y'),
       pg_temp.say('f', '55=fh-B|326=3|52=20260302-10:06:00');
DELETE FROM oms.trading_halts;

-- Damaged, of nothing, of what no order can be, or from a client.
SELECT pg_temp.say('f', '326=2'), pg_temp.say('f', '55=|326=2'), pg_temp.say('f', '55=fh-A'), pg_temp.say('f', '55=[N/A]|48=US0378331005|326=2'),
       pg_temp.say('f', '55=fh-A|55=fh-B|326=2'), pg_temp.say('h', '336=DAY'), pg_temp.say('h', '340=1');
SELECT pg_temp.say('f', format('55=%s|326=2', repeat('x', 257)));
SELECT pg_temp.answer(oms_try_fix(replace(pg_temp.message('FIX.4.4', 'f', 'fh-M', '55=fh-A|326=2'), '326=2', '326=3')));
SELECT oms_fix(pg_temp.message('FIX.4.4', 'f', 'fh-M', '326=2'));
INSERT INTO oms.fix_sessions (session, direction) VALUES ('OMS|fh-CL', 'CLIENT'), ('OMS|fh-B', 'BROKER');
SELECT pg_temp.say('f', '55=fh-A|326=2', 'fh-CL'), pg_temp.say('h', '336=DAY|340=1', 'fh-CL'), pg_temp.say('f', '55=fh-A|326=2', 'fh-B'), pg_temp.say('f', '55=fh-A|326=3', 'fh-B');
SELECT sqlstate, count(*) FROM oms.rejected_commands WHERE command ->> 'msgType' IN ('f', 'h') AND command ->> 'fixMessage' ~ 'fh-' GROUP BY 1 ORDER BY 1;
UPDATE oms.fix_sessions SET enabled = false WHERE session = 'OMS|fh-B';
SELECT pg_temp.say('f', '55=fh-A|326=2', 'fh-B');

-- In a transaction it binds at once, and is gone with it.
BEGIN;
SELECT pg_temp.say('f', '55=fh-T|326=2');
SELECT r #>> '{state,deskStatus}' FROM oms_command('{"commandType": "CreateOrderCommand", "orderId": "fh-3", "symbol": "fh-T", "side": "BUY", "orderQty": 1}') AS r;
SAVEPOINT s;
SELECT pg_temp.say('f', '55=fh-T|326=3');
SELECT r #>> '{state,deskStatus}' FROM oms_command('{"commandType": "CreateOrderCommand", "orderId": "fh-4", "symbol": "fh-T", "side": "BUY", "orderQty": 1}') AS r;
ROLLBACK TO s;
SELECT r #>> '{state,deskStatus}' FROM oms_command('{"commandType": "CreateOrderCommand", "orderId": "fh-4", "symbol": "fh-T", "side": "BUY", "orderQty": 1}') AS r;
ROLLBACK;
SELECT r #>> '{state,deskStatus}' FROM oms_command('{"commandType": "CreateOrderCommand", "orderId": "fh-3", "symbol": "fh-T", "side": "BUY", "orderQty": 1}') AS r;
-- A trigger of somebody's that takes rows away is an error, and no halt that is believed in.
CREATE FUNCTION pg_temp.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER a_nothing BEFORE INSERT OR UPDATE ON oms.trading_halts FOR EACH ROW EXECUTE FUNCTION pg_temp.nothing();
SELECT pg_temp.say('f', '55=fh-T|326=2');
ALTER TABLE oms.trading_halts DISABLE TRIGGER a_nothing;
SELECT pg_temp.say('f', '55=fh-T|326=2');
ALTER TABLE oms.trading_halts ENABLE TRIGGER a_nothing;
SELECT pg_temp.say('f', '55=fh-T|326=2|58=more');
SELECT pg_temp.say('f', '55=fh-T|326=3');
DROP TRIGGER a_nothing ON oms.trading_halts;
-- His operators and functions are not called with the owner's rights.
CREATE SCHEMA fh_evil;
CREATE FUNCTION fh_evil.same(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'called as %', current_user; END $$;
CREATE OPERATOR fh_evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = fh_evil.same);
CREATE FUNCTION fh_evil.starts_with(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'called as %', current_user; END $$;
SET search_path = fh_evil, pg_catalog, public;
SELECT jsonb_path_query(public.oms_fix(pg_temp.message('FIX.4.4', 'f', 'fh-M', '55=fh-T|326=3|60=20260302-09:30:00')), '$.results[*].status');
RESET search_path;
DROP SCHEMA fh_evil CASCADE;

-- Bytes in the session's encoding; what a router is told; the whole answer; and what the event has.
SELECT pg_temp.answer(oms_fix(convert_to(pg_temp.message('FIX.4.4', 'f', 'fh-M', '55=fh-A|326=2|58=sans raison'), 'LATIN1')));
SELECT slot, by, certain FROM oms.route_fix(pg_temp.message('FIX.4.4', 'f', 'fh-M', '55=fh-A|326=2'));
SELECT jsonb_set(oms_fix(pg_temp.message('FIX.4.4', 'f', 'fh-M', '55=fh-Z|326=2|327=D')), '{results,0,halt,since}', '"T"');
SELECT event_type, version, actor = session_user AS actor, role = current_user AS role,
       replace(regexp_replace((payload -> 'command')::text, '9=[0-9]+.u0001|10=[0-9]+', '', 'g'), '\u0001', '|') AS command
  FROM oms.configuration_events WHERE root_id ~ 'fh-Z' ORDER BY sequence;
SELECT count(*) AS broken FROM oms.verify() WHERE id ~ 'fh-' OR root_id ~ 'fh-';
DELETE FROM oms.trading_halts;
DELETE FROM oms.fix_sessions WHERE session ~ 'fh-';
