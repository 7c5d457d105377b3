/*
 * Asset classes, passed into a decision as a value: what an order, a request, a
 * quote and an execution have as attributes then.  What breaks if a class refuses
 * a fact, if what is made in another way than by CreateOrderCommand is not held
 * against its class, or if a child of an order has to say again what the order has.
 */
#include "unit.h"

#include "decide_cases.h"

#include "base/guc.h"

static const struct
{
	const char *command;
	const char *outcome;		/* attributes of each object that changes; or why it is refused */
}			cases[] = {
	/* a class nobody has registered is free, and so is what has none */
	{"CreateOrder orderId=F symbol=X side=BUY orderQty=1 assetClass=other attributes={\"size\":\"many\"}", "F {\"size\": \"many\"}"},
	{"CreateOrder orderId=N symbol=X side=BUY orderQty=1", "N none"},
	{"CreateOrder orderId=D symbol=X side=BUY orderQty=1 assetClass=disabled", "D none"},
	/* made */
	{"CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10 assetClass=fut",
	"OM005 Rule asset_class: size is not given; version 7 of the class wants a value: it is required. -"},
	{"CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10 assetClass=fut attributes={\"size\":0}",
	"OM005 Rule asset_class: size is 0; version 7 of the class wants at least 1. -"},
	{"CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10 assetClass=fut attributes={\"size\":1,\"open\":\"X\"}",
	"OM005 Rule asset_class: open is X; version 7 of the class wants one of the allowed values. Allowed are OPEN, CLOSE."},
	{"CreateOrder orderId=A symbol=X side=BUY orderQty=100 price=10 assetClass=fut attributes={\"size\":\"10.0\",\"open\":\"O\",\"mine\":1}",
	"A {\"mine\": 1, \"open\": \"OPEN\", \"size\": 10, \"style\": \"CASH\"}"},
	{"CreateOrder orderId=X symbol=X side=BUY orderQty=1 assetClass=broken", "OM011 extends: there is no class \"nobody\". -"},
	/* below it: what is not said is as above, of its class alone */
	{"CreateOrder orderId=B parentId=A orderQty=10", "B {\"open\": \"OPEN\", \"size\": 10, \"style\": \"CASH\"}; A {\"mine\": 1, \"open\": \"OPEN\", \"size\": 10, \"style\": \"CASH\"}"},
	{"CreateOrder orderId=C parentId=A orderQty=10 attributes={\"size\":0}", "OM005 Rule asset_class: size is 0; version 7 of the class wants at least 1. -"},
	{"PlaceOrder orderId=A children=[{\"orderId\":\"S1\",\"orderQty\":1},{\"orderId\":\"S2\",\"orderQty\":1,\"attributes\":{\"style\":\"2\"}}]",
	"OM005 Rule asset_class: style is 2; version 7 of the class wants one of the allowed values. Allowed are CASH, PHYSICAL."},
	{"PlaceOrder orderId=A children=[{\"orderId\":\"S1\",\"orderQty\":1},{\"orderId\":\"S2\",\"orderQty\":1,\"attributes\":{\"style\":\"PHYSICAL\"}}]",
	"S1 {\"open\": \"OPEN\", \"size\": 10, \"style\": \"CASH\"}; S2 {\"open\": \"OPEN\", \"size\": 10, \"style\": \"PHYSICAL\"}; A {\"mine\": 1, \"open\": \"OPEN\", \"size\": 10, \"style\": \"CASH\"}"},
	{"CreateBlockOrder orderId=K members=[{\"orderId\":\"A\",\"quantity\":5}]",
	"K {\"open\": \"OPEN\", \"size\": 10, \"style\": \"CASH\"}; A {\"mine\": 1, \"open\": \"OPEN\", \"size\": 10, \"style\": \"CASH\"}"},
	/* changed */
	{"UpdateOrder orderId=A attributes={\"size\":11}", "OM005 Rule asset_class: size is 11; version 7 of the class wants 10, as it is: it cannot be changed. -"},
	{"UpdateOrder orderId=A attributes={\"size\":\"10\",\"style\":\"PHYSICAL\",\"mine\":2}", "A {\"mine\": 2, \"open\": \"OPEN\", \"size\": 10, \"style\": \"PHYSICAL\"}"},
	{"UpdateOrder orderId=A attributes={\"style\":\"?\"}", "OM005 Rule asset_class: style is ?; version 7 of the class wants one of the allowed values. Allowed are CASH, PHYSICAL."},
	{"UpdateOrder orderId=F attributes={\"size\":\"more\"}", "F {\"size\": \"more\"}"},
	/* what else is done to an order asks nobody */
	{"CancelOrder orderId=B", "B {\"open\": \"OPEN\", \"size\": 10, \"style\": \"CASH\"}; A {\"mine\": 2, \"open\": \"OPEN\", \"size\": 10, \"style\": \"PHYSICAL\"}"},
	/* facts */
	{"CreateOrder orderId=T symbol=X side=BUY orderQty=5 orderID=tel assetClass=fut attributes={\"style\":\"?\",\"open\":\"O\"}",
	"T {\"open\": \"OPEN\", \"style\": \"?\"} RULE asset_class 7 FLAG fails: style is ?; wanted is one of the allowed values asset_class 7 FLAG fails: size is not given; wanted is a value: it is required"},
	{"!ExecuteOrder orderId=S1 executionId=e1 lastQty=1 lastPx=10 attributes={\"fee\":\"0.50\"}", "e1 {\"fee\": 0.5}; S1 …; A …"},
	{"!ExecuteOrder orderId=S2 executionId=e2 lastQty=1 lastPx=10 attributes={\"fee\":\"half\"}",
	"e2 {\"fee\": \"half\"} RULE asset_class 7 FLAG fails: fee is half; wanted is a decimal number of at most 38 digits; S2 …; A …"},
	{"CorrectExecution executionId=e1 lastPx=11 attributes={\"fee\":1}", "e1 …; m1 {\"fee\": 1}; S1 …; A …"},
	{"CorrectExecution executionId=m1 lastPx=12", "m1 …; m2 {\"fee\": 1}; S1 …; A …"},
	{"!ExecuteOrder orderId=F executionId=e3 lastQty=1 lastPx=10 attributes={\"fee\":\"half\"}", "e3 {\"fee\": \"half\"}; F …"},
	{"!ExecuteOrder executionId=e4 lastQty=1 lastPx=10 attributes={\"fee\":\"half\"}", "e4 {\"fee\": \"half\"}"},
	/* quotes */
	{"CreateQuoteRequest quoteRequestId=R symbol=X side=BUY orderQty=9 assetClass=fut", "OM005 Rule asset_class: size is not given; version 7 of the class wants a value: it is required. -"},
	{"CreateQuoteRequest quoteRequestId=R symbol=X side=BUY orderQty=9 assetClass=fut attributes={\"size\":3}", "R {\"size\": 3, \"style\": \"CASH\"}"},
	{"CreateQuote quoteId=Q quoteRequestId=R dealer=one offerPx=5 offerSize=9 attributes={\"size\":4}",
	"OM005 Rule asset_class: size is 4; version 7 of the class wants 3, as it is: it cannot be changed. -"},
	{"CreateQuote quoteId=Q quoteRequestId=R dealer=one offerPx=5 offerSize=9 attributes={\"open\":\"C\"}", "Q {\"open\": \"CLOSE\"}; R …"},
	{"ReplaceQuote quoteId=Q offerPx=6 offerSize=9 attributes={\"open\":\"?\"}", "OM005 Rule asset_class: open is ?; version 7 of the class wants one of the allowed values. Allowed are OPEN, CLOSE."},
	{"CreateQuote quoteId=Q2 quoteRequestId=R dealer=two offerPx=5 offerSize=9 attributes={\"open\":\"?\"} fixMessage=8=FIX",
	"Q2 {\"open\": \"?\"} RULE asset_class 7 FLAG fails: open is ?; wanted is one of the allowed values"},
	{"AcceptQuote quoteId=Q orderId=O", "O {\"size\": 3, \"style\": \"CASH\"}; Q …; Q2 …; R …"},
};

static const char *const definitions[][2] = {
	{"broken", "{\"extends\": \"nobody\"}"},
	{"disabled", "{\"attributes\": {\"size\": {\"type\": \"number\", \"required\": true}}}"},
	{"fut", "{\"attributes\": {\"size\": {\"type\": \"number\", \"required\": true, \"min\": 1, \"mutable\": false},"
		" \"style\": {\"type\": \"enumeration\", \"allowed\": [\"CASH\", \"PHYSICAL\"], \"default\": \"CASH\"},"
		" \"open\": {\"type\": \"enumeration\", \"allowed\": [\"OPEN\", \"CLOSE\"], \"codes\": {\"O\": \"OPEN\", \"C\": \"CLOSE\"}}},"
	" \"executionAttributes\": {\"fee\": {\"type\": \"number\"}}}"},
};

static const AssetClasses *
registered(void)
{
	AssetClasses *classes = palloc(sizeof(AssetClasses));
	AssetClasses none = {NULL, 0};

	*classes = (AssetClasses) {palloc(sizeof(AssetClass *) * lengthof(definitions)), lengthof(definitions)};
	for (int i = 0; i < lengthof(definitions); i++)
	{
		classes->members[i] = oms_class_read(definitions[i][0], DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(definitions[i][1]))));
		classes->members[i]->version = 7;
		classes->members[i]->enabled = i != 1;
	}
	oms_classes_link(classes, &none);
	return classes;
}

static void
show_findings(StringInfo out, const List *findings)
{
	ListCell   *cell;

	foreach(cell, findings)
	{
		const Finding *finding = lfirst(cell);

		appendStringInfo(out, " %s " INT64_FORMAT " %s %s", finding->rule, finding->version, oms_name_of(oms_severity_names, finding->severity), finding->why);
	}
}

/* `wanted` may leave out what an object has: "…" */
static char *
outcome(const Decision *d, const Refusal *refusal, const char *wanted)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	if (refusal)
	{
		appendStringInfo(&out, "%s %s %s", unpack_sql_state(refusal->sqlstate), refusal->detail ? refusal->detail : refusal->message,
						 refusal->hint ? refusal->hint : "-");
		return out.data;
	}
	foreach(cell, d->changes)
	{
		const Change *change = lfirst(cell);
		JsonWriter	w = {0};
		Jsonb	   *state;
		Jsonb	   *attributes;
		int			length;
		uint32		flags = oms_kind_of(change->after)->flags ? *(const uint32 *) ((const char *) change->after + oms_kind_of(change->after)->flags) : 0;

		appendStringInfo(&out, "%s%s ", out.len ? "; " : "", change->after->id);
		if (strstr(wanted, psprintf("%s …", change->after->id)))
		{
			appendStringInfoString(&out, "…");
			continue;
		}
		oms_record_to_json(oms_kind_of(change->after)->record, change->after, &w, NULL);
		state = oms_json_finish(&w);
		attributes = oms_json_get_container(state, "attributes");
		appendStringInfo(&out, "%s%s", attributes ? oms_json_text(attributes, &length) : "none", flags & FLAG_RULE ? " RULE" : "");
		show_findings(&out, change->findings);
	}
	return out.data;
}

UNIT_TEST(decide_classes)
{
	ArraySource *array = array_begin();
	Decision	d;
	Refusal    *refusal;

	array->classes = registered();
	for (int i = 0; i < lengthof(cases); i++)
	{
		refusal = array_run(array, cases_json(cases[i].command, i), &d);
		is_text(outcome(&d, refusal, cases[i].outcome), cases[i].outcome, cases[i].command);
	}
	oms_guc_require_asset_class = true;
	refusal = array_run(array, cases_json("CreateOrder orderId=Y symbol=X side=BUY orderQty=1 assetClass=FUT", 100), &d);
	is_text(outcome(&d, refusal, ""), "OM005 Rule asset_class: assetClass is FUT; oms_state.require_asset_class is on. Registered are broken, fut.", "a class that is not registered");
	refusal = array_run(array, cases_json("CreateQuoteRequest quoteRequestId=Z symbol=X", 101), &d);
	is_text(outcome(&d, refusal, ""), "OM005 Rule asset_class: assetClass is not given; oms_state.require_asset_class is on. Registered are broken, fut.", "none at all");
	refusal = array_run(array, cases_json("CreateOrder orderId=Y symbol=X side=BUY orderQty=1 orderID=tell assetClass=FUT", 102), &d);
	is_text(outcome(&d, refusal, ""), "Y none RULE asset_class 0 FLAG fails", "… of a fact");
	refusal = array_run(array, cases_json("UpdateOrder orderId=F attributes={\"size\":1}", 103), &d);
	is_text(outcome(&d, refusal, ""), "F {\"size\": 1}", "… of what was there before");
	oms_guc_require_asset_class = false;
}
