# test/lib/OmsOldVersion.pm: a server on which 0.1.0 can be created, and upgraded. test/data/0.1.0 holds its install script and a database
# that its library wrote (its README says what is in it).
#
#   if (!can_be_old($node)) { plan(skip_all => $NO_OLD) }   # restarts the node
#   CREATE EXTENSION oms_state VERSION '0.1.0'; load_old($node, 'database');
#
# The old script is run with today's library, as a dump of 0.1.0 that is restored would do: a C function is looked up when it is
# created. So every symbol that the script of 0.1.0 names must stay in the library, also where 0.2.0 no longer uses it.

package OmsOldVersion;

use strict;
use warnings;

use Cwd ();
use Exporter 'import';
use File::Basename qw(dirname);
use File::Copy;
use File::Path qw(make_path);
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use PostgreSQL::Test::Utils;
use Test::More;

use OmsTest;

our @EXPORT = qw(can_be_old load_old old_text $NO_OLD);

our $NO_OLD = 'this server has no extension_destdir (a setting of Debian): the script of 0.1.0 cannot be put beside the installed ones';
my $data = Cwd::abs_path(dirname(__FILE__) . '/../data/0.1.0');

# A file of the data, unpacked.
sub old_text
{
	my ($name) = @_;
	gunzip("$data/$name.gz" => \my $text) or die "cannot read $name.gz: $GunzipError";
	return $text;
}

# The extension's files, copied, with the old script beside the new ones, and a link to the library.
sub extension_files
{
	my $folder = PostgreSQL::Test::Utils::tempdir();
	my ($staged) = oms_settings() =~ /^extension_destdir = '(.*)'$/m;
	my ($share, $library) = map { qx("$ENV{PG_CONFIG}" --$_) =~ s/\n//r } qw(sharedir pkglibdir);

	$staged //= '';
	make_path("$folder$share/extension", "$folder$library");
	copy($_, "$folder$share/extension") or die "cannot copy $_: $!"
	  foreach "$data/oms_state--0.1.0.sql", "$staged$share/extension/oms_state.control", glob("$staged$share/extension/oms_state--*.sql");
	symlink "$staged$library/oms_state.so", "$folder$library/oms_state.so" or die "cannot link the library: $!";
	return $folder;
}

sub can_be_old
{
	my ($node) = @_;
	local $ENV{PG_CONFIG} = $ENV{PG_CONFIG} // 'pg_config';

	return 0 if $node->safe_psql('postgres', q(SELECT count(*) FROM pg_settings WHERE name = 'extension_destdir')) eq '0';
	$node->append_conf('postgresql.conf', "extension_destdir = '" . extension_files() . "'\n");
	$node->restart;
	return 1;
}

# Needs the roles oms and trader.
sub load_old
{
	my ($node, $database) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';

	append_to_file($file, old_text('dump.sql'));
	return command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', $node->host, '-p', $node->port, '-d', $database, '-f', $file ], 'the data of 0.1.0 are loaded');
}

1;
