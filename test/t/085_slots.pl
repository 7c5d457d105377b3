# Slots in every language: a million ids in C, in SQL and in Python, and in databases of other
# encodings; a fleet's guard in sessions that are open already; its row through a dump.
# Broken by: another bit of the rule (ids that are out cannot be changed), text hashed as the
# database stores it, a session that keeps the slots of before, a restore that comes back with all slots.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $node = oms_node('slots');
my $dir = PostgreSQL::Test::Utils::tempdir();

$node->safe_psql('postgres', q(CREATE DATABASE slots TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'));
$node->safe_psql('slots', 'CREATE EXTENSION oms_state');

sub value { my ($sql, $database) = @_; return $node->safe_psql($database // 'slots', $sql); }

# ------------------------------------------------------------------------
# a million
# ------------------------------------------------------------------------

# The rule once more, slow and obvious: four bits of the checksum at a time.
$node->safe_psql('slots', <<'SQL');
CREATE FUNCTION crc32_sql(b bytea) RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  t bigint[] := '{0,498536548,997073096,651767980,1994146192,1802195444,1303535960,1342533948,3988292384,4027552580,3604390888,3412177804,2607071920,2262029012,2685067896,3183342108}';
  c bigint := 4294967295;
BEGIN
  FOR i IN 0 .. length(b) - 1 LOOP
    c := c # get_byte(b, i);
    c := (c >> 4) # t[(c & 15) + 1];
    c := (c >> 4) # t[(c & 15) + 1];
  END LOOP;
  RETURN c # 4294967295;
END $$;
CREATE FUNCTION slot_sql(id text) RETURNS integer LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  open integer := strpos(id, '{');
  length integer := strpos(substr(id, open + 1), '}') - 1;
  said text := CASE WHEN open > 0 AND length > 0 THEN substr(id, open + 1, length) ELSE id END;
BEGIN
  IF said ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' THEN
    RETURN ('x' || substr(said, 20, 4))::bit(16)::integer & 16383;
  END IF;
  RETURN crc32_sql(convert_to(said, 'UTF8')) & 16383;
END $$;

CREATE TABLE ids AS
  SELECT CASE n % 10
           WHEN 0 THEN overlay(u PLACING '7' || substr('89ab', n / 10 % 4 + 1, 1) FROM 15 FOR 0)
           WHEN 1 THEN upper(u)
           WHEN 2 THEN 'ORD-' || n
           WHEN 3 THEN 'ORD-' || n || '.1{' || n || '}'
           WHEN 4 THEN chr(19968 + n % 20000) || chr(224 + n % 32) || chr(128512 + n % 64)
           WHEN 5 THEN substr(translate(md5(n::text), '0123456789abcdef', '{{{}}}{}{}abc-xy'), 1, n / 10 % 9)
           WHEN 6 THEN 'E' || n || '{' || u || '}'
           WHEN 7 THEN CASE WHEN n % 5000 = 7 THEN repeat(chr(8364), 85) || n % 10 ELSE n::text END
           WHEN 8 THEN overlay(u PLACING substr('78', n / 10 % 2 + 1, 1) FROM 15 FOR 1)
           ELSE overlay(overlay(u PLACING '7' FROM 15 FOR 1) PLACING substr('89abAB', n / 10 % 6 + 1, 1) FROM 20 FOR 1)
         END AS id
    FROM generate_series(1, 1000000) AS n, LATERAL (SELECT md5(n::text)::uuid::text) AS m (u);
ANALYZE ids;
SQL

is(value('SELECT count(*), max(octet_length(id)) FROM ids'), '1000000|256', 'a million ids, up to the longest');
is(value('SELECT count(*) FROM ids WHERE oms.slot_of(id) <> slot_sql(id)'), '0', 'C and SQL say the same slot of each');
cmp_ok(value('SELECT count(DISTINCT oms.slot_of(id)) FROM ids'), '>', 16000, 'they are spread over the slots');
is(value(q(SELECT count(*) FROM (SELECT oms.slot_of(id) = ('x' || substr(id, 20, 4))::bit(16)::integer & 16383 AS by_bits FROM ids WHERE id ~ '^.{14}[78].{4}[89abAB].{16}$' AND id !~ '[{}]') AS s WHERE NOT by_bits)), '0', 'and of UUIDs it is in the id');

$node->safe_psql('slots', "COPY (SELECT id, oms.slot_of(id), oms.slot_of('A|B', id) FROM ids) TO '$dir/ids.csv' (FORMAT csv)");
my $python = "$dir/slots.py";
append_to_file($python, <<'PYTHON');
import csv, re, sys, zlib

UUID = re.compile(r'[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}', re.I)

def slot_of(id):
    start = id.find('{')
    end = id.find('}', start) if start >= 0 else -1
    if end > start + 1:
        id = id[start + 1:end]
    if UUID.fullmatch(id):
        return int(id[19:23], 16) & 16383
    return zlib.crc32(id.encode()) & 16383

count = wrong = 0
for id, slot, scoped in csv.reader(open(sys.argv[1], encoding='utf-8', newline='')):
    count += 1
    wrong += slot_of(id) != int(slot) or zlib.crc32(('A|B\0' + id).encode()) & 16383 != int(scoped)
print(count, wrong)
PYTHON
my ($said, $complaint) = run_command([ '/usr/bin/python3', $python, "$dir/ids.csv" ]);
is($said, '1000000 0', 'Python says the same, of ids and of ids in a scope') or diag($complaint);

# ------------------------------------------------------------------------
# encodings
# ------------------------------------------------------------------------

my $umlaut = value(q(SELECT oms.slot_of(U&'h\00fclle'), oms.slot_of(U&'s\00fcd', 'x'), oms.slot_of(U&'x{\00fc}')));
my $kanji = value(q(SELECT oms.slot_of(U&'\6ce8\6587-1')));
foreach ([ 'LATIN1', $umlaut, q(SELECT oms.slot_of(convert_from('\x68fc6c6c65', 'LATIN1')), oms.slot_of(convert_from('\x73fc64', 'LATIN1'), 'x'), oms.slot_of(convert_from('\x787bfc7d', 'LATIN1'))) ],
	[ 'EUC_JP', $kanji, q(SELECT oms.slot_of(convert_from('\xe6b3a8e696872d31', 'UTF8'))) ])
{
	my ($encoding, $expected, $sql) = @$_;
	my $database = 'in_' . lc $encoding;

	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template0 ENCODING '$encoding' LOCALE 'C'");
	$node->safe_psql($database, 'CREATE EXTENSION oms_state');
	is(value($sql, $database), $expected, "$encoding: the bytes of UTF-8 are hashed");
}
$node->safe_psql('postgres', q(CREATE DATABASE in_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'));
$node->safe_psql('in_ascii', 'CREATE EXTENSION oms_state');
is(value(q(SELECT oms.slot_of(convert_from('\x68c3bc6c6c65', 'SQL_ASCII')), oms.slot_of(convert_from('\x73c3bc64', 'SQL_ASCII'), 'x'), oms.slot_of(convert_from('\x787bc3bc7d', 'SQL_ASCII'))), 'in_ascii'),
	$umlaut, 'SQL_ASCII: its bytes, where they are UTF-8');
my ($status, undef, $stderr) = $node->psql('in_ascii', qq(\\set VERBOSITY sqlstate\nSELECT oms.slot_of(convert_from('\\x68fc6c6c65', 'SQL_ASCII'))));
like($stderr, qr/ERROR:\s+22021/, 'and an error where they are not');

# ------------------------------------------------------------------------
# sessions that are open already
# ------------------------------------------------------------------------

my $open = oms_dbh($node, dbname => 'slots');
my $owner = oms_dbh($node, dbname => 'slots');
my $number = 0;
my $all = "'{[0,16384)}'::int4multirange";

sub create
{
	my ($dbh, $id) = @_;
	$number++;
	my ($result) = $dbh->selectrow_array('SELECT oms_try_command(?::jsonb)', undef,
		json()->encode({ commandType => 'CreateOrderCommand', orderId => "$id$number\{$id\}", symbol => 'X', side => 'BUY', orderQty => 1 }));
	$result = json()->decode($result);
	return $result->{status} eq 'ACCEPTED' ? 'ACCEPTED' : $result->{error}{sqlstate};
}

my $slot = value(q(SELECT oms.slot_of('there')));
is(create($open, 'there'), 'ACCEPTED', 'all slots are here');
$owner->do("UPDATE oms.shard SET slots = $all - int4multirange(int4range($slot, $slot, '[]'))");
is(create($open, 'there'), 'OM012', 'a slot that went elsewhere is gone for the next command of an open session');
is(create($open, 'here'), 'ACCEPTED', 'the others are not');

# A transaction whose snapshot is older than the change: what was moved must not begin here.
$owner->do("UPDATE oms.shard SET slots = $all");
foreach my $level ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	$open->begin_work;
	$open->do("SET TRANSACTION ISOLATION LEVEL $level");
	is(create($open, 'there'), 'ACCEPTED', "$level: before");
	$owner->do("UPDATE oms.shard SET slots = $all - int4multirange(int4range($slot, $slot, '[]'))");
	is(create($open, 'there'), 'OM012', "$level: the change acts in a transaction that is open");
	$open->commit;
	$owner->do(q(TRUNCATE oms.shard));
	$owner->do("INSERT INTO oms.shard VALUES (0, $all)");
	is(create($open, 'there'), 'ACCEPTED', "$level: and the next one, by TRUNCATE and INSERT, too");
}

# A replica's triggers are no others.
$owner->do('SET session_replication_role = replica');
$owner->do(q(UPDATE oms.shard SET slots = '{}'));
is(create($open, 'here'), 'OM012', 'also a change that logical replication brings');
$owner->do('RESET session_replication_role');

# A lock that is not had in time leaves nothing half known.
$owner->do("UPDATE oms.shard SET slots = $all");
$owner->begin_work;
$owner->do('LOCK TABLE oms.shard');
$open->do(q(SET lock_timeout = '50ms'));
ok(!eval { create($open, 'here'); 1 } && $open->state eq '55P03', 'oms.shard is locked: a lock timeout');
$owner->commit;
is(create($open, 'here'), 'ACCEPTED', 'and the next command goes on');
$open->do('RESET lock_timeout');

# ------------------------------------------------------------------------
# a dump
# ------------------------------------------------------------------------

$owner->do("UPDATE oms.shard SET number = 5, slots = '{[100,200),[300,400)}'");
$node->safe_psql('slots', 'DROP TABLE ids');
foreach my $format ('plain', 'custom')
{
	$node->safe_psql('postgres', "CREATE DATABASE again_$format TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
	$node->command_ok([ 'pg_dump', '--format', $format, '--file', "$dir/dump.$format", $node->connstr('slots') ], "dump: $format");
	$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/dump.$format", '-d', $node->connstr("again_$format") ], 'restore') if $format eq 'plain';
	$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr("again_$format"), "$dir/dump.$format" ], 'restore') if $format eq 'custom';
	is(value('SELECT number, slots FROM oms.shard', "again_$format"), '5|{[100,200),[300,400)}', 'the slots are those of before');
}

done_testing();
