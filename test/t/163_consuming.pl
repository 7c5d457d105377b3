# doc/consuming.md: its statements, and the schema that it gives to consumers, which describes every member of every event that there is, by its type.
# Broken by: a member or field of an event that the schema does not know, or knows with another type or as always there; a state's field that
# oms.list_fields() does not list; a statement of the page that fails.

use strict;
use warnings;

use FindBin;
use JSON::PP;
use JSON::Validator;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;
use OmsWork qw(block_commands quote_commands);

my $node = oms_node('consuming', conf => "oms_state.command_retention = 0\n");
my $page = slurp_file("$FindBin::RealBin/../../doc/consuming.md");
my $json = JSON::PP->new->allow_bignum;

sub sql { my ($statement) = @_; return $node->safe_psql('postgres', $statement); }
sub command { my (%command) = @_; return sql("SELECT oms_try_command(\$c\$@{[ encode_json(\%command) ]}\$c\$)"); }

foreach my $block ($page =~ /^```sql\n(.*?)^```$/msg)
{
	foreach my $statement (grep { /\S/ } split /;\n/, $block) { isnt(sql($statement), '', (split /\n/, $statement)[-1]); }
}

# ---- a day of all kinds --------------------------------------------------------------------------------

command(%$_) foreach block_commands('B'), quote_commands('Q');
command(commandType => 'CreateOrderCommand', orderId => 'T', symbol => 'X', side => 'SELL', orderQty => 100, ordType => 'LIMIT', price => 5, account => 'A1', timeInForce => 'GOOD_TILL_DATE',
	expireDate => '2099-01-01', correlationId => 'corr', causationId => 'cause', attributes => { a => { b => [ 1, 'x' ] } }, clOrdID => 'T-1');
command(commandType => 'CreateOrderCommand', orderId => 'T.1', parentId => 'T', orderQty => 60, destination => 'XLON', pending => JSON::PP::true);
command(commandType => 'AcceptOrderCommand', orderId => 'T.1');
command(commandType => 'ExecuteOrderCommand', orderId => 'T.1', executionId => 'E1', execID => 'e1', lastQty => 10, lastPx => '5.00000000000000000001');
command(commandType => 'ExecuteOrderCommand', orderId => 'T.1', executionId => 'E2', execID => 'e2', lastQty => 1000, lastPx => 4);
command(commandType => 'ApproveExecutionCommand', executionId => 'E2', lastQty => 5);
command(commandType => 'RejectExecutionCommand', executionId => 'E2', dkReason => 'Z', text => 'no such trade');
command(commandType => 'CorrectExecutionCommand', executionId => 'E1', lastQty => 8, lastPx => 5);
command(commandType => 'RequestReplaceOrderCommand', orderId => 'T.1', clOrdID => 'T.1-2', orderQty => 40);
command(commandType => 'ReplaceOrderCommand', orderId => 'T.1', orderQty => 40);
command(commandType => 'SendOrderToDeskCommand', orderId => 'T', reason => 'look');
command(commandType => 'ClaimOrderCommand', orderId => 'T');
command(commandType => 'BustExecutionCommand', executionId => 'E1');
command(commandType => 'CancelOrderCommand', orderId => 'T.1');
command(commandType => 'CancelOrderCommand', orderId => 'T');
sql(q(INSERT INTO oms.retention_policies (name, age, action) VALUES ('now', '0', 'DELETE')));

my %payloads;
$payloads{$_} = [ split /\n/, sql("SELECT payload FROM oms.${_}_events") ] foreach qw(order execution quote_request quote);
my $purged = sql(q(SELECT sum(trees) FROM oms.purge(1000, now() + interval '1 hour')));
cmp_ok($purged, '>', 0, 'trees are purged');
push @{ $payloads{order} }, split /\n/, sql('SELECT payload FROM oms.purged_trees');

# ---- against the schema --------------------------------------------------------------------------------

foreach my $kind (sort keys %payloads)
{
	my $schema = decode_json(sql("SELECT oms.event_schema('${kind}s')"));
	my (%known, @wrong);

	# whoever reads must bear what a later version adds; this one may write nothing that is not described
	$schema->{additionalProperties} = $schema->{properties}{state}{additionalProperties} = JSON::PP::false;
	my $validator = JSON::Validator->new->schema($schema);
	foreach my $payload (@{ $payloads{$kind} })
	{
		my $event = decode_json($payload);
		$known{ $event->{eventType} } = 1;
		push @wrong, map { "$event->{eventType}: $_" } $validator->validate($event);
	}
	is(join("\n", @wrong[ 0 .. ($#wrong < 5 ? $#wrong : 5) ]), '', "$kind: all of @{[ scalar @{ $payloads{$kind} } ]} events, of @{[ scalar keys %known ]} types");
	# ... and it tells what is wrong
	my $event = decode_json($payloads{$kind}[0]);
	foreach my $break (sub { delete $_[0]{rootId} }, sub { $_[0]{version} = 'one' }, sub { delete $_[0]{state} }, sub { $_[0]{state}{symbol} = 1 }, sub { $_[0]{state}{more} = 1 })
	{
		my $broken = decode_json(encode_json($event));
		$break->($broken);
		cmp_ok(scalar(my @found = $validator->validate($broken)), '>', 0, "$kind: what is wrong is seen");
	}
}
is(sql(q(SELECT oms.event_schema('order_events') IS NULL)), 't', 'events have no events');
psql_fails_with($node, q(SELECT oms.event_schema('trades')), 'OM010', 'there are no such objects');

$node->stop;
done_testing();
