-- Ids of commands and of roots, and commands that were refused.

-- @install
CREATE TABLE oms.commands (
  actor text COLLATE "C" NOT NULL,
  command_id text COLLATE "C" NOT NULL,
  recorded_at timestamptz NOT NULL,
  aggregate_id text COLLATE "C",
  sequences bigint[],
  command_hash bigint,
  content_hash bytea,
  CONSTRAINT commands_pkey PRIMARY KEY (actor, command_id)
);
SELECT pg_catalog.pg_extension_config_dump('oms.commands', '');
-- @end
-- @upgrade
ALTER TABLE oms.commands ALTER COLUMN command_hash DROP NOT NULL, ADD COLUMN content_hash bytea;
-- @end
COMMENT ON TABLE oms.commands IS
  'The commandIds of each actor. Its events (by sequence) hold the command and what it answered; content_hash tells a repeat from another command.';
COMMENT ON COLUMN oms.commands.command_hash IS 'jsonb_hash_extended of a command that version 0.1.0 recorded; null since';
COMMENT ON COLUMN oms.commands.content_hash IS 'SHA-256 of the command''s text, its numbers without trailing zeros, in UTF-8: equal only for commands that are equal as jsonb';

CREATE TABLE oms.root_ids (
  id text COLLATE "C" NOT NULL CONSTRAINT root_ids_pkey PRIMARY KEY,
  kind text COLLATE "C" NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('oms.root_ids', '');
COMMENT ON TABLE oms.root_ids IS
  'The ids that callers gave to roots of trees, of all kinds, and those that a kind claims in any case: no id is the root of two trees';
COMMENT ON COLUMN oms.root_ids.kind IS 'Kind of the root: an object of oms.kinds()';

-- @install
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
  command jsonb,
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT rejected_commands_pkey PRIMARY KEY,
  via text COLLATE "C",
  application_name text COLLATE "C",
  client_addr inet
);
CREATE INDEX rejected_commands_rejected_at_idx ON oms.rejected_commands USING brin (rejected_at);
SELECT pg_catalog.pg_extension_config_dump('oms.rejected_commands', '');
SELECT pg_catalog.pg_extension_config_dump('oms.rejected_commands_id_seq', '');
-- @end
-- @upgrade
ALTER TABLE oms.rejected_commands
  ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT rejected_commands_pkey PRIMARY KEY,
  ADD COLUMN via text COLLATE "C", ADD COLUMN application_name text COLLATE "C", ADD COLUMN client_addr inet;
SELECT pg_catalog.pg_extension_config_dump('oms.rejected_commands_id_seq', '');
-- @end
COMMENT ON TABLE oms.rejected_commands IS 'Commands that oms_try_command() and oms_commands(..., false) refused';
COMMENT ON COLUMN oms.rejected_commands.id IS 'Number of the refusal, with gaps';
COMMENT ON COLUMN oms.rejected_commands.via IS 'The session user where it is a member of oms_proxy and speaks for the actor; else null';
COMMENT ON COLUMN oms.rejected_commands.application_name IS 'application_name of the session, which says it of itself; null if empty';
COMMENT ON COLUMN oms.rejected_commands.client_addr IS 'Where the session came from; null from this machine, without a network';
