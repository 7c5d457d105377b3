# doc/backup.md, command by command: a base backup, a runaway program, a restore to the transaction before its first one; and what the bridge, Kafka's
# consumers and clients do then.
# Broken by: a command of the page that fails; an event of before that is not there, or one of after that is; a bridge that goes on without a word, that
# publishes an event twice or leaves one out afterwards; an id that two events bear; a command that is sent again and books twice, or not at all.

use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

use OmsDelivery;
use OmsKafka;
use OmsTest;

skip_without_kafka();

my $page = slurp_file("$FindBin::RealBin/../../doc/backup.md");
my $backup = PostgreSQL::Test::Utils::tempdir();
my $node = delivery_node('store', conf => "archive_timeout = 60\n");
my $kafka = OmsKafka->new;
my $data = $node->data_dir;
my %known;

# The next block of the page in this language, with the directories and what was found put in.
my @blocks = $page =~ /^```(\w+)\n(.*?)^```$/msg;
sub block
{
	my ($language) = @_;
	my ($found, $text) = splice @blocks, 0, 2;
	is($found // 'none', $language, "the page goes on with $language") or die "the page has changed\n";
	$text =~ s{/backup\b}{$backup}g;
	$text =~ s{/data\b}{$data}g;
	$text =~ s/\$$_\b/$known{$_}/g foreach keys %known;
	return $text;
}

sub shell
{
	my $text = block('bash');
	local @ENV{qw(PGHOST PGPORT PGDATABASE)} = ($node->host, $node->port, 'postgres');
	# the server goes on without this pipe
	my $status = system 'bash', '-e', '-c', "{ $text } > $backup/said 2>&1 < /dev/null";
	is($status, 0, (split /\n/, $text)[0]) or diag(slurp_file("$backup/said"));
	return;
}

# The restored server is not the node's own: nobody else stops it.
END
{
	my $status = $?;
	system 'pg_ctl', '-D', "$data.restored", '-m', 'immediate', '-w', '-s', 'stop' if defined $data && -e "$data.restored/postmaster.pid";
	$? = $status;
}

sub sql { my ($statement) = @_; return $node->safe_psql('postgres', $statement); }
sub order { my ($id, $command) = @_; return qq(oms_command('{"commandType": "CreateOrderCommand", "commandId": "$command", "orderId": "$id", "symbol": "X", "side": "BUY", "orderQty": 1}')); }

sub start
{
	my ($kind, @args) = @_;
	my %config = pipeline_config('main', $kafka, $node, plugin => 'pgoutput', slot => 'oms_cdc');
	return bridge_start(name => $kind, config => \%config, args => \@args);
}

$kafka->start;
$kafka->create_event_topics('main.', 4);
mkdir "$backup/wal" or die "cannot make a folder: $!";
$node->append_conf('postgresql.conf', block('conf'));
$node->restart;
sql('SELECT count(*) FROM oms.create_slot()');

# ---- a day, a backup in its midst, and what was not to be -----------------------------------------

my $bridge = start('main');
ok(wait_for(sub { active_of($bridge) }, 60, 'the bridge'), 'the bridge streams') or diag($bridge->log);
load_start($node, sessions => 3, seed => first_seed(), name => 'day');
wait_for(sub { load_commands() > 100 }, 120, 'work before the backup');
shell();
my $behind = load_commands();
wait_for(sub { load_commands() > $behind + 100 }, 120, 'work after the backup');
load_stop();
sql('SELECT ' . order('before', 'c-before'));
my $before = sql('SELECT count(*), max(sequence), min(sequence) FROM oms.order_events');
my $state = sql(q(SELECT md5(string_agg(o::text, ' ' ORDER BY o.id)) FROM oms.orders o));
my $executions = sql(q(SELECT md5(string_agg(e::text, ' ' ORDER BY e.id)) FROM oms.executions e));

sql('CREATE ROLE runaway LOGIN IN ROLE oms_trader') if sql('SELECT count(*) FROM oms.create_roles()') ne '';
$node->safe_psql('postgres', 'SELECT ' . order("wrong$_", "c-wrong$_"), extra_params => [ '-U', 'runaway' ]) foreach 1 .. 6;
sql('SELECT ' . order('after', 'c-after'));
ok(defined drained($node, 'oms_cdc', 60), 'consumers have heard of all of it') or diag($bridge->log);

# ---- the restore ----------------------------------------------------------------------------------

($known{TRANSACTION}) = split /\|/, sql(block('sql'));
like($known{TRANSACTION}, qr/^\d+$/, 'the transaction of the first wrong command is found');
is($bridge->stop, 0, 'the bridge is stopped');
shell();
$node->_update_pid(-1);
shell();
is(sql('SELECT pg_is_in_recovery(), timeline_id FROM pg_control_checkpoint()') =~ s/\|.*//r, 'f', 'it takes commands');
is(sql('SELECT count(*), max(sequence), min(sequence) FROM oms.order_events'), $before, 'every event of before, and none of after');
is(sql(q(SELECT md5(string_agg(o::text, ' ' ORDER BY o.id)) FROM oms.orders o)), $state, 'every order as it was');
is(sql(q(SELECT md5(string_agg(e::text, ' ' ORDER BY e.id)) FROM oms.executions e)), $executions, 'every execution as it was');
my ($verify, $look) = split /;\n/, block('sql');
is(sql($verify), '', 'every invariant holds');
isnt(sql($look), '', 'the last event has its time');

# ---- the bridge -----------------------------------------------------------------------------------

like(sql(block('sql')), qr/^slot\|missing$/m, 'the slot was in no backup');
$bridge = start('main');
is($bridge->wait_exit(120), 3, 'the bridge stops');
my ($said) = $bridge->log =~ /(Kafka holds 7 events that the event tables do not; their ids: \{[\d,]+\})/;
ok(defined $said, 'and says which events are of a lost history') or diag($bridge->log);
($known{HIGHEST_ID}) = sort { $b <=> $a } ($said // '') =~ /(\d+)[,}]/g;
sql(block('sql'));
my $line = block('bash');
my ($accept) = $line =~ /^oms_bridge --config bridge\.conf (--\S+)$/m or die "the page starts the bridge in another way\n";
$bridge = start('main', $accept);
ok(wait_for(sub { active_of($bridge) }, 60, 'the bridge'), 'the bridge goes on') or diag($bridge->log);

# what clients still want they send again: what was lost is booked, what was not is a repeat
is(sql('SELECT ' . order('after', 'c-after') . q( ->> 'duplicate')), '', 'a lost command that is sent again is booked');
is(sql('SELECT ' . order('before', 'c-before') . q( ->> 'duplicate')), 'true', 'one that was not lost is a repeat');
cmp_ok(sql(q(SELECT min(sequence) FROM oms.order_events WHERE root_id = 'after')), '>', $known{HIGHEST_ID}, 'no number is given out again');
load_for($node, 0.2, steps => 30, sessions => 2, seed => first_seed() + 1, name => 'evening');
ok(defined drained($node, 'oms_cdc', 60), 'what comes after it leaves') or diag($bridge->log);
my $found = delivery($node, $kafka, 'main.', lost => 1);
is(join("\n", @{ $found->{problems} }), '', "every event is in Kafka: $found->{events}");
is("$found->{repeats} $found->{strangers}", '0 7', 'once, beside those that were lost');
my %ids;
foreach my $topic (qw(order-events execution-events)) { $ids{ $_->{headers}{id} }++ foreach $kafka->consume("main.$topic", read_committed => 1); }
is(join(' ', grep { $ids{$_} > 1 } keys %ids), '', 'and an id is one event, of this history or the lost one');
is($bridge->stop, 0, 'a clean stop');
is(sql('SELECT * FROM oms.verify()'), '', 'every invariant holds at the end');
is(sql('SELECT count(*) FROM oms.bridge_alerts') , '0', 'and nothing alerts') or diag(sql('SELECT * FROM oms.bridge_alerts'));
is(scalar @blocks, 0, 'the page has no command that is not run');

$kafka->stop;
done_testing();
