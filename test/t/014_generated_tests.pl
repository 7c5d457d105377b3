# oms.generate_transition_tests(): what stands in test/pgtap is what it gives, and it tests a configuration as it is.
# Broken by: a row of a machine, a status's precedence, a shipped rule or a command that changed without scripts/gen_tests.sh; a text that a rule, a halt or a
# setting of somebody's fails; one that leaves something behind; a kind or row that it does not see.

use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $root = "$FindBin::RealBin/../..";
my $node = oms_node('generated');
my $file = PostgreSQL::Test::Utils::tempdir() . '/tests.sql';

sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }
sub generated { my ($object) = @_; return sql("SELECT * FROM oms.generate_transition_tests('$object')") . "\n"; }

# What fails of a text, and how many it has.
sub run_text
{
	my ($text) = @_;
	open my $out, '>', $file or die $!;
	print $out $text;
	close $out;
	my ($status, $said, $error) = $node->psql('postgres', "\\set ON_ERROR_STOP on\n\\i $file\n");
	my @failed = $said =~ /^(not ok .*(?:\n#.*)*)/mg;
	return ($status, scalar(() = $said =~ /^ok /mg), join("\n", @failed[ 0 .. ($#failed > 5 ? 5 : $#failed) ]) . $error);
}

sql('CREATE EXTENSION pgtap');

# ---- the shipped one ------------------------------------------------------------------------------------------------

my @machines = split /\n/, sql('SELECT DISTINCT object FROM oms.state_transitions ORDER BY object');
is(join(' ', map { m{generated_(\w+)\.sql$} } sort glob "$root/test/pgtap/generated_*.sql"), join(' ', @machines), 'there is a text of each machine');
foreach my $machine (@machines)
{
	ok(generated($machine) eq slurp_file("$root/test/pgtap/generated_$machine.sql"), "that of $machine is what is generated (else: scripts/gen_tests.sh)");
}
foreach my $bad (q('nothing'), q('orders'), q(''))
{
	my ($status, $out, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT * FROM oms.generate_transition_tests($bad)");
	like($error, qr/22023: there is no machine of/, "$bad is none");
}
is(sql('SELECT count(*) FROM oms.generate_transition_tests(NULL)'), '0', 'of nothing there is nothing');

# ---- in a database where much is set --------------------------------------------------------------------------------

sql(q(INSERT INTO oms.validation_rules (name, object, predicate, message) VALUES ('never', 'order', 'false', 'no'), ('nor', 'execution', 'false', 'no'), ('not', 'quote', 'false', 'no');
	INSERT INTO oms.trading_halts (name) VALUES ('all');
	ALTER DATABASE postgres SET oms_state.four_eyes = on; ALTER DATABASE postgres SET oms_state.require_asset_class = on;
	ALTER DATABASE postgres SET standard_conforming_strings = off; ALTER DATABASE postgres SET search_path = public, oms));
my $before = sql('SELECT (SELECT count(*) FROM oms.all_events), (SELECT count(*) FROM oms.validation_rules WHERE enabled), (SELECT count(*) FROM oms.trading_halts), (SELECT count(*) FROM oms.orders)');
foreach my $machine (@machines)
{
	my ($status, $passed, $failed) = run_text(slurp_file("$root/test/pgtap/generated_$machine.sql"));
	ok($status == 0 && $passed > 0, "the text of $machine runs there ($passed tests)");
	is($failed, '', 'and all of it passes');
}
is(sql('SELECT (SELECT count(*) FROM oms.all_events), (SELECT count(*) FROM oms.validation_rules WHERE enabled), (SELECT count(*) FROM oms.trading_halts), (SELECT count(*) FROM oms.orders)'),
	$before, 'and leaves nothing');

# ---- whoever configures a rule says nothing to psql, which runs as the owner ------------------------------------------

sql(q(INSERT INTO oms.validation_rules (name, object, command_type, predicate, message, severity) VALUES
	(E'x\n\\\\echo TOLD\nSELECT ''TOLD'';', 'execution', NULL, E'true OR oms.registered(E''y\\n\\\\\\\\echo TOLD'')', 'x', 'WARN'),
	(E'$$; */ /* \r\\\\echo TOLD', 'execution', NULL, 'true -- a comment', 'x', 'WARN')));
my ($status, $passed, $failed) = run_text(generated('execution'));
ok($status == 0 && $passed > 0, "names and predicates of rules that are more than that ($passed tests)");
is($failed, '', 'are names and predicates; and it is generated as well where standard_conforming_strings is off');
unlike(($node->psql('postgres', "\\i $file\n"))[1], qr/^TOLD/m, 'no line is told to psql');

done_testing();
