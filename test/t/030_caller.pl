# Who sent a command: actor, role and via of events, refusals and commandIds, by every way a session can change who it is.
# Broken by: an actor that is taken from the current user, or after somebody's SECURITY DEFINER function has switched it; a superuser
# that is taken for a proxy because it could be one; commandIds of a pool that are the login's; `via` where nobody speaks for another; an event without its application or address.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $node = oms_node('caller');
my $entries = 'oms_command(jsonb), oms_try_command(jsonb), oms_commands(jsonb, boolean), oms_fix(text), oms_try_fix(text), oms_fix_many(text[], boolean)';

$node->safe_psql('postgres', qq(
	CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN; CREATE ROLE desk_one; GRANT desk_one TO alice;
	CREATE ROLE pool LOGIN NOINHERIT; CREATE ROLE boss LOGIN SUPERUSER;
	GRANT alice, bob TO pool;
	GRANT EXECUTE ON FUNCTION $entries TO alice, bob, desk_one, pool;
	CREATE FUNCTION lent(command jsonb) RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS 'SELECT oms_command(\$1)';
	ALTER FUNCTION lent OWNER TO desk_one));

my $ids = 0;
my $dbh;
sub session { my ($user) = @_; $dbh->disconnect if $dbh; return $dbh = oms_dbh($node, user => $user); }
sub order { my ($id, $more) = @_; return qq({"commandType": "CreateOrderCommand", "orderId": "$id", "symbol": "X", "side": "BUY", "orderQty": 1@{[ $more // '' ]}}); }

# An order, given with this function; who its event says it was: actor, role, via in columns and in the payload alike.
sub sent
{
	my ($function) = @_;
	my $id = 'o' . ++$ids;
	my %given = (oms_commands => '[' . order($id) . ']', map({ $_ => fix_new_order($id) } qw(oms_fix oms_try_fix)), oms_fix_many => [ fix_new_order($id) ]);

	$dbh->do("SELECT $function(\$1" . ($function eq 'oms_fix_many' ? '::text[])' : ')'), undef, $given{$function} // order($id));
	my ($columns, $payload, $keys) = split /\n/, $node->safe_psql('postgres', qq(
		SELECT concat_ws(' ', actor, role, via) FROM oms.order_events WHERE '$id' IN (aggregate_id, payload #>> '{state,clOrdID}');
		SELECT concat_ws(' ', payload ->> 'actor', payload ->> 'role', payload ->> 'via') FROM oms.order_events WHERE '$id' IN (aggregate_id, payload #>> '{state,clOrdID}');
		SELECT payload ? 'via' FROM oms.order_events WHERE '$id' IN (aggregate_id, payload #>> '{state,clOrdID}')));
	is($payload, $columns, "$function: the payload says the same");
	is($keys, $columns =~ / .* / ? 't' : 'f', "$function: via is there where somebody speaks for another, and only there");
	return $columns;
}

sub fix_new_order
{
	my ($id) = @_;
	my $body = join '', map { "$_|" } '35=D', '49=A', '56=B', '34=1', '52=20260302-10:00:00', "11=$id", '55=X', '54=1', '38=1', '40=1', '60=20260302-10:00:00';
	my $head = "8=FIX.4.4|9=" . length($body) . '|' . $body;
	my $sum = 0;
	$sum += ord for split //, $head =~ tr/|/\x01/r;
	return $head . sprintf('10=%03d|', $sum % 256);
}

# ---- nobody is a proxy: the role need not even exist ---------------------------------------------------------

session('alice');
is(sent('oms_command'), 'alice alice', 'a login');
is(sent('oms_fix'), 'alice alice', 'a login, by FIX');
$dbh->do('SET ROLE desk_one');
is(sent('oms_command'), 'alice desk_one', 'after SET ROLE the session user answers for it');
$dbh->do('RESET ROLE');
is(sent('lent'), 'alice desk_one', 'in a SECURITY DEFINER function too');
session('pool')->do('SET ROLE bob');
is(sent('oms_command'), 'pool bob', 'a pool without oms_proxy');

# ---- oms_proxy ------------------------------------------------------------------------------------------------

$node->safe_psql('postgres', 'CREATE ROLE oms_proxy; GRANT oms_proxy TO pool');
is(sent('oms_command'), 'bob bob pool', 'a member of oms_proxy speaks for the role it has set, from the next command on');
is(sent($_), 'bob bob pool', "by $_") foreach qw(oms_try_command oms_commands oms_fix oms_try_fix oms_fix_many);
$dbh->do('SET ROLE alice');
is(sent('oms_command'), 'alice alice pool', 'and for the next');
is(sent('lent'), 'alice desk_one pool', 'a SECURITY DEFINER function lends its rights, and not its name');
$dbh->do('RESET ROLE');
is(sent('oms_command'), 'pool pool pool', 'without a role it speaks for itself');
session('alice');
is(sent('oms_command'), 'alice alice', 'who is no member is himself');

$node->safe_psql('postgres', 'CREATE ROLE between; GRANT oms_proxy TO between; GRANT between TO alice');
session('alice')->do('SET ROLE desk_one');
is(sent('oms_command'), 'desk_one desk_one alice', 'a member of a member');
$node->safe_psql('postgres', 'REVOKE between FROM alice');
is(sent('oms_command'), 'alice desk_one', 'and no more, in the same session');

session('boss');
is(sent('oms_command'), 'boss boss', 'a superuser is no proxy');
$dbh->do('SET ROLE bob');
is(sent('oms_command'), 'boss bob', 'nor after SET ROLE');
$dbh->do('SET SESSION AUTHORIZATION pool');
$dbh->do('SET ROLE bob');
is(sent('oms_command'), 'bob bob pool', 'after SET SESSION AUTHORIZATION it is who it became');
$node->safe_psql('postgres', 'GRANT oms_proxy TO boss');
session('boss')->do('SET ROLE bob');
is(sent('oms_command'), 'bob bob boss', 'one that is a member is a proxy');
$node->safe_psql('postgres', 'REVOKE oms_proxy FROM boss');

if ($node->safe_psql('postgres', 'SHOW server_version_num') >= 160000)
{
	$node->safe_psql('postgres', 'GRANT oms_proxy TO bob WITH ADMIN TRUE, INHERIT FALSE, SET FALSE; GRANT alice TO bob');
	session('bob')->do('SET ROLE alice');
	is(sent('oms_command'), 'bob alice', 'who may only give the membership away, as whoever made the role, is none');
	$node->safe_psql('postgres', 'REVOKE oms_proxy FROM bob; REVOKE alice FROM bob');
}

# ---- what is kept by actor -------------------------------------------------------------------------------------

sub answer { my ($id) = @_; return $dbh->selectrow_array('SELECT r ->> \'status\' || coalesce(\' again\' || left(r ->> \'duplicate\', 0), \'\') FROM oms_try_command($1) AS r', undef, order($id, ', "commandId": "k"')); }

session('pool')->do('SET ROLE alice');
is(answer('k1'), 'ACCEPTED', 'alice gives a commandId');
$dbh->do('SET ROLE bob');
is(answer('k2'), 'ACCEPTED', 'bob gives the same, by the same login');
is(answer('k2'), 'ACCEPTED again', 'and has his own answer');
$dbh->do('SET ROLE alice');
is(answer('k1'), 'ACCEPTED again', 'as has she');
is(answer('k2'), 'REJECTED', 'his is not hers');
session('alice');
is(answer('k1'), 'ACCEPTED again', 'and it is hers without the pool too');
is($node->safe_psql('postgres', q(SELECT string_agg(actor || ' ' || aggregate_id, ', ' ORDER BY 1) FROM oms.commands WHERE command_id = 'k')), 'alice k1, bob k2', 'commandIds are kept by actor');
is($node->safe_psql('postgres', q(SELECT concat_ws(' ', actor, role, via, sqlstate) FROM oms.rejected_commands)), 'alice alice pool OM007', 'a refusal says who it was too');
session('pool')->do('SET ROLE bob');
my $route = q(SELECT slot = oms.slot_of($1, 'k') FROM oms.route('{"commandType": "CreateOrderCommand", "commandId": "k", "symbol": "X", "side": "BUY", "orderQty": 1}'));
is($dbh->selectrow_array($route, undef, 'bob'), 1, 'a made id goes to the slot of the actor');

# four eyes are those of actors: by one login two may be two, and one by two logins is one
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET oms_state.four_eyes = on');
sub came_of { my ($command) = @_; return $dbh->selectrow_array(q(SELECT coalesce(r #>> '{error,rule}', r #>> '{state,status}') FROM oms_try_command($1) AS r), undef, $command); }
my $approve = '{"commandType": "ApproveExecutionCommand", "executionId": "typed"}';
session('pool')->do('SET ROLE alice');
is(came_of('{"commandType": "CreateManualExecutionCommand", "orderId": "k1", "executionId": "typed", "lastQty": 1, "lastPx": 1, "reason": "by phone"}'), 'REVIEW', 'what alice types by the pool waits for somebody else');
is(came_of($approve), 'four_eyes', 'she does not approve it');
session('alice');
is(came_of($approve), 'four_eyes', 'nor without the pool');
session('pool')->do('SET ROLE bob');
is(came_of($approve), 'ALLOCATED', 'bob does, by the same login');

is($node->safe_psql('postgres', q(SELECT string_agg(concat_ws(' ', actor, role, via), ', ') FROM oms.order_history WHERE order_id = 'k2')), 'bob bob pool', 'oms.order_history shows it');
is($node->safe_psql('postgres', 'SELECT * FROM oms.verify()'), '', 'every invariant holds');
$node->safe_psql('postgres', q(SET session_replication_role = replica; UPDATE oms.order_events SET via = NULL WHERE aggregate_id = 'k2'));
like($node->safe_psql('postgres', 'SELECT invariant, detail FROM oms.verify()'), qr/^event_columns\|via of the payload is pool, not \.$/m, 'and a column that was changed is seen');

# ---- settings that only a superuser sets -----------------------------------------------------------------------

$node->safe_psql('postgres', 'ALTER DATABASE postgres SET oms_state.four_eyes = on; ALTER DATABASE postgres SET oms_state.command_size = \'32kB\'');
my $shown = q(SELECT oms.slot_of('a') >= 0; SHOW oms_state.four_eyes; SHOW oms_state.command_size);
sub shown
{
	my ($user, $options, $before) = @_;
	local $ENV{PGOPTIONS} = $options;
	my ($status, $out, $error) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n" . ($before // '') . $shown, on_error_stop => 1, extra_params => [ '-U', $user, '-q' ]);

	return $status == 0 ? $out =~ s/\n/ /gr : ($error =~ /ERROR:\s+(\w{5})/)[0] // $error;
}
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
is(shown('alice', ''), 't on 32kB', 'the database says them');
is(shown('alice', "-c oms_state.$_"), '42501', "no login says others while it connects: $_") foreach 'four_eyes=off', 'four_eyes=on', 'Command_Size=64kB';
is(shown('alice', '-c oms_state.fix_encoding=UTF8'), 't on 32kB', 'but for the encoding of messages');
is(shown($superuser, '-c oms_state.four_eyes=off'), 't off 32kB', 'and for a superuser');
is(shown('alice', '', 'SET oms_state.four_eyes = off; '), 't on 32kB', 'nor before the library is there');
$node->safe_psql('postgres', 'GRANT SET ON PARAMETER oms_state.four_eyes TO alice');
is(shown('alice', '-c oms_state.four_eyes=off'), 't off 32kB', 'until he may');
# Loaded by what a parallel query calls: in a worker, and in the session itself.
my $parallel = join '', map { "SET $_; " } 'parallel_setup_cost = 0', 'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0', $node->pg_version < 16 ? 'force_parallel_mode = on' : 'debug_parallel_query = on';
foreach my $leader ('on', 'off')
{
	is(shown($superuser, '', "${parallel}SET parallel_leader_participation = $leader; SELECT * FROM oms.verify() WHERE invariant = 'none'; "), 't on 32kB', "nor are they lost in a parallel query (leader $leader)");
}
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET session_preload_libraries = oms_state');
like(shown('bob', '-c oms_state.four_eyes=off'), qr/permission denied to set parameter "oms_state.four_eyes"/, 'where sessions load it as they begin, they do not');
is(shown('bob', ''), 't on 32kB', 'but for what is wrong with them');

# ---- where from: the name that the session gives itself, and its address ------------------------------------------

$dbh->disconnect;
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'");
$node->append_conf('pg_hba.conf', 'host all all 127.0.0.1/32 trust');
$node->restart;
$dbh = DBI->connect("dbi:Pg:host=127.0.0.1;port=@{[ $node->port ]};dbname=postgres;application_name=blotter", 'alice', '', { RaiseError => 1, PrintError => 0 });
$dbh->do('SELECT oms_command($1)', undef, order('net'));
$dbh->do(q(SET application_name = ''));
$dbh->do('SELECT oms_command($1)', undef, order('net 2'));
$dbh->do('SELECT oms_try_command($1)', undef, order('net'));
is($node->safe_psql('postgres', q(SELECT string_agg(concat_ws(' ', aggregate_id, application_name, client_addr), ', ' ORDER BY sequence) FROM oms.order_events WHERE aggregate_id LIKE 'net%')),
	'net blotter 127.0.0.1, net 2 127.0.0.1', 'events say by what, and where from');
is($node->safe_psql('postgres', q(SELECT concat_ws(' ', sqlstate, application_name, client_addr) FROM oms.rejected_commands ORDER BY id DESC LIMIT 1)), 'OM007 127.0.0.1', 'so does a refusal');
is($node->safe_psql('postgres', q(SELECT DISTINCT concat_ws(' ', application_name, client_addr) FROM oms.audit_trail('net'))), 'blotter 127.0.0.1', 'and an auditor reads it');
is($node->safe_psql('postgres', q(SELECT count(*) FROM oms.order_events WHERE client_addr IS NOT NULL AND aggregate_id NOT LIKE 'net%')), 0, 'without a network there is no address');

$dbh->disconnect;
done_testing();
