# test/lib/OmsBrowser.pm: Debian's Chromium, driven by W3C WebDriver in core Perl. It runs as whoever runs the test, with its sandbox on.
#
#   my $browser = browser_start();                     # chromedriver, without a window yet
#   my $page = $browser->page(width => 1500, dark => 1);     # a browser with one tab
#   $page->go('http://127.0.0.1:8080/');
#   $page->run('return document.title')                # a script in the page: its value; run('return arguments[0]', 7)
#   $page->until('return document.title === "x"', 'the title')     # asks again until it is true; false and a diagnosis after a minute
#   $page->find('#login-user'), $page->click('#x'), $page->type('#x', 'text'), $page->press('j'), $page->press('Control', 'z')
#   $page->picture('file.png'), $page->complaints      # what the console has as errors, refused by the content security policy among them
#   $page->tab, $page->to($tab)                        # another tab of the same browser
#   $browser->stop
#
# The browser listens to a pipe of chromedriver's, so it ends with it, however the test ends.

package OmsBrowser;

use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP;
use OmsProcess qw(wait_for free_port);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use parent qw(OmsProcess Exporter);

our @EXPORT = qw(browser_start);

our $SECONDS = $ENV{OMS_PATIENCE} // 60;	# for whatever should come, and on a slow machine comes late
our %KEYS = (Enter => "\x{E007}", Escape => "\x{E00C}", Tab => "\x{E004}", ArrowUp => "\x{E013}", ArrowDown => "\x{E015}", ArrowLeft => "\x{E012}", ArrowRight => "\x{E014}", Home => "\x{E011}", End => "\x{E010}",
	PageUp => "\x{E00E}", PageDown => "\x{E00F}", Backspace => "\x{E003}", Delete => "\x{E017}", Space => ' ', Control => "\x{E009}", Shift => "\x{E008}", Alt => "\x{E00A}", F6 => "\x{E036}");

sub import
{
	my ($class, @names) = @_;
	plan skip_all => 'NO BROWSER HERE: chromium and chromedriver are not installed (scripts/setup.sh)' if !-x '/usr/bin/chromium' || !-x '/usr/bin/chromedriver';
	$class->export_to_level(1, $class, @names);
	return;
}

sub browser_start
{
	my $port = free_port();
	my $home = PostgreSQL::Test::Utils::tempdir_short();
	my $self = OmsBrowser->spawn("$PostgreSQL::Test::Utils::log_path/chromedriver.log", { HOME => $home, TMPDIR => $home, XDG_CONFIG_HOME => $home, XDG_CACHE_HOME => $home }, 'chromedriver', "--port=$port", '--allowed-ips=127.0.0.1');

	@$self{qw(port http pages)} = ($port, HTTP::Tiny->new(timeout => 180, keep_alive => 1), []);
	wait_for(sub { $self->call(GET => '/status')->{ready} }, $SECONDS, 'chromedriver') or die "chromedriver does not start:\n" . $self->log;
	return $self;
}

# call(METHOD, PATH, BODY): the value of the answer; what the driver refuses dies.
sub call
{
	my ($self, $method, $path, $body) = @_;
	my $answer = $self->{http}->request($method, "http://127.0.0.1:$self->{port}$path", defined $body ? { headers => { 'content-type' => 'application/json' }, content => JSON::PP->new->utf8->allow_nonref->encode($body) } : {});
	my $json = eval { JSON::PP->new->utf8->allow_nonref->decode($answer->{content}) };

	die "$method $path: $answer->{status} " . ($json ? "$json->{value}{error}: $json->{value}{message}" : $answer->{content}) . "\n" if !$answer->{success};
	return $json->{value};
}

# page(width, height, dark, reduced): a browser of its own, with nothing kept.
sub page
{
	my ($self, %options) = @_;
	my @args = ('--headless=new', '--remote-debugging-pipe', '--window-size=' . ($options{width} // 1500) . ',' . ($options{height} // 900), '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
		'--blink-settings=preferredColorScheme=' . ($options{dark} ? 0 : 1), $options{reduced} ? '--force-prefers-reduced-motion' : ());
	my $session = $self->call(POST => '/session', { capabilities => { alwaysMatch => { browserName => 'chrome', 'goog:loggingPrefs' => { browser => 'ALL' },
		'goog:chromeOptions' => { binary => '/usr/bin/chromium', args => \@args } } } });
	my $page = bless { browser => $self, session => $session->{sessionId}, pid => $session->{capabilities}{'goog:processID'}, errors => [] }, 'OmsBrowser::Page';

	$page->ask(POST => '/timeouts', { script => 60000, pageLoad => 60000 });
	push @{ $self->{pages} }, $page;
	return $page;
}

sub stop
{
	my ($self) = @_;
	$_->close foreach @{ $self->{pages} };
	return $self->SUPER::stop(20);
}

package OmsBrowser::Page;

use strict;
use warnings;

use MIME::Base64 qw(decode_base64);
use OmsProcess qw(wait_for);
use Test::More;
use Time::HiRes qw(sleep);

my $ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

sub ask { my ($self, $method, $path, $body) = @_; return $self->{browser}->call($method, "/session/$self->{session}$path", $body); }
sub go { my ($self, $url) = @_; $self->ask(POST => '/url', { url => $url }); return $self; }
sub run { my ($self, $script, @arguments) = @_; return $self->ask(POST => '/execute/sync', { script => $script, args => \@arguments }); }

# The value of a promise.
sub await
{
	my ($self, $script, @arguments) = @_;
	my $value = $self->ask(POST => '/execute/async', { script => "const done = arguments[arguments.length - 1]; (async (...args) => { $script })(...[...arguments].slice(0, -1)).then((value) => done({ value }), (error) => done({ error: String(error) }));", args => \@arguments });
	die "in the page: $value->{error}\n" if defined $value->{error};
	return $value->{value};
}

sub until
{
	my ($self, $script, $what, @arguments) = @_;
	return wait_for(sub { $self->run($script, @arguments) }, $OmsBrowser::SECONDS, $what // $script);
}

sub find { my ($self, $css) = @_; return $self->ask(POST => '/element', { using => 'css selector', value => $css })->{$ELEMENT}; }
sub click { my ($self, $css) = @_; return $self->ask(POST => '/element/' . $self->find($css) . '/click', {}); }
sub type { my ($self, $css, $text) = @_; return $self->ask(POST => '/element/' . $self->find($css) . '/value', { text => $text }); }
sub text { my ($self, $css) = @_; return $self->run('const e = document.querySelector(arguments[0]); return e && e.textContent', $css); }

# press('j'), press('Control', 'z'): keys that are held together, where the focus is.
sub press
{
	my ($self, @keys) = @_;
	my @codes = map { $OmsBrowser::KEYS{$_} // "$_" } @keys;
	$self->ask(POST => '/actions', { actions => [ { type => 'key', id => 'keys', actions => [ (map { { type => 'keyDown', value => $_ } } @codes), (map { { type => 'keyUp', value => $_ } } reverse @codes) ] } ] });
	return $self;
}

# Letters one after the other.
sub keys { my ($self, $text) = @_; $self->press($_) foreach split //, $text; return $self; }

# The wheel turns over an element.
sub wheel
{
	my ($self, $css, $pixels) = @_;
	$self->ask(POST => '/actions', { actions => [ { type => 'wheel', id => 'wheel', actions => [ { type => 'scroll', x => 0, y => 0, deltaX => 0, deltaY => $pixels, origin => { $ELEMENT => $self->find($css) } } ] } ] });
	return $self;
}

sub picture
{
	my ($self, $file) = @_;
	open my $out, '>:raw', $file or die "$file: $!";
	print $out decode_base64($self->ask(GET => '/screenshot'));
	close $out or die "$file: $!";
	return $file;
}

# Errors of the console so far, in all tabs, but those that fit a pattern.
sub complaints
{
	my ($self, $but) = @_;
	push @{ $self->{errors} }, map { $_->{message} } grep { $_->{level} eq 'SEVERE' } @{ $self->ask(POST => '/se/log', { type => 'browser' }) };
	return grep { !defined $but || $_ !~ $but } @{ $self->{errors} };
}

# Another tab; the one that is driven is where to() has gone.
sub tab { my ($self) = @_; return $self->ask(POST => '/window/new', { type => 'tab' })->{handle}; }
sub here { my ($self) = @_; return $self->ask(GET => '/window'); }

# In front, too: a tab that nobody sees draws nothing.
sub to
{
	my ($self, $handle) = @_;
	$self->ask(POST => '/window', { handle => $handle });
	$self->ask(POST => '/goog/cdp/execute', { cmd => 'Page.bringToFront', params => {} });
	return $self;
}

sub close_tab { my ($self) = @_; return $self->ask(DELETE => '/window'); }

sub close
{
	my ($self) = @_;
	return if $self->{closed}++;
	eval { $self->ask(DELETE => ''); 1 } or kill 'KILL', $self->{pid};
	return;
}

1;
