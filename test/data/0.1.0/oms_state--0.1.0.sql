-- oms_state: the schema and its sequence.

\echo Use "CREATE EXTENSION oms_state" to load this file. \quit

CREATE SCHEMA oms;
COMMENT ON SCHEMA oms IS 'oms_state: orders, executions, their events, and what is built on them';
GRANT USAGE ON SCHEMA oms TO PUBLIC;

CREATE SEQUENCE oms.event_sequence AS bigint;
COMMENT ON SEQUENCE oms.event_sequence IS
  'Numbers all events of all objects. Drawn after the tree is locked and before commit: its order is not the commit order, and it has gaps.';
SELECT pg_catalog.pg_extension_config_dump('oms.event_sequence', '');
-- Current state of orders: one row an order, written by the command pipeline alone.
-- The columns stand in the order of order_columns[] in src/order_model.c.
-- No foreign keys: a dump restores the tables in any order, and the pipeline keeps the relations (oms.verify()).

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
  hash bytea NOT NULL
) WITH (fillfactor = 70);
-- No column of an index ever changes: every update can be a heap-only one.
CREATE INDEX orders_root_id_idx ON oms.orders (root_id);
SELECT pg_catalog.pg_extension_config_dump('oms.orders', '');

COMMENT ON TABLE oms.orders IS 'Current state of every order: one row an order, the same that its newest event carries as state';
COMMENT ON COLUMN oms.orders.id IS 'The order''s own id (orderId)';
COMMENT ON COLUMN oms.orders.root_id IS 'The order at the top of its tree: the lock, and the key in Kafka';
COMMENT ON COLUMN oms.orders.parent_id IS 'The order this one is a slice of; null for a root';
COMMENT ON COLUMN oms.orders.version IS 'Number of the order''s newest event: 1, 2, 3 …';
COMMENT ON COLUMN oms.orders.tree_version IS 'On a root: the number of events of the whole tree';
COMMENT ON COLUMN oms.orders.status IS 'OrdStatus (39): the condition that wins FIX''s precedence';
COMMENT ON COLUMN oms.orders.conditions IS 'All that holds at once besides fills; what is hidden now comes back later';
COMMENT ON COLUMN oms.orders.flags IS 'What the desk should see: LATE_FILL, DISAGREES, OVERFILLED, OVER_PLACED, BELOW_PLACED, LIVE_CHILDREN';
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
COMMENT ON COLUMN oms.orders.live_children IS 'Children that are not closed';
COMMENT ON COLUMN oms.orders.quantity_factor IS 'Product of all splits: quantities reported before them count times this';
COMMENT ON COLUMN oms.orders.pending_requests IS 'Cancel and replace requests that nobody has answered yet';
COMMENT ON COLUMN oms.orders.reported_cum_qty IS 'CumQty (14) as the counterparty last stated it; never copied into ours';
COMMENT ON COLUMN oms.orders.fix IS 'Other fields of the order''s FIX message, by name';
COMMENT ON COLUMN oms.orders.attributes IS 'The user''s own fields';
COMMENT ON COLUMN oms.orders.tree_updated_at IS 'On a root: when the tree''s newest event occurred';
COMMENT ON COLUMN oms.orders.hash IS 'Hash of the order''s newest event';
-- Current state of executions: one row an execution, written by the command pipeline alone.
-- The columns stand in the order of execution_columns[] in src/order_model.c.

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
  hash bytea NOT NULL
) WITH (fillfactor = 90);
CREATE INDEX executions_order_id_exec_id_idx ON oms.executions (order_id, exec_id);
SELECT pg_catalog.pg_extension_config_dump('oms.executions', '');

COMMENT ON TABLE oms.executions IS 'Current state of every execution: one row a fill, a correction or a report that waits in review';
COMMENT ON COLUMN oms.executions.id IS 'The execution''s own id (executionId)';
COMMENT ON COLUMN oms.executions.root_id IS 'Root of its order''s tree; its own id until it is matched to an order';
COMMENT ON COLUMN oms.executions.status IS 'REVIEW, VALIDATED, ALLOCATED, CORRECTED, BUSTED or REJECTED; live are VALIDATED and ALLOCATED';
COMMENT ON COLUMN oms.executions.exec_id IS 'ExecID (17) of the venue';
COMMENT ON COLUMN oms.executions.last_qty IS 'LastQty (32) as reported';
COMMENT ON COLUMN oms.executions.quantity IS 'What it counts for: last_qty times quantity_factor';
COMMENT ON COLUMN oms.executions.allocations IS 'Array of {orderId, quantity}';
COMMENT ON COLUMN oms.executions.cum_qty IS 'CumQty (14) as the report stated it';
COMMENT ON COLUMN oms.executions.review_reasons IS 'Array of {code, …figures}: why it could not be booked';
COMMENT ON COLUMN oms.executions.corrected_execution_id IS 'The execution that this one corrects';
COMMENT ON COLUMN oms.executions.correcting_execution_id IS 'The execution that corrects this one';
COMMENT ON COLUMN oms.executions.bust_exec_id IS 'ExecID of the report that busted it';
-- What commands are found by: their own ids, and the ids counterparties know an order under.

CREATE TABLE oms.commands (
  actor text COLLATE "C" NOT NULL,
  command_id text COLLATE "C" NOT NULL,
  recorded_at timestamptz NOT NULL,
  aggregate_id text COLLATE "C",
  sequences bigint[],
  command_hash bigint NOT NULL,
  CONSTRAINT commands_pkey PRIMARY KEY (actor, command_id)
);
SELECT pg_catalog.pg_extension_config_dump('oms.commands', '');
COMMENT ON TABLE oms.commands IS
  'The commandIds of each session user. Its events (by sequence) hold the command and what it answered; the hash tells a repeat from another command.';

CREATE TABLE oms.cl_ord_ids (
  fix_session text COLLATE "C" NOT NULL,
  cl_ord_id text COLLATE "C" NOT NULL,
  order_id text COLLATE "C" NOT NULL,
  CONSTRAINT cl_ord_ids_pkey PRIMARY KEY (fix_session, cl_ord_id)
);
SELECT pg_catalog.pg_extension_config_dump('oms.cl_ord_ids', '');
COMMENT ON TABLE oms.cl_ord_ids IS
  'Every ClOrdID (11) an order was ever known under: unique in its FIX session; SQL callers share the session ''''';

CREATE TABLE oms.counterparty_order_ids (
  fix_session text COLLATE "C" NOT NULL,
  counterparty_order_id text COLLATE "C" NOT NULL,
  order_id text COLLATE "C" NOT NULL,
  CONSTRAINT counterparty_order_ids_pkey PRIMARY KEY (fix_session, counterparty_order_id, order_id)
);
SELECT pg_catalog.pg_extension_config_dump('oms.counterparty_order_ids', '');
COMMENT ON TABLE oms.counterparty_order_ids IS
  'Every OrderID (37) that a counterparty gave an order; counterparties reuse them, so one may name several orders';

CREATE TABLE oms.rejected_commands (
  rejected_at timestamptz NOT NULL,
  actor text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  command_id text COLLATE "C",
  command_type text COLLATE "C",
  sqlstate text COLLATE "C" NOT NULL,
  message text NOT NULL,
  detail text,
  hint text,
  rule text COLLATE "C",
  command jsonb
);
CREATE INDEX rejected_commands_rejected_at_idx ON oms.rejected_commands USING brin (rejected_at);
SELECT pg_catalog.pg_extension_config_dump('oms.rejected_commands', '');
COMMENT ON TABLE oms.rejected_commands IS 'Commands that oms_try_command() and oms_commands(…, false) refused';
-- The event tables: append-only, one partition a month, written by the command pipeline alone.
-- No primary key on the parent and no partition made here: both would break a dump (doc/decisions.md).

CREATE TABLE oms.order_events (
  sequence bigint NOT NULL,
  aggregate_id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  root_id text COLLATE "C" NOT NULL,
  tree_version bigint NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  actor text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  command_id text COLLATE "C" NOT NULL,
  transition integer NOT NULL,
  xid xid8 NOT NULL,
  payload jsonb NOT NULL,
  hash bytea NOT NULL
) PARTITION BY RANGE (occurred_at);
CREATE TABLE oms.execution_events (LIKE oms.order_events) PARTITION BY RANGE (occurred_at);
SELECT pg_catalog.pg_extension_config_dump('oms.order_events', '');
SELECT pg_catalog.pg_extension_config_dump('oms.execution_events', '');

COMMENT ON TABLE oms.order_events IS 'Every change of every order, append-only';
COMMENT ON TABLE oms.execution_events IS 'Every change of every execution, append-only';
COMMENT ON COLUMN oms.order_events.sequence IS 'One generator for all event tables; not the commit order';
COMMENT ON COLUMN oms.order_events.version IS 'Number of the event in its object: 1, 2, 3 …';
COMMENT ON COLUMN oms.order_events.tree_version IS 'Number of the event in its tree: 1, 2, 3 …, over all event tables';
COMMENT ON COLUMN oms.order_events.occurred_at IS 'The server''s clock after the tree was locked';
COMMENT ON COLUMN oms.order_events.transition IS 'Number of the row of oms.state_transitions that fired';
COMMENT ON COLUMN oms.order_events.payload IS 'The whole event, as it goes to Kafka';
COMMENT ON COLUMN oms.order_events.hash IS 'SHA-256 of the object''s previous hash and the payload''s text';

CREATE FUNCTION oms.refuse_event_change() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'oms_refuse_event_change';
COMMENT ON FUNCTION oms.refuse_event_change() IS 'Trigger: events are append-only for every role';
REVOKE ALL ON FUNCTION oms.refuse_event_change() FROM PUBLIC;

-- A row trigger of a parent comes to its partitions by itself, one on TRUNCATE does not.
CREATE TRIGGER order_events_append_only BEFORE UPDATE OR DELETE ON oms.order_events
  FOR EACH ROW EXECUTE FUNCTION oms.refuse_event_change();
CREATE TRIGGER execution_events_append_only BEFORE UPDATE OR DELETE ON oms.execution_events
  FOR EACH ROW EXECUTE FUNCTION oms.refuse_event_change();
CREATE TRIGGER order_events_no_truncate BEFORE TRUNCATE ON oms.order_events
  FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change();
CREATE TRIGGER execution_events_no_truncate BEFORE TRUNCATE ON oms.execution_events
  FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change();

-- One place that knows the event tables; those of later versions count from the moment they exist.
CREATE FUNCTION oms.event_tables() RETURNS TABLE (table_name name, relid oid)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 4
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT c.relname, c.oid
    FROM pg_class AS c
    JOIN unnest(ARRAY['order_events', 'execution_events', 'quote_request_events', 'quote_events'])
         WITH ORDINALITY AS k (name, position) ON k.name = c.relname
   WHERE c.relnamespace = 'oms'::regnamespace AND c.relkind IN ('r', 'p')
   ORDER BY k.position
$function$;
COMMENT ON FUNCTION oms.event_tables() IS 'The event tables that exist here: what has partitions, and what a bridge sends';

CREATE FUNCTION oms.ensure_partitions(months_ahead integer DEFAULT 2) RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  parent text;
  leaf text;
  month timestamp;
  made integer := 0;
BEGIN
  IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 120 THEN
    RAISE EXCEPTION 'months_ahead must be between 0 and 120' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- one at a time; the key is the schema's name
  PERFORM pg_advisory_xact_lock(hashtext('oms.ensure_partitions'), 0);
  FOR parent IN SELECT e.table_name FROM oms.event_tables() AS e LOOP
    FOR i IN 0 .. months_ahead LOOP
      month := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + make_interval(months => i);
      leaf := parent || to_char(month, '_YYYY_MM');
      IF to_regclass(format('oms.%I', leaf)) IS NOT NULL THEN
        -- not from pg_inherits: at REPEATABLE READ that would not show what another session just made
        CONTINUE WHEN pg_partition_root(format('oms.%I', leaf)::regclass) = format('oms.%I', parent)::regclass;
        RAISE EXCEPTION 'table "oms.%" exists and is no partition of "oms.%"', leaf, parent
          USING ERRCODE = 'duplicate_table', HINT = 'Attach it again, or rename it.';
      END IF;
      EXECUTE format('CREATE TABLE oms.%I (LIKE oms.%I INCLUDING DEFAULTS INCLUDING STORAGE)', leaf, parent);
      EXECUTE format('CREATE UNIQUE INDEX %I ON oms.%I (sequence)', leaf || '_sequence_idx', leaf);
      EXECUTE format('CREATE UNIQUE INDEX %I ON oms.%I (aggregate_id, version)', leaf || '_aggregate_idx', leaf);
      EXECUTE format('ALTER TABLE oms.%I REPLICA IDENTITY USING INDEX %I', leaf, leaf || '_sequence_idx');
      EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON oms.%I FOR EACH STATEMENT EXECUTE FUNCTION oms.refuse_event_change()',
                     leaf || '_no_truncate', leaf);
      EXECUTE format('ALTER TABLE oms.%I ATTACH PARTITION oms.%I FOR VALUES FROM (%L) TO (%L)', parent, leaf,
                     to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00',
                     to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END
$function$;
COMMENT ON FUNCTION oms.ensure_partitions(integer) IS
  'Makes the event partitions of this month (UTC) and the given number of months ahead; returns how many it made';
REVOKE ALL ON FUNCTION oms.ensure_partitions(integer) FROM PUBLIC;
-- The entry points, in the target schema.

CREATE FUNCTION @extschema@.oms_command(command jsonb) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_command';
COMMENT ON FUNCTION @extschema@.oms_command(jsonb) IS
  'Applies one command and returns its result; a refusal raises an error with a SQLSTATE of class OM and changes nothing';

CREATE FUNCTION @extschema@.oms_try_command(command jsonb) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_try_command';
COMMENT ON FUNCTION @extschema@.oms_try_command(jsonb) IS
  'As oms_command, but a refusal is returned as a result with status REJECTED and kept in oms.rejected_commands';

CREATE FUNCTION @extschema@.oms_commands(commands jsonb, atomic boolean DEFAULT true) RETURNS SETOF jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_commands';
COMMENT ON FUNCTION @extschema@.oms_commands(jsonb, boolean) IS
  'Applies an array of commands in order, one result each; atomic: the first refusal raises and nothing is applied';

CREATE FUNCTION @extschema@.oms_fix(message text) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_fix';
COMMENT ON FUNCTION @extschema@.oms_fix(text) IS
  'Applies one raw FIX message (tag=value; SOH or | between fields): D, F, G, H, 8 and 9';

REVOKE ALL ON FUNCTION @extschema@.oms_command(jsonb), @extschema@.oms_try_command(jsonb),
  @extschema@.oms_commands(jsonb, boolean), @extschema@.oms_fix(text) FROM PUBLIC;

-- The tables of the code, for people and for the reference.
CREATE FUNCTION oms.list_transitions(OUT transition integer, OUT command text, OUT requires text[],
    OUT forbids text[], OUT fills text, OUT reported boolean, OUT guard text, OUT sets text[], OUT clears text[],
    OUT raises text[], OUT event_type text, OUT sentence text)
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_list_transitions';
COMMENT ON FUNCTION oms.list_transitions() IS 'The state machine of an order, as it stands in src/state_machine.c';
CREATE VIEW oms.state_transitions AS SELECT * FROM oms.list_transitions();
COMMENT ON VIEW oms.state_transitions IS
  'The state machine: for a command the first row whose conditions hold fires; a command without a row is refused (OM004)';

CREATE FUNCTION oms.list_commands(OUT command_type text, OUT object text, OUT field text, OUT field_type text, OUT required boolean)
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_list_commands';
COMMENT ON FUNCTION oms.list_commands() IS 'Every command and its fields, as they stand in src/command_fields.c';
CREATE VIEW oms.command_reference AS SELECT * FROM oms.list_commands();
COMMENT ON VIEW oms.command_reference IS 'Every command type with its fields';
-- Views for people. A view reads with the rights of whoever asks (security_invoker), so that row-level
-- security of the tables holds in it too. Columns stand in reading order.

-- One place that knows all event tables: what reads events of every kind reads this.
CREATE VIEW oms.all_events WITH (security_invoker = true) AS
  SELECT 'order'::text AS object, e.sequence, e.aggregate_id, e.version, e.root_id, e.tree_version, e.event_type, e.occurred_at,
         e.actor, e.role, e.command_id, e.transition, e.xid, e.payload, e.hash
    FROM oms.order_events AS e
  UNION ALL
  SELECT 'execution'::text, e.sequence, e.aggregate_id, e.version, e.root_id, e.tree_version, e.event_type, e.occurred_at,
         e.actor, e.role, e.command_id, e.transition, e.xid, e.payload, e.hash
    FROM oms.execution_events AS e;
COMMENT ON VIEW oms.all_events IS 'Every event of every object, whatever table it stands in';
COMMENT ON COLUMN oms.all_events.object IS 'Kind of the object that changed: order or execution';

-- Walked tree by tree, down from each root, so that a condition on root_id reads that tree alone; what hangs
-- on no root is not seen here, but by oms.verify().
CREATE VIEW oms.order_tree WITH (security_invoker = true) AS
  SELECT t.depth, t.path, o.id, r.id AS root_id, o.parent_id, o.cl_ord_id, o.status, o.symbol, o.side,
         o.order_qty, o.executed_quantity, o.leaves_quantity, o.working_quantity, o.unplaced_quantity, o.allocated_quantity,
         o.avg_px, o.ord_type, o.price, o.time_in_force, o.destination, o.account, o.flags, o.version, o.created_at, o.updated_at
    FROM oms.orders AS r
   CROSS JOIN LATERAL (
     WITH RECURSIVE branch AS (
       SELECT 0 AS depth, ARRAY[r.id] AS path, r.id
       UNION ALL
       SELECT b.depth + 1, b.path || c.id, c.id
         FROM branch AS b
         JOIN oms.orders AS c ON c.root_id = r.id AND c.parent_id = b.id
     )
     SELECT b.depth, b.path, b.id FROM branch AS b
   ) AS t
    JOIN oms.orders AS o ON o.id = t.id
   WHERE r.parent_id IS NULL
   ORDER BY r.created_at, r.id, t.path;
COMMENT ON VIEW oms.order_tree IS 'Every order in its tree: a root, then its children, their children, …';
COMMENT ON COLUMN oms.order_tree.depth IS '0 for a root, 1 for its children, …';
COMMENT ON COLUMN oms.order_tree.path IS 'Ids from the root down to the order itself';

CREATE VIEW oms.client_orders WITH (security_invoker = true) AS
  SELECT o.id, o.cl_ord_id, o.account, o.status, o.symbol, o.side, o.order_qty, o.cash_order_qty, o.ord_type, o.price, o.stop_px,
         o.time_in_force, o.expire_time, o.expire_date, o.executed_quantity, o.leaves_quantity, o.working_quantity,
         o.unplaced_quantity, o.allocated_quantity, o.avg_px, o.currency, o.asset_class, o.child_count, o.live_children,
         o.flags, o.reason, o.text, o.attributes, o.version, o.tree_version, o.created_at, o.updated_at, o.tree_updated_at
    FROM oms.orders AS o
   WHERE o.parent_id IS NULL;
COMMENT ON VIEW oms.client_orders IS 'Client orders: the roots of the trees';

CREATE VIEW oms.market_orders WITH (security_invoker = true) AS
  SELECT o.id, o.root_id, o.parent_id, o.cl_ord_id, o.counterparty_order_id, o.destination, o.status, o.symbol, o.side,
         o.order_qty, o.cash_order_qty, o.ord_type, o.price, o.stop_px, o.time_in_force, o.expire_time, o.expire_date,
         o.own_executed_quantity, o.executed_quantity, o.leaves_quantity, o.review_quantity, o.allocated_quantity, o.avg_px,
         o.reported_ord_status, o.reported_cum_qty, o.reported_leaves_qty, o.reported_avg_px,
         o.currency, o.asset_class, o.account, o.flags, o.reason, o.text, o.attributes, o.version, o.created_at, o.updated_at
    FROM oms.orders AS o
   WHERE o.parent_id IS NOT NULL OR o.own_executed_quantity > 0 OR o.review_quantity > 0;
COMMENT ON VIEW oms.market_orders IS
  'Market orders: what is placed below a client order, and roots that have fills of their own (in review too)';

CREATE VIEW oms.trade_blotter WITH (security_invoker = true) AS
  SELECT e.created_at AS booked_at, e.transact_time, e.id AS execution_id, e.exec_id, e.status, e.symbol, e.side,
         e.quantity, e.last_qty, e.last_px, e.last_qty * e.last_px AS value, coalesce(o.currency, r.currency) AS currency,
         e.last_mkt, o.destination, e.order_id, o.cl_ord_id, o.counterparty_order_id, o.status AS order_status,
         e.root_id, r.cl_ord_id AS root_cl_ord_id, r.account, r.status AS root_status,
         e.allocated_quantity, e.allocations, e.corrected_execution_id, e.flags, e.text, e.version
    FROM oms.executions AS e
    JOIN oms.orders AS o ON o.id = e.order_id
    JOIN oms.orders AS r ON r.id = e.root_id
   WHERE e.status IN ('VALIDATED', 'ALLOCATED');
COMMENT ON VIEW oms.trade_blotter IS 'The trades that count: live executions with their order and its client order';
COMMENT ON COLUMN oms.trade_blotter.quantity IS 'What the fill counts for today: last_qty times the factor of later splits';
COMMENT ON COLUMN oms.trade_blotter.value IS 'last_qty times last_px, which no split changes';

CREATE VIEW oms.execution_review WITH (security_invoker = true) AS
  SELECT e.created_at AS received_at, e.id AS execution_id, e.exec_id, e.exec_type, codes.reasons, e.review_reasons,
         e.symbol, e.side, e.last_qty, e.last_px, e.quantity, e.last_mkt, e.order_id, o.status AS order_status, o.symbol AS order_symbol,
         o.side AS order_side, o.order_qty, o.executed_quantity, e.root_id, e.cl_ord_id, e.counterparty_order_id, e.fix_session,
         e.exec_ref_id, e.cum_qty, e.leaves_qty, e.avg_px, e.ord_status, e.transact_time, e.text, e.version
    FROM oms.executions AS e
    LEFT JOIN oms.orders AS o ON o.id = e.order_id
   CROSS JOIN LATERAL (
     SELECT array_agg(x.reason ->> 'code' ORDER BY x.position) AS reasons
       FROM jsonb_array_elements(CASE jsonb_typeof(e.review_reasons) WHEN 'array' THEN e.review_reasons ELSE '[]' END)
            WITH ORDINALITY AS x (reason, position)
   ) AS codes
   WHERE e.status = 'REVIEW'
   ORDER BY e.created_at, e.id;
COMMENT ON VIEW oms.execution_review IS
  'Executions that could not be booked and wait for ApproveExecutionCommand or RejectExecutionCommand, oldest first';
COMMENT ON COLUMN oms.execution_review.reasons IS 'Codes of review_reasons, where the figures stand';

CREATE VIEW oms.order_history WITH (security_invoker = true) AS
  SELECT e.occurred_at, e.aggregate_id AS order_id, e.version, e.event_type, s.state ->> 'status' AS status,
         (s.state ->> 'orderQty')::numeric AS order_qty, (s.state ->> 'price')::numeric AS price,
         (s.state ->> 'executedQuantity')::numeric AS executed_quantity, (s.state ->> 'leavesQuantity')::numeric AS leaves_quantity,
         (s.state ->> 'workingQuantity')::numeric AS working_quantity, (s.state ->> 'avgPx')::numeric AS avg_px,
         e.transition, t.sentence, e.payload #>> '{command,commandType}' AS command_type, e.command_id, e.actor, e.role,
         e.root_id, e.tree_version, e.sequence
    FROM oms.order_events AS e
   CROSS JOIN LATERAL (SELECT e.payload -> 'state' AS state) AS s
    LEFT JOIN oms.list_transitions() AS t ON t.transition = e.transition;
COMMENT ON VIEW oms.order_history IS 'What happened to orders, event by event: state after it, who did it by which command, and the rule that fired';
COMMENT ON COLUMN oms.order_history.sentence IS 'What the transition means, as oms.state_transitions says it';
-- Replay: what the events say an object is, or was; and the rows made anew from them.
-- Every event carries the whole state after it, so that an object is its newest event. Two columns of a root's
-- row are more: tree_version and tree_updated_at move with every event of the tree, also where the root has none.

-- 1. State and row (src/rebuild.c)

CREATE FUNCTION oms.order_from_state(state jsonb, hash bytea) RETURNS oms.orders
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_order_from_state';
COMMENT ON FUNCTION oms.order_from_state(jsonb, bytea) IS
  'The row of oms.orders that a state describes (22023 where it describes none); a null state gives a null row';

CREATE FUNCTION oms.execution_from_state(state jsonb, hash bytea) RETURNS oms.executions
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_execution_from_state';
COMMENT ON FUNCTION oms.execution_from_state(jsonb, bytea) IS
  'The row of oms.executions that a state describes (22023 where it describes none); a null state gives a null row';

CREATE FUNCTION oms.order_state(orders oms.orders) RETURNS jsonb
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_order_state';
COMMENT ON FUNCTION oms.order_state(oms.orders) IS
  'The row as events and results show it: columns in camelCase, nulls left out, without its hash';

CREATE FUNCTION oms.execution_state(executions oms.executions) RETURNS jsonb
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_execution_state';
COMMENT ON FUNCTION oms.execution_state(oms.executions) IS
  'The row as events and results show it: columns in camelCase, nulls left out, without its hash';

CREATE FUNCTION oms.order_state_problem(state jsonb) RETURNS text
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_order_state_problem';
COMMENT ON FUNCTION oms.order_state_problem(jsonb) IS 'Why oms.order_from_state() would refuse the state; null when it would not';

CREATE FUNCTION oms.execution_state_problem(state jsonb) RETURNS text
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_execution_state_problem';
COMMENT ON FUNCTION oms.execution_state_problem(jsonb) IS
  'Why oms.execution_from_state() would refuse the state; null when it would not';

CREATE FUNCTION oms.time_text(moment timestamptz) RETURNS text
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  RETURN pg_catalog.to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
COMMENT ON FUNCTION oms.time_text(timestamptz) IS 'A time as events write it: RFC 3339 in UTC with six decimals';

CREATE FUNCTION oms.tree_state(tree_version bigint, tree_updated_at timestamptz) RETURNS jsonb
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN CASE WHEN tree_version IS NULL THEN '{}'::jsonb
              ELSE pg_catalog.jsonb_build_object('treeVersion', tree_version, 'treeUpdatedAt', oms.time_text(tree_updated_at)) END;
COMMENT ON FUNCTION oms.tree_state(bigint, timestamptz) IS
  'The two fields of a root''s state that follow the whole tree, to be laid over it; no fields for a null tree_version';

-- 2. Every object as its events say it is

CREATE FUNCTION oms.replay_orders()
  RETURNS TABLE (id text, root_id text, sequence bigint, version bigint, problem text, replayed oms.orders)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, (max(ARRAY[e.version, e.sequence]))[2] AS sequence
      FROM oms.order_events AS e GROUP BY e.aggregate_id
  ), trees AS (
    SELECT e.root_id, max(e.tree_version) AS tree_version, max(e.occurred_at) AS updated_at
      FROM oms.all_events AS e GROUP BY e.root_id
  )
  SELECT e.aggregate_id, e.root_id, e.sequence, e.version, p.problem,
         CASE WHEN p.problem IS NULL
              THEN oms.order_from_state((e.payload -> 'state') || oms.tree_state(t.tree_version, t.updated_at), e.hash) END
    FROM newest AS n
    JOIN oms.order_events AS e ON e.aggregate_id = n.aggregate_id AND e.sequence = n.sequence
    LEFT JOIN trees AS t ON t.root_id = e.aggregate_id AND e.root_id = e.aggregate_id
   CROSS JOIN LATERAL oms.order_state_problem(coalesce(e.payload -> 'state', 'null')) AS s (problem)
   CROSS JOIN LATERAL (
     SELECT coalesce(s.problem, CASE WHEN e.payload #>> '{state,orderId}' <> e.aggregate_id THEN 'Field "orderId" names another order.' END)
   ) AS p (problem)
$function$;
COMMENT ON FUNCTION oms.replay_orders() IS
  'Every order as its newest event says it is; problem tells why that cannot be read, and replayed is null then';

CREATE FUNCTION oms.replay_executions()
  RETURNS TABLE (id text, root_id text, sequence bigint, version bigint, problem text, replayed oms.executions)
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, (max(ARRAY[e.version, e.sequence]))[2] AS sequence
      FROM oms.execution_events AS e GROUP BY e.aggregate_id
  ), trees AS (
    SELECT e.root_id, max(e.tree_version) AS tree_version, max(e.occurred_at) AS updated_at
      FROM oms.execution_events AS e WHERE e.root_id = e.aggregate_id GROUP BY e.root_id
  )
  SELECT e.aggregate_id, e.root_id, e.sequence, e.version, p.problem,
         CASE WHEN p.problem IS NULL
              THEN oms.execution_from_state((e.payload -> 'state') || oms.tree_state(t.tree_version, t.updated_at), e.hash) END
    FROM newest AS n
    JOIN oms.execution_events AS e ON e.aggregate_id = n.aggregate_id AND e.sequence = n.sequence
    LEFT JOIN trees AS t ON t.root_id = e.aggregate_id AND e.root_id = e.aggregate_id
   CROSS JOIN LATERAL oms.execution_state_problem(coalesce(e.payload -> 'state', 'null')) AS s (problem)
   CROSS JOIN LATERAL (
     SELECT coalesce(s.problem, CASE WHEN e.payload #>> '{state,executionId}' <> e.aggregate_id THEN 'Field "executionId" names another execution.' END)
   ) AS p (problem)
$function$;
COMMENT ON FUNCTION oms.replay_executions() IS
  'Every execution as its newest event says it is; problem tells why that cannot be read, and replayed is null then';

-- 3. As of a moment

-- By the objects that the tree has today: an execution that has left the tree left an event of its order behind.
CREATE FUNCTION oms.tree_as_of(root text, at timestamptz, OUT tree_version bigint, OUT updated_at timestamptz)
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH members AS (
    SELECT o.id FROM oms.orders AS o WHERE o.root_id = tree_as_of.root
  ), heads AS (
    SELECT e.tree_version, e.occurred_at
      FROM members AS m
      JOIN oms.order_events AS e ON e.aggregate_id = m.id
     WHERE e.root_id = tree_as_of.root AND e.occurred_at <= tree_as_of.at
    UNION ALL
    SELECT e.tree_version, e.occurred_at
      FROM members AS m
      JOIN oms.executions AS x ON x.order_id = m.id
      JOIN oms.execution_events AS e ON e.aggregate_id = x.id
     WHERE e.root_id = tree_as_of.root AND e.occurred_at <= tree_as_of.at
    UNION ALL
    SELECT e.tree_version, e.occurred_at
      FROM oms.execution_events AS e
     WHERE e.aggregate_id = tree_as_of.root AND e.root_id = tree_as_of.root AND e.occurred_at <= tree_as_of.at
  )
  SELECT max(h.tree_version), max(h.occurred_at) FROM heads AS h
$function$;
COMMENT ON FUNCTION oms.tree_as_of(text, timestamptz) IS 'Number and time of the newest event that a tree had at a moment';

CREATE FUNCTION oms.order_as_of(id text, at timestamptz) RETURNS oms.orders
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, e.root_id, e.payload -> 'state' AS state, e.hash
      FROM oms.order_events AS e
     WHERE e.aggregate_id = order_as_of.id AND e.occurred_at <= order_as_of.at
     ORDER BY e.version DESC LIMIT 1
  )
  SELECT r.*
    FROM newest AS n
    LEFT JOIN LATERAL oms.tree_as_of(n.root_id, order_as_of.at) AS t ON n.root_id = n.aggregate_id
   CROSS JOIN LATERAL oms.order_from_state(n.state || oms.tree_state(t.tree_version, t.updated_at), n.hash) AS r
$function$;
COMMENT ON FUNCTION oms.order_as_of(text, timestamptz) IS
  'The order as it stood at a moment of the server''s clock (occurred_at); null if it did not exist then';

CREATE FUNCTION oms.execution_as_of(id text, at timestamptz) RETURNS oms.executions
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH newest AS (
    SELECT e.aggregate_id, e.root_id, e.payload -> 'state' AS state, e.hash
      FROM oms.execution_events AS e
     WHERE e.aggregate_id = execution_as_of.id AND e.occurred_at <= execution_as_of.at
     ORDER BY e.version DESC LIMIT 1
  )
  SELECT r.*
    FROM newest AS n
    LEFT JOIN LATERAL oms.tree_as_of(n.root_id, execution_as_of.at) AS t ON n.root_id = n.aggregate_id
   CROSS JOIN LATERAL oms.execution_from_state(n.state || oms.tree_state(t.tree_version, t.updated_at), n.hash) AS r
$function$;
COMMENT ON FUNCTION oms.execution_as_of(text, timestamptz) IS
  'The execution as it stood at a moment of the server''s clock (occurred_at); null if it did not exist then';

-- 4. The rows made anew

-- Locks the table against writers until the transaction ends. A row without events stays where it is: what cannot
-- be made again is never thrown away; it is counted in a warning and named by oms.verify().
CREATE FUNCTION oms.rebuild(object text) RETURNS bigint
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $function$
DECLARE
  target text := CASE WHEN lower(object) IN ('order', 'orders') THEN 'orders'
                      WHEN lower(object) IN ('execution', 'executions') THEN 'executions' END;
  unreadable record;
  without_events bigint;
  made bigint;
BEGIN
  IF target IS NULL THEN
    RAISE EXCEPTION 'cannot rebuild "%"', object
      USING ERRCODE = 'invalid_parameter_value', DETAIL = 'The objects are: orders, executions.';
  END IF;
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'cannot rebuild at isolation level %', current_setting('transaction_isolation')
      USING ERRCODE = 'invalid_transaction_state',
            DETAIL = 'It must see what was committed until it had locked the table.',
            HINT = 'Run it at READ COMMITTED.';
  END IF;
  EXECUTE format('LOCK TABLE oms.%I IN SHARE ROW EXCLUSIVE MODE', target);

  EXECUTE format('SELECT r.id, r.sequence, r.problem FROM oms.%I() AS r WHERE r.problem IS NOT NULL ORDER BY r.sequence LIMIT 1',
                 'replay_' || target) INTO unreadable;
  IF unreadable.id IS NOT NULL THEN
    RAISE EXCEPTION 'cannot rebuild oms.%: the state in event % of "%" cannot be read', target, unreadable.sequence, unreadable.id
      USING ERRCODE = 'data_corrupted', DETAIL = unreadable.problem, HINT = 'SELECT * FROM oms.verify() names all that is damaged.';
  END IF;

  EXECUTE format('SELECT count(*) FROM oms.%I AS o WHERE NOT EXISTS (SELECT FROM oms.%I AS e WHERE e.aggregate_id = o.id)',
                 target, CASE target WHEN 'orders' THEN 'order_events' ELSE 'execution_events' END) INTO without_events;
  IF without_events > 0 THEN
    RAISE WARNING 'rows of oms.% without events, which stay as they are: %', target, without_events;
  END IF;

  EXECUTE format('DELETE FROM oms.%1$I AS o USING oms.%2$I() AS r WHERE r.id = o.id AND o IS DISTINCT FROM r.replayed',
                 target, 'replay_' || target);
  EXECUTE format('INSERT INTO oms.%1$I SELECT (r.replayed).* FROM oms.%2$I() AS r '
                 'WHERE NOT EXISTS (SELECT FROM oms.%1$I AS o WHERE o.id = r.id)', target, 'replay_' || target);
  GET DIAGNOSTICS made = ROW_COUNT;
  RETURN made;
END
$function$;
COMMENT ON FUNCTION oms.rebuild(text) IS
  'Makes the rows of oms.orders or oms.executions anew from the events; returns how many differed or were missing. For the owner only';

REVOKE ALL ON FUNCTION oms.order_from_state(jsonb, bytea), oms.execution_from_state(jsonb, bytea),
  oms.order_state(oms.orders), oms.execution_state(oms.executions),
  oms.order_state_problem(jsonb), oms.execution_state_problem(jsonb),
  oms.time_text(timestamptz), oms.tree_state(bigint, timestamptz),
  oms.replay_orders(), oms.replay_executions(), oms.tree_as_of(text, timestamptz),
  oms.order_as_of(text, timestamptz), oms.execution_as_of(text, timestamptz), oms.rebuild(text) FROM PUBLIC;
-- oms.verify(): every invariant of the store, computed again in the slow and obvious way, from the tables alone.
-- Written to share nothing with the C code that keeps them but the reading of a state (oms.order_from_state()).
-- Each function below returns what oms.verify() returns and stands for itself. What it reads may have been
-- damaged by hand, so that no cast here may fail.

-- 1. Numbers and times of events

CREATE FUNCTION oms.verify_event_numbers()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH in_object AS (
    SELECT e.object, e.aggregate_id, e.root_id, e.sequence, e.version,
           row_number() OVER (PARTITION BY e.object, e.aggregate_id ORDER BY e.version, e.sequence) AS position
      FROM oms.all_events AS e
  ), in_tree AS (
    SELECT e.object, e.aggregate_id, e.root_id, e.sequence, e.tree_version, e.occurred_at,
           row_number() OVER w AS position, lag(e.occurred_at) OVER w AS previous_time, lag(e.sequence) OVER w AS previous_sequence
      FROM oms.all_events AS e
    WINDOW w AS (PARTITION BY e.root_id ORDER BY e.tree_version, e.sequence)
  ), gaps AS (
    -- after the first gap every number is off: the first event says it all
    SELECT DISTINCT ON (v.object, v.aggregate_id) v.* FROM in_object AS v WHERE v.version <> v.position
     ORDER BY v.object, v.aggregate_id, v.position
  ), tree_gaps AS (
    SELECT DISTINCT ON (t.root_id) t.* FROM in_tree AS t WHERE t.tree_version <> t.position ORDER BY t.root_id, t.position
  )
  SELECT 'version_gap', g.object, g.aggregate_id, g.root_id, g.sequence,
         format('Version %s stands where version %s belongs.', g.version, g.position)
    FROM gaps AS g
  UNION ALL
  SELECT 'tree_version_gap', g.object, g.aggregate_id, g.root_id, g.sequence,
         format('Tree version %s stands where tree version %s belongs.', g.tree_version, g.position)
    FROM tree_gaps AS g
  UNION ALL
  SELECT 'event_time', t.object, t.aggregate_id, t.root_id, t.sequence,
         format('It occurred at %s, before the tree''s previous event at %s.', oms.time_text(t.occurred_at), oms.time_text(t.previous_time))
    FROM in_tree AS t WHERE t.occurred_at < t.previous_time
  UNION ALL
  SELECT 'sequence_order', t.object, t.aggregate_id, t.root_id, t.sequence,
         format('The tree''s previous event has sequence %s.', t.previous_sequence)
    FROM in_tree AS t WHERE t.sequence < t.previous_sequence
  UNION ALL
  SELECT 'sequence_duplicate', min(e.object), min(e.aggregate_id), min(e.root_id), e.sequence,
         format('%s events have this sequence: %s.', count(*), string_agg(format('%s %s version %s', e.object, e.aggregate_id, e.version), ', '))
    FROM oms.all_events AS e GROUP BY e.sequence HAVING count(*) > 1
$function$;
COMMENT ON FUNCTION oms.verify_event_numbers() IS
  'Part of oms.verify(): versions and tree versions run from 1 without gaps, sequences are unique, neither sequence nor time runs backwards in a tree';

-- 2. Content of events

-- A changed event breaks the chain at itself, or at the next one where its hash was made to fit; a removed or an
-- inserted one breaks it at the event that follows. Later breaks of the same object are not told.
CREATE FUNCTION oms.verify_hash_chains()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH chain AS (
    SELECT e.object, e.aggregate_id, e.version, e.sequence,
           row_number() OVER w AS position, lag(e.hash) OVER w AS previous_hash, lag(e.sequence) OVER w AS previous_sequence
      FROM oms.all_events AS e
    WINDOW w AS (PARTITION BY e.object, e.aggregate_id ORDER BY e.version, e.sequence)
  )
  SELECT DISTINCT ON (e.object, e.aggregate_id) 'hash_chain', e.object, e.aggregate_id, e.root_id, e.sequence,
         CASE WHEN c.version > c.position THEN format('Version %s is missing before version %s.', c.position, c.version)
              WHEN c.version < c.position THEN format('It is a second event of version %s.', c.version)
              WHEN c.previous_sequence IS NULL THEN 'Its hash is not that of its payload.'
              ELSE format('Its hash does not follow from that of event %s and its payload: one of the two was changed.', c.previous_sequence) END
    FROM chain AS c
    JOIN oms.all_events AS e ON e.sequence = c.sequence AND e.object = c.object AND e.aggregate_id = c.aggregate_id AND e.version = c.version
   WHERE c.version <> c.position
      OR e.hash <> sha256(coalesce(c.previous_hash, '') || convert_to(e.payload::text, 'UTF8'))
   ORDER BY e.object, e.aggregate_id, c.position
$function$;
COMMENT ON FUNCTION oms.verify_hash_chains() IS 'Part of oms.verify(): the first event of each object whose hash does not follow from what stands before it';

CREATE FUNCTION oms.verify_event_content()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH content AS (
    SELECT e.object, e.aggregate_id AS id, e.root_id, e.sequence,
           ARRAY['schemaVersion', 'aggregateType', 'aggregateId', 'rootId', 'version', 'treeVersion', 'sequence', 'eventType',
                 'occurredAt', 'actor', 'role', 'commandId', 'transition',
                 'state id', 'state rootId', 'state version'] AS fields,
           ARRAY['1', initcap(e.object), e.aggregate_id, e.root_id, e.version::text, e.tree_version::text, e.sequence::text, e.event_type,
                 oms.time_text(e.occurred_at), e.actor, e.role, e.command_id, e.transition::text,
                 e.aggregate_id, e.root_id, e.version::text] AS columns,
           ARRAY[p."schemaVersion", p."aggregateType", p."aggregateId", p."rootId", p.version, p."treeVersion", p.sequence, p."eventType",
                 p."occurredAt", p.actor, p.role, p."commandId", p.transition,
                 p.state ->> (e.object || 'Id'), p.state ->> 'rootId', p.state ->> 'version'] AS payload
      FROM oms.all_events AS e
     CROSS JOIN LATERAL jsonb_to_record(CASE jsonb_typeof(e.payload) WHEN 'object' THEN e.payload ELSE '{}' END)
           AS p ("schemaVersion" text, "aggregateType" text, "aggregateId" text, "rootId" text, version text, "treeVersion" text,
                 sequence text, "eventType" text, "occurredAt" text, actor text, role text, "commandId" text, transition text, state jsonb)
  )
  SELECT 'event_columns', c.object, c.id, c.root_id, c.sequence,
         (SELECT string_agg(format('%s of the payload is %s, not %s', v.field, coalesce(v.sent, 'missing'), v.stored), '; ')
            FROM unnest(c.fields, c.columns, c.payload) AS v (field, stored, sent) WHERE v.stored IS DISTINCT FROM v.sent) || '.'
    FROM content AS c WHERE c.columns IS DISTINCT FROM c.payload
  UNION ALL
  SELECT 'transition_unknown', e.object, e.aggregate_id, e.root_id, e.sequence,
         CASE WHEN t.transition IS NULL THEN format('There is no transition %s.', e.transition)
              ELSE format('Transition %s makes %s, not %s.', e.transition, t.event_type, e.event_type) END
    FROM oms.all_events AS e
    LEFT JOIN oms.list_transitions() AS t ON t.transition = e.transition
   WHERE t.event_type IS DISTINCT FROM e.event_type
$function$;
COMMENT ON FUNCTION oms.verify_event_content() IS
  'Part of oms.verify(): columns of an event repeat its payload, and its transition exists and makes such events';

-- 3. Rows against events

CREATE FUNCTION oms.verify_rows()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH differing AS (
    SELECT 'order' AS object, r.id, o.root_id, r.sequence, r.problem, to_jsonb(o) AS stored, to_jsonb(r.replayed) AS replayed
      FROM oms.replay_orders() AS r
      JOIN oms.orders AS o ON o.id = r.id
     WHERE o IS DISTINCT FROM r.replayed
    UNION ALL
    SELECT 'execution', r.id, o.root_id, r.sequence, r.problem, to_jsonb(o), to_jsonb(r.replayed)
      FROM oms.replay_executions() AS r
      JOIN oms.executions AS o ON o.id = r.id
     WHERE o IS DISTINCT FROM r.replayed
  ), columns AS (
    SELECT d.object, d.id, d.root_id, d.sequence,
           CASE WHEN s.key = 'hash' THEN 'row_hash'
                WHEN s.key IN ('version', 'tree_version', 'tree_updated_at') THEN 'row_version'
                ELSE 'row_state' END AS invariant,
           format('%s is %s, not %s', s.key, coalesce(s.value, 'null'), coalesce(d.replayed ->> s.key, 'null')) AS difference
      FROM differing AS d
     CROSS JOIN LATERAL jsonb_each_text(d.stored) AS s
     WHERE d.problem IS NULL AND d.stored -> s.key IS DISTINCT FROM d.replayed -> s.key
  )
  SELECT c.invariant, c.object, c.id, c.root_id, c.sequence, string_agg(c.difference, '; ' ORDER BY c.difference) || '.'
    FROM columns AS c GROUP BY c.invariant, c.object, c.id, c.root_id, c.sequence
  UNION ALL
  SELECT 'row_state', d.object, d.id, d.root_id, d.sequence, 'The state in its newest event cannot be read: ' || d.problem
    FROM differing AS d WHERE d.problem IS NOT NULL
$function$;
COMMENT ON FUNCTION oms.verify_rows() IS
  'Part of oms.verify(): every row is what its newest event says; a root''s tree_version and tree_updated_at are those of the tree''s newest event';

-- 4. Quantities

CREATE VIEW oms.order_facts WITH (security_invoker = true) AS
  SELECT o.id, o.root_id, o.parent_id, c.closed, f.filled, NOT c.closed AND NOT f.filled AS live,
         coalesce(o.conditions && ARRAY['DONE_FOR_DAY'], false)
           AND coalesce(o.time_in_force, 'DAY') NOT IN ('GOOD_TILL_CANCEL', 'GOOD_TILL_DATE') AS over_today,
         greatest(o.leaves_quantity, o.review_quantity, i.increased_leaves) AS reservation
    FROM oms.orders AS o
   CROSS JOIN LATERAL (SELECT coalesce(o.conditions && ARRAY['REJECTED', 'CANCELLED', 'EXPIRED', 'CALCULATED'], false)) AS c (closed)
   CROSS JOIN LATERAL (SELECT coalesce(o.order_qty > 0 AND o.executed_quantity >= o.order_qty, false)) AS f (filled)
   CROSS JOIN LATERAL (
     SELECT CASE WHEN c.closed THEN 0 ELSE max((p.request ->> 'orderQty')::numeric) - o.executed_quantity END AS increased_leaves
       FROM jsonb_array_elements(CASE jsonb_typeof(o.pending_requests) WHEN 'array' THEN o.pending_requests ELSE '[]' END) AS p (request)
      WHERE p.request ->> 'request' = 'REPLACE' AND jsonb_typeof(p.request -> 'orderQty') = 'number'
   ) AS i;
COMMENT ON VIEW oms.order_facts IS 'For oms.verify(): what follows from an order''s row alone';
COMMENT ON COLUMN oms.order_facts.over_today IS 'Done for day, and not good till a later one';
COMMENT ON COLUMN oms.order_facts.reservation IS
  'What the order reserves of its parent: the greatest of its leaves, what they become by an open replace request, and its fills in review';

CREATE FUNCTION oms.verify_roll_up()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH fills AS (
    SELECT e.order_id AS id,
           sum(e.quantity) FILTER (WHERE e.status IN ('VALIDATED', 'ALLOCATED')) AS executed,
           sum(e.last_qty * e.last_px) FILTER (WHERE e.status IN ('VALIDATED', 'ALLOCATED')) AS value,
           sum(e.quantity) FILTER (WHERE e.status = 'REVIEW') AS in_review
      FROM oms.executions AS e GROUP BY e.order_id
  ), children AS (
    SELECT o.parent_id AS id, sum(o.executed_quantity) AS executed, sum(o.executed_value) AS value, sum(o.leaves_quantity) AS leaves,
           sum(f.reservation) AS reserved, count(*) AS children, count(*) FILTER (WHERE f.live) AS live
      FROM oms.orders AS o
      JOIN oms.order_facts AS f ON f.id = o.id
     WHERE o.parent_id IS NOT NULL GROUP BY o.parent_id
  )
  SELECT 'roll_up', 'order', o.id, o.root_id, NULL::bigint,
         string_agg(format('%s is %s, not %s', v.name, v.stored, trim_scale(v.expected)), '; ' ORDER BY v.name) || '.'
    FROM oms.orders AS o
    LEFT JOIN fills AS f ON f.id = o.id
    LEFT JOIN children AS c ON c.id = o.id
   CROSS JOIN LATERAL (VALUES
     ('own_executed_quantity', o.own_executed_quantity, coalesce(f.executed, 0)),
     ('executed_quantity', o.executed_quantity, coalesce(f.executed, 0) + coalesce(c.executed, 0)),
     ('executed_value', o.executed_value, coalesce(f.value, 0) + coalesce(c.value, 0)),
     ('review_quantity', o.review_quantity, coalesce(f.in_review, 0)),
     ('working_quantity', o.working_quantity, coalesce(c.leaves, 0)),
     ('reserved_quantity', o.reserved_quantity, coalesce(c.reserved, 0)),
     ('child_count', o.child_count, coalesce(c.children, 0)),
     ('live_children', o.live_children, coalesce(c.live, 0))
   ) AS v (name, stored, expected)
   WHERE v.stored IS DISTINCT FROM v.expected
   GROUP BY o.id
$function$;
COMMENT ON FUNCTION oms.verify_roll_up() IS 'Part of oms.verify(): what an order sums up of its own fills and of its children';

CREATE FUNCTION oms.verify_derived()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH expected AS (
    SELECT o.*, f.filled,
           coalesce(o.conditions, '{}') AS holds,
           CASE WHEN f.closed OR f.over_today OR o.order_qty IS NULL THEN 0
                ELSE greatest(0, o.order_qty - o.executed_quantity) END AS leaves,
           -- whole units of the tenth decimal, the half rounded away from zero
           CASE WHEN o.executed_quantity = 0 THEN 0
                ELSE sign(o.executed_value) * 0.0000000001
                     * div(2 * abs(o.executed_value) * 10000000000 + o.executed_quantity, 2 * o.executed_quantity) END AS average,
           EXISTS (SELECT FROM jsonb_array_elements(r.requests) AS p WHERE p ->> 'request' = 'CANCEL' AND p ->> 'pending' = 'true') AS asks_cancel,
           EXISTS (SELECT FROM jsonb_array_elements(r.requests) AS p WHERE p ->> 'request' = 'REPLACE' AND p ->> 'pending' = 'true') AS asks_replace
      FROM oms.orders AS o
      JOIN oms.order_facts AS f ON f.id = o.id
     CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(o.pending_requests) WHEN 'array' THEN o.pending_requests ELSE '[]' END) AS r (requests)
  ), shown AS (
    -- FIX 4.4, Execution Report: precedence of OrdStatus
    SELECT x.*,
           CASE WHEN 'PENDING_CANCEL' = ANY (x.holds) THEN 'PENDING_CANCEL'
                WHEN 'PENDING_REPLACE' = ANY (x.holds) THEN 'PENDING_REPLACE'
                WHEN 'DONE_FOR_DAY' = ANY (x.holds) THEN 'DONE_FOR_DAY'
                WHEN 'CALCULATED' = ANY (x.holds) THEN 'CALCULATED'
                WHEN x.filled THEN 'FILLED'
                WHEN 'STOPPED' = ANY (x.holds) THEN 'STOPPED'
                WHEN 'SUSPENDED' = ANY (x.holds) THEN 'SUSPENDED'
                WHEN 'CANCELLED' = ANY (x.holds) THEN 'CANCELLED'
                WHEN 'EXPIRED' = ANY (x.holds) THEN 'EXPIRED'
                WHEN x.executed_quantity > 0 THEN 'PARTIALLY_FILLED'
                WHEN 'REJECTED' = ANY (x.holds) THEN 'REJECTED'
                WHEN 'NEW' = ANY (x.holds) THEN 'NEW'
                WHEN 'PENDING_NEW' = ANY (x.holds) THEN 'PENDING_NEW'
                WHEN 'ACCEPTED_FOR_BIDDING' = ANY (x.holds) THEN 'ACCEPTED_FOR_BIDDING' END AS shows
      FROM expected AS x
  )
  SELECT 'derived', 'order', s.id, s.root_id, NULL::bigint,
         string_agg(format('%s is %s, not %s', v.name, v.stored, coalesce(v.expected, 'known')), '; ' ORDER BY v.name) || '.'
    FROM shown AS s
   CROSS JOIN LATERAL (VALUES
     ('status', s.status, s.shows),
     ('leaves_quantity', trim_scale(s.leaves_quantity)::text, trim_scale(s.leaves)::text),
     ('unplaced_quantity', trim_scale(s.unplaced_quantity)::text, trim_scale(greatest(0, s.leaves - s.reserved_quantity))::text),
     ('avg_px', trim_scale(s.avg_px)::text, trim_scale(s.average)::text),
     ('condition PENDING_CANCEL', ('PENDING_CANCEL' = ANY (s.holds))::text, s.asks_cancel::text),
     ('condition PENDING_REPLACE', ('PENDING_REPLACE' = ANY (s.holds))::text, s.asks_replace::text)
   ) AS v (name, stored, expected)
   WHERE v.stored IS DISTINCT FROM v.expected
   GROUP BY s.id, s.root_id
$function$;
COMMENT ON FUNCTION oms.verify_derived() IS
  'Part of oms.verify(): status, leaves, unplaced quantity and average price of an order, and its pending conditions against its requests';

-- 5. Allocations and executions

CREATE VIEW oms.execution_allocations WITH (security_invoker = true) AS
  SELECT e.id AS execution_id, e.root_id, e.status IN ('VALIDATED', 'ALLOCATED') AS live, a.allocation ->> 'orderId' AS order_id,
         CASE jsonb_typeof(a.allocation -> 'quantity') WHEN 'number' THEN (a.allocation ->> 'quantity')::numeric END AS quantity
    FROM oms.executions AS e
   CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(e.allocations) WHEN 'array' THEN e.allocations ELSE '[]' END) AS a (allocation);
COMMENT ON VIEW oms.execution_allocations IS 'Which quantity of an execution goes to which order: one row an allocation';

CREATE FUNCTION oms.verify_allocation()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH named AS (
    SELECT a.order_id AS id, sum(a.quantity) AS quantity FROM oms.execution_allocations AS a WHERE a.live GROUP BY a.order_id
  ), fills AS (
    SELECT e.order_id AS id, sum(e.allocated_quantity) AS quantity
      FROM oms.executions AS e WHERE e.status IN ('VALIDATED', 'ALLOCATED') GROUP BY e.order_id
  ), children AS (
    SELECT o.parent_id AS id, sum(o.allocated_quantity) AS quantity FROM oms.orders AS o WHERE o.parent_id IS NOT NULL GROUP BY o.parent_id
  ), orders AS (
    SELECT o.id, o.root_id, o.allocated_quantity,
           CASE WHEN o.parent_id IS NULL THEN coalesce(n.quantity, 0) ELSE coalesce(f.quantity, 0) + coalesce(c.quantity, 0) END AS expected
      FROM oms.orders AS o
      LEFT JOIN named AS n ON n.id = o.id
      LEFT JOIN fills AS f ON f.id = o.id
      LEFT JOIN children AS c ON c.id = o.id
  ), executions AS (
    SELECT e.id, e.root_id, e.status, e.quantity, e.allocated_quantity, coalesce(a.quantity, 0) AS expected
      FROM oms.executions AS e
      LEFT JOIN (SELECT a.execution_id, sum(a.quantity) AS quantity FROM oms.execution_allocations AS a GROUP BY a.execution_id) AS a
        ON a.execution_id = e.id
  )
  SELECT 'allocation', 'order', o.id, o.root_id, NULL::bigint,
         format('allocated_quantity is %s, not %s.', o.allocated_quantity, trim_scale(o.expected))
    FROM orders AS o WHERE o.allocated_quantity IS DISTINCT FROM o.expected
  UNION ALL
  SELECT 'allocation', 'execution', e.id, e.root_id, NULL,
         format('allocated_quantity is %s, its allocations sum up to %s.', e.allocated_quantity, trim_scale(e.expected))
    FROM executions AS e WHERE e.allocated_quantity IS DISTINCT FROM e.expected
  UNION ALL
  SELECT 'allocation', 'execution', e.id, e.root_id, NULL,
         format('%s of %s is allocated, and its status is %s.', e.allocated_quantity, e.quantity, e.status)
    FROM executions AS e
   WHERE e.allocated_quantity > e.quantity
      OR e.status = 'ALLOCATED' AND e.allocated_quantity < e.quantity
      OR e.status = 'VALIDATED' AND e.allocated_quantity >= e.quantity
  UNION ALL
  SELECT 'allocation', 'execution', a.execution_id, a.root_id, NULL,
         format('It allocates %s to order %s, which does not exist.', coalesce(a.quantity::text, 'nothing'), coalesce(a.order_id, 'null'))
    FROM oms.execution_allocations AS a WHERE NOT EXISTS (SELECT FROM oms.orders AS o WHERE o.id = a.order_id)
$function$;
COMMENT ON FUNCTION oms.verify_allocation() IS 'Part of oms.verify(): allocations of executions, their sums on orders, and the status that follows';

CREATE FUNCTION oms.verify_execution_links()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH facts AS (
    SELECT e.id, e.root_id, e.status, e.order_id, e.quantity, e.quantity_factor, e.review_reasons, e.correcting_execution_id, e.corrected_execution_id,
           round(e.last_qty * coalesce(e.quantity_factor, 1), greatest(10, scale(e.last_qty))) AS counts,
           corrected.id AS corrected, corrected.correcting_execution_id AS corrected_by,
           correcting.id AS correcting, correcting.corrected_execution_id AS correcting_of
      FROM oms.executions AS e
      LEFT JOIN oms.executions AS corrected ON corrected.id = e.corrected_execution_id
      LEFT JOIN oms.executions AS correcting ON correcting.id = e.correcting_execution_id
  )
  SELECT 'execution_links', 'execution', f.id, f.root_id, NULL::bigint, v.detail
    FROM facts AS f
   CROSS JOIN LATERAL (VALUES
     -- a split rounds each fill and gives the largest what is left: there the sums decide (roll_up)
     (f.quantity IS DISTINCT FROM f.counts AND f.quantity_factor IS NULL OR f.quantity < 0, format('Its quantity is %s, not %s.', f.quantity, trim_scale(f.counts))),
     (f.status IN ('VALIDATED', 'ALLOCATED') AND f.order_id IS NULL, format('It is %s without an order.', f.status)),
     (f.status = 'REVIEW' AND coalesce(jsonb_typeof(f.review_reasons) <> 'array' OR f.review_reasons = '[]', true), 'It is in review without a reason.'),
     (f.status = 'CORRECTED' AND f.correcting_execution_id IS NULL, 'It is corrected, and nothing names what corrects it.'),
     (f.status IN ('VALIDATED', 'ALLOCATED', 'REVIEW') AND f.correcting_execution_id IS NOT NULL,
      format('It is %s, and execution %s corrects it.', f.status, f.correcting_execution_id)),
     -- a correction that waited in review is overtaken by one of the fill itself
     (f.correcting_execution_id IS NOT NULL AND f.correcting_of IS DISTINCT FROM f.id
      AND NOT (f.review_reasons IS NOT NULL AND f.corrected_execution_id IS NOT NULL AND f.correcting IS NOT NULL),
      format('Execution %s, which corrects it, %s.', f.correcting_execution_id, CASE WHEN f.correcting IS NULL THEN 'does not exist' ELSE 'does not name it' END)),
     -- a correction that waited in review and ended there has corrected nothing
     ((f.status IN ('VALIDATED', 'ALLOCATED') OR f.status IN ('CORRECTED', 'BUSTED') AND f.review_reasons IS NULL)
      AND f.corrected_execution_id IS NOT NULL AND f.corrected_by IS DISTINCT FROM f.id,
      format('Execution %s, which it corrects, %s.', f.corrected_execution_id, CASE WHEN f.corrected IS NULL THEN 'does not exist' ELSE 'does not name it' END))
   ) AS v (broken, detail)
   WHERE v.broken
$function$;
COMMENT ON FUNCTION oms.verify_execution_links() IS
  'Part of oms.verify(): corrections are linked both ways, a live execution has an order, one in review has reasons, and each counts what was reported times its factor';

-- 6. Nothing without what it belongs to

CREATE FUNCTION oms.verify_orphans()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT 'orphan', 'order', o.id, o.root_id, NULL::bigint, v.detail
    FROM oms.orders AS o
    LEFT JOIN oms.orders AS r ON r.id = o.root_id
    LEFT JOIN oms.orders AS p ON p.id = o.parent_id
   CROSS JOIN LATERAL (VALUES
     (o.parent_id IS NULL AND o.root_id <> o.id, format('It has no parent, and its root is %s.', o.root_id)),
     (o.parent_id IS NOT NULL AND r.id IS NULL, format('Its root %s does not exist.', o.root_id)),
     (o.parent_id IS NOT NULL AND r.parent_id IS NOT NULL, format('Its root %s is no root.', o.root_id)),
     (o.parent_id IS NOT NULL AND p.id IS NULL, format('Its parent %s does not exist.', o.parent_id)),
     (p.root_id <> o.root_id, format('Its parent %s is in the tree of %s.', o.parent_id, p.root_id))
   ) AS v (broken, detail)
   WHERE v.broken
  UNION ALL
  SELECT 'orphan', 'execution', e.id, e.root_id, NULL, v.detail
    FROM oms.executions AS e
    LEFT JOIN oms.orders AS o ON o.id = e.order_id
   CROSS JOIN LATERAL (VALUES
     (e.order_id IS NOT NULL AND o.id IS NULL, format('Its order %s does not exist.', e.order_id)),
     (o.root_id <> e.root_id, format('Its order %s is in the tree of %s.', e.order_id, o.root_id)),
     (e.order_id IS NULL AND e.root_id <> e.id, format('It has no order, and its root is %s.', e.root_id))
   ) AS v (broken, detail)
   WHERE v.broken
  UNION ALL
  SELECT 'orphan', 'order', o.id, o.root_id, NULL, 'It has no events.'
    FROM oms.orders AS o WHERE NOT EXISTS (SELECT FROM oms.order_events AS e WHERE e.aggregate_id = o.id)
  UNION ALL
  SELECT 'orphan', 'execution', x.id, x.root_id, NULL, 'It has no events.'
    FROM oms.executions AS x WHERE NOT EXISTS (SELECT FROM oms.execution_events AS e WHERE e.aggregate_id = x.id)
  UNION ALL
  SELECT 'orphan', 'order', e.aggregate_id, min(e.root_id), max(e.sequence), format('It has %s events and no row.', count(*))
    FROM oms.order_events AS e WHERE NOT EXISTS (SELECT FROM oms.orders AS o WHERE o.id = e.aggregate_id) GROUP BY e.aggregate_id
  UNION ALL
  SELECT 'orphan', 'execution', e.aggregate_id, min(e.root_id), max(e.sequence), format('It has %s events and no row.', count(*))
    FROM oms.execution_events AS e WHERE NOT EXISTS (SELECT FROM oms.executions AS x WHERE x.id = e.aggregate_id) GROUP BY e.aggregate_id
$function$;
COMMENT ON FUNCTION oms.verify_orphans() IS
  'Part of oms.verify(): parents, roots and orders exist and are of the same tree; no row is without events, no event without its row';

CREATE FUNCTION oms.verify_identifiers()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT 'orphan', 'order', c.order_id, NULL, NULL::bigint,
         format('ClOrdID %s of session "%s" names this order, which does not exist.', c.cl_ord_id, c.fix_session)
    FROM oms.cl_ord_ids AS c WHERE NOT EXISTS (SELECT FROM oms.orders AS o WHERE o.id = c.order_id)
  UNION ALL
  SELECT 'orphan', 'order', c.order_id, NULL, NULL,
         format('OrderID %s of session "%s" names this order, which does not exist.', c.counterparty_order_id, c.fix_session)
    FROM oms.counterparty_order_ids AS c WHERE NOT EXISTS (SELECT FROM oms.orders AS o WHERE o.id = c.order_id)
  UNION ALL
  SELECT 'identifier', 'order', o.id, o.root_id, NULL,
         format('Its ClOrdID %s stands %s in oms.cl_ord_ids.', o.cl_ord_id,
                CASE WHEN c.order_id IS NULL THEN 'nowhere' ELSE format('for order %s', c.order_id) END)
    FROM oms.orders AS o
    LEFT JOIN oms.cl_ord_ids AS c ON c.fix_session = coalesce(o.fix_session, '') AND c.cl_ord_id = o.cl_ord_id
   WHERE o.cl_ord_id IS NOT NULL AND c.order_id IS DISTINCT FROM o.id
$function$;
COMMENT ON FUNCTION oms.verify_identifiers() IS 'Part of oms.verify(): the ids counterparties know orders under name orders that exist, and every order is known under its ClOrdID';

-- 7. The guards of the event tables

CREATE FUNCTION oms.verify_guards()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH tables AS (
    SELECT p.relid, p.isleaf
      FROM (VALUES ('oms.order_events'::regclass), ('oms.execution_events')) AS e (parent)
     CROSS JOIN LATERAL pg_partition_tree(e.parent) AS p
  ), guards AS (
    -- pg_trigger.tgtype: 1 for each row, 2 before, 8 delete, 16 update, 32 truncate
    SELECT t.tgrelid, t.tgtype FROM pg_trigger AS t
     WHERE t.tgfoid = 'oms.refuse_event_change'::regproc AND t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL AND t.tgattr = ''
  ), keys AS (
    SELECT i.indrelid, array_agg(a.attname::text ORDER BY k.position) AS columns
      FROM pg_index AS i
     CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, position)
      JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL
     GROUP BY i.indexrelid, i.indrelid
  )
  SELECT 'append_only', 'table', t.relid::regclass::text, NULL, NULL::bigint, v.detail
    FROM tables AS t
   CROSS JOIN LATERAL (VALUES
     (NOT EXISTS (SELECT FROM guards AS g WHERE g.tgrelid = t.relid AND g.tgtype & 27 = 27), 'No enabled trigger refuses UPDATE and DELETE.'),
     (NOT EXISTS (SELECT FROM guards AS g WHERE g.tgrelid = t.relid AND g.tgtype & 35 = 34), 'No enabled trigger refuses TRUNCATE.'),
     (t.isleaf AND NOT EXISTS (SELECT FROM keys AS k WHERE k.indrelid = t.relid AND k.columns = ARRAY['sequence']),
      'No unique index is on sequence.'),
     (t.isleaf AND NOT EXISTS (SELECT FROM keys AS k WHERE k.indrelid = t.relid AND k.columns = ARRAY['aggregate_id', 'version']),
      'No unique index is on aggregate_id, version.')
   ) AS v (broken, detail)
   WHERE v.broken AND (t.isleaf OR v.detail LIKE 'No enabled%')
$function$;
COMMENT ON FUNCTION oms.verify_guards() IS 'Part of oms.verify(): every event table and partition has the triggers that keep it append-only, and its unique indexes';

-- 8. All of it

CREATE FUNCTION oms.verify()
  RETURNS TABLE (invariant text, object text, id text, root_id text, sequence bigint, detail text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
  SET work_mem = '64MB'
AS $function$
  SELECT v.invariant, v.object, v.id, v.root_id, v.sequence, v.detail
    FROM (
      SELECT * FROM oms.verify_event_numbers()
      UNION ALL SELECT * FROM oms.verify_hash_chains()
      UNION ALL SELECT * FROM oms.verify_event_content()
      UNION ALL SELECT * FROM oms.verify_rows()
      UNION ALL SELECT * FROM oms.verify_roll_up()
      UNION ALL SELECT * FROM oms.verify_derived()
      UNION ALL SELECT * FROM oms.verify_allocation()
      UNION ALL SELECT * FROM oms.verify_execution_links()
      UNION ALL SELECT * FROM oms.verify_orphans()
      UNION ALL SELECT * FROM oms.verify_identifiers()
      UNION ALL SELECT * FROM oms.verify_guards()
    ) AS v
   ORDER BY v.root_id, v.sequence, v.invariant, v.object, v.id
$function$;
COMMENT ON FUNCTION oms.verify() IS
  'One row for each broken invariant, none when all hold: rows against events, hash chains, numbers, sums, links, orphans, guards';

REVOKE ALL ON FUNCTION oms.verify(), oms.verify_event_numbers(), oms.verify_hash_chains(), oms.verify_event_content(), oms.verify_rows(),
  oms.verify_roll_up(), oms.verify_derived(), oms.verify_allocation(), oms.verify_execution_links(), oms.verify_orphans(),
  oms.verify_identifiers(), oms.verify_guards() FROM PUBLIC;
-- The way out: the publication and the slot that a bridge reads events from, and how they fare.
-- Neither is a member of the extension: a publication cannot be one, and a slot is outside of the database.

-- Tables that a publication has beside ours are left in it: somebody put them there.
CREATE FUNCTION oms.publication_repairs(publication name)
  RETURNS TABLE (object text, name text, was text, action text, loses boolean, statement text)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH found AS (
    SELECT p.*, concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                          CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) AS publishes
      FROM pg_publication AS p WHERE p.pubname = $1
  ), members AS (
    SELECT t.table_name, m.oid IS NOT NULL AS is_member, m.prqual IS NOT NULL OR m.prattrs IS NOT NULL AS is_part
      FROM found
     CROSS JOIN oms.event_tables() AS t
      LEFT JOIN pg_publication_rel AS m ON m.prpubid = found.oid AND m.prrelid = t.relid
     WHERE NOT found.puballtables
  ), wanted AS (
    SELECT string_agg(format('oms.%I', t.table_name), ', ') AS tables FROM oms.event_tables() AS t
  )
  SELECT 'publication', $1, 'missing', 'created for ' || w.tables, true,
         format('CREATE PUBLICATION %I FOR TABLE %s WITH (publish = ''insert'', publish_via_partition_root = true); '
                'COMMENT ON PUBLICATION %1$I IS ''oms_state: events, for oms_bridge and Debezium''', $1, w.tables)
    FROM wanted AS w WHERE NOT EXISTS (SELECT FROM found)
  UNION ALL
  SELECT 'publication', $1, 'for all tables', 'none: only its owner can make another of it', NOT f.pubinsert, NULL
    FROM found AS f WHERE f.puballtables
  UNION ALL
  SELECT 'publication', $1, format('publish = ''%s'', publish_via_partition_root = %s', f.publishes, f.pubviaroot::text),
         'set publish = ''insert'', publish_via_partition_root = true', NOT (f.pubinsert AND f.pubviaroot),
         format('ALTER PUBLICATION %I SET (publish = ''insert'', publish_via_partition_root = true)', $1)
    FROM found AS f WHERE NOT f.puballtables AND NOT (f.publishes = 'insert' AND f.pubviaroot)
  UNION ALL
  SELECT 'table', 'oms.' || m.table_name, 'not in the publication', 'added', true,
         format('ALTER PUBLICATION %I ADD TABLE oms.%I', $1, m.table_name)
    FROM members AS m WHERE NOT m.is_member
  UNION ALL
  SELECT 'table', 'oms.' || m.table_name, 'published in part (row filter or column list)', 'published whole', true,
         format('ALTER PUBLICATION %I DROP TABLE oms.%I; ALTER PUBLICATION %1$I ADD TABLE oms.%2$I', $1, m.table_name)
    FROM members AS m WHERE m.is_part
   ORDER BY 1, 2
$function$;
COMMENT ON FUNCTION oms.publication_repairs(name) IS
  'What is wrong with the publication of the event tables, and the statement that repairs it; no row when all is well';

CREATE FUNCTION oms.repair_publication(publication name)
  RETURNS TABLE (object text, name text, was text, action text, loses boolean)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  repair record;
BEGIN
  -- one at a time; the key is this function's name
  PERFORM pg_advisory_xact_lock(hashtext('oms.repair_publication'), 0);
  FOR repair IN SELECT * FROM oms.publication_repairs(publication) LOOP
    IF repair.statement IS NULL THEN
      RAISE EXCEPTION 'publication "%" is for all tables and cannot be made one of the event tables', publication
        USING ERRCODE = 'OM011', HINT = format('Name another publication, or DROP PUBLICATION %I and call again.', publication);
    END IF;
    EXECUTE repair.statement;
    object := repair.object;
    name := repair.name;
    was := repair.was;
    action := repair.action;
    loses := repair.loses;
    RETURN NEXT;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.repair_publication(name) IS
  'Makes or repairs the publication of the event tables, with the rights of the caller and in its transaction';

CREATE FUNCTION oms.commit_publication(publication name) RETURNS jsonb
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_commit_publication';
COMMENT ON FUNCTION oms.commit_publication(name) IS
  'oms.repair_publication() in a transaction of its own, which is committed when it returns; its rows as an array';

CREATE FUNCTION oms.choose_output_plugin(plugin name) RETURNS name
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_choose_output_plugin';
COMMENT ON FUNCTION oms.choose_output_plugin(name) IS
  'The output plugin if it can be used here, else an error that says how; of null wal2json where the server allows it, else pgoutput';

CREATE FUNCTION oms.output_plugin_problem(plugin name, OUT problem text, OUT hint text)
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_output_plugin_problem';
COMMENT ON FUNCTION oms.output_plugin_problem(name) IS 'Why a bridge cannot read with this output plugin here; nulls when it can';

CREATE FUNCTION oms.check_slot_caller(slot name, publication name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF slot IS NULL OR publication IS NULL THEN
    RAISE EXCEPTION 'slot and publication must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF slot::text !~ '^[a-z0-9_]+$' THEN
    RAISE EXCEPTION 'replication slot name "%" is not valid', slot
      USING ERRCODE = 'invalid_name', HINT = 'It may have lower-case letters, digits and underscores only.';
  END IF;
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION 'a slot cannot be made on a standby'
      USING ERRCODE = 'read_only_sql_transaction', HINT = 'Call oms.create_slot() on the primary.';
  END IF;
  IF current_setting('wal_level') <> 'logical' THEN
    RAISE EXCEPTION 'events cannot be decoded at wal_level "%"', current_setting('wal_level')
      USING ERRCODE = 'OM011', HINT = 'Set wal_level = ''logical'' in postgresql.conf and restart the server.';
  END IF;
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RAISE EXCEPTION 'a slot cannot be made in a transaction that has written'
      USING ERRCODE = 'active_sql_transaction',
            DETAIL = 'PostgreSQL waits for all writing transactions to end before a slot is there.',
            HINT = 'Call oms.create_slot() in a transaction of its own.';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = current_user AND (r.rolsuper OR r.rolreplication)) THEN
    RAISE EXCEPTION 'role "%" may not make a slot', current_user
      USING ERRCODE = 'insufficient_privilege', HINT = format('A superuser can ALTER ROLE %I REPLICATION.', current_user);
  END IF;
END
$function$;
COMMENT ON FUNCTION oms.check_slot_caller(name, name) IS 'Part of oms.create_slot(): whether this call can succeed at all';

-- What stands in the way of using the slot as it is: an error. Returns whether it must be made: 'missing', 'lost' or null.
CREATE FUNCTION oms.check_slot(slot name, plugin name) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  there record;
  again constant text := format('Name another slot, or drop it (SELECT * FROM oms.drop_slot(%L)) and call again; the bridge then reconciles.', slot);
BEGIN
  SELECT * INTO there FROM pg_replication_slots AS s WHERE s.slot_name = slot;
  IF NOT FOUND THEN
    RETURN 'missing';
  END IF;
  IF there.slot_type <> 'logical' OR there.database <> current_database() OR there.temporary THEN
    RAISE EXCEPTION 'replication slot "%" is not a lasting one of this database', slot
      USING ERRCODE = 'OM011', HINT = 'Name another slot.',
            DETAIL = format('It is %s%s%s.', CASE WHEN there.temporary THEN 'temporary and ' END, there.slot_type,
                            ', of database "' || there.database || '"');
  END IF;
  IF there.plugin <> coalesce(plugin, there.plugin) THEN
    RAISE EXCEPTION 'replication slot "%" decodes with "%", not with "%"', slot, there.plugin, plugin USING ERRCODE = 'OM011', HINT = again;
  END IF;
  IF there.wal_status = 'lost' THEN
    IF there.active THEN
      RAISE EXCEPTION 'replication slot "%" is lost and still in use by process %', slot, there.active_pid
        USING ERRCODE = 'object_in_use', HINT = 'Stop its reader and call again: the slot is then made anew.';
    END IF;
    RETURN 'lost';
  END IF;
  PERFORM oms.choose_output_plugin(there.plugin);
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION oms.check_slot(name, name) IS
  'Part of oms.create_slot(): whether the slot is missing or lost, null when it is well; an error when it cannot be used';

CREATE FUNCTION oms.create_slot(slot name DEFAULT 'oms_cdc', plugin name DEFAULT NULL, publication name DEFAULT 'oms_events')
  RETURNS TABLE (object text, name text, was text, action text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  chosen name;
  problem text;
  others text;
  repaired jsonb := '[]';
BEGIN
  PERFORM oms.check_slot_caller(slot, publication);
  -- one at a time; the key is this function's name
  PERFORM pg_advisory_xact_lock(hashtext('oms.create_slot'), 0);
  problem := oms.check_slot(slot, plugin);
  SELECT s.plugin INTO chosen FROM pg_replication_slots AS s WHERE s.slot_name = slot;
  chosen := oms.choose_output_plugin(coalesce(plugin, chosen));

  -- committed before the slot is made: pgoutput never gets over a change that is older than its publication
  IF EXISTS (SELECT FROM oms.publication_repairs(publication)) THEN
    repaired := oms.commit_publication(publication);
  END IF;
  RETURN QUERY SELECT r.object, r.name, r.was, r.action FROM jsonb_to_recordset(repaired) AS r (object text, name text, was text, action text);
  IF NOT FOUND THEN
    RETURN QUERY VALUES ('publication', publication::text, 'right', 'none');
  END IF;
  SELECT string_agg(format('%I.%I', t.schemaname, t.tablename), ', ' ORDER BY t.schemaname, t.tablename) INTO others
    FROM pg_publication_tables AS t
   WHERE t.pubname = publication AND NOT (t.schemaname = 'oms' AND t.tablename IN (SELECT e.table_name FROM oms.event_tables() AS e));
  IF others IS NOT NULL THEN
    RETURN QUERY VALUES ('publication', publication::text, 'has other tables: ' || others, 'none: not ours to remove');
  END IF;

  IF problem IS NULL THEN
    IF chosen = 'pgoutput' AND jsonb_path_exists(repaired, '$[*] ? (@.loses == true)') THEN
      RAISE WARNING 'replication slot "%" is older than the repair of publication "%"', slot, publication
        USING DETAIL = 'Events that it has not sent yet, of the time before, may be missing from it or stop it.',
              HINT = format('Stop its reader, SELECT * FROM oms.drop_slot(%L) and call again; the bridge then reconciles.', slot);
    END IF;
    RETURN QUERY SELECT 'slot', slot::text, format('%s, %s', s.plugin, s.wal_status), 'none' FROM pg_replication_slots AS s WHERE s.slot_name = slot;
    RETURN;
  END IF;
  IF problem = 'lost' THEN
    PERFORM pg_drop_replication_slot(slot);
  END IF;
  PERFORM pg_create_logical_replication_slot(slot, chosen);
  RETURN QUERY SELECT 'slot', slot::text, problem, format('%s with %s, from %s', CASE problem WHEN 'lost' THEN 'made anew' ELSE 'created' END,
                                                           s.plugin, s.confirmed_flush_lsn)
                 FROM pg_replication_slots AS s WHERE s.slot_name = slot;
END
$function$;
COMMENT ON FUNCTION oms.create_slot(name, name, name) IS
  'Makes or repairs the publication of the event tables and the logical slot; says what it found and did';

CREATE FUNCTION oms.drop_slot(slot name DEFAULT 'oms_cdc', publication name DEFAULT NULL)
  RETURNS TABLE (object text, name text, was text, action text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  there record;
  is_there boolean;
BEGIN
  SELECT * INTO there FROM pg_replication_slots AS s WHERE s.slot_name = slot;
  is_there := FOUND;
  IF is_there AND (there.slot_type <> 'logical' OR there.database <> current_database()) THEN
    RAISE EXCEPTION 'replication slot "%" is not a logical one of this database', slot
      USING ERRCODE = 'OM011', HINT = 'Drop it with pg_drop_replication_slot() if it is yours.';
  END IF;
  IF is_there AND there.active THEN
    RAISE EXCEPTION 'replication slot "%" is in use by process %', slot, there.active_pid
      USING ERRCODE = 'object_in_use',
            HINT = format('Stop its reader first; if it cannot be stopped where it runs: SELECT pg_terminate_backend(%s).', there.active_pid);
  END IF;

  -- first what a rollback would undo
  IF publication IS NOT NULL THEN
    IF EXISTS (SELECT FROM pg_publication AS p WHERE p.pubname = publication) THEN
      EXECUTE format('DROP PUBLICATION %I', publication);
      RETURN QUERY VALUES ('publication', publication::text, 'there', 'dropped');
    ELSE
      RETURN QUERY VALUES ('publication', publication::text, 'missing', 'none');
    END IF;
  END IF;
  IF is_there THEN
    PERFORM pg_drop_replication_slot(slot);
    RETURN QUERY VALUES ('slot', slot::text, format('%s, %s', there.plugin, coalesce(there.wal_status, 'new')), 'dropped');
  ELSE
    RETURN QUERY VALUES ('slot', slot::text, 'missing', 'none');
  END IF;
END
$function$;
COMMENT ON FUNCTION oms.drop_slot(name, name) IS
  'Drops the slot unless it is in use, and the publication too if one is named; others may read the same publication';

-- ---------------------------------------------------------------------------------------------------
-- how they fare
-- ---------------------------------------------------------------------------------------------------

CREATE FUNCTION oms.seconds_unconfirmed(position_in_wal pg_lsn) RETURNS double precision
  LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'oms_seconds_unconfirmed';
COMMENT ON FUNCTION oms.seconds_unconfirmed(pg_lsn) IS
  'Age of the first commit of this database after a position in the WAL: 0 without one, null where that part of the WAL cannot tell';

CREATE FUNCTION oms.slot_limits(OUT alert_bytes bigint, OUT alert_seconds integer)
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_slot_limits';
COMMENT ON FUNCTION oms.slot_limits() IS 'The settings oms_state.slot_alert_size and slot_alert_age, null for never';

-- Ours by its name, or by the comment that oms.create_slot() gives one of another name.
CREATE FUNCTION oms.event_publications() RETURNS TABLE (publication name)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT p.pubname FROM pg_publication AS p
   WHERE p.pubname = 'oms_events' OR obj_description(p.oid, 'pg_publication') LIKE 'oms\_state:%'
$function$;
COMMENT ON FUNCTION oms.event_publications() IS 'The publications of the event tables: oms_events, and what oms.create_slot() made';

-- Every logical slot of this database: each decodes the event tables and holds back WAL, whoever reads it.
CREATE VIEW oms.stat_bridge WITH (security_invoker = true) AS
  SELECT s.slot_name, s.plugin, s.active, s.active_pid, r.application_name, r.client_addr, r.state,
         s.confirmed_flush_lsn, s.restart_lsn,
         CASE WHEN s.confirmed_flush_lsn IS NOT NULL THEN greatest(pg_wal_lsn_diff(w.lsn, s.confirmed_flush_lsn), 0)::bigint END AS lag_bytes,
         CASE WHEN s.restart_lsn IS NOT NULL THEN greatest(pg_wal_lsn_diff(w.lsn, s.restart_lsn), 0)::bigint END AS retained_bytes,
         CASE WHEN s.wal_status <> 'lost' THEN oms.seconds_unconfirmed(s.confirmed_flush_lsn) END AS lag_seconds,
         s.wal_status, s.safe_wal_size, d.spill_txns, d.spill_bytes, d.total_txns, d.total_bytes, p.publication_ok
    FROM pg_replication_slots AS s
   CROSS JOIN (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn) AS w
   CROSS JOIN (SELECT count(*) > 0 AND count(x.object) = 0 AS publication_ok
                 FROM oms.event_publications() AS e LEFT JOIN LATERAL oms.publication_repairs(e.publication) AS x ON true) AS p
    LEFT JOIN pg_stat_replication AS r ON r.pid = s.active_pid
    LEFT JOIN pg_stat_replication_slots AS d ON d.slot_name = s.slot_name
   WHERE s.slot_type = 'logical' AND s.database = current_database();
COMMENT ON VIEW oms.stat_bridge IS 'How the logical slots of this database fare, by which events leave it';
COMMENT ON COLUMN oms.stat_bridge.application_name IS 'The reader; null for whom pg_stat_replication does not show it';
COMMENT ON COLUMN oms.stat_bridge.confirmed_flush_lsn IS 'The reader has confirmed what was committed before this position';
COMMENT ON COLUMN oms.stat_bridge.lag_bytes IS 'WAL that is written and not confirmed, of whatever';
COMMENT ON COLUMN oms.stat_bridge.retained_bytes IS 'WAL that is kept for the slot';
COMMENT ON COLUMN oms.stat_bridge.lag_seconds IS
  'Age of the oldest commit of this database that is not confirmed, whatever it changed; 0 without one; null where 16 MB of WAL have none, or it is gone';
COMMENT ON COLUMN oms.stat_bridge.spill_bytes IS 'What decoding wrote to disk, because transactions outgrew logical_decoding_work_mem';
COMMENT ON COLUMN oms.stat_bridge.publication_ok IS 'The publication has all event tables, whole; pgoutput needs it, wal2json does not';

CREATE VIEW oms.bridge_alerts WITH (security_invoker = true) AS
  SELECT a.severity, a.what, b.slot_name::text AS name, a.detail, a.hint
    FROM oms.stat_bridge AS b
   CROSS JOIN oms.slot_limits() AS l
   CROSS JOIN LATERAL oms.output_plugin_problem(b.plugin) AS p
   CROSS JOIN LATERAL (VALUES
     ('critical', 'slot_lost', b.wal_status = 'lost',
      'WAL that it needs has been removed.',
      format('SELECT * FROM oms.create_slot(%L) makes it anew once its reader is stopped; the bridge then reconciles.', b.slot_name)),
     ('critical', 'slot_unreserved', b.wal_status = 'unreserved',
      'The next checkpoint may remove WAL that it needs.',
      'Start its reader, or let it catch up; raise max_slot_wal_keep_size where the disk has room.'),
     ('critical', 'slot_near_limit', b.wal_status IN ('reserved', 'extended') AND b.safe_wal_size < b.retained_bytes,
      format('%s are held back; after another %s it is lost.', pg_size_pretty(b.retained_bytes), pg_size_pretty(b.safe_wal_size)),
      'Start its reader, or let it catch up; raise max_slot_wal_keep_size where the disk has room.'),
     ('warning', 'slot_holds_back', b.retained_bytes > l.alert_bytes,
      format('%s are held back, more than oms_state.slot_alert_size (%s).', pg_size_pretty(b.retained_bytes), pg_size_pretty(l.alert_bytes)),
      format('Start its reader, or let it catch up. Is it not needed: SELECT * FROM oms.drop_slot(%L).', b.slot_name)),
     ('warning', 'slot_inactive', NOT b.active AND b.lag_seconds > l.alert_seconds,
      format('Nobody reads it; the oldest commit that is not confirmed is %s s old.', round(b.lag_seconds)),
      format('Start its reader. Is it not needed: SELECT * FROM oms.drop_slot(%L).', b.slot_name)),
     ('warning', 'slot_behind', b.active AND b.lag_seconds > l.alert_seconds,
      format('Process %s reads it; the oldest commit that is not confirmed is %s s old.', b.active_pid, round(b.lag_seconds)),
      'Look at the reader''s log: Kafka may be down, or it cannot keep up.'),
     ('critical', 'plugin_not_usable', p.problem IS NOT NULL AND b.plugin IN ('wal2json', 'pgoutput'),
      p.problem || '.', p.hint)
   ) AS a (severity, what, holds, detail, hint)
   WHERE a.holds
  UNION ALL
  SELECT CASE WHEN bool_or(r.loses) THEN 'critical' ELSE 'warning' END, 'publication_wrong', e.publication::text,
         string_agg(format('%s %s: %s.', r.object, r.name, r.was), ' '),
         format('SELECT * FROM oms.repair_publication(%L); slots with pgoutput must then be dropped and made anew where a table was missing.', e.publication)
    FROM oms.event_publications() AS e
   CROSS JOIN LATERAL oms.publication_repairs(e.publication) AS r
   GROUP BY e.publication
  UNION ALL
  SELECT 'critical', 'publication_missing', b.slot_name::text, 'It decodes with pgoutput, and there is no publication of the event tables.',
         format('SELECT * FROM oms.create_slot(%L) makes one.', b.slot_name)
    FROM oms.stat_bridge AS b
   WHERE b.plugin = 'pgoutput' AND b.slot_name LIKE 'oms\_%' AND NOT EXISTS (SELECT FROM oms.event_publications())
  UNION ALL
  SELECT 'warning', 'no_slot', e.publication::text, 'There is a publication, and no logical slot in this database.',
         'SELECT * FROM oms.create_slot(), and start the bridge; after a failover it reconciles. Is nothing to leave: DROP PUBLICATION.'
    FROM oms.event_publications() AS e
   WHERE NOT pg_is_in_recovery() AND NOT EXISTS (SELECT FROM oms.stat_bridge);
COMMENT ON VIEW oms.bridge_alerts IS 'What somebody should look at: slots that are lost or hold back too much, and a publication that misses something';

REVOKE ALL ON FUNCTION oms.event_tables(), oms.publication_repairs(name), oms.repair_publication(name), oms.commit_publication(name),
  oms.choose_output_plugin(name), oms.output_plugin_problem(name), oms.check_slot_caller(name, name), oms.check_slot(name, name),
  oms.create_slot(name, name, name), oms.drop_slot(name, name), oms.seconds_unconfirmed(pg_lsn), oms.slot_limits(),
  oms.event_publications() FROM PUBLIC;
