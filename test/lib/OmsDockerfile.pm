# A Dockerfile as the tests see it: its stages, and the steps of each. Only what ours uses; anything else is an error.
package OmsDockerfile;

use strict;
use warnings;

sub new
{
	my ($class, $file) = @_;
	open my $in, '<', $file or die "cannot read $file: $!";
	my $text = do { local $/; <$in> };
	my @stages;
	$text =~ s/^#.*\n//mg;
	$text =~ s/\\\n//g;
	foreach my $line (grep { /\S/ } split /\n/, $text)
	{
		my ($word, $said) = $line =~ /^([A-Z]+)\s+(.*?)\s*$/ or die "$file: not an instruction: $line";
		if ($word eq 'FROM')
		{
			my ($image, $name) = $said =~ /^(\S+) AS (\w+)$/ or die "$file: a stage without a name: $line";
			push @stages, { image => $image, name => $name, steps => [] };
		}
		elsif ($word eq 'ARG' && !@stages)
		{
			# what a stage is made from
		}
		elsif (@stages)
		{
			push @{ $stages[-1]{steps} }, [ $word, $said ];
		}
		else
		{
			die "$file: $word before any stage";
		}
	}
	return bless { stages => \@stages }, $class;
}

sub stages
{
	my ($self) = @_;
	return @{ $self->{stages} };
}

1;
