# Predicates that another library brings (test/modules/registered, built by PGXS against the installed header): what they are given, in whichever order the
# libraries were loaded; and what does what none may ends as an error of the rule, with the session, the transaction and the command as they should be.
# Broken by: a header that needs what is not installed; a symbol of ours that the other library must find; a row that is not a copy; a write that a refused
# or accepted command leaves behind; a subtransaction or memory context that is not given back; an answer that is none and passes.

use strict;
use warnings;

use File::Copy;
use FindBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

$ENV{PG_CONFIG} //= 'pg_config';
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};

my $folder = PostgreSQL::Test::Utils::tempdir();
my ($stage) = oms_settings() =~ /^extension_destdir = '([^']*)'/m;
my $said = '';
copy($_, $folder) or die "cannot copy $_: $!" foreach glob "$FindBin::RealBin/../modules/registered/{Makefile,registered.c}";
IPC::Run::run(['make', '-s', '-C', $folder, 'with_llvm=no', "PG_CONFIG=$ENV{PG_CONFIG}", 'STAGE=' . ($stage // '')], '>', \$said, '2>&1');
is($? >> 8, 0, 'it is built against what is installed, without a warning') or do { diag($said); done_testing(); exit 1 };
chmod 0755, $folder, "$folder/registered.so";

my $node = oms_node('registered');
sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }

# Notices and warnings of the statements come after what they print.
sub command
{
	my ($type, $fields, $before) = @_;
	my ($status, $out, $error) = $node->psql('postgres', ($before // "LOAD '$folder/registered';") . qq( SELECT coalesce(r #>> '{error,detail}', r #>> '{state,status}') FROM oms_try_command('{"commandType": "$type", $fields}') AS r),
		on_error_stop => 1, extra_params => ['-v', 'VERBOSITY=verbose']);
	return $status == 0 ? $out =~ s{version \d+ of it}{it}r : ($error =~ /ERROR:\s+(\w{5})/)[0] // "status $status: $error";
}

sub rule
{
	my ($predicate, $command) = @_;
	sql("DELETE FROM oms.validation_rules WHERE NOT builtin; INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES ('r', 'order', '$command', \$\$$predicate\$\$, 'no')");
}
my $new = '"symbol": "X", "side": "BUY", "orderQty": 1';

# ---- what it is for -------------------------------------------------------------------------------------------------

is(command('CreateOrderCommand', qq("orderId": "A", "symbol": "X", "side": "BUY", "orderQty": 100)), 'NEW', 'an order');
rule(q{oms.registered('doubles')}, 'ReplaceOrderCommand');
is(command('ReplaceOrderCommand', '"orderId": "A", "orderQty": "201"'), 'Rule r: it is false for this command.', 'it sees the command in its normal form, and the row');
is(command('ReplaceOrderCommand', '"orderId": "A", "orderQty": 200'), 'NEW', 'and passes');
is(command('ReplaceOrderCommand', '"orderId": "A", "price": 1'), 'Rule r: it is null for this command.', 'and may be null');
is(command('ReplaceOrderCommand', '"orderId": "A", "orderQty": 201', ''), 'Rule r: it fails (no predicate "doubles" is registered in this session) for this command.', 'where it is not loaded it refuses');
is(command('ReplaceOrderCommand', '"orderId": "A", "orderQty": 201', "SELECT oms.slot_of('x'); LOAD '$folder/registered';") =~ s/^\d+\n//r, 'NEW', 'loaded after oms_state');
rule(q{oms.registered('rows') AND cur IS NULL}, 'CreateOrderCommand');
is(command('PlaceOrderCommand', '"orderId": "A", "children": [{"orderQty": 1}]'), 'NEW', 'of a slice it has the rows of the slice');
rule(q{oms.registered('yes') AND NOT oms.registered('doubles') IS FALSE}, 'CreateOrderCommand');
is(command('CreateOrderCommand', $new), 'NEW', 'the last one of a name is asked, as a part of more');
rule(q{oms.registered('scribbles') AND command ->> 'symbol' = 'X' AND (command ->> 'orderQty')::numeric = 1}, 'CreateOrderCommand');
is(command('CreateOrderCommand', $new), 'NEW', 'what it is given is its own');

# ---- what none may --------------------------------------------------------------------------------------------------

sub fails { my ($name, $why, $label) = @_; rule("oms.registered('$name')", 'CreateOrderCommand'); is(command('CreateOrderCommand', $new), "Rule r: it fails ($why) for this command.", $label); }
fails('raises', 'it is a bad day', 'its error is its answer');
fails('odd', 'registered predicate "odd" answered 42', 'an answer that is none');
fails('no_such_row', 'there is no row "grandparent": a predicate knows cur, parent and root', 'a row that there is not');
fails('writes', 'registered predicate "writes" has written', 'a write');
is(sql("SELECT count(*) FROM oms.limits WHERE what = 'WRITTEN'"), '0', 'is undone, though the transaction goes on');
fails('commands', 'a command cannot be given while another one is being written', 'a command');
fails('opens', 'registered predicate "opens" has left a subtransaction open', 'a subtransaction');
fails('falls', 'it fell', 'two subtransactions that an error is raised in');
is(command('CreateOrderCommand', qq("orderId": "fallen", $new)), 'Rule r: it fails (it fell) for this command.', 'once more, of an order with a name');
is(sql(q(SELECT count(*) FROM oms.rejected_commands WHERE command ->> 'orderId' = 'fallen')), '1', 'and its transaction has ended: what was refused is kept');
rule(q{oms.registered('leaks')}, 'CreateOrderCommand');
is(command('CreateOrderCommand', $new), 'NEW', 'what it leaves open is closed');
rule(q{oms.registered('sleeps')}, 'CreateOrderCommand');
is(command('CreateOrderCommand', $new, "LOAD '$folder/registered'; SET statement_timeout = 200;"), '57014', 'statement_timeout bounds it, and is no answer');

# All of them in one transaction: each is what it was alone, and the transaction is whole.
my $names = join ', ', map { "'$_'" } qw(raises odd writes opens falls leaks yes);
is(sql("LOAD '$folder/registered'; SET client_min_messages = error; BEGIN; SAVEPOINT s; CREATE TEMP TABLE kept AS SELECT 1;
	DO \$\$ DECLARE n text; BEGIN
		FOREACH n IN ARRAY ARRAY[$names] LOOP
			DELETE FROM oms.validation_rules WHERE NOT builtin;
			INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES ('r', 'order', 'CreateOrderCommand', format('oms.registered(%L)', n), n);
			PERFORM oms_try_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'symbol', 'X', 'side', 'BUY', 'orderQty', 1, 'orderId', n));
		END LOOP;
	END \$\$;
	RELEASE s; COMMIT; SELECT count(*) FROM kept; SELECT string_agg(id, ' ' ORDER BY id) FROM oms.orders WHERE id IN ($names)"), "1\nleaks yes", 'one after another');
sql('DELETE FROM oms.validation_rules WHERE NOT builtin');

# An example is asked as a command is; a name that the command says is none.
is(($node->psql('postgres', "LOAD '$folder/registered'; INSERT INTO oms.validation_rules (name, object, predicate, message, examples) VALUES ('e', 'order', 'oms.registered(''doubles'')', 'no',
	'[{\"command\": {\"commandType\": \"ReplaceOrderCommand\", \"orderId\": \"A\", \"orderQty\": 3}, \"cur\": {\"orderId\": \"A\", \"orderQty\": 1, \"symbol\": \"X\", \"side\": \"BUY\"}, \"outcome\": \"FALSE\"}]')", on_error_stop => 1))[0], 0, 'an example');
like(($node->psql('postgres', q(INSERT INTO oms.validation_rules (name, object, predicate, message) VALUES ('n', 'order', 'oms.registered(command ->> ''text'')', 'no'))))[2], qr/the name of a registered predicate that is no literal has no place in a predicate/, 'the name is a literal');
sql('DELETE FROM oms.validation_rules WHERE NOT builtin');

# The library first, for every session.
$node->append_conf('postgresql.conf', "session_preload_libraries = '$folder/registered'");
$node->reload;
rule(q{oms.registered('doubles')}, 'ReplaceOrderCommand');
is(command('ReplaceOrderCommand', '"orderId": "A", "orderQty": 1000', ''), 'Rule r: it is false for this command.', 'by session_preload_libraries, before oms_state');
is(sql('SELECT count(*) FROM oms.verify()'), '0', 'every invariant holds');
$node->stop;
unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC|TRAP/, 'and no session has ended otherwise than it should');

done_testing();
