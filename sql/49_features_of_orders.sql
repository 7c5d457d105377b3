-- What is measured of orders and fills. Each was held against a plain one on real streams (doc/foresight.md).
INSERT INTO oms.anomaly_features (name, object, event_types, measure, label, peers, side, scale, budget, builtin) VALUES
  ('order_quantity', 'order', '{OrderCreated,OrderReplaced}', $$CASE WHEN cur.parent_id IS NULL THEN cur.order_qty END$$,
   'quantity', '{account+symbol+depth,symbol+depth,account+symbol,symbol,asset_class}', 'HIGH', 'LOG', 0.005, true),
  ('price_through', 'order', '{OrderCreated,OrderReplaced}',
   $$CASE WHEN cur.side = 'BUY' THEN cur.price / facts.middle_price - 1 ELSE 1 - cur.price / facts.middle_price END * 10000$$,
   'price worse than the middle by basis points', '{symbol,asset_class}', 'HIGH', 'LINEAR', 0.008, true),
  ('price_off', 'order', '{OrderCreated,OrderReplaced}', $$abs(cur.price / facts.middle_price - 1) * 10000$$,
   'price away from the middle by basis points', '{symbol,asset_class}', 'HIGH', 'LOG', 0.002, true),
  ('repeated_orders', 'order', '{OrderCreated}', $$CASE WHEN cur.parent_id IS NULL THEN facts.same_orders END$$,
   'equal orders within ten seconds before', '{account,asset_class}', 'HIGH', 'LINEAR', 0.005, true),
  ('fill_price', 'execution', '{ExecutionValidated,ExecutionHeldForReview}', $$CASE WHEN cur.version = 1 THEN abs(cur.last_px / facts.fill_price - 1) * 10000 END$$,
   'fill away from recent fills by basis points', '{symbol,asset_class}', 'HIGH', 'LINEAR', 0.002, true),
  ('exec_id_gap', 'execution', '{ExecutionValidated,ExecutionHeldForReview}', $$CASE WHEN cur.version = 1 THEN facts.exec_id_step END$$,
   'step of ExecIDs', '{fix_session}', 'HIGH', 'LINEAR', 0.002, true),
  ('cum_qty_differs', 'order', NULL, $$CASE WHEN command ->> 'cumQty' IS NOT NULL AND 'DISAGREES' = ANY (cur.flags) THEN abs(cur.reported_cum_qty - cur.own_executed_quantity) END$$,
   'CumQty of the counterparty differs from ours by', '{}', 'ANY', 'LINEAR', 0.01, true),
  ('executed_back', 'order', '{OrderExecuted,OrderReported,OrderAccepted,OrderCancelled,OrderExpired,OrderReplaced,OrderDoneForDay,OrderUpdated}', $$facts.executed_before - cur.executed_quantity$$,
   'executed quantity went back by', '{}', 'ANY', 'LINEAR', 0.01, true);
