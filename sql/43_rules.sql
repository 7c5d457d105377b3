-- Rules: what a firm allows, as data. A predicate may say what stands in src/store/predicate_allow.c, and nothing else.

CREATE FUNCTION oms.check_rule() RETURNS trigger
  LANGUAGE c AS 'MODULE_PATHNAME', 'oms_check_rule';
COMMENT ON FUNCTION oms.check_rule() IS
  'Trigger of tables whose rows have a predicate: that is read and its examples are run; OM011 if it is no rule, or says something else than an example';

CREATE TABLE oms.validation_rules (
  name text COLLATE "C" NOT NULL,
  object text COLLATE "C" NOT NULL,
  command_type text COLLATE "C",
  asset_class text COLLATE "C",
  predicate text COLLATE "C" NOT NULL,
  message text COLLATE "C" NOT NULL,
  severity text COLLATE "C" NOT NULL DEFAULT 'REFUSE',
  when_missing text COLLATE "C" NOT NULL DEFAULT 'REFUSE',
  examples jsonb,
  enabled boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 1,
  builtin boolean NOT NULL DEFAULT false,
  hash bytea,
  CONSTRAINT validation_rules_pkey PRIMARY KEY (name, builtin)
);
SELECT pg_catalog.pg_extension_config_dump('oms.validation_rules', 'WHERE NOT builtin');
COMMENT ON TABLE oms.validation_rules IS
  'What a command must hold to. Its owner and oms_admin change it; a change acts at the next command in every session of the database. A row takes the place of the shipped one of its name whole';
COMMENT ON COLUMN oms.validation_rules.name IS 'By which refusals and events name it';
COMMENT ON COLUMN oms.validation_rules.object IS 'The kind of object that the commands are about, as oms.command_reference has it';
COMMENT ON COLUMN oms.validation_rules.command_type IS 'Of which command it is asked; null: of all about that kind. The slices of a placement are asked about as CreateOrderCommand, too';
COMMENT ON COLUMN oms.validation_rules.asset_class IS 'Of which class: the command''s, else that of what it is about; null: of all';
COMMENT ON COLUMN oms.validation_rules.predicate IS
  'One boolean SQL expression over command (jsonb; names of ours, numbers, times with their zone), cur (what it is about, before it; null where it makes it), parent (of an order its parent, of an execution its order, of a quote its request) and root. Operators and functions of a fixed list';
COMMENT ON COLUMN oms.validation_rules.message IS 'What who is refused reads';
COMMENT ON COLUMN oms.validation_rules.severity IS
  'What anything but true does. REFUSE: what somebody asks for is refused (OM005), a fill or correction waits in review, another fact is applied and flagged RULE. REVIEW (of executions): the same. WARN: it stands in the event';
COMMENT ON COLUMN oms.validation_rules.when_missing IS 'What null does. REFUSE: the same as false; WARN: a warning; PASS: nothing';
COMMENT ON COLUMN oms.validation_rules.examples IS
  'What it must say, tried when it is stored: an array of {"command", "outcome": "TRUE", "FALSE", "NULL" or "ERROR", and the states "cur", "parent", "root" where it asks for them}';
COMMENT ON COLUMN oms.validation_rules.builtin IS 'It came with the extension: not enabled, never changed, and in no dump';

CREATE TRIGGER check_rule BEFORE INSERT OR UPDATE ON oms.validation_rules FOR EACH ROW EXECUTE FUNCTION oms.check_rule();
ALTER TABLE oms.validation_rules ENABLE ALWAYS TRIGGER check_rule;

-- What rules look up. Loaded by whoever owns them; read as they stand, by every command anew.

CREATE TABLE oms.limits (
  account text COLLATE "C" NOT NULL DEFAULT '',
  symbol text COLLATE "C" NOT NULL DEFAULT '',
  what text COLLATE "C" NOT NULL,
  amount numeric NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  hash bytea,
  CONSTRAINT limits_pkey PRIMARY KEY (account, symbol, what)
);
SELECT pg_catalog.pg_extension_config_dump('oms.limits', '');
COMMENT ON TABLE oms.limits IS 'How much of what an account may do in a symbol; an empty account or symbol: any. oms.limit_of() finds the most special one';
COMMENT ON COLUMN oms.limits.what IS 'The limit''s name. The shipped rules ask for ORDER_QUANTITY and ORDER_VALUE (of one order), DAY_QUANTITY and DAY_VALUE (of what is open, and was done today)';

CREATE TABLE oms.reference_prices (
  symbol text COLLATE "C" NOT NULL CONSTRAINT reference_prices_pkey PRIMARY KEY,
  price numeric NOT NULL,
  priced_at timestamptz NOT NULL DEFAULT now()
);
SELECT pg_catalog.pg_extension_config_dump('oms.reference_prices', '');
COMMENT ON TABLE oms.reference_prices IS 'What a symbol was worth, and when: oms.reference_price()';

CREATE TABLE oms.restricted_list (
  symbol text COLLATE "C" NOT NULL,
  account text COLLATE "C" NOT NULL DEFAULT '',
  reason text COLLATE "C",
  version bigint NOT NULL DEFAULT 1,
  hash bytea,
  CONSTRAINT restricted_list_pkey PRIMARY KEY (symbol, account)
);
SELECT pg_catalog.pg_extension_config_dump('oms.restricted_list', '');
COMMENT ON TABLE oms.restricted_list IS 'What nobody (empty account), or an account, may trade: oms.restricted()';

CREATE FUNCTION oms.limit_of(account text, symbol text, what text) RETURNS numeric
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_limit_of';
COMMENT ON FUNCTION oms.limit_of(text, text, text) IS
  'The limit of oms.limits for an account and symbol: its own, else the account''s, else the symbol''s, else that of all; null if there is none. Null account or symbol: any. For predicates of rules';

CREATE FUNCTION oms.reference_price(symbol text, max_age interval DEFAULT NULL) RETURNS numeric
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_reference_price';
COMMENT ON FUNCTION oms.reference_price(text, interval) IS
  'The price of oms.reference_prices; null if there is none, or only one that is older. For predicates of rules';

CREATE FUNCTION oms.restricted(symbol text, account text) RETURNS boolean
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_restricted';
COMMENT ON FUNCTION oms.restricted(text, text) IS
  'Is the symbol in oms.restricted_list, for all or for this account? Null where the symbol is. For predicates of rules';

CREATE FUNCTION oms.check_rules(command jsonb)
  RETURNS TABLE (command_type text, rule text, version bigint, enabled boolean, answer text, effect text, message text, why text)
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_check_rules';
COMMENT ON FUNCTION oms.check_rules(jsonb) IS
  'What every rule for this command says of it, as things stand, and what that would do: PASS, WARN, REFUSE, REVIEW, FLAG. Rules that are not enabled are tried too. Writes and locks nothing; refuses what is no command (OM001, OM002)';

REVOKE ALL ON FUNCTION oms.limit_of(text, text, text), oms.reference_price(text, interval), oms.restricted(text, text), oms.check_rules(jsonb) FROM PUBLIC;
