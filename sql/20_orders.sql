-- Current state of orders: one row an order, written by the command pipeline alone.
-- The columns stand in the order of order_columns[] in src/core/order/order_record.c.
-- No foreign keys: a dump restores the tables in any order, and the pipeline keeps the relations (oms.verify()).

-- @install
CREATE TABLE oms.orders (
  id text COLLATE "C" NOT NULL CONSTRAINT orders_pkey PRIMARY KEY WITH (fillfactor = 90),
  root_id text COLLATE "C" NOT NULL,
  parent_id text COLLATE "C",
  version bigint NOT NULL,
  tree_version bigint,
  status text COLLATE "C" NOT NULL,
  conditions text[],
  flags text[],
  cl_ord_id text COLLATE "C",
  fix_session text COLLATE "C",
  counterparty_order_id text COLLATE "C",
  symbol text COLLATE "C" NOT NULL,
  side text COLLATE "C" NOT NULL,
  ord_type text COLLATE "C",
  time_in_force text COLLATE "C",
  order_qty numeric,
  cash_order_qty numeric,
  price numeric,
  stop_px numeric,
  expire_time timestamptz,
  expire_date date,
  account text COLLATE "C",
  currency text COLLATE "C",
  asset_class text COLLATE "C",
  destination text COLLATE "C",
  executed_quantity numeric NOT NULL,
  leaves_quantity numeric NOT NULL,
  working_quantity numeric NOT NULL,
  unplaced_quantity numeric NOT NULL,
  allocated_quantity numeric NOT NULL,
  executed_value numeric NOT NULL,
  avg_px numeric NOT NULL,
  own_executed_quantity numeric NOT NULL,
  reserved_quantity numeric NOT NULL,
  review_quantity numeric NOT NULL,
  child_count bigint NOT NULL,
  live_children bigint NOT NULL,
  quantity_factor numeric,
  done_for_day_date date,
  pending_requests jsonb,
  reported_cum_qty numeric,
  reported_leaves_qty numeric,
  reported_avg_px numeric,
  reported_ord_status text COLLATE "C",
  reason text,
  text text,
  fix jsonb,
  attributes jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  tree_updated_at timestamptz,
  hash bytea NOT NULL,
  corporate_actions jsonb,
  desk_status text COLLATE "C",
  desk_user text COLLATE "C",
  desk_reason text,
  desk_since timestamptz,
  members jsonb,
  block_order_ids jsonb,
  live_blocks bigint,
  quote_id text COLLATE "C",
  planned_slices jsonb,
  next_placement_at timestamptz,
  closed boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);
-- No column of an index changes but of what is on the desk or planned, and when an order ends: every other update can be a heap-only one.
CREATE INDEX orders_root_id_idx ON oms.orders (root_id);
SELECT pg_catalog.pg_extension_config_dump('oms.orders', '');
-- @end
-- @upgrade
ALTER TABLE oms.orders
  ADD COLUMN corporate_actions jsonb,
  ADD COLUMN desk_status text COLLATE "C",
  ADD COLUMN desk_user text COLLATE "C",
  ADD COLUMN desk_reason text,
  ADD COLUMN desk_since timestamptz,
  ADD COLUMN members jsonb,
  ADD COLUMN block_order_ids jsonb,
  ADD COLUMN live_blocks bigint,
  ADD COLUMN quote_id text COLLATE "C",
  ADD COLUMN planned_slices jsonb,
  ADD COLUMN next_placement_at timestamptz,
  ADD COLUMN closed boolean NOT NULL DEFAULT false;
-- @end
-- What the desk looks for: few rows. Of the others no update changes a column of it, so theirs stay heap-only.
CREATE INDEX orders_desk_idx ON oms.orders (id) WHERE desk_status IN ('QUEUED', 'CLAIMED') OR members IS NOT NULL;
-- The open orders of an account, page by page in the order of their ids. An end takes an order out of it: doc/performance.md says what that costs, and who never asks drops it.
CREATE INDEX orders_open_idx ON oms.orders (account, id) WHERE NOT closed;
-- What is to be placed later, by when: few rows too.
CREATE INDEX orders_next_placement_idx ON oms.orders (next_placement_at) WHERE next_placement_at IS NOT NULL;

COMMENT ON TABLE oms.orders IS 'Current state of every order: one row an order, the same that its newest event carries as state';
COMMENT ON COLUMN oms.orders.id IS 'The order''s own id (orderId)';
COMMENT ON COLUMN oms.orders.root_id IS 'The order at the top of its tree: the lock, and the key in Kafka';
COMMENT ON COLUMN oms.orders.parent_id IS 'The order this one is a slice of; null for a root';
COMMENT ON COLUMN oms.orders.version IS 'Number of the order''s newest event: 1, 2, 3 ...';
COMMENT ON COLUMN oms.orders.tree_version IS 'On a root: the number of events of the whole tree';
COMMENT ON COLUMN oms.orders.status IS 'OrdStatus (39): the condition that wins FIX''s precedence';
COMMENT ON COLUMN oms.orders.conditions IS 'All that holds at once besides fills; what is hidden now comes back later';
COMMENT ON COLUMN oms.orders.flags IS 'What the desk should see: LATE_FILL, DISAGREES, OVERFILLED, OVER_PLACED, BELOW_PLACED, LIVE_CHILDREN, UNSETTLED, NOT_INHERITED, RULE, MANUAL, LIVE_BLOCK, LIMIT_EXCEEDED, SELECTED_FILL, ODD_LOT, EXPIRY_OVERDUE';
COMMENT ON COLUMN oms.orders.cl_ord_id IS 'ClOrdID (11) now in force; oms.cl_ord_ids has the whole chain';
COMMENT ON COLUMN oms.orders.fix_session IS 'The pair of comp ids of its FIX session, null for orders of SQL callers';
COMMENT ON COLUMN oms.orders.counterparty_order_id IS 'OrderID (37) as the counterparty gave it';
COMMENT ON COLUMN oms.orders.executed_quantity IS 'Own live fills and those of all children';
COMMENT ON COLUMN oms.orders.leaves_quantity IS 'LeavesQty (151): what is still open for execution';
COMMENT ON COLUMN oms.orders.working_quantity IS 'Sum of the children''s leaves';
COMMENT ON COLUMN oms.orders.unplaced_quantity IS 'What may still be placed with children';
COMMENT ON COLUMN oms.orders.allocated_quantity IS 'Client order: allocated to it. Market order: allocated of its own and its children''s fills';
COMMENT ON COLUMN oms.orders.executed_value IS 'Sum of quantity times price, exact';
COMMENT ON COLUMN oms.orders.avg_px IS 'executed_value / executed_quantity, rounded to 10 decimals; 0 without fills';
COMMENT ON COLUMN oms.orders.own_executed_quantity IS 'The part of executed_quantity filled on the order itself';
COMMENT ON COLUMN oms.orders.reserved_quantity IS 'What children reserve: each the greatest of its leaves, its pending increased leaves and its fills in review';
COMMENT ON COLUMN oms.orders.review_quantity IS 'Own fills that wait in review';
COMMENT ON COLUMN oms.orders.live_children IS 'Children that are live, or have something live below them';
COMMENT ON COLUMN oms.orders.quantity_factor IS 'Product of all splits: quantities reported before them count times this';
COMMENT ON COLUMN oms.orders.pending_requests IS 'Cancel and replace requests that nobody has answered yet';
COMMENT ON COLUMN oms.orders.reported_cum_qty IS 'CumQty (14) as the counterparty last stated it; never copied into ours';
COMMENT ON COLUMN oms.orders.fix IS 'Other fields of the order''s FIX message, by name';
COMMENT ON COLUMN oms.orders.attributes IS 'The user''s own fields';
COMMENT ON COLUMN oms.orders.tree_updated_at IS 'On a root: when the tree''s newest event occurred';
COMMENT ON COLUMN oms.orders.corporate_actions IS 'Splits that came to the order: {corporateAction, quantityFactor, fills (did its own fills follow?), orderQty (by the factor, until all below it have followed)}';
COMMENT ON COLUMN oms.orders.hash IS 'Hash of the order''s newest event';
COMMENT ON COLUMN oms.orders.quote_id IS 'The quote (quoteId) that the order accepts; null: none';
COMMENT ON COLUMN oms.orders.planned_slices IS 'Slices that are to be placed later, as PlaceOrderCommand gave them, by placeAt; they reserve nothing. Null: none';
COMMENT ON COLUMN oms.orders.next_placement_at IS 'When the first of planned_slices is due: oms.place_due(). Null: there is none';
COMMENT ON COLUMN oms.orders.desk_status IS 'Where it is on the execution desk: QUEUED, CLAIMED, RELEASED, COMPLETED; null: as without a desk';
COMMENT ON COLUMN oms.orders.desk_user IS 'Who has claimed it, or whom it was assigned to';
COMMENT ON COLUMN oms.orders.desk_reason IS 'Why it came to the desk, or where it is there';
COMMENT ON COLUMN oms.orders.desk_since IS 'When it came into its desk status';
COMMENT ON COLUMN oms.orders.closed IS 'Nothing more of it is to be executed: it is filled, cancelled, expired, rejected, calculated, or was for a day that is done; false again where something revives it. The default is for dumps of 0.1.0: oms.recount_live_children()';
COMMENT ON COLUMN oms.orders.members IS 'Of a block: {orderId, quantity (of it the block works), quantityByFactor (what that becomes when all brokers have told a split), priority, allocatedQuantity, allocatedValue, released, methods}; null: it is no block';
COMMENT ON COLUMN oms.orders.block_order_ids IS 'The blocks that it is a member of, or was and was allocated something';
COMMENT ON COLUMN oms.orders.live_blocks IS 'Blocks that have a part of it which is neither allocated nor released';

-- The ids that an order is known under; the ones of SQL callers too.

-- @install
CREATE TABLE oms.cl_ord_ids (
  fix_session text COLLATE "C" NOT NULL,
  cl_ord_id text COLLATE "C" NOT NULL,
  order_id text COLLATE "C" NOT NULL,
  CONSTRAINT cl_ord_ids_pkey PRIMARY KEY (cl_ord_id, fix_session)
);
SELECT pg_catalog.pg_extension_config_dump('oms.cl_ord_ids', '');
-- @end
-- The id first: a query asks for one whatever its session.
-- @upgrade
ALTER TABLE oms.cl_ord_ids DROP CONSTRAINT cl_ord_ids_pkey, ADD CONSTRAINT cl_ord_ids_pkey PRIMARY KEY (cl_ord_id, fix_session);
-- @end
COMMENT ON TABLE oms.cl_ord_ids IS
  'Every ClOrdID (11) an order was ever known under: unique in its FIX session; SQL callers share the session ''''';

-- @install
CREATE TABLE oms.counterparty_order_ids (
  fix_session text COLLATE "C" NOT NULL,
  counterparty_order_id text COLLATE "C" NOT NULL,
  order_id text COLLATE "C" NOT NULL,
  CONSTRAINT counterparty_order_ids_pkey PRIMARY KEY (fix_session, counterparty_order_id, order_id)
);
SELECT pg_catalog.pg_extension_config_dump('oms.counterparty_order_ids', '');
-- @end
COMMENT ON TABLE oms.counterparty_order_ids IS
  'Every OrderID (37) that a counterparty gave an order; counterparties reuse them, so one may name several orders';
