# What a wire does to a session: duplicates, delays, swaps, cut and replayed tails, whole logs fed twice; and which of
# these must leave no trace.  See the head of test/t/021_wires.pl for the definition and its reasons.

package OmsWire;

use strict;
use warnings;

use Exporter 'import';

use FixMessage;

our @EXPORT_OK = qw(commute may_pass disturb render as_step);

# --- which neighbours may change places -----------------------------------------------------------

# A report of these kinds carries a quantity that was done.
my %FILL = map { $_ => 1 } qw(fill);
my %ALWAYS = map { $_ => 1 } qw(look);

# A fill, or its change, that names the request: before it, it implies nothing.
sub names
{
	my ($request, $report) = @_;
	return defined $report->{cl} && $report->{cl} eq $request->{cl};
}

# Pairs (earlier, later) of one order that may come in the other order and leave the same end state.  A sub says when.
my %COMMUTE = (
	ask => { (map { $_ => sub { !names(@_) } } qw(fill bust correct)), map { $_ => 1 } qw(accept pending refuse replaced end done state) },
	accept => { map { $_ => 1 } qw(fill bust correct pending refuse replaced end ask) },
	fill => { (map { $_ => 1 } qw(fill accept pending refuse done bust correct ask replaced)),
		end => sub { !$_[0]{grants} } },
	# an end that is a fill may need the quantity which they free
	(map { $_ => { (map { $_ => 1 } qw(accept pending refuse done ask)), end => sub { !defined $_[1]{fill} } } } qw(bust correct)),
	pending => { map { $_ => 1 } qw(fill bust correct accept refuse replaced end done state pending ask) },
	refuse => { map { $_ => 1 } qw(fill bust correct accept refuse replaced end done state pending ask) },
	# a fill that names the request which this report grants implies it
	replaced => { (map { $_ => 1 } qw(accept pending refuse ask)),
		replaced => sub { my ($first, $next) = @_; defined $next->{orig} && defined $first->{cl} && $next->{orig} eq $first->{cl} },
		fill => sub { my ($replaced, $fill) = @_; defined $fill->{cl} && $fill->{cl} eq $replaced->{cl} } },
	end => { map { $_ => 1 } qw(fill bust correct accept pending refuse) },
	done => { map { $_ => 1 } qw(fill bust correct pending refuse) },
	state => { map { $_ => 1 } qw(pending refuse) },
);

# May `later` come before `earlier`, of which it is the next, without a trace?
sub commute
{
	my ($earlier, $later) = @_;

	return 1 if $earlier->{order} != $later->{order};
	return 0 if $earlier->{guarded} || grep { $_->{kind} =~ /^(order|stray)$/ } $earlier, $later;
	return 1 if $ALWAYS{ $earlier->{kind} } || $ALWAYS{ $later->{kind} };
	my $may = ($COMMUTE{ $earlier->{kind} } // {})->{ $later->{kind} };
	return ref $may ? $may->($earlier, $later) : $may ? 1 : 0;
}

# The weak law asks less: only what nobody could tell apart stays in its place.
sub may_pass
{
	my ($earlier, $later) = @_;

	return 1 if $earlier->{order} != $later->{order};
	return 0 if grep { $_->{kind} =~ /^(order|stray|split|guarantee)$/ } $earlier, $later;
	return 0 if $earlier->{from} eq 'C' && $later->{from} eq 'C';
	return 1;
}

# --- disturbing a log ------------------------------------------------------------------------------

sub position { my ($key, @log) = @_; my ($at) = grep { $log[$_]{key} eq $key && !$log[$_]{copy} } 0 .. $#log; return $at; }
sub copy { my ($message, %more) = @_; return { %$message, copy => 1, %more }; }

# Reports that are known by their ExecID and content without any flag.
sub known_unflagged { my ($message) = @_; return defined $message->{fill} || $message->{kind} =~ /^(bust|split)$/; }

# Move a message later, past up to `by` others that it may pass.
sub later
{
	my ($op, $may, @log) = @_;
	my $at = position($op->{key}, @log);

	return @log unless defined $at;
	for (1 .. $op->{by})
	{
		last if $at == $#log || !$may->(@log[ $at, $at + 1 ]);
		@log[ $at, $at + 1 ] = @log[ $at + 1, $at ];
		$at++;
	}
	# lost, and sent again when it was missed
	$log[$at] = { %{ $log[$at] }, flag => $op->{flag} } if $op->{flag};
	return @log;
}

# Send a message again, `by` messages after it; one that only a flag makes known comes at once without it.
sub again
{
	my ($op, $may, @log) = @_;
	my $at = position($op->{key}, @log);

	return @log unless defined $at;
	my $by = $op->{flag} || known_unflagged($log[$at]) ? $op->{by} : 0;
	my $to = $at + 1 + $by > @log ? scalar @log : $at + 1 + $by;
	splice @log, $to, 0, copy($log[$at], flag => $op->{flag});
	return @log;
}

# The line breaks after the share `at` of the log, and the last `by` messages before it are sent again.
sub replay
{
	my ($op, $may, @log) = @_;
	my $at = int($op->{at} * @log);
	my $from = $at - $op->{by} > 0 ? $at - $op->{by} : 0;

	splice @log, $at, 0, map { copy($_, flag => $op->{flag}) } @log[ $from .. $at - 1 ];
	return @log;
}

sub twice { my ($op, $may, @log) = @_; return (@log, map { copy($_, flag => $op->{flag} || $_->{flag}) } @log); }

# Neighbours change places where they may: the one at the share `at`, or all pairs from `from` on.
sub swap
{
	my ($op, $may, @log) = @_;
	my @at = defined $op->{at} ? int($op->{at} * $#log) : ();

	@at = grep { $_ % 2 == $op->{from} } 0 .. $#log - 1 if !@at;
	foreach my $at (@at)
	{
		@log[ $at, $at + 1 ] = @log[ $at + 1, $at ] if $may->(@log[ $at, $at + 1 ]);
	}
	return @log;
}

my %OP = (swap => \&swap, later => \&later, again => \&again, replay => \&replay, twice => \&twice);

# disturb(OPS, MAY, LOG): the log as it arrives; MAY is \&commute or \&may_pass.
sub disturb
{
	my ($ops, $may, @log) = @_;

	my %guarded = map { $_->{order} => 1 } grep { $_->{kind} eq 'guarantee' } @log;

	@log = map { { %$_, guarded => $guarded{ $_->{order} } } } @log;
	@log = $OP{ $_->{op} }->($_, $may, @log) foreach @$ops;
	my %seen;
	$_ = { %$_, repeat => $seen{ $_->{key} }++ ? 1 : 0 } foreach @log;
	return @log;
}

# --- writing it down -------------------------------------------------------------------------------

sub header
{
	my ($message) = @_;
	my $flag = $message->{flag} // '';

	return $flag eq '43' ? (43 => 'Y', 122 => $message->{time}) : $flag eq '97' ? (97 => 'Y') : ();
}

# render(RUN, MESSAGE): the text; each link of each run has CompIDs of its own.
sub render
{
	my ($run, $message) = @_;
	my @parties = ("BUY$run-$message->{link}", "SELL$run-$message->{link}");

	@parties = reverse @parties if $message->{from} eq 'B';
	return fix_message(version => $message->{dialect}{version}, separator => $message->{dialect}{separator},
		type => $message->{type}, sender => $parties[0], target => $parties[1], time => $message->{time},
		header => [ header($message) ], fields => [ @{ $message->{fields} } ]);
}

# A step of a case as the project's case files have it: [type, fields, header, version].
sub as_step
{
	my ($message) = @_;
	my @pairs = @{ $message->{fields} };
	my @header = header($message);
	my @fields;
	my $version = $message->{dialect}{version};

	while (my ($tag, $value) = splice @pairs, 0, 2) { push @fields, "$tag=$value" if defined $value; }
	my $flags = @header ? "$header[0]=$header[1]" : '';
	return [ $message->{type}, join('|', @fields), $version =~ /^FIX.5/ ? ("1128=9" . ($flags ? "|$flags" : ''), 'FIXT.1.1')
		: $version ne 'FIX.4.4' ? ($flags, $version) : $flags ? $flags : () ];
}

1;
