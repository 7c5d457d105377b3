# deploy/kubernetes, as far as that can be seen without a cluster: fields by Kubernetes' own schemas and those of the operators (pinned, see
# test/data/kubernetes), names that refer to one another, and what the server, the bridge and the gateway say of what they are given.
# Broken by: a field that there is not, or of another type; a label, port, secret or file that nothing has; a setting that the server does not know;
# a statement of the bootstrap, a job or a metric that fails, or that its role may not; monitors of Azure that differ from those of the operator.

use strict;
use warnings;

use FindBin;
use IPC::Run;
use IO::Uncompress::Gunzip qw(gunzip);
use JSON::PP;
use JSON::Validator;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use YAML::XS ();

use OmsTest;

$YAML::XS::Boolean = 'JSON::PP';

my $root = "$FindBin::RealBin/../..";
my $deploy = "$root/deploy/kubernetes";
my %rendered = map { $_ => [ YAML::XS::LoadFile("$deploy/rendered/$_.yaml") ] } qw(prometheus azure);

sub name_of { my ($object) = @_; return "$object->{kind} $object->{metadata}{name}"; }
sub of_kind { my ($overlay, $kind) = @_; return grep { $_->{kind} eq $kind } @{ $rendered{$overlay} }; }

# ---- what kustomize makes of it ---------------------------------------------------------------------------------------

sub is_rendered
{
	my ($overlay) = @_;
	my ($out, $err) = ('', '');
	my $kubectl = grep { -x "$_/kubectl" } split /:/, $ENV{PATH};

	# without it, that all of the objects are there, whatever their fields
	my @files = map { glob "$deploy/$_/*.yaml" } 'base', $overlay;
	# ConfigMaps of files are named by what is in them too
	my %there = map { name_of($_) => 1, name_of($_) =~ s/-[a-z0-9]{10}$//r => 1 } @{ $rendered{$overlay} };
	my @written = map { name_of($_) } grep { ref && defined $_->{kind} && $_->{kind} ne 'Kustomization' } map { YAML::XS::LoadFile($_) } grep { !/\.patch\.yaml$/ } @files;
	is_deeply([ grep { !$there{$_} } @written ], [], "rendered/$overlay.yaml has all objects of its folders");
  SKIP:
	{
		skip 'no kubectl here: whether rendered/ is up to date in every field is not checked', 1 unless $kubectl;
		IPC::Run::run([ 'kubectl', 'kustomize', "$deploy/$overlay" ], '>', \$out, '2>', \$err);
		is_deeply({ map { name_of($_) => $_ } $out ne '' ? YAML::XS::Load($out) : () }, { map { name_of($_) => $_ } @{ $rendered{$overlay} } }, 'and is what kubectl kustomize makes of them') or diag($err);
	}
	return;
}

# ---- fields -----------------------------------------------------------------------------------------------------------

sub schemas
{
	my $text;
	gunzip("$root/test/data/kubernetes/schemas.json.gz" => \$text) or die 'cannot read the schemas';
	my $schemas = decode_json($text);
	$schemas->{"azmonitoring.coreos.com/v1 PodMonitor"} = decode_json(encode_json($schemas->{'monitoring.coreos.com/v1 PodMonitor'}) =~ s/"monitoring\.coreos\.com/"azmonitoring.coreos.com/gr);
	return map { $_ => JSON::Validator->new->schema($schemas->{$_}) } keys %$schemas;
}
my %schema = schemas();

sub problems
{
	my ($object) = @_;
	my $schema = $schema{"$object->{apiVersion} $object->{kind}"} or return ("no schema of $object->{apiVersion} $object->{kind}");
	return map { "$_" } $schema->validate($object);
}

# ---- names ------------------------------------------------------------------------------------------------------------

# Every pod that the objects of an overlay make: its labels and its spec.
sub pods
{
	my ($overlay) = @_;
	return ((map { [ name_of($_), $_->{spec}{template}{metadata}{labels}, $_->{spec}{template}{spec} ] } of_kind($overlay, 'Deployment')),
		(map { my $t = $_->{spec}{jobTemplate}{spec}{template}; [ name_of($_), $t->{metadata}{labels}, $t->{spec} ] } of_kind($overlay, 'CronJob')),
		# those that the operator makes, as far as they are promised
		(map { [ name_of($_), { 'cnpg.io/cluster' => $_->{metadata}{name} },
			{ containers => [ { name => 'postgres', ports => [ { name => 'postgresql', containerPort => 5432 }, { name => 'metrics', containerPort => 9187 }, { name => 'status', containerPort => 8000 } ] } ] } ] } of_kind($overlay, 'Cluster')));
}

sub chosen
{
	my ($selector, $pods) = @_;
	my %labels = %{ $selector->{matchLabels} // {} };
	return grep {
		my $has = $_->[1];
		!(grep { ($has->{$_} // '') ne $labels{$_} } keys %labels)
		  && !(grep { my $e = $_; $e->{operator} ne 'In' || !grep { $_ eq ($has->{ $e->{key} } // '') } @{ $e->{values} } } @{ $selector->{matchExpressions} // [] })
	} @$pods;
}

sub ports { return map { @{ $_->{ports} // [] } } map { @{ $_->[2]{containers} } } @_; }

sub references
{
	my ($overlay) = @_;
	my @pods = pods($overlay);
	my %has = map { name_of($_) => $_ } @{ $rendered{$overlay} };
	my ($documented) = slurp_file("$deploy/README.md") =~ /^## Secrets\n(.*?)^## /ms;
	my %secret = map { $_ => 1 } map { /`([^`]+)`/g } map { (split /\|/)[1] } grep { /^\| `/ } split /\n/, $documented;
	my @wrong;

	foreach my $pod (@pods)
	{
		my ($name, undef, $spec) = @$pod;
		my %volume = map { $_->{name} => $_ } @{ $spec->{volumes} // [] };
		foreach my $volume (values %volume)
		{
			push @wrong, "$name: no ConfigMap $volume->{configMap}{name}" if $volume->{configMap} && !$has{"ConfigMap $volume->{configMap}{name}"};
			push @wrong, "$name: secret $volume->{secret}{secretName} is not in the README" if $volume->{secret} && !$secret{ $volume->{secret}{secretName} };
		}
		foreach my $container (@{ $spec->{containers} })
		{
			push @wrong, map { "$name: no volume $_->{name}" } grep { !$volume{ $_->{name} } } @{ $container->{volumeMounts} // [] };
			push @wrong, map { "$name: secret $_ is not in the README" } grep { !$secret{$_} } map { $_->{valueFrom}{secretKeyRef}{name} // () } @{ $container->{env} // [] };
			my %port = map { $_->{name} => 1 } @{ $container->{ports} // [] };
			push @wrong, map { "$name: no port $_" } grep { !$port{$_} } map { my $p = $container->{$_}; $p ? ($p->{httpGet} // $p->{tcpSocket})->{port} : () } qw(readinessProbe livenessProbe);
			next if $name =~ /^Cluster/;
			push @wrong, "$name: it may gain rights" if ($container->{securityContext}{allowPrivilegeEscalation} // 1) || !$spec->{securityContext}{runAsNonRoot};
		}
	}
	push @wrong, map { "managed role $_->{name}: secret $_->{passwordSecret}{name} is not in the README" } grep { !$secret{ $_->{passwordSecret}{name} } } map { @{ $_->{spec}{managed}{roles} } } of_kind($overlay, 'Cluster');
	foreach my $object (grep { $_->{kind} =~ /^(?:PodDisruptionBudget|PodMonitor|Deployment|Service)$/ } @{ $rendered{$overlay} })
	{
		my $selector = $object->{kind} eq 'Service' ? { matchLabels => $object->{spec}{selector} } : $object->{spec}{selector};
		my @those = chosen($selector, \@pods);
		my %port = map { $_->{name} => 1 } ports(@those);
		push @wrong, name_of($object) . ' is about no pod, or several' if @those != 1;
		push @wrong, map { name_of($object) . ": no port $_" } grep { !$port{$_} } (map { $_->{port} } @{ $object->{spec}{podMetricsEndpoints} // [] }), $object->{kind} eq 'Service' ? map { $_->{targetPort} } @{ $object->{spec}{ports} } : ();
	}
	foreach my $policy (of_kind($overlay, 'NetworkPolicy'))
	{
		my @those = chosen($policy->{spec}{podSelector}, \@pods);
		my %port = map { $_->{containerPort} => 1 } ports(@those);
		push @wrong, name_of($policy) . ' is about no pod' unless @those;
		push @wrong, map { name_of($policy) . ": nobody listens on $_" } grep { !$port{$_} } map { $_->{port} } map { @{ $_->{ports} // [] } } @{ $policy->{spec}{ingress} // [] };
		foreach my $rule (@{ $policy->{spec}{egress} // [] })
		{
			my @to = map { chosen($_->{podSelector}, \@pods) } grep { $_->{podSelector} } @{ $rule->{to} // [] };
			push @wrong, name_of($policy) . ' lets out to no pod' if $rule->{to} && !@to;
			my %listens = map { $_->{containerPort} => 1 } ports(@to);
			push @wrong, map { name_of($policy) . ": nobody listens on $_" } grep { @to && !$listens{$_} } map { $_->{port} } @{ $rule->{ports} };
		}
	}
	# whom a policy lets in is let out too
	my ($postgres) = grep { $_->{metadata}{name} eq 'oms-postgres' } of_kind($overlay, 'NetworkPolicy');
	my %welcome = map { $_->[0] => 1 } map { chosen($_->{podSelector}, \@pods) } grep { $_->{podSelector} } map { @{ $_->{from} } } @{ $postgres->{spec}{ingress} };
	push @wrong, map { "$_->[0] is not let in to PostgreSQL" } grep { !$welcome{ $_->[0] } } @pods;
	is_deeply(\@wrong, [], "$overlay: names that refer to one another");
	return;
}

# ------------------------------------------------------------------------

foreach my $overlay (sort keys %rendered)
{
	is_rendered($overlay);
	is_deeply([ map { my $o = $_; map { name_of($o) . ": $_" } problems($o) } @{ $rendered{$overlay} } ], [], "$overlay: every field is one that there is");
	is_deeply([ grep { ($_->{metadata}{namespace} // '') ne 'oms' && $_->{kind} ne 'StorageClass' } @{ $rendered{$overlay} } ], [], "$overlay: all in one namespace");
	references($overlay);
}
# … and the schemas tell
my ($broken) = of_kind('azure', 'Cluster');
$broken = YAML::XS::Load(YAML::XS::Dump($broken));
$broken->{spec}{postgresql}{parameter} = {};
$broken->{spec}{instances} = 'three';
cmp_ok(scalar problems($broken), '>=', 2, 'a field that there is not, and one of another type, are seen');

my @monitors = map { [ map { my %spec = %{ $_->{spec} }; delete @spec{qw(labelLimit labelNameLengthLimit labelValueLengthLimit)}; [ $_->{metadata}{name}, \%spec ] } of_kind($_, 'PodMonitor') ] } qw(prometheus azure);
is_deeply($monitors[1], $monitors[0], 'what is watched on Azure is what is watched elsewhere');

# ---- the server -------------------------------------------------------------------------------------------------------

my ($cluster) = of_kind('azure', 'Cluster');
my $postgresql = $cluster->{spec}{postgresql};
my %parameters = (%{ $postgresql->{parameters} }, shared_preload_libraries => join ',', @{ $postgresql->{shared_preload_libraries} });
my $node = oms_node('kubernetes', conf => "wal_level = logical\n", extension => 0);
my ($out, $err) = ('', '');
IPC::Run::run([ 'postgres', '-D', $node->data_dir, (map { ('-c', "$_=$parameters{$_}") } grep { $_ ne 'shared_preload_libraries' } sort keys %parameters), '-C', 'max_slot_wal_keep_size' ], '>', \$out, '2>', \$err);
is("$out$err", "20480\n", 'the server knows the parameters');
$node->append_conf('postgresql.conf', "shared_preload_libraries = '$parameters{shared_preload_libraries}'");
$node->restart;

my $initdb = $cluster->{spec}{bootstrap}{initdb};
$node->safe_psql('postgres', "CREATE ROLE $initdb->{owner} LOGIN; CREATE DATABASE $initdb->{database} OWNER $initdb->{owner} TEMPLATE template0 ENCODING '$initdb->{encoding}' LC_COLLATE '$initdb->{localeCollate}' LC_CTYPE '$initdb->{localeCType}'");
$node->safe_psql($initdb->{database}, $_) foreach @{ $initdb->{postInitApplicationSQL} };
is($node->safe_psql('oms', q(SELECT count(*) FROM oms.bridge_alerts WHERE what <> 'no_slot')), '0', 'after the bootstrap the publication is as it should be');
foreach my $role (@{ $cluster->{spec}{managed}{roles} })
{
	$node->safe_psql('oms', join ' ', "CREATE ROLE $role->{name}", $role->{login} ? 'LOGIN' : (), $role->{replication} ? 'REPLICATION' : (), exists $role->{inherit} && !$role->{inherit} ? 'NOINHERIT' : (), 'IN ROLE', join(', ', @{ $role->{inRoles} }));
}
is($node->safe_psql('oms', 'SELECT count(*) FROM oms.order_events', extra_params => [ '-U', 'oms_cdc' ]), '0', 'the bridge may read events');
is($node->safe_psql('oms', q(SET ROLE oms_trader; SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "K", "symbol": "VOD", "side": "BUY", "orderQty": 1, "attributes": {}}') ->> 'status'), extra_params => [ '-U', 'oms_http' ]),
	'ACCEPTED', 'the gateway may be a trader');

my ($metrics) = grep { $_->{metadata}{name} =~ /^oms-metrics/ } of_kind('azure', 'ConfigMap');
my $queries = YAML::XS::Load($metrics->{data}{queries});
$node->safe_psql('oms', q(SELECT pg_create_logical_replication_slot('s', 'pgoutput')));
foreach my $name (sort keys %$queries)
{
	my $said = $node->safe_psql('oms', "SET ROLE pg_monitor; SET default_transaction_read_only = on; $queries->{$name}{query}", extra_params => [ '-P', 'tuples_only=off', '-P', 'footer=off' ]);
	my ($columns, @rows) = split /\n/, $said;
	is($columns, join('|', map { keys %$_ } @{ $queries->{$name}{metrics} }), "metric $name: its columns");
	cmp_ok(scalar @rows, '>', 0, 'and rows, for pg_monitor');
}
$node->safe_psql('oms', q(SELECT pg_drop_replication_slot('s')));

my %every = ('* * * * *' => '00:01:00', '*/10 * * * *' => '00:10:00', '0 3 * * *' => '1 day', '20 3 * * *' => '1 day', '40 3 * * *' => '1 day');
my %ours = map { my ($job) = $_->{spec}{jobTemplate}{spec}{template}{spec}{containers}[0]{command}[-1] =~ /'(\w+)'/; $job => $_ } of_kind('azure', 'CronJob');
is(join("\n", map { "$_|$every{ $ours{$_}{spec}{schedule} }" } sort keys %ours), $node->safe_psql('oms', 'SELECT job, every FROM oms.lifecycle_jobs() ORDER BY job COLLATE "C"'), 'a CronJob for each job, as often as it is to run');
foreach my $job (sort keys %ours)
{
	my @command = @{ $ours{$job}{spec}{jobTemplate}{spec}{template}{spec}{containers}[0]{command} };
	local @ENV{qw(PGHOST PGPORT PGDATABASE PGUSER)} = ($node->host, $node->port, 'oms', 'oms_jobs');
	IPC::Run::run(\@command, '>', \$out, '2>&1');
	is("$? $out", '0 ', "job $job runs as its login");
}
is($node->safe_psql('oms', 'SELECT count(*) FROM oms.verify()'), '0', 'oms.verify() has nothing against any of it');

# ---- the programs -----------------------------------------------------------------------------------------------------

# As they are mounted, below a folder of ours instead of /etc.
my %program = (bridge => $ENV{OMS_BRIDGE}, gateway => $ENV{OMS_GATEWAY});
foreach my $name (sort keys %program)
{
  SKIP:
	{
		skip "no oms_$name here: its configuration is not checked", 2 unless -x ($program{$name} // '');
		my ($map) = grep { $_->{metadata}{name} =~ /^oms-$name/ } of_kind('azure', 'ConfigMap');
		my $etc = PostgreSQL::Test::Utils::tempdir();
		mkdir "$etc/$_" or die foreach qw(conf secrets ca tls);
		my %files = ("conf/$name.conf" => $map->{data}{"$name.conf"} =~ s{/etc/oms_$name/}{$etc/}gr, 'secrets/kafka.conf' => "kafka.bootstrap.servers = k:9092\n",
			'secrets/gateway.conf' => "jwt.issuer = https://login.example.org\njwt.audience = oms\n", 'secrets/keys.json' => '{"keys": []}', 'ca/ca.crt' => '', 'tls/tls.crt' => '', 'tls/tls.key' => '');
		append_to_file("$etc/$_", $files{$_}) foreach keys %files;
		IPC::Run::run([ $program{$name}, '--config', "$etc/conf/$name.conf", '--check' ], '>', \$out, '2>', \$err);
		is($?, 0, "the configuration of the $name is one") or diag("$out$err");
		my @ports = $map->{data}{"$name.conf"} =~ /^\S*listen = .*:(\d+)$/mg;
		my ($pod) = grep { $_->[0] eq "Deployment oms-$name" } pods('azure');
		is_deeply([ sort @ports ], [ sort map { $_->{containerPort} } ports($pod) ], 'and it listens where it is said to');
	}
}

$node->stop;
done_testing();
