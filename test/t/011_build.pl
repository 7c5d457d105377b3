# How it is built and called, as far as that can be seen without building: the targets of PGXS, a build outside of the sources, and
# scripts that answer before they do anything.
# Broken by: an installcheck that needs more than a running server; a folder of the sources that the Makefile looks for where it is
# run; a script that installs and builds before it reads what it was asked.

use strict;
use warnings;

use Cwd ();
use File::Basename;
use File::Copy;
use File::Path qw(make_path);
use FindBin;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = Cwd::abs_path("$FindBin::RealBin/../..");

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};

sub said
{
	my ($folder, @command) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run(\@command, '>', \$out, '2>', \$err, init => sub { chdir $folder or die "cannot enter $folder: $!" });
	return ($? >> 8, $out, $err);
}

# ---- outside of the sources -------------------------------------------------------------------------------

# From clean sources: make takes what it finds built there for built here.
my $elsewhere = PostgreSQL::Test::Utils::tempdir();
my $clean = "$elsewhere/sources";
my @files = map { glob "$root/src/$_" } qw(*.h */*.[ch] */*/*.[ch]);
make_path("$clean/sql", map { $clean . (dirname($_) =~ s/^\Q$root\E//r) } @files);
copy($_, $clean . ($_ =~ s/^\Q$root\E//r)) or die "cannot copy $_: $!" foreach "$root/Makefile", "$root/oms_state.control", @files, map { glob "$root/sql/$_" } qw(*.list *.awk [0-9]*.sql);
make_path("$elsewhere/build");
my ($status, $out, $err) = said("$elsewhere/build", 'make', '-n', '-f', "$clean/Makefile", 'all', 'install', "DESTDIR=$elsewhere/stage");
is($status, 0, 'make -n outside of the sources') or diag($err);
my @sources = map { s{^\Q$root\E/(.*)\.c$}{$1}r } grep { /\.c$/ } @files;
cmp_ok(scalar @sources, '>', 30, 'sources');
my ($link) = grep { /-shared/ && /-o oms_state\.so/ } split /\n/, $out =~ s/\\\n//gr;
is(join(' ', grep { ($link // '') !~ m{ $_\.o\b} } @sources), '', 'all of them are linked');
is(join(' ', grep { $out !~ m{/$_\.c\b} } @sources), '', 'and compiled from where they are');
like($out, qr{awk -v script=$_ .*\Q$clean\E'?/sql/10_schema\.sql .*\Q$clean\E'?/sql/61_verify\.sql}, "the $_ script is made of its parts") foreach qw(install upgrade);
like($out, qr{install .*sql/oms_state--0\.1\.0--0\.2\.0\.sql}, 'the upgrade script is installed');
my (undef, undef, $error) = said($elsewhere, 'sh', '-c', "cp '$root/Makefile' '$root/oms_state.control' . && make -n");
like($error, qr/no sources below/, 'without sources it says so and links nothing');

# ---- what installcheck runs -------------------------------------------------------------------------------

(undef, $out) = said($root, 'make', '-n', 'installcheck');
like($out, qr/pg_regress .*\bverify\b/, 'installcheck runs regress');
like($out, qr/pg_isolation_regress .*\bfirst_commands\b/, 'and isolation');
unlike($out, qr/\bprove\b|\.pl\b/, 'and nothing that makes clusters of its own');
# … twice on one server: roles are the server's, not the database's
foreach my $file (glob "$root/test/sql/*.sql")
{
	my $sql = slurp_file($file);
	my %left = map { $_ => 1 } $sql =~ /^CREATE ROLE (\w+)/mg;
	delete @left{ map { split /,\s*/ } $sql =~ /^DROP ROLE (?!IF)([\w, ]+);/mg };
	is(join(' ', sort keys %left), '', basename($file) . ' leaves no role');
}
(undef, $out) = said($root, 'make', '-n', 'tapcheck');
like($out, qr{prove .*test/t/065_partitions\.pl}, 'tapcheck runs the TAP tests');
($status, $out) = said($root, 'env', 'OMS_BRIDGE=', "TESTDIR=$elsewhere", 'perl', '-I', "$root/test/lib", (map { ('-I', $_) } grep { !ref && /pgxs/ } @INC), '-e',
	q(delete $ENV{OMS_BRIDGE}; require OmsBridge; no warnings 'redefine'; *OmsBridge::bridge_program = sub { '/nowhere' }; OmsBridge->import; print "not skipped\n"));
like($out, qr/^1\.\.0 # SKIP NO BRIDGE HERE: .*make -C debezium\/bridge/m, 'without a bridge its tests are skipped, and say what to build');
unlike($out, qr/not skipped/, 'really');

# ---- what the README says is needed -----------------------------------------------------------------------

my ($readme) = slurp_file("$root/README.md") =~ /^## Installation\n(.*)/ms;
my ($needs) = slurp_file("$root/debezium/bridge/Makefile") =~ /^# Needs from Debian: (.*)$/m;
my ($said) = $readme =~ /^\| `oms_bridge` \| (.*)$/m;
is(join(' ', grep { ($said // '') !~ /\b\Q$_\E\b/ } split ' ', $needs // 'nothing'), '', 'the libraries of the bridge stand in the README');
my ($gateway_needs) = slurp_file("$root/gateway/Makefile") =~ /^# Needs from Debian: (.*)$/m;
my ($gateway_said) = $readme =~ /^\| `oms_gateway` \| (.*)$/m;
is(join(' ', grep { ($gateway_said // '') !~ /\b\Q$_\E\b/ } split ' ', $gateway_needs // 'nothing'), '', 'and those of the gateway');
my ($setup) = slurp_file("$root/scripts/setup.sh") =~ /^packages=\((.*?)\)/ms;
my @packages = map { split ' ' } $readme =~ /^\| (?:the extension|`oms_bridge`|`oms_gateway`|the six lines[^|]*|`make tapcheck`) \|[^`]*`([^`]*)`/mg;
cmp_ok(scalar @packages, '>', 12, 'packages in the README');
# build-essential has the first three, the client comes with the server
is(join(' ', grep { $setup !~ /(^|\s)\Q$_\E(\s|$)/ } grep { !/^(make|gcc|libc6-dev|postgresql-client-15)$/ } @packages), '', 'and are those that make test installs');

# ---- scripts that are asked -------------------------------------------------------------------------------

my $before = time;
($status, $out, $err) = said($elsewhere, "$root/scripts/test.sh", '--help');
is("$status $err", '0 ', 'test.sh --help');
like($out, qr/test\.sh CATEGORY/, 'says how it is called');
($status, $out, $err) = said($elsewhere, "$root/scripts/bench.sh", '--help');
is("$status $err", '0 ', 'bench.sh --help');
($status, $out, $err) = said($elsewhere, "$root/scripts/test.sh", 'none');
is($status, 1, 'test.sh of a category that there is not');
like($err, qr/no category none/, 'says so');
cmp_ok(time - $before, '<', 5, 'and all before anything is built');

done_testing();
