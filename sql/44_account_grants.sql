-- Who is limited to which accounts (19_account_rights.sql, src/store/account_rights.c). 74_policies.sql makes tables hold to it.

CREATE TABLE oms.account_grants (
  role text COLLATE "C" NOT NULL CONSTRAINT account_grants_role_check CHECK (role <> ''),
  account text COLLATE "C" NOT NULL CONSTRAINT account_grants_account_check CHECK (account <> '' AND account !~ '%.'),
  asset_classes text[] CONSTRAINT account_grants_asset_classes_check CHECK (CASE WHEN array_ndims(asset_classes) = 1 THEN array_position(asset_classes, NULL) IS NULL ELSE asset_classes IS NULL END),
  enabled boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 1,
  hash bytea,
  CONSTRAINT account_grants_pkey PRIMARY KEY (role, account)
);
SELECT pg_catalog.pg_extension_config_dump('oms.account_grants', '');
COMMENT ON TABLE oms.account_grants IS
  'Which accounts a role sees and changes. A role without a row, that is a member of no role with one, is not limited. oms.grant_account() and oms.revoke_account() write it; a change acts at the next statement of every session';
COMMENT ON COLUMN oms.account_grants.role IS 'Name of a role of the cluster, which need not be there (yet): the limits of a role are those of its rows and of all roles that it is a member of, together';
COMMENT ON COLUMN oms.account_grants.account IS 'An account; or a prefix, with % as the last sign: % alone is every account. No other sign stands for another';
COMMENT ON COLUMN oms.account_grants.asset_classes IS 'Only of these asset classes; null: of any, and of none';
COMMENT ON COLUMN oms.account_grants.enabled IS 'False: it was taken back. It gives nothing, and its role stays limited';

CREATE FUNCTION oms.grant_account(role text, account text, asset_classes text[] DEFAULT NULL) RETURNS boolean
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  unknown text;
  changed bigint;
BEGIN
  IF role IS NULL OR account IS NULL THEN
    RAISE EXCEPTION 'a role is granted an account, and neither is null' USING ERRCODE = 'OM011';
  END IF;
  IF account = '' OR account ~ '%.' THEN
    RAISE EXCEPTION '"%" is no account that can be granted', account
      USING ERRCODE = 'OM011', HINT = 'Write an account, or the beginning of accounts and one % behind it.';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = grant_account.role) THEN
    RAISE EXCEPTION 'role "%" does not exist', role USING ERRCODE = 'undefined_object';
  END IF;
  IF asset_classes IS NOT NULL AND array_ndims(asset_classes) IS DISTINCT FROM 1 THEN
    RAISE EXCEPTION 'asset classes are a list of one dimension, and one at least' USING ERRCODE = 'OM011', HINT = 'Leave it out for all of them.';
  END IF;
  SELECT c.name INTO unknown FROM unnest(asset_classes) AS c (name)
   WHERE NOT EXISTS (SELECT FROM oms.asset_classes AS a WHERE a.name = c.name) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'there is no asset class "%"', unknown USING ERRCODE = 'OM011', HINT = 'SELECT name FROM oms.asset_classes lists them.';
  END IF;
  INSERT INTO oms.account_grants AS g (role, account, asset_classes) VALUES (role, account, asset_classes)
      ON CONFLICT ON CONSTRAINT account_grants_pkey DO UPDATE SET asset_classes = excluded.asset_classes, enabled = true
   WHERE NOT g.enabled OR g.asset_classes IS DISTINCT FROM excluded.asset_classes;
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed > 0;
END
$function$;
COMMENT ON FUNCTION oms.grant_account(text, text, text[]) IS
  'Limits a role to accounts, this one among them: an account, or a prefix that ends in %, and of it these asset classes (null: all). From its first grant on a role sees nothing else. Says whether that changed something. OM011: that is no account, or no class; 42704: there is no such role. For oms_admin and who owns the table';

CREATE FUNCTION oms.revoke_account(role text, account text, unlimit boolean DEFAULT false) RETURNS boolean
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  changed bigint;
BEGIN
  IF unlimit THEN
    DELETE FROM oms.account_grants AS g WHERE g.role = revoke_account.role AND (account IS NULL OR g.account = revoke_account.account);
  ELSE
    UPDATE oms.account_grants AS g SET enabled = false
     WHERE g.role = revoke_account.role AND (account IS NULL OR g.account = revoke_account.account) AND g.enabled;
  END IF;
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed > 0;
END
$function$;
COMMENT ON FUNCTION oms.revoke_account(text, text, boolean) IS
  'Takes back what oms.grant_account() has given: this account as it was granted, or all (null). The role stays limited, to nothing if that was its last one; unlimit: its rows go, and with the last one its limits. Says whether that changed something. For oms_admin and who owns the table';

REVOKE ALL ON FUNCTION oms.grant_account(text, text, text[]), oms.revoke_account(text, text, boolean) FROM PUBLIC;
