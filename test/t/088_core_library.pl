# The core library: an extension of its own (test/modules/example, built by PGXS against the installed header alone) brings a kind of object, a hook on events and a
# predicate; and what it brings works as ours does: gate, repeats, versions, refusals, batches, services, hash chains, replay, verify, rights, a crash, a dump.
# Broken by: a loop over kinds that knows only ours; a number of a kind that is kept beyond its session; a reader of a table that another extension may drop; a hook that is
# called twice, not at all, or for what was undone; a library that is left out in silence.

use strict;
use warnings;

use File::Copy;
use FindBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

$ENV{PG_CONFIG} //= 'pg_config';
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};

my $folder = PostgreSQL::Test::Utils::tempdir();
my ($installed) = oms_settings() =~ /^extension_destdir = '([^']*)'/m;
my $header = ($installed // '') . qx("$ENV{PG_CONFIG}" --includedir-server) =~ s/\n//r . '/extension/oms_state';
my ($share, $library) = map { qx("$ENV{PG_CONFIG}" --$_) =~ s/\n//r } qw(sharedir pkglibdir);

# The module built in a folder of its own, with whatever header.
sub build
{
	my ($name, $from, @targets) = @_;
	my $said = '';
	mkdir "$folder/$name";
	copy($_, "$folder/$name") or die "cannot copy $_: $!" foreach glob "$FindBin::RealBin/../modules/example/*";
	chmod 0755, $folder, "$folder/$name";
	IPC::Run::run(['make', '-s', '-C', "$folder/$name", 'with_llvm=no', "PG_CONFIG=$ENV{PG_CONFIG}", "HEADER=$from", @targets], '>', \$said, '2>&1');
	is($? >> 8, 0, "$name is built, without a warning") or do { diag($said); done_testing(); exit 1 };
}

my $node = oms_node('library', extension => 0);
if (!$installed || $node->safe_psql('postgres', q(SELECT count(*) FROM pg_settings WHERE name = 'extension_destdir')) eq '0')
{
	plan(skip_all => 'this server has no extension_destdir (a setting of Debian): the example is not installed beside what is there');
}
PostgreSQL::Test::RecursiveCopy::copypath($installed, "$folder/stage");
build('example', $header, 'all', 'install', "DESTDIR=$folder/stage");
my $so = "$folder/stage$library/example";

# Headers of another version, and of one that has more to offer than this server.
foreach (['later', 'define OMS_API_VERSION\t1', 'define OMS_API_VERSION\t2'], ['larger', '\} OmsApi;', "\tvoid (*more) (void);\n} OmsApi;"])
{
	my ($name, $find, $put) = @$_;
	my $text = slurp_file("$header/oms_state.h");
	$text =~ s/$find/eval qq("$put")/e or die "cannot find $find";
	mkdir "$folder/header_$name";
	PostgreSQL::Test::Utils::append_to_file("$folder/header_$name/oms_state.h", $text);
	build($name, "$folder/header_$name", 'all');
}

my $conf = "extension_destdir = '$folder/stage'\ndynamic_library_path = '$folder/stage$library:\$libdir'\n";
$node->append_conf('postgresql.conf', "${conf}session_preload_libraries = 'example'\n");
$node->restart;
my $db = 'postgres';
sub sql { my ($sql, $to) = @_; return $node->safe_psql($to // $db, $sql); }
sub is_sql { my ($sql, $expected, $name) = @_; is(sql($sql), $expected, $name); }
# What psql says to it, its notices and errors alone.
sub says { my ($sql, $to) = @_; return ($node->psql($to // $db, $sql, on_error_stop => 0))[2]; }
# What a command answers under a path, or the SQLSTATE, message and detail of its refusal.
sub answers
{
	my ($command, $path, $expected, $name) = @_;
	is_sql(qq(SELECT coalesce(concat_ws(' | ', r #>> '{error,sqlstate}', r #>> '{error,message}', r #>> '{error,detail}'), '') || coalesce(r #>> '$path', '') FROM oms_try_command(\$\$$command\$\$) AS r), $expected, $name);
}
sub verify { is_sql('SELECT * FROM oms.verify()', '', $_[0] // 'every invariant holds'); }

is_sql('CREATE EXTENSION example CASCADE; SELECT count(*) FROM oms.added_kinds', '1', 'made together with oms_state, in one session that has loaded it first');

# ---- a kind ---------------------------------------------------------------------------------------------------------

my $open = '{"commandType": "OpenBasketCommand", "commandId": "c1", "basketId": "B1", "account": "ACC", "name": "Hedge", "targetValue": "1000.50", "strategy": "vwap", "lines": 12, "dueTime": "2026-11-26T10:00:00Z", "tradeDate": "2026-11-26", "urgent": true, "details": {"a": [1]}}';
answers($open, '{events,0,eventType}', 'BasketOpened', 'a basket is opened');
is_sql(q(SELECT status, conditions, strategy, target_value, lines, due_time AT TIME ZONE 'UTC', trade_date, urgent, details, account, version, tree_version, root_id, changes FROM oms.baskets),
	'OPEN|{OPEN}|VWAP|1000.5|12|2026-11-26 10:00:00|2026-11-26|t|{"a": [1]}|ACC|1|1|B1|', 'fields have filled columns');
is_sql(q(SELECT payload ->> 'aggregateType', payload #>> '{state,basketId}', payload #>> '{state,targetValue}', account, actor = session_user, transition, hash = sha256(convert_to(payload::text, 'UTF8')) FROM oms.basket_events),
	'Basket|B1|1000.5|ACC|t|10000|t', 'its event is as ours are');
answers($open, '{duplicate}', 'true', 'a repeat has the first result');
answers($open =~ s/Hedge/Other/r, '{none}', 'OM007 | commandId "c1" is already used | ' . sql(q(SELECT format('It was used with other content at %s.', recorded_at) FROM oms.commands WHERE command_id = 'c1')), 'with other content it is none');
answers('{"commandType": "OpenBasketCommand", "basketId": "B9", "name": "x", "targetValue": 1, "urgent": true}', '{none}', 'OM001 | OpenBasketCommand leaves "strategy" of a basket without a value | It is never null.', 'a column that is required is never null');
answers('{"commandType": "OpenBasketCommand", "name": "x", "targetValue": 1, "urgent": false}', '{state,strategy}', 'VWAP', 'its decide function fills one');
answers($open =~ s/"c1"/"c2"/r, '{none}', 'OM007 | basket "B1" exists already', 'an id is one basket\'s');
like(sql(q(SELECT r #>> '{error,sqlstate}' FROM oms_try_command('{"commandType": "CreateOrderCommand", "orderId": "B1", "symbol": "X", "side": "BUY", "orderQty": 1}') AS r)), qr/^OM007$/, 'of all kinds');
like(sql(q(SELECT r #>> '{state,basketId}' FROM oms_command('{"commandType": "OpenBasketCommand", "name": "unnamed", "targetValue": 1, "strategy": "twap"}') AS r)), qr/^[0-9a-f]{8}-/, 'an id is made');

my $resize = '{"commandType": "ResizeBasketCommand", "basketId": "B1", "targetValue": 2000}';
answers($resize, '{state,status}', 'RESIZED', 'the first status that holds is shown');
is_sql(q(SELECT conditions, changes, changed_by = session_user, version FROM oms.baskets WHERE id = 'B1'), '{RESIZED,OPEN}|1|t|2', 'and all are kept');
answers($resize =~ s/2000/20001/r, '{none}', 'OM005 | a basket grows to ten times its value at most | Rule basket_growth: it is worth 2000 now.', 'its decide function refuses');
is_sql(q(SELECT rule, command_type FROM oms.rejected_commands ORDER BY rejected_at DESC LIMIT 1), 'basket_growth|ResizeBasketCommand', 'which is kept');
answers('{"commandType": "ResizeBasketCommand", "basketId": "B1", "targetValue": 3000, "mostly": true, "until": "2026-12-01T00:00:00Z", "on": "2026-12-02", "why": "CLOSE"}', '{state,changes}', '2', 'fields without a column');
is_sql(q(SELECT lines, due_time AT TIME ZONE 'UTC', trade_date, strategy FROM oms.baskets WHERE id = 'B1'), '|2026-12-01 00:00:00|2026-12-02|CLOSE', 'are what the function has made of them');
answers($resize =~ s/\}$/, "expectedVersion": 1}/r, '{none}', 'OM006 | basket "B1" has another version than expected | expectedVersion is 1, its version is 3.', 'expectedVersion');
answers($resize =~ s/B1/B0/r, '{none}', 'OM003 | basket "B0" does not exist', 'none of that id');
answers($resize =~ s/2000/0/r, '{none}', 'OM001 | field "targetValue" is not a valid quantity above zero | It is 0.', 'a field is of its type');
answers($resize =~ s/\}$/, "price": 1}/r, '{none}', 'OM001 | unknown field "price" of ResizeBasketCommand | It knows basketId, targetValue, lines, mostly, until, on, why, commandId, rootId, expectedVersion, correlationId, causationId, transactTime.', 'and no others are');
answers('{"commandType": "OpenBasketCommand", "name": "x"}', '{none}', 'OM001 | OpenBasketCommand needs field "targetValue" | It must be a valid quantity above zero.', 'a required field');
answers('{"commandType": "CloseBasketCommand", "basketId": "B1", "urgent": false}', '{state,status}', 'CLOSED', 'closed');
is_sql(q(SELECT urgent IS NULL, closed_at = updated_at, conditions FROM oms.baskets WHERE id = 'B1'), 't|t|{CLOSED,RESIZED}', 'at the time of its event');
answers($resize, '{none}', 'OM004 | ResizeBasketCommand is not possible for basket "B1" in status CLOSED', 'its machine says no');
is_sql(q(SELECT count(*), bool_and(object = 'basket') FROM oms.command_reference WHERE command_type = 'CloseBasketCommand'), '8|t', 'its commands are in the reference');
is_sql(q(SELECT string_agg(transition || ' ' || event_type, ', ') FROM oms.state_transitions WHERE object = 'basket'), '10000 BasketOpened, 10010 BasketResized, 10020 BasketClosed', 'and its transitions');
is_sql(qq(SELECT count(*) FROM oms_try_command('$resize'); SELECT calls, accepted, refusals_by_sqlstate FROM oms.stat_commands WHERE command_type = '(other libraries)'), qq(1\n1|0|{"OM004": 1}), 'its commands are counted');
is_sql(q(SELECT string_agg(r ->> 'status', ' ') FROM oms_commands('[{"commandType": "OpenBasketCommand", "basketId": "L1", "name": "l", "targetValue": 5}, {"commandType": "CreateOrderCommand", "orderId": "L2", "symbol": "X", "side": "BUY", "orderQty": 100},
	{"commandType": "ResizeBasketCommand", "basketId": "L1", "targetValue": 51}, {"commandType": "CloseBasketCommand", "basketId": "L1"}]', false) AS r), 'ACCEPTED ACCEPTED REJECTED ACCEPTED', 'a batch with ours');
is_sql(q(SELECT (oms.basket_as_of('B1', (SELECT occurred_at FROM oms.basket_events WHERE aggregate_id = 'B1' AND version = 2))).target_value), '2000', 'as it was');
is_sql(q(SELECT string_agg(concat_ws(' ', a.version, a.tree_version, a.tree_updated_at = e.occurred_at), ', ' ORDER BY e.version) FROM oms.basket_events AS e, oms.basket_as_of('B1', e.occurred_at) AS a WHERE e.aggregate_id = 'B1'),
	'1 1 t, 2 2 t, 3 3 t, 4 4 t', 'with the number and time of its tree then');
is_sql(q(SELECT a.version, a.tree_version FROM oms.events_since('basket', NULL) AS e, oms.basket_as_of('B1', e."position") AS a WHERE e.aggregate_id = 'B1' AND e.version = 3), '3|3', 'also by a position');
is_sql(q(SELECT count(*), count(*) FILTER (WHERE r.replayed = b.*) FROM oms.replay_baskets() AS r JOIN oms.baskets AS b USING (id)), '4|4', 'as its events say it is');
is_sql(q(SELECT string_agg(DISTINCT object, ' ') FROM oms.all_events), 'basket order', 'oms.all_events has its events');
is_sql(q(SELECT string_agg(q ->> 'basketId', ' ') FROM oms_query('baskets', '{"where": {"status": "CLOSED", "targetValue": {"lt": 5000}}, "orderBy": "-targetValue"}') AS q), 'B1 L1', 'queries find it');
is_sql(q(SELECT string_agg(q ->> 'eventType', ' ') FROM oms_query('basket_events', '{"where": {"basketId": "B1", "state.changes": 2}}') AS q), 'BasketResized BasketClosed', 'and its events');
is_sql(q(SELECT string_agg(id, ' ') FROM oms.find_baskets(oms.eq('strategy', 'CLOSE'))), 'B1', 'and its rows');
is_sql(q(SELECT string_agg(id, ' ') FROM oms.baskets AS b WHERE oms.matches(b, oms.eq('strategy', 'CLOSE')) AND oms.matches_state('basket', oms.basket_state(b), '{"status": "closed"}')), 'B1', 'a specification is asked of its rows and states');
verify();

is_sql(q(SELECT string_agg(d, ', ' ORDER BY d) FROM (SELECT pg_describe_object(m.classid, m.objid, 0) FROM oms.kind_members() AS m) AS v (d)),
	join(', ', sort map({ "function oms.$_" } 'basket_as_of(text,bigint)', 'basket_as_of(text,text)', 'basket_as_of(text,timestamp with time zone)', 'basket_from_state(jsonb,bytea)', 'basket_state(oms.baskets)', 'basket_state_problem(jsonb)',
		'basket_then(text,timestamp with time zone,text)', 'find_baskets(oms_spec,text[],integer)', 'matches(oms.baskets,oms_spec)', 'replay_baskets()'), 'table oms.basket_events', 'table oms.baskets'),
	'what was made for it, and not what its script has made besides');

# A service of its commands and ours; what was changed since a snapshot.
sql(q(INSERT INTO oms.services (name, definition) VALUES ('BasketOfOne', '{"arguments": {"id": {"type": "identifier", "required": true}, "value": {"type": "quantity", "required": true}}, "steps": [
	{"name": "open", "command": "OpenBasketCommand", "with": {"basketId": {"argument": "id"}, "name": "one", "targetValue": {"argument": "value"}}},
	{"name": "order", "command": "CreateOrderCommand", "with": {"symbol": "X", "side": "BUY", "orderQty": {"step": "open", "path": "state.targetValue"}}},
	{"name": "close", "command": "CloseBasketCommand", "when": "cur.target_value > 100", "with": {"basketId": {"step": "open", "path": "state.basketId"}}}], "result": {"basket": {"step": "open", "path": "state.status"}}}')));
my $service = q(oms_service('BasketOfOne', '{"id": "SV", "value": 700, "commandId": "sv1"}') AS r);
is_sql("SELECT r #>> '{result,basket}', (SELECT string_agg(e ->> 'eventType', ' ') FROM jsonb_array_elements(r -> 'events') AS e) FROM $service", 'OPEN|BasketOpened OrderCreated BasketClosed', 'a service of its commands and ours');
is_sql("SELECT r ->> 'duplicate' FROM $service", 'true', 'and its repeat');
my ($old, $new) = map { oms_dbh($node) } 1 .. 2;
$old->do('BEGIN ISOLATION LEVEL REPEATABLE READ');
$old->selectrow_array('SELECT count(*) FROM oms.baskets');
$new->do(q(SELECT oms_command('{"commandType": "OpenBasketCommand", "basketId": "S", "name": "s", "targetValue": 1}')));
ok(!eval { $old->do(q(SELECT oms_command('{"commandType": "OpenBasketCommand", "basketId": "S", "name": "s", "targetValue": 1}'))); 1 } && $old->state =~ /^(40001|OM007)$/, 'an id that was taken since a snapshot');
$old->do('ROLLBACK');
$old->do('BEGIN ISOLATION LEVEL REPEATABLE READ');
$old->selectrow_array('SELECT count(*) FROM oms.baskets');
$new->do(q(SELECT oms_command('{"commandType": "ResizeBasketCommand", "basketId": "S", "targetValue": 2}')));
ok(!eval { $old->do(q(SELECT oms_command('{"commandType": "ResizeBasketCommand", "basketId": "S", "targetValue": 3}'))); 1 } && $old->state eq '40001', 'a basket that was changed since');
$old->do('ROLLBACK');
$_->disconnect foreach $old, $new;

# ---- rules, hooks ---------------------------------------------------------------------------------------------------

sql(q(INSERT INTO oms.validation_rules (name, object, command_type, predicate, message) VALUES ('small', 'basket', NULL, '(command ->> ''targetValue'')::numeric < 5000 AND (cur.strategy IS NULL OR cur.strategy <> ''TWAP'')', 'too much'),
	('lots', 'order', 'CreateOrderCommand', 'oms.registered(''round_lot'')', 'odd')));
answers('{"commandType": "OpenBasketCommand", "basketId": "B2", "name": "x", "targetValue": 5000}', '{none}', 'OM005 | too much | Rule small: version 1 of it is false for this command.', 'a rule about the kind');
answers('{"commandType": "OpenBasketCommand", "basketId": "B2", "name": "x", "targetValue": 4999, "strategy": "TWAP"}', '{state,status}', 'OPEN', 'and it passes');
answers('{"commandType": "ResizeBasketCommand", "basketId": "B2", "targetValue": 4998}', '{none}', 'OM005 | too much | Rule small: version 1 of it is false for this command.', 'it sees the row');
answers('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 50}', '{none}', 'OM005 | odd | Rule lots: version 1 of it is false for this command.', 'a registered predicate');
like(says(q(INSERT INTO oms.validation_rules (name, object, predicate, message) VALUES ('x', 'parcel', 'true', 'x'))), qr/is about no kind of object: "parcel"/, 'no rule about what nobody knows');
is_sql(q(SELECT (SELECT sum(count) FROM example.event_counts) = (SELECT count(*) FROM oms.all_events), (SELECT max(newest) FROM example.event_counts) = (SELECT max(sequence) FROM oms.all_events),
	(SELECT count(*) FROM example.event_counts AS c JOIN (SELECT event_type, count(*) AS n FROM oms.all_events GROUP BY 1) AS e USING (event_type) WHERE c.count <> e.n)), 't|t|0', 'the hook has seen every event once');
my $before = sql('SELECT (SELECT count(*) FROM oms.all_events), (SELECT sum(count) FROM example.event_counts)');
my $make = q(SELECT oms_command('{"commandType": "OpenBasketCommand", "name": "m", "targetValue": 1}'));
like(says("SET example.misbehaves = raises; $make"), qr/ERROR:  no more BasketOpened/, 'it may raise');
like(says("SET example.misbehaves = commands; $make"), qr/ERROR:  a command cannot be given by a hook on events/, 'it gives no commands');
like(says("SET example.misbehaves = opens; $make"), qr/ERROR:  a hook on events has left a subtransaction open/, 'and leaves none of its subtransactions open');
like(says("SET example.misbehaves = 'decides open'; $make"), qr/ERROR:  the decide function of OpenBasketCommand has left a subtransaction open/, 'nor does a decide function');
foreach (['bytes', 'Column "name" is no text in the encoding of the database'], ['changed_by', 'Column "changed_by" is no text of 1 to 256 bytes'], ['target_value', 'Column "target_value" is too small a quantity'], ['count', 'Column "lines" is negative'])
{
	my ($what, $detail) = @$_;
	like(says("SET example.misbehaves = 'sets $what'; $make"), qr/ERROR:  a decide function sets a column to what it cannot be\nDETAIL:  \Q$detail/, "it sets no column to what a field could not bring: $what");
}
like(says("SET example.misbehaves = refuses; $make"), qr/ERROR:  a decide function refuses by what is no text/, 'nor refuses by what is no text');
is(sql('SELECT (SELECT count(*) FROM oms.all_events), (SELECT sum(count) FROM example.event_counts)'), $before, 'all of it is undone');
foreach my $misbehaves ('opens', 'decides open')
{
	my $after = oms_dbh($node);
	$after->do("SET example.misbehaves = '$misbehaves'");
	ok(!eval { $after->do($make); 1 } && eval { $after->do('SET example.misbehaves = nothing'); 1 }, "and no session is left inside of it ($misbehaves)");
	$after->disconnect;
}
like(sql("SET example.misbehaves = scribbles; $make"), qr/"status": "ACCEPTED"/, 'what it is given is a copy');
is_sql(qq(SET example.misbehaves = raises; BEGIN; SAVEPOINT s; DO \$\$ BEGIN PERFORM oms_command('{"commandType": "OpenBasketCommand", "name": "m", "targetValue": 1}'); EXCEPTION WHEN data_exception THEN NULL; END \$\$;
	SET LOCAL example.misbehaves = nothing; SELECT count(*) FROM oms_command('{"commandType": "OpenBasketCommand", "name": "m", "targetValue": 1}'); COMMIT), '1', 'after its error the session goes on, in the same transaction');
verify();

# ---- two sessions, one of which has not loaded it ---------------------------------------------------------------------

my ($one, $two) = map { oms_dbh($node) } 1 .. 2;
$one->do($make =~ s/\{/{"basketId": "W", /r);
$one->begin_work;
$one->do(q(SELECT oms_command('{"commandType": "ResizeBasketCommand", "basketId": "W", "targetValue": 2}')));
$two->do('SET lock_timeout = 200');
ok(!eval { $two->do(q(SELECT oms_command('{"commandType": "ResizeBasketCommand", "basketId": "W", "targetValue": 3}'))); 1 } && $two->state eq '55P03', 'a basket is locked by whoever changes it');
$one->commit;
$two->do(q(SELECT oms_command('{"commandType": "ResizeBasketCommand", "basketId": "W", "targetValue": 3, "expectedVersion": 2}')));
is_sql(q(SELECT target_value, version FROM oms.baskets WHERE id = 'W'), '3|3', 'and then by the next');
$_->disconnect foreach $one, $two;

$node->append_conf('postgresql.conf', "session_preload_libraries = ''\n");
$node->reload;
$node->poll_query_until($db, q(SELECT current_setting('session_preload_libraries') = ''));
answers($resize, '{none}', 'OM002 | unknown command type "ResizeBasketCommand"', 'without the library its commands are unknown');
is_sql(q(SELECT r #>> '{error,hint}' FROM oms_try_command('{"commandType": "ResizeBasketCommand"}') AS r), 'The view oms.command_reference lists all commands; those of another library are known where that is preloaded.', 'and the hint says why');
is_sql('SELECT count(*) FROM oms.baskets', sql('SELECT count(DISTINCT aggregate_id) FROM oms.basket_events'), 'its rows can be read');
is_sql(q(SELECT object, count(*) > 5 FROM oms.all_events GROUP BY 1 ORDER BY 1), "basket|t\norder|t" =~ s/order\|t/order|f/r, 'and its events');
is_sql('SELECT invariant, object, detail FROM oms.verify()', 'unchecked|basket|The library of kind basket is not loaded: its rows were not held against its events, nor its transitions against its machine.', 'verify says what it could not check, and nothing else');
answers('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 50}', '{none}', 'OM005 | odd | Rule lots: version 1 of it fails (no predicate "round_lot" is registered in this session) for this command.', 'a predicate of it refuses');
answers('{"commandType": "CancelOrderCommand", "orderId": "L2"}', '{state,status}', 'CANCELLED', 'a rule about its kind is in nobody\'s way');
is_sql(qq(SELECT oms.slot_of('x') > 0; LOAD '$so'; SELECT r #>> '{state,status}' FROM oms_command('{"commandType": "ResizeBasketCommand", "basketId": "W", "targetValue": 4}') AS r), "t\nRESIZED", 'loaded after oms_state');
is_sql(q(SELECT newest = (SELECT max(sequence) FROM oms.all_events) FROM example.event_counts WHERE event_type = 'BasketResized'), 't', 'the hook too');
is_sql(q(SELECT oms.ensure_partitions(4) > 0; SELECT count(*) FROM pg_inherits WHERE inhparent = 'oms.basket_events'::regclass), "t\n5", 'partitions are made ahead where it is not loaded');

# ---- what cannot be joined --------------------------------------------------------------------------------------------

like(says("LOAD '$folder/later/example'; SELECT oms.slot_of('x')"), qr/ERROR:  library "example" was built for version 2 of the interface of oms_state, which has version 1/, 'a library of another version, loaded first');
like(says("SELECT oms.slot_of('x'); LOAD '$folder/later/example'"), qr/library "example" was built for version 2/, '… second');
like(says("LOAD '$folder/later/example'; SELECT oms.slot_of('x'); SELECT oms.slot_of('x')"), qr/(library "example" was built for version 2.*){2}/s, '… and each time again');
like(says("SELECT oms.slot_of('x'); LOAD '$folder/larger/example'"), qr/library "example" needs \d+ bytes of the interface of oms_state, which has \d+/, 'one that needs more than there is');
like(says("LOAD '$folder/larger/example'; SELECT oms.slot_of('x')"), qr/HINT:  Install a newer oms_state/, '… loaded first');
sql("CREATE FUNCTION broken_kind(integer) RETURNS integer LANGUAGE c AS '$folder/example/broken'");
my $count = sql('SELECT broken_kind(-1)') - 1;
my @odd = grep { says("LOAD '$so'; SELECT oms.slot_of('x') > 0; SELECT broken_kind($_)") !~ /ERROR:  (cannot register kind|BUG: )/ } 0 .. $count - 1;
is("@odd", '', 'every broken kind is an error');
is_sql(qq(SELECT oms.slot_of('x') > 0; LOAD '$so'; DO \$\$ BEGIN FOR i IN 0 .. $count - 1 LOOP BEGIN PERFORM broken_kind(i); EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END \$\$;
	SELECT broken_kind($count) > 0; SELECT string_agg(object, ' ') FILTER (WHERE added), count(*) FROM oms.kinds(); SELECT r ->> 'status' FROM oms_command('{"commandType": "ResizeBasketCommand", "basketId": "W", "targetValue": 5}') AS r),
	"t\nt\nbasket thing|" . (sql('SELECT count(*) FROM oms.kinds()') + 2) . "\nACCEPTED", 'and leaves nothing behind: the next one is taken');
like(says("LOAD '$so'; SELECT oms.slot_of('x') > 0; SELECT broken_kind($count); SELECT oms_command('{\"commandType\": \"MakeThingCommand\", \"size\": 1}')"), qr/ERROR:  relation "oms.things" does not exist\nHINT:  Run CREATE EXTENSION for the library that brings it/, 'a kind without tables');
is_sql(qq(LOAD '$so'; SELECT oms.slot_of('x') > 0; SELECT broken_kind($count) > 0; SELECT r ->> 'duplicate' FROM oms_command('$open') AS r; SELECT count(*) FROM oms.verify()), "t\nt\ntrue\n0", 'is in nobody\'s way');
like(says("LOAD '$so'; SELECT oms.slot_of('x') > 0; SELECT oms.create_kind('parcel')"), qr/no library has registered a kind "parcel"/, 'none is made that is not registered');
like(says("LOAD '$so'; SELECT oms.slot_of('x') > 0; SELECT broken_kind($count); SELECT oms.create_kind('thing')"), qr/pg_extension_config_dump\(\) can only be called from an SQL script executed by CREATE EXTENSION/, 'nor outside of a script');

# ---- rights -----------------------------------------------------------------------------------------------------------

$node->append_conf('postgresql.conf', "session_preload_libraries = 'example'\n");
$node->reload;
$node->poll_query_until($db, q(SELECT current_setting('session_preload_libraries') = 'example'));
sql('SELECT oms.create_roles(); CREATE ROLE tina LOGIN; GRANT oms_trader TO tina; GRANT USAGE ON SCHEMA example TO oms_trader; GRANT SELECT, INSERT, UPDATE ON example.event_counts TO oms_trader');
is_sql('SELECT count(*) FROM oms.role_repairs()', '0', 'once is enough');
is_sql(q(SET SESSION AUTHORIZATION tina; SELECT r #>> '{error,sqlstate}' FROM oms_try_command('{"commandType": "CloseBasketCommand", "basketId": "W"}') AS r;
	SELECT r #>> '{state,status}' FROM oms_command('{"commandType": "ResizeBasketCommand", "basketId": "W", "targetValue": 6}') AS r; SELECT count(*) > 0 FROM oms.all_events WHERE object = 'basket'; SELECT oms.basket_state(b) ->> 'basketId' FROM oms.baskets AS b WHERE id = 'W'),
	"OM008\nRESIZED\nt\nW", 'a trader resizes, and does not close; he reads');
is_sql(q(SET SESSION AUTHORIZATION tina; SELECT (oms.basket_as_of('W', clock_timestamp())).status, (oms.basket_as_of('W', 2)).status), 'RESIZED|RESIZED', 'also what was');

# ---- a crash, damage ---------------------------------------------------------------------------------------------------

$before = sql('SELECT (SELECT count(*) FROM oms.all_events), (SELECT sum(count) FROM example.event_counts)');
my $session = oms_dbh($node);
$session->begin_work;
$session->do($make);
$node->stop('immediate');
eval { $session->disconnect };
$node->start;
is(sql('SELECT (SELECT count(*) FROM oms.all_events), (SELECT sum(count) FROM example.event_counts)'), $before, 'what was not committed is nowhere after a crash');
verify('and every invariant holds');
sub tampers { my ($statement, $expected, $name) = @_; is_sql("BEGIN; SET LOCAL session_replication_role = replica; $statement; SELECT string_agg(DISTINCT invariant, ' ' ORDER BY invariant) FROM oms.verify(); ROLLBACK", $expected, $name); }
tampers(q(UPDATE oms.baskets SET target_value = 7 WHERE id = 'W'), 'row_state', 'a row that was changed');
tampers(q(UPDATE oms.basket_events SET payload = jsonb_set(payload, '{state,targetValue}', '7') WHERE aggregate_id = 'W' AND version = 2), 'hash_chain', 'an event that was changed');
tampers(q(UPDATE oms.basket_events SET transition = 10020 WHERE aggregate_id = 'W' AND version = 2), 'event_columns transition_unknown', 'a transition that does not make such events');
tampers(q(UPDATE oms.baskets SET changes = version WHERE id = 'W'), 'basket row_state', 'an invariant of its own');
is_sql(q(BEGIN; SET LOCAL session_replication_role = replica; UPDATE oms.baskets SET target_value = 7 WHERE id = 'W'; DELETE FROM oms.baskets WHERE id = 'L1'; SET LOCAL session_replication_role = origin; SELECT oms.rebuild('basket'); SELECT count(*) FROM oms.verify(); ROLLBACK), "2\n0", 'rows are made again from events');
like(says('UPDATE oms.basket_events SET version = 7'), qr/append-only/, 'its events are append-only');

# ---- dumped and restored, dropped and made again -----------------------------------------------------------------------

my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
my @where = ('-h', $node->host, '-p', $node->port);
sub content { my ($in) = @_; return join "\n", map { sql("SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM $_ AS t", $in) } qw(oms.baskets oms.basket_events oms.order_events oms.root_ids oms.commands example.event_counts oms.added_kinds); }
command_ok(['pg_dump', @where, '-Fc', '-f', $dump, $db], 'it is dumped');
sql('CREATE DATABASE restored');
command_ok(['pg_restore', @where, '-d', 'restored', '--exit-on-error', $dump], 'and restored');
is(content('restored'), content($db), 'row by row');
is(sql('SELECT count(*) FROM oms.verify()', 'restored'), '0', 'every invariant holds there');
is(sql(q(SELECT r #>> '{state,version}' FROM oms_command('{"commandType": "ResizeBasketCommand", "basketId": "W", "targetValue": 8}') AS r), 'restored') > 3, 1, 'and its baskets go on');

like(says('DROP EXTENSION oms_state'), qr/cannot drop extension oms_state because other objects depend on it/, 'ours is not dropped under it');
is(sql('DELETE FROM oms.validation_rules WHERE NOT builtin; DROP EXTENSION example', 'restored'), '', 'it is dropped');
is(sql(q(SELECT count(*) FROM pg_class WHERE relname LIKE 'basket%'; SELECT count(*) FROM pg_proc WHERE proname ~ 'basket'), 'restored'), "0\n0", 'with all that was made for it');
is(sql(q(SELECT DISTINCT object FROM oms.all_events; SELECT r ->> 'status' FROM oms_command('{"commandType": "CreateOrderCommand", "symbol": "X", "side": "BUY", "orderQty": 100}') AS r), 'restored'), "order\nACCEPTED", 'what is ours goes on');
like(says(q(SELECT oms_command('{"commandType": "OpenBasketCommand", "name": "x", "targetValue": 1}')), 'restored'), qr/relation "oms.baskets" does not exist/, 'its commands have no table');
sql('CREATE EXTENSION example', 'restored');
is(sql(q(SELECT r ->> 'status' FROM oms_command('{"commandType": "OpenBasketCommand", "name": "x", "targetValue": 1}') AS r; SELECT count(*) FROM oms.baskets), 'restored'), "ACCEPTED\n1", 'made again it begins anew');

$node->stop;
unlike(slurp_file($node->logfile), qr/was terminated by signal (?!9)|PANIC|TRAP/, 'and no session has ended otherwise than it should');
done_testing();
