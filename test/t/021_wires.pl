# What the wire does must not show.  Sessions of a small broker (test/lib/OmsBroker.pm, written from FIX 4.4 volume 4), and
# every recorded log, are given to the store as they were said and as wires deliver them: duplicated, lost and sent again,
# delayed, swapped, cut and replayed, fed twice (test/lib/OmsWire.pm).
#
# The clean law.  After an undisturbed session the store agrees with the broker's own figures of every order, flags nothing,
# and has nothing in review.
#
# Repeats.  A message under PossDupFlag or PossResend that came before, and a fill, correction, bust or split also without
# them, is answered as a repeat and changes no row, whatever came between; one that waits in review is decided anew.  A Cancel
# Reject (9), which has no ExecID, likewise where a flag says that it may be a repeat.  Another report without a flag may be
# applied again; at once after itself it leaves the same state.  D, F and G without a flag are refused, but for a request under
# the order's own ClOrdID.
#
# The strong law.  The same end state as the clean session, for every order of arrival that FIX allows.  One session of FIX
# is in order; what swaps are two legs (a drop copy beside the order's own session, two gateways, a request and a report that
# cross on the wire), and what was lost and is sent again.  Messages about different orders never depend on each other.  Of
# one order, these may come in either order (OmsWire::commute):
#   - fills among each other, and beside everything but Stopped, Suspended, Restated and Done for Day of a good-till order
#     (whose meaning is their place among the fills) and a split (nothing in a report says whether it is stated before it);
#     beside a Replaced: a fill of the version before it, and a fill under the ClOrdID that it grants;
#   - a correction or bust beside its own fill, beside acceptances, pending reports, cancel rejects and ends; not beside other
#     fills, corrections and replacements that need the quantity which it frees;
#   - a pending report or cancel reject beside everything: also beside the answer to the same request;
#   - an acceptance beside everything but Suspended and Stopped;
#   - a request of the client beside every report, also its pending report and its answer, but for a fill that names it;
#   - Canceled, Expired, Rejected, Done for Day of a day order beside fills, corrections, busts and pending reports;
#   - a Replaced beside the one that follows it, and names it as OrigClOrdID; restatements, ends and the like keep their order
#     among each other: the last word is what holds.
# An order with a guarantee of FIX 4.2, which looks like a fill, keeps the order of its messages: the report before it tells it.
#
# The weak law, for any other order of arrival, as long as the order itself comes first: no fact is refused; each reported
# fill has one execution that counts or waits, and of a chain of corrections one counts at most; an executed quantity or value
# that differs from the clean session's is flagged, or something waits in review.  Left in their place are a split, and the
# guarantee of FIX 4.2 that looks like a fill: nobody could tell it from one without the fills before it.
#
# The law of figures, for a whole log fed twice without a flag: executed quantity, value and what waits in review stay.
# Conditions and terms may not: what a Done for Day, a Stopped or a Replaced said may hold again, because the fill which ended
# the condition is a repeat now, or the split which came after the terms.
#
# Always: no report is refused, and oms.verify() is empty.  Broken by: an ExecID that is not looked at; a resent report that
# is applied again; a request that is dropped or kept for a partial answer; a late report that overrules a newer one.
#
# make test always begins with the same seed, make soak with a new one. OMS_SEED=n repeats the sessions; OMS_SECONDS is the length; OMS_LAWS the laws that are tried on each (none: the clean one).  A fault is shrunk and printed as a case: { case, why, steps:
# [[MsgType, fields, header, version]], orders: { ClOrdID: { column: value } } }.

use strict;
use warnings;

use List::Util qw(shuffle);
use Storable qw(dclone);
use Test::More;
use Time::HiRes qw(time);

use OmsBroker;
use OmsRecorded;
use OmsTest;
use OmsWire qw(commute may_pass disturb render as_step);

my $SEED = first_seed();
my $SECONDS = $ENV{OMS_SECONDS} // rounds(20, 900);
my @LAWS = split ' ', $ENV{OMS_LAWS} // 'strong strong strong weak figures';
my $MOST_FAULTS = 8;
my @DIALECTS = sort keys %OmsBroker::DIALECT;
my $node = oms_node('wires');
my $dbh = oms_dbh($node);
my $runs = 0;
my $verify = 0;	# after every log; it costs as much as the log

# --- giving a log to the store -----------------------------------------------------------------

$dbh->do($_) foreach split /^;;\n/m, <<'SQL';
CREATE FUNCTION pg_temp.versions() RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', (SELECT concat(count(*), '/', sum(version)) FROM oms.orders),
		(SELECT concat(count(*), '/', sum(version)) FROM oms.executions)) $$
;;
-- Each message in turn; what came of it, and of a repeat whether it changed anything.
CREATE FUNCTION pg_temp.wire(messages text[], repeats boolean[])
RETURNS TABLE (code text, said text, status text, duplicate boolean, waits boolean, moved boolean)
LANGUAGE plpgsql AS $$
DECLARE
	before text;
	result jsonb;
BEGIN
	FOR i IN 1 .. cardinality(messages) LOOP
		before := CASE WHEN repeats[i] THEN pg_temp.versions() END;
		code := NULL; said := NULL; status := NULL; duplicate := NULL; waits := NULL;
		BEGIN
			result := oms_fix(messages[i]);
			status := result->>'status';
			duplicate := coalesce((result->'results'->0->>'duplicate')::boolean, false);
			waits := result->'results'->0->'state'->>'status' = 'REVIEW';
			said := result->>'reason';
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
		END;
		moved := repeats[i] AND pg_temp.versions() <> before;
		RETURN NEXT;
	END LOOP;
END $$
SQL

my @COLUMNS = qw(status order_qty executed_quantity leaves_quantity executed_value avg_px price cl_ord_id side account review_quantity);
my @FIGURES = qw(executed_quantity executed_value review_quantity);
# an order is told by its symbol and its first ClOrdID
my $ORDERS = q(SELECT concat_ws(' ', symbol, (SELECT min(cl_ord_id COLLATE "C") FROM oms.cl_ord_ids c WHERE c.order_id = o.id)) AS name,
	symbol, coalesce(array_to_string(flags, ' '), '') AS flags, )
  . join(', ', map { /qty|quant|value|px|price/ ? "trim_scale($_)::text AS $_" : $_ } @COLUMNS)
  . ', executed_quantity = 0 OR abs(avg_px - executed_value / executed_quantity) < 0.000000001 AS average FROM oms.orders o';
my $EXECUTIONS = q(SELECT exec_id, counterparty_order_id AS oid, status, coalesce(array_to_string(flags, ' '), '') AS flags,
	review_reasons::text AS reasons FROM oms.executions ORDER BY id);

# Give a log to an empty store, look, and forget it.
sub feed
{
	my (@log) = @_;
	my $run = ++$runs;
	my %seen;

	$dbh->begin_work;
	$seen{answers} = $dbh->selectall_arrayref('SELECT * FROM pg_temp.wire($1, $2)', { Slice => {} },
		[ map { render($run, $_) } @log ], [ map { $_->{repeat} ? 't' : 'f' } @log ]);
	$seen{orders} = $dbh->selectall_hashref($ORDERS, 'name');
	$seen{executions} = $dbh->selectall_arrayref($EXECUTIONS, { Slice => {} });
	$seen{verify} = $verify || $run % 4 == 0 ?
	  $dbh->selectcol_arrayref("SELECT concat_ws(' ', invariant, object, id, detail) FROM oms.verify()") : [];
	$dbh->rollback;
	$seen{refused} = { map { ($log[$_]{key} => $seen{answers}[$_]{code} // $seen{answers}[$_]{status}) }
		  grep { ($seen{answers}[$_]{status} // '') ne 'ACCEPTED' } 0 .. $#log };
	return \%seen;
}

sub told { my ($message) = @_; return join '|', @{ as_step($message) }; }
sub shown { my ($value) = @_; return $value // 'null'; }

# --- the laws: each returns what is wrong, or undef -----------------------------------------------

# Facts are taken, repeats change nothing, the books balance.  What the clean session had refused may be again.
sub always
{
	my ($seen, $clean, $law, @log) = @_;
	my %waits;	# what is told again while it waits is decided anew

	foreach my $i (0 .. $#log)
	{
		my ($message, $answer) = ($log[$i], $seen->{answers}[$i]);
		my $about = told($message);
		my $report = $message->{type} =~ /[89]/;
		my $refused = defined $answer->{code} ? "$answer->{code} $answer->{said}" : undef;
		my $anew = $waits{ $message->{key} };

		$waits{ $message->{key} } = $answer->{waits};
		next if $message->{kind} eq 'stray' || $clean->{refused}{ $message->{key} };
		if (!$message->{repeat})
		{
			return "$refused: $about" if defined $refused && ($report || $law ne 'weak');
			return "ignored, $answer->{said}: $about" if shown($answer->{status}) eq 'IGNORED' && $law ne 'weak';
			next;
		}
		my $flagged = $message->{flag} || $message->{type} eq 'H';
		if (!$flagged && !$report)
		{
			# a request under the order's own ClOrdID may be made again
			my %field = @{ $message->{fields} };
			return "taken again: $about" if !defined $refused && $field{11} ne ($field{41} // '');
			next;
		}
		return "$refused: $about" if defined $refused && ($report || $flagged) && $law ne 'weak';
		next if $anew || (!$flagged && $report && !OmsWire::known_unflagged($message));
		return "a repeat changed rows: $about" if $answer->{moved};
		return "not known as a repeat: $about" if !defined $refused && !$answer->{duplicate} && $message->{type} =~ /[8DFG]/;
	}
	return @{ $seen->{verify} } ? "oms.verify(): $seen->{verify}[0]" : undef;
}

sub differs
{
	my ($name, $row, $wanted, $whose, @columns) = @_;

	return "no order $name" if !$row;
	foreach my $column (@columns)
	{
		return "$name has $column " . shown($row->{$column}) . ", the $whose " . shown($wanted->{$column})
		  if shown($row->{$column}) ne shown($wanted->{$column});
	}
	return undef;
}

# The store agrees with the broker, and has nothing to say.
sub clean_law
{
	my ($broker, $seen) = @_;
	my %row = map { $_->{symbol} => $_ } values %{ $seen->{orders} };

	foreach my $o (@{ $broker->{orders} })
	{
		my ($row, $wanted) = ($row{ $o->{symbol} }, OmsBroker::figures($o));
		my $wrong = differs($o->{symbol}, $row, $wanted, 'broker', sort keys %$wanted);
		return $wrong if $wrong;
		return "$o->{symbol} has avg_px $row->{avg_px} for $row->{executed_value} / $row->{executed_quantity}" if !$row->{average};
		return "$o->{symbol} is flagged $row->{flags}" if $row->{flags} ne ($o->{late} ? 'LATE_FILL' : '');
	}
	foreach my $e (@{ $seen->{executions} })
	{
		return "execution $e->{exec_id} waits for $e->{reasons}" if $e->{status} eq 'REVIEW';
		return "execution $e->{exec_id} is flagged $e->{flags}" if $e->{flags} !~ /^(LATE_FILL)?$/;
	}
	return keys %{ $seen->{orders} } == @{ $broker->{orders} } ? undef : 'more orders than were sent';
}

sub same_law
{
	my ($clean, $seen, @columns) = @_;

	foreach my $name (sort keys %{ $clean->{orders} })
	{
		my $wrong = differs($name, $seen->{orders}{$name}, $clean->{orders}{$name}, 'clean session', @columns);
		return $wrong if $wrong;
	}
	return undef;
}

# Nothing is lost, nothing counts twice, and what differs can be seen.
sub weak_law
{
	my ($clean, $seen, @log) = @_;
	my (%rows, %counting);

	push @{ $rows{ shown($_->{oid}) . " $_->{exec_id}" } }, $_ foreach grep { defined $_->{exec_id} } @{ $seen->{executions} };
	foreach my $message (grep { defined $_->{fill} && !$_->{repeat} } @log)
	{
		my %field = @{ $message->{fields} };
		my $key = "$field{37} $message->{exec}";
		my @found = @{ $rows{$key} // [] };
		# a correction of what was taken back meanwhile is only kept
		return "$key is lost" if !@found && $message->{kind} ne 'correct';
		return "$key stands twice" if 1 < grep { $_->{status} =~ /VALIDATED|ALLOCATED|REVIEW/ } @found;
		$counting{ $message->{order} }{ $message->{chain} }++ if grep { $_->{status} =~ /VALIDATED|ALLOCATED/ } @found;
		return "more than one of the chain of $key counts" if ($counting{ $message->{order} }{ $message->{chain} } // 0) > 1;
	}
	return undef if grep { $_->{status} eq 'REVIEW' || $_->{flags} ne '' } @{ $seen->{executions} };
	foreach my $name (sort keys %{ $clean->{orders} })
	{
		my ($row, $wanted) = ($seen->{orders}{$name}, $clean->{orders}{$name});
		next if $row && $row->{flags} ne '';
		my $wrong = differs($name, $row, $wanted, 'clean session', qw(executed_quantity executed_value));
		return "$wrong, and nothing says so" if $wrong;
	}
	return undef;
}

# --- experiments -----------------------------------------------------------------------------------

# A log, disturbed.  Returns what is wrong, and the log as it arrived.
sub disturbed
{
	my ($law, $clean, $ops, @log) = @_;
	my @wire = disturb($ops, $law eq 'weak' ? \&may_pass : \&commute, @log);
	my $seen = feed(@wire);
	my $wrong = always($seen, $clean, $law, @wire);

	$wrong //= same_law($clean, $seen, $law =~ /strong|again/ ? @COLUMNS : @FIGURES) if $law ne 'weak';
	$wrong //= weak_law($clean, $seen, @wire);
	return ($wrong, @wire);
}

# A session of these actions, without ops by the clean law, else by the law of the try.
sub experiment
{
	my ($try) = @_;
	my $broker = OmsBroker->play($try->{dialect}, $try->{options}, @{ $try->{actions} });
	my @log = disturb([], \&commute, @{ $broker->{log} });
	my $clean = $try->{clean} // feed(@log);
	my ($wrong, @wire);

	if (@{ $try->{ops} })
	{
		($wrong, @wire) = disturbed($try->{law}, $clean, $try->{ops}, @log);
		return ($wrong, $broker, $clean, @wire);
	}
	$wrong = always($clean, {}, 'clean', @log) // clean_law($broker, $clean);
	return ($wrong, $broker, $clean, @log);
}

# The same kind of wrong: numbers, ids and messages do not matter.
sub kind { my ($wrong) = @_; return ($wrong // '') =~ s/: \w+\|.*//r =~ s/"[^"]*"/""/gr =~ s/\b[A-Z]*\d[\d.]*/0/gr; }

# The shortest session and the fewest disturbances that still go wrong in this way.
sub shrunk
{
	my ($try, $wrong) = @_;
	my %best = %{ dclone({ %$try, clean => undef }) };
	my $until = time() + 20;
	my $less = 1;

	while ($less)
	{
		$less = 0;
		foreach my $part ('actions', 'ops')
		{
			for (my $i = $#{ $best{$part} }; $i >= 0 && time() < $until; $i--)
			{
				my %next = (%best, $part => [ @{ $best{$part} }[ grep { $_ != $i } 0 .. $#{ $best{$part} } ] ]);
				next if !@{ $next{ops} } != !@{ $try->{ops} } || kind((experiment(\%next))[0]) ne kind($wrong);
				%best = %next;
				$less = 1;
			}
		}
	}
	return \%best;
}

sub as_case
{
	my ($why, $broker, $clean, @log) = @_;
	my %row = map { $_->{symbol} => $_ } values %{ $clean->{orders} };
	my %orders;

	foreach my $o (@{ $broker->{orders} })
	{
		my %wanted = %{ $row{ $o->{symbol} } // {} };
		%wanted = (%wanted, %{ OmsBroker::figures($o) }) if $why !~ /clean session/;
		$orders{ $o->{cl} // $o->{oid} } = { map { $_ => $wanted{$_} } grep { exists $wanted{$_} } @COLUMNS };
	}
	return json()->encode({ case => 'wires', why => $why, steps => [ map { as_step($_) } @log ], orders => \%orders });
}

my %faults;

sub report_fault
{
	my ($name, $try, $wrong) = @_;

	return if $faults{ kind($wrong) }++;
	fail($name);
	$verify = $wrong =~ /verify/;
	my $least = shrunk($try, $wrong);
	my @found = experiment($least);
	diag($found[0] // "not seen again: $wrong");
	diag(as_case(@found)) if $found[0];
	diag(join ', ', map { "$_->{do} $_->{order}" } @{ $least->{actions} });
	diag(json()->encode($least->{ops}));
	$verify = 0;
}

# What happens to a session on its way: a few things of one sort.
sub random_ops
{
	my ($law, @log) = @_;
	my $sort = rand();
	my $one = sub { $log[ rand @log ]{key} };
	my $replay = { op => 'replay', flag => '43', at => rand(), by => 1 + int(rand(8)) };
	my @ops;

	return { op => 'twice', flag => '' } if $law =~ /figures|again/;
	return { op => 'twice', flag => rand() < 0.7 ? '43' : '97' } if $sort < 0.1;
	return $replay if $sort < 0.2;
	@ops = map { { op => 'later', key => $one->(), by => 1 + int(rand(6)), flag => rand() < 0.3 ? '43' : '' } } 0 .. rand(4) if $sort > 0.35;
	push @ops, map { { op => 'again', key => $one->(), by => int(rand(10)), flag => ('', '43', '97')[ rand 3 ] } } 0 .. rand(4) if $sort < 0.7;
	push @ops, $replay if rand() < 0.1;
	return @ops;
}

sub one_session
{
	my %options = (links => 1 + int(rand(2)), exec_ids => rand() < 0.3 ? 'order' : 'session');
	my $dialect = $DIALECTS[ rand @DIALECTS ];
	my @actions = OmsBroker->new($dialect, %options)->generate(4 + int(rand(26)));
	my %try = (dialect => $dialect, options => \%options, actions => \@actions, ops => []);
	my ($wrong, $broker, $clean) = experiment(\%try);

	return report_fault("clean, $dialect", \%try, $wrong) if $wrong;
	foreach my $law (@LAWS)
	{
		%try = (%try, law => $law, ops => [ random_ops($law, @{ $broker->{log} }) ], clean => $clean);
		($wrong) = experiment(\%try);
		return report_fault("$law, $dialect", \%try, $wrong) if $wrong;
	}
}

# A recorded log: fed twice, and with neighbours swapped.
sub one_recorded
{
	my ($recorded, @swaps) = @_;
	my @log = disturb([], \&commute, @{ $recorded->{log} });
	my $clean = feed(@log);

	foreach my $try ([ strong => { op => 'twice', flag => '43' } ], [ figures => { op => 'twice', flag => '' } ],
		map { ([ strong => $_ ], [ weak => $_ ]) } @swaps)
	{
		my ($law, @ops) = @$try;
		my ($wrong) = disturbed($law, $clean, \@ops, @log);
		is($wrong, undef, "$recorded->{name}: $law " . json()->encode(\@ops)) if defined $wrong && !$faults{ kind($wrong) }++;
	}
}

# --- the run ---------------------------------------------------------------------------------------

srand($SEED);
my @recorded = shuffle(OmsRecorded::matrices());
my @swaps = map { { op => 'swap', from => $_ } } 0, 1;
my $until = time() + $SECONDS;
my $sessions = 0;
my $paths = 0;

one_recorded(OmsRecorded::session(), @swaps);
while (time() < $until && keys %faults < $MOST_FAULTS)
{
	one_session();
	$sessions++;
	# all of them in a soak, as many as there is time for in a test
	one_recorded($recorded[ $paths++ ], @swaps, map { { op => 'swap', at => rand() } } 1 .. 2) if $paths < @recorded && rand() < 0.5;
}
ok($sessions, "OMS_SEED=$SEED: sessions were played");
note("$sessions sessions, $paths paths of the matrices, $runs logs");
is(keys %faults, 0, 'no law was broken');

$dbh->disconnect;
$node->stop;
done_testing();
