# test/lib/OmsBridge.pm: oms_bridge under test: a configuration file, a process, its log and its metrics.
#
#   my $bridge = bridge_start(name => 'one', config => { 'postgres.dsn' => bridge_dsn($node), sink => 'kafka', ... },
#       args => [ '--bootstrap' ], env => { ... });
#   $bridge->stop; kill9; pause; resume; reload; wait_exit(SECONDS); running; log; memory; cpu (see OmsProcess)
#
# OMS_BRIDGE names another program, for instance one built with sanitizers.

package OmsBridge;

use strict;
use warnings;

use Cwd ();
use File::Basename qw(dirname);
use HTTP::Tiny;
use PostgreSQL::Test::Utils;

use Test::More;

use parent qw(OmsProcess Exporter);

our @EXPORT = qw(bridge_program bridge_start bridge_dsn);

my $TREE = Cwd::abs_path(dirname(__FILE__) . '/../..');
my $started = 0;
my $home;

sub bridge_program { return $ENV{OMS_BRIDGE} // "$TREE/debezium/bridge/oms_bridge"; }

# A libpq connection string for a node of PostgreSQL::Test::Cluster.
sub bridge_dsn
{
	my ($node, %options) = @_;
	return join ' ', 'host=' . $node->host, 'port=' . $node->port, 'dbname=' . ($options{dbname} // 'postgres'),
	  defined $options{user} ? "user=$options{user}" : ();
}

# write_config(FILE, { name => value }): readable by nobody else.
sub write_config
{
	my ($file, $config, $equals) = @_;
	my $mask = umask 077;
	open my $out, '>', $file or die "cannot write $file: $!";
	print $out map { $_ . ($equals // q( = )) . "$config->{$_}\n" } sort keys %$config;
	close $out or die "cannot write $file: $!";
	umask $mask;
	return;
}

# A test of the bridge is skipped where it is not built (make tapcheck in a tree without it). Who names one has to have it.
sub import
{
	my ($class, @names) = @_;
	plan skip_all => 'NO BRIDGE HERE: ' . bridge_program() . ' is not built (make -C debezium/bridge)' if !-x bridge_program() && !defined $ENV{OMS_BRIDGE};
	$class->export_to_level(1, $class, @names);
	return;
}

# bridge_start(name => NAME, config => { name => value }, args => [ ... ], env => { ... }): start it and do not wait.
# The same NAME again writes the same file and appends to the same log.  It serves HTTP on a free port, unless config says where.
sub bridge_start
{
	my (%options) = @_;
	my $name = $options{name} // 'bridge' . ++$started;
	my $dir = $options{dir} // ($home //= PostgreSQL::Test::Utils::tempdir_short());
	my $file = "$dir/$name.conf";
	my $log = "$PostgreSQL::Test::Utils::log_path/oms_bridge_$name.log";

	my %config = ('http.listen' => '127.0.0.1:' . OmsProcess::free_port(), %{ $options{config} // {} });
	die 'there is no ' . bridge_program() . ": make -C debezium/bridge\n" if !-x bridge_program();
	write_config($file, \%config);
	my $self = OmsBridge->spawn($log, $options{env} // {}, bridge_program(), '--config', $file, @{ $options{args} // [] });
	@$self{qw(name file config)} = ($name, $file, \%config);
	return $self;
}

# Read the configuration again, changed by these pairs (undef removes).
sub reload
{
	my ($self, %changes) = @_;
	foreach my $name (keys %changes)
	{
		if (defined $changes{$name}) { $self->{config}{$name} = $changes{$name}; }
		else { delete $self->{config}{$name}; }
	}
	write_config($self->{file}, $self->{config});
	return $self->signal('HUP');
}

# The body of a page of the bridge's own HTTP port ('/metrics', '/healthz'), and its status in list context.
sub http
{
	my ($self, $page) = @_;
	my $answer = HTTP::Tiny->new(timeout => 5)->get("http://$self->{config}{'http.listen'}$page");
	return wantarray ? ($answer->{content}, $answer->{status}) : $answer->{content};
}

# metric('oms_bridge_events_total', table => 'order_events'): its value, undef when it is not there.
sub metric
{
	my ($self, $name, %labels) = @_;
	LINE: foreach my $line (split /\n/, scalar $self->http('/metrics'))
	{
		next unless $line =~ /^\Q$name\E(?:\{(.*)\})?\s+(\S+)/;
		my ($found, $value) = ($1 // '', $2);
		foreach my $label (keys %labels) { next LINE unless $found =~ /\b\Q$label\E="\Q$labels{$label}\E"/; }
		return $value;
	}
	return undef;
}

1;
