# doc/adding.md is true: each of its diffs applies to the sources of today, alone and with the others, and what is built of all of
# them does what the page says: a command, a column, a kind of object, also after an upgrade from 0.1.0.
# Broken by: a change of what a diff touches (apply it by hand, and put `git diff` in its place); a line in src/store, src/entry or the
# generic SQL that serves only the kinds of today; a kind for which the upgrade script makes less than the install script.

use strict;
use warnings;

use Cwd ();
use File::Basename;
use File::Copy;
use File::Path qw(make_path);
use FindBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $root = Cwd::abs_path("$FindBin::RealBin/../..");
my $folder = PostgreSQL::Test::Utils::tempdir();
my $page = slurp_file("$root/doc/adding.md");
my @diffs = qw(command column kind);

$ENV{PG_CONFIG} //= 'pg_config';
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};

sub run_in
{
	my ($where, @command) = @_;
	my $said = '';

	IPC::Run::run(\@command, '>', \$said, '2>&1', init => sub { chdir $where or die "cannot enter $where: $!" });
	return ($? >> 8, $said);
}

# ---- the diffs --------------------------------------------------------------------------------------------

my @files = map { glob "$root/$_" } qw(Makefile oms_state.control src/*.h src/*/*.[ch] src/*/*/*.[ch] sql/*.list sql/*.awk sql/[0-9]*.sql);
make_path(map { "$folder/tree" . (dirname($_) =~ s/^\Q$root\E//r) } @files);
copy($_, "$folder/tree" . ($_ =~ s/^\Q$root\E//r)) or die "cannot copy $_: $!" foreach @files;

foreach my $name (@diffs)
{
	my $diff = "$root/doc/adding/$name.diff";
	my ($status, $said) = run_in("$folder/tree", 'patch', '-p1', '--dry-run', '--batch', '-i', $diff);

	is($status, 0, "$name.diff applies") or diag($said);
	my ($section) = $page =~ m{^## [^\n]*\n((?:(?!^## ).)*\(adding/\Q$name\E\.diff\).*?)(?=^## |\z)}ms;
	is(join(' ', grep { index($section // '', basename($_)) < 0 } slurp_file($diff) =~ m{^\+\+\+ b/(\S+)}mg), '', 'and every file it touches is named in its section');
}
foreach my $name (@diffs)
{
	my ($status, $said) = run_in("$folder/tree", 'patch', '-p1', '--batch', '-i', "$root/doc/adding/$name.diff");
	is($status, 0, "$name.diff applies to what the others made") or diag($said);
}
my ($status, $said) = run_in("$folder/tree", 'make', '-s', '-j2', 'OMS_TEST_BUILD=1', 'with_llvm=no', "PG_CONFIG=$ENV{PG_CONFIG}", 'all', 'install', "DESTDIR=$folder/stage");
if (!is($status, 0, 'it builds without a warning'))
{
	diag($said);
	done_testing();
	exit 1;
}

# ---- a server with it -------------------------------------------------------------------------------------

my ($share, $library) = map { qx("$ENV{PG_CONFIG}" --$_) =~ s/\n//r } qw(sharedir pkglibdir);
copy("$root/test/data/0.1.0/oms_state--0.1.0.sql", "$folder/stage$share/extension") or die "cannot copy the script of 0.1.0: $!";
my $node = oms_node('adding', extension => 0);
if ($node->safe_psql('postgres', q(SELECT count(*) FROM pg_settings WHERE name = 'extension_destdir')) eq '0')
{
	$node->stop;
	diag('this server has no extension_destdir (a setting of Debian): what was built is not used');
	done_testing();
	exit 0;
}
$node->append_conf('postgresql.conf', "extension_destdir = '$folder/stage'\ndynamic_library_path = '$folder/stage$library:\$libdir'\n");
$node->restart;
$node->safe_psql('postgres', 'CREATE DATABASE fresh; CREATE DATABASE upgraded');
$node->safe_psql('fresh', 'CREATE EXTENSION oms_state');
$node->safe_psql('upgraded', q(CREATE EXTENSION oms_state VERSION '0.1.0'; ALTER EXTENSION oms_state UPDATE));

sub members
{
	return [ sort split /\n/, $node->safe_psql($_[0], q(SELECT concat_ws(' | ', pg_describe_object(d.classid, d.objid, 0), obj_description(d.objid, d.classid::regclass::name), p.proacl)
		FROM pg_depend AS d LEFT JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
		WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'oms_state'))) ];
}
is_deeply(members('upgraded'), members('fresh'), 'an upgrade makes what CREATE EXTENSION makes');

my $db;
sub sql { return $node->safe_psql($db, $_[0]); }
sub is_sql { my ($sql, $expected, $name) = @_; is(sql($sql), $expected, "$db: $name"); }
# What a command answers under a path, or the SQLSTATE of its refusal.
sub answers
{
	my ($command, $path, $expected, $name) = @_;
	is_sql(qq(SELECT coalesce(r #>> '{error,sqlstate}', r #>> '$path') FROM oms_try_command(\$\$$command\$\$) AS r), $expected, $name);
}

foreach (qw(fresh upgraded))
{
	$db = $_;

	# a command
	answers('{"commandType": "CreateOrderCommand", "orderId": "o", "symbol": "X", "side": "BUY", "orderQty": 5, "strategy": "VWAP"}', '{state,status}', 'NEW', 'an order');
	my $tag = '{"commandType": "TagOrderCommand", "commandId": "t", "orderId": "o", "reason": "compliance asks", "attributes": {"by": "jt"}}';
	answers($tag, '{events,0,eventType}', 'OrderTagged', 'the new command does what its row says');
	answers($tag, '{duplicate}', 'true', 'and is repeated as any');
	answers('{"commandType": "TagOrderCommand", "orderId": "o"}', '{status}', 'OM001', 'it has the fields it needs');
	answers('{"commandType": "TagOrderCommand", "orderId": "none", "reason": "x"}', '{status}', 'OM003', 'it names an order that is there');
	sql(q(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "r", "symbol": "X", "side": "BUY", "orderQty": 5, "pending": true}'), oms_command('{"commandType": "RejectOrderCommand", "orderId": "r"}')));
	answers('{"commandType": "TagOrderCommand", "orderId": "r", "reason": "x"}', '{status}', 'OM004', 'where the machine has no row it is refused');
	is_sql(q(SELECT event_type, reason FROM oms.order_history WHERE order_id = 'o' ORDER BY version DESC LIMIT 1), 'OrderTagged|compliance asks', 'history tells it');
	is_sql(q(SELECT count(*) FROM oms.command_reference WHERE command_type = 'TagOrderCommand' AND field = 'reason' AND required), '1', 'the reference shows it');
	is_sql(q(SELECT object, event_type FROM oms.state_transitions WHERE transition = 263), 'order|OrderTagged', 'and so do the transitions');

	# a column
	is_sql(q(SELECT strategy, oms.order_state(o) ->> 'strategy', (oms.order_as_of('o', now())).strategy FROM oms.orders AS o WHERE id = 'o'), 'VWAP|VWAP|VWAP', 'the new column is in row, state and as-of');
	is_sql(q(SELECT count(*) FROM oms.order_events WHERE aggregate_id = 'o' AND payload #>> '{state,strategy}' = 'VWAP'), '2', 'and in each event');
	is_sql(q(SELECT 'strategy' = ANY (oms.own_columns('order'))), 't', 'it is no column of a user');
	is_sql(q(BEGIN; UPDATE oms.orders SET strategy = 'TWAP' WHERE id = 'o'; SELECT invariant, detail FROM oms.verify(); SELECT oms.rebuild('orders'); SELECT strategy FROM oms.orders WHERE id = 'o'; COMMIT),
		"row_state|strategy is TWAP, not VWAP.\n1\nVWAP", 'verify sees it, and rebuild makes it anew');

	# a kind
	is_sql(q(SELECT string_agg(object, ' ') FROM oms.kinds()), 'order execution quote_request quote indication', 'the new kind');
	answers('{"commandType": "IndicateCommand", "indicationId": "i", "symbol": "X", "side": "SELL", "orderQty": 300, "account": "A"}', '{state,status}', 'OPEN', 'its command makes one');
	answers('{"commandType": "IndicateCommand", "indicationId": "i", "symbol": "X", "side": "SELL"}', '{status}', 'OM007', 'whose id is taken then');
	answers('{"commandType": "CreateOrderCommand", "orderId": "i", "symbol": "X", "side": "BUY", "orderQty": 5}', '{status}', 'OM007', 'for orders too');
	answers('{"commandType": "IndicateCommand", "indicationId": "o", "symbol": "X", "side": "SELL"}', '{status}', 'OM007', 'as theirs are for it');
	answers('{"commandType": "WithdrawIndicationCommand", "indicationId": "i", "expectedVersion": 2}', '{status}', 'OM006', 'it has versions');
	answers('{"commandType": "WithdrawIndicationCommand", "indicationId": "i", "rootId": "o"}', '{status}', 'OM005', 'and a tree');
	is_sql('SELECT pg_sleep(0.01)', '', 'a moment');
	my $before = sql('SELECT clock_timestamp()');
	answers('{"commandType": "WithdrawIndicationCommand", "indicationId": "i", "text": "sold"}', '{events,0,eventType}', 'IndicationWithdrawn', 'it lives by its machine');
	answers('{"commandType": "WithdrawIndicationCommand", "indicationId": "i"}', '{status}', 'OM004', 'and ends by it');
	is_sql(q(SELECT count(*) FROM oms_commands('[{"commandType": "IndicateCommand", "symbol": "Y", "side": "BUY"}, {"commandType": "TagOrderCommand", "orderId": "o", "reason": "in a batch"}]')), '2', 'a batch has both');
	is_sql(q(SELECT version, tree_version, status, text, account, quantity FROM oms.indications WHERE id = 'i'), '2|2|WITHDRAWN|sold|A|300', 'its row');
	is_sql(q(SELECT string_agg(event_type, ' ' ORDER BY version) FROM oms.all_events WHERE object = 'indication' AND aggregate_id = 'i' AND account = 'A'), 'IndicationMade IndicationWithdrawn', 'its events');
	is_sql(qq(SELECT s.status, s.tree_version, oms.indication_state(s) ->> 'indicationId' FROM oms.indication_as_of('i', '$before') AS s), 'OPEN|1|i', 'as of a moment');
	is_sql(q(SELECT * FROM oms.verify()), '', 'every invariant holds');
	is_sql(q(BEGIN; UPDATE oms.indications SET symbol = 'Z' WHERE id = 'i'; SELECT invariant, object, detail FROM oms.verify(); SELECT oms.rebuild('indications'); SELECT count(*) FROM oms.verify(); COMMIT),
		"row_state|indication|symbol is Z, not X.\n1\n0", 'and verify and rebuild know it');
	my (undef, undef, $refused) = $node->psql($db, 'DELETE FROM oms.indication_events');
	like($refused, qr/append-only/, "$db: its events are append-only");
	is_sql(q(SELECT count(*) FROM pg_inherits WHERE inhparent = 'oms.indication_events'::regclass), '3', 'they have partitions');
	is_sql(q(SELECT statement LIKE '%oms.indication_events%' FROM oms.publication_repairs('oms_events') LIMIT 1), 't', 'the publication will have them');
	is_sql(q(SELECT by, certain FROM oms.route('{"commandType": "IndicateCommand", "indicationId": "i", "symbol": "X", "side": "BUY"}')), 'indicationId|t', 'a router finds it');
	is_sql(q(SELECT string_agg(transition::text, ' ' ORDER BY transition) FROM oms.state_transitions WHERE object = 'indication'), '801 802', 'its machine is shown');
	is_sql(q(SELECT count(*) FROM oms.local_changes()), '0', 'and all of it came with the extension');
}

$node->stop;
done_testing();
