-- Generated tests: how an order is brought into a situation, also on the desk, and what is then tried.
-- See 78_generated_cases.sql for what the columns say.

CREATE FUNCTION oms.test_actions_of_orders() RETURNS TABLE (object text, action text, sets_up boolean, trigger text, reports text, needs text, facts text, effects text, refusals text, steps jsonb)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- Terms: 100 at 10, unless a word of the situation says otherwise. "one" fill is O-f.
  WITH t (action, sets_up, trigger, reports, needs, facts, effects, refusals, steps) AS (VALUES
    ('create', true, 'CreateOrder', 'no', 'start', '', '-start +unfilled', '', '[{"c": "CreateOrder", "orderId": "$O", "clOrdID": "$O", "symbol": "TEST", "side": "BUY", "orderQty": 100, "price": 10, "timeInForce": "DAY"}]'),
    ('create pending', true, 'CreateOrder pending', 'no', 'start', '', '-start +unfilled', '', '[{"c": "CreateOrder", "orderId": "$O", "clOrdID": "$O", "symbol": "TEST", "side": "BUY", "orderQty": 100, "price": 10, "timeInForce": "DAY", "pending": true}]'),
    ('create good till cancel', true, 'CreateOrder', 'no', 'start', '', '-start +unfilled +gtc', '', '[{"c": "CreateOrder", "orderId": "$O", "clOrdID": "$O", "symbol": "TEST", "side": "BUY", "orderQty": 100, "price": 10, "timeInForce": "GOOD_TILL_CANCEL"}]'),
    ('create for cash', true, 'CreateOrder', 'no', 'start', '', '-start +unfilled +cash', '', '[{"c": "CreateOrder", "orderId": "$O", "clOrdID": "$O", "symbol": "TEST", "side": "BUY", "cashOrderQty": 1000}]'),
    ('create pending for cash', true, 'CreateOrder pending', 'no', 'start', '', '-start +unfilled +cash', '', '[{"c": "CreateOrder", "orderId": "$O", "clOrdID": "$O", "symbol": "TEST", "side": "BUY", "cashOrderQty": 1000, "pending": true}]'),
    ('create block', true, 'CreateOrder', 'no', 'start', '', '-start +unfilled +block', '', '[{"c": "CreateOrder", "orderId": "$O-m", "symbol": "TEST", "side": "BUY", "orderQty": 200, "price": 10}, {"c": "CreateBlockOrder", "orderId": "$O", "clOrdID": "$O", "members": [{"orderId": "$O-m", "quantity": 100}], "price": 10, "timeInForce": "DAY"}]'),

    ('create with a child', true, 'roll-up', 'no', 'start', '', '-start +NEW +unfilled +child', '', '[{"c": "CreateOrder", "orderId": "$O", "clOrdID": "$O", "symbol": "TEST", "side": "BUY", "orderQty": 100, "price": 10, "timeInForce": "DAY"}, {"c": "CreateOrder", "orderId": "$O-k", "parentId": "$O", "orderQty": 10, "price": 10}]'),
    ('accept a quote', true, 'CreateOrder pending', 'no', 'start', '', '-start +unfilled +quoted', '', '[{"c": "CreateQuoteRequest", "quoteRequestId": "$R", "symbol": "TEST", "orderQty": 100}, {"c": "CreateQuote", "quoteId": "$Q", "quoteRequestId": "$R", "dealer": "D", "bidPx": 9, "offerPx": 10}, {"c": "AcceptQuote", "side": "BUY", "orderId": "$O"}]'),

    -- a replacement of a client order that waits for what is below it
    ('replace above a broker', true, NULL, 'no', 'start', '', '-start +NEW +unfilled +PENDING_REPLACE +replace +cascade', '', '[{"c": "CreateOrder", "orderId": "$O", "symbol": "TEST", "side": "BUY", "orderQty": 100, "price": 10}, {"c": "CreateOrder", "orderId": "$O-k", "clOrdID": "$O-k", "parentId": "$O", "orderQty": 100, "price": 10}, {"c": "AcceptOrder", "orderId": "$O-k", "orderID": "$O-k", "execType": "NEW"}, {"service": "ReplaceClientOrder", "arguments": {"orderId": "$O", "orderQty": 50}}]'),
    ('end by a replacement further up', true, NULL, 'no', 'start', '', '-start +NEW +unfilled +PENDING_CANCEL +cancel +cascade', '', '[{"c": "CreateOrder", "orderId": "$O-p", "symbol": "TEST", "side": "BUY", "orderQty": 100, "price": 10}, {"c": "CreateOrder", "orderId": "$O-q", "parentId": "$O-p", "orderQty": 50, "price": 10}, {"c": "CreateOrder", "orderId": "$O", "parentId": "$O-p", "orderQty": 50, "price": 10}, {"c": "CreateOrder", "orderId": "$O-k", "clOrdID": "$O-k", "parentId": "$O", "orderQty": 50, "price": 10}, {"c": "AcceptOrder", "orderId": "$O-k", "orderID": "$O-k", "execType": "NEW"}, {"service": "ReplaceClientOrder", "arguments": {"orderId": "$O-p", "orderQty": 50}}]'),
    ('the broker replaces', false, 'children answered', 'fact', 'cascade replace', '', '-PENDING_REPLACE -replace', '', '[{"c": "ReplaceOrder", "orderId": "$O-k", "clOrdID": "$O-k-R1", "execID": "$N"}]'),
    ('the broker refuses to replace', false, 'children answered', 'fact', 'cascade replace', 'REFUSED', '-PENDING_REPLACE -replace', '', '[{"c": "RejectReplaceOrder", "orderId": "$O-k", "clOrdID": "$O-k-R1", "execID": "$N"}]'),
    ('the broker refuses to cancel', false, 'children answered', 'fact', 'cascade cancel', 'REFUSED CANCELS', '-PENDING_CANCEL -cancel', '', '[{"c": "RejectCancelOrder", "orderId": "$O-k", "clOrdID": "$O-k-R1", "execID": "$N"}]'),

    ('accept', true, 'AcceptOrder', 'both', '', 'REVIVES/gone&gtc', '', '', '[{"c": "AcceptOrder"}]'),
    ('accept, working', false, 'AcceptOrder', 'yes', '', 'STATES_WORKING REVIVES/gone&gtc', '', '', '[{"c": "AcceptOrder", "ordStatus": "NEW"}]'),
    ('accept, suspended', false, 'AcceptOrder', 'yes', '', '', '', '', '[{"c": "AcceptOrder", "ordStatus": "SUSPENDED"}]'),
    ('accept with quantity', false, 'AcceptOrder', 'both', 'cash', 'STATES_QTY', '-cash', '', '[{"c": "AcceptOrder", "orderQty": 100}]'),
    ('accept for cash', false, 'AcceptOrder', 'both', 'cash', '', '', '', '[{"c": "AcceptOrder"}]'),
    ('accept for bidding', true, 'AcceptOrder for bidding', 'both', '', '', '', '', '[{"c": "AcceptOrder", "forBidding": true}]'),
    ('reject', true, 'RejectOrder', 'setup', '', '', '', '', '[{"c": "RejectOrder"}]'),
    ('suspend', true, 'SuspendOrder', 'both', '', '', '', '', '[{"c": "SuspendOrder"}]'),
    ('resume', false, 'ResumeOrder', 'both', '', '', '', '', '[{"c": "ResumeOrder"}]'),
    ('stop', true, 'StopOrder', 'both', '', '', '', '', '[{"c": "StopOrder"}]'),
    ('done for day', true, 'DoneForDayOrder', 'setup', '', '', '', '', '[{"c": "DoneForDayOrder"}]'),
    ('restate', false, 'RestateOrder', 'both', '', 'REVIVES/gone&gtc', '', '', '[{"c": "RestateOrder"}]'),
    ('restate, working', false, 'RestateOrder', 'yes', '', 'STATES_WORKING REVIVES/gone&gtc', '', '', '[{"c": "RestateOrder", "ordStatus": "NEW"}]'),
    ('restate, stopped', false, 'RestateOrder', 'yes', '', '', '', '', '[{"c": "RestateOrder", "ordStatus": "STOPPED"}]'),
    ('split', false, 'RestateOrder', 'both', '?REJECTED ?CANCELLED ?EXPIRED ?CALCULATED', 'SPLITS REVIVES/gone&gtc', '', '', '[{"c": "RestateOrder", "quantityFactor": 2}]'),
    ('calculate', true, 'CalculateOrder', 'both', '', '', '', '', '[{"c": "CalculateOrder"}]'),
    ('expire', true, 'ExpireOrder', 'no', '', '', '', '', '[{"c": "ExpireOrder"}]'),
    -- "gone": told by who has the order; before its time, where it is good till something later
    ('tell an expiry', true, 'ExpireOrder', 'yes', '', '', '+gone', '', '[{"c": "ExpireOrder"}]'),
    ('miss the expiry', true, 'ExpireOrder overdue', 'both', '', 'UNFLAGGED/!REJECTED&!CANCELLED&!EXPIRED&!CALCULATED&!full&!^EXPIRY_OVERDUE&!DONE_FOR_DAY UNFLAGGED/!REJECTED&!CANCELLED&!EXPIRED&!CALCULATED&!full&!^EXPIRY_OVERDUE&gtc', '', '', '[{"c": "ExpireOrder", "overdue": true}]'),
    ('update', false, 'UpdateOrder', 'no', '', '', '', '', '[{"c": "UpdateOrder", "text": "said"}]'),
    ('status report', false, 'UpdateOrder', 'fix', '', '', '', '', '[{"fix": "35=8|49=TEST-B|56=TEST-A|37=$O|17=0|150=I|39=0|11=$O|55=TEST|54=1"}]'),

    ('cancel', true, 'CancelOrder', 'setup', '', '', '', '', '[{"c": "CancelOrder"}]'),
    ('request cancel', true, 'RequestCancelOrder', 'both', '', '', '+PENDING_CANCEL +cancel', '', '[{"c": "RequestCancelOrder"}]'),
    ('record cancel request', true, 'RequestCancelOrder not shown', 'both', '', '', '+cancel', '', '[{"c": "RequestCancelOrder", "pending": false}]'),
    ('reject cancel', false, 'RejectCancelOrder', 'both', '', 'REQUEST_OPEN/cancel', '-PENDING_CANCEL -cancel', '', '[{"c": "RejectCancelOrder"}]'),
    ('request cancel as C', true, 'RequestCancelOrder', 'no', '!cancel !c', '', '+PENDING_CANCEL +cancel +c', '', '[{"c": "RequestCancelOrder", "clOrdID": "$O-c"}]'),
    ('reject cancel C', true, 'RejectCancelOrder', 'no', 'c cancel', 'REQUEST_OPEN', '-PENDING_CANCEL -cancel', '', '[{"c": "RejectCancelOrder", "clOrdID": "$O-c"}]'),
    ('request cancel C again', false, 'RequestCancelOrder', 'yes', 'c', 'ANSWERED/!cancel', '+PENDING_CANCEL +cancel', '', '[{"c": "RequestCancelOrder", "clOrdID": "$O-c"}]'),

    ('replace price', true, 'ReplaceOrder', 'both', '!named', 'REVIVES/gone&gtc', '-PENDING_REPLACE -replace', '', '[{"c": "ReplaceOrder", "price": 11}]'),
    ('replace with more', true, 'ReplaceOrder', 'both', '!named', 'GROWS REVIVES/gone&gtc', '-PENDING_REPLACE -replace -full +part/full +grown', '', '[{"c": "ReplaceOrder", "orderQty": 200}]'),
    ('replace with what is executed', false, 'ReplaceOrder', 'both', 'part one !named !grown', 'REVIVES/gone&gtc', '-PENDING_REPLACE -replace -part +full', '', '[{"c": "ReplaceOrder", "orderQty": 40}]'),
    ('replace account', false, 'ReplaceOrder', 'no', '!replace', '', '', '', '[{"c": "ReplaceOrder", "account": "TEST-OTHER"}]'),
    ('request another account', false, 'RequestReplaceOrder', 'no', '', '', '+PENDING_REPLACE +replace', '', '[{"c": "RequestReplaceOrder", "account": "TEST-OTHER"}]'),
    ('reject replace by message', false, 'RejectReplaceOrder', 'fix', '!replace unfilled', '', '', '', '[{"fix": "35=9|49=TEST-B|56=TEST-A|37=$O|11=$O|41=$O|39=0|434=2"}]'),
    ('reject cancel by message', false, 'RejectCancelOrder', 'fix', '!cancel unfilled', '', '', '', '[{"fix": "35=9|49=TEST-B|56=TEST-A|37=$O|11=$O|41=$O|39=0|434=1"}]'),
    ('request replace', true, 'RequestReplaceOrder', 'both', '', '', '+PENDING_REPLACE +replace', '', '[{"c": "RequestReplaceOrder", "price": 11}]'),
    ('request replace with more', false, 'RequestReplaceOrder', 'both', '', 'GROWS', '+PENDING_REPLACE +replace', '', '[{"c": "RequestReplaceOrder", "orderQty": 200}]'),
    ('record replace request', true, 'RequestReplaceOrder not shown', 'both', '', '', '+replace', '', '[{"c": "RequestReplaceOrder", "price": 11, "pending": false}]'),
    ('reject replace', false, 'RejectReplaceOrder', 'both', '', 'REQUEST_OPEN/replace', '-PENDING_REPLACE -replace', '', '[{"c": "RejectReplaceOrder"}]'),
    ('request replace as R', true, 'RequestReplaceOrder', 'no', '!replace !r', 'GROWS', '+PENDING_REPLACE +replace +r +named', '', '[{"c": "RequestReplaceOrder", "clOrdID": "$O-r", "orderQty": 150}]'),
    ('reject replace R', true, 'RejectReplaceOrder', 'no', 'r replace', 'REQUEST_OPEN', '-PENDING_REPLACE -replace -named', '', '[{"c": "RejectReplaceOrder", "clOrdID": "$O-r"}]'),
    ('request replace R again', false, 'RequestReplaceOrder', 'yes', 'r', 'ANSWERED/!replace', '+PENDING_REPLACE +replace', '', '[{"c": "RequestReplaceOrder", "clOrdID": "$O-r"}]'),
    ('replace as S', true, 'ReplaceOrder', 'no', '!replace !s !r', '', '+s', '', '[{"c": "ReplaceOrder", "clOrdID": "$O-s", "price": 11}]'),
    ('replace as T', true, 'ReplaceOrder', 'no', '!replace s !t', '', '+t', '', '[{"c": "ReplaceOrder", "clOrdID": "$O-t", "price": 12}]'),
    ('replace as S again', false, 'ReplaceOrder', 'yes', 's', 'ANSWERED/t REVIVES/gone&gtc', '-PENDING_REPLACE -replace', '', '[{"c": "ReplaceOrder", "clOrdID": "$O-s", "price": 11}]'),

    ('fill 40', true, 'ExecuteOrder', 'fact', 'unfilled !REJECTED', '', '-unfilled +part +one +^LATE_FILL/DONE_FOR_DAY', '', '[{"c": "ExecuteOrder", "executionId": "$O-f", "lastQty": 40, "lastPx": 10}]'),
    ('fill 60 more', true, 'ExecuteOrder', 'fact', 'part one !REJECTED !grown', '', '-part -one +full +^LATE_FILL/DONE_FOR_DAY', '', '[{"c": "ExecuteOrder", "executionId": "$O-g", "lastQty": 60, "lastPx": 10}]'),
    ('fill all', true, 'ExecuteOrder', 'fact', 'unfilled !grown !REJECTED', '', '-unfilled +full +one +^LATE_FILL/DONE_FOR_DAY', '', '[{"c": "ExecuteOrder", "executionId": "$O-f", "lastQty": 100, "lastPx": 10}]'),
    ('fill, working', false, 'ExecuteOrder', 'fact', 'unfilled !REJECTED', 'STATES_WORKING LATER_DAY/gtc&DONE_FOR_DAY REVIVES/gone&gtc', '-unfilled +part +one +^LATE_FILL/DONE_FOR_DAY&!gtc', '', '[{"c": "ExecuteOrder", "executionId": "$O-f", "lastQty": 40, "lastPx": 10, "ordStatus": "PARTIALLY_FILLED"}]'),
    ('fill, stopped', false, 'ExecuteOrder', 'fact', 'unfilled !REJECTED', '', '-unfilled +part +one +^LATE_FILL/DONE_FOR_DAY', '', '[{"c": "ExecuteOrder", "executionId": "$O-f", "lastQty": 40, "lastPx": 10, "ordStatus": "STOPPED"}]'),
    ('fill of a later day', false, 'ExecuteOrder', 'fact', 'unfilled !REJECTED', 'LATER_DAY/gtc&DONE_FOR_DAY', '-unfilled +part +one +^LATE_FILL/DONE_FOR_DAY&!gtc', '', '[{"c": "ExecuteOrder", "executionId": "$O-f", "lastQty": 40, "lastPx": 10, "tradeDate": "2999-12-31"}]'),
    ('fill, cancelled', false, 'ExecuteOrder', 'fact', 'unfilled !REJECTED', 'STATES_CANCELLED STATES_WORKING', '-unfilled +part +one +^LATE_FILL/DONE_FOR_DAY', '', '[{"c": "ExecuteOrder", "executionId": "$O-f", "lastQty": 40, "lastPx": 10, "ordStatus": "CANCELLED"}]'),
    ('fill, expired', false, 'ExecuteOrder', 'fact', 'unfilled !REJECTED', 'STATES_EXPIRED STATES_WORKING', '-unfilled +part +one +^LATE_FILL/DONE_FOR_DAY', '', '[{"c": "ExecuteOrder", "executionId": "$O-f", "lastQty": 40, "lastPx": 10, "ordStatus": "EXPIRED"}]'),
    ('fill, rejected', false, 'ExecuteOrder', 'fact', 'unfilled !REJECTED', 'STATES_REJECTED STATES_WORKING', '-unfilled +part +one +^LATE_FILL/DONE_FOR_DAY', '', '[{"c": "ExecuteOrder", "executionId": "$O-f", "lastQty": 40, "lastPx": 10, "ordStatus": "REJECTED"}]'),
    ('fill, done for day', false, 'ExecuteOrder', 'fact', 'unfilled !REJECTED', 'STATES_DONE_FOR_DAY/!gtc STATES_WORKING', '-unfilled +part +one +^LATE_FILL/DONE_FOR_DAY', '', '[{"c": "ExecuteOrder", "executionId": "$O-f", "lastQty": 40, "lastPx": 10, "ordStatus": "DONE_FOR_DAY"}]'),
    ('fill of R', false, 'ExecuteOrder', 'fact', 'unfilled named !REJECTED', 'IMPLIES_REPLACE/!CANCELLED&!EXPIRED&!CALCULATED', '-unfilled +part +one -PENDING_REPLACE/!CANCELLED&!EXPIRED&!CALCULATED -replace/!CANCELLED&!EXPIRED&!CALCULATED +^LATE_FILL/DONE_FOR_DAY', '', '[{"c": "ExecuteOrder", "executionId": "$O-f", "lastQty": 40, "lastPx": 10, "clOrdID": "$O-r", "orderQty": 150}]'),
    ('bust', true, 'BustExecution', 'fact', 'one', '', '-part -full -one +unfilled +busted', '', '[{"c": "BustExecution", "executionId": "$O-f"}]'),
    ('correct the quantity', false, 'CorrectExecution', 'fact', 'one !REJECTED', '', '-full +part', '', '[{"c": "CorrectExecution", "executionId": "$O-f", "lastQty": 30}]'),
    ('correct', false, 'CorrectExecution', 'fact', 'one !REJECTED', '', '-full +part', '', '[{"c": "CorrectExecution", "executionId": "$O-f", "lastQty": 30, "lastPx": 10}]'),

    -- a correction is held against the order as a fill is
    ('correct a fill of a rejected order', false, 'execution in review', 'fact', 'one REJECTED', '', '', '', '[{"c": "CorrectExecution", "executionId": "$O-f", "lastQty": 30, "lastPx": 10}]'),

    ('fill for review', true, 'execution in review', 'fact', '!held', '', '+held', '', '[{"c": "ExecuteOrder", "executionId": "$O-h", "lastQty": 10, "lastPx": 99, "transactTime": "2001-01-01T00:00:00Z"}]'),
    ('fill for review, cancelled', false, 'execution in review', 'fact', '!held', 'STATES_CANCELLED', '', '', '[{"c": "ExecuteOrder", "executionId": "$O-h", "lastQty": 10, "lastPx": 99, "ordStatus": "CANCELLED"}]'),
    ('fill for review, expired', false, 'execution in review', 'fact', '!held', 'STATES_EXPIRED', '', '', '[{"c": "ExecuteOrder", "executionId": "$O-h", "lastQty": 10, "lastPx": 99, "ordStatus": "EXPIRED"}]'),
    ('fill for review, rejected', false, 'execution in review', 'fact', '!held', 'STATES_REJECTED', '', '', '[{"c": "ExecuteOrder", "executionId": "$O-h", "lastQty": 10, "lastPx": 99, "ordStatus": "REJECTED"}]'),
    ('fill for review, done for day', false, 'execution in review', 'fact', '!held', 'STATES_DONE_FOR_DAY/!gtc', '', '', '[{"c": "ExecuteOrder", "executionId": "$O-h", "lastQty": 10, "lastPx": 99, "ordStatus": "DONE_FOR_DAY"}]'),
    ('reject an acceptance', true, 'RejectOrder', 'no', 'quoted', '', '', '', '[{"c": "RejectOrder"}]'),
    ('fill a rejected acceptance', false, 'ExecuteOrder', 'fact', 'quoted REJECTED unfilled', 'QUOTED', '-unfilled +part', '', '[{"c": "ExecuteOrder", "executionId": "$O-f", "lastQty": 40, "lastPx": 10}]'),
    ('approve the fill', false, 'ExecuteOrder', 'fact', 'held unfilled', 'APPROVED IN_TIME/EXPIRED', '-unfilled +part +^LATE_FILL/DONE_FOR_DAY', '', '[{"c": "ApproveExecution", "executionId": "$O-h", "confirm": true}]'),

    ('report of a leg', false, 'report only kept', 'yes', '', 'LEG', '', '', '[{"c": "SuspendOrder", "multiLegReportingType": "2"}]'),
    ('report of another symbol', false, 'report only kept', 'yes', '', 'OTHER_ORDER', '', '', '[{"c": "SuspendOrder", "symbol": "OTHER"}]'),
    ('report', true, 'AcceptOrder', 'fact', 'unfilled !told', 'REVIVES/gone&gtc', '+told', '', '[{"c": "AcceptOrder", "execID": "$O-x", "cumQty": 0}]'),
    ('report with other figures', false, 'report only kept', 'fact', 'told unfilled', 'OTHER_FIGURES', '', '', '[{"c": "AcceptOrder", "execID": "$O-x", "cumQty": 7, "possDupFlag": true}]'),

    ('request that comes after its answer', false, 'report only kept', 'fix', 'NEW unfilled !cancel !replace !DONE_FOR_DAY !REJECTED !CANCELLED !EXPIRED !CALCULATED', 'ANSWERED', '', '', '[{"fix": "35=8|49=TEST-B|56=TEST-A|37=$O|17=$O-1|150=6|39=6|11=$O-l|41=$O|55=TEST|54=1"}, {"fix": "35=9|49=TEST-B|56=TEST-A|37=$O|11=$O-l|41=$O|39=0|434=1"}, {"fix": "35=F|49=TEST-A|56=TEST-B|11=$O-l|41=$O|55=TEST|54=1|60=20200101-00:00:00"}]'),

    ('place', false, 'PlaceOrder', 'no', '', '', '', 'OM005:cancel_requested/cancel OM005:over_placed/DONE_FOR_DAY', '[{"c": "PlaceOrder", "children": [{"orderQty": 1, "price": 10}]}]'),
    ('place later', false, 'PlaceOrder', 'no', '!full', 'PLANS', '', 'OM005:cancel_requested/cancel OM005:over_placed/DONE_FOR_DAY', '[{"c": "PlaceOrder", "children": [{"orderQty": 1, "price": 10, "placeAt": "2999-12-31T00:00:00Z"}]}]'),
    ('create child', true, 'roll-up', 'fact', 'NEW !full !cancel !cash !DONE_FOR_DAY !REJECTED !CANCELLED !EXPIRED !CALCULATED !replace !held', '', '+child', '', '[{"c": "CreateOrder", "orderId": "$O-k", "parentId": "$O", "orderQty": 10, "price": 10}]'),
    ('cancel child', false, 'roll-up', 'fact', 'child !cancel', '', '', '', '[{"c": "CancelOrder", "orderId": "$O-k"}]'),
    ('cancel last child', false, 'last child closed', 'fact', 'child cancel', 'REQUEST_OPEN', '-PENDING_CANCEL -cancel', '', '[{"c": "CancelOrder", "orderId": "$O-k"}]'),
    ('fill above a child', true, 'ExecuteOrder', 'fact', 'child unfilled !REJECTED', '', '-unfilled +full +one +^LATE_FILL/DONE_FOR_DAY', '', '[{"c": "ExecuteOrder", "executionId": "$O-f", "lastQty": 100, "lastPx": 10}]'),
    ('request cancel above a child', true, 'RequestCancelOrder', 'both', 'child', '', '+PENDING_CANCEL +cancel', '', '[{"c": "RequestCancelOrder"}]'),
    ('record cancel request above a child', true, 'RequestCancelOrder not shown', 'no', 'child', '', '+cancel', '', '[{"c": "RequestCancelOrder", "pending": false}]'),
    ('cancel above a child', false, 'CancelOrder', 'no', 'child', '', '', 'OM005:live_children', '[{"c": "CancelOrder"}]'),
    ('report of cancel above a child', false, 'CancelOrder', 'yes', 'child', '', '+^LIVE_CHILDREN', '', '[{"c": "CancelOrder"}]'),
    ('split of a child', false, 'split of the tree', 'fact', 'child !busted', '', '', '', '[{"c": "RestateOrder", "orderId": "$O-k", "quantityFactor": 2}]'),

    ('join a block', true, 'membership', 'fact', 'NEW unfilled !cancel !replace !cash !DONE_FOR_DAY !held !REJECTED !CANCELLED !EXPIRED !CALCULATED !grown', '', '+member', '', '[{"c": "CreateBlockOrder", "orderId": "$O-b", "members": [{"orderId": "$O", "quantity": 50}], "price": 10}]'),
    ('leave the block', false, 'membership', 'fact', 'member !cancel', '', '', '', '[{"c": "CancelOrder", "orderId": "$O-b"}]'),
    ('take an allocation', false, 'allocation', 'fact', 'member unfilled', '', '-unfilled +part', '', '[{"c": "ExecuteOrder", "orderId": "$O-b", "executionId": "$O-f", "lastQty": 20, "lastPx": 10}, {"c": "AllocateExecution", "orderId": "$O-b", "allocations": [{"orderId": "$O", "quantity": 20}]}]'),
    ('replace members', false, 'ReplaceBlockMembers', 'no', 'block !full', '', '', '', '[{"c": "ReplaceBlockMembers", "members": [{"orderId": "$O-m", "quantity": 110}]}]'),
    ('replace members by what is filled', false, 'ReplaceBlockMembers', 'no', 'block part ?REJECTED ?CANCELLED ?EXPIRED ?CALCULATED', 'COVERED', '', '', '[{"c": "ReplaceBlockMembers", "members": [{"orderId": "$O-m", "quantity": 40}]}]'),
    ('cancel a block', true, 'CancelOrder', 'no', 'block', '', '', '', '[{"c": "CancelOrder"}]'),
    ('fill a block', true, 'ExecuteOrder', 'fact', 'block unfilled', '', '-unfilled +part +one', '', '[{"c": "ExecuteOrder", "executionId": "$O-f", "lastQty": 40, "lastPx": 10}]')
  )
  -- what is not said here of a command, for it was added to the machine, is tried with plain orders
  SELECT 'order'::text, '*'::text, false, NULL::text, ''::text, '!start !cash !child !member !block !quoted !cascade'::text, 'NO_FILLS/unfilled NOT_FILLED/!full FILLED/full'::text, ''::text, ''::text, '[]'::jsonb
  UNION ALL
  SELECT 'order'::text, t.action, t.sets_up, t.trigger, t.reports,
         concat_ws(' ', t.needs, CASE WHEN t.needs !~ '\mcash\M' THEN '!cash' END, CASE WHEN t.needs !~ '\mchild\M' THEN '!child' END,
                   CASE WHEN t.needs !~ '\mmember\M' THEN '!member' END, CASE WHEN t.needs !~ '\mblock\M' THEN '!block' END,
                   CASE WHEN t.needs !~ '\mstart\M' THEN '!start' END, CASE WHEN t.needs !~ '\mquoted\M' THEN '!quoted' END, CASE WHEN t.needs !~ '\mcascade\M' THEN '!cascade' END),
         t.facts || ' NO_FILLS/unfilled NOT_FILLED/!full FILLED/full', t.effects, t.refusals, t.steps::jsonb
    FROM t;
END;
COMMENT ON FUNCTION oms.test_actions_of_orders() IS 'What oms.generate_transition_tests() tries with orders: see oms.test_actions()';

CREATE FUNCTION oms.test_actions_of_desk() RETURNS TABLE (object text, action text, sets_up boolean, trigger text, reports text, needs text, facts text, effects text, refusals text, steps jsonb)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- Whoever runs the tests owns the tables, and is as oms_admin. "other": somebody else has it.
  WITH t (action, sets_up, trigger, needs, facts, effects, refusals, steps) AS (VALUES
    ('create', true, NULL, 'start', '', '-start', '', '[{"c": "CreateOrder", "orderId": "$O", "symbol": "TEST", "side": "BUY", "orderQty": 100, "price": 10}]'),
    ('create in a halt', true, 'the order is made, and held', 'start', 'LIVE', '-start +halted', '', '[{"fix": "35=f|49=TEST-B|56=TEST-A|55=$O|326=2"}, {"c": "CreateOrder", "orderId": "$O", "symbol": "$O", "side": "BUY", "orderQty": 100, "price": 10}]'),
    ('send', true, 'SendOrderToDesk', '', 'LIVE/!over', '', '', '[{"c": "SendOrderToDesk", "reason": "said"}]'),
    ('claim', true, 'ClaimOrder', '', 'HOLDS/CLAIMED&!other ANOTHER/CLAIMED&other', '-other', '~OM001/CLAIMED&other', '[{"c": "ClaimOrder"}]'),
    ('claim with a reason', false, 'ClaimOrder', '', 'HOLDS/CLAIMED ANOTHER/CLAIMED&other', '-other', '', '[{"c": "ClaimOrder", "reason": "said"}]'),
    ('assign', true, 'AssignOrder', '', 'HOLDS/CLAIMED&!other ANOTHER/CLAIMED&!other', '+other', '', '[{"c": "AssignOrder", "deskUser": "somebody"}]'),
    ('assign on', false, 'AssignOrder', '', 'HOLDS/CLAIMED&!other ANOTHER/CLAIMED', '+other', '~OM001/CLAIMED&other', '[{"c": "AssignOrder", "deskUser": "somebody else"}]'),
    ('assign on with a reason', false, 'AssignOrder', '', 'HOLDS/CLAIMED ANOTHER/CLAIMED', '+other', '', '[{"c": "AssignOrder", "deskUser": "somebody else", "reason": "said"}]'),
    ('release', true, 'ReleaseOrderFromDesk', '', 'HOLDS/CLAIMED&!other', '-other', '~OM001/CLAIMED&other', '[{"c": "ReleaseOrderFromDesk"}]'),
    ('release with a reason', false, 'ReleaseOrderFromDesk', '', 'HOLDS/CLAIMED', '-other', '', '[{"c": "ReleaseOrderFromDesk", "reason": "said"}]'),
    ('back to the queue', false, 'ReleaseOrderFromDesk to the queue', '', 'HOLDS/CLAIMED&!other', '-other', '~OM001/CLAIMED&other', '[{"c": "ReleaseOrderFromDesk", "deskStatus": "QUEUED"}]'),
    ('back to the queue with a reason', false, 'ReleaseOrderFromDesk to the queue', '', 'HOLDS/CLAIMED', '-other', '', '[{"c": "ReleaseOrderFromDesk", "deskStatus": "QUEUED", "reason": "said"}]'),
    ('expire', true, 'the order closed', '!over !NONE !RELEASED', '', '+over', '', '[{"c": "ExpireOrder"}]'),
    ('expire off the desk', true, NULL, '?NONE ?RELEASED !over', '', '+over', '', '[{"c": "ExpireOrder"}]'),
    ('fill', true, 'the order closed', '!over !NONE !RELEASED', '', '+over +filled', '', '[{"c": "ExecuteOrder", "executionId": "$O-f", "lastQty": 100, "lastPx": 10}]'),
    ('bust', false, 'the order is open again', 'filled COMPLETED', '', '-over -filled', '', '[{"c": "BustExecution", "executionId": "$O-f"}]'),
    ('cancel', false, NULL, '!over !QUEUED', '', '-CLAIMED/CLAIMED +COMPLETED/CLAIMED', '~OM008:claimed/CLAIMED&other', '[{"c": "CancelOrder"}]'),
    ('request cancel', false, NULL, '!over', '', '', '~OM008:claimed/CLAIMED&other', '[{"c": "RequestCancelOrder"}]'),
    ('request replace', false, NULL, '!over', '', '', '~OM008:claimed/CLAIMED&other', '[{"c": "RequestReplaceOrder", "price": 11}]'),
    ('replace', false, NULL, '!over', '', '', '~OM008:claimed/CLAIMED&other', '[{"c": "ReplaceOrder", "price": 11}]'),
    ('restate', false, NULL, '!over', '', '', '~OM008:claimed/CLAIMED&other', '[{"c": "RestateOrder", "price": 11}]'),
    ('place', false, NULL, '!over !halted', '', '', '~OM005:desk_queued/QUEUED ~OM008:claimed/CLAIMED&other', '[{"c": "PlaceOrder", "children": [{"orderQty": 1, "price": 10}]}]'),
    ('create child', false, NULL, '!over !halted', '', '', '~OM005:desk_queued/QUEUED ~OM008:claimed/CLAIMED&other', '[{"c": "CreateOrder", "parentId": "$O", "orderQty": 1, "price": 10}]'),
    ('join a block', false, NULL, '!over !halted', '', '', '~OM005:desk_queued/QUEUED ~OM008:claimed/CLAIMED&other', '[{"c": "CreateBlockOrder", "orderId": "$O-b", "members": [{"orderId": "$O", "quantity": 50}], "price": 10}]')
  )
  SELECT 'desk'::text, t.action, t.sets_up, t.trigger, 'no'::text, concat_ws(' ', t.needs, CASE WHEN t.needs !~ '\mstart\M' THEN '!start' END), t.facts, t.effects, t.refusals, t.steps::jsonb
    FROM t;
END;
COMMENT ON FUNCTION oms.test_actions_of_desk() IS 'What oms.generate_transition_tests() tries with orders on the desk: see oms.test_actions()';

-- What shows: of an order by FIX 4.4, Execution Report, the precedence of OrdStatus; of the rest the one condition that holds.
CREATE FUNCTION oms.test_status(object text, situation text[]) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE WHEN object <> 'order' THEN (SELECT w.word FROM pg_catalog.unnest(situation) AS w (word) WHERE w.word ~ '^[A-Z]' LIMIT 1)
    ELSE (SELECT p.status FROM (VALUES (1, 'PENDING_CANCEL', 'PENDING_CANCEL'), (2, 'PENDING_REPLACE', 'PENDING_REPLACE'), (3, 'DONE_FOR_DAY', 'DONE_FOR_DAY'),
            (4, 'CALCULATED', 'CALCULATED'), (5, 'full', 'FILLED'), (6, 'STOPPED', 'STOPPED'), (7, 'SUSPENDED', 'SUSPENDED'), (8, 'CANCELLED', 'CANCELLED'),
            (9, 'EXPIRED', 'EXPIRED'), (10, 'part', 'PARTIALLY_FILLED'), (11, 'REJECTED', 'REJECTED'), (12, 'NEW', 'NEW'), (13, 'PENDING_NEW', 'PENDING_NEW'),
            (14, 'ACCEPTED_FOR_BIDDING', 'ACCEPTED_FOR_BIDDING')) AS p (place, word, status)
           WHERE p.word = ANY (situation) ORDER BY p.place LIMIT 1) END;
COMMENT ON FUNCTION oms.test_status(text, text[]) IS 'Of oms.generate_transition_tests(): the status that shows in a situation';

CREATE FUNCTION oms.test_kind_of(machine text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE machine WHEN 'desk' THEN 'order' ELSE machine END;
COMMENT ON FUNCTION oms.test_kind_of(text) IS 'Of oms.generate_transition_tests(): the kind of object that a machine is of';

-- The commands that rules are asked of: before: what is sent first, of which the first makes the parent and root, the last what the command is about.
CREATE FUNCTION oms.test_shapes_of_orders() RETURNS TABLE (object text, shape text, before jsonb, command jsonb, cur text, parent text, root text)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH made (fields) AS (
    SELECT '{"commandType": "CreateOrderCommand", "orderId": "$O", "symbol": "TEST", "side": "BUY", "orderQty": 100, "price": 10, "account": "TEST-ACC", "destination": "TEST-DST"}'::jsonb
  ), t (shape, has_cur, has_parent, patch) AS (VALUES
    ('create', false, false, '{}'),
    ('create, sell', false, false, '{"side": "SELL"}'),
    ('create at market', false, false, '{"price": null}'),
    ('create a stop', false, false, '{"price": null, "stopPx": 12}'),
    ('create a stop limit', false, false, '{"stopPx": 12}'),
    ('create for cash', false, false, '{"price": null, "orderQty": null, "cashOrderQty": 1000}'),
    ('create for nobody', false, false, '{"account": null, "destination": null}'),
    ('create child', false, true, '{"commandType": "CreateOrderCommand", "orderId": "$O-k", "parentId": "$O", "orderQty": 60, "price": 10, "destination": "TEST-DST"}'),
    ('replace with more', true, false, '{"commandType": "ReplaceOrderCommand", "orderId": "$O", "orderQty": 120}'),
    ('replace with less', true, false, '{"commandType": "ReplaceOrderCommand", "orderId": "$O", "orderQty": 80}'),
    ('replace with as much', true, false, '{"commandType": "ReplaceOrderCommand", "orderId": "$O", "orderQty": 100, "price": 10}'),
    ('replace price', true, false, '{"commandType": "ReplaceOrderCommand", "orderId": "$O", "price": 12}'),
    ('replace type', true, false, '{"commandType": "ReplaceOrderCommand", "orderId": "$O", "ordType": "MARKET"}'),
    ('request replace', true, false, '{"commandType": "RequestReplaceOrderCommand", "orderId": "$O", "orderQty": 120, "price": 12}'),
    ('cancel', true, false, '{"commandType": "CancelOrderCommand", "orderId": "$O"}')
  )
  SELECT 'order'::text, t.shape, CASE WHEN t.has_cur OR t.has_parent THEN jsonb_build_array(m.fields) ELSE '[]' END,
         CASE WHEN t.has_cur OR t.has_parent THEN t.patch::jsonb ELSE jsonb_strip_nulls(m.fields || t.patch::jsonb) END,
         CASE WHEN t.has_cur THEN '$O' END, CASE WHEN t.has_parent THEN '$O' END, CASE WHEN t.has_cur OR t.has_parent THEN '$O' END
    FROM t CROSS JOIN made AS m;
END;
COMMENT ON FUNCTION oms.test_shapes_of_orders() IS 'Of oms.generate_transition_tests(): commands on orders that rules are asked of';

CREATE FUNCTION oms.test_routed() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN 'order';
COMMENT ON FUNCTION oms.test_routed() IS 'Of oms.generate_transition_tests(): the kind of object that oms.routing_rules are about';
