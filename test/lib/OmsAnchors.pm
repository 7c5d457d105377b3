# The topic oms-anchors, by doc/anchors.md alone: no database, no code of the extension.
package OmsAnchors;

use strict;
use warnings;

use Digest::SHA qw(sha256 sha256_hex);
use Encode qw(encode);
use Exporter 'import';
use JSON::PP ();

our @EXPORT = qw(read_anchors leaves_of);

# RFC 6962, from hashes of leaves.
sub merkle
{
	my @row = @_;

	return sha256('') unless @row;
	while (@row > 1)
	{
		my @up;

		push @up, @row > 1 ? sha256("\x01" . shift(@row) . shift(@row)) : shift @row while @row;
		@row = @up;
	}
	return $row[0];
}

sub leaf { my ($leaf) = @_; return sha256("\x00" . encode('UTF-8', join ' ', @$leaf[ 0, 2, 3, 1 ])); }
sub place { my ($leaf) = @_; return join "\x00", map { encode('UTF-8', $_) } @$leaf[ 0, 1 ]; }

# Records in their order, each [value as it came, header hash]. Returns what is wrong with them, and by its number each anchor's state
# and the leaves of its records.
sub read_anchors
{
	my @records = @_;
	my ($before, $previous, $number, $version, $position) = ('', '00' x 32, 0, 0, '-');
	my (@wrong, %anchors, @leaves, @roots);

	foreach (@records)
	{
		my ($value, $hash) = @$_;
		my $record = JSON::PP->new->utf8->decode($value);
		my $state = $record->{state};
		my $where = "anchor $state->{number} part " . ($state->{part} // 0);

		push @wrong, "$where: hash" if sha256_hex($before . $value) ne $hash;
		$before = pack 'H*', $hash;
		push @wrong, "$where: version $record->{version}" if $record->{version} != ++$version || $record->{treeVersion} != $version;
		push @wrong, "$where: number" if $state->{number} != $number + 1;
		if ($record->{eventType} eq 'LeavesAnchored')
		{
			my @hashes = map { leaf($_) } @{ $state->{leaves} };

			push @wrong, "$where: part" if $state->{part} != @roots + 1;
			push @wrong, "$where: root" if unpack('H*', merkle(@hashes)) ne $state->{root};
			push @roots, pack 'H*', $state->{root};
			push @leaves, @{ $state->{leaves} };
			next;
		}
		my $root = merkle(map { leaf($_) } @leaves);

		push @wrong, "$where: order" if grep { place($leaves[ $_ - 1 ]) ge place($leaves[$_]) } 1 .. $#leaves;
		push @wrong, "$where: parts" if merkle(@roots) ne $root || $state->{parts} != @roots || $state->{count} != @leaves;
		push @wrong, "$where: chain" if $state->{previousRoot} ne $previous || ($state->{since} // '-') ne $position || $state->{chain} ne $record->{rootId};
		push @wrong, "$where: root" if sha256_hex("\x02" . pack('H*', $state->{previousRoot}) . $root . join ' ', @$state{qw(chain number count)}, $position, $state->{position}) ne $state->{root};
		$anchors{ $number = $state->{number} } = { state => $state, leaves => [@leaves] };
		($previous, $position, @leaves, @roots) = ($state->{root}, $state->{position});
		@leaves = @roots = ();
	}
	return (\@wrong, \%anchors);
}

# As text, for oms.verify_anchor().
sub leaves_of { my ($anchor) = @_; return JSON::PP->new->ascii->encode($anchor->{leaves}); }

1;
