# Recorded streams of commands (test/data/payloads) give the answers, events and rows that are stored beside them, byte for byte.
# Broken by: whatever changes an event's payload, its order, version, tree version, transition or account, an answer, a refusal's
# words, a row. Masked are only the server's clock, made ids, sequences, tokens, hashes and xid (test/lib/OmsPayloads.pm).
#
# If this test fails, events changed: everybody who reads them will see it. A change that shall not be seen is wrong. One that shall
# be: say it in CHANGELOG.md, under what readers of events must know, and store the new text with OMS_ACCEPT=1, after reading the
# whole of the difference (both texts are kept where the test says). The streams themselves are never made anew: the same bytes are
# played before and after, whatever becomes of the tests that they were recorded from. OMS_STREAM=name plays only that one.

use strict;
use warnings;

use File::Path qw(make_path);
use PostgreSQL::Test::Utils;
use Test::More;

use OmsPayloads;
use OmsTest;

my $node = oms_node('payloads', conf => "log_statement = none\n");
my $folder = "$PostgreSQL::Test::Utils::tmp_check/payloads";
my $databases = 0;

# A text as of one day: at midnight it is played again.
sub played
{
	my ($stream) = @_;
	my ($text, $verified);

	foreach my $again (0, 1)
	{
		my $database = 'payloads_' . ++$databases;
		$node->safe_psql('postgres', "CREATE DATABASE $database ENCODING 'UTF8' TEMPLATE template0");
		$node->safe_psql($database, 'CREATE EXTENSION oms_state');
		my $dbh = oms_dbh($node, dbname => $database, user => 'player');
		# the name of the client is a column of refusals, as of events
		$dbh->do(q(SET application_name = ''));
		$dbh->do(q(SET timezone = 'UTC'));
		my $day = today($dbh);
		$text = play($dbh, inputs_of($stream));
		$verified = join "\n", map { join ' | ', map { $_ // 'null' } @$_ } @{ $dbh->selectall_arrayref('SELECT * FROM oms.verify() LIMIT 5') };
		last if today($dbh) eq $day;
	}
	return ($text, $verified);
}

sub keep
{
	my ($name, $text) = @_;
	make_path($folder);
	open my $out, '>:raw', "$folder/$name" or die "cannot write $folder/$name: $!";
	print $out $text;
	close $out or die "cannot write $folder/$name: $!";
	return;
}

# What was sent as the n-th call of a part
sub input
{
	my ($stream, $part, $step) = @_;
	my ($name, $number) = ('', 0);

	foreach my $input (inputs_of($stream))
	{
		my ($what, @arguments) = @$input;
		($name, $number) = ($arguments[0], 0) if $what eq 'part';
		next if $what eq 'part' || $what eq 'sql' || $name ne $part || ++$number < $step;
		return "$what: " . substr join(', ', map { $_ // 'null' } @arguments), 0, 1500;
	}
	return 'nothing';
}

# The first difference, with what was sent, and in how many parts there are some.
sub show_difference
{
	my ($stream, $stored, $got) = @_;
	my @texts = map { my %part; my @names; foreach (split /^(?=== )/m, $_) { my ($name) = /^== (.*)/; push @names, $name; $part{$name} = $_; } [ \%part, @names ] } $stored, $got;
	my ($old, @names) = @{ $texts[0] };
	my $new = $texts[1][0];
	my @differ = grep { ($new->{$_} // '') ne $old->{$_} } @names;

	diag(@differ . ' of ' . @names . " parts of the stream $stream differ; diff $folder/$stream.stored $folder/$stream.got");
	return if !@differ;
	my @old = split /\n/, $old->{ $differ[0] };
	my @new = split /\n/, $new->{ $differ[0] } // '';
	my $at = 0;
	$at++ while $at < @old && $at < @new && $old[$at] eq $new[$at];
	my ($step) = map { /^  (\d+) / } reverse @new[ 0 .. ($at < @new ? $at : $#new) ];
	my $lines = sub { my ($sign, @lines) = @_; return map { "$sign " . substr($_, 0, 2500) . "\n" } grep { defined } @lines; };
	diag("part \"$differ[0]\", call ", $step // 0, ', ', input($stream, $differ[0], $step // 1), "\n",
		$lines->(' ', @new[ ($at > 3 ? $at - 3 : 0) .. $at - 1 ]), $lines->('-', @old[ $at .. $at + 3 ]), $lines->('+', @new[ $at .. $at + 3 ]));
	return;
}

$node->safe_psql('postgres', 'CREATE ROLE player SUPERUSER LOGIN; CREATE ROLE checker SUPERUSER LOGIN');
my @streams = grep { ($ENV{OMS_STREAM} // $_) eq $_ } streams();
cmp_ok(scalar @streams, '>=', $ENV{OMS_STREAM} ? 1 : 8, 'the streams are there');
foreach my $stream (@streams)
{
	my $stored = stored($stream) // '';
	my ($got, $verified) = played($stream);

	is($verified, '', "$stream: every invariant holds");
	next if ok($got eq $stored, "$stream: answers, events and rows are as stored");
	keep("$stream.stored", $stored);
	keep("$stream.got", $got);
	keep("$stream.out.gz", packed($got));
	show_difference($stream, $stored, $got);
}

$node->stop;
done_testing();
