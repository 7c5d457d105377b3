-- What every desk has. None is enabled: insert a row of the same name, with what is to be otherwise.
INSERT INTO oms.validation_rules (name, object, command_type, predicate, message, when_missing, examples, enabled, builtin) VALUES
  ('max_quantity', 'order', NULL,
   $$command ->> 'orderQty' IS NULL
     OR (command ->> 'orderQty')::numeric <= oms.limit_of(coalesce(command ->> 'account', cur.account, parent.account),
                                                          coalesce(cur.symbol, command ->> 'symbol', parent.symbol), 'ORDER_QUANTITY')$$,
   'the order is larger than its account may have in the symbol', 'PASS',
   '[{"command": {"commandType": "CancelOrderCommand", "orderId": "A"}, "outcome": "TRUE"}]', false, true),
  ('max_value', 'order', NULL,
   $$(command ->> 'orderQty' IS NULL AND command ->> 'price' IS NULL)
     OR coalesce((command ->> 'orderQty')::numeric, cur.order_qty)
        * abs(coalesce((command ->> 'price')::numeric, cur.price, oms.reference_price(coalesce(cur.symbol, command ->> 'symbol', parent.symbol))))
        <= oms.limit_of(coalesce(command ->> 'account', cur.account, parent.account), coalesce(cur.symbol, command ->> 'symbol', parent.symbol), 'ORDER_VALUE')$$,
   'the order is worth more than its account may have in the symbol', 'PASS',
   '[{"command": {"commandType": "CancelOrderCommand", "orderId": "A"}, "outcome": "TRUE"}]', false, true),
  ('price_collar', 'order', NULL,
   $$command ->> 'price' IS NULL
     OR abs((command ->> 'price')::numeric - oms.reference_price(coalesce(cur.symbol, command ->> 'symbol', parent.symbol), interval '1 day'))
        <= 0.1 * abs(oms.reference_price(coalesce(cur.symbol, command ->> 'symbol', parent.symbol), interval '1 day'))$$,
   'the price is more than a tenth away from the reference price', 'WARN',
   '[{"command": {"commandType": "CancelOrderCommand", "orderId": "A"}, "outcome": "TRUE"}]', false, true),
  ('order_types', 'order', NULL,
   $$coalesce(command ->> 'ordType', 'LIMIT') = ANY (
       CASE coalesce(command ->> 'destination', cur.destination, parent.destination)
         WHEN 'DARK' THEN ARRAY['LIMIT', 'PEGGED'] ELSE ARRAY['MARKET', 'LIMIT', 'STOP', 'STOP_LIMIT'] END)$$,
   'the destination does not take this type of order', 'REFUSE',
   '[{"command": {"commandType": "CreateOrderCommand", "symbol": "X", "side": "1", "orderQty": 1, "ordType": "1", "destination": "DARK"}, "outcome": "FALSE"},
     {"command": {"commandType": "CreateOrderCommand", "symbol": "X", "side": "1", "orderQty": 1, "ordType": "stop limit", "price": 1, "stopPx": 1}, "outcome": "TRUE"}]',
   false, true),
  ('restricted', 'order', 'CreateOrderCommand',
   $$NOT oms.restricted(coalesce(command ->> 'symbol', parent.symbol), coalesce(command ->> 'account', parent.account))$$,
   'the symbol is on the restricted list', 'REFUSE', NULL, false, true);

INSERT INTO oms.routing_rules (name, priority, predicate, reason, examples, enabled, builtin) VALUES
  ('restricted', 10, 'oms.restricted(cur.symbol, cur.account)', 'the symbol is on the restricted list', NULL, false, true),
  ('large_quantity', 20, $$cur.order_qty > oms.limit_of(cur.account, cur.symbol, 'DESK_QUANTITY')$$,
   'the quantity is beyond the limit DESK_QUANTITY', NULL, false, true),
  ('large_value', 30,
   $$cur.order_qty * abs(coalesce(cur.price, oms.reference_price(cur.symbol))) > oms.limit_of(cur.account, cur.symbol, 'DESK_VALUE')
     OR cur.cash_order_qty > oms.limit_of(cur.account, cur.symbol, 'DESK_VALUE')$$,
   'the value is beyond the limit DESK_VALUE', NULL, false, true),
  ('market_without_price', 40, $$cur.ord_type = 'MARKET' AND oms.reference_price(cur.symbol, interval '1 day') IS NULL$$,
   'a market order, and nobody knows what the symbol is worth', NULL, false, true),
  ('no_destination', 50, 'cur.destination IS NULL', 'it says nothing of where it is to go',
   '[{"command": {"commandType": "CreateOrderCommand", "symbol": "X", "side": "1", "orderQty": 1}, "cur": {"symbol": "X"}, "outcome": "TRUE"},
     {"command": {"commandType": "CreateOrderCommand", "symbol": "X", "side": "1", "orderQty": 1}, "cur": {"destination": "XNYS"}, "outcome": "FALSE"}]',
   false, true);
