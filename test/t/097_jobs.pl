# The jobs of the lifecycle, really running: on pg_cron in its own database and in another one, as a superuser and as somebody who has oms_admin; and as the timer and the
# CronJob of doc/lifecycle run them.
# Broken by: a job that pg_cron takes and that then fails, and nobody says so; a statement that is told and does not work; jobs that come twice, or do not go, or are another
# database's; a history that grows; a command of the timer or the CronJob that is none; a worker in pg_cron's database that may more than its caller, or calls what is not pg_cron's.

use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsProcess qw(wait_for);
use OmsTest;

my ($libraries) = run_command([ 'pg_config', '--pkglibdir' ]);
my $has_cron = -e "$libraries/pg_cron.so";
my $node = oms_node('jobs', conf => $has_cron ? <<'CONF' : '');
shared_preload_libraries = 'pg_cron'
cron.database_name = 'postgres'
cron.use_background_workers = on
max_worker_processes = 20
CONF

sub sql { my ($database, $sql, @more) = @_; return $node->safe_psql($database, $sql, @more); }

# One thing that is due: a quote.
my $DUE = q(SELECT oms_command(jsonb_build_object('commandType', 'CreateQuoteCommand', 'quoteId', 'due', 'dealer', 'D', 'symbol', 'X', 'offerPx', 1, 'validUntilTime', '2020-01-01T00:00:00Z')) ->> 'status');
my $JOBS = join ' ', sort qw(anomalies drop_partitions expire history partitions purge records);

# ---- files --------------------------------------------------------------------------------------------------------------

my $doc = "$FindBin::Bin/../../doc/lifecycle";
my $service = slurp_file("$doc/oms-lifecycle\@.service");
my ($command) = $service =~ /^ExecStart=\S*psql .* -c "(CALL oms\.run_job\('%i'\))"$/m;
ok($command, 'the service runs a job by its name');
my $cron_job = slurp_file("$doc/cronjob.yaml");
my %scheduled = $cron_job =~ /name: oms-lifecycle-([a-z-]+)\n.*?schedule: "([^"]+)"/gs;
my %jobs = map { split /\|/ } split /\n/, sql('postgres', q(SELECT replace(job, '_', '-'), schedule FROM oms.lifecycle_jobs()));
is_deeply(\%scheduled, \%jobs, 'the CronJobs are those of oms.lifecycle_jobs(), when they are to run');
foreach my $call ($cron_job =~ /"(CALL oms\.run_job\('[a-z_]+'\))"/g)
{
	sql('postgres', $call);
}
is(sql('postgres', 'SELECT count(*) FROM oms.lifecycle_runs WHERE finished_at = succeeded_at'), scalar keys %jobs, '... and each runs as it is called there');
foreach my $timer (map { s/-/_/gr } keys %jobs)
{
	my $text = slurp_file("$doc/oms-lifecycle\@$timer.timer");
	like($text, qr/^OnCalendar=\S/m, "there is a timer for $timer");
	next if system('command -v systemd-analyze > /dev/null 2>&1') != 0;
	my ($calendar) = $text =~ /^OnCalendar=(.*)$/m;
	command_ok([ 'systemd-analyze', 'calendar', $calendar ], "... that systemd understands: $calendar");
}

# ---- pg_cron ------------------------------------------------------------------------------------------------------------

if (!$has_cron)
{
	is(sql('postgres', 'SELECT count(DISTINCT status) FROM oms.schedule_lifecycle()'), 1, 'without pg_cron nothing is scheduled');
	diag('PG_CRON IS NOT INSTALLED (postgresql-15-cron): jobs that it runs are not tested');
	done_testing();
	exit;
}

sql('postgres', 'CREATE DATABASE oms');
sql('oms', 'CREATE EXTENSION oms_state; SELECT oms.ensure_partitions()');
my $MISSING = 'NOT_SCHEDULED: pg_cron 1.4 or later is not installed in database "postgres": in database postgres: CREATE EXTENSION pg_cron; or ALTER EXTENSION pg_cron UPDATE; and call this again.';
sub told { my ($database, @more) = @_; return sql($database, q(SELECT string_agg(DISTINCT status || coalesce(': ' || what_to_do, ''), ' ') FROM oms.schedule_lifecycle()), @more); }

is(told($_), $MISSING, "what is missing is told in $_") for qw(postgres oms);
# What looks like pg_cron and is not, is not called: it would have the rights of whoever schedules.
sql('postgres', q(CREATE SCHEMA cron; CREATE TABLE public.called (); CREATE FUNCTION cron.schedule_in_database(text, text, text, text, text DEFAULT NULL, active boolean DEFAULT true) RETURNS bigint
	LANGUAGE sql AS 'CREATE TABLE public.trapped (); SELECT 1::bigint'));
is(told($_), $MISSING, "somebody else's function of that name is not called from $_") for qw(postgres oms);
is(sql('postgres', q(SELECT to_regclass('public.trapped') IS NULL)), 't', '... really');
sql('postgres', 'DROP SCHEMA cron CASCADE; CREATE EXTENSION pg_cron');

# From another database: a worker goes there.
is(told('oms'), 'SCHEDULED', 'from another database the jobs are scheduled');
is(told('oms'), 'SCHEDULED', '... and again');
is(sql('postgres', q(SELECT string_agg(jobname || ' in ' || database || ' by ' || (username = current_user)::text, ', ' ORDER BY jobname) FROM cron.job)),
	join(', ', map { "oms oms $_ in " . ($_ eq 'history' ? 'postgres' : 'oms') . ' by true' } split / /, $JOBS), '... once, where they belong, as jobs of the user');
sql('oms', 'BEGIN; SELECT * FROM oms.unschedule_lifecycle(); ROLLBACK');
is(sql('postgres', 'SELECT count(*) FROM cron.job'), 0, 'they are taken away from there, whatever becomes of the transaction');
is(sql('oms', 'SELECT count(*) FROM oms.unschedule_lifecycle()'), 0, '... once');
{
	# A database whose name begins with that of this one.
	sql('postgres', q(SELECT cron.schedule('oms oms too expire', '0 0 1 1 *', 'SELECT 1')));
	told('oms');
	is(sql('oms', 'SELECT count(*) FROM oms.unschedule_lifecycle()'), 7, 'jobs of a database with a longer name');
	is(sql('postgres', 'SELECT string_agg(jobname, $$ $$) FROM cron.job'), 'oms oms too expire', '... are not touched');
	sql('postgres', q(SELECT cron.unschedule('oms oms too expire')));
}
# When no worker can be had, or pg_cron's table is locked, the statements are told; they are to be run as they are.
{
	my $blocker = oms_dbh($node);
	$blocker->begin_work;
	$blocker->do('LOCK cron.job');
	my $text = sql('oms', q(SET lock_timeout = '500ms'; SELECT what_to_do FROM oms.schedule_lifecycle() WHERE status = 'NOT_SCHEDULED'));
	my ($status, undef, $said) = $node->psql('oms', q(SET lock_timeout = '500ms'; SELECT oms.unschedule_lifecycle()));
	$blocker->rollback;
	$blocker->disconnect;
	is(sql('postgres', 'SELECT count(*) FROM cron.job'), 0, 'what cannot be done at once is not waited for');
	my @statements = map { /^canceling statement due to lock timeout\. In database postgres: (.*)$/ ? $1 : die "no statement: $_" } split /\n/, $text;
	sql('postgres', $_) for @statements;
	is(sql('postgres', 'SELECT string_agg(replace(jobname, $$oms oms $$, $$$$), $$ $$ ORDER BY jobname) FROM cron.job'), $JOBS, 'the statements that are told make them');
	like($said, qr/ERROR:  canceling statement due to lock timeout\nHINT:  In database postgres: /, 'nor to take them away');
	sql('postgres', $said =~ /HINT:  In database postgres: (.*)/);
	is(sql('postgres', 'SELECT count(*) FROM cron.job'), 0, '... and that statement takes them away');
}
foreach my $case ([ 'SET default_transaction_read_only = on', qr/cannot execute .* in a read-only transaction/ ], [ 'SET ROLE nobody', qr/permission denied/ ])
{
	sql('postgres', 'DROP ROLE IF EXISTS nobody; CREATE ROLE nobody LOGIN');
	my ($status, undef, $said) = $node->psql('oms', "$case->[0]; SELECT oms.ask_cron(false, 'oms oms')");
	like($said, $case->[1], "no worker after $case->[0]");
}

# Somebody else than a superuser, from another database: with his rights, also where a superuser has set the role.
sql('oms', 'SELECT count(*) FROM oms.create_roles(); CREATE ROLE keeper LOGIN IN ROLE oms_admin; CREATE ROLE trader LOGIN IN ROLE oms_trader; CREATE ROLE idle IN ROLE oms_admin');
my @keeper = (extra_params => [ '-U', 'keeper' ]);
my $DENIED = 'DENIED: permission denied for schema cron: let a superuser in database postgres ';
like(told('oms', @keeper), qr/^\Q$DENIED\E/, 'who may not use pg_cron is told');
like(sql('oms', q(SET ROLE keeper; SELECT string_agg(DISTINCT status || ': ' || what_to_do, ' ') FROM oms.schedule_lifecycle())), qr/^\Q$DENIED\E/, 'a superuser who has become him may not either');
is(sql('oms', q(SET ROLE idle; SELECT string_agg(DISTINCT status || ': ' || what_to_do, ' ') FROM oms.schedule_lifecycle())),
	"DENIED: A job logs in as its user, and idle may not: ALTER ROLE idle LOGIN, or call this as a role that may, and has oms_admin.", 'whose job could never log in is told');
sql('postgres', 'REVOKE CONNECT ON DATABASE postgres FROM PUBLIC');
like(told('oms', @keeper), qr/^DENIED: permission denied for database "postgres": /, 'who may not go there is told');
sql('postgres', $_) for map { "$_;" } map { s/ GRANT/GRANT/r } told('oms', @keeper) =~ /in database postgres (GRANT[^;]*);( GRANT[^;]*);( GRANT[^;]*);$/;
is(told('oms', @keeper), 'SCHEDULED', 'and after what he was told he may');
is(sql('postgres', q(SELECT count(*) FROM cron.job WHERE username = 'keeper' AND jobname LIKE 'oms oms %')), 7, '... jobs of his own');
is(sql('oms', 'SELECT count(*) FROM oms.unschedule_lifecycle()'), 0, 'nobody takes away those of others');
is(sql('oms', q(SELECT count(*) FROM oms.unschedule_lifecycle()), @keeper), 7, 'he takes his own away');
sql('postgres', 'GRANT CONNECT ON DATABASE postgres TO PUBLIC; REVOKE ALL ON SCHEMA cron FROM keeper');
is(told('oms'), 'SCHEDULED', 'now those that are to run');

is(sql('postgres', "SELECT string_agg(job, ' ' ORDER BY job) FROM oms.schedule_lifecycle() WHERE status = 'SCHEDULED' AND what_to_do IS NULL"), $JOBS, 'in its own database it is done');
is(sql('postgres', "SELECT count(*) FROM oms.schedule_lifecycle() WHERE status = 'SCHEDULED'"), 7, 'and again');
is(sql('postgres', 'SELECT count(*) FROM cron.job'), 14, '... which makes none twice');

# They run, within the next minute.
sql($_, $DUE) for qw(oms postgres);
ok(wait_for(sub { sql('oms', q(SELECT status FROM oms.quotes WHERE id = 'due')) eq 'EXPIRED' && sql('postgres', q(SELECT status FROM oms.quotes WHERE id = 'due')) eq 'EXPIRED' }, 150), 'what is due expires in both databases');
ok(wait_for(sub { sql('postgres', q(SELECT count(*) FROM cron.job_run_details WHERE command ~ 'expire' AND status = 'succeeded')) >= 2 }, 30), 'pg_cron says that it went well');
is(sql('postgres', q(SELECT count(*) FROM cron.job_run_details WHERE status = 'failed')), 0, '... and that nothing failed');
is(sql('oms', q(SELECT result ? 'expired' FROM oms.lifecycle_runs WHERE job = 'expire' AND finished_at = succeeded_at)), 't', 'what it did is noted');
is(sql($_, 'SELECT count(*) FROM oms.lifecycle_alerts'), 0, "nothing is to be looked at in $_") for qw(oms postgres);

# The history of its own jobs goes, and no other.
sql('postgres', q(SELECT cron.schedule('mine', '0 0 1 1 *', 'SELECT 1');
	INSERT INTO cron.job_run_details (jobid, runid, database, username, command, status, end_time)
	SELECT jobid, 1000000 + jobid, 'x', 'x', 'x', 'x', now() - interval '8 days' FROM cron.job));
sql('postgres', $_) for split /\n/, sql('postgres', q(SELECT command FROM cron.job WHERE jobname LIKE 'oms % history'));
is(sql('postgres', q(SELECT string_agg(j.jobname, ', ') FROM cron.job_run_details AS d JOIN cron.job AS j USING (jobid) WHERE d.end_time < now() - interval '1 day')), 'mine', 'the history of the jobs is kept for a week, that of others is not touched');

# Somebody else than a superuser.
sql('postgres', 'SELECT count(*) FROM oms.create_roles()');
like(told('postgres', @keeper), qr/^\Q$DENIED\E/, 'who may not use pg_cron is told there too');
sql('postgres', 'GRANT USAGE ON SCHEMA cron TO keeper');
is(told('postgres', @keeper), 'SCHEDULED', 'and after that may');
is(sql('postgres', q(SELECT count(*) FROM oms.unschedule_lifecycle()), @keeper), 7, 'he takes his own away');
foreach my $call ('SELECT * FROM oms.schedule_lifecycle()', q(CALL oms.run_job('expire')), 'SELECT * FROM oms.expire()', q(SELECT oms.note_run('x')), q(SELECT * FROM oms.run_batch('expire')))
{
	my ($status, undef, $said) = $node->psql('postgres', $call, extra_params => [ '-U', 'trader' ]);
	like($said, qr/permission denied/, "a trader may not: $call");
}
is(sql('postgres', q(SELECT string_agg(j, ' ') FROM oms.unschedule_lifecycle() AS j)), join(' ', map { "oms postgres $_" } split / /, $JOBS), 'the jobs are taken away');
is(sql('postgres', q(SELECT count(*) FROM cron.job WHERE jobname LIKE 'oms postgres %')), 0, '... and are gone');

# What jobs would fail by without a word is told: pg_cron over the network, no workers left, a run that has failed.
$node->append_conf('postgresql.conf', "cron.use_background_workers = off\ncron.host = '127.0.0.1'");
$node->restart;
like(told('oms'), qr/^SCHEDULED: pg_cron connects to 127\.0\.0\.1 as .* "connection failed"\.$/, 'where it connects as a client');
$node->append_conf('postgresql.conf', "cron.use_background_workers = on\nmax_worker_processes = 8");
$node->restart;
like(told('oms'), qr/^SCHEDULED: Parallel queries may leave no worker .* max_worker_processes = 13;/, 'where jobs may get no worker');
$node->append_conf('postgresql.conf', 'max_parallel_workers = 2');
$node->restart;
is(told('oms'), 'SCHEDULED', '... and may again');
sql('postgres', q(INSERT INTO cron.job_run_details (jobid, runid, status, return_message, end_time) SELECT jobid, 1000000, 'failed', 'connection failed', now() FROM cron.job WHERE jobname = 'oms oms purge'));
is(sql('oms', q(SELECT job || ': ' || what_to_do FROM oms.schedule_lifecycle() WHERE what_to_do IS NOT NULL)), 'purge: Its last run failed: connection failed.', 'what its last run failed by');
$node->append_conf('postgresql.conf', "cron.database_name = 'nowhere'");
$node->restart;
like(told('oms'), qr/^NOT_SCHEDULED: database "nowhere" does not exist\. In database nowhere: SELECT cron/, 'a database that is none');
is(sql($_, 'SELECT count(*) FROM oms.verify()'), 0, "oms.verify() finds nothing in $_") for qw(oms postgres);

done_testing();
