#!/usr/bin/env perl
# tap.pl RESULT FILE...: run TAP files, two at a time, and write "passed failed" to RESULT.
# A file that breaks off without a failed assertion counts as one failure.
use strict;
use warnings;
use TAP::Harness;

my ($result, @files) = @ARGV;
my %options = (jobs => $ENV{OMS_TAP_JOBS} // 2, verbosity => 0, failures => 1, timer => 1);
$options{exec} = [ split ' ', $ENV{OMS_TAP_EXEC} ] if $ENV{OMS_TAP_EXEC};

my $aggregator = TAP::Harness->new(\%options)->runtests(@files);
my ($passed, $failed) = (0, 0);
my @skipped = map { my ($parser) = $aggregator->parsers($_); $parser->skip_all ? "$_: " . $parser->skip_all : () } $aggregator->descriptions;
print "SKIPPED - $_\n" foreach @skipped;
foreach my $parser ($aggregator->parsers)
{
	my $bad = scalar $parser->failed;
	$bad = 1 if $bad == 0 && $parser->has_problems;
	$passed += scalar $parser->passed;
	$failed += $bad;
}

open my $out, '>', $result or die "cannot write $result: $!";
print $out "$passed $failed\n";
close $out or die "cannot write $result: $!";
exit($failed ? 1 : 0);
