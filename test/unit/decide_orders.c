/*
 * What commands do to orders, on an array and without a server: creation,
 * children, inheritance, placement, requests and their answers; each rule, for who
 * asks and for who reports.  What breaks if a figure above a child is forgotten,
 * if a rule refuses a fact, or if a refused placement leaves something behind.
 */
#include "unit.h"

#include "decide_cases.h"

#define ROOT	"CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10"
#define CHILD	"CreateOrder orderId=B parentId=A orderQty=60"
#define GRANDCHILD	"CreateOrder orderId=C parentId=B orderQty=50"

static const Case creation[] = {
	{"a root", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"CreateOrder symbol=X side=SELL orderQty=5 pending=true", "m1:102 PENDING_NEW qty=5 leaves=5 unplaced=5"},
		{"CreateOrder orderId=A symbol=X side=BUY orderQty=1", "OM007"},
	}},
	{"what an order needs", {
		{"CreateOrder orderId=A side=BUY orderQty=1", "OM001"},
		{"CreateOrder orderId=A symbol=X orderQty=1", "OM001"},
		{"CreateOrder orderId=A symbol=X side=BUY", "OM001"},
		{"CreateOrder orderId=A symbol=X side=BUY orderQty=1 ordType=LIMIT", "OM001"},
		{"CreateOrder orderId=A symbol=X side=BUY orderQty=1 ordType=STOP", "OM001"},
		{"CreateOrder orderId=A symbol=X side=BUY orderQty=1 timeInForce=GOOD_TILL_DATE", "OM001"},
		{"CreateOrder orderId=A symbol=X side=BUY orderQty=0", "OM001"},
	}},
	{"a cash order has no quantity until it is stated", {
		{"CreateOrder orderId=A symbol=X side=BUY cashOrderQty=1000 pending=true", "A:102 PENDING_NEW"},
		{"CreateOrder orderId=B parentId=A orderQty=1", "OM005 over_placed"},
		{"AcceptOrder orderId=A orderQty=40", "A:111 NEW qty=40 leaves=40 unplaced=40"},
		{"AcceptOrder orderId=A orderQty=50", "OM004"},
	}},
	{"a cash order that is accepted without one, and a report that states it", {
		{"CreateOrder orderId=A symbol=X side=BUY cashOrderQty=1000 pending=true", "A:102 PENDING_NEW"},
		{"!AcceptOrder orderId=A", "A:111 NEW"},
		{"!AcceptOrder orderId=A orderQty=40", "A:116 qty=40 leaves=40 unplaced=40"},
	}},
	{"children reserve on the way to the root", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{GRANDCHILD, "C:101 NEW qty=50 leaves=50 unplaced=50; B:341 working=50 reserved=50 unplaced=10 children=1 live=1"},
		{"CreateOrder orderId=D parentId=A orderQty=41", "OM005 over_placed"},
		{"CreateOrder orderId=D parentId=A orderQty=40", "D:101 NEW qty=40 leaves=40 unplaced=40; A:341 working=100 reserved=100 unplaced=0 children=2 live=2"},
		{"CreateOrder orderId=E parentId=A orderQty=1", "OM005 over_placed"},
		{"CreateOrder orderId=E parentId=Z orderQty=1", "OM003"},
	}},
	{"inheritance", {
		{"CreateOrder orderId=A symbol=X side=BUY orderQty=100 account=one currency=USD", "A:101 NEW qty=100 account=one leaves=100 unplaced=100"},
		{"CreateOrder orderId=B parentId=A orderQty=1 symbol=Y", "OM005 inherited"},
		{"CreateOrder orderId=B parentId=A orderQty=1 side=SELL", "OM005 inherited"},
		{"CreateOrder orderId=B parentId=A orderQty=1 currency=EUR", "OM005 inherited"},
		{"CreateOrder orderId=B parentId=A orderQty=1 symbol=X side=BUY currency=USD", "B:101 NEW qty=1 account=one leaves=1 unplaced=1; A:341 working=1 reserved=1 unplaced=99 children=1 live=1"},
		{"CreateOrder orderId=C parentId=A orderQty=1 account=two", "C:101 NEW qty=1 account=two leaves=1 unplaced=1; A:341 working=2 reserved=2 unplaced=98 children=2 live=2"},
	}},
	{"no children below an order that has ended, or that is to", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"RequestCancelOrder orderId=A clOrdID=c", "A:131 PENDING_CANCEL requests=CANCEL:c"},
		{CHILD, "OM005 cancel_requested"},
		{"RejectCancelOrder orderId=A clOrdID=c", "A:151 NEW requests=none"},
		{"CancelOrder orderId=A", "A:141 CANCELLED leaves=0 unplaced=0"},
		{CHILD, "OM004"},
	}},
	{"ClOrdIDs are of one order", {
		{"CreateOrder orderId=A symbol=X side=BUY orderQty=1 clOrdID=one", "A:101 NEW qty=1 leaves=1 unplaced=1 cl=one"},
		{"CreateOrder orderId=B symbol=X side=BUY orderQty=1 clOrdID=one", "OM007"},
		{"CreateOrder orderId=B symbol=X side=BUY orderQty=1 clOrdID=two", "B:101 NEW qty=1 leaves=1 unplaced=1 cl=two"},
		{"RequestCancelOrder orderId=B clOrdID=one", "OM007"},
		{"ReplaceOrder orderId=B clOrdID=one orderQty=2", "OM007"},
	}},
	{"an order is bound to the session that first names it, by a cancel under its own ClOrdID too", {
		{"CreateOrder orderId=A symbol=X side=BUY orderQty=1 clOrdID=one", "A:101 NEW qty=1 leaves=1 unplaced=1 cl=one"},
		{"RequestCancelOrder orderId=A fixSession=S clOrdID=one origClOrdID=one", "A:131 PENDING_CANCEL requests=CANCEL:one"},
		{"CreateOrder orderId=B symbol=X side=BUY orderQty=1 clOrdID=one fixSession=S", "OM007"},
	}},
	{"versions and trees that a command expects", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"UpdateOrder orderId=A expectedVersion=1 text=t", "OM006"},
		{"UpdateOrder orderId=A expectedVersion=2 text=t", "A:262"},
		{"UpdateOrder orderId=B rootId=A text=t", "B:262"},
		{"UpdateOrder orderId=B rootId=B text=t", "OM005 root_differs"},
		{"CreateOrder orderId=C symbol=X side=BUY orderQty=1 rootId=A", "OM005 root_differs"},
		{"CreateOrder orderId=C symbol=X side=BUY orderQty=1 rootId=C", "C:101 NEW qty=1 leaves=1 unplaced=1"},
		{"UpdateOrder orderId=Z rootId=Z text=t", "OM003"},
	}},
};

static const Case placement[] = {
	{"slices in their order, then the order, then those above", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"PlaceOrder orderId=B children=[{\"orderId\":\"s1\",\"orderQty\":10},{\"orderId\":\"s2\",\"orderQty\":20},{\"orderQty\":30}]", "s1:101 NEW qty=10 leaves=10 unplaced=10; s2:101 NEW qty=20 leaves=20 unplaced=20; m1:101 NEW qty=30 leaves=30 unplaced=30; B:265 working=60 reserved=60 unplaced=0 children=3 live=3"},
		{"PlaceOrder orderId=B children=[{\"orderQty\":1}]", "OM005 over_placed"},
	}},
	{"a slice that is refused leaves nothing", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"PlaceOrder orderId=A children=[{\"orderId\":\"s1\",\"orderQty\":60},{\"orderId\":\"s2\",\"orderQty\":60}]", "OM005 over_placed"},
		{"PlaceOrder orderId=A children=[{\"orderId\":\"s1\",\"orderQty\":60},{\"orderId\":\"s1\",\"orderQty\":10}]", "OM007"},
		{"PlaceOrder orderId=A children=[{\"orderId\":\"s1\",\"orderQty\":60},{\"orderId\":\"s2\",\"orderQty\":10,\"side\":\"SELL\"}]", "OM005 inherited"},
		{"PlaceOrder orderId=A children=[{\"orderId\":\"s1\",\"orderQty\":60,\"clOrdID\":\"c\"},{\"orderId\":\"s2\",\"orderQty\":10,\"clOrdID\":\"c\"}]", "OM007"},
		{"PlaceOrder orderId=A children=[{\"orderId\":\"A\",\"orderQty\":60}]", "OM007"},
		{"PlaceOrder orderId=A children=[{\"orderId\":\"s1\",\"orderQty\":60},{\"orderId\":\"s2\",\"orderQty\":40}]", "s1:101 NEW qty=60 leaves=60 unplaced=60; s2:101 NEW qty=40 leaves=40 unplaced=40; A:265 working=100 reserved=100 unplaced=0 children=2 live=2"},
	}},
	{"nothing is placed of an order that has ended", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"CancelOrder orderId=A", "A:141 CANCELLED leaves=0 unplaced=0"},
		{"PlaceOrder orderId=A children=[{\"orderQty\":1}]", "OM004"},
		{"PlaceOrder orderId=Z children=[{\"orderQty\":1}]", "OM003"},
	}},
};

static const Case acceptance[] = {
	{"a waiting order", {
		{ROOT " pending=true", "A:102 PENDING_NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"AcceptOrder orderId=A", "A:111 NEW"},
		{"AcceptOrder orderId=A", "OM004"},
		{"!AcceptOrder orderId=A", "A:118"},
	}},
	{"for bidding, then for execution", {
		{ROOT " pending=true", "A:102 PENDING_NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"AcceptOrder orderId=A forBidding=true", "A:114 ACCEPTED_FOR_BIDDING"},
		{"AcceptOrder orderId=A", "A:112 NEW"},
	}},
	{"a rejection", {
		{ROOT " pending=true", "A:102 PENDING_NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"RejectOrder orderId=A", "OM005 live_children"},
		{"!RejectOrder orderId=B", "B:121 REJECTED leaves=0 unplaced=0; A:341 working=0 reserved=0 unplaced=100 live=0"},
		{"RejectOrder orderId=A reason=credit", "A:121 REJECTED leaves=0 unplaced=0"},
		{"RejectOrder orderId=A", "OM004"},
		{"!RejectOrder orderId=A", "A:129"},
	}},
	{"suspended, stopped, done for day, calculated, expired", {
		{ROOT " timeInForce=DAY", "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"ResumeOrder orderId=A", "OM004"},
		{"SuspendOrder orderId=A", "A:191 SUSPENDED"},
		{"SuspendOrder orderId=A", "OM004"},
		{"ResumeOrder orderId=A", "A:201 NEW"},
		{"StopOrder orderId=A", "A:211 STOPPED"},
		{"!AcceptOrder orderId=A", "A:118"},
		{"DoneForDayOrder orderId=A", "A:221 DONE_FOR_DAY leaves=0 unplaced=0"},
		{"RestateOrder orderId=A", "A:232 STOPPED leaves=100 unplaced=100"},
		{"ExpireOrder orderId=A", "A:251 EXPIRED leaves=0 unplaced=0"},
		{"!ExpireOrder orderId=A", "A:259"},
		{"CalculateOrder orderId=A", "OM004"},
		{"!CalculateOrder orderId=A", "A:249"},
	}},
	{"a good-till order keeps its leaves over the day", {
		{ROOT " timeInForce=GOOD_TILL_CANCEL", "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"DoneForDayOrder orderId=A", "A:221 DONE_FOR_DAY"},
		{"CalculateOrder orderId=A", "A:241 leaves=0 unplaced=0"},
	}},
};

static const Case requests[] = {
	{"a cancel is requested, rejected, requested again and done", {
		{ROOT " clOrdID=o", "A:101 NEW qty=100 price=10 leaves=100 unplaced=100 cl=o"},
		{"RequestCancelOrder orderId=A clOrdID=c1", "A:131 PENDING_CANCEL requests=CANCEL:c1"},
		{"RejectCancelOrder orderId=A clOrdID=c1", "A:151 NEW requests=none"},
		{"RejectCancelOrder orderId=A clOrdID=c1", "OM004"},
		{"!RejectCancelOrder orderId=A clOrdID=c1", "A:159"},
		{"RequestCancelOrder orderId=A clOrdID=c2", "A:131 PENDING_CANCEL requests=CANCEL:c2"},
		{"!CancelOrder orderId=A clOrdID=c2", "A:141 CANCELLED leaves=0 unplaced=0 requests=none"},
		{"!CancelOrder orderId=A clOrdID=c2", "A:149"},
		{"CancelOrder orderId=A", "OM004"},
	}},
	{"a replacement reserves what it asks for, and stands when it is accepted", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD " clOrdID=b", "B:101 NEW qty=60 leaves=60 unplaced=60 cl=b; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"RequestReplaceOrder orderId=B clOrdID=r1 orderQty=101", "OM005 over_placed"},
		{"RequestReplaceOrder orderId=B clOrdID=r1 orderQty=90", "B:161 PENDING_REPLACE requests=REPLACE:r1; A:341 reserved=90 unplaced=10"},
		{"RequestReplaceOrder orderId=B clOrdID=r2 origClOrdID=r1 orderQty=95", "B:161 requests=REPLACE:r1+REPLACE:r2; A:341 reserved=95 unplaced=5"},
		{"!RequestReplaceOrder orderId=B clOrdID=r2", "B:161"},
		{"!ReplaceOrder orderId=B clOrdID=r2 origClOrdID=r1", "B:171 NEW qty=95 leaves=95 unplaced=95 cl=r2 requests=none; A:341 working=95"},
		{"!ReplaceOrder orderId=B clOrdID=r1 orderQty=90", "B:167"},
		{"!RequestReplaceOrder orderId=B clOrdID=r1", "B:160"},
	}},
	{"a replacement that is rejected gives back what it reserved", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"RequestReplaceOrder orderId=B clOrdID=r orderQty=100", "B:161 PENDING_REPLACE requests=REPLACE:r; A:341 reserved=100 unplaced=0"},
		{"CreateOrder orderId=C parentId=A orderQty=1", "OM005 over_placed"},
		{"RejectReplaceOrder orderId=B clOrdID=r", "B:181 NEW requests=none; A:341 reserved=60 unplaced=40"},
		{"CreateOrder orderId=C parentId=A orderQty=1", "C:101 NEW qty=1 leaves=1 unplaced=1; A:341 working=61 reserved=61 unplaced=39 children=2 live=2"},
	}},
	{"a request that shows not is recorded, and comes to light", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"RequestCancelOrder orderId=A clOrdID=c pending=false", "A:133 requests=CANCEL:c"},
		{"RequestReplaceOrder orderId=A clOrdID=r pending=false orderQty=120", "A:164 requests=CANCEL:c+REPLACE:r"},
		{"!RequestCancelOrder orderId=A clOrdID=c", "A:131 PENDING_CANCEL"},
		{"!RequestReplaceOrder orderId=A clOrdID=r", "A:161"},
		{"!RejectCancelOrder orderId=A clOrdID=c", "A:151 PENDING_REPLACE requests=REPLACE:r"},
		{"!ReplaceOrder orderId=A clOrdID=r", "A:171 NEW qty=120 leaves=120 unplaced=120 cl=r requests=none"},
	}},
	{"an answer that names nothing answers the one that is open", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"RequestCancelOrder orderId=A", "A:131 PENDING_CANCEL requests=CANCEL"},
		{"RejectCancelOrder orderId=A", "A:151 NEW requests=none"},
		{"RequestReplaceOrder orderId=A orderQty=50", "A:161 PENDING_REPLACE requests=REPLACE"},
		{"RejectReplaceOrder orderId=A", "A:181 NEW requests=none"},
		{"RejectReplaceOrder orderId=A", "OM004"},
		{"ReplaceOrder orderId=A", "OM001"},
	}},
	{"new terms leave an order that could have been created", {
		{ROOT " timeInForce=GOOD_TILL_DATE expireDate=2026-02-01", "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"ReplaceOrder orderId=A ordType=STOP", "OM001"},
		{"ReplaceOrder orderId=A ordType=STOP stopPx=9", "A:171 price=none stop=9"},
		{"ReplaceOrder orderId=A ordType=MARKET timeInForce=DAY", "A:171 stop=none"},
		{"ReplaceOrder orderId=A side=BUY_MINUS account=two", "A:171 side=BUY_MINUS account=two"},
		{"ReplaceOrder orderId=A side=SELL", "OM005 order_differs"},
		{"ReplaceOrder orderId=A symbol=Y orderQty=5", "OM005 order_differs"},
	}},
	{"side is the children's too", {
		{"CreateOrder orderId=A symbol=X side=SELL orderQty=100", "A:101 NEW qty=100 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"ReplaceOrder orderId=A side=SELL_SHORT", "OM005 inherited"},
		{"!ReplaceOrder orderId=B side=SELL_SHORT", "B:171 side=SELL_SHORT flags=NOT_INHERITED"},
	}},
	{"what names another order is kept and changes nothing", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"!CancelOrder orderId=A symbol=Y", "A:272 flags=DISAGREES"},
		{"!CancelOrder orderId=A side=SELL", "A:272"},
		{"CancelOrder orderId=A side=SELL", "OM005 order_differs"},
		{"CancelOrder orderId=A currency=USD", "OM005 order_differs"},
	}},
};

static const Case rules[] = {
	{"over_placed, refused, or flagged", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"ReplaceOrder orderId=B orderQty=101", "OM005 over_placed"},
		{"!ReplaceOrder orderId=B orderQty=101", "B:171 qty=101 leaves=101 unplaced=101 flags=OVER_PLACED; A:341 working=101 reserved=101 unplaced=0"},
		{"!ReplaceOrder orderId=B orderQty=100", "B:171 qty=100 leaves=100 unplaced=100; A:341 working=100 reserved=100"},
	}},
	{"below_placed, refused, or flagged", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"ReplaceOrder orderId=A orderQty=59", "OM005 below_placed"},
		{"ReplaceOrder orderId=A orderQty=60", "A:171 qty=60 leaves=60 unplaced=0"},
		{"!ReplaceOrder orderId=A orderQty=59", "A:171 qty=59 leaves=59 flags=BELOW_PLACED"},
		{"!ReplaceOrder orderId=A orderQty=50", "A:171 qty=50 leaves=50"},
	}},
	{"live_children, refused, or flagged", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{GRANDCHILD, "C:101 NEW qty=50 leaves=50 unplaced=50; B:341 working=50 reserved=50 unplaced=10 children=1 live=1"},
		{"CancelOrder orderId=A", "OM005 live_children"},
		{"ExpireOrder orderId=B", "OM005 live_children"},
		{"CalculateOrder orderId=B", "OM005 live_children"},
		{"!CancelOrder orderId=B", "B:141 CANCELLED leaves=0 unplaced=0 flags=LIVE_CHILDREN; A:341 working=0 reserved=0 unplaced=100"},
		{"CancelOrder orderId=A", "OM005 live_children"},
		{"CancelOrder orderId=C", "C:141 CANCELLED leaves=0 unplaced=0; B:341 working=0 reserved=0 live=0; A:341 live=0"},
		{"CancelOrder orderId=A", "A:141 CANCELLED leaves=0 unplaced=0"},
	}},
	{"a quantity that ends a filled parent above live children", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"CreateOrder orderId=B parentId=A orderQty=60", "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"ExecuteOrder orderId=B executionId=e lastQty=60 lastPx=10", "e:501 ALLOCATED of=B quantity=60; B:308 FILLED executed=60 own=60 value=600 avg=10 leaves=0 unplaced=0; A:341 PARTIALLY_FILLED executed=60 value=600 avg=10 leaves=40 working=0 reserved=0 live=0"},
		{"CreateOrder orderId=C parentId=A orderQty=10", "C:101 NEW qty=10 leaves=10 unplaced=10; A:341 working=10 reserved=10 unplaced=30 children=2 live=1"},
		{"ReplaceOrder orderId=A orderQty=60", "OM005 live_children"},
		{"!ReplaceOrder orderId=A orderQty=60", "A:171 FILLED qty=60 leaves=0 unplaced=0 flags=BELOW_PLACED+LIVE_CHILDREN"},
	}},
	{"a child whose parent is to end does not grow", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"RequestCancelOrder orderId=A clOrdID=c", "A:131 PENDING_CANCEL requests=CANCEL:c"},
		{"ReplaceOrder orderId=B orderQty=61", "OM005 cancel_requested"},
		{"ReplaceOrder orderId=B orderQty=59", "B:171 qty=59 leaves=59 unplaced=59; A:341 working=59 reserved=59 unplaced=41"},
		{"!ReplaceOrder orderId=B orderQty=61", "B:171 qty=61 leaves=61 unplaced=61; A:341 working=61 reserved=61 unplaced=39"},
	}},
	{"the last child closes under a requested cancel", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"CreateOrder orderId=C parentId=A orderQty=40", "C:101 NEW qty=40 leaves=40 unplaced=40; A:341 working=100 reserved=100 unplaced=0 children=2 live=2"},
		{"RequestCancelOrder orderId=A clOrdID=c", "A:131 PENDING_CANCEL requests=CANCEL:c"},
		{"CancelOrder orderId=B", "B:141 CANCELLED leaves=0 unplaced=0; A:341 working=40 reserved=40 unplaced=60 live=1"},
		{"ExecuteOrder orderId=C executionId=e lastQty=15 lastPx=10", "e:501 ALLOCATED of=C quantity=15; C:308 PARTIALLY_FILLED executed=15 own=15 value=150 avg=10 leaves=25 unplaced=25; A:341 executed=15 value=150 avg=10 leaves=85 working=25 reserved=25"},
		{"CancelOrder orderId=C", "C:141 CANCELLED leaves=0 unplaced=0; A:351 CANCELLED leaves=0 working=0 reserved=0 unplaced=0 live=0 requests=none"},
	}},
	{"… and two storeys below it", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{GRANDCHILD, "C:101 NEW qty=50 leaves=50 unplaced=50; B:341 working=50 reserved=50 unplaced=10 children=1 live=1"},
		{"RequestCancelOrder orderId=A clOrdID=a", "A:131 PENDING_CANCEL requests=CANCEL:a"},
		{"RequestCancelOrder orderId=B clOrdID=b", "B:131 PENDING_CANCEL requests=CANCEL:b"},
		{"CancelOrder orderId=C", "C:141 CANCELLED leaves=0 unplaced=0; B:351 CANCELLED leaves=0 working=0 reserved=0 unplaced=0 live=0 requests=none; A:351 CANCELLED leaves=0 working=0 reserved=0 unplaced=0 live=0 requests=none"},
	}},
	{"… when all is filled it is too late to cancel", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"CreateOrder orderId=B parentId=A orderQty=100", "B:101 NEW qty=100 leaves=100 unplaced=100; A:341 working=100 reserved=100 unplaced=0 children=1 live=1"},
		{"RequestCancelOrder orderId=A clOrdID=c", "A:131 PENDING_CANCEL requests=CANCEL:c"},
		{"ExecuteOrder orderId=B executionId=e lastQty=100 lastPx=10", "e:501 ALLOCATED of=B quantity=100; B:308 FILLED executed=100 own=100 value=1000 avg=10 leaves=0 unplaced=0; A:352 FILLED executed=100 value=1000 avg=10 leaves=0 working=0 reserved=0 live=0 requests=none"},
	}},
};

UNIT_TEST(decide_orders)
{
	cases_run(creation, lengthof(creation));
	cases_run(placement, lengthof(placement));
	cases_run(acceptance, lengthof(acceptance));
	cases_run(requests, lengthof(requests));
	cases_run(rules, lengthof(rules));
}
