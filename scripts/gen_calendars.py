#!/usr/bin/env python3
"""gen_calendars.py: writes the calendars that the extension ships, from exchange_calendars; run by hand, once a quarter.

    python3 -m venv DIR && DIR/bin/pip install exchange_calendars==4.13.2
    DIR/bin/python scripts/gen_calendars.py

Writes sql/44_shipped_calendars.sql, sql/44_shipped_zone_offsets.sql and test/data/calendars/sessions.txt, and
sql/LICENSE.exchange_calendars, the licence of the data. Every session is kept as hours of its weekday, or as a day that is not
as usual; what was written is then read back as oms.session() reads it, and one session that comes out otherwise is an error.
A newer version of the package: change VERSION, look at what changes, and say so in CHANGELOG.md.
"""
import datetime as dt
import hashlib
import importlib.metadata
import pathlib
import sys
import zoneinfo

VERSION = '4.13.2'
FIRST = dt.date(2020, 1, 1)
LAST_YEAR = 2027
SQL = pathlib.Path(__file__).resolve().parent.parent / 'sql'
TEST = SQL.parent / 'test' / 'data' / 'calendars'
AREAS = {'Africa', 'America', 'Antarctica', 'Asia', 'Atlantic', 'Australia', 'Europe', 'Indian', 'Pacific'}
UTC = dt.timezone.utc

# Markets that keep the hours of another one: their MICs (ISO 10383), and whose calendar they have.
ALIASES = {
    'XNYS': ['XNAS', 'ARCX', 'BATS', 'BATY', 'EDGA', 'EDGX', 'IEXG', 'MEMX', 'EPRL', 'LTSE', 'XASE', 'XBOS', 'XCHI', 'XCIS', 'XPSX', 'OOTC'],
    'CMES': ['XCME', 'XCBT', 'XCEC', 'XNYM', 'GLBX'],
    'IEPA': ['IFUS'],
    'XLON': ['AIMX', 'AQXE', 'BATE', 'CHIX', 'TRQX', 'TRQM', 'XLOM'],
    'XPAR': ['ALXP', 'AQEU', 'CEUX', 'TQEX', 'XMLI'],
    'XETR': ['XETA', 'XETB'],
    'XFRA': ['FRAA', 'FRAB'],
    'XMIL': ['MTAA'],
    'XASX': ['CHIA'],
    'XTSE': ['XATS', 'NEOE', 'XCNQ', 'XTSX'],
}


def quote(value):
    return 'NULL' if value is None else "'" + str(value).replace("'", "''") + "'"


def clock(time):
    return time.strftime('%H:%M:%S' if time.second else '%H:%M')


class Times(tuple):
    """What a session's day says of it on the clocks there: (open day, open, close day, close, breaks)."""


def read_calendars():
    """name -> (zone, first day, last day, {day: Times}, {day: (open, close)})"""
    import exchange_calendars
    import pandas
    calendars = {}
    left_out = []
    for name in sorted(exchange_calendars.get_calendar_names(include_aliases=False)):
        calendar, first, why = None, FIRST, ''
        for year in range(LAST_YEAR, LAST_YEAR - 3, -1):
            for start in (FIRST, dt.date(2021, 6, 1)):
                try:
                    calendar = calendar or exchange_calendars.get_calendar(name, start=start.isoformat(), end=f'{year}-12-31')
                    first = start
                except Exception as error:
                    why = str(error).splitlines()[0][:80]
                if calendar is not None:
                    break
            if calendar is not None:
                break
        if calendar is None:
            left_out.append(f'{name}: {why}')
            continue
        zone = str(calendar.tz)
        if zone.split('/')[0] not in AREAS and zone != 'UTC':
            sys.exit(f'{name}: zone {zone} has no name that every machine knows')
        local, sessions = {}, {}
        for label, row in calendar.schedule.iterrows():
            day = label.date()
            opens, closes = (row[c].tz_convert(calendar.tz) for c in ('open', 'close'))
            breaks = None
            if not pandas.isna(row['break_start']):
                breaks = '-'.join(clock(row[c].tz_convert(calendar.tz).time()) for c in ('break_start', 'break_end'))
            local[day] = Times(((opens.date() - day).days, clock(opens.time()), (closes.date() - day).days, clock(closes.time()), breaks))
            sessions[day] = (int(row['open'].timestamp()), int(row['close'].timestamp()))
        last = dt.date(calendar.schedule.index[-1].year, 12, 31)
        calendars[name] = (zone, first, last, local, sessions)
    return calendars, left_out


def usual_hours(local, first):
    """[(weekday, valid from or None, Times)]: of each weekday, what most of its next eight sessions have, from when on."""
    hours = []
    for weekday in range(1, 8):
        days = [d for d in sorted(local) if d.isoweekday() == weekday]
        now = None
        for i, day in enumerate(days):
            ahead = [local[d] for d in days[i:i + 8]]
            if now is None:
                now = max(dict.fromkeys(ahead), key=ahead.count)
                hours.append((weekday, None, now))
            elif local[day] != now and ahead.count(local[day]) > len(ahead) / 2:
                now = local[day]
                hours.append((weekday, day, now))
    return hours


def usual_of(hours, day):
    found = None
    for weekday, since, times in hours:
        if weekday == day.isoweekday() and (since is None or since <= day):
            found = times
    return found


def special_days(local, hours, first, last):
    """{day: None (closed) or the fields that differ from the usual ones}"""
    special = {}
    day = first
    while day <= last:
        usual, times = usual_of(hours, day), local.get(day)
        if times is None and usual is not None:
            special[day] = None
        elif times is not None and times != usual:
            fields = [None if usual is not None and t == u else t for t, u in zip(times, usual or [None] * 5)]
            if usual is not None and usual[4] and times[4] is None:
                # a pause after the close is none
                fields[4] = None if usual[4].split('-')[0] >= times[3] else ''
            special[day] = tuple(fields)
        day += dt.timedelta(1)
    return special


def moment(day, offset, time, zone):
    """The moment that clocks show so, in seconds; an error where they show it twice or never."""
    hour, minute, second = (int(part) for part in (time + ':00').split(':')[:3])
    wall = dt.datetime.combine(day + dt.timedelta(offset), dt.time(hour, minute, second))
    moments = {wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)}
    found = [m for m in moments if dt.datetime.fromtimestamp(m, zone).replace(tzinfo=None) == wall]
    if len(found) != 1:
        sys.exit(f'{wall} {zone} is shown {len(found)} times')
    return int(found[0])


def session(hours, special, day, zone):
    """As oms.session() reads what is written: (open, close, breaks) or None."""
    times = list(usual_of(hours, day) or [0, None, 0, None, None])
    if day in special:
        if special[day] is None:
            return None
        times = [t if s is None else s for s, t in zip(special[day], times)]
    if times[1] is None:
        return None
    breaks = times[4] if times[4] and times[4].split('-')[0] < times[3] else None
    return moment(day, times[0], times[1], zone), moment(day, times[2], times[3], zone), breaks


def offsets(name):
    """[(moment or None, seconds east of UTC)] of a zone as this machine has it: each change of it in our years."""
    zone = zoneinfo.ZoneInfo(name)
    at = lambda second: int(dt.datetime.fromtimestamp(second, zone).utcoffset().total_seconds())
    begin, end = (int(dt.datetime(y, 1, 1, tzinfo=UTC).timestamp()) for y in (FIRST.year, LAST_YEAR + 1))
    changes = [(None, at(begin))]
    for second in range(begin, end, 86400):
        low, high = second, second + 86400
        if at(low) == at(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if at(middle) == at(low) else (low, middle)
        changes.append((high, at(high)))
    return changes


def check(calendars, written):
    """Every session, and no day more."""
    sessions = 0
    for name, (zone, first, last, local, expected) in calendars.items():
        hours, special = written[name]
        info = zoneinfo.ZoneInfo(zone)
        day = first
        while day <= last:
            found = session(hours, special, day, info)
            wanted = expected[day] + (local[day][4],) if day in expected else None
            if found != wanted:
                sys.exit(f'{name} {day}: {found}, not {wanted}')
            sessions += wanted is not None
            day += dt.timedelta(1)
        if set(expected) - {first + dt.timedelta(i) for i in range((last - first).days + 1)}:
            sys.exit(f'{name} has sessions outside of {first} to {last}')
    return sessions


def write(path, head, body):
    text = '\n'.join(head + body) + '\n'
    text.encode('ascii')
    path.write_text(text)


def grouped(pairs):
    groups = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def calendar_rows(calendars, written):
    body = ['INSERT INTO oms.trading_calendars (name, builtin, zone, known_from, known_until, source, source_version)',
            f"  SELECT v.name, true, v.zone, v.known_from, v.known_until, 'exchange_calendars', '{VERSION}'", '    FROM (VALUES']
    body.append(',\n'.join(f"      ({quote(n)}, {quote(c[0])}, date '{c[1]}', date '{c[2]}')" for n, c in calendars.items()))
    body += ['    ) AS v (name, zone, known_from, known_until);', '',
             '-- The usual hours of weekdays, and from when on.',
             'INSERT INTO oms.calendar_hours (calendar, iso_dow, valid_from, builtin, open_day_offset, open_time, close_day_offset, close_time, breaks)',
             "  SELECT v.calendar, d.iso_dow::integer, v.valid_from::date, true, v.open_day, v.open_time, v.close_day, v.close_time, v.breaks", '    FROM (VALUES']
    rows = []
    for name, (hours, _) in written.items():
        for key, weekdays in grouped(((since, times), weekday) for weekday, since, times in hours).items():
            since, times = key
            days = ''.join(str(w) for w in weekdays)
            rows.append(f"      ({quote(name)}, '{days}', '{since or '-infinity'}', {times[0]}, {quote(times[1])}, {times[2]}, {quote(times[3])}, "
                        + ('NULL::text' if not rows and times[4] is None else quote(times[4])) + ')')
    body.append(',\n'.join(rows))
    body += ['    ) AS v (calendar, days, valid_from, open_day, open_time, close_day, close_time, breaks)',
             "   CROSS JOIN LATERAL regexp_split_to_table(v.days, '') AS d (iso_dow);", '']
    return body


def day_rows(written):
    body = ['-- Days without a session.', 'INSERT INTO oms.calendar_days (calendar, day, builtin, closed)',
            '  SELECT v.calendar, d.day::date, true, true', '    FROM (VALUES']
    body.append(',\n'.join(f"      ({quote(n)}, '{' '.join(str(d) for d, f in s.items() if f is None)}')"
                           for n, (_, s) in written.items() if None in s.values()))
    body += ['    ) AS v (calendar, days)', "   CROSS JOIN LATERAL string_to_table(v.days, ' ') AS d (day);", '',
             '-- Days with other hours: what is null is as usual.',
             'INSERT INTO oms.calendar_days (calendar, day, builtin, open_day_offset, open_time, close_day_offset, close_time, breaks)',
             '  SELECT v.calendar, d.day::date, true, v.open_day::integer, v.open_time, v.close_day::integer, v.close_time, v.breaks', '    FROM (VALUES']
    rows = []
    for name, (_, special) in written.items():
        for fields, days in grouped((f, d) for d, f in special.items() if f is not None).items():
            rows.append(f"      ({quote(name)}, {', '.join(quote(f) for f in fields)}, '{' '.join(str(d) for d in days)}')")
    body.append(',\n'.join(rows))
    body += ['    ) AS v (calendar, open_day, open_time, close_day, close_time, breaks, days)', "   CROSS JOIN LATERAL string_to_table(v.days, ' ') AS d (day);", '']
    return body


def alias_rows(calendars):
    rows = [(mic, name) for name, mics in ALIASES.items() for mic in mics]
    if [m for m, n in rows if m in calendars or n not in calendars] or len({m for m, _ in rows}) != len(rows):
        sys.exit('ALIASES name a calendar twice, or one that is none')
    body = ['-- Markets that keep the hours of another one.', 'INSERT INTO oms.calendar_assignments (destination, builtin, calendar)',
            '  SELECT v.destination, true, v.calendar', '    FROM (VALUES']
    body.append(',\n'.join(f'      ({quote(m)}, {quote(n)})' for m, n in sorted(rows)))
    return body + ['    ) AS v (destination, calendar);']


def offset_function(calendars):
    zones = sorted({c[0] for c in calendars.values()})
    since = lambda at: '-infinity' if at is None else dt.datetime.fromtimestamp(at, UTC).strftime('%Y-%m-%d %H:%M:%SZ')
    rows = [f'    ({quote(z)}, {quote(since(at))}, {offset})' for z in zones for at, offset in offsets(z)]
    return ['CREATE FUNCTION oms.shipped_zone_offsets() RETURNS TABLE (zone text, since timestamptz, utc_offset integer)',
            '  LANGUAGE sql STABLE PARALLEL SAFE ROWS 400', '  SET search_path = pg_catalog, pg_temp', 'AS $function$',
            '  SELECT v.zone, v.since::timestamptz, v.utc_offset FROM (VALUES', ',\n'.join(rows), '  ) AS v (zone, since, utc_offset)', '$function$;',
            'COMMENT ON FUNCTION oms.shipped_zone_offsets() IS',
            "  'Part of oms.calendar_problems(): the offsets from UTC, in seconds, of the zones of the shipped calendars, where those were made';",
            'REVOKE ALL ON FUNCTION oms.shipped_zone_offsets() FROM PUBLIC;']


def main():
    if importlib.metadata.version('exchange_calendars') != VERSION:
        sys.exit(f'this wants exchange_calendars {VERSION}')
    licence = next(f for f in importlib.metadata.files('exchange_calendars') if f.name == 'LICENSE').locate().read_text()
    calendars, left_out = read_calendars()
    written = {}
    for name, (zone, first, last, local, _) in calendars.items():
        hours = usual_hours(local, first)
        written[name] = (hours, special_days(local, hours, first, last))
    sessions = check(calendars, written)
    head = [f'-- Made by scripts/gen_calendars.py from exchange_calendars {VERSION} (https://github.com/gerrymanoim/exchange_calendars);',
            '-- changed by hand it is changed in vain. The data are under the Apache License 2.0: LICENSE.exchange_calendars.', '']
    write(SQL / '44_shipped_calendars.sql', head, calendar_rows(calendars, written) + day_rows(written) + alias_rows(calendars))
    write(SQL / '44_shipped_zone_offsets.sql', head, offset_function(calendars))
    (SQL / 'LICENSE.exchange_calendars').write_text(licence)
    TEST.mkdir(parents=True, exist_ok=True)
    write(TEST / 'sessions.txt',
          [f'# Made by scripts/gen_calendars.py from exchange_calendars {VERSION}: of each calendar its sessions, and SHA-256 of all, a line each:',
           '# the day, open and close in seconds since 1970.'],
          [f'{n} {len(c[4])} ' + hashlib.sha256('\n'.join(f'{d} {o} {e}' for d, (o, e) in sorted(c[4].items())).encode()).hexdigest() for n, c in calendars.items()])
    print(f'{len(calendars)} calendars, {sum(len(h) for h, _ in written.values())} rows of hours, {sum(len(s) for _, s in written.values())} days, '
          f'{sessions} sessions')
    for line in left_out:
        print('left out:', line)


if __name__ == '__main__':
    main()
