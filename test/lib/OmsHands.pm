# What people do with fills on the desk, as OmsPools keeps them: fills that are typed, and what a venue tells of them later.

package OmsHands;

use strict;
use warnings;

use parent 'OmsPools';

use List::Util qw(any);

# Two fills of one order that may be one: typed and told
sub alike { my ($one, $other) = @_; return $one->{last} == $other->{last} && $one->{px} == $other->{px}; }

sub counterparts
{
	my ($self, $order, $like, $typed) = @_;
	return grep { !!$_->{typed} eq !!$typed && alike($_, $like) } map { $self->own($order, $_) } qw(LIVE REVIEW);
}

sub of_command { my ($command) = @_; return { last => OmsBlocks::qty($command->{lastQty}), px => OmsBlocks::qty($command->{lastPx}) }; }

sub refuse_CreateManualExecution
{
	my ($self, $command, $order, $must, $may) = @_;
	return $must->{OM003}{''} = 1 if !$order;
	$must->{OM007}{''} = 1 if $self->{executions}{ $command->{executionId} };
	$must->{OM001}{''} = 1 if !defined $command->{reason};
	$must->{OM005}{possible_duplicate} = 1 if !$command->{confirm} && $self->counterparts($order, of_command($command), 0);
	return;
}

sub refuse_superseding
{
	my ($self, $command, $execution, $must) = @_;
	my $typed = $self->{executions}{ $command->{supersedes} };

	if (!$typed) { $must->{OM003}{''} = 1; }
	elsif ($typed->{status} ne 'LIVE' || !$typed->{typed} || $typed->{order} ne $execution->{order}) { $must->{OM005}{not_manual} = 1; }
	return;
}

sub apply_CreateManualExecution
{
	my ($self, $command, $order) = @_;
	$self->add_execution($command->{executionId}, $order, $command, ($self->booking($command))[0], typed => 1);
	return;
}

# The electronic fill takes the typed one's place, with all that was allocated of it.
sub supersede
{
	my ($self, $execution, $id) = @_;
	my $typed = $self->{executions}{$id};

	@$typed{qw(status superseded_by)} = ('BUSTED', $execution->{id});
	@$execution{qw(status at booked)} = ('LIVE', @$typed{qw(at booked)});
	$self->follow($typed, $execution);
	return;
}

1;
