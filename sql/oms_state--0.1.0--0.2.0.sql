\echo Use "ALTER EXTENSION oms_state UPDATE TO '0.2.0'" to load this file. \quit
SET LOCAL search_path = pg_catalog, pg_temp;

-- From 0.1.0 to 0.2.0. One part a topic, each under its heading, in an order in which each finds what it needs.
-- test/t/064_upgrade.pl runs it over data of 0.1.0 and holds the catalog against a fresh installation.
-- Columns: ALTER TABLE puts a new one last, wherever the install script has it. Everything resolves columns by
-- name. A column that is added to oms.order_events comes to its partitions by itself; a function whose result
-- or parameters change is dropped and made again, with its comment and its REVOKE.
-- Old events keep their payload, their hash and their schemaVersion 1: nothing here writes one.

-- ---------------------------------------------------------------------------------------------------
-- comments in ASCII
-- ---------------------------------------------------------------------------------------------------

COMMENT ON COLUMN oms.orders.version IS 'Number of the order''s newest event: 1, 2, 3 ...';
COMMENT ON COLUMN oms.executions.review_reasons IS 'Array of {code, figures ...}: why it could not be booked';
COMMENT ON TABLE oms.rejected_commands IS 'Commands that oms_try_command() and oms_commands(..., false) refused';
COMMENT ON COLUMN oms.order_events.version IS 'Number of the event in its object: 1, 2, 3 ...';
COMMENT ON COLUMN oms.order_events.tree_version IS 'Number of the event in its tree: 1, 2, 3 ..., over all event tables';
COMMENT ON VIEW oms.order_tree IS 'Every order in its tree: a root, then its children, their children, ...';
COMMENT ON COLUMN oms.order_tree.depth IS '0 for a root, 1 for its children, ...';

-- ---------------------------------------------------------------------------------------------------
-- what a commandId stands for: by content, not by 64 bits of it
-- ---------------------------------------------------------------------------------------------------

ALTER TABLE oms.commands ALTER COLUMN command_hash DROP NOT NULL, ADD COLUMN content_hash bytea;
COMMENT ON TABLE oms.commands IS
  'The commandIds of each session user. Its events (by sequence) hold the command and what it answered; content_hash tells a repeat from another command.';
COMMENT ON COLUMN oms.commands.command_hash IS 'jsonb_hash_extended of a command that version 0.1.0 recorded; null since';
COMMENT ON COLUMN oms.commands.content_hash IS 'SHA-256 of the command''s text, its numbers without trailing zeros, in UTF-8: equal only for commands that are equal as jsonb';
