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
-- No column of an index ever changes: every update can be a heap-only one.
CREATE INDEX quotes_quote_request_id_idx ON oms.quotes (quote_request_id);
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

CREATE OR REPLACE FUNCTION oms.verify_quote_requests()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT 'orphan', 'quote_request', r.id, r.root_id, NULL::bigint, format('Its root is %s.', r.root_id)
    FROM oms.quote_requests AS r WHERE r.root_id <> r.id
$function$;
COMMENT ON FUNCTION oms.verify_quote_requests() IS 'Part of oms.verify(): the invariants of requests for quotes';

CREATE OR REPLACE FUNCTION oms.verify_quotes()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT 'orphan', 'quote', q.id, q.root_id, NULL::bigint, format('Its root is %s, its request %s.', q.root_id, q.quote_request_id)
    FROM oms.quotes AS q
    LEFT JOIN oms.quote_requests AS r ON r.id = q.quote_request_id
   WHERE q.root_id <> coalesce(q.quote_request_id, q.id) OR (q.quote_request_id IS NOT NULL AND r.id IS NULL)
$function$;
COMMENT ON FUNCTION oms.verify_quotes() IS 'Part of oms.verify(): the invariants of quotes';

REVOKE ALL ON FUNCTION oms.quote_requests_of_tree(text), oms.quotes_of_tree(text), oms.verify_quote_requests(), oms.verify_quotes() FROM PUBLIC;
