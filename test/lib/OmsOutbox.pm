# test/lib/OmsOutbox.pm: random commands whose events leave the store; what a command is refused for does not matter.
#
# step(DBH, IDS, TREES): a transaction, or a few, on one of the trees named; IDS is { prefix => NAME, last => 0 }, with anchors => 1 now
# and then an anchor too. A load of them is OmsDelivery's.
# outbox_topics(): the topics that events go to, without a prefix.

package OmsOutbox;

use strict;
use warnings;

use Exporter 'import';

use OmsTest;

our @EXPORT = qw(outbox_topics);

sub outbox_topics { my %topics = reverse %TOPIC_OF; return sort keys %topics; }

# --- load ------------------------------------------------------------------------------------

sub one_of { return $_[ int rand @_ ]; }

# Text of every kind that JSON, wal2json, pgoutput or a header could trip over.
my @TEXTS = ('plain', 'Zürich €', 'two\nlines', 'quote \" slash \\\\ \/', '\u0001\u001f', '𝄞', 'comma,id=1', '{"json": [1]}' =~ s/"/\\"/gr, '', 'x' x 5000);

# Blocks over trees of the session: a new one, a fill, an allocation, and what is taken back.
sub block_command
{
	my ($ids, $trees) = @_;
	my ($blocks, $fills) = @$ids{qw(blocks fills)} = map { $ids->{$_} // [] } qw(blocks fills);
	my $block = one_of(@$blocks);
	my $fill = one_of(@$fills);
	my $kind = rand 100;
	my $n = $ids->{last};

	if (!defined $block || $kind < 15)
	{
		my %members = map { one_of(@$trees) => 1 } 1 .. 4;
		shift @$blocks if push(@$blocks, $block = "$ids->{prefix}-block$n") > 3;
		return qq({"commandType": "CreateBlockOrderCommand", "orderId": "$block", "members": [)
		  . join(', ', map { qq({"orderId": "$_", "quantity": ) . (1 + int rand 300) . ', "priority": ' . (1 + int rand 3) . '}' } sort keys %members) . ']}';
	}
	if (!defined $fill || $kind < 50)
	{
		shift @$fills if push(@$fills, $fill = "$block-x$n") > 6;
		return qq({"commandType": "ExecuteOrderCommand", "orderId": "$block", "executionId": "$fill", "lastQty": ) . one_of(3, 7.5, 31) . ', "lastPx": 72.4' . int(rand 99) . '}';
	}
	return qq({"commandType": "AllocateExecutionCommand", "orderId": "$block", "method": ") . one_of(qw(PRO_RATA PRIORITY EQUAL)) . '"}' if $kind < 85;
	return qq({"commandType": "BustExecutionCommand", "executionId": "$fill", "execID": "b$n"}) if $kind < 90;
	return qq({"commandType": "CorrectExecutionCommand", "executionId": "$fill", "execID": "c$n", "lastPx": 71.5}) if $kind < 95;
	return qq({"commandType": "DeallocateExecutionCommand", "executionId": "$fill", "reason": "$n"});
}

# Requests for quotes of the session, some for a client order: quotes of three dealers, an acceptance, its fill, and how they end otherwise.
sub quote_command
{
	my ($ids, $trees) = @_;
	my ($requests, $quotes, $dealt) = map { $ids->{$_} //= [] } qw(requests quotes dealt);
	my $kind = rand 100;
	my $n = $ids->{last};
	my ($request, $quote, $order) = map { one_of(@$_) } $requests, $quotes, $dealt;

	if (!defined $request || $kind < 12)
	{
		shift @$requests if push(@$requests, $request = "$ids->{prefix}-rfq$n") > 3;
		return qq({"commandType": "CreateQuoteRequestCommand", "quoteRequestId": "$request", ) . (rand() < 0.3 ? qq("orderId": "@{[ one_of(@$trees) ]}", ) : '')
		  . '"symbol": "VOD.L", "orderQty": 10}';
	}
	if (!defined $quote || $kind < 45)
	{
		shift @$quotes if push(@$quotes, $quote = "$request-q$n") > 4;
		return qq({"commandType": "CreateQuoteCommand", "quoteId": "$quote", "quoteRequestId": "$request", "quoteID": "$n", "dealer": ") . one_of(qw(ALFA BETA GAMA))
		  . '", "bidPx": 72.4' . int(rand 99) . ', "offerPx": 73.1' . int(rand 99) . '}';
	}
	if ($kind < 65)
	{
		shift @$dealt if push(@$dealt, $order = "$quote-o$n") > 4;
		return qq({"commandType": "AcceptQuoteCommand", "quoteId": "$quote", "side": "BUY", "orderId": "$order") . (rand() < 0.5 ? ', "pending": true}' : '}');
	}
	return qq({"commandType": "ExecuteOrderCommand", "orderId": "$order", "lastQty": 4, "lastPx": 73.1}) if defined $order && $kind < 78;
	return qq({"commandType": "RejectOrderCommand", "orderId": "$order", "execID": "$n"}) if defined $order && $kind < 82;
	return qq({"commandType": "ReplaceQuoteCommand", "quoteId": "$quote", "offerPx": 73.2}) if $kind < 88;
	return qq({"commandType": "@{[ one_of(qw(Reject Cancel Expire)) ]}QuoteCommand", "quoteId": "$quote"}) if $kind < 96;
	return qq({"commandType": "@{[ one_of(qw(Reject Cancel Expire)) ]}QuoteRequestCommand", "quoteRequestId": "$request"});
}

# One command, as JSON text, on the trees named; every session has trees of its own, and some are shared.
sub command
{
	my ($ids, $trees) = @_;
	my $kind = rand 100;
	my $n = ++$ids->{last};
	my $root = @$trees ? one_of(@$trees) : undef;
	my $text = one_of(@TEXTS);

	if (!defined $root || $kind < 12)
	{
		push @$trees, $root = one_of("$ids->{prefix}-$n", "$ids->{prefix} Ä$n", "$ids->{prefix}-$n-" . 'long' x int rand 20);
		return qq({"commandType": "CreateOrderCommand", "orderId": "$root", "symbol": "VOD.L", "side": "BUY", "orderQty": 100000, "text": "$text"});
	}
	return qq({"commandType": "CreateOrderCommand", "parentId": "$root", "orderQty": ) . (1 + int rand 50) . '}' if $kind < 25;
	return block_command($ids, $trees) if $kind < 42 && @$trees > 1;
	return quote_command($ids, $trees) if $kind < 57;
	return qq({"commandType": "ExecuteOrderCommand", "orderId": "$root", "lastQty": ) . one_of(1, 2.5, 100) . ', "lastPx": 72.4' . int(rand 99) . '}' if $kind < 75;
	return qq({"commandType": "UpdateOrderCommand", "orderId": "$root", "text": "$text"}) if $kind < 92;
	return qq({"commandType": "CancelOrderCommand", "orderId": "$root"}) if $kind < 94;
	return qq({"commandType": "SuspendOrderCommand", "orderId": "$root"});
}

# Configuration that changes under the load: rows of the session, and some that all sessions fight for. None is of an order that there is.
my @CONFIGURATION = (
	[ 'validation_rules', [ 'name' ], 'message', { object => 'order', predicate => 'true', enabled => 'false' } ],
	[ 'fix_sessions', ['session'], 'account', { direction => 'CLIENT' } ],
	[ 'limits', [qw(account symbol what)], 'amount', {} ],
	[ 'restricted_list', [qw(symbol account)], 'reason', {} ]);

sub change_configuration
{
	my ($dbh, $ids) = @_;
	my ($table, $keys, $column, $more) = @{ one_of(@CONFIGURATION) };
	my $owner = rand() < 0.3 ? 'shared' : $ids->{prefix};
	my $name = one_of("$owner-" . int rand 3, "$owner Ä/" . int rand 3);
	my @key = map { $_ eq 'session' ? "$name|US" : $_ eq 'symbol' || $_ eq 'name' ? $name : 'X' } @$keys;
	my $value = $column eq 'amount' ? int rand 1000 : substr(one_of(@TEXTS), 0, $column eq 'message' ? 900 : 5000) . int rand 1000;
	my %row = (%$more, $column => $value);
	@row{@$keys} = @key;
	my @columns = sort keys %row;
	my $insert = "INSERT INTO oms.$table (" . join(', ', @columns) . ') VALUES (' . join(', ', map { '?' } @columns) . ') ON CONFLICT ';
	my $here = join ' AND ', map { "$_ = ?" } @$keys;
	my $kind = rand 100;

	return $dbh->do("DELETE FROM oms.$table WHERE $here", undef, @key) if $kind < 20;
	return $dbh->do("UPDATE oms.$table SET $column = ? WHERE $here", undef, $value, @key) if $kind < 50;
	return $dbh->do("$insert DO NOTHING", undef, @row{@columns}) if $kind < 75 || $table eq 'validation_rules';
	return $dbh->do("$insert (" . join(', ', @$keys) . ") DO UPDATE SET $column = excluded.$column", undef, @row{@columns});
}

# Alone, several in a transaction, a batch, or rolled back; now and then with a change of configuration, or an anchor.
sub step
{
	my ($dbh, $ids, $trees) = @_;
	my @commands = map { command($ids, $trees) } 1 .. (rand() < 0.2 ? 2 + int rand 20 : 1);

	$dbh->do('SELECT oms.anchor()') if $ids->{anchors} && rand() < 0.03;
	if (rand() < 0.12)
	{
		$dbh->begin_work;
		foreach my $command (splice @commands, 0, 3)
		{
			change_configuration($dbh, $ids);
			$dbh->do('SELECT oms_try_command(?::jsonb)', undef, $command) if rand() < 0.5;
		}
		rand() < 0.1 ? $dbh->rollback : $dbh->commit;
		return;
	}

	if (@commands > 1 && rand() < 0.5)
	{
		$dbh->do('SELECT count(*) FROM oms_commands(?::jsonb, false)', undef, '[' . join(',', @commands) . ']');
		return;
	}
	$dbh->begin_work;
	$dbh->do('SELECT oms_try_command(?::jsonb)', undef, $_) foreach @commands;
	rand() < 0.05 ? $dbh->rollback : $dbh->commit;
	return;
}

1;
