-- Trading halts: what nobody may buy or sell more of, while they are in force.

CREATE TABLE oms.trading_halts (
  name text COLLATE "C" NOT NULL CONSTRAINT trading_halts_name_check CHECK (octet_length(name) BETWEEN 1 AND 2000),
  builtin boolean NOT NULL DEFAULT false,
  symbol text COLLATE "C" CONSTRAINT trading_halts_symbol_check CHECK (symbol <> ''),
  account text COLLATE "C" CONSTRAINT trading_halts_account_check CHECK (account <> ''),
  destination text COLLATE "C" CONSTRAINT trading_halts_destination_check CHECK (destination <> ''),
  since timestamptz NOT NULL DEFAULT now(),
  until timestamptz CONSTRAINT trading_halts_until_check CHECK (until >= since),
  reason text COLLATE "C" CONSTRAINT trading_halts_reason_check CHECK (octet_length(reason) <= 1024),
  enabled boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 1,
  hash bytea,
  CONSTRAINT trading_halts_pkey PRIMARY KEY (name, builtin)
);
SELECT pg_catalog.pg_extension_config_dump('oms.trading_halts', 'WHERE NOT builtin');
COMMENT ON TABLE oms.trading_halts IS
  'What is halted: a symbol, an account, a destination, what all that are given have in common, or everything. In force from since to before until, where it is enabled. A client''s new order then waits on the desk; placements and increases are refused (OM005, rule trading_halt); what cancels or reduces, and every fill, passes. Its owner and oms_admin change it, and FIX messages f and h do; a change acts at the next command in every session of the database';
COMMENT ON COLUMN oms.trading_halts.name IS 'By which refusals and findings name it. Those that FIX messages make are FIX:session:symbol, with the market behind another colon where the message names one, and then each contract, class or segment that it names, as tag=value';
COMMENT ON COLUMN oms.trading_halts.builtin IS 'It came with the extension: never changed, and in no dump';
COMMENT ON COLUMN oms.trading_halts.symbol IS 'Of which symbol; null: of any';
COMMENT ON COLUMN oms.trading_halts.account IS 'Of orders for which account: their own, else their root''s; null: of any';
COMMENT ON COLUMN oms.trading_halts.destination IS 'Of orders to which destination: their own, else that of the order above them; null: of any';
COMMENT ON COLUMN oms.trading_halts.since IS 'From when on';
COMMENT ON COLUMN oms.trading_halts.until IS 'Before when; null: until it is changed. To lift a halt is to set it';
COMMENT ON COLUMN oms.trading_halts.reason IS 'What the desk reads: deskReason of an order that waits is HALTED: and this, or the name where there is none. At most 1024 bytes: each order that waits has it';
COMMENT ON COLUMN oms.trading_halts.enabled IS 'False: it halts nothing';
