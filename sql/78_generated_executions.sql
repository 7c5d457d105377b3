-- Generated tests: what is tried with executions. See 78_generated_cases.sql for what the columns say.

CREATE FUNCTION oms.test_actions_of_executions() RETURNS TABLE (object text, action text, sets_up boolean, trigger text, reports text, needs text, facts text, effects text, refusals text, steps jsonb)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- "block": it is a fill of one, of which O-m is the member. "part", "all": of it is allocated.
  WITH t (action, sets_up, trigger, needs, effects, refusals, steps) AS (VALUES
    ('fill', true, 'book', 'start', '-start', '', '[{"c": "CreateOrder", "orderId": "$O", "symbol": "TEST", "side": "BUY", "orderQty": 100, "price": 10}, {"c": "ExecuteOrder", "executionId": "$E", "lastQty": 40, "lastPx": 10}]'),
    ('fill for review', true, 'hold', 'start', '-start', '', '[{"c": "CreateOrder", "orderId": "$O", "symbol": "TEST", "side": "BUY", "orderQty": 100, "price": 10}, {"c": "ExecuteOrder", "executionId": "$E", "lastQty": 40, "lastPx": 99}]'),
    ('fill of a block', true, 'validate', 'start !block', '-start +block', '', '[{"c": "CreateOrder", "orderId": "$O-m", "symbol": "TEST", "side": "BUY", "orderQty": 200, "price": 10}, {"c": "CreateBlockOrder", "orderId": "$O", "members": [{"orderId": "$O-m", "quantity": 100}], "price": 10}, {"c": "ExecuteOrder", "executionId": "$E", "lastQty": 40, "lastPx": 10}]'),
    ('fill of a block for review', true, 'hold', 'start !block', '-start +block', '', '[{"c": "CreateOrder", "orderId": "$O-m", "symbol": "TEST", "side": "BUY", "orderQty": 200, "price": 10}, {"c": "CreateBlockOrder", "orderId": "$O", "members": [{"orderId": "$O-m", "quantity": 100}], "price": 10}, {"c": "ExecuteOrder", "executionId": "$E", "lastQty": 40, "lastPx": 99}]'),
    ('approve', true, 'book', '!block', '+^OVERRIDDEN', '', '[{"c": "ApproveExecution", "confirm": true}]'),
    ('approve for a block', true, 'validate', 'block', '+^OVERRIDDEN', '', '[{"c": "ApproveExecution", "confirm": true}]'),
    ('reject', true, 'reject', '', '', '', '[{"c": "RejectExecution", "reason": "said"}]'),
    ('correct', true, 'correct', '!block !CORRECTED', '', '', '[{"c": "CorrectExecution", "lastQty": 30, "lastPx": 10}]'),
    ('correct for a block', true, 'correct', 'block !CORRECTED', '', '', '[{"c": "CorrectExecution", "lastQty": 30, "lastPx": 10}]'),
    ('bust', true, 'bust', '!block !CORRECTED', '', '', '[{"c": "BustExecution"}]'),
    ('bust for a block', true, 'bust', 'block !CORRECTED', '', '', '[{"c": "BustExecution"}]'),
    ('split', false, 'scale', '!block !CORRECTED !BUSTED !REJECTED', '', '', '[{"c": "RestateOrder", "orderId": "$O", "quantityFactor": 2}]'),
    ('allocate all', true, 'allocate all', 'block VALIDATED !part', '+all', '', '[{"c": "AllocateExecution", "orderId": "$O", "allocations": [{"orderId": "$O-m", "quantity": 40}]}]'),
    ('allocate a part', true, 'allocate a part', 'block VALIDATED !part', '+part', '', '[{"c": "AllocateExecution", "orderId": "$O", "allocations": [{"orderId": "$O-m", "quantity": 10}]}]'),
    ('allocate the rest', true, 'allocate all', 'block VALIDATED part !over', '-part +all', '', '[{"c": "AllocateExecution", "orderId": "$O", "allocations": [{"orderId": "$O-m", "quantity": 30}]}]'),
    ('replace a typed fill that is allocated in part', true, 'take over a part', 'start !block', '-start +block +part +over +^OVERRIDDEN', '', '[{"c": "CreateOrder", "orderId": "$O-m", "symbol": "TEST", "side": "BUY", "orderQty": 200, "price": 10}, {"c": "CreateBlockOrder", "orderId": "$O", "members": [{"orderId": "$O-m", "quantity": 100}], "price": 10}, {"c": "CreateManualExecution", "orderId": "$O", "executionId": "$O-t", "lastQty": 40, "lastPx": 10, "reason": "said"}, {"c": "AllocateExecution", "orderId": "$O", "allocations": [{"orderId": "$O-m", "quantity": 10}]}, {"c": "ExecuteOrder", "executionId": "$E", "lastQty": 40, "lastPx": 99}, {"c": "ApproveExecution", "executionId": "$E", "supersedes": "$O-t", "confirm": true}]'),
    ('replace a typed fill that is allocated', true, 'take over all', 'start !block', '-start +block +all +^OVERRIDDEN', '', '[{"c": "CreateOrder", "orderId": "$O-m", "symbol": "TEST", "side": "BUY", "orderQty": 200, "price": 10}, {"c": "CreateBlockOrder", "orderId": "$O", "members": [{"orderId": "$O-m", "quantity": 100}], "price": 10}, {"c": "CreateManualExecution", "orderId": "$O", "executionId": "$O-t", "lastQty": 40, "lastPx": 10, "reason": "said"}, {"c": "AllocateExecution", "orderId": "$O", "allocations": [{"orderId": "$O-m", "quantity": 40}]}, {"c": "ExecuteOrder", "executionId": "$E", "lastQty": 40, "lastPx": 99}, {"c": "ApproveExecution", "executionId": "$E", "supersedes": "$O-t", "confirm": true}]'),
    -- $W is the newest of the order; where no execution is $E, its first one is looked at
    ('bust that comes first', true, 'hold', 'start !block', '-start +wired +takes', '', '[{"c": "CreateOrder", "orderId": "$O", "clOrdID": "$O", "symbol": "TEST", "side": "BUY", "orderQty": 100, "price": 10}, {"fix": "35=8|49=TEST-B|56=TEST-A|37=$O|11=$O|17=$O-2|19=$O-1|150=H|39=0|55=TEST|54=1"}]'),
    ('correction that comes first', true, 'hold', 'start !block', '-start +wired', '', '[{"c": "CreateOrder", "orderId": "$O", "clOrdID": "$O", "symbol": "TEST", "side": "BUY", "orderQty": 100, "price": 10}, {"fix": "35=8|49=TEST-B|56=TEST-A|37=$O|11=$O|17=$O-2|19=$O-1|150=G|39=1|55=TEST|54=1|32=30|31=10"}]'),
    ('fill of a bust', false, 'settle', 'wired takes REVIEW', '', '', '[{"fix": "35=8|49=TEST-B|56=TEST-A|37=$O|11=$O|17=$O-1|150=F|39=1|55=TEST|54=1|32=40|31=10"}]'),
    ('fill of a correction', false, 'book', 'wired !takes REVIEW', '', '', '[{"fix": "35=8|49=TEST-B|56=TEST-A|37=$O|11=$O|17=$O-1|150=F|39=1|55=TEST|54=1|32=40|31=10"}]'),
    ('fill of a correction that has ended', false, 'link', 'wired !takes !REVIEW !REJECTED', '', '', '[{"fix": "35=8|49=TEST-B|56=TEST-A|37=$O|11=$O|17=$O-1|150=F|39=1|55=TEST|54=1|32=40|31=10"}]'),
    ('approve the correction', true, 'book', 'wired !takes', '+^OVERRIDDEN', '', '[{"c": "ApproveExecution", "executionId": "$W", "confirm": true}]'),
    ('bust the correction', true, 'bust', 'wired !takes', '', '', '[{"c": "BustExecution", "executionId": "$W"}]'),
    ('reject the correction', true, 'reject', 'wired', '', '', '[{"c": "RejectExecution", "executionId": "$W", "reason": "said"}]'),
    ('correct what waits', true, 'correct', 'REVIEW !block', '+waits', '', '[{"c": "CorrectExecution", "lastQty": 30, "lastPx": 98}]'),
    ('match its correction to another order', false, 'move', 'waits CORRECTED', '', '', '[{"c": "CreateOrder", "orderId": "$O-o", "symbol": "TEST", "side": "BUY", "orderQty": 100, "price": 10}, {"c": "ApproveExecution", "executionId": "$W", "orderId": "$O-o", "confirm": true}]'),
    ('approve otherwise, with four eyes', true, 'propose', '!block', '', '', '[{"set": "oms_state.four_eyes"}, {"c": "ApproveExecution", "lastQty": 20}]'),
    ('allocate with four eyes', true, 'propose an allocation', 'block ?VALIDATED !part !asked', '+asked', '', '[{"set": "oms_state.allocation_four_eyes"}, {"c": "AllocateExecution", "orderId": "$O", "allocations": [{"orderId": "$O-m", "quantity": 10}]}]'),
    ('refuse the allocation', true, 'refuse an allocation', 'asked', '-asked', '', '[{"c": "RejectExecution", "reason": "said"}]'),
    ('deallocate', true, 'deallocate', '?part ?all', '-part -all', '', '[{"c": "DeallocateExecution", "orderId": "$O-m", "reason": "said"}]')
  )
  SELECT 'execution'::text, t.action, t.sets_up, t.trigger, 'no'::text,
         concat_ws(' ', t.needs, CASE WHEN t.needs !~ '\mstart\M' THEN '!start' END, CASE WHEN t.needs !~ '\mwired\M' THEN '!wired' END,
                   CASE WHEN t.needs !~ '\mwaits\M' THEN '!waits' END, CASE WHEN t.needs !~ '\masked\M' THEN '!asked' END), ''::text, t.effects, t.refusals, t.steps::jsonb
    FROM t;
END;
COMMENT ON FUNCTION oms.test_actions_of_executions() IS 'What oms.generate_transition_tests() tries with executions: see oms.test_actions()';

CREATE FUNCTION oms.test_shapes_of_executions() RETURNS TABLE (object text, shape text, before jsonb, command jsonb, cur text, parent text, root text)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH made (fields, fill) AS (
    SELECT '{"commandType": "CreateOrderCommand", "orderId": "$O", "symbol": "TEST", "side": "BUY", "orderQty": 100, "price": 10, "account": "TEST-ACC", "destination": "TEST-DST"}'::jsonb,
           '{"commandType": "ExecuteOrderCommand", "orderId": "$O", "executionId": "$E", "lastQty": 40, "lastPx": 10, "lastMkt": "TEST-MKT"}'::jsonb
  ), t (shape, has_cur, patch) AS (VALUES
    ('execute', false, '{}'),
    ('execute by hand', false, '{"commandType": "CreateManualExecutionCommand", "reason": "said"}'),
    ('correct', true, '{"commandType": "CorrectExecutionCommand", "executionId": "$E", "lastQty": 30, "lastPx": 10}'),
    ('bust', true, '{"commandType": "BustExecutionCommand", "executionId": "$E"}')
  )
  SELECT 'execution'::text, t.shape, CASE WHEN t.has_cur THEN jsonb_build_array(m.fields, m.fill) ELSE jsonb_build_array(m.fields) END,
         CASE WHEN t.has_cur THEN t.patch::jsonb ELSE m.fill || t.patch::jsonb END, CASE WHEN t.has_cur THEN '$E' END, '$O'::text, '$O'::text
    FROM t CROSS JOIN made AS m;
END;
COMMENT ON FUNCTION oms.test_shapes_of_executions() IS 'Of oms.generate_transition_tests(): commands on executions that rules are asked of';
