#!/usr/bin/env perl
# day_made.pl [SEED]: a day of a desk and its broker in the columns of test/data/real_session.csv and of its shape, made from a seed: forty orders, of which some
# are rejected; three replacements for two orders, a quarter of them rejected after they were pending; a cancel for every fourth; fills of all sizes.
use strict;
use warnings;

my @columns = qw(sending_time msg_type from order cl_ord orig_cl_ord exec exec_ref exec_trans_type exec_type ord_status symbol side ord_type tif order_qty price last_qty last_px cum_qty leaves_qty avg_px
	cxl_rej_reason cxl_rej_response_to ord_rej_reason exec_restatement_reason currency);
srand(shift // 1);
my ($clock, $names, $reports) = (8 * 3600, 0, 0);

sub row {
	my (%row) = @_;
	$clock += rand 20;
	$row{sending_time} = sprintf('20200302-%02d:%02d:%06.3f', $clock / 3600 % 24, $clock / 60 % 60, $clock - 60 * int($clock / 60));
	print join(',', map { $row{$_} // '' } @columns), "\n";
	return;
}
sub report { my ($order, $type, %more) = @_; row(%$order, msg_type => '8', from => 'broker', exec => 'E' . ++$reports, exec_trans_type => 0, exec_type => $type, ord_status => $type, leaves_qty => $order->{order_qty} - $order->{cum_qty}, %more); return }

print join(',', @columns), "\n";
for my $n (1 .. 40) {
	my %order = (order => "O$n", cl_ord => 'C' . ++$names, symbol => ('LLOYLN', 'VODLN', 'BARCLN')[rand 3], side => 1 + int rand 2, ord_type => 2, tif => 0, order_qty => 100 * (1 + int rand 40), price => 50 + int(rand 2000) / 100, currency => 'GBp', cum_qty => 0);
	row(%order, msg_type => 'D', from => 'client', order => '', cum_qty => '');
	if (rand() < 0.2) { report(\%order, 8, ord_rej_reason => 0, leaves_qty => 0); next }
	report(\%order, 0);
	for my $step (1 .. 1 + int rand 5) {
		if (rand() < 0.55) {
			my %asked = (%order, orig_cl_ord => $order{cl_ord}, cl_ord => 'C' . ++$names, order_qty => $order{order_qty} + 100 * int rand 5);
			row(%asked, msg_type => 'G', from => 'client', order => '', cum_qty => '');
			report(\%asked, 'E');
			if (rand() < 0.25) { row(%asked, msg_type => '9', from => 'broker', ord_status => 0, cxl_rej_response_to => 2, cxl_rej_reason => 0); next }
			%order = (%asked, orig_cl_ord => undef);
			report(\%asked, 5);
		}
		else {
			my $quantity = 1 + int rand($order{order_qty} - $order{cum_qty});
			next if $quantity > $order{order_qty} - $order{cum_qty};
			$order{cum_qty} += $quantity;
			report(\%order, $order{cum_qty} == $order{order_qty} ? 2 : 1, last_qty => $quantity, last_px => $order{price}, avg_px => $order{price});
			last if $order{cum_qty} == $order{order_qty};
		}
	}
	next if $order{cum_qty} == $order{order_qty} || rand() > 0.35;
	my %asked = (%order, orig_cl_ord => $order{cl_ord}, cl_ord => 'C' . ++$names);
	row(%asked, msg_type => 'F', from => 'client', order => '', cum_qty => '');
	report(\%asked, 6);
	report(\%asked, 4, leaves_qty => 0);
}
