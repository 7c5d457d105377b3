# A fleet on one machine: shards that are clusters of their own, and routers.

package OmsFleet;

use strict;
use warnings;

use Exporter 'import';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

use OmsTest;

our @EXPORT = qw(fleet_has_plproxy fleet_shard fleet_router fleet_map fleet_connection);

sub fleet_has_plproxy { return -e `pg_config --sharedir` =~ s/\n//r . '/extension/plproxy.control'; }

# A cluster of one shard: fleet_shard(NAME, NUMBER, SLOTS, options of oms_node).
sub fleet_shard
{
	my ($name, $number, $slots, %options) = @_;
	my $node = oms_node($name, %options, conf => "max_connections = 60\nautovacuum = off\n" . ($options{conf} // ''));

	$node->safe_psql('postgres', 'SELECT oms.create_roles()');
	$node->safe_psql('postgres', "SELECT oms.set_shard($number, '$slots')");
	return $node;
}

sub fleet_connection { my ($node) = @_; return sprintf 'host=%s port=%s dbname=postgres', $node->host, $node->port; }

# fleet_map(ROUTER, DATABASE, [NODE, NUMBER, PARTITIONS] ...)
sub fleet_map
{
	my ($router, $database, @shards) = @_;
	$router->safe_psql($database, 'DELETE FROM fleet.shards; ' . join('', map { sprintf(q(INSERT INTO fleet.shards VALUES (%d, '%s', '%s'); ), $_->[1], fleet_connection($_->[0]), $_->[2]) } @shards) . 'SELECT fleet.set_map()');
	return;
}

# A database that is a router.
sub fleet_router
{
	my ($node, $database, @shards) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE SCHEMA oms_local; CREATE EXTENSION oms_state SCHEMA oms_local; CREATE EXTENSION plproxy; SELECT oms.create_roles()');
	my ($out, $complaint) = run_command([ 'psql', '-X', '-q', '-d', $node->connstr($database), '-f', abs_path(dirname(__FILE__) . '/../../fleet/router.sql') ]);
	die "fleet/router.sql: $complaint" if $complaint;
	fleet_map($node, $database, @shards);
	return;
}

1;
