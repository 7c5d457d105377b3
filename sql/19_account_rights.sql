-- Whose rows the caller may see: what policies ask (src/entry/account_sql.c). 44_account_grants.sql has the limits, 74_policies.sql the policies.
-- Each says only what the caller may see, and of nothing whether it is there. COST: a leakproof condition of the query that costs less is asked before.

CREATE FUNCTION oms.account_rights_support(internal) RETURNS internal
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_account_rights_support';
COMMENT ON FUNCTION oms.account_rights_support(internal) IS 'Tells the planner that policies take no rows away, so that plans are those of the owner';

CREATE FUNCTION oms.accounts_are_limited() RETURNS boolean
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_accounts_limited';
COMMENT ON FUNCTION oms.accounts_are_limited() IS 'Is the caller limited to some accounts, by oms.account_grants?';

CREATE FUNCTION oms.account_is_visible(account text, asset_class text) RETURNS boolean
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4 SUPPORT oms.account_rights_support AS 'MODULE_PATHNAME', 'oms_account_visible';
COMMENT ON FUNCTION oms.account_is_visible(text, text) IS
  'May the caller see what is of this account and asset class? Null: what has no account, which is for the desk; what has no class, which a grant for classes does not reach';

CREATE FUNCTION oms.account_is_visible(account text, object text, id text) RETURNS boolean
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4 SUPPORT oms.account_rights_support AS 'MODULE_PATHNAME', 'oms_account_visible_below';
COMMENT ON FUNCTION oms.account_is_visible(text, text, text) IS
  'The same of what belongs to an object, as an execution to its order: the asset class is that one''s, and so is the account where it has none of its own. Looked up only where it matters';

CREATE FUNCTION oms.object_is_visible(object text, id text) RETURNS boolean
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4 SUPPORT oms.account_rights_support AS 'MODULE_PATHNAME', 'oms_object_visible';
COMMENT ON FUNCTION oms.object_is_visible(text, text) IS 'May the caller see what stands for this object, by its row? Of one that is not there, who is limited may not';

CREATE FUNCTION oms.account_parent(object text) RETURNS text[]
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_account_parent';
COMMENT ON FUNCTION oms.account_parent(text) IS
  'The kind that objects of a kind belong to, and the column by which they say so, where their asset class is that one''s; null: they have one of their own, or belong to nothing';

CREATE FUNCTION oms.configuration_is_visible(account text) RETURNS boolean
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4 SUPPORT oms.account_rights_support AS 'MODULE_PATHNAME', 'oms_configuration_visible';
COMMENT ON FUNCTION oms.configuration_is_visible(text) IS 'May the caller see a row of configuration that is for this account? One that is for all accounts (null, empty) everybody may';

CREATE FUNCTION oms.event_is_visible(account text, payload jsonb) RETURNS boolean
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4 SUPPORT oms.account_rights_support AS 'MODULE_PATHNAME', 'oms_event_visible';
COMMENT ON FUNCTION oms.event_is_visible(text, jsonb) IS
  'The same of an event: what it has none of, its state says, and then what the object belongs to';

CREATE FUNCTION oms.actor_is_visible(actor text) RETURNS boolean
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4 SUPPORT oms.account_rights_support AS 'MODULE_PATHNAME', 'oms_actor_visible';
COMMENT ON FUNCTION oms.actor_is_visible(text) IS 'May the caller see what this actor sent? Who is limited sees his own';

CREATE FUNCTION oms.role_is_visible(role text) RETURNS boolean
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4 SUPPORT oms.account_rights_support AS 'MODULE_PATHNAME', 'oms_role_visible';
COMMENT ON FUNCTION oms.role_is_visible(text) IS 'May the caller see the limits of this role? Who is limited sees those that limit him';

CREATE FUNCTION oms.visible_accounts() RETURNS text[]
  LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_visible_accounts';
COMMENT ON FUNCTION oms.visible_accounts() IS
  'The accounts that the caller sees, as they are granted: names, and prefixes that end in %; with a null among them where he sees what has no account. Null: he is not limited';

CREATE FUNCTION oms.may(command_type text, account text) RETURNS boolean
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_may';
COMMENT ON FUNCTION oms.may(text, text) IS
  'May the caller give this command about something of the account (null: that has none)? By his role and his limits; of the object itself, and of its asset class, it says nothing. OM002: there is no such command';

CREATE FUNCTION oms.configuration_event_is_visible(payload jsonb) RETURNS boolean
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 4 SUPPORT oms.account_rights_support AS 'MODULE_PATHNAME', 'oms_configuration_event_visible';
COMMENT ON FUNCTION oms.configuration_event_is_visible(jsonb) IS 'The same of an event of a change of configuration; of limits, as oms.role_is_visible()';

CREATE FUNCTION oms.refuse_limited(what text) RETURNS void
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_refuse_limited';
COMMENT ON FUNCTION oms.refuse_limited(text) IS 'OM008 where the caller is limited to accounts: before what would judge all rows by those that he sees';
