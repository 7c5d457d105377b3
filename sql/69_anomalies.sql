-- What is unusual in what has happened: scored outside of the command path, from committed events (src/entry/score_events.c).
-- Doubles are fine here, and nowhere else: no money is computed with them.

CREATE TABLE oms.anomaly_position (
  one boolean NOT NULL DEFAULT true CONSTRAINT anomaly_position_pkey PRIMARY KEY CONSTRAINT anomaly_position_one_check CHECK (one),
  position text COLLATE "C",
  events bigint NOT NULL DEFAULT 0,
  scored_at timestamptz
);
SELECT pg_catalog.pg_extension_config_dump('oms.anomaly_position', '');
COMMENT ON TABLE oms.anomaly_position IS 'How far events were scored: it moves in the transaction that writes what was found. Who scores holds its row';
COMMENT ON COLUMN oms.anomaly_position.position IS 'As oms.events_since() has it; null: from the first event on';
COMMENT ON COLUMN oms.anomaly_position.events IS 'How many were scored';

CREATE TABLE oms.anomaly_profiles (
  feature text COLLATE "C" NOT NULL,
  peer text COLLATE "C" NOT NULL,
  samples double precision NOT NULL,
  usual double precision NOT NULL,
  day integer NOT NULL,
  points double precision[] NOT NULL,
  CONSTRAINT anomaly_profiles_pkey PRIMARY KEY (feature, peer)
);
SELECT pg_catalog.pg_extension_config_dump('oms.anomaly_profiles', '');
COMMENT ON TABLE oms.anomaly_profiles IS 'What is usual, by feature and peer: bounded by anomaly_features.peers_max, and each by 64 points';
COMMENT ON COLUMN oms.anomaly_profiles.peer IS 'As "account=FUND,symbol=VOD"; empty: all; #scores: how unusual the values of the feature were, as -log10 of their probability';
COMMENT ON COLUMN oms.anomaly_profiles.samples IS 'How many values it stands for, older ones for less';
COMMENT ON COLUMN oms.anomaly_profiles.usual IS 'The middle one of them';
COMMENT ON COLUMN oms.anomaly_profiles.day IS 'As of which day (since 2000-01-01) they have faded';
COMMENT ON COLUMN oms.anomaly_profiles.points IS 'Pairs of a value (of scale LOG its logarithm) and how many values it stands for';

CREATE TABLE oms.anomaly_memory (
  peer text COLLATE "C" NOT NULL CONSTRAINT anomaly_memory_pkey PRIMARY KEY,
  seen_at double precision NOT NULL,
  recent double precision[] NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('oms.anomaly_memory', '');
COMMENT ON TABLE oms.anomaly_memory IS 'What facts are made of: the last 50 prices, orders, ends and ids of a symbol, account or session; 20000 names at the most';
COMMENT ON COLUMN oms.anomaly_memory.peer IS 'What it is, and of whom';
COMMENT ON COLUMN oms.anomaly_memory.seen_at IS 'When the last one was, in seconds since 2000-01-01';
COMMENT ON COLUMN oms.anomaly_memory.recent IS 'Pairs of a value and when it was';

CREATE TABLE oms.anomalies (
  sequence bigint NOT NULL,
  feature text COLLATE "C" NOT NULL,
  feature_version bigint,
  object text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  root_id text COLLATE "C" NOT NULL,
  account text COLLATE "C",
  asset_class text COLLATE "C",
  symbol text COLLATE "C",
  occurred_at timestamptz NOT NULL,
  found_at timestamptz NOT NULL DEFAULT now(),
  value double precision,
  expected double precision,
  probability double precision,
  samples double precision,
  peer text COLLATE "C",
  peers text[],
  reason text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL DEFAULT 'OPEN' CONSTRAINT anomalies_status_check CHECK (status IN ('OPEN', 'CONFIRMED', 'DISMISSED')),
  reviewed_by text COLLATE "C",
  reviewed_at timestamptz,
  note text COLLATE "C" CONSTRAINT anomalies_note_check CHECK (octet_length(note) <= 2000),
  learned boolean NOT NULL DEFAULT true,
  CONSTRAINT anomalies_pkey PRIMARY KEY (sequence, feature)
);
CREATE INDEX anomalies_root_id_idx ON oms.anomalies (root_id);
CREATE INDEX anomalies_id_idx ON oms.anomalies (id, feature);
CREATE INDEX anomalies_open_idx ON oms.anomalies (found_at) WHERE status = 'OPEN';
SELECT pg_catalog.pg_extension_config_dump('oms.anomalies', '');
COMMENT ON TABLE oms.anomalies IS 'What was found unusual. It goes with the tree that it is of, when that is purged';
COMMENT ON COLUMN oms.anomalies.sequence IS 'Of the event';
COMMENT ON COLUMN oms.anomalies.feature IS 'Name of the feature of oms.anomaly_features, or of the model whose scores were imported';
COMMENT ON COLUMN oms.anomalies.feature_version IS 'Version of its row; null of an imported one';
COMMENT ON COLUMN oms.anomalies.value IS 'What was measured';
COMMENT ON COLUMN oms.anomalies.expected IS 'What is usual';
COMMENT ON COLUMN oms.anomalies.probability IS 'Of a value so far out; null where there is none';
COMMENT ON COLUMN oms.anomalies.samples IS 'How many values it was compared with, older ones for less';
COMMENT ON COLUMN oms.anomalies.peer IS 'Of whom these are (oms.anomaly_profiles)';
COMMENT ON COLUMN oms.anomalies.peers IS 'All whose profiles have learned the value';
COMMENT ON COLUMN oms.anomalies.reason IS 'Why, as a sentence with its figures';
COMMENT ON COLUMN oms.anomalies.status IS 'OPEN, or what oms.review_anomaly() made of it: CONFIRMED, DISMISSED';
COMMENT ON COLUMN oms.anomalies.learned IS 'Its value counts for what is usual: unless it is CONFIRMED';

CREATE VIEW oms.anomaly_quality WITH (security_invoker = true) AS
  SELECT a.feature, count(*) AS anomalies, count(*) FILTER (WHERE a.status = 'OPEN') AS open, count(*) FILTER (WHERE a.status = 'CONFIRMED') AS confirmed,
         count(*) FILTER (WHERE a.status = 'DISMISSED') AS dismissed,
         round(count(*) FILTER (WHERE a.status = 'CONFIRMED')::numeric / nullif(count(*) FILTER (WHERE a.status <> 'OPEN'), 0), 4) AS "precision"
    FROM oms.anomalies AS a
   WHERE a.found_at > now() - interval '90 days'
   GROUP BY a.feature;
COMMENT ON VIEW oms.anomaly_quality IS 'By feature, what was found in 90 days, and what people made of it';
COMMENT ON COLUMN oms.anomaly_quality.precision IS 'Of those that were reviewed, the part that was confirmed: below a half the feature reports less from then on, down to an eighth of its budget';

CREATE FUNCTION oms.score_events(max_events integer DEFAULT 1000, OUT events bigint, OUT "values" bigint, OUT anomalies bigint, OUT done boolean)
  RETURNS SETOF record LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'oms_score_events';
COMMENT ON FUNCTION oms.score_events(integer) IS
  'Scores the next committed events (1 to 10000) by the features of oms.anomaly_features, learns from them, and writes what is unusual into oms.anomalies: how many events and values, what was found, and whether all were read. One session at a time; another one finds nothing to do. For oms_admin';

CREATE FUNCTION oms.review_anomaly(sequence bigint, feature text, status text, note text DEFAULT NULL) RETURNS void
  LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'oms_review_anomaly';
COMMENT ON FUNCTION oms.review_anomaly(bigint, text, text, text) IS
  'What somebody has found out about an anomaly that he sees: CONFIRMED, DISMISSED, or OPEN again. The value of a confirmed one is taken out of what is usual; what is mostly dismissed is reported less. OM003: there is no such anomaly; 22023: no such status. For oms_desk';

CREATE FUNCTION oms.anomaly_probability(feature text, value numeric, peer text DEFAULT '') RETURNS numeric
  LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_anomaly_probability';
COMMENT ON FUNCTION oms.anomaly_probability(text, numeric, text) IS
  'How likely a value of a feature is that is as far out as this one, among those of a peer as oms.anomaly_profiles names it; null where less than 200 are known, or nothing; and outside of a rule for who is limited to accounts. One look at an index, for predicates of rules';

CREATE FUNCTION oms.import_anomaly_scores(scores jsonb) RETURNS bigint
  LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  imported bigint;
  bad text;
BEGIN
  IF jsonb_typeof(scores) <> 'array' THEN
    RAISE EXCEPTION 'scores are an array of objects' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT s.score::text INTO bad FROM jsonb_array_elements(scores) AS s (score)
   WHERE (jsonb_typeof(s.score) = 'object' AND s.score ->> 'model' ~ '^[a-z][a-z0-9_]{0,62}$' AND jsonb_typeof(s.score -> 'sequence') = 'number' AND s.score ->> 'sequence' ~ '^[0-9]{1,18}$'
          AND octet_length(s.score ->> 'reason') BETWEEN 1 AND 2000
          AND coalesce(jsonb_typeof(s.score -> 'probability') = 'number' AND (s.score ->> 'probability')::numeric BETWEEN 0 AND 1, NOT s.score ? 'probability')
          AND coalesce(jsonb_typeof(s.score -> 'value') = 'number' AND abs((s.score ->> 'value')::numeric) < 1e300, NOT s.score ? 'value')) IS NOT TRUE
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'a score cannot be read: %', left(bad, 200)
      USING ERRCODE = 'invalid_parameter_value', HINT = 'A score is {"sequence": of the event, "model": a name, "reason": a sentence}, and may have "probability" and "value".';
  END IF;
  SELECT a.feature INTO bad FROM oms.anomaly_features AS f JOIN jsonb_array_elements(scores) AS s (score) ON f.name = s.score ->> 'model' CROSS JOIN LATERAL (SELECT f.name) AS a (feature) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'a model cannot have the name of feature "%"', bad USING ERRCODE = 'invalid_parameter_value';
  END IF;
  INSERT INTO oms.anomalies (sequence, feature, object, id, root_id, account, asset_class, symbol, occurred_at, value, probability, reason)
  SELECT e.sequence, s.score ->> 'model', e.object, e.aggregate_id, e.root_id, e.account, e.payload #>> '{state,assetClass}', e.payload #>> '{state,symbol}', e.occurred_at,
         (s.score ->> 'value')::double precision, (s.score ->> 'probability')::double precision, s.score ->> 'reason'
    FROM jsonb_array_elements(scores) AS s (score)
    -- what ends a tree is of nothing that is left
    JOIN oms.all_events AS e ON e.sequence = (s.score ->> 'sequence')::bigint AND e.event_type <> 'TreePurged'
      ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS imported = ROW_COUNT;
  RETURN imported;
END
$function$;
COMMENT ON FUNCTION oms.import_anomaly_scores(jsonb) IS
  'Anomalies that a model elsewhere has found: an array of {"sequence", "model", "reason"} with "probability" and "value" where it has them. They are reviewed and counted as any; an event that is not there, and one that the model has reported before, is left out. Returns how many are new. 22023: one cannot be read. For oms_admin';

REVOKE ALL ON FUNCTION oms.score_events(integer), oms.review_anomaly(bigint, text, text, text), oms.anomaly_probability(text, numeric, text), oms.import_anomaly_scores(jsonb) FROM PUBLIC;
