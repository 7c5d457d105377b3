# Anchors under writers who hang, roll back and die with the server; what an anchor costs; who may; and what becomes of them across dump
# and restore, an older dump, promotions with and without a loss, another encoding.
# Broken by: a change that no anchor has, or two; an anchor that a crash makes wrong, or that waits for a writer; one whose cost grows with the
# store; a restore or promotion that breaks the chain, or hides what it lost. All is computed again from the records alone (OmsAnchors).

use strict;
use warnings;

use JSON::PP ();
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use OmsAnchors;
use OmsTest;

my $dir = PostgreSQL::Test::Utils::tempdir();
my $node = oms_node('anchors', streaming => 1, conf => "fsync = off\nlog_statement = none\nwal_writer_delay = 10s\nmax_connections = 40\nlog_min_messages = fatal\nhot_standby_feedback = on\n");

sub sql { my ($on, $sql, $database) = @_; return $on->safe_psql($database // 'postgres', $sql); }
sub create { my ($id) = @_; return qq(SELECT oms_command('{"commandType": "CreateOrderCommand", "orderId": "$id", "symbol": "X", "side": "BUY", "orderQty": 100000}')); }
sub fill { my ($id) = @_; return qq(SELECT oms_command('{"commandType": "ExecuteOrderCommand", "orderId": "$id", "lastQty": 1, "lastPx": 1}')); }

# What a reader of the topic would have.
sub records
{
	my ($on, $database) = @_;
	my $dbh = oms_dbh($on, dbname => $database // 'postgres');

	$dbh->{pg_enable_utf8} = 0;
	$dbh->do(q(SET client_encoding = 'UTF8'));
	return @{ $dbh->selectall_arrayref(q(SELECT payload::text, encode(hash, 'hex') FROM oms.anchors ORDER BY version)) };
}

# All there is, held against the store, anchor by anchor; the text of whatever is wrong.
sub judged
{
	my ($on, $anchors, $database) = @_;
	my $dbh = oms_dbh($on, dbname => $database // 'postgres');
	my @wrong;

	foreach my $number (sort { $a <=> $b } keys %$anchors)
	{
		my $state = JSON::PP->new->ascii->canonical->encode($anchors->{$number}{state});
		my $rows = $dbh->selectall_arrayref('SELECT valid, object, id, detail FROM oms.verify_anchor($1::jsonb, $2::jsonb) WHERE NOT valid', undef, $state, leaves_of($anchors->{$number}));

		push @wrong, map { "$number: $_->[1] $_->[2]" } @$rows;
	}
	return join ', ', @wrong;
}

# Each event is in one anchor, and each anchor's leaves are the newest in it: by oms.position_sees(), which reads no window.
sub misplaced
{
	my ($on, $database) = @_;

	return sql($on, q(
		WITH a AS (SELECT number, payload #>> '{state,since}' AS since, payload #>> '{state,position}' AS position FROM oms.anchors WHERE part = 0),
		seen AS (SELECT e.*, a.number FROM a CROSS JOIN LATERAL (SELECT e.object, e.aggregate_id, e.version, e.hash FROM oms.all_events AS e
			WHERE oms.position_sees(a.position, e.sequence, e.xid) AND (a.since IS NULL OR NOT oms.position_sees(a.since, e.sequence, e.xid)) OFFSET 0) AS e),
		newest AS (SELECT DISTINCT ON (number, object, aggregate_id) * FROM seen ORDER BY number, object, aggregate_id, version DESC),
		leaves AS (SELECT r.number, l.leaf ->> 0 AS object, l.leaf ->> 1 AS id, l.leaf ->> 2 AS version, l.leaf ->> 3 AS hash FROM oms.anchors AS r CROSS JOIN LATERAL jsonb_array_elements(r.payload #> '{state,leaves}') AS l (leaf) WHERE r.part > 0)
		SELECT (SELECT count(*) FROM oms.all_events) - (SELECT count(*) FROM seen) || ' ' || (SELECT count(*) FROM seen) - (SELECT count(DISTINCT (object, aggregate_id, version)) FROM seen) || ' ' ||
			(SELECT count(*) FROM newest AS n FULL JOIN leaves AS l ON (l.number, l.object, l.id, l.version, l.hash) = (n.number, n.object, n.aggregate_id, n.version::text, encode(n.hash, 'hex')) WHERE l.number IS NULL OR n.number IS NULL)), $database);
}

# ------------------------------------------------------------------------
# writers, and two who anchor; the server dies twice
# ------------------------------------------------------------------------

my @children;

sub child
{
	my ($name, $work) = @_;
	my $pid = fork // die "cannot fork: $!";

	if ($pid == 0)
	{
		srand $$;
		while (!-e "$dir/end")
		{
			my $dbh = eval { oms_dbh($node) };

			# who is interrupted by the server's end comes again
			eval { $work->($dbh) until -e "$dir/end"; 1 } or ($dbh && $dbh->ping && append_to_file("$dir/failed", "$name: $@")) if $dbh;
			sleep 0.02;
		}
		POSIX::_exit(0);
	}
	push @children, $pid;
	return;
}

my $serial = 0;

sub write_some
{
	my ($dbh) = @_;
	my $id = "w$$-" . $serial++;

	$dbh->do('SET synchronous_commit = ' . (rand() < 0.5 ? 'off' : 'on'));
	$dbh->begin_work;
	$dbh->do(create($id));
	$dbh->do(fill($id)) foreach 1 .. rand 4;
	sleep rand 0.2 if rand() < 0.1;
	return $dbh->rollback if rand() < 0.2;
	$dbh->commit;
	$dbh->do(fill($id)) if rand() < 0.5;
	return;
}

child("writer $_", \&write_some) foreach 1 .. 4;
child("anchor $_", sub
{
	my ($dbh) = @_;
	my ($anchor) = $dbh->selectrow_array('SELECT oms.anchor()');

	append_to_file("$dir/kept-$$", "$anchor\n");
	sleep rand 0.3;
}) foreach 1 .. 2;
foreach my $crash (1 .. rounds(2, 10))
{
	sleep rounds(3, 10);
	$node->stop('immediate');
	$node->start;
}
sleep 2;
append_to_file("$dir/end", '');
waitpid $_, 0 foreach @children;
ok(!-e "$dir/failed", 'nobody met an error but the end of the server') or diag(slurp_file("$dir/failed"));
sql($node, 'SELECT oms.anchor()');
my ($wrong, $anchors) = read_anchors(records($node));
cmp_ok(scalar keys %$anchors, '>', 20, 'so many anchors (' . keys(%$anchors) . ')');
cmp_ok(sql($node, 'SELECT count(*) FROM oms.all_events'), '>', 500, 'of so many events');
is("@$wrong", '', 'each hash, root and number is that of doc/anchors.md');
is(misplaced($node), '0 0 0', 'each event is in one anchor, and the leaves are the newest events');
is(judged($node, $anchors), '', 'the store is what they say');
my %kept = map { my $a = JSON::PP->new->decode($_); $a->{number} => $a->{root} } map { split /\n/, slurp_file($_) } glob "$dir/kept-*";
is(join(' ', grep { ($anchors->{$_}{state}{root} // '') ne $kept{$_} } sort keys %kept), '', 'whatever anchor was given is still there');
is(sql($node, 'SELECT count(*) FROM oms.verify()'), '0', 'every invariant holds');

# who hangs holds up nobody
my $hangs = oms_dbh($node);
$hangs->begin_work;
$hangs->do(create('hangs'));
sql($node, create('passes'));
is(sql($node, q(SET statement_timeout = '5s'; SELECT oms.anchor() ->> 'count')), '1', 'an anchor waits for no writer');
$hangs->commit;
is(sql($node, q(SELECT oms.anchor() ->> 'count')), '1', 'who is through later is in the next one');
# two at once
my $first = oms_dbh($node);
$first->begin_work;
$first->do(create('two'));
$first->commit;
$first->begin_work;
my ($one) = $first->selectrow_array(q(SELECT oms.anchor() ->> 'number'));
is(($node->psql('postgres', q(SET lock_timeout = '200ms'; SELECT oms.anchor())))[0], 3, 'a second one waits');
$first->rollback;
is(sql($node, q(SELECT oms.anchor() ->> 'number')), $one, 'and takes the place of one that was rolled back');
my $old = oms_dbh($node);
sql($node, create('three'));
$old->begin_work;
$old->do('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
$old->do('SELECT count(*) FROM oms.orders');
sql($node, 'SELECT oms.anchor()');
eval { $old->do('SELECT oms.anchor()') };
is($old->state, '40001', 'who cannot see the newest one is told to try again');
$old->rollback;

# ------------------------------------------------------------------------
# what it costs
# ------------------------------------------------------------------------

sub buffers
{
	my $dbh = oms_dbh($node);
	my $plan;

	$dbh->do('SELECT oms.anchor()');
	$dbh->do(create('cost' . $serial++)) foreach 1 .. 5;
	($plan) = $dbh->selectrow_array('EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT oms.anchor()');
	$plan = JSON::PP->new->decode($plan)->[0]{Plan};
	return $plan->{'Shared Hit Blocks'} + $plan->{'Shared Read Blocks'};
}

buffers();
my $small = buffers();
sql($node, q(SELECT count(oms_command(jsonb_build_object('commandType', 'CreateOrderCommand', 'symbol', 'X', 'side', 'BUY', 'orderQty', i))) FROM generate_series(1, 5000) AS i));
is(sql($node, q(SELECT concat_ws(' ', a ->> 'count', a ->> 'parts') FROM oms.anchor() AS a)), '5000 20', 'many are as many parts');
my $large = buffers();
cmp_ok($large, '<', $small * 1.5 + 100, "an anchor of five orders in a store that is much larger: $large buffers, $small before");

# ------------------------------------------------------------------------
# who may
# ------------------------------------------------------------------------

sql($node, 'SELECT oms.create_roles(); ' . join ' ', map { "CREATE ROLE a_$_ LOGIN IN ROLE oms_$_;" } qw(reader trader desk admin bridge));
sub as { my ($role, $sql) = @_; my ($status, $out, $error) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nSET ROLE a_$role;\n$sql"); return $status == 0 && $error !~ /ERROR/ ? $out : $error =~ /ERROR:\s+(\w{5})/ ? $1 : $error; }
sql($node, create('roles'));
is(as($_, 'SELECT oms.anchor()'), '42501', "oms_$_ makes no anchor") foreach qw(reader trader desk);
like(as($_, q(SELECT oms.anchor() ->> 'number')), qr/^\d+$/, "oms_$_ does") foreach qw(bridge admin);
foreach my $role (qw(bridge admin))
{
	is(as($role, $_), '42501', "oms_$role: and nothing else ($_)") foreach 'INSERT INTO oms.anchors SELECT * FROM oms.anchors', 'DELETE FROM oms.anchors', 'SELECT oms.append_anchor_record(NULL, NULL, NULL)', 'BEGIN; LOCK TABLE oms.anchors IN SHARE UPDATE EXCLUSIVE MODE';
}
is(as('reader', q(SELECT bool_and(v.valid) FROM oms.anchors AS a CROSS JOIN LATERAL oms.verify_anchor(a.payload) AS v WHERE a.part = 0 AND a.number > 5 AND a.number < 8)), 't', 'a reader verifies');
sql($node, q(CREATE ROLE limited LOGIN IN ROLE oms_reader; SELECT oms.grant_account('limited', 'A')));
is(($node->psql('postgres', q(SET ROLE limited; SELECT * FROM oms.verify_anchor((SELECT payload FROM oms.anchors WHERE number = 1))), on_error_stop => 1))[0], 3, 'who sees some accounts verifies nothing');
# whatever stands in the caller's way of looking names up
is(as('admin', q(CREATE TEMPORARY TABLE anchors (a integer); CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT ''x''::bytea'; SET search_path = pg_temp, oms, pg_catalog; SET check_function_bodies = off; SELECT oms.anchor() ->> 'root' ~ '^[0-9a-f]{64}$')), 't', 'names are ours');

# ------------------------------------------------------------------------
# promotion, dump and restore
# ------------------------------------------------------------------------

$node->backup('copy');
my ($near, $far) = map { my $n = PostgreSQL::Test::Cluster->new($_); $n->init_from_backup($node, 'copy', has_streaming => 1); $n->start; $n } qw(near far);
sql($node, create('before') . '; SELECT oms.anchor()');
my @connection = ('-h', $node->host, '-p', $node->port);
command_ok([ 'pg_dump', @connection, '-Fc', '-f', "$dir/older", 'postgres' ], 'an older dump');
sql($node, create('common') . '; SELECT oms.anchor()');
$node->wait_for_catchup($_) foreach $near, $far;
psql_fails_with($near, 'SELECT oms.anchor()', '25006', 'a standby makes none');
$far->stop;
sql($node, create('late') . '; SELECT oms.anchor()');
$node->wait_for_catchup($near);
($wrong, $anchors) = read_anchors(records($node));
is("@$wrong", '', 'all of it by the records alone');
my ($last) = sort { $b <=> $a } keys %$anchors;
my %some = map { $_ => $anchors->{$_} } 1 .. 3, $last - 3 .. $last;
is(judged($near, \%some), '', 'a standby verifies');
command_ok([ 'pg_dump', @connection, '-Fc', '-f', "$dir/dump", 'postgres' ], 'and a newer one');

foreach my $dump (qw(dump older))
{
	my $lost = $dump eq 'dump' ? '' : join ', ', map { $_->[0] . ": $_->[1]" } [ $last - 1, "anchor " . ($last - 1) ], [ $last - 1, 'order common' ], [ $last, "anchor $last" ], [ $last, 'order late' ];

	sql($node, "CREATE DATABASE $dump TEMPLATE template0");
	command_ok([ 'pg_restore', @connection, '--exit-on-error', '-d', $dump, "$dir/$dump" ], "$dump: pg_restore");
	is(judged($node, \%some, $dump), $lost, "$dump: what was anchored is there" . ($lost ? ', but for what is named' : ''));
	sql($node, create('anew') . '; SELECT oms.anchor()', $dump);
	sql($node, create('and again') . '; SELECT oms.anchor()', $dump);
	my ($bad, $all) = read_anchors(records($node, $dump));
	my ($newest) = sort { $b <=> $a } keys %$all;
	is("@$bad", '', "$dump: the chain goes on");
	is(join(' ', map { map { $_->[1] } @{ $all->{$_}{leaves} } } $newest - 1, $newest), 'anew and again', "$dump: with what is new, and nothing else");
	is(misplaced($node, $dump), '0 0 0', "$dump: each event is in one anchor");
	is(judged($node, \%some, $dump), $lost, "$dump: and what was lost is still said");
	is(judged($node, { map { $_ => $all->{$_} } $newest - 2 .. $newest }, $dump), '', "$dump: new anchors hold") if $dump eq 'dump';
	is(sql($node, 'SELECT count(*) FROM oms.verify()', $dump), '0', "$dump: every invariant holds");
}

$node->stop('immediate');
$far->append_conf('postgresql.conf', "primary_conninfo = ''\n");
$far->start;
$_->promote foreach $near, $far;
is(judged($near, \%some), '', 'promoted without a loss: all is there');
is(judged($far, \%some), "$last: anchor $last, $last: order late", 'promoted with a loss: what is missing is named');
foreach my $on ($near, $far)
{
	my $name = $on->name;

	is(sql($on, q(SELECT oms.anchor() ->> 'number')), $on == $near ? $last : $last - 1, "$name: nothing new, no anchor");
	sql($on, create("of $name") . '; SELECT oms.anchor()');
	my ($bad, $all) = read_anchors(records($on));
	my ($newest) = sort { $b <=> $a } keys %$all;
	is("@$bad", '', "$name: the chain goes on");
	is(join(' ', map { $_->[1] } @{ $all->{$newest}{leaves} }), "of $name", "$name: with what is new, and nothing else");
	is(misplaced($on), '0 0 0', "$name: each event is in one anchor");
	is(judged($on, { map { $_ => $all->{$_} } 1, $newest - 1, $newest }), '', "$name: and they hold");
}
is(judged($far, \%some), "$last: anchor $last, $last: order late", 'a loss is not forgotten when numbers are drawn again');
is(judged($far, { 1 => $anchors->{1} }), '', 'and what is common is not touched by it');

# ------------------------------------------------------------------------
# another encoding: bytes are those of UTF-8
# ------------------------------------------------------------------------

sql($near, q(CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0));
sql($near, q(CREATE EXTENSION oms_state), 'latin');
sql($near, qq(SET client_encoding = 'UTF8'; $_; SELECT oms.anchor()), 'latin') foreach create("\xc3\xa9t\xc3\xa9"), create('\\"z') . ';' . create("\xc3\xbc") . ';' . create('y  y');
($wrong, $anchors) = read_anchors(records($near, 'latin'));
is("@$wrong", '', 'LATIN1: by the records alone');
is(scalar @{ $anchors->{2}{leaves} }, 3, 'with their leaves');
is(judged($near, $anchors, 'latin'), '', 'and the store holds');

$_->stop foreach $near, $far;
done_testing();
