# Every alert has its place in doc/runbook.md, and every place its alert: those of the views in the store, and those of deploy/prometheus, which are
# played by promtool with the figures of good days and bad ones, and ask only for figures that there are.
# Broken by: an alert that nobody wrote down what to do for; a rule that a good day brings, or that a bad one does not; a figure that is renamed.

use strict;
use warnings;

use File::Copy qw(copy);
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use YAML::XS ();

use OmsTest;

my $root = "$FindBin::RealBin/../..";
my $runbook = slurp_file("$root/doc/runbook.md");
my %chapter = map { $_ => 1 } $runbook =~ /^### (\S+)$/mg;
my %told;

# ---- the views -------------------------------------------------------------------------------------

my $node = oms_node('alerts');
foreach my $view (qw(bridge_alerts lifecycle_alerts alerts))
{
	my $text = $node->safe_psql('postgres', "SELECT pg_get_viewdef('oms.$view')");
	my @what = $text =~ /'(?:critical|warning)'::text\s*(?:END)?(?:\s+AS\s+\w+)?,\s*'(\w+)'::text/g;
	cmp_ok(scalar @what, '>=', 1, "oms.$view: @what");
	$told{$_} = $view foreach @what;
}
# what it calls a problem, in the words of the functions that find it
foreach my $function (qw(calendar_problems due_objects))
{
	my $text = $node->safe_psql('postgres', "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'oms'::regnamespace AND proname = '$function'");
	my @what = $function eq 'due_objects' ? map { lc } $text =~ /'((?:NO|UNKNOWN)_[A-Z]+)'/g : $text =~ /SELECT (?:\w\.)?\w+, '(\w+)',/g;
	cmp_ok(scalar @what, '>=', 1, "oms.$function: @what");
	$told{$_} //= $function foreach @what;
}
is($node->safe_psql('postgres', q(SELECT string_agg(DISTINCT what, ' ') FROM (SELECT what FROM oms.bridge_alerts UNION ALL SELECT what FROM oms.lifecycle_alerts) a WHERE what <> 'no_slot')), '', 'a fresh store has no alerts');
# a reader sees them all, a partition that is missing among them
$node->safe_psql('postgres', 'SELECT count(*) FROM oms.create_roles(); CREATE ROLE watcher LOGIN IN ROLE oms_reader');
my $all = q(SELECT string_agg(area || ' ' || what, ', ' ORDER BY 1) FROM oms.alerts WHERE what <> 'no_slot');
is($node->safe_psql('postgres', $all, extra_params => [ '-U', 'watcher' ]), '', 'a reader is told that all is well');
my $leaf = $node->safe_psql('postgres', q(SELECT oms.ensure_partitions(); SELECT 'oms.order_events_' || to_char((now() AT TIME ZONE 'UTC')::date + interval '1 month', 'YYYY_MM'))) =~ s/.*\n//sr;
$node->safe_psql('postgres', "ALTER TABLE oms.order_events DETACH PARTITION $leaf; ALTER TABLE $leaf RENAME TO away");
is($node->safe_psql('postgres', $all, extra_params => [ '-U', 'watcher' ]), 'events partition_missing', 'and what is not');
$node->stop;

# ---- the rules -------------------------------------------------------------------------------------

my $rules = YAML::XS::LoadFile("$root/deploy/prometheus/oms_state.rules.yml");
# the manuals: the unit tests of both programs hold that every figure is named there
my $figures = join ' ', map { slurp_file("$root/$_") } qw(gateway/oms_gateway.1 debezium/bridge/oms_bridge.1);
foreach my $rule (map { @{ $_->{rules} } } @{ $rules->{groups} })
{
	$told{ $rule->{alert} } = 'rules';
	is($rule->{annotations}{runbook}, 'doc/runbook.md#' . lc $rule->{alert}, "$rule->{alert} says where to read on");
	like($rule->{labels}{severity}, qr/^(?:critical|warning)$/, 'and how grave it is');
	foreach my $figure ($rule->{expr} =~ /\b(oms_\w+)/g)
	{
		my ($name) = $figure =~ /^oms_(?:bridge|gateway)_(\w+)$/;
		like($figures, qr/\b(?:oms_(?:bridge|gateway)_)?\Q$name\E\b/, "$figure is a figure");
	}
}
is(join(' ', sort grep { !$chapter{$_} } keys %told), '', 'every alert is in the runbook');
is(join(' ', sort grep { !$told{$_} } keys %chapter), '', 'and nothing else is');

my $tests = YAML::XS::LoadFile("$root/test/data/oms_state.rules.test.yml");
my (%silent, %rings);
foreach my $test (map { @{ $_->{alert_rule_test} } } @{ $tests->{tests} }) { (@{ $test->{exp_alerts} } ? \%rings : \%silent)->{ $test->{alertname} } = 1; }
is(join(' ', sort grep { $told{$_} eq 'rules' && !($silent{$_} && $rings{$_}) } keys %told), '', 'each rule is played once in which it is silent, and once in which it rings');

# as the manual of Kubernetes gives them to the operator
my ($pipe) = slurp_file("$root/deploy/kubernetes/README.md") =~ /^(\{ printf .*\}) \| kubectl apply -f -$/m or die 'the manual of Kubernetes has no rules';
my $object = YAML::XS::Load(scalar qx(cd $root && $pipe));
is_deeply($object->{spec}, $rules, "the operator gets the same rules, as a $object->{kind}");

my $promtool = qx($root/scripts/promtool.sh path 2>/dev/null);
chomp $promtool;
SKIP:
{
	skip 'no promtool here: the rules are not played', 2 if !-x $promtool;
	my $dir = PostgreSQL::Test::Utils::tempdir();
	copy("$root/deploy/prometheus/oms_state.rules.yml", $dir) && copy("$root/test/data/oms_state.rules.test.yml", $dir) or die "cannot copy: $!";
	command_ok([ $promtool, 'check', 'rules', "$dir/oms_state.rules.yml" ], 'Prometheus understands the rules');
	command_ok([ $promtool, 'test', 'rules', "$dir/oms_state.rules.test.yml" ], 'and they do what they should');
}

done_testing();
