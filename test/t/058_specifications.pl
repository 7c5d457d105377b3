# Random specifications over random rows: oms_query, oms.find_<kinds>, oms.query_count, oms.matches and oms.matches_state against a condition of SQL
# that this test writes itself; and the builder against JSON.
# Broken by: an operator, a type or a cast that one of them has otherwise; null where another has false; a name, number, date or time that is read
# otherwise; a list, a path into a document, an attribute that its class types; a normal form that means something else than what was written.
#
# make test always begins with the same seed; OMS_SEED=n repeats another one, OMS_CASE=n drives that case alone. What differs is shrunk to a
# part of the condition that differs by itself. OMS_SECONDS overrides the length.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);

use OmsTest;

my $SEED = first_seed();
my $SECONDS = $ENV{OMS_SECONDS} // rounds(10, 600);
my $ROWS = 120;

# Letters beyond ASCII have an upper case there, for ILIKE.
my $node = oms_node('specifications', extension => 0);
$node->safe_psql('postgres', q(CREATE DATABASE specs TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'));
$node->safe_psql('specs', 'CREATE EXTENSION oms_state');
my $dbh = oms_dbh($node, dbname => 'specs');

sub pick { return $_[ int rand @_ ]; }
sub chance { my ($percent) = @_; return rand(100) < $percent; }
sub json_text { my ($text) = @_; return json()->allow_nonref->encode("$text"); }
sub literal { my ($text) = @_; return defined $text ? $dbh->quote($text) : 'NULL'; }

# ------------------------------------------------------------------------
# what there is
# ------------------------------------------------------------------------

# Values of each type, few, so that they meet.
my @TEXTS = ('A', 'a', 'AB', 'aB', 'A%', 'A_B', 'x y', "O'Neil", "\x{c4}rger", "\x{e4}rger", '10', '9', '', 'null');
my @NUMBERS = ('0', '1', '1.5', '-3', '100', '100.25', '9007199254740993', '0.000000001');
my @WHOLE = (1, 2, 3, 100);
my @DATES = ('2026-03-01', '2026-03-02', '2025-12-31', '0999-01-01');
my @TIMES = ('2026-03-02T09:30:00.000000Z', '2026-03-02T09:30:00.250000Z', '2026-03-01T23:59:59.999999Z', '1999-12-31T00:00:00.000000Z');
my @SIDES = ([ 'BUY', 'buy', '1', 'Buy' ], [ 'SELL', '2', 'sell' ], [ 'SELL_SHORT', 'sell short', '5' ], ['ODD SIDE']);
my @TIFS = ([ 'DAY', '0', 'Day' ], [ 'GOOD_TILL_CANCEL', 'GTC', 'good-till-cancel', '1' ]);
my %STATUS = (
	order => [ [ 'NEW', 'new', '0' ], [ 'PARTIALLY_FILLED', 'Partially Filled', '1' ], [ 'CANCELLED', 'Canceled', 'cancelled', '4' ], [ 'FILLED', '2' ] ],
	execution => [ [ 'REVIEW', 'Review' ], [ 'VALIDATED', 'validated' ], ['BUSTED'] ],
	quote_request => [ [ 'NEW', 'New' ], ['QUOTED'], [ 'CANCELLED', 'Canceled' ] ],
	quote => [ [ 'ACTIVE', 'active' ], ['DECLINED'], [ 'CANCELLED', 'canceled' ] ]);
my @FLAGS = ([ 'LATE_FILL', 'late fill' ], ['RULE'], [ 'MANUAL', 'manual' ]);
my @CONDITIONS = ([ 'NEW', 'new' ], ['PENDING_CANCEL'], ['SUSPENDED']);

# The fields of each kind: name, column, type, values. What a row must have stands in required().
my %FIELDS = (
	order => [
		[qw(orderId id text)], [qw(clOrdID cl_ord_id text)], [ qw(account account text), \@TEXTS ], [ qw(symbol symbol text), \@TEXTS ], [ qw(text text text), \@TEXTS ],
		[ qw(assetClass asset_class text), [ 'spec_prop', 'spec_other' ] ], [ qw(status status name), $STATUS{order} ], [ qw(side side name), \@SIDES ], [ qw(timeInForce time_in_force name), \@TIFS ],
		[ qw(orderQty order_qty number), \@NUMBERS ], [ qw(price price number), \@NUMBERS ], [ qw(executedQuantity executed_quantity number), \@NUMBERS ],
		[ qw(version version number), \@WHOLE ], [ qw(liveBlocks live_blocks number), \@WHOLE ], [ qw(expireDate expire_date date), \@DATES ],
		[ qw(createdAt created_at time), \@TIMES ], [ qw(expireTime expire_time time), \@TIMES ], [ qw(closed closed boolean) ],
		[qw(clOrdIDs id ever)], [ qw(flags flags texts), \@FLAGS ], [ qw(conditions conditions texts), \@CONDITIONS ], [ qw(blockOrderIds block_order_ids json_texts), [ map { [$_] } 'B1', 'B2', "B'3" ] ],
		[ qw(members members document) ], [ qw(attributes attributes document) ] ],
	execution => [
		[qw(executionId id text)], [ qw(orderId order_id text), \@TEXTS ], [ qw(symbol symbol text), \@TEXTS ], [ qw(status status name), $STATUS{execution} ], [ qw(side side name), \@SIDES ],
		[ qw(lastQty last_qty number), \@NUMBERS ], [ qw(cumQty cum_qty number), \@NUMBERS ], [ qw(tradeDate trade_date date), \@DATES ], [ qw(transactTime transact_time time), \@TIMES ],
		[ qw(flags flags texts), \@FLAGS ], [ qw(authors authors json_texts), [ map { [$_] } 'ann', 'ben' ] ], [ qw(attributes attributes document) ] ],
	quote_request => [
		[qw(quoteRequestId id text)], [qw(quoteReqID quote_req_id text)], [ qw(symbol symbol text), \@TEXTS ], [ qw(status status name), $STATUS{quote_request} ], [ qw(side side name), \@SIDES ],
		[ qw(orderQty order_qty number), \@NUMBERS ], [ qw(settlDate settl_date date), \@DATES ], [ qw(expireTime expire_time time), \@TIMES ],
		[ qw(multipleQuotes multiple_quotes boolean) ], [ qw(dealers dealers json_texts), [ map { [$_] } 'D1', 'D2' ] ], [ qw(attributes attributes document) ] ],
	quote => [
		[qw(quoteId id text)], [ qw(dealer dealer text), \@TEXTS ], [ qw(symbol symbol text), \@TEXTS ], [ qw(status status name), $STATUS{quote} ],
		[ qw(bidPx bid_px number), \@NUMBERS ], [ qw(validUntilTime valid_until_time time), \@TIMES ], [ qw(flags flags texts), \@FLAGS ], [ qw(attributes attributes document) ] ]);

# What a state cannot be without, as JSON.
my %REQUIRED = (
	order => { rootId => '"r"', ordType => '"LIMIT"', updatedAt => '"2026-03-02T10:00:00Z"', map({ $_ => '0' } qw(leavesQuantity workingQuantity unplacedQuantity allocatedQuantity executedValue avgPx
		ownExecutedQuantity reservedQuantity reviewQuantity childCount liveChildren)) },
	execution => { rootId => '"r"', version => '1', lastPx => '1', quantity => '1', allocatedQuantity => '0', map({ $_ => '"2026-03-02T10:00:00Z"' } qw(createdAt updatedAt)) },
	quote_request => { rootId => '"r"', version => '1', map({ $_ => '"2026-03-02T10:00:00Z"' } qw(createdAt updatedAt)) },
	quote => { rootId => '"r"', version => '1', quoteType => '"TRADEABLE"', map({ $_ => '"2026-03-02T10:00:00Z"' } qw(createdAt updatedAt)) });
my %NOT_NULL = map { $_ => 1 } qw(orderId executionId quoteRequestId quoteId status symbol:order symbol:quote symbol:quote_request side:order executedQuantity version createdAt closed conditions lastQty validUntilTime);
my %TABLE = (order => 'orders', execution => 'executions', quote_request => 'quote_requests', quote => 'quotes');

sub random_attributes
{
	my %of = (
		s => sub { json_text(pick(@TEXTS)) }, n => sub { pick(pick(@NUMBERS), json_text(pick(@NUMBERS))) }, b => sub { pick('true', 'false', '"true"', '1') },
		d => sub { json_text(pick(@DATES)) }, x => sub { pick('null', '[]', '{"y": "A"}', '[1, "A", [2]]', '{"y": {"z": 1.50}}', '"A"', '7') });

	return '{' . join(', ', map { json_text($_) . ': ' . $of{$_}->() } grep { chance(65) } sort keys %of) . '}';
}

sub random_value
{
	my ($name, $type, $values, $number, $kind) = @_;

	return json_text("$kind-$name-$number") unless $values || $type =~ /boolean|document/;
	return pick('true', 'false') if $type eq 'boolean';
	return $name eq 'attributes' ? random_attributes() : '[{"orderId": "q", "quantity": 1}]' if $type eq 'document';
	return pick(@$values) if $type eq 'number';
	return json_text(pick(@$values)) if $type =~ /^(text|date|time)$/;
	return json_text(pick(@$values)->[0]) if $type eq 'name';
	return '[' . join(', ', map { json_text($_->[0]) } grep { $_ == $values->[0] || chance(50) } @$values) . ']';
}

sub random_state
{
	my ($kind, $number) = @_;
	my %state = %{ $REQUIRED{$kind} };

	foreach my $field (grep { $_->[2] ne 'ever' } @{ $FIELDS{$kind} })
	{
		my ($name, undef, $type, $values) = @$field;
		next if !$NOT_NULL{$name} && !$NOT_NULL{"$name:$kind"} && chance(35);
		# false is null there
		$state{$name} = $name eq 'multipleQuotes' ? 'true' : random_value($name, $type, $values, $number, $kind);
	}
	return '{' . join(', ', map { json_text($_) . ": $state{$_}" } sort keys %state) . '}';
}

sub load
{
	$dbh->do(q(SELECT oms.register_asset_class('spec_prop', '{"attributes": {"d": {"type": "date"}, "n": {"type": "number"}, "b": {"type": "boolean"}, "s": {"type": "text"}}}')));
	foreach my $kind (sort keys %TABLE)
	{
		my $insert = $dbh->prepare("INSERT INTO oms.$TABLE{$kind} SELECT (oms.${kind}_from_state(\$1::jsonb, '\\x00')).*");
		$insert->execute(random_state($kind, $_)) foreach 1 .. $ROWS;
	}
	# orders in trees, for order_tree; what is not in one hangs on no root
	$dbh->do(q(UPDATE oms.orders SET parent_id = NULL, root_id = id WHERE id ~ '[0-4]$'));
	$dbh->do(q(UPDATE oms.orders SET parent_id = regexp_replace(id, '.$', (right(id, 1)::int - 5)::text), root_id = regexp_replace(id, '.$', (right(id, 1)::int - 5)::text)
		WHERE id ~ '\d[5-8]$'));
	$dbh->do(q(UPDATE oms.orders SET parent_id = regexp_replace(id, '.$', '8'), root_id = regexp_replace(id, '.$', '3') WHERE id ~ '\d9$'));
	$dbh->do(q(INSERT INTO oms.cl_ord_ids (fix_session, cl_ord_id, order_id) SELECT '', cl_ord_id, id FROM oms.orders WHERE cl_ord_id IS NOT NULL));
	# older ones, each of an order or two
	$dbh->do(q(INSERT INTO oms.cl_ord_ids (fix_session, cl_ord_id, order_id) SELECT s, 'order-clOrdIDs-' || i, 'order-orderId-' || (1 + (i * 7 + n * 31) % 120) FROM generate_series(1, 150) AS i, unnest('{A,B}'::text[]) WITH ORDINALITY AS t (s, n) WHERE s = 'A' OR i % 3 = 0));
	$dbh->do(q(INSERT INTO oms.quote_req_ids (fix_session, quote_req_id, quote_request_id) SELECT '', quote_req_id, id FROM oms.quote_requests WHERE quote_req_id IS NOT NULL));
	# events of what the rows are; what is no number in a state that somebody damaged is null as one
	$dbh->do('SELECT oms.ensure_partitions(1)');
	$dbh->do(q(INSERT INTO oms.order_events (sequence, aggregate_id, version, root_id, tree_version, event_type, occurred_at, actor, role, command_id, transition, xid, payload, hash, account)
		SELECT row_number() OVER (ORDER BY id), id, version, root_id, 1, 'OrderCreated', now(), 'me', 'me', 'c', 1, '3',
			jsonb_build_object('state', oms.order_state(o) || CASE WHEN id ~ '7$' THEN '{"orderQty": "100", "price": null, "flags": "RULE", "text": 5}' ELSE '{}' END::jsonb,
				'command', jsonb_strip_nulls(jsonb_build_object('side', side, 'orderQty', order_qty, 'my', attributes))), '\x00', account
		  FROM oms.orders AS o));
	$dbh->do('ANALYZE oms.orders, oms.executions, oms.quote_requests, oms.quotes');
	return;
}

# ------------------------------------------------------------------------
# conditions: {json (of an object), sql, built (NULL: not by the builder), parts}
# ------------------------------------------------------------------------

my %SQL = (eq => '=', ne => '<>', lt => '<', lte => '<=', gt => '>', gte => '>=');

# A constant as JSON may have it, as SQL has it, and as the builder may get it.
sub constant
{
	my ($type, $value) = @_;

	if ($type eq 'number')
	{
		my $json = pick($value, $value =~ /\./ ? "${value}00" : "$value.0", json_text($value));
		return { json => $json, sql => "$value\::numeric", built => $json =~ /"/ ? literal($value) . '::text' : "$json\::numeric" };
	}
	if ($type eq 'date')
	{
		my $json = pick($value, $value =~ s/-//gr);
		return { json => json_text($json), sql => "'$value'::date", built => $json eq $value ? "'$value'::date" : "'$json'::text" };
	}
	if ($type eq 'time')
	{
		my $json = pick($value, $value =~ s/Z/+00:00/r, $value =~ s/^(\d+)-(\d+)-(\d+)T/$1$2$3-/r =~ s/Z//r);
		return { json => json_text($json), sql => "'$value'::timestamptz", built => $json eq $value ? "'$value'::timestamptz" : "'$json'::text" };
	}
	return { json => pick($value, json_text($value)), sql => $value, built => undef } if $type eq 'boolean';
	return { json => json_text($value), sql => literal($value), built => literal($value) . '::text' };
}

# A name that an order ever had: what there is now, what there was, and what nobody had.
sub ever_comparison
{
	my ($name, $sql) = @_;
	my $has = sub { "EXISTS (SELECT FROM oms.cl_ord_ids AS n WHERE n.order_id = $sql AND n.cl_ord_id = $_[0]{sql})" };
	my $one = sub { constant('text', sprintf pick('order-clOrdIDs-%d', 'order-clOrdID-%d'), 1 + int rand 160) };
	my $c = $one->();

	return list_comparison($name, $one, sub { '(' . join(' OR ', map { $has->($_) } @_) . ')' }) if chance(40);
	return comparison($name, 'ne', $c->{json}, '(NOT ' . $has->($c) . ')', 'oms.ne(' . literal($name) . ", $c->{built})") if chance(30);
	return comparison($name, pick(undef, 'eq'), $c->{json}, $has->($c), 'oms.eq(' . literal($name) . ", $c->{built})");
}

# One of the names, in one of its spellings.
sub name_constant
{
	my ($names) = @_;
	my @spellings = @{ pick(@$names) };
	my $json = pick(@spellings);

	return { json => json_text($json), sql => literal($spellings[0]), built => literal($json) . '::text' };
}

sub random_constant
{
	my ($type, $values, $own) = @_;

	return name_constant($values) if $type =~ /^(name|texts|json_texts)$/;
	return constant('boolean', pick('true', 'false')) if $type eq 'boolean';
	return constant($type, $own ? sprintf($own, 1 + int rand $ROWS) : pick(@$values));
}

sub comparison
{
	my ($name, $key, $operand, $sql, $built) = @_;
	return { name => $name, value => defined $key ? "{\"$key\": $operand}" : $operand, sql => $sql, built => $built, parts => [] };
}

sub is_null
{
	my ($name, $sql) = @_;
	my $null = chance(50);
	my ($key, $operand) = @{ $null ? pick([ undef, 'null' ], [ 'isNull', 'true' ], [ 'eq', 'null' ]) : pick([ 'isNull', 'false' ], [ 'isNull', '"false"' ], [ 'ne', 'null' ]) };

	return comparison($name, $key, $operand, "($sql IS " . ($null ? 'NULL' : 'NOT NULL') . ')', ($null ? '' : '!') . 'oms.is_null(' . literal($name) . ')');
}

sub list_comparison
{
	my ($name, $make, $sql_of) = @_;
	my @constants = map { $make->() } 1 .. int rand 5;
	my $json = '[' . join(', ', map { $_->{json} } @constants) . ']';
	my %types = map { defined $_->{built} ? (($_->{built} =~ /::(\w+)$/)[0] => 1) : ('none' => 1) } @constants;
	my $built = keys %types == 1 && !$types{none} ? 'oms.any_of(' . join(', ', literal($name), map { $_->{built} } @constants) . ')' : undef;

	return comparison($name, pick(undef, 'in'), $json, @constants ? $sql_of->(@constants) : 'false', $built);
}

# Of several texts; $has makes the condition that one is among them.
sub texts_comparison
{
	my ($name, $column, $values, $has) = @_;
	my $one = sub { name_constant($values) };
	my $c = $one->();

	return list_comparison($name, $one, sub { '(' . join(' OR ', map { $has->($_) } @_) . ')' }) if chance(35);
	return comparison($name, 'ne', $c->{json}, 'NOT (' . $has->($c) . ')', 'oms.ne(' . literal($name) . ", $c->{built})") if chance(35);
	return comparison($name, pick(undef, 'eq'), $c->{json}, $has->($c), 'oms.eq(' . literal($name) . ", $c->{built})");
}

# Of one value: $sql is the field as SQL has it, of its type.
sub value_comparison
{
	my ($name, $sql, $type, $make) = @_;
	my @operators = $type =~ /^(name|boolean)$/ ? qw(eq ne in) : qw(eq ne lt lte gt gte in);
	my $op = pick(@operators, $type eq 'text' ? qw(like ilike) : ());

	if ($op =~ /like/)
	{
		my $pattern = pick('A%', '%b', 'a_b', '_', '%\%%', '%', "\x{e4}%", 'A\_B', '1%');
		my $collation = $op eq 'like' ? '"C"' : '"default"';
		return comparison($name, $op, json_text($pattern), "($sql COLLATE $collation " . uc($op) . ' ' . literal($pattern) . ')', "oms.$op(" . literal($name) . ', ' . literal($pattern) . ')');
	}
	$sql .= ' COLLATE "C"' if $type eq 'text';
	return list_comparison($name, $make, sub { "($sql IN (" . join(', ', map { $_->{sql} } @_) . '))' }) if $op eq 'in';
	my $c = $make->();
	return comparison($name, $op eq 'eq' && chance(60) ? undef : $op, $c->{json}, "($sql $SQL{$op} $c->{sql})", defined $c->{built} ? "oms.$op(" . literal($name) . ", $c->{built})" : undef);
}

# A value in a document, as the constant says, or as the class that is fixed says it.
sub document_comparison
{
	my ($name, $column, $path, $class) = @_;
	my $at = "($column #> '{$path}')";
	my $text = "($column #>> '{$path}')";
	my %class_types = ('attributes.d' => 'date', 'attributes.n' => 'number', 'attributes.b' => 'boolean', 'attributes.s' => 'text');
	my $type = $class ? $class_types{$name} : undef;
	my $typed = defined $type;

	return is_null($name, $text) if chance(15);
	# as texts: what is none sorts as it is written
	return value_comparison($name, "$text COLLATE \"C\"", 'date', sub { my $c = constant('date', pick(@DATES)); $c->{sql} =~ s/::date//; $c }) if $type && $type eq 'date';
	$type //= pick('text', 'number', 'boolean');
	return value_comparison($name, "(CASE jsonb_typeof($at) WHEN 'number' THEN $text\::numeric END)", 'number',
		sub { my $c = constant('number', pick(@NUMBERS)); return $c if $typed; $c->{json} =~ s/"//g; $c->{built} =~ s/^'(.*)'::text/$1::numeric/; $c }) if $type eq 'number';
	return value_comparison($name, "(CASE jsonb_typeof($at) WHEN 'boolean' THEN $text\::boolean END)", 'boolean',
		sub { my $c = constant('boolean', pick('true', 'false')); $c->{json} =~ s/"//g if !$typed; $c }) if $type eq 'boolean';
	return value_comparison($name, $text, 'text', sub { constant('text', pick(@TEXTS, @NUMBERS, 'true')) });
}

sub random_comparison
{
	my ($of, $class) = @_;

	if (chance(25))
	{
		my ($name, $path) = @{ pick(map { [ "attributes.$_", $_ =~ s/\./,/gr ] } qw(s n b d x x.y x.1 x.y.z x.-1 none)) };
		return document_comparison("$of->{prefix}$name", $of->{prefix} ? 'o.payload' : 'o.attributes', ($of->{prefix} ? 'state,attributes,' : '') . $path, undef) if $of->{prefix};
		return document_comparison($name, 'o.attributes', $path, $class);
	}
	my ($name, $column, $type, $values) = @{ pick(@{ $of->{fields} }) };
	return ever_comparison('clOrdIDs', $of->{prefix} ? 'o.aggregate_id' : 'o.id') if $type eq 'ever';
	my $sql = $of->{column}->($name, $column, $type);
	my $own = !$values && $type eq 'text' ? "$of->{kind}-" . ($name =~ s/^state\.//r) . '-%d' : undef;
	my $as = $type eq 'json_texts' ? 'texts' : $type;

	return is_null($name, $of->{prefix} ? "(o.payload #>> '{state," . ($name =~ s/^state\.//r) . "}')" : $sql) if $type eq 'document' || chance(12);
	# else it would type what stands beside it
	$values = ['spec_other'] if $name =~ /assetClass$/;
	return texts_comparison($name, $sql, $values, sub { my ($c) = @_; return "(CASE WHEN $sql IS NOT NULL THEN $c->{sql} = ANY ($sql) END)" }) if $type eq 'texts' && !$of->{prefix};
	return texts_comparison($name, $sql, $values, sub { my ($c) = @_;
		return "(CASE WHEN $sql IS NOT NULL THEN jsonb_typeof($sql) = 'array' AND $c->{sql} IN (SELECT jsonb_array_elements_text(CASE jsonb_typeof($sql) WHEN 'array' THEN $sql END)) END)" }) if $as eq 'texts';
	return value_comparison($name, $sql, $type, sub { random_constant($type, $values, $own) });
}

# An object of a specification.
sub where { my ($c) = @_; return $c->{json} // "{$c->{key}: $c->{value}}"; }

sub combined
{
	my ($op, @parts) = @_;
	my $sql = @parts ? '(' . join($op eq 'and' ? ' AND ' : ' OR ', map { $_->{sql} } @parts) . ')' : $op eq 'and' ? 'true' : 'false';
	my $built = @parts && !grep({ !defined $_->{built} } @parts) ? '(' . join($op eq 'and' ? ' & ' : ' | ', map { $_->{built} } @parts) . ')' : undef;
	my %keys = map { ($_->{key} // '') => 1 } @parts;
	my $merged = $op eq 'and' && keys %keys == @parts && !$keys{''} && chance(70);

	return { json => $merged ? '{' . join(', ', map { "$_->{key}: $_->{value}" } @parts) . '}' : "{\"$op\": [" . join(', ', map { where($_) } @parts) . ']}', sql => $sql, built => $built, parts => \@parts };
}

sub random_condition
{
	my ($of, $depth, $class) = @_;
	my $condition;

	if ($depth == 0 || chance(25))
	{
		$condition = random_comparison($of, $class);
		$condition->{key} = json_text($condition->{name});
		return $condition;
	}
	if (chance(20))
	{
		my $part = random_condition($of, $depth - 1, $class);
		return { json => '{"not": ' . where($part) . '}', sql => "(NOT $part->{sql})", built => defined $part->{built} ? "(! $part->{built})" : undef, parts => [$part] };
	}
	my $op = pick('and', 'or');
	return combined($op, map { random_condition($of, $depth - 1, $class) } 1 .. pick(0, 1, 2, 2, 3, 4));
}

# A class is fixed for all of it, or for a part of an OR; what is typed by it is not so without it, so it has no parts.
sub condition_of_class
{
	my ($of) = @_;
	my $fixed = { key => '"assetClass"', value => '"spec_prop"', sql => "(o.asset_class = 'spec_prop')", built => q(oms.eq('assetClass', 'spec_prop')) };
	my $typed = combined('and', $fixed, map { random_condition($of, 2, 1) } 1 .. 1 + int rand 3);

	$typed->{parts} = [];
	return chance(50) ? $typed : combined('or', $typed, map { random_condition($of, 1, 0) } 1 .. 1 + int rand 2);
}

# ------------------------------------------------------------------------
# who is asked
# ------------------------------------------------------------------------

sub objects
{
	my ($kind) = @_;
	return { kind => $kind, object => $TABLE{$kind}, prefix => '', fields => $FIELDS{$kind}, column => sub { my ($name, $column) = @_; return "o.$column" } };
}

# A field of an event's state, of its type as the test reads it.
sub state_column
{
	my ($name, $column, $type) = @_;
	my $path = $name =~ s/^state\.//r;
	my ($at, $text) = ("(o.payload #> '{state,$path}')", "(o.payload #>> '{state,$path}')");

	return "(CASE jsonb_typeof($at) WHEN '$type' THEN $text\::" . ($type eq 'number' ? 'numeric' : 'boolean') . ' END)' if $type =~ /number|boolean/;
	return "(nullif($at, 'null'))" if $type =~ /texts/;
	return "($text\::" . ($type eq 'date' ? 'date' : 'timestamptz') . ')' if $type =~ /date|time/;
	return $text;
}

my @TARGETS = (
	(map { objects($_) } sort keys %TABLE), objects('order'),
	{ kind => 'order', object => 'order_events', prefix => 'state.', fields => [ map { [ "state.$_->[0]", @$_[ 1 .. $#$_ ] ] } @{ $FIELDS{order} } ], column => \&state_column },
	{ kind => 'order', object => 'order_tree', prefix => '', fields => [ @{ $FIELDS{order} }, [ qw(depth depth number), [ 0, 1, 2 ] ], [ qw(path path texts), [ map { ["order-orderId-$_"] } 1 .. 20 ] ] ],
		column => sub { my ($name, $column) = @_; return $column =~ /^(depth|path)$/ ? "t.$column" : "o.$column" } });

my %ID = (order => 'orderId', execution => 'executionId', quote_request => 'quoteRequestId', quote => 'quoteId');

# Every way to ask, each with a statement that lists those of which it differs. $1: the specification, $2: its NOT.
sub ways
{
	my ($of, $sql) = @_;
	my ($kind, $object, $id) = ($of->{kind}, $of->{object}, $ID{ $of->{kind} });
	my %from = (
		order_events => ['oms.order_events AS o', 'o.sequence::text', 'sequence'],
		order_tree => ['oms.orders AS o JOIN oms.order_tree AS t USING (id)', 'o.id', 'orderId']);
	my ($from, $key, $field) = @{ $from{$object} // [ "oms.$TABLE{$kind} AS o", 'o.id', $id ] };
	my @columns = ("$sql AS oracle");
	my @ways;
	my $query = sub { my ($spec) = @_; return "SELECT q ->> '$field' FROM oms_query('$object', jsonb_build_object('where', $spec\::jsonb, 'limit', 10000, 'select', '$field')) AS q" };

	push @columns, "oms.matches(o, \$1::oms_spec) AS matches", "oms.matches_state('$kind', oms.${kind}_state(o), \$1::oms_spec) AS matches_state" if !$from{$object};
	push @columns, "oms.matches_state('order', o.payload -> 'state', replace(\$1, '\"state.', '\"')::oms_spec) AS matches_state" if $object eq 'order_events';
	push @ways, [ $_ => "SELECT id FROM t WHERE $_ IS DISTINCT FROM oracle" ] foreach map { / AS (matches\w*)$/ ? $1 : () } @columns;
	push @ways, [ oms_query => "SELECT coalesce(a.id, b.id) FROM (SELECT id FROM t WHERE oracle) AS a FULL JOIN (" . $query->('$1') . ") AS b (id) USING (id) WHERE a.id IS NULL OR b.id IS NULL" ],
	  [ 'oms_query of NOT' => "SELECT coalesce(a.id, b.id) FROM (SELECT id FROM t WHERE NOT oracle) AS a FULL JOIN (" . $query->('$2') . ") AS b (id) USING (id) WHERE a.id IS NULL OR b.id IS NULL" ],
	  [ query_count => "SELECT 'count' WHERE oms.query_count('$object', jsonb_build_object('where', \$1::jsonb)) <> (SELECT count(*) FROM t WHERE oracle)" ];
	push @ways, [ find => "SELECT coalesce(a.id, b.id) FROM (SELECT id FROM t WHERE oracle) AS a FULL JOIN oms.find_$TABLE{$kind}(\$1::oms_spec, NULL, 10000) AS b USING (id) WHERE a.id IS NULL OR b.id IS NULL" ] if !$from{$object};
	return "WITH t AS MATERIALIZED (SELECT $key AS id, " . join(', ', @columns) . " FROM $from) " .
	  join(' UNION ALL ', map { "SELECT * FROM (SELECT '$_->[0]', min(d.id), count(*) FROM ($_->[1]) AS d (id)) AS w (way, id, count) WHERE count > 0" } @ways);
}

# What is wrong, or nothing.
sub problem
{
	my ($of, $condition) = @_;
	my $json = where($condition);
	my @differ;

	eval {
		@differ = map { "$_->[0] ($_->[2] rows, as $_->[1])" } @{ $dbh->selectall_arrayref(ways($of, $condition->{sql}), undef, $json, "{\"not\": $json}") };
		my ($same, $again) = $dbh->selectrow_array('SELECT ' . (defined $condition->{built} ? "($condition->{built}) = \$1::oms_spec" : 'true') . ', $1::oms_spec::text::oms_spec::jsonb = $1::oms_spec::jsonb', undef, $json);
		push @differ, 'the builder: ' . $condition->{built} if !$same;
		push @differ, 'the normal form is not its own' if !$again;
		1;
	} or push @differ, $@ =~ s/\n.*//sr;
	return join('; ', @differ);
}

sub shrink
{
	my ($of, $condition) = @_;

	foreach my $part (@{ $condition->{parts} })
	{
		return shrink($of, $part) if problem($of, $part);
	}
	return $condition;
}

# ------------------------------------------------------------------------

# A worker of a parallel query has read no asset class yet, and can take no newer snapshot than the query's.
sub check_parallel
{
	my $sql = q(SELECT count(*) FROM oms.orders AS o WHERE oms.matches(o, '{"assetClass": "spec_prop", "attributes.n": {"gt": "1"}}'));
	my $alone = $dbh->selectrow_array($sql);

	my $session = oms_dbh($node, dbname => 'specs');
	$session->do('SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET parallel_leader_participation = off');
	like(join("\n", @{ $session->selectcol_arrayref("EXPLAIN $sql") }), qr/Gather.*Workers Planned/s, 'a plan with workers');
	is($session->selectrow_array($sql), $alone, 'and they find the same');
	cmp_ok($alone, '>', 0, 'which is something');
	$session->disconnect;
	return;
}

# Whatever stands in one: it is a specification, or OM010, and says where it is wrong.
sub random_json
{
	my ($depth) = @_;
	my @keys = ('and', 'or', 'not', 'where', 'eq', 'ne', 'in', 'like', 'isNull', 'gte', '', 'status', 'orderQty', 'createdAt', 'closed', 'flags', 'attributes', 'attributes.x', 'attributes..x', 'id',
		'attributes' . '.x' x 20, 'x' x 600, "\x{e4}" x 40, 'pg_sleep(9)', 'clOrdId');

	return pick('null', 'true', 'false', '0', '-1.50', '1e37', '1e39', '"New"', '"2026-03-02"', '"\\\\"', '"' . "\x{20ac}" x 60 . '"', '"' . "'; DROP TABLE x" . '"') if $depth == 0 || chance(30);
	return '[' . join(', ', map { random_json($depth - 1) } 1 .. int rand 4) . ']' if chance(30);
	return '{' . join(', ', map { json_text(pick(@keys)) . ': ' . random_json($depth - 1) } 1 .. int rand 4) . '}';
}

sub check_garbage
{
	my ($count, %states) = @_;

	foreach my $n (1 .. $count)
	{
		my $spec = random_json(pick(1, 2, 3, 4));
		my %ways = ('$1::oms_spec' => [$spec], q(oms.matches_state('order', '{"status": "NEW", "attributes": {"x": 1}}', $1::oms_spec)) => [$spec],
			q((SELECT count(*) FROM oms_query('orders', $1))) => ["{\"where\": $spec}"], q((SELECT count(*) FROM oms_query('order_events', $1))) => [$spec]);
		foreach my $way (sort keys %ways)
		{
			next if eval { $dbh->selectrow_array("SELECT $way", undef, @{ $ways{$way} }); 1 };
			next if $dbh->state eq 'OM010';
			diag("$spec: $@");
			return 0;
		}
	}
	return 1;
}

srand($SEED);
load();
check_parallel();
ok(check_garbage(rounds(400, 20_000)), 'garbage is a specification or OM010');

my %found = (rows => 0, none => 0, all => 0);
my $failures = 0;
my $number = 0;
my $end = time + $SECONDS;
$dbh->do('SET jit = off');
while ((goes_on($end, $number, 6000) || $number < 50) && $failures < 5)
{
	srand($SEED * 1_000_003 + ++$number);
	$number = $ENV{OMS_CASE}, srand($SEED * 1_000_003 + $number) if $ENV{OMS_CASE};
	my $of = pick(@TARGETS);
	my $condition = $of->{kind} eq 'order' && !$of->{prefix} && chance(25) ? condition_of_class($of) : random_condition($of, pick(0, 1, 2, 3), 0);
	if (my $problem = problem($of, $condition))
	{
		my $least = shrink($of, $condition);
		diag("OMS_SEED=$SEED OMS_CASE=$number: $of->{object}: " . problem($of, $least) . "\n" . where($least) . "\n$least->{sql}");
		$failures++;
	}
	elsif ($of->{object} eq 'orders')
	{
		my ($count) = $dbh->selectrow_array(q(SELECT oms.query_count('orders', jsonb_build_object('where', $1::jsonb))), undef, where($condition));
		$found{ $count == 0 ? 'none' : $count == $ROWS ? 'all' : 'rows' }++;
	}
	last if $ENV{OMS_CASE};
}
is($failures, 0, "$number specifications: all ways to ask agree");
cmp_ok($found{rows}, '>', ($found{none} + $found{all}) / 3, 'and many of them tell rows apart') if !$ENV{OMS_CASE};
note("OMS_SEED=$SEED: $number specifications; of orders $found{rows} found some, $found{none} none, $found{all} all");

$dbh->disconnect;
$node->stop;
done_testing();
