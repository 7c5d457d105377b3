# What every TAP test here starts with: a node on which oms_state can be created, whether the
# extension is installed (make installcheck) or only staged (make test), and a few short hands.

package OmsTest;

use strict;
use warnings;

use Exporter 'import';
use DBI;
use JSON::PP;
use Test::More;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(oms_node oms_settings oms_dbh closed_trees psql_ok psql_fails_with oms_command json soak rounds first_seed goes_on %TOPIC_OF published_tables);

# What leaves, and where to: section 7 of the contract, said once more for the tests.
our %TOPIC_OF = (
	order_events => 'order-events', execution_events => 'execution-events', quote_request_events => 'quote-request-events', quote_events => 'quote-events',
	configuration_events => 'configuration-events', anchors => 'oms-anchors', purged_trees => 'order-events', purged_configuration => 'configuration-events');

# Those of them that a database has.
sub published_tables
{
	my ($node, $database) = @_;
	my $names = join ', ', map { "'$_'" } sort keys %TOPIC_OF;
	return split /\n/, $node->safe_psql($database // 'postgres', qq(SELECT n FROM unnest(ARRAY[$names]) AS n WHERE to_regclass('oms.' || n) IS NOT NULL ORDER BY n COLLATE "C"));
}

# Server settings that every node needs; also for nodes that a test makes in another way.
sub oms_settings
{
	return $ENV{OMS_SERVER_CONF} ? slurp_file($ENV{OMS_SERVER_CONF}) : '';
}

# oms_node(NAME, streaming => 1, conf => "lines", start => 0, extension => 0): a new, started
# cluster with the extension in its database postgres.
sub oms_node
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(allows_streaming => $options{streaming} // 0);
	$node->append_conf('postgresql.conf', oms_settings());
	$node->append_conf('postgresql.conf', $options{conf}) if defined $options{conf};
	return $node if defined $options{start} && !$options{start};

	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION oms_state')
	  unless defined $options{extension} && !$options{extension};
	return $node;
}

# A DBI connection over the node's unix socket; errors die, nothing is printed.
sub oms_dbh
{
	my ($node, %options) = @_;
	my $dsn = sprintf 'dbi:Pg:host=%s;port=%s;dbname=%s', $node->host, $node->port,
	  $options{dbname} // 'postgres';

	return DBI->connect($dsn, $options{user} // '', '',
		{ RaiseError => 1, PrintError => 0, AutoCommit => $options{autocommit} // 1 });
}

# Trees PREFIX1 to PREFIXcount that are over: a parent, two children, a fill of each.
sub closed_trees
{
	my ($node, $prefix, $count) = @_;
	$node->safe_psql('postgres', <<"SQL");
DO \$\$
BEGIN
  FOR n IN 1 .. $count LOOP
    PERFORM oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', '$prefix' || n, 'clOrdID', 'c-$prefix' || n, 'symbol', 'X', 'side', 'BUY', 'orderQty', 20));
    FOR c IN 1 .. 2 LOOP
      PERFORM oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', format('$prefix%s.%s', n, c), 'parentId', '$prefix' || n, 'orderQty', 10));
      PERFORM oms_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', format('$prefix%s.%s', n, c), 'execID', format('e-$prefix%s.%s', n, c), 'lastQty', 10, 'lastPx', 5));
    END LOOP;
  END LOOP;
END \$\$;
SQL
	return;
}

# The SQL succeeds; with a third argument, its output is exactly that.
sub psql_ok
{
	my ($node, $sql, $expected, $name) = @_;
	my ($status, $stdout, $stderr) = $node->psql('postgres', $sql, on_error_stop => 1);

	$name //= $sql;
	if ($status != 0)
	{
		fail($name);
		diag($stderr);
		return;
	}
	defined $expected ? is($stdout, $expected, $name) : pass($name);
	return $stdout;
}

# The SQL fails with this SQLSTATE.
sub psql_fails_with
{
	my ($node, $sql, $sqlstate, $name) = @_;
	my ($status, $stdout, $stderr) =
	  $node->psql('postgres', "\\set VERBOSITY sqlstate\n$sql", on_error_stop => 1);

	$name //= "$sqlstate: $sql";
	isnt($status, 0, "$name (fails)");
	like($stderr, qr/ERROR:\s+\Q$sqlstate\E/, $name);
	return;
}

# oms_command(DBH, { commandType => ... }): apply a command, return its result as a hash.
sub oms_command
{
	my ($dbh, $command) = @_;
	my ($result) =
	  $dbh->selectrow_array('SELECT oms_command($1::jsonb)', undef, json()->encode($command));

	return json()->decode($result);
}

# Decimals stay decimals: numbers come back as big numbers, never as binary floating point.
sub json
{
	return JSON::PP->new->canonical->allow_bignum->allow_blessed->convert_blessed;
}

# make soak sets OMS_SOAK: the same tests, long rounds.
sub soak { return $ENV{OMS_SOAK} ? 1 : 0; }
sub rounds { my ($short, $long) = @_; return soak() ? $long : $short; }

# What random tests begin with: make test repeats itself, so that a red run is a change's fault; make soak looks for what is new.
sub first_seed { return $ENV{OMS_SEED} // (soak() ? int(time) % 1_000_000 : 7); }

# Whether a random test goes on. In make test never beyond MOST rounds either: a quick machine plays what others have played before it, and nothing else.
# Longer than that is asked for by make soak, or by OMS_SECONDS of a minute and more.
sub goes_on
{
	my ($until, $played, $most) = @_;
	return time < $until && ($played < $most || soak() || ($ENV{OMS_SECONDS} // 0) >= 60);
}

1;
