#!/usr/bin/perl
# embed.pl FILE...: C for the files of the page, on stdout: each as it is and compressed (server/web_assets.h).
#
# @BUILD@ in a file becomes the hash of all of them, which stands in the paths of all but index.html. The same files give the same bytes.

use strict;
use warnings;

use Compress::Zlib ();
use Digest::SHA ();
use File::Basename qw(basename);

my %type_of = (html => 'text/html; charset=utf-8', css => 'text/css; charset=utf-8', js => 'text/javascript; charset=utf-8', svg => 'image/svg+xml');
my %content;

foreach my $file (@ARGV)
{
	open my $in, '<:raw', $file or die "$file: $!\n";
	local $/;
	$content{ basename($file) } = <$in>;
}
my $build = substr Digest::SHA::sha256_hex(map { ($_, "\0", $content{$_}, "\0") } sort keys %content), 0, 16;

sub array
{
	my ($name, $bytes) = @_;
	my $text = join ',', unpack 'C*', $bytes;
	$text =~ s/(.{1,150}),/$1,\n/g;
	print "static const unsigned char ${name}[] = {\n$text\n};\n";
	return;
}

print qq(/* Made by web/embed.pl. */\n#include "web_assets.h"\n\nconst char web_build[] = "$build";\n);
my @rows;
foreach my $name (sort keys %content)
{
	my ($ending) = $name =~ /\.(\w+)$/;
	my $bytes = $content{$name} =~ s/\@BUILD\@/$build/gr;
	my $packed = Compress::Zlib::memGzip($bytes) or die "$name cannot be compressed\n";
	substr $packed, 4, 4, "\0\0\0\0";
	my $id = $name =~ s/\W/_/gr;
	array("plain_$id", $bytes);
	array("gzip_$id", $packed);
	push @rows, qq(\t{"$name", "$type_of{$ending}", plain_$id, sizeof plain_$id, gzip_$id, sizeof gzip_$id},\n);
}
print "\nconst WebAsset web_assets[] = {\n", @rows, "\t{NULL, NULL, NULL, 0, NULL, 0}\n};\n";
