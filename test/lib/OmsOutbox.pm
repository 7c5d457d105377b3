# test/lib/OmsOutbox.pm: a random load of commands, and what the event tables then say must be in Kafka.
#
# outbox_load(NODE, sessions => N, seconds => S, steps => N, seed => N, name => PREFIX, meanwhile => CODE): commands until the time
# is over and each session has done so many steps, and CODE beside them; what a command is refused for does not matter.
# outbox_events(NODE): { sequence => { topic, key, value, eventType, hash, treeVersion } }, all of them bytes.
# outbox_differences(EVENTS, { topic => [records] }, PARTITIONS): what breaks section 7 of the contract, one line each, none when all is well.

package OmsOutbox;

use strict;
use warnings;

use DBI;
use Exporter 'import';
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(time);

use OmsKafka;
use OmsTest;

our @EXPORT = qw(outbox_load outbox_events outbox_differences outbox_topics);

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

sub session
{
	my ($node, $name, $until, $steps, $seed) = @_;
	my $dbh = oms_dbh($node);
	my $ids = { prefix => $name, last => 0 };
	my (@own, @shared);

	srand $seed;
	# a store of before has none
	($ids->{anchors}) = $dbh->selectrow_array(q(SELECT to_regprocedure('oms.anchor()') IS NOT NULL));
	@shared = map { "shared$_" } 1 .. 3;
	for (my $done = 0; time < $until || $done < $steps; $done++)
	{
		# two transactions over several trees can lock each other, as any rows can
		eval { step($dbh, $ids, rand() < 0.3 ? [ one_of(@shared) ] : \@own); 1 } and next;
		die $dbh->errstr // $@ if ($dbh->state // '') !~ /^40(P01|001)$/;
		$dbh->rollback if !$dbh->{AutoCommit};
	}
	return;
}

sub outbox_load
{
	my ($node, %options) = @_;
	my $until = time + ($options{seconds} // 5);
	my @pids;

	$node->safe_psql('postgres', qq(SELECT oms_try_command('{"commandType": "CreateOrderCommand", "orderId": "shared$_", "symbol": "BP.L", "side": "SELL", "orderQty": 1000000}'))) foreach 1 .. 3;
	foreach my $number (1 .. $options{sessions} // 3)
	{
		my $pid = fork // die "cannot fork: $!";
		if (!$pid)
		{
			my $good = eval { session($node, ($options{name} // 's') . $number, $until, $options{steps} // 50, ($options{seed} // 1) * 100 + $number); 1 };
			print STDERR "load: $@" if !$good;
			POSIX::_exit($good ? 0 : 1);
		}
		push @pids, $pid;
	}
	my $meanwhile = $options{meanwhile};
	$meanwhile->() if $meanwhile;
	my $failed = 0;
	foreach my $pid (@pids) { waitpid $pid, 0; $failed++ if $?; }
	die "$failed sessions of the load failed\n" if $failed;
	return;
}

# --- what must be there ----------------------------------------------------------------------

sub outbox_events
{
	my ($node) = @_;
	my $dbh = oms_dbh($node);
	my %events;

	$dbh->{pg_enable_utf8} = 0;
	foreach my $table (published_tables($node))
	{
		my $rows = $dbh->selectall_arrayref("SELECT sequence, root_id, payload::text, event_type, encode(hash, 'hex'), tree_version FROM oms.$table");
		foreach my $row (@$rows)
		{
			my $sequence = shift @$row;
			die "sequence $sequence is there twice\n" if $events{$sequence};
			@{ $events{$sequence} }{qw(topic key value eventType hash treeVersion)} = ($TOPIC_OF{$table}, @$row);
		}
	}
	return \%events;
}

sub record_differences
{
	my ($event, $record, $topic, $partitions) = @_;
	my $headers = $record->{headers};
	my @found;

	push @found, "is in $topic, not $event->{topic}" if $topic ne $event->{topic};
	push @found, "key $record->{key}, not $event->{key}" if ($record->{key} // '') ne $event->{key};
	push @found, 'its value differs: ' . ($record->{value} // 'null') if ($record->{value} // '') ne $event->{value};
	push @found, "header $_ is " . ($headers->{$_} // 'missing') . ", not $event->{$_}"
	  foreach grep { ($headers->{$_} // '') ne $event->{$_} } qw(eventType hash);
	my $partition = partition_of($event->{key}, $partitions);
	push @found, "partition $record->{partition}, not $partition" if $record->{partition} != $partition;
	return @found;
}

# At most twenty lines.
sub outbox_differences
{
	my ($events, $topics, $partitions) = @_;
	my (%seen, %newest, @found);

	foreach my $topic (sort keys %$topics)
	{
		foreach my $record (sort { $a->{partition} <=> $b->{partition} || $a->{offset} <=> $b->{offset} } @{ $topics->{$topic} })
		{
			my $id = $record->{headers}{id} // '(none)';
			my $event = $events->{$id};
			my $where = "$topic/$record->{partition}/$record->{offset} id $id";

			if (!$event) { push @found, "$where is no event"; next; }
			push @found, "$where came before, at $seen{$id}" if $seen{$id};
			$seen{$id} = $where;
			push @found, "$where: $_" foreach record_differences($event, $record, $topic, $partitions);
			my $before = \$newest{$topic}{ $event->{key} };
			push @found, "$where has tree version $event->{treeVersion} after $$before" if defined $$before && $$before >= $event->{treeVersion};
			$$before = $event->{treeVersion};
		}
	}
	push @found, "$_ ($events->{$_}{topic}, key $events->{$_}{key}) is missing" foreach grep { !$seen{$_} } sort { $a <=> $b } keys %$events;
	splice @found, 20, @found - 20, '... and ' . (@found - 20) . ' more' if @found > 21;
	return @found;
}

1;
