# Every function of the extension, called directly by somebody without a role, by each role, and by the owner: with nulls, with nothing, with what is huge, hostile or of
# another shape. None crashes, none is an internal error, none reads or writes past the caller's rights, and no error is another one than the contract's or PostgreSQL's own of input.
# Broken by: a C function that trusts its arguments (not STRICT and no PG_ARGISNULL; a row that was stored before a column came; `internal` from SQL; a trigger called as a
# function, or on another table); text that is spliced into SQL (42601, 42703); a function that PUBLIC may execute and that reads; a trigger function that PUBLIC may take; a function that tells somebody
# who is limited to an account of another one.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $node = oms_node('functions', conf => "max_wal_senders = 4\nmax_replication_slots = 4\nwal_level = logical\nlog_min_messages = fatal");
my $seed = first_seed();
my $calls_each = rounds(10, 400);
srand $seed;

sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }

# ---- what there is: orders, fills, quotes and blocks of two accounts ------------------------------------------------

sql('SELECT count(*) FROM oms.create_roles(); CREATE ROLE stranger LOGIN; CREATE ROLE login_proxy LOGIN IN ROLE oms_proxy, oms_trader; '
	. join ' ', map { "CREATE ROLE a_$_ LOGIN IN ROLE oms_$_;" } qw(reader trader desk admin bridge));
sql(join '', map { "CREATE ROLE limited_$_ LOGIN IN ROLE oms_$_; SELECT oms.grant_account('limited_$_', 'A');" } qw(reader trader desk));
my @commands = (
	(map { my $of = $_; map { qq({"commandType": "$_->[0]Command", "account": "$of", "symbol": "SECRET$of", "side": "BUY", $_->[1]}) =~ s/\@/$of/gr }
		[ CreateOrder => '"orderId": "@1", "clOrdID": "SECRET-@", "orderQty": 100, "price": 10, "text": "SECRET@ text"' ],
		[ CreateOrder => '"orderId": "@2", "parentId": "@1", "orderQty": 50, "price": 10, "destination": "XLON"' ],
		[ CreateOrder => '"orderId": "@3", "orderQty": 30' ] } qw(A B)),
	(map { qq({"commandType": "ExecuteOrderCommand", "commandId": "fill $_", "orderId": "${_}2", "executionId": "${_}x", "execID": "SECRET-E-$_", "lastQty": 20, "lastPx": 10}) } qw(A B)),
	(map { qq({"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "${_}q", "account": "$_", "symbol": "SECRET$_", "side": "BUY", "orderQty": 10}) } qw(A B)),
	'{"commandType": "CreateOrderCommand", "orderId": "K", "symbol": "SECRETK", "side": "BUY", "orderQty": 5}');
my @results = map { $node->safe_psql('postgres', qq(SELECT oms_command(\$\$$_\$\$) ->> 'token')) } @commands;
my $token = $results[-1];
my $position = sql(q(SELECT oms.current_position('order')));

# Rows of our types that were stored before their tables got another shape, and after it lost that again.
sql(q(CREATE SCHEMA attack; GRANT USAGE ON SCHEMA attack TO PUBLIC));
my @kinds = qw(orders executions quote_requests quotes);
sql("CREATE TABLE attack.old_$_ (v oms.$_); INSERT INTO attack.old_$_ SELECT t FROM oms.$_ AS t WHERE t.account = 'A'; INSERT INTO attack.old_$_ VALUES (jsonb_populate_record(NULL::oms.$_, '{}')); GRANT SELECT ON attack.old_$_ TO PUBLIC;
	ALTER TABLE oms.$_ ADD COLUMN theirs text, ADD COLUMN gone bigint, ADD COLUMN last int[]; ALTER TABLE oms.$_ DROP COLUMN gone") foreach @kinds;

# One call, undone whatever it did: its SQLSTATE, and what it gave or said.
sql(q(
	CREATE FUNCTION attack.one(call text, is_procedure boolean, shows boolean, OUT state text, OUT said text) LANGUAGE plpgsql AS $$
	DECLARE
	  given text;
	  detail text;
	  hint text;
	  told text;
	BEGIN
	  IF is_procedure THEN EXECUTE 'CALL ' || call;
	  ELSIF shows THEN EXECUTE 'SELECT string_agg(left(s.r::text, 20000), E''\n'') FROM (SELECT ' || call || ' AS r LIMIT 100) AS s' INTO given;
	  ELSE EXECUTE 'SELECT count(*) FROM (SELECT ' || call || ' LIMIT 100) AS s' INTO given;
	  END IF;
	  RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = 'given: ' || coalesce(given, 'null');
	EXCEPTION WHEN OTHERS THEN
	  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, told = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	  said := concat_ws(E'\n', told, detail, hint);
	END $$;
	GRANT EXECUTE ON FUNCTION attack.one(text, boolean, boolean) TO PUBLIC));

# ---- what they are called with: the first is what they expect --------------------------------------------------------

my %of_type = (
	text => [ "'A1'", 'NULL', "''", "repeat('x', 300000)", "E'\\x01|8=FIX|='", "'%s%n%1\$s'", q('{"a": [1]}'), q($t$'; SELECT 1/0 --"$t$), "U&'\\FFFD\\+01D11E'", "'B1'" ],
	jsonb => [ "'{}'", 'NULL', "'null'", "'[]'", "'\"x\"'", "'1e200'", "jsonb_build_object('commandType', repeat('x', 900000))", "(repeat('[', 3000) || repeat(']', 3000))::jsonb",
		map { "\$j\$$_\$j\$" } $commands[0] =~ s/A1/A9/r, '{"commandType": "CancelOrderCommand", "orderId": "B1"}', '[{"commandType": "CreateOrderCommand", "orderId": null}, null, 3]',
		'{"where": {"orderId": {"like": "%"}}, "limit": 3}', '{"orderId": "A1", "symbol": 3, "orderQty": "NaN", "account": {}, "side": []}' ],
	boolean => [ 'true', 'NULL', 'false' ],
	integer => [ '1', 'NULL', '0', '-1', '2147483647', '(-2147483648)' ],
	bigint => [ '1', 'NULL', '0', '-1', '9223372036854775807', '(-9223372036854775808)' ],
	numeric => [ '1.5', 'NULL', "'NaN'", "'Infinity'", '1e30000', '-0.0000000000000000000000000000000000000001' ],
	'timestamp with time zone' => [ 'now()', 'NULL', "'infinity'", "'-infinity'", "'4713-01-01 BC'", "'294276-12-31'" ],
	date => [ "'2026-03-02'", 'NULL', "'infinity'", "'-infinity'", "'4713-01-01 BC'", "'5874897-12-31'" ],
	interval => [ "'1 hour'", 'NULL', "'0'", "'-178000000 years'", "'178000000 years'", "'2147483647 days'", "'1 microsecond'" ],
	bytea => [ "'8=FIX'", 'NULL', "''", "'\\x00ff'", "convert_to(repeat('8=FIX|', 50000), 'UTF8')" ],
	'text[]' => [ "'{A1}'", 'NULL', "'{}'", "'{NULL}'", "'{{a,b},{c,d}}'", "array_fill('x'::text, '{50000}')", "'[-5:-4]={a,b}'" ],
	name => [ "'oms_events'", 'NULL', "''", q('a"b;c') ],
	regclass => [ "'oms.order_events'", 'NULL', "'pg_class'", '0', '4294967295' ],
	oid => [ '1', 'NULL', '0', '4294967295' ],
	xid8 => [ "'1000'", 'NULL', "'0'", "'18446744073709551615'" ],
	pg_lsn => [ "'0/1'", 'NULL', "'FFFFFFFF/FFFFFFFF'" ],
	cstring => [ "'{}'", 'NULL', "''", "'x'" ],
	oms_spec => [ "'{}'", 'NULL', q('{"where": {"symbol": {"like": "%"}}}'), q('{"where": {"nothing": 1}}'), q('{"where": {"orderQty": "x"}}') ],
	anyelement => [ '1', "'x'::text", 'ROW(1, 2)', 'NULL::oms.orders' ],
	(map { ("oms.$_" => [ "(SELECT v FROM attack.old_$_ LIMIT 1)", "NULL::oms.$_", "jsonb_populate_record(NULL::oms.$_, '{\"id\": \"x\"}')", "(SELECT v FROM attack.old_$_ OFFSET 1 LIMIT 1)" ]) } @kinds));
my %of_name = (
	object => [ "'order'", "'execution'", "'orders'" ], position => [ "'$position'", "'$token'", "left('$position', 30)", "'$position' || 'A'" ], token => [ "'$token'", "'$position'" ],
	at => [ "'$position'", "'yesterday'" ], message => [ "'8=FIX.4.4|9=5|35=0|10=163|'" ], measure => [ "'orders'", "'executed_quantity'" ], query => [ "'SELECT 1'" ], holder => [ "'ORDER'" ],
	field => [ "'orderQty'" ], attribute => [ "'sector'" ], command_type => [ "'CreateOrderCommand'" ], account => [ "'A'", "'%'", "'B'" ], role => [ "'oms_reader'" ], class => [ "'equity'" ],
	'with' => [ "'{symbol}'" ]);

sub values_of
{
	my ($name, $type) = @_;
	my $known = $of_type{$type} // ($type =~ /^(.*)\[\]$/ ? [ "'{}'", 'NULL', "'{NULL}'" ] : [ 'NULL' ]);
	my @mine = ($type eq 'text' || $type eq 'name' ? @{ $of_name{$name} // [] } : (), @$known);

	return map { /^NULL::|^\(SELECT|^jsonb_pop/ || $type eq 'anyelement' ? $_ : "($_)::$type" } @mine;
}

# All of them as they expect it; all null; each value of each argument beside what is expected; any together: as many as there is time for.
sub calls_of
{
	my ($function, $arguments, $is_variadic) = @_;
	my @choices = map { [ values_of(@$_) ] } @$arguments;
	my @expected = map { $_->[0] } @choices;
	my @nulls = map { my $type = $_->[1]; $type =~ /^any/ ? 'NULL' : "NULL::$type" } @$arguments;
	my @more;

	foreach my $n (0 .. $#choices)
	{
		foreach my $value (@{ $choices[$n] }[1 .. $#{ $choices[$n] }])
		{
			my @one = @expected;
			$one[$n] = $value;
			push @more, \@one;
		}
	}
	push @more, [ map { $_->[ rand @$_ ] } @choices ] foreach 1 .. (@choices > 1 ? 6 : 0);
	@more = map { $_->[1] } sort { $a->[0] <=> $b->[0] } map { [ rand, $_ ] } @more;
	my %seen;
	return grep { !$seen{$_}++ } map { my @a = @$_; $a[-1] = "VARIADIC $a[-1]" if $is_variadic; "$function(" . join(', ', @a) . ')' } \@expected, @choices ? \@nulls : (), splice @more, 0, $calls_each;
}

# Heavy by themselves: written for tests, and asked of PUBLIC's own processor time.
my @functions = map { my @f = split /\|/, $_, -1; { oid => $f[0], call => $f[1], kind => $f[2], shows => $f[3] eq 't', variadic => $f[4] eq 't', arguments => [ map { [ split /\t/ ] } split /\n?\x02/, $f[5] ] } } split /\x03\n?/, sql(q(
	SELECT concat_ws('|', p.oid, format('%I.%I', n.nspname, p.proname), p.prokind,
	                 t.typtype <> 'p' OR t.typname IN ('record', 'cstring', 'anyelement'), p.provariadic <> 0,
	                 (SELECT string_agg(coalesce(p.proargnames[a.n], '') || E'\t' || format_type(a.type, NULL), E'\x02' ORDER BY a.n) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a (type, n))) || E'\x03'
	  FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'oms_state'
	  JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
	  JOIN pg_namespace AS n ON n.oid = p.pronamespace
	  JOIN pg_type AS t ON t.oid = p.prorettype
	 -- what takes `internal` cannot be called from SQL: no value has that type
	 WHERE d.deptype = 'e' AND p.proargtypes[0] IS DISTINCT FROM 'internal'::regtype AND p.proname NOT IN ('generate_transition_tests', 'test_transition_lines', 'test_cases', 'test_outcomes')
	 ORDER BY p.oid::regprocedure::text));
cmp_ok(scalar @functions, '>', 200, 'all functions of the extension');

# ---- the calls -------------------------------------------------------------------------------------------------------

# Contract section 6; data (22), rights, what is not supported, what is too complex, too late or in no state for it, a trigger protocol, a transaction that is in the way.
my $welcome = qr/^(?:ZZ000|OM0(?:0[1-9]|1[0-2])|22...|42501|0A000|5400.|57014|55000|55P03|39P01|25001|2D000)$/;

# What else some may say: of a predicate that is none what the parser says of it; of a role, a slot or a publication what the server says of its name.
my %also = ((map { $_ => qr/^42(?:601|703|883|804|725)$/ } qw(predicate_compared predicate_rows test_rules test_rule_cases test_rule_gaps test_rule_lines test_prologue)),
	grant_account => qr/^42704$/, forget_kind => qr/^55006$/, (map { $_ => qr/^42(?:601|602)$/ } qw(create_slot drop_slot check_slot check_slot_caller commit_publication repair_publication)),
	# the owner's alone, and parts of others
	make_class_view => qr/^42601$/, append_anchor_record => qr/^23502$/);

sub attack
{
	my ($user, $dbh) = @_;
	my ($calls, $reached, @bad) = (0, 0);

	$dbh->do('SET statement_timeout = 8000');
	$dbh->do('SET client_min_messages = error');
	foreach my $function (@functions)
	{
		my $first = 1;
		foreach my $call (calls_of($function->{call}, $function->{arguments}, $function->{variadic}))
		{
			my ($state, $said) = eval { $dbh->selectrow_array('SELECT * FROM attack.one($1, $2, $3)', undef, $call, $function->{kind} eq 'p' ? 't' : 'f', $function->{shows} ? 't' : 'f') };

			($state, $said) = ($dbh->state || 'none', $dbh->errstr // $@) unless defined $state;
			$calls++;
			# what is of the other account, and not said by the call
			push @bad, sprintf 'leak: %s: %s', $call, substr $said, 0, 300 if $user =~ /^limited|^stranger/ && $said =~ /SECRET-?(?:E-)?B/;
			push @bad, sprintf '%s: %s: %s', $state, (length $call > 200 ? substr($call, 0, 200) . '…' : $call), substr $said, 0, 300 unless $state =~ $welcome || $state =~ ($also{ $function->{call} =~ s/^\w+\.//r } // qr/^$/);
			return ($calls, $reached, @bad, 'the session is gone') unless $dbh->ping;
			# whom rights keep from the function are kept from it whatever he gives
			last if $first && $state eq '42501' && $said =~ /^permission denied for (?:function|procedure|schema)/;
			$reached++ if $first;
			$first = 0;
		}
	}
	# of each function and error the first one
	my %told;
	return ($calls, $reached, grep { !$told{ join ' ', /^(\w+): ([\w.]+)/ }++ } @bad);
}

my $owner = sql('SELECT current_user');
foreach my $user ('stranger', (map { "a_$_" } qw(reader trader desk admin bridge)), (map { "limited_$_" } qw(reader trader desk)), 'login_proxy', $owner)
{
	my ($calls, $reached, @bad) = attack($user, oms_dbh($node, user => $user));

	is(join("\n", @bad), '', $user eq $owner ? "the owner: $calls calls of $reached functions, seed $seed" : "$user: $calls calls of $reached functions, seed $seed");
}

# ---- trigger functions, on a table that is none of ours ---------------------------------------------------------------

my @triggers = split /\n/, sql(q(SELECT p.oid::regprocedure FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'oms_state'
	JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid WHERE d.deptype = 'e' AND p.prorettype = 'trigger'::regtype ORDER BY 1));
sql('GRANT CREATE ON SCHEMA attack TO stranger; CREATE TABLE attack.t (id text, name text, session text, definition integer, predicate bytea)');
my $stranger = oms_dbh($node, user => 'stranger');
$stranger->do('CREATE TABLE attack.own (id text)');
is(join(' ', map { eval { $stranger->do("CREATE TRIGGER x BEFORE INSERT ON attack.own FOR EACH ROW EXECUTE FUNCTION $_"); $_ } // () } @triggers), '', 'nobody may take a trigger function of ours for a table of his');
my @wrong;
foreach my $function (@triggers)
{
	foreach my $when (map { my $time = $_; map { "$time $_" } 'ROW', 'STATEMENT' } 'BEFORE', 'AFTER')
	{
		my ($time, $level) = split / /, $when;
		my $dbh = oms_dbh($node, user => $owner);

		$dbh->do("CREATE TRIGGER x $time INSERT OR UPDATE OR DELETE ON attack.t FOR EACH $level EXECUTE FUNCTION $function");
		$dbh->do("CREATE TRIGGER y $time TRUNCATE ON attack.t FOR EACH STATEMENT EXECUTE FUNCTION $function");
		foreach my $statement (q(INSERT INTO attack.t VALUES ('a', NULL, '', 1, '\\x00'), (NULL, NULL, NULL, NULL, NULL)), q(UPDATE attack.t SET name = repeat('x', 100000)), 'DELETE FROM attack.t', 'TRUNCATE attack.t')
		{
			my $state = eval { $dbh->do($statement); 'ZZ000' } // $dbh->state;
			# in PL/pgSQL a column that is not there is PostgreSQL's to tell
			push @wrong, "$function, $when, $statement: $state" unless $state =~ $welcome || $state eq '42703';
			last unless $dbh->ping;
		}
		$dbh->do('DROP TRIGGER x ON attack.t; DROP TRIGGER y ON attack.t; TRUNCATE attack.t');
		$dbh->disconnect;
	}
}
is(join("\n", @wrong), '', scalar(@triggers) . ' trigger functions, on another table, at any time');

is(sql('SELECT count(*) FROM oms.verify()'), 0, 'nothing is broken');
unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC|TRAP:/, 'and nothing has crashed');

done_testing();
