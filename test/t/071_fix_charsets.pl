# FIX messages as bytes, in every encoding that MessageEncoding names and some that it does not, in databases of several encodings.
# Broken by: a message that is refused because of its charset, a text that cannot be read, bytes that cannot be had again, an
# event that is no UTF-8 once it leaves, text in an error that is cut inside a character.

use strict;
use warnings;
use utf8;

use Encode ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

# MessageEncoding, or none and oms_state.fix_encoding; Perl's name; a text in it
my @FEEDS = (
	[ 'UTF-8',       undef,     'UTF-8',      'Zürich 東京 €' ],
	[ 'Shift_JIS',   undef,     'cp932',      '東京ソ表' ],
	[ 'EUC-JP',      undef,     'euc-jp',     '東京' ],
	[ 'ISO-8859-1',  undef,     'iso-8859-1', 'Zürich' ],
	[ 'ISO-8859-15', undef,     'iso-8859-15', 'Zürich €' ],
	[ undef,         'LATIN1',  'iso-8859-1', 'Zürich' ],
	[ undef,         'WIN1252', 'cp1252',     'Zürich €' ],
	[ 'x-unheard',   'KOI8R',   'koi8-r',     'Москва' ],
	[ 'GB18030',     undef,     'gbk',        '上海' ],
	[ 'Big5',        undef,     'big5',       '上海' ],
);
my %DATABASES = (utf8 => 'UTF8', latin1 => 'LATIN1', euc_jp => 'EUC_JP', euc_kr => 'EUC_KR', ascii => 'SQL_ASCII');

# How the manual says to get the bytes of a message again, in any database (doc/fix.md)
my $AGAIN = q(coalesce(decode(c->>'fixMessageBase64', 'base64'),
	convert(convert_to(c->>'fixMessage', 'UTF8'), 'UTF8', coalesce(c->>'fixEncoding', 'UTF8'))));

sub message
{
	my ($type, $encoding, $fields) = @_;
	my $body = "35=$type\00149=C\00156=B\00134=1\00152=20260302-09:30:00\001" . (defined $encoding ? "347=$encoding\001" : '') . $fields;
	my $text = "8=FIX.4.4\0019=" . length($body) . "\001$body";
	my $sum = 0;

	$sum += $_ foreach unpack 'C*', $text;
	return $text . sprintf "10=%03d\001", $sum % 256;
}

my $node = oms_node('charsets', extension => 0);

foreach my $name (sort keys %DATABASES)
{
	my $number = 0;

	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE template0 ENCODING '$DATABASES{$name}' LC_COLLATE 'C' LC_CTYPE 'C'");
	$node->safe_psql($name, 'CREATE EXTENSION oms_state');
	my $dbh = oms_dbh($node, dbname => $name);
	$dbh->{pg_enable_utf8} = 0;
	$dbh->do(q(SELECT count(*) FROM oms.command_reference));

	foreach my $feed (@FEEDS)
	{
		my ($encoding, $setting, $perl, $text) = @$feed;
		my $id = 'c' . ++$number;
		my $word = Encode::encode($perl, $text);
		my $message = message('D', $encoding, "11=$id\00155=VOD\00154=1\00138=100\00140=1\00160=20260302-09:30:00\00158=$word\001354=" . length($word) . "\001355=$word\001");
		my $what = "$name: " . ($encoding // 'nothing') . ' said, ' . ($setting // 'nothing') . ' set';

		$dbh->do('SET oms_state.fix_encoding = ' . ($setting // 'LATIN1'));
		my $call = $dbh->prepare(q(SELECT oms_fix(decode($1, 'hex'))->>'status'));
		$call->execute(unpack 'H*', $message);
		is($call->fetchall_arrayref->[0][0], 'ACCEPTED', "$what: taken");

		my ($again, $kept, $event) = $dbh->selectrow_array(qq(
			SELECT encode($AGAIN, 'hex'), encode(convert_to(o.text, 'UTF8'), 'hex'), encode(convert_to(e.payload::text, 'UTF8'), 'hex')
			  FROM oms.orders AS o JOIN oms.order_events AS e ON e.aggregate_id = o.id, LATERAL (SELECT e.payload->'command' AS c) AS x
			 WHERE o.cl_ord_id = '$id' AND e.version = 1));
		is($again, unpack('H*', $message), "$what: its bytes can be had again");
		my $read = Encode::decode('UTF-8', pack('H*', $kept), Encode::FB_CROAK);
		# what the database has no character for is shown byte by byte
		my $shown = $read eq $text || $read =~ s/\\x([0-9a-f]{2})/pack 'H2', $1/ger ne $read && $read =~ /\\x/;
		ok($shown, "$what: its text is there") or diag(Encode::encode('UTF-8', $read));
		is($read, $text, "$what: and is the same") if $DATABASES{$name} =~ /UTF8|ASCII/;
		ok(eval { Encode::decode('UTF-8', pack('H*', $event), Encode::FB_CROAK); 1 }, "$what: its event leaves as UTF-8");
	}

	# any byte in raw data, in texts, in what is refused; nothing in an error is cut inside a character
	foreach my $byte (0 .. 255)
	{
		next if $byte == 1;
		my ($three, $word) = map { chr($byte) x $_ } 3, 30;
		my $trade = "\001150=F\00139=1\00132=0.1\00131=1\001";
		my $call = $dbh->prepare(q(SELECT r->>'status', encode(convert_to(r::text, 'UTF8'), 'hex') FROM oms_try_fix(decode($1, 'hex')) AS r));

		$call->execute(unpack 'H*', message('8', $byte % 2 ? 'UTF-8' : undef, "37=O\00111=c1\00117=e$byte${trade}58=$word\00195=3\00196=$three\001"));
		my ($status, $result) = @{ $call->fetchall_arrayref->[0] };
		fail("$name: byte $byte in a fill's text: $status") if $status ne 'ACCEPTED';
		$call->execute(unpack 'H*', message('8', 'UTF-8', "37=O\00111=$word\00117=f$byte$trade"));
		($status, $result) = @{ $call->fetchall_arrayref->[0] };
		fail("$name: byte $byte in an id: $status") if $status ne ($byte >= 128 || $byte == 0 ? 'REJECTED' : 'ACCEPTED');
		fail("$name: byte $byte in a result") if !eval { Encode::decode('UTF-8', pack('H*', $result), Encode::FB_CROAK); 1 };
	}
	is($dbh->selectrow_array(q(SELECT executed_quantity = 25.5 FROM oms.orders WHERE cl_ord_id = 'c1')), 1, "$name: each fill counts");
	is($dbh->selectrow_array(q(SELECT count(*) FROM oms.rejected_commands WHERE convert_to(command::text || coalesce(detail, '') || message, 'UTF8') IS NULL)), 0, "$name: what is kept of refusals can be read");
	is($dbh->selectrow_array('SELECT count(*) FROM oms.verify()'), 0, "$name: every invariant holds");
}

done_testing();
