# bench/bridge/Figures.pm: numbers of runs, and tables of them as bench/run.pl prints them.
#
# A figure is written as its median, and where it was taken more than once with the lowest and the highest behind it.

package Figures;

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(max min sum);
use POSIX ();

our @EXPORT_OK = qw(median spread ratio percentile verdict table paragraph printed cpu_of peak_memory_of);

sub median {
	my @v = sort { $a <=> $b } @_;
	return @v % 2 ? $v[$#v / 2] : ($v[$#v / 2] + $v[@v / 2]) / 2;
}

sub spread {
	my ($format, @values) = @_;
	return @values > 1 ? sprintf(" ($format–$format)", min(@values), max(@values)) : '';
}

# Of values taken in the same rounds: median of the quotients, and how far they go.
sub ratio {
	my ($above, $below) = @_;
	my @quotients = map { $above->[$_] / $below->[$_] } 0 .. min($#$above, $#$below);
	return { median => median(@quotients), text => sprintf('%.2f', median(@quotients)) . spread('%.2f', @quotients) };
}

# The smallest value that at least so many per cent of them do not exceed.
sub percentile {
	my ($percent, @values) = @_;
	@values = sort { $a <=> $b } @values;
	return $values[max(0, POSIX::ceil($percent / 100 * @values) - 1)];
}

sub verdict { my ($ok) = @_; return $ok ? 'met' : '**missed**' }

# --- what is printed

my @printed;
sub printed { return @printed }

sub paragraph { my $text = join('', @_) . "\n"; print $text; push @printed, $text; return }

sub table {
	my ($head, @rows) = @_;
	paragraph('| ', join(' | ', @$head), ' |');
	paragraph('|', join('|', map { ' --- ' } @$head), '|');
	paragraph('| ', join(' | ', @$_), ' |') for @rows;
	paragraph('');
	return;
}

# --- processes of whomever, by their id

sub proc {
	my ($pid, $name) = @_;
	open(my $file, '<', "/proc/$pid/$name") or return '';
	local $/;
	return <$file> // '';
}

# CPU seconds so far, undef when it is gone.
sub cpu_of {
	my ($pid) = @_;
	my @fields = split ' ', proc($pid, 'stat') =~ s/^.*\) //rs;
	return @fields > 12 ? ($fields[11] + $fields[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK()) : undef;
}

# The most that was resident, in MB.
sub peak_memory_of {
	my ($pid) = @_;
	return proc($pid, 'status') =~ /^VmHWM:\s+(\d+)/m ? $1 / 1024 : 0;
}

1;
