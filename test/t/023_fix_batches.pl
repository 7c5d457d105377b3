# FIX messages, one by one and again in batches: what comes of them is the same. Every recorded session, path and case of test/data/payloads, as it was said and disturbed
# (repeated, swapped, damaged), and random messages about a few orders and quotes, most of which name what the others have made. Compared are the answers, all events and
# names, what was refused and kept, and halts.
# Broken by: what a message names and is looked up before those in front of it are handled; a repeat that does not see what its call has not written yet; what a
# refused message, or one in parts, leaves behind for the next one; a message that cannot be read and costs the others.

use strict;
use warnings;

use List::Util qw(shuffle);
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(time);

use OmsPayloads;
use OmsTest;

my $SEED = first_seed();
my $SECONDS = $ENV{OMS_SECONDS} // rounds(20, 600);
my $node = oms_node('fix_batches', conf => "fsync = off\n");
my $dbh = oms_dbh($node);

sub one_of { return $_[ int rand @_ ]; }
sub perhaps { my ($p, @fields) = @_; return rand() < $p ? @fields : (); }
sub message
{
	my (@fields) = @_;
	my $body = join '', map { "$_\001" } @fields;
	my $text = "8=FIX.4.4\0019=" . length($body) . "\001$body";
	return $text . sprintf "10=%03d\001", unpack('%32C*', $text) % 256;
}

# --- what is sent ------------------------------------------------------------------------------

# Of a recorded part, its messages: those that name ids which the store made stand for others then.
sub recorded
{
	my ($stream) = @_;
	my @parts;

	foreach my $input (inputs_of($stream))
	{
		my ($what, $text) = @$input;
		push @parts, [] if $what eq 'part';
		push @{ $parts[-1] }, $text if @parts && $what =~ /^oms_(try_)?fix$/ && $text !~ /<<|[^\x01-\x7f]/;
	}
	return grep { @$_ } @parts;
}

my @ORDERS = qw(a b c);
my @flags = ('43=Y', '97=Y');
sub symbol { return (perhaps(0.95, '55=X'), perhaps(0.05, '55=Y')); }
sub head { my ($type, $client) = @_; return ("35=$type", $client ? ('49=C', '56=B') : ('49=B', '56=C'), perhaps(0.15, one_of(@flags))); }
sub of_order { my ($o) = @_; return ("11=" . one_of($o, $o, "${o}2", 'NONE'), perhaps(0.4, '41=' . one_of($o, "${o}2")), perhaps(0.6, "37=B$o")); }
sub dealt { my ($q) = @_; return (perhaps(0.8, "131=r$q"), "117=" . one_of("q$q", "p$q"), symbol()); }
sub levels { return (perhaps(0.8, '132=' . one_of(9, 10)), '133=' . one_of(11, 12), '134=100', '135=100', '62=20990101-00:00:00'); }
my @make = (
	(sub { my $o = one_of(@ORDERS); return (head('D', 1), "11=$o", symbol(), '54=1', '38=' . one_of(100, 200), '40=2', '44=10', '60=20260302-10:00:00', perhaps(0.1, '526=' . one_of(@ORDERS))); }) x 2,
	(sub { my $o = one_of(@ORDERS); return (head('8', 0), of_order($o), '17=e' . int rand 9, '150=F', '39=' . one_of(1, 1, 2, 4), symbol(), '54=1', '32=' . one_of(10, 20, 60), '31=' . one_of(9, 10, 11),
		'14=' . one_of(10, 30, 100), '151=' . one_of(0, 50), '6=10', perhaps(0.1, '198=s')); }) x 4,
	sub { my $o = one_of(@ORDERS); return (head('8', 0), of_order($o), '17=e' . int rand 9, '150=F', '39=1', symbol(), '54=1', '14=30', '151=50', '6=10', '1362=2', '1363=u', '1364=10', '1365=5', '1363=v', '1364=' . one_of(10, 'x'), '1365=6'); },
	sub { my $o = one_of(@ORDERS); return (head('8', 0), of_order($o), '17=k' . int rand 5, '19=e' . int rand 9, '150=' . one_of('G', 'H'), '39=1', symbol(), '54=1', '32=' . one_of(0, 5, 15), '31=10', '14=0', '151=100', '6=0'); },
	(sub { my $o = one_of(@ORDERS); return (head('8', 0), of_order($o), '17=n' . int rand 9, '150=' . one_of(qw(0 0 3 4 5 6 7 8 9 C D E I)), '39=' . one_of(0, 1, 4, 8), symbol(), '54=1', perhaps(0.5, '38=' . one_of(80, 150)), '151=100', '14=0', '6=0'); }) x 2,
	sub { my $o = one_of(@ORDERS); return (head(one_of('F', 'G'), 1), '11=' . one_of("${o}2", "${o}3"), '41=' . one_of($o, "${o}2"), symbol(), '54=1', '38=' . one_of(50, 150), '40=2', '44=10', '60=20260302-10:00:01'); },
	sub { my $o = one_of(@ORDERS); return (head('9', 0), "37=B$o", "11=${o}2", "41=$o", '39=0', '434=' . one_of(1, 2)); },
	sub { my $o = one_of(@ORDERS); return (head('H', 1), "11=$o", '55=X', '54=1'); },
	sub { my $q = one_of(1, 2); return (head('R', 1), "131=r$q", '146=' . one_of(1, 2), '55=X', '54=1', '38=50', perhaps(0.5, '55=Y', '54=1', '38=50')); },
	sub { my $q = one_of(1, 2); return (head('S', 0), dealt($q), levels()); },
	sub { my $q = one_of(1, 2); return (head('i', 0), perhaps(0.5, "131=r$q"), "117=m$q", '296=1', '302=s', '367=20990101-00:00:00', '304=2', '295=2', '299=x', '55=X', '132=9', '133=11', '299=y', '55=Y', '132=9', '133=' . one_of(11, 'z')); },
	sub { my $q = one_of(1, 2); return (head('AJ', 1), "693=j$q", dealt($q), '694=' . one_of(1, 1, 2, 6), '54=1', '38=50', "11=h$q", '60=20260302-10:00:02', '44=11'); },
	sub { my $q = one_of(1, 2); return (head('AI', 0), dealt($q), '297=' . one_of(0, 5, 7)); },
	sub { my $q = one_of(1, 2); return (head('Z', one_of(0, 1)), "131=r$q", "117=q$q", '298=' . one_of(1, 4, 5)); },
	sub { my $q = one_of(1, 2); return (head('AG', 0), "131=r$q", '658=1', '146=1', '55=X'); },
	sub { return (head('f', 0), '55=' . one_of('X', 'Y'), '326=' . one_of(2, 3), '60=20260302-10:00:0' . int rand 5); },
	sub { return ('35=0', '49=C', '56=B'); },
);

sub random_messages { my $n = 5 + int rand 40; return map { message(one_of(@make)->()) } 1 .. $n; }

sub disturbed
{
	my (@messages) = @_;
	foreach (1 .. int rand 5)
	{
		my ($from, $to) = (int rand @messages, int rand @messages);
		my ($one) = rand() < 0.5 ? $messages[$from] : splice @messages, $from, 1;
		splice @messages, $to, 0, rand() < 0.1 ? substr($one, 0, length($one) / 2) : $one if defined $one;
		push @messages, $one if !@messages;
	}
	return @messages;
}

# --- what comes of it --------------------------------------------------------------------------

my $ANSWER = q(concat_ws(' ', r ->> 'status', r ->> 'reason', r -> 'error' ->> 'sqlstate', r -> 'error' ->> 'message', r -> 'error' ->> 'detail', r -> 'results'));
my @WRITTEN = (
	q(SELECT concat_ws(' ', event_type, aggregate_id, version, root_id, tree_version, command_id, transition, payload - 'occurredAt' - 'sequence') FROM oms.all_events ORDER BY sequence),
	q(SELECT concat_ws(' ', 'name', t.fix_session, t.cl_ord_id, e.n) FROM oms.cl_ord_ids AS t JOIN (SELECT aggregate_id, min(sequence) AS n FROM oms.order_events GROUP BY 1) AS e ON e.aggregate_id = t.order_id ORDER BY e.n, 1),
	q(SELECT concat_ws(' ', 'refused', command, sqlstate, message, detail) FROM oms.rejected_commands ORDER BY id),
	q(SELECT concat_ws(' ', 'halt', to_jsonb(h)) FROM oms.trading_halts AS h ORDER BY name),
);

# Made ids and sequences are told by their order; an instant of the server's clock, wherever it stands, is one of the days of this run.
my $begun = strftime('%Y-%m-%d', gmtime);
sub plain
{
	my (%made, %numbered);
	my $days = join '|', $begun, strftime('%Y-%m-%d', gmtime);
	return map { s/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/$made{$&} \/\/= 'made ' . keys %made/ger
		=~ s/"(?:\w+At|deskSince|hash|token|since|until|\w+_at)": "[^"]*"(?:, )?//gr =~ s/"sequence": (\d+)/'"sequence": ' . ($numbered{$1} \/\/= keys %numbered)/ger =~ s/^(name .*) (\d+)$/$1/r =~ s/(?:$days)T[\d:.]+Z/now/gr } @_;
}

sub outcome
{
	my ($send) = @_;
	my @answers;
	my @written;

	$dbh->begin_work;
	@answers = $send->();
	@written = map { @{ $dbh->selectcol_arrayref($_) } } @WRITTEN;
	push @written, map { join ' ', 'verify', map { $_ // '' } @$_ } @{ $dbh->selectall_arrayref('SELECT * FROM oms.verify() LIMIT 5') } if rand() < 0.1;
	$dbh->rollback;
	return [ plain(@answers, @written) ];
}

sub singly { my (@messages) = @_; return map { my $m = $_; $dbh->selectrow_array("SELECT $ANSWER FROM oms_try_fix(?::text) AS r", undef, $m) } @messages; }

sub in_batches
{
	my (@messages) = @_;
	my $most = one_of(3, 10, 1000);
	my $type = one_of('text', 'bytea');
	my @answers;

	while (my @batch = splice @messages, 0, 1 + int rand $most)
	{
		push @answers, @{ $dbh->selectcol_arrayref("SELECT $ANSWER FROM oms_fix_many(" . ($type eq 'text' ? '?::text[]' : q(ARRAY(SELECT convert_to(m, 'UTF8') FROM unnest(?::text[]) WITH ORDINALITY AS x (m, n) ORDER BY n))) .
			') WITH ORDINALITY AS x (r, n) ORDER BY n', undef, \@batch) };
	}
	return @answers;
}

sub differs
{
	my (@messages) = @_;
	my $one = outcome(sub { singly(@messages) });
	my $other = outcome(sub { in_batches(@messages) });
	my ($n) = grep { ($one->[$_] // '') ne ($other->[$_] // '') } 0 .. ($#$one > $#$other ? $#$one : $#$other);

	return !defined $n ? '' : "at $n\n" . ($one->[$n] // '-') . "\nin batches:\n" . ($other->[$n] // '-') . "\n" . join "\n", map { tr/\001/|/r } @messages;
}

# --- the run -----------------------------------------------------------------------------------

note("seed $SEED, $SECONDS s");
srand $SEED;
# several of a part are about orders of their own, whose names begin with its number
my @parts = map { recorded($_) } qw(session matrices cases regress);
cmp_ok(scalar @parts, '>', 100, 'recorded parts');
my $differ = differs(@{ $parts[0] });
is($differ, '', 'the recorded session');
my ($rounds, $played) = (0, 0);
my @left = shuffle(@parts);
for (my $end = time + $SECONDS; ($rounds <= 10 || goes_on($end, $rounds, 150)) && $differ eq ''; $rounds++)
{
	my @messages = $rounds % 2 && @left ? @{ pop @left } : random_messages();
	$played += $rounds % 2;
	@messages = disturbed(@messages) if rand() < 0.5;
	$differ = differs(@messages);
}
is($differ, '', "OMS_SEED=$SEED: what is sent in batches comes out as when it is sent one by one");
cmp_ok($rounds, '>', 10, 'and that was tried often');
note("$rounds rounds, $played recorded parts");

# Atomic: the first refusal raises, says which message it was, and nothing is applied.
my @good = map { message('35=D', '49=C', '56=B', "11=at$_", '55=X', '54=1', '38=10', '40=1', '60=20260302-10:00:00') } 1 .. 3;
my $state = eval { $dbh->do('SELECT oms_fix_many(?::text[], true)', undef, [ @good[ 0, 1 ], 'junk', $good[2] ]); 1 } ? '-' : join ' ', $dbh->state, $dbh->errstr =~ /CONTEXT:  (.*)/;
is($state, 'OM009 FIX message 3 of 4', 'an atomic call is refused as a whole, and says for which');
is($dbh->selectrow_array(q(SELECT count(*) FROM oms.orders WHERE cl_ord_id LIKE 'at%')), 0, 'nothing of it is there');
is($dbh->selectrow_array('SELECT count(*) FROM oms_fix_many(?::text[], true)', undef, \@good), 3, 'one without a refusal is applied');
is($dbh->selectrow_array(q(SELECT count(*) FROM oms.orders WHERE cl_ord_id LIKE 'at%')), 3, 'all of it');

$dbh->disconnect;
$node->stop;
done_testing();
