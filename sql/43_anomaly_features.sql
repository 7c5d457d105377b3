-- What is measured of events, to find those that are unusual. 69_anomalies.sql has what becomes of it.

CREATE TABLE oms.anomaly_features (
  name text COLLATE "C" NOT NULL CONSTRAINT anomaly_features_name_check CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  builtin boolean NOT NULL DEFAULT false,
  object text COLLATE "C" NOT NULL,
  event_types text[],
  measure text COLLATE "C" NOT NULL,
  label text COLLATE "C" NOT NULL CONSTRAINT anomaly_features_label_check CHECK (octet_length(label) BETWEEN 1 AND 200),
  peers text[] NOT NULL DEFAULT '{}',
  side text COLLATE "C" NOT NULL DEFAULT 'HIGH' CONSTRAINT anomaly_features_side_check CHECK (side IN ('HIGH', 'LOW', 'BOTH', 'ANY')),
  scale text COLLATE "C" NOT NULL DEFAULT 'LINEAR' CONSTRAINT anomaly_features_scale_check CHECK (scale IN ('LINEAR', 'LOG')),
  budget numeric NOT NULL DEFAULT 0.001 CONSTRAINT anomaly_features_budget_check CHECK (budget BETWEEN 0.000001 AND 0.1),
  half_life_days integer NOT NULL DEFAULT 30 CONSTRAINT anomaly_features_half_life_days_check CHECK (half_life_days BETWEEN 1 AND 3650),
  peers_max integer NOT NULL DEFAULT 5000 CONSTRAINT anomaly_features_peers_max_check CHECK (peers_max BETWEEN 1 AND 1000000),
  enabled boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 1,
  hash bytea,
  CONSTRAINT anomaly_features_pkey PRIMARY KEY (name, builtin)
);
SELECT pg_catalog.pg_extension_config_dump('oms.anomaly_features', 'WHERE NOT builtin');
COMMENT ON TABLE oms.anomaly_features IS
  'What oms.score_events() measures of events, and how much of it is reported. A row takes the place of the shipped one of its name whole; a change acts at the next batch';
COMMENT ON COLUMN oms.anomaly_features.name IS 'By which anomalies name it';
COMMENT ON COLUMN oms.anomaly_features.builtin IS 'It came with the extension: never changed, and in no dump';
COMMENT ON COLUMN oms.anomaly_features.object IS 'The kind of object whose events are measured';
COMMENT ON COLUMN oms.anomaly_features.event_types IS 'Of which event types; null: of all of that kind';
COMMENT ON COLUMN oms.anomaly_features.measure IS
  'One SQL expression that gives a number, in the language of rules without its look-ups: over command, cur (the object as the event leaves it), parent and root (as they are now), and facts. Null: there is nothing to measure';
COMMENT ON COLUMN oms.anomaly_features.label IS 'What the number is, as the sentence begins that people read';
COMMENT ON COLUMN oms.anomaly_features.peers IS
  'With which others a value is compared: columns of cur (else of parent) and facts with + between, the most special first; 200 values are needed, else the next level is asked, and then all';
COMMENT ON COLUMN oms.anomaly_features.side IS 'Which values are unusual: HIGH, LOW, BOTH; ANY: whatever is above zero, and nothing is learned';
COMMENT ON COLUMN oms.anomaly_features.scale IS 'LOG: values are compared by how many times they are another one, and only those above zero are; LINEAR: as they are';
COMMENT ON COLUMN oms.anomaly_features.budget IS 'Of all values that are measured, the part that is reported at the most, on average; reviews lower it (oms.anomaly_quality)';
COMMENT ON COLUMN oms.anomaly_features.half_life_days IS 'After so many days a value counts for half';
COMMENT ON COLUMN oms.anomaly_features.peers_max IS 'So many profiles are kept; those with the fewest values go';
COMMENT ON COLUMN oms.anomaly_features.enabled IS 'False: nothing is measured';

CREATE FUNCTION oms.check_feature(name text, object text, measure text, peers text[]) RETURNS void
  LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'oms_check_feature';
COMMENT ON FUNCTION oms.check_feature(text, text, text, text[]) IS 'OM011 where a feature cannot be: there is no such kind of object, its measure cannot be read, or its peers are of nothing';

CREATE FUNCTION oms.check_anomaly_feature() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM oms.check_feature(NEW.name, NEW.object, NEW.measure, NEW.peers);
  RETURN NEW;
END
$function$;
COMMENT ON FUNCTION oms.check_anomaly_feature() IS 'Trigger of oms.anomaly_features: oms.check_feature() for each row';
REVOKE ALL ON FUNCTION oms.check_anomaly_feature(), oms.check_feature(text, text, text, text[]) FROM PUBLIC;
CREATE TRIGGER check_row BEFORE INSERT OR UPDATE ON oms.anomaly_features FOR EACH ROW EXECUTE FUNCTION oms.check_anomaly_feature();
ALTER TABLE oms.anomaly_features ENABLE ALWAYS TRIGGER check_row;
