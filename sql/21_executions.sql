-- Current state of executions: one row an execution, written by the command pipeline alone.
-- The columns stand in the order of execution_columns[] in src/core/order/order_record.c.

-- @install
CREATE TABLE oms.executions (
  id text COLLATE "C" NOT NULL CONSTRAINT executions_pkey PRIMARY KEY WITH (fillfactor = 90),
  root_id text COLLATE "C" NOT NULL,
  order_id text COLLATE "C",
  version bigint NOT NULL,
  tree_version bigint,
  status text COLLATE "C" NOT NULL,
  flags text[],
  exec_id text COLLATE "C",
  exec_type text COLLATE "C",
  exec_ref_id text COLLATE "C",
  symbol text COLLATE "C",
  side text COLLATE "C",
  last_qty numeric NOT NULL,
  last_px numeric NOT NULL,
  last_mkt text COLLATE "C",
  quantity numeric NOT NULL,
  quantity_factor numeric,
  allocated_quantity numeric NOT NULL,
  allocations jsonb,
  cum_qty numeric,
  leaves_qty numeric,
  avg_px numeric,
  ord_status text COLLATE "C",
  review_reasons jsonb,
  reason text,
  corrected_execution_id text COLLATE "C",
  correcting_execution_id text COLLATE "C",
  bust_exec_id text COLLATE "C",
  fix_session text COLLATE "C",
  cl_ord_id text COLLATE "C",
  counterparty_order_id text COLLATE "C",
  transact_time timestamptz,
  text text,
  fix jsonb,
  attributes jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  tree_updated_at timestamptz,
  hash bytea NOT NULL,
  trade_date date,
  settl_date date,
  commission numeric,
  comm_type text COLLATE "C",
  last_capacity text COLLATE "C",
  currency text COLLATE "C",
  account text COLLATE "C",
  reported_account text COLLATE "C",
  authors jsonb,
  dk_reason text COLLATE "C",
  overridden_reasons jsonb,
  superseded_execution_id text COLLATE "C",
  superseding_execution_id text COLLATE "C",
  reported_last_qty numeric,
  reported_last_px numeric,
  allocation_terms jsonb,
  reported_order_id text COLLATE "C",
  reported_symbol text COLLATE "C",
  reported_side text COLLATE "C",
  allocation_proposal jsonb,
  booked_at timestamptz,
  moved_from_execution_id text COLLATE "C",
  moved_to_execution_id text COLLATE "C",
  trading_day date
) WITH (fillfactor = 90);
CREATE INDEX executions_order_id_exec_id_idx ON oms.executions (order_id, exec_id);
SELECT pg_catalog.pg_extension_config_dump('oms.executions', '');
-- @end
-- @upgrade
ALTER TABLE oms.executions
  ADD COLUMN trade_date date,
  ADD COLUMN settl_date date,
  ADD COLUMN commission numeric,
  ADD COLUMN comm_type text COLLATE "C",
  ADD COLUMN last_capacity text COLLATE "C",
  ADD COLUMN currency text COLLATE "C",
  ADD COLUMN account text COLLATE "C",
  ADD COLUMN reported_account text COLLATE "C",
  ADD COLUMN authors jsonb,
  ADD COLUMN dk_reason text COLLATE "C",
  ADD COLUMN overridden_reasons jsonb,
  ADD COLUMN superseded_execution_id text COLLATE "C",
  ADD COLUMN superseding_execution_id text COLLATE "C",
  ADD COLUMN reported_last_qty numeric,
  ADD COLUMN reported_last_px numeric,
  ADD COLUMN allocation_terms jsonb,
  ADD COLUMN reported_order_id text COLLATE "C",
  ADD COLUMN reported_symbol text COLLATE "C",
  ADD COLUMN reported_side text COLLATE "C",
  ADD COLUMN allocation_proposal jsonb,
  ADD COLUMN booked_at timestamptz,
  ADD COLUMN moved_from_execution_id text COLLATE "C",
  ADD COLUMN moved_to_execution_id text COLLATE "C",
  ADD COLUMN trading_day date;
-- @end
-- What the desk has still to do with: few rows. Outside of blocks a fill that is booked at once never stands in it.
CREATE INDEX executions_open_idx ON oms.executions (order_id) WHERE status IN ('REVIEW', 'VALIDATED') OR allocation_proposal IS NOT NULL;

-- The blotter's pages by time, and the fills of a symbol since a time. It grows at its end, which costs a fill the least.
CREATE INDEX executions_created_at_idx ON oms.executions (created_at, symbol);

COMMENT ON TABLE oms.executions IS 'Current state of every execution: one row a fill, a correction or a report that waits in review';
COMMENT ON COLUMN oms.executions.id IS 'The execution''s own id (executionId)';
COMMENT ON COLUMN oms.executions.root_id IS 'Root of its order''s tree; its own id until it is matched to an order';
COMMENT ON COLUMN oms.executions.status IS 'REVIEW, VALIDATED, ALLOCATED, CORRECTED, BUSTED or REJECTED; live are VALIDATED and ALLOCATED';
COMMENT ON COLUMN oms.executions.exec_id IS 'ExecID (17) of the venue';
COMMENT ON COLUMN oms.executions.last_qty IS 'LastQty (32) as reported';
COMMENT ON COLUMN oms.executions.quantity IS 'What it counts for: last_qty times quantity_factor';
COMMENT ON COLUMN oms.executions.allocations IS 'Array of {orderId, quantity}, in the tree of a block of {orderId, quantity, value, commission, allocationId}';
COMMENT ON COLUMN oms.executions.cum_qty IS 'CumQty (14) as the report stated it';
COMMENT ON COLUMN oms.executions.review_reasons IS 'Array of {code, figures ...}: why it could not be booked';
COMMENT ON COLUMN oms.executions.corrected_execution_id IS 'The execution that this one corrects';
COMMENT ON COLUMN oms.executions.correcting_execution_id IS 'The execution that corrects this one';
COMMENT ON COLUMN oms.executions.bust_exec_id IS 'ExecID of the report that busted it';
COMMENT ON COLUMN oms.executions.trading_day IS 'Of a fill of a block whose report states no trade date: the day that it counts for, by its calendar as it was when it was booked';
COMMENT ON COLUMN oms.executions.trade_date IS 'TradeDate (75) as the report stated it; a correction may change it';
COMMENT ON COLUMN oms.executions.settl_date IS 'SettlDate (64) as the report stated it; a correction may change it';
COMMENT ON COLUMN oms.executions.commission IS 'Commission (12) in the unit that comm_type says; a correction may change it';
COMMENT ON COLUMN oms.executions.comm_type IS 'CommType (13): PER_UNIT, PERCENT, ABSOLUTE or another of FIX; a code that is not known is kept as it came';
COMMENT ON COLUMN oms.executions.last_capacity IS 'LastCapacity (29): AGENT, CROSS_AS_AGENT, CROSS_AS_PRINCIPAL, PRINCIPAL; a code that is not known is kept as it came';
COMMENT ON COLUMN oms.executions.currency IS 'Currency (15) of last_px as the report stated it, else the order''s';
COMMENT ON COLUMN oms.executions.account IS 'The order''s account; null without an order';
COMMENT ON COLUMN oms.executions.reported_account IS 'Account (1) as the report stated it; flagged DISAGREES where the order has another';
COMMENT ON COLUMN oms.executions.authors IS 'Whoever typed, corrected, matched or proposed it by hand, in that order';
COMMENT ON COLUMN oms.executions.dk_reason IS 'DKReason (127) of its rejection';
COMMENT ON COLUMN oms.executions.overridden_reasons IS 'The reasons that the desk approved it in spite of';
COMMENT ON COLUMN oms.executions.superseded_execution_id IS 'The typed fill that it replaced; of one in review or rejected, that it was proposed to replace';
COMMENT ON COLUMN oms.executions.superseding_execution_id IS 'The electronic fill that replaced it';
COMMENT ON COLUMN oms.executions.reported_last_qty IS 'LastQty (32) as the report stated it, where the desk has changed it';
COMMENT ON COLUMN oms.executions.reported_last_px IS 'LastPx (31) as the report stated it, where the desk has changed it';
COMMENT ON COLUMN oms.executions.allocation_terms IS 'Of the allocations of a block that it is the oldest fill of: {allocationId, allocID, method, at, selected, lot, members, poolQuantity, poolValue, returned: [{executionId, at, quantity, value}]}';
COMMENT ON COLUMN oms.executions.reported_order_id IS 'The order that its report names, where the desk has matched it to another';
COMMENT ON COLUMN oms.executions.reported_symbol IS 'Symbol (55) as the report stated it, where the desk has changed it';
COMMENT ON COLUMN oms.executions.reported_side IS 'Side (54) as the report stated it, where the desk has changed it';
COMMENT ON COLUMN oms.executions.allocation_proposal IS 'By oms_state.allocation_four_eyes: {author, command} of an allocation or deallocation that waits for somebody else''s ApproveExecutionCommand';
COMMENT ON COLUMN oms.executions.booked_at IS 'When it was booked, if it waited in review before; else it was with its creation, or never';
COMMENT ON COLUMN oms.executions.moved_from_execution_id IS 'The fill of another order in whose place it was typed, to move that to this one';
COMMENT ON COLUMN oms.executions.moved_to_execution_id IS 'The fill of another order that was typed in its place; of a bust in review, in the place of what it busts';

CREATE TABLE oms.matched_exec_ids (
  fix_session text COLLATE "C" NOT NULL,
  exec_id text COLLATE "C" NOT NULL,
  execution_id text COLLATE "C" NOT NULL,
  CONSTRAINT matched_exec_ids_pkey PRIMARY KEY (fix_session, exec_id, execution_id)
);
SELECT pg_catalog.pg_extension_config_dump('oms.matched_exec_ids', '');
COMMENT ON TABLE oms.matched_exec_ids IS
  'ExecIDs (17) of fills that the desk has matched to another order than their report names, or that were booked while another report with the same one waited for an order';
COMMENT ON COLUMN oms.matched_exec_ids.fix_session IS 'FIX session of the report; SQL callers share an empty one';

CREATE TABLE oms.waiting_order_ids (
  fix_session text COLLATE "C" NOT NULL,
  order_name text COLLATE "C" NOT NULL,
  execution_id text COLLATE "C" NOT NULL,
  CONSTRAINT waiting_order_ids_pkey PRIMARY KEY (fix_session, order_name, execution_id)
);
SELECT pg_catalog.pg_extension_config_dump('oms.waiting_order_ids', '');
COMMENT ON TABLE oms.waiting_order_ids IS
  'ClOrdIDs (11), OrderIDs (37) and orderIds by which fills that came before their orders name those: for oms_state.book_waiting_fills. Rows stay when the order is known';
COMMENT ON COLUMN oms.waiting_order_ids.fix_session IS 'Empty: the sessions are compared when the order is known';
-- @upgrade
INSERT INTO oms.waiting_order_ids (fix_session, order_name, execution_id)
  SELECT DISTINCT '', n.name, e.id
    FROM oms.executions AS e
   CROSS JOIN LATERAL (VALUES (e.cl_ord_id), (e.counterparty_order_id), (e.review_reasons -> 0 ->> 'orderId')) AS n (name)
   WHERE e.order_id IS NULL AND e.status = 'REVIEW' AND n.name IS NOT NULL;
-- @end
