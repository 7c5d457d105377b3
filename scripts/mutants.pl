# mutants.pl list TREE SEED: faults that can be planted in a checkout, one a line, in the order of a seed: group, file, offset, length, what it is, what comes instead.
# mutants.pl plant TREE FILE OFFSET LENGTH INSTEAD: plants one.
#
# Small ones, each in the tables that oms.generate_transition_tests() tests: rows of machines, statuses, facts of fills, traits of commands, shipped rules.
use strict;
use warnings;

sub slurp
{
	my ($file) = @_;
	open my $in, '<', $file or die "$file: $!\n";
	local $/;
	return scalar <$in>;
}

my ($mode, $tree, @rest) = @ARGV;
if ($mode eq 'plant')
{
	my ($file, $offset, $length, $instead) = @rest;
	my $text = slurp("$tree/$file");
	$instead =~ s/\\n/\n/g;
	$instead =~ s/\\t/\t/g;
	substr($text, $offset, $length) = $instead;
	open my $out, '>', "$tree/$file" or die "$tree/$file: $!\n";
	print $out $text;
	exit;
}
srand($rest[0]);

my @found;
sub fault { my ($group, $file, $offset, $length, $what, $instead) = @_; push @found, [ $group, $file, $offset, $length, $what =~ s/\s+/ /gr, $instead =~ s/\n/\\n/gr =~ s/\t/\\t/gr ]; return; }

# Terms of `a | b | c` at an offset: each left out.
sub without_each
{
	my ($group, $file, $offset, $terms, $what) = @_;
	my @terms = split /\s*\|\s*/, $terms;
	for my $i (0 .. $#terms)
	{
		fault($group, $file, $offset, length $terms, "$what without $terms[$i]", join(' | ', map { $terms[$_] } grep { $_ != $i } 0 .. $#terms) || '0');
	}
	return;
}

# ---- rows of machines ------------------------------------------------------------------------------------------------

sub machine
{
	my ($file) = @_;
	my $text = slurp("$tree/$file");
	my @numbers = $text =~ /\{\.number = (\d+)/g;
	my %used = map { $_ => 1 } @numbers;
	my @events = $text =~ /\.event_type = "(\w+)"/g;
	my @conditions = $file =~ /order_machine/ ? map { "COND_$_" } qw(NEW PENDING_NEW DONE_FOR_DAY STOPPED SUSPENDED PENDING_CANCEL) : grep { !/IS_LIVE|IS_NEW\b|IS_UNMADE|IS_NOWHERE/ || $file =~ /request/ } $text =~ /^#define (I[SN]_\w+)\s+CONDITION/mg;

	while ($text =~ /\{\.number = (\d+), .*?"\},\n/sg)
	{
		my ($number, $start, $row) = ($1, $-[0], $&);
		my $what = "row $number";

		while ($row =~ /\.(requires|forbids|sets|clears|facts|raises) = ((?:[A-Z_]+)(?:\s*\|\s*[A-Z_]+)*)/g)
		{
			my ($field, $terms, $at) = ($1, $2, $start + $-[2]);
			without_each('machine', $file, $at, $terms, "$what, $field");
			next if $field !~ /requires|forbids|sets|clears/;
			my ($more) = grep { $terms !~ /\b$_\b/ && $row !~ /\b$_\b/ } sort { rand() <=> rand() } @conditions;
			fault('machine', $file, $at, length $terms, "$what, $field with $more", "$terms | $more") if $more && !($field eq 'sets' && $more =~ /PENDING_CANCEL/);
		}
		if ($row =~ /\.reported = true/) { fault('machine', $file, $start + $-[0], length $&, "$what, of no report too", '.reported = false'); }
		if ($row =~ /\.event_type = "(\w+)"/)
		{
			my ($at, $length, $event) = ($start + $-[1], length $1, $1);
			my ($other) = grep { $_ ne $event } sort { rand() <=> rand() } @events;
			fault('machine', $file, $at, $length, "$what, event $other", $other) if $other;
		}
		if (!$used{ $number + 1 } && $row =~ /\d+/) { fault('machine', $file, $start + $-[0], length $&, "$what, number " . ($number + 1), $number + 1); }
	}
	return;
}
machine("src/core/$_") foreach qw(order/order_machine.c desk/desk_machine.c execution/execution_machine.c quote/quote_machine.c quote_request/quote_request_machine.c);

# ---- what shows, and facts of fills ------------------------------------------------------------------------------------

{
	my $file = 'src/core/order/order_machine.c';
	my $text = slurp("$tree/$file");
	my $at = index $text, "\noms_order_status(";
	my @lines;

	pos($text) = $at;
	while ($text =~ /^\t\t\{(COND_\w+), OMS_ORDER_\w+\},$/mg) { push @lines, [ $1, $-[0], $& ]; }
	for my $i (1 .. $#lines)
	{
		my ($first, $second) = @lines[ $i - 1, $i ];
		my $between = substr $text, $first->[1] + length $first->[2], $second->[1] - $first->[1] - length $first->[2];
		fault('status', $file, $first->[1], $second->[1] + length($second->[2]) - $first->[1], "status: $second->[0] before $first->[0]", "$second->[2]$between$first->[2]");
	}
	for my $change ([ 'return oms_dec_sign(order->executed_quantity) == 0 ? FACT_NOT_FILLED | FACT_NO_FILLS : FACT_NOT_FILLED;', 'FACT_NO_FILLS : FACT_NOT_FILLED', 'FACT_NO_FILLS : FACT_NO_FILLS' ],
		[ 'return oms_dec_sign(order->executed_quantity) == 0 ? FACT_NOT_FILLED | FACT_NO_FILLS : FACT_NOT_FILLED;', 'FACT_NOT_FILLED | FACT_NO_FILLS', 'FACT_NOT_FILLED' ],
		[ 'oms_dec_cmp(order->executed_quantity, order->order_qty) >= 0;', '>= 0', '> 0' ],
		[ 'oms_dec_sign(order->order_qty) > 0 &&', '> 0', '>= 0' ],
		[ "\t\treturn FACT_FILLED;", 'FACT_FILLED', 'FACT_FILLED | FACT_NOT_FILLED' ],
		[ "\tif (full)\n", 'full', 'any_fill' ], [ "\tif (any_fill)\n", 'any_fill', 'full' ])
	{
		my ($where, $from, $to) = @$change;
		my $start = index $text, $where;
		die "no $where in $file\n" if $start < 0;
		fault('status', $file, $start + index($where, $from), length $from, "facts: $to for $from", $to);
	}
	$file = 'src/core/order/order_decide.c';
	$text = slurp("$tree/$file");
	while ($text =~ /^\t\tfacts \|= (FACT_\w+);$/mg) { fault('status', $file, $-[0], length $&, "facts: $1 is never told", "\t\tfacts |= 0;"); }
	$file = 'src/core/order/order_report.c';
	$text = slurp("$tree/$file");
	while ($text =~ /^\t\tfacts \|= (FACT_\w+);$/mg) { fault('status', $file, $-[0], length $&, "facts of a fill: $1 is never told", "\t\tfacts |= 0;"); }
}

# ---- traits ------------------------------------------------------------------------------------------------------------

{
	my $file = 'src/core/command_list.c';
	my $text = slurp("$tree/$file");
	my $start = index $text, '[COMMAND_CREATE_ORDER] =';
	die "no commands in $file\n" if $start < 0;
	pos($text) = $start;
	my $command = '';
	while ($text =~ /\[?(COMMAND_\w+)\]? ?[=,]|\.traits = ((?:TRAIT_\w+)(?: \| TRAIT_\w+)*)|\.(opens|answers) = (REQUEST_\w+)|VARIANT\((\w+), (TRI_\w+)/g)
	{
		if ($1) { $command = $1; }
		elsif ($2) { my ($terms, $at) = ($2, $-[2]); without_each('traits', $file, $at, $terms, "$command, traits"); }
		elsif ($3) { fault('traits', $file, $-[4], length $4, "$command, $3 nothing", 'REQUEST_NONE'); }
		elsif ($6) { fault('traits', $file, $-[6], length $6, "$command, the variant of $5 otherwise", $6 eq 'TRI_TRUE' ? 'TRI_FALSE' : 'TRI_TRUE'); }
	}
}

# ---- shipped rules -----------------------------------------------------------------------------------------------------

{
	my $file = 'sql/49_rules_of_orders.sql';
	my $text = slurp("$tree/$file");
	my $rule = '';
	while ($text =~ /^  \('(\w+)'|(?<![<>=])(<=|>(?!>)|<(?![>=]))(?= )| (AND|OR) |\b(NOT )(?=oms)|( IS NULL)| (IS TRUE)|'(WARN|PASS|REFUSE)'|(0\.1)(?= )|interval '(1 day|5 seconds)'|'(ORDER_QUANTITY|ORDER_VALUE|DAY_QUANTITY|DAY_VALUE|DESK_QUANTITY|DESK_VALUE)'|WHEN (true|false) THEN|'(CreateOrderCommand)'(?=,)|'(MARKET|STOP|LIMIT)'(?! )/mg)
	{
		if (defined $1) { $rule = $1; next; }
		my ($group) = grep { defined $-[$_] && defined $+[$_] } 2 .. 13;
		my ($at, $was) = ($-[$group], substr($text, $-[$group], $+[$group] - $-[$group]));
		my %instead = ('<=' => '<', '>' => '>=', '<' => '<=', 'AND' => 'OR', 'OR' => 'AND', 'NOT ' => '', ' IS NULL' => ' IS NOT NULL', 'IS TRUE' => 'IS NOT FALSE', 'WARN' => 'REFUSE', 'PASS' => 'REFUSE',
			'REFUSE' => 'PASS', '0.1' => '0.11', '1 day' => '1 hour', '5 seconds' => '0 seconds', 'true' => 'false', 'false' => 'true', 'CreateOrderCommand' => 'ReplaceOrderCommand', 'MARKET' => 'LIMIT', 'STOP' => 'LIMIT', 'LIMIT' => 'MARKET',
			'ORDER_QUANTITY' => 'DAY_QUANTITY', 'DAY_QUANTITY' => 'ORDER_QUANTITY', 'ORDER_VALUE' => 'DAY_VALUE', 'DAY_VALUE' => 'ORDER_VALUE', 'DESK_QUANTITY' => 'DESK_VALUE', 'DESK_VALUE' => 'DESK_QUANTITY');
		my $line = 1 + (substr($text, 0, $at) =~ tr/\n//);
		# what an example says, and the placement policy, are no rules
		my ($whole) = substr($text, 0, $at) =~ /([^\n]*)\z/;
		next if $whole =~ /"command"|"outcome"/ || $rule eq 'whole';
		fault('rules', $file, $at, length $was, "rule $rule (line $line): '$instead{$was}' for '$was'", $instead{$was});
	}
}

my %seen;
foreach my $fault (map { $_->[1] } sort { $a->[0] <=> $b->[0] } map { [ rand(), $_ ] } @found)
{
	print join("\t", @$fault), "\n" if !$seen{ join ' ', @$fault[ 1, 2, 3, 5 ] }++;
}
