# What is given away: the archive, Debian's packages made of it and nothing else, and the steps of the Dockerfile, each in a clean Debian 12 that
# has what it should have and no more. The servers there are stopped with all else that the clean Debian's processes are.
# Broken by: a file that git does not know and the build needs; a package that says too little of what it needs; headers newer than the oldest server;
# a unit that systemd does not understand; a step of the Dockerfile that does not work, or leaves out a library.

use strict;
use warnings;

use Cwd ();
use File::Path qw(make_path remove_tree);
use FindBin;
use IPC::Run;
use JSON::PP;
use Test::More;
use lib "$FindBin::RealBin/../lib";
use OmsDockerfile;

my $root = Cwd::abs_path("$FindBin::RealBin/../..");
my $work = $ENV{OMS_PACKAGES} or die 'OMS_PACKAGES names no folder';
my %chroot = (build => "$work/build", debian => "$work/debian", image => "$work/image");
my ($version) = slurp("$root/oms_state.control") =~ /^default_version = '(.*)'/m;
my @packages = qw(postgresql-15-oms-state oms-bridge oms-gateway);

sub slurp
{
	my ($file) = @_;
	open my $in, '<', $file or die "cannot read $file: $!";
	local $/;
	return <$in>;
}

sub run_it
{
	my (@command) = @_;
	my $out = '';
	IPC::Run::run(\@command, '<', \'', '>&', \$out);
	return ($? >> 8, $out);
}

# inside(CHROOT, SCRIPT): its exit status and all that it printed.
sub inside
{
	my ($chroot, $script) = @_;
	return run_it("$root/scripts/chroots.sh", 'enter', $chroot{$chroot} // $chroot, 'sh', '-c', $script);
}

sub ending
{
	my @lines = split /\n/, $_[0];
	return join "\n", @lines > 30 ? @lines[-30 .. -1] : @lines;
}

sub does
{
	my ($chroot, $script, $name) = @_;
	my ($status, $out) = inside($chroot, $script);
	is($status, 0, $name) or diag(ending($out));
	return $out;
}

# ---- the archive --------------------------------------------------------------------------------------------

sub archive
{
	my ($status, $out) = run_it("$root/scripts/package.sh", 'dist', "$work/dist");
	is($status, 0, 'the archive is made') or BAIL_OUT($out);
	my $zip = "$work/dist/oms_state-$version.zip";
	my (undef, $listed) = run_it('python3', '-c', 'import sys, zipfile; print("\n".join(zipfile.ZipFile(sys.argv[1]).namelist()))', $zip);
	my %in = map { $_ => 1 } grep { !m{/$} } split /\n/, $listed;
	is(join(' ', grep { !m{^oms_state-\Q$version\E/} } keys %in), '', 'all below one folder, named by the version');

	my $meta = decode_json(slurp("$root/META.json"));
	is_deeply([ grep { !defined $meta->{$_} } qw(name abstract version maintainer license provides meta-spec) ], [], 'META.json has what PGXN asks for');
	is_deeply([ $meta->{version}, map { $_->{version} } values %{ $meta->{provides} } ], [ $version, $version ], 'and the version of the control file');
	foreach my $file (map { @$_{qw(file docfile)} } values %{ $meta->{provides} })
	{
		ok($in{"oms_state-$version/$file"}, "$file is in the archive");
	}
	my ($debian) = slurp("$root/debian/changelog") =~ /^oms-state \((.*?)\)/;
	is($debian, $version, 'debian/changelog has that version too');
	return;
}

# ---- Debian's packages --------------------------------------------------------------------------------------

sub debs
{
	my ($status, $out) = run_it("$root/scripts/package.sh", 'build_in', $chroot{build}, "$work/dist");
	is($status, 0, "the packages are built of the archive alone, against the oldest server that they are for") or BAIL_OUT(ending($out));

	(undef, $out) = inside('build', 'cd /build && setpriv --reuid=nobody --regid=nogroup --clear-groups lintian --fail-on error,warning *.changes; echo "status $?"');
	is($out, "status 0\n", 'lintian has nothing to complain about');

	my %files = (
		'postgresql-15-oms-state' => [
			'/usr/lib/postgresql/15/lib/oms_state.so', '/usr/share/postgresql/15/extension/oms_state.control',
			"/usr/share/postgresql/15/extension/oms_state--$version.sql", "/usr/share/postgresql/15/extension/oms_state--0.1.0--$version.sql",
			'/usr/share/doc/postgresql-15-oms-state/README.md', '/usr/include/postgresql/15/server/extension/oms_state/oms_state.h' ],
		'oms-bridge' => [ '/usr/bin/oms_bridge', '/lib/systemd/system/oms_bridge@.service', '/usr/share/man/man1/oms_bridge.1.gz', '/usr/share/doc/oms-bridge/examples/oms_bridge.conf.example' ],
		'oms-gateway' => [ '/usr/bin/oms_gateway', '/lib/systemd/system/oms_gateway@.service', '/usr/share/man/man1/oms_gateway.1.gz', '/usr/share/doc/oms-gateway/examples/oms_gateway.conf.example' ]);
	foreach my $package (@packages)
	{
		my (undef, $contents) = run_it('dpkg-deb', '-c', "$work/dist/${package}_${version}_amd64.deb");
		is(join(' ', grep { $contents !~ m{ \.\Q$_\E$}m } @{ $files{$package} }), '', "$package has its files");
		is(join(' ', $contents =~ m{^\S+ (?!root/root)(\S+)}mg), '', 'all of them root\'s');
	}
	return;
}

# ---- installed ----------------------------------------------------------------------------------------------

# One server, asked as its superuser; psql stops at the first error.
my $server = <<'SH';
set -e
pg_ctlcluster 15 main start
oms_psql() { setpriv --reuid=postgres --regid=postgres --init-groups psql -X -A -t -q -v ON_ERROR_STOP=1 "$@"; }
SH
my $commands = <<'SH';
oms_psql -c 'CREATE EXTENSION oms_state' \
  -c "SELECT r ->> 'status' FROM oms_command('{\"commandType\": \"CreateOrderCommand\", \"orderId\": \"O1\", \"clOrdID\": \"c1\", \"symbol\": \"VOD\", \"side\": \"BUY\", \"orderQty\": 100, \"price\": 72.5}') AS r" \
  -c "SELECT r #>> '{state,status}' FROM oms_command('{\"commandType\": \"ExecuteOrderCommand\", \"orderId\": \"O1\", \"execID\": \"T1\", \"lastQty\": 100, \"lastPx\": 72.5}') AS r" \
  -c 'SELECT count(*) FROM oms.verify()'
SH

sub installed
{
	does('debian', 'apt-get -qq update && cp /packages/*.deb /tmp && apt-get -qq -y --no-install-recommends install ' . join(' ', map { "/tmp/${_}_${version}_amd64.deb" } @packages), 'the packages are installed into a Debian of today, with all that they say they need');
	my (undef, $minors) = inside('debian', q(dpkg-query -W -f '${Version}' postgresql-15; echo; ls /usr/bin/gcc /usr/bin/make 2>&1 | grep -c cannot));
	my (undef, $built) = inside('build', q(dpkg-query -W -f '${Version}' postgresql-server-dev-15));
	note("built against $built, installed beside $minors");
	like($minors, qr/^2$/m, 'where nothing can be built');
	does('debian', "grep -q . /usr/share/postgresql/15/extension/oms_state.control && for p in oms_bridge oms_gateway; do \$p --version && ! ldd /usr/bin/\$p | grep 'not found'; done", 'the programs find their libraries');
	does('debian', 'systemd-analyze verify --man=no oms_bridge@main.service oms_gateway@main.service > /tmp/said 2>&1; cat /tmp/said; ! grep -E "oms_(bridge|gateway)" /tmp/said', 'systemd understands the units');
	my $out = does('debian', $server . $commands, 'a server has the extension');
	is($out, "ACCEPTED\nALLOCATED\n0\n", 'it takes an order and its fill, and verify() finds nothing');
	$out = does('debian', $server . <<'SH', 'the programs read their files, and the gateway finds the server');
printf 'dsn = dbname=postgres user=postgres host=/var/run/postgresql\nauth = password\nlisten = unix:/tmp/gateway\nadmin.listen = 127.0.0.1:9465\n' > /etc/oms_gateway/main.conf
oms_gateway --config /etc/oms_gateway/main.conf --check
zcat -f /usr/share/doc/oms-bridge/examples/oms_bridge.conf.example > /etc/oms_bridge/main.conf
printf 'postgres.dsn = dbname=postgres\nkafka.bootstrap.servers = localhost:9092\n' >> /etc/oms_bridge/main.conf
oms_bridge --config /etc/oms_bridge/main.conf --check
oms_gateway --config /etc/oms_gateway/main.conf &
for try in $(seq 600); do
	bash -c 'exec 3<>/dev/tcp/127.0.0.1/9465 && printf "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" >&3 && head -n 1 <&3' > /tmp/ready 2> /dev/null || true
	grep -q ' 200 ' /tmp/ready && exit 0
	sleep 0.1
done
exit 1
SH
	like($out, qr/listen.*unix:\/tmp\/gateway/, 'as they say');
	does('debian', 'apt-get -qq -y purge ' . join(' ', @packages) . ' && ! find / -xdev -path /packages -prune -o -path /tmp -prune -o -name "*oms[_-]*" ! -path "/var/log/*" ! -path "/etc/oms_*" -print | grep .', 'removed, they leave nothing');
	# the same on the server that the headers were of
	does('build', 'dpkg -i --force-depends /build/postgresql-15-oms-state_*_amd64.deb', 'the extension goes into the oldest server too');
	$out = does('build', 'pg_createcluster 15 main > /dev/null 2>&1 || true;' . $server . $commands, 'which loads it');
	is($out, "ACCEPTED\nALLOCATED\n0\n", 'and works');
	return;
}

# ---- the Dockerfile -----------------------------------------------------------------------------------------

# Stages that build run where building is possible, the others where it is not: an image of Debian, or of PostgreSQL on it.
sub images
{
	my $file = OmsDockerfile->new("$root/Dockerfile");
	is_deeply([ sort map { $_->{name} } $file->stages ], [qw(bridge cnpg extension gateway programs server)], 'the images of the Dockerfile');
	my %root_of = (extension => "$chroot{build}", programs => "$chroot{build}", map { $_ => $chroot{image} } qw(server cnpg bridge gateway));
	foreach my $stage ($file->stages)
	{
		remove_tree("$chroot{build}/build", "$chroot{build}/stage.$stage->{name}");
		foreach my $step (@{ $stage->{steps} })
		{
			my ($word, $said) = @$step;
			my $to = $root_of{ $stage->{name} };
			if ($word eq 'RUN')
			{
				does($to, $said, "$stage->{name}: " . substr($said =~ s/\s+/ /gr, 0, 90));
			}
			elsif ($word eq 'COPY' && $said =~ m{^\. (/\S+)$})
			{
				does('build', "mkdir -p /unzip && cd /unzip && unzip -q -o /archive.zip && mv /unzip/oms_state-$version $1", "$stage->{name}: COPY $said");
			}
			elsif ($word eq 'COPY' && $said =~ m{^--from=(\w+) (/\S+) (/\S*)$})
			{
				my ($from, $what, $where) = ($1, $2, $3);
				my $place = "$chroot{build}/stage.$from" . ($what =~ s{^/stage/?}{/}r);
				is((run_it('cp', '-a', '-T', $place, "$to$where"))[0], 0, "$stage->{name}: COPY $said");
			}
			else
			{
				like("$word $said", qr/^(?:USER (?:root|\d+(?::\d+)?)|ENTRYPOINT \[.*\]|CMD \[.*\])$/, "$stage->{name}: $word $said");
			}
		}
		rename "$chroot{build}/stage", "$chroot{build}/stage.$stage->{name}";
	}
	my $out = does('image', $server . $commands, 'the image of the server has the extension');
	is($out, "ACCEPTED\nALLOCATED\n0\n", 'and works');
	does('image', 'set -e; for p in oms_bridge oms_gateway; do setpriv --reuid=65534 --regid=65534 --clear-groups $p --version; done', 'the programs run as the user of their images');

	# What a clean Debian with PostgreSQL, or one that can build, has already must be said all the same.
	foreach my $case ([ extension => "$root/README.md", qr/^\| the extension \| `(.*?)`/m ], [ programs => "$root/debezium/bridge/Makefile", qr/^# Needs from Debian: (.*)$/m ],
		[ programs => "$root/gateway/Makefile", qr/^# Needs from Debian: (.*)$/m ])
	{
		my ($name, $where, $pattern) = @$case;
		my ($needs) = slurp($where) =~ $pattern;
		my ($stage) = grep { $_->{name} eq $name } $file->stages;
		is(join(' ', grep { !has_package($stage, $_) } split ' ', $needs // 'nothing'), '', "$name installs what " . ($where =~ s{^\Q$root\E/}{}r) . ' says is needed');
	}
	# procps has the kill of "systemctl reload"
	foreach my $name (qw(bridge gateway))
	{
		my (undef, $depends) = run_it('dpkg-deb', '-f', "$work/dist/oms-${name}_${version}_amd64.deb", 'Depends');
		my ($stage) = grep { $_->{name} eq $name } $file->stages;
		is(join(' ', grep { !/^(?:libc6|procps)$/ && !has_package($stage, $_) } map { /(\S+)/ } split /,/, $depends), '', "the image of the $name has what its package needs");
	}
	return;
}

sub has_package
{
	my ($stage, $package) = @_;
	return scalar grep { $_->[0] eq 'RUN' && $_->[1] =~ /(?<![\w.-])\Q$package\E(?![\w.-])/ } @{ $stage->{steps} };
}

# ------------------------------------------------------------------------

archive();
debs();
make_path("$chroot{debian}/packages");
is((run_it('sh', '-c', "cp $work/dist/*.deb $chroot{debian}/packages/ && cp $work/dist/*.zip $chroot{build}/archive.zip"))[0], 0, 'they are carried over');
installed();
images();
done_testing();
