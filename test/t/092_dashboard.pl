# The Grafana dashboard of doc/grafana: each of its queries, as Grafana sends it, by a login that may only read.
# Broken by: a query that fails, gives no column "time" of a time where a chart needs one, or shows another account than the one asked for.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use FindBin;
use JSON::PP ();
use POSIX qw(strftime);

use OmsTest;

my $node = oms_node('dashboard');
my $dbh = oms_dbh($node);
$dbh->do(q(SELECT oms.create_roles()));
$dbh->do('CREATE ROLE grafana LOGIN IN ROLE oms_reader');
$dbh->do(q(SELECT oms_commands($$[
 {"commandType": "CreateOrderCommand", "orderId": "A", "symbol": "VOD.L", "side": "BUY", "orderQty": 100, "account": "ONE", "pending": true},
 {"commandType": "AcceptOrderCommand", "orderId": "A"},
 {"commandType": "ExecuteOrderCommand", "orderId": "A", "execID": "1", "lastQty": 40, "lastPx": 2, "lastMkt": "XLON"},
 {"commandType": "CreateOrderCommand", "orderId": "B", "symbol": "BP.L", "side": "BUY", "orderQty": 7, "account": "TWO"},
 {"commandType": "SendOrderToDeskCommand", "orderId": "B", "reason": "look"},
 {"commandType": "CancelOrderCommand", "orderId": "B"}]$$)));
$dbh->do('SET ROLE grafana');

my $dashboard = JSON::PP->new->decode(slurp_file("$FindBin::RealBin/../../doc/grafana/oms_state.json"));

sub query
{
	my ($sql, $account) = @_;
	my ($from, $to) = map { strftime(q('%Y-%m-%dT%H:%M:%SZ'), gmtime(time + $_)) } -3600, 3600;
	my %macro = ('$__interval' => '10m', '$__timeFrom()' => $from, '$__timeTo()' => $to, '$account' => $account);

	$sql =~ s/\Q$_\E/$macro{$_}/g for keys %macro;
	my $sth = $dbh->prepare($sql);
	$sth->execute;
	return ($sth, $sth->fetchall_arrayref({}));
}

my (%sum, %some);
for my $panel (@{ $dashboard->{panels} })
{
	for my $target (@{ $panel->{targets} })
	{
		my ($sth, $rows) = eval { query($target->{rawSql}, 'ONE') };
		is($@, '', "$panel->{title} ($target->{refId})") or next;
		next unless $target->{format} eq 'time_series';
		is(join(' ', @{ $sth->{NAME} }), 'time metric value', '… as a chart reads it');
		$sum{"$panel->{title} $target->{refId}"} = 0;
		$sum{"$panel->{title} $target->{refId}"} += $_->{value} // 0 for @$rows;
		$some{"$panel->{title} $target->{refId}"} = grep { defined $_->{value} && $_->{value} > 0 } @$rows;
	}
}
is($sum{'Orders A'}, 1, 'orders of the account that was asked for');
is($sum{'Orders B'}, 0, '… and no cancel of another');
is($sum{'Fills by destination of their market A'}, 1, '… its fill');
is($sum{'Executed value by symbol A'}, 80, '… and what it was worth');
is($some{'Time to acceptance A'}, 1, '… its time to acceptance, in the one bucket that has an order');
is($some{'Time to first fill A'}, 1, '… and to its first fill');
my ($target) = map { $_->{targets}[0] } grep { $_->{title} eq 'Orders' } @{ $dashboard->{panels} };
my (undef, $all) = query($target->{rawSql}, '');
my $made = 0;
$made += $_->{value} for @$all;
is($made, 2, 'orders of all where no account is asked for');
my %kinds = map { $_->{type} => 1 } @{ $dashboard->{panels} };
is(join(' ', sort keys %kinds), 'stat table timeseries', 'panels that Grafana has without a plugin');

done_testing();
