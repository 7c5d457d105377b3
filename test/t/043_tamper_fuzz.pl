# Random columns of random rows set to random values of their type, behind the store's back: oms.verify() never fails on it,
# nor does a view, and what is changed in an object or an event is found.
# Broken by: a cast or an arithmetic operation that fails on a value no command can write; a column that nothing checks.

use strict;
use warnings;

use List::Util qw(shuffle);
use Test::More;
use OmsTest;
use OmsWork qw(quote_commands);

my $node = oms_node('tamper_fuzz');
my $dbh = oms_dbh($node);
my $beginning = $dbh->selectrow_array('SELECT oms.current_position()');
my $edits = 0;
srand(7);

foreach my $root (qw(A B))
{
	oms_command($dbh, $_) foreach (
		{ commandId => "$root-1", commandType => 'CreateOrderCommand', orderId => $root, clOrdID => "c-$root", symbol => 'IBM', side => 'BUY', orderQty => 1000, price => '10.5', account => 'ACC' },
		{ commandType => 'CreateOrderCommand', orderId => "$root-1", parentId => $root, orderQty => 400 },
		{ commandId => "$root-2", commandType => 'ExecuteOrderCommand', orderId => "$root-1", executionId => "$root-x", execID => 'E1', lastQty => 100, lastPx => '10.4' },
		{ commandType => 'CorrectExecutionCommand', executionId => "$root-x", execID => 'E2', lastQty => 90, lastPx => '10.3' },
		{ commandType => 'RequestReplaceOrderCommand', orderId => "$root-1", orderQty => 500 });
}
# a block over both, filled and allocated; one of them on the desk
oms_command($dbh, $_) foreach (
	{ commandType => 'CreateBlockOrderCommand', orderId => 'K', members => [ map { { orderId => $_, quantity => 100 } } qw(A B) ] },
	(map { { commandType => 'ExecuteOrderCommand', orderId => 'K', executionId => "K-x$_", execID => "K$_", lastQty => 50, lastPx => "10.$_" } } 1, 2),
	{ commandType => 'AllocateExecutionCommand', orderId => 'K', method => 'EQUAL', quantity => 70 },
	{ commandType => 'SendOrderToDeskCommand', orderId => 'A', reason => 'large' },
	# what the desk typed, matched and rejected
	{ commandType => 'CreateManualExecutionCommand', orderId => 'B', executionId => 'B-m', lastQty => 7, lastPx => '10.1', reason => 'by telephone' },
	(map { { commandType => 'ExecuteOrderCommand', orderId => 'nobody', executionId => "N-x$_", execID => "N$_", symbol => 'IBM', side => 'BUY', lastQty => 3, lastPx => 10 } } 1, 2),
	{ commandType => 'ApproveExecutionCommand', executionId => 'N-x1', orderId => 'B' }, { commandType => 'RejectExecutionCommand', executionId => 'N-x2', reason => 'not ours', dkReason => 'OTHER' });
# requests for quotes: one that was dealt, refused at the last look and dealt again; one that its dealers decline
oms_command($dbh, $_) foreach quote_commands('Q'),
  { commandType => 'RejectQuoteCommand', quoteId => 'Q.q4', reason => 'moved' }, { commandType => 'AcceptQuoteCommand', quoteId => 'Q.q5', orderId => 'Q.deal3' },
  { commandType => 'CreateQuoteRequestCommand', quoteRequestId => 'Q.none', symbol => 'VOD.L', dealers => [ 'ALFA', 'BETA' ] }, { commandType => 'RejectQuoteRequestCommand', quoteRequestId => 'Q.none', dealer => 'BETA', reason => 'no' };
# configuration: made, changed, deleted
$dbh->do($_) foreach (
	"INSERT INTO oms.limits (account, symbol, what, amount) VALUES ('A', 'x', 'q', 1), ('A', '', 'q', 2), ('B', '', 'q', 3)", "UPDATE oms.limits SET amount = 5 WHERE account = 'A'", "DELETE FROM oms.limits WHERE account = 'B'",
	"SET oms_state.command_retention = 0", "INSERT INTO oms.retention_policies (name, object, age) VALUES ('c', 'configuration', '0')", "SELECT * FROM oms.purge_configuration(2, now() + interval '1 hour')",
	"SELECT * FROM oms.purge_configuration(1, now() + interval '1 hour')", "DELETE FROM oms.retention_policies", "RESET oms_state.command_retention",
	"INSERT INTO oms.restricted_list (symbol, reason) VALUES ('IBM', 'x'), ('VOD.L', NULL)", "INSERT INTO oms.fix_sessions (session, direction, account) VALUES ('A|B', 'CLIENT', 'A-1'), ('B|C', 'BROKER', NULL)",
	"INSERT INTO oms.trading_halts (name, symbol, account, destination, since, until, reason) VALUES ('h', 'IBM', 'A', 'X', '2026-01-02Z', '2026-01-03Z', 'news'), ('i', NULL, NULL, NULL, '2026-01-02Z', NULL, NULL)");
my %values = (
	text => [ "''", "'x'", "'A'", "'A-1'", "'FILLED'" ], bigint => [ 0, -1, 7, '9223372036854775807' ], integer => [ 0, -1, 101 ],
	numeric => [ 0, -5, "'NaN'", "'Infinity'", '1e40' ], 'timestamp with time zone' => [ "'infinity'", "'-infinity'", "'0044-03-15 BC'", "'2026-01-01Z'" ],
	date => [ "'infinity'", "'2026-01-01'" ], jsonb => [ "'7'", "'[]'", "'{}'", "'[1]'", "'[{\"orderQty\": \"x\", \"request\": \"REPLACE\"}]'", "'null'", "'\"x\"'",
		"'[{\"orderId\": \"A\", \"quantity\": 5, \"value\": \"x\", \"priority\": 1e99, \"allocatedQuantity\": 1e-300, \"allocationId\": [], \"released\": 7, \"methods\": 5, \"members\": {}}]'" ],
	bytea => [ "'\\x'", "sha256('x')" ], 'text[]' => [ "'{}'", "'{x}'", "'{NULL}'" ], 'bigint[]' => [ "'{}'", "'{NULL}'", "'{1,1}'" ], boolean => [qw(true false)], xid8 => [ "'1'", "'18446744073709551615'" ],
);
my $columns = $dbh->selectall_arrayref(q(SELECT c.relname, a.attname, format_type(a.atttypid, NULL), a.attnotnull
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'oms'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
	 AND (c.relname IN ('commands', 'cl_ord_ids', 'counterparty_order_ids', 'root_ids', 'matched_exec_ids', 'quote_req_ids', 'dealer_quote_ids', 'configuration_events', 'purged_configuration', 'limits', 'restricted_list', 'fix_sessions', 'trading_halts')
	 OR c.relname IN (SELECT table_name FROM oms.kinds() UNION ALL SELECT event_table FROM oms.kinds())) ORDER BY 1, 2));
my @views = @{ $dbh->selectcol_arrayref("SELECT relname FROM pg_class WHERE relnamespace = 'oms'::regnamespace AND relkind = 'v' AND relname !~ '^stat|bridge|reference' ORDER BY 1") };
# A partition decides where an event of another month stands: its time is changed within it by 040.
foreach (@$columns)
{
	my ($table, $column, $type, $not_null) = @$_;
	next if $column eq 'occurred_at';
	my $rows = $dbh->selectrow_array("SELECT count(*) FROM oms.$table");

	# what two tables have in common is tried on one with all values; make soak tries all on all
	my @try = (@{ $values{$type} // [] }, $not_null ? () : 'NULL');
	@try = (shuffle @try)[ 0 .. ($#try > 1 ? 1 : $#try) ] if $table =~ /^quote/ && !soak();
	foreach my $value (@try)
	{
		my $row = int rand $rows;
		my ($changed, $found, $since, $failed);

		$dbh->begin_work;
		$dbh->do('SET LOCAL session_replication_role = replica');
		eval {
			$changed = $dbh->do("UPDATE oms.$table SET $column = $value WHERE (tableoid, ctid) IN (SELECT tableoid, ctid FROM oms.$table ORDER BY ctid LIMIT 1 OFFSET $row) AND $column IS DISTINCT FROM $value");
			1;
		} or do { $dbh->rollback; next; };    # a key that is taken, say
		if ($changed == 1)
		{
			eval {
				($found) = $dbh->selectrow_array('SELECT count(*) FROM oms.verify()');
				# all of it is new: of each fourth edit; make soak asks it of all
				($since) = $edits++ % 4 == 0 || soak() ? $dbh->selectrow_array('SELECT count(*) FROM oms.verify($1::text)', undef, $beginning) : ($found);
				foreach my $view (@views) { $failed = $view; $dbh->selectall_arrayref("SELECT * FROM oms.$view"); }
				$failed = undef;
				1;
			} or do { $failed .= " $@"; };
			is($failed, undef, "$table.$column = $value: read without an error");
			# not found: a JSON null where there was no value, which reads the same in a state; and the xid of the first event of a
			# partition, before which nothing shows that it was written here; and whence it came, which stands beside the payload and in no hash
			my $is_judged = $table =~ /orders|executions|^quotes$|^quote_requests$|events|limits|restricted|sessions|halts|purged_configuration/ && !defined $failed && $table !~ /ids/
			  && $value ne "'null'" && $column !~ /^(xid|application_name|client_addr)$/;
			cmp_ok($found // 0, '>', 0, "$table.$column = $value: found") if $is_judged;
			cmp_ok($since // 0, '>', 0, "$table.$column = $value: found in what changed since") if $is_judged;
		}
		$dbh->rollback;
	}
}
is($dbh->selectrow_array('SELECT count(*) FROM oms.verify()'), 0, 'all invariants hold after');
done_testing();
