# test/lib/OmsGateway.pm: oms_gateway under test: a process, and clients of it that see every byte.
#
#   my $gateway = gateway_start($node, auth => 'login', 'pool.size' => 4);     # settings as on its command line
#   my $answer = $gateway->call(POST => '/commands/orders', { commandType => ... }, 'Idempotency-Key' => 'c1');
#   $answer->{status}, ->{headers}{'command-id'}, ->{content}, ->{json}
#   gateway_start($node, config => { 'body.max' => '2MB' });    # these in a file, which $gateway->reload('body.max' => '3MB') changes
#   $gateway->admin('/readyz'), $gateway->metric('oms_gateway_requests_total', status => 200)
#   my $client = $gateway->client;       # keeps its connection; also ->client('/path/of/a/socket')
#   $client->call(...), $client->write(BYTES), $client->answer
#
# OMS_GATEWAY names another program, for instance one built with sanitizers.

package OmsGateway;

use strict;
use warnings;

use Cwd ();
use File::Basename qw(dirname);
use HTTP::Tiny;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

use parent qw(OmsProcess Exporter);

our @EXPORT = qw(gateway_program gateway_start gateway_dsn);

my $TREE = Cwd::abs_path(dirname(__FILE__) . '/../..');
my $started = 0;

sub gateway_program { return $ENV{OMS_GATEWAY} // "$TREE/gateway/oms_gateway"; }

# A test of the gateway is skipped where it is not built. Who names one has to have it.
sub import
{
	my ($class, @names) = @_;
	plan skip_all => 'NO GATEWAY HERE: ' . gateway_program() . ' is not built (make -C gateway)' if !-x gateway_program() && !defined $ENV{OMS_GATEWAY};
	$class->export_to_level(1, $class, @names);
	return;
}

# A libpq connection string for a node of PostgreSQL::Test::Cluster.
sub gateway_dsn
{
	my ($node, %options) = @_;
	return join ' ', 'host=' . ($options{host} // $node->host), 'port=' . ($options{port} // $node->port), 'dbname=' . ($options{dbname} // 'postgres'),
	  defined $options{user} ? "user=$options{user}" : ();
}

# gateway_start(NODE, setting => value, ...): started, and it listens. The node may be left out where there is a dsn.
# The same name again appends to the same log. It shows itself on a free port, unless admin.listen says where.
sub gateway_start
{
	my ($node, %settings) = @_;
	my $name = delete $settings{name} // 'gateway' . ++$started;
	my $log = "$PostgreSQL::Test::Utils::log_path/oms_gateway_$name.log";
	my $config = delete $settings{config};
	my %all = (listen => '127.0.0.1:' . OmsProcess::free_port(), 'admin.listen' => '127.0.0.1:' . OmsProcess::free_port(), defined $node ? (dsn => gateway_dsn($node)) : (), %settings);
	my $file;

	if ($config) { $file = PostgreSQL::Test::Utils::tempdir_short() . "/$name.conf"; write_config($file, $config); }
	my $self = OmsGateway->spawn($log, {}, gateway_program(), (defined $file ? ('--config', $file) : ()), map { "--$_=$all{$_}" } sort keys %all);

	@$self{qw(name settings file config)} = ($name, \%all, $file, $config);
	($self->{address}) = grep { !/^unix:/ } split /,/, $all{listen};
	($self->{socket}) = map { s/^unix://r } grep { /^unix:/ } split /,/, $all{listen};
	OmsProcess::wait_for(sub { (!$self->{address} || $self->connects) && (!$self->{socket} || defined IO::Socket::UNIX->new(Peer => $self->{socket})) }, 60, 'the gateway to listen') // die "the gateway does not listen:\n" . $self->log;
	return $self;
}

# Readable by nobody else.
sub write_config
{
	my ($file, $config) = @_;
	my $mask = umask 077;
	open my $out, '>', $file or die "cannot write $file: $!";
	print $out map { "$_ = $config->{$_}\n" } sort keys %$config;
	close $out or die "cannot write $file: $!";
	umask $mask;
	return;
}

# Read the file again, changed by these pairs; returns when it was read, well or not.
sub reload
{
	my ($self, %changes) = @_;
	my $before = length $self->log;
	$self->{config}{$_} = $changes{$_} foreach keys %changes;
	write_config($self->{file}, $self->{config});
	$self->signal('HUP');
	OmsProcess::wait_for(sub { substr($self->log, $before) =~ /configuration read again|configuration file/ }, 60, 'a reload');
	return substr $self->log, $before;
}

# A page of the admin address: its body, and in list context its status too.
sub admin
{
	my ($self, $page) = @_;
	my $answer = HTTP::Tiny->new(timeout => 60)->get("http://$self->{settings}{'admin.listen'}$page");
	return wantarray ? ($answer->{content}, $answer->{status}) : $answer->{content};
}

# metric('oms_gateway_requests_total', status => 200): the sum of all that have these labels, undef when there is none.
sub metric
{
	my ($self, $name, %labels) = @_;
	my $sum;
	LINE: foreach my $line (split /\n/, scalar $self->admin('/metrics'))
	{
		next unless $line =~ /^\Q$name\E(?:\{(.*)\})?\s+(\S+)/;
		my ($found, $value) = ($1 // '', $2);
		foreach my $label (keys %labels) { next LINE unless $found =~ /\b\Q$label\E="\Q$labels{$label}\E"/; }
		$sum += $value;
	}
	return $sum;
}

sub connects { my ($self) = @_; return defined IO::Socket::INET->new(PeerAddr => $self->{address}); }
sub client { my ($self, $path) = @_; return OmsGateway::Client->new($path // $self->{address}); }

# One request on a connection of its own.
sub call
{
	my ($self, @request) = @_;
	return $self->client->call(@request);
}

package OmsGateway::Client;

use strict;
use warnings;

use IO::Select;
use Time::HiRes qw(time);

sub new
{
	my ($class, $address) = @_;
	my $socket = $address =~ m{^/} ? IO::Socket::UNIX->new(Peer => $address) : IO::Socket::INET->new(PeerAddr => $address);

	return bless { address => $address, socket => $socket, read => '', seconds => 60 }, $class;
}

sub write
{
	my ($self, $bytes) = @_;
	local $SIG{PIPE} = 'IGNORE';
	my $at = 0;

	while ($at < length $bytes)
	{
		my $written = defined $self->{socket} ? syswrite $self->{socket}, $bytes, length($bytes) - $at, $at : undef;
		return 0 if !defined $written;
		$at += $written;
	}
	return 1;
}

# More bytes; false at the end of the connection, and when none came in time.
sub more
{
	my ($self) = @_;
	return 0 if !defined $self->{socket} || !IO::Select->new($self->{socket})->can_read($self->{seconds});
	return sysread $self->{socket}, $self->{read}, 65536, length $self->{read};
}

# All that comes until the connection ends.
sub rest { my ($self) = @_; 1 while $self->more; return delete $self->{read}; }

sub closed { my ($self) = @_; return !$self->more; }

# The next answer; undef when the connection ended before it was whole.
sub answer
{
	my ($self, $method) = @_;
	while ($self->{read} !~ /\r\n\r\n/) { $self->more or return undef; }
	$self->{read} =~ s/^(.*?)\r\n\r\n//s;
	my ($first, @lines) = split /\r\n/, $1;
	return $self->answer($method) if $first =~ m{^HTTP/1\.1 100};
	my %answer = (status => $first =~ m{^HTTP/1\.[01] (\d+)} ? $1 : 0, content => '', headers => {});
	foreach my $line (@lines) { $answer{headers}{ lc $1 } = $2 if $line =~ /^([^:]+):\s*(.*)$/; }

	if (($method // '') eq 'HEAD' || $answer{status} == 204 || $answer{status} == 304) { }
	elsif (($answer{headers}{'transfer-encoding'} // '') eq 'chunked')
	{
		while (1)
		{
			while (index($self->{read}, "\r\n") < 0) { $self->more or return undef; }
			my ($size) = $self->{read} =~ /^([0-9a-fA-F]+)\r\n/ or return undef;
			my ($len, $head) = (hex $size, length($size) + 2);
			while (length $self->{read} < $head + $len + 2) { $self->more or return undef; }
			$answer{content} .= substr $self->{read}, $head, $len;
			substr $self->{read}, 0, $head + $len + 2, '';
			last if $len == 0;
		}
	}
	else
	{
		my $len = $answer{headers}{'content-length'} // 0;
		while (length $self->{read} < $len) { $self->more or return undef; }
		$answer{content} = substr $self->{read}, 0, $len, '';
	}
	$answer{json} = eval { JSON::PP->new->utf8->decode($answer{content}) } if ($answer{headers}{'content-type'} // '') =~ m{[/+]json$};
	return \%answer;
}

# call(METHOD, PATH, BODY, header => value, ...): a hash or array as JSON, a text as it is, undef: none. An answer of status 0 where the
# connection ended.
sub call
{
	my ($self, $method, $path, $body, %headers) = @_;
	my $content = ref $body ? JSON::PP->new->utf8->canonical->encode($body) : $body;
	my %all = (Host => 'localhost', defined $content ? ('Content-Type' => 'application/json', 'Content-Length' => length $content) : (), %headers);

	$self->write("$method $path HTTP/1.1\r\n" . join('', map { "$_: $all{$_}\r\n" } sort grep { defined $all{$_} } keys %all) . "\r\n" . ($content // ''))
	  or return { status => 0, headers => {}, content => '' };
	return $self->answer($method) // { status => 0, headers => {}, content => '' };
}

1;
