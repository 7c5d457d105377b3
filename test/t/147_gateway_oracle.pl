# Random questions over HTTP against the same by SQL, for who sees all and for who is limited to accounts: the same rows, byte for byte; lines, JSON
# and CSV with the same values; the same count; page by page the same rows; and what PostgreSQL refuses refused as it does.
#
# Broken by: a digit, a blank or an escape that changes on the way; a row lost between two pages or at the end of a stream; a condition of a URL that
# is read otherwise than the same in JSON; a cell of a CSV in another column; rights that are not those of who asks.
#
# OMS_SEED repeats a run, OMS_SECONDS says how long.

use strict;
use warnings;

use JSON::PP;
use lib 'test/lib';
use OmsGateway;
use OmsTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $SECONDS = $ENV{OMS_SECONDS} // rounds(20, 600);
my $SEED = first_seed();
srand $SEED;
diag("OMS_SEED=$SEED");

my $node = oms_node('main', conf => "max_connections = 40\n");
$node->safe_psql('postgres', <<'SQL');
SELECT oms.create_roles();
CREATE ROLE alice IN ROLE oms_trader;
CREATE ROLE bob IN ROLE oms_trader;
CREATE ROLE gate LOGIN NOINHERIT IN ROLE oms_proxy, alice, bob;
SELECT oms.grant_account('bob', 'A%');
-- ties, nulls, digits, and texts that something on the way could take for its own
SELECT count(oms_command(jsonb_strip_nulls(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', 'Q-' || lpad(i::text, 3, '0'), 'clOrdID', 'C&=' || i,
         'symbol', (ARRAY['VOD.L', 'BP.L', 'A,Z"N', '=cmd()', 'Ü+ü'])[i % 5 + 1], 'side', CASE WHEN i % 2 = 0 THEN 'BUY' ELSE 'SELL' END, 'orderQty', (ARRAY[100, 0.5, 123456789012345678.25, 7])[i % 4 + 1]::numeric,
         'ordType', CASE WHEN i % 5 = 0 THEN 'MARKET' ELSE 'LIMIT' END, 'price', CASE WHEN i % 5 > 0 THEN (ARRAY['70.10', '0.00000000000000000001', '99999999999999999', '1e3', '70.1'])[i % 5 + 1]::numeric END,
         'account', CASE WHEN i % 7 > 0 THEN (ARRAY['A1', 'A2', 'B1', 'AÜ'])[i % 4 + 1] END,
         'text', CASE WHEN i % 3 > 0 THEN (ARRAY['plain', E'two\r\nlines', '-1+1', '''=x', ' blank ', 'q"uo"te', '100%_\', '+44', E'tab\t', '中文 🙂', '@', 'null', 'a''b', '<script>'])[i % 14 + 1] END,
         'attributes', CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN '{"desk": "N", "k,ey": "x"}' WHEN 2 THEN '{"desk": 7.50, "deep": {"a": [1, "x\"y"]}}' ELSE '{"desk": true, "none": null}' END::jsonb))))
  FROM generate_series(1, 150) AS i;
SELECT count(oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'orderId', format('Q-%s.%s', t, i), 'parentId', 'Q-' || t, 'orderQty', 0.25, 'ordType', 'MARKET', 'destination', 'XLON')))
  FROM unnest('{002,004,012,020}'::text[]) AS t, generate_series(1, 2) AS i;
SELECT count(oms_try_command(jsonb_build_object('commandType', 'ExecuteOrderCommand', 'orderId', 'Q-' || lpad(i::text, 3, '0'), 'execID', 'X' || i, 'lastQty', 0.5, 'lastPx', 70.250 + i / 7.0))) FROM generate_series(1, 60) AS i;
SELECT count(oms_command(jsonb_build_object('commandType', 'CancelOrderCommand', 'orderId', 'Q-' || lpad(i::text, 3, '0')))) FROM generate_series(100, 120) AS i;
SELECT oms_command('{"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "R-1", "symbol": "EURUSD", "side": "BUY", "orderQty": 100, "account": "A1", "dealers": ["ALFA", "BETA"]}') ->> 'status';
SELECT oms_command(jsonb_build_object('commandType', 'CreateQuoteCommand', 'quoteRequestId', 'R-1', 'quoteId', 'T-' || i, 'dealer', 'D' || i % 3, 'offerPx', 1.1 + i / 1000.0, 'offerSize', 100)) ->> 'status' FROM generate_series(1, 5) AS i;
SQL
my $socket = PostgreSQL::Test::Utils::tempdir_short() . '/gate';
my $gateway = gateway_start(undef, name => 'oracle', auth => 'proxy', listen => "unix:$socket", dsn => gateway_dsn($node, user => 'gate'), 'pool.size' => 2, 'query.timeout' => '60s');
my %client = map { $_ => $gateway->client($socket) } qw(alice bob);
my %dbh;
foreach my $who (qw(alice bob))
{
	$dbh{$who} = oms_dbh($node, user => 'gate');
	$dbh{$who}->do("SET ROLE $who");
	$dbh{$who}->{pg_enable_utf8} = 0;
}

my @objects = qw(orders executions quote_requests quotes order_events execution_events order_tree);
my $json = JSON::PP->new->canonical;
my $utf8 = JSON::PP->new->canonical->utf8;

# What there is to ask for, and values that are there.
my (%fields, %types, %values);
my $all = oms_dbh($node);
$all->{pg_enable_utf8} = 0;
foreach my $object (@objects)
{
	foreach my $row (@{ $all->selectall_arrayref('SELECT field, field_type FROM oms.list_fields(?)', undef, $object) })
	{
		my ($field, $type) = @$row;
		push @{ $fields{$object} }, $field;
		$types{$object}{$field} = $type;
		$values{$object}{$field} = $all->selectcol_arrayref('SELECT DISTINCT v FROM (SELECT q ->> ? AS v FROM oms_query(?, ?) AS q) AS s WHERE v IS NOT NULL AND length(v) < 100 ORDER BY v LIMIT 30', undef, $field, $object, '{"limit": 400}');
	}
}

sub one_of { my (@some) = @_; return $some[ int rand @some ]; }

# Percent-encoded, now and then more than needed.
sub encoded { my ($text) = @_; my $keep = one_of('A-Za-z0-9._~-', 'A-Z', 'A-Za-z0-9'); return $text =~ s/([^$keep])/sprintf '%%%02X', ord $1/ger; }

# A condition as operator and value; most are of those that are there.
sub condition
{
	my ($object, $field) = @_;
	my $type = $types{$object}{$field};
	my @there = @{ $values{$object}{$field} };
	my $value = @there && rand() < 0.9 ? one_of(@there) : one_of('NEW', '1', '70.1', '2026-03-02T09:30:00Z', 'true', 'x', '', '=cmd()', "a'b", '1e400', '-0', '中');
	my $operator = one_of(qw(eq eq eq ne lt lte gt gte in like ilike isNull));
	$value = one_of(qw(true false)) if $operator eq 'isNull';
	$value = one_of('%', '_%', $value =~ /^([ -~])/ ? "$1%" : 'x%', $value =~ /([ -~])$/ ? "%$1" : '%x') if $operator =~ /like/ && rand() < 0.7;
	return ($operator, $value, $type);
}

# Most are good, so that there are rows; some are not.
sub question
{
	my $object = one_of(@objects);
	my @fields = @{ $fields{$object} };
	my (@where, @pairs);

	foreach (1 .. int rand 3)
	{
		my $field = one_of(@fields);
		my ($operator, $value) = condition($object, $field);
		push @where, { $field => { $operator => $operator eq 'in' ? [ $value, one_of(@{ $values{$object}{$field} }, 'x') ] : $value } };
		push @pairs, map { [ $operator eq 'eq' ? $field : "${field}[$operator]", $_ ] } $operator eq 'in' ? @{ $where[-1]{$field}{in} } : $value;
	}
	my @order = map { one_of('', '', '-') . $_ } grep { rand() < 0.5 } one_of(@fields), one_of(@fields);
	my @select = rand() < 0.5 ? () : map { one_of(@fields, 'attributes.desk', 'attributes.deep.a', 'attributes.k,ey') } 1 .. 1 + int rand 4;
	my $limit = rand() < 0.7 ? 1 + int rand 200 : undef;
	my %spec = ((@where ? (where => { and => \@where }) : ()), (@order ? (orderBy => \@order) : ()), (@select ? (select => \@select) : ()), (defined $limit ? (limit => $limit) : ()));
	return ($object, \%spec, \@pairs);
}

# The same by SQL: rows, or the SQLSTATE.
sub by_sql
{
	my ($who, $object, $spec) = @_;
	my $rows = eval { $dbh{$who}->selectcol_arrayref('SELECT q::text FROM oms_query(?, ?::jsonb) AS q', undef, $object, $spec) };
	return $rows // $dbh{$who}->state;
}

sub by_http { my ($who, @request) = @_; return $client{$who}->call(@request[ 0 .. 2 ], 'X-Forwarded-User' => $who, @request[ 3 .. $#request ]); }

# RFC 4180, as anybody reads it.
sub cells
{
	my ($text) = @_;
	my @lines = ([]);
	while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gc)
	{
		my ($quoted, $plain, $end) = ($1, $2, $3);
		push @{ $lines[-1] }, defined $quoted ? $quoted =~ s/""/"/gr : $plain;
		push @lines, [] if $end ne ',';
	}
	return (pos($text) // 0) == length $text ? \@lines : undef;
}

my %asked;
my @differ;

sub differs
{
	my ($what, @more) = @_;
	push @differ, $what;
	diag(join "\n  ", $what, map { substr $_, 0, 2000 } @more) if @differ < 6;
	return;
}

sub compare_csv
{
	my ($who, $object, $path, $text, $spec, $select, $got) = @_;
	my $all_of = $object =~ /events$/ ? 'AND field <> ' . $all->quote('payload') : '';
	my @columns = $select ? @$select : @{ $all->selectcol_arrayref("SELECT field FROM oms.list_fields(?) WHERE true $all_of", undef, $object) };
	# a text that a spreadsheet would take for a formula has an apostrophe
	my $cell = 'CASE WHEN jsonb_typeof(q -> c) = \'string\' AND q ->> c ~ E\'^\\\'*[=+@\\\\t\\\\r\\\\n-]\' THEN \'\'\'\' ELSE \'\' END || coalesce(q ->> c, \'\')';
	my $expected = $dbh{$who}->selectcol_arrayref("SELECT array_to_json(ARRAY(SELECT $cell FROM unnest(?::text[]) WITH ORDINALITY AS u (c, n) ORDER BY n)) FROM oms_query(?, ?::jsonb) AS q", undef, \@columns, $object, $text);
	my $lines = cells(substr $got->{content}, 3) // [];
	pop @$lines;
	my $wanted = join "\n", $utf8->encode(\@columns), map { $utf8->encode($utf8->decode($_)) } @$expected;
	my $found = join "\n", map { $utf8->encode([ map { my $bytes = $_; utf8::decode($bytes); $bytes } @$_ ]) } @$lines;
	differs("$who: a CSV of $path", "expected $wanted", "got $found") if $wanted ne $found || substr($got->{content}, 0, 3) ne "\xEF\xBB\xBF";
	return;
}

my $until = time + $SECONDS;
my $played = 0;
while (($played < 100 || goes_on($until, $played, 1500)) && @differ < 5)
{
	my ($object, $spec, $pairs) = question();
	my $who = one_of(qw(alice bob));
	my $text = $utf8->encode(decoded($spec));
	my $rows = by_sql($who, $object, $text);
	my $path = '/queries/' . ($object =~ tr/_/-/r);
	$played++;

	# the whole specification
	my $answer = by_http($who, POST => $path, $text, Accept => 'application/x-ndjson');
	if (!ref $rows)
	{
		$asked{$rows}++;
		differs("$who: $path $text", "by SQL $rows", "by HTTP $answer->{status} $answer->{content}") if $answer->{status} != 400 || ($answer->{json}{error}{sqlstate} // '') ne $rows;
	}
	else
	{
		$asked{ @$rows ? 'rows' : 'none' }++;
		differs("$who: $path $text", 'by SQL ' . join("\n", @$rows), "by HTTP $answer->{status} $answer->{content}") if $answer->{status} != 200 || $answer->{content} ne join '', map { "$_\n" } @$rows;
	}

	# the same as a URL, where every value is a text
	my $query = join '&', (map { encoded($_->[0]) . '=' . encoded($_->[1]) } @$pairs), (map { $spec->{$_} ? "$_=" . join ',', map { encoded($_) } @{ $spec->{$_} } : () } qw(orderBy select)), defined $spec->{limit} ? "limit=$spec->{limit}" : ();
	next if grep { /,/ } @{ $spec->{select} // [] };
	my %said;
	next if grep { $said{ $_->[0] }++ && $_->[0] !~ /\[in\]$/ } @$pairs;
	$query =~ s/%5B/[/g if rand() < 0.5;
	$query =~ s/%5D/]/g if rand() < 0.5;
	my $format = one_of('application/json', 'text/csv', 'application/x-ndjson');
	my $with_count = rand() < 0.3;
	my $got = by_http($who, GET => "$path?$query" . ($with_count ? '&count=exact' : ''), undef, Accept => $format);
	if (!ref $rows)
	{
		differs("$who: GET $path?$query", "by SQL $rows", "by HTTP $got->{status} $got->{content}") if $got->{status} != 400;
		next;
	}
	if ($got->{status} != 200) { differs("$who: GET $path?$query for $text", "$got->{status} $got->{content}"); next; }
	if ($format eq 'text/csv') { compare_csv($who, $object, "$path?$query", $text, $spec, $spec->{select}, $got); }
	else
	{
		my $wanted = $format eq 'application/json' ? '[' . join(",\n", @$rows) . "]\n" : join '', map { "$_\n" } @$rows;
		differs("$who: GET $path?$query as $format", "by SQL $wanted", "by HTTP $got->{content}") if $got->{content} ne $wanted;
	}
	if ($with_count)
	{
		my $count = $dbh{$who}->selectrow_array('SELECT oms.query_count(?, ?::jsonb)', undef, $object, $text);
		differs("$who: the count of $path?$query", "by SQL $count", 'by HTTP ' . ($got->{headers}{'total-count'} // 'none')) if ($got->{headers}{'total-count'} // 'none') ne $count;
	}

	# page by page
	next if !$spec->{limit} || rand() < 0.7;
	my @pages;
	my %whole = %$spec;
	$whole{limit} = 5000;
	my $at = $got;
	$at = by_http($who, GET => "$path?$query", undef, Accept => 'application/x-ndjson') if $format ne 'application/x-ndjson';
	while (1)
	{
		push @pages, $at->{content};
		last if ($at->{headers}{link} // '') !~ /^<([^>]+)>; rel="next"$/ || @pages > 2000;
		$at = by_http($who, GET => $1, undef, Accept => 'application/x-ndjson');
	}
	my $full = by_sql($who, $object, $utf8->encode(decoded(\%whole)));
	my $expected = join '', map { "$_\n" } @$full;
	$asked{pages} += @pages;
	differs("$who: the pages of $path?$query", "by SQL $expected", 'by HTTP ' . join '', @pages) if join('', @pages) ne $expected;
}

# Our texts are bytes, those of JSON characters.
sub decoded
{
	my ($of) = @_;
	return { map { $_ => $_ eq 'limit' ? 0 + $of->{$_} : decoded($of->{$_}) } keys %$of } if ref $of eq 'HASH';
	return [ map { decoded($_) } @$of ] if ref $of eq 'ARRAY';
	my $text = "$of";
	utf8::decode($text);
	return $text;
}

is(scalar @differ, 0, "$played questions, by HTTP as by SQL");
cmp_ok($asked{$_} // 0, '>', 0, "some had: $_") foreach qw(rows none OM010 pages);
diag(join ', ', map { "$_: $asked{$_}" } sort keys %asked);
$_->disconnect foreach values %dbh, $all;
is($gateway->stop(30), 0, 'the gateway stops');
unlike($gateway->log, qr/Sanitizer|runtime error|ERROR/, 'and nothing went wrong inside');

done_testing();
