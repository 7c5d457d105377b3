# Databases in other encodings than UTF-8, and in a Turkish locale, where toupper('i') is no I.
# Broken by: a byte outside of ASCII in an install or upgrade script; a name that is compared in the locale's way; a text that is
# cut inside of a character, or written to an event in another encoding than it is read in.

use strict;
use warnings;

use Encode qw(encode);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

# A locale of our own making: few machines have it, and a server finds it where LOCPATH says.
my $locales = PostgreSQL::Test::Utils::tempdir();
my $turkish = system("localedef -i tr_TR -f UTF-8 '$locales/tr_TR.UTF-8' > '$locales/log' 2>&1") == 0;
$ENV{LOCPATH} = $locales if $turkish;

my $node = oms_node('encodings', extension => 0);

sub sql { my ($database, $sql) = @_; return $node->safe_psql($database, $sql); }

# What each encoding has beyond ASCII.
my %text = (EUC_JP => "\x{6771}\x{4EAC}", EUC_KR => "\x{C11C}\x{C6B8}", EUC_CN => "\x{4E0A}\x{6D77}", LATIN1 => "Z\x{FC}rich", WIN1252 => "\x{20AC}uro", SQL_ASCII => "Z\x{FC}rich", UTF8 => "\x{1F4B6}");

# A tree with such texts in its ids and notes, read back, filled, refused, by FIX too; and every invariant.
sub works
{
	my ($database, $name, $text) = @_;
	my $bytes = encode('UTF-8', $text);

	is(sql($database, 'CREATE EXTENSION oms_state; SELECT count(*) > 20 FROM oms.command_reference'), 't', "$name: CREATE EXTENSION");
	is(sql($database, qq(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "$bytes", "clOrdID": "c $bytes", "symbol": "X", "side": "buy", "ordType": "limit", "price": 2,
		"timeInForce": "immediate or cancel", "orderQty": 10, "text": "$bytes", "attributes": {"$bytes": "$bytes"}}') #>> '{state,text}')), $bytes, "$name: a command");
	is(sql($database, qq(SELECT side, ord_type, time_in_force, attributes ->> '$bytes' FROM oms.orders WHERE id = '$bytes')), "BUY|LIMIT|IMMEDIATE_OR_CANCEL|$bytes", "$name: its row");
	is(sql($database, qq(SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "$bytes", "lastQty": 4, "lastPx": 2, "lastMkt": "$bytes"}') #>> '{state,lastMkt}')), $bytes, "$name: a fill");
	my (undef, undef, $error) = $node->psql($database, qq(SELECT oms_command('{"commandType": "CancelOrderCommand", "orderId": "no $bytes"}')));
	like($error, qr/order "no \Q$bytes\E" does not exist/, "$name: a refusal");
	is(sql($database, qq(SELECT count(*) FROM oms_try_command('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "@{[ $bytes x 300 ]}", "orderQty": 1}'))), '1', "$name: a long value that is wrong");
	my $wire = '8=FIX.4.4|9=LENGTH|35=D|49=A|56=B|34=1|52=20260302-09:30:00|11=f|55=Y|54=1|38=10|40=1|60=20260302-09:30:00|';
	my $length = length($wire) - length('8=FIX.4.4|9=LENGTH|');
	$wire =~ s/LENGTH/$length/;
	my $sum = 0;
	$sum += ord($_ eq '|' ? "\x01" : $_) foreach split //, $wire;
	is(sql($database, sprintf q(SELECT oms_fix('%s10=%03d|') #>> '{results,0,state,side}'), $wire, $sum % 256), 'BUY', "$name: a FIX message");
	is(sql($database, 'SELECT * FROM oms.verify()'), '', "$name: every invariant holds");
	is(sql($database, qq(SELECT (oms.order_as_of('$bytes', now())).text, (SELECT count(*) FROM oms.order_history WHERE order_id = '$bytes'), oms.rebuild('orders'))), "$bytes|2|0", "$name: as of, history, rebuild");
}

foreach my $encoding (sort keys %text)
{
	my $database = 'in_' . lc $encoding;

	$node->safe_psql('postgres', "CREATE DATABASE $database ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	# the same client for all; to SQL_ASCII everything is bytes
	$node->safe_psql('postgres', "ALTER DATABASE $database SET client_encoding = 'UTF8'") if $encoding ne 'SQL_ASCII';
	works($database, $encoding, $text{$encoding});
}

SKIP:
{
	skip 'no Turkish locale: localedef or its sources are not there (Debian: package locales)', 10 unless $turkish;
	$node->safe_psql('postgres', q(CREATE DATABASE turkish ENCODING 'UTF8' LOCALE 'tr_TR.UTF-8' TEMPLATE template0));
	is(sql('turkish', q(SELECT upper('i') = 'I')), 'f', 'tr_TR: it is Turkish');
	works('turkish', 'tr_TR', "\x{131}i");
}

$node->stop;
done_testing();
