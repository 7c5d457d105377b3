# test/lib/OmsWireProxy.pm: stands between a client and a server's socket, and cuts connections where a test says so.
#
#   my $proxy = OmsWireProxy->new($node->host . '/.s.PGSQL.' . $node->port);
#   gateway_start(undef, dsn => 'host=127.0.0.1 port=' . $proxy->port . ' ...');
#   $proxy->cut(answer => 'ACCEPTED');       the next time the server says that, nobody hears it: the connection is cut, once
#   $proxy->cut(question => 'text');         the same of what the client says, which the server does not hear
#   $proxy->cut_and_refuse(answer => ...);   and from then on new connections are closed at once, and so are those that are there
#   $proxy->take;                            no longer
#   $proxy->cuts                             how often it cut

package OmsWireProxy;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();

# Orders come through files of a folder, which both processes see.
sub new
{
	my ($class, $server) = @_;
	my $listen = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1', LocalPort => 0) or die "cannot listen: $!";
	my $self = bless { port => $listen->sockport, folder => PostgreSQL::Test::Utils::tempdir_short(), server => $server, owner => $$ }, $class;

	$self->{pid} = fork // die "cannot fork: $!";
	if (!$self->{pid})
	{
		$SIG{TERM} = sub { POSIX::_exit(0) };
		$self->serve($listen);
		POSIX::_exit(0);
	}
	return $self;
}

sub port { my ($self) = @_; return $self->{port}; }

sub put
{
	my ($self, $name, $text) = @_;
	open my $file, '>', "$self->{folder}/$name.new" or die "cannot write: $!";
	print $file $text;
	close $file;
	rename "$self->{folder}/$name.new", "$self->{folder}/$name" or die "cannot rename: $!";
	return;
}

sub get
{
	my ($self, $name) = @_;
	open my $file, '<', "$self->{folder}/$name" or return '';
	local $/;
	return <$file> // '';
}

sub cut { my ($self, $which, $text) = @_; $self->put($which, $text); return; }
sub waits { my ($self, $which) = @_; return -e "$self->{folder}/$which"; }
sub cuts { my ($self) = @_; return length $self->get('cuts'); }

sub cut_and_refuse { my ($self, $which, $text) = @_; $self->put('after', 1); $self->cut($which, $text); return; }
sub take { my ($self) = @_; unlink "$self->{folder}/refuse"; return; }

sub stop { my ($self) = @_; kill 'TERM', $self->{pid}; waitpid $self->{pid}, 0; return; }
sub DESTROY { my ($self) = @_; local $?; $self->stop if $$ == $self->{owner} && $self->{pid}; return; }

# Whether this is where it is to be cut.
sub is_cut
{
	my ($self, $which, $bytes) = @_;
	my $text = -e "$self->{folder}/$which" ? $self->get($which) : '';
	return 0 if $text eq '' || index($bytes, $text) < 0;
	unlink "$self->{folder}/$which";
	$self->put('cuts', $self->get('cuts') . 'x');
	rename "$self->{folder}/after", "$self->{folder}/refuse";
	return 1;
}

sub serve
{
	my ($self, $listen) = @_;
	my $select = IO::Select->new($listen);
	my %other;
	my %from_server;
	my $end = sub {
		foreach my $socket (grep { defined } $_[0], delete $other{ $_[0] }) { $select->remove($socket); delete $other{$socket}; close $socket; }
	};

	while (getppid() == $self->{owner})
	{
		my $refuses = $self->waits('refuse');
		if ($refuses) { $end->($_) foreach grep { $_ != $listen } $select->handles; }
		foreach my $socket ($select->can_read(0.02))
		{
			$refuses = $self->waits('refuse');
			if ($socket == $listen)
			{
				my $client = $listen->accept or next;
				my $server = $refuses ? undef : IO::Socket::UNIX->new(Peer => $self->{server});
				if (!$server) { close $client; next; }
				@other{ $client, $server } = ($server, $client);
				$from_server{$server} = 1;
				delete $from_server{$client};
				$select->add($client, $server);
				next;
			}
			next if !defined $other{$socket};
			my $len = sysread $socket, my $bytes, 1 << 20;
			if (!$len || $self->is_cut($from_server{$socket} ? 'answer' : 'question', $bytes)) { $end->($socket); next; }
			my $at = 0;
			while ($at < $len) { $at += syswrite($other{$socket}, $bytes, $len - $at, $at) // last; }
		}
	}
	return;
}

1;
