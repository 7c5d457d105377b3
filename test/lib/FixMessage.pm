# Raw FIX messages for the tests: fields in, header, BodyLength and CheckSum added.

package FixMessage;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(fix_message fix_code fix_time);

# The words of the Order State Change Matrices and their codes.
my %code = (
	exec_type => {
		'New' => '0', 'Partial Fill' => '1', 'Fill' => '2', 'Done for Day' => '3', 'Canceled' => '4',
		'Replaced' => '5', 'Pending Cancel' => '6', 'Stopped' => '7', 'Rejected' => '8',
		'Suspended' => '9', 'Pending New' => 'A', 'Calculated' => 'B', 'Expired' => 'C',
		'Restated' => 'D', 'Pending Replace' => 'E', 'Trade' => 'F', 'Trade Correct' => 'G',
		'Trade Cancel' => 'H', 'Order Status' => 'I', 'Trade in a Clearing Hold' => 'J',
		'Trade has been released to Clearing' => 'K', 'Triggered or Activated by System' => 'L',
		'Locked' => 'M', 'Released' => 'N',
	},
	ord_status => {
		'New' => '0', 'Partially Filled' => '1', 'Filled' => '2', 'Done for Day' => '3',
		'Canceled' => '4', 'Replaced' => '5', 'Pending Cancel' => '6', 'Stopped' => '7',
		'Rejected' => '8', 'Suspended' => '9', 'Pending New' => 'A', 'Calculated' => 'B',
		'Expired' => 'C', 'Accepted for Bidding' => 'D', 'Pending Replace' => 'E',
	},
);

# fix_code('ord_status', 'Partially Filled') is 1. A word that is not in the list is a mistake in the data.
sub fix_code
{
	my ($field, $word) = @_;

	die "no $field is called \"$word\"" unless exists $code{$field}{$word};
	return $code{$field}{$word};
}

# fix_time($day, $second): a UTC timestamp on the given day (from 1) of a made-up week.
sub fix_time
{
	my ($day, $second) = @_;

	return sprintf '202601%02d-%02d:%02d:%02d.000', 4 + $day, 14 + int($second / 3600),
	  int($second / 60) % 60, $second % 60;
}

# fix_message(version => 'FIX.4.4', type => 'D', sender => ..., target => ..., seq => ..., time => ...,
#             header => [tag, value, ...], fields => [tag, value, ...], separator => '|')
#
# Fields without a value are left out. FIX 5.0 SP2 is asked for as 'FIX.5.0SP2' and travels in FIXT.1.1.
# CheckSum and BodyLength are those of the message with SOH, whatever separator it is written with.
sub fix_message
{
	my (%message) = @_;
	my $version = $message{version} // 'FIX.4.4';
	my $later = $version =~ /^FIX\.5/;
	my @fields = (
		35 => $message{type},
		34 => $message{seq} // 1,
		49 => $message{sender},
		52 => $message{time},
		56 => $message{target},
		$later ? (1128 => '9') : (),
		@{ $message{header} // [] },
		@{ $message{fields} // [] });
	my $body = '';
	my $sum = 0;

	while (my ($tag, $value) = splice @fields, 0, 2)
	{
		$body .= "$tag=$value\x01" if defined $value;
	}

	my $text = sprintf "8=%s\x019=%d\x01%s", $later ? 'FIXT.1.1' : $version, length $body, $body;

	$sum += ord foreach split //, $text;
	$text .= sprintf "10=%03d\x01", $sum % 256;
	$text =~ s/\x01/$message{separator}/g if defined $message{separator};
	return $text;
}

1;
