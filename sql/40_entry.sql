-- The entry points, in the target schema.

CREATE OR REPLACE FUNCTION @extschema@.oms_command(command jsonb) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_command';
COMMENT ON FUNCTION @extschema@.oms_command(jsonb) IS
  'Applies one command and returns its result; a refusal raises an error with a SQLSTATE of class OM and changes nothing';

CREATE OR REPLACE FUNCTION @extschema@.oms_try_command(command jsonb) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_try_command';
COMMENT ON FUNCTION @extschema@.oms_try_command(jsonb) IS
  'As oms_command, but a refusal is returned as a result with status REJECTED and kept in oms.rejected_commands';

CREATE OR REPLACE FUNCTION @extschema@.oms_commands(commands jsonb, atomic boolean DEFAULT true) RETURNS SETOF jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_commands';
COMMENT ON FUNCTION @extschema@.oms_commands(jsonb, boolean) IS
  'Applies an array of commands in order, one result each; atomic: the first refusal raises and nothing is applied';

CREATE OR REPLACE FUNCTION @extschema@.oms_fix(message text) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_fix';
COMMENT ON FUNCTION @extschema@.oms_fix(text) IS
  'Applies one raw FIX message (tag=value; SOH or | between fields): D, F, G, H, 8 and 9';

CREATE OR REPLACE FUNCTION @extschema@.oms_fix(message bytea) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_fix_bytes';
COMMENT ON FUNCTION @extschema@.oms_fix(bytea) IS
  'The same for a message as it came from the wire: its fields are converted from MessageEncoding (347), else from oms_state.fix_encoding';

CREATE OR REPLACE FUNCTION @extschema@.oms_try_fix(message text) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_try_fix';
COMMENT ON FUNCTION @extschema@.oms_try_fix(text) IS
  'As oms_fix, but a refusal is returned as a result with status REJECTED and kept, with the whole message, in oms.rejected_commands';

CREATE OR REPLACE FUNCTION @extschema@.oms_try_fix(message bytea) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_try_fix_bytes';
COMMENT ON FUNCTION @extschema@.oms_try_fix(bytea) IS
  'As oms_fix(bytea), but a refusal is returned as a result with status REJECTED and kept, with the whole message, in oms.rejected_commands';

CREATE OR REPLACE FUNCTION @extschema@.oms_fix_many(messages text[], atomic boolean DEFAULT false) RETURNS SETOF jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_fix_many';
COMMENT ON FUNCTION @extschema@.oms_fix_many(text[], boolean) IS
  'Applies FIX messages in order, one result each, as oms_try_fix would; atomic: as oms_fix would, the first refusal raises, with the message''s number in the context, and nothing is applied. All their trees are locked at once, sorted. OM009: the array is null';

CREATE OR REPLACE FUNCTION @extschema@.oms_fix_many(messages bytea[], atomic boolean DEFAULT false) RETURNS SETOF jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_fix_many_bytes';
COMMENT ON FUNCTION @extschema@.oms_fix_many(bytea[], boolean) IS
  'The same for messages as they came from the wire, each converted as by oms_fix(bytea)';

CREATE OR REPLACE FUNCTION @extschema@.oms_service(name text, arguments jsonb) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_service';
COMMENT ON FUNCTION @extschema@.oms_service(text, jsonb) IS
  'Runs a business service, all or nothing, and returns a result as of a command, with the events of all its steps. SubmitClientOrder (arguments: the fields of CreateOrderCommand) makes a client order and places it or sends it to the desk, as oms.routing_rules says; its result has routing, too; other services are rows of oms.services. OM003: there is no such service; OM011: it cannot be used, or a condition of it fails; OM001: its arguments are none; else what refuses one of its commands refuses it, with the step in the detail';

CREATE OR REPLACE FUNCTION @extschema@.oms_create_order(symbol text DEFAULT NULL, side text DEFAULT NULL, order_qty numeric DEFAULT NULL, ord_type text DEFAULT NULL, price numeric DEFAULT NULL,
    cl_ord_id text DEFAULT NULL, order_id text DEFAULT NULL, account text DEFAULT NULL, currency text DEFAULT NULL, parent_id text DEFAULT NULL, time_in_force text DEFAULT NULL,
    stop_px numeric DEFAULT NULL, expire_time timestamptz DEFAULT NULL, expire_date date DEFAULT NULL, asset_class text DEFAULT NULL, attributes jsonb DEFAULT NULL,
    pending boolean DEFAULT NULL, destination text DEFAULT NULL, text text DEFAULT NULL, command_id text DEFAULT NULL, transact_time timestamptz DEFAULT NULL,
    cash_order_qty numeric DEFAULT NULL) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_typed_create_order';
COMMENT ON FUNCTION @extschema@.oms_create_order(text, text, numeric, text, numeric, text, text, text, text, text, text, numeric, timestamptz, date, text, jsonb, boolean, text, text, text, timestamptz, numeric) IS
  'Applies a CreateOrderCommand whose fields are the arguments (null: not given), and returns the short of its result: status, commandId, token, duplicate, and of the order its orderId, version and status. Raises what oms_command() raises; its event is the same';

CREATE OR REPLACE FUNCTION @extschema@.oms_execute(order_id text DEFAULT NULL, last_qty numeric DEFAULT NULL, last_px numeric DEFAULT NULL, exec_id text DEFAULT NULL, last_mkt text DEFAULT NULL,
    execution_id text DEFAULT NULL, symbol text DEFAULT NULL, side text DEFAULT NULL, cum_qty numeric DEFAULT NULL, leaves_qty numeric DEFAULT NULL, avg_px numeric DEFAULT NULL,
    attributes jsonb DEFAULT NULL, text text DEFAULT NULL, command_id text DEFAULT NULL, transact_time timestamptz DEFAULT NULL) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_typed_execute';
COMMENT ON FUNCTION @extschema@.oms_execute(text, numeric, numeric, text, text, text, text, text, numeric, numeric, numeric, jsonb, text, text, timestamptz) IS
  'Applies an ExecuteOrderCommand whose fields are the arguments (null: not given), and returns the short of its result: status, commandId, token, duplicate, and of the execution its executionId, version and status. Raises what oms_command() raises; its events are the same';

REVOKE ALL ON FUNCTION
  @extschema@.oms_create_order(text, text, numeric, text, numeric, text, text, text, text, text, text, numeric, timestamptz, date, text, jsonb, boolean, text, text, text, timestamptz, numeric),
  @extschema@.oms_execute(text, numeric, numeric, text, text, text, text, text, numeric, numeric, numeric, jsonb, text, text, timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.oms_fix(bytea), @extschema@.oms_try_fix(text), @extschema@.oms_try_fix(bytea),
  @extschema@.oms_fix_many(text[], boolean), @extschema@.oms_fix_many(bytea[], boolean), @extschema@.oms_service(text, jsonb) FROM PUBLIC;
-- @install
REVOKE ALL ON FUNCTION @extschema@.oms_command(jsonb), @extschema@.oms_try_command(jsonb),
  @extschema@.oms_commands(jsonb, boolean), @extschema@.oms_fix(text) FROM PUBLIC;
-- @end

-- What a command would do.
CREATE FUNCTION oms.preview_command(command jsonb) RETURNS jsonb
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_preview_command';
COMMENT ON FUNCTION oms.preview_command(jsonb) IS
  'What oms_try_command() would answer, with "preview": true and without events: all checks are made and the trees locked until the end of the transaction, and nothing is written, numbered, claimed or kept, a refusal neither. Of a commandId that is known its first result comes, with its events, as a repeat. Triggers and constraints of yours, and commands that would follow from it, are not asked';
REVOKE ALL ON FUNCTION oms.preview_command(jsonb) FROM PUBLIC;

-- The tables of the code, for people and for the reference.
-- @upgrade
-- They have other columns now. What reads them has so too; 50_views.sql makes it again, for whoever could read it.
SELECT set_config('oms_upgrade.grants', coalesce(string_agg(
         format('GRANT %s%s ON oms.order_history TO %s%s', a.privilege_type, ' (' || quote_ident(l.attname) || ')',
                CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END), '; '), ''), true)
  FROM pg_class AS c
 CROSS JOIN LATERAL (SELECT NULL::name, c.relacl UNION ALL SELECT t.attname, t.attacl FROM pg_attribute AS t WHERE t.attrelid = c.oid) AS l (attname, acl)
 CROSS JOIN LATERAL aclexplode(l.acl) AS a
 WHERE c.oid = 'oms.order_history'::regclass AND a.grantee <> c.relowner;
DO $do$
DECLARE
  them text;
BEGIN
  DROP VIEW oms.order_history, oms.state_transitions, oms.command_reference;
  DROP FUNCTION oms.list_transitions(), oms.list_commands();
EXCEPTION WHEN dependent_objects_still_exist THEN
  GET STACKED DIAGNOSTICS them = PG_EXCEPTION_DETAIL;
  RAISE EXCEPTION 'objects of yours are in the way of the update of oms_state'
    USING ERRCODE = 'dependent_objects_still_exist', DETAIL = them,
          HINT = 'oms.order_history, oms.state_transitions and oms.command_reference get other columns. Keep the definitions of what depends on them (pg_dump --schema-only), drop it, update, and make it again.';
END
$do$;
-- @end
CREATE OR REPLACE FUNCTION oms.list_transitions(OUT object text, OUT transition integer, OUT trigger text, OUT requires text[],
    OUT forbids text[], OUT facts text[], OUT reported boolean, OUT sets text[], OUT clears text[], OUT raises text[],
    OUT event_type text, OUT sentence text)
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_list_transitions';
COMMENT ON FUNCTION oms.list_transitions() IS 'The state machine of every kind of object, from the code: oms.state_transitions shows it';
CREATE OR REPLACE VIEW oms.state_transitions AS SELECT * FROM oms.list_transitions();
COMMENT ON VIEW oms.state_transitions IS
  'The state machine of every kind of object: for a trigger the first row whose conditions and facts hold fires; a command without a row is refused (OM004)';

CREATE OR REPLACE FUNCTION oms.list_commands(OUT command_type text, OUT object text, OUT field text, OUT field_type text, OUT required boolean,
    OUT unless text, OUT role text)
  RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_list_commands';
COMMENT ON FUNCTION oms.list_commands() IS 'Every command and its fields, from the code: oms.command_reference shows them';
CREATE OR REPLACE VIEW oms.command_reference AS SELECT * FROM oms.list_commands();
COMMENT ON COLUMN oms.command_reference.role IS 'Whose privileges are needed to give the command, once oms.create_roles() has made the roles';
COMMENT ON VIEW oms.command_reference IS
  'Every command type with its fields; one that is required may be left out where the field in "unless" is given, or what it names has it';

-- They hold no data of anybody, and the hints of errors name them.
GRANT SELECT ON oms.state_transitions, oms.command_reference TO PUBLIC;
