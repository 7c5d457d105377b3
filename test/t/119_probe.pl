use strict; use warnings; use Test::More; use OmsDelivery; use OmsKafka; use OmsTest; use Time::HiRes qw(time sleep);
my $node = delivery_node('probe'); my $kafka = OmsKafka->new(); $kafka->start; $kafka->create_event_topics('a.', 4);
my $a = bridge_start(name => 'a', config => { pipeline_config('a', $kafka, $node)});
wait_for(sub { active_of($a) }, 30);
my $b = bridge_start(name => 'b', config => { pipeline_config('a', $kafka, $node)});
sleep 1;
is($b->stop, 0); is($a->stop, 0); diag $a->log, $b->log; done_testing();
