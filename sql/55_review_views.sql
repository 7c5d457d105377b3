-- What the execution desk reviews, as people read it, and what it tells the counterparty.

CREATE OR REPLACE FUNCTION oms.current_actor() RETURNS text
  LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'oms_current_actor';
COMMENT ON FUNCTION oms.current_actor() IS
  'Who a command of this session would be of, its actor: the session user, or, where that is a member of oms_proxy, the current role';

CREATE OR REPLACE FUNCTION oms.fix_code(tag integer, name text) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_fix_code';
COMMENT ON FUNCTION oms.fix_code(integer, text) IS
  'FIX''s code of a name: of Side (54), DKReason (127), CommType (13) or LastCapacity (29). What is no such name is returned as it is; null for another tag';

-- What is missing in a reason says nothing, and what is no reason is shown as it is.
CREATE OR REPLACE FUNCTION oms.review_reason(reason jsonb) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT CASE reason ->> 'code'
    WHEN 'UNKNOWN_ORDER' THEN 'Nobody knows its order' || coalesce(': ' || nullif(concat_ws(', ', 'orderId ' || (reason ->> 'orderId'),
      'ClOrdID ' || (reason ->> 'clOrdID'), 'OrderID ' || (reason ->> 'orderID')), ''), '') || '.'
    WHEN 'AMBIGUOUS_ORDER' THEN 'Its ids are those of more than one order.'
    WHEN 'WRONG_SYMBOL' THEN format('It is of %s, the order of %s.', reason ->> 'symbol', reason ->> 'orderSymbol')
    WHEN 'WRONG_SIDE' THEN format('Its side is %s, that of the order %s.', reason ->> 'side', reason ->> 'orderSide')
    WHEN 'WRONG_CURRENCY' THEN format('Its currency is %s, that of the order %s.', reason ->> 'currency', reason ->> 'orderCurrency')
    WHEN 'WRONG_INSTRUMENT' THEN format('It is of another contract: %s is %s, that of the order %s.', reason ->> 'field', reason ->> 'stated', reason ->> 'order')
    WHEN 'PRICE_BEYOND_LIMIT' THEN format('Its price %s is worse than the limit %s%s.', reason ->> 'lastPx', reason ->> 'price',
      ' by more than ' || nullif(reason ->> 'tolerance', '0'))
    WHEN 'ORDER_REJECTED' THEN format('The order was rejected%s.', ': ' || (reason ->> 'reason'))
    WHEN 'OVERFILL' THEN format('%s are too many: %s of %s were executed%s.', reason ->> 'lastQty', reason ->> 'executedQuantity', reason ->> 'orderQty',
      ', and ' || nullif(reason ->> 'tolerance', '0') || ' of that more is put up with')
    WHEN 'DUPLICATE_EXEC_ID' THEN format('Execution %s of the order has the same ExecID %s, and other content.', reason ->> 'executionId', reason ->> 'execID')
    WHEN 'UNKNOWN_EXECUTION' THEN format('Nobody knows the fill that it changes: ExecRefID %s.', coalesce(nullif(reason ->> 'execRefID', ''), 'is not stated'))
    WHEN 'POSSIBLE_DUPLICATE' THEN format('It may be execution %s, which was typed: %s at %s.', reason ->> 'executionId', reason ->> 'lastQty', reason ->> 'lastPx')
    WHEN 'FOUR_EYES' THEN format('Somebody else than %s has to approve it.', reason ->> 'author')
    WHEN 'RULE' THEN format('Rule %s is against it%s.', reason ->> 'rule', ': ' || (reason ->> 'message'))
    ELSE reason::text END
$function$;
COMMENT ON FUNCTION oms.review_reason(jsonb) IS 'A member of review_reasons or overridden_reasons as a sentence with its figures';

CREATE OR REPLACE VIEW oms.execution_review WITH (security_invoker = true) AS
  SELECT e.created_at AS received_at, e.id AS execution_id, e.exec_id, e.exec_type, reasons.codes AS reasons, e.review_reasons,
         e.symbol, e.side, e.last_qty, e.last_px, e.quantity, e.last_mkt, e.order_id, o.status AS order_status, o.symbol AS order_symbol,
         o.side AS order_side, o.order_qty, o.executed_quantity, e.root_id, e.cl_ord_id, e.counterparty_order_id, e.fix_session,
         e.exec_ref_id, e.cum_qty, e.leaves_qty, e.avg_px, e.ord_status, e.transact_time, e.text, e.version,
         e.currency, o.currency AS order_currency, o.price AS order_price, e.account, e.reported_account, e.trade_date, e.settl_date,
         greatest(now() - e.created_at, '0') AS age, reasons.sentences AS why, r.id AS client_order_id, r.cl_ord_id AS client_cl_ord_id,
         suggested.order_id AS suggested_order_id, e.authors,
         NOT (coalesce(current_setting('oms_state.four_eyes', true), 'off')::boolean AND coalesce(e.authors ? oms.current_actor(), false)) AS may_approve,
         e.corrected_execution_id, e.superseded_execution_id, e.reason, e.flags
    FROM oms.executions AS e
    LEFT JOIN oms.orders AS o ON o.id = e.order_id
    LEFT JOIN oms.orders AS r ON r.id = e.root_id AND e.order_id IS NOT NULL
   CROSS JOIN LATERAL (
     SELECT array_agg(x.reason ->> 'code' ORDER BY x.position) AS codes, array_agg(oms.review_reason(x.reason) ORDER BY x.position) AS sentences,
            min(x.reason ->> 'orderId') FILTER (WHERE x.reason ->> 'code' = 'UNKNOWN_ORDER') AS named
       FROM jsonb_array_elements(CASE jsonb_typeof(e.review_reasons) WHEN 'array' THEN e.review_reasons ELSE '[]' END)
            WITH ORDINALITY AS x (reason, position)
   ) AS reasons
    LEFT JOIN LATERAL (
     -- as a report would find it today
     SELECT s.order_id
       FROM (
         SELECT 1 AS place, c.order_id FROM oms.cl_ord_ids AS c WHERE c.fix_session = coalesce(e.fix_session, '') AND c.cl_ord_id = e.cl_ord_id
         UNION ALL
         SELECT 2, min(p.order_id) FROM oms.counterparty_order_ids AS p
          WHERE p.fix_session = coalesce(e.fix_session, '') AND p.counterparty_order_id = e.counterparty_order_id HAVING count(*) = 1
         UNION ALL
         SELECT 3, c.order_id FROM oms.cl_ord_ids AS c WHERE c.fix_session = '' AND c.cl_ord_id = e.cl_ord_id
         UNION ALL
         SELECT 4, n.id FROM oms.orders AS n WHERE n.id = reasons.named
         UNION ALL
         SELECT 5, f.order_id FROM oms.matched_exec_ids AS m JOIN oms.executions AS f ON f.id = m.execution_id
          WHERE m.fix_session = coalesce(e.fix_session, '') AND m.exec_id = e.exec_ref_id AND f.order_id IS NOT NULL
       ) AS s
      ORDER BY s.place, s.order_id
      LIMIT 1
   ) AS suggested ON e.order_id IS NULL
   WHERE e.status = 'REVIEW'
   ORDER BY e.created_at, e.id;
COMMENT ON VIEW oms.execution_review IS
  'Executions that could not be booked and wait for ApproveExecutionCommand or RejectExecutionCommand, oldest first';
COMMENT ON COLUMN oms.execution_review.reasons IS 'Codes of review_reasons, where the figures stand';
COMMENT ON COLUMN oms.execution_review.age IS 'How long it has waited';
COMMENT ON COLUMN oms.execution_review.why IS 'The reasons as sentences';
COMMENT ON COLUMN oms.execution_review.client_order_id IS 'The client order, at the top of the tree of its order';
COMMENT ON COLUMN oms.execution_review.suggested_order_id IS
  'Of one without an order: the order that its ids are known for today: ClOrdID or OrderID in its session, ClOrdID of an SQL caller, the orderId that it names, or the order of the fill that it changes, where the desk has matched that';
COMMENT ON COLUMN oms.execution_review.authors IS 'Whoever typed, corrected, matched or proposed it by hand';
COMMENT ON COLUMN oms.execution_review.may_approve IS 'Whether the current actor is none of its authors, or oms_state.four_eyes is off';
COMMENT ON COLUMN oms.execution_review.corrected_execution_id IS 'The fill that it corrects or takes back';
COMMENT ON COLUMN oms.execution_review.superseded_execution_id IS 'The typed fill that it is proposed to replace';

-- The first that FIX has a word for.
CREATE OR REPLACE FUNCTION oms.dk_reason(reasons jsonb) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT coalesce((
    SELECT d.dk_reason
      FROM jsonb_array_elements(CASE jsonb_typeof(reasons) WHEN 'array' THEN reasons ELSE '[]' END) WITH ORDINALITY AS x (reason, position)
      JOIN (VALUES ('UNKNOWN_ORDER', 'NO_MATCHING_ORDER'), ('AMBIGUOUS_ORDER', 'NO_MATCHING_ORDER'), ('WRONG_SYMBOL', 'UNKNOWN_SYMBOL'),
                   ('WRONG_INSTRUMENT', 'UNKNOWN_SYMBOL'), ('WRONG_SIDE', 'WRONG_SIDE'), ('OVERFILL', 'QUANTITY_EXCEEDS_ORDER'),
                   ('PRICE_BEYOND_LIMIT', 'PRICE_EXCEEDS_LIMIT')) AS d (code, dk_reason) ON d.code = x.reason ->> 'code'
     ORDER BY x.position
     LIMIT 1), 'OTHER')
$function$;
COMMENT ON FUNCTION oms.dk_reason(jsonb) IS 'What review_reasons come to as a DKReason (127), by its name';

-- Source: FIX 4.4 (Errata 20030618) volume 4, "Don't Know Trade (DK)".
CREATE OR REPLACE FUNCTION oms.fix_dont_know_trade(execution_id text) RETURNS TABLE (tag integer, name text, value text)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  e oms.executions;
  ordered text;
BEGIN
  SELECT x.* INTO e FROM oms.executions AS x WHERE x.id = fix_dont_know_trade.execution_id;
  IF e.id IS NULL THEN
    RAISE EXCEPTION 'execution "%" does not exist', fix_dont_know_trade.execution_id USING ERRCODE = 'OM003';
  END IF;
  IF e.status <> 'REJECTED' THEN
    RAISE EXCEPTION 'execution "%" in status % is not one that the desk does not know', e.id, e.status
      USING ERRCODE = 'OM004', HINT = 'Only what RejectExecutionCommand has rejected is told so to the counterparty.';
  END IF;
  IF e.exec_id IS NULL OR 'MANUAL' = ANY (e.flags) THEN
    RAISE EXCEPTION 'no counterparty has told execution "%"', e.id
      USING ERRCODE = 'OM004', DETAIL = CASE WHEN e.exec_id IS NULL THEN 'It has no ExecID.' ELSE 'It was typed.' END;
  END IF;
  -- OrderQtyData is required: as the report stated it, else as the order has it, else as far as it is known
  SELECT coalesce(h.payload #>> '{command,orderQty}', o.order_qty::text, (e.cum_qty + e.leaves_qty)::text, coalesce(e.reported_last_qty, e.last_qty)::text)
    INTO ordered
    FROM (SELECT 1) AS one
    LEFT JOIN oms.orders AS o ON o.id = e.order_id
    LEFT JOIN oms.execution_events AS h ON h.aggregate_id = e.id AND h.version = 1;
  RETURN QUERY
    SELECT f.tag, f.name, f.value
      FROM (VALUES
        (1, 35, 'MsgType', 'Q'),
        (2, 37, 'OrderID', coalesce(e.counterparty_order_id, 'NONE')),
        (3, 198, 'SecondaryOrderID', e.fix ->> 'secondaryOrderID'),
        (4, 17, 'ExecID', e.exec_id),
        (5, 127, 'DKReason', oms.fix_code(127, coalesce(e.dk_reason, oms.dk_reason(e.review_reasons)))),
        (6, 55, 'Symbol', coalesce(e.reported_symbol, e.symbol, '[N/A]')),
        (7, 65, 'SymbolSfx', e.fix ->> 'symbolSfx'),
        (8, 48, 'SecurityID', e.fix ->> 'securityID'),
        (9, 22, 'SecurityIDSource', e.fix ->> 'securityIDSource'),
        (10, 461, 'CFICode', e.fix ->> 'CFICode'),
        (11, 167, 'SecurityType', e.fix ->> 'securityType'),
        (12, 200, 'MaturityMonthYear', e.fix ->> 'maturityMonthYear'),
        (13, 541, 'MaturityDate', e.fix ->> 'maturityDate'),
        (14, 201, 'PutOrCall', e.fix ->> 'putOrCall'),
        (15, 202, 'StrikePrice', e.fix ->> 'strikePrice'),
        (16, 207, 'SecurityExchange', e.fix ->> 'securityExchange'),
        (17, 54, 'Side', oms.fix_code(54, coalesce(e.reported_side, e.side, 'UNDISCLOSED'))),
        (18, 38, 'OrderQty', ordered),
        (19, 32, 'LastQty', coalesce(e.reported_last_qty, e.last_qty)::text),
        (20, 31, 'LastPx', coalesce(e.reported_last_px, e.last_px)::text),
        (21, 58, 'Text', e.reason)
      ) AS f (place, tag, name, value)
     WHERE f.value IS NOT NULL
     ORDER BY f.place;
END
$function$;
COMMENT ON FUNCTION oms.fix_dont_know_trade(text) IS
  'The fields of FIX''s Don''t Know Trade (35=Q) for a rejected execution, in the order of the message, its header and trailer left to the FIX engine; what was not stated is left out. DKReason (127) is that of the rejection, else what the reasons of its review come to. OM003: no such execution; OM004: it is not rejected, or no counterparty has told it';

REVOKE ALL ON FUNCTION oms.fix_dont_know_trade(text) FROM PUBLIC;
