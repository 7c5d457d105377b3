-- What every desk has. None is enabled: insert a row of the same name, with what is to be otherwise.
-- What takes nothing more than before passes: a limit that was lowered keeps nobody from reducing.
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message, when_missing, examples, enabled, builtin) VALUES
  ('max_quantity', 'order', NULL,
   $$command ->> 'orderQty' IS NULL
     OR ((command ->> 'orderQty')::numeric <= cur.order_qty) IS TRUE
     OR ((command ->> 'orderQty')::numeric <= oms.limit_of(coalesce(command ->> 'account', cur.account, parent.account),
                                                           coalesce(cur.symbol, parent.symbol, command ->> 'symbol'), 'ORDER_QUANTITY')
         AND (oms.limit_of(coalesce(root.account, command ->> 'account'), coalesce(root.symbol, command ->> 'symbol'), 'DAY_QUANTITY') IS NULL
              OR oms.day_quantity(command)
                 <= oms.limit_of(coalesce(root.account, command ->> 'account'), coalesce(root.symbol, command ->> 'symbol'), 'DAY_QUANTITY')))$$,
   'the order is larger than its account may have in the symbol', 'PASS',
   '[{"command": {"commandType": "CancelOrderCommand", "orderId": "A"}, "outcome": "TRUE"},
     {"command": {"commandType": "ReplaceOrderCommand", "orderId": "A", "orderQty": 9}, "cur": {"orderQty": 10, "symbol": "X", "side": "BUY"}, "outcome": "TRUE"}]', false, true),
  ('max_value', 'order', NULL,
   $$(command ->> 'orderQty' IS NULL AND command ->> 'cashOrderQty' IS NULL AND command ->> 'price' IS NULL)
     OR (oms.order_value(command) <= oms.notional(cur.symbol, cur.currency, cur.order_qty, cur.price)) IS TRUE
     OR (oms.order_value(command) <= oms.limit_of(coalesce(command ->> 'account', cur.account, parent.account),
                                                  coalesce(cur.symbol, parent.symbol, command ->> 'symbol'), 'ORDER_VALUE')
         AND (oms.limit_of(coalesce(root.account, command ->> 'account'), coalesce(root.symbol, command ->> 'symbol'), 'DAY_VALUE') IS NULL
              OR oms.day_value(command)
                 <= oms.limit_of(coalesce(root.account, command ->> 'account'), coalesce(root.symbol, command ->> 'symbol'), 'DAY_VALUE')))$$,
   'the order is worth more than its account may have in the symbol', 'PASS',
   '[{"command": {"commandType": "CancelOrderCommand", "orderId": "A"}, "outcome": "TRUE"}]', false, true),
  ('price_collar', 'order', NULL,
   $$command ->> 'price' IS NULL
     OR CASE oms.buys(command)
          WHEN true THEN (command ->> 'price')::numeric - oms.reference_price(coalesce(cur.symbol, parent.symbol, command ->> 'symbol'), interval '1 day')
          WHEN false THEN oms.reference_price(coalesce(cur.symbol, parent.symbol, command ->> 'symbol'), interval '1 day') - (command ->> 'price')::numeric
          ELSE abs((command ->> 'price')::numeric - oms.reference_price(coalesce(cur.symbol, parent.symbol, command ->> 'symbol'), interval '1 day')) END
        <= 0.1 * abs(oms.reference_price(coalesce(cur.symbol, parent.symbol, command ->> 'symbol'), interval '1 day'))$$,
   'the price is more than a tenth worse than the reference price', 'WARN',
   '[{"command": {"commandType": "CancelOrderCommand", "orderId": "A"}, "outcome": "TRUE"}]', false, true),
  ('order_types', 'order', NULL,
   $$(cur IS NOT NULL AND command ->> 'ordType' IS NULL)
     OR oms.order_type_allowed(coalesce(command ->> 'destination', cur.destination),
                               coalesce(command ->> 'ordType', CASE WHEN command ->> 'stopPx' IS NOT NULL
                                                                    THEN CASE WHEN command ->> 'price' IS NULL THEN 'STOP' ELSE 'STOP_LIMIT' END
                                                                    WHEN command ->> 'price' IS NULL THEN 'MARKET' ELSE 'LIMIT' END))$$,
   'the destination does not take this type of order', 'PASS',
   '[{"command": {"commandType": "CreateOrderCommand", "symbol": "X", "side": "1", "orderQty": 1, "ordType": "1"}, "outcome": "NULL"},
     {"command": {"commandType": "CancelOrderCommand", "orderId": "A"}, "cur": {"orderId": "A", "symbol": "X", "side": "BUY"}, "outcome": "TRUE"}]',
   false, true),
  ('restricted', 'order', 'CreateOrderCommand',
   $$NOT oms.restricted(coalesce(command ->> 'symbol', parent.symbol), coalesce(command ->> 'account', parent.account))$$,
   'the symbol is on the restricted list', 'REFUSE', NULL, false, true),
  ('duplicate_order', 'order', 'CreateOrderCommand',
   $$parent IS NOT NULL OR NOT oms.recent_like(command, interval '5 seconds')$$,
   'an order like it was made a moment ago', 'PASS', NULL, false, true),
  ('self_match', 'order', NULL,
   $$(cur IS NOT NULL AND command ->> 'orderQty' IS NULL AND command ->> 'price' IS NULL)
     OR NOT oms.opposite_live(command)$$,
   'the account has a live order on the other side', 'PASS',
   '[{"command": {"commandType": "CancelOrderCommand", "orderId": "A"}, "cur": {"orderId": "A", "symbol": "X", "side": "BUY"}, "outcome": "TRUE"}]', false, true);

INSERT INTO oms.routing_rules (name, priority, predicate, reason, examples, enabled, builtin) VALUES
  ('restricted', 10, 'oms.restricted(cur.symbol, cur.account)', 'the symbol is on the restricted list', NULL, false, true),
  ('large_quantity', 20, $$cur.order_qty > oms.limit_of(cur.account, cur.symbol, 'DESK_QUANTITY')$$,
   'the quantity is beyond the limit DESK_QUANTITY', NULL, false, true),
  ('large_value', 30,
   $$oms.notional(cur.symbol, cur.currency, cur.order_qty, coalesce(cur.price, oms.reference_price(cur.symbol))) > oms.limit_of(cur.account, cur.symbol, 'DESK_VALUE')
     OR cur.cash_order_qty > oms.limit_of(cur.account, cur.symbol, 'DESK_VALUE')$$,
   'the value is beyond the limit DESK_VALUE', NULL, false, true),
  ('market_without_price', 40, $$cur.ord_type = 'MARKET' AND oms.reference_price(cur.symbol, interval '1 day') IS NULL$$,
   'a market order, and nobody knows what the symbol is worth', NULL, false, true),
  ('no_destination', 50, 'cur.destination IS NULL', 'it says nothing of where it is to go',
   '[{"command": {"commandType": "CreateOrderCommand", "symbol": "X", "side": "1", "orderQty": 1}, "cur": {"symbol": "X"}, "outcome": "TRUE"},
     {"command": {"commandType": "CreateOrderCommand", "symbol": "X", "side": "1", "orderQty": 1}, "cur": {"destination": "XNYS"}, "outcome": "FALSE"}]',
   false, true);

-- Whatever no other policy places.
INSERT INTO oms.placement_policies (name, priority, predicate, enabled, builtin) VALUES ('whole', 2147483647, 'true', true, true);
