# test/lib/OmsLive.pm: a page of /live, as far as a test needs one: what it believes to see, from what it was told alone.
#
#   my $page = OmsLive->new($gateway, user => 'ann', socket => $path);      # headers => { ... } where a header other than the proxy's says who asks
#   $page->open; $page->view('v1', { object => 'orders', where => {...}, orderBy => [...], columns => [...], first => 0, count => 60 });
#   $page->read_on(0.2); $page->rows('v1')       # [[cells], depth], or { group => ... }, or undef
#   agrees($node, $page, 'what')                 # every view shows what PostgreSQL says under that role, or what its model => sub { } says;
#                                                # shape => sub { }: of each row what the model has of it
#   $page->{now_stale}, $page->{stale}, $page->{ended}, $page->{position}

package OmsLive;

use strict;
use warnings;

use IO::Select;
use JSON::PP;
use OmsProcess qw(wait_for);
use Test::More;
use Time::HiRes qw(time);

use parent 'Exporter';

our @EXPORT = qw(agrees live_expected live_text);

my $json = JSON::PP->new->canonical;

sub live_text { return $json->encode($_[0]); }

sub new
{
	my ($class, $gateway, %given) = @_;
	return bless { gateway => $gateway, headers => { 'X-Forwarded-User' => $given{user} }, %given, views => {}, asked => {}, gen => 0, stale => 0, messages => 0 }, $class;
}

sub call
{
	my ($self, $method, $path, $body) = @_;
	return $self->{gateway}->client($self->{socket})->call($method, $path, $body, %{ $self->{headers} });
}

# Once there is a snapshot.
sub open
{
	my ($self) = @_;
	my $answer;
	wait_for(sub { $answer = $self->call(POST => '/live', {}); $answer->{status} != 503 }, 60, 'the snapshot');
	is($answer->{status}, 201, ($self->{user} // 'somebody') . ' opens a stream') or diag $answer->{content}, $self->{gateway}->log;
	$self->{id} = $answer->{json}{id};
	return $self->attach;
}

sub attach
{
	my ($self) = @_;
	my $client = $self->{client} = $self->{gateway}->client($self->{socket});
	$client->write("GET /live/$self->{id} HTTP/1.1\r\nHost: localhost\r\n" . join('', map { "$_: $self->{headers}{$_}\r\n" } sort keys %{ $self->{headers} }) . "\r\n");
	while ($client->{read} !~ /\r\n\r\n/) { $client->more or die 'no stream' }
	$client->{read} =~ s/^(.*?)\r\n\r\n//s;
	like($1, qr{^HTTP/1\.1 200 .*text/event-stream}s, 'and reads it');
	$self->{text} = '';
	$self->{ended} = 0;
	return $self;
}

# view(NAME, { ... }): asked for it; undef closes it.
sub view
{
	my ($self, $name, $spec) = @_;
	$spec->{gen} = ++$self->{gen} if defined $spec;
	my $answer = $self->call(POST => "/live/$self->{id}/views", { views => { $name => defined $spec ? { map { ($_ => $spec->{$_}) } grep { !/^(?:model|shape)$/ } keys %$spec } : undef } });
	if ($answer->{status} == 200) { $self->{asked}{$name} = $spec; delete $self->{views}{$name}; delete $self->{asked}{$name} if !defined $spec; }
	return $answer;
}

sub total { my ($self, $name) = @_; return ($self->{views}{$name} // { total => 0 })->{total}; }
sub rows { my ($self, $name) = @_; return ($self->{views}{$name} // { rows => [] })->{rows}; }

sub take
{
	my ($self, $message) = @_;
	$self->{messages}++;
	$self->{position} = $message->{pos};
	$self->{stale}++ if defined $message->{stale};
	$self->{now_stale} = defined $message->{stale};
	foreach my $name (keys %{ $message->{v} })
	{
		my ($new, $asked) = ($message->{v}{$name}, $self->{asked}{$name});
		next if !$asked || $new->{gen} != $asked->{gen};
		my @old = @{ ($self->{views}{$name} //= { rows => [] })->{rows} };
		my @rows = @old;
		foreach my $row (@{ $new->{rows} })
		{
			$rows[ $row->[0] ] = ref $row->[1] || !defined $row->[1] ? $row->[1] : $row->[1] eq '=' && @$row == 3 ? $old[ $row->[2] ] : [ @$row[ 3, 4 ] ];
		}
		$#rows = $new->{count} - 1;
		@{ $self->{views}{$name} }{qw(rows total matches)} = (\@rows, @$new{qw(total matches)});
		$self->{views}{$name}{sums} = $new->{sums} if $new->{sums};
	}
	return;
}

# What has come until nothing more comes for so long.
sub read_on
{
	my ($self, $seconds) = @_;
	my $client = $self->{client};
	local $client->{seconds} = $seconds;
	if (!$client->more) { $self->{ended} = IO::Select->new($client->{socket})->can_read(0) ? 1 : 0; }
	while ($client->{read} =~ /^([0-9a-fA-F]+)\r\n/ && length $client->{read} >= hex($1) + length($1) + 4)
	{
		$self->{text} .= substr $client->{read}, length($1) + 2, hex $1;
		substr $client->{read}, 0, hex($1) + length($1) + 4, '';
	}
	while ($self->{text} =~ s/^(.*?)\n\n//s) { my $event = $1; $self->take(JSON::PP->new->utf8->decode($1)) if $event =~ /^data: (.*)/s; }
	return;
}

# Whether its stream ends within a minute.
sub ends { my ($self, $what) = @_; return ok(wait_for(sub { $self->read_on(0.2); $self->{ended} }, 60, 'the end of the stream'), $what); }

# What PostgreSQL says of a flat view, under the role: [[cells], 0], in their order.
sub live_expected
{
	my ($node, $user, $spec) = @_;
	my $query = $json->encode({ where => $spec->{where}, orderBy => $spec->{orderBy}, limit => 1000, select => $spec->{columns} });
	my $cells = join ', ', map { "q ->> '$_'" } @{ $spec->{columns} };
	my $rows = $node->safe_psql('postgres', "SET ROLE \"$user\"; SELECT coalesce(jsonb_agg(jsonb_build_array(jsonb_build_array($cells), 0)), '[]') FROM oms_query('$spec->{object}', \$q\$$query\$q\$) AS q");
	return JSON::PP->new->decode($rows);
}

# The first line of a view that is another than the model's; undef: none is.
sub difference
{
	my ($node, $page, $name) = @_;
	my ($spec, $view) = ($page->{asked}{$name}, $page->{views}{$name});
	my $all = $spec->{model} ? $spec->{model}->($page, $spec) : live_expected($node, $page->{user}, $spec);
	my $shape = $spec->{shape} // sub { $_[0] };
	my $last = $spec->{count} - 1 < $#$all ? $spec->{count} - 1 : $#$all;
	return "$name: nothing has come" if !$view;
	return "$name: $view->{total} lines, and not " . @$all if $view->{total} != @$all;
	return "$name: " . @{ $view->{rows} } . ' lines in the window, and not ' . ($last + 1) if @{ $view->{rows} } != $last + 1;
	foreach my $at (0 .. $last)
	{
		my ($seen, $expected) = map { live_text($_) } $shape->($view->{rows}[$at]), $all->[$at];
		return "$name: line $at is $seen, and not $expected" if $seen ne $expected;
	}
	return undef;
}

sub agrees
{
	my ($node, $page, $what) = @_;
	my $different;
	my $good = wait_for(sub {
		$page->read_on(0.2);
		foreach my $name (sort keys %{ $page->{asked} }) { $different = difference($node, $page, $name); return 0 if defined $different; }
		return 1;
	}, 60, $what);
	return ok($good, $what) || diag("$different\n" . live_text({ map { my $name = $_; ($name => { map { ($_ => $page->{asked}{$name}{$_}) } grep { !/^(?:model|shape)$/ } keys %{ $page->{asked}{$name} } }) } keys %{ $page->{asked} } }));
}

1;
