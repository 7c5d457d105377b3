# Debian's Patroni over an etcd of the test's own: members are nodes of PostgreSQL::Test::Cluster that Patroni makes, starts and stops.

package OmsPatroni;

use strict;
use warnings;

use Exporter 'import';
use HTTP::Tiny;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsProcess qw(wait_for free_port);
use OmsTest;

our @EXPORT = qw(skip_without_patroni);

sub skip_without_patroni
{
	# Patroni takes the server's programs of the version at hand; etcd has no other way to be stopped quickly than to be killed
	foreach my $needed ([ 'patroni', '/usr/bin/patroni' ], [ 'etcd-server', '/usr/bin/etcd' ], [ 'python3-psycopg2', '/usr/lib/python3/dist-packages/psycopg2/__init__.py' ])
	{
		plan skip_all => "$needed->[0] is not installed" if !-e $needed->[1];
	}
	return;
}

# OmsPatroni->new(parameters => "lines of postgresql.conf"): etcd runs.
sub new
{
	my ($class, %options) = @_;
	my $self = bless { folder => PostgreSQL::Test::Utils::tempdir_short(), members => [], %options }, $class;
	my ($client, $peer) = (free_port(), free_port());

	$self->{etcd_at} = "127.0.0.1:$client";
	$self->{etcd} = OmsProcess->spawn("$PostgreSQL::Test::Utils::log_path/etcd.log", {}, '/usr/bin/etcd', '--data-dir', "$self->{folder}/etcd", '--unsafe-no-fsync',
		'--listen-client-urls', "http://$self->{etcd_at}", '--advertise-client-urls', "http://$self->{etcd_at}", '--listen-peer-urls', "http://127.0.0.1:$peer",
		'--initial-advertise-peer-urls', "http://127.0.0.1:$peer", '--initial-cluster', "default=http://127.0.0.1:$peer");
	wait_for(sub { HTTP::Tiny->new(timeout => 5)->get("http://$self->{etcd_at}/health")->{content} =~ /true/ }, 120, 'etcd') or die 'no etcd';
	append_to_file("$self->{folder}/custom.conf", oms_settings() . ($options{parameters} // ''));
	return $self;
}

# A member, which is started; its node has host and port once it is there.
sub add
{
	my ($self, $name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	my $api = '127.0.0.1:' . free_port();
	my $user = getpwuid $>;
	my $bin = `pg_config --bindir` =~ s/\n//r;
	my $file = "$self->{folder}/$name.yml";

	mkdir $node->basedir;
	append_to_file($file, <<"YAML");
scope: fleet
name: $name
etcd3:
  host: $self->{etcd_at}
restapi:
  listen: $api
  connect_address: $api
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 2
    retry_timeout: 5
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters:
        wal_level: logical
        wal_log_hints: 'on'
        max_connections: 60
        max_wal_senders: 12
        max_replication_slots: 12
  initdb:
    - encoding: UTF8
    - locale: C.UTF-8
    - auth: trust
    - no-sync
  pg_hba:
    - local all all trust
    - local replication all trust
    - host all all 127.0.0.1/32 trust
    - host replication all 127.0.0.1/32 trust
postgresql:
  listen: 127.0.0.1:@{[$node->port]}
  connect_address: 127.0.0.1:@{[$node->port]}
  use_unix_socket: true
  data_dir: @{[$node->data_dir]}
  bin_dir: $bin
  pgpass: $self->{folder}/$name.pass
  custom_conf: $self->{folder}/custom.conf
  authentication:
    superuser:
      username: $user
    replication:
      username: replicator
  parameters:
    unix_socket_directories: @{[$node->host]}
YAML
	my $member = { node => $node, name => $name, api => $api, file => $file };
	push @{ $self->{members} }, $member;
	$self->start($member);
	return $member;
}

sub start
{
	my ($self, $member) = @_;
	$member->{process} = OmsProcess->spawn("$PostgreSQL::Test::Utils::log_path/patroni_$member->{name}.log", { LC_ALL => 'C.UTF-8' }, '/usr/bin/patroni', $member->{file});
	return;
}

# What Patroni says of a member: { role, state, timeline, ... }.
sub status
{
	my ($self, $member) = @_;
	my $answer = HTTP::Tiny->new(timeout => 5)->get("http://$member->{api}/patroni");
	return eval { decode_json($answer->{content}) } // {};
}

# wait_role(MEMBER, 'master' or 'replica', SECONDS): it has the role, and runs.
sub wait_role
{
	my ($self, $member, $role, $seconds) = @_;
	return wait_for(sub { my $status = $self->status($member); ($status->{role} // '') =~ /^(?:$role)$/ && $status->{state} eq 'running' }, $seconds, "$member->{name} to be $role");
}

# Its Patroni and its server die at once, as a machine does.
sub kill9
{
	my ($self, $member) = @_;
	my ($postmaster) = split /\n/, slurp_file($member->{node}->data_dir . '/postmaster.pid');
	$member->{process}->kill9;
	kill 'KILL', $postmaster;
	return;
}

sub stop
{
	my ($self) = @_;
	foreach my $member (@{ $self->{members} })
	{
		$member->{process}->kill9 if $member->{process}->running;
		my $file = $member->{node}->data_dir . '/postmaster.pid';
		next unless -e $file;
		my ($postmaster) = split /\n/, slurp_file($file);
		kill 'QUIT', $postmaster;
		wait_for(sub { !kill 0, $postmaster }, 120, "$member->{name} to stop");
	}
	$self->{etcd}->kill9;
	return;
}

sub DESTROY { my ($self) = @_; local $?; $self->stop; return; }

1;
