-- @install
\echo Use "CREATE EXTENSION oms_state" to load this file. \quit
-- @end
-- @upgrade
\echo Use "ALTER EXTENSION oms_state UPDATE" to load this file. \quit
-- @end
SET LOCAL search_path = pg_catalog, pg_temp;

-- oms_state: the schema and its sequence.
-- The line above comes before everything: what an unqualified name means is never decided by a schema in which
-- somebody else may create, the target schema least of all. And this script is plain ASCII, so that it loads
-- whatever the database's encoding. The same holds for the upgrade script.

-- @install
CREATE SCHEMA oms;
COMMENT ON SCHEMA oms IS 'oms_state: orders, executions, their events, and what is built on them';
GRANT USAGE ON SCHEMA oms TO PUBLIC;

CREATE SEQUENCE oms.event_sequence AS bigint;
COMMENT ON SEQUENCE oms.event_sequence IS
  'Numbers all events of all objects. Drawn after the tree is locked and before commit: its order is not the commit order, and it has gaps.';
SELECT pg_catalog.pg_extension_config_dump('oms.event_sequence', '');
-- @end
-- @upgrade
-- What is here before: 90_shipped.sql hands what is made now to whom the store belongs.
SELECT set_config('oms_upgrade.members', array_agg(d.objid)::text, true)
  FROM pg_extension AS e JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
 WHERE e.extname = 'oms_state';
-- @end
