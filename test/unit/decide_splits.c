/*
 * Splits, on an array and without a server: asked for, of a whole tree; reported, of
 * what is named and what lies below; over fills that are live, in review and
 * corrected, and orders that have ended.  What breaks if a sum is scaled apart from
 * its parts, if a split comes twice, or if a refused one leaves something behind.
 */
#include "unit.h"

#include "decide_cases.h"

#define ROOT	"CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10"
#define CHILD	"CreateOrder orderId=B parentId=A orderQty=60"
#define GRANDCHILD "CreateOrder orderId=C parentId=B orderQty=40"
#define SIBLING	"CreateOrder orderId=D parentId=A orderQty=40"

static const Case asked[] = {
	{"a whole tree, the deepest first, the fills of each before it", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{GRANDCHILD, "C:101 NEW qty=40 leaves=40 unplaced=40; B:341 working=40 reserved=40 unplaced=20 children=1 live=1"},
		{SIBLING, "D:101 NEW qty=40 leaves=40 unplaced=40; A:341 working=100 reserved=100 unplaced=0 children=2 live=2"},
		{"ExecuteOrder orderId=C executionId=e lastQty=10 lastPx=10", "e:501 ALLOCATED of=C quantity=10; C:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=30 unplaced=30; B:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=50 working=30 reserved=30; A:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=90 working=90 reserved=90"},
		{"ExecuteOrder orderId=C executionId=f lastQty=5 lastPx=8", "f:501 ALLOCATED of=C quantity=5; C:308 executed=15 own=15 value=140 avg=9.3333333333 leaves=25 unplaced=25; B:341 executed=15 value=140 avg=9.3333333333 leaves=45 working=25 reserved=25; A:341 executed=15 value=140 avg=9.3333333333 leaves=85 working=85 reserved=85"},
		{"ExecuteOrder orderId=D executionId=g lastQty=40 lastPx=9", "g:501 ALLOCATED of=D quantity=40; D:308 FILLED executed=40 own=40 value=360 avg=9 leaves=0 unplaced=0; A:341 executed=55 value=500 avg=9.0909090909 leaves=45 working=45 reserved=45 live=1"},
		{"RestateOrder orderId=B quantityFactor=2", "e:541 quantity=20 factor=2; f:541 quantity=10 factor=2; C:345 qty=80 executed=30 own=30 avg=4.6666666667 leaves=50 unplaced=50 factor=2; B:232 qty=120 executed=30 avg=4.6666666667 leaves=90 working=50 reserved=50 unplaced=40 factor=2; g:541 quantity=80 factor=2; D:345 qty=80 executed=80 own=80 avg=4.5 factor=2; A:345 qty=200 price=5 executed=110 avg=4.5454545455 leaves=90 working=90 reserved=90 factor=2"},
		{"RestateOrder orderId=B quantityFactor=2", "OM005 split_factor"},
		{"RestateOrder orderId=A quantityFactor=2 corporateActionId=another", "e:541 quantity=40 factor=4; f:541 quantity=20 factor=4; C:345 qty=160 executed=60 own=60 avg=2.3333333333 leaves=100 unplaced=100 factor=4; B:345 qty=240 executed=60 avg=2.3333333333 leaves=180 working=100 reserved=100 unplaced=80 factor=4; g:541 quantity=160 factor=4; D:345 qty=160 executed=160 own=160 avg=2.25 factor=4; A:232 qty=400 price=2.5 executed=220 avg=2.2727272727 leaves=180 working=180 reserved=180 factor=4"},
	}},
	{"by a quantity, with fills in review and corrected ones", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"ExecuteOrder orderId=A executionId=e lastQty=10 lastPx=10", "e:501 ALLOCATED of=A quantity=10; A:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=90 unplaced=90"},
		{"CorrectExecution executionId=e lastQty=7", "e:521 CORRECTED correctedBy=m1; m1:501 ALLOCATED of=A quantity=7 corrects=e; A:321 executed=7 own=7 value=70 leaves=93 unplaced=93"},
		{"ExecuteOrder orderId=A executionId=f lastQty=95 lastPx=10", "f:511 REVIEW of=A quantity=95 reasons=OVERFILL; A:331 review=95"},
		{"RestateOrder orderId=A orderQty=50 reason=GT_CORPORATE_ACTION", "m1:541 quantity=3.5 factor=0.5; f:541 quantity=47.5 factor=0.5; A:232 qty=50 price=20 executed=3.5 own=3.5 avg=20 leaves=46.5 unplaced=46.5 review=47.5 factor=0.5"},
		{"!BustExecution executionId=e", "m1:531 BUSTED bust=x5; A:311 NEW executed=0 own=0 value=0 avg=0 leaves=50 unplaced=50"},
	}},
	{"rounding goes to the largest fill, and what was filled stays filled", {
		{"CreateOrder orderId=A symbol=X side=BUY orderQty=10 price=10", "A:101 NEW qty=10 price=10 leaves=10 unplaced=10"},
		{"ExecuteOrder orderId=A executionId=e lastQty=3 lastPx=10", "e:501 ALLOCATED of=A quantity=3; A:308 PARTIALLY_FILLED executed=3 own=3 value=30 avg=10 leaves=7 unplaced=7"},
		{"ExecuteOrder orderId=A executionId=f lastQty=3 lastPx=10", "f:501 ALLOCATED of=A quantity=3; A:308 executed=6 own=6 value=60 leaves=4 unplaced=4"},
		{"ExecuteOrder orderId=A executionId=g lastQty=4 lastPx=10", "g:501 ALLOCATED of=A quantity=4; A:308 FILLED executed=10 own=10 value=100 leaves=0 unplaced=0"},
		{"RestateOrder orderId=A quantityFactor=0.33333333333333333333", "e:541 quantity=1 factor=0.33333333333333333333; f:541 quantity=1 factor=0.33333333333333333333; g:541 quantity=1.3333333333 factor=0.33333333333333333333; A:232 qty=3.3333333333 price=30 executed=3.3333333333 own=3.3333333333 avg=30.0000000003 factor=0.33333333333333333333"},
		{"!CorrectExecution executionId=g lastQty=3", "g:521 CORRECTED correctedBy=m1; m1:501 ALLOCATED of=A quantity=1 factor=0.33333333333333333333 corrects=g; A:321 PARTIALLY_FILLED executed=3 own=3 value=90 avg=30 leaves=0.3333333333 unplaced=0.3333333333"},
		{"!CorrectExecution executionId=g lastQty=4", "m1:521 CORRECTED correctedBy=m2; m2:501 ALLOCATED of=A quantity=1.3333333333 factor=0.33333333333333333333 corrects=m1; A:321 FILLED executed=3.3333333333 own=3.3333333333 value=100 avg=30.0000000003 leaves=0 unplaced=0"},
	}},
	{"orders that have ended are scaled too, and stay ended", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{GRANDCHILD, "C:101 NEW qty=40 leaves=40 unplaced=40; B:341 working=40 reserved=40 unplaced=20 children=1 live=1"},
		{SIBLING, "D:101 NEW qty=40 leaves=40 unplaced=40; A:341 working=100 reserved=100 unplaced=0 children=2 live=2"},
		{"CancelOrder orderId=C", "C:141 CANCELLED leaves=0 unplaced=0; B:341 working=0 reserved=0 unplaced=60 live=0"},
		{"ExecuteOrder orderId=D executionId=e lastQty=40 lastPx=10", "e:501 ALLOCATED of=D quantity=40; D:308 FILLED executed=40 own=40 value=400 avg=10 leaves=0 unplaced=0; A:341 PARTIALLY_FILLED executed=40 value=400 avg=10 leaves=60 working=60 reserved=60 live=1"},
		{"RestateOrder orderId=A quantityFactor=3", "C:345 qty=120 factor=3; B:345 qty=180 leaves=180 unplaced=180 factor=3; e:541 quantity=120 factor=3; D:345 qty=120 executed=120 own=120 avg=3.3333333333 factor=3; A:232 qty=300 price=3.3333333333 executed=120 avg=3.3333333333 leaves=180 working=180 reserved=180 factor=3"},
		{"RestateOrder orderId=C quantityFactor=3", "OM004"},
		{"!RestateOrder orderId=C quantityFactor=3 corporateActionId=z", "C:233 qty=360 factor=9; B:345 qty=540 leaves=540 unplaced=540 factor=9; A:345 qty=900 price=1.1111111111 leaves=780 working=540 reserved=540 unplaced=240 factor=9"},
	}},
	{"refused, whole", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{GRANDCHILD, "C:101 NEW qty=40 leaves=40 unplaced=40; B:341 working=40 reserved=40 unplaced=20 children=1 live=1"},
		{SIBLING, "D:101 NEW qty=40 leaves=40 unplaced=40; A:341 working=100 reserved=100 unplaced=0 children=2 live=2"},
		{"ExecuteOrder orderId=C executionId=e lastQty=0.0000000001 lastPx=10", "e:501 ALLOCATED of=C quantity=0.0000000001; C:308 PARTIALLY_FILLED executed=0.0000000001 own=0.0000000001 value=0.000000001 avg=10 leaves=39.9999999999 unplaced=39.9999999999; B:341 PARTIALLY_FILLED executed=0.0000000001 value=0.000000001 avg=10 leaves=59.9999999999 working=39.9999999999 reserved=39.9999999999; A:341 PARTIALLY_FILLED executed=0.0000000001 value=0.000000001 avg=10 leaves=99.9999999999 working=99.9999999999 reserved=99.9999999999"},
		{"RestateOrder orderId=A quantityFactor=0.1", "OM005 split_factor"},
		{"RestateOrder orderId=A quantityFactor=0", "OM001"},
		{"RestateOrder orderId=A quantityFactor=99999999999999999999999999999999999999", "OM005 split_factor"},
		{"RestateOrder orderId=A quantityFactor=2 orderQty=150", "OM005 split_factor"},
		{"RestateOrder orderId=A quantityFactor=1", "A:232"},
		{"RestateOrder orderId=A quantityFactor=2 orderQty=200", "e:541 quantity=0.0000000002 factor=2; C:345 qty=80 executed=0.0000000002 own=0.0000000002 avg=5 leaves=79.9999999998 unplaced=79.9999999998 factor=2; B:345 qty=120 executed=0.0000000002 avg=5 leaves=119.9999999998 working=79.9999999998 reserved=79.9999999998 unplaced=40 factor=2; D:345 qty=80 leaves=80 unplaced=80 factor=2; A:232 qty=200 price=5 executed=0.0000000002 avg=5 leaves=199.9999999998 working=199.9999999998 reserved=199.9999999998 factor=2"},
	}},
	{"open replacements are scaled, a new child has its parent's splits behind it", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{GRANDCHILD, "C:101 NEW qty=40 leaves=40 unplaced=40; B:341 working=40 reserved=40 unplaced=20 children=1 live=1"},
		{SIBLING, "D:101 NEW qty=40 leaves=40 unplaced=40; A:341 working=100 reserved=100 unplaced=0 children=2 live=2"},
		{"ReplaceOrder orderId=D orderQty=30", "D:171 qty=30 leaves=30 unplaced=30; A:341 working=90 reserved=90 unplaced=10"},
		{"RequestReplaceOrder orderId=D clOrdID=r orderQty=40", "D:161 PENDING_REPLACE requests=REPLACE:r; A:341 reserved=100 unplaced=0"},
		{"RestateOrder orderId=A quantityFactor=2 corporateActionId=z", "C:345 qty=80 leaves=80 unplaced=80 factor=2; B:345 qty=120 leaves=120 working=80 reserved=80 unplaced=40 factor=2; D:345 qty=60 leaves=60 unplaced=60 factor=2; A:232 qty=200 price=5 leaves=200 working=180 reserved=200 factor=2"},
		{"CreateOrder orderId=E parentId=B orderQty=40", "E:101 NEW qty=40 leaves=40 unplaced=40; B:341 working=120 reserved=120 unplaced=0 children=2 live=2"},
		{"!RestateOrder orderId=E quantityFactor=2 corporateActionId=z", "E:232"},
		{"!ReplaceOrder orderId=D clOrdID=r", "D:171 NEW qty=80 leaves=80 unplaced=80 cl=r requests=none; A:341 working=200"},
	}},
};

static const Case reported[] = {
	{"of a child: it and what lies below, of those above the terms; a sibling by its own report", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{GRANDCHILD, "C:101 NEW qty=40 leaves=40 unplaced=40; B:341 working=40 reserved=40 unplaced=20 children=1 live=1"},
		{SIBLING, "D:101 NEW qty=40 leaves=40 unplaced=40; A:341 working=100 reserved=100 unplaced=0 children=2 live=2"},
		{"ExecuteOrder orderId=C executionId=e lastQty=10 lastPx=10", "e:501 ALLOCATED of=C quantity=10; C:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=30 unplaced=30; B:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=50 working=30 reserved=30; A:341 PARTIALLY_FILLED executed=10 value=100 avg=10 leaves=90 working=90 reserved=90"},
		{"ExecuteOrder orderId=D executionId=f lastQty=10 lastPx=10", "f:501 ALLOCATED of=D quantity=10; D:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=30 unplaced=30; A:341 executed=20 value=200 leaves=80 working=80 reserved=80"},
		{"ExecuteOrder orderId=A executionId=g lastQty=0.5 lastPx=10", "g:501 ALLOCATED of=A quantity=0.5; A:308 executed=20.5 own=0.5 value=205 leaves=79.5"},
		{"!RestateOrder orderId=B quantityFactor=2 corporateActionId=z execID=one", "e:541 quantity=20 factor=2; C:345 qty=80 executed=20 own=20 avg=5 leaves=60 unplaced=60 factor=2; B:232 qty=120 executed=20 avg=5 leaves=100 working=60 reserved=60 unplaced=40 factor=2; A:345 qty=200 price=5 executed=30.5 avg=6.7213114754 leaves=169.5 working=130 reserved=130 unplaced=39.5 factor=2"},
		{"!RestateOrder orderId=B quantityFactor=2 corporateActionId=z execID=one", "same B"},
		{"!RestateOrder orderId=D quantityFactor=2 corporateActionId=z", "f:541 quantity=20 factor=2; D:232 qty=80 executed=20 own=20 avg=5 leaves=60 unplaced=60 factor=2; A:341 executed=40.5 avg=5.0617283951 leaves=159.5 working=160 reserved=160 unplaced=0"},
		{"!RestateOrder orderId=A quantityFactor=2 corporateActionId=z", "g:541 quantity=1 factor=2; A:232 executed=41 own=1 avg=5 leaves=159"},
		{"!RestateOrder orderId=A quantityFactor=2 corporateActionId=z orderQty=200", "A:232"},
	}},
	{"by its quantity, of each counterparty of a tree on one day", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{SIBLING, "D:101 NEW qty=40 leaves=40 unplaced=40; A:341 working=100 reserved=100 unplaced=0 children=2 live=2"},
		{"!RestateOrder orderId=B orderQty=120 reason=GT_CORPORATE_ACTION", "B:232 qty=120 leaves=120 unplaced=120 factor=2; A:345 qty=200 price=5 leaves=200 working=160 reserved=160 unplaced=40 factor=2"},
		{"!RestateOrder orderId=D orderQty=80 reason=GT_CORPORATE_ACTION", "D:232 qty=80 leaves=80 unplaced=80 factor=2; A:341 working=200 reserved=200 unplaced=0"},
		{"!RestateOrder orderId=A orderQty=200 reason=GT_CORPORATE_ACTION", "A:232"},
	}},
	{"what cannot be is restated and flagged", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{GRANDCHILD, "C:101 NEW qty=40 leaves=40 unplaced=40; B:341 working=40 reserved=40 unplaced=20 children=1 live=1"},
		{SIBLING, "D:101 NEW qty=40 leaves=40 unplaced=40; A:341 working=100 reserved=100 unplaced=0 children=2 live=2"},
		{"!RestateOrder orderId=C quantityFactor=99999999999999999999999999999999999999 orderQty=50", "C:232 qty=50 leaves=50 unplaced=50 flags=DISAGREES; B:341 working=50 reserved=50 unplaced=10"},
		{"!RestateOrder orderId=C orderQty=0.00000000000000000000000001 reason=GT_CORPORATE_ACTION", "C:232 qty=0.00000000000000000000000001 leaves=0.00000000000000000000000001 unplaced=0.00000000000000000000000001; B:341 working=0.00000000000000000000000001 reserved=0.00000000000000000000000001 unplaced=59.99999999999999999999999999"},
		{"!RestateOrder orderId=C quantityFactor=2 orderQty=90", "C:232 qty=90 leaves=90 unplaced=90 factor=2; B:345 qty=120 leaves=120 working=90 reserved=90 unplaced=30 factor=2; A:345 qty=200 price=5 leaves=200 working=160 reserved=160 unplaced=40 factor=2"},
	}},
	{"of an order that has ended", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"ExecuteOrder orderId=A executionId=e lastQty=10 lastPx=10", "e:501 ALLOCATED of=A quantity=10; A:308 PARTIALLY_FILLED executed=10 own=10 value=100 avg=10 leaves=90 unplaced=90"},
		{"CancelOrder orderId=A", "A:141 CANCELLED leaves=0 unplaced=0"},
		{"RestateOrder orderId=A quantityFactor=2", "OM004"},
		{"!RestateOrder orderId=A quantityFactor=2", "e:541 quantity=20 factor=2; A:233 qty=200 price=5 executed=20 own=20 avg=5 factor=2"},
		{"!RestateOrder orderId=A orderQty=300", "A:239"},
	}},
	{"a fill that is vanishing keeps its smallest unit", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{"ExecuteOrder orderId=A executionId=e lastQty=0.0000000001 lastPx=10", "e:501 ALLOCATED of=A quantity=0.0000000001; A:308 PARTIALLY_FILLED executed=0.0000000001 own=0.0000000001 value=0.000000001 avg=10 leaves=99.9999999999 unplaced=99.9999999999"},
		{"!RestateOrder orderId=A quantityFactor=0.1", "e:541 factor=0.1; A:232 qty=10 price=100 leaves=9.9999999999 unplaced=9.9999999999 factor=0.1"},
	}},
	{"no split: a quantity that is stated", {
		{ROOT, "A:101 NEW qty=100 price=10 leaves=100 unplaced=100"},
		{CHILD, "B:101 NEW qty=60 leaves=60 unplaced=60; A:341 working=60 reserved=60 unplaced=40 children=1 live=1"},
		{"!RestateOrder orderId=B orderQty=50", "B:232 qty=50 leaves=50 unplaced=50; A:341 working=50 reserved=50 unplaced=50"},
		{"!RestateOrder orderId=B orderQty=0.1 cumQty=20", "B:232 qty=20 leaves=20 unplaced=20 flags=DISAGREES; A:341 working=20 reserved=20 unplaced=80"},
		{"RestateOrder orderId=B orderQty=101", "OM005 over_placed"},
	}},
};

UNIT_TEST(decide_splits)
{
	cases_run(asked, lengthof(asked));
	cases_run(reported, lengthof(reported));
}
