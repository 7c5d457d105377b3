/*
 * Reading a specification, its normal form, its fields and constants, and what it
 * says of a state: what breaks if an operator, a name of a field, three-valued logic
 * or a place in an error is wrong.
 */
#include "unit.h"

#include "utils/fmgrprotos.h"

#include "base/json.h"
#include "core/query/specification.h"

static Jsonb *
parse(const char *text)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

static Refusal *
read_spec(const char *text, SpecNode **spec)
{
	Jsonb	   *json = parse(text);
	JsonbValue	where = {.type = jbvBinary, .val.binary.data = &json->root};

	return oms_spec_read(&where, "where", spec);
}

static void
refusal_text(const Refusal *refusal, StringInfo out)
{
	appendStringInfo(out, "%s | %s%s%s", refusal->message, refusal->detail, refusal->hint ? " | " : "", refusal->hint ? refusal->hint : "");
}

/* Its normal form, which reads back as the same; or what is wrong with it. */
static void
normal(const char *given, const char *expected)
{
	SpecNode   *spec;
	SpecNode   *again;
	Refusal    *refusal = read_spec(given, &spec);
	StringInfoData out;

	initStringInfo(&out);
	if (refusal)
		refusal_text(refusal, &out);
	else
	{
		appendStringInfoString(&out, oms_json_text(oms_spec_to_jsonb(spec), NULL));
		refusal = read_spec(out.data, &again);
		ok(refusal == NULL && oms_spec_cmp(spec, again) == 0 && oms_json_equal(oms_spec_to_jsonb(spec), oms_spec_to_jsonb(again)),
		   "the normal form of %.150s is its own", given);
	}
	is_text(out.data, expected, given);
}

static Refusal *
bind_spec(const char *object, const char *text, SpecNode **spec)
{
	QueryTarget target;
	Refusal    *refusal = oms_query_target(object, strlen(object), &target);

	if (refusal == NULL)
		refusal = read_spec(text, spec);
	return refusal ? refusal : oms_spec_bind(&target, NULL, spec);
}

static void
bound(const char *object, const char *given, const char *expected)
{
	SpecNode   *spec;
	Refusal    *refusal = bind_spec(object, given, &spec);
	StringInfoData out;

	initStringInfo(&out);
	if (refusal)
		refusal_text(refusal, &out);
	else
		appendStringInfoString(&out, oms_json_text(oms_spec_to_jsonb(spec), NULL));
	is_text(out.data, expected, given);
}

static void
asked(const char *given, const char *expected)
{
	static const char *const answers[] = {[OMS_FALSE] = "false", [OMS_TRUE] = "true", [OMS_NULL] = "null"};
	static const char *const state =
		"{\"orderId\": \"O-1\", \"status\": \"NEW\", \"orderQty\": 100.50, \"version\": 7, \"symbol\": \"ABC\", \"flags\": [\"RULE\", \"MANUAL\"],"
		" \"expireDate\": \"2026-03-02\", \"createdAt\": \"2026-03-02T09:30:00.250000Z\", \"blockOrderIds\": [\"B-1\"], \"text\": \"Grüße\","
		" \"attributes\": {\"lots\": 5, \"deep\": {\"x\": [1, {\"y\": \"z\"}]}, \"urgent\": true, \"none\": null, \"list\": [1, 2]}}";
	SpecNode   *spec;
	Refusal    *refusal = bind_spec("order", given, &spec);
	StringInfoData out;

	initStringInfo(&out);
	if (refusal)
		refusal_text(refusal, &out);
	is_text(refusal ? out.data : answers[oms_spec_ask_state(spec, parse(state))], expected, given);
}

static char *
nested(int depth)
{
	StringInfoData out;

	initStringInfo(&out);
	/* whatever would be merged, AND in OR is not */
	for (int i = 0; i < depth; i++)
		appendStringInfo(&out, "{\"%s\": [{\"x\": %d}, ", i % 2 ? "and" : "or", i);
	appendStringInfoString(&out, "{\"y\": 1}");
	for (int i = 0; i < depth; i++)
		appendStringInfoString(&out, "]}");
	return out.data;
}

static char *
many(int count, bool list)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, list ? "{\"x\": [" : "{\"or\": [");
	for (int i = 0; i < count; i++)
		appendStringInfo(&out, list ? "%s%d" : "%s{\"x\": {\"gt\": %d}}", i > 0 ? ", " : "", i);
	appendStringInfoString(&out, "]}");
	return out.data;
}

static void
test_normal(void)
{
	normal("{}", "{}");
	normal("{\"x\": 1.50}", "{\"x\": 1.5}");
	normal("{\"x\": {\"eq\": \"a\"}}", "{\"x\": \"a\"}");
	normal("{\"x\": {\"in\": [2, 1, 2.0]}}", "{\"x\": [1, 2]}");
	normal("{\"x\": [1]}", "{\"x\": 1}");
	normal("{\"x\": []}", "{\"x\": []}");
	normal("{\"x\": null, \"y\": {\"ne\": null}}", "{\"x\": null, \"y\": {\"isNull\": false}}");
	normal("{\"x\": {\"isNull\": \"false\"}}", "{\"x\": {\"isNull\": false}}");
	normal("{\"b\": 1, \"a\": {\"lt\": 9, \"gte\": 1}}", "{\"a\": {\"lt\": 9, \"gte\": 1}, \"b\": 1}");
	normal("{\"and\": [{\"a\": 1}, {\"and\": [{\"b\": 2}, {\"a\": 1}]}]}", "{\"a\": 1, \"b\": 2}");
	normal("{\"and\": [{\"a\": 1}, {\"a\": 2}]}", "{\"a\": 1, \"and\": [{\"a\": 2}]}");
	normal("{\"and\": [{\"a\": {\"ne\": 1}}, {\"a\": {\"ne\": 2}}, {\"a\": {\"gt\": 0}}]}", "{\"a\": {\"gt\": 0, \"ne\": 1}, \"and\": [{\"a\": {\"ne\": 2}}]}");
	normal("{\"not\": {\"not\": {\"a\": [1, 2]}}}", "{\"a\": [1, 2]}");
	normal("{\"not\": {\"a\": {\"lt\": 1}}}", "{\"a\": {\"gte\": 1}}");
	normal("{\"not\": {\"a\": null}}", "{\"a\": {\"isNull\": false}}");
	normal("{\"not\": {\"a\": {\"like\": \"x%\"}}}", "{\"not\": {\"a\": {\"like\": \"x%\"}}}");
	normal("{\"not\": {\"a\": 1, \"b\": 2}}", "{\"not\": {\"a\": 1, \"b\": 2}}");
	normal("{\"or\": [{\"b\": 1}, {\"or\": [{\"a\": 1}]}, {\"or\": []}]}", "{\"or\": [{\"a\": 1}, {\"b\": 1}]}");
	normal("{\"or\": [{\"a\": 1}, {}]}", "{}");
	normal("{\"a\": 1, \"or\": []}", "{\"or\": []}");
	normal("{\"not\": {\"or\": []}}", "{}");
	normal("{\"and\": [{\"or\": [{\"a\": 1}, {\"b\": 1}]}, {\"or\": [{\"c\": 1}, {\"d\": 1}]}, {\"e\": 1}]}",
		   "{\"e\": 1, \"and\": [{\"or\": [{\"a\": 1}, {\"b\": 1}]}, {\"or\": [{\"c\": 1}, {\"d\": 1}]}]}");
	normal("{\"e\": 1, \"or\": [{\"c\": 1}, {\"d\": 1, \"a\": 1}]}", "{\"e\": 1, \"or\": [{\"c\": 1}, {\"a\": 1, \"d\": 1}]}");
}

static void
test_malformed(void)
{
	normal("[]", "malformed specification | where must be an object.");
	normal("{\"and\": {\"a\": 1}}", "malformed specification | where.and must be an array of objects.");
	normal("{\"or\": [1]}", "malformed specification | where.or[0] must be an object.");
	normal("{\"a\": {\"gtt\": 1}}", "unknown operator \"gtt\" of field \"a\" | It stands at where.a. There are: eq, ne, lt, lte, gt, gte, in, like, ilike, isNull.");
	normal("{\"or\": [{\"where\": null}]}", "\"where\" is no field | It stands at where.or[0].where.");
	normal("{\"a\": {}}", "malformed specification | where.a must be a value, an array of values, or an object with operators.");
	normal("{\"or\": [{\"a\": [1, null]}]}", "malformed specification | where.or[0].a[1] must be a text, a number, true or false.");
	normal("{\"a\": {\"lt\": null}}", "malformed specification | where.a.lt must be a text, a number, true or false.");
	normal("{\"a\": {\"in\": 1}}", "malformed specification | where.a.in must be an array of at most 10000 values.");
	normal("{\"a\": {\"isNull\": 1}}", "malformed specification | where.a.isNull must be true or false.");
	normal("{\"a\": {\"like\": \"x\\\\\"}}", "malformed specification | where.a.like must be a pattern that does not end with an escape character.");
	normal("{\"a\": {\"like\": 5}}", "malformed specification | where.a.like must be a text of at most 1000 bytes.");
	normal(psprintf("{\"a\": {\"like\": \"%0*d\"}}", 1001, 1), "malformed specification | where.a.like must be a text of at most 1000 bytes.");
	normal("{\"a\": 123456789012345678901234567890123456789}", "malformed specification | where.a must be a number of at most 38 digits.");
	normal(nested(32), "the specification is too large | It is more than 32 deep.");
	normal(many(10001, true), "malformed specification | where.x must be an array of at most 10000 values.");
	normal(many(1001, false), "the specification is too large | It is 2 deep and has 1001 comparisons with 1001 constants; the most are 32, 1000 and 100000.");
}

static void
test_bound(void)
{
	bound("order", "{\"status\": [\"New\", \"partially filled\", \"NEW\", \"0\"]}", "{\"status\": [\"NEW\", \"PARTIALLY_FILLED\"]}");
	bound("Orders", "{\"status\": \"Canceled\", \"side\": 1}", "{\"side\": \"BUY\", \"status\": \"CANCELLED\"}");
	bound("orders", "{\"side\": \"?\"}", "{\"side\": \"?\"}");
	bound("orders", "{\"orderQty\": [\"1.50\", 1.5]}", "{\"orderQty\": 1.5}");
	bound("orders", "{\"id\": \"x\", \"flags\": \"late fill\"}", "{\"id\": \"x\", \"flags\": \"LATE_FILL\"}");
	bound("order-events", "{\"state.status\": \"new\", \"command.price\": \"1\", \"command.my.own\": true, \"occurredAt\": {\"gte\": \"20260302-09:30:00\"}}",
		  "{\"occurredAt\": {\"gte\": \"2026-03-02T09:30:00.000000Z\"}, \"state.status\": \"NEW\", \"command.price\": 1, \"command.my.own\": true}");
	bound("order_tree", "{\"depth\": {\"lt\": 3}, \"path\": \"O-1\"}", "{\"path\": \"O-1\", \"depth\": {\"lt\": 3}}");
	bound("quote requests", "{\"multipleQuotes\": \"true\", \"quoteType\": \"Tradeable\"}", "{\"quoteType\": \"TRADEABLE\", \"multipleQuotes\": true}");
	bound("ordr", "{}", "there is no object \"ordr\" to ask for | There are: orders, executions, quote_requests, quotes, order_events, execution_events, "
		  "quote_request_events, quote_events, order_tree. | Did you mean \"orders\"?");
	bound("quote_tree", "{}", "there is no object \"quote_tree\" to ask for | There are: orders, executions, quote_requests, quotes, order_events, execution_events, "
		  "quote_request_events, quote_events, order_tree.");
	bound("order", "{\"or\": [{\"ordrQty\": 1}]}", "unknown field \"ordrQty\" of orders | It stands at where.or[0].ordrQty. | Did you mean \"orderQty\"?");
	bound("order", "{\"cl_ord_id\": \"1\"}", "unknown field \"cl_ord_id\" of orders | It stands at where.cl_ord_id. | Did you mean \"clOrdID\"?");
	bound("order", "{\"hash\": \"1\"}", "unknown field \"hash\" of orders | It stands at where.hash.");
	bound("order", "{\"symbol.x\": \"1\"}", "unknown field \"symbol.x\" of orders | It stands at where.symbol.x. | Did you mean \"symbol\"?");
	bound("order", "{\"attributes.\": \"1\"}", "unknown field \"attributes.\" of orders | It stands at where.attributes.. | Did you mean \"attributes\"?");
	bound("order_events", "{\"state.statsu\": 1}", "unknown field \"state.statsu\" of order_events | It stands at where.state.statsu. | Did you mean \"state.status\"?");
	bound("order", "{\"status\": \"nope\"}", "\"nope\" is no value of field \"status\" | It stands at where.status. It must be one of PENDING_NEW, NEW, PARTIALLY_FILLED, "
		  "FILLED, DONE_FOR_DAY, CANCELLED, PENDING_CANCEL, PENDING_REPLACE, STOPPED, SUSPENDED, REJECTED, EXPIRED, CALCULATED, ACCEPTED_FOR_BIDDING, REPLACED, or FIX's code.");
	bound("order", "{\"orderQty\": {\"gte\": \"NaN\"}}", "\"NaN\" is no value of field \"orderQty\" | It stands at where.orderQty.gte. It must be a decimal number of at most 38 digits.");
	bound("order", "{\"createdAt\": \"2026-03-02T09:30:00\"}", "\"2026-03-02T09:30:00\" is no value of field \"createdAt\" | It stands at where.createdAt. "
		  "It must be a time with a zone as 2026-03-02T09:30:00Z.");
	bound("order", "{\"expireDate\": 5}", "5 is no value of field \"expireDate\" | It stands at where.expireDate. It must be a date as 2026-03-02.");
	bound("order", "{\"symbol\": 5}", "5 is no value of field \"symbol\" | It stands at where.symbol. It must be a text.");
	bound("order", "{\"orderQty\": {\"like\": \"1%\"}}", "operator \"like\" does not apply to field \"orderQty\" | It stands at where.orderQty.like. "
		  "The field is a number, which has: eq, ne, lt, lte, gt, gte, in, isNull.");
	bound("order", "{\"attributes\": \"x\"}", "operator \"eq\" does not apply to field \"attributes\" | It stands at where.attributes. The field is a document, which has: isNull.");
	bound("order", "{\"attributes.x\": [1, \"2\"]}", "1 is no value of field \"attributes.x\" | It stands at where.attributes.x. It must be a text, as the others are.");
	bound("order", "{\"attributes.x\": {\"lt\": true}}", "operator \"lt\" does not apply to field \"attributes.x\" | It stands at where.attributes.x.lt. "
		  "The field is true or false, which has: eq, ne, in, isNull.");
}

static void
test_asked(void)
{
	asked("{}", "true");
	asked("{\"or\": []}", "false");
	asked("{\"status\": \"new\", \"symbol\": {\"like\": \"A_C\"}}", "true");
	asked("{\"symbol\": {\"ilike\": \"a%\"}}", "true");
	asked("{\"text\": {\"like\": \"Gr__e\"}}", "true");
	asked("{\"orderQty\": {\"gt\": 100.4999999999999999999999, \"lte\": \"100.5\"}}", "true");
	asked("{\"version\": {\"gt\": 6.5, \"lt\": 7.5}}", "true");
	asked("{\"price\": {\"gt\": 1}}", "null");
	asked("{\"not\": {\"price\": {\"gt\": 1}}}", "null");
	asked("{\"price\": {\"ne\": 1}}", "null");
	asked("{\"price\": [1, 2]}", "null");
	asked("{\"price\": []}", "false");
	asked("{\"not\": {\"price\": []}}", "true");
	asked("{\"or\": [{\"price\": 1}, {\"version\": 7}]}", "true");
	asked("{\"or\": [{\"price\": 1}, {\"version\": 8}]}", "null");
	asked("{\"price\": 1, \"version\": 8}", "false");
	asked("{\"price\": 1, \"version\": 7}", "null");
	asked("{\"price\": null}", "true");
	asked("{\"symbol\": [\"AAA\", \"ABC\", \"B\", \"ZZ\"]}", "true");
	asked("{\"symbol\": [\"AAA\", \"ABD\", \"AB\"]}", "false");
	asked("{\"flags\": \"manual\"}", "true");
	asked("{\"flags\": [\"LATE_FILL\", \"RULE\"]}", "true");
	asked("{\"flags\": {\"ne\": \"RULE\"}}", "false");
	asked("{\"conditions\": \"NEW\"}", "null");
	asked("{\"blockOrderIds\": \"B-1\"}", "true");
	asked("{\"blockOrderIds\": \"B-2\"}", "false");
	asked("{\"expireDate\": {\"gte\": \"20260302\", \"lt\": \"2026-03-03\"}}", "true");
	asked("{\"createdAt\": {\"gt\": \"2026-03-02T10:30:00+01:00\", \"lt\": \"2026-03-02T09:30:00.2500001Z\"}}", "false");
	asked("{\"createdAt\": \"2026-03-02T10:30:00.25+01:00\"}", "true");
	asked("{\"attributes.lots\": 5.0}", "true");
	asked("{\"attributes.lots\": \"5\"}", "true");
	asked("{\"attributes.urgent\": true}", "true");
	asked("{\"attributes.urgent\": {\"ne\": 1}}", "null");
	asked("{\"attributes.urgent\": \"true\"}", "true");
	asked("{\"attributes.deep.x.1.y\": \"z\"}", "true");
	asked("{\"attributes.deep.x.-1.y\": \"z\"}", "true");
	asked("{\"attributes.deep.x.-2\": 1}", "true");
	asked("{\"attributes.deep.x.2\": null}", "true");
	asked("{\"attributes.deep.x.-3\": null}", "true");
	asked("{\"attributes.lots.0\": null}", "true");
	asked("{\"attributes.none\": null}", "true");
	asked("{\"attributes.list\": \"[1, 2]\"}", "true");
	asked("{\"attributes\": null}", "false");
}

UNIT_TEST(specification)
{
	test_normal();
	test_malformed();
	test_bound();
	test_asked();
}
