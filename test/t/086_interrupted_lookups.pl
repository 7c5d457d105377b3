# A session is interrupted while it looks up the tables of the store for the first time: it fails, and the next command works.
# Broken by: look-ups that are taken for valid before they are done (the session then answers "could not open relation with OID 0" for ever).

use strict;
use warnings;

use Test::More;

use OmsTest;
use OmsWork;

my $node = oms_node('lookups');
my $other = oms_dbh($node);
my $create = 'SELECT oms_command(\'{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 1}\')';
oms_dbh($node)->do($create);

# What is locked, so that a look-up of it waits: the catalogs that names and OIDs come from, and each table of ours.
foreach my $table (qw(pg_class pg_namespace pg_index pg_attribute pg_sequence), map { "oms.$_" } @TABLES, other_tables($other))
{
	my $dbh = oms_dbh($node);
	$dbh->do('SELECT 1');
	$dbh->do("SET lock_timeout = '50ms'");
	$other->begin_work;
	$other->do("LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
	my $state = eval { do_work($dbh); '00000' } || $dbh->state;
	$other->rollback;
	like($state, qr/^(?:55P03|00000)$/, "$table is locked: $state");
	ok(eval { do_work($dbh); 1 }, '... and free again: the session works') or diag($@);
	# the same with what it knows forgotten
	$other->do('ALTER TABLE oms.orders SET (fillfactor = 70)');
	$other->begin_work;
	$other->do("LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
	$state = eval { do_work($dbh); '00000' } || $dbh->state;
	$other->rollback;
	ok(eval { do_work($dbh); 1 }, "... once more, after $state") or diag($@);
	$dbh->disconnect;
}
intact($other, 'afterwards');

$other->disconnect;
$node->stop;
done_testing();
