# The worked examples of allocation (test/data/allocation_examples.json), figure for figure, from the creation of the orders on.
# Broken by: a share, a lot, a value or a last decimal that differs from the examples; a preview that says something else than what then happens,
# or that leaves something behind; a figure that depends on where in the block's tree its fills are, or on how numbers are written.
#
# An example has members (quantity and priority of the membership), perhaps a lot (the attribute roundLot of each), fills, and either a method or
# what is given by hand; perhaps an allocation before (given_first), an allocation after each fill, and a bust or a correction at the end.

use strict;
use warnings;

use FindBin;
use JSON::PP ();
use Math::BigFloat;
use Test::More;

use OmsTest;

my $node = oms_node('allocation_examples', conf => "fsync = off\n");
my $dbh = oms_dbh($node);

sub examples
{
	open my $in, '<:raw', "$FindBin::RealBin/../data/allocation_examples.json" or die "cannot read the examples: $!";
	local $/;
	return @{ json()->decode(<$in>)->{examples} };
}

# The result of a command, or its SQLSTATE
sub said
{
	my ($type, %fields) = @_;
	my $result = eval { oms_command($dbh, { commandType => "${type}Command", %fields }) };
	return $result // $dbh->state;
}

sub accepted
{
	my ($what, $type, %fields) = @_;
	my $result = said($type, %fields);

	is(ref $result ? $result->{status} : $result . ' ' . $dbh->errstr, 'ACCEPTED', $what) if !ref $result || $result->{status} ne 'ACCEPTED';
	return ref $result ? $result : {};
}

sub same { my ($shown, $wanted) = @_; return Math::BigFloat->new("$shown")->bcmp(Math::BigFloat->new("$wanted")) == 0; }
sub is_number { my ($shown, $wanted, $name) = @_; return ok(defined $shown && same($shown, $wanted), "$name is $wanted") || diag('it is ' . ($shown // 'null')); }

# What of an order an example may tell: { id => { allocated, value, avgPx } }
sub figures
{
	my ($prefix) = @_;
	return $dbh->selectall_hashref(q(SELECT id, allocated_quantity::text AS allocated, executed_value::text AS value, avg_px::text AS "avgPx"
		FROM oms.orders WHERE id LIKE $1), 'id', undef, "$prefix%");
}

# All that stands in the tables of what an example has made
sub stored
{
	my ($prefix) = @_;
	return join "\n", @{ $dbh->selectcol_arrayref(q(SELECT to_jsonb(o)::text FROM oms.orders o WHERE id LIKE $1 UNION ALL
		SELECT to_jsonb(e)::text FROM oms.executions e WHERE order_id LIKE $1 ORDER BY 1), undef, "$prefix%") };
}

# The orders of an example; its fills are on the last one that is returned: the block, or an order that far below it.
sub set_up
{
	my ($prefix, $example, $depth) = @_;
	my $members = $example->{members};
	my ($at, $qty) = ("${prefix}block", Math::BigFloat->bzero);

	foreach my $name (sort keys %$members)
	{
		accepted("the order of $name", 'CreateOrder', orderId => "$prefix$name", symbol => 'X', side => 'BUY', orderQty => $members->{$name}{quantity}, currency => 'GBP',
			defined $example->{lot} ? (attributes => { roundLot => $example->{lot} }) : ());
		$qty += $members->{$name}{quantity};
	}
	accepted('the block', 'CreateBlockOrder', orderId => $at, members => [ map { { orderId => "$prefix$_", %{ $members->{$_} } } } sort keys %$members ]);
	foreach (1 .. $depth)
	{
		accepted('an order below', 'CreateOrder', orderId => "$at.1", parentId => $at, orderQty => $qty->bstr);
		$at .= '.1';
	}
	return $at;
}

sub fill
{
	my ($order, $id, $fill) = @_;
	my $result = accepted("fill $id", 'ExecuteOrder', orderId => $order, executionId => $id, execID => $id, lastQty => $fill->[0], lastPx => $fill->[1]);
	is($result->{state}{status}, 'VALIDATED', "fill $id waits for its allocation");
	return;
}

sub by_hand { my ($prefix, $given) = @_; return [ map { { orderId => "$prefix$_", quantity => $given->{$_} } } sort keys %$given ]; }

# Allocates what there is, or is refused; a preview before says the same and leaves nothing.
sub allocate
{
	my ($prefix, $example) = @_;
	my @how = $example->{given} ? (allocations => by_hand($prefix, $example->{given})) : (method => $example->{method});
	my $before = stored($prefix);
	my $preview = said('AllocateExecution', orderId => "${prefix}block", @how, preview => JSON::PP::true);

	is(stored($prefix), $before, 'a preview leaves nothing');
	my $held = figures($prefix);
	my $result = said('AllocateExecution', orderId => "${prefix}block", @how);
	return is(ref $result ? $result->{status} : $result, $example->{refused}, 'it is refused') && is($preview, $example->{refused}, 'and so is its preview') if $example->{refused};
	ok(ref $result && $result->{status} eq 'ACCEPTED', 'allocated') or return diag($dbh->errstr);

	my $now = figures($prefix);
	foreach my $part (@{ $preview->{allocations} })
	{
		my ($was, $is) = map { $_->{ $part->{orderId} } } $held, $now;
		is_number(Math::BigFloat->new($is->{$_->[0]}) - $was->{ $_->[0] }, $part->{ $_->[1] }, "as the preview said, the $_->[1] of $part->{orderId}")
		  foreach [ allocated => 'quantity' ], [ value => 'value' ];
	}
	return $preview;
}

sub play
{
	my ($prefix, $example, $depth) = @_;
	my $at = set_up($prefix, $example, $depth);
	my $each = ($example->{allocate} // '') eq 'each';
	my $number = 0;

	if (my $first = $example->{given_first})
	{
		fill($at, "${prefix}first", $first->{fill});
		accepted('given first', 'AllocateExecution', orderId => "${prefix}block", allocations => by_hand($prefix, $first->{to}));
	}
	foreach my $fill (@{ $example->{fills} })
	{
		fill($at, $prefix . 'x' . $number++, $fill);
		allocate($prefix, $example) if $each;
	}
	my $preview = $each ? undef : allocate($prefix, $example);
	accepted('busted', 'BustExecution', executionId => "${prefix}x$example->{then_bust}", execID => "${prefix}b", reason => 'r') if defined $example->{then_bust};
	if (my $correction = $example->{then_correct})
	{
		my ($qty, $px) = @{ $example->{fills}[ $correction->{fill} ] };
		accepted('corrected', 'CorrectExecution', executionId => "${prefix}x$correction->{fill}", execID => "${prefix}c",
			lastQty => $correction->{lastQty} // $qty, lastPx => $correction->{lastPx} // $px);
	}

	my $figures = figures($prefix);
	foreach my $name (sort keys %{ $example->{expect} // {} })
	{
		is_number($figures->{"$prefix$name"}{$_}, $example->{expect}{$name}{$_}, "$_ of $name") foreach sort keys %{ $example->{expect}{$name} };
	}
	my $sum = Math::BigFloat->bzero;
	$sum += $figures->{"$prefix$_"}{value} foreach keys %{ $example->{members} };
	is_number($sum, $example->{sum}, 'the sum of the values') if defined $example->{sum};
	return $preview;
}

my $examples = 0;
foreach my $example (examples())
{
	my $number = ++$examples;

	foreach my $depth (0 .. 2)
	{
		subtest "$example->{name}, with fills at depth $depth" => sub {
			my $preview = play("e$number-$depth-", $example, $depth);
			if ($example->{name} eq 'an odd lot at the end')
			{
				my %flags = map { $_->{orderId} => join ' ', @{ $_->{flags} // [] } } @{ $preview->{allocations} };
				is(join('; ', map { "$_ $flags{\"e$number-$depth-$_\"}" } qw(A B C)), 'A ; B ; C ODD_LOT', 'who gets the odd lot is told');
			}
		};
	}
}
cmp_ok($examples, '>=', 14, 'the examples are there');
is($dbh->selectrow_array('SELECT count(*) FROM oms.verify()'), 0, 'every invariant holds');

done_testing();
