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

-- How an order gets into each status, and what is then tried on it. Nothing of it is kept.
CREATE TEMPORARY TABLE statuses (n serial, status text, holds text, commands jsonb) ON COMMIT DROP;
INSERT INTO statuses (status, holds, commands) VALUES
  ('PENDING_NEW', 'waits for acceptance', '[{"c": "Create", "pending": true}]'),
  ('ACCEPTED_FOR_BIDDING', 'waits for acceptance', '[{"c": "Create", "pending": true}, {"c": "Accept", "forBidding": true}]'),
  ('NEW', '', '[{"c": "Create"}]'),
  ('PARTIALLY_FILLED', '40 of 100', '[{"c": "Create"}, {"c": "Execute", "lastQty": 40, "lastPx": 1}]'),
  ('FILLED', '100 of 100', '[{"c": "Create"}, {"c": "Execute", "lastQty": 100, "lastPx": 1}]'),
  ('PENDING_CANCEL', 'a cancel is requested', '[{"c": "Create"}, {"c": "RequestCancel"}]'),
  ('PENDING_REPLACE', 'a replacement is requested', '[{"c": "Create"}, {"c": "RequestReplace", "price": 2}]'),
  ('SUSPENDED', '', '[{"c": "Create"}, {"c": "Suspend"}]'),
  ('STOPPED', '', '[{"c": "Create"}, {"c": "Stop"}]'),
  ('DONE_FOR_DAY', 'a day order', '[{"c": "Create"}, {"c": "DoneForDay"}]'),
  ('CALCULATED', 'closed', '[{"c": "Create"}, {"c": "Calculate"}]'),
  ('CANCELLED', 'closed', '[{"c": "Create"}, {"c": "Cancel"}]'),
  ('EXPIRED', 'closed', '[{"c": "Create"}, {"c": "Expire"}]'),
  ('REJECTED', 'closed', '[{"c": "Create"}, {"c": "Reject"}]');

CREATE TEMPORARY TABLE trials (n serial, trial text, command jsonb) ON COMMIT DROP;
INSERT INTO trials (trial, command) VALUES
  ('Accept', '{"c": "Accept"}'),
  ('Accept for bidding', '{"c": "Accept", "forBidding": true}'),
  ('Reject', '{"c": "Reject"}'),
  ('RequestCancel', '{"c": "RequestCancel"}'),
  ('Cancel', '{"c": "Cancel"}'),
  ('RejectCancel', '{"c": "RejectCancel"}'),
  ('RequestReplace', '{"c": "RequestReplace", "orderQty": 200}'),
  ('Replace', '{"c": "Replace", "orderQty": 200}'),
  ('RejectReplace', '{"c": "RejectReplace"}'),
  ('Suspend', '{"c": "Suspend"}'),
  ('Resume', '{"c": "Resume"}'),
  ('Stop', '{"c": "Stop"}'),
  ('DoneForDay', '{"c": "DoneForDay"}'),
  ('Restate', '{"c": "Restate"}'),
  ('Calculate', '{"c": "Calculate"}'),
  ('Expire', '{"c": "Expire"}'),
  ('Update', '{"c": "Update", "text": "t"}'),
  ('Place', '{"c": "Place", "children": [{"orderQty": 1}]}'),
  ('Execute', '{"c": "Execute", "lastQty": 10, "lastPx": 1}');

CREATE FUNCTION pg_temp.send(id text, command jsonb, report boolean) RETURNS jsonb LANGUAGE sql AS $function$
  SELECT oms_try_command(command - 'c'
           || jsonb_build_object('commandType', command ->> 'c' || 'OrderCommand', 'orderId', id)
           || CASE command ->> 'c' WHEN 'Create' THEN '{"symbol": "X", "side": "BUY", "orderQty": 100, "price": 1}' ELSE '{}' END::jsonb
           || CASE WHEN report THEN '{"execID": "R"}' ELSE '{}' END::jsonb)
$function$;

CREATE TEMPORARY TABLE answers (status text, trial text, report boolean, accepted boolean, answer text, shows text, event_type text)
  ON COMMIT DROP;
DO $do$
DECLARE
  s record;
  t record;
  as_report boolean;
  order_id text;
  step jsonb;
  result jsonb;
BEGIN
  FOR s IN SELECT * FROM statuses ORDER BY n LOOP
    FOR t IN SELECT * FROM trials ORDER BY n LOOP
      FOREACH as_report IN ARRAY ARRAY[false, true] LOOP
        -- nobody reports an update or a placement, and a fill is a report always
        CONTINUE WHEN as_report AND t.trial IN ('Update', 'Place', 'Execute');
        order_id := format('gen_states:%s:%s:%s', s.n, t.n, as_report);
        FOR step IN SELECT x.e FROM jsonb_array_elements(s.commands) WITH ORDINALITY AS x (e, i) ORDER BY x.i LOOP
          result := pg_temp.send(order_id, step, false);
        END LOOP;
        IF (SELECT o.status FROM oms.orders AS o WHERE o.id = order_id) IS DISTINCT FROM s.status THEN
          RAISE EXCEPTION 'this is not how an order gets into status %: %', s.status, result;
        END IF;
        result := pg_temp.send(order_id, t.command, as_report);
        IF as_report AND result ->> 'status' <> 'ACCEPTED' THEN
          RAISE EXCEPTION 'a report is refused: %', result;
        END IF;
        INSERT INTO answers
          SELECT s.status, t.trial, as_report, result ->> 'status' = 'ACCEPTED', result #>> '{state,status}',
                 (SELECT o.status FROM oms.orders AS o WHERE o.id = order_id), result #>> '{events,-1,eventType}';
      END LOOP;
    END LOOP;
  END LOOP;
END
$do$;

-- "Cancel → CANCELLED; Update, Place → stays"
CREATE FUNCTION pg_temp.outcomes(of_status text, of_report boolean) RETURNS text LANGUAGE sql AS $function$
  SELECT string_agg(g.trials || ' → ' || g.outcome, '; ' ORDER BY g.first)
    FROM (
      SELECT string_agg('`' || a.trial || '`', ', ' ORDER BY t.n) AS trials, min(t.n) AS first,
             CASE WHEN a.answer = 'REVIEW' THEN 'the fill waits in review'
                  WHEN a.event_type = 'OrderReported' THEN 'only kept'
                  WHEN a.shows = a.status THEN 'stays'
                  ELSE a.shows END AS outcome
        FROM answers AS a JOIN trials AS t USING (trial)
       WHERE a.status = of_status AND a.report = of_report AND a.accepted
         -- a report of what anybody may do is no news
         AND NOT (of_report AND EXISTS (SELECT FROM answers AS b WHERE b.status = a.status AND b.trial = a.trial AND NOT b.report
                                           AND b.accepted AND b.shows = a.shows AND b.event_type = a.event_type))
       GROUP BY outcome
    ) AS g
$function$;

-- Conditions by name; those that mean something together by one word.
CREATE FUNCTION pg_temp.names(conditions text[], separator text) RETURNS text LANGUAGE plpgsql AS $function$
DECLARE
  g record;
BEGIN
  FOR g IN VALUES ('closed', '{REJECTED,CANCELLED,EXPIRED,CALCULATED}'::text[]),
                  ('live', '{VALIDATED,ALLOCATED}'), ('ended', '{CORRECTED,BUSTED,REJECTED}') LOOP
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
SPLITS, the restatement is a split; COVERED, a block has filled, and allocated nobody, what its members lack.'),
  ('execution', 'Exactly one condition holds: the status, or NEW, before the first event. *live* stands for VALIDATED and ALLOCATED, *ended* for CORRECTED,
BUSTED and REJECTED.'),
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
SELECT format('| **%s**%s | %s |', s.status, CASE s.holds WHEN '' THEN '' ELSE ', ' || s.holds END, pg_temp.outcomes(s.status, false))
  FROM statuses AS s ORDER BY s.n;
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
SELECT format('| **%s** | %s |', s.status, coalesce(pg_temp.outcomes(s.status, true), ''))
  FROM statuses AS s ORDER BY s.n;
\qecho
SELECT m.line
  FROM (
    SELECT k.first, 0 AS transition,
           format(E'## The machine of %s %s\n', CASE WHEN k.object = 'desk' THEN 'the' WHEN k.object ~ '^[aeiou]' THEN 'an' ELSE 'a' END, k.object)
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
    "$scripts/build.sh" "$project" "$OMS_WORK/stage" release
    "$scripts/cluster.sh" init "$OMS_WORK/cluster"
    cat "$OMS_WORK/stage/postgresql.conf" >> "$OMS_WORK/cluster/data/postgresql.conf"
    "$scripts/cluster.sh" start "$OMS_WORK/cluster"
    PGHOST=$("$scripts/cluster.sh" socket "$OMS_WORK/cluster")
    export PGHOST PGUSER=oms PGDATABASE=postgres PATH=$("$PG_CONFIG" --bindir):$PATH
    psql -X -q -c 'CREATE EXTENSION oms_state'
    print > "$OMS_WORK/states.md"
    exit
fi

"$scripts/setup.sh"
OMS_WORK=$(mktemp -d /var/tmp/oms_state-states.XXXXXX)
export OMS_WORK
trap 'end_group; stop_clusters_under "$OMS_WORK"; rm -rf "$OMS_WORK"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
copy_tree "$OMS_WORK/tree"
chmod 0755 "$OMS_WORK"
give_to_user "$OMS_WORK"
run_group "$scripts/as_user.sh" "$OMS_WORK/tree/scripts/gen_states.sh" inside
cat "$OMS_WORK/states.md" > "$project/doc/states.md"
