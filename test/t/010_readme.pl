# The README is true: its statements run in order in one database and print what it prints, its commands
# exist, its links lead somewhere, and its reference has what the code has, no less and no more.
# Broken by: any change of a command, a field, an event type, a column, an error, a setting, a view or a
# function that is not written down; and by a state machine whose doc/states.md was not generated again.

use strict;
use warnings;

use FindBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

my $root = "$FindBin::RealBin/../..";
my $readme = slurp_file("$root/README.md");
my $node = oms_node('readme', extension => 0);

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};

# ------------------------------------------------------------------------
# the page as blocks and tables
# ------------------------------------------------------------------------

# Fenced blocks: {lang, info, text, line}, and prose between them as {prose}.
sub blocks
{
	my ($page) = @_;
	my ($open, $number, @blocks) = (undef, 0);

	foreach my $line (split /\n/, $page)
	{
		$number++;
		if ($line =~ /^```\s*(\S*)\s*(.*)$/)
		{
			if ($open && defined $open->{lang}) { $open = undef; }
			else { push @blocks, $open = { lang => $1, info => $2, text => '', line => $number }; }
			next;
		}
		push @blocks, $open = { text => '' } unless $open;
		$open->{text} .= "$line\n";
	}
	die 'a fenced block is not closed' if $open && defined $open->{lang};
	return @blocks;
}

# The rows of the table between <!-- reference:NAME --> and <!-- reference:end -->, cells trimmed.
sub table
{
	my ($name) = @_;
	my ($section) = $readme =~ /<!-- reference:\Q$name\E -->\n(.*?)<!-- reference:end -->/s
	  or die "the README has no reference of $name";
	my @rows = grep { /^\|/ } split /\n/, $section;

	splice @rows, 0, 2;
	return map { s/^\|\s*|\s*\|$//gr } @rows;
}

sub cells { my ($row) = @_; return map { s/^\s+|\s+$//gr } split /\|/, $row, -1; }
sub code { my ($text) = @_; return $text =~ /`([^`]*)`/g; }
sub first_code { my ($name) = @_; return map { (code((cells($_))[0]))[0] } table($name); }

# ------------------------------------------------------------------------
# statements and commands
# ------------------------------------------------------------------------

sub psql
{
	my ($database, $sql) = @_;
	my ($out, $err) = ('', '');
	local $ENV{PGTZ} = 'UTC';

	IPC::Run::run([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-P', 'pager=off', '-d', $node->connstr($database) ],
		'<', \$sql, '>', \$out, '2>', \$err);
	return ($? >> 8, $out . $err);
}

# What counts of printed text: not the spaces at the end of a line, and no empty line.
sub printed
{
	my ($text) = @_;
	return join "\n", grep { $_ ne '' } map { s/\s+$//r } split /\n/, $text;
}

# Each ```sql block succeeds, or with error=CODE fails with this SQLSTATE; a ```text block that follows it
# is what it prints.
sub run_statements
{
	my ($name, $page, $database) = @_;
	my ($said, $count) = (undef, 0);

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	foreach my $block (blocks($page))
	{
		my $lang = $block->{lang};

		if (!defined $lang)
		{
			$said = undef if $block->{text} =~ /\S/;
		}
		elsif ($lang eq 'sql')
		{
			my ($expected) = $block->{info} =~ /^error=(\S+)$/;
			(my $status, $said) = psql($database, $block->{text});
			$count++;
			if ($expected)
			{
				isnt($status, 0, "$name line $block->{line} is refused");
				my (undef, $state) = psql($database, "\\set VERBOSITY sqlstate\n$block->{text}");
				like($state, qr/ERROR:\s+\Q$expected\E\b/, "$name line $block->{line} is refused with $expected");
			}
			else
			{
				is($status, 0, "$name line $block->{line} runs") or diag($said);
			}
		}
		elsif ($lang eq 'text' && defined $said)
		{
			is(printed($said), printed($block->{text}), "$name line $block->{line} is what is printed");
			$said = undef;
		}
	}
	return $count;
}

my %folder = (regress => 'sql/%s.sql', isolation => 'isolation/specs/%s.spec', pgtap => 'pgtap/%s.sql', tap => 't/%s.pl');

# Commands are not run here, but what they name exists.
sub check_command
{
	my ($command) = @_;
	my ($program, @words) = split ' ', $command =~ s/^sudo //r;

	if ($program eq 'make')
	{
		my ($out, $err) = ('', '');
		IPC::Run::run([ 'make', '-n', '-C', $root, @words ], '>', \$out, '2>', \$err);
		is($? >> 8, 0, "target exists: $command") or diag($err);
	}
	elsif ($program =~ m{^scripts/})
	{
		my ($category, @names) = @words;
		ok(-x "$root/$program", "exists and is executable: $program");
		ok(-e "$root/test/" . sprintf($folder{$category}, $_), "exists: $category test $_") foreach @names;
	}
	elsif ($program eq 'psql' && $command =~ m{cat (\.demo/\w+)})
	{
		my $file = $1;
		like(slurp_file("$root/scripts/demo.sh"), qr/> "\$project\/\Q$file\E"/, "the demo writes $file");
	}
	elsif ($program =~ /^(psql|pg_dump|pg_restore)$/)
	{
		like(slurp_file("$root/test/t/062_dump_restore.pl"), qr/recipe of doc\/operations\.md/, "run by 062: $command");
	}
	else
	{
		fail("no way to check: $command");
	}
	return;
}

sub check_commands_and_links
{
	my ($name, $page) = @_;

	foreach my $block (blocks($page))
	{
		if (($block->{lang} // '') eq 'sh')
		{
			check_command($_) foreach grep { /\S/ } split /\n/, $block->{text};
		}
		next if defined $block->{lang};
		check_command($_) foreach grep { /^make [a-z-]+$/ } code($block->{text});
		while ($block->{text} =~ /\]\(([^)#:]+)(?:#[^)]*)?\)/g)
		{
			my $link = $1;
			ok(-e $root . '/' . $name =~ s{[^/]*$}{}r . $link, "$name: link to $link leads somewhere");
		}
	}
	return;
}

# Links within the page lead to a heading of it.
sub check_anchors
{
	my %anchors = map { s/[^\w\s-]//gr =~ s/\s/-/gr => 1 } map { lc } $readme =~ /^#+ (.*)$/mg;

	ok($anchors{$_}, "README.md: link to #$_ leads somewhere") foreach $readme =~ /\]\(#([^)]+)\)/g;
	return;
}

# ------------------------------------------------------------------------
# the reference
# ------------------------------------------------------------------------

my $db = 'reference';

sub values_of { my ($sql) = @_; return split /\n/, $node->safe_psql($db, $sql); }

# What is written down is what there is; if not, the difference is told.
sub same_set
{
	my ($got, $expected, $name) = @_;
	my %written = map { $_ => 1 } @$got;
	my %there = map { $_ => 1 } @$expected;

	return is_deeply([ sort @$got ], [ sort @$expected ], $name) ||
	  diag(join "\n", (map { "not written down: $_" } grep { !$written{$_} } sort keys %there), map { "not there: $_" } grep { !$there{$_} } sort keys %written);
}

# One line for each command and field: "command field needed".
sub documented_fields
{
	my %group = map { my @c = cells($_); ($c[0] => [ code($c[1]) ]) } table('groups');
	my @lines;

	foreach my $row (table('commands'))
	{
		my ($command, undef, $own, $groups) = cells($row);
		my %needed = map { $_ => 1 } $own =~ /\*\*`([^`]*)`\*\*/g;

		($command) = code($command);
		push @lines, map { "$command $_ " . ($needed{$_} ? 'needed' : '-') } code($own);
		foreach my $name ('common', split /,\s*/, $groups)
		{
			die "the README has no group of fields $name" unless $group{$name};
			push @lines, map { "$command $_ -" } @{ $group{$name} };
		}
	}
	return @lines;
}

sub check_fields
{
	same_set([ documented_fields() ],
		[ values_of(q(SELECT command_type || ' ' || field || CASE WHEN required THEN ' needed' ELSE ' -' END FROM oms.command_reference)) ],
		'commands and their fields');
	same_set(
		[ map { my @c = cells($_); (code($c[0]))[0] . ': ' . join ' or ', sort(code($c[1])) } table('fields') ],
		[ values_of(q(SELECT field || ': ' || string_agg(DISTINCT field_type, ' or ' ORDER BY field_type) FROM oms.command_reference GROUP BY field)) ],
		'fields and their types');
	return;
}

# Is a field welcome that only messages of one kind have?
sub knows_field
{
	my ($command, $field) = @_;
	my $said = $node->safe_psql($db, qq(SELECT oms_try_command('{"commandType": "$command", "$field": "x"}') #>> '{error,message}'));

	return $said !~ /^unknown field/;
}

sub check_fix_fields
{
	foreach my $row (table('commands'))
	{
		my ($command, $said) = (cells($row))[0, 4];
		($command) = code($command);
		my $known = join ', ', (knows_field($command, 'locateReqd') ? 'order' : ()), (knows_field($command, 'cxlRejReason') ? 'report' : ());
		is($said, $known, "$command: the FIX message whose fields are welcome");
	}
	return;
}

# A row in which no column is null shows all JSON fields.
sub json_fields
{
	my ($table, $state, $status) = @_;

	return values_of(qq(
		SELECT jsonb_object_keys(oms.$state(jsonb_populate_record(NULL::oms.$table, (
		  SELECT jsonb_object_agg(column_name, CASE
		           WHEN column_name = 'status' THEN '"$status"'
		           WHEN column_name = 'conditions' THEN '["NEW"]'
		           WHEN column_name = 'desk_status' THEN '"QUEUED"'
		           WHEN column_name = 'flags' THEN '["DISAGREES"]'
		           WHEN column_name = 'hash' THEN '"\\\\x00"'
		           WHEN column_name IN ('fix', 'attributes', 'allocation_proposal') THEN '{}'
		           WHEN data_type = 'jsonb' THEN '[]'
		           WHEN data_type IN ('bigint', 'numeric') THEN '1'
		           WHEN data_type = 'boolean' THEN 'true'
		           WHEN data_type = 'date' OR data_type LIKE 'timestamp%' THEN '"2026-03-02"'
		           ELSE '"x"' END::jsonb)
		    FROM information_schema.columns WHERE table_schema = 'oms' AND table_name = '$table')))) ORDER BY 1));
}

sub check_columns
{
	my ($table, $state, $status) = @_;

	is_deeply([ first_code($table) ],
		[ values_of("SELECT column_name FROM information_schema.columns WHERE table_schema = 'oms' AND table_name = '$table' ORDER BY ordinal_position") ],
		"columns of oms.$table");
	same_set([ map { code((cells($_))[1]) } table($table) ], [ json_fields($table, $state, $status) ], "JSON fields of oms.$table");
	return;
}

sub check_events
{
	my @documented = map { my @c = cells($_); (code($c[0]))[0] . ": $c[2]" } table('events');
	same_set(\@documented,
		[ values_of(q(SELECT event_type || ': ' || string_agg(transition::text, ', ' ORDER BY transition) FROM oms.state_transitions WHERE event_type IS NOT NULL GROUP BY event_type)) ],
		'event types and their transitions');

	my ($columns) = $readme =~ /shows all\. Columns:(.*?)\.\n/s;
	is_deeply([ code($columns) ],
		[ values_of("SELECT column_name FROM information_schema.columns WHERE table_schema = 'oms' AND table_name = 'order_events' ORDER BY ordinal_position") ],
		'columns of events');

	# of somebody for whom another speaks
	$node->safe_psql($db, q(DO $$ BEGIN IF to_regrole('oms_proxy') IS NULL THEN CREATE ROLE oms_proxy; END IF; END $$; GRANT oms_proxy TO CURRENT_USER; SELECT oms_command('{"commandType": "CreateOrderCommand", "correlationId": "c", "causationId": "d", "orderId": "P", "symbol": "X", "side": "BUY", "orderQty": 1}'); REVOKE oms_proxy FROM CURRENT_USER));
	my ($payload) = $readme =~ /`payload` is the whole event:(.*?)\. `hash`/s;
	same_set([ code($payload) ], [ values_of(q(SELECT jsonb_object_keys(payload) FROM oms.order_events WHERE aggregate_id = 'P')) ], 'fields of a payload');
	return;
}

sub check_results
{
	my $command = q('{"commandType": "CreateOrderCommand", "commandId": "r", "orderId": "R", "symbol": "X", "side": "BUY", "orderQty": 1}');
	my @keys = values_of(qq(
		SELECT DISTINCT jsonb_object_keys(r) FROM (VALUES (oms_command($command)), (oms_command($command)),
		  (oms_try_command('{"commandType": "CancelOrderCommand", "commandId": "s", "orderId": "none"}')),
		  (oms_service('SubmitClientOrder', '{"symbol": "X", "side": "BUY", "orderQty": 1}'))) AS v (r)));
	# one that takes more than 32 MB to come by
	same_set([ first_code('result') ], [ @keys, 'truncated' ], 'fields of a result');
	return;
}

sub sources { return map { glob "$root/src/$_" } qw(*/*.c */*/*.c); }

# Sets of names that stand only in the C code.
sub names_in_source
{
	my ($file, $pattern) = @_;
	return slurp_file("$root/src/$file") =~ /$pattern/g;
}

sub check_names
{
	my ($statuses) = names_in_source('core/order/order_record.c', qr/oms_order_status_names\[\] = \{(.*?)\{0\}/s);
	my @statuses = grep { !/^REPLACED/ } map { "$_->[0] $_->[1]" } map { [ /"(\w+)", "(\w)"/ ] } grep { /"/ && !/REPLACED/ } split /\n/, $statuses;
	same_set([ map { my @c = cells($_); (code($c[0]))[0] . " $c[1]" } table('statuses') ], \@statuses, 'statuses of an order and their FIX codes');

	same_set([ first_code('execution_statuses') ],
		[ names_in_source('core/execution/execution_record.c', qr/\{OMS_EXECUTION_\w+, "(\w+)"\}/) ], 'statuses of an execution');
	same_set([ first_code('quote_request_statuses') ],
		[ names_in_source('core/quote_request/quote_request_record.c', qr/\{QUOTE_REQUEST_STATUS_\w+, "(\w+)"/) ], 'statuses of a request for quotes');
	same_set([ first_code('quote_statuses') ], [ names_in_source('core/quote/quote_record.c', qr/\{QUOTE_STATUS_\w+, "(\w+)"/) ], 'statuses of a quote');
	same_set([ first_code('flags') ], [ names_in_source('core/kind.c', qr/\{FLAG_\w+, "(\w+)"\}/) ], 'flags');
	same_set([ first_code('review_reasons') ], [ names_in_source('core/execution/execution_review.c', qr/\[REVIEW_\w+\] = "(\w+)"/) ], 'review reasons');

	my %rules = (desk => {}, quotes => {});
	foreach my $file (sources())
	{
		$rules{ $file =~ m{/core/quote|/fix/fix_quote} ? 'quotes' : $file =~ m{/(?:purge(?:_read)?|archive)\.c$} ? 'purge' : 'desk' }{$_} = 1 foreach slurp_file($file) =~ /refuse\w*\((?:\w+, )?"(\w+)"/g;
	}
	same_set([ first_code('rules') ], [ keys %{ { map { %$_ } values %rules } } ], 'rules of OM005');

	# what people run into, and what they can do about it
	my $section = sub {
		my ($page, $heading) = @_;
		return map { code((split /\|/)[1]) } slurp_file("$root/doc/$page.md") =~ /^## $heading\n(.*?)(?=^## |\z)/ms ? grep { /^\| `/ } split /\n/, $1 : ();
	};
	same_set([ $section->('desk', 'Review') ], [ first_code('review_reasons') ], 'doc/desk.md: review reasons');
	same_set([ grep { !/^OM/ } $section->('desk', 'Refusals by name') ],
		[ grep { !/^(inherited|order_qty_known|root_differs|split_factor|locked)$/ } keys %{ $rules{desk} } ], 'doc/desk.md: rules that the desk runs into');
	same_set([ $section->('quotes', 'Refusals by name') ], [ keys %{ $rules{quotes} } ], 'doc/quotes.md: rules that who deals in quotes runs into');
	return;
}

sub check_errors
{
	my $source = join '', map { slurp_file($_) } sources();
	my %macro = map { my ($name, $code) = /define\s+(\w+).*'O', 'M', '(.*)'\)/; $code =~ s/', '//g; ("OM$code" => $name) }
	  slurp_file("$root/src/base/errors.h") =~ /^(#define\s+\w+\s+MAKE_SQLSTATE\(.*\))$/mg;
	my @rows = table('errors');
	my @codes = first_code('errors');

	is_deeply(\@codes, [ map { sprintf 'OM%03d', $_ } 1 .. 12 ], 'error codes of the contract');
	foreach my $code (sort keys %macro)
	{
		ok((grep { $_ eq $code } @codes), "$code is in the README");
	}
	foreach my $row (@rows)
	{
		my ($code, undef, $occurs) = cells($row);
		($code) = code($code);
		my $used = $macro{$code} && $source =~ /\b$macro{$code}\b/ ? 'yes' : 'no';
		is($occurs, $used, "$code occurs today: $used");
	}
	return;
}

sub check_settings
{
	same_set(
		[ map { my @c = cells($_); my ($default, $unit) = $c[1] =~ /`(.*)`\s*(\w*)/; (code($c[0]))[0] . ' ' . ($default // '') . ' ' . ($unit // '') } table('settings') ],
		[ values_of(q(LOAD 'oms_state'; SELECT name || ' ' || boot_val || ' ' || coalesce(unit, '') FROM pg_settings WHERE name LIKE 'oms\_state.%')) ],
		'settings and their defaults');
	return;
}

sub check_relations
{
	same_set([ first_code('views') ], [ values_of(q(SELECT 'oms.' || relname FROM pg_class WHERE relnamespace = 'oms'::regnamespace AND relkind IN ('v', 'm'))) ], 'views');
	same_set([ first_code('tables') ],
		[ values_of(q(SELECT 'oms.' || relname FROM pg_class WHERE relnamespace = 'oms'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition)) ], 'tables');
	return;
}

# Names, and the arguments where the README gives any.
sub check_functions
{
	my %arguments;
	push @{ $arguments{ $_->[0] } }, ($_->[1] // '') =~ s/(, )?OUT .*//r =~ s/\bIN //gr foreach map { [ split /\t/, $_, 2 ] } values_of(
		q(SELECT 'oms.' || proname || E'\t' || replace(pg_get_function_identity_arguments(oid), 'timestamp with time zone', 'timestamptz') FROM pg_proc WHERE pronamespace = 'oms'::regnamespace));
	my @said = map { /^(.*)\((.*)\)$/ ? [ $1, $2 ] : [ $_, '' ] } map { code((cells($_))[0]) } table('functions');

	same_set([ keys %{ { map { $_->[0] => 1 } @said } } ], [ keys %arguments ], 'functions');
	foreach my $said (grep { $_->[1] ne '' } @said)
	{
		my @known = @{ $arguments{ $said->[0] } // [] };
		ok(scalar(grep { $_ eq $said->[1] } @known), "arguments of $said->[0]()") or diag("it takes $said->[1] in the README, and: " . join '; ', @known);
	}

	same_set([ map { my @c = cells($_); (code($c[0]))[0] . ' ' . (code($c[1]))[0] } table('entry') ],
		[ values_of(q(SELECT proname || '(' || pg_get_function_identity_arguments(p.oid) || ') ' || pg_get_function_result(p.oid)
			FROM pg_proc AS p JOIN pg_depend AS d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
			WHERE pronamespace = 'public'::regnamespace AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'oms_state'))) ],
		'entry functions');
	return;
}

# ------------------------------------------------------------------------

cmp_ok(run_statements('README.md', $readme, 'readme'), '>', 20, 'README.md has statements');
cmp_ok(run_statements('doc/operations.md', slurp_file("$root/doc/operations.md"), 'operations'), '>', 3, 'doc/operations.md has statements');

# What the example of the bridge's configuration tells to grant can be granted.
my ($grants) = slurp_file("$root/debezium/bridge/oms_bridge.conf.example") =~ /^#   (CREATE ROLE .*)$/m;
like($grants, qr/GRANT oms_bridge TO cdc;/, 'oms_bridge.conf.example says what to grant');
is(scalar($node->psql('operations', "$grants DROP OWNED BY cdc; DROP ROLE cdc;", on_error_stop => 1)), 0, 'which can be done');
check_commands_and_links('README.md', $readme);
check_anchors();
check_commands_and_links("doc/$_", slurp_file("$root/doc/$_")) foreach map { m{([^/]+)$} } glob "$root/doc/*.md";

$node->safe_psql('postgres', "CREATE DATABASE $db");
$node->safe_psql($db, 'CREATE EXTENSION oms_state');
check_fields();
check_fix_fields();
check_columns('orders', 'order_state', 'NEW');
check_columns('executions', 'execution_state', 'REVIEW');
check_columns('quote_requests', 'quote_request_state', 'NEW');
check_columns('quotes', 'quote_state', 'ACTIVE');
check_events();
check_results();
check_names();
check_errors();
check_settings();
check_relations();
check_functions();

# doc/states.md is what the state machine of today generates.
{
	local @ENV{qw(PGHOST PGPORT PGDATABASE)} = ($node->host, $node->port, $db);
	my ($out, $err) = ('', '');
	IPC::Run::run([ "$root/scripts/gen_states.sh", '--print' ], '>', \$out, '2>', \$err);
	is($err, '', 'scripts/gen_states.sh has nothing to complain about');
	is_deeply([ split /\n/, $out ], [ split /\n/, slurp_file("$root/doc/states.md") ], 'doc/states.md is up to date (scripts/gen_states.sh)');
}

done_testing();
