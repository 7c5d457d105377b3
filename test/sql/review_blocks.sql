-- Review in the tree of a block: what is approved is nobody's until it is allocated, and what replaces or corrects a fill that
-- has been shared takes its shares over.
-- Broken by: an approved fill of a block that goes to its root, a member whose figures keep a fill that another took the place of.

CREATE FUNCTION pg_temp.run(type text, command jsonb, OUT status text, OUT flags jsonb, OUT reasons text, OUT events text, OUT refused text) LANGUAGE sql AS $$
  SELECT r->'state'->>'status', r->'state'->'flags',
    (SELECT string_agg(x->>'code', ' ') FROM jsonb_array_elements(r->'state'->'reviewReasons') x),
    (SELECT string_agg(concat_ws(' ', CASE WHEN length(e->>'aggregateId') < 20 THEN e->>'aggregateId' ELSE '(made)' END, e->>'eventType'), ', ')
       FROM jsonb_array_elements(r->'events') e),
    concat_ws(' ', r->'error'->>'sqlstate', r->'error'->>'rule')
  FROM oms_try_command(jsonb_build_object('commandType', type || 'Command') || command) r $$;

CREATE FUNCTION pg_temp.figures(OUT id text, OUT status text, OUT executed numeric, OUT value numeric, OUT allocated numeric, OUT review numeric) RETURNS SETOF record LANGUAGE sql AS $$
  SELECT id, status, executed_quantity, executed_value, allocated_quantity, review_quantity FROM oms.orders WHERE id LIKE 'rb-%' ORDER BY id $$;

SELECT r->'state'->>'status' AS status FROM oms_commands('[
  {"commandType": "CreateOrderCommand", "orderId": "rb-1", "symbol": "VOD.L", "side": "BUY", "orderQty": 60},
  {"commandType": "CreateOrderCommand", "orderId": "rb-2", "symbol": "VOD.L", "side": "BUY", "orderQty": 40},
  {"commandType": "CreateBlockOrderCommand", "orderId": "rb-B", "price": 10, "ordType": "LIMIT",
   "members": [{"orderId": "rb-1", "quantity": 60}, {"orderId": "rb-2", "quantity": 40}]},
  {"commandType": "CreateOrderCommand", "orderId": "rb-B1", "parentId": "rb-B", "orderQty": 100}]') r;

-- Approved, it is validated and nobody's.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rb-B1", "executionId": "rb-x1", "execID": "rb-E1", "lastQty": 50, "lastPx": 9, "symbol": "BP.L"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rb-x1", "symbol": "VOD.L"}');
SELECT * FROM pg_temp.figures();

-- A typed fill is shared; the venue's own takes its place, and its shares.
SELECT * FROM pg_temp.run('CreateManualExecution', '{"orderId": "rb-B1", "executionId": "rb-m1", "lastQty": 20, "lastPx": 9, "reason": "by phone"}');
SELECT * FROM pg_temp.run('AllocateExecution', '{"orderId": "rb-B", "method": "PRO_RATA"}');
SELECT * FROM pg_temp.figures();
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rb-B1", "executionId": "rb-x2", "execID": "rb-E2", "lastQty": 20, "lastPx": 9}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rb-x2", "lastPx": 9.5, "supersedes": "rb-m1"}');
SELECT * FROM pg_temp.figures();
SELECT id, status, allocated_quantity, superseded_execution_id, superseding_execution_id FROM oms.executions WHERE id LIKE 'rb-%' ORDER BY id;

-- A correction that waits, approved: its fill's shares are redone.
SELECT * FROM pg_temp.run('CorrectExecution', '{"executionId": "rb-x1", "execID": "rb-E3", "lastQty": 90}');
SELECT id AS correction FROM oms.executions WHERE exec_id = 'rb-E3' \gset
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'correction', 'lastQty', 40));
SELECT * FROM pg_temp.figures();

-- One that waits for nobody's order is matched into the block, and one of the block out of it.
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rb-none", "executionId": "rb-x4", "execID": "rb-E4", "lastQty": 10, "lastPx": 9}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rb-x4", "orderId": "rb-B1"}');
SELECT * FROM pg_temp.run('ExecuteOrder', '{"orderId": "rb-B1", "executionId": "rb-x5", "execID": "rb-E5", "lastQty": 5, "lastPx": 9, "symbol": "BP.L"}');
SELECT * FROM pg_temp.run('ApproveExecution', '{"executionId": "rb-x5", "orderId": "rb-2", "symbol": "VOD.L"}');
SELECT * FROM pg_temp.figures();

-- Four eyes: a bust of a shared fill waits, and then goes through its shares.
SET oms_state.four_eyes = on;
SELECT * FROM pg_temp.run('BustExecution', '{"executionId": "rb-x2", "execID": "rb-E6", "reason": "wrong"}');
SELECT * FROM pg_temp.figures();
RESET oms_state.four_eyes;
SELECT id AS bust FROM oms.executions WHERE exec_id = 'rb-E6' \gset
SELECT * FROM pg_temp.run('ApproveExecution', jsonb_build_object('executionId', :'bust'));
SELECT * FROM pg_temp.figures();
SELECT * FROM oms.verify();
