# Routing where regress cannot see it: who may submit and who may ask; a standby; more rules than an event tells, and rules that take a while; names that want
# to be more than names; statements that end in the middle.
# Broken by: a reader who cannot read why; an event that grows with the number of rules, or forgets the one that decided; a submit that a cancel leaves half
# done; a rule's name that becomes a part of a comparison.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $node = oms_node('routing', streaming => 1);
sub sql { my ($sql, $on) = @_; return ($on // $node)->safe_psql('postgres', $sql); }
sub failure { my ($sql) = @_; my ($status, $out, $error) = $node->psql('postgres', $sql); return $error; }
sub submit { my ($id, %fields) = @_; return 'oms_service(\'SubmitClientOrder\', $j$' . json()->encode({ orderId => $id, symbol => 'X', side => 'BUY', orderQty => 100, %fields }) . '$j$)'; }

# ---- who ------------------------------------------------------------------------------------------------------------

sql(q(SELECT oms.create_roles(); CREATE ROLE rita LOGIN IN ROLE oms_reader; CREATE ROLE tom LOGIN IN ROLE oms_trader; CREATE ROLE nobody LOGIN;
	INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES ('large', 10, 'cur.order_qty > 1000', 'DESK', 'large')));
is(sql('SET ROLE tom; SELECT ' . submit('A', orderQty => 2000, commandId => 'a') . q( #>> '{routing,action}')), 'DESK', 'a trader submits');
is(sql('SET ROLE tom; SELECT ' . submit('B') . q( #>> '{routing,action}')), 'AUTO', 'and what is placed needs no other right');
is(sql(q(SELECT string_agg(concat_ws(' ', event_type, actor = session_user, role), ', ' ORDER BY tree_version) FROM oms.order_events WHERE root_id IN ('A', 'B') AND aggregate_id = root_id)),
	'OrderCreated t tom, OrderCreated t tom, OrderSentToDesk t tom, OrderPlaced t tom', 'he did it all');
like(failure('SET ROLE rita; SELECT ' . submit('C')), qr/permission denied for function oms_service/, 'a reader does not');
is(sql(q(SET ROLE rita; SELECT string_agg(concat_ws(' ', at, rule, answer, saw), ', ' ORDER BY at DESC) FROM oms.explain_routing('A'))),
	'THEN large TRUE {"cur.orderQty": 2000}, NOW large TRUE {"cur.orderQty": 2000}', 'and reads why');
like(failure(q(SET ROLE nobody; SELECT * FROM oms.ask_routing('A'))), qr/permission denied/, 'nobody else does');
like(failure(q(SET ROLE tom; INSERT INTO oms.routing_rules (name, priority, predicate, reason) VALUES ('mine', 0, 'false', 'x'))), qr/permission denied/, 'who submits does not say where to');

# ---- many, and slow ones --------------------------------------------------------------------------------------------

sql(q(INSERT INTO oms.routing_rules (name, priority, predicate, action, reason)
	SELECT 'r' || lpad(n::text, 4, '0'), n, format('cur.order_qty = %s AND cur.price > 1 AND command ->> ''text'' IS NULL', n), CASE WHEN n % 2 = 0 THEN 'DESK' ELSE 'AUTO' END, repeat('why ', 200)
	  FROM generate_series(1, 1000) AS n));
is(sql('SELECT ' . submit('M', orderQty => 999, price => 2) . q( -> 'routing' ->> 'rule')), 'r0999', 'of a thousand rules the last but one decides');
my ($told, $size, $last) = split /\|/, sql(q(SELECT jsonb_array_length(payload -> 'findings'), length((payload -> 'findings')::text), (payload -> 'findings' -> -2 ->> 'rule') || ', ' || (payload -> 'findings' -> -1 ->> 'rule') FROM oms.order_events WHERE aggregate_id = 'M' AND version = 2));
ok($told > 5 && $size < 20_000, "the event tells $told of them, in $size bytes");
is($last, 'r0999, whole', 'with the one that decided, and the policy that placed');
is(sql(q(SELECT count(*) FROM oms.explain_routing('M') WHERE matched)), '2', 'and so does who asks');
sql(q(DELETE FROM oms.routing_rules WHERE NOT builtin));

# A cancel while rules are asked leaves nothing: neither the order, nor what it was to become.
sql(q(INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES ('slow', 1, $$command ->> 'text' ~ '^(a*)(a*)(a*)(a*)(a*)c\1\2\3\4\5($|d)'$$, 'DESK', 'x')));
like(failure(q(SET statement_timeout = '300ms'; SELECT ) . submit('S', commandId => 's', text => 'a' x 200 . 'c' . 'a' x 199)), qr/statement timeout/, 'a rule takes a while, and is cancelled: no answer');
is(sql(q(SELECT count(*) FROM oms.orders WHERE id = 'S')), '0', 'then there is no order');
is(sql('SELECT ' . submit('S', commandId => 's') . q( #>> '{routing,action}')), 'AUTO', 'and its commandId is free');
sql(q(DELETE FROM oms.routing_rules WHERE NOT builtin));

# ---- names ----------------------------------------------------------------------------------------------------------

my @names = ("a/b", 'a\\b', "a'b", 'a"b', '%', 'ä€', '{}');
my $number = 0;
for my $name (@names)
{
	$number++;
	sql(qq(INSERT INTO oms.routing_rules (name, priority, predicate, action, reason) VALUES (\$n\$$name\$n\$, $number, 'cur.order_qty = $number', 'DESK', \$n\$$name\$n\$)));
	is(sql('SELECT ' . submit("N$number", orderQty => $number) . q( #>> '{state,deskReason}')), $name, "a rule of the name $name");
	sql(qq(UPDATE oms.routing_rules SET priority = 100 + $number WHERE name = \$n\$$name\$n\$));
	is(sql(qq(SELECT string_agg(priority::text, ' ' ORDER BY at DESC) FROM oms.explain_routing('N$number') WHERE rule = \$n\$$name\$n\$)), "$number " . (100 + $number), 'has the priority that it had, and has');
}

# ---- a standby ------------------------------------------------------------------------------------------------------

$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
sql('SELECT ' . submit('Z', orderQty => 3));
$node->wait_for_catchup($standby);
my $explain = q(SELECT string_agg(concat_ws(' ', at, n, rule, answer, saw), E'\n' ORDER BY at, n) FROM oms.explain_routing('Z'));
is(sql($explain, $standby), sql($explain), 'a standby explains as the primary does');
like(($standby->psql('postgres', 'SELECT ' . submit('Y')))[2], qr/cannot execute oms_service\(\) in a read-only transaction/, 'and submits nothing');
$standby->stop;

is(sql('SELECT count(*) FROM oms.verify()'), '0', 'all is as it should be');
done_testing();
