-- What rules ask of orders: of the command, of others of its account and symbol, of what these have open and have done today.

CREATE TABLE oms.allowed_order_types (
  destination text COLLATE "C" NOT NULL,
  ord_type text COLLATE "C" NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  hash bytea,
  CONSTRAINT allowed_order_types_pkey PRIMARY KEY (destination, ord_type)
);
SELECT pg_catalog.pg_extension_config_dump('oms.allowed_order_types', '');
COMMENT ON TABLE oms.allowed_order_types IS
  'Which types of order a destination takes: a row for each, by our names (LIMIT). Of a destination without a row nothing is known: oms.order_type_allowed()';

CREATE FUNCTION oms.order_type_allowed(destination text, ord_type text) RETURNS boolean
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_type_allowed';
COMMENT ON FUNCTION oms.order_type_allowed(text, text) IS
  'Does the destination take orders of this type, by oms.allowed_order_types? Null where no type stands there for it, or an argument is null. For predicates of rules';

CREATE FUNCTION oms.recent_like(command jsonb, within interval) RETURNS boolean
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_recent_like';
COMMENT ON FUNCTION oms.recent_like(jsonb, interval) IS
  'Was an order like the one that the command makes made within this time before now: of its account, symbol, instrument, side, currency, ordType, quantity and prices? Orders that ended without a fill do not count. Null of what makes no order, or a child. For predicates of rules';

CREATE FUNCTION oms.opposite_live(command jsonb, within interval DEFAULT NULL) RETURNS boolean
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_opposite_live';
COMMENT ON FUNCTION oms.opposite_live(jsonb, interval) IS
  'Is there a live order of another tree, of the account, symbol and instrument of the command''s order, that buys what it sells or sells what it buys? Of a pair dealt in its second currency the side is turned. With an interval: made within this time before now. Null of what is about no order, or neither buys nor sells. For predicates of rules';

CREATE FUNCTION oms.buys(command jsonb) RETURNS boolean
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_buys';
COMMENT ON FUNCTION oms.buys(jsonb) IS
  'Does the command''s order buy what its price is of (true), or sell it (false)? Of a pair dealt in its second currency the side is turned. Null where it does neither. For predicates of rules';

CREATE FUNCTION oms.notional(symbol text, currency text, quantity numeric, price numeric) RETURNS numeric
  LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_notional_of';
COMMENT ON FUNCTION oms.notional(text, text, numeric, numeric) IS
  'What a quantity is worth at a price, whatever the price''s sign: their product; of a pair (EUR/USD) dealt in its second currency quantity / price, to 10 decimals. Null where one is, or the price is nothing to divide by';

CREATE FUNCTION oms.order_value(command jsonb) RETURNS numeric
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_order_value';
COMMENT ON FUNCTION oms.order_value(jsonb) IS
  'oms.notional() of the order as the command would have it: its whole quantity at its price, else at the reference price; of an order by amount alone that. Null where there is no price. For predicates of rules';

CREATE FUNCTION oms.day_quantity(command jsonb) RETURNS numeric
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_day_quantity';
COMMENT ON FUNCTION oms.day_quantity(jsonb) IS
  'What would be open, and done today (oms.trading_day()), in account and symbol if the command was done: leaves, or what an open request for more asks for, and fills of all roots but blocks, whose members count. A child counts in its root. Null of a block, and of what is about no order. For predicates of rules';

CREATE FUNCTION oms.day_value(command jsonb) RETURNS numeric
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_day_value';
COMMENT ON FUNCTION oms.day_value(jsonb) IS
  'The same by oms.notional(): what is open at the order''s price, else at the reference price (none: it counts nothing), what was done at what was paid. Null where oms.day_quantity() is, or the command''s own order has no price. For predicates of rules';

CREATE FUNCTION oms.registered(name text) RETURNS boolean
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_registered';
COMMENT ON FUNCTION oms.registered(text) IS
  'What a predicate says that a library has registered by this name (oms_state.h); an error where none has. In predicates of rules only';

REVOKE ALL ON FUNCTION oms.order_type_allowed(text, text), oms.recent_like(jsonb, interval), oms.opposite_live(jsonb, interval), oms.buys(jsonb),
  oms.order_value(jsonb), oms.day_quantity(jsonb), oms.day_value(jsonb), oms.registered(text) FROM PUBLIC;
