-- The services that come with the extension. A row of yours takes the place of the one of its name.
INSERT INTO oms.services (name, builtin, definition) VALUES
  ('SubmitClientOrder', true, $json${
    "description": "A client order is made, and placed or sent to the desk",
    "begin": {"name": "create", "command": "CreateOrderCommand", "without": ["parentId"]},
    "steps": [{"name": "route", "builtin": "route"}]}$json$),
  ('CancelClientOrder', true, $json${
    "description": "An order is cancelled with all that is below it: what is at a counterparty is asked, and what is above it waits; the rest ends at once",
    "arguments": {
      "orderId": {"type": "identifier", "required": true, "description": "The client order, or any order above others"},
      "clOrdID": {"type": "identifier", "description": "Of its own request, or cancel"},
      "clOrdIDPattern": {"type": "identifier", "description": "Of the ClOrdIDs of requests below it: {clOrdID}, {orderId}, {destination}, {n}"},
      "reason": {"type": "text"}, "text": {"type": "text"}},
    "steps": [{"name": "cancel", "builtin": "cascade_cancel",
      "with": {"orderId": {"argument": "orderId"}, "clOrdID": {"argument": "clOrdID"}, "clOrdIDPattern": {"argument": "clOrdIDPattern"},
               "reason": {"argument": "reason"}, "text": {"argument": "text"}}}]}$json$),
  ('ReplaceClientOrder', true, $json${
    "description": "An order gets new terms, and those below it follow: what is at a counterparty is asked, and what is above it waits for the last answer; the rest changes at once. Where the routing says desk it goes there, and nothing follows",
    "arguments": {
      "orderId": {"type": "identifier", "required": true, "description": "The client order, or any order above others"},
      "clOrdID": {"type": "identifier", "description": "Of its own request, or replacement; of one that was recorded, its terms hold where none are given"},
      "clOrdIDPattern": {"type": "identifier", "description": "Of the ClOrdIDs of requests below it: {clOrdID}, {orderId}, {destination}, {n}"},
      "expectedVersion": {"type": "integer", "description": "Of the order"},
      "orderQty": {"type": "quantity", "description": "Less: first what is unplaced is taken, then children from the newest to the oldest"},
      "cashOrderQty": {"type": "quantity"},
      "price": {"type": "price", "description": "Of all below it that had its own, and of those whose limit would be worse"},
      "stopPx": {"type": "price"}, "ordType": {"type": "text"}, "timeInForce": {"type": "text"}, "expireTime": {"type": "time"}, "expireDate": {"type": "date"},
      "side": {"type": "text"}, "account": {"type": "identifier"}, "reason": {"type": "text"}, "text": {"type": "text"}},
    "steps": [{"name": "replace", "builtin": "cascade_replace",
      "with": {"orderId": {"argument": "orderId"}, "clOrdID": {"argument": "clOrdID"}, "clOrdIDPattern": {"argument": "clOrdIDPattern"},
               "expectedVersion": {"argument": "expectedVersion"}, "orderQty": {"argument": "orderQty"}, "cashOrderQty": {"argument": "cashOrderQty"},
               "price": {"argument": "price"}, "stopPx": {"argument": "stopPx"}, "ordType": {"argument": "ordType"}, "timeInForce": {"argument": "timeInForce"},
               "expireTime": {"argument": "expireTime"}, "expireDate": {"argument": "expireDate"}, "side": {"argument": "side"}, "account": {"argument": "account"},
               "reason": {"argument": "reason"}, "text": {"argument": "text"}}}]}$json$),
  ('AcceptQuote', true, $json${
    "description": "A quote is accepted: it makes an order at its price, the others are declined",
    "begin": {"name": "accept", "command": "AcceptQuoteCommand"},
    "result": {"orderId": {"step": "accept", "path": "state.orderId"}}}$json$),
  ('AllocateBlock', true, $json${
    "description": "What a block has filled is allocated to its members; where that is wanted, they are released then, and what is not filled is nobody's",
    "arguments": {
      "orderId": {"type": "identifier", "required": true, "description": "The block"},
      "method": {"type": "text", "description": "As of AllocateExecutionCommand"},
      "weights": {"type": "text", "description": "As of AllocateExecutionCommand"},
      "allocations": {"type": "objects", "members": {"orderId": {"type": "identifier", "required": true}, "quantity": {"type": "quantity"}},
                      "description": "Who gets how much; else the method says it"},
      "quantity": {"type": "quantity", "description": "So much of what is not allocated; else all"},
      "confirm": {"type": "boolean", "description": "In spite of a member's limit"},
      "reason": {"type": "text"},
      "release": {"type": "boolean", "description": "Release the members afterwards"}},
    "steps": [
      {"name": "allocate", "command": "AllocateExecutionCommand",
       "with": {"orderId": {"argument": "orderId"}, "method": {"argument": "method"}, "weights": {"argument": "weights"}, "allocations": {"argument": "allocations"},
                "quantity": {"argument": "quantity"}, "confirm": {"argument": "confirm"}, "reason": {"argument": "reason"}}},
      {"name": "release", "command": "ReplaceBlockMembersCommand", "when": {"argument": "release"},
       "with": {"orderId": {"argument": "orderId"}, "members": [], "reason": {"argument": "reason"}}}]}$json$),
  ('MoveExecution', true, $json${
    "description": "A fill is moved to the order of another client: typed there, busted here, and each names the other",
    "arguments": {
      "executionId": {"type": "identifier", "required": true, "description": "The fill, as it counts now"},
      "orderId": {"type": "identifier", "required": true, "description": "The order that it is to count for"},
      "newExecutionId": {"type": "identifier", "description": "Of what is typed there; made where it is not given"},
      "confirm": {"type": "boolean", "description": "Though a fill there looks like it"},
      "text": {"type": "text"}},
    "steps": [
      {"name": "fill", "builtin": "execution", "with": {"executionId": {"argument": "executionId"}}},
      {"name": "type", "command": "CreateManualExecutionCommand",
       "with": {"orderId": {"argument": "orderId"}, "executionId": {"argument": "newExecutionId"}, "reason": "REALLOCATED", "confirm": {"argument": "confirm"},
                "movedFromExecutionId": {"argument": "executionId"}, "text": {"argument": "text"},
                "lastQty": {"step": "fill", "path": "state.lastQty"}, "lastPx": {"step": "fill", "path": "state.lastPx"}, "lastMkt": {"step": "fill", "path": "state.lastMkt"},
                "symbol": {"step": "fill", "path": "state.symbol"}, "side": {"step": "fill", "path": "state.side"}, "currency": {"step": "fill", "path": "state.currency"},
                "tradeDate": {"step": "fill", "path": "state.tradeDate"}, "settlDate": {"step": "fill", "path": "state.settlDate"},
                "commission": {"step": "fill", "path": "state.commission"}, "commType": {"step": "fill", "path": "state.commType"},
                "lastCapacity": {"step": "fill", "path": "state.lastCapacity"}, "transactTime": {"step": "fill", "path": "state.transactTime"}}},
      {"name": "bust", "command": "BustExecutionCommand",
       "with": {"executionId": {"argument": "executionId"}, "reason": "REALLOCATED", "movedToExecutionId": {"step": "type", "path": "state.executionId"}, "text": {"argument": "text"}}}],
    "result": {"executionId": {"step": "type", "path": "state.executionId"}, "status": {"step": "type", "path": "state.status"}}}$json$);
