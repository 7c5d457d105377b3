# Trading calendars, held against others' work: every session of the shipped ones as exchange_calendars has it (test/data/calendars); times around the nights
# when clocks are changed, in zones that do it in every manner, found by the server's way from moments to clocks, which is never ambiguous; the session, close and
# day of random moments by a plain reading of all sessions. Rows of users through an update, a dump, and on a standby; rules that ask.
# Broken by: one session that opens or closes otherwise; a time shown twice or never that is taken as either, or an offset that is not; a moment at an open or a
# close that falls on the wrong side; a user's row that an update or a dump loses, or a shipped row that comes twice; a session that keeps what has changed.

use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsOldVersion;
use OmsTest;

my $node = oms_node('calendars', streaming => 1);
my $dir = PostgreSQL::Test::Utils::tempdir();
sub sql { my ($sql, $database, $on) = @_; return ($on // $node)->safe_psql($database // 'postgres', $sql); }
srand(first_seed());

# ---- the shipped ones ---------------------------------------------------------------------------------------------------

my %theirs = map { /^(\S+) (\d+) (\S+)$/ ? ($1 => "$2 $3") : () } split /\n/, slurp_file("$FindBin::Bin/../data/calendars/sessions.txt");
my $ours = q(SELECT c.name, count(*) || ' ' || encode(sha256(convert_to(string_agg(concat_ws(' ', s.day, extract(epoch FROM s.open)::bigint, extract(epoch FROM s.close)::bigint), E'\n' ORDER BY s.day), 'UTF8')), 'hex')
	FROM oms.calendars AS c CROSS JOIN LATERAL oms.sessions(c.name) AS s WHERE c.shipped GROUP BY c.name ORDER BY c.name);
my %ours = map { split /\|/, $_, 2 } split /\n/, sql($ours);
is_deeply(\%ours, \%theirs, 'every session of every shipped calendar opens and closes as it does in exchange_calendars');
is(sql('SELECT count(*) > 60, sum((SELECT count(*) FROM oms.sessions(c.name))) > 130000 FROM oms.calendars AS c'), 't|t', '... and they are many');
is(sql(q(SELECT string_agg(p.calendar || ' ' || p.problem, ', ') FROM oms.calendar_problems('2026-03-01') AS p)), '', 'nothing is wrong with them here');
is(sql(q(SELECT string_agg(p.calendar, ' ' ORDER BY p.calendar) FROM oms.calendar_problems('2026-11-02') AS p WHERE p.problem = 'horizon')), 'XBOM XSES XSHG', 'those that end with the year are told before');
is(sql(q(BEGIN; CREATE OR REPLACE FUNCTION oms.shipped_zone_offsets() RETURNS TABLE (zone text, since timestamptz, utc_offset integer) LANGUAGE sql STABLE PARALLEL SAFE ROWS 400 SET search_path = pg_catalog, pg_temp
	AS $$ VALUES ('Europe/London', timestamptz '-infinity', 0), ('Europe/London', '2026-03-29 01:00Z', 3600), ('Asia/Tokyo', '-infinity', 32400) $$;
	SELECT p.calendar, p.problem, p.day, p.detail FROM oms.calendar_problems('2026-10-01') AS p WHERE p.problem <> 'horizon'; ROLLBACK)),
	'XLON|zone_differs|2026-10-26|Here it closes at 2026-10-26 16:30:00+00; by the time zones of the machine that made the shipped calendars at 2026-10-26 15:30:00+00. So with '
	. sql(q(SELECT count(*) FROM oms.sessions('XLON', '2026-10-26', '2027-11-05') AS s WHERE (s.close AT TIME ZONE 'Europe/London') = (s.close AT TIME ZONE 'UTC'))) . ' session(s) of the next 400 days.',
	'where the zones of the two machines differ, the closes that do are named');

# ---- nights when clocks are changed -------------------------------------------------------------------------------------

# By half an hour, at midnight, back in spring, a whole day left out, several times a year.
my @zones = qw(Europe/London America/New_York America/Santiago America/Sao_Paulo Africa/Cairo Africa/Casablanca Asia/Beirut Asia/Gaza Australia/Lord_Howe Europe/Dublin Pacific/Apia Atlantic/Azores);
my $zones = join ', ', map { "'$_'" } @zones;
my $tries = rounds(25, 400);
sql(qq(
	CREATE TABLE walls (n int GENERATED ALWAYS AS IDENTITY, zone text, wall timestamp);
	SET seed = @{[rand]};
	-- each change of a zone, and clock times some hours around it, by quarters of an hour
	INSERT INTO walls (zone, wall)
	  SELECT c.zone, date_trunc('hour', (c.at AT TIME ZONE 'UTC') + c.after) + (floor(random() * 16) - 8) * interval '15 minutes'
	    FROM (SELECT z.zone, h.at, (h.at AT TIME ZONE z.zone) - (h.at AT TIME ZONE 'UTC') AS after, ((h.at - interval '1 hour') AT TIME ZONE z.zone) - ((h.at - interval '1 hour') AT TIME ZONE 'UTC') AS before
	            FROM unnest(ARRAY[$zones]) AS z (zone) CROSS JOIN generate_series(timestamptz '2009-01-01 00:00Z', '2037-12-01 00:00Z', '1 hour') AS h (at)) AS c
	   CROSS JOIN generate_series(1, 40)
	   WHERE c.before <> c.after;
	DELETE FROM walls WHERE n NOT IN (SELECT w.n FROM (SELECT w.n, row_number() OVER (PARTITION BY w.zone ORDER BY random()) AS place FROM walls AS w) AS w WHERE w.place <= $tries);
	-- the moments at which clocks there show it, and the offsets around
	CREATE TABLE moments AS
	  SELECT w.n, array_agg(c.at ORDER BY c.at) FILTER (WHERE c.at AT TIME ZONE w.zone = w.wall) AS shown,
	         array_agg(DISTINCT (c.at AT TIME ZONE w.zone) - (c.at AT TIME ZONE 'UTC')) AS around
	    FROM walls AS w CROSS JOIN LATERAL (SELECT (w.wall AT TIME ZONE 'UTC') - o * interval '15 minutes' AS at FROM generate_series(-60, 60) AS o) AS c GROUP BY w.n;
	INSERT INTO oms.trading_calendars (name, zone, known_until) SELECT z, z, 'infinity' FROM unnest(ARRAY[$zones]) AS z;
	CREATE FUNCTION try(calendar text, day date, open text) RETURNS text LANGUAGE plpgsql AS \$\$
	DECLARE found timestamptz;
	BEGIN
	  INSERT INTO oms.calendar_days (calendar, day, open_time, close_day_offset, close_time) VALUES (calendar, day, open, 2, '12:00');
	  found := (oms.session(calendar, day)).open;
	  DELETE FROM oms.calendar_days AS d WHERE d.calendar = try.calendar AND d.day = try.day;
	  RETURN found;
	EXCEPTION WHEN SQLSTATE 'OM011' THEN RETURN 'refused';
	END \$\$));
sql(q(CREATE TABLE tried AS SELECT w.*, m.shown, m.around, try(w.zone, w.wall::date, to_char(w.wall, 'HH24:MI')) AS plain,
	(SELECT jsonb_object_agg(o::text, try(w.zone, w.wall::date, to_char(w.wall, 'HH24:MI') || CASE WHEN o < '0' THEN '-' ELSE '+' END || to_char(greatest(o, -o), 'HH24:MI'))) FROM unnest(m.around) AS o) AS told
	FROM walls AS w JOIN moments AS m USING (n)));
my $counts = sql(q(SELECT count(*) FILTER (WHERE cardinality(shown) = 1) > 50, count(*) FILTER (WHERE cardinality(shown) = 2) > 20, count(*) FILTER (WHERE shown IS NULL) > 20, count(DISTINCT zone) FROM tried));
is($counts, 't|t|t|' . @zones, 'times that clocks show once, twice and never, in each zone');
is(sql(q(SELECT string_agg(format('%s %s %s %s', zone, wall, plain, shown), '; ') FROM tried
	WHERE plain IS DISTINCT FROM CASE WHEN cardinality(shown) = 1 THEN shown[1]::text ELSE 'refused' END)), '', 'what is shown once is that moment, and what is shown twice or never is refused');
is(sql(q(SELECT string_agg(format('%s %s %s %s %s', t.zone, t.wall, o.key, o.value, t.shown), '; ') FROM tried AS t CROSS JOIN LATERAL jsonb_each_text(t.told) AS o CROSS JOIN LATERAL (SELECT (t.wall AT TIME ZONE 'UTC') - o.key::interval) AS m (at)
	WHERE cardinality(t.shown) = 2 AND m.at = ANY (t.shown) AND o.value <> m.at::text OR cardinality(t.shown) = 1 AND o.value <> CASE WHEN m.at = t.shown[1] THEN m.at::text ELSE 'refused' END
	  OR t.shown IS NULL AND o.value NOT IN (m.at::text, 'refused'))), '', 'with an offset it is the moment that this tells');
is(sql(q(SELECT count(*) FROM tried AS t WHERE t.shown IS NULL AND (SELECT count(*) FROM jsonb_each_text(t.told) AS o WHERE o.value <> 'refused') < 2)), 0, '... also where clocks are put forward, by either side');
sql(qq(DELETE FROM oms.trading_calendars WHERE name IN ($zones)));

# ---- moments ------------------------------------------------------------------------------------------------------------

# Those at opens and closes, a microsecond beside them, and any.
my $some = rounds(1500, 15000);
my $wrong = sql(qq(
	SET seed = @{[rand]};
	INSERT INTO oms.trading_calendars (name, expiry_delay) VALUES ('XNYS', '20 minutes'), ('XTKS', '12 hours');
	CREATE TABLE all_sessions AS SELECT c.name AS calendar, c.zone, c.expiry_delay, s.*, c.known_until FROM oms.calendars AS c CROSS JOIN LATERAL oms.sessions(c.name) AS s WHERE c.shipped;
	CREATE INDEX ON all_sessions (calendar, close);
	WITH moments AS MATERIALIZED (
	  SELECT s.calendar, s.zone, s.expiry_delay, CASE floor(random() * 6) WHEN 0 THEN s.open WHEN 1 THEN s.close WHEN 2 THEN s.open - interval '1 microsecond' WHEN 3 THEN s.close - interval '1 microsecond'
	           WHEN 4 THEN s.close + s.expiry_delay - interval '1 microsecond' ELSE s.open + random() * interval '5 days' END AS at
	    FROM (SELECT * FROM all_sessions AS a WHERE a.day BETWEEN '2020-02-01' AND '2026-10-31' ORDER BY random() LIMIT $some) AS s
	), answers AS (
	  SELECT m.*, oms.next_close(m.calendar, m.at) AS next_close, o.day AS of_day, oms.trading_day(m.calendar, m.at) AS day, n.close AS slow_close, u.day AS slow_of,
	         CASE WHEN d.open > m.at AND (l.close AT TIME ZONE m.zone)::date = (m.at AT TIME ZONE m.zone)::date THEN l.day ELSE d.day END AS slow_day
	    FROM moments AS m CROSS JOIN LATERAL oms.session_of(m.calendar, m.at) AS o
	    LEFT JOIN LATERAL (SELECT a.close FROM all_sessions AS a WHERE a.calendar = m.calendar AND a.close > m.at ORDER BY a.close LIMIT 1) AS n ON true
	    LEFT JOIN LATERAL (SELECT a.day FROM all_sessions AS a WHERE a.calendar = m.calendar AND a.close > m.at AND a.open <= m.at ORDER BY a.close LIMIT 1) AS u ON true
	    LEFT JOIN LATERAL (SELECT a.* FROM all_sessions AS a WHERE a.calendar = m.calendar AND a.close + m.expiry_delay > m.at ORDER BY a.close LIMIT 1) AS d ON true
	    LEFT JOIN LATERAL (SELECT a.* FROM all_sessions AS a WHERE a.calendar = m.calendar AND a.close + m.expiry_delay <= m.at ORDER BY a.close DESC LIMIT 1) AS l ON true
	)
	SELECT string_agg(format('%s %s: %s %s, %s %s, %s %s', a.calendar, a.at, a.next_close, a.slow_close, a.of_day, a.slow_of, a.day, a.slow_day), '; ') FROM answers AS a
	 WHERE (a.next_close, a.of_day, a.day) IS DISTINCT FROM (a.slow_close, a.slow_of, a.slow_day)));
is($wrong, '', 'the next close, the session under way and the day of random moments');
sql(q(DROP TABLE all_sessions; DELETE FROM oms.trading_calendars WHERE NOT builtin));

# ---- an update, a dump, a standby ---------------------------------------------------------------------------------------

my $mine = q(INSERT INTO oms.trading_calendars (name, zone, known_until) VALUES ('MINE', 'Europe/Zurich', 'infinity');
	INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time, close_time) SELECT 'MINE', d, '09:00', '17:30' FROM generate_series(1, 5) AS d;
	INSERT INTO oms.calendar_days (calendar, day, closed, reason) VALUES ('XLON', '2026-06-15', true, 'a mourning day'), ('MINE', '2026-06-16', true, NULL);
	INSERT INTO oms.trading_calendars (name, expiry_delay) VALUES ('XLON', '10 minutes');
	INSERT INTO oms.calendar_days (calendar, day) VALUES ('XLON', '2026-12-25');
	INSERT INTO oms.calendar_assignments (destination, calendar) VALUES ('TRQX', 'MINE'););
my $seen = q(SELECT oms.is_trading_day('XLON', '2026-06-15'), oms.is_trading_day('XLON', '2026-12-25'), oms.is_trading_day('XLON', '2026-06-17'), oms.calendar_of('TRQX'), oms.calendar_of('BATE'),
	(SELECT count(*) FROM oms.sessions('MINE', '2026-06-15', '2026-06-19')), (SELECT c.expiry_delay FROM oms.calendars AS c WHERE c.name = 'XLON'), (SELECT count(*) FROM oms.verify()));
sql('CREATE DATABASE updated; CREATE DATABASE restored');
sql("CREATE EXTENSION oms_state; $mine", 'updated');
is(sql($seen, 'updated'), 'f|t|t|MINE|XLON|4|00:10:00|0', 'rows of a user over shipped ones');

# A script of a later version, where this server looks for extensions elsewhere (a setting of Debian).
if (can_be_old($node))
{
	my $share = qx("@{[$ENV{PG_CONFIG} // 'pg_config']}" --sharedir) =~ s/\n//r;
	append_to_file(sql('SHOW extension_destdir') . "$share/extension/oms_state--" . sql(q(SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'oms_state')) . '--later.sql', q(
	DELETE FROM oms.calendar_days AS d WHERE d.builtin AND d.calendar = 'XLON' AND d.day >= '2026-06-01';
	INSERT INTO oms.calendar_days (calendar, day, builtin, closed) VALUES ('XLON', '2026-06-17', true, true), ('XLON', '2026-12-25', true, true), ('XLON', '2026-06-15', true, false);
	DELETE FROM oms.calendar_assignments AS a WHERE a.builtin AND a.destination = 'TRQX';
	INSERT INTO oms.calendar_assignments (destination, builtin, calendar) VALUES ('TRQX', true, 'XPAR');
	UPDATE oms.calendar_assignments AS a SET calendar = 'XPAR' WHERE a.builtin AND a.destination = 'BATE';));
	my $session = $node->background_psql('updated');
	$session->query_safe($seen);
	sql("ALTER EXTENSION oms_state UPDATE TO 'later'", 'updated');
	is(sql($seen, 'updated'), 'f|t|f|MINE|XPAR|4|00:10:00|0', 'an update brings other shipped rows, and leaves those of the user in their place');
	is($session->query_safe($seen), 'f|t|f|MINE|XPAR|4|00:10:00|0', '... in a session of before, too');
	$session->quit;
}

sql("CREATE DATABASE dumped"); sql("CREATE EXTENSION oms_state; $mine", 'dumped');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/dump", $node->connstr('dumped') ], 'dump');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), "$dir/dump" ], 'restore: days come before the calendar that they are of');
is(sql($seen, 'restored'), 'f|t|t|MINE|XLON|4|00:10:00|0', 'a dump has what the user wrote, and the shipped rows come with the extension');
is(sql('SELECT count(*) FROM oms.calendar_days AS d', 'restored'), sql('SELECT count(*) FROM oms.calendar_days AS d', 'dumped'), '... once');

$node->backup('standby');
my $standby = PostgreSQL::Test::Cluster->new('calendars_standby');
$standby->init_from_backup($node, 'standby', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is(sql($seen, 'dumped', $standby), 'f|t|t|MINE|XLON|4|00:10:00|0', 'a standby answers alike');
is(sql(q(SELECT count(*) FROM oms.calendar_problems('2026-03-01')), 'postgres', $standby), 0, '... and knows of problems');

# ---- rules --------------------------------------------------------------------------------------------------------------

sql(q(INSERT INTO oms.trading_calendars (name, zone, known_until) VALUES ('ALWAYS', 'UTC', 'infinity'), ('NEVER', 'UTC', 'infinity');
	INSERT INTO oms.calendar_hours (calendar, iso_dow, open_time, close_time) SELECT 'ALWAYS', d, '00:00', '24:00' FROM generate_series(1, 7) AS d;
	INSERT INTO oms.validation_rules (name, object, command_type, predicate, message, when_missing) VALUES ('open', 'order', 'CreateOrderCommand',
	'oms.in_session(oms.calendar_of(command ->> ''destination'', command ->> ''assetClass'', command ->> ''symbol''), now())', 'the market is closed', 'WARN')));
my $try = sub { my ($to) = @_; return sql(qq(SELECT concat_ws(' ', r ->> 'status', r #>> '{error,rule}') FROM oms_try_command('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 1, "destination": "$to"}') AS r)); };
is($try->('ALWAYS'), 'ACCEPTED', 'a rule asks whether the market is open');
is($try->('NEVER'), 'REJECTED open', '... and it is not');
is($try->('NONE'), 'ACCEPTED', '... and of none nothing is known');

done_testing();
