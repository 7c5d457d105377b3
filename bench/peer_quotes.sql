-- The peer for quotes: asking, quoting and accepting as a user would write it in PL/pgSQL who knows it well.
--
-- As peer.sql: the same tables, rows and rules as oms_command() has for these three commands (the tree locked at the request, ids and
-- names, lifetimes, supersession, sides, sizes, the cover), every row read once and written once.  Last looks, replacements, ends of
-- requests, client orders and FIX it does not know at all.

-- Inlined where it is used.
CREATE FUNCTION peer.event_payload(event_type text, aggregate_type text, id text, root_id text, version bigint, tree_version bigint, sequence bigint,
    at timestamptz, command_id text, transition int, c jsonb, state jsonb) RETURNS jsonb LANGUAGE sql
  RETURN jsonb_build_object('schemaVersion', 2, 'eventType', event_type, 'aggregateType', aggregate_type, 'aggregateId', id, 'rootId', root_id,
    'version', version, 'treeVersion', tree_version, 'sequence', sequence, 'occurredAt', at, 'actor', session_user, 'role', current_user,
    'commandId', command_id, 'transition', transition, 'command', c, 'state', state);

CREATE FUNCTION peer.result(command_id text, events jsonb, state jsonb, orders jsonb) RETURNS jsonb LANGUAGE sql
  RETURN jsonb_build_object('status', 'ACCEPTED', 'commandId', command_id, 'token', pg_current_xact_id()::text, 'events', events, 'state', state,
    'orders', orders);

CREATE FUNCTION peer.create_quote_request(c jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  r peer.quote_requests;
  command_id text := coalesce(c ->> 'commandId', gen_random_uuid()::text);
  at timestamptz := clock_timestamp();
  seq bigint;
  payload jsonb;
  state jsonb;
BEGIN
  PERFORM peer.check_fields(c, '{commandType,commandId,expectedVersion,correlationId,causationId,transactTime,text,attributes,quoteRequestId,
    quoteReqID,orderId,symbol,side,orderQty,quoteType,account,currency,assetClass,settlType,settlDate,expireTime,multipleQuotes,dealers,legs}');
  r.id := coalesce(c ->> 'quoteRequestId', gen_random_uuid()::text);
  r.root_id := r.id;
  r.version := 1;
  r.tree_version := 1;
  r.status := 'NEW';
  r.flags := '{}';
  r.quote_req_id := c ->> 'quoteReqID';
  r.symbol := c ->> 'symbol';
  r.side := upper(c ->> 'side');
  r.order_qty := (c ->> 'orderQty')::numeric;
  r.quote_type := upper(c ->> 'quoteType');
  r.account := c ->> 'account';
  r.currency := c ->> 'currency';
  r.asset_class := c ->> 'assetClass';
  r.settl_type := c ->> 'settlType';
  r.settl_date := (c ->> 'settlDate')::date;
  r.expire_time := (c ->> 'expireTime')::timestamptz;
  r.transact_time := (c ->> 'transactTime')::timestamptz;
  r.multiple_quotes := coalesce((c ->> 'multipleQuotes')::boolean, false);
  r.dealers := c -> 'dealers';
  r.legs := c -> 'legs';
  r.text := c ->> 'text';
  r.attributes := c -> 'attributes';
  IF r.symbol IS NULL THEN
    RAISE EXCEPTION 'symbol is required' USING ERRCODE = 'OM001';
  END IF;
  IF r.order_qty <= 0 OR r.order_qty IN ('NaN', 'Infinity') THEN
    RAISE EXCEPTION 'quantities are above zero, and finite' USING ERRCODE = 'OM001';
  END IF;
  IF r.side NOT IN ('BUY', 'SELL', 'SELL_SHORT', 'SELL_SHORT_EXEMPT', 'BUY_MINUS', 'SELL_PLUS') THEN
    RAISE EXCEPTION 'no side "%"', r.side USING ERRCODE = 'OM001';
  END IF;
  r.created_at := at;
  r.updated_at := at;
  r.tree_updated_at := at;
  seq := nextval('peer.event_sequence');
  state := jsonb_strip_nulls(to_jsonb(r));
  payload := peer.event_payload('QuoteRequestCreated', 'QuoteRequest', r.id, r.id, 1, 1, seq, at, command_id, 601, c, state);
  r.hash := sha256(convert_to(payload::text, 'UTF8'));
  IF c ? 'quoteRequestId' THEN
    INSERT INTO peer.root_ids VALUES (r.id, 'quote_request');
  END IF;
  INSERT INTO peer.quote_requests SELECT r.*;
  INSERT INTO peer.quote_request_events VALUES (seq, r.id, 1, r.id, 1, 'QuoteRequestCreated', at, session_user, current_user, command_id, 601,
    pg_current_xact_id(), payload, r.hash, r.account);
  IF r.quote_req_id IS NOT NULL THEN
    INSERT INTO peer.quote_req_ids VALUES ('', r.quote_req_id, r.id);
  END IF;
  RETURN peer.result(command_id, jsonb_build_array(jsonb_build_object('eventType', 'QuoteRequestCreated', 'aggregateType', 'QuoteRequest',
    'aggregateId', r.id, 'version', 1, 'sequence', seq)), state, '[]');
END
$$;

CREATE FUNCTION peer.create_quote(c jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  q peer.quotes;
  older peer.quotes;
  r peer.quote_requests;
  command_id text := coalesce(c ->> 'commandId', gen_random_uuid()::text);
  at timestamptz;
  seq bigint;
  tree bigint;
  payload jsonb;
  state jsonb;
  events jsonb := '[]';
BEGIN
  PERFORM peer.check_fields(c, '{commandType,commandId,expectedVersion,correlationId,causationId,transactTime,text,attributes,quoteId,
    quoteRequestId,quoteID,quoteType,dealer,symbol,currency,account,settlType,settlDate,bidPx,offerPx,bidSize,offerSize,minBidSize,minOfferSize,
    midPx,bidYield,midYield,offerYield,bidSpotRate,offerSpotRate,bidForwardPoints,offerForwardPoints,validUntilTime,quoteSetID,quoteEntryID,legs}');
  SELECT * INTO r FROM peer.quote_requests WHERE id = c ->> 'quoteRequestId' FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no quote request "%"', c ->> 'quoteRequestId' USING ERRCODE = 'OM003';
  END IF;
  at := greatest(clock_timestamp(), r.tree_updated_at);
  tree := r.tree_version;
  IF r.status NOT IN ('NEW', 'QUOTED') THEN
    RAISE EXCEPTION 'quote request "%" is %', r.id, r.status USING ERRCODE = 'OM004';
  END IF;
  IF r.expire_time <= at OR c ->> 'symbol' <> r.symbol OR c ->> 'currency' <> r.currency THEN
    RAISE EXCEPTION 'quote request "%" is over, or for something else', r.id USING ERRCODE = 'OM005';
  END IF;
  q.id := coalesce(c ->> 'quoteId', gen_random_uuid()::text);
  q.root_id := r.id;
  q.quote_request_id := r.id;
  q.version := 1;
  q.status := 'ACTIVE';
  q.flags := '{}';
  q.quote_id := c ->> 'quoteID';
  q.quote_req_id := r.quote_req_id;
  q.quote_set_id := c ->> 'quoteSetID';
  q.quote_entry_id := c ->> 'quoteEntryID';
  q.dealer := c ->> 'dealer';
  q.quote_type := coalesce(upper(c ->> 'quoteType'), 'TRADEABLE');
  q.symbol := r.symbol;
  q.currency := coalesce(c ->> 'currency', r.currency);
  q.account := r.account;
  q.settl_type := coalesce(c ->> 'settlType', r.settl_type);
  q.settl_date := coalesce((c ->> 'settlDate')::date, r.settl_date);
  q.bid_px := (c ->> 'bidPx')::numeric;
  q.offer_px := (c ->> 'offerPx')::numeric;
  q.bid_size := (c ->> 'bidSize')::numeric;
  q.offer_size := (c ->> 'offerSize')::numeric;
  q.min_bid_size := (c ->> 'minBidSize')::numeric;
  q.min_offer_size := (c ->> 'minOfferSize')::numeric;
  q.mid_px := (c ->> 'midPx')::numeric;
  q.bid_yield := (c ->> 'bidYield')::numeric;
  q.mid_yield := (c ->> 'midYield')::numeric;
  q.offer_yield := (c ->> 'offerYield')::numeric;
  q.bid_spot_rate := (c ->> 'bidSpotRate')::numeric;
  q.offer_spot_rate := (c ->> 'offerSpotRate')::numeric;
  q.bid_forward_points := (c ->> 'bidForwardPoints')::numeric;
  q.offer_forward_points := (c ->> 'offerForwardPoints')::numeric;
  q.valid_until_time := coalesce((c ->> 'validUntilTime')::timestamptz, r.expire_time, at + interval '60 s');
  q.transact_time := (c ->> 'transactTime')::timestamptz;
  q.text := c ->> 'text';
  q.legs := c -> 'legs';
  q.attributes := c -> 'attributes';
  IF q.bid_px IS NULL AND q.offer_px IS NULL THEN
    RAISE EXCEPTION 'bidPx or offerPx is required' USING ERRCODE = 'OM001';
  END IF;
  IF q.bid_size <= 0 OR q.offer_size <= 0 OR q.bid_px IN ('NaN', 'Infinity', '-Infinity') OR q.offer_px IN ('NaN', 'Infinity', '-Infinity') THEN
    RAISE EXCEPTION 'quantities are above zero, and finite' USING ERRCODE = 'OM001';
  END IF;
  IF q.quote_type NOT IN ('INDICATIVE', 'TRADEABLE', 'RESTRICTED_TRADEABLE', 'COUNTER') THEN
    RAISE EXCEPTION 'no quoteType "%"', q.quote_type USING ERRCODE = 'OM001';
  END IF;
  q.created_at := at;
  q.updated_at := at;

  -- what the dealer quoted before
  FOR older IN SELECT * FROM peer.quotes o WHERE o.quote_request_id = r.id AND o.dealer = q.dealer ORDER BY o.created_at, o.id LOOP
    IF older.quote_id = q.quote_id THEN
      RAISE EXCEPTION 'quoteID "%" is used', q.quote_id USING ERRCODE = 'OM007';
    END IF;
    CONTINUE WHEN older.status <> 'ACTIVE' OR r.multiple_quotes OR older.settl_type IS DISTINCT FROM q.settl_type
      OR older.settl_date IS DISTINCT FROM q.settl_date OR (older.bid_px IS NOT NULL AND q.bid_px IS NULL)
      OR (older.offer_px IS NOT NULL AND q.offer_px IS NULL);
    older.status := 'CANCELLED';
    older.reason := 'SUPERSEDED';
    older.superseding_quote_id := q.id;
    older.version := older.version + 1;
    older.updated_at := at;
    q.superseded_quote_id := older.id;
    seq := nextval('peer.event_sequence');
    tree := tree + 1;
    payload := peer.event_payload('QuoteCancelled', 'Quote', older.id, r.id, older.version, tree, seq, at, command_id, 761, c,
      jsonb_strip_nulls(to_jsonb(older)));
    older.hash := sha256(older.hash || convert_to(payload::text, 'UTF8'));
    UPDATE peer.quotes SET status = older.status, reason = older.reason, superseding_quote_id = q.id, version = older.version, updated_at = at,
        hash = older.hash
      WHERE id = older.id;
    INSERT INTO peer.quote_events VALUES (seq, older.id, older.version, r.id, tree, 'QuoteCancelled', at, session_user, current_user,
      command_id, 761, pg_current_xact_id(), payload, older.hash, older.account);
    events := events || jsonb_build_object('eventType', 'QuoteCancelled', 'aggregateType', 'Quote', 'aggregateId', older.id, 'version', older.version,
      'sequence', seq);
  END LOOP;

  seq := nextval('peer.event_sequence');
  tree := tree + 1;
  state := jsonb_strip_nulls(to_jsonb(q));
  payload := peer.event_payload('QuoteCreated', 'Quote', q.id, r.id, 1, tree, seq, at, command_id, 701, c, state);
  q.hash := sha256(convert_to(payload::text, 'UTF8'));
  INSERT INTO peer.quotes SELECT q.*;
  INSERT INTO peer.quote_events VALUES (seq, q.id, 1, r.id, tree, 'QuoteCreated', at, session_user, current_user, command_id, 701,
    pg_current_xact_id(), payload, q.hash, q.account);
  IF q.quote_id IS NOT NULL THEN
    INSERT INTO peer.dealer_quote_ids VALUES ('', q.quote_id, q.id);
  END IF;
  events := events || jsonb_build_object('eventType', 'QuoteCreated', 'aggregateType', 'Quote', 'aggregateId', q.id, 'version', 1, 'sequence', seq);

  -- the request: it is quoted now, or its tree has one event more
  IF r.status = 'NEW' THEN
    seq := nextval('peer.event_sequence');
    tree := tree + 1;
    r.status := 'QUOTED';
    r.quoted_at := at;
    r.version := r.version + 1;
    r.tree_version := tree;
    r.updated_at := at;
    r.tree_updated_at := at;
    payload := peer.event_payload('QuoteRequestQuoted', 'QuoteRequest', r.id, r.id, r.version, tree, seq, at, command_id, 605, c,
      jsonb_strip_nulls(to_jsonb(r)));
    r.hash := sha256(r.hash || convert_to(payload::text, 'UTF8'));
    UPDATE peer.quote_requests SET status = r.status, quoted_at = at, version = r.version, tree_version = tree, updated_at = at, tree_updated_at = at,
        hash = r.hash
      WHERE id = r.id;
    INSERT INTO peer.quote_request_events VALUES (seq, r.id, r.version, r.id, tree, 'QuoteRequestQuoted', at, session_user, current_user,
      command_id, 605, pg_current_xact_id(), payload, r.hash, r.account);
    events := events || jsonb_build_object('eventType', 'QuoteRequestQuoted', 'aggregateType', 'QuoteRequest', 'aggregateId', r.id, 'version', r.version,
      'sequence', seq);
  ELSE
    UPDATE peer.quote_requests SET tree_version = tree, tree_updated_at = at WHERE id = r.id;
  END IF;
  RETURN peer.result(command_id, events, state, '[]');
END
$$;

CREATE FUNCTION peer.accept_quote(c jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  q peer.quotes;
  r peer.quote_requests;
  o peer.orders;
  command_id text := coalesce(c ->> 'commandId', gen_random_uuid()::text);
  at timestamptz;
  seq bigint;
  tree bigint;
  deal_side text;
  takes_offer boolean;
  deal_px numeric;
  size numeric;
  least_size numeric;
  event_type text;
  rule int;
  payload jsonb;
  accepted jsonb;
  events jsonb;
BEGIN
  PERFORM peer.check_fields(c, '{commandType,commandId,expectedVersion,correlationId,causationId,transactTime,text,attributes,quoteId,side,
    orderQty,clOrdID,orderId,price,timeInForce,expireTime,expireDate}');
  -- lock the tree, then read
  SELECT quote_request_id INTO r.id FROM peer.quotes WHERE id = c ->> 'quoteId';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no quote "%"', c ->> 'quoteId' USING ERRCODE = 'OM003';
  END IF;
  SELECT * INTO r FROM peer.quote_requests WHERE id = r.id FOR UPDATE;
  SELECT * INTO q FROM peer.quotes WHERE id = c ->> 'quoteId';
  at := greatest(clock_timestamp(), r.tree_updated_at);
  tree := r.tree_version;
  IF q.version <> (c ->> 'expectedVersion')::bigint THEN
    RAISE EXCEPTION 'quote "%" has version %', q.id, q.version USING ERRCODE = 'OM006';
  END IF;
  IF q.status <> 'ACTIVE' OR r.status <> 'QUOTED' OR r.accepted_quote_id IS NOT NULL THEN
    RAISE EXCEPTION 'quote "%" is %, its request %', q.id, q.status, r.status USING ERRCODE = 'OM004';
  END IF;
  IF q.quote_type = 'INDICATIVE' OR q.valid_until_time <= at OR r.expire_time <= at THEN
    RAISE EXCEPTION 'quote "%" is indicative or over', q.id USING ERRCODE = 'OM005';
  END IF;
  deal_side := coalesce(upper(c ->> 'side'), r.side, CASE WHEN q.bid_px IS NULL THEN 'BUY' WHEN q.offer_px IS NULL THEN 'SELL' END);
  IF deal_side IS NULL THEN
    RAISE EXCEPTION 'side is required' USING ERRCODE = 'OM001';
  END IF;
  takes_offer := (deal_side LIKE 'BUY%') <> (q.symbol LIKE '___/___' AND right(q.symbol, 3) IS NOT DISTINCT FROM q.currency);
  deal_px := CASE WHEN takes_offer THEN q.offer_px ELSE q.bid_px END;
  size := CASE WHEN takes_offer THEN q.offer_size ELSE q.bid_size END;
  least_size := CASE WHEN takes_offer THEN q.min_offer_size ELSE q.min_bid_size END;
  o.order_qty := coalesce((c ->> 'orderQty')::numeric, r.order_qty, size);
  IF deal_side <> r.side OR deal_px IS NULL OR deal_px <> (c ->> 'price')::numeric OR o.order_qty IS NULL OR o.order_qty <= 0 OR o.order_qty > size
     OR o.order_qty > r.order_qty OR o.order_qty < least_size THEN
    RAISE EXCEPTION 'quote "%" cannot be accepted so', q.id USING ERRCODE = 'OM005';
  END IF;

  o.id := coalesce(c ->> 'orderId', gen_random_uuid()::text);
  o.root_id := o.id;
  o.version := 1;
  o.tree_version := 1;
  o.status := 'PENDING_NEW';
  o.conditions := '{PENDING_NEW}';
  o.flags := '{}';
  o.cl_ord_id := c ->> 'clOrdID';
  o.symbol := q.symbol;
  o.side := deal_side;
  o.ord_type := 'PREVIOUSLY_QUOTED';
  o.time_in_force := coalesce(upper(c ->> 'timeInForce'), 'FILL_OR_KILL');
  o.price := deal_px;
  o.expire_time := (c ->> 'expireTime')::timestamptz;
  o.expire_date := (c ->> 'expireDate')::date;
  o.account := coalesce(r.account, q.account);
  o.currency := q.currency;
  o.asset_class := r.asset_class;
  o.destination := q.dealer;
  o.quote_id := q.id;
  o.fix := jsonb_strip_nulls(jsonb_build_object('quoteID', q.quote_id, 'settlType', q.settl_type, 'settlDate', q.settl_date));
  o.executed_quantity := 0;
  o.leaves_quantity := o.order_qty;
  o.working_quantity := 0;
  o.unplaced_quantity := o.order_qty;
  o.allocated_quantity := 0;
  o.executed_value := 0;
  o.avg_px := 0;
  o.own_executed_quantity := 0;
  o.reserved_quantity := 0;
  o.review_quantity := 0;
  o.child_count := 0;
  o.live_children := 0;
  o.closed := false;
  o.text := c ->> 'text';
  o.attributes := c -> 'attributes';
  o.created_at := at;
  o.updated_at := at;
  o.tree_updated_at := at;
  seq := nextval('peer.event_sequence');
  payload := peer.event_payload('OrderCreated', 'Order', o.id, o.id, 1, 1, seq, at, command_id, 102, c, jsonb_strip_nulls(to_jsonb(o)));
  o.hash := sha256(convert_to(payload::text, 'UTF8'));
  IF c ? 'orderId' THEN
    INSERT INTO peer.root_ids VALUES (o.id, 'order');
  END IF;
  INSERT INTO peer.orders SELECT o.*;
  INSERT INTO peer.order_events VALUES (seq, o.id, 1, o.id, 1, 'OrderCreated', at, session_user, current_user, command_id, 102,
    pg_current_xact_id(), payload, o.hash, o.account);
  IF o.cl_ord_id IS NOT NULL THEN
    INSERT INTO peer.cl_ord_ids VALUES ('', o.cl_ord_id, o.id);
  END IF;
  events := jsonb_build_array(jsonb_build_object('eventType', 'OrderCreated', 'aggregateType', 'Order', 'aggregateId', o.id, 'version', 1,
    'sequence', seq));

  SELECT x.id, x.px, x.distance INTO r.cover_quote_id, r.cover_px, r.cover_distance
    FROM (SELECT y.id, y.created_at, y.px, CASE WHEN takes_offer THEN y.px - deal_px ELSE deal_px - y.px END AS distance
            FROM (SELECT z.id, z.created_at, CASE WHEN takes_offer THEN z.offer_px ELSE z.bid_px END AS px
                    FROM peer.quotes z
                   WHERE z.quote_request_id = r.id AND z.id <> c ->> 'quoteId' AND z.status = 'ACTIVE' AND z.quote_type <> 'INDICATIVE'
                     AND z.valid_until_time > at) y
           WHERE y.px IS NOT NULL) x
   ORDER BY x.distance, x.created_at, x.id LIMIT 1;

  FOR q IN SELECT * FROM peer.quotes z WHERE z.quote_request_id = r.id AND z.status = 'ACTIVE' ORDER BY z.id <> c ->> 'quoteId', z.created_at, z.id LOOP
    IF q.id = o.quote_id THEN
      event_type := 'QuoteAccepted';
      rule := 721;
      q.status := 'ACCEPTED';
      q.side := o.side;
      q.order_id := o.id;
      q.accepted_quantity := o.order_qty;
      q.accepted_px := o.price;
      q.accepted_at := at;
      q.executed_quantity := 0;
    ELSE
      event_type := 'QuoteDeclined';
      rule := 731;
      q.status := 'DECLINED';
      q.reason := CASE WHEN q.id = r.cover_quote_id THEN 'COVER' ELSE 'TRADED_AWAY' END;
    END IF;
    q.version := q.version + 1;
    q.updated_at := at;
    seq := nextval('peer.event_sequence');
    tree := tree + 1;
    payload := peer.event_payload(event_type, 'Quote', q.id, r.id, q.version, tree, seq, at, command_id, rule, c, jsonb_strip_nulls(to_jsonb(q)));
    q.hash := sha256(q.hash || convert_to(payload::text, 'UTF8'));
    UPDATE peer.quotes SET status = q.status, side = q.side, order_id = q.order_id, accepted_quantity = q.accepted_quantity,
        accepted_px = q.accepted_px, accepted_at = q.accepted_at, executed_quantity = q.executed_quantity, reason = q.reason, version = q.version,
        updated_at = at, hash = q.hash
      WHERE id = q.id;
    INSERT INTO peer.quote_events VALUES (seq, q.id, q.version, r.id, tree, event_type, at, session_user, current_user, command_id, rule,
      pg_current_xact_id(), payload, q.hash, q.account);
    events := events || jsonb_build_object('eventType', event_type, 'aggregateType', 'Quote', 'aggregateId', q.id, 'version', q.version,
      'sequence', seq);
    IF q.id = o.quote_id THEN
      accepted := payload -> 'state';
    END IF;
  END LOOP;

  seq := nextval('peer.event_sequence');
  tree := tree + 1;
  r.status := 'ACCEPTED';
  r.accepted_quote_id := o.quote_id;
  r.accepted_order_id := o.id;
  r.executed_quantity := 0;
  r.version := r.version + 1;
  r.tree_version := tree;
  r.updated_at := at;
  r.tree_updated_at := at;
  payload := peer.event_payload('QuoteRequestAccepted', 'QuoteRequest', r.id, r.id, r.version, tree, seq, at, command_id, 642, c,
    jsonb_strip_nulls(to_jsonb(r)));
  r.hash := sha256(r.hash || convert_to(payload::text, 'UTF8'));
  UPDATE peer.quote_requests SET status = r.status, accepted_quote_id = r.accepted_quote_id, accepted_order_id = r.accepted_order_id,
      executed_quantity = 0, cover_quote_id = r.cover_quote_id, cover_px = r.cover_px, cover_distance = r.cover_distance, version = r.version,
      tree_version = tree, updated_at = at, tree_updated_at = at, hash = r.hash
    WHERE id = r.id;
  INSERT INTO peer.quote_request_events VALUES (seq, r.id, r.version, r.id, tree, 'QuoteRequestAccepted', at, session_user, current_user,
    command_id, 642, pg_current_xact_id(), payload, r.hash, r.account);
  events := events || jsonb_build_object('eventType', 'QuoteRequestAccepted', 'aggregateType', 'QuoteRequest', 'aggregateId', r.id, 'version', r.version,
    'sequence', seq);
  RETURN peer.result(command_id, events, accepted, jsonb_build_array(jsonb_strip_nulls(to_jsonb(o))));
END
$$;

-- Whichever of the three it is; a commandId that comes again is answered with its first result.
CREATE FUNCTION peer.quote_command(c jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  earlier peer.commands;
  result jsonb;
BEGIN
  IF c ? 'commandId' THEN
    SELECT * INTO earlier FROM peer.commands k WHERE k.actor = session_user AND k.command_id = c ->> 'commandId';
    IF FOUND THEN
      RETURN peer.repeat(c, earlier);
    END IF;
  END IF;
  CASE c ->> 'commandType'
    WHEN 'CreateQuoteCommand' THEN result := peer.create_quote(c);
    WHEN 'AcceptQuoteCommand' THEN result := peer.accept_quote(c);
    WHEN 'CreateQuoteRequestCommand' THEN result := peer.create_quote_request(c);
  END CASE;
  IF c ? 'commandId' THEN
    INSERT INTO peer.commands (actor, command_id, recorded_at, aggregate_id, sequences, command_hash)
      VALUES (session_user, c ->> 'commandId', clock_timestamp(), result #>> '{events,0,aggregateId}',
        ARRAY(SELECT (e ->> 'sequence')::bigint FROM jsonb_array_elements(result -> 'events') e), jsonb_hash_extended(c, 0));
  END IF;
  RETURN result;
END
$$;
