# Four eyes, as OmsDesk keeps fills and allocations: what one person does alone waits for another.  Commands say who gives them (`as`); FEED tells
# what venues have told.
#
# new(fills => 1, allocations => 1): which of the two settings are on.

package OmsEyes;

use strict;
use warnings;

use parent 'OmsDesk';

use List::Util qw(any first);

use constant FEED => 'feed';

sub new { my ($class, %eyes) = @_; my $self = $class->SUPER::new; $self->{eyes} = \%eyes; return $self; }

sub refused { my ($must) = @_; $must->{OM008}{four_eyes} = 1; return; }

# --- fills -----------------------------------------------------------------------------------

# Whoever types has told it himself, a feed too.
sub is_alone { my ($self, $command) = @_; return $self->{eyes}{fills} && ($command->{commandType} eq 'CreateManualExecutionCommand' || $command->{as} ne FEED); }

sub booking
{
	my ($self, $command) = @_;
	my ($status, $reason) = $self->SUPER::booking($command);
	return $status eq 'LIVE' && $self->is_alone($command) ? ('REVIEW', 'FOUR_EYES') : ($status, $reason);
}

sub add_execution
{
	my ($self, $id, $order, $command, $status, %more) = @_;
	return $self->SUPER::add_execution($id, $order, $command, $status, authors => $self->is_alone($command) ? { $command->{as} => 1 } : {}, %more);
}

# A venue's correction of what one person told waits with it.
sub apply_CorrectExecution
{
	my ($self, $command, $order, $state) = @_;
	my $old = $self->newest($command->{executionId});
	$self->SUPER::apply_CorrectExecution($command, $order, $state);
	my $new = $self->{executions}{ $state->{executionId} };
	$new->{authors} = { %{ $old->{authors} } } if $new->{status} eq 'REVIEW' && !($old->{held} && $old->{held} == $new);
	return;
}

# Whoever approves it otherwise than it stands proposes that.
sub changes { my ($execution, $command) = @_; return defined $command->{supersedes} && $command->{supersedes} ne ($execution->{replaces} // ''); }

sub refuse_ApproveExecution
{
	my ($self, $command, $order, $must, $may) = @_;
	my $execution = $self->newest($command->{executionId});
	my $alone = $self->{eyes}{fills};

	return $self->refuse_proposed($execution, $command, $must, $may) if $execution && $execution->{proposal};
	return $self->SUPER::refuse_ApproveExecution($command, $order, $must, $may)
	  if !$execution || $execution->{status} ne 'REVIEW' || $command->{commandType} ne 'ApproveExecutionCommand' || !$alone;
	refused($must) if !changes($execution, $command) && $execution->{authors}{ $command->{as} };
	my $supersedes = $command->{supersedes} // $execution->{replaces};
	$self->SUPER::refuse_ApproveExecution({ %$command, defined $supersedes ? (supersedes => $supersedes) : () }, $order, $must, $may);
	return;
}

sub refuse_RejectExecution
{
	my ($self, $command, $order, $must, $may) = @_;
	my $execution = $self->newest($command->{executionId});
	return if $execution && $execution->{proposal};
	return $self->SUPER::refuse_RejectExecution($command, $order, $must, $may);
}

sub apply_ApproveExecution
{
	my ($self, $command, $order, $state) = @_;
	my $execution = $self->newest($command->{executionId});

	return $self->carry_out_proposal($execution, $state) if $execution->{proposal};
	return $self->SUPER::apply_ApproveExecution($command, $order, $state) if !$self->{eyes}{fills};
	if (changes($execution, $command))
	{
		$execution->{authors}{ $command->{as} } = 1;
		$execution->{replaces} = $command->{supersedes};
		return;
	}
	return $self->SUPER::apply_ApproveExecution({ %$command, defined $execution->{replaces} ? (supersedes => $execution->{replaces}) : () }, $order, $state);
}

sub apply_RejectExecution
{
	my ($self, $command, @more) = @_;
	my $execution = $self->newest($command->{executionId});
	return $execution->{proposal} = undef if $execution->{proposal};
	return $self->SUPER::apply_RejectExecution($command, @more);
}

# What ends takes with it what was proposed for it.
sub follow
{
	my ($self, $old, $new) = @_;
	$old->{proposal} = undef;
	return $self->SUPER::follow($old, $new);
}

# --- allocations -----------------------------------------------------------------------------

sub propose
{
	my ($self, $execution, $command) = @_;
	$execution->{proposal} = {%$command};
	return;
}

# With the oldest of the fills that it would have taken from
sub apply_AllocateExecution
{
	my ($self, $command, @more) = @_;
	return $self->SUPER::apply_AllocateExecution($command, @more) if !$self->{eyes}{allocations} || !$command->{allocations};
	return $self->propose($self->newest($command->{executionId}), $command) if defined $command->{executionId};
	my $block = $self->order($command->{orderId});
	my ($pool) = $self->pools($block);
	return $self->propose((first { OmsBlocks::allocated_of($_) < $_->{qty} } $self->of_pool($block, $pool)), $command);
}

sub apply_DeallocateExecution
{
	my ($self, $command, @more) = @_;
	return $self->propose($self->newest($command->{executionId}), $command) if $self->{eyes}{allocations};
	return $self->SUPER::apply_DeallocateExecution($command, @more);
}

# It is decided as things are by now.
sub refuse_proposed
{
	my ($self, $execution, $command, $must, $may) = @_;
	my $proposal = $execution->{proposal};

	$must->{OM001}{''} = 1 if defined $command->{supersedes};
	return refused($must) if $proposal->{as} eq $command->{as};
	my ($then, $perhaps) = $self->refusals({ %$proposal, $command->{confirm} ? (confirm => 1) : () });
	foreach ([ $then, $must ], [ $perhaps, $may ]) { my ($from, $to) = @$_; $to->{$_} = { %{ $to->{$_} // {} }, %{ $from->{$_} } } foreach keys %$from; }
	return;
}

sub carry_out_proposal
{
	my ($self, $execution, $state) = @_;
	my $command = $execution->{proposal};
	my $effect = 'SUPER::apply_' . $command->{commandType} =~ s/Command$//r;

	$execution->{proposal} = undef;
	$self->$effect($command, $self->order($command->{orderId}), $state);
	return;
}

1;
