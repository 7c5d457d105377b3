-- Counters of commands.

CREATE OR REPLACE FUNCTION oms.list_stat_commands(OUT command_type text, OUT calls bigint, OUT accepted bigint, OUT repeats bigint, OUT refusals bigint,
    OUT refusals_by_sqlstate jsonb, OUT errors bigint, OUT rows_written bigint, OUT events bigint, OUT total_time double precision, OUT lock_time double precision,
    OUT shared boolean, OUT stats_reset timestamptz)
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL RESTRICTED ROWS 25 AS 'MODULE_PATHNAME', 'oms_list_stat_commands';
COMMENT ON FUNCTION oms.list_stat_commands() IS 'Behind oms.stat_commands';

CREATE OR REPLACE VIEW oms.stat_commands AS SELECT * FROM oms.list_stat_commands();
COMMENT ON VIEW oms.stat_commands IS
  'What was done with commands of each type in this database: by all sessions where oms_state is in shared_preload_libraries, else by this one. Counted whether or not its transaction committed';
COMMENT ON COLUMN oms.stat_commands.command_type IS 'Type of command; (unknown): what has none that is known, or is too large to be read; (FIX message): each message, whatever commands it stood for, which are counted under their types too';
COMMENT ON COLUMN oms.stat_commands.calls IS 'How often such a command was given';
COMMENT ON COLUMN oms.stat_commands.accepted IS 'Carried out';
COMMENT ON COLUMN oms.stat_commands.repeats IS 'Answered as a repeat, with nothing changed';
COMMENT ON COLUMN oms.stat_commands.refusals IS 'Refused (class OM), as an error or as a result';
COMMENT ON COLUMN oms.stat_commands.refusals_by_sqlstate IS 'The same by SQLSTATE';
COMMENT ON COLUMN oms.stat_commands.errors IS 'Ended with another error (a cancel, a deadlock, a constraint), or under way: the calls that are none of the three';
COMMENT ON COLUMN oms.stat_commands.rows_written IS 'Rows inserted, updated and deleted, events among them';
COMMENT ON COLUMN oms.stat_commands.events IS 'Events made';
COMMENT ON COLUMN oms.stat_commands.total_time IS 'Milliseconds from entry to answer; what a call does around its commands is shared out among them';
COMMENT ON COLUMN oms.stat_commands.lock_time IS 'Milliseconds of it that were spent to get the locks of trees';
COMMENT ON COLUMN oms.stat_commands.shared IS 'Counted by all sessions, or by this one alone';
COMMENT ON COLUMN oms.stat_commands.stats_reset IS 'Counted since';

CREATE OR REPLACE FUNCTION oms.stat_commands_reset() RETURNS void
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_stat_commands_reset';
COMMENT ON FUNCTION oms.stat_commands_reset() IS 'Sets the counters of oms.stat_commands to zero, for all sessions of this database where they are shared. For the owner';

REVOKE ALL ON FUNCTION oms.list_stat_commands(), oms.stat_commands_reset() FROM PUBLIC;
