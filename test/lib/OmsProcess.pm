# test/lib/OmsProcess.pm: a program that a test starts, kills, pauses and watches: the broker, Kafka Connect, the bridge.
#
# It dies with the test, however that ends (the kernel sends the signal), and its output is in a file.

package OmsProcess;

use strict;
use warnings;

use Exporter 'import';
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(wait_for free_port);

# wait_for(CODE, SECONDS, NAME): what CODE returned as soon as it is true, or undef and a diagnosis.
# A CODE that dies is asked again.
sub wait_for
{
	my ($code, $seconds, $name) = @_;
	my $deadline = time + $seconds;
	my $error = '';

	while (1)
	{
		my $result = eval { $code->() };
		return $result if $result;
		$error = $@ ? ", last error: $@" : '';
		last if time >= $deadline;
		sleep 0.05;
	}
	Test::More::diag(sprintf 'waited %d s in vain for %s%s', $seconds, $name // 'something', $error) if Test::More->can('diag');
	return undef;
}

# A loopback port that nobody listens on.
sub free_port
{
	require IO::Socket::INET;
	my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die "no free port: $!";
	return $socket->sockport;
}

# OmsProcess->spawn(LOG, { variable => value }, COMMAND, ...): start it; output is appended to LOG.
sub spawn
{
	my ($class, $log, $env, @command) = @_;
	my $pid = fork // die "cannot fork: $!";

	if (!$pid)
	{
		$ENV{$_} = $env->{$_} foreach keys %$env;
		open STDIN, '<', '/dev/null' or POSIX::_exit(126);
		open STDOUT, '>>', $log or POSIX::_exit(126);
		open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
		exec 'setpriv', '--pdeathsig', 'KILL', '--', @command or POSIX::_exit(127);
	}
	return bless { pid => $pid, log => $log }, $class;
}

sub pid { my ($self) = @_; return $self->{pid}; }
sub signal { my ($self, $signal) = @_; return $self->running && kill $signal, $self->{pid}; }
sub pause { my ($self) = @_; return $self->{paused} = $self->signal('STOP'); }
sub resume { my ($self) = @_; delete $self->{paused}; return $self->signal('CONT'); }

# Looks, and remembers how it ended.
sub running
{
	my ($self) = @_;
	return 0 if defined $self->{status};
	if (waitpid($self->{pid}, POSIX::WNOHANG()) == $self->{pid}) { $self->{status} = $?; return 0; }
	return 1;
}

# wait_exit(SECONDS): the exit status (128 + n after signal n), or undef when it still runs: then its last words are told.
sub wait_exit
{
	my ($self, $seconds) = @_;
	my $deadline = time + ($seconds // 60);

	while ($self->running)
	{
		if (time >= $deadline) { $self->say_late($seconds // 60); return undef; }
		sleep 0.02;
	}
	return $self->exit_status;
}

# Why it may not have ended: what it said last, and what each of its threads does.
sub say_late
{
	my ($self, $seconds) = @_;
	my @lines = split /^/, $self->log;
	my @threads = map { my $task = $_; join ' ', map { my $word = slurp("$task/$_") =~ s/\s+\z//r; "$_ $word" } qw(comm wchan syscall) } glob "/proc/$self->{pid}/task/*";
	my ($state, $tracer) = map { $self->proc('status', qr/^$_:\s+(.*)/m) } qw(State TracerPid);

	Test::More::diag(sprintf "%d has not ended within %d s: state %s, traced by %s\n%s\nits log ends:\n%s", $self->{pid}, $seconds, $state, $tracer,
		join("\n", @threads), join '', @lines[ (@lines > 20 ? -20 : 0) .. -1 ]) if Test::More->can('diag');
	return;
}

sub slurp
{
	my ($name) = @_;
	open my $file, '<', $name or return '';
	local $/;
	return <$file> // '';
}

sub exit_status
{
	my ($self) = @_;
	return undef if !defined $self->{status};
	return $self->{status} & 127 ? 128 + ($self->{status} & 127) : $self->{status} >> 8;
}

# TERM and wait; kill -9 after SECONDS.  Returns the exit status, undef when it took the kill.
# CONT wakes one that is paused, and nobody else: it takes away a SIGSTOP that is on its way, and LeakSanitizer, which stops a program at its
# exit by one, waits for it for ever.
sub stop
{
	my ($self, $seconds) = @_;
	return $self->exit_status if !$self->running;
	kill 'TERM', $self->{pid};
	$self->resume if $self->{paused};
	my $status = $self->wait_exit($seconds);
	$self->kill9 if !defined $status;
	return $status;
}

sub kill9
{
	my ($self) = @_;
	return if !$self->running;
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	$self->{status} = $?;
	return;
}

# All output so far, also of former lives that wrote into the same file.
sub log { my ($self) = @_; return slurp($self->{log}); }

# Resident memory in kB: now, or the highest so far.
sub memory { my ($self, $peak) = @_; return $self->proc('status', $peak ? qr/^VmHWM:\s+(\d+)/m : qr/^VmRSS:\s+(\d+)/m); }

# CPU seconds, user and system.
sub cpu
{
	my ($self) = @_;
	open my $file, '<', "/proc/$self->{pid}/stat" or return 0;
	my @fields = split ' ', <$file> =~ s/^.*\) //r;
	return ($fields[11] + $fields[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

sub proc
{
	my ($self, $name, $pattern) = @_;
	return slurp("/proc/$self->{pid}/$name") =~ $pattern ? $1 : 0;
}

1;
