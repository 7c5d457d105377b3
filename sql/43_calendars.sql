-- Trading calendars: when markets are open, as clocks there show it, and which day a moment belongs to.
-- A zone and times of day, never moments: a zone's law changes. The shipped ones come in 44_shipped_calendars.sql.

CREATE TABLE oms.trading_calendars (
  name text COLLATE "C" NOT NULL CONSTRAINT trading_calendars_name_check CHECK (octet_length(name) BETWEEN 1 AND 200),
  builtin boolean NOT NULL DEFAULT false,
  zone text COLLATE "C",
  known_from date,
  known_until date,
  expiry_delay interval CONSTRAINT trading_calendars_expiry_delay_check CHECK (expiry_delay >= interval '0' AND expiry_delay < interval '1 day' AND extract(month FROM expiry_delay) = 0),
  source text COLLATE "C",
  source_version text COLLATE "C",
  version bigint NOT NULL DEFAULT 1,
  hash bytea,
  CONSTRAINT trading_calendars_pkey PRIMARY KEY (name, builtin)
);
SELECT pg_catalog.pg_extension_config_dump('oms.trading_calendars', 'WHERE NOT builtin');
COMMENT ON TABLE oms.trading_calendars IS
  'Markets whose hours and days are known, by MIC or by a name of yours. A row beside a shipped one of its name takes its place in what is not null in it. Its owner changes it; a change acts at the next command in every session of the database';
COMMENT ON COLUMN oms.trading_calendars.name IS 'By which the other tables, and oms.session(), name it: the MIC of the market where it has one';
COMMENT ON COLUMN oms.trading_calendars.builtin IS 'It came with the extension: never changed, and in no dump';
COMMENT ON COLUMN oms.trading_calendars.zone IS 'The zone of its times, as Area/City; or UTC. Null: as shipped';
COMMENT ON COLUMN oms.trading_calendars.known_from IS 'The first day of which anything is known. Null: as shipped, else since ever';
COMMENT ON COLUMN oms.trading_calendars.known_until IS 'The last one: beyond it nothing is open, closed, or expired. Null: as shipped';
COMMENT ON COLUMN oms.trading_calendars.expiry_delay IS
  'How long after the close the market''s day goes on (auctions, late reports): DAY orders expire so much later. Less than a day; null: as shipped, else none';
COMMENT ON COLUMN oms.trading_calendars.source IS 'Where its days come from';
COMMENT ON COLUMN oms.trading_calendars.source_version IS 'Which version of that';

CREATE TABLE oms.calendar_hours (
  calendar text COLLATE "C" NOT NULL,
  iso_dow integer NOT NULL CONSTRAINT calendar_hours_iso_dow_check CHECK (iso_dow BETWEEN 1 AND 7),
  valid_from date NOT NULL DEFAULT '-infinity',
  builtin boolean NOT NULL DEFAULT false,
  closed boolean NOT NULL DEFAULT false,
  open_day_offset integer NOT NULL DEFAULT 0 CONSTRAINT calendar_hours_open_day_offset_check CHECK (open_day_offset BETWEEN -2 AND 2),
  open_time text COLLATE "C" CONSTRAINT calendar_hours_open_time_check CHECK (open_time ~ '^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$|^24:00(:00)?$'),
  close_day_offset integer NOT NULL DEFAULT 0 CONSTRAINT calendar_hours_close_day_offset_check CHECK (close_day_offset BETWEEN -2 AND 2),
  close_time text COLLATE "C" CONSTRAINT calendar_hours_close_time_check CHECK (close_time ~ '^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$|^24:00(:00)?$'),
  breaks text COLLATE "C" CONSTRAINT calendar_hours_breaks_check CHECK (breaks ~ '^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d( |$))*$' AND octet_length(breaks) <= 200),
  version bigint NOT NULL DEFAULT 1,
  hash bytea,
  CONSTRAINT calendar_hours_pkey PRIMARY KEY (calendar, iso_dow, valid_from, builtin),
  CONSTRAINT calendar_hours_times_check CHECK (closed OR (open_time IS NOT NULL AND close_time IS NOT NULL))
);
SELECT pg_catalog.pg_extension_config_dump('oms.calendar_hours', 'WHERE NOT builtin');
COMMENT ON TABLE oms.calendar_hours IS
  'The usual session of a weekday, from a day on until the next row of that weekday. A weekday without a row is closed. Of a weekday that has a row of yours by then, shipped ones say nothing';
COMMENT ON COLUMN oms.calendar_hours.iso_dow IS 'The weekday of the session''s day: 1 is Monday, 7 Sunday';
COMMENT ON COLUMN oms.calendar_hours.valid_from IS 'The first day that has these hours';
COMMENT ON COLUMN oms.calendar_hours.builtin IS 'It came with the extension: never changed, and in no dump';
COMMENT ON COLUMN oms.calendar_hours.closed IS 'True: no session';
COMMENT ON COLUMN oms.calendar_hours.open_day_offset IS 'On which date it opens, in days after the session''s day: -1 is the evening before';
COMMENT ON COLUMN oms.calendar_hours.open_time IS 'When it opens, on clocks there: 08:00, 23:59:30, 24:00';
COMMENT ON COLUMN oms.calendar_hours.close_day_offset IS 'On which date it closes, likewise';
COMMENT ON COLUMN oms.calendar_hours.close_time IS 'When it closes: the end of regular trading';
COMMENT ON COLUMN oms.calendar_hours.breaks IS 'When it pauses: 11:30-12:30, with a blank between several';

CREATE TABLE oms.calendar_days (
  calendar text COLLATE "C" NOT NULL,
  day date NOT NULL CONSTRAINT calendar_days_day_check CHECK (isfinite(day)),
  builtin boolean NOT NULL DEFAULT false,
  closed boolean NOT NULL DEFAULT false,
  open_day_offset integer CONSTRAINT calendar_days_open_day_offset_check CHECK (open_day_offset BETWEEN -2 AND 2),
  open_time text COLLATE "C" CONSTRAINT calendar_days_open_time_check CHECK (open_time ~ '^(([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?|24:00(:00)?)([+-](0\d|1[0-5]):[0-5]\d)?$'),
  close_day_offset integer CONSTRAINT calendar_days_close_day_offset_check CHECK (close_day_offset BETWEEN -2 AND 2),
  close_time text COLLATE "C" CONSTRAINT calendar_days_close_time_check CHECK (close_time ~ '^(([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?|24:00(:00)?)([+-](0\d|1[0-5]):[0-5]\d)?$'),
  breaks text COLLATE "C" CONSTRAINT calendar_days_breaks_check CHECK (breaks ~ '^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d( |$))*$' AND octet_length(breaks) <= 200),
  reason text COLLATE "C" CONSTRAINT calendar_days_reason_check CHECK (octet_length(reason) <= 1024),
  version bigint NOT NULL DEFAULT 1,
  hash bytea,
  CONSTRAINT calendar_days_pkey PRIMARY KEY (calendar, day, builtin)
);
SELECT pg_catalog.pg_extension_config_dump('oms.calendar_days', 'WHERE NOT builtin');
COMMENT ON TABLE oms.calendar_days IS
  'Days that are not as usual: closed, or with other times; what is null is as usual. Yours take the place of shipped ones whole, and stay when the extension is updated: one that says nothing else makes an ordinary day of a shipped holiday';
COMMENT ON COLUMN oms.calendar_days.day IS 'The session''s day';
COMMENT ON COLUMN oms.calendar_days.builtin IS 'It came with the extension: never changed, and in no dump';
COMMENT ON COLUMN oms.calendar_days.closed IS 'True: no session';
COMMENT ON COLUMN oms.calendar_days.open_time IS
  'When it opens, on clocks there. A time that these show twice or never, in a night when they are changed, needs the offset from UTC that is meant: 01:30+01:00';
COMMENT ON COLUMN oms.calendar_days.close_time IS 'When it closes, likewise';
COMMENT ON COLUMN oms.calendar_days.breaks IS 'When it pauses; empty: never';
COMMENT ON COLUMN oms.calendar_days.reason IS 'Why, for people';

CREATE TABLE oms.calendar_assignments (
  destination text COLLATE "C" NOT NULL DEFAULT '',
  symbol text COLLATE "C" NOT NULL DEFAULT '',
  asset_class text COLLATE "C" NOT NULL DEFAULT '',
  builtin boolean NOT NULL DEFAULT false,
  calendar text COLLATE "C",
  version bigint NOT NULL DEFAULT 1,
  hash bytea,
  CONSTRAINT calendar_assignments_pkey PRIMARY KEY (destination, symbol, asset_class, builtin)
);
SELECT pg_catalog.pg_extension_config_dump('oms.calendar_assignments', 'WHERE NOT builtin');
COMMENT ON TABLE oms.calendar_assignments IS
  'Which calendar an order has; an empty destination, symbol or asset class: any. The most special row counts: one with the destination before one without, then the symbol, then the class. A destination that is a calendar''s name needs none';
COMMENT ON COLUMN oms.calendar_assignments.builtin IS 'It came with the extension: never changed, and in no dump';
COMMENT ON COLUMN oms.calendar_assignments.calendar IS 'Null: it has none';

CREATE FUNCTION oms.session(calendar text, day date, OUT open timestamptz, OUT close timestamptz) RETURNS record
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_session';
COMMENT ON FUNCTION oms.session(text, date) IS
  'When a calendar''s session of a day opens and closes; nulls where it is closed, and where that is not known: oms.is_trading_day() tells them apart';

CREATE FUNCTION oms.sessions(calendar text, from_day date DEFAULT '-infinity', to_day date DEFAULT 'infinity')
  RETURNS TABLE (day date, open timestamptz, close timestamptz)
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE ROWS 250 AS 'MODULE_PATHNAME', 'oms_sessions';
COMMENT ON FUNCTION oms.sessions(text, date, date) IS
  'All sessions of a calendar from one day to another, as far as it is known; nulls for a day whose times clocks there show twice or never';

CREATE FUNCTION oms.session_of(calendar text, at timestamptz, OUT day date, OUT open timestamptz, OUT close timestamptz) RETURNS record
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_session_of';
COMMENT ON FUNCTION oms.session_of(text, timestamptz) IS
  'The session under way at a moment (open <= at < close), breaks included; nulls where there is none, and where that is not known';

CREATE FUNCTION oms.next_close(calendar text, at timestamptz) RETURNS timestamptz
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_next_close';
COMMENT ON FUNCTION oms.next_close(text, timestamptz) IS
  'The close of the first session that closes after a moment, without expiry_delay; null where that is not known. For predicates of rules too';

CREATE FUNCTION oms.in_session(calendar text, at timestamptz) RETURNS boolean
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_in_session';
COMMENT ON FUNCTION oms.in_session(text, timestamptz) IS
  'Is a market open at a moment, and in no break? Null where that is not known. For predicates of rules too';

CREATE FUNCTION oms.is_trading_day(calendar text, day date) RETURNS boolean
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_is_trading_day';
COMMENT ON FUNCTION oms.is_trading_day(text, date) IS
  'Has the day a session? Null where that is not known: no such calendar, a day outside of its data, a time that clocks there show twice or never. For predicates of rules too';

CREATE FUNCTION oms.trading_day(calendar text, at timestamptz) RETURNS date
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_calendar_day_of';
COMMENT ON FUNCTION oms.trading_day(text, timestamptz) IS
  'The day that a moment belongs to by a calendar: that of the session that closes next (with expiry_delay); what comes after a close belongs to its day until the next session opens or the date changes there. Null where that is not known. For predicates of rules too';

CREATE FUNCTION oms.calendar_of(destination text, asset_class text DEFAULT NULL, symbol text DEFAULT NULL) RETURNS text
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_calendar_of_order';
COMMENT ON FUNCTION oms.calendar_of(text, text, text) IS
  'The calendar that holds for a destination, asset class and symbol by oms.calendar_assignments; null if there is none. For predicates of rules too';

REVOKE ALL ON FUNCTION oms.session(text, date), oms.sessions(text, date, date), oms.session_of(text, timestamptz), oms.next_close(text, timestamptz),
  oms.in_session(text, timestamptz), oms.is_trading_day(text, date), oms.trading_day(text, timestamptz), oms.calendar_of(text, text, text) FROM PUBLIC;
