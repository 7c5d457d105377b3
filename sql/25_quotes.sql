-- Requests for quotes and quotes: one row an object, written by the command pipeline alone.
-- The columns stand in the order of quote_request_columns[] in src/core/quote_request/quote_request_record.c and of
-- quote_columns[] in src/core/quote/quote_record.c.

CREATE TABLE oms.quote_requests (
  id text COLLATE "C" NOT NULL CONSTRAINT quote_requests_pkey PRIMARY KEY WITH (fillfactor = 90),
  root_id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  tree_version bigint,
  status text COLLATE "C" NOT NULL,
  flags text[],
  quote_req_id text COLLATE "C",
  fix_session text COLLATE "C",
  order_id text COLLATE "C",
  symbol text COLLATE "C" NOT NULL,
  side text COLLATE "C",
  order_qty numeric,
  quote_type text COLLATE "C",
  account text COLLATE "C",
  currency text COLLATE "C",
  asset_class text COLLATE "C",
  settl_type text COLLATE "C",
  settl_date date,
  expire_time timestamptz,
  transact_time timestamptz,
  multiple_quotes boolean,
  dealers jsonb,
  rejections jsonb,
  quoted_at timestamptz,
  accepted_quote_id text COLLATE "C",
  accepted_order_id text COLLATE "C",
  executed_quantity numeric,
  cover_quote_id text COLLATE "C",
  cover_px numeric,
  cover_distance numeric,
  reason text,
  text text,
  legs jsonb,
  fix jsonb,
  attributes jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  tree_updated_at timestamptz,
  hash bytea NOT NULL
) WITH (fillfactor = 70);
-- What may be due: few rows, and none once a request is through.
CREATE INDEX quote_requests_expire_time_idx ON oms.quote_requests (expire_time) WHERE status IN ('NEW', 'QUOTED');
SELECT pg_catalog.pg_extension_config_dump('oms.quote_requests', '');

COMMENT ON TABLE oms.quote_requests IS 'Current state of every request for quotes: the root of the tree of its quotes';
COMMENT ON COLUMN oms.quote_requests.id IS 'The request''s own id (quoteRequestId)';
COMMENT ON COLUMN oms.quote_requests.status IS 'NEW, QUOTED, ACCEPTED, REJECTED, CANCELLED or EXPIRED';
COMMENT ON COLUMN oms.quote_requests.quote_req_id IS 'QuoteReqID (131), unique in its FIX session; SQL callers share one';
COMMENT ON COLUMN oms.quote_requests.order_id IS 'The client order that quotes are asked for: the order of an acceptance becomes its child';
COMMENT ON COLUMN oms.quote_requests.side IS 'Side (54); null: both sides are asked for';
COMMENT ON COLUMN oms.quote_requests.order_qty IS 'OrderQty (38), in currency';
COMMENT ON COLUMN oms.quote_requests.quote_type IS 'QuoteType (537) that is asked for: INDICATIVE, TRADEABLE, RESTRICTED_TRADEABLE or COUNTER';
COMMENT ON COLUMN oms.quote_requests.expire_time IS 'ExpireTime (126): nothing is quoted or accepted from then on';
COMMENT ON COLUMN oms.quote_requests.multiple_quotes IS 'True: the newer quote of a dealer does not supersede his older one';
COMMENT ON COLUMN oms.quote_requests.dealers IS 'Array of the dealers who are asked; null: it is not said';
COMMENT ON COLUMN oms.quote_requests.rejections IS 'Array of {dealer, reason, at}: who does not quote';
COMMENT ON COLUMN oms.quote_requests.quoted_at IS 'When the first quote came';
COMMENT ON COLUMN oms.quote_requests.accepted_quote_id IS 'The quote that is accepted; while the request is QUOTED its dealer has the last look';
COMMENT ON COLUMN oms.quote_requests.accepted_order_id IS 'The order that the acceptance made';
COMMENT ON COLUMN oms.quote_requests.executed_quantity IS 'What that order has executed';
COMMENT ON COLUMN oms.quote_requests.cover_quote_id IS 'The runner-up: the best of the other quotes that could have been accepted then';
COMMENT ON COLUMN oms.quote_requests.cover_distance IS 'By how much its price was worse than the accepted one; negative: better';

CREATE TABLE oms.quotes (
  id text COLLATE "C" NOT NULL CONSTRAINT quotes_pkey PRIMARY KEY WITH (fillfactor = 90),
  root_id text COLLATE "C" NOT NULL,
  quote_request_id text COLLATE "C",
  version bigint NOT NULL,
  tree_version bigint,
  status text COLLATE "C" NOT NULL,
  flags text[],
  quote_id text COLLATE "C",
  quote_req_id text COLLATE "C",
  quote_set_id text COLLATE "C",
  quote_entry_id text COLLATE "C",
  fix_session text COLLATE "C",
  dealer text COLLATE "C",
  quote_type text COLLATE "C" NOT NULL,
  symbol text COLLATE "C" NOT NULL,
  currency text COLLATE "C",
  account text COLLATE "C",
  settl_type text COLLATE "C",
  settl_date date,
  bid_px numeric,
  offer_px numeric,
  bid_size numeric,
  offer_size numeric,
  min_bid_size numeric,
  min_offer_size numeric,
  mid_px numeric,
  bid_yield numeric,
  mid_yield numeric,
  offer_yield numeric,
  bid_spot_rate numeric,
  offer_spot_rate numeric,
  bid_forward_points numeric,
  offer_forward_points numeric,
  valid_until_time timestamptz NOT NULL,
  transact_time timestamptz,
  superseded_quote_id text COLLATE "C",
  superseding_quote_id text COLLATE "C",
  side text COLLATE "C",
  order_id text COLLATE "C",
  accepted_quantity numeric,
  accepted_px numeric,
  accepted_at timestamptz,
  answered_at timestamptz,
  executed_quantity numeric,
  reason text,
  text text,
  legs jsonb,
  fix jsonb,
  attributes jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  tree_updated_at timestamptz,
  hash bytea NOT NULL
) WITH (fillfactor = 70);
-- Until a quote ends, no column of an index changes: every update can be a heap-only one.
CREATE INDEX quotes_quote_request_id_idx ON oms.quotes (quote_request_id);
-- What a dealer takes back without naming it, and the entries of his mass quotes.
CREATE INDEX quotes_open_idx ON oms.quotes (fix_session, quote_set_id, quote_entry_id) WHERE status = 'ACTIVE';
-- What a dealer has open.
CREATE INDEX quotes_dealer_idx ON oms.quotes (dealer, id) WHERE status = 'ACTIVE';
SELECT pg_catalog.pg_extension_config_dump('oms.quotes', '');

COMMENT ON TABLE oms.quotes IS 'Current state of every quote of a dealer';
COMMENT ON COLUMN oms.quotes.id IS 'The quote''s own id (quoteId)';
COMMENT ON COLUMN oms.quotes.root_id IS 'The request that it answers; its own id where nobody asked';
COMMENT ON COLUMN oms.quotes.status IS 'ACTIVE, ACCEPTED, DECLINED, REJECTED, CANCELLED or EXPIRED';
COMMENT ON COLUMN oms.quotes.quote_id IS 'QuoteID (117), as the dealer numbers it (quoteID)';
COMMENT ON COLUMN oms.quotes.dealer IS 'Who quotes';
COMMENT ON COLUMN oms.quotes.quote_type IS 'QuoteType (537): INDICATIVE, which cannot be accepted, TRADEABLE, RESTRICTED_TRADEABLE or COUNTER';
COMMENT ON COLUMN oms.quotes.bid_px IS 'BidPx (132): who sells the currency takes it';
COMMENT ON COLUMN oms.quotes.offer_px IS 'OfferPx (133): who buys the currency takes it; where that is the second of a pair, sides are turned';
COMMENT ON COLUMN oms.quotes.valid_until_time IS 'ValidUntilTime (62); absent: the request''s expireTime, else oms_state.quote_lifetime after its creation';
COMMENT ON COLUMN oms.quotes.superseded_quote_id IS 'The older quote of the dealer that it took the place of';
COMMENT ON COLUMN oms.quotes.superseding_quote_id IS 'The newer quote of the dealer that took its place';
COMMENT ON COLUMN oms.quotes.side IS 'Side (54) of who accepted it';
COMMENT ON COLUMN oms.quotes.order_id IS 'The order that its acceptance made; while it is ACTIVE, the dealer has the last look';
COMMENT ON COLUMN oms.quotes.accepted_at IS 'When it was accepted';
COMMENT ON COLUMN oms.quotes.answered_at IS 'When the dealer, who had the last look, confirmed or refused: what lies between is his hold time';
COMMENT ON COLUMN oms.quotes.executed_quantity IS 'What that order has executed';
COMMENT ON COLUMN oms.quotes.reason IS 'Why it ended: SUPERSEDED, COVER, TRADED_AWAY, LAST_LOOK, REQUEST_CANCELLED and so on, or as the command says';

CREATE TABLE oms.quote_req_ids (
  fix_session text COLLATE "C" NOT NULL,
  quote_req_id text COLLATE "C" NOT NULL,
  quote_request_id text COLLATE "C" NOT NULL,
  CONSTRAINT quote_req_ids_pkey PRIMARY KEY (fix_session, quote_req_id)
);
-- A dealer answers a request that came in another session.
CREATE INDEX quote_req_ids_quote_req_id_idx ON oms.quote_req_ids (quote_req_id);
SELECT pg_catalog.pg_extension_config_dump('oms.quote_req_ids', '');
COMMENT ON TABLE oms.quote_req_ids IS 'QuoteReqIDs (131) of requests, unique in their FIX session';
COMMENT ON COLUMN oms.quote_req_ids.fix_session IS 'FIX session; SQL callers share an empty one';

CREATE TABLE oms.dealer_quote_ids (
  fix_session text COLLATE "C" NOT NULL,
  dealer_quote_id text COLLATE "C" NOT NULL,
  quote_id text COLLATE "C" NOT NULL,
  CONSTRAINT dealer_quote_ids_pkey PRIMARY KEY (fix_session, dealer_quote_id, quote_id)
);
SELECT pg_catalog.pg_extension_config_dump('oms.dealer_quote_ids', '');
COMMENT ON TABLE oms.dealer_quote_ids IS 'QuoteIDs (117) that dealers know their quotes by';
COMMENT ON COLUMN oms.dealer_quote_ids.fix_session IS 'FIX session; SQL callers share an empty one';
COMMENT ON COLUMN oms.dealer_quote_ids.quote_id IS 'The quote''s own id (quoteId)';

CREATE OR REPLACE FUNCTION oms.quote_requests_of_tree(root text) RETURNS TABLE (id text)
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT quote_requests_of_tree.root;
END;
COMMENT ON FUNCTION oms.quote_requests_of_tree(text) IS 'The request that is the root of a tree';

CREATE OR REPLACE FUNCTION oms.quotes_of_tree(root text) RETURNS TABLE (id text)
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT q.id FROM oms.quotes AS q WHERE q.quote_request_id = quotes_of_tree.root
  UNION ALL
  SELECT quotes_of_tree.root;
END;
COMMENT ON FUNCTION oms.quotes_of_tree(text) IS 'The quotes that a tree has today, and its root, which may be one';

-- What its rows name in other trees, for oms.verify(since).
CREATE FUNCTION oms.links_of_quote_requests(ids text[]) RETURNS TABLE (object text, id text)
  LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 100
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  SET jit = off
AS $function$
  SELECT n.object, n.id
    FROM oms.quote_requests AS r
   CROSS JOIN LATERAL (VALUES ('order', r.order_id), ('order', r.accepted_order_id), ('quote', r.accepted_quote_id), ('quote', r.cover_quote_id)) AS n (object, id)
   WHERE r.id = ANY (links_of_quote_requests.ids)
$function$;
COMMENT ON FUNCTION oms.links_of_quote_requests(text[]) IS 'Part of oms.verify(since): what rows of requests name in other trees, or may name there; nulls among them';
REVOKE ALL ON FUNCTION oms.links_of_quote_requests(text[]) FROM PUBLIC;

CREATE FUNCTION oms.links_of_quotes(ids text[]) RETURNS TABLE (object text, id text)
  LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 100
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  SET jit = off
AS $function$
  SELECT n.object, n.id
    FROM oms.quotes AS q
   CROSS JOIN LATERAL (VALUES ('order', q.order_id), ('quote', q.superseded_quote_id), ('quote', q.superseding_quote_id)) AS n (object, id)
   WHERE q.id = ANY (links_of_quotes.ids)
$function$;
COMMENT ON FUNCTION oms.links_of_quotes(text[]) IS 'Part of oms.verify(since): what rows of quotes name in other trees, or may name there; nulls among them';
REVOKE ALL ON FUNCTION oms.links_of_quotes(text[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION oms.quote_takes_offer(symbol text, currency text, side text) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE WHEN side IN ('BUY', 'BUY_MINUS') THEN true
              WHEN side IN ('SELL', 'SELL_PLUS', 'SELL_SHORT', 'SELL_SHORT_EXEMPT') THEN false END
         <> (currency IS NOT NULL AND pg_catalog.strpos(symbol, '/') > 1
             AND pg_catalog.substr(symbol, pg_catalog.strpos(symbol, '/') + 1) = currency);
COMMENT ON FUNCTION oms.quote_takes_offer(text, text, text) IS
  'Whether who deals this side takes the offer: who buys does, but where the currency is the second one of a pair; null for a side that takes neither';

CREATE OR REPLACE FUNCTION oms.verify_quote_requests()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT oms.refuse_limited('oms.verify_quote_requests()');
  SELECT 'orphan', 'quote_request', r.id, r.root_id, NULL::bigint, format('Its root is %s.', r.root_id)
    FROM oms.quote_requests AS r WHERE r.root_id <> r.id
  UNION ALL
  SELECT 'quote_link', 'quote_request', r.id, r.root_id, NULL, unnest(array_remove(ARRAY[
     CASE WHEN (r.accepted_quote_id IS NULL) <> (r.accepted_order_id IS NULL) OR (r.accepted_quote_id IS NULL) <> (r.executed_quantity IS NULL) THEN format('It has acceptedQuoteId %s, acceptedOrderId %s, executedQuantity %s.', coalesce(r.accepted_quote_id, 'null'), coalesce(r.accepted_order_id, 'null'), coalesce(r.executed_quantity::text, 'null')) END,
     CASE WHEN r.accepted_quote_id IS NOT NULL AND (q.id IS NULL OR q.quote_request_id IS DISTINCT FROM r.id OR q.order_id IS DISTINCT FROM r.accepted_order_id) THEN format('Its quote %s is one of request %s, with order %s.', r.accepted_quote_id, coalesce(q.quote_request_id, 'null'), coalesce(q.order_id, 'null')) END,
     CASE WHEN r.accepted_quote_id IS NOT NULL AND q.status IS DISTINCT FROM CASE r.status WHEN 'ACCEPTED' THEN 'ACCEPTED' WHEN 'QUOTED' THEN 'ACTIVE' END THEN format('It is %s, and its accepted quote %s is %s.', r.status, r.accepted_quote_id, coalesce(q.status, 'null')) END,
     CASE WHEN r.status = 'ACCEPTED' AND r.accepted_quote_id IS NULL THEN 'It is ACCEPTED without an accepted quote.' END,
     CASE WHEN r.accepted_order_id IS NOT NULL AND (o.id IS NULL OR o.quote_id IS DISTINCT FROM r.accepted_quote_id OR o.executed_quantity IS DISTINCT FROM r.executed_quantity) THEN format('Its order %s accepts quote %s and has executed %s, not %s.', r.accepted_order_id, coalesce(o.quote_id, 'null'), coalesce(o.executed_quantity::text, 'null'), r.executed_quantity) END,
     CASE WHEN r.cover_quote_id IS NOT NULL AND (c.quote_request_id IS DISTINCT FROM r.id OR r.cover_quote_id IS NOT DISTINCT FROM r.accepted_quote_id
        OR r.cover_distance IS DISTINCT FROM CASE oms.quote_takes_offer(q.symbol, q.currency, q.side) WHEN true THEN r.cover_px - q.accepted_px ELSE q.accepted_px - r.cover_px END) THEN format('Its cover %s, at %s and %s worse than %s, is a quote of request %s.', r.cover_quote_id, r.cover_px, r.cover_distance, q.accepted_px, coalesce(c.quote_request_id, 'null')) END,
     CASE WHEN r.quoted_at IS NULL AND r.status IN ('QUOTED', 'ACCEPTED') THEN format('It is %s, and no quote came.', r.status) END,
     CASE WHEN r.quote_req_id IS NOT NULL AND NOT EXISTS (SELECT FROM oms.quote_req_ids AS n
                                                  WHERE n.fix_session = coalesce(r.fix_session, '') AND n.quote_req_id = r.quote_req_id AND n.quote_request_id = r.id) THEN format('Its QuoteReqID %s does not stand for it in oms.quote_req_ids.', r.quote_req_id) END,
     CASE WHEN r.order_id IS NOT NULL AND NOT EXISTS (SELECT FROM oms.orders AS p WHERE p.id = r.order_id) THEN format('Its client order %s does not exist.', r.order_id) END,
     CASE WHEN r.status NOT IN ('NEW', 'QUOTED') AND EXISTS (SELECT FROM oms.quotes AS a WHERE a.quote_request_id = r.id AND a.status = 'ACTIVE') THEN format('It is %s, and has quotes that are ACTIVE.', r.status) END
   ], NULL))
    FROM oms.quote_requests AS r
    LEFT JOIN oms.quotes AS q ON q.id = r.accepted_quote_id
    LEFT JOIN oms.orders AS o ON o.id = r.accepted_order_id
    LEFT JOIN oms.quotes AS c ON c.id = r.cover_quote_id
  UNION ALL
  SELECT 'orphan', 'quote_request', n.quote_request_id, NULL, NULL, format('QuoteReqID %s stands for it in oms.quote_req_ids, and it does not exist.', n.quote_req_id)
    FROM oms.quote_req_ids AS n WHERE NOT EXISTS (SELECT FROM oms.quote_requests AS r WHERE r.id = n.quote_request_id)
$function$;
COMMENT ON FUNCTION oms.verify_quote_requests() IS 'Part of oms.verify(): requests, their accepted quotes, covers and orders, linked both ways';

CREATE OR REPLACE FUNCTION oms.verify_quotes()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT oms.refuse_limited('oms.verify_quotes()');
  SELECT 'orphan', 'quote', q.id, q.root_id, NULL::bigint, format('Its root is %s, its request %s.', q.root_id, coalesce(q.quote_request_id, 'null'))
    FROM oms.quotes AS q
    LEFT JOIN oms.quote_requests AS r ON r.id = q.quote_request_id
   WHERE q.root_id <> coalesce(q.quote_request_id, q.id) OR (q.quote_request_id IS NOT NULL AND r.id IS NULL)
  UNION ALL
  SELECT 'quote_link', 'quote', q.id, q.root_id, NULL, unnest(array_remove(ARRAY[
     CASE WHEN num_nonnulls(q.order_id, q.side, q.accepted_quantity, q.accepted_px, q.accepted_at, q.executed_quantity) NOT IN (0, 6) THEN format('Of its acceptance it has orderId %s, side %s, acceptedQuantity %s, acceptedPx %s, executedQuantity %s.', coalesce(q.order_id, 'null'), coalesce(q.side, 'null'),
             coalesce(q.accepted_quantity::text, 'null'), coalesce(q.accepted_px::text, 'null'), coalesce(q.executed_quantity::text, 'null')) END,
     CASE WHEN (q.status = 'ACCEPTED') AND q.order_id IS NULL OR q.status NOT IN ('ACCEPTED', 'ACTIVE', 'REJECTED') AND q.order_id IS NOT NULL THEN format('It is %s with order %s.', q.status, coalesce(q.order_id, 'null')) END,
     CASE WHEN q.order_id IS NOT NULL AND (o.id IS NULL OR o.quote_id IS DISTINCT FROM q.id OR o.executed_quantity IS DISTINCT FROM q.executed_quantity) THEN format('Its order %s accepts quote %s and has executed %s, not %s.', q.order_id, coalesce(o.quote_id, 'null'), coalesce(o.executed_quantity::text, 'null'), q.executed_quantity) END,
     CASE WHEN q.order_id IS NOT NULL AND q.accepted_px IS DISTINCT FROM CASE WHEN t.takes_offer THEN q.offer_px ELSE q.bid_px END THEN format('It was accepted at %s on side %s, and quotes %s and %s.', q.accepted_px, q.side, coalesce(q.bid_px::text, 'null'), coalesce(q.offer_px::text, 'null')) END,
     CASE WHEN q.accepted_quantity > CASE WHEN t.takes_offer THEN q.offer_size ELSE q.bid_size END OR q.accepted_quantity < CASE WHEN t.takes_offer THEN q.min_offer_size ELSE q.min_bid_size END
        OR q.accepted_quantity > r.order_qty THEN format('%s of it were accepted, which it or its request does not offer.', q.accepted_quantity) END,
     CASE WHEN q.status IN ('ACTIVE', 'ACCEPTED') AND q.order_id IS NOT NULL AND r.id IS NOT NULL AND r.accepted_quote_id IS DISTINCT FROM q.id THEN format('It is %s with order %s, and its request accepts %s.', q.status, q.order_id, coalesce(r.accepted_quote_id, 'null')) END,
     CASE WHEN q.status = 'ACTIVE' AND q.order_id IS NOT NULL AND NOT o.conditions && ARRAY['PENDING_NEW'] THEN format('Its dealer has the last look, and its order %s is %s.', q.order_id, o.status) END,
     CASE WHEN q.superseding_quote_id IS NOT NULL AND (s.quote_request_id IS DISTINCT FROM q.quote_request_id OR q.status <> 'CANCELLED') THEN format('It is %s, and quote %s of request %s took its place.', q.status, q.superseding_quote_id, coalesce(s.quote_request_id, 'null')) END,
     CASE WHEN q.superseded_quote_id IS NOT NULL AND f.superseding_quote_id IS DISTINCT FROM q.id THEN format('It took the place of quote %s, whose place %s took.', q.superseded_quote_id, coalesce(f.superseding_quote_id, 'null')) END,
     CASE WHEN q.quote_id IS NOT NULL AND NOT EXISTS (SELECT FROM oms.dealer_quote_ids AS n
                                              WHERE n.fix_session = coalesce(q.fix_session, '') AND n.dealer_quote_id = q.quote_id AND n.quote_id = q.id) THEN format('Its QuoteID %s does not stand for it in oms.dealer_quote_ids.', q.quote_id) END
   ], NULL))
    FROM oms.quotes AS q
    LEFT JOIN oms.quote_requests AS r ON r.id = q.quote_request_id
    LEFT JOIN oms.orders AS o ON o.id = q.order_id
    LEFT JOIN oms.quotes AS s ON s.id = q.superseding_quote_id
    LEFT JOIN oms.quotes AS f ON f.id = q.superseded_quote_id
   CROSS JOIN LATERAL (SELECT oms.quote_takes_offer(q.symbol, q.currency, q.side) AS takes_offer) AS t
  UNION ALL
  SELECT 'orphan', 'quote', n.quote_id, NULL, NULL, format('QuoteID %s stands for it in oms.dealer_quote_ids, and it does not exist.', n.dealer_quote_id)
    FROM oms.dealer_quote_ids AS n WHERE NOT EXISTS (SELECT FROM oms.quotes AS q WHERE q.id = n.quote_id)
  UNION ALL
  SELECT 'quote_link', 'order', o.id, o.root_id, NULL, format('It accepts quote %s, whose order is %s.', o.quote_id, coalesce(q.order_id, 'null'))
    FROM oms.orders AS o LEFT JOIN oms.quotes AS q ON q.id = o.quote_id
   WHERE o.quote_id IS NOT NULL AND q.order_id IS DISTINCT FROM o.id
$function$;
COMMENT ON FUNCTION oms.verify_quotes() IS 'Part of oms.verify(): quotes, their requests, acceptances and orders, linked both ways';

REVOKE ALL ON FUNCTION oms.quote_requests_of_tree(text), oms.quotes_of_tree(text), oms.verify_quote_requests(), oms.verify_quotes() FROM PUBLIC;
