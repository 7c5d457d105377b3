# GET /openapi.json: OpenAPI 3.0 by a public validator, complete for who may ask, and good enough to make an order with nothing but it.
#
# Broken by: a document that its specification does not allow, a command or field that PostgreSQL has and the document has not, an answer that is not
# as the document says, a document that tells a stranger more than the routes.

use strict;
use warnings;

use lib 'test/lib';
use JSON::PP;
use JSON::Validator;
use Mojo::URL;
use OmsGateway;
use OmsTest;
use OpenAPI::Client;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = oms_node('main');
my $gateway = gateway_start($node, name => 'openapi', auth => 'login', 'pool.size' => 2);

# ---- what it is ----

my $answer = $gateway->call(GET => '/openapi.json');
is($answer->{status}, 200, 'there is a document');
my $document = $answer->{json};
my $schema = JSON::Validator->new->schema($document)->schema;
is(ref $schema, 'JSON::Validator::Schema::OpenAPIv3', 'it says what it is');
is(join("\n", @{ $schema->errors }), '', 'and is it');

my %commands = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', 'SELECT DISTINCT command_type FROM oms.command_reference');
is(join(' ', grep { !$document->{components}{schemas}{$_} } sort keys %commands), '', 'all commands');
my @fields = split /\n/, $node->safe_psql('postgres', "SELECT field FROM oms.list_fields('orders')");
is(join(' ', grep { !$document->{components}{schemas}{RowOfOrders}{properties}{$_} } @fields), '', 'all fields of orders');
ok($document->{paths}{"/commands/$_"}{post}, "commands of $_") foreach qw(orders executions quote-requests quotes);
ok($document->{paths}{"/queries/$_"}{get}, "$_ can be asked for") foreach qw(orders executions quote-requests quotes order-events order-tree);

# ---- a client of nothing but the document ----

my %operation;
foreach my $path (keys %{ $document->{paths} })
{
	$operation{ $document->{paths}{$path}{$_}{operationId} } = [ $_, $path, $document->{paths}{$path}{$_} ] foreach keys %{ $document->{paths}{$path} };
}

# Does what the operation says, and checks the answer against what it says of it.
sub client
{
	my ($name, $body, %parameters) = @_;
	my ($method, $path, $says) = @{ $operation{$name} };
	my %headers;
	my @query;

	foreach my $parameter (@{ $says->{parameters} // [] })
	{
		my $value = delete $parameters{ $parameter->{name} } // next;
		if ($parameter->{in} eq 'path') { $path =~ s/\{\Q$parameter->{name}\E\}/$value/; }
		elsif ($parameter->{in} eq 'header') { $headers{ $parameter->{name} } = $value; }
		else { push @query, "$parameter->{name}=$_" foreach ref $value ? @$value : $value; }
	}
	is(join(' ', keys %parameters), '', "$name takes these parameters");
	my $got = $gateway->call(uc $method, join('?', $path, @query ? join '&', @query : ()), $body, %headers);
	my $wanted = $says->{responses}{ $got->{status} } // $says->{responses}{default};
	my $type = $got->{headers}{'content-type'};
	ok($wanted->{content}{$type}, "$name: $got->{status} $type is foreseen");
	my $of = $wanted->{content}{$type}{schema};
	foreach my $one ($of->{type} && $of->{type} eq 'array' ? @{ $got->{json} } : $got->{json})
	{
		my ($ref) = ($of->{items} // $of)->{'$ref'} =~ m{([^/]+)$};
		my @wrong = grep { !defined $document->{components}{schemas}{$ref}{properties}{$_} } $ref =~ /^RowOf/ ? keys %$one : ();
		is(join(' ', @wrong), '', "$name: no field but those of $ref");
	}
	return $got->{json};
}

my ($create) = grep { $_->{'$ref'} =~ m{/CreateOrderCommand$} } @{ $document->{components}{schemas}{CommandOfOrder}{oneOf} };
ok($create, 'orders can be created');
my $type = $document->{components}{schemas}{CreateOrderCommand};
my %values = (commandType => $type->{properties}{commandType}{enum}[0], orderId => 'G1', orderQty => 100, symbol => 'VOD', side => 'BUY');
is(join(' ', grep { !$type->{properties}{$_} } sort keys %values), '', 'with these fields');
is(join(' ', grep { !defined $values{$_} } @{ $type->{required} }), '', 'which are all that it needs');
is(client('command_order', \%values, 'Idempotency-Key' => 'g1')->{state}{orderId}, 'G1', 'an order');
ok(client('command_order', \%values, 'Idempotency-Key' => 'g1')->{duplicate}, 'once');
is(client('list_orders', undef, symbol => 'VOD', status => [ 'NEW', 'FILLED' ], limit => 5)->[0]{orderId}, 'G1', 'is found');
is(client('object_orders', undef, id => 'G1')->{status}, 'NEW', 'by its id');
is(client('search_orders', { where => { orderId => 'G1' } })->[0]{orderId}, 'G1', 'by a specification');
is(client('history_orders', undef, id => 'G1')->[0]{eventType}, 'OrderCreated', 'with its history');
is(client('tree_orders', undef, id => 'G1')->[0]{depth}, 0, 'and tree');
is(client('command_order', { commandType => 'CancelOrderCommand', orderId => 'none' })->{error}{sqlstate}, 'OM003', 'a refusal is foreseen');
is(client('object_orders', undef, id => 'none')->{error}{sqlstate}, 'OM003', 'another one');
is(client('list_orders', undef, limit => 'x')->{status}, 400, "and the gateway's own");

# ---- a client that a public generator has made ----

my $generated = OpenAPI::Client->new("http://$gateway->{address}/openapi.json");
$generated->base_url(Mojo::URL->new("http://$gateway->{address}"));
is(join(' ', grep { !$generated->can($_) } sort keys %operation), '', 'it has a method for each operation');

# What was answered, or refused by the client itself before it was sent.
sub generated { my ($name, @arguments) = @_; my $got = $generated->$name(@arguments)->res; return ($got->code, $got->json); }

my $order = { commandType => 'CreateOrderCommand', orderId => 'G2', symbol => 'BMW', side => 'SELL', orderQty => 7 };
my ($status, $json) = generated(command_order => { 'Idempotency-Key' => 'g2' }, json => $order);
is("$status $json->{state}{orderId} $json->{commandId}", '200 G2 g2', 'an order');
($status, $json) = generated(command_order => { 'Idempotency-Key' => 'g2' }, json => $order);
ok($status == 200 && $json->{duplicate}, 'once');
($status, $json) = generated(object_orders => { id => 'G2' });
is("$status $json->{status} $json->{orderQty}", '200 NEW 7', 'by its id');
($status, $json) = generated(list_orders => { symbol => ['BMW'], limit => 5 });
is($status . join(' ', map { $_->{orderId} } @$json), '200G2', 'among others');
($status, $json) = generated(command_order => { 'Idempotency-Key' => 'g3', 'If-Match' => '"7"' }, json => { commandType => 'CancelOrderCommand', orderId => 'G2' });
is("$status $json->{error}{sqlstate}", '412 OM006', 'a refusal');
($status, $json) = generated(object_orders => {});
like("$status $json->{errors}[0]{path}", qr{^400 /id$}, 'and knows by the document what it need not send');
$gateway->stop;

# ---- for whom ----

$node->safe_psql('postgres', 'CREATE ROLE stranger LOGIN');
my $strange = gateway_start(undef, name => 'stranger', auth => 'login', 'pool.size' => 1, dsn => gateway_dsn($node, user => 'stranger'));
$answer = $strange->call(GET => '/openapi.json');
is($answer->{status}, 200, 'who may not ask gets one too');
ok($answer->{json}{paths}{'/queries/{object}'} && !$answer->{json}{components}{schemas}{CreateOrderCommand}, 'of the routes alone');
is(join("\n", @{ JSON::Validator->new->schema($answer->{json})->schema->errors }), '', 'that is one');
$strange->stop;
my $closed = gateway_start($node, name => 'closed', auth => 'password');
is($closed->call(GET => '/openapi.json')->{status}, 200, 'and who has not logged in');
is($closed->call(GET => '/openapi.json', undef, Authorization => 'Bearer x')->{status}, 401, 'but not who says he has, and has not');
$closed->stop;
done_testing();
