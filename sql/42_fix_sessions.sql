-- FIX sessions: whose they are, and what goes for all of their messages. A session that is not here works as if nothing were known of it.

-- The name as orders have it, whichever way round it is written.
CREATE OR REPLACE FUNCTION oms.fix_session_name() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET standard_conforming_strings = on
AS $function$
DECLARE
  pair text[];
BEGIN
  -- A sign between the comp ids, or in one of them: then that and the backslash are escaped by a backslash.
  IF NEW.session ~ '^[^|]+\|[^|]+$' THEN
    pair := string_to_array(NEW.session, '|');
  ELSE
    SELECT array_agg(regexp_replace(m.part, '\\(.)', '\1', 'g') ORDER BY m.n) INTO pair
      FROM unnest(regexp_match(NEW.session, '^((?:[^|\\]|\\[|\\])+)\|((?:[^|\\]|\\[|\\])+)$')) WITH ORDINALITY AS m (part, n);
  END IF;
  IF pair IS NULL THEN
    RAISE EXCEPTION '"%" is no name of a FIX session', NEW.session
      USING ERRCODE = 'OM011', HINT = 'Write its comp ids (49 and 56), in either order, with "|" between them.';
  END IF;
  pair := ARRAY[least(pair[1] COLLATE "C", pair[2] COLLATE "C"), greatest(pair[1] COLLATE "C", pair[2] COLLATE "C")];
  NEW.session := CASE WHEN pair[1] ~ '\|' OR pair[2] ~ '\|'
                      THEN regexp_replace(pair[1], '([|\\])', '\\\1', 'g') || '|' || regexp_replace(pair[2], '([|\\])', '\\\1', 'g')
                      ELSE pair[1] || '|' || pair[2] END;
  NEW.direction := upper(NEW.direction);
  RETURN NEW;
END
$function$;
COMMENT ON FUNCTION oms.fix_session_name() IS
  'Trigger of oms.fix_sessions: a session''s name becomes what orders have, its comp ids in alphabetical order; OM011 if it is none';

CREATE TABLE oms.fix_sessions (
  session text COLLATE "C" NOT NULL CONSTRAINT fix_sessions_pkey PRIMARY KEY,
  direction text COLLATE "C" NOT NULL CONSTRAINT fix_sessions_direction_check CHECK (direction IN ('CLIENT', 'BROKER')),
  account text COLLATE "C" CONSTRAINT fix_sessions_account_check CHECK (account <> ''),
  enabled boolean NOT NULL DEFAULT true,
  last_look boolean NOT NULL DEFAULT false,
  version bigint NOT NULL DEFAULT 1,
  hash bytea
);
SELECT pg_catalog.pg_extension_config_dump('oms.fix_sessions', '');
COMMENT ON TABLE oms.fix_sessions IS
  'What is known of FIX sessions; of one that is not here nothing is. Its owner and oms_admin change it; a change acts at the next message in every session of the database';
COMMENT ON COLUMN oms.fix_sessions.session IS
  'SenderCompID (49) and TargetCompID (56) with "|" between them, as fix_session of orders has it: one session in either direction. May be written either way round, and is kept in alphabetical order';
COMMENT ON COLUMN oms.fix_sessions.direction IS
  'CLIENT: a client asks and we report, so its D makes a client order, and 8 and 9 are refused (OM005, rule session_direction): they would be ours. BROKER: we ask and a broker reports';
COMMENT ON COLUMN oms.fix_sessions.account IS
  'Of all its orders, or null: what a D (35) that begins a tree has where it states none; a D, F or G that states another is refused (OM005, rule session_account)';
COMMENT ON COLUMN oms.fix_sessions.last_look IS
  'True: who quotes in it has the last look. A hit (AJ, 694=1) of such a quote is pending until he accepts, fills or rejects its order';
COMMENT ON COLUMN oms.fix_sessions.enabled IS
  'False: messages that stand for commands are refused (OM008), and kept by oms_try_fix()';

CREATE TRIGGER name_session BEFORE INSERT OR UPDATE ON oms.fix_sessions FOR EACH ROW EXECUTE FUNCTION oms.fix_session_name();
ALTER TABLE oms.fix_sessions ENABLE ALWAYS TRIGGER name_session;
