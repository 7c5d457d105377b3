# Plays recorded streams of commands (test/data/payloads, whose README says how they are written) and says what came of them, in a
# text that is equal, byte for byte, as long as every answer, every event and every row is.
#
# Left out is only what a clock or chance decides: the server's times (not the business ones), made ids (they become the order in
# which they appear), sequences (likewise), tokens, hashes of events, xid.

package OmsPayloads;

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Encode qw(decode encode);
use Exporter 'import';
use FindBin;
use IO::Compress::Gzip qw(gzip $GzipError);
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use JSON::PP ();

use OmsTest;

our @EXPORT = qw(streams inputs_of stored play packed today);

my $FOLDER = "$FindBin::RealBin/../data/payloads";
my $JSON = JSON::PP->new->allow_nonref;
my $MADE = qr/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;
my $CLOCK = do { my $names = join '|', map { $_, s/_(\w)/\u$1/gr } qw(occurred_at created_at updated_at tree_updated_at recorded_at rejected_at desk_since booked_at quoted_at accepted_at answered_at); qr/"(?:$names)"/ };

my %CALL = (
	oms_command => 'oms_command($1::jsonb)', oms_try_command => 'oms_try_command($1::jsonb)',
	oms_commands => 'oms_commands($1::jsonb, $2::boolean)',
	oms_fix => 'oms_fix($1::text)', oms_try_fix => 'oms_try_fix($1::text)',
	oms_fix_bytes => q(oms_fix(decode($1, 'hex'))), oms_try_fix_bytes => q(oms_try_fix(decode($1, 'hex'))));

my $EVENTS = q(SELECT object || '_events', sequence, aggregate_id, version, root_id, tree_version, event_type, payload->>'occurredAt', actor, role, command_id, transition, account, (payload - 'state')::text, (payload->'state')::text
	FROM oms.all_events WHERE sequence BETWEEN $1 + 1 AND $1 + 1000000 ORDER BY sequence);

# A JSON value, and a member of an object with its comma.
my $STRING = qr/"(?:[^"\\]|\\.)*+"/s;
my $VALUE = qr/(?<value>$STRING|\[(?:(?&value)(?:, )?)*+\]|\{(?:$STRING: (?&value)(?:, )?)*+\}|[^\s,\[\]{}"]++)/s;
my $MEMBER = qr/($STRING): $VALUE(?:, )?/s;

# The rows of a part: what is shown, and which; `$1` are its objects, its commandIds, or the number of the last refusal before it.
my @ROWS = (
	(map { [ $_ => "to_jsonb(t) - 'hash'", 'id = ANY ($1)', 'ids' ] } qw(orders executions quote_requests quotes)),
	[ quote_req_ids => 'to_jsonb(t)', 'quote_request_id = ANY ($1)', 'ids' ], [ dealer_quote_ids => 'to_jsonb(t)', 'quote_id = ANY ($1)', 'ids' ],
	[ root_ids => 'to_jsonb(t)', 'id = ANY ($1)', 'ids' ], [ cl_ord_ids => 'to_jsonb(t)', 'order_id = ANY ($1)', 'ids' ],
	[ counterparty_order_ids => 'to_jsonb(t)', 'order_id = ANY ($1)', 'ids' ], [ matched_exec_ids => 'to_jsonb(t)', 'execution_id = ANY ($1)', 'ids' ], [ commands => 'to_jsonb(t)', 'command_id = ANY ($1)', 'commands' ],
	[ rejected_commands => "to_jsonb(t) - 'id'", 'id > $1', 'refusal' ]);

# --- files -------------------------------------------------------------------------------------

sub unpacked
{
	my ($file) = @_;
	my $text;

	return undef if !-e $file;
	gunzip($file => \$text) or die "cannot read $file: $GunzipError";
	return $text;
}

sub packed
{
	my ($text) = @_;
	gzip(\$text => \my $packed, -Level => 9, -Minimal => 1) or die "cannot pack: $GzipError";
	return $packed;
}

sub streams { return sort map { m{([^/]+)\.in\.gz$} } glob "$FOLDER/*.in.gz"; }
sub stored { my ($stream) = @_; return unpacked("$FOLDER/$stream.out.gz"); }

# [ [ what, arguments … ] … ]
sub inputs_of
{
	my ($stream) = @_;
	my $json = JSON::PP->new->utf8;
	return map { $json->decode($_) } split /\n/, unpacked("$FOLDER/$stream.in.gz");
}

# --- masks -------------------------------------------------------------------------------------

sub new_part
{
	my ($player, $name) = @_;
	@$player{qw(part step made given numbers answers ids commands said states written)} = ($name, 0, {}, {}, {}, [], {}, {}, {}, {}, []);
	note_refusals($player);
	return "== $name";
}

# Those up to here are told.
sub note_refusals
{
	my ($player) = @_;
	$player->{refusal} = $player->{dbh}->selectrow_array('SELECT coalesce(max(id), 0) FROM oms.rejected_commands');
	return;
}

# A text without what the clock and chance decided in it.
sub masked
{
	my ($player, $text) = @_;
	my ($made, $given, $numbers, $day) = @$player{qw(made given numbers day)};

	return 'null' if !defined $text;
	$text =~ s/($CLOCK: )"[^"]*"/$1"<clock>"/g;
	$text =~ s/("sequence": )(\d+)/$1 . '<' . ($numbers->{$2} \/\/ '?') . '>'/ge;
	$text =~ s/("sequences": \[)([^\]]*)/$1 . join ', ', map { '<' . ($numbers->{$_} \/\/ '?') . '>' } split m{, }, $2/ge;
	$text =~ s/"token": "[^"]*"/"token": "<token>"/g;
	$text =~ s/($MADE)/$given->{$1} ? $1 : '<id ' . ($made->{$1} \/\/ ($made->{$1} = 1 + keys %$made)) . '>'/ge;
	$text =~ s/$day \d\d:\d\d:\d\d(?:\.\d+)?\+00|${day}T\d\d:\d\d:\d\d(?:\.\d{6}Z|(?:\.\d+)?\+00:00)/<clock>/g;
	$text =~ s/$day/<today>/g;
	return $text;
}

# --- playing -----------------------------------------------------------------------------------

# "<<n.k>>" in an input is the k-th made id of the n-th answer of its part.
sub with_made_ids
{
	my ($player, $text) = @_;
	return $text =~ s/<<(\d+)\.(\d+)>>/$player->{answers}[$1][ $2 - 1 ] \/\/ "no answer $1.$2"/ger;
}

sub note_answer
{
	my ($player, $text) = @_;
	my %seen;
	$player->{answers}[ $player->{step} ] = [ grep { !$player->{given}{$_} && !$seen{$_}++ } $text =~ /$MADE/g ];
	return;
}

# The members of a JSON object, in its order: ([key, value], …), as they are written.
sub members
{
	my ($object) = @_;
	my ($inner) = $object =~ /^\{(.*)\}$/s or die "no object: $object";
	my @members;

	push @members, [ $1, $2 ] while $inner =~ /\G$MEMBER/gc;
	die "cannot read $object" if (pos($inner) // 0) != length $inner;
	return @members;
}

# An object as what is other than in the one before; keys of JSON have one order, so nothing is lost.
sub difference
{
	my ($before, @now) = @_;
	my %now = map { @$_ } @now;

	return join ', ', (map { "$_->[0]: $_->[1]" } grep { ($before->{ $_->[0] } // '') ne $_->[1] } @now),
	  map { "no $_" } grep { !exists $now{$_} } sort keys %$before;
}

# An event in three lines: its columns; what its payload has besides, and other than the columns; its state, as what is other than
# in the object's last.
sub event
{
	my ($player, $table, $event, $payload, $state, @inputs) = @_;
	my %column = %$event;
	my ($id, $sequence) = @column{qw(aggregateId sequence)};
	my $number = 1 + keys %{ $player->{numbers} };

	$player->{sequence} = $sequence;
	$player->{numbers}{$sequence} = $number;
	$player->{ids}{$id} = 1;
	$player->{commands}{ $column{commandId} } = 1;
	push @{ $player->{written} }, [ $number, $state ];

	my $account = delete $column{account};
	my %said = map { ("\"$_\"" => /version|sequence|transition/i ? $column{$_} : $JSON->encode($column{$_})) } keys %column;
	my @rest = members($payload);
	my @state = members($state);
	foreach my $input (@inputs)
	{
		$_->[1] =~ s/(?<=: )\Q$input\E|^\Q$input\E$/<input>/ foreach grep { $_->[0] eq '"command"' } @rest;
	}
	# the clock's times: an object is of its event's moment
	foreach my $member (grep { $_->[0] =~ /^"(?:created|updated|treeUpdated)At"$/ } @state)
	{
		$member->[1] = $member->[1] eq "\"$column{occurredAt}\"" && ($member->[0] ne '"createdAt"' || $column{version} == 1) ? '<now>' : '<clock>';
	}
	my @lines = (join(' ', "    <$number> $table", map { $_ // '-' } @column{qw(eventType transition aggregateId version rootId treeVersion commandId actor role)}, $account),
		'      ' . difference(\%said, @rest), '      ' . difference($player->{states}{$id} // {}, @state));
	$player->{states}{$id} = { map { @$_ } @state };
	return map { masked($player, $_) } @lines;
}

sub events
{
	my ($player, @inputs) = @_;
	my $events = $player->{dbh}->selectall_arrayref($player->{dbh}->prepare_cached($EVENTS), undef, $player->{sequence});
	my @lines;

	foreach my $event (@$events)
	{
		my ($table, %column, $payload, $state);
		($table, @column{qw(sequence aggregateId version rootId treeVersion eventType occurredAt actor role commandId transition account)}, $payload, $state) = @$event;
		push @lines, event($player, $table, \%column, $payload, $state, @inputs);
	}
	return @lines;
}

# An answer; the states in it that are those of events stand as their numbers.
sub answer
{
	my ($player, $text) = @_;

	foreach my $event (reverse @{ $player->{written} })
	{
		last if $text !~ /"version": /;
		my ($number, $state) = @$event;
		for (my $at = index $text, $state; $at >= 0; $at = index $text, $state, $at)
		{
			substr $text, $at, length $state, "<state of $number>";
		}
	}
	return masked($player, $text);
}

# The commands of an array
sub elements
{
	my ($array) = @_;
	my ($inner, @elements) = $array =~ /^\[(.*)\]$/s or return ();

	push @elements, $1 while $inner =~ /\G$VALUE(?:, )?/gc;
	return @elements;
}

sub call
{
	my ($player, $what, @arguments) = @_;
	my $dbh = $player->{dbh};

	$player->{step}++;
	foreach my $argument (grep { defined } @arguments)
	{
		$player->{given}{$_} = 1 foreach $argument =~ /$MADE/g;
		if ($argument =~ /<<\d+\.\d+>>/)
		{
			# what its content is decided by chance
			$player->{chance}{$_} = 1 foreach $argument =~ /"commandId": ("[^"]*")/g;
			$argument = with_made_ids($player, $argument);
		}
	}
	my @wanted = @arguments[ 0 .. ($what eq 'oms_commands') ];
	my $answers = eval { $dbh->selectcol_arrayref($dbh->prepare_cached("SELECT $CALL{$what}::text"), undef, @wanted) };
	my $error = $answers ? undef : $dbh->state . ' ' . $dbh->errstr =~ s/\n/ | /gr;

	return "  $player->{step} " . masked($player, $error) if $error;
	note_answer($player, join ' ', map { $_ // '' } @$answers);
	# events first: they give the sequences their numbers
	my $one = $wanted[0] // 'null';
	my @events = events($player, $what eq 'oms_commands' ? elements($one) : $what =~ /fix/ ? $JSON->encode($one) : $one);
	return ((map { "  $player->{step} " . answer($player, $_ // 'null') } @$answers), @events);
}

sub sql
{
	my ($player, $sql) = @_;
	my @rows = $sql =~ /^rollback$/i ? eval { rows($player) } : ();

	eval { $player->{dbh}->do($sql); 1 } or return (@rows, "  $sql: " . $player->{dbh}->state);
	return (@rows, "  $sql");
}

# What the tables hold of a part, as far as it was not said before.
sub rows
{
	my ($player) = @_;
	my ($dbh, @lines) = ($player->{dbh});

	foreach my $kind (@ROWS)
	{
		my ($table, $shown, $where, $by) = @$kind;
		my $key = ref $player->{$by} ? [ sort keys %{ $player->{$by} } ] : $player->{$by};
		my $rows = $dbh->selectcol_arrayref("SELECT ($shown)::text FROM oms.$table AS t WHERE $where" . ($by eq 'refusal' ? ' ORDER BY id' : ''), undef, $key);
		# a column that is null may as well not be there
		my @shown = map { masked($player, join ', ', map { "$_->[0]: $_->[1]" } grep { $_->[1] ne 'null' } members($_)) } @$rows;
		@shown = map { (/"id": ("(?:[^"\\]|\\.)*")/)[0] . ' ' . substr sha256_hex(encode('UTF-8', $_)), 0, 12 } @shown if $shown =~ /hash/;
		foreach my $row ($table eq 'commands' ? @shown : ())
		{
			my ($id) = $row =~ /"command_id": ("[^"]*")/;
			$row =~ s/"content_hash": "\K[^"]*/<hash>/ if $player->{chance}{$id};
		}
		push @lines, map { "  $table $_" } $by eq 'refusal' ? @shown : grep { !$player->{said}{"$table $_"}++ } sort @shown;
	}
	note_refusals($player);
	return @lines;
}

sub today { my ($dbh, $ahead) = @_; return $dbh->selectrow_array(q(SELECT ((clock_timestamp() AT TIME ZONE 'UTC')::date + $1::int)::text), undef, $ahead // 0); }

# play(DBH, INPUTS): the whole text. The database is one that nothing else was played in.
sub play
{
	my ($dbh, @inputs) = @_;
	# a quote that does not say until when lives for a minute, also at midnight
	my $player = { dbh => $dbh, sequence => 0, day => '(?:' . join('|', map { today($dbh, $_) } 0, 1) . ')' };
	my @lines;

	foreach my $input (@inputs)
	{
		my ($what, @arguments) = @$input;

		push @lines,
		    $what eq 'part' ? ($player->{part} ? rows($player) : (), new_part($player, @arguments))
		  : $what eq 'sql' ? sql($player, @arguments)
		  : call($player, $what, @arguments);
	}
	push @lines, rows($player);
	return encode('UTF-8', join '', map { "$_\n" } @lines);
}

1;
