-- The peer: creating, filling and cancelling orders as a user would write it in PL/pgSQL who knows it well.
--
-- The same tables, rows and rules as oms_command() has for these three commands: fields and values checked, a repeat found
-- by its commandId, the tree locked at its root, the state checked, quantities climbing to the root, every object that
-- changed with its own event, the whole state in each event, hash chains.  One function for each command, every row read
-- once and written once, no dynamic SQL, no exception blocks.  It spares itself what costs most in PL/pgSQL and does not
-- change the bytes much: the state in an event is to_jsonb() of the row, so its keys are the columns' names.
-- FIX reports, requests, replaces, busts, splits and the like it does not know at all.

CREATE FUNCTION peer.check_fields(c jsonb, known text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF c - known <> '{}' THEN
    RAISE EXCEPTION 'unknown field "%"', (SELECT k FROM jsonb_object_keys(c - known) k LIMIT 1) USING ERRCODE = 'OM001';
  END IF;
END
$$;

-- The first result of a command that comes again.
CREATE FUNCTION peer.repeat(c jsonb, earlier peer.commands) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  events jsonb;
BEGIN
  IF earlier.command_hash <> jsonb_hash_extended(c, 0) THEN
    RAISE EXCEPTION 'commandId "%" was used for another command', earlier.command_id USING ERRCODE = 'OM007';
  END IF;
  SELECT jsonb_agg(payload ORDER BY sequence) INTO events FROM (
    SELECT sequence, payload FROM peer.order_events WHERE sequence = ANY (earlier.sequences)
    UNION ALL
    SELECT sequence, payload FROM peer.execution_events WHERE sequence = ANY (earlier.sequences)) e;
  RETURN jsonb_build_object('status', 'ACCEPTED', 'duplicate', true, 'commandId', earlier.command_id, 'events', events,
    'state', events -> -1 -> 'state');
END
$$;

CREATE FUNCTION peer.create_order(c jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  o peer.orders;
  parent peer.orders;
  root peer.orders;
  earlier peer.commands;
  command_id text := c ->> 'commandId';
  at timestamptz;
  seq bigint;
  sequences bigint[];
  payload jsonb;
  state jsonb;
  events jsonb;
  orders jsonb;
BEGIN
  PERFORM peer.check_fields(c, '{commandType,commandId,expectedVersion,correlationId,causationId,transactTime,text,orderId,parentId,
    clOrdID,symbol,side,orderQty,cashOrderQty,ordType,price,stopPx,timeInForce,expireTime,expireDate,account,currency,assetClass,
    destination,attributes,pending}');
  IF command_id IS NOT NULL THEN
    SELECT * INTO earlier FROM peer.commands k WHERE k.actor = session_user AND k.command_id = c ->> 'commandId';
    IF FOUND THEN
      RETURN peer.repeat(c, earlier);
    END IF;
  ELSE
    command_id := gen_random_uuid();
  END IF;

  o.id := coalesce(c ->> 'orderId', gen_random_uuid()::text);
  o.parent_id := c ->> 'parentId';
  o.root_id := o.id;
  o.symbol := c ->> 'symbol';
  o.side := upper(c ->> 'side');
  o.ord_type := upper(c ->> 'ordType');
  o.time_in_force := upper(c ->> 'timeInForce');
  o.order_qty := (c ->> 'orderQty')::numeric;
  o.cash_order_qty := (c ->> 'cashOrderQty')::numeric;
  o.price := (c ->> 'price')::numeric;
  o.stop_px := (c ->> 'stopPx')::numeric;
  o.expire_time := (c ->> 'expireTime')::timestamptz;
  o.expire_date := (c ->> 'expireDate')::date;
  o.account := c ->> 'account';
  o.currency := c ->> 'currency';
  o.asset_class := c ->> 'assetClass';
  o.destination := c ->> 'destination';
  o.cl_ord_id := c ->> 'clOrdID';
  o.text := c ->> 'text';
  o.attributes := c -> 'attributes';

  IF o.parent_id IS NOT NULL THEN
    SELECT root_id INTO o.root_id FROM peer.orders WHERE id = o.parent_id;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'no order "%"', o.parent_id USING ERRCODE = 'OM003';
    END IF;
    SELECT * INTO root FROM peer.orders WHERE id = o.root_id FOR UPDATE;
    parent := root;
    IF o.parent_id <> o.root_id THEN
      SELECT * INTO parent FROM peer.orders WHERE id = o.parent_id;
    END IF;
    IF coalesce(o.symbol <> parent.symbol, false) OR coalesce(o.side <> parent.side, false)
       OR coalesce(o.currency <> parent.currency, false) THEN
      RAISE EXCEPTION 'a slice has its parent''s symbol, side and currency' USING ERRCODE = 'OM005';
    END IF;
    o.symbol := parent.symbol;
    o.side := parent.side;
    o.currency := parent.currency;
    o.account := coalesce(o.account, parent.account);
    o.asset_class := coalesce(o.asset_class, parent.asset_class);
    IF parent.status IN ('CANCELLED', 'EXPIRED', 'REJECTED', 'CALCULATED', 'FILLED') THEN
      RAISE EXCEPTION 'order "%" is %', parent.id, parent.status USING ERRCODE = 'OM004';
    END IF;
    IF coalesce(o.order_qty, 0) > parent.unplaced_quantity THEN
      RAISE EXCEPTION 'order "%" has only % left to place', parent.id, parent.unplaced_quantity
        USING ERRCODE = 'OM005', DETAIL = 'over_placed';
    END IF;
  END IF;

  IF o.symbol IS NULL OR o.side IS NULL OR (o.order_qty IS NULL AND o.cash_order_qty IS NULL) THEN
    RAISE EXCEPTION 'symbol, side and orderQty or cashOrderQty are required' USING ERRCODE = 'OM001';
  END IF;
  IF o.order_qty <= 0 OR o.order_qty IN ('NaN', 'Infinity') OR o.cash_order_qty <= 0 OR o.price IN ('NaN', 'Infinity', '-Infinity') THEN
    RAISE EXCEPTION 'quantities are above zero, and finite' USING ERRCODE = 'OM001';
  END IF;
  IF o.side NOT IN ('BUY', 'SELL', 'SELL_SHORT', 'SELL_SHORT_EXEMPT', 'BUY_MINUS', 'SELL_PLUS') THEN
    RAISE EXCEPTION 'no side "%"', o.side USING ERRCODE = 'OM001';
  END IF;
  IF o.ord_type NOT IN ('MARKET', 'LIMIT', 'STOP', 'STOP_LIMIT', 'PEGGED') THEN
    RAISE EXCEPTION 'no ordType "%"', o.ord_type USING ERRCODE = 'OM001';
  END IF;

  o.status := CASE WHEN (c ->> 'pending')::boolean THEN 'PENDING_NEW' ELSE 'NEW' END;
  o.conditions := ARRAY[o.status];
  o.executed_quantity := 0;
  o.leaves_quantity := coalesce(o.order_qty, 0);
  o.working_quantity := 0;
  o.unplaced_quantity := o.leaves_quantity;
  o.allocated_quantity := 0;
  o.executed_value := 0;
  o.avg_px := 0;
  o.own_executed_quantity := 0;
  o.reserved_quantity := 0;
  o.review_quantity := 0;
  o.child_count := 0;
  o.live_children := 0;
  o.closed := false;
  o.version := 1;

  at := clock_timestamp();
  IF o.parent_id IS NOT NULL THEN
    at := greatest(at, root.tree_updated_at);
  ELSE
    o.tree_version := 1;
    o.tree_updated_at := at;
  END IF;
  o.created_at := at;
  o.updated_at := at;

  seq := nextval('peer.event_sequence');
  sequences := ARRAY[seq];
  state := jsonb_strip_nulls(to_jsonb(o));
  payload := jsonb_build_object('schemaVersion', 1, 'eventType', 'OrderCreated', 'aggregateType', 'Order', 'aggregateId', o.id,
    'rootId', o.root_id, 'version', 1, 'treeVersion', coalesce(root.tree_version, 0) + 1, 'sequence', seq, 'occurredAt', at,
    'actor', session_user, 'role', current_user, 'commandId', command_id, 'transition', 101, 'command', c, 'state', state);
  o.hash := sha256(convert_to(payload::text, 'UTF8'));
  IF o.parent_id IS NULL AND c ? 'orderId' THEN
    INSERT INTO peer.root_ids VALUES (o.id, 'order');
  END IF;
  INSERT INTO peer.orders SELECT o.*;
  INSERT INTO peer.order_events VALUES (seq, o.id, 1, o.root_id, coalesce(root.tree_version, 0) + 1, 'OrderCreated', at,
    session_user, current_user, command_id, 101, pg_current_xact_id(), payload, o.hash);
  IF o.cl_ord_id IS NOT NULL THEN
    INSERT INTO peer.cl_ord_ids VALUES ('', o.cl_ord_id, o.id);
  END IF;
  events := jsonb_build_array(jsonb_build_object('eventType', 'OrderCreated', 'aggregateType', 'Order', 'aggregateId', o.id,
    'version', 1, 'sequence', seq));
  orders := jsonb_build_array(state);

  IF o.parent_id IS NOT NULL THEN
    parent.working_quantity := parent.working_quantity + o.leaves_quantity;
    parent.reserved_quantity := parent.reserved_quantity + o.leaves_quantity;
    parent.unplaced_quantity := greatest(0, parent.leaves_quantity - parent.reserved_quantity);
    parent.child_count := parent.child_count + 1;
    parent.live_children := parent.live_children + 1;
    parent.version := parent.version + 1;
    parent.updated_at := at;
    root.tree_version := root.tree_version + 2;
    IF parent.id = root.id THEN
      parent.tree_version := root.tree_version;
      parent.tree_updated_at := at;
    END IF;
    seq := nextval('peer.event_sequence');
    sequences := sequences || seq;
    state := jsonb_strip_nulls(to_jsonb(parent));
    payload := jsonb_build_object('schemaVersion', 1, 'eventType', 'OrderQuantitiesChanged', 'aggregateType', 'Order',
      'aggregateId', parent.id, 'rootId', root.id, 'version', parent.version, 'treeVersion', root.tree_version, 'sequence', seq,
      'occurredAt', at, 'actor', session_user, 'role', current_user, 'commandId', command_id, 'transition', 401, 'command', c,
      'state', state);
    parent.hash := sha256(parent.hash || convert_to(payload::text, 'UTF8'));
    UPDATE peer.orders SET working_quantity = parent.working_quantity, reserved_quantity = parent.reserved_quantity,
        unplaced_quantity = parent.unplaced_quantity, child_count = parent.child_count, live_children = parent.live_children,
        version = parent.version, tree_version = parent.tree_version, tree_updated_at = parent.tree_updated_at,
        updated_at = at, hash = parent.hash
      WHERE id = parent.id;
    INSERT INTO peer.order_events VALUES (seq, parent.id, parent.version, root.id, root.tree_version, 'OrderQuantitiesChanged', at,
      session_user, current_user, command_id, 401, pg_current_xact_id(), payload, parent.hash);
    IF parent.id <> root.id THEN
      UPDATE peer.orders SET tree_version = root.tree_version, tree_updated_at = at WHERE id = root.id;
    END IF;
    events := events || jsonb_build_object('eventType', 'OrderQuantitiesChanged', 'aggregateType', 'Order',
      'aggregateId', parent.id, 'version', parent.version, 'sequence', seq);
    orders := orders || state;
  END IF;

  IF c ? 'commandId' THEN
    INSERT INTO peer.commands (actor, command_id, recorded_at, aggregate_id, sequences, command_hash)
      VALUES (session_user, command_id, at, o.id, sequences, jsonb_hash_extended(c, 0));
  END IF;
  RETURN jsonb_build_object('status', 'ACCEPTED', 'commandId', command_id, 'token', pg_current_xact_id()::text, 'events', events,
    'state', orders -> 0, 'orders', orders);
END
$$;

CREATE FUNCTION peer.execute_order(c jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  o peer.orders;
  root peer.orders;
  x peer.executions;
  same peer.executions;
  earlier peer.commands;
  command_id text := c ->> 'commandId';
  at timestamptz;
  seq bigint;
  sequences bigint[];
  quantity numeric := (c ->> 'lastQty')::numeric;
  px numeric := (c ->> 'lastPx')::numeric;
  review jsonb := '[]';
  leaf boolean := true;
  leaves_before numeric;
  leaves_change numeric := 0;
  closed_child bigint := 0;
  tree bigint;
  event_type text;
  payload jsonb;
  state jsonb;
  events jsonb;
  orders jsonb := '[]';
BEGIN
  PERFORM peer.check_fields(c, '{commandType,commandId,expectedVersion,correlationId,causationId,transactTime,text,orderId,executionId,
    execID,execType,execRefID,lastQty,lastPx,lastMkt,symbol,side,cumQty,leavesQty,avgPx,ordStatus,attributes}');
  IF c ->> 'orderId' IS NULL OR quantity IS NULL OR px IS NULL THEN
    RAISE EXCEPTION 'orderId, lastQty and lastPx are required' USING ERRCODE = 'OM001';
  END IF;
  IF quantity <= 0 OR quantity IN ('NaN', 'Infinity') OR px IN ('NaN', 'Infinity', '-Infinity') THEN
    RAISE EXCEPTION 'quantities are above zero, and finite' USING ERRCODE = 'OM001';
  END IF;
  IF command_id IS NOT NULL THEN
    SELECT * INTO earlier FROM peer.commands k WHERE k.actor = session_user AND k.command_id = c ->> 'commandId';
    IF FOUND THEN
      RETURN peer.repeat(c, earlier);
    END IF;
  ELSE
    command_id := gen_random_uuid();
  END IF;

  -- lock the tree, then read
  SELECT * INTO o FROM peer.orders WHERE id = c ->> 'orderId';
  IF FOUND THEN
    SELECT * INTO root FROM peer.orders WHERE id = o.root_id FOR UPDATE;
    IF o.id = root.id THEN
      o := root;
    ELSE
      SELECT * INTO o FROM peer.orders WHERE id = c ->> 'orderId';
    END IF;
    tree := root.tree_version;
    IF o.version <> (c ->> 'expectedVersion')::bigint THEN
      RAISE EXCEPTION 'order "%" has version %', o.id, o.version USING ERRCODE = 'OM006';
    END IF;
    at := greatest(clock_timestamp(), root.tree_updated_at);
    IF c ? 'execID' THEN
      SELECT * INTO same FROM peer.executions e WHERE e.order_id = o.id AND e.exec_id = c ->> 'execID';
      IF FOUND THEN
        IF same.last_qty = quantity AND same.last_px = px AND same.exec_type IS NOT DISTINCT FROM c ->> 'execType'
           AND same.exec_ref_id IS NOT DISTINCT FROM c ->> 'execRefID' THEN
          RETURN jsonb_build_object('status', 'ACCEPTED', 'duplicate', true, 'commandId', command_id, 'events', '[]'::jsonb,
            'state', jsonb_strip_nulls(to_jsonb(same)), 'orders', '[]'::jsonb);
        END IF;
        review := review || jsonb_build_object('code', 'DUPLICATE_EXEC_ID', 'executionId', same.id);
      END IF;
    END IF;
    IF c ? 'symbol' AND c ->> 'symbol' <> o.symbol THEN
      review := review || jsonb_build_object('code', 'WRONG_SYMBOL', 'symbol', o.symbol);
    END IF;
    IF c ? 'side' AND upper(c ->> 'side') <> o.side THEN
      review := review || jsonb_build_object('code', 'WRONG_SIDE', 'side', o.side);
    END IF;
    IF o.status = 'REJECTED' THEN
      review := review || jsonb_build_object('code', 'ORDER_REJECTED');
    END IF;
    IF o.executed_quantity + quantity > o.order_qty THEN
      review := review || jsonb_build_object('code', 'OVERFILL', 'orderQty', o.order_qty, 'executedQuantity', o.executed_quantity);
    END IF;
  ELSE
    at := clock_timestamp();
    tree := 0;
    review := review || jsonb_build_object('code', 'UNKNOWN_ORDER');
  END IF;

  x.id := coalesce(c ->> 'executionId', gen_random_uuid()::text);
  x.order_id := c ->> 'orderId';
  x.root_id := coalesce(root.id, x.id);
  x.version := 1;
  x.exec_id := c ->> 'execID';
  x.exec_type := c ->> 'execType';
  x.exec_ref_id := c ->> 'execRefID';
  x.symbol := coalesce(c ->> 'symbol', o.symbol);
  x.side := coalesce(upper(c ->> 'side'), o.side);
  x.last_qty := quantity;
  x.last_px := px;
  x.last_mkt := c ->> 'lastMkt';
  x.quantity := quantity;
  x.allocated_quantity := 0;
  x.cum_qty := (c ->> 'cumQty')::numeric;
  x.leaves_qty := (c ->> 'leavesQty')::numeric;
  x.avg_px := (c ->> 'avgPx')::numeric;
  x.ord_status := c ->> 'ordStatus';
  x.transact_time := (c ->> 'transactTime')::timestamptz;
  x.text := c ->> 'text';
  x.attributes := c -> 'attributes';
  x.created_at := at;
  x.updated_at := at;
  IF review = '[]' THEN
    x.status := 'ALLOCATED';
    x.allocated_quantity := quantity;
    x.allocations := jsonb_build_array(jsonb_build_object('orderId', root.id, 'quantity', quantity));
    IF o.status IN ('CANCELLED', 'EXPIRED', 'DONE_FOR_DAY') THEN
      x.flags := '{LATE_FILL}';
    END IF;
    event_type := 'ExecutionValidated';
  ELSE
    x.status := 'REVIEW';
    x.review_reasons := review;
    event_type := 'ExecutionReviewed';
  END IF;

  tree := tree + 1;
  seq := nextval('peer.event_sequence');
  sequences := ARRAY[seq];
  state := jsonb_strip_nulls(to_jsonb(x));
  payload := jsonb_build_object('schemaVersion', 1, 'eventType', event_type, 'aggregateType', 'Execution', 'aggregateId', x.id,
    'rootId', x.root_id, 'version', 1, 'treeVersion', tree, 'sequence', seq, 'occurredAt', at, 'actor', session_user,
    'role', current_user, 'commandId', command_id, 'transition', 501, 'command', c, 'state', state);
  x.hash := sha256(convert_to(payload::text, 'UTF8'));
  INSERT INTO peer.executions SELECT x.*;
  INSERT INTO peer.execution_events VALUES (seq, x.id, 1, x.root_id, tree, event_type, at, session_user, current_user,
    command_id, 501, pg_current_xact_id(), payload, x.hash);
  events := jsonb_build_array(jsonb_build_object('eventType', event_type, 'aggregateType', 'Execution', 'aggregateId', x.id,
    'version', 1, 'sequence', seq));

  -- climb; a fill in review moves no quantity but the order's own review quantity
  WHILE o.id IS NOT NULL LOOP
    leaves_before := o.leaves_quantity;
    IF x.status = 'REVIEW' THEN
      o.review_quantity := o.review_quantity + quantity;
      event_type := 'OrderQuantitiesChanged';
    ELSE
      IF leaf THEN
        o.own_executed_quantity := o.own_executed_quantity + quantity;
        IF o.status = 'PENDING_NEW' THEN
          o.conditions := '{NEW}';
        END IF;
        IF x.flags IS NOT NULL THEN
          o.flags := x.flags;
        END IF;
        event_type := 'OrderExecuted';
      ELSE
        o.working_quantity := o.working_quantity + leaves_change;
        o.reserved_quantity := o.reserved_quantity + leaves_change;
        o.live_children := o.live_children - closed_child;
        event_type := 'OrderQuantitiesChanged';
      END IF;
      o.executed_quantity := o.executed_quantity + quantity;
      o.executed_value := o.executed_value + quantity * px;
      o.avg_px := trim_scale(round(o.executed_value / o.executed_quantity, 10));
      o.allocated_quantity := o.allocated_quantity + quantity;
      IF o.status NOT IN ('CANCELLED', 'EXPIRED', 'CALCULATED') THEN
        o.leaves_quantity := greatest(0, o.order_qty - o.executed_quantity);
      END IF;
      o.unplaced_quantity := greatest(0, o.leaves_quantity - o.reserved_quantity);
      closed_child := 0;
      IF o.executed_quantity >= o.order_qty THEN
        IF o.status IN ('NEW', 'PARTIALLY_FILLED', 'PENDING_NEW') THEN
          closed_child := 1;
        END IF;
        o.status := 'FILLED';
        o.closed := true;
      ELSIF o.status IN ('NEW', 'PENDING_NEW') THEN
        o.status := 'PARTIALLY_FILLED';
      END IF;
    END IF;
    o.version := o.version + 1;
    o.updated_at := at;
    tree := tree + 1;
    IF o.parent_id IS NULL THEN
      o.tree_version := tree;
      o.tree_updated_at := at;
    END IF;

    seq := nextval('peer.event_sequence');
    sequences := sequences || seq;
    state := jsonb_strip_nulls(to_jsonb(o));
    payload := jsonb_build_object('schemaVersion', 1, 'eventType', event_type, 'aggregateType', 'Order', 'aggregateId', o.id,
      'rootId', o.root_id, 'version', o.version, 'treeVersion', tree, 'sequence', seq, 'occurredAt', at,
      'actor', session_user, 'role', current_user, 'commandId', command_id, 'transition', 303, 'command', c, 'state', state);
    o.hash := sha256(o.hash || convert_to(payload::text, 'UTF8'));
    UPDATE peer.orders SET version = o.version, tree_version = o.tree_version, status = o.status, conditions = o.conditions,
        flags = o.flags, executed_quantity = o.executed_quantity, leaves_quantity = o.leaves_quantity,
        working_quantity = o.working_quantity, unplaced_quantity = o.unplaced_quantity, allocated_quantity = o.allocated_quantity,
        executed_value = o.executed_value, avg_px = o.avg_px, own_executed_quantity = o.own_executed_quantity,
        reserved_quantity = o.reserved_quantity, review_quantity = o.review_quantity, live_children = o.live_children,
        updated_at = at, tree_updated_at = o.tree_updated_at, hash = o.hash, closed = o.closed
      WHERE id = o.id;
    INSERT INTO peer.order_events VALUES (seq, o.id, o.version, o.root_id, tree, event_type, at, session_user, current_user,
      command_id, 303, pg_current_xact_id(), payload, o.hash);
    events := events || jsonb_build_object('eventType', event_type, 'aggregateType', 'Order', 'aggregateId', o.id,
      'version', o.version, 'sequence', seq);
    orders := orders || state;

    leaf := false;
    leaves_change := o.leaves_quantity - leaves_before;
    IF o.parent_id IS NULL THEN
      EXIT;
    ELSIF x.status = 'REVIEW' THEN
      UPDATE peer.orders SET tree_version = tree, tree_updated_at = at WHERE id = root.id;
      EXIT;
    ELSIF o.parent_id = root.id THEN
      o := root;
    ELSE
      SELECT * INTO o FROM peer.orders WHERE id = o.parent_id;
    END IF;
  END LOOP;

  IF c ? 'commandId' THEN
    INSERT INTO peer.commands (actor, command_id, recorded_at, aggregate_id, sequences, command_hash)
      VALUES (session_user, command_id, at, x.id, sequences, jsonb_hash_extended(c, 0));
  END IF;
  RETURN jsonb_build_object('status', 'ACCEPTED', 'commandId', command_id, 'token', pg_current_xact_id()::text, 'events', events,
    'state', jsonb_strip_nulls(to_jsonb(x)), 'orders', orders);
END
$$;

CREATE FUNCTION peer.cancel_order(c jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  o peer.orders;
  parent peer.orders;
  root peer.orders;
  earlier peer.commands;
  command_id text := c ->> 'commandId';
  at timestamptz;
  seq bigint;
  sequences bigint[] := '{}';
  leaves_before numeric;
  event_type text := 'OrderCancelled';
  tree bigint;
  payload jsonb;
  state jsonb;
  events jsonb := '[]';
  orders jsonb := '[]';
BEGIN
  PERFORM peer.check_fields(c, '{commandType,commandId,expectedVersion,correlationId,causationId,transactTime,text,orderId,clOrdID,
    reason,attributes}');
  IF command_id IS NOT NULL THEN
    SELECT * INTO earlier FROM peer.commands k WHERE k.actor = session_user AND k.command_id = c ->> 'commandId';
    IF FOUND THEN
      RETURN peer.repeat(c, earlier);
    END IF;
  ELSE
    command_id := gen_random_uuid();
  END IF;

  SELECT * INTO o FROM peer.orders WHERE id = c ->> 'orderId';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no order "%"', c ->> 'orderId' USING ERRCODE = 'OM003';
  END IF;
  SELECT * INTO root FROM peer.orders WHERE id = o.root_id FOR UPDATE;
  IF o.id = root.id THEN
    o := root;
  ELSE
    SELECT * INTO o FROM peer.orders WHERE id = c ->> 'orderId';
  END IF;
  IF o.version <> (c ->> 'expectedVersion')::bigint THEN
    RAISE EXCEPTION 'order "%" has version %', o.id, o.version USING ERRCODE = 'OM006';
  END IF;
  IF o.status IN ('CANCELLED', 'EXPIRED', 'REJECTED', 'CALCULATED', 'FILLED') THEN
    RAISE EXCEPTION 'order "%" is %', o.id, o.status USING ERRCODE = 'OM004';
  END IF;
  IF o.live_children > 0 THEN
    RAISE EXCEPTION 'order "%" has % live children', o.id, o.live_children USING ERRCODE = 'OM005', DETAIL = 'live_children';
  END IF;

  leaves_before := o.leaves_quantity;
  o.status := 'CANCELLED';
  o.closed := true;
  o.conditions := '{NEW,CANCELLED}';
  o.leaves_quantity := 0;
  o.unplaced_quantity := 0;
  o.pending_requests := NULL;
  o.text := coalesce(c ->> 'text', o.text);
  o.reason := coalesce(c ->> 'reason', o.reason);
  at := greatest(clock_timestamp(), root.tree_updated_at);
  tree := root.tree_version;
  LOOP
    o.version := o.version + 1;
    o.updated_at := at;
    tree := tree + 1;
    IF o.parent_id IS NULL THEN
      o.tree_version := tree;
      o.tree_updated_at := at;
    END IF;
    seq := nextval('peer.event_sequence');
    sequences := sequences || seq;
    state := jsonb_strip_nulls(to_jsonb(o));
    payload := jsonb_build_object('schemaVersion', 1, 'eventType', event_type, 'aggregateType', 'Order', 'aggregateId', o.id,
      'rootId', o.root_id, 'version', o.version, 'treeVersion', tree, 'sequence', seq, 'occurredAt', at,
      'actor', session_user, 'role', current_user, 'commandId', command_id, 'transition', 141, 'command', c, 'state', state);
    o.hash := sha256(o.hash || convert_to(payload::text, 'UTF8'));
    UPDATE peer.orders SET version = o.version, tree_version = o.tree_version, status = o.status, conditions = o.conditions,
        leaves_quantity = o.leaves_quantity, working_quantity = o.working_quantity, unplaced_quantity = o.unplaced_quantity,
        reserved_quantity = o.reserved_quantity, live_children = o.live_children, pending_requests = o.pending_requests,
        text = o.text, reason = o.reason, updated_at = at, tree_updated_at = o.tree_updated_at, hash = o.hash, closed = o.closed
      WHERE id = o.id;
    INSERT INTO peer.order_events VALUES (seq, o.id, o.version, o.root_id, tree, event_type, at, session_user, current_user,
      command_id, 141, pg_current_xact_id(), payload, o.hash);
    events := events || jsonb_build_object('eventType', event_type, 'aggregateType', 'Order', 'aggregateId', o.id,
      'version', o.version, 'sequence', seq);
    orders := orders || state;
    EXIT WHEN event_type = 'OrderQuantitiesChanged' OR o.parent_id IS NULL;

    -- the remainder goes back to the parent
    SELECT * INTO parent FROM peer.orders WHERE id = o.parent_id;
    o := parent;
    o.working_quantity := o.working_quantity - leaves_before;
    o.reserved_quantity := o.reserved_quantity - leaves_before;
    o.unplaced_quantity := greatest(0, o.leaves_quantity - o.reserved_quantity);
    o.live_children := o.live_children - 1;
    event_type := 'OrderQuantitiesChanged';
  END LOOP;
  IF o.id <> root.id THEN
    UPDATE peer.orders SET tree_version = tree, tree_updated_at = at WHERE id = root.id;
  END IF;

  IF c ? 'commandId' THEN
    INSERT INTO peer.commands (actor, command_id, recorded_at, aggregate_id, sequences, command_hash)
      VALUES (session_user, command_id, at, c ->> 'orderId', sequences, jsonb_hash_extended(c, 0));
  END IF;
  RETURN jsonb_build_object('status', 'ACCEPTED', 'commandId', command_id, 'token', pg_current_xact_id()::text, 'events', events,
    'state', orders -> 0, 'orders', orders);
END
$$;
