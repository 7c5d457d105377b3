/*
 * Blocks on an array and without a server: what they are made of, other members
 * before, between and after fills, what a membership keeps its member from, and
 * their end.  Each rule once refused and once just allowed.  What breaks if a
 * member's figures do not follow its membership, if a member is closed under a
 * block that works for it, or if a block that is over keeps what it reserved.
 */
#include "unit.h"

#include "decide_cases.h"

#define A	"CreateOrder orderId=A symbol=X side=BUY orderQty=100"
#define B	"CreateOrder orderId=B symbol=X side=BUY orderQty=50"
#define A_IS	"A:101 NEW qty=100 leaves=100 unplaced=100"
#define B_IS	"B:101 NEW qty=50 leaves=50 unplaced=50"
#define TWO	{A, A_IS}, {B, B_IS}

#define BLOCK(a, b)	"CreateBlockOrder orderId=K members=[{\"orderId\":\"A\",\"quantity\":" #a "},{\"orderId\":\"B\",\"quantity\":" #b "}]"
#define ONE(a)	"CreateBlockOrder orderId=K members=[{\"orderId\":\"A\",\"quantity\":" #a "}]"
#define MEMBERS(list)	"ReplaceBlockMembers orderId=K members=[" list "]"
#define OF(o, q)	"{\"orderId\":\"" #o "\",\"quantity\":" #q "}"

/* a block of 60 of A and 40 of B */
#define K_IS	"K:101 NEW qty=100 leaves=100 unplaced=100 members=A:60+B:40; " \
	"A:371 reserved=60 unplaced=40 blocks=K liveBlocks=1; B:371 reserved=40 unplaced=10 blocks=K liveBlocks=1"
#define K_OF_TWO	TWO, {BLOCK(60, 40), K_IS}

static const Case creation[] = {
	{"a block reserves of its members, and is as large as they make it", {
		K_OF_TWO,
		{"CreateOrder orderId=C parentId=A orderQty=41", "OM005 over_placed"},
		{"CreateOrder orderId=C parentId=A orderQty=40", "C:101 NEW qty=40 leaves=40 unplaced=40; A:341 working=40 reserved=100 unplaced=0 children=1 live=1"},
		{"CreateBlockOrder orderId=L members=[" OF(B, 11) "]", "OM005 over_placed"},
		{"CreateBlockOrder orderId=L members=[" OF(B, 10) "]", "L:101 NEW qty=10 leaves=10 unplaced=10 members=B:10; B:371 reserved=50 unplaced=0 blocks=K+L liveBlocks=2"},
	}},
	{"who may be a member", {
		TWO,
		{"CreateBlockOrder orderId=K members=[]", "OM001"},
		{"CreateBlockOrder orderId=K", "OM001"},
		{"CreateBlockOrder orderId=K members=[" OF(A, 0) "]", "OM001"},
		{"CreateBlockOrder orderId=K members=[" OF(A, 1) "," OF(A, 2) "]", "OM001"},
		{"CreateBlockOrder orderId=K members=[" OF(Z, 1) "]", "OM003"},
		{"CreateBlockOrder orderId=A members=[" OF(B, 1) "]", "OM007"},
		{ONE(101), "OM005 over_placed"},
		{ONE(100), "K:101 NEW qty=100 leaves=100 unplaced=100 members=A:100; A:371 reserved=100 unplaced=0 blocks=K liveBlocks=1"},
		{"CreateBlockOrder orderId=L members=[" OF(K, 1) "]", "OM005 not_a_client_order"},
		{"CreateOrder orderId=C parentId=B orderQty=40", "C:101 NEW qty=40 leaves=40 unplaced=40; B:341 working=40 reserved=40 unplaced=10 children=1 live=1"},
		{"CreateBlockOrder orderId=L members=[" OF(C, 1) "]", "OM005 not_a_client_order"},
		{"CreateOrder orderId=D symbol=X side=BUY cashOrderQty=1000", "D:101 NEW"},
		{"CreateBlockOrder orderId=L members=[" OF(D, 1) "]", "OM005 over_placed"},
	}},
	{"nothing of an order that has ended, or that is to", {
		TWO,
		{"CancelOrder orderId=A", "A:141 CANCELLED leaves=0 unplaced=0"},
		{ONE(1), "OM004"},
		{"RequestCancelOrder orderId=B clOrdID=c pending=false", "B:133 requests=CANCEL:c"},
		{"CreateBlockOrder orderId=K members=[" OF(B, 1) "]", "OM005 cancel_requested"},
		{"RejectCancelOrder orderId=B clOrdID=c", "B:151 requests=none"},
		{"CreateBlockOrder orderId=K members=[" OF(B, 1) "]", "K:101 NEW qty=1 leaves=1 unplaced=1 members=B:1; B:371 reserved=1 unplaced=49 blocks=K liveBlocks=1"},
	}},
	{"its quantity is what its members give it", {
		TWO,
		{BLOCK(60, 40) " orderQty=101", "OM005 over_placed"},
		{BLOCK(60, 40) " orderQty=99", "OM005 below_placed"},
		{BLOCK(60, 40) " orderQty=100.0", K_IS},
		{"ReplaceOrder orderId=K orderQty=101", "OM005 over_placed"},
		{"RequestReplaceOrder orderId=K orderQty=101", "OM005 over_placed"},
		{"ReplaceOrder orderId=K orderQty=99", "OM005 below_placed"},
		{"ReplaceOrder orderId=K orderQty=100 text=t", "K:171"},
		{"!ReplaceOrder orderId=K orderQty=110", "K:171 qty=110 leaves=110 unplaced=110 flags=OVER_PLACED"},
		{MEMBERS(OF(A, 60) "," OF(B, 40)), "K:361 qty=100 leaves=100 unplaced=100"},
		{"!ReplaceOrder orderId=K orderQty=90", "K:171 qty=90 leaves=90 unplaced=90 flags=OVER_PLACED+BELOW_PLACED"},
	}},
	{"no more where it has filled more", {
		K_OF_TWO,
		{"ExecuteOrder orderId=K executionId=e lastQty=110 lastPx=5 execID=1",
			"e:511 REVIEW of=K quantity=110 reasons=OVERFILL; K:331 review=110"},
		{"ApproveExecution executionId=e", "e:552 VALIDATED flags=OVERRIDDEN reasons=none; K:308 FILLED executed=110 own=110 value=550 avg=5 leaves=0 unplaced=0 review=0 flags=OVERFILLED"},
		{"!ReplaceOrder orderId=K orderQty=100", "K:173"},
		{MEMBERS(OF(A, 70) "," OF(B, 50)), "K:361 PARTIALLY_FILLED qty=120 leaves=10 unplaced=10 flags=none members=A:70+B:50; A:371 reserved=70 unplaced=30; B:371 reserved=50 unplaced=0"},
	}},
	{"a counterparty that has the block may be asked for less", {
		K_OF_TWO,
		{"!AcceptOrder orderId=K orderID=broker", "K:118"},
		{"ReplaceOrder orderId=K orderQty=90", "K:171 qty=90 leaves=90 unplaced=90"},
		{MEMBERS(OF(A, 49) "," OF(B, 40)), "OM005 below_placed"},
		{MEMBERS(OF(A, 50) "," OF(B, 40)), "K:361 members=A:50+B:40; A:371 reserved=50 unplaced=50"},
		{MEMBERS(OF(A, 60) "," OF(B, 40)), "K:361 members=A:60+B:40; A:371 reserved=60 unplaced=40"},
	}},
	{"members are served by their numbers", {
		TWO,
		{"CreateBlockOrder orderId=K members=[{\"orderId\":\"A\",\"quantity\":1,\"priority\":7},{\"orderId\":\"B\",\"quantity\":2}]",
			"K:101 NEW qty=3 leaves=3 unplaced=3 members=B:2+A:1; B:371 reserved=2 unplaced=48 blocks=K liveBlocks=1; A:371 reserved=1 unplaced=99 blocks=K liveBlocks=1"},
	}},
};

#define DIFFERS(terms, block) \
	{A, A_IS}, \
	{"CreateOrder orderId=B orderQty=50 " terms, B_IS}, \
	{BLOCK(1, 1) block, "OM005 member_differs"}

static const Case agreement[] = {
	{"another symbol", {DIFFERS("symbol=Y side=BUY", "")}},
	{"another side", {DIFFERS("symbol=X side=BUY_MINUS", "")}},
	{"another currency", {DIFFERS("symbol=X side=BUY currency=EUR", "")}},
	{"another currency of the block", {DIFFERS("symbol=X side=BUY", " currency=EUR")}},
	{"another asset class", {DIFFERS("symbol=X side=BUY assetClass=BOND", "")}},
	{"another settlement", {DIFFERS("symbol=X side=BUY settlType=3", "")}},
	{"another day of settlement", {DIFFERS("symbol=X side=BUY settlDate=20260107", "")}},
	{"another day of settlement of the block", {DIFFERS("symbol=X side=BUY", " settlDate=20260107")}},
	{"regular settlement need not be said", {
		{A, A_IS},
		{B " settlType=0", B_IS},
		{BLOCK(60, 40), K_IS},
	}},
	{"another instrument, where both say which", {
		{A " strikePrice=100", A_IS},
		{B " strikePrice=101", B_IS},
		{BLOCK(60, 40), "OM005 member_differs"},
		{"CreateBlockOrder orderId=L members=[" OF(A, 1) "] strikePrice=101", "OM005 member_differs"},
		{"CreateBlockOrder orderId=L members=[" OF(A, 1) "] strikePrice=100.00", "L:101 NEW qty=1 leaves=1 unplaced=1 members=A:1; A:371 reserved=1 unplaced=99 blocks=L liveBlocks=1"},
	}},
	{"one that says it is held against the next that does", {
		{A, A_IS},
		{B " strikePrice=100", B_IS},
		{"CreateOrder orderId=C symbol=X side=BUY orderQty=50 strikePrice=101", "C:101 NEW qty=50 leaves=50 unplaced=50"},
		{"CreateBlockOrder orderId=K members=[" OF(A, 60) "," OF(B, 40) "," OF(C, 1) "]", "OM005 member_differs"},
		{BLOCK(60, 40), K_IS},
	}},
	{"what the block is to have is as the members have it", {
		{A " currency=USD assetClass=EQUITY settlType=3 timeInForce=DAY price=10", "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{B " currency=USD assetClass=EQUITY settlType=3 timeInForce=DAY price=10", "B:101 NEW qty=50 price=10 leaves=50 unplaced=50"},
		{BLOCK(60, 40), "K:101 NEW qty=100 price=10 leaves=100 unplaced=100 members=A:60+B:40; "
			"A:371 reserved=60 unplaced=40 blocks=K liveBlocks=1; B:371 reserved=40 unplaced=10 blocks=K liveBlocks=1"},
	}},
	{"the limit of a block is no worse than the strictest of its members: to buy", {
		{A " price=10", "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{B " price=9", "B:101 NEW qty=50 price=9 leaves=50 unplaced=50"},
		{BLOCK(60, 40), "OM005 member_limit"},
		{BLOCK(60, 40) " ordType=MARKET", "OM005 member_limit"},
		{BLOCK(60, 40) " price=9.01", "OM005 member_limit"},
		{BLOCK(60, 40) " price=9", "K:101 NEW qty=100 price=9 leaves=100 unplaced=100 members=A:60+B:40; "
			"A:371 reserved=60 unplaced=40 blocks=K liveBlocks=1; B:371 reserved=40 unplaced=10 blocks=K liveBlocks=1"},
		{"ReplaceOrder orderId=K price=9.01", "OM005 member_limit"},
		{"RequestReplaceOrder orderId=K price=9.01", "OM005 member_limit"},
		{"ReplaceOrder orderId=K ordType=MARKET", "OM005 member_limit"},
		{"ReplaceOrder orderId=B price=8.99", "OM005 member_limit"},
		{"RequestReplaceOrder orderId=B price=8.99", "OM005 member_limit"},
		{"RequestReplaceOrder orderId=B price=8.99 pending=false clOrdID=g", "B:164 requests=REPLACE:g"},
		{"RejectReplaceOrder orderId=B clOrdID=g", "B:181 requests=none"},
		{"ReplaceOrder orderId=K price=8.5", "K:171 price=8.5"},
		{"ReplaceOrder orderId=B price=8.5", "B:171 price=8.5"},
		{"!ReplaceOrder orderId=B price=8", "B:171 price=8"},
		{MEMBERS(OF(A, 60)), "K:361 qty=60 leaves=60 unplaced=60 members=A:60; B:371 reserved=0 unplaced=50 blocks=none liveBlocks=0"},
		{"ReplaceOrder orderId=K price=10", "K:171 price=10"},
		{MEMBERS(OF(A, 60) "," OF(B, 1)), "OM005 member_limit"},
	}},
	{"to sell, at a fixed price or at any", {
		{"CreateOrder orderId=A symbol=X side=SELL orderQty=100 price=10", "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"CreateOrder orderId=B symbol=X side=SELL orderQty=50", B_IS},
		{BLOCK(60, 40) " price=9.99", "OM005 member_limit"},
		{BLOCK(60, 40) " price=10", "K:101 NEW qty=100 price=10 leaves=100 unplaced=100 members=A:60+B:40; "
			"A:371 reserved=60 unplaced=40 blocks=K liveBlocks=1; B:371 reserved=40 unplaced=10 blocks=K liveBlocks=1"},
	}},
	{"dollars are bought at a higher price of the euro", {
		{"CreateOrder orderId=A symbol=EUR/USD currency=USD side=BUY orderQty=100 price=1.10", "A:101 NEW qty=100 price=1.1 leaves=100 unplaced=100"},
		{ONE(1) " price=1.09", "OM005 member_limit"},
		{ONE(1) " price=1.11", "K:101 NEW qty=1 price=1.11 leaves=1 unplaced=1 members=A:1; A:371 reserved=1 unplaced=99 blocks=K liveBlocks=1"},
	}},
	{"what a replacement would make another order of", {
		{A, A_IS}, {ONE(100), "K:101 NEW qty=100 leaves=100 unplaced=100 members=A:100; A:371 reserved=100 unplaced=0 blocks=K liveBlocks=1"},
		{"ReplaceOrder orderId=A side=BUY_MINUS", "OM005 member_differs"},
		{"ReplaceOrder orderId=K side=BUY_MINUS", "OM005 member_differs"},
		{"ReplaceOrder orderId=A settlType=3 price=5", "OM005 member_differs"},
		{"!ReplaceOrder orderId=K side=BUY_MINUS", "K:171 side=BUY_MINUS flags=NOT_INHERITED"},
	}},
};

static const Case other_members[] = {
	{"before fills: more, less, other ones, none", {
		K_OF_TWO,
		{"CreateOrder orderId=C symbol=X side=BUY orderQty=30", "C:101 NEW qty=30 leaves=30 unplaced=30"},
		{MEMBERS(OF(A, 60) "," OF(B, 40) "," OF(C, 31)), "OM005 over_placed"},
		{MEMBERS(OF(A, 60) "," OF(B, 51)), "OM005 over_placed"},
		{MEMBERS(OF(A, 60) "," OF(Z, 1)), "OM003"},
		{MEMBERS(OF(A, 60) "," OF(K, 1)), "OM005 not_a_client_order"},
		{MEMBERS(OF(A, 60) "," OF(B, 0)), "OM001"},
		{MEMBERS(OF(A, 20) "," OF(B, 50) "," OF(C, 30)), "K:361 members=A:20+B:50+C:30; A:371 reserved=20 unplaced=80; "
			"B:371 reserved=50 unplaced=0; C:371 reserved=30 unplaced=0 blocks=K liveBlocks=1"},
		{MEMBERS(OF(A, 20) "," OF(C, 30)), "K:361 qty=50 leaves=50 unplaced=50 members=A:20+C:30; B:371 reserved=0 unplaced=50 blocks=none liveBlocks=0"},
		{MEMBERS(""), "K:361 qty=0 leaves=0 unplaced=0 members=; A:371 reserved=0 unplaced=100 blocks=none liveBlocks=0; "
			"C:371 reserved=0 unplaced=30 blocks=none liveBlocks=0"},
		{MEMBERS(OF(A, 5)), "K:361 qty=5 leaves=5 unplaced=5 members=A:5; A:371 reserved=5 unplaced=95 blocks=K liveBlocks=1"},
		{"ReplaceBlockMembers orderId=A members=[" OF(B, 1) "]", "OM005 not_a_block"},
		{"ReplaceBlockMembers orderId=Z members=[" OF(B, 1) "]", "OM003"},
		{MEMBERS(OF(A, 6)) " expectedVersion=1", "OM006"},
	}},
	{"what works is covered", {
		K_OF_TWO,
		{"CreateOrder orderId=S parentId=K orderQty=80", "S:101 NEW qty=80 leaves=80 unplaced=80; K:341 working=80 reserved=80 unplaced=20 children=1 live=1"},
		{MEMBERS(OF(A, 39) "," OF(B, 40)), "OM005 below_placed"},
		{MEMBERS(OF(B, 40)), "OM005 below_placed"},
		{MEMBERS(OF(A, 40) "," OF(B, 40)), "K:361 qty=80 leaves=80 unplaced=0 members=A:40+B:40; A:371 reserved=40 unplaced=60"},
		{"CancelOrder orderId=S", "S:141 CANCELLED leaves=0 unplaced=0; K:341 working=0 reserved=0 unplaced=80 live=0"},
		{MEMBERS(OF(B, 40)), "K:361 qty=40 leaves=40 unplaced=40 members=B:40; A:371 reserved=0 unplaced=100 blocks=none liveBlocks=0"},
	}},
	{"between fills: nobody goes before he has had his share", {
		K_OF_TWO,
		{"ExecuteOrder orderId=K executionId=e lastQty=10 lastPx=5 execID=1", "e:551 VALIDATED of=K quantity=10; K:308 PARTIALLY_FILLED executed=10 own=10 value=50 avg=5 leaves=90 unplaced=90"},
		{MEMBERS(OF(A, 60)), "OM005 block_filled"},
		{MEMBERS(OF(A, 59) "," OF(B, 40)), "OM005 block_filled"},
		{MEMBERS(OF(A, 60) "," OF(B, 41)), "K:361 qty=101 leaves=91 unplaced=91 members=A:60+B:41; B:371 reserved=41 unplaced=9"},
		{"BustExecution executionId=e", "e:531 BUSTED; K:311 NEW executed=0 own=0 value=0 avg=0 leaves=101 unplaced=101"},
		{MEMBERS(OF(A, 60)), "K:361 qty=60 leaves=60 unplaced=60 members=A:60; B:371 reserved=0 unplaced=50 blocks=none liveBlocks=0"},
	}},
};

static const Case membership[] = {
	{"no member is closed under a block, nor brought below it", {
		{A " timeInForce=DAY", A_IS}, {B, B_IS},
		{BLOCK(60, 40), K_IS},
		{"CancelOrder orderId=A", "OM005 live_block"},
		{"RejectOrder orderId=A", "OM005 live_block"},
		{"ExpireOrder orderId=A", "OM005 live_block"},
		{"DoneForDayOrder orderId=A", "OM005 live_block"},
		{"CalculateOrder orderId=A", "OM005 live_block"},
		{"ReplaceOrder orderId=A orderQty=59", "OM005 live_block"},
		{"ReplaceOrder orderId=A orderQty=60", "A:171 qty=60 leaves=60 unplaced=0"},
		{"SuspendOrder orderId=A", "A:191 SUSPENDED"},
		{"ResumeOrder orderId=A", "A:201 NEW"},
		{MEMBERS(OF(B, 40)), "K:361 qty=40 leaves=40 unplaced=40 members=B:40; A:371 reserved=0 unplaced=60 blocks=none liveBlocks=0"},
		{"CancelOrder orderId=A", "A:141 CANCELLED leaves=0 unplaced=0"},
	}},
	{"unless a counterparty says so", {
		{A " timeInForce=DAY", A_IS}, {B, B_IS},
		{BLOCK(60, 40), K_IS},
		{"!DoneForDayOrder orderId=A", "A:221 DONE_FOR_DAY leaves=0 unplaced=0 flags=LIVE_BLOCK"},
		{"!ReplaceOrder orderId=B orderQty=39", "B:171 qty=39 leaves=39 unplaced=0 flags=BELOW_PLACED+LIVE_BLOCK"},
		{"!CancelOrder orderId=B", "B:141 CANCELLED leaves=0"},
		{MEMBERS(OF(A, 60) "," OF(B, 41)), "OM004"},
		{MEMBERS(OF(A, 60)), "K:361 qty=60 leaves=60 unplaced=60 members=A:60; B:371 reserved=0 blocks=none liveBlocks=0"},
	}},
	{"a fill that ends the order", {
		K_OF_TWO,
		{"ExecuteOrder orderId=A executionId=e lastQty=10 lastPx=5 execID=1 ordStatus=CANCELLED",
			"e:501 ALLOCATED of=A quantity=10; A:291 CANCELLED executed=10 own=10 value=50 avg=5 leaves=0 unplaced=0 flags=LIVE_BLOCK"},
	}},
	{"a cancel that waits for the block", {
		K_OF_TWO,
		{"RequestCancelOrder orderId=A", "A:131 PENDING_CANCEL requests=CANCEL"},
		{"CancelOrder orderId=A", "OM005 live_block"},
		{MEMBERS(OF(A, 61) "," OF(B, 40)), "OM005 cancel_requested"},
		{MEMBERS(OF(B, 40)), "K:361 qty=40 leaves=40 unplaced=40 members=B:40; A:351 CANCELLED leaves=0 reserved=0 unplaced=0 requests=none blocks=none liveBlocks=0"},
	}},
	{"… and for the children", {
		K_OF_TWO,
		{"CreateOrder orderId=S parentId=A orderQty=5", "S:101 NEW qty=5 leaves=5 unplaced=5; A:341 working=5 reserved=65 unplaced=35 children=1 live=1"},
		{"RequestCancelOrder orderId=A", "A:131 PENDING_CANCEL requests=CANCEL"},
		{"CancelOrder orderId=S", "S:141 CANCELLED leaves=0 unplaced=0; A:341 working=0 reserved=60 unplaced=40 live=0"},
		{"CancelOrder orderId=K", "K:141 CANCELLED leaves=0 unplaced=0 members=; A:351 CANCELLED leaves=0 reserved=0 unplaced=0 requests=none blocks=none liveBlocks=0; "
			"B:371 reserved=0 unplaced=50 blocks=none liveBlocks=0"},
	}},
};

#define GONE	" members=; A:371 reserved=0 unplaced=100 blocks=none liveBlocks=0; B:371 reserved=0 unplaced=50 blocks=none liveBlocks=0"

static const Case ends[] = {
	{"cancelled", {K_OF_TWO, {"CancelOrder orderId=K", "K:141 CANCELLED leaves=0 unplaced=0" GONE},
		{MEMBERS(OF(A, 1)), "OM004"},
		{MEMBERS(""), "K:362"},
		{"CreateOrder orderId=S parentId=K orderQty=1", "OM004"}}},
	{"rejected", {K_OF_TWO, {"!RejectOrder orderId=K", "K:121 REJECTED leaves=0 unplaced=0" GONE}}},
	{"expired", {K_OF_TWO, {"ExpireOrder orderId=K", "K:251 EXPIRED leaves=0 unplaced=0" GONE}}},
	{"calculated", {K_OF_TWO, {"CalculateOrder orderId=K", "K:241 CALCULATED leaves=0 unplaced=0" GONE}}},
	{"a fill that waits in review says so: its members' trees are not named", {
		K_OF_TWO,
		{"ExecuteOrder orderId=K executionId=e lastQty=101 lastPx=5 execID=1 ordStatus=CANCELLED",
			"e:511 REVIEW of=K quantity=101 reasons=OVERFILL; K:326 CANCELLED leaves=0 unplaced=0 review=101" GONE},
	}},
	{"its cancel is requested", {
		K_OF_TWO,
		{"RequestCancelOrder orderId=K", "K:131 PENDING_CANCEL requests=CANCEL"},
		{MEMBERS(OF(A, 60) "," OF(B, 41)), "OM005 cancel_requested"},
		{MEMBERS(OF(A, 60)), "K:361 qty=60 leaves=60 unplaced=60 members=A:60; B:371 reserved=0 unplaced=50 blocks=none liveBlocks=0"},
	}},
	{"its cancel waits for its child", {
		K_OF_TWO,
		{"PlaceOrder orderId=K children=[{\"orderId\":\"S\",\"orderQty\":80}]", "S:101 NEW qty=80 leaves=80 unplaced=80; K:265 working=80 reserved=80 unplaced=20 children=1 live=1"},
		{"CancelOrder orderId=K", "OM005 live_children"},
		{"RequestCancelOrder orderId=K", "K:131 PENDING_CANCEL requests=CANCEL"},
		{"CreateOrder orderId=T parentId=K orderQty=1", "OM005 cancel_requested"},
		{"!CancelOrder orderId=S", "S:141 CANCELLED leaves=0 unplaced=0; K:351 CANCELLED leaves=0 working=0 reserved=0 unplaced=0 live=0 requests=none" GONE},
	}},
	{"what it has done belongs to its members first", {
		K_OF_TWO,
		{"ExecuteOrder orderId=K executionId=e lastQty=10 lastPx=5 execID=1", "e:551 VALIDATED of=K quantity=10; K:308 PARTIALLY_FILLED executed=10 own=10 value=50 avg=5 leaves=90 unplaced=90"},
		{"CancelOrder orderId=K", "K:141 CANCELLED leaves=0 unplaced=0"},
		{"CancelOrder orderId=A", "OM005 live_block"},
		{"CreateOrder orderId=C symbol=X side=BUY orderQty=100", "C:101 NEW qty=100 leaves=100 unplaced=100"},
		{MEMBERS(OF(A, 60) "," OF(B, 40) "," OF(C, 1)), "OM004"},
		{"BustExecution executionId=e", "e:531 BUSTED; K:311 executed=0 own=0 value=0 avg=0" GONE},
	}},
	{"a fill that says so itself, and a late one", {
		K_OF_TWO,
		{"ExecuteOrder orderId=K executionId=e lastQty=10 lastPx=5 execID=1 ordStatus=CANCELLED", "e:551 VALIDATED of=K quantity=10; K:291 CANCELLED executed=10 own=10 value=50 avg=5 leaves=0 unplaced=0"},
		{"BustExecution executionId=e", "e:531 BUSTED; K:311 executed=0 own=0 value=0 avg=0" GONE},
		{"ExecuteOrder orderId=K executionId=f lastQty=10 lastPx=5 execID=2", "f:551 VALIDATED of=K quantity=10 flags=LATE_FILL; K:305 executed=10 own=10 value=50 avg=5 flags=LATE_FILL"},
		{MEMBERS(OF(A, 6) "," OF(B, 5)), "OM004"},
		{MEMBERS(OF(A, 6) "," OF(B, 4)), "K:362 members=A:6+B:4; A:371 reserved=6 unplaced=94 blocks=K liveBlocks=1; B:371 reserved=4 unplaced=46 blocks=K liveBlocks=1"},
	}},
	{"filled, it may still be taken back", {
		{A, A_IS}, {ONE(10), "K:101 NEW qty=10 leaves=10 unplaced=10 members=A:10; A:371 reserved=10 unplaced=90 blocks=K liveBlocks=1"},
		{"ExecuteOrder orderId=K executionId=e lastQty=10 lastPx=5 execID=1", "e:551 VALIDATED of=K quantity=10; K:308 FILLED executed=10 own=10 value=50 avg=5 leaves=0 unplaced=0"},
		{"CancelOrder orderId=K", "OM004"},
		{"BustExecution executionId=e", "e:531 BUSTED; K:311 NEW executed=0 own=0 value=0 avg=0 leaves=10 unplaced=10"},
	}},
};

UNIT_TEST(decide_blocks)
{
	cases_run(creation, lengthof(creation));
	cases_run(agreement, lengthof(agreement));
	cases_run(other_members, lengthof(other_members));
	cases_run(membership, lengthof(membership));
	cases_run(ends, lengthof(ends));
}
