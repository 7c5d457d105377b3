# Partitions of the events, and what a DBA has done to their parents before the month begins.
# Broken by: a leaf that lacks what its parent has (ATTACH refuses it, and commands stop on the first of the month); a name that a
# detached month still holds; a setting or a lock of whoever sends the first command that decides anything; one that waits for a VACUUM; a leaf without its
# guards; a partition of one's own that is taken for none.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;
use OmsWork qw(@EVENT_TABLES);

my $node = oms_node('partitions', extension => 0);
my $place = PostgreSQL::Test::Utils::tempdir();
my $number = 0;

sub sql { my ($sql) = @_; return $node->safe_psql('here', $sql); }

# A new database with the extension in it; its clock is real, so months are counted from now.
sub fresh
{
	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS here') if $number++;
	$node->safe_psql('postgres', 'CREATE DATABASE here TEMPLATE template0');
	sql('CREATE EXTENSION oms_state');
}
sub month { my ($ahead) = @_; return sql("SELECT to_char(now() AT TIME ZONE 'UTC' + make_interval(months => $ahead), 'YYYY_MM')"); }
sub starts { my ($ahead) = @_; return sql("SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => $ahead))::text || '+00'"); }
sub error_of { my ($sql) = @_; my (undef, undef, $stderr) = $node->psql('here', "\\set VERBOSITY verbose\n$sql", on_error_stop => 1); return $stderr; }
sub create { my ($id) = @_; return qq(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "$id", "symbol": "X", "side": "BUY", "orderQty": 1}') ->> 'status'); }

# ---- the leaf has what the parent has ---------------------------------------------------------------------

fresh();
my $tables = sql('SELECT count(*) FROM oms.event_tables()');
is($tables, scalar @EVENT_TABLES, 'each kind has its events');
sql(q(
	ALTER TABLE oms.order_events ADD CONSTRAINT no_future CHECK (occurred_at < '2200-01-01'), ADD COLUMN desk text DEFAULT 'none' NOT NULL,
		ADD COLUMN day date GENERATED ALWAYS AS ((occurred_at AT TIME ZONE 'UTC')::date) STORED, ADD COLUMN dropped int, ALTER COLUMN payload SET STORAGE EXTERNAL;
	ALTER TABLE oms.order_events DROP COLUMN dropped;
	CREATE INDEX by_type ON oms.order_events (event_type);
	CREATE STATISTICS together ON event_type, transition FROM oms.order_events;
	CREATE TABLE types (event_type text COLLATE "C" PRIMARY KEY);
	INSERT INTO types VALUES ('OrderCreated');
	ALTER TABLE oms.order_events ADD CONSTRAINT known FOREIGN KEY (event_type) REFERENCES types;
	CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
	CREATE TRIGGER watch AFTER INSERT ON oms.order_events FOR EACH ROW EXECUTE FUNCTION watch();
	ALTER TABLE oms.order_events ENABLE ALWAYS TRIGGER watch;
	ALTER TABLE oms.order_events ENABLE ROW LEVEL SECURITY));
is(sql(create('A')), 'ACCEPTED', 'the first command of the month, with columns, a CHECK, an index, a foreign key and a trigger of one\'s own on the parent');
my $leaf = 'oms.order_events_' . month(0);
is(sql("SELECT desk, day = (occurred_at AT TIME ZONE 'UTC')::date, tableoid::regclass FROM oms.order_events"), "none|t|$leaf", 'defaults and generated columns are there');
is(sql("SELECT string_agg(concat_ws(' ', conname, contype), ', ' ORDER BY conname) FROM pg_constraint WHERE contype <> 'n' AND conrelid = '$leaf'::regclass"), 'known f, no_future c', 'constraints');
is(sql("SELECT string_agg(concat_ws(' ', pg_get_indexdef(indexrelid) ~ 'event_type', indisreplident), ', ' ORDER BY indkey::text) FROM pg_index WHERE indrelid = '$leaf'::regclass"),
	'f t, f f, f f, t f', 'indexes, and the one on sequence is the replica identity');
is(sql("SELECT string_agg(concat_ws(' ', tgname, tgenabled), ', ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = '$leaf'::regclass AND NOT tgisinternal"),
	'order_events_' . month(0) . '_no_truncate O, order_events_append_only O, watch A', 'triggers, as they are enabled, and the one on TRUNCATE');
is(sql("SELECT attstorage FROM pg_attribute WHERE attrelid = '$leaf'::regclass AND attname = 'payload'"), 'e', 'storage');
is(sql("SELECT count(*) FROM pg_statistic_ext WHERE stxrelid = '$leaf'::regclass"), '1', 'extended statistics');
is(sql("SELECT relrowsecurity FROM pg_class WHERE oid = '$leaf'::regclass"), 't', 'row security');
is(sql(q(SELECT * FROM oms.verify())), '', 'every invariant holds');
is(sql('SELECT oms.ensure_partitions(2), oms.ensure_partitions(3), oms.ensure_partitions(3)'), "0|$tables|0", 'what is there is not made again');
is(sql('SELECT count(*), count(DISTINCT starts_at) FROM oms.missing_partitions(5)'), 2 * $tables . '|2', 'and one can see what would be made');

# ---- a month that was detached ----------------------------------------------------------------------------

my ($now, $next) = (month(0), month(2));
sql("ALTER TABLE oms.order_events DETACH PARTITION oms.order_events_$next");
like(error_of('SELECT oms.ensure_partitions(3)'), qr/WARNING:  42P07: relation "oms.order_events_$next" exists and is no partition.*Attach it again, or rename it, before its month begins/s,
	'a later month whose name is taken is a warning');
is(sql("SET client_min_messages = error; DROP TABLE oms.execution_events_$next; " . create('B') . '; SELECT oms.ensure_partitions(3)'), "ACCEPTED\n1", 'and stops neither commands nor the rest');
sql("ALTER TABLE oms.order_events DETACH PARTITION $leaf");
like(error_of(create('C')), qr/ERROR:  42P07: relation "$leaf" exists and is no partition of "oms.order_events".*HINT:  Attach it again, or rename it/s, 'that of now is an error with a hint');
sql("ALTER TABLE $leaf RENAME TO kept");
is(sql(create('C')), 'ACCEPTED', 'renamed as the hint says, commands go on');
is(sql("ALTER TABLE oms.order_events DETACH PARTITION $leaf; ALTER TABLE $leaf RENAME TO kept_too; " . create('D')), 'ACCEPTED', 'also the second time');
sql("DROP TABLE $leaf CASCADE; DROP TABLE oms.kept_too");
sql(sprintf q(ALTER TABLE oms.kept RENAME TO order_events_%1$s; ALTER TABLE oms.order_events ATTACH PARTITION oms.order_events_%1$s FOR VALUES FROM ('%2$s') TO ('%3$s')), $now, starts(0), starts(1));
is(sql(q(SELECT aggregate_id FROM oms.order_events ORDER BY 1)), "A\nB", 'attached again it is as before');

# ---- partitions of one's own ------------------------------------------------------------------------------

fresh();
sql(sprintf q(CREATE TABLE oms.whole_year PARTITION OF oms.order_events FOR VALUES FROM ('%s') TO ('%s');
	CREATE UNIQUE INDEX ON oms.whole_year (sequence); CREATE UNIQUE INDEX ON oms.whole_year (aggregate_id, version);
	CREATE TRIGGER no_truncate BEFORE TRUNCATE ON oms.whole_year EXECUTE FUNCTION oms.refuse_event_change()), starts(0), starts(12));
is(sql(create('A')), 'ACCEPTED', 'a partition of one\'s own takes the events');
is(sql('SELECT tableoid::regclass FROM oms.order_events'), 'oms.whole_year', 'which stand there');
is(sql('SELECT oms.ensure_partitions(13)'), 2 + 14 * ($tables - 1), 'months are made where it ends, and for the other tables');
is(sql(q(SELECT oms.partition_at('oms.order_events', now()), oms.partition_at('oms.order_events', now() + interval '10 years') IS NULL)), 'oms.whole_year|t', 'one can ask which it is');
is(sql('SELECT * FROM oms.verify()'), '', 'every invariant holds');

# ---- where it lies, and who decides -----------------------------------------------------------------------

fresh();
mkdir "$place/$_" foreach qw(evil fast);
$node->safe_psql('postgres', "CREATE TABLESPACE $_ LOCATION '$place/$_'") foreach qw(evil fast);
$node->safe_psql('postgres', 'CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler; CREATE ROLE login LOGIN; GRANT CREATE ON TABLESPACE evil TO login');
sql('CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler; GRANT EXECUTE ON FUNCTION oms_command(jsonb) TO login');
my $held = oms_dbh($node, dbname => 'here', user => 'login', autocommit => 0);
$held->do(q(SELECT pg_advisory_lock(hashtext('oms.ensure_partitions'), 0)));
eval { $held->do('LOCK TABLE oms.order_events IN SHARE UPDATE EXCLUSIVE MODE') };
is($held->state, '42501', 'a login cannot take the lock');
$held->rollback;
my $first = oms_dbh($node, dbname => 'here', user => 'login');
$first->do($_) foreach 'SET lock_timeout = 5000', 'SET default_tablespace = evil', 'SET default_table_access_method = other', 'SET search_path = pg_temp, public', q(SET DateStyle = 'SQL, DMY'), q(SET TimeZone = 'Asia/Kolkata'),
	'CREATE TEMP TABLE pg_class (oid oid)', 'CREATE TEMP TABLE order_events (i int)';
is($first->selectrow_array(create('A') =~ s/oms_command/public.oms_command/r), 'ACCEPTED', 'the first command of the month, by a login with settings of his own');
is(sql(q(SELECT DISTINCT coalesce(s.spcname, 'the database''s'), a.amname, c.relowner::regrole = (SELECT extowner::regrole FROM pg_extension WHERE extname = 'oms_state'), pg_get_expr(c.relpartbound, c.oid) ~ '-01 00:00:00\+00.*-01 00:00:00\+00'
	FROM pg_class c LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace LEFT JOIN pg_am a ON a.oid = c.relam AND c.relkind = 'r' WHERE c.relispartition AND c.relkind = 'r')), q(the database's|heap|t|t), 'decide nothing');
is(sql(q(SELECT count(*) FROM pg_class c JOIN pg_tablespace s ON s.oid = c.reltablespace WHERE s.spcname = 'evil')), '0', 'nor about indexes');
$_->disconnect foreach $held, $first;

sql('ALTER TABLE oms.order_events SET TABLESPACE fast; SET default_tablespace = evil; SELECT oms.ensure_partitions(3)');
is(sql(q(SELECT string_agg(DISTINCT spcname, ','), string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c JOIN pg_tablespace s ON s.oid = c.reltablespace WHERE c.relnamespace = 'oms'::regnamespace AND c.relkind IN ('r', 'i'))),
	join(' ', map { $_ =~ s/MONTH/month(3)/er } 'fast|order_events_MONTH', 'order_events_MONTH_aggregate_id_version_idx', 'order_events_MONTH_sequence_idx', 'order_events_MONTH_xid_idx'), 'the parent\'s tablespace counts for those that are made later, with their indexes');

sql('CREATE ROLE reader LOGIN; ALTER DEFAULT PRIVILEGES IN SCHEMA oms GRANT SELECT ON TABLES TO reader; GRANT USAGE ON SCHEMA oms TO reader');
sql('ALTER TABLE oms.order_events ENABLE ROW LEVEL SECURITY; SELECT oms.ensure_partitions(4)');
is(sql('SELECT relrowsecurity FROM pg_class WHERE oid = ' . "'oms.order_events_" . month(4) . "'::regclass"), 't', 'default privileges do not open what the parent\'s policies close');

# A VACUUM of a partition may take hours: what it holds is in nobody's way.
my $vacuum = oms_dbh($node, dbname => 'here', autocommit => 0);
$vacuum->do('LOCK TABLE ' . join(', ', map { "oms.${_}_" . month(0) } @EVENT_TABLES) . ' IN SHARE UPDATE EXCLUSIVE MODE');
is(sql(q(SET lock_timeout = '3s'; SELECT oms.ensure_partitions(5))), $tables, 'the months are made beside a VACUUM of a partition');
is(sql(q(SET lock_timeout = '3s'; SET client_min_messages = error; SELECT count(*) > 0 FROM oms.repair_publication('here_events'))), 't', 'and a publication');
$vacuum->rollback;
$vacuum->disconnect;

# ---- published as everything ------------------------------------------------------------------------------

sql(q(CREATE PUBLICATION everything FOR ALL TABLES; SELECT oms_try_command('{"commandType": "None"}')));
is(error_of(q(DELETE FROM oms.rejected_commands; DELETE FROM oms.commands)), '', 'what the manual says may be deleted can be, beside a publication FOR ALL TABLES');
is(sql(create('B')), 'ACCEPTED', 'and commands go on');

$node->stop;
done_testing();
