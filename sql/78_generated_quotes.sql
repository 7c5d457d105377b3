-- Generated tests: what is tried with quotes and requests for them. See 78_generated_cases.sql for what the columns say.

CREATE FUNCTION oms.test_actions_of_quotes() RETURNS TABLE (object text, action text, sets_up boolean, trigger text, reports text, needs text, facts text, effects text, refusals text, steps jsonb)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- "pending": the dealer has the last look. Between "two" quotes one is of another dealer.
  WITH t (object, action, sets_up, trigger, needs, effects, refusals, steps) AS (VALUES
    ('quote', 'quote', true, 'CreateQuote', 'start', '-start', '', '[{"c": "CreateQuoteRequest", "quoteRequestId": "$R", "symbol": "TEST", "side": "BUY", "orderQty": 100}, {"c": "CreateQuote", "quoteId": "$Q", "quoteRequestId": "$R", "dealer": "D", "offerPx": 10}]'),
    ('quote', 'replace', false, 'ReplaceQuote', '', '', '~OM005:acceptance_pending/pending', '[{"c": "ReplaceQuote", "offerPx": 11}]'),
    ('quote', 'accept', true, 'AcceptQuote', '', '+dealt', '~OM005:acceptance_pending/pending', '[{"c": "AcceptQuote", "orderId": "$O"}]'),
    ('quote', 'accept, pending', true, 'AcceptQuote pending', '', '+pending', '~OM005:acceptance_pending/pending', '[{"c": "AcceptQuote", "orderId": "$O", "pending": true}]'),
    ('quote', 'confirm', true, 'confirm', 'pending', '-pending +dealt', '', '[{"c": "AcceptOrder", "orderId": "$O"}]'),
    ('quote', 'refuse', true, 'refuse', 'pending', '-pending', '', '[{"c": "RejectOrder", "orderId": "$O"}]'),
    ('quote', 'reject the acceptance', false, 'refuse', 'pending', '-pending', '', '[{"c": "RejectQuote", "reason": "said"}]'),
    ('quote', 'fill', false, 'fill', 'dealt', '', '', '[{"c": "ExecuteOrder", "orderId": "$O", "lastQty": 40, "lastPx": 10}]'),
    ('quote', 'another is accepted', true, 'decline', 'ACTIVE !pending', '', '', '[{"c": "CreateQuote", "quoteId": "$Q-b", "quoteRequestId": "$R", "dealer": "E", "offerPx": 10}, {"c": "AcceptQuote", "quoteId": "$Q-b", "orderId": "$O-b"}]'),
    ('quote', 'a newer one comes', true, 'supersede', 'ACTIVE !pending', '', '', '[{"c": "CreateQuote", "quoteId": "$Q-n", "quoteRequestId": "$R", "dealer": "D", "quoteID": "newer", "offerPx": 9}]'),
    ('quote', 'reject', true, 'RejectQuote', '!pending', '', '', '[{"c": "RejectQuote"}]'),
    ('quote', 'cancel', true, 'CancelQuote', '', '', '~OM005:acceptance_pending/pending', '[{"c": "CancelQuote"}]'),
    ('quote', 'expire', true, 'ExpireQuote', '', '', '~OM005:acceptance_pending/pending', '[{"c": "ExpireQuote"}]'),
    ('quote', 'the request is cancelled', false, 'CancelQuote', 'ACTIVE !pending', '', '', '[{"c": "CancelQuoteRequest"}]'),
    ('quote', 'the request expires', false, 'ExpireQuote', 'ACTIVE !pending', '', '', '[{"c": "ExpireQuoteRequest"}]'),
    -- what comes by a message is kept where it changes nothing
    ('quote', 'quote by message', true, 'CreateQuote', 'start', '-start +wired', '', '[{"c": "CreateQuoteRequest", "quoteRequestId": "$R", "quoteReqID": "$R", "symbol": "TEST", "side": "BUY", "orderQty": 100}, {"fix": "35=S|49=TEST-DLR|56=TEST-US|131=$R|117=$Q|55=TEST|133=10"}]'),
    ('quote', 'accept what came by message', true, 'AcceptQuote', 'wired ACTIVE !pending', '+dealt', '', '[{"fix": "35=AJ|49=TEST-US|56=TEST-DLR|693=$Q|694=1|117=$Q|55=TEST|54=1|11=$Q"}]'),
    ('quote', 'cancel by message', true, 'CancelQuote', 'wired', '', '', '[{"fix": "35=Z|49=TEST-DLR|56=TEST-US|117=$Q|298=5"}]'),
    ('quote', 'expire by message', true, 'ExpireQuote', 'wired !dealt', '', '', '[{"fix": "35=AI|49=TEST-DLR|56=TEST-US|117=$Q|55=TEST|297=7"}]'),
    ('quote', 'pass by message', true, 'RejectQuote', 'wired', '', '', '[{"fix": "35=AJ|49=TEST-US|56=TEST-DLR|693=$N|694=6|117=$Q|55=TEST"}]'),
    ('quote_request', 'request', true, 'CreateQuoteRequest', 'start', '-start', '', '[{"c": "CreateQuoteRequest", "quoteRequestId": "$R", "quoteReqID": "$R", "symbol": "TEST", "side": "BUY", "orderQty": 100}]'),
    ('quote_request', 'reject by message', false, 'RejectQuoteRequest', '?ACCEPTED ?REJECTED ?CANCELLED ?EXPIRED', '', '', '[{"fix": "35=AG|49=TEST-DLR|56=TEST-US|131=$R|658=99|146=1|55=TEST"}]'),
    ('quote_request', 'two quotes', true, NULL, 'start', '-start -UNMADE +QUOTED +quoted +two', '', '[{"c": "CreateQuoteRequest", "quoteRequestId": "$R", "quoteReqID": "$R", "symbol": "TEST", "side": "BUY", "orderQty": 100}, {"c": "CreateQuote", "quoteId": "$Q", "quoteRequestId": "$R", "dealer": "D", "offerPx": 10}, {"c": "CreateQuote", "quoteId": "$Q-b", "quoteRequestId": "$R", "dealer": "E", "offerPx": 11}]'),
    ('quote_request', 'quote', true, 'quote', '!QUOTED', '+quoted', '', '[{"c": "CreateQuote", "quoteId": "$Q", "quoteRequestId": "$R", "dealer": "D", "offerPx": 10}]'),
    ('quote_request', 'reject', true, 'RejectQuoteRequest', '', '', '~OM005:acceptance_pending/pending', '[{"c": "RejectQuoteRequest"}]'),
    ('quote_request', 'one does not quote', true, 'RejectQuoteRequest by one dealer', '?NEW ?QUOTED', '+declined', '~OM004/declined', '[{"c": "RejectQuoteRequest", "dealer": "N"}]'),
    ('quote_request', 'cancel', true, 'CancelQuoteRequest', '', '', '~OM005:acceptance_pending/pending', '[{"c": "CancelQuoteRequest"}]'),
    ('quote_request', 'expire', true, 'ExpireQuoteRequest', '', '', '~OM005:acceptance_pending/pending', '[{"c": "ExpireQuoteRequest"}]'),
    ('quote_request', 'accept', true, 'AcceptQuote', 'quoted', '+dealt', '~OM005:acceptance_pending/pending', '[{"c": "AcceptQuote", "orderId": "$O"}]'),
    ('quote_request', 'accept, pending', true, 'AcceptQuote pending', 'quoted', '+pending', '~OM005:acceptance_pending/pending', '[{"c": "AcceptQuote", "orderId": "$O", "pending": true}]'),
    ('quote_request', 'confirm', true, 'confirm', 'pending', '-pending +dealt', '', '[{"c": "AcceptOrder", "orderId": "$O"}]'),
    ('quote_request', 'refuse', false, 'reopen', 'pending two', '-pending', '', '[{"c": "RejectQuote", "reason": "said"}]'),
    ('quote_request', 'refuse the only one', false, 'give up', 'pending !two', '-pending', '', '[{"c": "RejectQuote", "reason": "said"}]'),
    ('quote_request', 'fill', false, 'fill', 'dealt', '', '', '[{"c": "ExecuteOrder", "orderId": "$O", "lastQty": 40, "lastPx": 10}]')
  )
  SELECT t.object, t.action, t.sets_up, t.trigger, CASE WHEN t.action ~ 'by message$' THEN 'fix' ELSE 'no' END,
         concat_ws(' ', t.needs, CASE WHEN t.needs !~ '\mstart\M' THEN '!start' END, CASE WHEN t.needs !~ '\mwired\M' THEN '!wired' END),
         CASE t.object WHEN 'quote' THEN 'NOT_ACCEPTED/!pending' ELSE 'NOT_PENDING/!pending' END || ' ACCEPTANCE_PENDING/pending', t.effects, t.refusals, t.steps::jsonb
    FROM t;
END;
COMMENT ON FUNCTION oms.test_actions_of_quotes() IS 'What oms.generate_transition_tests() tries with quotes and requests for them: see oms.test_actions()';

CREATE FUNCTION oms.test_shapes_of_quotes() RETURNS TABLE (object text, shape text, before jsonb, command jsonb, cur text, parent text, root text)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH made (asked, quote) AS (
    SELECT '{"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "$R", "symbol": "TEST", "side": "BUY", "orderQty": 100, "account": "TEST-ACC"}'::jsonb,
           '{"commandType": "CreateQuoteCommand", "quoteId": "$Q", "quoteRequestId": "$R", "dealer": "TEST-DLR", "offerPx": 10, "offerSize": 100}'::jsonb
  )
  SELECT t.* FROM made AS m CROSS JOIN LATERAL (VALUES
    ('quote_request', 'request', '[]'::jsonb, m.asked, NULL, NULL, NULL),
    ('quote_request', 'cancel', jsonb_build_array(m.asked), '{"commandType": "CancelQuoteRequestCommand", "quoteRequestId": "$R"}'::jsonb, '$R', NULL, '$R'),
    ('quote', 'quote', jsonb_build_array(m.asked), m.quote, NULL, '$R', '$R'),
    ('quote', 'replace', jsonb_build_array(m.asked, m.quote), '{"commandType": "ReplaceQuoteCommand", "quoteId": "$Q", "offerPx": 11}'::jsonb, '$Q', '$R', '$R'),
    ('quote', 'accept', jsonb_build_array(m.asked, m.quote), '{"commandType": "AcceptQuoteCommand", "quoteId": "$Q", "orderQty": 60}'::jsonb, '$Q', '$R', '$R')
  ) AS t (object, shape, before, command, cur, parent, root);
END;
COMMENT ON FUNCTION oms.test_shapes_of_quotes() IS 'Of oms.generate_transition_tests(): commands on quotes and requests for them that rules are asked of';
