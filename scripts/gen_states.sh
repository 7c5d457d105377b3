#!/usr/bin/env bash
# gen_states.sh [--print]: doc/states.md from the state machine as it is in the code.
#
# With --print it goes to standard output, read from the database that PGHOST, PGPORT and PGDATABASE name, which
# has the extension and is left as it was (but for numbers of the sequence).  Without, a copy of the checkout is built and asked, and the file is written.
set -euo pipefail

print() {
    psql -X -q -At -v ON_ERROR_STOP=1 -P pager=off <<'SQL'
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = public, pg_temp;

-- How an object gets into each status, and what is then tried on it. Nothing of it is kept.
CREATE TEMPORARY TABLE statuses (n serial, object text, status text, holds text, commands jsonb) ON COMMIT DROP;
INSERT INTO statuses (object, status, holds, commands) VALUES
  ('order', 'PENDING_NEW', 'waits for acceptance', '[{"c": "CreateOrder", "pending": true}]'),
  ('order', 'ACCEPTED_FOR_BIDDING', 'waits for acceptance', '[{"c": "CreateOrder", "pending": true}, {"c": "AcceptOrder", "forBidding": true}]'),
  ('order', 'NEW', '', '[{"c": "CreateOrder"}]'),
  ('order', 'PARTIALLY_FILLED', '40 of 100', '[{"c": "CreateOrder"}, {"c": "ExecuteOrder", "lastQty": 40, "lastPx": 1}]'),
  ('order', 'FILLED', '100 of 100', '[{"c": "CreateOrder"}, {"c": "ExecuteOrder", "lastQty": 100, "lastPx": 1}]'),
  ('order', 'PENDING_CANCEL', 'a cancel is requested', '[{"c": "CreateOrder"}, {"c": "RequestCancelOrder"}]'),
  ('order', 'PENDING_REPLACE', 'a replacement is requested', '[{"c": "CreateOrder"}, {"c": "RequestReplaceOrder", "price": 2}]'),
  ('order', 'SUSPENDED', '', '[{"c": "CreateOrder"}, {"c": "SuspendOrder"}]'),
  ('order', 'STOPPED', '', '[{"c": "CreateOrder"}, {"c": "StopOrder"}]'),
  ('order', 'DONE_FOR_DAY', 'a day order', '[{"c": "CreateOrder"}, {"c": "DoneForDayOrder"}]'),
  ('order', 'CALCULATED', 'closed', '[{"c": "CreateOrder"}, {"c": "CalculateOrder"}]'),
  ('order', 'CANCELLED', 'closed', '[{"c": "CreateOrder"}, {"c": "CancelOrder"}]'),
  ('order', 'EXPIRED', 'closed', '[{"c": "CreateOrder"}, {"c": "ExpireOrder"}]'),
  ('order', 'REJECTED', 'closed', '[{"c": "CreateOrder"}, {"c": "RejectOrder"}]'),
  ('quote_request', 'NEW', '', '[{"c": "CreateQuoteRequest"}]'),
  ('quote_request', 'QUOTED', '', '[{"c": "CreateQuoteRequest"}, {"c": "CreateQuote"}]'),
  ('quote_request', 'QUOTED', 'a dealer has the last look', '[{"c": "CreateQuoteRequest"}, {"c": "CreateQuote"}, {"c": "AcceptQuote", "pending": true}]'),
  ('quote_request', 'ACCEPTED', '', '[{"c": "CreateQuoteRequest"}, {"c": "CreateQuote"}, {"c": "AcceptQuote"}]'),
  ('quote_request', 'REJECTED', '', '[{"c": "CreateQuoteRequest"}, {"c": "CreateQuote"}, {"c": "RejectQuoteRequest"}]'),
  ('quote_request', 'CANCELLED', '', '[{"c": "CreateQuoteRequest"}, {"c": "CreateQuote"}, {"c": "CancelQuoteRequest"}]'),
  ('quote_request', 'EXPIRED', '', '[{"c": "CreateQuoteRequest"}, {"c": "CreateQuote"}, {"c": "ExpireQuoteRequest"}]'),
  ('quote', 'ACTIVE', '', '[{"c": "CreateQuoteRequest"}, {"c": "CreateQuote"}]'),
  ('quote', 'ACTIVE', 'the dealer has the last look', '[{"c": "CreateQuoteRequest"}, {"c": "CreateQuote"}, {"c": "AcceptQuote", "pending": true}]'),
  ('quote', 'ACCEPTED', '', '[{"c": "CreateQuoteRequest"}, {"c": "CreateQuote"}, {"c": "AcceptQuote"}]'),
  ('quote', 'DECLINED', '', '[{"c": "CreateQuoteRequest"}, {"c": "CreateQuote"}, {"c": "CreateQuote", "quoteId": "Q2", "dealer": "B"}, {"c": "AcceptQuote", "quoteId": "Q2", "orderId": "O2"}]'),
  ('quote', 'REJECTED', '', '[{"c": "CreateQuoteRequest"}, {"c": "CreateQuote"}, {"c": "RejectQuote"}]'),
  ('quote', 'CANCELLED', '', '[{"c": "CreateQuoteRequest"}, {"c": "CreateQuote"}, {"c": "CancelQuote"}]'),
  ('quote', 'EXPIRED', '', '[{"c": "CreateQuoteRequest"}, {"c": "CreateQuote"}, {"c": "ExpireQuote"}]');

CREATE TEMPORARY TABLE trials (n serial, object text, trial text, command jsonb) ON COMMIT DROP;
INSERT INTO trials (object, trial, command) VALUES
  ('order', 'Accept', '{"c": "AcceptOrder"}'),
  ('order', 'Accept for bidding', '{"c": "AcceptOrder", "forBidding": true}'),
  ('order', 'Reject', '{"c": "RejectOrder"}'),
  ('order', 'RequestCancel', '{"c": "RequestCancelOrder"}'),
  ('order', 'Cancel', '{"c": "CancelOrder"}'),
  ('order', 'RejectCancel', '{"c": "RejectCancelOrder"}'),
  ('order', 'RequestReplace', '{"c": "RequestReplaceOrder", "orderQty": 200}'),
  ('order', 'Replace', '{"c": "ReplaceOrder", "orderQty": 200}'),
  ('order', 'RejectReplace', '{"c": "RejectReplaceOrder"}'),
  ('order', 'Suspend', '{"c": "SuspendOrder"}'),
  ('order', 'Resume', '{"c": "ResumeOrder"}'),
  ('order', 'Stop', '{"c": "StopOrder"}'),
  ('order', 'DoneForDay', '{"c": "DoneForDayOrder"}'),
  ('order', 'Restate', '{"c": "RestateOrder"}'),
  ('order', 'Calculate', '{"c": "CalculateOrder"}'),
  ('order', 'Expire', '{"c": "ExpireOrder"}'),
  ('order', 'Update', '{"c": "UpdateOrder", "text": "t"}'),
  ('order', 'Place', '{"c": "PlaceOrder", "children": [{"orderQty": 1}]}'),
  ('order', 'Execute', '{"c": "ExecuteOrder", "lastQty": 10, "lastPx": 1}'),
  ('quote_request', 'CreateQuote', '{"c": "CreateQuote", "quoteId": "Q2", "dealer": "B"}'),
  ('quote_request', 'AcceptQuote', '{"c": "AcceptQuote"}'),
  ('quote_request', 'AcceptQuote pending', '{"c": "AcceptQuote", "pending": true}'),
  ('quote_request', 'RejectQuoteRequest', '{"c": "RejectQuoteRequest"}'),
  ('quote_request', 'RejectQuoteRequest by one dealer', '{"c": "RejectQuoteRequest", "dealer": "C"}'),
  ('quote_request', 'CancelQuoteRequest', '{"c": "CancelQuoteRequest"}'),
  ('quote_request', 'ExpireQuoteRequest', '{"c": "ExpireQuoteRequest"}'),
  ('quote_request', 'RejectQuote', '{"c": "RejectQuote"}'),
  ('quote_request', 'AcceptOrder', '{"c": "AcceptOrder"}'),
  ('quote_request', 'RejectOrder', '{"c": "RejectOrder"}'),
  ('quote_request', 'ExecuteOrder', '{"c": "ExecuteOrder", "lastQty": 10, "lastPx": 1}'),
  ('quote', 'ReplaceQuote', '{"c": "ReplaceQuote", "offerPx": 2}'),
  ('quote', 'AcceptQuote', '{"c": "AcceptQuote"}'),
  ('quote', 'AcceptQuote pending', '{"c": "AcceptQuote", "pending": true}'),
  ('quote', 'RejectQuote', '{"c": "RejectQuote"}'),
  ('quote', 'RejectQuote with PASS', '{"c": "RejectQuote", "quoteRespType": "PASS"}'),
  ('quote', 'RejectQuote with COUNTER', '{"c": "RejectQuote", "quoteRespType": "COUNTER", "bidPx": 1}'),
  ('quote', 'RejectQuote with COVER', '{"c": "RejectQuote", "quoteRespType": "COVER"}'),
  ('quote', 'RejectQuote with DONE_AWAY', '{"c": "RejectQuote", "quoteRespType": "DONE_AWAY"}'),
  ('quote', 'RejectQuote with EXPIRED', '{"c": "RejectQuote", "quoteRespType": "EXPIRED"}'),
  ('quote', 'CancelQuote', '{"c": "CancelQuote"}'),
  ('quote', 'ExpireQuote', '{"c": "ExpireQuote"}'),
  ('quote', 'CreateQuote by its dealer', '{"c": "CreateQuote", "quoteId": "Q3"}'),
  ('quote', 'RejectQuoteRequest', '{"c": "RejectQuoteRequest"}'),
  ('quote', 'CancelQuoteRequest', '{"c": "CancelQuoteRequest"}'),
  ('quote', 'ExpireQuoteRequest', '{"c": "ExpireQuoteRequest"}'),
  ('quote', 'AcceptOrder', '{"c": "AcceptOrder"}'),
  ('quote', 'RejectOrder', '{"c": "RejectOrder"}'),
  ('quote', 'CancelOrder', '{"c": "CancelOrder"}'),
  ('quote', 'ExecuteOrder', '{"c": "ExecuteOrder", "lastQty": 10, "lastPx": 1}');

-- What a command says if the table above does not; ids are those of a case of their own.
CREATE TEMPORARY TABLE defaults (commands text, fields jsonb) ON COMMIT DROP;
INSERT INTO defaults VALUES
  ('.*Order', '{"orderId": "O"}'),
  ('CreateOrder', '{"symbol": "X", "side": "BUY", "orderQty": 100, "price": 1}'),
  ('.*QuoteRequest|CreateQuote', '{"quoteRequestId": "R"}'),
  ('CreateQuoteRequest', '{"symbol": "X", "side": "BUY", "orderQty": 100}'),
  ('.*Quote', '{"quoteId": "Q"}'),
  ('CreateQuote', '{"dealer": "A", "offerPx": 1}'),
  ('AcceptQuote', '{"orderId": "O"}');

CREATE FUNCTION pg_temp.send(case_id text, command jsonb, report boolean) RETURNS jsonb LANGUAGE sql AS $function$
  SELECT oms_try_command(jsonb_object_agg(f.key, CASE WHEN f.key IN ('orderId', 'quoteRequestId', 'quoteId') THEN to_jsonb(case_id || ':' || (f.value #>> '{}'))
                                                      ELSE f.value END)
                         || jsonb_build_object('commandType', command ->> 'c' || 'Command')
                         || CASE WHEN report THEN '{"execID": "R"}' ELSE '{}' END::jsonb)
    FROM (SELECT DISTINCT ON (key) key, value
            FROM (SELECT 0 AS first, e.key, e.value FROM jsonb_each(command - 'c') AS e
                  UNION ALL
                  SELECT 1, e.key, e.value FROM defaults AS d, jsonb_each(d.fields) AS e WHERE command ->> 'c' ~ ('^(' || d.commands || ')$')) AS x
           ORDER BY key, first) AS f
$function$;

CREATE FUNCTION pg_temp.status_of(object text, case_id text) RETURNS text LANGUAGE plpgsql AS $function$
DECLARE
  said text;
BEGIN
  EXECUTE format('SELECT status FROM oms.%I WHERE id = $1', (SELECT k.table_name FROM oms.kinds() AS k WHERE k.object = status_of.object))
    INTO said USING case_id || CASE object WHEN 'order' THEN ':O' WHEN 'quote' THEN ':Q' ELSE ':R' END;
  RETURN said;
END
$function$;

CREATE TEMPORARY TABLE answers (situation integer, trial text, report boolean, accepted boolean, answer text, shows text, event_type text)
  ON COMMIT DROP;
DO $do$
DECLARE
  s record;
  t record;
  as_report boolean;
  case_id text;
  step jsonb;
  result jsonb;
BEGIN
  FOR s IN SELECT * FROM statuses ORDER BY n LOOP
    FOR t IN SELECT * FROM trials WHERE object = s.object ORDER BY n LOOP
      FOREACH as_report IN ARRAY ARRAY[false, true] LOOP
        -- of an order: nobody reports an update or a placement, and a fill is a report always
        CONTINUE WHEN as_report AND (s.object <> 'order' OR t.trial IN ('Update', 'Place', 'Execute'));
        case_id := format('gen_states:%s:%s:%s', s.n, t.n, as_report);
        FOR step IN SELECT x.e FROM jsonb_array_elements(s.commands) WITH ORDINALITY AS x (e, i) ORDER BY x.i LOOP
          result := pg_temp.send(case_id, step, false);
        END LOOP;
        IF pg_temp.status_of(s.object, case_id) IS DISTINCT FROM s.status THEN
          RAISE EXCEPTION 'this is not how a(n) % gets into status %: %', s.object, s.status, result;
        END IF;
        -- a fill of an order that is not there would say nothing of the quote
        CONTINUE WHEN t.command ->> 'c' = 'ExecuteOrder' AND pg_temp.status_of('order', case_id) IS NULL;
        result := pg_temp.send(case_id, t.command, as_report);
        IF as_report AND result ->> 'status' <> 'ACCEPTED' THEN
          RAISE EXCEPTION 'a report is refused: %', result;
        END IF;
        INSERT INTO answers
          SELECT s.n, t.trial, as_report, result ->> 'status' = 'ACCEPTED', result #>> '{state,status}',
                 pg_temp.status_of(s.object, case_id), result #>> '{events,-1,eventType}';
      END LOOP;
    END LOOP;
  END LOOP;
END
$do$;

-- "Cancel → CANCELLED; Update, Place → stays"
CREATE FUNCTION pg_temp.outcomes(of_situation integer, of_report boolean) RETURNS text LANGUAGE sql AS $function$
  SELECT string_agg(g.trials || ' → ' || g.outcome, '; ' ORDER BY g.first)
    FROM (
      SELECT string_agg('`' || a.trial || '`', ', ' ORDER BY t.n) AS trials, min(t.n) AS first,
             CASE WHEN a.answer = 'REVIEW' THEN 'the fill waits in review'
                  WHEN a.event_type = 'OrderReported' THEN 'only kept'
                  WHEN a.shows = s.status THEN 'stays'
                  ELSE a.shows END AS outcome
        FROM answers AS a
        JOIN statuses AS s ON s.n = a.situation
        JOIN trials AS t ON t.trial = a.trial AND t.object = s.object
       WHERE a.situation = of_situation AND a.report = of_report AND a.accepted
         -- a report of what anybody may do is no news
         AND NOT (of_report AND EXISTS (SELECT FROM answers AS b WHERE b.situation = a.situation AND b.trial = a.trial AND NOT b.report
                                           AND b.accepted AND b.shows = a.shows AND b.event_type = a.event_type))
       GROUP BY outcome
    ) AS g
$function$;

CREATE FUNCTION pg_temp.possible(of_object text) RETURNS SETOF text LANGUAGE sql AS $function$
  SELECT format('| **%s**%s | %s |', s.status, CASE s.holds WHEN '' THEN '' ELSE ', ' || s.holds END, pg_temp.outcomes(s.n, false))
    FROM statuses AS s WHERE s.object = of_object ORDER BY s.n
$function$;

-- Conditions by name; those that mean something together by one word.
CREATE FUNCTION pg_temp.names(conditions text[], separator text) RETURNS text LANGUAGE plpgsql AS $function$
DECLARE
  g record;
BEGIN
  FOR g IN VALUES ('closed', '{REJECTED,CANCELLED,EXPIRED,CALCULATED}'::text[]),
                  ('over', '{ACCEPTED,REJECTED,CANCELLED,EXPIRED}'), ('live', '{VALIDATED,ALLOCATED}'), ('ended', '{CORRECTED,BUSTED,REJECTED}') LOOP
    IF conditions @> g.column2 THEN
      conditions := g.column1 || ARRAY(SELECT x.c FROM unnest(conditions) WITH ORDINALITY AS x (c, i) WHERE x.c <> ALL (g.column2) ORDER BY x.i);
    END IF;
  END LOOP;
  RETURN array_to_string(conditions, separator);
END
$function$;

-- What must be known to read the machine of a kind.
CREATE TEMPORARY TABLE kinds (object text, explanation text) ON COMMIT DROP;
INSERT INTO kinds VALUES
  ('order', '*closed* stands for REJECTED, CANCELLED, EXPIRED and CALCULATED. PENDING_CANCEL and PENDING_REPLACE are set by no row: they hold while a
request that shows is open. Facts: NO_FILLS, NOT_FILLED and FILLED, the order''s own figures; GROWS, the quantity goes above what is
executed; REQUEST_OPEN, the request that is answered is open; STATES_WORKING, the report states neither Suspended nor Stopped;
LATER_DAY, a good-till order, and a later day than the one that is done; STATES_QTY, the quantity of a cash order is stated, and was
not known; ANSWERED, the ClOrdID that is named was answered before; IMPLIES_REPLACE, the fill names an open replace request and has
its quantity; STATES_CANCELLED, STATES_EXPIRED, STATES_REJECTED and STATES_DONE_FOR_DAY, the fill''s report states that the order is
over; LEG, the report is of a leg; OTHER_ORDER, it names another symbol or side; OTHER_FIGURES, it comes again with other figures;
SPLITS, the restatement is a split; COVERED, a block has filled, and allocated nobody, what its members lack; APPROVED, the desk has
approved the fill; IN_TIME, it was dealt before its order expired; QUOTED, the order accepts a quote; REFUSED, of what a replacement asks of children one has refused; CANCELS, the order itself was asked to end.'),
  ('execution', 'Exactly one condition holds: the status, or NEW, before the first event. *live* stands for VALIDATED and ALLOCATED, *ended* for CORRECTED,
BUSTED and REJECTED.'),
  ('quote_request', 'Exactly one condition holds: the status, or UNMADE, before the first event. *over* stands for ACCEPTED, REJECTED, CANCELLED and EXPIRED. Facts: ACCEPTANCE_PENDING, a quote of it is accepted and its dealer has the last
look; NOT_PENDING, none is. Rows without a command follow its quotes, or the order of an acceptance.'),
  ('quote', 'Exactly one condition holds: the status, or UNMADE, before the first event. Facts: ACCEPTANCE_PENDING, it is accepted and the dealer has the last look;
NOT_ACCEPTED, it is not. Rows without a command follow another quote, the request, or the order of the acceptance.'),
  ('desk', 'Where an order is on the execution desk, beside its status. Exactly one condition holds: the desk status, or NONE. Facts: LIVE, the order is
live; HOLDS, who asks has claimed it, or is `oms_admin` and says why; ANOTHER, it would be another''s than now. A row without an event
follows what happens to the order: the event is the order''s, and its state says where that leaves it on the desk.');

\qecho '<!-- Generated by scripts/gen_states.sh from the state machine. Do not edit. -->'
\qecho
\qecho '# The state machines'
\qecho
\qecho 'An order has *conditions*, of which several hold at once, and fills. The status that shows follows from both by FIX''s'
\qecho 'precedence of OrdStatus (README, Statuses). A command, a fill, or a change below the order is looked up in its machine, a table'
\qecho 'at the end of this page: the first row whose conditions and facts hold fires, and its number stands in the event as'
\qecho '`transition`. A command for which no row fires is refused with `OM004`. An execution has a machine of its own, and so has every'
\qecho 'kind of object; an order has a second one, of the desk. The same tables are the view `oms.state_transitions`.'
\qecho
\qecho '## What is possible in which status'
\qecho
\qecho 'Tried out, one order for each, without children, over 100. `Cancel` stands for `CancelOrderCommand`, and so on. What is not listed is'
\qecho 'refused, by the machine (`OM004`) or by a rule (`OM005`).'
\qecho
\qecho '| status | command → status after it |'
\qecho '| --- | --- |'
SELECT * FROM pg_temp.possible('order');
\qecho
\qecho '`BustExecutionCommand` and `CorrectExecutionCommand` are possible in every status: they change fills, and what the fills hid comes back.'
\qecho
\qecho '## What a report does besides'
\qecho
\qecho 'A report (`execID`, `execType` or `ordStatus` is given) tells what a counterparty did, and is never refused by the machine. Where it does'
\qecho 'what anybody may do, it is not listed again. *Only kept*: the event is `OrderReported`, and the order keeps the figures that were'
\qecho 'stated; after a cancel or an expiry what was pending ends.'
\qecho
\qecho '| status | report → status after it |'
\qecho '| --- | --- |'
SELECT format('| **%s** | %s |', s.status, coalesce(pg_temp.outcomes(s.n, true), ''))
  FROM statuses AS s WHERE s.object = 'order' ORDER BY s.n;
\qecho
\qecho '## What is possible with a request for quotes'
\qecho
\qecho 'Tried out likewise. The request is for 100 of one side; where it was quoted, there is one quote, over which it is accepted, and of that order the commands on'
\qecho 'orders. `CreateQuote` is by another dealer.'
\qecho
\qecho '| status | command → status of the request after it |'
\qecho '| --- | --- |'
SELECT * FROM pg_temp.possible('quote_request');
\qecho
\qecho '## What is possible with a quote'
\qecho
\qecho 'Commands on orders are on that of its acceptance. What the request of a quote refuses (a replacement after its end, say) is refused here too.'
\qecho
\qecho '| status | command → status of the quote after it |'
\qecho '| --- | --- |'
SELECT * FROM pg_temp.possible('quote');
\qecho
SELECT m.line
  FROM (
    SELECT k.first, 0 AS transition,
           format(E'## The machine of %s %s\n', CASE WHEN k.object = 'desk' THEN 'the' WHEN k.object ~ '^[aeiou]' THEN 'an' ELSE 'a' END, replace(k.object, '_', ' '))
             || coalesce(E'\n' || e.explanation || E'\n', '')
             || E'\n| no. | what comes | only if | sets | clears | raises | event | meaning |'
             || E'\n| --- | --- | --- | --- | --- | --- | --- | --- |' AS line
      FROM (SELECT t.object, min(t.transition) AS first FROM oms.state_transitions AS t GROUP BY t.object) AS k
      LEFT JOIN kinds AS e USING (object)
    UNION ALL
    SELECT min(t.transition) OVER (PARTITION BY t.object), t.transition,
           format('| %s | %s | %s | %s | %s | %s | %s | %s |', t.transition, t.trigger,
                  array_to_string(ARRAY[pg_temp.names(t.requires, ', '), 'not ' || pg_temp.names(t.forbids, ', not '),
                                        CASE WHEN t.reported THEN 'a report' END, array_to_string(t.facts, ', ')], ', '),
                  pg_temp.names(t.sets, ', '), pg_temp.names(t.clears, ', '), array_to_string(t.raises, ', '), '`' || t.event_type || '`', t.sentence)
           || CASE WHEN t.transition = max(t.transition) OVER (PARTITION BY t.object)
                    AND t.transition < max(t.transition) OVER () THEN E'\n' ELSE '' END
      FROM oms.state_transitions AS t
  ) AS m ORDER BY m.first, m.transition;
ROLLBACK;
SQL
}

if [ "${1:-}" = --print ]; then
    print
    exit
fi

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ "${1:-}" = inside ]; then
    serve_extension
    print > "$OMS_WORK/states.md"
    exit
fi

in_a_copy states gen_states.sh
cat "$OMS_WORK/states.md" > "$project/doc/states.md"
