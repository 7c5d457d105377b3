# Predicates of rules that want more than to say true or false: each is refused when it is stored (OM011), before anything of anybody's has run; and what
# may be stored is bounded by statement_timeout, says the same in every session, and acts for nobody.
# Broken by: a name that is looked up before it is looked at (a literal of a type of somebody's runs that type's checks); a function, operator, type or
# collation by another spelling; a search_path; an operator's function that is not asked about; an error, a cancel or a full memory taken for an answer.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $node = oms_node('rule_attacks');
sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }

# Whatever of these runs leaves a trace that no rollback takes away.
sql(<<'SQL');
CREATE SCHEMA evil;
CREATE SEQUENCE evil.touched;
CREATE FUNCTION evil.touch(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM nextval('evil.touched'); RETURN true; END $$;
CREATE FUNCTION evil.definer(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER AS $$ BEGIN PERFORM nextval('evil.touched'); RETURN true; END $$;
CREATE FUNCTION evil.equal(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM nextval('evil.touched'); RETURN true; END $$;
CREATE FUNCTION evil.equal(jsonb, integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM nextval('evil.touched'); RETURN true; END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.equal);
CREATE OPERATOR evil.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.equal);
CREATE DOMAIN evil.checked AS text CHECK (evil.touch(VALUE));
CREATE DOMAIN evil.number AS numeric CHECK (VALUE > 0);
CREATE TYPE evil.pair AS (a evil.checked, b evil.checked);
CREATE TYPE evil.mood AS ENUM ('sad', 'glad');
CREATE FUNCTION evil.of_pair(evil.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION evil.limit_of(text, text, text) RETURNS numeric LANGUAGE sql STABLE AS 'SELECT 1.0 FROM nextval(''evil.touched'')';
CREATE FUNCTION evil.upper(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''x'' FROM nextval(''evil.touched'')';
CREATE CAST (jsonb AS evil.pair) WITH INOUT AS IMPLICIT;
CREATE COLLATION evil.c FROM "C";
-- as a superuser may: in pg_catalog itself, also what fits better than the server's own
CREATE FUNCTION pg_catalog.abs(jsonb) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM nextval('evil.touched'); RETURN 1; END $$;
CREATE FUNCTION pg_catalog.upper(varchar) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM nextval('evil.touched'); RETURN 'x'; END $$;
CREATE OPERATOR pg_catalog.@> (LEFTARG = jsonb, RIGHTARG = integer, FUNCTION = evil.equal);
ALTER TABLE oms.orders ADD COLUMN mine evil.checked;
SQL

sub store
{
	my ($predicate, $before) = @_;
	my ($status, $out, $error) = $node->psql('postgres', ($before // '') . "\nINSERT INTO oms.validation_rules (name, object, predicate, message) VALUES ('r', 'order', \$p\$$predicate\$p\$, 'no');",
		on_error_stop => 1, extra_params => ['-v', 'VERBOSITY=verbose']);

	return $status == 0 ? 'stored' : ($error =~ /ERROR:\s+(\w{5})/)[0] // $error;
}

my @attacks = split /\n/, <<'ATTACKS';
EXISTS (SELECT FROM oms.orders)
(SELECT true)
cur.id IN (SELECT id FROM oms.orders)
cur.id = ANY (SELECT id FROM oms.orders)
cur.id = ANY (ARRAY(SELECT id FROM oms.orders))
(VALUES (true))
(TABLE oms.orders) IS NULL
(WITH x AS (DELETE FROM oms.orders RETURNING id) SELECT true FROM x)
CASE WHEN (SELECT true) THEN true END
command ->> (SELECT 'x') = 'x'
command['a'][(SELECT 1)] IS NULL
count(*) > 0
bool_and(true)
max(cur.price) > 0
count(*) FILTER (WHERE true) > 0
row_number() OVER () > 0
sum(1) OVER (ORDER BY cur.price) > 0
percentile_cont(0.5) WITHIN GROUP (ORDER BY 1) > 0
upper(DISTINCT 'x') = 'X'
generate_series(1, 1000000000) > 0
unnest(ARRAY[true])
jsonb_array_elements(command) IS NULL
jsonb_each(command) IS NULL
regexp_matches('a', 'a') IS NULL
random() > 0.5
clock_timestamp() > now()
nextval('evil.touched') > 0
pg_catalog.nextval('evil.touched') > 0
currval('evil.touched') > 0
lastval() > 0
gen_random_uuid() IS NOT NULL
txid_current() > 0
pg_sleep(1000) IS NULL
pg_read_file('/etc/passwd') <> ''
pg_ls_dir('/') IS NULL
lo_import('/etc/passwd') > 0
set_config('oms_state.command_size', '1', false) IS NULL
current_setting('is_superuser') = 'on'
pg_notify('x', 'y') IS NULL
pg_terminate_backend(1)
pg_advisory_lock(1) IS NULL
pg_reload_conf()
query_to_xml('SELECT 1', true, true, '') IS NULL
table_to_xml('oms.orders', true, true, '') IS NULL
database_to_xml(true, true, '') IS NULL
has_table_privilege('oms.orders', 'SELECT')
pg_get_userbyid(10) = 'x'
pg_table_size('oms.orders') > 0
txid_status(1) IS NULL
current_user = 'x'
session_user = 'x'
current_catalog = 'x'
current_schema = 'x'
user = 'x'
evil.touch('x')
evil.definer('x')
evil.upper('x') = 'x'
touch('x')
evil.limit_of('a', 'b', 'c') > 0
evil.registered('a')
recent_like(command, '1 day')
oms.registered(command ->> 'text')
oms.registered('a' || 'b')
oms.registered(name => 'a')
oms.registered()
oms.recent_like(command)
oms.opposite_live('x')
oms.opposite_live(cur)
oms.day_quantity(command, 'x')
oms.current_actor() = 'x'
oms.verify() IS NULL
oms.ensure_partitions() IS NULL
public.oms_command(command) IS NULL
oms.check_rules(command) IS NULL
oms.configuration_changed() IS NULL
'x' OPERATOR(evil.=) 'x'
'x' OPERATOR(evil.===) 'x'
'x' === 'x'
command @> 1
abs(command) > 0
upper('x'::varchar) = 'x'
'x'::evil.checked = 'x'
CAST('x' AS evil.checked) IS NOT NULL
evil.checked 'x' IS NULL
'(a,b)'::evil.pair IS NULL
evil.of_pair('(a,b)')
('(a,b)'::evil.pair).a = 'x'
'{"(a,b)"}'::evil.pair[] IS NULL
1::evil.number > 0
'sad'::evil.mood IS NULL
cur.mine = 'x'
(cur).mine = 'x'
cur = '(,,,,,,,,,,,,,)'
cur IS DISTINCT FROM parent
ROW(cur.id, cur.symbol) = ROW('a', 'b')
row_to_json(cur) IS NULL
to_jsonb(cur) IS NULL
cur::text = 'x'
command::evil.pair IS NULL
(command).jsonb_pretty = 'x'
command.jsonb_pretty = 'x'
'oms.orders'::regclass IS NULL
'evil.touch'::regproc IS NULL
'1'::money IS NULL
'<a/>'::xml IS NULL
xmlparse(DOCUMENT '<a/>') IS NULL
'1.1.1.1'::inet IS NULL
B'1' = B'1'
1.0::float8 > 0
'a'::tsvector @@ 'a'::tsquery
command @@ '$.a == 1'
command @? '$.a'
jsonb_path_exists(command, '$.a ? (@ like_regex "(a*)*b")')
'x' COLLATE evil.c = 'x'
repeat('x', 1000000000) = 'x'
lpad('x', 1000000000) = 'x'
rpad('x', 1000000000) = 'x'
replace(command::text, 'a', command::text) = 'x'
regexp_replace(command::text, '(a*)*b', '') = 'x'
substring(command ->> 'a' FROM command ->> 'b') = 'x'
string_to_array(command::text, NULL) IS NULL
format('%1000000000s', 'x') = 'x'
to_char(1, 'x') = 'x'
array_fill(1, ARRAY[100000000]) IS NULL
10 ^ 100000 > 0
factorial(100000) > 0
power(10.0, 100000) > 0
exp(5000.0) > 0
command ->> 'a' ~ (command ->> 'b')
command ->> 'a' LIKE (command ->> 'b')
command ->> 'a' LIKE 'a' ESCAPE (command ->> 'b')
command ->> 'a' SIMILAR TO '(a*)*b'
command ->> 'a' ~ ANY (ARRAY['a', command ->> 'b'])
now() > 'now'::timestamptz
now() > 'today'
now() > timestamptz 'tomorrow'
current_date > 'YESTERDAY'
current_date > E'to\x64ay'
current_date > U&'to\0064ay'
current_date = ANY ('{today}')
pg_catalog.concat(VARIADIC ARRAY['a']) = 'a'
jsonb_extract_path(command, VARIADIC ARRAY['a']) IS NULL
$1
:x
cur.*
*
oms.orders.id = 'x'
postgres.oms.orders.id = 'x'
true INTO x
true UNION SELECT true
true LIMIT 1
true FOR UPDATE
true; SELECT true
true -- x
ATTACKS
pop @attacks;
push @attacks, '(' x 8000 . 'true' . ')' x 8000, 'NOT ' x 4000 . 'true', '/* ' . 'x' x 9000 . ' */ true';

# A comment is no attack, and the last of the list shows that what is refused is not everything.
is(store('true -- x'), 'stored', 'a comment is one');
sql('DELETE FROM oms.validation_rules WHERE NOT builtin');
for my $attack (@attacks)
{
	is(store($attack), 'OM011', 'refused: ' . substr($attack, 0, 100));
}
is(store($_, 'SET search_path = evil, public, pg_catalog;'), 'OM011', "refused, whatever the search_path: $_") for "touch('x')", "'x' === 'x'", "'x'::checked = 'x'", "limit_of('a', 'b', 'c') > 0";
is(sql('SELECT is_called FROM evil.touched'), 'f', 'and nothing of anybody\'s has run');

# What looks like the server's own is, whatever stands before it in the search_path, or in the temporary schema.
is(store($_->[0], "SET search_path = evil, public, pg_catalog; CREATE DOMAIN pg_temp.numeric AS text CHECK (evil.touch(VALUE)); CREATE FUNCTION pg_temp.upper(text) RETURNS text LANGUAGE sql AS 'SELECT NULL::text FROM nextval(''evil.touched'')';"),
	'stored', "with decoys: $_->[0]") && sql("DELETE FROM oms.validation_rules WHERE name = 'r'")
	for ["upper('x') = 'X' AND 'x' = 'x'"], ["(command ->> 'orderQty')::numeric > 0"];
is(sql('SELECT is_called FROM evil.touched'), 'f', 'the decoys did not run');

# What a desk needs.
for my $good (split /\n/, <<'GOOD')
true
NOT (cur IS NULL) OR parent IS NOT NULL
cur.order_qty * 1.5 >= (command ->> 'orderQty')::numeric
coalesce((command -> 'price')::numeric, 0) BETWEEN 0 AND 100
command #>> '{attributes,sector}' IN ('TECH', 'BANK')
command['attributes']['sector'] = '"TECH"'
command @> '{"side": "BUY"}' AND command ? 'price' AND command ?| ARRAY['a', 'b']
cur.flags && ARRAY['LATE_FILL'] OR 'MANUAL' = ANY (cur.flags)
cardinality(cur.flags) = 0 OR cur.flags[1] = 'MANUAL'
cur.symbol LIKE 'A%' AND cur.symbol !~ '^Z' AND starts_with(cur.symbol, 'A') AND cur.symbol ^@ 'A'
CASE cur.side WHEN 'BUY' THEN true ELSE (cur).price > 0 END
greatest(cur.price, cur.stop_px, 1) < 100 AND nullif(cur.price, 0) IS NOT NULL
now() - cur.created_at < interval '5 minutes' AND cur.created_at > now() - interval '1 day'
(now() AT TIME ZONE 'Europe/Zurich')::time BETWEEN '09:00' AND '17:30'
extract(isodow FROM current_date) < 6 AND date_trunc('day', now()) = current_date
(command ->> 'expireDate')::date > current_date
round(cur.price, 2) = cur.price AND cur.order_qty % 100 = 0 AND trunc(cur.order_qty) = cur.order_qty
length(command ->> 'text') < 100 AND upper(btrim(command ->> 'text')) <> ''
cur.id = split_part(command ->> 'orderId', '-', 1) AND strpos(cur.id, 'x') = 0 AND position('x' IN cur.id) = 0
(cur.price > 0) IS NOT FALSE AND cur.price IS DISTINCT FROM parent.price
jsonb_array_length(command -> 'children') <= 10 AND jsonb_typeof(command -> 'attributes') = 'object'
cur.symbol COLLATE "C" < 'M'
oms.limit_of(cur.account, cur.symbol, 'X') > 0 AND oms.reference_price(cur.symbol) > 0 AND oms.reference_price(cur.symbol, '1 hour') > 0
oms.recent_like(command, '1 day') AND oms.opposite_live(command) AND NOT oms.opposite_live(command, interval '1 day') AND oms.buys(command) IS NOT NULL
oms.day_quantity(command) > oms.day_value(command) + oms.order_value(command) + oms.notional(cur.symbol, cur.currency, 1, 2)
oms.order_type_allowed(cur.destination, command ->> 'ordType') AND oms.registered('anything')
NOT oms.restricted(symbol => 'x', account => 'y')
GOOD
{
	my $expected = $good =~ /=>/ ? 'OM011' : 'stored';
	is(store($good), $expected, "$expected: $good");
	sql('DELETE FROM oms.validation_rules WHERE NOT builtin');
}

# ---- while they are asked -------------------------------------------------------------------------------------------

# its check is the table's, and would run for each row
sql('ALTER TABLE oms.orders DROP COLUMN mine');

my $create = q({"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 1, "text": "%s"});
sub command
{
	my ($text, $before) = @_;
	my ($status, $out, $error) = $node->psql('postgres', ($before // '') . "\nSELECT oms_command('" . sprintf($create, $text) . "') #>> '{state,status}';", on_error_stop => 1, extra_params => ['-v', 'VERBOSITY=verbose']);

	return $status == 0 ? $out : ($error =~ /ERROR:\s+(\w{5})/)[0] // $error;
}

is(store(q{command ->> 'text' !~ '^(a*)(a*)(a*)(a*)(a*)c\1\2\3\4\5($|d)'}), 'stored', 'a pattern that is dear');
is(command('a' x 200 . 'c' . 'a' x 199, 'SET statement_timeout = 300;'), '57014', 'is bounded by statement_timeout, and no answer of the rule');
is(command('b'), 'NEW', 'and the next command goes on');
sql('DELETE FROM oms.validation_rules WHERE NOT builtin');

is(store(join(' || ', ("(command ->> 'text')") x 300) . " <> ''"), 'stored', 'one that makes much of little');
is(command('x' x 60000), 'NEW', 'as much as the predicate is long');
sql('DELETE FROM oms.validation_rules WHERE NOT builtin');

# Rights: a predicate is read as the owner would, whoever is asked.
sql(q{CREATE ROLE trader LOGIN; GRANT EXECUTE ON FUNCTION oms_command(jsonb) TO trader; INSERT INTO oms.limits VALUES ('', '', 'Q', 5)});
is(store("(command ->> 'orderQty')::numeric < oms.limit_of('a', 'b', 'Q')"), 'stored', 'a look-up');
is(command('x', 'SET ROLE trader;'), 'NEW', 'acts for a role that may neither call it nor read its table');
my ($status, $out, $error) = $node->psql('postgres', "SET ROLE trader; INSERT INTO oms.validation_rules (name, object, predicate, message) VALUES ('t', 'order', 'true', 'x')");
like($error, qr/permission denied for (table|schema)/, 'which makes no rules');
sql('REVOKE EXECUTE ON FUNCTION pg_catalog.upper(text) FROM PUBLIC');
sql('DELETE FROM oms.validation_rules WHERE NOT builtin');

# Told as an error: what would raise one, and what is gone.
is(store("1 / length(command ->> 'text') >= 0 AND upper(command ->> 'text') <> ''"), 'stored', 'a division');
is(command(''), 'OM005', 'by zero refuses');
is(command('x', 'SET ROLE trader;'), 'NEW', 'without one it passes, also where the caller may not call the function');
is(sql('SELECT count(*) FROM oms.orders'), sql('SELECT count(*) FROM oms.orders WHERE version = 1'), 'what was refused has left nothing');

# No transaction id for having been asked.
is(sql("SELECT count(*) FROM oms.check_rules('" . sprintf($create, '') . "') WHERE answer = 'ERROR'"), '1', 'check_rules tells it');
is(sql("BEGIN; SELECT count(*) FROM oms.check_rules('" . sprintf($create, '') . "'); SELECT pg_current_xact_id_if_assigned() IS NULL; COMMIT") =~ s/^\d+\n//r, 't', 'and takes no transaction id');
sql('ALTER TABLE oms.orders ADD COLUMN other integer DEFAULT 7');
is(command('x'), 'NEW', 'a changed table is no matter');
is(sql('SELECT is_called FROM evil.touched'), 'f', 'nothing of anybody\'s has run in all this');
$node->stop;
unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC|TRAP/, 'and no session has ended otherwise than it should');

done_testing();
