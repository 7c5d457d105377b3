-- How long trees are kept, and what becomes of them then. Nothing is shipped: without a policy nothing is purged.

CREATE TABLE oms.retention_policies (
  name text COLLATE "C" NOT NULL CONSTRAINT retention_policies_name_check CHECK (octet_length(name) BETWEEN 1 AND 2000),
  builtin boolean NOT NULL DEFAULT false,
  object text COLLATE "C",
  asset_class text COLLATE "C" CONSTRAINT retention_policies_asset_class_check CHECK (asset_class <> ''),
  account text COLLATE "C" CONSTRAINT retention_policies_account_check CHECK (account <> ''),
  status text COLLATE "C" CONSTRAINT retention_policies_status_check CHECK (status <> ''),
  root_id text COLLATE "C" CONSTRAINT retention_policies_root_id_check CHECK (root_id <> ''),
  age interval CONSTRAINT retention_policies_age_check CHECK (age >= interval '0' AND age <= interval '1000 years'),
  action text COLLATE "C" NOT NULL DEFAULT 'DELETE' CONSTRAINT retention_policies_action_check CHECK (action IN ('DELETE', 'ARCHIVE') OR action LIKE '_%._%'),
  hold boolean NOT NULL DEFAULT false,
  enabled boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 1,
  hash bytea,
  CONSTRAINT retention_policies_pkey PRIMARY KEY (name, builtin),
  CONSTRAINT retention_policies_hold_check CHECK (hold = (age IS NULL)),
  CONSTRAINT retention_policies_kept_check CHECK (object IS NULL OR object NOT IN ('command', 'rejected_command', 'configuration')
    OR (action = 'DELETE' AND NOT hold AND coalesce(asset_class, account, status, root_id) IS NULL))
);
SELECT pg_catalog.pg_extension_config_dump('oms.retention_policies', 'WHERE NOT builtin');
COMMENT ON TABLE oms.retention_policies IS
  'How long trees are kept once nothing of them is open. Of all policies that are for a tree the longest age counts; a hold beats all. A tree that none is for is never purged, and none is shipped. A change acts at the next command in every session of the database';
COMMENT ON COLUMN oms.retention_policies.name IS 'By which refusals, oms.purged_trees and events name it';
COMMENT ON COLUMN oms.retention_policies.builtin IS 'It came with the extension: never changed, and in no dump';
COMMENT ON COLUMN oms.retention_policies.object IS 'Kind of the root: order, execution (one that never found its order), quote_request, quote (one that nobody asked for); null: of any. command and rejected_command: the rows of those tables; configuration: the events of oms.configuration_events, but for the newest one of what is there';
COMMENT ON COLUMN oms.retention_policies.asset_class IS 'Asset class of the root; null: any, and none. This and the next three: of a hold, of any object of the tree';
COMMENT ON COLUMN oms.retention_policies.account IS 'Account of the root; null: any, and none';
COMMENT ON COLUMN oms.retention_policies.status IS 'Status of the root; null: any';
COMMENT ON COLUMN oms.retention_policies.root_id IS 'This tree alone; null: any';
COMMENT ON COLUMN oms.retention_policies.age IS 'How old its newest event has to be; not below oms_state.command_retention. Null of a hold';
COMMENT ON COLUMN oms.retention_policies.action IS
  'DELETE: nothing stays but its row in oms.purged_trees. ARCHIVE: its events are kept in oms.archived_trees. Else a function as schema.name(text, jsonb), called with the id of the root and its events before they go, in the same transaction and with the rights of who purges';
COMMENT ON COLUMN oms.retention_policies.hold IS 'Legal hold: nothing that it is for goes, and nothing that is tied to it';
COMMENT ON COLUMN oms.retention_policies.enabled IS 'False: as if it were not there';

CREATE FUNCTION oms.check_retention_policy() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  least interval;
BEGIN
  -- one that comes as it was stored elsewhere (a dump, replication) was checked there
  IF TG_OP = 'INSERT' AND NEW.hash IS NOT NULL THEN
    RETURN NEW;
  END IF;
  -- known once the library is loaded, which a call of it brings about
  SELECT coalesce(current_setting('oms_state.command_retention', true)::interval, '7 days') INTO least
    FROM (SELECT count(*) FROM oms.configuration_tables()) AS loaded;
  IF NEW.age < least AND NEW.object IS DISTINCT FROM 'rejected_command' THEN
    RAISE EXCEPTION 'retention policy "%" keeps less than commandIds count', NEW.name
      USING ERRCODE = 'OM011', DETAIL = format('Its age is %s, oms_state.command_retention is %s.', NEW.age, least),
            HINT = 'Give it at least that age.';
  END IF;
  IF NEW.object NOT IN ('command', 'rejected_command', 'configuration') AND NOT EXISTS (SELECT FROM oms.kinds() AS k WHERE k.object = NEW.object) THEN
    RAISE EXCEPTION 'retention policy "%" is for no kind of object', NEW.name
      USING ERRCODE = 'OM011', DETAIL = format('There is no kind %s.', NEW.object), HINT = 'SELECT object FROM oms.kinds() names them; command, rejected_command and configuration are rows that only have an age.';
  END IF;
  IF NEW.action NOT IN ('DELETE', 'ARCHIVE') AND to_regprocedure(NEW.action || '(text, jsonb)') IS NULL THEN
    RAISE EXCEPTION 'retention policy "%" names no function', NEW.name
      USING ERRCODE = 'OM011', DETAIL = format('There is no function %s(text, jsonb).', NEW.action),
            HINT = 'Its action is DELETE, ARCHIVE, or a function with its schema.';
  END IF;
  RETURN NEW;
END
$function$;
COMMENT ON FUNCTION oms.check_retention_policy() IS 'Trigger of oms.retention_policies: OM011 where there is no such kind, the age is below oms_state.command_retention, or the function does not exist';
REVOKE ALL ON FUNCTION oms.check_retention_policy() FROM PUBLIC;
CREATE TRIGGER check_row BEFORE INSERT OR UPDATE ON oms.retention_policies FOR EACH ROW EXECUTE FUNCTION oms.check_retention_policy();
ALTER TABLE oms.retention_policies ENABLE ALWAYS TRIGGER check_row;
