# Mutated commands and FIX messages.
# Broken by: a crash, an assertion, a leak warning, an error that is neither one of ours nor of
# PostgreSQL's own input functions (XX000 above all), or a broken invariant at the end.
#
# make test always begins with the same seed, make soak with a new one. OMS_SEED repeats a run, OMS_CASES sets its length for one session; make soak runs a million.

use strict;
use warnings;

use List::Util qw(shuffle);
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $SEED = first_seed();
my @DATABASES = ('postgres', 'utf8');    # one session each; the first has SQL_ASCII: any byte can come
my $STORE = 10_000;    # cases on one store
my $CASES = $ENV{OMS_CASES} // rounds(10_000, 500_000);

sub chance { return rand(100) < $_[0]; }
sub pick { return $_[ int rand @_ ]; }

# What a value may become; raw JSON text
my @VALUES = (
	qw(null true false [] {} "" " " 0 -0 1 -1 0.1 1e2 1e-5 1e308 -1e400 1e100000 1e131071 1e-16383 "NaN" "Infinity" "-inf" "1e5" "0x10" "1_000" " 1" "+1" "1." ".5" "１"),
	'9' x 38, '9' x 39, '9' x 200, '0.' . '3' x 37, '0.' . '3' x 38, '1' . '0' x 37 . '.5', '"' . '9' x 38 . '"', '"' . '9' x 39 . '"', '"' . '9' x 5000 . '"',
	'[[[[[[1]]]]]]', '[' x 200 . ']' x 200, '{"a":' x 200 . '1' . '}' x 200, '{"orderId": "A"}', '[{"orderId": "A"}, 7, null]', '[{}]',
	'"' . 'x' x 300 . '"', '"' . 'x' x 3000 . '"', '"' . 'é' x 100 . '"', '"\u0000"', '"\ud800"', '"\ud83d\ude00"', '"\u202e"', '"a\nb"', '"\u0001"', '"|"', '"\u001f"', '"%s%n"', q("'; DROP SCHEMA oms --"), '"\\\\"', '"\""',
	qw("BUY" "buy" "Sell Short" "1" "5" "Z" "LIMIT" "DAY" "A" "B" "C" "A.1" "X1" "none" "c1" "k1" "CANCELLED" "0" "2"),
	qw("2026-03-02T09:30:00Z" "2026-03-02T09:30:00" "2026-03-02" "20260302-09:30:00" "20260302-09:30:60" "infinity" "now" "2026-02-30T00:00:00Z" "9999999-01-01T00:00:00Z" "2026-03-02T09:30:00+99:00" "2026-03-02T09:30:00.123456789Z" "0000-00-00"),
	'9223372036854775807', '9223372036854775808', '-9223372036854775809', '2147483648', '1.0', '"1.0"', '[1,2,3]', '["a"]', '{"sector": "x"}');

my @COMMANDS = map { eval { json()->decode($_) } or die $_ } split /\n/, <<'JSON';
{"commandType": "CreateOrderCommand", "orderId": "new", "clOrdID": "new", "symbol": "X", "side": "BUY", "orderQty": 100, "ordType": "LIMIT", "price": 10.5, "stopPx": 9, "timeInForce": "DAY", "expireTime": "2030-03-02T09:30:00Z", "expireDate": "2030-03-02", "account": "A", "currency": "GBP", "assetClass": "EQUITY", "destination": "XLON", "attributes": {"a": 1}, "pending": true}
{"commandType": "CreateOrderCommand", "parentId": "A", "orderQty": 1, "side": "BUY"}
{"commandType": "CreateOrderCommand", "symbol": "X", "side": "SELL", "cashOrderQty": 100, "commandId": "k9"}
{"commandType": "AcceptOrderCommand", "orderId": "A", "orderQty": 5, "forBidding": true}
{"commandType": "RejectOrderCommand", "orderId": "A", "reason": "r"}
{"commandType": "RequestCancelOrderCommand", "orderId": "A", "clOrdID": "new", "pending": false}
{"commandType": "CancelOrderCommand", "orderId": "A", "expectedVersion": 3, "transactTime": "2020-03-02T09:30:00Z"}
{"commandType": "RejectCancelOrderCommand", "orderId": "A", "clOrdID": "new", "reason": "r"}
{"commandType": "RequestReplaceOrderCommand", "orderId": "B", "clOrdID": "new", "orderQty": 50, "price": 3, "stopPx": 1, "timeInForce": "GTC", "expireTime": "2030-03-02T09:30:00Z"}
{"commandType": "ReplaceOrderCommand", "orderId": "B", "clOrdID": "new", "orderQty": 50, "price": 3}
{"commandType": "RejectReplaceOrderCommand", "orderId": "B", "clOrdID": "new", "reason": "r"}
{"commandType": "SuspendOrderCommand", "orderId": "B"}
{"commandType": "ResumeOrderCommand", "orderId": "B"}
{"commandType": "StopOrderCommand", "orderId": "B", "lastQty": 3, "lastPx": 1}
{"commandType": "DoneForDayOrderCommand", "orderId": "B"}
{"commandType": "RestateOrderCommand", "orderId": "B", "orderQty": 90, "reason": "r", "price": 2}
{"commandType": "RestateOrderCommand", "orderId": "A", "quantityFactor": 2, "reason": "r"}
{"commandType": "CalculateOrderCommand", "orderId": "B"}
{"commandType": "ExpireOrderCommand", "orderId": "B"}
{"commandType": "UpdateOrderCommand", "orderId": "B", "text": "t", "attributes": {"a": 2}}
{"commandType": "PlaceOrderCommand", "orderId": "A", "children": [{"orderQty": 1, "clOrdID": "new", "price": 1, "destination": "XLON"}, {"orderQty": 2}]}
{"commandType": "ExecuteOrderCommand", "orderId": "A", "executionId": "new", "execID": "new", "lastQty": 1, "lastPx": 2, "lastMkt": "XLON", "symbol": "X", "side": "BUY", "cumQty": 1, "leavesQty": 3, "avgPx": 2}
{"commandType": "ExecuteOrderCommand", "orderId": "C", "lastQty": 7, "lastPx": 0.1, "commandId": "k8", "correlationId": "c", "causationId": "d"}
{"commandType": "CorrectExecutionCommand", "executionId": "X1", "execID": "new", "lastQty": 1, "lastPx": 2}
{"commandType": "BustExecutionCommand", "executionId": "X2", "execID": "new", "reason": "r"}
JSON
my @NAMES = do { my %seen; grep { !$seen{$_}++ } map { keys %$_ } @COMMANDS };
my @FIX = map { s/\s+$//r } split /\n/, <<'FIX';
35=D|49=BUY|56=SELL|34=1|52=20260302-09:30:00.000|11=new|55=X|54=1|60=20260302-09:30:00|38=100|40=2|44=10.5|59=0|1=ACC|15=GBP
35=F|49=BUY|56=SELL|34=2|52=20260302-09:30:00.000|11=new|41=fix1|55=X|54=1|60=20260302-09:30:00|38=100
35=G|49=BUY|56=SELL|34=3|52=20260302-09:30:00.000|11=new|41=fix1|55=X|54=1|60=20260302-09:30:00|38=90|40=2|44=11
35=H|49=BUY|56=SELL|34=4|52=20260302-09:30:00.000|11=fix1|55=X|54=1
35=8|49=SELL|56=BUY|34=5|52=20260302-09:30:00.000|37=O1|11=fix1|17=new|150=0|39=0|55=X|54=1|38=100|14=0|151=100|6=0
35=8|49=SELL|56=BUY|34=6|52=20260302-09:30:00.000|37=O1|11=fix1|17=new|150=F|39=1|55=X|54=1|38=100|32=1|31=10.5|14=1|151=99|6=10.5
35=8|49=SELL|56=BUY|34=7|52=20260302-09:30:00.000|37=O1|11=new|41=fix1|17=new|150=5|39=0|55=X|54=1|38=90|14=0|151=90|6=0
35=8|49=SELL|56=BUY|34=7|52=20260302-09:30:00.000|37=O1|11=fix1|17=new|19=new|150=G|39=1|55=X|54=1|32=2|31=10|14=2|151=98|6=10
35=8|49=SELL|56=BUY|34=7|52=20260302-09:30:00.000|37=O1|11=fix1|17=new|150=H|19=new|39=0|55=X|54=1|32=0|31=0|14=0|151=100|6=0
35=9|49=SELL|56=BUY|34=8|52=20260302-09:30:00.000|37=O1|11=new|41=fix1|39=0|434=1|102=1
FIX
# Groups of FIX and of users, raw data, other encodings: <SOH> and <NUL> are bytes of data
push @FIX, map { s/\s+$//r } split /\n/, <<'FIX';
35=D|49=BUY|56=SELL|34=1|52=20260302-09:30:00.000|11=new|55=X|54=1|60=20260302-09:30:00|38=100|40=2|44=10.5|453=2|448=a|447=D|452=1|802=2|523=p|803=1|523=q|803=2|448=b|447=D|452=3|78=2|79=k|80=40|79=l|80=60|386=2|336=1|336=2|957=1|958=s|959=1|960=x
35=8|49=SELL|56=BUY|34=6|52=20260302-09:30:00.000|37=O1|11=fix1|17=new|150=F|39=1|55=X|54=1|38=100|14=3|151=97|6=10.67|1362=2|1363=a|1364=10|1365=1|1363=b|1364=11|1365=2|1414=1|1415=c
35=8|49=SELL|56=BUY|34=6|52=20260302-09:30:00.000|37=O1|11=fix1|17=new|19=new|150=G|39=1|55=X|54=1|1362=2|1363=a|1364=10|1365=1|1363=b|1364=11|1365=2
35=8|49=SELL|56=BUY|34=6|52=20260302-09:30:00.000|37=O1|11=fix1|17=new|150=F|39=1|32=1|31=10|555=2|600=A|624=1|539=2|524=m|524=n|600=B|624=2|382=2|375=u|375=v|136=2|137=1|138=GBP|137=2|518=1|519=1|520=2|711=1|311=w|768=1|769=20260302-09:30:00
35=8|49=SELL|56=BUY|34=6|52=20260302-09:30:00.000|347=UTF-8|37=O1|11=fix1|17=new|150=F|39=1|32=1|31=10|9100=2|9101=a|38=1|9101=b|38=2|58=x|354=5|355=a<SOH>b<NUL>c|1184=3|1185=<SOH><SOH><SOH>|1578=2|1579==<NUL>
35=8|49=SELL|56=BUY|34=6|52=20260302-09:30:00.000|347=Shift_JIS|37=NONE|11=fix1|17=new|150=F|39=1|32=1|31=10|40=W|59=Z|432=00000000|126=20260302|6=NaN|14=abc|38=junk
35=R|49=BUY|56=SELL|34=1|52=20260302-09:30:00.000|131=new|11=cl|146=2|55=X|54=1|38=100|15=EUR|63=0|64=20260304|1=ANN|40=C|62=20990101-00:00:00|126=20990102-00:00:00|60=20260302-09:30:00|453=2|448=a|447=D|452=1|448=b|452=35|55=Y|555=2|600=A|624=1|687=5|600=B|624=2|539=1|524=m|692=1|58=x
35=R|49=BUY|56=SELL|34=1|52=20260302-09:30:00.000|131=rq|146=1|55=X|54=1|38=100
35=AG|49=SELL|56=BUY|34=1|52=20260302-09:30:00.000|131=rq|658=9|146=1|55=X|58=none
35=S|49=SELL|56=BUY|34=1|52=20260302-09:30:00.000|131=rq|117=new|55=X|132=1.1|133=1.2|134=50|135=60|188=1|189=0.1|62=20990101-00:00:00|423=1|555=1|600=A|681=1
35=S|49=SELL|56=BUY|34=1|52=20260302-09:30:00.000|117=q1|55=X|132=1.1|133=1.2|134=50|135=60|453=1|448=D1|452=1|62=20990101-00:00:00
35=S|49=SELL|56=BUY|34=1|52=20260302-09:30:00.000|117=q1|55=X|132=0|133=0
35=AJ|49=BUY|56=SELL|34=1|52=20260302-09:30:00.000|693=1|694=1|117=q1|11=new|55=X|54=1|38=5|133=1.2
35=AJ|49=BUY|56=SELL|34=1|52=20260302-09:30:00.000|693=1|694=6|117=q1|55=X|131=rq
35=AI|49=SELL|56=BUY|34=1|52=20260302-09:30:00.000|117=q1|55=X|297=5|300=8
35=AI|49=SELL|56=BUY|34=1|52=20260302-09:30:00.000|117=q1|55=X|297=0
35=8|49=SELL|56=BUY|34=6|52=20260302-09:30:00.000|37=q1|17=new|117=q1|150=F|39=1|55=X|54=1|32=1|31=1.2
35=Z|49=SELL|56=BUY|34=1|52=20260302-09:30:00.000|117=q1|131=rq|298=1|295=2|55=X|55=Y|555=1|600=A
35=Z|49=SELL|56=BUY|34=1|52=20260302-09:30:00.000|117=x|298=4
35=i|49=SELL|56=BUY|34=1|52=20260302-09:30:00.000|117=new|293=5|294=6|296=2|302=A|311=I|367=20990101-00:00:00|304=3|295=2|299=1|55=X|132=1|133=2|299=2|55=Y|132=0|302=B|304=1|295=1|299=1|55=Z|133=3|135=9
35=b|49=BUY|56=SELL|34=1|52=20260302-09:30:00.000|117=new|297=0|296=1|302=A|304=1|295=1|299=1|368=8|1167=5
FIX
push @FIX, '35=A|49=BUY|56=SELL|34=1|52=20260302-09:30:00.000|98=0|108=30', '35=0|49=BUY|56=SELL|34=9|52=20260302-09:30:00.000';

# --- mutations -------------------------------------------------------------------------------

my $number = 0;
sub fresh { return "f$$-" . ++$number; }
sub raw { my ($value) = @_; return JSON::PP->new->allow_nonref->allow_bignum->encode($value); }

# One command as JSON text, hurt in some ways (or not at all)
sub fuzzed_command
{
	my %fields = map { $_ => raw($_) } ();
	my $command = pick(@COMMANDS);

	$fields{$_} = $command->{$_} eq 'new' ? '"' . fresh() . '"' : raw($command->{$_}) foreach keys %$command;
	$fields{orderId} = pick(qw("A" "A.1" "B" "C")) if defined $fields{orderId} && chance(50) && $fields{orderId} !~ /"f/;
	foreach (1 .. pick(0, 1, 1, 1, 2, 2, 3, 6))
	{
		my $name = chance(70) ? pick(sort keys %fields) // 'x' : pick(@NAMES);
		my $what = rand 100;
		if ($what < 65) { $fields{$name} = pick(@VALUES); }
		elsif ($what < 75) { delete $fields{$name}; }
		elsif ($what < 80) { $fields{ pick('', ' orderId', 'orderid', 'x' x 5000, 'é', 'text ', 'commandType2', "a\\nb") } = pick(@VALUES); }
		elsif ($what < 90) { $fields{$name} = raw($COMMANDS[ rand @COMMANDS ]{$name} // 'x'); }
		else { $fields{$name} = '[' . $fields{$name} . ']' if defined $fields{$name}; }
	}
	my $text = '{' . join(', ', map { "\"$_\": $fields{$_}" } shuffle sort keys %fields) . '}';
	return damaged($text) if chance(4);
	$text = pick(@VALUES) if chance(1);
	return $text;
}

# Bytes cut, doubled, replaced
sub damaged
{
	my ($text) = @_;
	foreach (1 .. 1 + int rand 3)
	{
		my $at = int rand(1 + length $text);
		my $what = rand 100;
		if ($what < 25) { $text = substr $text, 0, $at; }
		elsif ($what < 50) { substr($text, $at, 1 + int rand 5) = '' if $at < length $text; }
		elsif ($what < 75) { substr($text, $at, 0) = chr(1 + int rand 126) x (1 + int rand 3); }
		else { substr($text, $at, 0) = substr $text, int rand(1 + length $text), int rand 20; }
	}
	return $text;
}

sub checksum { my ($text) = @_; my $sum = 0; $sum += $_ foreach unpack 'C*', $text; return sprintf '%03d', $sum % 256; }

# Raw FIX: fields hurt, then length and checksum mostly right again
sub fuzzed_fix
{
	my @fields = split /\|/, pick(@FIX) =~ s/=new\b/'=' . fresh()/ger;
	foreach (1 .. pick(0, 1, 1, 2, 4))
	{
		my $at = int rand @fields;
		my $what = rand 100;
		if ($what < 30) { $fields[$at] =~ s/=.*/'=' . (pick(@VALUES) =~ s{^"|"$|\\u0000|\|}{}gr)/e; }
		elsif ($what < 45) { splice @fields, $at, 1; }
		elsif ($what < 60) { splice @fields, int rand(1 + @fields), 0, $fields[$at]; }
		elsif ($what < 75) { splice @fields, int rand(1 + @fields), 0, pick('453=2|448=a|448=b', '453=0', '9100=2|9101=a|9101=b', '9100=3|9101=a|38=1|9101=b', '802=1|523=x', '1362=1|1364=1|1365=1', '1362=2', '1364=1', '354=3|355=abc', '354=99', '1184=2|1185=ab', '95=1000000|96=x', '347=EUC-JP', '347=nonsense', '37=', '17=', '37=UNKNOWN', "58=\x93\xfa\x96\x7b", "11=\xe9", "55=a\0b", '9999=x', '58=', '=', '58', '-1=2', '0=0', 'x=y', '99999999999=1', '38=abc', '54=9', '453=2|448=a', '14=' . '9' x 60, '96=' . 'y' x 2000, "58=é\xff", '38=1e5', '6=NaN', '35=8', '10=000', '9=5', '8=FIX.4.2', '43=Y', '97=Y', '526=A', '152=100', '131=rq', '117=q1', '298=4', '297=7', '694=1', '132=0', '134=0', '146=2', '295=1|299=1', '296=1|302=A', '299=1', '302=A', '555=1|600=A', '453=1|448=a|452=1', '62=20200101-00:00:00', '39=Z', '150=1', '150=2', '20=1', '20=2'); }
		elsif ($what < 85) { $fields[$at] =~ s/^\d+/int rand 1200/e; }
		elsif ($what < 92) { @fields = shuffle @fields; }
		else { $fields[$at] = damaged($fields[$at]); }
		@fields = ('35=D') if !@fields;
	}
	my $separator = chance(50) ? '|' : "\001";
	@fields = map { s/<SOH>/\001/gr =~ s/<NUL>/\0/gr } @fields if $separator eq "\001";
	my $body = join('', map { "$_$separator" } @fields);
	utf8::encode($body) if utf8::is_utf8($body);
	my $head = '8=' . pick(('FIX.4.4') x 20, 'FIX.4.2', 'FIXT.1.1', 'FIX.5.0', 'FIX.9.9') . $separator;
	my $length = length($body) + (chance(3) ? pick(-1, 1, 1000, -5000) : 0);
	my $text = "${head}9=$length$separator$body";
	# the sum is made over SOH, whichever separator is shown
	$text .= '10=' . (chance(3) ? pick('000', '999', 'abc', '') : checksum($text =~ s/\Q$separator\E/\001/gr)) . $separator;
	return damaged($text) if chance(10);
	return pick('', '|', '=', '8=', "8=FIX.4.4|", "\001" x 50, 'x' x 10000, '8=FIX.4.4|9=0|10=0|') if chance(1);
	return $text;
}

# --- one session -----------------------------------------------------------------------------

# A new store with the orders that the commands name
sub begin_anew
{
	my ($dbh) = @_;
	my $fix = $FIX[0] =~ s/=new\b/=fix1/r =~ s/\|/\001/gr . "\001";

	$dbh->do($_) foreach 'DROP EXTENSION IF EXISTS oms_state', 'CREATE EXTENSION oms_state';
	$dbh->do('SELECT oms_command(?::jsonb)', undef, $_) foreach
	  map({ qq({"commandType": "CreateOrderCommand", "orderId": "$_", "clOrdID": "cl-$_", "symbol": "X", "side": "BUY", "orderQty": 1000000}) } qw(A B C)),
	  '{"commandType": "CreateOrderCommand", "orderId": "A.1", "parentId": "A", "orderQty": 1000}',
	  map({ qq({"commandType": "ExecuteOrderCommand", "orderId": "A.1", "executionId": "X$_", "execID": "e$_", "lastQty": 5, "lastPx": 1}) } 1 .. 9);
	$fix = "8=FIX.4.4\0019=" . length($fix) . "\001$fix";
	$dbh->do('SELECT oms_fix(?)', undef, $fix . '10=' . checksum($fix) . "\001");
	return;
}

# One case; returns its SQLSTATE ("ok" for a result), and true if it is one that may come.
sub one_case
{
	my ($statements, $dbh) = @_;
	my $is_fix = chance(35);
	my $as_bytes = $is_fix && chance(50);
	my $statement = pick(@$statements{ $as_bytes ? qw(fix_bytes fix_bytes try_fix_bytes many_bytes route_fix_bytes) : $is_fix ? qw(fix fix try_fix many route_fix) : qw(try try command command batch batch route) });
	my $text = $is_fix ? fuzzed_fix() : fuzzed_command();

	$text = '[' . join(',', $text, map { fuzzed_command() } 1 .. int rand 3) . ']' if $statement == $statements->{batch};
	# text goes as bytes, so that invalid UTF-8 reaches the server too
	utf8::encode($text) if utf8::is_utf8($text);
	$text =~ tr/\0//d if !$as_bytes;
	$text = unpack 'H*', $text if $as_bytes;
	my $answer = eval { $statement->execute($text); $statement->fetchall_arrayref->[0][0] };
	my $state = defined $answer ? ($answer =~ /"sqlstate": "(\w+)"/)[0] // 'ok' : $dbh->state;
	# PostgreSQL's own: bad JSON or bytes, too deep, too long, no such character in SQL_ASCII
	# the bytes of a message are refused by us alone
	my $good = $state =~ ($as_bytes ? qr/^(ok|OM00\d|OM01[012])$/ : $is_fix ? qr/^(ok|OM00\d|OM01[01]|22021)$/ : qr/^(ok|OM00\d|OM01[01]|22P0[25]|22003|22021|22023|54...|0A000)$/);

	return ($is_fix ? "fix $state" : $state, $good, $text);
}

# All cases of one session, on a new store every so often, which is verified before.  Returns what
# should never have come back.
sub session
{
	my ($node, $session) = @_;
	my $dbh = oms_dbh($node, dbname => $DATABASES[ $session % @DATABASES ]);
	my ($pid) = $dbh->selectrow_array('SELECT pg_backend_pid()');
	my (%seen, @wrong, $statements);

	srand($SEED * 31 + $session);
	$dbh->{pg_enable_utf8} = 0;
	for my $case (1 .. $CASES)
	{
		if ($case % $STORE == 1)
		{
			begin_anew($dbh);
			$statements = { try => $dbh->prepare('SELECT oms_try_command($1::jsonb)'), command => $dbh->prepare('SELECT oms_command($1::jsonb)'),
				batch => $dbh->prepare('SELECT count(*) FROM oms_commands($1::jsonb, false)'), route => $dbh->prepare('SELECT oms.route($1::jsonb)'),
				fix => $dbh->prepare('SELECT oms_fix($1::text)'), try_fix => $dbh->prepare('SELECT oms_try_fix($1::text)'),
				route_fix => $dbh->prepare('SELECT oms.route_fix($1::text)'),
				many => $dbh->prepare('SELECT count(*) FROM oms_fix_many(ARRAY[$1::text, NULL, $1::text], false)'), many_bytes => $dbh->prepare(q(SELECT count(*) FROM oms_fix_many(ARRAY[decode($1, 'hex'), decode($1, 'hex')], false))),
				map({ ("${_}_bytes" => $dbh->prepare("SELECT oms_$_(decode(\$1, 'hex'))")) } qw(fix try_fix)), route_fix_bytes => $dbh->prepare(q(SELECT oms.route_fix(decode($1, 'hex')))) };
		}
		my ($state, $good, $text) = one_case($statements, $dbh);
		$seen{$state}++;
		push @wrong, "$state " . $dbh->errstr . "\n$text" if !$good && @wrong < 20;
		last if !$dbh->ping;
		if ($case % $STORE == 0 || $case == $CASES)
		{
			push @wrong, map { join ' ', map { $_ // '' } 'broken:', @$_ } @{ $dbh->selectall_arrayref('SELECT * FROM oms.verify() LIMIT 5') };
		}
	}
	my ($pid_now) = eval { $dbh->selectrow_array('SELECT pg_backend_pid()') };
	push @wrong, 'the backend is another one' if ($pid_now // 0) != $pid;
	push @wrong, 'hardly anything got through' if ($seen{ok} // 0) < $CASES / 20;
	note("session $session: " . join ', ', map { "$_ $seen{$_}" } sort keys %seen);
	diag("OMS_SEED=$SEED session $session: $_") foreach @wrong;
	return @wrong;
}

note("OMS_SEED=$SEED");
my $node = oms_node('fuzz', extension => 0, conf => "fsync = off\nlog_statement = none\nlog_min_messages = warning\nlog_min_error_statement = panic\nlog_error_verbosity = terse\n");
$node->safe_psql('postgres', q(CREATE DATABASE utf8 TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'));

my @pids;
foreach my $session (1 .. @DATABASES)
{
	my $pid = fork // die "cannot fork: $!";
	if (!$pid)
	{
		my @wrong = eval { session($node, $session) };
		diag($@) if $@;
		POSIX::_exit($@ || @wrong ? 1 : 0);
	}
	push @pids, $pid;
}
foreach my $pid (@pids)
{
	waitpid $pid, 0;
	is($?, 0, 'a session got nothing but results, refusals and input errors, and every invariant holds');
}
unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|TRAP:|WARNING/, 'no crash, no assertion, no warning in the log');

done_testing();
